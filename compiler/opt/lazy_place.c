/* lazy_place: who else looks at the values of a connection, and when; from which flags its lists of spikes are made. */
#include "opt/lazy.h"

#include "opt/query.h"

/* for j { if flags[0, j] { list[0, …] = … } } */
static bool
find_flags(const Plan *p, PlanBlock b, uint32_t count, uint32_t *flags)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *s = b.at[i];
		if (s->kind == PSTMT_FOR && s->body.n == 1 && s->body.at[0]->kind == PSTMT_IF && i + 1 < b.n &&
		    b.at[i + 1]->kind == PSTMT_STORE && b.at[i + 1]->id == count && is_own(p, s->body.at[0]->e, s->id) &&
		    p->bufs.at[s->body.at[0]->e->id].type == PT_BOOL) {
			*flags = s->body.at[0]->e->id;
			return true;
		}
		if (find_flags(p, s->body, count, flags) || find_flags(p, s->other, count, flags))
			return true;
	}
	return false;
}

bool
lazy_flags(Lazy *z)
{
	z->pre_flags = z->post_flags = NO_ID;
	for (uint32_t c = 0; c < z->p->codes.n; c++) {
		find_flags(z->p, z->p->codes.at[c]->body, z->pre_count, &z->pre_flags);
		find_flags(z->p, z->p->codes.at[c]->body, z->post_count, &z->post_flags);
	}
	return z->pre_flags != NO_ID && z->post_flags != NO_ID;
}

/* Where reads stand: in row `row`, at its synapse `at` if that is listed, `first` being the first of them; NO_ID: in none. */
typedef struct { uint32_t row, at, first; } Within;

/* w[row, …], or w[at] */
static bool
reads_row(const Lazy *z, const PlanExpr *e, Within in)
{
	if (!e || !expr_reads(e, z->w))
		return true;
	if (e->id == z->w && (e->kind == PEXPR_MASK || (e->kind == PEXPR_LOAD && !is_local(e->op[0], e->nops == 1 ? in.at : in.row))))
		return false;
	for (uint32_t k = 0; k < e->nops; k++)
		if (!reads_row(z, e->op[k], in))
			return false;
	return true;
}

/* i64(lists[row]) */
static bool
is_first(const Lazy *z, const PlanExpr *e, uint32_t row)
{
	return e->kind == PEXPR_CAST && e->op[0]->kind == PEXPR_LOAD && e->op[0]->id == z->row && is_local(e->op[0]->op[0], row);
}

/* i64(lists[row + 1]) */
static bool
is_behind(const Lazy *z, const PlanExpr *e, uint32_t row)
{
	if (e->kind != PEXPR_CAST || e->op[0]->kind != PEXPR_LOAD || e->op[0]->id != z->row)
		return false;
	const PlanExpr *next = e->op[0]->op[0];
	return next->kind == PEXPR_ADD && is_local(next->op[0], row) && next->op[1]->kind == PEXPR_CONST && next->op[1]->value.i == 1;
}

/* first + i64(delays[row, …]), where a delay begins in a row that is arranged by them */
static bool
is_of_delay(const Lazy *z, const PlanExpr *e, Within in)
{
	if (e->kind != PEXPR_ADD || in.first == NO_ID || !is_local(e->op[0], in.first) || e->op[1]->kind != PEXPR_CAST ||
	    e->op[1]->op[0]->kind != PEXPR_LOAD || e->op[1]->op[0]->nops != 2 || !is_local(e->op[1]->op[0]->op[0], in.row))
		return false;
	for (uint32_t i = 0; i < z->p->objects.n; i++) {
		const PlanObject *o = &z->p->objects.at[i];
		if (o->kind == POBJ_SYNAPSES && o->nbufs == 4 && o->bufs[0] == z->row && o->bufs[2] == e->op[1]->op[0]->id)
			return true;
	}
	return false;
}

/* for at in i64(lists[row]) ..< i64(lists[row + 1]), or a part of that */
static bool
is_row(const Lazy *z, const PlanStmt *s, Within in)
{
	if (s->kind != PSTMT_FOR || z->row == NO_ID || in.row == NO_ID)
		return false;
	return (is_first(z, s->e, in.row) && is_behind(z, s->hi, in.row)) || (is_of_delay(z, s->e, in) && is_of_delay(z, s->hi, in));
}

/* Rows of the list of pre spikes, and nothing else, are read. */
static bool
reads_rows(const Lazy *z, PlanBlock b, Within in)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *s = b.at[i];
		Within inner = in;
		if (s->kind == PSTMT_FOR && list_along(z->p, s) == z->pre_list && count_of(s->hi) == z->pre_count)
			inner = (Within){s->body.at[0]->id, NO_ID, NO_ID};
		else if (is_row(z, s, in))
			inner.at = s->id;
		else if (s->kind == PSTMT_LET && in.row != NO_ID && z->row != NO_ID && is_first(z, s->e, in.row))
			in.first = s->id;
		if (!reads_row(z, s->e, in) || !reads_row(z, s->hi, in))
			return false;
		for (uint32_t k = 0; k < s->nops; k++)
			if (!reads_row(z, s->op[k], in))
				return false;
		if (!reads_rows(z, s->body, inner) || !reads_rows(z, s->other, inner))
			return false;
	}
	return true;
}

typedef struct { uint32_t learns, moves; bool ok; } Seen;   /* how often it learns, how often pre spikes are found anew */

enum { SELDOM = 8 };                                      /* steps between two looks at all values, at least */

static void visit(const Lazy *z, PlanBlock b, bool seldom, Seen *seen);

