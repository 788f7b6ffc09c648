/* drift: synapses that move in each step are moved when their rows are looked at.
 *
 * reads    plan after dead; kernels that learn in the form of drift_match.c, with more values than stay in a cache
 * writes   between two spikes of pre neuron i, with s, t steps since all began anew and T the last step of i's spike,
 *              a(t) = decay a(t-1) + trace_decay^t (post spiked)         per post neuron, kept for every step
 *              b(t) = b(t-1) + strength(t) a                             a as x is when w follows it
 *              reach(T, t) = sum of strength(s) decay^(s - T)            per step T
 *              x(t) = decay^(t - T) x(T) + f (a(t) - decay^(t - T) a(T)),     f = height trace(T) trace_decay^-T
 *              w(t) = w(T) + reach x(T) + f (b(t) - b(T) - reach a(T))
 *          so that the matrix is touched in the rows of pre spikes alone; they then do what the rule says for this step.
 *          All rows are brought up to date before trace_decay^t becomes too small beside 1, and at the end of a run
 *          Bounds: as long as the strength keeps its sign, w goes one way while x keeps its own; which it does if it has the same
 *          at the end, since it decays but for jumps of one sign (unless it decays so fast that this cannot be told). So one
 *          clip at the end is as good as one in each step there, and also where none of the two parts of what w moves by,
 *          each of which goes one way, alone reaches a bound. Other synapses take their steps one after the other, sixty-four
 *          beside each other
 *          A run of few steps, and the first step of each, run as the plan was
 * keeps    values up to rounding: sums have another order
 * example  tests/opt/drift
 */
#include "opt/clone.h"
#include "opt/drift.h"
#include "opt/pass.h"

#include <math.h>

enum {
	WORTH = 1 << 18,  /* values: fewer stay in a cache of the second level */
	MOST = 128,       /* steps until all begins anew … */
	LEAST = 16        /* … and what is not worth it */
};
static const double least_term = 1e-2;
static const double slow = 0.5;                           /* a decay in which a state keeps its sign, and does not vanish, until then */

enum { PLAIN, FIRST, WAITING };                           /* mode: as it was; in the next step still; rows wait */

typedef struct {
	Drift d;
	PlanType real;
	uint64_t pre, post, steps;
	uint32_t sum, pull, reach, gross, strength, last, factor, slot, mode, off;     /* buffers … */
	uint32_t term, inverse, power, share;             /* … that are constant */
	uint32_t rows, tally, gather, mark, begin_rows, begin_sum, take, catch_up, settle; /* kernels */
} Make;

/* ---- buffers ------------------------------------------------------------------------------------------- */

static const char *
part_name(Make *m, const char *part)
{
	Plan *p = m->d.z.p;
	return arena_printf(p->arena, "%s.%s", p->codes.at[m->d.z.kernel]->name, part);
}

static uint32_t
buffer(Make *m, const char *part, PlanType t, PlanRole role, uint32_t naxes, const PlanAxis *axes)
{
	return plan_add_buf(m->d.z.p, part_name(m, part), t, role, naxes, axes);
}

/* scale * base^(k + from), k = 0, 1 … */
static uint32_t
powers(Make *m, const char *part, double scale, double base, int from)
{
	Plan *p = m->d.z.p;
	PlanAxis axis = {AXIS_SLOT, m->steps + 1};
	uint32_t buf = buffer(m, part, m->real, ROLE_CONST, 1, &axis);
	PlanValue *v = ARENA_ARRAY(p->arena, PlanValue, m->steps + 1);
	for (uint64_t k = 0; k <= m->steps; k++)
		v[k].f = plan_round_float(m->real, scale * pow(base, (double)k + from));
	p->bufs.at[buf].data = v;
	return buf;
}

static void
add_buffers(Make *m)
{
	const Drift *d = &m->d;
	PlanAxis sums[] = {{AXIS_SLOT, m->steps + 1}, {AXIS_POST, m->post}}, pre = {AXIS_PRE, m->pre};
	m->sum = buffer(m, "sum", m->real, ROLE_STATE, 2, sums);
	m->pull = buffer(m, "pull", m->real, ROLE_STATE, 2, sums);
	m->reach = buffer(m, "reach", m->real, ROLE_STATE, 1, sums);
	m->gross = buffer(m, "gross", m->real, ROLE_STATE, 1, sums);
	m->strength = buffer(m, "strength", m->real, ROLE_STATE, 1, sums);
	m->last = buffer(m, "last", PT_U32, ROLE_STATE, 1, &pre);
	m->factor = buffer(m, "factor", m->real, ROLE_STATE, 1, &pre);
	m->slot = buffer(m, "slot", PT_U32, ROLE_STATE, 0, NULL);
	m->mode = buffer(m, "mode", PT_U32, ROLE_STATE, 0, NULL);
	if (d->clipped)
		m->off = buffer(m, "off", PT_BOOL, ROLE_SCRATCH, 1, sums + 1);
	m->term = powers(m, "term", d->trace_now, d->z.decay, -1);
	m->inverse = powers(m, "inverse", d->height, 1 / d->z.decay, 0);
	m->power = powers(m, "power", 1, d->decay, 0);
	m->share = powers(m, "share", d->behind ? 1 : d->share, d->decay, d->behind);
}

