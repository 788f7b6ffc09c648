/* test_source: files in one space of offsets, and places found again. */
#define _POSIX_C_SOURCE 200809L
#include "source/embedded.h"
#include "source/source.h"
#include "suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void
files_follow_each_other_from_offset_one(void)
{
	Arena *a = arena_open();
	SourceMap *m = source_open(a);
	const SourceFile *f = source_add(m, "a.snn", "one\ntwo\n", 8, false);
	const SourceFile *g = source_add(m, "b.snn", "", 0, true);
	const SourceFile *h = source_add(m, "c.snn", "x", 1, true);
	CU_ASSERT_EQUAL(f->base, 1);
	CU_ASSERT_EQUAL(f->size, 8);
	CU_ASSERT_EQUAL(g->base, 10);
	CU_ASSERT_EQUAL(h->base, 11);
	CU_ASSERT_EQUAL(source_count(m), 3);
	CU_ASSERT_PTR_EQUAL(source_get(m, 1), g);
	CU_ASSERT_TRUE(h->library);
	arena_close(a);
}

/* file:line:col [text of the line] */
static const char *
place(Arena *a, const SourceMap *m, uint32_t offset)
{
	SourcePlace p;
	if (!source_find(m, offset, &p))
		return "nowhere";
	return arena_printf(a, "%s:%u:%u [%.*s]", p.file->name, p.line, p.col, (int)p.line_len,
		p.line_text);
}

static void
offsets_are_found_again_in_line_and_column(void)
{
	Arena *a = arena_open();
	SourceMap *m = source_open(a);
	source_add(m, "a", "one\n\nthree", 10, false);
	source_add(m, "b", "x\r\ny\n", 5, false);
	CU_ASSERT_STRING_EQUAL(place(a, m, 0), "nowhere");
	CU_ASSERT_STRING_EQUAL(place(a, m, 1), "a:1:1 [one]");
	CU_ASSERT_STRING_EQUAL(place(a, m, 4), "a:1:4 [one]");
	CU_ASSERT_STRING_EQUAL(place(a, m, 5), "a:2:1 []");
	CU_ASSERT_STRING_EQUAL(place(a, m, 10), "a:3:5 [three]");
	CU_ASSERT_STRING_EQUAL(place(a, m, 11), "a:3:6 [three]");       /* its end */
	CU_ASSERT_STRING_EQUAL(place(a, m, 12), "b:1:1 [x]");
	CU_ASSERT_STRING_EQUAL(place(a, m, 15), "b:2:1 [y]");
	CU_ASSERT_STRING_EQUAL(place(a, m, 17), "b:3:1 []");
	CU_ASSERT_STRING_EQUAL(place(a, m, 18), "nowhere");
	arena_close(a);
}

static void
spans_join_and_nowhere_is_neutral(void)
{
	Span s = span_join((Span){3, 5}, (Span){8, 9}), none = {0, 0};
	CU_ASSERT_TRUE(s.lo == 3 && s.hi == 9);
	s = span_join(none, (Span){8, 9});
	CU_ASSERT_TRUE(s.lo == 8 && s.hi == 9);
	s = span_join((Span){3, 5}, none);
	CU_ASSERT_TRUE(s.lo == 3 && s.hi == 5);
}

/* What source_read says of a file with these bytes; "" if it takes it. *text is what it took. */
static const char *
read_bytes(Arena *a, const char *bytes, size_t n, const char **text)
{
	char path[] = "/tmp/snnc_source_XXXXXX";
	const char *why = NULL;
	int fd = mkstemp(path);
	CU_ASSERT_FATAL(fd >= 0);
	FILE *f = fdopen(fd, "wb");
	fwrite(bytes, 1, n, f);
	fclose(f);
	const SourceFile *file = source_read(source_open(a), path, &why);
	unlink(path);
	*text = file ? file->text : NULL;
	return file ? "" : why;
}

