/* fold.h: the pass `fold` for one kernel or expression, for other passes. */
#ifndef SNNC_OPT_FOLD_H
#define SNNC_OPT_FOLD_H

#include "plan/plan.h"

/* lo is 0, hi is the range, and what follows from that. */
void fold_whole(Plan *p, PlanCode *kernel);
/* The constant that e is where the local has this value; NULL: it is none. */
PlanExpr *fold_with(Plan *p, PlanCode *code, PlanExpr *e, uint32_t local, PlanExpr *value);

#endif
