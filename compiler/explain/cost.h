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
	const char *layout;                               /* the arrays it walks, the largest first, with their axes */
	const char *list;                                 /* FORM_EVENT: what says how often, "pixels.spiking_count"; "": it is worked out there */
	const char *where;                                /* conditions around it, as the plan has them; "": always */
	CostForm form;
	bool simd;
	bool always;                                      /* in each step, or the cheaper of two sides of which one is taken in each */
	double turns;                                     /* of dense loops in a step; of loops over events, in one event */
	double flops, bytes;                              /* of one turn: floating-point operations, bytes of arrays read and written */
	double ops, slow;                                 /* flops, but a fused multiply-add is one; divisions and roots among them */
	double products;                                  /* of whole numbers of 64 bits: 20 for four random words */
} CostLoop;
typedef VEC(CostLoop) CostLoopVec;

/* where: the conditions under which the code runs, "" for none. */
void cost_of_code(const Plan *p, const PlanCode *c, const char *where, CostLoopVec *out);
/* Those of a side of s, which stands under `where`. */
const char *cost_under(const Plan *p, const PlanCode *c, const char *where, const PlanStmt *s, bool otherwise);

#endif
