/* fold.h: the pass `fold` for one kernel, for other passes. */
#ifndef SNNC_OPT_FOLD_H
#define SNNC_OPT_FOLD_H

#include "plan/plan.h"

/* lo is 0, hi is the range, and what follows from that. */
void fold_whole(Plan *p, PlanCode *kernel);

#endif
