/* lazy_matrix: the buffers and kernels that `lazy` makes for a matrix, and when they run.
 *
 * Sums are kept for every step since all began: sum[slot, j]. A row knows the slot at which it was last looked at. When all slots are used up
 * sums begin anew (lazy_shift.c).
 */
#include "opt/clone.h"
#include "opt/lazy_make.h"

/* Post spikes per neuron and step that pay: a column costs 2 to 4 ns per value, bringing all rows up to date 0.15 ns each
 * time, what a row has waited for 0.05 ns per pre spike. */
static const double least_rate = 7e-4;

/* ---- buffers ------------------------------------------------------------------------------------------- */

static void
add_buffers(Make *m)
{
	Plan *p = m->w.z.p;
	PlanAxis sum[] = {{AXIS_SLOT, m->steps + 1}, {AXIS_POST, m->post}}, pre = {AXIS_PRE, m->pre};
	for (uint32_t k = 0; k < m->w.waits; k++)
		m->sum[k] = lazy_buffer(m, "sum", k, m->real, 2, sum);
	m->last = lazy_buffer(m, "last", 0, PT_U32, 1, &pre);
	for (uint32_t k = 0; k < m->w.waits; k++)
		m->factor[k] = lazy_buffer(m, "factor", k, m->real, 1, &pre);
	m->slot = lazy_buffer(m, "slot", 0, PT_U32, 0, NULL);
	m->fired = lazy_buffer(m, "fired", 0, PT_U32, 0, NULL);
	m->at_once = lazy_buffer(m, "at_once", 0, PT_BOOL, 0, NULL);
	m->before = lazy_buffer(m, "before", 0, PT_U32, 0, NULL);
	m->since = lazy_buffer(m, "since", 0, PT_U32, 0, NULL);
	for (uint32_t k = 0; k < m->w.waits; k++) {
		if (m->w.wait[k].decay == 1)
			continue;                         /* nothing of the pre neuron is in it: all powers are 1 */
		m->power[k] = add_powers(p, lazy_part(m, "power", k), m->real, m->steps + 1, 1, m->w.wait[k].decay, 0);
		m->inverse[k] = add_powers(p, lazy_part(m, "inverse", k), m->real, m->steps + 1, 1, 1 / m->w.wait[k].decay, 0);
	}
}

static void
store1(PlanEmit *b, uint32_t buf, PlanExpr *i, PlanExpr *e)
{
	plan_emit_store(b, buf, 1, &i, e);
}

/* ---- one value ------------------------------------------------------------------------------------------- */

/* What is known of a row once for all of its values. */
typedef struct { PlanExpr *i, *from, *factor[LAZY_WAITS]; } Row;

static Row
open_row(Make *m, PlanEmit *in, PlanExpr *i)
{
	Plan *p = m->w.z.p;
	Row r = {.i = i, .from = plan_emit_let(in, "from", plan_cast(p, PT_I64, load1(p, m->last, i)))};
	for (uint32_t k = 0; k < m->w.waits; k++)
		r.factor[k] = plan_emit_let(in, "factor", load1(p, m->factor[k], i));
	return r;
}

/* w[i, j] with what has waited up to `to`. */
static PlanExpr *
caught_up(Make *m, PlanEmit *b, const Row *r, PlanExpr *j, PlanExpr *to)
{
	Plan *p = m->w.z.p;
	PlanExpr *w = load2(p, m->w.z.w, r->i, j);
	for (uint32_t k = 0; k < m->w.waits; k++) {
		PlanExpr *waited = lazy_binary(m, PEXPR_SUB, load2(p, m->sum[k], to, j), load2(p, m->sum[k], r->from, j));
		w = lazy_binary(m, PEXPR_ADD, w, lazy_binary(m, PEXPR_MUL, r->factor[k], waited));
	}
	return m->w.bounds.n ? lazy_bounded(m, b, plan_emit_let(b, "w", w)) : w;
}

/* ---- rows ------------------------------------------------------------------------------------------------- */

