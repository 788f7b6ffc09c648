/* elab_control: what a run does to the network in each of its steps: clamped and silenced neurons,
 * injected voltages, values held at zero. Values are expressions of the neuron or synapse, lists, or
 * files: one row for all steps, or one for each step. */
#include "elab/elab_inner.h"

#include "base/panic.h"

#include <inttypes.h>

static bool
draws(const NetExpr *e)
{
	if (!e)
		return false;
	return e->kind == NEXPR_DRAW || draws(e->op[0]) || draws(e->op[1]) || draws(e->op[2]);
}

static NetExpr *
value(Scope *s, const AstExpr *from)
{
	NetExpr *e = elab_expr(s, from);
	if (e && draws(e)) {
		elab_not_yet(s->el, from->span, "a random number that steers a run");
		return NULL;
	}
	return e;
}

/* A file with a number for each neuron, or such a row for each step, or for each step and item. */
static bool
layer_file(Scope *s, const AstExpr *from, uint64_t steps, NetControl *c)
{
	Elab *el = s->el;
	const NetLayer *l = &el->net->layers.at[s->layer];
	const char *path = elab_file(el, from);
	uint32_t rank;
	uint64_t extent[6], total = 1;
	if (!path || !elab_file_shape(el, from, path, &rank, extent))
		return false;
	for (uint32_t i = 0; i < rank; i++)
		total *= extent[i];
	if (total == l->n) {
		c->e = elab_file_values(s, from);
		return c->e != NULL;
	}
	uint64_t rows = rank ? extent[0] : 0, row = rows ? total / rows : 0;
	c->per_item = el->net->batch > 1 && row == l->n * el->net->batch;
	if (row == l->n || c->per_item) {
		if (rows >= steps) {
			c->file = path;
			return elab_file_is_finite(el, from, path, rank, extent);
		}
		elab_error(el, E0803, from->span,
			   "`%s` has %" PRIu64 " rows, and the run has %" PRIu64 " steps", path,
			   rows, steps);
		diag_help(el->diag, "give a row for each step, or one number for each neuron");
		diag_end(el->diag);
		return false;
	}
	elab_error(el, E0407, from->span,
		   "layer `%s` has %" PRIu64 " neurons, and `%s` has neither so many numbers nor a "
		   "row of them for each step",
		   l->name, l->n, path);
	diag_label(el->diag, l->span, "declared here");
	diag_help(el->diag, "shapes are [n], [steps, n], or [steps, batch, n]");
	diag_end(el->diag);
	return false;
}

static bool
of_layer(Elab *el, const AstStmt *s, uint64_t steps, NetControl *c)
{
	Scope sc = elab_scope(el, IN_NEURON);
	sc.layer = c->var.of;
	if (elab_is_file(s->e))
		return layer_file(&sc, s->e, steps, c);
	c->e = value(&sc, s->e);
	return c->e != NULL;
}

/* A number for each pair, finite all of them. */
static bool
matrix_fits(Elab *el, const AstExpr *from, const char *path, const NetConn *c)
{
	uint32_t rank;
	uint64_t extent[6], matrix[2] = {el->net->layers.at[c->pre].n, el->net->layers.at[c->post].n};
	if (!el->env->world.array)
		return true;
	if (!elab_file_shape(el, from, path, &rank, extent))
		return false;
	if (elab_shapes_agree(rank, extent, 2, matrix))
		return elab_file_is_finite(el, from, path, rank, extent);
	elab_error(el, E0407, from->span, "`%s` has the shape %s, and the values of `%s` have %s", path, elab_shape_text(el, rank, extent),
	           c->name, elab_shape_text(el, 2, matrix));
	diag_help(el->diag, "save it with that shape");
	diag_end(el->diag);
	return false;
}

