/* late_find: what the kernels of a step are made of, and whether all of it may take part in blocks of steps.
 *
 * Deliveries are loops at the top of a kernel that ask how many spiked, which other kernels of the step counted. The rest are cores, or
 * kernels that make such lists.
 */
#include "opt/clone.h"
#include "opt/late.h"

enum { TURNS = 16 /* steps of a block: more of them gain nothing that could be measured */ };

static bool
holds(Late *l, uint32_t kernel, const char *why)
{
	if (!l->why) {
		l->why = why;
		l->held = kernel;
	}
	return false;
}

static PlanCode *
code_of(const Late *l, const LatePart *m)
{
	return l->p->codes.at[m->kernel];
}

/* ---- a step: runs, then what looks at their results --------------------------------------------------------- */

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
only_looks(const Late *l, PlanBlock b, uint32_t from, bool inside)
{
	for (uint32_t k = from; k < b.n; k++) {
		const PlanStmt *s = b.at[k];
		bool counts = !inside && is_next(l, s);
		bool polls = !inside && s->kind == PSTMT_HOST && s->id == plan_host_find("poll") && k + 1 == b.n;
		bool tests = s->kind == PSTMT_IF && expr_is_asked(l, s->e) && only_looks(l, s->body, 0, true) && only_looks(l, s->other, 0, true);
		if (s->kind != PSTMT_NOTE && !counts && !polls && !tests && !is_record(l, s))
			return false;
	}
	return true;
}

static bool
find_runs(Late *l)
{
	Plan *p = l->p;
	PlanBlock b = p->codes.at[l->step]->body;
	for (l->tail = 0; l->tail < b.n && (b.at[l->tail]->kind == PSTMT_RUN || b.at[l->tail]->kind == PSTMT_NOTE); l->tail++) {
		if (b.at[l->tail]->kind == PSTMT_NOTE)
			continue;
		if (!runs_once(p, b.at[l->tail]->id))
			return false;
		VEC_PUSH(p->arena, &l->parts, (LatePart){.kernel = b.at[l->tail]->id, .block = NO_ID, .later = NO_ID});
	}
	return l->parts.n > 0;
}

/* ---- the parts of a kernel -------------------------------------------------------------------------------------- */

static bool
is_made(const Late *l, uint32_t buf)
{
	for (uint32_t i = 0; i < l->parts.n; i++)
		if (block_stores(code_of(l, &l->parts.at[i])->body, buf))
			return true;
	return false;
}

