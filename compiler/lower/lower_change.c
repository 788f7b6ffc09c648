/* lower_change: how values change that many pairs share, that belong to a target alone, or whose changes are averaged: by
 * dense loops over the values.
 */
#include "lower/lower_update.h"

#include "base/panic.h"

#include <math.h>

PlanExpr *
upd_change(Update *u, Scope *s, const Flat *f)
{
	PlanExpr *e = low_expr(s, f->e), *c = upd_condition(u, s, f);
	return c ? plan_ternary(s->l->p, PEXPR_SELECT, c, e, low_real(s->l, 0)) : e;
}

/* The change at (i, j), reduced over the items. */
PlanExpr *
upd_reduced(Update *u, PlanEmit *b, const Flat *f, PlanExpr *i, PlanExpr *j)
{
	Lower *l = u->l;
	Plan *p = l->p;
	if (l->batch == 1) {
		Scope s = upd_instance(u, b, low_i64(l, 0), i, j);
		return upd_change(u, &s, f);
	}
	bool max = u->r->reduce == NREDUCE_MAX;
	uint32_t sum = plan_emit_var(b, "change", low_real(l, max ? -INFINITY : 0));
	LowLoop items = low_items(l, b);
	Scope s = upd_instance(u, low_body(&items), items.index, i, j);
	PlanExpr *old = plan_local(p, b->code, sum), *e = upd_change(u, &s, f);
	if (max) {
		e = low_keep(s.b, "e", e);
		e = plan_ternary(p, PEXPR_SELECT, plan_binary(p, PEXPR_GT, e, old), e, old);
	} else {
		e = plan_binary(p, PEXPR_ADD, old, e);
	}
	plan_emit_set(s.b, sum, e);
	low_close(&items);
	return u->r->reduce == NREDUCE_MEAN ? plan_binary(p, PEXPR_DIV, old, low_real(l, (double)l->batch)) : old;
}

typedef enum { VALUE_DIRECT, VALUE_REDUCED, VALUE_KEPT, VALUE_AVERAGE } ValueKind;

/* ---- values that many pairs share: the change is the sum over them, for each item -------------------------- */

typedef struct {
	Update *u;
	const Flat *f;
	ValueKind kind;
	uint32_t ring, sum;
	PlanExpr *item;
} Shared;

static void
change_of_pair(void *env, PlanEmit *b, const LowIndex *at, PlanExpr *i, PlanExpr *j)
{
	Shared *w = env;
	w->u->at = at;
	Scope s = upd_instance(w->u, b, w->item, i, j);
	PlanExpr *now = plan_local(w->u->l->p, b->code, w->sum);
	plan_emit_set(b, w->sum, plan_binary(w->u->l->p, PEXPR_ADD, now, upd_change(w->u, &s, w->f)));
	w->u->at = NULL;
}

static PlanExpr *
shared_change(Shared *w, PlanEmit *b, const LowIndex *at, PlanExpr *i, PlanExpr *j)
{
	Update *u = w->u;
	Lower *l = u->l;
	Plan *p = l->p;
	bool max = u->r->reduce == NREDUCE_MAX && l->batch > 1;
	uint32_t most = max ? plan_emit_var(b, "most", low_real(l, -INFINITY)) : UINT32_MAX;
	if (!max)
		w->sum = plan_emit_var(b, "change", low_real(l, 0));
	LowLoop items = low_items(l, b);
	PlanEmit *in = low_body(&items);
	if (max)
		w->sum = plan_emit_var(in, "change", low_real(l, 0));
	w->item = items.index;
	low_each_pair(l, in, u->conn, at, i, j, change_of_pair, w);
	PlanExpr *sum = plan_local(p, b->code, w->sum);
	if (max) {
		PlanExpr *old = plan_local(p, b->code, most);
		plan_emit_set(in, most, plan_ternary(p, PEXPR_SELECT, plan_binary(p, PEXPR_GT, sum, old), sum, old));
		sum = old;
	}
	low_close(&items);
	bool mean = u->r->reduce == NREDUCE_MEAN && l->batch > 1;
	return mean ? plan_binary(p, PEXPR_DIV, sum, low_real(l, (double)l->batch)) : sum;
}

