/* lower_pair: what a rule does to pairs of neurons: to all of them, to the rows of pre neurons that spiked, or to the
 * columns of post neurons that did.
 *
 * No pair sees another, so statements that follow each other are done pair by pair. A value is clipped once in a step,
 * behind its last change: rows that a column may still cross wait for it.
 */
#include "lower/lower_update.h"

#include "base/panic.h"

#include <math.h>

/* ---- rows and columns ------------------------------------------------------------------------------------ */

typedef struct { uint32_t list, count; } Events;

static Events
events_of(const Lower *l, const LowLayer *side)
{
	return l->batch == 1 ? (Events){side->list, side->count} : (Events){side->any_list, side->any_count};
}

PlanExpr *
low_spike_count(Lower *l, const LowLayer *side)
{
	Events e = events_of(l, side);
	return l->batch == 1 ? low_load(l, e.count, 1, low_i64(l, 0)) : low_load(l, e.count, 0);
}

LowLoop
low_spiking(Lower *l, PlanEmit *b, const LowLayer *side, const char *name, PlanExpr **index)
{
	Plan *p = l->p;
	Events e = events_of(l, side);
	PlanExpr *zero = low_i64(l, 0);
	LowLoop loop = low_loop(b, "k", zero, plan_cast(p, PT_I64, low_spike_count(l, side)), false);
	PlanExpr *at = l->batch == 1 ? low_load(l, e.list, 2, zero, loop.index) : low_load(l, e.list, 1, loop.index);
	*index = plan_emit_let(low_body(&loop), name, plan_cast(p, PT_I64, at));
	return loop;
}

static const LowLayer *
layer_of(const Update *u, NetSide event)
{
	return &u->l->layers[event == NSIDE_PRE ? u->c->pre : u->c->post];
}

/* ---- the value of a pair ------------------------------------------------------------------------------------- */

static PlanExpr *
value_at(Update *u, PlanExpr *i, PlanExpr *j)
{
	return u->at ? low_value_load(u->l, u->low->buf, u->at) : low_load(u->l, u->low->buf, 2, i, j);
}

static void
put_value(Update *u, PlanEmit *b, PlanExpr *i, PlanExpr *j, PlanExpr *v)
{
	if (u->at)
		low_value_store(b, u->low->buf, u->at, v);
	else
		low_store(b, u->low->buf, v, 2, i, j);
}

/* ---- keys of draws ---------------------------------------------------------------------------------------- */

static void
find_keys(Update *u, PlanEmit *b, const NetExpr *e)
{
	if (!e)
		return;
	if (e->kind == NEXPR_DRAW && !u->keys[e->site][0])
		low_site_key(u->l, b, e->site, u->keys[e->site]);
	for (int i = 0; i < 3; i++)
		find_keys(u, b, e->op[i]);
}

/* Those of the statements of a group, worked out before its loops. */
static void
keys(Update *u, PlanEmit *b, const Group *g)
{
	u->keys = ARENA_ARRAY(u->l->a, LowKeys, u->l->net->sites.n + 1);
	for (uint32_t i = g->lo; i < g->hi; i++) {
		find_keys(u, b, u->flat.at[i].e);
		find_keys(u, b, u->flat.at[i].mask);
	}
}

/* ---- one pair ----------------------------------------------------------------------------------------------- */

static Scope
pair(Update *u, PlanEmit *b, NetSide event, PlanExpr *item, PlanExpr *i, PlanExpr *j)
{
	Scope s = upd_instance(u, b, item, i, j);
	bool values = event != NSIDE_OWN && u->l->net->layers.at[event == NSIDE_PRE ? u->c->pre : u->c->post].values;
	if (event != NSIDE_OWN && !values)
		s.spike[event] = low_real(u->l, 1);
	return s;
}

static PlanExpr *
bounded(Update *u, PlanEmit *b, PlanExpr *i, PlanExpr *j, PlanExpr *v, bool clip)
{
	return clip ? upd_bounded(u, b, i, j, v) : v;
}

