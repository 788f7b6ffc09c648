/* query: what passes ask of expressions and blocks. */
#include "opt/query.h"

#include <math.h>
#include <string.h>

bool
is_invariant(const PlanExpr *e, const bool *changes)
{
	if (e->kind == PEXPR_LOAD || e->kind == PEXPR_MASK || (e->kind == PEXPR_LOCAL && changes[e->id]))
		return false;
	for (uint32_t k = 0; k < e->nops; k++)
		if (!is_invariant(e->op[k], changes))
			return false;
	return true;
}

void
mark_changes(PlanBlock b, bool *changes)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *s = b.at[i];
		if (s->kind == PSTMT_LET || s->kind == PSTMT_VAR || s->kind == PSTMT_SET || s->kind == PSTMT_FOR)
			changes[s->id] = true;
		for (uint32_t k = 0; k < s->nlocals; k++)
			changes[s->locals[k]] = true;
		mark_changes(s->body, changes);
		mark_changes(s->other, changes);
	}
}

bool
expr_reads(const PlanExpr *e, uint32_t buf)
{
	if (!e)
		return false;
	if ((e->kind == PEXPR_LOAD || e->kind == PEXPR_MASK) && e->id == buf)
		return true;
	for (uint32_t k = 0; k < e->nops; k++)
		if (expr_reads(e->op[k], buf))
			return true;
	return false;
}

bool
block_reads(PlanBlock b, uint32_t buf)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *s = b.at[i];
		bool here = expr_reads(s->e, buf) || expr_reads(s->hi, buf);
		for (uint32_t k = 0; k < s->nops; k++)
			here = here || expr_reads(s->op[k], buf);
		if (here || block_reads(s->body, buf) || block_reads(s->other, buf))
			return true;
	}
	return false;
}

bool
block_stores(PlanBlock b, uint32_t buf)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *s = b.at[i];
		if ((s->kind == PSTMT_STORE && (s->id == buf || buf == ANY_BUFFER)) || block_stores(s->body, buf) ||
		    block_stores(s->other, buf))
			return true;
	}
	return false;
}

bool
block_calls(PlanBlock b)
{
	for (uint32_t i = 0; i < b.n; i++)
		if (b.at[i]->kind == PSTMT_CALL || block_calls(b.at[i]->body) || block_calls(b.at[i]->other))
			return true;
	return false;
}

static uint32_t
count_expr(const PlanExpr *e)
{
	uint32_t n = e ? 1 : 0;
	for (uint32_t k = 0; e && k < e->nops; k++)
		n += count_expr(e->op[k]);
	return n;
}

uint32_t
count_work(const Plan *p, PlanBlock b, uint32_t loop, uint32_t branch)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *s = b.at[i];
		n += count_expr(s->e) + count_expr(s->hi) + count_work(p, s->body, loop, branch) + count_work(p, s->other, loop, branch);
		if (s->kind == PSTMT_FOR || s->kind == PSTMT_WHILE)
			n += loop;
		if (s->kind == PSTMT_IF)
			n += branch;
		if (s->kind == PSTMT_CALL)
			n += count_work(p, p->codes.at[s->id]->body, loop, branch);
		for (uint32_t k = 0; k < s->nops; k++)
			n += count_expr(s->op[k]);
	}
	return n;
}

bool
block_touches(PlanBlock b, uint32_t buf)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *s = b.at[i];
		for (uint32_t k = 0; k < s->nargs; k++)
			if (expr_reads(s->args[k].e, buf))
				return true;
		if (block_touches(s->body, buf) || block_touches(s->other, buf))
			return true;
	}
	return block_reads(b, buf) || block_stores(b, buf);
}

bool
host_knows(const Plan *p, uint32_t buf)
{
	for (uint32_t i = 0; i < p->objects.n; i++)
		for (uint32_t k = 0; k < p->objects.at[i].nbufs; k++)
			if (p->objects.at[i].bufs[k] == buf)
				return true;
	return false;
}

bool
host_writes(const Plan *p, uint32_t buf)
{
	for (uint32_t i = 0; i < p->objects.n; i++) {
		const PlanObject *o = &p->objects.at[i];
		bool reads = o->kind == POBJ_RECORD || o->kind == POBJ_SAVE || o->kind == POBJ_PLOT || o->kind == POBJ_RASTER ||
			     o->kind == POBJ_VALUE || o->kind == POBJ_WATCH;
		for (uint32_t k = 0; k < o->nbufs && !reads; k++)
			if (o->bufs[k] == buf)
				return true;
		for (uint32_t k = 0; k < o->ntexts && o->kind == POBJ_LOAD; k++)
			if (!strcmp(o->texts[k], p->bufs.at[buf].name))
				return true;
	}
	return false;
}

