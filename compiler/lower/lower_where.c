/* lower_where: pairs that a condition makes: when the run begins one kernel counts those of each source, the host adds up and sees that
 * there is room, another kernel places them. Rows are independent of each other; a pair (i, j) draws as object i * targets + j. */
#include "lower/lower_inner.h"

typedef struct {
	Lower *l;
	uint32_t conn;
	const NetPattern *p;
	LowSites sites;
	PlanExpr *(*key)[2];
	bool places;                                      /* the second kernel */
	uint32_t at;                                      /* variable: how many so far, or the place of the next */
} Work;

static void
draw(Work *w, Scope *s)
{
	Lower *l = w->l;
	Plan *p = l->p;
	s->drawn = ARENA_ARRAY(l->a, PlanExpr *, l->net->sites.n);
	for (uint32_t k = 0; k < w->sites.n; k++) {
		PlanExpr *r, *args[5] = {w->key[k][0], w->key[k][1], plan_cast(p, PT_U64, s->object), plan_int(p, PT_U64, 0), plan_int(p, PT_U32, 0)};
		static const char *const name = "r";
		plan_emit_call(s->b, low_func(l, "draw_u32"), 5, args, &name, &r);
		s->drawn[w->sites.at[k]] = low_uniform(l, s->b, r);
	}
}

static void
take(Work *w, PlanEmit *b, PlanExpr *j)
{
	Lower *l = w->l;
	PlanExpr *at = plan_local(l->p, b->code, w->at);
	uint32_t target = l->conns[w->conn].target;
	if (w->places)
		low_store(b, target, plan_cast(l->p, l->p->bufs.at[target].type, j), 1, at);
	plan_emit_set(b, w->at, plan_binary(l->p, PEXPR_ADD, at, low_i64(l, 1)));
}

/* Numbers are drawn only for those that may be chosen without. */
static void
pair(Work *w, PlanEmit *b, PlanExpr *i, PlanExpr *j)
{
	Lower *l = w->l;
	Plan *p = l->p;
	uint64_t npost = l->net->layers.at[l->net->conns.at[w->conn].post].n;
	Scope s = low_scope(l, b);
	s.conn = w->conn;
	s.pre = i;
	s.post = j;
	s.item = low_i64(l, 0);
	s.at_start = true;
	PlanEmit near = plan_emit(p, b->code), *in = w->p->near ? &near : b;
	PlanExpr *may = w->p->near ? low_expr(&s, w->p->near) : NULL;
	s.b = in;
	if (w->p->cond) {
		s.object = plan_emit_let(in, "pair", low_affine(l, i, (int64_t)npost, j));
		draw(w, &s);
		PlanExpr *chosen = low_expr(&s, w->p->cond);
		PlanEmit then = plan_emit(p, b->code);
		take(w, &then, j);
		plan_emit_if(in, chosen, &then, NULL);
	} else {
		take(w, in, j);
	}
	if (may)
		plan_emit_if(b, may, &near, NULL);
}

static uint32_t
kernel(Work *w, bool places)
{
	Lower *l = w->l;
	Plan *p = l->p;
	const NetConn *c = &l->net->conns.at[w->conn];
	uint32_t row = l->conns[w->conn].row;
	uint32_t id = low_add_kernel(l, l->net->layers.at[c->pre].n, places ? "%s.place" : "%s.count", c->name);
	PlanEmit b = plan_emit(p, p->codes.at[id]);
	w->places = places;
	typedef PlanExpr *Pair[2];
	w->key = ARENA_ARRAY(l->a, Pair, w->sites.n);
	for (uint32_t k = 0; k < w->sites.n; k++)
		low_site_key(l, &b, w->sites.at[k], w->key[k]);
	LowLoop rows = low_loop(&b, "i", low_lo(&b), low_hi(&b), false);
	PlanEmit *in = low_body(&rows);
	w->at = plan_emit_var(in, "n", places ? plan_cast(p, PT_I64, low_load(l, row, 1, rows.index)) : low_i64(l, 0));
	LowLoop cols = low_loop(in, "j", low_i64(l, 0), low_i64(l, (int64_t)l->net->layers.at[c->post].n), false);
	pair(w, low_body(&cols), rows.index, cols.index);
	low_close(&cols);
	if (!places)
		low_store(in, row, plan_cast(p, PT_U64, plan_local(p, b.code, w->at)), 1, plan_binary(p, PEXPR_ADD, rows.index, low_i64(l, 1)));
	low_close(&rows);
	p->codes.at[id]->body = plan_freeze(&b);
	return id;
}

void
low_where(Lower *l, uint32_t conn)
{
	const NetPattern *p = &l->net->conns.at[conn].pattern;
	if (!p->near && !p->cond)
		return;
	Work w = {.l = l, .conn = conn, .p = p};
	low_find_uniforms(l, p->cond, &w.sites);
	l->conns[conn].count = kernel(&w, false);
	l->conns[conn].place = kernel(&w, true);
}
