/* gen.c: codes and statements of a plan to LLVM IR: the same switch as in emit_c and eval.
 *
 * Procs are exported as `i64 NAME(ptr arena)`. Kernels are internal and take only the arena: all
 * calls of a proc are over the whole range, and constant bounds halve the code that the
 * vectoriser makes; those that a team shares out (gen_team.c) take their bounds, too. A kernel with
 * open bounds is a module of its own, made when somebody asks for it. Funcs are internal, and inlined where survey.c says so.
 */
#include "emit_llvm/ll.h"

#include "base/panic.h"

#include <stdio.h>
#include <string.h>

/* ---- declarations ---------------------------------------------------------------------------- */

static void
add_arena_attributes(LlGen *g, LLVMValueRef fn)
{
	/* No noalias: the host writes into buffers behind the back of a proc that calls it. */
	ll_add_attribute(g, fn, 1, "nonnull", 0);
	ll_add_attribute(g, fn, 1, "noundef", 0);
	ll_add_attribute(g, fn, 1, "align", PLAN_ALIGN);
	if (g->plan->arena_bytes)
		ll_add_attribute(g, fn, 1, "dereferenceable", g->plan->arena_bytes);
}

static LLVMTypeRef
func_type(LlGen *g, const PlanCode *c)
{
	LLVMTypeRef *params = ARENA_ARRAY(g->a, LLVMTypeRef, c->nparams);
	LLVMTypeRef *results = ARENA_ARRAY(g->a, LLVMTypeRef, c->nresults);
	for (uint32_t i = 0; i < c->nparams; i++)
		params[i] = g->type[c->locals[i].type];
	for (uint32_t i = 0; i < c->nresults; i++)
		results[i] = g->type[c->results[i]];
	LLVMTypeRef r = g->nothing;
	if (c->nresults == 1)
		r = results[0];
	else if (c->nresults > 1)
		r = LLVMStructTypeInContext(g->cx, results, c->nresults, false);
	return LLVMFunctionType(r, params, c->nparams, false);
}

static void
declare_code(LlGen *g, uint32_t i)
{
	const PlanCode *c = g->plan->codes.at[i];
	const char *name = c->name;
	bool asked = c == g->part->kernel, open = asked || g->open[i];
	LLVMTypeRef with_range[] = {g->ptr, g->type[PT_I64], g->type[PT_I64]};
	unsigned at = (unsigned)LLVMAttributeFunctionIndex;
	switch (c->kind) {
	case CODE_FUNC:
		g->fn_type[i] = func_type(g, c);
		break;
	case CODE_KERNEL:
		g->fn_type[i] = LLVMFunctionType(g->nothing, with_range, open ? 3 : 1, false);
		break;
	case CODE_PROC:
		g->fn_type[i] = LLVMFunctionType(g->type[PT_I64], with_range, 1, false);
		break;
	case CODE_UNSET:
		UNREACHABLE();
	}
	if (asked)
		name = arena_printf(g->a, LL_KERNEL_SYMBOL, c->name);
	LLVMValueRef fn = g->fn[i] = LLVMAddFunction(g->module, name, g->fn_type[i]);
	ll_add_target(g, fn);
	ll_add_attribute(g, fn, at, "nounwind", 0);
	if (c->kind == CODE_FUNC || (c->kind == CODE_KERNEL && !asked && !g->part->part_of))
		LLVMSetLinkage(fn, LLVMInternalLinkage);
	if (c->kind == CODE_FUNC) {
		ll_add_attribute(g, fn, at, "inlinehint", 0);
		ll_add_attribute(g, fn, at, "memory", 0); /* touches none */
	} else {
		add_arena_attributes(g, fn);
	}
}

static LLVMValueRef
declare_host(LlGen *g, const PlanHostFn *h, LLVMTypeRef *type)
{
	LLVMTypeRef params[8] = {g->ptr};
	char name[64];
	unsigned n = 1;
	for (const char *a = h->args; *a; a++) {
		ASSERT(n < 8);
		params[n++] = *a == 'p' ? g->ptr : g->type[PT_I64];
	}
	snprintf(name, sizeof name, "snnrt_%s", h->name);
	*type = LLVMFunctionType(g->type[PT_I64], params, n, false);
	LLVMValueRef fn = LLVMGetNamedFunction(g->module, name);
	if (fn)
		return fn;
	fn = LLVMAddFunction(g->module, name, *type);
	ll_add_attribute(g, fn, (unsigned)LLVMAttributeFunctionIndex, "nounwind", 0);
	return fn;
}

