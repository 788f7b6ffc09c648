/* lazy_live: columns that are walked at once pass over rows whose trace is zero, which is where no pre spike has come since all was reset.
 *
 *     for i in 0 ..< n simd { w[i, j] = w[i, j] + c * x[i] … }   →   for i in 0 ..< n { if live[0, i] { … } }
 *
 * A column costs a cache line for each value, so four fifths of it where as many inputs are silent. What is passed over would get nothing, and is
 * within its bounds: where values may be outside, all are brought back in the same step.
 */
#include "opt/lazy_make.h"

/* Where what waits has no trace, or a loop of the kernel changes one, all rows are walked. */
static bool
stand_still(const Make *m)
{
	const PlanCode *kernel = m->w.z.p->codes.at[m->w.z.kernel];
	for (uint32_t k = 0; k < m->w.waits; k++) {
		if (!m->w.wait[k].n)
			return false;
		for (uint32_t f = 0; f < m->w.wait[k].n; f++)
			if (block_stores(kernel->body, m->w.wait[k].trace[f]))
				return false;
	}
	return true;
}

static PlanExpr *
is_live(Make *m, PlanExpr *i)
{
	Plan *p = m->w.z.p;
	PlanExpr *any = NULL;
	for (uint32_t k = 0; k < m->w.waits; k++) {
		PlanExpr *all = NULL;
		for (uint32_t f = 0; f < m->w.wait[k].n; f++) {
			PlanExpr *some = lazy_binary(m, PEXPR_NE, lazy_of_pre(p, m->w.wait[k].trace[f], i), plan_float(p, m->real, 0));
			all = all ? lazy_binary(m, PEXPR_AND, all, some) : some;
		}
		any = any ? lazy_binary(m, PEXPR_OR, any, all) : all;
	}
	return any;
}

static void
pass_over(Make *m, PlanStmt *loop)
{
	Plan *p = m->w.z.p;
	PlanCode *kernel = p->codes.at[m->w.z.kernel];
	PlanEmit turn = plan_emit(p, kernel), live = turn;
	for (uint32_t i = 0; i < loop->body.n; i++)
		VEC_PUSH(p->arena, &live.v, loop->body.at[i]);
	plan_emit_if(&turn, load2(p, m->live, whole(p, 0), plan_local(p, kernel, loop->id)), &live, NULL);
	loop->body = plan_freeze(&turn);
	loop->simd = false;
}

/* The loops of columns, wherever they stand in the kernel. */
static void
pass_over_columns(Make *m, PlanBlock b)
{
	for (uint32_t i = 0; i < b.n; i++) {
		bool column = false;
		for (uint32_t k = 0; k < m->w.seen.n; k++)
			column = column || (m->w.seen.at[k].columns && m->w.seen.at[k].loop == b.at[i]);
		if (column) {
			pass_over(m, b.at[i]);
			continue;
		}
		pass_over_columns(m, b.at[i]->body);
		pass_over_columns(m, b.at[i]->other);
	}
}

void
lazy_live(Make *m)
{
	Plan *p = m->w.z.p;
	PlanAxis axes[] = {{AXIS_BATCH, 1}, {AXIS_PRE, m->pre}};
	m->live = m->find_live = NO_ID;
	if (!stand_still(m))
		return;
	m->live = plan_add_buf(p, lazy_part(m, "live", 0), PT_BOOL, ROLE_SCRATCH, 2, axes);
	PlanEmit b = open_kernel(p, lazy_part(m, "find_live", 0), m->pre, &m->find_live);
	Loop all = open_loop(&b, "i");
	store2(&all.body, m->live, whole(p, 0), all.i, is_live(m, all.i));
	close_loop(&b, &all, lo(&b), hi(&b), true);
	close_kernel(&b);
	pass_over_columns(m, p->codes.at[m->w.z.kernel]->body);
}

void
lazy_run_live(Make *m, PlanEmit *b)
{
	Plan *p = m->w.z.p;
	PlanEmit run = plan_emit(p, b->code);
	if (m->find_live == NO_ID)
		return;
	plan_emit_run(&run, m->find_live);
	plan_emit_if(b, lazy_binary(m, PEXPR_NE, load1(p, m->w.z.post_count, whole(p, 0)), plan_int(p, PT_U32, 0)), &run, NULL);
}
