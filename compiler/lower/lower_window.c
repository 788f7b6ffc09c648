/* lower_window: neurons that look back: input[k] is what a connection brings, through the values of now, of what was sent k
 * steps ago; spike[k] the own spike of k + 1 steps ago.
 *
 * Delivery computes the whole window anew in each step, since values may have changed. What lies in the past is kept in
 * rings: slot = step modulo the number of slots, never cleared. A layer keeps its own spikes as its step leaves them, and
 * the rows of its file; a connection keeps what it delivers. Features that have states, delay, or read the sum of all
 * signals act once, when the spike passes, and so do pools and means: kept is what leaves the last of them.
 *
 *   nothing of the kind                  the spikes [slot, batch, pre]
 *   one among the features of synapses   the signals [slot, batch, pair]
 *   one behind the sum, or a delay       the sums [slot, batch, post]
 *     of sums
 */
#include "lower/lower_inner.h"

bool
low_looks_back(const Lower *l, uint32_t conn)
{
	const NetConn *c = &l->net->conns.at[conn];
	return l->net->layers.at[c->post].ports.at[c->port].window != 0;
}

/* The features before `behind` act once. */
void
low_find_behind(Lower *l, uint32_t conn)
{
	const NetConn *c = &l->net->conns.at[conn];
	for (uint32_t k = 0; k < c->features.n; k++) {
		const NetFeature *f = &c->features.at[k];
		if (f->states.n || f->slots > 1 || low_has_expr(f->compute.body, NEXPR_TOTAL))
			l->conns[conn].behind = k + 1;
	}
}

bool
low_remembers_sums(const Lower *l, uint32_t conn)
{
	const NetConn *c = &l->net->conns.at[conn];
	return l->conns[conn].behind > low_synaptic(c) || low_delays_sums(c);
}

void
low_window_buffers(Lower *l, uint32_t layer)
{
	const NetLayer *n = &l->net->layers.at[layer];
	LowLayer *low = &l->layers[layer];
	PlanAxis axes[3] = {low_axis(AXIS_SLOT, n->memory), low_axis(AXIS_BATCH, l->batch), low_axis(AXIS_NEURON, n->n)};
	if (n->memory)
		low->memory = low_add_buf(l, n->values ? l->real : PT_BOOL, ROLE_STATE, 3, axes, "%s.past_spikes", n->name);
	for (uint32_t k = 0; k < n->ports.n; k++) {
		const NetPort *port = &n->ports.at[k];
		const char *name = port->name ? port->name : "input";
		axes[0].extent = port->window;
		if (port->window)
			low->ports[k].window = low_add_buf(l, l->real, ROLE_SCRATCH, 3, axes, "%s.%s_window", n->name, name);
		if (port->window && port->stream != NET_NONE)
			low->ports[k].past_drive = low_add_buf(l, l->real, ROLE_STATE, 3, axes, "%s.past_%s", n->name, name);
	}
}

PlanExpr *
low_slot(Lower *l, PlanEmit *b, uint32_t slots)
{
	PlanExpr *step = plan_cast(l->p, PT_I64, low_load(l, l->step, 0));
	return plan_emit_let(b, "slot", plan_binary(l->p, PEXPR_REM, step, low_i64(l, slots)));
}

/* The slot of `ago` steps before `now`. */
static PlanExpr *
slot_before(Lower *l, PlanExpr *now, uint32_t ago, uint32_t slots)
{
	PlanExpr *at = plan_binary(l->p, PEXPR_ADD, now, low_i64(l, (int64_t)slots - ago % slots));
	return plan_binary(l->p, PEXPR_REM, at, low_i64(l, slots));
}

PlanExpr *
low_past_input(Scope *s, const NetExpr *e)
{
	return low_load(s->l, s->l->layers[s->layer].ports[e->port].window, 3, low_i64(s->l, e->index), s->item, s->own);
}

PlanExpr *
low_past_spike(Scope *s, uint32_t index)
{
	Lower *l = s->l;
	PlanExpr *at = slot_before(l, s->now, index, l->net->layers.at[s->layer].memory);
	return plan_cast(l->p, l->real, low_load(l, l->layers[s->layer].memory, 3, at, s->item, s->own));
}

/* ---- what connections keep ------------------------------------------------------------------------------- */

/* past[now, item, …] := from[item, …], over the axes that it has behind the item. */
static void
keep_all(Lower *l, PlanEmit *b, uint32_t past, uint32_t from, PlanExpr *now, PlanExpr *item)
{
	const PlanBuf *buf = &l->p->bufs.at[from];
	LowLoop first = low_loop(b, "i", low_lo(b), low_hi(b), buf->naxes == 2);
	if (buf->naxes == 2) {
		low_store(low_body(&first), past, low_load(l, from, 2, item, first.index), 3, now, item, first.index);
	} else {
		LowLoop second = low_loop(low_body(&first), "j", low_i64(l, 0), low_i64(l, (int64_t)buf->axis[2].extent), true);
		low_store(low_body(&second), past, low_load(l, from, 3, item, first.index, second.index), 4, now, item, first.index,
		          second.index);
		low_close(&second);
	}
	low_close(&first);
}

