/* lower_place: the pairs of neurons of a connection: where what is kept of each lies, and loops over all of them. */
#include "lower/lower_inner.h"

static const NetFeature of_synapses;

void
low_pair_axes(const Lower *l, uint32_t conn, bool of_post, PlanAxis axes[2])
{
	const NetConn *c = &l->net->conns.at[conn];
	uint64_t npost = l->net->layers.at[c->post].n;
	if (of_post) {
		axes[0] = low_axis(AXIS_POST, npost);
		axes[1] = low_axis(AXIS_SLOT, 1);
	} else if (c->pattern.kind == NPAT_ALL) {
		axes[0] = low_axis(AXIS_PRE, l->net->layers.at[c->pre].n);
		axes[1] = low_axis(AXIS_POST, npost);
	} else {
		axes[0] = low_axis(AXIS_SYNAPSE, low_values(l, conn));
		axes[1] = low_axis(AXIS_SLOT, c->pattern.kind == NPAT_CONV ? low_positions(&c->pattern) : 1);
	}
}

void
low_find_pair(Scope *s, bool of_post)
{
	Lower *l = s->l;
	const NetPattern *p = &l->net->conns.at[s->conn].pattern;
	if (!of_post && p->kind == NPAT_ALL)
		return;
	s->pair[1] = low_i64(l, 0);
	if (of_post) {
		s->pair[0] = s->post;
		return;
	}
	PlanAxis axes[PLAN_MAX_AXES];
	uint32_t n = low_value_axes(l, s->conn, &of_synapses, axes);
	PlanExpr *value = s->at->at[0];
	for (uint32_t d = 1; d < n; d++)
		value = low_affine(l, value, (int64_t)axes[d].extent, s->at->at[d]);
	s->pair[0] = low_keep(s->b, "value", value);
	if (p->kind == NPAT_CONV) {
		PlanExpr *window = plan_binary(l->p, PEXPR_REM, s->post, low_i64(l, (int64_t)low_positions(p)));
		s->pair[1] = plan_emit_let(s->b, "window", window);
	}
}

PlanExpr *
low_pair_at(const Scope *s, int k)
{
	return s->pair[0] ? s->pair[k] : k ? s->post : s->pre;
}

uint32_t
low_pair_index(const Scope *s, PlanExpr **at)
{
	at[0] = low_pair_at(s, 0);
	at[1] = low_pair_at(s, 1);
	return at[1] ? 2 : 1;
}

uint64_t
low_pair_range(const Lower *l, uint32_t conn, bool of_post)
{
	const NetConn *c = &l->net->conns.at[conn];
	if (of_post || c->pattern.kind == NPAT_ALL)
		return l->net->layers.at[c->post].n;
	return low_value_range(l, conn, &of_synapses);
}

/* ---- loops ----------------------------------------------------------------------------------------- */

typedef struct { Lower *l; uint32_t conn; LowEach *each; void *env; } Places;

static void
place_of_value(void *env, PlanEmit *b, const LowIndex *at, PlanExpr *i, PlanExpr *j)
{
	Places *w = env;
	low_each_pair(w->l, b, w->conn, at, i, j, w->each, w->env);
}


void
low_each_place(Lower *l, PlanEmit *b, uint32_t conn, bool of_post, PlanExpr *lo, PlanExpr *hi, LowEach *each, void *env)
{
	const NetConn *c = &l->net->conns.at[conn];
	if (!of_post && c->pattern.kind != NPAT_ALL) {
		Places w = {l, conn, each, env};
		low_each_value_of(l, b, conn, &of_synapses, lo, hi, place_of_value, &w);
		return;
	}
	LowLoop rows = {.outer = b, .unit = true};
	if (!of_post)
		rows = low_loop(b, "i", low_i64(l, 0), low_i64(l, (int64_t)l->net->layers.at[c->pre].n), false);
	LowLoop cols = low_loop(low_body(&rows), "j", lo, hi, false);
	PlanEmit *in = low_body(&cols);
	LowIndex at;
	if (of_post)
		at = (LowIndex){1, {low_channel(l, in, conn, cols.index)}};
	each(env, in, of_post ? &at : NULL, rows.index, cols.index);
	low_close(&cols);
	low_close(&rows);
}
