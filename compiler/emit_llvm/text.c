/* text.c: a plan through the generator, the verifier, the passes and codegen to text; and the
 * table of the library. */
#include "emit_llvm/ll.h"

#include <llvm-c/Analysis.h>

/* ---- one way through the room ---------------------------------------------------------------- */

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

/* ---- texts ----------------------------------------------------------------------------------- */

bool
ll_emit_ir(StrBuf *out, const Plan *p, const LlvmOptions *o, bool optimised, const char **why)
{
	const LlPart whole = {0};
	LlMachine m;
	LlGen g;
	if (!ll_machine_open(out->arena, &m, o, why))
		return false;
	ll_gen_open(&g, p, out->arena, &m, true);
	bool ok = ll_build(&g, &whole, why) &&
		  (!optimised || ll_run_passes(out->arena, g.module, &m, o, why));
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
ll_emit_asm(StrBuf *out, const Plan *p, const LlvmOptions *o, const char **why)
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

const LlBackend snnc_llvm_backend = {
	.id = SNNC_EMIT_LLVM_ID,
	.emit_ir = ll_emit_ir,
	.emit_asm = ll_emit_asm,
	.compile = ll_compile,
	.link = ll_orc_open,
	.find = ll_orc_find,
	.unlink = ll_orc_close,
};
