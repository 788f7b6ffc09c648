/* lazy_shift: the sums of a matrix begin anew without a look at all rows.
 *
 * When all slots are used up, those rows that have waited since before the middle are brought up to date. The others need sums from the
 * middle on alone, so these move to the front, as sums that began there:
 *     S'(s) = (S(half + s) - S(half)) * d^-half,   factor' = factor * d^half
 * What a row is owed, factor * (S(now) - S(from)), stays what it was but for two roundings.
 */
#include "opt/lazy_make.h"

/* d^half of wait k, or its inverse; NULL: 1. */
static PlanExpr *
power_of_half(Make *m, PlanEmit *b, uint32_t k, const uint32_t *table)
{
	bool none = m->w.wait[k].decay == 1;
	return none ? NULL : plan_emit_let(b, "scale", load1(m->w.z.p, table[k], whole(m->w.z.p, (int64_t)m->half)));
}

static void
sums_kernel(Make *m)
{
	Plan *p = m->w.z.p;
	PlanEmit b = open_kernel(p, lazy_part(m, "shift_sum", 0), m->post, &m->shift_sum);
	PlanExpr *half = whole(p, (int64_t)m->half), *scale[LAZY_WAITS];
	for (uint32_t k = 0; k < m->w.waits; k++)
		scale[k] = power_of_half(m, &b, k, m->inverse);
	Loop slots = open_loop(&b, "s");
	PlanExpr *to = plan_emit_let(&slots.body, "to", lazy_binary(m, PEXPR_SUB, slots.i, half));
	Loop all = open_loop(&slots.body, "j");
	for (uint32_t k = 0; k < m->w.waits; k++) {
		PlanExpr *since = lazy_binary(m, PEXPR_SUB, load2(p, m->sum[k], slots.i, all.i), load2(p, m->sum[k], half, all.i));
		store2(&all.body, m->sum[k], to, all.i, scale[k] ? lazy_binary(m, PEXPR_MUL, since, scale[k]) : since);
	}
	close_loop(&slots.body, &all, lo(&b), hi(&b), true);
	close_loop(&b, &slots, half, whole(p, (int64_t)m->steps + 1), false);
	close_kernel(&b);
}

/* Rows that were brought up to date wait from here on. */
static void
rows_kernel(Make *m)
{
	Plan *p = m->w.z.p;
	PlanEmit b = open_kernel(p, lazy_part(m, "shift_rows", 0), m->pre, &m->shift_rows);
	PlanExpr *half = plan_int(p, PT_U32, (int64_t)m->half), *now = whole(p, (int64_t)m->half), *scale[LAZY_WAITS];
	for (uint32_t k = 0; k < m->w.waits; k++)
		scale[k] = power_of_half(m, &b, k, m->power);
	Loop all = open_loop(&b, "i");
	PlanExpr *last = plan_emit_let(&all.body, "from", load1(p, m->last, all.i));
	PlanExpr *waits = plan_emit_let(&all.body, "waits", lazy_binary(m, PEXPR_GE, last, half));
	PlanExpr *moved = plan_ternary(p, PEXPR_SELECT, waits, lazy_binary(m, PEXPR_SUB, last, half), plan_cast(p, PT_U32, now));
	plan_emit_store(&all.body, m->last, 1, &all.i, moved);
	for (uint32_t k = 0; k < m->w.waits; k++) {
		PlanExpr *old = load1(p, m->factor[k], all.i);
		PlanExpr *scaled = scale[k] ? lazy_binary(m, PEXPR_MUL, old, scale[k]) : old;
		plan_emit_store(&all.body, m->factor[k], 1, &all.i, plan_ternary(p, PEXPR_SELECT, waits, scaled, lazy_factor(m, k, all.i, now)));
	}
	close_loop(&b, &all, lo(&b), hi(&b), true);
	close_kernel(&b);
}

void
lazy_shift_kernels(Make *m)
{
	sums_kernel(m);
	rows_kernel(m);
}

void
lazy_shift(Make *m, PlanEmit *b)
{
	Plan *p = m->w.z.p;
	plan_emit_store(b, m->before, 0, NULL, plan_int(p, PT_U32, (int64_t)m->half));
	plan_emit_run(b, m->flush);
	plan_emit_run(b, m->shift_sum);
	plan_emit_run(b, m->shift_rows);
	plan_emit_store(b, m->slot, 0, NULL, plan_int(p, PT_U32, (int64_t)m->half));
	plan_emit_store(b, m->since, 0, NULL, plan_int(p, PT_U32, (int64_t)m->half));
}
