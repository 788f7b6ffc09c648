/* elab_factor: the signals of the program: what feeds them, their states and handlers, over what they vary, and in what
 * order they are worked out. */
#include "elab/elab_inner.h"

#include <inttypes.h>
#include <string.h>

/* ---- declarations ------------------------------------------------------------------------------------ */

static void
places(Elab *el, const AstDecl *d, NetSignal *g)
{
	g->layer = NET_NONE;
	for (uint32_t i = 0; i < d->value.of.n; i++) {
		const struct AstPlace *of = &d->value.of.at[i];
		if (strcmp(of->name, "item") == 0) {
			g->per_item = true;
			continue;
		}
		uint32_t layer = NET_NONE;
		for (uint32_t k = 0; k < el->layers.n; k++) {
			if (el->layers.at[k].decl->name == of->name)
				layer = k;
		}
		if (layer == NET_NONE) {
			el->failed = true;
		} else if (g->layer != NET_NONE) {
			elab_error(el, E0640, of->span, "a signal is one per neuron of one layer");
			diag_help(el->diag, "leave one of the layers away");
			diag_end(el->diag);
		}
		g->layer = layer;
	}
}

static void
states(Elab *el, const AstModel *m, NetSignal *g)
{
	for (uint32_t i = 0; i < m->states.n; i++) {
		const AstState *a = &m->states.at[i];
		Scope s = elab_scope(el, IN_PROGRAM);
		NetState st = {.name = a->name, .span = a->span, .type = NT_REAL, .kept_on_reset = a->kept_on_reset};
		bool is_bool = a->sym && a->sym->type == ATYPE_BOOL;
		st.init = a->init ? elab_expr(&s, a->init) : elab_const(&s, is_bool ? NT_BOOL : NT_REAL, 0, a->span);
		if (st.init && st.init->kind != NEXPR_CONST) {
			elab_not_yet(el, a->init->span, "an initial value of a signal's state that is not one number");
			st.init = NULL;
		}
		if (!st.init)
			st.init = net_const(el->net, NT_REAL, 0, a->span);
		st.type = st.init->type;
		VEC_PUSH(el->arena, &g->states, st);
	}
}

/* A row of so many numbers for each step. */
static bool
from_file(Elab *el, const AstDecl *d, NetSignal *g)
{
	const AstExpr *from = d->value.value;
	const char *path = elab_file(el, from);
	uint32_t rank;
	uint64_t extent[6], row = 1;
	if (path && !el->env->world.array) {
		g->file = path;                           /* whether it fits is seen when it is read */
		return true;
	}
	if (!path || !elab_file_shape(el, from, path, &rank, extent))
		return false;
	for (uint32_t i = 1; i < rank; i++)
		row *= extent[i];
	uint64_t want = (g->per_item ? el->net->batch : 1) * (g->layer == NET_NONE ? 1 : el->net->layers.at[g->layer].n);
	if (rank && row == want) {
		g->file = path;
		return elab_file_is_finite(el, from, path, rank, extent);
	}
	elab_error(el, E0407, from->span, "`%s` has %" PRIu64 " number%s for each step, and `%s` takes %" PRIu64, path,
		   rank ? row : 0, rank && row == 1 ? "" : "s", g->name, want);
	diag_label(el->diag, g->span, "declared here");
	diag_help(el->diag, "a file of a signal has a row for each step: [steps], or [steps, batch] `of item`, or [steps, n] "
			    "of a layer");
	diag_end(el->diag);
	return false;
}

/* ---- what it is, and what happens to it ----------------------------------------------------------------- */

static Scope
inside(Elab *el, const AstModel *m, NetSignal *g)
{
	Scope s = elab_scope(el, IN_SIGNAL);
	s.signal = g;
	s.model = m;
	s.layer = g->layer;
	s.site_prefix = g->name;
	return s;
}

