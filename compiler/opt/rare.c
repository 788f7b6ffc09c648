/* rare: loops in which few turns call a func run as vectors for all the others.
 *
 * reads    plan after fuse; a simd loop over neurons with calls under conditions: a draw that is needed now and then
 * writes   the loop once more, as if none of those conditions held, with a flag for each turn in which one did and whose
 *          stores are then left out; behind it the loop as it was, for the flagged turns alone
 * keeps    every bit: a turn stores only to elements of its own, which it loads only before, so that a flagged turn finds
 *          them as they were
 * example  tests/opt/rare
 */
#include "opt/clone.h"
#include "opt/pass.h"
#include "opt/query.h"

enum { FEW = 64 /* turns that are not worth it */ };

typedef VEC(const PlanStmt *) StoreVec;

typedef struct {
	Plan *p;
	PlanCode *code;
	const PlanStmt *loop;
	bool *changes;
	Clone clone;
	uint32_t flag;                                    /* local: this turn is rare */
	StoreVec stores;                                  /* of the loop, in order, with values that are there at its end */
} Rare;

/* ---- what calls ------------------------------------------------------------------------------------- */

/* A call stands right here, or in a loop: the block as a whole is what is rare. */
static bool
calls_itself(PlanBlock b)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *s = b.at[i];
		if (s->kind == PSTMT_CALL || ((s->kind == PSTMT_FOR || s->kind == PSTMT_WHILE) && block_calls(s->body)))
			return true;
	}
	return false;
}

/* ---- whether it may be done ------------------------------------------------------------------------- */

static bool
is_turns_own(Rare *f, uint32_t n, PlanExpr *const *index)
{
	for (uint32_t k = 0; k < n; k++) {
		bool last = k + 1 == n;
		if (last ? index[k]->kind != PEXPR_LOCAL || index[k]->id != f->loop->id : !is_invariant(index[k], f->changes))
			return false;
	}
	return n > 0;
}

/* Loads are of the own element or of one that is the same for all turns, so none is out of bounds where a condition
 * kept it from being done; none is of what a turn has stored. */
static bool
loads_are_safe(Rare *f, const PlanExpr *e)
{
	if (!e)
		return true;
	if (e->kind == PEXPR_MASK)
		return false;
	if (e->kind == PEXPR_LOAD) {
		bool fixed = true;
		for (uint32_t k = 0; k < e->nops; k++)
			fixed = fixed && is_invariant(e->op[k], f->changes);
		if (!fixed && !is_turns_own(f, e->nops, e->op))
			return false;
		for (uint32_t i = 0; i < f->stores.n; i++)
			if (f->stores.at[i]->id == e->id)
				return false;
	}
	for (uint32_t k = 0; k < e->nops; k++)
		if (!loads_are_safe(f, e->op[k]))
			return false;
	return true;
}

static bool
block_is_safe(Rare *f, PlanBlock b, bool inside)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *s = b.at[i];
		if (!loads_are_safe(f, s->e))
			return false;
		switch (s->kind) {
		case PSTMT_LET: case PSTMT_VAR: case PSTMT_SET: case PSTMT_NOTE:
			break;
		case PSTMT_STORE:
			if (inside || !is_turns_own(f, s->nops, s->op))
				return false;
			VEC_PUSH(f->p->arena, &f->stores, s);
			break;
		case PSTMT_IF:               /* a rare block runs as it was; it must leave alone what the others store */
			if (!(calls_itself(s->body) ? !block_stores(s->body, ANY_BUFFER) : block_is_safe(f, s->body, true)))
				return false;
			if (!(calls_itself(s->other) ? !block_stores(s->other, ANY_BUFFER) : block_is_safe(f, s->other, true)))
				return false;
			break;
		case PSTMT_UNSET: case PSTMT_PREFETCH: case PSTMT_FOR: case PSTMT_WHILE: case PSTMT_CALL: case PSTMT_RETURN: case PSTMT_RUN:
		case PSTMT_DO: case PSTMT_TEAM: case PSTMT_MEET: case PSTMT_HOST: case PSTMT_COUNT:
			return false;
		}
	}
	return true;
}

