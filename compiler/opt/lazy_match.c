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

const char *
lazy_match(Lazy *z)
{
	if (!match_kernel(z))
		return "";
	if (!lazy_flags(z))
		return "the spikes of a step are not those of its lists";
	if (!lazy_place(z))
		return "something else looks at the values in each step";
	return lazy_trace(z) ? NULL : "the trace of the pre neuron does not decay by one factor";
}
