/* lower_resume: how a program goes on in the middle of its protocol.
 *
 * A checkpoint is taken at the end of a step, or at a `save`. These places have numbers in the order of the text, and `place` holds
 * that of the run (or save) where the program stands; each loop around a place keeps its turn. A resumed program finds all buffers
 * as they were, and `resuming` set: it passes over what stands before the place, enters loops at the turn that was kept and the
 * branches that hold the place, and the run goes on with the step that follows. There `resuming` ends.
 */
#include "lower/lower_inner.h"

static bool
is_place(const NetProto *s)
{
	return s->kind == NPROTO_RUN || (s->kind == NPROTO_SAVE && s->var.kind == NVAR_UNSET);
}

uint32_t
low_places(const NetProto *s)
{
	return is_place(s) + low_places_in(&s->body) + low_places_in(&s->other);
}

uint32_t
low_places_in(const NetProtocol *p)
{
	uint32_t n = 0;
	for (uint32_t k = 0; k < p->n; k++)
		n += low_places(p->at[k]);
	return n;
}

void
low_resume_buffers(Lower *l)
{
	l->resuming = plan_add_buf(l->p, "resuming", PT_BOOL, ROLE_DERIVED, 0, NULL);
	l->place = plan_add_buf(l->p, "place", PT_I64, ROLE_DERIVED, 0, NULL);
	l->began = plan_add_buf(l->p, "began", PT_U64, ROLE_DERIVED, 0, NULL);
	l->steps = NO_BUF;
}

static PlanExpr *
resuming(Lower *l)
{
	return low_load(l, l->resuming, 0);
}

static PlanExpr *
goes_on(Lower *l)
{
	return plan_unary(l->p, PEXPR_NOT, resuming(l));
}

void
low_unless_resuming(Lower *l, PlanEmit *b, bool guarded, PlanEmit *done)
{
	if (guarded && done->v.n)
		plan_emit_if(b, goes_on(l), done, NULL);
	for (uint32_t k = 0; !guarded && k < done->v.n; k++)
		VEC_PUSH(l->a, &b->v, done->v.at[k]);
}

static PlanExpr *
stood(Lower *l, PlanExprKind how, uint32_t place)
{
	return plan_binary(l->p, how, low_load(l, l->place, 0), low_i64(l, place));
}

PlanExpr *
low_stood_before(Lower *l, PlanExpr *otherwise, uint32_t place)
{
	return plan_ternary(l->p, PEXPR_SELECT, resuming(l), stood(l, PEXPR_LT, place), otherwise);
}

PlanExpr *
low_stood_in(Lower *l, uint32_t first, uint32_t n)
{
	PlanExpr *there = n == 1 ? stood(l, PEXPR_EQ, first)
	                         : plan_binary(l->p, PEXPR_AND, stood(l, PEXPR_GE, first), stood(l, PEXPR_LT, first + n));
	return plan_binary(l->p, PEXPR_OR, goes_on(l), there);
}

static void
stand_here(Lower *l, PlanEmit *b)
{
	low_store(b, l->place, low_i64(l, l->places++), 0);
}

PlanExpr *
low_run_begins(Lower *l, PlanEmit *b, PlanEmit *begins)
{
	Plan *p = l->p;
	stand_here(l, begins);
	low_store(begins, l->began, low_load(l, l->step, 0), 0);
	plan_emit_if(b, goes_on(l), begins, NULL);
	PlanExpr *done = plan_binary(p, PEXPR_SUB, low_load(l, l->step, 0), low_load(l, l->began, 0));
	return plan_cast(p, PT_I64, done);                /* 0 where it begins */
}

void
low_save_here(Lower *l, PlanEmit *b, PlanArg object)
{
	PlanEmit here = plan_emit(l->p, b->code), past = here;
	stand_here(l, &here);
	low_host(l, &here, "save", 1, &object);
	low_store(&past, l->resuming, plan_int(l->p, PT_BOOL, 0), 0);
	plan_emit_if(b, resuming(l), &past, &here);
}
