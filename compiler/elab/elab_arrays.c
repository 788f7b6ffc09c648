/* elab_arrays: the lists of constants that the finished network still reads become its arrays; equal
 * ones of a layer are stored once. Lists that were only steps of folding disappear. */
#include "elab/elab_inner.h"

#include "base/panic.h"

#include <string.h>

typedef struct {
	Elab *el;
	uint32_t layer; /* NSIDE_OWN */
	uint32_t conn;  /* the other sides; NET_NONE */
	bool of_post;   /* NSIDE_VALUE */
} Settle;

static uint32_t
find_array(Net *net, NetArray of, const ElabList *l)
{
	for (uint32_t i = 0; i < net->arrays.n; i++) {
		const NetArray *a = &net->arrays.at[i];
		if (a->layer == of.layer && a->conn == of.conn && a->of_post == of.of_post && a->n == l->n &&
		    !memcmp(a->value, l->value, l->n * sizeof *l->value))
			return i;
	}
	of.value = l->value;
	of.n = l->n;
	VEC_PUSH(net->arena, &net->arrays, of);
	return net->arrays.n - 1;
}

static void
settle_expr(const Settle *s, NetExpr *e)
{
	if (!e)
		return;
	if (e->kind == NEXPR_ARRAY) {
		NetArray of = {.layer = s->layer, .conn = NET_NONE};
		const NetConn *c = s->conn == NET_NONE ? NULL : &s->el->net->conns.at[s->conn];
		if (c && e->side == NSIDE_VALUE)
			of = (NetArray){.layer = NET_NONE, .conn = s->conn, .of_post = s->of_post};
		else if (c)
			of.layer = e->side == NSIDE_PRE ? c->pre : c->post;
		ASSERT(of.layer != NET_NONE || c);
		e->index = find_array(s->el->net, of, &s->el->lists.at[e->index]);
	}
	Settle over = {s->el, e->var.of, NET_NONE, false};
	bool other = e->kind == NEXPR_NEURONS || e->kind == NEXPR_PICK;
	for (int i = 0; i < 3; i++)
		settle_expr(other && i == 0 ? &over : s, e->op[i]);
}

static void
settle_block(const Settle *s, const NetBlock *b)
{
	for (uint32_t i = 0; i < b->n; i++) {
		settle_expr(s, b->at[i]->target);
		settle_expr(s, b->at[i]->e);
		settle_block(s, &b->at[i]->body);
		settle_block(s, &b->at[i]->other);
	}
}

static void
settle_conn(Elab *el, uint32_t conn)
{
	const NetConn *c = &el->net->conns.at[conn];
	Settle s = {el, NET_NONE, conn, false};
	settle_expr(&s, c->pattern.near);
	settle_expr(&s, c->pattern.cond);
	for (uint32_t i = 0; i < c->features.n; i++) {
		NetFeature *f = &c->features.at[i];
		s.of_post = f->of_post;
		settle_expr(&s, f->init.e);
		settle_expr(&s, f->lo);
		settle_expr(&s, f->hi);
		settle_expr(&s, f->positive);
		settle_block(&s, &f->compute.body);
		settle_expr(&s, f->delay);
		for (uint32_t k = 0; k < f->states.n; k++)
			settle_expr(&s, f->states.at[k].init);
		for (uint32_t k = 0; k < f->rule.states.n; k++)
			settle_expr(&s, f->rule.states.at[k].init);
		for (uint32_t k = 0; k < f->rule.handlers.n; k++)
			settle_block(&s, &f->rule.handlers.at[k].code.body);
	}
}

static void
settle_protocol(Elab *el, const NetProtocol *p)
{
	for (uint32_t i = 0; i < p->n; i++) {
		for (uint32_t k = 0; k < p->at[i]->controls.n; k++) {
			const NetControl *c = &p->at[i]->controls.at[k];
			Settle s = {el, c->var.of, NET_NONE, false};
			if (c->var.kind == NVAR_VALUE)
				s = (Settle){el, NET_NONE, c->var.of,
					     el->net->conns.at[c->var.of].features.at[c->var.index].of_post};
			settle_expr(&s, c->e);
		}
		const NetProto *p_i = p->at[i];
		Settle s = {el, NET_NONE, NET_NONE, false};
		if (p_i->kind == NPROTO_ASSIGN)
			s.layer = p_i->layer;
		else if (p_i->kind == NPROTO_SIGNAL)
			s.layer = el->net->signals.at[p_i->state].layer;
		settle_expr(&s, p_i->e);
		settle_protocol(el, &p_i->body);
		settle_protocol(el, &p_i->other);
	}
}

void
elab_settle_arrays(Elab *el)
{
	Net *net = el->net;
	for (uint32_t i = 0; i < net->layers.n; i++) {
		NetLayer *l = &net->layers.at[i];
		Settle s = {el, i, NET_NONE, false};
		for (uint32_t k = 0; k < l->states.n; k++)
			settle_expr(&s, l->states.at[k].init);
		for (uint32_t k = 0; k < l->traces.n; k++) {
			settle_expr(&s, l->traces.at[k].decay);
			settle_block(&s, &l->traces.at[k].on_spike.body);
		}
		settle_block(&s, &l->step.body);
	}
	for (uint32_t i = 0; i < net->signals.n; i++) {
		const NetSignal *g = &net->signals.at[i];
		Settle s = {el, g->layer, NET_NONE, false};
		settle_expr(&s, g->value);
		for (uint32_t k = 0; k < g->handlers.n; k++)
			settle_block(&s, &g->handlers.at[k].code.body);
	}
	for (uint32_t i = 0; i < net->conns.n; i++)
		settle_conn(el, i);
	settle_protocol(el, &net->protocol);
}
