/* net_items: what the step of a neuron has in common for all items of a batch. */
#include "net/net.h"

/* What a `let` gave a local; NULL if none of the block did. */
static const NetExpr *
let_of(NetBlock b, uint32_t local)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const NetStmt *s = b.at[i];
		if (s->kind == NSTMT_LET && s->index == local)
			return s->e;
		const NetExpr *in = let_of(s->body, local);
		if (!in)
			in = let_of(s->other, local);
		if (in)
			return in;
	}
	return NULL;
}

bool
net_reads_item(const NetLayer *n, NetBlock code, const NetExpr *e)
{
	if (!e)
		return false;
	switch (e->kind) {
	case NEXPR_INPUT: case NEXPR_TRACE: case NEXPR_DRAW: case NEXPR_SPIKE:
		return true;
	case NEXPR_LOCAL:
		return net_reads_item(n, code, let_of(code, e->index));
	case NEXPR_STATE:
		return !n->states.at[e->index].shared_over_batch;
	default:
		return net_reads_item(n, code, e->op[0]) || net_reads_item(n, code, e->op[1]) || net_reads_item(n, code, e->op[2]);
	}
}

bool
net_shared_only(const NetLayer *n, NetBlock code, NetBlock b)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const NetStmt *s = b.at[i];
		bool fine = s->kind == NSTMT_ASSIGN
		                ? s->target->kind == NEXPR_STATE && n->states.at[s->target->index].shared_over_batch
		                : s->kind == NSTMT_IF;
		if (!fine || net_reads_item(n, code, s->e) || !net_shared_only(n, code, s->body) || !net_shared_only(n, code, s->other))
			return false;
	}
	return true;
}