/* ---- expressions ---------------------------------------------------------------------------------------- */

static PlanExpr *
load0(Make *m, uint32_t buf)
{
	return plan_load(m->d.z.p, buf, 0, NULL);
}

static PlanExpr *
load1(Make *m, uint32_t buf, PlanExpr *i)
{
	return plan_load(m->d.z.p, buf, 1, &i);
}

static PlanExpr *
load2(Make *m, uint32_t buf, PlanExpr *i, PlanExpr *j)
{
	PlanExpr *at[] = {i, j};
	return plan_load(m->d.z.p, buf, 2, at);
}

static void
store2(PlanEmit *b, uint32_t buf, PlanExpr *i, PlanExpr *j, PlanExpr *v)
{
	PlanExpr *at[] = {i, j};
	plan_emit_store(b, buf, 2, at, v);
}

static PlanExpr *
whole(Make *m, int64_t v)
{
	return plan_int(m->d.z.p, PT_I64, v);
}

static PlanExpr *
real(Make *m, double v)
{
	return plan_float(m->d.z.p, m->real, v);
}

static PlanExpr *
add(Make *m, PlanExpr *a, PlanExpr *b)
{
	return plan_binary(m->d.z.p, PEXPR_ADD, a, b);
}

static PlanExpr *
sub(Make *m, PlanExpr *a, PlanExpr *b)
{
	return plan_binary(m->d.z.p, PEXPR_SUB, a, b);
}

static PlanExpr *
mul(Make *m, PlanExpr *a, PlanExpr *b)
{
	return plan_binary(m->d.z.p, PEXPR_MUL, a, b);
}

static PlanExpr *
compare(Make *m, PlanExprKind k, PlanExpr *a, PlanExpr *b)
{
	return plan_binary(m->d.z.p, k, a, b);
}

static PlanExpr *
choose(Make *m, PlanExpr *c, PlanExpr *a, PlanExpr *b)
{
	return plan_ternary(m->d.z.p, PEXPR_SELECT, c, a, b);
}

static PlanExpr *
now(Make *m)
{
	return plan_cast(m->d.z.p, PT_I64, load0(m, m->slot));
}

static PlanExpr *
fired(Make *m, PlanExpr *j)
{
	return load2(m, m->d.z.post_flags, whole(m, 0), j);
}

static PlanExpr *
trace(Make *m, PlanExpr *i)
{
	uint32_t buf = m->d.z.trace;
	return m->d.z.p->bufs.at[buf].naxes == 1 ? load1(m, buf, i) : load2(m, buf, whole(m, 0), i);
}

static PlanExpr *
clip(Make *m, PlanEmit *b, PlanExpr *e)
{
	if (isfinite(m->d.low)) {
		e = plan_emit_let(b, "w", e);
		e = choose(m, compare(m, PEXPR_LT, e, real(m, m->d.low)), real(m, m->d.low), e);
	}
	if (isfinite(m->d.high)) {
		e = plan_emit_let(b, "w", e);
		e = choose(m, compare(m, PEXPR_GT, e, real(m, m->d.high)), real(m, m->d.high), e);
	}
	return e;
}

/* ---- loops and kernels ---------------------------------------------------------------------------------- */

static PlanEmit
open_kernel(Make *m, const char *part, uint64_t range, uint32_t *id)
{
	Plan *p = m->d.z.p;
	*id = plan_add_code(p, CODE_KERNEL, part_name(m, part));
	p->codes.at[*id]->range = range;
	return plan_emit(p, p->codes.at[*id]);
}

static PlanExpr *
lo(PlanEmit *b)
{
	return plan_local(b->plan, b->code, 0);
}

static PlanExpr *
hi(PlanEmit *b)
{
	return plan_local(b->plan, b->code, 1);
}

static void
close_kernel(PlanEmit *b)
{
	b->code->body = plan_freeze(b);
}

typedef struct { PlanEmit body; PlanExpr *i; uint32_t local; } Loop;

