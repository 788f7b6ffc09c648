/* plan_read: plan text back to a plan, by recursive descent. It settles what a text says; whether that is sound
 * is left to plan_verify, except for types, which an expression cannot be built without. */
#include "plan/plan_lex.h"

#include "base/num.h"
#include "base/panic.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

typedef struct {
	PlanLex x;
	Plan *plan;
	PlanCode *code;                                   /* being read */
	uint32_t nest;                                    /* of blocks and parentheses */
} Reader;

enum { MAX_PAREN = 200 };

#define FAIL(r, ...) plan_lex_fail(&(r)->x, __VA_ARGS__)

/* ---- names and numbers -------------------------------------------------------------------------- */

static Name
read_name(Reader *r)
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

static const char *
read_string(Reader *r)
{
	if (r->x.kind != TOK_STRING)
		FAIL(r, "a string expected before %s", plan_lex_shown(&r->x));
	const char *s = arena_strndup(r->plan->arena, r->x.s, r->x.n);
	plan_lex_next(&r->x);
	return s;
}

static PlanType
read_type(Reader *r)
{
	PlanType t;
	if (r->x.kind != TOK_NAME || !plan_type_find(r->x.s, r->x.n, &t))
		FAIL(r, "a type expected before %s", plan_lex_shown(&r->x));
	plan_lex_next(&r->x);
	return t;
}

static uint64_t
read_u64(Reader *r)
{
	uint64_t v;
	if (r->x.kind != TOK_NUMBER || !num_read_u64(r->x.s, r->x.n, &v))
		FAIL(r, "a whole number expected before %s", plan_lex_shown(&r->x));
	plan_lex_next(&r->x);
	return v;
}

