/* elab_neuron: what the neurons of a layer do in a step. In this order: what the layer's `input` lines bring is worked out,
 * equations move the states, ports receive, `step` runs, `spike when` is tested (with `on spike`); traces follow.
 *
 * A refractory neuron counts steps: a spike sets the count to the time over dt, rounded to a whole number, and as many
 * steps behind that of the spike are refractory. In them states that are held do not move, what arrives at them is lost,
 * and the neuron does not spike.
 */
#include "elab/elab_inner.h"

#include <string.h>

/* ---- ports ----------------------------------------------------------------------------------- */

void
elab_ports(Elab *el, const AstModel *m, NetLayer *l)
{
	NetPort whole = {.span = l->span, .stream = NET_NONE};
	VEC_PUSH(el->arena, &l->ports, whole);
	for (uint32_t i = 0; m && i < m->handlers.n; i++) {
		const AstHandler *h = &m->handlers.at[i];
		if (!h->port)
			continue;
		NetPort p = {.name = h->port, .span = h->port_span, .stream = NET_NONE};
		VEC_PUSH(el->arena, &l->ports, p);
	}
}

uint32_t
elab_port(Elab *el, uint32_t layer, Name port)
{
	const NetLayer *l = &el->net->layers.at[layer];
	for (uint32_t i = 0; i < l->ports.n; i++) {
		if (l->ports.at[i].name == port)
			return i;
	}
	el->failed = true;
	return 0;
}

/* ---- what drives a layer --------------------------------------------------------------------- */

/* Has the file a row of finite numbers for each step? One that is not there now is looked for when the program runs. */
static bool
drive_fits(Elab *el, const AstExpr *from, const char *path, const NetLayer *l)
{
	const ElabWorld *w = &el->env->world;
	const char *why = NULL;
	ElabDataStatus status = ELAB_DATA_BAD;
	uint32_t rank;
	uint64_t extent[6], row[2] = {el->net->batch, l->n};
	if (!w->array)
		return true;
	if (!w->array(w->env, path, &rank, extent, 0, 0, NULL, &why, &status))
		return status == ELAB_DATA_MISSING || elab_file_shape(el, from, path, &rank, extent);
	if (!rank || !elab_shapes_agree(rank - 1, extent + 1, 2, row)) {
		el->env->world_errors++;
		elab_error(el, E0407, from->span, "`%s` has the shape %s, and layer `%s` takes rows of %s", path,
			   elab_shape_text(el, rank, extent), l->name, elab_shape_text(el, 2, row));
		diag_help(el->diag, "save it as [steps, batch, n]: a row for each step");
		diag_end(el->diag);
		return false;
	}
	return elab_file_is_finite(el, from, path, rank, extent);
}

static void
stream(Elab *el, const AstDecl *d, uint32_t layer, uint32_t port, const AstInput *in)
{
	const char *path = elab_file(el, in->value);
	NetPort *p = &el->net->layers.at[layer].ports.at[port];
	if (!path)
		return;
	if (p->stream != NET_NONE) {
		elab_error(el, E0217, in->span, "layer `%s` has two files as its input", d->name);
		diag_label(el->diag, el->net->streams.at[p->stream].span, "first here");
		diag_help(el->diag, "add them up in one file");
		diag_end(el->diag);
		return;
	}
	if (!elab_is_events(in->value) && !drive_fits(el, in->value, path, &el->net->layers.at[layer]))
		return;
	NetStream st = {.name = d->name, .span = in->span, .path = path, .layer = layer, .port = port, .events = elab_is_events(in->value), .data = NET_NONE};
	p->stream = el->net->streams.n;
	VEC_PUSH(el->arena, &el->net->streams, st);
}

static void
push(Scope *s, NetCode *code, NetStmt *st)
{
	NetStmt **at = ARENA_ARRAY(s->el->arena, NetStmt *, code->body.n + 1);
	for (uint32_t i = 0; i < code->body.n; i++)
		at[i] = code->body.at[i];
	at[code->body.n] = st;
	code->body = (NetBlock){at, code->body.n + 1};
}

static NetStmt *
new_stmt(Scope *s, NetStmtKind kind, Span at, NetExpr *e)
{
	NetStmt *st = ARENA_NEW(s->el->arena, NetStmt);
	st->kind = kind;
	st->span = at;
	st->e = e;
	return st;
}

/* A local with this value. */
static NetExpr *
let(Scope *s, NetCode *code, const char *name, NetExpr *e)
{
	if (elab_is_fixed(e))
		return e;
	NetStmt *st = new_stmt(s, NSTMT_LET, e->span, e);
	st->index = code->locals.n;
	VEC_PUSH(s->el->arena, &code->locals, (NetLocal){intern(s->el->names, name), e->type});
	push(s, code, st);
	NetExpr *l = net_expr(s->el->net, NEXPR_LOCAL, e->type, e->span);
	l->index = st->index;
	return l;
}

