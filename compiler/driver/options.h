/* options.h: what the command line says. */
#ifndef SNNC_DRIVER_OPTIONS_H
#define SNNC_DRIVER_OPTIONS_H

#include "base/arena.h"
#include "base/vec.h"

#include <stdbool.h>
#include <stdint.h>

enum { EXIT_FINE = 0, EXIT_TEXT = 1, EXIT_USAGE = 2, EXIT_WORLD = 3, EXIT_INTERRUPTED = 130 };

typedef enum {
	COMMAND_RUN = 1,
	COMMAND_BUILD = 2,
	COMMAND_EMIT = 4,
	COMMAND_CHECK = 8,
	COMMAND_TEST = 16,
	COMMAND_INFO = 32,
	COMMAND_EXPLAIN = 64,
	COMMAND_FMT = 128,
	COMMAND_DOCTOR = 256,
	COMMAND_COMPLETIONS = 512,
	COMMAND_MAN = 1024
} Command;
typedef enum { ENGINE_DEFAULT, ENGINE_JIT, ENGINE_EVAL, ENGINE_C } EngineKind;
typedef enum {
	EMIT_NONE,
	EMIT_C,
	EMIT_LLVM,
	EMIT_ASM,
	EMIT_PLAN,
	EMIT_PLAN_BEFORE,
	EMIT_NET,
	EMIT_AST
} EmitKind;

typedef struct {
	Command command;
	const char *file;         /* the program; of test: NULL; explain: or a code; completions: a shell */
	bool check;               /* fmt: only say which files would change */
	VEC(const char *) files;  /* test: files and folders; fmt: files */
	const char *filter;
	bool update;
	VEC(const char *) sets;  /* "n=20" */
	VEC(const char *) dumps; /* stages */
	VEC(const char *) models; /* info: their names */
	const char *data, *out, *output, *cpu, *lib, *dump_dir, *stop_after, *dump_state, *without, *format, *checkpoint_every, *pause_after, *resume;
	uint64_t seed, memory, verify_every;
	bool seed_given;
	int threads;              /* 0: not said */
	bool threads_auto;        /* as many as are worth it */
	EngineKind engine;
	EmitKind emit;
	bool json;                /* diagnostics as JSON lines */
	const char *explain;      /* a code: its page, and nothing else */
	bool verify, f64, exact, no_cache, quiet, no_results, time, diagnose, check_stages, markdown, source;
} Options;

/* True: go on. False: the exit code is in *code, and what had to be said was said. */
bool options_read(Arena *a, int argc, char **argv, Options *out, int *code);

#endif
