/* plan_verify: is a plan sound? It trusts nothing, so that passes, readers of plan text and fuzzers may lean on
 * it. The first thing that is wrong is told, with the code and the statement where it stands. */
#include "plan/plan_inner.h"

#include "base/panic.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* Where a local is in its life. */
typedef enum { LIFE_UNSEEN, LIFE_LET, LIFE_VAR, LIFE_FOR, LIFE_GONE } Life;

/* What an index can be, where constants and loops with constant bounds tell it exactly: both ends are reached. */
typedef struct {
	bool known, bound_only;                           /* bound_only: lo and hi of a kernel, as bounds of a loop */
	int64_t lo, hi;
	uint64_t vars;                                    /* the loops in it, one bit each: sums of different ones stay exact */
	uint32_t guards;                                  /* conditions around the declaration */
} Reach;

typedef struct {
	const Plan *p;
	Arena *a;
	const char *why;
	const PlanCode *c;
	uint32_t code;                                    /* index of c: calls go to smaller ones */
	const PlanStmt *s;                                /* at it now, or NULL */
	Life *life;
	Reach *reach;
	uint32_t *simd_of;                                /* per local: simd loops around its declaration */
	uint32_t *stack, nstack;                          /* locals that are alive */
	uint32_t nest, guards, simd;
	bool team;                                        /* inside of one */
} Verify;

