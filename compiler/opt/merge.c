/* merge: kernels that walk over the same matrix become one.
 *
 * reads    plan after hoist
 * writes   two kernels over the same range that a proc runs, one soon after the other, become one where both walk over the same
 *          matrix, so that `fuse` can make one loop of their loops; what runs between them must not care. A rule whose states
 *          are written by pre neurons and by post neurons is lowered to such kernels
 * keeps    every bit, for any parts of the range: merged only if what one of them stores and the other touches is
 *          indexed by both with a variable that runs from lo to hi, on the same axis
 * example  tests/opt/merge
 */
#include "base/panic.h"
#include "opt/clone.h"
#include "opt/pass.h"
#include "opt/query.h"
#include "opt/touch.h"

#include <string.h>

enum { FAR = 4 };                                 /* kernels that may run between the two */

/* What a local runs over: the part of the range that the kernel was called with, or all of an axis. */
typedef enum { ELSE, PART, ALL } Runs;

static void
mark_loops(PlanBlock b, Runs *runs)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *s = b.at[i];
		if (s->kind == PSTMT_FOR && is_local(s->e, 0) && is_local(s->hi, 1))
			runs[s->id] = PART;
		if (s->kind == PSTMT_FOR && s->e->kind == PEXPR_CONST && s->hi->kind == PEXPR_CONST)
			runs[s->id] = ALL;
		mark_loops(s->body, runs);
		mark_loops(s->other, runs);
	}
}

/* Whether both have an index, on the same axis, that runs so. */
static bool
both_run(Runs how, const Touch *a, const Runs *runs_a, const Touch *b, const Runs *runs_b)
{
	for (uint32_t k = 0; k < a->n && k < b->n; k++)
		if (a->index[k]->kind == PEXPR_LOCAL && runs_a[a->index[k]->id] == how && b->index[k]->kind == PEXPR_LOCAL &&
		    runs_b[b->index[k]->id] == how)
			return true;
	return false;
}

/* Whether both may work on their parts one after the other, and gain from it. */
static bool
mergeable(Plan *p, const PlanCode *a, const PlanCode *b)
{
	if (a->range != b->range || a->range == 1)
		return false;
	TouchVec va = {0}, vb = {0};
	if (!touch_block(p, &va, a->body) || !touch_block(p, &vb, b->body))
		return false;
	Runs *runs_a = ARENA_ARRAY(p->arena, Runs, a->nlocals), *runs_b = ARENA_ARRAY(p->arena, Runs, b->nlocals);
	mark_loops(a->body, runs_a);
	mark_loops(b->body, runs_b);
	bool gains = false;
	for (uint32_t i = 0; i < va.n; i++)
		for (uint32_t j = 0; j < vb.n; j++) {
			const Touch *x = &va.at[i], *y = &vb.at[j];
			if (x->buf != y->buf || (!x->store && !y->store))
				continue;
			if (!both_run(PART, x, runs_a, y, runs_b))
				return false;
			gains = gains || both_run(ALL, x, runs_a, y, runs_b);
		}
	return gains;
}

static bool
passes_by(Plan *p, const PlanCode *code, PlanStmt **runs, uint32_t from, uint32_t to)
{
	for (uint32_t k = from; k < to; k++)
		if (!touch_other_buffers(p, code->body, p->codes.at[runs[k]->id]->body))
			return false;
	return true;
}

/* The body of b behind that of a, in a's kernel. */
static void
append_body(Plan *p, PlanCode *a, const PlanCode *b)
{
	Clone c = {.p = p, .code = a, .from = b, .map = ARENA_ARRAY(p->arena, PlanExpr *, b->nlocals), .n = b->nlocals};
	c.map[0] = plan_local(p, a, 0);
	c.map[1] = plan_local(p, a, 1);
	PlanBlock more = clone_block(&c, b->body);
	PlanStmt **all = ARENA_ARRAY(p->arena, PlanStmt *, a->body.n + more.n);
	memcpy(all, a->body.at, sizeof *all * a->body.n);
	memcpy(all + a->body.n, more.at, sizeof *all * more.n);
	a->body = (PlanBlock){all, a->body.n + more.n};
}

/* at[0 .. n) are runs of kernels; true if the kernel of `run`, which comes next, was merged into one of them. */
static bool
merge_run(Plan *p, PlanStmt *run, PlanStmt **at, uint32_t n, bool *used)
{
	PlanCode *b = p->codes.at[run->id];
	for (uint32_t back = 1; back <= n && back <= FAR + 1 && at[n - back]->kind == PSTMT_RUN; back++) {
		uint32_t k = n - back;
		PlanCode *a = p->codes.at[at[k]->id];
		if (!mergeable(p, a, b) || !runs_once(p, at[k]->id) || !runs_once(p, run->id))
			continue;
		bool up = passes_by(p, b, at, k + 1, n);
		if (!up && !passes_by(p, a, at, k + 1, n))
			continue;
		plan_remark(p, "merge", true, a, "is one kernel with %s: both walk over the same matrix", b->name);
		append_body(p, a, b);
		used[run->id] = false;
		if (!up) {
			PlanStmt *down = at[k];
			memmove(at + k, at + k + 1, sizeof *at * (n - k - 1));
			at[n - 1] = down;
		}
		return true;
	}
	return false;
}

static void
merge_block(Plan *p, PlanBlock *b, bool *used)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < b->n; i++) {
		PlanStmt *s = b->at[i];
		if (s->kind == PSTMT_RUN && merge_run(p, s, b->at, n, used))
			continue;
		b->at[n++] = s;
		merge_block(p, &s->body, used);
		merge_block(p, &s->other, used);
	}
	b->n = n;
}

void
pass_merge(Plan *p)
{
	bool *used = ARENA_ARRAY(p->arena, bool, p->codes.n);
	memset(used, true, p->codes.n);
	for (uint32_t c = 0; c < p->codes.n; c++)
		if (p->codes.at[c]->kind == CODE_PROC)
			merge_block(p, &p->codes.at[c]->body, used);
	keep_codes(p, used);
}
