/* elab_axon: delays of axons: `pre.spike = pre.spike after value` in a feature delays the spike itself, so that rules, traces and delivery see it
 * when it reaches the synapses. A layer of axons, one for each source, stands between both ends: its neurons spike when a spike has come, which
 * takes one step less than the delay, since every connection takes one. Connections of one layer with equal delays share their axons. */
#include "elab/elab_inner.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* ---- is it one? -------------------------------------------------------------------------------------- */

static bool
is_spike(const AstExpr *e)
{
	return e && e->kind == AEXPR_MEMBER && strcmp(e->name, "spike") == 0 && e->op[0]->kind == AEXPR_NAME && strcmp(e->op[0]->name, "pre") == 0;
}

bool
elab_delays_spike(const AstStmt *st)
{
	const AstExpr *e = st->kind == ASTMT_ASSIGN ? st->e : NULL;
	return e && e->kind == AEXPR_CALL && e->op[0]->kind == AEXPR_NAME && strcmp(e->op[0]->name, "after") == 0 && e->args.n == 2 &&
	       is_spike(e->args.at[0].value) && is_spike(st->target);
}

/* Does this feature delay the spike: in any case, or by an option that is true here? */
static bool
is_axonal(const AstFeature *a)
{
	const AstModel *m = a->sema_model ? &a->sema_model->model : NULL;
	for (uint32_t i = 0; m && i < m->handlers.n; i++) {
		const AstStmtVec *body = &m->handlers.at[i].body;
		if (body->n != 1)
			continue;
		const AstStmt *st = body->at[0];
		if (elab_delays_spike(st))
			return true;
		if (st->kind != ASTMT_IF || st->body.n != 1 || !elab_delays_spike(st->body.at[0]) || st->e->kind != AEXPR_NAME)
			continue;
		const AstExpr *option = NULL;
		for (uint32_t k = 0; k < m->params.n; k++)
			if (m->params.at[k].name == st->e->name)
				option = m->params.at[k].value;
		for (uint32_t k = 0; k < a->args.n; k++)
			if (a->args.at[k].name == st->e->name)
				option = a->args.at[k].value;
		if (option && option->kind == AEXPR_BOOL && option->truth)
			return true;
	}
	return false;
}

/* ---- axons ---------------------------------------------------------------------------------------------- */

static NetStmt *
fires(Elab *el, const NetLayer *pre, Span at)
{
	Net *net = el->net;
	NetExpr *input = net_expr(net, NEXPR_INPUT, NT_REAL, at), *test = net_expr(net, NEXPR_BINARY, NT_BOOL, at);
	test->op_kind = NOP_NE;
	test->op[0] = input;
	test->op[1] = net_const(net, NT_REAL, 0, at);
	NetStmt *spike = ARENA_NEW(net->arena, NetStmt), *when = ARENA_NEW(net->arena, NetStmt);
	*spike = (NetStmt){.kind = NSTMT_SPIKE, .span = at, .e = pre->values ? elab_copy(el, input, at) : NULL};
	*when = (NetStmt){.kind = NSTMT_IF, .span = at, .e = test};
	when->body.at = ARENA_ARRAY(net->arena, NetStmt *, 1);
	when->body.at[0] = spike;
	when->body.n = 1;
	return when;
}

/* A layer of as many neurons as `pre` has, where those are, with a declaration of its own. */
static uint32_t
add_layer(Elab *el, uint32_t pre, Name name, Span at)
{
	Net *net = el->net;
	NetLayer from = net->layers.at[pre], l = {.name = name, .span = at, .n = from.n, .rank = from.rank, .values = from.values};
	memcpy(l.shape, from.shape, sizeof l.shape);
	elab_ports(el, NULL, &l);
	l.step.body.at = ARENA_ARRAY(net->arena, NetStmt *, 1);
	l.step.body.at[0] = fires(el, &from, at);
	l.step.body.n = 1;
	AstDecl *d = ARENA_NEW(el->arena, AstDecl);
	d->kind = ADECL_LAYER;
	d->name = name;
	d->span = d->name_span = at;
	ElabLayer e = {.decl = d, .model = ARENA_NEW(el->arena, AstModel), .params = ARENA_ARRAY(el->arena, Bind, 1), .assigned = ARENA_ARRAY(el->arena, bool, 1),
		       .param_state = ARENA_ARRAY(el->arena, uint32_t, 1), .traces = ARENA_ARRAY(el->arena, uint32_t, 1)};
	memset(e.place, 0xff, sizeof e.place);
	const ElabLayer *source = &el->layers.at[pre];
	for (uint32_t axis = 0; axis < ELAB_AXES; axis++) {
		e.period[axis] = source->period[axis];
		if (source->place[axis] == NET_NONE)
			continue;
		NetState st = from.states.at[source->place[axis]];
		st.init = elab_copy(el, st.init, st.init->span);
		e.place[axis] = l.states.n;
		VEC_PUSH(el->arena, &l.states, st);
	}
	VEC_PUSH(el->arena, &el->layers, e);
	VEC_PUSH(el->arena, &net->layers, l);
	return net->layers.n - 1;
}

