/* team: which kernels run side by side on several threads, and where those meet.
 *
 * reads    the finished plan; runs of kernels that stand one behind the other in a proc
 * writes   `team { }` around them: kernels whose range can be cut are run in parts, others by one thread; `meet` where one
 *          touches what another thread wrote, or writes what it read. Each kernel comes as early as what it needs allows
 * keeps    every bit: nothing is added in another order, and no kernel overtakes one that it shares a buffer with, unless both
 *          touch only what belongs to their own turns, cut at the same places
 *
 * Who does what is tried in three ways: kernels in parts, those of one thread spread evenly; such that follow what one thread did on the
 * same; and homes, each with all its kernels on one thread (team_home).
 *
 * example  tests/opt/team
 */
#include "opt/query.h"
#include "opt/opt.h"
#include "opt/team.h"

#include <math.h>
#include <string.h>

enum {
	LINE = TEAM_WIDEST,                               /* elements: no two parts write into one cache line, and blocks of random words are whole */
	FEWEST = 2                                        /* turns that can be shared out */
};
#define EVEN 0.7                                          /* of the load of one thread: what another one has to do, at least */

typedef struct {
	PlanStmt *run;
	TeamReach reach;
	TeamCost cost;
	PlanShare share;
	int64_t unit;
	uint32_t phase, thread, home;
} Member;
typedef VEC(Member) MemberVec;

typedef struct {
	Plan *p;
	TeamMode mode;
	int threads;
	const PlanCode *code;
	enum { SPREAD, FOLLOW, HOMES } way;               /* FOLLOW: who needs what one thread did runs on that, too, though it could be cut */
} Team;

/* ---- what may be cut, and what meets -------------------------------------------------------------------- */

static uint64_t
units_of(const Team *t, const Member *m)
{
	uint64_t range = t->p->codes.at[m->run->id]->range;
	return (range + (uint64_t)m->unit - 1) / (uint64_t)m->unit;
}

/* Cuts of both are at the same elements. */
static bool
same_cuts(const Team *t, const Member *a, const Member *b, uint32_t scale_a, uint32_t scale_b)
{
	if (a->share != b->share || a->share == SHARE_ONE)
		return false;
	if (a->share == SHARE_EVENTS)
		return a->reach.list == b->reach.list && a->reach.count == b->reach.count;
	return scale_a * a->unit == scale_b * b->unit && units_of(t, a) == units_of(t, b);
}

typedef enum { APART, IN_ORDER, MEETING } Bond;           /* nothing shared; each thread its own, in order; any thread any */

static Bond
bond_of(const Team *t, const Member *a, const Member *b)
{
	Bond bond = APART;
	for (uint32_t i = 0; i < t->p->bufs.n; i++) {
		const TeamTouch *x = &a->reach.touch[i], *y = &b->reach.touch[i];
		bool both = (x->reads || x->writes) && (y->reads || y->writes), writes = x->writes || y->writes;
		if (!both || !writes)
			continue;
		bool own = x->own && y->own && x->by.axis == y->by.axis && x->by.row == y->by.row &&
			   same_cuts(t, a, b, x->by.scale, y->by.scale);
		if (!own)
			return MEETING;
		bond = IN_ORDER;
	}
	/* The list that says where to cut is read by all. */
	const TeamTouch *cuts = a->share == SHARE_EVENTS ? &b->reach.touch[a->reach.list] : b->share == SHARE_EVENTS ? &a->reach.touch[b->reach.list] : NULL;
	return cuts && cuts->writes ? MEETING : bond;
}

/* ---- one run of kernels ----------------------------------------------------------------------------------- */

/* Whether all that it writes is whole rows, one behind the other: its parts meet in no line but the first and the last. */
static bool
writes_rows(const Team *t, const TeamReach *reach)
{
	for (uint32_t i = 0; i < t->p->bufs.n; i++)
		if (reach->touch[i].writes && (!reach->touch[i].own || reach->touch[i].by.row != NO_ID || reach->touch[i].by.axis + 1 >= t->p->bufs.at[i].naxes))
			return false;
	return true;
}

