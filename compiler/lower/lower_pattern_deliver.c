/* lower_pattern_deliver: what arrives through a pattern.
 *
 * Sums are in ascending index of the source for each target, as everywhere. Where a silent neuron contributes zero, only
 * spiking ones are looked at: each asks which windows see it, and by which tap.
 */
#include "base/panic.h"
#include "lower/lower_inner.h"

typedef struct {
	Lower *l;
	uint32_t conn, into;
	const NetConn *c;
	const NetPattern *p;
	LowKeys *keys;
	PlanExpr *item, *lo, *hi;
	uint32_t gather;                                  /* signals go there instead; NO_BUF */
	PlanExpr *now, *past;                             /* slots: of a delay of sums, of this step; of what is delivered; NULL */
	PlanExpr *slot;                                   /* where all that is sent just now arrives; NULL: each finds its own */
	PlanExpr *i, *signal;                             /* the source, and what leaves it */
	PlanExpr *channel, *x[NET_KERNEL_AXES];           /* of the source */
	PlanExpr *tap[NET_KERNEL_AXES], *position[NET_KERNEL_AXES];
} Deliver;

static void
add_to(Deliver *w, PlanEmit *b, PlanExpr *i, PlanExpr *j, const LowIndex *at, PlanExpr *signal)
{
	Lower *l = w->l;
	if (w->gather != NO_BUF) {
		low_store(b, w->gather, signal, 3, w->item, j, low_i64(l, 0));
		return;
	}
	PlanExpr *e = low_through(l, b, w->conn, 0, low_synaptic(w->c), w->keys, w->item, i, j, at, signal);
	if (w->slot) {
		uint32_t ring = l->conns[w->conn].features[w->c->features.n - 1].ring;
		low_store(b, ring, plan_binary(l->p, PEXPR_ADD, low_load(l, ring, 3, w->slot, w->item, j), e), 3, w->slot, w->item, j);
		return;
	}
	low_send(l, b, w->conn, w->into, w->now, w->item, i, j, at, e);
}

static PlanExpr *
spike_of(Deliver *w, PlanExpr *i)
{
	return low_spike_of(w->l, w->conn, w->past, w->item, i);
}

/* For each source that matters, with i and signal. */
static void
sources(Deliver *w, PlanEmit *b, void (*each)(Deliver *w, PlanEmit *b))
{
	Lower *l = w->l;
	Plan *p = l->p;
	const LowLayer *pre = &l->layers[w->c->pre];
	bool zero = low_event_driven(l, w->conn), events = zero && !w->past;
	PlanExpr *n = events ? plan_cast(p, PT_I64, low_load(l, pre->count, 1, w->item))
	              : low_i64(l, (int64_t)l->net->layers.at[w->c->pre].n);
	LowLoop loop = low_loop(b, events ? "k" : "i", low_i64(l, 0), n, false);
	PlanEmit *in = low_body(&loop);
	w->i = loop.index;
	if (events)
		w->i = plan_emit_let(in, "i", plan_cast(p, PT_I64, low_load(l, pre->list, 2, w->item, loop.index)));
	w->signal = low_real(l, 1);
	if (l->net->layers.at[w->c->pre].values || !events)
		w->signal = plan_emit_let(in, "s", spike_of(w, w->i));
	PlanEmit some = plan_emit(p, b->code);
	each(w, zero && w->past ? &some : in);
	if (zero && w->past)
		plan_emit_if(in, plan_binary(p, PEXPR_NE, w->signal, low_real(l, 0)), &some, NULL);
	low_close(&loop);
}

/* ---- windows ------------------------------------------------------------------------------------------- */

/* All channels of the position found: targets o * positions + position within lo ..< hi. */
static void
channels(Deliver *w, PlanEmit *b)
{
	Lower *l = w->l;
	Plan *p = l->p;
	const NetPattern *n = w->p;
	int64_t positions = (int64_t)low_positions(n);
	PlanExpr *position = plan_emit_let(b, "position", low_flatten(l, NULL, n->axes, n->out_extent, w->position));
	PlanExpr *up = plan_emit_let(b, "up", plan_binary(p, PEXPR_SUB, low_i64(l, positions - 1), position));
	PlanExpr *size = low_i64(l, positions);
	PlanExpr *first = plan_binary(p, PEXPR_DIV, plan_binary(p, PEXPR_ADD, w->lo, up), size);
	PlanExpr *last = plan_binary(p, PEXPR_DIV, plan_binary(p, PEXPR_ADD, w->hi, up), size);
	LowLoop loop = low_loop(b, "o", first, last, true);
	PlanEmit *in = low_body(&loop);
	PlanExpr *j = plan_emit_let(in, "j", low_affine(l, loop.index, positions, position));
	LowIndex at = {.n = 3};
	if (n->kind == NPAT_CONV) {
		at = (LowIndex){2 + n->axes, {loop.index, w->channel}};
		for (uint32_t d = 0; d < n->axes; d++)
			at.at[2 + d] = w->tap[d];
	} else {
		at = (LowIndex){3, {w->channel, j, low_flatten(l, NULL, n->axes, n->kernel, w->tap)}};
	}
	add_to(w, in, w->i, j, &at, w->signal);
	low_close(&loop);
}

