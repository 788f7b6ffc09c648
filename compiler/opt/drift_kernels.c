/* drift_kernels: the kernels of rows that wait (see drift.c, whose formulas they are). */
#include "opt/clone.h"
#include "opt/drift_make.h"

#include <math.h>

enum { FEW = 6 };                                         /* of sixty-four synapses that take their steps one by one: more do so beside each other */
static const double slow = 0.5;                           /* a decay in which a state keeps its sign, and does not vanish, until then */

static PlanExpr *
now(Make *m)
{
	return plan_cast(m->d.z.p, PT_I64, load0(m->d.z.p, m->slot));
}

static PlanExpr *
fired(Make *m, PlanExpr *j)
{
	return load2(m->d.z.p, m->d.z.post_flags, whole(m->d.z.p, 0), j);
}

static PlanExpr *
trace(Make *m, PlanExpr *i)
{
	uint32_t buf = m->d.z.trace;
	return m->d.z.p->bufs.at[buf].naxes == 1 ? load1(m->d.z.p, buf, i) : load2(m->d.z.p, buf, whole(m->d.z.p, 0), i);
}

static PlanExpr *
without_lowest(Make *m, PlanExpr *bits)
{
	return plan_binary(m->d.z.p, PEXPR_AND, bits, sub(m, bits, plan_int(m->d.z.p, PT_U64, 1)));
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

/* ---- a row is brought up to date ---------------------------------------------------------------------------- */

typedef struct { PlanExpr *i, *now, *from, *factor, *reach, *keep; } Row;

typedef struct { PlanExpr *w, *x, *a, *by_x, *by_sum; } Moves;

static Moves
moves(Make *m, PlanEmit *b, const Row *r, PlanExpr *j)
{
	Moves v = {.w = plan_emit_let(b, "was", load2(m->d.z.p, m->d.z.w, r->i, j)), .x = plan_emit_let(b, "x", load2(m->d.z.p, m->d.x, r->i, j))};
	v.a = plan_emit_let(b, "a", load2(m->d.z.p, m->sum, r->from, j));
	v.by_x = plan_emit_let(b, "by_x", mul(m, r->reach, v.x));
	PlanExpr *pulled = sub(m, load2(m->d.z.p, m->pull, r->now, j), load2(m->d.z.p, m->pull, r->from, j));
	v.by_sum = plan_emit_let(b, "by_sum", mul(m, r->factor, sub(m, pulled, mul(m, r->reach, v.a))));
	return v;
}

static PlanExpr *
state_now(Make *m, const Row *r, const Moves *v, PlanExpr *j)
{
	PlanExpr *sum = sub(m, load2(m->d.z.p, m->sum, r->now, j), mul(m, r->keep, v->a));
	return add(m, mul(m, r->keep, v->x), mul(m, r->factor, sum));
}

/* some: those that are off stay as they are. */
static void
move_at_once(Make *m, PlanEmit *b, const Row *r, PlanExpr *from, PlanExpr *to, bool some)
{
	Loop l = open_loop(b, "j");
	Moves v = moves(m, &l.body, r, l.i);
	PlanExpr *x = state_now(m, r, &v, l.i), *w = clip(m, &l.body, add(m, v.w, add(m, v.by_x, v.by_sum)));
	PlanExpr *off = some ? plan_emit_let(&l.body, "stays", load1(m->d.z.p, m->off, l.i)) : NULL;
	store2(&l.body, m->d.x, r->i, l.i, off ? choose(m, off, v.x, x) : x);
	store2(&l.body, m->d.z.w, r->i, l.i, off ? choose(m, off, v.w, w) : w);
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

typedef struct { PlanExpr *u, *before, *strength, *height; } Step;

static Step
step_of(Make *m, PlanEmit *b, const Row *r, PlanExpr *u)
{
	Plan *p = m->d.z.p;
	Step s = {.u = u, .before = sub(m, u, whole(p, 1)), .strength = plan_emit_let(b, "strength", load1(p, m->strength, u))};
	s.height = plan_emit_let(b, "height", mul(m, r->factor, load1(p, m->term, u)));
	return s;
}

/* x behind a step, and where w is then; that a post neuron spiked shows in its sum. */
static PlanExpr *
x_behind(Make *m, PlanEmit *b, const Step *s, PlanExpr *j, PlanExpr *x)
{
	Plan *p = m->d.z.p;
	PlanExpr *decay = real(m, m->d.decay);
	PlanExpr *spiked = compare(m, PEXPR_NE, load2(p, m->sum, s->u, j), mul(m, decay, load2(p, m->sum, s->before, j)));
	return plan_emit_let(b, "next", add(m, mul(m, decay, x), choose(m, spiked, s->height, real(m, 0))));
}

static PlanExpr *
w_behind(Make *m, PlanEmit *b, const Step *s, PlanExpr *w, PlanExpr *x, PlanExpr *next)
{
	return clip(m, b, add(m, w, mul(m, s->strength, m->d.behind ? next : mul(m, real(m, m->d.share), x))));
}

/* One step after the other, sixty-four synapses beside each other. */
static void
move_by_steps(Make *m, PlanEmit *b, const Row *r, PlanExpr *from, PlanExpr *to)
{
	Plan *p = m->d.z.p;
	Loop steps = open_loop(b, "u");
	Step s = step_of(m, &steps.body, r, steps.i);
	Loop l = open_loop(&steps.body, "j");
	PlanExpr *x = plan_emit_let(&l.body, "x", load2(p, m->d.x, r->i, l.i)), *next = x_behind(m, &l.body, &s, l.i, x);
	store2(&l.body, m->d.x, r->i, l.i, next);
	store2(&l.body, m->d.z.w, r->i, l.i, w_behind(m, &l.body, &s, load2(p, m->d.z.w, r->i, l.i), x, next));
	close_loop(&steps.body, &l, from, to, true);
	close_loop(b, &steps, add(m, r->from, whole(p, 1)), add(m, r->now, whole(p, 1)), false);
}

/* The steps of single synapses, those whose bits are set from q on. */
static void
move_each(Make *m, PlanEmit *b, const Row *r, PlanExpr *q, uint32_t bits)
{
	Plan *p = m->d.z.p;
	PlanEmit one = plan_emit(p, b->code);
	PlanExpr *set = plan_local(p, b->code, bits);
	PlanExpr *j = plan_emit_let(&one, "j", add(m, q, plan_cast(p, PT_I64, plan_unary(p, PEXPR_CTZ, set))));
	plan_emit_set(&one, bits, without_lowest(m, set));
	uint32_t x = plan_emit_var(&one, "x", load2(p, m->d.x, r->i, j)), w = plan_emit_var(&one, "w", load2(p, m->d.z.w, r->i, j));
	Loop steps = open_loop(&one, "u");
	Step s = step_of(m, &steps.body, r, steps.i);
	PlanExpr *x_now = plan_local(p, b->code, x), *w_now = plan_local(p, b->code, w), *next = x_behind(m, &steps.body, &s, j, x_now);
	plan_emit_set(&steps.body, w, w_behind(m, &steps.body, &s, w_now, x_now, next));
	plan_emit_set(&steps.body, x, next);
	close_loop(&one, &steps, add(m, r->from, whole(p, 1)), add(m, r->now, whole(p, 1)), false);
	store2(&one, m->d.x, r->i, j, x_now);
	store2(&one, m->d.z.w, r->i, j, w_now);
	plan_emit_while(b, compare(m, PEXPR_NE, set, plan_int(p, PT_U64, 0)), &one);
}

static void
move_in_bounds(Make *m, PlanEmit *b, const Row *r, PlanExpr *first, PlanExpr *end)
{
	Plan *p = m->d.z.p;
	PlanExpr *total = plan_unary(p, PEXPR_ABS, r->reach);
	PlanExpr *turns = plan_emit_let(b, "turns", compare(m, PEXPR_NE, total, load1(m->d.z.p, m->gross, r->from)));
	uint32_t q = plan_new_loop_local(b, "q");
	PlanEmit in = plan_emit(p, b->code), all = in, some = in, few = in, many = in;
	PlanExpr *from = plan_local(p, b->code, q), *next = add(m, from, whole(m->d.z.p, 64));
	PlanExpr *to = plan_emit_let(&in, "end", choose(m, compare(m, PEXPR_LT, next, end), next, end));
	look_for_bounds(m, &in, r, turns, from, to);
	uint32_t bits = plan_emit_var(&in, "bits", plan_mask(p, m->off, 1, &from, sub(m, to, from)));
	PlanExpr *more = plan_local(p, b->code, bits), *none = plan_int(p, PT_U64, 0);
	for (int k = 0; k < FEW; k++)
		more = plan_emit_let(&some, "more", without_lowest(m, more));
	move_at_once(m, &all, r, from, to, false);
	move_at_once(m, &few, r, from, to, true);
	move_each(m, &few, r, from, bits);
	move_by_steps(m, &many, r, from, to);
	plan_emit_if(&some, compare(m, PEXPR_EQ, more, none), &few, &many);
	plan_emit_if(&in, compare(m, PEXPR_EQ, plan_local(p, b->code, bits), none), &all, &some);
	plan_emit_for(b, q, first, end, false, &in)->step = 64;
}

/* Row i, from the step of its last spike to the end of the last step. */
static void
catch_up_row(Make *m, PlanEmit *b, PlanExpr *i, PlanExpr *at)
{
	Row r = {.i = i, .now = at};
	PlanEmit then = plan_emit(m->d.z.p, b->code);
	r.from = plan_emit_let(b, "from", plan_cast(m->d.z.p, PT_I64, load1(m->d.z.p, m->last, i)));
	r.factor = plan_emit_let(&then, "factor", load1(m->d.z.p, m->factor, i));
	r.reach = plan_emit_let(&then, "reach", load1(m->d.z.p, m->reach, r.from));
	r.keep = plan_emit_let(&then, "keep", load1(m->d.z.p, m->power, sub(m, at, r.from)));
	if (m->d.clipped)
		move_in_bounds(m, &then, &r, lo(b), hi(b));
	else
		move_at_once(m, &then, &r, lo(b), hi(b), false);
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
	PlanEmit b = open_kernel(m->d.z.p, drift_part(m, "rows"), m->post, &m->rows);
	PlanExpr *at = plan_emit_let(&b, "now", now(m)), *i = open_list(&b, &spikes, m->d.z.pre_list);
	catch_up_row(m, &spikes.body, i, at);
	Loop l = open_loop(&spikes.body, "j");
	Here h = {.at_i = i, .at_j = l.i};
	h.w = plan_emit_let(&l.body, "w", load2(m->d.z.p, d->z.w, i, l.i));
	h.x = plan_emit_let(&l.body, "x", load2(m->d.z.p, d->x, i, l.i));
	for (uint32_t k = 0; k < d->units.n; k++)
		if (d->units.at[k].kind != UNIT_KEPT)
			step_of_unit(m, &l.body, &d->units.at[k], &h);
	store2(&l.body, d->z.w, i, l.i, h.w);
	store2(&l.body, d->x, i, l.i, d->takes ? taken(m, &h) : h.x);
	close_loop(&spikes.body, &l, lo(&b), hi(&b), true);
	close_list(&b, &spikes, m->d.z.pre_count);
	close_kernel(&b);
}

/* last[i] = slot ; factor[i] = height * trace * decay^-slot */
static void
note_row(Make *m, PlanEmit *b, PlanExpr *i, PlanExpr *slot)
{
	plan_emit_store(b, m->last, 1, &i, plan_cast(m->d.z.p, PT_U32, slot));
	plan_emit_store(b, m->factor, 1, &i, mul(m, trace(m, i), load1(m->d.z.p, m->inverse, slot)));
}

static void
mark_kernel(Make *m)
{
	Loop spikes;
	PlanEmit b = open_kernel(m->d.z.p, drift_part(m, "mark"), 1, &m->mark);
	PlanExpr *next = plan_emit_let(&b, "next", add(m, now(m), whole(m->d.z.p, 1))), *i = open_list(&b, &spikes, m->d.z.pre_list);
	note_row(m, &spikes.body, i, next);
	close_list(&b, &spikes, m->d.z.pre_count);
	close_kernel(&b);
}

/* ---- what all rows share --------------------------------------------------------------------------------------- */

static void
tally_kernel(Make *m)
{
	PlanEmit b = open_kernel(m->d.z.p, drift_part(m, "tally"), 1, &m->tally);
	PlanExpr *at = plan_emit_let(&b, "now", now(m)), *next = plan_emit_let(&b, "next", add(m, at, whole(m->d.z.p, 1)));
	PlanExpr *strength = plan_emit_let(&b, "strength", clone_expr(&(Clone){.p = m->d.z.p}, m->d.strength));
	plan_emit_store(&b, m->strength, 1, &next, strength);
	plan_emit_store(&b, m->reach, 1, &next, real(m, 0));
	plan_emit_store(&b, m->gross, 1, &next, real(m, 0));
	Loop l = open_loop(&b, "t");
	PlanExpr *more = plan_emit_let(&l.body, "more", mul(m, strength, load1(m->d.z.p, m->share, sub(m, at, l.i))));
	plan_emit_store(&l.body, m->reach, 1, &l.i, add(m, load1(m->d.z.p, m->reach, l.i), more));
	plan_emit_store(&l.body, m->gross, 1, &l.i, add(m, load1(m->d.z.p, m->gross, l.i), plan_unary(m->d.z.p, PEXPR_ABS, more)));
	close_loop(&b, &l, whole(m->d.z.p, 0), next, true);
	close_kernel(&b);
}

static void
gather_kernel(Make *m)
{
	PlanEmit b = open_kernel(m->d.z.p, drift_part(m, "gather"), m->post, &m->gather);
	PlanExpr *at = plan_emit_let(&b, "now", now(m)), *next = plan_emit_let(&b, "next", add(m, at, whole(m->d.z.p, 1)));
	PlanExpr *term = plan_emit_let(&b, "term", load1(m->d.z.p, m->term, next));
	PlanExpr *strength = plan_emit_let(&b, "strength", load1(m->d.z.p, m->strength, next));
	Loop l = open_loop(&b, "j");
	PlanExpr *old = plan_emit_let(&l.body, "old", load2(m->d.z.p, m->sum, at, l.i));
	PlanExpr *sum = add(m, mul(m, real(m, m->d.decay), old), choose(m, fired(m, l.i), term, real(m, 0)));
	sum = plan_emit_let(&l.body, "sum", sum);
	PlanExpr *felt = m->d.behind ? sum : mul(m, real(m, m->d.share), old);
	store2(&l.body, m->sum, next, l.i, sum);
	store2(&l.body, m->pull, next, l.i, add(m, load2(m->d.z.p, m->pull, at, l.i), mul(m, strength, felt)));
	close_loop(&b, &l, lo(&b), hi(&b), true);
	close_kernel(&b);
}

static void
begin_kernels(Make *m)
{
	PlanEmit b = open_kernel(m->d.z.p, drift_part(m, "begin_rows"), m->pre, &m->begin_rows);
	Loop i = open_loop(&b, "i");
	note_row(m, &i.body, i.i, whole(m->d.z.p, 0));
	close_loop(&b, &i, lo(&b), hi(&b), true);
	close_kernel(&b);
	b = open_kernel(m->d.z.p, drift_part(m, "begin_sum"), m->post, &m->begin_sum);
	Loop j = open_loop(&b, "j");
	store2(&j.body, m->sum, whole(m->d.z.p, 0), j.i, real(m, 0));
	store2(&j.body, m->pull, whole(m->d.z.p, 0), j.i, real(m, 0));
	close_loop(&b, &j, lo(&b), hi(&b), true);
	close_kernel(&b);
}

static void
catch_up_kernel(Make *m)
{
	PlanEmit b = open_kernel(m->d.z.p, drift_part(m, "catch_up"), m->post, &m->catch_up);
	PlanExpr *at = plan_emit_let(&b, "now", now(m));
	Loop l = open_loop(&b, "i");
	catch_up_row(m, &l.body, l.i, at);
	close_loop(&b, &l, whole(m->d.z.p, 0), whole(m->d.z.p, (int64_t)m->pre), false);
	close_kernel(&b);
}

/* ---- x one step ahead --------------------------------------------------------------------------------------- */

/* While rows wait, x holds what it will be in the next step, and what is offered to it is not stored. */
static void
take_kernel(Make *m)
{
	PlanEmit b = open_kernel(m->d.z.p, drift_part(m, "take"), m->post, &m->take);
	Loop i = open_loop(&b, "i"), j = open_loop(&i.body, "j");
	Here h = {.at_i = i.i, .at_j = j.i, .x = load2(m->d.z.p, m->d.x, i.i, j.i), .offer = load2(m->d.z.p, m->d.offer, i.i, j.i)};
	store2(&j.body, m->d.x, i.i, j.i, taken(m, &h));
	close_loop(&i.body, &j, lo(&b), hi(&b), true);
	close_loop(&b, &i, whole(m->d.z.p, 0), whole(m->d.z.p, (int64_t)m->pre), false);
	close_kernel(&b);
}

static void
settle_kernel(Make *m)
{
	const Drift *d = &m->d;
	PlanEmit b = open_kernel(m->d.z.p, drift_part(m, "settle"), m->post, &m->settle);
	Loop i = open_loop(&b, "i"), j = open_loop(&i.body, "j");
	Here h = {.i = d->brings_i, .j = d->brings_j, .at_i = i.i, .at_j = j.i};
	PlanExpr *offer = plan_emit_let(&j.body, "offer", here(m, &h, d->brings));
	PlanExpr *ahead = sub(m, load2(m->d.z.p, d->x, i.i, j.i), mul(m, real(m, d->takes_share), offer));
	store2(&j.body, d->offer, i.i, j.i, offer);
	store2(&j.body, d->x, i.i, j.i, mul(m, ahead, real(m, 1 / d->decay)));
	close_loop(&i.body, &j, lo(&b), hi(&b), true);
	close_loop(&b, &i, whole(m->d.z.p, 0), whole(m->d.z.p, (int64_t)m->pre), false);
	close_kernel(&b);
}

void
drift_kernels(Make *m)
{
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
}
