/* carry.h: what the files of the pass `carry` share. */
#ifndef SNNC_OPT_CARRY_H
#define SNNC_OPT_CARRY_H

#include "plan/plan.h"

enum { CARRY_UNDO = 16 /* conditions under which rows change later */, CARRY_GUARDS = 8, CARRY_NEST = 8 };

typedef struct { const PlanExpr *e; bool holds; } CarryGuard;     /* of scalars that the kernel leaves alone */
typedef struct { PlanBlock *block; uint32_t at; } CarryPlace;     /* a statement of a block */

/* A kernel that learns along the rows. */
typedef struct {
	uint32_t learn;
	CarryPlace path[CARRY_NEST];                      /* from its body to the statement that goes along the rows */
	uint32_t depth;
	CarryGuard guard[CARRY_GUARDS];                   /* under which that is done, and nothing of the kernel disturbs it: the first `inside` … */
	uint32_t nguard, inside;                          /* … are the branches in which it stands */
} CarryWalk;

typedef struct {
	Plan *p;
	uint32_t step;                                    /* the proc */
	uint32_t deliver, add;                            /* kernel, and which statement of it adds the rows */
	const PlanStmt *each;                             /* that statement */
	uint32_t list, count, sum;
	bool *rows;                                       /* by buffer: what the added rows read, but the sum */
	CarryWalk w;                                      /* looked at */
	VEC(CarryWalk) walks;                             /* found: a step makes one of them, or none */
	PlanBlock *undo[CARRY_UNDO];                      /* behind these the sums are not what they were */
	uint32_t nundo;
	uint32_t left, carried;
} Carry;

const PlanStmt *carry_walk(const Carry *c);               /* the loop along the rows */
const PlanStmt *carry_along(const PlanStmt *each);        /* the loop within, for j in lo ..< hi; NULL: another form */
bool carry_disturbs(const Carry *c, const PlanStmt *s);      /* it changes the rows, their list or the sums, or reads the sums */
bool carry_stays(Carry *c);                               /* from the walk to the next delivery; notes what undoes it */
void carry_make(Carry *c);

#endif
