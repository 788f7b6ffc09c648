/* foresee.h: what the files of the pass `foresee` share. */
#ifndef SNNC_OPT_FORESEE_H
#define SNNC_OPT_FORESEE_H

#include "plan/plan.h"

/* A layer that counts down to its next spike: in a kernel of a step, for j in lo ..< hi { early statements ; the others }. */
typedef struct {
	Plan *p;
	uint32_t step;                                    /* the proc */
	uint32_t kernel, finder;                          /* the layer's; the one behind it that lists who spiked */
	PlanCode *code;                                   /* of the kernel */
	PlanStmt *loop;                                   /* its last statement */
	uint32_t cut;                                     /* how many of the loop's statements are early: up to the store of flags */
	uint64_t neurons;
	const PlanStmt **defs;                            /* per local of the code: the LET that declares it */
	uint32_t flags, list, count;                      /* buffers: who spikes */
	uint32_t state, left;                             /* what is counted down: its buffer, and the local that holds it in the loop */
	uint32_t spike;                                   /* local: the flag */
	const PlanExpr *guard;                            /* what holds where anything happens, as expressions of buffers and j; NULL: always */
	double bound;                                     /* a turn that begins with left >= bound + 1 does nothing but count; 1 or more */
	bool *kept;                                       /* per buffer: no step stores to it */
	uint64_t turns;                                   /* steps at once, at most */
	uint32_t turn, until;                             /* buffers: which of the block this step is, how many it has */
	uint32_t many, listed;                            /* buffers, by step of the block: how many spike, and who */
	uint32_t ahead, take;                             /* kernels: all steps of a block; the lists of one */
} Foresee;

/* foresee_count.c, of a loop whose flags and state are known: finds guard and bound */
bool foresee_counts(Foresee *f);
bool foresee_is_decrement(const PlanStmt *s, uint32_t left);   /* left = left - 1 */
/* foresee_find.c: whether the kernel that f names is such a layer; *why is set where one that draws and counts is held back */
bool foresee_find(Foresee *f, const char **why);
/* foresee_kernels.c */
void foresee_kernels(Foresee *f);

#endif
