/* gen_team.c: what the threads of a team do becomes a function of its own, `void PROC.team(ptr arena, i64 me, i64 of)`, which
 * the runtime calls on all of them. Kernels that are shared out take their bounds there, and so are made with open ones.
 */
#include "emit_llvm/ll.h"

#include "base/panic.h"

/* ---- which kernels are shared out ------------------------------------------------------------ */

static void
mark_block(PlanBlock b, bool *open)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *s = b.at[i];
		if (s->kind == PSTMT_RUN && (s->share == SHARE_PARTS || s->share == SHARE_EVENTS))
			open[s->id] = true;
		mark_block(s->body, open);
		mark_block(s->other, open);
	}
}

/* The same in every part of the plan that is made into a module. */
void
ll_mark_open(LlGen *g)
{
	g->open = ARENA_ARRAY(g->a, bool, g->plan->codes.n + 1);
	for (uint32_t i = 0; i < g->plan->codes.n; i++)
		mark_block(g->plan->codes.at[i]->body, g->open);
}

/* ---- the runtime's part ---------------------------------------------------------------------- */

static LLVMTypeRef
share_type(LlGen *g)
{
	LLVMTypeRef params[] = {g->ptr, g->type[PT_I64], g->type[PT_I64]};
	return LLVMFunctionType(g->nothing, params, 3, false);
}

static LLVMValueRef
call_runtime(LlGen *g, const char *name, LLVMTypeRef result, LLVMValueRef share)
{
	LLVMTypeRef params[] = {g->ptr, g->ptr}, type = LLVMFunctionType(result, params, share ? 2 : 1, false);
	LLVMValueRef fn = LLVMGetNamedFunction(g->module, name), args[] = {NULL, share};
	if (!fn) {
		fn = LLVMAddFunction(g->module, name, type);
		ll_add_attribute(g, fn, (unsigned)LLVMAttributeFunctionIndex, "nounwind", 0);
	}
	args[0] = LLVMBuildLoad2(g->b, g->ptr, g->arena, "host");
	ll_tag_access(g, args[0], g->plan->bufs.n);
	return LLVMBuildCall2(g->b, type, fn, args, share ? 2 : 1, "");
}

/* ---- shares ---------------------------------------------------------------------------------- */

static LLVMValueRef
product(LlGen *g, LLVMValueRef n, LLVMValueRef t, LLVMValueRef of)
{
	return LLVMBuildUDiv(g->b, LLVMBuildMul(g->b, n, t, ""), of, "");
}

static LLVMValueRef
least(LlGen *g, LLVMValueRef a, LLVMValueRef b)
{
	return LLVMBuildSelect(g->b, LLVMBuildICmp(g->b, LLVMIntULT, a, b, ""), a, b, "");
}

static LLVMValueRef
load_int(LlGen *g, uint32_t buf, LLVMValueRef at)
{
	const PlanBuf *b = &g->plan->bufs.at[buf];
	LLVMValueRef offset = ll_i64(g, (int64_t)b->offset);
	LLVMValueRef base = LLVMBuildInBoundsGEP2(g->b, g->cell[PT_U8], g->arena, &offset, 1, b->name);
	LLVMValueRef v = LLVMBuildLoad2(g->b, g->cell[b->type], LLVMBuildInBoundsGEP2(g->b, g->cell[b->type], base, &at, 1, ""), "");
	LLVMSetAlignment(v, plan_type_size(b->type));
	ll_tag_access(g, v, buf);
	return LLVMBuildZExtOrBitCast(g->b, v, g->type[PT_I64], "");
}

/* The event that the share of t begins with. */
static LLVMValueRef
cut_at_event(LlGen *g, const PlanStmt *s, LLVMValueRef t, LLVMValueRef of, LLVMValueRef without)
{
	LLVMValueRef zero = ll_i64(g, 0), range = ll_i64(g, (int64_t)g->plan->codes.at[s->id]->range);
	LLVMValueRef n = load_int(g, s->count, zero);
	LLVMValueRef first = LLVMBuildICmp(g->b, LLVMIntEQ, t, zero, ""), end = LLVMBuildICmp(g->b, LLVMIntEQ, t, of, "");
	LLVMValueRef at = LLVMBuildSelect(g->b, end, zero, product(g, n, t, of), "");
	LLVMValueRef event = load_int(g, s->list, at);
	event = LLVMBuildSelect(g->b, LLVMBuildICmp(g->b, LLVMIntEQ, n, zero, ""), without, event, "");
	event = LLVMBuildSelect(g->b, end, range, event, "");
	return LLVMBuildSelect(g->b, first, zero, event, "");
}

