/* elab_stmt: statements of models, for one instance. Branches that constants decide are taken here;
 * a `let` of a constant disappears into its uses. */
#include "elab/elab_inner.h"

#include "base/panic.h"

#include <string.h>

typedef VEC(NetStmt *) StmtVec;

static bool block(Scope *s, const AstStmtVec *body, StmtVec *out);

static NetStmt *
push(Scope *s, StmtVec *out, NetStmtKind kind, Span at)
{
	NetStmt *n = ARENA_NEW(s->el->arena, NetStmt);
	n->kind = kind;
	n->span = at;
	VEC_PUSH(s->el->arena, out, n);
	return n;
}

static NetBlock
freeze(const StmtVec *v)
{
	return (NetBlock){v->at, v->n};
}

static NetAssignOp
assign_op(AstOp op)
{
	switch (op) {
	case AOP_UNSET:
		return NSET;
	case AOP_ADD:
		return NADD;
	case AOP_SUB:
		return NSUB;
	case AOP_MUL:
		return NMUL;
	case AOP_DIV:
		return NDIV;
	case AOP_NEG:
	case AOP_NOT:
	case AOP_EQ:
	case AOP_NE:
	case AOP_LT:
	case AOP_LE:
	case AOP_GT:
	case AOP_GE:
	case AOP_AND:
	case AOP_OR:
	case AOP_COUNT:
		break;
	}
	UNREACHABLE();
}

static bool
is_target(const Scope *s, const NetExpr *e)
{
	switch (s->place) {
	case IN_NEURON:
		return e->kind == NEXPR_STATE;
	case IN_TRACE:
		return e->kind == NEXPR_TRACE;
	case IN_FEATURE:
		return e->kind == NEXPR_INPUT || e->kind == NEXPR_STATE ||
		       e->kind == NEXPR_ELEMENT;
	case IN_SIGNAL:
		return e->kind == NEXPR_STATE;
	case IN_RULE:
		return e->kind == NEXPR_VALUE || e->kind == NEXPR_STATE;
	case IN_PROGRAM:
	case IN_PARAM:
	case IN_STATE:
	case IN_INIT:
	case IN_PROTOCOL:
	case IN_EXPECT:
		break;
	}
	return false;
}

static bool
check_types(Scope *s, const AstStmt *a, const NetExpr *target, const NetExpr *e)
{
	if (target->type == e->type && (a->op_kind == AOP_UNSET || e->type == NT_REAL))
		return true;
	if (target->type == e->type) {
		elab_error(s->el, E0306, a->span, "`%s` is true or false: nothing can be added to it",
			   a->target->name);
		diag_help(s->el->diag, "set it: `%s = …`", a->target->name);
		diag_end(s->el->diag);
		return false;
	}
	elab_error(s->el, E0306, a->e->span, "`%s` holds %s, and this is %s", a->target->name,
		   target->type == NT_REAL ? "numbers" : "true or false",
		   e->type == NT_REAL ? "a number" : "true or false");
	diag_help(s->el->diag, target->type == NT_REAL ? "write `1 if … else 0`"
						       : "compare it: `… > 0`");
	diag_end(s->el->diag);
	return false;
}

static bool
assign(Scope *s, const AstStmt *a, StmtVec *out)
{
	NetExpr *target = elab_expr(s, a->target);
	if (!target)
		return false;
	if (!is_target(s, target)) {
		elab_error(s->el, E0618, a->target->span, "`%s` cannot be assigned here",
			   a->target->name);
		diag_help(s->el->diag, "models assign their own states; rules also what they learn");
		diag_end(s->el->diag);
		return false;
	}
	s->site_hint = a->target->kind == AEXPR_NAME ? a->target->name : NULL;
	NetExpr *e = elab_expr(s, a->e);
	s->site_hint = NULL;
	if (e && target->type == NT_BOOL && a->e->sema.sym && a->e->sema.sym->kind == ASYM_SPIKE)
		e = elab_as(s, e, NT_BOOL, a->e);
	if (!e || !check_types(s, a, target, e))
		return false;
	NetAssignOp op = assign_op(a->op_kind);
	if ((op == NMUL || op == NDIV) && elab_is_const(e, 1))
		return true;
	if (op == NSET && net_expr_equal(target, e)) /* v = max(v, floor) without a floor */
		return true;
	NetStmt *n = push(s, out, NSTMT_ASSIGN, a->span);
	n->op = op;
	n->target = target;
	n->e = e;
	return true;
}

static bool
let(Scope *s, const AstStmt *a, StmtVec *out)
{
	s->site_hint = a->name;
	NetExpr *e = elab_expr(s, a->e);
	s->site_hint = NULL;
	ElabLocal local = {a, NET_NONE, NULL, NULL};
	if (e && elab_is_fixed(e)) {
		local.value = e;
	} else if (e) {
		NetLocal l = {a->name, e->type};
		local.index = s->code->locals.n;
		VEC_PUSH(s->el->arena, &s->code->locals, l);
		NetStmt *n = push(s, out, NSTMT_LET, a->span);
		n->index = local.index;
		n->e = e;
	}
	VEC_PUSH(s->el->arena, &s->locals, local);
	return e != NULL;
}

