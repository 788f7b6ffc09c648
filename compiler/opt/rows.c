/* rows: eight rows are added at a time.
 *
 * reads    plan after fuse; `for k { let i = list[k] ; for j simd { x[j] = x[j] + w[i, j] } }`: turns of a loop that
 *          each go along a row and change one element per column
 * writes   a loop over eight turns at once, which goes along the row once: the element is loaded and stored once, and
 *          eight rows are on their way from memory together; what is left over goes as before
 * keeps    every bit: each element sees the same operations in the same order. What a column stores, no other column
 *          touches: every access of the buffer ends with the column's index
 * example  tests/opt/rows
 */
#include "opt/clone.h"
#include "opt/pass.h"
#include "opt/query.h"

enum { ROWS = 8, LARGE = 24 /* expressions in a turn that is not worth eight copies */ };

typedef struct { Plan *p; PlanCode *code; bool *changes; uint32_t nodes, stores; } Rows;

/* ---- what may be taken together ------------------------------------------------------------------ */

static bool
ends_with(const PlanExpr *last, uint32_t j)
{
	return last->kind == PEXPR_LOCAL && last->id == j;
}

/* Counts; false if `buf` is read in another column than j. */
static bool
reads_own(Rows *f, const PlanExpr *e, uint32_t buf, uint32_t j)
{
	f->nodes++;
	if (e->kind == PEXPR_MASK || (e->kind == PEXPR_LOAD && e->id == buf && !ends_with(e->op[e->nops - 1], j)))
		return false;
	for (uint32_t k = 0; k < e->nops; k++)
		if (!reads_own(f, e->op[k], buf, j))
			return false;
	return true;
}

static const PlanStmt *
only_store(const PlanStmt *along)
{
	const PlanStmt *store = NULL;
	for (uint32_t i = 0; i < along->body.n; i++) {
		const PlanStmt *s = along->body.at[i];
		if (s->kind == PSTMT_STORE && store)
			return NULL;
		if (s->kind == PSTMT_STORE)
			store = s;
		else if (s->kind != PSTMT_LET && s->kind != PSTMT_NOTE)
			return NULL;
	}
	return store;
}

/* The loop along the row changes one element per column, by what it was: x[j] = f(x[j], …), in the same place for
 * every row. */
static bool
is_along(Rows *f, const PlanStmt *along)
{
	if (along->kind != PSTMT_FOR || !along->simd)
		return false;
	if (!is_invariant(along->e, f->changes) || !is_invariant(along->hi, f->changes))
		return false;
	const PlanStmt *store = only_store(along);
	if (!store || store->nops == 0 || !ends_with(store->op[store->nops - 1], along->id) || !expr_reads(store->e, store->id))
		return false;
	PlanType t = f->p->bufs.at[store->id].type;
	for (uint32_t k = 0; k + 1 < store->nops; k++)
		if (!is_invariant(store->op[k], f->changes))
			return false;
	f->nodes = 0;
	for (uint32_t i = 0; i < along->body.n; i++) {
		const PlanStmt *s = along->body.at[i];
		if (s->e && !reads_own(f, s->e, store->id, along->id))
			return false;
		if (s->kind == PSTMT_LET && expr_reads(s->e, store->id))
			return false;
	}
	return plan_type_value(t) == t && f->nodes <= LARGE;
}

/* An unsigned count, or a constant that is worth it. */
static bool
is_count(const PlanExpr *e)
{
	if (e->kind == PEXPR_CONST)
		return e->value.i >= ROWS;
	return e->kind == PEXPR_CAST && plan_type_is_int(e->op[0]->type) && !plan_type_is_signed(e->op[0]->type);
}

static bool
is_row_loop(Rows *f, const PlanStmt *s)
{
	if (s->kind != PSTMT_FOR || s->simd || s->step != 1 || s->body.n == 0)
		return false;
	const PlanStmt *along = s->body.at[s->body.n - 1];
	f->changes = ARENA_ARRAY(f->p->arena, bool, f->code->nlocals);
	mark_changes(s->body, f->changes);
	f->changes[s->id] = true;
	if (!is_along(f, along) || !is_count(s->hi) || s->e->kind != PEXPR_CONST || s->e->value.i != 0)
		return false;
	uint32_t buf = only_store(along)->id;
	for (uint32_t i = 0; i + 1 < s->body.n; i++) {
		const PlanStmt *let = s->body.at[i];
		if (let->kind != PSTMT_LET || expr_reads(let->e, buf))
			return false;
	}
	return true;
}

/* ---- eight at a time ------------------------------------------------------------------------------- */