/* Tap t sees place x from position (x + padding - t * dilation) / stride, if that is a whole number in reach. */
static void
taps(Deliver *w, PlanEmit *b, uint32_t d)
{
	Lower *l = w->l;
	Plan *p = l->p;
	const NetPattern *n = w->p;
	if (d == n->axes) {
		channels(w, b);
		return;
	}
	static const char *const names[] = {"t0", "t1", "t2"};
	LowLoop loop = low_loop(b, names[d], low_i64(l, 0), low_i64(l, (int64_t)n->kernel[d]), false);
	PlanEmit *in = low_body(&loop);
	w->tap[d] = loop.index;
	PlanExpr *from = plan_binary(p, PEXPR_ADD, w->x[d], low_i64(l, (int64_t)n->padding[d]));
	PlanExpr *off = plan_emit_let(in, "off", plan_binary(p, PEXPR_SUB, from, low_affine(l, loop.index, (int64_t)n->dilation[d], NULL)));
	PlanExpr *seen = plan_binary(p, PEXPR_GE, off, low_i64(l, 0)), *at = off;
	if (n->stride[d] > 1) {
		PlanExpr *stride = low_i64(l, (int64_t)n->stride[d]);
		seen = plan_binary(p, PEXPR_AND, seen, plan_binary(p, PEXPR_EQ, plan_binary(p, PEXPR_REM, off, stride), low_i64(l, 0)));
		at = plan_emit_let(in, "at", plan_binary(p, PEXPR_DIV, off, stride));
	}
	seen = plan_binary(p, PEXPR_AND, seen, plan_binary(p, PEXPR_LT, at, low_i64(l, (int64_t)n->out_extent[d])));
	PlanEmit then = plan_emit(p, b->code);
	w->position[d] = at;
	taps(w, &then, d + 1);
	plan_emit_if(in, seen, &then, NULL);
	low_close(&loop);
}

static void
windows(Deliver *w, PlanEmit *b)
{
	w->channel = low_spread(w->l, b, w->i, w->p->axes, w->p->extent, w->x);
	taps(w, b, 0);
}

/* ---- pools ----------------------------------------------------------------------------------------------- */

typedef struct { Deliver *w; uint32_t best, rate; PlanExpr *channel; } Pool;

static void
candidates(Pool *pool, PlanEmit *b, uint32_t d)
{
	Deliver *w = pool->w;
	Lower *l = w->l;
	Plan *p = l->p;
	const NetPattern *n = w->p;
	if (d == n->axes) {
		PlanExpr *i = plan_emit_let(b, "i", low_flatten(l, pool->channel, n->axes, n->extent, w->x));
		PlanExpr *rate = plan_emit_let(b, "r", low_load(l, l->conns[w->conn].rate, 2, w->item, i));
		PlanEmit then = plan_emit(p, b->code);
		plan_emit_set(&then, pool->best, i);
		plan_emit_set(&then, pool->rate, rate);
		PlanExpr *first = plan_binary(p, PEXPR_LT, plan_local(p, b->code, pool->best), low_i64(l, 0));
		PlanExpr *more = plan_binary(p, PEXPR_GT, rate, plan_local(p, b->code, pool->rate));
		plan_emit_if(b, plan_binary(p, PEXPR_OR, first, more), &then, NULL);
		return;
	}
	static const char *const names[] = {"t0", "t1", "t2"};
	LowLoop loop = low_loop(b, names[d], low_i64(l, 0), low_i64(l, (int64_t)n->kernel[d]), false);
	PlanEmit *in = low_body(&loop);
	PlanExpr *x = low_affine(l, w->position[d], (int64_t)n->stride[d], low_affine(l, loop.index, (int64_t)n->dilation[d], NULL));
	w->x[d] = plan_emit_let(in, "x", plan_binary(p, PEXPR_SUB, x, low_i64(l, (int64_t)n->padding[d])));
	PlanExpr *inside = plan_binary(p, PEXPR_AND, plan_binary(p, PEXPR_GE, w->x[d], low_i64(l, 0)),
	                               plan_binary(p, PEXPR_LT, w->x[d], low_i64(l, (int64_t)n->extent[d])));
	PlanEmit then = plan_emit(p, b->code);
	candidates(pool, &then, d + 1);
	plan_emit_if(in, inside, &then, NULL);
	low_close(&loop);
}

