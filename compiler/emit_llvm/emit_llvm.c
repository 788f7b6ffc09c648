/* emit_llvm.c: a plan through the generator, the verifier, the passes and codegen; as text or as a file. */
#define _POSIX_C_SOURCE 200809L
#include "emit_llvm/ll.h"

#include <llvm-c/Analysis.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

bool
llvm_available(void)
{
	return true;
}

/* ---- one way through the room ------------------------------------------------------------------ */

bool
ll_build(LlGen *g, const LlPart *part, const char **why)
{
	char *message = NULL;
	ll_gen_module(g, part);
	bool bad = LLVMVerifyModule(g->module, LLVMReturnStatusAction, &message);
	if (bad)
		*why = arena_printf(g->a, "the module made from the plan is unsound: %s", message);
	LLVMDisposeMessage(message);
	return !bad;
}

LLVMMemoryBufferRef
ll_codegen(LlGen *g, LLVMCodeGenFileType type, const char **why)
{
	LLVMMemoryBufferRef out = NULL;
	char *message = NULL;
	if (LLVMTargetMachineEmitToMemoryBuffer(g->machine->tm, g->module, type, &message, &out)) {
		*why = ll_take_message(g->a, message);
		return NULL;
	}
	if (!g->diagnostic)
		return out;
	*why = g->diagnostic;
	LLVMDisposeMemoryBuffer(out);
	return NULL;
}

/* ---- text and files --------------------------------------------------------------------------------- */

bool
llvm_emit_ir(StrBuf *out, const Plan *p, const LlvmOptions *o, bool optimised, const char **why)
{
	const LlPart whole = {0};
	LlMachine m;
	LlGen g;
	if (!ll_machine_open(out->arena, &m, o, why))
		return false;
	ll_gen_open(&g, p, out->arena, &m, true);
	bool ok = ll_build(&g, &whole, why) && (!optimised || ll_run_passes(out->arena, g.module, &m, o, why));
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
	const LlPart whole = {0};
	LlMachine m;
	LlGen g;
	LLVMMemoryBufferRef text = NULL;
	if (!ll_machine_open(out->arena, &m, o, why))
		return false;
	LLVMSetTargetMachineAsmVerbosity(m.tm, true);
	ll_gen_open(&g, p, out->arena, &m, true);
	if (ll_build(&g, &whole, why) && ll_run_passes(out->arena, g.module, &m, o, why))
		text = ll_codegen(&g, LLVMAssemblyFile, why);
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
	LlObjects objects;
	LlvmOptions one = *o;
	JitTimes times = {0};
	if (!ll_machine_open(p->arena, &m, o, why))
		return false;
	one.threads = 1;                                  /* one part is one object */
	bool ok = ll_compile(p->arena, p, &m, &one, NULL, &objects, &times, why);
	ll_machine_close(&m);
	if (!ok)
		return false;
	ok = write_object(path, objects.at[0]);
	if (!ok)
		*why = arena_printf(p->arena, "%s cannot be written: %s", path, strerror(errno));
	ll_objects_close(&objects);
	return ok;
}
