/* plan_types: element types, the tables of kinds, and which operator takes which types. */
#include "plan/plan_inner.h"

#include "base/panic.h"

#include <math.h>
#include <string.h>

typedef struct { const char *name; uint8_t size; bool is_float, is_int, is_signed; } TypeRow;

static const TypeRow type_rows[PT_COUNT] = {
	[PT_UNSET] = {"unset", 0, false, false, false},
	[PT_BOOL] = {"bool", 1, false, false, false},
	[PT_I8] = {"i8", 1, false, true, true},
	[PT_I16] = {"i16", 2, false, true, true},
	[PT_I32] = {"i32", 4, false, true, true},
	[PT_I64] = {"i64", 8, false, true, true},
	[PT_U8] = {"u8", 1, false, true, false},
	[PT_U16] = {"u16", 2, false, true, false},
	[PT_U32] = {"u32", 4, false, true, false},
	[PT_U64] = {"u64", 8, false, true, false},
	[PT_F16] = {"f16", 2, true, false, true},
	[PT_BF16] = {"bf16", 2, true, false, true},
	[PT_F32] = {"f32", 4, true, false, true},
	[PT_F64] = {"f64", 8, true, false, true},
};

/* A type out of a broken plan is shown, never used as an index. */
static const TypeRow *
type_row(PlanType t)
{
	return &type_rows[(unsigned)t < PT_COUNT ? t : PT_UNSET];
}

const char *plan_type_name(PlanType t) { return type_row(t)->name; }
uint32_t plan_type_size(PlanType t) { return type_row(t)->size; }
bool plan_type_is_float(PlanType t) { return type_row(t)->is_float; }
bool plan_type_is_int(PlanType t) { return type_row(t)->is_int; }
bool plan_type_is_signed(PlanType t) { return type_row(t)->is_signed; }

PlanType
plan_type_value(PlanType t)
{
	return t == PT_F16 || t == PT_BF16 ? PT_F32 : t;
}

bool
plan_type_find(const char *name, size_t n, PlanType *out)
{
	for (int t = PT_BOOL; t < PT_COUNT; t++) {
		if (strlen(type_rows[t].name) == n && memcmp(type_rows[t].name, name, n) == 0) {
			*out = (PlanType)t;
			return true;
		}
	}
	return false;
}

/* ---- values ------------------------------------------------------------------------------ */

double
plan_half_value(PlanType t, uint16_t bits)
{
	int mant = t == PT_F16 ? 10 : 7, emin = t == PT_F16 ? -14 : -126;
	int top = t == PT_F16 ? 31 : 255;
	int e = (bits & 0x7fff) >> mant, m = bits & ((1 << mant) - 1);
	double v;
	if (e == top)
		v = m ? (double)NAN : (double)INFINITY;
	else if (e == 0)
		v = ldexp(m, emin - mant);
	else
		v = ldexp(m + (1 << mant), e - 1 + emin - mant);
	return bits & 0x8000 ? -v : v;
}

uint16_t
plan_half_bits(PlanType t, double v)
{
	int mant = t == PT_F16 ? 10 : 7, emin = t == PT_F16 ? -14 : -126;
	long inf_bits = (t == PT_F16 ? 31L : 255L) << mant;
	long sign = signbit(v) ? 0x8000 : 0;
	if (isnan(v))
		return (uint16_t)(inf_bits | 1L << (mant - 1));
	if (isinf(v))
		return (uint16_t)(sign | inf_bits);
	int e;
	frexp(v, &e);
	e = v == 0 || e - 1 < emin ? emin : e - 1;
	if (e > 127)
		return (uint16_t)(sign | inf_bits);
	/* Units of the last place; a carry into the next power of two falls out right. */
	long units = lrint(ldexp(fabs(v), mant - e));
	long bits = units + ((long)(e - emin) << mant);
	return (uint16_t)(sign | (bits > inf_bits ? inf_bits : bits));
}

double
plan_round_float(PlanType t, double v)
{
	if (t == PT_F16 || t == PT_BF16)
		return plan_half_value(t, plan_half_bits(t, v));
	return t == PT_F32 ? (double)(float)v : v;
}

int64_t
plan_wrap_int(PlanType t, int64_t v)
{
	switch (t) {
	case PT_BOOL: return v != 0;
	case PT_I8: return (int8_t)v;
	case PT_I16: return (int16_t)v;
	case PT_I32: return (int32_t)v;
	case PT_U8: return (uint8_t)v;
	case PT_U16: return (uint16_t)v;
	case PT_U32: return (uint32_t)v;
	case PT_I64:
	case PT_U64: return v;
	case PT_UNSET:
	case PT_F16:
	case PT_BF16:
	case PT_F32:
	case PT_F64:
	case PT_COUNT: break;
	}
	return v;
}

