/* net_verify: finds our own mistakes in a network: indices, types, what may stand where. */
#include "net/net_inner.h"

#include "base/panic.h"

#include <math.h>

enum { RANK_LIMIT = 4 };

/* ---- layers and connections ------------------------------------------------------------------ */

static bool
check_states(NetCheck *c, const char *place, const NetState *at, uint32_t n)
{
	c->place = place;
	c->init = true;
	for (uint32_t i = 0; i < n && !c->wrong; i++)
		net_check_typed(c, at[i].init, at[i].type);
	c->init = false;
	return !c->wrong;
}

static void
check_propagators(NetCheck *c, const NetLayer *l)
{
	c->place = arena_printf(c->arena, "layer %s, what follows from parameters", l->name);
	for (uint32_t k = 0; k < l->propagators.n; k++) {
		const NetPropagator *p = &l->propagators.at[k];
		net_need(c, p->n > 0, "a matrix without rows");
		for (uint32_t i = 0; i < p->n * p->n && !c->wrong; i++) {
			if (p->a[i])
				net_check_typed(c, p->a[i], NT_REAL);
			net_need(c, p->to[i] == NET_NONE || (p->to[i] < l->states.n && l->states.at[p->to[i]].type == NT_REAL), "there is no such state");
			net_need(c, !p->whole[i] || i / p->n == i % p->n, "an element off the diagonal is the same with the 1");
		}
	}
}

static void
check_layer(NetCheck *c, const NetLayer *l)
{
	c->layer = l;
	c->place = arena_printf(c->arena, "layer %s", l->name);
	uint64_t n = 1;
	net_need(c, l->rank >= 1 && l->rank <= RANK_LIMIT, "a rank that no layer has");
	for (uint32_t i = 0; i < l->rank && i < RANK_LIMIT; i++)
		n *= l->shape[i];
	net_need(c, n == l->n && n > 0, "a shape that is not the size");
	net_need(c, l->ports.n > 0 && !l->ports.at[0].name, "a layer without its first port");
	for (uint32_t i = 0; i < l->ports.n; i++)
		net_need(c, l->ports.at[i].stream == NET_NONE || l->ports.at[i].stream < c->net->streams.n,
		     "there is no such stream");
	c->layer_init = true;
	check_states(c, c->place, l->states.at, l->states.n);
	c->layer_init = false;
	for (uint32_t i = 0; i < l->traces.n && !c->wrong; i++) {
		const char *place =
			arena_printf(c->arena, "layer %s, trace %s", l->name, l->traces.at[i].name);
		c->place = place;
		c->init = true;
		net_check_typed(c, l->traces.at[i].decay, NT_REAL);
		c->init = false;
		net_check_code(c, place, &l->traces.at[i].on_spike);
	}
	check_propagators(c, l);
	net_check_code(c, arena_printf(c->arena, "layer %s, step", l->name), &l->step);
	c->layer = NULL;
}

static void
check_condition(NetCheck *c, const NetConn *k)
{
	const NetPattern *p = &k->pattern;
	c->place = arena_printf(c->arena, "connection %s, its pairs", k->name);
	c->feature_init = true;
	if (p->near)
		net_check_typed(c, p->near, NT_BOOL);
	if (p->cond)
		net_check_typed(c, p->cond, NT_BOOL);
	c->feature_init = false;
}