static Loop
open_loop(PlanEmit *b, const char *name)
{
	uint32_t local = plan_new_loop_local(b, name);
	return (Loop){plan_emit(b->plan, b->code), plan_local(b->plan, b->code, local), local};
}

static void
close_loop(PlanEmit *b, Loop *l, PlanExpr *from, PlanExpr *to, bool simd)
{
	plan_emit_for(b, l->local, from, to, simd, &l->body);
}

/* for k in 0 ..< i64(count[0]) { let i = i64(list[0, k]) ; … } */
static PlanExpr *
open_spikes(Make *m, PlanEmit *b, Loop *l)
{
	*l = open_loop(b, "k");
	return plan_emit_let(&l->body, "i", plan_cast(m->d.z.p, PT_I64, load2(m, m->d.z.pre_list, whole(m, 0), l->i)));
}

static void
close_spikes(Make *m, PlanEmit *b, Loop *l)
{
	close_loop(b, l, whole(m, 0), plan_cast(m->d.z.p, PT_I64, load1(m, m->d.z.pre_count, whole(m, 0))), false);
}

/* ---- a row is brought up to date ---------------------------------------------------------------------------- */

typedef struct { PlanExpr *i, *now, *from, *factor, *reach, *keep; } Row;

typedef struct { PlanExpr *w, *x, *a, *by_x, *by_sum; } Moves;

static Moves
moves(Make *m, PlanEmit *b, const Row *r, PlanExpr *j)
{
	Moves v = {.w = plan_emit_let(b, "was", load2(m, m->d.z.w, r->i, j)), .x = plan_emit_let(b, "x", load2(m, m->d.x, r->i, j))};
	v.a = plan_emit_let(b, "a", load2(m, m->sum, r->from, j));
	v.by_x = plan_emit_let(b, "by_x", mul(m, r->reach, v.x));
	PlanExpr *pulled = sub(m, load2(m, m->pull, r->now, j), load2(m, m->pull, r->from, j));
	v.by_sum = plan_emit_let(b, "by_sum", mul(m, r->factor, sub(m, pulled, mul(m, r->reach, v.a))));
	return v;
}

static PlanExpr *
state_now(Make *m, const Row *r, const Moves *v, PlanExpr *j)
{
	PlanExpr *sum = sub(m, load2(m, m->sum, r->now, j), mul(m, r->keep, v->a));
	return add(m, mul(m, r->keep, v->x), mul(m, r->factor, sum));
}

static void
move_at_once(Make *m, PlanEmit *b, const Row *r, PlanExpr *from, PlanExpr *to)
{
	Loop l = open_loop(b, "j");
	Moves v = moves(m, &l.body, r, l.i);
	store2(&l.body, m->d.x, r->i, l.i, state_now(m, r, &v, l.i));
	store2(&l.body, m->d.z.w, r->i, l.i, clip(m, &l.body, add(m, v.w, add(m, v.by_x, v.by_sum))));
	close_loop(b, &l, from, to, true);
}

/* off[j]: one clip at the end may not be enough. */
static void
look_for_bounds(Make *m, PlanEmit *b, const Row *r, PlanExpr *turns, PlanExpr *from, PlanExpr *to)
{
	Plan *p = m->d.z.p;
	Loop l = open_loop(b, "j");
	Moves v = moves(m, &l.body, r, l.i);
	PlanExpr *less = compare(m, PEXPR_LT, v.by_x, v.by_sum), *out = NULL;
	if (isfinite(m->d.low))
		out = compare(m, PEXPR_LT, add(m, v.w, choose(m, less, v.by_x, v.by_sum)), real(m, m->d.low));
	if (isfinite(m->d.high)) {
		PlanExpr *over = compare(m, PEXPR_GT, add(m, v.w, choose(m, less, v.by_sum, v.by_x)), real(m, m->d.high));
		out = out ? plan_binary(p, PEXPR_OR, out, over) : over;
	}
	PlanExpr *against = compare(m, PEXPR_LT, mul(m, v.by_x, v.by_sum), real(m, 0));
	if (m->d.decay >= slow) {
		PlanExpr *end = compare(m, PEXPR_LT, state_now(m, r, &v, l.i), real(m, 0));
		against = compare(m, PEXPR_NE, compare(m, PEXPR_LT, v.x, real(m, 0)), end);
	}
	PlanExpr *off = plan_binary(p, PEXPR_OR, turns, plan_binary(p, PEXPR_AND, against, out));
	plan_emit_store(&l.body, m->off, 1, &l.i, off);
	close_loop(b, &l, from, to, true);
}

