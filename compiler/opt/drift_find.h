/* drift_find.h: the parts of drift_match; for drift_*.c only. */
#ifndef SNNC_OPT_DRIFT_FIND_H
#define SNNC_OPT_DRIFT_FIND_H

#include "opt/drift.h"

/* The kernels that learn w, in their order, and whether they stand one behind the other in a block. */
bool find_kernels(Drift *d);
bool are_together(const Drift *d, PlanBlock b);
/* Their loops. */
bool read_units(Drift *d);

/* select(v < k, k, v) and the like around a value that is the same wherever it is read; gives that, and sets the bounds. */
const PlanExpr *without_clip(Drift *d, const PlanExpr *e);
bool is_load_of(const PlanExpr *e, uint32_t buf);
/* By which state w moves and how strongly; what all loops do to that state. NULL, or why they cannot wait. */
const char *find_move(Drift *d);
const char *match_states(Drift *d);

#endif
