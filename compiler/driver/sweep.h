/* sweep.h: a program with `sweep tau in [10 ms, 20 ms], seed in 1 .. 8` is run once for each lane, as by --set tau='10 ms' --set seed=1. */
#ifndef SNNC_DRIVER_SWEEP_H
#define SNNC_DRIVER_SWEEP_H

#include "driver/pipeline.h"

/* Is something left to sweep over, that neither --set nor --seed gives? */
bool sweep_has_lanes(const Compilation *c);
int sweep_refuse(const Compilation *c, const char *what); /* says how to pick a lane; EXIT_USAGE */
/* Compiles all lanes, joins those of the same structure, runs them, and tells and writes what they reported. */
int sweep_run(Compilation *c, EngineKind kind);

/* ---- sweep_explain.c ---- */
/* Which lanes share a compiled program, what that loads for each, and why others have one of their own. False after messages. */
bool sweep_explain(Compilation *c, StrBuf *out, int *code);

/* ---- sweep_table.c ---- */
typedef struct {
	const char *const *value;                         /* of each name, as numbers where they are any */
	const char *reports;                              /* as in the manifest; NULL: it did not end */
} SweepRow;
/* name,…,measure,… and a line for each lane, which is also what is printed. */
bool sweep_table(Compilation *c, const char *const *names, uint32_t nnames, const SweepRow *rows, uint32_t nrows,
		 const char *path);

#endif
