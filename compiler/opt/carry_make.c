/* carry_make: the loops that `carry` found, in their new form. */
#include "opt/carry.h"
#include "opt/clone.h"
#include "opt/kernel.h"
#include "opt/left.h"
#include "opt/query.h"

/* The walk, with the row added to the sums behind its change. */
static PlanStmt *
carrying_walk(Carry *c, const PlanStmt *walk)
{
	Plan *p = c->p;
	PlanCode *code = p->codes.at[c->w.learn];
	const PlanCode *from = p->codes.at[c->deliver];
	Clone own = clone_open(p, code);
	PlanStmt *copy = clone_stmt(&own, walk);
	PlanStmt *along = copy->body.at[copy->body.n - 1];
	const PlanStmt *add = carry_along(c->each);
	Clone theirs = {.p = p, .code = code, .from = from, .map = ARENA_ARRAY(p->arena, PlanExpr *, from->nlocals), .n = from->nlocals};
	theirs.map[c->each->id] = plan_local(p, code, copy->id);
	theirs.map[c->each->body.at[0]->id] = plan_local(p, code, copy->body.at[0]->id);
	theirs.map[add->id] = plan_local(p, code, along->id);
	PlanEmit row = plan_emit(p, code), cell = plan_emit(p, code);
	for (uint32_t k = 0; k + 1 < copy->body.n; k++)
		VEC_PUSH(p->arena, &row.v, copy->body.at[k]);
	for (uint32_t k = 1; k + 1 < c->each->body.n; k++)
		VEC_PUSH(p->arena, &row.v, clone_stmt(&theirs, c->each->body.at[k]));
	VEC_PUSH(p->arena, &row.v, along);
	copy->body = plan_freeze(&row);
	for (uint32_t k = 0; k < along->body.n; k++)
		VEC_PUSH(p->arena, &cell.v, along->body.at[k]);
	for (uint32_t k = 0; k < add->body.n; k++)
		VEC_PUSH(p->arena, &cell.v, clone_stmt(&theirs, add->body.at[k]));
	along->body = plan_freeze(&cell);
	return copy;
}

/* carried = step + 2 where the sums of the next step, of number step + 1, are in place: no step has the number 0 then. */
static PlanExpr *
number(Carry *c, int more)
{
	Plan *p = c->p;
	return plan_binary(p, PEXPR_ADD, load0(p, plan_find_buf(p, "step")), plan_int(p, PT_U64, more));
}

/* first … and last guard of some, with more, which may be NULL */
static PlanExpr *
guarded(Carry *c, uint32_t from, uint32_t to, PlanExpr *more)
{
	Plan *p = c->p;
	for (uint32_t k = to; k-- > from;) {
		PlanExpr *e = clone_expr(&(Clone){.p = p}, c->w.guard[k].e);
		e = c->w.guard[k].holds ? e : plan_unary(p, PEXPR_NOT, e);
		more = more ? plan_binary(p, PEXPR_AND, e, more) : e;
	}
	return more;
}

/* Another step follows, and nothing of the kernel changes the rows later. */
static PlanExpr *
is_of_use(Carry *c)
{
	return guarded(c, c->w.inside, c->w.nguard, plan_binary(c->p, PEXPR_GT, load0(c->p, c->left), whole(c->p, 1)));
}

/* A kernel that may run before the note: what is asked stays as it is. */
static bool
leaves_guards(const Carry *c, const PlanStmt *s)
{
	for (uint32_t g = 0; s->kind == PSTMT_RUN && g < c->w.nguard; g++)
		for (uint32_t b = 0; b < c->p->bufs.n; b++)
			if (expr_reads(c->w.guard[g].e, b) && block_stores(c->p->codes.at[s->id]->body, b))
				return false;
	return s->kind == PSTMT_RUN;
}

