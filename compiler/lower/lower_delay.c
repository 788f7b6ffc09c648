/* lower_delay: signals that come later.
 *
 * A delay of d takes d / dt steps, rounded, and at least one: the step that every connection takes. Features before it act
 * when the spike leaves, those behind it when it arrives. What is on its way lies in a ring of slots, one for each step up to
 * the longest delay. If the delay is the last feature the ring holds sums for the post neurons: each slot adds up by the step
 * in which spikes left, then in ascending pre index. Otherwise it holds the signal of each synapse, and the connection is
 * staged (lower_feature); or, if the delay is one of targets, what comes to each. Connections that bring sums to the same port
 * have one ring, as long as the longest of their delays: it is emptied once in a step, behind the last of them. The rings are
 * state: they are in checkpoints, and a reset empties them.
 */
#include "lower/lower_inner.h"

bool
low_delays_sums(const NetConn *c)
{
	const NetFeature *last = c->features.n ? &c->features.at[c->features.n - 1] : NULL;
	return last && last->delay && last->slots > 1 && !last->of_post;
}

bool
low_delays_signals(const NetConn *c, uint32_t feature)
{
	const NetFeature *f = &c->features.at[feature];
	return f->delay && f->slots > 1 && (f->of_post || feature + 1 < c->features.n);
}

/* ---- sums for a port ------------------------------------------------------------------------------- */

/* Whether what both bring may be added up on its way. */
static bool
share_ring(const Lower *l, uint32_t one, uint32_t other)
{
	const NetConn *a = &l->net->conns.at[one], *b = &l->net->conns.at[other];
	if (!low_delays_sums(a) || !low_delays_sums(b) || a->post != b->post || a->port != b->port)
		return false;
	return one == other || !l->net->layers.at[a->post].ports.at[a->port].window;
}

void
low_ring_of_sums(Lower *l, uint32_t conn)
{
	const NetConn *c = &l->net->conns.at[conn];
	const NetFeature *f = &c->features.at[c->features.n - 1];
	uint32_t *ring = &l->conns[conn].features[c->features.n - 1].ring, many = 0;
	uint64_t slots = 0;
	for (uint32_t k = 0; k < l->net->conns.n; k++) {
		if (!share_ring(l, conn, k))
			continue;
		uint32_t last = l->net->conns.at[k].features.n - 1;
		if (k < conn) {
			*ring = l->conns[k].features[last].ring;
			return;
		}
		many++;
		slots = l->net->conns.at[k].features.at[last].slots > slots ? l->net->conns.at[k].features.at[last].slots : slots;
	}
	const NetLayer *post = &l->net->layers.at[c->post];
	PlanAxis axes[3] = {low_axis(AXIS_SLOT, slots), low_axis(AXIS_BATCH, l->batch), low_axis(AXIS_POST, post->n)};
	const char *port = post->ports.at[c->port].name ? post->ports.at[c->port].name : "input";
	const char *of = many > 1 ? post->name : c->name, *what = many > 1 ? port : f->name;
	*ring = low_add_buf(l, l->real, ROLE_STATE, 3, axes, "%s.%s_on_the_way", of, what);
}

bool
low_ring_is_shared_later(const Lower *l, uint32_t conn)
{
	for (uint32_t k = conn + 1; k < l->net->conns.n; k++)
		if (share_ring(l, conn, k))
			return true;
	return false;
}

/* ---- slots -------------------------------------------------------------------------------------------- */

static int64_t
slots_of(const Lower *l, uint32_t conn, uint32_t feature)
{
	return (int64_t)l->p->bufs.at[l->conns[conn].features[feature].ring].axis[0].extent;
}

PlanExpr *
low_slot_now(Lower *l, PlanEmit *b, uint32_t conn, uint32_t feature)
{
	PlanExpr *step = plan_cast(l->p, PT_I64, low_load(l, l->step, 0));
	return plan_emit_let(b, "now", plan_binary(l->p, PEXPR_REM, step, low_i64(l, slots_of(l, conn, feature))));
}

/* Steps from 1 to the longest, as an i64. */
PlanExpr *
low_delay_steps(Scope *s, const NetFeature *f)
{
	Lower *l = s->l;
	Plan *p = l->p;
	if (!s->value)
		s->value = low_value(s);
	PlanExpr *parts = plan_binary(p, PEXPR_DIV, low_expr(s, f->delay), low_real(l, l->net->dt));
	PlanExpr *n = plan_unary(p, PEXPR_FLOOR, plan_binary(p, PEXPR_ADD, parts, low_real(l, 0.5)));
	n = plan_emit_let(s->b, "steps", plan_cast(p, PT_I64, n));
	PlanExpr *most = low_i64(l, (int64_t)f->slots), *one = low_i64(l, 1);
	n = plan_ternary(p, PEXPR_SELECT, plan_binary(p, PEXPR_LT, n, one), one, n);
	return plan_ternary(p, PEXPR_SELECT, plan_binary(p, PEXPR_GT, n, most), most, n);
}

