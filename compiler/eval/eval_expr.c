/* eval_expr: the value of an expression. One C operation per plan operation, in the type of the operands. */
#include "eval/eval_inner.h"

#include "base/panic.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* ---- elements -------------------------------------------------------------------------------------- */

char *
eval_address(Eval *ev, uint32_t buf, PlanExpr *const *index)
{
	const PlanBuf *b = &ev->p->bufs.at[buf];
	uint64_t at = 0;
	for (uint32_t i = 0; i < b->naxes; i++) {
		int64_t x = eval_expr(ev, index[i]).i;
		uint64_t extent = b->axis[i].extent;
		if (x < 0 || (uint64_t)x >= extent)
			eval_fail(ev, "`%s` is indexed by %" PRId64 ", its axis %s has %" PRIu64, b->name, x,
				plan_axis_name(b->axis[i].kind), extent);
		at = at * (i + 1 == b->naxes ? plan_buf_pitch(b) : extent) + (uint64_t)x;
	}
	return ev->arena + b->offset + at * plan_type_size(b->type);
}

/* Bit k of the result: the k-th element from here on. Index and length are checked like those of loads. */
static uint64_t
mask(Eval *ev, const PlanExpr *e)
{
	const PlanBuf *b = &ev->p->bufs.at[e->id];
	int64_t n = eval_expr(ev, e->op[b->naxes]).i, from = eval_expr(ev, e->op[b->naxes - 1]).i;
	uint64_t extent = b->axis[b->naxes - 1].extent, bits = 0;
	if (n <= 0)
		return 0;
	const char *at = eval_address(ev, e->id, e->op);
	n = n < 64 ? n : 64;
	if ((uint64_t)n > extent - (uint64_t)from)
		eval_fail(ev, "%" PRId64 " elements of `%s` are read from %" PRId64 " on, its axis %s has %" PRIu64, n, b->name,
			from, plan_axis_name(b->axis[b->naxes - 1].kind), extent);
	if (ev->in_team)
		eval_touch(ev, e->id, at, (uint64_t)n, false);
	eval_read_work(ev, e->id, at, n);
	for (int64_t k = 0; k < n; k++)
		bits |= (uint64_t)(at[k] != 0) << k;
	return bits;
}

#define LOAD_AS(T) do { T x; memcpy(&x, at, sizeof x); v.i = (int64_t)x; } while (0)

static Val
load(PlanType t, const char *at)
{
	Val v = {.i = 0};
	uint16_t half;
	switch (t) {
	case PT_BOOL: v.i = *at != 0; break;
	case PT_I8: LOAD_AS(int8_t); break;
	case PT_I16: LOAD_AS(int16_t); break;
	case PT_I32: LOAD_AS(int32_t); break;
	case PT_I64: LOAD_AS(int64_t); break;
	case PT_U8: LOAD_AS(uint8_t); break;
	case PT_U16: LOAD_AS(uint16_t); break;
	case PT_U32: LOAD_AS(uint32_t); break;
	case PT_U64: LOAD_AS(uint64_t); break;
	case PT_F16:
	case PT_BF16:
		memcpy(&half, at, sizeof half);
		v.f = (float)plan_half_value(t, half);
		break;
	case PT_F32: memcpy(&v.f, at, sizeof v.f); break;
	case PT_F64: memcpy(&v.d, at, sizeof v.d); break;
	case PT_UNSET:
	case PT_COUNT: UNREACHABLE();
	}
	return v;
}

static Val
load_element(Eval *ev, const PlanExpr *e)
{
	const char *at = eval_address(ev, e->id, e->op);
	PlanType t = ev->p->bufs.at[e->id].type;
	if (ev->in_team)
		eval_touch(ev, e->id, at, plan_type_size(t), false);
	eval_read_work(ev, e->id, at, 1);
	return load(t, at);
}

#define STORE_AS(T) do { T x = (T)v.i; memcpy(at, &x, sizeof x); } while (0)