static void
judge(Team *t, Member *m)
{
	const PlanCode *k = t->p->codes.at[m->run->id];
	m->reach = team_reach(t->p, k);
	m->cost = team_cost(t->p, k);
	m->unit = LINE / m->reach.scale > 0 ? LINE / m->reach.scale : 1;
	if (k->range <= LINE && writes_rows(t, &m->reach))
		m->unit = 1;
	m->share = m->reach.list != NO_ID ? SHARE_EVENTS : SHARE_PARTS;
	if (k->range < FEWEST || !m->reach.uses_range || m->cost.half > 0.8 * m->cost.whole)
		m->share = SHARE_ONE;
}

static double
load_of(const MemberVec *v, uint32_t phase, uint32_t thread)
{
	double ns = 0;
	for (uint32_t i = 0; i < v->n; i++)
		if (v->at[i].share == SHARE_ONE && v->at[i].phase == phase && v->at[i].thread == thread)
			ns += v->at[i].cost.whole;
	return ns;
}

/* A kernel that needs what another one of its phase did on one thread runs behind it, on the same. False: they are two. */
static bool
same_thread(const Team *t, MemberVec *v, Member *m, bool *fixed)
{
	*fixed = false;
	for (uint32_t i = 0; i < v->n; i++) {
		const Member *e = &v->at[i];
		if (e->phase != m->phase || bond_of(t, e, m) != MEETING)
			continue;
		if (*fixed && e->thread != m->thread)
			return false;
		m->thread = e->thread;
		*fixed = true;
	}
	return true;
}

/* One kernel of a thread alone is all that keeps m from the phase before: it need not wait if it is done by that thread. */
static bool
follows(const Team *t, const MemberVec *v, Member *m)
{
	uint32_t on = NO_ID;
	for (uint32_t i = 0; i < v->n && m->phase; i++) {
		const Member *e = &v->at[i];
		Bond bond = e->phase + 1 < m->phase ? APART : bond_of(t, e, m);
		if (bond == APART)
			continue;
		if (e->phase == m->phase || e->share != SHARE_ONE || (on != NO_ID && on != e->thread))
			return false;
		on = e->thread;
	}
	if (on == NO_ID)
		return false;
	m->phase--;
	m->share = SHARE_ONE;
	return true;
}

/* The first phase in which all is there that m needs. */
static void
place(Team *t, MemberVec *v, Member *m)
{
	bool fixed;
	m->phase = 0;
	for (uint32_t i = 0; i < v->n; i++) {
		const Member *e = &v->at[i];
		Bond bond = bond_of(t, e, m);
		bool together = bond == IN_ORDER || (bond == MEETING && e->share == SHARE_ONE && m->share == SHARE_ONE &&
						     (t->way != HOMES || e->thread == m->thread));
		uint32_t least = bond == APART ? 0 : together ? e->phase : e->phase + 1;
		m->phase = least > m->phase ? least : m->phase;
	}
	if (t->way == HOMES || (m->share != SHARE_ONE && !(t->way == FOLLOW && follows(t, v, m))))
		return;
	if (!same_thread(t, v, m, &fixed)) {
		m->phase++;
		fixed = false;
	}
	for (uint32_t k = 0; !fixed && k < (uint32_t)t->threads; k++)
		if (k == 0 || load_of(v, m->phase, k) < load_of(v, m->phase, m->thread))
			m->thread = k;
}

static uint32_t
count_phases(const MemberVec *v)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < v->n; i++)
		n = v->at[i].phase + 1 > n ? v->at[i].phase + 1 : n;
	return n;
}

/* Arrays of which each thread writes a piece; rows of their own are no pieces. */
static uint32_t
count_cut(const Team *t, const Member *m)
{
	uint32_t n = 0;
	for (uint32_t i = 0; m->share == SHARE_PARTS && i < t->p->bufs.n; i++)
		n += m->reach.touch[i].writes && m->reach.touch[i].own && m->reach.touch[i].by.row == NO_ID;
	return n;
}

