/* lazy_trace: whether what a post spike reads of the pre neuron is a trace that decays by one factor in each step, and whose spikes
 * are those of the list.
 *
 *     x = select(spiked, anything, x * decay)                         read with this step's spike in it, or
 *     before = x * decay ; x = select(spiked, anything, before)       without
 *
 * Where no spike is both are the same, so what waits goes on from x.
 */
#include "opt/lazy.h"

typedef struct { uint32_t buf; PlanExpr *e; } Stored;

/* In place of locals stand their values; a bool that is worked out is a thing of its own: a local beyond all others. */
typedef struct {
	Lazy *z;
	const PlanCode *code;
	PlanExpr **value;
	uint32_t things, loop;
	VEC(Stored) stored;                               /* to elements of the turn */
} Follow;

static PlanExpr *
thing(Follow *f, PlanType t)
{
	PlanExpr *e = ARENA_NEW(f->z->p->arena, PlanExpr);
	*e = (PlanExpr){.kind = PEXPR_LOCAL, .type = t, .id = f->code->nlocals + f->things++};
	return e;
}

/* buf[n] or buf[0, n] of turn n */
static bool
is_own_place(const Follow *f, uint32_t buf, PlanExpr *const *index, uint32_t n)
{
	if (n == 1)
		return is_local(index[0], f->loop);
	return n == 2 && f->z->p->bufs.at[buf].axis[0].extent == 1 && is_zero_index(index[0]) && is_local(index[1], f->loop);
}

static PlanExpr *
stored_to(const Follow *f, uint32_t buf)
{
	for (uint32_t k = f->stored.n; k-- > 0;)
		if (f->stored.at[k].buf == buf)
			return f->stored.at[k].e;
	return NULL;
}

static PlanExpr *
follow_expr(Follow *f, const PlanExpr *e)
{
	if (e->kind == PEXPR_LOCAL && e->id < f->code->nlocals && f->value[e->id])
		return f->value[e->id];
	if (e->kind == PEXPR_LOAD && is_own_place(f, e->id, e->op, e->nops) && stored_to(f, e->id))
		return stored_to(f, e->id);
	PlanExpr *copy = arena_copy(f->z->p->arena, e, sizeof *e);
	for (uint32_t k = 0; k < e->nops; k++)
		copy->op[k] = follow_expr(f, e->op[k]);
	return copy;
}

static void
store(Follow *f, uint32_t buf, PlanExpr *e)
{
	VEC_PUSH(f->z->p->arena, &f->stored, ((Stored){buf, e}));
}

static void
forget_stores(Follow *f, PlanBlock b)
{
	for (uint32_t k = 0; k < b.n; k++) {
		if (b.at[k]->kind == PSTMT_STORE)
			store(f, b.at[k]->id, thing(f, PT_BOOL));
		forget_stores(f, b.at[k]->body);
		forget_stores(f, b.at[k]->other);
	}
}

/* What it sets and stores may be anything. */
static void
forget_block(Follow *f, PlanBlock b)
{
	bool *changes = ARENA_ARRAY(f->z->p->arena, bool, f->code->nlocals);
	mark_changes(b, changes);
	for (uint32_t k = 0; k < f->code->nlocals; k++)
		if (changes[k])
			f->value[k] = thing(f, f->code->locals[k].type);
	forget_stores(f, b);
}

static void
follow_loop(Follow *f, const PlanStmt *loop)
{
	for (uint32_t i = 0; i < loop->body.n; i++) {
		const PlanStmt *s = loop->body.at[i];
		if (s->kind == PSTMT_LET || s->kind == PSTMT_VAR || s->kind == PSTMT_SET) {
			PlanExpr *v = follow_expr(f, s->e);
			bool own = v->type == PT_BOOL && v->kind != PEXPR_LOAD && v->kind != PEXPR_LOCAL;
			f->value[s->id] = own ? thing(f, PT_BOOL) : v;
		} else if (s->kind == PSTMT_STORE) {
			bool own = is_own_place(f, s->id, s->op, s->nops);
			store(f, s->id, own ? follow_expr(f, s->e) : thing(f, PT_BOOL));
		} else {
			forget_block(f, s->body);
			forget_block(f, s->other);
		}
	}
}

/* ---- what was found ----------------------------------------------------------------------------------------------- */

