/* elab_rule: a rule where it is attached: its parameters, its traces on the layers of both sides, its
 * states, and what it does. */
#include "elab/elab_inner.h"

#include <string.h>

static const AstArgVec *
arguments(const AstExpr *learn)
{
	return learn->kind == AEXPR_CALL ? &learn->args : NULL;
}

static NetReduce
reduction(Elab *el, const AstFeature *a)
{
	static const struct {
		const char *name;
		NetReduce reduce;
	} all[] = {{"mean", NREDUCE_MEAN}, {"sum", NREDUCE_SUM}, {"max", NREDUCE_MAX}};
	for (size_t i = 0; a->reduce && i < sizeof all / sizeof *all; i++) {
		if (strcmp(a->reduce, all[i].name) == 0)
			return all[i].reduce;
	}
	if (a->reduce)
		elab_not_yet(el, a->reduce_span, "the reduction `%s`", a->reduce);
	return NREDUCE_MEAN;
}

static void
average(Elab *el, NetRule *r, const AstFeature *a)
{
	const uint64_t most = 1 << 16;
	if (!a->average || !elab_count(el, a->average, "the number of steps of an average", 1, &r->average))
		return;
	r->average_each = a->average_each;
	if (r->average <= most)
		return;
	elab_error(el, E0503, a->average->span, "an average goes over at most %u steps", (unsigned)most);
	diag_help(el->diag, "changes of so many steps are kept for every synapse: take fewer");
	diag_end(el->diag);
}

/* The signals that the rule needs: expressions of those of the program. */
static bool
needs(Scope *s, const AstArgVec *args)
{
	const AstModel *m = s->model;
	Bind *bind = ARENA_ARRAY(s->el->arena, Bind, m->needs.n + 1);
	for (uint32_t i = 0; i < m->needs.n; i++) {
		for (uint32_t k = 0; args && k < args->n; k++) {
			Scope in = elab_scope(s->el, IN_PROGRAM);
			in.signals = true;
			in.connect = s->connect;
			if (args->at[k].name == m->needs.at[i].name && !elab_bind(&in, args->at[k].value, &bind[i]))
				return false;
		}
		if (!bind[i].e) {
			s->el->failed = true;
			return false;
		}
	}
	s->needs = bind;
	return true;
}

/* ---- traces and states ----------------------------------------------------------------------- */

static const uint32_t *
traces(const Scope *s)
{
	Elab *el = s->el;
	const AstModel *m = s->model;
	uint32_t *index = ARENA_ARRAY(el->arena, uint32_t, m->traces.n + 1);
	for (uint32_t i = 0; i < m->traces.n; i++) {
		const AstTrace *t = &m->traces.at[i];
		index[i] = NET_NONE;
		bool pre = t->of && strcmp(t->of, "pre") == 0;
		if (!pre && !(t->of && strcmp(t->of, "post") == 0)) {
			elab_error(el, E0632, t->span,
				   "a trace of a rule belongs to the pre or the post neuron");
			diag_help(el->diag, "write `trace %s of pre { … }` or `of post`", t->name);
			diag_end(el->diag);
			continue;
		}
		Scope in = *s;
		in.own_side = pre ? NSIDE_PRE : NSIDE_POST;
		in.layer = pre ? el->net->conns.at[s->conn].pre : el->net->conns.at[s->conn].post;
		index[i] = elab_trace(&in, t);
	}
	return index;
}

static void
states(const Scope *outer, NetRule *r)
{
	Elab *el = outer->el;
	Scope s = *outer;
	s.place = IN_STATE;
	for (uint32_t i = 0; i < s.model->states.n; i++) {
		const AstState *a = &s.model->states.at[i];
		NetState st = {.name = a->name, .span = a->span, .type = NT_REAL};
		st.of_network = a->of && strcmp(a->of, "network") == 0;
		if (a->shared_over_batch)
			elab_shared_state(el, a, "a rule", "take a mean where it is read: `mean(%s over batch)`");
		st.kept_on_reset = a->kept_on_reset;
		NetType t = a->sym && a->sym->type == ATYPE_BOOL ? NT_BOOL : NT_REAL;
		st.init = a->init ? elab_expr(&s, a->init) : elab_const(&s, t, 0, a->span);
		if (st.init && st.init->kind != NEXPR_CONST) {
			elab_first_state(el, a, "a rule", "one number");
			st.init = NULL;
		}
		if (st.init)
			st.type = st.init->type;
		VEC_PUSH(el->arena, &r->states, st);
	}
}

/* ---- what it does ---------------------------------------------------------------------------- */

