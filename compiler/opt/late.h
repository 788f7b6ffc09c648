/* late.h: what the files of the pass `late` share. */
#ifndef SNNC_OPT_LATE_H
#define SNNC_OPT_LATE_H

#include "opt/marks.h"
#include "opt/query.h"
#include "opt/team.h"

/* One kernel of a step, in its two parts; each has the top-level lets that it needs. */
typedef struct {
	uint32_t kernel;
	bool finds;                                       /* it makes lists of who spiked */
	PlanBlock late;                                   /* loops over lists that the step before left: deliveries */
	PlanBlock core;                                   /* all else, which touches only what belongs to its own turns */
	Marks in_late, in_core;                           /* what these touch */
	TeamReach reach;                                  /* of the core */
	uint32_t group;                                   /* kernels whose cores share what one of them writes: the first of them */
	uint64_t scale;                                   /* elements that a turn of its core has */
	uint32_t block, later;                            /* kernels that do many steps of it; NO_ID: none */
} LatePart;
typedef VEC(LatePart) LatePartVec;

typedef struct { bool core, late, finds; } LateWriters;   /* who stores to a buffer within a step */

typedef struct { double lo, hi; bool known; } LateRange;
typedef struct { LateRange range; bool open, done; } LateHeld;   /* what a buffer holds, once it has been looked for */

typedef struct {
	Plan *p;
	uint32_t step;                                    /* the proc */
	LateHeld *held_by;                                /* by buffer */
	bool *made, *lists;                               /* by buffer: stored to within a step; of them, what deliveries go along */
	LatePartVec parts;
	uint32_t tail;                                    /* where in the step the runs end, and what only looks begins */
	uint32_t nbufs;                                   /* buffers that there were before the pass */
	LateWriters *by;                                  /* by buffer */
	uint32_t *kept;                                   /* by buffer: what it is after each step of a block; NO_ID: nobody asks */
	uint64_t turns;                                   /* steps of a block, at most */
	uint32_t until;                                   /* buffer: how many this one has */
	bool delayed;                                     /* some spikes need more than a step */
	const char *why;                                  /* why not */
	uint32_t held;                                    /* the kernel that it is said of */
} Late;

/* late.c: whether the pass would do anything, as the plan is now */
bool late_takes(Plan *p);
/* late_find.c: false, maybe with `why`: some of the step cannot take part */
bool late_find(Late *l);
bool late_delivers(const Late *l, const PlanStmt *s);     /* whether a loop in it goes along a list that the step makes */
bool late_looks(Late *l);                                 /* whether the rest of the step are records and the next step's number */
/* late_check.c */
bool late_check(Late *l);
/* late_delay.c: the fewest steps, less one, between now and the slot that a store has for its first index: slot = (now + x) % slots.
 * -1: it has no such form */
int64_t late_least(Late *l, const PlanCode *code, const PlanExpr *slot, uint64_t slots);
bool late_is_now(Late *l, const PlanCode *code, const PlanExpr *slot, uint64_t slots);    /* i64(step[]) % slots */
/* late_group.c */
typedef struct { uint64_t scale, elements, tile, bytes; const LatePart *name; } LateGroup;   /* tile: turns at once; 0: all */
bool late_is_in(const LatePart *m, uint32_t group);
LateGroup late_group(const Late *l, uint32_t group);
bool late_is_worth(const Late *l);
/* late_kernels.c */
void late_kernels(Late *l);

#endif
