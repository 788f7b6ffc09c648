/* reach.h: which layers can spike at all. */
#ifndef SNNC_LINT_REACH_H
#define SNNC_LINT_REACH_H

#include "base/arena.h"
#include "lint/interval.h"

typedef struct {
	bool can_spike;
	bool driven;                                      /* something arrives, or the experiment changes what it does */
	bool reads_input, spikes;                         /* in its code there is an input; a spike */
	bool waits;                                       /* all that arrives comes from layers that cannot spike */
	const NetExpr *cond;                              /* of its spike; NULL */
	Interval left, right;                             /* the sides of that comparison, at their widest */
} Reach;

/* For each layer. Sound: a layer that can spike in some run is said to. */
Reach *reach_layers(Arena *a, const Net *net);
/* Of the values of feature k of a connection, at any time of a run. */
Interval reach_value(const Net *net, const NetConn *c, uint32_t k);

#endif