static void
check_feature(NetCheck *c, const NetConn *k, const NetFeature *f)
{
	const char *place = arena_printf(c->arena, "connection %s, feature %s", k->name, f->name);
	c->place = place;
	net_need(c, f->type == NT_REAL || f->type == NT_BOOL, "a feature without a type");
	net_need(c, (f->init.e != NULL) != (f->init.file != NULL),
	     "an initial value must be an expression or a file");
	c->feature_init = true;
	if (f->init.e)
		net_check_typed(c, f->init.e, f->type);
	c->feature_init = false;
	c->init = true;
	if (f->has_range)
		(void)(net_check_typed(c, f->lo, NT_REAL) && net_check_typed(c, f->hi, NT_REAL));
	if (f->positive)
		net_check_typed(c, f->positive, NT_REAL);
	c->init = false;
	net_need(c, f->stored == NSTORED_REAL || (f->type == NT_REAL && f->shared == NET_NONE && !f->delay), "16 bits of what has no numbers of its own");
	net_need(c, !f->positive || (f->keep_sign && !f->sign_of_pre), "a given sign that is not kept");
	net_need(c, !f->has_range || f->lo->kind != NEXPR_CONST || f->hi->kind != NEXPR_CONST || f->lo->value <= f->hi->value,
	     "an empty range");
	net_need(c, !f->has_norm || (f->norm && (f->nnorms == 1 || f->nnorms == net_group_count(c->net, k, f))),
	     "norms that are not one for each group of values");
	net_need(c, f->shared == NET_NONE || f->shared < k->features.n, "a value of no feature");
	c->feature = f;
	check_states(c, place, f->states.at, f->states.n);
	if (f->delay)
		(void)(net_check_typed(c, f->delay, NT_REAL) && net_need(c, f->slots > 0, "a delay of no step"));
	net_check_code(c, place, &f->compute);
	c->feature = NULL;
	if (!f->has_rule)
		return;
	c->rule = &f->rule;
	place = arena_printf(c->arena, "%s, rule %s", place, f->rule.name);
	check_states(c, place, f->rule.states.at, f->rule.states.n);
	for (uint32_t i = 0; i < f->rule.handlers.n && !c->wrong; i++)
		net_check_code(c, place, &f->rule.handlers.at[i].code);
	c->rule = NULL;
}

static uint64_t
product(uint32_t n, const uint64_t *at)
{
	uint64_t all = 1;
	for (uint32_t i = 0; i < n; i++)
		all *= at[i];
	return all;
}

static void
check_pattern(NetCheck *c, const NetConn *k)
{
	const NetPattern *p = &k->pattern;
	uint64_t npre = c->net->layers.at[k->pre].n, npost = c->net->layers.at[k->post].n;
	switch (p->kind) {
	case NPAT_ALL:
	case NPAT_MEAN:
		return;
	case NPAT_ONE_TO_ONE:
		net_need(c, npre == npost, "one to one between layers of different sizes");
		return;
	case NPAT_SPARSE:
		if (p->drawn)
			net_need(c, !p->row && p->p >= 0 && p->p <= 1, "drawn synapses that are listed, or too likely");
		else
			net_need(c, p->path && p->row && p->row[npre] == p->nsynapses, "rows that do not end with the last synapse");
		return;
	case NPAT_CONV:
	case NPAT_LOCAL:
	case NPAT_POOL:
		if (!net_need(c, p->axes >= 1 && p->axes <= NET_KERNEL_AXES, "a window without axes"))
			return;
		net_need(c, p->in * product(p->axes, p->extent) == npre, "a window that is not over its source");
		net_need(c, p->out * product(p->axes, p->out_extent) == npost, "windows that are not its targets");
		for (uint32_t d = 0; d < p->axes; d++) {
			uint64_t span = (p->kernel[d] - 1) * p->dilation[d] + 1;
			net_need(c, p->kernel[d] && p->stride[d] && p->dilation[d], "a window of nothing");
			net_need(c, (p->out_extent[d] - 1) * p->stride[d] + span <= p->extent[d] + 2 * p->padding[d],
			     "a window that leaves its source");
		}
		return;
	case NPAT_COUNT:
		break;
	}
	net_need(c, false, "no such pattern");
}

static void
check_conn(NetCheck *c, const NetConn *k)
{
	c->conn = k;
	c->place = arena_printf(c->arena, "connection %s", k->name);
	if (net_need(c, k->pre < c->net->layers.n && k->post < c->net->layers.n,
		 "there is no such layer") &&
	    net_need(c, k->port < c->net->layers.at[k->post].ports.n, "there is no such port")) {
		check_pattern(c, k);
		check_condition(c, k);
		for (uint32_t i = 0; i < k->features.n && !c->wrong; i++)
			check_feature(c, k, &k->features.at[i]);
	}
	c->conn = NULL;
}

