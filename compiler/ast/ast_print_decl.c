/* ast_print_decl: declarations as s-expressions; see ast_print.c. */
#include "ast/ast_print.h"

#include "base/panic.h"

#include <string.h>

/* Starts a line for a part of a declaration: "\n\t(head". */
static void
open_part(StrBuf *out, int depth, const char *head)
{
	strbuf_putc(out, '\n');
	strbuf_indent(out, depth);
	strbuf_printf(out, "(%s", head);
}

static void
print_more(StrBuf *out, const AstExpr *e)
{
	strbuf_putc(out, ' ');
	ast_print_expr(out, e);
}

/* (head e), if there is an e. */
static void
print_part(StrBuf *out, int depth, const char *head, const AstExpr *e)
{
	if (!e)
		return;
	open_part(out, depth, head);
	print_more(out, e);
	strbuf_putc(out, ')');
}

static void
print_trace(StrBuf *out, const AstTrace *t)
{
	open_part(out, 1, "trace");
	strbuf_printf(out, " %s", t->name);
	if (t->of)
		strbuf_printf(out, " (of %s)", t->of);
	print_part(out, 2, "tau", t->tau);
	if (t->on_spike.n) {
		open_part(out, 2, "on-spike");
		ast_print_body(out, &t->on_spike, 3);
		strbuf_putc(out, ')');
	}
	strbuf_putc(out, ')');
}

static void
print_layer(StrBuf *out, const AstDecl *d)
{
	strbuf_printf(out, "(layer %s", d->name);
	print_more(out, d->layer.model);
	open_part(out, 1, "shape");
	ast_print_args(out, &d->layer.shape);
	strbuf_putc(out, ')');
	if (d->layer.args.n) {
		open_part(out, 1, "args");
		ast_print_args(out, &d->layer.args);
		strbuf_putc(out, ')');
	}
	if (d->layer.places_span.hi) {
		open_part(out, 1, "at");
		if (d->layer.form)
			strbuf_printf(out, " %s", d->layer.form);
		ast_print_args(out, &d->layer.places);
		strbuf_putc(out, ')');
	}
	for (uint32_t i = 0; i < d->layer.traces.n; i++)
		print_trace(out, &d->layer.traces.at[i]);
	if (d->layer.method) {
		open_part(out, 1, "method");
		strbuf_printf(out, " %s)", d->layer.method);
	}
	for (uint32_t i = 0; i < d->layer.inputs.n; i++) {
		const AstInput *in = &d->layer.inputs.at[i];
		open_part(out, 1, "input");
		print_more(out, in->value);
		if (in->port)
			strbuf_printf(out, " (into %s)", in->port);
		strbuf_putc(out, ')');
	}
}

static void
print_feature(StrBuf *out, const AstFeature *f)
{
	open_part(out, 1, f->name);
	if (f->model != f->name)
		strbuf_printf(out, " (model %s)", f->model);
	if (f->value)
		print_more(out, f->value);
	else
		strbuf_printf(out, " (shared %s)", f->shared);
	if (f->args.n) {
		open_part(out, 2, "args");
		ast_print_args(out, &f->args);
		strbuf_putc(out, ')');
	}
	if (f->lo) {
		open_part(out, 2, "range");
		print_more(out, f->lo);
		print_more(out, f->hi);
		strbuf_putc(out, ')');
	}
	if (f->norm) {
		open_part(out, 2, "norm");
		print_more(out, f->norm);
		if (f->norm_per && strcmp(f->norm_per, "post") != 0)
			strbuf_printf(out, " per-%s", f->norm_per);
		strbuf_puts(out, f->norm_each_step ? " each-step" : " each-run");
		strbuf_puts(out, f->norm_signed ? " signed)" : ")");
	}
	print_part(out, 2, "decay", f->decay);
	if (f->keep_sign) {
		open_part(out, 2, "keep-sign");
		if (f->keep_sign_per)
			strbuf_printf(out, " per-%s", f->keep_sign_per);
		if (f->keep_sign_side)
			strbuf_printf(out, " %s", f->keep_sign_side);
		if (f->keep_sign_where)
			print_more(out, f->keep_sign_where);
		strbuf_putc(out, ')');
	}
	if (f->stored) {
		open_part(out, 2, "stored");
		strbuf_printf(out, " %s)", f->stored);
	}
	if (f->learn) {
		open_part(out, 2, "learn");
		print_more(out, f->learn);
		if (f->reduce)
			strbuf_printf(out, " (reduce %s)", f->reduce);
		if (f->average) {
			strbuf_puts(out, " (average");
			print_more(out, f->average);
			strbuf_puts(out, f->average_each ? " each-step)" : ")");
		}
		strbuf_putc(out, ')');
	}
	strbuf_putc(out, ')');
}