/* What post spikes of this step add in a row, where that is the same for all of them. */
static PlanExpr **
open_more(Make *m, PlanEmit *in, PlanExpr *i)
{
	PlanExpr **more = ARENA_ARRAY(m->w.z.p->arena, PlanExpr *, m->w.units.n);
	for (uint32_t k = 0; k < m->w.units.n; k++)
		if (m->w.units.at[k].columns && lazy_is_alike(&m->w.units.at[k]))
			more[k] = plan_emit_let(in, "more", lazy_more(m, &m->w.units.at[k], i, NULL));
	return more;
}

/* Rows of pre spikes: what waits, then what the rule does there and at post spikes of this very step. */
static void
rows_kernel(Make *m)
{
	Plan *p = m->w.z.p;
	Loop spikes;
	PlanEmit b = open_kernel(p, lazy_part(m, "rows", 0), m->post, &m->rows), *in = &spikes.body;
	PlanExpr *to = plan_emit_let(&b, "now", lazy_now(m)), *i = open_list(&b, &spikes, m->w.z.pre_list);
	Row r = open_row(m, in, i);
	PlanExpr **more = open_more(m, in, i);
	Loop along = open_loop(in, "j");
	PlanEmit *turn = &along.body;
	uint32_t value = plan_emit_var(turn, "value", caught_up(m, turn, &r, along.i, to));
	PlanExpr *fired = load2(p, m->w.z.post_flags, whole(p, 0), along.i);
	lazy_events(m, turn, value, i, along.i, NULL, fired, NULL, more);
	store2(turn, m->w.z.w, i, along.i, lazy_bounded(m, turn, plan_local(p, b.code, value)));
	close_loop(in, &along, lo(&b), hi(&b), true);
	close_list(&b, &spikes, m->w.z.pre_count);
	close_kernel(&b);
}

/* From here on it waits. */
static void
note_row(Make *m, PlanEmit *b, PlanExpr *i, PlanExpr *slot)
{
	Plan *p = m->w.z.p;
	store1(b, m->last, i, plan_cast(p, PT_U32, slot));
	for (uint32_t k = 0; k < m->w.waits; k++)
		store1(b, m->factor[k], i, lazy_factor(m, k, i, slot));
}

static void
mark_kernel(Make *m)
{
	Loop spikes;
	PlanEmit b = open_kernel(m->w.z.p, lazy_part(m, "mark", 0), 1, &m->mark);
	PlanExpr *next = plan_emit_let(&b, "next", lazy_binary(m, PEXPR_ADD, lazy_now(m), whole(m->w.z.p, 1)));
	PlanExpr *i = open_list(&b, &spikes, m->w.z.pre_list);
	note_row(m, &spikes.body, i, next);
	close_list(&b, &spikes, m->w.z.pre_count);
	close_kernel(&b);
}

/* ---- sums -------------------------------------------------------------------------------------------------- */

static void
gather_kernel(Make *m)
{
	Plan *p = m->w.z.p;
	PlanEmit b = open_kernel(p, lazy_part(m, "gather", 0), m->post, &m->gather);
	PlanExpr *at = plan_emit_let(&b, "now", lazy_now(m)), *term[LAZY_WAITS];
	PlanExpr *next = plan_emit_let(&b, "next", lazy_binary(m, PEXPR_ADD, at, whole(p, 1)));
	for (uint32_t k = 0; k < m->w.waits; k++)
		term[k] = m->w.wait[k].post ? NULL : plan_emit_let(&b, "term", lazy_term(m, k, next, NULL));
	Loop all = open_loop(&b, "j");
	PlanExpr *fired = load2(p, m->w.z.post_flags, whole(p, 0), all.i);
	for (uint32_t k = 0; k < m->w.waits; k++) {
		PlanExpr *one = term[k] ? term[k] : lazy_term(m, k, next, all.i);
		PlanExpr *more = plan_ternary(p, PEXPR_SELECT, fired, one, plan_float(p, m->real, 0));
		store2(&all.body, m->sum[k], next, all.i, lazy_binary(m, PEXPR_ADD, load2(p, m->sum[k], at, all.i), more));
	}
	close_loop(&b, &all, lo(&b), hi(&b), true);
	close_kernel(&b);
}

