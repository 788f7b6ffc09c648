/* golden: CSV of two columns with one line of names, as other tools read it too. */
#define _POSIX_C_SOURCE 200809L
#include "base/num.h"
#include "driver/output.h"
#include "driver/test.h"
#include "source/embedded.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static FILE *
open_text(const char *path, bool built_in)
{
	if (!built_in)
		return fopen(path, "r");
	for (const EmbeddedText *t = snnc_embedded_lib; t->name; t++)
		if (strcmp(t->name, path) == 0)
			return fmemopen((void *)(uintptr_t)t->text, t->size, "r");
	errno = ENOENT;
	return NULL;
}

bool
golden_read(Arena *a, const char *path, bool built_in, Table *out, const char **why)
{
	VEC(double) x = {0}, y = {0};
	char line[256];
	FILE *f = open_text(path, built_in);
	*why = NULL;
	if (!f) {
		*why = strerror(errno);
		return false;
	}
	for (uint64_t k = 0; fgets(line, sizeof line, f) && !*why; k++) {
		char *end, *rest;
		double p = strtod(line, &end);
		if (k == 0 || line[0] == '\n')
			continue;
		double q = *end == ',' ? strtod(end + 1, &rest) : 0;
		if (end == line || *end != ',' || rest == end + 1) {
			*why = arena_printf(a, "line %llu has no two numbers", (unsigned long long)k + 1);
			break;
		}
		VEC_PUSH(a, &x, p);
		VEC_PUSH(a, &y, q);
	}
	fclose(f);
	*out = (Table){x.at, y.at, x.n};
	return !*why;
}

bool
golden_write(Arena *a, const char *path, const char *x_label, const char *y_label, const Table *t)
{
	StrBuf s = strbuf_init(a);
	strbuf_printf(&s, "%s,%s\n", x_label, y_label);
	for (uint64_t i = 0; i < t->n; i++)
		strbuf_printf(&s, "%.9g,%.9g\n", t->x[i], t->y[i]);
	return output_write(a, path, &s);
}
