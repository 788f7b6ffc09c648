/* model: rules, neurons and features, each in a small network of stand-ins. */
#include "testing/inner.h"

#include "base/panic.h"

#include <string.h>

static bool
is_named(const AstExpr *e, Name name)
{
	return e->kind == AEXPR_NAME && e->name == name;
}

static bool
is_word(const AstExpr *e, const char *word)
{
	return e->kind == AEXPR_NAME && strcmp(e->name, word) == 0;
}

/* pre, pre[3] */
static bool
is_side(const AstExpr *e, const char *side)
{
	return is_word(e->kind == AEXPR_INDEX ? e->op[0] : e, side);
}

static void
wrong_line(Test *t, Span at, const char *what, const char *help)
{
	test_error(t, at, "%s", what);
	diag_help(t->env->diag, "%s", help);
	diag_end(t->env->diag);
}

/* Takes `name = e` out of the lines; NULL: there is none. */
static AstExpr *
take_assign(Test *t, Name name)
{
	for (uint32_t i = 0; i < t->lines.n; i++) {
		AstStmt *s = t->lines.at[i];
		if (s->kind != ASTMT_ASSIGN || s->op_kind != AOP_UNSET || !is_named(s->target, name))
			continue;
		memmove(t->lines.at + i, t->lines.at + i + 1, (t->lines.n - i - 1) * sizeof *t->lines.at);
		t->lines.n--;
		return test_plain(t, s->e);
	}
	return NULL;
}

/* w.low = …, w.high = …: an end of the range; what no line gives is unbounded. */
static AstExpr *
take_bound(Test *t, Name learned, const char *end, bool *any)
{
	Span at = t->test->name_span;
	for (uint32_t i = 0; i < t->lines.n; i++) {
		AstStmt *s = t->lines.at[i];
		if (s->kind != ASTMT_ASSIGN || s->op_kind != AOP_UNSET || s->target->kind != AEXPR_MEMBER ||
		    strcmp(s->target->name, end) != 0 || !is_named(s->target->op[0], learned))
			continue;
		memmove(t->lines.at + i, t->lines.at + i + 1, (t->lines.n - i - 1) * sizeof *t->lines.at);
		t->lines.n--;
		*any = true;
		return test_plain(t, s->e);
	}
	AstExpr *inf = ast_name(&t->b, at, test_name(t, "inf"));
	return strcmp(end, "low") == 0 ? ast_unary(&t->b, at, AOP_NEG, inf) : inf;
}

/* ---- rules ------------------------------------------------------------------------------------- */

static AstExpr *
state_of_rule(Test *t, Name state)
{
	const AstModel *m = &t->decl->model;
	Span s = t->test->name_span;
	return ast_member(&t->b, s, test_member(t, s, "synapse", m->learns), (AstId){.name = state, .span = s});
}

static void
rule_names(Test *t)
{
	const AstModel *m = &t->decl->model;
	Span s = t->test->name_span;
	AstExpr *w = test_member(t, s, "synapse", m->learns);
	AstExpr *start = test_call(t, s, "start", test_copy(t, w), NULL);
	test_alias(t, m->learns, w);
	test_alias(t, intern_printf(t->env->names, "d%s", m->learns), test_op(t, AOP_SUB, test_copy(t, w), start));
	for (uint32_t i = 0; i < m->states.n; i++)
		test_alias(t, m->states.at[i].name, state_of_rule(t, m->states.at[i].name));
	for (uint32_t i = 0; i < m->traces.n; i++)
		test_alias(t, m->traces.at[i].name, state_of_rule(t, m->traces.at[i].name));
}

/* How many neurons a side needs for the indices that the test writes. */
static uint32_t
neurons_of(Test *t, const char *side)
{
	double most = 0, v;
	for (uint32_t i = 0; i < t->events.n; i++) {
		const AstExpr *e = t->events.at[i]->target;
		if (e->kind == AEXPR_INDEX && is_side(e, side) && test_fold(t, e->args.at[0].value, &v) && v > most)
			most = v;
	}
	if (most > 4095)
		wrong_line(t, t->test->name_span, "a test has at most 4096 neurons on a side", "number them from 0");
	return most > 4095 ? 1 : (uint32_t)most + 1;
}

