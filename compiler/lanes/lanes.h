/* lanes: plans that differ in numbers alone become one plan, which loads them.
 *
 * reads    finished plans of one program with other parameters, one for each lane
 * writes   groups: one plan for all lanes whose plans have the same structure
 * decides  which constants are loads
 *
 * Two plans have the same structure if they print the same once the constants that may be loaded, the contents of const buffers
 * and the seed are left out (anti-unification of terms; Plotkin 1970). Constants that are the same in all lanes stay. The others become loads
 * from const buffers `lane.f32`, `lane.i64` …, whose contents belong to a lane. Each operation is what it was, on the same operands, so
 * a lane computes the bits that its own plan would.
 */
#ifndef SNNC_LANES_LANES_H
#define SNNC_LANES_LANES_H

#include "plan/plan.h"

typedef struct {
	Plan *plan;                                       /* of the first lane, changed */
	VEC(uint32_t) lane;                               /* which plans it stands for */
	uint32_t loaded;                                  /* numbers that it loads */
	const char *why;                                  /* what the plan says first that the first group's does not; NULL: the first */
	uint32_t nfilled;                                 /* const buffers, and what they hold in each lane of the group */
	const uint32_t *filled;
	const PlanValue ***data;                          /* [lane of the group][const buffer] */
	const uint64_t *seed;                             /* [lane of the group] */
} LaneGroup;
typedef VEC(LaneGroup) LaneGroupVec;

/* The plans may be changed. They live in arenas of their own, which must last as long as the groups. */
LaneGroupVec lanes_join(Arena *a, Plan *const *plans, uint32_t n);
/* Gives the plan the contents and the seed of one of its lanes. */
void lanes_select(LaneGroup *g, uint32_t k);

#endif
