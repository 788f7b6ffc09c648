/* interval: interval arithmetic over the expressions of a network (Moore 1966). What it does not know could be anything; the
 * rounding of single precision is covered where bounds are compared. */
#include "lint/interval.h"

#include <math.h>

const Interval interval_all = {-INFINITY, INFINITY};
static const Interval either = {0, 1};

static Interval
point(double v)
{
	return isnan(v) ? interval_all : (Interval){v, v};
}

/* Bounds in any order, with NaN for "not known". */
static Interval
hull(double a, double b)
{
	if (isnan(a) || isnan(b))
		return interval_all;
	return a < b ? (Interval){a, b} : (Interval){b, a};
}

Interval
interval_join(Interval a, Interval b)
{
	return (Interval){fmin(a.lo, b.lo), fmax(a.hi, b.hi)};
}

static double
slack(double a, double b)
{
	double m = fmax(isinf(a) ? 0 : fabs(a), isinf(b) ? 0 : fabs(b));
	return 1e-5 * m;
}

bool
interval_within(Interval a, Interval b)
{
	return a.lo >= b.lo - slack(a.lo, b.lo) && a.hi <= b.hi + slack(a.hi, b.hi);
}

static double
times(double a, double b)
{
	return a == 0 || b == 0 ? 0 : a * b;
}

static Interval
mul(Interval a, Interval b)
{
	double p = times(a.lo, b.lo), q = times(a.lo, b.hi), r = times(a.hi, b.lo), s = times(a.hi, b.hi);
	return (Interval){fmin(fmin(p, q), fmin(r, s)), fmax(fmax(p, q), fmax(r, s))};
}

static Interval
quotient(Interval a, Interval b)
{
	if (b.lo <= 0 && b.hi >= 0)
		return a.lo == 0 && a.hi == 0 ? (Interval){0, 0} : interval_all;
	return mul(a, hull(1 / b.lo, 1 / b.hi));
}

static Interval
truth(bool can_be, bool must_be)
{
	return (Interval){must_be, can_be};
}

/* a < b; rounding may decide where the bounds meet. */
static Interval
less(Interval a, Interval b)
{
	double s = fmax(slack(a.lo, b.hi), slack(a.hi, b.lo));
	return truth(a.lo <= b.hi + s, a.hi < b.lo - s);
}

static Interval
opposite(Interval a)
{
	return (Interval){1 - a.hi, 1 - a.lo};
}

static Interval
equal(Interval a, Interval b)
{
	double s = fmax(slack(a.lo, b.hi), slack(a.hi, b.lo));
	return truth(a.lo <= b.hi + s && b.lo <= a.hi + s, a.lo == a.hi && b.lo == b.hi && a.lo == b.lo);
}

static Interval
binary(NetOp op, Interval a, Interval b)
{
	switch (op) {
	case NOP_ADD:
		return (Interval){a.lo + b.lo, a.hi + b.hi};
	case NOP_SUB:
		return (Interval){a.lo - b.hi, a.hi - b.lo};
	case NOP_MUL:
		return mul(a, b);
	case NOP_DIV:
		return quotient(a, b);
	case NOP_MIN:
		return (Interval){fmin(a.lo, b.lo), fmin(a.hi, b.hi)};
	case NOP_MAX:
		return (Interval){fmax(a.lo, b.lo), fmax(a.hi, b.hi)};
	case NOP_LT:
	case NOP_LE:
		return less(a, b);
	case NOP_GT:
	case NOP_GE:
		return less(b, a);
	case NOP_EQ:
		return equal(a, b);
	case NOP_NE:
		return opposite(equal(a, b));
	case NOP_AND:
		return (Interval){fmin(a.lo, b.lo), fmin(a.hi, b.hi)};
	case NOP_OR:
		return (Interval){fmax(a.lo, b.lo), fmax(a.hi, b.hi)};
	default:                                          /* pow: of no use here */
		return interval_all;
	}
}

static double
exprel(double x)
{
	return fabs(x) < 1e-9 ? 1 : expm1(x) / x;
}

