/* fold: what is known before the run is computed before the run.
 *
 * reads    any plan
 * writes   constants for operations on constants; branches taken or gone; loops of one turn unrolled; lets of constants
 *          and of other immutable locals replaced by them. What is worked out from a choice among constants (a number that is drawn by
 *          a table) is a choice among results
 * keeps    every bit: floats are folded with the same single rounding; x * 1 is x, but x + 0 stays (-0)
 * example  tests/opt/fold
 */
#include "base/panic.h"
#include "opt/fold.h"
#include "opt/pass.h"

#include <math.h>

typedef struct {
	Plan *p;
	PlanCode *code;
	PlanExpr **known;                                 /* by local: constant or immutable local that it equals; NULL */
	bool *mutable;                                    /* by local: assigned by VAR */
	PlanExpr **choice;                                /* by local: the choice among constants that a LET of it is; NULL */
	uint32_t *uses;                                   /* by local */
} Fold;

static PlanExpr *fold_expr(Fold *f, PlanExpr *e);
static void fold_block(Fold *f, PlanBlock *b);

static bool
is_const(const PlanExpr *e)
{
	return e->kind == PEXPR_CONST;
}

static bool
is_number(const PlanExpr *e, double v)
{
	if (!is_const(e))
		return false;
	return plan_type_is_float(e->type) ? e->value.f == v && !signbit(e->value.f) : e->value.i == (int64_t)v;
}

/* ---- operations on constants -------------------------------------------------------------------- */

static PlanExpr *
fold_float(Fold *f, const PlanExpr *e, double a, double b)
{
	PlanType t = e->op[0]->type;
	bool narrow = t == PT_F32;
	float fa = (float)a, fb = (float)b;
	switch (e->kind) {
	case PEXPR_ADD: return plan_float(f->p, t, narrow ? (double)(fa + fb) : a + b);
	case PEXPR_SUB: return plan_float(f->p, t, narrow ? (double)(fa - fb) : a - b);
	case PEXPR_MUL: return plan_float(f->p, t, narrow ? (double)(fa * fb) : a * b);
	case PEXPR_DIV: return plan_float(f->p, t, narrow ? (double)(fa / fb) : a / b);
	case PEXPR_EQ: return plan_int(f->p, PT_BOOL, a == b);
	case PEXPR_NE: return plan_int(f->p, PT_BOOL, a != b);
	case PEXPR_LT: return plan_int(f->p, PT_BOOL, a < b);
	case PEXPR_LE: return plan_int(f->p, PT_BOOL, a <= b);
	case PEXPR_GT: return plan_int(f->p, PT_BOOL, a > b);
	case PEXPR_GE: return plan_int(f->p, PT_BOOL, a >= b);
	default: return NULL;
	}
}

static PlanExpr *
fold_compare(Fold *f, const PlanExpr *e)
{
	int64_t a = e->op[0]->value.i, b = e->op[1]->value.i;
	bool less = plan_type_is_signed(e->op[0]->type) ? a < b : (uint64_t)a < (uint64_t)b;
	switch (e->kind) {
	case PEXPR_EQ: return plan_int(f->p, PT_BOOL, a == b);
	case PEXPR_NE: return plan_int(f->p, PT_BOOL, a != b);
	case PEXPR_LT: return plan_int(f->p, PT_BOOL, less);
	case PEXPR_LE: return plan_int(f->p, PT_BOOL, less || a == b);
	case PEXPR_GT: return plan_int(f->p, PT_BOOL, !less && a != b);
	case PEXPR_GE: return plan_int(f->p, PT_BOOL, !less);
	default: return NULL;
	}
}

