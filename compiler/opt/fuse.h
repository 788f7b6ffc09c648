/* fuse.h: the loops of one kernel, for passes that put kernels together. */
#ifndef SNNC_OPT_FUSE_H
#define SNNC_OPT_FUSE_H

#include "plan/plan.h"

void fuse_kernel(Plan *p, PlanCode *kernel);

#endif
