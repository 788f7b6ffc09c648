/* interval.h: between which numbers the value of an expression lies. */
#ifndef SNNC_LINT_INTERVAL_H
#define SNNC_LINT_INTERVAL_H

#include "net/net.h"

typedef struct { double lo, hi; } Interval;               /* truth values: 0, 1; never NaN */

/* What an expression may read; NULL: it could be anything. */
typedef struct {
	const Net *net;
	uint32_t layer, pre, post;                        /* of INDEX and ARRAY; NET_NONE */
	const Interval *states, *locals, *inputs;         /* inputs: by port */
	const Interval *signal, *value;                   /* of a feature: what comes in; its value */
} IntervalEnv;

extern const Interval interval_all;
Interval interval_join(Interval a, Interval b);
bool interval_within(Interval a, Interval b);             /* a in b, but for rounding */
Interval interval_of(const IntervalEnv *env, const NetExpr *e);

#endif
