/* marks: which buffers statements of a step read and write, with all that they run. */
#include "opt/marks.h"

#include <string.h>

Marks
marks_open(const Plan *p)
{
	return (Marks){ARENA_ARRAY(p->arena, bool, p->bufs.n), ARENA_ARRAY(p->arena, bool, p->bufs.n)};
}

void
marks_clear(const Plan *p, Marks *m)
{
	memset(m->reads, 0, p->bufs.n * sizeof *m->reads);
	memset(m->writes, 0, p->bufs.n * sizeof *m->writes);
}

static void
mark_expr(Marks *m, const PlanExpr *e)
{
	if (!e)
		return;
	if (e->kind == PEXPR_LOAD || e->kind == PEXPR_MASK)
		m->reads[e->id] = true;
	for (uint32_t k = 0; k < e->nops; k++)
		mark_expr(m, e->op[k]);
}

/* Records only look. */
static bool
may_write(const PlanStmt *s)
{
	return s->id != plan_host_find("record") && s->id != plan_host_find("record_list");
}

void
mark_stmt(const Plan *p, Marks *m, const PlanStmt *s)
{
	mark_expr(m, s->e);
	mark_expr(m, s->hi);
	for (uint32_t k = 0; k < s->nops; k++)
		mark_expr(m, s->op[k]);
	for (uint32_t k = 0; k < s->nargs; k++) {
		mark_expr(m, s->args[k].e);
		if (s->args[k].address && may_write(s))
			m->writes[s->args[k].e->id] = true;
	}
	if (s->kind == PSTMT_STORE)
		m->writes[s->id] = true;
	if (s->kind == PSTMT_RUN || s->kind == PSTMT_DO)
		mark_block(p, m, p->codes.at[s->id]->body);
	mark_block(p, m, s->body);
	mark_block(p, m, s->other);
}

void
mark_block(const Plan *p, Marks *m, PlanBlock b)
{
	for (uint32_t k = 0; k < b.n; k++)
		mark_stmt(p, m, b.at[k]);
}
