/* lower_follow: states of rules that follow the spikes of one layer.
 *
 * A state of pre or post neurons that an equation makes decay, and that one `on pre` or `on post` makes jump at their own
 * spikes, is the same number for every rule that says the same of it: it is stored and updated once, before the rules of a
 * step. A rule reads it as it was before this step's spike until it has passed its own jump, and with the spike behind
 * it, so both are kept where both are asked for.
 */
#include "base/panic.h"
#include "lower/lower_inner.h"

static bool
is_fixed(const NetExpr *e)
{
	return e->kind == NEXPR_CONST || e->kind == NEXPR_ARRAY;
}

static bool
reads(const NetExpr *e, uint32_t state)
{
	if (!e)
		return false;
	if (e->kind == NEXPR_STATE && e->side == NSIDE_OWN && e->index == state)
		return true;
	return reads(e->op[0], state) || reads(e->op[1], state) || reads(e->op[2], state);
}

static bool
block_reads(NetBlock b, uint32_t state)
{
	for (uint32_t i = 0; i < b.n; i++)
		if (reads(b.at[i]->e, state) || block_reads(b.at[i]->body, state) || block_reads(b.at[i]->other, state))
			return true;
	return false;
}

/* x = x + e is x += e. */
static const NetExpr *
change(const NetStmt *s, uint32_t state, NetAssignOp *op)
{
	const NetExpr *e = s->e;
	*op = s->op;
	bool own = s->op == NSET && e->kind == NEXPR_BINARY && e->op[0]->kind == NEXPR_STATE && e->op[0]->side == NSIDE_OWN
	           && e->op[0]->index == state;
	if (!own || (e->op_kind != NOP_ADD && e->op_kind != NOP_SUB && e->op_kind != NOP_MUL))
		return e;
	*op = e->op_kind == NOP_ADD ? NADD : e->op_kind == NOP_SUB ? NSUB : NMUL;
	return e->op[1];
}

typedef enum { BEFORE_DECAY, BEFORE_JUMP, BEHIND_JUMP } Stage;

/* One statement of a handler; false: the state does not only decay and jump. */
static bool
pass(const NetStmt *s, NetEvent event, NetEvent own, uint32_t state, Stage *stage, LowFollow *out)
{
	if (s->kind != NSTMT_ASSIGN || s->target->kind != NEXPR_STATE || s->target->index != state)
		return !low_assigns_state(s->body, state) && !low_assigns_state(s->other, state)
		       && (*stage != BEFORE_DECAY || !(reads(s->e, state) || block_reads(s->body, state) || block_reads(s->other, state)));
	NetAssignOp op;
	const NetExpr *e = change(s, state, &op);
	if (!is_fixed(e))
		return false;
	if (*stage == BEFORE_DECAY && event == NEVENT_STEP && op == NMUL) {
		out->decay = e;
		*stage = BEFORE_JUMP;
		return true;
	}
	if (*stage != BEFORE_JUMP || event != own || op == NMUL || op == NDIV)
		return false;
	out->jump = e;
	out->op = op;
	*stage = BEHIND_JUMP;
	return true;
}

static bool
find(const NetRule *r, uint32_t state, LowFollow *out)
{
	const NetState *st = &r->states.at[state];
	if ((st->place != NPLACE_PRE && st->place != NPLACE_POST) || st->type != NT_REAL || st->of_network)
		return false;
	NetEvent own = st->place == NPLACE_PRE ? NEVENT_PRE : NEVENT_POST;
	Stage stage = BEFORE_DECAY;
	out->init = st->init;
	for (uint32_t h = 0; h < r->handlers.n; h++) {
		const NetBlock *b = &r->handlers.at[h].code.body;
		for (uint32_t i = 0; i < b->n; i++)
			if (!pass(b->at[i], r->handlers.at[h].event, own, state, &stage, out))
				return false;
	}
	return stage == BEHIND_JUMP;
}

