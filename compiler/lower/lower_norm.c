/* lower_norm: values are scaled so that those of each group sum to what it is given: w := w * (norm / sum), the sum in ascending
 * order of the values. A sum of zero leaves its group alone, and the user is told (warn in the schedule). */
#include "lower/lower_inner.h"

#include <math.h>

typedef struct {
	Lower *l;
	const NetConn *c;
	const NetFeature *f;
	uint32_t buf;
	uint32_t zero, no_sum, norms;                     /* by group: is its sum zero now; was it known; NO_BUF: never, one number */
	uint32_t least, most;                             /* by group: of the scaled values; NO_BUF: there is no such bound, or nobody asks */
	uint32_t naxes;
	PlanAxis axes[PLAN_MAX_AXES];
} Norm;

static PlanExpr *
summand(Norm *w, PlanExpr *v)
{
	return w->f->norm_signed ? v : plan_unary(w->l->p, PEXPR_ABS, v);
}

/* What the values of a group are multiplied by; norm / norm is 1. */
static PlanExpr *
factor(Norm *w, PlanEmit *b, PlanExpr *group, PlanExpr *sum)
{
	Lower *l = w->l;
	Plan *p = l->p;
	PlanExpr *total = low_keep(b, "total", sum);
	PlanExpr *norm = w->norms == NO_BUF ? low_real(l, w->f->norm[0]) : low_keep(b, "norm", low_load(l, w->norms, 1, group));
	PlanExpr *none = plan_emit_let(b, "none", plan_binary(p, PEXPR_EQ, total, low_real(l, 0)));
	PlanExpr *tell = none;
	if (w->no_sum != NO_BUF)
		tell = plan_binary(p, PEXPR_AND, none, plan_unary(p, PEXPR_NOT, low_load(l, w->no_sum, 1, group)));
	low_store(b, w->zero, tell, 1, group);
	return plan_binary(p, PEXPR_DIV, norm, plan_ternary(p, PEXPR_SELECT, none, norm, total));
}

/* ---- what is outside of its range ----------------------------------------------------------------------- */

/* least[group] or most[group], of which v is one more. */
static void
note_extreme(Norm *w, PlanEmit *b, uint32_t buf, PlanExpr *group, PlanExpr *v)
{
	Plan *p = w->l->p;
	if (buf == NO_BUF)
		return;
	PlanExpr *old = low_load(w->l, buf, 1, group);
	PlanExpr *beyond = plan_binary(p, PEXPR_LT, buf == w->most ? old : v, buf == w->most ? v : old);
	low_store(b, buf, plan_ternary(p, PEXPR_SELECT, beyond, v, old), 1, group);
}

static void
add_extremes(Norm *w, const LowFeature *lf)
{
	const NetFeature *f = w->f;
	PlanAxis post = low_axis(AXIS_POST, w->l->net->layers.at[w->c->post].n);
	if (lf->unclipped == NO_BUF || lf->negative != NO_BUF || !low_is_bounded(f) || f->decay != 0 || f->stored != NSTORED_REAL ||
	    f->lo->kind != NEXPR_CONST || f->hi->kind != NEXPR_CONST)
		return;
	if (isfinite(f->lo->value))
		w->least = low_add_buf(w->l, w->l->real, ROLE_SCRATCH, 1, &post, "%s.%s_least", w->c->name, f->name);
	if (isfinite(f->hi->value))
		w->most = low_add_buf(w->l, w->l->real, ROLE_SCRATCH, 1, &post, "%s.%s_most", w->c->name, f->name);
}

