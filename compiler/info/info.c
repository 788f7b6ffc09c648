/* info: finds models, and what the program itself says about them: defaults, units, where states live. */
#include "info/page.h"

#include "base/panic.h"
#include "diag/diag.h"

#include <string.h>

static const AstDeclKind kinds[] = {ADECL_NEURON, ADECL_FEATURE, ADECL_RULE};
enum { KINDS = sizeof kinds / sizeof *kinds };

const char *
page_kind(AstDeclKind k)
{
	return k == ADECL_NEURON ? "neuron" : k == ADECL_FEATURE ? "feature" : "rule";
}

const char *
page_kinds(AstDeclKind k)
{
	return k == ADECL_NEURON ? "Neurons" : k == ADECL_FEATURE ? "Features" : "Rules";
}

const SourceFile *
page_file(const InfoEnv *env, const AstDecl *model)
{
	SourcePlace p;
	return source_find(env->sources, model->span.lo, &p) ? p.file : NULL;
}

const char *
page_place(const InfoEnv *env, const AstDecl *model)
{
	SourcePlace p;
	if (!source_find(env->sources, model->span.lo, &p))
		return "";
	const char *name = p.file->name;
	if (strncmp(name, "<lib>/", 6) == 0)
		name = arena_printf(env->arena, "lib/%s", name + 6);
	return arena_printf(env->arena, "%s:%u", name, p.line);
}

DeclVec
page_models(const InfoEnv *env, AstDeclKind kind)
{
	DeclVec found = {0};
	for (uint32_t i = 0; i < env->program->decls.n; i++) {
		const AstDecl *d = env->program->decls.at[i];
		if (d->kind == kind && d->library == env->library)
			VEC_PUSH(env->arena, &found, d);
	}
	return found;
}

/* ---- what the program says -------------------------------------------------------------------- */

static const char *
unit_of(const InfoEnv *env, const AstSym *sym)
{
	char text[64];
	if (!sym || sym->type != ATYPE_REAL || dim_is_none(sym->dim))
		return "";
	return arena_printf(env->arena, "[%s]", dim_unit(sym->dim, text));
}

static bool
shows_unit(const AstExpr *e)
{
	if (e->kind == AEXPR_UNARY)
		return shows_unit(e->op[0]);
	return e->kind != AEXPR_NUMBER || e->num.unit;
}

static const char *
shape_text(const InfoEnv *env, const AstArgVec *shape)
{
	StrBuf b = strbuf_init(env->arena);
	for (uint32_t i = 0; i < shape->n; i++)
		strbuf_printf(&b, "%s%s", i ? ", " : "[", doc_span(env, shape->at[i].value->span));
	if (shape->n)
		strbuf_putc(&b, ']');
	return strbuf_text(&b);
}

static bool
is_infinite(const AstExpr *e)
{
	return e->kind == AEXPR_UNARY ? is_infinite(e->op[0])
				      : e->kind == AEXPR_NAME && strcmp(e->name, "inf") == 0;
}

PageRows
page_params(const InfoEnv *env, const AstDecl *model, const Doc *d)
{
	PageRows rows = {0};
	for (uint32_t i = 0; i < model->model.params.n; i++) {
		const AstParam *p = &model->model.params.at[i];
		PageRow r = {
			.name = p->name, .value = "", .unit = "", .text = doc_item(d, p->name)};
		if (p->value)
			r.value = doc_span(env, p->value->span);
		if (p->shape.n)
			r.name = arena_printf(env->arena, "%s%s", p->name,
					      shape_text(env, &p->shape));
		if (!p->value || !shows_unit(p->value) || is_infinite(p->value))
			r.unit = unit_of(env, p->sym);
		if (p->is_bool && !p->value)
			r.unit = "true or false";
		VEC_PUSH(env->arena, &rows, r);
	}
	return rows;
}

PageRows
page_states(const InfoEnv *env, const AstDecl *model, const Doc *d)
{
	PageRows rows = {0};
	for (uint32_t i = 0; i < model->model.states.n; i++) {
		const AstState *s = &model->model.states.at[i];
		StrBuf about = strbuf_init(env->arena);
		if (s->of)
			strbuf_printf(&about, "of %s", s->of);
		if (s->shared_over_batch)
			strbuf_printf(&about, "%sshared over batch", about.n ? ", " : "");
		if (s->kept_on_reset)
			strbuf_printf(&about, "%skept on reset", about.n ? ", " : "");
		const char *unit = unit_of(env, s->sym), *rest = strbuf_text(&about);
		PageRow r = {arena_printf(env->arena, "%s%s", s->name, shape_text(env, &s->shape)),
			     rest, "", doc_item(d, s->name)};
		if (*unit)
			r.value = arena_printf(env->arena, "%s%s%s", unit, *rest ? ", " : "", rest);
		VEC_PUSH(env->arena, &rows, r);
	}
	for (uint32_t i = 0; i < model->model.traces.n; i++) {
		const AstTrace *t = &model->model.traces.at[i];
		PageRow r = {t->name,
			     t->of ? arena_printf(env->arena, "trace of %s", t->of) : "trace", "",
			     doc_item(d, t->name)};
		VEC_PUSH(env->arena, &rows, r);
	}
	return rows;
}

