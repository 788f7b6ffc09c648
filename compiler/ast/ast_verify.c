/* ast_verify: finds our own mistakes in a tree.
 *
 * After parse: every kind is filled, every part that the kind needs is there,
 * spans lie the right way round and inside the statement or declaration, trees
 * are no deeper than walks may be. After sema: every expression that stands for
 * a value has a type, and every name in it a symbol, unless its type is ERROR.
 */
#include "ast/ast.h"

#include "base/panic.h"

#include <string.h>

typedef struct {
	Arena *arena;
	bool after_sema;
	const char *why; /* the first mistake; later ones are not looked for */
	Span in;         /* of the declaration */
} Verifier;

static bool
fail(Verifier *v, Span at, const char *what)
{
	if (!v->why)
		v->why = arena_printf(v->arena, "%s (bytes %u..%u)", what, at.lo, at.hi);
	return false;
}

static bool
check_span(Verifier *v, Span at)
{
	if (at.lo > at.hi || at.hi == 0)
		return fail(v, at, "a span is empty or the wrong way round");
	if (at.lo < v->in.lo || at.hi > v->in.hi)
		return fail(v, at, "a span leaves its declaration");
	return true;
}

static bool check_expr(Verifier *v, const AstExpr *e, bool is_value);

static bool
check_args(Verifier *v, const AstArgVec *args, bool is_value)
{
	for (uint32_t i = 0; i < args->n; i++) {
		if (!check_expr(v, args->at[i].value, is_value))
			return false;
	}
	return true;
}

/* How many operands, and whether there may be arguments; the last one may be shorter by none. */
static bool
shape_of(const AstExpr *e, uint32_t *ops, bool *has_args)
{
	*has_args = false;
	*ops = 0;
	switch (e->kind) {
	case AEXPR_NUMBER:
	case AEXPR_BOOL:
	case AEXPR_ERROR:
		return true;
	case AEXPR_STRING:
		return e->string != NULL;
	case AEXPR_NAME:
		return e->name != NULL;
	case AEXPR_MEMBER:
		*ops = 1;
		return e->name != NULL;
	case AEXPR_CALL:
	case AEXPR_INDEX:
		*ops = 1;
		*has_args = true;
		return true;
	case AEXPR_LIST:
	case AEXPR_TUPLE:
		*has_args = true;
		return true;
	case AEXPR_UNARY:
		*ops = 1;
		return e->op_kind == AOP_NEG || e->op_kind == AOP_NOT;
	case AEXPR_RANGE:
		*ops = 2;
		return true;
	case AEXPR_BINARY:
		*ops = 2;
		return e->op_kind >= AOP_ADD && e->op_kind <= AOP_OR;
	case AEXPR_IF:
		*ops = 3;
		return true;
	case AEXPR_SUM:
	case AEXPR_LET:
		*ops = 2;
		return e->name != NULL;
	case AEXPR_OVER:
		*ops = 1;
		*has_args = true;
		return e->name != NULL && e->args.n > 0;
	case AEXPR_OR_ELSE:
	case AEXPR_UNSET:
	case AEXPR_COUNT:
		return false;
	}
	return false;
}

/* The base of a call or a member, and names of models, need no type of their own. */
static bool
check_sema(Verifier *v, const AstExpr *e)
{
	if (e->sema.type == ATYPE_UNSET)
		return fail(v, e->span, "an expression without a type");
	if (e->kind == AEXPR_NAME && e->sema.type != ATYPE_ERROR && !e->sema.sym)
		return fail(v, e->span, "a name without a symbol");
	return true;
}

static bool
check_expr(Verifier *v, const AstExpr *e, bool is_value)
{
	uint32_t ops;
	bool has_args;
	if (!e)
		return fail(v, v->in, "an expression is missing");
	if (!shape_of(e, &ops, &has_args))
		return fail(v, e->span, "an expression is not filled");
	if (!check_span(v, e->span))
		return false;
	if (e->depth < 1 || e->depth > AST_DEEPEST)
		return fail(v, e->span, "an expression has no depth, or too much of it");
	if (!has_args && e->args.n)
		return fail(v, e->span, "arguments where there can be none");
	for (uint32_t i = 0; i < 3; i++) {
		if ((i < ops) != (e->op[i] != NULL))
			return fail(v, e->span, "a wrong count of operands");
		bool is_base = i == 0 && (e->kind == AEXPR_MEMBER || e->kind == AEXPR_CALL ||
					  e->kind == AEXPR_INDEX);
		if (e->op[i] && !check_expr(v, e->op[i], is_value && !is_base))
			return false;
	}
	if (!check_args(v, &e->args, is_value))
		return false;
	return !v->after_sema || !is_value || e->kind == AEXPR_RANGE || e->kind == AEXPR_ERROR ||
	       check_sema(v, e);
}

/* ---- statements ------------------------------------------------------------------------------ */

static bool check_body(Verifier *v, const AstStmtVec *body);

static bool
check_names(Verifier *v, const AstStmt *s)
{
	if (!s->names.n)
		return fail(v, s->span, "a list of names is empty");
	for (uint32_t i = 0; i < s->names.n; i++) {
		if (!s->names.at[i].name)
			return fail(v, s->span, "a name is missing");
	}
	return true;
}

