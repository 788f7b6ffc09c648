/* lower_deliver: A of a step: the input of a layer from the spikes of the previous step.
 *
 * Each connection sums from +0 in ascending pre index; then connections add in order; then the layer's own drive. Where a
 * silent neuron contributes exactly zero (every feature multiplies or gates), only the rows of spiking neurons are read.
 * Where no feature is stored and spikes are bits, the sum is count times value and costs O(n).
 */
#include "base/panic.h"
#include "lower/lower_inner.h"

/* ---- is the signal of a silent neuron zero? ---------------------------------------------------- */

static bool
zero_expr(const NetExpr *e, bool signal_zero)
{
	switch (e->kind) {
	case NEXPR_INPUT: return signal_zero;
	case NEXPR_SPIKE: return e->side == NSIDE_PRE;    /* of a silent neuron */
	case NEXPR_CONST: return e->value == 0;
	case NEXPR_UNARY: return e->op_kind == NOP_NEG && zero_expr(e->op[0], signal_zero);
	case NEXPR_IF: return zero_expr(e->op[0], signal_zero) && zero_expr(e->op[2], signal_zero);
	case NEXPR_BINARY:
		if (e->op_kind == NOP_MUL)
			return zero_expr(e->op[0], signal_zero) || zero_expr(e->op[1], signal_zero);
		if (e->op_kind == NOP_ADD || e->op_kind == NOP_SUB)
			return zero_expr(e->op[0], signal_zero) && zero_expr(e->op[1], signal_zero);
		return false;
	default: return false;
	}
}

static bool
zero_after(NetBlock b, bool zero)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const NetStmt *s = b.at[i];
		if (s->kind == NSTMT_LET)
			continue;
		if (s->kind == NSTMT_IF) {
			zero = zero_after(s->body, zero) && zero_after(s->other, zero);
			continue;
		}
		if (s->kind != NSTMT_ASSIGN)
			return false;
		if (s->target->kind != NEXPR_INPUT)       /* a state */
			continue;
		bool e = zero_expr(s->e, zero);
		zero = s->op == NSET ? e : s->op == NMUL ? zero || e : s->op == NDIV ? zero : zero && e;
	}
	return zero;
}

bool
low_event_driven(const Lower *l, uint32_t conn)
{
	const NetConn *c = &l->net->conns.at[conn];
	bool zero = true;
	for (uint32_t k = 0; k < c->features.n; k++)
		if (low_feature_is_staged(l, conn, k))
			return false;
	for (uint32_t k = 0; k < c->features.n; k++)
		if (!c->features.at[k].of_post)
			zero = zero_after(c->features.at[k].compute.body, zero);
	return zero;
}

/* ---- loops ---------------------------------------------------------------------------------------- */

static void
add_to(Lower *l, PlanEmit *b, uint32_t into, PlanExpr *item, PlanExpr *j, PlanExpr *e)
{
	low_store(b, into, plan_binary(l->p, PEXPR_ADD, low_load(l, into, 2, item, j), e), 2, item, j);
}

void
low_send(Lower *l, PlanEmit *b, uint32_t conn, uint32_t into, PlanExpr *now, PlanExpr *item, PlanExpr *i, PlanExpr *j,
         const LowIndex *at, PlanExpr *e)
{
	if (!now) {
		add_to(l, b, into, item, j, e);
		return;
	}
	Scope s = low_scope(l, b);
	s.conn = conn;
	s.feature = l->net->conns.at[conn].features.n - 1;
	s.item = item;
	s.pre = i;
	s.post = j;
	s.at = at;
	uint32_t ring = l->conns[conn].features[s.feature].ring;
	PlanExpr *slot = low_keep(b, "slot", low_slot_later(&s, now));
	low_store(b, ring, plan_binary(l->p, PEXPR_ADD, low_load(l, ring, 3, slot, item, j), e), 3, slot, item, j);
}

