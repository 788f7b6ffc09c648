/* late_kernels: what `late` makes of the kernels of a step: many steps of each. */
#include "opt/clone.h"
#include "opt/fuse.h"
#include "opt/kernel.h"
#include "opt/late.h"

static PlanCode *
code_of(const Late *l, const LatePart *m)
{
	return l->p->codes.at[m->kernel];
}

static const char *
part_name(const Late *l, const LatePart *m, const char *part)
{
	return arena_printf(l->p->arena, "%s.%s", code_of(l, m)->name, part);
}

/* ---- copies of statements, in which buffers are those of a step ------------------------------------------ */

typedef struct { Late *l; PlanExpr *at, *turn; bool core, finds; } Swap;   /* the step; which of the block; of which buffers what is kept is meant */

static bool
is_swapped(const Swap *w, uint32_t buf)
{
	const LateWriters *by = &w->l->by[buf];
	return w->l->kept[buf] != NO_ID && ((w->core && by->core) || (w->finds && by->finds));
}

static void
swap_expr(const Swap *w, PlanExpr *e)
{
	if (!e)
		return;
	for (uint32_t k = 0; k < e->nops; k++)
		swap_expr(w, e->op[k]);
	if (is_scalar_load(e) && e->id == plan_find_buf(w->l->p, "step")) {
		*e = *w->at;
	} else if ((e->kind == PEXPR_LOAD || e->kind == PEXPR_MASK) && is_swapped(w, e->id)) {
		e->id = w->l->kept[e->id];
		for (uint32_t k = e->nops++; k > 0; k--)
			e->op[k] = e->op[k - 1];
		e->op[0] = w->turn;
	}
}

static void
swap_block(const Swap *w, PlanBlock b)
{
	for (uint32_t i = 0; i < b.n; i++) {
		PlanStmt *s = b.at[i];
		swap_expr(w, s->e);
		swap_expr(w, s->hi);
		for (uint32_t k = 0; k < s->nops; k++)
			swap_expr(w, s->op[k]);
		if (s->kind == PSTMT_STORE && is_swapped(w, s->id)) {
			PlanExpr **op = ARENA_ARRAY(w->l->p->arena, PlanExpr *, s->nops + 1);
			op[0] = w->turn;
			for (uint32_t k = 0; k < s->nops; k++)
				op[k + 1] = s->op[k];
			s->op = op;
			s->nops++;
			s->id = w->l->kept[s->id];
		}
		swap_block(w, s->body);
		swap_block(w, s->other);
	}
}

/* ---- what is the same in all steps comes first ------------------------------------------------------------- */

typedef struct { Late *l; PlanEmit *b; Clone c; bool *done; PlanBlock from; } Copy;   /* done: of statements of `from`, before the loops */

static bool
same_always(const Copy *y, const PlanExpr *e)
{
	const LateWriters *by = e->kind == PEXPR_LOAD ? &y->l->by[e->id] : NULL;
	if (e->kind == PEXPR_MASK || (by && (by->core || by->late || by->finds || e->id == plan_find_buf(y->l->p, "step"))))
		return false;
	if (e->kind == PEXPR_LOCAL && !y->c.map[e->id])
		return false;
	for (uint32_t k = 0; k < e->nops; k++)
		if (!same_always(y, e->op[k]))
			return false;
	return true;
}

static Copy
open_copy(Late *l, PlanEmit *b, const LatePart *m, PlanBlock from)
{
	PlanCode *old = code_of(l, m);
	Copy y = {.l = l, .b = b, .from = from};
	y.c = (Clone){.p = l->p, .code = b->code, .from = old, .map = ARENA_ARRAY(l->p->arena, PlanExpr *, old->nlocals + 1), .n = old->nlocals};
	y.done = ARENA_ARRAY(l->p->arena, bool, from.n + 1);
	for (uint32_t k = 0; k < from.n; k++) {
		PlanStmt *s = from.at[k];
		bool same = s->kind == PSTMT_LET ? same_always(&y, s->e) : s->kind == PSTMT_CALL;
		for (uint32_t i = 0; i < s->nops; i++)
			same = same && same_always(&y, s->op[i]);
		y.done[k] = same;
		if (same)
			VEC_PUSH(l->p->arena, &b->v, clone_stmt(&y.c, s));
	}
	return y;
}

/* The rest of it, for the range from ..< to. */
static void
close_copy(Copy *y, PlanEmit *b, const Swap *w, PlanExpr *from, PlanExpr *to)
{
	y->c.map[0] = from;
	y->c.map[1] = to;
	for (uint32_t k = 0; k < y->from.n; k++) {
		if (y->done[k])
			continue;
		PlanStmt *s = clone_stmt(&y->c, y->from.at[k]);
		swap_block(w, (PlanBlock){&s, 1});
		VEC_PUSH(y->l->p->arena, &b->v, s);
	}
}

