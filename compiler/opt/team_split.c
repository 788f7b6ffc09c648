/* team_split: parts of a kernel that go along the same rows each find their own piece of it.
 *
 * reads    for e in i64(row[i]) ..< i64(row[i + 1]) { let j = i64(target[e]) ; if j >= lo & j < hi { … } }
 * writes   the first synapse whose target is lo or more, and the first one whose target is hi or more, by halving; a loop between
 *          them, without the condition. Over the whole range nothing is looked for
 * keeps    every bit: targets of a row ascend (docs/plan-ir.md), so those between lo and hi stand one behind the other. Rows that were
 *          arranged by delay are left alone, and short ones, which are not worth it
 * example  tests/opt/team
 */
#include "opt/query.h"
#include "opt/team.h"

enum { LONG = 48 /* synapses of a row, at least */ };

typedef struct { Plan *p; PlanCode *code; } Split;

/* row[i] and row[i + 1] of rows that nobody arranged: the buffer of rows; NO_ID */
static uint32_t
plain_row(const Plan *p, const PlanStmt *s)
{
	uint32_t at, row = row_walked(s, &at);
	if (row == NO_ID)
		return NO_ID;
	for (uint32_t i = 0; i < p->objects.n; i++) {
		const PlanObject *o = &p->objects.at[i];
		if (o->kind == POBJ_SYNAPSES && o->nbufs > 2 && o->bufs[0] == row)
			return NO_ID;
	}
	return row;
}

static bool
is_guarded(const PlanExpr *e, uint32_t j)
{
	return e->kind == PEXPR_AND && e->op[0]->kind == PEXPR_GE && e->op[1]->kind == PEXPR_LT && is_local(e->op[0]->op[0], j) &&
	       is_local(e->op[1]->op[0], j) && is_local(e->op[0]->op[1], 0) && is_local(e->op[1]->op[1], 1);
}

/* The loop along a row whose targets pick; NULL, or the target that is loaded. */
static const PlanExpr *
target_of(const Plan *p, const PlanStmt *s)
{
	uint32_t row = s->kind == PSTMT_FOR && s->body.n == 2 ? plain_row(p, s) : NO_ID;
	if (row == NO_ID)
		return NULL;
	const PlanStmt *let = s->body.at[0], *test = s->body.at[1];
	const PlanExpr *target = let->kind == PSTMT_LET ? cast_load(let->e) : NULL;
	if (!target || !is_local(target->op[0], s->id) || test->kind != PSTMT_IF || test->other.n || !is_guarded(test->e, let->id))
		return NULL;
	double rows = (double)p->bufs.at[row].axis[0].extent - 1;
	return (double)p->bufs.at[target->id].axis[0].extent >= LONG * rows ? target : NULL;
}

/* var at = from ; if wanted { while the piece has synapses { halve it } }: the first from there on whose target is `least` or more */
static PlanExpr *
emit_search(Split *f, PlanEmit *b, const char *name, PlanExpr *from, PlanExpr *to, PlanExpr *least, PlanExpr *wanted, PlanExpr *otherwise,
	    const PlanExpr *target)
{
	Plan *p = f->p;
	uint32_t at = plan_emit_var(b, name, otherwise);
	PlanEmit then = plan_emit(p, f->code), turn = plan_emit(p, f->code), up = plan_emit(p, f->code), down = plan_emit(p, f->code);
	plan_emit_set(&then, at, from);
	uint32_t end = plan_emit_var(&then, "end", to);
	PlanExpr *low = plan_local(p, f->code, at), *high = plan_local(p, f->code, end), *one = plan_int(p, PT_I64, 1);
	PlanExpr *half = plan_binary(p, PEXPR_SHR, plan_binary(p, PEXPR_ADD, low, high), one);
	PlanExpr *middle = plan_emit_let(&turn, "middle", half);
	PlanExpr *there = plan_cast(p, PT_I64, plan_load(p, target->id, 1, &middle));
	plan_emit_set(&up, at, plan_binary(p, PEXPR_ADD, middle, one));
	plan_emit_set(&down, end, middle);
	plan_emit_if(&turn, plan_binary(p, PEXPR_LT, there, least), &up, &down);
	plan_emit_while(&then, plan_binary(p, PEXPR_LT, low, high), &turn);
	plan_emit_if(b, wanted, &then, NULL);
	return low;
}

static void
emit_piece(Split *f, PlanEmit *b, PlanStmt *s, const PlanExpr *target)
{
	Plan *p = f->p;
	const PlanStmt *test = s->body.at[1];
	PlanExpr *lo = plan_local(p, f->code, 0), *hi = plan_local(p, f->code, 1);
	PlanExpr *begin = plan_emit_let(b, "begin", s->e), *end = plan_emit_let(b, "behind", s->hi);
	PlanExpr *whole = plan_int(p, PT_I64, (int64_t)f->code->range);
	s->e = emit_search(f, b, "first", begin, end, lo, plan_binary(p, PEXPR_GT, lo, plan_int(p, PT_I64, 0)), begin, target);
	s->hi = emit_search(f, b, "last", s->e, end, hi, plan_binary(p, PEXPR_LT, hi, whole), end, target);
	PlanStmt **all = ARENA_ARRAY(p->arena, PlanStmt *, test->body.n + 1);
	all[0] = s->body.at[0];
	for (uint32_t i = 0; i < test->body.n; i++)
		all[i + 1] = test->body.at[i];
	s->body = (PlanBlock){all, test->body.n + 1};
	VEC_PUSH(p->arena, &b->v, s);
}

static void
split_block(Split *f, PlanBlock *b)
{
	PlanEmit out = plan_emit(f->p, f->code);
	for (uint32_t i = 0; i < b->n; i++) {
		PlanStmt *s = b->at[i];
		const PlanExpr *target = target_of(f->p, s);
		if (target) {
			emit_piece(f, &out, s, target);
			continue;
		}
		split_block(f, &s->body);
		split_block(f, &s->other);
		VEC_PUSH(f->p->arena, &out.v, s);
	}
	*b = plan_freeze(&out);
}

bool
team_is_cut(const Plan *p, const PlanStmt *loop)
{
	return target_of(p, loop) != NULL;
}

void
team_split(Plan *p, PlanCode *kernel)
{
	Split f = {p, kernel};
	split_block(&f, &kernel->body);
}
