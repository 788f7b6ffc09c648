/* late: where spikes need several steps until they arrive, neurons take as many at once, and what they sent is delivered behind.
 *
 * reads    plan after all other passes; a step of kernels and records alone, in which every loop over a list of spikes adds to slots that
 *          are not looked at for some steps, and all else touches only what belongs to its own turns, or makes such lists
 * writes   a step that does `until` steps: first the list that was left is delivered; then some hundred neurons at a time take all these
 *          steps, so that their states stay in the first cache; their spikes are kept by step, lists are made of them, and all but the
 *          last are delivered, in the order of the steps; then come the records. Loops of steps alone go on by blocks, of as many as the
 *          shortest delay has; all others have one
 * keeps    every bit: a slot gets the same additions in the same order, behind the step that emptied it and before the one that reads it.
 *          When a block ends all states are those of its last step, with that step's list still to be delivered, so a run may end or be saved
 * example  tests/opt/late
 */
#include "opt/late.h"
#include "opt/clone.h"
#include "opt/kernel.h"
#include "opt/left.h"
#include "opt/pass.h"

/* ---- the step --------------------------------------------------------------------------------------------------------------- */

/* Addresses of what is kept of each step. */
static void
keep_args(const Late *l, PlanBlock b, PlanExpr *t)
{
	for (uint32_t i = 0; i < b.n; i++) {
		PlanStmt *s = b.at[i];
		for (uint32_t k = 0; k < s->nargs; k++) {
			PlanExpr *e = s->args[k].e;
			if (!s->args[k].address || l->kept[e->id] == NO_ID)
				continue;
			e->id = l->kept[e->id];
			for (uint32_t j = e->nops++; j > 0; j--)
				e->op[j] = e->op[j - 1];
			e->op[0] = t;
		}
		keep_args(l, s->body, t);
		keep_args(l, s->other, t);
	}
}

/* Records of all steps, then a look whether the run goes on. */
static void
weave_tail(Late *l, PlanEmit *b, PlanBlock old)
{
	Plan *p = l->p;
	Loop turn = open_loop(b, "t");
	PlanStmt *poll = old.at[old.n - 1]->kind == PSTMT_HOST && old.at[old.n - 1]->id == plan_host_find("poll") ? old.at[old.n - 1] : NULL;
	PlanBlock looks = {old.at + l->tail, old.n - l->tail - (poll != NULL)};
	keep_args(l, looks, turn.i);
	for (uint32_t k = 0; k < looks.n; k++)
		VEC_PUSH(p->arena, &turn.body.v, looks.at[k]);
	close_loop(b, &turn, whole(p, 0), load0(p, l->until), false);
	if (poll)
		VEC_PUSH(p->arena, &b->v, poll);
}

static void
run_all(Late *l, PlanEmit *b, bool finds)
{
	for (uint32_t i = 0; i < l->parts.n; i++) {
		const LatePart *m = &l->parts.at[i];
		if (m->finds == finds && m->block != NO_ID)
			plan_emit_run(b, m->block);
		if (m->finds && finds)
			plan_emit_run(b, m->kernel);
	}
}

static void
weave_step(Late *l)
{
	Plan *p = l->p;
	PlanCode *c = p->codes.at[l->step];
	PlanEmit b = plan_emit(p, c);
	plan_emit_note(&b, "deliver the spikes of the previous step");
	for (uint32_t i = 0; i < l->parts.n; i++)
		if (l->parts.at[i].late.n)
			plan_emit_run(&b, l->parts.at[i].kernel);
	plan_emit_note(&b, "update the layers, in all steps of the block");
	run_all(l, &b, false);
	run_all(l, &b, true);
	plan_emit_note(&b, "deliver what they sent before the last of them");
	for (uint32_t i = 0; i < l->parts.n; i++)
		if (l->parts.at[i].later != NO_ID)
			plan_emit_run(&b, l->parts.at[i].later);
	weave_tail(l, &b, c->body);
	c->body = plan_freeze(&b);
}

/* ---- runs --------------------------------------------------------------------------------------------------------------------- */

