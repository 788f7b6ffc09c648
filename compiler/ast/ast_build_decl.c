/* ast_build_decl: makes declarations and their parts. See ast_build.h. */
#include "ast/ast_build.h"

#include "base/panic.h"

/* Vectors of one element type have many types in C; this hands over the elements. */
#define TAKE(dst, src) ((dst)->at = (src)->at, (dst)->n = (src)->n, (dst)->cap = (src)->cap)

static bool
is_set(Span at)
{
	return at.hi != 0;
}

static void
report_twice(AstBuild *b, Span first, Span again, const char *what)
{
	b->failed = true;
	diag_begin(b->diag, E0108, again, "`%s` is written twice", what);
	if (is_set(first))
		diag_label(b->diag, first, "first here");
	diag_help(b->diag, "keep one of them");
	diag_end(b->diag);
}

static void
report_missing(AstBuild *b, Span at, const char *owner, Name name, const char *what,
	       const char *help)
{
	b->failed = true;
	diag_begin(b->diag, E0109, at, "%s `%s` has no `%s`", owner, name, what);
	diag_help(b->diag, "%s", help);
	diag_end(b->diag);
}

static AstDecl *
new_decl(AstBuild *b, Span at, AstDeclKind kind)
{
	AstDecl *d = ARENA_NEW(b->arena, AstDecl);
	d->kind = kind;
	d->span = at;
	d->library = b->library;
	return d;
}

static void
set_name(AstDecl *d, AstId id)
{
	d->name = id.name;
	d->name_span = id.span;
	d->called = id.arg;
}

AstDecl *
ast_value_decl(AstBuild *b, Span at, AstDeclKind kind, AstId name, AstExpr *value)
{
	AstDecl *d = new_decl(b, at, kind);
	set_name(d, name);
	d->value.value = value;
	return d;
}

AstDecl *
ast_tunable(AstBuild *b, Span at, AstId name, AstExpr *value)
{
	AstDecl *d = ast_value_decl(b, at, ADECL_PARAM, name, value);
	d->value.tunable = true;
	return d;
}

AstDecl *
ast_signal(AstBuild *b, Span at, AstId name, AstIdVec *of, AstExpr *value, AstModel *block)
{
	AstDecl *d = ast_value_decl(b, at, ADECL_SIGNAL, name, value);
	for (uint32_t i = 0; of && i < of->n; i++) {
		struct AstPlace place = {of->at[i].name, of->at[i].span};
		VEC_PUSH(b->arena, &d->value.of, place);
	}
	d->value.block = block;
	return d;
}

AstDecl *
ast_function(AstBuild *b, Span at, AstId name, AstArgVec *params, AstExpr *body)
{
	AstDecl *d = new_decl(b, at, ADECL_FUNCTION);
	set_name(d, name);
	d->function.body = body;
	for (uint32_t i = 0; params && i < params->n; i++) {
		struct AstFunctionParam p = {params->at[i].name, params->at[i].name_span, params->at[i].value};
		VEC_PUSH(b->arena, &d->function.params, p);
	}
	return d;
}

AstDecl *
ast_bad_decl(AstBuild *b, Span at)
{
	return new_decl(b, at, ADECL_ERROR);
}

/* ---- what expand unfolds ------------------------------------------------------------------------ */

AstDecl *
ast_table(AstBuild *b, Span at, AstId name, AstIdVec *columns, AstArgVec *dims, AstExpr *value)
{
	AstDecl *d = new_decl(b, at, ADECL_TABLE);
	set_name(d, name);
	for (uint32_t i = 0; columns && i < columns->n; i++) {
		struct AstColumn c = {columns->at[i].name, columns->at[i].span};
		VEC_PUSH(b->arena, &d->table.columns, c);
	}
	if (dims)
		d->table.dims = *dims;
	d->table.value = value;
	return d;
}

AstDecl *
ast_loop(AstBuild *b, Span at, AstArgVec *turns, AstDeclVec *body)
{
	AstDecl *d = new_decl(b, at, ADECL_LOOP);
	d->name_span = turns->at[0].name_span;
	d->loop.turns = *turns;
	d->loop.body = *body;
	return d;
}

AstDecl *
ast_choice(AstBuild *b, Span at, AstExpr *cond, AstDeclVec *body, AstDeclVec *other)
{
	AstDecl *d = new_decl(b, at, ADECL_CHOICE);
	d->choice.cond = cond;
	d->choice.body = *body;
	if (other)
		d->choice.other = *other;
	return d;
}

AstDecl *
ast_sweep_decl(AstBuild *b, Span at, AstArgVec *turns)
{
	AstDecl *d = new_decl(b, at, ADECL_SWEEP);
	d->loop.turns = *turns;
	return d;
}

AstDecl *
ast_import(AstBuild *b, Span at, AstExpr *path)
{
	AstDecl *d = new_decl(b, at, ADECL_IMPORT);
	d->import.path = path;
	return d;
}

AstDeclVec *
ast_decls(AstBuild *b, AstDeclVec *decls, AstDecl *d)
{
	if (!decls)
		decls = ARENA_NEW(b->arena, AstDeclVec);
	if (d)
		VEC_PUSH(b->arena, decls, d);
	return decls;
}

