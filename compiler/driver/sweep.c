/* sweep: see sweep.h. Each lane is compiled as the program that --set makes of it; then lanes of the same structure become one program,
 * which is compiled once and run in an arena of each lane's own. */
#define _GNU_SOURCE
#include "driver/sweep_inner.h"

#include "base/panic.h"
#include "driver/engine.h"
#include "driver/output.h"
#include "driver/program.h"
#include "driver/run.h"
#include "driver/toolchain.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_LANES = 10000 };

/* ---- which lanes ---------------------------------------------------------------------------------- */

static bool
is_given(const Compilation *c, const struct ExpandLane *l)
{
	return c->o->seed_given && strcmp(l->name, "seed") == 0;
}

bool
sweep_has_lanes(const Compilation *c)
{
	for (uint32_t i = 0; i < c->lanes.n; i++) {
		if (!is_given(c, &c->lanes.at[i]))
			return true;
	}
	return false;
}

int
sweep_refuse(const Compilation *c, const char *what)
{
	StrBuf names = strbuf_init(c->arena);
	for (uint32_t i = 0; i < c->lanes.n; i++) {
		if (!is_given(c, &c->lanes.at[i]))
			strbuf_printf(&names, " --set %s=…", c->lanes.at[i].name);
	}
	output_say("%s: pick it by%s", what, strbuf_text(&names));
	return EXIT_USAGE;
}

/* "10 ms", as --set takes it. */
static const char *
value_text(const Compilation *c, const AstExpr *e)
{
	SourcePlace p;
	bool counted = e->kind == AEXPR_NUMBER || (e->kind == AEXPR_UNARY && e->op[0]->kind == AEXPR_NUMBER);
	const AstExpr *number = e->kind == AEXPR_UNARY ? e->op[0] : e;
	if (counted && !number->num.unit)
		return arena_printf(c->arena, "%s%.17g", e->kind == AEXPR_UNARY ? "-" : "", number->num.value);
	if (!source_find(c->sources, e->span.lo, &p))
		return "";
	return arena_strndup(c->arena, p.file->text + (e->span.lo - p.file->base), e->span.hi - e->span.lo);
}

static const AstExpr *
number_of(const AstExpr *e)
{
	const AstExpr *n = e->kind == AEXPR_UNARY ? e->op[0] : e;
	return n->kind == AEXPR_NUMBER ? n : NULL;
}

/* The unit that all values of a name have; NULL: none, or different ones. */
static const Unit *
unit_of(const struct ExpandLane *l)
{
	const AstExpr *first = number_of(l->value.at[0]);
	for (uint32_t i = 0; i < l->value.n; i++) {
		const AstExpr *n = number_of(l->value.at[i]);
		if (!n || n->num.unit != first->num.unit)
			return NULL;
	}
	return first->num.unit;
}

/* In the table: the number alone, if the head of the column tells its unit. */
static const char *
value_shown(const Compilation *c, const struct ExpandLane *l, const AstExpr *e)
{
	const AstExpr *n = number_of(e);
	if (!n || !unit_of(l))
		return value_text(c, e);
	char s[64];
	for (int digits = 6; digits <= 17; digits++) {
		snprintf(s, sizeof s, "%s%.*g", n == e ? "" : "-", digits, n->num.value);
		if (strtod(s + (n != e), NULL) == n->num.value)
			break;
	}
	return arena_strdup(c->arena, s);
}

/* "tau [ms]" */
static const char *
head_of(const Compilation *c, const struct ExpandLane *l)
{
	const Unit *u = unit_of(l);
	return u ? arena_printf(c->arena, "%s [%s]", l->name, u->name) : l->name;
}

bool
sweep_find(Sweep *s)
{
	const Compilation *c = s->c;
	uint64_t n = 1;
	for (uint32_t i = 0; i < c->lanes.n; i++) {
		if (is_given(c, &c->lanes.at[i]))
			continue;
		VEC_PUSH(s->arena, &s->over, c->lanes.at[i]);
		n *= c->lanes.at[i].value.n;
		if (n > MOST_LANES) {
			output_say("the sweep has more than %d lanes", MOST_LANES);
			return false;
		}
	}
	s->n = (uint32_t)n;
	s->names = ARENA_ARRAY(s->arena, const char *, s->over.n + 1);
	for (uint32_t i = 0; i < s->over.n; i++)
		s->names[i] = head_of(c, &s->over.at[i]);
	s->out = c->o->out ? c->o->out : arena_printf(s->arena, "results/%s", c->name);
	s->lane = ARENA_ARRAY(s->arena, Lane, s->n);
	return true;
}

