/* ahead_kernels: what `ahead` does for many steps at once, and what is left to do in each. */
#include "opt/ahead.h"
#include "opt/clone.h"
#include "opt/kernel.h"

/* ROWS rows by BYTES of each are read again and again. Of a matrix with no more rows, of at most ROW bytes, TILE bytes are, so that sums stay
 * in registers meanwhile; of larger ones, so short pieces of rows are slower (docs/performance.md). */
enum { ROWS = 1024, BYTES = 1024, ROW = 8192, TILE = 512 };

static const char *
part_name(Ahead *a, const Delivery *d, const char *part)
{
	return arena_printf(a->p->arena, "%s.%s", d->name, part);
}

static PlanExpr *
zero(Ahead *a)
{
	return whole(a->p, 0);
}

static uint64_t
pieces_of(const Ahead *a, const Delivery *d)
{
	return (a->p->bufs.at[d->matrix].axis[0].extent + ROWS - 1) / ROWS;
}

static void
add_buffers(Ahead *a, Delivery *d)
{
	Plan *p = a->p;
	PlanBuf list = p->bufs.at[d->list], sum = p->bufs.at[d->sum];
	PlanAxis slot = {AXIS_SLOT, a->turns};
	PlanAxis kept[] = {slot, list.axis[1]}, piece[] = {slot, {AXIS_ITEM, pieces_of(a, d) + 1}}, sums[] = {slot, sum.axis[1]};
	d->kept = plan_add_buf(p, part_name(a, d, "kept"), list.type, ROLE_SCRATCH, 2, kept);
	d->piece = plan_add_buf(p, part_name(a, d, "piece"), PT_U32, ROLE_SCRATCH, 2, piece);
	d->sums = plan_add_buf(p, part_name(a, d, "sums"), sum.type, ROLE_DERIVED, 2, sums);
}

/* ---- the list of a step, and where each piece of rows begins in it ------------------------------------------------ */

/* piece[at, q + 1] = behind the last entry of piece q, which those of pieces without entries inherit. */
static void
keep_kernel(Ahead *a, Delivery *d)
{
	Plan *p = a->p;
	PlanEmit b = open_kernel(p, part_name(a, d, "keep"), 1, &d->keep);
	PlanExpr *at = plan_emit_let(&b, "at", load0(p, a->turn)), *pieces = whole(p, (int64_t)pieces_of(a, d));
	Loop none = open_loop(&b, "q");
	store2(&none.body, d->piece, at, none.i, plan_int(p, PT_U32, 0));
	close_loop(&b, &none, zero(a), whole(p, (int64_t)pieces_of(a, d) + 1), true);
	Loop each = open_loop(&b, "k");
	PlanExpr *entry = plan_emit_let(&each.body, "entry", load2(p, d->list, zero(a), each.i));
	store2(&each.body, d->kept, at, each.i, entry);
	PlanExpr *q = plan_binary(p, PEXPR_DIV, plan_cast(p, PT_I64, entry), whole(p, ROWS));
	store2(&each.body, d->piece, at, plan_binary(p, PEXPR_ADD, q, whole(p, 1)),
	       plan_cast(p, PT_U32, plan_binary(p, PEXPR_ADD, each.i, whole(p, 1))));
	close_loop(&b, &each, zero(a), plan_cast(p, PT_I64, load1(p, d->count, zero(a))), false);
	Loop behind = open_loop(&b, "q");
	PlanExpr *next = plan_binary(p, PEXPR_ADD, behind.i, whole(p, 1));
	PlanExpr *before = plan_emit_let(&behind.body, "before", load2(p, d->piece, at, behind.i));
	store2(&behind.body, d->piece, at, next, larger(p, load2(p, d->piece, at, next), before));
	close_loop(&b, &behind, zero(a), pieces, false);
	close_kernel(&b);
}

/* ---- sums of many steps ------------------------------------------------------------------------------------------ */

/* Where a sum lies: sums[at, j], or own[c]. */
typedef struct { uint32_t buf, nops; PlanExpr *index[2]; } Place;

