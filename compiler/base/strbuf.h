/* strbuf.h: text being built. Printers of every noun write into one of these;
 * the driver sends it to a FILE. Growth takes memory from the arena. */
#ifndef SNNC_BASE_STRBUF_H
#define SNNC_BASE_STRBUF_H

#include "base/arena.h"

typedef struct { Arena *arena; char *at; size_t n, cap; } StrBuf;

StrBuf strbuf_init(Arena *a);
void strbuf_putc(StrBuf *b, char c);
void strbuf_puts(StrBuf *b, const char *s);
void strbuf_putn(StrBuf *b, const char *s, size_t n);
void strbuf_printf(StrBuf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void strbuf_indent(StrBuf *b, int depth);                 /* depth tabs */
const char *strbuf_text(StrBuf *b);                       /* NUL-terminated; valid until the next put */

#endif