/* The options of lane k, the last name changing fastest. */
static void
open_lane(Sweep *s, uint32_t k)
{
	Lane *l = &s->lane[k];
	const Options *o = s->c->o;
	l->o = *o;
	memset(&l->o.sets, 0, sizeof l->o.sets);
	for (uint32_t i = 0; i < o->sets.n; i++)
		VEC_PUSH(s->arena, &l->o.sets, o->sets.at[i]);
	l->value = ARENA_ARRAY(s->arena, const char *, s->over.n + 1);
	l->text = ARENA_ARRAY(s->arena, const char *, s->over.n + 1);
	uint32_t rest = k;
	for (uint32_t i = s->over.n; i-- > 0;) {
		const struct ExpandLane *over = &s->over.at[i];
		const AstExpr *e = over->value.at[rest % over->value.n];
		rest /= over->value.n;
		l->value[i] = value_shown(s->c, over, e);
		l->text[i] = value_text(s->c, e);
		VEC_PUSH(s->arena, &l->o.sets, arena_printf(s->arena, "%s=%s", over->name, l->text[i]));
	}
	l->o.out = arena_printf(s->arena, "%s/lane_%u", s->out, k);
	l->o.quiet = true;
	compilation_open(&l->c, &l->o, arena_open());
}

const char *
sweep_lane_text(const Sweep *s, uint32_t k)
{
	StrBuf t = strbuf_init(s->arena);
	for (uint32_t i = 0; i < s->over.n; i++)
		strbuf_printf(&t, "%s%s = %s", i ? ", " : "", s->over.at[i].name, s->lane[k].text[i]);
	return strbuf_text(&t);
}

/* Warnings of the program were told already; errors are of this lane. */
int
sweep_compile(Sweep *s, uint32_t k)
{
	Lane *l = &s->lane[k];
	open_lane(s, k);
	if (pipeline_run(&l->c, NULL))
		return EXIT_FINE;
	output_say("lane %u, %s:", k, sweep_lane_text(s, k));
	run_tell(&l->c);
	return l->c.world_errors && l->c.world_errors == diag_errors(l->c.diag) ? EXIT_WORLD : EXIT_TEXT;
}

/* ---- running ------------------------------------------------------------------------------------------ */

static void
run_lane(Sweep *s, Lane *l)
{
	snnrt_options options = run_options(&l->c, s->engine->name);
	snnrt *rt;
	options.silent = true;
	if (snnrt_open(l->program, &options, &rt) == SNNRT_OK && snnrt_run(rt) == SNNRT_OK)
		l->reports = strdup(snnrt_reports(rt));
	if (*snnrt_error(rt))
		l->error = strdup(snnrt_error(rt));
	l->code = snnrt_close(rt);
}

static void
tell_progress(const Sweep *s)
{
	if (!s->c->o->quiet && isatty(STDERR_FILENO))
		fprintf(stderr, s->ended == s->n ? "\r\033[K" : "\rlane %u of %u", s->ended, s->n);
}

/* A thread takes one lane of the group after the other. */
static void *
work(void *env)
{
	Sweep *s = env;
	for (;;) {
		pthread_mutex_lock(&s->lock);
		uint32_t k = s->code == EXIT_FINE ? s->next++ : s->group->lane.n;
		pthread_mutex_unlock(&s->lock);
		if (k >= s->group->lane.n)
			return NULL;
		Lane *l = &s->lane[s->group->lane.at[k]];
		run_lane(s, l);
		pthread_mutex_lock(&s->lock);
		if (l->code != EXIT_FINE && s->code == EXIT_FINE)
			s->code = l->code;
		s->ended++;
		tell_progress(s);
		pthread_mutex_unlock(&s->lock);
	}
}

static void
run_threads(Sweep *s)
{
	enum { MOST = 256 };
	pthread_t thread[MOST];
	int n = s->c->o->threads > 1 ? s->c->o->threads : 1, started = 0;
	if ((uint32_t)n > s->group->lane.n)
		n = (int)s->group->lane.n;
	n = n > MOST ? MOST : n;
	while (started < n - 1 && pthread_create(&thread[started], NULL, work, s) == 0)
		started++;
	work(s);
	for (int i = 0; i < started; i++)
		pthread_join(thread[i], NULL);
}

/* The interpreter reads the contents of const buffers from the plan: one lane after the other. */
static void
run_interpreted(Sweep *s, LaneGroup *g)
{
	for (uint32_t k = 0; k < g->lane.n && s->code == EXIT_FINE; k++) {
		Lane *l = &s->lane[g->lane.at[k]];
		lanes_select(g, k);
		run_lane(s, l);
		s->code = l->code;
		s->ended++;
		tell_progress(s);
		if (s->engine->why)
			output_say("%s; this is a bug in snnc", s->engine->why);
	}
}

static int
run_group(Sweep *s, LaneGroup *g)
{
	Engine engine;
	const char *why = NULL;
	Compilation first = s->lane[g->lane.at[0]].c;
	first.plan = g->plan;
	if (!engine_open(&engine, &first, s->kind, &why)) {
		output_say("%s", why ? why : "the program cannot be compiled");
		engine_close(&engine);
		return EXIT_WORLD;
	}
	for (uint32_t k = 0; k < g->lane.n; k++) {
		Lane *l = &s->lane[g->lane.at[k]];
		lanes_select(g, k);
		l->program = program_of_plan(l->c.arena, g->plan, l->c.source_hash);
		l->program->entry = engine.entry;
		l->program->closure = &engine;
	}
	s->group = g;
	s->engine = &engine;
	s->next = 0;
	if (s->kind == ENGINE_EVAL)
		run_interpreted(s, g);
	else
		run_threads(s);
	engine_close(&engine);
	return s->code;
}