/* A copy of e with the place of the sum for sum[0, …]. */
static PlanExpr *
with_place(const Delivery *d, PlanExpr *e, const Place *at)
{
	for (uint32_t k = 0; k < e->nops; k++)
		e->op[k] = with_place(d, e->op[k], at);
	if (e->kind == PEXPR_LOAD && e->id == d->sum) {
		e->id = at->buf;
		e->nops = at->nops;
		for (uint32_t k = 0; k < at->nops; k++)
			e->op[k] = at->index[k];
	}
	return e;
}

/* Columns of a matrix in step `at` and piece q of its rows: from + c, c = 0 ..< wide, with sums of their own; or (wide: 0) from ..< to. */
typedef struct { PlanExpr *at, *q, *from, *to; int64_t wide; uint32_t own; } Columns;

static Place
place_of(const Columns *c, const Delivery *d, PlanExpr *i)
{
	return c->wide ? (Place){c->own, 1, {i}} : (Place){d->sums, 2, {c->at, i}};
}

/* The rows of one step, along the columns. */
static void
add_rows(Ahead *a, const Delivery *d, PlanEmit *b, const Columns *columns)
{
	Plan *p = a->p;
	int64_t wide = columns->wide;
	const PlanCode *old = p->codes.at[d->kernel];
	const PlanStmt *each = old->body.at[d->add], *let = each->body.at[0], *along = each->body.at[1], *store = along->body.at[along->body.n - 1];
	PlanExpr *first = plan_emit_let(b, "first", load2(p, d->piece, columns->at, columns->q));
	PlanExpr *last = load2(p, d->piece, columns->at, plan_binary(p, PEXPR_ADD, columns->q, whole(p, 1)));
	PlanExpr *n = plan_cast(p, PT_I64, plan_binary(p, PEXPR_SUB, last, first));
	Loop rows = open_loop(b, "k");
	Clone c = {.p = p, .code = b->code, .from = old, .map = ARENA_ARRAY(p->arena, PlanExpr *, old->nlocals), .n = old->nlocals};
	PlanExpr *entry = plan_binary(p, PEXPR_ADD, plan_cast(p, PT_I64, first), rows.i);
	c.map[let->id] = plan_emit_let(&rows.body, "i", plan_cast(p, PT_I64, load2(p, d->kept, columns->at, entry)));
	Loop row = open_loop(&rows.body, wide ? "c" : "j");
	c.map[along->id] = wide ? plan_binary(p, PEXPR_ADD, columns->from, row.i) : row.i;
	for (uint32_t i = 0; i + 1 < along->body.n; i++)
		VEC_PUSH(p->arena, &row.body.v, clone_stmt(&c, along->body.at[i]));
	Place sum = place_of(columns, d, row.i);
	plan_emit_store(&row.body, sum.buf, sum.nops, sum.index, with_place(d, clone_expr(&c, store->e), &sum));
	close_loop(&rows.body, &row, wide ? zero(a) : columns->from, wide ? whole(p, wide) : columns->to, true);
	close_loop(b, &rows, zero(a), n, false);
}

/* for c { own[c] = 0 } ; rows ; for c { sums[at, from + c] = own[c] } */
static void
add_tile(Ahead *a, const Delivery *d, PlanEmit *b, const Columns *columns)
{
	Plan *p = a->p;
	PlanExpr *wide = whole(p, columns->wide);
	Loop none = open_loop(b, "c");
	plan_emit_store(&none.body, columns->own, 1, &none.i, plan_float(p, p->bufs.at[d->sum].type, 0));
	close_loop(b, &none, zero(a), wide, true);
	add_rows(a, d, b, columns);
	Loop give = open_loop(b, "c");
	store2(&give.body, d->sums, columns->at, plan_binary(p, PEXPR_ADD, columns->from, give.i), load1(p, columns->own, give.i));
	close_loop(b, &give, zero(a), wide, true);
}

/* for t { for j in from ..< hi { sums[t, j] = 0 } } */
static void
set_zero(Ahead *a, const Delivery *d, PlanEmit *b, PlanExpr *until, PlanExpr *from)
{
	Plan *p = a->p;
	Loop step = open_loop(b, "t"), none = open_loop(&step.body, "j");
	store2(&none.body, d->sums, step.i, none.i, plan_float(p, p->bufs.at[d->sum].type, 0));
	close_loop(&step.body, &none, from, hi(b), true);
	close_loop(b, &step, zero(a), until, false);
}