void
low_remember(Lower *l, uint32_t conn)
{
	Plan *p = l->p;
	const NetConn *c = &l->net->conns.at[conn];
	LowConn *low = &l->conns[conn];
	bool sums = low_remembers_sums(l, conn);
	uint32_t slots = l->net->layers.at[c->post].ports.at[c->port].window, from = low->staged ? low->signal : l->layers[c->pre].spikes;
	if (sums) {
		PlanAxis axes[2] = {low_axis(AXIS_BATCH, l->batch), low_axis(AXIS_POST, l->net->layers.at[c->post].n)};
		from = low_add_buf(l, l->real, ROLE_SCRATCH, 2, axes, "%s.arrives", c->name);
	}
	PlanBuf kept = p->bufs.at[from];                  /* the buffers may move */
	PlanAxis axes[4] = {low_axis(AXIS_SLOT, slots), kept.axis[0], kept.axis[1], kept.axis[2]};
	const char *what = sums ? "past_sums" : low->staged ? "past_signals" : "past_spikes";
	low->past = low_add_buf(l, kept.type, ROLE_STATE, 1 + kept.naxes, axes, "%s.%s", c->name, what);
	low->remember = low_add_kernel(l, kept.axis[1].extent, "%s.remember", c->name);
	PlanEmit b = plan_emit(p, p->codes.at[low->remember]);
	PlanExpr *now = low_slot(l, &b, slots);
	LowLoop items = low_items(l, &b);
	if (sums) {
		low_fill_zero(l, low_body(&items), from, items.index);
		low_arrive(l, low_body(&items), conn, from, items.index, NULL, low->behind);
	}
	keep_all(l, low_body(&items), low->past, from, now, items.index);
	low_close(&items);
	p->codes.at[low->remember]->body = plan_freeze(&b);
}

/* ---- what arrives ----------------------------------------------------------------------------------------- */

/* window[age] += from[item] */
static void
add_to_window(Lower *l, PlanEmit *b, uint32_t window, PlanExpr *age, PlanExpr *item, uint32_t from, PlanExpr *slot)
{
	LowLoop loop = low_loop(b, "j", low_lo(b), low_hi(b), true);
	PlanExpr *more = slot ? low_load(l, from, 3, slot, item, loop.index) : low_load(l, from, 2, item, loop.index);
	PlanExpr *old = low_load(l, window, 3, age, item, loop.index);
	low_store(low_body(&loop), window, plan_binary(l->p, PEXPR_ADD, old, more), 3, age, item, loop.index);
	low_close(&loop);
}

/* Of each age what the connections of a port bring, in order, then its file. */
void
low_collect_window(Lower *l, PlanEmit *b, uint32_t layer, uint32_t port, PlanExpr *item, uint32_t *sum)
{
	Plan *p = l->p;
	const LowPort *low = &l->layers[layer].ports[port];
	PlanExpr *slots = low_i64(l, l->net->layers.at[layer].ports.at[port].window);
	PlanExpr *now = low_slot(l, b, l->net->layers.at[layer].ports.at[port].window);
	if (low->past_drive != NO_BUF)
		keep_all(l, b, low->past_drive, low->drive, now, item);
	LowLoop ages = low_loop(b, "age", low_i64(l, 0), slots, false);
	PlanEmit *in = low_body(&ages);
	PlanExpr *at = plan_binary(p, PEXPR_ADD, now, plan_binary(p, PEXPR_SUB, slots, ages.index));
	at = plan_emit_let(in, "at", plan_binary(p, PEXPR_REM, at, slots));
	LowLoop zero = low_loop(in, "j", low_lo(b), low_hi(b), true);
	low_store(low_body(&zero), low->window, low_real(l, 0), 3, ages.index, item, zero.index);
	low_close(&zero);
	for (uint32_t c = 0; c < l->net->conns.n; c++) {
		if (l->net->conns.at[c].post != layer || l->net->conns.at[c].port != port)
			continue;
		plan_emit_note(in, "%s", l->net->conns.at[c].name);
		low_fill_zero(l, in, low_input_sum(l, layer, sum), item);
		low_arrive(l, in, c, *sum, item, at, l->net->conns.at[c].features.n);
		add_to_window(l, in, low->window, ages.index, item, *sum, NULL);
	}
	if (low->past_drive != NO_BUF)
		add_to_window(l, in, low->window, ages.index, item, low->past_drive, at);
	low_close(&ages);
}
