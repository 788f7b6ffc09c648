/* drift_kernels: the kernels of rows that wait (see drift.c, whose formulas they are). */
#include "opt/clone.h"
#include "opt/drift_make.h"

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

/* The blocks of sixty-four synapses of a row. */
typedef struct { PlanEmit body; PlanExpr *first, *end; uint32_t q; } Blocks;

static Blocks
open_blocks(Make *m, PlanEmit *b)
{
	Plan *p = m->d.z.p;
	Blocks k = {.body = plan_emit(p, b->code), .q = plan_new_loop_local(b, "q")};
	k.first = plan_local(p, b->code, k.q);
	PlanExpr *next = add(m, k.first, whole(p, 64));
	k.end = plan_emit_let(&k.body, "end", smaller(p, next, hi(b)));
	return k;
}

static void
close_blocks(PlanEmit *b, Blocks *k)
{
	plan_emit_for(b, k->q, lo(b), hi(b), false, &k->body)->step = 64;
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
step_of_row(Make *m, PlanEmit *b, PlanExpr *i, PlanExpr *first, PlanExpr *end)
{
	const Drift *d = &m->d;
	Loop l = open_loop(b, "j");
	Here h = {.at_i = i, .at_j = l.i};
	h.w = plan_emit_let(&l.body, "w", load2(m->d.z.p, d->z.w, i, l.i));
	h.x = plan_emit_let(&l.body, "x", load2(m->d.z.p, d->x, i, l.i));
	for (uint32_t k = 0; k < d->units.n; k++)
		if (d->units.at[k].kind != UNIT_KEPT)
			step_of_unit(m, &l.body, &d->units.at[k], &h);
	store2(&l.body, d->z.w, i, l.i, h.w);
	store2(&l.body, d->x, i, l.i, d->takes ? taken(m, &h) : h.x);
	close_loop(b, &l, first, end, true);
}

static void
rows_kernel(Make *m)
{
	Loop spikes;
	PlanEmit b = open_kernel(m->d.z.p, drift_part(m, "rows"), m->post, &m->rows), waited = plan_emit(m->d.z.p, b.code);
	PlanExpr *now = plan_emit_let(&b, "now", drift_now(m)), *i = open_list(&b, &spikes, m->d.z.pre_list);
	Row r = drift_row(m, &spikes.body, i, now);
	Blocks k = open_blocks(m, &spikes.body);
	drift_move(m, &waited, &r, k.first, k.end);
	plan_emit_if(&k.body, compare(m, PEXPR_NE, r.from, now), &waited, NULL);
	step_of_row(m, &k.body, i, k.first, k.end);
	close_blocks(&spikes.body, &k);
	close_list(&b, &spikes, m->d.z.pre_count);
	close_kernel(&b);
}

/* last[i] = step ; factor[i] = height * trace * decay^-step, counted from where the step's age began */
static void
note_row(Make *m, PlanEmit *b, PlanExpr *i, PlanExpr *step)
{
	Plan *p = m->d.z.p;
	PlanExpr *within = plan_binary(p, PEXPR_AND, step, whole(p, (int64_t)m->span - 1));
	plan_emit_store(b, m->last, 1, &i, plan_cast(p, PT_U32, step));
	plan_emit_store(b, m->factor, 1, &i, mul(m, trace(m, i), load1(p, m->inverse, within)));
}

static void
mark_kernel(Make *m)
{
	Loop spikes;
	PlanEmit b = open_kernel(m->d.z.p, drift_part(m, "mark"), 1, &m->mark);
	PlanExpr *next = plan_emit_let(&b, "next", drift_place(m, add(m, drift_now(m), whole(m->d.z.p, 1))));
	PlanExpr *i = open_list(&b, &spikes, m->d.z.pre_list);
	note_row(m, &spikes.body, i, next);
	close_list(&b, &spikes, m->d.z.pre_count);
	close_kernel(&b);
}

/* ---- what all rows share --------------------------------------------------------------------------------------- */

/* What tells whether a bound was met: how far the reach came, one way and the other, and behind which steps the strength turned. */
static void
tally_bounds(Make *m, PlanEmit *b, PlanExpr *now, PlanExpr *next, PlanExpr *strength)
{
	Plan *p = m->d.z.p;
	PlanExpr *span = whole(p, (int64_t)m->span), *zero = real(m, 0);
	PlanExpr *frame = plan_emit_let(b, "frame", plan_binary(p, PEXPR_DIV, now, span)), *coming = plan_binary(p, PEXPR_DIV, next, span);
	PlanExpr *bit = plan_binary(p, PEXPR_SHL, plan_int(p, PT_U64, 1), plan_cast(p, PT_U64, plan_binary(p, PEXPR_REM, now, span)));
	PlanEmit turn = plan_emit(p, b->code), moves = turn, fresh = turn;
	plan_emit_store(&turn, m->turned, 1, &frame, plan_binary(p, PEXPR_OR, load1(p, m->turned, frame), bit));
	plan_emit_store(&turn, m->bends, 1, &now, add(m, load1(p, m->bends, now), plan_int(p, PT_U32, 1)));
	plan_emit_if(b, compare(m, PEXPR_LT, mul(m, strength, load0(p, m->sense)), zero), &turn, NULL);
	/* Only its sign counts; a product of two small numbers might vanish. */
	plan_emit_store(&moves, m->sense, 0, NULL, choose(m, compare(m, PEXPR_LT, strength, zero), real(m, -1), real(m, 1)));
	plan_emit_if(b, compare(m, PEXPR_NE, strength, zero), &moves, NULL);
	coming = plan_emit_let(&fresh, "coming", coming);
	plan_emit_store(&fresh, m->turned, 1, &coming, plan_int(p, PT_U64, 0));
	plan_emit_if(b, compare(m, PEXPR_EQ, plan_binary(p, PEXPR_REM, next, span), whole(p, 0)), &fresh, NULL);
	plan_emit_store(b, m->bends, 1, &next, load1(p, m->bends, now));
	plan_emit_store(b, m->most, 1, &next, zero);
	plan_emit_store(b, m->least, 1, &next, zero);
}

/* A step more, for rows that wait since step first ..< end, which lie on one side of step `now`. */
static void
tally_part(Make *m, PlanEmit *b, PlanExpr *strength, PlanExpr *now, PlanExpr *first, PlanExpr *end)
{
	Plan *p = m->d.z.p;
	Loop l = open_loop(b, "t");
	PlanExpr *more = mul(m, strength, load1(p, m->share, sub(m, now, l.i)));
	PlanExpr *reach = plan_emit_let(&l.body, "reach", add(m, load1(p, m->reach, l.i), more));
	plan_emit_store(&l.body, m->reach, 1, &l.i, reach);
	if (m->d.clipped) {
		plan_emit_store(&l.body, m->most, 1, &l.i, larger(p, load1(p, m->most, l.i), reach));
		plan_emit_store(&l.body, m->least, 1, &l.i, smaller(p, load1(p, m->least, l.i), reach));
	}
	close_loop(b, &l, first, end, true);
}

static void
tally_kernel(Make *m)
{
	Plan *p = m->d.z.p;
	PlanEmit b = open_kernel(p, drift_part(m, "tally"), 1, &m->tally);
	PlanExpr *now = plan_emit_let(&b, "now", drift_now(m)), *next = plan_emit_let(&b, "next", drift_place(m, add(m, now, whole(p, 1))));
	PlanExpr *strength = plan_emit_let(&b, "strength", clone_expr(&(Clone){.p = p}, m->d.strength));
	tally_part(m, &b, strength, now, whole(p, 0), add(m, now, whole(p, 1)));
	tally_part(m, &b, strength, plan_emit_let(&b, "before", add(m, now, whole(p, (int64_t)m->slots))), add(m, now, whole(p, 1)),
		   whole(p, (int64_t)m->slots));
	plan_emit_store(&b, m->strength, 1, &next, strength);
	plan_emit_store(&b, m->reach, 1, &next, real(m, 0));
	if (m->d.clipped)
		tally_bounds(m, &b, now, next, strength);
	close_kernel(&b);
}

/* The sums of one age, and a step more of them; it is the first of its age where `fresh`. */
static void
sums_of_age(Make *m, PlanEmit *b, PlanExpr *k, PlanExpr *next)
{
	Plan *p = m->d.z.p;
	PlanExpr *nothing = real(m, 0), *begun = mul(m, k, whole(p, (int64_t)m->span));
	PlanExpr *since = plan_emit_let(b, "since", drift_place(m, sub(m, next, begun)));
	PlanExpr *fresh = plan_emit_let(b, "fresh", compare(m, PEXPR_EQ, since, whole(p, 0)));
	PlanExpr *term = plan_emit_let(b, "term", load1(p, m->term, since)), *strength = plan_emit_let(b, "strength", load1(p, m->strength, next));
	Loop l = open_loop(b, "j");
	PlanExpr *old = plan_emit_let(&l.body, "old", choose(m, fresh, nothing, load2(p, m->sum_now, k, l.i)));
	PlanExpr *sum = plan_emit_let(&l.body, "sum", add(m, mul(m, real(m, m->d.decay), old), choose(m, fired(m, l.i), term, nothing)));
	PlanExpr *felt = plan_emit_let(&l.body, "felt", mul(m, strength, m->d.behind ? sum : mul(m, real(m, m->d.share), old)));
	store2(&l.body, m->sum_now, k, l.i, sum);
	PlanExpr *pull = plan_emit_let(&l.body, "pull", add(m, choose(m, fresh, nothing, load2(p, m->pull_now, k, l.i)), felt));
	store2(&l.body, m->pull_now, k, l.i, pull);
	if (m->d.clipped) {
		PlanExpr *most = larger(p, load2(p, m->most_now, k, l.i), pull), *least = smaller(p, load2(p, m->least_now, k, l.i), pull);
		store2(&l.body, m->most_now, k, l.i, choose(m, fresh, pull, most));
		store2(&l.body, m->least_now, k, l.i, choose(m, fresh, pull, least));
	}
	close_loop(b, &l, lo(b), hi(b), true);
}

/* A bit for each step of an age: whether the post neuron spiked in it. */
static PlanExpr *
history(Make *m, PlanExpr *frame, PlanExpr *within, PlanExpr *j)
{
	Plan *p = m->d.z.p;
	PlanExpr *old = choose(m, compare(m, PEXPR_EQ, within, plan_int(p, PT_U64, 0)), plan_int(p, PT_U64, 0), load2(p, m->history, frame, j));
	PlanExpr *bit = choose(m, fired(m, j), plan_int(p, PT_U64, 1), plan_int(p, PT_U64, 0));
	return plan_binary(p, PEXPR_OR, old, plan_binary(p, PEXPR_SHL, bit, within));
}

static void
gather_kernel(Make *m)
{
	Plan *p = m->d.z.p;
	PlanEmit b = open_kernel(p, drift_part(m, "gather"), m->post, &m->gather);
	PlanExpr *next = plan_emit_let(&b, "next", drift_place(m, add(m, drift_now(m), whole(p, 1))));
	PlanExpr *span = whole(p, (int64_t)m->span), *frame = plan_emit_let(&b, "frame", plan_binary(p, PEXPR_DIV, next, span));
	PlanExpr *within = plan_cast(p, PT_U64, plan_binary(p, PEXPR_REM, next, span));
	Loop ages = open_loop(&b, "k");
	sums_of_age(m, &ages.body, ages.i, next);
	close_loop(&b, &ages, whole(p, 0), whole(p, (int64_t)(m->slots / m->span)), false);
	within = m->d.clipped ? plan_emit_let(&b, "within", within) : NULL;
	Loop l = open_loop(&b, "j");
	store2(&l.body, m->sum, next, l.i, load2(p, m->sum_now, frame, l.i));
	store2(&l.body, m->pull, next, l.i, load2(p, m->pull_now, frame, l.i));
	if (m->d.clipped)
		store2(&l.body, m->history, frame, l.i, history(m, frame, within, l.i));
	close_loop(&b, &l, lo(&b), hi(&b), true);
	close_kernel(&b);
}

static void
begin_kernel(Make *m)
{
	PlanEmit b = open_kernel(m->d.z.p, drift_part(m, "begin_sum"), m->post, &m->begin_sum);
	const uint32_t all[] = {m->sum, m->pull, m->sum_now, m->pull_now, m->most_now, m->least_now};
	Loop j = open_loop(&b, "j");
	for (uint32_t k = 0; k < (m->d.clipped ? 6 : 4); k++)
		store2(&j.body, all[k], whole(m->d.z.p, 0), j.i, real(m, 0));
	if (m->d.clipped)
		store2(&j.body, m->history, whole(m->d.z.p, 0), j.i, plan_int(m->d.z.p, PT_U64, 0));
	close_loop(&b, &j, lo(&b), hi(&b), true);
	close_kernel(&b);
}

/* Rows that have waited for so many steps: `limit`. */
static void
catch_up_kernel(Make *m)
{
	Plan *p = m->d.z.p;
	PlanEmit b = open_kernel(p, drift_part(m, "catch_up"), m->post, &m->catch_up), due = plan_emit(p, b.code);
	PlanExpr *now = plan_emit_let(&b, "now", drift_now(m)), *limit = plan_emit_let(&b, "limit", plan_cast(p, PT_I64, load0(p, m->limit)));
	Loop l = open_loop(&b, "i");
	Row r = drift_row(m, &l.body, l.i, now);
	Blocks k = open_blocks(m, &due);
	drift_move(m, &k.body, &r, k.first, k.end);
	close_blocks(&due, &k);
	plan_emit_if(&l.body, compare(m, PEXPR_GE, r.age, limit), &due, NULL);
	close_loop(&b, &l, whole(p, 0), whole(p, (int64_t)m->pre), false);
	close_kernel(&b);
}

/* They wait from here on. */
static void
renew_kernel(Make *m)
{
	Plan *p = m->d.z.p;
	PlanEmit b = open_kernel(p, drift_part(m, "renew"), m->pre, &m->renew), due = plan_emit(p, b.code);
	PlanExpr *now = plan_emit_let(&b, "now", drift_now(m)), *limit = plan_emit_let(&b, "limit", plan_cast(p, PT_I64, load0(p, m->limit)));
	Loop l = open_loop(&b, "i");
	PlanExpr *age = drift_place(m, sub(m, now, plan_cast(p, PT_I64, load1(p, m->last, l.i))));
	note_row(m, &due, l.i, now);
	plan_emit_if(&l.body, compare(m, PEXPR_GE, age, limit), &due, NULL);
	close_loop(&b, &l, lo(&b), hi(&b), false);
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
	begin_kernel(m);
	catch_up_kernel(m);
	renew_kernel(m);
	if (m->d.takes) {
		take_kernel(m);
		settle_kernel(m);
	}
}