/* What a delay lets arrive in this step; its slot is free then for what leaves after the longest delay. */
static void
come_out(Lower *l, PlanEmit *b, uint32_t conn, uint32_t into, PlanExpr *item)
{
	const NetConn *c = &l->net->conns.at[conn];
	uint32_t k = c->features.n - 1, ring = l->conns[conn].features[k].ring;
	PlanExpr *now = low_slot_now(l, b, conn, k);
	LowLoop cols = low_loop(b, "j", low_lo(b), low_hi(b), true);
	add_to(l, low_body(&cols), into, item, cols.index, low_load(l, ring, 3, now, item, cols.index));
	low_store(low_body(&cols), ring, low_real(l, 0), 3, now, item, cols.index);
	low_close(&cols);
}

PlanExpr *
low_spike_of(Lower *l, uint32_t conn, PlanExpr *past, PlanExpr *item, PlanExpr *i)
{
	PlanExpr *spike = past ? low_load(l, l->conns[conn].past, 3, past, item, i)
	                       : low_load(l, l->layers[l->net->conns.at[conn].pre].spikes, 2, item, i);
	return plan_cast(l->p, l->real, spike);
}

static void
rows(Lower *l, PlanEmit *b, uint32_t conn, uint32_t into, PlanExpr *item, PlanExpr *past)
{
	Plan *p = l->p;
	const NetConn *c = &l->net->conns.at[conn];
	const LowLayer *pre = &l->layers[c->pre];
	PlanExpr *now = low_delays_sums(c) ? low_slot_now(l, b, conn, c->features.n - 1) : NULL;
	LowKeys *keys = past || !l->conns[conn].staged ? low_feature_keys(l, b, conn) : NULL;
	if (l->conns[conn].staged) {                      /* the signals are there */
		LowLoop all = low_loop(b, "i", low_i64(l, 0), low_i64(l, (int64_t)l->net->layers.at[c->pre].n), false);
		LowLoop cols = low_loop(low_body(&all), "j", low_lo(b), low_hi(b), true);
		PlanExpr *e = low_kept_signal(l, low_body(&cols), conn, past, keys, item, NULL, all.index, cols.index);
		low_send(l, low_body(&cols), conn, into, now, item, all.index, cols.index, NULL, e);
		low_close(&cols);
		low_close(&all);
		return;
	}
	bool zero = low_event_driven(l, conn), events = zero && !past;
	PlanExpr *n = events ? plan_cast(p, PT_I64, low_load(l, pre->count, 1, item)) : low_i64(l, (int64_t)l->net->layers.at[c->pre].n);
	LowLoop outer = low_loop(b, events ? "k" : "i", low_i64(l, 0), n, false);
	PlanEmit *in = low_body(&outer);
	PlanExpr *i = outer.index;
	if (events)
		i = plan_emit_let(in, "i", plan_cast(p, PT_I64, low_load(l, pre->list, 2, item, outer.index)));
	PlanExpr *signal = low_real(l, 1);
	if (l->conns[conn].rows)
		signal = plan_emit_let(in, "s", low_load(l, l->conns[conn].sent, 2, item, i));
	else if (l->net->layers.at[c->pre].values || !events)
		signal = plan_emit_let(in, "s", low_spike_of(l, conn, past, item, i));
	PlanEmit some = plan_emit(p, b->code);
	LowLoop cols = low_loop(zero && past ? &some : in, "j", low_lo(b), low_hi(b), true);
	PlanExpr *e = low_through(l, low_body(&cols), conn, l->conns[conn].rows, low_synaptic(c), keys, item, i, cols.index, NULL, signal);
	low_send(l, low_body(&cols), conn, into, now, item, i, cols.index, NULL, e);
	low_close(&cols);
	if (zero && past)
		plan_emit_if(in, plan_binary(p, PEXPR_NE, signal, low_real(l, 0)), &some, NULL);
	low_close(&outer);
}

/* Whether neuron j of the pre layer spiked; false beyond its last neuron. */
static PlanExpr *
own_spike(Lower *l, PlanEmit *b, uint32_t conn, PlanExpr *item, PlanExpr *j)
{
	Plan *p = l->p;
	const NetConn *c = &l->net->conns.at[conn];
	int64_t npre = (int64_t)l->net->layers.at[c->pre].n, npost = (int64_t)l->net->layers.at[c->post].n;
	uint32_t spikes = l->layers[c->pre].spikes;
	if (npost <= npre)
		return plan_emit_let(b, "own", low_load(l, spikes, 2, item, j));
	PlanExpr *inside = plan_binary(p, PEXPR_LT, j, low_i64(l, npre));
	PlanExpr *at = plan_ternary(p, PEXPR_SELECT, inside, j, low_i64(l, 0));
	return plan_emit_let(b, "own", plan_binary(p, PEXPR_AND, low_load(l, spikes, 2, item, at), inside));
}

