/* still: rows from which spikes take something off change only in the columns where it is not zero.
 *
 *     for k { let i = list[k] ; for j { w[i, j] = clip(w[i, j] - c * y[0, j]) ; sum[0, j] = sum[0, j] + w[i, j] } }
 *
 * reads    plan after carry; loops over rows whose elements get less by a positive constant times what their column has (a trace of the post
 *          neuron, zero until it spikes), with constant bounds or none, and are delivered behind that, or not; loops that only clip what
 *          such a loop of the kernel changed
 * writes   where few columns have something else than zero: a walk over these alone, down the rows of the list, then the rows that are only
 *          read and delivered; else the loop as it was
 * keeps    every bit: w - (+0) is w, and each element sees the same operations in the same order. What a kernel clips is within its bounds when
 *          it begins, unless a flag under which it clips all says otherwise (docs/plan-ir.md)
 * example  tests/opt/still
 */
#include "opt/clone.h"
#include "opt/kernel.h"
#include "opt/pass.h"
#include "opt/query.h"

#include <math.h>

enum {
	WORTH = 1 << 13,                                  /* values of a matrix: smaller ones are walked as soon as asked */
	SHARE = 32                                        /* one column of so many: walking down it costs what a vector costs along a row */
};

typedef struct { const PlanStmt *loop, *along; uint32_t w, column, cut; } Change;   /* a loop that is found */

typedef struct {
	Plan *p;
	PlanCode *code;
	const PlanStmt *along;                            /* for j in lo ..< hi simd */
	uint32_t w, i, value;                             /* the matrix; locals: the row, the element as it changes */
	uint32_t column;                                  /* buffer y; NO_ID: the loop only clips */
	double least, most;                               /* bounds; infinite: none */
	uint32_t cut;                                     /* statements up to the store of the element */
	uint32_t touched;                                 /* buffer: columns that have something */
	VEC(Change) changes;                              /* in the order of the kernel */
} Still;

/* ---- what becomes of an element ----------------------------------------------------------------------------------- */

static bool
is_element(const Still *s, const PlanExpr *e)
{
	return e->kind == PEXPR_LOAD && e->id == s->w && is_cell((const PlanExpr *const *)e->op, e->nops, s->i, s->along->id);
}

/* c * y[0, j], 0 < c < inf */
static bool
is_share(Still *s, const PlanExpr *e)
{
	if (e->kind != PEXPR_MUL)
		return false;
	bool first = e->op[0]->kind == PEXPR_CONST;
	const PlanExpr *c = e->op[first ? 0 : 1], *y = e->op[first ? 1 : 0];
	if (c->kind != PEXPR_CONST || !(c->value.f > 0) || !(c->value.f < 1e30) || !is_own(s->p, y, s->along->id))
		return false;
	s->column = y->id;
	return true;
}

/* var w = matrix[i, j] ; set w = w - c * y[0, j], or let w = matrix[i, j]; gives how many statements, 0: neither */
static uint32_t
takes_off(Still *s)
{
	PlanBlock b = s->along->body;
	if (b.n < 2 || (b.at[0]->kind != PSTMT_VAR && b.at[0]->kind != PSTMT_LET) || b.at[0]->e->kind != PEXPR_LOAD)
		return 0;
	s->w = b.at[0]->e->id;
	s->value = b.at[0]->id;
	s->column = NO_ID;
	if (!is_element(s, b.at[0]->e))
		return 0;
	if (b.at[0]->kind == PSTMT_LET)
		return 1;
	const PlanExpr *less = b.at[1]->kind == PSTMT_SET && b.at[1]->id == s->value ? b.at[1]->e : NULL;
	return less && less->kind == PEXPR_SUB && is_local(less->op[0], s->value) && is_share(s, less->op[1]) ? 2 : 0;
}

/* select(v < K, K, v), or >: the bound is noted */
static bool
is_limit(const PlanExpr *e, uint32_t value, double *least, double *most)
{
	if (e->kind != PEXPR_SELECT || (e->op[0]->kind != PEXPR_LT && e->op[0]->kind != PEXPR_GT) || !is_local(e->op[0]->op[0], value))
		return false;
	const PlanExpr *bound = e->op[0]->op[1];
	double *side = e->op[0]->kind == PEXPR_LT ? least : most;
	bool once = isinf(*side);
	*side = bound->value.f;
	return once && bound->kind == PEXPR_CONST && same_expr(e->op[1], bound) && is_local(e->op[2], value);
}