static void
drives(Scope *s, const ElabLayer *e, NetCode *code)
{
	Elab *el = s->el;
	const AstDecl *d = e->decl;
	uint32_t nports = el->net->layers.at[s->layer].ports.n;
	s->drives = ARENA_ARRAY(el->arena, NetExpr *, nports);
	for (uint32_t i = 0; i < d->layer.inputs.n; i++) {
		const AstInput *in = &d->layer.inputs.at[i];
		uint32_t port = in->port ? elab_port(el, s->layer, in->port) : 0;
		if (elab_is_file(in->value) || elab_is_events(in->value)) {
			stream(el, d, s->layer, port, in);
			continue;
		}
		Scope at = *s;
		at.model = NULL;
		at.nparams = 0;
		at.drives = NULL;
		at.code = code;
		at.site_hint = intern(el->names, in->port ? in->port : "input");
		NetExpr *v = elab_as(&at, elab_expr(&at, in->value), NT_REAL, in->value);
		if (!v)
			continue;
		NetExpr *old = s->drives[port];
		s->drives[port] = old ? elab_binary(s, NOP_ADD, old, v, in->span) : v;
	}
	for (uint32_t k = 0; k < nports; k++) {
		if (s->drives[k])
			s->drives[k] = let(s, code, k ? el->net->layers.at[s->layer].ports.at[k].name : "drive", s->drives[k]);
	}
}

/* ---- refractoriness -------------------------------------------------------------------------- */

static NetExpr *
state(Scope *s, uint32_t index, Span at)
{
	NetExpr *e = net_expr(s->el->net, NEXPR_STATE, NT_REAL, at);
	e->index = index;
	return e;
}

/* The steps of a refractory time: floor(time / dt + 1/2). */
static NetExpr *
steps_of(Scope *s, NetExpr *time)
{
	Span at = time->span;
	NetExpr *n = elab_binary(s, NOP_DIV, time, elab_const(s, NT_REAL, s->el->net->dt, at), at);
	return elab_unary(s, NOP_FLOOR, elab_binary(s, NOP_ADD, n, elab_const(s, NT_REAL, 0.5, at), at), at);
}

static bool
state_taken(const void *env, Name name)
{
	const NetLayer *l = env;
	for (uint32_t i = 0; i < l->states.n; i++) {
		if (l->states.at[i].name == name)
			return true;
	}
	return false;
}

/* refractory v > 0: behind a spike as long as this holds, else for a time. */
static bool
while_it_holds(const AstFire *f)
{
	return f->refractory && f->refractory->sema.type == ATYPE_BOOL;
}

static void
count_down(Scope *s, NetCode *code, uint32_t index, NetExpr *none)
{
	Span at = none->span;
	NetExpr *left = elab_binary(s, NOP_SUB, state(s, index, at), elab_const(s, NT_REAL, 1, at), at);
	NetStmt *count = new_stmt(s, NSTMT_ASSIGN, at, elab_binary(s, NOP_MAX, left, none, at));
	count->target = state(s, index, at);
	push(s, code, count);
}

/* Adds the count of steps, and says when a neuron is free. NET_NONE: it never is refractory. */
static uint32_t
refractory(Scope *s, const AstFire *f, NetCode *code, NetExpr **steps)
{
	Elab *el = s->el;
	*steps = NULL;
	if (!f->refractory)
		return NET_NONE;
	s->code = code;
	if (while_it_holds(f)) {
		*steps = elab_const(s, NT_REAL, 1, f->refractory->span);
	} else {
		NetExpr *time = elab_as(s, elab_expr(s, f->refractory), NT_REAL, f->refractory);
		*steps = time ? steps_of(s, time) : NULL;
	}
	if (!*steps || elab_is_const(*steps, 0))
		return NET_NONE;
	NetLayer *l = &el->net->layers.at[s->layer];
	NetState st = {.span = f->refractory->span, .type = NT_REAL};
	st.name = elab_unique(el, "refractory", state_taken, l);
	st.init = elab_const(s, NT_REAL, 0, st.span);
	if ((*steps)->kind == NEXPR_CONST && (*steps)->value > 0 && (*steps)->value <= UINT16_MAX)
		st.counts = (uint32_t)(*steps)->value;
	uint32_t index = l->states.n;
	VEC_PUSH(el->arena, &l->states, st);
	NetExpr *none = elab_const(s, NT_REAL, 0, st.span);
	s->free = let(s, code, "free", elab_binary(s, NOP_LE, state(s, index, st.span), none, st.span));
	if (!while_it_holds(f))
		count_down(s, code, index, none);
	bool *held = ARENA_ARRAY(el->arena, bool, l->states.n);
	for (uint32_t i = 0; i < f->hold.n; i++) {
		if (f->hold.at[i].sym)
			held[f->hold.at[i].sym->index] = true;
	}
	if (f->hold.n)
		s->held = held;
	return index;
}

