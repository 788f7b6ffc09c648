/* test_parse: programs against their trees (tests/parse), every message with its place, and mutated
 * programs, of which none may crash, hang or give an unsound tree. */
#include "parse/parse.h"

#include "suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
	Arena *arena;
	ParseEnv env;
	AstProgram program;
	bool ok;
} Run;

static Run
run_open(void)
{
	Arena *a = arena_open();
	SourceMap *m = source_open(a);
	Run r = {.arena = a};
	r.env = (ParseEnv){a, intern_open(a), m, diag_open(a, m)};
	return r;
}

static Run
run_text(const char *text, size_t size)
{
	Run r = run_open();
	const SourceFile *f = source_add(r.env.sources, "t", text, size, false);
	r.ok = parse_file(&r.env, f, &r.program);
	return r;
}

static const char *
tree(Run *r)
{
	StrBuf out = strbuf_init(r->arena);
	ast_print(&out, &r->program, true);
	return strbuf_text(&out);
}

/* Of each message "line:col code: text", joined by '|'. */
static const char *
messages(Run *r)
{
	StrBuf all = strbuf_init(r->arena), out = strbuf_init(r->arena);
	diag_flush(r->env.diag, &all, false);
	for (const char *line = strbuf_text(&all); *line;) {
		const char *end = strchr(line, '\n');
		const char *mark = strstr(line, ": error[");
		if (strncmp(line, "t:", 2) == 0 && mark && mark < end) {
			strbuf_puts(&out, out.n ? "|" : "");
			strbuf_putn(&out, line + 2, (size_t)(mark - line) - 2);
			strbuf_printf(&out, " %.5s%.*s", mark + 8, (int)(end - mark - 14),
				      mark + 14);
		}
		line = end + 1;
	}
	return strbuf_text(&out);
}

static void
expect(const char *text, const char *want)
{
	Run r = run_text(text, strlen(text));
	const char *got = messages(&r);
	CU_ASSERT_STRING_EQUAL(got, want);
	if (strcmp(got, want) != 0)
		printf("\n  text  %s\n  want  %s\n  got   %s\n", text, want, got);
	CU_ASSERT_EQUAL(r.ok, *want == '\0');
	CU_ASSERT_PTR_NULL(ast_verify(&r.program, false, r.arena));
	arena_close(r.arena);
}

/* The whole output, for labels and help. */
static void
expect_in(const char *text, const char *part)
{
	Run r = run_text(text, strlen(text));
	StrBuf out = strbuf_init(r.arena);
	diag_flush(r.env.diag, &out, false);
	CU_ASSERT_PTR_NOT_NULL(strstr(strbuf_text(&out), part));
	if (!strstr(strbuf_text(&out), part))
		printf("\n  want  %s\n  got   %s\n", part, strbuf_text(&out));
	arena_close(r.arena);
}

/* ---- programs and their trees ---------------------------------------------------------------- */

static const char *const goldens[] = {"program", "models", "layout", "names", "expressions"};
enum { GOLDENS = sizeof goldens / sizeof *goldens };

static char *
read_file(Arena *a, const char *name, const char *suffix)
{
	const char *path = arena_printf(a, "%s/tests/parse/%s.%s", SNNC_SOURCE_DIR, name, suffix);
	FILE *in = fopen(path, "rb");
	if (!in)
		return NULL;
	char *text = arena_alloc(a, 1 << 16);
	size_t n = fread(text, 1, (1 << 16) - 1, in);
	text[n] = '\0';
	fclose(in);
	return text;
}

static void
trees_are_those_of_the_goldens(void)
{
	for (int i = 0; i < GOLDENS; i++) {
		Arena *a = arena_open();
		char *text = read_file(a, goldens[i], "snn"),
		     *want = read_file(a, goldens[i], "ast");
		CU_ASSERT_TRUE_FATAL(text && want);
		Run r = run_text(text, strlen(text));
		CU_ASSERT_TRUE(r.ok);
		CU_ASSERT_STRING_EQUAL(tree(&r), want);
		CU_ASSERT_STRING_EQUAL(messages(&r), "");
		CU_ASSERT_PTR_NULL(ast_verify(&r.program, false, r.arena));
		arena_close(r.arena);
		arena_close(a);
	}
}

static void
empty_texts_are_programs(void)
{
	expect("", "");
	expect("\n\n # nothing\n;;\n", "");
	expect("\xEF\xBB\xBFparam a = 1\r\nparam b = 2\r\n", "");
}

