/* drift_match: whether synapses that move in each step may wait.
 *
 * In the kernels that learn, in their order, one behind the other:
 *     x[i, j] = decay * x[i, j] + height * trace[i] * (post neuron j spiked) + anything * (pre neuron i spiked)
 *     w[i, j] = clip(w[i, j] + strength * x[i, j])
 * or the brackets stand for loops over the neurons that spiked; or what spikes bring is a state of its own, which x, or w itself,
 * gets one step later. trace decays by one factor but for its neuron's own spikes, strength is the same for all.
 */
#include "opt/drift.h"

#include <math.h>

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
static bool
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
static bool
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

static bool
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

/* ---- w ------------------------------------------------------------------------------------------------------- */

static bool
is_load_of(const PlanExpr *e, uint32_t buf)
{
	return e->kind == PEXPR_LOAD && e->id == buf;
}

/* select(v < k, k, v) and the like around a value that is the same wherever it is read; gives that, and sets the bounds. */
static const PlanExpr *
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
	if (e->kind == PEXPR_LOCAL || e->kind == PEXPR_MASK || (e->kind == PEXPR_LOAD && e->nops))
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

static const char *
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
		if (seen->decayed || seen->columns_before + seen->columns_behind)
			return "the state is set more than once in a step";
		const char *why = match_sum(d, u, s, seen);
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
static const char *
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

/* ---- what else happens ------------------------------------------------------------------------------------------ */

static bool
reads_what(const PlanExpr *e, PlanBlock stored)
{
	if (e->kind == PEXPR_LOAD && block_stores(stored, e->id))
		return true;
	for (uint32_t k = 0; k < e->nops; k++)
		if (reads_what(e->op[k], stored))
			return true;
	return false;
}

static bool
unit_reads(const Unit *u, PlanBlock stored)
{
	for (uint32_t a = 0; a < u->assigns.n; a++)
		if (reads_what(u->assigns.at[a].e, stored))
			return true;
	return false;
}

/* All pairs are looked at where the last of their loops stands, but for clips. */
static const char *
match_order(Drift *d)
{
	for (uint32_t k = 0; k < d->units.n; k++) {
		const Unit *u = &d->units.at[k];
		bool clip = u->kind == UNIT_PAIRS && u->assigns.n == 1 && u->assigns.at[0].buf == d->z.w &&
			    is_load_of(without_clip(d, u->assigns.at[0].e), d->z.w);
		if (u->kind != UNIT_KEPT && !clip)
			d->at = k;
	}
	for (uint32_t k = 0; k < d->units.n; k++) {
		PlanBlock kept = {&d->units.at[k].loop, 1};
		if (d->units.at[k].kind != UNIT_KEPT)
			continue;
		if (block_stores(kept, d->z.w) || block_stores(kept, d->x) || reads_what(d->strength, kept) ||
		    block_reads(kept, d->z.w) || block_reads(kept, d->x) || (d->brings && k > d->at && reads_what(d->brings, kept)))
			return "something else is done with the states of the synapses";
		if (d->offer != NO_ID && (block_stores(kept, d->offer) || block_reads(kept, d->offer)))
			return "something else is done with the states of the synapses";
		for (uint32_t b = 0; b < k && k < d->at; b++)
			if (d->units.at[b].kind != UNIT_KEPT && unit_reads(&d->units.at[b], kept))
				return "what the synapses read changes between their loops";
	}
	return NULL;
}

/* Nobody but the kernels that learn looks at a state in a step. */
static bool
is_private(const Drift *d, uint32_t buf)
{
	const Plan *p = d->z.p;
	RunOrder all = {0};
	list_runs(p, p->codes.at[d->z.step]->body, &all);
	for (uint32_t k = 0; k < all.n; k++)
		if (!d->learns[all.at[k]] && (block_reads(p->codes.at[all.at[k]]->body, buf) || block_stores(p->codes.at[all.at[k]]->body, buf)))
			return false;
	Lazy other = d->z;
	other.w = buf;
	return lazy_place(&other);
}

/* Spikes are those of the lists: nobody changes them behind those. */
static bool
lists_are_final(const Drift *d)
{
	const Plan *p = d->z.p;
	RunOrder all = {0};
	uint32_t lists = 0;
	list_runs(p, p->codes.at[d->z.step]->body, &all);
	for (uint32_t k = 0; k < all.n; k++) {
		PlanBlock b = p->codes.at[all.at[k]]->body;
		if (block_stores(b, d->z.pre_count))
			lists++;
		else if (lists && (block_stores(b, d->z.pre_flags)))
			return false;
		if (d->learns[all.at[k]])
			return lists == 1;
	}
	return false;
}

