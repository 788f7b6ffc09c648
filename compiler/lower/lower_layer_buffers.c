/* lower_layer_buffers: which states of a layer are kept, and where; its spikes, traces and ports. */
#include "lower/lower_inner.h"

static bool
is_state(NetVar v, uint32_t layer, uint32_t state)
{
	return v.kind == NVAR_STATE && v.of == layer && v.index == state;
}

static bool
protocol_wants(const NetProtocol *p, uint32_t layer, uint32_t state)
{
	for (uint32_t i = 0; i < p->n; i++)
		if (((p->at[i]->kind == NPROTO_SAVE || p->at[i]->kind == NPROTO_LOAD) && is_state(p->at[i]->var, layer, state))
		    || protocol_wants(&p->at[i]->body, layer, state) || protocol_wants(&p->at[i]->other, layer, state))
			return true;
	return false;
}

/* Does a rule or feature at either end read it? */
static bool
side_reads(const NetExpr *e, NetSide side, uint32_t state)
{
	if (!e)
		return false;
	if (e->kind == NEXPR_STATE && e->side == side && e->index == state)
		return true;
	return side_reads(e->op[0], side, state) || side_reads(e->op[1], side, state) || side_reads(e->op[2], side, state);
}

static bool
block_reads_side(NetBlock b, NetSide side, uint32_t state)
{
	for (uint32_t i = 0; i < b.n; i++)
		if (side_reads(b.at[i]->e, side, state) || block_reads_side(b.at[i]->body, side, state)
		    || block_reads_side(b.at[i]->other, side, state))
			return true;
	return false;
}

static bool
rule_reads_side(const NetRule *r, NetSide side, uint32_t state)
{
	for (uint32_t k = 0; k < r->handlers.n; k++)
		if (block_reads_side(r->handlers.at[k].code.body, side, state))
			return true;
	return false;
}

/* Does the pattern or a first value of a connection read it? */
static bool
begins_by(const NetConn *c, NetSide side, uint32_t state)
{
	bool reads = side_reads(c->pattern.near, side, state) || side_reads(c->pattern.cond, side, state);
	for (uint32_t f = 0; f < c->features.n && !reads; f++)
		reads = side_reads(c->features.at[f].init.e, side, state);
	return reads;
}

static bool
rules_want(const Net *n, uint32_t layer, uint32_t state)
{
	for (uint32_t c = 0; c < n->conns.n; c++) {
		if ((n->conns.at[c].pre == layer && begins_by(&n->conns.at[c], NSIDE_PRE, state)) ||
		    (n->conns.at[c].post == layer && begins_by(&n->conns.at[c], NSIDE_POST, state)))
			return true;
		for (uint32_t f = 0; f < n->conns.at[c].features.n; f++) {
			const NetRule *r = &n->conns.at[c].features.at[f].rule;
			for (int side = NSIDE_PRE; side <= NSIDE_POST; side++) {
				if ((side == NSIDE_PRE ? n->conns.at[c].pre : n->conns.at[c].post) != layer)
					continue;
				if (rule_reads_side(r, (NetSide)side, state)
				    || block_reads_side(n->conns.at[c].features.at[f].compute.body, (NetSide)side, state))
					return true;
			}
		}
	}
	return false;
}

/* By others than its layer's step. */
static bool
others_want(const Lower *l, uint32_t layer, uint32_t state)
{
	const Net *n = l->net;
	const NetLayer *nl = &n->layers.at[layer];
	if (rules_want(n, layer, state) || low_sees(n, (NetVar){NVAR_STATE, layer, state, 0}))
		return true;
	for (uint32_t i = 0; i < n->records.n; i++)
		if (is_state(n->records.at[i].var, layer, state))
			return true;
	for (uint32_t i = 0; i < n->plots.n; i++)
		if (is_state(n->plots.at[i].var, layer, state))
			return true;
	for (uint32_t i = 0; i < nl->traces.n; i++)
		if (low_uses_state(nl->traces.at[i].on_spike.body, state))
			return true;
	return low_is_followed(nl, state) || protocol_wants(&n->protocol, layer, state)
	       || low_is_controlled(&n->protocol, (NetVar){NVAR_STATE, layer, state, 0});
}

static bool
is_wanted(const Lower *l, uint32_t layer, uint32_t state)
{
	return low_uses_state(l->net->layers.at[layer].step.body, state) || others_want(l, layer, state);
}

/* A count that nobody else sees lies in the least room: the loop over neurons waits for memory. */
static PlanType
state_type(const Lower *l, uint32_t layer, uint32_t state)
{
	const NetState *s = &l->net->layers.at[layer].states.at[state];
	if (!s->counts || s->shared_over_batch || others_want(l, layer, state))
		return s->type == NT_BOOL ? PT_BOOL : l->real;
	return s->counts <= UINT8_MAX ? PT_U8 : PT_U16;
}

