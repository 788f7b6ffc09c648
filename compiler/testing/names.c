/* names: what the names in a test mean: parameters of the model are constants, states and spikes are seen in the network. */
#include "testing/inner.h"

#include "base/panic.h"

#include <string.h>

void
test_alias(Test *t, Name name, AstExpr *is)
{
	Alias a = {name, is};
	VEC_PUSH(t->env->arena, &t->aliases, a);
}

/* A state that only its equation declares gets a declaration, so that it has a name and an initial value. */
void
test_declare_states(Test *t)
{
	AstModel *m = &t->decl->model;
	for (uint32_t i = 0; i < m->handlers.n; i++) {
		const AstHandler *h = &m->handlers.at[i];
		for (uint32_t k = 0; h->kind == AHANDLER_EQUATIONS && k < h->body.n; k++) {
			const AstStmt *s = h->body.at[k];
			bool known = s->kind != ASTMT_EQUATION || s->target->kind != AEXPR_NAME;
			for (uint32_t n = 0; !known && n < m->states.n; n++)
				known = m->states.at[n].name == s->target->name;
			AstId id = {.name = s->target ? s->target->name : NULL, .span = s->span};
			if (!known)
				ast_model_state(&t->b, m, ast_state(&t->b, s->span, id, (AstId){0}, NULL));
		}
	}
}

static Name
const_name(Test *t, Name param)
{
	return intern_printf(t->env->names, "%s.%s", t->decl->name, param);
}

static const AstParam *
find_param(const Test *t, Name name)
{
	for (uint32_t i = 0; i < t->params.n; i++) {
		if (t->params.at[i].name == name)
			return &t->params.at[i];
	}
	return NULL;
}

/* Strings (files) and what else is no constant stay with the model. */
static bool
is_constant(const AstExpr *e)
{
	if (!e || e->kind == AEXPR_STRING || e->kind == AEXPR_RANGE || e->kind == AEXPR_ERROR)
		return false;
	for (int i = 0; i < 3; i++) {
		if (e->op[i] && !(i == 0 && e->kind == AEXPR_CALL) && !is_constant(e->op[i]))
			return false;
	}
	for (uint32_t i = 0; i < e->args.n; i++) {
		if (!is_constant(e->args.at[i].value))
			return false;
	}
	return true;
}

static const AstArg *
given(const Test *t, Name name)
{
	for (uint32_t i = 0; i < t->with.n; i++) {
		if (t->with.at[i].name == name)
			return &t->with.at[i];
	}
	return NULL;
}

void
test_param_consts(Test *t)
{
	const AstModel *m = &t->decl->model;
	for (uint32_t i = 0; i < t->with.n; i++)
		t->with.at[i].value = test_plain(t, t->with.at[i].value);
	for (uint32_t i = 0; i < m->params.n; i++) {
		const AstParam *p = &m->params.at[i];
		const AstArg *a = given(t, p->name);
		const AstExpr *v = a ? a->value : p->value;
		if (!is_constant(v))
			continue;
		AstExpr *e = test_plain(t, test_copy(t, v));
		test_add(t, ast_value_decl(&t->b, t->in, ADECL_CONST, (AstId){.name = const_name(t, p->name), .span = p->span}, e));
		VEC_PUSH(t->env->arena, &t->params, *p);
	}
}

/* ---- in place ---------------------------------------------------------------------------------- */

/* The variable of a sum around. */
static bool
is_of_sum(const Test *t, Name name)
{
	for (uint32_t i = 0; i < t->sums.n; i++) {
		if (t->sums.at[i] == name)
			return true;
	}
	return false;
}

static void
rename_params(Test *t, AstExpr *e)
{
	if (e->kind == AEXPR_NAME) {
		if (find_param(t, e->name) && !is_of_sum(t, e->name))
			e->name = const_name(t, e->name);
		return;
	}
	if (e->kind == AEXPR_SUM) {
		rename_params(t, e->op[0]);
		VEC_PUSH(t->env->arena, &t->sums, e->name);
		rename_params(t, e->op[1]);
		t->sums.n--;
		return;
	}
	for (int i = 0; i < 3; i++) {
		if (e->op[i] && !(i == 0 && e->kind == AEXPR_CALL))
			rename_params(t, e->op[i]);
	}
	for (uint32_t i = 0; i < e->args.n; i++)
		rename_params(t, e->args.at[i].value);
}

