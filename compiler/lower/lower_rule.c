/* lower_rule: C of a step: how a feature's value learns.
 *
 * A rule means, in each step while learning: its statements in order, each for all synapses and items before the next; then
 * decay; then the bounds. `on pre` and `on post` touch only rows and columns of neurons that spiked, so the loops do too. A
 * synapse is clipped once, behind its last update: where both sides spiked, rows wait for the columns. What a norm at the
 * end of a run left outside the bounds is clipped by one dense loop in the next learning step.
 * With several items a statement's change is reduced over them in order, then applied once.
 */
#include "base/panic.h"
#include "lower/lower_inner.h"

#include <math.h>

typedef struct {
	Lower *l;
	uint32_t conn, feature;
	const NetConn *c;
	const NetFeature *f;
	LowFeature *low;
	const LowLayer *pre, *post;
	uint64_t npre, npost;
	bool clips;
	uint32_t change;                                  /* [post]: reduced change of a row, with several items */
} RuleWork;

PlanExpr *
low_bounded(Lower *l, PlanEmit *b, const NetFeature *f, const LowFeature *low, PlanExpr *i, PlanExpr *j, PlanExpr *v)
{
	Plan *p = l->p;
	if (low->negative != NO_BUF) {                 /* what would cross zero stays there */
		v = low_keep(b, "w", v);
		PlanExpr *zero = low_real(l, 0), *above = plan_binary(p, PEXPR_GT, v, zero);
		PlanExpr *crossed = plan_ternary(p, PEXPR_SELECT, low_load(l, low->negative, 2, i, j), above,
		                                 plan_binary(p, PEXPR_LT, v, zero));
		v = plan_ternary(p, PEXPR_SELECT, crossed, zero, v);
	}
	if (f->has_range && !isinf(f->lo)) {
		v = low_keep(b, "w", v);
		PlanExpr *lo = low_real(l, f->lo);
		v = plan_ternary(p, PEXPR_SELECT, plan_binary(p, PEXPR_LT, v, lo), lo, v);
	}
	if (f->has_range && !isinf(f->hi)) {
		v = low_keep(b, "w", v);
		PlanExpr *hi = low_real(l, f->hi);
		v = plan_ternary(p, PEXPR_SELECT, plan_binary(p, PEXPR_GT, v, hi), hi, v);
	}
	return v;
}

static PlanExpr *
clip(RuleWork *w, PlanEmit *b, PlanExpr *i, PlanExpr *j, PlanExpr *v)
{
	return low_bounded(w->l, b, w->f, w->low, i, j, v);
}

static PlanExpr *
value(RuleWork *w, PlanExpr *i, PlanExpr *j)
{
	return low_load(w->l, w->low->buf, 2, i, j);
}

static void
put(RuleWork *w, PlanEmit *b, PlanExpr *i, PlanExpr *j, PlanExpr *v, bool clipped)
{
	low_store(b, w->low->buf, clipped ? clip(w, b, i, j, v) : v, 2, i, j);
}

static Scope
synapse(RuleWork *w, PlanEmit *b, PlanExpr *item, PlanExpr *i, PlanExpr *j, const NetCode *code)
{
	Scope s = low_scope(w->l, b);
	s.conn = w->conn;
	s.feature = w->feature;
	s.item = item;
	s.pre = i;
	s.post = j;
	s.locals = ARENA_ARRAY(w->l->a, PlanExpr *, code->locals.n);
	s.learning = plan_int(w->l->p, PT_BOOL, 1);
	return s;
}

/* Where a spike is handled it is 1, unless spikes have values. */
static void
set_spike(Scope *s, NetSide side)
{
	const NetConn *c = &s->l->net->conns.at[s->conn];
	if (!s->l->net->layers.at[side == NSIDE_PRE ? c->pre : c->post].values)
		s->spike[side] = low_real(s->l, 1);
}

/* ---- one item: statements as they are ------------------------------------------------------------ */

static void
direct(RuleWork *w, PlanEmit *b, const NetCode *code, PlanExpr *i, PlanExpr *j, NetSide side, bool clipped)
{
	Lower *l = w->l;
	Scope s = synapse(w, b, low_i64(l, 0), i, j, code);
	s.value_var = plan_emit_var(b, "w", value(w, i, j));
	if (side != NSIDE_OWN)
		set_spike(&s, side);
	uint32_t nstates = w->f->rule.states.n;
	s.state_vars = ARENA_ARRAY(l->a, uint32_t, nstates);
	for (uint32_t k = 0; k < nstates; k++)
		s.state_vars[k] = plan_emit_var(b, w->f->rule.states.at[k].name, low_load(l, w->low->states[k], 2, i, j));
	low_block(&s, code->body, NULL);
	for (uint32_t k = 0; k < nstates; k++)
		low_store(b, w->low->states[k], plan_local(l->p, b->code, s.state_vars[k]), 2, i, j);
	put(w, b, i, j, plan_local(l->p, b->code, s.value_var), clipped);
}

