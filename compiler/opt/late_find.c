/* late_find: what the kernels of a step are made of.
 *
 * Deliveries are loops at the top of a kernel that ask how many spiked, which other kernels of the step counted. The rest are cores, or
 * kernels that make such lists.
 */
#include "opt/late.h"

enum { TURNS = 16 /* steps of a block: more of them gain nothing that could be measured */ };

static PlanCode *
code_of(const Late *l, const LatePart *m)
{
	return l->p->codes.at[m->kernel];
}

static bool
find_runs(Late *l)
{
	Plan *p = l->p;
	PlanBlock b = p->codes.at[l->step]->body;
	for (l->tail = 0; l->tail < b.n && (b.at[l->tail]->kind == PSTMT_RUN || b.at[l->tail]->kind == PSTMT_NOTE); l->tail++) {
		if (b.at[l->tail]->kind == PSTMT_NOTE)
			continue;
		for (uint32_t i = 0; i < l->parts.n; i++)
			if (l->parts.at[i].kernel == b.at[l->tail]->id)
				return false;
		VEC_PUSH(p->arena, &l->parts, (LatePart){.kernel = b.at[l->tail]->id, .block = NO_ID, .later = NO_ID});
	}
	return l->parts.n > 0;
}

/* ---- the parts of a kernel -------------------------------------------------------------------------------------- */

bool
late_delivers(const Late *l, const PlanStmt *s)
{
	if (s->kind != PSTMT_FOR)
		return false;
	uint32_t count = count_of(s->hi);
	if (count != NO_ID && l->p->bufs.at[count].role == ROLE_DERIVED && l->made[count])
		return true;
	for (uint32_t k = 0; k < s->body.n; k++)
		if (late_delivers(l, s->body.at[k]))
			return true;
	return false;
}

static void mark_used(bool *used, const PlanStmt *s);

static void
use_expr(bool *used, const PlanExpr *e)
{
	if (e && e->kind == PEXPR_LOCAL)
		used[e->id] = true;
	for (uint32_t k = 0; e && k < e->nops; k++)
		use_expr(used, e->op[k]);
}

static void
mark_used(bool *used, const PlanStmt *s)
{
	use_expr(used, s->e);
	use_expr(used, s->hi);
	for (uint32_t k = 0; k < s->nops; k++)
		use_expr(used, s->op[k]);
	if (s->kind == PSTMT_SET)
		used[s->id] = true;
	for (uint32_t k = 0; k < s->body.n; k++)
		mark_used(used, s->body.at[k]);
	for (uint32_t k = 0; k < s->other.n; k++)
		mark_used(used, s->other.at[k]);
}

/* The statements of one kind, and the lets and calls that they need, in their order. */
static PlanBlock
part_of(const Late *l, const PlanCode *c, bool late)
{
	Arena *a = l->p->arena;
	bool *used = ARENA_ARRAY(a, bool, c->nlocals + 1);
	PlanStmt **at = ARENA_ARRAY(a, PlanStmt *, c->body.n + 1);
	uint32_t first = c->body.n, found = 0;
	for (uint32_t k = c->body.n; k-- > 0;) {
		PlanStmt *s = c->body.at[k];
		bool makes = s->kind == PSTMT_LET || s->kind == PSTMT_CALL, keep = !makes && s->kind != PSTMT_NOTE && late_delivers(l, s) == late;
		for (uint32_t i = 0; i < s->nlocals && makes; i++)
			keep |= used[s->locals[i]];
		if (!keep && !(s->kind == PSTMT_LET && used[s->id]))
			continue;
		found += !makes;
		at[--first] = s;
		mark_used(used, s);
	}
	return (PlanBlock){at + first, found ? c->body.n - first : 0};
}

/* What is stored to, and what of it deliveries read and leave as it is. */
static void
mark_made(Late *l)
{
	Plan *p = l->p;
	Marks all = marks_open(p), one = marks_open(p);
	l->lists = ARENA_ARRAY(p->arena, bool, p->bufs.n);
	for (uint32_t i = 0; i < l->parts.n; i++)
		mark_block(p, &all, code_of(l, &l->parts.at[i])->body);
	l->made = all.writes;
	for (uint32_t i = 0; i < l->parts.n; i++) {
		PlanBlock b = code_of(l, &l->parts.at[i])->body;
		for (uint32_t k = 0; k < b.n; k++) {
			if (!late_delivers(l, b.at[k]))
				continue;
			marks_clear(p, &one);
			mark_stmt(p, &one, b.at[k]);
			for (uint32_t buf = 0; buf < p->bufs.n; buf++)
				l->lists[buf] |= one.reads[buf] && !one.writes[buf] && p->bufs.at[buf].role == ROLE_DERIVED;
		}
	}
}

static bool
makes_list(const Late *l, const PlanCode *c)
{
	Marks m = marks_open(l->p);
	mark_block(l->p, &m, c->body);
	for (uint32_t buf = 0; buf < l->p->bufs.n; buf++)
		if (l->lists[buf] && m.writes[buf])
			return true;
	return false;
}

