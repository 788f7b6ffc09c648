/* near: a function that is cheap near zero is cheap for a block of neurons which all are near.
 *
 * reads    the finished plan, behind `team`; a simd loop over neurons that calls a func of the form
 *              func f(x) { … ; return select(abs(x) <= k, near, far) }        k a constant, `far` by much the dearer
 *          such as exprel, by which exponential Euler steps: a vector takes both, and there far has a division
 * writes   the loop in blocks of some hundred: what it gives to f is worked out first and kept, and where none is far the block runs with
 *          `near` alone. From the first block on that has a far one, the loop runs as it was, unasked: so who is always far pays for one
 * keeps    every bit: near is what the select would have given
 * example  tests/opt/near
 *
 * What is kept lies in a few cache lines, the same ones for all blocks: from lo on, so that parts of a kernel have their own. It parts a
 * chain of operations that wait for each other in two, of which a core has more turns at once: asking costs
 * 6 to 14 % of the loop then. A part of a kernel that is shorter than a block runs as it was.
 */
#include "opt/clone.h"
#include "opt/kernel.h"
#include "opt/pass.h"
#include "opt/query.h"

#include <inttypes.h>

enum {
	FEW = 128,                                        /* turns that are not worth it */
	LEAST = 64, MOST = 160, WHOLE = 16,               /* neurons of a block: whole vectors, few enough for what a core looks ahead */
	DEAR = 8,                                         /* a division or a root, in operations */
	GAIN = 16                                         /* operations that near must save */
};
static const double least = 0.1;                          /* k: below it hardly anything is near */

typedef struct {
	const PlanCode *func;
	const PlanExpr *test, *near, *far;
} Split;

typedef struct {
	Plan *p;
	PlanCode *code;
	const PlanStmt *loop;
	uint32_t ncalls;                                  /* of funcs that split, in the loop itself */
	uint32_t last;                                    /* statement of the loop: the last of them */
	const bool *takes;                                /* per statement: see needs() */
	int64_t block;                                    /* neurons */
	uint32_t kept;                                    /* the first of the buffers of what they are given: one for each parameter */
} Near;

/* ---- funcs that split -------------------------------------------------------------------------------------------- */

static uint32_t
cost_of(const PlanExpr *e)
{
	uint32_t n = e->kind == PEXPR_DIV || e->kind == PEXPR_SQRT ? DEAR : e->nops > 0;
	for (uint32_t k = 0; k < e->nops; k++)
		n += cost_of(e->op[k]);
	return n;
}

static void
mark_locals(const PlanExpr *e, bool *needed)
{
	if (e->kind == PEXPR_LOCAL)
		needed[e->id] = true;
	for (uint32_t k = 0; k < e->nops; k++)
		mark_locals(e->op[k], needed);
}

/* The lets of a func that a value needs, and what they cost. */
static bool *
slice_of(const Plan *p, const PlanCode *func, const PlanExpr *e, uint32_t *cost)
{
	bool *needed = ARENA_ARRAY(p->arena, bool, func->nlocals);
	uint32_t total = cost_of(e);
	mark_locals(e, needed);
	for (uint32_t i = func->body.n - 1; i-- > 0; )
		if (needed[func->body.at[i]->id]) {
			mark_locals(func->body.at[i]->e, needed);
			total += cost_of(func->body.at[i]->e);
		}
	if (cost)
		*cost = total;
	return needed;
}

static bool
split_of(const Plan *p, const PlanStmt *call, Split *s)
{
	const PlanCode *f = s->func = p->codes.at[call->id];
	for (uint32_t i = 0; i + 1 < f->body.n; i++)
		if (f->body.at[i]->kind != PSTMT_LET)
			return false;
	const PlanStmt *end = f->body.at[f->body.n - 1];
	if (end->kind != PSTMT_RETURN || end->nops != 1 || end->op[0]->kind != PEXPR_SELECT)
		return false;
	s->test = end->op[0]->op[0];
	s->near = end->op[0]->op[1];
	s->far = end->op[0]->op[2];
	const PlanExpr *size = s->test->kind == PEXPR_LE ? s->test->op[0] : NULL;
	if (!size || size->kind != PEXPR_ABS || size->op[0]->kind != PEXPR_LOCAL || size->op[0]->id >= f->nparams ||
	    s->test->op[1]->kind != PEXPR_CONST || !(s->test->op[1]->value.f >= least))
		return false;
	uint32_t near, far;
	slice_of(p, f, s->near, &near);
	slice_of(p, f, s->far, &far);
	return near + GAIN <= far;
}

