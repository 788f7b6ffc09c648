/* lower_experiment: what the protocol works out: names, counts of spikes, what goes over the neurons of a layer, draws, and
 * the orders of shuffled loops.
 *
 * A draw of the protocol counts how often it was drawn, in place of the step: trials without a run between them differ too.
 */
#include "lower/lower_inner.h"

#include "base/panic.h"

#include <math.h>

/* ---- over the neurons of a layer -------------------------------------------------------------------------- */

static PlanExpr *
next(Lower *l, NetOver over, PlanExpr *so_far, PlanExpr *x, PlanExpr **better)
{
	bool sum = over == NOVER_SUM || over == NOVER_MEAN, largest = over == NOVER_MAX || over == NOVER_ARGMAX;
	if (sum)
		return plan_binary(l->p, PEXPR_ADD, so_far, x);
	*better = plan_binary(l->p, largest ? PEXPR_GT : PEXPR_LT, x, so_far);
	return plan_ternary(l->p, PEXPR_SELECT, *better, x, so_far);
}

PlanExpr *
low_over_neurons(Scope *s, const NetExpr *e)
{
	Lower *l = s->l;
	Plan *p = l->p;
	for (uint32_t i = 0; i < s->nhoisted; i++)
		if (s->hoisted[i] == e)
			return s->hoists[i];
	NetOver over = (NetOver)e->index;
	bool place = over == NOVER_ARGMAX || over == NOVER_ARGMIN;
	double first = over == NOVER_MIN || over == NOVER_ARGMIN ? INFINITY : over == NOVER_MAX || over == NOVER_ARGMAX ? -INFINITY : 0;
	uint64_t n = l->net->layers.at[e->var.of].n;
	uint32_t acc = plan_emit_var(s->b, "acc", low_real(l, first));
	uint32_t at = place ? plan_emit_var(s->b, "at", low_real(l, 0)) : 0;
	LowLoop each = low_loop(s->b, "k", low_i64(l, 0), low_i64(l, (int64_t)n), false);
	Scope in = *s;
	in.b = low_body(&each);
	in.own = each.index;
	PlanExpr *x = low_keep(in.b, "x", low_expr(&in, e->op[0])), *better = NULL;
	PlanExpr *now = next(l, over, plan_local(p, in.b->code, acc), x, &better);
	if (place) {
		better = plan_emit_let(in.b, "better", better);
		plan_emit_set(in.b, at, plan_ternary(p, PEXPR_SELECT, better, plan_cast(p, l->real, each.index), plan_local(p, in.b->code, at)));
		now = plan_ternary(p, PEXPR_SELECT, better, x, plan_local(p, in.b->code, acc));
	}
	plan_emit_set(in.b, acc, now);
	low_close(&each);
	PlanExpr *all = plan_local(p, s->b->code, place ? at : acc);
	return over == NOVER_MEAN ? plan_binary(p, PEXPR_DIV, all, low_real(l, (double)n)) : all;
}

void
low_hoist(Scope *s, const NetExpr *e)
{
	if (!e)
		return;
	if (e->kind != NEXPR_NEURONS) {
		for (int i = 0; i < 3; i++)
			low_hoist(s, e->op[i]);
		return;
	}
	uint32_t n = s->nhoisted;
	const NetExpr **known = ARENA_ARRAY(s->l->a, const NetExpr *, n + 1);
	PlanExpr **values = ARENA_ARRAY(s->l->a, PlanExpr *, n + 1);
	for (uint32_t i = 0; i < n; i++) {
		known[i] = s->hoisted[i];
		values[i] = s->hoists[i];
	}
	known[n] = e;
	values[n] = low_keep(s->b, "over", low_over_neurons(s, e));
	s->hoisted = known;
	s->hoists = values;
	s->nhoisted = n + 1;
}

void
low_hoist_block(Scope *s, NetBlock b)
{
	for (uint32_t i = 0; i < b.n; i++) {
		low_hoist(s, b.at[i]->e);
		low_hoist_block(s, b.at[i]->body);
		low_hoist_block(s, b.at[i]->other);
	}
}

