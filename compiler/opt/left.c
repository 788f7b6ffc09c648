/* left: how many steps the run has left, for passes that look ahead. */
#include "opt/left.h"
#include "opt/kernel.h"

typedef struct { Plan *p; PlanCode *code; uint32_t step, left; } Weave;

/* A loop of steps alone knows, others have one. */
static void
weave_runs(Weave *w, PlanBlock *b, const PlanStmt *loop)
{
	Plan *p = w->p;
	PlanEmit out = plan_emit(p, w->code);
	for (uint32_t k = 0; k < b->n; k++) {
		PlanStmt *s = b->at[k];
		bool plain = s->kind == PSTMT_FOR && s->step == 1 && s->body.n == 1 && takes_steps(s->body, w->step);
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
	static const char name[] = "left in run";      /* no name of a program has spaces */
	uint32_t known = plan_find_buf(p, name);
	if (known != UINT32_MAX)
		return known;
	uint32_t left = plan_add_buf(p, name, PT_I64, ROLE_DERIVED, 0, NULL);
	for (uint32_t c = 0; c < p->codes.n; c++) {
		Weave w = {p, p->codes.at[c], step, left};
		if (w.code->kind == CODE_PROC && c != step)
			weave_runs(&w, &w.code->body, NULL);
	}
	return left;
}
