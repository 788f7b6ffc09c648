/* land: what spikes bring to a state is added to the state itself, not to a sum that the state takes over later.
 *
 * reads    plan after ahead; a kernel that sets sums to zero and then only adds to them, `x[0, j] = x[0, j] + …`, and another one that reads
 *          each sum once, in its turn's own element, as `g = … + x`, where g goes to its state and is not looked at again
 * writes   the additions go to the states, behind the kernel that read the sums: no sum is emptied, filled, or read. What runs between
 *          the two and minds (a list of spikes that is found anew) comes behind them
 * rounds   (g + a) + b stands in the place of g + (a + b): a step moves a state by half a unit in the last place for each addition, of the
 *          largest value on the way; with a state that forgets within a few hundred steps 1e-5 of the largest value is never met
 * example  tests/opt/land
 */
#include "opt/pass.h"
#include "opt/query.h"
#include "opt/touch.h"

#include <string.h>

enum { LEAST = 512 };                             /* neurons: the arrays of fewer lie in L1 */

/* One sum: where it is read (`let`), what takes it (`taker`, a set or a store, becomes `rest`), and the state. */
typedef struct { uint32_t sum, state; PlanStmt *loop, *let, *taker; PlanExpr *rest; } Landing;
typedef struct { Plan *p; uint32_t adds, reads; VEC(Landing) landings; } Land;

/* ---- counting ---------------------------------------------------------------------------------------------------- */

static uint32_t
count_expr(const PlanExpr *e, PlanExprKind kind, uint32_t id)
{
	if (!e)
		return 0;
	uint32_t n = e->id == id && (e->kind == kind || (kind == PEXPR_LOAD && e->kind == PEXPR_MASK));
	for (uint32_t k = 0; k < e->nops; k++)
		n += count_expr(e->op[k], kind, id);
	return n;
}

/* How often statements load a buffer, or read a local. */
static uint32_t
count(PlanBlock b, PlanExprKind kind, uint32_t id)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *s = b.at[i];
		n += count_expr(s->e, kind, id) + count_expr(s->hi, kind, id) + count(s->body, kind, id) + count(s->other, kind, id);
		for (uint32_t k = 0; k < s->nops; k++)
			n += count_expr(s->op[k], kind, id);
	}
	return n;
}

static uint32_t
count_changes(PlanBlock b, PlanStmtKind kind, uint32_t id)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < b.n; i++)
		n += (b.at[i]->kind == kind && b.at[i]->id == id) + count_changes(b.at[i]->body, kind, id) + count_changes(b.at[i]->other, kind, id);
	return n;
}

/* ---- who adds ---------------------------------------------------------------------------------------------------- */

/* x[0, j] = x[0, j] + …, where the rest does not read x. */
static bool
is_addition(const PlanStmt *s)
{
	const PlanExpr *e = s->e;
	if (s->nops != 2 || e->kind != PEXPR_ADD || e->op[0]->kind != PEXPR_LOAD || e->op[0]->id != s->id || expr_reads(e->op[1], s->id))
		return false;
	const PlanExpr *at = e->op[0]->op[1];
	return is_zero_index(s->op[0]) && is_zero_index(e->op[0]->op[0]) && at->kind == PEXPR_LOCAL && is_local(s->op[1], at->id);
}

/* All that is stored is a sum; all that is loaded of a sum is for its additions. */
static bool
only_adds(const Land *l, PlanBlock b)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *s = b.at[i];
		bool sum = s->kind != PSTMT_STORE;
		for (uint32_t k = 0; !sum && k < l->landings.n; k++)
			sum = l->landings.at[k].sum == s->id;
		if (!sum || (s->kind == PSTMT_STORE && !is_addition(s)) || !only_adds(l, s->body) || !only_adds(l, s->other))
			return false;
	}
	return true;
}

/* The sums of a kernel that does nothing but to empty them first and add to them then. */
static bool
find_sums(Land *l)
{
	const PlanCode *c = l->p->codes.at[l->adds];
	for (uint32_t i = 0; i < c->body.n; i++) {
		PlanBlock before = {c->body.at, i}, one = {&c->body.at[i], 1};
		uint32_t sum = zeroed_by(l->p, c->body.at[i]);
		if (sum == NO_ID && !only_adds(l, one))
			return false;
		if (sum != NO_ID && (block_touches(before, sum) || host_knows(l->p, sum)))
			return false;
		if (sum != NO_ID)
			VEC_PUSH(l->p->arena, &l->landings, (Landing){.sum = sum});
	}
	for (uint32_t k = 0; k < l->landings.n; k++)
		if (count(c->body, PEXPR_LOAD, l->landings.at[k].sum) != count_changes(c->body, PSTMT_STORE, l->landings.at[k].sum) - 1)
			return false;
	return l->landings.n > 0;
}

/* ---- who reads --------------------------------------------------------------------------------------------------- */

