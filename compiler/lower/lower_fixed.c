/* lower_fixed: the number that a connection without stored values multiplies a spike with.
 *
 * Such values are numbers, or one number where i == j and another elsewhere, so what arrives is known before the run; it
 * is computed here with the same single roundings as in the loop.
 */
#include "base/panic.h"
#include "lower/lower_inner.h"

#include <math.h>

/* Numbers, the value, the signal, and whether i == j. */
bool
low_is_fixed(const NetExpr *e)
{
	if (!e)
		return true;
	switch (e->kind) {
	case NEXPR_CONST: case NEXPR_VALUE: case NEXPR_INPUT:
		return true;
	case NEXPR_BINARY:
		if ((e->op_kind == NOP_EQ || e->op_kind == NOP_NE) && e->op[0]->kind == NEXPR_INDEX && e->op[1]->kind == NEXPR_INDEX)
			return true;
		/* fall through */
	case NEXPR_UNARY: case NEXPR_IF:
		return low_is_fixed(e->op[0]) && low_is_fixed(e->op[1]) && low_is_fixed(e->op[2]);
	default:
		return false;
	}
}

typedef struct { bool f64, diagonal; double value, signal; } Fixed;

static double
rounded(const Fixed *f, double v)
{
	return f->f64 ? v : (double)(float)v;
}

static double fixed(const Fixed *f, const NetExpr *e);

static double
fixed_binary(const Fixed *f, const NetExpr *e)
{
	if (e->op[0]->kind == NEXPR_INDEX && e->op[1]->kind == NEXPR_INDEX)
		return e->op[0]->side == e->op[1]->side || f->diagonal ? e->op_kind == NOP_EQ : e->op_kind == NOP_NE;
	double a = fixed(f, e->op[0]), b = fixed(f, e->op[1]);
	switch (e->op_kind) {                             /* a double holds sum and product of floats well enough to round once */
	case NOP_ADD: return rounded(f, a + b);
	case NOP_SUB: return rounded(f, a - b);
	case NOP_MUL: return rounded(f, a * b);
	case NOP_DIV: return rounded(f, a / b);
	case NOP_MIN: return a < b ? a : b;
	case NOP_MAX: return a > b ? a : b;
	case NOP_EQ: return a == b;
	case NOP_NE: return a != b;
	case NOP_LT: return a < b;
	case NOP_LE: return a <= b;
	case NOP_GT: return a > b;
	case NOP_GE: return a >= b;
	case NOP_POW: return b == 0 || a == 1 ? 1 : a < 0 ? NAN : rounded(f, pow(a, b));
	case NOP_AND: return a != 0 && b != 0;
	case NOP_OR: return a != 0 || b != 0;
	default: UNREACHABLE();
	}
}

static double
fixed_unary(const Fixed *f, const NetExpr *e)
{
	double a = fixed(f, e->op[0]);
	switch (e->op_kind) {
	case NOP_NEG: return -a;
	case NOP_NOT: return a == 0;
	case NOP_ABS: return fabs(a);
	case NOP_SQRT: return rounded(f, sqrt(a));
	case NOP_FLOOR: return floor(a);
	case NOP_CEIL: return ceil(a);
	case NOP_EXP: return rounded(f, exp(a));
	case NOP_LOG: return rounded(f, log(a));
	case NOP_EXPREL: return a == 0 ? 1 : rounded(f, expm1(a) / a);
	case NOP_EXPM1: return rounded(f, expm1(a));
	case NOP_LOG1P: return rounded(f, log1p(a));
	case NOP_SIN: return rounded(f, sin(a));
	case NOP_COS: return rounded(f, cos(a));
	case NOP_TANH: return rounded(f, tanh(a));
	default: UNREACHABLE();
	}
}

static double
fixed(const Fixed *f, const NetExpr *e)
{
	switch (e->kind) {
	case NEXPR_CONST: return e->value;
	case NEXPR_VALUE: return f->value;
	case NEXPR_INPUT: return f->signal;
	case NEXPR_UNARY: return fixed_unary(f, e);
	case NEXPR_BINARY: return fixed_binary(f, e);
	case NEXPR_IF: return fixed(f, e->op[fixed(f, e->op[1]) != 0 ? 0 : 2]);
	default: UNREACHABLE();
	}
}

static double
clipped(const Fixed *f, const NetFeature *feature, double v)
{
	if (!feature->has_range || feature->type == NT_BOOL)
		return v;
	double lo = rounded(f, feature->lo->value), hi = rounded(f, feature->hi->value); /* lists are stored, with their values */
	v = v < lo ? lo : v;
	return v > hi ? hi : v;
}

double
low_fixed_signal(const Lower *l, uint32_t conn, bool diagonal)
{
	const NetConn *c = &l->net->conns.at[conn];
	Fixed f = {.f64 = l->net->f64, .diagonal = diagonal, .signal = 1};
	for (uint32_t k = 0; k < c->features.n; k++) {
		const NetFeature *feature = &c->features.at[k];
		f.value = clipped(&f, feature, fixed(&f, feature->init.e));
		for (uint32_t n = 0; n < feature->compute.body.n; n++) {
			const NetStmt *s = feature->compute.body.at[n];
			double e = fixed(&f, s->e), old = f.signal;
			f.signal = s->op == NSET ? e : rounded(&f, s->op == NADD ? old + e : s->op == NSUB ? old - e
			                                           : s->op == NMUL ? old * e : old / e);
		}
	}
	return f.signal;
}