static void
places_are_those_of_the_text(void)
{
	const char *text = "param n =  20 ms\nlayer a : B[1](x = y.z)";
	Run r = run_text(text, strlen(text));
	const AstDecl *n = r.program.decls.at[0], *a = r.program.decls.at[1];
	const AstExpr *e = n->value.value, *yz = a->layer.args.at[0].value;
	CU_ASSERT_TRUE(n->span.lo == 1 && n->span.hi == 17);
	CU_ASSERT_TRUE(n->name_span.lo == 7 && n->name_span.hi == 8);
	CU_ASSERT_TRUE(e->span.lo == 12 && e->span.hi == 17);
	CU_ASSERT_TRUE(e->num.unit_span.lo == 15 && e->num.unit_span.hi == 17);
	CU_ASSERT_TRUE(e->num.is_int && e->num.value == 20);
	CU_ASSERT_TRUE(a->layer.args.at[0].name_span.lo == 33);
	CU_ASSERT_TRUE(yz->span.lo == 37 && yz->span.hi == 40 && yz->name_span.lo == 39);
	arena_close(r.arena);
}

static void
expressions_of_options_are_read(void)
{
	Run r = run_open();
	StrBuf out = strbuf_init(r.arena);
	AstExpr *e = parse_expr_text(&r.env, "t", " 2 * 20 ms\n");
	CU_ASSERT_PTR_NOT_NULL_FATAL(e);
	ast_print_expr(&out, e);
	CU_ASSERT_STRING_EQUAL(strbuf_text(&out), "(* 2 20 ms)");
	CU_ASSERT_EQUAL(diag_errors(r.env.diag), 0);
	CU_ASSERT_PTR_NULL(parse_expr_text(&r.env, "t", ""));
	CU_ASSERT_STRING_EQUAL(messages(&r),
			       "1:1 E0102: expected a value, found the end of the text");
	CU_ASSERT_PTR_NULL(parse_expr_text(&r.env, "t", "1 2"));
	CU_ASSERT_PTR_NULL(parse_expr_text(&r.env, "t", "20 mv"));
	CU_ASSERT_PTR_NULL(parse_expr_text(&r.env, "t", "a }"));
	CU_ASSERT_PTR_NULL(parse_expr_text(&r.env, "t", "a ; b"));
	CU_ASSERT_PTR_NULL(parse_expr_text(&r.env, "t", "(a {"));
	CU_ASSERT_EQUAL(diag_errors(r.env.diag), 6);
	arena_close(r.arena);
}

/* ---- messages -------------------------------------------------------------------------------- */

static void
bad_characters_are_named(void)
{
	expect("param a = 3 ? 2\nparam b = 1", "1:13 E0101: `?` has no meaning here");
	expect("param a = 3 \xC3\x97 4", "1:13 E0101: `\xC3\x97` has no meaning here");
	expect("param a = b && !c",
	       "1:13 E0101: `&&` has no meaning here|1:16 E0101: `!` has no meaning here");
	expect("param a = \x01", "1:11 E0101: the byte 0x01 has no meaning here");
	expect("param a = \xFF", "1:11 E0101: the byte 0xFF has no meaning here");
	expect("// c\nparam a = 1", "1:1 E0113: comments start with `#`");
	expect("param a = 'b'", "1:11 E0112: strings stand between double quotes");
	expect("param a = \"\\q\"", "1:12 E0111: this has no meaning in a string");
	expect("neuron N { if' = 3 }", "1:12 E0101: `if` is a word of the language and no state");
	expect_in("param a = 2 ** 3", "there is no power operator");
}

static void
strings_and_numbers_that_break_off(void)
{
	expect("data d = idx(\"a\", \"b)\nparam a = 1", "1:19 E0104: this string is never closed");
	expect("param s = \"a\\", "1:11 E0104: this string is never closed");
	expect("param s = \"", "1:11 E0104: this string is never closed");
	expect("param a = 1e999", "1:11 E0115: this number is too large");
	expect("param a = .5 + 0x1F + 1.2.3 + 2e- + 5.\n",
	       "1:11 E0105: this is not how a number is written|1:16 E0105: this is not how a "
	       "number is written|"
	       "1:23 E0105: this is not how a number is written|1:31 E0105: this is not how a "
	       "number is written|"
	       "1:37 E0105: this is not how a number is written");
}

static void
words_behind_numbers_are_units(void)
{
	expect("param a = 20 mv", "1:14 E0106: `mv` is not a unit");
	expect_in("param a = 20 mv", "did you mean `mV`?");
	expect("param a = 20 qwertz * 3", "1:14 E0106: `qwertz` is not a unit");
	expect("param a = 20qwertz", "1:13 E0106: `qwertz` is not a unit");
	expect("param a = [20 mS, 30 foo]\nparam b = 2", "1:22 E0106: `foo` is not a unit");
	expect("param a = 20\nparam b = 3", "");
	expect("param a = 3 layer", "1:13 E0102: expected the end of the line, found `layer`");
}