/* The way along them: `steps` steps, of which the first is that of every connection. */
static void
add_way(Elab *el, uint32_t pre, uint32_t axons, uint64_t steps, Span at)
{
	Net *net = el->net;
	NetConn c = {.name = intern_printf(el->names, "%s_way", net->layers.at[axons].name), .span = at, .pre = pre, .post = axons,
		     .pattern = {.kind = NPAT_ONE_TO_ONE, .span = at}};
	AstDecl *d = ARENA_NEW(el->arena, AstDecl);
	d->kind = ADECL_CONNECT;
	d->name = c.name;
	d->span = d->name_span = at;
	if (steps > 1) {
		NetFeature f = {.name = intern(el->names, "delay"), .span = at, .type = NT_REAL, .shared = NET_NONE, .slots = steps};
		f.init = (NetInit){.e = net_const(net, NT_REAL, (double)(float)((double)steps * el->dt), at), .span = at};
		f.delay = net_expr(net, NEXPR_VALUE, NT_REAL, at);
		VEC_PUSH(net->arena, &c.features, f);
	}
	VEC_PUSH(el->arena, &net->conns, c);
	VEC_PUSH(el->arena, &el->conns, d);
}

/* What a feature of axons cannot be. */
static bool
time_of(Elab *el, const AstFeature *a, double *ms)
{
	if (a->learn || !a->value || a->lo || a->norm || a->decay) {
		elab_error(el, E0513, a->name_span, "the delay of an axon is one number for all, and does not change");
		diag_help(el->diag, "leave these lines away, or delay the signal of each synapse: `delay = …` without `axonal`");
		diag_end(el->diag);
		return false;
	}
	if (!elab_real(el, a->value, false, "the delay of an axon", ms))
		return false;
	if (*ms >= el->dt * (1 - 1e-6) && *ms / el->dt <= 1e6)
		return true;
	elab_error(el, E0513, a->value->span, "%s ms is no delay: it takes from one step, %s ms, to 10^6 steps", elab_number_text(el, *ms),
		   elab_number_text(el, el->dt));
	diag_help(el->diag, "begin at `dt`");
	diag_end(el->diag);
	return false;
}

uint32_t
elab_axons(Elab *el, uint32_t pre, const AstDecl *connect)
{
	const AstFeature *found = NULL;
	for (uint32_t i = 0; i < connect->connect.features.n; i++) {
		const AstFeature *a = &connect->connect.features.at[i];
		double ms;
		if (!is_axonal(a))
			continue;
		if (found) {
			elab_error(el, E0606, a->span, "a connection has one delay of its axons, and `%s` is a second", a->name);
			diag_label(el->diag, found->span, "the first");
			diag_help(el->diag, "add both times into one delay");
			diag_end(el->diag);
			return pre;
		}
		found = a;
		if (!time_of(el, a, &ms))
			return pre;
		uint64_t steps = (uint64_t)floor(ms / el->dt + 0.5);
		if (steps < 2)
			continue;
		uint32_t k = 0;
		while (k < el->axons.n && (el->axons.at[k].pre != pre || el->axons.at[k].steps != steps))
			k++;
		if (k == el->axons.n) {
			ElabAxons x = {.pre = pre, .steps = steps};
			x.layer = add_layer(el, pre, intern_printf(el->names, "%s_axons%" PRIu64, el->net->layers.at[pre].name, steps), a->span);
			add_way(el, pre, x.layer, steps - 1, a->span);
			VEC_PUSH(el->arena, &el->axons, x);
		}
		pre = el->axons.at[k].layer;
	}
	return pre;
}