/* Does `on out.spikes` belong to the signal's own neurons? Else it goes over all that spike, one after the other. */
static bool
spikes_of(Elab *el, const AstHandler *h, const NetSignal *g, NetSignalHandler *out, bool *own)
{
	NetVar v;
	if (!elab_var(el, h->what, &v))
		return false;
	*own = v.of == g->layer;
	out->layer = *own ? NET_NONE : v.of;
	if (*own || g->layer == NET_NONE)
		return true;
	elab_error(el, E0640, h->what->span, "`%s` is one per neuron of `%s`, and these spikes are of `%s`", g->name,
		   el->net->layers.at[g->layer].name, el->net->layers.at[v.of].name);
	diag_label(el->diag, g->span, "declared here");
	diag_help(el->diag, "count them in a signal that is one for all, or read `sum(%s.spikes)` in `each step`",
		  el->net->layers.at[v.of].name);
	diag_end(el->diag);
	return false;
}

/* The code of a handler, under what it waits for. */
static bool
handler(Elab *el, const AstModel *m, const AstHandler *h, NetSignal *g)
{
	NetSignalHandler out = {.span = h->span, .layer = NET_NONE};
	Scope s = inside(el, m, g);
	NetExpr *when = NULL;
	bool own = false;
	if (h->what && h->what->sema.sym && h->what->sema.sym->kind == ASYM_TOP_SIGNAL) {
		when = elab_event(&s, elab_expr(&s, h->what), h->what->span);
	} else if (h->what) {
		if (!spikes_of(el, h, g, &out, &own))
			return false;
		s.spiked = true;
		if (own)
			when = elab_binary(&s, NOP_NE, elab_seen(&s, h->what), elab_const(&s, NT_REAL, 0, h->span), h->span);
	}
	bool ok = h->kind == AHANDLER_EQUATIONS ? elab_equations(&s, &h->body, &out.code) : elab_code(&s, &h->body, &out.code);
	if (!ok)
		return false;
	if (when) {
		NetStmt *guard = ARENA_NEW(el->arena, NetStmt), **one = ARENA_ARRAY(el->arena, NetStmt *, 1);
		*guard = (NetStmt){.kind = NSTMT_IF, .span = h->span, .e = when, .body = out.code.body};
		one[0] = guard;
		out.code.body = (NetBlock){one, 1};
	}
	VEC_PUSH(el->arena, &g->handlers, out);
	return true;
}

static void
contents(Elab *el, const AstDecl *d, NetSignal *g)
{
	const AstModel *m = d->value.block;
	if (elab_is_file(d->value.value)) {
		if (!from_file(el, d, g))
			el->failed = true;
		if (m && (m->states.n || m->handlers.n)) {
			elab_error(el, E0616, d->value.value->span, "`%s` comes from a file, and cannot have states too", d->name);
			diag_help(el->diag, "read the file by one signal, and follow it by another: `signal d = x { on %s { … } }`",
				  d->name);
			diag_end(el->diag);
		}
		return;
	}
	if (m)
		states(el, m, g);
	for (int equations = 1; m && equations >= 0; equations--) {       /* these first: handlers see states of this step */
		for (uint32_t i = 0; i < m->handlers.n; i++) {
			if ((m->handlers.at[i].kind == AHANDLER_EQUATIONS) == equations)
				el->failed |= !handler(el, m, &m->handlers.at[i], g);
		}
	}
	Scope s = inside(el, m, g);
	NetExpr *v = elab_as(&s, elab_expr(&s, d->value.value), NT_REAL, d->value.value);
	if (!v) {
		el->failed = true;
		return;
	}
	if (v->kind == NEXPR_CONST && !g->states.n && !g->handlers.n)
		g->init = v->value;
	else
		g->value = v;
	if (v->kind == NEXPR_CONST && g->value) {
		elab_error(el, E0616, d->value.value->span, "`%s` is always %s, whatever its handlers do", d->name,
			   elab_number_text(el, v->value));
		diag_help(el->diag, "name what changes: `signal %s = d { state d = 0 ; … }`", d->name);
		diag_end(el->diag);
	}
}

