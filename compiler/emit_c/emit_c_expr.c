/* emit_c_expr: expressions, with as few parentheses as a careful reader wants.
 *
 * The plan's types are exact and C's promotions are not, so three rules keep the values:
 * - results of arithmetic below 32 bits are cast back to their type (C computes them in int);
 * - constants of 64 bits are written bare (`i + 1`) only beside an operand that already has 64
 *   bits;
 * - signed arithmetic wraps by -fwrapv; shifts to the left are done on unsigned values.
 */
#include "emit_c/emit_c_inner.h"

#include "base/panic.h"

#include <string.h>

/* Binding strength, weakest first. */
typedef enum {
	P_ANY, P_COND, P_OR, P_XOR, P_AND, P_EQ, P_REL, P_SHIFT, P_ADD, P_MUL, P_UNARY, P_POST
} Prec;

static void put(CEmit *c, StrBuf *b, const PlanExpr *e, Prec outer, bool wide);

/* ---- operators ------------------------------------------------------------------------------- */

typedef struct {
	const char *text;
	Prec prec;
	bool widens;                      /* may leave the range of any type below int */
	bool compound;                    /* `x op= y` means the same as `x = x op y` */
	bool arithmetic;                  /* computed in the wider type of the operands */
} Operator;

static const Operator operators[PEXPR_COUNT] = {
	[PEXPR_NEG] = {"-", P_UNARY, true, false, true},
	[PEXPR_NOT] = {"~", P_UNARY, false, false, true},
	[PEXPR_ADD] = {"+", P_ADD, true, true, true},
	[PEXPR_SUB] = {"-", P_ADD, true, true, true},
	[PEXPR_MUL] = {"*", P_MUL, true, true, true},
	[PEXPR_DIV] = {"/", P_MUL, true, true, true},
	[PEXPR_REM] = {"%", P_MUL, false, false, true},
	[PEXPR_AND] = {"&", P_AND, false, true, true},
	[PEXPR_OR] = {"|", P_OR, false, true, true},
	[PEXPR_XOR] = {"^", P_XOR, false, true, true},
	[PEXPR_SHL] = {"<<", P_SHIFT, true, false, true},
	[PEXPR_SHR] = {">>", P_SHIFT, false, false, true},
	[PEXPR_EQ] = {"==", P_EQ, false, false, false},
	[PEXPR_NE] = {"!=", P_EQ, false, false, false},
	[PEXPR_LT] = {"<", P_REL, false, false, false},
	[PEXPR_LE] = {"<=", P_REL, false, false, false},
	[PEXPR_GT] = {">", P_REL, false, false, false},
	[PEXPR_GE] = {">=", P_REL, false, false, false},
};

/* Whether C would compute a value of 64 bits in int, because all its operands are bare
 * constants. */
static bool
is_narrow(const PlanExpr *e)
{
	if (e->type != PT_I64 && e->type != PT_U64)
		return false;
	if (e->kind == PEXPR_CONST)
		return true;
	if (e->kind == PEXPR_SELECT)
		return is_narrow(e->op[1]) && is_narrow(e->op[2]);
	if (!operators[e->kind].arithmetic)
		return false;
	if (e->kind == PEXPR_SHL || e->kind == PEXPR_SHR)
		return is_narrow(e->op[0]);
	for (uint32_t i = 0; i < e->nops; i++) {
		if (!is_narrow(e->op[i]))
			return false;
	}
	return true;
}

static const char *
unsigned_type(PlanType t)
{
	switch (plan_type_size(t)) {
	case 1: return "uint8_t";
	case 2: return "uint16_t";
	case 4: return "uint32_t";
	default: return "uint64_t";
	}
}

static bool
looks_like_bool(const PlanExpr *e)
{
	Prec own = operators[e->kind].prec;
	return own == P_EQ || own == P_REL || e->kind == PEXPR_NOT || e->kind == PEXPR_LOCAL;
}

/* C's ranking of & | ^ << and comparisons is a trap for readers (and compilers warn about it),
 * so those take bare operands only, but for chains of one of them. */
static Prec
left_prec(PlanExprKind k, const PlanExpr *left, const PlanExpr *right)
{
	Prec own = operators[k].prec;
	/* gcc asks whether !a & b means ~a & b, unless b is plainly true or false. */
	if (own <= P_AND && left->kind == PEXPR_NOT && left->type == PT_BOOL &&
	    !looks_like_bool(right))
		return P_POST;
	if (own >= P_ADD)
		return own;
	if (own == P_EQ || own == P_REL)
		return P_ADD;
	return left->kind == k && own != P_SHIFT ? own : P_UNARY;
}

