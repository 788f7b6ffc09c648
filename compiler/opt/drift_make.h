/* drift_make.h: what the pass `drift` makes for one connection; for drift*.c only. */
#ifndef SNNC_OPT_DRIFT_MAKE_H
#define SNNC_OPT_DRIFT_MAKE_H

#include "opt/drift.h"
#include "opt/kernel.h"

typedef struct {
	Drift d;
	PlanType real;
	uint64_t pre, post;
	uint64_t slots, span;                             /* steps that are kept, and those of one age: powers of two */
	uint32_t sum, pull, sum_now, pull_now;          /* buffers of each post neuron … */
	uint32_t reach, strength, last, factor, slot, limit, mode;
	uint32_t most_now, least_now, history, most, least, turned, bends, sense, off; /* … where something is clipped … */
	uint32_t term, inverse, power, share;             /* … that are constant */
	uint32_t rows, tally, gather, mark, renew, begin_sum, take, catch_up, settle; /* kernels */
} Make;

/* "input.weight.learn.PART" */
const char *drift_part(Make *m, const char *part);
/* All kernels, when the buffers are there. */
void drift_kernels(Make *m);
/* The row that i names, brought up to date: what is known of it, … */
typedef struct { PlanExpr *i, *now, *from, *age, *base, *frame, *factor, *reach, *turns, *keep; } Row;
Row drift_row(Make *m, PlanEmit *b, PlanExpr *i, PlanExpr *now);
/* … and synapses first ..< end of it, sixty-four or fewer. */
void drift_move(Make *m, PlanEmit *b, const Row *r, PlanExpr *first, PlanExpr *end);

/* The step that the rows are at, and where a step lies. */
static inline PlanExpr *
drift_now(Make *m)
{
	return plan_cast(m->d.z.p, PT_I64, load0(m->d.z.p, m->slot));
}

static inline PlanExpr *
drift_place(Make *m, PlanExpr *step)
{
	return plan_binary(m->d.z.p, PEXPR_AND, step, whole(m->d.z.p, (int64_t)m->slots - 1));
}

/* ---- expressions, of the type of the values ---- */

static inline PlanExpr *
real(Make *m, double v)
{
	return plan_float(m->d.z.p, m->real, v);
}

static inline PlanExpr *
add(Make *m, PlanExpr *a, PlanExpr *b)
{
	return plan_binary(m->d.z.p, PEXPR_ADD, a, b);
}

static inline PlanExpr *
sub(Make *m, PlanExpr *a, PlanExpr *b)
{
	return plan_binary(m->d.z.p, PEXPR_SUB, a, b);
}

static inline PlanExpr *
mul(Make *m, PlanExpr *a, PlanExpr *b)
{
	return plan_binary(m->d.z.p, PEXPR_MUL, a, b);
}

static inline PlanExpr *
compare(Make *m, PlanExprKind k, PlanExpr *a, PlanExpr *b)
{
	return plan_binary(m->d.z.p, k, a, b);
}

static inline PlanExpr *
choose(Make *m, PlanExpr *c, PlanExpr *a, PlanExpr *b)
{
	return plan_ternary(m->d.z.p, PEXPR_SELECT, c, a, b);
}

#endif
