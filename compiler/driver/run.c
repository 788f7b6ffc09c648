/* run: see run.h. */
#define _POSIX_C_SOURCE 200809L
#include "driver/run.h"

#include "base/panic.h"
#include "driver/engine.h"
#include "driver/output.h"
#include "driver/program.h"
#include "driver/toolchain.h"
#include "emit_c/emit_c.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

EngineKind
run_compiled_engine(void)
{
	return llvm_available() ? ENGINE_JIT : ENGINE_C;
}

void
run_flush(Compilation *c, StrBuf *out, bool colour)
{
	if (c->o->json)
		diag_flush_json(c->diag, out);
	else
		diag_flush(c->diag, out, colour);
}

void
run_tell(Compilation *c)
{
	const char *none = getenv("NO_COLOR");
	StrBuf text = strbuf_init(c->arena);
	run_flush(c, &text, isatty(STDERR_FILENO) && !(none && *none));
	fflush(stdout);
	fputs(strbuf_text(&text), stderr);
}

void
run_print_c(Compilation *c, StrBuf *out)
{
	EmitCOptions o = {c->source_hash, true, c->sources, NULL};
	panic_set_stage("emit c");
	emit_c(out, c->plan, &o);
	panic_set_stage(NULL);
	timing_mark(&c->timing, "emit c");
}

static int
run_in_process(Compilation *c, EngineKind kind)
{
	Engine engine;
	const char *why = NULL;
	if (!engine_open(&engine, c, kind, &why)) {
		output_say("%s", why ? why : "the program cannot be compiled");
		engine_close(&engine);
		return EXIT_WORLD;
	}
	snnrt_program *program = program_of_plan(c->arena, c->plan, c->source_hash);
	program->entry = engine.entry;
	program->closure = &engine;
	snnrt_options options = run_options(c, engine.name);
	snnrt *rt;
	if (snnrt_open(program, &options, &rt) == SNNRT_OK)
		snnrt_run(rt);
	timing_mark(&c->timing, "run");
	if (engine.why)
		output_say("%s; this is a bug in snnc", engine.why);
	else if (*snnrt_error(rt))
		output_say("%s", snnrt_error(rt));
	int code = snnrt_close(rt);
	if (code == EXIT_INTERRUPTED)
		output_say("interrupted; the results so far are kept%s", c->o->no_results ? "" : "; --resume goes on from here");
	engine_close(&engine);
	return code;
}

int
run_plan(Compilation *c, EngineKind kind)
{
	if (kind != ENGINE_C)
		return run_in_process(c, kind);
	StrBuf text = strbuf_init(c->arena);
	run_print_c(c, &text);
	return toolchain_run(c, &text);
}