/* The number of step t of the block, for copies that ask for it. */
static PlanExpr *
step_at(Late *l, PlanEmit *b, PlanExpr *t, bool asked)
{
	Plan *p = l->p;
	return !asked ? NULL : plan_emit_let(b, "at", plan_binary(p, PEXPR_ADD, load0(p, plan_find_buf(p, "step")), plan_cast(p, PT_U64, t)));
}

/* ---- buffers ------------------------------------------------------------------------------------------------------------------------ */

static void
add_kept(Late *l)
{
	Plan *p = l->p;
	for (uint32_t buf = 0, n = p->bufs.n; buf < n; buf++) {
		if (!l->by[buf].finds && l->kept[buf] == NO_ID)
			continue;
		PlanBuf b = p->bufs.at[buf];
		PlanAxis axis[PLAN_MAX_AXES] = {{AXIS_SLOT, l->turns}};
		for (uint32_t k = 0; k < b.naxes; k++)
			axis[k + 1] = b.axis[k];
		l->kept[buf] = plan_add_buf(p, arena_printf(p->arena, "%s.kept", b.name), b.type, ROLE_SCRATCH, b.naxes + 1, axis);
	}
}

/* ---- cores: some elements at a time take all steps ---------------------------------------------------------------- */

/* q blocks of the group, as many turns of a kernel whose turns are smaller; `end` of them at most. */
static PlanExpr *
turns_of(Late *l, PlanEmit *b, const char *name, PlanExpr *q, uint64_t each, uint64_t end)
{
	Plan *p = l->p;
	if (each == 1)
		return q;
	PlanExpr *n = plan_emit_let(b, name, plan_binary(p, PEXPR_MUL, q, whole(p, (int64_t)each)));
	return end ? plan_emit_let(b, name, smaller(p, n, whole(p, (int64_t)end))) : n;
}

/* kept[t, …] = buf[…], own elements along an axis. */
static void
copy_kept(Late *l, PlanEmit *b, uint32_t buf, uint32_t axis, PlanExpr *t, PlanExpr *from, PlanExpr *to)
{
	Plan *p = l->p;
	PlanBuf x = p->bufs.at[buf];
	Loop loop[PLAN_MAX_AXES];
	PlanExpr *at[PLAN_MAX_AXES + 1] = {t};
	for (uint32_t k = 0; k < x.naxes; k++) {
		bool one = k != axis && x.axis[k].extent == 1;
		loop[k] = one ? (Loop){0} : open_loop(b, "j");
		at[k + 1] = one ? whole(p, 0) : loop[k].i;
	}
	PlanEmit *in = b;
	for (uint32_t k = 0; k < x.naxes; k++)
		in = loop[k].i ? &loop[k].body : in;
	plan_emit_store(in, l->kept[buf], x.naxes + 1, at, plan_load(p, buf, x.naxes, at + 1));
	for (uint32_t k = x.naxes; k-- > 0;) {
		if (!loop[k].i)
			continue;
		PlanEmit *out = b;
		for (uint32_t i = 0; i < k; i++)
			out = loop[i].i ? &loop[i].body : out;
		close_loop(out, &loop[k], k == axis ? from : whole(p, 0), k == axis ? to : whole(p, (int64_t)x.axis[k].extent), in == &loop[k].body);
	}
}

static void
copy_all_kept(Late *l, PlanEmit *b, uint32_t group, PlanExpr *t, PlanExpr *from, PlanExpr *to)
{
	for (uint32_t buf = 0; buf < l->nbufs; buf++) {
		for (uint32_t i = 0; i < l->parts.n && l->by[buf].core && l->kept[buf] != NO_ID; i++) {
			const LatePart *m = &l->parts.at[i];
			if (!late_is_in(m, group) || !m->reach.touch[buf].writes)
				continue;
			copy_kept(l, b, buf, m->reach.touch[buf].by.axis, t, from, to);
			break;
		}
	}
}

