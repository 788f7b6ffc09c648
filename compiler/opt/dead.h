/* dead.h: what the pass `dead` takes out, for other passes. */
#ifndef SNNC_OPT_DEAD_H
#define SNNC_OPT_DEAD_H

#include "plan/plan.h"

/* Locals that nobody reads, and calls of funcs whose results nobody reads. */
void dead_locals(Plan *p, PlanCode *c);
/* Codes that neither `program` nor `step` comes to, where there is one of these. Changes what numbers codes have. */
void dead_codes(Plan *p);

#endif