/* Lets that clip, and the store of what they leave. */
static bool
is_stored(Still *s, uint32_t from)
{
	PlanBlock b = s->along->body;
	uint32_t value = s->value;
	s->least = -INFINITY;
	s->most = INFINITY;
	for (uint32_t k = from; k < b.n; k++) {
		bool store = b.at[k]->kind == PSTMT_STORE, same = store && is_local(b.at[k]->e, value);
		if ((!store && b.at[k]->kind != PSTMT_LET) || !(same || is_limit(b.at[k]->e, value, &s->least, &s->most)))
			return false;
		value = b.at[k]->id;
		if (store) {
			s->cut = k + 1;
			return b.at[k]->id == s->w && is_cell((const PlanExpr *const *)b.at[k]->op, b.at[k]->nops, s->i, s->along->id);
		}
	}
	return false;
}

/* ---- what is done with it behind that ------------------------------------------------------------------------------ */

/* Elements of the row, and own ones of anything; no locals of what comes before. */
static bool
reads_own(const Still *s, const PlanExpr *e, const bool *inside)
{
	if (e->kind == PEXPR_MASK || (e->kind == PEXPR_LOCAL && inside[e->id]))
		return false;
	if (e->kind == PEXPR_LOAD)
		return is_element(s, e) || (e->id != s->w && is_own(s->p, e, s->along->id));
	for (uint32_t k = 0; k < e->nops; k++)
		if (!reads_own(s, e->op[k], inside))
			return false;
	return true;
}

static bool
is_delivered(const Still *s)
{
	PlanBlock b = s->along->body;
	bool *inside = ARENA_ARRAY(s->p->arena, bool, s->code->nlocals);
	mark_changes((PlanBlock){b.at, s->cut}, inside);
	for (uint32_t k = s->cut; k < b.n; k++) {
		const PlanStmt *d = b.at[k];
		bool own = d->kind == PSTMT_STORE && d->nops == 2 && is_zero_index(d->op[0]) && is_local(d->op[1], s->along->id);
		if (!own || d->id == s->w || d->id == s->column || !reads_own(s, d->e, inside))
			return false;
	}
	return true;
}

/* ---- what else the kernel does to the matrix ----------------------------------------------------------------------- */

static const PlanExpr *
let_of(PlanBlock b, uint32_t n, uint32_t local)
{
	for (uint32_t k = 0; k < n; k++)
		if (b.at[k]->kind == PSTMT_LET && b.at[k]->id == local)
			return b.at[k]->e;
	return NULL;
}

static bool
is_row_loop(Still *s, const PlanStmt *loop)
{
	if (loop->kind != PSTMT_FOR || list_of(s->p, loop) == NO_ID || !is_whole(loop->body.at[1]))
		return false;
	s->i = loop->body.at[0]->id;
	s->along = loop->body.at[1];
	return true;
}

/* A loop that clips the rows of a list to these bounds. */
static bool
has_clip(const Still *s, PlanBlock b, uint32_t list)
{
	for (uint32_t k = 0; k < b.n; k++) {
		Still clip = *s;
		bool rows = is_row_loop(&clip, b.at[k]) && list_of(s->p, b.at[k]) == list;
		if (rows && takes_off(&clip) == 1 && clip.w == s->w && is_stored(&clip, 1) && clip.least == s->least && clip.most == s->most)
			return true;
		if (has_clip(s, b.at[k]->body, list) || has_clip(s, b.at[k]->other, list))
			return true;
	}
	return false;
}

/* A loop that takes something off, and clips that, or leaves it to another one, which goes by the same column. */
static bool
ends_inside(const Still *s, const PlanStmt *loop)
{
	Still inner = *s;
	if (!is_row_loop(&inner, loop) || takes_off(&inner) != 2 || inner.w != s->w || !is_stored(&inner, 2))
		return false;
	bool clips = inner.least == s->least && inner.most == s->most, none = isinf(inner.least) && isinf(inner.most);
	return clips || (none && inner.column == s->column && has_clip(s, s->code->body, list_of(s->p, loop)));
}

