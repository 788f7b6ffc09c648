/* drift_row: a row that has waited is brought up to date (see drift.c, whose formulas these are). */
#include "opt/drift_make.h"

#include <math.h>

enum { FEW = 6 };                                         /* of sixty-four synapses that go on their own: more do so beside each other */
static const double least_left = 1e-30;                   /* of a state that waits as long as it may: its sign can still be told */

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

Row
drift_row(Make *m, PlanEmit *b, PlanExpr *i, PlanExpr *now)
{
	Plan *p = m->d.z.p;
	Row r = {.i = i, .now = now};
	r.from = plan_emit_let(b, "from", plan_cast(p, PT_I64, load1(p, m->last, i)));
	r.age = plan_emit_let(b, "age", drift_place(m, sub(m, now, r.from)));
	r.frame = plan_emit_let(b, "frame", plan_binary(p, PEXPR_DIV, r.from, whole(p, (int64_t)m->span)));
	r.base = mul(m, r.frame, whole(p, (int64_t)m->span));
	r.factor = plan_emit_let(b, "factor", load1(p, m->factor, i));
	r.reach = plan_emit_let(b, "reach", load1(p, m->reach, r.from));
	r.keep = plan_emit_let(b, "keep", load1(p, m->power, r.age));
	if (m->d.clipped)
		r.turns = plan_emit_let(b, "turns", compare(m, PEXPR_NE, load1(p, m->bends, now), load1(p, m->bends, r.from)));
	return r;
}

/* ---- at once -------------------------------------------------------------------------------------------------- */

typedef struct { PlanExpr *w, *x, *a, *by_x, *by_sum, *w_now, *x_now; } Moves;

static PlanExpr *
since(Make *m, const Row *r, uint32_t by_now, uint32_t by_then, PlanExpr *j)
{
	return sub(m, load2(m->d.z.p, by_now, r->frame, j), load2(m->d.z.p, by_then, r->from, j));
}

static Moves
moves(Make *m, PlanEmit *b, const Row *r, PlanExpr *j)
{
	Plan *p = m->d.z.p;
	Moves v = {.w = plan_emit_let(b, "was", load2(p, m->d.z.w, r->i, j)), .x = plan_emit_let(b, "x", load2(p, m->d.x, r->i, j))};
	v.a = plan_emit_let(b, "a", load2(p, m->sum, r->from, j));
	v.by_x = plan_emit_let(b, "by_x", mul(m, r->reach, v.x));
	v.by_sum = plan_emit_let(b, "by_sum", mul(m, r->factor, sub(m, since(m, r, m->pull_now, m->pull, j), mul(m, r->reach, v.a))));
	PlanExpr *sum = sub(m, load2(p, m->sum_now, r->frame, j), mul(m, r->keep, v.a));
	v.x_now = plan_emit_let(b, "x_now", add(m, mul(m, r->keep, v.x), mul(m, r->factor, sum)));
	v.w_now = clip(m, b, add(m, v.w, add(m, v.by_x, v.by_sum)));
	return v;
}

/* least < low, or most > high */
static PlanExpr *
is_out(Make *m, PlanExpr *least, PlanExpr *most)
{
	PlanExpr *under = isfinite(m->d.low) ? compare(m, PEXPR_LT, least, real(m, m->d.low)) : NULL;
	PlanExpr *over = isfinite(m->d.high) ? compare(m, PEXPR_GT, most, real(m, m->d.high)) : NULL;
	return under && over ? plan_binary(m->d.z.p, PEXPR_OR, under, over) : under ? under : over;
}

/* The strength kept its sign: one clip at the end may not be enough where both parts go against each other. */
static PlanExpr *
may_meet(Make *m, PlanEmit *b, const Moves *v)
{
	Plan *p = m->d.z.p;
	PlanExpr *against = compare(m, PEXPR_LT, mul(m, v->by_x, v->by_sum), real(m, 0));
	if (pow(m->d.decay, (double)m->slots) >= least_left)
		against = compare(m, PEXPR_NE, compare(m, PEXPR_LT, v->x, real(m, 0)), compare(m, PEXPR_LT, v->x_now, real(m, 0)));
	PlanExpr *one = plan_emit_let(b, "one", add(m, v->w, v->by_x)), *other = plan_emit_let(b, "other", add(m, v->w, v->by_sum));
	return plan_binary(p, PEXPR_AND, against, plan_binary(p, PEXPR_OR, is_out(m, one, one), is_out(m, other, other)));
}