/* The loop goes over the range of the kernel, or over known numbers: so many flags there are. */
static uint64_t
count_flags(const Rare *f)
{
	const PlanExpr *lo = f->loop->e, *hi = f->loop->hi;
	if (lo->kind == PEXPR_LOCAL && hi->kind == PEXPR_LOCAL && lo->id == 0 && hi->id == 1)
		return f->code->range;
	bool known = lo->kind == PEXPR_CONST && hi->kind == PEXPR_CONST && lo->value.i == 0;
	return known ? (uint64_t)hi->value.i : 0;
}

static bool
is_rare(Rare *f, const PlanStmt *s)
{
	if (s->kind != PSTMT_FOR || !s->simd || s->step != 1 || calls_itself(s->body) || !block_calls(s->body))
		return false;
	f->loop = s;
	f->stores = (StoreVec){0};
	f->changes = ARENA_ARRAY(f->p->arena, bool, f->code->nlocals);
	mark_changes(s->body, f->changes);
	f->changes[s->id] = true;
	return count_flags(f) >= FEW && block_is_safe(f, s->body, false);
}

/* ---- the common turn ------------------------------------------------------------------------------- */

/* By select, not by `&`: gcc 12 makes no vectors of a loop that ands comparisons and also stores the result. */
static PlanExpr *
both(Rare *f, PlanExpr *a, PlanExpr *b)
{
	return a ? plan_ternary(f->p, PEXPR_SELECT, a, b, plan_int(f->p, PT_BOOL, 0)) : b;
}

static PlanExpr *
negation(Rare *f, PlanExpr *e)
{
	return plan_unary(f->p, PEXPR_NOT, e);
}

static void
emit_flag(Rare *f, PlanEmit *b, PlanExpr *when)
{
	PlanExpr *flag = plan_local(f->p, f->code, f->flag);
	plan_emit_set(b, f->flag, plan_binary(f->p, PEXPR_OR, flag, when));
}

static void emit_block(Rare *f, PlanEmit *b, PlanBlock block, PlanExpr *guard);

static void
emit_branch(Rare *f, PlanEmit *b, PlanBlock block, PlanExpr *when)
{
	if (calls_itself(block))
		emit_flag(f, b, when);
	else if (block.n)
		emit_block(f, b, block, when);
}

static void
emit_if(Rare *f, PlanEmit *b, const PlanStmt *s, PlanExpr *guard)
{
	PlanExpr *cond = plan_emit_let(b, "met", both(f, guard, clone_expr(&f->clone, s->e)));
	PlanExpr *unmet = NULL;
	if (s->other.n)
		unmet = plan_emit_let(b, "unmet", both(f, guard, negation(f, cond)));
	emit_branch(f, b, s->body, cond);
	if (s->other.n)
		emit_branch(f, b, s->other, unmet);
}

/* guard: what must hold for the statements to count; NULL: nothing. */
static void
emit_block(Rare *f, PlanEmit *b, PlanBlock block, PlanExpr *guard)
{
	for (uint32_t i = 0; i < block.n; i++) {
		const PlanStmt *s = block.at[i];
		if (s->kind == PSTMT_IF) {
			emit_if(f, b, s, guard);
		} else if (s->kind == PSTMT_SET) {
			PlanStmt *set = clone_stmt(&f->clone, s);
			if (guard)
				set->e = plan_ternary(f->p, PEXPR_SELECT, guard, set->e,
						      plan_local(f->p, f->code, set->id));
			VEC_PUSH(f->p->arena, &b->v, set);
		} else if (s->kind == PSTMT_STORE) {
			PlanStmt *store = clone_stmt(&f->clone, s);
			store->e = plan_emit_let(b, "kept", store->e);
			VEC_PUSH(f->p->arena, &f->stores, store);
		} else if (s->kind != PSTMT_NOTE) {
			VEC_PUSH(f->p->arena, &b->v, clone_stmt(&f->clone, s));
		}
	}
}

