/* elab_extent: over what an expression of a signal or of the experiment varies: items of the batch, neurons of a layer,
 * values of a sample; and how it reads layers: out.v, count(out), sum(out.spikes), count(out)[k]. */
#include "elab/elab_inner.h"

#include <inttypes.h>

static const NetLayer *
layer_at(Elab *el, uint32_t i)
{
	return &el->net->layers.at[i];
}

/* ---- extents ------------------------------------------------------------------------------------- */

static bool
over_layer(Elab *el, const NetExpr *e, uint32_t layer, ElabExtent *x)
{
	if (x->layer == NET_NONE || layer_at(el, x->layer)->n == layer_at(el, layer)->n) {
		x->where = x->layer == NET_NONE ? e : x->where;
		x->layer = x->layer == NET_NONE ? layer : x->layer;
		return true;
	}
	elab_error(el, E0403, e->span, "layer `%s` has %" PRIu64 " neurons, and `%s` beside it has %" PRIu64,
		   layer_at(el, layer)->name, layer_at(el, layer)->n, layer_at(el, x->layer)->name, layer_at(el, x->layer)->n);
	diag_label(el->diag, x->where->span, "one value per neuron of `%s`", layer_at(el, x->layer)->name);
	diag_help(el->diag, "go over one of them first: `sum(%s.spikes)`", layer_at(el, layer)->name);
	diag_end(el->diag);
	return false;
}

bool
elab_extent(Elab *el, const NetExpr *e, const NetData *data, ElabExtent *x)
{
	if (!e)
		return true;
	switch (e->kind) {
	case NEXPR_SIGNAL:
	case NEXPR_EVENT: {
		const NetSignal *g = &el->net->signals.at[e->index];
		x->item |= g->per_item;
		return g->layer == NET_NONE || over_layer(el, e, g->layer, x);
	}
	case NEXPR_SEEN:
		x->item = true;
		return e->var.kind == NVAR_VOTES || over_layer(el, e, e->var.of, x);
	case NEXPR_NEURONS:
	case NEXPR_PICK: {
		ElabExtent inner = {.layer = NET_NONE, .values = 1};
		if (!elab_extent(el, e->op[0], data, &inner) || (e->op[1] && !elab_extent(el, e->op[1], data, x)))
			return false;
		x->item |= inner.item;
		return true;
	}
	case NEXPR_VAR:
		x->item |= el->net->vars.at[e->index].per_item;
		return true;
	case NEXPR_COLUMN:
		x->item = true;
		if (data && e->index < data->columns.n && data->columns.at[e->index].count != 1) {
			x->values = data->columns.at[e->index].count;
			x->where = x->where ? x->where : e;
		}
		return true;
	case NEXPR_OVER:
	case NEXPR_DRAW:
	case NEXPR_SPIKE:
		x->item = true;
		return e->kind == NEXPR_OVER || elab_extent(el, e->op[0], data, x);
	case NEXPR_INDEX:
		x->index = true;
		return true;
	default:
		for (int i = 0; i < 3; i++) {
			if (!elab_extent(el, e->op[i], data, x))
				return false;
		}
		return true;
	}
}

/* ---- what is seen of layers -------------------------------------------------------------------------- */

/* out.v; count(out), count(out.spikes) */
NetExpr *
elab_seen(Scope *s, const AstExpr *e)
{
	Elab *el = s->el;
	NetExpr *x = net_expr(el->net, NEXPR_SEEN, NT_REAL, e->span);
	if (e->kind == AEXPR_CALL) {
		const AstSym *sym = e->args.at[0].value->sema.sym;
		x->var = (NetVar){NVAR_COUNT, sym ? elab_find_layer(el, sym->decl) : NET_NONE, 0, 0};
		el->failed |= x->var.of == NET_NONE;
		return x->var.of == NET_NONE ? NULL : x;
	}
	if (!elab_var(el, e, &x->var))
		return NULL;
	if (x->var.kind == NVAR_STATE) {
		const NetState *st = &layer_at(el, x->var.of)->states.at[x->var.index];
		if (st->type == NT_BOOL) {
			elab_not_yet(el, e->span, "a state that is true or false, read from outside,");
			return NULL;
		}
	}
	return x;
}

/* What stands under a reduction is worked out for other neurons than the signal's own. */
static const NetExpr *
own_parts(const NetExpr *e)
{
	if (!e || e->kind == NEXPR_STATE || e->kind == NEXPR_LOCAL)
		return e;
	for (int i = 0; i < 3; i++) {
		const NetExpr *found = own_parts(e->op[i]);
		if (found)
			return found;
	}
	return NULL;
}

NetExpr *
elab_over_neurons(Scope *s, NetOver over, NetExpr *x, const AstExpr *e)
{
	Elab *el = s->el;
	ElabExtent of = {.layer = NET_NONE, .values = 1};
	if (!elab_extent(el, x, NULL, &of))
		return NULL;
	if (of.layer == NET_NONE) {
		elab_error(el, E0613, e->span, "`%s` goes over the neurons of a layer, and this names none", e->op[0]->name);
		diag_help(el->diag, s->place == IN_SIGNAL ? "write `%s(out.spikes)`" : "write `%s(count(out.spikes))`", e->op[0]->name);
		diag_end(el->diag);
		return NULL;
	}
	if (over == NOVER_QUANTILE) {
		elab_not_yet(el, e->span, "a quantile over neurons");
		return NULL;
	}
	const NetExpr *own = s->place == IN_SIGNAL && s->layer != NET_NONE ? own_parts(x) : NULL;
	if (own) {
		elab_not_yet(el, own->span, "a state or `let` of a signal per neuron, under a sum over neurons,");
		return NULL;
	}
	NetExpr *o = net_expr(el->net, NEXPR_NEURONS, NT_REAL, e->span);
	o->index = over;
	o->var.of = of.layer;
	o->op[0] = x;
	return o;
}