/* One step after the other; that a post neuron spiked shows in its sum. */
static void
move_by_steps(Make *m, PlanEmit *b, const Row *r, PlanExpr *from, PlanExpr *to)
{
	Loop steps = open_loop(b, "u"), l = open_loop(&steps.body, "j");
	PlanEmit *in = &l.body;
	PlanExpr *decay = real(m, m->d.decay), *before = sub(m, steps.i, whole(m, 1));
	PlanExpr *strength = plan_emit_let(&steps.body, "strength", load1(m, m->strength, steps.i));
	PlanExpr *height = plan_emit_let(&steps.body, "height", mul(m, r->factor, load1(m, m->term, steps.i)));
	PlanExpr *spiked = compare(m, PEXPR_NE, load2(m, m->sum, steps.i, l.i), mul(m, decay, load2(m, m->sum, before, l.i)));
	PlanExpr *x = plan_emit_let(in, "x", load2(m, m->d.x, r->i, l.i));
	PlanExpr *next = plan_emit_let(in, "next", add(m, mul(m, decay, x), choose(m, spiked, height, real(m, 0))));
	PlanExpr *felt = m->d.behind ? next : mul(m, real(m, m->d.share), x);
	store2(in, m->d.x, r->i, l.i, next);
	store2(in, m->d.z.w, r->i, l.i, clip(m, in, add(m, load2(m, m->d.z.w, r->i, l.i), mul(m, strength, felt))));
	close_loop(&steps.body, &l, from, to, true);
	close_loop(b, &steps, add(m, r->from, whole(m, 1)), add(m, r->now, whole(m, 1)), false);
}

static void
move_in_bounds(Make *m, PlanEmit *b, const Row *r, PlanExpr *first, PlanExpr *end)
{
	Plan *p = m->d.z.p;
	PlanExpr *total = plan_unary(p, PEXPR_ABS, r->reach);
	PlanExpr *turns = plan_emit_let(b, "turns", compare(m, PEXPR_NE, total, load1(m, m->gross, r->from)));
	uint32_t q = plan_new_loop_local(b, "q");
	PlanEmit in = plan_emit(p, b->code), all = in, some = in;
	PlanExpr *from = plan_local(p, b->code, q), *next = add(m, from, whole(m, 64));
	PlanExpr *to = plan_emit_let(&in, "end", choose(m, compare(m, PEXPR_LT, next, end), next, end));
	look_for_bounds(m, &in, r, turns, from, to);
	move_at_once(m, &all, r, from, to);
	move_by_steps(m, &some, r, from, to);
	PlanExpr *off = plan_mask(p, m->off, 1, &from, sub(m, to, from));
	plan_emit_if(&in, compare(m, PEXPR_EQ, off, plan_int(p, PT_U64, 0)), &all, &some);
	plan_emit_for(b, q, first, end, false, &in)->step = 64;
}

/* Row i, from the step of its last spike to the end of the last step. */
static void
catch_up_row(Make *m, PlanEmit *b, PlanExpr *i, PlanExpr *at)
{
	Row r = {.i = i, .now = at};
	PlanEmit then = plan_emit(m->d.z.p, b->code);
	r.from = plan_emit_let(b, "from", plan_cast(m->d.z.p, PT_I64, load1(m, m->last, i)));
	r.factor = plan_emit_let(&then, "factor", load1(m, m->factor, i));
	r.reach = plan_emit_let(&then, "reach", load1(m, m->reach, r.from));
	r.keep = plan_emit_let(&then, "keep", load1(m, m->power, sub(m, at, r.from)));
	if (m->d.clipped)
		move_in_bounds(m, &then, &r, lo(b), hi(b));
	else
		move_at_once(m, &then, &r, lo(b), hi(b));
	plan_emit_if(b, compare(m, PEXPR_LT, r.from, at), &then, NULL);
}

/* ---- the step of a row whose pre neuron spikes -------------------------------------------------------------- */

/* An expression of a unit, for synapse (i, j), with its states as they are by now. */
typedef struct { uint32_t i, j; PlanExpr *at_i, *at_j, *w, *x, *offer; } Here;

static PlanExpr *
here(Make *m, const Here *h, const PlanExpr *e)
{
	const Drift *d = &m->d;
	if (e->kind == PEXPR_LOCAL)
		return e->id == h->i ? h->at_i : h->at_j;
	if (e->kind == PEXPR_LOAD && e->id == d->z.w)
		return h->w;
	if (e->kind == PEXPR_LOAD && e->id == d->x)
		return h->x;
	if (e->kind == PEXPR_LOAD && e->id == d->offer)
		return h->offer;
	PlanExpr *copy = arena_copy(d->z.p->arena, e, sizeof *e);
	for (uint32_t k = 0; k < e->nops; k++)
		copy->op[k] = here(m, h, e->op[k]);
	return copy;
}

