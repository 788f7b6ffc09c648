/* lazy_growth: what post spikes add, as products of traces of the pre neuron times what the post neuron and the step say.
 *
 * w += sum of c * x * y * …: terms with the same traces of the pre neuron wait together. Where values have bounds all terms must have
 * one sign, so that what waits only grows, or only falls.
 */
#include "opt/lazy.h"
#include "opt/sign.h"

#include <math.h>
#include <string.h>

enum { OF_PRE = 1, OF_POST = 2, OF_SYNAPSE = 4 };

static unsigned
sides_of(const PlanExpr *e)
{
	unsigned sides = 0;
	if (e->kind == PEXPR_LOCAL)
		return e->id == LAZY_I ? OF_PRE : e->id == LAZY_J ? OF_POST : OF_SYNAPSE;
	for (uint32_t k = 0; k < e->nops; k++)
		sides |= sides_of(e->op[k]);
	return sides;
}

/* ---- expressions that belong to no code --------------------------------------------------------------------- */

PlanExpr *
lazy_at(Plan *p, const PlanExpr *e, PlanExpr *i, PlanExpr *j)
{
	if (e->kind == PEXPR_LOCAL && e->id == LAZY_I)
		return i;
	if (e->kind == PEXPR_LOCAL && e->id == LAZY_J)
		return j;
	PlanExpr *copy = arena_copy(p->arena, e, sizeof *e);
	for (uint32_t k = 0; k < e->nops; k++)
		copy->op[k] = lazy_at(p, e->op[k], i, j);
	return copy;
}

PlanExpr *
lazy_product(Plan *p, PlanType real, const Term *t)
{
	PlanExpr *all = t->c == 1 && t->n ? NULL : plan_float(p, real, t->c);
	for (uint32_t k = 0; k < t->n; k++) {
		PlanExpr *f = arena_copy(p->arena, t->f[k], sizeof *t->f[k]);
		if (f->type == PT_BOOL)
			f = plan_ternary(p, PEXPR_SELECT, f, plan_float(p, real, 1), plan_float(p, real, 0));
		all = all ? plan_binary(p, PEXPR_MUL, all, f) : f;
	}
	return all;
}

PlanExpr *
lazy_sum(Plan *p, PlanType real, const TermVec *v)
{
	PlanExpr *all = NULL;
	for (uint32_t k = 0; k < v->n; k++) {
		PlanExpr *one = lazy_product(p, real, &v->at[k]);
		all = all ? plan_binary(p, PEXPR_ADD, all, one) : one;
	}
	return all ? all : plan_float(p, real, 0);
}

/* ---- one term ------------------------------------------------------------------------------------------------- */

/* x[i] or x[0, i] */
static bool
is_trace(const Plan *p, const PlanExpr *e)
{
	return e->kind == PEXPR_LOAD && plan_type_is_float(e->type) && ((e->nops == 1 && is_local(e->op[0], LAZY_I)) || is_own(p, e, LAZY_I));
}

/* The traces in the order of their buffers, and all else. */
static const char *
split(const Plan *p, const Term *t, LazyWait *w, Term *rest)
{
	*rest = (Term){.c = t->c};
	for (uint32_t k = 0; k < t->n; k++) {
		unsigned sides = sides_of(t->f[k]);
		if (!(sides & (OF_PRE | OF_SYNAPSE))) {
			rest->f[rest->n++] = t->f[k];
			continue;
		}
		if (sides != OF_PRE || !is_trace(p, t->f[k]))
			return sides & OF_SYNAPSE ? "what a post spike adds depends on the synapse"
						  : "a post spike reads more of the pre neuron than traces that decay";
		if (w->n == LAZY_FACTORS)
			return "what a post spike adds has too many parts";
		uint32_t at = w->n++;
		for (; at && w->trace[at - 1] > t->f[k]->id; at--)
			w->trace[at] = w->trace[at - 1];
		w->trace[at] = t->f[k]->id;
	}
	return NULL;
}

