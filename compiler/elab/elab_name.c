/* elab_name: names become what they stand for in their place: parameters and their parts by values, states, traces,
 * signals and the rest by places of the network. */
#include "elab/elab_inner.h"

#include "base/panic.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

NetExpr *
elab_not_constant(Scope *s, const AstExpr *e)
{
	elab_error(s->el, E0502, e->span, "this must be known before the run");
	diag_help(s->el->diag, "use numbers, params and functions of them");
	diag_end(s->el->diag);
	return NULL;
}

NetExpr *
elab_leaf(Scope *s, NetExprKind kind, NetType t, uint32_t index, const AstExpr *at)
{
	NetExpr *e = net_expr(s->el->net, kind, t, at->span);
	e->index = index;
	return e;
}

/* ---- lists in their place -------------------------------------------------------------------- */

static const NetLayer *
layer_at(const Scope *s, uint32_t i)
{
	return &s->el->net->layers.at[i];
}

/* A copy of what a parameter stands for, in its place. */
static NetExpr *
use_value(Scope *s, const NetExpr *v, const AstExpr *at)
{
	if (!v)
		return NULL;
	NetExpr *e = elab_copy(s->el, v, at->span);
	if (v->kind == NEXPR_ARRAY)
		e->span = v->span; /* messages show the list itself */
	e = elab_placed(s, e);
	if (e)
		e->span = at->span;
	if (e && (s->place == IN_RULE || s->place == IN_FEATURE) && !elab_sides(s, e, at->span))
		return NULL;
	return e;
}

/* ---- parameters and their parts -------------------------------------------------------------- */

/* What a name of a param, of the program or of the model, stands for; NULL: it is none, or failed. */
static const Bind *
find_bind(Scope *s, const AstExpr *e)
{
	const AstSym *sym = e->sema.sym;
	if (!sym || e->kind != AEXPR_NAME)
		return NULL;
	if (sym->kind == ASYM_PARAM)
		return elab_value_of(s->el, sym->decl, s->exact, e->span);
	if (sym->kind == ASYM_MODEL_PARAM && sym->index < s->nparams)
		return &s->params[sym->index];
	return NULL;
}

static NetExpr *
use_bind(Scope *s, const Bind *b, const AstExpr *at)
{
	if (b->nparts) {
		elab_error(s->el, E0309, at->span, "`%s` has parts and is no number", at->name);
		diag_help(s->el->diag, "write `%s.%s`", at->name, b->part[0].name);
		diag_end(s->el->diag);
		return NULL;
	}
	const NetExpr *v = b->first && s->place == IN_STATE ? b->first : b->e;
	return use_value(s, v, at);
}

static NetExpr *
part(Scope *s, const AstExpr *e)
{
	const Bind *b = find_bind(s, e->op[0]);
	if (!b)
		return NULL;
	if (!b->nparts)
		return use_bind(s, b, e->op[0]); /* one number for all parts */
	VEC(const char *) names = {0};
	for (uint32_t i = 0; i < b->nparts; i++) {
		if (b->part[i].name == e->name)
			return use_value(s, b->part[i].e, e);
		VEC_PUSH(s->el->arena, &names, b->part[i].name);
	}
	const char *near = suggest(e->name, names.at, names.n);
	elab_error(s->el, E0218, e->name_span, "`%s` has no part `%s`", e->op[0]->name, e->name);
	diag_suggest(s->el->diag, e->name, near ? near : names.at[0]);
	diag_end(s->el->diag);
	return NULL;
}

static bool
bind_tuple(Scope *s, const AstExpr *e, Bind *out)
{
	out->part = ARENA_ARRAY(s->el->arena, BindPart, e->args.n);
	for (uint32_t i = 0; i < e->args.n; i++) {
		NetExpr *v = elab_expr(s, e->args.at[i].value);
		if (!v)
			return false;
		out->part[i] = (BindPart){e->args.at[i].name, v};
	}
	out->nparts = e->args.n;
	return out->nparts > 0;
}

bool
elab_bind(Scope *s, const AstExpr *e, Bind *out)
{
	*out = (Bind){0};
	if (e->kind == AEXPR_TUPLE)
		return bind_tuple(s, e, out);
	const Bind *b = find_bind(s, e);
	if (b && b->nparts) {
		*out = *b;
		return true;
	}
	out->e = elab_expr(s, e);
	return out->e != NULL;
}