void
map_exprs(PlanBlock b, PlanExpr *(*to)(void *env, PlanExpr *e), void *env)
{
	for (uint32_t i = 0; i < b.n; i++) {
		PlanStmt *s = b.at[i];
		s->e = to(env, s->e);
		s->hi = to(env, s->hi);
		for (uint32_t k = 0; k < s->nops; k++)
			s->op[k] = to(env, s->op[k]);
		for (uint32_t k = 0; k < s->nargs; k++)
			s->args[k].e = to(env, s->args[k].e);
		map_exprs(s->body, to, env);
		map_exprs(s->other, to, env);
	}
}

void
each_kernel(Plan *p, void (*pass)(Plan *p, PlanCode *kernel))
{
	for (uint32_t c = 0; c < p->codes.n; c++)
		if (p->codes.at[c]->kind == CODE_KERNEL)
			pass(p, p->codes.at[c]);
}

bool
same_expr(const PlanExpr *a, const PlanExpr *b)
{
	if (a == b)
		return true;
	if (a->kind != b->kind || a->type != b->type || a->id != b->id || a->nops != b->nops || a->value.i != b->value.i)
		return false;
	for (uint32_t k = 0; k < a->nops; k++)
		if (!same_expr(a->op[k], b->op[k]))
			return false;
	return true;
}

const PlanExpr *
meaning(const PlanStmt *const *defs, const PlanExpr *e)
{
	while (e->kind == PEXPR_LOCAL && defs[e->id])
		e = defs[e->id]->e;
	return e;
}

bool
is_local(const PlanExpr *e, uint32_t id)
{
	return e->kind == PEXPR_LOCAL && e->id == id;
}

bool
is_zero_index(const PlanExpr *e)
{
	return e->kind == PEXPR_CONST && e->value.i == 0;
}

bool
is_own(const Plan *p, const PlanExpr *e, uint32_t local)
{
	if (e->kind != PEXPR_LOAD || e->nops != 2 || p->bufs.at[e->id].axis[0].extent != 1)
		return false;
	return is_zero_index(e->op[0]) && is_local(e->op[1], local);
}

static bool
own_only(const Plan *p, const PlanExpr *e, uint32_t buf, uint32_t local)
{
	if (!e || !expr_reads(e, buf))
		return true;
	if (e->kind == PEXPR_LOAD && e->id == buf)
		return is_own(p, e, local);
	for (uint32_t k = 0; k < e->nops; k++)
		if (!own_only(p, e->op[k], buf, local))
			return false;
	return e->kind != PEXPR_MASK || e->id != buf;
}

bool
block_own_only(const Plan *p, PlanBlock b, uint32_t buf, uint32_t local)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *s = b.at[i];
		if (!own_only(p, s->e, buf, local) || !own_only(p, s->hi, buf, local))
			return false;
		for (uint32_t k = 0; k < s->nops; k++)
			if (!own_only(p, s->op[k], buf, local))
				return false;
		if (s->kind == PSTMT_STORE && s->id == buf && (s->nops != 2 || !is_zero_index(s->op[0]) || !is_local(s->op[1], local)))
			return false;
		if (!block_own_only(p, s->body, buf, local) || !block_own_only(p, s->other, buf, local))
			return false;
	}
	return true;
}

bool
is_whole(const PlanStmt *s)
{
	return s->kind == PSTMT_FOR && s->simd && s->step == 1 && is_local(s->e, 0) && is_local(s->hi, 1);
}

uint32_t
zeroed_by(const Plan *p, const PlanStmt *s)
{
	if (!is_whole(s) || s->body.n != 1 || s->body.at[0]->kind != PSTMT_STORE)
		return NO_ID;
	const PlanStmt *store = s->body.at[0];
	const PlanBuf *b = &p->bufs.at[store->id];
	bool zero = b->role == ROLE_SCRATCH && b->naxes == 2 && b->axis[0].extent == 1 && plan_type_is_float(b->type) && is_zero_index(store->op[0]) &&
	            is_local(store->op[1], s->id) && store->e->kind == PEXPR_CONST && store->e->value.f == 0 && !signbit(store->e->value.f);
	return zero ? store->id : NO_ID;
}