static int64_t
read_i64(Reader *r)
{
	bool minus = plan_lex_take(&r->x, "-");
	uint64_t v = read_u64(r);
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

/* A number token as a value of *t; *t is PT_UNSET where the text must tell. */
static PlanValue
read_number(Reader *r, PlanType *t, bool minus)
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

/* true, false, inf, nan and their f64 forms; false if it is no such word. */
static bool
read_word_value(Reader *r, PlanType *t, bool minus, PlanValue *v)
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

static Deep read_infix(Reader *r, int level);

static void
enter(Reader *r, uint32_t limit)
{
	if (++r->nest > limit)
		FAIL(r, "nested too deeply");
}

static PlanExpr *
new_expr(Reader *r, PlanExprKind k, PlanType t)
{
	PlanExpr *e = ARENA_NEW(r->plan->arena, PlanExpr);
	e->kind = k;
	e->type = t;
	return e;
}

static void
add_operand(Reader *r, Deep *d, Deep op)
{
	if (d->e->nops == PLAN_MAX_OPS)
		FAIL(r, "more than %d operands", PLAN_MAX_OPS);
	d->e->op[d->e->nops++] = op.e;
	d->depth = op.depth + 1 > d->depth ? op.depth + 1 : d->depth;
	if (d->depth > PLAN_MAX_DEPTH)
		FAIL(r, "the expression is nested too deeply");
}

static Deep
typed(Reader *r, Deep d)
{
	const char *why;
	if (!plan_expr_rule(d.e, &d.e->type, r->plan->arena, &why))
		FAIL(r, "%s", why);
	return d;
}

static void
read_operands(Reader *r, Deep *d, const char *close)
{
	enter(r, MAX_PAREN);
	while (!plan_lex_take(&r->x, close)) {
		if (d->e->nops)
			plan_lex_want(&r->x, ",");
		add_operand(r, d, read_infix(r, 1));
	}
	r->nest--;
}

static Deep
read_load(Reader *r, Name name)
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

/* f(a, b), f32(x), bits_u32(x) */
static Deep
read_named(Reader *r, const char *s, size_t n)
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

static uint32_t
find_local(Reader *r, Name name)
{
	for (uint32_t i = 0; i < r->code->nlocals; i++) {
		if (r->code->locals[i].name == name)
			return i;
	}
	return UINT32_MAX;
}

static uint32_t
read_local(Reader *r)
{
	Name name = read_name(r);
	uint32_t id = find_local(r, name);
	if (id == UINT32_MAX)
		FAIL(r, "no local is named `%s` here", name);
	return id;
}

static Deep
read_named_thing(Reader *r)
{
	bool bare = r->x.kind == TOK_NAME;
	const char *s = r->x.s;
	size_t n = r->x.n;
	Name name = read_name(r);
	if (plan_lex_is(&r->x, "["))
		return read_load(r, name);
	if (bare && plan_lex_is(&r->x, "("))
		return read_named(r, s, n);
	uint32_t id = find_local(r, name);
	if (id == UINT32_MAX)
		FAIL(r, "no local is named `%s` here (a buffer has brackets)", name);
	Deep d = {new_expr(r, PEXPR_LOCAL, r->code->locals[id].type), 0};
	d.e->id = id;
	return d;
}

static Deep
read_const(Reader *r, bool minus)
{
	Deep d = {new_expr(r, PEXPR_CONST, PT_UNSET), 0};
	if (r->x.kind == TOK_NUMBER)
		d.e->value = read_number(r, &d.e->type, minus);
	else if (!read_word_value(r, &d.e->type, minus, &d.e->value))
		d.e = NULL;
	if (d.e && plan_type_value(d.e->type) != d.e->type)
		FAIL(r, "no expression has the type %s", plan_type_name(d.e->type));
	return d;
}

static Deep
read_prefix(Reader *r)
{
	bool minus = plan_lex_take(&r->x, "-");
	Deep c = read_const(r, minus);
	if (c.e)
		return c;
	if (minus || plan_lex_take(&r->x, "!")) {
		Deep d = {new_expr(r, minus ? PEXPR_NEG : PEXPR_NOT, PT_UNSET), 0};
		enter(r, MAX_PAREN);
		add_operand(r, &d, read_prefix(r));
		r->nest--;
		return typed(r, d);
	}
	if (plan_lex_take(&r->x, "(")) {
		enter(r, MAX_PAREN);
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
read_infix(Reader *r, int level)
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

static PlanExpr *
read_expr(Reader *r)
{
	return read_infix(r, 1).e;
}

typedef VEC(PlanExpr *) ExprVec;

static void
read_exprs(Reader *r, PlanStmt *s, const char *close)
{
	ExprVec v = {0};
	while (!plan_lex_take(&r->x, close)) {
		if (v.n)
			plan_lex_want(&r->x, ",");
		VEC_PUSH(r->plan->arena, &v, read_expr(r));
	}
	s->op = v.at;
	s->nops = v.n;
}

/* ---- statements ------------------------------------------------------------------------------------ */

static uint32_t
declare(Reader *r, Name name, PlanType t)
{
	PlanCode *c = r->code;
	if (find_local(r, name) != UINT32_MAX)
		FAIL(r, "`%s` is declared twice in `%s`", name, c->name);
	if (strchr(name, '.'))
		FAIL(r, "`%s` is no name of a local: it has a dot", name);
	if (c->nlocals == c->locals_cap)
		c->locals = vec_grow(r->plan->arena, c->locals, sizeof *c->locals, c->nlocals, &c->locals_cap);
	c->locals[c->nlocals] = (PlanLocal){name, t};
	return c->nlocals++;
}

static PlanBlock read_block(Reader *r);

static uint32_t
read_code_ref(Reader *r, const char *what)
{
	Name name = read_name(r);
	uint32_t id = plan_find_code(r->plan, name);
	if (id == UINT32_MAX)
		FAIL(r, "no %s above is named `%s`", what, name);
	return id;
}

static void
keep_locals(Reader *r, PlanStmt *s, uint32_t n, const uint32_t *ids)
{
	s->nlocals = n;
	s->locals = n ? arena_copy(r->plan->arena, ids, n * sizeof *ids) : NULL;
}

/* let (a, b) = call f(x, y), behind the first parenthesis */
static void
read_call(Reader *r, PlanStmt *s)
{
	VEC(Name) names = {0};
	while (!plan_lex_take(&r->x, ")")) {
		if (names.n)
			plan_lex_want(&r->x, ",");
		VEC_PUSH(r->plan->arena, &names, read_name(r));
	}
	plan_lex_want(&r->x, "=");
	plan_lex_want(&r->x, "call");
	s->kind = PSTMT_CALL;
	s->id = read_code_ref(r, "func");
	plan_lex_want(&r->x, "(");
	read_exprs(r, s, ")");
	const PlanCode *f = r->plan->codes.at[s->id];
	if (f->kind != CODE_FUNC || f->nresults != names.n)
		FAIL(r, "`%s` is no func with %u results", f->name, names.n);
	s->nlocals = names.n;
	s->locals = ARENA_ARRAY(r->plan->arena, uint32_t, names.n);
	for (uint32_t i = 0; i < names.n; i++)
		s->locals[i] = declare(r, names.at[i], f->results[i]);
}

/* host f(3, x, &buf[i, j]), behind `host`; `keep` NULL if the result is dropped. */
static void
read_host(Reader *r, PlanStmt *s, Name keep)
{
	Name name = read_name(r);
	s->kind = PSTMT_HOST;
	while (s->id < plan_host_fn_count && strcmp(plan_host_fns[s->id].name, name) != 0)
		s->id++;
	if (s->id == plan_host_fn_count)
		FAIL(r, "no host call is named `%s`", name);
	VEC(PlanArg) args = {0};
	plan_lex_want(&r->x, "(");
	while (!plan_lex_take(&r->x, ")")) {
		if (args.n)
			plan_lex_want(&r->x, ",");
		PlanArg a = {plan_lex_take(&r->x, "&"), NULL};
		a.e = a.address ? read_load(r, read_name(r)).e : read_expr(r);
		VEC_PUSH(r->plan->arena, &args, a);
	}
	s->args = args.at;
	s->nargs = args.n;
	if (keep) {
		uint32_t id = declare(r, keep, PT_I64);
		keep_locals(r, s, 1, &id);
	}
}

/* let x: T = e, let r = host f(), let (a, b) = call f(), behind `let` or `var` */
static void
read_declaration(Reader *r, PlanStmt *s, bool let)
{
	if (let && plan_lex_take(&r->x, "(")) {
		read_call(r, s);
		return;
	}
	Name name = read_name(r);
	if (let && plan_lex_take(&r->x, "=")) {
		plan_lex_want(&r->x, "host");
		read_host(r, s, name);
		return;
	}
	plan_lex_want(&r->x, ":");
	PlanType t = read_type(r);
	plan_lex_want(&r->x, "=");
	s->kind = let ? PSTMT_LET : PSTMT_VAR;
	s->e = read_expr(r);
	if (s->e->type != t)
		FAIL(r, "`%s` is %s and its value %s", name, plan_type_name(t), plan_type_name(s->e->type));
	s->id = declare(r, name, t);
}

static void
read_for(Reader *r, PlanStmt *s)
{
	Name name = read_name(r);
	s->kind = PSTMT_FOR;
	plan_lex_want(&r->x, "in");
	s->e = read_expr(r);
	plan_lex_want(&r->x, "..<");
	s->hi = read_expr(r);
	s->step = plan_lex_take(&r->x, "step") ? read_i64(r) : 1;
	s->simd = plan_lex_take(&r->x, "simd");
	s->id = declare(r, name, PT_I64);
	s->body = read_block(r);
}

static void
read_if(Reader *r, PlanStmt *s)
{
	s->kind = PSTMT_IF;
	s->e = read_expr(r);
	s->body = read_block(r);
	if (!plan_lex_take(&r->x, "else"))
		return;
	if (!plan_lex_take(&r->x, "if")) {
		s->other = read_block(r);
		return;
	}
	PlanStmt **one = ARENA_NEW(r->plan->arena, PlanStmt *);
	*one = ARENA_NEW(r->plan->arena, PlanStmt);
	enter(r, PLAN_MAX_NEST);
	read_if(r, *one);
	r->nest--;
	s->other = (PlanBlock){one, 1};
}

static void
read_store(Reader *r, PlanStmt *s)
{
	Name name = read_name(r);
	s->kind = PSTMT_STORE;
	s->id = plan_find_buf(r->plan, name);
	if (s->id == UINT32_MAX)
		FAIL(r, "no statement begins with `%s`, and no buffer has that name", name);
	plan_lex_want(&r->x, "[");
	read_exprs(r, s, "]");
	plan_lex_want(&r->x, "=");
	s->e = read_expr(r);
}

static void
read_return(Reader *r, PlanStmt *s)
{
	ExprVec v = {0};
	s->kind = PSTMT_RETURN;
	do
		VEC_PUSH(r->plan->arena, &v, read_expr(r));
	while (plan_lex_take(&r->x, ","));
	s->op = v.at;
	s->nops = v.n;
}

static PlanStmt *
read_stmt(Reader *r)
{
	PlanStmt *s = ARENA_NEW(r->plan->arena, PlanStmt);
	PlanLex *x = &r->x;
	if (plan_lex_take(x, "let")) {
		read_declaration(r, s, true);
	} else if (plan_lex_take(x, "var")) {
		read_declaration(r, s, false);
	} else if (plan_lex_take(x, "set")) {
		s->kind = PSTMT_SET;
		s->id = read_local(r);
		plan_lex_want(x, "=");
		s->e = read_expr(r);
	} else if (plan_lex_take(x, "for")) {
		read_for(r, s);
	} else if (plan_lex_take(x, "while")) {
		s->kind = PSTMT_WHILE;
		s->e = read_expr(r);
		s->body = read_block(r);
	} else if (plan_lex_take(x, "if")) {
		read_if(r, s);
	} else if (plan_lex_take(x, "return")) {
		read_return(r, s);
	} else if (plan_lex_take(x, "run")) {
		s->kind = PSTMT_RUN;
		s->id = read_code_ref(r, "kernel");
	} else if (plan_lex_take(x, "do")) {
		s->kind = PSTMT_DO;
		s->id = read_code_ref(r, "proc");
	} else if (plan_lex_take(x, "host")) {
		read_host(r, s, NULL);
	} else if (plan_lex_take(x, "note")) {
		s->kind = PSTMT_NOTE;
		s->text = read_string(r);
	} else {
		read_store(r, s);
	}
	return s;
}

static PlanBlock
read_block(Reader *r)
{
	VEC(PlanStmt *) v = {0};
	enter(r, PLAN_MAX_NEST);
	plan_lex_want(&r->x, "{");
	while (!plan_lex_take(&r->x, "}"))
		VEC_PUSH(r->plan->arena, &v, read_stmt(r));
	r->nest--;
	return (PlanBlock){v.at, v.n};
}

/* ---- the tables -------------------------------------------------------------------------------------- */

static void
read_signature(Reader *r, PlanCode *c)
{
	plan_lex_want(&r->x, "(");
	while (!plan_lex_take(&r->x, ")")) {
		if (c->nlocals)
			plan_lex_want(&r->x, ",");
		Name name = read_name(r);
		plan_lex_want(&r->x, ":");
		declare(r, name, read_type(r));
	}
	c->nparams = c->nlocals;
	plan_lex_want(&r->x, "->");
	plan_lex_want(&r->x, "(");
	VEC(PlanType) results = {0};
	while (!plan_lex_take(&r->x, ")")) {
		if (results.n)
			plan_lex_want(&r->x, ",");
		VEC_PUSH(r->plan->arena, &results, read_type(r));
	}
	c->results = results.at;
	c->nresults = results.n;
}

/* Behind `func`, `kernel` or `proc`. */
static PlanCode *
read_code(Reader *r, PlanCodeKind k)
{
	PlanCode *c = ARENA_NEW(r->plan->arena, PlanCode);
	c->kind = k;
	r->code = c;
	c->name = read_name(r);
	if (k == CODE_FUNC)
		read_signature(r, c);
	if (k == CODE_KERNEL) {
		plan_lex_want(&r->x, "range");
		c->range = read_u64(r);
		declare(r, intern(r->plan->names, "lo"), PT_I64);
		declare(r, intern(r->plan->names, "hi"), PT_I64);
		c->nparams = 2;
	}
	c->body = read_block(r);
	return c;
}

static PlanAxis
read_axis(Reader *r)
{
	PlanAxis a = {AXIS_UNSET, 0};
	for (int k = 1; k < AXIS_COUNT; k++) {
		if (plan_lex_is(&r->x, plan_axis_name((PlanAxisKind)k)))
			a.kind = (PlanAxisKind)k;
	}
	if (a.kind == AXIS_UNSET)
		FAIL(r, "an axis expected before %s", plan_lex_shown(&r->x));
	plan_lex_next(&r->x);
	a.extent = read_u64(r);
	return a;
}

static void
read_data(Reader *r, PlanBuf *b)
{
	VEC(PlanValue) v = {0};
	plan_lex_want(&r->x, "=");
	plan_lex_want(&r->x, "{");
	while (!plan_lex_take(&r->x, "}")) {
		if (v.n)
			plan_lex_want(&r->x, ",");
		bool minus = plan_lex_take(&r->x, "-");
		PlanType t = b->type;
		PlanValue one = {0};
		if (r->x.kind == TOK_NUMBER)
			one = read_number(r, &t, minus);
		else if (!read_word_value(r, &t, minus, &one))
			FAIL(r, "a value expected before %s", plan_lex_shown(&r->x));
		VEC_PUSH(r->plan->arena, &v, one);
	}
	if (v.n != plan_buf_count(b))
		FAIL(r, "`%s` has %" PRIu64 " elements and %u values", b->name, plan_buf_count(b), v.n);
	b->data = v.at ? v.at : ARENA_NEW(r->plan->arena, PlanValue);
}

static void
read_buffer(Reader *r)
{
	PlanBuf b = {.name = read_name(r)};
	if (plan_find_buf(r->plan, b.name) != UINT32_MAX)
		FAIL(r, "two buffers are named `%s`", b.name);
	plan_lex_want(&r->x, ":");
	b.type = read_type(r);
	plan_lex_want(&r->x, "[");
	while (!plan_lex_take(&r->x, "]")) {
		if (b.naxes)
			plan_lex_want(&r->x, ",");
		if (b.naxes == PLAN_MAX_AXES)
			FAIL(r, "more than %d axes", PLAN_MAX_AXES);
		b.axis[b.naxes++] = read_axis(r);
	}
	for (int k = 1; k < ROLE_COUNT; k++) {
		if (plan_lex_is(&r->x, plan_role_name((PlanRole)k)))
			b.role = (PlanRole)k;
	}
	if (b.role == ROLE_UNSET)
		FAIL(r, "a role expected before %s", plan_lex_shown(&r->x));
	plan_lex_next(&r->x);
	if (b.role == ROLE_CONST)
		read_data(r, &b);
	VEC_PUSH(r->plan->arena, &r->plan->bufs, b);
}

static void
read_object(Reader *r)
{
	PlanObject o = {0};
	if (read_u64(r) != r->plan->objects.n)
		FAIL(r, "objects are numbered from 0: this is object %u", r->plan->objects.n);
	for (int k = 1; k < POBJ_COUNT; k++) {
		if (plan_lex_is(&r->x, plan_object_mnemonic((PlanObjectKind)k)))
			o.kind = (PlanObjectKind)k;
	}
	if (o.kind == POBJ_UNSET)
		FAIL(r, "a kind of object expected before %s", plan_lex_shown(&r->x));
	plan_lex_next(&r->x);
	o.name = intern(r->plan->names, read_string(r));
	VEC(const char *) texts = {0};
	VEC(uint32_t) bufs = {0};
	VEC(int64_t) nums = {0};
	plan_lex_want(&r->x, "texts");
	for (plan_lex_want(&r->x, "["); !plan_lex_take(&r->x, "]");) {
		if (texts.n)
			plan_lex_want(&r->x, ",");
		VEC_PUSH(r->plan->arena, &texts, read_string(r));
	}
	plan_lex_want(&r->x, "bufs");
	for (plan_lex_want(&r->x, "["); !plan_lex_take(&r->x, "]");) {
		if (bufs.n)
			plan_lex_want(&r->x, ",");
		Name name = read_name(r);
		VEC_PUSH(r->plan->arena, &bufs, plan_find_buf(r->plan, name));
		if (bufs.at[bufs.n - 1] == UINT32_MAX)
			FAIL(r, "no buffer is named `%s`", name);
	}
	plan_lex_want(&r->x, "nums");
	for (plan_lex_want(&r->x, "["); !plan_lex_take(&r->x, "]");) {
		if (nums.n)
			plan_lex_want(&r->x, ",");
		VEC_PUSH(r->plan->arena, &nums, read_i64(r));
	}
	o.texts = texts.at, o.ntexts = texts.n;
	o.bufs = bufs.at, o.nbufs = bufs.n;
	o.nums = nums.at, o.nnums = nums.n;
	VEC_PUSH(r->plan->arena, &r->plan->objects, o);
}

static void
read_header(Reader *r)
{
	Plan *p = r->plan;
	plan_lex_want(&r->x, "plan");
	p->name = intern(p->names, read_string(r));
	plan_lex_want(&r->x, "real");
	p->real = read_type(r);
	plan_lex_want(&r->x, "dt");
	if (r->x.kind != TOK_NUMBER || !num_read_f64(r->x.s, r->x.n, &p->dt))
		FAIL(r, "a number expected before %s", plan_lex_shown(&r->x));
	plan_lex_next(&r->x);
	plan_lex_want(&r->x, "seed");
	p->seed = read_u64(r);
}

static void
read_parts(Reader *r)
{
	static const char *const words[] = {[CODE_FUNC] = "func", [CODE_KERNEL] = "kernel", [CODE_PROC] = "proc"};
	while (r->x.kind != TOK_END) {
		PlanCodeKind k = CODE_UNSET;
		for (int i = CODE_FUNC; i <= CODE_PROC; i++)
			k = plan_lex_is(&r->x, words[i]) ? (PlanCodeKind)i : k;
		if (plan_lex_take(&r->x, "buffer")) {
			read_buffer(r);
		} else if (plan_lex_take(&r->x, "object")) {
			read_object(r);
		} else if (k != CODE_UNSET) {
			plan_lex_next(&r->x);
			PlanCode *c = read_code(r, k);
			if (plan_find_code(r->plan, c->name) != UINT32_MAX)
				FAIL(r, "`%s` is defined twice", c->name);
			VEC_PUSH(r->plan->arena, &r->plan->codes, c);
		} else {
			FAIL(r, "buffer, object, func, kernel or proc expected before %s", plan_lex_shown(&r->x));
		}
	}
}

static Reader *
new_reader(Plan *p, const char *text)
{
	Reader *r = ARENA_NEW(p->arena, Reader);
	r->x.arena = p->arena;
	r->x.at = text;
	r->x.line = 1;
	r->plan = p;
	return r;
}

Plan *
plan_read(Arena *a, Interner *names, const char *text, const char **why)
{
	Reader *r = new_reader(plan_new(a, names, "", PT_F32), text);
	if (setjmp(r->x.out)) {
		*why = r->x.why;
		return NULL;
	}
	plan_lex_next(&r->x);
	read_header(r);
	read_parts(r);
	return r->plan;
}

bool
plan_read_funcs(Plan *p, const char *text, const char **why)
{
	Reader *r = new_reader(p, text);
	if (setjmp(r->x.out)) {
		*why = r->x.why;
		return false;
	}
	plan_lex_next(&r->x);
	while (r->x.kind != TOK_END) {
		plan_lex_want(&r->x, "func");
		PlanCode *c = read_code(r, CODE_FUNC);
		if (plan_find_code(p, c->name) == UINT32_MAX)
			VEC_PUSH(p->arena, &p->codes, c);
	}
	return true;
}
