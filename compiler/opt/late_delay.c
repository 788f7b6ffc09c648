/* late_delay: how many steps a delivery lies ahead at least, by intervals of what its slot is made of.
 *
 * Ends of intervals are rounded as values are, and all operations here are monotone, so what is found holds for every value. What the
 * buffers of a delay hold is what kernels store to them; what the host may write to is not known.
 */
#include "opt/late.h"

#include <math.h>

enum { DEEP = 64, STEPS = 20000 /* of looking: where everything follows from everything, nothing is known */ };
#define FAR 4503599627370496.0                            /* 2^52: whole numbers below are exact, and no sum of them wraps */

typedef LateRange Range;
typedef struct { Plan *p; LateHeld *held; const PlanCode *code; const PlanStmt **made; int depth, *left; } Ends;   /* by local: what declares it, if it is never set */

static Range range_of(Ends *r, const PlanExpr *e);

/* ---- what locals are -------------------------------------------------------------------------------------------- */

static void
mark_made(PlanBlock b, const PlanStmt **made, bool *set)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *s = b.at[i];
		if (s->kind == PSTMT_LET || s->kind == PSTMT_FOR)
			made[s->id] = s;
		if (s->kind == PSTMT_SET)
			set[s->id] = true;
		mark_made(s->body, made, set);
		mark_made(s->other, made, set);
	}
}

static Ends
ends_of(Plan *p, LateHeld *held, const PlanCode *code, int depth, int *left)
{
	bool *set = ARENA_ARRAY(p->arena, bool, code->nlocals + 1);
	Ends r = {p, held, code, ARENA_ARRAY(p->arena, const PlanStmt *, code->nlocals + 1), depth, left};
	mark_made(code->body, r.made, set);
	for (uint32_t i = 0; i < code->nlocals; i++)
		if (set[i])
			r.made[i] = NULL;
	return r;
}

static const PlanExpr *
let_of(const Ends *r, const PlanExpr *e)
{
	while (e->kind == PEXPR_LOCAL && r->made[e->id] && r->made[e->id]->kind == PSTMT_LET)
		e = r->made[e->id]->e;
	return e;
}

/* ---- intervals -------------------------------------------------------------------------------------------------------- */

static Range
of_type(PlanType t)
{
	if (t == PT_BOOL)
		return (Range){0, 1, true};
	if (!plan_type_is_int(t) || plan_type_size(t) > 4)
		return (Range){0};
	double all = ldexp(1, 8 * (int)plan_type_size(t));
	return plan_type_is_signed(t) ? (Range){-all / 2, all / 2 - 1, true} : (Range){0, all - 1, true};
}

/* A value of type t whose ends are those, before they are rounded. */
static Range
ends(PlanType t, double a, double b)
{
	Range all = of_type(t);
	if (plan_type_is_float(t)) {
		a = plan_round_float(t, a);
		b = plan_round_float(t, b);
	}
	if (!(a <= b) || a < -FAR || b > FAR)
		return all;
	if ((all.known && (a < all.lo || b > all.hi)) || (t == PT_U64 && a < 0))
		return all;
	return (Range){a, b, true};
}

static Range
either(Range a, Range b)
{
	return (Range){a.lo < b.lo ? a.lo : b.lo, a.hi > b.hi ? a.hi : b.hi, a.known && b.known};
}

static void
add_stored(Ends *r, PlanBlock b, uint32_t buf, Range *all, bool *any)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *s = b.at[i];
		if (s->kind == PSTMT_STORE && s->id == buf) {
			Range here = range_of(r, s->e);
			*all = *any ? either(*all, here) : here;
			*any = true;
		}
		for (uint32_t k = 0; k < s->nargs; k++)
			if (s->args[k].address && s->args[k].e->id == buf)
				*all = (Range){0};
		add_stored(r, s->body, buf, all, any);
		add_stored(r, s->other, buf, all, any);
	}
}

