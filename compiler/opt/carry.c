/* carry: rows that spikes change are delivered while they are at hand, for the next step.
 *
 * reads    plan after clear; a kernel that learns along a list of spikes (`for i in list { for j simd { …, w[i, j] = … } }`), and one that
 *          adds the same rows to sums in the next step, before anything else touches the sums
 * writes   where the run has another step: the sums get their row behind its change, in the same walk, and the step is noted for
 *          which they are in place. The kernel that delivers adds them only if they are not. What changes those rows later in the
 *          step, under a condition, sets the sums back to zero, so that they are added as before
 * keeps    every bit: nothing but what was found touches list, rows and sums in between; the list has every row once, in the same order. A
 *          run ends with everything in its place, since its last step carries nothing
 * example  tests/opt/carry
 */
#include "opt/clone.h"
#include "opt/kernel.h"
#include "opt/left.h"
#include "opt/marks.h"
#include "opt/pass.h"
#include "opt/query.h"

#include <math.h>

enum { MOST = 16 /* conditions under which rows change later */ };

typedef struct {
	Plan *p;
	uint32_t step;                                    /* the proc */
	uint32_t deliver, add;                            /* kernel, and which statement of it adds the rows */
	const PlanStmt *each;                             /* that statement */
	uint32_t list, count, sum;
	uint32_t learn;                                   /* kernel */
	PlanBlock *block;                                 /* of it, and which statement of that goes along the rows */
	uint32_t walk;
	const PlanExpr *guard;                            /* the block is done under this condition; NULL: always */
	bool *rows;                                       /* by buffer: what the added rows read, but the sum */
	PlanBlock *undo[MOST];                            /* behind these the sums are not what they were */
	uint32_t nundo;
	uint32_t left, carried;
} Carry;

/* ---- the two loops --------------------------------------------------------------------------------------- */

static const PlanStmt *
along_of(const PlanStmt *each)
{
	const PlanStmt *last = each->body.at[each->body.n - 1];
	for (uint32_t k = 0; k + 1 < each->body.n; k++)
		if (each->body.at[k]->kind != PSTMT_LET)
			return NULL;
	return is_whole(last) && last->body.n ? last : NULL;
}