/* ---- the step -------------------------------------------------------------------------------- */

static void
handlers(Scope *s, const AstModel *m, AstHandlerKind kind, NetCode *code, NetBlock *into)
{
	for (uint32_t i = 0; i < m->handlers.n; i++) {
		const AstHandler *h = &m->handlers.at[i];
		NetBlock b = {0};
		if (h->kind != kind)
			continue;
		if (kind == AHANDLER_EQUATIONS)
			elab_equations(s, &h->body, code);
		else
			elab_block(s, &h->body, code, &b);
		for (uint32_t k = 0; k < b.n; k++) {
			NetCode to = {.body = *into};
			push(s, &to, b.at[k]);
			*into = to.body;
		}
		s->locals.n = 0;
	}
}

/* What kept the neuron from spiking is over; gives whether it may spike. */
static NetExpr *
may_spike(Scope *s, const AstFire *f, NetCode *code, uint32_t count)
{
	Span at = f->refractory->span;
	NetExpr *holds = elab_as(s, elab_expr(s, f->refractory), NT_BOOL, f->refractory), *none = elab_const(s, NT_REAL, 0, at);
	if (!holds)
		return NULL;
	NetStmt *over = new_stmt(s, NSTMT_IF, at, elab_unary(s, NOP_NOT, holds, at)), *set = new_stmt(s, NSTMT_ASSIGN, at, none);
	set->target = state(s, count, at);
	NetCode body = {0};
	push(s, &body, set);
	over->body = body.body;
	push(s, code, over);
	return elab_binary(s, NOP_LE, state(s, count, at), none, at);
}

static void
fire(Scope *s, const AstModel *m, NetCode *code, uint32_t count, NetExpr *steps)
{
	const AstFire *f = &m->fire;
	Scope in = *s;
	in.held = NULL;                                   /* what a spike does is done */
	in.code = code;
	NetExpr *c = elab_as(&in, elab_expr(&in, f->cond), NT_BOOL, f->cond);
	if (!c)
		return;
	if (while_it_holds(f))
		c = elab_binary(s, NOP_AND, c, may_spike(&in, f, code, count), c->span);
	else if (s->free)
		c = elab_binary(s, NOP_AND, c, elab_copy(s->el, s->free, c->span), c->span);
	if (!c)
		return;
	NetStmt *st = new_stmt(s, NSTMT_IF, f->span, c);
	NetStmt *spike = new_stmt(s, NSTMT_SPIKE, f->cond->span, NULL);
	if (s->el->net->layers.at[s->layer].values)
		spike->e = elab_const(s, NT_REAL, 1, f->cond->span);
	NetCode body = {0};
	push(s, &body, spike);
	NetBlock b = {0};
	elab_block(&in, &f->body, code, &b);
	for (uint32_t i = 0; i < b.n; i++)
		push(s, &body, b.at[i]);
	in.locals.n = 0;
	handlers(&in, m, AHANDLER_ON_SPIKE, code, &body.body);
	if (count != NET_NONE) {
		NetStmt *set = new_stmt(s, NSTMT_ASSIGN, steps->span, steps);
		set->target = state(s, count, steps->span);
		push(s, &body, set);
	}
	st->body = body.body;
	push(s, code, st);
}

void
elab_neuron(Scope *outer, const ElabLayer *e)
{
	Scope s = *outer;
	const AstModel *m = e->model;
	NetCode code = {0};
	NetExpr *steps;
	s.method = e->decl->layer.method;
	drives(&s, e, &code);
	uint32_t count = refractory(&s, &m->fire, &code, &steps);
	handlers(&s, m, AHANDLER_EQUATIONS, &code, &code.body);
	handlers(&s, m, AHANDLER_RECEIVE, &code, &code.body);
	const bool *held = s.held;
	s.held = NULL;                                    /* `step` says itself what it does */
	handlers(&s, m, AHANDLER_STEP, &code, &code.body);
	s.held = held;
	if (m->fire.cond)
		fire(&s, m, &code, count, steps);
	elab_split(&s, &code);
	s.el->net->layers.at[s.layer].step = code;
}
