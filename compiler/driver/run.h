/* run.h: runs the plan of a compilation. */
#ifndef SNNC_DRIVER_RUN_H
#define SNNC_DRIVER_RUN_H

#include "driver/pipeline.h"
#include "snnrt.h"

EngineKind run_compiled_engine(void);                     /* LLVM, or C where there is none */
uint32_t run_sets(const Compilation *c, const char ***out);      /* "tau=30" of tunables that --set gives */
snnrt_options run_options(const Compilation *c, const char *engine);
int run_plan(Compilation *c, EngineKind kind);            /* gives the exit code; what went wrong was said */
void run_print_c(Compilation *c, StrBuf *out);
void run_flush(Compilation *c, StrBuf *out, bool colour);   /* messages as --diagnostics says */
void run_tell(Compilation *c);                            /* messages to stderr */

#endif
