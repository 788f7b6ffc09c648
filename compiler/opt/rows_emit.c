/* rows_emit: the joint loop along several rows, which `rows` found. */
#include "opt/rows.h"
#include "opt/query.h"

/* ---- what all rows read ---------------------------------------------------------------------------- */

static bool
is_shared(const Rows *f, const PlanExpr *e)
{
	if (e->kind != PEXPR_LOAD || rows_sum_of(f, e->id))
		return false;
	bool own = false;
	for (uint32_t k = 0; k < e->nops; k++) {
		own = own || is_local(e->op[k], f->along->id);
		if (!is_local(e->op[k], f->along->id) && !is_invariant(e->op[k], f->changes))
			return false;
	}
	return own;
}

static PlanExpr *
shared_local(const Rows *f, const PlanExpr *e)
{
	for (uint32_t i = 0; i < f->shared.n; i++)
		if (same_expr(f->shared.at[i].load, e))
			return f->shared.at[i].local;
	return NULL;
}

/* One row alone needs no names for what it reads. */
static void
share_expr(Rows *f, PlanEmit *b, const PlanExpr *e)
{
	if (is_shared(f, e) && !shared_local(f, e)) {
		RowsShared s = {e, plan_emit_let(b, "own", clone_expr(&f->clone, e))};
		VEC_PUSH(f->p->arena, &f->shared, s);
	}
	for (uint32_t k = 0; k < e->nops; k++)
		share_expr(f, b, e->op[k]);
}

/* Of statements that every turn comes to: elsewhere an index might be out of range. */
static void
share_block(Rows *f, PlanEmit *b)
{
	f->shared.n = 0;
	for (uint32_t i = 0; i < f->along->body.n; i++)
		if (f->along->body.at[i]->e)
			share_expr(f, b, f->along->body.at[i]->e);
}

/* ---- one row's turn -------------------------------------------------------------------------------- */

/* A copy of e: sums as the rows before left them, and what all rows read by its name. */
static PlanExpr *
row_expr(Rows *f, const PlanExpr *e)
{
	RowsSum *sum = e->kind == PEXPR_LOAD ? rows_sum_of(f, e->id) : NULL;
	if (sum && sum->joint)
		return sum->value;
	PlanExpr *own = e->kind == PEXPR_LOAD ? shared_local(f, e) : NULL;
	if (own)
		return own;
	if (e->kind == PEXPR_LOCAL || e->kind == PEXPR_CONST)
		return clone_expr(&f->clone, e);
	PlanExpr *copy = arena_copy(f->p->arena, e, sizeof *e);
	for (uint32_t k = 0; k < e->nops; k++)
		copy->op[k] = row_expr(f, e->op[k]);
	return copy;
}

static void row_block(Rows *f, PlanEmit *b, PlanBlock block);

static void
row_stmt(Rows *f, PlanEmit *b, const PlanStmt *s)
{
	RowsSum *sum = s->kind == PSTMT_STORE ? rows_sum_of(f, s->id) : NULL;
	if (sum && sum->joint) {
		sum->value = plan_emit_let(b, "sum", row_expr(f, s->e));
		return;
	}
	PlanExpr *e = s->e ? row_expr(f, s->e) : NULL;    /* before its local gets a new name */
	PlanStmt bare = *s;
	bare.e = NULL;
	bare.body = bare.other = (PlanBlock){0};
	PlanStmt *copy = clone_stmt(&f->clone, &bare);
	copy->e = e;
	if (s->kind == PSTMT_IF) {
		PlanEmit then = plan_emit(f->p, f->code), otherwise = plan_emit(f->p, f->code);
		row_block(f, &then, s->body);
		row_block(f, &otherwise, s->other);
		copy->body = plan_freeze(&then);
		copy->other = plan_freeze(&otherwise);
	}
	VEC_PUSH(f->p->arena, &b->v, copy);
}

