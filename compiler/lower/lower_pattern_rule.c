/* lower_pattern_rule: how the values of a pattern learn.
 *
 * A value that many pairs of neurons share changes by the sum over its pairs, each pair as if it were a synapse of its own
 * with states of its own; over the batch the changes are reduced as the program says. Every value in turn does `on pre`,
 * `on post`, `each step`, then decay, then the bounds: no rule looks at another value, so this is the order of the language.
 */
#include "base/panic.h"
#include "lower/lower_inner.h"

#include <math.h>

typedef struct {
	Lower *l;
	uint32_t conn, feature;
	const NetConn *c;
	const NetFeature *f;
	const LowFeature *low;
	PlanAxis axes[PLAN_MAX_AXES];
	bool shared, clips;
	/* of the value at work */
	uint32_t w, change;
	PlanExpr *old, *item;
	const NetCode *code;
	NetSide side;
} Work;

/* ---- states: one per item and pair ------------------------------------------------------------------------ */

uint32_t
low_pair_axes(const Lower *l, uint32_t conn, const NetFeature *f, PlanAxis *axes)
{
	PlanAxis value[PLAN_MAX_AXES];
	uint32_t n = low_value_axes(l, conn, f, value);
	uint64_t all = 1;
	for (uint32_t d = 0; d < n; d++)
		all *= value[d].extent;
	const NetPattern *p = &l->net->conns.at[conn].pattern;
	axes[0] = low_axis(AXIS_BATCH, l->batch);
	axes[1] = low_axis(AXIS_SYNAPSE, all);
	axes[2] = low_axis(AXIS_SLOT, p->kind == NPAT_CONV ? low_positions(p) : 1);
	return 3;
}

static LowIndex
pair_index(Work *w, PlanEmit *b, const LowIndex *at, PlanExpr *item, PlanExpr *j)
{
	Lower *l = w->l;
	PlanExpr *e = at->at[0], *position = low_i64(l, 0);
	for (uint32_t d = 1; d < at->n; d++)
		e = low_affine(l, e, (int64_t)w->axes[d].extent, at->at[d]);
	if (w->shared)
		position = plan_emit_let(b, "position", plan_binary(l->p, PEXPR_REM, j,
		                                                    low_i64(l, (int64_t)low_positions(&w->c->pattern))));
	return (LowIndex){3, {item, low_keep(b, "pair", e), position}};
}

/* ---- one pair ------------------------------------------------------------------------------------------------ */

static void
one_pair(void *env, PlanEmit *outer, const LowIndex *at, PlanExpr *i, PlanExpr *j)
{
	Work *w = env;
	Lower *l = w->l;
	Plan *p = l->p;
	PlanEmit inner = plan_emit(p, outer->code), *b = w->side == NSIDE_OWN ? outer : &inner;
	Scope s = low_scope(l, b);
	s.conn = w->conn;
	s.feature = w->feature;
	s.item = w->item;
	s.pre = i;
	s.post = j;
	s.locals = ARENA_ARRAY(l->a, PlanExpr *, w->code->locals.n);
	s.learning = plan_int(p, PT_BOOL, 1);
	if (w->side != NSIDE_OWN)
		s.spike[w->side] = low_real(l, 1);
	s.value = w->old;
	s.value_change = w->change;
	if (w->change == UINT32_MAX)
		s.value_var = w->w;
	uint32_t n = w->f->rule.states.n;
	s.state_vars = ARENA_ARRAY(l->a, uint32_t, n);
	LowIndex pair = {0};
	if (n)
		pair = pair_index(w, b, at, w->item, j);
	for (uint32_t k = 0; k < n; k++)
		s.state_vars[k] = plan_emit_var(b, w->f->rule.states.at[k].name, low_value_load(l, w->low->states[k], &pair));
	low_block(&s, w->code->body, NULL);
	for (uint32_t k = 0; k < n; k++)
		low_value_store(b, w->low->states[k], &pair, plan_local(p, b->code, s.state_vars[k]));
	if (w->side == NSIDE_OWN)
		return;
	bool pre = w->side == NSIDE_PRE;
	const LowLayer *layer = &l->layers[pre ? w->c->pre : w->c->post];
	plan_emit_if(outer, low_fired(l, layer, w->item, pre ? i : j), &inner, NULL);
}

/* ---- one value ------------------------------------------------------------------------------------------------ */

static void
handler(Work *w, PlanEmit *b, const NetCode *code, NetSide side, const LowIndex *at, PlanExpr *i, PlanExpr *j)
{
	Lower *l = w->l;
	Plan *p = l->p;
	if (!code->body.n)
		return;
	w->code = code;
	w->side = side;
	w->change = UINT32_MAX;
	if (w->shared || l->batch > 1) {
		w->old = plan_emit_let(b, "old", plan_local(p, b->code, w->w));
		w->change = plan_emit_var(b, "change", low_real(l, 0));
	}
	LowLoop items = low_items(l, b);
	w->item = items.index;
	low_each_pair(l, low_body(&items), w->conn, at, i, j, one_pair, w);
	low_close(&items);
	if (w->change == UINT32_MAX)
		return;
	PlanExpr *change = plan_local(p, b->code, w->change);
	if (w->f->rule.reduce == NREDUCE_MEAN && l->batch > 1)
		change = plan_binary(p, PEXPR_DIV, change, low_real(l, (double)l->batch));
	plan_emit_set(b, w->w, plan_binary(p, PEXPR_ADD, w->old, change));
}