static void
side_layer(Test *t, const char *side, uint32_t n)
{
	AstStmtVec events = {0}, states = {0}, rest = {0};
	for (uint32_t i = 0; i < t->events.n; i++) {
		if (is_side(t->events.at[i]->target, side))
			VEC_PUSH(t->env->arena, &events, t->events.at[i]);
	}
	for (uint32_t i = 0; i < t->lines.n; i++) {
		AstStmt *s = t->lines.at[i];
		bool own = s->kind == ASTMT_ASSIGN && s->target->kind == AEXPR_MEMBER && is_word(s->target->op[0], side);
		if (own)
			VEC_PUSH(t->env->arena, &states, s);
		else
			VEC_PUSH(t->env->arena, &rest, s);
	}
	t->lines = rest;
	test_source(t, side, n, &events, &states);
}

static bool
has_value(const Test *t, Name signal)
{
	for (uint32_t i = 0; i < t->lines.n; i++) {
		if (t->lines.at[i]->kind == ASTMT_ASSIGN && is_named(t->lines.at[i]->target, signal))
			return true;
	}
	for (uint32_t i = 0; i < t->events.n; i++) {
		if (is_named(t->events.at[i]->target, signal))
			return true;
	}
	return false;
}

/* Signals that the rule needs: of the same name, set by the test. */
static void
rule_signals(Test *t, AstArgVec *args, AstStmtVec *events)
{
	const AstModel *m = &t->decl->model;
	for (uint32_t i = 0; i < m->needs.n; i++) {
		AstId id = {.name = m->needs.at[i].name, .span = t->test->name_span};
		if (!has_value(t, id.name)) {
			test_error(t, id.span, "`%s` needs the signal `%s`, and this test gives it no value", t->decl->name, id.name);
			diag_label(t->env->diag, m->needs.at[i].span, "declared here");
			diag_help(t->env->diag, "write `%s = 1`, or `%s = 1 at [30 ms]`", id.name, id.name);
			diag_end(t->env->diag);
		}
		test_add(t, ast_signal(&t->b, t->in, id, NULL, test_number(t, id.span, 0), NULL));
		ast_args(&t->b, args, id, ast_name(&t->b, id.span, id.name));
		for (uint32_t k = 0; k < t->events.n; k++) {
			if (is_named(t->events.at[k]->target, id.name))
				VEC_PUSH(t->env->arena, events, t->events.at[k]);
		}
	}
}

static void
check_rule_events(Test *t)
{
	const AstModel *m = &t->decl->model;
	for (uint32_t i = 0; i < t->events.n; i++) {
		const AstStmt *ev = t->events.at[i];
		bool known = !ev->name && (is_side(ev->target, "pre") || is_side(ev->target, "post"));
		for (uint32_t k = 0; k < m->needs.n; k++)
			known |= !ev->name && ev->e && is_named(ev->target, m->needs.at[k].name);
		if (known)
			continue;
		VEC(const char *) names = {0};
		VEC_PUSH(t->env->arena, &names, "pre");
		VEC_PUSH(t->env->arena, &names, "post");
		for (uint32_t k = 0; k < m->needs.n; k++)
			VEC_PUSH(t->env->arena, &names, m->needs.at[k].name);
		const char *near = ev->target->kind == AEXPR_NAME ? suggest(ev->target->name, names.at, names.n) : NULL;
		test_error(t, ev->span, "nothing of this kind happens in a test of a rule");
		if (near)
			diag_help(t->env->diag, "did you mean `%s`?", near);
		else
			diag_help(t->env->diag, "spikes and signals do: `pre at [10 ms]`, `post at [20 ms]`, `reward = 1 at [30 ms]`");
		diag_end(t->env->diag);
	}
}