/* All steps of the turns from ..< to of the kernel. */
static void
core_turns(Late *l, PlanEmit *b, uint32_t group, const LateGroup *g, Copy *copy, PlanExpr *from, PlanExpr *to)
{
	Plan *p = l->p;
	Loop turn = open_loop(b, "t");
	PlanExpr *first[TEAM_WIDEST + 1] = {NULL}, *last[TEAM_WIDEST + 1] = {NULL};   /* by turns of a kernel in one of the group's */
	Swap w = {.l = l, .at = step_at(l, &turn.body, turn.i, true)};
	for (uint32_t i = 0; i < l->parts.n; i++) {
		const LatePart *m = &l->parts.at[i];
		if (!late_is_in(m, group))
			continue;
		uint64_t each = g->scale / m->scale;
		if (!first[each]) {
			first[each] = turns_of(l, b, "first", from, each, 0);
			last[each] = turns_of(l, b, "last", to, each, code_of(l, m)->range);
		}
		close_copy(&copy[i], &turn.body, &w, first[each], last[each]);
	}
	copy_all_kept(l, &turn.body, group, turn.i, first[g->scale], last[g->scale]);
	close_loop(b, &turn, whole(p, 0), load0(p, l->until), false);
}

static void
core_kernel(Late *l, uint32_t group)
{
	Plan *p = l->p;
	LateGroup g = late_group(l, group);
	PlanEmit b = open_kernel(p, part_name(l, g.name, "block"), (g.elements + g.scale - 1) / g.scale, &l->parts.at[group].block);
	Copy *copy = ARENA_ARRAY(p->arena, Copy, l->parts.n);
	for (uint32_t i = 0; i < l->parts.n; i++)
		if (late_is_in(&l->parts.at[i], group))
			copy[i] = open_copy(l, &b, &l->parts.at[i], l->parts.at[i].core);
	if (!g.tile) {
		core_turns(l, &b, group, &g, copy, lo(&b), hi(&b));
	} else {
		Loop some = open_loop(&b, "from");
		PlanExpr *to = smaller(p, plan_binary(p, PEXPR_ADD, some.i, whole(p, (int64_t)g.tile)), hi(&b));
		core_turns(l, &some.body, group, &g, copy, some.i, plan_emit_let(&some.body, "to", to));
		close_loop(&b, &some, lo(&b), hi(&b), false)->step = (int64_t)g.tile;
	}
	close_kernel(&b);
	fuse_kernel(p, b.code);
}

/* ---- lists of all steps but the last, whose own is made as ever ------------------------------------------------- */

static void
finder_kernel(Late *l, LatePart *m)
{
	Plan *p = l->p;
	uint32_t step = plan_find_buf(p, "step");
	PlanEmit b = open_kernel(p, part_name(l, m, "block"), l->turns - 1, &m->block);
	Copy y = open_copy(l, &b, m, m->core);
	PlanExpr *least = plan_binary(p, PEXPR_SUB, load0(p, l->until), whole(p, 1));
	PlanExpr *behind = plan_emit_let(&b, "behind", smaller(p, hi(&b), least));
	Loop turn = open_loop(&b, "t");
	Swap w = {.l = l, .at = step_at(l, &turn.body, turn.i, block_reads(m->core, step)), .turn = turn.i, .core = true, .finds = true};
	close_copy(&y, &turn.body, &w, whole(p, 0), whole(p, (int64_t)code_of(l, m)->range));
	close_loop(&b, &turn, lo(&b), behind, false);
	close_kernel(&b);
}

/* ---- deliveries of all steps but the first, which come behind the others -------------------------------------- */

static void
later_kernel(Late *l, LatePart *m)
{
	Plan *p = l->p;
	PlanEmit b = open_kernel(p, part_name(l, m, "late"), code_of(l, m)->range, &m->later);
	Copy y = open_copy(l, &b, m, m->late);
	PlanExpr *until = plan_emit_let(&b, "until", load0(p, l->until));
	Loop turn = open_loop(&b, "t");
	PlanExpr *before = plan_emit_let(&turn.body, "before", plan_binary(p, PEXPR_SUB, turn.i, whole(p, 1)));
	Swap w = {.l = l, .at = step_at(l, &turn.body, turn.i, true), .turn = before, .finds = true};
	close_copy(&y, &turn.body, &w, lo(&b), hi(&b));
	close_loop(&b, &turn, whole(p, 1), until, false);
	close_kernel(&b);
}

void
late_kernels(Late *l)
{
	add_kept(l);
	l->until = plan_add_buf(l->p, part_name(l, &l->parts.at[0], "until"), PT_I64, ROLE_DERIVED, 0, NULL);
	for (uint32_t i = 0; i < l->parts.n; i++) {
		LatePart *m = &l->parts.at[i];
		if (m->finds)
			finder_kernel(l, m);
		if (m->late.n)
			later_kernel(l, m);
		for (uint32_t k = 0; k < l->parts.n; k++)
			if (late_is_in(&l->parts.at[k], i)) {
				core_kernel(l, i);
				break;
			}
	}
	for (uint32_t i = 0; i < l->parts.n; i++)
		if (l->parts.at[i].late.n)
			code_of(l, &l->parts.at[i])->body = l->parts.at[i].late;
}