/* The list of the spikes of a layer, from whoever delivers along it. */
static bool
find_list(Drift *d, PlanBlock b)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *s = b.at[i];
		uint32_t list = s->kind == PSTMT_FOR ? list_of(d->z.p, s) : NO_ID;
		if (list != NO_ID && block_reads(s->body, d->z.w) && s->body.at[1]->kind == PSTMT_FOR && s->body.at[1]->simd) {
			d->z.pre_list = list;
			d->z.pre_count = count_of(s->hi);
			return true;
		}
		if (find_list(d, s->body) || find_list(d, s->other))
			return true;
	}
	return false;
}

/* The flags of post neurons are read in the kernels that learn, by j, or their list is walked. */
static void
find_post_flags(const Drift *d, const PlanExpr *e, uint32_t j, uint32_t *flags)
{
	if (is_own(d->z.p, e, j) && e->type == PT_BOOL)
		*flags = e->id;
	for (uint32_t k = 0; k < e->nops; k++)
		find_post_flags(d, e->op[k], j, flags);
}

/* The count of a loop over columns, before its kind is known. */
static uint32_t
count_of_columns(const Drift *d)
{
	const Plan *p = d->z.p;
	for (uint32_t k = 0; k < d->kernels.n; k++) {
		PlanBlock b = p->codes.at[d->kernels.at[k]]->body.at[0]->body;
		for (uint32_t i = 0; i < b.n; i++)
			if (list_of(p, b.at[i]) != NO_ID && b.at[i]->body.at[1]->kind == PSTMT_IF)
				return count_of(b.at[i]->hi);
	}
	return NO_ID;
}

static bool
find_spikes(Drift *d)
{
	const Plan *p = d->z.p;
	d->z.pre_list = NO_ID;
	for (uint32_t c = 0; c < p->codes.n && d->z.pre_list == NO_ID; c++)
		if (p->codes.at[c]->kind == CODE_KERNEL && !d->learns[c])
			find_list(d, p->codes.at[c]->body);
	if (d->z.pre_list == NO_ID)
		return false;
	d->z.post_count = count_of_columns(d);
	return true;
}

static bool
find_flags(Drift *d)
{
	uint32_t post = NO_ID;
	bool walked = d->z.post_count != NO_ID;
	for (uint32_t k = 0; k < d->units.n; k++)
		for (uint32_t a = 0; a < d->units.at[k].assigns.n; a++)
			find_post_flags(d, d->units.at[k].assigns.at[a].e, d->units.at[k].j, &post);
	if (!walked)
		d->z.post_count = d->z.pre_count;         /* any that there is */
	bool found = lazy_flags(&d->z);
	if (post != NO_ID && walked && post != d->z.post_flags)
		return false;
	if (post != NO_ID)
		d->z.post_flags = post;
	return found && (walked || post != NO_ID);
}

/* A trace that the kernels that learn keep themselves. */
static bool
find_own_trace(Drift *d)
{
	const Plan *p = d->z.p;
	RunOrder all = {0};
	list_runs(p, p->codes.at[d->z.step]->body, &all);
	for (uint32_t k = 0; k < all.n; k++)
		if (!d->learns[all.at[k]] && block_stores(p->codes.at[all.at[k]]->body, d->z.trace))
			return false;
	return trace_factor(d, &d->z.decay, &d->trace_now);
}

const char *
drift_match(Drift *d)
{
	const Plan *p = d->z.p;
	if (!find_kernels(d) || !find_spikes(d) || !read_units(d))
		return "";
	const char *why = find_flags(d) ? find_move(d) : "";
	if (!why)
		why = match_states(d);
	if (!why)
		why = match_order(d);
	if (why)
		return why;
	if (!lazy_place(&d->z) || !are_together(d, p->codes.at[d->z.step]->body) || !lists_are_final(d))
		return "something else looks at the weights in each step";
	if (!is_private(d, d->x) || (d->offer != NO_ID && !is_private(d, d->offer)))
		return "something else looks at the state in each step";
	d->height *= d->offer == NO_ID ? 1 : d->takes_share;
	if (p->bufs.at[d->z.trace].naxes == 1 ? !find_own_trace(d) : !lazy_trace(&d->z))
		return "the trace of the pre neuron does not decay by one factor";
	if (p->bufs.at[d->z.trace].naxes != 1)
		d->trace_now = d->z.decay;
	return NULL;
}