void
eval_store(PlanType t, char *at, Val v)
{
	uint16_t half;
	switch (t) {
	case PT_BOOL: *at = v.i != 0; break;
	case PT_I8:
	case PT_U8: STORE_AS(uint8_t); break;
	case PT_I16:
	case PT_U16: STORE_AS(uint16_t); break;
	case PT_I32:
	case PT_U32: STORE_AS(uint32_t); break;
	case PT_I64:
	case PT_U64: STORE_AS(uint64_t); break;
	case PT_F16:
	case PT_BF16:
		half = plan_half_bits(t, (double)v.f);
		memcpy(at, &half, sizeof half);
		break;
	case PT_F32: memcpy(at, &v.f, sizeof v.f); break;
	case PT_F64: memcpy(at, &v.d, sizeof v.d); break;
	case PT_UNSET:
	case PT_COUNT: UNREACHABLE();
	}
}

Val
eval_const(PlanType t, PlanValue v)
{
	Val out = {.i = 0};
	if (plan_type_value(t) == PT_F32)
		out.f = (float)v.f;
	else if (t == PT_F64)
		out.d = v.f;
	else
		out.i = v.i;
	return out;
}

/* ---- conversions ------------------------------------------------------------------------------------- */

/* Truncated; outside of lo .. hi the nearer end; NaN gives 0. The bounds are exact: hi + 1 is a power of two. */
static int64_t
saturate(double x, int64_t lo, int64_t hi)
{
	if (isnan(x))
		return 0;
	if (x <= (double)lo)
		return lo;
	return x >= (double)hi + (hi == INT64_MAX ? 0.0 : 1.0) ? hi : (int64_t)x;
}

static int64_t
float_to_int(PlanType t, double x)
{
	switch (t) {
	case PT_I8: return saturate(x, INT8_MIN, INT8_MAX);
	case PT_I16: return saturate(x, INT16_MIN, INT16_MAX);
	case PT_I32: return saturate(x, INT32_MIN, INT32_MAX);
	case PT_I64: return saturate(x, INT64_MIN, INT64_MAX);
	case PT_U8: return saturate(x, 0, UINT8_MAX);
	case PT_U16: return saturate(x, 0, UINT16_MAX);
	case PT_U32: return saturate(x, 0, UINT32_MAX);
	case PT_U64:
		if (isnan(x) || x <= 0)
			return 0;
		return x >= 0x1p64 ? -1 : (int64_t)(uint64_t)x;
	case PT_UNSET: case PT_BOOL: case PT_F16: case PT_BF16: case PT_F32: case PT_F64: case PT_COUNT: break;
	}
	UNREACHABLE();
}

static Val
convert(PlanType from, PlanType to, Val a)
{
	Val v = {.i = 0};
	if (plan_type_is_float(from)) {
		double x = from == PT_F32 ? (double)a.f : a.d;
		if (to == PT_F32)
			v.f = from == PT_F32 ? a.f : (float)a.d;
		else if (to == PT_F64)
			v.d = x;
		else
			v.i = float_to_int(to, x);
	} else if (to == PT_F32) {
		v.f = from == PT_U64 ? (float)(uint64_t)a.i : (float)a.i;
	} else if (to == PT_F64) {
		v.d = from == PT_U64 ? (double)(uint64_t)a.i : (double)a.i;
	} else {
		v.i = plan_wrap_int(to, a.i);
	}
	return v;
}

static Val
reinterpret(PlanType from, PlanType to, Val a)
{
	Val v = {.i = 0};
	uint64_t bits = (uint64_t)a.i;
	uint32_t low;
	if (from == PT_F32) {
		memcpy(&low, &a.f, sizeof low);
		bits = low;
	} else if (from == PT_F64) {
		memcpy(&bits, &a.d, sizeof bits);
	}
	if (to == PT_F32) {
		low = (uint32_t)bits;
		memcpy(&v.f, &low, sizeof v.f);
	} else if (to == PT_F64) {
		memcpy(&v.d, &bits, sizeof v.d);
	} else {
		v.i = plan_wrap_int(to, (int64_t)bits);
	}
	return v;
}

