/* ahead_early: which kernels of a step depend on nothing that the rest of it does, so that `ahead` may run them for many steps. */
#include "opt/ahead.h"
#include "opt/marks.h"
#include "opt/query.h"
#include "opt/touch.h"

enum { WORTH = 5 << 19 /* bytes of a matrix: smaller ones come from near enough, a second cache of 1 or 2 MiB */ };

/* Whether the statement is the rows of a delivery. */
static bool
is_rows(const Ahead *a, uint32_t kernel, uint32_t at)
{
	for (uint32_t i = 0; i < a->found.n; i++)
		if (a->found.at[i].kernel == kernel && a->found.at[i].add == at)
			return true;
	return false;
}

/* Sums of lists that a level before this one makes will be there. */
static bool
are_reached(const Ahead *a, uint32_t kernel)
{
	for (uint32_t i = 0; i < a->found.n; i++)
		if (a->found.at[i].kernel == kernel && !a->found.at[i].level)
			return false;
	return true;
}

/* ---- what a step does besides ----------------------------------------------------------------------------------------- */

/* All of a step but the kernels of this level, and but the rows of deliveries, which will be read ahead. */
static void
mark_others(const Ahead *a, uint32_t level, Marks *m)
{
	const Plan *p = a->p;
	PlanBlock step = p->codes.at[a->step]->body;
	marks_clear(p, m);
	for (uint32_t k = 0; k < step.n; k++) {
		const PlanStmt *s = step.at[k];
		if (s->kind != PSTMT_RUN) {
			mark_stmt(p, m, s);
			continue;
		}
		PlanBlock b = p->codes.at[s->id]->body;
		for (uint32_t i = 0; i < b.n && a->level[s->id] != level; i++)
			if (!is_rows(a, s->id, i))
				mark_stmt(p, m, b.at[i]);
	}
	for (uint32_t i = 0; i < p->objects.n; i++)
		for (uint32_t k = 0; k < p->objects.at[i].nbufs; k++)
			m->reads[p->objects.at[i].bufs[k]] = true;
}

/* ---- who runs early ------------------------------------------------------------------------------------------------------ */

/* What a kernel touches, without rows whose sums will be there. */
static bool
touches(const Ahead *a, uint32_t kernel, TouchVec *v)
{
	PlanBlock b = a->p->codes.at[kernel]->body;
	for (uint32_t i = 0; i < b.n; i++)
		if (!is_rows(a, kernel, i) && !touch_block(a->p, v, (PlanBlock){b.at + i, 1}))
			return false;
	return true;
}

/* NULL, or why the kernel cannot run before the rest of its step. */
static const char *
what_holds(const Ahead *a, uint32_t kernel, const Marks *others)
{
	Plan *p = a->p;
	uint32_t step = plan_find_buf(p, "step");
	TouchVec v = {0};
	if (!touches(a, kernel, &v))
		return "it calls the host";
	for (uint32_t i = 0; i < v.n; i++) {
		const Touch *t = &v.at[i];
		const char *name = p->bufs.at[t->buf].name;
		if (p->bufs.at[t->buf].role == ROLE_CONST || (t->buf == step && !t->store))
			continue;
		if (others->writes[t->buf])
			return arena_printf(p->arena, "what it needs, %s, follows from the rest of the step", name);
		if (t->store && others->reads[t->buf])
			return arena_printf(p->arena, "%s is looked at in each step", name);
	}
	return NULL;
}

static bool
runs_once_in(const RunOrder *order, uint32_t kernel)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < order->n; i++)
		n += order->at[i] == kernel;
	return n == 1;
}

/* Takes part if nothing is known against it. What a reset runs, too, it runs between blocks. */
static bool
is_candidate(const Ahead *a, const RunOrder *order, uint32_t kernel)
{
	return a->level[kernel] == 0 && are_reached(a, kernel) && runs_once_in(order, kernel);
}