/* ---- protocol and records -------------------------------------------------------------------- */

bool
net_check_var(NetCheck *c, const NetVar *v)
{
	const Net *n = c->net;
	switch (v->kind) {
	case NVAR_UNSET:
		return true;
	case NVAR_SPIKES:
		return net_need(c, v->of < n->layers.n, "spikes of no layer");
	case NVAR_STATE:
		return net_need(c, v->of < n->layers.n && v->index < n->layers.at[v->of].states.n,
			    "no such state");
	case NVAR_TRACE:
		return net_need(c, v->of < n->layers.n && v->index < n->layers.at[v->of].traces.n,
			    "no such trace");
	case NVAR_COUNT:
		return net_need(c, v->of < n->layers.n, "spikes of no layer");
	case NVAR_SIGNAL:
		return net_need(c, v->of < n->signals.n, "no such signal");
	case NVAR_SIGNAL_STATE:
		return net_need(c, v->of < n->signals.n && v->index < n->signals.at[v->of].states.n, "no such state of a signal");
	case NVAR_RATE:
		return net_need(c, v->of < n->conns.n && n->conns.at[v->of].pattern.kind == NPAT_POOL,
			    "rates of no pool");
	case NVAR_RULE_STATE:
		return net_need(c, v->of < n->conns.n && v->index < n->conns.at[v->of].features.n &&
		                   v->state < n->conns.at[v->of].features.at[v->index].rule.states.n, "no such state of a rule");
	case NVAR_VALUE:
		return net_need(c, v->of < n->conns.n && v->index < n->conns.at[v->of].features.n,
			    "no such feature");
	case NVAR_VOTES:
	case NVAR_LABELS:
	case NVAR_RATES:
	case NVAR_PROPORTIONS:
		return net_need(c, v->of < n->layers.n, "votes of no layer");
	case NVAR_KEPT:
		return net_need(c,
			    v->of < n->conns.n && v->index < n->conns.at[v->of].features.n &&
				    v->state < n->conns.at[v->of].features.at[v->index].states.n,
			    "no such state of a feature");
	}
	UNREACHABLE();
}

static bool
check_columns(NetCheck *c, const NetExpr *e, const NetData *d)
{
	if (e->kind == NEXPR_COLUMN)
		return net_need(c, d && e->index < d->columns.n, "there is no such column");
	for (int i = 0; i < 3; i++) {
		if (e->op[i] && !check_columns(c, e->op[i], d))
			return false;
	}
	return true;
}

static void
check_control(NetCheck *c, const NetControl *k)
{
	const Net *n = c->net;
	static const NetVarKind of[NCONTROL_COUNT] = {[NCONTROL_CLAMP] = NVAR_SPIKES,
						      [NCONTROL_SILENCE] = NVAR_SPIKES,
						      [NCONTROL_INJECT] = NVAR_STATE,
						      [NCONTROL_ZERO] = NVAR_VALUE};
	if (!net_need(c, k->kind > NCONTROL_UNSET && k->kind < NCONTROL_COUNT && k->var.kind == of[k->kind],
		  "a control of no kind, or of what it cannot change") ||
	    !net_check_var(c, &k->var) || !net_need(c, (k->e != NULL) != (k->file != NULL), "a control without a value"))
		return;
	NetCheck in = *c;
	in.protocol = false;
	in.layer = k->var.kind == NVAR_VALUE ? NULL : &n->layers.at[k->var.of];
	in.conn = k->var.kind == NVAR_VALUE ? &n->conns.at[k->var.of] : NULL;
	if (k->e)
		net_check_expr(&in, k->e);
	c->wrong = in.wrong;
}

static void check_protocol(NetCheck *c, const NetProtocol *p, const NetData *data);