/* Sides do not count: both speak of neurons of the same layer. */
static bool
same_number(const NetExpr *a, const NetExpr *b)
{
	NetExpr x = *a, y = *b;
	x.side = y.side = NSIDE_OWN;
	return net_expr_equal(&x, &y);
}

/* Which of the followed states it is, new or known; UINT32_MAX: it lives in its rule alone. */
uint32_t
low_find_follow(Lower *l, uint32_t conn, uint32_t feature, uint32_t state)
{
	const NetConn *c = &l->net->conns.at[conn];
	const NetFeature *f = &c->features.at[feature];
	LowFollow want = {.before = NO_BUF, .kernel = UINT32_MAX};
	if (!find(&f->rule, state, &want))
		return UINT32_MAX;
	const NetState *st = &f->rule.states.at[state];
	want.layer = st->place == NPLACE_PRE ? c->pre : c->post;
	for (uint32_t k = 0; k < l->follows.n; k++) {
		const LowFollow *have = &l->follows.at[k];
		if (have->layer == want.layer && have->op == want.op && same_number(have->init, want.init)
		    && same_number(have->decay, want.decay) && same_number(have->jump, want.jump))
			return k;
	}
	PlanAxis axes[2] = {low_axis(AXIS_BATCH, l->batch), low_axis(AXIS_NEURON, l->net->layers.at[want.layer].n)};
	uint32_t skip = l->batch == 1;
	want.buf = low_add_buf(l, l->real, ROLE_STATE, 2 - skip, axes + skip, "%s.%s.%s", c->name, f->name, st->name);
	VEC_PUSH(l->a, &l->follows, want);
	return l->follows.n - 1;
}

bool
low_follows(const LowFeature *f, uint32_t state)
{
	return f->follows[state] != UINT32_MAX;
}

bool
low_is_jump(const NetStmt *s)
{
	NetAssignOp op;
	change(s, s->target->index, &op);
	return op != NMUL;
}

uint32_t
low_read_before(Lower *l, const LowFeature *f, uint32_t state)
{
	LowFollow *w = &l->follows.at[f->follows[state]];
	if (w->before == NO_BUF) {
		PlanBuf of = l->p->bufs.at[w->buf];
		w->before = low_add_buf(l, l->real, ROLE_SCRATCH, of.naxes, of.axis, "%s_before", of.name);
	}
	return w->before + 1;
}

static void
kernel(Lower *l, LowFollow *w)
{
	Plan *p = l->p;
	w->kernel = low_add_kernel(l, l->net->layers.at[w->layer].n, "%s.follow", p->bufs.at[w->buf].name);
	PlanEmit b = plan_emit(p, p->codes.at[w->kernel]), on = plan_emit(p, b.code);
	LowLoop items = low_items(l, &on);
	LowLoop each = low_loop(low_body(&items), "n", low_lo(&b), low_hi(&b), true);
	PlanEmit *in = low_body(&each);
	Scope s = low_scope(l, in);
	s.item = items.index;
	s.pre = s.post = s.own = each.index;
	PlanExpr *v = plan_binary(p, PEXPR_MUL, low_place_load(&s, w->buf, NPLACE_PRE, false), low_expr(&s, w->decay));
	v = plan_emit_let(in, "v", v);
	if (w->before != NO_BUF)
		low_place_store(&s, w->before, NPLACE_PRE, false, v);
	PlanExpr *e = low_expr(&s, w->jump);
	if (w->op != NSET)
		e = plan_binary(p, w->op == NADD ? PEXPR_ADD : PEXPR_SUB, v, e);
	PlanExpr *fired = low_fired(l, &l->layers[w->layer], s.item, each.index);
	low_place_store(&s, w->buf, NPLACE_PRE, false, plan_ternary(p, PEXPR_SELECT, fired, e, v));
	low_close(&each);
	low_close(&items);
	plan_emit_if(&b, low_load(l, l->learning, 0), &on, NULL);
	p->codes.at[w->kernel]->body = plan_freeze(&b);
}

void
low_follow_kernels(Lower *l)
{
	for (uint32_t k = 0; k < l->follows.n; k++)
		kernel(l, &l->follows.at[k]);
}