/* Whether a loop in it goes along a list that the step makes. */
static bool
delivers(const Late *l, const PlanStmt *s)
{
	if (s->kind != PSTMT_FOR)
		return false;
	uint32_t count = count_of(s->hi);
	if (count != NO_ID && l->p->bufs.at[count].role == ROLE_DERIVED && is_made(l, count))
		return true;
	for (uint32_t k = 0; k < s->body.n; k++)
		if (delivers(l, s->body.at[k]))
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
		bool makes = s->kind == PSTMT_LET || s->kind == PSTMT_CALL, keep = !makes && s->kind != PSTMT_NOTE && delivers(l, s) == late;
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

static bool
makes_list(const Late *l, const PlanCode *c)
{
	for (uint32_t i = 0; i < l->parts.n; i++) {
		PlanBlock b = code_of(l, &l->parts.at[i])->body;
		for (uint32_t k = 0; k < b.n; k++)
			for (uint32_t buf = 0; buf < l->p->bufs.n && delivers(l, b.at[k]); buf++)
				if (block_stores(c->body, buf) && block_reads((PlanBlock){&b.at[k], 1}, buf) && !block_stores((PlanBlock){&b.at[k], 1}, buf) &&
				    l->p->bufs.at[buf].role == ROLE_DERIVED)
					return true;
	}
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
		const LatePart *m = &l->parts.at[i];
		for (uint32_t buf = 0; buf < l->p->bufs.n; buf++) {
			l->by[buf].late |= block_stores(m->late, buf);
			l->by[buf].core |= !m->finds && block_stores(m->core, buf);
			l->by[buf].finds |= m->finds && block_stores(m->core, buf);
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
		if (m->finds && m->late.n)
			return false;
		if (m->core.n && !m->finds)
			m->reach = reach_of(l, c, m->core);
		any |= m->late.n > 0;
	}
	mark_writers(l);
	return any;
}

/* ---- deliveries: what they read stays, and what they add to is not looked at for some steps -------------- */

typedef struct { Late *l; const LatePart *part; uint32_t index; const PlanExpr *slot; uint32_t ring; } Look;

/* Within a store to ring[slot, …]: loads of the same element, lists of the step before, what no kernel of the step writes. */
static bool
reads_settled(Look *k, const PlanExpr *e)
{
	Late *l = k->l;
	if (!e)
		return true;
	if (e->kind == PEXPR_MASK)
		return false;
	if (e->kind == PEXPR_LOAD && (l->by[e->id].core || l->by[e->id].late) && !(k->slot && e->id == k->ring && same_expr(e->op[0], k->slot)))
		return false;
	for (uint32_t i = 0; i < l->parts.n && e->kind == PEXPR_LOAD && l->by[e->id].finds; i++)
		if (l->parts.at[i].finds && i <= k->index && block_stores(l->parts.at[i].core, e->id))
			return false;
	for (uint32_t i = 0; i < e->nops; i++)
		if (!reads_settled(k, e->op[i]))
			return false;
	return true;
}

static bool
lands_late(Look *k, const PlanStmt *s)
{
	Late *l = k->l;
	const PlanBuf *b = &l->p->bufs.at[s->id];
	if (b->naxes < 2 || b->axis[0].kind != AXIS_SLOT || l->by[s->id].finds)
		return false;
	int64_t x = late_least(l->p, code_of(l, k->part), s->op[0], b->axis[0].extent);
	if (x + 1 < (int64_t)l->turns)
		l->turns = x < 0 ? 1 : (uint64_t)x + 1;
	*k = (Look){l, k->part, k->index, s->op[0], s->id};
	bool ok = reads_settled(k, s->e);
	k->slot = NULL;
	return ok && x >= 1;
}

static bool
is_delivery(Look *k, PlanBlock b)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *s = b.at[i];
		bool ok = reads_settled(k, s->kind == PSTMT_STORE ? NULL : s->e) && reads_settled(k, s->hi);
		for (uint32_t j = 0; j < s->nops; j++)
			ok = ok && reads_settled(k, s->op[j]);
		if (!ok || (s->kind == PSTMT_STORE && !lands_late(k, s)) || !is_delivery(k, s->body) || !is_delivery(k, s->other))
			return false;
	}
	return true;
}

/* Lets alone stand before them, and no other kernel adds to the same sums: its additions would come in another order. */
static bool
stands_alone(const Late *l, const LatePart *m)
{
	for (uint32_t k = 0; k < m->late.n; k++)
		if (m->late.at[k]->kind == PSTMT_VAR || m->late.at[k]->kind == PSTMT_SET)
			return false;
	for (uint32_t k = 0; k < m->core.n && m->late.n; k++)
		if (m->core.at[k]->kind == PSTMT_VAR || m->core.at[k]->kind == PSTMT_SET)
			return false;
	for (uint32_t i = 0; i < l->parts.n; i++)
		for (uint32_t buf = 0; buf < l->p->bufs.n && &l->parts.at[i] != m; buf++)
			if (block_stores(m->late, buf) && block_stores(l->parts.at[i].late, buf))
				return false;
	return true;
}

static bool
check_deliveries(Late *l)
{
	for (uint32_t i = 0; i < l->parts.n; i++) {
		Look k = {.l = l, .part = &l->parts.at[i], .index = i};
		if (!stands_alone(l, k.part) || !is_delivery(&k, k.part->late))
			return holds(l, k.part->kernel, l->turns < 2 ? "some spikes arrive in the next step" : "deliveries depend on what this step does");
	}
	return true;
}

/* ---- cores: each turn its own, and of what is on its way what arrives now -------------------------------------- */

