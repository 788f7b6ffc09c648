/* foresee_kernels: what `foresee` does for many steps at once, and what is left to do in each. */
#include "opt/clone.h"
#include "opt/dead.h"
#include "opt/foresee.h"
#include "opt/kernel.h"
#include "opt/query.h"

enum { WIDE = 16 /* entries of a list that is walked by vectors: there is room for a multiple */ };

/* Where neurons are on their way through the block: who has a turn to come, in which of its steps, what the turn leaves of `left`; when the next one
 * comes, and what is left then; how many spikes they sent, and when. */
typedef struct { uint32_t who, at, rest, when, later, sent, times; } Way;

static PlanExpr *
zero(Foresee *f)
{
	return whole(f->p, 0);
}

static PlanExpr *
add(Foresee *f, PlanExpr *a, PlanExpr *b)
{
	return plan_binary(f->p, PEXPR_ADD, a, b);
}

static const char *
part_name(Foresee *f, const char *part)
{
	return arena_printf(f->p->arena, "%s.%s", f->code->name, part);
}

static uint32_t
add_buf(Foresee *f, const char *part, PlanType type, PlanRole role, uint32_t naxes, PlanAxis a, PlanAxis b)
{
	PlanAxis axes[] = {a, b};
	return plan_add_buf(f->p, part_name(f, part), type, role, naxes, axes);
}

static Way
add_buffers(Foresee *f)
{
	PlanAxis none = {0}, neuron = {AXIS_NEURON, f->neurons}, slot = {AXIS_SLOT, f->turns};
	PlanAxis entry = {AXIS_ITEM, (f->neurons + WIDE - 1) / WIDE * WIDE};
	PlanType index = f->p->bufs.at[f->list].type, real = f->p->bufs.at[f->state].type;
	f->turn = add_buf(f, "turn", PT_I64, ROLE_DERIVED, 0, none, none);
	f->until = add_buf(f, "until", PT_I64, ROLE_DERIVED, 0, none, none);
	f->many = add_buf(f, "many", PT_U32, ROLE_DERIVED, 1, slot, none);
	f->listed = add_buf(f, "listed", index, ROLE_DERIVED, 2, slot, neuron);
	return (Way){
		.who = add_buf(f, "who", index, ROLE_SCRATCH, 1, entry, none),
		.at = add_buf(f, "at", PT_U16, ROLE_SCRATCH, 1, entry, none),
		.rest = add_buf(f, "rest", real, ROLE_SCRATCH, 1, entry, none),
		.when = add_buf(f, "when", PT_U16, ROLE_WORK, 1, entry, none),
		.later = add_buf(f, "later", real, ROLE_WORK, 1, entry, none),
		.sent = add_buf(f, "sent", PT_U16, ROLE_WORK, 1, neuron, none),
		.times = add_buf(f, "times", PT_U16, ROLE_WORK, 2, neuron, slot),
	};
}

/* ---- turns -------------------------------------------------------------------------------------------------------------- */

/* How many turns from now on only count, `most` at most; what they leave of `left`. */
static PlanExpr *
emit_quiet(Foresee *f, PlanEmit *b, PlanExpr *left, PlanExpr *most, PlanExpr **after)
{
	Plan *p = f->p;
	PlanType real = left->type;
	PlanExpr *none = plan_float(p, real, 0), *exact = plan_float(p, real, real == PT_F32 ? 0x1p24 : 0x1p53);
	PlanExpr *room = plan_unary(p, PEXPR_FLOOR, plan_binary(p, PEXPR_SUB, left, plan_float(p, real, f->bound)));
	room = plan_emit_let(b, "room", plan_ternary(p, PEXPR_SELECT, plan_binary(p, PEXPR_LE, left, exact), room, none));
	room = plan_emit_let(b, "some", larger(p, room, none));
	PlanExpr *end = plan_emit_let(b, "most", plan_cast(p, real, most));
	PlanExpr *quiet = plan_emit_let(b, "quiet", smaller(p, room, end));
	*after = plan_binary(p, PEXPR_SUB, left, quiet);
	return plan_cast(p, PT_I64, quiet);
}

