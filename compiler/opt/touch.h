/* touch.h: what blocks read and write, and whether one may come before the other; for the passes only. */
#ifndef SNNC_OPT_TOUCH_H
#define SNNC_OPT_TOUCH_H

#include "plan/plan.h"

typedef struct { uint32_t buf; PlanExpr *const *index; uint32_t n; bool store; } Touch;   /* n 0: of a scalar, or of many elements */
typedef VEC(Touch) TouchVec;

/* Loads and stores of a block, in their order; false where something else than loads, stores and arithmetic happens. */
bool touch_block(Plan *p, TouchVec *out, PlanBlock b);
/* Whether two blocks of a code give the same in either order: neither writes what the other one reads or writes. */
bool touch_apart(Plan *p, const PlanCode *code, PlanBlock a, PlanBlock b);
/* The same for blocks of two codes, which share no locals. */
bool touch_other_buffers(Plan *p, PlanBlock a, PlanBlock b);
/* Whether a block sets a local that is declared outside it. */
bool sets_outside(Plan *p, const PlanCode *code, PlanBlock b);

#endif