static bool
core_reads_now(Late *l, const LatePart *m, const PlanExpr *e)
{
	if (!e)
		return true;
	if (e->kind == PEXPR_LOAD && l->by[e->id].late && !late_is_now(l->p, code_of(l, m), e->op[0], l->p->bufs.at[e->id].axis[0].extent))
		return false;
	if ((e->kind == PEXPR_LOAD || e->kind == PEXPR_MASK) && l->by[e->id].finds)
		return false;
	for (uint32_t k = 0; k < e->nops; k++)
		if (!core_reads_now(l, m, e->op[k]))
			return false;
	return true;
}

static bool
core_is_now(Late *l, const LatePart *m, PlanBlock b)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *s = b.at[i];
		bool ok = core_reads_now(l, m, s->e) && core_reads_now(l, m, s->hi);
		for (uint32_t k = 0; k < s->nops; k++)
			ok = ok && core_reads_now(l, m, s->op[k]);
		if (s->kind == PSTMT_STORE && l->by[s->id].late)
			ok = ok && late_is_now(l->p, code_of(l, m), s->op[0], l->p->bufs.at[s->id].axis[0].extent);
		if (!ok || !core_is_now(l, m, s->body) || !core_is_now(l, m, s->other))
			return false;
	}
	return true;
}

/* Deliveries come before whoever looks at what they add to: in the order of the step, and in their kernel. */
static bool
comes_behind(const Late *l, uint32_t index, uint32_t ring)
{
	for (uint32_t i = index; i < l->parts.n; i++) {
		const LatePart *m = &l->parts.at[i];
		if (!block_stores(m->late, ring))
			continue;
		if (i > index)
			return false;
		bool looked = false;
		PlanBlock b = code_of(l, m)->body;
		for (uint32_t k = 0; k < b.n; k++) {
			PlanBlock one = {&b.at[k], 1};
			bool late = delivers(l, b.at[k]);
			if (late && looked && block_stores(one, ring))
				return false;
			looked |= !late && (block_reads(one, ring) || block_stores(one, ring));
		}
	}
	return true;
}

static bool
check_core(Late *l, uint32_t index)
{
	LatePart *m = &l->parts.at[index];
	const char *name = code_of(l, m)->name;
	m->scale = m->reach.scale;
	if (!m->reach.uses_range)
		return holds(l, m->kernel, arena_printf(l->p->arena, "%s is the work of one thread", name));
	for (uint32_t buf = 0; buf < l->p->bufs.n; buf++) {
		const TeamTouch *t = &m->reach.touch[buf];
		if (!(t->reads || t->writes))
			continue;
		bool written = l->by[buf].core || l->by[buf].late;
		if (written && (!t->own || t->by.row != UINT32_MAX))
			return holds(l, m->kernel, arena_printf(l->p->arena, "%s looks at %s of other neurons in each step", name, l->p->bufs.at[buf].name));
		if (written && t->by.scale != m->scale)
			return false;
		if (l->by[buf].late && !comes_behind(l, index, buf))
			return false;
	}
	return core_is_now(l, m, m->core) || holds(l, m->kernel, arena_printf(l->p->arena, "%s needs what arrives in other steps", name));
}

/* ---- lists -------------------------------------------------------------------------------------------------------------------- */

/* It reads what cores before it made, own elements of them, and nothing that it stores. */
static bool
check_finder(Late *l, uint32_t index)
{
	const LatePart *m = &l->parts.at[index];
	for (uint32_t buf = 0; buf < l->p->bufs.n; buf++) {
		bool reads = block_reads(m->core, buf), stores = block_stores(m->core, buf);
		if (stores && (reads || l->by[buf].core || l->by[buf].late || host_knows(l->p, buf) || l->p->bufs.at[buf].naxes >= PLAN_MAX_AXES))
			return false;
		for (uint32_t i = 0; i < l->parts.n && stores; i++)
			if (i != index && l->parts.at[i].finds && block_touches(l->parts.at[i].core, buf))
				return false;
		if (reads && l->by[buf].late)
			return false;
		for (uint32_t i = index + 1; i < l->parts.n && reads && l->by[buf].core; i++)
			if (!l->parts.at[i].finds && block_stores(l->parts.at[i].core, buf))
				return false;
		if (reads && l->by[buf].core)
			l->kept[buf] = 0;                         /* wanted */
	}
	return true;
}

