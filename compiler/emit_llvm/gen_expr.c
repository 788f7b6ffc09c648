/* gen_expr.c: one plan expression to one LLVM value, as plan_expr.def says; and the cells of
 * buffers.
 *
 * No flag that frees LLVM from the order or the rounding of floats is ever set. Integer
 * arithmetic wraps; only indices, which the plan promises to be in range, are nsw nuw.
 */
#include "emit_llvm/ll.h"

#include "base/panic.h"

/* ---- cells ----------------------------------------------------------------------------------- */

static LLVMValueRef
in_range(LLVMValueRef v)
{
	if (LLVMIsAInstruction(v))
		LLVMSetNUW(v, true);
	return v;
}

/* Where a buffer begins: in the arena, or in the frame of the code in hand. */
static LLVMValueRef
base_of(LlGen *g, uint32_t buf)
{
	const PlanBuf *b = &g->plan->bufs.at[buf];
	LLVMValueRef offset = ll_i64(g, (int64_t)b->offset);
	if (!plan_buf_in_frame(b))
		return LLVMBuildInBoundsGEP2(g->b, g->cell[PT_U8], g->arena, &offset, 1, b->name);
	if (!g->frame[buf]) {
		LLVMBasicBlockRef here = LLVMGetInsertBlock(g->b);
		LLVMPositionBuilder(g->b, g->entry, LLVMGetBasicBlockTerminator(g->entry));
		g->frame[buf] = LLVMBuildAlloca(g->b, LLVMArrayType2(g->cell[b->type], plan_buf_bytes(b) / plan_type_size(b->type)), b->name);
		LLVMSetAlignment(g->frame[buf], PLAN_ALIGN);
		LLVMPositionBuilderAtEnd(g->b, here);
	}
	return g->frame[buf];
}

/* Row-major; axes of one element fold away. The last index is added by a step of its own, so
 * that what comes before it, the row, leaves the loop that runs along it. */
LLVMValueRef
ll_gen_address(LlGen *g, uint32_t buf, PlanExpr *const *index)
{
	const PlanBuf *b = &g->plan->bufs.at[buf];
	LLVMTypeRef cell = g->cell[b->type];
	LLVMValueRef row = NULL, last = NULL, at = base_of(g, buf);
	for (uint32_t i = 0; i < b->naxes; i++) {
		LLVMValueRef extent = ll_i64(g, (int64_t)(i + 1 == b->naxes ? plan_buf_pitch(b) : b->axis[i].extent));
		if (b->axis[i].extent <= 1)
			continue;
		if (row)
			row = in_range(LLVMBuildNSWAdd(g->b, row, last, ""));
		else
			row = last;
		last = ll_gen_expr(g, index[i]);
		if (row)
			row = in_range(LLVMBuildNSWMul(g->b, row, extent, ""));
	}
	if (row)
		at = LLVMBuildInBoundsGEP2(g->b, cell, at, &row, 1, "");
	return last ? LLVMBuildInBoundsGEP2(g->b, cell, at, &last, 1, "") : at;
}

/* bf16 is the upper half of a f32. Converted by hand: the instructions that there are flush
 * denormals. */
static LLVMValueRef
bf16_from_f32(LlGen *g, LLVMValueRef v)
{
	LLVMTypeRef i32 = g->type[PT_U32];
	LLVMValueRef half = LLVMConstInt(i32, 16, false);
	LLVMValueRef bits = LLVMBuildBitCast(g->b, v, i32, "");
	LLVMValueRef odd = LLVMBuildAnd(g->b, LLVMBuildLShr(g->b, bits, half, ""),
					LLVMConstInt(i32, 1, false), "");
	LLVMValueRef bias = LLVMBuildAdd(g->b, odd, LLVMConstInt(i32, 0x7fff, false), "");
	LLVMValueRef rounded = LLVMBuildAdd(g->b, bits, bias, "");
	LLVMValueRef quiet = LLVMBuildOr(g->b, bits, LLVMConstInt(i32, 0x400000, false), "");
	LLVMValueRef is_nan = LLVMBuildFCmp(g->b, LLVMRealUNO, v, v, "");
	LLVMValueRef r = LLVMBuildSelect(g->b, is_nan, quiet, rounded, "");
	return LLVMBuildTrunc(g->b, LLVMBuildLShr(g->b, r, half, ""), g->cell[PT_BF16], "");
}

