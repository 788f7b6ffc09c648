/* emit_c_negate: negations that gcc gets wrong.
 *
 * With FMA instructions gcc turns -fma(a, b, c) into one that computes -(a * b) - c. Where a * b +
 * c is exactly zero the first is -0 and the second +0 (gcc 12; it asks for the rounding mode, not
 * for signed zeros). It sees through locals, inlined calls, and whatever it knows to be a
 * negation, x * -1 for one. So where the operand may be what an fma gave, the sign bit is turned
 * by hand.
 */
#include "emit_c/emit_c_inner.h"

#include <math.h>

static bool
is_const(const PlanExpr *e)
{
	return e->kind == PEXPR_CONST;
}

/* Whether the value may, after simplification, be the very result of an fma. A sum or product
 * with a constant may vanish (x * 1, x - 0). */
static bool
may_be_fma(const CEmit *c, const PlanExpr *e)
{
	switch (e->kind) {
	case PEXPR_FMA:
		return true;
	case PEXPR_LOCAL:
		return c->info->fused[e->id];
	case PEXPR_SELECT:
		return may_be_fma(c, e->op[1]) || may_be_fma(c, e->op[2]);
	case PEXPR_BITS:
		return true;
	case PEXPR_ADD:
	case PEXPR_SUB:
	case PEXPR_MUL:
	case PEXPR_DIV:
		return (is_const(e->op[1]) && may_be_fma(c, e->op[0])) ||
		       (is_const(e->op[0]) && may_be_fma(c, e->op[1]));
	default:
		return false;
	}
}

static bool
is_value(const PlanExpr *e, double v)
{
	return is_const(e) && e->value.f == v && signbit(e->value.f) == signbit(v);
}

/* The operand, if e is a negation in any guise. */
static const PlanExpr *
negated_operand(const PlanExpr *e)
{
	if (!plan_type_is_float(e->type))
		return NULL;
	if (e->kind == PEXPR_NEG)
		return e->op[0];
	if ((e->kind == PEXPR_MUL || e->kind == PEXPR_DIV) && is_value(e->op[1], -1))
		return e->op[0];
	if ((e->kind == PEXPR_MUL && is_value(e->op[0], -1)) ||
	    (e->kind == PEXPR_SUB && is_value(e->op[0], -0.0)))
		return e->op[1];
	return NULL;
}

const PlanExpr *
c_risky_negation(const CEmit *c, const PlanExpr *e)
{
	const PlanExpr *x = c->fma ? negated_operand(e) : NULL;
	return x && may_be_fma(c, x) ? x : NULL;
}

/* ---- which locals may hold the result of an fma ---------------------------------------------- */

static bool
mark(CEmit *c, uint32_t local, bool fused)
{
	bool news = fused && !c->info->fused[local];
	c->info->fused[local] |= fused;
	return news;
}

static bool
mark_block(CEmit *c, const PlanBlock *b)
{
	bool news = false;
	for (uint32_t i = 0; i < b->n; i++) {
		const PlanStmt *s = b->at[i];
		if (s->kind == PSTMT_LET || s->kind == PSTMT_VAR || s->kind == PSTMT_SET)
			news |= mark(c, s->id, may_be_fma(c, s->e));
		for (uint32_t k = 0; s->kind == PSTMT_CALL && k < s->nlocals; k++)
			news |= mark(c, s->locals[k], true);
		news |= mark_block(c, &s->body);
		news |= mark_block(c, &s->other);
	}
	return news;
}

/* ---- whether the file needs the helpers ------------------------------------------------------ */

static void
note_expr(CEmit *c, const PlanExpr *e)
{
	if (c_risky_negation(c, e))
		c->helpers |= e->type == PT_F64 ? HELPER_NEGATED_F64 : HELPER_NEGATED_F32;
	for (uint32_t i = 0; i < e->nops; i++)
		note_expr(c, e->op[i]);
}

static void
note_block(CEmit *c, const PlanBlock *b)
{
	for (uint32_t i = 0; i < b->n; i++) {
		const PlanStmt *s = b->at[i];
		if (!c_stmt_live(c, s))
			continue;
		if (s->e)
			note_expr(c, s->e);
		if (s->hi)
			note_expr(c, s->hi);
		for (uint32_t k = 0; k < s->nops; k++)
			note_expr(c, s->op[k]);
		for (uint32_t k = 0; k < s->nargs; k++)
			note_expr(c, s->args[k].e);
		note_block(c, &s->body);
		note_block(c, &s->other);
	}
}

void
c_scan_negations(CEmit *c)
{
	for (uint32_t i = 0; c->fma && i < c->plan->codes.n; i++) {
		c->code = c->plan->codes.at[i];
		c->info = &c->infos[i];
		if (!c->info->used)
			continue;
		c->info->fused = ARENA_ARRAY(c->arena, bool, c->code->nlocals + 1);
		for (uint32_t k = 0; k < c->code->nparams; k++)
			c->info->fused[k] = c->code->kind == CODE_FUNC;
		while (mark_block(c, &c->code->body))
			continue;
		note_block(c, &c->code->body);
	}
}
