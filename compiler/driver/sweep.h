/* sweep.h: a program with `sweep tau in [10 ms, 20 ms], seed in 1 .. 8` is run once for each lane, as by --set tau='10 ms' --set seed=1. */
#ifndef SNNC_DRIVER_SWEEP_H
#define SNNC_DRIVER_SWEEP_H

#include "driver/pipeline.h"

int sweep_refuse(const Compilation *c, const char *what); /* says how to pick a lane; EXIT_USAGE */
/* Compiles all lanes, joins those of the same structure, and runs them; or makes an executable that does. */
int sweep_run(Compilation *c, EngineKind kind);
int sweep_build(Compilation *c);

/* ---- sweep_explain.c ---- */
/* Which lanes share a compiled program, what that loads for each, and why others have one of their own. False after messages. */
bool sweep_explain(Compilation *c, StrBuf *out, int *code);

#endif
