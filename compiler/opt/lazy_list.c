/* lazy_list: the buffers and kernels that `lazy` makes for lists of synapses, and when they run.
 *
 * A row has a synapse here and there, so that sums of an earlier step would come from as many cache lines of a table too large for a
 * cache. So each synapse keeps what of its sum it has had, beside its value: taken[e]. Sums of all post neurons are then one small vector,
 *     w[e] += factor[i] * (sum[j, age[i]] - taken[e])
 * of which there are LAZY_AGES, each begun some steps behind the other: a row that was looked at while one was the youngest goes on by that
 * until it is looked at again, or the sum begins anew. Rows that are silent so long are brought up to date then; they are few.
 */
#include "opt/clone.h"
#include "opt/lazy_make.h"

#include <string.h>

/* ---- buffers ------------------------------------------------------------------------------------------- */

static void
add_buffers(Make *m)
{
	Plan *p = m->w.z.p;
	PlanAxis sum[] = {{AXIS_POST, m->post}, {AXIS_SLOT, LAZY_AGES}}, pre = {AXIS_PRE, m->pre};
	const PlanAxis *synapse = p->bufs.at[m->w.z.w].axis;
	for (uint32_t k = 0; k < m->w.waits; k++) {
		PlanAxis values = *synapse;
		m->sum[k] = lazy_buffer(m, "sum", k, m->real, 2, sum);
		m->fresh[k] = lazy_buffer(m, "fresh", k, m->real, 1, sum);
		m->taken[k] = lazy_buffer(m, "taken", k, m->real, 1, &values);
		m->factor[k] = lazy_buffer(m, "factor", k, m->real, 1, &pre);
		if (m->w.wait[k].decay == 1)
			continue;
		m->power[k] = add_powers(p, lazy_part(m, "power", k), m->real, LAZY_AGES * m->steps + 1, 1, m->w.wait[k].decay, 0);
		m->inverse[k] = add_powers(p, lazy_part(m, "inverse", k), m->real, m->steps + 1, 1, 1 / m->w.wait[k].decay, 0);
	}
	m->last = lazy_buffer(m, "last", 0, PT_U32, 1, &pre);
	m->moved = lazy_buffer(m, "moved", 0, PT_BOOL, 1, &pre);
	m->age = lazy_buffer(m, "age", 0, PT_U32, 0, NULL);
	m->due = lazy_buffer(m, "due", 0, PT_U32, 0, NULL);
	m->slot = lazy_buffer(m, "slot", 0, PT_U32, 0, NULL);
}

static void
store1(PlanEmit *b, uint32_t buf, PlanExpr *i, PlanExpr *e)
{
	plan_emit_store(b, buf, 1, &i, e);
}

static PlanExpr *
index_of(Make *m, uint32_t scalar)
{
	return plan_cast(m->w.z.p, PT_I64, load0(m->w.z.p, scalar));
}

/* ---- one row ---------------------------------------------------------------------------------------------- */

typedef struct { PlanExpr *i, *last, *factor[LAZY_WAITS]; Loop along; PlanExpr *j; } Row;

static PlanExpr *
row_end(Make *m, PlanExpr *i)
{
	return plan_cast(m->w.z.p, PT_I64, load1(m->w.z.p, m->w.z.row, i));
}

static void
open_row(Make *m, PlanEmit *in, PlanExpr *i, Row *r)
{
	Plan *p = m->w.z.p;
	r->i = i;
	r->last = plan_emit_let(in, "last", plan_cast(p, PT_I64, load1(p, m->last, i)));
	for (uint32_t k = 0; k < m->w.waits; k++)
		r->factor[k] = plan_emit_let(in, "factor", load1(p, m->factor[k], i));
}

static void
open_along(Make *m, PlanEmit *in, Row *r)
{
	Plan *p = m->w.z.p;
	r->along = open_loop(in, "e");
	r->j = plan_emit_let(&r->along.body, "j", plan_cast(p, PT_I64, load1(p, m->w.z.target, r->along.i)));
}

static void
close_along(Make *m, PlanEmit *in, Row *r)
{
	PlanExpr *next = lazy_binary(m, PEXPR_ADD, r->i, whole(m->w.z.p, 1));
	close_loop(in, &r->along, row_end(m, r->i), row_end(m, next), true);
}

/* w[e] with what has waited. */
static PlanExpr *
caught_up(Make *m, const Row *r, PlanEmit *b)
{
	Plan *p = m->w.z.p;
	PlanExpr *w = load1(p, m->w.z.w, r->along.i);
	for (uint32_t k = 0; k < m->w.waits; k++) {
		PlanExpr *waited = lazy_binary(m, PEXPR_SUB, load2(p, m->sum[k], r->j, r->last), load1(p, m->taken[k], r->along.i));
		w = lazy_binary(m, PEXPR_ADD, w, lazy_binary(m, PEXPR_MUL, r->factor[k], waited));
	}
	return m->w.bounds.n ? lazy_bounded(m, b, plan_emit_let(b, "w", w)) : w;
}

