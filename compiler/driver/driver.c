/* driver: what each command does with a compilation. */
#define _POSIX_C_SOURCE 200809L
#include "driver/driver.h"

#include "base/panic.h"
#include "driver/doctor.h"
#include "driver/fmt.h"
#include "driver/manual.h"
#include "driver/output.h"
#include "driver/pages.h"
#include "driver/pipeline.h"
#include "driver/run.h"
#include "driver/sweep.h"
#include "driver/test.h"
#include "driver/toolchain.h"
#include "driver/verify.h"
#include "emit_llvm/emit_llvm.h"
#include "explain/explain.h"
#include "info/info.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- diagnostics ----------------------------------------------------------------------------- */

static int
exit_code(const Compilation *c)
{
	uint32_t errors = diag_errors(c->diag);
	return errors == 0 ? EXIT_FINE : errors == c->world_errors ? EXIT_WORLD : EXIT_TEXT;
}

/* Runs the stages and tells what they found. True: the next step may come. */
static bool
compile(Compilation *c, const char *last, int *code)
{
	bool ok = pipeline_run(c, last);
	run_tell(c);
	*code = exit_code(c);
	ASSERT(ok || *code != EXIT_FINE);
	return ok && !pipeline_stopped(c);
}

/* ---- emit ------------------------------------------------------------------------------------ */

static bool
print_llvm(Compilation *c, StrBuf *out)
{
	const char *why = NULL, *cpu = c->o->cpu ? c->o->cpu : "x86-64-v3";
	LlvmOptions o = {.cpu = strcmp(cpu, "native") == 0 ? NULL : cpu, .opt = 2, .verify = true};
	bool ok = c->o->emit == EMIT_LLVM ? llvm_emit_ir(out, c->plan, &o, false, &why)
					  : llvm_emit_asm(out, c->plan, &o, &why);
	timing_mark(&c->timing, "emit llvm");
	if (!ok)
		output_say("%s", why);
	return ok;
}

static const char *
stage_of(EmitKind kind)
{
	switch (kind) {
	case EMIT_AST:
		return "sema";
	case EMIT_NET:
		return "solve";
	case EMIT_PLAN_BEFORE:
		return "lower";
	case EMIT_PLAN:
	case EMIT_C:
	case EMIT_LLVM:
	case EMIT_ASM:
	case EMIT_NONE:
		break;
	}
	return NULL;
}

static int
command_emit(Compilation *c)
{
	int code;
	if (!compile(c, stage_of(c->o->emit), &code))
		return code;
	StrBuf text = strbuf_init(c->arena);
	switch (c->o->emit) {
	case EMIT_AST:
		ast_print(&text, &c->ast, false);
		break;
	case EMIT_NET:
		net_print(&text, c->net);
		break;
	case EMIT_PLAN:
	case EMIT_PLAN_BEFORE:
		plan_print(&text, c->plan);
		break;
	case EMIT_C:
		run_print_c(c, &text);
		break;
	case EMIT_LLVM:
	case EMIT_ASM:
		if (!print_llvm(c, &text))
			return EXIT_WORLD;
		break;
	case EMIT_NONE:
		UNREACHABLE();
	}
	return output_write(c->arena, c->o->output, &text) ? EXIT_FINE : EXIT_WORLD;
}

/* ---- run ------------------------------------------------------------------------------------- */

/* Says why not. */
static bool
may_verify(const Compilation *c)
{
	if (c->o->engine != ENGINE_DEFAULT && c->o->engine != ENGINE_JIT) {
		output_say("`--verify` compares the interpreter with code by LLVM; leave `--engine` away");
		return false;
	}
	if (!llvm_available()) {
		output_say("`--verify` compares the interpreter with code by LLVM, which this snnc is built without; compare `--engine eval --dump-state A` "
			   "with `--engine c --dump-state B`");
		return false;
	}
	if (c->o->resume || c->o->checkpoint_every) {
		output_say("`--verify` takes and reads no checkpoints; leave `--%s` away", c->o->resume ? "resume" : "checkpoint-every");
		return false;
	}
	return true;
}

static int
command_verify(Compilation *c)
{
	VerifyOptions o = {.every = c->o->verify_every};
	VerifyResult r;
	int code = verify_plan(c, &o, &r);
	run_tell(c);
	if (!r.differs && code == EXIT_FINE)
		printf("%" PRIu64 " steps, %" PRIu32 " variables: same bits\n", r.steps, r.variables);
	return code;
}

