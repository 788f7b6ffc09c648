/* check_signal: third factors: what a signal is in each step, its states, and what makes them change.
 *
 * A signal without states and handlers whose value is a constant is set by the experiment; any other follows what it reads.
 * Over what it varies (`of item`, `of a layer`) is looked at when the sizes are known, in elab.
 */
#include "sema/check.h"

static Sym *
sym_of(AstSym *sym)
{
	return (Sym *)sym;
}

Sym *
sema_check_signal_name(Sema *s, AstExpr *e, const char *what)
{
	e->sema.type = ATYPE_ERROR;
	if (e->kind == AEXPR_ERROR)
		return NULL;
	if (e->kind != AEXPR_NAME) {
		diag_begin(s->diag, E0205, e->span, "%s", what);
		diag_help(s->diag, "write its name alone, as in `signal reward = 0` and `reward`");
		diag_end(s->diag);
		return NULL;
	}
	Sym *sym = sema_need_top(s, e->name, e->span, KIND(TOP_SIGNAL), "signal");
	if (!sym)
		return NULL;
	e->sema.sym = &sym->sym;
	sema_set_type(s, e, sym->val);
	return sym;
}

static void
check_places(Sema *s, const AstDecl *d)
{
	for (uint32_t i = 0; i < d->value.of.n; i++) {
		Name name = d->value.of.at[i].name;
		Span at = d->value.of.at[i].span;
		for (uint32_t k = 0; k < i; k++) {
			if (d->value.of.at[k].name == name)
				sema_report_twice(s, name, at, d->value.of.at[k].span, "given");
		}
		if (name == s->words.item || sema_find_top(s, name, KIND(LAYER)))
			continue;
		diag_begin(s->diag, E0640, at, "a signal cannot be `of %s`", name);
		diag_help(s->diag, "write `of item` for one per item of the batch, or the name of a layer for one per "
				   "neuron of it: `signal %s of out = …`", d->name);
		diag_end(s->diag);
	}
}

static void
declare_state(Sema *s, AstState *st, uint32_t index)
{
	Sym *sym = sema_new_sym(s, ASYM_STATE, st->name, st->name_span);
	sym->sym.index = index;
	sym->val = sema_real(infer_fresh(&s->infer));
	if (st->of || st->shape.n || st->shared_over_batch) {
		diag_begin(s->diag, E0640, st->span, "the state of a signal varies as the signal does");
		diag_help(s->diag, "write `state %s = 0`, and say after the name of the signal over what it varies", st->name);
		diag_end(s->diag);
	}
	if (st->init) {
		s->where = IN_INIT;
		Val v = sema_check_expr(s, st->init);
		s->where = IN_SIGNAL;
		if (v.type == ATYPE_BOOL || v.type == ATYPE_ERROR || sema_need_real(s, st->init, v))
			sym->val = v;
		else
			sym->val = sema_poison();
	}
	sym->sym.type = sym->val.type;
	st->sym = &sym->sym;
	if (st->name == s->words.dt || st->name == s->words.i || st->name == s->words.spike || st->name == s->words.learning) {
		diag_begin(s->diag, E0214, st->name_span, "`%s` has a meaning of its own here", st->name);
		diag_help(s->diag, "take another name");
		diag_end(s->diag);
	}
	sema_declare(s, &s->members, sym);
}

/* on reward { }: a signal; on out.spikes { }: the spikes of a layer, each by itself. */
static void
check_event(Sema *s, AstExpr *what)
{
	bool layer = what->kind == AEXPR_NAME && sema_find_top(s, what->name, KIND(LAYER)) &&
		     !sema_find_top(s, what->name, KIND(TOP_SIGNAL));
	if (what->kind == AEXPR_NAME && !layer) {
		sema_check_signal_name(s, what, "");
		return;
	}
	Sym *seen = layer ? NULL : sema_check_variable(s, what, "layer");
	if (!seen && !layer)
		return;
	if (seen && seen->sym.kind == ASYM_SPIKES_OF)
		return;
	what->sema.type = ATYPE_ERROR;
	diag_begin(s->diag, E0638, what->span, "a signal waits for spikes of a layer, or for another signal");
	diag_help(s->diag, "write `on out.spikes { … }`, or `on reward { … }`");
	diag_end(s->diag);
}

static void
check_no_equation(Sema *s, const AstStmtVec *block)
{
	for (uint32_t i = 0; i < block->n; i++) {
		if (block->at[i]->kind != ASTMT_EQUATION)
			continue;
		diag_begin(s->diag, E0644, block->at[i]->span, "an equation holds at every moment, and this happens at some");
		diag_help(s->diag, "write it beside the handlers; here assign: `d += …`");
		diag_end(s->diag);
		return;
	}
}

void
sema_check_signal(Sema *s, AstDecl *d)
{
	Sym *signal = sym_of(d->sym);
	AstModel *m = d->value.block;
	check_places(s, d);
	s->members.n = s->locals.n = 0;
	s->where = IN_SIGNAL;
	if (m)
		sema_imply_states(s, m);
	for (uint32_t i = 0; m && i < m->states.n; i++)
		declare_state(s, &m->states.at[i], i);
	for (uint32_t i = 0; m && i < m->handlers.n; i++) {
		AstHandler *h = &m->handlers.at[i];
		if (h->what)
			check_event(s, h->what);
		if (h->kind == AHANDLER_EQUATIONS)
			sema_check_equations(s, &h->body);
		else
			sema_check_block(s, &h->body);
		if (h->what)
			check_no_equation(s, &h->body);
	}
	if (m && m->method)
		sema_check_method(s, m->method, m->method_span, sema_has_equations(m));
	Val v = sema_check_expr(s, d->value.value);
	if (v.type != ATYPE_ERROR && sema_need_real(s, d->value.value, v))
		sema_fit(s, (Say){"`$` is &, and @ is its value", "bring both into the same unit", d->name},
			 (Side){d->value.value->span, v.dim}, (Side){d->name_span, signal->val.dim});
	else
		signal->val = sema_poison();
	signal->sym.type = signal->val.type;
	s->members.n = s->locals.n = 0;
}
