/* ast_build_decl: makes declarations but for models and connections. See ast_build.h. */
#include "ast/ast_build_inner.h"

bool
is_set(Span at)
{
	return at.hi != 0;
}

void
report_twice(AstBuild *b, Span first, Span again, const char *what)
{
	b->failed = true;
	diag_begin(b->diag, E0108, again, "`%s` is written twice", what);
	if (is_set(first))
		diag_label(b->diag, first, "first here");
	diag_help(b->diag, "keep one of them");
	diag_end(b->diag);
}

void
report_missing(AstBuild *b, Span at, const char *owner, Name name, const char *what,
	       const char *help)
{
	b->failed = true;
	diag_begin(b->diag, E0109, at, "%s `%s` has no `%s`", owner, name, what);
	diag_help(b->diag, "%s", help);
	diag_end(b->diag);
}

AstDecl *
new_decl(AstBuild *b, Span at, AstDeclKind kind)
{
	AstDecl *d = ARENA_NEW(b->arena, AstDecl);
	d->kind = kind;
	d->span = at;
	d->library = b->library;
	return d;
}

void
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
