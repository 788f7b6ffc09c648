/* carry: rows that spikes change are delivered while they are at hand, for the next step.
 *
 * reads    plan after clear; a kernel that learns along a list of spikes (`for i in list { for j simd { …, w[i, j] = … } }`), and one that
 *          adds the same rows to sums in the next step, before anything else touches the sums
 * writes   the sums get their row behind its change, in the same walk, and the step is noted for which they are in place. The kernel that
 *          delivers adds them only if they are not. Where the run has no further step, or something changes those rows later in
 *          this one, under a condition, the sums are set back to zero, so that they are added as before
 * keeps    every bit: nothing but what was found touches list, rows and sums in between; the list has every row once, in the same order. A
 *          run ends with everything in its place, since its last step carries nothing
 * example  tests/opt/carry
 */
#include "opt/carry.h"
#include "opt/left.h"
#include "opt/marks.h"
#include "opt/pass.h"
#include "opt/query.h"

/* ---- the two loops --------------------------------------------------------------------------------------- */

const PlanStmt *
carry_along(const PlanStmt *each)
{
	const PlanStmt *last = each->body.at[each->body.n - 1];
	for (uint32_t k = 0; k + 1 < each->body.n; k++)
		if (each->body.at[k]->kind != PSTMT_LET)
			return NULL;
	return is_whole(last) && last->body.n ? last : NULL;
}

const PlanStmt *
carry_walk(const Carry *c)
{
	CarryPlace last = c->w.path[c->w.depth - 1];
	return last.block->at[last.at];
}

/* for k in list { let i … ; for j { let … ; sum[0, j] = f(sum[0, j], …) } } */
static bool
is_adding(Carry *c, const PlanStmt *each)
{
	c->list = list_along(c->p, each);
	const PlanStmt *along = c->list != NO_ID ? carry_along(each) : NULL;
	if (!along)
		return false;
	for (uint32_t k = 0; k + 1 < along->body.n; k++)
		if (along->body.at[k]->kind != PSTMT_LET)
			return false;
	const PlanStmt *s = along->body.at[along->body.n - 1];
	c->count = count_of(each->hi);
	c->each = each;
	c->sum = s->kind == PSTMT_STORE ? s->id : NO_ID;
	return c->sum != NO_ID && c->p->bufs.at[c->sum].role == ROLE_SCRATCH && ascends(c->p, c->list) && s->nops == 2 && is_zero_index(s->op[0]) && is_local(s->op[1], along->id);
}

/* Of buffer `buf`: only own elements of row i, or of the sums. */
static bool
reads_cells(const Carry *c, const PlanExpr *e, uint32_t buf, uint32_t i, uint32_t j)
{
	if (!e || !expr_reads(e, buf))
		return true;
	if (e->kind == PEXPR_MASK)
		return false;
	if (e->kind == PEXPR_LOAD && e->id == buf)
		return buf == c->sum ? is_own(c->p, e, j) : is_cell((const PlanExpr *const *)e->op, e->nops, i, j);
	for (uint32_t k = 0; k < e->nops; k++)
		if (!reads_cells(c, e->op[k], buf, i, j))
			return false;
	return true;
}

/* What both loops touch and one of them writes is the row's own cell in both; nothing of that is read for the row as a whole. */
static bool
meets_in_cells(const Carry *c, uint32_t buf)
{
	const PlanStmt *add = carry_along(c->each), *walk = carry_walk(c), *along = carry_along(walk);
	PlanBlock outer = {c->each->body.at, c->each->body.n - 1};
	if (block_reads(outer, buf))
		return false;
	for (uint32_t k = 0; k < add->body.n; k++)
		if (!reads_cells(c, add->body.at[k]->e, buf, c->each->body.at[0]->id, add->id))
			return false;
	for (uint32_t k = 0; k < along->body.n; k++) {
		const PlanStmt *s = along->body.at[k];
		if (s->kind == PSTMT_STORE && s->id == buf && !is_cell((const PlanExpr *const *)s->op, s->nops, walk->body.at[0]->id, along->id))
			return false;
	}
	return true;
}

/* The loop along the rows of the list that changes what is added. */
static bool
is_walk(Carry *c, const PlanStmt *walk)
{
	Plan *p = c->p;
	if (list_along(p, walk) != c->list || count_of(walk->hi) != c->count || !carry_along(walk))
		return false;
	Marks m = marks_open(p);
	mark_stmt(p, &m, walk);
	if (m.reads[c->sum] || m.writes[c->sum] || m.writes[c->list] || m.writes[c->count])
		return false;
	bool changes = false;
	for (uint32_t b = 0; b < p->bufs.n; b++) {
		changes = changes || (c->rows[b] && m.writes[b]);
		if (c->rows[b] && m.writes[b] && !meets_in_cells(c, b))
			return false;
	}
	return changes;
}

/* ---- the pass -------------------------------------------------------------------------------------------- */

/* The first statement of the kernel that touches the sums, and what it reads is as it was when the kernel began. */
static bool
is_first(const Carry *c)
{
	PlanBlock before = {c->p->codes.at[c->deliver]->body.at, c->add};
	if (block_touches(before, c->sum))
		return false;
	for (uint32_t b = 0; b < c->p->bufs.n; b++)
		if (c->rows[b] && block_stores(before, b))
			return false;
	return true;
}

