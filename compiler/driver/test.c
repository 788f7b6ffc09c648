/* test: snnc test: each test is compiled as a program of its own, run by the interpreter and as compiled code, and judged by what
 * both left. One line for each test; what was not met stands below with its place. */
#define _GNU_SOURCE
#include "driver/test.h"

#include "base/panic.h"
#include "driver/output.h"
#include "driver/run.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct {
	const Options *o;
	Arena *arena;
	const char *dir; /* for results */
	bool colour, world, interrupted;
	EngineKind engine[2];
	int engines;
	uint64_t passed, failed;
} Suite;

/* One test of a file, over all its engines and points. */
typedef struct {
	Suite *suite;
	const char *file; /* NULL: of the library */
	uint32_t index;
	Arena *arena;
	const char *title;
	VEC(double) golden; /* what came out, of the first engine */
	const NetExpect *golden_at;
	TestSweep sweep;
	double dt;
	bool failed, world;
} Case;

/* ---- words ------------------------------------------------------------------------------------- */

static void
say_result(const Suite *s, bool ok, const char *title)
{
	const char *on = !s->colour ? "" : ok ? "\033[32m" : "\033[1;31m", *off = s->colour ? "\033[0m" : "";
	printf("%s%s%s  %s\n", on, ok ? "ok    " : "FAILED", off, title);
}

static void
print_messages(const Suite *s, Compilation *c)
{
	StrBuf text = strbuf_init(c->arena);
	run_flush(c, &text, s->colour);
	fputs(strbuf_text(&text), stdout);
}

static const char *
engine_words(EngineKind kind)
{
	return kind == ENGINE_EVAL ? "the interpreter" : kind == ENGINE_C ? "compiled C" : "compiled code";
}

/* "rules/two_factor.snn: RULE: one pair" */
static const char *
title_of(Arena *a, const Compilation *c, TestPlace place)
{
	SourcePlace at;
	const char *file = source_find(c->sources, place.test->span.lo, &at) ? at.file->name : "";
	if (place.decl->kind == ADECL_TEST)
		return arena_printf(a, "%s: %s", file, place.test->name);
	return arena_printf(a, "%s: %s: %s", file, place.decl->name, place.test->name);
}

/* ---- one run ----------------------------------------------------------------------------------- */

static void
report_unmet(Case *t, Compilation *c, const NetExpect *x, const TestVerdict *v, const char *engine, uint32_t point)
{
	t->failed = true;
	if (v->why)
		diag_begin(c->diag, E1002, x->span, "this cannot be judged: %s", v->why);
	else
		diag_begin(c->diag, E1002, x->span, "%s is expected, and it is %s%s", v->wanted, v->got, v->where);
	if (*v->off)
		diag_mark(c->diag, "%s", v->off);
	if (t->sweep.n && !t->sweep.lanes)
		diag_note(c->diag, "%s is %.6g here", t->sweep.label, t->sweep.value[point]);
	if (engine)
		diag_note(c->diag, "only %s gives this", engine);
	diag_end(c->diag);
}

static void
keep_golden(Case *t, Compilation *c, const NetExpect *x, const TestVerdict *v)
{
	t->golden_at = x;
	t->dt = c->net->dt;
	if (v->n != 1 && t->sweep.n && !t->sweep.lanes) {
		diag_begin(c->diag, E1001, x->span, "a point of a sweep needs one value, and this has %" PRIu64, v->n);
		diag_help(c->diag, "pick one: `v[0]`, or take `mean(v)`");
		diag_end(c->diag);
		t->failed = true;
	}
	for (uint64_t i = 0; i < v->n; i++)
		VEC_PUSH(t->arena, &t->golden, v->value[i]);
}

static void
judge(Case *t, Compilation *c, Results *r, int engines, const EngineKind *kinds, uint32_t point)
{
	for (uint32_t i = 0; i < c->net->expects.n; i++) {
		const NetExpect *x = &c->net->expects.at[i];
		TestVerdict v[2] = {{0}};
		for (int k = 0; k < engines; k++) {
			TestReader reader = results_reader(&r[k]);
			v[k] = testing_judge(c->arena, c->net, x, &reader);
		}
		if (x->kind == NEXPECT_GOLDEN && v[0].met)
			keep_golden(t, c, x, &v[0]);
		bool differ = engines == 2 && v[0].met != v[1].met;
		for (int k = 0; k < engines; k++) {
			if (v[k].met)
				continue;
			report_unmet(t, c, x, &v[k], differ ? engine_words(kinds[k]) : NULL, point);
			break;
		}
	}
	const char *file = engines == 2 ? results_differ(&r[0], &r[1]) : NULL;
	if (!file)
		return;
	t->failed = true;
	diag_begin(c->diag, E1003, (Span){0, 0}, "%s and %s give different values: `%s`", engine_words(kinds[0]),
		   engine_words(kinds[1]), file);
	diag_help(c->diag, "this is a bug in snnc");
	diag_end(c->diag);
}

