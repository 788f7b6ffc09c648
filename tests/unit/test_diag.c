/* test_diag: messages as they are printed, character by character. */
#include "diag/diag.h"
#include "suites.h"

#include <stdio.h>
#include <string.h>

typedef struct { Arena *arena; SourceMap *sources; Diag *diag; } Fixture;

static Fixture
open_fixture(void)
{
	Fixture f = {.arena = arena_open()};
	f.sources = source_open(f.arena);
	f.diag = diag_open(f.arena, f.sources);
	return f;
}

static const SourceFile *
add(Fixture *f, const char *name, const char *text)
{
	return source_add(f->sources, name, text, strlen(text), false);
}

/* The nth (from 0) place of `word` in the file. */
static Span
at(const SourceFile *file, const char *word, int nth)
{
	const char *p = strstr(file->text, word);
	while (nth-- > 0)
		p = strstr(p + 1, word);
	uint32_t lo = file->base + (uint32_t)(p - file->text);
	return (Span){lo, lo + (uint32_t)strlen(word)};
}

static void
expect(Fixture *f, bool colour, const char *expected)
{
	StrBuf out = strbuf_init(f->arena);
	diag_flush(f->diag, &out, colour);
	const char *text = strbuf_text(&out);
	if (strcmp(text, expected) != 0)
		fprintf(stderr, "\n--- expected\n%s--- got\n%s---\n", expected, text);
	CU_ASSERT_STRING_EQUAL(text, expected);
}

static void
a_message_is_one_object_in_one_line(void)
{
	Fixture f = open_fixture();
	const SourceFile *s = add(&f, "a.snn", "x\n\xC3\xB6 = ta \"u\"\n");
	diag_begin(f.diag, E0201, at(s, "ta", 0), "nothing is called `ta`\tor \"u\"");
	diag_mark(f.diag, "here");
	diag_label(f.diag, at(s, "x", 0), "near");
	diag_suggest(f.diag, "ta", "tau");
	diag_note(f.diag, "one");
	diag_end(f.diag);
	diag_begin(f.diag, W0601, (Span){0, 0}, "nothing runs");
	diag_end(f.diag);
	StrBuf out = strbuf_init(f.arena);
	diag_flush_json(f.diag, &out);
	CU_ASSERT_STRING_EQUAL(strbuf_text(&out),
		"{\"severity\":\"warning\",\"code\":\"W0601\",\"slug\":\"no_protocol\",\"message\":\"nothing runs\",\"labels\":[],"
		"\"notes\":[],\"helps\":[],\"fixes\":[]}\n"
		"{\"severity\":\"error\",\"code\":\"E0201\",\"slug\":\"unknown_name\",\"message\":\"nothing is called `ta`\\u0009or "
		"\\\"u\\\"\",\"file\":\"a.snn\",\"line\":2,\"column\":5,\"end_line\":2,\"end_column\":7,\"offset\":7,\"length\":2,"
		"\"label\":\"here\",\"labels\":[{\"file\":\"a.snn\",\"line\":1,\"column\":1,\"end_line\":1,\"end_column\":2,"
		"\"offset\":0,\"length\":1,\"message\":\"near\"}],\"notes\":[\"one\"],\"helps\":[\"did you mean `tau`?\"],"
		"\"fixes\":[{\"file\":\"a.snn\",\"line\":2,\"column\":5,\"end_line\":2,\"end_column\":7,\"offset\":7,\"length\":2,"
		"\"replacement\":\"tau\"}]}\n");
	arena_close(f.arena);
}

static void
a_fix_stands_only_where_the_name_does(void)
{
	Fixture f = open_fixture();
	const SourceFile *s = add(&f, "a.snn", "a.w\n");
	diag_begin(f.diag, E0203, at(s, "a.w", 0), "no state");
	diag_suggest(f.diag, "w", "v");
	diag_end(f.diag);
	StrBuf out = strbuf_init(f.arena);
	diag_flush_json(f.diag, &out);
	CU_ASSERT_PTR_NOT_NULL(strstr(strbuf_text(&out), "\"fixes\":[]"));
	DiagCode code;
	CU_ASSERT_TRUE(diag_code_find("e0203", &code) && code == E0203);
	CU_ASSERT_FALSE(diag_code_find("E02", &code));
	arena_close(f.arena);
}

