/* sweep_inner.h: what the files that sweep share. */
#ifndef SNNC_DRIVER_SWEEP_INNER_H
#define SNNC_DRIVER_SWEEP_INNER_H

#include "driver/engine.h"
#include "driver/sweep.h"
#include "lanes/lanes.h"

#include <pthread.h>

typedef struct {
	Options o;
	Compilation c;
	const char **value, **text;                       /* of each name: in the table, and as --set has it */
	snnrt_program *program;
	char *reports;                                    /* NULL: it has not ended */
	const char *error;
	int code;
	bool done;
} Lane;

typedef struct {
	Compilation *c;
	Arena *arena;
	EngineKind kind;
	ExpandLanes over;                                 /* what is left to sweep over */
	const char **names;
	const char *out;                                  /* folder */
	Lane *lane;
	uint32_t n;
	/* of the group that runs */
	const LaneGroup *group;
	Engine *engine;
	uint32_t next, ended;
	int code;
	pthread_mutex_t lock;
} Sweep;

bool sweep_find(Sweep *s);                                /* the lanes; false after a message */
int sweep_compile(Sweep *s, uint32_t k);                  /* one of them: an exit code */
LaneGroupVec sweep_join(Sweep *s);                        /* all, once they are compiled */
const char *sweep_lane_text(const Sweep *s, uint32_t k);  /* "tau = 10 ms, seed = 1" */

#endif
