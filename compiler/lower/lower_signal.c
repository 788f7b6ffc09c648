/* lower_signal: third factors.
 *
 * A signal that the protocol sets is a buffer. One from a file is filled at the beginning of the step. The others are worked
 * out behind the layers and before the rules, each in a kernel of its own, behind the signals that it reads: handlers in
 * order, then the value. Whether a signal was set or fed for this step is kept only where somebody waits for it; at the end
 * of the step that is over, and so are pulses.
 */
#include "lower/lower_inner.h"

#include <string.h>

/* ---- who asks for what ----------------------------------------------------------------------------------- */

typedef bool Asks(const NetExpr *e, const void *what);

static bool
expr_asks(const NetExpr *e, Asks *asks, const void *what)
{
	if (!e)
		return false;
	return asks(e, what) || expr_asks(e->op[0], asks, what) || expr_asks(e->op[1], asks, what) || expr_asks(e->op[2], asks, what);
}

static bool
block_asks(NetBlock b, Asks *asks, const void *what)
{
	for (uint32_t i = 0; i < b.n; i++)
		if (expr_asks(b.at[i]->e, asks, what) || block_asks(b.at[i]->body, asks, what) || block_asks(b.at[i]->other, asks, what))
			return true;
	return false;
}

static bool
signals_ask(const Net *n, Asks *asks, const void *what)
{
	for (uint32_t i = 0; i < n->signals.n; i++) {
		const NetSignal *g = &n->signals.at[i];
		if (expr_asks(g->value, asks, what))
			return true;
		for (uint32_t k = 0; k < g->handlers.n; k++)
			if (block_asks(g->handlers.at[k].code.body, asks, what))
				return true;
	}
	return false;
}

static bool
rules_ask(const Net *n, Asks *asks, const void *what)
{
	for (uint32_t c = 0; c < n->conns.n; c++)
		for (uint32_t f = 0; f < n->conns.at[c].features.n; f++) {
			const NetRule *r = &n->conns.at[c].features.at[f].rule;
			for (uint32_t k = 0; k < r->handlers.n; k++)
				if (block_asks(r->handlers.at[k].code.body, asks, what))
					return true;
		}
	return false;
}

static bool
protocol_asks(const NetProtocol *p, Asks *asks, const void *what)
{
	for (uint32_t i = 0; i < p->n; i++)
		if (expr_asks(p->at[i]->e, asks, what) || protocol_asks(&p->at[i]->body, asks, what)
		    || protocol_asks(&p->at[i]->other, asks, what))
			return true;
	return false;
}

static bool
waits_for(const NetExpr *e, const void *what)
{
	return e->kind == NEXPR_EVENT && e->index == *(const uint32_t *)what;
}

static bool
is_seen(const NetExpr *e, const void *what)
{
	const NetVar *v = what;
	return e->kind == NEXPR_SEEN && e->var.kind == v->kind && e->var.of == v->of && e->var.index == v->index;
}

bool
low_sees(const Net *n, NetVar v)
{
	return signals_ask(n, is_seen, &v) || protocol_asks(&n->protocol, is_seen, &v);
}

static bool
is_pulsed(const NetProtocol *p, uint32_t signal)
{
	for (uint32_t i = 0; i < p->n; i++)
		if ((p->at[i]->kind == NPROTO_SIGNAL && p->at[i]->pulse && p->at[i]->state == signal) || is_pulsed(&p->at[i]->body, signal)
		    || is_pulsed(&p->at[i]->other, signal))
			return true;
	return false;
}

/* ---- buffers ----------------------------------------------------------------------------------------------- */

static uint32_t
buffer(Lower *l, const NetSignal *g, PlanType type, const char *name)
{
	PlanAxis axes[2];
	uint32_t n = 0;
	if (g->per_item)
		axes[n++] = low_axis(AXIS_BATCH, l->batch);
	if (g->layer != NET_NONE)
		axes[n++] = low_axis(AXIS_NEURON, l->net->layers.at[g->layer].n);
	return low_add_buf(l, type, ROLE_STATE, n, axes, "%s", name);
}

