/* structure_make: the vectors of a matrix, the kernels that fill them, and what stands where a cell was read. */
#include "base/panic.h"
#include "opt/clone.h"
#include "opt/kernel.h"
#include "opt/query.h"
#include "opt/structure.h"

/* ---- vectors ---------------------------------------------------------------------------------------------------------- */

static const char *
new_name(const Matrix *m, const char *part)
{
	const char *of = m->p->bufs.at[m->buf].name, *name = arena_printf(m->p->arena, "%s.%s", of, part);
	for (int k = 2; plan_find_buf(m->p, name) != UINT32_MAX; k++)
		name = arena_printf(m->p->arena, "%s.%s%d", of, part, k);
	return name;
}

static void
add_vector(Matrix *m, Leaf *leaf, PlanAxis axis, const char *part)
{
	const PlanBuf *b = &m->p->bufs.at[m->buf];
	bool whole_value = !m->cost && m->leaves.n == 1;          /* stored as the matrix was, 16 bits too */
	leaf->buf = plan_add_buf(m->p, new_name(m, part), whole_value ? b->type : leaf->e->type, ROLE_DERIVED, 1, &axis);
	m->p->bufs.at[leaf->buf].span = m->p->bufs.at[m->buf].span;
}

/* What declares the locals that e reads, before it. */
static void
emit_defs(const Matrix *m, Clone *c, PlanEmit *b, const PlanExpr *e)
{
	if (e->kind == PEXPR_LOCAL && !c->map[e->id]) {
		const PlanStmt *def = m->def[e->id];
		ASSERT(def);
		if (def->e)
			emit_defs(m, c, b, def->e);
		for (uint32_t k = 0; k < def->nops; k++)
			emit_defs(m, c, b, def->op[k]);
		VEC_PUSH(m->p->arena, &b->v, clone_stmt(c, def));
	}
	for (uint32_t k = 0; k < e->nops; k++)
		emit_defs(m, c, b, e->op[k]);
}

static void
map_cell(Matrix *m, Clone *c, Loop *turn, Varies of)
{
	Plan *p = m->p;
	c->map[m->i] = c->map[m->j] = turn->i;
	if (of != OF_APART)
		return;
	/* Of the cells that are so far apart, the first. */
	PlanExpr *last = whole(p, (int64_t)m->rows - 1);
	PlanExpr *left = plan_emit_let(&turn->body, "left", plan_binary(p, PEXPR_SUB, last, turn->i));
	c->map[m->i] = plan_emit_let(&turn->body, "i", larger(p, left, whole(p, 0)));
	c->map[m->j] = plan_emit_let(&turn->body, "j", plan_binary(p, PEXPR_SUB, c->map[m->i], left));
}

/* All vectors over one axis; false if there are none. */
static bool
make_kernel(Matrix *m, Varies of, PlanAxis axis, const char *part, uint32_t *run)
{
	Plan *p = m->p;
	bool any = false;
	for (uint32_t k = 0; k < m->leaves.n; k++)
		any = any || m->leaves.at[k].of == of;
	if (!any)
		return false;
	PlanEmit b = open_kernel(p, arena_printf(p->arena, "%s.%s", m->code->name, part), axis.extent, run);
	p->codes.at[*run]->span = m->code->span;
	Loop turn = open_loop(&b, of == OF_APART ? "d" : of == OF_PRE ? "i" : "j");
	Clone c = {.p = p, .code = b.code, .from = m->code, .map = ARENA_ARRAY(p->arena, PlanExpr *, m->code->nlocals), .n = m->code->nlocals};
	map_cell(m, &c, &turn, of);
	for (uint32_t k = 0; k < m->leaves.n; k++) {
		Leaf *leaf = &m->leaves.at[k];
		if (leaf->of != of)
			continue;
		add_vector(m, leaf, axis, part);
		emit_defs(m, &c, &turn.body, leaf->e);
		plan_emit_store(&turn.body, leaf->buf, 1, &turn.i, clone_expr(&c, leaf->e));
	}
	close_loop(&b, &turn, lo(&b), hi(&b), true)->span = m->store->span;
	close_kernel(&b);
	return true;
}