/* ---- loops that call them ------------------------------------------------------------------------------------------- */

static bool
is_part(const Near *n)
{
	return is_local(n->loop->e, 0) && is_local(n->loop->hi, 1);
}

/* Parts of a kernel may run at once: a loop that is the same in all of them would keep its values in one place. */
static uint64_t
turns_of(const Near *n)
{
	if (is_part(n))
		return n->code->range;
	return n->code->range == 1 && is_zero_index(n->loop->e) && n->loop->hi->kind == PEXPR_CONST ? (uint64_t)n->loop->hi->value.i : 0;
}

static bool
is_set(const PlanStmt *s)
{
	return s->kind == PSTMT_LET || s->kind == PSTMT_VAR || s->kind == PSTMT_SET;
}

/* Whether a statement that is no set changes what is needed: the result of a call, a local in a branch. */
static bool
spoils(const Near *n, const PlanStmt *s, const bool *needed)
{
	bool *changed = ARENA_ARRAY(n->p->arena, bool, n->code->nlocals);
	mark_changes((PlanBlock){(PlanStmt **)&s, 1}, changed);
	for (uint32_t k = 0; k < n->code->nlocals; k++)
		if (changed[k] && needed[k])
			return true;
	return false;
}

/* Per statement of the loop: whether it must have been done, so that it is known what the funcs are given. NULL: that is more than lets. */
static bool *
needs(const Near *n)
{
	PlanBlock b = n->loop->body;
	bool *needed = ARENA_ARRAY(n->p->arena, bool, n->code->nlocals), *takes = ARENA_ARRAY(n->p->arena, bool, b.n);
	for (uint32_t i = n->last + 1; i-- > 0; ) {
		const PlanStmt *s = b.at[i];
		Split f;
		if (is_set(s)) {
			takes[i] = needed[s->id];
			if (takes[i])
				mark_locals(s->e, needed);
		} else if (spoils(n, s, needed)) {
			return NULL;
		}
		if (s->kind == PSTMT_CALL && split_of(n->p, s, &f))
			for (uint32_t k = 0; k < s->nops; k++)
				mark_locals(s->op[k], needed);
	}
	return takes;
}

/* Loads of what is needed must find what the loop finds there: nothing of it is stored before. */
static bool
stays(const Near *n)
{
	PlanBlock b = n->loop->body;
	for (uint32_t i = 0; i <= n->last; i++) {
		const PlanStmt *s = b.at[i];
		for (uint32_t k = 0; k < n->p->bufs.n && (n->takes[i] || s->kind == PSTMT_CALL); k++) {
			bool reads = n->takes[i] && expr_reads(s->e, k);
			for (uint32_t a = 0; a < s->nops && s->kind == PSTMT_CALL; a++)
				reads = reads || expr_reads(s->op[a], k);
			if (reads && block_stores((PlanBlock){b.at, i}, k))
				return false;
		}
	}
	return true;
}

static bool
find(Near *n, const PlanStmt *s)
{
	Split f;
	n->loop = s;
	n->ncalls = 0;
	if (s->kind != PSTMT_FOR || !s->simd || s->step != 1 || turns_of(n) < FEW)
		return false;
	for (uint32_t i = 0; i < s->body.n; i++)
		if (s->body.at[i]->kind == PSTMT_CALL && split_of(n->p, s->body.at[i], &f)) {
			n->ncalls++;
			n->last = i;
		}
	n->takes = n->ncalls ? needs(n) : NULL;
	return n->takes && stays(n);
}

/* ---- the loop in blocks ------------------------------------------------------------------------------------------------ */