static NetExpr *
condition(Scope *s, const AstExpr *e)
{
	return elab_as(s, elab_expr(s, e), NT_BOOL, e);
}

static bool
branch(Scope *s, const AstStmt *a, StmtVec *out)
{
	NetExpr *c = condition(s, a->e);
	if (!c)
		return false;
	if (c->kind == NEXPR_CONST)
		return block(s, c->value != 0 ? &a->body : &a->other, out);
	StmtVec body = {0}, other = {0};
	bool ok = block(s, &a->body, &body);
	ok = block(s, &a->other, &other) && ok;
	NetStmt *n = push(s, out, NSTMT_IF, a->span);
	n->e = c;
	n->body = freeze(&body);
	n->other = freeze(&other);
	return ok;
}

static bool
keep_one(Scope *s, const AstStmt *a, StmtVec *out)
{
	NetExpr *c = a->e ? condition(s, a->e) : NULL;
	if (a->e && !c)
		return false;
	if (c && c->kind == NEXPR_CONST) {
		if (c->value == 0)
			return true;
		c = NULL;
	}
	NetStmt *n = push(s, out, NSTMT_KEEP_ONE, a->span);
	n->e = c;
	n->site = elab_site(s, "keep", a->span);
	return true;
}

static bool
spike(Scope *s, const AstStmt *a, StmtVec *out)
{
	NetExpr *e = a->e ? elab_expr(s, a->e) : NULL;
	if (a->e && !e)
		return false;
	if (e && e->type != NT_REAL) {
		elab_error(s->el, E0302, a->e->span, "a spike has a number as its value");
		diag_help(s->el->diag, "write `spike 1`, or `spike` alone");
		diag_end(s->el->diag);
		return false;
	}
	if (!e && s->el->net->layers.at[s->layer].values)
		e = elab_const(s, NT_REAL, 1, a->span);
	push(s, out, NSTMT_SPIKE, a->span)->e = e;
	return true;
}

static bool
statement(Scope *s, const AstStmt *a, StmtVec *out)
{
	switch (a->kind) {
	case ASTMT_ASSIGN:
		return assign(s, a, out);
	case ASTMT_LET:
		return let(s, a, out);
	case ASTMT_IF:
		return branch(s, a, out);
	case ASTMT_SPIKE:
		if (s->place == IN_NEURON)
			return spike(s, a, out);
		break;
	case ASTMT_KEEP_ONE:
		if (s->place == IN_NEURON)
			return keep_one(s, a, out);
		break;
	case ASTMT_EQUATION:
		UNREACHABLE();
	case ASTMT_FOR:
	case ASTMT_PULSE:
	case ASTMT_RUN:
	case ASTMT_CONTROL:
	case ASTMT_RESET:
	case ASTMT_FREEZE:
	case ASTMT_THAW:
	case ASTMT_VOTE:
	case ASTMT_REPORT:
	case ASTMT_SAVE:
	case ASTMT_LOAD:
	case ASTMT_PRESENT:
	case ASTMT_EXPECT:
	case ASTMT_EVENT:
	case ASTMT_WITH:
	case ASTMT_SET:
	case ASTMT_REPEAT:
	case ASTMT_SWEEP:
	case ASTMT_GOLDEN:
		break;
	case ASTMT_ERROR:
		s->el->failed = true;
		return false;
	case ASTMT_UNSET:
	case ASTMT_COUNT:
		UNREACHABLE();
	}
	elab_error(s->el, E0601, a->span, "this statement has no meaning in a model");
	diag_help(s->el->diag, "models hold assignments, `let` and `if`; neurons also `spike`");
	diag_end(s->el->diag);
	return false;
}

/* ---- equations ------------------------------------------------------------------------------- */

static NetMethod
method_of(const Scope *s)
{
	Name method = s->method ? s->method : s->model->method;
	for (int i = NMETHOD_UNSET + 1; method && i < NMETHOD_COUNT; i++) {
		if (strcmp(method, net_method_name((NetMethod)i)) == 0)
			return (NetMethod)i;
	}
	return NMETHOD_UNSET;
}

static NetStmt *
equation(Scope *s, const AstStmt *a)
{
	NetExpr *target = elab_expr(s, a->target);
	s->site_hint = a->target->name;
	s->noise = NET_NONE;
	NetExpr *e = elab_expr(s, a->e);
	s->site_hint = NULL;
	if (!target || !e)
		return NULL;
	if (target->kind != NEXPR_STATE || target->type != NT_REAL || !(e = elab_as(s, e, NT_REAL, a->e))) {
		s->el->failed = true;
		return NULL;
	}
	NetStmt *n = ARENA_NEW(s->el->arena, NetStmt);
	n->kind = NSTMT_ASSIGN;
	n->span = a->span;
	n->target = target;
	n->e = e;
	return n;
}

