/* structure: matrices that are an expression of vectors are not stored.
 *
 * reads    plan after dead; a matrix that one kernel writes, when the run begins, cell by cell from an expression of i and j, and that nobody else
 *          writes and the host does not see: weights that do not learn
 * writes   the largest parts of the expression that depend on i alone, on j alone, or on how far they are apart (i - j, i == j, i < j) are vectors,
 *          filled where the matrix was; what is above them, a few sums, products and choices, stands wherever a cell was read. The vector of
 *          distances has the one of j - i at j - i + rows - 1, so that a row goes along it upwards. The matrix is gone
 * keeps    every bit: the same operations on the same numbers. i, j and their differences are exact; values of 16 bits are left alone unless all
 *          of the expression is one vector, which is rounded as they were
 * example  tests/opt/structure
 */
#include "opt/structure.h"

#include "opt/clone.h"
#include "opt/kernel.h"
#include "opt/pass.h"
#include "opt/products.h"
#include "opt/query.h"
#include "opt/unread.h"

#include <string.h>

/* ---- who reads and writes ----------------------------------------------------------------------------------------------- */

static bool
is_plain(PlanBlock b, uint32_t buf);

/* Loads of single cells, and none in a condition that is asked again and again. */
static bool
is_plain_expr(const PlanExpr *e, uint32_t buf)
{
	if (!e)
		return true;
	if (e->kind == PEXPR_MASK && e->id == buf)
		return false;
	for (uint32_t k = 0; k < e->nops; k++)
		if (!is_plain_expr(e->op[k], buf))
			return false;
	return true;
}

static bool
is_plain_stmt(const PlanStmt *s, uint32_t buf)
{
	if (s->kind == PSTMT_WHILE && expr_reads(s->e, buf))
		return false;
	for (uint32_t k = 0; k < s->nargs; k++)
		if (expr_reads(s->args[k].e, buf))
			return false;
	for (uint32_t k = 0; k < s->nops; k++)
		if (!is_plain_expr(s->op[k], buf))
			return false;
	return is_plain_expr(s->e, buf) && is_plain_expr(s->hi, buf) && is_plain(s->body, buf) && is_plain(s->other, buf);
}

static bool
is_plain(PlanBlock b, uint32_t buf)
{
	for (uint32_t k = 0; k < b.n; k++)
		if (!is_plain_stmt(b.at[k], buf))
			return false;
	return true;
}

/* The kernel that alone stores to the buffer; NO_ID. */
static uint32_t
writer_of(const Plan *p, uint32_t buf)
{
	uint32_t writer = NO_ID;
	for (uint32_t c = 0; c < p->codes.n; c++) {
		if (!block_stores(p->codes.at[c]->body, buf))
			continue;
		if (writer != NO_ID || p->codes.at[c]->kind != CODE_KERNEL)
			return NO_ID;
		writer = c;
	}
	return writer;
}

static bool
is_seen(const Plan *p, uint32_t buf)
{
	if (host_knows(p, buf))
		return true;
	for (uint32_t c = 0; c < p->codes.n; c++)
		if (!is_plain(p->codes.at[c]->body, buf))
			return true;
	return false;
}

/* Whether somebody may look at the buffer in what the program does before it runs the kernel. */
typedef enum { GOES_ON, RUNS, LOOKS } Before;

static Before
before_run(const Plan *p, PlanBlock b, uint32_t kernel, uint32_t buf)
{
	for (uint32_t k = 0; k < b.n; k++) {
		const PlanStmt *s = b.at[k];
		if (s->kind == PSTMT_RUN && s->id == kernel)
			return RUNS;
		bool calls = s->kind == PSTMT_RUN || s->kind == PSTMT_DO;
		if (s->kind == PSTMT_DO || (calls && block_touches(p->codes.at[s->id]->body, buf)))
			return LOOKS;
		if (s->kind == PSTMT_FOR || s->kind == PSTMT_WHILE)
			return LOOKS;
		Before in = before_run(p, s->body, kernel, buf);
		in = in == GOES_ON ? before_run(p, s->other, kernel, buf) : in;
		if (in != GOES_ON)
			return in;
	}
	return GOES_ON;
}

static bool
begins_with(const Plan *p, uint32_t kernel, uint32_t buf)
{
	uint32_t program = plan_find_code(p, "program");
	return program != UINT32_MAX && runs_once(p, kernel) && before_run(p, p->codes.at[program]->body, kernel, buf) == RUNS;
}

/* ---- products of matrices -------------------------------------------------------------------------------------------------- */

/* sum[b, j] + matrix[i, j], maybe each times the value of a spike. */
static bool
is_term(const PlanExpr *e, uint32_t buf)
{
	const PlanExpr *w = e->kind == PEXPR_ADD ? e->op[1] : NULL;
	if (w && w->kind == PEXPR_MUL && w->op[0]->kind == PEXPR_LOCAL)
		w = w->op[1];
	return w && w->kind == PEXPR_LOAD && w->id == buf;
}