static bool
of_connection(Elab *el, const AstStmt *s, NetControl *c)
{
	const NetConn *conn = &el->net->conns.at[c->var.of];
	const NetFeature *f = &conn->features.at[c->var.index];
	if (elab_is_file(s->e) && conn->pattern.kind == NPAT_ALL && !f->of_post) {
		c->file = elab_file(el, s->e);
		return c->file && matrix_fits(el, s->e, c->file, conn);
	}
	Scope sc = elab_scope(el, IN_INIT);
	sc.conn = c->var.of;
	sc.feature = &el->net->conns.at[c->var.of].features.at[c->var.index];
	c->e = elab_is_file(s->e) ? elab_file_values(&sc, s->e) : value(&sc, s->e);
	double first;
	if (!c->e || elab_number_at(&sc, c->e, elab_value_pair(&sc, 0), &first))
		return c->e != NULL;
	bool drawn = conn->pattern.drawn;
	elab_error(el, E0611, s->e->span, drawn ? "which values of `%s` are held must be known for each of them before the run"
						: "a value of `%s` belongs to many pairs of neurons, so it cannot depend on which it is", f->name);
	elab_note_drawn(el, c->var.of);
	diag_help(el->diag, drawn ? "keep these signals back by a feature, `mask = i != j`" : "take the values from a file with their shape");
	diag_end(el->diag);
	return false;
}

static bool
of_spikes(Elab *el, const AstStmt *s, NetControl *c)
{
	const AstSym *sym = s->target->sema.sym;
	uint32_t layer = sym ? elab_find_layer(el, sym->decl) : NET_NONE;
	c->var = (NetVar){NVAR_SPIKES, layer, 0, 0};
	el->failed |= layer == NET_NONE;
	return layer != NET_NONE;
}

static bool
of_state(Elab *el, const AstStmt *s, NetControl *c)
{
	if (!elab_var(el, s->target, &c->var))
		return false;
	const NetState *st = c->var.kind == NVAR_STATE
				     ? &el->net->layers.at[c->var.of].states.at[c->var.index]
				     : NULL;
	if (st && st->type == NT_REAL && !st->shared_over_batch)
		return true;
	elab_not_yet(el, s->target->span, "injecting into what is no number of each neuron");
	return false;
}

static bool
control(Elab *el, const AstStmt *s, uint64_t steps, NetControl *c)
{
	c->span = s->span;
	switch (s->control) {
	case ACONTROL_CLAMP:
	case ACONTROL_SILENCE:
		c->kind = s->control == ACONTROL_CLAMP ? NCONTROL_CLAMP : NCONTROL_SILENCE;
		return of_spikes(el, s, c) && of_layer(el, s, steps, c);
	case ACONTROL_INJECT:
		c->kind = NCONTROL_INJECT;
		if (!of_state(el, s, c) || !of_layer(el, s, steps, c))
			return false;
		if (!c->e || c->e->type == NT_REAL)
			return true;
		elab_error(el, E0302, s->e->span, "a number is injected, and this is true or false");
		diag_help(el->diag, "write `2 mV if … else 0 mV`");
		diag_end(el->diag);
		return false;
	case ACONTROL_ZERO:
		c->kind = NCONTROL_ZERO;
		return elab_var(el, s->target, &c->var) && c->var.kind == NVAR_VALUE &&
		       of_connection(el, s, c);
	}
	UNREACHABLE();
}

/* Layer by layer the input of a layer is what its connections bring, and nothing else. */
static void
warn_lost_input(Elab *el, const AstStmt *s)
{
	const Net *n = el->net;
	for (uint32_t i = 0; i < n->layers.n; i++) {
		for (uint32_t p = 0; p < n->layers.at[i].ports.n; p++) {
			bool driven = false;
			for (uint32_t c = 0; c < n->conns.n; c++)
				driven |= n->conns.at[c].post == i && n->conns.at[c].port == p;
			uint32_t stream = n->layers.at[i].ports.at[p].stream;
			if (!driven || stream == NET_NONE)
				continue;
			diag_begin(el->diag, W0602, s->span,
				   "layer `%s` has connections, so its own input is lost in this run",
				   n->layers.at[i].name);
			diag_label(el->diag, n->streams.at[stream].span, "this input");
			diag_help(el->diag, "let the file drive a layer of `Input`, and connect that one");
			diag_end(el->diag);
		}
	}
}

bool
elab_controls(Elab *el, const AstStmt *s, NetProto *p)
{
	bool ok = true;
	p->by_layer = s->by_layer;
	if (s->by_layer)
		warn_lost_input(el, s);
	for (uint32_t i = 0; i < s->body.n; i++) {
		if (s->body.at[i]->kind != ASTMT_CONTROL)
			continue;
		NetControl c = {0};
		if (control(el, s->body.at[i], p->steps, &c))
			VEC_PUSH(el->arena, &p->controls, c);
		else
			ok = false;
	}
	return ok;
}
