/* hoist: calls that give the same in every turn of a loop are made once, before it.
 *
 * reads    plan after dead
 * writes   a call of a short func whose arguments do not change in the loop stands before the loop, also if it stood under
 *          a condition: keys of draws, most of all
 * keeps    every bit: funcs are pure and end; a buffer that an argument reads is not stored to in the loop
 * example  tests/opt/hoist
 */
#include "opt/pass.h"
#include "opt/query.h"

enum { SHORT = 150 /* expressions in a func that costs next to nothing where nobody wants it */ };

typedef struct { Plan *p; PlanCode *code; bool *changes, *stored; } Hoist;

/* Like is_invariant, but loads of what the loop leaves alone are fine. A load may not be out of bounds before the loop
 * either, so its indices are constants. */
static bool
stays(const Hoist *f, const PlanExpr *e)
{
	if (e->kind == PEXPR_MASK || (e->kind == PEXPR_LOCAL && f->changes[e->id]) ||
	    (e->kind == PEXPR_LOAD && f->stored[e->id]))
		return false;
	for (uint32_t k = 0; k < e->nops; k++)
		if (!stays(f, e->op[k]) || (e->kind == PEXPR_LOAD && e->op[k]->kind != PEXPR_CONST))
			return false;
	return true;
}

static bool
moves(const Hoist *f, const PlanStmt *s)
{
	if (s->kind != PSTMT_CALL || count_work(f->p, f->p->codes.at[s->id]->body, SHORT + 1, 0) > SHORT)
		return false;
	for (uint32_t k = 0; k < s->nops; k++)
		if (!stays(f, s->op[k]))
			return false;
	return true;
}

/* Takes what moves out of a block. What is declared by a call that moved no longer changes in the loop. */
static void
take(Hoist *f, PlanBlock *b, PlanEmit *before)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < b->n; i++) {
		PlanStmt *s = b->at[i];
		take(f, &s->body, before);
		take(f, &s->other, before);
		if (!moves(f, s)) {
			b->at[n++] = s;
			continue;
		}
		plan_remark(f->p, "hoist", true, f->code, "`%s` gives the same in every turn, and is called before the loop", f->p->codes.at[s->id]->name);
		VEC_PUSH(f->p->arena, &before->v, s);
		for (uint32_t k = 0; k < s->nlocals; k++)
			f->changes[s->locals[k]] = false;
	}
	b->n = n;
}

static void
hoist_block(Hoist *f, PlanBlock *b)
{
	PlanEmit out = plan_emit(f->p, f->code);
	for (uint32_t i = 0; i < b->n; i++) {
		PlanStmt *s = b->at[i];
		hoist_block(f, &s->body);
		hoist_block(f, &s->other);
		if (s->kind == PSTMT_FOR || s->kind == PSTMT_WHILE) {
			f->changes = ARENA_ARRAY(f->p->arena, bool, f->code->nlocals);
			f->stored = ARENA_ARRAY(f->p->arena, bool, f->p->bufs.n + 1);
			mark_changes(s->body, f->changes);
			if (s->kind == PSTMT_FOR)
				f->changes[s->id] = true;
			plan_note_stores(f->stored, s->body);
			take(f, &s->body, &out);
		}
		VEC_PUSH(f->p->arena, &out.v, s);
	}
	*b = plan_freeze(&out);
}

static void
hoist_kernel(Plan *p, PlanCode *kernel)
{
	Hoist f = {.p = p, .code = kernel};
	hoist_block(&f, &kernel->body);
}

void
pass_hoist(Plan *p)
{
	each_kernel(p, hoist_kernel);
}