static LLVMValueRef
cell_to_value(LlGen *g, PlanType t, LLVMValueRef v)
{
	switch (t) {
	case PT_BOOL:
		return LLVMBuildICmp(g->b, LLVMIntNE, v, LLVMConstNull(g->cell[PT_BOOL]), "");
	case PT_F16:
		v = LLVMBuildBitCast(g->b, v, LLVMHalfTypeInContext(g->cx), "");
		return LLVMBuildFPExt(g->b, v, g->type[PT_F32], "");
	case PT_BF16:
		v = LLVMBuildZExt(g->b, v, g->type[PT_U32], "");
		v = LLVMBuildShl(g->b, v, LLVMConstInt(g->type[PT_U32], 16, false), "");
		return LLVMBuildBitCast(g->b, v, g->type[PT_F32], "");
	case PT_I8: case PT_I16: case PT_I32: case PT_I64: case PT_U8: case PT_U16: case PT_U32:
	case PT_U64: case PT_F32: case PT_F64:
		return v;
	case PT_UNSET: case PT_COUNT:
		break;
	}
	UNREACHABLE();
}

static LLVMValueRef
value_to_cell(LlGen *g, PlanType t, LLVMValueRef v)
{
	switch (t) {
	case PT_BOOL:
		return LLVMBuildZExt(g->b, v, g->cell[PT_BOOL], "");
	case PT_F16:
		v = LLVMBuildFPTrunc(g->b, v, LLVMHalfTypeInContext(g->cx), "");
		return LLVMBuildBitCast(g->b, v, g->cell[PT_F16], "");
	case PT_BF16:
		return bf16_from_f32(g, v);
	case PT_I8: case PT_I16: case PT_I32: case PT_I64: case PT_U8: case PT_U16: case PT_U32:
	case PT_U64: case PT_F32: case PT_F64:
		return v;
	case PT_UNSET: case PT_COUNT:
		break;
	}
	UNREACHABLE();
}

static LLVMValueRef
gen_load(LlGen *g, const PlanExpr *e)
{
	PlanType t = g->plan->bufs.at[e->id].type;
	LLVMValueRef v = LLVMBuildLoad2(g->b, g->cell[t], ll_gen_address(g, e->id, e->op), "");
	LLVMSetAlignment(v, plan_type_size(t));
	ll_tag_access(g, v, e->id);
	return cell_to_value(g, t, v);
}

void
ll_gen_store(LlGen *g, uint32_t buf, PlanExpr *const *index, LLVMValueRef value)
{
	PlanType t = g->plan->bufs.at[buf].type;
	LLVMValueRef at = ll_gen_address(g, buf, index);
	LLVMValueRef s = LLVMBuildStore(g->b, value_to_cell(g, t, value), at);
	LLVMSetAlignment(s, plan_type_size(t));
	ll_tag_access(g, s, buf);
}

/* ---- operators ------------------------------------------------------------------------------- */

static LLVMValueRef
gen_const(LlGen *g, const PlanExpr *e)
{
	LLVMTypeRef t = g->type[e->type];
	if (plan_type_is_float(e->type))
		return LLVMConstReal(t, e->value.f);
	return LLVMConstInt(t, (uint64_t)e->value.i & (e->type == PT_BOOL ? 1 : UINT64_MAX), false);
}

static LLVMValueRef
gen_unary(LlGen *g, const PlanExpr *e, LLVMValueRef a)
{
	LLVMTypeRef t = g->type[e->type];
	bool is_float = plan_type_is_float(e->type);
	switch (e->kind) {
	case PEXPR_NEG:
		return is_float ? LLVMBuildFNeg(g->b, a, "") : LLVMBuildNeg(g->b, a, "");
	case PEXPR_NOT:
		return LLVMBuildNot(g->b, a, "");
	case PEXPR_ABS:
		return ll_intrinsic(g, "llvm.fabs", &t, 1, &a, 1);
	case PEXPR_SQRT:
		return ll_intrinsic(g, "llvm.sqrt", &t, 1, &a, 1);
	case PEXPR_FLOOR:
		return ll_intrinsic(g, "llvm.floor", &t, 1, &a, 1);
	case PEXPR_CEIL:
		return ll_intrinsic(g, "llvm.ceil", &t, 1, &a, 1);
	default:
		UNREACHABLE();
	}
}

