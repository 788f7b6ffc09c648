/* lazy_match: whether a kernel that learns may put off what post spikes do.
 *
 *   if learning[] {                                          if learning[] {
 *           if no post spike { rows, clipped } else { rows }         rows
 *           columns, clipped                                         columns
 *           if any post spike { clip of rows }               }
 *           if unclipped[] { clip of all }
 *   }
 *
 * rows: w[i, j] changes in any way where pre neuron i has spiked. columns: w[i, j] += c * x[i] where post neuron j has; x is
 * a trace that decays and is not negative. Between two pre spikes of i then w[i, j] only grows (or only falls), so one
 * clip at the end of them is as good as one behind each.
 */
#include "opt/lazy.h"

#include "opt/pass.h"
#include "opt/query.h"

#include <math.h>

/* ---- small forms ------------------------------------------------------------------------------------- */

static bool
is_local(const PlanExpr *e, uint32_t id)
{
	return e->kind == PEXPR_LOCAL && e->id == id;
}

static bool
is_zero_index(const PlanExpr *e)
{
	return e->kind == PEXPR_CONST && e->value.i == 0;
}

/* buf[0, local], of a batch of one. */
static bool
is_own(const Plan *p, const PlanExpr *e, uint32_t local)
{
	if (e->kind != PEXPR_LOAD || e->nops != 2 || p->bufs.at[e->id].axis[0].extent != 1)
		return false;
	return is_zero_index(e->op[0]) && is_local(e->op[1], local);
}

/* i64(count[0]) */
static uint32_t
count_of(const PlanExpr *e)
{
	if (e->kind != PEXPR_CAST || e->op[0]->kind != PEXPR_LOAD || e->op[0]->nops != 1 || !is_zero_index(e->op[0]->op[0]))
		return NO_ID;
	return e->op[0]->id;
}

/* for k in 0 ..< i64(count[0]) { let i = i64(list[0, k]) ; … }: gives the list. */
static uint32_t
list_of(const Plan *p, const PlanStmt *loop)
{
	if (loop->kind != PSTMT_FOR || loop->simd || loop->step != 1 || !is_zero_index(loop->e) || loop->body.n != 2)
		return NO_ID;
	const PlanStmt *let = loop->body.at[0];
	bool ok = count_of(loop->hi) != NO_ID && let->kind == PSTMT_LET && let->e->kind == PEXPR_CAST &&
		  is_own(p, let->e->op[0], loop->id);
	return ok ? let->e->op[0]->id : NO_ID;
}

static bool
is_scalar_load(const PlanExpr *e)
{
	return e->kind == PEXPR_LOAD && e->nops == 0;
}

/* buf[i, j] */
static bool
is_cell(const PlanExpr *const *index, uint32_t n, uint32_t i, uint32_t j)
{
	return n == 2 && is_local(index[0], i) && is_local(index[1], j);
}

/* var w = buf[i, j] ; … ; buf[i, j] = value, and no other touch of the buffer. */
static bool
changes_cell(const PlanStmt *loop, uint32_t i, uint32_t j, uint32_t *buf)
{
	if (loop->kind != PSTMT_FOR || !loop->simd || loop->step != 1 || loop->body.n < 2)
		return false;
	const PlanStmt *first = loop->body.at[0], *last = loop->body.at[loop->body.n - 1];
	if (first->kind != PSTMT_VAR || first->e->kind != PEXPR_LOAD || last->kind != PSTMT_STORE || last->id != first->e->id)
		return false;
	if (!is_cell((const PlanExpr *const *)first->e->op, first->e->nops, i, j) ||
	    !is_cell((const PlanExpr *const *)last->op, last->nops, i, j))
		return false;
	*buf = last->id;
	for (uint32_t k = 1; k < loop->body.n; k++) {
		const PlanStmt *s = loop->body.at[k];
		bool plain = s->kind == PSTMT_LET || s->kind == PSTMT_VAR || s->kind == PSTMT_SET;
		if ((k + 1 < loop->body.n && !plain) || expr_reads(s->e, *buf))
			return false;
	}
	return true;
}

/* ---- rows and columns ---------------------------------------------------------------------------------- */