/* ---- several items: reduce, then apply -------------------------------------------------------------- */

/* Nothing but += and -= on the learned value? */
static bool
only_adds(const NetCode *code)
{
	for (uint32_t k = 0; k < code->body.n; k++) {
		const NetStmt *s = code->body.at[k];
		if (s->kind != NSTMT_ASSIGN || s->target->kind != NEXPR_VALUE || (s->op != NADD && s->op != NSUB))
			return false;
	}
	return true;
}

static bool
reducible(RuleWork *w, const NetCode *code)
{
	for (uint32_t k = 0; k < code->body.n; k++) {
		const NetStmt *s = code->body.at[k];
		if (s->kind != NSTMT_ASSIGN || s->target->kind != NEXPR_VALUE || (s->op != NADD && s->op != NSUB)) {
			low_not_yet(w->l, s->span, "statements of a rule other than += and -= on the learned value, with a batch above one");
			return false;
		}
	}
	if (w->f->rule.reduce == NREDUCE_MAX) {
		low_not_yet(w->l, w->f->rule.span, "`reduce max over batch`");
		return false;
	}
	return true;
}

static PlanExpr *
applied(RuleWork *w, const NetStmt *s, PlanExpr *old, PlanExpr *change)
{
	Plan *p = w->l->p;
	if (w->f->rule.reduce == NREDUCE_MEAN)
		change = plan_binary(p, PEXPR_DIV, change, low_real(w->l, (double)w->l->batch));
	return plan_binary(p, s->op == NSUB ? PEXPR_SUB : PEXPR_ADD, old, change);
}

static void
reduced_row(RuleWork *w, PlanEmit *b, const NetCode *code, PlanExpr *i, PlanExpr *lo, PlanExpr *hi, bool clipped)
{
	Lower *l = w->l;
	Plan *p = l->p;
	for (uint32_t k = 0; k < code->body.n; k++) {
		const NetStmt *st = code->body.at[k];
		LowLoop zero = low_loop(b, "j", lo, hi, true);
		low_store(low_body(&zero), w->change, low_real(l, 0), 1, zero.index);
		low_close(&zero);
		LowLoop items = low_items(l, b);
		PlanEmit spiked = plan_emit(p, b->code);
		LowLoop cols = low_loop(&spiked, "j", lo, hi, true);
		Scope s = synapse(w, low_body(&cols), items.index, i, cols.index, code);
		s.value = value(w, i, cols.index);
		set_spike(&s, NSIDE_PRE);
		PlanExpr *sum = plan_binary(p, PEXPR_ADD, low_load(l, w->change, 1, cols.index), low_expr(&s, st->e));
		low_store(s.b, w->change, sum, 1, cols.index);
		low_close(&cols);
		plan_emit_if(low_body(&items), low_fired(l, w->pre, items.index, i), &spiked, NULL);
		low_close(&items);
		LowLoop apply = low_loop(b, "j", lo, hi, true);
		PlanExpr *now = applied(w, st, value(w, i, apply.index), low_load(l, w->change, 1, apply.index));
		put(w, low_body(&apply), i, apply.index, now, clipped && k + 1 == code->body.n);
		low_close(&apply);
	}
}

static void
reduced_synapse(RuleWork *w, PlanEmit *b, const NetCode *code, PlanExpr *i, PlanExpr *j, bool clipped)
{
	Lower *l = w->l;
	Plan *p = l->p;
	for (uint32_t k = 0; k < code->body.n; k++) {
		const NetStmt *st = code->body.at[k];
		uint32_t sum = plan_emit_var(b, "change", low_real(l, 0));
		LowLoop items = low_items(l, b);
		PlanEmit *in = low_body(&items);
		Scope s = synapse(w, in, items.index, i, j, code);
		s.value = value(w, i, j);
		set_spike(&s, NSIDE_POST);
		PlanExpr *old = plan_local(p, b->code, sum);
		PlanExpr *more = plan_binary(p, PEXPR_ADD, old, low_expr(&s, st->e));
		plan_emit_set(in, sum, plan_ternary(p, PEXPR_SELECT, low_fired(l, w->post, items.index, j), more, old));
		low_close(&items);
		put(w, b, i, j, applied(w, st, value(w, i, j), old), clipped && k + 1 == code->body.n);
	}
}

/* ---- rows, columns, everything ------------------------------------------------------------------------ */

typedef struct { uint32_t list, count; } Events;

static Events
events_of(const Lower *l, const LowLayer *side)
{
	return l->batch == 1 ? (Events){side->list, side->count} : (Events){side->any_list, side->any_count};
}