/* The divisor is a constant and not 0. -1 is apart: the least number has no quotient, which LLVM
 * calls undefined. */
static LLVMValueRef
gen_divide(LlGen *g, const PlanExpr *e, LLVMValueRef a, LLVMValueRef b)
{
	if (plan_type_is_float(e->type))
		return LLVMBuildFDiv(g->b, a, b, "");
	bool is_signed = plan_type_is_signed(e->type), rem = e->kind == PEXPR_REM;
	if (is_signed && LLVMIsAConstantInt(b) && LLVMConstIntGetSExtValue(b) == -1)
		return rem ? LLVMConstNull(g->type[e->type]) : LLVMBuildNeg(g->b, a, "");
	if (is_signed)
		return rem ? LLVMBuildSRem(g->b, a, b, "") : LLVMBuildSDiv(g->b, a, b, "");
	return rem ? LLVMBuildURem(g->b, a, b, "") : LLVMBuildUDiv(g->b, a, b, "");
}

static LLVMValueRef
gen_shift(LlGen *g, const PlanExpr *e, LLVMValueRef a, LLVMValueRef b)
{
	LLVMTypeRef t = g->type[e->type];
	b = LLVMBuildAnd(g->b, b, LLVMConstInt(t, plan_type_size(e->type) * 8 - 1, false), "");
	if (e->kind == PEXPR_SHL)
		return LLVMBuildShl(g->b, a, b, "");
	return plan_type_is_signed(e->type) ? LLVMBuildAShr(g->b, a, b, "")
					    : LLVMBuildLShr(g->b, a, b, "");
}

static LLVMValueRef
gen_compare(LlGen *g, const PlanExpr *e, LLVMValueRef a, LLVMValueRef b)
{
	static const struct {
		LLVMRealPredicate f;
		LLVMIntPredicate s, u;
	} how[PEXPR_COUNT] = {
		[PEXPR_EQ] = {LLVMRealOEQ, LLVMIntEQ, LLVMIntEQ},
		[PEXPR_NE] = {LLVMRealUNE, LLVMIntNE, LLVMIntNE},
		[PEXPR_LT] = {LLVMRealOLT, LLVMIntSLT, LLVMIntULT},
		[PEXPR_LE] = {LLVMRealOLE, LLVMIntSLE, LLVMIntULE},
		[PEXPR_GT] = {LLVMRealOGT, LLVMIntSGT, LLVMIntUGT},
		[PEXPR_GE] = {LLVMRealOGE, LLVMIntSGE, LLVMIntUGE},
	};
	PlanType t = e->op[0]->type;
	if (plan_type_is_float(t))
		return LLVMBuildFCmp(g->b, how[e->kind].f, a, b, "");
	return LLVMBuildICmp(g->b, plan_type_is_signed(t) ? how[e->kind].s : how[e->kind].u, a, b,
			     "");
}

static LLVMValueRef
gen_cast(LlGen *g, PlanType to, PlanType from, LLVMValueRef a)
{
	LLVMTypeRef t = g->type[to], types[] = {t, g->type[from]};
	bool from_float = plan_type_is_float(from), from_signed = plan_type_is_signed(from);
	if (to == from)
		return a;
	if (to == PT_BOOL && from_float)
		return LLVMBuildFCmp(g->b, LLVMRealUNE, a, LLVMConstNull(g->type[from]), "");
	if (to == PT_BOOL)
		return LLVMBuildICmp(g->b, LLVMIntNE, a, LLVMConstNull(g->type[from]), "");
	if (plan_type_is_float(to)) {
		if (from_float)
			return LLVMBuildFPCast(g->b, a, t, "");
		return from_signed ? LLVMBuildSIToFP(g->b, a, t, "")
				   : LLVMBuildUIToFP(g->b, a, t, "");
	}
	if (from_float)
		return ll_intrinsic(g,
				    plan_type_is_signed(to) ? "llvm.fptosi.sat" : "llvm.fptoui.sat",
				    types, 2, &a, 1);
	return LLVMBuildIntCast2(g->b, a, t, from_signed, "");
}