static PlanExpr *
taken(Make *m, Here *h)
{
	h->i = m->d.takes_i;
	h->j = m->d.takes_j;
	return here(m, h, m->d.takes);
}

static void
step_of_unit(Make *m, PlanEmit *b, const Unit *u, Here *h)
{
	const Drift *d = &m->d;
	h->i = u->i;
	h->j = u->j;
	for (uint32_t k = 0; k < u->assigns.n; k++) {
		const Assign *s = &u->assigns.at[k];
		PlanExpr **state = s->buf == d->z.w ? &h->w : s->buf == d->x ? &h->x : &h->offer;
		if (s->buf == d->x && d->takes)
			continue;                         /* at the end of the step before */
		PlanExpr *e = here(m, h, s->e);
		if (u->kind == UNIT_COLUMNS)
			e = choose(m, fired(m, h->at_j), e, *state);
		*state = plan_emit_let(b, s->buf == d->z.w ? "w" : s->buf == d->x ? "x" : "offer", e);
	}
}

static void
rows_kernel(Make *m)
{
	const Drift *d = &m->d;
	Loop spikes;
	PlanEmit b = open_kernel(m, "rows", m->post, &m->rows);
	PlanExpr *at = plan_emit_let(&b, "now", now(m)), *i = open_spikes(m, &b, &spikes);
	catch_up_row(m, &spikes.body, i, at);
	Loop l = open_loop(&spikes.body, "j");
	Here h = {.at_i = i, .at_j = l.i};
	h.w = plan_emit_let(&l.body, "w", load2(m, d->z.w, i, l.i));
	h.x = plan_emit_let(&l.body, "x", load2(m, d->x, i, l.i));
	for (uint32_t k = 0; k < d->units.n; k++)
		if (d->units.at[k].kind != UNIT_KEPT)
			step_of_unit(m, &l.body, &d->units.at[k], &h);
	store2(&l.body, d->z.w, i, l.i, h.w);
	store2(&l.body, d->x, i, l.i, d->takes ? taken(m, &h) : h.x);
	close_loop(&spikes.body, &l, lo(&b), hi(&b), true);
	close_spikes(m, &b, &spikes);
	close_kernel(&b);
}

/* last[i] = slot ; factor[i] = height * trace * decay^-slot */
static void
note_row(Make *m, PlanEmit *b, PlanExpr *i, PlanExpr *slot)
{
	plan_emit_store(b, m->last, 1, &i, plan_cast(m->d.z.p, PT_U32, slot));
	plan_emit_store(b, m->factor, 1, &i, mul(m, trace(m, i), load1(m, m->inverse, slot)));
}

static void
mark_kernel(Make *m)
{
	Loop spikes;
	PlanEmit b = open_kernel(m, "mark", 1, &m->mark);
	PlanExpr *next = plan_emit_let(&b, "next", add(m, now(m), whole(m, 1))), *i = open_spikes(m, &b, &spikes);
	note_row(m, &spikes.body, i, next);
	close_spikes(m, &b, &spikes);
	close_kernel(&b);
}

/* ---- what all rows share --------------------------------------------------------------------------------------- */

static void
tally_kernel(Make *m)
{
	PlanEmit b = open_kernel(m, "tally", 1, &m->tally);
	PlanExpr *at = plan_emit_let(&b, "now", now(m)), *next = plan_emit_let(&b, "next", add(m, at, whole(m, 1)));
	PlanExpr *strength = plan_emit_let(&b, "strength", clone_expr(&(Clone){.p = m->d.z.p}, m->d.strength));
	plan_emit_store(&b, m->strength, 1, &next, strength);
	plan_emit_store(&b, m->reach, 1, &next, real(m, 0));
	plan_emit_store(&b, m->gross, 1, &next, real(m, 0));
	Loop l = open_loop(&b, "t");
	PlanExpr *more = plan_emit_let(&l.body, "more", mul(m, strength, load1(m, m->share, sub(m, at, l.i))));
	plan_emit_store(&l.body, m->reach, 1, &l.i, add(m, load1(m, m->reach, l.i), more));
	plan_emit_store(&l.body, m->gross, 1, &l.i, add(m, load1(m, m->gross, l.i), plan_unary(m->d.z.p, PEXPR_ABS, more)));
	close_loop(&b, &l, whole(m, 0), next, true);
	close_kernel(&b);
}