/* The spike of the source with the highest rate; nothing from a window that lies in the padding alone. */
static void
pools(Deliver *w, PlanEmit *b)
{
	Lower *l = w->l;
	Plan *p = l->p;
	LowLoop loop = low_loop(b, "j", w->lo, w->hi, false);
	PlanEmit *in = low_body(&loop);
	Pool pool = {.w = w};
	pool.channel = low_spread(l, in, loop.index, w->p->axes, w->p->out_extent, w->position);
	pool.best = plan_emit_var(in, "best", low_i64(l, -1));
	pool.rate = plan_emit_var(in, "most", low_real(l, 0));
	candidates(&pool, in, 0);
	PlanExpr *i = plan_emit_let(in, "i", plan_local(p, b->code, pool.best));
	PlanEmit then = plan_emit(p, b->code);
	LowIndex at = {1, {loop.index}};
	add_to(w, &then, NULL, loop.index, &at, plan_emit_let(&then, "s", spike_of(w, i)));
	plan_emit_if(in, plan_binary(p, PEXPR_GE, i, low_i64(l, 0)), &then, NULL);
	low_close(&loop);
}

/* ---- means, pairs, lists ------------------------------------------------------------------------------------ */

/* Spikes of one item, or of all: counted, or their values added. */
static PlanExpr *
total(Deliver *w, PlanEmit *b)
{
	Lower *l = w->l;
	Plan *p = l->p;
	const LowLayer *pre = &l->layers[w->c->pre];
	bool values = l->net->layers.at[w->c->pre].values, one = w->p->per_item;
	uint32_t sum = plan_emit_var(b, "sum", values ? low_real(l, 0) : low_i64(l, 0));
	LowLoop items = one ? (LowLoop){.outer = b, .index = w->item, .unit = true}
	                    : low_loop(b, "from", low_i64(l, 0), low_i64(l, (int64_t)l->batch), false);
	PlanEmit *in = low_body(&items);
	PlanExpr *old = plan_local(p, b->code, sum);
	if (values) {
		LowLoop loop = low_loop(in, "i", low_i64(l, 0), low_i64(l, (int64_t)l->net->layers.at[w->c->pre].n), false);
		PlanExpr *more = plan_cast(p, l->real, low_load(l, pre->spikes, 2, items.index, loop.index));
		plan_emit_set(low_body(&loop), sum, plan_binary(p, PEXPR_ADD, old, more));
		low_close(&loop);
	} else {
		PlanExpr *more = plan_cast(p, PT_I64, low_load(l, pre->count, 1, items.index));
		plan_emit_set(in, sum, plan_binary(p, PEXPR_ADD, old, more));
	}
	low_close(&items);
	return plan_cast(p, l->real, old);
}

static void
means(Deliver *w, PlanEmit *b)
{
	Lower *l = w->l;
	double n = (double)l->net->layers.at[w->c->pre].n * (w->p->per_item ? 1 : (double)l->batch);
	PlanExpr *mean = plan_emit_let(b, "mean", plan_binary(l->p, PEXPR_DIV, total(w, b), low_real(l, n)));
	LowLoop loop = low_loop(b, "j", w->lo, w->hi, true);
	LowIndex at = {1, {loop.index}};
	add_to(w, low_body(&loop), NULL, loop.index, &at, mean);
	low_close(&loop);
}

static void
pairs(Deliver *w, PlanEmit *b)
{
	LowLoop loop = low_loop(b, "j", w->lo, w->hi, true);
	PlanEmit *in = low_body(&loop);
	LowIndex at = {1, {loop.index}};
	add_to(w, in, loop.index, loop.index, &at, plan_emit_let(in, "s", spike_of(w, loop.index)));
	low_close(&loop);
}