/* exc.votes[k]: the label of the sample (0), or what a readout said of it; -1 before there is one. */
static NetExpr *
vote_of(Scope *s, const AstExpr *e, const AstSym *sym)
{
	Elab *el = s->el;
	NetExpr *x = net_expr(el->net, NEXPR_SEEN, NT_REAL, e->span);
	uint64_t k;
	if (!elab_var(el, e->op[0], &x->var) || !elab_count(el, e->args.at[0].value, "the number of a readout", 0, &k))
		return NULL;
	uint32_t readouts = elab_readouts(el, sym->decl);
	x->var.index = (uint32_t)(k <= readouts ? k : 0);
	if (k <= readouts && s->place == IN_PROTOCOL)
		return x;
	elab_error(el, E0812, e->span, s->place == IN_PROTOCOL ?
		   "layer `%s` votes by %u readout%s" : "`%s` votes in the experiment, by %u readout%s", sym->decl->name, readouts,
		   readouts == 1 ? "" : "s");
	diag_help(el->diag, "in the experiment `%s.votes[0]` is the label, `[1]` what the first readout said", sym->decl->name);
	diag_end(el->diag);
	return NULL;
}

/* count(out)[k]: that of one neuron. */
NetExpr *
elab_pick(Scope *s, const AstExpr *e)
{
	Elab *el = s->el;
	const AstSym *sym = e->op[0]->sema.sym;
	if (sym && sym->kind == ASYM_VOTES_OF && sym->index == 0)
		return vote_of(s, e, sym);
	bool outer = s->over;
	s->over = true;
	NetExpr *x = elab_expr(s, e->op[0]);
	s->over = outer;
	NetExpr *k = elab_as(s, elab_expr(s, e->args.at[0].value), NT_REAL, e->args.at[0].value);
	ElabExtent of = {.layer = NET_NONE, .values = 1};
	if (!x || !k || !elab_extent(el, x, NULL, &of))
		return NULL;
	if (of.layer == NET_NONE) {
		elab_error(el, E0230, e->op[0]->span, "this is no value per neuron, so none is picked by `[ ]`");
		diag_help(el->diag, "write `count(out.spikes)[0]`, or `out.v[0]`");
		diag_end(el->diag);
		return NULL;
	}
	const NetLayer *l = layer_at(el, of.layer);
	if (k->kind == NEXPR_CONST && !(k->value >= 0 && k->value < (double)l->n)) {
		elab_error(el, E0408, k->span, "layer `%s` has %" PRIu64 " neurons, counted from 0", l->name, l->n);
		diag_label(el->diag, l->span, "declared here");
		diag_help(el->diag, "take a number below %" PRIu64, l->n);
		diag_end(el->diag);
		return NULL;
	}
	NetExpr *p = net_expr(el->net, NEXPR_PICK, x->type, e->span);
	p->var.of = of.layer;
	p->op[0] = x;
	p->op[1] = k;
	return p;
}

/* ---- in rules ------------------------------------------------------------------------------------------- */

bool
elab_sides(Scope *s, NetExpr *e, Span at)
{
	if (!e)
		return true;
	bool is_signal = e->kind == NEXPR_SIGNAL || e->kind == NEXPR_EVENT;
	const NetSignal *g = is_signal ? &s->el->net->signals.at[e->index] : NULL;
	if (g && g->layer != NET_NONE) {
		const NetConn *c = &s->el->net->conns.at[s->conn];
		e->side = g->layer == c->post ? NSIDE_POST : g->layer == c->pre ? NSIDE_PRE : NSIDE_OWN;
		if (e->side == NSIDE_OWN) {
			elab_error(s->el, E0640, at, "`%s` is one per neuron of `%s`, and this connection leads from `%s` to `%s`",
				   g->name, layer_at(s->el, g->layer)->name, layer_at(s->el, c->pre)->name,
				   layer_at(s->el, c->post)->name);
			diag_label(s->el->diag, g->span, "declared here");
			diag_help(s->el->diag, "give the rule a signal of one of these layers, or one for all");
			diag_end(s->el->diag);
			return false;
		}
	}
	for (int i = 0; i < 3; i++) {
		if (!elab_sides(s, e->op[i], at))
			return false;
	}
	return true;
}

NetExpr *
elab_event(Scope *s, const NetExpr *signal, Span at)
{
	NetExpr *any = elab_const(s, NT_BOOL, 0, at);
	if (!signal)
		return any;
	if (signal->kind == NEXPR_SIGNAL) {
		any = net_expr(s->el->net, NEXPR_EVENT, NT_BOOL, at);
		any->index = signal->index;
		any->side = signal->side;
		return any;
	}
	for (int i = 0; i < 3; i++)
		any = elab_binary(s, NOP_OR, any, elab_event(s, signal->op[i], at), at);
	return any;
}
