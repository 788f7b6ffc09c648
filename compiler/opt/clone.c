/* clone: copies of blocks with locals of their own. */
#include "opt/clone.h"

#include "base/panic.h"

Clone
clone_open(Plan *p, PlanCode *code)
{
	PlanExpr **map = ARENA_ARRAY(p->arena, PlanExpr *, code->nlocals);
	return (Clone){.p = p, .code = code, .map = map, .n = code->nlocals};
}

PlanExpr *
clone_expr(Clone *c, const PlanExpr *e)
{
	if (!e)
		return NULL;
	if (e->kind == PEXPR_LOCAL && e->id < c->n && c->map[e->id])
		return c->map[e->id];
	PlanExpr *copy = arena_copy(c->p->arena, e, sizeof *e);
	for (uint32_t k = 0; k < e->nops; k++)
		copy->op[k] = clone_expr(c, e->op[k]);
	return copy;
}

uint32_t
clone_local(Clone *c, uint32_t local)
{
	const PlanLocal *l = &(c->from ? c->from : c->code)->locals[local];
	uint32_t own = plan_add_local(c->p, c->code, l->name, l->type);
	ASSERT(local < c->n);
	c->map[local] = plan_local(c->p, c->code, own);
	return own;
}

PlanStmt *
clone_stmt(Clone *c, const PlanStmt *s)
{
	Arena *a = c->p->arena;
	PlanStmt *copy = arena_copy(a, s, sizeof *s);
	copy->e = clone_expr(c, s->e);
	copy->hi = clone_expr(c, s->hi);
	copy->op = ARENA_ARRAY(a, PlanExpr *, s->nops);
	for (uint32_t k = 0; k < s->nops; k++)
		copy->op[k] = clone_expr(c, s->op[k]);
	copy->args = ARENA_ARRAY(a, PlanArg, s->nargs);
	for (uint32_t k = 0; k < s->nargs; k++)
		copy->args[k] = (PlanArg){s->args[k].address, clone_expr(c, s->args[k].e)};
	copy->locals = ARENA_ARRAY(a, uint32_t, s->nlocals);
	for (uint32_t k = 0; k < s->nlocals; k++)
		copy->locals[k] = clone_local(c, s->locals[k]);
	if (s->kind == PSTMT_LET || s->kind == PSTMT_VAR || s->kind == PSTMT_FOR)
		copy->id = clone_local(c, s->id);
	if (s->kind == PSTMT_SET && s->id < c->n && c->map[s->id])
		copy->id = c->map[s->id]->id;
	copy->body = clone_block(c, s->body);
	copy->other = clone_block(c, s->other);
	return copy;
}

PlanBlock
clone_block(Clone *c, PlanBlock b)
{
	PlanBlock out = {ARENA_ARRAY(c->p->arena, PlanStmt *, b.n), b.n};
	for (uint32_t i = 0; i < b.n; i++)
		out.at[i] = clone_stmt(c, b.at[i]);
	return out;
}

static void
renumber(PlanBlock b, const uint32_t *to)
{
	for (uint32_t i = 0; i < b.n; i++) {
		PlanStmt *s = b.at[i];
		if (s->kind == PSTMT_CALL || s->kind == PSTMT_RUN || s->kind == PSTMT_DO)
			s->id = to[s->id];
		renumber(s->body, to);
		renumber(s->other, to);
	}
}

/* The codes all[0 .. n) are the plan's from now on; to[]: what number each got. */
static void
take_codes(Plan *p, PlanCode **all, uint32_t n, const uint32_t *to)
{
	for (uint32_t c = 0; c < n; c++) {
		p->codes.at[c] = all[c];
		renumber(all[c]->body, to);
	}
	p->codes.n = n;
}

void
procs_last(Plan *p)
{
	uint32_t *to = ARENA_ARRAY(p->arena, uint32_t, p->codes.n), n = 0;
	PlanCode **all = ARENA_ARRAY(p->arena, PlanCode *, p->codes.n);
	for (int procs = 0; procs < 2; procs++)
		for (uint32_t c = 0; c < p->codes.n; c++)
			if ((p->codes.at[c]->kind == CODE_PROC) == procs) {
				to[c] = n;
				all[n++] = p->codes.at[c];
			}
	take_codes(p, all, n, to);
}

void
keep_codes(Plan *p, const bool *used)
{
	uint32_t *to = ARENA_ARRAY(p->arena, uint32_t, p->codes.n), n = 0;
	PlanCode **all = ARENA_ARRAY(p->arena, PlanCode *, p->codes.n);
	for (uint32_t c = 0; c < p->codes.n; c++)
		if (used[c]) {
			to[c] = n;
			all[n++] = p->codes.at[c];
		}
	take_codes(p, all, n, to);
}
