/* elab_begin: the first values of a feature and their range, and what is wrong with them before the run: numbers outside of
 * the range, ranges that cross, files of another size or with numbers that are not finite. */
#include "elab/elab_inner.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* ---- initial values and ranges --------------------------------------------------------------- */

/* The least or the most of a bound. */
double
elab_extreme(Elab *el, const NetExpr *bound, bool most)
{
	double v = bound->value;
	const ElabList *l = bound->kind == NEXPR_ARRAY ? &el->lists.at[bound->index] : NULL;
	for (uint32_t i = 0; l && i < l->n; i++)
		v = i == 0 ? l->value[i] : most ? fmax(v, l->value[i]) : fmin(v, l->value[i]);
	return v;
}

static void
report_outside(Elab *el, Span at, const char *what, const NetFeature *f)
{
	bool several = f->lo->kind == NEXPR_ARRAY || f->hi->kind == NEXPR_ARRAY;
	elab_error(el, E0501, at, "%s outside the range of `%s`", what, f->name);
	diag_label(el->diag, f->range_span, several ? "the ranges lie from %s to %s" : "the range is %s to %s",
		   elab_number_text(el, elab_extreme(el, f->lo, false)), elab_number_text(el, elab_extreme(el, f->hi, true)));
	diag_help(el->diag, "change the value or widen the range");
	diag_end(el->diag);
}

/* In any of its ranges: values are clipped each to its own. */
static bool
is_inside(Elab *el, const NetFeature *f, double v)
{
	return v >= elab_extreme(el, f->lo, false) && v <= elab_extreme(el, f->hi, true);
}

const ElabUniform *
elab_find_uniform(Elab *el, const NetExpr *e)
{
	for (uint32_t i = 0; i < el->uniforms.n; i++) {
		if (el->uniforms.at[i].e == e)
			return &el->uniforms.at[i];
	}
	return NULL;
}

/* Looks at what is surely a value: constants, branches that are, and uniform(a, b). */
static void
check_range(Elab *el, const NetFeature *f, const NetExpr *e)
{
	if (e->kind == NEXPR_IF) {
		check_range(el, f, e->op[0]);
		check_range(el, f, e->op[2]);
		return;
	}
	if (e->kind == NEXPR_CONST && !is_inside(el, f, e->value)) {
		report_outside(el, e->span,
			       arena_printf(el->arena, "%s lies", elab_number_text(el, e->value)),
			       f);
		return;
	}
	if (e->kind == NEXPR_ARRAY) {
		double least = elab_extreme(el, e, false), most = elab_extreme(el, e, true);
		double v = is_inside(el, f, least) ? most : least;
		if (!is_inside(el, f, v))
			report_outside(el, e->span, arena_printf(el->arena, "%s lies", elab_number_text(el, v)), f);
		return;
	}
	const ElabUniform *u = elab_find_uniform(el, e);
	if (!u || u->a->kind != NEXPR_CONST || u->b->kind != NEXPR_CONST)
		return;
	if (!is_inside(el, f, u->a->value) || !is_inside(el, f, u->b->value))
		report_outside(el, e->span,
			       arena_printf(el->arena, "numbers from %s to %s lie partly",
					    elab_number_text(el, u->a->value),
					    elab_number_text(el, u->b->value)),
			       f);
}

static bool
is_file(const AstExpr *e)
{
	return e->kind == AEXPR_STRING ||
	       (e->kind == AEXPR_CALL && e->op[0] && e->op[0]->kind == AEXPR_NAME &&
		!strcmp(e->op[0]->name, "file"));
}

