/* ast_build_model: makes models and their parts. See ast_build.h. */
#include "ast/ast_build_inner.h"

/* ---- traces ---------------------------------------------------------------------------------- */

AstTrace *
ast_trace_parts(AstBuild *b)
{
	return ARENA_NEW(b->arena, AstTrace);
}

AstTrace *
ast_trace_tau(AstBuild *b, AstTrace *t, Span at, AstExpr *tau)
{
	if (t->tau)
		report_twice(b, t->tau->span, at, "tau");
	else
		t->tau = tau;
	return t;
}

/* The target, the trace itself, is put in by ast_trace: here its name is not known yet. */
AstTrace *
ast_trace_on_spike(AstBuild *b, AstTrace *t, Span at, AstOp op, AstExpr *value)
{
	if (t->on_spike.n)
		report_twice(b, t->on_spike.at[0]->span, at, "on spike");
	else
		VEC_PUSH(b->arena, &t->on_spike, ast_assign(b, at, NULL, op, value));
	return t;
}

AstTrace *
ast_trace(AstBuild *b, Span at, AstTrace *t, AstId name, AstId of)
{
	t->span = at;
	t->name = name.name;
	t->name_span = name.span;
	t->of = of.name;
	for (uint32_t i = 0; i < t->on_spike.n; i++)
		t->on_spike.at[i]->target = ast_name(b, name.span, name.name);
	if (!t->tau) {
		report_missing(b, at, "the trace", name.name, "tau",
			       "say how fast it decays: `tau = 20 ms`");
		t->tau = ast_error(b, name.span);
	}
	if (!t->on_spike.n)
		report_missing(b, at, "the trace", name.name, "on spike",
			       "say what a spike does to it: `on spike set 1` or `on spike add 1`");
	return t;
}

/* ---- models ---------------------------------------------------------------------------------- */

AstModel *
ast_model_parts(AstBuild *b)
{
	return ARENA_NEW(b->arena, AstModel);
}

AstModel *
ast_model_param(AstBuild *b, AstModel *m, Span at, AstParam param)
{
	param.span = at;
	VEC_PUSH(b->arena, &m->params, param);
	return m;
}

AstModel *
ast_model_state(AstBuild *b, AstModel *m, AstState *s)
{
	VEC_PUSH(b->arena, &m->states, *s);
	return m;
}

AstModel *
ast_model_trace(AstBuild *b, AstModel *m, AstTrace *t)
{
	VEC_PUSH(b->arena, &m->traces, *t);
	return m;
}

AstModel *
ast_model_handler(AstBuild *b, AstModel *m, AstHandlerKind kind, Span at, AstStmtVec *body)
{
	AstHandler h = {.kind = kind, .span = at, .body = *body};
	VEC_PUSH(b->arena, &m->handlers, h);
	return m;
}

AstModel *
ast_model_equation(AstBuild *b, AstModel *m, Span at, AstStmt *s)
{
	AstHandler *all = NULL;
	for (uint32_t i = 0; i < m->handlers.n; i++) {
		if (m->handlers.at[i].kind == AHANDLER_EQUATIONS)
			all = &m->handlers.at[i];
	}
	if (!all) {
		AstHandler h = {.kind = AHANDLER_EQUATIONS, .span = at};
		VEC_PUSH(b->arena, &m->handlers, h);
		all = &m->handlers.at[m->handlers.n - 1];
	}
	VEC_PUSH(b->arena, &all->body, s);
	all->span = span_join(all->span, at);
	return m;
}

AstModel *
ast_model_on_signal(AstBuild *b, AstModel *m, Span at, AstId signal, AstStmtVec *body)
{
	ast_model_handler(b, m, AHANDLER_ON_SIGNAL, at, body);
	AstHandler *h = &m->handlers.at[m->handlers.n - 1];
	h->signal = signal.name;
	h->signal_span = signal.span;
	return m;
}

AstModel *
ast_model_receive(AstBuild *b, AstModel *m, Span at, AstId port, AstStmtVec *body)
{
	ast_model_handler(b, m, AHANDLER_RECEIVE, at, body);
	m->handlers.at[m->handlers.n - 1].port = port.name;
	m->handlers.at[m->handlers.n - 1].port_span = port.span;
	return m;
}