/* The strength did not: both parts lie between the least and the most that they may have come to, w around the middle of that. */
static PlanExpr *
may_meet_turning(Make *m, PlanEmit *b, const Row *r, const Moves *v, PlanExpr *j)
{
	Plan *p = m->d.z.p;
	PlanExpr *low = load1(p, m->least, r->from), *high = load1(p, m->most, r->from), *then = load2(p, m->pull, r->from, j), *half = real(m, 0.5);
	PlanExpr *x[] = {plan_emit_let(b, "by_x", mul(m, low, v->x)), plan_emit_let(b, "by_x", mul(m, high, v->x))};
	PlanExpr *least = sub(m, load2(p, m->least_now, r->frame, j), add(m, then, mul(m, high, v->a)));
	PlanExpr *most = sub(m, load2(p, m->most_now, r->frame, j), add(m, then, mul(m, low, v->a)));
	PlanExpr *sum[] = {plan_emit_let(b, "by_sum", mul(m, r->factor, least)), plan_emit_let(b, "by_sum", mul(m, r->factor, most))};
	PlanExpr *middle = add(m, v->w, mul(m, half, add(m, add(m, x[0], x[1]), add(m, sum[0], sum[1]))));
	PlanExpr *wide = add(m, plan_unary(p, PEXPR_ABS, sub(m, x[1], x[0])), plan_unary(p, PEXPR_ABS, sub(m, sum[1], sum[0])));
	middle = plan_emit_let(b, "middle", middle);
	wide = plan_emit_let(b, "wide", mul(m, half, wide));
	return is_out(m, sub(m, middle, wide), add(m, middle, wide));
}

/* Those that one clip at the end is enough for; off[j]: it may not be. */
static void
move_at_once(Make *m, PlanEmit *b, const Row *r, PlanExpr *first, PlanExpr *end, bool turning)
{
	Loop l = open_loop(b, "j");
	Moves v = moves(m, &l.body, r, l.i);
	PlanExpr *off = NULL;
	if (m->d.clipped) {
		off = turning ? may_meet_turning(m, &l.body, r, &v, l.i) : may_meet(m, &l.body, &v);
		off = plan_emit_let(&l.body, "stays", off);
		plan_emit_store(&l.body, m->off, 1, &l.i, off);
	}
	store2(&l.body, m->d.x, r->i, l.i, off ? choose(m, off, v.x, v.x_now) : v.x_now);
	store2(&l.body, m->d.z.w, r->i, l.i, off ? choose(m, off, v.w, v.w_now) : v.w_now);
	close_loop(b, &l, first, end, true);
}

/* ---- step by step ------------------------------------------------------------------------------------------------- */

typedef struct { PlanExpr *u, *before, *strength, *height, *decay; } Step;

/* Step v of those that the row has missed. */
static Step
step_of(Make *m, PlanEmit *b, const Row *r, PlanExpr *v)
{
	Plan *p = m->d.z.p;
	Step s = {.u = plan_emit_let(b, "u", drift_place(m, add(m, r->from, v)))};
	s.before = drift_place(m, sub(m, s.u, whole(p, 1)));
	s.strength = plan_emit_let(b, "strength", load1(p, m->strength, s.u));
	s.height = plan_emit_let(b, "height", mul(m, r->factor, load1(p, m->term, drift_place(m, sub(m, s.u, r->base)))));
	/* Where an age begins, so does the sum. */
	PlanExpr *within = plan_binary(p, PEXPR_AND, s.u, whole(p, (int64_t)m->span - 1));
	s.decay = plan_emit_let(b, "decay", choose(m, compare(m, PEXPR_EQ, within, whole(p, 0)), real(m, 0), real(m, m->d.decay)));
	return s;
}

/* x behind a step, and where w is then; that a post neuron spiked shows in its sum. */
static PlanExpr *
x_behind(Make *m, PlanEmit *b, const Step *s, PlanExpr *j, PlanExpr *x)
{
	Plan *p = m->d.z.p;
	PlanExpr *spiked = compare(m, PEXPR_NE, load2(p, m->sum, s->u, j), mul(m, s->decay, load2(p, m->sum, s->before, j)));
	return plan_emit_let(b, "next", add(m, mul(m, real(m, m->d.decay), x), choose(m, spiked, s->height, real(m, 0))));
}

