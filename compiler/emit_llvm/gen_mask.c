/* gen_mask.c: elements of a buffer of bool as bits of a word.
 *
 * Sixty-four at a time are one load and one comparison; what is left at the end of a row goes
 * through a func, by eight bytes and then by one.
 */
#include "emit_llvm/ll.h"

enum { WORD = 64, EIGHT = 8 };

/* The low bits of eight bytes, each 0 or 1, in the top byte of the product. */
static const uint64_t gather = 0x0102040810204080;

typedef struct { LLVMBuilderRef b; LLVMTypeRef i64; LLVMValueRef fn, k, bits; } Tail;

static LLVMValueRef
number(const Tail *t, uint64_t v)
{
	return LLVMConstInt(t->i64, v, false);
}

/* while (k + step <= n) { bits |= (what x[k] gives) << k; k += step; } */
static void
gen_steps(LlGen *g, Tail *t, int step)
{
	LLVMValueRef x = LLVMGetParam(t->fn, 0), n = LLVMGetParam(t->fn, 1);
	LLVMBasicBlockRef test = LLVMAppendBasicBlockInContext(g->cx, t->fn, "test"),
			  body = LLVMAppendBasicBlockInContext(g->cx, t->fn, "body"),
			  done = LLVMAppendBasicBlockInContext(g->cx, t->fn, "done");
	LLVMBuildBr(t->b, test);
	LLVMPositionBuilderAtEnd(t->b, test);
	LLVMValueRef k = LLVMBuildLoad2(t->b, t->i64, t->k, "");
	LLVMValueRef next = LLVMBuildAdd(t->b, k, number(t, (uint64_t)step), "");
	LLVMBuildCondBr(t->b, LLVMBuildICmp(t->b, LLVMIntSLE, next, n, ""), body, done);
	LLVMPositionBuilderAtEnd(t->b, body);
	LLVMTypeRef cell = step == EIGHT ? t->i64 : g->cell[PT_BOOL];
	LLVMValueRef at = LLVMBuildGEP2(t->b, g->cell[PT_BOOL], x, &k, 1, "");
	LLVMValueRef v = LLVMBuildLoad2(t->b, cell, at, "");
	LLVMSetAlignment(v, 1);
	if (step == EIGHT)
		v = LLVMBuildLShr(t->b, LLVMBuildMul(t->b, v, number(t, gather), ""),
				  number(t, WORD - EIGHT), "");
	else
		v = LLVMBuildZExt(t->b, v, t->i64, "");
	LLVMValueRef old = LLVMBuildLoad2(t->b, t->i64, t->bits, "");
	LLVMBuildStore(t->b, LLVMBuildOr(t->b, old, LLVMBuildShl(t->b, v, k, ""), ""), t->bits);
	LLVMBuildStore(t->b, next, t->k);
	LLVMBuildBr(t->b, test);
	LLVMPositionBuilderAtEnd(t->b, done);
}

static LLVMTypeRef
tail_type(LlGen *g)
{
	LLVMTypeRef params[] = {g->ptr, g->type[PT_I64]};
	return LLVMFunctionType(g->type[PT_I64], params, 2, false);
}

static LLVMValueRef
tail_func(LlGen *g)
{
	if (g->mask_tail)
		return g->mask_tail;
	Tail t = {.b = LLVMCreateBuilderInContext(g->cx), .i64 = g->type[PT_I64]};
	t.fn = g->mask_tail = LLVMAddFunction(g->module, "mask_tail", tail_type(g));
	LLVMSetLinkage(t.fn, LLVMInternalLinkage);
	ll_add_target(g, t.fn);
	ll_add_attribute(g, t.fn, (unsigned)LLVMAttributeFunctionIndex, "nounwind", 0);
	ll_add_attribute(g, t.fn, (unsigned)LLVMAttributeFunctionIndex, "noinline", 0);
	LLVMPositionBuilderAtEnd(t.b, LLVMAppendBasicBlockInContext(g->cx, t.fn, "entry"));
	t.k = LLVMBuildAlloca(t.b, t.i64, "k");
	t.bits = LLVMBuildAlloca(t.b, t.i64, "bits");
	LLVMBuildStore(t.b, number(&t, 0), t.k);
	LLVMBuildStore(t.b, number(&t, 0), t.bits);
	gen_steps(g, &t, EIGHT);
	gen_steps(g, &t, 1);
	LLVMBuildRet(t.b, LLVMBuildLoad2(t.b, t.i64, t.bits, ""));
	LLVMDisposeBuilder(t.b);
	return g->mask_tail;
}

static LLVMValueRef
gen_word(LlGen *g, LLVMValueRef at)
{
	LLVMTypeRef bytes = LLVMVectorType(g->cell[PT_BOOL], WORD);
	LLVMValueRef all = LLVMBuildLoad2(g->b, bytes, at, "");
	LLVMSetAlignment(all, 1);
	LLVMValueRef set = LLVMBuildICmp(g->b, LLVMIntNE, all, LLVMConstNull(bytes), "");
	return LLVMBuildBitCast(g->b, set, g->type[PT_I64], "");
}

LLVMValueRef
ll_gen_mask(LlGen *g, const PlanExpr *e)
{
	LLVMValueRef at = ll_gen_address(g, e->id, e->op), n = ll_gen_expr(g, e->op[e->nops - 1]);
	LLVMBasicBlockRef wide = LLVMAppendBasicBlockInContext(g->cx, g->in, "wide"),
			  rest = LLVMAppendBasicBlockInContext(g->cx, g->in, "rest"),
			  join = LLVMAppendBasicBlockInContext(g->cx, g->in, "join"), from[2];
	LLVMValueRef enough = LLVMBuildICmp(g->b, LLVMIntSGE, n, ll_i64(g, WORD), ""), bits[2], args[] = {at, n};
	LLVMBuildCondBr(g->b, enough, wide, rest);
	LLVMPositionBuilderAtEnd(g->b, wide);
	bits[0] = gen_word(g, at);
	from[0] = wide;
	LLVMBuildBr(g->b, join);
	LLVMPositionBuilderAtEnd(g->b, rest);
	bits[1] = LLVMBuildCall2(g->b, tail_type(g), tail_func(g), args, 2, "");
	from[1] = rest;
	LLVMBuildBr(g->b, join);
	LLVMPositionBuilderAtEnd(g->b, join);
	LLVMValueRef r = LLVMBuildPhi(g->b, g->type[PT_I64], "mask");
	LLVMAddIncoming(r, bits, from, 2);
	return r;
}
