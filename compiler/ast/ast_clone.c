/* ast_clone: see ast_clone.h. */
#include "ast/ast_clone.h"

#include "base/panic.h"

bool
ast_clone_hides(const AstClone *c, Name name)
{
	for (uint32_t i = 0; i < c->hidden.n; i++) {
		if (c->hidden.at[i] == name)
			return true;
	}
	return false;
}

AstArgVec
ast_clone_args(AstClone *c, const AstArgVec *args)
{
	AstArgVec r = {.n = args->n, .cap = args->n};
	r.at = arena_copy(c->arena, args->at, sizeof *args->at * args->n);
	for (uint32_t i = 0; i < args->n; i++)
		r.at[i].value = ast_clone_expr(c, args->at[i].value);
	return r;
}

/* Parts that were replaced may be deeper than those that they replace. */
static void
set_depth(AstExpr *e)
{
	uint16_t deepest = 0;
	for (int i = 0; i < 3; i++) {
		if (e->op[i] && e->op[i]->depth > deepest)
			deepest = e->op[i]->depth;
	}
	for (uint32_t i = 0; i < e->args.n; i++) {
		if (e->args.at[i].value->depth > deepest)
			deepest = e->args.at[i].value->depth;
	}
	e->depth = (uint16_t)(deepest + 1);
}

AstExpr *
ast_clone_expr(AstClone *c, const AstExpr *e)
{
	AstExpr *r = e && c->expr ? c->expr(c, e) : NULL;
	if (!e || r)
		return r;
	r = arena_copy(c->arena, e, sizeof *e);
	uint32_t hidden = c->hidden.n;
	if (e->kind == AEXPR_SUM || e->kind == AEXPR_LET) {
		r->op[0] = ast_clone_expr(c, e->op[0]);
		VEC_PUSH(c->arena, &c->hidden, e->name);
		r->op[1] = ast_clone_expr(c, e->op[1]);
	} else {
		for (int i = 0; i < 3; i++)
			r->op[i] = ast_clone_expr(c, e->op[i]);
		r->args = ast_clone_args(c, &e->args);
	}
	c->hidden.n = hidden;
	set_depth(r);
	return r;
}

static AstStmt *
clone_stmt(AstClone *c, const AstStmt *s)
{
	AstStmt *r = arena_copy(c->arena, s, sizeof *s);
	r->target = ast_clone_expr(c, s->target);
	r->e = ast_clone_expr(c, s->e);
	r->keep = ast_clone_expr(c, s->keep);
	r->from = ast_clone_expr(c, s->from);
	r->at = ast_clone_expr(c, s->at);
	r->within = ast_clone_expr(c, s->within);
	r->args = ast_clone_args(c, &s->args);
	r->names.at = arena_copy(c->arena, s->names.at, sizeof *s->names.at * s->names.n);
	r->names.cap = s->names.n;
	for (uint32_t i = 0; i < s->names.n; i++)
		r->names.at[i].arg = ast_clone_expr(c, s->names.at[i].arg);
	uint32_t hidden = c->hidden.n;
	for (uint32_t i = 0; s->kind == ASTMT_FOR && i < s->names.n; i++)
		VEC_PUSH(c->arena, &c->hidden, s->names.at[i].name);
	r->body = ast_clone_stmts(c, &s->body);
	r->other = ast_clone_stmts(c, &s->other);
	c->hidden.n = hidden;
	return r;
}

/* A `let` is known to the end of its block. */
AstStmtVec
ast_clone_stmts(AstClone *c, const AstStmtVec *body)
{
	AstStmtVec r = {0};
	uint32_t hidden = c->hidden.n;
	for (uint32_t i = 0; i < body->n; i++) {
		const AstStmt *s = body->at[i];
		if (c->stmt && c->stmt(c, s, &r))
			continue;
		VEC_PUSH(c->arena, &r, clone_stmt(c, s));
		if (s->kind == ASTMT_LET)
			VEC_PUSH(c->arena, &c->hidden, s->name);
	}
	c->hidden.n = hidden;
	return r;
}

static void
clone_trace(AstClone *c, AstTrace *t)
{
	t->tau = ast_clone_expr(c, t->tau);
	t->on_spike = ast_clone_stmts(c, &t->on_spike);
}

static void
clone_layer(AstClone *c, AstDecl *r)
{
	r->layer.model = ast_clone_expr(c, r->layer.model);
	r->layer.shape = ast_clone_args(c, &r->layer.shape);
	r->layer.args = ast_clone_args(c, &r->layer.args);
	r->layer.places = ast_clone_args(c, &r->layer.places);
	r->layer.traces.at = arena_copy(c->arena, r->layer.traces.at, sizeof *r->layer.traces.at * r->layer.traces.n);
	for (uint32_t i = 0; i < r->layer.traces.n; i++)
		clone_trace(c, &r->layer.traces.at[i]);
	r->layer.inputs.at = arena_copy(c->arena, r->layer.inputs.at, sizeof *r->layer.inputs.at * r->layer.inputs.n);
	for (uint32_t i = 0; i < r->layer.inputs.n; i++)
		r->layer.inputs.at[i].value = ast_clone_expr(c, r->layer.inputs.at[i].value);
}

