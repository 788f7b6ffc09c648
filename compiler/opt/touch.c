/* touch: what blocks read and write. */
#include "opt/touch.h"

static void
touch_expr(Plan *p, TouchVec *v, const PlanExpr *e)
{
	if (!e)
		return;
	if (e->kind == PEXPR_LOAD)
		VEC_PUSH(p->arena, v, (Touch){e->id, e->op, e->nops, false});
	if (e->kind == PEXPR_MASK)                        /* of many elements: no turn's own */
		VEC_PUSH(p->arena, v, (Touch){e->id, NULL, 0, false});
	for (uint32_t k = 0; k < e->nops; k++)
		touch_expr(p, v, e->op[k]);
}

bool
touch_block(Plan *p, TouchVec *v, PlanBlock b)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *s = b.at[i];
		if (s->kind == PSTMT_HOST || s->kind == PSTMT_RUN || s->kind == PSTMT_DO)
			return false;
		touch_expr(p, v, s->e);
		touch_expr(p, v, s->hi);
		for (uint32_t k = 0; k < s->nops; k++)
			touch_expr(p, v, s->op[k]);
		if (s->kind == PSTMT_STORE)
			VEC_PUSH(p->arena, v, (Touch){s->id, s->op, s->nops, true});
		if (!touch_block(p, v, s->body) || !touch_block(p, v, s->other))
			return false;
	}
	return true;
}

bool
touch_other_buffers(Plan *p, PlanBlock a, PlanBlock b)
{
	TouchVec va = {0}, vb = {0};
	if (!touch_block(p, &va, a) || !touch_block(p, &vb, b))
		return false;
	for (uint32_t i = 0; i < va.n; i++)
		for (uint32_t j = 0; j < vb.n; j++)
			if (va.at[i].buf == vb.at[j].buf && (va.at[i].store || vb.at[j].store))
				return false;
	return true;
}

/* ---- locals ------------------------------------------------------------------------------ */

typedef struct { bool *reads, *declares, *sets; } Locals;

static void
locals_expr(Locals *l, const PlanExpr *e)
{
	if (!e)
		return;
	if (e->kind == PEXPR_LOCAL)
		l->reads[e->id] = true;
	for (uint32_t k = 0; k < e->nops; k++)
		locals_expr(l, e->op[k]);
}

static void
locals_block(Locals *l, PlanBlock b)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *s = b.at[i];
		locals_expr(l, s->e);
		locals_expr(l, s->hi);
		for (uint32_t k = 0; k < s->nops; k++)
			locals_expr(l, s->op[k]);
		for (uint32_t k = 0; k < s->nargs; k++)
			locals_expr(l, s->args[k].e);
		for (uint32_t k = 0; k < s->nlocals; k++)
			l->declares[s->locals[k]] = true;
		if (s->kind == PSTMT_LET || s->kind == PSTMT_VAR || s->kind == PSTMT_FOR)
			l->declares[s->id] = true;
		if (s->kind == PSTMT_SET)
			l->sets[s->id] = true;
		locals_block(l, s->body);
		locals_block(l, s->other);
	}
}

static Locals
locals_of(Arena *a, const PlanCode *code, PlanBlock b)
{
	Locals l = {ARENA_ARRAY(a, bool, code->nlocals), ARENA_ARRAY(a, bool, code->nlocals), ARENA_ARRAY(a, bool, code->nlocals)};
	locals_block(&l, b);
	return l;
}

bool
touch_apart(Plan *p, const PlanCode *code, PlanBlock a, PlanBlock b)
{
	if (!touch_other_buffers(p, a, b))
		return false;
	Locals la = locals_of(p->arena, code, a), lb = locals_of(p->arena, code, b);
	for (uint32_t k = 0; k < code->nlocals; k++) {
		bool a_changes = la.declares[k] || la.sets[k], b_changes = lb.declares[k] || lb.sets[k];
		if ((a_changes && (lb.reads[k] || b_changes)) || (b_changes && la.reads[k]))
			return false;
	}
	return true;
}

bool
sets_outside(Plan *p, const PlanCode *code, PlanBlock b)
{
	Locals l = locals_of(p->arena, code, b);
	for (uint32_t k = 0; k < code->nlocals; k++)
		if (l.sets[k] && !l.declares[k])
			return true;
	return false;
}