/* ---- statements ------------------------------------------------------------------------------ */

static LLVMBasicBlockRef
new_block(LlGen *g, const char *name)
{
	return LLVMAppendBasicBlockInContext(g->cx, g->in, name);
}

/* Allocas stand in the entry block, whatever loop their variable is in: only there does sroa
 * take them. */
static void
gen_var(LlGen *g, const PlanStmt *s)
{
	const PlanLocal *l = &g->code->locals[s->id];
	LLVMValueRef v = ll_gen_expr(g, s->e);
	LLVMBasicBlockRef here = LLVMGetInsertBlock(g->b);
	LLVMPositionBuilder(g->b, g->entry, LLVMGetBasicBlockTerminator(g->entry));
	g->local[s->id] = LLVMBuildAlloca(g->b, g->type[l->type], l->name);
	g->is_var[s->id] = true;
	LLVMPositionBuilderAtEnd(g->b, here);
	LLVMBuildStore(g->b, v, g->local[s->id]);
}

/* To read (0), into every cache (3), data (1). */
static void
gen_prefetch(LlGen *g, const PlanStmt *s)
{
	LLVMTypeRef i32 = g->type[PT_I32], pointer = LLVMPointerTypeInContext(g->cx, 0);
	LLVMValueRef args[] = {ll_gen_address(g, s->id, s->op), LLVMConstInt(i32, 0, false), LLVMConstInt(i32, 3, false), LLVMConstInt(i32, 1, false)};
	ll_intrinsic(g, "llvm.prefetch", &pointer, 1, args, 4);
}

/* Tested at the bottom, which is the form that the loop passes want. */
static void
gen_for(LlGen *g, const PlanStmt *s)
{
	LLVMTypeRef i64 = g->type[PT_I64];
	const char *name = g->code->locals[s->id].name;
	LLVMValueRef lo = ll_gen_expr(g, s->e), hi = ll_gen_expr(g, s->hi);
	bool known = LLVMIsAConstantInt(lo) && LLVMIsAConstantInt(hi);
	if (known && LLVMConstIntGetSExtValue(lo) >= LLVMConstIntGetSExtValue(hi))
		return;
	int64_t turns = 0;
	if (known && s->step == 1)
		turns = LLVMConstIntGetSExtValue(hi) - LLVMConstIntGetSExtValue(lo);
	LLVMBasicBlockRef before = LLVMGetInsertBlock(g->b), loop = new_block(g, name),
			  done = new_block(g, "done");
	if (known)
		LLVMBuildBr(g->b, loop);
	else
		LLVMBuildCondBr(g->b, LLVMBuildICmp(g->b, LLVMIntSLT, lo, hi, ""), loop, done);
	LLVMPositionBuilderAtEnd(g->b, loop);
	LLVMValueRef i = LLVMBuildPhi(g->b, i64, name);
	LLVMAddIncoming(i, &lo, &before, 1);
	g->local[s->id] = i;
	bool simd = s->simd && !g->is_cold && ll_push_simd(g);
	ll_gen_block(g, s->body);
	LLVMValueRef next = LLVMBuildNSWAdd(g->b, i, ll_i64(g, s->step), "");
	LLVMBasicBlockRef latch = LLVMGetInsertBlock(g->b);
	LLVMValueRef more = LLVMBuildICmp(g->b, LLVMIntSLT, next, hi, "");
	LLVMValueRef branch = LLVMBuildCondBr(g->b, more, loop, done);
	LLVMAddIncoming(i, &next, &latch, 1);
	if (simd)
		ll_pop_simd(g, branch, s, turns);
	else if (g->is_cold)
		ll_keep_scalar(g, branch);
	LLVMPositionBuilderAtEnd(g->b, done);
}

static void
gen_while(LlGen *g, const PlanStmt *s)
{
	LLVMBasicBlockRef test = new_block(g, "while"), body = new_block(g, "body"),
			  done = new_block(g, "done");
	LLVMBuildBr(g->b, test);
	LLVMPositionBuilderAtEnd(g->b, test);
	LLVMBuildCondBr(g->b, ll_gen_expr(g, s->e), body, done);
	LLVMPositionBuilderAtEnd(g->b, body);
	ll_gen_block(g, s->body);
	LLVMBuildBr(g->b, test);
	LLVMPositionBuilderAtEnd(g->b, done);
}

