/* check_model: neurons, features and rules, each once, with open dimensions.
 *
 * What no unit pins down in a model stays open and is settled anew in each
 * instance: a rule does not know what it will learn, nor a neuron what its
 * parameters without unit mean.
 */
#include "sema/check.h"

#include "base/panic.h"

/* Reads a value in a place of its own kind. */
static Val
check_in(Sema *s, AstExpr *e, Where where)
{
	Where outer = s->where;
	s->where = where;
	Val v = sema_check_expr(s, e);
	s->where = outer;
	return v;
}

/* ---- declarations of a model -------------------------------------------------------------- */

static void
declare_member(Sema *s, Sym *sym, AstSym **slot, uint32_t index, Val v)
{
	sym->sym.index = index;
	sym->val = v;
	sym->sym.type = v.type;
	*slot = &sym->sym;
	Name name = sym->sym.name;
	if (name == s->words.dt || name == s->words.learning ||
	    (s->input && name == s->input->sym.name)) {
		diag_begin(s->diag, E0214, sym->sym.span, "`%s` has a meaning of its own here",
			   name);
		diag_help(s->diag, "take another name");
		diag_end(s->diag);
	}
	sema_declare(s, &s->members, sym);
}

static Val
check_shape(Sema *s, const AstArgVec *shape)
{
	for (uint32_t i = 0; i < shape->n; i++) {
		Where outer = s->where;
		s->where = IN_ARG;
		sema_check_dim(s, shape->at[i].value, infer_none(),
			       (Say){"a size is a number, not @", "write how many, without a unit",
				     NULL});
		s->where = outer;
	}
	return (Val){.type = ATYPE_LIST, .dim = infer_fresh(&s->infer)};
}

static Val
check_default(Sema *s, AstParam *p)
{
	if (p->shape.n)
		return check_shape(s, &p->shape);
	Val v = p->is_bool ? sema_bool() : sema_real(infer_fresh(&s->infer));
	if (p->is_time)
		v = sema_real(infer_stated((Dim){{2}}, p->span));
	if (!p->value)
		return v;
	Val given = check_in(s, p->value, IN_ARG);
	if (p->is_bool)
		sema_need_condition(s, p->value, given);
	else if (p->is_time && sema_need_real(s, p->value, given))
		sema_fit(s,
			 (Say){"`$` is &, not @", "write it with a unit of time: `1 ms`", p->name},
			 (Side){p->value->span, given.dim}, (Side){p->span, v.dim});
	if (p->is_bool || p->is_time || given.type == ATYPE_BOOL || given.type == ATYPE_TUPLE ||
	    given.type == ATYPE_ERROR)
		return p->is_bool || p->is_time ? v : given;
	return sema_need_real(s, p->value, given) ? given : sema_poison();
}

static void
declare_params(Sema *s, AstModel *m)
{
	for (uint32_t i = 0; i < m->params.n; i++) {
		AstParam *p = &m->params.at[i];
		Val v = check_default(s, p);
		declare_member(s, sema_new_sym(s, ASYM_MODEL_PARAM, p->name, p->span), &p->sym, i,
			       v);
	}
}

static void
report_place(Sema *s, Span at, Name of, const char *what, const char *places)
{
	diag_begin(s->diag, E0602, at, "%s cannot be `of %s`", what, of);
	diag_help(s->diag, "%s", places);
	diag_end(s->diag);
}

static void
check_state_place(Sema *s, const AstState *st)
{
	const Words *w = &s->words;
	if (!st->of)
		return;
	bool in_feature = s->decl->kind == ADECL_FEATURE && st->of != w->network;
	if (s->decl->kind != ADECL_RULE && !in_feature)
		report_place(s, st->span, st->of, s->decl->kind == ADECL_NEURON ? "the state of a neuron" : "the state of a feature",
			     "leave `of` away: states of rules and features have places, `pre`, `post` or `synapse`");
	else if (st->of != w->pre && st->of != w->post && st->of != w->synapse &&
		 st->of != w->connection && st->of != w->network)
		report_place(s, st->span, st->of, "a state",
			     "places are `pre`, `post`, `synapse`, `connection` and `network`");
}