static void
file_object(Lower *l, const NetSignal *g, const LowSignal *low)
{
	uint32_t o = plan_add_object(l->p, POBJ_STREAM, g->name);
	PlanObject *po = &l->p->objects.at[o];
	po->ntexts = po->nbufs = 1;
	po->texts = ARENA_ARRAY(l->a, const char *, 1);
	po->texts[0] = g->file;
	po->bufs = ARENA_ARRAY(l->a, uint32_t, 1);
	po->bufs[0] = low->buf;
	po->span = g->span;
}

void
low_signal_buffers(Lower *l)
{
	const Net *n = l->net;
	l->signals = ARENA_ARRAY(l->a, LowSignal, n->signals.n);
	for (uint32_t k = 0; k < n->signals.n; k++) {
		const NetSignal *g = &n->signals.at[k];
		LowSignal *low = &l->signals[k];
		bool awaited = signals_ask(n, waits_for, &k) || rules_ask(n, waits_for, &k);
		low->update = low->begin = low->reset = low->end = UINT32_MAX;
		low->buf = buffer(l, g, l->real, g->name);
		low->event = awaited ? buffer(l, g, PT_BOOL, arena_printf(l->a, "%s.event", g->name)) : NO_BUF;
		low->held = is_pulsed(&n->protocol, k) ? buffer(l, g, l->real, arena_printf(l->a, "%s.held", g->name)) : NO_BUF;
		low->states = ARENA_ARRAY(l->a, uint32_t, g->states.n);
		for (uint32_t i = 0; i < g->states.n; i++)
			low->states[i] = buffer(l, g, g->states.at[i].type == NT_BOOL ? PT_BOOL : l->real,
			                        arena_printf(l->a, "%s.%s", g->name, g->states.at[i].name));
		if (g->file)
			file_object(l, g, low);
	}
}

PlanExpr *
low_signal_at(const Scope *s, uint32_t buf, uint32_t signal, PlanExpr *neuron)
{
	const NetSignal *g = &s->l->net->signals.at[signal];
	if (g->layer == NET_NONE)
		return g->per_item ? low_load(s->l, buf, 1, s->item) : low_load(s->l, buf, 0);
	return g->per_item ? low_load(s->l, buf, 2, s->item, neuron) : low_load(s->l, buf, 1, neuron);
}

static void
store(const Scope *s, const NetSignal *g, uint32_t buf, PlanExpr *e)
{
	if (g->layer == NET_NONE && g->per_item)
		low_store(s->b, buf, e, 1, s->item);
	else if (g->layer == NET_NONE)
		low_store(s->b, buf, e, 0);
	else if (g->per_item)
		low_store(s->b, buf, e, 2, s->item, s->own);
	else
		low_store(s->b, buf, e, 1, s->own);
}

/* ---- instances ---------------------------------------------------------------------------------------------- */

/* Loops over the items and neurons of a signal; in is where one of them is. */
typedef struct { LowLoop items, neurons; Scope in; } Each;

static void
open_items(Lower *l, PlanEmit *b, const NetSignal *g, Each *e)
{
	e->items = (LowLoop){.outer = b, .index = low_i64(l, 0), .unit = true};
	if (g->per_item)
		e->items = low_items(l, b);
	e->in = low_scope(l, low_body(&e->items));
	e->in.item = e->items.index;
}

static void
open_neurons(Lower *l, const NetSignal *g, Each *e, PlanExpr *lo, PlanExpr *hi, bool simd)
{
	e->neurons = (LowLoop){.outer = e->in.b, .index = NULL, .unit = true};
	if (g->layer != NET_NONE)
		e->neurons = low_loop(e->in.b, "j", lo ? lo : low_i64(l, 0), hi ? hi : low_i64(l, (int64_t)l->net->layers.at[g->layer].n), simd);
	e->in.b = low_body(&e->neurons);
	e->in.own = e->neurons.index;
}

static void
close(Each *e)
{
	low_close(&e->neurons);
	low_close(&e->items);
}