uint32_t
count_of(const PlanExpr *e)
{
	if (e->kind != PEXPR_CAST || e->op[0]->kind != PEXPR_LOAD || e->op[0]->nops != 1 || !is_zero_index(e->op[0]->op[0]))
		return NO_ID;
	return e->op[0]->id;
}

uint32_t
list_of(const Plan *p, const PlanStmt *loop)
{
	return loop->body.n == 2 ? list_along(p, loop) : NO_ID;
}

uint32_t
list_along(const Plan *p, const PlanStmt *loop)
{
	if (loop->kind != PSTMT_FOR || loop->simd || loop->step != 1 || !is_zero_index(loop->e) || !loop->body.n)
		return NO_ID;
	const PlanStmt *let = loop->body.at[0];
	bool ok = count_of(loop->hi) != NO_ID && let->kind == PSTMT_LET && let->e->kind == PEXPR_CAST &&
		  is_own(p, let->e->op[0], loop->id);
	return ok ? let->e->op[0]->id : NO_ID;
}

const PlanExpr *
cast_load(const PlanExpr *e)
{
	bool ok = e->kind == PEXPR_CAST && e->op[0]->kind == PEXPR_LOAD && e->op[0]->nops == 1;
	return ok ? e->op[0] : NULL;
}

uint32_t
row_walked(const PlanStmt *loop, uint32_t *i)
{
	const PlanExpr *a = loop->kind == PSTMT_FOR ? cast_load(loop->e) : NULL, *b = a ? cast_load(loop->hi) : NULL;
	if (!b || a->id != b->id || a->op[0]->kind != PEXPR_LOCAL || loop->step != 1)
		return NO_ID;
	const PlanExpr *next = b->op[0];
	*i = a->op[0]->id;
	bool ok = next->kind == PEXPR_ADD && is_local(next->op[0], *i) && next->op[1]->kind == PEXPR_CONST && next->op[1]->value.i == 1;
	return ok ? a->id : NO_ID;
}

bool
ascends(const Plan *p, uint32_t list)
{
	uint32_t writers = 0, good = 0;
	for (uint32_t c = 0; c < p->codes.n; c++) {
		PlanBlock b = p->codes.at[c]->body;
		writers += block_stores(b, list);
		for (uint32_t k = 0; k < b.n; k++) {
			const PlanStmt *s = b.at[k], *test = s->kind == PSTMT_FOR && s->body.n == 1 ? s->body.at[0] : NULL;
			const PlanStmt *store = test && test->kind == PSTMT_IF && !test->other.n && test->body.n == 2 ? test->body.at[0] : NULL;
			good += store && store->kind == PSTMT_STORE && store->id == list && store->e->kind == PEXPR_CAST && is_local(store->e->op[0], s->id);
		}
	}
	return writers == 1 && good == 1;
}

bool
is_scalar_load(const PlanExpr *e)
{
	return e->kind == PEXPR_LOAD && e->nops == 0;
}

bool
is_cell(const PlanExpr *const *index, uint32_t n, uint32_t i, uint32_t j)
{
	return n == 2 && is_local(index[0], i) && is_local(index[1], j);
}

bool
runs(PlanBlock b, uint32_t kernel)
{
	for (uint32_t i = 0; i < b.n; i++)
		if ((b.at[i]->kind == PSTMT_RUN && b.at[i]->id == kernel) || runs(b.at[i]->body, kernel) ||
		    runs(b.at[i]->other, kernel))
			return true;
	return false;
}

static uint32_t
count_runs(PlanBlock b, uint32_t kernel)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < b.n; i++)
		n += (b.at[i]->kind == PSTMT_RUN && b.at[i]->id == kernel) + count_runs(b.at[i]->body, kernel) +
		     count_runs(b.at[i]->other, kernel);
	return n;
}

bool
runs_once(const Plan *p, uint32_t kernel)
{
	uint32_t n = 0;
	for (uint32_t c = 0; c < p->codes.n; c++)
		n += count_runs(p->codes.at[c]->body, kernel);
	return n == 1;
}

void
list_runs(const Plan *p, PlanBlock b, RunOrder *out)
{
	for (uint32_t i = 0; i < b.n; i++) {
		if (b.at[i]->kind == PSTMT_RUN)
			VEC_PUSH(p->arena, out, b.at[i]->id);
		if (b.at[i]->kind == PSTMT_DO)
			list_runs(p, p->codes.at[b.at[i]->id]->body, out);
		list_runs(p, b.at[i]->body, out);
		list_runs(p, b.at[i]->other, out);
	}
}