/* Where the share of thread t begins. */
static LLVMValueRef
cut(LlGen *g, const PlanStmt *s, LLVMValueRef t, LLVMValueRef of)
{
	int64_t range = (int64_t)g->plan->codes.at[s->id]->range, unit = s->step > 0 ? s->step : 1;
	LLVMValueRef units = ll_i64(g, (range + unit - 1) / unit);
	LLVMValueRef at = LLVMBuildMul(g->b, product(g, units, t, of), ll_i64(g, unit), "");
	at = least(g, at, ll_i64(g, range));
	return s->share == SHARE_EVENTS ? cut_at_event(g, s, t, of, at) : at;
}

static void
run_share(LlGen *g, const PlanStmt *s, LLVMValueRef me, LLVMValueRef of)
{
	LLVMValueRef next = LLVMBuildAdd(g->b, me, ll_i64(g, 1), "");
	if (s->share != SHARE_ONE) {
		ll_call_kernel(g, s->id, cut(g, s, me, of), cut(g, s, next, of));
		return;
	}
	LLVMBasicBlockRef mine = LLVMAppendBasicBlockInContext(g->cx, g->in, "mine");
	LLVMBasicBlockRef on = LLVMAppendBasicBlockInContext(g->cx, g->in, "on");
	LLVMValueRef who = LLVMBuildURem(g->b, ll_i64(g, s->step), of, "");
	LLVMBuildCondBr(g->b, LLVMBuildICmp(g->b, LLVMIntEQ, who, me, ""), mine, on);
	LLVMPositionBuilderAtEnd(g->b, mine);
	ll_call_kernel(g, s->id, NULL, NULL);
	LLVMBuildBr(g->b, on);
	LLVMPositionBuilderAtEnd(g->b, on);
}

static void
gen_share(LlGen *g, PlanBlock b)
{
	LLVMValueRef me = LLVMGetParam(g->in, 1), of = LLVMGetParam(g->in, 2);
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *s = b.at[i];
		if (s->kind == PSTMT_RUN)
			run_share(g, s, me, of);
		else if (s->kind == PSTMT_MEET)
			call_runtime(g, "snnrt_meet", g->nothing, NULL);
	}
	LLVMBuildRetVoid(g->b);
}

/* Within the proc that has the team; only the function in hand changes for a while. */
static LLVMValueRef
make_share(LlGen *g, PlanBlock b)
{
	LLVMValueRef in = g->in, arena = g->arena;
	LLVMBasicBlockRef here = LLVMGetInsertBlock(g->b);
	LLVMValueRef fn = LLVMAddFunction(g->module, arena_printf(g->a, "%s.team", g->code->name), share_type(g));
	LLVMSetLinkage(fn, LLVMInternalLinkage);
	ll_add_target(g, fn);
	ll_add_attribute(g, fn, (unsigned)LLVMAttributeFunctionIndex, "nounwind", 0);
	g->in = fn;
	g->arena = LLVMGetParam(fn, 0);
	LLVMPositionBuilderAtEnd(g->b, LLVMAppendBasicBlockInContext(g->cx, fn, "start"));
	gen_share(g, b);
	g->in = in;
	g->arena = arena;
	LLVMPositionBuilderAtEnd(g->b, here);
	return fn;
}

/* With one thread the runtime does nothing, and the kernels run one after the other. */
void
ll_gen_team(LlGen *g, const PlanStmt *s)
{
	LLVMValueRef n = call_runtime(g, "snnrt_team", g->type[PT_I64], make_share(g, s->body));
	LLVMBasicBlockRef alone = LLVMAppendBasicBlockInContext(g->cx, g->in, "alone");
	LLVMBasicBlockRef on = LLVMAppendBasicBlockInContext(g->cx, g->in, "on");
	LLVMBuildCondBr(g->b, LLVMBuildICmp(g->b, LLVMIntEQ, n, ll_i64(g, 0), ""), alone, on);
	LLVMPositionBuilderAtEnd(g->b, alone);
	for (uint32_t i = 0; i < s->body.n; i++) {
		const PlanStmt *t = s->body.at[i];
		if (t->kind == PSTMT_RUN)
			ll_call_kernel(g, t->id, NULL, NULL);
	}
	LLVMBuildBr(g->b, on);
	LLVMPositionBuilderAtEnd(g->b, on);
}