static void
clone_feature(AstClone *c, AstFeature *f)
{
	f->value = ast_clone_expr(c, f->value);
	f->args = ast_clone_args(c, &f->args);
	f->lo = ast_clone_expr(c, f->lo);
	f->hi = ast_clone_expr(c, f->hi);
	f->norm = ast_clone_expr(c, f->norm);
	f->decay = ast_clone_expr(c, f->decay);
	f->learn = ast_clone_expr(c, f->learn);
	f->average = ast_clone_expr(c, f->average);
}

static void
clone_connect(AstClone *c, AstDecl *r)
{
	r->connect.from = ast_clone_expr(c, r->connect.from);
	r->connect.to = ast_clone_expr(c, r->connect.to);
	r->connect.pattern = ast_clone_expr(c, r->connect.pattern);
	r->connect.features.at =
		arena_copy(c->arena, r->connect.features.at, sizeof *r->connect.features.at * r->connect.features.n);
	for (uint32_t i = 0; i < r->connect.features.n; i++)
		clone_feature(c, &r->connect.features.at[i]);
}

/* Of a signal: states and handlers. Names of its states hide what is outside. */
static AstModel *
clone_block(AstClone *c, const AstModel *m)
{
	if (!m)
		return NULL;
	AstModel *r = arena_copy(c->arena, m, sizeof *m);
	uint32_t hidden = c->hidden.n;
	for (uint32_t i = 0; i < m->states.n; i++)
		VEC_PUSH(c->arena, &c->hidden, m->states.at[i].name);
	r->states.at = arena_copy(c->arena, m->states.at, sizeof *m->states.at * m->states.n);
	for (uint32_t i = 0; i < m->states.n; i++) {
		r->states.at[i].init = ast_clone_expr(c, m->states.at[i].init);
		r->states.at[i].shape = ast_clone_args(c, &m->states.at[i].shape);
	}
	r->handlers.at = arena_copy(c->arena, m->handlers.at, sizeof *m->handlers.at * m->handlers.n);
	for (uint32_t i = 0; i < m->handlers.n; i++) {
		r->handlers.at[i].body = ast_clone_stmts(c, &m->handlers.at[i].body);
		r->handlers.at[i].what = ast_clone_expr(c, m->handlers.at[i].what);
	}
	c->hidden.n = hidden;
	return r;
}

AstDecl *
ast_clone_decl(AstClone *c, const AstDecl *d)
{
	AstDecl *r = arena_copy(c->arena, d, sizeof *d);
	r->called = ast_clone_expr(c, d->called);
	switch (d->kind) {
	case ADECL_PARAM:
	case ADECL_CONST:
	case ADECL_SETTING:
	case ADECL_DATA:
	case ADECL_SIGNAL:
		r->value.value = ast_clone_expr(c, d->value.value);
		r->value.block = clone_block(c, d->value.block);
		return r;
	case ADECL_LAYER:
		clone_layer(c, r);
		return r;
	case ADECL_CONNECT:
		clone_connect(c, r);
		return r;
	case ADECL_EXPERIMENT:
		r->experiment.body = ast_clone_stmts(c, &d->experiment.body);
		return r;
	case ADECL_RECORD:
		r->record.what = ast_clone_expr(c, d->record.what);
		r->record.every = ast_clone_expr(c, d->record.every);
		r->record.from = ast_clone_expr(c, d->record.from);
		r->record.to = ast_clone_expr(c, d->record.to);
		r->record.part = ast_clone_args(c, &d->record.part);
		r->record.args = ast_clone_args(c, &d->record.args);
		return r;
	case ADECL_PLOT:
		r->plot.what = ast_clone_expr(c, d->plot.what);
		r->plot.dims = ast_clone_args(c, &d->plot.dims);
		return r;
	case ADECL_DRAWS:
		r->draws.site = ast_clone_expr(c, d->draws.site);
		r->draws.path = ast_clone_expr(c, d->draws.path);
		return r;
	case ADECL_ERROR:
		return r;
	case ADECL_FUNCTION:
	case ADECL_TABLE:
	case ADECL_LOOP:
	case ADECL_CHOICE:
	case ADECL_IMPORT:
	case ADECL_SWEEP:
	case ADECL_NEURON:
	case ADECL_FEATURE:
	case ADECL_RULE:
	case ADECL_TEST:
	case ADECL_UNSET:
	case ADECL_COUNT:
		break;
	}
	UNREACHABLE();
}