static void
run_engines(Case *t, Compilation *c, Options *o, uint32_t point)
{
	Suite *s = t->suite;
	Results r[2];
	int done = 0;
	for (; done < s->engines; done++) {
		const char *dir = arena_printf(c->arena, "%s/%d", s->dir, done);
		o->out = dir;
		int code = run_plan(c, s->engine[done]);
		if (code != EXIT_FINE) {
			s->interrupted |= code == EXIT_INTERRUPTED;
			t->failed = t->world = true;
			break;
		}
		results_open(&r[done], c->arena, c->net, dir);
	}
	if (done == s->engines)
		judge(t, c, r, done, s->engine, point);
	for (int k = 0; k < s->engines; k++)
		results_remove(arena_printf(c->arena, "%s/%d", s->dir, k));
}

static bool
compile(Case *t, Compilation *c, uint32_t point)
{
	TestPlaceVec places = {0};
	TestEnv env = {c->arena, c->names, c->diag};
	if (!pipeline_run(c, "parse"))
		return false;
	testing_find(c->arena, &c->ast, t->file == NULL, &places);
	ASSERT(t->index < places.n);
	panic_set_stage("testing");
	bool ok = testing_make(&env, &c->ast, places.at[t->index], point, &t->sweep);
	panic_set_stage(NULL);
	return ok && pipeline_resume(c, "expand");
}

/* The tests of a program are compiled, too; what is wrong in them is told. A warning of the program would be told by each. */
int
tests_check(const Options *o, Arena *a)
{
	Suite s = {.o = o, .arena = a};
	TestPlaceVec places = {0};
	Compilation c;
	int code = EXIT_FINE;
	compilation_open(&c, o, a);
	if (pipeline_run(&c, "parse"))
		testing_find(a, &c.ast, false, &places);
	for (uint32_t i = 0; i < places.n; i++) {
		Case t = {.suite = &s, .file = o->file, .index = i, .arena = arena_open()};
		Compilation of_test;
		compilation_open(&of_test, o, t.arena);
		if (!compile(&t, &of_test, 0)) {
			run_tell(&of_test);
			code = of_test.world_errors == diag_errors(of_test.diag) && code != EXIT_TEXT ? EXIT_WORLD : EXIT_TEXT;
		}
		arena_close(t.arena);
	}
	return code;
}

/* ---- goldens ----------------------------------------------------------------------------------- */

/* Beside the text that names it. */
static const char *
golden_path(const Case *t, const Compilation *c)
{
	const char *path = t->golden_at->path;
	SourcePlace at;
	if (!t->file && source_find(c->sources, t->golden_at->span.lo, &at)) {
		const char *name = strchr(at.file->name, '/') + 1, *slash = strrchr(name, '/'); /* behind "<lib>/" */
		path = arena_printf(t->arena, "%.*s%s", slash ? (int)(slash + 1 - name) : 0, name, path);
		return c->o->lib ? arena_printf(t->arena, "%s/%s", c->o->lib, path) : path;
	}
	return strcmp(c->program_dir, ".") == 0 ? path : arena_printf(t->arena, "%s/%s", c->program_dir, path);
}

static Table
golden_table(Case *t)
{
	Table now = {.x = ARENA_ARRAY(t->arena, double, t->golden.n + 1), .y = t->golden.at, .n = t->golden.n};
	for (uint64_t i = 0; i < now.n; i++)
		now.x[i] = i < t->sweep.n ? t->sweep.value[i] : (double)(i + 1) * t->dt;
	return now;
}

static void
unlike_golden(Case *t, Compilation *c, const char *what, const char *help)
{
	t->failed = true;
	diag_begin(c->diag, E1011, t->golden_at->span, "%s", what);
	diag_help(c->diag, "%s", help);
	diag_end(c->diag);
}

static void
compare_golden(Case *t, Compilation *c)
{
	const char *why, *path = golden_path(t, c);
	Table now = golden_table(t), want;
	bool built_in = !t->file && !c->o->lib;
	if (t->suite->o->update && built_in) {
		unlike_golden(t, c, arena_printf(t->arena, "`%s` is built in", path), "name a folder of models: `--lib lib --update`");
		return;
	}
	if (t->suite->o->update) {
		if (!golden_write(t->arena, path, t->sweep.n ? t->sweep.label : "t [ms]", "value", &now))
			t->failed = t->world = true;
		return;
	}
	const char *update = "if what comes out is right, `snnc test --update` writes it there";
	if (!golden_read(t->arena, path, built_in, &want, &why)) {
		unlike_golden(t, c, arena_printf(t->arena, "`%s` cannot be compared with: %s", path, why), update);
		return;
	}
	if (want.n != now.n) {
		unlike_golden(t, c, arena_printf(t->arena, "`%s` has %" PRIu64 " rows, and %" PRIu64 " come out", path, want.n, now.n), update);
		return;
	}
	why = testing_compare(t->arena, now.x, now.x, want.x, now.n);
	if (why) {
		unlike_golden(t, c, arena_printf(t->arena, "the first column of `%s` is another: %s", path, why), update);
		return;
	}
	why = testing_compare(t->arena, now.x, want.y, now.y, now.n);
	if (why)
		unlike_golden(t, c, arena_printf(t->arena, "this is not as in `%s`: %s", path, why), update);
}

