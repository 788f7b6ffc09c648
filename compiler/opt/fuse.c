/* fuse: neighbouring loops over the same range become one.
 *
 * reads    plan after fold
 * writes   two `for` loops, one right behind the other, with the same bounds and step, both of independent turns (simd),
 *          become one, so that what the first stores is still in a register or in L1 when the second reads it
 * keeps    every bit: fused only if each buffer that one of them stores and the other touches is indexed by both with the
 *          loop's own variable and otherwise equal indices, so that turn k of the second depends on turn k of the first alone
 * example  tests/opt/fuse
 */
#include "base/panic.h"
#include "opt/pass.h"
#include "opt/query.h"

#include <string.h>

typedef struct { uint32_t buf; PlanExpr *const *index; uint32_t n; bool store; } Access;
typedef VEC(Access) AccessVec;

typedef struct { Plan *p; PlanCode *code; } Fuse;

static void
access_expr(Plan *p, AccessVec *v, const PlanExpr *e)
{
	if (!e)
		return;
	if (e->kind == PEXPR_LOAD)
		VEC_PUSH(p->arena, v, (Access){e->id, e->op, e->nops, false});
	if (e->kind == PEXPR_MASK)                        /* of many elements: no turn's own */
		VEC_PUSH(p->arena, v, (Access){e->id, NULL, 0, false});
	for (uint32_t k = 0; k < e->nops; k++)
		access_expr(p, v, e->op[k]);
}

/* False where something else than loads, stores and arithmetic happens. */
static bool
access_block(Plan *p, AccessVec *v, PlanBlock b)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *s = b.at[i];
		if (s->kind == PSTMT_HOST || s->kind == PSTMT_RUN || s->kind == PSTMT_DO)
			return false;
		access_expr(p, v, s->e);
		access_expr(p, v, s->hi);
		for (uint32_t k = 0; k < s->nops; k++)
			access_expr(p, v, s->op[k]);
		if (s->kind == PSTMT_STORE)
			VEC_PUSH(p->arena, v, (Access){s->id, s->op, s->nops, true});
		if (!access_block(p, v, s->body) || !access_block(p, v, s->other))
			return false;
	}
	return true;
}

/* The same value in every turn of both loops: constants and locals declared outside, or the loop variables. */
static bool
same_index(const PlanExpr *a, const PlanExpr *b, uint32_t loop_a, uint32_t loop_b, bool *by_loop)
{
	if (a->kind == PEXPR_LOCAL && b->kind == PEXPR_LOCAL) {
		if (a->id == loop_a && b->id == loop_b) {
			*by_loop = true;
			return true;
		}
		return a->id == b->id && a->id != loop_a && a->id != loop_b;
	}
	return a->kind == PEXPR_CONST && b->kind == PEXPR_CONST && a->value.i == b->value.i;
}

static bool
turn_by_turn(const Access *a, const Access *b, uint32_t loop_a, uint32_t loop_b)
{
	bool by_loop = false;
	for (uint32_t k = 0; k < a->n; k++)
		if (!same_index(a->index[k], b->index[k], loop_a, loop_b, &by_loop))
			return false;
	return by_loop;
}

static bool
same_bound(const PlanExpr *a, const PlanExpr *b)
{
	if (a->kind != b->kind)
		return false;
	return a->kind == PEXPR_CONST ? a->value.i == b->value.i : a->kind == PEXPR_LOCAL && a->id == b->id;
}

static bool
fusible(Fuse *f, const PlanStmt *a, const PlanStmt *b)
{
	if (a->kind != PSTMT_FOR || b->kind != PSTMT_FOR || !a->simd || !b->simd || a->step != b->step)
		return false;
	if (!same_bound(a->e, b->e) || !same_bound(a->hi, b->hi))
		return false;
	AccessVec va = {0}, vb = {0};
	if (!access_block(f->p, &va, a->body) || !access_block(f->p, &vb, b->body))
		return false;
	for (uint32_t i = 0; i < va.n; i++)
		for (uint32_t j = 0; j < vb.n; j++) {
			const Access *x = &va.at[i], *y = &vb.at[j];
			if (x->buf == y->buf && (x->store || y->store) && !turn_by_turn(x, y, a->id, b->id))
				return false;
		}
	return true;
}

static void
rename_expr(Fuse *f, PlanExpr **e, uint32_t from, uint32_t to)
{
	if (!*e)
		return;
	PlanExpr *copy = arena_copy(f->p->arena, *e, sizeof **e);
	if (copy->kind == PEXPR_LOCAL && copy->id == from)
		copy->id = to;
	for (uint32_t k = 0; k < copy->nops; k++)
		rename_expr(f, &copy->op[k], from, to);
	*e = copy;
}

static void
rename_block(Fuse *f, PlanBlock b, uint32_t from, uint32_t to)
{
	for (uint32_t i = 0; i < b.n; i++) {
		PlanStmt *s = b.at[i];
		rename_expr(f, &s->e, from, to);
		rename_expr(f, &s->hi, from, to);
		for (uint32_t k = 0; k < s->nops; k++)
			rename_expr(f, &s->op[k], from, to);
		rename_block(f, s->body, from, to);
		rename_block(f, s->other, from, to);
	}
}

static void
join(Fuse *f, PlanStmt *a, PlanStmt *b)
{
	plan_remark(f->p, "fuse", true, f->code, "neighbouring loops over the same range are one: what one leaves in a register the next one takes");
	rename_block(f, b->body, b->id, a->id);
	PlanStmt **all = ARENA_ARRAY(f->p->arena, PlanStmt *, a->body.n + b->body.n);
	memcpy(all, a->body.at, sizeof *all * a->body.n);
	memcpy(all + a->body.n, b->body.at, sizeof *all * b->body.n);
	a->body = (PlanBlock){all, a->body.n + b->body.n};
}

static void
fuse_block(Fuse *f, PlanBlock *b)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < b->n; i++) {
		PlanStmt *s = b->at[i];
		if (n && fusible(f, b->at[n - 1], s))
			join(f, b->at[n - 1], s);
		else
			b->at[n++] = s;
	}
	b->n = n;
	for (uint32_t i = 0; i < n; i++) {
		fuse_block(f, &b->at[i]->body);
		fuse_block(f, &b->at[i]->other);
	}
}

static void
fuse_kernel(Plan *p, PlanCode *kernel)
{
	Fuse f = {.p = p, .code = kernel};
	fuse_block(&f, &kernel->body);
}

void
pass_fuse(Plan *p)
{
	each_kernel(p, fuse_kernel);
}