/* No feature is stored: I_j = (count - s_j) * elsewhere + s_j * diagonal, i.e. count times value. */
static void
closed_form(Lower *l, PlanEmit *b, uint32_t conn, uint32_t into, PlanExpr *item)
{
	Plan *p = l->p;
	double on = low_fixed_signal(l, conn, true), off = low_fixed_signal(l, conn, false);
	if (on == 0 && off == 0)
		return;
	PlanExpr *n = low_load(l, l->layers[l->net->conns.at[conn].pre].count, 1, item);
	PlanExpr *count = plan_emit_let(b, "count", plan_cast(p, PT_I64, n));
	PlanEmit some = plan_emit(p, b->code);
	LowLoop cols = low_loop(&some, "j", low_lo(b), low_hi(b), true);
	PlanEmit *in = low_body(&cols);
	PlanExpr *sum = NULL;
	if (on == off) {
		sum = plan_binary(p, PEXPR_MUL, plan_cast(p, l->real, count), low_real(l, off));
	} else {
		PlanExpr *own = own_spike(l, in, conn, item, cols.index);
		PlanExpr *others = plan_binary(p, PEXPR_SUB, count, plan_cast(p, PT_I64, own));
		PlanExpr *rest = plan_binary(p, PEXPR_MUL, plan_cast(p, l->real, others), low_real(l, off));
		PlanExpr *self = plan_ternary(p, PEXPR_SELECT, own, low_real(l, on), low_real(l, 0));
		sum = off == 0 ? self : on == 0 ? rest : plan_binary(p, PEXPR_ADD, rest, self);
	}
	add_to(l, in, into, item, cols.index, sum);
	low_close(&cols);
	plan_emit_if(b, plan_binary(p, PEXPR_GT, count, low_i64(l, 0)), &some, NULL);
}

uint32_t
low_synaptic(const NetConn *c)
{
	uint32_t n = 0;
	while (n < c->features.n && !c->features.at[n].of_post)
		n++;
	return n;
}

static bool
meets_sum(const NetConn *c)
{
	return low_synaptic(c) < c->features.n;
}

static bool
has_closed_form(const Lower *l, uint32_t conn)
{
	const NetConn *c = &l->net->conns.at[conn];
	if (c->pattern.kind != NPAT_ALL || l->net->layers.at[c->pre].values || !low_event_driven(l, conn) || meets_sum(c) || l->conns[conn].rows ||
	    low_delays_sums(c))
		return false;
	for (uint32_t k = 0; k < c->features.n; k++) {
		NetBlock b = c->features.at[k].compute.body;
		if (l->conns[conn].features[k].buf != NO_BUF)
			return false;
		for (uint32_t n = 0; n < b.n; n++)
			if (b.at[n]->kind != NSTMT_ASSIGN || !low_is_fixed(b.at[n]->e))
				return false;
	}
	return true;
}

void
low_fill_zero(Lower *l, PlanEmit *b, uint32_t buf, PlanExpr *item)
{
	LowLoop zero = low_loop(b, "j", low_lo(b), low_hi(b), true);
	low_store(low_body(&zero), buf, low_real(l, 0), 2, item, zero.index);
	low_close(&zero);
}

void
low_add_vector(Lower *l, PlanEmit *b, uint32_t into, uint32_t from, PlanExpr *item)
{
	LowLoop add = low_loop(b, "j", low_lo(b), low_hi(b), true);
	add_to(l, low_body(&add), into, item, add.index, low_load(l, from, 2, item, add.index));
	low_close(&add);
}