static void
print_connect(StrBuf *out, const AstDecl *d)
{
	strbuf_puts(out, "(connect");
	print_more(out, d->connect.from);
	print_more(out, d->connect.to);
	if (d->name)
		strbuf_printf(out, " (as %s)", d->name);
	print_part(out, 1, "by", d->connect.pattern);
	for (uint32_t i = 0; i < d->connect.features.n; i++)
		print_feature(out, &d->connect.features.at[i]);
}

static void
print_record(StrBuf *out, const AstDecl *d)
{
	strbuf_puts(out, "(record");
	if (d->record.gather)
		strbuf_printf(out, " %s of", d->record.gather);
	print_more(out, d->record.what);
	for (uint32_t i = 0; i < d->record.part.n; i++)
		print_more(out, d->record.part.at[i].value);
	for (uint32_t i = 0; i < d->record.args.n; i++) {
		strbuf_printf(out, " (%s", d->record.args.at[i].name);
		print_more(out, d->record.args.at[i].value);
		strbuf_putc(out, ')');
	}
	if (d->record.every) {
		strbuf_puts(out, " (every");
		print_more(out, d->record.every);
		strbuf_puts(out, d->record.samples ? " samples)" : ")");
	}
	if (d->record.during)
		strbuf_printf(out, " (during %s)", d->record.during);
	if (d->record.from) {
		strbuf_puts(out, " (from");
		print_more(out, d->record.from);
		print_more(out, d->record.to);
		strbuf_putc(out, ')');
	}
	if (d->record.form)
		strbuf_printf(out, " (as %s)", d->record.form);
}

static void
print_plot(StrBuf *out, const AstDecl *d)
{
	strbuf_puts(out, "(plot");
	print_more(out, d->plot.what);
	strbuf_printf(out, " (as %s", d->plot.form);
	ast_print_args(out, &d->plot.dims);
	strbuf_putc(out, ')');
}

static void
print_state(StrBuf *out, const AstState *s)
{
	open_part(out, 1, "state");
	strbuf_printf(out, " %s", s->name);
	if (s->of)
		strbuf_printf(out, " (of %s)", s->of);
	if (s->init)
		print_more(out, s->init);
	strbuf_puts(out, s->implied ? " implied" : "");
	strbuf_puts(out, s->shared_over_batch ? " shared-over-batch" : "");
	strbuf_puts(out, s->kept_on_reset ? " kept-on-reset)" : ")");
}

static void
print_function_param(StrBuf *out, const AstDecl *d, uint32_t i)
{
	const AstExpr *value = d->function.params.at[i].value;
	strbuf_printf(out, value ? " (= %s" : " %s", d->function.params.at[i].name);
	if (value) {
		print_more(out, value);
		strbuf_putc(out, ')');
	}
}

static void
print_param(StrBuf *out, const AstParam *p)
{
	open_part(out, 1, "param");
	strbuf_printf(out, " %s%s%s%s", p->name, p->is_bool ? " bool" : "",
		      p->is_time ? " time" : "", p->of_post ? " of-post" : "");
	if (p->value)
		print_more(out, p->value);
	strbuf_putc(out, ')');
}