/* Opens `for k in 0 ..< count { let i = list[k]`. */
static LowLoop
spiking(RuleWork *w, PlanEmit *b, const LowLayer *side, const char *name, PlanExpr **index)
{
	Lower *l = w->l;
	Plan *p = l->p;
	Events e = events_of(l, side);
	PlanExpr *zero = low_i64(l, 0);
	PlanExpr *n = l->batch == 1 ? low_load(l, e.count, 1, zero) : low_load(l, e.count, 0);
	LowLoop loop = low_loop(b, "k", zero, plan_cast(p, PT_I64, n), false);
	PlanExpr *at = l->batch == 1 ? low_load(l, e.list, 2, zero, loop.index) : low_load(l, e.list, 1, loop.index);
	*index = plan_emit_let(low_body(&loop), name, plan_cast(p, PT_I64, at));
	return loop;
}

/* code NULL: only clip. */
static void
pre_rows(RuleWork *w, PlanEmit *b, const NetCode *code, PlanExpr *lo, PlanExpr *hi, bool clipped)
{
	PlanExpr *i;
	LowLoop loop = spiking(w, b, w->pre, "i", &i);
	if (code && w->l->batch > 1) {
		reduced_row(w, low_body(&loop), code, i, lo, hi, clipped);
	} else {
		LowLoop cols = low_loop(low_body(&loop), "j", lo, hi, true);
		if (code)
			direct(w, low_body(&cols), code, i, cols.index, NSIDE_PRE, clipped);
		else
			put(w, low_body(&cols), i, cols.index, value(w, i, cols.index), true);
		low_close(&cols);
	}
	low_close(&loop);
}

static void
post_columns(RuleWork *w, PlanEmit *b, const NetCode *code, PlanExpr *lo, PlanExpr *hi)
{
	Lower *l = w->l;
	Plan *p = l->p;
	PlanExpr *j;
	LowLoop loop = spiking(w, b, w->post, "j", &j);
	PlanEmit mine = plan_emit(p, b->code);
	LowLoop rows = low_loop(&mine, "i", low_i64(l, 0), low_i64(l, (int64_t)w->npre), true);
	if (l->batch > 1)
		reduced_synapse(w, low_body(&rows), code, rows.index, j, w->clips);
	else
		direct(w, low_body(&rows), code, rows.index, j, NSIDE_POST, w->clips);
	low_close(&rows);
	PlanExpr *inside = plan_binary(p, PEXPR_AND, plan_binary(p, PEXPR_GE, j, lo), plan_binary(p, PEXPR_LT, j, hi));
	plan_emit_if(low_body(&loop), inside, &mine, NULL);
	low_close(&loop);
}

typedef enum { ALL_CODE, ALL_DECAY, ALL_CLIP } AllKind;

static void
all_synapses(RuleWork *w, PlanEmit *b, PlanExpr *lo, PlanExpr *hi, AllKind kind, const NetCode *code)
{
	Lower *l = w->l;
	LowLoop rows = low_loop(b, "i", low_i64(l, 0), low_i64(l, (int64_t)w->npre), false);
	LowLoop cols = low_loop(low_body(&rows), "j", lo, hi, true);
	PlanEmit *in = low_body(&cols);
	PlanExpr *old = value(w, rows.index, cols.index);
	switch (kind) {
	case ALL_CODE:
		direct(w, in, code, rows.index, cols.index, NSIDE_OWN, false);
		break;
	case ALL_DECAY: {
		PlanExpr *keep = low_real(l, 1 - w->f->decay);
		put(w, in, rows.index, cols.index, plan_binary(l->p, PEXPR_MUL, old, keep), w->clips);
		break;
	}
	case ALL_CLIP:
		put(w, in, rows.index, cols.index, old, true);
		break;
	}
	low_close(&cols);
	low_close(&rows);
}

/* NULL: none that does something. */
static const NetCode *
handler(const NetRule *r, NetEvent event)
{
	for (uint32_t k = 0; k < r->handlers.n; k++)
		if (r->handlers.at[k].event == event && r->handlers.at[k].code.body.n)
			return &r->handlers.at[k].code;
	return NULL;
}