PageRows
page_signals(const InfoEnv *env, const AstDecl *model, const Doc *d)
{
	PageRows rows = {0};
	for (uint32_t i = 0; i < model->model.needs.n; i++) {
		Name name = model->model.needs.at[i].name;
		VEC_PUSH(env->arena, &rows, (PageRow){name, "", "", doc_item(d, name)});
	}
	return rows;
}

static bool
has_row(const PageRows *rows, Name name)
{
	size_t n = strlen(name);
	for (uint32_t i = 0; i < rows->n; i++) {
		const char *other = rows->at[i].name;
		if (strncmp(other, name, n) == 0 && (!other[n] || other[n] == '['))
			return true;
	}
	return false;
}

PageRows
page_draws(const InfoEnv *env, const AstDecl *model, const Doc *d)
{
	PageRows rows = {0}, params = page_params(env, model, d),
		 states = page_states(env, model, d), signals = page_signals(env, model, d);
	for (uint32_t i = 0; i < d->items.n; i++) {
		const DocItem *item = &d->items.at[i];
		if (!has_row(&params, item->name) && !has_row(&states, item->name) &&
		    !has_row(&signals, item->name))
			VEC_PUSH(env->arena, &rows, (PageRow){item->name, "", "", item->text});
	}
	return rows;
}

const char *
page_equations(const InfoEnv *env, const AstDecl *model, const Doc *d)
{
	return d->equations ? d->equations : doc_body(env, model);
}

const char *
page_tests(const InfoEnv *env, const AstDecl *model)
{
	uint32_t n = model->model.tests.n;
	const SourceFile *f = page_file(env, model);
	if (!n || !f)
		return NULL;
	const char *file = model->library ? "" : arena_printf(env->arena, " %s", f->name);
	return arena_printf(env->arena, "%u, run by `snnc test%s --filter %s`", n, file, model->name);
}

/* ---- how it is used --------------------------------------------------------------------------- */

/* What must be given: parameters without default, signals. */
static void
put_needed(StrBuf *b, const AstModel *m, uint32_t from)
{
	const char *between = "";
	for (uint32_t i = from; i < m->params.n; i++) {
		if (!m->params.at[i].value) {
			strbuf_printf(b, "%s%s = …", between, m->params.at[i].name);
			between = ", ";
		}
	}
	for (uint32_t i = 0; i < m->needs.n; i++) {
		strbuf_printf(b, "%s%s = …", between, m->needs.at[i].name);
		between = ", ";
	}
}

const char *
page_use(const InfoEnv *env, const AstDecl *model)
{
	const AstModel *m = &model->model;
	StrBuf b = strbuf_init(env->arena), needed = strbuf_init(env->arena);
	put_needed(&needed, m, model->kind == ADECL_FEATURE);
	const char *given = strbuf_text(&needed);
	if (model->kind == ADECL_NEURON) {
		strbuf_printf(&b, *given ? "layer cells : %s[100](%s)" : "layer cells : %s[100]",
			      model->name, given);
	} else if (model->kind == ADECL_FEATURE) {
		const char *value = m->params.n && m->params.at[0].is_bool   ? "true"
				    : m->params.n && m->params.at[0].is_time ? "5 ms"
									     : "0.5";
		strbuf_printf(&b,
			      *given ? "connect a -> b { %s = %s { %s } }"
				     : "connect a -> b { %s = %s }",
			      model->name, value, given);
	} else {
		strbuf_printf(&b, "connect a -> b { weight = 0.5 { learn %s(%s) } }", model->name,
			      given);
	}
	return strbuf_text(&b);
}

/* ---- finding one ------------------------------------------------------------------------------ */

static const AstDecl *
find(const InfoEnv *env, const char *name, const char **near)
{
	VEC(const char *) names = {0};
	const AstDecl *found = NULL;
	for (uint32_t k = 0; k < KINDS; k++) {
		for (uint32_t i = 0; i < env->program->decls.n; i++) {
			const AstDecl *d = env->program->decls.at[i];
			if (d->kind != kinds[k])
				continue;
			VEC_PUSH(env->arena, &names, d->name);
			if (strcmp(d->name, name) == 0 && (!found || found->library))
				found = d;
		}
	}
	*near = found ? NULL : suggest(name, names.at, names.n);
	return found;
}

bool
info_source(StrBuf *out, const InfoEnv *env, const char *name, const char **near)
{
	const AstDecl *d = find(env, name, near);
	if (d)
		strbuf_printf(out, "%s\n", doc_source(env, d));
	return d != NULL;
}

bool
info_model(StrBuf *out, const InfoEnv *env, const char *name, const char **near)
{
	const AstDecl *d = find(env, name, near);
	if (d)
		info_text_model(out, env, d);
	return d != NULL;
}
