/* none.c: stands in for the folder in a build without LLVM: everything fails, and says why. */
#include "emit_llvm/emit_llvm.h"

static const char none[] = "this snnc was built without LLVM";

bool
llvm_available(void)
{
	return false;
}

bool
llvm_emit_ir(StrBuf *out, const Plan *p, const LlvmOptions *o, bool optimised, const char **why)
{
	(void)out, (void)p, (void)o, (void)optimised;
	*why = none;
	return false;
}

bool
llvm_emit_asm(StrBuf *out, const Plan *p, const LlvmOptions *o, const char **why)
{
	(void)out, (void)p, (void)o;
	*why = none;
	return false;
}

bool
llvm_emit_object(const Plan *p, const LlvmOptions *o, const char *path, const char **why)
{
	(void)p, (void)o, (void)path;
	*why = none;
	return false;
}

Jit *
jit_open(Arena *a, const Plan *p, const LlvmOptions *o, const JitSymbol *symbols, uint32_t nsymbols,
	 const char **why)
{
	(void)a, (void)p, (void)o, (void)symbols, (void)nsymbols;
	*why = none;
	return NULL;
}

void *
jit_find(Jit *j, const char *code_name)
{
	(void)j, (void)code_name;
	return NULL;
}

const char *
jit_why(const Jit *j)
{
	(void)j;
	return none;
}

const JitTimes *
jit_times(const Jit *j)
{
	(void)j;
	return NULL;
}

void
jit_close(Jit *j)
{
	(void)j;
}
