/* local: an element of a sum that only one turn of a loop looks at is a local of that turn.
 *
 * reads    plan after sink; scratch of one value for each neuron that one loop over all stores and then reads, each turn its own element. At
 *          the end of a turn it is of no use: nobody else has it, or one other kernel, which sets it to zero before anything else; or the turn
 *          itself does, behind all that it reads, for others to add to (clear)
 * writes   a `var` in its place: loaded at most once, stored at most as that zero. A sum that nobody else touches is gone
 * keeps    every bit: a local is as wide as the buffer was
 * example  tests/opt/local
 */
#include "opt/pass.h"
#include "opt/query.h"
#include "opt/unread.h"

#include <math.h>
#include <string.h>

typedef struct {
	Plan *p;
	uint32_t buf;
	uint32_t code, other;                             /* codes that touch it: the one with the loop, and another; NO_ID: there is none */
	PlanStmt *loop;
	uint32_t first, last;                             /* statements of the loop that touch it */
	bool zeroed;                                      /* the last one sets it to zero */
} Local;

/* ---- who has it --------------------------------------------------------------------------------------------------- */

/* Stored at the top of the loop alone. */
static bool
stored_at_top(const Local *l, PlanBlock b)
{
	for (uint32_t i = 0; i < b.n; i++)
		if (block_stores(b.at[i]->body, l->buf) || block_stores(b.at[i]->other, l->buf))
			return false;
	return true;
}

static bool
touches(const Local *l, PlanStmt **s)
{
	return block_touches((PlanBlock){s, 1}, l->buf);
}

static bool
is_zero_store(const Local *l, const PlanStmt *s)
{
	return s->kind == PSTMT_STORE && s->id == l->buf && s->e->kind == PEXPR_CONST && s->e->value.f == 0 && !signbit(s->e->value.f);
}

static bool
defines(const Local *l)
{
	const PlanStmt *s = l->loop->body.at[l->first];
	return s->kind == PSTMT_STORE && s->id == l->buf && !expr_reads(s->e, l->buf);
}

/* The only loop of its code that touches it; it stores more than the zero. */
static bool
find_loop(Local *l)
{
	PlanBlock b = l->p->codes.at[l->code]->body;
	l->loop = NULL;
	for (uint32_t i = 0; i < b.n; i++) {
		if (!touches(l, &b.at[i]))
			continue;
		if (l->loop || !is_whole(b.at[i]))
			return false;
		l->loop = b.at[i];
	}
	if (!l->loop || !block_own_only(l->p, l->loop->body, l->buf, l->loop->id) || !stored_at_top(l, l->loop->body))
		return false;
	b = l->loop->body;
	for (l->first = 0; !touches(l, &b.at[l->first]); l->first++)
		;
	for (l->last = b.n - 1; !touches(l, &b.at[l->last]); l->last--)
		;
	l->zeroed = is_zero_store(l, b.at[l->last]);
	return block_stores((PlanBlock){b.at + l->first, l->last + !l->zeroed - l->first}, l->buf);
}

/* ---- what the other one does -------------------------------------------------------------------------------------- */

static bool
fills_first(const Local *l)
{
	PlanBlock b = l->p->codes.at[l->other]->body;
	uint32_t i = 0;
	while (!touches(l, &b.at[i]))
		i++;
	return l->p->codes.at[l->other]->kind == CODE_KERNEL && zeroed_by(l->p, b.at[i]) == l->buf;
}

/* Whether a block runs both, the loop's kernel last. */
static bool
in_order(const Local *l, PlanBlock b)
{
	bool filled = false;
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *s = b.at[i];
		filled = filled || (s->kind == PSTMT_RUN && s->id == l->other);
		if ((filled && s->kind == PSTMT_RUN && s->id == l->code) || in_order(l, s->body) || in_order(l, s->other))
			return true;
	}
	return false;
}

static bool
is_filled(const Local *l)
{
	const Plan *p = l->p;
	if (p->codes.at[l->other]->range != p->codes.at[l->code]->range || !runs_once(p, l->other) || !runs_once(p, l->code) || !fills_first(l))
		return false;
	for (uint32_t c = 0; c < p->codes.n; c++)
		if (p->codes.at[c]->kind == CODE_PROC && in_order(l, p->codes.at[c]->body))
			return true;
	return false;
}