static bool
bad(Verify *v, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static bool
bad(Verify *v, const char *fmt, ...)
{
	static const char *const kinds[] = {"code", "func", "kernel", "proc"};
	StrBuf b = strbuf_init(v->a);
	va_list ap;
	if (v->why)
		return false;
	if (v->c)
		strbuf_printf(&b, "%s `%s`", kinds[(unsigned)v->c->kind <= CODE_PROC ? v->c->kind : 0],
			v->c->name ? v->c->name : "");
	if (v->s) {
		strbuf_puts(&b, ", `");
		plan_print_head(&b, v->p, v->c, v->s);
		strbuf_putc(&b, '`');
	}
	strbuf_puts(&b, v->c ? ": " : "");
	va_start(ap, fmt);
	strbuf_puts(&b, arena_vprintf(v->a, fmt, ap));
	va_end(ap);
	v->why = strbuf_text(&b);
	return false;
}

static bool
is_value_type(PlanType t)
{
	return t > PT_UNSET && t < PT_COUNT && plan_type_value(t) == t;
}

static bool
is_name(const char *s)
{
	return s && *s;
}

/* ---- indices ------------------------------------------------------------------------------------ */

static Reach reach_of(const Verify *v, const PlanExpr *e, bool as_bound);

static Reach
reach_infix(const Verify *v, const PlanExpr *e, bool as_bound)
{
	Reach a = reach_of(v, e->op[0], as_bound), b = reach_of(v, e->op[1], as_bound), out = {0};
	if (!a.known || !b.known || (a.vars & b.vars))
		return out;
	bool over = false;
	out = (Reach){.known = true, .vars = a.vars | b.vars};
	if (e->kind == PEXPR_ADD) {
		over |= __builtin_add_overflow(a.lo, b.lo, &out.lo);
		over |= __builtin_add_overflow(a.hi, b.hi, &out.hi);
	} else if (e->kind == PEXPR_SUB) {
		over |= __builtin_sub_overflow(a.lo, b.hi, &out.lo);
		over |= __builtin_sub_overflow(a.hi, b.lo, &out.hi);
	} else {
		int64_t x[4];
		over |= __builtin_mul_overflow(a.lo, b.lo, &x[0]);
		over |= __builtin_mul_overflow(a.lo, b.hi, &x[1]);
		over |= __builtin_mul_overflow(a.hi, b.lo, &x[2]);
		over |= __builtin_mul_overflow(a.hi, b.hi, &x[3]);
		out.lo = out.hi = x[0];
		for (int i = 1; i < 4; i++) {
			out.lo = x[i] < out.lo ? x[i] : out.lo;
			out.hi = x[i] > out.hi ? x[i] : out.hi;
		}
	}
	out.known = !over;
	return out;
}

static Reach
reach_of(const Verify *v, const PlanExpr *e, bool as_bound)
{
	Reach none = {0};
	if (e->type != PT_I64)
		return none;
	if (e->kind == PEXPR_CONST)
		return (Reach){.known = true, .lo = e->value.i, .hi = e->value.i};
	if (e->kind == PEXPR_LOCAL) {
		Reach r = v->reach[e->id];
		/* A condition since its declaration may keep the extremes away. */
		return r.known && r.guards == v->guards && (as_bound || !r.bound_only) ? r : none;
	}
	if (e->kind == PEXPR_ADD || e->kind == PEXPR_SUB || e->kind == PEXPR_MUL)
		return reach_infix(v, e, as_bound);
	return none;
}

static bool
check_index(Verify *v, const PlanBuf *b, uint32_t axis, const PlanExpr *e)
{
	const char *kind = plan_axis_name(b->axis[axis].kind);
	uint64_t extent = b->axis[axis].extent;
	Reach r = reach_of(v, e, false);
	if (e->type != PT_I64)
		return bad(v, "an index of `%s` is %s, not i64", b->name, plan_type_name(e->type));
	if (r.known && (r.lo < 0 || (uint64_t)r.hi >= extent))
		return bad(v, "`%s` is indexed by %" PRId64 ", its axis %s has %" PRIu64, b->name, r.lo < 0 ? r.lo : r.hi,
			kind, extent);
	return true;
}

/* ---- expressions ---------------------------------------------------------------------------------- */

static bool check_expr(Verify *v, const PlanExpr *e, uint32_t depth);

static bool
check_place(Verify *v, uint32_t buf, uint32_t n, PlanExpr *const *index, uint32_t depth)
{
	if (buf >= v->p->bufs.n)
		return bad(v, "there is no buffer %" PRIu32, buf);
	const PlanBuf *b = &v->p->bufs.at[buf];
	if (v->c->kind == CODE_FUNC)
		return bad(v, "a func may not touch the buffer `%s`", b->name);
	if (n != b->naxes)
		return bad(v, "`%s` has %" PRIu32 " axes and gets %" PRIu32 " indices", b->name, b->naxes, n);
	for (uint32_t i = 0; i < n; i++) {
		if (!check_expr(v, index[i], depth + 1) || !check_index(v, b, i, index[i]))
			return false;
	}
	return true;
}

static bool
value_is_of(PlanType t, PlanValue x)
{
	if (!plan_type_is_float(t))
		return plan_wrap_int(t, x.i) == x.i;
	return isnan(x.f) || plan_round_float(t, x.f) == x.f;
}

static bool
check_local(Verify *v, const PlanExpr *e)
{
	if (e->id >= v->c->nlocals)
		return bad(v, "there is no local %" PRIu32, e->id);
	const PlanLocal *l = &v->c->locals[e->id];
	if (v->life[e->id] == LIFE_UNSEEN)
		return bad(v, "`%s` is used before it is declared", l->name);
	if (v->life[e->id] == LIFE_GONE)
		return bad(v, "`%s` is used outside its block", l->name);
	if (l->type != e->type)
		return bad(v, "`%s` is %s and read as %s", l->name, plan_type_name(l->type), plan_type_name(e->type));
	return true;
}

static bool
check_operator(Verify *v, const PlanExpr *e, uint32_t depth)
{
	const char *why;
	PlanType t;
	if ((int)e->nops != plan_expr_operands(e->kind))
		return bad(v, "`%s` has %" PRIu32 " operands", plan_expr_mnemonic(e->kind), e->nops);
	for (uint32_t i = 0; i < e->nops; i++) {
		if (!check_expr(v, e->op[i], depth + 1))
			return false;
	}
	if (!plan_expr_rule(e, &t, v->a, &why))
		return bad(v, "%s", why);
	if (t != e->type)
		return bad(v, "`%s` gives %s and says %s", plan_expr_mnemonic(e->kind), plan_type_name(t),
			plan_type_name(e->type));
	return true;
}

/* How far it goes is left to run time. */
static bool
check_mask(Verify *v, const PlanExpr *e, uint32_t depth)
{
	if (e->nops < 2 || !check_place(v, e->id, e->nops - 1, e->op, depth))
		return e->nops < 2 ? bad(v, "`mask` has %" PRIu32 " operands", e->nops) : false;
	const PlanBuf *b = &v->p->bufs.at[e->id];
	const PlanExpr *n = e->op[e->nops - 1];
	if (b->type != PT_BOOL || e->type != PT_U64)
		return bad(v, "`mask` of `%s`, which is %s, as %s", b->name, plan_type_name(b->type), plan_type_name(e->type));
	if (!check_expr(v, n, depth + 1))
		return false;
	return n->type == PT_I64 || bad(v, "the length of a mask is %s, not i64", plan_type_name(n->type));
}

static bool
check_expr(Verify *v, const PlanExpr *e, uint32_t depth)
{
	if (!e)
		return bad(v, "an expression is missing");
	if (depth > PLAN_MAX_DEPTH)
		return bad(v, "the expression is nested too deeply");
	if (e->kind <= PEXPR_UNSET || e->kind >= PEXPR_COUNT)
		return bad(v, "an expression of no kind");
	if (!is_value_type(e->type))
		return bad(v, "an expression of type %s", plan_type_name(e->type));
	if (e->nops > PLAN_MAX_OPS)
		return bad(v, "an expression has %" PRIu32 " operands", e->nops);
	if (e->kind == PEXPR_CONST)
		return value_is_of(e->type, e->value) || bad(v, "a constant is no value of %s", plan_type_name(e->type));
	if (e->kind == PEXPR_LOCAL)
		return check_local(v, e);
	if (e->kind == PEXPR_MASK)
		return check_mask(v, e, depth);
	if (e->kind != PEXPR_LOAD)
		return check_operator(v, e, depth);
	if (!check_place(v, e->id, e->nops, e->op, depth))
		return false;
	PlanType t = plan_type_value(v->p->bufs.at[e->id].type);
	return t == e->type || bad(v, "`%s` gives %s and is read as %s", v->p->bufs.at[e->id].name, plan_type_name(t),
		plan_type_name(e->type));
}

static bool
check_typed(Verify *v, const PlanExpr *e, PlanType t, const char *what)
{
	if (!check_expr(v, e, 0))
		return false;
	return e->type == t || bad(v, "%s is %s, not %s", what, plan_type_name(e->type), plan_type_name(t));
}

/* ---- locals ---------------------------------------------------------------------------------------- */

static bool
declare(Verify *v, uint32_t id, Life life)
{
	if (id >= v->c->nlocals)
		return bad(v, "there is no local %" PRIu32, id);
	if (v->life[id] != LIFE_UNSEEN)
		return bad(v, "`%s` is declared twice", v->c->locals[id].name);
	v->life[id] = life;
	v->simd_of[id] = v->simd;
	v->stack[v->nstack++] = id;
	return true;
}

static void
forget_down_to(Verify *v, uint32_t n)
{
	while (v->nstack > n)
		v->life[v->stack[--v->nstack]] = LIFE_GONE;
}

static bool
check_declaration(Verify *v, const PlanStmt *s)
{
	bool let = s->kind == PSTMT_LET;
	if (!check_expr(v, s->e, 0) || !declare(v, s->id, let ? LIFE_LET : LIFE_VAR))
		return false;
	const PlanLocal *l = &v->c->locals[s->id];
	if (l->type != s->e->type)
		return bad(v, "`%s` is %s and its value %s", l->name, plan_type_name(l->type), plan_type_name(s->e->type));
	if (let)
		v->reach[s->id] = reach_of(v, s->e, false);
	v->reach[s->id].guards = v->guards;
	return true;
}

static bool
check_set(Verify *v, const PlanStmt *s)
{
	if (!check_expr(v, s->e, 0))
		return false;
	PlanExpr target = {.kind = PEXPR_LOCAL, .type = s->e->type, .id = s->id};
	if (s->id < v->c->nlocals && v->c->locals[s->id].type != s->e->type)
		return bad(v, "`%s` is %s and its value %s", v->c->locals[s->id].name,
			plan_type_name(v->c->locals[s->id].type), plan_type_name(s->e->type));
	if (!check_local(v, &target))
		return false;
	if (v->life[s->id] != LIFE_VAR)
		return bad(v, "`%s` is no variable", v->c->locals[s->id].name);
	if (v->simd_of[s->id] != v->simd)
		return bad(v, "`%s` is shared by the turns of a simd loop", v->c->locals[s->id].name);
	return true;
}

/* ---- statements -------------------------------------------------------------------------------------- */

static bool check_block(Verify *v, PlanBlock b);

/* The place of a store or a prefetch. */
static bool
check_element(Verify *v, const PlanStmt *s)
{
	if (s->nops > PLAN_MAX_AXES)
		return bad(v, "%" PRIu32 " indices", s->nops);
	return check_place(v, s->id, s->nops, s->op, 0);
}

static bool
check_store(Verify *v, const PlanStmt *s)
{
	if (!check_element(v, s))
		return false;
	const PlanBuf *b = &v->p->bufs.at[s->id];
	if (b->role == ROLE_CONST)
		return bad(v, "`%s` is const", b->name);
	return check_typed(v, s->e, plan_type_value(b->type), "the value");
}

/* The values that the local of a loop takes, if that is known. */
static Reach
loop_reach(const Verify *v, const PlanStmt *s)
{
	Reach lo = reach_of(v, s->e, true), hi = reach_of(v, s->hi, true), none = {0};
	bool fixed = !lo.vars && !hi.vars && !lo.bound_only && !hi.bound_only;
	if (!lo.known || !hi.known || lo.lo >= hi.hi || (s->step != 1 && !fixed))
		return none;
	Reach r = {.known = true, .lo = lo.lo, .vars = (uint64_t)1 << (s->id & 63), .guards = v->guards};
	uint64_t span = (uint64_t)hi.hi - 1 - (uint64_t)lo.lo;
	r.hi = (int64_t)((uint64_t)lo.lo + span / (uint64_t)s->step * (uint64_t)s->step);
	return r;
}

static bool
check_for(Verify *v, const PlanStmt *s)
{
	if (!check_typed(v, s->e, PT_I64, "the lower bound") || !check_typed(v, s->hi, PT_I64, "the upper bound"))
		return false;
	if (s->step <= 0)
		return bad(v, "the step is not positive");
	uint32_t before = v->nstack;
	v->simd += s->simd;
	if (!declare(v, s->id, LIFE_FOR))
		return false;
	if (v->c->locals[s->id].type != PT_I64)
		return bad(v, "`%s` is not i64", v->c->locals[s->id].name);
	v->reach[s->id] = loop_reach(v, s);
	if (!check_block(v, s->body))
		return false;
	v->simd -= s->simd;
	forget_down_to(v, before);
	return true;
}

static bool
check_condition(Verify *v, const PlanStmt *s)
{
	if (!check_typed(v, s->e, PT_BOOL, "the condition"))
		return false;
	v->guards++;
	if (!check_block(v, s->body) || !check_block(v, s->other))
		return false;
	v->guards--;
	return true;
}

static const PlanCode *
find_callee(Verify *v, uint32_t id, PlanCodeKind k)
{
	static const char *const what[] = {[CODE_FUNC] = "a func", [CODE_KERNEL] = "a kernel", [CODE_PROC] = "a proc"};
	if (id >= v->p->codes.n)
		bad(v, "there is no code %" PRIu32, id);
	else if (id >= v->code)
		bad(v, "`%s` stands later in the plan", v->p->codes.at[id]->name);
	else if (v->p->codes.at[id]->kind != k)
		bad(v, "`%s` is not %s", v->p->codes.at[id]->name, what[k]);
	else
		return v->p->codes.at[id];
	return NULL;
}

static bool
check_call(Verify *v, const PlanStmt *s)
{
	const PlanCode *f = find_callee(v, s->id, CODE_FUNC);
	if (!f)
		return false;
	if (s->nops != f->nparams || s->nlocals != f->nresults)
		return bad(v, "`%s` takes %" PRIu32 " values and gives %" PRIu32, f->name, f->nparams, f->nresults);
	for (uint32_t i = 0; i < s->nops; i++) {
		if (!check_typed(v, s->op[i], f->locals[i].type, "an argument"))
			return false;
	}
	for (uint32_t i = 0; i < s->nlocals; i++) {
		if (!declare(v, s->locals[i], LIFE_LET))
			return false;
		if (v->c->locals[s->locals[i]].type != f->results[i])
			return bad(v, "result %" PRIu32 " is %s", i, plan_type_name(f->results[i]));
	}
	return true;
}

static bool
check_return(Verify *v, const PlanStmt *s)
{
	PlanBlock body = v->c->body;
	if (s != body.at[body.n - 1])
		return bad(v, "`return` stands last in a func");
	if (s->nops != v->c->nresults)
		return bad(v, "%" PRIu32 " values for %" PRIu32 " results", s->nops, v->c->nresults);
	for (uint32_t i = 0; i < s->nops; i++) {
		if (!check_typed(v, s->op[i], v->c->results[i], "a result"))
			return false;
	}
	return true;
}

static bool
check_host(Verify *v, const PlanStmt *s)
{
	if (s->id >= plan_host_fn_count)
		return bad(v, "there is no host call %" PRIu32, s->id);
	const PlanHostFn *f = &plan_host_fns[s->id];
	if (s->nargs != strlen(f->args))
		return bad(v, "host %s takes %zu arguments", f->name, strlen(f->args));
	for (uint32_t i = 0; i < s->nargs; i++) {
		const PlanArg *arg = &s->args[i];
		if (arg->address != (f->args[i] == 'p'))
			return bad(v, "argument %" PRIu32 " is %s", i, arg->address ? "an address" : "no address");
		if (!check_expr(v, arg->e, 0))
			return false;
		if (arg->address && arg->e->kind != PEXPR_LOAD)
			return bad(v, "argument %" PRIu32 " is no element of a buffer", i);
		if (!arg->address && arg->e->type != PT_I64)
			return bad(v, "argument %" PRIu32 " is %s, not i64", i, plan_type_name(arg->e->type));
	}
	const char *why = plan_verify_host(v->p, v->a, s);
	if (why)
		return bad(v, "%s", why);
	if (s->nlocals > 1)
		return bad(v, "a host call gives one result");
	if (s->nlocals == 0)
		return true;
	if (!declare(v, s->locals[0], LIFE_LET))
		return false;
	return v->c->locals[s->locals[0]].type == PT_I64 || bad(v, "the result is i64");
}

/* How a run is shared out. What parts of a kernel may do at the same time is the kernel's promise; eval looks at it. */
static bool
check_share(Verify *v, const PlanStmt *s)
{
	if ((s->share != SHARE_NONE) != v->team)
		return bad(v, v->team ? "a team does not know who runs this" : "only a team shares a run out");
	if (s->share == SHARE_PARTS && s->step <= 0)
		return bad(v, "parts of %" PRId64, s->step);
	if (s->share == SHARE_ONE && (s->step < 0 || s->step >= PLAN_MAX_TEAM))
		return bad(v, "there is no thread %" PRId64, s->step);
	if (s->share != SHARE_EVENTS)
		return true;
	if (s->list >= v->p->bufs.n || s->count >= v->p->bufs.n)
		return bad(v, "there is no list of events");
	const PlanBuf *list = &v->p->bufs.at[s->list], *count = &v->p->bufs.at[s->count];
	if (list->naxes != 2 || list->axis[0].extent != 1 || !plan_type_is_int(list->type))
		return bad(v, "`%s` is no list of events", list->name);
	return (count->naxes == 1 && plan_type_is_int(count->type)) || bad(v, "`%s` does not count events", count->name);
}

static bool
check_run(Verify *v, const PlanStmt *s)
{
	return find_callee(v, s->id, CODE_KERNEL) != NULL && check_share(v, s);
}

static bool check_block(Verify *v, PlanBlock b);

static bool
check_team(Verify *v, const PlanStmt *s)
{
	if (v->team)
		return bad(v, "a team in a team");
	v->team = true;
	if (!check_block(v, s->body))
		return false;
	v->team = false;
	return true;
}

/* Whether this kind of code may have this kind of statement, and a simd loop too. */
static bool
check_allowed(Verify *v, const PlanStmt *s)
{
	bool team = s->kind == PSTMT_TEAM || s->kind == PSTMT_MEET;
	bool proc_only = s->kind == PSTMT_RUN || s->kind == PSTMT_DO || s->kind == PSTMT_HOST || team;
	if (proc_only && v->c->kind != CODE_PROC)
		return bad(v, "only a proc may do that");
	if (proc_only && v->simd)
		return bad(v, "a simd loop may not do that");
	if (v->team && s->kind != PSTMT_RUN && s->kind != PSTMT_NOTE && !team)
		return bad(v, "a team may not do that");
	if (s->kind == PSTMT_STORE && v->c->kind == CODE_FUNC)
		return bad(v, "a func may not store");
	if (s->kind == PSTMT_PREFETCH && v->c->kind != CODE_KERNEL)
		return bad(v, "only a kernel prefetches");
	if (s->kind == PSTMT_RETURN && v->c->kind != CODE_FUNC)
		return bad(v, "only a func returns values");
	return true;
}

static bool
check_stmt(Verify *v, const PlanStmt *s)
{
	v->s = s;
	if (!check_allowed(v, s))
		return false;
	switch (s->kind) {
	case PSTMT_LET:
	case PSTMT_VAR: return check_declaration(v, s);
	case PSTMT_SET: return check_set(v, s);
	case PSTMT_STORE: return check_store(v, s);
	case PSTMT_PREFETCH: return check_element(v, s);
	case PSTMT_FOR: return check_for(v, s);
	case PSTMT_WHILE:
	case PSTMT_IF: return check_condition(v, s);
	case PSTMT_CALL: return check_call(v, s);
	case PSTMT_RETURN: return check_return(v, s);
	case PSTMT_RUN: return check_run(v, s);
	case PSTMT_TEAM: return check_team(v, s);
	case PSTMT_MEET: return v->team || bad(v, "only a team meets");
	case PSTMT_DO: return find_callee(v, s->id, CODE_PROC) != NULL;
	case PSTMT_HOST: return check_host(v, s);
	case PSTMT_NOTE: return s->text ? true : bad(v, "a note without text");
	case PSTMT_UNSET:
	case PSTMT_COUNT: break;
	}
	return bad(v, "a statement of no kind");
}

static bool
check_block(Verify *v, PlanBlock b)
{
	uint32_t before = v->nstack;
	if (++v->nest > PLAN_MAX_NEST)
		return bad(v, "blocks are nested too deeply");
	for (uint32_t i = 0; i < b.n; i++) {
		if (!b.at[i])
			return bad(v, "a statement is missing");
		if (!check_stmt(v, b.at[i]))
			return false;
	}
	v->nest--;
	forget_down_to(v, before);
	return true;
}

/* ---- codes, buffers, the whole ------------------------------------------------------------------------- */

static bool
check_locals(Verify *v)
{
	const PlanCode *c = v->c;
	for (uint32_t i = 0; i < c->nlocals; i++) {
		const PlanLocal *l = &c->locals[i];
		if (!is_name(l->name) || strchr(l->name, '.'))
			return bad(v, "local %" PRIu32 " has no fit name", i);
		if (!is_value_type(l->type))
			return bad(v, "`%s` is %s", l->name, plan_type_name(l->type));
		for (uint32_t k = 0; k < i; k++) {
			if (c->locals[k].name == l->name)
				return bad(v, "two locals are named `%s`", l->name);
		}
	}
	return true;
}

static bool
check_signature(Verify *v)
{
	const PlanCode *c = v->c;
	bool func = c->kind == CODE_FUNC, kernel = c->kind == CODE_KERNEL;
	if (c->nparams > c->nlocals || c->nparams != (kernel ? 2 : func ? c->nparams : 0))
		return bad(v, "it has %" PRIu32 " parameters", c->nparams);
	if (func ? c->nresults == 0 : c->nresults != 0)
		return bad(v, "it has %" PRIu32 " results", c->nresults);
	for (uint32_t i = 0; i < c->nresults; i++) {
		if (!is_value_type(c->results[i]))
			return bad(v, "result %" PRIu32 " is %s", i, plan_type_name(c->results[i]));
	}
	if (kernel && (c->locals[0].type != PT_I64 || c->locals[1].type != PT_I64))
		return bad(v, "`lo` and `hi` are i64");
	if (kernel && c->range > (uint64_t)1 << 48)
		return bad(v, "its range is too large");
	if (func && (c->body.n == 0 || !c->body.at[c->body.n - 1] || c->body.at[c->body.n - 1]->kind != PSTMT_RETURN))
		return bad(v, "it does not end with `return`");
	return true;
}

static bool
check_code(Verify *v, uint32_t index)
{
	const PlanCode *c = v->p->codes.at[index];
	v->c = c;
	v->code = index;
	v->s = NULL;
	v->nest = v->guards = v->simd = v->nstack = 0;
	v->team = false;
	if (c->kind <= CODE_UNSET || c->kind > CODE_PROC || !is_name(c->name))
		return bad(v, "code %" PRIu32 " has no kind or no name", index);
	for (uint32_t i = 0; i < index; i++) {
		if (v->p->codes.at[i]->name == c->name)
			return bad(v, "it is defined twice");
	}
	if (!check_locals(v) || !check_signature(v))
		return false;
	v->life = ARENA_ARRAY(v->a, Life, c->nlocals + 1);
	v->reach = ARENA_ARRAY(v->a, Reach, c->nlocals + 1);
	v->simd_of = ARENA_ARRAY(v->a, uint32_t, c->nlocals + 1);
	v->stack = ARENA_ARRAY(v->a, uint32_t, c->nlocals + 1);
	for (uint32_t i = 0; i < c->nparams; i++) {
		declare(v, i, LIFE_LET);
		if (c->kind == CODE_KERNEL)
			v->reach[i] = (Reach){.known = true, .bound_only = true, .hi = (int64_t)c->range};
	}
	bool ok = check_block(v, c->body);
	v->c = NULL;
	v->s = NULL;
	return ok;
}

static bool
check_buffer(Verify *v, uint32_t index)
{
	const PlanBuf *b = &v->p->bufs.at[index];
	if (!is_name(b->name))
		return bad(v, "buffer %" PRIu32 " has no name", index);
	for (uint32_t i = 0; i < index; i++) {
		if (v->p->bufs.at[i].name == b->name)
			return bad(v, "two buffers are named `%s`", b->name);
	}
	if (b->type <= PT_UNSET || b->type >= PT_COUNT || b->role <= ROLE_UNSET || b->role >= ROLE_COUNT)
		return bad(v, "buffer `%s` has no type or no role", b->name);
	if (b->naxes > PLAN_MAX_AXES)
		return bad(v, "buffer `%s` has %" PRIu32 " axes", b->name, b->naxes);
	for (uint32_t i = 0; i < b->naxes; i++) {
		if (b->axis[i].kind <= AXIS_UNSET || b->axis[i].kind >= AXIS_COUNT)
			return bad(v, "buffer `%s` has an axis of no kind", b->name);
	}
	if (b->pitch && (b->naxes < 2 || b->role == ROLE_CONST || b->axis[b->naxes - 1].extent < 2 || b->pitch <= b->axis[b->naxes - 1].extent))
		return bad(v, "buffer `%s` cannot have a pitch of %" PRIu64, b->name, b->pitch);
	uint64_t n = plan_buf_count(b);
	if (n == UINT64_MAX || plan_buf_bytes(b) == UINT64_MAX)
		return bad(v, "buffer `%s` is too large", b->name);
	if ((b->role == ROLE_CONST) != (b->data != NULL))
		return bad(v, "buffer `%s` %s", b->name, b->data ? "has values but is not const" : "is const without values");
	for (uint64_t i = 0; b->data && i < n; i++) {
		if (!value_is_of(b->type, b->data[i]))
			return bad(v, "value %" PRIu64 " of buffer `%s` is no %s", i, b->name, plan_type_name(b->type));
	}
	return true;
}

/* What the host knows by name has the form that it expects. */
static bool
check_fixed_points(Verify *v)
{
	static const struct { const char *name; PlanType t; } fixed[] = {
		{"seed", PT_U64}, {"step", PT_U64}, {"learning", PT_BOOL}};
	for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++) {
		uint32_t id = plan_find_buf(v->p, fixed[i].name);
		if (id == UINT32_MAX)
			continue;
		const PlanBuf *b = &v->p->bufs.at[id];
		if (b->naxes || b->type != fixed[i].t)
			return bad(v, "buffer `%s` is not %s []", b->name, plan_type_name(fixed[i].t));
	}
	static const char *const procs[] = {"program", "step"};
	for (size_t i = 0; i < 2; i++) {
		uint32_t id = plan_find_code(v->p, procs[i]);
		if (id != UINT32_MAX && v->p->codes.at[id]->kind != CODE_PROC)
			return bad(v, "`%s` is not a proc", procs[i]);
	}
	return true;
}

