/* spiking.h: kernels that list who spikes; for the passes behind `scan` only. */
#ifndef SNNC_OPT_SPIKING_H
#define SNNC_OPT_SPIKING_H

#include "plan/plan.h"

typedef struct { uint32_t flags, list, count; } Spiking;   /* buffers */

/* A walk over words of all flags of a buffer: the block with a turn for each flag that is set, in ascending order; else NULL. */
PlanBlock *spiking_turns(PlanStmt *s, const PlanExpr **flags);
/* Whether a loop goes over all of a batch of one: 0 ..< n, or lo ..< hi of a kernel whose range that is. */
bool spiking_goes_over(const Plan *p, const PlanCode *code, const PlanStmt *s, uint32_t flags);
/* Whether a kernel does nothing but list the flags that are set: var found = 0 ; … ; count[0] = u32(found) */
bool spiking_list(const Plan *p, PlanCode *k, Spiking *out);

#endif
