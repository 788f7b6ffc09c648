/* team.h: what the files of the pass `team` share: what kernels touch, what they cost. */
#ifndef SNNC_OPT_TEAM_H
#define SNNC_OPT_TEAM_H

#include "plan/plan.h"

/* Which element belongs to turn i of a kernel's range: those of an axis from scale * i on, `scale` of them; or the synapses
 * of row i. scale 0: none, another turn may touch it too. */
typedef struct { uint32_t scale, offset, axis, row; } TeamOwn;   /* row: the buffer of rows, or UINT32_MAX */

typedef struct { bool reads, writes, own; TeamOwn by; } TeamTouch;   /* own: all accesses are `by` */
typedef struct {
	TeamTouch *touch;                                 /* by buffer */
	uint32_t list, count;                             /* events that it goes through, each one's turn; UINT32_MAX: none */
	uint32_t scale;                                   /* the largest of its own */
	bool uses_range;
} TeamReach;

/* team_reach.c */
TeamReach team_reach(Plan *p, const PlanCode *kernel);
int64_t team_whole_steps(const PlanExpr *e);               /* lo + (hi - lo & -step): step, a power of two; else 0 */

/* team_cost.c: ns for the whole of a kernel, and for one of two who share it out. What is not known (how many spike) is guessed. */
typedef struct { double whole, half; } TeamCost;
TeamCost team_cost(Plan *p, const PlanCode *kernel);
#define TEAM_WIDEST 128                                   /* elements of a turn, at most */
#define TEAM_MEET_NS 500.0                                /* a meeting, and what one waits for the slower one */
#define TEAM_MOVE_NS 400.0                                /* for each array that is cut and written: lines about the cut go from cache to cache (bench/halves.c) */

/* team_home.c: home[i], of each of n kernels: the number of one of them, the same for all that belong together. */
void team_homes(const Plan *p, const TeamReach *const *reach, uint32_t n, uint32_t *home);

/* team_split.c: rows are cut by looking for the first target of a part. */
void team_split(Plan *p, PlanCode *kernel);
bool team_is_cut(const Plan *p, const PlanStmt *loop);    /* whether it would be */

#endif
