/* spiking.c: how kernels look that list who spikes, as `scan` leaves them. */
#include "opt/spiking.h"

#include "opt/query.h"

/* i64(ctz(bits)) + q, where bits are flags from q on */
static bool
is_bit(const PlanExpr *e, uint32_t q, uint32_t bits)
{
	if (e->kind != PEXPR_ADD || !is_local(e->op[0], q) || e->op[1]->kind != PEXPR_CAST)
		return false;
	const PlanExpr *first = e->op[1]->op[0];
	return first->kind == PEXPR_CTZ && is_local(first->op[0], bits);
}

/* mask(flags[…, q], …) */
static bool
is_word(const PlanExpr *e, uint32_t q)
{
	return e->kind == PEXPR_MASK && is_local(e->op[e->nops - 2], q) && (e->nops == 2 || is_zero_index(e->op[0]));
}

PlanBlock *
spiking_turns(PlanStmt *s, const PlanExpr **flags)
{
	if (s->kind != PSTMT_FOR || s->step != 64 || s->body.n != 2)
		return NULL;
	const PlanStmt *bits = s->body.at[0];
	PlanStmt *loop = s->body.at[1];
	bool ok = bits->kind == PSTMT_VAR && is_word(bits->e, s->id) && loop->kind == PSTMT_WHILE && loop->body.n > 1;
	if (!ok || loop->body.at[0]->kind != PSTMT_LET || !is_bit(loop->body.at[0]->e, s->id, bits->id))
		return NULL;
	const PlanStmt *less = loop->body.at[1];
	if (less->kind != PSTMT_SET || less->id != bits->id)
		return NULL;
	*flags = bits->e;
	return &loop->body;
}

bool
spiking_goes_over(const Plan *p, const PlanCode *code, const PlanStmt *s, uint32_t flags)
{
	const PlanBuf *b = &p->bufs.at[flags];
	uint64_t n = b->axis[b->naxes - 1].extent;
	if (plan_buf_count(b) != n)
		return false;
	bool parts = is_local(s->e, 0) && is_local(s->hi, 1) && code->range == n;
	return parts || (is_zero_index(s->e) && s->hi->kind == PEXPR_CONST && (uint64_t)s->hi->value.i == n);
}

bool
spiking_list(const Plan *p, PlanCode *k, Spiking *out)
{
	const PlanExpr *flags;
	if (k->kind != CODE_KERNEL || k->body.n != 3)
		return false;
	PlanStmt *found = k->body.at[0], *walk = k->body.at[1], *count = k->body.at[2];
	PlanBlock *turn = spiking_turns(walk, &flags);
	if (!turn || turn->n != 4 || !spiking_goes_over(p, k, walk, flags->id))
		return false;
	const PlanStmt *store = turn->at[2], *more = turn->at[3];
	bool stores = store->kind == PSTMT_STORE && store->nops == 2 && is_zero_index(store->op[0]) && is_local(store->op[1], found->id) &&
		      store->e->kind == PEXPR_CAST && is_local(store->e->op[0], turn->at[0]->id);
	bool counts = found->kind == PSTMT_VAR && is_zero_index(found->e) && more->kind == PSTMT_SET && more->id == found->id &&
		      more->e->kind == PEXPR_ADD && is_local(more->e->op[0], found->id) && more->e->op[1]->kind == PEXPR_CONST && more->e->op[1]->value.i == 1;
	bool tells = count->kind == PSTMT_STORE && count->nops == 1 && is_zero_index(count->op[0]) && count->e->kind == PEXPR_CAST &&
		     is_local(count->e->op[0], found->id);
	*out = (Spiking){flags->id, store->id, count->id};
	return stores && counts && tells;
}