/* ---- kinds ------------------------------------------------------------------------------- */

static const struct { const char *mnemonic; int n; char notation; } expr_rows[PEXPR_COUNT] = {
	[PEXPR_UNSET] = {"unset", 0, 's'},
#define X(kind, n, mnemonic, notation) [PEXPR_##kind] = {mnemonic, n, notation},
#include "plan/plan_expr.def"
#undef X
};

static const char *const object_names[POBJ_COUNT] = {
	[POBJ_UNSET] = "unset",
#define X(kind, mnemonic, texts, bufs, nums) [POBJ_##kind] = mnemonic,
#include "plan/plan_object.def"
#undef X
};

static const char *const axis_names[AXIS_COUNT] = {
	[AXIS_UNSET] = "unset", [AXIS_LANE] = "lane", [AXIS_BATCH] = "batch", [AXIS_NEURON] = "neuron",
	[AXIS_PRE] = "pre", [AXIS_POST] = "post", [AXIS_SYNAPSE] = "synapse", [AXIS_SLOT] = "slot",
	[AXIS_CLASS] = "class", [AXIS_ITEM] = "item",
};

static const char *const role_names[ROLE_COUNT] = {
	[ROLE_UNSET] = "unset", [ROLE_STATE] = "state", [ROLE_DERIVED] = "derived",
	[ROLE_SCRATCH] = "scratch", [ROLE_CONST] = "const", [ROLE_WORK] = "work",
};

const char *plan_expr_mnemonic(PlanExprKind k) { return expr_rows[(unsigned)k < PEXPR_COUNT ? k : 0].mnemonic; }
int plan_expr_operands(PlanExprKind k) { return expr_rows[(unsigned)k < PEXPR_COUNT ? k : 0].n; }
char plan_expr_notation(PlanExprKind k) { return expr_rows[(unsigned)k < PEXPR_COUNT ? k : 0].notation; }
const char *plan_object_mnemonic(PlanObjectKind k) { return object_names[(unsigned)k < POBJ_COUNT ? k : 0]; }
const char *plan_axis_name(PlanAxisKind k) { return axis_names[(unsigned)k < AXIS_COUNT ? k : 0]; }
const char *plan_role_name(PlanRole r) { return role_names[(unsigned)r < ROLE_COUNT ? r : 0]; }

const PlanHostFn plan_host_fns[] = {
#define SNNRT_CALL(name, arguments) {#name, arguments},
#include "snnrt_abi.def"
#undef SNNRT_CALL
};
const uint32_t plan_host_fn_count = sizeof plan_host_fns / sizeof plan_host_fns[0];

uint32_t
plan_host_find(const char *name)
{
	for (uint32_t i = 0; i < plan_host_fn_count; i++) {
		if (strcmp(plan_host_fns[i].name, name) == 0)
			return i;
	}
	PANIC("no host call is named %s", name);
}

int
plan_infix_level(PlanExprKind k)
{
	switch (k) {
	case PEXPR_MUL: case PEXPR_DIV: case PEXPR_REM: return 8;
	case PEXPR_ADD: case PEXPR_SUB: return 7;
	case PEXPR_SHL: case PEXPR_SHR: return 6;
	case PEXPR_LT: case PEXPR_LE: case PEXPR_GT: case PEXPR_GE: return 5;
	case PEXPR_EQ: case PEXPR_NE: return 4;
	case PEXPR_AND: return 3;
	case PEXPR_XOR: return 2;
	case PEXPR_OR: return 1;
	case PEXPR_UNSET: case PEXPR_CONST: case PEXPR_LOCAL: case PEXPR_LOAD: case PEXPR_MASK: case PEXPR_NEG: case PEXPR_NOT:
	case PEXPR_CTZ: case PEXPR_ABS: case PEXPR_SQRT: case PEXPR_FLOOR: case PEXPR_CEIL: case PEXPR_FMA: case PEXPR_SELECT:
	case PEXPR_CAST: case PEXPR_BITS: case PEXPR_COUNT: break;
	}
	return 0;
}

/* ---- which operator takes which types ------------------------------------------------------ */

static bool
refuse(Arena *a, const char **why, const PlanExpr *e, const char *what)
{
	*why = arena_printf(a, "`%s` %s", plan_expr_mnemonic(e->kind), what);
	return false;
}

