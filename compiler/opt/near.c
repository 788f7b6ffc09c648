/* near: a function that is cheap near zero is cheap for a block of neurons which all are near.
 *
 * reads    the finished plan, behind `team`; a simd loop over neurons that calls a func of the form
 *              func f(x) { … ; return select(abs(x) <= k, near, far) }        k a constant, `far` by much the dearer
 *          such as exprel, by which exponential Euler steps: a vector takes both, and there far has a division
 * writes   the loop in blocks of BLOCK: what it gives to f is worked out first, and where none is far the block runs with
 *          `near` alone. Behind the first block that has a far one, the rest runs as it was, unasked: so who is always far pays for one
 * keeps    every bit: near is what the select would have given
 * example  tests/opt/near
 */
#include "opt/clone.h"
#include "opt/kernel.h"
#include "opt/pass.h"
#include "opt/query.h"

enum {
	BLOCK = 2048,                                     /* neurons, of which a few arrays stay in the first cache; whole vectors */
	FEW = 128,                                        /* turns that are not worth it */
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

static uint64_t
turns_of(const Near *n)
{
	const PlanExpr *lo = n->loop->e, *hi = n->loop->hi;
	if (is_local(lo, 0) && is_local(hi, 1))
		return n->code->range;
	return is_zero_index(lo) && hi->kind == PEXPR_CONST ? (uint64_t)hi->value.i : 0;
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
stays(const Near *n, const bool *takes)
{
	PlanBlock b = n->loop->body;
	for (uint32_t i = 0; i <= n->last; i++) {
		const PlanStmt *s = b.at[i];
		for (uint32_t k = 0; k < n->p->bufs.n && (takes[i] || s->kind == PSTMT_CALL); k++) {
			bool reads = takes[i] && expr_reads(s->e, k);
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
	if (!n->ncalls)
		return false;
	const bool *takes = needs(n);
	return takes && stays(n, takes);
}

/* ---- the loop in blocks ------------------------------------------------------------------------------------------------ */

/* The lets of a func that `e` needs; gives e. The parameters are worth args. */
static PlanExpr *
emit_slice(const Near *n, PlanEmit *b, const Split *f, const PlanExpr *e, PlanExpr *const *args)
{
	bool *needed = slice_of(n->p, f->func, e, NULL);
	Clone c = {.p = n->p, .code = n->code, .from = f->func, .n = f->func->nlocals};
	c.map = ARENA_ARRAY(n->p->arena, PlanExpr *, c.n);
	for (uint32_t k = 0; k < f->func->nparams; k++)
		c.map[k] = plan_emit_let(b, f->func->locals[k].name, args[k]);
	for (uint32_t i = 0; i + 1 < f->func->body.n; i++)
		if (needed[f->func->body.at[i]->id])
			VEC_PUSH(n->p->arena, &b->v, clone_stmt(&c, f->func->body.at[i]));
	return clone_expr(&c, e);
}

/* far: whether one of them is. A sum of bits, which C compilers and LLVM make a vector loop without a store. */
static void
emit_test(const Near *n, PlanEmit *b, uint32_t far, PlanExpr *from, PlanExpr *to)
{
	Plan *p = n->p;
	const bool *takes = needs(n);
	Loop l = open_loop(b, "j");
	Clone c = clone_open(p, n->code);
	c.map[n->loop->id] = l.i;
	PlanExpr *some = plan_local(p, n->code, far);
	for (uint32_t i = 0; i <= n->last; i++) {
		const PlanStmt *s = n->loop->body.at[i];
		Split f;
		if (takes[i])
			VEC_PUSH(p->arena, &l.body.v, clone_stmt(&c, s));
		if (s->kind != PSTMT_CALL || !split_of(p, s, &f))
			continue;
		PlanExpr **args = ARENA_ARRAY(p->arena, PlanExpr *, s->nops);
		for (uint32_t k = 0; k < s->nops; k++)
			args[k] = clone_expr(&c, s->op[k]);
		PlanExpr *test = emit_slice(n, &l.body, &f, f.test, args);
		some = plan_binary(p, PEXPR_OR, some, plan_ternary(p, PEXPR_SELECT, test, plan_int(p, PT_I32, 0), plan_int(p, PT_I32, 1)));
	}
	plan_emit_set(&l.body, far, some);
	close_loop(b, &l, from, to, false);
}

/* The loop over a block, with near in place of the calls. */
static void
emit_near(const Near *n, PlanEmit *b, PlanExpr *from, PlanExpr *to)
{
	Clone c = clone_open(n->p, n->code);
	PlanStmt *loop = clone_stmt(&c, n->loop);
	PlanEmit body = plan_emit(n->p, n->code);
	for (uint32_t i = 0; i < loop->body.n; i++) {
		PlanStmt *s = loop->body.at[i];
		Split f;
		if (s->kind == PSTMT_CALL && split_of(n->p, s, &f)) {
			PlanExpr *value = emit_slice(n, &body, &f, f.near, s->op);
			*s = (PlanStmt){.kind = PSTMT_LET, .span = s->span, .id = s->locals[0], .e = value};
		}
		VEC_PUSH(n->p->arena, &body.v, s);
	}
	loop->body = plan_freeze(&body);
	loop->e = from;
	loop->hi = to;
	VEC_PUSH(n->p->arena, &b->v, loop);
}

static void
emit_blocks(const Near *n, PlanEmit *b, PlanStmt *loop)
{
	Plan *p = n->p;
	uint32_t near = plan_emit_var(b, "near", plan_int(p, PT_BOOL, 1));
	uint32_t q = plan_new_loop_local(b, "q");
	PlanExpr *first = loop->e, *behind = loop->hi;
	PlanEmit block = plan_emit(p, n->code), ask = block, all = block, some = block;
	PlanExpr *from = plan_local(p, n->code, q), *next = plan_binary(p, PEXPR_ADD, from, whole(p, BLOCK));
	PlanExpr *to = plan_emit_let(&block, "end", smaller(p, next, behind));
	uint32_t far = plan_emit_var(&ask, "far", plan_int(p, PT_I32, 0));
	emit_test(n, &ask, far, from, to);
	plan_emit_set(&ask, near, plan_binary(p, PEXPR_EQ, plan_local(p, n->code, far), plan_int(p, PT_I32, 0)));
	plan_emit_if(&block, plan_local(p, n->code, near), &ask, NULL);
	emit_near(n, &all, from, to);
	loop->e = from;
	loop->hi = to;
	VEC_PUSH(p->arena, &some.v, loop);
	plan_emit_if(&block, plan_local(p, n->code, near), &all, &some);
	plan_emit_for(b, q, first, behind, false, &block)->step = BLOCK;
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