static LLVMValueRef
gen_bits(LlGen *g, PlanType to, PlanType from, LLVMValueRef a)
{
	if (from == PT_BOOL)
		a = LLVMBuildZExt(g->b, a, g->cell[PT_BOOL], "");
	if (to == PT_BOOL)
		return LLVMBuildICmp(g->b, LLVMIntNE, a, LLVMConstNull(g->cell[PT_BOOL]), "");
	return LLVMBuildBitCast(g->b, a, g->type[to], "");
}

LLVMValueRef
ll_gen_expr(LlGen *g, const PlanExpr *e)
{
	if (e->kind == PEXPR_LOAD)
		return gen_load(g, e);
	if (e->kind == PEXPR_MASK)
		return ll_gen_mask(g, e);
	LLVMValueRef op[PLAN_MAX_OPS] = {NULL};
	LLVMTypeRef t = g->type[e->type];
	bool is_float = plan_type_is_float(e->type);
	for (uint32_t i = 0; i < e->nops; i++)
		op[i] = ll_gen_expr(g, e->op[i]);
	switch (e->kind) {
	case PEXPR_CONST:
		return gen_const(g, e);
	case PEXPR_LOCAL:
		if (g->is_var[e->id])
			return LLVMBuildLoad2(g->b, t, g->local[e->id],
					      g->code->locals[e->id].name);
		return g->local[e->id];
	case PEXPR_NEG: case PEXPR_NOT: case PEXPR_ABS: case PEXPR_SQRT: case PEXPR_FLOOR:
	case PEXPR_CEIL:
		return gen_unary(g, e, op[0]);
	case PEXPR_CTZ:
		op[1] = LLVMConstInt(LLVMInt1TypeInContext(g->cx), 0, false);
		return ll_intrinsic(g, "llvm.cttz", &t, 1, op, 2);
	case PEXPR_ADD:
		return is_float ? LLVMBuildFAdd(g->b, op[0], op[1], "")
				: LLVMBuildAdd(g->b, op[0], op[1], "");
	case PEXPR_SUB:
		return is_float ? LLVMBuildFSub(g->b, op[0], op[1], "")
				: LLVMBuildSub(g->b, op[0], op[1], "");
	case PEXPR_MUL:
		return is_float ? LLVMBuildFMul(g->b, op[0], op[1], "")
				: LLVMBuildMul(g->b, op[0], op[1], "");
	case PEXPR_DIV: case PEXPR_REM:
		return gen_divide(g, e, op[0], op[1]);
	case PEXPR_AND:
		return LLVMBuildAnd(g->b, op[0], op[1], "");
	case PEXPR_OR:
		return LLVMBuildOr(g->b, op[0], op[1], "");
	case PEXPR_XOR:
		return LLVMBuildXor(g->b, op[0], op[1], "");
	case PEXPR_SHL: case PEXPR_SHR:
		return gen_shift(g, e, op[0], op[1]);
	case PEXPR_EQ: case PEXPR_NE: case PEXPR_LT: case PEXPR_LE: case PEXPR_GT: case PEXPR_GE:
		return gen_compare(g, e, op[0], op[1]);
	case PEXPR_FMA:
		return ll_intrinsic(g, "llvm.fma", &t, 1, op, 3);
	case PEXPR_SELECT:
		return LLVMBuildSelect(g->b, op[0], op[1], op[2], "");
	case PEXPR_CAST:
		return gen_cast(g, e->type, e->op[0]->type, op[0]);
	case PEXPR_BITS:
		return gen_bits(g, e->type, e->op[0]->type, op[0]);
	case PEXPR_LOAD: case PEXPR_MASK: case PEXPR_UNSET: case PEXPR_COUNT:
		break;
	}
	UNREACHABLE();
}