void
elab_begin(Scope *outer, NetFeature *f, const AstFeature *a)
{
	Elab *el = outer->el;
	f->init.span = a->value->span;
	if (is_file(a->value)) {
		f->init.file = elab_file(el, a->value);
		if (!elab_given(el, &el->net->conns.at[outer->conn], f))
			f->init.file = NULL;
		return;
	}
	Scope s = elab_scope(el, IN_INIT);
	s.conn = outer->conn;
	s.feature = outer->feature;
	s.site_prefix = outer->site_prefix;
	NetExpr *e = elab_expr(&s, a->value);
	if (!e)
		return;
	if (e->type != f->type) {
		elab_error(el, E0306, a->value->span, "`%s` is %s, and this is %s", a->name,
			   f->type == NT_BOOL ? "true or false" : "a number",
			   e->type == NT_BOOL ? "true or false" : "a number");
		diag_help(el->diag, f->type == NT_BOOL ? "compare: `i != j`, `random() < 0.1`"
						       : "write `1 if … else 0`");
		diag_end(el->diag);
		return;
	}
	f->init.e = e;
	if (f->has_range)
		check_range(el, f, e);
}

/* States of features and rules: one for each item, and they begin alike. */
void
elab_shared_state(Elab *el, const AstState *a, const char *of, const char *way_out)
{
	elab_error(el, E0658, a->span, "a state of %s is one for each item of the batch", of);
	diag_help(el->diag, way_out, a->name);
	diag_end(el->diag);
}

void
elab_first_state(Elab *el, const AstState *a, const char *of, const char *begins_with)
{
	elab_error(el, E0658, a->init->span, "a state of %s begins with %s", of, begins_with);
	diag_help(el->diag, "set it in the first step: `state fresh = true`, then `if fresh { %s = … ; fresh = false }`", a->name);
	diag_end(el->diag);
}

/* Inside a message about what is needed of each value before the run. */
void
elab_note_drawn(Elab *el, uint32_t conn)
{
	const NetConn *c = &el->net->conns.at[conn];
	if (c->pattern.drawn)
		diag_note(el->diag, "which pairs `%s` joins is worked out when the run begins: nothing can be said of each of them before", c->name);
}

/* One number, or one for each source, target or value. */
NetExpr *
elab_each_value(Scope *outer, const AstExpr *e, const char *what, const char *each)
{
	Elab *el = outer->el;
	Scope s = elab_scope(el, IN_PROGRAM), place = elab_scope(el, IN_INIT);
	s.conn = place.conn = outer->conn;
	place.feature = outer->feature;
	NetExpr *v = elab_expr(&s, e);
	if (!v || elab_refuse_tunable(el, v, e->span, what) || !elab_placed(&place, v))
		return NULL;
	NetExpr *all = elab_spread(&place, v);
	bool sound = all && all->type == NT_REAL && !(all->kind == NEXPR_CONST && isnan(all->value));
	if (sound)
		return all;
	elab_error(el, E0503, e->span, "%s must be one number, or one for each %s", what, each);
	elab_note_drawn(el, s.conn);
	diag_help(el->diag, "use numbers, lists, files, and functions of `i` and `j` where a value joins one pair of neurons");
	diag_end(el->diag);
	return NULL;
}

static bool
is_crossed(Scope *s, const NetFeature *f, const AstFeature *a)
{
	Elab *el = s->el;
	bool several = f->lo->kind == NEXPR_ARRAY || f->hi->kind == NEXPR_ARRAY;
	uint64_t n = several ? elab_values_here(s) : 1;
	for (uint64_t k = 0; k < n; k++) {
		ElabPair at = elab_value_pair(s, k);
		double lo = f->lo->value, hi = f->hi->value;
		bool known = elab_number_at(s, f->lo, at, &lo) && elab_number_at(s, f->hi, at, &hi);
		if (!known || lo <= hi)
			continue;
		elab_error(el, E0507, a->range_span, several ? "this range is empty %s: %s is above %s"
							     : "this range is empty%s: %s is above %s",
			   several ? elab_pair_text(s, at) : "", elab_number_text(el, lo), elab_number_text(el, hi));
		diag_help(el->diag, "the smaller end comes first: `range [0, 1]`");
		diag_end(el->diag);
		return true;
	}
	return false;
}

void
elab_range(Scope *s, NetFeature *f, const AstFeature *a)
{
	if (!a->lo)
		return;
	f->lo = elab_each_value(s, a->lo, "the lower end of a range", "value");
	f->hi = elab_each_value(s, a->hi, "the upper end of a range", "value");
	f->range_span = a->range_span;
	if (!f->lo || !f->hi || is_crossed(s, f, a))
		return;
	f->has_range = f->lo->kind != NEXPR_CONST || f->hi->kind != NEXPR_CONST || isfinite(f->lo->value) ||
		       isfinite(f->hi->value);
}