static bool
match_rows(Lazy *z, const PlanStmt *s)
{
	z->pre_list = list_of(z->p, s);
	if (z->pre_list == NO_ID)
		return false;
	z->pre_count = count_of(s->hi);
	z->row = s->body.at[0]->id;
	z->along = s->body.at[1];
	if (!changes_cell(z->along, z->row, z->along->id, &z->w))
		return false;
	const PlanStmt *var = z->along->body.at[0], *store = z->along->body.at[z->along->body.n - 1];
	return is_local(store->e, var->id);
}

/* c * x[0, i], in any order and with any number of constants; *sign is that of them all. */
static const PlanExpr *
scaled_trace(const Plan *p, const PlanExpr *e, uint32_t i, int *sign)
{
	if (is_own(p, e, i))
		return e;
	if (e->kind != PEXPR_MUL)
		return NULL;
	const PlanExpr *c = e->op[0]->kind == PEXPR_CONST ? e->op[0] : e->op[1];
	const PlanExpr *rest = c == e->op[0] ? e->op[1] : e->op[0];
	if (c->kind != PEXPR_CONST || !isfinite(c->value.f))
		return NULL;
	*sign *= signbit(c->value.f) ? -1 : 1;
	return scaled_trace(p, rest, i, sign);
}

/* select(v < k, k, v) and the like around the local w: bounds that do not depend on the synapse. */
static bool
is_clip(const PlanStmt *loop, const PlanExpr *e, uint32_t w)
{
	if (is_local(e, w))
		return true;
	if (e->kind == PEXPR_LOCAL) {
		for (uint32_t k = 0; k < loop->body.n; k++)
			if (loop->body.at[k]->kind == PSTMT_LET && loop->body.at[k]->id == e->id)
				return is_clip(loop, loop->body.at[k]->e, w);
		return false;
	}
	if (e->kind != PEXPR_SELECT || e->op[1]->kind != PEXPR_CONST || e->op[2]->kind != PEXPR_LOCAL)
		return false;
	const PlanExpr *test = e->op[0];
	if (test->kind != PEXPR_LT && test->kind != PEXPR_GT)
		return false;
	bool same = is_local(test->op[0], e->op[2]->id) && test->op[1]->kind == PEXPR_CONST &&
		    test->op[1]->value.i == e->op[1]->value.i;
	return same && is_clip(loop, e->op[2], w);
}

static bool
match_columns(Lazy *z, const PlanStmt *s)
{
	uint32_t list = list_of(z->p, s), w, j;
	if (list == NO_ID)
		return false;
	z->post_count = count_of(s->hi);
	j = s->body.at[0]->id;
	z->down = s->body.at[1];
	if (z->down->kind == PSTMT_IF && !z->down->other.n && z->down->body.n == 1)
		z->down = z->down->body.at[0];
	if (!changes_cell(z->down, z->down->id, j, &w) || w != z->w)
		return false;
	const PlanStmt *var = z->down->body.at[0], *set = z->down->body.at[1], *store = z->down->body.at[z->down->body.n - 1];
	if (set->kind != PSTMT_SET || set->id != var->id || set->e->kind != PEXPR_ADD || !is_local(set->e->op[0], var->id))
		return false;
	for (uint32_t k = 2; k + 1 < z->down->body.n; k++)
		if (z->down->body.at[k]->kind != PSTMT_LET)
			return false;
	int sign = 1;
	z->growth = set->e->op[1];
	const PlanExpr *x = scaled_trace(z->p, z->growth, z->down->id, &sign);
	if (!x || !is_clip(z->down, store->e, var->id))
		return false;
	z->trace = x->id;
	return true;
}

/* if count[0] == 0 { one loop } … */
static bool
splits(const PlanStmt *s, PlanExprKind how)
{
	if (s->kind != PSTMT_IF || s->body.n != 1 || s->e->kind != how)
		return false;
	return s->e->op[0]->kind == PEXPR_LOAD && is_zero_index(s->e->op[1]);
}

