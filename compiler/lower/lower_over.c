/* lower_over: max(image) and its kin: what goes over all values of a sample.
 *
 * Each gives one number per item, by a kernel over the items that runs once when the sample is there; expressions then
 * read that number. A quantile is found by the bits of its rank, from the highest down: counting how many values lie
 * below a candidate needs no order, and as many passes as a number has bits.
 */
#include "base/panic.h"
#include "lower/lower_inner.h"

#include <math.h>

static uint32_t
find_over(const Lower *l, const NetExpr *e, uint32_t data)
{
	for (uint32_t k = 0; k < l->overs.n; k++)
		if (l->overs.at[k].data == data && net_expr_equal(l->overs.at[k].e, e))
			return k;
	return UINT32_MAX;
}

PlanExpr *
low_over(Scope *s, const NetExpr *e)
{
	uint32_t k = find_over(s->l, e, s->data);
	ASSERT(k != UINT32_MAX);
	return low_load(s->l, s->l->overs.at[k].buf, 1, s->item);
}

/* How many values e has in a sample; what goes over it itself is one. */
static uint64_t
values_of(const Lower *l, const NetExpr *e, uint32_t data)
{
	if (!e || e->kind == NEXPR_OVER)
		return 1;
	if (e->kind == NEXPR_COLUMN)
		return l->net->data.at[data].columns.at[e->index].count;
	uint64_t n = 1;
	for (int i = 0; i < 3; i++) {
		uint64_t inner = values_of(l, e->op[i], data);
		n = inner > n ? inner : n;
	}
	return n;
}

/* ---- least, largest, sum ----------------------------------------------------------------------- */

static PlanExpr *
next_value(Lower *l, NetOver over, PlanExpr *so_far, PlanExpr *x)
{
	Plan *p = l->p;
	if (over == NOVER_SUM || over == NOVER_MEAN)
		return plan_binary(p, PEXPR_ADD, so_far, x);
	PlanExpr *better = plan_binary(p, over == NOVER_MAX ? PEXPR_GT : PEXPR_LT, x, so_far);
	return plan_ternary(p, PEXPR_SELECT, better, x, so_far);
}

static PlanExpr *
gathered(Scope *s, const NetExpr *e, uint64_t n)
{
	Lower *l = s->l;
	NetOver over = (NetOver)e->index;
	double first = over == NOVER_MIN ? INFINITY : over == NOVER_MAX ? -INFINITY : 0;
	uint32_t acc = plan_emit_var(s->b, "acc", low_real(l, first));
	LowLoop each = low_loop(s->b, "k", low_i64(l, 0), low_i64(l, (int64_t)n), false);
	Scope in = *s;
	in.b = low_body(&each);
	in.own = each.index;
	PlanExpr *x = low_keep(in.b, "x", low_expr(&in, e->op[0]));
	plan_emit_set(in.b, acc, next_value(l, over, plan_local(l->p, in.b->code, acc), x));
	low_close(&each);
	PlanExpr *sum = plan_local(l->p, s->b->code, acc);
	return over == NOVER_MEAN ? plan_binary(l->p, PEXPR_DIV, sum, low_real(l, (double)n)) : sum;
}

/* ---- quantiles ------------------------------------------------------------------------------------ */

typedef struct { Scope *s; PlanType bits; int width; uint32_t keys; uint64_t n; } Ranks;

/* Numbers in the order of their keys: the sign bit is turned, of negative ones all bits. */
static PlanExpr *
key_of(const Ranks *r, PlanEmit *b, PlanExpr *x)
{
	Plan *p = r->s->l->p;
	PlanExpr *sign = plan_int(p, r->bits, (int64_t)(1ull << (r->width - 1)));
	PlanExpr *raw = plan_emit_let(b, "raw", plan_bits(p, r->bits, x));
	PlanExpr *negative = plan_binary(p, PEXPR_GE, raw, sign);
	return plan_ternary(p, PEXPR_SELECT, negative, plan_unary(p, PEXPR_NOT, raw), plan_binary(p, PEXPR_XOR, raw, sign));
}

