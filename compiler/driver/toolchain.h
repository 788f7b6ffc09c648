/* toolchain.h: the system's C compiler, and programs made by it. */
#ifndef SNNC_DRIVER_TOOLCHAIN_H
#define SNNC_DRIVER_TOOLCHAIN_H

#include "base/strbuf.h"
#include "driver/pipeline.h"

/* Compiles C text to an executable, whole or not at all. cpu NULL: x86-64-v3 where that means something.
 * Gives an exit code; what went wrong was said. */
int toolchain_build(Compilation *c, const StrBuf *text, const char *cpu, const char *out);
/* Builds into a temporary folder, runs that and removes it; gives the exit code of the program. */
int toolchain_run(Compilation *c, const StrBuf *text);
/* The same with the text in n files. */
int toolchain_build_all(Compilation *c, const StrBuf *text, uint32_t n, const char *cpu, const char *out);
int toolchain_run_all(Compilation *c, const StrBuf *text, uint32_t n);

/* The path of the C compiler that would be used; NULL and *why. */
const char *toolchain_compiler(Arena *a, const char **why);
bool toolchain_has_runtime(Arena *a);                     /* what programs by C are linked with; else it was said what is missing */

#endif