static uint64_t
range_of(const Lower *l, const NetSignal *g)
{
	return g->layer == NET_NONE ? 1 : l->net->layers.at[g->layer].n;
}

/* ---- kernels -------------------------------------------------------------------------------------------------- */

/* Who draws: a neuron of an item. */
static PlanExpr *
object(Lower *l, PlanExpr *item, uint32_t layer, PlanExpr *neuron)
{
	PlanExpr *row = plan_binary(l->p, PEXPR_MUL, item, low_i64(l, (int64_t)l->net->layers.at[layer].n));
	return plan_binary(l->p, PEXPR_ADD, row, neuron);
}

/* What a handler does for every neuron that spiked in this item, in ascending order. */
static void
each_spike(Lower *l, const Scope *s, const NetSignalHandler *h)
{
	const LowLayer *layer = &l->layers[h->layer];
	PlanExpr *n = plan_cast(l->p, PT_I64, low_load(l, layer->count, 1, s->item));
	LowLoop loop = low_loop(s->b, "k", low_i64(l, 0), n, false);
	Scope in = *s;
	in.b = low_body(&loop);
	in.own = plan_emit_let(in.b, "i", plan_cast(l->p, PT_I64, low_load(l, layer->list, 2, s->item, loop.index)));
	in.spike[NSIDE_OWN] = plan_cast(l->p, l->real, low_load(l, layer->spikes, 2, s->item, in.own));
	in.object = object(l, s->item, h->layer, in.own);
	in.locals = ARENA_ARRAY(l->a, PlanExpr *, h->code.locals.n);
	low_block(&in, h->code.body, NULL);
	low_close(&loop);
}

static void
handlers(Lower *l, Scope *s, const NetSignal *g)
{
	for (uint32_t k = 0; k < g->handlers.n; k++) {
		const NetSignalHandler *h = &g->handlers.at[k];
		if (h->layer != NET_NONE) {
			each_spike(l, s, h);
			continue;
		}
		if (g->layer != NET_NONE)
			s->spike[NSIDE_OWN] = plan_cast(l->p, l->real, low_load(l, l->layers[g->layer].spikes, 2, s->item, s->own));
		s->locals = ARENA_ARRAY(l->a, PlanExpr *, h->code.locals.n);
		low_block(s, h->code.body, NULL);
	}
}

typedef enum { SIGNAL_STEP, SIGNAL_BEGIN, SIGNAL_RESET } SignalKernel;

/* The states of one instance, as variables. */
static void
load_states(Lower *l, Scope *s, uint32_t signal, SignalKernel kind)
{
	const NetSignal *g = &l->net->signals.at[signal];
	s->state_vars = ARENA_ARRAY(l->a, uint32_t, g->states.n);
	for (uint32_t i = 0; i < g->states.n; i++) {
		const NetState *st = &g->states.at[i];
		bool afresh = kind == SIGNAL_BEGIN || (kind == SIGNAL_RESET && !st->kept_on_reset);
		PlanExpr *v = afresh ? low_expr(s, st->init) : low_signal_at(s, l->signals[signal].states[i], signal, s->own);
		s->state_vars[i] = plan_emit_var(s->b, st->name, v);
	}
}