/* ---- buffers ------------------------------------------------------------------------------------------------ */

static void
count_site(Lower *l, uint32_t site)
{
	if (l->site_counts[site] == NO_BUF)
		l->site_counts[site] = low_add_buf(l, PT_U64, ROLE_STATE, 0, NULL, "%s.drawn", l->net->sites.at[site].name);
}

static void
sites_of(Lower *l, const NetExpr *e)
{
	if (!e)
		return;
	if (e->kind == NEXPR_DRAW)
		count_site(l, e->site);
	for (int i = 0; i < 3; i++)
		sites_of(l, e->op[i]);
}

static void
sites_in(Lower *l, const NetProtocol *p)
{
	for (uint32_t i = 0; i < p->n; i++) {
		sites_of(l, p->at[i]->e);
		if (p->at[i]->shuffled)
			count_site(l, p->at[i]->site);
		sites_in(l, &p->at[i]->body);
		sites_in(l, &p->at[i]->other);
	}
}

void
low_variables(Lower *l)
{
	const Net *n = l->net;
	PlanAxis axes[2] = {low_axis(AXIS_BATCH, l->batch)};
	l->vars = ARENA_ARRAY(l->a, uint32_t, n->vars.n);
	for (uint32_t i = 0; i < n->vars.n; i++)
		l->vars[i] = low_add_buf(l, n->vars.at[i].type == NT_BOOL ? PT_BOOL : l->real, ROLE_STATE, n->vars.at[i].per_item, axes,
		                         "experiment.%s", n->vars.at[i].name);
	sites_in(l, &n->protocol);
	for (uint32_t i = 0; i < n->layers.n; i++) {
		axes[1] = low_axis(AXIS_NEURON, n->layers.at[i].n);
		if (low_sees(n, (NetVar){NVAR_COUNT, i, 0, 0}))
			l->layers[i].seen_count = low_add_buf(l, PT_I32, ROLE_STATE, 2, axes, "%s.count", n->layers.at[i].name);
	}
}

/* ---- counts of spikes ------------------------------------------------------------------------------------------ */

static uint32_t
count_kernel(Lower *l, uint32_t layer, bool clear)
{
	const NetLayer *n = &l->net->layers.at[layer];
	const LowLayer *low = &l->layers[layer];
	uint32_t id = low_add_kernel(l, n->n, clear ? "%s.forget_spikes" : "%s.count_spikes", n->name);
	PlanEmit b = plan_emit(l->p, l->p->codes.at[id]);
	LowLoop items = low_items(l, &b);
	LowLoop neurons = low_loop(low_body(&items), "j", low_lo(&b), low_hi(&b), true);
	PlanExpr *now = plan_int(l->p, PT_I32, 0);
	if (!clear)
		now = plan_binary(l->p, PEXPR_ADD, low_load(l, low->seen_count, 2, items.index, neurons.index),
		                  plan_cast(l->p, PT_I32, low_fired(l, low, items.index, neurons.index)));
	low_store(low_body(&neurons), low->seen_count, now, 2, items.index, neurons.index);
	low_close(&neurons);
	low_close(&items);
	l->p->codes.at[id]->body = plan_freeze(&b);
	return id;
}

void
low_count_kernels(Lower *l)
{
	for (uint32_t i = 0; i < l->net->layers.n; i++) {
		if (l->layers[i].seen_count == NO_BUF)
			continue;
		l->layers[i].add_count = count_kernel(l, i, false);
		l->layers[i].clear_count = count_kernel(l, i, true);
	}
}

/* ---- draws ------------------------------------------------------------------------------------------------------- */

static void
drawn(Lower *l, PlanEmit *b, uint32_t site)
{
	uint32_t count = l->site_counts[site];
	low_store(b, count, plan_binary(l->p, PEXPR_ADD, low_load(l, count, 0), plan_int(l->p, PT_U64, 1)), 0);
}