static void
declarations_that_do_not_parse(void)
{
	expect("param n 400", "1:9 E0102: expected `=`, found the number `400`");
	expect("param in = 3", "1:7 E0102: expected a name, found `in`");
	expect_in("param in = 3", "`in` is a reserved word");
	expect("foo = 3", "1:1 E0102: expected a declaration, found `foo`");
	expect_in("foo = 3", "`param foo = ");
	expect("lyer exc : A[3]", "1:1 E0102: expected a declaration, found `lyer`");
	expect_in("lyer exc : A[3]", "did you mean `layer`?");
	expect("layer a A[3]", "1:9 E0102: expected `:`, found `A`");
	expect("layer a : A", "1:12 E0102: expected `[`, found the end of the file");
	expect("layer c : A[3](rest : 3)", "1:21 E0102: expected `)`, `,` or `=`, found `:`");
	expect_in("layer c : A[3](rest : 3)", "an argument is named by `=`");
	expect("param x = (pre = 3)", "1:16 E0102: expected `)`, `,` or `:`, found `=`");
	expect_in("param x = (pre = 3)", "(name: value)");
	expect("param x = a < b < c", "1:17 E0102: expected the end of the line, found `<`");
	expect_in("param x = a < b < c", "not chained");
	expect("param x = 1 2", "1:13 E0102: expected the end of the line, found the number `2`");
	expect("param x =", "1:10 E0102: expected a value, found the end of the file");
	expect("param x = \"a\" \"b\"", "1:15 E0102: expected the end of the line, found a string");
	expect("connect a -> b { 3 }",
	       "1:18 E0102: expected a feature or `}`, found the number `3`");
	expect("connect a -> b { weight = 1 { range 1 } }",
	       "1:37 E0102: expected `[` or `=`, found the number `1`");
	expect("neuron A(x) { stat v = 0 }",
	       "1:15 E0102: expected an equation, `let`, `state`, `trace`, `step`, `on`, `spike` or `method`, found `stat`");
	expect_in("neuron A(x) { stat v = 0 }", "did you mean `state`?");
	expect("neuron A { state w = 3 kept of reset }", "1:29 E0102: expected `on`, found `of`");
	expect("record exc.v every 10 step", "1:23 E0102: expected the end of the line, `as`, `from`, `every`, "
					     "`samples`, `steps` or `during`, found `step`");
	expect("signal reward = 0", "");
	expect("run 250 ms", "1:1 E0102: expected a declaration, found `run`");
	expect_in("run 250 ms", "the protocol stands in `experiment");
}

static void
statements_that_do_not_parse(void)
{
	expect("feature f { if v = 3 { spike } else { spike } }",
	       "1:18 E0102: expected `{`, found `=`");
	expect_in("feature f { if v = 3 { spike } }", "equality is written `==`");
	expect("feature f { v == 3 }", "1:15 E0102: expected `=`, found `==`");
	expect("feature f { keep one spike ; 3 + 4 }",
	       "1:28 E0102: expected `at`, found `;`|1:30 E0102: expected a statement or `}`, "
	       "found the number `3`");
	expect("feature f { spke }", "1:17 E0102: expected `=`, found `}`");
	expect_in("feature f { spke }", "did you mean `spike`?");
	expect("feature f { else { } }", "1:13 E0102: expected a statement or `}`, found `else`");
	expect("experiment { vot exc for label by x }", "1:18 E0102: expected `=`, found `exc`");
	expect_in("experiment { vot exc for label by x }", "did you mean `vote`?");
	expect("experiment { run }", "1:17 E0102: expected a value, found `}`");
	expect("experiment { save input.weight }", "1:31 E0102: expected `to`, found `}`");
	expect("experiment { for a in b as c\n run 3 }",
	       "1:29 E0102: expected `{`, found the end of the line");
}

static void
what_the_text_alone_shows(void)
{
	expect("layer a : B[1] { trace x { on spike set 1 } }",
	       "1:18 E0109: the trace `x` has no `tau`");
	expect("layer a : B[1] { trace x { tau = 1 } }",
	       "1:18 E0109: the trace `x` has no `on spike`");
	expect("connect a -> b { weight = 1 { range [0, 1] ; decay 2 ; range [0, 2] } }",
	       "1:56 E0108: `range` is written twice");
	expect("record a.b every 3 every 4", "1:20 E0108: `every` is written twice");
	expect("layer a : B[1] { method = m ; method = n }", "1:31 E0108: `method` is written twice");
}

