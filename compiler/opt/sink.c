/* sink: a loop of one kernel goes to the kernel that takes over what it leaves.
 *
 * reads    plan after late; two kernels over the same range that a proc runs, one some time after the other, and a loop over all of each,
 *          `for j in lo ..< hi simd`, of which one hands elements on to the other: what is on its way and arrives in this step, what is given to
 *          a layer, and the update that reads the sum
 * writes   the two loops as one, as `fuse` makes it: the first where the second stands, or the second where the first does. What it passes by
 *          must not care. One of the two is light: two models' updates share no registers. A kernel that has nothing left is gone
 * keeps    every bit, for any parts of the range: the loops are fused where turn k of the second depends on turn k of the first alone, and
 *          share no element with another turn's part of the kernel to which they go
 * example  tests/opt/sink
 */
#include "opt/clone.h"
#include "opt/dead.h"
#include "opt/fuse.h"
#include "opt/marks.h"
#include "opt/pass.h"
#include "opt/query.h"
#include "opt/team.h"
#include "opt/touch.h"
#include "opt/unread.h"

#include <string.h>

enum { LIGHT = 64 };                              /* expressions of a loop that leaves another one, of any size, its registers */

/* A loop of a kernel, behind the lets that it reads; what all of that touches. */
typedef struct { PlanCode *code; uint32_t at; PlanBlock all; Marks marks; } Moved;
/* Two runs in a block of a proc, and what runs between them. */
typedef struct { Plan *p; PlanCode *first, *second; PlanBlock between; } Pair;

/* ---- a loop and its lets ------------------------------------------------------------------------------------------ */

static void
mark_reads(const PlanExpr *e, bool *reads)
{
	if (!e)
		return;
	if (e->kind == PEXPR_LOCAL)
		reads[e->id] = true;
	for (uint32_t k = 0; k < e->nops; k++)
		mark_reads(e->op[k], reads);
}

static void
mark_block_reads(PlanBlock b, bool *reads)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *s = b.at[i];
		mark_reads(s->e, reads);
		mark_reads(s->hi, reads);
		for (uint32_t k = 0; k < s->nops; k++)
			mark_reads(s->op[k], reads);
		mark_block_reads(s->body, reads);
		mark_block_reads(s->other, reads);
	}
}

static bool
is_in(const Moved *m, const PlanStmt *s)
{
	for (uint32_t i = 0; i < m->all.n; i++)
		if (m->all.at[i] == s)
			return true;
	return false;
}

/* Whether its lets still give at the loop what they give where they stand. */
static bool
lets_hold(Plan *p, const Moved *m)
{
	bool behind = false;
	for (uint32_t k = 0; k < m->at; k++) {
		PlanStmt **s = &m->code->body.at[k];
		behind = behind || is_in(m, *s);
		if (behind && !touch_other_buffers(p, (PlanBlock){m->all.at, m->all.n - 1}, (PlanBlock){s, 1}))
			return false;
	}
	return true;
}

/* False where the loop reads what is not from lets alone. */
static bool
find_moved(Plan *p, PlanCode *code, uint32_t at, Moved *m)
{
	bool *reads = ARENA_ARRAY(p->arena, bool, code->nlocals), *changes = ARENA_ARRAY(p->arena, bool, code->nlocals);
	PlanStmt **all = ARENA_ARRAY(p->arena, PlanStmt *, at + 1);
	uint32_t first = at;
	all[at] = code->body.at[at];
	mark_block_reads((PlanBlock){all + at, 1}, reads);
	for (uint32_t k = at; k-- > 0;) {
		PlanStmt *s = code->body.at[k];
		if (s->kind != PSTMT_LET || !reads[s->id])
			continue;
		all[--first] = s;
		mark_reads(s->e, reads);
	}
	*m = (Moved){code, at, {all + first, at + 1 - first}, marks_open(p)};
	mark_block(p, &m->marks, m->all);
	mark_changes(m->all, changes);
	for (uint32_t k = 2; k < code->nlocals; k++)              /* 0 and 1: lo and hi */
		if (reads[k] && !changes[k])
			return false;
	return lets_hold(p, m);
}