void
ast_program_add(AstBuild *b, AstProgram *program, AstDecl *d)
{
	VEC_PUSH(b->arena, &program->decls, d);
}

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

/* ---- layers ---------------------------------------------------------------------------------- */

AstDecl *
ast_layer_parts(AstBuild *b)
{
	return new_decl(b, (Span){0, 0}, ADECL_LAYER);
}

AstDecl *
ast_layer_trace(AstBuild *b, AstDecl *d, AstTrace *t)
{
	VEC_PUSH(b->arena, &d->layer.traces, *t);
	return d;
}

AstDecl *
ast_layer_input(AstBuild *b, AstDecl *d, Span at, AstExpr *input, AstId port)
{
	AstInput in = {input, at, port.name, port.span};
	VEC_PUSH(b->arena, &d->layer.inputs, in);
	return d;
}

AstDecl *
ast_layer_method(AstBuild *b, AstDecl *d, Span at, AstId method)
{
	if (d->layer.method) {
		report_twice(b, d->layer.method_span, at, "method");
		return d;
	}
	d->layer.method = method.name;
	d->layer.method_span = method.span;
	return d;
}

AstDecl *
ast_layer(AstBuild *b, Span at, AstDecl *parts, AstId name, AstId model, AstArgVec *shape,
	  AstArgVec *args)
{
	AstDecl *d = parts ? parts : ast_layer_parts(b);
	d->span = at;
	set_name(d, name);
	d->layer.model = ast_name(b, model.span, model.name);
	d->layer.shape = *shape;
	if (args)
		d->layer.args = *args;
	return d;
}

AstDecl *
ast_layer_places(AstDecl *d, Span at, AstId form, AstArgVec *places)
{
	d->layer.form = form.name;
	d->layer.form_span = form.span;
	d->layer.places_span = at;
	if (places)
		d->layer.places = *places;
	return d;
}

/* ---- features and connections ---------------------------------------------------------------- */

AstFeature *
ast_feature_parts(AstBuild *b)
{
	return ARENA_NEW(b->arena, AstFeature);
}

AstFeature *
ast_feature_range(AstBuild *b, AstFeature *f, Span at, AstExpr *lo, AstExpr *hi)
{
	if (f->lo) {
		report_twice(b, f->range_span, at, "range");
		return f;
	}
	f->lo = lo;
	f->hi = hi;
	f->range_span = at;
	return f;
}

AstFeature *
ast_feature_norm(AstBuild *b, AstFeature *f, Span at, AstExpr *norm, AstId per, bool each_step,
		 bool is_signed)
{
	if (f->norm) {
		report_twice(b, f->norm_span, at, "norm");
		return f;
	}
	f->norm = norm;
	f->norm_span = at;
	f->norm_per = per.name;
	f->norm_per_span = per.span;
	f->norm_each_step = each_step;
	f->norm_signed = is_signed;
	return f;
}

AstFeature *
ast_feature_decay(AstBuild *b, AstFeature *f, Span at, AstExpr *decay)
{
	if (f->decay) {
		report_twice(b, f->decay_span, at, "decay");
		return f;
	}
	f->decay = decay;
	f->decay_span = at;
	return f;
}

AstFeature *
ast_feature_keep_sign(AstBuild *b, AstFeature *f, Span at, AstId per, AstId side, AstExpr *where)
{
	if (f->keep_sign) {
		report_twice(b, f->keep_sign_span, at, "keep sign");
		return f;
	}
	f->keep_sign = true;
	f->keep_sign_span = at;
	f->keep_sign_per = per.name;
	f->keep_sign_per_span = per.span;
	f->keep_sign_side = side.name;
	f->keep_sign_side_span = side.span;
	f->keep_sign_where = where;
	return f;
}

AstFeature *
ast_feature_learn(AstBuild *b, AstFeature *f, Span at, AstFeature *learn)
{
	if (f->learn) {
		report_twice(b, f->learn->span, at, "learn");
		return f;
	}
	f->learn = learn->learn;
	f->reduce = learn->reduce;
	f->reduce_span = learn->reduce_span;
	f->average = learn->average;
	f->average_span = learn->average_span;
	f->average_each = learn->average_each;
	return f;
}

AstFeature *
ast_learn(AstBuild *b, AstExpr *rule)
{
	AstFeature *l = ARENA_NEW(b->arena, AstFeature);
	l->learn = rule;
	return l;
}

AstFeature *
ast_learn_reduce(AstBuild *b, AstFeature *l, Span at, AstId how)
{
	if (l->reduce) {
		report_twice(b, l->reduce_span, at, "reduce");
		return l;
	}
	l->reduce = how.name;
	l->reduce_span = how.span;
	return l;
}

AstFeature *
ast_learn_average(AstBuild *b, AstFeature *l, Span at, AstExpr *steps, bool each)
{
	if (l->average) {
		report_twice(b, l->average_span, at, "average");
		return l;
	}
	l->average = steps;
	l->average_span = at;
	l->average_each = each;
	return l;
}

