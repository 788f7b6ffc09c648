/* jit.c: a plan to code in memory, through the object cache. */
#include "emit_llvm/ll.h"

#include <llvm-c/LLJIT.h>
#include <llvm-c/Orc.h>

#include <math.h>
#include <string.h>

struct Jit {
	Arena *a;
	const Plan *plan;
	LlvmOptions options;
	LlMachine machine;
	LLVMOrcLLJITRef lljit;
	bool *linked;                                     /* per code: its symbol is defined */
	const char *why;
	JitTimes times;
};

static void
keep_error(void *user, LLVMErrorRef e)
{
	Jit *j = user;
	const char *text = ll_take_error(j->a, e);
	if (!j->why)
		j->why = text;
}

static bool
succeeds(Jit *j, LLVMErrorRef e)
{
	if (!e)
		return true;
	const char *text = ll_take_error(j->a, e);
	j->why = j->why ? arena_printf(j->a, "%s; %s", text, j->why) : text;
	return false;
}

/* What codegen may call by itself where the processor lacks the instruction. */
static const JitSymbol helpers[] = {
	{"memcpy", (void *)memcpy}, {"memset", (void *)memset}, {"memmove", (void *)memmove},
	{"fma", (void *)fma}, {"fmaf", (void *)fmaf}, {"floor", (void *)floor}, {"floorf", (void *)floorf},
	{"ceil", (void *)ceil}, {"ceilf", (void *)ceilf}, {"sqrt", (void *)sqrt}, {"sqrtf", (void *)sqrtf},
};
enum { NHELPERS = sizeof helpers / sizeof *helpers };

static LLVMErrorRef
define(Jit *j, const JitSymbol *symbols, uint32_t n)
{
	if (n == 0)
		return NULL;
	LLVMOrcCSymbolMapPair *pairs = ARENA_ARRAY(j->a, LLVMOrcCSymbolMapPair, n);
	for (uint32_t i = 0; i < n; i++) {
		pairs[i].Name = LLVMOrcLLJITMangleAndIntern(j->lljit, symbols[i].name);
		pairs[i].Sym.Address = (LLVMOrcExecutorAddress)(uintptr_t)symbols[i].address;
		pairs[i].Sym.Flags.GenericFlags = LLVMJITSymbolGenericFlagsExported | LLVMJITSymbolGenericFlagsCallable;
	}
	LLVMOrcMaterializationUnitRef unit = LLVMOrcAbsoluteSymbols(pairs, n);
	LLVMErrorRef e = LLVMOrcJITDylibDefine(LLVMOrcLLJITGetMainJITDylib(j->lljit), unit);
	if (e)
		LLVMOrcDisposeMaterializationUnit(unit);
	return e;
}

/* The JIT takes the buffers, also when it fails. */
static bool
add_objects(Jit *j, LlObjects *objects)
{
	LLVMOrcJITDylibRef lib = LLVMOrcLLJITGetMainJITDylib(j->lljit);
	bool ok = true;
	for (uint32_t i = 0; i < objects->n && ok; i++) {
		LLVMMemoryBufferRef one = objects->at[i];
		objects->at[i] = NULL;
		ok = succeeds(j, LLVMOrcLLJITAddObjectFile(j->lljit, lib, one));
	}
	ll_objects_close(objects);
	return ok;
}

/* All procs (kernel NULL) or one kernel, from the cache or made now. */
static bool
add_code(Jit *j, const PlanCode *kernel)
{
	const char *key = NULL, *dir = j->options.cache_dir;
	LlObjects objects = {.n = 0};
	JitTimes times = {0};
	if (dir) {
		key = ll_cache_key(j->a, j->plan, &j->machine, &j->options, kernel ? kernel->name : "");
		times.cached = ll_cache_read(j->a, dir, key, &objects);
	}
	if (!times.cached) {
		if (!ll_compile(j->a, j->plan, &j->machine, &j->options, kernel, &objects, &times, &j->why))
			return false;
		if (dir)
			ll_cache_write(j->a, dir, key, &objects);
	}
	if (!kernel)
		j->times = times;
	return add_objects(j, &objects);
}

static void *
look_up(Jit *j, const char *name)
{
	LLVMOrcExecutorAddress at = 0;
	if (!succeeds(j, LLVMOrcLLJITLookup(j->lljit, &at, name)))
		return NULL;
	return (void *)(uintptr_t)at;
}

static bool
create_lljit(Jit *j)
{
	LLVMOrcLLJITBuilderRef builder = LLVMOrcCreateLLJITBuilder();
	if (!succeeds(j, LLVMOrcCreateLLJIT(&j->lljit, builder))) {
		j->lljit = NULL;
		return false;
	}
	LLVMOrcExecutionSessionSetErrorReporter(LLVMOrcLLJITGetExecutionSession(j->lljit), keep_error, j);
	return true;
}

/* All procs come in one object, so that looking up one links all that is used. */
static bool
link_procs(Jit *j)
{
	const Plan *p = j->plan;
	const char *any = NULL;
	for (uint32_t i = 0; i < p->codes.n; i++) {
		if (p->codes.at[i]->kind != CODE_PROC)
			continue;
		j->linked[i] = true;
		any = p->codes.at[i]->name;
	}
	return !any || (add_code(j, NULL) && look_up(j, any));
}

Jit *
jit_open(Arena *a, const Plan *p, const LlvmOptions *o, const JitSymbol *symbols, uint32_t nsymbols, const char **why)
{
	Jit *j = ARENA_NEW(a, Jit);
	double start = ll_seconds();
	j->a = a;
	j->plan = p;
	j->options = *o;
	j->linked = ARENA_ARRAY(a, bool, p->codes.n);
	bool ok = ll_machine_open(a, &j->machine, o, &j->why) && create_lljit(j) &&
	          succeeds(j, define(j, symbols, nsymbols)) && succeeds(j, define(j, helpers, NHELPERS)) &&
	          link_procs(j);
	j->times.load = ll_seconds() - start - j->times.build - j->times.passes - j->times.codegen;
	if (ok)
		return j;
	*why = j->why;
	jit_close(j);
	return NULL;
}

void *
jit_find(Jit *j, const char *code_name)
{
	uint32_t i = plan_find_code(j->plan, code_name);
	if (i == UINT32_MAX || j->plan->codes.at[i]->kind == CODE_FUNC)
		return NULL;
	const PlanCode *c = j->plan->codes.at[i];
	j->why = NULL;
	if (!j->linked[i] && !add_code(j, c))
		return NULL;
	j->linked[i] = true;
	return look_up(j, c->kind == CODE_KERNEL ? ll_kernel_symbol(j->a, c) : c->name);
}

const char *
jit_why(const Jit *j)
{
	return j->why;
}

const JitTimes *
jit_times(const Jit *j)
{
	return &j->times;
}

void
jit_close(Jit *j)
{
	if (!j)
		return;
	if (j->lljit)
		LLVMConsumeError(LLVMOrcDisposeLLJIT(j->lljit));
	j->lljit = NULL;
	ll_machine_close(&j->machine);
}