static void
one_value(void *env, PlanEmit *b, const LowIndex *at, PlanExpr *i, PlanExpr *j)
{
	Work *w = env;
	Lower *l = w->l;
	w->w = plan_emit_var(b, "w", low_value_load(l, w->low->buf, at));
	PlanExpr *value = plan_local(l->p, b->code, w->w);
	handler(w, b, &w->f->rule.on_pre, NSIDE_PRE, at, i, j);
	handler(w, b, &w->f->rule.on_post, NSIDE_POST, at, i, j);
	handler(w, b, &w->f->rule.each_step, NSIDE_OWN, at, i, j);
	if (w->f->decay != 0)
		plan_emit_set(b, w->w, plan_binary(l->p, PEXPR_MUL, value, low_real(l, 1 - w->f->decay)));
	if (w->f->has_rule)
		value = low_clipped(l, b, w->f, value);
	low_value_store(b, w->low->buf, at, value);
}

/* ---- what has a meaning ----------------------------------------------------------------------------------------- */

static bool
reads_value(const NetExpr *e)
{
	if (!e)
		return false;
	return e->kind == NEXPR_VALUE || reads_value(e->op[0]) || reads_value(e->op[1]) || reads_value(e->op[2]);
}

/* Can all changes of this code be added up first? *changed: the value was changed before. */
static bool
adds_up(Lower *l, NetBlock body, bool *changed)
{
	for (uint32_t k = 0; k < body.n; k++) {
		const NetStmt *s = body.at[k];
		bool value = s->kind == NSTMT_ASSIGN && s->target->kind == NEXPR_VALUE;
		if (value && s->op != NADD && s->op != NSUB) {
			low_not_yet(l, s->span, "statements of a rule other than += and -= on a learned value that is shared by synapses "
			            "or by a batch");
			return false;
		}
		if (*changed && reads_value(s->e)) {
			low_not_yet(l, s->span, "reading a learned value that is shared by synapses or by a batch, after its change");
			return false;
		}
		if (!adds_up(l, s->body, changed) || !adds_up(l, s->other, changed))
			return false;
		*changed |= value;
	}
	return true;
}

static bool
unsupported(Work *w)
{
	Lower *l = w->l;
	const NetRule *r = &w->f->rule;
	if (w->f->has_rule && w->f->type == NT_BOOL) {
		low_not_yet(l, w->f->span, "learning truth values");
		return true;
	}
	if (l->batch > 1 && r->reduce == NREDUCE_MAX) {
		low_not_yet(l, r->span, "`reduce max over batch` of this pattern");
		return true;
	}
	if (!w->shared && l->batch == 1)
		return false;
	bool pre = false, post = false, each = false;
	return !adds_up(l, r->on_pre.body, &pre) || !adds_up(l, r->on_post.body, &post) || !adds_up(l, r->each_step.body, &each);
}

static void
begin_states(void *env, PlanEmit *b, const LowIndex *at, PlanExpr *i, PlanExpr *j)
{
	Work *w = env;
	Lower *l = w->l;
	(void)i;
	LowLoop items = low_items(l, b);
	uint64_t n = w->shared ? low_positions(&w->c->pattern) : 1;
	LowLoop loop = low_loop(low_body(&items), "p", low_i64(l, 0), low_i64(l, (int64_t)n), false);
	PlanEmit *in = low_body(&loop);
	LowIndex pair = pair_index(w, in, at, items.index, w->shared ? loop.index : j);
	Scope s = low_scope(l, in);
	for (uint32_t k = 0; k < w->f->rule.states.n; k++)
		low_value_store(in, w->low->states[k], &pair, low_expr(&s, w->f->rule.states.at[k].init));
	low_close(&loop);
	low_close(&items);
}

void
low_pattern_rule(Lower *l, uint32_t conn, uint32_t feature)
{
	const NetConn *c = &l->net->conns.at[conn];
	LowFeature *low = &l->conns[conn].features[feature];
	Work work = {.l = l, .conn = conn, .feature = feature, .c = c, .f = &c->features.at[feature], .low = low}, *w = &work;
	w->shared = c->pattern.kind == NPAT_CONV;
	low_value_axes(l, conn, w->f, w->axes);
	if (unsupported(w))
		return;
	uint64_t range = low_value_range(l, conn, w->f);
	bool any = false;
	for (uint32_t k = 0; k < w->f->rule.states.n; k++)
		any |= w->f->rule.states.at[k].init->value != 0;
	if (any) {
		low->init_states = low_add_kernel(l, range, "%s.%s.init_states", c->name, w->f->name);
		PlanEmit b = plan_emit(l->p, l->p->codes.at[low->init_states]);
		low_each_value(l, &b, conn, w->f, begin_states, w);
		l->p->codes.at[low->init_states]->body = plan_freeze(&b);
	}
	low->learn = low_add_kernel(l, range, "%s.%s.learn", c->name, w->f->name);
	PlanEmit b = plan_emit(l->p, l->p->codes.at[low->learn]), on = plan_emit(l->p, b.code);
	low_each_value(l, &on, conn, w->f, one_value, w);
	plan_emit_if(&b, low_load(l, l->learning, 0), &on, NULL);
	l->p->codes.at[low->learn]->body = plan_freeze(&b);
}
