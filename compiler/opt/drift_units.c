/* drift_units: the kernels that learn, as loops over pairs, rows and columns that assign to states of synapses. */
#include "opt/drift_find.h"

/* ---- loops ------------------------------------------------------------------------------------------------- */

typedef struct { Drift *d; const PlanCode *code; Unit *u; PlanExpr **value; } Summary;

static PlanExpr *
with_values(Summary *s, const PlanExpr *e)
{
	if (e->kind == PEXPR_LOCAL && s->value[e->id])
		return s->value[e->id];
	PlanExpr *copy = arena_copy(s->d->z.p->arena, e, sizeof *e);
	for (uint32_t k = 0; k < e->nops; k++)
		copy->op[k] = with_values(s, e->op[k]);
	return copy;
}

/* Whether what stands for a synapse stands for that of this turn. */
static bool
reads_cells_alone(const Unit *u, const Plan *p, const PlanExpr *e)
{
	if (e->kind == PEXPR_MASK)
		return false;
	if (e->kind == PEXPR_LOAD && p->bufs.at[e->id].naxes == 2 && p->bufs.at[e->id].axis[0].kind == AXIS_PRE)
		return is_cell((const PlanExpr *const *)e->op, e->nops, u->i, u->j);
	for (uint32_t k = 0; k < e->nops; k++)
		if (!reads_cells_alone(u, p, e->op[k]))
			return false;
	return true;
}

/* With loads in place of what has been stored by now; *ok = false where a state is read as it was before that. */
static PlanExpr *
with_stored(const Drift *d, const Unit *u, PlanExpr *e, bool *ok)
{
	const Plan *p = d->z.p;
	for (uint32_t a = 0; a < u->assigns.n; a++) {
		const Assign *s = &u->assigns.at[a];
		if (s->e == e) {
			PlanExpr *at[] = {plan_local(d->z.p, p->codes.at[u->kernel], u->i), plan_local(d->z.p, p->codes.at[u->kernel], u->j)};
			return plan_load(d->z.p, s->buf, 2, at);
		}
		if (e->kind == PEXPR_LOAD && e->id == s->buf)
			*ok = false;
	}
	PlanExpr *copy = u->assigns.n ? arena_copy(p->arena, e, sizeof *e) : e;
	for (uint32_t k = 0; u->assigns.n && k < e->nops; k++)
		copy->op[k] = with_stored(d, u, e->op[k], ok);
	return copy;
}

static bool
summarise(Drift *d, Unit *u, const PlanStmt *loop)
{
	const Plan *p = d->z.p;
	const PlanCode *code = p->codes.at[u->kernel];
	Summary s = {d, code, u, ARENA_ARRAY(p->arena, PlanExpr *, code->nlocals)};
	for (uint32_t k = 0; k < loop->body.n; k++) {
		const PlanStmt *t = loop->body.at[k];
		if (t->kind == PSTMT_NOTE)
			continue;
		if (t->kind != PSTMT_LET && t->kind != PSTMT_VAR && t->kind != PSTMT_SET && t->kind != PSTMT_STORE)
			return false;
		PlanExpr *e = with_values(&s, t->e);
		bool ok = reads_cells_alone(u, p, e);
		for (uint32_t a = 0; a < u->assigns.n; a++)
			ok = ok && !expr_reads(t->e, u->assigns.at[a].buf);
		Assign stored = {t->id, t->kind == PSTMT_STORE ? with_stored(d, u, e, &ok) : NULL};
		if (t->kind != PSTMT_STORE)
			s.value[t->id] = e;
		else if (is_cell((const PlanExpr *const *)t->op, t->nops, u->i, u->j))
			VEC_PUSH(p->arena, &u->assigns, stored);
		else
			ok = false;
		if (!ok)
			return false;
	}
	return true;
}

static bool
is_range(const PlanStmt *s, bool simd)
{
	return s->kind == PSTMT_FOR && s->simd == simd && s->step == 1;
}

static bool
is_all(const PlanExpr *lo, const PlanExpr *hi, uint64_t n)
{
	return is_zero_index(lo) && hi->kind == PEXPR_CONST && (uint64_t)hi->value.i == n;
}

static bool
is_part(const PlanStmt *s)
{
	return is_local(s->e, 0) && is_local(s->hi, 1);
}

