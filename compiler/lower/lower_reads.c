/* lower_reads: what model code reads and writes: it decides what is stored, and which statements run in one loop. */
#include "lower/lower_inner.h"

bool
low_expr_reads_state(const NetExpr *e, uint32_t state)
{
	if (!e)
		return false;
	if (e->kind == NEXPR_STATE && e->index == state)
		return true;
	return low_expr_reads_state(e->op[0], state) || low_expr_reads_state(e->op[1], state) || low_expr_reads_state(e->op[2], state);
}

bool
low_reads_state(NetBlock b, uint32_t state)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const NetStmt *s = b.at[i];
		if (low_expr_reads_state(s->e, state) || low_reads_state(s->body, state) || low_reads_state(s->other, state))
			return true;
	}
	return false;
}

/* The first assignment of a state in a block, or NULL. */
const NetStmt *
low_assigns_state(NetBlock b, uint32_t state)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const NetStmt *s = b.at[i];
		if (s->kind == NSTMT_ASSIGN && s->target->kind == NEXPR_STATE && s->target->index == state)
			return s;
		const NetStmt *in = low_assigns_state(s->body, state);
		if (!in)
			in = low_assigns_state(s->other, state);
		if (in)
			return in;
	}
	return NULL;
}

static bool
expr_reads_local(const NetExpr *e, uint32_t local)
{
	if (!e)
		return false;
	if (e->kind == NEXPR_LOCAL && e->index == local)
		return true;
	return expr_reads_local(e->op[0], local) || expr_reads_local(e->op[1], local) || expr_reads_local(e->op[2], local);
}

bool
low_reads_local(NetBlock b, uint32_t local)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const NetStmt *s = b.at[i];
		if (expr_reads_local(s->e, local) || low_reads_local(s->body, local) || low_reads_local(s->other, local))
			return true;
	}
	return false;
}

static bool
expr_has(const NetExpr *e, NetExprKind k)
{
	return e && (e->kind == k || expr_has(e->op[0], k) || expr_has(e->op[1], k) || expr_has(e->op[2], k));
}

bool
low_has_stmt(NetBlock b, NetStmtKind k)
{
	for (uint32_t i = 0; i < b.n; i++)
		if (b.at[i]->kind == k || low_has_stmt(b.at[i]->body, k) || low_has_stmt(b.at[i]->other, k))
			return true;
	return false;
}

bool
low_has_expr(NetBlock b, NetExprKind k)
{
	for (uint32_t i = 0; i < b.n; i++)
		if (expr_has(b.at[i]->e, k) || low_has_expr(b.at[i]->body, k) || low_has_expr(b.at[i]->other, k))
			return true;
	return false;
}

static bool
expr_reads_port(const NetExpr *e, uint32_t port)
{
	return e && ((e->kind == NEXPR_INPUT && e->port == port) || expr_reads_port(e->op[0], port) ||
	             expr_reads_port(e->op[1], port) || expr_reads_port(e->op[2], port));
}

bool
low_reads_port(NetBlock b, uint32_t port)
{
	for (uint32_t i = 0; i < b.n; i++)
		if (expr_reads_port(b.at[i]->e, port) || low_reads_port(b.at[i]->body, port) || low_reads_port(b.at[i]->other, port))
			return true;
	return false;
}

/* Is a state read by anything but its own assignments? Else it is not stored and its assignments go: a model may
 * offer sums and flags that cost nothing until somebody records them. */
bool
low_uses_state(NetBlock b, uint32_t state)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const NetStmt *s = b.at[i];
		bool own = s->kind == NSTMT_ASSIGN && s->target->kind == NEXPR_STATE && s->target->index == state;
		if ((!own && low_expr_reads_state(s->e, state)) || low_uses_state(s->body, state) || low_uses_state(s->other, state))
			return true;
	}
	return false;
}
