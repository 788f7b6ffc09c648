/* drift_trace: how a trace that a rule keeps itself goes between spikes. */
#include "opt/drift.h"

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