static uint32_t
kernel(Lower *l, uint32_t signal, SignalKernel kind)
{
	static const char *const names[] = {"update", "begin", "reset"};
	const NetSignal *g = &l->net->signals.at[signal];
	const LowSignal *low = &l->signals[signal];
	uint32_t id = low_add_kernel(l, range_of(l, g), "%s.%s", g->name, names[kind]);
	PlanEmit b = plan_emit(l->p, l->p->codes.at[id]);
	Each each;
	open_items(l, &b, g, &each);
	bool loops = false;
	if (g->layer != NET_NONE) {
		low_hoist(&each.in, g->value);
		for (uint32_t k = 0; k < g->handlers.n; k++) {
			low_hoist_block(&each.in, g->handlers.at[k].code.body);
			loops |= g->handlers.at[k].layer != NET_NONE;
		}
	}
	open_neurons(l, g, &each, low_lo(&b), low_hi(&b), !loops);
	Scope *s = &each.in;
	s->at_start = kind == SIGNAL_BEGIN;
	if (g->layer != NET_NONE)
		s->object = object(l, s->item, g->layer, s->own);
	load_states(l, s, signal, kind);
	if (kind == SIGNAL_STEP)
		handlers(l, s, g);
	for (uint32_t i = 0; i < g->states.n; i++)
		store(s, g, low->states[i], plan_local(l->p, s->b->code, s->state_vars[i]));
	PlanExpr *v = low_keep(s->b, "value", low_expr(s, g->value));
	store(s, g, low->buf, v);
	if (low->event != NO_BUF)
		store(s, g, low->event, kind == SIGNAL_STEP ? plan_binary(l->p, PEXPR_NE, v, low_real(l, 0)) : plan_int(l->p, PT_BOOL, 0));
	close(&each);
	l->p->codes.at[id]->body = plan_freeze(&b);
	return id;
}

static uint32_t
file_kernel(Lower *l, uint32_t signal)
{
	const NetSignal *g = &l->net->signals.at[signal];
	uint32_t id = low_add_kernel(l, range_of(l, g), "%s.update", g->name);
	PlanEmit b = plan_emit(l->p, l->p->codes.at[id]);
	Each each;
	open_items(l, &b, g, &each);
	open_neurons(l, g, &each, low_lo(&b), low_hi(&b), true);
	PlanExpr *v = low_signal_at(&each.in, l->signals[signal].buf, signal, each.in.own);
	store(&each.in, g, l->signals[signal].event, plan_binary(l->p, PEXPR_NE, v, low_real(l, 0)));
	close(&each);
	l->p->codes.at[id]->body = plan_freeze(&b);
	return id;
}

/* What the protocol set for one step is over. */
static uint32_t
end_kernel(Lower *l, uint32_t signal)
{
	const NetSignal *g = &l->net->signals.at[signal];
	const LowSignal *low = &l->signals[signal];
	uint32_t id = low_add_kernel(l, range_of(l, g), "%s.end", g->name);
	PlanEmit b = plan_emit(l->p, l->p->codes.at[id]);
	Each each;
	open_items(l, &b, g, &each);
	open_neurons(l, g, &each, low_lo(&b), low_hi(&b), true);
	if (low->held != NO_BUF)
		store(&each.in, g, low->buf, low_signal_at(&each.in, low->held, signal, each.in.own));
	if (low->event != NO_BUF)
		store(&each.in, g, low->event, plan_int(l->p, PT_BOOL, 0));
	close(&each);
	l->p->codes.at[id]->body = plan_freeze(&b);
	return id;
}

void
low_signal_kernels(Lower *l)
{
	for (uint32_t k = 0; k < l->net->signals.n; k++) {
		const NetSignal *g = &l->net->signals.at[k];
		LowSignal *low = &l->signals[k];
		bool resets = false;
		for (uint32_t i = 0; i < g->states.n; i++)
			resets |= !g->states.at[i].kept_on_reset;
		if (g->value) {
			low->update = kernel(l, k, SIGNAL_STEP);
			low->begin = kernel(l, k, SIGNAL_BEGIN);
			low->reset = resets ? kernel(l, k, SIGNAL_RESET) : UINT32_MAX;
		} else if (g->file) {
			low->update = low->event == NO_BUF ? UINT32_MAX : file_kernel(l, k);
		} else if (low->event != NO_BUF || low->held != NO_BUF) {
			low->end = end_kernel(l, k);
		}
	}
}

/* ---- when ------------------------------------------------------------------------------------------------------- */

static void
set_all(Lower *l, PlanEmit *b, uint32_t signal, double value)
{
	const NetSignal *g = &l->net->signals.at[signal];
	const LowSignal *low = &l->signals[signal];
	Each each;
	open_items(l, b, g, &each);
	open_neurons(l, g, &each, NULL, NULL, true);
	store(&each.in, g, low->buf, low_real(l, value));
	if (low->held != NO_BUF)
		store(&each.in, g, low->held, low_real(l, value));
	if (low->event != NO_BUF)
		store(&each.in, g, low->event, plan_int(l->p, PT_BOOL, 0));
	close(&each);
}