static void
begin_kernels(Make *m)
{
	Plan *p = m->w.z.p;
	PlanEmit b = open_kernel(p, lazy_part(m, "begin_rows", 0), m->pre, &m->begin_rows);
	Loop all = open_loop(&b, "i");
	note_row(m, &all.body, all.i, whole(p, 0));
	close_loop(&b, &all, lo(&b), hi(&b), true);
	close_kernel(&b);
	b = open_kernel(p, lazy_part(m, "begin_sum", 0), m->post, &m->begin_sum);
	all = open_loop(&b, "j");
	for (uint32_t k = 0; k < m->w.waits; k++)
		store2(&all.body, m->sum[k], whole(p, 0), all.i, plan_float(p, m->real, 0));
	close_loop(&b, &all, lo(&b), hi(&b), true);
	close_kernel(&b);
}

/* ---- all rows ----------------------------------------------------------------------------------------------- */

/* Whether it has waited since before then, and anything has been added to it: not where all traces are zero. */
static PlanExpr *
waits(Make *m, const Row *r, PlanExpr *before)
{
	PlanExpr *any = NULL;
	for (uint32_t k = 0; k < m->w.waits; k++) {
		PlanExpr *one = lazy_binary(m, PEXPR_NE, r->factor[k], plan_float(m->w.z.p, m->real, 0));
		any = any ? lazy_binary(m, PEXPR_OR, any, one) : one;
	}
	return lazy_binary(m, PEXPR_AND, lazy_binary(m, PEXPR_LT, r->from, before), any);
}

static void
flush_kernel(Make *m)
{
	Plan *p = m->w.z.p;
	PlanEmit b = open_kernel(p, lazy_part(m, "flush", 0), m->post, &m->flush), pending = plan_emit(p, b.code);
	PlanExpr *to = plan_emit_let(&b, "now", lazy_now(m));
	PlanExpr *before = plan_emit_let(&b, "before", plan_cast(p, PT_I64, load0(p, m->before)));
	Loop all = open_loop(&b, "i");
	Row r = open_row(m, &all.body, all.i);
	Loop along = open_loop(&all.body, "j");
	store2(&along.body, m->w.z.w, all.i, along.i, caught_up(m, &along.body, &r, along.i, to));
	close_loop(&pending, &along, lo(&b), hi(&b), true);
	plan_emit_if(&all.body, waits(m, &r, before), &pending, NULL);
	close_loop(&b, &all, whole(p, 0), whole(p, (int64_t)m->pre), false);
	close_kernel(&b);
}

void
lazy_matrix(Make *m)
{
	m->half = m->steps / 2;
	add_buffers(m);
	rows_kernel(m);
	mark_kernel(m);
	gather_kernel(m);
	begin_kernels(m);
	flush_kernel(m);
	lazy_shift_kernels(m);
	lazy_live(m);
}

/* ---- the schedule ------------------------------------------------------------------------------------------ */

void
lazy_matrix_begin(Make *m, PlanEmit *b)
{
	plan_emit_run(b, m->begin_rows);
	plan_emit_run(b, m->begin_sum);
	plan_emit_store(b, m->slot, 0, NULL, plan_int(m->w.z.p, PT_U32, 0));
	plan_emit_store(b, m->since, 0, NULL, plan_int(m->w.z.p, PT_U32, 0));
}

static void
add_to(Make *m, PlanEmit *b, uint32_t buf, PlanExpr *more)
{
	plan_emit_store(b, buf, 0, NULL, lazy_binary(m, PEXPR_ADD, load0(m->w.z.p, buf), more));
}

/* What waits, if anything does. */
void
lazy_matrix_end(Make *m, PlanEmit *b)
{
	PlanEmit then = plan_emit(m->w.z.p, b->code);
	plan_emit_store(&then, m->before, 0, NULL, load0(m->w.z.p, m->slot));
	plan_emit_run(&then, m->flush);
	plan_emit_if(b, plan_unary(m->w.z.p, PEXPR_NOT, load0(m->w.z.p, m->at_once)), &then, NULL);
}

