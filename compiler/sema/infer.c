/* infer: terms of dimensions, and the elimination that solves for their variables. */
#include "sema/infer.h"

#include "base/panic.h"

#include <string.h>

/* Far beyond any sensible power, and small enough that products of two fit. */
enum { POWER_MAX = 1 << 13 };

/* ---- rational powers ---------------------------------------------------------------------- */

static Rat
rat_make(Infer *in, int64_t num, int64_t den)
{
	int64_t a = num < 0 ? -num : num, b = den;
	while (b) {
		int64_t rest = a % b;
		a = b;
		b = rest;
	}
	if (a > 1) {
		num /= a;
		den /= a;
	}
	if (num > POWER_MAX || num < -POWER_MAX || den > POWER_MAX) {
		in->overflow = true;
		return (Rat){0};
	}
	return (Rat){(int16_t)num, (int16_t)(den - 1)};
}

static Rat
rat_add(Infer *in, Rat a, Rat b)
{
	if (a.num == 0)
		return b;
	if (b.num == 0)
		return a;
	int64_t p = a.den_less_one + 1, q = b.den_less_one + 1;
	return rat_make(in, a.num * q + b.num * p, p * q);
}

static Rat
rat_mul(Infer *in, Rat a, Rat b)
{
	if (a.num == 0 || b.num == 0)
		return (Rat){0};
	return rat_make(in, (int64_t)a.num * b.num,
			(int64_t)(a.den_less_one + 1) * (b.den_less_one + 1));
}

/* -a / b, for b not zero. */
static Rat
rat_minus_ratio(Infer *in, Rat a, Rat b)
{
	int64_t num = -(int64_t)a.num * (b.den_less_one + 1),
		den = (int64_t)(a.den_less_one + 1) * b.num;
	return den < 0 ? rat_make(in, -num, -den) : rat_make(in, num, den);
}

static const Rat rat_one = {1, 0}, rat_minus_one = {-1, 0}, rat_half = {1, 1};

/* ---- terms -------------------------------------------------------------------------------- */

DimTerm
infer_none(void)
{
	return (DimTerm){0};
}

DimTerm
infer_fresh(Infer *in)
{
	DimPart *part = ARENA_NEW(in->arena, DimPart);
	*part = (DimPart){in->vars.n, rat_one};
	VEC_PUSH(in->arena, &in->vars, (DimVar){0});
	return (DimTerm){.n = 1, .parts = part};
}

DimTerm
infer_stated(Dim d, Span why)
{
	DimTerm t = {.why = why};
	for (int i = 0; i < DIM_COUNT; i++)
		t.known[i] =
			d.twice[i] % 2 ? (Rat){d.twice[i], 1} : (Rat){(int16_t)(d.twice[i] / 2), 0};
	return t;
}

/* a * b^power */
static DimTerm
combine(Infer *in, DimTerm a, DimTerm b, Rat power)
{
	DimTerm out = {.why = a.why.lo ? a.why : b.why};
	for (int i = 0; i < DIM_COUNT; i++)
		out.known[i] = rat_add(in, a.known[i], rat_mul(in, b.known[i], power));
	if (b.n == 0) {
		out.n = a.n;
		out.parts = a.parts;
		return out;
	}
	DimPart *parts = ARENA_ARRAY(in->arena, DimPart, a.n + b.n);
	uint32_t i = 0, j = 0;
	while (i < a.n || j < b.n) {
		DimPart part;
		if (j == b.n || (i < a.n && a.parts[i].var < b.parts[j].var)) {
			part = a.parts[i++];
		} else {
			part = (DimPart){b.parts[j].var, rat_mul(in, b.parts[j].power, power)};
			if (i < a.n && a.parts[i].var == part.var)
				part.power = rat_add(in, a.parts[i++].power, part.power);
			j++;
		}
		if (part.power.num)
			parts[out.n++] = part;
	}
	out.parts = parts;
	return out;
}

DimTerm
infer_mul(Infer *in, DimTerm a, DimTerm b)
{
	return combine(in, a, b, rat_one);
}

DimTerm
infer_div(Infer *in, DimTerm a, DimTerm b)
{
	return combine(in, a, b, rat_minus_one);
}

