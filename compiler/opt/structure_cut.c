/* structure_cut: what each part of the value of a cell (i, j) depends on, and which parts are worked out once for each i, j or j - i. */
#include "opt/query.h"
#include "opt/structure.h"

#include <math.h>

enum {
	DEAR = 6,                                         /* operations that may stay: less than a row of weights takes from memory */
	WIDE = 1 << 22, SHIFT = 1 << 20, SHIFTS = 4       /* i and j and few small whole numbers: their sums are exact in f32 */
};

bool
structure_is_mixed(Varies of)
{
	return (of & (of - 1)) != 0;
}

/* ---- the nest --------------------------------------------------------------------------------------------------------- */

/* Lets and calls, and behind them the one statement that is given back; NULL. */
static const PlanStmt *
behind_lets(Matrix *m, PlanBlock b)
{
	const PlanStmt *last = NULL;
	for (uint32_t k = 0; k < b.n; k++) {
		const PlanStmt *s = b.at[k];
		if (last)
			return NULL;
		if (s->kind == PSTMT_LET)
			m->def[s->id] = s;
		else if (s->kind == PSTMT_CALL)
			for (uint32_t n = 0; n < s->nlocals; n++)
				m->def[s->locals[n]] = s;
		else if (s->kind != PSTMT_NOTE)
			last = s;
	}
	return last;
}

bool
structure_find(Matrix *m)
{
	const PlanBuf *b = &m->p->bufs.at[m->buf];
	m->rows = b->axis[0].extent;
	m->columns = b->axis[1].extent;
	m->def = ARENA_ARRAY(m->p->arena, const PlanStmt *, m->code->nlocals);
	m->uses = ARENA_ARRAY(m->p->arena, uint32_t, m->code->nlocals);
	const PlanStmt *row = behind_lets(m, m->code->body), *along;
	if (!row || row->kind != PSTMT_FOR || row->step != 1 || !is_local(row->e, 0) || !is_local(row->hi, 1) || m->code->range != m->rows)
		return false;
	along = behind_lets(m, row->body);
	if (!along || along->kind != PSTMT_FOR || along->step != 1 || !is_zero_index(along->e) || along->hi->kind != PEXPR_CONST ||
	    (uint64_t)along->hi->value.i != m->columns)
		return false;
	m->i = row->id;
	m->j = along->id;
	m->store = behind_lets(m, along->body);
	return m->store && m->store->kind == PSTMT_STORE && m->store->id == m->buf &&
	       is_cell((const PlanExpr *const *)m->store->op, m->store->nops, m->i, m->j);
}

/* ---- what depends on what ------------------------------------------------------------------------------------------------- */

/* Whether e is a local of the nest and whole numbers that are added to it, as a number that holds all of them. */
static bool
is_shifted(const Matrix *m, const PlanExpr *e, uint32_t local, int depth)
{
	if (e->kind == PEXPR_LOCAL && m->def[e->id] && m->def[e->id]->kind == PSTMT_LET)
		return is_shifted(m, m->def[e->id]->e, local, depth);
	if (e->type != PT_I64 && e->type != PT_F32 && e->type != PT_F64)
		return false;
	if (e->kind == PEXPR_CAST)
		return is_shifted(m, e->op[0], local, depth);
	if (e->kind != PEXPR_ADD && e->kind != PEXPR_SUB)
		return is_local(e, local);
	const PlanExpr *by = e->op[1];
	double shift = by->kind != PEXPR_CONST ? NAN : plan_type_is_float(by->type) ? by->value.f : (double)by->value.i;
	return depth < SHIFTS && fabs(shift) <= SHIFT && shift == floor(shift) && is_shifted(m, e->op[0], local, depth + 1);
}

/* i - j, i == j, i < j …: the same for all cells that are as far apart. */
static bool
is_distance(const Matrix *m, const PlanExpr *e)
{
	bool asks = e->kind == PEXPR_SUB || (e->kind >= PEXPR_EQ && e->kind <= PEXPR_GE);
	if (!asks || m->rows > WIDE || m->columns > WIDE)
		return false;
	return (is_shifted(m, e->op[0], m->i, 0) && is_shifted(m, e->op[1], m->j, 0)) ||
	       (is_shifted(m, e->op[0], m->j, 0) && is_shifted(m, e->op[1], m->i, 0));
}

Varies
structure_varies(const Matrix *m, const PlanExpr *e)
{
	unsigned of = 0;
	if (e->kind == PEXPR_LOCAL)
		return m->of[e->id];
	if (is_distance(m, e))
		return OF_APART;
	for (uint32_t k = 0; k < e->nops; k++)
		of |= structure_varies(m, e->op[k]);
	return (Varies)of;
}

