/* test_arena: memory given back all at once, and the vectors and texts that grow in it. */
#include "base/arena.h"
#include "base/strbuf.h"
#include "base/vec.h"
#include "suites.h"

#include <stdint.h>
#include <string.h>

static void
memory_is_zeroed_and_aligned(void)
{
	Arena *a = arena_open();
	for (size_t size = 0; size < 300; size++) {
		unsigned char *p = arena_alloc(a, size);
		CU_ASSERT_EQUAL((uintptr_t)p % 16, 0);
		for (size_t i = 0; i < size; i++)
			CU_ASSERT_EQUAL(p[i], 0);
		memset(p, 0xFF, size);
	}
	arena_close(a);
}

static void
memory_after_a_reset_is_zeroed_again(void)
{
	Arena *a = arena_open();
	arena_alloc(a, 1000);
	ArenaMark m = arena_mark(a);
	size_t before = arena_bytes(a);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 100; i++) {
			unsigned char *p = arena_alloc(a, 5000);
			CU_ASSERT_EQUAL(p[0], 0);
			CU_ASSERT_EQUAL(p[4999], 0);
			CU_ASSERT_TRUE(memcmp(p, p + 1, 4999) == 0);
			memset(p, 0xFF, 5000);
		}
		CU_ASSERT_TRUE(arena_bytes(a) >= before + 400000);
		arena_reset(a, m);
		CU_ASSERT_EQUAL(arena_bytes(a), before);
	}
	arena_close(a);
}

static void
what_is_older_than_a_mark_survives_the_reset(void)
{
	Arena *a = arena_open();
	char *kept = arena_strdup(a, "kept");
	ArenaMark m = arena_mark(a);
	arena_alloc(a, 10 * 1024 * 1024);
	arena_alloc(a, 3);
	arena_reset(a, m);
	CU_ASSERT_STRING_EQUAL(kept, "kept");
	arena_close(a);
}

static void
a_mark_of_an_empty_arena_empties_it(void)
{
	Arena *a = arena_open();
	ArenaMark m = arena_mark(a);
	arena_alloc(a, 100);
	arena_reset(a, m);
	CU_ASSERT_EQUAL(arena_bytes(a), 0);
	CU_ASSERT_STRING_EQUAL(arena_strdup(a, "again"), "again");
	arena_close(a);
}

static void
a_copy_is_put_back_as_often_as_wanted(void)
{
	Arena *a = arena_open();
	char *first = arena_strdup(a, "first");
	unsigned char *large = arena_alloc(a, 3 * 1024 * 1024);    /* a chunk of its own */
	char *last = arena_strdup(a, "last");
	large[1000] = 7;
	ArenaCopy *copy = arena_save(a);
	size_t before = arena_bytes(a);
	for (int round = 0; round < 3; round++) {
		first[0] = last[0] = 'x';
		memset(large, round + 1, 3 * 1024 * 1024);
		for (int i = 0; i < 100; i++) {
			unsigned char *p = arena_alloc(a, 100000);
			CU_ASSERT_EQUAL(p[99999], 0);
			memset(p, 0xFF, 100000);
		}
		arena_restore(a, copy);
		CU_ASSERT_EQUAL(arena_bytes(a), before);
		CU_ASSERT_STRING_EQUAL(first, "first");
		CU_ASSERT_STRING_EQUAL(last, "last");
		CU_ASSERT_EQUAL(large[1000], 7);
		CU_ASSERT_EQUAL(large[1001], 0);
	}
	arena_copy_free(copy);
	arena_close(a);
}

static void
copies_and_printed_text_end_in_nul(void)
{
	Arena *a = arena_open();
	CU_ASSERT_STRING_EQUAL(arena_strndup(a, "abcdef", 3), "abc");
	CU_ASSERT_STRING_EQUAL(arena_strndup(a, NULL, 0), "");
	CU_ASSERT_STRING_EQUAL(arena_printf(a, "%s-%d", "x", 42), "x-42");
	int numbers[3] = {1, 2, 3};
	CU_ASSERT_TRUE(memcmp(arena_copy(a, numbers, sizeof numbers), numbers, sizeof numbers) == 0);
	arena_close(a);
}

static void
a_vector_keeps_its_elements_while_it_grows(void)
{
	Arena *a = arena_open();
	VEC(uint32_t) v = {0};
	for (uint32_t i = 0; i < 10000; i++)
		VEC_PUSH(a, &v, i * i);
	CU_ASSERT_EQUAL(v.n, 10000);
	for (uint32_t i = 0; i < v.n; i++)
		CU_ASSERT_EQUAL(v.at[i], i * i);

	typedef struct { int x, y; } Point;
	VEC(Point) points = {0};
	VEC_PUSH(a, &points, (Point){1, 2});
	CU_ASSERT_EQUAL(points.at[0].y, 2);
	arena_close(a);
}

static void
a_strbuf_holds_what_was_put(void)
{
	Arena *a = arena_open();
	StrBuf b = strbuf_init(a);
	CU_ASSERT_STRING_EQUAL(strbuf_text(&b), "");
	strbuf_indent(&b, 2);
	strbuf_puts(&b, "ab");
	strbuf_putn(&b, "cdef", 1);
	strbuf_putc(&b, '!');
	strbuf_printf(&b, "%05d", 7);
	CU_ASSERT_STRING_EQUAL(strbuf_text(&b), "\t\tabc!00007");
	arena_close(a);
}

static void
a_strbuf_takes_text_of_any_length(void)
{
	Arena *a = arena_open();
	char text[1001];
	memset(text, 'x', 1000);
	text[1000] = '\0';
	for (int first = 0; first < 140; first++) {              /* every filling of the first block */
		StrBuf b = strbuf_init(a);
		for (int i = 0; i < first; i++)
			strbuf_putc(&b, 'y');
		strbuf_printf(&b, "%s", text);
		CU_ASSERT_EQUAL(b.n, (size_t)first + 1000);
		CU_ASSERT_EQUAL(strlen(strbuf_text(&b)), b.n);
		CU_ASSERT_EQUAL(b.at[b.n - 1], 'x');
	}
	arena_close(a);
}

CU_TestInfo test_arena[] = {
	{"memory is zeroed and aligned", memory_is_zeroed_and_aligned},
	{"memory after a reset is zeroed again", memory_after_a_reset_is_zeroed_again},
	{"what is older than a mark survives the reset", what_is_older_than_a_mark_survives_the_reset},
	{"a mark of an empty arena empties it", a_mark_of_an_empty_arena_empties_it},
	{"a copy is put back as often as wanted", a_copy_is_put_back_as_often_as_wanted},
	{"copies and printed text end in NUL", copies_and_printed_text_end_in_nul},
	{"a vector keeps its elements while it grows", a_vector_keeps_its_elements_while_it_grows},
	{"a strbuf holds what was put", a_strbuf_holds_what_was_put},
	{"a strbuf takes text of any length", a_strbuf_takes_text_of_any_length},
	CU_TEST_INFO_NULL,
};