static Prec
right_prec(PlanExprKind k)
{
	Prec own = operators[k].prec;
	if (own == P_ADD)
		return P_MUL;
	return own == P_EQ || own == P_REL ? P_ADD : P_UNARY;
}

static void
open_paren(StrBuf *b, Prec outer, Prec own)
{
	if (own < outer)
		strbuf_putc(b, '(');
}

static void
close_paren(StrBuf *b, Prec outer, Prec own)
{
	if (own < outer)
		strbuf_putc(b, ')');
}

static void
put_cast(CEmit *c, StrBuf *b, const char *type, const PlanExpr *e, Prec outer)
{
	open_paren(b, outer, P_UNARY);
	strbuf_printf(b, "(%s)", type);
	put(c, b, e, P_UNARY, false);
	close_paren(b, outer, P_UNARY);
}

/* The amount counts modulo the width. */
static void
put_amount(CEmit *c, StrBuf *b, PlanType t, const PlanExpr *amount)
{
	uint32_t mask = c_width(t) - 1;
	if (amount->kind == PEXPR_CONST) {
		strbuf_printf(b, "%u", (unsigned)((uint64_t)amount->value.i & mask));
		return;
	}
	strbuf_putc(b, '(');
	put(c, b, amount, P_UNARY, false);
	strbuf_printf(b, " & %u)", mask);
}

static void
put_shift(CEmit *c, StrBuf *b, const PlanExpr *e)
{
	if (e->kind == PEXPR_SHL && plan_type_is_signed(e->type))
		put_cast(c, b, unsigned_type(e->type), e->op[0], P_UNARY);
	else
		put(c, b, e->op[0], P_UNARY, true);
	strbuf_printf(b, " %s ", operators[e->kind].text);
	put_amount(c, b, e->type, e->op[1]);
}

/* op0 op op1 without what stands around it. */
static void
put_bare_binary(CEmit *c, StrBuf *b, const PlanExpr *e)
{
	if (e->kind == PEXPR_SHL || e->kind == PEXPR_SHR) {
		put_shift(c, b, e);
		return;
	}
	PlanExprKind k = e->kind;
	const PlanExpr *right = e->op[1];
	PlanExpr turned;
	if ((k == PEXPR_ADD || k == PEXPR_SUB) && c_can_negate(right)) {
		k = k == PEXPR_ADD ? PEXPR_SUB : PEXPR_ADD;
		turned = c_negated(right);
		right = &turned;
	}
	bool compares = operators[k].prec == P_EQ || operators[k].prec == P_REL;
	bool both_narrow = !compares && is_narrow(e->op[0]) && is_narrow(right);
	/* int may be too small for the product of two uint16_t. */
	if (k == PEXPR_MUL && e->type == PT_U16)
		strbuf_puts(b, "1u * ");
	put(c, b, e->op[0], left_prec(k, e->op[0], right), both_narrow);
	strbuf_printf(b, " %s ", operators[k].text);
	put(c, b, right, right_prec(k), false);
}

/* Whether the value, as C computes it, may lie outside of its type. */
static bool
needs_narrowing(const PlanExpr *e)
{
	if (e->kind == PEXPR_SHL && plan_type_is_signed(e->type))
		return true;
	if (e->kind == PEXPR_NOT)
		return c_is_small(e->type) && c_is_unsigned(e->type);
	return c_is_small(e->type) && operators[e->kind].widens;
}

static void
put_binary(CEmit *c, StrBuf *b, const PlanExpr *e, Prec outer)
{
	if (needs_narrowing(e)) {
		open_paren(b, outer, P_UNARY);
		strbuf_printf(b, "(%s)(", c_type(e->type));
		put_bare_binary(c, b, e);
		strbuf_putc(b, ')');
		close_paren(b, outer, P_UNARY);
		return;
	}
	Prec own = operators[e->kind].prec;
	open_paren(b, outer, own);
	put_bare_binary(c, b, e);
	close_paren(b, outer, own);
}

/* ~x as x ^ ones, where compilers know that x is 0 or 1 and warn. */
static void
put_complement(CEmit *c, StrBuf *b, const PlanExpr *e, Prec outer)
{
	PlanValue ones = {.i = c_wrapped(e->type, UINT64_MAX)};
	open_paren(b, outer, P_XOR);
	put(c, b, e->op[0], P_UNARY, is_narrow(e->op[0]));
	strbuf_puts(b, " ^ ");
	c_const_as(b, e->type, ones, false);
	close_paren(b, outer, P_XOR);
}