static bool
is_spiked(const Follow *f, const PlanExpr *e)
{
	const PlanExpr *made = stored_to(f, f->z->pre_flags);
	if (e->kind == PEXPR_LOAD)
		return e->id == f->z->pre_flags && !made && is_own_place(f, e->id, e->op, e->nops);
	return made && e->kind == PEXPR_LOCAL && made->kind == PEXPR_LOCAL && e->id == made->id && e->id >= f->code->nlocals;
}

/* What is stored where no spike is. */
static const PlanExpr *
when_quiet(const Follow *f, const PlanExpr *e)
{
	while (e && e->kind == PEXPR_SELECT && is_spiked(f, e->op[0]))
		e = e->op[2];
	return e;
}

/* x * decay */
static bool
decays(Follow *f)
{
	const PlanExpr *read = when_quiet(f, stored_to(f, f->z->trace));
	if (!read || read->kind != PEXPR_MUL || read->op[0]->kind != PEXPR_LOAD || read->op[1]->kind != PEXPR_CONST)
		return false;
	const PlanExpr *x = read->op[0];
	const PlanExpr *next = when_quiet(f, stored_to(f, x->id));
	if (!is_own_place(f, x->id, x->op, x->nops) || !next || !same_expr(next, read))
		return false;
	f->z->carry = x->id;
	f->z->decay = read->op[1]->value.f;
	return f->z->decay > 0 && f->z->decay < 1 && f->z->p->bufs.at[x->id].role == ROLE_STATE;
}

/* ---- kernels -------------------------------------------------------------------------------------------------------- */

/* The loop that stores it; the block may stand under `learning`, as all that learns does. */
static const PlanStmt *
find_loop(const Lazy *z, PlanBlock b)
{
	const PlanStmt *found = NULL;
	if (b.n == 1 && b.at[0]->kind == PSTMT_IF && !b.at[0]->other.n && is_scalar_load(b.at[0]->e) &&
	    b.at[0]->e->id == plan_find_buf(z->p, "learning"))
		b = b.at[0]->body;
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *s = b.at[i];
		PlanBlock one = {&b.at[i], 1};
		if (!block_stores(one, z->trace) && !block_stores(one, z->pre_flags))
			continue;
		if (found || s->kind != PSTMT_FOR || !s->simd || !is_local(s->e, 0) || !is_local(s->hi, 1))
			return NULL;
		found = s;
	}
	return found;
}

/* *by_flags: it looks at the flags as they are by then, and does not make them. */
static bool
follow_kernel(Lazy *z, const PlanCode *c, bool *by_flags)
{
	const PlanStmt *loop = find_loop(z, c->body);
	if (!loop)
		return false;
	Follow f = {.z = z, .code = c, .value = ARENA_ARRAY(z->p->arena, PlanExpr *, c->nlocals), .loop = loop->id};
	follow_loop(&f, loop);
	*by_flags = !stored_to(&f, z->pre_flags);
	return decays(&f);
}

/* The spikes that the trace has seen are those that get into the list: nobody changes the flags behind it (a run may
 * silence neurons, or make them spike). Nor does anybody change the trace once that has learned which reads it. */
static bool
is_final(const Lazy *z, uint32_t trace_kernel, bool by_flags)
{
	RunOrder order = {0};
	bool behind = !by_flags, learned = false, traced = false;
	list_runs(z->p, z->p->codes.at[z->step]->body, &order);
	for (uint32_t i = 0; i < order.n; i++) {
		PlanBlock b = z->p->codes.at[order.at[i]]->body;
		bool learns = z->learns ? z->learns[order.at[i]] : order.at[i] == z->kernel;
		if ((learned && (block_stores(b, z->trace) || block_stores(b, z->carry))) || (learns && !traced))
			return false;
		learned = learned || learns;
		if (order.at[i] == trace_kernel)
			traced = behind = true;
		else if (behind && block_stores(b, z->pre_flags))
			return false;
	}
	return true;
}

bool
lazy_trace(Lazy *z)
{
	bool by_flags;
	uint32_t found = NO_ID;
	RunOrder all = {0};
	list_runs(z->p, z->p->codes.at[z->step]->body, &all);
	for (uint32_t k = 0; k < all.n; k++) {
		if (!block_stores(z->p->codes.at[all.at[k]]->body, z->trace))
			continue;
		if (found != NO_ID)
			return false;
		found = all.at[k];
	}
	if (found == NO_ID || !follow_kernel(z, z->p->codes.at[found], &by_flags))
		return false;
	for (uint32_t k = 0; k < all.n; k++)
		if (all.at[k] != found && block_stores(z->p->codes.at[all.at[k]]->body, z->carry))
			return false;
	return is_final(z, found, by_flags);
}