/* ---- names ----------------------------------------------------------------------------------- */

static NetExpr *
param(Scope *s, const AstExpr *e, const AstSym *sym)
{
	bool in_feature = s->place == IN_FEATURE || (s->place == IN_STATE && s->feature);
	if (in_feature && sym->kind == ASYM_MODEL_PARAM && sym->index == 0)
		return elab_leaf(s, NEXPR_VALUE, s->value_type, 0, e);
	const Bind *b = find_bind(s, e);
	if (b)
		return b->e || b->nparts ? use_bind(s, b, e) : NULL;
	if (sym->kind == ASYM_PARAM)
		return NULL;
	elab_error(s->el, E0502, e->span, "`%s` is declared after this parameter", e->name);
	diag_help(s->el->diag, "a default may use the parameters before it");
	diag_end(s->el->diag);
	return NULL;
}

static NetExpr *
state(Scope *s, const AstExpr *e, const AstSym *sym)
{
	bool of_layer = s->place == IN_NEURON || (s->place == IN_TRACE && s->own_side == NSIDE_OWN);
	if (of_layer && sym->index < layer_at(s, s->layer)->states.n)
		return elab_leaf(s, NEXPR_STATE, layer_at(s, s->layer)->states.at[sym->index].type,
			    sym->index, e);
	if (s->place == IN_FEATURE && sym->index < s->feature->states.n)
		return elab_leaf(s, NEXPR_STATE, s->feature->states.at[sym->index].type, sym->index, e);
	if (s->place == IN_SIGNAL && sym->index < s->signal->states.n)
		return elab_leaf(s, NEXPR_STATE, s->signal->states.at[sym->index].type, sym->index, e);
	if (s->place == IN_RULE && sym->index < s->rule->states.n)
		return elab_leaf(s, NEXPR_STATE, s->rule->states.at[sym->index].type, sym->index, e);
	if (s->place == IN_TRACE) {
		elab_not_yet(s->el, e->span, "a state of the rule in `on spike` of a trace");
		return NULL;
	}
	return elab_not_constant(s, e);
}

static NetExpr *
trace(Scope *s, const AstExpr *e, const AstSym *sym)
{
	if (s->place == IN_TRACE) {
		if (e->name == s->own_trace->name)
			return elab_leaf(s, NEXPR_TRACE, NT_REAL, NET_NONE, e);
		elab_not_yet(s->el, e->span, "another trace in `on spike` of a trace");
		return NULL;
	}
	bool known = s->traces && s->model && sym->index < s->model->traces.n;
	if (!known || (s->place != IN_NEURON && s->place != IN_RULE))
		return elab_not_constant(s, e);
	uint32_t index = s->traces[sym->index];
	if (index == NET_NONE)
		return NULL;
	NetExpr *t = elab_leaf(s, NEXPR_TRACE, NT_REAL, index, e);
	Name of = s->model->traces.at[sym->index].of;
	if (s->place == IN_RULE)
		t->side = of && strcmp(of, "post") == 0 ? NSIDE_POST : NSIDE_PRE;
	return t;
}

static NetExpr *
local(Scope *s, const AstExpr *e, const AstSym *sym)
{
	for (uint32_t i = s->locals.n; i-- > 0;) {
		const ElabLocal *l = &s->locals.at[i];
		if (l->each && l->each == sym)
			return l->value ? elab_copy(s->el, l->value, e->span) : elab_leaf(s, NEXPR_EACH, NT_REAL, l->index, e);
		if (l->each || l->stmt != sym->stmt)
			continue;
		if (l->value)
			return elab_copy(s->el, l->value, e->span);
		return l->index == NET_NONE ? NULL
					    : elab_leaf(s, NEXPR_LOCAL,
						   s->code->locals.at[l->index].type, l->index, e);
	}
	uint32_t var = s->place == IN_PROTOCOL ? elab_find_var(s->el, sym->stmt) : NET_NONE;
	if (var != NET_NONE)
		return elab_leaf(s, NEXPR_VAR, s->el->net->vars.at[var].type, var, e);
	/* In the experiment a name of many values stands for its expression. */
	if (s->place == IN_PROTOCOL && sym->stmt->kind == ASTMT_LET) {
		const NetExpr *value = elab_expr(s, sym->stmt->e);
		return value ? elab_copy(s->el, value, e->span) : NULL;
	}
	return elab_not_constant(s, e);
}

