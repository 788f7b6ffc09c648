/* drift_state: how a weight moves by a state of its synapse, and the state by spikes (the forms stand in drift_match.c). */
#include "opt/drift_find.h"

#include <math.h>

/* ---- w ------------------------------------------------------------------------------------------------------- */

bool
is_load_of(const PlanExpr *e, uint32_t buf)
{
	return e->kind == PEXPR_LOAD && e->id == buf;
}

/* select(v < k, k, v) and the like around a value that is the same wherever it is read; gives that, and sets the bounds. */
const PlanExpr *
without_clip(Drift *d, const PlanExpr *e)
{
	while (e->kind == PEXPR_SELECT && e->op[1]->kind == PEXPR_CONST) {
		const PlanExpr *test = e->op[0];
		bool low = test->kind == PEXPR_LT;
		if ((!low && test->kind != PEXPR_GT) || test->op[0] != e->op[2] || test->op[1]->kind != PEXPR_CONST ||
		    test->op[1]->value.f != e->op[1]->value.f)
			break;
		*(low ? &d->low : &d->high) = e->op[1]->value.f;
		d->clipped = true;
		e = e->op[2];
	}
	return e;
}

/* e = strength * buf[i, j], by products alone: the strength is e with 1 in place of that. */
static PlanExpr *
strength_of(Drift *d, const PlanExpr *e, uint32_t *buf)
{
	Plan *p = d->z.p;
	if (e->kind == PEXPR_LOAD && e->nops == 2 && p->bufs.at[e->id].axis[0].kind == AXIS_PRE) {
		*buf = e->id;
		return plan_float(p, e->type, 1);
	}
	if (e->kind != PEXPR_MUL)
		return NULL;
	for (uint32_t k = 0; k < 2; k++) {
		PlanExpr *in = strength_of(d, e->op[k], buf);
		if (in)
			return plan_binary(p, PEXPR_MUL, k ? e->op[0] : in, k ? in : e->op[1]);
	}
	return NULL;
}

static bool
is_scalar(const PlanExpr *e)
{
	if (e->kind == PEXPR_LOCAL || e->kind == PEXPR_MASK)
		return false;
	for (uint32_t k = 0; k < e->nops; k++)
		if (!is_scalar(e->op[k]))
			return false;
	return true;
}

/* w = w + strength * x */
static const char *
match_move(Drift *d, const PlanExpr *core)
{
	Plan *p = d->z.p;
	uint32_t side = is_load_of(core->op[0], d->z.w) ? 1 : 0;
	if ((core->kind != PEXPR_ADD && core->kind != PEXPR_SUB) || !is_load_of(core->op[1 - side], d->z.w) ||
	    (core->kind == PEXPR_SUB && side == 0) || d->strength)
		return "the weight does not just move by something times a state";
	d->strength = strength_of(d, core->op[side], &d->x);
	if (!d->strength || d->x == d->z.w)
		return "the weight does not just move by something times a state";
	if (!is_scalar(d->strength))
		return "by how much the weight follows the state differs from synapse to synapse";
	if (core->kind == PEXPR_SUB)
		d->strength = plan_unary(p, PEXPR_NEG, d->strength);
	return NULL;
}

const char *
find_move(Drift *d)
{
	d->low = -INFINITY;
	d->high = INFINITY;
	for (uint32_t k = 0; k < d->units.n; k++)
		for (uint32_t a = 0; a < d->units.at[k].assigns.n; a++) {
			const Assign *s = &d->units.at[k].assigns.at[a];
			if (s->buf != d->z.w || d->units.at[k].kind == UNIT_ROWS)
				continue;
			const PlanExpr *core = without_clip(d, s->e);
			if (is_load_of(core, d->z.w))
				continue;
			if (d->units.at[k].kind == UNIT_COLUMNS || core->nops != 2)
				return "the weight jumps at post spikes";
			const char *why = match_move(d, core);
			if (why)
				return why;
		}
	return d->strength ? NULL : "";
}

/* ---- x ------------------------------------------------------------------------------------------------------- */

typedef struct { bool decayed, moved, offered, took; uint32_t columns_before, columns_behind; } Seen;

static bool
is_flag(const Drift *d, const PlanExpr *e, uint32_t flags, uint32_t local)
{
	if (e->kind == PEXPR_CAST)
		e = e->op[0];
	return is_own(d->z.p, e, local) && e->id == flags;
}

/* trace[i] or trace[0, i] */
static bool
is_trace(const Drift *d, const PlanExpr *e, uint32_t i)
{
	return e->kind == PEXPR_LOAD && ((e->nops == 1 && is_local(e->op[0], i)) || is_own(d->z.p, e, i));
}

/* What a post spike brings: height * trace. `flagged`: one of the factors says that it spiked. */
static const char *
match_column(Drift *d, const Unit *u, const Term *t, bool flagged, Seen *seen)
{
	const PlanExpr *trace = NULL;
	for (uint32_t k = 0; k < t->n; k++) {
		if (flagged && is_flag(d, t->f[k], d->z.post_flags, u->j))
			continue;
		if (trace || !is_trace(d, t->f[k], u->i))
			return "what a post spike brings is not a constant times a trace of the pre neuron";
		trace = t->f[k];
	}
	if (!trace || (d->z.trace != NO_ID && d->z.trace != trace->id))
		return "what a post spike brings is not a constant times a trace of the pre neuron";
	d->z.trace = trace->id;
	d->height += t->c;
	(*(seen->moved ? &seen->columns_behind : &seen->columns_before))++;
	return NULL;
}