static Interval
unary(NetOp op, Interval a)
{
	switch (op) {
	case NOP_NEG:
		return (Interval){-a.hi, -a.lo};
	case NOP_NOT:
		return opposite(a);
	case NOP_ABS:
		return a.lo >= 0 ? a : a.hi <= 0 ? (Interval){-a.hi, -a.lo} : (Interval){0, fmax(-a.lo, a.hi)};
	case NOP_SQRT:
		return a.lo < 0 ? interval_all : hull(sqrt(a.lo), sqrt(a.hi));
	case NOP_FLOOR:
		return hull(floor(a.lo), floor(a.hi));
	case NOP_CEIL:
		return hull(ceil(a.lo), ceil(a.hi));
	case NOP_EXP:
		return hull(exp(a.lo), exp(a.hi));
	case NOP_EXPM1:
		return hull(expm1(a.lo), expm1(a.hi));
	case NOP_EXPREL:
		return isinf(a.lo) || isinf(a.hi) ? (Interval){0, INFINITY} : hull(exprel(a.lo), exprel(a.hi));
	case NOP_LOG:
		return a.lo <= 0 ? interval_all : hull(log(a.lo), log(a.hi));
	case NOP_LOG1P:
		return a.lo <= -1 ? interval_all : hull(log1p(a.lo), log1p(a.hi));
	case NOP_TANH:
		return hull(tanh(a.lo), tanh(a.hi));
	case NOP_SIN:
	case NOP_COS:
		return (Interval){-1, 1};
	default:
		return interval_all;
	}
}

static Interval
draw(const IntervalEnv *env, const NetExpr *e)
{
	switch (e->draw) {
	case NDRAW_UNIFORM:
		return either;
	case NDRAW_BERNOULLI: {
		Interval p = interval_of(env, e->op[0]);
		return truth(p.hi > 0, p.lo >= 1);
	}
	case NDRAW_POISSON:
		return interval_of(env, e->op[0]).hi <= 0 ? (Interval){0, 0} : (Interval){0, INFINITY};
	case NDRAW_NORMAL:
	case NDRAW_NOISE:
	case NDRAW_UNSET:
		break;
	}
	return interval_all;
}

static Interval
array(const NetArray *a)
{
	Interval r = point(a->n ? a->value[0] : 0);
	for (uint64_t i = 1; i < a->n; i++)
		r = interval_join(r, point(a->value[i]));
	return r;
}

static Interval
neuron_index(const IntervalEnv *env, NetSide side)
{
	uint32_t l = side == NSIDE_PRE ? env->pre : side == NSIDE_POST ? env->post : env->layer;
	return (Interval){0, l == NET_NONE ? INFINITY : (double)env->net->layers.at[l].n - 1};
}

static Interval
given(const Interval *at, uint32_t i, NetType t)
{
	return at ? at[i] : t == NT_BOOL ? either : interval_all;
}

Interval
interval_of(const IntervalEnv *env, const NetExpr *e)
{
	switch (e->kind) {
	case NEXPR_CONST:
		return point(e->value);
	case NEXPR_ARRAY:
		return array(&env->net->arrays.at[e->index]);
	case NEXPR_STATE:
		return e->side == NSIDE_OWN ? given(env->states, e->index, e->type) : given(NULL, 0, e->type);
	case NEXPR_LOCAL:
		return given(env->locals, e->index, e->type);
	case NEXPR_INPUT:
		return env->signal ? *env->signal : given(env->inputs, e->port, e->type);
	case NEXPR_VALUE:
		return given(env->value, 0, e->type);
	case NEXPR_INDEX:
		return neuron_index(env, e->side);
	case NEXPR_DRAW:
		return draw(env, e);
	case NEXPR_UNARY:
		return unary(e->op_kind, interval_of(env, e->op[0]));
	case NEXPR_BINARY: {
		Interval a = interval_of(env, e->op[0]), b = interval_of(env, e->op[1]);
		return binary(e->op_kind, a, b);
	}
	case NEXPR_IF: {
		Interval c = interval_of(env, e->op[1]);
		if (c.lo >= 1)
			return interval_of(env, e->op[0]);
		if (c.hi <= 0)
			return interval_of(env, e->op[2]);
		return interval_join(interval_of(env, e->op[0]), interval_of(env, e->op[2]));
	}
	default:                                          /* what others do */
		return given(NULL, 0, e->type);
	}
}