/* who[n] = j, at[n] = when, unless that is behind the block. */
static void
emit_wait(Foresee *f, PlanEmit *b, const Way *w, uint32_t n, PlanExpr *j, PlanExpr *when, PlanExpr *until)
{
	Plan *p = f->p;
	PlanExpr *place = plan_local(p, b->code, n);
	plan_emit_store(b, w->who, 1, &place, plan_cast(p, p->bufs.at[w->who].type, j));
	plan_emit_store(b, w->at, 1, &place, plan_cast(p, PT_U16, when));
	plan_emit_set(b, n, add(f, place, plan_ternary(p, PEXPR_SELECT, plan_binary(p, PEXPR_LT, when, until), whole(p, 1), zero(f))));
}

static void
own_step(PlanExpr *e, uint32_t step, const PlanExpr *now)
{
	if (e && is_scalar_load(e) && e->id == step)
		*e = *now;
	for (uint32_t k = 0; e && k < e->nops; k++)
		own_step(e->op[k], step, now);
}

static void
own_steps(PlanBlock b, uint32_t step, const PlanExpr *now)
{
	for (uint32_t i = 0; i < b.n; i++) {
		own_step(b.at[i]->e, step, now);
		own_step(b.at[i]->hi, step, now);
		for (uint32_t k = 0; k < b.at[i]->nops; k++)
			own_step(b.at[i]->op[k], step, now);
		own_steps(b.at[i]->body, step, now);
		own_steps(b.at[i]->other, step, now);
	}
}

/* ---- the kernel of a block ------------------------------------------------------------------------------------------ */

/* The first turn of each neuron in which something happens. */
static void
emit_first(Foresee *f, PlanEmit *b, Clone *c, const Way *w, uint32_t n, PlanExpr *until)
{
	Plan *p = f->p;
	Loop each = open_loop(b, "j");
	c->map[f->loop->id] = each.i;
	PlanExpr *left = plan_emit_let(&each.body, "left", load2(p, f->state, zero(f), each.i)), *after;
	PlanExpr *when = emit_quiet(f, &each.body, left, until, &after);
	if (f->guard) {
		PlanExpr *on = plan_emit_let(&each.body, "on", clone_expr(c, f->guard));
		when = plan_ternary(p, PEXPR_SELECT, on, when, until);
		after = plan_ternary(p, PEXPR_SELECT, on, after, left);
	}
	when = plan_emit_let(&each.body, "first", when);
	store2(&each.body, f->state, zero(f), each.i, after);
	plan_emit_store(&each.body, w->sent, 1, &each.i, plan_int(p, PT_U16, 0));
	emit_wait(f, &each.body, w, n, each.i, when, until);
	close_loop(b, &each, zero(f), whole(p, (int64_t)f->neurons), false);
}

/* The early statements for neuron j in step t of the block; then those turns that only count. */
static void
emit_turn(Foresee *f, PlanEmit *b, Clone *c, const Way *w, PlanExpr *base, PlanExpr *j, PlanExpr *t)
{
	Plan *p = f->p;
	PlanExpr *now = plan_emit_let(b, "now", add(f, base, plan_cast(p, PT_U64, t)));
	c->map[f->loop->id] = j;
	uint32_t from = (uint32_t)b->v.n;
	for (uint32_t i = 0; i < f->cut; i++) {
		const PlanStmt *s = f->loop->body.at[i];
		if (s->kind != PSTMT_STORE || (s->id != f->flags && s->id != f->state))
			VEC_PUSH(p->arena, &b->v, clone_stmt(c, s));
	}
	own_steps((PlanBlock){b->v.at + from, (uint32_t)b->v.n - from}, plan_find_buf(p, "step"), now);
	PlanExpr *place = plan_emit_let(b, "place", plan_load(p, w->sent, 1, &j)), *at[] = {j, plan_cast(p, PT_I64, place)};
	plan_emit_store(b, w->times, 2, at, plan_cast(p, PT_U16, t));
	PlanExpr *one = plan_ternary(p, PEXPR_SELECT, c->map[f->spike], plan_int(p, PT_U16, 1), plan_int(p, PT_U16, 0));
	plan_emit_store(b, w->sent, 1, &j, add(f, place, one));
}