static void
gather_kernel(Make *m)
{
	PlanEmit b = open_kernel(m, "gather", m->post, &m->gather);
	PlanExpr *at = plan_emit_let(&b, "now", now(m)), *next = plan_emit_let(&b, "next", add(m, at, whole(m, 1)));
	PlanExpr *term = plan_emit_let(&b, "term", load1(m, m->term, next));
	PlanExpr *strength = plan_emit_let(&b, "strength", load1(m, m->strength, next));
	Loop l = open_loop(&b, "j");
	PlanExpr *old = plan_emit_let(&l.body, "old", load2(m, m->sum, at, l.i));
	PlanExpr *sum = add(m, mul(m, real(m, m->d.decay), old), choose(m, fired(m, l.i), term, real(m, 0)));
	sum = plan_emit_let(&l.body, "sum", sum);
	PlanExpr *felt = m->d.behind ? sum : mul(m, real(m, m->d.share), old);
	store2(&l.body, m->sum, next, l.i, sum);
	store2(&l.body, m->pull, next, l.i, add(m, load2(m, m->pull, at, l.i), mul(m, strength, felt)));
	close_loop(&b, &l, lo(&b), hi(&b), true);
	close_kernel(&b);
}

static void
begin_kernels(Make *m)
{
	PlanEmit b = open_kernel(m, "begin_rows", m->pre, &m->begin_rows);
	Loop i = open_loop(&b, "i");
	note_row(m, &i.body, i.i, whole(m, 0));
	close_loop(&b, &i, lo(&b), hi(&b), true);
	close_kernel(&b);
	b = open_kernel(m, "begin_sum", m->post, &m->begin_sum);
	Loop j = open_loop(&b, "j");
	store2(&j.body, m->sum, whole(m, 0), j.i, real(m, 0));
	store2(&j.body, m->pull, whole(m, 0), j.i, real(m, 0));
	close_loop(&b, &j, lo(&b), hi(&b), true);
	close_kernel(&b);
}

static void
catch_up_kernel(Make *m)
{
	PlanEmit b = open_kernel(m, "catch_up", m->post, &m->catch_up);
	PlanExpr *at = plan_emit_let(&b, "now", now(m));
	Loop l = open_loop(&b, "i");
	catch_up_row(m, &l.body, l.i, at);
	close_loop(&b, &l, whole(m, 0), whole(m, (int64_t)m->pre), false);
	close_kernel(&b);
}

/* ---- x one step ahead --------------------------------------------------------------------------------------- */

/* While rows wait, x holds what it will be in the next step, and what is offered to it is not stored. */
static void
take_kernel(Make *m)
{
	PlanEmit b = open_kernel(m, "take", m->post, &m->take);
	Loop i = open_loop(&b, "i"), j = open_loop(&i.body, "j");
	Here h = {.at_i = i.i, .at_j = j.i, .x = load2(m, m->d.x, i.i, j.i), .offer = load2(m, m->d.offer, i.i, j.i)};
	store2(&j.body, m->d.x, i.i, j.i, taken(m, &h));
	close_loop(&i.body, &j, lo(&b), hi(&b), true);
	close_loop(&b, &i, whole(m, 0), whole(m, (int64_t)m->pre), false);
	close_kernel(&b);
}

static void
settle_kernel(Make *m)
{
	const Drift *d = &m->d;
	PlanEmit b = open_kernel(m, "settle", m->post, &m->settle);
	Loop i = open_loop(&b, "i"), j = open_loop(&i.body, "j");
	Here h = {.i = d->brings_i, .j = d->brings_j, .at_i = i.i, .at_j = j.i};
	PlanExpr *offer = plan_emit_let(&j.body, "offer", here(m, &h, d->brings));
	PlanExpr *ahead = sub(m, load2(m, d->x, i.i, j.i), mul(m, real(m, d->takes_share), offer));
	store2(&j.body, d->offer, i.i, j.i, offer);
	store2(&j.body, d->x, i.i, j.i, mul(m, ahead, real(m, 1 / d->decay)));
	close_loop(&i.body, &j, lo(&b), hi(&b), true);
	close_loop(&b, &i, whole(m, 0), whole(m, (int64_t)m->pre), false);
	close_kernel(&b);
}

/* ---- the schedule ------------------------------------------------------------------------------------------ */

