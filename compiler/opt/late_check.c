/* late_check: whether all kernels of a step may take part in blocks of steps. */
#include "opt/late.h"

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

static bool
is_core(const LatePart *m)
{
	return m->core.n && !m->finds;
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
		if (l->parts.at[i].finds && i <= k->index && l->parts.at[i].in_core.writes[e->id])
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
	bool ring = b->naxes >= 2 && b->axis[0].kind == AXIS_SLOT && !l->by[s->id].finds;
	int64_t x = ring ? late_least(l, code_of(l, k->part), s->op[0], b->axis[0].extent) : -1;
	if (x + 1 < (int64_t)l->turns)
		l->turns = x < 1 ? 1 : (uint64_t)x + 1;
	l->delayed |= x >= 1;
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
			if (m->in_late.writes[buf] && l->parts.at[i].in_late.writes[buf])
				return false;
	return true;
}

/* Told only where some spikes need more than a step: else nobody would expect it. */
static bool
check_deliveries(Late *l)
{
	const LatePart *held = NULL;
	for (uint32_t i = 0; i < l->parts.n; i++) {
		Look k = {.l = l, .part = &l->parts.at[i], .index = i};
		if (!stands_alone(l, k.part) || !is_delivery(&k, k.part->late))
			held = held ? held : k.part;
	}
	if (held && l->delayed)
		return holds(l, held->kernel, l->turns < 2 ? "some spikes arrive in the next step" : "deliveries depend on what this step does");
	return !held;
}

/* ---- cores: each turn its own, and of what is on its way what arrives now -------------------------------------- */

static bool
core_reads_now(Late *l, const LatePart *m, const PlanExpr *e)
{
	if (!e)
		return true;
	if (e->kind == PEXPR_LOAD && l->by[e->id].late && !late_is_now(l, code_of(l, m), e->op[0], l->p->bufs.at[e->id].axis[0].extent))
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
			ok = ok && late_is_now(l, code_of(l, m), s->op[0], l->p->bufs.at[s->id].axis[0].extent);
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
		if (!m->in_late.writes[ring])
			continue;
		if (i > index)
			return false;
		bool looked = false;
		PlanBlock b = code_of(l, m)->body;
		for (uint32_t k = 0; k < b.n; k++) {
			PlanBlock one = {&b.at[k], 1};
			bool late = late_delivers(l, b.at[k]);
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
		bool reads = m->in_core.reads[buf], stores = m->in_core.writes[buf];
		if (stores && (reads || l->by[buf].core || l->by[buf].late || host_knows(l->p, buf) || l->p->bufs.at[buf].naxes >= PLAN_MAX_AXES))
			return false;
		for (uint32_t i = 0; i < l->parts.n && stores; i++)
			if (i != index && l->parts.at[i].finds && (l->parts.at[i].in_core.reads[buf] || l->parts.at[i].in_core.writes[buf]))
				return false;
		if (reads && l->by[buf].late)
			return false;
		for (uint32_t i = index + 1; i < l->parts.n && reads && l->by[buf].core; i++)
			if (!l->parts.at[i].finds && l->parts.at[i].in_core.writes[buf])
				return false;
		if (reads && l->by[buf].core)
			l->kept[buf] = 0;                         /* wanted */
	}
	return true;
}

/* ---- groups ----------------------------------------------------------------------------------------------------------------- */

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

/* ---- the whole ---------------------------------------------------------------------------------------------------------- */

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
late_check(Late *l)
{
	if (!check_deliveries(l))
		return false;
	if (!late_looks(l))
		return holds(l, l->parts.at[0].kernel, "a step does more than its kernels and records");
	for (uint32_t i = 0; i < l->parts.n; i++) {
		bool ok = !is_core(&l->parts.at[i]) || check_core(l, i);
		if (!ok || (l->parts.at[i].finds && !check_finder(l, i)))
			return false;
	}
	if (!join_groups(l) || !check_groups(l) || !check_kept(l))
		return false;
	return late_is_worth(l) || holds(l, l->parts.at[0].kernel, "all their states stay in the first cache anyway");
}
