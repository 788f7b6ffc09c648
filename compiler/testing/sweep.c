/* sweep: which values a sweep goes through, and whether all of them fit into one run, as neurons side by side. */
#include "testing/inner.h"

#include <math.h>
#include <string.h>

enum { MOST_POINTS = 10000 };

static bool
is_word(const AstExpr *e, const char *word)
{
	return e->kind == AEXPR_NAME && strcmp(e->name, word) == 0;
}

static const char *
side_of(const AstExpr *e)
{
	return is_word(e, "pre") ? "pre" : is_word(e, "post") ? "post" : NULL;
}

/* `post - pre` becomes one name, `post` spikes that long after `pre`. */
static bool
pair(Test *t, AstStmt *sweep)
{
	AstExpr *e = sweep->target;
	const char *a = side_of(e->op[0]), *b = side_of(e->op[1]);
	if (e->op_kind != AOP_SUB || !a || !b || !strcmp(a, b)) {
		test_error(t, e->span, "a sweep goes over a name, or over `post - pre`");
		diag_help(t->env->diag, "write `sweep post - pre in -50 ms .. 50 ms by 1 ms`");
		diag_end(t->env->diag);
		return false;
	}
	Name name = intern_printf(t->env->names, "%s - %s", a, b);
	const AstExpr *base = NULL;
	for (uint32_t i = 0; i < t->events.n; i++) {
		const AstStmt *ev = t->events.at[i];
		if (side_of(ev->target) && !strcmp(side_of(ev->target), b))
			base = ev->at;
	}
	Span s = e->span;
	if (!base) {
		double lo = 0;
		test_fold(t, sweep->e->op[0], &lo);
		AstExpr *at = test_time(t, s, 10 + (lo < 0 ? -lo : 0));
		VEC_PUSH(t->env->arena, &t->events, ast_event(&t->b, s, (AstId){0}, test_ref(t, s, b), NULL, at));
		base = at;
	}
	if (base->kind == AEXPR_LIST && base->args.n == 1)
		base = base->args.at[0].value;
	if (base->kind == AEXPR_LIST || base->kind == AEXPR_RANGE) {
		test_error(t, base->span, "`%s` spikes once in a sweep over `%s`", b, name);
		diag_help(t->env->diag, "sweep over a name of your own: `sweep d in …`, `post at [10 ms + d]`");
		diag_end(t->env->diag);
		return false;
	}
	AstExpr *other = test_op(t, AOP_ADD, test_copy(t, base), ast_name(&t->b, s, name));
	VEC_PUSH(t->env->arena, &t->events, ast_event(&t->b, s, (AstId){0}, test_ref(t, s, a), NULL, other));
	sweep->target = ast_name(&t->b, s, name);
	return true;
}

static bool
points(Test *t, const AstStmt *s, double *lo, double *by, uint32_t *n)
{
	double hi;
	const AstExpr *ends[3] = {s->e->op[0], s->e->op[1], s->from};
	double *out[3] = {lo, &hi, by};
	for (int i = 0; i < 3; i++) {
		if (test_fold(t, ends[i], out[i]))
			continue;
		test_error(t, ends[i]->span, "the values of a sweep must be known before the run");
		diag_help(t->env->diag, "write numbers: `sweep d in 1 ms .. 20 ms by 1 ms`");
		diag_end(t->env->diag);
		return false;
	}
	double count = *by > 0 ? floor((hi - *lo) / *by + 1e-9) + 1 : 0;
	if (count >= 1 && count <= MOST_POINTS) {
		*n = (uint32_t)count;
		return true;
	}
	test_error(t, s->e->span, count < 1 ? "this sweep is empty" : "a sweep has at most %d values", MOST_POINTS);
	diag_help(t->env->diag, count < 1 ? "it goes up from the first value to the last one, by steps above 0" : "take larger steps");
	diag_end(t->env->diag);
	return false;
}

static bool
uses(const AstExpr *e, Name name)
{
	if (!e)
		return false;
	bool found = e->kind == AEXPR_NAME && e->name == name;
	for (int i = 0; i < 3; i++)
		found = found || uses(e->op[i], name);
	for (uint32_t i = 0; i < e->args.n; i++)
		found = found || uses(e->args.at[i].value, name);
	return found;
}

static bool
reduces(const AstExpr *e)
{
	if (!e)
		return false;
	bool found = e->kind == AEXPR_OVER;
	for (int i = 0; i < 3; i++)
		found = found || reduces(e->op[i]);
	for (uint32_t i = 0; i < e->args.n; i++)
		found = found || reduces(e->args.at[i].value);
	return found;
}

static bool
reduces_in(const AstStmtVec *body)
{
	for (uint32_t i = 0; i < body->n; i++) {
		if (reduces(body->at[i]->e) || reduces_in(&body->at[i]->body) || reduces_in(&body->at[i]->other))
			return true;
	}
	return false;
}

