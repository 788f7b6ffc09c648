/* whole: what no thread takes a part of need not ask which targets are its own.
 *
 * reads    the finished plan, behind `team`; kernels that every run takes as a whole, with targets of synapses, `let j = i64(target[e])`,
 *          that are compared with lo and hi
 * writes   such a kernel with range 1: 0 for lo, the range for hi, nothing for the comparisons. What is left of a loop along a row is a load
 *          and an addition for each synapse, of which the engines do several in a turn
 * keeps    every bit: a target is one of those that its object says there are (docs/plan-ir.md), and these are within the range
 * example  tests/opt/whole
 */
#include "opt/fold.h"
#include "opt/pass.h"
#include "opt/query.h"

enum { LO, HI };                                          /* the first locals of a kernel */

typedef struct {
	Plan *p;
	PlanCode *code;
	bool *within;                                     /* by local: from 0 to below the range */
	bool gone;                                        /* whether a comparison is */
} Whole;

/* ---- who is cut ------------------------------------------------------------------------------------------------ */

static void
mark_cut(PlanBlock b, bool *cut)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *s = b.at[i];
		if (s->kind == PSTMT_RUN && (s->share == SHARE_PARTS || s->share == SHARE_EVENTS))
			cut[s->id] = true;
		mark_cut(s->body, cut);
		mark_cut(s->other, cut);
	}
}

/* ---- what lies within the range --------------------------------------------------------------------------------- */

static bool
are_targets(const Plan *p, uint32_t buf, uint64_t range)
{
	for (uint32_t i = 0; i < p->objects.n; i++) {
		const PlanObject *o = &p->objects.at[i];
		if (o->kind == POBJ_SYNAPSES && o->bufs[1] == buf)
			return (uint64_t)o->nums[0] <= range;
	}
	return false;
}

static void
mark_within(Whole *w, PlanBlock b)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *s = b.at[i];
		const PlanExpr *from = s->kind == PSTMT_LET && s->e->kind == PEXPR_CAST ? s->e->op[0] : NULL;
		if (from && from->kind == PEXPR_LOAD && s->e->type == PT_I64)
			w->within[s->id] = are_targets(w->p, from->id, w->code->range);
		mark_within(w, s->body);
		mark_within(w, s->other);
	}
}

/* ---- what is left ------------------------------------------------------------------------------------------------- */

static PlanExpr *
without_bounds(Whole *w, PlanExpr *e)
{
	bool within = e->nops == 2 && e->op[0]->kind == PEXPR_LOCAL && w->within[e->op[0]->id];
	if (within && ((e->kind == PEXPR_GE && is_local(e->op[1], LO)) || (e->kind == PEXPR_LT && is_local(e->op[1], HI)))) {
		w->gone = true;
		return plan_int(w->p, PT_BOOL, 1);
	}
	if (e->kind != PEXPR_AND)
		return e;
	return plan_binary(w->p, PEXPR_AND, without_bounds(w, e->op[0]), without_bounds(w, e->op[1]));
}

static void
drop_bounds(Whole *w, PlanBlock b)
{
	for (uint32_t i = 0; i < b.n; i++) {
		PlanStmt *s = b.at[i];
		if (s->kind == PSTMT_IF)
			s->e = without_bounds(w, s->e);
		drop_bounds(w, s->body);
		drop_bounds(w, s->other);
	}
}

void
pass_whole(Plan *p)
{
	bool *cut = ARENA_ARRAY(p->arena, bool, p->codes.n + 1);
	for (uint32_t i = 0; i < p->codes.n; i++)
		mark_cut(p->codes.at[i]->body, cut);
	for (uint32_t i = 0; i < p->codes.n; i++) {
		PlanCode *k = p->codes.at[i];
		if (k->kind != CODE_KERNEL || cut[i])
			continue;
		Whole w = {.p = p, .code = k, .within = ARENA_ARRAY(p->arena, bool, k->nlocals + 1)};
		mark_within(&w, k->body);
		drop_bounds(&w, k->body);
		if (!w.gone)
			continue;
		fold_whole(p, k);
		k->range = 1;
		plan_remark(p, "whole", true, k, "no thread takes a part of it: targets are not compared with its bounds");
	}
}