/* A value that the two statements before its store have clipped to the same bounds; in the kernel itself also loops that take something off. */
static bool
stays_inside(const Still *s, PlanBlock b, bool itself)
{
	for (uint32_t k = 0; k < b.n; k++) {
		const PlanStmt *t = b.at[k];
		if (t->kind == PSTMT_STORE && t->id == s->w) {
			double least = -INFINITY, most = INFINITY;
			const PlanExpr *last = t->e->kind == PEXPR_SELECT ? t->e->op[2] : NULL;
			const PlanExpr *first = last && last->kind == PEXPR_LOCAL && is_limit(t->e, last->id, &least, &most) ? let_of(b, k, last->id) : NULL;
			bool both = first && first->kind == PEXPR_SELECT && first->op[2]->kind == PEXPR_LOCAL && is_limit(first, first->op[2]->id, &least, &most);
			if (!both || least != s->least || most != s->most)
				return false;
		}
		if (!(itself && ends_inside(s, t)) && (!stays_inside(s, t->body, itself) || !stays_inside(s, t->other, itself)))
			return false;
	}
	return true;
}

/* No kernel of a step leaves values outside, so that a kernel finds them inside when it begins. */
static bool
begins_inside(const Still *s)
{
	const Plan *p = s->p;
	uint32_t step = plan_find_code(p, "step");
	RunOrder order = {0};
	if (step != NO_ID)
		list_runs(p, p->codes.at[step]->body, &order);
	for (uint32_t k = 0; k < order.n; k++)
		if (p->codes.at[order.at[k]] != s->code && !stays_inside(s, p->codes.at[order.at[k]]->body, false))
			return false;
	return stays_inside(s, s->code->body, true);
}

/* A loop that only clips: what all loops before it that take something off left, by one column. */
static bool
clips_changes(Still *s)
{
	for (uint32_t k = 0; k < s->changes.n; k++) {
		const Change *c = &s->changes.at[k];
		if (c->w == s->w && s->column != NO_ID && s->column != c->column)
			return false;
		s->column = c->w == s->w ? c->column : s->column;
	}
	return s->column != NO_ID && s->cut == s->along->body.n;
}

/* for k in 0 ..< i64(count[0]) { let i = i64(list[0, k]) ; for j in lo ..< hi simd { … } } */
static bool
is_found(Still *s, const PlanStmt *loop)
{
	uint32_t from = is_row_loop(s, loop) ? takes_off(s) : 0;
	if (!from || !is_stored(s, from) || plan_buf_count(&s->p->bufs.at[s->w]) < WORTH)
		return false;
	if (s->column == NO_ID ? !clips_changes(s) : !is_delivered(s))
		return false;
	bool bounded = s->least > -INFINITY || s->most < INFINITY;
	return !block_stores(s->code->body, s->column) && (!bounded || begins_inside(s));
}

static void
find_changes(Still *s, PlanBlock b)
{
	for (uint32_t k = 0; k < b.n; k++) {
		if (is_found(s, b.at[k])) {
			VEC_PUSH(s->p->arena, &s->changes, ((Change){b.at[k], s->along, s->w, s->column, s->cut}));
			continue;
		}
		find_changes(s, b.at[k]->body);
		find_changes(s, b.at[k]->other);
	}
}

/* ---- what is written ----------------------------------------------------------------------------------------------- */

static PlanExpr *
zero(const Still *s)
{
	return whole(s->p, 0);
}

static uint32_t
flag_buffer(Still *s)
{
	PlanAxis axis[] = {{AXIS_BATCH, 1}, {AXIS_POST, s->code->range}};
	const char *name = arena_printf(s->p->arena, "%s.touched", s->code->name);
	uint32_t known = plan_find_buf(s->p, name);
	return known != NO_ID ? known : plan_add_buf(s->p, name, PT_BOOL, ROLE_WORK, 2, axis);
}

/* touched[0, j] = y[0, j] is not +0 (w - c * -0 would make 0 of -0); gives how many are. */
static PlanExpr *
emit_touched(Still *s, PlanEmit *b)
{
	Plan *p = s->p;
	Loop each = open_loop(b, "j"), all = open_loop(b, "j");
	PlanExpr *y = load2(p, s->column, zero(s), each.i);
	PlanType bits = y->type == PT_F32 ? PT_U32 : PT_U64;
	store2(&each.body, s->touched, zero(s), each.i, plan_binary(p, PEXPR_NE, plan_bits(p, bits, y), plan_int(p, bits, 0)));
	close_loop(b, &each, lo(b), hi(b), true);
	uint32_t many = plan_emit_var(b, "many", plan_int(p, PT_I32, 0));
	PlanExpr *n = plan_local(p, s->code, many), *one = plan_int(p, PT_I32, 1), *none = plan_int(p, PT_I32, 0);
	plan_emit_set(&all.body, many, plan_binary(p, PEXPR_ADD, n, plan_ternary(p, PEXPR_SELECT, load2(p, s->touched, zero(s), all.i), one, none)));
	close_loop(b, &all, lo(b), hi(b), false);
	return plan_cast(p, PT_I64, n);
}