static void
declare_states(Sema *s, AstModel *m)
{
	for (uint32_t i = 0; i < m->states.n; i++) {
		AstState *st = &m->states.at[i];
		check_state_place(s, st);
		Val v = sema_real(infer_fresh(&s->infer));
		if (st->shape.n && s->decl->kind != ADECL_FEATURE) {
			diag_begin(s->diag, E0902, st->span,
				   "arrays of states are compiled in features only");
			diag_help(s->diag, "give each number a state of its own");
			diag_end(s->diag);
		}
		if (st->init) {
			v = check_in(s, st->init, IN_INIT);
			if (v.type != ATYPE_BOOL && v.type != ATYPE_ERROR &&
			    !sema_need_real(s, st->init, v))
				v = sema_poison();
		}
		if (st->shape.n) {
			Val all = check_shape(s, &st->shape);
			if (v.type == ATYPE_BOOL)
				sema_need_real(s, st->init, v);
			else if (v.type == ATYPE_REAL)
				all.dim = v.dim;
			v = all;
		}
		declare_member(s, sema_new_sym(s, ASYM_STATE, st->name, st->name_span), &st->sym, i,
			       v);
	}
}

static void
declare_traces(Sema *s, AstModel *m)
{
	for (uint32_t i = 0; i < m->traces.n; i++) {
		AstTrace *t = &m->traces.at[i];
		bool is_rule = s->decl->kind == ADECL_RULE,
		     has_side = t->of == s->words.pre || t->of == s->words.post;
		if (is_rule && !t->of) {
			diag_begin(s->diag, E0632, t->name_span,
				   "`%s` does not say whose trace it is", t->name);
			diag_help(s->diag, "write `trace %s of pre` or `trace %s of post`", t->name,
				  t->name);
			diag_end(s->diag);
		} else if (is_rule && !has_side) {
			report_place(s, t->name_span, t->of, "a trace",
				     "a rule keeps traces `of pre` and `of post`");
		} else if (!is_rule && t->of) {
			report_place(s, t->name_span, t->of, "the trace of a neuron",
				     "leave `of` away: it follows the neuron's own spikes");
		}
		declare_member(s, sema_new_sym(s, ASYM_TRACE, t->name, t->name_span), &t->sym, i,
			       sema_real(infer_fresh(&s->infer)));
	}
}

static void
declare_learned(Sema *s, AstDecl *d)
{
	AstModel *m = &d->model;
	for (uint32_t i = 0; i < m->needs.n; i++)
		declare_member(
			s, sema_new_sym(s, ASYM_SIGNAL, m->needs.at[i].name, m->needs.at[i].span),
			&m->needs.at[i].sym, i, sema_real(infer_fresh(&s->infer)));
	if (m->learns)
		declare_member(s, sema_new_sym(s, ASYM_LEARNED, m->learns, m->learns_span),
			       &m->learns_sym, 0, m->learns_bool ? sema_bool() : sema_real(infer_fresh(&s->infer)));
	if (d->kind == ADECL_RULE && !m->learns) {
		diag_begin(s->diag, E0622, d->name_span,
			   "the rule `%s` does not say what it learns", d->name);
		diag_help(s->diag, "write `learns w`; its handlers then change `w`");
		diag_end(s->diag);
	} else if (d->kind != ADECL_RULE && (m->learns || m->needs.n)) {
		diag_begin(s->diag, E0622, m->learns ? m->learns_span : m->needs.at[0].span,
			   "%s cannot learn", d->kind == ADECL_NEURON ? "a neuron" : "a feature");
		diag_help(s->diag, "put it into a `rule`, and attach that to a feature by `learn`");
		diag_end(s->diag);
	}
}

/* ---- bodies ------------------------------------------------------------------------------- */