/* for k in list { let i … ; for j { let … ; sum[0, j] = f(sum[0, j], …) } } */
static bool
is_adding(Carry *c, const PlanStmt *each)
{
	c->list = list_along(c->p, each);
	const PlanStmt *along = c->list != NO_ID ? along_of(each) : NULL;
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
	const PlanStmt *add = along_of(c->each), *walk = c->block->at[c->walk], *along = along_of(walk);
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
	if (list_along(p, walk) != c->list || count_of(walk->hi) != c->count || !along_of(walk))
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
		if (s->kind == PSTMT_IF || m.reads[c->sum] || m.writes[c->sum] || c->nundo == MOST)
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

/* ---- the new form ---------------------------------------------------------------------------------------- */

/* The walk, with the row added to the sums behind its change. */
static PlanStmt *
carrying_walk(Carry *c, const PlanStmt *walk)
{
	Plan *p = c->p;
	PlanCode *code = p->codes.at[c->learn];
	const PlanCode *from = p->codes.at[c->deliver];
	Clone own = clone_open(p, code);
	PlanStmt *copy = clone_stmt(&own, walk);
	PlanStmt *along = copy->body.at[copy->body.n - 1];
	const PlanStmt *add = along_of(c->each);
	Clone theirs = {.p = p, .code = code, .from = from, .map = ARENA_ARRAY(p->arena, PlanExpr *, from->nlocals), .n = from->nlocals};
	theirs.map[c->each->id] = plan_local(p, code, copy->id);
	theirs.map[c->each->body.at[0]->id] = plan_local(p, code, copy->body.at[0]->id);
	theirs.map[add->id] = plan_local(p, code, along->id);
	PlanEmit row = plan_emit(p, code), cell = plan_emit(p, code);
	for (uint32_t k = 0; k + 1 < copy->body.n; k++)
		VEC_PUSH(p->arena, &row.v, copy->body.at[k]);
	for (uint32_t k = 1; k + 1 < c->each->body.n; k++)
		VEC_PUSH(p->arena, &row.v, clone_stmt(&theirs, c->each->body.at[k]));
	VEC_PUSH(p->arena, &row.v, along);
	copy->body = plan_freeze(&row);
	for (uint32_t k = 0; k < along->body.n; k++)
		VEC_PUSH(p->arena, &cell.v, along->body.at[k]);
	for (uint32_t k = 0; k < add->body.n; k++)
		VEC_PUSH(p->arena, &cell.v, clone_stmt(&theirs, add->body.at[k]));
	along->body = plan_freeze(&cell);
	return copy;
}

static PlanStmt *
choice(Carry *c, PlanCode *code, PlanExpr *cond, PlanStmt *then, PlanStmt *other)
{
	PlanEmit b = plan_emit(c->p, code), yes = b, no = b;
	VEC_PUSH(c->p->arena, &yes.v, then);
	if (other)
		VEC_PUSH(c->p->arena, &no.v, other);
	plan_emit_if(&b, cond, &yes, other ? &no : NULL);
	return b.v.at[0];
}

/* carried = step + 2 where the sums of the next step, of number step + 1, are in place: no step has the number 0 then. */
static PlanExpr *
number(Carry *c, int more)
{
	Plan *p = c->p;
	return plan_binary(p, PEXPR_ADD, load0(p, plan_find_buf(p, "step")), plan_int(p, PT_U64, more));
}

static PlanExpr *
goes_on(Carry *c)
{
	return plan_binary(c->p, PEXPR_GT, load0(c->p, c->left), whole(c->p, 1));
}

static void
note_behind(Carry *c, PlanCode *code, PlanBlock *b)
{
	Plan *p = c->p;
	PlanEmit out = plan_emit(p, code);
	for (uint32_t k = 0; k < b->n; k++) {
		PlanStmt *s = b->at[k];
		note_behind(c, code, &s->body);
		note_behind(c, code, &s->other);
		VEC_PUSH(p->arena, &out.v, s);
		if (s->kind != PSTMT_RUN || s->id != c->learn)
			continue;
		PlanExpr *done = goes_on(c);
		if (c->guard)
			done = plan_binary(p, PEXPR_AND, clone_expr(&(Clone){.p = p}, c->guard), done);
		plan_emit_store(&out, c->carried, 0, NULL, plan_ternary(p, PEXPR_SELECT, done, number(c, 2), plan_int(p, PT_U64, 0)));
	}
	*b = plan_freeze(&out);
}

static void
undo_behind(Carry *c, PlanCode *step)
{
	Plan *p = c->p;
	uint32_t zero;
	PlanBuf sum = p->bufs.at[c->sum];
	PlanEmit b = open_kernel(p, arena_printf(p->arena, "%s.zero", p->codes.at[c->deliver]->name), sum.axis[1].extent, &zero);
	Loop own = open_loop(&b, "j");
	store2(&own.body, c->sum, whole(p, 0), own.i, plan_float(p, sum.type, 0));
	close_loop(&b, &own, lo(&b), hi(&b), true);
	close_kernel(&b);
	for (uint32_t u = 0; u < c->nundo; u++) {
		PlanEmit out = plan_emit(p, step);
		for (uint32_t k = 0; k < c->undo[u]->n; k++)
			VEC_PUSH(p->arena, &out.v, c->undo[u]->at[k]);
		plan_emit_run(&out, zero);
		plan_emit_store(&out, c->carried, 0, NULL, plan_int(p, PT_U64, 0));
		*c->undo[u] = plan_freeze(&out);
	}
}

static void
make_carry(Carry *c)
{
	Plan *p = c->p;
	PlanCode *deliver = p->codes.at[c->deliver], *learn = p->codes.at[c->learn], *step = p->codes.at[c->step];
	plan_remark(p, "carry", true, learn, "rows that spikes change are added to %s in the same walk, for the next step", p->bufs.at[c->sum].name);
	c->left = steps_left(p, c->step);
	c->carried = plan_add_buf(p, arena_printf(p->arena, "%s.carried", learn->name), PT_U64, ROLE_DERIVED, 0, NULL);
	p->bufs.at[c->sum].role = ROLE_DERIVED;           /* what was carried outlasts the step */
	if (c->nundo)
		undo_behind(c, step);
	note_behind(c, step, &step->body);
	PlanStmt *walk = c->block->at[c->walk];
	c->block->at[c->walk] = choice(c, learn, goes_on(c), carrying_walk(c, walk), walk);
	PlanExpr *missing = plan_binary(p, PEXPR_NE, load0(p, c->carried), number(c, 1));
	deliver->body.at[c->add] = choice(c, deliver, missing, deliver->body.at[c->add], NULL);
	procs_last(p);
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
	if (e->kind == PEXPR_LOCAL || e->kind == PEXPR_MASK || (e->kind == PEXPR_LOAD && (e->nops > 0 || block_stores(code->body, e->id))))
		return false;
	for (uint32_t k = 0; k < e->nops; k++)
		if (!is_guard(code, e->op[k]))
			return false;
	return true;
}

static bool
undisturbed(const Carry *c, PlanBlock b, uint32_t from)
{
	for (uint32_t k = from; k < b.n; k++)
		if (disturbs(c, b.at[k]))
			return false;
	return true;
}

/* In this block of the kernel. */
static bool
find_walk(Carry *c, PlanBlock *b, const PlanExpr *guard)
{
	bool found = false;
	c->block = b;
	c->guard = guard;
	c->nundo = 0;
	for (c->walk = 0; c->walk < b->n; c->walk++)
		if (is_walk(c, b->at[c->walk]))
			return undisturbed(c, *b, c->walk + 1) && is_zeroed_between(c) &&
			       rest_may_come(c, c->p->codes.at[c->step]->body, &found) && found && start_may_come(c);
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
		if (c->learn == c->deliver || code->range != p->codes.at[c->deliver]->range || !runs_once(p, c->learn))
			continue;
		if (find_walk(c, &code->body, NULL))
			return true;
		for (uint32_t k = 0; k < code->body.n; k++) {
			PlanStmt *s = code->body.at[k];
			if (s->kind == PSTMT_IF && !s->other.n && is_guard(code, s->e) && undisturbed(c, code->body, k + 1) && find_walk(c, &s->body, s->e))
				return true;
		}
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
		make_carry(&c);
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