static const char *
handler_text(AstHandlerKind kind)
{
	switch (kind) {
	case AHANDLER_STEP:
		return "step";
	case AHANDLER_ON_PRE:
		return "on-pre";
	case AHANDLER_ON_POST:
		return "on-post";
	case AHANDLER_EACH_STEP:
		return "each-step";
	case AHANDLER_ON_SIGNAL:
		return "on-signal";
	case AHANDLER_COMPUTE:
		return "compute";
	case AHANDLER_EQUATIONS:
		return "equations";
	case AHANDLER_ON_EVENT:
		return "on";
	case AHANDLER_RECEIVE:
		return "receive";
	case AHANDLER_ON_SPIKE:
		return "on-spike";
	}
	UNREACHABLE();
}

static void
print_fire(StrBuf *out, const AstFire *f)
{
	open_part(out, 1, "spike-when");
	print_more(out, f->cond);
	ast_print_body(out, &f->body, 2);
	print_part(out, 2, "refractory", f->refractory);
	for (uint32_t i = 0; i < f->hold.n; i++) {
		open_part(out, 2, "hold");
		strbuf_printf(out, " %s)", f->hold.at[i].name);
	}
	strbuf_putc(out, ')');
}

static void
print_model_parts(StrBuf *out, const AstModel *m)
{
	for (uint32_t i = 0; i < m->params.n; i++)
		print_param(out, &m->params.at[i]);
	if (m->learns) {
		open_part(out, 1, "learns");
		strbuf_printf(out, " %s%s)", m->learns, m->learns_bool ? " bool" : "");
	}
	for (uint32_t i = 0; i < m->needs.n; i++) {
		open_part(out, 1, "needs");
		strbuf_printf(out, " %s)", m->needs.at[i].name);
	}
	if (m->method) {
		open_part(out, 1, "method");
		strbuf_printf(out, " %s)", m->method);
	}
	for (uint32_t i = 0; i < m->states.n; i++)
		print_state(out, &m->states.at[i]);
	for (uint32_t i = 0; i < m->traces.n; i++)
		print_trace(out, &m->traces.at[i]);
	for (uint32_t i = 0; i < m->handlers.n; i++) {
		open_part(out, 1, handler_text(m->handlers.at[i].kind));
		if (m->handlers.at[i].signal)
			strbuf_printf(out, " %s", m->handlers.at[i].signal);
		if (m->handlers.at[i].what)
			print_more(out, m->handlers.at[i].what);
		if (m->handlers.at[i].port)
			strbuf_printf(out, " %s", m->handlers.at[i].port);
		ast_print_body(out, &m->handlers.at[i].body, 2);
		strbuf_putc(out, ')');
	}
	if (m->fire.cond)
		print_fire(out, &m->fire);
	for (uint32_t i = 0; i < m->tests.n; i++) {
		strbuf_puts(out, "\n\t");
		ast_print_test(out, &m->tests.at[i], 1);
	}
}

static void
print_model(StrBuf *out, const char *head, const AstDecl *d)
{
	strbuf_printf(out, "(%s %s", head, d->name);
	print_model_parts(out, &d->model);
}

static void
print_signal(StrBuf *out, const AstDecl *d)
{
	strbuf_printf(out, "(signal %s", d->name);
	for (uint32_t i = 0; i < d->value.of.n; i++)
		strbuf_printf(out, " (of %s)", d->value.of.at[i].name);
	print_more(out, d->value.value);
	if (d->value.block)
		print_model_parts(out, d->value.block);
}

static void
print_value(StrBuf *out, const char *head, const AstDecl *d)
{
	strbuf_printf(out, "(%s %s", head, d->name);
	print_more(out, d->value.value);
}

static void print_decl(StrBuf *out, const AstDecl *d);

static void
print_decls(StrBuf *out, const AstDeclVec *decls)
{
	for (uint32_t i = 0; i < decls->n; i++) {
		strbuf_puts(out, "\n");
		print_decl(out, decls->at[i]);
	}
}