static PlanExpr *
entry_of(Foresee *f, uint32_t buf, PlanExpr *k)
{
	return plan_cast(f->p, PT_I64, load1(f->p, buf, k));
}

/* One turn of each entry; what it needs and leaves is kept by entry, so that loops before and behind it are vectors. */
static void
emit_turns(Foresee *f, PlanEmit *b, Clone *c, const Way *w, PlanExpr *base, PlanExpr *many)
{
	Loop each = open_loop(b, "k");
	PlanExpr *j = plan_emit_let(&each.body, "j", entry_of(f, w->who, each.i)), *t = plan_emit_let(&each.body, "t", entry_of(f, w->at, each.i));
	emit_turn(f, &each.body, c, w, base, j, t);
	plan_emit_store(&each.body, w->rest, 1, &each.i, c->map[f->left]);
	close_loop(b, &each, zero(f), many, false);
}

static void
emit_next(Foresee *f, PlanEmit *b, const Way *w, PlanExpr *many, PlanExpr *until)
{
	Plan *p = f->p;
	Loop each = open_loop(b, "k");
	PlanExpr *next = plan_emit_let(&each.body, "next", add(f, entry_of(f, w->at, each.i), whole(p, 1))), *after;
	PlanExpr *left = plan_emit_let(&each.body, "left", load1(p, w->rest, each.i));
	PlanExpr *quiet = emit_quiet(f, &each.body, left, plan_binary(p, PEXPR_SUB, until, next), &after);
	plan_emit_store(&each.body, w->later, 1, &each.i, after);
	plan_emit_store(&each.body, w->when, 1, &each.i, plan_cast(p, PT_U16, add(f, next, quiet)));
	PlanExpr *wide = plan_binary(p, PEXPR_AND, add(f, many, whole(p, WIDE - 1)), whole(p, -WIDE));
	close_loop(b, &each, zero(f), wide, true);
}

/* Turns of all that have one left, until none has: neighbours wait for nothing of each other. */
static void
emit_rounds(Foresee *f, PlanEmit *b, Clone *c, const Way *w, uint32_t n, PlanExpr *until)
{
	Plan *p = f->p;
	PlanExpr *base = plan_emit_let(b, "base", load0(p, plan_find_buf(p, "step")));
	PlanEmit round = plan_emit(p, b->code);
	PlanExpr *many = plan_emit_let(&round, "many", plan_local(p, b->code, n));
	emit_turns(f, &round, c, w, base, many);
	emit_next(f, &round, w, many, until);
	plan_emit_set(&round, n, zero(f));
	Loop each = open_loop(&round, "k");
	PlanExpr *j = plan_emit_let(&each.body, "j", entry_of(f, w->who, each.i));
	store2(&each.body, f->state, zero(f), j, load1(p, w->later, each.i));
	emit_wait(f, &each.body, w, n, j, plan_emit_let(&each.body, "when", entry_of(f, w->when, each.i)), until);
	close_loop(&round, &each, zero(f), many, false);
	plan_emit_while(b, plan_binary(p, PEXPR_GT, plan_local(p, b->code, n), zero(f)), &round);
}

/* Neuron by neuron, so that the list of each step ascends. */
static void
emit_lists(Foresee *f, PlanEmit *b, const Way *w)
{
	Plan *p = f->p;
	Loop each = open_loop(b, "j"), spike = open_loop(&each.body, "k");
	PlanExpr *t = plan_emit_let(&spike.body, "t", plan_cast(p, PT_I64, load2(p, w->times, each.i, spike.i)));
	PlanExpr *place = plan_emit_let(&spike.body, "place", load1(p, f->many, t));
	store2(&spike.body, f->listed, t, plan_cast(p, PT_I64, place), plan_cast(p, p->bufs.at[f->listed].type, each.i));
	plan_emit_store(&spike.body, f->many, 1, &t, add(f, place, plan_int(p, PT_U32, 1)));
	close_loop(&each.body, &spike, zero(f), plan_cast(p, PT_I64, load1(p, w->sent, each.i)), false);
	close_loop(b, &each, zero(f), whole(p, (int64_t)f->neurons), false);
}