/* ---- over what it varies ----------------------------------------------------------------------------------- */

static bool
block_extent(Elab *el, const NetBlock *b, ElabExtent *x)
{
	for (uint32_t i = 0; i < b->n; i++) {
		if (!elab_extent(el, b->at[i]->e, NULL, x) || !block_extent(el, &b->at[i]->body, x) ||
		    !block_extent(el, &b->at[i]->other, x))
			return false;
	}
	return true;
}

static bool
extent_of(Elab *el, const NetSignal *g, ElabExtent *x)
{
	*x = (ElabExtent){.layer = NET_NONE, .values = 1};
	for (uint32_t i = 0; i < g->handlers.n; i++) {
		ElabExtent spiked = {.layer = NET_NONE, .values = 1};
		const NetSignalHandler *h = &g->handlers.at[i];
		if (!block_extent(el, &h->code.body, h->layer == NET_NONE ? x : &spiked))
			return false;
		x->item |= spiked.item || h->layer != NET_NONE;
		if (spiked.layer == NET_NONE || el->net->layers.at[spiked.layer].n == el->net->layers.at[h->layer].n)
			continue;
		elab_error(el, E0640, spiked.where->span, "this differs from neuron to neuron of `%s`, and the handler goes over the "
			   "spikes of `%s`", el->net->layers.at[spiked.layer].name, el->net->layers.at[h->layer].name);
		diag_end(el->diag);
		return false;
	}
	return elab_extent(el, g->value, NULL, x);
}

static void
report_too_narrow(Elab *el, const AstDecl *d, const NetSignal *g, const ElabExtent *x)
{
	const char *layer = el->net->layers.at[x->layer].name;
	elab_error(el, E0640, g->value->span, "`%s` would differ between the neurons of `%s`", g->name, layer);
	diag_label(el->diag, g->span, "declared here");
	StrBuf all = strbuf_init(el->arena);
	for (uint32_t i = 0; i < d->value.of.n; i++)
		strbuf_printf(&all, "%s, ", d->value.of.at[i].name);
	diag_help(el->diag, "write `signal %s of %s%s = …`, or leave `of` away", g->name, strbuf_text(&all), layer);
	diag_end(el->diag);
}

/* Signals that are worked out vary as what they read. Where they say `of` something, they must not vary over more neurons;
 * items need not be said. */
static void
infer_places(Elab *el)
{
	Net *net = el->net;
	ElabExtent x;
	for (bool grew = true; grew && !el->failed;) {
		grew = false;
		for (uint32_t i = 0; i < net->signals.n; i++) {
			NetSignal *g = &net->signals.at[i];
			if (!g->value || !extent_of(el, g, &x))
				continue;
			bool neurons = x.layer != NET_NONE && g->layer == NET_NONE;
			if (!neurons && (!x.item || g->per_item))
				continue;
			if (neurons && el->signals.at[i]->value.of.n) {
				report_too_narrow(el, el->signals.at[i], g, &x);
				return;
			}
			g->per_item |= x.item;
			g->layer = neurons ? x.layer : g->layer;
			grew = true;
		}
	}
	for (uint32_t i = 0; i < net->signals.n && !el->failed; i++) {
		const NetSignal *g = &net->signals.at[i];
		if (!g->value || g->layer == NET_NONE || !extent_of(el, g, &x) || x.layer == NET_NONE)
			continue;
		if (net->layers.at[x.layer].n == net->layers.at[g->layer].n)
			continue;
		elab_error(el, E0403, x.where->span, "layer `%s` has %" PRIu64 " neurons, and `%s` is one per neuron of `%s`, which has %"
			   PRIu64, net->layers.at[x.layer].name, net->layers.at[x.layer].n, g->name,
			   net->layers.at[g->layer].name, net->layers.at[g->layer].n);
		diag_label(el->diag, g->span, "declared here");
		diag_help(el->diag, "go over its neurons first: `sum(%s.spikes)`", net->layers.at[x.layer].name);
		diag_end(el->diag);
	}
}

