/* strbuf: text that grows in an arena. One byte of cap is kept for the NUL. */
#include "base/strbuf.h"

#include "base/panic.h"

#include <stdio.h>
#include <string.h>

StrBuf
strbuf_init(Arena *a)
{
	return (StrBuf){.arena = a};
}

static void
reserve(StrBuf *b, size_t more)
{
	if (b->cap - b->n > more)
		return;
	size_t cap = b->cap ? b->cap : 128;
	while (cap - b->n <= more)
		cap *= 2;
	char *at = arena_alloc(b->arena, cap);
	if (b->n)
		memcpy(at, b->at, b->n);
	b->at = at;
	b->cap = cap;
}

void
strbuf_putc(StrBuf *b, char c)
{
	reserve(b, 1);
	b->at[b->n++] = c;
}

void
strbuf_puts(StrBuf *b, const char *s)
{
	strbuf_putn(b, s, strlen(s));
}

void
strbuf_putn(StrBuf *b, const char *s, size_t n)
{
	if (!n)
		return;
	reserve(b, n);
	memcpy(b->at + b->n, s, n);
	b->n += n;
}

void
strbuf_printf(StrBuf *b, const char *fmt, ...)
{
	va_list ap, again;
	va_start(ap, fmt);
	va_copy(again, ap);
	reserve(b, 64);
	size_t room = b->cap - b->n;
	int n = vsnprintf(b->at + b->n, room, fmt, ap);
	va_end(ap);
	ASSERT(n >= 0);
	if ((size_t)n >= room) {
		reserve(b, (size_t)n);
		vsnprintf(b->at + b->n, b->cap - b->n, fmt, again);
	}
	va_end(again);
	b->n += (size_t)n;
}

void
strbuf_indent(StrBuf *b, int depth)
{
	for (int i = 0; i < depth; i++)
		strbuf_putc(b, '\t');
}

const char *
strbuf_text(StrBuf *b)
{
	reserve(b, 0);
	b->at[b->n] = '\0';
	return b->at;
}