/* What kind of loop it is, and what it does to synapses. */
static bool
read_unit(Drift *d, Unit *u)
{
	const Plan *p = d->z.p;
	const PlanBuf *w = &p->bufs.at[d->z.w];
	const PlanStmt *s = u->loop, *in = s->body.n ? s->body.at[s->body.n - 1] : NULL;
	if (s->kind != PSTMT_FOR || !in)
		return false;
	if (in->kind == PSTMT_IF && in->body.n == 1 && !in->other.n)
		in = in->body.at[0];
	u->kind = UNIT_KEPT;
	if (in->kind != PSTMT_FOR)
		return true;
	uint32_t list = list_of(p, s);
	if (is_range(s, false) && is_all(s->e, s->hi, w->axis[0].extent) && s->body.n == 1 && is_range(in, true) && is_part(in)) {
		*u = (Unit){UNIT_PAIRS, u->kernel, u->loop, s->id, in->id, {0}};
	} else if (list != NO_ID && list == d->z.pre_list && count_of(s->hi) == d->z.pre_count && is_range(in, true) && is_part(in)) {
		*u = (Unit){UNIT_ROWS, u->kernel, u->loop, s->body.at[0]->id, in->id, {0}};
	} else if (list != NO_ID && count_of(s->hi) == d->z.post_count && is_range(in, true) &&
		   is_all(in->e, in->hi, w->axis[0].extent)) {
		*u = (Unit){UNIT_COLUMNS, u->kernel, u->loop, in->id, s->body.at[0]->id, {0}};
	} else {
		return true;
	}
	return p->codes.at[u->kernel]->range == w->axis[1].extent && summarise(d, u, in);
}

/* ---- kernels ------------------------------------------------------------------------------------------------ */

static bool
is_when_learning(const Plan *p, const PlanCode *c)
{
	if (c->kind != CODE_KERNEL || c->body.n != 1)
		return false;
	const PlanStmt *s = c->body.at[0];
	return s->kind == PSTMT_IF && !s->other.n && is_scalar_load(s->e) && s->e->id == plan_find_buf(p, "learning");
}

static bool
stores_for(PlanBlock b, PlanBlock reader)
{
	for (uint32_t i = 0; i < b.n; i++)
		if (b.at[i]->kind == PSTMT_STORE && block_reads(reader, b.at[i]->id))
			return true;
	return false;
}

/* Learns in neurons alone, what those at `first` to `last` read. */
static bool
goes_with(const Plan *p, const RunOrder *all, uint32_t k, uint32_t first, uint32_t last)
{
	const PlanCode *c = p->codes.at[all->at[k]];
	bool found = false;
	if (!is_when_learning(p, c))
		return false;
	PlanBlock b = c->body.at[0]->body;
	for (uint32_t i = 0; i < b.n; i++) {
		if (b.at[i]->kind != PSTMT_NOTE && (b.at[i]->kind != PSTMT_FOR || !b.at[i]->simd))
			return false;
		for (uint32_t r = first; r <= last; r++)
			found = found || stores_for(b.at[i]->body, p->codes.at[all->at[r]]->body);
	}
	return found;
}

/* The kernels of the step from the first to the last that stores to w, and what learns in neurons beside them. */
bool
find_kernels(Drift *d)
{
	const Plan *p = d->z.p;
	uint32_t step = plan_find_code(p, "step");
	RunOrder all = {0};
	if (step == NO_ID)
		return false;
	list_runs(p, p->codes.at[step]->body, &all);
	uint32_t first = all.n, last = 0;
	for (uint32_t k = 0; k < all.n; k++)
		if (block_stores(p->codes.at[all.at[k]]->body, d->z.w)) {
			first = first == all.n ? k : first;
			last = k;
		}
	if (first == all.n)
		return false;
	while (first && goes_with(p, &all, first - 1, first, last))
		first--;
	while (last + 1 < all.n && goes_with(p, &all, last + 1, first, last))
		last++;
	d->learns = ARENA_ARRAY(p->arena, bool, p->codes.n);
	for (uint32_t k = first; k <= last; k++) {
		if (!is_when_learning(p, p->codes.at[all.at[k]]) || d->learns[all.at[k]])
			return false;
		d->learns[all.at[k]] = true;
		VEC_PUSH(p->arena, &d->kernels, all.at[k]);
	}
	d->z.learns = d->learns;
	d->z.kernel = d->kernels.at[0];
	return true;
}

/* In one block, with nothing in between. */
bool
are_together(const Drift *d, PlanBlock b)
{
	uint32_t next = 0;
	for (uint32_t i = 0; i < b.n && next < d->kernels.n; i++) {
		const PlanStmt *s = b.at[i];
		if (s->kind == PSTMT_RUN && s->id == d->kernels.at[next])
			next++;
		else if (next && s->kind != PSTMT_NOTE)
			return false;
	}
	return next == d->kernels.n;
}

bool
read_units(Drift *d)
{
	const Plan *p = d->z.p;
	for (uint32_t k = 0; k < d->kernels.n; k++) {
		PlanBlock b = p->codes.at[d->kernels.at[k]]->body.at[0]->body;
		for (uint32_t i = 0; i < b.n; i++) {
			if (b.at[i]->kind == PSTMT_NOTE)
				continue;
			Unit u = {.kernel = d->kernels.at[k], .loop = b.at[i], .i = NO_ID, .j = NO_ID};
			if (!read_unit(d, &u))
				return false;
			VEC_PUSH(p->arena, &d->units, u);
		}
	}
	return true;
}
