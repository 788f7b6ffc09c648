/* lower_pattern_value: the values of a pattern: how they begin and how they are normalised. */
#include "base/panic.h"
#include "lower/lower_inner.h"

#include <math.h>
#include <string.h>

typedef struct {
	Lower *l;
	uint32_t conn, given;                             /* given: buffer of a sparse file's values; NO_BUF */
	const NetFeature *f;
	const LowFeature *low;
	LowSites sites;                                   /* drawn for each value */
	PlanExpr *(*key)[2];
	uint32_t naxes;
	PlanAxis axes[PLAN_MAX_AXES];
} Work;

/* ---- how they begin --------------------------------------------------------------------------------- */

/* The number of a value among all: its object as a draw. */
static PlanExpr *
object(Work *w, const LowIndex *at)
{
	PlanExpr *e = at->at[0];
	for (uint32_t d = 1; d < at->n; d++)
		e = low_affine(w->l, e, (int64_t)w->axes[d].extent, at->at[d]);
	return e;
}

static void
draw(Work *w, Scope *s, const LowIndex *at)
{
	Lower *l = w->l;
	Plan *p = l->p;
	s->drawn = ARENA_ARRAY(l->a, PlanExpr *, l->net->sites.n);
	for (uint32_t k = 0; k < w->sites.n; k++) {
		PlanExpr *r, *args[5] = {w->key[k][0], w->key[k][1], plan_cast(p, PT_U64, object(w, at)), plan_int(p, PT_U64, 0),
		                         plan_int(p, PT_U32, 0)};
		static const char *const name = "r";
		plan_emit_call(s->b, low_func(l, "draw_u32"), 5, args, &name, &r);
		s->drawn[w->sites.at[k]] = low_uniform(l, s->b, r);
	}
}

static void
begin(void *env, PlanEmit *b, const LowIndex *at, PlanExpr *i, PlanExpr *j)
{
	Work *w = env;
	Lower *l = w->l;
	Scope s = low_scope(l, b);
	s.conn = w->conn;
	s.pre = i;
	s.post = j;
	s.at = at;
	PlanExpr *v;
	if (w->given != NO_BUF) {
		v = low_value_load(l, w->given, at);
	} else if (w->f->init.file) {
		v = low_value_load(l, w->low->buf, at);
	} else {
		s.object = object(w, at);
		draw(w, &s, at);
		v = low_expr(&s, w->f->init.e);
	}
	low_value_store(b, w->low->buf, at, low_clipped(&s, w->f, v));
}

/* `weight = file("w.npy")` on `by sparse("w.npy")`: the matrix is known already, its zeros are absent. */
static uint32_t
given_values(Lower *l, uint32_t conn, const NetFeature *f)
{
	const NetConn *c = &l->net->conns.at[conn];
	const NetPattern *p = &c->pattern;
	if (p->kind != NPAT_SPARSE || !p->weight || !f->init.file || strcmp(f->init.file, p->path) != 0 || f->of_post)
		return NO_BUF;
	PlanAxis axis = low_axis(AXIS_SYNAPSE, p->nsynapses);
	uint32_t buf = low_add_buf(l, l->real, ROLE_CONST, 1, &axis, "%s.%s_given", c->name, f->name);
	PlanValue *v = ARENA_ARRAY(l->a, PlanValue, p->nsynapses);
	for (uint64_t k = 0; k < p->nsynapses; k++)
		v[k].f = plan_round_float(l->real, p->weight[k]);
	l->p->bufs.at[buf].data = v;
	return buf;
}

void
low_pattern_init(Lower *l, uint32_t conn, uint32_t feature)
{
	const NetConn *c = &l->net->conns.at[conn];
	Work work = {.l = l, .conn = conn, .f = &c->features.at[feature], .low = &l->conns[conn].features[feature]}, *w = &work;
	LowFeature *lf = &l->conns[conn].features[feature];
	const NetFeature *f = w->f;
	w->naxes = low_value_axes(l, conn, f, w->axes);
	w->given = given_values(l, conn, f);
	if (f->init.file && w->given == NO_BUF) {
		low_fill(l, conn, feature);
		if (!low_is_bounded(f))
			return;
	}
	lf->init = low_add_kernel(l, low_value_range(l, conn, f), "%s.%s.init", c->name, f->name);
	PlanEmit b = plan_emit(l->p, l->p->codes.at[lf->init]);
	low_find_uniforms(l, f->init.e, &w->sites);
	typedef PlanExpr *Pair[2];
	w->key = ARENA_ARRAY(l->a, Pair, w->sites.n);
	for (uint32_t k = 0; k < w->sites.n; k++)
		low_site_key(l, &b, w->sites.at[k], w->key[k]);
	low_each_value(l, &b, conn, f, begin, w);
	l->p->codes.at[lf->init]->body = plan_freeze(&b);
}

/* ---- how they are normalised -------------------------------------------------------------------------- */

static PlanExpr *
summand(Work *w, const LowIndex *at)
{
	PlanExpr *v = low_value_load(w->l, w->low->buf, at);
	return w->f->norm_signed ? v : plan_unary(w->l->p, PEXPR_ABS, v);
}

