/* unread.h: what nobody reads any more; for the passes only. */
#ifndef SNNC_OPT_UNREAD_H
#define SNNC_OPT_UNREAD_H

#include "plan/plan.h"

/* Takes out kernels that only write buffers which nobody else touches and that mean nothing by themselves (derived, scratch), and those
 * buffers. Changes what numbers codes and buffers have. */
void drop_unread(Plan *p);
/* Takes out kernels that are not used, with their runs, and buffers that nobody else has. */
void drop_these(Plan *p, const bool *used, const bool *drop);

#endif