void
low_begin_signals(Lower *l, PlanEmit *b)
{
	for (uint32_t k = 0; k < l->net->signals.n; k++)
		if (!l->net->signals.at[k].value && !l->net->signals.at[k].tunable)
			set_all(l, b, k, l->net->signals.at[k].init);
	for (uint32_t k = 0; k < l->net->updates.n; k++)
		plan_emit_run(b, l->signals[l->net->updates.at[k]].begin);
}

void
low_reset_signals(Lower *l, PlanEmit *b)
{
	for (uint32_t k = 0; k < l->net->updates.n; k++)
		if (l->signals[l->net->updates.at[k]].reset != UINT32_MAX)
			plan_emit_run(b, l->signals[l->net->updates.at[k]].reset);
}

void
low_update_signals(Lower *l, PlanEmit *b)
{
	for (uint32_t k = 0; k < l->net->signals.n; k++)
		if (l->net->signals.at[k].file && l->signals[k].update != UINT32_MAX)
			plan_emit_run(b, l->signals[k].update);
	for (uint32_t k = 0; k < l->net->updates.n; k++)
		plan_emit_run(b, l->signals[l->net->updates.at[k]].update);
}

void
low_end_signals(Lower *l, PlanEmit *b)
{
	for (uint32_t k = 0; k < l->net->signals.n; k++)
		if (l->signals[k].end != UINT32_MAX)
			plan_emit_run(b, l->signals[k].end);
}

/* reward = e, pulse reward = e */
void
low_set_signal(Lower *l, PlanEmit *b, const NetProto *s, uint32_t data)
{
	const NetSignal *g = &l->net->signals.at[s->state];
	const LowSignal *low = &l->signals[s->state];
	Each each;
	open_items(l, b, g, &each);
	if (g->layer != NET_NONE)
		low_hoist(&each.in, s->e);
	open_neurons(l, g, &each, NULL, NULL, false);
	each.in.data = data;
	if (g->layer != NET_NONE)
		each.in.object = object(l, each.in.item, g->layer, each.in.own);
	PlanExpr *v = low_keep(each.in.b, "value", low_expr(&each.in, s->e));
	store(&each.in, g, low->buf, v);
	if (low->held != NO_BUF && !s->pulse)
		store(&each.in, g, low->held, v);
	if (low->event != NO_BUF)
		store(&each.in, g, low->event, plan_int(l->p, PT_BOOL, 1));
	close(&each);
}

/* Numbers that are known when the run begins, before all that may read them. */
void
low_tune(Lower *l, PlanEmit *b)
{
	for (uint32_t k = 0; k < l->net->signals.n; k++) {
		const NetSignal *g = &l->net->signals.at[k];
		if (!g->tunable)
			continue;
		uint32_t id = plan_add_object(l->p, POBJ_TUNE, g->name);
		PlanObject *o = &l->p->objects.at[id];
		o->span = g->span;
		o->texts = ARENA_ARRAY(l->a, const char *, g->units.n + 1);
		o->nums = ARENA_ARRAY(l->a, int64_t, g->units.n + 1);
		o->bufs = ARENA_ARRAY(l->a, uint32_t, 1);
		o->texts[o->ntexts++] = g->name;
		o->bufs[o->nbufs++] = l->signals[k].buf;
		memcpy(&o->nums[o->nnums++], &g->init, sizeof g->init);
		for (uint32_t i = 0; i < g->units.n; i++) {
			o->texts[o->ntexts++] = g->units.at[i].name;
			memcpy(&o->nums[o->nnums++], &g->units.at[i].scale, sizeof g->units.at[i].scale);
		}
		PlanArg args[2] = {low_number(l, id), low_address(l, l->signals[k].buf, NULL)};
		low_host(l, b, "tune", 2, args);
	}
}