DimTerm
infer_sqrt(Infer *in, DimTerm a)
{
	DimTerm none = {.why = a.why};
	return combine(in, none, a, rat_half);
}

DimTerm
infer_reduce(Infer *in, DimTerm t)
{
	uint32_t i = 0;
	while (i < t.n && !in->vars.at[t.parts[i].var].solved)
		i++;
	if (i == t.n)
		return t;
	DimTerm out = {.why = t.why};
	memcpy(out.known, t.known, sizeof out.known);
	for (i = 0; i < t.n; i++) {
		DimPart part = t.parts[i];
		if (in->vars.at[part.var].solved) {
			DimTerm is = infer_reduce(in, in->vars.at[part.var].is);
			in->vars.at[part.var].is = is; /* the next reader finds it reduced */
			out = combine(in, out, is, part.power);
		} else {
			DimPart *kept = ARENA_NEW(in->arena, DimPart);
			*kept = part;
			out = combine(in, out, (DimTerm){.n = 1, .parts = kept}, rat_one);
		}
	}
	return out;
}

/* The newest variable, but rather one that needs no root: of g * n * n * n * n with bare numbers for all of them g gets the
 * dimension, and n is none of a quarter power. */
static uint32_t
pivot(const DimTerm *t)
{
	for (uint32_t i = t->n; i-- > 0;) {
		if (t->parts[i].power.num == 1 || t->parts[i].power.num == -1)
			return i;
	}
	return t->n - 1;
}

bool
infer_unify(Infer *in, DimTerm a, DimTerm b)
{
	a = infer_reduce(in, a);
	b = infer_reduce(in, b);
	DimTerm ratio = combine(in, a, b, rat_minus_one);
	if (ratio.n == 0) {
		for (int i = 0; i < DIM_COUNT; i++) {
			if (ratio.known[i].num)
				return false;
		}
		return true;
	}
	/* ratio = rest * var^p is to be none: var = rest^(-1/p). */
	uint32_t at = pivot(&ratio);
	DimPart last = ratio.parts[at], *others = ARENA_ARRAY(in->arena, DimPart, ratio.n);
	DimTerm rest = ratio, none = {.why = ratio.why};
	memcpy(others, ratio.parts, at * sizeof *others);
	memcpy(others + at, ratio.parts + at + 1, (ratio.n - at - 1) * sizeof *others);
	rest.parts = others;
	rest.n--;
	DimVar *var = &in->vars.at[last.var];
	ASSERT(!var->solved);
	var->is = combine(in, none, rest, rat_minus_ratio(in, rat_one, last.power));
	var->solved = true;
	return true;
}

bool
infer_is_open(Infer *in, DimTerm t)
{
	return infer_reduce(in, t).n > 0;
}

bool
infer_dim(Infer *in, DimTerm t, Dim *out)
{
	t = infer_reduce(in, t);
	bool fits = true;
	for (int i = 0; i < DIM_COUNT; i++) {
		int den = t.known[i].den_less_one + 1, twice = 2 * t.known[i].num / den;
		if (2 * t.known[i].num % den || twice > INT8_MAX || twice < -INT8_MAX) {
			fits = false;
			twice = twice > 0 ? INT8_MAX : -INT8_MAX;
		}
		out->twice[i] = (int8_t)twice;
	}
	return fits;
}

void
infer_copy_begin(Infer *in)
{
	in->round++;
}

DimTerm
infer_copy(Infer *in, DimTerm t)
{
	t = infer_reduce(in, t);
	if (t.n == 0)
		return t;
	DimTerm out = {.why = t.why};
	memcpy(out.known, t.known, sizeof out.known);
	for (uint32_t i = 0; i < t.n; i++) {
		uint32_t v = t.parts[i].var;
		if (in->vars.at[v].copied_in != in->round) {
			uint32_t fresh = infer_fresh(in).parts->var;
			in->vars.at[v].copied_in = in->round;
			in->vars.at[v].copy = fresh;
		}
		DimPart *part = ARENA_NEW(in->arena, DimPart);
		*part = (DimPart){in->vars.at[v].copy, t.parts[i].power};
		out = combine(in, out, (DimTerm){.n = 1, .parts = part}, rat_one);
	}
	return out;
}
