/* list: who spikes in a rare turn is listed there.
 *
 * reads    the finished plan, behind `team`; a kernel made by `rare` whose vector loop leaves every flag false, so that only its flagged
 *          turns, which come in ascending order, set some; and the kernel, run right behind it, that looks at all flags and lists those that
 *          are set. No thread takes a part of the first
 * writes   the list and its count in the flagged turns; the second kernel is not run there
 * keeps    every bit: the same entries in the same order
 * example  tests/opt/list
 */
#include "opt/clone.h"
#include "opt/fold.h"
#include "opt/pass.h"
#include "opt/query.h"
#include "opt/spiking.h"

typedef struct {
	Plan *p;
	PlanCode *code;
	PlanStmt *turn;                                   /* the store of a flag in a flagged turn */
	PlanBlock *around;
	Spiking of;
} List;

/* ---- where they are drawn -------------------------------------------------------------------------------------- */

static bool
is_never_set(PlanBlock b, uint32_t local)
{
	for (uint32_t i = 0; i < b.n; i++)
		if ((b.at[i]->kind == PSTMT_SET && b.at[i]->id == local) || !is_never_set(b.at[i]->body, local) || !is_never_set(b.at[i]->other, local))
			return false;
	return true;
}

/* A constant, or a local of the block that is made from it and never set. */
static bool
is_false(PlanBlock b, const PlanExpr *e)
{
	if (e->kind == PEXPR_CONST)
		return !e->value.i;
	for (uint32_t i = 0; i < b.n && e->kind == PEXPR_LOCAL; i++)
		if ((b.at[i]->kind == PSTMT_LET || b.at[i]->kind == PSTMT_VAR) && b.at[i]->id == e->id)
			return is_never_set(b, e->id) && is_false(b, b.at[i]->e);
	return false;
}

static uint32_t
count_stores(PlanBlock b, uint32_t buf)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < b.n; i++)
		n += (b.at[i]->kind == PSTMT_STORE && b.at[i]->id == buf) + count_stores(b.at[i]->body, buf) + count_stores(b.at[i]->other, buf);
	return n;
}

static PlanStmt *
store_in(PlanBlock b, uint32_t buf)
{
	for (uint32_t i = 0; i < b.n; i++)
		if (b.at[i]->kind == PSTMT_STORE && b.at[i]->id == buf)
			return b.at[i];
	return NULL;
}

/* flags[0, j] = … */
static bool
is_at(const PlanStmt *store, uint32_t j)
{
	return store->nops == 2 && is_zero_index(store->op[0]) && is_local(store->op[1], j);
}

/* The vector loop leaves all false; then the turns of some flags of its own set those of the same place. */
static bool
draws(List *l)
{
	const PlanExpr *rare;
	uint32_t clears = 0, sets = 0;
	for (uint32_t i = 0; i < l->code->body.n; i++) {
		PlanStmt *s = l->code->body.at[i], *store;
		PlanBlock *turn = spiking_turns(s, &rare);
		if (s->kind == PSTMT_FOR && s->simd && (store = store_in(s->body, l->of.flags))) {
			clears += is_at(store, s->id) && spiking_goes_over(l->p, l->code, s, l->of.flags) && is_false(s->body, store->e);
		} else if (turn && clears && (store = store_in(*turn, l->of.flags))) {
			sets += is_at(store, turn->at[0]->id) && spiking_goes_over(l->p, l->code, s, l->of.flags);
			l->turn = store;
			l->around = turn;
		}
	}
	return clears == 1 && sets == 1 && count_stores(l->code->body, l->of.flags) == 2 && !block_touches(l->code->body, l->of.list) &&
	       !block_touches(l->code->body, l->of.count);
}

/* ---- what is written ------------------------------------------------------------------------------------------- */

static void
list_there(List *l)
{
	Plan *p = l->p;
	if (l->code->range > 1)
		fold_whole(p, l->code);
	l->code->range = 1;
	draws(l);                                         /* statements have moved */
	PlanEmit out = plan_emit(p, l->code), turn = plan_emit(p, l->code), spikes = plan_emit(p, l->code);
	PlanExpr *zero = plan_int(p, PT_I64, 0), *place[] = {zero, l->turn->op[1]};
	uint32_t found = plan_emit_var(&out, "found", zero);
	PlanExpr *next = plan_local(p, l->code, found), *entry[] = {zero, next};
	plan_emit_store(&spikes, l->of.list, 2, entry, plan_cast(p, p->bufs.at[l->of.list].type, l->turn->op[1]));
	plan_emit_set(&spikes, found, plan_binary(p, PEXPR_ADD, next, plan_int(p, PT_I64, 1)));
	for (uint32_t i = 0; i < l->around->n; i++) {
		VEC_PUSH(p->arena, &turn.v, l->around->at[i]);
		if (l->around->at[i] == l->turn)
			plan_emit_if(&turn, l->turn->e->kind == PEXPR_LOCAL ? l->turn->e : plan_load(p, l->of.flags, 2, place), &spikes, NULL);
	}
	*l->around = plan_freeze(&turn);
	for (uint32_t i = 0; i < l->code->body.n; i++)
		VEC_PUSH(p->arena, &out.v, l->code->body.at[i]);
	plan_emit_store(&out, l->of.count, 1, &zero, plan_cast(p, p->bufs.at[l->of.count].type, next));
	l->code->body = plan_freeze(&out);
	plan_remark(p, "list", true, l->code, "who spikes is listed where it is drawn: nobody looks at the flags of all");
}

static bool
is_run(const PlanStmt *s)
{
	return s->kind == PSTMT_RUN && s->share == SHARE_NONE;
}

static void
list_block(Plan *p, PlanBlock *b)
{
	for (uint32_t i = 0; i < b->n; i++) {
		list_block(p, &b->at[i]->body);
		list_block(p, &b->at[i]->other);
		List l = {.p = p};
		if (i + 1 == b->n || !is_run(b->at[i]) || !is_run(b->at[i + 1]) || !runs_once(p, b->at[i]->id) ||
		    !spiking_list(p, p->codes.at[b->at[i + 1]->id], &l.of))
			continue;
		l.code = p->codes.at[b->at[i]->id];
		if (!draws(&l))
			continue;
		list_there(&l);
		b->n--;
		for (uint32_t k = i + 1; k < b->n; k++)
			b->at[k] = b->at[k + 1];
	}
}

void
pass_list(Plan *p)
{
	bool *used = ARENA_ARRAY(p->arena, bool, p->codes.n + 1);
	for (uint32_t i = 0; i < p->codes.n; i++)
		if (p->codes.at[i]->kind == CODE_PROC)
			list_block(p, &p->codes.at[i]->body);
	RunOrder runs = {0};
	for (uint32_t i = 0; i < p->codes.n; i++) {
		used[i] = p->codes.at[i]->kind != CODE_KERNEL;
		list_runs(p, p->codes.at[i]->body, &runs);
	}
	for (uint32_t i = 0; i < runs.n; i++)
		used[runs.at[i]] = true;
	keep_codes(p, used);
}