static PlanExpr *
value_of(const Ranks *r, PlanExpr *key)
{
	Plan *p = r->s->l->p;
	PlanExpr *sign = plan_int(p, r->bits, (int64_t)(1ull << (r->width - 1)));
	PlanExpr *raw = plan_ternary(p, PEXPR_SELECT, plan_binary(p, PEXPR_GE, key, sign),
	                             plan_binary(p, PEXPR_XOR, key, sign), plan_unary(p, PEXPR_NOT, key));
	return plan_bits(p, r->s->l->real, raw);
}

static PlanExpr *
key_at(const Ranks *r, PlanExpr *k)
{
	return low_load(r->s->l, r->keys, 2, r->s->item, k);
}

/* A variable that counts the keys below `limit`. */
static PlanExpr *
keys_below(const Ranks *r, PlanEmit *b, PlanExpr *limit)
{
	Lower *l = r->s->l;
	Plan *p = l->p;
	uint32_t below = plan_emit_var(b, "below", low_i64(l, 0));
	LowLoop each = low_loop(b, "k", low_i64(l, 0), low_i64(l, (int64_t)r->n), false);
	PlanExpr *less = plan_binary(p, PEXPR_LT, key_at(r, each.index), limit);
	plan_emit_set(low_body(&each), below, plan_binary(p, PEXPR_ADD, plan_local(p, b->code, below), plan_cast(p, PT_I64, less)));
	low_close(&each);
	return plan_local(p, b->code, below);
}

static PlanExpr *
key_of_rank(const Ranks *r, PlanEmit *b, int64_t rank)
{
	Lower *l = r->s->l;
	Plan *p = l->p;
	uint32_t key = plan_emit_var(b, "key", plan_int(p, r->bits, 0));
	LowLoop bit = low_loop(b, "bit", low_i64(l, 0), low_i64(l, r->width), false);
	PlanEmit *in = low_body(&bit);
	PlanExpr *place = plan_cast(p, r->bits, plan_binary(p, PEXPR_SUB, low_i64(l, r->width - 1), bit.index));
	PlanExpr *one = plan_binary(p, PEXPR_SHL, plan_int(p, r->bits, 1), place);
	PlanExpr *now = plan_local(p, b->code, key);
	PlanExpr *higher = plan_emit_let(in, "higher", plan_binary(p, PEXPR_OR, now, one));
	PlanExpr *below = keys_below(r, in, higher);
	PlanExpr *fits = plan_binary(p, PEXPR_LE, below, low_i64(l, rank));
	plan_emit_set(in, key, plan_ternary(p, PEXPR_SELECT, fits, higher, now));
	low_close(&bit);
	return plan_local(p, b->code, key);
}

static void
fill_keys(const Ranks *r, const NetExpr *e)
{
	Scope in = *r->s;
	LowLoop each = low_loop(r->s->b, "k", low_i64(in.l, 0), low_i64(in.l, (int64_t)r->n), true);
	in.b = low_body(&each);
	in.own = each.index;
	low_store(in.b, r->keys, key_of(r, in.b, low_expr(&in, e->op[0])), 2, in.item, in.own);
	low_close(&each);
}