/* ---- values that are known now ----------------------------------------------------------------- */

/* The same numbers in the same order? Axes of extent 1 do not count, and neighbouring axes of the file may be one of the
 * values: those of a layer [28, 28] are 784 in a row. */
bool
elab_shapes_agree(uint32_t nfile, const uint64_t *file, uint32_t nvalues, const uint64_t *values)
{
	uint32_t f = 0;
	for (uint32_t d = 0; d < nvalues; d++) {
		uint64_t n = 1;
		while (n < values[d] && f < nfile)
			n *= file[f++];
		if (n != values[d])
			return false;
	}
	while (f < nfile && file[f] == 1)
		f++;
	return f == nfile;
}

static void
help_shape(Elab *el, const NetConn *c, uint32_t rank, const uint64_t *extent, uint32_t wanted, const uint64_t *shape)
{
	const NetLayer *pre = &el->net->layers.at[c->pre], *post = &el->net->layers.at[c->post];
	bool matrix = wanted == 2 && shape[0] == pre->n && shape[1] == post->n;
	bool turned = matrix && rank == 2 && extent[0] == shape[1] && extent[1] == shape[0];
	if (matrix)
		diag_help(el->diag, "save it with that shape%s: a row for each neuron of `%s`, a column for each of `%s`",
			  turned ? ", turned round (`w.T` in NumPy)" : "", pre->name, post->name);
	else
		diag_help(el->diag, "save it with that shape");
}

/* The numbers of the file of a feature; NULL: it is large, cannot be read now (the run will say why), or was told. */
static double *
file_values(Scope *s, const NetFeature *f, const AstFeature *a)
{
	Elab *el = s->el;
	const ElabWorld *w = &el->env->world;
	const NetConn *c = &el->net->conns.at[s->conn];
	if (f->init.given)
		return f->init.given;
	const char *why = NULL;
	ElabDataStatus status = ELAB_DATA_BAD;
	uint32_t rank;
	uint64_t extent[6], n = elab_values_here(s), all = 1;
	if (!w->array)
		return NULL;
	if (!w->array(w->env, f->init.file, &rank, extent, 0, 0, NULL, &why, &status)) {
		if (status != ELAB_DATA_MISSING)
			elab_file_shape(el, a->value, f->init.file, &rank, extent);
		return NULL;
	}
	for (uint32_t d = 0; d < rank; d++)
		all *= extent[d] > ELAB_LOOKED_AT || all > ELAB_LOOKED_AT ? ELAB_LOOKED_AT : extent[d];
	uint64_t shape[6];
	uint32_t wanted = net_value_shape(el->net, c, f->of_post, shape);
	if (!elab_shapes_agree(rank, extent, wanted, shape)) {
		el->env->world_errors++;
		elab_error(el, E0407, a->value->span, "`%s` has the shape %s, and the values of `%s` have %s", f->init.file,
			   elab_shape_text(el, rank, extent), f->name, elab_shape_text(el, wanted, shape));
		help_shape(el, c, rank, extent, wanted, shape);
		diag_end(el->diag);
		return NULL;
	}
	return all == n && n < ELAB_LOOKED_AT ? elab_file_numbers(el, a->value, f->init.file, n) : NULL;
}

/* Looks at values that are known before the run: those of files, and those that are not drawn. */
void
elab_check_values(Scope *s, NetFeature *f, const AstFeature *a)
{
	uint64_t n = elab_values_here(s);
	double *v = NULL;
	if (f->init.file) {
		v = file_values(s, f, a);
	} else if (f->init.e && f->has_norm && n < ELAB_LOOKED_AT) {
		v = ARENA_ARRAY(s->el->arena, double, n);
		for (uint64_t k = 0; k < n && v; k++)
			if (!elab_number_at(s, f->init.e, elab_value_pair(s, k), &v[k]))
				v = NULL;
	}
	if (f->has_norm && f->type == NT_REAL)
		elab_norm_sums(s, f, a, v);
}
