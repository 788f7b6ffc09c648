/* ahead: spikes that depend on nothing that the rest of the network does are made for many steps at once, so that each row of the matrix that
 * delivers them is fetched once for all of these steps.
 *
 * reads    plan after merge; kernels of a step that read what only they write, constants and the number of the step (inputs drawn at random, and what
 *          follows from them alone); a kernel that sets sums to zero and then adds the rows of such spikes to them
 * writes   where what was made is used up, those kernels run for as many steps as the run has left, `turns` at most, and their lists are
 *          kept; then the rows of all these steps are added, tile by tile of the matrix, as much of it as stays in the second cache
 *          together with the sums. What depends on nothing but these sums runs for all these steps then (level 2), and so on. In each step
 *          the sums of the last level are taken from there
 * keeps    every bit: each sum gets the same rows in the same order, since the rows of a list ascend and so do the tiles. The
 *          kernels see the same numbers of steps. No run ends, and no statement of the experiment comes, between two steps of a block:
 *          where a loop does more than steps, blocks have one
 * example  tests/opt/ahead
 */
#include "opt/ahead.h"
#include "opt/clone.h"
#include "opt/kernel.h"
#include "opt/left.h"
#include "opt/pass.h"
#include "opt/query.h"

enum {
	TURNS = 256,
	SUMS = 1 << 20                                    /* values that are added up, or listed, for later steps, at most */
};

/* ---- deliveries --------------------------------------------------------------------------------------------------- */

/* Reads of a row's loop: the sum's own element, elements of row i, own elements of anything; finds the largest matrix. */
static bool
reads_rows(const Plan *p, const PlanExpr *e, uint32_t i, uint32_t j, Delivery *d)
{
	if (e->kind == PEXPR_MASK)
		return false;
	if (e->kind == PEXPR_LOAD && e->id == d->sum)
		return is_own(p, e, j);
	if (e->kind == PEXPR_LOAD && is_cell((const PlanExpr *const *)e->op, e->nops, i, j) &&
	    (d->matrix == NO_ID || plan_buf_bytes(&p->bufs.at[e->id]) > plan_buf_bytes(&p->bufs.at[d->matrix])))
		d->matrix = e->id;
	for (uint32_t k = 0; k < e->nops; k++)
		if (!reads_rows(p, e->op[k], i, j, d))
			return false;
	return true;
}

static bool
adds_rows(const Plan *p, const PlanStmt *each, Delivery *d)
{
	d->list = list_of(p, each);
	const PlanStmt *along = d->list != NO_ID ? each->body.at[1] : NULL;
	if (!along || !is_whole(along) || !along->body.n)
		return false;
	d->count = count_of(each->hi);
	d->matrix = NO_ID;
	for (uint32_t k = 0; k < along->body.n; k++) {
		const PlanStmt *s = along->body.at[k];
		bool last = k + 1 == along->body.n;
		bool adds = s->kind == PSTMT_STORE && s->id == d->sum && s->nops == 2 && is_zero_index(s->op[0]) && is_local(s->op[1], along->id);
		if ((last ? !adds : s->kind != PSTMT_LET || expr_reads(s->e, d->sum)) || !reads_rows(p, s->e, each->body.at[0]->id, along->id, d))
			return false;
	}
	return d->matrix != NO_ID;
}

static uint32_t
behind_notes(PlanBlock b, uint32_t k)
{
	while (k < b.n && b.at[k]->kind == PSTMT_NOTE)
		k++;
	return k;
}

/* Zeros at k, and behind them, and notes, the rows. */
static bool
find_delivery(const Plan *p, uint32_t kernel, uint32_t k, Delivery *d)
{
	PlanBlock b = p->codes.at[kernel]->body;
	*d = (Delivery){.kernel = kernel, .zero = k, .sum = zeroed_by(p, b.at[k]), .add = behind_notes(b, k + 1)};
	return d->sum != NO_ID && d->add < b.n && adds_rows(p, b.at[d->add], d);
}

/* ---- the schedule ----------------------------------------------------------------------------------------------------------- */

static PlanExpr *
sum_of(Plan *p, PlanExpr *a, PlanExpr *b)
{
	return plan_binary(p, PEXPR_ADD, a, b);
}

static void
set(PlanEmit *b, uint32_t buf, PlanExpr *e)
{
	plan_emit_store(b, buf, 0, NULL, e);
}

/* The early kernels of one step and level, in their order; lists are kept where they are read. */
static void
emit_early(Ahead *a, uint32_t level, PlanEmit *b)
{
	Plan *p = a->p;
	uint32_t step = plan_find_buf(p, "step");
	PlanBlock all = p->codes.at[a->step]->body;
	for (uint32_t k = 0; k < all.n; k++) {
		if (all.at[k]->kind != PSTMT_RUN)
			continue;
		if (a->level[all.at[k]->id] == level)
			VEC_PUSH(p->arena, &b->v, all.at[k]);
		for (uint32_t i = 0; i < a->found.n; i++)
			if (a->found.at[i].kernel == all.at[k]->id && a->found.at[i].level == level)
				plan_emit_run(b, a->found.at[i].keep);
	}
	set(b, step, sum_of(p, load0(p, step), plan_int(p, PT_U64, 1)));
}

