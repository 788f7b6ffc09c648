/* scan: who has its flag set is found by sixty-four flags at a time.
 *
 * reads    plan after rare; `for j { if flag[j] { … } }`, one turn after the other, or `for j { set n = n + flag[j] }`, which counts
 * writes   a loop over words of mask bits, in it one over the bits that are set, from low to high
 * keeps    every bit: the same turns in the same order. Nothing in the body stores to the flags
 * example  tests/opt/scan
 */
#include "opt/pass.h"
#include "opt/query.h"

enum { WORD = 64, FEW = 32 /* flags that are not worth it */ };

typedef struct { Plan *p; PlanCode *code; bool *changes; } Scan;

/* flag[…, j] with the loop's variable as its last index, and no other. */
static bool
is_flag(Scan *f, const PlanExpr *e, uint32_t j)
{
	if (e->kind != PEXPR_LOAD || e->nops == 0 || f->p->bufs.at[e->id].type != PT_BOOL)
		return false;
	const PlanExpr *last = e->op[e->nops - 1];
	if (last->kind != PEXPR_LOCAL || last->id != j)
		return false;
	for (uint32_t k = 0; k + 1 < e->nops; k++)
		if (!is_invariant(e->op[k], f->changes))
			return false;
	return true;
}

static bool
is_scan(Scan *f, const PlanStmt *s)
{
	if (s->kind != PSTMT_FOR || s->simd || s->step != 1 || s->body.n != 1)
		return false;
	const PlanStmt *test = s->body.at[0];
	if (test->kind != PSTMT_IF || test->other.n)
		return false;
	if (s->e->kind == PEXPR_CONST && s->hi->kind == PEXPR_CONST && s->hi->value.i - s->e->value.i < FEW)
		return false;
	f->changes = ARENA_ARRAY(f->p->arena, bool, f->code->nlocals);
	mark_changes(s->body, f->changes);
	f->changes[s->id] = true;
	return is_invariant(s->hi, f->changes) && is_flag(f, test->e, s->id) && !block_stores(test->body, test->e->id);
}

/* [let flag = flag[j] ;] set n = n + i64(flag): made `if flag[j] { set n = n + 1 }` */
static bool
counts_flags(Scan *f, PlanStmt *s)
{
	uint32_t n = s->kind == PSTMT_FOR ? s->body.n : 0;
	const PlanStmt *let = n == 2 && s->body.at[0]->kind == PSTMT_LET ? s->body.at[0] : NULL, *set = n == 1 || let ? s->body.at[n - 1] : NULL;
	if (!set || set->kind != PSTMT_SET || set->e->kind != PEXPR_ADD || !is_local(set->e->op[0], set->id) || !plan_type_is_int(set->e->type))
		return false;
	PlanExpr *flag = set->e->op[1]->kind == PEXPR_CAST ? set->e->op[1]->op[0] : NULL;
	if (flag && let && is_local(flag, let->id))
		flag = let->e;
	if (!flag || flag->type != PT_BOOL)
		return false;
	PlanEmit turn = plan_emit(f->p, f->code), then = turn;
	plan_emit_set(&then, set->id, plan_binary(f->p, PEXPR_ADD, set->e->op[0], plan_int(f->p, set->e->type, 1)));
	plan_emit_if(&turn, flag, &then, NULL);
	PlanStmt as_test = *s;
	as_test.body = plan_freeze(&turn);
	if (!is_scan(f, &as_test))
		return false;
	s->body = as_test.body;
	return true;
}

/* The loop over bits: j = q + ctz(bits), and the bit is gone. */
static void
emit_bits(Scan *f, PlanEmit *b, const PlanStmt *s, PlanExpr *q)
{
	Plan *p = f->p;
	const PlanStmt *test = s->body.at[0];
	PlanExpr *index[PLAN_MAX_AXES], *one = plan_int(p, PT_U64, 1);
	uint32_t n = test->e->nops;
	for (uint32_t k = 0; k < n; k++)
		index[k] = k + 1 == n ? q : test->e->op[k];
	PlanExpr *left = plan_binary(p, PEXPR_SUB, s->hi, q);
	uint32_t bits = plan_emit_var(b, "bits", plan_mask(p, test->e->id, n, index, left));
	PlanExpr *set = plan_local(p, f->code, bits);
	PlanEmit turn = plan_emit(p, f->code);
	PlanStmt *let = ARENA_NEW(p->arena, PlanStmt);
	*let = (PlanStmt){.kind = PSTMT_LET, .span = s->span, .id = s->id};
	let->e = plan_binary(p, PEXPR_ADD, q, plan_cast(p, PT_I64, plan_unary(p, PEXPR_CTZ, set)));
	VEC_PUSH(p->arena, &turn.v, let);
	plan_emit_set(&turn, bits, plan_binary(p, PEXPR_AND, set, plan_binary(p, PEXPR_SUB, set, one)));
	for (uint32_t i = 0; i < test->body.n; i++)
		VEC_PUSH(p->arena, &turn.v, test->body.at[i]);
	plan_emit_while(b, plan_binary(p, PEXPR_NE, set, plan_int(p, PT_U64, 0)), &turn);
}

static PlanStmt *
by_words(Scan *f, const PlanStmt *s)
{
	PlanEmit out = plan_emit(f->p, f->code), body = plan_emit(f->p, f->code);
	uint32_t q = plan_new_loop_local(&out, "q");
	emit_bits(f, &body, s, plan_local(f->p, f->code, q));
	PlanStmt *words = plan_emit_for(&out, q, s->e, s->hi, false, &body);
	words->step = WORD;
	words->span = s->span;
	return words;
}

static void
scan_block(Scan *f, PlanBlock *b)
{
	for (uint32_t i = 0; i < b->n; i++) {
		PlanStmt *s = b->at[i];
		scan_block(f, &s->body);
		scan_block(f, &s->other);
		if (is_scan(f, s) || counts_flags(f, s)) {
			plan_remark(f->p, "scan", true, f->code, "few flags are set in a step: they are looked at by words of sixty-four");
			b->at[i] = by_words(f, s);
		}
	}
}

static void
scan_kernel(Plan *p, PlanCode *kernel)
{
	Scan f = {.p = p, .code = kernel};
	scan_block(&f, &kernel->body);
}

void
pass_scan(Plan *p)
{
	each_kernel(p, scan_kernel);
}
