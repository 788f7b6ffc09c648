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
#include "opt/marks.h"
#include "opt/pass.h"
#include "opt/query.h"

#include <math.h>

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
	CarryPlace last = c->path[c->depth - 1];
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

/* ---- what comes between ---------------------------------------------------------------------------------- */

static bool
disturbs(const Carry *c, const PlanStmt *s)
{
	const Plan *p = c->p;
	Marks m = marks_open(p);
	mark_stmt(p, &m, s);
	bool does = m.reads[c->sum] || m.writes[c->sum] || m.writes[c->list] || m.writes[c->count];
	for (uint32_t b = 0; b < p->bufs.n && !does; b++)
		does = c->rows[b] && m.writes[b];
	return does;
}

static bool may_come(Carry *c, PlanStmt *s);

/* A branch that is seldom taken: behind it, rows are added as before. */
static bool
branch_may_come(Carry *c, PlanBlock *b)
{
	for (uint32_t k = 0; k < b->n; k++) {
		PlanStmt *s = b->at[k];
		if (!disturbs(c, s) || (s->kind == PSTMT_IF && may_come(c, s)))
			continue;
		Marks m = marks_open(c->p);
		mark_stmt(c->p, &m, s);
		if (s->kind == PSTMT_IF || m.reads[c->sum] || m.writes[c->sum] || c->nundo == CARRY_UNDO)
			return false;
		c->undo[c->nundo++] = b;
		return true;
	}
	return true;
}

static bool
may_come(Carry *c, PlanStmt *s)
{
	if (!disturbs(c, s))
		return true;
	return s->kind == PSTMT_IF && branch_may_come(c, &s->body) && branch_may_come(c, &s->other);
}

/* All behind the kernel that learns, up to the end of the step. */
static bool
rest_may_come(Carry *c, PlanBlock b, bool *found)
{
	for (uint32_t k = 0; k < b.n; k++) {
		PlanStmt *s = b.at[k];
		if (*found) {
			if (!may_come(c, s))
				return false;
			continue;
		}
		PlanBlock one = {&b.at[k], 1};
		if (!runs(one, c->learn))
			continue;
		if (s->kind == PSTMT_RUN)
			*found = true;
		else if (s->kind != PSTMT_IF || !rest_may_come(c, runs(s->body, c->learn) ? s->body : s->other, found))
			return false;
	}
	return true;
}

/* ---- who zeroes the sums --------------------------------------------------------------------------------- */

/* sum[0, j] = 0.0, and nothing of the turn touches it behind that */
static bool
turn_zeroes(const Carry *c, const PlanStmt *loop)
{
	bool zero = false;
	for (uint32_t k = 0; k < loop->body.n; k++) {
		const PlanStmt *s = loop->body.at[k];
		PlanBlock one = {&loop->body.at[k], 1};
		if (block_touches(one, c->sum))
			zero = s->kind == PSTMT_STORE && s->id == c->sum && s->nops == 2 && is_zero_index(s->op[0]) && is_local(s->op[1], loop->id) &&
			       s->e->kind == PEXPR_CONST && s->e->value.f == 0 && !signbit(s->e->value.f);
	}
	return zero;
}

static bool
zeroes(const Carry *c, PlanBlock b)
{
	bool zero = false;
	for (uint32_t k = 0; k < b.n; k++) {
		PlanBlock one = {&b.at[k], 1};
		if (block_touches(one, c->sum))
			zero = is_whole(b.at[k]) && turn_zeroes(c, b.at[k]);
	}
	return zero;
}

