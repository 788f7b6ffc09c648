/* elab_position: where the neurons of a layer are: states `at_x`, `at_y`, `at_z`, which items share and resets keep; and what connections make
 * of them: `pre.x`, and the distance of two neurons, around the shorter way where a layer is periodic. */
#include "elab/elab_inner.h"

#include <math.h>
#include <string.h>

static const char *const axis_names[ELAB_AXES] = {"x", "y", "z"};

/* ---- of a layer ------------------------------------------------------------------------------------ */

static const AstExpr *
argument(const AstDecl *d, const char *name)
{
	for (uint32_t i = 0; i < d->layer.places.n; i++)
		if (d->layer.places.at[i].name && strcmp(d->layer.places.at[i].name, name) == 0)
			return d->layer.places.at[i].value;
	return NULL;
}

/* One length for all axes, or one for each; all above 0. */
static bool
lengths(Elab *el, const AstExpr *e, uint32_t n, double *out)
{
	bool many = e->kind == AEXPR_LIST;
	if (many && e->args.n != n) {
		elab_error(el, E0424, e->span, "these are %u lengths, and there are %u axes", e->args.n, n);
		diag_help(el->diag, "give one for each axis, or one number for all");
		diag_end(el->diag);
		return false;
	}
	for (uint32_t k = 0; k < n; k++) {
		const AstExpr *one = many ? e->args.at[k].value : e;
		if (!elab_real(el, one, false, "a length", &out[k]))
			return false;
		if (out[k] > 0 && isfinite(out[k]))
			continue;
		elab_error(el, E0424, one->span, "a length is above 0, and this is %s", elab_number_text(el, out[k]));
		diag_help(el->diag, "write a length such as `50 um`");
		diag_end(el->diag);
		return false;
	}
	return true;
}

static void
add_axis(Elab *el, uint32_t layer, uint32_t axis, NetExpr *e)
{
	NetLayer *l = &el->net->layers.at[layer];
	NetState st = {.name = intern_printf(el->names, "at_%s", axis_names[axis]), .span = e->span, .type = NT_REAL, .init = e,
		       .shared_over_batch = true, .kept_on_reset = true};
	el->layers.at[layer].place[axis] = l->states.n;
	VEC_PUSH(el->arena, &l->states, st);
}

/* The last axis of the layer is x, the one before it y: a picture of rows. */
static void
grid(Elab *el, uint32_t layer, Scope *s)
{
	const AstDecl *d = el->layers.at[layer].decl;
	const NetLayer *l = &el->net->layers.at[layer];
	const AstExpr *spacing = argument(d, "spacing"), *periodic = argument(d, "periodic");
	double step[4];
	if (!spacing) {
		elab_error(el, E0424, d->layer.form_span, "how far apart neurons of this grid are is not told");
		diag_help(el->diag, "write `at grid(spacing = 50 um)`");
		diag_end(el->diag);
		return;
	}
	if (periodic && periodic->kind != AEXPR_BOOL) {
		elab_error(el, E0304, periodic->span, "`periodic` of a grid is true or false");
		diag_help(el->diag, "write `periodic = true` for a grid whose ends meet");
		diag_end(el->diag);
		return;
	}
	if (!lengths(el, spacing, l->rank, step))
		return;
	uint64_t below = 1;
	for (uint32_t k = l->rank, axis = 0; k-- > 0; axis++) {
		double *v = ARENA_ARRAY(el->arena, double, l->n);
		for (uint64_t i = 0; i < l->n; i++)
			v[i] = elab_round(s, (double)(i / below % l->shape[k]) * step[k]);
		below *= l->shape[k];
		if (periodic && periodic->truth)
			el->layers.at[layer].period[axis] = step[k] * (double)l->shape[k];
		add_axis(el, layer, axis, l->n == 1 ? elab_const(s, NT_REAL, 0, spacing->span) : elab_list(s, NT_REAL, v, (uint32_t)l->n, spacing->span));
	}
}

