/* elab_place: over what the states of a rule vary.
 *
 * A state varies over what it is made of: a value that comes from the pre neuron has one copy per pre neuron, one that
 * mixes both sides has one per synapse. What is assigned under a condition, or in `on pre`, varies over that too.
 */
#include "elab/elab_inner.h"

#include <string.h>

typedef struct {
	Elab *el;
	const AstModel *m;
	NetRule *r;
	NetVaries *locals;
	bool grew;
} Places;

static NetVaries
asserted(const AstState *a)
{
	static const struct { const char *of; NetVaries over; } all[] = {
		{"pre", NPLACE_PRE}, {"post", NPLACE_POST}, {"synapse", NPLACE_SYNAPSE}};
	for (size_t i = 0; a->of && i < sizeof all / sizeof *all; i++) {
		if (strcmp(a->of, all[i].of) == 0)
			return all[i].over;
	}
	return NPLACE_CONNECTION;
}

static void
assign(Places *p, const NetStmt *s, NetVaries around)
{
	if (s->target->kind != NEXPR_STATE)
		return;
	NetState *st = &p->r->states.at[s->target->index];
	NetVaries over = around | net_varies(p->r, p->locals, s->e);
	if ((over | st->place) == st->place)
		return;
	if (p->m->states.at[s->target->index].of) {
		NetVaries bad = over & ~st->place;
		elab_error(p->el, E0602, s->span, "`%s` is a state of %s, but it would differ with the %s neuron", st->name,
			   p->m->states.at[s->target->index].of, bad & NPLACE_PRE ? "pre" : "post");
		diag_label(p->el->diag, st->span, "asserted here");
		diag_help(p->el->diag, "leave `of` away");
		diag_end(p->el->diag);
		st->place |= over;                        /* told once */
		return;
	}
	st->place |= over;
	p->grew = true;
}

static void
block(Places *p, const NetBlock *b, NetVaries around)
{
	for (uint32_t i = 0; i < b->n; i++) {
		const NetStmt *s = b->at[i];
		if (s->kind == NSTMT_ASSIGN) {
			assign(p, s, around);
		} else if (s->kind == NSTMT_SYSTEM) {
			block(p, &s->body, around);
		} else if (s->kind == NSTMT_LET) {
			p->locals[s->index] = around | net_varies(p->r, p->locals, s->e);
		} else if (s->kind == NSTMT_IF) {
			NetVaries inside = around | net_varies(p->r, p->locals, s->e);
			block(p, &s->body, inside);
			block(p, &s->other, inside);
		}
	}
}

static void
code(Places *p, const NetCode *c, NetVaries around)
{
	p->locals = ARENA_ARRAY(p->el->arena, NetVaries, c->locals.n + 1);
	block(p, &c->body, around);
}

/* What does not differ with a neuron cannot be gathered over it. */
static void
check_over(Places *p, const NetExpr *e)
{
	if (!e)
		return;
	for (int i = 0; i < 3; i++)
		check_over(p, e->op[i]);
	if (e->kind != NEXPR_REDUCE)
		return;
	unsigned idle = e->over & NPLACE_SYNAPSE & ~(unsigned)net_varies(p->r, p->locals, e->op[0]);
	if (!idle)
		return;
	const char *side = idle & NPLACE_PRE ? "pre" : "post";
	elab_error(p->el, E0641, e->span, "`%s(… over %s)` has nothing to go over: this is the same for every %s neuron",
		   net_over_name((NetOver)e->index), side, side);
	diag_label(p->el->diag, e->op[0]->span, "does not differ with the %s neuron", side);
	diag_help(p->el->diag, "leave `over %s` away, or read something that each %s neuron has of its own", side, side);
	diag_end(p->el->diag);
}

static void
check_block(Places *p, const NetBlock *b)
{
	for (uint32_t i = 0; i < b->n; i++) {
		check_over(p, b->at[i]->e);
		check_block(p, &b->at[i]->body);
		check_block(p, &b->at[i]->other);
	}
}

static NetVaries
around(const NetHandler *h)
{
	return h->event == NEVENT_PRE ? NPLACE_PRE : h->event == NEVENT_POST ? NPLACE_POST : NPLACE_CONNECTION;
}

void
elab_places(Elab *el, const AstModel *m, NetRule *r)
{
	Places p = {.el = el, .m = m, .r = r};
	for (uint32_t i = 0; i < r->states.n; i++)
		r->states.at[i].place = asserted(&m->states.at[i]);
	do {
		p.grew = false;
		for (uint32_t i = 0; i < r->handlers.n; i++)
			code(&p, &r->handlers.at[i].code, around(&r->handlers.at[i]));
	} while (p.grew);
	for (uint32_t i = 0; i < r->handlers.n; i++) {
		const NetCode *c = &r->handlers.at[i].code;
		code(&p, c, around(&r->handlers.at[i]));
		check_block(&p, &c->body);
	}
}

/* ---- features ---------------------------------------------------------------------------------- */

static void
report_feature_state(Elab *el, const NetFeature *f, const AstState *a, NetVaries bad)
{
	elab_error(el, E0602, f->span, "`%s` is a state of %s, but in `%s` here it would differ with the %s neuron", a->name, a->of,
		   f->name, bad & NPLACE_PRE ? "pre" : "post");
	diag_label(el->diag, a->name_span, "asserted here");
	if (strcmp(a->of, "pre") == 0)
		diag_help(el->diag, "a signal differs with the pre neuron alone until a weight or a learned value has met it: list `%s` "
				    "before those, or read `pre.spike` in its place; or leave `of` away", f->name);
	else
		diag_help(el->diag, "leave `of` away, and it lives where it varies");
	diag_end(el->diag);
}

void
elab_feature_places(Elab *el, uint32_t conn, const AstDecl *d)
{
	const NetConn *c = &el->net->conns.at[conn];
	NetVaries signal = NPLACE_PRE;
	for (uint32_t k = 0; k < c->features.n && !c->features.at[k].of_post; k++) {
		NetFeature *f = &c->features.at[k];
		const AstModel *m = &d->connect.features.at[k].sema_model->model;
		for (uint32_t i = 0; i < f->states.n; i++)
			f->states.at[i].place = asserted(&m->states.at[i]);
		signal = net_feature_varies(el->net, c, k, signal);
		for (uint32_t i = 0; i < f->states.n; i++) {
			NetVaries bad = f->states.at[i].place & ~asserted(&m->states.at[i]);
			if (m->states.at[i].of && bad)
				report_feature_state(el, f, &m->states.at[i], bad);
		}
	}
}