/* Columns of `wide`, each with its sums in a frame for all rows of a step; what is left over as sums in memory. */
static void
narrow_tiles(Ahead *a, Delivery *d, PlanEmit *b, PlanExpr *until, int64_t wide)
{
	Plan *p = a->p;
	PlanAxis axis = {AXIS_ITEM, (uint64_t)wide};
	uint32_t own = plan_add_buf(p, part_name(a, d, "own"), p->bufs.at[d->sum].type, ROLE_WORK, 1, &axis);
	PlanExpr *many = plan_binary(p, PEXPR_AND, plan_binary(p, PEXPR_SUB, hi(b), lo(b)), whole(p, -wide));
	PlanExpr *end = plan_emit_let(b, "end", plan_binary(p, PEXPR_ADD, lo(b), many));
	Loop tile = open_loop(b, "from"), turn = open_loop(&tile.body, "t");
	Columns columns = {.at = turn.i, .q = zero(a), .from = tile.i, .wide = wide, .own = own};
	add_tile(a, d, &turn.body, &columns);
	close_loop(&tile.body, &turn, zero(a), until, false);
	close_loop(b, &tile, lo(b), end, false)->step = wide;

	set_zero(a, d, b, until, end);
	Loop rest = open_loop(b, "t");
	Columns left = {.at = rest.i, .q = zero(a), .from = end, .to = hi(b)};
	add_rows(a, d, &rest.body, &left);
	close_loop(b, &rest, zero(a), until, false);
}

static void
wide_tiles(Ahead *a, Delivery *d, PlanEmit *b, PlanExpr *until)
{
	Plan *p = a->p;
	set_zero(a, d, b, until, lo(b));
	Loop piece = open_loop(b, "q"), tile = open_loop(&piece.body, "from");
	PlanExpr *columns = whole(p, BYTES / plan_type_size(p->bufs.at[d->sum].type));
	PlanExpr *to = plan_emit_let(&tile.body, "to", smaller(p, plan_binary(p, PEXPR_ADD, tile.i, columns), hi(b)));
	Loop turn = open_loop(&tile.body, "t");
	Columns all = {.at = turn.i, .q = piece.i, .from = tile.i, .to = to};
	add_rows(a, d, &turn.body, &all);
	close_loop(&tile.body, &turn, zero(a), until, false);
	close_loop(&piece.body, &tile, lo(b), hi(b), false)->step = columns->value.i;
	close_loop(b, &piece, zero(a), whole(p, (int64_t)pieces_of(a, d)), false);
}

static void
collect_kernel(Ahead *a, Delivery *d)
{
	Plan *p = a->p;
	uint64_t range = p->bufs.at[d->sum].axis[1].extent, size = plan_type_size(p->bufs.at[d->sum].type);
	bool narrow = pieces_of(a, d) == 1 && range * size >= TILE && range * size <= ROW;
	PlanEmit b = open_kernel(p, part_name(a, d, "ahead"), range, &d->collect);
	PlanExpr *until = plan_emit_let(&b, "until", load0(p, a->until));
	if (narrow)
		narrow_tiles(a, d, &b, until, TILE / (int64_t)size);
	else
		wide_tiles(a, d, &b, until);
	close_kernel(&b);
}

/* In place of the two loops: sum[0, j] = sums[turn, j]. */
void
ahead_take_sums(Ahead *a, const Delivery *d)
{
	Plan *p = a->p;
	PlanCode *c = p->codes.at[d->kernel];
	PlanEmit b = plan_emit(p, c);
	for (uint32_t i = 0; i < c->body.n; i++) {
		if (i == d->zero)
			continue;
		if (i != d->add) {
			VEC_PUSH(p->arena, &b.v, c->body.at[i]);
			continue;
		}
		PlanExpr *at = plan_emit_let(&b, "turn", load0(p, a->turn));
		Loop own = open_loop(&b, "j");
		store2(&own.body, d->sum, zero(a), own.i, load2(p, d->sums, at, own.i));
		close_loop(&b, &own, lo(&b), hi(&b), true);
	}
	c->body = plan_freeze(&b);
}

void
ahead_kernels(Ahead *a, Delivery *d)
{
	add_buffers(a, d);
	keep_kernel(a, d);
	collect_kernel(a, d);
}