static bool
check_plan(Verify *v)
{
	const Plan *p = v->p;
	if (p->real != PT_F32 && p->real != PT_F64)
		return bad(v, "the plan's `real` is %s", plan_type_name(p->real));
	if (!isfinite(p->dt) || p->dt <= 0)
		return bad(v, "the plan's dt is not positive");
	uint64_t total = 0;
	for (uint32_t i = 0; i < p->bufs.n; i++) {
		if (!check_buffer(v, i))
			return false;
		total += plan_buf_bytes(&p->bufs.at[i]) + PLAN_ALIGN;
		if (total > (uint64_t)1 << 50)
			return bad(v, "the buffers are too large together");
	}
	for (uint32_t i = 0; i < p->objects.n; i++) {
		const char *why = plan_verify_object(p, v->a, &p->objects.at[i]);
		if (why)
			return bad(v, "object %" PRIu32 ": %s", i, why);
	}
	for (uint32_t i = 0; i < p->codes.n; i++) {
		if (!p->codes.at[i])
			return bad(v, "code %" PRIu32 " is missing", i);
		if (!check_code(v, i))
			return false;
	}
	return check_fixed_points(v);
}

const char *
plan_verify(const Plan *p, Arena *a)
{
	Verify v = {.p = p, .a = a};
	return check_plan(&v) ? NULL : v.why;
}