/* unclipped := some are outside. What is inside need not be clipped before it changes. */
static uint32_t
find_unclipped(Norm *w, uint64_t groups, uint32_t unclipped)
{
	Lower *l = w->l;
	Plan *p = l->p;
	if (w->least == NO_BUF && w->most == NO_BUF)
		return UINT32_MAX;
	uint32_t id = low_add_kernel(l, 1, "%s.%s.find_unclipped", w->c->name, w->f->name);
	PlanEmit b = plan_emit(p, p->codes.at[id]);
	LowLoop once = low_loop(&b, "x", low_lo(&b), low_hi(&b), false);
	uint32_t some = plan_emit_var(low_body(&once), "some", plan_int(p, PT_I32, 0));
	PlanExpr *found = plan_local(p, b.code, some);
	LowLoop all = low_loop(low_body(&once), "g", low_i64(l, 0), low_i64(l, (int64_t)groups), false);
	for (int upper = 0; upper < 2; upper++) {
		uint32_t buf = upper ? w->most : w->least;
		if (buf == NO_BUF)
			continue;
		PlanExpr *bound = low_real(l, upper ? w->f->hi->value : w->f->lo->value);
		PlanExpr *out = plan_binary(p, upper ? PEXPR_GT : PEXPR_LT, low_load(l, buf, 1, all.index), bound);
		found = plan_binary(p, PEXPR_OR, found, plan_ternary(p, PEXPR_SELECT, out, plan_int(p, PT_I32, 1), plan_int(p, PT_I32, 0)));
	}
	plan_emit_set(low_body(&all), some, found);
	low_close(&all);
	low_store(low_body(&once), unclipped, plan_binary(p, PEXPR_NE, plan_local(p, b.code, some), plan_int(p, PT_I32, 0)), 0);
	low_close(&once);
	p->codes.at[id]->body = plan_freeze(&b);
	return id;
}

/* ---- one group per target of all pairs: rows of sources are added up beside each other ------------------ */

static void
norm_columns(Norm *w, PlanEmit *b, uint32_t sum)
{
	Lower *l = w->l;
	Plan *p = l->p;
	PlanExpr *npre = low_i64(l, (int64_t)l->net->layers.at[w->c->pre].n);
	LowLoop zero = low_loop(b, "j", low_lo(b), low_hi(b), true);
	low_store(low_body(&zero), sum, low_real(l, 0), 1, zero.index);
	if (w->least != NO_BUF)
		low_store(low_body(&zero), w->least, low_real(l, INFINITY), 1, zero.index);
	if (w->most != NO_BUF)
		low_store(low_body(&zero), w->most, low_real(l, -INFINITY), 1, zero.index);
	low_close(&zero);

	LowLoop rows = low_loop(b, "i", low_i64(l, 0), npre, false);
	LowLoop cols = low_loop(low_body(&rows), "j", low_lo(b), low_hi(b), true);
	PlanExpr *v = summand(w, low_load(l, w->buf, 2, rows.index, cols.index));
	low_store(low_body(&cols), sum, plan_binary(p, PEXPR_ADD, low_load(l, sum, 1, cols.index), v), 1, cols.index);
	low_close(&cols);
	low_close(&rows);

	LowLoop all = low_loop(b, "j", low_lo(b), low_hi(b), true);
	low_store(low_body(&all), sum, factor(w, low_body(&all), all.index, low_load(l, sum, 1, all.index)), 1, all.index);
	low_close(&all);

	rows = low_loop(b, "i", low_i64(l, 0), npre, false);
	cols = low_loop(low_body(&rows), "j", low_lo(b), low_hi(b), true);
	v = plan_binary(p, PEXPR_MUL, low_load(l, w->buf, 2, rows.index, cols.index), low_load(l, sum, 1, cols.index));
	if (w->least != NO_BUF || w->most != NO_BUF)
		v = low_keep(low_body(&cols), "w", v);
	low_store(low_body(&cols), w->buf, v, 2, rows.index, cols.index);
	note_extreme(w, low_body(&cols), w->least, cols.index, v);
	note_extreme(w, low_body(&cols), w->most, cols.index, v);
	low_close(&cols);
	low_close(&rows);
}

/* ---- groups along axes ---------------------------------------------------------------------------------- */

/* Loops over the axes that are (or are not) of the group; opened in order, closed by their number. */
static uint32_t
open_axes(Norm *w, PlanEmit **b, bool (*chosen)(const Norm *w, uint32_t d), bool which, uint32_t part, LowLoop *loops,
          LowIndex *at)
{
	static const char *const names[PLAN_MAX_AXES] = {"x0", "x1", "x2", "x3", "x4", "x5"};
	uint32_t n = 0;
	PlanEmit *top = *b;
	for (uint32_t d = 0; d < w->naxes; d++) {
		if (chosen(w, d) != which)
			continue;
		PlanExpr *lo = d == part ? low_lo(top) : low_i64(w->l, 0);
		PlanExpr *hi = d == part ? low_hi(top) : low_i64(w->l, (int64_t)w->axes[d].extent);
		loops[n] = low_loop(*b, names[d], lo, hi, false);
		*b = low_body(&loops[n]);
		at->at[d] = loops[n++].index;
	}
	return n;
}