/* One product of a sum that is stored to x, or to what is offered to it. */
static const char *
match_term(Drift *d, const Unit *u, const Term *t, Seen *seen)
{
	bool pre = false, post = false;
	for (uint32_t k = 0; k < t->n; k++) {
		pre = pre || is_flag(d, t->f[k], d->z.pre_flags, u->i);
		post = post || is_flag(d, t->f[k], d->z.post_flags, u->j);
	}
	if (pre)
		return NULL;
	return post ? match_column(d, u, t, true, seen) : "the state changes where neither neuron spiked";
}

static const char *
match_sum(Drift *d, const Unit *u, const Assign *s, Seen *seen)
{
	TermVec terms = {0};
	bool self = false, from_offer = false;
	if (!sum_of_products(d->z.p, s->e, &terms))
		return "the state is no sum of products";
	for (uint32_t k = 0; k < terms.n; k++) {
		const Term *t = &terms.at[k];
		const PlanExpr *cell = NULL;
		for (uint32_t f = 0; f < t->n; f++)
			if (t->f[f]->kind == PEXPR_LOAD && is_cell((const PlanExpr *const *)t->f[f]->op, t->f[f]->nops, u->i, u->j))
				cell = t->f[f];
		if (!cell) {
			const char *why = match_term(d, u, t, seen);
			if (why)
				return why;
		} else if (t->n != 1) {
			return "the state does not decay by a constant";
		} else if (cell->id == d->x && !self && s->buf == d->x) {
			self = true;
			d->decay = t->c;
		} else if (!from_offer && s->buf == d->x && cell->id != d->z.w && !seen->moved) {
			from_offer = true;
			d->offer = cell->id;
			d->takes_share = t->c;
		} else {
			return "the state depends on other states of the synapse";
		}
	}
	if (s->buf == d->x && from_offer) {
		d->takes = s->e;
		d->takes_i = u->i;
		d->takes_j = u->j;
		return terms.n == 2 && self ? NULL : "the state does not decay by a constant";
	}
	if (s->buf == d->x && !self)
		d->decay = 0;
	return NULL;
}

static const char *
match_pairs(Drift *d, const Unit *u, const Assign *s, Seen *seen)
{
	if (s->buf == d->x) {
		if (seen->decayed || seen->columns_behind || (seen->columns_before && seen->moved))
			return "the state is set more than once in a step";
		const double jumps = d->height;
		const char *why = match_sum(d, u, s, seen);
		d->height += jumps * d->decay - jumps;            /* what came before decays, too */
		seen->decayed = true;
		seen->took = d->offer != NO_ID;
		return why;
	}
	if (s->buf == d->offer && seen->took && !seen->offered && seen->moved) {
		seen->offered = true;
		d->brings = s->e;
		d->brings_i = u->i;
		d->brings_j = u->j;
		return match_sum(d, u, s, seen);
	}
	return "another state of the synapse changes, too";
}

static const char *
match_column_unit(Drift *d, const Unit *u, const Assign *s, Seen *seen)
{
	TermVec terms = {0};
	bool self = false;
	if (s->buf != d->x || !sum_of_products(d->z.p, s->e, &terms))
		return "a post spike changes more than the state";
	for (uint32_t k = 0; k < terms.n; k++) {
		const Term *t = &terms.at[k];
		if (t->n == 1 && is_load_of(t->f[0], d->x) && t->c == 1 && !self) {
			self = true;
			continue;
		}
		const char *why = match_column(d, u, t, false, seen);
		if (why)
			return why;
	}
	return self ? NULL : "a post spike does not just add to the state";
}

/* All that is stored, in its order. */
const char *
match_states(Drift *d)
{
	Seen seen = {0};
	d->offer = d->z.trace = NO_ID;
	d->decay = 1;
	for (uint32_t k = 0; k < d->units.n; k++) {
		const Unit *u = &d->units.at[k];
		for (uint32_t a = 0; a < u->assigns.n; a++) {
			const Assign *s = &u->assigns.at[a];
			const char *why = NULL;
			if (s->buf == d->z.w && u->kind == UNIT_PAIRS) {
				bool moves = !is_load_of(without_clip(d, s->e), d->z.w);
				if (moves)
					d->share = seen.decayed && d->offer == NO_ID ? d->decay : 1;
				seen.moved = seen.moved || moves;
			} else if (u->kind == UNIT_PAIRS) {
				why = match_pairs(d, u, s, &seen);
			} else if (u->kind == UNIT_COLUMNS) {
				why = match_column_unit(d, u, s, &seen);
			} else if (s->buf != d->x && s->buf != d->z.w) {
				why = "a pre spike changes another state";
			}
			if (why)
				return why;
		}
	}
	if (seen.columns_before && seen.columns_behind)
		return "the weight moves between what two post spikes bring";
	if (seen.took != seen.offered || d->z.trace == NO_ID || d->decay < 0 || d->decay > 1)
		return "the state does not decay";
	d->behind = seen.columns_before;
	return NULL;
}