/* A sum of terms without the one that is a local; NULL: there is no other, or it is no term. */
static PlanExpr *
without(Plan *p, PlanExpr *e, uint32_t local)
{
	if (e->kind != PEXPR_ADD)
		return NULL;
	for (int k = 0; k < 2; k++) {
		if (is_local(e->op[k], local))
			return e->op[!k];
		PlanExpr *rest = without(p, e->op[k], local);
		if (rest)
			return plan_binary(p, PEXPR_ADD, k ? e->op[0] : rest, k ? rest : e->op[1]);
	}
	return NULL;
}

static bool
is_own_store(const PlanStmt *s, uint32_t j)
{
	return s->kind == PSTMT_STORE && s->nops == 2 && is_zero_index(s->op[0]) && is_local(s->op[1], j);
}

/* The state that `taker`, statement i of the loop, gives the sum to: stored there, or held in a local which goes to one store. */
static uint32_t
state_of(const PlanStmt *loop, uint32_t i)
{
	const PlanStmt *taker = loop->body.at[i];
	if (taker->kind == PSTMT_STORE)
		return is_own_store(taker, loop->id) ? taker->id : NO_ID;
	PlanBlock behind = {loop->body.at + i + 1, loop->body.n - i - 1};
	if (taker->kind != PSTMT_SET || count(behind, PEXPR_LOCAL, taker->id) != 1 || count_changes(behind, PSTMT_SET, taker->id))
		return NO_ID;
	for (uint32_t k = 0; k < behind.n; k++)
		if (is_own_store(behind.at[k], loop->id) && is_local(behind.at[k]->e, taker->id))
			return behind.at[k]->id;
	return NO_ID;
}

/* The state is written once, in this loop, and what reads it stands before the sum is taken. */
static bool
is_done_with(const Plan *p, const PlanCode *c, const PlanStmt *loop, uint32_t i, uint32_t state, uint32_t sum)
{
	const PlanBuf *a = &p->bufs.at[state], *b = &p->bufs.at[sum];
	PlanBlock until = {loop->body.at, i + 1};
	return a->type == b->type && a->naxes == 2 && a->axis[0].extent == 1 && a->axis[1].extent == b->axis[1].extent &&
	       count_changes(c->body, PSTMT_STORE, state) == 1 && count(c->body, PEXPR_LOAD, state) == count(until, PEXPR_LOAD, state);
}

static bool
take(Land *l, Landing *at, PlanStmt *loop)
{
	const PlanCode *c = l->p->codes.at[l->reads];
	PlanBlock b = loop->body;
	for (uint32_t i = 0; i < b.n; i++)
		if (b.at[i]->kind == PSTMT_LET && is_own(l->p, b.at[i]->e, loop->id) && b.at[i]->e->id == at->sum)
			at->let = b.at[i];
	if (!at->let || count(c->body, PEXPR_LOAD, at->sum) != 1 || count(c->body, PEXPR_LOCAL, at->let->id) != 1)
		return false;
	for (uint32_t i = 0; i < b.n; i++) {
		if ((b.at[i]->kind != PSTMT_SET && b.at[i]->kind != PSTMT_STORE) || !count_expr(b.at[i]->e, PEXPR_LOCAL, at->let->id))
			continue;
		at->loop = loop;
		at->taker = b.at[i];
		at->rest = without(l->p, at->taker->e, at->let->id);
		at->state = state_of(loop, i);
		return at->rest && at->state != NO_ID && is_done_with(l->p, c, loop, i, at->state, at->sum);
	}
	return false;
}

/* The only other code that touches the sums, in a loop over all. */
static bool
find_reader(Land *l)
{
	Plan *p = l->p;
	l->reads = NO_ID;
	for (uint32_t c = 0; c < p->codes.n; c++)
		for (uint32_t k = 0; c != l->adds && k < l->landings.n; k++) {
			if (!block_touches(p->codes.at[c]->body, l->landings.at[k].sum))
				continue;
			if ((l->reads != NO_ID && l->reads != c) || p->codes.at[c]->kind != CODE_KERNEL ||
			    block_stores(p->codes.at[c]->body, l->landings.at[k].sum))
				return false;
			l->reads = c;
		}
	if (l->reads == NO_ID || p->codes.at[l->reads]->range != p->codes.at[l->adds]->range)
		return false;
	PlanBlock b = p->codes.at[l->reads]->body;
	for (uint32_t k = 0; k < l->landings.n; k++) {
		bool found = false;
		for (uint32_t i = 0; i < b.n && !found; i++)
			found = is_whole(b.at[i]) && take(l, &l->landings.at[k], b.at[i]);
		if (!found || block_touches(p->codes.at[l->adds]->body, l->landings.at[k].state))
			return false;
	}
	return true;
}

/* ---- the schedule ------------------------------------------------------------------------------------------------ */