/* ---- groups ----------------------------------------------------------------------------------------------------------------- */

static bool
is_core(const LatePart *m)
{
	return m->core.n && !m->finds;
}

static bool
share(const Late *l, const LatePart *a, const LatePart *b, bool *fits)
{
	bool any = false;
	for (uint32_t buf = 0; buf < l->p->bufs.n; buf++) {
		const TeamTouch *x = &a->reach.touch[buf], *y = &b->reach.touch[buf];
		if ((!x->reads && !x->writes) || (!y->reads && !y->writes) || (!l->by[buf].core && !l->by[buf].late))
			continue;
		any = true;
		*fits = *fits && x->by.axis == y->by.axis;
	}
	return any;
}

static bool
join_groups(Late *l)
{
	bool fits = true;
	for (uint32_t i = 0; i < l->parts.n; i++)
		for (uint32_t k = 0; k < i; k++) {
			LatePart *a = &l->parts.at[k], *b = &l->parts.at[i];
			if (!is_core(a) || !is_core(b) || a->group == b->group || !share(l, a, b, &fits))
				continue;
			uint32_t from = b->group, to = a->group;
			for (uint32_t m = 0; m < l->parts.n; m++)
				l->parts.at[m].group = l->parts.at[m].group == from ? to : l->parts.at[m].group;
		}
	return fits;
}

/* All kernels of a group go over the same elements, some by blocks of a few. */
static bool
check_groups(Late *l)
{
	for (uint32_t i = 0; i < l->parts.n; i++) {
		uint64_t n = 0;
		for (uint32_t k = 0; k < l->parts.n; k++)
			if (is_core(&l->parts.at[k]) && l->parts.at[k].group == i && l->parts.at[k].scale == 1)
				n = code_of(l, &l->parts.at[k])->range;
		for (uint32_t k = 0; k < l->parts.n; k++) {
			const LatePart *m = &l->parts.at[k];
			if (is_core(m) && m->group == i && (TEAM_WIDEST % m->scale || code_of(l, m)->range != (n + m->scale - 1) / m->scale))
				return holds(l, m->kernel, arena_printf(l->p->arena, "%s goes over other elements than what it shares", code_of(l, m)->name));
		}
	}
	return true;
}

/* ---- records -------------------------------------------------------------------------------------------------------------------- */

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

/* What is kept of each step is copied by whoever owns it. */
static bool
check_kept(const Late *l)
{
	for (uint32_t buf = 0; buf < l->p->bufs.n; buf++)
		if (l->kept[buf] != NO_ID && (l->p->bufs.at[buf].naxes >= PLAN_MAX_AXES || !l->p->bufs.at[buf].naxes || l->by[buf].late))
			return false;
	return true;
}

bool
late_find(Late *l)
{
	Plan *p = l->p;
	l->by = ARENA_ARRAY(p->arena, LateWriters, p->bufs.n);
	l->kept = ARENA_ARRAY(p->arena, uint32_t, p->bufs.n);
	l->turns = TURNS;
	for (uint32_t i = 0; i < p->bufs.n; i++)
		l->kept[i] = NO_ID;
	if (!find_runs(l) || !take_apart(l) || !check_deliveries(l))
		return false;
	PlanBlock step = p->codes.at[l->step]->body;
	if (!only_looks(l, step, l->tail, false))
		return holds(l, l->parts.at[0].kernel, "a step does more than its kernels and records");
	for (uint32_t i = 0; i < l->parts.n; i++) {
		bool ok = !is_core(&l->parts.at[i]) || check_core(l, i);
		if (!ok || (l->parts.at[i].finds && !check_finder(l, i)))
			return false;
	}
	want_recorded(l, step, l->tail);
	return join_groups(l) && check_groups(l) && check_kept(l);
}
