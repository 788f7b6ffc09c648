/* lower_pattern_value: the values of a pattern: how they begin. */
#include "base/panic.h"
#include "lower/lower_inner.h"

#include <math.h>

typedef struct {
	Lower *l;
	uint32_t conn;
	const NetFeature *f;
	const LowFeature *low;
	bool delays;                                      /* steps of drawn synapses, less one, instead of values */
	LowSites sites;                                   /* drawn for each value */
	PlanExpr *(*key)[2];
	uint32_t naxes;
	PlanAxis axes[PLAN_MAX_AXES];
} Work;

static bool
reads_neuron(const NetExpr *e)
{
	if (!e)
		return false;
	bool own = e->kind == NEXPR_CONST || e->kind == NEXPR_DRAW || e->kind == NEXPR_UNARY || e->kind == NEXPR_BINARY || e->kind == NEXPR_IF;
	return !own || reads_neuron(e->op[0]) || reads_neuron(e->op[1]) || reads_neuron(e->op[2]);
}

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
	if (w->f->init.file) {
		v = low_value_load(l, w->low->buf, at);
	} else {
		s.object = object(w, at);
		draw(w, &s, at);
		v = low_expr(&s, w->f->init.e);
	}
	v = low_clipped(&s, w->f, v);
	if (!w->delays) {
		low_value_store(b, w->low->buf, at, v);
		return;
	}
	s.value = low_keep(b, "delay", v);
	PlanExpr *later = plan_binary(l->p, PEXPR_SUB, low_delay_steps(&s, w->f), low_i64(l, 1));
	uint32_t own = l->conns[w->conn].delay_steps, buf = own != NO_BUF ? own : l->synapse_delays;
	low_store(b, buf, plan_cast(l->p, l->p->bufs.at[buf].type, later), 1, at->at[0]);
}

/* Values of listed synapses that depend on neither neuron: in one row, though each part has its sources. */
static bool
is_flat(const Work *w)
{
	const NetFeature *f = w->f;
	return w->l->net->conns.at[w->conn].pattern.kind == NPAT_SPARSE && !f->of_post && !f->init.file && !reads_neuron(f->init.e) &&
	       !(low_is_bounded(f) && (reads_neuron(f->lo) || reads_neuron(f->hi)));
}

static void
begin_flat(Work *w, PlanEmit *b)
{
	LowLoop loop = low_synapses(w->l, b, w->conn, low_lo(b), low_hi(b));
	LowIndex at = {1, {loop.index}};
	begin(w, low_body(&loop), &at, NULL, NULL);
	low_close(&loop);
}

static uint32_t
begin_kernel(Work *w, const char *what)
{
	Lower *l = w->l;
	uint32_t conn = w->conn;
	const NetFeature *f = w->f;
	uint32_t id = low_add_kernel(l, low_value_range(l, conn, f), "%s.%s.%s", l->net->conns.at[conn].name, f->name, what);
	PlanEmit b = plan_emit(l->p, l->p->codes.at[id]);
	low_find_uniforms(l, f->init.e, &w->sites);
	typedef PlanExpr *Pair[2];
	w->key = ARENA_ARRAY(l->a, Pair, w->sites.n);
	for (uint32_t k = 0; k < w->sites.n; k++)
		low_site_key(l, &b, w->sites.at[k], w->key[k]);
	if (is_flat(w))
		begin_flat(w, &b);
	else
		low_each_value(l, &b, conn, f, begin, w);
	l->p->codes.at[id]->body = plan_freeze(&b);
	return id;
}

void
low_pattern_init(Lower *l, uint32_t conn, uint32_t feature)
{
	const NetConn *c = &l->net->conns.at[conn];
	Work work = {.l = l, .conn = conn, .f = &c->features.at[feature], .low = &l->conns[conn].features[feature]}, *w = &work;
	LowFeature *lf = &l->conns[conn].features[feature];
	const NetFeature *f = w->f;
	w->naxes = low_value_axes(l, conn, f, w->axes);
	if (f->init.file) {
		if (f->init.given)
			low_said(l, conn, f->init.file, lf->buf);
		else
			low_fill(l, conn, feature);
		if (!low_is_bounded(f))
			return;
	}
	lf->init = begin_kernel(w, "init");
}

/* Steps that the synapses of a drawn connection take, before its rows are sorted by them, if they are. */
void
low_delays_kernel(Lower *l, uint32_t conn)
{
	const NetConn *c = &l->net->conns.at[conn];
	uint32_t last = c->features.n - 1;
	Work work = {.l = l, .conn = conn, .f = &c->features.at[last], .low = &l->conns[conn].features[last], .delays = true}, *w = &work;
	w->naxes = low_value_axes(l, conn, w->f, w->axes);
	l->conns[conn].find_delays = begin_kernel(w, "find");
}
