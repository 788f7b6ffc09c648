/* panic: the last words of a program that cannot go on. */
#include "base/panic.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* The one thing that changes and belongs to no object: it is read only on the way down. */
static _Thread_local const char *running_stage;

void
panic_set_stage(const char *name)
{
	running_stage = name;
}

void
panic_at(const char *file, int line, const char *fmt, ...)
{
	va_list ap;
	fflush(stdout);
	fprintf(stderr, "snnc: %s:%d: ", file, line);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	if (running_stage)
		fprintf(stderr, " (while running: %s)", running_stage);
	fprintf(stderr, "\nThis is a bug in snnc, not in your program.\n");
	abort();
}

void
fatal(const char *fmt, ...)
{
	va_list ap;
	fflush(stdout);
	fprintf(stderr, "snnc: ");
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(3);
}