static bool
match_kernel(Lazy *z)
{
	const PlanCode *c = z->p->codes.at[z->kernel];
	if (c->kind != CODE_KERNEL || c->body.n != 1 || c->body.at[0]->kind != PSTMT_IF || c->body.at[0]->other.n ||
	    !is_scalar_load(c->body.at[0]->e))
		return false;
	PlanBlock b = c->body.at[0]->body;
	z->unclipped = NO_ID;
	if (b.n == 2 && b.at[0]->kind == PSTMT_FOR)
		return match_rows(z, b.at[0]) && match_columns(z, b.at[1]) && z->down->body.n == 3;
	if (b.n < 3 || b.n > 4 || !splits(b.at[0], PEXPR_EQ) || b.at[0]->other.n != 1 || !splits(b.at[2], PEXPR_NE))
		return false;
	if (!match_rows(z, b.at[0]->other.at[0]) || !match_columns(z, b.at[1]))
		return false;
	if (b.at[0]->e->op[0]->id != z->post_count || b.at[2]->e->op[0]->id != z->post_count ||
	    list_of(z->p, b.at[0]->body.at[0]) != z->pre_list || list_of(z->p, b.at[2]->body.at[0]) != z->pre_list)
		return false;
	if (b.n == 3)
		return true;
	if (b.at[3]->kind != PSTMT_IF || !is_scalar_load(b.at[3]->e) || b.at[3]->other.n)
		return false;
	z->unclipped = b.at[3]->e->id;
	return true;
}

/* ---- how the trace goes ----------------------------------------------------------------------------------- */

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

/* ---- who else is there ------------------------------------------------------------------------------------- */

/* for j { if flags[0, j] { list[0, …] = … } } */
static bool
find_flags(const Plan *p, PlanBlock b, uint32_t count, uint32_t *flags)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *s = b.at[i];
		if (s->kind == PSTMT_FOR && s->body.n == 1 && s->body.at[0]->kind == PSTMT_IF && i + 1 < b.n &&
		    b.at[i + 1]->kind == PSTMT_STORE && b.at[i + 1]->id == count && is_own(p, s->body.at[0]->e, s->id) &&
		    p->bufs.at[s->body.at[0]->e->id].type == PT_BOOL) {
			*flags = s->body.at[0]->e->id;
			return true;
		}
		if (find_flags(p, s->body, count, flags) || find_flags(p, s->other, count, flags))
			return true;
	}
	return false;
}

static bool
match_flags(Lazy *z)
{
	z->pre_flags = z->post_flags = NO_ID;
	for (uint32_t c = 0; c < z->p->codes.n; c++) {
		find_flags(z->p, z->p->codes.at[c]->body, z->pre_count, &z->pre_flags);
		find_flags(z->p, z->p->codes.at[c]->body, z->post_count, &z->post_flags);
	}
	return z->pre_flags != NO_ID && z->post_flags != NO_ID;
}

/* Every read of the values stands at w[row, …]. */
static bool
reads_row(const Lazy *z, const PlanExpr *e, uint32_t row)
{
	if (!e || !expr_reads(e, z->w))
		return true;
	if (e->id == z->w && (e->kind == PEXPR_MASK || (e->kind == PEXPR_LOAD && !is_local(e->op[0], row))))
		return false;
	for (uint32_t k = 0; k < e->nops; k++)
		if (!reads_row(z, e->op[k], row))
			return false;
	return true;
}

/* Rows of the list of pre spikes, and nothing else, are read. */
static bool
reads_rows(const Lazy *z, PlanBlock b, uint32_t row)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *s = b.at[i];
		bool spiking = s->kind == PSTMT_FOR && list_of(z->p, s) == z->pre_list && count_of(s->hi) == z->pre_count;
		uint32_t inner = spiking ? s->body.at[0]->id : row;
		if (!reads_row(z, s->e, row) || !reads_row(z, s->hi, row))
			return false;
		for (uint32_t k = 0; k < s->nops; k++)
			if (!reads_row(z, s->op[k], row))
				return false;
		if (!reads_rows(z, s->body, inner) || !reads_rows(z, s->other, inner))
			return false;
	}
	return true;
}

typedef struct { uint32_t learns, moves; bool ok; } Seen;   /* how often it learns, how often pre spikes are found anew */

static void visit(const Lazy *z, PlanBlock b, Seen *seen);

static void
visit_kernel(const Lazy *z, uint32_t id, Seen *seen)
{
	const PlanCode *c = z->p->codes.at[id];
	if (id == z->kernel) {
		seen->learns++;
		return;
	}
	if (block_stores(c->body, z->w))
		seen->ok = false;
	if (block_reads(c->body, z->w) && (seen->moves || seen->learns || !reads_rows(z, c->body, NO_ID)))
		seen->ok = false;
	if (block_stores(c->body, z->pre_list))
		seen->moves++;
	if (seen->learns && (block_stores(c->body, z->trace) || block_stores(c->body, z->pre_list)))
		seen->ok = false;
}

