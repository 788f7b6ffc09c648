/* ll.c: the module being made: types, attributes, and the metadata that says what aliases what. */
#include "emit_llvm/ll.h"

#include "base/panic.h"

#include <llvm-c/DebugInfo.h>
#include <llvm-c/IRReader.h>

#include <string.h>

static void
keep_diagnostic(LLVMDiagnosticInfoRef info, void *user)
{
	LlGen *g = user;
	char *text = LLVMGetDiagInfoDescription(info);
	if (LLVMGetDiagInfoSeverity(info) == LLVMDSError && !g->diagnostic)
		g->diagnostic = arena_strdup(g->a, text);
	LLVMDisposeMessage(text);
}

static void
set_types(LlGen *g)
{
	LLVMTypeRef i8 = LLVMInt8TypeInContext(g->cx), i16 = LLVMInt16TypeInContext(g->cx);
	LLVMTypeRef i32 = LLVMInt32TypeInContext(g->cx), i64 = LLVMInt64TypeInContext(g->cx);
	LLVMTypeRef f32 = LLVMFloatTypeInContext(g->cx), f64 = LLVMDoubleTypeInContext(g->cx);
	LLVMTypeRef i1 = LLVMInt1TypeInContext(g->cx);
	const LLVMTypeRef value[PT_COUNT] = {
		[PT_BOOL] = i1,  [PT_I8] = i8,   [PT_I16] = i16, [PT_I32] = i32, [PT_I64] = i64,
		[PT_U8] = i8,    [PT_U16] = i16, [PT_U32] = i32, [PT_U64] = i64, [PT_F16] = f32,
		[PT_BF16] = f32, [PT_F32] = f32, [PT_F64] = f64,
	};
	memcpy(g->type, value, sizeof value);
	memcpy(g->cell, value, sizeof value);
	g->cell[PT_BOOL] = i8;
	g->cell[PT_F16] = g->cell[PT_BF16] = i16;
	g->ptr = LLVMPointerTypeInContext(g->cx, 0);
	g->nothing = LLVMVoidTypeInContext(g->cx);
}

static LLVMMetadataRef
md_string(LlGen *g, const char *s)
{
	return LLVMMDStringInContext2(g->cx, s, strlen(s));
}

void
ll_gen_open(LlGen *g, const Plan *p, Arena *a, const LlMachine *m, bool keep_names)
{
	*g = (LlGen){.plan = p, .a = a, .machine = m, .cx = LLVMContextCreate()};
	LLVMContextSetDiscardValueNames(g->cx, !keep_names);
	LLVMContextSetDiagnosticHandler(g->cx, keep_diagnostic, g);
	g->module = LLVMModuleCreateWithNameInContext(p->name ? p->name : "plan", g->cx);
	LLVMSetTarget(g->module, m->triple);
	LLVMTargetDataRef layout = LLVMCreateTargetDataLayout(m->tm);
	LLVMSetModuleDataLayout(g->module, layout);
	LLVMDisposeTargetData(layout);
	g->b = LLVMCreateBuilderInContext(g->cx);
	set_types(g);
	g->md_tbaa = LLVMGetMDKindIDInContext(g->cx, "tbaa", 4);
	g->md_loop = LLVMGetMDKindIDInContext(g->cx, "llvm.loop", 9);
	g->md_group = LLVMGetMDKindIDInContext(g->cx, "llvm.access.group", 17);
	LLVMMetadataRef root = md_string(g, "snnc");
	g->tbaa_root = LLVMMDNodeInContext2(g->cx, &root, 1);
	g->tbaa = ARENA_ARRAY(a, LLVMMetadataRef, p->bufs.n + 1);
	g->fn = ARENA_ARRAY(a, LLVMValueRef, p->codes.n);
	g->fn_type = ARENA_ARRAY(a, LLVMTypeRef, p->codes.n);
}

void
ll_gen_close(LlGen *g)
{
	LLVMDisposeBuilder(g->b);
	if (g->module)
		LLVMDisposeModule(g->module);
	LLVMContextDispose(g->cx);
}