/* States of the neurons that the rule reads: the test says what they are. */
static void
need_states(Test *t, const AstExpr *e)
{
	if (!e)
		return;
	bool side = e->kind == AEXPR_MEMBER && (is_word(e->op[0], "pre") || is_word(e->op[0], "post"));
	if (side && strcmp(e->name, "spike") != 0) {
		for (uint32_t i = 0; i < t->lines.n; i++) {
			const AstExpr *target = t->lines.at[i]->kind == ASTMT_ASSIGN ? t->lines.at[i]->target : NULL;
			if (target && target->kind == AEXPR_MEMBER && target->name == e->name && is_named(target->op[0], e->op[0]->name))
				return;
		}
		if (t->failed)
			return;
		test_error(t, t->test->name_span, "`%s` reads `%s.%s`, and this test does not say what it is", t->decl->name, e->op[0]->name, e->name);
		diag_label(t->env->diag, e->span, "read here");
		diag_help(t->env->diag, "write `%s.%s = …`: a number, a list over the steps, or an expression of the time `t`", e->op[0]->name, e->name);
		diag_end(t->env->diag);
		return;
	}
	for (int i = 0; i < 3; i++)
		need_states(t, e->op[i]);
	for (uint32_t i = 0; i < e->args.n; i++)
		need_states(t, e->args.at[i].value);
}

static void
need_states_in(Test *t, const AstStmtVec *body)
{
	for (uint32_t i = 0; i < body->n; i++) {
		need_states(t, body->at[i]->e);
		need_states_in(t, &body->at[i]->body);
		need_states_in(t, &body->at[i]->other);
	}
}

static AstDecl *
connect(Test *t, const char *from, AstExpr *to, const char *as, const char *by)
{
	Span s = t->test->name_span;
	AstDecl *c = ast_connect(&t->b, t->in, test_ref(t, s, from), to);
	if (by)
		ast_connect_by(&t->b, c, s, test_ref(t, s, by));
	ast_connect_as(&t->b, c, s, (AstId){.name = test_name(t, as), .span = s});
	return c;
}

static bool
check_assigns(Test *t)
{
	const AstModel *m = &t->decl->model;
	for (uint32_t i = 0; i < t->lines.n; i++) {
		const AstStmt *s = t->lines.at[i];
		if (s->kind != ASTMT_ASSIGN)
			continue;
		bool known = false;
		for (uint32_t k = 0; k < m->needs.n; k++)
			known |= is_named(s->target, m->needs.at[k].name);
		if (known)
			continue;
		const char *name = s->target->name;
		test_error(t, s->target->span, "a test of `%s` cannot set `%s`", t->decl->name, name);
		for (uint32_t k = 0; k < m->params.n; k++) {
			if (m->params.at[k].name == name)
				diag_note(t->env->diag, "`%s` is a parameter: write `with (%s = …)`", name, name);
		}
		diag_help(t->env->diag, "it sets signals, states before the run (`v = …`), and in rules the states of its neurons (`post.v = …`)");
		diag_end(t->env->diag);
		return false;
	}
	return true;
}

