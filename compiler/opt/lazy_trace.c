/* lazy_trace: whether what a post spike adds follows a trace of the pre neuron that decays by one factor in each step, and
 * whose spikes are those of the list.
 */
#include "opt/lazy.h"

#include "opt/query.h"

/* In place of locals stand their values; a bool that is worked out is a thing of its own: a local beyond all others. */
typedef struct {
	Lazy *z;
	const PlanCode *code;
	PlanExpr **value;
	uint32_t things;
	const PlanExpr *spiked, *next;                    /* what the loop stores to the flags, and to the trace */
} Follow;

static PlanExpr *
thing(Follow *f, PlanType t)
{
	PlanExpr *e = ARENA_NEW(f->z->p->arena, PlanExpr);
	*e = (PlanExpr){.kind = PEXPR_LOCAL, .type = t, .id = f->code->nlocals + f->things++};
	return e;
}

static PlanExpr *
follow_expr(Follow *f, const PlanExpr *e)
{
	if (e->kind == PEXPR_LOCAL && e->id < f->code->nlocals && f->value[e->id])
		return f->value[e->id];
	PlanExpr *copy = arena_copy(f->z->p->arena, e, sizeof *e);
	for (uint32_t k = 0; k < e->nops; k++)
		copy->op[k] = follow_expr(f, e->op[k]);
	return copy;
}

static void
forget_block(Follow *f, PlanBlock b)
{
	bool *changes = ARENA_ARRAY(f->z->p->arena, bool, f->code->nlocals);
	mark_changes(b, changes);
	for (uint32_t k = 0; k < f->code->nlocals; k++)
		if (changes[k])
			f->value[k] = thing(f, f->code->locals[k].type);
}

static bool
follow_loop(Follow *f, const PlanStmt *loop)
{
	for (uint32_t i = 0; i < loop->body.n; i++) {
		const PlanStmt *s = loop->body.at[i];
		if (s->kind == PSTMT_LET || s->kind == PSTMT_VAR || s->kind == PSTMT_SET) {
			PlanExpr *v = follow_expr(f, s->e);
			bool own = v->type == PT_BOOL && v->kind != PEXPR_LOAD && v->kind != PEXPR_LOCAL;
			f->value[s->id] = own ? thing(f, PT_BOOL) : v;
		} else if (s->kind == PSTMT_STORE && s->id == f->z->pre_flags) {
			f->spiked = follow_expr(f, s->e);
		} else if (s->kind == PSTMT_STORE && s->id == f->z->trace) {
			if (f->next || s->nops != 2 || !is_zero_index(s->op[0]) || !is_local(s->op[1], loop->id))
				return false;
			f->next = follow_expr(f, s->e);
		} else if (s->kind == PSTMT_IF) {
			if (block_stores(s->body, f->z->trace) || block_stores(s->other, f->z->trace) ||
			    block_stores(s->body, f->z->pre_flags) || block_stores(s->other, f->z->pre_flags))
				return false;
			forget_block(f, s->body);
			forget_block(f, s->other);
		} else if (s->kind != PSTMT_STORE && s->kind != PSTMT_NOTE && s->kind != PSTMT_CALL) {
			return false;
		}
	}
	return true;
}

static bool
is_spiked(const Follow *f, const PlanExpr *e)
{
	if (e->kind == PEXPR_LOAD)
		return e->id == f->z->pre_flags && !f->spiked;
	return f->spiked && e->kind == PEXPR_LOCAL && f->spiked->kind == PEXPR_LOCAL && e->id == f->spiked->id &&
	       e->id >= f->code->nlocals;
}

/* What is stored where no spike is: x[0, j] * decay. */
static bool
decays(Follow *f, const PlanExpr *e)
{
	while (e->kind == PEXPR_SELECT && is_spiked(f, e->op[0]))
		e = e->op[2];
	if (e->kind != PEXPR_MUL || e->op[0]->kind != PEXPR_LOAD || e->op[0]->id != f->z->trace ||
	    e->op[1]->kind != PEXPR_CONST)
		return false;
	f->z->decay = e->op[1]->value.f;
	return f->z->decay > 0 && f->z->decay < 1;
}

static bool
is_not_negative(const Lazy *z, const PlanExpr *e)
{
	switch (e->kind) {
	case PEXPR_CONST:
		return e->value.f >= 0;
	case PEXPR_LOAD:
		return e->id == z->trace;
	case PEXPR_ADD: case PEXPR_MUL:
		return is_not_negative(z, e->op[0]) && is_not_negative(z, e->op[1]);
	case PEXPR_SELECT:
		return is_not_negative(z, e->op[1]) && is_not_negative(z, e->op[2]);
	default:
		return false;
	}
}

/* Outside a step a trace is set to a constant, at most. */
static bool
stores_no_other(const Lazy *z, PlanBlock b)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *s = b.at[i];
		if (s->kind == PSTMT_STORE && s->id == z->trace && (s->e->kind != PEXPR_CONST || s->e->value.f < 0))
			return false;
		if (!stores_no_other(z, s->body) || !stores_no_other(z, s->other))
			return false;
	}
	return true;
}

/* *by_flags: it looks at the flags as they are by then, and does not make them. */
static bool
follow_kernel(Lazy *z, const PlanCode *c, bool *by_flags)
{
	Follow f = {.z = z, .code = c, .value = ARENA_ARRAY(z->p->arena, PlanExpr *, c->nlocals)};
	for (uint32_t i = 0; i < c->body.n; i++) {
		const PlanStmt *s = c->body.at[i];
		if (s->kind == PSTMT_FOR && (block_stores(s->body, z->trace) || block_stores(s->body, z->pre_flags))) {
			if (f.next || !s->simd || !follow_loop(&f, s))
				return false;
		} else if (s->kind == PSTMT_IF || s->kind == PSTMT_WHILE) {
			return false;
		}
	}
	*by_flags = !f.spiked;
	return f.next && decays(&f, f.next) && is_not_negative(z, f.next);
}

/* The spikes that the trace has seen are those that get into the list: nobody changes the flags behind it (a run may
 * silence neurons, or make them spike). */
static bool
flags_are_final(const Lazy *z, uint32_t trace_kernel, bool by_flags)
{
	RunOrder order = {0};
	bool behind = !by_flags;
	list_runs(z->p, z->p->codes.at[z->step]->body, &order);
	for (uint32_t i = 0; i < order.n; i++) {
		if (order.at[i] == trace_kernel)
			behind = true;
		else if (behind && block_stores(z->p->codes.at[order.at[i]]->body, z->pre_flags))
			return false;
	}
	return true;
}

bool
lazy_trace(Lazy *z)
{
	bool followed = false, by_flags;
	for (uint32_t c = 0; c < z->p->codes.n; c++) {
		const PlanCode *code = z->p->codes.at[c];
		if (!block_stores(code->body, z->trace))
			continue;
		if (code->kind == CODE_KERNEL && runs(z->p->codes.at[z->step]->body, c)) {
			if (followed || !follow_kernel(z, code, &by_flags) || !flags_are_final(z, c, by_flags))
				return false;
			followed = true;
		} else if (!stores_no_other(z, code->body)) {
			return false;
		}
	}
	return followed;
}
