/* sweep_inner.h: what the files that sweep share. */
#ifndef SNNC_DRIVER_SWEEP_INNER_H
#define SNNC_DRIVER_SWEEP_INNER_H

#include "driver/sweep.h"
#include "lanes/lanes.h"

typedef struct {
	Options o;
	Compilation c;
	const char **value, **text;                       /* of each name: in the table, and as --set has it */
	uint32_t group, at;                               /* where its plan is */
} Lane;

typedef struct {
	Compilation *c;
	Arena *arena;
	ExpandLanes over;                                 /* what is left to sweep over */
	const char **names;
	Lane *lane;
	uint32_t n, opened;
	LaneGroupVec groups;
} Sweep;

bool sweep_find(Sweep *s);                                /* the lanes; false after a message */
int sweep_compile(Sweep *s, uint32_t k);                  /* one of them: an exit code */
LaneGroupVec sweep_join(Sweep *s);                        /* all, once they are compiled */
const char *sweep_lane_text(const Sweep *s, uint32_t k);  /* "tau = 10 ms, seed = 1" */

#endif
