/* lower_window: neurons that look back: input[k] is what the spikes of k steps ago bring through the weights of now,
 * spike[k] the own spike of k + 1 steps ago.
 *
 * Past spikes lie in rings: slot = step modulo the number of slots, never cleared. Those that a connection delivers are
 * kept by the connection, as they are when it delivers; those that a neuron reads are kept by its layer, as its step
 * leaves them. Delivery computes the whole window anew, since weights may have changed.
 */
#include "lower/lower_inner.h"

void
low_window_buffers(Lower *l, uint32_t layer)
{
	const NetLayer *n = &l->net->layers.at[layer];
	LowLayer *low = &l->layers[layer];
	PlanAxis axes[3] = {low_axis(AXIS_SLOT, n->window), low_axis(AXIS_BATCH, l->batch), low_axis(AXIS_NEURON, n->n)};
	if (n->window && n->ports.at[0].stream != NET_NONE)
		low_not_yet(l, n->span, "a file as the input of neurons that look back on their input");
	if (n->window)
		low->window = low_add_buf(l, l->real, ROLE_SCRATCH, 3, axes, "%s.input_window", n->name);
	axes[0].extent = n->memory;
	if (n->memory)
		low->memory = low_add_buf(l, n->values ? l->real : PT_BOOL, ROLE_STATE, 3, axes, "%s.past_spikes", n->name);
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
low_past_input(Scope *s, uint32_t age)
{
	Lower *l = s->l;
	return low_load(l, l->layers[s->layer].window, 3, low_i64(l, age), s->item, s->own);
}

PlanExpr *
low_past_spike(Scope *s, uint32_t index)
{
	Lower *l = s->l;
	PlanExpr *at = slot_before(l, s->now, index, l->net->layers.at[s->layer].memory);
	return plan_cast(l->p, l->real, low_load(l, l->layers[s->layer].memory, 3, at, s->item, s->own));
}

/* Keeps the spikes that are delivered now. */
static void
remember_kernel(Lower *l, uint32_t conn, uint32_t slots)
{
	Plan *p = l->p;
	const NetConn *c = &l->net->conns.at[conn];
	const NetLayer *pre = &l->net->layers.at[c->pre];
	LowConn *low = &l->conns[conn];
	uint32_t spikes = l->layers[c->pre].spikes;
	PlanAxis axes[3] = {low_axis(AXIS_SLOT, slots), low_axis(AXIS_BATCH, l->batch), low_axis(AXIS_PRE, pre->n)};
	low->past = low_add_buf(l, p->bufs.at[spikes].type, ROLE_STATE, 3, axes, "%s.past_spikes", c->name);
	low->remember = low_add_kernel(l, pre->n, "%s.remember", c->name);
	PlanEmit b = plan_emit(p, p->codes.at[low->remember]);
	PlanExpr *now = low_slot(l, &b, slots);
	LowLoop items = low_items(l, &b);
	LowLoop rows = low_loop(low_body(&items), "i", low_lo(&b), low_hi(&b), true);
	low_store(low_body(&rows), low->past, low_load(l, spikes, 2, items.index, rows.index), 3, now, items.index, rows.index);
	low_close(&rows);
	low_close(&items);
	p->codes.at[low->remember]->body = plan_freeze(&b);
}

/* One connection, one age: all rows whose neuron was not silent, or all rows if silence may bring something too. */
static void
rows_of(Lower *l, PlanEmit *b, uint32_t conn, PlanExpr *item, PlanExpr *age, PlanExpr *at, PlanExpr *lo, PlanExpr *hi)
{
	Plan *p = l->p;
	const NetConn *c = &l->net->conns.at[conn];
	uint32_t window = l->layers[c->post].window;
	LowKeys *keys = low_feature_keys(l, b, conn);
	LowLoop rows = low_loop(b, "i", low_i64(l, 0), low_i64(l, (int64_t)l->net->layers.at[c->pre].n), false);
	PlanEmit *in = low_body(&rows);
	PlanExpr *spike = plan_emit_let(in, "s", plan_cast(p, l->real, low_load(l, l->conns[conn].past, 3, at, item, rows.index)));
	PlanEmit some = plan_emit(p, b->code);
	bool events = low_event_driven(l, conn);
	LowLoop cols = low_loop(events ? &some : in, "j", lo, hi, true);
	PlanEmit *body = low_body(&cols);
	PlanExpr *more = low_through(l, body, conn, 0, low_synaptic(c), keys, item, rows.index, cols.index, NULL, spike);
	PlanExpr *old = low_load(l, window, 3, age, item, cols.index);
	low_store(body, window, plan_binary(p, PEXPR_ADD, old, more), 3, age, item, cols.index);
	low_close(&cols);
	if (events)
		plan_emit_if(in, plan_binary(p, PEXPR_NE, spike, low_real(l, 0)), &some, NULL);
	low_close(&rows);
	if (low_synaptic(c) == c->features.n)
		return;
	LowLoop sums = low_loop(b, "j", lo, hi, true);    /* what meets the sum does so at every age */
	LowIndex place = {1, {sums.index}};
	PlanExpr *sum = plan_emit_let(low_body(&sums), "sum", low_load(l, window, 3, age, item, sums.index));
	sum = low_through(l, low_body(&sums), conn, low_synaptic(c), c->features.n, keys, item, NULL, sums.index, &place, sum);
	low_store(low_body(&sums), window, sum, 3, age, item, sums.index);
	low_close(&sums);
}

void
low_collect_window(Lower *l, uint32_t layer)
{
	Plan *p = l->p;
	const NetLayer *n = &l->net->layers.at[layer];
	LowLayer *low = &l->layers[layer];
	uint32_t nconns = 0;
	for (uint32_t c = 0; c < l->net->conns.n; c++) {
		if (l->net->conns.at[c].post != layer)
			continue;
		if (nconns++ > 0 && low_synaptic(&l->net->conns.at[c]) != l->net->conns.at[c].features.n)
			low_not_yet(l, l->net->conns.at[c].span, "a second connection with features of sums, to neurons that look back on their input");
		bool remembers = l->conns[c].staged;
		for (uint32_t k = 0; k < l->net->conns.at[c].features.n; k++)
			remembers |= l->net->conns.at[c].features.at[k].states.n || l->net->conns.at[c].features.at[k].delay;
		if (remembers || l->net->conns.at[c].pattern.kind != NPAT_ALL)
			low_not_yet(l, l->net->conns.at[c].span, "patterns and features with states in front of neurons that look back on their input");
		remember_kernel(l, c, n->window);
	}
	low->collect = low_add_kernel(l, n->n, "%s.collect", n->name);
	PlanEmit b = plan_emit(p, p->codes.at[low->collect]);
	PlanExpr *lo = low_lo(&b), *hi = low_hi(&b), *now = low_slot(l, &b, n->window);
	LowLoop ages = low_loop(&b, "age", low_i64(l, 0), low_i64(l, n->window), false);
	PlanEmit *in = low_body(&ages);
	PlanExpr *back = plan_binary(p, PEXPR_SUB, low_i64(l, n->window), ages.index);
	PlanExpr *at = plan_binary(p, PEXPR_REM, plan_binary(p, PEXPR_ADD, now, back), low_i64(l, n->window));
	at = plan_emit_let(in, "at", at);
	LowLoop items = low_items(l, in);
	LowLoop zero = low_loop(low_body(&items), "j", lo, hi, true);
	low_store(low_body(&zero), low->window, low_real(l, 0), 3, ages.index, items.index, zero.index);
	low_close(&zero);
	for (uint32_t c = 0; c < l->net->conns.n; c++)
		if (l->net->conns.at[c].post == layer && l->net->conns.at[c].pattern.kind == NPAT_ALL && !l->conns[c].staged)
			rows_of(l, low_body(&items), c, items.index, ages.index, at, lo, hi);
	low_close(&items);
	low_close(&ages);
	p->codes.at[low->collect]->body = plan_freeze(&b);
}