static void
shared_value(void *env, PlanEmit *b, const LowIndex *at, PlanExpr *i, PlanExpr *j)
{
	Shared *w = env;
	Update *u = w->u;
	Lower *l = u->l;
	Plan *p = l->p;
	PlanExpr *old = low_value_load(l, u->low->buf, at);
	LowIndex slot = {at->n + 1, {NULL}};
	for (uint32_t d = 0; d < at->n; d++)
		slot.at[d + 1] = at->at[d];
	switch (w->kind) {
	case VALUE_DIRECT: {
		u->at = at;
		Scope s = upd_instance(u, b, low_i64(l, 0), i, j);
		PlanExpr *e = upd_updated(l, w->f->op, old, low_expr(&s, w->f->e));
		PlanExpr *c = upd_condition(u, &s, w->f);
		if (c)
			e = plan_ternary(p, PEXPR_SELECT, c, e, old);
		low_value_store(b, u->low->buf, at, e);
		u->at = NULL;
		return;
	}
	case VALUE_REDUCED:
		low_value_store(b, u->low->buf, at, upd_updated(l, w->f->op, old, shared_change(w, b, at, i, j)));
		return;
	case VALUE_KEPT:
		slot.at[0] = low_load(l, u->ring_at, 0);
		low_value_store(b, w->ring, &slot, shared_change(w, b, at, i, j));
		return;
	case VALUE_AVERAGE: {
		uint32_t sum = plan_emit_var(b, "sum", low_real(l, 0));
		LowLoop slots = low_loop(b, "k", low_i64(l, 0), low_i64(l, (int64_t)u->r->average), false);
		PlanExpr *now = plan_local(p, b->code, sum);
		slot.at[0] = slots.index;
		plan_emit_set(low_body(&slots), sum, plan_binary(p, PEXPR_ADD, now, low_value_load(l, w->ring, &slot)));
		low_close(&slots);
		PlanExpr *mean = plan_binary(p, PEXPR_DIV, now, low_real(l, (double)u->r->average));
		low_value_store(b, u->low->buf, at, upd_updated(l, w->f->op, old, mean));
		return;
	}
	}
	UNREACHABLE();
}

static void
value_loop(Update *u, PlanEmit *outer, const Flat *f, ValueKind kind, uint32_t ring)
{
	Lower *l = u->l;
	Plan *p = l->p;
	if (!low_is_plain(u->c, u->f)) {
		Shared w = {.u = u, .f = f, .kind = kind, .ring = ring};
		PlanExpr *lo = u->lo, *hi = u->hi;
		if (upd_of_channel(u))
			lo = low_i64(l, 0), hi = low_i64(l, (int64_t)u->c->pattern.out);
		low_each_value_of(l, outer, u->conn, u->f, lo, hi, shared_value, &w);
		return;
	}
	LowLoop rows = low_loop(outer, "i", low_i64(l, 0), low_i64(l, (int64_t)u->npre), false);
	LowLoop cols = low_loop(low_body(&rows), "j", u->lo, u->hi, true);
	PlanEmit *b = low_body(&cols);
	PlanExpr *i = rows.index, *j = cols.index, *old = low_load(l, u->low->buf, 2, i, j);
	switch (kind) {
	case VALUE_DIRECT: {
		Scope s = upd_instance(u, b, low_i64(l, 0), i, j);
		PlanExpr *e = upd_updated(l, f->op, old, low_expr(&s, f->e));
		PlanExpr *c = upd_condition(u, &s, f);
		if (c)
			e = plan_ternary(p, PEXPR_SELECT, c, e, old);
		low_store(b, u->low->buf, e, 2, i, j);
		break;
	}
	case VALUE_REDUCED: {
		PlanExpr *change = upd_reduced(u, b, f, i, j);
		low_store(b, u->low->buf, upd_updated(l, f->op, old, change), 2, i, j);
		break;
	}
	case VALUE_KEPT: {
		PlanExpr *change = upd_reduced(u, b, f, i, j);
		low_store(b, ring, change, 3, low_load(l, u->ring_at, 0), i, j);
		break;
	}
	case VALUE_AVERAGE: {
		uint32_t sum = plan_emit_var(b, "sum", low_real(l, 0));
		LowLoop slots = low_loop(b, "k", low_i64(l, 0), low_i64(l, (int64_t)u->r->average), false);
		PlanExpr *now = plan_local(p, b->code, sum);
		plan_emit_set(low_body(&slots), sum, plan_binary(p, PEXPR_ADD, now, low_load(l, ring, 3, slots.index, i, j)));
		low_close(&slots);
		PlanExpr *mean = plan_binary(p, PEXPR_DIV, now, low_real(l, (double)u->r->average));
		low_store(b, u->low->buf, upd_updated(l, f->op, old, mean), 2, i, j);
		break;
	}
	}
	low_close(&cols);
	low_close(&rows);
}