/* What kernels store; nobody looks at an element before. */
static Range
look_for(Ends *r, uint32_t buf)
{
	const PlanBuf *b = &r->p->bufs.at[buf];
	Range all = {0};
	bool any = false;
	if (b->role == ROLE_CONST) {
		for (uint64_t k = 0, n = plan_buf_count(b); k < n; k++) {
			double v = plan_type_is_float(b->type) ? b->data[k].f : (double)b->data[k].i;
			all = k ? either(all, ends(b->type, v, v)) : ends(b->type, v, v);
		}
		return all;
	}
	if (host_writes(r->p, buf))
		return of_type(b->type);
	for (uint32_t c = 0; c < r->p->codes.n; c++) {
		if (!block_stores(r->p->codes.at[c]->body, buf) && r->p->codes.at[c]->kind == CODE_KERNEL)
			continue;
		Ends in = ends_of(r->p, r->held, r->p->codes.at[c], r->depth, r->left);
		add_stored(&in, in.code->body, buf, &all, &any);
	}
	return all.known ? ends(b->type, all.lo, all.hi) : of_type(b->type);
}

/* Once for each; what follows from itself may be anything. */
static Range
of_buffer(Ends *r, uint32_t buf)
{
	LateHeld *h = &r->held[buf];
	if (h->open)
		return of_type(r->p->bufs.at[buf].type);
	if (!h->done) {
		h->open = true;
		h->range = look_for(r, buf);
		h->open = false;
		h->done = true;
	}
	return h->range;
}

static Range
of_local(Ends *r, const PlanExpr *e)
{
	const PlanStmt *s = r->made[e->id];
	if (s && s->kind == PSTMT_LET)
		return range_of(r, s->e);
	Range from = s ? range_of(r, s->e) : (Range){0}, to = s ? range_of(r, s->hi) : from;
	return from.known && to.known && from.lo < to.hi ? (Range){from.lo, to.hi - 1, true} : of_type(e->type);
}

static Range
of_corners(PlanType t, PlanExprKind k, Range a, Range b)
{
	double lo = INFINITY, hi = -INFINITY, x[] = {a.lo, a.hi}, y[] = {b.lo, b.hi};
	for (int i = 0; i < 4; i++) {
		double v = k == PEXPR_MUL ? x[i & 1] * y[i >> 1] : x[i & 1] / y[i >> 1];
		lo = v < lo ? v : lo;
		hi = v > hi ? v : hi;
	}
	return ends(t, lo, hi);
}

/* min(a, b), max(a, b) as they are written; else one or the other. */
static Range
of_select(Ends *r, const PlanExpr *e)
{
	const PlanExpr *test = e->op[0];
	Range x = range_of(r, e->op[1]), y = range_of(r, e->op[2]);
	bool less = test->kind == PEXPR_LT || test->kind == PEXPR_LE, more = test->kind == PEXPR_GT || test->kind == PEXPR_GE;
	if (!x.known || !y.known || !(less || more))
		return either(x, y);
	bool same = same_expr(test->op[0], e->op[1]) && same_expr(test->op[1], e->op[2]);
	bool turned = same_expr(test->op[0], e->op[2]) && same_expr(test->op[1], e->op[1]);
	if (!same && !turned)
		return either(x, y);
	return same == less ? (Range){fmin(x.lo, y.lo), fmin(x.hi, y.hi), true} : (Range){fmax(x.lo, y.lo), fmax(x.hi, y.hi), true};
}

/* Upper bits: of a word of which nothing is known, too. */
static Range
of_shift(PlanType t, Range a, Range b)
{
	if (!b.known || b.lo != b.hi || b.lo < 0 || b.lo > 63 || plan_type_is_signed(t))
		return of_type(t);
	double most = a.known ? a.hi : ldexp(1, 8 * (int)plan_type_size(t)) - 1;
	return ends(t, a.known ? floor(ldexp(a.lo, -(int)b.lo)) : 0, floor(ldexp(most, -(int)b.lo)));
}

