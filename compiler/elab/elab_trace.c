/* elab_trace: traces of a layer. Those that decay alike and do the same at a spike are one, whoever
 * asks for them. */
#include "elab/elab_inner.h"

#include <math.h>

typedef struct {
	const NetLayer *layer;
} TakenIn;

static bool
trace_taken(const void *env, Name name)
{
	const NetLayer *l = ((const TakenIn *)env)->layer;
	for (uint32_t i = 0; i < l->traces.n; i++) {
		if (l->traces.at[i].name == name)
			return true;
	}
	return false;
}

/* exp(-dt / tau) */
static NetExpr *
decay(Scope *s, const AstTrace *t)
{
	NetExpr *tau = elab_expr(s, t->tau);
	if (!tau)
		return NULL;
	if (!elab_is_fixed(tau)) {
		elab_not_yet(s->el, t->tau->span, "a time constant that changes during the run");
		return NULL;
	}
	uint32_t n = tau->kind == NEXPR_ARRAY ? s->el->lists.at[tau->index].n : 1;
	for (uint32_t i = 0; i < n; i++) {
		double v = tau->kind == NEXPR_ARRAY ? s->el->lists.at[tau->index].value[i]
						    : tau->value;
		if (v > 0)
			continue;
		elab_error(s->el, E0526, t->tau->span,
			   "the time constant of trace `%s` must be above 0 ms, and this is %s ms",
			   t->name, elab_number_text(s->el, v));
		diag_help(s->el->diag, "write `tau = 20 ms`; without decay: `tau = inf`");
		diag_end(s->el->diag);
		return NULL;
	}
	NetExpr *dt = elab_const(s, NT_REAL, s->el->net->dt, t->tau->span);
	NetExpr *q =
		elab_binary(s, NOP_DIV, elab_unary(s, NOP_NEG, dt, dt->span), tau, t->tau->span);
	return elab_unary(s, NOP_EXP, q, t->tau->span);
}

/* `on spike` is made before its index is known: it can only name the trace itself. */
static void
set_own_index(NetExpr *e, uint32_t index)
{
	if (!e)
		return;
	if (e->kind == NEXPR_TRACE)
		e->index = index;
	for (int i = 0; i < 3; i++)
		set_own_index(e->op[i], index);
}

static void
set_own_index_in(const NetBlock *b, uint32_t index)
{
	for (uint32_t i = 0; i < b->n; i++) {
		set_own_index(b->at[i]->target, index);
		set_own_index(b->at[i]->e, index);
		set_own_index_in(&b->at[i]->body, index);
		set_own_index_in(&b->at[i]->other, index);
	}
}

static bool
is_same(NetTrace *have, uint32_t index, const NetTrace *want)
{
	if (!net_expr_equal(have->decay, want->decay))
		return false;
	set_own_index_in(&have->on_spike.body, NET_NONE);
	bool same = net_code_equal(&have->on_spike, &want->on_spike);
	set_own_index_in(&have->on_spike.body, index);
	return same;
}

uint32_t
elab_trace(Scope *outer, const AstTrace *t)
{
	Elab *el = outer->el;
	Scope s = *outer;
	s.place = IN_TRACE;
	s.own_trace = t;
	s.code = NULL;
	s.locals.n = s.locals.cap = 0;
	NetTrace want = {.span = t->span};
	want.decay = decay(&s, t);
	if (!elab_code(&s, &t->on_spike, &want.on_spike) || !want.decay)
		return NET_NONE;
	NetLayer *l = &el->net->layers.at[s.layer];
	for (uint32_t i = 0; i < l->traces.n; i++) {
		if (is_same(&l->traces.at[i], i, &want))
			return i;
	}
	TakenIn in = {l};
	want.name = elab_unique(el, t->name, trace_taken, &in);
	set_own_index_in(&want.on_spike.body, l->traces.n);
	VEC_PUSH(el->arena, &l->traces, want);
	return l->traces.n - 1;
}
