/* machine.c: the processor, the passes, and the way from a module to an object or to assembler. */
#include "emit_llvm/ll.h"

#include <llvm-c/Support.h>
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
	return opt <= 0   ? LLVMCodeGenLevelNone
	       : opt == 1 ? LLVMCodeGenLevelLess
			  : LLVMCodeGenLevelDefault;
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

/* The features follow from a cpu that is named; those of the host are asked for, since virtual
 * machines hide some. */
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

/* Loop strength reduction is a quarter of the time of code generation and of no use here: all
 * accesses have one base, the arena, and one index. The machine combiner is a twentieth: it
 * shortens chains of operations, of which only those of integers may be regrouped. The scheduler
 * is a twentieth, too, and processors that reorder by themselves gain nothing by it; moving
 * integers to mask registers a twentieth, for code that we do not have. LLVM has no
 * other switches for them than these options, which it keeps for the process; who has no such
 * option for its processor ignores it. */
bool
ll_init(const char **why)
{
	static const char *const args[] = {"snnc", "-disable-lsr", "-x86-machine-combiner=false",
					    "-enable-misched=false", "-disable-x86-domain-reassignment"};
	LLVMParseCommandLineOptions(sizeof args / sizeof *args, args, "");
	if (!LLVMInitializeNativeTarget() && !LLVMInitializeNativeAsmPrinter())
		return true;
	*why = "LLVM has no code generator for this machine";
	return false;
}

static bool
create_target_machine(LlMachine *m, const char **why)
{
	LLVMTargetRef target;
	char *message = NULL;
	if (LLVMGetTargetFromTriple(m->triple, &target, &message)) {
		LLVMDisposeMessage(message);
		*why = "LLVM has no code generator for this machine";
		return false;
	}
	m->tm = LLVMCreateTargetMachine(target, m->triple, m->cpu, m->features,
					codegen_level(m->opt), LLVMRelocPIC, LLVMCodeModelDefault);
	if (!m->tm)
		*why = "LLVM makes no target machine for this processor";
	return m->tm != NULL;
}

bool
ll_machine_open(Arena *a, LlMachine *m, const LlvmOptions *o, const char **why)
{
	*m = (LlMachine){.opt = o->opt};
	if (!ll_init(why))
		return false;
	find_cpu(a, m, o->cpu);
	m->triple = ll_take_message(a, LLVMGetDefaultTargetTriple());
	return create_target_machine(m, why);
}

bool
ll_machine_copy(LlMachine *m, const LlMachine *from, const char **why)
{
	*m = *from;
	return create_target_machine(m, why);
}

void
ll_machine_close(LlMachine *m)
{
	if (m->tm)
		LLVMDisposeTargetMachine(m->tm);
	*m = (LlMachine){0};
}

/* The short pipeline gives the speed of default<O3> on the loops of plans at a third of its
 * time: bounds are constant, loops stand in the form that the vectoriser wants, and nothing but
 * small funcs wants inlining. instcombine comes before the vectoriser, while it may still widen
 * what is narrow in between (twice as fast for philox4x32). */
static const char *
passes_of(int opt)
{
	if (opt <= 0)
		return "always-inline";
	if (opt >= 3)
		return "default<O3>";
	return "always-inline,globaldce,function(sroa,early-cse,simplifycfg,instcombine<no-verify-"
	       "fixpoint>,"
	       "early-cse<memssa>,loop-mssa(licm),infer-alignment,loop-vectorize,early-cse,"
	       "simplifycfg,sroa)";
}

bool
ll_run_passes(Arena *a, LLVMModuleRef module, const LlMachine *m, const LlvmOptions *o,
	      const char **why)
{
	LLVMPassBuilderOptionsRef options = LLVMCreatePassBuilderOptions();
	LLVMPassBuilderOptionsSetVerifyEach(options, o->verify);
	LLVMErrorRef e = LLVMRunPasses(module, passes_of(o->opt), m->tm, options);
	LLVMDisposePassBuilderOptions(options);
	if (e)
		*why = ll_take_error(a, e);
	return !e;
}