/* With one item: states and the value are locals from the first statement to the last. */
static void
at_once(Update *u, PlanEmit *b, const Group *g, PlanExpr *i, PlanExpr *j, bool clip)
{
	Lower *l = u->l;
	Plan *p = l->p;
	Scope s = pair(u, b, g->event, low_i64(l, 0), i, j);
	uint32_t n = u->r->states.n;
	s.state_vars = ARENA_ARRAY(l->a, uint32_t, n + 1);
	for (uint32_t k = 0; k < n; k++)
		s.state_vars[k] = UINT32_MAX;
	if (g->changes)
		s.value_var = plan_emit_var(b, "w", value_at(u, i, j));
	for (uint32_t k = g->lo; k < g->hi; k++) {
		const NetExpr *t = u->flat.at[k].target;
		if (t && t->kind == NEXPR_STATE && s.state_vars[t->index] == UINT32_MAX)
			s.state_vars[t->index] = plan_emit_var(b, u->r->states.at[t->index].name, low_place_load(&s, u->low->states[t->index], NPLACE_SYNAPSE, false));
	}
	for (uint32_t k = g->lo; k < g->hi; k++) {
		const Flat *f = &u->flat.at[k];
		p->at = f->span;
		if (!f->target) {
			PlanExpr *e = plan_emit_let(b, f->op == NSET ? "x" : "y", low_expr(&s, f->e));
			s.locals[f->hidden] = e;
			if (!u->hidden.at[f->hidden].inside)
				low_place_store(&s, u->hidden.at[f->hidden].buf, NPLACE_SYNAPSE, true, e);
			continue;
		}
		uint32_t var = upd_is_value(f) ? s.value_var : s.state_vars[f->target->index];
		PlanExpr *old = plan_local(p, b->code, var), *e = upd_updated(l, f->op, old, low_expr(&s, f->e));
		plan_emit_set(b, var, f->mask ? plan_ternary(p, PEXPR_SELECT, low_expr(&s, f->mask), e, old) : e);
	}
	for (uint32_t k = 0; k < n; k++)
		if (s.state_vars[k] != UINT32_MAX)
			low_place_store(&s, u->low->states[k], NPLACE_SYNAPSE, false, plan_local(p, b->code, s.state_vars[k]));
	if (g->changes)
		put_value(u, b, i, j, bounded(u, b, i, j, plan_local(p, b->code, s.value_var), clip));
}

static bool
is_last_change(const Update *u, const Group *g, uint32_t k)
{
	for (k++; k < g->hi; k++)
		if (upd_is_value(&u->flat.at[k]))
			return false;
	return true;
}

/* With several items: a change of the value is reduced over them, then applied. */
static void
change_pair(Update *u, PlanEmit *b, const Group *g, uint32_t k, PlanExpr *i, PlanExpr *j, bool clip)
{
	Lower *l = u->l;
	const Flat *f = &u->flat.at[k];
	PlanExpr *old = low_load(l, u->low->buf, 2, i, j), *e;
	l->p->at = f->span;
	if (upd_alike(u, f)) {
		Scope s = pair(u, b, g->event, low_i64(l, 0), i, j);
		e = upd_updated(l, f->op, old, low_expr(&s, f->e));
		if (f->mask)
			e = plan_ternary(l->p, PEXPR_SELECT, low_expr(&s, f->mask), e, old);
	} else if (upd_adds(f)) {
		e = upd_updated(l, f->op, old, upd_reduced(u, b, f, i, j));
	} else {
		upd_not_reducible(u, f);
		return;
	}
	low_store(b, u->low->buf, bounded(u, b, i, j, e, clip && is_last_change(u, g, k)), 2, i, j);
}

/* Several items: those of a state or of what is kept that a statement reaches; one turn where all are alike. */
static LowLoop
items_of(Update *u, PlanEmit *b, const Flat *f)
{
	if (!f->target && u->hidden.at[f->hidden].alike)
		return (LowLoop){.unit = true, .outer = b, .index = low_i64(u->l, 0)};
	return low_items(u->l, b);
}

/* ---- lists of synapses ------------------------------------------------------------------------------------------ */

/* g NULL: only brings the value within its bounds. */
static void
listed_pair(Update *u, PlanEmit *b, const Group *g, PlanExpr *synapse, PlanExpr *i, PlanExpr *j, bool clip)
{
	LowIndex at = {1, {synapse}};
	u->at = &at;
	if (g)
		at_once(u, b, g, i, j, clip);
	else
		put_value(u, b, i, j, bounded(u, b, i, j, value_at(u, i, j), true));
	u->at = NULL;
}