static PlanExpr *
fold_int(Fold *f, const PlanExpr *e)
{
	PlanType t = e->type;
	uint64_t a = (uint64_t)e->op[0]->value.i, b = (uint64_t)e->op[1]->value.i;
	switch (e->kind) {
	case PEXPR_ADD: return plan_int(f->p, t, (int64_t)(a + b));
	case PEXPR_SUB: return plan_int(f->p, t, (int64_t)(a - b));
	case PEXPR_MUL: return plan_int(f->p, t, (int64_t)(a * b));
	case PEXPR_AND: return plan_int(f->p, t, (int64_t)(a & b));
	case PEXPR_OR: return plan_int(f->p, t, (int64_t)(a | b));
	case PEXPR_XOR: return plan_int(f->p, t, (int64_t)(a ^ b));
	default: return fold_compare(f, e);               /* shifts and divisions of constants do not arise */
	}
}

/* Identities that keep every bit. */
static PlanExpr *
identity(Fold *f, PlanExpr *e)
{
	PlanExpr *a = e->op[0], *b = e->op[1];
	bool whole = !plan_type_is_float(e->type);
	switch (e->kind) {
	case PEXPR_MUL:
		if (is_number(b, 1))
			return a;
		if (is_number(a, 1))
			return b;
		return whole && (is_number(a, 0) || is_number(b, 0)) ? plan_int(f->p, e->type, 0) : e;
	case PEXPR_DIV:
		return is_number(b, 1) ? a : e;
	case PEXPR_ADD:
		return whole && is_number(b, 0) ? a : whole && is_number(a, 0) ? b : e;
	case PEXPR_SUB:
		return whole && is_number(b, 0) ? a : e;
	case PEXPR_AND:
		if (e->type != PT_BOOL)
			return e;
		return is_number(a, 1) ? b : is_number(b, 1) ? a : is_number(a, 0) ? a : is_number(b, 0) ? b : e;
	case PEXPR_OR:
		if (e->type != PT_BOOL)
			return e;
		return is_number(a, 0) ? b : is_number(b, 0) ? a : is_number(a, 1) ? a : is_number(b, 1) ? b : e;
	default:
		return e;
	}
}

static PlanExpr *
fold_unary(Fold *f, PlanExpr *e)
{
	PlanExpr *a = e->op[0];
	if (!is_const(a))
		return e;
	bool real = plan_type_is_float(a->type);
	switch (e->kind) {
	case PEXPR_NOT: return a->type == PT_BOOL ? plan_int(f->p, PT_BOOL, !a->value.i) : e;
	case PEXPR_NEG: return real ? plan_float(f->p, e->type, -a->value.f) : e;
	case PEXPR_ABS: return plan_float(f->p, e->type, fabs(a->value.f));
	case PEXPR_CAST:
		if (!real && plan_type_is_float(e->type)) {
			int64_t i = a->value.i;
			double v = a->type == PT_U64 ? (double)(uint64_t)i : (double)i;
			return fabs(v) < 0x1p24 ? plan_float(f->p, e->type, v) : e;
		}
		return !real && !plan_type_is_float(e->type) && e->type != PT_BOOL ? plan_int(f->p, e->type, a->value.i) : e;
	default: return e;
	}
}

static PlanExpr *
fold_binary(Fold *f, PlanExpr *e)
{
	PlanExpr *a = e->op[0], *b = e->op[1], *folded = NULL;
	if (is_const(a) && is_const(b))
		folded = plan_type_is_float(a->type) ? fold_float(f, e, a->value.f, b->value.f) : fold_int(f, e);
	return folded ? folded : identity(f, e);
}

/* ---- choices ------------------------------------------------------------------------------------------- */

/* select(c, 2.0, select(d, 1.0, 0.0)), … */
static bool
is_choice(const PlanExpr *e)
{
	return e->kind == PEXPR_SELECT && (is_const(e->op[1]) || is_choice(e->op[1])) && (is_const(e->op[2]) || is_choice(e->op[2]));
}