/* Handlers of one event that follow each other are one. */
static NetHandler *
handler(Elab *el, NetRule *r, NetEvent event, Span at, bool alone)
{
	NetHandler *last = r->handlers.n && !alone ? &r->handlers.at[r->handlers.n - 1] : NULL;
	if (last && last->event == event)
		return last;
	VEC_PUSH(el->arena, &r->handlers, ((NetHandler){.event = event, .span = at}));
	return &r->handlers.at[r->handlers.n - 1];
}

/* `on reward { … }`: in steps for which a signal in what was given for it was set or fed; a constant is none. */
static void
on_signal(Scope *s, NetRule *r, const AstHandler *h)
{
	Elab *el = s->el;
	NetExpr *signal = h->sym ? elab_copy(el, s->needs[h->sym->index].e, h->signal_span) : NULL;
	if (!signal || !elab_sides(s, signal, h->signal_span)) {
		el->failed = true;
		return;
	}
	NetExpr *fired = elab_event(s, signal, h->signal_span);
	NetCode *code = &handler(el, r, NEVENT_STEP, h->span, true)->code;
	elab_code(s, &h->body, code);
	if (fired->kind == NEXPR_CONST) {
		if (fired->value == 0)
			code->body.n = 0;
		return;
	}
	NetStmt *wrap = ARENA_NEW(el->arena, NetStmt);
	wrap->kind = NSTMT_IF;
	wrap->span = h->span;
	wrap->e = fired;
	wrap->body = code->body;
	NetStmt **at = ARENA_ARRAY(el->arena, NetStmt *, 1);
	at[0] = wrap;
	code->body = (NetBlock){at, 1};
}

/* Equations come first, wherever they stand: handlers see states that have come to this step. */
static void
equations(const Scope *outer, NetRule *r)
{
	for (uint32_t i = 0; i < outer->model->handlers.n; i++) {
		const AstHandler *h = &outer->model->handlers.at[i];
		Scope s = *outer;
		if (h->kind == AHANDLER_EQUATIONS)
			elab_equations(&s, &h->body, &handler(s.el, r, NEVENT_STEP, h->span, true)->code);
	}
}

static void
handlers(const Scope *outer, NetRule *r)
{
	equations(outer, r);
	for (uint32_t i = 0; i < outer->model->handlers.n; i++) {
		const AstHandler *h = &outer->model->handlers.at[i];
		Scope s = *outer;
		s.rule = r;
		switch (h->kind) {
		case AHANDLER_ON_PRE:
			s.event = NSIDE_PRE;
			elab_code(&s, &h->body, &handler(s.el, r, NEVENT_PRE, h->span, false)->code);
			break;
		case AHANDLER_ON_POST:
			s.event = NSIDE_POST;
			elab_code(&s, &h->body, &handler(s.el, r, NEVENT_POST, h->span, false)->code);
			break;
		case AHANDLER_EACH_STEP:
			elab_code(&s, &h->body, &handler(s.el, r, NEVENT_STEP, h->span, false)->code);
			break;
		case AHANDLER_ON_SIGNAL:
			on_signal(&s, r, h);
			break;
		case AHANDLER_EQUATIONS:
			break; /* were first */
		case AHANDLER_STEP:
		case AHANDLER_RECEIVE:
		case AHANDLER_ON_SPIKE:
		case AHANDLER_COMPUTE:
		case AHANDLER_ON_EVENT:
			elab_not_yet(s.el, h->span, "this part of a rule");
			break;
		}
	}
}

void
elab_rule(Elab *el, uint32_t conn, NetFeature *f, const AstFeature *a)
{
	if (!a->sema_rule) {
		el->failed = true;
		return;
	}
	NetRule *r = &f->rule;
	const AstModel *m = &a->sema_rule->model;
	r->name = a->sema_rule->name;
	r->span = a->learn->span;
	r->reduce = reduction(el, a);
	f->has_rule = true;
	r->of_post = f->of_post;
	Scope s = elab_scope(el, IN_RULE);
	s.conn = conn;
	s.model = m;
	s.rule = r;
	s.learned = f;
	s.connect = el->conns.at[conn];
	s.value_type = f->type;
	s.site_prefix = arena_printf(el->arena, "%s/%s", el->net->conns.at[conn].name, f->name);
	s.params = elab_params(&s, arguments(a->learn), a->learn->span);
	if (!needs(&s, arguments(a->learn)))
		return;
	s.traces = traces(&s);
	ElabRuleTraces where = {conn, el->net->conns.at[conn].features.n, m, s.traces};
	VEC_PUSH(el->arena, &el->rule_traces, where);
	states(&s, r);
	handlers(&s, r);
	elab_places(el, m, r);
	average(el, r, a);
}
