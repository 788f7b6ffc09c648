/* upfront: short functions that turns of a loop call are worked out before it, as vectors.
 *
 * reads    plan after table; a loop over entries of a list, one turn after the other, that calls short funcs (random words) of what it loads
 *          for its own entry from buffers which it does not store to, and which have room for whole vectors; in a kernel that nobody has a part of
 * writes   a loop before it that does nothing but call them for all entries, up to a multiple of 16, and keeps what they give; the loop
 *          takes it from there, also where it needs it only under a condition
 * keeps    every bit: funcs are pure, and nobody reads what they give behind the last entry
 * example  tests/opt/upfront
 */
#include "opt/kernel.h"
#include "opt/pass.h"
#include "opt/query.h"

enum { WIDE = 16 /* entries, a multiple of each vector */, SHORT = 500 /* expressions of a func: random words have some 300 */, FEW = 2 /* calls for a turn that may need but one */ };

typedef struct {
	Plan *p;
	PlanCode *code;
	const PlanStmt *loop;
	bool *changes, *stored;                           /* per local, per buffer: in the loop */
	const PlanStmt **defs;                            /* per local: the LET at the top of the loop's body that declares it */
	uint64_t room;                                    /* entries of what the calls read; 0: nothing yet */
	VEC(PlanStmt *) found;
} Upfront;

/* ---- what may be called before the loop ------------------------------------------------------------------------- */

static bool
is_entry(Upfront *f, const PlanExpr *e)
{
	const PlanBuf *b = &f->p->bufs.at[e->id];
	if (e->nops != 1 || !is_local(e->op[0], f->loop->id) || b->axis[0].extent % WIDE || b->role == ROLE_WORK)
		return false;
	f->room = !f->room || b->axis[0].extent < f->room ? b->axis[0].extent : f->room;
	return true;
}

/* What it needs is there before the loop, for each of its turns. Entries are loaded by lets at the top, so none is behind the last. */
static bool
is_there(Upfront *f, const PlanExpr *e, bool top)
{
	if (e->kind == PEXPR_LOCAL)
		return e->id == f->loop->id || !f->changes[e->id] || (f->defs[e->id] && is_there(f, f->defs[e->id]->e, true));
	if (e->kind == PEXPR_MASK || (e->kind == PEXPR_LOAD && (f->stored[e->id] || !(e->nops == 0 || (top && is_entry(f, e))))))
		return false;
	for (uint32_t k = 0; k < e->nops; k++)
		if (!is_there(f, e->op[k], top))
			return false;
	return true;
}

static bool
is_ready(Upfront *f, const PlanStmt *s)
{
	if (s->kind != PSTMT_CALL || count_work(f->p, f->p->codes.at[s->id]->body, SHORT + 1, SHORT + 1) > SHORT)           /* straight lines alone become vectors */
		return false;
	for (uint32_t k = 0; k < s->nops; k++)
		if (!is_there(f, s->op[k], false))
			return false;
	return true;
}

static void
find_calls(Upfront *f, PlanBlock b)
{
	for (uint32_t i = 0; i < b.n; i++) {
		PlanStmt *s = b.at[i];
		if (is_ready(f, s))
			VEC_PUSH(f->p->arena, &f->found, s);
		if (s->kind == PSTMT_IF) {
			find_calls(f, s->body);
			find_calls(f, s->other);
		}
	}
}

static bool
open_entries(Upfront *f, const PlanStmt *s)
{
	if (s->kind != PSTMT_FOR || s->simd || s->step != 1 || !is_zero_index(s->e))
		return false;
	f->loop = s;
	f->room = 0;
	f->found.n = 0;
	f->changes = ARENA_ARRAY(f->p->arena, bool, f->code->nlocals);
	f->stored = ARENA_ARRAY(f->p->arena, bool, f->p->bufs.n + 1);
	f->defs = ARENA_ARRAY(f->p->arena, const PlanStmt *, f->code->nlocals);
	mark_changes(s->body, f->changes);
	plan_note_stores(f->stored, s->body);
	for (uint32_t i = 0; i < s->body.n; i++)
		if (s->body.at[i]->kind == PSTMT_LET)
			f->defs[s->body.at[i]->id] = s->body.at[i];
	find_calls(f, s->body);
	return f->room && f->found.n && f->found.n <= FEW && is_invariant(s->hi, f->changes);
}

/* ---- what is written ---------------------------------------------------------------------------------------------- */

