/* cost.h: what the loops of a kernel do, counted from the plan. */
#ifndef SNNC_EXPLAIN_COST_H
#define SNNC_EXPLAIN_COST_H

#include "base/vec.h"
#include "plan/plan.h"

typedef enum { FORM_DENSE, FORM_EVENT } CostForm;

/* An innermost loop, or statements outside of loops (turns 1, over ""). */
typedef struct {
	const PlanCode *code;
	const char *over;                                 /* "100", "rows of `pixels.spiking_count` × 100" */
	const char *layout;                               /* the largest arrays it walks, with their axes */
	CostForm form;
	bool simd, sometimes;                             /* sometimes: under a condition */
	double turns;                                     /* of dense loops in a step; of loops over events, in one event */
	double flops, bytes;                              /* of one turn: floating-point operations, bytes of arrays read and written */
} CostLoop;
typedef VEC(CostLoop) CostLoopVec;

void cost_of_code(const Plan *p, const PlanCode *c, CostLoopVec *out);

#endif
