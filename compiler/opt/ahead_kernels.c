/* ahead_kernels: what `ahead` does for many steps at once, and what is left to do in each. */
#include "opt/ahead.h"
#include "opt/clone.h"
#include "opt/kernel.h"

enum { ROWS = 1024, BYTES = 1024 /* of a row within a tile: 512 KiB of matrix */ };

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

/* A copy of e with sums[at, …] for sum[0, …]. */
static PlanExpr *
by_step(Ahead *a, const Delivery *d, PlanExpr *e, PlanExpr *at)
{
	for (uint32_t k = 0; k < e->nops; k++)
		e->op[k] = by_step(a, d, e->op[k], at);
	if (e->kind == PEXPR_LOAD && e->id == d->sum) {
		e->id = d->sums;
		e->op[0] = at;
	}
	return e;
}

/* The rows of one step within the tile: the loop along a row goes from `from` to `to`. */
static void
add_rows(Ahead *a, const Delivery *d, PlanEmit *b, PlanExpr *at, PlanExpr *q, PlanExpr *from, PlanExpr *to)
{
	Plan *p = a->p;
	const PlanCode *old = p->codes.at[d->kernel];
	const PlanStmt *each = old->body.at[d->add], *let = each->body.at[0], *along = each->body.at[1], *store = along->body.at[along->body.n - 1];
	PlanExpr *first = plan_emit_let(b, "first", load2(p, d->piece, at, q));
	PlanExpr *last = load2(p, d->piece, at, plan_binary(p, PEXPR_ADD, q, whole(p, 1)));
	PlanExpr *n = plan_cast(p, PT_I64, plan_binary(p, PEXPR_SUB, last, first));
	Loop rows = open_loop(b, "k");
	Clone c = {.p = p, .code = b->code, .from = old, .map = ARENA_ARRAY(p->arena, PlanExpr *, old->nlocals), .n = old->nlocals};
	PlanExpr *entry = plan_binary(p, PEXPR_ADD, plan_cast(p, PT_I64, first), rows.i);
	c.map[let->id] = plan_emit_let(&rows.body, "i", plan_cast(p, PT_I64, load2(p, d->kept, at, entry)));
	Loop row = open_loop(&rows.body, "j");
	c.map[along->id] = row.i;
	for (uint32_t i = 0; i + 1 < along->body.n; i++)
		VEC_PUSH(p->arena, &row.body.v, clone_stmt(&c, along->body.at[i]));
	store2(&row.body, d->sums, at, row.i, by_step(a, d, clone_expr(&c, store->e), at));
	close_loop(&rows.body, &row, from, to, true);
	close_loop(b, &rows, zero(a), n, false);
}

static void
collect_kernel(Ahead *a, Delivery *d)
{
	Plan *p = a->p;
	const PlanBuf *sum = &p->bufs.at[d->sum];
	PlanType real = sum->type;
	PlanEmit b = open_kernel(p, part_name(a, d, "ahead"), sum->axis[1].extent, &d->collect);
	PlanExpr *until = plan_emit_let(&b, "until", load0(p, a->until));
	Loop step = open_loop(&b, "t"), none = open_loop(&step.body, "j");
	store2(&none.body, d->sums, step.i, none.i, plan_float(p, real, 0));
	close_loop(&step.body, &none, lo(&b), hi(&b), true);
	close_loop(&b, &step, zero(a), until, false);

	Loop piece = open_loop(&b, "q"), tile = open_loop(&piece.body, "from");
	PlanExpr *columns = whole(p, BYTES / plan_type_size(real));
	PlanExpr *to = plan_emit_let(&tile.body, "to", smaller(p, plan_binary(p, PEXPR_ADD, tile.i, columns), hi(&b)));
	Loop turn = open_loop(&tile.body, "t");
	add_rows(a, d, &turn.body, turn.i, piece.i, tile.i, to);
	close_loop(&tile.body, &turn, zero(a), until, false);
	close_loop(&piece.body, &tile, lo(&b), hi(&b), false)->step = columns->value.i;
	close_loop(&b, &piece, zero(a), whole(p, (int64_t)pieces_of(a, d)), false);
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