/* Between the two values around the place q * (n - 1), linearly. */
static PlanExpr *
quantile(Scope *s, const NetExpr *e, uint64_t n)
{
	Lower *l = s->l;
	Plan *p = l->p;
	Ranks r = {.s = s, .n = n, .bits = l->real == PT_F64 ? PT_U64 : PT_U32, .width = l->real == PT_F64 ? 64 : 32};
	PlanAxis axes[2] = {low_axis(AXIS_BATCH, l->batch), low_axis(AXIS_ITEM, n)};
	r.keys = low_add_buf(l, r.bits, ROLE_SCRATCH, 2, axes, "%s.keys", l->net->data.at[s->data].name);
	fill_keys(&r, e);
	double place = plan_round_float(l->real, e->op[1]->value * (double)(n - 1)), rank = floor(place), part = place - rank;
	PlanExpr *low = plan_emit_let(s->b, "low", value_of(&r, key_of_rank(&r, s->b, (int64_t)rank)));
	if (part == 0)
		return low;
	PlanExpr *high = plan_emit_let(s->b, "high", value_of(&r, key_of_rank(&r, s->b, (int64_t)rank + 1)));
	PlanExpr *width = plan_binary(p, PEXPR_SUB, high, low);
	if (part < 0.5)
		return plan_binary(p, PEXPR_ADD, low, plan_binary(p, PEXPR_MUL, low_real(l, part), width));
	return plan_binary(p, PEXPR_SUB, high, plan_binary(p, PEXPR_MUL, width, low_real(l, 1 - part)));
}

/* ---- kernels ---------------------------------------------------------------------------------------- */

static void
make_kernel(Lower *l, const NetExpr *e, uint32_t data)
{
	Plan *p = l->p;
	const char *of = l->net->data.at[data].name, *what = net_over_name((NetOver)e->index);
	PlanAxis axis = low_axis(AXIS_BATCH, l->batch);
	LowOver o = {.e = e, .data = data};
	o.buf = low_add_buf(l, l->real, ROLE_SCRATCH, 1, &axis, "%s.%s", of, what);
	o.kernel = low_add_kernel(l, l->batch, "%s.%s", of, what);
	PlanEmit b = plan_emit(p, p->codes.at[o.kernel]);
	LowLoop items = low_loop(&b, "b", low_lo(&b), low_hi(&b), false);
	Scope s = low_scope(l, low_body(&items));
	s.item = items.index;
	s.data = data;
	uint64_t n = values_of(l, e->op[0], data);
	PlanExpr *v = e->index == NOVER_QUANTILE ? quantile(&s, e, n) : gathered(&s, e, n);
	low_store(s.b, o.buf, v, 1, s.item);
	low_close(&items);
	p->codes.at[o.kernel]->body = plan_freeze(&b);
	VEC_PUSH(l->a, &l->overs, o);
}

void
low_overs(Lower *l, const NetExpr *e, uint32_t data)
{
	if (!e)
		return;
	for (int i = 0; i < 3; i++)
		low_overs(l, e->op[i], data);
	if (e->kind == NEXPR_OVER && find_over(l, e, data) == UINT32_MAX)
		make_kernel(l, e, data);
}

/* Does it read more than the sample, so that it must be worked out where it stands? */
static bool
is_open(const NetExpr *e)
{
	if (!e)
		return false;
	if (e->kind == NEXPR_SIGNAL || e->kind == NEXPR_VAR || e->kind == NEXPR_SEEN || e->kind == NEXPR_NEURONS)
		return true;
	return is_open(e->op[0]) || is_open(e->op[1]) || is_open(e->op[2]);
}

void
low_run_open_overs(Lower *l, PlanEmit *b, const NetExpr *e, uint32_t data)
{
	if (!e)
		return;
	for (int i = 0; i < 3; i++)
		low_run_open_overs(l, b, e->op[i], data);
	if (e->kind == NEXPR_OVER && is_open(e))
		plan_emit_run(b, l->overs.at[find_over(l, e, data)].kernel);
}

void
low_run_overs(Lower *l, PlanEmit *b, const NetExpr *e, uint32_t data, bool *done)
{
	if (!e)
		return;
	for (int i = 0; i < 3; i++)
		low_run_overs(l, b, e->op[i], data, done);
	if (e->kind != NEXPR_OVER)
		return;
	uint32_t k = find_over(l, e, data);
	if (is_open(e))
		return;
	if (!done[k])
		plan_emit_run(b, l->overs.at[k].kernel);
	done[k] = true;
}