/* ns on one thread, and on two. */
static TeamCost
estimate(const Team *t, const MemberVec *v)
{
	TeamCost c = {0};
	for (uint32_t phase = 0; phase < count_phases(v); phase++) {
		double parts = 0, most = 0;
		uint32_t cut = 0;
		for (uint32_t i = 0; i < v->n; i++) {
			const Member *m = &v->at[i];
			if (m->phase != phase)
				continue;
			c.whole += m->cost.whole;
			parts += m->share == SHARE_ONE ? 0 : m->cost.half;
			cut += count_cut(t, m);
		}
		for (uint32_t k = 0; k < (uint32_t)t->threads; k++)
			most = load_of(v, phase, k) > most ? load_of(v, phase, k) : most;
		c.half += parts + most + TEAM_MEET_NS + cut * TEAM_MOVE_NS;
	}
	c.half += TEAM_MEET_NS;                           /* to begin */
	return c;
}

static void
put_member(PlanEmit *b, const Member *m)
{
	m->run->share = m->share;
	m->run->step = m->share == SHARE_PARTS ? m->unit : m->share == SHARE_ONE ? (int64_t)m->thread : 0;
	if (m->share == SHARE_EVENTS) {
		m->run->list = m->reach.list;
		m->run->count = m->reach.count;
	}
	if (m->share == SHARE_PARTS)
		team_split(b->plan, b->plan->codes.at[m->run->id]);
	VEC_PUSH(b->plan->arena, &b->v, m->run);
}

static void
tell(const Team *t, const MemberVec *v, TeamCost c, bool done)
{
	for (uint32_t i = 0; i < v->n; i++) {
		const Member *m = &v->at[i];
		const PlanCode *k = t->p->codes.at[m->run->id];
		if (!done)
			plan_remark(t->p, "team", false, k, "about %.1f us on one thread, %.1f us on two with their meetings: one is as good", c.whole / 1000, c.half / 1000);
		else if (m->share == SHARE_ONE)
			plan_remark(t->p, "team", true, k, "phase %u: by one thread, beside the others", m->phase + 1);
		else
			plan_remark(t->p, "team", true, k, "phase %u: in parts%s%s, about %.1f us on one thread", m->phase + 1, m->share == SHARE_EVENTS ? ", cut at events of " : "",
				    m->share == SHARE_EVENTS ? t->p->bufs.at[m->reach.list].name : "", m->cost.whole / 1000);
	}
}

static PlanStmt *
make_team(Team *t, const MemberVec *v)
{
	PlanEmit b = plan_emit(t->p, (PlanCode *)(uintptr_t)t->code);
	for (uint32_t phase = 0; phase < count_phases(v); phase++) {
		if (phase) {
			PlanStmt *meet = ARENA_NEW(t->p->arena, PlanStmt);
			meet->kind = PSTMT_MEET;
			VEC_PUSH(t->p->arena, &b.v, meet);
		}
		for (uint32_t i = 0; i < v->n; i++)
			if (v->at[i].phase == phase)
				put_member(&b, &v->at[i]);
	}
	PlanStmt *team = ARENA_NEW(t->p->arena, PlanStmt);
	team->kind = PSTMT_TEAM;
	team->body = plan_freeze(&b);
	return team;
}

/* Each home to the thread that has least to do, the longest first. False: some thread would have hardly anything to do. */
static bool
share_homes(const Team *t, MemberVec *v)
{
	double least = INFINITY, most = 0;
	double *todo = ARENA_ARRAY(t->p->arena, double, v->n + 1), load[PLAN_MAX_TEAM] = {0};
	uint32_t *thread = ARENA_ARRAY(t->p->arena, uint32_t, v->n + 1);
	for (uint32_t i = 0; i < v->n; i++)
		todo[v->at[i].home] += v->at[i].cost.whole;
	for (;;) {
		uint32_t longest = 0, on = 0;
		for (uint32_t h = 1; h < v->n; h++)
			longest = todo[h] > todo[longest] ? h : longest;
		if (todo[longest] <= 0)
			break;
		for (uint32_t k = 1; k < (uint32_t)t->threads; k++)
			on = load[k] < load[on] ? k : on;
		thread[longest] = on;
		load[on] += todo[longest];
		todo[longest] = 0;
	}
	for (uint32_t i = 0; i < v->n; i++) {
		v->at[i].share = SHARE_ONE;
		v->at[i].thread = thread[v->at[i].home];
	}
	for (uint32_t k = 0; k < (uint32_t)t->threads; k++) {
		least = load[k] < least ? load[k] : least;
		most = load[k] > most ? load[k] : most;
	}
	return least >= EVEN * most;
}

