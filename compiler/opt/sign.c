/* sign: whether what a buffer holds can be below zero.
 *
 * That it is not is assumed while the stores to it are looked at: what holds at the begin and is kept by every store holds. One store
 * that may break it breaks all, so nothing is remembered that was derived from an assumption that fails.
 */
#include "opt/sign.h"

#include "opt/query.h"

#include <string.h>

typedef struct {
	Plan *p;
	bool *buf;                                        /* assumed, or known, of a buffer … */
	const PlanCode *code;
	bool *local;                                      /* … and of a local of the code; NULL: its locals are unknown */
} Sign;

static bool block_keeps(Sign *s, PlanBlock b, uint32_t buf, uint32_t local);

static bool
local_keeps(Sign *s, uint32_t local)
{
	if (!s->local || local < 2)
		return false;
	if (s->local[local])
		return true;
	s->local[local] = true;
	return block_keeps(s, s->code->body, NO_ID, local);
}

static bool
buffer_keeps(Sign *s, uint32_t buf)
{
	const PlanBuf *b = &s->p->bufs.at[buf];
	if (b->type == PT_BOOL || (plan_type_is_int(b->type) && !plan_type_is_signed(b->type)) || s->buf[buf])
		return true;
	s->buf[buf] = true;
	if (b->role == ROLE_CONST) {
		for (uint64_t k = 0, n = plan_buf_count(b); k < n; k++)
			if (plan_type_is_float(b->type) ? !(b->data[k].f >= 0) : b->data[k].i < 0)
				return false;
		return true;
	}
	if (host_writes(s->p, buf))
		return false;
	for (uint32_t c = 0; c < s->p->codes.n; c++) {
		const PlanCode *code = s->p->codes.at[c];
		Sign in = {s->p, s->buf, code, ARENA_ARRAY(s->p->arena, bool, code->nlocals)};
		if (!block_keeps(&in, code->body, buf, NO_ID))
			return false;
	}
	return true;
}

static bool
is_above(const PlanExpr *test, const PlanExpr *e)
{
	const PlanExpr *than = test->op[1];
	if ((test->kind != PEXPR_GT && test->kind != PEXPR_GE) || than->kind != PEXPR_CONST || than->value.f < 0)
		return false;
	return same_expr(test->op[0], e);
}

static bool
expr_keeps(Sign *s, const PlanExpr *e)
{
	switch (e->kind) {
	case PEXPR_CONST:
		return e->type == PT_BOOL || (plan_type_is_float(e->type) ? e->value.f >= 0 : e->value.i >= 0);
	case PEXPR_LOCAL:
		return local_keeps(s, e->id);
	case PEXPR_LOAD:
		return buffer_keeps(s, e->id);
	case PEXPR_ABS: case PEXPR_MASK:
		return true;
	case PEXPR_SQRT: case PEXPR_FLOOR: case PEXPR_CEIL:
		return expr_keeps(s, e->op[0]);
	case PEXPR_CAST:
		return e->op[0]->type == PT_BOOL || expr_keeps(s, e->op[0]);
	case PEXPR_ADD: case PEXPR_MUL: case PEXPR_DIV:
		return plan_type_is_float(e->type) && expr_keeps(s, e->op[0]) && expr_keeps(s, e->op[1]);
	case PEXPR_FMA:
		return expr_keeps(s, e->op[0]) && expr_keeps(s, e->op[1]) && expr_keeps(s, e->op[2]);
	case PEXPR_SELECT:
		return (is_above(e->op[0], e->op[1]) || expr_keeps(s, e->op[1])) && expr_keeps(s, e->op[2]);
	default:
		return e->type == PT_BOOL;
	}
}

/* All that is stored to a buffer, or all that a local is. */
static bool
block_keeps(Sign *s, PlanBlock b, uint32_t buf, uint32_t local)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *t = b.at[i];
		bool is = t->kind == PSTMT_LET || t->kind == PSTMT_VAR || t->kind == PSTMT_SET;
		if (((t->kind == PSTMT_STORE && t->id == buf) || (is && t->id == local)) && !expr_keeps(s, t->e))
			return false;
		if (t->kind == PSTMT_FOR && t->id == local && !expr_keeps(s, t->e))
			return false;
		for (uint32_t k = 0; k < t->nlocals; k++)
			if (t->locals[k] == local)        /* what a call gives */
				return false;
		bool writes = t->kind == PSTMT_HOST && strcmp(plan_host_fns[t->id].name, "record");
		for (uint32_t k = 0; k < t->nargs && writes; k++)
			if (t->args[k].address && t->args[k].e->id == buf)
				return false;
		if (!block_keeps(s, t->body, buf, local) || !block_keeps(s, t->other, buf, local))
			return false;
	}
	return true;
}

bool
buffer_is_never_negative(Plan *p, uint32_t buf)
{
	Sign s = {.p = p, .buf = ARENA_ARRAY(p->arena, bool, p->bufs.n)};
	return buffer_keeps(&s, buf);
}

bool
is_never_negative(Plan *p, const PlanExpr *e)
{
	Sign s = {.p = p, .buf = ARENA_ARRAY(p->arena, bool, p->bufs.n)};
	return expr_keeps(&s, e);
}