bool
lazy_looks(const Lazy *z, const PlanStmt *s)
{
	bool looks = false;
	for (uint32_t k = 0; k < s->nargs; k++)
		looks = looks || expr_reads(s->args[k].e, z->w);
	return looks;
}

/* if (step + k) % n == 0 { … } */
static bool
is_seldom(const Lazy *z, const PlanStmt *s)
{
	if (s->kind != PSTMT_IF || s->e->kind != PEXPR_EQ || s->e->op[0]->kind != PEXPR_REM || s->e->op[1]->kind != PEXPR_CONST)
		return false;
	const PlanExpr *rem = s->e->op[0];
	return rem->op[1]->kind == PEXPR_CONST && rem->op[1]->value.i >= SELDOM && expr_reads(rem->op[0], plan_find_buf(z->p, "step"));
}

static bool
learns(const Lazy *z, uint32_t kernel)
{
	return z->learns ? z->learns[kernel] : kernel == z->kernel;
}

static uint32_t
learn_count(const Lazy *z)
{
	uint32_t n = 0;
	for (uint32_t c = 0; c < z->p->codes.n; c++)
		n += learns(z, c);
	return n;
}

static void
visit_kernel(const Lazy *z, uint32_t id, Seen *seen)
{
	const PlanCode *c = z->p->codes.at[id];
	if (learns(z, id)) {
		seen->learns++;
		return;
	}
	if (block_stores(c->body, z->w))
		seen->ok = false;
	if (block_reads(c->body, z->w) && (seen->moves || seen->learns || !reads_rows(z, c->body, (Within){NO_ID, NO_ID, NO_ID})))
		seen->ok = false;
	if (block_stores(c->body, z->pre_list))
		seen->moves++;
	if (seen->learns && block_stores(c->body, z->pre_list))
		seen->ok = false;
}

/* All that a step does, in its order. */
static void
visit(const Lazy *z, PlanBlock b, bool seldom, Seen *seen)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *s = b.at[i];
		if (s->kind == PSTMT_RUN)
			visit_kernel(z, s->id, seen);
		if (s->kind == PSTMT_DO)
			visit(z, z->p->codes.at[s->id]->body, false, seen);
		if (s->kind == PSTMT_STORE && z->p->bufs.at[s->id].name == intern(z->p->names, "learning"))
			seen->ok = false;
		if (lazy_looks(z, s) && (!seldom || z->alone || seen->learns != learn_count(z)))
			seen->ok = false;
		visit(z, s->body, seldom || is_seldom(z, s), seen);
		visit(z, s->other, seldom, seen);
	}
}

/* Steps are taken by loops that do nothing else with the values. */
static bool
loops_are_plain(const Lazy *z, PlanBlock b, bool in_loop, uint32_t *found)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *s = b.at[i];
		if (s->kind == PSTMT_DO && s->id == z->step) {
			(*found)++;
			if (!in_loop)
				return false;
			for (uint32_t k = 0; k < b.n; k++) {
				if (b.at[k]->kind == PSTMT_RUN || b.at[k]->body.n || (k != i && b.at[k]->kind == PSTMT_DO))
					return false;
				for (uint32_t a = 0; a < b.at[k]->nargs; a++)
					if (expr_reads(b.at[k]->args[a].e, z->w))
						return false;
			}
		}
		if (!loops_are_plain(z, s->body, s->kind == PSTMT_FOR, found) || !loops_are_plain(z, s->other, false, found))
			return false;
	}
	return true;
}

bool
lazy_place(Lazy *z)
{
	uint32_t found = 0;
	z->step = NO_ID;
	for (uint32_t c = 0; c < z->p->codes.n; c++) {
		if (z->p->codes.at[c]->kind != CODE_PROC || !runs(z->p->codes.at[c]->body, z->kernel))
			continue;
		if (z->step != NO_ID)
			return false;
		z->step = c;
	}
	if (z->step == NO_ID)
		return false;
	for (uint32_t c = 0; c < z->p->codes.n; c++)
		if (z->p->codes.at[c]->kind == CODE_PROC && !loops_are_plain(z, z->p->codes.at[c]->body, false, &found))
			return false;
	Seen seen = {.ok = true};
	visit(z, z->p->codes.at[z->step]->body, false, &seen);
	return found > 0 && seen.ok && seen.learns == learn_count(z);
}

/* Who delivers along which list, where the rule does nothing at pre spikes. */
static bool
find_row_list(Lazy *z, PlanBlock b)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *s = b.at[i];
		uint32_t list = s->kind == PSTMT_FOR ? list_along(z->p, s) : NO_ID;
		if (list != NO_ID && block_reads(s->body, z->w)) {
			z->pre_list = list;
			z->pre_count = count_of(s->hi);
			for (uint32_t k = 0; k < z->p->objects.n; k++) {
				const PlanObject *o = &z->p->objects.at[k];
				if (o->kind == POBJ_SYNAPSES && o->nbufs > 1 && block_reads(s->body, o->bufs[0]) &&
				    block_reads(s->body, o->bufs[1])) {
					z->row = o->bufs[0];
					z->target = o->bufs[1];
				}
			}
			return true;
		}
		if (find_row_list(z, s->body) || find_row_list(z, s->other))
			return true;
	}
	return false;
}

bool
lazy_readers(Lazy *z)
{
	for (uint32_t c = 0; c < z->p->codes.n; c++)
		if (z->p->codes.at[c]->kind == CODE_KERNEL && !learns(z, c) && find_row_list(z, z->p->codes.at[c]->body))
			return z->p->bufs.at[z->w].naxes == 2 || z->row != NO_ID;
	return false;
}
