/* drift.h: what the pass `drift` knows about a connection whose synapses move in each step; for drift*.c only. */
#ifndef SNNC_OPT_DRIFT_H
#define SNNC_OPT_DRIFT_H

#include "opt/lazy.h"
#include "opt/products.h"
#include "opt/query.h"

/* What a loop stores to [i, j], in place of locals their values; i and j are locals of its kernel. */
typedef struct { uint32_t buf; PlanExpr *e; } Assign;
typedef VEC(Assign) AssignVec;

typedef enum {
	UNIT_KEPT,                                        /* touches no synapse */
	UNIT_PAIRS,                                       /* for i { for j simd { … } } */
	UNIT_ROWS,                                        /* at a pre spike: for k { let i ; for j simd { … } } */
	UNIT_COLUMNS                                      /* at a post spike: for k { let j ; for i simd { … } } */
} UnitKind;

/* A loop of a kernel that learns. */
typedef struct {
	UnitKind kind;
	uint32_t kernel;
	PlanStmt *loop;
	uint32_t i, j;
	AssignVec assigns;
} Unit;
typedef VEC(Unit) UnitVec;

typedef struct {
	Lazy z;                                           /* w, lists and flags, trace and its decay, step */
	bool *learns;                                     /* per code: one of the kernels … */
	RunOrder kernels;                                 /* … in their order */
	UnitVec units;
	uint32_t at;                                      /* the unit behind which rows are looked at */
	uint32_t x;                                       /* the state: x = decay x + what spikes bring */
	uint32_t offer;                                   /* NO_ID, or a state of what spikes bring, which x gets one step later … */
	const PlanExpr *takes;                            /* … by this: x = takes(x, offer), in a unit whose locals are … */
	uint32_t takes_i, takes_j;
	double takes_share;                               /* x = decay x + takes_share offer */
	const PlanExpr *brings;                           /* what is stored to `offer` in each step */
	uint32_t brings_i, brings_j;
	double decay;                                     /* of x: 0 … 1; 1: x stays between spikes */
	bool behind;                                      /* w moves by x as it is behind this step's spikes … */
	double share;                                     /* … or by share times x as it was before them */
	PlanExpr *strength;                               /* by how much: a value that is the same for all */
	double height;                                    /* x += height trace at a post spike */
	double trace_now;                                 /* the trace that this reads, relative to that at the end of the step before */
	bool clipped;
	double low, high;                                 /* infinite: not on this side */
} Drift;

/* Fills in all from p and w. NULL, or why it stays as it is; "" where nothing of the kind is there. */
const char *drift_match(Drift *d);

/* What a value in a row becomes in a step without a pre spike: trace *= factor. False: something else. */
bool trace_factor(const Drift *d, double *factor, double *read);

#endif
