/* lower_stmt: model code as straight lines.
 *
 * Assigned states are mutable locals of the loop body. An `if` becomes selects (both sides are pure, so computing
 * them always is harmless and lets the loop be vectorised), unless a random draw or a sum stands inside: what is not
 * taken must not cost, so that one stays a branch.
 */
#include "base/panic.h"
#include "lower/lower_inner.h"

static bool
block_draws(NetBlock b)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const NetStmt *s = b.at[i];
		if (net_has_draw(s->e) || net_has_sum(s->e) || block_draws(s->body) || block_draws(s->other))
			return true;
	}
	return false;
}

static PlanExpr *
both(Scope *s, PlanExpr *a, PlanExpr *b)
{
	return a ? plan_binary(s->l->p, PEXPR_AND, a, b) : b;
}

static void
set_masked(Scope *s, uint32_t var, PlanExpr *old, PlanExpr *e, PlanExpr *mask)
{
	plan_emit_set(s->b, var, mask ? plan_ternary(s->l->p, PEXPR_SELECT, mask, e, old) : e);
}

static uint32_t
target_var(Scope *s, const NetExpr *t)
{
	switch (t->kind) {
	case NEXPR_STATE: return s->state_vars[t->index];
	case NEXPR_TRACE: return s->trace_var;
	case NEXPR_VALUE: return s->value_var;
	case NEXPR_INPUT: return s->input_var;
	default: UNREACHABLE();
	}
}

static PlanExpr *
updated(Lower *l, NetAssignOp op, PlanExpr *old, PlanExpr *e)
{
	switch (op) {
	case NSET: return e;
	case NADD: return plan_binary(l->p, PEXPR_ADD, old, e);
	case NSUB: return plan_binary(l->p, PEXPR_SUB, old, e);
	case NMUL: return plan_binary(l->p, PEXPR_MUL, old, e);
	case NDIV: return plan_binary(l->p, PEXPR_DIV, old, e);
	}
	UNREACHABLE();
}

static void
assign(Scope *s, const NetStmt *st, PlanExpr *mask)
{
	if (st->target->kind == NEXPR_STATE && s->layer != NET_NONE
	    && s->l->layers[s->layer].states[st->target->index] == NO_BUF)
		return;                                   /* nobody reads it */
	if (st->target->kind == NEXPR_STATE && s->change_vars && s->change_vars[st->target->index] != UINT32_MAX) {
		uint32_t change = s->change_vars[st->target->index];
		PlanExpr *sum = plan_local(s->l->p, s->b->code, change);
		set_masked(s, change, sum, updated(s->l, st->op, sum, low_expr(s, st->e)), mask);
		return;
	}
	if (st->target->kind == NEXPR_ELEMENT) {
		PlanExpr *at = low_expr(s, st->target);          /* a load: its indices are where to store */
		PlanExpr *old = low_keep(s->b, "old", at), *e = updated(s->l, st->op, old, low_expr(s, st->e));
		plan_emit_store(s->b, at->id, at->nops, at->op, mask ? plan_ternary(s->l->p, PEXPR_SELECT, mask, e, old) : e);
		return;
	}
	uint32_t var = target_var(s, st->target);
	ASSERT(var != UINT32_MAX);
	PlanExpr *old = plan_local(s->l->p, s->b->code, var);
	if (st->target->kind == NEXPR_STATE && old->type == PT_I32)      /* a count */
		set_masked(s, var, old, low_whole(s, st->e), mask);
	else
		set_masked(s, var, old, updated(s->l, st->op, old, low_expr(s, st->e)), mask);
}

static void
branch(Scope *s, const NetStmt *st, PlanExpr *mask)
{
	Plan *p = s->l->p;
	PlanExpr *c = low_expr(s, st->e);
	if (c->kind != PEXPR_CONST)                       /* kept even if it is a local: the branches may set that one */
		c = plan_emit_let(s->b, "on", c);
	if (!block_draws(st->body) && !block_draws(st->other)) {
		low_block(s, st->body, both(s, mask, c));
		if (st->other.n)
			low_block(s, st->other, both(s, mask, plan_unary(p, PEXPR_NOT, c)));
		return;
	}
	PlanEmit *outer = s->b;
	PlanEmit then = plan_emit(p, outer->code), otherwise = plan_emit(p, outer->code);
	s->b = &then;
	low_block(s, st->body, NULL);
	s->b = &otherwise;
	low_block(s, st->other, NULL);
	s->b = outer;
	plan_emit_if(outer, both(s, mask, c), &then, st->other.n ? &otherwise : NULL);
}

void
low_block(Scope *s, NetBlock body, PlanExpr *mask)
{
	Lower *l = s->l;
	for (uint32_t i = 0; i < body.n; i++) {
		const NetStmt *st = body.at[i];
		l->p->at = st->span;
		switch (st->kind) {
		case NSTMT_ASSIGN:
			assign(s, st, mask);
			continue;
		case NSTMT_LET: {
			const NetLocal *local = NULL;
			if (s->layer != NET_NONE)
				local = &l->net->layers.at[s->layer].step.locals.at[st->index];
			s->locals[st->index] = plan_emit_let(s->b, local ? local->name : "x", low_expr(s, st->e));
			continue;
		}
		case NSTMT_IF:
			branch(s, st, mask);
			continue;
		case NSTMT_SPIKE: {
			uint32_t var = s->spike_var;
			PlanExpr *old = plan_local(l->p, s->b->code, var);
			PlanExpr *v = st->e ? low_expr(s, st->e)
			              : old->type == PT_BOOL ? plan_int(l->p, PT_BOOL, 1) : low_real(l, 1);
			if (mask && old->type == PT_BOOL)
				plan_emit_set(s->b, var, plan_binary(l->p, PEXPR_OR, old, mask));
			else
				set_masked(s, var, old, v, mask);
			continue;
		}
		case NSTMT_KEEP_ONE:                      /* stands at the top of a step and ends a group; see lower_layer */
		case NSTMT_UNSET:
		case NSTMT_SYSTEM:                        /* solve has put statements in its place */
		case NSTMT_COUNT:
			break;
		}
		UNREACHABLE();
	}
	l->p->at = (Span){0, 0};
}