/* In an argument `i` is the list 0, 1, … of the neurons that it is given for. */
static NetExpr *
counted(Scope *s, NetSide side, const AstExpr *e)
{
	const NetConn *c = side == NSIDE_OWN ? NULL : &s->el->net->conns.at[s->conn];
	const NetLayer *l = layer_at(s, !c ? s->layer : side == NSIDE_PRE ? c->pre : c->post);
	double *v = ARENA_ARRAY(s->el->arena, double, l->n);
	for (uint64_t i = 0; i < l->n; i++)
		v[i] = elab_round(s, (double)i);
	NetExpr *list = elab_list(s, NT_REAL, v, (uint32_t)l->n, e->span);
	list->side = side;
	return list;
}

static NetExpr *
index_of(Scope *s, const AstExpr *e, const AstSym *sym)
{
	NetSide side = sym->index ? NSIDE_POST : NSIDE_PRE;
	if (s->of_layer != NET_NONE && !sym->index) {
		uint32_t n = (uint32_t)layer_at(s, s->of_layer)->n;
		double *all = ARENA_ARRAY(s->el->arena, double, n);
		for (uint32_t i = 0; i < n; i++)
			all[i] = elab_round(s, i);
		return elab_list(s, NT_REAL, all, n, e->span);
	}
	bool neuron = s->over || s->spiked || s->indexed || s->layer != NET_NONE;
	if ((s->place == IN_PROTOCOL || s->place == IN_SIGNAL) && !neuron) {
		elab_error(s->el, E0614, e->span, "`i` is the index of a neuron, and this is no value per neuron");
		diag_help(s->el->diag, "`i` is known where each neuron of a layer takes a value, and in `sum(out.spikes if i < 10 else 0)`");
		diag_end(s->el->diag);
		return NULL;
	}
	if (s->place == IN_PROGRAM && (s->conn != NET_NONE || s->layer != NET_NONE))
		return counted(s, s->conn != NET_NONE ? side : NSIDE_OWN, e);
	if (s->place == IN_TRACE && !s->code) { /* a time constant: of each neuron of the layer */
		NetExpr *list = s->own_side == NSIDE_OWN || s->own_side == side ? counted(s, NSIDE_OWN, e) : NULL;
		return list ? list : elab_not_constant(s, e);
	}
	if (s->place == IN_NEURON || s->place == IN_PROTOCOL || s->place == IN_SIGNAL)
		side = NSIDE_OWN;
	else if (s->place == IN_TRACE && (s->own_side == NSIDE_OWN || s->own_side == side))
		side = NSIDE_OWN;
	else if (s->place != IN_RULE && s->place != IN_INIT && s->place != IN_FEATURE)
		return elab_not_constant(s, e);
	NetExpr *i = elab_leaf(s, NEXPR_INDEX, NT_REAL, 0, e);
	i->side = side;
	return i;
}

static NetExpr *
column(Scope *s, const AstExpr *e, const AstSym *sym)
{
	if (s->place != IN_PROTOCOL || !s->loop)
		return elab_not_constant(s, e);
	if (sym->stmt != s->loop) {
		elab_not_yet(s->el, e->span, "a column of an outer loop");
		return NULL;
	}
	if (elab_column_is_events(s->el, s->loop, sym->index)) {
		elab_error(s->el, E0801, e->span, "`%s` is a list of spikes, and no number", e->name);
		diag_help(s->el->diag, "present it to a layer: `present %s to source for 250 ms`", e->name);
		diag_end(s->el->diag);
		return NULL;
	}
	return elab_leaf(s, NEXPR_COLUMN, NT_REAL, sym->index, e);
}

static bool
is_code(const Scope *s)
{
	return s->place == IN_NEURON || s->place == IN_FEATURE || s->place == IN_RULE || s->place == IN_SIGNAL ||
	       (s->place == IN_TRACE && s->code);
}