/* The largest set of kernels that may: all that could, less those that cannot beside the others, until none is left out. */
static void
choose_early(Ahead *a, uint32_t level)
{
	Plan *p = a->p;
	PlanBlock step = p->codes.at[a->step]->body;
	Marks m = marks_open(p);
	RunOrder order = {0};
	list_runs(p, step, &order);
	for (uint32_t k = 0; k < step.n; k++)
		if (step.at[k]->kind == PSTMT_RUN && is_candidate(a, &order, step.at[k]->id))
			a->level[step.at[k]->id] = level;
	for (bool again = true; again;) {
		again = false;
		mark_others(a, level, &m);
		for (uint32_t c = 0; c < p->codes.n; c++) {
			const char *why = a->level[c] == level ? what_holds(a, c, &m) : NULL;
			if (!why)
				continue;
			a->why[c] = why;
			a->level[c] = 0;
			again = true;
		}
	}
}

/* What else the rows read stays as it is while a run goes on. */
bool
ahead_is_static(const Ahead *a, const Delivery *d)
{
	const Plan *p = a->p;
	Marks row = marks_open(p), step = marks_open(p);
	mark_block(p, &row, p->codes.at[d->kernel]->body.at[d->add]->body.at[1]->body);
	mark_block(p, &step, p->codes.at[a->step]->body);
	for (uint32_t i = 0; i < p->bufs.n; i++)
		if (row.reads[i] && i != d->sum && step.writes[i])
			return false;
	return true;
}

static bool
is_made_early(const Ahead *a, uint32_t buf, const char **why)
{
	const Plan *p = a->p;
	for (uint32_t c = 0; c < p->codes.n; c++) {
		if (!block_stores(p->codes.at[c]->body, buf) || a->level[c])
			continue;
		*why = a->why[c] ? a->why[c] : "they depend on what arrives";
		return false;
	}
	return true;
}

static bool
is_large(const Ahead *a, const Delivery *d)
{
	return plan_buf_bytes(&a->p->bufs.at[d->matrix]) >= WORTH;
}

/* Deliveries whose lists are made by now belong to this level. Whether there are any; *worth: a large one among them. */
static bool
reach_deliveries(Ahead *a, uint32_t level, bool *worth)
{
	bool any = false;
	*worth = false;
	for (uint32_t i = 0; i < a->found.n; i++) {
		Delivery *d = &a->found.at[i];
		const char *why = NULL;
		if (d->level || !is_made_early(a, d->list, &why) || !is_made_early(a, d->count, &why))
			continue;
		d->level = level;
		any = true;
		*worth = *worth || is_large(a, d);
	}
	return any;
}

/* Levels above this one are not worth it. */
static void
drop_levels(Ahead *a, uint32_t level)
{
	for (uint32_t c = 0; c < a->p->codes.n; c++)
		a->level[c] = a->level[c] > level ? 0 : a->level[c];
	for (uint32_t i = 0; i < a->found.n; i++)
		a->found.at[i].level = a->found.at[i].level > level ? 0 : a->found.at[i].level;
	a->levels = level;
}

/* Those that are left; large ones of the others say why not. */
static void
keep_deliveries(Ahead *a)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < a->found.n; i++) {
		const Delivery d = a->found.at[i];
		const char *why = NULL;
		if (d.level)
			a->found.at[n++] = d;
		else if (is_large(a, &d) && !(is_made_early(a, d.list, &why) && is_made_early(a, d.count, &why)))
			plan_remark(a->p, "ahead", false, a->p->codes.at[d.kernel], "the spikes of %s are not known ahead: %s", a->p->bufs.at[d.list].name, why);
	}
	a->found.n = n;
}

/* From the inputs on, as far as deliveries lead that are worth it. */
void
ahead_choose_levels(Ahead *a)
{
	uint32_t last = 0;
	bool worth;
	for (uint32_t level = 1;; level++) {
		choose_early(a, level);
		if (!reach_deliveries(a, level, &worth))
			break;
		last = worth ? level : last;
	}
	drop_levels(a, last);
	keep_deliveries(a);
}