static void
put_unary(CEmit *c, StrBuf *b, const PlanExpr *e, Prec outer)
{
	const PlanExpr *x = e->op[0];
	if (e->kind == PEXPR_NOT && x->kind == PEXPR_CAST && x->op[0]->type == PT_BOOL) {
		put_complement(c, b, e, outer);
		return;
	}
	open_paren(b, outer, P_UNARY);
	if (needs_narrowing(e))
		strbuf_printf(b, "(%s)", c_type(e->type));
	if (e->kind == PEXPR_NEG) {
		/* Not --x. */
		bool minus = x->kind == PEXPR_NEG || c_is_negative(x);
		strbuf_putc(b, '-');
		put(c, b, x, minus ? P_POST : P_UNARY, is_narrow(x));
	} else {
		strbuf_putc(b, e->type == PT_BOOL ? '!' : '~');
		put(c, b, x, P_UNARY, is_narrow(x));
	}
	close_paren(b, outer, P_UNARY);
}

static void
put_select(CEmit *c, StrBuf *b, const PlanExpr *e, Prec outer, bool wide)
{
	open_paren(b, outer, P_COND);
	put(c, b, e->op[0], P_EQ, false);
	strbuf_puts(b, " ? ");
	put(c, b, e->op[1], P_OR, wide && is_narrow(e));
	strbuf_puts(b, " : ");
	put(c, b, e->op[2], P_COND, false);
	close_paren(b, outer, P_COND);
}

/* Arithmetic of a small type that is cast to it by what it is assigned to. */
static void
put_uncast(CEmit *c, StrBuf *b, const PlanExpr *e, Prec outer)
{
	if (e->kind == PEXPR_SELECT && c_is_small(e->type)) {
		open_paren(b, outer, P_COND);
		put(c, b, e->op[0], P_EQ, false);
		strbuf_puts(b, " ? ");
		put_uncast(c, b, e->op[1], P_OR);
		strbuf_puts(b, " : ");
		put_uncast(c, b, e->op[2], P_COND);
		close_paren(b, outer, P_COND);
	} else if (e->nops == 2 && needs_narrowing(e) && c_is_small(e->type) && e->type != PT_U16 &&
	           !c_fold(e, &(int64_t){0})) {
		put_bare_binary(c, b, e);
	} else {
		put(c, b, e, outer, false);
	}
}

/* ---- calls and conversions ------------------------------------------------------------------- */

static void
put_call(CEmit *c, StrBuf *b, const char *fn, const PlanExpr *e)
{
	strbuf_printf(b, "%s(", fn);
	for (uint32_t i = 0; i < e->nops; i++) {
		if (i)
			strbuf_puts(b, ", ");
		c_value(c, b, e->op[i]);
	}
	strbuf_putc(b, ')');
}

static void
put_math(CEmit *c, StrBuf *b, const PlanExpr *e, const char *name)
{
	char fn[16] = "";
	strcat(fn, name);
	if (e->type == PT_F32)
		strcat(fn, "f");
	put_call(c, b, fn, e);
}

static void
put_conversion(CEmit *c, StrBuf *b, const PlanExpr *e, Prec outer)
{
	const PlanExpr *x = e->op[0];
	if (e->type == PT_BOOL) {
		open_paren(b, outer, P_EQ);
		put(c, b, x, P_ADD, false);
		strbuf_puts(b, " != 0");
		if (plan_type_is_float(x->type))
			strbuf_puts(b, x->type == PT_F64 ? ".0" : ".0f");
		close_paren(b, outer, P_EQ);
	} else if (plan_type_is_int(e->type) && plan_type_is_float(x->type)) {
		char fn[32] = "";
		strcat(fn, plan_type_name(e->type));
		strcat(fn, x->type == PT_F64 ? "_from_f64" : "_from_f32");
		put_call(c, b, fn, e);
	} else {
		put_cast(c, b, c_type(e->type), x, outer);
	}
}

static void
put_bits(CEmit *c, StrBuf *b, const PlanExpr *e, Prec outer)
{
	PlanType from = e->op[0]->type;
	if (e->type == from) {
		put(c, b, e->op[0], outer, false);
	} else if (plan_type_is_float(e->type)) {
		put_call(c, b, e->type == PT_F64 ? "f64_of_bits" : "f32_of_bits", e);
	} else if (plan_type_is_float(from)) {
		if (plan_type_is_signed(e->type)) {
			open_paren(b, outer, P_UNARY);
			strbuf_printf(b, "(%s)", c_type(e->type));
		}
		put_call(c, b, from == PT_F64 ? "bits_of_f64" : "bits_of_f32", e);
		if (plan_type_is_signed(e->type))
			close_paren(b, outer, P_UNARY);
	} else {
		put_cast(c, b, c_type(e->type), e->op[0], outer);
	}
}