/* The choice that an operand is: itself, or a local that is read nowhere else. */
static PlanExpr *
choice_of(const Fold *f, PlanExpr *e)
{
	if (e->kind == PEXPR_LOCAL)
		return f->uses[e->id] == 1 ? f->choice[e->id] : NULL;
	return is_choice(e) ? e : NULL;
}

/* `e` with each result of the choice in the place of operand k; NULL if one of them is not known then. */
static PlanExpr *
lift(Fold *f, const PlanExpr *e, uint32_t k, PlanExpr *choice)
{
	PlanExpr *copy = arena_copy(f->p->arena, is_const(choice) ? e : choice, sizeof *e);
	if (is_const(choice)) {
		copy->op[k] = choice;
		copy = copy->nops == 1 ? fold_unary(f, copy) : fold_binary(f, copy);
		return is_const(copy) ? copy : NULL;
	}
	copy->type = e->type;
	for (int arm = 1; arm <= 2; arm++) {
		copy->op[arm] = lift(f, e, k, choice->op[arm]);
		if (!copy->op[arm])
			return NULL;
	}
	return copy;
}

/* An operation on a choice and a constant. */
static PlanExpr *
fold_choice(Fold *f, PlanExpr *e)
{
	if (plan_type_is_float(e->type) && (e->nops == 1 || e->nops == 2))
		for (uint32_t k = 0; k < e->nops; k++) {
			PlanExpr *choice = choice_of(f, e->op[k]), *lifted = NULL;
			if (choice && (e->nops == 1 || is_const(e->op[!k])))
				lifted = lift(f, e, k, choice);
			if (lifted)
				return lifted;
		}
	return e;
}

/* ---- expressions ------------------------------------------------------------------------------------- */

static PlanExpr *
fold_expr(Fold *f, PlanExpr *e)
{
	if (e->kind == PEXPR_CONST)
		return e;
	if (e->kind == PEXPR_LOCAL)
		return f->known[e->id] ? f->known[e->id] : e;
	PlanExpr *copy = arena_copy(f->p->arena, e, sizeof *e);
	for (uint32_t k = 0; k < e->nops; k++)
		copy->op[k] = fold_expr(f, e->op[k]);
	if (copy->kind == PEXPR_SELECT)
		return is_const(copy->op[0]) ? copy->op[copy->op[0]->value.i ? 1 : 2] : copy;
	if (copy->kind == PEXPR_LOAD || copy->kind == PEXPR_FMA)
		return copy;
	return fold_choice(f, copy->nops == 1 ? fold_unary(f, copy) : copy->nops == 2 ? fold_binary(f, copy) : copy);
}

static void
count_uses(Fold *f, const PlanExpr *e)
{
	if (!e)
		return;
	if (e->kind == PEXPR_LOCAL)
		f->uses[e->id]++;
	for (uint32_t k = 0; k < e->nops; k++)
		count_uses(f, e->op[k]);
}

static void
count_all_uses(Fold *f, PlanBlock b)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *s = b.at[i];
		count_uses(f, s->e);
		count_uses(f, s->hi);
		for (uint32_t k = 0; k < s->nops; k++)
			count_uses(f, s->op[k]);
		for (uint32_t k = 0; k < s->nargs; k++)
			count_uses(f, s->args[k].e);
		count_all_uses(f, s->body);
		count_all_uses(f, s->other);
	}
}

/* ---- statements --------------------------------------------------------------------------------------- */

typedef VEC(PlanStmt *) StmtVec;

static void
push_block(Fold *f, StmtVec *out, PlanBlock b)
{
	for (uint32_t i = 0; i < b.n; i++)
		VEC_PUSH(f->p->arena, out, b.at[i]);
}

static bool
one_turn(const PlanStmt *s)
{
	return is_const(s->e) && is_const(s->hi) && s->e->value.i < s->hi->value.i && s->hi->value.i - s->e->value.i <= s->step;
}

