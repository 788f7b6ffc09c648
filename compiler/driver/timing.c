/* timing: see timing.h. */
#define _POSIX_C_SOURCE 200809L
#include "driver/timing.h"

#include <time.h>

double
timing_now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

void
timing_begin(Timing *t, Arena *a)
{
	*t = (Timing){.arena = a, .start = timing_now(), .bytes = arena_bytes(a)};
}

void
timing_mark(Timing *t, const char *name)
{
	double now = timing_now();
	size_t bytes = arena_bytes(t->arena);
	TimingRow row = {name, now - t->start, bytes - t->bytes};
	VEC_PUSH(t->arena, &t->rows, row);
	t->start = now;
	t->bytes = bytes;
}

void
timing_add(Timing *t, const char *name, double seconds)
{
	TimingRow row = {arena_printf(t->arena, "  %s", name), seconds, 0};
	VEC_PUSH(t->arena, &t->rows, row);
}

void
timing_print(const Timing *t, FILE *out)
{
	double all = 0;
	for (uint32_t i = 0; i < t->rows.n; i++) {
		const TimingRow *r = &t->rows.at[i];
		bool part = r->name[0] == ' ';
		fprintf(out, "%-16s %9.3f ms", r->name, r->seconds * 1e3);
		if (!part)
			fprintf(out, " %9.1f KiB", (double)r->bytes / 1024);
		fputc('\n', out);
		all += part ? 0 : r->seconds;
	}
	fprintf(out, "%-16s %9.3f ms\n", "all", all * 1e3);
}
