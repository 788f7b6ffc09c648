/* ahead.h: what the files of the pass `ahead` share. */
#ifndef SNNC_OPT_AHEAD_H
#define SNNC_OPT_AHEAD_H

#include "plan/plan.h"

/* for j { sum[0, j] = 0.0 } ; for k in 0 ..< count[0] { let i = list[0, k] ; for j { sum[0, j] = f(sum[0, j], w[i, j]) } } */
typedef struct {
	uint32_t kernel;                                  /* that holds it */
	const char *name;                                 /* of what is made for it: the kernel's, numbered from the second one in it on */
	uint32_t level;                                   /* of the kernels that make its list; 0: it is made in each step */
	uint32_t zero, add;                               /* where the two loops stand in its body */
	uint32_t list, count, sum, matrix;                /* buffers; of the largest matrix */
	uint32_t kept, piece, sums;                       /* buffers by step: the list, where its pieces begin, what was added up */
	uint32_t keep, collect;                           /* kernels */
} Delivery;
typedef VEC(Delivery) DeliveryVec;

typedef struct {
	Plan *p;
	uint32_t step;                                    /* the proc */
	uint32_t *level;                                  /* by code: kernels of the step that run early. 1: they depend on nothing that the others
							     do; 2: on nothing but what deliveries of level 1 bring; … 0: in the step */
	uint32_t levels;
	const char **why;                                 /* by code: why it does not run early */
	DeliveryVec found;
	uint64_t turns;                                   /* steps at once, at most */
	uint32_t turn, until, left;                       /* buffers: which of them this is, how many there are; steps of the run to go */
} Ahead;

/* ahead_early.c */
bool ahead_is_static(const Ahead *a, const Delivery *d);  /* what its rows read stays as it is while a run goes on */
void ahead_choose_levels(Ahead *a);                       /* leaves in `found` those deliveries whose lists are made early, if one is worth it */
/* ahead_kernels.c */
void ahead_kernels(Ahead *a, Delivery *d);                /* what is done for many steps */
void ahead_take_sums(Ahead *a, const Delivery *d);        /* what is left to do in each; moves what stands behind it in its kernel */

#endif
