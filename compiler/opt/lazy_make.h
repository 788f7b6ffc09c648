/* lazy_make.h: what the pass `lazy` makes for one connection; for lazy*.c only. */
#ifndef SNNC_OPT_LAZY_MAKE_H
#define SNNC_OPT_LAZY_MAKE_H

#include "opt/kernel.h"
#include "opt/lazy.h"

typedef struct {
	Waiting w;
	PlanType real;
	uint64_t pre, post, steps;
	uint32_t sum[LAZY_WAITS], factor[LAZY_WAITS], power[LAZY_WAITS], inverse[LAZY_WAITS];   /* buffers, per wait */
	uint32_t last, slot, fired, at_once;              /* … of all */
	uint32_t rows, mark, gather, begin_rows, begin_sum, flush; /* kernels */
} Make;

/* "input.weight.learn.PART"; of wait k > 0 "input.weight.learn.PART3". */
const char *lazy_part(Make *m, const char *part, uint32_t k);
/* All kernels of a matrix, when the buffers are there. */
void lazy_matrix_kernels(Make *m);

/* ---- of one value ---- */

/* By what the sum k is multiplied in row i, with the traces as they are now, at a slot. */
PlanExpr *lazy_factor(Make *m, uint32_t k, PlanExpr *i, PlanExpr *slot);
/* What a post spike at slot `next` adds to sum k at post neuron j. */
PlanExpr *lazy_term(Make *m, uint32_t k, PlanExpr *next, PlanExpr *j);
/* Brings a value within its bounds; the last of them is not named. */
PlanExpr *lazy_bounded(Make *m, PlanEmit *b, PlanExpr *w);
/* All that the loops of this step do, one after the other; `more` of each, or NULL: what its post spike adds. */
void lazy_events(Make *m, PlanEmit *b, uint32_t value, PlanExpr *i, PlanExpr *j, PlanExpr *at, PlanExpr *fired, PlanExpr *const *more);
/* Whether what a post spike adds is the same for all post neurons; what that is in row i. */
bool lazy_is_alike(const LazyUnit *u);
PlanExpr *lazy_more(Make *m, const LazyUnit *u, PlanExpr *i, PlanExpr *j);

static inline PlanExpr *
lazy_binary(Make *m, PlanExprKind k, PlanExpr *a, PlanExpr *b)
{
	return plan_binary(m->w.z.p, k, a, b);
}

static inline PlanExpr *
lazy_now(Make *m)
{
	return plan_cast(m->w.z.p, PT_I64, load0(m->w.z.p, m->slot));
}

#endif
