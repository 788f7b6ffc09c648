/* testing: see testing.h. Finds the tests of a program, and makes the program of one. */
#include "testing/inner.h"

#include "base/panic.h"

#include <string.h>

void
testing_find(Arena *a, const AstProgram *p, bool library, TestPlaceVec *out)
{
	for (uint32_t i = 0; i < p->decls.n; i++) {
		AstDecl *d = p->decls.at[i];
		if (d->library != library || d->imported)
			continue;
		if (d->kind == ADECL_TEST) {
			TestPlace place = {d, &d->test};
			VEC_PUSH(a, out, place);
		}
		if (d->kind != ADECL_NEURON && d->kind != ADECL_FEATURE && d->kind != ADECL_RULE)
			continue;
		for (uint32_t k = 0; k < d->model.tests.n; k++) {
			TestPlace place = {d, &d->model.tests.at[k]};
			VEC_PUSH(a, out, place);
		}
	}
}

/* ---- what stays of the program ----------------------------------------------------------------- */

/* A test of a model needs models and constants; one of the program all but what is shown of it. */
static bool
stays(const AstDecl *d, bool of_model)
{
	switch (d->kind) {
	case ADECL_PARAM:
	case ADECL_CONST:
	case ADECL_FUNCTION:
	case ADECL_NEURON:
	case ADECL_FEATURE:
	case ADECL_RULE:
	case ADECL_ERROR:
	case ADECL_TABLE:
		return true;
	case ADECL_SETTING:
		return !of_model || d->library || strcmp(d->name, "batch") != 0;
	case ADECL_DATA:
	case ADECL_SIGNAL:
	case ADECL_LAYER:
	case ADECL_CONNECT:
	case ADECL_DRAWS:
	case ADECL_LOOP:
	case ADECL_CHOICE:
		return !of_model;
	case ADECL_EXPERIMENT:
	case ADECL_RECORD:
	case ADECL_PLOT:
	case ADECL_TEST:
	case ADECL_IMPORT:
	case ADECL_SWEEP:
		return false;
	case ADECL_UNSET:
	case ADECL_COUNT:
		break;
	}
	UNREACHABLE();
}

static void
keep_decls(AstDeclVec *decls, bool of_model)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < decls->n; i++) {
		AstDecl *d = decls->at[i];
		if (!stays(d, of_model))
			continue;
		if (d->kind == ADECL_LOOP) {
			keep_decls(&d->loop.body, of_model);
		} else if (d->kind == ADECL_CHOICE) {
			keep_decls(&d->choice.body, of_model);
			keep_decls(&d->choice.other, of_model);
		}
		decls->at[n++] = d;
	}
	decls->n = n;
}

static const AstDecl *
keep(Test *t, bool of_model)
{
	const AstDecl *experiment = NULL;
	AstProgram *p = t->p;
	for (uint32_t i = 0; i < p->decls.n; i++) {
		if (p->decls.at[i]->kind == ADECL_EXPERIMENT)
			experiment = p->decls.at[i];
	}
	keep_decls(&p->decls, of_model);
	return experiment;
}

/* ---- the program ------------------------------------------------------------------------------- */

static void
set_param(Test *t, const AstStmt *s)
{
	VEC(const char *) names = {0};
	for (uint32_t i = 0; i < t->p->decls.n; i++) {
		AstDecl *d = t->p->decls.at[i];
		if (d->kind != ADECL_PARAM || d->library)
			continue;
		if (d->name == s->name) {
			d->value.value = s->e;
			d->span = t->in;
			return;
		}
		VEC_PUSH(t->env->arena, &names, d->name);
	}
	const char *near = suggest(s->name, names.at, names.n);
	test_error(t, s->name_span, "the program has no param `%s`", s->name);
	if (near)
		diag_suggest(t->env->diag, s->name, near);
	else
		diag_help(t->env->diag, names.n ? "`set` gives another value to a `param`" : "declare one: `param n = 400`");
	diag_end(t->env->diag);
}