/* From here on it waits for sums of this age. */
static void
note_row(Make *m, PlanEmit *b, PlanExpr *i, PlanExpr *age, PlanExpr *slot, bool moved)
{
	Plan *p = m->w.z.p;
	store1(b, m->last, i, plan_cast(p, PT_U32, age));
	store1(b, m->moved, i, plan_int(p, PT_BOOL, moved));
	for (uint32_t k = 0; k < m->w.waits; k++)
		store1(b, m->factor[k], i, lazy_factor(m, k, i, slot));
}

static PlanEmit
open_mine(PlanEmit *b)
{
	return plan_emit(b->plan, b->code);
}

/* if x >= lo & x < hi */
static void
close_mine(Make *m, PlanEmit *to, PlanEmit *b, PlanExpr *x, PlanEmit *mine)
{
	PlanExpr *inside = lazy_binary(m, PEXPR_AND, lazy_binary(m, PEXPR_GE, x, lo(b)), lazy_binary(m, PEXPR_LT, x, hi(b)));
	plan_emit_if(to, inside, mine, NULL);
}

/* ---- rows ------------------------------------------------------------------------------------------------- */

/* The only loop of columns, if there is one alone: then what it adds in this step is in fresh[j]. */
static const LazyUnit *
only_column(const Make *m)
{
	const LazyUnit *found = NULL;
	for (uint32_t k = 0; k < m->w.units.n; k++)
		if (m->w.units.at[k].columns) {
			if (found)
				return NULL;
			found = &m->w.units.at[k];
		}
	return found;
}

/* What a post spike adds in row i by wait k in this step, but for what is in fresh[j]. */
static PlanExpr *
open_height(Make *m, PlanEmit *b, uint32_t k, PlanExpr *i)
{
	Plan *p = m->w.z.p;
	LazyWait now = m->w.wait[k];
	memcpy(now.carry, now.trace, sizeof now.carry);
	return plan_emit_let(b, "more", lazy_height(p, m->real, &now, i));
}

static PlanExpr *
fresh_more(Make *m, PlanExpr *const *height, PlanExpr *j)
{
	PlanExpr *all = NULL;
	for (uint32_t k = 0; k < m->w.waits; k++) {
		PlanExpr *one = lazy_binary(m, PEXPR_MUL, height[k], load1(m->w.z.p, m->fresh[k], j));
		all = all ? lazy_binary(m, PEXPR_ADD, all, one) : one;
	}
	return all;
}

/* Rows of pre spikes: what waits, then what the rule does there and at post spikes of this very step. */
static void
rows_kernel(Make *m)
{
	Plan *p = m->w.z.p;
	Loop spikes;
	Row r;
	PlanExpr *height[LAZY_WAITS], *term[LAZY_WAITS];
	const LazyUnit *column = only_column(m);
	PlanEmit b = open_kernel(p, lazy_part(m, "rows", 0), m->pre, &m->rows);
	PlanExpr *age = plan_emit_let(&b, "age", index_of(m, m->age));
	PlanExpr *next = plan_emit_let(&b, "next", lazy_binary(m, PEXPR_ADD, index_of(m, m->slot), whole(p, 1)));
	for (uint32_t k = 0; k < m->w.waits; k++)
		term[k] = lazy_power(m, k, next);
	PlanExpr *i = open_list(&b, &spikes, m->w.z.pre_list);
	PlanEmit mine = open_mine(&b);
	open_row(m, &mine, i, &r);
	for (uint32_t k = 0; k < m->w.waits && column; k++)
		height[k] = open_height(m, &mine, k, i);
	open_along(m, &mine, &r);
	PlanEmit *turn = &r.along.body;
	uint32_t value = plan_emit_var(turn, "value", caught_up(m, &r, turn));
	lazy_events(m, turn, value, i, r.j, r.along.i, column ? NULL : load2(p, m->w.z.post_flags, whole(p, 0), r.j),
		    column ? fresh_more(m, height, r.j) : NULL, NULL);
	store1(turn, m->w.z.w, r.along.i, lazy_bounded(m, turn, plan_local(p, b.code, value)));
	for (uint32_t k = 0; k < m->w.waits; k++) {
		PlanExpr *more = load1(p, m->fresh[k], r.j);
		more = term[k] ? lazy_binary(m, PEXPR_MUL, more, term[k]) : more;
		store1(turn, m->taken[k], r.along.i, lazy_binary(m, PEXPR_ADD, load2(p, m->sum[k], r.j, age), more));
	}
	close_along(m, &mine, &r);
	note_row(m, &mine, i, age, next, true);
	close_mine(m, &spikes.body, &b, i, &mine);
	close_list(&b, &spikes, m->w.z.pre_count);
	close_kernel(&b);
}

