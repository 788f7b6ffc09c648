/* lazy.h: what the passes `lazy` and `drift` know about what learns; for lazy*.c and drift*.c only. */
#ifndef SNNC_OPT_LAZY_H
#define SNNC_OPT_LAZY_H

#include "plan/plan.h"

typedef struct {
	Plan *p;
	uint32_t kernel;                                  /* the one that learns … */
	const bool *learns;                               /* … or, per code, those that do, one behind the other; else NULL … */
	uint32_t step;                                    /* … and the only proc that runs them */
	uint32_t w;                                       /* the values, [pre, post] */
	uint32_t pre_list, pre_count, post_count;
	uint32_t pre_flags, post_flags;                   /* from which the lists are made */
	uint32_t unclipped;                               /* bool[]: values may be out of bounds; NO_ID: there is no clip */
	uint32_t trace;                                   /* of the pre neuron, [1, pre]: x *= decay, but for its own spikes */
	double decay;
	const PlanStmt *along;                            /* loop along the row of a pre spike, without clip … */
	uint32_t row;                                     /* … its local of the pre index */
	const PlanStmt *down;                             /* loop down the column of a post spike: w += growth ; clip */
	const PlanExpr *growth;                           /* a constant times the trace */
} Lazy;

/* Fills in all but p and kernel. NULL, or why it stays as it is; "" where the kernel is not of the kind. */
const char *lazy_match(Lazy *z);
/* Parts of it. flags: finds those of the lists; place: finds the step, and whether others look at the values but for rows of pre
 * spikes; trace: whether it decays as said, by which factor. */
bool lazy_flags(Lazy *z);
bool lazy_place(Lazy *z);
bool lazy_trace(Lazy *z);

#endif
