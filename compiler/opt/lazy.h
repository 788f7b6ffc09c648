/* lazy.h: what the passes `lazy` and `drift` know about what learns; for lazy*.c and drift*.c only. */
#ifndef SNNC_OPT_LAZY_H
#define SNNC_OPT_LAZY_H

#include "opt/products.h"
#include "opt/query.h"

typedef struct {
	Plan *p;
	uint32_t kernel;                                  /* the one that learns … */
	const bool *learns;                               /* … or, per code, those that do, one behind the other; else NULL … */
	uint32_t step;                                    /* … and the only proc that runs them */
	bool alone;                                       /* nobody else may look at the values, not even now and then */
	uint32_t w;                                       /* the values, [pre, post] or [synapse] … */
	uint32_t row, target;                             /* … of these lists; NO_ID: it is a matrix */
	uint32_t pre_list, pre_count, post_list, post_count;
	uint32_t pre_flags, post_flags;                   /* from which the lists are made */
	uint32_t trace;                                   /* of the pre neuron, as a post spike reads it … */
	uint32_t carry;                                   /* … and the state behind it, which lasts: x *= decay, but for its own spikes */
	double decay;
} Lazy;

/* Parts of a match. readers: finds the list of pre spikes whose rows are read, and the lists of synapses; flags: finds those that
 * the lists are made from; place: finds the step, and whether others look at the values but for rows of pre spikes; trace: whether it
 * decays as said, by which factor. */
bool lazy_readers(Lazy *z);
bool lazy_flags(Lazy *z);
bool lazy_place(Lazy *z);
bool lazy_trace(Lazy *z);
/* Whether a statement of the step hands the values to the host, which `place` takes if it is done now and then: they must be there. */
bool lazy_looks(const Lazy *z, const PlanStmt *s);

/* ---- for lazy*.c alone -------------------------------------------------------------------------------------- */

/* Locals that stand for the value, the pre and the post neuron in expressions that belong to no code yet. */
enum { LAZY_W = 0x7ffffff0, LAZY_I, LAZY_J, LAZY_AT };

/* What a loop at spikes does to a synapse: rows of pre spikes, or columns of post spikes. */
typedef struct {
	bool columns, clips, changes;
	uint32_t guard;                                   /* NO_ID, or a count of spikes: the loop is there only if … */
	bool some;                                        /* … there are some, or none */
	const PlanCode *code;
	const PlanStmt *loop;                             /* var w = … ; … ; store */
	uint32_t i, j, at;                                /* its locals, NO_ID where it does not ask for them; at: the synapse of a list */
	PlanExpr *value;                                  /* what LAZY_W becomes, without its bounds */
	TermVec growth;                                   /* of columns: LAZY_W and these */
} LazyUnit;
typedef VEC(LazyUnit) LazyUnitVec;

/* A loop over neurons between them, which touches no value; at: how many of those loops stand before it. */
typedef struct { uint32_t kernel, at; bool behind; PlanStmt *loop; } LazyKept;

/* select(w < value, value, w), or with > */
typedef struct { PlanExprKind test; PlanValue value; } LazyBound;
typedef VEC(LazyBound) LazyBoundVec;

/* Of what post spikes add: a product of traces of the pre neuron, times what post neuron and step say. */
enum { LAZY_FACTORS = 4, LAZY_WAITS = 3 };
typedef struct {
	uint32_t n, trace[LAZY_FACTORS], carry[LAZY_FACTORS];
	double decay;                                     /* of the product; 1 where there is none */
	TermVec rest;
	double c;                                         /* the rest, if that is all of it … */
	PlanExpr *post;                                   /* … else this, of LAZY_J; NULL: c */
} LazyWait;

typedef struct {
	Lazy z;
	RunOrder kernels;
	const PlanExpr *learning;                         /* under which all of them stand */
	uint32_t unclipped;                               /* bool[]: values may be out of bounds; NO_ID: there is no such */
	LazyUnitVec seen, units;                          /* all loops; those that change w if there are pre and post spikes, in their order */
	VEC(LazyKept) kept;
	LazyBoundVec bounds;
	LazyWait wait[LAZY_WAITS];
	uint32_t waits;
} Waiting;

/* Fills in all but p and w. NULL, or why it stays as it is; "" where nothing of the kind is there. */
const char *lazy_match(Waiting *m);
/* Parts of it: reads the loops of the kernels; what the columns add, as waits. */
const char *lazy_units(Waiting *m);
const char *lazy_growth(Waiting *m);
/* Whether the loops over neurons may stand before all others or behind them: which says so then. */
bool lazy_keep(Waiting *m);
/* Runs those, in kernels of their own. */
void lazy_run_kept(Waiting *m, PlanEmit *out, bool behind);
/* A copy with these in place of LAZY_I and LAZY_J. */
PlanExpr *lazy_at(Plan *p, const PlanExpr *e, PlanExpr *i, PlanExpr *j);
/* c * f[0] * …, or a sum of such; NULL: 1, or 0. */
PlanExpr *lazy_product(Plan *p, PlanType real, const Term *t);
PlanExpr *lazy_sum(Plan *p, PlanType real, const TermVec *v);

#endif
