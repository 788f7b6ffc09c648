/* elab_layer: instances of neuron models: sizes, parameters, states, traces, the step of each layer. */
#include "elab/elab_inner.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { RANK_LIMIT = 4 };
static const double size_limit = 2147483648.0; /* 2^31 neurons */

uint32_t
elab_find_layer(Elab *el, const AstDecl *d)
{
	for (uint32_t i = 0; i < el->layers.n; i++) {
		if (el->layers.at[i].decl == d)
			return i;
	}
	return NET_NONE;
}

/* ---- sizes ----------------------------------------------------------------------------------- */

static bool
shape(Elab *el, const AstDecl *d, NetLayer *l)
{
	const AstArgVec *dims = &d->layer.shape;
	l->n = 1;
	if (dims->n < 1 || dims->n > RANK_LIMIT) {
		elab_error(el, E0402, d->name_span,
			   "a layer has 1 to %d dimensions, and `%s` has %u", RANK_LIMIT, d->name,
			   dims->n);
		diag_help(el->diag, "write its size: `layer %s : Model[100]`", d->name);
		diag_end(el->diag);
		return false;
	}
	double n = 1;
	for (uint32_t i = 0; i < dims->n; i++) {
		double v;
		const AstExpr *e = dims->at[i].value;
		if (!elab_real(el, e, true, "the size of a layer", &v))
			return false;
		n *= v;
		if (v != floor(v) || v < 1 || n > size_limit) {
			bool many = v == floor(v) && v >= 1;
			elab_error(el, E0402, e->span, "%s `%s` cannot have %s neurons",
				   dims->n > 1 && !many ? "a dimension of layer" : "layer", d->name,
				   elab_number_text(el, many ? n : v));
			diag_help(el->diag, "a size is a whole number from 1 to 2^31");
			diag_end(el->diag);
			return false;
		}
		l->shape[i] = (uint64_t)v;
		l->n *= l->shape[i];
	}
	l->rank = dims->n;
	return true;
}

static void
declare_layers(Elab *el)
{
	for (uint32_t i = 0; i < el->ast->decls.n; i++) {
		const AstDecl *d = el->ast->decls.at[i];
		if (d->kind != ADECL_LAYER)
			continue;
		const AstDecl *model =
			d->layer.model->sema.sym ? d->layer.model->sema.sym->decl : NULL;
		ElabLayer e = {.decl = d, .model = model ? &model->model : NULL};
		NetLayer l = {.name = d->name, .span = d->name_span};
		diag_turn(el->diag, d->turn);
		if (!shape(el, d, &l)) {
			l.n = l.rank = 1;
			l.shape[0] = 1;
		}
		if (!model)
			el->failed = true;
		elab_ports(el, e.model, &l);
		uint32_t n = e.model ? e.model->params.n : 0;
		e.assigned = ARENA_ARRAY(el->arena, bool, n + 1);
		e.param_state = ARENA_ARRAY(el->arena, uint32_t, n + 1);
		memset(e.param_state, 0xff, sizeof *e.param_state * (n + 1));
		memset(e.place, 0xff, sizeof e.place);
		VEC_PUSH(el->arena, &el->layers, e);
		VEC_PUSH(el->arena, &el->net->layers, l);
	}
}

/* ---- parameters ------------------------------------------------------------------------------ */

/* The argument for parameter i: by its name, else by its place. */
static const AstArg *
find_arg(const AstModel *m, const AstArgVec *args, uint32_t i)
{
	for (uint32_t k = 0; k < args->n; k++) {
		if (args->at[k].name ? args->at[k].name == m->params.at[i].name : k == i)
			return &args->at[k];
	}
	return NULL;
}

/* A single number where parts are declared is every part. */
static void
spread_over_parts(Scope *s, const AstParam *p, Bind *b)
{
	if (!b->e || !p->value || p->value->kind != AEXPR_TUPLE)
		return;
	const AstArgVec *parts = &p->value->args;
	b->part = ARENA_ARRAY(s->el->arena, BindPart, parts->n);
	for (uint32_t i = 0; i < parts->n; i++)
		b->part[i] = (BindPart){parts->at[i].name, elab_copy(s->el, b->e, b->e->span)};
	b->nparts = parts->n;
	b->e = NULL;
}

static void
report_missing(Elab *el, const AstParam *p, Span use)
{
	elab_error(el, E0224, use, "the parameter `%s` has no default and must be given", p->name);
	diag_label(el->diag, p->span, "declared here");
	diag_help(el->diag, "write `%s = …` in the parentheses", p->name);
	diag_end(el->diag);
}

