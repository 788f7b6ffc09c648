/* marks.h: which buffers statements of a step read and write, with all that they run; for the passes only. */
#ifndef SNNC_OPT_MARKS_H
#define SNNC_OPT_MARKS_H

#include "plan/plan.h"

typedef struct { bool *reads, *writes; } Marks;           /* by buffer; addresses that the host gets count as both, but for those of records */

Marks marks_open(const Plan *p);
void marks_clear(const Plan *p, Marks *m);
void mark_stmt(const Plan *p, Marks *m, const PlanStmt *s);
void mark_block(const Plan *p, Marks *m, PlanBlock b);

#endif