static void
brackets_that_are_never_closed(void)
{
	expect("layer a : A[3\nlayer b : B[n](r = 3\nparam x = f(1\n",
	       "1:14 E0102: expected `]` or `,`, found the end of the line|"
	       "2:21 E0102: expected `)` or `,`, found the end of the line|"
	       "3:14 E0102: expected `)` or `,`, found the end of the file");
	expect_in("layer a : A[3\nparam x = 3", "- opened here");
	expect("connect a -> b { weight = f(1 }\nparam b = 2",
	       "1:30 E0102: expected `)` or `,`, found `}`");
	expect("experiment { run f(1\n run 250 ms\n reset }",
	       "1:21 E0102: expected `)` or `,`, found the end of the line");
	expect("param a = (1]", "1:13 E0102: expected `)` or `,`, found `]`");
	expect("param a = (1;\nparam b 2",
	       "1:13 E0102: expected `)` or `,`, found `;`|2:9 E0102: expected `=`, found the number `2`");
}

static void
braces_that_do_not_match(void)
{
	expect("neuron A {\n  step {\n    v = 1\nparam b = 2\nfoo 3",
	       "4:1 E0103: a `}` is missing before `param`|5:1 E0102: expected a declaration, "
	       "found `foo`");
	expect_in("neuron A {\n  step {\n    v = 1\n  }\nparam b = 2",
		  "1 | neuron A {\n      |          - this block is never closed");
	expect_in("neuron A {\n  step {\n    if a {\n    v = 1\n  }\n}\nparam b = 2",
		  "3 |     if a {\n      |          - this block is never closed");
	expect("experiment {", "1:13 E0103: a `}` is missing before the end of the file");
	expect("neuron A { step { if a = b { v = 1",
	       "1:24 E0102: expected `{`, found `=`|"
	       "1:35 E0103: a `}` is missing before the end of the file");
	expect("param a = 1 }\nparam b 2",
	       "1:13 E0110: this `}` closes nothing|2:9 E0102: expected `=`, found the number `2`");
}

static void
one_run_tells_all_errors(void)
{
	expect("param a 1\nlayer b B[1] {\n trace x { foo }\n}\nneuron N {\n step { v = ; w = 1 + "
	       "; x = 1 }\n state 3\n}\n"
	       "experiment { for x y in z { run 3 ms } ; run }\n",
	       "1:9 E0102: expected `=`, found the number `1`|2:9 E0102: expected `:`, found `B`|"
	       "6:13 E0102: expected a value, found `;`|6:23 E0102: expected a value, found `;`|"
	       "7:8 E0102: expected a name, found the number `3`|9:20 E0102: expected `,` or `in`, "
	       "found `y`|"
	       "9:45 E0102: expected a value, found `}`");
}

static char *
repeat(Arena *a, const char *head, const char *s, int n, const char *tail)
{
	StrBuf out = strbuf_init(a);
	strbuf_puts(&out, head);
	for (int i = 0; i < n; i++)
		strbuf_puts(&out, s);
	strbuf_puts(&out, tail);
	return arena_strdup(a, strbuf_text(&out));
}

static void
depth_has_a_limit(void)
{
	static const char *const pieces[] = {
		"(", "[", "-", "not ", "a + ", "a if b else ", "f(x, k = 1 + 2 * ", "f(", "a."};
	Arena *a = arena_open();
	for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
		for (int n = 300; n <= 30000; n *= 10) {
			const char *text = repeat(a, "param a = ", pieces[i], n, "1\nfoo");
			Run r = run_text(text, strlen(text));
			CU_ASSERT_PTR_NOT_NULL(strstr(messages(&r), "E0107"));
			CU_ASSERT_PTR_NULL(ast_verify(&r.program, false, r.arena));
			arena_close(r.arena);
		}
	}
	const char *text = repeat(a, "feature f { ", "if a { } else { ", 1000, "");
	Run r = run_text(text, strlen(text));
	CU_ASSERT_PTR_NOT_NULL(strstr(messages(&r), "E0107"));
	arena_close(r.arena);
	expect(repeat(a, "param a = ", "(", 250, repeat(a, "1", ")", 250, "")), "");
	expect(repeat(a, "param a = ", "f(x, k = 1 + (2) * ", 60, repeat(a, "1", ")", 60, "")), "");
	expect(repeat(a, "feature f { ", "if a { if b { v = 1 } else if c { ", 120,
		      repeat(a, "", "} }", 120, "}")),
	       "");
	expect(repeat(a, "param a = [1", ", 2", 20000, "]"), "");
	arena_close(a);
}

