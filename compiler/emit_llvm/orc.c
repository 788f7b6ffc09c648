/* orc.c: objects into memory by LLVM's ORC, on every machine that LLVM knows.
 *
 * What is freshly compiled always goes this way, and what comes from the cache does where elf.c
 * does not know the machine. We have our own pipeline and our own cache, so an LLJIT is given
 * objects and not IR; it lays them out, links them with each other and with the symbols, and
 * keeps the code until it is disposed.
 */
#include "emit_llvm/ll.h"

#include <llvm-c/LLJIT.h>
#include <llvm-c/Orc.h>

struct LlOrc {
	Arena *a;
	LLVMOrcLLJITRef jit;
	const char *complaint;          /* what the session said last: the cause of a failed lookup */
};

/* Linking happens inside a lookup, whose own error only names what was looked for. */
static void
keep_complaint(void *context, LLVMErrorRef e)
{
	LlOrc *o = context;
	o->complaint = ll_take_error(o->a, e);
}

static bool
failed(LlOrc *o, LLVMErrorRef e, const char **why)
{
	if (!e)
		return false;
	const char *text = ll_take_error(o->a, e);
	*why = o->complaint ? o->complaint : text;
	return true;
}

static LLVMErrorRef
define_symbols(LlOrc *o, const JitSymbol *symbols, uint32_t n)
{
	LLVMOrcCSymbolMapPair *pairs = ARENA_ARRAY(o->a, LLVMOrcCSymbolMapPair, n + 1);
	for (uint32_t i = 0; i < n; i++) {
		pairs[i].Name = LLVMOrcLLJITMangleAndIntern(o->jit, symbols[i].name);
		pairs[i].Sym.Address = (LLVMOrcExecutorAddress)(uintptr_t)symbols[i].address;
		pairs[i].Sym.Flags.GenericFlags =
			LLVMJITSymbolGenericFlagsExported | LLVMJITSymbolGenericFlagsCallable;
	}
	LLVMOrcMaterializationUnitRef unit = LLVMOrcAbsoluteSymbols(pairs, n);
	LLVMErrorRef e = LLVMOrcJITDylibDefine(LLVMOrcLLJITGetMainJITDylib(o->jit), unit);
	if (e)
		LLVMOrcDisposeMaterializationUnit(unit);
	return e;
}

static LLVMErrorRef
add_objects(LlOrc *o, const LlObjects *objects)
{
	LLVMOrcJITDylibRef lib = LLVMOrcLLJITGetMainJITDylib(o->jit);
	LLVMErrorRef e = NULL;
	for (uint32_t i = 0; i < objects->n && !e; i++) {
		LLVMMemoryBufferRef buffer = LLVMCreateMemoryBufferWithMemoryRangeCopy(
			objects->at[i].at, objects->at[i].n, "plan");
		e = LLVMOrcLLJITAddObjectFile(o->jit, lib, buffer); /* takes the buffer */
	}
	return e;
}

LlOrc *
ll_orc_open(Arena *a, const LlObjects *objects, const JitSymbol *symbols, uint32_t nsymbols,
	    const char **why)
{
	LlOrc *o = ARENA_NEW(a, LlOrc);
	o->a = a;
	if (!ll_init(why) || failed(o, LLVMOrcCreateLLJIT(&o->jit, NULL), why))
		return NULL;
	LLVMOrcExecutionSessionSetErrorReporter(LLVMOrcLLJITGetExecutionSession(o->jit),
						keep_complaint, o);
	if (!failed(o, define_symbols(o, symbols, nsymbols), why) &&
	    !failed(o, add_objects(o, objects), why))
		return o;
	ll_orc_close(o);
	return NULL;
}

void *
ll_orc_find(LlOrc *o, const char *name, const char **why)
{
	LLVMOrcExecutorAddress at = 0;
	if (failed(o, LLVMOrcLLJITLookup(o->jit, &at, name), why))
		return NULL;
	return (void *)(uintptr_t)at;
}

void
ll_orc_close(LlOrc *o)
{
	if (!o || !o->jit)
		return;
	LLVMErrorRef e = LLVMOrcDisposeLLJIT(o->jit);
	o->jit = NULL;
	if (e)
		LLVMConsumeError(e);
}