static void
check_signal(NetCheck *c, const NetSignal *g)
{
	c->signal = g;
	const char *place = arena_printf(c->arena, "signal %s", g->name);
	c->place = place;
	uint32_t own = 0;
	if (net_need(c, g->layer == NET_NONE || g->layer < c->net->layers.n, "there is no such layer"))
		own = g->layer == NET_NONE ? 0 : (uint32_t)c->net->layers.at[g->layer].n;
	net_need(c, !(g->file && g->value), "two values");
	net_need(c, g->value || !(g->handlers.n || g->states.n), "handlers without a value");
	check_states(c, place, g->states.at, g->states.n);
	for (uint32_t i = 0; i < g->handlers.n && !c->wrong; i++) {
		const NetSignalHandler *h = &g->handlers.at[i];
		if (net_need(c, h->layer == NET_NONE || h->layer < c->net->layers.n, "spikes of no layer"))
			c->neurons = h->layer == NET_NONE ? own : (uint32_t)c->net->layers.at[h->layer].n;
		net_check_code(c, place, &h->code);
	}
	c->neurons = own;
	if (g->value && !c->wrong)
		net_check_typed(c, g->value, NT_REAL);
	c->neurons = 0;
	c->signal = NULL;
}

static void
check_signals(NetCheck *c)
{
	const Net *n = c->net;
	uint32_t follow = 0;
	for (uint32_t i = 0; i < n->signals.n && !c->wrong; i++) {
		check_signal(c, &n->signals.at[i]);
		follow += n->signals.at[i].value != NULL;
	}
	net_need(c, n->updates.n == follow, "signals that are never worked out");
	for (uint32_t i = 0; i < n->updates.n && !c->wrong; i++)
		net_need(c, n->updates.at[i] < n->signals.n && n->signals.at[n->updates.at[i]].value, "what does not follow anything");
}

/* Counts over samples or over turns. */
static void
check_loop(NetCheck *c, const NetProto *s, const NetData *data)
{
	const Net *n = c->net;
	net_need(c, s->phase == NET_NONE || s->phase < n->phases.n, "a loop of no phase");
	net_need(c, !s->shuffled || s->site < n->sites.n, "an order that is not drawn");
	net_need(c, s->lo <= s->hi, "a range that goes backwards");
	if (s->kind == NPROTO_COUNT_TO)
		net_need(c, s->state < n->vars.n && n->vars.at[s->state].type == NT_REAL, "turns of no name");
	else if (net_need(c, s->data < n->data.n, "a loop over nothing"))
		net_need(c, s->hi <= n->data.at[s->data].samples && (s->hi - s->lo) % n->batch == 0,
		     "samples beyond the data, or that do not fill the batch");
	if (!c->wrong)
		check_protocol(c, &s->body, s->kind == NPROTO_FOR ? &n->data.at[s->data] : data);
}

