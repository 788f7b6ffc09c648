/* protocol: the lines of a test: what sets it up, what happens at which time, and the experiment that is left. */
#include "testing/inner.h"

#include "base/panic.h"

#include <math.h>
#include <string.h>

enum { MOST_CUTS = 100000 };

/* ---- sorting ----------------------------------------------------------------------------------- */

static bool
is_word(const AstExpr *e, const char *word)
{
	return e->kind == AEXPR_NAME && strcmp(e->name, word) == 0;
}

static void
set_setting(Test *t, const AstStmt *s)
{
	for (uint32_t i = 0; i < t->p->decls.n; i++) {
		AstDecl *d = t->p->decls.at[i];
		if (d->kind == ADECL_SETTING && !d->library && d->name == s->target->name) {
			d->value.value = s->e;
			d->span = s->span;
			d->name_span = s->target->span;
			return;
		}
	}
	AstId id = {.name = s->target->name, .span = s->target->span};
	ast_program_add(&t->b, t->p, ast_value_decl(&t->b, s->span, ADECL_SETTING, id, s->e));
}

static void
once(Test *t, const AstStmt **slot, const AstStmt *s, const char *what)
{
	if (*slot) {
		test_error(t, s->span, "a test has one `%s`", what);
		diag_label(t->env->diag, (*slot)->span, "first here");
		diag_help(t->env->diag, "write another test");
		diag_end(t->env->diag);
	}
	*slot = s;
}

void
test_sort_lines(Test *t)
{
	Arena *a = t->env->arena;
	for (uint32_t i = 0; i < t->test->body.n; i++) {
		AstStmt *s = t->test->body.at[i];
		if (s->kind == ASTMT_WITH) {
			for (uint32_t k = 0; k < s->args.n; k++)
				VEC_PUSH(a, &t->with, s->args.at[k]);
		} else if (s->kind == ASTMT_EVENT) {
			VEC_PUSH(a, &t->events, s);
		} else if (s->kind == ASTMT_REPEAT) {
			once(t, &t->repeat, s, "repeat");
		} else if (s->kind == ASTMT_SWEEP) {
			once(t, &t->sweep, s, "sweep");
		} else if (s->kind == ASTMT_ASSIGN && s->op_kind == AOP_UNSET && (is_word(s->target, "dt") || is_word(s->target, "seed"))) {
			set_setting(t, s);
		} else {
			t->runs |= s->kind == ASTMT_RUN || s->kind == ASTMT_FOR;
			if (s->kind == ASTMT_GOLDEN)
				t->golden = s;
			VEC_PUSH(a, &t->lines, s);
		}
	}
}

/* ---- how long it runs if it does not say ------------------------------------------------------- */

static AstExpr *
later(Test *t, AstExpr *a, AstExpr *b)
{
	return a ? test_call(t, b->span, "max", a, b) : b;
}

static AstExpr *
last_of(Test *t, AstExpr *last, const AstExpr *at)
{
	if (at->kind == AEXPR_RANGE)
		return last_of(t, last, at->op[1]);
	if (at->kind != AEXPR_LIST)
		return later(t, last, test_plain(t, test_copy(t, at)));
	for (uint32_t i = 0; i < at->args.n; i++)
		last = last_of(t, last, at->args.at[i].value);
	return last;
}

/* Puts an end of the swept range in place of its name. */
static void
put_end(Test *t, AstExpr *e, const AstExpr *end)
{
	if (e->kind == AEXPR_NAME && t->swept && e->name == t->sweep->target->name) {
		AstExpr *c = test_copy(t, end);
		c->span = e->span;
		*e = *c;
		return;
	}
	for (int i = 0; i < 3; i++) {
		if (e->op[i])
			put_end(t, e->op[i], end);
	}
	for (uint32_t i = 0; i < e->args.n; i++)
		put_end(t, e->args.at[i].value, end);
}