/* Whether a cell is added to sums of many items. */
static bool
multiplies(const Plan *p, PlanBlock b, uint32_t buf)
{
	for (uint32_t k = 0; k < b.n; k++) {
		const PlanStmt *s = b.at[k];
		const PlanBuf *sum = s->kind == PSTMT_STORE && is_term(s->e, buf) ? &p->bufs.at[s->id] : NULL;
		if (sum && sum->naxes == 2 && sum->axis[0].kind == AXIS_BATCH && sum->axis[0].extent >= PRODUCT_ITEMS)
			return true;
		if (multiplies(p, s->body, buf) || multiplies(p, s->other, buf))
			return true;
	}
	return false;
}

static bool
is_product(const Plan *p, uint32_t buf)
{
	const PlanBuf *b = &p->bufs.at[buf];
	bool product = false;
	for (uint32_t c = 0; c < p->codes.n; c++)
		product = product || multiplies(p, p->codes.at[c]->body, buf);
	return product && b->type == p->real && plan_buf_count(b) >= PRODUCT_VALUES;
}

/* ---- the pass ------------------------------------------------------------------------------------------------------------ */

static void
run_makers(Plan *p, PlanCode *code, PlanBlock *b, uint32_t init, const uint32_t *runs, uint32_t n)
{
	PlanEmit out = plan_emit(p, code);
	for (uint32_t k = 0; k < b->n; k++) {
		PlanStmt *s = b->at[k];
		run_makers(p, code, &s->body, init, runs, n);
		run_makers(p, code, &s->other, init, runs, n);
		VEC_PUSH(p->arena, &out.v, s);
		for (uint32_t r = 0; r < n && s->kind == PSTMT_RUN && s->id == init; r++)
			plan_emit_run(&out, runs[r]);
	}
	*b = plan_freeze(&out);
}

static const char *
names_of(const Matrix *m)
{
	StrBuf s = strbuf_init(m->p->arena);
	for (uint32_t k = 0; k < m->leaves.n; k++)
		strbuf_printf(&s, "%s%s", !k ? "" : k + 1 < m->leaves.n ? ", " : " and ", m->p->bufs.at[m->leaves.at[k].buf].name);
	return strbuf_text(&s);
}

static void
take(Matrix *m)
{
	Plan *p = m->p;
	uint32_t runs[3], n = structure_make(m, runs);
	structure_replace(m);
	for (uint32_t c = 0; c < p->codes.n; c++)
		if (p->codes.at[c]->kind == CODE_PROC)
			run_makers(p, p->codes.at[c], &p->codes.at[c]->body, m->init, runs, n);
	plan_remark(p, "structure", true, m->code, "%s is not stored: its values follow from %s", p->bufs.at[m->buf].name, names_of(m));
}

/* NULL: nothing to say about a matrix that learns, or that has no expression. */
static bool
is_candidate(Matrix *m)
{
	const PlanBuf *b = &m->p->bufs.at[m->buf];
	if (b->naxes != 2 || (b->role != ROLE_STATE && b->role != ROLE_DERIVED))
		return false;
	m->init = writer_of(m->p, m->buf);
	if (m->init == NO_ID)
		return false;
	m->code = m->p->codes.at[m->init];
	return structure_find(m) && begins_with(m->p, m->init, m->buf);
}

/* What it was, if it is a matrix no more. */
static bool
structure_matrix(Plan *p, uint32_t buf, Matrix *m)
{
	*m = (Matrix){.p = p, .buf = buf};
	if (!is_candidate(m))
		return false;
	if (is_seen(p, buf))
		m->why = "it is recorded, saved or read from a file, or looked at as flags, many at a time";
	else if (is_product(p, buf))
		m->why = "a batch goes through it, as a product of matrices where enough of it spikes";
	else if (structure_cut(m)) {
		take(m);
		return true;
	}
	plan_remark(p, "structure", false, m->code, "%s is stored: %s", p->bufs.at[buf].name, m->why);
	return false;
}

void
pass_structure(Plan *p)
{
	uint32_t bufs = p->bufs.n, codes = p->codes.n;
	bool *drop = ARENA_ARRAY(p->arena, bool, bufs), *fills = ARENA_ARRAY(p->arena, bool, codes), any = false;
	Matrix m;
	for (uint32_t buf = 0; buf < bufs; buf++) {
		drop[buf] = structure_matrix(p, buf, &m);
		if (drop[buf])
			any = fills[m.init] = true;
	}
	if (!any)
		return;
	bool *used = ARENA_ARRAY(p->arena, bool, p->codes.n), *gone = ARENA_ARRAY(p->arena, bool, p->bufs.n);
	for (uint32_t c = 0; c < p->codes.n; c++)
		used[c] = c >= codes || !fills[c];
	memcpy(gone, drop, bufs * sizeof *gone);
	drop_these(p, used, gone);
	procs_last(p);
}