static void
if_mine(Update *u, PlanEmit *b, PlanExpr *n, PlanEmit *mine)
{
	Plan *p = u->l->p;
	PlanExpr *inside = plan_binary(p, PEXPR_AND, plan_binary(p, PEXPR_GE, n, u->lo), plan_binary(p, PEXPR_LT, n, u->hi));
	plan_emit_if(b, inside, mine, NULL);
}

static void
listed_row(Update *u, PlanEmit *b, const Group *g, PlanExpr *i, bool clip)
{
	PlanEmit mine = plan_emit(u->l->p, b->code);
	LowLoop row = low_row(u->l, &mine, u->conn, i);
	PlanExpr *j = low_target(u->l, low_body(&row), u->conn, row.index);
	listed_pair(u, low_body(&row), g, row.index, i, j, clip);
	low_close(&row);
	if_mine(u, b, i, &mine);
}

static void
listed_column(Update *u, PlanEmit *b, const Group *g, PlanExpr *j, bool clip)
{
	PlanExpr *synapse, *i;
	PlanEmit mine = plan_emit(u->l->p, b->code);
	LowLoop column = low_column(u->l, &mine, u->conn, j, &synapse, &i);
	listed_pair(u, low_body(&column), g, synapse, i, j, clip);
	low_close(&column);
	if_mine(u, b, j, &mine);
}

typedef struct { Update *u; const Group *g; } Listed;

static void
listed_value(void *env, PlanEmit *b, const LowIndex *at, PlanExpr *i, PlanExpr *j)
{
	Listed *w = env;
	listed_pair(w->u, b, w->g, at->at[0], i, j, false);
}

/* ---- all pairs ------------------------------------------------------------------------------------------------- */

static void
all_rows(Update *u, PlanEmit *b, const Group *g, uint32_t k, PlanExpr *item)
{
	Lower *l = u->l;
	LowLoop outer = low_loop(b, "i", low_i64(l, 0), low_i64(l, (int64_t)u->npre), false);
	LowLoop cols = low_loop(low_body(&outer), "j", u->lo, u->hi, true);
	if (l->batch == 1)
		at_once(u, low_body(&cols), g, outer.index, cols.index, false);
	else if (upd_is_value(&u->flat.at[k]))
		change_pair(u, low_body(&cols), g, k, outer.index, cols.index, false);
	else
		upd_store(u, low_body(&cols), &u->flat.at[k], item, outer.index, cols.index);
	low_close(&cols);
	low_close(&outer);
}

static void
everything(Update *u, PlanEmit *b, const Group *g)
{
	if (low_is_listed(u->l, u->c, u->f)) {
		Listed w = {u, g};
		low_each_value_of(u->l, b, u->conn, u->f, u->lo, u->hi, listed_value, &w);
		return;
	}
	if (u->l->batch == 1) {
		all_rows(u, b, g, g->lo, NULL);
		return;
	}
	for (uint32_t k = g->lo; k < g->hi; k++) {
		const Flat *f = &u->flat.at[k];
		LowLoop items = {.unit = true, .outer = b};
		if (!upd_is_value(f))
			items = items_of(u, b, f);
		all_rows(u, low_body(&items), g, k, items.index);
		low_close(&items);
	}
}

/* ---- a row or a column, with several items ------------------------------------------------------------------------ */