/* Whether the code has the loop; `other` is one of the others, of which there may be more where the loop leaves a zero. */
static bool
is_of_turn(Local *l, const uint32_t *touch, uint32_t n)
{
	const Plan *p = l->p;
	if (p->codes.at[l->code]->kind != CODE_KERNEL || !find_loop(l))
		return false;
	l->other = NO_ID;
	for (uint32_t k = 0; k < n; k++)
		l->other = touch[k] == l->code ? l->other : touch[k];
	if (p->bufs.at[l->buf].role != ROLE_SCRATCH)              /* of a delivery for the next step, which a checkpoint does not hold (carry) */
		return l->zeroed && n > 1;
	return l->zeroed || (n == 1 && defines(l)) || (n == 2 && is_filled(l));
}

static bool
find_code(Local *l)
{
	Plan *p = l->p;
	uint32_t *touch = ARENA_ARRAY(p->arena, uint32_t, p->codes.n), n = 0;
	for (uint32_t c = 0; c < p->codes.n; c++)
		if (block_touches(p->codes.at[c]->body, l->buf))
			touch[n++] = c;
	for (uint32_t k = 0; k < n; k++) {
		l->code = touch[k];
		if (is_of_turn(l, touch, n))
			return true;
	}
	return false;
}

/* ---- the pass ----------------------------------------------------------------------------------------------------- */

typedef struct { const Local *l; PlanExpr *local; } Put;

static PlanExpr *
with_local(void *env, PlanExpr *e)
{
	const Put *put = env;
	if (!e || !expr_reads(e, put->l->buf))
		return e;
	if (e->kind == PEXPR_LOAD && e->id == put->l->buf)
		return put->local;
	PlanExpr *copy = arena_copy(put->l->p->arena, e, sizeof *e);
	for (uint32_t k = 0; k < e->nops; k++)
		copy->op[k] = with_local(env, e->op[k]);
	return copy;
}

static void
rewrite(const Local *l, PlanStmt *s, PlanExpr *local)
{
	Put put = {l, local};
	map_exprs((PlanBlock){&s, 1}, with_local, &put);
	if (s->kind == PSTMT_STORE && s->id == l->buf)
		*s = (PlanStmt){.kind = PSTMT_SET, .span = s->span, .id = local->id, .e = s->e};
}

/* With nobody else there, a turn begins with the zero that the last one left, or scratch begins with. */
static PlanExpr *
first_value(const Local *l)
{
	Plan *p = l->p;
	PlanExpr *own[] = {plan_int(p, PT_I64, 0), plan_local(p, p->codes.at[l->code], l->loop->id)};
	if (defines(l))
		return l->loop->body.at[l->first]->e;
	return l->other == NO_ID ? plan_float(p, p->bufs.at[l->buf].type, 0) : plan_load(p, l->buf, 2, own);
}

static void
make_local(const Local *l)
{
	Plan *p = l->p;
	PlanBlock *b = &l->loop->body, all = {ARENA_ARRAY(p->arena, PlanStmt *, b->n + 1), 0};
	PlanEmit e = plan_emit(p, p->codes.at[l->code]);
	PlanExpr *local = plan_local(p, p->codes.at[l->code], plan_emit_var(&e, "sum", first_value(l)));
	for (uint32_t i = 0; i < b->n; i++) {
		if (i == l->first)
			all.at[all.n++] = e.v.at[0];
		if ((i == l->first && defines(l)) || (i == l->last && l->zeroed && l->other == NO_ID))
			continue;
		all.at[all.n++] = b->at[i];
		if (i != l->last || !l->zeroed)
			rewrite(l, b->at[i], local);
	}
	*b = all;
	plan_remark(p, "local", true, p->codes.at[l->code], "%s is a local: only its own turn looks at it", p->bufs.at[l->buf].name);
}

void
pass_local(Plan *p)
{
	bool *used = ARENA_ARRAY(p->arena, bool, p->codes.n), *drop = ARENA_ARRAY(p->arena, bool, p->bufs.n), any = false;
	memset(used, true, p->codes.n);
	for (uint32_t buf = 0; buf < p->bufs.n; buf++) {
		const PlanBuf *b = &p->bufs.at[buf];
		Local l = {.p = p, .buf = buf};
		bool wide = b->type == PT_F32 || b->type == PT_F64;       /* a store to others rounds */
		bool sums = wide && (b->role == ROLE_SCRATCH || b->role == ROLE_DERIVED) && b->naxes == 2 && b->axis[0].extent == 1;
		if (!sums || host_knows(p, buf) || !find_code(&l))
			continue;
		make_local(&l);
		drop[buf] = l.other == NO_ID;
		any = any || drop[buf];
	}
	if (any)
		drop_these(p, used, drop);
}
