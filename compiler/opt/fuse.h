/* fuse.h: the loops of one kernel, for passes that put kernels together. */
#ifndef SNNC_OPT_FUSE_H
#define SNNC_OPT_FUSE_H

#include "plan/plan.h"

void fuse_kernel(Plan *p, PlanCode *kernel);
/* Whether two loops over all, of the same kernel or of two, can be one, in this order, and the second reads what the first stores. */
bool fuse_hands_on(Plan *p, const PlanStmt *a, const PlanStmt *b);

#endif