/* Before each `do step`: how many it does. */
static void
weave_runs(Late *l, PlanCode *c, PlanBlock *b, const PlanStmt *loop)
{
	Plan *p = l->p;
	PlanEmit out = plan_emit(p, c);
	for (uint32_t k = 0; k < b->n; k++) {
		PlanStmt *s = b->at[k];
		bool plain = is_run_of_steps(s, l->step);
		if (plain && s->hi->kind != PEXPR_CONST)
			s->hi = plan_emit_let(&out, "end", s->hi);
		weave_runs(l, c, &s->body, plain ? s : NULL);
		weave_runs(l, c, &s->other, NULL);
		if (plain)
			s->step = (int64_t)l->turns;
		if (s->kind == PSTMT_DO && s->id == l->step) {
			PlanExpr *left = loop ? plan_binary(p, PEXPR_SUB, loop->hi, plan_local(p, c, loop->id)) : NULL;
			plan_emit_store(&out, l->until, 0, NULL, left ? smaller(p, left, whole(p, (int64_t)l->turns)) : whole(p, 1));
		}
		VEC_PUSH(p->arena, &out.v, s);
	}
	*b = plan_freeze(&out);
}

/* ---- the pass ------------------------------------------------------------------------------------------------------------------ */

/* Kernels whose steps others do now, unless something else runs them. */
static void
drop_kernels(Late *l)
{
	Plan *p = l->p;
	bool *used = ARENA_ARRAY(p->arena, bool, p->codes.n);
	for (uint32_t c = 0; c < p->codes.n; c++)
		used[c] = true;
	for (uint32_t i = 0; i < l->parts.n; i++)
		used[l->parts.at[i].kernel] = false;
	for (uint32_t c = 0; c < p->codes.n; c++)
		for (uint32_t i = 0; i < l->parts.n; i++)
			used[l->parts.at[i].kernel] |= runs(p->codes.at[c]->body, l->parts.at[i].kernel);
	keep_codes(p, used);
	procs_last(p);
}

/* Of each kernel that has others beside it now. */
static void
tell_done(const Late *l)
{
	Plan *p = l->p;
	unsigned long long n = l->turns;
	for (uint32_t i = 0; i < l->parts.n; i++) {
		const LatePart *m = &l->parts.at[i];
		const PlanCode *c = p->codes.at[m->kernel];
		if (m->late.n)
			plan_remark(p, "late", true, c, "no spike arrives sooner than %llu steps after its own: those of up to %llu steps are delivered one behind the other", n, n);
		else
			plan_remark(p, "late", true, c, m->finds ? "the spikes of up to %llu steps are listed at once" : "neurons take up to %llu steps at once", n);
		plan_remark_form(p, "late", c, "block");
	}
}

static void
tell_held(const Late *l)
{
	if (l->why)
		plan_remark(l->p, "late", false, l->p->codes.at[l->held], "neurons do not take several steps at once: %s", l->why);
}

static bool
is_watched(const Plan *p)
{
	for (uint32_t i = 0; i < p->objects.n; i++)
		if (p->objects.at[i].kind == POBJ_WATCH)
			return true;
	return false;
}

static Late
open_late(Plan *p)
{
	return (Late){.p = p, .step = plan_find_code(p, "step"), .held_by = ARENA_ARRAY(p->arena, LateHeld, p->bufs.n)};
}

static bool
is_open(const Late *l)
{
	const Plan *p = l->p;
	return l->step != NO_ID && has_run_of_steps(p, l->step) && plan_find_buf(p, "step") != NO_ID && !is_watched(p);
}

bool
late_takes(Plan *p)
{
	Late l = open_late(p);
	return is_open(&l) && late_find(&l);
}

void
pass_late(Plan *p)
{
	Late l = open_late(p);
	if (!is_open(&l))
		return;
	if (!late_find(&l)) {
		tell_held(&l);
		return;
	}
	tell_done(&l);
	late_kernels(&l);
	weave_step(&l);
	for (uint32_t c = 0; c < p->codes.n; c++)
		if (p->codes.at[c]->kind == CODE_PROC && c != l.step)
			weave_runs(&l, p->codes.at[c], &p->codes.at[c]->body, NULL);
	drop_kernels(&l);
}