/* ---- what it passes by -------------------------------------------------------------------------------------------- */

static bool
calls_host(const Plan *p, const PlanStmt *s)
{
	PlanBlock parts[3] = {s->body, s->other, {0}};
	if (s->kind == PSTMT_RUN || s->kind == PSTMT_DO)
		parts[2] = p->codes.at[s->id]->body;
	for (uint32_t k = 0; k < 3; k++)
		for (uint32_t i = 0; i < parts[k].n; i++)
			if (calls_host(p, parts[k].at[i]))
				return true;
	return s->kind == PSTMT_HOST;
}

static bool
passes(const Pair *pair, const Moved *m, PlanBlock b, uint32_t from, uint32_t to)
{
	const Plan *p = pair->p;
	Marks marks = marks_open(p);
	for (uint32_t k = from; k < to; k++) {
		if (calls_host(p, b.at[k]))
			return false;
		if (!is_in(m, b.at[k]))
			mark_stmt(p, &marks, b.at[k]);
	}
	for (uint32_t buf = 0; buf < p->bufs.n; buf++)
		if ((m->marks.writes[buf] && (marks.reads[buf] || marks.writes[buf])) || (m->marks.reads[buf] && marks.writes[buf]))
			return false;
	return true;
}

/* Between loop `i` of the first kernel and loop `k` of the second. */
static bool
comes_to(const Pair *pair, const Moved *m, uint32_t i, uint32_t k)
{
	return passes(pair, m, pair->first->body, i + 1, pair->first->body.n) && passes(pair, m, pair->between, 0, pair->between.n) &&
	       passes(pair, m, pair->second->body, 0, k);
}

/* ---- where it goes ------------------------------------------------------------------------------------------------ */

/* Parts of a kernel may run at the same time: what one of both stores, both touch by elements of their own parts. Kernels of their own might meet. */
static bool
may_share(Plan *p, const Moved *m, const PlanCode *to)
{
	PlanCode alone = *m->code;
	alone.body = m->all;
	TeamReach a = team_reach(p, &alone), b = team_reach(p, to);
	for (uint32_t buf = 0; buf < p->bufs.n; buf++) {
		const TeamTouch *x = &a.touch[buf], *y = &b.touch[buf];
		if (p->bufs.at[buf].role == ROLE_WORK && (m->marks.reads[buf] || m->marks.writes[buf]))
			return false;                     /* without meaning between kernels */
		if ((!x->reads && !x->writes) || (!y->reads && !y->writes) || (!x->writes && !y->writes))
			continue;
		bool same = x->by.scale == y->by.scale && x->by.axis == y->by.axis && x->by.row == y->by.row;
		if (!x->own || !y->own || !same)
			return false;
	}
	return true;
}

/* ---- moving ------------------------------------------------------------------------------------------------------- */

static void
insert(Plan *p, PlanBlock *b, uint32_t at, PlanBlock more)
{
	PlanStmt **all = ARENA_ARRAY(p->arena, PlanStmt *, b->n + more.n);
	memcpy(all, b->at, sizeof *all * at);
	memcpy(all + at, more.at, sizeof *all * more.n);
	memcpy(all + at + more.n, b->at + at, sizeof *all * (b->n - at));
	*b = (PlanBlock){all, b->n + more.n};
}

static void
move(Plan *p, const Moved *m, PlanCode *to, uint32_t at)
{
	Clone c = {.p = p, .code = to, .from = m->code, .map = ARENA_ARRAY(p->arena, PlanExpr *, m->code->nlocals), .n = m->code->nlocals};
	c.map[0] = plan_local(p, to, 0);
	c.map[1] = plan_local(p, to, 1);
	insert(p, &to->body, at, clone_block(&c, m->all));
	PlanBlock *left = &m->code->body;
	memmove(left->at + m->at, left->at + m->at + 1, sizeof *left->at * (left->n - m->at - 1));
	left->n--;
	dead_locals(p, m->code);
	plan_remark(p, "sink", true, to, "takes over a loop of %s: what one leaves in a register the other one takes", m->code->name);
	fuse_kernel(p, to);
}

