/* plan_read: plan text back to a plan, by recursive descent. It settles what a text says; whether that is sound
 * is left to plan_verify, except for types, which an expression cannot be built without. */
#include "plan/plan_reader.h"

#include "base/num.h"

#include <inttypes.h>
#include <string.h>

/* ---- statements ------------------------------------------------------------------------------------ */

typedef VEC(PlanExpr *) ExprVec;

static void
read_exprs(PlanReader *r, PlanStmt *s, const char *close)
{
	ExprVec v = {0};
	while (!plan_lex_take(&r->x, close)) {
		if (v.n)
			plan_lex_want(&r->x, ",");
		VEC_PUSH(r->plan->arena, &v, plan_reader_expr(r));
	}
	s->op = v.at;
	s->nops = v.n;
}

static uint32_t
declare(PlanReader *r, Name name, PlanType t)
{
	PlanCode *c = r->code;
	if (plan_reader_find_local(r, name) != UINT32_MAX)
		FAIL(r, "`%s` is declared twice in `%s`", name, c->name);
	if (strchr(name, '.'))
		FAIL(r, "`%s` is no name of a local: it has a dot", name);
	if (c->nlocals == c->locals_cap)
		c->locals = vec_grow(r->plan->arena, c->locals, sizeof *c->locals, c->nlocals, &c->locals_cap);
	c->locals[c->nlocals] = (PlanLocal){name, t};
	return c->nlocals++;
}

static PlanBlock read_block(PlanReader *r);

static uint32_t
read_code_ref(PlanReader *r, const char *what)
{
	Name name = plan_reader_name(r);
	uint32_t id = plan_find_code(r->plan, name);
	if (id == UINT32_MAX)
		FAIL(r, "no %s above is named `%s`", what, name);
	return id;
}

static void
keep_locals(PlanReader *r, PlanStmt *s, uint32_t n, const uint32_t *ids)
{
	s->nlocals = n;
	s->locals = n ? arena_copy(r->plan->arena, ids, n * sizeof *ids) : NULL;
}