AstModel *
ast_fire(AstBuild *b, Span at, AstExpr *cond, AstStmtVec *body)
{
	AstModel *f = ast_model_parts(b);
	f->fire.cond = cond;
	f->fire.span = at;
	if (body)
		f->fire.body = *body;
	return f;
}

AstModel *
ast_fire_refractory(AstBuild *b, AstModel *f, Span at, AstExpr *time)
{
	if (f->fire.refractory)
		report_twice(b, f->fire.refractory->span, at, "refractory");
	else
		f->fire.refractory = time;
	f->fire.span = at;
	return f;
}

AstModel *
ast_fire_hold(AstBuild *b, AstModel *f, Span at, AstIdVec *states)
{
	for (uint32_t i = 0; i < states->n; i++) {
		struct AstHeld h = {states->at[i].name, states->at[i].span, NULL};
		VEC_PUSH(b->arena, &f->fire.hold, h);
	}
	f->fire.span = at;
	return f;
}

AstModel *
ast_model_fire(AstBuild *b, AstModel *m, Span at, AstModel *f)
{
	if (m->fire.cond)
		report_twice(b, m->fire.span, at, "spike when");
	else
		m->fire = f->fire;
	return m;
}

AstModel *
ast_model_method(AstBuild *b, AstModel *m, Span at, AstId method)
{
	if (m->method) {
		report_twice(b, m->method_span, at, "method");
		return m;
	}
	m->method = method.name;
	m->method_span = method.span;
	return m;
}

AstModel *
ast_model_on(AstBuild *b, AstModel *m, Span at, AstExpr *what, AstStmtVec *body)
{
	ast_model_handler(b, m, AHANDLER_ON_EVENT, at, body);
	m->handlers.at[m->handlers.n - 1].what = what;
	return m;
}

AstModel *
ast_model_learns(AstBuild *b, AstModel *m, Span at, AstId name, bool is_bool)
{
	if (m->learns) {
		report_twice(b, m->learns_span, at, "learns");
		return m;
	}
	m->learns = name.name;
	m->learns_span = name.span;
	m->learns_bool = is_bool;
	return m;
}

AstModel *
ast_model_needs(AstBuild *b, AstModel *m, AstIdVec *signals)
{
	for (uint32_t i = 0; i < signals->n; i++) {
		struct AstNeed need = {signals->at[i].name, signals->at[i].span, NULL};
		VEC_PUSH(b->arena, &m->needs, need);
	}
	return m;
}

AstState *
ast_state(AstBuild *b, Span at, AstId name, AstId of, AstExpr *init)
{
	AstState *s = ARENA_NEW(b->arena, AstState);
	s->span = at;
	s->name = name.name;
	s->name_span = name.span;
	s->of = of.name;
	s->init = init;
	return s;
}

AstModel *
ast_model_compute(AstBuild *b, AstModel *m, Span at, AstStmt *s)
{
	if (!m->handlers.n) {
		AstHandler h = {.kind = AHANDLER_COMPUTE};
		VEC_PUSH(b->arena, &m->handlers, h);
	}
	if (s)
		VEC_PUSH(b->arena, &m->handlers.at[0].body, s);
	else
		m->handlers.at[0].span = at;
	return m;
}

AstParam
ast_table_param(AstId name, AstArgVec *shape)
{
	return (AstParam){.name = name.name, .shape = *shape};
}

AstState *
ast_state_shape(AstState *s, AstArgVec *shape)
{
	if (shape)
		s->shape = *shape;
	return s;
}

AstState *
ast_state_shared(AstState *s, Span at)
{
	s->shared_over_batch = true;
	s->span = at;
	return s;
}

AstState *
ast_state_kept(AstState *s, Span at)
{
	s->kept_on_reset = true;
	s->span = at;
	return s;
}

AstDecl *
ast_model(AstBuild *b, Span at, AstDeclKind kind, AstId name, AstModel *params, AstModel *parts)
{
	AstDecl *d = new_decl(b, at, kind);
	set_name(d, name);
	if (parts)
		d->model = *parts;
	if (params)
		TAKE(&d->model.params, &params->params);
	return d;
}