AstFeature *
ast_feature_param(AstBuild *b, AstFeature *f, AstId name, AstExpr *value)
{
	AstArg arg = {name.name, name.span, value};
	VEC_PUSH(b->arena, &f->args, arg);
	return f;
}

static AstFeature *
named_feature(AstBuild *b, Span at, AstId name, AstId model, AstFeature *parts)
{
	AstFeature *f = parts ? parts : ast_feature_parts(b);
	f->name = name.name;
	f->name_span = name.span;
	f->model = model.name;
	f->model_span = model.span;
	f->span = at;
	return f;
}

AstFeatureVec *
ast_features(AstBuild *b, AstFeatureVec *features, Span at, AstId name, AstId model, AstExpr *value,
	     AstFeature *parts)
{
	if (!features)
		features = ARENA_NEW(b->arena, AstFeatureVec);
	if (!value)
		return features;
	AstFeature *f = named_feature(b, at, name, model, parts);
	f->value = value;
	VEC_PUSH(b->arena, features, *f);
	return features;
}

AstFeatureVec *
ast_features_shared(AstBuild *b, AstFeatureVec *features, Span at, AstId name, AstId model,
		    AstId of, AstFeature *parts)
{
	AstFeature *f = named_feature(b, at, name, model, parts);
	f->shared = of.name;
	f->shared_span = of.span;
	VEC_PUSH(b->arena, features, *f);
	return features;
}

AstDecl *
ast_connect(AstBuild *b, Span at, AstExpr *from, AstExpr *to)
{
	AstDecl *d = new_decl(b, at, ADECL_CONNECT);
	d->connect.from = from;
	d->connect.to = to;
	return d;
}

AstDecl *
ast_connect_by(AstBuild *b, AstDecl *d, Span at, AstExpr *pattern)
{
	if (d->connect.pattern)
		report_twice(b, d->connect.pattern->span, at, "by");
	else
		d->connect.pattern = pattern;
	d->span = span_join(d->span, at);
	return d;
}

AstDecl *
ast_connect_as(AstBuild *b, AstDecl *d, Span at, AstId name)
{
	if (d->name || d->called)
		report_twice(b, d->name_span, at, "as");
	else
		set_name(d, name);
	d->span = span_join(d->span, at);
	return d;
}

AstDecl *
ast_connect_block(AstBuild *b, AstDecl *d, Span at, AstFeatureVec *features)
{
	(void)b;
	TAKE(&d->connect.features, features);
	d->span = at;
	return d;
}

/* ---- experiment, record, plot, draws --------------------------------------------------------- */

AstDecl *
ast_experiment(AstBuild *b, Span at, AstStmtVec *body)
{
	AstDecl *d = new_decl(b, at, ADECL_EXPERIMENT);
	d->experiment.body = *body;
	return d;
}

AstDecl *
ast_record(AstBuild *b, Span at, AstId gather, AstExpr *what, AstArgVec *part, AstArgVec *args)
{
	AstDecl *d = new_decl(b, at, ADECL_RECORD);
	d->record.what = what;
	d->record.gather = gather.name;
	d->record.gather_span = gather.span;
	if (part)
		d->record.part = *part;
	if (args)
		d->record.args = *args;
	return d;
}

AstDecl *
ast_record_window(AstBuild *b, AstDecl *d, Span at, AstExpr *from, AstExpr *to)
{
	d->span = span_join(d->span, at);
	if (d->record.from) {
		report_twice(b, d->record.from->span, at, "from");
		return d;
	}
	d->record.from = from;
	d->record.to = to;
	return d;
}

AstDecl *
ast_record_as(AstBuild *b, AstDecl *d, Span at, AstId form)
{
	d->span = span_join(d->span, at);
	if (d->record.form)
		report_twice(b, d->record.form_span, at, "as");
	d->record.form = form.name;
	d->record.form_span = form.span;
	return d;
}

AstDecl *
ast_record_every(AstBuild *b, AstDecl *d, Span at, AstExpr *every, bool samples)
{
	d->span = span_join(d->span, at);
	if (d->record.every) {
		report_twice(b, d->record.every->span, at, "every");
		return d;
	}
	d->record.every = every;
	d->record.samples = samples;
	return d;
}

AstDecl *
ast_record_during(AstBuild *b, AstDecl *d, Span at, AstId phase)
{
	d->span = span_join(d->span, at);
	if (d->record.during) {
		report_twice(b, d->record.during_span, at, "during");
		return d;
	}
	d->record.during = phase.name;
	d->record.during_span = phase.span;
	return d;
}

AstDecl *
ast_plot(AstBuild *b, Span at, AstExpr *what, AstId form, AstArgVec *dims)
{
	AstDecl *d = new_decl(b, at, ADECL_PLOT);
	d->plot.what = what;
	d->plot.form = form.name;
	d->plot.form_span = form.span;
	if (dims)
		d->plot.dims = *dims;
	return d;
}

AstDecl *
ast_draws(AstBuild *b, Span at, AstExpr *site, AstExpr *path)
{
	AstDecl *d = new_decl(b, at, ADECL_DRAWS);
	d->draws.site = site;
	d->draws.path = path;
	return d;
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