/* Brings up to date the rows that wait for sums of the age that is due, or all. */
static void
flush_kernel(Make *m)
{
	Plan *p = m->w.z.p;
	Row r;
	PlanEmit b = open_kernel(p, lazy_part(m, "flush", 0), m->pre, &m->flush);
	PlanExpr *due = plan_emit_let(&b, "due", index_of(m, m->due)), *any;
	Loop all = open_loop(&b, "i");
	PlanEmit pending = open_mine(&b), old = open_mine(&b);
	open_row(m, &all.body, all.i, &r);
	open_along(m, &pending, &r);
	store1(&r.along.body, m->w.z.w, r.along.i, caught_up(m, &r, &r.along.body));
	for (uint32_t k = 0; k < m->w.waits; k++)
		store1(&r.along.body, m->taken[k], r.along.i, plan_float(p, m->real, 0));
	close_along(m, &pending, &r);
	any = load1(p, m->moved, all.i);
	for (uint32_t k = 0; k < m->w.waits; k++)
		any = lazy_binary(m, PEXPR_OR, any, lazy_binary(m, PEXPR_NE, r.factor[k], plan_float(p, m->real, 0)));
	plan_emit_if(&old, any, &pending, NULL);
	PlanExpr *every = lazy_binary(m, PEXPR_EQ, due, whole(p, LAZY_AGES));
	note_row(m, &old, all.i, plan_ternary(p, PEXPR_SELECT, every, whole(p, 0), due), whole(p, 0), false);
	plan_emit_if(&all.body, lazy_binary(m, PEXPR_OR, every, lazy_binary(m, PEXPR_EQ, r.last, due)), &old, NULL);
	close_loop(&b, &all, lo(&b), hi(&b), false);
	close_kernel(&b);
}

/* ---- sums -------------------------------------------------------------------------------------------------- */

/* fresh[j]: what post neurons that spike in this step say. */
static void
fire_kernel(Make *m)
{
	Plan *p = m->w.z.p;
	Loop spikes;
	PlanEmit b = open_kernel(p, lazy_part(m, "fire", 0), m->post, &m->fire), mine = open_mine(&b);
	PlanExpr *j = open_list(&b, &spikes, m->w.z.post_list);
	for (uint32_t k = 0; k < m->w.waits; k++) {
		PlanExpr *post = m->w.wait[k].post;
		store1(&mine, m->fresh[k], j, post ? lazy_at(p, post, NULL, j) : plan_float(p, m->real, 1));
	}
	close_mine(m, &spikes.body, &b, j, &mine);
	close_list(&b, &spikes, m->w.z.post_count);
	close_kernel(&b);
}

/* … is added to the sums of all ages. */
static void
gather_kernel(Make *m)
{
	Plan *p = m->w.z.p;
	Loop spikes;
	PlanEmit b = open_kernel(p, lazy_part(m, "gather", 0), m->post, &m->gather), mine = open_mine(&b);
	PlanExpr *age = plan_emit_let(&b, "age", index_of(m, m->age));
	PlanExpr *next = plan_emit_let(&b, "next", lazy_binary(m, PEXPR_ADD, index_of(m, m->slot), whole(p, 1)));
	PlanExpr *j = open_list(&b, &spikes, m->w.z.post_list);
	Loop ages = open_loop(&mine, "a");
	PlanExpr *since = lazy_binary(m, PEXPR_SUB, age, ages.i);
	PlanExpr *turned = lazy_binary(m, PEXPR_ADD, since, whole(p, LAZY_AGES));
	since = plan_ternary(p, PEXPR_SELECT, lazy_binary(m, PEXPR_LE, ages.i, age), since, turned);
	since = lazy_binary(m, PEXPR_ADD, lazy_binary(m, PEXPR_MUL, since, whole(p, (int64_t)m->steps)), next);
	since = plan_emit_let(&ages.body, "since", since);
	for (uint32_t k = 0; k < m->w.waits; k++) {
		PlanExpr *more = load1(p, m->fresh[k], j), *power = lazy_power(m, k, since);
		more = power ? lazy_binary(m, PEXPR_MUL, more, power) : more;
		store2(&ages.body, m->sum[k], j, ages.i, lazy_binary(m, PEXPR_ADD, load2(p, m->sum[k], j, ages.i), more));
	}
	close_loop(&mine, &ages, whole(p, 0), whole(p, LAZY_AGES), true);
	for (uint32_t k = 0; k < m->w.waits; k++)
		store1(&mine, m->fresh[k], j, plan_float(p, m->real, 0));
	close_mine(m, &spikes.body, &b, j, &mine);
	close_list(&b, &spikes, m->w.z.post_count);
	close_kernel(&b);
}

