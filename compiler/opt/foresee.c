/* foresee: sources that count down to their next spike are run for many steps at once.
 *
 * reads    plan before rare; a kernel of a step with one loop over neurons, in which a state is only counted down until it comes below a
 *          bound (then a spike, a draw of the next interval), and nothing that happens in the rest of the step has a part; behind it the
 *          kernel that lists who spiked
 * writes   where what was made is used up, a kernel that goes from spike to spike of each neuron, for as many steps as the run has left, and
 *          lists who spikes in each of them; in each step the list is taken from there, and what else the loop did (traces) is done
 * keeps    every bit: between two such turns the state is less by 1 for each step, which is exact from 1 to 2^24 (f32), and draws have the number
 *          of their step. No run ends, and no statement of the experiment comes, between two steps of a block
 * example  tests/opt/foresee
 */
#include "opt/foresee.h"
#include "opt/clone.h"
#include "opt/dead.h"
#include "opt/kernel.h"
#include "opt/late.h"
#include "opt/left.h"
#include "opt/pass.h"

enum {
	TURNS = 256,
	PLACES = 1 << 22                                  /* spikes of a block for which there is room, at most: all that could be */
};

/* ---- the schedule -------------------------------------------------------------------------------------------------- */

static void
set(PlanEmit *b, uint32_t buf, PlanExpr *e)
{
	plan_emit_store(b, buf, 0, NULL, e);
}

/* In place of the kernel: the next block where the last one is used up, the list of this step, what is left of the kernel. */
static void
emit_step(Foresee *f, PlanEmit *b, PlanStmt *run, uint32_t left)
{
	Plan *p = f->p;
	PlanEmit next = plan_emit(p, b->code);
	PlanExpr *most = smaller(p, load0(p, left), whole(p, (int64_t)f->turns));
	set(&next, f->until, larger(p, most, whole(p, 1)));
	set(&next, f->turn, whole(p, 0));
	plan_emit_run(&next, f->ahead);
	plan_emit_if(b, plan_binary(p, PEXPR_EQ, load0(p, f->turn), load0(p, f->until)), &next, NULL);
	plan_emit_run(b, f->take);
	set(b, f->turn, plan_binary(p, PEXPR_ADD, load0(p, f->turn), whole(p, 1)));
	if (f->code->body.n)
		VEC_PUSH(p->arena, &b->v, run);
}

static void
weave_step(Foresee *f, uint32_t left)
{
	Plan *p = f->p;
	PlanCode *c = p->codes.at[f->step];
	PlanEmit b = plan_emit(p, c);
	for (uint32_t k = 0; k < c->body.n; k++) {
		PlanStmt *s = c->body.at[k];
		if (s->kind == PSTMT_RUN && s->id == f->kernel)
			emit_step(f, &b, s, left);
		else if (s->kind != PSTMT_RUN || s->id != f->finder)
			VEC_PUSH(p->arena, &b.v, s);
	}
	c->body = plan_freeze(&b);
}

/* ---- runs ------------------------------------------------------------------------------------------------------------ */

typedef struct { bool one, many; } Runs;                  /* runs of one step, and of more */

/* Whether some loop of the experiment has runs of one step and no others: blocks of one step would cost more than they gain. */
static bool
stops_in_steps(PlanBlock b, uint32_t left, Runs *all)
{
	for (uint32_t k = 0; k < b.n; k++) {
		const PlanStmt *s = b.at[k];
		Runs inside = {0};
		if (s->kind == PSTMT_STORE && s->id == left)
			*(s->e->kind == PEXPR_CONST ? &all->one : &all->many) = true;
		bool loops = s->kind == PSTMT_FOR && !(s->hi->kind == PEXPR_CONST && s->hi->value.i <= 1);
		if (stops_in_steps(s->body, left, &inside) || stops_in_steps(s->other, left, &inside) || (loops && inside.one && !inside.many))
			return true;
		all->one |= inside.one;
		all->many |= inside.many;
	}
	return false;
}

static bool
program_stops(const Plan *p, uint32_t left)
{
	for (uint32_t c = 0; c < p->codes.n; c++) {
		Runs all = {0};
		if (p->codes.at[c]->kind == CODE_PROC && stops_in_steps(p->codes.at[c]->body, left, &all))
			return true;
	}
	return false;
}

/* ---- the pass ---------------------------------------------------------------------------------------------------- */

static void
make(Foresee *f, uint32_t left)
{
	Plan *p = f->p;
	for (f->turns = TURNS; f->turns > 1 && f->turns * f->neurons > PLACES;)
		f->turns /= 2;
	foresee_kernels(f);
	weave_step(f, left);
	plan_remark(p, "foresee", true, f->code,
	            "nothing but its own draws decides who spikes: each neuron goes from spike to spike for up to %llu steps at once, and each step takes its list",
	            (unsigned long long)f->turns);
	plan_remark_form(p, "foresee", f->code, "ahead");
}

static void
foresee_in_step(Plan *p, uint32_t step, uint32_t kernel)
{
	const char *why = NULL;
	Foresee f = {.p = p, .step = step, .kernel = kernel, .code = p->codes.at[kernel]};
	if (foresee_find(&f, &why) && !late_takes(p)) {
		uint32_t left = steps_left(p, step);
		if (!program_stops(p, left)) {
			make(&f, left);
			return;
		}
		why = "a loop of the experiment has runs of one step";
	}
	if (why)
		plan_remark(p, "foresee", false, f.code, "who spikes is not worked out for several steps at once: %s", why);
}

void
pass_foresee(Plan *p)
{
	uint32_t step = plan_find_code(p, "step"), n = 0;
	if (step == UINT32_MAX || plan_find_buf(p, "step") == UINT32_MAX || !may_have_left(p, step))
		return;
	PlanBlock all = p->codes.at[step]->body;
	uint32_t *kernels = ARENA_ARRAY(p->arena, uint32_t, all.n + 1);
	for (uint32_t k = 0; k < all.n; k++)
		if (all.at[k]->kind == PSTMT_RUN)
			kernels[n++] = all.at[k]->id;
	uint32_t before = p->codes.n;
	for (uint32_t k = 0; k < n; k++)
		foresee_in_step(p, step, kernels[k]);
	if (p->codes.n == before)
		return;
	procs_last(p);
	dead_codes(p);
}
