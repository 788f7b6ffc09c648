/* plan_read_expr: names, numbers and expressions of plan text. */
#include "plan/plan_reader.h"

#include "base/num.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { MAX_PAREN = 200 };

/* ---- names and numbers -------------------------------------------------------------------------- */

Name
plan_reader_name(PlanReader *r)
{
	PlanLex *x = &r->x;
	if (x->kind != TOK_NAME && x->kind != TOK_QUOTED)
		FAIL(r, "a name expected before %s", plan_lex_shown(x));
	if (x->kind == TOK_NAME && plan_word_is_reserved(x->s, x->n))
		FAIL(r, "%s is a word of the language; as a name it needs backquotes", plan_lex_shown(x));
	if (x->n == 0)
		FAIL(r, "an empty name");
	Name n = intern_n(r->plan->names, x->s, x->n);
	plan_lex_next(x);
	return n;
}

const char *
plan_reader_string(PlanReader *r)
{
	if (r->x.kind != TOK_STRING)
		FAIL(r, "a string expected before %s", plan_lex_shown(&r->x));
	const char *s = arena_strndup(r->plan->arena, r->x.s, r->x.n);
	plan_lex_next(&r->x);
	return s;
}

PlanType
plan_reader_type(PlanReader *r)
{
	PlanType t;
	if (r->x.kind != TOK_NAME || !plan_type_find(r->x.s, r->x.n, &t))
		FAIL(r, "a type expected before %s", plan_lex_shown(&r->x));
	plan_lex_next(&r->x);
	return t;
}

uint64_t
plan_reader_u64(PlanReader *r)
{
	uint64_t v;
	if (r->x.kind != TOK_NUMBER || !num_read_u64(r->x.s, r->x.n, &v))
		FAIL(r, "a whole number expected before %s", plan_lex_shown(&r->x));
	plan_lex_next(&r->x);
	return v;
}

int64_t
plan_reader_i64(PlanReader *r)
{
	bool minus = plan_lex_take(&r->x, "-");
	uint64_t v = plan_reader_u64(r);
	if (v > (uint64_t)INT64_MAX + minus)
		FAIL(r, "the number is out of range");
	return minus ? (int64_t)(0 - v) : (int64_t)v;
}

/* The characters of a number before its type: 1 of "3u32", 4 of "1e-3f64". Hex digits hide b and f. */
static size_t
number_length(const char *s, size_t n)
{
	bool hex = n > 2 && (s[1] == 'x' || s[1] == 'X');
	for (size_t i = 0; i < n; i++) {
		if (s[i] == 'u' || s[i] == 'i' || (!hex && (s[i] == 'f' || s[i] == 'b')))
			return i;
	}
	return n;
}

static bool
int_fits(PlanType t, bool minus, uint64_t v)
{
	int64_t as = minus ? (int64_t)(0 - v) : (int64_t)v;
	if (!plan_type_is_signed(t))
		return !(minus && v) && (uint64_t)plan_wrap_int(t, as) == v;
	return v <= (uint64_t)INT64_MAX + minus && plan_wrap_int(t, as) == as;
}

PlanValue
plan_reader_number(PlanReader *r, PlanType *t, bool minus)
{
	PlanLex *x = &r->x;
	size_t n = number_length(x->s, x->n);
	bool hex = n > 2 && (x->s[1] == 'x' || x->s[1] == 'X');
	bool looks_float = false;
	for (size_t i = 0; i < n && !hex; i++)
		looks_float = looks_float || x->s[i] == '.' || x->s[i] == 'e' || x->s[i] == 'E';
	PlanType own = looks_float ? PT_F32 : PT_I64;
	if (n < x->n && !plan_type_find(x->s + n, x->n - n, &own))
		FAIL(r, "%s has no such type behind it", plan_lex_shown(x));
	if (*t == PT_UNSET)
		*t = own;
	else if (n < x->n && own != *t)
		FAIL(r, "%s where %s is expected", plan_lex_shown(x), plan_type_name(*t));
	PlanValue v = {0};
	if (plan_type_is_float(*t)) {
		if (hex || !num_read_f64(x->s, n, &v.f))
			FAIL(r, "%s is no number of type %s", plan_lex_shown(x), plan_type_name(*t));
		v.f = plan_round_float(*t, minus ? -v.f : v.f);
	} else {
		uint64_t u;
		if (looks_float || *t == PT_BOOL || !num_read_u64(x->s, n, &u) || !int_fits(*t, minus, u))
			FAIL(r, "%s is no number of type %s", plan_lex_shown(x), plan_type_name(*t));
		v.i = minus ? (int64_t)(0 - u) : (int64_t)u;
	}
	plan_lex_next(x);
	return v;
}