/* The lets of a func that `e` needs; gives e. */
static PlanExpr *
emit_slice(const Near *n, PlanEmit *b, const Split *f, const PlanExpr *e, PlanExpr *const *args)
{
	bool *needed = slice_of(n->p, f->func, e, NULL);
	Clone c = {.p = n->p, .code = n->code, .from = f->func, .n = f->func->nlocals};
	c.map = ARENA_ARRAY(n->p->arena, PlanExpr *, c.n);
	for (uint32_t k = 0; k < f->func->nparams; k++)
		c.map[k] = args[k];
	for (uint32_t i = 0; i + 1 < f->func->body.n; i++)
		if (needed[f->func->body.at[i]->id])
			VEC_PUSH(n->p->arena, &b->v, clone_stmt(&c, f->func->body.at[i]));
	return clone_expr(&c, e);
}

/* The length of which the loop leaves the least: that runs as it was. */
static int64_t
block_for(int64_t turns)
{
	int64_t best = MOST;
	for (int64_t b = MOST - WHOLE; b >= LEAST; b -= WHOLE)
		best = turns % b < turns % best ? b : best;
	return best;
}

/* A buffer for each parameter of each call. */
static void
add_kept(Near *n)
{
	PlanAxis axis = {AXIS_ITEM, is_part(n) ? n->code->range : (uint64_t)n->block};
	n->kept = n->p->bufs.n;
	for (uint32_t i = 0, of = 0; i <= n->last; i++) {
		const PlanStmt *s = n->loop->body.at[i];
		Split f;
		if (s->kind == PSTMT_CALL && split_of(n->p, s, &f))
			for (uint32_t k = 0; k < s->nops; k++)
				plan_add_buf(n->p, arena_printf(n->p->arena, "%s.near%" PRIu32, n->code->name, of++), s->op[k]->type, ROLE_WORK, 1, &axis);
	}
}

/* for k in 0 ..< block { let j = q + k ; … } */
static Loop
open_block(const Near *n, PlanEmit *b, Clone *c, PlanExpr *from, PlanExpr **place)
{
	Loop l = open_loop(b, "k");
	*c = clone_open(n->p, n->code);
	c->map[n->loop->id] = plan_emit_let(&l.body, n->code->locals[n->loop->id].name, plan_binary(n->p, PEXPR_ADD, from, l.i));
	*place = is_part(n) ? plan_binary(n->p, PEXPR_ADD, n->loop->e, l.i) : l.i;
	return l;
}

/* |x| as a whole number: larger for larger ones, largest for what is no number. Maxima of such are vector loops for all compilers. */
static PlanExpr *
size_of(Plan *p, PlanExpr *x)
{
	return plan_bits(p, x->type == PT_F64 ? PT_I64 : PT_I32, plan_unary(p, PEXPR_ABS, x));
}

static PlanExpr *
size_of_number(Plan *p, PlanType t, double k)
{
	union { double d; int64_t i; } wide = {.d = k};
	union { float f; int32_t i; } narrow = {.f = (float)k};
	return t == PT_F64 ? plan_int(p, PT_I64, wide.i) : plan_int(p, PT_I32, narrow.i);
}

/* Works out what the block gives to the funcs, and keeps it; gives whether all are near. */
static PlanExpr *
emit_test(const Near *n, PlanEmit *b, PlanExpr *from)
{
	Plan *p = n->p;
	Clone c;
	PlanExpr *place, *all = NULL;
	PlanEmit before = plan_emit(p, n->code);
	Loop l = open_block(n, b, &c, from, &place);
	for (uint32_t i = 0, kept = n->kept; i <= n->last; i++) {
		const PlanStmt *s = n->loop->body.at[i];
		Split f;
		if (n->takes[i])
			VEC_PUSH(p->arena, &l.body.v, clone_stmt(&c, s));
		if (s->kind != PSTMT_CALL || !split_of(p, s, &f))
			continue;
		PlanExpr **args = ARENA_ARRAY(p->arena, PlanExpr *, s->nops);
		for (uint32_t k = 0; k < s->nops; k++) {
			args[k] = plan_emit_let(&l.body, f.func->locals[k].name, clone_expr(&c, s->op[k]));
			plan_emit_store(&l.body, kept++, 1, &place, args[k]);
		}
		const PlanExpr *size = f.test->op[0], *most = f.test->op[1];
		PlanExpr *far = size_of_number(p, most->type, most->value.f);
		uint32_t largest = plan_emit_var(&before, "largest", plan_int(p, far->type, 0));
		PlanExpr *here = plan_emit_let(&l.body, "size", size_of(p, args[size->op[0]->id]));
		plan_emit_set(&l.body, largest, larger(p, plan_local(p, n->code, largest), here));
		PlanExpr *near = plan_binary(p, PEXPR_LE, plan_local(p, n->code, largest), far);
		all = all ? plan_binary(p, PEXPR_AND, all, near) : near;
	}
	for (uint32_t i = 0; i < before.v.n; i++)
		VEC_PUSH(p->arena, &b->v, before.v.at[i]);
	close_loop(b, &l, whole(p, 0), whole(p, n->block), false);
	return all;
}