void
sema_check_trace(Sema *s, AstTrace *t, Sym *sym)
{
	s->where = IN_ARG;
	s->arg_of = s->decl && s->decl->kind == ADECL_RULE ? ARG_OF_SYNAPSE : ARG_OF_NEURON;
	Val tau = sema_check_expr(s, t->tau);
	if (tau.type == ATYPE_LIST || sema_need_real(s, t->tau, tau))
		sema_fit(s, (Say){"the `tau` of a trace is &, not @", "write a time: `tau = 20 ms`", NULL},
			 (Side){t->tau->span, tau.dim}, (Side){{0, 0}, infer_stated((Dim){{2}}, (Span){0, 0})});
	s->arg_of = ARG_OF_NONE;
	s->where = IN_TRACE;
	s->own_trace = sym->sym.name;
	sema_check_block(s, &t->on_spike);
}

static bool
handler_belongs(AstDeclKind kind, AstHandlerKind h)
{
	switch (h) {
	case AHANDLER_STEP:
		return kind == ADECL_NEURON;
	case AHANDLER_ON_PRE:
	case AHANDLER_ON_POST:
	case AHANDLER_EACH_STEP:
	case AHANDLER_ON_SIGNAL:
		return kind == ADECL_RULE;
	case AHANDLER_COMPUTE:
		return kind == ADECL_FEATURE;
	case AHANDLER_EQUATIONS:
		return kind == ADECL_NEURON || kind == ADECL_RULE;
	case AHANDLER_ON_EVENT:
		return false;
	case AHANDLER_RECEIVE:
	case AHANDLER_ON_SPIKE:
		return kind == ADECL_NEURON;
	}
	UNREACHABLE();
}

static Sym *sym_of(AstSym *sym);

/* on reward { … } */
static void
check_event(Sema *s, AstHandler *h)
{
	AstModel *m = &s->decl->model;
	WordVec known = {0};
	for (uint32_t i = 0; i < m->needs.n; i++) {
		sema_add_word(s, &known, m->needs.at[i].name);
		if (m->needs.at[i].name == h->signal)
			h->sym = m->needs.at[i].sym;
	}
	if (h->sym)
		return;
	diag_begin(s->diag, E0213, h->signal_span, "the rule `%s` needs no signal `%s`", s->decl->name, h->signal);
	sema_help_names(s, h->signal, &known, "it needs",
			arena_printf(s->arena, "a rule handles `on pre`, `on post` and its signals: say `needs %s`", h->signal));
	diag_end(s->diag);
}

static void
check_handler(Sema *s, AstHandler *h)
{
	AstDeclKind kind = s->decl->kind;
	if (!handler_belongs(kind, h->kind)) {
		diag_begin(s->diag, E0601, h->span,
			   kind == ADECL_NEURON ? "a neuron has no handlers of this kind"
			   : kind == ADECL_RULE ? "a rule has no handlers of this kind"
						: "a feature has no handlers of this kind");
		diag_help(s->diag,
			  kind == ADECL_NEURON ? "a neuron has `step { }`"
			  : kind == ADECL_RULE
				  ? "a rule has `on pre { }`, `on post { }`, `on signal { }` and `each step { }`"
				  : "a feature changes `signal` in its body");
		diag_end(s->diag);
		return;
	}
	if (h->kind == AHANDLER_ON_SIGNAL)
		check_event(s, h);
	s->where = kind == ADECL_NEURON ? IN_STEP : kind == ADECL_RULE ? IN_RULE : IN_FEATURE;
	Sym *whole = s->input;
	if (h->input_sym)
		s->input = sym_of(h->input_sym);
	if (h->kind == AHANDLER_EQUATIONS)
		sema_check_equations(s, &h->body);
	else
		sema_check_block(s, &h->body);
	s->input = whole;
}

static Sym *
sym_of(AstSym *sym)
{
	return (Sym *)sym;
}

