/* dead: what nothing depends on goes.
 *
 * reads    any plan
 * writes   unread locals, calls of functions whose results nobody reads, functions, kernels and procs that are never
 *          called (but for the fixed points `program` and `step`) are gone; ids of codes are renumbered
 * keeps    every buffer, every store, every host call
 * example  tests/opt/dead
 */
#include "opt/dead.h"
#include "base/panic.h"
#include "opt/clone.h"
#include "opt/pass.h"

#include <string.h>

typedef struct { Plan *p; uint32_t *uses; bool changed; } Dead;

/* ---- locals ------------------------------------------------------------------------------------ */

static void
count_expr(Dead *d, const PlanExpr *e)
{
	if (!e)
		return;
	if (e->kind == PEXPR_LOCAL)
		d->uses[e->id]++;
	for (uint32_t k = 0; k < e->nops; k++)
		count_expr(d, e->op[k]);
}

static void
count_block(Dead *d, PlanBlock b)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *s = b.at[i];
		count_expr(d, s->e);
		count_expr(d, s->hi);
		for (uint32_t k = 0; k < s->nops; k++)
			count_expr(d, s->op[k]);
		for (uint32_t k = 0; k < s->nargs; k++)
			count_expr(d, s->args[k].e);
		count_block(d, s->body);
		count_block(d, s->other);
	}
}

static bool
unread(const Dead *d, const PlanStmt *s)
{
	switch (s->kind) {
	case PSTMT_LET: case PSTMT_VAR: case PSTMT_SET:
		return !d->uses[s->id];
	case PSTMT_CALL:
		for (uint32_t k = 0; k < s->nlocals; k++)
			if (d->uses[s->locals[k]])
				return false;
		return true;
	case PSTMT_IF: case PSTMT_FOR:
		return !s->body.n && !s->other.n;
	default:
		return false;
	}
}

static void
sweep(Dead *d, PlanBlock *b)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < b->n; i++) {
		sweep(d, &b->at[i]->body);
		sweep(d, &b->at[i]->other);
		if (unread(d, b->at[i]))
			d->changed = true;
		else
			b->at[n++] = b->at[i];
	}
	b->n = n;
}

void
dead_locals(Plan *p, PlanCode *c)
{
	Dead d = {.p = p, .uses = ARENA_ARRAY(p->arena, uint32_t, c->nlocals)};
	do {
		d.changed = false;
		memset(d.uses, 0, sizeof *d.uses * c->nlocals);
		count_block(&d, c->body);
		sweep(&d, &c->body);
	} while (d.changed);
}

/* ---- codes ---------------------------------------------------------------------------------------- */

static void
mark(const Plan *p, uint32_t code, bool *live);

static void
mark_block(const Plan *p, PlanBlock b, bool *live)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *s = b.at[i];
		if (s->kind == PSTMT_CALL || s->kind == PSTMT_RUN || s->kind == PSTMT_DO)
			mark(p, s->id, live);
		mark_block(p, s->body, live);
		mark_block(p, s->other, live);
	}
}

static void
mark(const Plan *p, uint32_t code, bool *live)
{
	if (live[code])
		return;
	live[code] = true;
	mark_block(p, p->codes.at[code]->body, live);
}

void
dead_codes(Plan *p)
{
	bool *live = ARENA_ARRAY(p->arena, bool, p->codes.n);
	static const char *const roots[] = {"program", "step"};
	bool rooted = false;
	for (int k = 0; k < 2; k++) {
		uint32_t at = plan_find_code(p, roots[k]);
		if (at != UINT32_MAX)
			mark(p, at, live), rooted = true;
	}
	if (!rooted)
		return;                                   /* a fragment, as in tests of kernels */
	keep_codes(p, live);
}

void
pass_dead(Plan *p)
{
	for (uint32_t c = 0; c < p->codes.n; c++)
		if (p->codes.at[c]->kind != CODE_FUNC)
			dead_locals(p, p->codes.at[c]);
	dead_codes(p);                                    /* last: calls of functions may have gone with their results */
}