static bool
is_light(const Plan *p, const PlanStmt *loop)
{
	return !block_calls(loop->body) && count_work(p, loop->body, 0, 0) <= LIGHT;
}

static bool
sink_pair(const Pair *pair, uint32_t i, uint32_t k)
{
	PlanCode *a = pair->first, *b = pair->second;
	Moved m;
	if (!is_light(pair->p, a->body.at[i]) && !is_light(pair->p, b->body.at[k]))
		return false;
	if (!is_whole(b->body.at[k]) || !fuse_hands_on(pair->p, a->body.at[i], b->body.at[k]))
		return false;
	if (find_moved(pair->p, a, i, &m) && comes_to(pair, &m, i, k) && may_share(pair->p, &m, b)) {
		move(pair->p, &m, b, k);
		return true;
	}
	if (find_moved(pair->p, b, k, &m) && comes_to(pair, &m, i, k) && may_share(pair->p, &m, a)) {
		move(pair->p, &m, a, i + 1);
		return true;
	}
	return false;
}

/* One loop of a kernel, the last one that can, goes to a kernel that runs later, or comes from there. */
static bool
sink_one(Plan *p, PlanBlock b, uint32_t at, uint32_t later)
{
	Pair pair = {p, p->codes.at[b.at[at]->id], p->codes.at[b.at[later]->id], {b.at + at + 1, later - at - 1}};
	if (pair.first->range != pair.second->range || pair.first->range == 1)
		return false;
	for (uint32_t i = pair.first->body.n; i-- > 0;)
		for (uint32_t k = 0; is_whole(pair.first->body.at[i]) && k < pair.second->body.n; k++)
			if (sink_pair(&pair, i, k))
				return true;
	return false;
}

static void
sink_block(Plan *p, PlanBlock b, const bool *once)
{
	for (uint32_t i = 0; i < b.n; i++) {
		sink_block(p, b.at[i]->body, once);
		sink_block(p, b.at[i]->other, once);
		if (b.at[i]->kind != PSTMT_RUN || !once[b.at[i]->id])
			continue;
		for (uint32_t k = i + 1; k < b.n && b.at[k]->kind != PSTMT_DO; k++)
			while (b.at[k]->kind == PSTMT_RUN && once[b.at[k]->id] && sink_one(p, b, i, k))
				;
	}
}

static bool
does_nothing(PlanBlock b)
{
	uint32_t n = 0;
	while (n < b.n && b.at[n]->kind == PSTMT_NOTE)
		n++;
	return n == b.n;
}

void
pass_sink(Plan *p)
{
	bool *used = ARENA_ARRAY(p->arena, bool, p->codes.n), *drop = ARENA_ARRAY(p->arena, bool, p->bufs.n), any = false;
	bool *once = ARENA_ARRAY(p->arena, bool, p->codes.n);
	for (uint32_t c = 0; c < p->codes.n; c++) {
		used[c] = does_nothing(p->codes.at[c]->body);     /* since before: not ours to take */
		once[c] = runs_once(p, c);
	}
	for (uint32_t c = 0; c < p->codes.n; c++)
		if (p->codes.at[c]->kind == CODE_PROC)
			sink_block(p, p->codes.at[c]->body, once);
	for (uint32_t c = 0; c < p->codes.n; c++) {
		used[c] = used[c] || p->codes.at[c]->kind != CODE_KERNEL || !does_nothing(p->codes.at[c]->body);
		any = any || !used[c];
	}
	if (any)
		drop_these(p, used, drop);
}