/* The change of a row is added up item by item: only those where its neuron spiked. */
static void
row_change(Update *u, PlanEmit *b, const Flat *f, PlanExpr *i, bool clip)
{
	Lower *l = u->l;
	Plan *p = l->p;
	p->at = f->span;
	if (u->change == NO_BUF) {
		PlanAxis axis = low_axis(AXIS_POST, u->npost);
		u->change = low_add_buf(l, l->real, ROLE_SCRATCH, 1, &axis, "%s.%s_change", u->c->name, u->f->name);
	}
	LowLoop zero = low_loop(b, "j", u->lo, u->hi, true);
	low_store(low_body(&zero), u->change, low_real(l, 0), 1, zero.index);
	low_close(&zero);
	LowLoop items = low_items(l, b);
	PlanEmit spiked = plan_emit(p, b->code);
	LowLoop cols = low_loop(&spiked, "j", u->lo, u->hi, true);
	Scope s = pair(u, low_body(&cols), NSIDE_PRE, items.index, i, cols.index);
	PlanExpr *e = low_expr(&s, f->e);
	if (f->mask)
		e = plan_ternary(p, PEXPR_SELECT, low_expr(&s, f->mask), e, low_real(l, 0));
	low_store(s.b, u->change, plan_binary(p, PEXPR_ADD, low_load(l, u->change, 1, cols.index), e), 1, cols.index);
	low_close(&cols);
	plan_emit_if(low_body(&items), low_fired(l, layer_of(u, NSIDE_PRE), items.index, i), &spiked, NULL);
	low_close(&items);
	LowLoop apply = low_loop(b, "j", u->lo, u->hi, true);
	PlanExpr *change = low_load(l, u->change, 1, apply.index);
	if (u->r->reduce == NREDUCE_MEAN)
		change = plan_binary(p, PEXPR_DIV, change, low_real(l, (double)l->batch));
	PlanExpr *now = upd_updated(l, f->op, low_load(l, u->low->buf, 2, i, apply.index), change);
	now = bounded(u, low_body(&apply), i, apply.index, now, clip);
	low_store(low_body(&apply), u->low->buf, now, 2, i, apply.index);
	low_close(&apply);
}

/* One statement for the partners of a neuron that spiked: i or j is NULL, and runs in the loop. */
static void
line_statement(Update *u, PlanEmit *b, const Group *g, uint32_t k, PlanExpr *i, PlanExpr *j, bool clip)
{
	Lower *l = u->l;
	const Flat *f = &u->flat.at[k];
	PlanExpr *lo = i ? u->lo : low_i64(l, 0), *hi = i ? u->hi : low_i64(l, (int64_t)u->npre);
	l->p->at = f->span;
	LowLoop items = {.unit = true, .outer = b};
	if (!upd_is_value(f))
		items = items_of(u, b, f);
	PlanEmit spiked = plan_emit(l->p, b->code);
	bool asks = !items.unit;
	LowLoop line = low_loop(asks ? &spiked : low_body(&items), i ? "j" : "i", lo, hi, true);
	PlanExpr *pre = i ? i : line.index, *post = j ? j : line.index;
	if (upd_is_value(f))
		change_pair(u, low_body(&line), g, k, pre, post, clip);
	else
		upd_store(u, low_body(&line), f, items.index, pre, post);
	low_close(&line);
	if (asks)
		plan_emit_if(low_body(&items), low_fired(l, layer_of(u, g->event), items.index, i ? i : j), &spiked, NULL);
	low_close(&items);
}

static void
line(Update *u, PlanEmit *b, const Group *g, PlanExpr *i, PlanExpr *j, bool clip)
{
	for (uint32_t k = g->lo; k < g->hi; k++) {
		const Flat *f = &u->flat.at[k];
		if (i && upd_is_value(f) && upd_adds(f) && u->r->reduce != NREDUCE_MAX)
			row_change(u, b, f, i, clip && is_last_change(u, g, k));
		else
			line_statement(u, b, g, k, i, j, clip);
	}
}

/* ---- all rows, all columns of spikes ----------------------------------------------------------------------------------- */

static void
rows(Update *u, PlanEmit *b, const Group *g, bool clip)
{
	PlanExpr *i;
	LowLoop loop = low_spiking(u->l, b, layer_of(u, NSIDE_PRE), "i", &i);
	if (low_is_listed(u->l, u->c, u->f)) {
		listed_row(u, low_body(&loop), g, i, clip);
	} else if (u->l->batch > 1) {
		line(u, low_body(&loop), g, i, NULL, clip);
	} else {
		LowLoop cols = low_loop(low_body(&loop), "j", u->lo, u->hi, true);
		at_once(u, low_body(&cols), g, i, cols.index, clip);
		low_close(&cols);
	}
	low_close(&loop);
}