LLVMValueRef
ll_i64(LlGen *g, int64_t v)
{
	return LLVMConstInt(g->type[PT_I64], (uint64_t)v, true);
}

LLVMValueRef
ll_intrinsic(LlGen *g, const char *name, LLVMTypeRef *types, unsigned ntypes, LLVMValueRef *args,
	     unsigned nargs)
{
	unsigned id = LLVMLookupIntrinsicID(name, strlen(name));
	LLVMValueRef fn = LLVMGetIntrinsicDeclaration(g->module, id, types, ntypes);
	LLVMTypeRef type = LLVMIntrinsicGetType(g->cx, id, types, ntypes);
	return LLVMBuildCall2(g->b, type, fn, args, nargs, "");
}

void
ll_add_attribute(LlGen *g, LLVMValueRef fn, unsigned at, const char *name, uint64_t value)
{
	unsigned kind = LLVMGetEnumAttributeKindForName(name, strlen(name));
	ASSERT(kind != 0);
	LLVMAddAttributeAtIndex(fn, at, LLVMCreateEnumAttribute(g->cx, kind, value));
}

void
ll_inline_call(LlGen *g, LLVMValueRef call)
{
	unsigned kind = LLVMGetEnumAttributeKindForName("alwaysinline", 12);
	LLVMAddCallSiteAttribute(call, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
				 LLVMCreateEnumAttribute(g->cx, kind, 0));
}

static void
add_text_attribute(LlGen *g, LLVMValueRef fn, const char *name, const char *value)
{
	LLVMAttributeRef at = LLVMCreateStringAttribute(g->cx, name, (unsigned)strlen(name), value,
							(unsigned)strlen(value));
	LLVMAddAttributeAtIndex(fn, (LLVMAttributeIndex)LLVMAttributeFunctionIndex, at);
}

void
ll_add_target(LlGen *g, LLVMValueRef fn)
{
	add_text_attribute(g, fn, "target-cpu", g->machine->cpu);
	add_text_attribute(g, fn, "target-features", g->machine->features);
	if (g->machine->wide)
		add_text_attribute(g, fn, "prefer-vector-width", "512");
}

/* One type node per buffer: two buffers never overlap, and no buffer is seen as two types, so
 * this says all that there is to say about aliasing, at one node per buffer (scopes with noalias
 * lists would need the square). */
static LLVMMetadataRef
tbaa_tag(LlGen *g, uint32_t buf)
{
	if (g->tbaa[buf])
		return g->tbaa[buf];
	bool host = buf == g->plan->bufs.n;
	LLVMMetadataRef zero = LLVMValueAsMetadata(ll_i64(g, 0));
	LLVMMetadataRef node[] = {md_string(g, host ? "host" : g->plan->bufs.at[buf].name),
				  g->tbaa_root, zero};
	LLVMMetadataRef type = LLVMMDNodeInContext2(g->cx, node, 3);
	bool fixed = host || g->plan->bufs.at[buf].role == ROLE_CONST;
	LLVMMetadataRef tag[] = {type, type, zero,
				 fixed ? LLVMValueAsMetadata(ll_i64(g, 1)) : NULL};
	g->tbaa[buf] = LLVMMDNodeInContext2(g->cx, tag, fixed ? 4 : 3);
	return g->tbaa[buf];
}

void
ll_tag_access(LlGen *g, LLVMValueRef access, uint32_t buf)
{
	LLVMSetMetadata(access, g->md_tbaa, LLVMMetadataAsValue(g->cx, tbaa_tag(g, buf)));
	if (g->group)
		LLVMSetMetadata(access, g->md_group, LLVMMetadataAsValue(g->cx, g->group));
}

/* Access groups must be distinct nodes without operands. The C API makes only uniqued ones; the
 * reader of IR text makes both. They belong to the context, so the little module that brought
 * them can go. */
