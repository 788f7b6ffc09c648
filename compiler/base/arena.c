/* arena: a stack of chunks; the newest is the one that is filled.
 *
 * A chunk comes zeroed from calloc, so only what was used before a reset is
 * cleared again when it is handed out (`dirty`). Under ASan everything that is
 * not handed out is poisoned, with a gap between neighbours.
 */
#include "base/arena.h"

#include "base/panic.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_ASAN 1
#endif
#endif

#ifdef ARENA_ASAN
#include <sanitizer/asan_interface.h>
#define POISON(p, n) __asan_poison_memory_region((p), (n))
#define UNPOISON(p, n) __asan_unpoison_memory_region((p), (n))
enum { GAP = 16 };
#else
#define POISON(p, n) ((void)0)
#define UNPOISON(p, n) ((void)0)
enum { GAP = 0 };
#endif

#if defined(__clang__)
#define RAW __attribute__((no_sanitize("address")))
#elif defined(ARENA_ASAN)
#define RAW __attribute__((no_sanitize_address))
#else
#define RAW
#endif

enum { ALIGN = 16, CHUNK_MIN = 64 * 1024, CHUNK_MAX = 4 * 1024 * 1024, RESET_FILL = 0xA5 };

typedef struct Chunk Chunk;
struct Chunk {
	Chunk *prev;
	size_t size, used;
	size_t dirty;                                     /* bytes from here on are still zero */
	_Alignas(ALIGN) unsigned char data[];
};

struct Arena {
	Chunk *top;
	size_t bytes;                                     /* of all chunks */
	size_t next_size;
};

Arena *
arena_open(void)
{
	Arena *a = calloc(1, sizeof *a);
	if (!a)
		fatal("out of memory");
	a->next_size = CHUNK_MIN;
	return a;
}

static void
pop_chunk(Arena *a)
{
	Chunk *c = a->top;
	a->top = c->prev;
	a->bytes -= c->size;
	UNPOISON(c->data, c->size);
	free(c);
}

void
arena_close(Arena *a)
{
	if (!a)
		return;
	while (a->top)
		pop_chunk(a);
	free(a);
}

static void
push_chunk(Arena *a, size_t need)
{
	size_t size = a->next_size > need ? a->next_size : need;
	if (a->next_size < CHUNK_MAX)
		a->next_size *= 2;
	Chunk *c = calloc(1, sizeof *c + size);
	if (!c)
		fatal("out of memory: %zu bytes wanted, %zu held", size, a->bytes);
	c->size = size;
	c->prev = a->top;
	a->top = c;
	a->bytes += size;
	POISON(c->data, c->size);
}

void *
arena_alloc(Arena *a, size_t size)
{
	if (size > SIZE_MAX / 2)
		fatal("out of memory: %zu bytes wanted", size);
	size_t need = ((size ? size : 1) + GAP + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	if (!a->top || need > a->top->size - a->top->used)
		push_chunk(a, need);
	Chunk *c = a->top;
	unsigned char *p = c->data + c->used;
	UNPOISON(p, size);
	if (c->used < c->dirty) {
		size_t old = c->dirty - c->used;
		memset(p, 0, old < size ? old : size);
	}
	c->used += need;
	return p;
}

void *
arena_copy(Arena *a, const void *p, size_t size)
{
	void *out = arena_alloc(a, size);
	if (size)
		memcpy(out, p, size);
	return out;
}

char *
arena_strdup(Arena *a, const char *s)
{
	return arena_strndup(a, s, strlen(s));
}

char *
arena_strndup(Arena *a, const char *s, size_t n)
{
	char *out = arena_alloc(a, n + 1);
	if (n)
		memcpy(out, s, n);
	return out;
}

char *
arena_printf(Arena *a, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	char *out = arena_vprintf(a, fmt, ap);
	va_end(ap);
	return out;
}

char *
arena_vprintf(Arena *a, const char *fmt, va_list ap)
{
	ASSERT(fmt);
	va_list again;
	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	ASSERT(n >= 0);
	char *out = arena_alloc(a, (size_t)n + 1);
	vsnprintf(out, (size_t)n + 1, fmt, ap);
	return out;
}

ArenaMark
arena_mark(const Arena *a)
{
	return (ArenaMark){a->top, a->top ? a->top->used : 0};
}

void
arena_reset(Arena *a, ArenaMark m)
{
	while (a->top && a->top != m.chunk)
		pop_chunk(a);
	ASSERT(a->top == m.chunk);
	Chunk *c = a->top;
	if (!c)
		return;
	ASSERT(m.used <= c->used);
	if (c->dirty < c->used)
		c->dirty = c->used;
#ifndef NDEBUG
	UNPOISON(c->data + m.used, c->used - m.used);
	memset(c->data + m.used, RESET_FILL, c->used - m.used);
#endif
	POISON(c->data + m.used, c->used - m.used);
	c->used = m.used;
}

size_t
arena_bytes(const Arena *a)
{
	return a->bytes;
}

/* ---- copies of the whole ------------------------------------------------------------------------ */

struct ArenaCopy {
	ArenaMark mark;
	size_t n;
	unsigned char data[];                             /* of the newest chunk first */
};

/* The gaps between neighbours are poisoned and stay so: neither memcpy nor what a compiler makes one of would do. */
RAW static void
copy_raw(unsigned char *to, const unsigned char *from, size_t n)
{
	volatile uint64_t *t = (volatile uint64_t *)(void *)to;
	const volatile uint64_t *f = (const volatile uint64_t *)(const void *)from;
	for (size_t i = 0; i < n / sizeof *t; i++)        /* ALIGN is a multiple of it */
		t[i] = f[i];
}

ArenaCopy *
arena_save(const Arena *a)
{
	size_t n = 0;
	for (const Chunk *c = a->top; c; c = c->prev)
		n += c->used;
	ArenaCopy *out = malloc(sizeof *out + n);
	if (!out)
		fatal("out of memory: %zu bytes wanted", n);
	out->mark = arena_mark(a);
	out->n = n;
	unsigned char *to = out->data;
	for (const Chunk *c = a->top; c; to += c->used, c = c->prev)
		copy_raw(to, c->data, c->used);
	return out;
}

void
arena_restore(Arena *a, const ArenaCopy *c)
{
	const unsigned char *from = c->data;
	arena_reset(a, c->mark);
	for (Chunk *to = a->top; to; from += to->used, to = to->prev)
		copy_raw(to->data, from, to->used);
	ASSERT(from == c->data + c->n);
}

void
arena_copy_free(ArenaCopy *c)
{
	free(c);
}