static bool
refuse_type(Arena *a, const char **why, const PlanExpr *e, PlanType t)
{
	*why = arena_printf(a, "`%s` has no meaning for %s", plan_expr_mnemonic(e->kind), plan_type_name(t));
	return false;
}

static bool
same_types(const PlanExpr *e, uint32_t from, uint32_t to, Arena *a, const char **why)
{
	for (uint32_t i = from + 1; i < to; i++) {
		if (e->op[i]->type != e->op[from]->type) {
			*why = arena_printf(a, "the operands of `%s` are %s and %s", plan_expr_mnemonic(e->kind),
				plan_type_name(e->op[from]->type), plan_type_name(e->op[i]->type));
			return false;
		}
	}
	return true;
}

/* An integer may be divided only where no machine traps and no C is undefined. */
static bool
divisor_rule(const PlanExpr *e, Arena *a, const char **why)
{
	const PlanExpr *d = e->op[1];
	if (d->kind != PEXPR_CONST)
		return refuse(a, why, e, "of integers needs a constant on its right");
	if (d->value.i == 0)
		return refuse(a, why, e, "by 0");
	if (d->value.i == -1 && plan_type_is_signed(d->type))
		return refuse(a, why, e, "by -1");
	return true;
}

static bool
cast_rule(const PlanExpr *e, Arena *a, const char **why)
{
	PlanType from = e->op[0]->type, to = e->type;
	bool to_value = (plan_type_is_int(to) || plan_type_is_float(to)) && plan_type_value(to) == to;
	bool ok = to_value;
	if (e->kind == PEXPR_BITS)
		ok = ok && from != PT_BOOL && plan_type_size(from) == plan_type_size(to);
	if (!ok)
		*why = arena_printf(a, "%s cannot become %s%s", plan_type_name(from),
			e->kind == PEXPR_BITS ? "the bits of " : "", plan_type_name(to));
	return ok;
}

bool
plan_expr_rule(const PlanExpr *e, PlanType *t, Arena *a, const char **why)
{
	PlanType first = e->op[0]->type;
	bool is_float = plan_type_is_float(first), is_int = plan_type_is_int(first), is_bool = first == PT_BOOL;
	*t = e->kind == PEXPR_CAST || e->kind == PEXPR_BITS ? e->type : first;
	switch (e->kind) {
	case PEXPR_NEG:
		return is_float || plan_type_is_signed(first) ? true : refuse_type(a, why, e, first);
	case PEXPR_NOT:
		return is_int || is_bool ? true : refuse_type(a, why, e, first);
	case PEXPR_ABS: case PEXPR_SQRT: case PEXPR_FLOOR: case PEXPR_CEIL:
		return is_float ? true : refuse_type(a, why, e, first);
	case PEXPR_CTZ:
		return first == PT_U64 ? true : refuse_type(a, why, e, first);
	case PEXPR_ADD: case PEXPR_SUB: case PEXPR_MUL:
		return !is_float && !is_int ? refuse_type(a, why, e, first) : same_types(e, 0, 2, a, why);
	case PEXPR_DIV: case PEXPR_REM:
		if (!(is_int || (is_float && e->kind == PEXPR_DIV)))
			return refuse_type(a, why, e, first);
		return same_types(e, 0, 2, a, why) && (is_float || divisor_rule(e, a, why));
	case PEXPR_AND: case PEXPR_OR: case PEXPR_XOR:
		return !is_int && !is_bool ? refuse_type(a, why, e, first) : same_types(e, 0, 2, a, why);
	case PEXPR_SHL: case PEXPR_SHR:
		return !is_int ? refuse_type(a, why, e, first) : same_types(e, 0, 2, a, why);
	case PEXPR_EQ: case PEXPR_NE:
		*t = PT_BOOL;
		return same_types(e, 0, 2, a, why);
	case PEXPR_LT: case PEXPR_LE: case PEXPR_GT: case PEXPR_GE:
		*t = PT_BOOL;
		return is_bool ? refuse_type(a, why, e, first) : same_types(e, 0, 2, a, why);
	case PEXPR_FMA:
		return !is_float ? refuse_type(a, why, e, first) : same_types(e, 0, 3, a, why);
	case PEXPR_SELECT:
		*t = e->op[1]->type;
		return !is_bool ? refuse(a, why, e, "needs a bool first") : same_types(e, 1, 3, a, why);
	case PEXPR_CAST: case PEXPR_BITS:
		return cast_rule(e, a, why);
	case PEXPR_UNSET: case PEXPR_CONST: case PEXPR_LOCAL: case PEXPR_LOAD: case PEXPR_MASK: case PEXPR_COUNT:
		break;
	}
	UNREACHABLE();
}