static bool
check_stmt(Verifier *v, const AstStmt *s)
{
	if (!check_span(v, s->span))
		return false;
	switch (s->kind) {
	case ASTMT_ASSIGN:
	case ASTMT_EQUATION:
	case ASTMT_PULSE:
		return check_expr(v, s->target, false) && check_expr(v, s->e, true);
	case ASTMT_LET:
		return (s->name || fail(v, s->span, "let without a name")) &&
		       check_expr(v, s->e, true);
	case ASTMT_IF:
		return check_expr(v, s->e, true) && check_body(v, &s->body) &&
		       check_body(v, &s->other);
	case ASTMT_SPIKE:
	case ASTMT_KEEP_ONE:
		return !s->e || check_expr(v, s->e, true);
	case ASTMT_FOR:
		return check_names(v, s) && check_expr(v, s->target, false) &&
		       check_body(v, &s->body);
	case ASTMT_RUN:
		return check_expr(v, s->e, true) && check_body(v, &s->body);
	case ASTMT_CONTROL:
		return check_expr(v, s->target, false) && check_expr(v, s->e, false);
	case ASTMT_VOTE:
		return check_names(v, s) && (s->name || fail(v, s->span, "vote without a label")) &&
		       check_expr(v, s->target, false) && (!s->e || check_expr(v, s->e, true)) &&
		       (!s->keep || check_expr(v, s->keep, true)) &&
		       (!s->from || check_expr(v, s->from, false));
	case ASTMT_REPORT:
		return s->name || fail(v, s->span, "report of nothing");
	case ASTMT_PRESENT:
		return check_expr(v, s->target, false) && (!s->e || check_expr(v, s->e, true));
	case ASTMT_LOAD:
	case ASTMT_SAVE:
		return (!s->target || check_expr(v, s->target, false)) &&
		       check_expr(v, s->e, false);
	case ASTMT_EXPECT:
		return check_expr(v, s->target, false) && !s->e == !s->within;
	case ASTMT_EVENT:
		return check_expr(v, s->target, false) && s->at;
	case ASTMT_SWEEP:
		return check_expr(v, s->target, false) && s->e && s->from;
	case ASTMT_REPEAT:
		return s->e && s->from;
	case ASTMT_SET:
	case ASTMT_GOLDEN:
		return s->e || fail(v, s->span, "a line of a test without its value");
	case ASTMT_WITH:
	case ASTMT_RESET:
	case ASTMT_FREEZE:
	case ASTMT_THAW:
	case ASTMT_ERROR:
		return true;
	case ASTMT_UNSET:
	case ASTMT_COUNT:
		break;
	}
	return fail(v, s->span, "a statement is not filled");
}

static bool
check_body(Verifier *v, const AstStmtVec *body)
{
	for (uint32_t i = 0; i < body->n; i++) {
		if (!check_stmt(v, body->at[i]))
			return false;
	}
	return true;
}

/* ---- declarations ---------------------------------------------------------------------------- */

static bool
check_trace(Verifier *v, const AstTrace *t)
{
	return (t->name || fail(v, t->span, "a trace without a name")) && check_span(v, t->span) &&
	       check_expr(v, t->tau, true) && check_body(v, &t->on_spike);
}

static bool
check_layer(Verifier *v, const AstDecl *d)
{
	for (uint32_t i = 0; i < d->layer.inputs.n; i++) {
		if (!check_expr(v, d->layer.inputs.at[i].value, true))
			return false;
	}
	for (uint32_t i = 0; i < d->layer.traces.n; i++) {
		if (!check_trace(v, &d->layer.traces.at[i]))
			return false;
	}
	return check_expr(v, d->layer.model, false) && check_args(v, &d->layer.shape, true) &&
	       check_args(v, &d->layer.args, true) && check_args(v, &d->layer.places, true);
}

static bool
check_feature(Verifier *v, const AstFeature *f)
{
	if (!f->name || !f->model || !f->lo != !f->hi || !f->value != (f->shared != NULL))
		return fail(v, f->span, "a feature is not filled");
	return check_span(v, f->span) && (!f->value || check_expr(v, f->value, true)) &&
	       check_args(v, &f->args, false) && (!f->lo || check_expr(v, f->lo, true)) && (!f->hi || check_expr(v, f->hi, true)) &&
	       (!f->norm || check_expr(v, f->norm, true)) &&
	       (!f->keep_sign_where || check_expr(v, f->keep_sign_where, true)) &&
	       (!f->decay || check_expr(v, f->decay, true)) &&
	       (!f->average || check_expr(v, f->average, true)) &&
	       (!f->learn || check_expr(v, f->learn, false));
}

static bool
check_connect(Verifier *v, const AstDecl *d)
{
	for (uint32_t i = 0; i < d->connect.features.n; i++) {
		if (!check_feature(v, &d->connect.features.at[i]))
			return false;
	}
	return check_expr(v, d->connect.from, false) && check_expr(v, d->connect.to, false) &&
	       (!d->connect.pattern || check_expr(v, d->connect.pattern, false));
}