static Range
of_binary(Ends *r, const PlanExpr *e)
{
	Range a = range_of(r, e->op[0]), b = range_of(r, e->op[1]);
	if (e->kind == PEXPR_SHR)
		return of_shift(e->type, a, b);
	if (!a.known || !b.known)
		return of_type(e->type);
	switch (e->kind) {
	case PEXPR_ADD:
		return ends(e->type, a.lo + b.lo, a.hi + b.hi);
	case PEXPR_SUB:
		return ends(e->type, a.lo - b.hi, a.hi - b.lo);
	case PEXPR_MUL:
		return of_corners(e->type, e->kind, a, b);
	case PEXPR_DIV:
		return plan_type_is_float(e->type) && (b.lo > 0 || b.hi < 0) ? of_corners(e->type, e->kind, a, b) : of_type(e->type);
	default:
		return of_type(e->type);
	}
}

static Range
range_inside(Ends *r, const PlanExpr *e)
{
	Range a;
	switch (e->kind) {
	case PEXPR_CONST:
		return plan_type_is_float(e->type) ? ends(e->type, e->value.f, e->value.f) : ends(e->type, (double)e->value.i, (double)e->value.i);
	case PEXPR_LOCAL:
		return of_local(r, e);
	case PEXPR_LOAD:
		return of_buffer(r, e->id);
	case PEXPR_SELECT:
		return of_select(r, e);
	case PEXPR_FLOOR:
		a = range_of(r, e->op[0]);
		return a.known ? ends(e->type, floor(a.lo), floor(a.hi)) : a;
	case PEXPR_CAST:
		a = range_of(r, e->op[0]);
		return !a.known ? of_type(e->type) : plan_type_is_float(e->type) ? ends(e->type, a.lo, a.hi) : ends(e->type, trunc(a.lo), trunc(a.hi));
	default:
		return e->nops == 2 ? of_binary(r, e) : of_type(e->type);
	}
}

static Range
range_of(Ends *r, const PlanExpr *e)
{
	if (r->depth > DEEP || --*r->left < 0)
		return of_type(e->type);
	r->depth++;
	Range a = range_inside(r, e);
	r->depth--;
	return a;
}

/* ---- slots ---------------------------------------------------------------------------------------------------------------------- */

static bool
is_number(const PlanExpr *e, uint64_t v)
{
	return e->kind == PEXPR_CONST && plan_type_is_int(e->type) && (uint64_t)e->value.i == v;
}

static bool
is_now(const Ends *r, const PlanExpr *e, uint64_t slots)
{
	e = let_of(r, e);
	if (slots == 1 && is_number(e, 0))
		return true;
	if (e->kind != PEXPR_REM || !is_number(e->op[1], slots))
		return false;
	const PlanExpr *now = let_of(r, e->op[0]);
	return now->kind == PEXPR_CAST && is_scalar_load(now->op[0]) && now->op[0]->id == plan_find_buf(r->p, "step");
}

bool
late_is_now(Late *l, const PlanCode *code, const PlanExpr *slot, uint64_t slots)
{
	int left = STEPS;
	Ends r = ends_of(l->p, l->held_by, code, 0, &left);
	return is_now(&r, slot, slots);
}

int64_t
late_least(Late *l, const PlanCode *code, const PlanExpr *slot, uint64_t slots)
{
	int left = STEPS;
	Ends r = ends_of(l->p, l->held_by, code, 0, &left);
	const PlanExpr *e = let_of(&r, slot);
	if (e->kind != PEXPR_SELECT || e->op[0]->kind != PEXPR_LT || !is_number(e->op[0]->op[1], slots))
		return -1;
	const PlanExpr *at = e->op[1], *sum = let_of(&r, at), *over = let_of(&r, e->op[2]);
	if (!same_expr(at, e->op[0]->op[0]) || over->kind != PEXPR_SUB || !same_expr(at, over->op[0]) || !is_number(over->op[1], slots))
		return -1;
	if (sum->kind != PEXPR_ADD || !is_now(&r, sum->op[0], slots))
		return -1;
	Range x = range_of(&r, sum->op[1]);
	return x.known && x.lo >= 0 ? (int64_t)x.lo : -1;
}