/* ---- buffers --------------------------------------------------------------------------------- */

static void
put_base(CEmit *c, StrBuf *b, uint32_t buf)
{
	if (!plan_buf_in_frame(&c->plan->bufs.at[buf]))
		strbuf_printf(b, "%s->", c->self);
	strbuf_puts(b, c->bufs[buf]);
}

/* Axes of extent 1 are not there in C. */
void
c_element(CEmit *c, StrBuf *b, uint32_t buf, uint32_t n, PlanExpr *const *index)
{
	const PlanBuf *p = &c->plan->bufs.at[buf];
	put_base(c, b, buf);
	for (uint32_t i = 0; i < n; i++) {
		if (p->axis[i].extent == 1)
			continue;
		strbuf_putc(b, '[');
		c_value(c, b, index[i]);
		strbuf_putc(b, ']');
	}
}

void
c_address(CEmit *c, StrBuf *b, const PlanExpr *load)
{
	const PlanBuf *p = &c->plan->bufs.at[load->id];
	bool start = true, scalar = true;
	for (uint32_t i = 0; i < load->nops; i++) {
		if (p->axis[i].extent == 1)
			continue;
		scalar = false;
		if (load->op[i]->kind != PEXPR_CONST || load->op[i]->value.i != 0)
			start = false;
	}
	if (start && !scalar) {
		put_base(c, b, load->id);
		return;
	}
	strbuf_putc(b, '&');
	c_element(c, b, load->id, load->nops, load->op);
}

static void
put_load(CEmit *c, StrBuf *b, const PlanExpr *e)
{
	for (uint32_t i = 0; i < c->hoisted.n; i++) {
		if (c_expr_same(c->hoisted.at[i].load, e)) {
			strbuf_puts(b, c->hoisted.at[i].name);
			return;
		}
	}
	PlanType t = c->plan->bufs.at[e->id].type;
	bool half = t == PT_F16 || t == PT_BF16;
	if (half)
		strbuf_puts(b, t == PT_F16 ? "f32_of_f16(" : "f32_of_bf16(");
	c_element(c, b, e->id, e->nops, e->op);
	if (half)
		strbuf_putc(b, ')');
}

static void
put_mask(CEmit *c, StrBuf *b, const PlanExpr *e)
{
	PlanExpr first = *e;
	first.kind = PEXPR_LOAD;
	first.type = PT_BOOL;
	first.nops--;
	strbuf_puts(b, "mask_of(");
	c_address(c, b, &first);
	strbuf_puts(b, ", ");
	c_value(c, b, e->op[e->nops - 1]);
	strbuf_putc(b, ')');
}

static void
put_ctz(CEmit *c, StrBuf *b, const PlanExpr *e)
{
	strbuf_puts(b, "trailing_zeros(");
	c_value(c, b, e->op[0]);
	strbuf_putc(b, ')');
}

/* ---- all of it ------------------------------------------------------------------------------- */