/* e, with `value` where the element that the store changes is read. */
static PlanExpr *
forward(Rows *f, PlanExpr *e, const PlanStmt *store, PlanExpr *value)
{
	if (e->kind == PEXPR_LOAD && e->id == store->id)
		return value;
	PlanExpr *copy = arena_copy(f->p->arena, e, sizeof *e);
	for (uint32_t k = 0; k < e->nops; k++)
		copy->op[k] = forward(f, e->op[k], store, value);
	return copy;
}

/* One row's turn of the joint loop along: what it makes of `value`. */
static PlanExpr *
emit_turn(Rows *f, PlanEmit *b, Clone *c, const PlanStmt *along, PlanExpr *value)
{
	const PlanStmt *store = only_store(along);
	for (uint32_t i = 0; i < along->body.n; i++) {
		const PlanStmt *s = along->body.at[i];
		if (s->kind == PSTMT_LET)
			VEC_PUSH(f->p->arena, &b->v, clone_stmt(c, s));
	}
	return plan_emit_let(b, "sum", forward(f, clone_expr(c, store->e), store, value));
}

static void
emit_eight(Rows *f, PlanEmit *b, const PlanStmt *s, PlanExpr *k)
{
	Plan *p = f->p;
	const PlanStmt *along = s->body.at[s->body.n - 1], *store = only_store(along);
	PlanEmit turn = plan_emit(p, f->code);
	uint32_t j = plan_new_loop_local(b, f->code->locals[along->id].name);
	Clone c = clone_open(p, f->code);
	c.map[along->id] = plan_local(p, f->code, j);
	PlanExpr *place[PLAN_MAX_AXES];
	for (uint32_t i = 0; i < store->nops; i++)
		place[i] = clone_expr(&c, store->op[i]);
	PlanExpr *value = plan_load(p, store->id, store->nops, place);
	for (int row = 0; row < ROWS; row++) {
		c.map[s->id] = row ? plan_binary(p, PEXPR_ADD, k, plan_int(p, PT_I64, row)) : k;
		for (uint32_t i = 0; i + 1 < s->body.n; i++)
			VEC_PUSH(p->arena, &b->v, clone_stmt(&c, s->body.at[i]));
		value = emit_turn(f, &turn, &c, along, value);
	}
	plan_emit_store(&turn, store->id, store->nops, place, value);
	plan_emit_for(b, j, along->e, along->hi, true, &turn)->span = along->span;
}

/* for k in 0 ..< whole step 8 { … } ; for k in whole ..< n { as before } */
static void
emit_rows(Rows *f, PlanEmit *b, PlanStmt *s)
{
	Plan *p = f->p;
	PlanEmit body = plan_emit(p, f->code);
	bool known = s->hi->kind == PEXPR_CONST;
	PlanExpr *n = known ? s->hi : plan_emit_let(b, "rows", s->hi), *whole;
	if (known)
		whole = plan_int(p, PT_I64, n->value.i / ROWS * ROWS);
	else
		whole = plan_emit_let(b, "whole", plan_binary(p, PEXPR_AND, n, plan_int(p, PT_I64, -ROWS)));
	uint32_t k = plan_new_loop_local(b, f->code->locals[s->id].name);
	emit_eight(f, &body, s, plan_local(p, f->code, k));
	PlanStmt *eight = plan_emit_for(b, k, plan_int(p, PT_I64, 0), whole, false, &body);
	eight->step = ROWS;
	eight->span = s->span;
	s->e = whole;
	s->hi = n;
	if (!known || whole->value.i < n->value.i)
		VEC_PUSH(p->arena, &b->v, s);
}

static void
rows_block(Rows *f, PlanBlock *b)
{
	PlanEmit out = plan_emit(f->p, f->code);
	for (uint32_t i = 0; i < b->n; i++) {
		PlanStmt *s = b->at[i];
		rows_block(f, &s->body);
		rows_block(f, &s->other);
		if (is_row_loop(f, s)) {
			plan_remark(f->p, "rows", true, f->code, "rows of spiking neurons are added eight at a time: one load and one store of a sum for eight rows");
			emit_rows(f, &out, s);
		} else {
			VEC_PUSH(f->p->arena, &out.v, s);
		}
	}
	*b = plan_freeze(&out);
}

static void
rows_kernel(Plan *p, PlanCode *kernel)
{
	Rows f = {.p = p, .code = kernel};
	rows_block(&f, &kernel->body);
}

void
pass_rows(Plan *p)
{
	each_kernel(p, rows_kernel);
}