static void
row_block(Rows *f, PlanEmit *b, PlanBlock block)
{
	for (uint32_t i = 0; i < block.n; i++)
		if (block.at[i]->kind != PSTMT_NOTE)
			row_stmt(f, b, block.at[i]);
}

/* ---- all of them ----------------------------------------------------------------------------------- */

static void
open_sums(Rows *f)
{
	for (uint32_t i = 0; i < f->sums.n; i++) {
		RowsSum *s = &f->sums.at[i];
		if (!s->joint)
			continue;
		for (uint32_t k = 0; k < s->nops; k++)
			s->place[k] = clone_expr(&f->clone, s->op[k]);
		s->value = plan_load(f->p, s->buf, s->nops, s->place);
	}
}

static void
close_sums(Rows *f, PlanEmit *b)
{
	for (uint32_t i = 0; i < f->sums.n; i++) {
		RowsSum *s = &f->sums.at[i];
		if (s->joint)
			plan_emit_store(b, s->buf, s->nops, s->place, s->value);
	}
}

static void
emit_together(Rows *f, PlanEmit *b, const PlanStmt *s, PlanExpr *k)
{
	Plan *p = f->p;
	PlanEmit turn = plan_emit(p, f->code);
	uint32_t j = plan_new_loop_local(b, f->code->locals[f->along->id].name);
	f->clone = clone_open(p, f->code);
	f->clone.map[f->along->id] = plan_local(p, f->code, j);
	share_block(f, &turn);
	open_sums(f);
	for (uint32_t row = 0; row < f->rows; row++) {
		f->clone.map[s->id] = row ? plan_binary(p, PEXPR_ADD, k, plan_int(p, PT_I64, row)) : k;
		for (uint32_t i = 0; i + 1 < s->body.n; i++)
			if (s->body.at[i]->kind != PSTMT_NOTE)
				VEC_PUSH(p->arena, &b->v, clone_stmt(&f->clone, s->body.at[i]));
		row_block(f, &turn, f->along->body);
	}
	close_sums(f, &turn);
	plan_emit_for(b, j, f->along->e, f->along->hi, true, &turn)->span = f->along->span;
}

/* The turns from `from` on that make whole groups of f->rows; to where they go. */
static PlanExpr *
emit_groups(Rows *f, PlanEmit *b, const PlanStmt *s, PlanExpr *from, PlanExpr *n)
{
	Plan *p = f->p;
	int64_t size = f->rows;
	PlanExpr *to;
	if (n->kind == PEXPR_CONST)
		to = plan_int(p, PT_I64, n->value.i / size * size);
	else
		to = plan_emit_let(b, "whole", plan_binary(p, PEXPR_AND, n, plan_int(p, PT_I64, -size)));
	if (n->kind == PEXPR_CONST && to->value.i == from->value.i)
		return to;
	PlanEmit body = plan_emit(p, f->code);
	uint32_t k = plan_new_loop_local(b, f->code->locals[s->id].name);
	emit_together(f, &body, s, plan_local(p, f->code, k));
	PlanStmt *groups = plan_emit_for(b, k, from, to, false, &body);
	groups->step = size;
	groups->span = s->span;
	return to;
}

/* for k in 0 ..< whole step 8 { … } ; of rows that are added what is left over goes by four and by two: each walk loads and stores the sums.
 * The last ones as before. */
void
rows_emit(Rows *f, PlanEmit *b, PlanStmt *s)
{
	PlanExpr *n = s->hi->kind == PEXPR_CONST ? s->hi : plan_emit_let(b, "rows", s->hi), *from = s->e;
	for (bool added = f->rows == ROWS_ADDED; f->rows > 1; f->rows = added ? f->rows / 2 : 1)
		from = emit_groups(f, b, s, from, n);
	s->e = from;
	s->hi = n;
	if (n->kind != PEXPR_CONST || from->value.i < n->value.i)
		VEC_PUSH(f->p->arena, &b->v, s);
}