/* ---- operators ---------------------------------------------------------------------------------------- */

static Val
binary_f32(PlanExprKind k, float a, float b)
{
	Val v = {.i = 0};
	if (k == PEXPR_ADD)
		v.f = a + b;
	else if (k == PEXPR_SUB)
		v.f = a - b;
	else if (k == PEXPR_MUL)
		v.f = a * b;
	else if (k == PEXPR_DIV)
		v.f = a / b;
	else
		UNREACHABLE();
	return v;
}

static Val
binary_f64(PlanExprKind k, double a, double b)
{
	Val v = {.i = 0};
	if (k == PEXPR_ADD)
		v.d = a + b;
	else if (k == PEXPR_SUB)
		v.d = a - b;
	else if (k == PEXPR_MUL)
		v.d = a * b;
	else if (k == PEXPR_DIV)
		v.d = a / b;
	else
		UNREACHABLE();
	return v;
}

/* Division is by a constant that is neither 0 nor -1 (plan_verify). */
static Val
binary_int(PlanExprKind k, PlanType t, int64_t a, int64_t b)
{
	uint64_t ua = (uint64_t)a, ub = (uint64_t)b, r = 0;
	uint32_t amount = (uint32_t)(ub & (8 * (uint64_t)plan_type_size(t) - 1));
	bool is_signed = plan_type_is_signed(t);
	if (k == PEXPR_ADD)
		r = ua + ub;
	else if (k == PEXPR_SUB)
		r = ua - ub;
	else if (k == PEXPR_MUL)
		r = ua * ub;
	else if (k == PEXPR_DIV)
		r = is_signed ? (uint64_t)(a / b) : ua / ub;
	else if (k == PEXPR_REM)
		r = is_signed ? (uint64_t)(a % b) : ua % ub;
	else if (k == PEXPR_AND)
		r = ua & ub;
	else if (k == PEXPR_OR)
		r = ua | ub;
	else if (k == PEXPR_XOR)
		r = ua ^ ub;
	else if (k == PEXPR_SHL)
		r = ua << amount;
	else if (k == PEXPR_SHR)
		r = is_signed ? (uint64_t)(a >> amount) : ua >> amount;
	else
		UNREACHABLE();
	return (Val){.i = plan_wrap_int(t, (int64_t)r)};
}

static Val
binary(PlanExprKind k, PlanType t, Val a, Val b)
{
	if (t == PT_F32)
		return binary_f32(k, a.f, b.f);
	if (t == PT_F64)
		return binary_f64(k, a.d, b.d);
	return binary_int(k, t, a.i, b.i);
}

#define COMPARE(a, b)                                                                             \
	switch (k) {                                                                               \
	case PEXPR_EQ: return (a) == (b);                                                          \
	case PEXPR_NE: return (a) != (b);                                                          \
	case PEXPR_LT: return (a) < (b);                                                           \
	case PEXPR_LE: return (a) <= (b);                                                          \
	case PEXPR_GT: return (a) > (b);                                                           \
	case PEXPR_GE: return (a) >= (b);                                                          \
	default: UNREACHABLE();                                                                    \
	}

static bool
compare(PlanExprKind k, PlanType t, Val a, Val b)
{
	if (t == PT_F32)
		COMPARE(a.f, b.f)
	if (t == PT_F64)
		COMPARE(a.d, b.d)
	if (t == PT_U64)
		COMPARE((uint64_t)a.i, (uint64_t)b.i)
	COMPARE(a.i, b.i)
}

