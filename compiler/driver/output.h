/* output.h: texts that leave the compiler. */
#ifndef SNNC_DRIVER_OUTPUT_H
#define SNNC_DRIVER_OUTPUT_H

#include "base/strbuf.h"
#include "driver/pipeline.h"

/* To a file, whole or not at all; path NULL: stdout. False after a message. */
bool output_write(Arena *a, const char *path, const StrBuf *text);
/* For --dump-dir, as 03.elab.net; nothing without it. */
void output_dump(Compilation *c, const char *name, const char *noun, const StrBuf *text);
/* A name beside `path` that does not exist yet, made as an empty file; NULL and errno. */
char *output_beside(Arena *a, const char *path);
void output_say_failed(Arena *a, const char *path); /* that it cannot be written, by errno */
void output_say(const char *fmt, ...)
	__attribute__((format(printf, 1, 2))); /* "snnc: …" to stderr */

#endif
