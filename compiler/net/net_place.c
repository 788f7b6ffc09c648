/* net_place: over what the code of a feature varies. Before the first feature a signal is the spike of the pre neuron; what
 * reads nothing but that, the pre neuron and states of it needs to be worked out once for all its synapses.
 */
#include "net/net.h"

#include "base/panic.h"

typedef struct {
	const Net *net;
	const NetConn *c;
	NetFeature *f;
	NetVaries signal, *locals;
	bool grew;
} Places;

static NetVaries
of_side(NetSide side)
{
	return side == NSIDE_PRE ? NPLACE_PRE : side == NSIDE_POST ? NPLACE_POST : NPLACE_CONNECTION;
}

static NetVaries
of_initial(const NetExpr *e)
{
	if (!e)
		return NPLACE_CONNECTION;
	if (e->kind == NEXPR_DRAW)
		return NPLACE_SYNAPSE;
	if (e->kind == NEXPR_INDEX || e->kind == NEXPR_ARRAY || e->kind == NEXPR_STATE)
		return of_side(e->side);
	return of_initial(e->op[0]) | of_initial(e->op[1]) | of_initial(e->op[2]);
}

/* A value that nothing changes varies as what it began with. */
static NetVaries
of_value(const NetFeature *f)
{
	if (f->sign_of_pre)
		return NPLACE_SYNAPSE;
	if (f->shared != NET_NONE || f->has_rule || f->has_norm || f->decay != 0 || f->init.file)
		return NPLACE_SYNAPSE;
	return of_initial(f->init.e) | of_initial(f->lo) | of_initial(f->hi) | of_initial(f->positive);
}

static NetVaries
varies(const Places *p, const NetExpr *e)
{
	if (!e)
		return NPLACE_CONNECTION;
	NetVaries inner = varies(p, e->op[0]) | varies(p, e->op[1]) | varies(p, e->op[2]);
	switch (e->kind) {
	case NEXPR_STATE:
		return e->side == NSIDE_OWN ? p->f->states.at[e->index].place : of_side(e->side);
	case NEXPR_ELEMENT:
		return inner | p->f->states.at[e->index].place;
	case NEXPR_ARRAY:
	case NEXPR_TRACE:
	case NEXPR_SPIKE:
	case NEXPR_INDEX:
	case NEXPR_SIGNAL:
	case NEXPR_EVENT:
		return inner | of_side(e->side);
	case NEXPR_LOCAL:
		return p->locals[e->index];
	case NEXPR_INPUT:
		return p->signal;
	case NEXPR_VALUE:
		return of_value(p->f);
	case NEXPR_DRAW:
	case NEXPR_TOTAL:
		return NPLACE_SYNAPSE;
	default:
		return inner;
	}
}

static void
assign(Places *p, const NetStmt *s, NetVaries around)
{
	NetVaries over = around | varies(p, s->e);
	if (s->target->kind == NEXPR_INPUT) {
		p->signal = s->op == NSET ? over : p->signal | over;
		return;
	}
	if (s->target->kind == NEXPR_ELEMENT)
		over |= varies(p, s->target);
	else if (s->target->kind != NEXPR_STATE)
		return;
	NetState *st = &p->f->states.at[s->target->index];
	p->grew |= (over & ~st->place) != 0;
	st->place |= over;
}

static void
block(Places *p, const NetBlock *b, NetVaries around)
{
	for (uint32_t i = 0; i < b->n; i++) {
		const NetStmt *s = b->at[i];
		if (s->kind == NSTMT_ASSIGN)
			assign(p, s, around);
		else if (s->kind == NSTMT_LET)
			p->locals[s->index] = around | varies(p, s->e);
		NetVaries inside = around | (s->kind == NSTMT_IF ? varies(p, s->e) : NPLACE_CONNECTION), before = p->signal;
		block(p, &s->body, inside);
		NetVaries then = p->signal;
		p->signal = s->kind == NSTMT_IF ? before : then;
		block(p, &s->other, inside);
		p->signal |= then;                                /* whichever way it came */
	}
}

NetVaries
net_feature_varies(const Net *n, const NetConn *c, uint32_t k, NetVaries signal)
{
	Places p = {.net = n, .c = c, .f = &c->features.at[k]};
	if (p.f->delay)
		return NPLACE_SYNAPSE;
	p.locals = ARENA_ARRAY(n->arena, NetVaries, p.f->compute.locals.n + 1);
	for (uint32_t i = 0; i < p.f->states.n; i++) {
		if (p.f->states.at[i].init && p.f->states.at[i].init->kind == NEXPR_VALUE)
			p.f->states.at[i].place |= of_value(p.f);
	}
	do {
		p.grew = false;
		p.signal = signal;
		block(&p, &p.f->compute.body, NPLACE_CONNECTION);
	} while (p.grew);
	for (uint32_t i = 0; i < p.f->compute.locals.n; i++)
		p.signal |= p.locals[i];                      /* worked out where the signal is, also if nothing reads it */
	return p.signal;
}
