/* unread: what nobody reads any more, once a pass has taken away who did: kernels that write nothing else, and their buffers. */
#include "opt/clone.h"
#include "opt/query.h"
#include "opt/unread.h"

#include <string.h>

static bool
host_has(const PlanBlock b, uint32_t buf)
{
	for (uint32_t i = 0; i < b.n; i++) {
		for (uint32_t k = 0; k < b.at[i]->nargs; k++)
			if (expr_reads(b.at[i]->args[k].e, buf))
				return true;
		if (host_has(b.at[i]->body, buf) || host_has(b.at[i]->other, buf))
			return true;
	}
	return false;
}

/* Whether nobody but a kernel looks at a buffer that means nothing by itself. */
static bool
is_private(const Plan *p, uint32_t buf, const PlanCode *kernel)
{
	if (p->bufs.at[buf].role != ROLE_DERIVED && p->bufs.at[buf].role != ROLE_SCRATCH)
		return false;
	for (uint32_t i = 0; i < p->objects.n; i++)
		for (uint32_t k = 0; k < p->objects.at[i].nbufs; k++)
			if (p->objects.at[i].bufs[k] == buf)
				return false;
	for (uint32_t c = 0; c < p->codes.n; c++) {
		PlanBlock b = p->codes.at[c]->body;
		if (p->codes.at[c] != kernel && (block_reads(b, buf) || block_stores(b, buf) || host_has(b, buf)))
			return false;
	}
	return true;
}

static bool
is_useless(const Plan *p, const PlanCode *kernel)
{
	bool any = false;
	for (uint32_t buf = 0; buf < p->bufs.n; buf++) {
		if (!block_stores(kernel->body, buf))
			continue;
		any = true;
		if (!is_private(p, buf, kernel))
			return false;
	}
	return any && kernel->kind == CODE_KERNEL;
}

/* ---- taking away --------------------------------------------------------------------------------------------- */

static void
stop_runs(PlanBlock *b, const bool *used)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < b->n; i++) {
		stop_runs(&b->at[i]->body, used);
		stop_runs(&b->at[i]->other, used);
		if (b->at[i]->kind != PSTMT_RUN || used[b->at[i]->id])
			b->at[n++] = b->at[i];
	}
	b->n = n;
}

/* Expressions may be shared: each is given its new number once. */
typedef struct { Plan *p; const uint32_t *to; } Renumber;

static PlanExpr *
renumber_expr(Renumber *r, const PlanExpr *e)
{
	if (!e)
		return NULL;
	PlanExpr *copy = arena_copy(r->p->arena, e, sizeof *e);
	if (e->kind == PEXPR_LOAD || e->kind == PEXPR_MASK)
		copy->id = r->to[e->id];
	for (uint32_t k = 0; k < e->nops; k++)
		copy->op[k] = renumber_expr(r, e->op[k]);
	return copy;
}

static void
renumber_block(Renumber *r, PlanBlock b)
{
	for (uint32_t i = 0; i < b.n; i++) {
		PlanStmt *s = b.at[i];
		s->e = renumber_expr(r, s->e);
		s->hi = renumber_expr(r, s->hi);
		for (uint32_t k = 0; k < s->nops; k++)
			s->op[k] = renumber_expr(r, s->op[k]);
		for (uint32_t k = 0; k < s->nargs; k++)
			s->args[k].e = renumber_expr(r, s->args[k].e);
		if (s->kind == PSTMT_STORE)
			s->id = r->to[s->id];
		renumber_block(r, s->body);
		renumber_block(r, s->other);
	}
}

static void
drop_bufs(Plan *p, const bool *drop)
{
	uint32_t *to = ARENA_ARRAY(p->arena, uint32_t, p->bufs.n), n = 0;
	for (uint32_t buf = 0; buf < p->bufs.n; buf++) {
		to[buf] = n;
		if (!drop[buf])
			p->bufs.at[n++] = p->bufs.at[buf];
	}
	p->bufs.n = n;
	Renumber r = {p, to};
	for (uint32_t c = 0; c < p->codes.n; c++)
		renumber_block(&r, p->codes.at[c]->body);
	for (uint32_t i = 0; i < p->objects.n; i++)
		for (uint32_t k = 0; k < p->objects.at[i].nbufs; k++)
			p->objects.at[i].bufs[k] = to[p->objects.at[i].bufs[k]];
}

void
drop_these(Plan *p, const bool *used, const bool *drop)
{
	for (uint32_t c = 0; c < p->codes.n; c++)
		stop_runs(&p->codes.at[c]->body, used);
	keep_codes(p, used);
	drop_bufs(p, drop);
}

void
drop_unread(Plan *p)
{
	bool *used = ARENA_ARRAY(p->arena, bool, p->codes.n), *drop = ARENA_ARRAY(p->arena, bool, p->bufs.n);
	memset(used, true, p->codes.n);
	for (uint32_t c = 0; c < p->codes.n; c++) {
		used[c] = !is_useless(p, p->codes.at[c]);
		for (uint32_t buf = 0; buf < p->bufs.n && !used[c]; buf++)
			drop[buf] = drop[buf] || block_stores(p->codes.at[c]->body, buf);
	}
	drop_these(p, used, drop);
}