static void
files_are_read_if_they_are_utf8_text(void)
{
	Arena *a = arena_open();
	const char *text;
	CU_ASSERT_STRING_EQUAL(read_bytes(a, "layer", 5, &text), "");
	CU_ASSERT_STRING_EQUAL(text, "layer");
	CU_ASSERT_STRING_EQUAL(read_bytes(a, "\xEF\xBB\xBFlayer", 8, &text), "");
	CU_ASSERT_STRING_EQUAL(text, "layer");
	CU_ASSERT_STRING_EQUAL(read_bytes(a, "# \xCE\xB1 \xE6\xBC\xA2 \xF0\x9F\xA7\xA0", 13, &text), "");
	CU_ASSERT_STRING_EQUAL(read_bytes(a, "a\nb\xFF", 4, &text),
		"it is not UTF-8 text (line 2, byte 2 of it is 0xff)");
	CU_ASSERT_PTR_NULL(text);
	static const char *const bad[] = {"\xC3", "\xC0\xAF", "\xE0\x80\xAF", "\xED\xA0\x80",
	                                  "\xF4\x90\x80\x80", "\x80"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		CU_ASSERT_STRING_NOT_EQUAL(read_bytes(a, bad[i], strlen(bad[i]), &text), "");
	CU_ASSERT_STRING_NOT_EQUAL(read_bytes(a, "a\0b", 3, &text), "");
	CU_ASSERT_STRING_EQUAL(read_bytes(a, "", 0, &text), "");
	arena_close(a);
}

static void
files_that_cannot_be_read_are_told_why(void)
{
	Arena *a = arena_open();
	SourceMap *m = source_open(a);
	const char *why;
	CU_ASSERT_PTR_NULL(source_read(m, "/nowhere/at/all.snn", &why));
	CU_ASSERT_STRING_EQUAL(why, "there is no such file");
	CU_ASSERT_PTR_NULL(source_read(m, "/", &why));
	CU_ASSERT_STRING_EQUAL(why, "it is a folder");
	CU_ASSERT_EQUAL(source_count(m), 0);
	arena_close(a);
}

extern const EmbeddedText embedded_awkward[];

/* Returns how many texts the table has. */
static int
check_embedded(const EmbeddedText *table, const char *folder)
{
	int n = 0;
	for (const EmbeddedText *e = table; e->name; e++, n++) {
		Arena *a = arena_open();
		const char *why, *path = arena_printf(a, "%s/%s", folder, e->name);
		const SourceFile *f = source_read(source_open(a), path, &why);
		CU_ASSERT_PTR_NOT_NULL_FATAL(f);
		CU_ASSERT_EQUAL_FATAL(f->size, e->size);
		CU_ASSERT_TRUE(memcmp(f->text, e->text, (size_t)e->size + 1) == 0);
		arena_close(a);
	}
	return n;
}

static void
embedded_texts_are_the_files_byte_by_byte(void)
{
	CU_ASSERT_EQUAL(check_embedded(embedded_awkward, SNNC_SOURCE_DIR "/tests/unit/embed"), 2);
	CU_ASSERT_STRING_EQUAL(embedded_awkward[1].name, "sub/empty.txt");
	check_embedded(snnc_embedded_lib, SNNC_SOURCE_DIR "/lib");
}

CU_TestInfo test_source[] = {
	{"files follow each other from offset one", files_follow_each_other_from_offset_one},
	{"offsets are found again in line and column", offsets_are_found_again_in_line_and_column},
	{"spans join and nowhere is neutral", spans_join_and_nowhere_is_neutral},
	{"files are read if they are UTF-8 text", files_are_read_if_they_are_utf8_text},
	{"files that cannot be read are told why", files_that_cannot_be_read_are_told_why},
	{"embedded texts are the files, byte by byte", embedded_texts_are_the_files_byte_by_byte},
	CU_TEST_INFO_NULL,
};