/* ---- one test ---------------------------------------------------------------------------------- */

/* False: no further point. Messages are printed behind the line of the test. */
static bool
run_point(Case *t, uint32_t point, bool last, StrBuf *messages)
{
	Options o = *t->suite->o;
	Compilation c;
	Arena *a = arena_open();
	o.file = t->file;
	o.quiet = true;
	compilation_open(&c, &o, a);
	bool ok = compile(t, &c, point);
	if (ok)
		run_engines(t, &c, &o, point);
	t->failed |= !ok;
	t->world |= c.world_errors > 0;
	uint32_t n = t->sweep.n && !t->sweep.lanes ? t->sweep.n : 1;
	last = last || point + 1 >= n;
	if (ok && last && !t->failed && t->golden_at)
		compare_golden(t, &c);
	run_flush(&c, messages, t->suite->colour);
	t->golden_at = NULL;
	t->sweep.label = t->sweep.label ? arena_strdup(t->arena, t->sweep.label) : NULL;
	t->sweep.value = t->sweep.n ? arena_copy(t->arena, t->sweep.value, t->sweep.n * sizeof *t->sweep.value) : NULL;
	arena_close(a);
	return !t->failed && !last;
}

static void
run_case(Suite *s, const char *file, uint32_t index, const char *title)
{
	Case t = {.suite = s, .file = file, .index = index, .arena = arena_open(), .title = title};
	StrBuf messages = strbuf_init(t.arena);
	for (uint32_t point = 0; run_point(&t, point, false, &messages); point++)
		;
	say_result(s, !t.failed, title);
	fputs(strbuf_text(&messages), stdout);
	fflush(stdout);
	s->passed += !t.failed;
	s->failed += t.failed;
	s->world |= t.world;
	arena_close(t.arena);
}

/* ---- files ------------------------------------------------------------------------------------- */

typedef VEC(const char *) TitleVec;

/* The tests of a file, before any of them runs. False: it cannot be read; that is told. */
static bool
titles(Suite *s, const char *file, TitleVec *out)
{
	Options o = *s->o;
	Compilation c;
	Arena *a = arena_open();
	TestPlaceVec places = {0};
	o.file = file;
	compilation_open(&c, &o, a);
	bool ok = pipeline_run(&c, "parse");
	if (!ok) {
		say_result(s, false, file ? file : "the library");
		print_messages(s, &c);
		s->world |= c.world_errors > 0;
	}
	testing_find(a, &c.ast, file == NULL, &places);
	for (uint32_t i = 0; i < places.n; i++)
		VEC_PUSH(s->arena, out, title_of(s->arena, &c, places.at[i]));
	arena_close(a);
	return ok;
}

static bool
is_wanted(const Suite *s, const char *file, const char *title)
{
	size_t n = file ? strlen(file) : 0;
	if (!s->o->filter)
		return true;
	return strstr(strncmp(title, file ? file : "", n) == 0 ? title + n : title, s->o->filter) != NULL;
}

static void
run_file(Suite *s, const char *file)
{
	TitleVec all = {0};
	if (!titles(s, file, &all)) {
		s->failed++;
		return;
	}
	for (uint32_t i = 0; i < all.n && !s->interrupted; i++) {
		if (is_wanted(s, file, all.at[i]))
			run_case(s, file, i, all.at[i]);
	}
}

static bool
open_suite(Suite *s, const Options *o, Arena *a)
{
	const char *none = getenv("NO_COLOR"), *tmp = getenv("TMPDIR");
	*s = (Suite){.o = o, .arena = a, .colour = isatty(STDOUT_FILENO) && !(none && *none)};
	s->engine[0] = o->engine == ENGINE_DEFAULT ? ENGINE_EVAL : o->engine;
	s->engine[1] = run_compiled_engine();
	s->engines = o->engine == ENGINE_DEFAULT ? 2 : 1;
	char *dir = arena_printf(a, "%s/snnc-test-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	s->dir = mkdtemp(dir);
	if (!s->dir)
		output_say("no folder for results can be made in `%s`: %s", tmp && *tmp ? tmp : "/tmp", strerror(errno));
	return s->dir != NULL;
}

int
command_test(const Options *o, Arena *a)
{
	Suite s;
	PathVec files = {0};
	if (!test_files(a, o, &files) || !open_suite(&s, o, a))
		return EXIT_WORLD;
	for (uint32_t i = 0; i < files.n && !s.interrupted; i++)
		run_file(&s, files.at[i]);
	if (o->files.n == 0)
		run_file(&s, NULL);
	results_remove(s.dir);
	if (o->filter && s.passed + s.failed == 0) {
		output_say("no test has `%s` in its model or name", o->filter);
		return EXIT_USAGE;
	}
	const char *on = !s.colour ? "" : s.failed ? "\033[1;31m" : "\033[32m";
	printf("%s%" PRIu64 " passed, %" PRIu64 " failed%s\n", on, s.passed, s.failed, s.colour ? "\033[0m" : "");
	return s.interrupted ? EXIT_INTERRUPTED : s.world ? EXIT_WORLD : s.failed ? EXIT_TEXT : EXIT_FINE;
}