static void
close_axes(LowLoop *loops, uint32_t n)
{
	while (n-- > 0)
		low_close(&loops[n]);
}

/* Is axis d fixed within a group? */
static bool
is_outer(const Norm *w, uint32_t d)
{
	const NetPattern *p = &w->c->pattern;
	if (w->f->norm_per == NNORM_CONNECTION)
		return false;
	if (w->f->of_post || (p->kind != NPAT_CONV && p->kind != NPAT_LOCAL))
		return w->axes[d].kind == AXIS_POST;
	return w->f->norm_per == NNORM_KERNEL ? d < 2 : w->axes[d].kind == AXIS_POST;
}

/* The number of a group, in the order of its axes. */
static PlanExpr *
group_at(Norm *w, const LowIndex *at)
{
	PlanExpr *g = NULL;
	for (uint32_t d = 0; d < w->naxes; d++)
		if (is_outer(w, d))
			g = g ? low_affine(w->l, g, (int64_t)w->axes[d].extent, at->at[d]) : at->at[d];
	return g ? g : low_i64(w->l, 0);
}

static void
norm_groups(Norm *w, PlanEmit *b, uint32_t part)
{
	Lower *l = w->l;
	Plan *p = l->p;
	LowLoop outer[PLAN_MAX_AXES], inner[PLAN_MAX_AXES], whole;
	LowIndex at = {.n = w->naxes};
	PlanEmit *in = b;
	bool all = w->f->norm_per == NNORM_CONNECTION;
	if (all) {
		whole = low_loop(b, "all", low_lo(b), low_hi(b), false);
		in = low_body(&whole);
	}
	uint32_t n = open_axes(w, &in, is_outer, true, all ? UINT32_MAX : part, outer, &at);
	PlanEmit *group = in;
	uint32_t sum = plan_emit_var(group, "sum", low_real(l, 0));
	uint32_t m = open_axes(w, &in, is_outer, false, UINT32_MAX, inner, &at);
	PlanExpr *v = summand(w, low_value_load(l, w->buf, &at));
	plan_emit_set(in, sum, plan_binary(p, PEXPR_ADD, plan_local(p, b->code, sum), v));
	close_axes(inner, m);
	PlanExpr *scale = plan_emit_let(group, "factor", factor(w, group, group_at(w, &at), plan_local(p, b->code, sum)));
	in = group;
	m = open_axes(w, &in, is_outer, false, UINT32_MAX, inner, &at);
	low_value_store(in, w->buf, &at, plan_binary(p, PEXPR_MUL, low_value_load(l, w->buf, &at), scale));
	close_axes(inner, m);
	close_axes(outer, n);
	if (all)
		low_close(&whole);
}

/* ---- lists: they go by source, norms by target ------------------------------------------------------------ */