Bind *
elab_params(Scope *inner, const AstArgVec *args, Span use)
{
	Elab *el = inner->el;
	const AstModel *m = inner->model;
	Bind *binds = ARENA_ARRAY(el->arena, Bind, m->params.n + 1);
	inner->params = binds;
	for (uint32_t i = 0; i < m->params.n; i++) {
		const AstParam *p = &m->params.at[i];
		const AstArg *arg = args ? find_arg(m, args, i) : NULL;
		const AstExpr *value = arg ? arg->value : p->value;
		if (!value) {
			report_missing(el, p, use);
			continue;
		}
		Scope s = arg ? elab_scope(el, IN_PROGRAM) : *inner;
		s.signals = inner->place == IN_RULE;
		s.connect = inner->connect;
		if (arg && !p->shape.n) { /* `i` and `j` may be read */
			s.layer = inner->layer;
			s.conn = inner->conn;
		}
		if (inner->place == IN_NEURON && arg) {
			s.of_layer = inner->layer;
			s.site_prefix = inner->site_prefix;
			s.site_hint = p->name;
		}
		if (!arg)
			s.place = IN_PARAM;
		s.nparams = i;
		if (elab_bind(&s, value, &binds[i]))
			spread_over_parts(inner, p, &binds[i]);
		inner->nparams = i + 1;
	}
	inner->nparams = m->params.n;
	return binds;
}

/* ---- states ---------------------------------------------------------------------------------- */

/* Constants, and numbers that are drawn once: where the lists among them fit. */
bool
elab_is_initial(Scope *s, NetExpr *e)
{
	if (!e)
		return true;
	if (e->kind == NEXPR_ARRAY)
		return elab_fits(s, e);
	bool kind = e->kind == NEXPR_CONST || e->kind == NEXPR_DRAW || e->kind == NEXPR_UNARY || e->kind == NEXPR_BINARY ||
		    e->kind == NEXPR_IF || (e->kind == NEXPR_SIGNAL && s->el->net->signals.at[e->index].tunable);
	if (!kind && s->el->failed)
		return false;
	if (!kind) {
		elab_error(s->el, E0502, e->span, "an initial value must be known before the run");
		diag_help(s->el->diag, "use numbers, params and functions of them");
		diag_end(s->el->diag);
		return false;
	}
	return elab_is_initial(s, e->op[0]) && elab_is_initial(s, e->op[1]) && elab_is_initial(s, e->op[2]);
}

static NetExpr *
given_value(Scope *s, const AstState *a, const AstArg *arg)
{
	Scope at = elab_scope(s->el, IN_PROGRAM);
	at.of_layer = s->layer;
	at.site_prefix = s->site_prefix;
	at.site_hint = a->name;
	NetExpr *e = elab_expr(&at, arg->value);
	bool is_bool = a->sym && a->sym->type == ATYPE_BOOL;
	if (!e || !(e = elab_as(s, e, is_bool ? NT_BOOL : NT_REAL, arg->value)))
		return NULL;
	return elab_is_initial(s, e) ? e : NULL;
}

static NetExpr *
initial_value(Scope *s, const AstState *a, const AstArgVec *args)
{
	for (uint32_t i = 0; i < args->n; i++) {
		if (args->at[i].name && args->at[i].name == a->name)
			return given_value(s, a, &args->at[i]);
	}
	if (!a->init) {
		bool is_bool = a->sym && a->sym->type == ATYPE_BOOL;
		return elab_const(s, is_bool ? NT_BOOL : NT_REAL, 0, a->span);
	}
	s->of_layer = s->layer;
	s->site_hint = a->name;
	NetExpr *e = elab_expr(s, a->init);
	return e && elab_is_initial(s, e) ? e : NULL;
}

static void
states(Scope *outer, const AstArgVec *args)
{
	Elab *el = outer->el;
	Scope s = *outer;
	s.place = IN_STATE;
	for (uint32_t i = 0; i < s.model->states.n; i++) {
		const AstState *a = &s.model->states.at[i];
		NetState st = {.name = a->name, .span = a->span, .type = NT_REAL};
		st.shared_over_batch = a->shared_over_batch;
		st.kept_on_reset = a->kept_on_reset;
		st.init = initial_value(&s, a, args);
		if (st.init)
			st.type = st.init->type;
		VEC_PUSH(el->arena, &el->net->layers.at[s.layer].states, st);
	}
}

/* Parameters that are drawn or that the protocol sets become states, which resets leave alone. Each begins as what was
 * given or declared for it. */
