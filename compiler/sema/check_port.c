/* check_port: where input arrives at a neuron, when it spikes, and what drives a layer from outside. */
#include "sema/check.h"

/* ---- in the model ---------------------------------------------------------------------------- */

void
sema_declare_ports(Sema *s, AstModel *m)
{
	uint32_t n = 0;
	const AstHandler *whole = NULL;
	for (uint32_t i = 0; i < m->handlers.n; i++) {
		AstHandler *h = &m->handlers.at[i];
		if (h->kind != AHANDLER_RECEIVE)
			continue;
		if (!h->port) {
			if (whole)
				sema_report_twice(s, s->words.receive, h->span, whole->span, "given");
			whole = h;
			continue;
		}
		for (uint32_t k = 0; k < i; k++) {
			if (m->handlers.at[k].port == h->port)
				sema_report_twice(s, h->port, h->port_span, m->handlers.at[k].port_span, "declared");
		}
		Sym *sym = sema_new_sym(s, ASYM_INPUT, s->words.input, h->port_span);
		sym->sym.index = ++n;
		sym->sym.type = ATYPE_REAL;
		sym->val = sema_real(infer_fresh(&s->infer));
		h->input_sym = &sym->sym;
	}
}

static void
check_hold(Sema *s, AstFire *f)
{
	for (uint32_t i = 0; i < f->hold.n; i++) {
		Sym *sym = NULL;
		for (uint32_t k = 0; k < s->members.n; k++) {
			if (s->members.at[k]->sym.name == f->hold.at[i].name)
				sym = s->members.at[k];
		}
		if (sym && sym->sym.kind == ASYM_STATE) {
			f->hold.at[i].sym = &sym->sym;
			continue;
		}
		WordVec known = {0};
		for (uint32_t k = 0; k < s->members.n; k++) {
			if (s->members.at[k]->sym.kind == ASYM_STATE)
				sema_add_word(s, &known, s->members.at[k]->sym.name);
		}
		diag_begin(s->diag, E0627, f->hold.at[i].span,
			   sym ? "`%s` is %s, and only a state can be held" : "there is no state `%s` to hold",
			   f->hold.at[i].name, sym ? sema_kind_noun(sym->sym.kind) : "");
		sema_help_names(s, f->hold.at[i].name, &known, "the states are", "the neuron has no states");
		diag_end(s->diag);
	}
	if (f->hold.n && !f->refractory) {
		diag_begin(s->diag, E0627, f->hold.at[0].span, "states are held while the neuron is refractory, and it never is");
		diag_help(s->diag, "say for how long: `refractory 5 ms hold %s`", f->hold.at[0].name);
		diag_end(s->diag);
	}
}

static const AstStmt *
find_spike(const AstStmtVec *block)
{
	for (uint32_t i = 0; i < block->n; i++) {
		const AstStmt *a = block->at[i], *in = NULL;
		if (a->kind == ASTMT_SPIKE)
			return a;
		in = find_spike(&a->body);
		if (!in)
			in = find_spike(&a->other);
		if (in)
			return in;
	}
	return NULL;
}

static void
refuse_spike(Sema *s, const AstStmtVec *block)
{
	const AstStmt *a = find_spike(block);
	if (!a)
		return;
	diag_begin(s->diag, E0628, a->span, "the neuron spikes here already");
	diag_help(s->diag, "leave this line away; a spike with a value is sent from `step { if … { spike e } }`");
	diag_end(s->diag);
}

/* A time, or a condition: as long as it holds. */
static void
check_refractory(Sema *s, AstExpr *e)
{
	Val v = sema_check_expr(s, e);
	if (v.type == ATYPE_BOOL || !sema_need_real(s, e, v))
		return;
	sema_fit(s, (Say){"a neuron is refractory for &, not for @", "write a time: `refractory 5 ms`, or a condition: `refractory v > 0 mV`", NULL},
		 (Side){e->span, v.dim}, (Side){{0, 0}, infer_stated((Dim){{2}}, (Span){0, 0})});
}

void
sema_check_fire(Sema *s, AstDecl *d)
{
	AstModel *m = &d->model;
	AstFire *f = &m->fire;
	for (uint32_t i = 0; i < m->handlers.n; i++) {
		const AstHandler *h = &m->handlers.at[i];
		if (h->kind != AHANDLER_ON_SPIKE || d->kind != ADECL_NEURON)
			continue;
		refuse_spike(s, &h->body);
		if (f->cond)
			continue;
		diag_begin(s->diag, E0629, h->span, "`on spike` follows `spike when`, and there is none");
		diag_help(s->diag, "write `spike when v > threshold { v = reset }`, or put this into `step`, beside `spike`");
		diag_end(s->diag);
	}
	if (!f->cond)
		return;
	s->where = IN_STEP;
	sema_check_condition(s, f->cond);
	refuse_spike(s, &f->body);
	sema_check_block(s, &f->body);
	if (f->refractory)
		check_refractory(s, f->refractory);
	check_hold(s, f);
}