/* All steps of the block for one level, and then the sums of what spiked in them. */
static void
emit_level(Ahead *a, uint32_t level, PlanEmit *b)
{
	Plan *p = a->p;
	uint32_t step = plan_find_buf(p, "step");
	Loop turn = open_loop(b, "t");
	set(&turn.body, a->turn, turn.i);
	emit_early(a, level, &turn.body);
	close_loop(b, &turn, whole(p, 0), load0(p, a->until), false);
	set(b, step, plan_binary(p, PEXPR_SUB, load0(p, step), plan_cast(p, PT_U64, load0(p, a->until))));
	for (uint32_t i = 0; i < a->found.n; i++)
		if (a->found.at[i].level == level)
			plan_emit_run(b, a->found.at[i].collect);
}

/* Where the last block is used up: the next one. */
static void
emit_block(Ahead *a, PlanEmit *b)
{
	Plan *p = a->p;
	PlanEmit next = plan_emit(p, b->code);
	PlanExpr *left = smaller(p, load0(p, a->left), whole(p, (int64_t)a->turns));
	set(&next, a->until, larger(p, left, whole(p, 1)));
	for (uint32_t level = 1; level <= a->levels; level++)
		emit_level(a, level, &next);
	set(&next, a->turn, whole(p, 0));
	plan_emit_if(b, plan_binary(p, PEXPR_EQ, load0(p, a->turn), load0(p, a->until)), &next, NULL);
}

static void
weave_step(Ahead *a)
{
	Plan *p = a->p;
	PlanCode *c = p->codes.at[a->step];
	PlanEmit b = plan_emit(p, c);
	emit_block(a, &b);
	for (uint32_t k = 0; k < c->body.n; k++) {
		PlanStmt *s = c->body.at[k];
		if (s->kind == PSTMT_RUN && a->level[s->id])
			continue;
		VEC_PUSH(p->arena, &b.v, s);
		if (s->kind == PSTMT_STORE && s->id == plan_find_buf(p, "step"))
			set(&b, a->turn, sum_of(p, load0(p, a->turn), whole(p, 1)));
	}
	c->body = plan_freeze(&b);
}

/* ---- the pass ------------------------------------------------------------------------------------------------------------------ */

static uint32_t
add_number(Ahead *a, const char *part)
{
	const char *name = a->p->codes.at[a->found.at[0].kernel]->name;
	return plan_add_buf(a->p, arena_printf(a->p->arena, "%s.%s", name, part), PT_I64, ROLE_DERIVED, 0, NULL);
}

/* The longer one of its sums and its list. */
static uint64_t
kept_in_step(const Plan *p, const Delivery *d)
{
	uint64_t sums = p->bufs.at[d->sum].axis[1].extent, listed = p->bufs.at[d->list].axis[1].extent;
	return sums > listed ? sums : listed;
}

static void
make_ahead(Ahead *a)
{
	Plan *p = a->p;
	a->turns = TURNS;
	for (uint32_t i = 0; i < a->found.n; i++)
		while (a->turns > 1 && a->turns * kept_in_step(p, &a->found.at[i]) > SUMS)
			a->turns /= 2;
	a->turn = add_number(a, "turn");
	a->until = add_number(a, "until");
	for (uint32_t i = 0; i < a->found.n; i++) {
		const Delivery *d = &a->found.at[i];
		ahead_kernels(a, &a->found.at[i]);
		plan_remark(p, "ahead", true, p->codes.at[d->kernel],
			    "the spikes of %s are known ahead: rows of %s are added for up to %llu steps at once, tile by tile, so that each is fetched once",
			    p->bufs.at[d->list].name, p->bufs.at[d->matrix].name, (unsigned long long)a->turns);
	}
	for (uint32_t i = a->found.n; i-- > 0;)
		ahead_take_sums(a, &a->found.at[i]);
	a->left = steps_left(p, a->step);
	weave_step(a);
	procs_last(p);
}

/* Whoever makes the list counts it: both are made early, or none. */
static bool
made_together(const Plan *p, const Delivery *d)
{
	for (uint32_t c = 0; c < p->codes.n; c++)
		if (block_stores(p->codes.at[c]->body, d->list) != block_stores(p->codes.at[c]->body, d->count))
			return false;
	return true;
}

/* Those of a kernel: of each connection into a port one. */
static void
find_in_kernel(Ahead *a, uint32_t kernel)
{
	Plan *p = a->p;
	const PlanCode *c = p->codes.at[kernel];
	uint32_t n = 0;
	for (uint32_t k = 0; k < c->body.n; k++) {
		Delivery d;
		if (!find_delivery(p, kernel, k, &d) || !ascends(p, d.list) || !made_together(p, &d) || !ahead_is_static(a, &d))
			continue;
		d.name = n++ ? arena_printf(p->arena, "%s%u", c->name, n) : c->name;
		VEC_PUSH(p->arena, &a->found, d);
	}
}

static void
find_deliveries(Ahead *a)
{
	Plan *p = a->p;
	PlanBlock step = p->codes.at[a->step]->body;
	for (uint32_t k = 0; k < step.n; k++)
		if (step.at[k]->kind == PSTMT_RUN && runs_once(p, step.at[k]->id))
			find_in_kernel(a, step.at[k]->id);
}

void
pass_ahead(Plan *p)
{
	Ahead a = {.p = p, .step = plan_find_code(p, "step")};
	if (a.step == UINT32_MAX || plan_find_buf(p, "step") == UINT32_MAX)
		return;
	a.level = ARENA_ARRAY(p->arena, uint32_t, p->codes.n);
	a.why = ARENA_ARRAY(p->arena, const char *, p->codes.n);
	find_deliveries(&a);
	if (!a.found.n)
		return;
	ahead_choose_levels(&a);
	if (a.found.n)
		make_ahead(&a);
}