static void
assigned_params(Scope *s, ElabLayer *e)
{
	Elab *el = s->el;
	for (uint32_t i = 0; i < s->model->params.n; i++) {
		Bind *given = &e->params[i];
		if (!e->assigned[i] && (!given->e || elab_is_fixed(given->e)))
			continue;                         /* else it is drawn, and kept */
		const AstParam *p = &s->model->params.at[i];
		Bind *b = &e->params[i];
		if (b->nparts) {
			elab_not_yet(el, p->span, "setting a parameter that has parts");
			continue;
		}
		if (!b->e)
			continue;
		Scope in = *s;
		in.place = IN_STATE;
		NetExpr *first = elab_copy(el, b->first ? b->first : b->e, b->e->span);
		if (!elab_is_initial(&in, first)) {
			el->failed = true;
			continue;
		}
		NetLayer *l = &el->net->layers.at[s->layer];
		NetState st = {.name = p->name,
			       .span = p->span,
			       .type = first->type,
			       .init = first,
			       .shared_over_batch = !e->assigned[i], /* drawn: once for all items */
			       .kept_on_reset = true};
		e->param_state[i] = l->states.n;
		VEC_PUSH(el->arena, &l->states, st);
		b->first = first;
	}
}

/* ---- the layer ------------------------------------------------------------------------------- */

/* Parameters first as constants, which the states begin with; then once more with those that the
 * protocol sets as states, since defaults may follow from them. */
static void
parameters(Scope *s, ElabLayer *e, const AstArgVec *args)
{
	e->params = elab_params(s, args, e->decl->name_span);
	states(s, args);
	assigned_params(s, e);
	bool any = false;
	for (uint32_t i = 0; i < s->model->params.n; i++)
		any = any || e->param_state[i] != NET_NONE;
	if (!any)
		return;
	Elab *el = s->el;
	const Bind *before = e->params;
	Bind *after = arena_copy(el->arena, before, sizeof *before * (s->model->params.n + 1));
	s->params = after;
	for (uint32_t i = 0; i < s->model->params.n; i++) {
		const AstParam *p = &s->model->params.at[i];
		s->nparams = i;
		if (e->param_state[i] != NET_NONE) {
			NetExpr *st =
				net_expr(el->net, NEXPR_STATE, before[i].first->type, p->span);
			st->index = e->param_state[i];
			after[i] = (Bind){.e = st, .first = before[i].first};
		} else if (!find_arg(s->model, args, i) && p->value && before[i].e) {
			Scope in = *s;
			in.place = IN_PARAM;
			elab_bind(&in, p->value, &after[i]);
			spread_over_parts(s, p, &after[i]);
			after[i].first = before[i].e;
		}
	}
	s->nparams = s->model->params.n;
	e->params = after;
}

static void
traces(Scope *s, ElabLayer *e)
{
	const AstModel *m = e->model;
	uint32_t n = m->traces.n + e->decl->layer.traces.n;
	e->traces = ARENA_ARRAY(s->el->arena, uint32_t, n + 1);
	for (uint32_t i = 0; i < n; i++) {
		bool own = i >= m->traces.n;
		e->traces[i] = elab_trace(s, own ? &e->decl->layer.traces.at[i - m->traces.n]
						 : &m->traces.at[i]);
	}
}

/* Does any spike of a model have a value? */
static bool
has_values(const AstStmtVec *v)
{
	for (uint32_t i = 0; i < v->n; i++) {
		const AstStmt *s = v->at[i];
		if ((s->kind == ASTMT_SPIKE && s->e) || has_values(&s->body) || has_values(&s->other))
			return true;
	}
	return false;
}

static void
one_layer(Elab *el, uint32_t index)
{
	ElabLayer *e = &el->layers.at[index];
	if (!e->model)
		return;
	Scope s = elab_scope(el, IN_NEURON);
	s.model = e->model;
	s.layer = index;
	s.site_prefix = e->decl->name;
	for (uint32_t i = 0; i < e->model->handlers.n; i++)
		el->net->layers.at[index].values |= has_values(&e->model->handlers.at[i].body);
	parameters(&s, e, &e->decl->layer.args);
	elab_positions(el, index);
	traces(&s, e);
	s.traces = e->traces;
	elab_neuron(&s, e);
}

void
elab_layers(Elab *el)
{
	declare_layers(el);
	elab_find_assigned(el);
	for (uint32_t i = 0; i < el->layers.n; i++) {
		diag_turn(el->diag, el->layers.at[i].decl->turn);
		one_layer(el, i);
	}
	diag_turn(el->diag, NULL);
}