static void
listed(Deliver *w, PlanEmit *b)
{
	Lower *l = w->l;
	Plan *p = l->p;
	bool steps = low_keeps_steps(l, w->conn), arranged = !steps && low_is_arranged(l, w->conn);
	LowLoop delays, row;
	if (arranged)
		row = low_arranged_row(l, b, w->conn, w->i, w->now, &delays, &w->slot);
	else
		row = low_row(l, b, w->conn, w->i);
	PlanEmit *in = low_body(&row), then = plan_emit(p, b->code);
	PlanExpr *j = low_target(l, in, w->conn, row.index);
	LowIndex at = {1, {row.index}};
	if (steps)
		w->slot = low_slot_of(l, &then, w->conn, row.index, w->now);
	add_to(w, &then, w->i, j, &at, w->signal);
	plan_emit_if(in, plan_binary(p, PEXPR_AND, plan_binary(p, PEXPR_GE, j, w->lo), plan_binary(p, PEXPR_LT, j, w->hi)), &then,
	             NULL);
	low_close(&row);
	if (arranged)
		low_close(&delays);
}

/* Signals that have passed the features of a staged connection. */
static void
passed(void *env, PlanEmit *b, const LowIndex *at, PlanExpr *i, PlanExpr *j)
{
	Deliver *w = env;
	Lower *l = w->l;
	Plan *p = l->p;
	PlanEmit then = plan_emit(p, b->code);
	PlanExpr *e = low_kept_signal(l, &then, w->conn, w->past, w->keys, w->item, at, i, j);
	low_send(l, &then, w->conn, w->into, w->now, w->item, i, j, at, e);
	plan_emit_if(b, plan_binary(p, PEXPR_AND, plan_binary(p, PEXPR_GE, j, w->lo), plan_binary(p, PEXPR_LT, j, w->hi)), &then,
	             NULL);
}

static Deliver
delivery(Lower *l, PlanEmit *b, uint32_t conn, uint32_t into, PlanExpr *item)
{
	const NetConn *c = &l->net->conns.at[conn];
	return (Deliver){.l = l, .conn = conn, .into = into, .c = c, .p = &c->pattern, .item = item, .lo = low_lo(b), .hi = low_hi(b),
	                 .gather = NO_BUF};
}

uint32_t
low_let_pass(Lower *l, uint32_t conn)
{
	const NetConn *c = &l->net->conns.at[conn];
	uint32_t id = low_add_kernel(l, l->net->layers.at[c->post].n, "%s.gather", c->name);
	PlanEmit b = plan_emit(l->p, l->p->codes.at[id]);
	LowLoop items = low_items(l, &b);
	Deliver w = delivery(l, low_body(&items), conn, NO_BUF, items.index);
	w.lo = low_lo(&b);
	w.hi = low_hi(&b);
	w.gather = l->conns[conn].signal;
	LowLoop zero = low_loop(low_body(&items), "j", w.lo, w.hi, true);
	low_store(low_body(&zero), w.gather, low_real(l, 0), 3, items.index, zero.index, low_i64(l, 0));
	low_close(&zero);
	if (c->pattern.kind == NPAT_POOL)
		pools(&w, low_body(&items));
	else
		means(&w, low_body(&items));
	low_close(&items);
	l->p->codes.at[id]->body = plan_freeze(&b);
	return id;
}

void
low_deliver_pattern(Lower *l, PlanEmit *b, uint32_t conn, uint32_t into, PlanExpr *item, PlanExpr *past)
{
	const NetConn *c = &l->net->conns.at[conn];
	Deliver w = delivery(l, b, conn, into, item);
	w.past = past;
	if (low_delays_sums(c))
		w.now = low_slot_now(l, b, conn, c->features.n - 1);
	if (past || !l->conns[conn].staged)
		w.keys = low_feature_keys(l, b, conn);
	if (l->conns[conn].staged) {
		PlanExpr *all = low_i64(l, (int64_t)low_pair_range(l, conn, false));
		low_each_place(l, b, conn, false, low_i64(l, 0), all, passed, &w);
		return;
	}
	switch (c->pattern.kind) {
	case NPAT_CONV:
	case NPAT_LOCAL:
		sources(&w, b, windows);
		return;
	case NPAT_POOL:
		pools(&w, b);
		return;
	case NPAT_MEAN:
		means(&w, b);
		return;
	case NPAT_ONE_TO_ONE:
		pairs(&w, b);
		return;
	case NPAT_SPARSE:
		sources(&w, b, listed);
		return;
	case NPAT_ALL:
	case NPAT_COUNT:
		break;
	}
	UNREACHABLE();
}
