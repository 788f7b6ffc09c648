/* source: files behind each other in one space of offsets; a table of line starts for each. */
#define _POSIX_C_SOURCE 200809L
#include "source/source.h"

#include "base/panic.h"
#include "base/vec.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { SIZE_LIMIT = 64 * 1024 * 1024 };

typedef struct {
	SourceFile file;
	VEC(uint32_t) lines;                              /* where each begins in the text */
} Entry;

struct SourceMap {
	Arena *arena;
	VEC(Entry *) entries;
	VEC(uint32_t) bases;                              /* of the entries */
	uint32_t next;                                    /* base of the next file */
};

SourceMap *
source_open(Arena *a)
{
	SourceMap *m = ARENA_NEW(a, SourceMap);
	m->arena = a;
	m->next = 1;
	return m;
}

/* Takes over text, which lives in the arena and ends in NUL. */
static const SourceFile *
add_entry(SourceMap *m, const char *name, const char *text, size_t size, bool library)
{
	if (size >= UINT32_MAX - m->next)
		fatal("`%s`: the source texts of one program are larger than 4 GiB", name);
	Entry *e = ARENA_NEW(m->arena, Entry);
	e->file = (SourceFile){arena_strdup(m->arena, name), text, m->next, (uint32_t)size, library};
	m->next += (uint32_t)size + 1;
	VEC_PUSH(m->arena, &e->lines, 0);
	const char *end = text + size;
	for (const char *p = text; (p = memchr(p, '\n', (size_t)(end - p))) != NULL;) {
		p++;
		VEC_PUSH(m->arena, &e->lines, (uint32_t)(p - text));
	}
	VEC_PUSH(m->arena, &m->entries, e);
	VEC_PUSH(m->arena, &m->bases, e->file.base);
	return &e->file;
}

const SourceFile *
source_add(SourceMap *m, const char *name, const char *text, size_t size, bool library)
{
	return add_entry(m, name, arena_strndup(m->arena, text, size), size, library);
}

/* Bytes of the UTF-8 character at s, 0 if there is none (overlong and surrogate forms are none). */
static size_t
utf8_length(const unsigned char *s, size_t n)
{
	size_t len = 0;
	if (s[0] < 0x80)
		return s[0] ? 1 : 0;
	if (s[0] >= 0xC2 && s[0] <= 0xDF)
		len = 2;
	else if ((s[0] & 0xF0) == 0xE0)
		len = 3;
	else if (s[0] >= 0xF0 && s[0] <= 0xF4)
		len = 4;
	if (len == 0 || len > n)
		return 0;
	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xC0) != 0x80)
			return 0;
	}
	if ((s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xED && s[1] > 0x9F) ||
	    (s[0] == 0xF0 && s[1] < 0x90) || (s[0] == 0xF4 && s[1] > 0x8F))
		return 0;
	return len;
}

/* NULL if the bytes are UTF-8 text, else a sentence that says where they are not. */
static const char *
check_text(Arena *a, const char *text, size_t size)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t line = 1, start = 0;
	for (size_t i = 0; i < size;) {
		size_t len = utf8_length(s + i, size - i);
		if (len == 0)
			return arena_printf(a, "it is not UTF-8 text (line %zu, byte %zu of it is 0x%02x)", line,
			                    i - start + 1, s[i]);
		if (s[i] == '\n') {
			line++;
			start = i + 1;
		}
		i += len;
	}
	return NULL;
}

/* Reads all of f. Works for pipes too, so the size is not asked for first. */
static char *
read_all(Arena *a, FILE *f, size_t *size, const char **why)
{
	size_t n = 0, cap = 64 * 1024;
	char *bytes = malloc(cap), *out = NULL;
	for (;;) {
		if (!bytes)
			fatal("out of memory");
		n += fread(bytes + n, 1, cap - n, f);
		if (n < cap || n > SIZE_LIMIT)
			break;
		cap *= 2;
		char *more = realloc(bytes, cap);
		if (!more)
			free(bytes);
		bytes = more;
	}
	if (ferror(f)) {
		*why = arena_printf(a, "%s", strerror(errno));
	} else if (n > SIZE_LIMIT) {
		*why = "it is larger than 64 MiB";
	} else {
		out = arena_strndup(a, bytes, n);
		*size = n;
	}
	free(bytes);
	return out;
}

const SourceFile *
source_read(SourceMap *m, const char *path, const char **why)
{
	struct stat st;
	size_t size = 0;
	*why = NULL;
	FILE *f = fopen(path, "rb");
	if (!f) {
		*why = errno == ENOENT ? "there is no such file" : arena_printf(m->arena, "%s", strerror(errno));
		return NULL;
	}
	if (fstat(fileno(f), &st) == 0 && S_ISDIR(st.st_mode)) {
		fclose(f);
		*why = "it is a folder";
		return NULL;
	}
	char *text = read_all(m->arena, f, &size, why);
	fclose(f);
	if (!text)
		return NULL;
	/* A byte order mark says nothing in UTF-8. */
	if (size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) {
		text += 3;
		size -= 3;
	}
	*why = check_text(m->arena, text, size);
	return *why ? NULL : add_entry(m, path, text, size, false);
}

/* Index of the last of n ascending values that is at most `value`; the first is known to be. */
static uint32_t
last_at_most(const uint32_t *at, uint32_t n, uint32_t value)
{
	uint32_t lo = 0, hi = n;
	while (hi - lo > 1) {
		uint32_t mid = lo + (hi - lo) / 2;
		if (at[mid] <= value)
			lo = mid;
		else
			hi = mid;
	}
	return lo;
}

bool
source_find(const SourceMap *m, uint32_t offset, SourcePlace *out)
{
	if (offset == 0 || offset >= m->next)
		return false;
	const Entry *e = m->entries.at[last_at_most(m->bases.at, m->bases.n, offset)];
	uint32_t at = offset - e->file.base;
	uint32_t line = last_at_most(e->lines.at, e->lines.n, at);
	uint32_t start = e->lines.at[line];
	uint32_t end = line + 1 < e->lines.n ? e->lines.at[line + 1] - 1 : e->file.size;
	if (end > start && e->file.text[end - 1] == '\r')
		end--;
	*out = (SourcePlace){&e->file, line + 1, at - start + 1, e->file.text + start, end - start};
	return true;
}

uint32_t
source_count(const SourceMap *m)
{
	return m->entries.n;
}

const SourceFile *
source_get(const SourceMap *m, uint32_t i)
{
	ASSERT(i < m->entries.n);
	return &m->entries.at[i]->file;
}

Span
span_join(Span a, Span b)
{
	if (a.lo == 0 && a.hi == 0)
		return b;
	if (b.lo == 0 && b.hi == 0)
		return a;
	return (Span){a.lo, b.hi};
}