AstExpr *
test_plain(Test *t, AstExpr *e)
{
	if (e)
		rename_params(t, e);
	return e;
}

static AstExpr *
find_alias(Test *t, const AstExpr *e)
{
	for (uint32_t i = 0; i < t->aliases.n; i++) {
		if (t->aliases.at[i].name != e->name)
			continue;
		AstExpr *is = test_copy(t, t->aliases.at[i].is);
		is->span = e->span;
		return is;
	}
	return NULL;
}

static bool
is_top_name(const Test *t, Name name)
{
	for (uint32_t i = 0; i < t->p->decls.n; i++) {
		const AstDecl *d = t->p->decls.at[i];
		if (d->name == name && (d->kind == ADECL_PARAM || d->kind == ADECL_CONST || d->kind == ADECL_LAYER || d->kind == ADECL_CONNECT))
			return true;
	}
	return !strcmp(name, "dt") || !strcmp(name, "inf");
}

static void
report_unknown(Test *t, const AstExpr *e)
{
	VEC(const char *) known = {0};
	for (uint32_t i = 0; i < t->aliases.n; i++)
		VEC_PUSH(t->env->arena, &known, t->aliases.at[i].name);
	for (uint32_t i = 0; i < t->params.n; i++)
		VEC_PUSH(t->env->arena, &known, t->params.at[i].name);
	const char *near = suggest(e->name, known.at, known.n);
	test_error(t, e->span, "a test of `%s` sees nothing called `%s`", t->decl->name, e->name);
	if (near) {
		diag_suggest(t->env->diag, e->name, near);
	} else {
		StrBuf list = strbuf_init(t->env->arena);
		for (uint32_t i = 0; i < known.n && i < 10; i++)
			strbuf_printf(&list, "%s`%s`", i ? ", " : "", known.at[i]);
		diag_help(t->env->diag, "it sees %s%s", strbuf_text(&list), known.n > 10 ? " …" : "");
	}
	diag_end(t->env->diag);
}

static bool
is_end(const AstExpr *e)
{
	return e->kind == AEXPR_NAME && (!strcmp(e->name, "pre") || !strcmp(e->name, "post") || !strcmp(e->name, "cell"));
}

/* dw[0, 1] is w[0, 1] - start(w[0, 1]). */
static AstExpr *
picked(Test *t, AstExpr *is, const AstExpr *index)
{
	if (is->kind == AEXPR_MEMBER) {
		AstExpr *c = test_copy(t, index);
		for (uint32_t i = 0; i < c->args.n; i++)
			c->args.at[i].value = test_plain(t, c->args.at[i].value);
		c->op[0] = is;
		return c;
	}
	for (int i = 0; i < 3; i++) {
		if (is->op[i] && !(i == 0 && is->kind == AEXPR_CALL))
			is->op[i] = picked(t, is->op[i], index);
	}
	for (uint32_t i = 0; i < is->args.n; i++)
		is->args.at[i].value = picked(t, is->args.at[i].value, index);
	is->span = index->span;
	return is;
}

AstExpr *
test_seen(Test *t, AstExpr *e)
{
	if (e->kind == AEXPR_NAME) {
		if (is_of_sum(t, e->name))
			return e;
		AstExpr *is = find_alias(t, e);
		if (is)
			return is;
		if (find_param(t, e->name))
			return test_plain(t, e);
		if (!is_top_name(t, e->name))
			report_unknown(t, e);
		return e;
	}
	if (e->kind == AEXPR_SUM) {
		e->op[0] = test_seen(t, e->op[0]);
		VEC_PUSH(t->env->arena, &t->sums, e->name);
		e->op[1] = test_seen(t, e->op[1]);
		t->sums.n--;
		return e;
	}
	if (e->kind == AEXPR_MEMBER && is_end(e->op[0]))
		return e;
	AstExpr *is = e->kind == AEXPR_INDEX && e->op[0]->kind == AEXPR_NAME ? find_alias(t, e->op[0]) : NULL;
	if (is)
		return picked(t, is, e);
	for (int i = 0; i < 3; i++) {
		if (e->op[i] && !(i == 0 && e->kind == AEXPR_CALL))
			e->op[i] = test_seen(t, e->op[i]);
	}
	for (uint32_t i = 0; i < e->args.n; i++) {
		if (!(e->kind == AEXPR_CALL && is_end(e->args.at[i].value)))
			e->args.at[i].value = test_seen(t, e->args.at[i].value);
	}
	return e;
}