/* let (a, b) = call f(x, y), behind the first parenthesis */
static void
read_call(PlanReader *r, PlanStmt *s)
{
	VEC(Name) names = {0};
	while (!plan_lex_take(&r->x, ")")) {
		if (names.n)
			plan_lex_want(&r->x, ",");
		VEC_PUSH(r->plan->arena, &names, plan_reader_name(r));
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
read_host(PlanReader *r, PlanStmt *s, Name keep)
{
	Name name = plan_reader_name(r);
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
		a.e = a.address ? plan_reader_load(r) : plan_reader_expr(r);
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
read_declaration(PlanReader *r, PlanStmt *s, bool let)
{
	if (let && plan_lex_take(&r->x, "(")) {
		read_call(r, s);
		return;
	}
	Name name = plan_reader_name(r);
	if (let && plan_lex_take(&r->x, "=")) {
		plan_lex_want(&r->x, "host");
		read_host(r, s, name);
		return;
	}
	plan_lex_want(&r->x, ":");
	PlanType t = plan_reader_type(r);
	plan_lex_want(&r->x, "=");
	s->kind = let ? PSTMT_LET : PSTMT_VAR;
	s->e = plan_reader_expr(r);
	if (s->e->type != t)
		FAIL(r, "`%s` is %s and its value %s", name, plan_type_name(t), plan_type_name(s->e->type));
	s->id = declare(r, name, t);
}

static void
read_for(PlanReader *r, PlanStmt *s)
{
	Name name = plan_reader_name(r);
	s->kind = PSTMT_FOR;
	plan_lex_want(&r->x, "in");
	s->e = plan_reader_expr(r);
	plan_lex_want(&r->x, "..<");
	s->hi = plan_reader_expr(r);
	s->step = plan_lex_take(&r->x, "step") ? plan_reader_i64(r) : 1;
	s->simd = plan_lex_take(&r->x, "simd");
	s->id = declare(r, name, PT_I64);
	s->body = read_block(r);
}

static void
read_if(PlanReader *r, PlanStmt *s)
{
	s->kind = PSTMT_IF;
	s->e = plan_reader_expr(r);
	s->body = read_block(r);
	if (!plan_lex_take(&r->x, "else"))
		return;
	if (!plan_lex_take(&r->x, "if")) {
		s->other = read_block(r);
		return;
	}
	PlanStmt **one = ARENA_NEW(r->plan->arena, PlanStmt *);
	*one = ARENA_NEW(r->plan->arena, PlanStmt);
	plan_reader_enter(r, PLAN_MAX_NEST);
	read_if(r, *one);
	r->nest--;
	s->other = (PlanBlock){one, 1};
}

static void
read_store(PlanReader *r, PlanStmt *s)
{
	Name name = plan_reader_name(r);
	s->kind = PSTMT_STORE;
	s->id = plan_find_buf(r->plan, name);
	if (s->id == UINT32_MAX)
		FAIL(r, "no statement begins with `%s`, and no buffer has that name", name);
	plan_lex_want(&r->x, "[");
	read_exprs(r, s, "]");
	plan_lex_want(&r->x, "=");
	s->e = plan_reader_expr(r);
}

static uint32_t
read_buf_ref(PlanReader *r)
{
	Name name = plan_reader_name(r);
	uint32_t id = plan_find_buf(r->plan, name);
	if (id == UINT32_MAX)
		FAIL(r, "no buffer is named `%s`", name);
	return id;
}

static void
read_prefetch(PlanReader *r, PlanStmt *s)
{
	s->kind = PSTMT_PREFETCH;
	s->id = read_buf_ref(r);
	plan_lex_want(&r->x, "[");
	read_exprs(r, s, "]");
}

static void
read_return(PlanReader *r, PlanStmt *s)
{
	ExprVec v = {0};
	s->kind = PSTMT_RETURN;
	do
		VEC_PUSH(r->plan->arena, &v, plan_reader_expr(r));
	while (plan_lex_take(&r->x, ","));
	s->op = v.at;
	s->nops = v.n;
}

/* run k, run k (parts 64), run k (events list of count), run k (on 1) */
static void
read_run(PlanReader *r, PlanStmt *s)
{
	s->kind = PSTMT_RUN;
	s->id = read_code_ref(r, "kernel");
	if (!plan_lex_take(&r->x, "("))
		return;
	s->share = plan_lex_take(&r->x, "events") ? SHARE_EVENTS : plan_lex_take(&r->x, "on") ? SHARE_ONE : SHARE_PARTS;
	if (s->share == SHARE_EVENTS) {
		s->list = read_buf_ref(r);
		plan_lex_want(&r->x, "of");
		s->count = read_buf_ref(r);
	} else {
		if (s->share == SHARE_PARTS)
			plan_lex_want(&r->x, "parts");
		s->step = plan_reader_i64(r);
	}
	plan_lex_want(&r->x, ")");
}

static PlanStmt *
read_stmt(PlanReader *r)
{
	PlanStmt *s = ARENA_NEW(r->plan->arena, PlanStmt);
	PlanLex *x = &r->x;
	if (plan_lex_take(x, "let")) {
		read_declaration(r, s, true);
	} else if (plan_lex_take(x, "var")) {
		read_declaration(r, s, false);
	} else if (plan_lex_take(x, "set")) {
		s->kind = PSTMT_SET;
		s->id = plan_reader_local(r);
		plan_lex_want(x, "=");
		s->e = plan_reader_expr(r);
	} else if (plan_lex_take(x, "for")) {
		read_for(r, s);
	} else if (plan_lex_take(x, "while")) {
		s->kind = PSTMT_WHILE;
		s->e = plan_reader_expr(r);
		s->body = read_block(r);
	} else if (plan_lex_take(x, "if")) {
		read_if(r, s);
	} else if (plan_lex_take(x, "return")) {
		read_return(r, s);
	} else if (plan_lex_take(x, "prefetch")) {
		read_prefetch(r, s);
	} else if (plan_lex_take(x, "run")) {
		read_run(r, s);
	} else if (plan_lex_take(x, "team")) {
		s->kind = PSTMT_TEAM;
		s->body = read_block(r);
	} else if (plan_lex_take(x, "meet")) {
		s->kind = PSTMT_MEET;
	} else if (plan_lex_take(x, "do")) {
		s->kind = PSTMT_DO;
		s->id = read_code_ref(r, "proc");
	} else if (plan_lex_take(x, "host")) {
		read_host(r, s, NULL);
	} else if (plan_lex_take(x, "note")) {
		s->kind = PSTMT_NOTE;
		s->text = plan_reader_string(r);
	} else {
		read_store(r, s);
	}
	return s;
}

static PlanBlock
read_block(PlanReader *r)
{
	VEC(PlanStmt *) v = {0};
	plan_reader_enter(r, PLAN_MAX_NEST);
	plan_lex_want(&r->x, "{");
	while (!plan_lex_take(&r->x, "}"))
		VEC_PUSH(r->plan->arena, &v, read_stmt(r));
	r->nest--;
	return (PlanBlock){v.at, v.n};
}

/* ---- the tables -------------------------------------------------------------------------------------- */

static void
read_signature(PlanReader *r, PlanCode *c)
{
	plan_lex_want(&r->x, "(");
	while (!plan_lex_take(&r->x, ")")) {
		if (c->nlocals)
			plan_lex_want(&r->x, ",");
		Name name = plan_reader_name(r);
		plan_lex_want(&r->x, ":");
		declare(r, name, plan_reader_type(r));
	}
	c->nparams = c->nlocals;
	plan_lex_want(&r->x, "->");
	plan_lex_want(&r->x, "(");
	VEC(PlanType) results = {0};
	while (!plan_lex_take(&r->x, ")")) {
		if (results.n)
			plan_lex_want(&r->x, ",");
		VEC_PUSH(r->plan->arena, &results, plan_reader_type(r));
	}
	c->results = results.at;
	c->nresults = results.n;
}

/* Behind `func`, `kernel` or `proc`. */
static PlanCode *
read_code(PlanReader *r, PlanCodeKind k)
{
	PlanCode *c = ARENA_NEW(r->plan->arena, PlanCode);
	c->kind = k;
	r->code = c;
	c->name = plan_reader_name(r);
	if (k == CODE_FUNC)
		read_signature(r, c);
	if (k == CODE_KERNEL) {
		plan_lex_want(&r->x, "range");
		c->range = plan_reader_u64(r);
		declare(r, intern(r->plan->names, "lo"), PT_I64);
		declare(r, intern(r->plan->names, "hi"), PT_I64);
		c->nparams = 2;
	}
	c->body = read_block(r);
	return c;
}

static PlanAxis
read_axis(PlanReader *r)
{
	PlanAxis a = {AXIS_UNSET, 0};
	for (int k = 1; k < AXIS_COUNT; k++) {
		if (plan_lex_is(&r->x, plan_axis_name((PlanAxisKind)k)))
			a.kind = (PlanAxisKind)k;
	}
	if (a.kind == AXIS_UNSET)
		FAIL(r, "an axis expected before %s", plan_lex_shown(&r->x));
	plan_lex_next(&r->x);
	a.extent = plan_reader_u64(r);
	return a;
}

static void
read_data(PlanReader *r, PlanBuf *b)
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
			one = plan_reader_number(r, &t, minus);
		else if (!plan_reader_word_value(r, &t, minus, &one))
			FAIL(r, "a value expected before %s", plan_lex_shown(&r->x));
		VEC_PUSH(r->plan->arena, &v, one);
	}
	if (v.n != plan_buf_count(b))
		FAIL(r, "`%s` has %" PRIu64 " elements and %u values", b->name, plan_buf_count(b), v.n);
	b->data = v.at ? v.at : ARENA_NEW(r->plan->arena, PlanValue);
}

static void
read_buffer(PlanReader *r)
{
	PlanBuf b = {.name = plan_reader_name(r)};
	if (plan_find_buf(r->plan, b.name) != UINT32_MAX)
		FAIL(r, "two buffers are named `%s`", b.name);
	plan_lex_want(&r->x, ":");
	b.type = plan_reader_type(r);
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
	b.pitch = plan_lex_take(&r->x, "pitch") ? plan_reader_u64(r) : 0;
	if (b.role == ROLE_CONST)
		read_data(r, &b);
	VEC_PUSH(r->plan->arena, &r->plan->bufs, b);
}

static void
read_object(PlanReader *r)
{
	PlanObject o = {0};
	if (plan_reader_u64(r) != r->plan->objects.n)
		FAIL(r, "objects are numbered from 0: this is object %u", r->plan->objects.n);
	for (int k = 1; k < POBJ_COUNT; k++) {
		if (plan_lex_is(&r->x, plan_object_mnemonic((PlanObjectKind)k)))
			o.kind = (PlanObjectKind)k;
	}
	if (o.kind == POBJ_UNSET)
		FAIL(r, "a kind of object expected before %s", plan_lex_shown(&r->x));
	plan_lex_next(&r->x);
	o.name = intern(r->plan->names, plan_reader_string(r));
	VEC(const char *) texts = {0};
	VEC(uint32_t) bufs = {0};
	VEC(int64_t) nums = {0};
	plan_lex_want(&r->x, "texts");
	for (plan_lex_want(&r->x, "["); !plan_lex_take(&r->x, "]");) {
		if (texts.n)
			plan_lex_want(&r->x, ",");
		VEC_PUSH(r->plan->arena, &texts, plan_reader_string(r));
	}
	plan_lex_want(&r->x, "bufs");
	for (plan_lex_want(&r->x, "["); !plan_lex_take(&r->x, "]");) {
		if (bufs.n)
			plan_lex_want(&r->x, ",");
		Name name = plan_reader_name(r);
		VEC_PUSH(r->plan->arena, &bufs, plan_find_buf(r->plan, name));
		if (bufs.at[bufs.n - 1] == UINT32_MAX)
			FAIL(r, "no buffer is named `%s`", name);
	}
	plan_lex_want(&r->x, "nums");
	for (plan_lex_want(&r->x, "["); !plan_lex_take(&r->x, "]");) {
		if (nums.n)
			plan_lex_want(&r->x, ",");
		VEC_PUSH(r->plan->arena, &nums, plan_reader_i64(r));
	}
	o.texts = texts.at, o.ntexts = texts.n;
	o.bufs = bufs.at, o.nbufs = bufs.n;
	o.nums = nums.at, o.nnums = nums.n;
	VEC_PUSH(r->plan->arena, &r->plan->objects, o);
}

static void
read_header(PlanReader *r)
{
	Plan *p = r->plan;
	plan_lex_want(&r->x, "plan");
	p->name = intern(p->names, plan_reader_string(r));
	plan_lex_want(&r->x, "real");
	p->real = plan_reader_type(r);
	plan_lex_want(&r->x, "dt");
	if (r->x.kind != TOK_NUMBER || !num_read_f64(r->x.s, r->x.n, &p->dt))
		FAIL(r, "a number expected before %s", plan_lex_shown(&r->x));
	plan_lex_next(&r->x);
	plan_lex_want(&r->x, "seed");
	p->seed = plan_reader_u64(r);
}

static void
read_parts(PlanReader *r)
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

static PlanReader *
new_reader(Plan *p, const char *text)
{
	PlanReader *r = ARENA_NEW(p->arena, PlanReader);
	r->x.arena = p->arena;
	r->x.at = text;
	r->x.line = 1;
	r->plan = p;
	return r;
}

Plan *
plan_read(Arena *a, Interner *names, const char *text, const char **why)
{
	PlanReader *r = new_reader(plan_new(a, names, "", PT_F32), text);
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
	PlanReader *r = new_reader(p, text);
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