static void
gen_if(LlGen *g, const PlanStmt *s)
{
	LLVMBasicBlockRef then = new_block(g, "then"), other = NULL, join = NULL;
	LLVMValueRef cond = ll_gen_expr(g, s->e);
	if (s->other.n)
		other = new_block(g, "else");
	join = new_block(g, "join");
	LLVMBuildCondBr(g->b, cond, then, other ? other : join);
	LLVMPositionBuilderAtEnd(g->b, then);
	ll_gen_block(g, s->body);
	LLVMBuildBr(g->b, join);
	if (other) {
		LLVMPositionBuilderAtEnd(g->b, other);
		ll_gen_block(g, s->other);
		LLVMBuildBr(g->b, join);
	}
	LLVMPositionBuilderAtEnd(g->b, join);
}

static void
gen_call(LlGen *g, const PlanStmt *s)
{
	const PlanCode *f = g->plan->codes.at[s->id];
	LLVMValueRef *args = ARENA_ARRAY(g->a, LLVMValueRef, s->nops);
	for (uint32_t i = 0; i < s->nops; i++)
		args[i] = ll_gen_expr(g, s->op[i]);
	LLVMValueRef r = LLVMBuildCall2(g->b, g->fn_type[s->id], g->fn[s->id], args, s->nops, "");
	if (ll_inlines(g, s->id))
		ll_inline_call(g, r);
	if (f->nresults == 1 && s->nlocals == 1) {
		g->local[s->locals[0]] = r;
		return;
	}
	for (uint32_t i = 0; i < s->nlocals; i++)
		g->local[s->locals[i]] =
			LLVMBuildExtractValue(g->b, r, i, g->code->locals[s->locals[i]].name);
}

static void
gen_return(LlGen *g, const PlanStmt *s)
{
	if (s->nops == 0) {
		LLVMBuildRetVoid(g->b);
		return;
	}
	LLVMValueRef r = NULL;
	if (s->nops > 1)
		r = LLVMGetPoison(LLVMGetReturnType(LLVMGlobalGetValueType(g->in)));
	for (uint32_t i = 0; i < s->nops; i++) {
		LLVMValueRef v = ll_gen_expr(g, s->op[i]);
		r = s->nops == 1 ? v : LLVMBuildInsertValue(g->b, r, v, i, "");
	}
	LLVMBuildRet(g->b, r);
}

/* A negative status goes up at once. */
static void
pass_up(LlGen *g, LLVMValueRef status)
{
	LLVMBasicBlockRef stop = new_block(g, "stop"), on = new_block(g, "on");
	LLVMValueRef bad = LLVMBuildICmp(g->b, LLVMIntSLT, status, ll_i64(g, 0), "");
	LLVMBuildCondBr(g->b, bad, stop, on);
	LLVMPositionBuilderAtEnd(g->b, stop);
	LLVMBuildRet(g->b, status);
	LLVMPositionBuilderAtEnd(g->b, on);
}

static void
gen_host(LlGen *g, const PlanStmt *s)
{
	LLVMValueRef args[8];
	LLVMTypeRef type;
	uint32_t n = 1;
	LLVMValueRef fn = declare_host(g, &plan_host_fns[s->id], &type);
	args[0] = LLVMBuildLoad2(g->b, g->ptr, g->arena, "host");
	ll_tag_access(g, args[0], g->plan->bufs.n);
	for (uint32_t i = 0; i < s->nargs; i++) {
		const PlanArg *a = &s->args[i];
		ASSERT(n < 8);
		args[n++] =
			a->address ? ll_gen_address(g, a->e->id, a->e->op) : ll_gen_expr(g, a->e);
	}
	LLVMValueRef status = LLVMBuildCall2(g->b, type, fn, args, n, plan_host_fns[s->id].name);
	if (s->nlocals)
		g->local[s->locals[0]] = status;
	pass_up(g, status);
}

/* NULL: over the whole range. */
void
ll_call_kernel(LlGen *g, uint32_t i, LLVMValueRef lo, LLVMValueRef hi)
{
	LLVMValueRef args[] = {g->arena, lo, hi};
	if (!lo) {
		args[1] = ll_i64(g, 0);
		args[2] = ll_i64(g, (int64_t)g->plan->codes.at[i]->range);
	}
	LLVMBuildCall2(g->b, g->fn_type[i], g->fn[i], args, LLVMCountParamTypes(g->fn_type[i]), "");
}