static void
print_named(StrBuf *out, const AstArg *a)
{
	strbuf_printf(out, " (%s", a->name ? a->name : "of");
	print_more(out, a->value);
	strbuf_putc(out, ')');
}

/* What expand unfolds. */
static void
print_folded(StrBuf *out, const AstDecl *d)
{
	switch ((int)d->kind) {
	case ADECL_TABLE:
		strbuf_printf(out, "(table %s", d->name);
		for (uint32_t i = 0; i < d->table.columns.n; i++)
			strbuf_printf(out, " %s", d->table.columns.at[i].name);
		for (uint32_t i = 0; i < d->table.dims.n; i++)
			print_named(out, &d->table.dims.at[i]);
		print_more(out, d->table.value);
		return;
	case ADECL_SWEEP:
	case ADECL_LOOP:
		strbuf_puts(out, d->kind == ADECL_LOOP ? "(for" : "(sweep");
		for (uint32_t i = 0; i < d->loop.turns.n; i++)
			print_named(out, &d->loop.turns.at[i]);
		print_decls(out, &d->loop.body);
		return;
	case ADECL_CHOICE:
		strbuf_puts(out, "(if");
		print_more(out, d->choice.cond);
		print_decls(out, &d->choice.body);
		strbuf_puts(out, " else");
		print_decls(out, &d->choice.other);
		return;
	case ADECL_IMPORT:
		strbuf_puts(out, "(import");
		print_more(out, d->import.path);
		return;
	}
	UNREACHABLE();
}

static void
print_decl(StrBuf *out, const AstDecl *d)
{
	switch (d->kind) {
	case ADECL_PARAM:
		print_value(out, d->value.tunable ? "tunable" : "param", d);
		break;
	case ADECL_CONST:
		print_value(out, "const", d);
		break;
	case ADECL_SETTING:
		print_value(out, "set", d);
		break;
	case ADECL_DATA:
		print_value(out, "data", d);
		break;
	case ADECL_SIGNAL:
		print_signal(out, d);
		break;
	case ADECL_LAYER:
		print_layer(out, d);
		break;
	case ADECL_CONNECT:
		print_connect(out, d);
		break;
	case ADECL_EXPERIMENT:
		strbuf_puts(out, "(experiment");
		ast_print_body(out, &d->experiment.body, 1);
		break;
	case ADECL_RECORD:
		print_record(out, d);
		break;
	case ADECL_PLOT:
		print_plot(out, d);
		break;
	case ADECL_DRAWS:
		strbuf_puts(out, "(draws");
		print_more(out, d->draws.site);
		print_more(out, d->draws.path);
		break;
	case ADECL_FUNCTION:
		strbuf_printf(out, "(function %s", d->name);
		for (uint32_t i = 0; i < d->function.params.n; i++)
			print_function_param(out, d, i);
		print_more(out, d->function.body);
		break;
	case ADECL_NEURON:
		print_model(out, "neuron", d);
		break;
	case ADECL_FEATURE:
		print_model(out, "feature", d);
		break;
	case ADECL_RULE:
		print_model(out, "rule", d);
		break;
	case ADECL_TABLE:
	case ADECL_LOOP:
	case ADECL_CHOICE:
	case ADECL_IMPORT:
	case ADECL_SWEEP:
		print_folded(out, d);
		break;
	case ADECL_TEST:
		ast_print_test(out, &d->test, 0);
		strbuf_putc(out, '\n');
		return;
	case ADECL_ERROR:
		strbuf_puts(out, "(error");
		break;
	case ADECL_UNSET:
	case ADECL_COUNT:
		UNREACHABLE();
	}
	strbuf_puts(out, ")\n");
}

void
ast_print(StrBuf *out, const AstProgram *p, bool with_library)
{
	for (uint32_t i = 0; i < p->decls.n; i++) {
		if (with_library || !p->decls.at[i]->library)
			print_decl(out, p->decls.at[i]);
	}
}