/* One step behind the last event, or behind the last repetition. */
static AstExpr *
default_run(Test *t)
{
	AstExpr *last = NULL;
	for (uint32_t i = 0; i < t->events.n; i++) {
		if (t->events.at[i]->at)
			last = last_of(t, last, t->events.at[i]->at);
	}
	if (last && t->repeat)
		last = test_op(t, AOP_MUL, test_plain(t, test_copy(t, t->repeat->e)), test_plain(t, test_copy(t, t->repeat->from)));
	for (uint32_t i = 0; i < t->lines.n; i++) {
		const AstStmt *s = t->lines.at[i];
		if (s->kind == ASTMT_EXPECT && s->at)
			last = last_of(t, last, s->at);
	}
	if (!last)
		return NULL;
	/* Half a step more, so that rounding never loses one. */
	AstExpr *more = test_op(t, AOP_MUL, test_number(t, last->span, 1.5), test_ref(t, last->span, "dt"));
	AstExpr *run = test_op(t, AOP_ADD, last, more);
	if (t->swept) {
		AstExpr *other = test_copy(t, run);
		put_end(t, run, t->sweep->e->op[0]);
		put_end(t, other, t->sweep->e->op[1]);
		run = later(t, run, other);
	}
	return run;
}

/* ---- signals at times -------------------------------------------------------------------------- */

/* At the end of a step: a signal takes a value, for one step (a pulse) or from then on. */
typedef struct { double step; Name signal; AstExpr *value; bool pulse; } Cut;
typedef VEC(Cut) CutVec;

static double
dt_of(Test *t)
{
	double dt = 1;
	Span s = t->test->name_span;
	test_fold(t, test_ref(t, s, "dt"), &dt);
	return dt > 0 ? dt : 1;
}

static bool
known_step(Test *t, const AstExpr *e, double *out)
{
	double ms;
	if (test_fold(t, e, &ms)) {
		*out = floor(ms / dt_of(t) + 0.5);
		return true;
	}
	test_error(t, e->span, "the time of a signal must be known before the run");
	diag_help(t->env->diag, "write it as a number: `reward = 1 at [30 ms]`");
	diag_end(t->env->diag);
	return false;
}

static AstExpr *
before_event(Test *t, Name signal, Span at)
{
	for (uint32_t i = 0; i < t->lines.n; i++) {
		const AstStmt *s = t->lines.at[i];
		if (s->kind == ASTMT_ASSIGN && s->target->kind == AEXPR_NAME && s->target->name == signal)
			return test_copy(t, s->e);
		if (s->kind == ASTMT_RUN)
			break;
	}
	return test_number(t, at, 0);
}

static void
add_time(Test *t, const AstStmt *ev, double on, double off, CutVec *out)
{
	Name name = ev->target->name;
	Cut a = {on, name, test_plain(t, test_copy(t, ev->e)), off == on + 1}, b = {off, name, before_event(t, name, ev->span), false};
	VEC_PUSH(t->env->arena, out, a);
	if (!a.pulse)
		VEC_PUSH(t->env->arena, out, b);
}

static void
add_cuts(Test *t, const AstStmt *ev, const AstExpr *at, double shift, CutVec *out)
{
	double a, b;
	if (at->kind == AEXPR_LIST) {
		for (uint32_t i = 0; i < at->args.n; i++)
			add_cuts(t, ev, at->args.at[i].value, shift, out);
	} else if (at->kind == AEXPR_RANGE) {
		if (known_step(t, at->op[0], &a) && known_step(t, at->op[1], &b))
			add_time(t, ev, a + shift, b + shift, out);
	} else if (known_step(t, at, &a)) {
		add_time(t, ev, a - 1 + shift, a + shift, out);
	}
}

static int
by_step(const Cut *a, const Cut *b)
{
	return a->step < b->step ? -1 : a->step > b->step;
}

static void
sort_cuts(CutVec *v)
{
	for (uint32_t i = 1; i < v->n; i++) { /* stable: an end stands before a start at the same time if it was written so */
		Cut c = v->at[i];
		uint32_t k = i;
		for (; k > 0 && by_step(&v->at[k - 1], &c) > 0; k--)
			v->at[k] = v->at[k - 1];
		v->at[k] = c;
	}
}

static void
all_cuts(Test *t, const AstStmtVec *signals, CutVec *out)
{
	double turns = 1, period = 0;
	if (t->repeat && (!test_fold(t, t->repeat->e, &turns) || !known_step(t, t->repeat->from, &period)))
		turns = 1;
	if (turns * signals->n > MOST_CUTS) {
		test_error(t, t->repeat->span, "signals change more than %d times here", MOST_CUTS);
		diag_help(t->env->diag, "repeat less often");
		diag_end(t->env->diag);
		return;
	}
	for (double k = 0; k < turns; k++) {
		for (uint32_t i = 0; i < signals->n; i++)
			add_cuts(t, signals->at[i], signals->at[i]->at, k * period, out);
	}
	sort_cuts(out);
}

