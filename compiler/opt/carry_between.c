/* carry_between: what a step does between the walk along the rows and the next delivery. */
#include "opt/carry.h"
#include "opt/marks.h"
#include "opt/query.h"

#include <math.h>

/* ---- what comes between ---------------------------------------------------------------------------------- */

bool
carry_disturbs(const Carry *c, const PlanStmt *s)
{
	const Plan *p = c->p;
	Marks m = marks_open(p);
	mark_stmt(p, &m, s);
	bool does = m.reads[c->sum] || m.writes[c->sum] || m.writes[c->list] || m.writes[c->count];
	for (uint32_t b = 0; b < p->bufs.n && !does; b++)
		does = c->rows[b] && m.writes[b];
	return does;
}

static bool may_come(Carry *c, PlanStmt *s);

/* A branch that is seldom taken: behind it, rows are added as before. */
static bool
branch_may_come(Carry *c, PlanBlock *b)
{
	for (uint32_t k = 0; k < b->n; k++) {
		PlanStmt *s = b->at[k];
		if (!carry_disturbs(c, s) || (s->kind == PSTMT_IF && may_come(c, s)))
			continue;
		Marks m = marks_open(c->p);
		mark_stmt(c->p, &m, s);
		if (s->kind == PSTMT_IF || m.reads[c->sum] || m.writes[c->sum] || c->nundo == CARRY_UNDO)
			return false;
		for (uint32_t u = 0; u < c->nundo; u++)
			if (c->undo[u] == b)
				return true;
		c->undo[c->nundo++] = b;
		return true;
	}
	return true;
}

static bool
may_come(Carry *c, PlanStmt *s)
{
	if (!carry_disturbs(c, s))
		return true;
	return s->kind == PSTMT_IF && branch_may_come(c, &s->body) && branch_may_come(c, &s->other);
}

/* All behind the kernel that learns, up to the end of the step. */
static bool
rest_may_come(Carry *c, PlanBlock b, bool *found)
{
	for (uint32_t k = 0; k < b.n; k++) {
		PlanStmt *s = b.at[k];
		if (*found) {
			if (!may_come(c, s))
				return false;
			continue;
		}
		PlanBlock one = {&b.at[k], 1};
		if (!runs(one, c->w.learn))
			continue;
		if (s->kind == PSTMT_RUN)
			*found = true;
		else if (s->kind != PSTMT_IF || !rest_may_come(c, runs(s->body, c->w.learn) ? s->body : s->other, found))
			return false;
	}
	return true;
}

/* ---- who zeroes the sums --------------------------------------------------------------------------------- */

/* sum[0, j] = 0.0, and nothing of the turn touches it behind that */
static bool
turn_zeroes(const Carry *c, const PlanStmt *loop)
{
	bool zero = false;
	for (uint32_t k = 0; k < loop->body.n; k++) {
		const PlanStmt *s = loop->body.at[k];
		PlanBlock one = {&loop->body.at[k], 1};
		if (block_touches(one, c->sum))
			zero = s->kind == PSTMT_STORE && s->id == c->sum && s->nops == 2 && is_zero_index(s->op[0]) && is_local(s->op[1], loop->id) &&
			       s->e->kind == PEXPR_CONST && s->e->value.f == 0 && !signbit(s->e->value.f);
	}
	return zero;
}

static bool
zeroes(const Carry *c, PlanBlock b)
{
	bool zero = false;
	for (uint32_t k = 0; k < b.n; k++) {
		PlanBlock one = {&b.at[k], 1};
		if (block_touches(one, c->sum))
			zero = is_whole(b.at[k]) && turn_zeroes(c, b.at[k]);
	}
	return zero;
}

/* One kernel, between delivery and learning, reads the sums and sets them to zero; nobody else knows them. */
static bool
is_zeroed_between(const Carry *c)
{
	const Plan *p = c->p;
	PlanBlock step = p->codes.at[c->step]->body;
	uint32_t reader = NO_ID, seen = 0;
	for (uint32_t k = 0; k < p->codes.n; k++) {
		if (k == c->deliver || !block_touches(p->codes.at[k]->body, c->sum))
			continue;
		if (reader != NO_ID || !zeroes(c, p->codes.at[k]->body) || !runs_once(p, k))
			return false;
		reader = k;
	}
	for (uint32_t k = 0; reader != NO_ID && k < step.n; k++) {
		PlanBlock one = {&step.at[k], 1};
		seen += step.at[k]->kind == PSTMT_RUN && step.at[k]->id == c->deliver && seen == 0;
		seen += step.at[k]->kind == PSTMT_RUN && step.at[k]->id == reader && seen == 1;
		if (runs(one, c->w.learn))
			return seen == 2 && !host_knows(p, c->sum);
	}
	return false;
}

/* ---- all of it ------------------------------------------------------------------------------------------- */

/* Before the delivery, in the next step. */
static bool
start_may_come(Carry *c)
{
	PlanBlock step = c->p->codes.at[c->step]->body;
	for (uint32_t k = 0; k < step.n; k++) {
		if (step.at[k]->kind == PSTMT_RUN && step.at[k]->id == c->deliver)
			return true;
		if (!may_come(c, step.at[k]))
			return false;
	}
	return false;
}

/* The sums stay what the walk makes of them, or it is known where they do not. */
bool
carry_stays(Carry *c)
{
	bool found = false;
	uint32_t nundo = c->nundo;
	if (is_zeroed_between(c) && rest_may_come(c, c->p->codes.at[c->step]->body, &found) && found && start_may_come(c))
		return true;
	c->nundo = nundo;
	return false;
}
