/* fuse: loops over the same range become one.
 *
 * reads    plan after merge
 * writes   two `for` loops with the same bounds and step become one, so that what the first stores is still in a register or
 *          in L1 when the second reads it: loops of independent turns (simd), and nests over constant ranges that share an
 *          array (the rows of a matrix). Statements between them that neither depends on step aside. Branches of
 *          the same scalar (`if learning[]`) become one, so that their loops meet
 * keeps    every bit: fused only if each buffer that one of them stores and the other touches is indexed by both with the
 *          loop's own variable on the same axis, so that turn k of the second depends on turn k of the first alone
 * example  tests/opt/fuse
 */
#include "opt/fuse.h"

#include "base/panic.h"
#include "opt/pass.h"
#include "opt/query.h"
#include "opt/touch.h"

#include <string.h>

enum { FAR = 8 };                                 /* statements that may step aside */

typedef struct { Plan *p; PlanCode *code; } Fuse;

/* Both touch only what their own turn's variable picks, on the same axis. */
static bool
turn_by_turn(const Touch *a, const Touch *b, uint32_t loop_a, uint32_t loop_b)
{
	for (uint32_t k = 0; k < a->n && k < b->n; k++)
		if (is_local(a->index[k], loop_a) && is_local(b->index[k], loop_b))
			return true;
	return false;
}

static bool
same_bound(const PlanExpr *a, const PlanExpr *b)
{
	if (a->kind != b->kind)
		return false;
	return a->kind == PEXPR_CONST ? a->value.i == b->value.i : a->kind == PEXPR_LOCAL && a->id == b->id;
}

static bool
is_constant_nest(const PlanStmt *s)
{
	return s->e->kind == PEXPR_CONST && s->hi->kind == PEXPR_CONST && s->body.n && s->body.at[s->body.n - 1]->kind == PSTMT_FOR;
}

static bool
fusible(Fuse *f, const PlanStmt *a, const PlanStmt *b)
{
	if (a->kind != PSTMT_FOR || b->kind != PSTMT_FOR || a->simd != b->simd || a->step != b->step)
		return false;
	if (!same_bound(a->e, b->e) || !same_bound(a->hi, b->hi))
		return false;
	if (!a->simd && (!is_constant_nest(a) || !is_constant_nest(b) || sets_outside(f->p, f->code, a->body) ||
	                 sets_outside(f->p, f->code, b->body)))
		return false;
	TouchVec va = {0}, vb = {0};
	if (!touch_block(f->p, &va, a->body) || !touch_block(f->p, &vb, b->body))
		return false;
	bool shared = a->simd;
	for (uint32_t i = 0; i < va.n; i++)
		for (uint32_t j = 0; j < vb.n; j++) {
			const Touch *x = &va.at[i], *y = &vb.at[j];
			if (x->buf != y->buf)
				continue;
			bool own = turn_by_turn(x, y, a->id, b->id);
			shared = shared || own;
			if ((x->store || y->store) && !own)
				return false;
		}
	return shared;
}

/* `if x[] { … }` without an else. */
static bool
is_scalar_branch(const PlanStmt *s)
{
	return s->kind == PSTMT_IF && is_scalar_load(s->e) && !s->other.n;
}

static bool
same_branch(const PlanStmt *a, const PlanStmt *b)
{
	return is_scalar_branch(a) && is_scalar_branch(b) && a->e->id == b->e->id && !block_stores(a->body, a->e->id);
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
append(Fuse *f, PlanStmt *a, const PlanStmt *b)
{
	PlanStmt **all = ARENA_ARRAY(f->p->arena, PlanStmt *, a->body.n + b->body.n);
	memcpy(all, a->body.at, sizeof *all * a->body.n);
	memcpy(all + a->body.n, b->body.at, sizeof *all * b->body.n);
	a->body = (PlanBlock){all, a->body.n + b->body.n};
}

static void
join(Fuse *f, PlanStmt *a, PlanStmt *b)
{
	if (a->kind == PSTMT_FOR) {
		plan_remark(f->p, "fuse", true, f->code, "loops over the same range are one: what one leaves in a register the next one takes");
		rename_block(f, b->body, b->id, a->id);
	}
	append(f, a, b);
}

static bool
may_join(Fuse *f, const PlanStmt *a, const PlanStmt *b)
{
	return same_branch(a, b) || fusible(f, a, b);
}

/* Whether s may change places with all of at[from .. to). */
static bool
steps_past(Fuse *f, PlanStmt *s, PlanStmt **at, uint32_t from, uint32_t to)
{
	for (uint32_t k = from; k < to; k++)
		if (!touch_apart(f->p, f->code, (PlanBlock){&s, 1}, (PlanBlock){&at[k], 1}))
			return false;
	return true;
}

/* Whether two loops have something to hand on. */
static bool
meet(Fuse *f, const PlanStmt *a, const PlanStmt *b)
{
	TouchVec va = {0}, vb = {0};
	touch_block(f->p, &va, a->body);
	touch_block(f->p, &vb, b->body);
	for (uint32_t i = 0; i < va.n; i++)
		for (uint32_t j = 0; j < vb.n; j++)
			if (va.at[i].buf == vb.at[j].buf)
				return true;
	return false;
}

/* Joins s to one of at[0 .. n), which comes down to where s stands, or s goes up to it. */
static bool
join_earlier(Fuse *f, PlanStmt *s, PlanStmt **at, uint32_t n)
{
	for (uint32_t back = 1; back <= n && back <= FAR; back++) {
		uint32_t k = n - back;
		PlanStmt *a = at[k];
		if (!may_join(f, a, s) || (back > 1 && a->kind == PSTMT_FOR && !meet(f, a, s)))
			continue;
		bool down = steps_past(f, a, at, k + 1, n);
		if (!down && !steps_past(f, s, at, k + 1, n))
			continue;
		if (down) {
			memmove(at + k, at + k + 1, sizeof *at * (n - k - 1));
			at[n - 1] = a;
		}
		join(f, a, s);
		return true;
	}
	return false;
}

static void
fuse_block(Fuse *f, PlanBlock *b)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < b->n; i++) {
		PlanStmt *s = b->at[i];
		if (!join_earlier(f, s, b->at, n))
			b->at[n++] = s;
	}
	b->n = n;
	for (uint32_t i = 0; i < n; i++) {
		fuse_block(f, &b->at[i]->body);
		fuse_block(f, &b->at[i]->other);
	}
}

bool
fuse_hands_on(Plan *p, const PlanStmt *a, const PlanStmt *b)
{
	Fuse f = {.p = p};                                /* of loops over all, none asks for the code */
	if (!is_whole(a) || !is_whole(b) || !fusible(&f, a, b))
		return false;
	TouchVec va = {0};
	touch_block(p, &va, a->body);
	for (uint32_t i = 0; i < va.n; i++)
		if (va.at[i].store && block_reads(b->body, va.at[i].buf))
			return true;
	return false;
}

void
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
