/* program.h: a plan as the tables that the runtime reads. */
#ifndef SNNC_DRIVER_PROGRAM_H
#define SNNC_DRIVER_PROGRAM_H

#include "plan/plan.h"
#include "snnrt.h"

/* All but entry and closure; lives in the arena. The plan must have its layout. */
snnrt_program *program_of_plan(Arena *a, const Plan *p, const char *source_hash);

#endif