/* What is added up at a port, and the file that drives it. */
static void
port_buffers(Lower *l, uint32_t layer, uint32_t port)
{
	const NetLayer *n = &l->net->layers.at[layer];
	const NetPort *np = &n->ports.at[port];
	LowPort *low = &l->layers[layer].ports[port];
	PlanAxis axes[2] = {low_axis(AXIS_BATCH, l->batch), low_axis(AXIS_NEURON, n->n)};
	const char *name = np->name ? np->name : "input";
	bool driven = np->stream != NET_NONE;
	for (uint32_t c = 0; c < l->net->conns.n; c++)
		driven |= l->net->conns.at[c].post == layer && l->net->conns.at[c].port == port;
	low->is_read = low_reads_port(n->step.body, port);
	if (driven && !low->is_read) {
		diag_begin(l->env->diag, E0633, n->span, "layer `%s` is driven, but its neurons take no input", n->name);
		diag_help(l->env->diag, "connect to another layer, or read `input` in the neuron's step");
		diag_end(l->env->diag);
		l->failed = true;
	}
	if (driven && low->window == NO_BUF)
		low->input = low_add_buf(l, l->real, ROLE_SCRATCH, 2, axes, "%s.%s", n->name, name);
	if (np->stream == NET_NONE)
		return;
	low->drive = low_add_buf(l, l->real, ROLE_SCRATCH, 2, axes, np->name ? "%s.%s_drive" : "%s.drive", n->name, name);
	uint32_t o = plan_add_object(l->p, POBJ_STREAM, arena_printf(l->a, "%s.%s", n->name, name));
	PlanObject *po = &l->p->objects.at[o];
	const NetStream *stream = &l->net->streams.at[np->stream];
	low->object = o;
	po->nbufs = 1;
	po->ntexts = stream->events ? 2 : 1;
	po->texts = ARENA_ARRAY(l->a, const char *, 2);
	po->texts[0] = stream->path ? stream->path : l->net->data.at[stream->data].name;
	po->texts[1] = stream->path ? "events" : "samples";
	po->bufs = ARENA_ARRAY(l->a, uint32_t, 1);
	po->bufs[0] = low->drive;
	po->span = stream->span;
}

void
low_layer_buffers(Lower *l, uint32_t layer)
{
	const NetLayer *n = &l->net->layers.at[layer];
	LowLayer *low = &l->layers[layer];
	PlanAxis axes[2] = {low_axis(AXIS_BATCH, l->batch), low_axis(AXIS_NEURON, n->n)};
	low->states = ARENA_ARRAY(l->a, uint32_t, n->states.n);
	low->traces = ARENA_ARRAY(l->a, uint32_t, n->traces.n);
	for (uint32_t i = 0; i < n->states.n; i++) {
		const NetState *s = &n->states.at[i];
		low->states[i] = NO_BUF;
		if (!is_wanted(l, layer, i))
			continue;
		PlanType t = state_type(l, layer, i);
		low->states[i] = s->shared_over_batch
		                     ? low_add_buf(l, t, ROLE_STATE, 1, axes + 1, "%s.%s", n->name, s->name)
		                     : low_add_buf(l, t, ROLE_STATE, 2, axes, "%s.%s", n->name, s->name);
	}
	low->spikes = low_add_buf(l, n->values ? l->real : PT_BOOL, ROLE_STATE, 2, axes, "%s.spikes", n->name);
	for (uint32_t i = 0; i < n->traces.n; i++)
		low->traces[i] = low_add_buf(l, l->real, ROLE_STATE, 2, axes, "%s.%s", n->name, n->traces.at[i].name);
	PlanType index = n->n <= 65536 ? PT_U16 : PT_U32;
	if (low->wants_list) {
		low->list = low_add_buf(l, index, ROLE_DERIVED, 2, axes, "%s.spiking", n->name);
		low->count = low_add_buf(l, PT_U32, ROLE_DERIVED, 1, axes, "%s.spiking_count", n->name);
	}
	if (low->wants_any && l->batch > 1) {
		low->any_list = low_add_buf(l, index, ROLE_DERIVED, 1, axes + 1, "%s.spiking_any", n->name);
		low->any_count = low_add_buf(l, PT_U32, ROLE_DERIVED, 0, NULL, "%s.spiking_any_count", n->name);
	}
	low_window_buffers(l, layer);
	for (uint32_t i = 0; i < n->ports.n; i++)
		port_buffers(l, layer, i);
}
