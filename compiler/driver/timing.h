/* timing.h: how long each stage took and what it took from the arena, for --time. */
#ifndef SNNC_DRIVER_TIMING_H
#define SNNC_DRIVER_TIMING_H

#include "base/arena.h"
#include "base/vec.h"

#include <stdbool.h>
#include <stdio.h>

typedef struct {
	const char *name;
	double seconds;
	size_t bytes;
} TimingRow;
typedef struct {
	Arena *arena;
	double start;
	size_t bytes;
	VEC(TimingRow) rows;
} Timing;

double timing_now(void); /* seconds of a clock that never goes back */
void timing_begin(Timing *t, Arena *a);
void timing_mark(Timing *t,
		 const char *name); /* what went before, since the last mark, was `name` */
void timing_add(Timing *t, const char *name,
		double seconds); /* a part that is already in another row */
void timing_print(const Timing *t, FILE *out);

#endif