static Varies
varies_of_call(const Matrix *m, const PlanStmt *call)
{
	unsigned of = 0;
	for (uint32_t k = 0; k < call->nops; k++)
		of |= structure_varies(m, call->op[k]);
	return (Varies)of;
}

/* Locals are declared before they are read, so one walk is enough. */
static void
find_locals(Matrix *m, PlanBlock b)
{
	for (uint32_t k = 0; k < b.n; k++) {
		const PlanStmt *s = b.at[k];
		if (s->kind == PSTMT_LET)
			m->of[s->id] = structure_varies(m, s->e);
		for (uint32_t n = 0; n < s->nlocals; n++)
			m->of[s->locals[n]] = varies_of_call(m, s);
		if (s->kind == PSTMT_FOR)
			m->of[s->id] = s->id == m->i ? OF_PRE : OF_POST;
		find_locals(m, s->body);
	}
}

/* ---- the cut ---------------------------------------------------------------------------------------------------------------- */

static uint32_t
cost_of(PlanExprKind kind)
{
	switch (kind) {
	case PEXPR_ADD: case PEXPR_SUB: case PEXPR_MUL: case PEXPR_FMA: case PEXPR_NEG: case PEXPR_ABS: case PEXPR_SELECT: case PEXPR_CAST:
	case PEXPR_EQ: case PEXPR_NE: case PEXPR_LT: case PEXPR_LE: case PEXPR_GT: case PEXPR_GE: case PEXPR_NOT: case PEXPR_AND: case PEXPR_OR:
		return 1;
	default:
		return DEAR + 1;
	}
}

static void
add_leaf(Matrix *m, const PlanExpr *e)
{
	Varies of = structure_varies(m, e);
	for (uint32_t k = 0; k < m->leaves.n; k++)
		if (same_expr(m->leaves.at[k].e, e))
			return;
	/* What depends on neither may still be a load, of what changes later. */
	VEC_PUSH(m->p->arena, &m->leaves, ((Leaf){e, of ? of : OF_PRE, NO_ID}));
}

static bool
fail(Matrix *m, const char *why)
{
	m->why = why;
	return false;
}

static bool
cut(Matrix *m, const PlanExpr *e)
{
	if (e->kind == PEXPR_CONST)
		return true;
	if (!structure_is_mixed(structure_varies(m, e))) {
		add_leaf(m, e);
		return true;
	}
	if (e->kind == PEXPR_LOCAL) {
		const PlanStmt *def = m->def[e->id];
		if (!def)
			return fail(m, "its value depends on how the kernel is cut");
		if (def->kind == PSTMT_CALL)
			return fail(m, arena_printf(m->p->arena, "`%s` is of i and j, and not of i - j alone", m->p->codes.at[def->id]->name));
		return m->uses[e->id]++ || cut(m, def->e);
	}
	if (e->kind == PEXPR_LOAD || e->kind == PEXPR_MASK)
		return fail(m, arena_printf(m->p->arena, "%s has a value for each pair", m->p->bufs.at[e->id].name));
	m->cost += cost_of(e->kind);
	for (uint32_t k = 0; k < e->nops; k++)
		if (!cut(m, e->op[k]))
			return false;
	if (m->cost <= DEAR)
		return true;
	return fail(m, arena_printf(m->p->arena, "what depends on both i and j, not on i - j alone, takes more than %d operations, or a division or root", DEAR));
}

bool
structure_cut(Matrix *m)
{
	const PlanBuf *b = &m->p->bufs.at[m->buf];
	m->of = ARENA_ARRAY(m->p->arena, Varies, m->code->nlocals);
	m->of[0] = m->of[1] = OF_MORE;
	find_locals(m, m->code->body);
	if (!cut(m, m->store->e))
		return false;
	if (!m->leaves.n)
		add_leaf(m, m->store->e);                 /* a number: what others keep of the matrix tells that it was there */
	uint64_t vectors = 0;
	for (uint32_t k = 0; k < m->leaves.n; k++)
		vectors += m->leaves.at[k].of == OF_PRE ? m->rows : m->leaves.at[k].of == OF_POST ? m->columns : m->rows + m->columns - 1;
	if (vectors >= m->rows * m->columns)
		return fail(m, "its vectors would be no smaller");
	if (plan_type_value(b->type) != b->type && (m->cost || m->leaves.n != 1))
		return fail(m, arena_printf(m->p->arena, "each value is rounded to %s, which is more than a few operations", plan_type_name(b->type)));
	return true;
}