/* `at (x = …, y = …)`: constants, lists, files, or drawn for each neuron once. */
static void
given(Elab *el, uint32_t layer, Scope *s)
{
	const AstDecl *d = el->layers.at[layer].decl;
	uint32_t axes[ELAB_AXES], n = 0;
	for (uint32_t axis = 0; axis < ELAB_AXES; axis++) {
		const AstExpr *e = argument(d, axis_names[axis]);
		if (!e)
			continue;
		Scope in = elab_scope(el, IN_PROGRAM);
		in.of_layer = layer;
		in.site_prefix = s->site_prefix;
		in.site_hint = axis_names[axis];
		NetExpr *v = elab_expr(&in, e);
		if (v && (v = elab_as(s, v, NT_REAL, e)) && elab_is_initial(s, v))
			add_axis(el, layer, axis, v);
		else
			el->failed = true;
		axes[n++] = axis;
	}
	const AstExpr *periodic = argument(d, "periodic");
	double period[ELAB_AXES];
	if (!periodic || !lengths(el, periodic, n, period))
		return;
	for (uint32_t k = 0; k < n; k++)
		el->layers.at[layer].period[axes[k]] = period[k];
}

void
elab_positions(Elab *el, uint32_t layer)
{
	ElabLayer *e = &el->layers.at[layer];
	Scope s = elab_scope(el, IN_STATE);
	s.layer = layer;
	s.site_prefix = e->decl->name;
	if (!e->decl->layer.places_span.hi)
		return;
	if (e->decl->layer.form)
		grid(el, layer, &s);
	else
		given(el, layer, &s);
}

/* ---- of a connection -------------------------------------------------------------------------------- */

static NetExpr *
place_of(Scope *s, NetSide side, uint32_t axis, Span at)
{
	const NetConn *c = &s->el->net->conns.at[s->conn];
	uint32_t state = s->el->layers.at[side == NSIDE_PRE ? c->pre : c->post].place[axis];
	if (state == NET_NONE)
		return NULL;
	NetExpr *e = net_expr(s->el->net, NEXPR_STATE, NT_REAL, at);
	e->index = state;
	e->side = side;
	return e;
}

NetExpr *
elab_position(Scope *s, const AstExpr *e, NetSide side)
{
	for (uint32_t axis = 0; axis < ELAB_AXES; axis++)
		if (strcmp(e->name, axis_names[axis]) == 0)
			return place_of(s, side, axis, e->span);
	return NULL;
}

/* How far apart along one axis: x - L floor(x / L + 1/2) where it closes after a length L. */
static NetExpr *
apart(Scope *s, uint32_t axis, double period, Span at)
{
	Elab *el = s->el;
	NetExpr *x = elab_binary(s, NOP_SUB, place_of(s, NSIDE_POST, axis, at), place_of(s, NSIDE_PRE, axis, at), at);
	if (period > 0) {
		NetExpr *turns = elab_binary(s, NOP_DIV, elab_copy(el, x, at), elab_const(s, NT_REAL, period, at), at);
		turns = elab_unary(s, NOP_FLOOR, elab_binary(s, NOP_ADD, turns, elab_const(s, NT_REAL, 0.5, at), at), at);
		x = elab_binary(s, NOP_SUB, x, elab_binary(s, NOP_MUL, turns, elab_const(s, NT_REAL, period, at), at), at);
	}
	return x;
}

NetExpr *
elab_distance(Scope *s, Span at)
{
	Elab *el = s->el;
	const NetConn *c = &el->net->conns.at[s->conn];
	const ElabLayer *pre = &el->layers.at[c->pre], *post = &el->layers.at[c->post];
	NetExpr *sum = NULL, *only = NULL;
	for (uint32_t axis = 0; axis < ELAB_AXES; axis++) {
		if (pre->place[axis] == NET_NONE || post->place[axis] == NET_NONE)
			continue;
		if (fabs(pre->period[axis] - post->period[axis]) > 1e-6 * pre->period[axis]) {
			elab_error(el, E0423, at, "`%s` closes after %s um along %s, and `%s` after %s um", pre->decl->name,
				   elab_number_text(el, pre->period[axis]), axis_names[axis], post->decl->name, elab_number_text(el, post->period[axis]));
			diag_note(el->diag, "0 um: it does not close");
			diag_help(el->diag, "make both layers periodic in the same lengths");
			diag_end(el->diag);
			return NULL;
		}
		NetExpr *a = apart(s, axis, pre->period[axis], at), *square = elab_binary(s, NOP_MUL, a, elab_copy(el, a, at), at);
		only = sum ? NULL : elab_unary(s, NOP_ABS, elab_copy(el, a, at), at);
		sum = sum ? elab_binary(s, NOP_ADD, sum, square, at) : square;
	}
	return only ? only : sum ? elab_unary(s, NOP_SQRT, sum, at) : NULL;
}