/* The loops of a kernel that touch no synapse: those before the rows, or those behind. */
static void
run_kept(Make *m, PlanEmit *out, uint32_t kernel, bool behind)
{
	Plan *p = m->d.z.p;
	const PlanCode *from = p->codes.at[kernel];
	uint32_t kept = 0, id;
	for (uint32_t k = 0; k < m->d.units.n; k++)
		kept += m->d.units.at[k].kernel == kernel && m->d.units.at[k].kind == UNIT_KEPT && (k > m->d.at) == behind;
	if (!kept)
		return;
	id = plan_add_code(p, CODE_KERNEL, arena_printf(p->arena, "%s.%s", from->name, behind ? "behind" : "before"));
	p->codes.at[id]->range = from->range;
	PlanEmit b = plan_emit(p, p->codes.at[id]);
	Clone c = {.p = p, .code = b.code, .n = from->nlocals, .from = from};
	c.map = ARENA_ARRAY(p->arena, PlanExpr *, from->nlocals);
	c.map[0] = lo(&b);
	c.map[1] = hi(&b);
	for (uint32_t k = 0; k < m->d.units.n; k++)
		if (m->d.units.at[k].kernel == kernel && m->d.units.at[k].kind == UNIT_KEPT && (k > m->d.at) == behind)
			VEC_PUSH(p->arena, &b.v, clone_stmt(&c, m->d.units.at[k].loop));
	close_kernel(&b);
	plan_emit_run(out, id);
}

static void
set(Make *m, PlanEmit *b, uint32_t buf, int64_t v)
{
	plan_emit_store(b, buf, 0, NULL, plan_int(m->d.z.p, PT_U32, v));
}

static PlanExpr *
is_mode(Make *m, int64_t mode)
{
	return compare(m, PEXPR_EQ, load0(m, m->mode), plan_int(m->d.z.p, PT_U32, mode));
}

static void
emit_begin(Make *m, PlanEmit *b)
{
	PlanExpr *first = whole(m, 0);
	plan_emit_run(b, m->begin_rows);
	plan_emit_run(b, m->begin_sum);
	plan_emit_store(b, m->reach, 1, &first, real(m, 0));
	plan_emit_store(b, m->gross, 1, &first, real(m, 0));
	set(m, b, m->slot, 0);
}

static void
emit_plain(Make *m, PlanEmit *b)
{
	PlanEmit first = plan_emit(m->d.z.p, b->code);
	for (uint32_t k = 0; k < m->d.kernels.n; k++)
		plan_emit_run(b, m->d.kernels.at[k]);
	if (m->d.takes)
		plan_emit_run(&first, m->take);
	emit_begin(m, &first);
	set(m, &first, m->mode, WAITING);
	plan_emit_if(b, is_mode(m, FIRST), &first, NULL);
}

static void
emit_waiting(Make *m, PlanEmit *b)
{
	Plan *p = m->d.z.p;
	uint32_t at = m->d.units.at[m->d.at].kernel;
	bool behind = false;
	PlanEmit anew = plan_emit(p, b->code);
	for (uint32_t k = 0; k < m->d.kernels.n; k++) {
		if (!behind)
			run_kept(m, b, m->d.kernels.at[k], false);
		if (m->d.kernels.at[k] == at) {
			plan_emit_run(b, m->rows);
			behind = true;
		}
		if (behind)
			run_kept(m, b, m->d.kernels.at[k], true);
	}
	plan_emit_run(b, m->tally);
	plan_emit_run(b, m->gather);
	plan_emit_run(b, m->mark);
	plan_emit_store(b, m->slot, 0, NULL, add(m, load0(m, m->slot), plan_int(p, PT_U32, 1)));
	plan_emit_run(&anew, m->catch_up);
	emit_begin(m, &anew);
	plan_emit_if(b, compare(m, PEXPR_EQ, load0(m, m->slot), plan_int(p, PT_U32, (int64_t)m->steps)), &anew, NULL);
}

/* In place of the kernels. */
static void
emit_step(Make *m, PlanEmit *b)
{
	Plan *p = m->d.z.p;
	PlanEmit on = plan_emit(p, b->code), plain = on, waiting = on;
	emit_waiting(m, &waiting);
	emit_plain(m, &plain);
	plan_emit_if(&on, is_mode(m, WAITING), &waiting, &plain);
	plan_emit_if(b, clone_expr(&(Clone){.p = p}, p->codes.at[m->d.z.kernel]->body.at[0]->e), &on, NULL);
}