/* Sums of all targets first. Each part looks at its own targets. */
static void
norm_lists(Norm *w, PlanEmit *b, uint32_t conn, uint32_t sum)
{
	Lower *l = w->l;
	Plan *p = l->p;
	PlanExpr *npre = low_i64(l, (int64_t)l->net->layers.at[w->c->pre].n);
	LowLoop zero = low_loop(b, "j", low_lo(b), low_hi(b), true);
	low_store(low_body(&zero), sum, low_real(l, 0), 1, zero.index);
	low_close(&zero);
	for (int scale = 0; scale < 2; scale++) {
		LowLoop rows = low_loop(b, "i", low_i64(l, 0), npre, false);
		LowLoop row = low_row(l, low_body(&rows), conn, rows.index);
		PlanEmit *in = low_body(&row), then = plan_emit(p, b->code);
		PlanExpr *j = low_target(l, in, conn, row.index), *old = low_load(l, sum, 1, j);
		LowIndex at = {1, {row.index}};
		PlanExpr *v = low_value_load(l, w->buf, &at);
		if (scale)
			low_value_store(&then, w->buf, &at, plan_binary(p, PEXPR_MUL, v, old));
		else
			low_store(&then, sum, plan_binary(p, PEXPR_ADD, old, summand(w, v)), 1, j);
		PlanExpr *mine = plan_binary(p, PEXPR_AND, plan_binary(p, PEXPR_GE, j, low_lo(b)), plan_binary(p, PEXPR_LT, j, low_hi(b)));
		plan_emit_if(in, mine, &then, NULL);
		low_close(&row);
		low_close(&rows);
		if (scale)
			return;
		LowLoop all = low_loop(b, "j", low_lo(b), low_hi(b), true);
		PlanExpr *f = factor(w, low_body(&all), all.index, low_load(l, sum, 1, all.index));
		low_store(low_body(&all), sum, f, 1, all.index);
		low_close(&all);
	}
}

/* ---- sums that are zero ------------------------------------------------------------------------------------ */

/* How many they are, and the first of them. */
static uint32_t
find_zeros(Norm *w, uint64_t groups, uint32_t found)
{
	Lower *l = w->l;
	Plan *p = l->p;
	uint32_t id = low_add_kernel(l, 1, "%s.%s.find_zeros", w->c->name, w->f->name);
	PlanEmit b = plan_emit(p, p->codes.at[id]);
	LowLoop once = low_loop(&b, "x", low_lo(&b), low_hi(&b), false);
	PlanEmit *in = low_body(&once), then = plan_emit(p, b.code);
	uint32_t n = plan_emit_var(in, "n", low_i64(l, 0)), first = plan_emit_var(in, "first", low_i64(l, 0));
	LowLoop all = low_loop(in, "g", low_i64(l, 0), low_i64(l, (int64_t)groups), false);
	PlanExpr *none = plan_binary(p, PEXPR_EQ, plan_local(p, b.code, n), low_i64(l, 0));
	plan_emit_set(&then, first, plan_ternary(p, PEXPR_SELECT, none, all.index, plan_local(p, b.code, first)));
	plan_emit_set(&then, n, plan_binary(p, PEXPR_ADD, plan_local(p, b.code, n), low_i64(l, 1)));
	plan_emit_if(low_body(&all), low_load(l, w->zero, 1, all.index), &then, NULL);
	low_close(&all);
	low_store(in, found, plan_local(p, b.code, n), 1, low_i64(l, 0));
	low_store(in, found, plan_local(p, b.code, first), 1, low_i64(l, 1));
	low_close(&once);
	p->codes.at[id]->body = plan_freeze(&b);
	return id;
}

static uint32_t
warning(Norm *w)
{
	static const char *const words[] = {"target", "kernel", ""};
	Lower *l = w->l;
	const NetFeature *f = w->f;
	bool channel = w->c->pattern.kind == NPAT_CONV && f->norm_per == NNORM_POST;
	uint32_t id = plan_add_object(l->p, POBJ_WARN, arena_printf(l->a, "%s.%s", w->c->name, f->name));
	PlanObject *o = &l->p->objects.at[id];
	o->texts = ARENA_ARRAY(l->a, const char *, 5);
	o->texts[o->ntexts++] = low_place_text(l, f->norm_span);
	o->texts[o->ntexts++] = diag_code_text(W0501);
	o->texts[o->ntexts++] = "the values of";
	o->texts[o->ntexts++] = channel ? "output channel" : words[f->norm_per];
	o->texts[o->ntexts++] = arena_printf(l->a, "%s`%s.%s` sum up to zero: the norm leaves them as they are",
	                                     f->norm_per == NNORM_CONNECTION ? "" : "of ", w->c->name, f->name);
	o->span = f->norm_span;
	return id;
}

