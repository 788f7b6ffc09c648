/* clear: sums are set to zero where they are read, for the next step.
 *
 * reads    plan after fuse; a kernel that begins with `for j simd { x[0, j] = 0.0 }` and then adds to x, and one other that reads x,
 *          in one loop, each turn its own element; both run once in a step, one behind the other
 * writes   the zeros behind the reads: a pass less over x in each step, which is in L1 there
 * keeps    every bit: x is scratch, which begins as zeros, and nobody else looks at it. Every block that runs one of the two runs
 *          both, in this order
 * example  tests/opt/clear
 */
#include "opt/pass.h"
#include "opt/query.h"

#include <string.h>

typedef struct { Plan *p; uint32_t adds, reads, buf; PlanStmt *zero, *loop; } Clear;

/* ---- who reads ------------------------------------------------------------------------------------------------- */

/* The only other code that touches it, in one loop. */
static bool
find_reader(Clear *c)
{
	Plan *p = c->p;
	c->reads = NO_ID;
	if (host_knows(p, c->buf))
		return false;
	for (uint32_t i = 0; i < p->codes.n; i++) {
		if (i == c->adds || !block_touches(p->codes.at[i]->body, c->buf))
			continue;
		if (c->reads != NO_ID || p->codes.at[i]->kind != CODE_KERNEL || block_stores(p->codes.at[i]->body, c->buf))
			return false;
		c->reads = i;
	}
	if (c->reads == NO_ID || p->codes.at[c->reads]->range != p->codes.at[c->adds]->range)
		return false;
	PlanBlock b = p->codes.at[c->reads]->body;
	c->loop = NULL;
	for (uint32_t i = 0; i < b.n; i++) {
		PlanBlock one = {&b.at[i], 1};
		if (!block_touches(one, c->buf))
			continue;
		if (c->loop || !is_whole(b.at[i]) || !block_own_only(p, b.at[i]->body, c->buf, b.at[i]->id))
			return false;
		c->loop = b.at[i];
	}
	return c->loop != NULL;
}

/* ---- the schedule ------------------------------------------------------------------------------------------------ */

static bool
in_turn(const Clear *c, PlanBlock b)
{
	bool open = false;
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *s = b.at[i];
		bool adds = s->kind == PSTMT_RUN && s->id == c->adds, reads = s->kind == PSTMT_RUN && s->id == c->reads;
		if ((adds && open) || (reads && !open) || (open && s->kind == PSTMT_DO))
			return false;
		open = adds || (open && !reads);
		if (!in_turn(c, s->body) || !in_turn(c, s->other))
			return false;
	}
	return !open;
}

static bool
is_scheduled(const Clear *c)
{
	for (uint32_t i = 0; i < c->p->codes.n; i++)
		if (c->p->codes.at[i]->kind == CODE_PROC && !in_turn(c, c->p->codes.at[i]->body))
			return false;
	return true;
}

/* ---- the pass ------------------------------------------------------------------------------------------------------ */

static void
append(Plan *p, PlanBlock *b, PlanStmt *s)
{
	PlanStmt **all = ARENA_ARRAY(p->arena, PlanStmt *, b->n + 1);
	memcpy(all, b->at, sizeof *all * b->n);
	all[b->n] = s;
	*b = (PlanBlock){all, b->n + 1};
}

static void
move_zeros(Clear *c)
{
	Plan *p = c->p;
	PlanExpr *at[] = {plan_int(p, PT_I64, 0), plan_local(p, p->codes.at[c->reads], c->loop->id)};
	PlanEmit b = plan_emit(p, p->codes.at[c->reads]);
	plan_emit_store(&b, c->buf, 2, at, c->zero->body.at[0]->e);
	append(p, &c->loop->body, b.v.at[0]);
	plan_remark(p, "clear", true, p->codes.at[c->reads], "what arrived is set to zero where it is read, for the next step");
}

static void
clear_kernel(Plan *p, uint32_t kernel)
{
	PlanBlock *b = &p->codes.at[kernel]->body;
	uint32_t n = 0;
	for (uint32_t i = 0; i < b->n; i++) {
		Clear c = {.p = p, .adds = kernel, .zero = b->at[i]};
		c.buf = zeroed_by(p, b->at[i]);
		bool moves = c.buf != NO_ID;
		if (moves) {
			PlanBlock before = {b->at, n};
			moves = !block_touches(before, c.buf) && find_reader(&c) && is_scheduled(&c);
		}
		if (moves)
			move_zeros(&c);
		else
			b->at[n++] = b->at[i];
	}
	b->n = n;
}

void
pass_clear(Plan *p)
{
	for (uint32_t c = 0; c < p->codes.n; c++)
		if (p->codes.at[c]->kind == CODE_KERNEL)
			clear_kernel(p, c);
}
