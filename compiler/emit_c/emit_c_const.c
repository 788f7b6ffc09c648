/* emit_c_const: types and constants as C writes them, and integer arithmetic on constants, which is
 * done here: where it wraps, C compilers would warn. */
#include "emit_c/emit_c_inner.h"

#include "base/num.h"
#include "base/panic.h"

#include <math.h>
#include <string.h>

/* ---- types ----------------------------------------------------------------------------------- */

const char *
c_type(PlanType t)
{
	switch (t) {
	case PT_BOOL: return "bool";
	case PT_I8: return "int8_t";
	case PT_I16: return "int16_t";
	case PT_I32: return "int32_t";
	case PT_I64: return "int64_t";
	case PT_U8: return "uint8_t";
	case PT_U16: return "uint16_t";
	case PT_U32: return "uint32_t";
	case PT_U64: return "uint64_t";
	case PT_F16:
	case PT_BF16:
	case PT_F32: return "float";
	case PT_F64: return "double";
	case PT_UNSET:
	case PT_COUNT: break;
	}
	UNREACHABLE();
}

/* gcc 12 vectorises no loop that loads from an array of bool, nor one that converts _Float16. */
const char *
c_elem(PlanType t)
{
	if (t == PT_BOOL)
		return "uint8_t";
	return t == PT_F16 || t == PT_BF16 ? "uint16_t" : c_type(t);
}

uint32_t
c_width(PlanType t)
{
	return plan_type_size(t) * 8;
}

bool
c_is_small(PlanType t)
{
	return plan_type_is_int(t) && c_width(t) < 32;
}

bool
c_is_unsigned(PlanType t)
{
	return plan_type_is_int(t) && !plan_type_is_signed(t);
}

/* ---- constants ------------------------------------------------------------------------------- */

static void
put_float(StrBuf *b, PlanType t, double v)
{
	char text[NUM_TEXT];
	if (isnan(v)) {
		strbuf_puts(b, "NAN");
		return;
	}
	if (isinf(v)) {
		strbuf_puts(b, v < 0 ? "-INFINITY" : "INFINITY");
		return;
	}
	strbuf_puts(b, t == PT_F64 ? num_write_f64(text, v) : num_write_f32(text, (float)v));
	if (!strpbrk(text, ".e"))
		strbuf_puts(b, ".0");
	if (t != PT_F64)
		strbuf_putc(b, 'f');
}

static void
put_signed(StrBuf *b, PlanType t, int64_t v, bool wide)
{
	if (t == PT_I64 && v == INT64_MIN)
		strbuf_puts(b, "INT64_MIN");
	else if (t != PT_I64 && v == INT32_MIN)
		strbuf_puts(b, "INT32_MIN");
	else if (t == PT_I64 && (wide || v > INT32_MAX || v < -INT32_MAX))
		strbuf_printf(b, "INT64_C(%lld)", (long long)v);
	else
		strbuf_printf(b, "%lld", (long long)v);
}

static void
put_unsigned(StrBuf *b, PlanType t, uint64_t v, bool wide)
{
	bool macro = t == PT_U64 && (wide || v > UINT32_MAX);
	if (macro)
		strbuf_puts(b, "UINT64_C(");
	strbuf_printf(b, v > 0xffff ? "0x%llx" : "%llu", (unsigned long long)v);
	if (macro)
		strbuf_putc(b, ')');
	else if (!c_is_small(t))
		strbuf_putc(b, 'u');
}

void
c_const_as(StrBuf *b, PlanType t, PlanValue v, bool wide)
{
	if (plan_type_is_float(t))
		put_float(b, t, v.f);
	else if (t == PT_BOOL)
		strbuf_puts(b, v.i ? "true" : "false");
	else if (plan_type_is_signed(t))
		put_signed(b, t, v.i, wide);
	else
		put_unsigned(b, t, (uint64_t)v.i, wide);
}

void
c_const(StrBuf *b, PlanType t, PlanValue v)
{
	c_const_as(b, t, v, false);
}

bool
c_is_negative(const PlanExpr *e)
{
	if (e->kind != PEXPR_CONST || e->type == PT_BOOL)
		return false;
	if (plan_type_is_float(e->type))
		return signbit(e->value.f) && !isnan(e->value.f);
	return plan_type_is_signed(e->type) && e->value.i < 0;
}

/* A negative constant whose negation is a constant of the type too. */
bool
c_can_negate(const PlanExpr *e)
{
	return c_is_negative(e) &&
	       (plan_type_is_float(e->type) || e->value.i != INT64_MIN >> (64 - c_width(e->type)));
}

PlanExpr
c_negated(const PlanExpr *e)
{
	PlanExpr out = *e;
	if (plan_type_is_float(e->type))
		out.value.f = -e->value.f;
	else
		out.value.i = -e->value.i;
	return out;
}

/* ---- folding --------------------------------------------------------------------------------- */

/* The bits of v as a number of type t. */
int64_t
c_wrapped(PlanType t, uint64_t v)
{
	uint32_t gap = 64 - c_width(t);
	return plan_type_is_signed(t) ? (int64_t)(v << gap) >> gap : (int64_t)(v << gap >> gap);
}

static bool
fold_bits(PlanExprKind k, PlanType t, uint64_t a, uint64_t b, uint64_t *r)
{
	uint64_t amount = b & (c_width(t) - 1);
	switch (k) {
	case PEXPR_NEG: *r = 0 - a; return true;
	case PEXPR_NOT: *r = ~a; return true;
	case PEXPR_ADD: *r = a + b; return true;
	case PEXPR_SUB: *r = a - b; return true;
	case PEXPR_MUL: *r = a * b; return true;
	case PEXPR_AND: *r = a & b; return true;
	case PEXPR_OR: *r = a | b; return true;
	case PEXPR_XOR: *r = a ^ b; return true;
	case PEXPR_SHL: *r = a << amount; return true;
	case PEXPR_SHR:
		*r = plan_type_is_signed(t) ? (uint64_t)((int64_t)a >> amount) : a >> amount;
		return true;
	default: return false;
	}
}

bool
c_fold(const PlanExpr *e, int64_t *v)
{
	int64_t a, b = 0;
	uint64_t r;
	if (!plan_type_is_int(e->type))
		return false;
	if (e->kind == PEXPR_CONST) {
		*v = e->value.i;
		return true;
	}
	if (e->nops < 1 || e->nops > 2 || !c_fold(e->op[0], &a))
		return false;
	if (e->nops == 2 && !c_fold(e->op[1], &b))
		return false;
	if (!fold_bits(e->kind, e->type, (uint64_t)a, (uint64_t)b, &r))
		return false;
	*v = c_wrapped(e->type, r);
	return true;
}