static int
command_run(Compilation *c)
{
	int code;
	if (!compile(c, NULL, &code))
		return code;
	EngineKind kind = c->o->engine;
	if (kind == ENGINE_DEFAULT)
		kind = run_compiled_engine();
	if (c->o->verify && !may_verify(c))
		return EXIT_USAGE;
	if (compilation_has_lanes(c))
		return sweep_run(c, kind);
	if (c->o->verify)
		return command_verify(c);
	return run_plan(c, kind);
}

/* ---- build, check ---------------------------------------------------------------------------- */

static int
command_build(Compilation *c)
{
	int code;
	if (!compile(c, NULL, &code))
		return code;
	if (compilation_has_lanes(c))
		return sweep_build(c);
	StrBuf text = strbuf_init(c->arena);
	run_print_c(c, &text);
	return toolchain_build(c, &text, c->o->cpu, c->o->output);
}

static int
command_check(Compilation *c)
{
	int code;
	return compile(c, "lower", &code) ? tests_check(c->o, c->arena) : code;
}

/* ---- info ------------------------------------------------------------------------------------ */

static bool
print_models(Compilation *c, const InfoEnv *env, StrBuf *out)
{
	for (uint32_t i = 0; i < c->o->models.n; i++) {
		const char *name = c->o->models.at[i], *near = NULL;
		if (i)
			strbuf_puts(out, "\n\n");
		if ((c->o->source ? info_source : info_model)(out, env, name, &near))
			continue;
		if (near)
			output_say("there is no model `%s`; did you mean `%s`?", name, near);
		else
			output_say("there is no model `%s`; `snnc info` lists them", name);
		return false;
	}
	return true;
}

static int
command_info(Compilation *c)
{
	bool ok = pipeline_read_models(c);
	run_tell(c);
	if (!ok)
		return exit_code(c);
	StrBuf text = strbuf_init(c->arena);
	InfoEnv env = {c->arena, &c->ast, c->sources, c->o->file == NULL};
	if (!print_models(c, &env, &text))
		return EXIT_USAGE;
	if (c->o->markdown)
		info_markdown(&text, &env);
	else if (!c->o->models.n)
		info_list(&text, &env);
	if (!text.n)
		strbuf_puts(&text, "This program has no models of its own; `snnc info` lists those of the library.\n");
	else if (!c->o->models.n && !c->o->markdown && env.library)
		strbuf_puts(&text, "\n`snnc info NAME` tells all about one, `snnc info NAME --source` shows its text.\n");
	return output_write(c->arena, NULL, &text) ? EXIT_FINE : EXIT_WORLD;
}

/* ---- explain ---------------------------------------------------------------------------------- */

static int
command_explain(Compilation *c)
{
	int code;
	DiagCode message;
	if (diag_code_find(c->o->file, &message))
		return pages_print(c->arena, c->o->file);
	if (!compile(c, NULL, &code))
		return code;
	StrBuf text = strbuf_init(c->arena);
	ExplainEnv env = {c->net, c->plan, c->o->markdown};
	explain_print(&text, &env);
	if (compilation_has_lanes(c) && !sweep_explain(c, &text, &code))
		return code;
	return output_write(c->arena, NULL, &text) ? EXIT_FINE : EXIT_WORLD;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static int
run_command(Compilation *c)
{
	switch (c->o->command) {
	case COMMAND_RUN:
		return command_run(c);
	case COMMAND_BUILD:
		return command_build(c);
	case COMMAND_EMIT:
		return command_emit(c);
	case COMMAND_CHECK:
		return command_check(c);
	case COMMAND_INFO:
		return command_info(c);
	case COMMAND_EXPLAIN:
		return command_explain(c);
	case COMMAND_FMT:
		return command_fmt(c);
	case COMMAND_DOCTOR:
		return command_doctor(c);
	case COMMAND_COMPLETIONS:
		return manual_completions(c->arena, c->o->file);
	case COMMAND_MAN:
		return manual_page(c->arena);
	case COMMAND_TEST:
		return command_test(c->o, c->arena);
	}
	UNREACHABLE();
}

int
driver_main(int argc, char **argv)
{
	Arena *arena = arena_open();
	Options o;
	int code = EXIT_FINE;
	if (options_read(arena, argc, argv, &o, &code)) {
		Compilation c;
		compilation_open(&c, &o, arena);
		code = o.explain ? pages_print(arena, o.explain) : run_command(&c);
		if (code == EXIT_FINE && c.dump_failed)
			code = EXIT_WORLD;
		if (o.time)
			timing_print(&c.timing, stderr);
	}
	arena_close(arena);
	if (fflush(stdout) != 0 && code == EXIT_FINE) {
		output_say("stdout cannot be written");
		code = EXIT_WORLD;
	}
	return code;
}