static PlanExpr *
w_behind(Make *m, PlanEmit *b, const Step *s, PlanExpr *w, PlanExpr *x, PlanExpr *next)
{
	return clip(m, b, add(m, w, mul(m, s->strength, m->d.behind ? next : mul(m, real(m, m->d.share), x))));
}

/* One step after the other, sixty-four synapses beside each other; those that were moved at once stay. */
static void
move_by_steps(Make *m, PlanEmit *b, const Row *r, PlanExpr *first, PlanExpr *end)
{
	Plan *p = m->d.z.p;
	Loop steps = open_loop(b, "v");
	Step s = step_of(m, &steps.body, r, steps.i);
	Loop l = open_loop(&steps.body, "j");
	PlanExpr *off = plan_emit_let(&l.body, "goes", load1(p, m->off, l.i));
	PlanExpr *x = plan_emit_let(&l.body, "x", load2(p, m->d.x, r->i, l.i)), *next = x_behind(m, &l.body, &s, l.i, x);
	PlanExpr *w = plan_emit_let(&l.body, "was", load2(p, m->d.z.w, r->i, l.i)), *w_next = w_behind(m, &l.body, &s, w, x, next);
	store2(&l.body, m->d.x, r->i, l.i, choose(m, off, next, x));
	store2(&l.body, m->d.z.w, r->i, l.i, choose(m, off, w_next, w));
	close_loop(&steps.body, &l, first, end, true);
	close_loop(b, &steps, whole(p, 1), add(m, r->age, whole(p, 1)), false);
}

/* ---- from stop to stop ------------------------------------------------------------------------------------------- */

/* A synapse that is moved on its own: where it is, and its states there. */
typedef struct { PlanExpr *j; uint32_t at, x, w; } Walk;

/* To step u, in which its post neuron spikes or behind which the strength turns (NULL: to the end): x just decays until then, and w goes
 * one way. */
static void
walk_to(Make *m, PlanEmit *b, const Row *r, const Walk *k, PlanExpr *u, PlanExpr *spiked)
{
	Plan *p = m->d.z.p;
	PlanExpr *at = plan_local(p, b->code, k->at), *x = plan_local(p, b->code, k->x), *w = plan_local(p, b->code, k->w);
	PlanExpr *gone = plan_emit_let(b, "gone", drift_place(m, sub(m, u ? u : r->now, at)));
	PlanExpr *reach = load1(p, m->reach, at), *fades = load1(p, m->power, gone), *next = mul(m, fades, x);
	if (u && m->d.behind) {
		PlanExpr *before = plan_emit_let(b, "before", drift_place(m, sub(m, u, whole(p, 1))));
		PlanExpr *until = load1(p, m->power, sub(m, gone, whole(p, 1)));
		reach = sub(m, reach, mul(m, until, load1(p, m->reach, before)));
	} else if (u) {
		reach = sub(m, reach, mul(m, fades, load1(p, m->reach, u)));
	}
	plan_emit_set(b, k->w, clip(m, b, add(m, w, mul(m, reach, x))));
	if (u)
		next = add(m, next, mul(m, r->factor, choose(m, spiked, load1(p, m->term, drift_place(m, sub(m, u, r->base))), real(m, 0))));
	plan_emit_set(b, k->x, next);
	if (u && m->d.behind)
		plan_emit_set(b, k->w, clip(m, b, add(m, w, mul(m, load1(p, m->strength, u), x))));
	if (u)
		plan_emit_set(b, k->at, u);
}