static NetExpr *
input(Scope *s, const AstExpr *e, const AstSym *sym)
{
	if (s->place != IN_NEURON && s->place != IN_FEATURE)
		return elab_not_constant(s, e);
	NetExpr *in = elab_leaf(s, NEXPR_INPUT, NT_REAL, 0, e);
	if (s->place != IN_NEURON)
		return in;
	in->port = sym->index;
	const NetExpr *drive = s->drives ? s->drives[in->port] : NULL;
	return drive ? elab_binary(s, NOP_ADD, in, elab_copy(s->el, drive, e->span), e->span) : in;
}

static NetExpr *
spike(Scope *s, const AstExpr *e, const AstSym *sym)
{
	/* In the step: of the step before. In a trace: the value of this spike, which is 1 unless the model says more. */
	if (s->place == IN_TRACE && !layer_at(s, s->layer)->values)
		return elab_const(s, NT_REAL, 1, e->span);
	if (s->place == IN_TRACE || s->place == IN_NEURON)
		return elab_leaf(s, NEXPR_SPIKE, NT_REAL, 0, e);
	if (s->place == IN_SIGNAL && !s->spiked) {
		elab_error(s->el, E0615, e->span, "`spike` is what a neuron sends: it is known in `on out.spikes { }`");
		diag_help(s->el->diag, "write `sum(out.spikes)` for the spikes of a step");
		diag_end(s->el->diag);
		return NULL;
	}
	if (s->place == IN_SIGNAL)
		return elab_leaf(s, NEXPR_SPIKE, NT_REAL, 0, e);
	if (s->place != IN_RULE && s->place != IN_FEATURE)
		return elab_not_constant(s, e);
	NetExpr *p = elab_leaf(s, NEXPR_SPIKE, NT_REAL, 0, e);
	p->side = sym->index ? NSIDE_POST : NSIDE_PRE;
	const NetConn *c = &s->el->net->conns.at[s->conn];
	if (p->side == s->event && !layer_at(s, p->side == NSIDE_PRE ? c->pre : c->post)->values)
		return elab_const(s, NT_REAL, 1, e->span);
	return p;
}

/* A signal of the program: what rules are given, and what the protocol sets. */
static NetExpr *
top_signal(Scope *s, const AstExpr *e, const AstSym *sym)
{
	uint32_t i = elab_find_signal(s->el, sym->decl);
	if (i == NET_NONE || (!s->signals && s->place != IN_PROTOCOL && s->place != IN_SIGNAL))
		return elab_not_constant(s, e);
	return elab_leaf(s, NEXPR_SIGNAL, NT_REAL, i, e);
}

/* What a rule is given may be another feature of the connection where it is attached. */
static NetExpr *
fellow(Scope *s, const AstExpr *e, const AstSym *sym)
{
	if (!s->signals || !s->connect || s->connect != sym->decl)
		return elab_not_constant(s, e);
	const AstDecl *model = sym->decl->connect.features.at[sym->index].sema_model;
	bool of_post = model && model->model.params.n && model->model.params.at[0].of_post;
	NetExpr *f = elab_leaf(s, NEXPR_FELLOW, sym->type == ATYPE_BOOL ? NT_BOOL : NT_REAL, sym->index, e);
	f->side = of_post ? NSIDE_POST : NSIDE_OWN;
	return f;
}

/* w.low, w.high */
static NetExpr *
bound(Scope *s, const AstExpr *e, const AstSym *sym)
{
	const NetFeature *f = s->place == IN_RULE ? s->learned : NULL;
	if (!f)
		return elab_not_constant(s, e);
	const NetExpr *v = !f->has_range ? NULL : sym->index ? f->hi : f->lo;
	if (v && (v->kind != NEXPR_CONST || !isinf(v->value)))
		return elab_copy(s->el, v, e->span);
	elab_error(s->el, E0524, e->span, "the rule `%s` asks for the %s bound of `%s`, and it has none", s->rule->name,
		   sym->index ? "upper" : "lower", f->name);
	diag_label(s->el->diag, f->span, "declared here");
	diag_help(s->el->diag, "give it one behind its value: `{ range [0, 1] ; learn %s(…) }`", s->rule->name);
	diag_end(s->el->diag);
	return NULL;
}