static AstStmt *
run_of(Test *t, const AstStmt *like, double steps)
{
	AstExpr *n = test_number(t, like->e->span, steps + 0.5);
	return ast_run(&t->b, like->span, test_op(t, AOP_MUL, n, test_ref(t, like->e->span, "dt")), like->by_layer, NULL);
}

/* Cuts a run into pieces, between which the signals change. */
static void
cut_run(Test *t, AstStmt *run, const CutVec *cuts, uint32_t *next, double *now, AstStmtVec *out)
{
	double ms, end;
	if (!test_fold(t, run->e, &ms)) {
		test_error(t, run->e->span, "how long this runs must be known, since a signal changes on the way");
		diag_help(t->env->diag, "write it as a number: `run 100 ms`");
		diag_end(t->env->diag);
		return;
	}
	end = *now + floor(ms / dt_of(t) + 1e-6);
	for (; *next < cuts->n && cuts->at[*next].step < end; (*next)++) {
		const Cut *c = &cuts->at[*next];
		if (c->step > *now) {
			VEC_PUSH(t->env->arena, out, run_of(t, run, c->step - *now));
			*now = c->step;
		}
		Span s = c->value->span;
		AstExpr *signal = ast_name(&t->b, s, c->signal);
		VEC_PUSH(t->env->arena, out, c->pulse ? ast_pulse(&t->b, s, signal, c->value) : ast_assign(&t->b, s, signal, AOP_UNSET, c->value));
	}
	if (end > *now)
		VEC_PUSH(t->env->arena, out, run_of(t, run, end - *now));
	*now = end;
}

/* ---- the experiment ---------------------------------------------------------------------------- */

static void
read_line(Test *t, AstStmt *s, bool by_layer)
{
	switch ((int)s->kind) {
	case ASTMT_EXPECT:
		s->target = test_seen(t, s->target);
		s->e = s->e ? test_seen(t, s->e) : NULL;
		s->within = test_plain(t, s->within);
		s->at = test_plain(t, s->at);
		return;
	case ASTMT_GOLDEN:
		s->target = s->target ? test_seen(t, s->target) : NULL;
		s->each_step = !t->sweep;
		return;
	case ASTMT_RUN:
		s->by_layer |= by_layer;
		s->e = test_plain(t, s->e);
		return;
	case ASTMT_ASSIGN:
		s->e = test_plain(t, s->e);
		return;
	}
}

static void
check_events(Test *t, AstStmtVec *body)
{
	for (uint32_t i = 0; i < t->events.n; i++) {
		AstStmt *ev = t->events.at[i];
		if (!ev->at)
			continue;
		for (int end = 0; end < (t->swept ? 2 : 1); end++) {
			AstStmt *c = arena_copy(t->env->arena, ev, sizeof *ev);
			c->at = test_plain(t, test_copy(t, ev->at));
			if (t->swept)
				put_end(t, c->at, t->sweep->e->op[end]);
			VEC_PUSH(t->env->arena, body, c);
		}
	}
}

static void
add_default_run(Test *t, AstStmtVec *lines)
{
	AstExpr *time = default_run(t);
	if (!time) {
		test_error(t, t->test->name_span, "this test does not say how long it runs, and nothing happens in it");
		diag_help(t->env->diag, "write `run 100 ms`");
		diag_end(t->env->diag);
		return;
	}
	uint32_t k = 0;
	while (k < lines->n && lines->at[k]->kind != ASTMT_EXPECT && lines->at[k]->kind != ASTMT_GOLDEN)
		k++;
	AstStmt *run = ast_run(&t->b, time->span, time, false, NULL);
	VEC_PUSH(t->env->arena, lines, run);
	memmove(lines->at + k + 1, lines->at + k, (lines->n - 1 - k) * sizeof *lines->at);
	lines->at[k] = run;
}

void
test_experiment(Test *t, const AstStmtVec *signals, bool by_layer)
{
	AstStmtVec body = {0};
	CutVec cuts = {0};
	uint32_t next = 0;
	double now = 0;
	if (!t->runs)
		add_default_run(t, &t->lines);
	all_cuts(t, signals, &cuts);
	for (uint32_t i = 0; i < t->lines.n; i++) {
		AstStmt *s = t->lines.at[i];
		read_line(t, s, by_layer);
		if (s->kind == ASTMT_RUN && cuts.n)
			cut_run(t, s, &cuts, &next, &now, &body);
		else
			VEC_PUSH(t->env->arena, &body, s);
	}
	check_events(t, &body);
	ast_program_add(&t->b, t->p, ast_experiment(&t->b, t->in, &body));
}