static void
gen_stmt(LlGen *g, const PlanStmt *s)
{
	LLVMValueRef r;
	switch (s->kind) {
	case PSTMT_LET:
		g->local[s->id] = ll_gen_expr(g, s->e);
		return;
	case PSTMT_VAR:
		gen_var(g, s);
		return;
	case PSTMT_SET:
		r = ll_gen_expr(g, s->e);
		LLVMBuildStore(g->b, r, g->local[s->id]);
		return;
	case PSTMT_STORE:
		r = ll_gen_expr(g, s->e);
		ll_gen_store(g, s->id, s->op, r);
		return;
	case PSTMT_PREFETCH:
		gen_prefetch(g, s);
		return;
	case PSTMT_FOR:
		gen_for(g, s);
		return;
	case PSTMT_WHILE:
		gen_while(g, s);
		return;
	case PSTMT_IF:
		gen_if(g, s);
		return;
	case PSTMT_CALL:
		gen_call(g, s);
		return;
	case PSTMT_RETURN:
		gen_return(g, s);
		return;
	case PSTMT_RUN:
		ll_call_kernel(g, s->id, NULL, NULL);
		return;
	case PSTMT_TEAM:
		ll_gen_team(g, s);
		return;
	case PSTMT_DO:
		r = LLVMBuildCall2(g->b, g->fn_type[s->id], g->fn[s->id], &g->arena, 1, "");
		pass_up(g, r);
		return;
	case PSTMT_HOST:
		gen_host(g, s);
		return;
	case PSTMT_NOTE:
	case PSTMT_MEET:
		return;
	case PSTMT_UNSET: case PSTMT_COUNT:
		break;
	}
	UNREACHABLE();
}

void
ll_gen_block(LlGen *g, PlanBlock b)
{
	for (uint32_t i = 0; i < b.n; i++)
		gen_stmt(g, b.at[i]);
}

/* ---- codes ----------------------------------------------------------------------------------- */

static void
begin_code(LlGen *g, uint32_t i)
{
	const PlanCode *c = g->plan->codes.at[i];
	g->code = c;
	g->self = i;
	g->in = g->fn[i];
	g->is_cold = g->cold[i] != LL_HOT;
	g->arena = NULL;
	g->local = ARENA_ARRAY(g->a, LLVMValueRef, c->nlocals);
	g->is_var = ARENA_ARRAY(g->a, bool, c->nlocals);
	g->frame = ARENA_ARRAY(g->a, LLVMValueRef, g->plan->bufs.n);
	unsigned first = 0, nparams = LLVMCountParams(g->in);
	if (c->kind != CODE_FUNC) {
		g->arena = LLVMGetParam(g->in, first++);
		LLVMSetValueName2(g->arena, "arena", 5);
	}
	for (unsigned k = 0; first + k < nparams; k++) {
		g->local[k] = LLVMGetParam(g->in, first + k);
		LLVMSetValueName2(g->local[k], c->locals[k].name, strlen(c->locals[k].name));
	}
	if (c->kind == CODE_KERNEL && nparams == 1) {
		g->local[0] = ll_i64(g, 0);
		g->local[1] = ll_i64(g, (int64_t)c->range);
	}
	/* The entry holds the allocas and nothing else, so that it has its terminator from the
	 * start. */
	g->entry = new_block(g, "entry");
	LLVMBasicBlockRef body = new_block(g, "start");
	LLVMPositionBuilderAtEnd(g->b, g->entry);
	LLVMBuildBr(g->b, body);
	LLVMPositionBuilderAtEnd(g->b, body);
}

static void
gen_code(LlGen *g, uint32_t i)
{
	begin_code(g, i);
	ll_gen_block(g, g->code->body);
	switch (g->code->kind) {
	case CODE_FUNC:
		if (!LLVMGetBasicBlockTerminator(LLVMGetInsertBlock(g->b)))
			LLVMBuildRetVoid(g->b);
		return;
	case CODE_KERNEL:
		LLVMBuildRetVoid(g->b);
		return;
	case CODE_PROC:
		LLVMBuildRet(g->b, ll_i64(g, 0));
		return;
	case CODE_UNSET:
		break;
	}
	UNREACHABLE();
}

void
ll_gen_module(LlGen *g, const LlPart *part)
{
	uint32_t n = g->plan->codes.n;
	g->part = part;
	ll_survey(g);
	ll_mark_open(g);
	for (uint32_t i = 0; i < n; i++) {
		if (g->used[i])
			declare_code(g, i);
	}
	for (uint32_t i = 0; i < n; i++) {
		if (g->used[i] && ll_is_here(g, i))
			gen_code(g, i);
	}
}
