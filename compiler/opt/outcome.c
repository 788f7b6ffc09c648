/* outcome: what follows from a count alone is put together from the bounds that were reached, not computed.
 *
 * reads    plan after upfront; let n = f32(i32(word >= b1) + i32(word >= b2) + …), constants that ascend (a Poisson number of a mean that is known), read
 *          by nothing but expressions of it and constants: n * 87.8 / 0.316
 * writes   the bits of the expression's values v0, v1, … for counts of 0, 1, …: bits(v0) + (bits(v1) - bits(v0) if word >= b1) + … in whole numbers
 * keeps    every bit: each value is the constant that `fold` makes of the expression; the bounds that a word reaches are the first ones
 * example  tests/opt/outcome
 *
 * Masks and sums, since gcc 12 makes branches of a chain of choices. A mask is an operation more for each bound, but with AVX-512; so there must be
 * about as much to save, and a division is.
 */
#include "opt/dead.h"
#include "opt/fold.h"
#include "opt/pass.h"
#include "opt/query.h"

#include <string.h>

enum { MOST = 32 /* bounds */, FEW = 2 /* expressions of a count, each as long as it */, SLOW = 8 /* operations in the time of a division or root */ };

typedef struct {
	Plan *p;
	PlanCode *code;
	uint32_t count;                                   /* the local */
	uint32_t word, bound[MOST], n;                    /* a local; n bounds */
	uint32_t uses, found, least;                      /* of the local outside of such expressions; those; what the cheapest is worth */
	bool write;
} Outcome;

/* ---- what counts ---------------------------------------------------------------------------------------------- */

/* i32(word >= bound), behind all smaller bounds of the same word. */
static bool
takes_bound(Outcome *f, const PlanExpr *e)
{
	const PlanExpr *reached = e->kind == PEXPR_CAST && e->type == PT_I32 ? e->op[0] : NULL;
	if (!reached || reached->kind != PEXPR_GE || reached->op[0]->kind != PEXPR_LOCAL || reached->op[0]->type != PT_U32 ||
	    reached->op[1]->kind != PEXPR_CONST || f->n == MOST)
		return false;
	uint32_t bound = (uint32_t)reached->op[1]->value.i;
	if (f->n && (f->word != reached->op[0]->id || f->bound[f->n - 1] >= bound))
		return false;
	f->word = reached->op[0]->id;
	f->bound[f->n++] = bound;
	return true;
}

static bool
takes_sum(Outcome *f, const PlanExpr *e)
{
	return e->kind == PEXPR_ADD ? takes_sum(f, e->op[0]) && takes_bound(f, e->op[1]) : takes_bound(f, e);
}

static bool
is_count(Outcome *f, const PlanStmt *s)
{
	f->n = 0;
	f->count = s->id;
	return s->kind == PSTMT_LET && s->e->kind == PEXPR_CAST && s->e->type == PT_F32 && s->e->op[0]->type == PT_I32 && takes_sum(f, s->e->op[0]);
}

/* ---- what follows from it ---------------------------------------------------------------------------------------- */

static PlanExpr *
value_of(const Outcome *f, PlanExpr *e, uint32_t n)
{
	return fold_with(f->p, f->code, e, f->count, plan_float(f->p, PT_F32, n));
}

static uint32_t
bits_of(const PlanExpr *value)
{
	float v = (float)value->value.f;
	uint32_t bits;
	memcpy(&bits, &v, sizeof bits);
	return bits;
}

static uint32_t
worth_of(const PlanExpr *e)
{
	uint32_t n = e->kind == PEXPR_DIV || e->kind == PEXPR_SQRT ? SLOW : e->nops > 0;
	for (uint32_t k = 0; k < e->nops; k++)
		n += worth_of(e->op[k]);
	return n;
}

/* An operation, of the count and of constants. */
static bool
follows(const Outcome *f, PlanExpr *e)
{
	if (e->nops == 0 || e->type != PT_F32 || e->kind == PEXPR_LOAD || e->kind == PEXPR_MASK)
		return false;
	bool reads = false;
	for (uint32_t k = 0; k < e->nops; k++) {
		bool own = is_local(e->op[k], f->count) || (e->op[k]->nops && follows(f, e->op[k]));
		if (!own && e->op[k]->kind != PEXPR_CONST)
			return false;
		reads = reads || own;
	}
	return reads && value_of(f, e, 0);
}

static PlanExpr *
put_together(Outcome *f, PlanExpr *e)
{
	Plan *p = f->p;
	uint32_t before = bits_of(value_of(f, e, 0));
	PlanExpr *bits = plan_int(p, PT_U32, before);
	for (uint32_t k = 0; k < f->n; k++) {
		uint32_t now = bits_of(value_of(f, e, k + 1));
		PlanExpr *bound = plan_int(p, PT_U32, f->bound[k]);
		PlanExpr *reached = plan_cast(p, PT_U32, plan_binary(p, PEXPR_GE, plan_local(p, f->code, f->word), bound));
		PlanExpr *mask = plan_binary(p, PEXPR_SUB, plan_int(p, PT_U32, 0), reached);
		PlanExpr *more = plan_binary(p, PEXPR_AND, mask, plan_int(p, PT_U32, (int64_t)(uint32_t)(now - before)));
		bits = k == 0 && before == 0 ? more : plan_binary(p, PEXPR_ADD, bits, more);
		before = now;
	}
	return plan_bits(p, PT_F32, bits);
}

/* Counts what follows, or (write) puts it together. */
static PlanExpr *
outcome_expr(void *env, PlanExpr *e)
{
	Outcome *f = env;
	if (!e)
		return e;
	f->uses += is_local(e, f->count);
	if (follows(f, e)) {
		f->found++;
		f->least = worth_of(e) < f->least ? worth_of(e) : f->least;
		return f->write ? put_together(f, e) : e;
	}
	for (uint32_t k = 0; k < e->nops; k++)
		e->op[k] = outcome_expr(f, e->op[k]);
	return e;
}

/* ---- the pass ---------------------------------------------------------------------------------------------------------- */

static void
find_counts(Outcome *f, PlanBlock b, const bool *set)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *s = b.at[i];
		find_counts(f, s->body, set);
		find_counts(f, s->other, set);
		if (!is_count(f, s) || set[f->word])
			continue;
		f->uses = f->found = 0;
		f->least = UINT32_MAX;
		f->write = false;
		map_exprs(f->code->body, outcome_expr, f);
		if (f->uses || !f->found || f->found > FEW || f->least + 1 < f->n)
			continue;
		f->write = true;
		map_exprs(f->code->body, outcome_expr, f);
		plan_remark(f->p, "outcome", true, f->code, "what follows from %s alone is chosen by the %u bounds that a word reaches, not computed",
			    f->code->locals[f->count].name, f->n);
	}
}

static void
note_sets(PlanBlock b, bool *set)
{
	for (uint32_t i = 0; i < b.n; i++) {
		if (b.at[i]->kind == PSTMT_SET)
			set[b.at[i]->id] = true;
		note_sets(b.at[i]->body, set);
		note_sets(b.at[i]->other, set);
	}
}

static void
outcome_kernel(Plan *p, PlanCode *kernel)
{
	Outcome f = {.p = p, .code = kernel};
	bool *set = ARENA_ARRAY(p->arena, bool, kernel->nlocals + 1);
	note_sets(kernel->body, set);
	find_counts(&f, kernel->body, set);
	dead_locals(p, kernel);
}

void
pass_outcome(Plan *p)
{
	each_kernel(p, outcome_kernel);
}