/* All that a step does, in its order. */
static void
visit(const Lazy *z, PlanBlock b, Seen *seen)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *s = b.at[i];
		if (s->kind == PSTMT_RUN)
			visit_kernel(z, s->id, seen);
		if (s->kind == PSTMT_DO)
			visit(z, z->p->codes.at[s->id]->body, seen);
		if (s->kind == PSTMT_STORE && z->p->bufs.at[s->id].name == intern(z->p->names, "learning"))
			seen->ok = false;
		for (uint32_t k = 0; k < s->nargs; k++)
			if (expr_reads(s->args[k].e, z->w))
				seen->ok = false;
		visit(z, s->body, seen);
		visit(z, s->other, seen);
	}
}

static bool
runs(PlanBlock b, uint32_t kernel)
{
	for (uint32_t i = 0; i < b.n; i++)
		if ((b.at[i]->kind == PSTMT_RUN && b.at[i]->id == kernel) || runs(b.at[i]->body, kernel) ||
		    runs(b.at[i]->other, kernel))
			return true;
	return false;
}

/* Steps are taken by loops that do nothing else with the values. */
static bool
loops_are_plain(const Lazy *z, PlanBlock b, bool in_loop, uint32_t *found)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *s = b.at[i];
		if (s->kind == PSTMT_DO && s->id == z->step) {
			(*found)++;
			if (!in_loop)
				return false;
			for (uint32_t k = 0; k < b.n; k++) {
				if (b.at[k]->kind == PSTMT_RUN || b.at[k]->body.n || (k != i && b.at[k]->kind == PSTMT_DO))
					return false;
				for (uint32_t a = 0; a < b.at[k]->nargs; a++)
					if (expr_reads(b.at[k]->args[a].e, z->w))
						return false;
			}
		}
		if (!loops_are_plain(z, s->body, s->kind == PSTMT_FOR, found) || !loops_are_plain(z, s->other, false, found))
			return false;
	}
	return true;
}

static bool
match_procs(Lazy *z)
{
	uint32_t found = 0;
	z->step = NO_ID;
	for (uint32_t c = 0; c < z->p->codes.n; c++) {
		if (z->p->codes.at[c]->kind != CODE_PROC || !runs(z->p->codes.at[c]->body, z->kernel))
			continue;
		if (z->step != NO_ID)
			return false;
		z->step = c;
	}
	if (z->step == NO_ID)
		return false;
	for (uint32_t c = 0; c < z->p->codes.n; c++)
		if (z->p->codes.at[c]->kind == CODE_PROC && !loops_are_plain(z, z->p->codes.at[c]->body, false, &found))
			return false;
	Seen seen = {.ok = true};
	visit(z, z->p->codes.at[z->step]->body, &seen);
	return found > 0 && seen.ok && seen.learns == 1;
}

typedef VEC(uint32_t) Order;

static void
list_runs(const Lazy *z, PlanBlock b, Order *out)
{
	for (uint32_t i = 0; i < b.n; i++) {
		if (b.at[i]->kind == PSTMT_RUN)
			VEC_PUSH(z->p->arena, out, b.at[i]->id);
		if (b.at[i]->kind == PSTMT_DO)
			list_runs(z, z->p->codes.at[b.at[i]->id]->body, out);
		list_runs(z, b.at[i]->body, out);
		list_runs(z, b.at[i]->other, out);
	}
}

/* The spikes that the trace has seen are those that get into the list: nobody changes the flags behind it (a run may
 * silence neurons, or make them spike). */
static bool
flags_are_final(const Lazy *z, uint32_t trace_kernel, bool by_flags)
{
	Order order = {0};
	bool behind = !by_flags;
	list_runs(z, z->p->codes.at[z->step]->body, &order);
	for (uint32_t i = 0; i < order.n; i++) {
		if (order.at[i] == trace_kernel)
			behind = true;
		else if (behind && block_stores(z->p->codes.at[order.at[i]]->body, z->pre_flags))
			return false;
	}
	return true;
}

static bool
match_trace(Lazy *z)
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

bool
lazy_match(Lazy *z)
{
	return match_kernel(z) && match_flags(z) && match_procs(z) && match_trace(z);
}