/* Without a run of its own the test looks at what the experiment of the program does. */
static void
run_experiment(Test *t, const AstDecl *experiment)
{
	if (!experiment) {
		test_error(t, t->test->name_span, "nothing runs in this test, and the program has no `experiment`");
		diag_help(t->env->diag, "write `run 1 s`");
		diag_end(t->env->diag);
		return;
	}
	AstStmtVec all = {0};
	for (uint32_t i = 0; i < experiment->experiment.body.n; i++)
		VEC_PUSH(t->env->arena, &all, experiment->experiment.body.at[i]);
	for (uint32_t i = 0; i < t->lines.n; i++)
		VEC_PUSH(t->env->arena, &all, t->lines.at[i]);
	t->lines = all;
	t->in = (Span){experiment->span.lo < t->in.lo ? experiment->span.lo : t->in.lo,
		       experiment->span.hi > t->in.hi ? experiment->span.hi : t->in.hi};
}

static bool
test_whole(Test *t, const AstDecl *experiment)
{
	AstStmtVec lines = {0};
	for (uint32_t i = 0; i < t->events.n; i++) {
		test_error(t, t->events.at[i]->span, "this belongs into a test of a model");
		diag_help(t->env->diag, "a test of the program sets signals and parameters of layers, and runs");
		diag_end(t->env->diag);
	}
	for (uint32_t i = 0; i < t->with.n; i++) {
		test_error(t, t->with.at[i].name_span, "`with` gives parameters to a model");
		diag_help(t->env->diag, "write `set %s = …`", t->with.at[i].name ? t->with.at[i].name : "n");
		diag_end(t->env->diag);
		break;
	}
	for (uint32_t i = 0; i < t->lines.n; i++) {
		AstStmt *s = t->lines.at[i];
		if (s->kind == ASTMT_SET)
			set_param(t, s);
		else
			VEC_PUSH(t->env->arena, &lines, s);
		if (s->kind == ASTMT_GOLDEN)
			s->each_step = !t->sweep;
		if (s->kind == ASTMT_GOLDEN && !s->target) {
			test_error(t, s->span, "this does not say what is compared with the file");
			diag_help(t->env->diag, "write `golden \"x.csv\" of rate of exc`");
			diag_end(t->env->diag);
		}
	}
	t->lines = lines;
	if (!t->runs)
		run_experiment(t, experiment);
	if (t->repeat) {
		test_error(t, t->repeat->span, "`repeat` belongs into a test of a model");
		diag_help(t->env->diag, "write the runs out, or loop over data");
		diag_end(t->env->diag);
	}
	if (!t->failed)
		ast_program_add(&t->b, t->p, ast_experiment(&t->b, t->in, &t->lines));
	return !t->failed;
}

static bool
no_set(Test *t)
{
	for (uint32_t i = 0; i < t->lines.n; i++) {
		const AstStmt *s = t->lines.at[i];
		if (s->kind != ASTMT_SET)
			continue;
		test_error(t, s->span, "`set` gives values to params of the program");
		diag_help(t->env->diag, "parameters of the model are given by `with (%s = …)`", s->name);
		diag_end(t->env->diag);
		return false;
	}
	return true;
}

static bool
says_something(Test *t)
{
	for (uint32_t i = 0; i < t->test->body.n; i++) {
		AstStmtKind k = t->test->body.at[i]->kind;
		if (k == ASTMT_EXPECT || k == ASTMT_GOLDEN)
			return true;
	}
	test_error(t, t->test->name_span, "this test expects nothing");
	diag_help(t->env->diag, "write what must come out: `expect w near 0.5 within 1%%`");
	diag_end(t->env->diag);
	return false;
}

bool
testing_make(TestEnv *env, AstProgram *p, TestPlace place, uint32_t point, TestSweep *sweep)
{
	Test t = {.env = env, .p = p, .decl = place.decl, .test = place.test, .in = place.decl->span};
	t.b = (AstBuild){.arena = env->arena, .diag = env->diag, .library = place.decl->library};
	bool of_model = place.decl->kind != ADECL_TEST;
	*sweep = (TestSweep){0};
	if (!says_something(&t))
		return false;
	const AstDecl *experiment = keep(&t, of_model);
	test_sort_lines(&t);
	if (t.failed || !test_sweep(&t, point, sweep) || (of_model && !no_set(&t)))
		return false;
	bool ok = true;
	if (of_model) {
		test_declare_states(&t);
		test_param_consts(&t);
	}
	switch ((int)place.decl->kind) {
	case ADECL_RULE:
		ok = test_rule(&t, sweep);
		break;
	case ADECL_NEURON:
		ok = test_neuron(&t, sweep);
		break;
	case ADECL_FEATURE:
		ok = test_feature(&t, sweep);
		break;
	default:
		ok = test_whole(&t, experiment);
	}
	return ok && !t.failed && !t.b.failed;
}