static PlanExpr *
with_index(const Upfront *f, const PlanExpr *e, PlanExpr *k)
{
	if (is_local(e, f->loop->id))
		return k;
	if (e->kind == PEXPR_LOCAL && f->changes[e->id])
		return with_index(f, f->defs[e->id]->e, k);
	PlanExpr *copy = arena_copy(f->p->arena, e, sizeof *e);
	for (uint32_t i = 0; i < copy->nops; i++)
		copy->op[i] = with_index(f, copy->op[i], k);
	return copy;
}

static uint32_t
kept_buffer(Upfront *f, const PlanStmt *call, uint32_t i)
{
	const PlanLocal *l = &f->code->locals[call->locals[i]];
	PlanAxis axis = {AXIS_ITEM, f->room};
	const char *name = arena_printf(f->p->arena, "%s.%s", f->code->name, l->name);
	for (int k = 2; plan_find_buf(f->p, name) != UINT32_MAX; k++)
		name = arena_printf(f->p->arena, "%s.%s%d", f->code->name, l->name, k);
	return plan_add_buf(f->p, name, l->type, ROLE_WORK, 1, &axis);
}

/* The call, for entry k; in its old place lets, which take what it gave. */
static PlanBlock
emit_call(Upfront *f, PlanEmit *b, const PlanStmt *call, PlanExpr *k)
{
	Plan *p = f->p;
	PlanExpr *args[PLAN_MAX_OPS * 2], *own = plan_local(p, f->code, f->loop->id);
	PlanExpr **results = ARENA_ARRAY(p->arena, PlanExpr *, call->nlocals);
	const char **names = ARENA_ARRAY(p->arena, const char *, call->nlocals);
	PlanEmit lets = plan_emit(p, f->code);
	for (uint32_t i = 0; i < call->nops; i++)
		args[i] = with_index(f, call->op[i], k);
	for (uint32_t i = 0; i < call->nlocals; i++)
		names[i] = f->code->locals[call->locals[i]].name;
	plan_emit_call(b, call->id, call->nops, args, names, results);
	for (uint32_t i = 0; i < call->nlocals; i++) {
		uint32_t kept = kept_buffer(f, call, i);
		plan_emit_store(b, kept, 1, &k, results[i]);
		PlanStmt *let = ARENA_NEW(p->arena, PlanStmt);
		*let = (PlanStmt){.kind = PSTMT_LET, .span = call->span, .id = call->locals[i], .e = plan_load(p, kept, 1, &own)};
		VEC_PUSH(p->arena, &lets.v, let);
	}
	return plan_freeze(&lets);
}

static void
replace(Upfront *f, PlanBlock *b, const PlanStmt *call, PlanBlock lets)
{
	PlanEmit out = plan_emit(f->p, f->code);
	for (uint32_t i = 0; i < b->n; i++) {
		replace(f, &b->at[i]->body, call, lets);
		replace(f, &b->at[i]->other, call, lets);
		for (uint32_t k = 0; k < lets.n && b->at[i] == call; k++)
			VEC_PUSH(f->p->arena, &out.v, lets.at[k]);
		if (b->at[i] != call)
			VEC_PUSH(f->p->arena, &out.v, b->at[i]);
	}
	*b = plan_freeze(&out);
}

static void
emit_before(Upfront *f, PlanEmit *b, PlanStmt *loop)
{
	Plan *p = f->p;
	Loop each = open_loop(b, "k");
	for (uint32_t i = 0; i < f->found.n; i++)
		replace(f, &loop->body, f->found.at[i], emit_call(f, &each.body, f->found.at[i], each.i));
	PlanExpr *more = plan_binary(p, PEXPR_ADD, loop->hi, whole(p, WIDE - 1));
	close_loop(b, &each, whole(p, 0), plan_binary(p, PEXPR_AND, more, whole(p, -WIDE)), true);
	plan_remark(p, "upfront", true, f->code, "`%s` is called for all entries of a list before the loop that needs it, as vectors",
	            p->codes.at[f->found.at[0]->id]->name);
}

static void
upfront_block(Upfront *f, PlanBlock *b)
{
	PlanEmit out = plan_emit(f->p, f->code);
	for (uint32_t i = 0; i < b->n; i++) {
		PlanStmt *s = b->at[i];
		upfront_block(f, &s->body);
		upfront_block(f, &s->other);
		if (open_entries(f, s))
			emit_before(f, &out, s);
		VEC_PUSH(f->p->arena, &out.v, s);
	}
	*b = plan_freeze(&out);
}

/* Parts of a range would share what is kept. */
static void
upfront_kernel(Plan *p, PlanCode *kernel)
{
	Upfront f = {.p = p, .code = kernel};
	if (kernel->range == 1)
		upfront_block(&f, &kernel->body);
}

void
pass_upfront(Plan *p)
{
	each_kernel(p, upfront_kernel);
}
