/* machine.c: the processor, the passes, and the way from a module to an object or to assembler. */
#include "emit_llvm/ll.h"

#include <llvm-c/Target.h>
#include <llvm-c/Transforms/PassBuilder.h>

#include <string.h>

const char *
ll_take_message(Arena *a, char *message)
{
	const char *text = arena_strdup(a, message && *message ? message : "unknown LLVM error");
	LLVMDisposeMessage(message);
	return text;
}

const char *
ll_take_error(Arena *a, LLVMErrorRef e)
{
	char *message = LLVMGetErrorMessage(e);
	const char *text = arena_strdup(a, message);
	LLVMDisposeErrorMessage(message);
	return text;
}

static LLVMCodeGenOptLevel
codegen_level(int opt)
{
	return opt <= 0 ? LLVMCodeGenLevelNone : opt == 1 ? LLVMCodeGenLevelLess : LLVMCodeGenLevelDefault;
}

static bool
has_feature(const char *features, const char *name)
{
	size_t n = strlen(name);
	for (const char *f = features; (f = strstr(f, name)) != NULL; f += n) {
		if (f > features && f[-1] == '+' && (f[n] == ',' || f[n] == 0))
			return true;
	}
	return false;
}

/* The features follow from a cpu that is named; those of the host are asked for, since virtual machines hide some. */
static void
find_cpu(Arena *a, LlMachine *m, const char *cpu)
{
	if (cpu) {
		m->cpu = arena_strdup(a, cpu);
		m->features = "";
	} else {
		m->cpu = ll_take_message(a, LLVMGetHostCPUName());
		char *features = LLVMGetHostCPUFeatures();
		m->features = arena_strdup(a, features);
		LLVMDisposeMessage(features);
	}
	m->wide = has_feature(m->features, "avx512f") || strcmp(m->cpu, "x86-64-v4") == 0;
}

bool
ll_machine_open(Arena *a, LlMachine *m, const LlvmOptions *o, const char **why)
{
	*m = (LlMachine){.opt = o->opt};
	if (LLVMInitializeNativeTarget() || LLVMInitializeNativeAsmPrinter()) {
		*why = "LLVM has no code generator for this machine";
		return false;
	}
	find_cpu(a, m, o->cpu);
	m->triple = LLVMGetDefaultTargetTriple();
	LLVMTargetRef target;
	char *message = NULL;
	if (LLVMGetTargetFromTriple(m->triple, &target, &message)) {
		*why = ll_take_message(a, message);
		ll_machine_close(m);
		return false;
	}
	m->tm = LLVMCreateTargetMachine(target, m->triple, m->cpu, m->features, codegen_level(o->opt), LLVMRelocPIC,
	                                LLVMCodeModelDefault);
	if (!m->tm) {
		*why = arena_printf(a, "LLVM knows no cpu %s", m->cpu);
		ll_machine_close(m);
		return false;
	}
	return true;
}

void
ll_machine_close(LlMachine *m)
{
	if (m->tm)
		LLVMDisposeTargetMachine(m->tm);
	if (m->triple)
		LLVMDisposeMessage(m->triple);
	*m = (LlMachine){0};
}

/* The short pipeline gives the same speed as default<O3> on the loops of plans at a third of its time: bounds are
 * constant, loops stand in the form that the vectoriser wants, and nothing but small funcs wants inlining. */
static const char *
passes_of(int opt)
{
	if (opt <= 0)
		return "always-inline";
	if (opt >= 3)
		return "default<O3>";
	return "always-inline,globaldce,function(sroa,early-cse<memssa>,simplifycfg,instcombine<no-verify-fixpoint>,"
	       "loop-mssa(licm),infer-alignment,loop-vectorize,instcombine<no-verify-fixpoint>,simplifycfg)";
}

bool
ll_run_passes(Arena *a, LLVMModuleRef module, const LlMachine *m, const LlvmOptions *o, const char **why)
{
	LLVMPassBuilderOptionsRef options = LLVMCreatePassBuilderOptions();
	LLVMPassBuilderOptionsSetVerifyEach(options, o->verify);
	LLVMErrorRef e = LLVMRunPasses(module, passes_of(o->opt), m->tm, options);
	LLVMDisposePassBuilderOptions(options);
	if (e)
		*why = ll_take_error(a, e);
	return !e;
}

LLVMMemoryBufferRef
ll_codegen(Arena *a, LLVMModuleRef module, const LlMachine *m, LLVMCodeGenFileType type, const char **why)
{
	LLVMMemoryBufferRef out = NULL;
	char *message = NULL;
	if (LLVMTargetMachineEmitToMemoryBuffer(m->tm, module, type, &message, &out)) {
		*why = ll_take_message(a, message);
		return NULL;
	}
	return out;
}