/* The equations from `first` on that follow each other; with `lets` (among the parts of a model), names of their parts
 * between them, which stand for their expressions. */
static bool
system_of(Scope *s, const AstStmtVec *body, uint32_t first, bool lets, StmtVec *out, uint32_t *end)
{
	StmtVec all = {0};
	uint32_t i = first;
	bool ok = true;
	for (; i < body->n && (lets || body->at[i]->kind == ASTMT_EQUATION); i++) {
		const AstStmt *a = body->at[i];
		if (a->kind == ASTMT_LET) {
			s->site_hint = a->name;
			s->noise = NET_NONE;
			ElabLocal local = {a, NET_NONE, elab_expr(s, a->e), NULL};
			s->site_hint = NULL;
			VEC_PUSH(s->el->arena, &s->locals, local);
			ok = ok && local.value;
			continue;
		}
		NetStmt *n = equation(s, a);
		ok = ok && n;
		if (n)
			VEC_PUSH(s->el->arena, &all, n);
	}
	*end = i;
	if (!all.n)
		return ok;
	NetStmt *n = push(s, out, NSTMT_SYSTEM, body->at[first]->span);
	n->method = method_of(s);
	n->body = freeze(&all);
	bool any = false;
	for (uint32_t k = 0; s->held && k < all.n; k++)
		any |= all.at[k]->held = s->held[all.at[k]->target->index];
	if (any)
		n->e = elab_copy(s->el, s->free, n->span);
	return ok;
}

static bool
block(Scope *s, const AstStmtVec *body, StmtVec *out)
{
	bool ok = true;
	void *around = s->statements;
	for (uint32_t i = 0; i < body->n;) {
		bool equations = body->at[i]->kind == ASTMT_EQUATION;
		s->statements = equations ? NULL : out;
		if (equations)
			ok = system_of(s, body, i, false, out, &i) && ok;
		else
			ok = statement(s, body->at[i++], out) && ok;
	}
	s->statements = around;
	return ok;
}

NetExpr *
elab_named(Scope *s, const char *name, NetExpr *e)
{
	bool leaf = !e->op[0] && e->kind != NEXPR_DRAW;
	if (!s->statements || leaf)
		return e;
	NetStmt *n = push(s, s->statements, NSTMT_LET, e->span);
	n->index = s->code->locals.n;
	n->e = e;
	VEC_PUSH(s->el->arena, &s->code->locals, (NetLocal){intern(s->el->names, name), e->type});
	NetExpr *l = net_expr(s->el->net, NEXPR_LOCAL, e->type, e->span);
	l->index = n->index;
	return l;
}

bool
elab_code(Scope *s, const AstStmtVec *body, NetCode *out)
{
	StmtVec v = {0};
	for (uint32_t i = 0; i < out->body.n; i++) /* what an earlier handler put there */
		VEC_PUSH(s->el->arena, &v, out->body.at[i]);
	s->code = out;
	bool ok = block(s, body, &v);
	out->body = freeze(&v);
	return ok;
}

/* While a neuron is refractory nothing arrives at the states that are held. */
static void
guard(Scope *s, NetBlock *b)
{
	for (uint32_t i = 0; i < b->n; i++) {
		NetStmt *st = b->at[i];
		guard(s, &st->body);
		guard(s, &st->other);
		if (st->kind != NSTMT_ASSIGN || st->target->kind != NEXPR_STATE || !s->held[st->target->index])
			continue;
		NetStmt *only = ARENA_NEW(s->el->arena, NetStmt);
		only->kind = NSTMT_IF;
		only->span = st->span;
		only->e = elab_copy(s->el, s->free, st->span);
		only->body.at = ARENA_NEW(s->el->arena, NetStmt *);
		only->body.at[0] = st;
		only->body.n = 1;
		b->at[i] = only;
	}
}

bool
elab_block(Scope *s, const AstStmtVec *body, NetCode *code, NetBlock *out)
{
	StmtVec v = {0};
	s->code = code;
	bool ok = block(s, body, &v);
	*out = freeze(&v);
	if (s->held)
		guard(s, out);
	return ok;
}

bool
elab_equations(Scope *s, const AstStmtVec *body, NetCode *out)
{
	StmtVec v = {0};
	for (uint32_t i = 0; i < out->body.n; i++)
		VEC_PUSH(s->el->arena, &v, out->body.at[i]);
	s->code = out;
	uint32_t end;
	bool ok = system_of(s, body, 0, true, &v, &end);
	out->body = freeze(&v);
	return ok;
}