/* What is only stored, the flagged turn stores anew; what is also loaded must stay as it was. */
static void
emit_stores(Rare *f, PlanEmit *b)
{
	PlanExpr *flag = plan_local(f->p, f->code, f->flag);
	for (uint32_t i = 0; i < f->stores.n; i++) {
		const PlanStmt *s = f->stores.at[i];
		PlanExpr *value = s->e;
		if (block_reads(f->loop->body, s->id))
			value = plan_ternary(f->p, PEXPR_SELECT, flag, plan_load(f->p, s->id, s->nops, s->op), value);
		plan_emit_store(b, s->id, s->nops, s->op, value);
	}
}

static void
emit_common(Rare *f, PlanEmit *b, uint32_t flags)
{
	Plan *p = f->p;
	PlanEmit turn = plan_emit(p, f->code);
	uint32_t j = plan_new_loop_local(b, f->code->locals[f->loop->id].name);
	PlanExpr *index = plan_local(p, f->code, j);
	f->clone = clone_open(p, f->code);
	f->clone.map[f->loop->id] = index;
	f->flag = plan_emit_var(&turn, "rare", plan_int(p, PT_BOOL, 0));
	f->stores = (StoreVec){0};
	emit_block(f, &turn, f->loop->body, NULL);
	emit_stores(f, &turn);
	plan_emit_store(&turn, flags, 1, &index, plan_local(p, f->code, f->flag));
	plan_emit_for(b, j, f->loop->e, f->loop->hi, true, &turn)->span = f->loop->span;
}

static void
emit_again(Rare *f, PlanEmit *b, uint32_t flags, PlanStmt *loop)
{
	PlanEmit turn = plan_emit(f->p, f->code), then = plan_emit(f->p, f->code);
	PlanExpr *index = plan_local(f->p, f->code, loop->id);
	for (uint32_t i = 0; i < loop->body.n; i++)
		VEC_PUSH(f->p->arena, &then.v, loop->body.at[i]);
	plan_emit_if(&turn, plan_load(f->p, flags, 1, &index), &then, NULL);
	loop->body = plan_freeze(&turn);
	loop->simd = false;
	VEC_PUSH(f->p->arena, &b->v, loop);
}

static uint32_t
flag_buffer(Rare *f)
{
	PlanAxis axis = {AXIS_NEURON, count_flags(f)};
	const char *name = arena_printf(f->p->arena, "%s.rare", f->code->name);
	for (int k = 2; plan_find_buf(f->p, name) != UINT32_MAX; k++)
		name = arena_printf(f->p->arena, "%s.rare%d", f->code->name, k);
	return plan_add_buf(f->p, name, PT_BOOL, ROLE_SCRATCH, 1, &axis);
}

static void
rare_block(Rare *f, PlanBlock *b)
{
	PlanEmit out = plan_emit(f->p, f->code);
	for (uint32_t i = 0; i < b->n; i++) {
		PlanStmt *s = b->at[i];
		rare_block(f, &s->body);
		rare_block(f, &s->other);
		if (!is_rare(f, s)) {
			VEC_PUSH(f->p->arena, &out.v, s);
			continue;
		}
		plan_remark(f->p, "rare", true, f->code, "few neurons draw a number in a step: all run as vectors without, and those once more");
		uint32_t flags = flag_buffer(f);
		emit_common(f, &out, flags);
		emit_again(f, &out, flags, s);
	}
	*b = plan_freeze(&out);
}

static void
rare_kernel(Plan *p, PlanCode *kernel)
{
	Rare f = {.p = p, .code = kernel};
	rare_block(&f, &kernel->body);
}

void
pass_rare(Plan *p)
{
	each_kernel(p, rare_kernel);
}