void
low_drawn(Lower *l, PlanEmit *b, const NetExpr *e)
{
	if (!e)
		return;
	if (e->kind == NEXPR_DRAW)
		drawn(l, b, e->site);
	for (int i = 0; i < 3; i++)
		low_drawn(l, b, e->op[i]);
}

/* Fisher and Yates: from the last place on, each changes with one that is drawn among those up to it. */
uint32_t
low_order_kernel(Lower *l, const NetProto *s, uint32_t *order)
{
	Plan *p = l->p;
	uint64_t n = s->hi - s->lo;
	const char *name = l->net->sites.at[s->site].name;
	PlanAxis axis = low_axis(AXIS_ITEM, n ? n : 1);
	*order = low_add_buf(l, PT_U32, ROLE_STATE, 1, &axis, "%s", name);
	uint32_t id = low_add_kernel(l, 1, "%s", name);
	PlanEmit body = plan_emit(p, p->codes.at[id]), *b = &body;
	LowLoop fill = low_loop(b, "i", low_i64(l, 0), low_i64(l, (int64_t)n), true);
	low_store(low_body(&fill), *order, plan_cast(p, PT_U32, fill.index), 1, fill.index);
	low_close(&fill);
	PlanExpr *key[2], *raw;
	low_site_key(l, b, s->site, key);
	LowLoop swap = low_loop(b, "k", low_i64(l, 0), low_i64(l, (int64_t)n - 1 > 0 ? (int64_t)n - 1 : 0), false);
	PlanEmit *in = low_body(&swap);
	PlanExpr *i = plan_emit_let(in, "place", plan_binary(p, PEXPR_SUB, low_i64(l, (int64_t)n - 1), swap.index));
	PlanExpr *args[5] = {key[0], key[1], plan_cast(p, PT_U64, i), low_load(l, l->site_counts[s->site], 0), plan_int(p, PT_U32, 0)};
	static const char *const names[] = {"drawn"};
	plan_emit_call(in, low_func(l, "draw_u32"), 5, args, names, &raw);
	PlanExpr *many = plan_binary(p, PEXPR_ADD, plan_cast(p, PT_U64, i), plan_int(p, PT_U64, 1));
	PlanExpr *scaled = plan_binary(p, PEXPR_SHR, plan_binary(p, PEXPR_MUL, plan_cast(p, PT_U64, raw), many), plan_int(p, PT_U64, 32));
	PlanExpr *j = plan_emit_let(in, "other", plan_cast(p, PT_I64, scaled));
	PlanExpr *mine = plan_emit_let(in, "mine", low_load(l, *order, 1, i));
	PlanEmit change = plan_emit(p, b->code);
	low_store(&change, *order, low_load(l, *order, 1, j), 1, i);
	low_store(&change, *order, mine, 1, j);
	plan_emit_if(in, plan_binary(p, PEXPR_LE, j, i), &change, NULL); /* it is; the verifier of plans need not know why */
	low_close(&swap);
	drawn(l, b, s->site);
	p->codes.at[id]->body = plan_freeze(b);
	return id;
}

/* ---- names --------------------------------------------------------------------------------------------------------- */

void
low_let(Lower *l, PlanEmit *b, const NetProto *s, uint32_t data)
{
	bool per_item = l->net->vars.at[s->state].per_item;
	LowLoop items = {.outer = b, .index = low_i64(l, 0), .unit = true};
	if (per_item)
		items = low_items(l, b);
	Scope in = low_scope(l, low_body(&items));
	in.item = items.index;
	in.data = data;
	low_store(in.b, l->vars[s->state], low_expr(&in, s->e), per_item, items.index);
	low_close(&items);
}

PlanExpr *
low_single(Lower *l, PlanEmit *b, const NetExpr *e, uint32_t data)
{
	Scope in = low_scope(l, b);
	in.item = low_i64(l, 0);
	in.data = data;
	return low_expr(&in, e);
}