/* Adds to zeros what a connection brings, behind its features before `last`. */
void
low_arrive(Lower *l, PlanEmit *b, uint32_t conn, uint32_t into, PlanExpr *item, PlanExpr *past, uint32_t last)
{
	const NetConn *c = &l->net->conns.at[conn];
	uint32_t first = low_synaptic(c);
	if (past && low_remembers_sums(l, conn)) {
		LowLoop sums = low_loop(b, "j", low_lo(b), low_hi(b), true);
		low_store(low_body(&sums), into, low_load(l, l->conns[conn].past, 3, past, item, sums.index), 2, item, sums.index);
		low_close(&sums);
		first = l->conns[conn].behind;
	} else if (c->pattern.kind == NPAT_ALL) {
		rows(l, b, conn, into, item, past);
	} else {
		low_deliver_pattern(l, b, conn, into, item, past);
	}
	if (low_delays_sums(c) && !past && !low_ring_is_shared_later(l, conn))
		come_out(l, b, conn, into, item);
	if (first >= last)
		return;
	LowKeys *keys = low_feature_keys(l, b, conn);
	LowLoop loop = low_loop(b, "j", low_lo(b), low_hi(b), true);
	PlanEmit *in = low_body(&loop);
	LowIndex at = {1, {low_channel(l, in, conn, loop.index)}};
	PlanExpr *sum = plan_emit_let(in, "sum", low_load(l, into, 2, item, loop.index));
	sum = low_through(l, in, conn, first, last, keys, item, NULL, loop.index, &at, sum);
	low_store(in, into, sum, 2, item, loop.index);
	low_close(&loop);
}

uint32_t
low_input_sum(Lower *l, uint32_t layer, uint32_t *sum)
{
	const NetLayer *n = &l->net->layers.at[layer];
	PlanAxis axes[2] = {low_axis(AXIS_BATCH, l->batch), low_axis(AXIS_NEURON, n->n)};
	if (*sum == NO_BUF)
		*sum = low_add_buf(l, l->real, ROLE_SCRATCH, 2, axes, "%s.input_sum", n->name);
	return *sum;
}

/* What arrives at a port: its connections in order, then its file. */
static void
collect_port(Lower *l, PlanEmit *in, uint32_t layer, uint32_t port, PlanExpr *item, uint32_t *sum)
{
	const LowPort *low = &l->layers[layer].ports[port];
	uint32_t nconns = 0;
	low_fill_zero(l, in, low->input, item);
	for (uint32_t c = 0; c < l->net->conns.n; c++) {
		if (l->net->conns.at[c].post != layer || l->net->conns.at[c].port != port)
			continue;
		plan_emit_note(in, "%s", l->net->conns.at[c].name);
		if (has_closed_form(l, c)) {
			closed_form(l, in, c, low->input, item);
		} else if (nconns == 0 || low_delays_sums(&l->net->conns.at[c])) {
			low_arrive(l, in, c, low->input, item, NULL, l->net->conns.at[c].features.n);
		} else {                                  /* a sum of its own first */
			low_fill_zero(l, in, low_input_sum(l, layer, sum), item);
			low_arrive(l, in, c, *sum, item, NULL, l->net->conns.at[c].features.n);
			low_add_vector(l, in, low->input, *sum, item);
		}
		nconns++;
	}
	if (low->drive != NO_BUF)
		low_add_vector(l, in, low->input, low->drive, item);
}

void
low_collect(Lower *l, uint32_t layer)
{
	Plan *p = l->p;
	const NetLayer *n = &l->net->layers.at[layer];
	LowLayer *low = &l->layers[layer];
	uint32_t sum = NO_BUF;
	bool any = false;
	low->collect = UINT32_MAX;
	for (uint32_t c = 0; c < l->net->conns.n; c++)
		if (l->net->conns.at[c].post == layer && low_looks_back(l, c))
			low_remember(l, c);
	for (uint32_t k = 0; k < n->ports.n; k++)
		any |= low->ports[k].input != NO_BUF || low->ports[k].window != NO_BUF;
	if (!any)
		return;
	low->collect = low_add_kernel(l, n->n, "%s.collect", n->name);
	PlanEmit b = plan_emit(p, p->codes.at[low->collect]);
	LowLoop items = low_items(l, &b);
	for (uint32_t k = 0; k < n->ports.n; k++) {
		if (low->ports[k].window != NO_BUF)
			low_collect_window(l, low_body(&items), layer, k, items.index, &sum);
		if (low->ports[k].input != NO_BUF)
			collect_port(l, low_body(&items), layer, k, items.index, &sum);
	}
	low_close(&items);
	p->codes.at[low->collect]->body = plan_freeze(&b);
}