static void
check_protocol(NetCheck *c, const NetProtocol *p, const NetData *data)
{
	const Net *n = c->net;
	for (uint32_t i = 0; i < p->n && !c->wrong; i++) {
		const NetProto *s = p->at[i];
		switch (s->kind) {
		case NPROTO_UNSET:
		case NPROTO_COUNT:
			net_fail(c, "a statement of no kind");
			break;
		case NPROTO_FOR:
		case NPROTO_COUNT_TO:
			check_loop(c, s, data);
			break;
		case NPROTO_IF:
			if (net_check_typed(c, s->e, NT_BOOL) && check_columns(c, s->e, data)) {
				check_protocol(c, &s->body, data);
				check_protocol(c, &s->other, data);
			}
			break;
		case NPROTO_LET:
			if (net_need(c, s->state < n->vars.n, "there is no such name"))
				(void)(net_check_typed(c, s->e, n->vars.at[s->state].type) && check_columns(c, s->e, data));
			break;
		case NPROTO_ASSIGN: {
			NetVar v = {NVAR_STATE, s->layer, s->state, 0};
			if (!net_check_var(c, &v))
				break;
			c->neurons = (uint32_t)n->layers.at[s->layer].n;
			(void)(net_check_typed(c, s->e, n->layers.at[s->layer].states.at[s->state].type) &&
			       check_columns(c, s->e, data));
			c->neurons = 0;
			break;
		}
		case NPROTO_SIGNAL: {
			if (!net_need(c, s->state < n->signals.n, "there is no such signal"))
				break;
			const NetSignal *g = &n->signals.at[s->state];
			net_need(c, !g->value && !g->file, "a signal that is not the protocol's");
			c->neurons = g->layer == NET_NONE ? 0 : (uint32_t)n->layers.at[g->layer].n;
			(void)(net_check_typed(c, s->e, NT_REAL) && check_columns(c, s->e, data));
			c->neurons = 0;
			break;
		}
		case NPROTO_RUN:
			net_need(c, (s->steps > 0) != (s->e != NULL), "a run of no step");
			if (s->e)
				(void)(net_check_typed(c, s->e, NT_REAL) && check_columns(c, s->e, data));
			for (uint32_t k = 0; k < s->controls.n && !c->wrong; k++)
				check_control(c, &s->controls.at[k]);
			break;
		case NPROTO_RESET:
		case NPROTO_FREEZE:
		case NPROTO_THAW:
			break;
		case NPROTO_VOTE:
			net_need(c,
			     s->layer < n->layers.n && data && s->column < data->columns.n &&
				     s->readouts.n,
			     "a vote of nothing");
			break;
		case NPROTO_REPORT:
			net_need(c, s->what && (s->phase == NET_NONE || s->phase < n->phases.n),
			     "a report of nothing");
			if (s->var.kind != NVAR_UNSET && net_check_var(c, &s->var))
				net_need(c, s->var.kind == NVAR_SIGNAL && (!n->signals.at[s->var.of].per_item || n->batch == 1) &&
					     n->signals.at[s->var.of].layer == NET_NONE,
				     "a report of several numbers");
			break;
		case NPROTO_PRESENT:
			net_need(c, s->layer < n->layers.n && (s->column == NET_NONE || (s->data < n->data.n && s->column < n->data.at[s->data].columns.n && n->data.at[s->data].columns.at[s->column].events)),
			     "nothing is presented, or to no layer");
			break;
		case NPROTO_LOAD:
		case NPROTO_SAVE:
			(void)(net_need(c, s->path != NULL, "no path") && net_check_var(c, &s->var));
			break;
		}
	}
}

const char *
net_verify(const Net *n, Arena *a)
{
	NetCheck c = {.net = n, .arena = a, .place = "network"};
	net_need(&c, n->dt > 0 && n->batch > 0, "dt and batch must be positive");
	for (uint32_t i = 0; i < n->arrays.n; i++)
		net_need(&c, n->arrays.at[i].n == net_array_size(n, &n->arrays.at[i]),
		     "an array of a wrong length");
	for (uint32_t i = 0; i < n->streams.n; i++)
		net_need(&c, n->streams.at[i].layer < n->layers.n &&
				 n->streams.at[i].port < n->layers.at[n->streams.at[i].layer].ports.n,
		     "a stream of no layer, or into no port");
	for (uint32_t i = 0; i < n->layers.n && !c.wrong; i++)
		check_layer(&c, &n->layers.at[i]);
	check_signals(&c);
	for (uint32_t i = 0; i < n->conns.n && !c.wrong; i++)
		check_conn(&c, &n->conns.at[i]);
	c.place = "records";
	for (uint32_t i = 0; i < n->records.n && !c.wrong; i++) {
		const NetRecord *r = &n->records.at[i];
		(void)(net_need(&c, r->every > 0 && (r->phase == NET_NONE || r->phase < n->phases.n),
			    "never recorded") &&
		       net_check_var(&c, &r->var));
	}
	for (uint32_t i = 0; i < n->plots.n && !c.wrong; i++)
		net_check_var(&c, &n->plots.at[i].var);
	c.place = "experiment";
	c.protocol = true;
	check_protocol(&c, &n->protocol, NULL);
	return c.wrong ? c.wrong : net_verify_expects(n);
}
