/* source.h: all files of a compilation in one address space of bytes.
 *
 * File 0 is bytes 0 .. n0, the next follows after a gap of one. A Span is two
 * 32-bit offsets, so every node carries its place for eight bytes; line and
 * column are found only when somebody must read them. Texts live as long as
 * the compilation.
 */
#ifndef SNNC_SOURCE_SOURCE_H
#define SNNC_SOURCE_SOURCE_H

#include "base/arena.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct { uint32_t lo, hi; } Span;                 /* {0,0}: nowhere */

typedef struct {
	const char *name;                                 /* as the user named it; "<lib>/neurons/lif.snn" */
	const char *text;                                 /* NUL-terminated */
	uint32_t base, size;                              /* bytes base .. base+size of the address space */
	bool library;                                     /* embedded or --lib text */
} SourceFile;

typedef struct {
	const SourceFile *file;
	uint32_t line, col;                               /* from 1; col in bytes */
	const char *line_text;                            /* start of the line; ends at '\n' or NUL */
	uint32_t line_len;
} SourcePlace;

typedef struct SourceMap SourceMap;

SourceMap *source_open(Arena *a);
/* Adds text (copied). Offsets start at 1, so that {0,0} stays nowhere. */
const SourceFile *source_add(SourceMap *m, const char *name, const char *text, size_t size, bool library);
/* Reads a file; NULL and *why (a sentence) if it cannot be read, is not UTF-8 text, or is over 64 MiB. */
const SourceFile *source_read(SourceMap *m, const char *path, const char **why);
bool source_find(const SourceMap *m, uint32_t offset, SourcePlace *out);
uint32_t source_count(const SourceMap *m);
const SourceFile *source_get(const SourceMap *m, uint32_t i);
Span span_join(Span a, Span b);                           /* from the first's lo to the last's hi; {0,0} is neutral */

#endif