/* ---- is `input` read? ------------------------------------------------------------------------ */

static bool
expr_reads(const AstExpr *e)
{
	if (!e)
		return false;
	if (e->kind == AEXPR_NAME && e->sema.sym && e->sema.sym->kind == ASYM_INPUT && e->sema.sym->index == 0)
		return true;
	for (uint32_t i = 0; i < e->args.n; i++) {
		if (expr_reads(e->args.at[i].value))
			return true;
	}
	return expr_reads(e->op[0]) || expr_reads(e->op[1]) || expr_reads(e->op[2]);
}

static bool
block_reads(const AstStmtVec *b)
{
	for (uint32_t i = 0; i < b->n; i++) {
		if (expr_reads(b->at[i]->e) || block_reads(&b->at[i]->body) || block_reads(&b->at[i]->other))
			return true;
	}
	return false;
}

bool
sema_reads_input(const AstModel *m)
{
	for (uint32_t i = 0; i < m->handlers.n; i++) {
		const AstHandler *h = &m->handlers.at[i];
		if (block_reads(&h->body) || (h->kind == AHANDLER_RECEIVE && !h->port))
			return true;
	}
	return expr_reads(m->fire.cond) || block_reads(&m->fire.body);
}

/* ---- what arrives at a layer ----------------------------------------------------------------- */

/* The port of a layer, NULL: the unnamed one. NULL after a message. */
static const DimTerm *
find_port(Sema *s, const Sym *layer, Name port, Span at)
{
	const Face *f = layer->face;
	WordVec known = {0};
	for (uint32_t i = 0; i < f->n_ports; i++) {
		if (port && f->ports[i].name == port)
			return &f->ports[i].dim;
		sema_add_word(s, &known, f->ports[i].name);
	}
	if (!port && (f->reads_input || !f->n_ports))
		return &f->input;
	const char *model = layer->model->sym.name;
	if (port)
		diag_begin(s->diag, E0219, at, "neurons of `%s` have no port `%s`", model, port);
	else
		diag_begin(s->diag, E0227, at, "neurons of `%s` take their input at ports", model);
	if (layer->model->sym.decl->name_span.hi && !layer->model->sym.decl->library)
		diag_label(s->diag, layer->model->sym.decl->name_span, "declared here");
	if (port)
		sema_help_names(s, port, &known, "they have", "leave the port away: the layer takes its input as a whole");
	else
		diag_help(s->diag, "say which: `%s.%s`", layer->sym.name, f->ports[0].name);
	diag_end(s->diag);
	return NULL;
}

const DimTerm *
sema_check_target(Sema *s, AstExpr *e, Sym **layer)
{
	bool has_port = e->kind == AEXPR_MEMBER;
	AstExpr *base = has_port ? e->op[0] : e;
	Sym *sym = base->kind == AEXPR_NAME ? sema_need_top(s, base->name, base->span, KIND(LAYER), "layer") : NULL;
	base->sema.sym = sym ? &sym->sym : NULL;
	base->sema.type = sym ? ATYPE_LAYER : ATYPE_ERROR;
	e->sema.type = base->sema.type;
	e->sema.sym = base->sema.sym;
	*layer = sym;
	if (!sym || !sym->face)
		return NULL;
	return find_port(s, sym, has_port ? e->name : NULL, has_port ? e->name_span : e->span);
}

void
sema_check_inputs(Sema *s, AstDecl *d)
{
	Sym *layer = (Sym *)d->sym;
	for (uint32_t i = 0; i < d->layer.inputs.n; i++) {
		AstInput *in = &d->layer.inputs.at[i];
		s->where = IN_DRIVE;
		Val v = sema_check_expr(s, in->value);
		const DimTerm *arrives = find_port(s, layer, in->port, in->port ? in->port_span : in->span);
		if (v.type == ATYPE_ERROR || !arrives || (v.type != ATYPE_LIST && !sema_need_real(s, in->value, v)))
			continue;
		sema_fit(s,
			 (Say){"`$` takes &, and this input brings @", "give it the unit of the layer's input, or none",
			       layer->sym.name},
			 (Side){in->value->span, v.dim}, (Side){d->name_span, *arrives});
	}
}