/* Before a loop over steps, and behind it. */
static void
emit_run(Make *m, PlanEmit *b, PlanStmt *loop)
{
	Plan *p = m->d.z.p;
	Clone same = {.p = p};
	PlanEmit flush = plan_emit(p, b->code);
	PlanExpr *steps = sub(m, clone_expr(&same, loop->hi), clone_expr(&same, loop->e));
	PlanExpr *many = compare(m, PEXPR_GE, steps, whole(m, LEAST));
	/* A run that goes on from a checkpoint is in the mode that it was in. */
	uint32_t resuming = plan_find_buf(p, "resuming");
	PlanEmit anew = plan_emit(p, b->code), *begins = resuming == UINT32_MAX ? b : &anew;
	plan_emit_store(begins, m->mode, 0, NULL, choose(m, many, plan_int(p, PT_U32, FIRST), plan_int(p, PT_U32, PLAIN)));
	if (resuming != UINT32_MAX)
		plan_emit_if(b, plan_unary(p, PEXPR_NOT, load0(m, resuming)), &anew, NULL);
	VEC_PUSH(p->arena, &b->v, loop);
	plan_emit_run(&flush, m->catch_up);
	if (m->d.takes)
		plan_emit_run(&flush, m->settle);
	plan_emit_if(b, is_mode(m, WAITING), &flush, NULL);
	set(m, b, m->mode, PLAIN);
}

static bool
takes_steps(const Make *m, PlanBlock b)
{
	for (uint32_t i = 0; i < b.n; i++)
		if (b.at[i]->kind == PSTMT_DO && b.at[i]->id == m->d.z.step)
			return true;
	return false;
}

static void
weave(Make *m, PlanCode *c, PlanBlock *b)
{
	PlanEmit out = plan_emit(m->d.z.p, c);
	for (uint32_t i = 0; i < b->n; i++) {
		PlanStmt *s = b->at[i];
		weave(m, c, &s->body);
		weave(m, c, &s->other);
		if (s->kind == PSTMT_FOR && takes_steps(m, s->body)) {
			emit_run(m, &out, s);
			continue;
		}
		if (s->kind == PSTMT_RUN && s->id == m->d.z.kernel)
			emit_step(m, &out);
		if (s->kind != PSTMT_RUN || !m->d.learns[s->id])
			VEC_PUSH(m->d.z.p->arena, &out.v, s);
	}
	*b = plan_freeze(&out);
}

/* ---- the pass ------------------------------------------------------------------------------------------------ */

static bool
is_matrix(Make *m)
{
	const Plan *p = m->d.z.p;
	const PlanBuf *w = &p->bufs.at[m->d.z.w];
	if (w->naxes != 2 || w->axis[0].kind != AXIS_PRE || w->axis[1].kind != AXIS_POST || w->role != ROLE_STATE ||
	    (w->type != PT_F32 && w->type != PT_F64))
		return false;
	m->real = w->type;
	m->pre = w->axis[0].extent;
	m->post = w->axis[1].extent;
	return true;
}

static bool
lasts(Make *m)
{
	double steps = floor(log(least_term) / log(m->d.z.decay));
	m->steps = steps > MOST ? MOST : (uint64_t)steps;
	return m->steps >= LEAST && m->d.z.p->bufs.at[m->d.x].type == m->real;
}

static void
make_waiting(Make *m)
{
	Plan *p = m->d.z.p;
	uint32_t procs = p->codes.n;
	add_buffers(m);
	rows_kernel(m);
	mark_kernel(m);
	tally_kernel(m);
	gather_kernel(m);
	begin_kernels(m);
	catch_up_kernel(m);
	if (m->d.takes) {
		take_kernel(m);
		settle_kernel(m);
	}
	for (uint32_t c = 0; c < procs; c++)
		if (p->codes.at[c]->kind == CODE_PROC)
			weave(m, p->codes.at[c], &p->codes.at[c]->body);
	procs_last(p);
}

static bool
decide(Make *m)
{
	Plan *p = m->d.z.p;
	const char *why = drift_match(&m->d);
	if (why && !*why)
		return false;
	const PlanCode *c = p->codes.at[m->d.z.kernel];
	if (!why && m->pre * m->post < WORTH)
		why = "its values stay in a cache, where a step of all of them costs little";
	else if (!why && !lasts(m))
		why = "the trace of the pre neuron decays too fast: too few steps could wait";
	if (why) {
		plan_remark(p, "drift", false, c, "`%s` moves in each step: %s", p->bufs.at[m->d.z.w].name, why);
		return false;
	}
	plan_remark(p, "drift", true, c,
		    "`%s` moves in each step by what is known without its synapses: a row waits until its neuron spikes, at most %llu steps, and then "
		    "makes them at once", p->bufs.at[m->d.z.w].name, (unsigned long long)m->steps);
	plan_remark_form(p, "drift", c, "lazy");
	return true;
}

void
pass_drift(Plan *p)
{
	for (uint32_t w = 0, n = p->bufs.n; w < n; w++) {
		Make m = {.d = {.z = {.p = p, .w = w}}};
		if (is_matrix(&m) && decide(&m))
			make_waiting(&m);
	}
}