/* ---- mutated programs ------------------------------------------------------------------------ */

typedef struct {
	unsigned long long state;
} Random;

static unsigned
below(Random *r, unsigned n)
{
	r->state = r->state * 6364136223846793005ull + 1442695040888963407ull;
	return n ? (unsigned)(r->state >> 33) % n : 0;
}

static const char *const scraps[] = {"{",
				     "}",
				     "(",
				     ")",
				     "[",
				     "]",
				     "\n",
				     ";",
				     ",",
				     "\"",
				     "'",
				     "=",
				     "==",
				     ":",
				     "..",
				     "->",
				     "#",
				     "1",
				     "1e",
				     ".",
				     "mV",
				     " ms",
				     " if ",
				     " else ",
				     " not ",
				     "-",
				     "layer ",
				     "experiment {",
				     "for ",
				     " of ",
				     "trace x",
				     "state ",
				     "spike",
				     "error ",
				     "\\",
				     "\xC3",
				     "\xE2\x88\x92",
				     "\x00",
				     "1 layer",
				     "} else {",
				     "norm ",
				     "in ",
				     "record a.b",
				     "(pre: ",
				     "neuron N {",
				     "step {"};

/* One small change; the text may grow to `cap`. */
static size_t
mutate(Random *r, char *text, size_t n, size_t cap)
{
	size_t at = below(r, (unsigned)n + 1), len = below(r, 12) + 1;
	size_t cut = at + len <= n ? len : n - at;
	const char *scrap = scraps[below(r, sizeof scraps / sizeof *scraps)];
	size_t add = *scrap ? strlen(scrap) : 1;
	switch (below(r, 5)) {
	case 0: /* delete */
		memmove(text + at, text + at + cut, n - at - cut);
		return n - cut;
	case 1: /* insert */
		if (n + add > cap)
			return n;
		memmove(text + at + add, text + at, n - at);
		memcpy(text + at, scrap, add);
		return n + add;
	case 2: /* another byte */
		if (at < n)
			text[at] = (char)below(r, 256);
		return n;
	case 3: /* repeat what stands here */
		if (n + cut > cap)
			return n;
		memmove(text + at + cut, text + at, n - at);
		return n + cut;
	default: /* break off */
		return below(r, 8) ? n : at;
	}
}

static void
mutated_programs_do_no_harm(void)
{
	enum { ROUNDS = 4000, CAP = 8192 };
	Arena *a = arena_open();
	Random r = {1};
	char *text = arena_alloc(a, CAP);
	unsigned bad = 0;
	for (int round = 0; round < ROUNDS; round++) {
		ArenaMark m = arena_mark(a);
		const char *seed = read_file(a, goldens[below(&r, GOLDENS)], "snn");
		size_t n = strlen(seed);
		CU_ASSERT_TRUE_FATAL(n < CAP / 2);
		memcpy(text, seed, n);
		for (unsigned i = below(&r, 6) + 1; i; i--)
			n = mutate(&r, text, n, CAP);
		Run run = run_text(text, n);
		bad += !run.ok;
		const char *why = ast_verify(&run.program, false, run.arena);
		if (run.ok != (diag_errors(run.env.diag) == 0) || why)
			CU_FAIL("a mutated program");
		(void)tree(&run);
		(void)messages(&run);
		arena_close(run.arena);
		arena_reset(a, m);
	}
	CU_ASSERT_TRUE(bad > ROUNDS / 2);
	arena_close(a);
}

CU_TestInfo test_parse[] = {
	{"trees are those of the goldens", trees_are_those_of_the_goldens},
	{"empty texts are programs", empty_texts_are_programs},
	{"places are those of the text", places_are_those_of_the_text},
	{"expressions of options are read", expressions_of_options_are_read},
	{"bad characters are named", bad_characters_are_named},
	{"strings and numbers that break off", strings_and_numbers_that_break_off},
	{"words behind numbers are units", words_behind_numbers_are_units},
	{"declarations that do not parse", declarations_that_do_not_parse},
	{"statements that do not parse", statements_that_do_not_parse},
	{"what the text alone shows", what_the_text_alone_shows},
	{"brackets that are never closed", brackets_that_are_never_closed},
	{"braces that do not match", braces_that_do_not_match},
	{"one run tells all errors", one_run_tells_all_errors},
	{"depth has a limit", depth_has_a_limit},
	{"mutated programs do no harm", mutated_programs_do_no_harm},
	CU_TEST_INFO_NULL,
};