/* Statements `from ..< to` of the loop along a row, for row i and column j. */
static void
emit_part(Still *s, PlanEmit *b, const PlanStmt *loop, PlanExpr *i, PlanExpr *j, uint32_t from, uint32_t to)
{
	Clone c = clone_open(s->p, s->code);
	c.map[loop->body.at[0]->id] = i;
	c.map[s->along->id] = j;
	for (uint32_t k = from; k < to; k++)
		VEC_PUSH(s->p->arena, &b->v, clone_stmt(&c, s->along->body.at[k]));
}

static PlanExpr *
open_row(PlanEmit *b, const PlanStmt *loop, Loop *row)
{
	return open_list(b, row, loop->body.at[0]->e->op[0]->id);
}

static void
emit_few(Still *s, PlanEmit *b, const PlanStmt *loop)
{
	Plan *p = s->p;
	uint32_t count = count_of(loop->hi);
	Loop column = open_loop(b, "j"), row;
	PlanEmit on = plan_emit(p, s->code);
	PlanExpr *i = open_row(&on, loop, &row);
	emit_part(s, &row.body, loop, i, column.i, 0, s->cut);
	close_list(&on, &row, count);
	plan_emit_if(&column.body, load2(p, s->touched, zero(s), column.i), &on, NULL);
	close_loop(b, &column, lo(b), hi(b), false);
	if (s->cut == s->along->body.n)
		return;
	Loop read, along;
	i = open_row(b, loop, &read);
	along = open_loop(&read.body, "j");
	emit_part(s, &along.body, loop, i, along.i, s->cut, s->along->body.n);
	close_loop(&read.body, &along, lo(b), hi(b), true);
	close_list(b, &read, count);
}

static void
emit_both(Still *s, PlanEmit *b, PlanStmt *loop)
{
	Plan *p = s->p;
	s->touched = flag_buffer(s);
	PlanExpr *many = emit_touched(s, b), *share = plan_binary(p, PEXPR_DIV, plan_binary(p, PEXPR_SUB, hi(b), lo(b)), whole(p, SHARE));
	PlanEmit few = plan_emit(p, s->code), all = plan_emit(p, s->code);
	emit_few(s, &few, loop);
	VEC_PUSH(p->arena, &all.v, loop);
	plan_emit_if(b, plan_binary(p, PEXPR_LE, many, share), &few, &all);
	plan_remark(p, "still", true, s->code, "where %s is zero nothing is taken off %s: with few other columns these alone are walked, and rows are only read",
	            p->bufs.at[s->column].name, p->bufs.at[s->w].name);
}

static bool
take_change(Still *s, const PlanStmt *loop)
{
	for (uint32_t k = 0; k < s->changes.n; k++) {
		const Change *c = &s->changes.at[k];
		if (c->loop != loop)
			continue;
		s->along = c->along;
		s->w = c->w;
		s->column = c->column;
		s->cut = c->cut;
		return true;
	}
	return false;
}

static void
still_block(Still *s, PlanBlock *b)
{
	PlanEmit out = plan_emit(s->p, s->code);
	for (uint32_t k = 0; k < b->n; k++) {
		PlanStmt *loop = b->at[k];
		if (take_change(s, loop)) {
			emit_both(s, &out, loop);
			continue;
		}
		still_block(s, &loop->body);
		still_block(s, &loop->other);
		VEC_PUSH(s->p->arena, &out.v, loop);
	}
	*b = plan_freeze(&out);
}

static void
still_kernel(Plan *p, PlanCode *kernel)
{
	Still s = {.p = p, .code = kernel};
	find_changes(&s, kernel->body);
	if (s.changes.n)
		still_block(&s, &kernel->body);
}

void
pass_still(Plan *p)
{
	each_kernel(p, still_kernel);
}