static void
stock_groups(LlGen *g)
{
	static const char text[] =
		"!g = !{!0,!1,!2,!3,!4,!5,!6,!7,!8,!9,!10,!11,!12,!13,!14,!15}\n"
		"!0=distinct !{}\n!1=distinct !{}\n!2=distinct !{}\n!3=distinct !{}\n!4=distinct "
		"!{}\n!5=distinct !{}\n"
		"!6=distinct !{}\n!7=distinct !{}\n!8=distinct !{}\n!9=distinct !{}\n!10=distinct "
		"!{}\n!11=distinct !{}\n"
		"!12=distinct !{}\n!13=distinct !{}\n!14=distinct !{}\n!15=distinct !{}\n";
	LLVMModuleRef m = NULL;
	char *message = NULL;
	LLVMMemoryBufferRef t =
		LLVMCreateMemoryBufferWithMemoryRangeCopy(text, sizeof text - 1, "groups");
	LLVMBool discards = LLVMContextShouldDiscardValueNames(g->cx);
	LLVMContextSetDiscardValueNames(g->cx, false); /* the reader insists */
	if (LLVMParseIRInContext(g->cx, t, &m, &message))
		PANIC("access groups: %s", message);
	LLVMContextSetDiscardValueNames(g->cx, discards);
	g->ngroups = LLVMGetNamedMetadataNumOperands(m, "g");
	if (!g->groups)
		g->groups = ARENA_ARRAY(g->a, LLVMValueRef, g->ngroups);
	LLVMGetNamedMetadataOperands(m, "g", g->groups);
	LLVMDisposeModule(m);
}

static void
set_group(LlGen *g)
{
	g->group = NULL;
	if (g->naround == 1)
		g->group = g->around[0];
	else if (g->naround > 1)
		g->group = LLVMMDNodeInContext2(g->cx, g->around, g->naround);
}

bool
ll_push_simd(LlGen *g)
{
	if (g->naround == LL_DEPTH)
		return false;
	if (g->ngroups == 0)
		stock_groups(g);
	g->around[g->naround++] = LLVMValueAsMetadata(g->groups[--g->ngroups]);
	set_group(g);
	return true;
}

static LLVMMetadataRef
loop_property(LlGen *g, const char *what, LLVMMetadataRef value)
{
	LLVMMetadataRef property[] = {md_string(g, what), value};
	return LLVMMDNodeInContext2(g->cx, property, 2);
}

/* What is said about the loop that ends with this branch: one property or two. */
static void
describe_loop(LlGen *g, LLVMValueRef branch, LLVMMetadataRef one, LLVMMetadataRef two)
{
	LLVMMetadataRef self = LLVMTemporaryMDNode(g->cx, NULL, 0);
	LLVMMetadataRef loop[] = {self, one, two};
	LLVMMetadataRef all = LLVMMDNodeInContext2(g->cx, loop, two ? 3 : 2);
	LLVMValueRef node = LLVMMetadataAsValue(g->cx, all);
	LLVMReplaceMDNodeOperandWith(node, 0, LLVMValueAsMetadata(node));
	LLVMDisposeTemporaryMDNode(self);
	LLVMSetMetadata(branch, g->md_loop, node);
}

/* Says of the loop that its turns are free of each other's memory accesses. Never set
 * llvm.loop.vectorize.enable to true, or a width: both let the vectoriser reorder float sums. */
void
ll_pop_simd(LlGen *g, LLVMValueRef branch, const PlanStmt *loop, int64_t turns)
{
	LLVMMetadataRef group = g->around[--g->naround], vectors = NULL;
	unsigned count = ll_vectors(g, loop, turns);
	set_group(g);
	if (count)
		vectors = loop_property(g, "llvm.loop.interleave.count", LLVMValueAsMetadata(LLVMConstInt(g->type[PT_I32], count, false)));
	describe_loop(g, branch, loop_property(g, "llvm.loop.parallel_accesses", group), vectors);
}

void
ll_keep_scalar(LlGen *g, LLVMValueRef branch)
{
	LLVMMetadataRef no = LLVMValueAsMetadata(LLVMConstInt(g->type[PT_BOOL], 0, false));
	describe_loop(g, branch, loop_property(g, "llvm.loop.vectorize.enable", no), NULL);
}
