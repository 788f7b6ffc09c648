/* lazy_make.h: what the pass `lazy` makes for one connection; for lazy*.c only. */
#ifndef SNNC_OPT_LAZY_MAKE_H
#define SNNC_OPT_LAZY_MAKE_H

#include "opt/kernel.h"
#include "opt/lazy.h"

enum { LAZY_AGES = 4 };                                   /* how many sums there are of each post neuron, for lists */

typedef struct {
	Waiting w;
	PlanType real;
	bool listed;
	uint64_t pre, post, steps, half;                  /* half: of the steps, which are even for matrices */
	uint32_t codes;                                   /* there were before */
	uint32_t sum[LAZY_WAITS], factor[LAZY_WAITS], power[LAZY_WAITS], inverse[LAZY_WAITS];   /* buffers, per wait */
	uint32_t last, slot, fired, at_once;              /* … of all */
	uint32_t before, since;                           /* … of matrices alone: rows since when are flushed; from which slot on spikes are counted */
	uint32_t taken[LAZY_WAITS], fresh[LAZY_WAITS], age, due, moved;    /* … of lists alone */
	uint32_t rows, mark, gather, begin_rows, begin_sum, flush; /* kernels */
	uint32_t shift_sum, shift_rows;                   /* … of matrices alone */
	uint32_t live, find_live;                         /* … a buffer, and the kernel that makes it; NO_ID: none */
	uint32_t fire, clear;                             /* … of lists alone */
} Make;

/* "input.weight.learn.PART"; of wait k > 0 "input.weight.learn.PART3". */
const char *lazy_part(Make *m, const char *part, uint32_t k);
uint32_t lazy_buffer(Make *m, const char *part, uint32_t k, PlanType t, uint32_t naxes, const PlanAxis *axes);
/* Buffers and kernels of a matrix; what is done when a run of steps begins, in place of the kernels that learn, behind the run,
 * and before the host looks at the values within a step. */
void lazy_matrix(Make *m);
void lazy_matrix_begin(Make *m, PlanEmit *b);
void lazy_matrix_step(Make *m, PlanEmit *b);
void lazy_matrix_end(Make *m, PlanEmit *b);
void lazy_matrix_look(Make *m, PlanEmit *b);
/* The same of lists of synapses. */
void lazy_list(Make *m);
void lazy_list_begin(Make *m, PlanEmit *b);
void lazy_list_step(Make *m, PlanEmit *b);
void lazy_list_end(Make *m, PlanEmit *b);
void lazy_list_look(Make *m, PlanEmit *b);

/* Of a matrix, when all slots are used up: its kernels, and what is done. */
void lazy_shift_kernels(Make *m);
void lazy_shift(Make *m, PlanEmit *b);

/* Columns that are walked at once: only where traces are not zero; what is done in front of them. */
void lazy_live(Make *m);
void lazy_run_live(Make *m, PlanEmit *b);

/* ---- of one value ---- */

/* x[i] or x[0, i], of a batch of one. */
PlanExpr *lazy_of_pre(Plan *p, uint32_t buf, PlanExpr *i);
/* What a post spike adds in row i by wait k, but for what the post neuron says, with the traces as they are now. */
PlanExpr *lazy_height(Plan *p, PlanType real, const LazyWait *w, PlanExpr *i);
/* decay^at of the traces; NULL: 1. */
PlanExpr *lazy_power(Make *m, uint32_t k, PlanExpr *at);
/* By what the sum k is multiplied in row i, with the traces as they are now, at a slot. */
PlanExpr *lazy_factor(Make *m, uint32_t k, PlanExpr *i, PlanExpr *slot);
/* What a post spike at slot `next` adds to sum k at post neuron j. */
PlanExpr *lazy_term(Make *m, uint32_t k, PlanExpr *next, PlanExpr *j);
/* Brings a value within its bounds; the last of them is not named. */
PlanExpr *lazy_bounded(Make *m, PlanEmit *b, PlanExpr *w);
/* All that the loops of this step do, one after the other. Columns add `fresh`, or where that is NULL, if `fired`, `more` of each, or what
 * lazy_more says where that is NULL. */
void lazy_events(Make *m, PlanEmit *b, uint32_t value, PlanExpr *i, PlanExpr *j, PlanExpr *at, PlanExpr *fired, PlanExpr *fresh,
		 PlanExpr *const *more);
/* Whether what a post spike adds is the same for all post neurons; what that is in row i. */
bool lazy_is_alike(const LazyUnit *u);
PlanExpr *lazy_more(Make *m, const LazyUnit *u, PlanExpr *i, PlanExpr *j);

static inline PlanExpr *
lazy_binary(Make *m, PlanExprKind k, PlanExpr *a, PlanExpr *b)
{
	return plan_binary(m->w.z.p, k, a, b);
}

static inline PlanExpr *
lazy_now(Make *m)
{
	return plan_cast(m->w.z.p, PT_I64, load0(m->w.z.p, m->slot));
}

#endif