/* The values of the symbols, as far as they are known now. */
static Val
reduced(Sema *s, AstSym *sym)
{
	if (!sym)
		return sema_poison();
	Val v = sym_of(sym)->val;
	v.dim = infer_reduce(&s->infer, v.dim);
	return v;
}

static Face *
make_face(Sema *s, AstModel *m)
{
	Face *f = ARENA_NEW(s->arena, Face);
	f->n_params = m->params.n;
	f->n_states = m->states.n;
	f->n_traces = m->traces.n;
	f->n_needs = m->needs.n;
	f->n_ports = 0;
	f->ports = ARENA_ARRAY(s->arena, Port, m->handlers.n + 1);
	for (uint32_t i = 0; i < m->handlers.n; i++) {
		const AstHandler *h = &m->handlers.at[i];
		if (h->port)
			f->ports[f->n_ports++] = (Port){h->port, h->port_span, reduced(s, h->input_sym).dim};
	}
	f->params = ARENA_ARRAY(s->arena, Val, f->n_params);
	f->states = ARENA_ARRAY(s->arena, Val, f->n_states);
	f->traces = ARENA_ARRAY(s->arena, Val, f->n_traces);
	f->needs = ARENA_ARRAY(s->arena, Val, f->n_needs);
	for (uint32_t i = 0; i < f->n_params; i++)
		f->params[i] = reduced(s, m->params.at[i].sym);
	for (uint32_t i = 0; i < f->n_states; i++)
		f->states[i] = reduced(s, m->states.at[i].sym);
	for (uint32_t i = 0; i < f->n_traces; i++)
		f->traces[i] = reduced(s, m->traces.at[i].sym);
	for (uint32_t i = 0; i < f->n_needs; i++)
		f->needs[i] = reduced(s, m->needs.at[i].sym);
	if (m->learns_sym)
		f->learned = reduced(s, m->learns_sym).dim;
	f->n_sides = s->sides.n;
	f->sides = ARENA_ARRAY(s->arena, SideUse, f->n_sides);
	for (uint32_t i = 0; i < f->n_sides; i++) {
		f->sides[i] = s->sides.at[i];
		f->sides[i].dim = infer_reduce(&s->infer, f->sides[i].dim);
	}
	return f;
}

void
sema_check_model(Sema *s, AstDecl *d)
{
	AstModel *m = &d->model;
	s->decl = d;
	s->members.n = s->locals.n = s->sides.n = s->parts.n = 0;
	s->input = NULL;
	DimTerm in = infer_fresh(&s->infer);
	if (d->kind != ADECL_RULE) {
		s->input = sema_new_sym(s, ASYM_INPUT,
					d->kind == ADECL_NEURON ? s->words.input : s->words.signal,
					d->name_span);
		s->input->val = sema_real(in);
		s->input->sym.type = ATYPE_REAL;
		m->input_sym = &s->input->sym;
	}
	declare_params(s, m);
	declare_learned(s, d);
	sema_imply_states(s, m);
	declare_states(s, m);
	declare_traces(s, m);
	for (uint32_t i = 0; i < m->traces.n; i++)
		sema_check_trace(s, &m->traces.at[i], sym_of(m->traces.at[i].sym));
	sema_declare_ports(s, m);
	for (uint32_t i = 0; i < m->handlers.n; i++)
		check_handler(s, &m->handlers.at[i]);
	sema_check_fire(s, d);
	if (m->method)
		sema_check_method(s, m->method, m->method_span, sema_has_equations(m));
	if (d->kind == ADECL_RULE)
		sema_check_places(s, d);
	Face *f = make_face(s, m);
	f->reads_input = d->kind == ADECL_NEURON && sema_reads_input(m);
	f->input = f->signal_in = infer_reduce(&s->infer, in);
	f->signal_out = s->input ? infer_reduce(&s->infer, s->input->val.dim) : in;
	if (d->sym)
		sym_of(d->sym)->face = f;
	s->decl = NULL;
	s->members.n = s->locals.n = 0;
	s->input = NULL;
}