/* The stops of one age; of the first, those behind the row's own spike. */
static void
walk_age(Make *m, PlanEmit *b, const Row *r, const Walk *k, PlanExpr *age)
{
	Plan *p = m->d.z.p;
	PlanExpr *frame = plan_binary(p, PEXPR_AND, add(m, r->frame, age), whole(p, (int64_t)(m->slots / m->span) - 1));
	frame = plan_emit_let(b, "g", frame);
	PlanExpr *within = plan_cast(p, PT_U64, plan_binary(p, PEXPR_AND, r->from, whole(p, (int64_t)m->span - 1)));
	PlanExpr *behind = plan_binary(p, PEXPR_SHL, plan_int(p, PT_U64, -2), within);
	PlanExpr *some = choose(m, compare(m, PEXPR_EQ, age, whole(p, 0)), behind, plan_int(p, PT_U64, -1));
	PlanExpr *spikes = plan_emit_let(b, "spikes", load2(p, m->history, frame, k->j)), *turned = load1(p, m->turned, frame);
	uint32_t stops = plan_emit_var(b, "stops", plan_binary(p, PEXPR_AND, plan_binary(p, PEXPR_OR, spikes, turned), some));
	PlanEmit one = plan_emit(p, b->code);
	PlanExpr *left = plan_local(p, b->code, stops), *begun = mul(m, frame, whole(p, (int64_t)m->span)), *none = plan_int(p, PT_U64, 0);
	PlanExpr *u = plan_emit_let(&one, "u", add(m, begun, plan_cast(p, PT_I64, plan_unary(p, PEXPR_CTZ, left))));
	PlanExpr *lowest = plan_binary(p, PEXPR_XOR, left, without_lowest(m, left));
	PlanExpr *spiked = plan_emit_let(&one, "spiked", compare(m, PEXPR_NE, plan_binary(p, PEXPR_AND, spikes, lowest), none));
	plan_emit_set(&one, stops, without_lowest(m, left));
	walk_to(m, &one, r, k, u, spiked);
	plan_emit_while(b, compare(m, PEXPR_NE, left, none), &one);
}

/* Single synapses, those whose bits are set from `first` on. */
static void
move_by_stops(Make *m, PlanEmit *b, const Row *r, PlanExpr *first, uint32_t bits)
{
	Plan *p = m->d.z.p;
	PlanEmit one = plan_emit(p, b->code);
	PlanExpr *set = plan_local(p, b->code, bits), *span = whole(p, (int64_t)m->span), *ages = whole(p, (int64_t)(m->slots / m->span) - 1);
	PlanExpr *last = plan_emit_let(b, "last", plan_binary(p, PEXPR_AND, sub(m, plan_binary(p, PEXPR_DIV, r->now, span), r->frame), ages));
	Walk k = {.j = plan_emit_let(&one, "j", add(m, first, plan_cast(p, PT_I64, plan_unary(p, PEXPR_CTZ, set))))};
	plan_emit_set(&one, bits, without_lowest(m, set));
	k.at = plan_emit_var(&one, "at", r->from);
	k.x = plan_emit_var(&one, "x", load2(p, m->d.x, r->i, k.j));
	k.w = plan_emit_var(&one, "w", load2(p, m->d.z.w, r->i, k.j));
	Loop l = open_loop(&one, "k");
	walk_age(m, &l.body, r, &k, l.i);
	close_loop(&one, &l, whole(p, 0), add(m, last, whole(p, 1)), false);
	walk_to(m, &one, r, &k, NULL, NULL);
	store2(&one, m->d.x, r->i, k.j, plan_local(p, b->code, k.x));
	store2(&one, m->d.z.w, r->i, k.j, plan_local(p, b->code, k.w));
	plan_emit_while(b, compare(m, PEXPR_NE, set, plan_int(p, PT_U64, 0)), &one);
}

/* ---- ---------------------------------------------------------------------------------------------------------------- */

void
drift_move(Make *m, PlanEmit *b, const Row *r, PlanExpr *first, PlanExpr *end)
{
	Plan *p = m->d.z.p;
	PlanEmit straight = plan_emit(p, b->code), turning = straight, some = straight, single = straight, beside = straight;
	if (!m->d.clipped) {
		move_at_once(m, b, r, first, end, false);
		return;
	}
	move_at_once(m, &straight, r, first, end, false);
	move_at_once(m, &turning, r, first, end, true);
	plan_emit_if(b, r->turns, &turning, &straight);
	uint32_t bits = plan_emit_var(b, "bits", plan_mask(p, m->off, 1, &first, sub(m, end, first)));
	PlanExpr *more = plan_local(p, b->code, bits), *none = plan_int(p, PT_U64, 0);
	for (int k = 0; k < FEW; k++)
		more = plan_emit_let(&some, "more", without_lowest(m, more));
	move_by_stops(m, &single, r, first, bits);
	move_by_steps(m, &beside, r, first, end);
	plan_emit_if(&some, plan_binary(p, PEXPR_AND, r->turns, compare(m, PEXPR_NE, more, none)), &beside, &single);
	plan_emit_if(b, compare(m, PEXPR_NE, plan_local(p, b->code, bits), none), &some, NULL);
}