/* The sums of the age that is due begin anew. */
static void
clear_kernel(Make *m)
{
	Plan *p = m->w.z.p;
	PlanEmit b = open_kernel(p, lazy_part(m, "clear", 0), m->post, &m->clear);
	PlanExpr *due = plan_emit_let(&b, "due", index_of(m, m->due));
	Loop all = open_loop(&b, "j");
	for (uint32_t k = 0; k < m->w.waits; k++)
		store2(&all.body, m->sum[k], all.i, due, plan_float(p, m->real, 0));
	close_loop(&b, &all, lo(&b), hi(&b), true);
	close_kernel(&b);
}

/* Nothing waits: taken[] are zero. */
static void
begin_kernel(Make *m)
{
	PlanEmit b = open_kernel(m->w.z.p, lazy_part(m, "begin_rows", 0), m->pre, &m->begin_rows);
	Loop all = open_loop(&b, "i");
	note_row(m, &all.body, all.i, whole(m->w.z.p, 0), whole(m->w.z.p, 0), false);
	close_loop(&b, &all, lo(&b), hi(&b), true);
	close_kernel(&b);
}

void
lazy_list(Make *m)
{
	add_buffers(m);
	fire_kernel(m);
	rows_kernel(m);
	gather_kernel(m);
	flush_kernel(m);
	clear_kernel(m);
	begin_kernel(m);
}

/* ---- the schedule ------------------------------------------------------------------------------------------ */

static void
set(PlanEmit *b, uint32_t buf, PlanExpr *v)
{
	plan_emit_store(b, buf, 0, NULL, v);
}

static PlanExpr *
number(Make *m, int64_t v)
{
	return plan_int(m->w.z.p, PT_U32, v);
}

void
lazy_list_begin(Make *m, PlanEmit *b)
{
	plan_emit_run(b, m->begin_rows);
	set(b, m->due, number(m, 0));
	plan_emit_run(b, m->clear);
	set(b, m->age, number(m, 0));
	set(b, m->slot, number(m, 0));
}

static void
emit_turn(Make *m, PlanEmit *b)
{
	Plan *p = m->w.z.p;
	PlanExpr *next = lazy_binary(m, PEXPR_ADD, load0(p, m->age), number(m, 1));
	set(b, m->due, plan_binary(p, PEXPR_REM, next, number(m, LAZY_AGES)));
	plan_emit_run(b, m->flush);
	plan_emit_run(b, m->clear);
	set(b, m->age, load0(p, m->due));
	set(b, m->slot, number(m, 0));
}

void
lazy_list_step(Make *m, PlanEmit *b)
{
	Plan *p = m->w.z.p;
	PlanEmit on = plan_emit(p, b->code), turn = on, clip = on, lazily = on;
	lazy_run_kept(&m->w, &lazily, false);
	plan_emit_run(&lazily, m->fire);
	plan_emit_run(&lazily, m->rows);
	plan_emit_run(&lazily, m->gather);
	lazy_run_kept(&m->w, &lazily, true);
	set(&lazily, m->slot, lazy_binary(m, PEXPR_ADD, load0(p, m->slot), number(m, 1)));
	emit_turn(m, &turn);
	plan_emit_if(&lazily, lazy_binary(m, PEXPR_EQ, load0(p, m->slot), number(m, (int64_t)m->steps)), &turn, NULL);
	PlanExpr *learning = clone_expr(&(Clone){.p = p}, m->w.learning);
	if (m->w.unclipped == NO_ID) {
		plan_emit_if(b, learning, &lazily, NULL);
		return;
	}
	/* Values may be out of bounds: nothing has waited yet, nor may. */
	for (uint32_t k = 0; k < m->w.kernels.n; k++)
		plan_emit_run(&clip, m->w.kernels.at[k]);
	lazy_list_begin(m, &clip);
	plan_emit_if(&on, load0(p, m->w.unclipped), &clip, &lazily);
	plan_emit_if(b, learning, &on, NULL);
}

void
lazy_list_end(Make *m, PlanEmit *b)
{
	PlanEmit on = plan_emit(m->w.z.p, b->code);
	set(&on, m->due, number(m, LAZY_AGES));
	plan_emit_run(&on, m->flush);
	plan_emit_if(b, clone_expr(&(Clone){.p = m->w.z.p}, m->w.learning), &on, NULL);
}

void
lazy_list_look(Make *m, PlanEmit *b)
{
	lazy_list_end(m, b);
	lazy_list_begin(m, b);
}
