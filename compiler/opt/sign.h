/* sign.h: whether what a buffer holds can be below zero; for the passes only. */
#ifndef SNNC_OPT_SIGN_H
#define SNNC_OPT_SIGN_H

#include "plan/plan.h"

/* By all that is stored to it, anywhere: sums and products of what is not negative itself. Buffers begin as zeros. */
bool buffer_is_never_negative(Plan *p, uint32_t buf);
/* What the expression reads may be buffers that are so; locals are unknown. */
bool is_never_negative(Plan *p, const PlanExpr *e);

#endif