/* g NULL: only brings the columns within their bounds. */
static void
columns(Update *u, PlanEmit *b, const Group *g, bool clip)
{
	Lower *l = u->l;
	Plan *p = l->p;
	PlanExpr *j;
	LowLoop loop = low_spiking(l, b, layer_of(u, NSIDE_POST), "j", &j);
	if (low_is_listed(l, u->c, u->f)) {
		listed_column(u, low_body(&loop), g, j, clip);
		low_close(&loop);
		return;
	}
	PlanEmit mine = plan_emit(p, b->code);
	if (g && l->batch > 1) {
		line(u, &mine, g, NULL, j, clip);
	} else {
		LowLoop each = low_loop(&mine, "i", low_i64(l, 0), low_i64(l, (int64_t)u->npre), true);
		PlanEmit *in = low_body(&each);
		if (g)
			at_once(u, in, g, each.index, j, clip);
		else
			low_store(in, u->low->buf, bounded(u, in, each.index, j, low_load(l, u->low->buf, 2, each.index, j), true), 2, each.index, j);
		low_close(&each);
	}
	PlanExpr *inside = plan_binary(p, PEXPR_AND, plan_binary(p, PEXPR_GE, j, u->lo), plan_binary(p, PEXPR_LT, j, u->hi));
	plan_emit_if(low_body(&loop), inside, &mine, NULL);
	low_close(&loop);
}

static void
loops(Update *u, PlanEmit *b, const Group *g, bool clip)
{
	if (g->event == NSIDE_OWN)
		everything(u, b, g);
	else if (g->event == NSIDE_PRE)
		rows(u, b, g, clip);
	else
		columns(u, b, g, clip);
}

/* Is there a later group that changes values at spikes of this side? */
static bool
changes_later(const Update *u, const Group *g, NetSide event)
{
	for (uint32_t k = 0; k < u->groups.n; k++) {
		const Group *h = &u->groups.at[k];
		if (h->lo > g->lo && h->changes && h->event == event)
			return true;
	}
	return false;
}

static NetSide
other(NetSide event)
{
	return event == NSIDE_PRE ? NSIDE_POST : NSIDE_PRE;
}

static PlanExpr *
compare_spikes(Update *u, PlanExprKind how, NetSide event)
{
	return plan_binary(u->l->p, how, low_spike_count(u->l, layer_of(u, event)), plan_int(u->l->p, PT_U32, 0));
}

/* What was changed at spikes of this side is clipped behind all changes: always if it waits for them, else where both
 * sides spiked and columns may have crossed rows. */
bool
upd_needs_late_clip(const Update *u, NetSide event)
{
	for (uint32_t k = 0; k < u->groups.n; k++) {
		const Group *g = &u->groups.at[k];
		if (!upd_is_at_spikes(g) || g->event != event)
			continue;
		if (u->clips_late || (u->clips_at_once && changes_later(u, g, other(event)) && !changes_later(u, g, event)))
			return true;
	}
	return false;
}

void
upd_pairs(Update *u, const Group *g)
{
	keys(u, u->b, g);
	bool clips = u->clips_at_once && g->changes && !changes_later(u, g, g->event);
	if (clips && changes_later(u, g, other(g->event))) {
		PlanEmit quiet = plan_emit(u->l->p, u->b->code), busy = plan_emit(u->l->p, u->b->code);
		loops(u, &quiet, g, true);
		loops(u, &busy, g, false);
		plan_emit_if(u->b, compare_spikes(u, PEXPR_EQ, other(g->event)), &quiet, &busy);
	} else {
		loops(u, u->b, g, clips);
	}
	u->keys = NULL;
}

static void
clip_rows(Update *u, PlanEmit *b)
{
	PlanExpr *i;
	LowLoop loop = low_spiking(u->l, b, layer_of(u, NSIDE_PRE), "i", &i);
	if (low_is_listed(u->l, u->c, u->f)) {
		listed_row(u, low_body(&loop), NULL, i, true);
		low_close(&loop);
		return;
	}
	LowLoop cols = low_loop(low_body(&loop), "j", u->lo, u->hi, true);
	PlanEmit *in = low_body(&cols);
	low_store(in, u->low->buf, bounded(u, in, i, cols.index, low_load(u->l, u->low->buf, 2, i, cols.index), true), 2, i, cols.index);
	low_close(&cols);
	low_close(&loop);
}

void
upd_clip_events(Update *u, NetSide first, NetSide last)
{
	for (NetSide side = first; side <= last; side++) {
		if (!upd_needs_late_clip(u, side))
			continue;
		PlanEmit busy = plan_emit(u->l->p, u->b->code), *to = u->clips_late ? u->b : &busy;
		if (side == NSIDE_PRE)
			clip_rows(u, to);
		else
			columns(u, to, NULL, true);
		if (!u->clips_late)
			plan_emit_if(u->b, compare_spikes(u, PEXPR_NE, other(side)), &busy, NULL);
	}
}
