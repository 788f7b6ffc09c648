/* query: what passes ask of expressions and blocks. */
#include "opt/query.h"

bool
is_invariant(const PlanExpr *e, const bool *changes)
{
	if (e->kind == PEXPR_LOAD || e->kind == PEXPR_MASK || (e->kind == PEXPR_LOCAL && changes[e->id]))
		return false;
	for (uint32_t k = 0; k < e->nops; k++)
		if (!is_invariant(e->op[k], changes))
			return false;
	return true;
}

void
mark_changes(PlanBlock b, bool *changes)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *s = b.at[i];
		if (s->kind == PSTMT_LET || s->kind == PSTMT_VAR || s->kind == PSTMT_SET || s->kind == PSTMT_FOR)
			changes[s->id] = true;
		for (uint32_t k = 0; k < s->nlocals; k++)
			changes[s->locals[k]] = true;
		mark_changes(s->body, changes);
		mark_changes(s->other, changes);
	}
}

bool
expr_reads(const PlanExpr *e, uint32_t buf)
{
	if (!e)
		return false;
	if ((e->kind == PEXPR_LOAD || e->kind == PEXPR_MASK) && e->id == buf)
		return true;
	for (uint32_t k = 0; k < e->nops; k++)
		if (expr_reads(e->op[k], buf))
			return true;
	return false;
}

bool
block_reads(PlanBlock b, uint32_t buf)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *s = b.at[i];
		bool here = expr_reads(s->e, buf) || expr_reads(s->hi, buf);
		for (uint32_t k = 0; k < s->nops; k++)
			here = here || expr_reads(s->op[k], buf);
		if (here || block_reads(s->body, buf) || block_reads(s->other, buf))
			return true;
	}
	return false;
}

bool
block_stores(PlanBlock b, uint32_t buf)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *s = b.at[i];
		if ((s->kind == PSTMT_STORE && (s->id == buf || buf == ANY_BUFFER)) || block_stores(s->body, buf) ||
		    block_stores(s->other, buf))
			return true;
	}
	return false;
}

void
each_kernel(Plan *p, void (*pass)(Plan *p, PlanCode *kernel))
{
	for (uint32_t c = 0; c < p->codes.n; c++)
		if (p->codes.at[c]->kind == CODE_KERNEL)
			pass(p, p->codes.at[c]);
}