PlanExpr *
low_slot_after(Lower *l, PlanEmit *b, uint32_t conn, uint32_t feature, PlanExpr *now, PlanExpr *steps)
{
	Plan *p = l->p;
	PlanExpr *at = plan_emit_let(b, "at", plan_binary(p, PEXPR_ADD, now, steps)), *slots = low_i64(l, slots_of(l, conn, feature));
	return plan_ternary(p, PEXPR_SELECT, plan_binary(p, PEXPR_LT, at, slots), at, plan_binary(p, PEXPR_SUB, at, slots));
}

PlanExpr *
low_slot_later(Scope *s, PlanExpr *now)
{
	const NetFeature *f = &s->l->net->conns.at[s->conn].features.at[s->feature];
	PlanExpr *steps = plan_binary(s->l->p, PEXPR_SUB, low_delay_steps(s, f), low_i64(s->l, 1));
	return low_slot_after(s->l, s->b, s->conn, s->feature, now, steps);
}

PlanExpr *
low_delayed(Scope *s, PlanExpr *signal)
{
	Lower *l = s->l;
	Plan *p = l->p;
	uint32_t ring = l->conns[s->conn].features[s->feature].ring;
	signal = low_keep(s->b, "leaves", signal);
	PlanExpr *now = low_slot_now(l, s->b, s->conn, s->feature);
	PlanExpr *slot = plan_emit_let(s->b, "slot", low_slot_later(s, now));
	PlanExpr *at0 = low_pair_at(s, 0), *at1 = low_pair_at(s, 1);
	PlanExpr *sum = plan_binary(p, PEXPR_ADD, low_load(l, ring, 4, slot, s->item, at0, at1), signal);
	low_store(s->b, ring, sum, 4, slot, s->item, at0, at1);
	PlanExpr *arrives = plan_emit_let(s->b, "arrives", low_load(l, ring, 4, now, s->item, at0, at1));
	low_store(s->b, ring, low_real(l, 0), 4, now, s->item, at0, at1);
	return arrives;
}

typedef struct { Lower *l; uint32_t conn; bool of_post; uint32_t ring; PlanExpr *slot, *item; } Empty;

static void
empty_place(void *env, PlanEmit *b, const LowIndex *at, PlanExpr *i, PlanExpr *j)
{
	Empty *w = env;
	Scope s = low_scope(w->l, b);
	s.conn = w->conn;
	s.at = at;
	s.pre = i;
	s.post = j;
	low_find_pair(&s, w->of_post);
	low_store(b, w->ring, low_real(w->l, 0), 4, w->slot, w->item, low_pair_at(&s, 0), low_pair_at(&s, 1));
}

/* A reset empties the ring. */
void
low_ring(Lower *l, uint32_t conn, uint32_t feature)
{
	const NetConn *c = &l->net->conns.at[conn];
	const NetFeature *f = &c->features.at[feature];
	LowFeature *lf = &l->conns[conn].features[feature];
	bool sums = !low_delays_signals(c, feature);
	if (lf->ring == NO_BUF || (sums && low_ring_is_shared_later(l, conn)))
		return;
	lf->reset_ring = low_add_kernel(l, low_pair_range(l, conn, sums || f->of_post), "%s.%s.reset", c->name, f->name);
	PlanEmit b = plan_emit(l->p, l->p->codes.at[lf->reset_ring]);
	LowLoop slots = low_loop(&b, "slot", low_i64(l, 0), low_i64(l, slots_of(l, conn, feature)), false);
	LowLoop items = low_items(l, low_body(&slots));
	PlanEmit *in = low_body(&items);
	if (sums) {
		LowLoop cols = low_loop(in, "j", low_lo(&b), low_hi(&b), true);
		low_store(low_body(&cols), lf->ring, low_real(l, 0), 3, slots.index, items.index, cols.index);
		low_close(&cols);
	} else {
		Empty w = {l, conn, f->of_post, lf->ring, slots.index, items.index};
		low_each_place(l, in, conn, f->of_post, low_lo(&b), low_hi(&b), empty_place, &w);
	}
	low_close(&items);
	low_close(&slots);
	l->p->codes.at[lf->reset_ring]->body = plan_freeze(&b);
}