bool
plan_reader_word_value(PlanReader *r, PlanType *t, bool minus, PlanValue *v)
{
	PlanLex *x = &r->x;
	PlanType own = PT_UNSET;
	if (!minus && (plan_lex_is(x, "true") || plan_lex_is(x, "false"))) {
		own = PT_BOOL;
		v->i = plan_lex_is(x, "true");
	} else if (plan_lex_is(x, "inf") || plan_lex_is(x, "inf_f64")) {
		own = plan_lex_is(x, "inf") ? PT_F32 : PT_F64;
		v->f = minus ? -(double)INFINITY : (double)INFINITY;
	} else if (plan_lex_is(x, "nan") || plan_lex_is(x, "nan_f64")) {
		own = plan_lex_is(x, "nan") ? PT_F32 : PT_F64;
		v->f = (double)NAN;
	} else {
		return false;
	}
	bool fits = *t == PT_UNSET || *t == own || (own == PT_F32 && plan_type_is_float(*t));
	if (!fits)
		FAIL(r, "%s where %s is expected", plan_lex_shown(x), plan_type_name(*t));
	*t = *t == PT_UNSET ? own : *t;
	plan_lex_next(x);
	return true;
}

/* ---- expressions ---------------------------------------------------------------------------------- */

/* An expression with its depth, so that no text builds a tree that overflows a stack. */
typedef struct { PlanExpr *e; uint32_t depth; } Deep;

static Deep read_infix(PlanReader *r, int level);

void
plan_reader_enter(PlanReader *r, uint32_t limit)
{
	if (++r->nest > limit)
		FAIL(r, "nested too deeply");
}

static PlanExpr *
new_expr(PlanReader *r, PlanExprKind k, PlanType t)
{
	PlanExpr *e = ARENA_NEW(r->plan->arena, PlanExpr);
	e->kind = k;
	e->type = t;
	return e;
}

static void
add_operand(PlanReader *r, Deep *d, Deep op)
{
	if (d->e->nops == PLAN_MAX_OPS)
		FAIL(r, "more than %d operands", PLAN_MAX_OPS);
	d->e->op[d->e->nops++] = op.e;
	d->depth = op.depth + 1 > d->depth ? op.depth + 1 : d->depth;
	if (d->depth > PLAN_MAX_DEPTH)
		FAIL(r, "the expression is nested too deeply");
}

static Deep
typed(PlanReader *r, Deep d)
{
	const char *why;
	if (!plan_expr_rule(d.e, &d.e->type, r->plan->arena, &why))
		FAIL(r, "%s", why);
	return d;
}

static void
read_operands(PlanReader *r, Deep *d, const char *close)
{
	plan_reader_enter(r, MAX_PAREN);
	while (!plan_lex_take(&r->x, close)) {
		if (d->e->nops)
			plan_lex_want(&r->x, ",");
		add_operand(r, d, read_infix(r, 1));
	}
	r->nest--;
}

static Deep
read_load(PlanReader *r, Name name)
{
	uint32_t id = plan_find_buf(r->plan, name);
	if (id == UINT32_MAX)
		FAIL(r, "no buffer is named `%s`", name);
	Deep d = {new_expr(r, PEXPR_LOAD, plan_type_value(r->plan->bufs.at[id].type)), 0};
	d.e->id = id;
	plan_lex_want(&r->x, "[");
	read_operands(r, &d, "]");
	return d;
}

/* mask(buf[i, j], n) */
static Deep
read_mask(PlanReader *r)
{
	plan_lex_want(&r->x, "(");
	Deep d = read_load(r, plan_reader_name(r));
	const PlanBuf *b = &r->plan->bufs.at[d.e->id];
	if (b->type != PT_BOOL || !b->naxes)
		FAIL(r, "`mask` takes elements of a buffer of bool");
	d.e->kind = PEXPR_MASK;
	d.e->type = PT_U64;
	plan_lex_want(&r->x, ",");
	add_operand(r, &d, read_infix(r, 1));
	plan_lex_want(&r->x, ")");
	return d;
}

