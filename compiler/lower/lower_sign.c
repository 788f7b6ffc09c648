/* lower_sign: on which side of zero values stay. Each stays where it began; or all of a source stay where most of them began
 * (Dale 1935), or where the program says: then those that begin on the other side begin at zero. */
#include "lower/lower_inner.h"

typedef struct {
	Lower *l;
	uint32_t conn, counts;                            /* counts: i32 [pre, above or below zero] */
	const NetFeature *f;
	const LowFeature *low;
} Signs;

bool
low_sets_sign(const NetFeature *f)
{
	return f->sign_of_pre || f->positive;
}

static PlanExpr *
is_negative(Signs *w, Scope *s, PlanExpr *v)
{
	Lower *l = w->l;
	Plan *p = l->p;
	if (w->f->positive)
		return plan_binary(p, PEXPR_EQ, low_expr(s, w->f->positive), low_real(l, 0));
	if (!w->f->sign_of_pre)
		return plan_binary(p, PEXPR_LT, v, low_real(l, 0));
	PlanExpr *above = low_load(l, w->counts, 2, s->pre, low_i64(l, 0)), *below = low_load(l, w->counts, 2, s->pre, low_i64(l, 1));
	return plan_binary(p, PEXPR_AND, plan_binary(p, PEXPR_GE, below, above), plan_binary(p, PEXPR_GT, below, plan_int(p, PT_I32, 0)));
}

static void
keep(void *env, PlanEmit *b, const LowIndex *at, PlanExpr *i, PlanExpr *j)
{
	Signs *w = env;
	Scope s = low_scope(w->l, b);
	s.conn = w->conn;
	s.pre = i;
	s.post = j;
	s.at = at;
	PlanExpr *v = plan_emit_let(b, "v", low_value_load(w->l, w->low->buf, at));
	low_value_store(b, w->low->negative, at, is_negative(w, &s, v));
	if (low_sets_sign(w->f))
		low_value_store(b, w->low->buf, at, low_bounded(&s, w->f, w->low, v));
}

static void
count(void *env, PlanEmit *b, const LowIndex *at, PlanExpr *i, PlanExpr *j)
{
	Signs *w = env;
	Lower *l = w->l;
	Plan *p = l->p;
	(void)j;
	PlanExpr *v = plan_emit_let(b, "v", low_value_load(l, w->low->buf, at)), *zero = low_real(l, 0);
	for (int below = 0; below < 2; below++) {
		PlanExpr *side = low_i64(l, below), *is = plan_binary(p, below ? PEXPR_LT : PEXPR_GT, v, zero);
		PlanExpr *one = plan_ternary(p, PEXPR_SELECT, is, plan_int(p, PT_I32, 1), plan_int(p, PT_I32, 0));
		low_store(b, w->counts, plan_binary(p, PEXPR_ADD, low_load(l, w->counts, 2, i, side), one), 2, i, side);
	}
}

/* A kernel that is not cut into parts: the values of a source may lie in several. */
static void
count_sources(Signs *w, PlanEmit *b, uint64_t values)
{
	Lower *l = w->l;
	const NetConn *c = &l->net->conns.at[w->conn];
	PlanAxis axes[2] = {low_axis(AXIS_PRE, l->net->layers.at[c->pre].n), low_axis(AXIS_SLOT, 2)};
	w->counts = low_add_buf(l, PT_I32, ROLE_SCRATCH, 2, axes, "%s.%s_sides", c->name, w->f->name);
	LowLoop rows = low_loop(b, "n", low_i64(l, 0), low_i64(l, (int64_t)axes[0].extent), false);
	for (int below = 0; below < 2; below++)
		low_store(low_body(&rows), w->counts, plan_int(l->p, PT_I32, 0), 2, rows.index, low_i64(l, below));
	low_close(&rows);
	low_each_value_of(l, b, w->conn, w->f, low_i64(l, 0), low_i64(l, (int64_t)values), count, w);
}

uint32_t
low_signs(Lower *l, uint32_t conn, uint32_t feature)
{
	const NetConn *c = &l->net->conns.at[conn];
	const NetFeature *f = &c->features.at[feature];
	Signs w = {l, conn, NO_BUF, f, &l->conns[conn].features[feature]};
	uint64_t values = low_value_range(l, conn, f);
	uint32_t id = low_add_kernel(l, f->sign_of_pre ? 1 : values, "%s.%s.signs", c->name, f->name);
	PlanEmit b = plan_emit(l->p, l->p->codes.at[id]);
	if (f->sign_of_pre) {
		LowLoop once = low_loop(&b, "once", low_lo(&b), low_hi(&b), false);
		count_sources(&w, low_body(&once), values);
		low_each_value_of(l, low_body(&once), conn, f, low_i64(l, 0), low_i64(l, (int64_t)values), keep, &w);
		low_close(&once);
	} else {
		low_each_value(l, &b, conn, f, keep, &w);
	}
	l->p->codes.at[id]->body = plan_freeze(&b);
	return id;
}