static TeamReach
reach_of(Late *l, const PlanCode *c, PlanBlock core)
{
	PlanCode only = *c;
	only.body = core;
	return team_reach(l->p, &only);
}

static void
mark_writers(Late *l)
{
	for (uint32_t i = 0; i < l->parts.n; i++) {
		LatePart *m = &l->parts.at[i];
		m->in_late = marks_open(l->p);
		m->in_core = marks_open(l->p);
		mark_block(l->p, &m->in_late, m->late);
		mark_block(l->p, &m->in_core, m->core);
		for (uint32_t buf = 0; buf < l->p->bufs.n; buf++) {
			l->by[buf].late |= m->in_late.writes[buf];
			l->by[buf].core |= !m->finds && m->in_core.writes[buf];
			l->by[buf].finds |= m->finds && m->in_core.writes[buf];
		}
	}
}

static bool
take_apart(Late *l)
{
	bool any = false;
	for (uint32_t i = 0; i < l->parts.n; i++) {
		LatePart *m = &l->parts.at[i];
		PlanCode *c = code_of(l, m);
		m->late = part_of(l, c, true);
		m->core = part_of(l, c, false);
		m->finds = makes_list(l, c);
		m->group = i;
		if (m->late.n && (m->finds || !runs_once(l->p, m->kernel)))
			return false;
		if (m->core.n && !m->finds)
			m->reach = reach_of(l, c, m->core);
		any |= m->late.n > 0;
	}
	mark_writers(l);
	return any;
}

/* ---- what comes behind the kernels of a step --------------------------------------------------------------------- */

static bool
expr_is_asked(const Late *l, const PlanExpr *e)
{
	if (e->kind == PEXPR_LOAD && e->id != plan_find_buf(l->p, "step") && (l->by[e->id].core || l->by[e->id].late || l->by[e->id].finds))
		return false;
	for (uint32_t k = 0; k < e->nops; k++)
		if (!expr_is_asked(l, e->op[k]))
			return false;
	return true;
}

/* &buf[0, …] */
static bool
is_first(const PlanExpr *e)
{
	for (uint32_t k = 0; k < e->nops; k++)
		if (!is_zero_index(e->op[k]))
			return false;
	return true;
}

static bool
is_record(const Late *l, const PlanStmt *s)
{
	if (s->kind != PSTMT_HOST || s->nlocals || s->id != plan_host_find("record"))
		return false;
	for (uint32_t k = 0; k < s->nargs; k++)
		if (s->args[k].address ? !is_first(s->args[k].e) || l->by[s->args[k].e->id].finds || l->by[s->args[k].e->id].late : !expr_is_asked(l, s->args[k].e))
			return false;
	return true;
}

/* step[] = step[] + 1 */
static bool
is_next(const Late *l, const PlanStmt *s)
{
	uint32_t step = plan_find_buf(l->p, "step");
	return s->kind == PSTMT_STORE && s->id == step && s->e->kind == PEXPR_ADD && is_scalar_load(s->e->op[0]) && s->e->op[0]->id == step &&
	       s->e->op[1]->kind == PEXPR_CONST && s->e->op[1]->value.i == 1;
}

/* Records, also under conditions, and one step more. */
static bool
only_looks(const Late *l, PlanBlock b, uint32_t from, bool inside, uint32_t *steps)
{
	for (uint32_t k = from; k < b.n; k++) {
		const PlanStmt *s = b.at[k];
		bool counts = !inside && is_next(l, s);
		bool polls = !inside && s->kind == PSTMT_HOST && s->id == plan_host_find("poll") && k + 1 == b.n;
		bool tests = s->kind == PSTMT_IF && expr_is_asked(l, s->e) && only_looks(l, s->body, 0, true, steps) && only_looks(l, s->other, 0, true, steps);
		if (s->kind != PSTMT_NOTE && !counts && !polls && !tests && !is_record(l, s))
			return false;
		*steps += counts;
	}
	return true;
}

static void
want_recorded(Late *l, PlanBlock b, uint32_t from)
{
	for (uint32_t k = from; k < b.n; k++) {
		const PlanStmt *s = b.at[k];
		for (uint32_t i = 0; i < s->nargs; i++)
			if (s->args[i].address && l->by[s->args[i].e->id].core)
				l->kept[s->args[i].e->id] = 0;
		want_recorded(l, s->body, 0);
		want_recorded(l, s->other, 0);
	}
}

bool
late_looks(Late *l)
{
	PlanBlock step = l->p->codes.at[l->step]->body;
	uint32_t steps = 0;
	if (!only_looks(l, step, l->tail, false, &steps) || steps != 1)
		return false;
	want_recorded(l, step, l->tail);
	return true;
}

bool
late_find(Late *l)
{
	Plan *p = l->p;
	l->by = ARENA_ARRAY(p->arena, LateWriters, p->bufs.n);
	l->kept = ARENA_ARRAY(p->arena, uint32_t, p->bufs.n);
	l->nbufs = p->bufs.n;
	l->turns = TURNS;
	for (uint32_t i = 0; i < p->bufs.n; i++)
		l->kept[i] = NO_ID;
	if (!find_runs(l))
		return false;
	mark_made(l);
	return take_apart(l) && late_check(l);
}