/* Without what it prints: the table tells it. */
static int
run_silently(Compilation *c, const StrBuf *text)
{
	fflush(stdout);
	int kept = dup(STDOUT_FILENO), none = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (kept >= 0 && none >= 0)
		dup2(none, STDOUT_FILENO);
	int code = toolchain_run(c, text);
	if (kept >= 0 && none >= 0)
		dup2(kept, STDOUT_FILENO);
	if (kept >= 0)
		close(kept);
	if (none >= 0)
		close(none);
	return code;
}

/* As C each lane is a program of its own, since its numbers are part of it; its reports are in its manifest. */
static int
run_as_c(Sweep *s, LaneGroup *g)
{
	for (uint32_t k = 0; k < g->lane.n && s->code == EXIT_FINE; k++) {
		Lane *l = &s->lane[g->lane.at[k]];
		Compilation c = l->c;
		StrBuf text = strbuf_init(c.arena);
		lanes_select(g, k);
		c.plan = g->plan;
		run_print_c(&c, &text);
		s->code = l->code = run_silently(&c, &text);
		s->ended++;
		const char *why, *path = arena_printf(c.arena, "%s/manifest.json", l->o.out), *found = NULL;
		SourceMap *files = source_open(c.arena);
		const SourceFile *f = s->code == EXIT_FINE && !l->o.no_results ? source_read(files, path, &why) : NULL;
		if (f && (found = strstr(f->text, "\"reports\": [")) != NULL) {
			const char *end = strstr(found, "\n\t]");
			found += strlen("\"reports\": [");
			l->reports = strndup(found, end && end > found ? (size_t)(end - found) : 0);
		}
	}
	return s->code;
}

/* ---- the whole ------------------------------------------------------------------------------------------ */

LaneGroupVec
sweep_join(Sweep *s)
{
	Plan **plans = ARENA_ARRAY(s->arena, Plan *, s->n);
	for (uint32_t k = 0; k < s->n; k++)
		plans[k] = s->lane[k].c.plan;
	panic_set_stage("lanes");
	LaneGroupVec groups = lanes_join(s->arena, plans, s->n);
	for (uint32_t g = 0; g < groups.n; g++) {
		const char *wrong = plan_verify(groups.at[g].plan, s->arena);
		if (wrong)
			PANIC("%s", wrong);
	}
	panic_set_stage(NULL);
	return groups;
}

static void
tell_groups(const Sweep *s, const LaneGroupVec *groups)
{
	if (s->c->o->quiet)
		return;
	if (groups->n == 1)
		output_say("%u lanes of one compiled program, which loads %u number%s", s->n, groups->at[0].loaded,
			   groups->at[0].loaded == 1 ? "" : "s");
	else
		output_say("%u lanes of %u compiled programs, since what is swept changes more than numbers", s->n, groups->n);
}

static int
tell_results(Sweep *s)
{
	SweepRow *rows = ARENA_ARRAY(s->arena, SweepRow, s->n);
	for (uint32_t k = 0; k < s->n; k++) {
		rows[k] = (SweepRow){s->lane[k].value, s->lane[k].reports};
		if (s->lane[k].error)
			output_say("lane %u, %s: %s", k, sweep_lane_text(s, k), s->lane[k].error);
	}
	if (s->code == EXIT_INTERRUPTED)
		output_say("interrupted; the results so far are kept");
	const char *path = s->c->o->no_results ? NULL : arena_printf(s->arena, "%s/sweep.csv", s->out);
	bool ok = sweep_table(s->c, s->names, s->over.n, rows, s->n, path);
	return s->code == EXIT_FINE && !ok ? EXIT_WORLD : s->code;
}

int
sweep_run(Compilation *c, EngineKind kind)
{
	Sweep s = {.c = c, .arena = c->arena, .kind = kind};
	if (c->o->verify)
		return sweep_refuse(c, "`--verify` runs one lane of a sweep");
	if (c->o->dump_state)
		return sweep_refuse(c, "`--dump-state` writes the state of one lane");
	if (c->o->resume)
		return sweep_refuse(c, "`--resume` goes on with one lane of a sweep");
	if (!sweep_find(&s))
		return EXIT_USAGE;
	pthread_mutex_init(&s.lock, NULL);
	uint32_t opened = 0;
	while (opened < s.n && s.code == EXIT_FINE)
		s.code = sweep_compile(&s, opened++);
	if (s.code == EXIT_FINE) {
		LaneGroupVec groups = sweep_join(&s);
		tell_groups(&s, &groups);
		for (uint32_t g = 0; g < groups.n && s.code == EXIT_FINE; g++)
			s.code = kind == ENGINE_C ? run_as_c(&s, &groups.at[g]) : run_group(&s, &groups.at[g]);
		s.code = tell_results(&s);
	}
	for (uint32_t k = 0; k < opened; k++) {
		free(s.lane[k].reports);
		free((char *)s.lane[k].error);
		arena_close(s.lane[k].c.arena);
	}
	pthread_mutex_destroy(&s.lock);
	return s.code;
}
