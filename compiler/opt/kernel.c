/* kernel: kernels, loops and loads that passes write. */
#include "opt/kernel.h"

#include <math.h>

PlanEmit
open_kernel(Plan *p, const char *name, uint64_t range, uint32_t *id)
{
	*id = plan_add_code(p, CODE_KERNEL, name);
	p->codes.at[*id]->range = range;
	return plan_emit(p, p->codes.at[*id]);
}

void
close_kernel(PlanEmit *b)
{
	b->code->body = plan_freeze(b);
}

PlanExpr *
lo(PlanEmit *b)
{
	return plan_local(b->plan, b->code, 0);
}

PlanExpr *
hi(PlanEmit *b)
{
	return plan_local(b->plan, b->code, 1);
}

Loop
open_loop(PlanEmit *b, const char *name)
{
	uint32_t local = plan_new_loop_local(b, name);
	return (Loop){plan_emit(b->plan, b->code), plan_local(b->plan, b->code, local), local};
}

PlanStmt *
close_loop(PlanEmit *b, Loop *l, PlanExpr *from, PlanExpr *to, bool simd)
{
	return plan_emit_for(b, l->local, from, to, simd, &l->body);
}

PlanExpr *
open_list(PlanEmit *b, Loop *l, uint32_t list)
{
	*l = open_loop(b, "k");
	return plan_emit_let(&l->body, "i", plan_cast(b->plan, PT_I64, load2(b->plan, list, whole(b->plan, 0), l->i)));
}

void
close_list(PlanEmit *b, Loop *l, uint32_t count)
{
	close_loop(b, l, whole(b->plan, 0), plan_cast(b->plan, PT_I64, load1(b->plan, count, whole(b->plan, 0))), false);
}

PlanExpr *
load0(Plan *p, uint32_t buf)
{
	return plan_load(p, buf, 0, NULL);
}

PlanExpr *
load1(Plan *p, uint32_t buf, PlanExpr *i)
{
	return plan_load(p, buf, 1, &i);
}

PlanExpr *
load2(Plan *p, uint32_t buf, PlanExpr *i, PlanExpr *j)
{
	PlanExpr *at[] = {i, j};
	return plan_load(p, buf, 2, at);
}

void
store2(PlanEmit *b, uint32_t buf, PlanExpr *i, PlanExpr *j, PlanExpr *v)
{
	PlanExpr *at[] = {i, j};
	plan_emit_store(b, buf, 2, at, v);
}

PlanExpr *
whole(Plan *p, int64_t v)
{
	return plan_int(p, PT_I64, v);
}

PlanExpr *
smaller(Plan *p, PlanExpr *a, PlanExpr *b)
{
	return plan_ternary(p, PEXPR_SELECT, plan_binary(p, PEXPR_LT, a, b), a, b);
}

PlanExpr *
larger(Plan *p, PlanExpr *a, PlanExpr *b)
{
	return plan_ternary(p, PEXPR_SELECT, plan_binary(p, PEXPR_LT, a, b), b, a);
}

uint32_t
add_powers(Plan *p, const char *name, PlanType real, uint64_t n, double scale, double base, int from)
{
	PlanAxis axis = {AXIS_SLOT, n};
	uint32_t buf = plan_add_buf(p, name, real, ROLE_CONST, 1, &axis);
	PlanValue *v = ARENA_ARRAY(p->arena, PlanValue, n);
	for (uint64_t k = 0; k < n; k++)
		v[k].f = plan_round_float(real, scale * pow(base, (double)k + from));
	p->bufs.at[buf].data = v;
	return buf;
}

bool
takes_steps(PlanBlock b, uint32_t step)
{
	for (uint32_t i = 0; i < b.n; i++)
		if (b.at[i]->kind == PSTMT_DO && b.at[i]->id == step)
			return true;
	return false;
}