/* The loop over a block, with near in place of the calls. */
static void
emit_near(const Near *n, PlanEmit *b, PlanExpr *from)
{
	Plan *p = n->p;
	Clone c;
	PlanExpr *place;
	Loop l = open_block(n, b, &c, from, &place);
	for (uint32_t i = 0, kept = n->kept; i < n->loop->body.n; i++) {
		const PlanStmt *s = n->loop->body.at[i];
		Split f;
		if (s->kind != PSTMT_CALL || !split_of(p, s, &f)) {
			VEC_PUSH(p->arena, &l.body.v, clone_stmt(&c, s));
			continue;
		}
		PlanExpr **args = ARENA_ARRAY(p->arena, PlanExpr *, s->nops);
		for (uint32_t k = 0; k < s->nops; k++)
			args[k] = plan_emit_let(&l.body, f.func->locals[k].name, load1(p, kept++, place));
		PlanExpr *value = emit_slice(n, &l.body, &f, f.near, args);
		c.map[s->locals[0]] = plan_emit_let(&l.body, n->code->locals[s->locals[0]].name, value);
	}
	close_loop(b, &l, whole(p, 0), whole(p, n->block), true)->span = n->loop->span;
}

static void
emit_blocks(const Near *n, PlanEmit *b, PlanStmt *loop)
{
	Plan *p = n->p;
	uint32_t near = plan_emit_var(b, "near", plan_int(p, PT_BOOL, 1));
	uint32_t done = plan_emit_var(b, "done", loop->e);
	uint32_t q = plan_new_loop_local(b, "q");
	PlanExpr *from = plan_local(p, n->code, q), *is_near = plan_local(p, n->code, near);
	PlanEmit block = plan_emit(p, n->code), ask = block, all = block;
	plan_emit_set(&ask, near, emit_test(n, &ask, from));
	emit_near(n, &all, from);
	plan_emit_set(&all, done, plan_binary(p, PEXPR_ADD, from, whole(p, n->block)));
	plan_emit_if(&block, is_near, &ask, NULL);
	plan_emit_if(&block, is_near, &all, NULL);
	plan_emit_for(b, q, loop->e, plan_binary(p, PEXPR_SUB, loop->hi, whole(p, n->block - 1)), false, &block)->step = n->block;
	loop->e = plan_local(p, n->code, done);
	VEC_PUSH(p->arena, &b->v, loop);
}

static void
near_block(Near *n, PlanBlock *b)
{
	PlanEmit out = plan_emit(n->p, n->code);
	for (uint32_t i = 0; i < b->n; i++) {
		PlanStmt *s = b->at[i];
		near_block(n, &s->body);
		near_block(n, &s->other);
		if (!find(n, s)) {
			VEC_PUSH(n->p->arena, &out.v, s);
			continue;
		}
		plan_remark(n->p, "near", true, n->code, "blocks of neurons in which all that is given to %s is near 0 take the short form",
			    n->ncalls == 1 ? "a function" : "functions");
		n->block = block_for((int64_t)turns_of(n));
		add_kept(n);
		emit_blocks(n, &out, s);
	}
	*b = plan_freeze(&out);
}

static void
near_kernel(Plan *p, PlanCode *kernel)
{
	Near n = {.p = p, .code = kernel};
	near_block(&n, &kernel->body);
}

void
pass_near(Plan *p)
{
	each_kernel(p, near_kernel);
}