/* f(a, b), f32(x), bits_u32(x) */
static Deep
read_named(PlanReader *r, const char *s, size_t n)
{
	Deep d = {new_expr(r, PEXPR_UNSET, PT_UNSET), 0};
	for (int k = 1; k < PEXPR_COUNT; k++) {
		const char *own = plan_expr_mnemonic((PlanExprKind)k);
		bool word = plan_expr_notation((PlanExprKind)k) == 'f' && k != PEXPR_CAST && k != PEXPR_BITS;
		if (word && strlen(own) == n && memcmp(own, s, n) == 0)
			d.e->kind = (PlanExprKind)k;
	}
	if (plan_type_find(s, n, &d.e->type))
		d.e->kind = PEXPR_CAST;
	else if (n > 5 && memcmp(s, "bits_", 5) == 0 && plan_type_find(s + 5, n - 5, &d.e->type))
		d.e->kind = PEXPR_BITS;
	if (d.e->kind == PEXPR_UNSET)
		FAIL(r, "no operator is named `%.*s`", n > 40 ? 40 : (int)n, s);
	plan_lex_want(&r->x, "(");
	read_operands(r, &d, ")");
	if ((int)d.e->nops != plan_expr_operands(d.e->kind))
		FAIL(r, "`%.*s` takes %d operands", (int)n, s, plan_expr_operands(d.e->kind));
	return typed(r, d);
}

uint32_t
plan_reader_find_local(PlanReader *r, Name name)
{
	for (uint32_t i = 0; i < r->code->nlocals; i++) {
		if (r->code->locals[i].name == name)
			return i;
	}
	return UINT32_MAX;
}

uint32_t
plan_reader_local(PlanReader *r)
{
	Name name = plan_reader_name(r);
	uint32_t id = plan_reader_find_local(r, name);
	if (id == UINT32_MAX)
		FAIL(r, "no local is named `%s` here", name);
	return id;
}

static Deep
read_named_thing(PlanReader *r)
{
	bool bare = r->x.kind == TOK_NAME;
	const char *s = r->x.s;
	size_t n = r->x.n;
	Name name = plan_reader_name(r);
	if (plan_lex_is(&r->x, "["))
		return read_load(r, name);
	if (bare && n == 4 && memcmp(s, "mask", 4) == 0 && plan_lex_is(&r->x, "("))
		return read_mask(r);
	if (bare && plan_lex_is(&r->x, "("))
		return read_named(r, s, n);
	uint32_t id = plan_reader_find_local(r, name);
	if (id == UINT32_MAX)
		FAIL(r, "no local is named `%s` here (a buffer has brackets)", name);
	Deep d = {new_expr(r, PEXPR_LOCAL, r->code->locals[id].type), 0};
	d.e->id = id;
	return d;
}

static Deep
read_const(PlanReader *r, bool minus)
{
	Deep d = {new_expr(r, PEXPR_CONST, PT_UNSET), 0};
	if (r->x.kind == TOK_NUMBER)
		d.e->value = plan_reader_number(r, &d.e->type, minus);
	else if (!plan_reader_word_value(r, &d.e->type, minus, &d.e->value))
		d.e = NULL;
	if (d.e && plan_type_value(d.e->type) != d.e->type)
		FAIL(r, "no expression has the type %s", plan_type_name(d.e->type));
	return d;
}

static Deep
read_prefix(PlanReader *r)
{
	bool minus = plan_lex_take(&r->x, "-");
	Deep c = read_const(r, minus);
	if (c.e)
		return c;
	if (minus || plan_lex_take(&r->x, "!")) {
		Deep d = {new_expr(r, minus ? PEXPR_NEG : PEXPR_NOT, PT_UNSET), 0};
		plan_reader_enter(r, MAX_PAREN);
		add_operand(r, &d, read_prefix(r));
		r->nest--;
		return typed(r, d);
	}
	if (plan_lex_take(&r->x, "(")) {
		plan_reader_enter(r, MAX_PAREN);
		Deep d = read_infix(r, 1);
		r->nest--;
		plan_lex_want(&r->x, ")");
		return d;
	}
	return read_named_thing(r);
}

static PlanExprKind
infix_here(const PlanLex *x)
{
	for (int k = 1; k < PEXPR_COUNT && x->kind == TOK_SIGN; k++) {
		if (plan_expr_notation((PlanExprKind)k) == 'i' && plan_lex_is(x, plan_expr_mnemonic((PlanExprKind)k)))
			return (PlanExprKind)k;
	}
	return PEXPR_UNSET;
}

/* Operators of binding strength `level` and more. */
static Deep
read_infix(PlanReader *r, int level)
{
	Deep left = read_prefix(r);
	for (;;) {
		PlanExprKind k = infix_here(&r->x);
		if (k == PEXPR_UNSET || plan_infix_level(k) < level)
			return left;
		plan_lex_next(&r->x);
		Deep d = {new_expr(r, k, PT_UNSET), 0};
		add_operand(r, &d, left);
		add_operand(r, &d, read_infix(r, plan_infix_level(k) + 1));
		left = typed(r, d);
	}
}

PlanExpr *
plan_reader_expr(PlanReader *r)
{
	return read_infix(r, 1).e;
}

PlanExpr *
plan_reader_load(PlanReader *r)
{
	return read_load(r, plan_reader_name(r)).e;
}