/* norm / sum; a sum of zero counts as one. */
static PlanExpr *
factor(Work *w, PlanEmit *b, PlanExpr *sum)
{
	Lower *l = w->l;
	Plan *p = l->p;
	PlanExpr *total = plan_emit_let(b, "total", sum);
	total = plan_ternary(p, PEXPR_SELECT, plan_binary(p, PEXPR_EQ, total, low_real(l, 0)), low_real(l, 1), total);
	return plan_emit_let(b, "factor", plan_binary(p, PEXPR_DIV, low_real(l, w->f->norm), total));
}

/* Loops over the axes that are (or are not) of the group; opened in order, closed by their number. */
static uint32_t
open_axes(Work *w, PlanEmit **b, bool (*chosen)(const Work *w, uint32_t d), bool which, uint32_t part, LowLoop *loops,
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
is_outer(const Work *w, uint32_t d)
{
	const NetPattern *p = &w->l->net->conns.at[w->conn].pattern;
	if (w->f->norm_per == NNORM_CONNECTION)
		return false;
	if (w->f->of_post || (p->kind != NPAT_CONV && p->kind != NPAT_LOCAL))
		return w->axes[d].kind == AXIS_POST;
	return w->f->norm_per == NNORM_KERNEL ? d < 2 : w->axes[d].kind == AXIS_POST;
}

static void
norm_groups(Work *w, PlanEmit *b, uint32_t part)
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
	plan_emit_set(in, sum, plan_binary(p, PEXPR_ADD, plan_local(p, b->code, sum), summand(w, &at)));
	close_axes(inner, m);
	PlanExpr *scale = factor(w, group, plan_local(p, b->code, sum));
	in = group;
	m = open_axes(w, &in, is_outer, false, UINT32_MAX, inner, &at);
	low_value_store(in, w->low->buf, &at, plan_binary(p, PEXPR_MUL, low_value_load(l, w->low->buf, &at), scale));
	close_axes(inner, m);
	close_axes(outer, n);
	if (all)
		low_close(&whole);
}

/* Lists go by source, norms by target: sums of all targets first. Each part looks at its own targets. */
static void
norm_lists(Work *w, PlanEmit *b, uint32_t sum)
{
	Lower *l = w->l;
	Plan *p = l->p;
	PlanExpr *npre = low_i64(l, (int64_t)l->net->layers.at[l->net->conns.at[w->conn].pre].n);
	LowLoop zero = low_loop(b, "j", low_lo(b), low_hi(b), true);
	low_store(low_body(&zero), sum, low_real(l, 0), 1, zero.index);
	low_close(&zero);
	for (int scale = 0; scale < 2; scale++) {
		LowLoop rows = low_loop(b, "i", low_i64(l, 0), npre, false);
		LowLoop row = low_row(l, low_body(&rows), w->conn, rows.index);
		PlanEmit *in = low_body(&row), then = plan_emit(p, b->code);
		PlanExpr *j = low_target(l, in, w->conn, row.index), *old = low_load(l, sum, 1, j);
		LowIndex at = {1, {row.index}};
		if (scale)
			low_value_store(&then, w->low->buf, &at, plan_binary(p, PEXPR_MUL, low_value_load(l, w->low->buf, &at), old));
		else
			low_store(&then, sum, plan_binary(p, PEXPR_ADD, old, summand(w, &at)), 1, j);
		PlanExpr *mine = plan_binary(p, PEXPR_AND, plan_binary(p, PEXPR_GE, j, low_lo(b)), plan_binary(p, PEXPR_LT, j, low_hi(b)));
		plan_emit_if(in, mine, &then, NULL);
		low_close(&row);
		low_close(&rows);
		if (scale)
			return;
		LowLoop all = low_loop(b, "j", low_lo(b), low_hi(b), true);
		PlanExpr *f = factor(w, low_body(&all), low_load(l, sum, 1, all.index));
		low_store(low_body(&all), sum, f, 1, all.index);
		low_close(&all);
	}
}

void
low_pattern_norm(Lower *l, uint32_t conn, uint32_t feature)
{
	const NetConn *c = &l->net->conns.at[conn];
	LowFeature *lf = &l->conns[conn].features[feature];
	Work work = {.l = l, .conn = conn, .f = &c->features.at[feature], .low = lf, .given = NO_BUF}, *w = &work;
	w->naxes = low_value_axes(l, conn, w->f, w->axes);
	bool all = w->f->norm_per == NNORM_CONNECTION;
	bool lists = c->pattern.kind == NPAT_SPARSE && !w->f->of_post && !all;
	uint32_t part = 0;
	while (part < w->naxes && !is_outer(w, part))
		part++;
	PlanAxis axis = low_axis(AXIS_POST, l->net->layers.at[c->post].n);
	uint64_t range = all ? 1 : lists ? axis.extent : w->axes[part].extent;
	uint32_t sum = lists ? low_add_buf(l, l->real, ROLE_SCRATCH, 1, &axis, "%s.%s_sum", c->name, w->f->name) : NO_BUF;
	lf->norm = low_add_kernel(l, range, "%s.%s.normalize", c->name, w->f->name);
	PlanEmit b = plan_emit(l->p, l->p->codes.at[lf->norm]);
	if (lists)
		norm_lists(w, &b, sum);
	else
		norm_groups(w, &b, part);
	l->p->codes.at[lf->norm]->body = plan_freeze(&b);
}