static void
event_form(RuleWork *w, PlanEmit *b, PlanExpr *lo, PlanExpr *hi, bool dense_after)
{
	Lower *l = w->l;
	Plan *p = l->p;
	const NetCode *on_pre = handler(&w->f->rule, NEVENT_PRE), *on_post = handler(&w->f->rule, NEVENT_POST);
	bool clips = w->clips;
	w->clips = clips && !dense_after;
	if (on_pre && on_post && w->clips) {
		Events e = events_of(l, w->post);
		PlanExpr *n = l->batch == 1 ? low_load(l, e.count, 1, low_i64(l, 0)) : low_load(l, e.count, 0);
		PlanEmit quiet = plan_emit(p, b->code), busy = plan_emit(p, b->code);
		pre_rows(w, &quiet, on_pre, lo, hi, true);
		pre_rows(w, &busy, on_pre, lo, hi, false);
		post_columns(w, &busy, on_post, lo, hi);
		pre_rows(w, &busy, NULL, lo, hi, true);
		plan_emit_if(b, plan_binary(p, PEXPR_EQ, n, plan_int(p, PT_U32, 0)), &quiet, &busy);
	} else {
		if (on_pre)
			pre_rows(w, b, on_pre, lo, hi, w->clips);
		if (on_post)
			post_columns(w, b, on_post, lo, hi);
	}
	w->clips = clips;
}

static bool
unsupported(RuleWork *w)
{
	Lower *l = w->l;
	const NetRule *r = &w->f->rule;
	if (!w->f->has_rule)
		return false;
	if (w->f->type == NT_BOOL) {
		low_not_yet(l, w->f->span, "learning truth values");
		return true;
	}
	if (l->batch == 1)
		return false;
	for (uint32_t k = 0; k < r->handlers.n; k++)
		if (!reducible(w, &r->handlers.at[k].code))
			return true;
	return false;
}

/* Are the loops below too special for this rule? */
static bool
is_general(const RuleWork *w)
{
	const NetRule *r = &w->f->rule;
	bool several = w->l->batch > 1;
	if (!w->f->has_rule)
		return false;
	for (uint32_t k = 0; k < r->states.n; k++)
		if (several || r->states.at[k].place != NPLACE_SYNAPSE)
			return true;
	for (uint32_t k = 0; k < r->handlers.n; k++) {
		const NetHandler *h = &r->handlers.at[k];
		static const int rank[] = {[NEVENT_PRE] = 0, [NEVENT_POST] = 1, [NEVENT_STEP] = 2};
		if (k && rank[h->event] <= rank[r->handlers.at[k - 1].event])
			return true;
		if (several && (h->event == NEVENT_STEP || !only_adds(&h->code)))
			return true;
	}
	return w->f->type == NT_BOOL || r->average || (several && r->reduce == NREDUCE_MAX);
}

void
low_rule(Lower *l, uint32_t conn, uint32_t feature)
{
	const NetConn *c = &l->net->conns.at[conn];
	RuleWork work = {.l = l, .conn = conn, .feature = feature, .c = c, .f = &c->features.at[feature]}, *w = &work;
	w->low = &l->conns[conn].features[feature];
	w->pre = &l->layers[c->pre];
	w->post = &l->layers[c->post];
	w->npre = l->net->layers.at[c->pre].n;
	w->npost = l->net->layers.at[c->post].n;
	bool bounded = w->f->has_range && !(isinf(w->f->lo) && isinf(w->f->hi));
	w->clips = w->f->has_rule && (bounded || w->low->negative != NO_BUF);
	if (is_general(w)) {
		low_update(l, conn, feature);
		return;
	}
	if (unsupported(w))
		return;
	if (l->batch > 1 && w->f->has_rule) {
		PlanAxis axis = low_axis(AXIS_POST, w->npost);
		w->change = low_add_buf(l, l->real, ROLE_SCRATCH, 1, &axis, "%s.%s_change", c->name, w->f->name);
	}
	const NetCode *each = w->f->has_rule ? handler(&w->f->rule, NEVENT_STEP) : NULL;
	bool decays = w->f->decay != 0;
	w->low->learn = low_add_kernel(l, w->npost, "%s.%s.learn", c->name, w->f->name);
	PlanEmit b = plan_emit(l->p, l->p->codes.at[w->low->learn]), on = plan_emit(l->p, b.code);
	PlanExpr *lo = low_lo(&b), *hi = low_hi(&b);
	if (w->f->has_rule)
		event_form(w, &on, lo, hi, each != NULL || decays);
	if (each)
		all_synapses(w, &on, lo, hi, ALL_CODE, each);
	if (decays)
		all_synapses(w, &on, lo, hi, ALL_DECAY, NULL);
	else if (each && w->clips)
		all_synapses(w, &on, lo, hi, ALL_CLIP, NULL);
	if (w->low->unclipped != NO_BUF && w->clips && !decays && !each) {
		PlanEmit dense = plan_emit(l->p, b.code);
		all_synapses(w, &dense, lo, hi, ALL_CLIP, NULL);
		plan_emit_if(&on, low_load(l, w->low->unclipped, 0), &dense, NULL);
	}
	plan_emit_if(&b, low_load(l, l->learning, 0), &on, NULL);
	l->p->codes.at[w->low->learn]->body = plan_freeze(&b);
}
