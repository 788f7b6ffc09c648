/* ll.h: what the files of libsnnc-llvm share: the module being made, the machine it is made for.
 *
 * Whatever differs between versions of LLVM is met in ll.c and machine.c only.
 */
#ifndef SNNC_EMIT_LLVM_LL_H
#define SNNC_EMIT_LLVM_LL_H

#include "emit_llvm/backend.h"

#include <llvm-c/Core.h>
#include <llvm-c/Error.h>
#include <llvm-c/TargetMachine.h>

/* ---- the machine (machine.c) ----------------------------------------------------------------- */

typedef struct {
	LLVMTargetMachineRef tm;
	const char *triple, *cpu, *features;    /* in the arena given to ll_machine_open */
	bool wide;                     /* 512-bit vectors, which Intel's models avoid unless told */
	int opt;
} LlMachine;

/* LLVM itself, once; any number of times. */
bool ll_init(const char **why);
bool ll_machine_open(Arena *a, LlMachine *m, const LlvmOptions *o, const char **why);
/* for another thread; texts are shared */
bool ll_machine_copy(LlMachine *m, const LlMachine *from, const char **why);
void ll_machine_close(LlMachine *m);
bool ll_run_passes(Arena *a, LLVMModuleRef module, const LlMachine *m, const LlvmOptions *o,
                   const char **why);
const char *ll_take_error(Arena *a, LLVMErrorRef e); /* text, in the arena; the error is freed */
/* the same for texts that LLVM gives to dispose */
const char *ll_take_message(Arena *a, char *message);

/* ---- the module being made (ll.c) ------------------------------------------------------------ */

enum { LL_DEPTH = 16 };                         /* simd loops in each other that are told of */

/* How seldom a code runs: what is cold stays scalar, what is frozen is not worth any care. */
typedef enum { LL_HOT, LL_COLD, LL_FROZEN } LlCold;

/* What goes into a module. All zero: the procs and all that they use, kernels internal. */
typedef struct {
	const PlanCode *kernel;                 /* this one alone, exported, with open bounds */
	const uint8_t *part_of; /* or per code: kernels and procs of another part are only declared */
	uint8_t part;
} LlPart;

typedef struct {
	const Plan *plan;
	const LlPart *part;
	Arena *a;                               /* for the tables here and for `why` */
	const LlMachine *machine;
	LLVMContextRef cx;
	LLVMModuleRef module;
	LLVMBuilderRef b;
	const char *diagnostic;                 /* first complaint of LLVM itself */

	LLVMTypeRef type[PT_COUNT];             /* of a value: bool is i1 */
	LLVMTypeRef cell[PT_COUNT];             /* in memory: bool is i8, f16 and bf16 are i16 */
	LLVMTypeRef ptr, nothing;
	unsigned md_tbaa, md_loop, md_group;    /* metadata kinds */
	LLVMMetadataRef tbaa_root, *tbaa;    /* access tag per buffer; [bufs.n]: the host pointer */
	LLVMValueRef *groups;                   /* a stock of access groups */
	uint32_t ngroups;

	bool *used, *loops, *vector;            /* per code; see survey.c */
	bool *open;                             /* per code: a kernel that takes its bounds; gen_team.c */
	LlCold *cold;
	uint32_t *nodes;
	LLVMValueRef *fn;                       /* per code, declared when first wanted */
	LLVMTypeRef *fn_type;
	LLVMValueRef mask_tail;                 /* see gen_mask.c; NULL: not wanted yet */

	const PlanCode *code;                   /* the code in hand, and its … */
	LLVMValueRef in, arena, *local;   /* function, arena; value or (var) alloca of each local */
	bool *is_var, is_cold;
	LLVMValueRef *frame;                    /* by buffer: its alloca, if it lies in frames and the code in hand has used it */
	uint32_t self;
	LLVMBasicBlockRef entry;                /* allocas stand here */
	/* groups of the simd loops around; all of them as one node */
	LLVMMetadataRef around[LL_DEPTH], group;
	uint32_t naround;
} LlGen;

