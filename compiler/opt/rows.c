/* rows: eight rows are added at a time, or four changed.
 *
 * reads    plan after fuse; `for k { let i = list[k] ; for j simd { x[j] = x[j] + w[i, j] } }`: turns of a loop that each go along a row
 *          and change elements of its column; sums, or the rows themselves
 * writes   a loop over eight (four) turns at once, which goes along the rows together: sums are loaded and stored once, so is
 *          what all turns read, and as many rows are on their way from memory together. What is left over goes as before, or,
 *          of rows that are added, by four and by two
 * keeps    every bit: each element sees the same operations in the same order. What a column stores, no other column touches:
 *          every access of a buffer that is stored to ends with the column's index
 * example  tests/opt/rows
 */
#include "opt/rows.h"
#include "opt/clone.h"
#include "opt/pass.h"
#include "opt/query.h"

enum { SMALL = 24, LARGE = 160 };                         /* expressions in a turn that are worth eight, four copies */

/* ---- the loop along a row -------------------------------------------------------------------------- */

static bool
ends_with(uint32_t n, PlanExpr *const *index, uint32_t j)
{
	return n > 0 && is_local(index[n - 1], j);
}

RowsSum *
rows_sum_of(const Rows *f, uint32_t buf)
{
	for (uint32_t i = 0; i < f->sums.n; i++)
		if (f->sums.at[i].buf == buf)
			return &f->sums.at[i];
	return NULL;
}

/* Statements without effects of their own on buffers, and stores at the top; all that is stored ends with the column. */
static bool
find_stores(Rows *f, PlanBlock b, bool top)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *s = b.at[i];
		switch (s->kind) {
		case PSTMT_LET: case PSTMT_VAR: case PSTMT_SET: case PSTMT_NOTE:
			break;
		case PSTMT_IF:
			if (!find_stores(f, s->body, false) || !find_stores(f, s->other, false))
				return false;
			break;
		case PSTMT_STORE:
			if (!top || !ends_with(s->nops, s->op, f->along->id) || plan_buf_in_frame(&f->p->bufs.at[s->id]))
				return false;                     /* sums in a frame stay in registers, for one row after the other */
			if (!rows_sum_of(f, s->id)) {
				RowsSum sum = {.buf = s->id, .nops = s->nops, .op = s->op, .joint = true};
				VEC_PUSH(f->p->arena, &f->sums, sum);
			}
			break;
		default:
			return false;
		}
	}
	return true;
}

/* An access of a stored buffer: in another place than the first store's, or in one that depends on the row, it is no sum. */
static bool
note_place(Rows *f, uint32_t buf, uint32_t nops, PlanExpr *const *op)
{
	RowsSum *sum = rows_sum_of(f, buf);
	if (!sum)
		return true;
	if (!ends_with(nops, op, f->along->id))
		return false;
	for (uint32_t k = 0; k + 1 < nops; k++)
		sum->joint = sum->joint && is_invariant(op[k], f->changes) && same_expr(op[k], sum->op[k]);
	return true;
}

static bool
note_expr(Rows *f, const PlanExpr *e)
{
	if (!e)
		return true;
	f->nodes++;
	if (e->kind == PEXPR_MASK || (e->kind == PEXPR_LOAD && !note_place(f, e->id, e->nops, e->op)))
		return false;
	for (uint32_t k = 0; k < e->nops; k++)
		if (!note_expr(f, e->op[k]))
			return false;
	return true;
}

static bool
note_block(Rows *f, PlanBlock b)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *s = b.at[i];
		if (!note_expr(f, s->e) || (s->kind == PSTMT_STORE && !note_place(f, s->id, s->nops, s->op)))
			return false;
		if (!note_block(f, s->body) || !note_block(f, s->other))
			return false;
	}
	return true;
}

/* How many turns may go together; 0: none. */
static uint32_t
rows_along(Rows *f, const PlanStmt *along)
{
	if (along->kind != PSTMT_FOR || !along->simd || along->step != 1)
		return 0;
	if (!is_invariant(along->e, f->changes) || !is_invariant(along->hi, f->changes))
		return 0;
	f->along = along;
	f->sums = (RowsSumVec){0};
	f->nodes = 0;
	if (!find_stores(f, along->body, true) || !f->sums.n || !note_block(f, along->body))
		return 0;
	bool adds = true;
	for (uint32_t i = 0; i < f->sums.n; i++) {
		RowsSum *s = &f->sums.at[i];
		PlanType t = f->p->bufs.at[s->buf].type;
		s->joint = s->joint && plan_type_value(t) == t && block_reads(along->body, s->buf);
		adds = adds && s->joint;
	}
	return adds && f->nodes <= SMALL ? ROWS_ADDED : f->nodes <= LARGE ? ROWS_CHANGED : 0;
}

/* ---- the loop over rows ---------------------------------------------------------------------------- */

/* Some of what is stored is the same element for all rows: a sum, the largest. */
static bool
has_joint(const Rows *f)
{
	for (uint32_t i = 0; i < f->sums.n; i++)
		if (f->sums.at[i].joint)
			return true;
	return false;
}

/* An unsigned count; of rows that have something in common also a constant that is worth it. */
static bool
is_count(const Rows *f, const PlanExpr *e)
{
	if (e->kind == PEXPR_CONST)
		return has_joint(f) && e->value.i >= f->rows;
	return e->kind == PEXPR_CAST && plan_type_is_int(e->op[0]->type) && !plan_type_is_signed(e->op[0]->type);
}

static bool
reads_stored(const Rows *f, const PlanExpr *e)
{
	for (uint32_t i = 0; i < f->sums.n; i++)
		if (expr_reads(e, f->sums.at[i].buf))
			return true;
	return false;
}

static bool
is_row_loop(Rows *f, const PlanStmt *s)
{
	if (s->kind != PSTMT_FOR || s->simd || s->step != 1 || s->body.n == 0)
		return false;
	f->changes = ARENA_ARRAY(f->p->arena, bool, f->code->nlocals);
	mark_changes(s->body, f->changes);
	f->changes[s->id] = true;
	f->rows = rows_along(f, s->body.at[s->body.n - 1]);
	if (!f->rows || !is_count(f, s->hi) || s->e->kind != PEXPR_CONST || s->e->value.i != 0)
		return false;
	for (uint32_t i = 0; i + 1 < s->body.n; i++) {
		const PlanStmt *let = s->body.at[i];
		if (let->kind != PSTMT_NOTE && (let->kind != PSTMT_LET || reads_stored(f, let->e)))
			return false;
	}
	return true;
}

static void
rows_block(Rows *f, PlanBlock *b)
{
	PlanEmit out = plan_emit(f->p, f->code);
	for (uint32_t i = 0; i < b->n; i++) {
		PlanStmt *s = b->at[i];
		rows_block(f, &s->body);
		rows_block(f, &s->other);
		if (!is_row_loop(f, s)) {
			VEC_PUSH(f->p->arena, &out.v, s);
			continue;
		}
		if (f->rows == ROWS_ADDED)
			plan_remark(f->p, "rows", true, f->code, "rows of spiking neurons are added eight at a time: one load and one store of a sum for eight rows");
		else
			plan_remark(f->p, "rows", true, f->code, "rows of spiking neurons are changed four at a time: what all of them read is loaded once");
		rows_emit(f, &out, s);
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
