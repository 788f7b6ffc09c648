/* lazy_value: what kernels that wait do to one value. */
#include "opt/clone.h"
#include "opt/lazy_make.h"

PlanExpr *
lazy_of_pre(Plan *p, uint32_t buf, PlanExpr *i)
{
	return p->bufs.at[buf].naxes == 1 ? load1(p, buf, i) : load2(p, buf, whole(p, 0), i);
}

PlanExpr *
lazy_height(Plan *p, PlanType real, const LazyWait *w, PlanExpr *i)
{
	PlanExpr *all = w->post || (w->c == 1 && w->n) ? NULL : plan_float(p, real, w->c);
	for (uint32_t f = 0; f < w->n; f++) {
		PlanExpr *x = lazy_of_pre(p, w->carry[f], i);
		all = all ? plan_binary(p, PEXPR_MUL, all, x) : x;
	}
	return all ? all : plan_float(p, real, 1);
}

PlanExpr *
lazy_power(Make *m, uint32_t k, PlanExpr *at)
{
	return m->w.wait[k].decay == 1 ? NULL : load1(m->w.z.p, m->power[k], at);
}

PlanExpr *
lazy_term(Make *m, uint32_t k, PlanExpr *next, PlanExpr *j)
{
	Plan *p = m->w.z.p;
	PlanExpr *power = lazy_power(m, k, next);
	PlanExpr *post = m->w.wait[k].post ? lazy_at(p, m->w.wait[k].post, NULL, j) : NULL;
	if (power)
		return post ? plan_binary(p, PEXPR_MUL, post, power) : power;
	return post ? post : plan_float(p, m->real, 1);
}

PlanExpr *
lazy_factor(Make *m, uint32_t k, PlanExpr *i, PlanExpr *slot)
{
	Plan *p = m->w.z.p;
	PlanExpr *height = lazy_height(p, m->real, &m->w.wait[k], i);
	return m->w.wait[k].decay == 1 ? height : plan_binary(p, PEXPR_MUL, height, load1(p, m->inverse[k], slot));
}

PlanExpr *
lazy_bounded(Make *m, PlanEmit *b, PlanExpr *w)
{
	Plan *p = m->w.z.p;
	for (uint32_t k = 0; k < m->w.bounds.n; k++) {
		const LazyBound *at = &m->w.bounds.at[k];
		PlanExpr *bound = plan_float(p, m->real, at->value.f);
		PlanExpr *in = plan_ternary(p, PEXPR_SELECT, plan_binary(p, at->test, w, bound), plan_float(p, m->real, at->value.f), w);
		w = k + 1 < m->w.bounds.n ? plan_emit_let(b, "w", in) : in;
	}
	return w;
}

bool
lazy_is_alike(const LazyUnit *u)
{
	for (uint32_t k = 0; k < u->growth.n; k++)
		for (uint32_t f = 0; f < u->growth.at[k].n; f++) {
			const PlanExpr *e = u->growth.at[k].f[f];
			if (e->kind != PEXPR_LOAD || e->nops == 0 || !is_local(e->op[e->nops - 1], LAZY_I))
				return false;
		}
	return true;
}

PlanExpr *
lazy_more(Make *m, const LazyUnit *u, PlanExpr *i, PlanExpr *j)
{
	return lazy_at(m->w.z.p, lazy_sum(m->w.z.p, m->real, &u->growth), i, j);
}

/* The statement that declares a local in the loop. */
static const PlanStmt *
let_of(const PlanStmt *loop, uint32_t local)
{
	for (uint32_t k = 0; k < loop->body.n; k++)
		if (loop->body.at[k]->kind == PSTMT_LET && loop->body.at[k]->id == local)
			return loop->body.at[k];
	return NULL;
}

/* What is stored, without the bounds around it; skip[]: locals that are bounds themselves. */
static const PlanExpr *
without_bounds(const Make *m, const PlanStmt *loop, const PlanExpr *e, bool *skip)
{
	for (uint32_t k = m->w.bounds.n; k; k--) {
		const PlanStmt *let = e->kind == PEXPR_LOCAL ? let_of(loop, e->id) : NULL;
		if (let) {
			skip[e->id] = true;
			e = let->e;
		}
		e = e->op[2];
	}
	return e;
}

/* The statements of a row. */
static void
emit_row(Make *m, PlanEmit *b, const LazyUnit *u, uint32_t value, PlanExpr *i, PlanExpr *j, PlanExpr *at)
{
	Plan *p = m->w.z.p;
	const PlanBlock body = u->loop->body;
	Clone c = {.p = p, .code = b->code, .n = u->code->nlocals, .from = u->code};
	bool *skip = ARENA_ARRAY(p->arena, bool, c.n);
	const PlanExpr *core = body.at[body.n - 1]->e;
	if (u->clips)
		core = without_bounds(m, u->loop, core, skip);
	c.map = ARENA_ARRAY(p->arena, PlanExpr *, c.n);
	c.map[u->i] = i;
	if (u->j != NO_ID)
		c.map[u->j] = j;
	if (u->at != NO_ID)
		c.map[u->at] = at;
	for (uint32_t s = 0; s + 1 < body.n; s++) {
		const PlanStmt *t = body.at[s];
		bool known = t->kind == PSTMT_LET && (c.map[t->id] || skip[t->id]);
		if (t->kind != PSTMT_SET && t->kind != PSTMT_NOTE && t->e->kind == PEXPR_LOAD && t->e->id == m->w.z.w)
			c.map[t->id] = plan_local(p, b->code, value);
		else if (!known)
			VEC_PUSH(p->arena, &b->v, clone_stmt(&c, t));
	}
	PlanExpr *end = clone_expr(&c, core);
	if (!is_local(end, value))
		plan_emit_set(b, value, end);
}

void
lazy_events(Make *m, PlanEmit *b, uint32_t value, PlanExpr *i, PlanExpr *j, PlanExpr *at, PlanExpr *fired, PlanExpr *fresh,
	    PlanExpr *const *more)
{
	Plan *p = m->w.z.p;
	for (uint32_t k = 0; k < m->w.units.n; k++) {
		const LazyUnit *u = &m->w.units.at[k];
		PlanExpr *w = plan_local(p, b->code, value);
		if (!u->columns) {
			emit_row(m, b, u, value, i, j, at);
		} else if (fresh) {
			plan_emit_set(b, value, plan_binary(p, PEXPR_ADD, w, fresh));
		} else {
			PlanExpr *grown = plan_binary(p, PEXPR_ADD, w, more && more[k] ? more[k] : lazy_more(m, u, i, j));
			plan_emit_set(b, value, plan_ternary(p, PEXPR_SELECT, fired, grown, w));
		}
	}
}