bool
test_rule(Test *t, TestSweep *sweep)
{
	const AstModel *m = &t->decl->model;
	Span s = t->test->name_span;
	AstStmtVec signals = {0};
	if (!m->learns)
		return false;
	rule_names(t);
	check_rule_events(t);
	for (uint32_t i = 0; i < m->handlers.n; i++)
		need_states_in(t, &m->handlers.at[i].body);
	AstExpr *init = take_assign(t, m->learns);
	bool bounded = false;
	AstExpr *low = take_bound(t, m->learns, "low", &bounded), *high = take_bound(t, m->learns, "high", &bounded);
	uint32_t n = sweep->lanes ? sweep->n : 0;
	side_layer(t, "pre", n ? n : neurons_of(t, "pre"));
	side_layer(t, "post", n ? n : neurons_of(t, "post"));
	AstArgVec args = t->with;
	rule_signals(t, &args, &signals);
	if (!check_assigns(t))
		return false;
	AstExpr *call = ast_call(&t->b, s, ast_name(&t->b, s, t->decl->name), &args);
	AstFeature *parts = ast_feature_learn(&t->b, ast_feature_parts(&t->b), s, ast_learn(&t->b, call));
	if (bounded)
		parts = ast_feature_range(&t->b, parts, s, low, high);
	AstId name = {.name = m->learns, .span = s}, model = {.name = test_name(t, m->learns_bool ? "mask" : "weight"), .span = s};
	if (!init)
		init = m->learns_bool ? ast_bool(&t->b, s, false) : test_number(t, s, 0);
	AstFeatureVec *fs = ast_features(&t->b, NULL, t->in, name, model, init, parts);
	AstDecl *c = connect(t, "pre", test_ref(t, s, "post"), "synapse", n ? "one_to_one" : NULL);
	test_add(t, ast_connect_block(&t->b, c, t->in, fs));
	if (t->golden && !t->golden->target)
		t->golden->target = test_ref(t, t->golden->span, arena_printf(t->env->arena, "d%s", m->learns));
	test_experiment(t, &signals, false);
	return true;
}

/* ---- neurons ----------------------------------------------------------------------------------- */

/* As many neurons as the longest list of a parameter has values. */
static uint32_t
neurons_by_lists(const Test *t)
{
	uint32_t n = 1;
	for (uint32_t i = 0; i < t->with.n; i++) {
		const AstExpr *e = t->with.at[i].value;
		if (e->kind == AEXPR_LIST && e->args.n > n)
			n = e->args.n;
	}
	return n;
}

static void
neuron_names(Test *t)
{
	const AstModel *m = &t->decl->model;
	Span s = t->test->name_span;
	test_alias(t, test_name(t, "spikes"), test_member(t, s, "cell", "spikes"));
	for (uint32_t i = 0; i < m->states.n; i++)
		test_alias(t, m->states.at[i].name, test_member(t, s, "cell", m->states.at[i].name));
	for (uint32_t i = 0; i < m->traces.n; i++)
		test_alias(t, m->traces.at[i].name, test_member(t, s, "cell", m->traces.at[i].name));
}

/* Each input is a source of its own; its value is the weight. */
static void
neuron_inputs(Test *t)
{
	for (uint32_t i = 0; i < t->events.n; i++) {
		AstStmt *ev = t->events.at[i];
		if (!ev->name) {
			wrong_line(t, ev->span, "nothing of this kind happens in a test of a neuron",
				   "give it input: `input 2 mV during 10 ms .. 60 ms`, `receive exc 3 nS at [10 ms]`");
			continue;
		}
		AstStmtVec one = {0}, none = {0};
		VEC_PUSH(t->env->arena, &one, ev);
		const char *source = arena_printf(t->env->arena, "input%u", i + 1);
		test_source(t, source, 1, &one, &none);
		bool port = strcmp(ev->name, "input") != 0;
		AstExpr *to = port ? test_member(t, ev->span, "cell", ev->target->name) : test_ref(t, ev->span, "cell");
		AstId weight = {.name = test_name(t, "weight"), .span = ev->span};
		AstFeatureVec *fs = ast_features(&t->b, NULL, t->in, weight, weight, test_plain(t, ev->e), NULL);
		AstDecl *c = connect(t, source, to, arena_printf(t->env->arena, "%s in", source), NULL);
		test_add(t, ast_connect_block(&t->b, c, t->in, fs));
	}
}