/* Neurons side by side will do if only spikes of two layers come at swept times, and nothing in the rule is one for all. */
static bool
fits_lanes(const Test *t, Name name)
{
	if (t->decl->kind != ADECL_RULE)
		return false;
	const AstModel *m = &t->decl->model;
	for (uint32_t i = 0; i < m->states.n; i++) {
		Name of = m->states.at[i].of;
		if (of && (strcmp(of, "connection") == 0 || strcmp(of, "network") == 0))
			return false;
	}
	for (uint32_t i = 0; i < m->handlers.n; i++) {
		if (reduces_in(&m->handlers.at[i].body))
			return false;
	}
	for (uint32_t i = 0; i < t->events.n; i++) {
		if (!side_of(t->events.at[i]->target))
			return false;
	}
	for (uint32_t i = 0; i < t->lines.n; i++) {
		const AstStmt *s = t->lines.at[i];
		if (s->kind != ASTMT_EXPECT && s->kind != ASTMT_GOLDEN && uses(s->e, name))
			return false;
		if (s->kind == ASTMT_EXPECT && (uses(s->e, name) || uses(s->at, name) || uses(s->target, name)))
			return false;
		if (s->kind == ASTMT_ASSIGN && s->e->kind == AEXPR_LIST)
			return false;
	}
	for (uint32_t i = 0; i < t->with.n; i++) {
		if (uses(t->with.at[i].value, name))
			return false;
	}
	for (uint32_t i = 0; i < m->params.n; i++) {
		if (m->params.at[i].name == name)
			return false;
	}
	return name != m->learns;
}

static const Unit *
unit_of(const AstExpr *e)
{
	if (e->kind == AEXPR_NUMBER)
		return e->num.unit;
	return e->op[0] && e->kind == AEXPR_UNARY ? unit_of(e->op[0]) : NULL;
}

static const Unit *
unit_of_sweep(Test *t)
{
	const Unit *u = unit_of(t->sweep->e->op[0]);
	return u ? u : unit_of(t->sweep->e->op[1]);
}

static const char *
label(Test *t, Name name)
{
	const Unit *u = unit_of_sweep(t);
	return u ? arena_printf(t->env->arena, "%s [%s]", name, u->name) : name;
}

/* The value of this point, as if it were written in the test. */
static AstExpr *
value_at(Test *t, double v)
{
	const Unit *u = unit_of_sweep(t);
	Span s = t->sweep->target->span;
	if (!u)
		return test_number(t, s, v);
	AstExpr *e = ast_number_unit(&t->b, s, ast_number(&t->b, s, fabs(v), false), u, s);
	return v < 0 ? ast_unary(&t->b, s, AOP_NEG, e) : e;
}

static void
set_point(Test *t, Name name, AstExpr *value)
{
	const AstModel *m = &t->decl->model;
	Span s = t->sweep->target->span;
	bool model = t->decl->kind != ADECL_TEST;
	for (uint32_t i = 0; model && i < m->params.n; i++) {
		if (m->params.at[i].name != name)
			continue;
		AstArg arg = {name, s, value};
		VEC_PUSH(t->env->arena, &t->with, arg);
		return;
	}
	bool initial = model && name == m->learns;
	for (uint32_t i = 0; model && i < m->states.n; i++)
		initial |= m->states.at[i].name == name;
	if (initial) {
		VEC_PUSH(t->env->arena, &t->lines, NULL);
		memmove(t->lines.at + 1, t->lines.at, (t->lines.n - 1) * sizeof *t->lines.at);
		t->lines.at[0] = ast_assign(&t->b, s, ast_name(&t->b, s, name), AOP_UNSET, value);
		return;
	}
	for (uint32_t i = 0; i < t->p->decls.n; i++) {
		AstDecl *d = t->p->decls.at[i];
		if ((d->kind == ADECL_PARAM || d->kind == ADECL_CONST) && d->name == name) {
			d->value.value = value;
			d->span = t->in;
			return;
		}
	}
	test_add(t, ast_value_decl(&t->b, t->in, ADECL_CONST, (AstId){.name = name, .span = s}, value));
}

bool
test_sweep(Test *t, uint32_t point, TestSweep *out)
{
	*out = (TestSweep){0};
	if (!t->sweep)
		return true;
	AstStmt *s = (AstStmt *)t->sweep;
	double lo, by;
	if (s->target->kind == AEXPR_BINARY && !pair(t, s))
		return false;
	if (s->target->kind != AEXPR_NAME) {
		test_error(t, s->target->span, "a sweep goes over a name, or over `post - pre`");
		diag_help(t->env->diag, "write `sweep d in 1 ms .. 20 ms by 1 ms`");
		diag_end(t->env->diag);
		return false;
	}
	if (!points(t, s, &lo, &by, &out->n))
		return false;
	Name name = s->target->name;
	out->value = ARENA_ARRAY(t->env->arena, double, out->n);
	const Unit *u = unit_of_sweep(t);
	for (uint32_t i = 0; i < out->n; i++)
		out->value[i] = (lo + i * by) / (u ? u->scale : 1);
	out->label = label(t, name);
	out->lanes = fits_lanes(t, name);
	if (!out->lanes) {
		set_point(t, name, value_at(t, out->value[point]));
		return true;
	}
	AstExpr *i = test_op(t, AOP_MUL, test_ref(t, s->target->span, "i"), test_copy(t, s->from));
	t->swept = test_op(t, AOP_ADD, test_copy(t, s->e->op[0]), i);
	return true;
}
