/* emit_llvm.h: a plan to LLVM IR, assembler, an object file, or code in memory.
 *
 * No LLVM type is seen here, so that nobody else learns of LLVM; without LLVM
 * none.c stands in, where everything fails with a text. Nothing here aborts on
 * what LLVM refuses: NULL or false, and *why has a sentence (in the arena of
 * the plan, of `out`, or the one given to jit_open).
 *
 *   Jit *j = jit_open(arena, plan, &options, symbols, nsymbols, &why);
 *   JitProc *step = (JitProc *)jit_find(j, "step");
 *   status = step(memory);                                 64-byte aligned, plan->arena_bytes long
 *   jit_close(j);
 *
 * A Jit is used by one thread at a time while it is opened, searched or closed;
 * the code that it gave may run on any thread.
 */
#ifndef SNNC_EMIT_LLVM_EMIT_LLVM_H
#define SNNC_EMIT_LLVM_EMIT_LLVM_H

#include "base/arena.h"
#include "base/strbuf.h"
#include "plan/plan.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct {
	const char *cpu;                        /* NULL: host; or "x86-64-v3" ... */
	int opt;                /* 0 .. 3; 2 is meant as the default, 3 is LLVM's own default<O3> */
	const char *cache_dir;                  /* NULL: no object cache; made if it is not there */
	const char *hash;          /* hex text that stands for the plan; NULL: its text is hashed */
	int threads;                            /* for compiling; 0: as many as are worth it */
	bool verify;                /* verify also after each pass (the input is always verified) */
	bool orc;       /* link by ORC, also where elf.c could */
} LlvmOptions;

/* Whether the back end is there; it is loaded when it is first needed. */
bool llvm_available(void);

/* Text of the module before (optimised: after) the passes. */
bool llvm_emit_ir(StrBuf *out, const Plan *p, const LlvmOptions *o, bool optimised,
                  const char **why);
bool llvm_emit_asm(StrBuf *out, const Plan *p, const LlvmOptions *o, const char **why);
/* Position independent; exports every proc by its plan name, wants the snnrt_ functions that are
 * called. */
bool llvm_emit_object(const Plan *p, const LlvmOptions *o, const char *path, const char **why);

typedef struct Jit Jit;
typedef struct { const char *name; void *address; } JitSymbol; /* "snnrt_poll" … */
typedef int64_t JitProc(void *arena);
typedef void JitKernel(void *arena, int64_t lo, int64_t hi);
/* seconds of jit_open */
typedef struct { double build, passes, codegen, load; bool cached; } JitTimes;

/* The plan must have its layout and stay as long as the Jit. All procs are linked at once, so
 * that a symbol that is missing is told here. */
Jit *jit_open(Arena *a, const Plan *p, const LlvmOptions *o, const JitSymbol *symbols,
              uint32_t nsymbols, const char **why);
/* A JitProc or a JitKernel. Kernels with open bounds are compiled when they are asked for; procs
 * have their own copies with constant bounds. NULL: no such code, or it failed (jit_why). */
void *jit_find(Jit *j, const char *code_name);
const char *jit_why(const Jit *j);
const JitTimes *jit_times(const Jit *j);
void jit_close(Jit *j);                         /* NULL is fine; the code is gone after it */

#endif
