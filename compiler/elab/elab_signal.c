/* elab_signal: the signals of the program, and over what the states of a rule vary. */
#include "elab/elab_inner.h"

#include <string.h>

uint32_t
elab_find_signal(Elab *el, const AstDecl *d)
{
	for (uint32_t i = 0; i < el->signals.n; i++) {
		if (el->signals.at[i] == d)
			return i;
	}
	return NET_NONE;
}

void
elab_signals(Elab *el)
{
	for (uint32_t i = 0; i < el->ast->decls.n; i++) {
		const AstDecl *d = el->ast->decls.at[i];
		if (d->kind != ADECL_SIGNAL)
			continue;
		NetSignal s = {.name = d->name, .span = d->name_span, .per_item = d->value.of != NULL};
		elab_real(el, d->value.value, false, "the first value of a signal", &s.init);
		VEC_PUSH(el->arena, &el->signals, d);
		VEC_PUSH(el->arena, &el->net->signals, s);
	}
}

/* ---- places of states ------------------------------------------------------------------------ */

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

void
elab_places(Elab *el, const AstModel *m, NetRule *r)
{
	Places p = {.el = el, .m = m, .r = r};
	for (uint32_t i = 0; i < r->states.n; i++)
		r->states.at[i].place = asserted(&m->states.at[i]);
	do {
		p.grew = false;
		code(&p, &r->on_pre, NPLACE_PRE);
		code(&p, &r->on_post, NPLACE_POST);
		code(&p, &r->each_step, NPLACE_CONNECTION);
	} while (p.grew);
}