static void
set_side(NetExpr *e, NetSide side)
{
	if (!e)
		return;
	if (e->kind == NEXPR_STATE || e->kind == NEXPR_ARRAY || e->kind == NEXPR_INDEX)
		e->side = side;
	for (int i = 0; i < 3; i++)
		set_side(e->op[i], side);
}

/* A trace or a parameter of the neuron on a side; NULL: it has none of this name. */
static NetExpr *
side_trace(Scope *s, const AstExpr *e, uint32_t layer, NetSide side)
{
	const ElabLayer *l = &s->el->layers.at[layer];
	uint32_t own = l->model ? l->model->traces.n : 0, n = own + l->decl->layer.traces.n;
	for (uint32_t i = 0; i < n; i++) {
		const AstTrace *t = i < own ? &l->model->traces.at[i] : &l->decl->layer.traces.at[i - own];
		if (t->name != e->name || l->traces[i] == NET_NONE)
			continue;
		NetExpr *x = elab_leaf(s, NEXPR_TRACE, NT_REAL, l->traces[i], e);
		x->side = side;
		return x;
	}
	for (uint32_t i = 0; l->model && i < l->model->params.n; i++) {
		if (l->model->params.at[i].name != e->name || !l->params[i].e)
			continue;
		NetExpr *x = elab_copy(s->el, l->params[i].e, e->span);
		set_side(x, side);
		return x;
	}
	return NULL;
}

/* pre.v, post.v: a state, a trace or a parameter of the neuron on that side. */
static NetExpr *
side_state(Scope *s, const AstExpr *e, const AstSym *sym)
{
	if (s->place == IN_INIT && s->conn != NET_NONE)
		return elab_position(s, e, sym->index ? NSIDE_POST : NSIDE_PRE);
	if (s->place != IN_RULE && s->place != IN_FEATURE)
		return elab_not_constant(s, e);
	const NetConn *c = &s->el->net->conns.at[s->conn];
	uint32_t layer = sym->index ? c->post : c->pre;
	const NetLayer *l = layer_at(s, layer);
	NetSide side = sym->index ? NSIDE_POST : NSIDE_PRE;
	VEC(const char *) names = {0};
	for (uint32_t i = 0; i < l->states.n; i++) {
		if (l->states.at[i].name == e->name) {
			NetExpr *st = elab_leaf(s, NEXPR_STATE, l->states.at[i].type, i, e);
			st->side = side;
			return st;
		}
		VEC_PUSH(s->el->arena, &names, l->states.at[i].name);
	}
	NetExpr *other = side_trace(s, e, layer, side);
	if (other)
		return other;
	const char *near = suggest(e->name, names.at, names.n);
	elab_error(s->el, E0203, e->name_span, "the neurons of layer `%s` have no state `%s`", l->name, e->name);
	diag_label(s->el->diag, l->span, "declared here");
	if (near)
		diag_suggest(s->el->diag, e->name, near);
	else
		diag_help(s->el->diag, "a rule sees `spike`, states of the neurons and traces of its own: `trace x of pre { … }`");
	diag_end(s->el->diag);
	return NULL;
}

/* White noise: one and the same wherever an equation, or a `let` of equations, has it. */
static NetExpr *
noise(Scope *s, const AstExpr *e)
{
	if (!is_code(s))
		return elab_not_constant(s, e);
	if (s->noise == NET_NONE)
		s->noise = elab_site(s, s->site_hint ? arena_printf(s->el->arena, "xi_%s", s->site_hint) : "xi", e->span);
	NetExpr *xi = elab_leaf(s, NEXPR_DRAW, NT_REAL, 0, e);
	xi->draw = NDRAW_NOISE;
	xi->site = s->noise;
	return xi;
}

static NetExpr *
misused(Scope *s, const AstExpr *e)
{
	elab_error(s->el, E0205, e->span, "`%s` is no value", e->name);
	diag_help(s->el->diag, "name a state, a parameter, a `let` or a `const`");
	diag_end(s->el->diag);
	return NULL;
}