static void
a_message_shows_its_place_with_carets_labels_and_help(void)
{
	Fixture f = open_fixture();
	const SourceFile *s = add(&f, "lif.snn", "layer\n    v = rest + tau\n");
	diag_begin(f.diag, E0301, at(s, "tau", 0), "a %s cannot be added to a %s", "voltage", "time");
	diag_mark(f.diag, "this is a time (ms)");
	diag_label(f.diag, at(s, "rest", 0), "this is a voltage (mV)");
	diag_help(f.diag, "divide by a time first");
	diag_note(f.diag, "`tau` is declared in ms");
	diag_end(f.diag);
	expect(&f, false,
		"lif.snn:2:16: error[E0301]: a voltage cannot be added to a time\n"
		"    2 |     v = rest + tau\n"
		"      |                ^^^ this is a time (ms)\n"
		"      |         ---- this is a voltage (mV)\n"
		"      = help: divide by a time first\n"
		"      = note: `tau` is declared in ms\n");
	arena_close(f.arena);
}

static void
labels_of_other_lines_stand_in_the_order_of_the_file(void)
{
	Fixture f = open_fixture();
	const SourceFile *s = add(&f, "a.snn", "layer a\nlayer b\nlayer c\nlayer d\nlayer a\n");
	diag_begin(f.diag, E0202, at(s, "a\n", 1), "`a` is declared twice");
	diag_label(f.diag, at(s, "b", 0), "not this one");
	diag_label(f.diag, at(s, "a\n", 0), "first declared here");
	diag_end(f.diag);
	expect(&f, false,
		"a.snn:5:7: error[E0202]: `a` is declared twice\n"
		"    1 | layer a\n"
		"      |       - first declared here\n"
		"    2 | layer b\n"
		"      |       - not this one\n"
		"    ...\n"
		"    5 | layer a\n"
		"      |       ^\n");
	arena_close(f.arena);
}

static void
a_label_in_another_file_says_so(void)
{
	Fixture f = open_fixture();
	const SourceFile *lib = add(&f, "<lib>/x.snn", "\nneuron X(a = 1)\n");
	const SourceFile *s = add(&f, "a.snn", "layer l : X(b = 2)\n");
	diag_begin(f.diag, E0204, at(s, "b", 0), "`X` has no parameter `b`");
	diag_label(f.diag, at(lib, "X", 0), "declared here");
	diag_end(f.diag);
	expect(&f, false,
		"a.snn:1:13: error[E0204]: `X` has no parameter `b`\n"
		"    1 | layer l : X(b = 2)\n"
		"      |             ^\n"
		"    --> <lib>/x.snn:2:8\n"
		"    2 | neuron X(a = 1)\n"
		"      |        - declared here\n");
	arena_close(f.arena);
}

static void
tabs_and_wide_characters_keep_the_carets_in_place(void)
{
	Fixture f = open_fixture();
	/* A tab, two wide characters, an e with a combining accent; then the word. */
	const SourceFile *s = add(&f, "a.snn", "\tx \xE6\xBC\xA2\xE5\xAD\x97 e\xCC\x81 word\n");
	diag_begin(f.diag, E0201, at(s, "word", 0), "no");
	diag_label(f.diag, at(s, "\xE5\xAD\x97", 0), "wide");
	diag_end(f.diag);
	expect(&f, false,
		"a.snn:1:10: error[E0201]: no\n"
		"    1 |     x \xE6\xBC\xA2\xE5\xAD\x97 e\xCC\x81 word\n"
		"      |              ^^^^\n"
		"      |         -- wide\n");
	arena_close(f.arena);
}