static MemberVec
place_all(Team *t, const MemberVec *all, int way)
{
	MemberVec v = {0}, given = {0};
	for (uint32_t i = 0; i < all->n; i++)
		VEC_PUSH(t->p->arena, &given, all->at[i]);
	t->way = way;
	if (way == HOMES && !share_homes(t, &given))
		return v;
	for (uint32_t i = 0; i < given.n; i++) {
		Member m = given.at[i];
		place(t, &v, &m);
		VEC_PUSH(t->p->arena, &v, m);
	}
	return v;
}

static void
find_homes(const Team *t, MemberVec *v)
{
	const TeamReach **reach = ARENA_ARRAY(t->p->arena, const TeamReach *, v->n + 1);
	uint32_t *home = ARENA_ARRAY(t->p->arena, uint32_t, v->n + 1);
	for (uint32_t i = 0; i < v->n; i++)
		reach[i] = &v->at[i].reach;
	team_homes(t->p, reach, v->n, home);
	for (uint32_t i = 0; i < v->n; i++)
		v->at[i].home = home[i];
}

/* The statements from .. to of a block: runs and remarks. NULL: they stay as they are. */
static PlanStmt *
share_out(Team *t, PlanBlock b, uint32_t from, uint32_t to)
{
	MemberVec all = {0};
	for (uint32_t i = from; i < to; i++) {
		Member m = {.run = b.at[i]};
		if (m.run->kind != PSTMT_RUN)
			continue;
		judge(t, &m);
		VEC_PUSH(t->p->arena, &all, m);
	}
	find_homes(t, &all);
	MemberVec v = {0};
	TeamCost c = {0};
	for (int way = SPREAD; way <= HOMES; way++) {
		MemberVec w = place_all(t, &all, way);
		TeamCost d = estimate(t, &w);
		if (w.n < all.n || (way > SPREAD && d.half > c.half))
			continue;
		v = w;
		c = d;
	}
	bool worth = t->mode == TEAM_ALWAYS || c.half < 0.8 * c.whole;
	tell(t, &v, c, worth);
	return worth ? make_team(t, &v) : NULL;
}

/* ---- procs -------------------------------------------------------------------------------------------------- */

static bool
is_shared(const PlanStmt *s)
{
	return s->kind == PSTMT_RUN || s->kind == PSTMT_NOTE;
}

static void
team_block(Team *t, PlanBlock *b)
{
	PlanEmit out = plan_emit(t->p, (PlanCode *)(uintptr_t)t->code);
	for (uint32_t from = 0, to; from < b->n; from = to) {
		PlanStmt *s = b->at[from], *team = NULL;
		to = from + 1;
		if (s->kind == PSTMT_RUN) {
			while (to < b->n && is_shared(b->at[to]))
				to++;
			team = share_out(t, *b, from, to);
		} else {
			team_block(t, &s->body);
			team_block(t, &s->other);
		}
		if (team)
			VEC_PUSH(t->p->arena, &out.v, team);
		for (uint32_t i = from; i < to && !team; i++)
			VEC_PUSH(t->p->arena, &out.v, b->at[i]);
	}
	*b = plan_freeze(&out);
}

void
opt_team(Plan *p, TeamMode mode, int threads)
{
	Team t = {.p = p, .mode = mode, .threads = threads > PLAN_MAX_TEAM ? PLAN_MAX_TEAM : threads < 2 ? 2 : threads};
	if (plan_find_code(p, "program") == UINT32_MAX)
		return;
	for (uint32_t i = 0; i < p->codes.n; i++) {
		t.code = p->codes.at[i];
		if (t.code->kind == CODE_PROC)
			team_block(&t, &p->codes.at[i]->body);
	}
}