/* A module with every type and tag, and no code. `keep_names`: for readers. */
void ll_gen_open(LlGen *g, const Plan *p, Arena *a, const LlMachine *m, bool keep_names);
void ll_gen_close(LlGen *g);

LLVMValueRef ll_i64(LlGen *g, int64_t v);
LLVMValueRef ll_intrinsic(LlGen *g, const char *name, LLVMTypeRef *types, unsigned ntypes,
                          LLVMValueRef *args, unsigned nargs);
void ll_add_attribute(LlGen *g, LLVMValueRef fn, unsigned at, const char *name, uint64_t value);
/* cpu and features, without which code is for any x86-64 */
void ll_add_target(LlGen *g, LLVMValueRef fn);
/* Marks an access of a buffer (bufs.n: the host pointer): what it may alias, and the loop that
 * says turns are free. */
void ll_tag_access(LlGen *g, LLVMValueRef access, uint32_t buf);
bool ll_push_simd(LlGen *g);           /* enters a simd loop; false: too deep, as if it were none */
/* leaves it; `branch` closes it; turns 0: it is not known how many there are */
void ll_pop_simd(LlGen *g, LLVMValueRef branch, const PlanStmt *loop, int64_t turns);
unsigned ll_vectors(const LlGen *g, const PlanStmt *loop, int64_t turns);   /* per turn; 0: as LLVM likes (vectors.c) */
void ll_keep_scalar(LlGen *g, LLVMValueRef branch);
void ll_inline_call(LlGen *g, LLVMValueRef call);

/* ---- the survey (survey.c) ------------------------------------------------------------------- */

void ll_survey(LlGen *g);
/* Per code; nothing and false if the plan has no `program` and `step` to tell from. */
bool ll_mark_cold(Arena *a, const Plan *p, LlCold *cold);
/* Whether a code that is used is defined in this module, or only declared. */
bool ll_is_here(const LlGen *g, uint32_t i);
bool ll_inlines(const LlGen *g, uint32_t func);         /* called from the code in hand, here */

/* ---- plan to IR (gen.c, gen_expr.c) ---------------------------------------------------------- */

void ll_gen_module(LlGen *g, const LlPart *part);
void ll_gen_block(LlGen *g, PlanBlock b);
void ll_call_kernel(LlGen *g, uint32_t kernel, LLVMValueRef lo, LLVMValueRef hi); /* NULL: whole */
void ll_mark_open(LlGen *g);
void ll_gen_team(LlGen *g, const PlanStmt *s);
LLVMValueRef ll_gen_expr(LlGen *g, const PlanExpr *e);
LLVMValueRef ll_gen_mask(LlGen *g, const PlanExpr *e);
LLVMValueRef ll_gen_address(LlGen *g, uint32_t buf, PlanExpr *const *index);
void ll_gen_store(LlGen *g, uint32_t buf, PlanExpr *const *index, LLVMValueRef value);

/* ---- all of it, up to objects (text.c, compile.c) -------------------------------------------- */

/* the module, and its verification */
bool ll_build(LlGen *g, const LlPart *part, const char **why);
/* An object or assembler text; to be disposed. NULL: *why. */
LLVMMemoryBufferRef ll_codegen(LlGen *g, LLVMCodeGenFileType type, const char **why);

bool ll_emit_ir(StrBuf *out, const Plan *p, const LlvmOptions *o, bool optimised, const char **why);
bool ll_emit_asm(StrBuf *out, const Plan *p, const LlvmOptions *o, const char **why);
bool ll_compile(Arena *a, const Plan *p, const LlvmOptions *o, const PlanCode *kernel,
                LlObjects *out,
                JitTimes *times, const char **why);

/* ---- objects in memory (orc.c) --------------------------------------------------------------- */

LlOrc *ll_orc_open(Arena *a, const LlObjects *objects, const JitSymbol *symbols, uint32_t nsymbols,
                   const char **why);
void *ll_orc_find(LlOrc *o, const char *name, const char **why);
void ll_orc_close(LlOrc *o);

#endif
