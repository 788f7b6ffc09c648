/* check_position: where the neurons of a layer are, `at grid(spacing = 50 um)` or `at (x = …, y = …)`, and what a connection asks of it in its
 * pattern and its first values: `pre.x`, `post.y`, and the distance `d`. */
#include "sema/check.h"

enum { AXES = 3 };
static const Dim length = {{[DIM_LENGTH] = 2}};

static Name
axis_name(const Sema *s, uint32_t axis)
{
	return axis == 0 ? s->words.x : axis == 1 ? s->words.y : s->words.z;
}

/* ---- of a layer ---------------------------------------------------------------------------------- */

static bool
has_axis(const Sema *s, const AstDecl *layer, uint32_t axis)
{
	if (layer->layer.form)
		return axis < layer->layer.shape.n;
	for (uint32_t i = 0; i < layer->layer.places.n; i++)
		if (layer->layer.places.at[i].name == axis_name(s, axis))
			return true;
	return false;
}

static void
report_form(Sema *s, Span at, const char *text)
{
	diag_begin(s->diag, E0424, at, "%s", text);
	diag_help(s->diag, "write `at grid(spacing = 50 um)`, or a place for each axis: `at (x = 50 um * i, y = uniform(0 mm, 1 mm))`");
	diag_end(s->diag);
}

static bool
takes(const Sema *s, const AstDecl *d, Name name)
{
	const Words *w = &s->words;
	if (d->layer.form)
		return name == w->spacing || name == w->periodic;
	return name == w->x || name == w->y || name == w->z || name == w->periodic;
}

static void
check_extent(Sema *s, AstExpr *e)
{
	s->where = IN_CONST;
	Val v = sema_check_expr(s, e);
	if (v.type == ATYPE_LIST || sema_need_real(s, e, v))
		sema_fit(s, (Say){"& is needed here, not @", "write it with its unit: `50 um`", NULL}, (Side){e->span, v.dim},
			 (Side){{0, 0}, infer_stated(length, e->span)});
}

static void
check_one(Sema *s, const AstDecl *d, AstArg *a)
{
	if (d->layer.form && a->name == s->words.periodic) {
		s->where = IN_CONST;
		sema_need_condition(s, a->value, sema_check_expr(s, a->value));
		return;
	}
	if (d->layer.form || a->name == s->words.periodic) {
		check_extent(s, a->value);
		return;
	}
	s->where = IN_NEURONS;
	s->arg_of = ARG_OF_NEURON;
	Val v = sema_check_expr(s, a->value);
	s->arg_of = ARG_OF_NONE;
	if (v.type == ATYPE_LIST || sema_need_real(s, a->value, v))
		sema_fit(s, (Say){"a place is &, not @", "write it with its unit: `50 um * i`", NULL}, (Side){a->value->span, v.dim},
			 (Side){{0, 0}, infer_stated(length, a->value->span)});
}

void
sema_check_positions(Sema *s, AstDecl *d)
{
	AstArgVec *args = &d->layer.places;
	if (!d->layer.places_span.hi)
		return;
	if (d->layer.form && d->layer.form != s->words.grid)
		report_form(s, d->layer.form_span, arena_printf(s->arena, "neurons cannot stand at a `%s`", d->layer.form));
	else if (args->n == 0)
		report_form(s, d->layer.places_span, "this says no place");
	for (uint32_t i = 0; i < args->n; i++) {
		AstArg *a = &args->at[i];
		if (!a->name && d->layer.form && i == 0)
			a->name = s->words.spacing;
		for (uint32_t k = 0; k < i; k++)
			if (a->name && args->at[k].name == a->name)
				sema_report_twice(s, a->name, a->name_span, args->at[k].name_span, "given");
		if (!a->name || !takes(s, d, a->name))
			report_form(s, a->name ? a->name_span : a->value->span, a->name ? arena_printf(s->arena, "`%s` is no part of a place", a->name)
											: "this does not say which axis it is for");
		check_one(s, d, a);
	}
	if (d->layer.form && d->layer.shape.n > AXES)
		report_form(s, d->layer.form_span, "a grid has at most three axes");
}

bool
sema_place_of(Sema *s, const AstDecl *layer, Name name, uint32_t *axis, DimTerm *dim)
{
	for (*axis = 0; *axis < AXES; ++*axis) {
		if (name != axis_name(s, *axis) || !has_axis(s, layer, *axis))
			continue;
		*dim = infer_stated(length, layer->layer.places_span);
		return true;
	}
	return false;
}

/* ---- of a connection ------------------------------------------------------------------------------- */

static void
report_no_place(Sema *s, Span at, const Sym *layer, const char *what)
{
	const AstDecl *d = layer->sym.decl;
	diag_begin(s->diag, E0423, at, "%s of the neurons of `%s` is not known", what, layer->sym.name);
	diag_label(s->diag, d->name_span, "declared here");
	diag_help(s->diag, d->layer.places_span.hi ? "give both layers the same axes: `at (x = …, y = …)`"
						   : "say where they are: `layer %s : …[10, 10] at grid(spacing = 50 um)`", layer->sym.name);
	diag_end(s->diag);
}

Val
sema_check_position(Sema *s, AstExpr *e)
{
	AstExpr *base = e->op[0];
	bool post = base->name == s->words.post;
	const Sym *layer = s->ends[post];
	uint32_t axis = 0;
	while (axis < AXES && e->name != axis_name(s, axis))
		axis++;
	base->sema.type = ATYPE_OTHER;
	if (axis == AXES) {
		diag_begin(s->diag, E0423, e->name_span, "a connection begins with places, and `%s` is none", e->name);
		diag_help(s->diag, "write `%s.x`, `%s.y` or `%s.z`", base->name, base->name, base->name);
		diag_end(s->diag);
		return sema_poison();
	}
	if (!has_axis(s, layer->sym.decl, axis)) {
		report_no_place(s, e->span, layer, arena_printf(s->arena, "the place `%s`", e->name));
		return sema_poison();
	}
	Sym *sym = sema_new_sym(s, ASYM_SIDE_STATE, e->name, e->span);
	sym->sym.index = post;
	sym->sym.type = ATYPE_REAL;
	base->sema.sym = e->sema.sym = &sym->sym;
	return sema_real(infer_stated(length, e->span));
}

Val
sema_check_distance(Sema *s, AstExpr *e)
{
	bool any = false;
	for (uint32_t axis = 0; axis < AXES; axis++) {
		bool has[2] = {has_axis(s, s->ends[0]->sym.decl, axis), has_axis(s, s->ends[1]->sym.decl, axis)};
		any = any || has[0] || has[1];
		if (has[0] == has[1])
			continue;
		report_no_place(s, e->span, s->ends[has[0]], arena_printf(s->arena, "the place `%s`", axis_name(s, axis)));
		return sema_poison();
	}
	if (any)
		return sema_real(infer_stated(length, e->span));
	report_no_place(s, e->span, s->ends[0], "the place");
	return sema_poison();
}