/* ---- in what order ----------------------------------------------------------------------------------------- */

enum { SIGNAL_NEW, SIGNAL_OPEN, SIGNAL_DONE };
typedef struct {
	Elab *el;
	uint8_t *at;          /* SIGNAL_NEW … */
	uint32_t *path, n;    /* those that wait for each other */
	bool circle;
} Order;

static void visit(Order *o, uint32_t signal);

static void
visit_expr(Order *o, const NetExpr *e)
{
	if (!e)
		return;
	if (e->kind == NEXPR_SIGNAL || e->kind == NEXPR_EVENT)
		visit(o, e->index);
	for (int i = 0; i < 3; i++)
		visit_expr(o, e->op[i]);
}

static void
visit_block(Order *o, const NetBlock *b)
{
	for (uint32_t i = 0; i < b->n; i++) {
		visit_expr(o, b->at[i]->e);
		visit_block(o, &b->at[i]->body);
		visit_block(o, &b->at[i]->other);
	}
}

static void
report_circle(Order *o, uint32_t signal)
{
	const Net *net = o->el->net;
	StrBuf text = strbuf_init(o->el->arena);
	uint32_t first = o->n;
	while (o->path[first - 1] != signal)
		first--;
	for (uint32_t i = first - 1; i < o->n; i++)
		strbuf_printf(&text, "`%s` reads ", net->signals.at[o->path[i]].name);
	const NetSignal *g = &net->signals.at[signal];
	o->circle = true;
	if (first == o->n)
		elab_error(o->el, E0617, g->span, "`%s` reads itself", g->name);
	else
		elab_error(o->el, E0617, g->span, "these signals wait for each other: %s`%s`", strbuf_text(&text), g->name);
	for (uint32_t i = first; i < o->n; i++)
		diag_label(o->el->diag, net->signals.at[o->path[i]].span, "in the circle");
	diag_help(o->el->diag, "keep the value of the last step in a state: `signal %s = s { state s = 0 ; each step { s = … } }`",
		  g->name);
	diag_end(o->el->diag);
}

static void
visit(Order *o, uint32_t i)
{
	const NetSignal *g = &o->el->net->signals.at[i];
	if (!g->value || o->at[i] == SIGNAL_DONE || o->circle)
		return;
	if (o->at[i] == SIGNAL_OPEN) {
		report_circle(o, i);
		return;
	}
	o->at[i] = SIGNAL_OPEN;
	o->path[o->n++] = i;
	visit_expr(o, g->value);
	for (uint32_t k = 0; k < g->handlers.n; k++)
		visit_block(o, &g->handlers.at[k].code.body);
	o->n--;
	o->at[i] = SIGNAL_DONE;
	if (!o->circle)
		VEC_PUSH(o->el->arena, &o->el->net->updates, i);
}

void
elab_signals(Elab *el)
{
	Net *net = el->net;
	for (uint32_t i = 0; i < el->ast->decls.n; i++) {
		const AstDecl *d = el->ast->decls.at[i];
		if (d->kind != ADECL_SIGNAL)
			continue;
		NetSignal g = {.name = d->name, .span = d->name_span};
		places(el, d, &g);
		VEC_PUSH(el->arena, &el->signals, d);
		VEC_PUSH(el->arena, &net->signals, g);
	}
	if (el->failed)
		return;
	for (uint32_t i = 0; i < net->signals.n; i++)
		if (!net->signals.at[i].tunable)
			contents(el, el->signals.at[i], &net->signals.at[i]);
	if (el->failed)
		return;
	infer_places(el);
	Order o = {.el = el};
	o.at = ARENA_ARRAY(el->arena, uint8_t, net->signals.n + 1);
	o.path = ARENA_ARRAY(el->arena, uint32_t, net->signals.n + 1);
	for (uint32_t i = 0; i < net->signals.n && !el->failed; i++)
		visit(&o, i);
}