static PlanBlock
what_runs(const Plan *p, PlanStmt *const *s)
{
	return (*s)->kind == PSTMT_RUN ? p->codes.at[(*s)->id]->body : (PlanBlock){(PlanStmt **)s, 1};
}

/* Whether a statement may come before one that waits. The kernel that adds touches the states, too, from now on. */
static bool
may_pass(const Land *l, PlanStmt *const *s, PlanStmt *const *waits)
{
	if (!touch_other_buffers(l->p, what_runs(l->p, s), what_runs(l->p, waits)))
		return false;
	for (uint32_t k = 0; (*waits)->kind == PSTMT_RUN && (*waits)->id == l->adds && k < l->landings.n; k++)
		if (block_touches(what_runs(l->p, s), l->landings.at[k].state))
			return false;
	return true;
}

/* From the kernel that adds to the one that reads: what minds waits behind both. */
static bool
reorder(const Land *l, PlanBlock b, uint32_t from, uint32_t to)
{
	PlanStmt **wait = ARENA_ARRAY(l->p->arena, PlanStmt *, to - from + 1), **order = ARENA_ARRAY(l->p->arena, PlanStmt *, to - from + 1);
	uint32_t waits = 0, n = 0;
	wait[waits++] = b.at[from];
	for (uint32_t i = from + 1; i <= to; i++) {
		bool passes = true, reads = i == to;
		for (uint32_t k = reads; passes && k < waits; k++)
			passes = b.at[i]->kind == PSTMT_NOTE || may_pass(l, &b.at[i], &wait[k]);
		if (!passes && reads)
			return false;
		if (passes)
			order[n++] = b.at[i];
		else
			wait[waits++] = b.at[i];
	}
	memcpy(order + n, wait, sizeof *wait * waits);
	memcpy(b.at + from, order, sizeof *order * (to - from + 1));
	return true;
}

/* Both run once, in one block, and nothing between them takes steps. */
static bool
schedule(const Land *l, PlanBlock b, uint32_t from)
{
	for (uint32_t to = from + 1; to < b.n; to++)
		if (b.at[to]->kind == PSTMT_RUN && b.at[to]->id == l->reads)
			return runs_once(l->p, l->adds) && runs_once(l->p, l->reads) && reorder(l, b, from, to);
	return false;
}

/* ---- the pass ---------------------------------------------------------------------------------------------------- */

static void
add_to_states(const Land *l, PlanBlock b)
{
	for (uint32_t i = 0; i < b.n; i++) {
		PlanStmt *s = b.at[i];
		for (uint32_t k = 0; s->kind == PSTMT_STORE && k < l->landings.n; k++) {
			if (l->landings.at[k].sum != s->id)
				continue;
			s->id = l->landings.at[k].state;
			s->e = plan_binary(l->p, PEXPR_ADD, plan_load(l->p, s->id, 2, s->op), s->e->op[1]);
			break;
		}
		add_to_states(l, s->body);
		add_to_states(l, s->other);
	}
}

static void
take_out(PlanBlock *b, const PlanStmt *s)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < b->n; i++)
		if (b->at[i] != s)
			b->at[n++] = b->at[i];
	b->n = n;
}

static void
rewrite(Land *l)
{
	PlanBlock *adds = &l->p->codes.at[l->adds]->body;
	uint32_t n = 0;
	for (uint32_t i = 0; i < adds->n; i++)
		if (zeroed_by(l->p, adds->at[i]) == NO_ID)
			adds->at[n++] = adds->at[i];
	adds->n = n;
	add_to_states(l, *adds);
	for (uint32_t k = 0; k < l->landings.n; k++) {
		Landing *at = &l->landings.at[k];
		at->taker->e = at->rest;
		take_out(&at->loop->body, at->let);
		if (at->taker->kind == PSTMT_SET && is_local(at->rest, at->taker->id))
			take_out(&at->loop->body, at->taker);
	}
	plan_remark(l->p, "land", true, l->p->codes.at[l->adds], "what spikes bring is added to the states, with no sum between");
}

void
pass_land(Plan *p)
{
	uint32_t step = plan_find_code(p, "step");
	if (step == UINT32_MAX)
		return;
	PlanBlock b = p->codes.at[step]->body;
	for (uint32_t i = 0; i < b.n; i++) {
		Land l = {.p = p, .adds = b.at[i]->id};
		if (b.at[i]->kind != PSTMT_RUN || p->codes.at[l.adds]->range < LEAST || !find_sums(&l))
			continue;
		if (!find_reader(&l)) {
			plan_remark(p, "land", false, p->codes.at[l.adds],
			            "its sums stay: what arrives is not just added to a state, or the same step looks at that state");
			continue;
		}
		if (schedule(&l, b, i)) {
			rewrite(&l);
			i--;                              /* another one stands here now */
		} else {
			plan_remark(p, "land", false, p->codes.at[l.adds], "what runs between adding and reading would mind");
		}
	}
}