uint32_t
structure_make(Matrix *m, uint32_t runs[3])
{
	const PlanBuf b = m->p->bufs.at[m->buf];
	uint32_t n = 0;
	n += make_kernel(m, OF_PRE, b.axis[0], "pre", &runs[n]);
	n += make_kernel(m, OF_POST, b.axis[1], "post", &runs[n]);
	n += make_kernel(m, OF_APART, (PlanAxis){AXIS_ITEM, m->rows + m->columns - 1}, "apart", &runs[n]);
	return n;
}

/* ---- reads ------------------------------------------------------------------------------------------------------------ */

/* Cell (i, j) as an expression; kept[]: per local of the kernel that wrote it. */
typedef struct { Matrix *m; PlanEmit *before; PlanExpr *i, *j, **kept; } Cell;

static PlanExpr *
load_leaf(const Cell *c, const Leaf *leaf)
{
	Plan *p = c->m->p;
	PlanExpr *at = leaf->of == OF_PRE ? c->i : c->j;
	if (leaf->of == OF_APART)
		at = plan_binary(p, PEXPR_ADD, plan_binary(p, PEXPR_SUB, c->j, c->i), whole(p, (int64_t)c->m->rows - 1));
	return load1(p, leaf->buf, at);
}

static PlanExpr *
value_of(Cell *c, const PlanExpr *e)
{
	Matrix *m = c->m;
	for (uint32_t k = 0; k < m->leaves.n; k++)
		if (same_expr(m->leaves.at[k].e, e))
			return load_leaf(c, &m->leaves.at[k]);
	if (e->kind != PEXPR_LOCAL) {
		PlanExpr *copy = arena_copy(m->p->arena, e, sizeof *e);
		for (uint32_t k = 0; k < e->nops; k++)
			copy->op[k] = value_of(c, e->op[k]);
		return copy;
	}
	if (c->kept[e->id])
		return c->kept[e->id];
	PlanExpr *v = value_of(c, m->def[e->id]->e);
	if (m->uses[e->id] > 1)
		c->kept[e->id] = v = plan_emit_let(c->before, m->code->locals[e->id].name, v);
	return v;
}

static PlanExpr *
replace_expr(Matrix *m, PlanEmit *before, PlanExpr *e)
{
	if (!expr_reads(e, m->buf))
		return e;
	PlanExpr *copy = arena_copy(m->p->arena, e, sizeof *e);
	for (uint32_t k = 0; k < e->nops; k++)
		copy->op[k] = replace_expr(m, before, e->op[k]);
	if (e->kind != PEXPR_LOAD || e->id != m->buf)
		return copy;
	Cell c = {m, before, copy->op[0], copy->op[1], ARENA_ARRAY(m->p->arena, PlanExpr *, m->code->nlocals)};
	return value_of(&c, m->store->e);
}

static void
replace_block(Matrix *m, PlanCode *code, PlanBlock *b)
{
	PlanEmit out = plan_emit(m->p, code);
	for (uint32_t k = 0; k < b->n; k++) {
		PlanStmt *s = b->at[k];
		s->e = replace_expr(m, &out, s->e);
		s->hi = replace_expr(m, &out, s->hi);
		for (uint32_t n = 0; n < s->nops; n++)
			s->op[n] = replace_expr(m, &out, s->op[n]);
		replace_block(m, code, &s->body);
		replace_block(m, code, &s->other);
		VEC_PUSH(m->p->arena, &out.v, s);
	}
	*b = plan_freeze(&out);
}

void
structure_replace(Matrix *m)
{
	for (uint32_t c = 0; c < m->p->codes.n; c++)
		if (block_reads(m->p->codes.at[c]->body, m->buf))
			replace_block(m, m->p->codes.at[c], &m->p->codes.at[c]->body);
}