static void
the_end_of_the_text_and_empty_spans_get_one_caret(void)
{
	Fixture f = open_fixture();
	const SourceFile *s = add(&f, "a.snn", "layer");
	diag_begin(f.diag, E0102, (Span){s->base + 5, s->base + 5}, "a name was expected");
	diag_end(f.diag);
	const SourceFile *e = add(&f, "b.snn", "");
	diag_begin(f.diag, E0102, (Span){e->base, e->base}, "something was expected");
	diag_end(f.diag);
	expect(&f, false,
		"a.snn:1:6: error[E0102]: a name was expected\n"
		"    1 | layer\n"
		"      |      ^\n"
		"b.snn:1:1: error[E0102]: something was expected\n"
		"    1 |\n"
		"      | ^\n");
	arena_close(f.arena);
}

static void
a_span_of_several_lines_is_marked_to_the_end_of_its_first(void)
{
	Fixture f = open_fixture();
	const SourceFile *s = add(&f, "a.snn", "a {\n b\n}\n");
	diag_begin(f.diag, E0103, at(s, "{\n b\n}", 0), "no");
	diag_end(f.diag);
	expect(&f, false,
		"a.snn:1:3: error[E0103]: no\n"
		"    1 | a {\n"
		"      |   ^\n");
	arena_close(f.arena);
}

static void
of_a_long_line_the_part_around_the_mark_is_shown(void)
{
	Fixture f = open_fixture();
	char *text = arena_alloc(f.arena, 2001);
	memset(text, '.', 2000);
	memcpy(text + 1000, "here", 4);
	const SourceFile *s = add(&f, "a.snn", text);
	diag_begin(f.diag, E0101, at(s, "here", 0), "no");
	diag_end(f.diag);
	StrBuf out = strbuf_init(f.arena);
	diag_flush(f.diag, &out, false);
	const char *line = strchr(strbuf_text(&out), '\n') + 1, *carets = strchr(line, '\n') + 1;
	CU_ASSERT_TRUE(out.n < 350);
	CU_ASSERT_EQUAL(strstr(line, "here") - line, strchr(carets, '^') - carets);
	arena_close(f.arena);
}

static void
control_characters_are_replaced(void)
{
	Fixture f = open_fixture();
	const SourceFile *s = add(&f, "a.snn", "\033[2J x \xE2\x80\xAE y\n");
	diag_begin(f.diag, E0101, at(s, "x", 0), "`\033` is no character");
	diag_end(f.diag);
	expect(&f, false,
		"a.snn:1:6: error[E0101]: `\xEF\xBF\xBD` is no character\n"
		"    1 | \xEF\xBF\xBD[2J x \xEF\xBF\xBD y\n"
		"      |      ^\n");
	arena_close(f.arena);
}

static void
messages_come_in_order_of_place_and_once(void)
{
	Fixture f = open_fixture();
	const SourceFile *s = add(&f, "a.snn", "a b");
	for (int round = 0; round < 2; round++) {
		diag_begin(f.diag, E0201, at(s, "b", 0), "no `b`");
		diag_end(f.diag);
		diag_begin(f.diag, W0601, at(s, "a", 0), "no `a`");
		diag_end(f.diag);
		diag_begin(f.diag, E0504, (Span){0, 0}, "--set x: no");
		diag_end(f.diag);
	}
	CU_ASSERT_EQUAL(diag_errors(f.diag), 2);
	CU_ASSERT_EQUAL(diag_warnings(f.diag), 1);
	expect(&f, false,
		"snnc: error[E0504]: --set x: no\n"
		"a.snn:1:1: warning[W0601]: no `a`\n"
		"    1 | a b\n"
		"      | ^\n"
		"a.snn:1:3: error[E0201]: no `b`\n"
		"    1 | a b\n"
		"      |   ^\n");
	expect(&f, false, "");
	CU_ASSERT_EQUAL(diag_errors(f.diag), 2);
	arena_close(f.arena);
}

