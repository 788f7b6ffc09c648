/* drift_sum: expressions as sums of products; how a trace that a rule keeps itself goes between spikes. */
#include "opt/drift.h"

#include <math.h>

enum { MOST_TERMS = 16 };

static bool
push_product(Plan *p, const Term *a, const Term *b, TermVec *out)
{
	Term t = *a;
	if (a->n + b->n > MOST_FACTORS || out->n >= MOST_TERMS)
		return false;
	t.c *= b->c;
	for (uint32_t k = 0; k < b->n; k++)
		t.f[t.n++] = b->f[k];
	VEC_PUSH(p->arena, out, t);
	return true;
}

static bool
scaled(Plan *p, const PlanExpr *e, double by, TermVec *out)
{
	uint32_t first = out->n;
	if (!sum_of_products(p, e, out))
		return false;
	for (uint32_t k = first; k < out->n; k++)
		out->at[k].c *= by;
	return true;
}

bool
sum_of_products(Plan *p, const PlanExpr *e, TermVec *out)
{
	TermVec a = {0}, b = {0};
	if (out->n >= MOST_TERMS)
		return false;
	switch (e->kind) {
	case PEXPR_CONST:
		if (e->value.f != 0)
			VEC_PUSH(p->arena, out, (Term){.c = e->value.f});
		return isfinite(e->value.f);
	case PEXPR_NEG:
		return scaled(p, e->op[0], -1, out);
	case PEXPR_ADD:
		return sum_of_products(p, e->op[0], out) && sum_of_products(p, e->op[1], out);
	case PEXPR_SUB:
		return sum_of_products(p, e->op[0], out) && scaled(p, e->op[1], -1, out);
	case PEXPR_DIV:
		if (e->op[1]->kind == PEXPR_CONST && e->op[1]->value.f != 0)
			return scaled(p, e->op[0], 1 / e->op[1]->value.f, out);
		break;
	case PEXPR_MUL:
		if (!sum_of_products(p, e->op[0], &a) || !sum_of_products(p, e->op[1], &b))
			return false;
		for (uint32_t i = 0; i < a.n; i++)
			for (uint32_t j = 0; j < b.n; j++)
				if (!push_product(p, &a.at[i], &b.at[j], out))
					return false;
		return true;
	case PEXPR_SELECT:                                /* select(spiked, a, 0) */
		if (e->op[0]->kind != PEXPR_LOAD || e->op[2]->kind != PEXPR_CONST || e->op[2]->value.f != 0)
			break;
		if (!sum_of_products(p, e->op[1], &a))
			return false;
		for (uint32_t i = 0; i < a.n; i++)
			if (!push_product(p, &a.at[i], &(Term){.c = 1, .n = 1, .f = {e->op[0]}}, out))
				return false;
		return true;
	default:
		break;
	}
	VEC_PUSH(p->arena, out, (Term){.c = 1, .n = 1, .f = {e}});
	return true;
}

/* ---- the trace ------------------------------------------------------------------------------------------- */

/* base + by * trace, where no pre neuron has spiked; flags are known. */
typedef struct { double base, by; } Linear;
typedef struct { const Drift *d; Linear now; uint32_t off[8], noff; } Quiet;

static bool quiet_value(const Quiet *q, const PlanExpr *e, Linear *out);

static bool
quiet_flag(const Quiet *q, const PlanExpr *e, bool *out)
{
	Linear a, b;
	if (e->kind == PEXPR_LOAD) {
		for (uint32_t k = 0; k < q->noff; k++)
			if (q->off[k] == e->id) {
				*out = false;
				return true;
			}
		return false;
	}
	if ((e->kind != PEXPR_NE && e->kind != PEXPR_EQ) || !plan_type_is_float(e->op[0]->type) ||
	    !quiet_value(q, e->op[0], &a) || !quiet_value(q, e->op[1], &b) || a.by != 0 || b.by != 0)
		return false;
	*out = (a.base == b.base) == (e->kind == PEXPR_EQ);
	return true;
}

static bool
quiet_value(const Quiet *q, const PlanExpr *e, Linear *out)
{
	Linear a, b;
	bool flag;
	*out = (Linear){0, 0};
	if (e->kind == PEXPR_CONST) {
		out->base = e->value.f;
		return true;
	}
	if (e->kind == PEXPR_LOAD && e->id == q->d->z.trace) {
		*out = q->now;
		return true;
	}
	if (e->kind == PEXPR_CAST && e->op[0]->type == PT_BOOL) {
		bool known = quiet_flag(q, e->op[0], &flag);
		out->base = known && flag;
		return known;
	}
	if (e->kind == PEXPR_SELECT)
		return quiet_flag(q, e->op[0], &flag) && quiet_value(q, e->op[flag ? 1 : 2], out);
	if ((e->kind != PEXPR_ADD && e->kind != PEXPR_SUB && e->kind != PEXPR_MUL) || !quiet_value(q, e->op[0], &a) ||
	    !quiet_value(q, e->op[1], &b))
		return false;
	if (e->kind == PEXPR_MUL) {
		*out = (Linear){a.base * b.base, a.base * b.by + a.by * b.base};
		return a.by == 0 || b.by == 0;
	}
	double sign = e->kind == PEXPR_SUB ? -1 : 1;
	*out = (Linear){a.base + sign * b.base, a.by + sign * b.by};
	return true;
}

/* for i simd { buf[i] = e }, which is the trace or a flag of it. */
static bool
quiet_loop(Quiet *q, const PlanStmt *loop)
{
	if (!loop->simd || loop->body.n != 1 || loop->body.at[0]->kind != PSTMT_STORE)
		return false;
	const PlanStmt *s = loop->body.at[0];
	Linear next;
	bool flag;
	if (s->id == q->d->z.trace) {
		bool ok = s->nops == 1 && is_local(s->op[0], loop->id) && quiet_value(q, s->e, &next);
		q->now = ok ? next : q->now;
		return ok;
	}
	if (s->e->type != PT_BOOL || q->noff == 8 || !quiet_flag(q, s->e, &flag) || flag)
		return false;
	q->off[q->noff++] = s->id;
	return true;
}

bool
trace_factor(const Drift *d, double *factor, double *read)
{
	Quiet q = {.d = d, .now = {0, 1}, .off = {d->z.pre_flags}, .noff = 1};
	for (uint32_t k = 0; k < d->units.n; k++) {
		const Unit *u = &d->units.at[k];
		if (u->kind == UNIT_KEPT && !quiet_loop(&q, u->loop) && block_stores((PlanBlock){(PlanStmt **)&u->loop, 1}, d->z.trace))
			return false;
		if (k == d->at)
			*read = q.now.by;
	}
	*factor = q.now.by;
	return q.now.base == 0 && *factor > 0 && *factor < 1 && *read > 0;
}
