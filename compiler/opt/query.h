/* query.h: what passes ask of expressions and blocks; for the passes only. */
#ifndef SNNC_OPT_QUERY_H
#define SNNC_OPT_QUERY_H

#include "plan/plan.h"

#define ANY_BUFFER UINT32_MAX

/* Whether a value stays the same in a loop: constants, and locals that are never set and not declared in it. */
bool is_invariant(const PlanExpr *e, const bool *changes);
/* changes[local]: set or declared somewhere in the block. */
void mark_changes(PlanBlock b, bool *changes);
bool expr_reads(const PlanExpr *e, uint32_t buf);         /* e may be NULL */
bool block_reads(PlanBlock b, uint32_t buf);
bool block_stores(PlanBlock b, uint32_t buf);             /* ANY_BUFFER: to any */
void each_kernel(Plan *p, void (*pass)(Plan *p, PlanCode *kernel));

#endif