static const char *
add_term(Waiting *m, const Term *t)
{
	LazyWait w = {0};
	Term rest;
	const char *why = split(m->z.p, t, &w, &rest);
	if (why)
		return why;
	for (uint32_t k = 0; k < m->waits; k++)
		if (m->wait[k].n == w.n && !memcmp(m->wait[k].trace, w.trace, sizeof w.trace[0] * w.n)) {
			VEC_PUSH(m->z.p->arena, &m->wait[k].rest, rest);
			return NULL;
		}
	if (m->waits == LAZY_WAITS)
		return "what a post spike adds has too many parts";
	VEC_PUSH(m->z.p->arena, &w.rest, rest);
	m->wait[m->waits++] = w;
	return NULL;
}

/* ---- all of them ---------------------------------------------------------------------------------------------- */

/* LAZY_W + terms without it. */
static const char *
add_unit(Waiting *m, LazyUnit *u)
{
	TermVec all = {0};
	uint32_t self = 0;
	if (!sum_of_products(m->z.p, u->value, &all))
		return "what a post spike adds has too many parts";
	for (uint32_t k = 0; k < all.n; k++) {
		const Term *t = &all.at[k];
		if (t->n == 1 && t->c == 1 && is_local(t->f[0], LAZY_W))
			self++;
		else
			VEC_PUSH(m->z.p->arena, &u->growth, *t);
	}
	if (self != 1)
		return "a post spike does not just add to the values";
	for (uint32_t k = 0; k < u->growth.n; k++) {
		const Term *t = &u->growth.at[k];
		for (uint32_t f = 0; f < t->n; f++)
			if (is_local(t->f[f], LAZY_W))
				return "what a post spike adds depends on the value";
		const char *why = add_term(m, t);
		if (why)
			return why;
	}
	return NULL;
}

/* Sums of what has one sign. */
static bool
has_one_sign(const Waiting *m)
{
	bool down = signbit(m->wait[0].rest.at[0].c);
	for (uint32_t k = 0; k < m->waits; k++) {
		const LazyWait *w = &m->wait[k];
		for (uint32_t f = 0; f < w->n; f++)
			if (!buffer_is_never_negative(m->z.p, w->trace[f]))
				return false;
		for (uint32_t t = 0; t < w->rest.n; t++) {
			if (signbit(w->rest.at[t].c) != down)
				return false;
			for (uint32_t f = 0; f < w->rest.at[t].n; f++)
				if (!is_never_negative(m->z.p, w->rest.at[t].f[f]))
					return false;
		}
	}
	return true;
}

static const char *
find_traces(Waiting *m, LazyWait *w)
{
	w->decay = 1;
	for (uint32_t k = 0; k < w->n; k++) {
		m->z.trace = w->trace[k];
		if (!lazy_trace(&m->z))
			return "a trace of the pre neuron does not decay by one factor";
		w->carry[k] = m->z.carry;
		w->decay *= m->z.decay;
	}
	return NULL;
}

static void
find_rest(Waiting *m, LazyWait *w)
{
	bool plain = true;
	for (uint32_t t = 0; t < w->rest.n; t++) {
		w->c += w->rest.at[t].c;
		plain = plain && !w->rest.at[t].n;
	}
	w->post = plain ? NULL : lazy_sum(m->z.p, m->z.p->bufs.at[m->z.w].type, &w->rest);
}

const char *
lazy_growth(Waiting *m)
{
	const char *why = NULL;
	for (uint32_t k = 0; k < m->units.n && !why; k++)
		why = m->units.at[k].columns ? add_unit(m, &m->units.at[k]) : NULL;
	if (why || !m->waits)
		return why ? why : "";
	for (uint32_t k = 0; k < m->waits && !why; k++) {
		why = find_traces(m, &m->wait[k]);
		find_rest(m, &m->wait[k]);
	}
	if (!why && m->bounds.n && !has_one_sign(m))
		why = "what post spikes add may have either sign, and the values have bounds on their way";
	return why;
}