void
upd_not_reducible(Update *u, const Flat *f)
{
	Lower *l = u->l;
	l->failed = true;
	if (u->told)
		return;
	u->told = true;
	bool truth = u->f->type == NT_BOOL, shared = u->c->pattern.kind == NPAT_CONV;
	if (shared) {
		diag_begin(l->env->diag, E0611, f->span, "a value of `%s` belongs to many pairs of neurons: what each of them changes must be "
		           "added or subtracted", u->f->name);
		diag_label(l->env->diag, u->r->span, "learned here");
		diag_help(l->env->diag, "write `w += …`; `decay` in the braces of `%s` shrinks its values in each step", u->f->name);
		diag_end(l->env->diag);
		return;
	}
	diag_begin(l->env->diag, E0611, f->span, "%s",
	           u->r->average ? "an average needs changes that are added or subtracted"
	           : truth       ? "with a batch above one a truth value must change alike for all items"
	                         : "with a batch above one a change must be added or subtracted");
	if (truth)
		diag_help(l->env->diag, "let the items agree first: `if max(1 if … else 0 over batch) > 0 { … }` in `each step`");
	else if (u->r->average)
		diag_help(l->env->diag, "write `w += …`");
	else
		diag_help(l->env->diag, "write `w += …`: changes of the items are reduced, then applied once; or read only what is the "
		                        "same for all: `w = mean(… over batch)`");
	diag_end(l->env->diag);
}

void
upd_change_values(Update *u, const Flat *f)
{
	Lower *l = u->l;
	Plan *p = l->p;
	bool adds = upd_adds(f), alike = upd_alike(u, f);
	if (u->r->average && adds) {
		PlanAxis axes[PLAN_MAX_AXES + 1] = {low_axis(AXIS_SLOT, u->r->average)};
		uint32_t n = low_value_axes(l, u->conn, u->f, axes + 1);
		uint32_t ring = low_add_buf(l, l->real, ROLE_STATE, n + 1, axes, "%s.%s_changes", u->c->name, u->f->name);
		value_loop(u, u->b, f, VALUE_KEPT, ring);
		if (u->r->average_each) {
			value_loop(u, u->b, f, VALUE_AVERAGE, ring);
			return;
		}
		PlanEmit full = plan_emit(p, u->b->code);
		value_loop(u, &full, f, VALUE_AVERAGE, ring);
		PlanExpr *last = low_i64(l, (int64_t)u->r->average - 1);
		plan_emit_if(u->b, plan_binary(p, PEXPR_EQ, low_load(l, u->ring_at, 0), last), &full, NULL);
	} else if (alike && !u->r->average) {
		value_loop(u, u->b, f, VALUE_DIRECT, NO_BUF);
	} else if (adds) {
		value_loop(u, u->b, f, VALUE_REDUCED, NO_BUF);
	} else {
		upd_not_reducible(u, f);
	}
}
