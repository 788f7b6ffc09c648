/* left: how many steps the run has left, for passes that look ahead. */
#include "opt/left.h"
#include "opt/kernel.h"

static const char left_name[] = "left in run";          /* no name of a program has spaces */

typedef struct { Plan *p; PlanCode *code; uint32_t step, left; } Weave;

bool
is_run_of_steps(const PlanStmt *s, uint32_t step)
{
	bool one = s->kind == PSTMT_FOR && s->hi->kind == PEXPR_CONST && s->hi->value.i <= 1;
	return s->kind == PSTMT_FOR && !one && s->step == 1 && s->body.n == 1 && takes_steps(s->body, step);
}

static bool
block_has_run(PlanBlock b, uint32_t step)
{
	for (uint32_t k = 0; k < b.n; k++)
		if (is_run_of_steps(b.at[k], step) || block_has_run(b.at[k]->body, step) || block_has_run(b.at[k]->other, step))
			return true;
	return false;
}

bool
has_run_of_steps(const Plan *p, uint32_t step)
{
	for (uint32_t c = 0; c < p->codes.n; c++)
		if (p->codes.at[c]->kind == CODE_PROC && c != step && block_has_run(p->codes.at[c]->body, step))
			return true;
	return false;
}

bool
may_have_left(const Plan *p, uint32_t step)
{
	return plan_find_buf(p, left_name) != UINT32_MAX || has_run_of_steps(p, step);
}

/* A loop of steps alone knows, others have one. */
static void
weave_runs(Weave *w, PlanBlock *b, const PlanStmt *loop)
{
	Plan *p = w->p;
	PlanEmit out = plan_emit(p, w->code);
	for (uint32_t k = 0; k < b->n; k++) {
		PlanStmt *s = b->at[k];
		bool plain = is_run_of_steps(s, w->step);
		if (plain && s->hi->kind != PEXPR_CONST)
			s->hi = plan_emit_let(&out, "end", s->hi);
		weave_runs(w, &s->body, plain ? s : NULL);
		weave_runs(w, &s->other, NULL);
		if (s->kind == PSTMT_DO && s->id == w->step)
			plan_emit_store(&out, w->left, 0, NULL,
			                loop ? plan_binary(p, PEXPR_SUB, loop->hi, plan_local(p, w->code, loop->id)) : whole(p, 1));
		VEC_PUSH(p->arena, &out.v, s);
	}
	*b = plan_freeze(&out);
}

uint32_t
steps_left(Plan *p, uint32_t step)
{
	uint32_t known = plan_find_buf(p, left_name);
	if (known != UINT32_MAX)
		return known;
	uint32_t left = plan_add_buf(p, left_name, PT_I64, ROLE_DERIVED, 0, NULL);
	for (uint32_t c = 0; c < p->codes.n; c++) {
		Weave w = {p, p->codes.at[c], step, left};
		if (w.code->kind == CODE_PROC && c != step)
			weave_runs(&w, &w.code->body, NULL);
	}
	return left;
}