/* Of scalars that the kernel leaves alone, so that the step may ask, too. */
static bool
is_guard(const PlanCode *code, const PlanExpr *e)
{
	if (e->kind == PEXPR_LOCAL || e->kind == PEXPR_MASK || (e->kind == PEXPR_LOAD && block_stores(code->body, e->id)))
		return false;
	for (uint32_t k = 0; k < e->nops; k++)
		if (!is_guard(code, e->op[k]))
			return false;
	return true;
}

static bool
add_guard(Carry *c, const PlanExpr *e, bool holds)
{
	if (c->w.nguard == CARRY_GUARDS || !is_guard(c->p->codes.at[c->w.learn], e))
		return false;
	c->w.guard[c->w.nguard++] = (CarryGuard){e, holds};
	return true;
}

/* count[0], or whatever is compared with 0 */
static const PlanExpr *
compared(const PlanExpr *e, PlanExprKind kind)
{
	return e->kind == kind && is_zero_index(e->op[1]) ? e->op[0] : NULL;
}

static bool
known_zero(const Carry *c, const PlanExpr *e)
{
	for (uint32_t k = 0; e && k < c->w.nguard; k++) {
		const PlanExpr *zero = compared(c->w.guard[k].e, c->w.guard[k].holds ? PEXPR_EQ : PEXPR_NE);
		if (zero && same_expr(zero, e))
			return true;
	}
	return false;
}

/* A statement behind the walk that does nothing under the guards, to which its condition may be added. */
static bool
is_void(Carry *c, const PlanStmt *s)
{
	if (!carry_disturbs(c, s))
		return true;
	if (s->kind == PSTMT_FOR)
		return is_zero_index(s->e) && s->hi->kind == PEXPR_CAST && known_zero(c, s->hi->op[0]);
	if (s->kind != PSTMT_IF || s->other.n)
		return false;
	return known_zero(c, compared(s->e, PEXPR_NE)) || add_guard(c, s->e, false);
}

/* Nothing of the kernel comes behind the walk, nor of the step before the next delivery. */
static bool
is_last(Carry *c)
{
	c->w.inside = c->w.nguard;
	for (uint32_t d = c->w.depth; d-- > 0;)
		for (uint32_t k = c->w.path[d].at + 1; k < c->w.path[d].block->n; k++)
			if (!is_void(c, c->w.path[d].block->at[k]))
				return false;
	return carry_stays(c);
}

/* In this block of the kernel, or in a branch of it. */
static bool
find_walk(Carry *c, PlanBlock *b)
{
	if (c->w.depth == CARRY_NEST)
		return false;
	CarryPlace *here = &c->w.path[c->w.depth++];
	here->block = b;
	for (here->at = 0; here->at < b->n; here->at++) {
		PlanStmt *s = b->at[here->at];
		uint32_t nguard = c->w.nguard;
		if (is_walk(c, s) && is_last(c))
			return true;
		c->w.nguard = nguard;
		if (s->kind == PSTMT_IF && add_guard(c, s->e, true) && find_walk(c, &s->body))
			return true;
		c->w.nguard = nguard;
		if (s->kind == PSTMT_IF && add_guard(c, s->e, false) && find_walk(c, &s->other))
			return true;
		c->w.nguard = nguard;
	}
	c->w.depth--;
	return false;
}

/* All that learn along the rows: in the branches of a step, one of them does. */
static void
find_walks(Carry *c)
{
	Plan *p = c->p;
	RunOrder order = {0};
	list_runs(p, p->codes.at[c->step]->body, &order);
	for (uint32_t r = 0; r < order.n; r++) {
		PlanCode *code = p->codes.at[order.at[r]];
		c->w = (CarryWalk){.learn = order.at[r]};
		if (c->w.learn != c->deliver && code->range == p->codes.at[c->deliver]->range && runs_once(p, c->w.learn) && find_walk(c, &code->body))
			VEC_PUSH(p->arena, &c->walks, c->w);
	}
}

static bool
carry_kernel(Plan *p, uint32_t step, uint32_t kernel)
{
	PlanBlock b = p->codes.at[kernel]->body;
	Carry c = {.p = p, .step = step, .deliver = kernel};
	for (c.add = 0; c.add < b.n; c.add++) {
		if (!is_adding(&c, b.at[c.add]))
			continue;
		Marks m = marks_open(p);
		mark_block(p, &m, b.at[c.add]->body);
		m.reads[c.sum] = m.reads[c.list] = false;
		c.rows = m.reads;
		if (is_first(&c))
			find_walks(&c);
		if (!c.walks.n)
			continue;
		carry_make(&c);
		return true;
	}
	return false;
}

void
pass_carry(Plan *p)
{
	uint32_t step = plan_find_code(p, "step");
	if (step == UINT32_MAX || plan_find_buf(p, "step") == UINT32_MAX || !may_have_left(p, step))
		return;
	for (uint32_t k = 0; k < p->codes.at[step]->body.n; k++) {
		const PlanStmt *s = p->codes.at[step]->body.at[k];
		if (s->kind != PSTMT_RUN || !runs_once(p, s->id) || !carry_kernel(p, step, s->id))
			continue;
		step = plan_find_code(p, "step");         /* codes have new numbers */
		k = UINT32_MAX;
	}
}