/* One kernel, between delivery and learning, reads the sums and sets them to zero; nobody else knows them. */
static bool
is_zeroed_between(const Carry *c)
{
	const Plan *p = c->p;
	PlanBlock step = p->codes.at[c->step]->body;
	uint32_t reader = NO_ID, seen = 0;
	for (uint32_t k = 0; k < p->codes.n; k++) {
		if (k == c->deliver || !block_touches(p->codes.at[k]->body, c->sum))
			continue;
		if (reader != NO_ID || !zeroes(c, p->codes.at[k]->body) || !runs_once(p, k))
			return false;
		reader = k;
	}
	for (uint32_t k = 0; reader != NO_ID && k < step.n; k++) {
		PlanBlock one = {&step.at[k], 1};
		seen += step.at[k]->kind == PSTMT_RUN && step.at[k]->id == c->deliver && seen == 0;
		seen += step.at[k]->kind == PSTMT_RUN && step.at[k]->id == reader && seen == 1;
		if (runs(one, c->learn))
			return seen == 2 && !host_knows(p, c->sum);
	}
	return false;
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

/* Before the delivery, in the next step. */
static bool
start_may_come(Carry *c)
{
	PlanBlock step = c->p->codes.at[c->step]->body;
	for (uint32_t k = 0; k < step.n; k++) {
		if (step.at[k]->kind == PSTMT_RUN && step.at[k]->id == c->deliver)
			return true;
		if (!may_come(c, step.at[k]))
			return false;
	}
	return false;
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
	if (c->nguard == CARRY_GUARDS || !is_guard(c->p->codes.at[c->learn], e))
		return false;
	c->guard[c->nguard++] = (CarryGuard){e, holds};
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
	for (uint32_t k = 0; e && k < c->nguard; k++) {
		const PlanExpr *zero = compared(c->guard[k].e, c->guard[k].holds ? PEXPR_EQ : PEXPR_NE);
		if (zero && same_expr(zero, e))
			return true;
	}
	return false;
}

/* A statement behind the walk that does nothing under the guards, to which its condition may be added. */
static bool
is_void(Carry *c, const PlanStmt *s)
{
	if (!disturbs(c, s))
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
	c->inside = c->nguard;
	for (uint32_t d = c->depth; d-- > 0;)
		for (uint32_t k = c->path[d].at + 1; k < c->path[d].block->n; k++)
			if (!is_void(c, c->path[d].block->at[k]))
				return false;
	bool found = false;
	c->nundo = 0;
	return is_zeroed_between(c) && rest_may_come(c, c->p->codes.at[c->step]->body, &found) && found && start_may_come(c);
}

/* In this block of the kernel, or in a branch of it. */
static bool
find_walk(Carry *c, PlanBlock *b)
{
	if (c->depth == CARRY_NEST)
		return false;
	CarryPlace *here = &c->path[c->depth++];
	here->block = b;
	for (here->at = 0; here->at < b->n; here->at++) {
		PlanStmt *s = b->at[here->at];
		uint32_t nguard = c->nguard;
		if (is_walk(c, s) && is_last(c))
			return true;
		c->nguard = nguard;
		if (s->kind == PSTMT_IF && add_guard(c, s->e, true) && find_walk(c, &s->body))
			return true;
		c->nguard = nguard;
		if (s->kind == PSTMT_IF && add_guard(c, s->e, false) && find_walk(c, &s->other))
			return true;
		c->nguard = nguard;
	}
	c->depth--;
	return false;
}

static bool
find_learner(Carry *c)
{
	Plan *p = c->p;
	RunOrder order = {0};
	list_runs(p, p->codes.at[c->step]->body, &order);
	for (uint32_t r = 0; r < order.n; r++) {
		PlanCode *code = p->codes.at[order.at[r]];
		c->learn = order.at[r];
		c->depth = c->nguard = 0;
		if (c->learn != c->deliver && code->range == p->codes.at[c->deliver]->range && runs_once(p, c->learn) && find_walk(c, &code->body))
			return true;
	}
	return false;
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
		if (!is_first(&c) || !find_learner(&c))
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
	if (step == UINT32_MAX || plan_find_buf(p, "step") == UINT32_MAX)
		return;
	for (uint32_t k = 0; k < p->codes.at[step]->body.n; k++) {
		const PlanStmt *s = p->codes.at[step]->body.at[k];
		if (s->kind != PSTMT_RUN || !runs_once(p, s->id) || !carry_kernel(p, step, s->id))
			continue;
		step = plan_find_code(p, "step");         /* codes have new numbers */
		k = UINT32_MAX;
	}
}