static void
ahead_kernel(Foresee *f, const Way *w)
{
	Plan *p = f->p;
	PlanEmit b = open_kernel(p, part_name(f, "ahead"), 1, &f->ahead);
	Clone c = {.p = p, .code = b.code, .from = f->code, .map = ARENA_ARRAY(p->arena, PlanExpr *, f->code->nlocals), .n = f->code->nlocals};
	for (uint32_t i = 0; i + 1 < f->code->body.n; i++)
		VEC_PUSH(p->arena, &b.v, clone_stmt(&c, f->code->body.at[i]));
	PlanExpr *until = plan_emit_let(&b, "until", load0(p, f->until));
	Loop none = open_loop(&b, "t");
	plan_emit_store(&none.body, f->many, 1, &none.i, plan_int(p, PT_U32, 0));
	close_loop(&b, &none, zero(f), until, true);
	uint32_t n = plan_emit_var(&b, "n", zero(f));
	emit_first(f, &b, &c, w, n, until);
	emit_rounds(f, &b, &c, w, n, until);
	emit_lists(f, &b, w);
	close_kernel(&b);
	dead_locals(p, b.code);
}

/* ---- the kernels of a step ------------------------------------------------------------------------------------------ */

static void
take_kernel(Foresee *f)
{
	Plan *p = f->p;
	PlanEmit b = open_kernel(p, part_name(f, "take"), 1, &f->take);
	PlanExpr *t = plan_emit_let(&b, "t", load0(p, f->turn)), *first = zero(f), *on = plan_int(p, PT_BOOL, 1);
	PlanExpr *many = plan_emit_let(&b, "many", load1(p, f->many, t));
	Loop none = open_loop(&b, "j");
	store2(&none.body, f->flags, zero(f), none.i, plan_int(p, PT_BOOL, 0));
	close_loop(&b, &none, zero(f), whole(p, (int64_t)f->neurons), true);
	Loop each = open_loop(&b, "k");
	PlanExpr *entry = plan_emit_let(&each.body, "entry", load2(p, f->listed, t, each.i));
	store2(&each.body, f->list, zero(f), each.i, entry);
	store2(&each.body, f->flags, zero(f), plan_cast(p, PT_I64, entry), on);
	close_loop(&b, &each, zero(f), plan_cast(p, PT_I64, many), false);
	plan_emit_store(&b, f->count, 1, &first, plan_cast(p, p->bufs.at[f->count].type, many));
	close_kernel(&b);
}

/* Behind the list: what follows from the flags. */
static void
cut_kernel(Foresee *f)
{
	Plan *p = f->p;
	PlanEmit b = plan_emit(p, f->code);
	if (f->cut == f->loop->body.n) {
		f->code->body = plan_freeze(&b);
		return;
	}
	Clone c = clone_open(p, f->code);
	Loop each = open_loop(&b, f->code->locals[f->loop->id].name);
	c.map[f->loop->id] = each.i;
	c.map[f->spike] = plan_emit_let(&each.body, f->code->locals[f->spike].name, load2(p, f->flags, zero(f), each.i));
	for (uint32_t i = f->cut; i < f->loop->body.n; i++)
		VEC_PUSH(p->arena, &each.body.v, clone_stmt(&c, f->loop->body.at[i]));
	for (uint32_t i = 0; i + 1 < f->code->body.n; i++)
		VEC_PUSH(p->arena, &b.v, f->code->body.at[i]);
	close_loop(&b, &each, f->loop->e, f->loop->hi, true)->span = f->loop->span;
	f->code->body = plan_freeze(&b);
	dead_locals(p, f->code);
}

void
foresee_kernels(Foresee *f)
{
	Way w = add_buffers(f);
	ahead_kernel(f, &w);
	take_kernel(f);
	cut_kernel(f);
}
