/* emit_llvm.c: a plan through the generator, the verifier, the passes and codegen; as text or as a file. */
#define _POSIX_C_SOURCE 200809L
#include "emit_llvm/ll.h"

#include "base/panic.h"

#include <llvm-c/Analysis.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

bool
llvm_available(void)
{
	return true;
}

double
ll_seconds(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- one way through the room ---------------------------------------------------------------------- */

static bool
build(LlGen *g, const PlanCode *kernel, const char **why)
{
	char *message = NULL;
	ll_gen_module(g, kernel);
	bool bad = LLVMVerifyModule(g->module, LLVMReturnStatusAction, &message);
	if (bad)
		*why = arena_printf(g->a, "the module made from the plan is unsound: %s", message);
	LLVMDisposeMessage(message);
	return !bad;
}

static LLVMMemoryBufferRef
codegen(LlGen *g, LLVMCodeGenFileType type, const char **why)
{
	LLVMMemoryBufferRef out = ll_codegen(g->a, g->module, g->machine, type, why);
	if (out && g->diagnostic) {
		*why = g->diagnostic;
		LLVMDisposeMemoryBuffer(out);
		return NULL;
	}
	return out;
}

LLVMMemoryBufferRef
ll_compile(Arena *a, const Plan *p, const LlMachine *m, const LlvmOptions *o, const PlanCode *kernel, JitTimes *times,
           const char **why)
{
	LlGen g;
	LLVMMemoryBufferRef object = NULL;
	double t0 = ll_seconds(), t1, t2;
	panic_set_stage("emit_llvm");
	ll_gen_open(&g, p, a, m, false);
	bool ok = build(&g, kernel, why);
	t1 = ll_seconds();
	ok = ok && ll_run_passes(a, g.module, m, o, why);
	t2 = ll_seconds();
	if (ok)
		object = codegen(&g, LLVMObjectFile, why);
	ll_gen_close(&g);
	if (times) {
		times->build = t1 - t0;
		times->passes = t2 - t1;
		times->codegen = ll_seconds() - t2;
	}
	return object;
}

/* ---- text and files --------------------------------------------------------------------------------- */

bool
llvm_emit_ir(StrBuf *out, const Plan *p, const LlvmOptions *o, bool optimised, const char **why)
{
	LlMachine m;
	LlGen g;
	if (!ll_machine_open(out->arena, &m, o, why))
		return false;
	ll_gen_open(&g, p, out->arena, &m, true);
	bool ok = build(&g, NULL, why) && (!optimised || ll_run_passes(out->arena, g.module, &m, o, why));
	if (ok) {
		char *text = LLVMPrintModuleToString(g.module);
		strbuf_puts(out, text);
		LLVMDisposeMessage(text);
	}
	ll_gen_close(&g);
	ll_machine_close(&m);
	return ok;
}

bool
llvm_emit_asm(StrBuf *out, const Plan *p, const LlvmOptions *o, const char **why)
{
	LlMachine m;
	LlGen g;
	LLVMMemoryBufferRef text = NULL;
	if (!ll_machine_open(out->arena, &m, o, why))
		return false;
	LLVMSetTargetMachineAsmVerbosity(m.tm, true);
	ll_gen_open(&g, p, out->arena, &m, true);
	if (build(&g, NULL, why) && ll_run_passes(out->arena, g.module, &m, o, why))
		text = codegen(&g, LLVMAssemblyFile, why);
	if (text) {
		strbuf_putn(out, LLVMGetBufferStart(text), LLVMGetBufferSize(text));
		LLVMDisposeMemoryBuffer(text);
	}
	ll_gen_close(&g);
	ll_machine_close(&m);
	return text != NULL;
}

static bool
write_object(const char *path, LLVMMemoryBufferRef object)
{
	FILE *f = fopen(path, "wb");
	if (!f)
		return false;
	size_t n = LLVMGetBufferSize(object);
	bool ok = fwrite(LLVMGetBufferStart(object), 1, n, f) == n;
	return fclose(f) == 0 && ok;
}

bool
llvm_emit_object(const Plan *p, const LlvmOptions *o, const char *path, const char **why)
{
	LlMachine m;
	if (!ll_machine_open(p->arena, &m, o, why))
		return false;
	LLVMMemoryBufferRef object = ll_compile(p->arena, p, &m, o, NULL, NULL, why);
	ll_machine_close(&m);
	if (!object)
		return false;
	bool ok = write_object(path, object);
	if (!ok)
		*why = arena_printf(p->arena, "%s cannot be written: %s", path, strerror(errno));
	LLVMDisposeMemoryBuffer(object);
	return ok;
}
