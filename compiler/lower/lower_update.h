/* lower_update.h: what the files share that lower rules in general.
 *
 * A rule means: its statements in order, each for all its instances and items before the next. lower_flat makes a row of
 * statements of it: what stands in an `if` gets a condition, reductions and lets become statements that fill memory.
 * lower_update puts neighbours into groups and groups into kernels; lower_pair does what is done to pairs of neurons, all
 * of them or those of a spike; lower_change what changes values on patterns and averages; lower_gather reductions;
 * lower_follow states that only decay and jump.
 */
#ifndef SNNC_LOWER_LOWER_UPDATE_H
#define SNNC_LOWER_LOWER_UPDATE_H

#include "lower/lower_inner.h"

/* What only this step sees: a `let`, the condition of an `if`, a reduction. */
typedef struct {
	NetType type;
	NetVaries place;
	bool alike;                                       /* the same for all items: no axis for them */
	bool inside;                                      /* made and read in one group: a local there, no memory */
	uint32_t buf;
} Hidden;

typedef struct {
	const NetExpr *target;                            /* STATE or VALUE; NULL: hidden */
	uint32_t hidden;
	NetAssignOp op;
	const NetExpr *e, *mask;                          /* mask NULL: always */
	const NetExpr *guard;                             /* what holds for the connection as a whole, for all items; NULL: always */
	const NetExpr *gather;                            /* hidden: a REDUCE instead of e; its operand is moved */
	bool of_pairs;                                    /* gather: over the pairs that there are, whatever it reads */
	NetSide event;                                    /* only where this side spiked; OWN: everywhere */
	NetVaries place;
	Span span;
} Flat;

/* Statements lo ..< hi. Of pairs: all at synapses, with the same event and guard; any other group is one statement. */
typedef struct { uint32_t lo, hi; bool pairs, changes; NetSide event; const NetExpr *guard; } Group;

typedef struct {
	Lower *l;
	uint32_t conn, feature;
	const NetConn *c;
	const NetFeature *f;
	const NetRule *r;
	LowFeature *low;
	uint64_t npre, npost;
	VEC(Hidden) hidden;
	VEC(NetVaries) over;                              /* of hidden */
	VEC(Flat) flat;
	VEC(Group) groups;
	uint32_t first;                                   /* hidden of the first local of the code that is read */
	bool gathers;                                     /* the code that is read has reductions: its lets are made for all pairs */
	bool *jumped;                                     /* by state: it follows spikes, and its jump was passed */
	uint32_t ring_at;                                 /* i64 []: where the next change goes */
	uint32_t change;                                  /* real [post]: reduced change of a row, with several items */
	const NetExpr *now;                               /* the guard of what is flattened */
	bool clips;                                       /* values have bounds */
	bool clips_at_once, clips_late;                   /* where they were touched: by the last change, or behind all; else everywhere */
	bool told;                                        /* that a change cannot be reduced */
	PlanEmit *b;                                      /* in the kernel, while learning */
	PlanExpr *lo, *hi;
	const LowIndex *at;                               /* patterns: of the value at work; NULL: [pre, post] */
	LowKeys *keys;                                    /* of draws in the loop at work, by site */
} Update;

/* lower_flat.c */
void upd_flatten(Update *u);
bool upd_reads_item(Update *u, const NetExpr *e);         /* does it differ between the items of a batch? */
NetVaries upd_varies(Update *u, const NetExpr *e);

/* lower_update.c */
PlanExpr *upd_bounded(Update *u, PlanEmit *b, PlanExpr *i, PlanExpr *j, PlanExpr *v);   /* where values are [pre, post] */
Scope upd_instance(Update *u, PlanEmit *b, PlanExpr *item, PlanExpr *i, PlanExpr *j);
PlanExpr *upd_condition(Update *u, Scope *s, const Flat *f);      /* of its mask and its event; NULL: always */
PlanExpr *upd_updated(Lower *l, NetAssignOp op, PlanExpr *old, PlanExpr *e);
void upd_store(Update *u, PlanEmit *b, const Flat *f, PlanExpr *item, PlanExpr *i, PlanExpr *j);  /* a state or hidden */
PlanExpr *upd_change(Update *u, Scope *s, const Flat *f); /* of the value, for one item; 0 where its condition fails */
PlanExpr *upd_reduced(Update *u, PlanEmit *b, const Flat *f, PlanExpr *i, PlanExpr *j);
bool upd_is_value(const Flat *f);
bool upd_alike(Update *u, const Flat *f);                 /* a statement that does the same for all items */
bool upd_of_channel(const Update *u);                     /* one value for many targets: changed by a kernel that is never cut */
bool upd_adds(const Flat *f);
void upd_not_reducible(Update *u, const Flat *f);         /* tells */

/* lower_pair.c */
void upd_pairs(Update *u, const Group *g);
void upd_clip_events(Update *u, NetSide first, NetSide last);                          /* the kernel what was not clipped at once */
bool upd_needs_late_clip(const Update *u, NetSide event);
bool upd_is_at_spikes(const Group *g);                    /* changes values, and only of pairs where a neuron spiked */

/* lower_change.c */
void upd_change_values(Update *u, const Flat *f);

/* lower_gather.c */
void upd_gather(Update *u, const Flat *f);
NetVaries upd_gather_kernel(Update *u, const Flat *f);

#endif