/* outer: what stands around binds this tightly. wide: a constant of 64 bits must say so. */
static void
put(CEmit *c, StrBuf *b, const PlanExpr *e, Prec outer, bool wide)
{
	PlanExpr folded = {.kind = PEXPR_CONST, .type = e->type};
	if (e->kind != PEXPR_CONST && c_fold(e, &folded.value.i))
		e = &folded;
	const PlanExpr *negated_here = c_risky_negation(c, e);
	if (negated_here) {
		strbuf_puts(b, e->type == PT_F64 ? "negated_f64(" : "negated_f32(");
		put(c, b, negated_here, P_ANY, false);
		strbuf_putc(b, ')');
		return;
	}
	switch (e->kind) {
	case PEXPR_CONST: {
		Prec own = c_is_negative(e) ? P_UNARY : P_POST;
		open_paren(b, outer, own);
		c_const_as(b, e->type, e->value, wide);
		close_paren(b, outer, own);
		return;
	}
	case PEXPR_LOCAL: {
		PlanValue v;
		if (c_local_const(c, e->id, &v.i))
			c_const_as(b, e->type, v, wide);
		else
			strbuf_puts(b, c->info->locals[e->id]);
		return;
	}
	case PEXPR_LOAD:
		put_load(c, b, e);
		return;
	case PEXPR_MASK:
		put_mask(c, b, e);
		return;
	case PEXPR_CTZ:
		put_ctz(c, b, e);
		return;
	case PEXPR_NEG:
	case PEXPR_NOT:
		put_unary(c, b, e, outer);
		return;
	case PEXPR_ABS:
		put_math(c, b, e, "fabs");
		return;
	case PEXPR_SQRT:
		put_math(c, b, e, "sqrt");
		return;
	case PEXPR_FLOOR:
		put_math(c, b, e, "floor");
		return;
	case PEXPR_CEIL:
		put_math(c, b, e, "ceil");
		return;
	case PEXPR_ADD:
	case PEXPR_SUB:
	case PEXPR_MUL:
	case PEXPR_DIV:
	case PEXPR_REM:
	case PEXPR_AND:
	case PEXPR_OR:
	case PEXPR_XOR:
	case PEXPR_SHL:
	case PEXPR_SHR:
	case PEXPR_EQ:
	case PEXPR_NE:
	case PEXPR_LT:
	case PEXPR_LE:
	case PEXPR_GT:
	case PEXPR_GE:
		put_binary(c, b, e, outer);
		return;
	case PEXPR_FMA:
		put_math(c, b, e, "fma");
		return;
	case PEXPR_SELECT:
		put_select(c, b, e, outer, wide);
		return;
	case PEXPR_CAST:
		put_conversion(c, b, e, outer);
		return;
	case PEXPR_BITS:
		put_bits(c, b, e, outer);
		return;
	case PEXPR_UNSET:
	case PEXPR_COUNT:
		break;
	}
	UNREACHABLE();
}

void
c_expr(CEmit *c, StrBuf *b, const PlanExpr *e)
{
	put(c, b, e, P_ANY, false);
}

void
c_operand(CEmit *c, StrBuf *b, const PlanExpr *e)
{
	put(c, b, e, P_ADD, false);
}

/* A widening that keeps the value is what an assignment, an argument or an index does anyway. */
static bool
is_implied_cast(const PlanExpr *e)
{
	if (e->kind != PEXPR_CAST || !plan_type_is_int(e->type))
		return false;
	PlanType from = e->op[0]->type;
	if (from == PT_BOOL)
		return true;
	if (!plan_type_is_int(from) || is_narrow(e->op[0]))
		return false;
	bool same_sign = plan_type_is_signed(from) == plan_type_is_signed(e->type);
	return c_width(from) < c_width(e->type) && (same_sign || c_is_unsigned(from));
}

void
c_value(CEmit *c, StrBuf *b, const PlanExpr *e)
{
	if (is_implied_cast(e))
		put(c, b, e->op[0], P_ANY, false);
	else
		put_uncast(c, b, e, P_ANY);
}

bool
c_expr_same(const PlanExpr *a, const PlanExpr *b)
{
	if (a->kind != b->kind || a->type != b->type || a->id != b->id || a->nops != b->nops)
		return false;
	if (a->kind == PEXPR_CONST && a->value.i != b->value.i)
		return false;
	for (uint32_t i = 0; i < a->nops; i++) {
		if (!c_expr_same(a->op[i], b->op[i]))
			return false;
	}
	return true;
}

static bool
is_compound(const PlanExpr *old, const PlanExpr *e)
{
	return operators[e->kind].compound && e->type != PT_U16 && c_expr_same(old, e->op[0]);
}

void
c_assign(CEmit *c, StrBuf *b, const char *target, const PlanExpr *old, const PlanExpr *e)
{
	if (!is_compound(old, e) || c_risky_negation(c, e)) {
		strbuf_printf(b, "%s = ", target);
		c_value(c, b, e);
		return;
	}
	PlanExprKind k = e->kind;
	const PlanExpr *rest = e->op[1];
	PlanExpr turned;
	if ((k == PEXPR_ADD || k == PEXPR_SUB) && c_can_negate(rest)) {
		k = k == PEXPR_ADD ? PEXPR_SUB : PEXPR_ADD;
		turned = c_negated(rest);
		rest = &turned;
	}
	bool one = plan_type_is_int(rest->type) && rest->kind == PEXPR_CONST && rest->value.i == 1;
	if (one && (k == PEXPR_ADD || k == PEXPR_SUB)) {
		strbuf_printf(b, "%s%s", target, k == PEXPR_ADD ? "++" : "--");
		return;
	}
	strbuf_printf(b, "%s %s= ", target, operators[k].text);
	c_value(c, b, rest);
}
