/* engine.h: what runs a plan in this process: the interpreter, or code in memory. */
#ifndef SNNC_DRIVER_ENGINE_H
#define SNNC_DRIVER_ENGINE_H

#include "driver/pipeline.h"
#include "emit_llvm/emit_llvm.h"
#include "snnrt.h"

typedef struct {
	const char *name; /* "jit", "eval" */
	const Plan *plan;
	snnrt_entry *entry; /* called with the arena and this struct */
	Jit *jit;
	JitProc *proc;
	int threads;     /* eval: of teams */
	const char *why; /* eval: our mistake, found while running */
} Engine;

bool engine_open(Engine *e, Compilation *c, EngineKind kind, const char **why);
void engine_close(Engine *e);

/* What compiled code and the interpreter call at the end of a step instead of the runtime's poll; NULL: that. Engines opened from
 * then on. */
void engine_set_poll(int64_t (*poll)(void *host));

/* $XDG_CACHE_HOME/snnc or ~/.cache/snnc, made if need be; NULL if there is neither. */
const char *engine_cache_dir(Arena *a);

#endif
