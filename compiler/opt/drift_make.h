/* drift_make.h: what the pass `drift` makes for one connection; for drift*.c only. */
#ifndef SNNC_OPT_DRIFT_MAKE_H
#define SNNC_OPT_DRIFT_MAKE_H

#include "opt/drift.h"
#include "opt/kernel.h"

typedef struct {
	Drift d;
	PlanType real;
	uint64_t pre, post, steps;
	uint32_t sum, pull, reach, gross, strength, last, factor, slot, mode, off;     /* buffers … */
	uint32_t term, inverse, power, share;             /* … that are constant */
	uint32_t rows, tally, gather, mark, begin_rows, begin_sum, take, catch_up, settle; /* kernels */
} Make;

/* "input.weight.learn.PART" */
const char *drift_part(Make *m, const char *part);
/* All kernels, when the buffers are there. */
void drift_kernels(Make *m);

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