bool
test_neuron(Test *t, TestSweep *sweep)
{
	AstModel *m = &t->decl->model;
	Span s = t->test->name_span;
	AstStmtVec none = {0};
	(void)sweep;
	neuron_names(t);
	for (uint32_t i = 0; i < m->states.n; i++) {
		AstExpr *init = take_assign(t, m->states.at[i].name);
		if (init)
			m->states.at[i].init = init;
	}
	neuron_inputs(t);
	AstArgVec *shape = ast_args(&t->b, NULL, (AstId){0}, test_number(t, s, neurons_by_lists(t)));
	AstId name = {.name = test_name(t, "cell"), .span = s}, model = {.name = t->decl->name, .span = s};
	test_add(t, ast_layer(&t->b, t->in, NULL, name, model, shape, &t->with));
	if (!check_assigns(t))
		return false;
	if (t->golden && !t->golden->target)
		t->golden->target = test_ref(t, t->golden->span, "spikes");
	test_experiment(t, &none, true);
	return true;
}

/* ---- features ---------------------------------------------------------------------------------- */

/* Keeps what it gets: the state `got`. */
static void
sink(Test *t)
{
	Span s = t->test->name_span;
	AstModel *m = ast_model_parts(&t->b);
	AstStmtVec body = {0};
	AstId got = {.name = test_name(t, "got"), .span = s}, model = {.name = test_name(t, "post of a test"), .span = s};
	ast_model_state(&t->b, m, ast_state(&t->b, s, got, (AstId){0}, test_number(t, s, 0)));
	VEC_PUSH(t->env->arena, &body, test_assign(t, s, "got", AOP_UNSET, test_ref(t, s, "input")));
	ast_model_handler(&t->b, m, AHANDLER_STEP, s, &body);
	test_add(t, ast_model(&t->b, t->in, ADECL_NEURON, model, NULL, m));
	AstArgVec *shape = ast_args(&t->b, NULL, (AstId){0}, test_number(t, s, 1));
	test_add(t, ast_layer(&t->b, t->in, NULL, (AstId){.name = test_name(t, "post"), .span = s}, model, shape, NULL));
}

bool
test_feature(Test *t, TestSweep *sweep)
{
	AstModel *m = &t->decl->model;
	Span s = t->test->name_span;
	AstStmtVec none = {0};
	(void)sweep;
	if (!m->params.n)
		return false;
	test_alias(t, test_name(t, "signal"), test_member(t, s, "post", "got"));
	for (uint32_t i = 0; i < m->states.n; i++)
		test_alias(t, m->states.at[i].name, ast_member(&t->b, s, test_member(t, s, "synapse", t->decl->name), (AstId){.name = m->states.at[i].name, .span = s}));
	for (uint32_t i = 0; i < t->events.n; i++) {
		if (t->events.at[i]->name || !is_side(t->events.at[i]->target, "pre"))
			wrong_line(t, t->events.at[i]->span, "nothing of this kind happens in a test of a feature", "let a spike come: `pre at [10 ms]`");
	}
	AstExpr *value = take_assign(t, m->params.at[0].name);
	if (!value)
		wrong_line(t, s, "this test gives the feature no value", arena_printf(t->env->arena, "write `%s = 0.5`", m->params.at[0].name));
	side_layer(t, "pre", 1);
	sink(t);
	AstFeature *parts = ast_feature_parts(&t->b);
	for (uint32_t i = 0; i < t->with.n; i++)
		ast_feature_param(&t->b, parts, (AstId){.name = t->with.at[i].name, .span = t->with.at[i].name_span}, t->with.at[i].value);
	AstId name = {.name = t->decl->name, .span = s};
	AstFeatureVec *fs = ast_features(&t->b, NULL, t->in, name, name, value ? value : test_number(t, s, 0), parts);
	test_add(t, ast_connect_block(&t->b, connect(t, "pre", test_ref(t, s, "post"), "synapse", NULL), t->in, fs));
	if (!check_assigns(t))
		return false;
	if (t->golden && !t->golden->target)
		t->golden->target = test_ref(t, t->golden->span, "signal");
	test_experiment(t, &none, false);
	return true;
}