NetExpr *
elab_name(Scope *s, const AstExpr *e)
{
	const AstSym *sym = e->sema.sym;
	if (!sym) { /* from the command line, never seen by sema */
		if (e->kind == AEXPR_NAME && strcmp(e->name, "inf") == 0)
			return elab_const(s, NT_REAL, INFINITY, e->span);
		return elab_not_constant(s, e);
	}
	switch (sym->kind) {
	case ASYM_PARAM:
	case ASYM_MODEL_PARAM:
		return param(s, e, sym);
	case ASYM_PART:
		return part(s, e);
	case ASYM_STATE:
		return state(s, e, sym);
	case ASYM_TRACE:
		return trace(s, e, sym);
	case ASYM_LOCAL:
		return local(s, e, sym);
	case ASYM_INPUT:
		return input(s, e, sym);
	case ASYM_LEARNED:
		return s->place == IN_RULE ? elab_leaf(s, NEXPR_VALUE, s->value_type, 0, e)
					   : elab_not_constant(s, e);
	case ASYM_SPIKE:
		return spike(s, e, sym);
	case ASYM_INDEX:
		return index_of(s, e, sym);
	case ASYM_DISTANCE:
		return s->place == IN_INIT && s->conn != NET_NONE ? elab_distance(s, e->span) : elab_not_constant(s, e);
	case ASYM_DT:
		return elab_const(s, NT_REAL, s->exact ? s->el->dt : s->el->net->dt, e->span);
	case ASYM_NOISE:
		return noise(s, e);
	case ASYM_LEARNING:
		return is_code(s) ? elab_leaf(s, NEXPR_LEARNING, NT_BOOL, 0, e) : elab_not_constant(s, e);
	case ASYM_INF:
		return elab_const(s, NT_REAL, INFINITY, e->span);
	case ASYM_COLUMN:
		return column(s, e, sym);
	case ASYM_SIGNAL:
		if (s->place == IN_RULE && s->needs)
			return use_value(s, s->needs[sym->index].e, e);
		return elab_not_constant(s, e);
	case ASYM_TOP_SIGNAL:
		return top_signal(s, e, sym);
	case ASYM_SIDE_STATE:
		return side_state(s, e, sym);
	case ASYM_FELLOW:
		return fellow(s, e, sym);
	case ASYM_BOUND:
		return bound(s, e, sym);
	case ASYM_TURN: {
		uint32_t var = elab_find_var(s->el, sym->stmt);
		return var == NET_NONE || s->place != IN_PROTOCOL ? elab_not_constant(s, e) : elab_leaf(s, NEXPR_VAR, NT_REAL, var, e);
	}
	case ASYM_STATE_OF:
	case ASYM_TRACE_OF:
	case ASYM_PARAM_OF:
	case ASYM_SPIKES_OF:
		if (s->place == IN_PROTOCOL || s->place == IN_SIGNAL)
			return elab_seen(s, e);
		if (s->place == IN_PROGRAM)
			return elab_not_constant(s, e);
		elab_not_yet(s->el, e->span, "the value of another layer");
		return NULL;
	case ASYM_FEATURE_OF:
	case ASYM_KEPT_OF:
	case ASYM_RATE_OF:
	case ASYM_RULE_STATE_OF:
	case ASYM_SIGNAL_STATE_OF:
	case ASYM_VOTES_OF:
		if (s->place == IN_PROGRAM)
			return elab_not_constant(s, e);
		if (sym->kind == ASYM_VOTES_OF && sym->index == 0) {
			elab_error(s->el, E0309, e->span, "`votes` are several numbers");
			diag_help(s->el->diag, "`votes[0]` is the label of the sample, `votes[1]` what the first readout said");
			diag_end(s->el->diag);
			return NULL;
		}
		elab_not_yet(s->el, e->span, "the value of another layer or connection");
		return NULL;
	case ASYM_UNSET:
	case ASYM_DATA:
	case ASYM_LAYER:
	case ASYM_CONNECTION:
	case ASYM_NEURON:
	case ASYM_FEATURE:
	case ASYM_RULE:
	case ASYM_PHASE:
	case ASYM_OWN_FUNCTION:
	case ASYM_FUNCTION:
		break;
	}
	return misused(s, e);
}