/* What waits is done, and waits from here on; where nothing does, the slots go on being counted, up to the next turn. */
void
lazy_matrix_look(Make *m, PlanEmit *b)
{
	Plan *p = m->w.z.p;
	PlanEmit then = plan_emit(p, b->code);
	plan_emit_store(&then, m->before, 0, NULL, load0(p, m->slot));
	plan_emit_run(&then, m->flush);
	lazy_matrix_begin(m, &then);
	plan_emit_store(&then, m->fired, 0, NULL, plan_int(p, PT_U32, 0));
	plan_emit_if(b, plan_unary(p, PEXPR_NOT, load0(p, m->at_once)), &then, NULL);
}

/* The step by the kernel as it was: nothing waits behind it. So it is, too, where values may be out of bounds: nothing has waited yet, nor may. */
static void
emit_at_once(Make *m, PlanEmit *b)
{
	Plan *p = m->w.z.p;
	PlanEmit goes_on = plan_emit(p, b->code), begins = goes_on;
	lazy_run_live(m, b);
	plan_emit_run(b, m->w.z.kernel);
	if (m->w.unclipped == NO_ID) {
		add_to(m, b, m->slot, plan_int(p, PT_U32, 1));
		return;
	}
	add_to(m, &goes_on, m->slot, plan_int(p, PT_U32, 1));
	lazy_matrix_begin(m, &begins);
	plan_emit_if(b, load0(p, m->at_once), &goes_on, &begins);
}

static PlanExpr *
is_at_once(Make *m)
{
	PlanExpr *at_once = load0(m->w.z.p, m->at_once);
	return m->w.unclipped == NO_ID ? at_once : lazy_binary(m, PEXPR_OR, at_once, load0(m->w.z.p, m->w.unclipped));
}

static void
emit_lazily(Make *m, PlanEmit *b)
{
	lazy_run_kept(&m->w, b, false);
	plan_emit_run(b, m->rows);
	plan_emit_run(b, m->mark);
	plan_emit_run(b, m->gather);
	lazy_run_kept(&m->w, b, true);
	add_to(m, b, m->slot, plan_int(m->w.z.p, PT_U32, 1));
}

/* So many post spikes since they are counted are too few. */
static PlanExpr *
few(Make *m)
{
	Plan *p = m->w.z.p;
	PlanExpr *all = plan_int(p, PT_U32, (int64_t)(least_rate * (double)(m->steps * m->post)));
	PlanExpr *part = plan_int(p, PT_U32, (int64_t)(least_rate * (double)(m->half * m->post)));
	PlanExpr *is_part = lazy_binary(m, PEXPR_EQ, load0(p, m->since), plan_int(p, PT_U32, (int64_t)m->half));
	return lazy_binary(m, PEXPR_LT, load0(p, m->fired), plan_ternary(p, PEXPR_SELECT, is_part, part, all));
}

/* All slots are used up. Where nothing waits, or nothing will, all begins anew. */
static void
emit_turn(Make *m, PlanEmit *b)
{
	Plan *p = m->w.z.p;
	PlanEmit anew = plan_emit(p, b->code), on = anew;
	lazy_matrix_end(m, &anew);
	plan_emit_store(&anew, m->at_once, 0, NULL, few(m));
	lazy_matrix_begin(m, &anew);
	lazy_shift(m, &on);
	plan_emit_if(b, lazy_binary(m, PEXPR_OR, load0(p, m->at_once), few(m)), &anew, &on);
	plan_emit_store(b, m->fired, 0, NULL, plan_int(p, PT_U32, 0));
}

void
lazy_matrix_step(Make *m, PlanEmit *b)
{
	Plan *p = m->w.z.p;
	PlanExpr *learning = clone_expr(&(Clone){.p = p}, m->w.learning);
	PlanExpr *full = plan_int(p, PT_U32, (int64_t)m->steps);
	PlanEmit on = plan_emit(p, b->code), at_once = on, lazily = on, turn = on;
	add_to(m, &on, m->fired, load1(m->w.z.p, m->w.z.post_count, whole(m->w.z.p, 0)));
	emit_at_once(m, &at_once);
	emit_lazily(m, &lazily);
	plan_emit_if(&on, is_at_once(m), &at_once, &lazily);
	emit_turn(m, &turn);
	plan_emit_if(&on, lazy_binary(m, PEXPR_EQ, load0(m->w.z.p, m->slot), full), &turn, NULL);
	plan_emit_if(b, learning, &on, NULL);
}