static void
fold_parts(Fold *f, PlanStmt *s)
{
	if (s->e)
		s->e = fold_expr(f, s->e);
	if (s->hi)
		s->hi = fold_expr(f, s->hi);
	for (uint32_t k = 0; k < s->nops; k++)
		s->op[k] = fold_expr(f, s->op[k]);
	for (uint32_t k = 0; k < s->nargs; k++) {
		PlanExpr *e = fold_expr(f, s->args[k].e);
		s->args[k].e = e;
	}
}

static void
fold_stmt(Fold *f, PlanStmt *s, StmtVec *out)
{
	fold_parts(f, s);
	switch (s->kind) {
	case PSTMT_LET:
		if (is_const(s->e) || (s->e->kind == PEXPR_LOCAL && !f->mutable[s->e->id])) {
			f->known[s->id] = s->e;
			return;
		}
		f->choice[s->id] = is_choice(s->e) ? s->e : NULL;
		break;
	case PSTMT_VAR:
		f->mutable[s->id] = true;
		break;
	case PSTMT_FOR:
		if (one_turn(s)) {
			f->known[s->id] = s->e;
			fold_block(f, &s->body);
			push_block(f, out, s->body);
			return;
		}
		if (is_const(s->e) && is_const(s->hi) && s->e->value.i >= s->hi->value.i)
			return;
		fold_block(f, &s->body);
		if (!s->body.n)
			return;
		break;
	case PSTMT_IF:
		fold_block(f, &s->body);
		fold_block(f, &s->other);
		if (is_const(s->e)) {
			push_block(f, out, s->e->value.i ? s->body : s->other);
			return;
		}
		if (!s->body.n && !s->other.n)
			return;
		break;
	case PSTMT_WHILE:
		fold_block(f, &s->body);
		break;
	case PSTMT_UNSET: case PSTMT_SET: case PSTMT_STORE: case PSTMT_PREFETCH: case PSTMT_CALL: case PSTMT_RETURN: case PSTMT_RUN: case PSTMT_DO:
	case PSTMT_TEAM: case PSTMT_MEET: case PSTMT_HOST: case PSTMT_NOTE: case PSTMT_COUNT:
		break;
	}
	VEC_PUSH(f->p->arena, out, s);
}

static void
fold_block(Fold *f, PlanBlock *b)
{
	StmtVec out = {0};
	for (uint32_t i = 0; i < b->n; i++)
		fold_stmt(f, b->at[i], &out);
	*b = (PlanBlock){out.at, out.n};
}

static Fold
fold_open(Plan *p, PlanCode *code)
{
	Fold f = {.p = p, .code = code};
	f.known = ARENA_ARRAY(p->arena, PlanExpr *, code->nlocals);
	f.mutable = ARENA_ARRAY(p->arena, bool, code->nlocals);
	f.choice = ARENA_ARRAY(p->arena, PlanExpr *, code->nlocals);
	f.uses = ARENA_ARRAY(p->arena, uint32_t, code->nlocals);
	count_all_uses(&f, code->body);
	return f;
}

void
fold_whole(Plan *p, PlanCode *kernel)
{
	Fold f = fold_open(p, kernel);
	f.known[0] = plan_int(p, PT_I64, 0);
	f.known[1] = plan_int(p, PT_I64, (int64_t)kernel->range);
	fold_block(&f, &kernel->body);
}

PlanExpr *
fold_with(Plan *p, PlanCode *code, PlanExpr *e, uint32_t local, PlanExpr *value)
{
	Fold f = fold_open(p, code);
	f.known[local] = value;
	PlanExpr *found = fold_expr(&f, e);
	return is_const(found) ? found : NULL;
}

void
pass_fold(Plan *p)
{
	for (uint32_t c = 0; c < p->codes.n; c++) {
		PlanCode *code = p->codes.at[c];
		if (code->kind == CODE_FUNC)
			continue;                         /* written by hand, shared by all programs */
		Fold f = fold_open(p, code);
		fold_block(&f, &code->body);
	}
}