/* Behind the kernel and those that follow it: a store between them would keep threads from sharing them out together. */
static void
note_behind(Carry *c, PlanCode *code, PlanBlock *b)
{
	Plan *p = c->p;
	PlanEmit out = plan_emit(p, code);
	for (uint32_t k = 0; k < b->n; k++) {
		PlanStmt *s = b->at[k];
		note_behind(c, code, &s->body);
		note_behind(c, code, &s->other);
		VEC_PUSH(p->arena, &out.v, s);
		if (s->kind != PSTMT_RUN || s->id != c->w.learn)
			continue;
		while (k + 1 < b->n && leaves_guards(c, b->at[k + 1]))
			VEC_PUSH(p->arena, &out.v, b->at[++k]);
		PlanExpr *done = plan_ternary(p, PEXPR_SELECT, guarded(c, 0, c->w.inside, is_of_use(c)), number(c, 2), plan_int(p, PT_U64, 0));
		plan_emit_store(&out, c->carried, 0, NULL, done);
	}
	*b = plan_freeze(&out);
}

static void
emit_zeros(Carry *c, PlanEmit *b)
{
	PlanType real = c->p->bufs.at[c->sum].type;
	Loop own = open_loop(b, "j");
	store2(&own.body, c->sum, whole(c->p, 0), own.i, plan_float(c->p, real, 0));
	close_loop(b, &own, lo(b), hi(b), true);
}

/* At the end of the kernel: the walk was made, and was of no use to the sums. */
static void
zero_in_vain(Carry *c, PlanCode *learn)
{
	Plan *p = c->p;
	PlanEmit b = plan_emit(p, learn), zeros = b;
	emit_zeros(c, &zeros);
	for (uint32_t k = 0; k < learn->body.n; k++)
		VEC_PUSH(p->arena, &b.v, learn->body.at[k]);
	plan_emit_if(&b, guarded(c, 0, c->w.inside, plan_unary(p, PEXPR_NOT, is_of_use(c))), &zeros, NULL);
	learn->body = plan_freeze(&b);
}

static void
only_if_missing(Carry *c, PlanCode *deliver)
{
	PlanEmit b = plan_emit(c->p, deliver), add = b;
	VEC_PUSH(c->p->arena, &add.v, deliver->body.at[c->add]);
	plan_emit_if(&b, plan_binary(c->p, PEXPR_NE, load0(c->p, c->carried), number(c, 1)), &add, NULL);
	deliver->body.at[c->add] = b.v.at[0];
}

static void
undo_behind(Carry *c, PlanCode *step)
{
	Plan *p = c->p;
	uint32_t zero;
	PlanEmit b = open_kernel(p, arena_printf(p->arena, "%s.zero", p->codes.at[c->deliver]->name), p->bufs.at[c->sum].axis[1].extent, &zero);
	emit_zeros(c, &b);
	close_kernel(&b);
	for (uint32_t u = 0; u < c->nundo; u++) {
		PlanEmit out = plan_emit(p, step);
		for (uint32_t k = 0; k < c->undo[u]->n; k++)
			VEC_PUSH(p->arena, &out.v, c->undo[u]->at[k]);
		plan_emit_run(&out, zero);
		plan_emit_store(&out, c->carried, 0, NULL, plan_int(p, PT_U64, 0));
		*c->undo[u] = plan_freeze(&out);
	}
}

void
carry_make(Carry *c)
{
	Plan *p = c->p;
	PlanCode *deliver = p->codes.at[c->deliver], *step = p->codes.at[c->step];
	c->left = steps_left(p, c->step);
	c->carried = plan_add_buf(p, arena_printf(p->arena, "%s.carried", p->codes.at[c->walks.at[0].learn]->name), PT_U64, ROLE_DERIVED, 0, NULL);
	p->bufs.at[c->sum].role = ROLE_DERIVED;           /* what was carried outlasts the step */
	if (c->nundo)
		undo_behind(c, step);
	for (uint32_t k = 0; k < c->walks.n; k++) {
		c->w = c->walks.at[k];
		PlanCode *learn = p->codes.at[c->w.learn];
		CarryPlace last = c->w.path[c->w.depth - 1];
		plan_remark(p, "carry", true, learn, "rows that spikes change are added to %s in the same walk, for the next step", p->bufs.at[c->sum].name);
		note_behind(c, step, &step->body);
		last.block->at[last.at] = carrying_walk(c, last.block->at[last.at]);
		zero_in_vain(c, learn);
	}
	only_if_missing(c, deliver);
	procs_last(p);
}