static bool
check_model(Verifier *v, const AstModel *m)
{
	for (uint32_t i = 0; i < m->params.n; i++) {
		if (!m->params.at[i].name ||
		    (m->params.at[i].value && !check_expr(v, m->params.at[i].value, true)))
			return fail(v, m->params.at[i].span, "a parameter is not filled");
	}
	for (uint32_t i = 0; i < m->states.n; i++) {
		if (!m->states.at[i].name ||
		    (m->states.at[i].init && !check_expr(v, m->states.at[i].init, true)))
			return fail(v, m->states.at[i].span, "a state is not filled");
	}
	for (uint32_t i = 0; i < m->traces.n; i++) {
		if (!check_trace(v, &m->traces.at[i]))
			return false;
	}
	for (uint32_t i = 0; i < m->handlers.n; i++) {
		const AstHandler *h = &m->handlers.at[i];
		if (!check_body(v, &h->body) || (h->what && !check_expr(v, h->what, false)))
			return false;
	}
	if (m->fire.cond && (!check_expr(v, m->fire.cond, true) || !check_body(v, &m->fire.body) ||
			     (m->fire.refractory && !check_expr(v, m->fire.refractory, true))))
		return false;
	return true;
}

static bool check_decl(Verifier *v, const AstDecl *d);

static bool
check_decls(Verifier *v, const AstDeclVec *decls)
{
	for (uint32_t i = 0; i < decls->n; i++) {
		if (!check_decl(v, decls->at[i]))
			return false;
	}
	return true;
}

/* What expand unfolds, and names that it works out. */
static bool
check_folded(Verifier *v, const AstDecl *d)
{
	if (v->after_sema)
		return fail(v, d->span, "something is not unfolded");
	switch ((int)d->kind) {
	case ADECL_TABLE:
		return (d->name || fail(v, d->span, "a table without a name")) && check_args(v, &d->table.dims, false) &&
		       check_expr(v, d->table.value, false);
	case ADECL_SWEEP:
	case ADECL_LOOP:
		return check_args(v, &d->loop.turns, false) && check_decls(v, &d->loop.body);
	case ADECL_CHOICE:
		return check_expr(v, d->choice.cond, false) && check_decls(v, &d->choice.body) &&
		       check_decls(v, &d->choice.other);
	}
	return fail(v, d->span, "a declaration is not filled");
}

static bool
check_decl(Verifier *v, const AstDecl *d)
{
	v->in = d->span;
	if (d->called && v->after_sema)
		return fail(v, d->span, "a name is not worked out");

	if (!check_span(v, d->span))
		return false;
	switch (d->kind) {
	case ADECL_PARAM:
	case ADECL_CONST:
	case ADECL_SETTING:
	case ADECL_DATA:
	case ADECL_SIGNAL:
		return (d->name || d->called || fail(v, d->span, "a declaration without a name")) &&
		       check_expr(v, d->value.value, true) &&
		       (d->kind != ADECL_SIGNAL || !d->value.block || check_model(v, d->value.block));
	case ADECL_LAYER:
		return (d->name || d->called || fail(v, d->span, "a layer without a name")) && check_layer(v, d);
	case ADECL_CONNECT:
		return check_connect(v, d);
	case ADECL_EXPERIMENT:
		return check_body(v, &d->experiment.body);
	case ADECL_RECORD:
		return check_expr(v, d->record.what, false) &&
		       (!d->record.every || check_expr(v, d->record.every, true)) &&
		       (!d->record.from || (check_expr(v, d->record.from, true) && check_expr(v, d->record.to, true)));
	case ADECL_PLOT:
		return check_expr(v, d->plot.what, false) && check_args(v, &d->plot.dims, true);
	case ADECL_DRAWS:
		return check_expr(v, d->draws.site, false) && check_expr(v, d->draws.path, false);
	case ADECL_FUNCTION:
		for (uint32_t i = 0; i < d->function.params.n; i++) {
			const AstExpr *value = d->function.params.at[i].value;
			if (value && !check_expr(v, value, true))
				return false;
		}
		return (d->name || fail(v, d->span, "a declaration without a name")) && check_expr(v, d->function.body, true);
	case ADECL_NEURON:
	case ADECL_FEATURE:
	case ADECL_RULE:
		return (d->name || fail(v, d->span, "a model without a name")) &&
		       check_model(v, &d->model);
	case ADECL_TABLE:
	case ADECL_LOOP:
	case ADECL_CHOICE:
	case ADECL_IMPORT:
	case ADECL_SWEEP:
		return check_folded(v, d);
	case ADECL_TEST:
	case ADECL_ERROR:
		return true;
	case ADECL_UNSET:
	case ADECL_COUNT:
		break;
	}
	return fail(v, d->span, "a declaration is not filled");
}

const char *
ast_verify(const AstProgram *p, bool after_sema, Arena *a)
{
	Verifier v = {.arena = a, .after_sema = after_sema};
	for (uint32_t i = 0; i < p->decls.n; i++) {
		if (!check_decl(&v, p->decls.at[i]))
			return v.why;
	}
	return NULL;
}
