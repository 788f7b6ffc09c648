/* ahead_early: which kernels of a step depend on nothing that the rest of it does, so that `ahead` may run them for many steps. */
#include "opt/ahead.h"
#include "opt/marks.h"
#include "opt/query.h"
#include "opt/touch.h"

enum { WORTH = 5 << 19 /* bytes of a matrix: smaller ones come from near enough, a second cache of 1 or 2 MiB */ };

/* ---- what a step does besides ----------------------------------------------------------------------------------------- */

/* All of a step but the early kernels, and but the rows of deliveries, which will be read ahead. */
static void
mark_others(const Ahead *a, Marks *m)
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
		const Delivery *d = NULL;
		for (uint32_t i = 0; i < a->found.n; i++)
			d = a->found.at[i].kernel == s->id ? &a->found.at[i] : d;
		PlanBlock b = p->codes.at[s->id]->body;
		for (uint32_t i = 0; i < b.n && !a->early[s->id]; i++)
			if (!d || i != d->add)
				mark_stmt(p, m, b.at[i]);
	}
	for (uint32_t i = 0; i < p->objects.n; i++)
		for (uint32_t k = 0; k < p->objects.at[i].nbufs; k++)
			m->reads[p->objects.at[i].bufs[k]] = true;
}

/* ---- who runs early ------------------------------------------------------------------------------------------------------ */

/* NULL, or why the kernel cannot run before the rest of its step. */
static const char *
what_holds(const Ahead *a, uint32_t kernel, const Marks *others)
{
	Plan *p = a->p;
	uint32_t step = plan_find_buf(p, "step");
	TouchVec v = {0};
	if (!touch_block(p, &v, p->codes.at[kernel]->body))
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

/* The largest set of kernels that may: all that could, less those that cannot beside the others, until none is left out. */
void
ahead_choose_early(Ahead *a)
{
	Plan *p = a->p;
	PlanBlock step = p->codes.at[a->step]->body;
	Marks m = marks_open(p);
	for (uint32_t k = 0; k < step.n; k++)
		if (step.at[k]->kind == PSTMT_RUN)
			a->early[step.at[k]->id] = runs_once(p, step.at[k]->id);
	for (uint32_t i = 0; i < a->found.n; i++)
		a->early[a->found.at[i].kernel] = false;
	for (bool again = true; again;) {
		again = false;
		mark_others(a, &m);
		for (uint32_t c = 0; c < p->codes.n; c++) {
			const char *why = a->early[c] ? what_holds(a, c, &m) : NULL;
			if (!why)
				continue;
			a->why[c] = why;
			a->early[c] = false;
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
		if (!block_stores(p->codes.at[c]->body, buf) || a->early[c])
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

/* Those whose lists are made early, if one of them is worth it; large ones say why not. */
void
ahead_keep_deliveries(Ahead *a)
{
	bool worth = false;
	uint32_t n = 0;
	for (uint32_t i = 0; i < a->found.n; i++) {
		const Delivery d = a->found.at[i];
		const char *why = NULL;
		bool early = is_made_early(a, d.list, &why) && is_made_early(a, d.count, &why);
		worth = worth || (early && is_large(a, &d));
		if (early)
			a->found.at[n++] = d;
		else if (is_large(a, &d))
			plan_remark(a->p, "ahead", false, a->p->codes.at[d.kernel], "the spikes of %s are not known ahead: %s", a->p->bufs.at[d.list].name, why);
	}
	a->found.n = worth ? n : 0;
}