static Val
unary(PlanExprKind k, PlanType t, Val a)
{
	Val v = {.i = 0};
	bool f32 = t == PT_F32;
	if (k == PEXPR_NOT)
		v.i = t == PT_BOOL ? !a.i : plan_wrap_int(t, ~a.i);
	else if (k == PEXPR_NEG && !plan_type_is_float(t))
		v.i = plan_wrap_int(t, (int64_t)(0 - (uint64_t)a.i));
	else if (k == PEXPR_NEG && f32)
		v.f = -a.f;
	else if (k == PEXPR_NEG)
		v.d = -a.d;
	else if (k == PEXPR_ABS && f32)
		v.f = fabsf(a.f);
	else if (k == PEXPR_ABS)
		v.d = fabs(a.d);
	else if (k == PEXPR_SQRT && f32)
		v.f = sqrtf(a.f);
	else if (k == PEXPR_SQRT)
		v.d = sqrt(a.d);
	else if (k == PEXPR_FLOOR && f32)
		v.f = floorf(a.f);
	else if (k == PEXPR_FLOOR)
		v.d = floor(a.d);
	else if (k == PEXPR_CEIL && f32)
		v.f = ceilf(a.f);
	else if (k == PEXPR_CEIL)
		v.d = ceil(a.d);
	else
		UNREACHABLE();
	return v;
}

static int64_t
trailing_zeros(uint64_t x)
{
	int64_t n = 0;
	while (n < 64 && !(x >> n & 1))
		n++;
	return n;
}

static Val
fused(PlanType t, Val a, Val b, Val c)
{
	Val v = {.i = 0};
	if (t == PT_F32)
		v.f = fmaf(a.f, b.f, c.f);
	else
		v.d = fma(a.d, b.d, c.d);
	return v;
}

Val
eval_expr(Eval *ev, const PlanExpr *e)
{
	PlanType t = e->type;
	Val a, b, c;
	switch (e->kind) {
	case PEXPR_CONST:
		return eval_const(t, e->value);
	case PEXPR_LOCAL:
		if (!ev->is_set[e->id])
			eval_fail(ev, "`%s` has no value yet", ev->p->codes.at[ev->code]->locals[e->id].name);
		return ev->local[e->id];
	case PEXPR_LOAD:
		return load_element(ev, e);
	case PEXPR_MASK:
		return (Val){.i = (int64_t)mask(ev, e)};
	case PEXPR_CTZ:
		return (Val){.i = trailing_zeros((uint64_t)eval_expr(ev, e->op[0]).i)};
	case PEXPR_NEG: case PEXPR_NOT: case PEXPR_ABS: case PEXPR_SQRT: case PEXPR_FLOOR: case PEXPR_CEIL:
		return unary(e->kind, t, eval_expr(ev, e->op[0]));
	case PEXPR_ADD: case PEXPR_SUB: case PEXPR_MUL: case PEXPR_DIV: case PEXPR_REM:
	case PEXPR_AND: case PEXPR_OR: case PEXPR_XOR: case PEXPR_SHL: case PEXPR_SHR:
		a = eval_expr(ev, e->op[0]);
		b = eval_expr(ev, e->op[1]);
		return binary(e->kind, t, a, b);
	case PEXPR_EQ: case PEXPR_NE: case PEXPR_LT: case PEXPR_LE: case PEXPR_GT: case PEXPR_GE:
		a = eval_expr(ev, e->op[0]);
		b = eval_expr(ev, e->op[1]);
		return (Val){.i = compare(e->kind, e->op[0]->type, a, b)};
	case PEXPR_FMA:
		a = eval_expr(ev, e->op[0]);
		b = eval_expr(ev, e->op[1]);
		c = eval_expr(ev, e->op[2]);
		return fused(t, a, b, c);
	case PEXPR_SELECT:
		a = eval_expr(ev, e->op[0]);
		b = eval_expr(ev, e->op[1]);
		c = eval_expr(ev, e->op[2]);
		return a.i ? b : c;
	case PEXPR_CAST:
		return convert(e->op[0]->type, t, eval_expr(ev, e->op[0]));
	case PEXPR_BITS:
		return reinterpret(e->op[0]->type, t, eval_expr(ev, e->op[0]));
	case PEXPR_UNSET:
	case PEXPR_COUNT: break;
	}
	UNREACHABLE();
}