/* Runs the norm; says what it could not scale. */
void
low_run_norm(Lower *l, PlanEmit *b, const LowFeature *f)
{
	plan_emit_run(b, f->norm);
	if (f->find_unclipped != UINT32_MAX)
		plan_emit_run(b, f->find_unclipped);
	else if (f->unclipped != NO_BUF)
		low_store(b, f->unclipped, plan_int(l->p, PT_BOOL, 1), 0);
	plan_emit_run(b, f->find_zeros);
	PlanExpr *n = low_load(l, f->zeros, 1, low_i64(l, 0));
	PlanEmit then = plan_emit(l->p, b->code);
	PlanArg args[3] = {low_number(l, f->warning), low_given(n), low_given(low_load(l, f->zeros, 1, low_i64(l, 1)))};
	low_host(l, &then, "warn", 3, args);
	plan_emit_if(b, plan_binary(l->p, PEXPR_GT, n, low_i64(l, 0)), &then, NULL);
}

/* ---- the whole ---------------------------------------------------------------------------------------------- */

static PlanAxis
group_axis(const NetFeature *f, uint64_t n)
{
	return low_axis(f->norm_per == NNORM_POST ? AXIS_POST : AXIS_SLOT, n);
}

/* A const buffer by group. */
static uint32_t
constants(Norm *w, PlanType type, uint64_t n, const char *what)
{
	PlanAxis axis = group_axis(w->f, n);
	uint32_t buf = low_add_buf(w->l, type, ROLE_CONST, 1, &axis, "%s.%s_%s", w->c->name, w->f->name, what);
	PlanValue *v = ARENA_ARRAY(w->l->a, PlanValue, n);
	for (uint64_t k = 0; k < n; k++) {
		if (type == PT_BOOL)
			v[k].i = w->f->no_sum[k];
		else
			v[k].f = plan_round_float(type, w->f->norm[k]);
	}
	w->l->p->bufs.at[buf].data = v;
	return buf;
}

void
low_norm(Lower *l, uint32_t conn, uint32_t feature)
{
	const NetConn *c = &l->net->conns.at[conn];
	const NetFeature *f = &c->features.at[feature];
	LowFeature *lf = &l->conns[conn].features[feature];
	Norm norm = {.l = l, .c = c, .f = f, .buf = lf->buf, .no_sum = NO_BUF, .norms = NO_BUF, .least = NO_BUF, .most = NO_BUF}, *w = &norm;
	uint64_t groups = net_group_count(l->net, c, f);
	PlanAxis axis = group_axis(f, groups), pair = low_axis(AXIS_SLOT, 2), post = low_axis(AXIS_POST, l->net->layers.at[c->post].n);
	bool all = f->norm_per == NNORM_CONNECTION, columns = low_is_plain(c, f) && !all;
	w->naxes = low_value_axes(l, conn, f, w->axes);
	w->zero = low_add_buf(l, PT_BOOL, ROLE_SCRATCH, 1, &axis, "%s.%s_zero", c->name, f->name);
	if (f->no_sum)
		w->no_sum = constants(w, PT_BOOL, groups, "no_sum");
	if (f->nnorms > 1)
		w->norms = constants(w, l->real, groups, "norms");
	lf->zeros = low_add_buf(l, PT_I64, ROLE_SCRATCH, 1, &pair, "%s.%s_zeros", c->name, f->name);
	lf->find_zeros = find_zeros(w, groups, lf->zeros);
	if (columns)
		add_extremes(w, lf);
	lf->find_unclipped = find_unclipped(w, groups, lf->unclipped);
	lf->warning = warning(w);

	bool lists = c->pattern.kind == NPAT_SPARSE && !f->of_post && !all;
	uint32_t part = 0, sum = NO_BUF;
	while (part < w->naxes && !is_outer(w, part))
		part++;
	if (lists || columns)
		sum = low_add_buf(l, l->real, ROLE_SCRATCH, 1, &post, "%s.%s_sum", c->name, f->name);
	lf->norm = low_add_kernel(l, all ? 1 : lists ? post.extent : w->axes[part].extent, "%s.%s.normalize", c->name, f->name);
	PlanEmit b = plan_emit(l->p, l->p->codes.at[lf->norm]);
	if (columns)
		norm_columns(w, &b, sum);
	else if (lists)
		norm_lists(w, &b, conn, sum);
	else
		norm_groups(w, &b, part);
	l->p->codes.at[lf->norm]->body = plan_freeze(&b);
}