static void
twenty_errors_are_shown_and_the_rest_counted(void)
{
	Fixture f = open_fixture();
	for (int i = 0; i < 3000; i++) {
		diag_begin(f.diag, E0504, (Span){0, 0}, "number %d", i);
		diag_end(f.diag);
	}
	CU_ASSERT_EQUAL(diag_errors(f.diag), 3000);
	StrBuf out = strbuf_init(f.arena);
	diag_flush(f.diag, &out, false);
	const char *text = strbuf_text(&out);
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "number 19\n"));
	CU_ASSERT_PTR_NULL(strstr(text, "number 20\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "snnc: 2980 more errors, not shown\n"));
	arena_close(f.arena);
}

static void
colours_are_there_when_asked_for(void)
{
	Fixture f = open_fixture();
	const SourceFile *s = add(&f, "a.snn", "a");
	diag_begin(f.diag, E0201, at(s, "a", 0), "no");
	diag_end(f.diag);
	expect(&f, true,
		"\033[1ma.snn:1:1: \033[0m\033[1;31merror[E0201]: \033[0m\033[1mno\033[0m\n"
		"\033[1;34m    1 |\033[0m a\n"
		"\033[1;34m      |\033[0m \033[1;31m^\033[0m\n");
	arena_close(f.arena);
}

static void
the_nearest_name_is_suggested(void)
{
	static const char *const names[] = {"source", "target", "tau_pre", "tau_post",
	                                    "LIF", "n", "weight"};
	const uint32_t n = sizeof names / sizeof *names;
	CU_ASSERT_STRING_EQUAL(suggest("sorce", names, n), "source");
	CU_ASSERT_STRING_EQUAL(suggest("tagret", names, n), "target");
	CU_ASSERT_STRING_EQUAL(suggest("tau_prt", names, n), "tau_pre");
	CU_ASSERT_STRING_EQUAL(suggest("lif", names, n), "LIF");
	CU_ASSERT_STRING_EQUAL(suggest("wieght", names, n), "weight");
	CU_ASSERT_PTR_NULL(suggest("m", names, n));                     /* any letter is one edit from any other */
	CU_ASSERT_STRING_EQUAL(suggest("N", names, n), "n");
	CU_ASSERT_PTR_NULL(suggest("entirely", names, n));
	CU_ASSERT_PTR_NULL(suggest("", names, n));
	CU_ASSERT_PTR_NULL(suggest("source", names, 1));                /* itself is no advice */
	CU_ASSERT_PTR_NULL(suggest("x", NULL, 0));
}

CU_TestInfo test_diag[] = {
	{"a message is one object in one line", a_message_is_one_object_in_one_line},
		{"a fix stands only where the name does", a_fix_stands_only_where_the_name_does},
		{"a message shows its place with carets, labels and help",
		a_message_shows_its_place_with_carets_labels_and_help},
	{"labels of other lines stand in the order of the file",
		labels_of_other_lines_stand_in_the_order_of_the_file},
	{"a label in another file says so", a_label_in_another_file_says_so},
	{"tabs and wide characters keep the carets in place",
		tabs_and_wide_characters_keep_the_carets_in_place},
	{"the end of the text and empty spans get one caret",
		the_end_of_the_text_and_empty_spans_get_one_caret},
	{"a span of several lines is marked to the end of its first",
		a_span_of_several_lines_is_marked_to_the_end_of_its_first},
	{"of a long line the part around the mark is shown",
		of_a_long_line_the_part_around_the_mark_is_shown},
	{"control characters are replaced", control_characters_are_replaced},
	{"messages come in order of place and once", messages_come_in_order_of_place_and_once},
	{"twenty errors are shown and the rest counted", twenty_errors_are_shown_and_the_rest_counted},
	{"colours are there when asked for", colours_are_there_when_asked_for},
	{"the nearest name is suggested", the_nearest_name_is_suggested},
	CU_TEST_INFO_NULL,
};
