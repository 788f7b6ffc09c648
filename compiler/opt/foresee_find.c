/* foresee_find: which layers count down to their next spike, and know it from their own draws alone. */
#include "opt/foresee.h"
#include "opt/marks.h"
#include "opt/query.h"
#include "opt/spiking.h"
#include "opt/touch.h"

enum { FEW = 16 /* neurons that are not worth it */ };

/* ---- the loop ----------------------------------------------------------------------------------------------------------- */

static const PlanStmt *
declared(const Foresee *f, uint32_t local)
{
	for (uint32_t i = 0; i < f->cut; i++)
		if (f->loop->body.at[i]->kind == PSTMT_VAR && f->loop->body.at[i]->id == local)
			return f->loop->body.at[i];
	return NULL;
}

static bool
is_own_store(const Foresee *f, const PlanStmt *s)
{
	PlanExpr load = {.kind = PEXPR_LOAD, .id = s->id, .nops = s->nops};
	for (uint32_t k = 0; k < s->nops && k < PLAN_MAX_OPS; k++)
		load.op[k] = s->op[k];
	return is_own(f->p, &load, f->loop->id);
}

/* The store of the flags, which closes the early statements: flags[0, j] = spike, false unless an event sets it. */
static bool
find_flags(Foresee *f)
{
	for (uint32_t i = 0; i < f->loop->body.n && !f->cut; i++) {
		const PlanStmt *s = f->loop->body.at[i];
		if (s->kind != PSTMT_STORE || f->p->bufs.at[s->id].type != PT_BOOL || s->e->kind != PEXPR_LOCAL || !is_own_store(f, s))
			continue;
		f->cut = i + 1;
		f->flags = s->id;
		f->spike = s->e->id;
	}
	const PlanStmt *var = f->cut ? declared(f, f->spike) : NULL;
	return var && is_zero_index(var->e);
}

static bool
has_decrement(PlanBlock b, uint32_t local)
{
	for (uint32_t i = 0; i < b.n; i++)
		if (foresee_is_decrement(b.at[i], local) || has_decrement(b.at[i]->body, local))
			return true;
	return false;
}

/* The state that is counted down; all states are held by locals, which begin with them and are stored to them. */
static bool
find_state(Foresee *f)
{
	f->left = NO_ID;
	for (uint32_t i = 0; i < f->cut; i++) {
		const PlanStmt *s = f->loop->body.at[i], *var = s->kind == PSTMT_STORE && s->e->kind == PEXPR_LOCAL ? declared(f, s->e->id) : NULL;
		if (s->kind == PSTMT_STORE && s->id == f->flags)
			continue;
		if (s->kind == PSTMT_STORE && (!is_own_store(f, s) || !var || var->e->kind != PEXPR_LOAD || var->e->id != s->id || !is_own(f->p, var->e, f->loop->id)))
			return false;
		PlanType type = s->kind == PSTMT_STORE ? f->p->bufs.at[s->id].type : PT_UNSET;
		if ((type == PT_F32 || type == PT_F64) && f->left == NO_ID && has_decrement((PlanBlock){f->loop->body.at, f->cut}, s->e->id)) {
			f->left = s->e->id;
			f->state = s->id;
		}
	}
	return f->left != NO_ID;
}

static bool
reads_local(const PlanExpr *e, const bool *local)
{
	if (!e)
		return false;
	if (e->kind == PEXPR_LOCAL && local[e->id])
		return true;
	for (uint32_t k = 0; k < e->nops; k++)
		if (reads_local(e->op[k], local))
			return true;
	return false;
}

static bool
block_reads_local(PlanBlock b, const bool *local)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *s = b.at[i];
		bool here = reads_local(s->e, local) || reads_local(s->hi, local) || (s->kind == PSTMT_SET && local[s->id]);
		for (uint32_t k = 0; k < s->nops; k++)
			here = here || reads_local(s->op[k], local);
		if (here || block_reads_local(s->body, local) || block_reads_local(s->other, local))
			return true;
	}
	return false;
}

/* Behind the store of flags nothing is read of what came before but the flag. */
static bool
parts(Foresee *f)
{
	bool *local = ARENA_ARRAY(f->p->arena, bool, f->code->nlocals);
	PlanBlock early = {f->loop->body.at, f->cut}, rest = {f->loop->body.at + f->cut, f->loop->body.n - f->cut};
	mark_changes(early, local);
	local[f->spike] = false;
	if (block_reads_local(rest, local))
		return false;
	bool *set = ARENA_ARRAY(f->p->arena, bool, f->code->nlocals);
	mark_changes(rest, set);
	return !set[f->spike];
}

static void
note_defs(Foresee *f, PlanBlock b)
{
	for (uint32_t i = 0; i < b.n; i++) {
		if (b.at[i]->kind == PSTMT_LET)
			f->defs[b.at[i]->id] = b.at[i];
		note_defs(f, b.at[i]->body);
		note_defs(f, b.at[i]->other);
	}
}

/* Lets and calls, then one loop over the neurons of a batch of one. */
static bool
find_loop(Foresee *f)
{
	PlanBlock b = f->code->body;
	for (uint32_t i = 0; i + 1 < b.n; i++)
		if (b.at[i]->kind != PSTMT_LET && b.at[i]->kind != PSTMT_CALL && b.at[i]->kind != PSTMT_NOTE)
			return false;
	if (!b.n || !is_whole(b.at[b.n - 1]) || f->code->range < FEW)
		return false;
	f->loop = b.at[b.n - 1];
	f->neurons = f->code->range;
	f->defs = ARENA_ARRAY(f->p->arena, const PlanStmt *, f->code->nlocals);
	note_defs(f, f->loop->body);
	return find_flags(f) && find_state(f);
}

/* ---- who lists ------------------------------------------------------------------------------------------------------------ */

/* var found = 0 ; for j { if flags[0, j] { list[0, found] = j ; found += 1 } } ; count[0] = found, right behind the kernel */
static bool
find_list(Foresee *f)
{
	Plan *p = f->p;
	PlanBlock step = p->codes.at[f->step]->body;
	f->finder = NO_ID;
	for (uint32_t k = 0; k < step.n; k++) {
		if (step.at[k]->kind != PSTMT_RUN || step.at[k]->id != f->kernel)
			continue;
		while (++k < step.n && step.at[k]->kind == PSTMT_NOTE)
			;
		f->finder = k < step.n && step.at[k]->kind == PSTMT_RUN ? step.at[k]->id : NO_ID;
	}
	const PlanCode *finder = f->finder == NO_ID ? NULL : p->codes.at[f->finder];
	PlanBlock b = finder ? finder->body : (PlanBlock){0};
	if (b.n != 3 || b.at[0]->kind != PSTMT_VAR || b.at[1]->kind != PSTMT_FOR || b.at[1]->body.n != 1 || b.at[1]->body.at[0]->kind != PSTMT_IF || b.at[2]->kind != PSTMT_STORE)
		return false;
	const PlanStmt *test = b.at[1]->body.at[0], *entry = test->body.n == 2 ? test->body.at[0] : NULL, *count = b.at[2];
	if (!is_own(p, test->e, b.at[1]->id) || test->e->id != f->flags || !entry || entry->kind != PSTMT_STORE || count->nops != 1)
		return false;
	if (!spiking_goes_over(p, finder, b.at[1], f->flags) || test->body.at[1]->kind != PSTMT_SET || test->body.at[1]->id != b.at[0]->id)
		return false;
	f->list = entry->id;
	f->count = count->id;
	return ascends(p, f->list) && count->e->kind == PEXPR_CAST && is_local(count->e->op[0], b.at[0]->id);
}

/* ---- the rest of the step ------------------------------------------------------------------------------------------------ */

/* What a step does but for the early statements and the list. */
static Marks
mark_others(const Foresee *f)
{
	const Plan *p = f->p;
	Marks m = marks_open(p);
	PlanBlock step = p->codes.at[f->step]->body;
	for (uint32_t k = 0; k < step.n; k++)
		if (step.at[k]->kind != PSTMT_RUN || (step.at[k]->id != f->kernel && step.at[k]->id != f->finder))
			mark_stmt(p, &m, step.at[k]);
	mark_block(p, &m, (PlanBlock){f->loop->body.at + f->cut, f->loop->body.n - f->cut});
	for (uint32_t i = 0; i < p->objects.n; i++)
		for (uint32_t k = 0; k < p->objects.at[i].nbufs; k++)
			m.reads[p->objects.at[i].bufs[k]] = true;
	return m;
}

static const char *
looked_at(const Foresee *f, uint32_t buf)
{
	return arena_printf(f->p->arena, "%s is looked at in each step", f->p->bufs.at[buf].name);
}

static bool
is_own_touch(const Foresee *f, const Touch *t)
{
	return t->n == 2 && is_zero_index(t->index[0]) && is_local(t->index[1], f->loop->id);
}

/* NULL, or why the early statements cannot run before the rest of their step. */
static const char *
what_holds(Foresee *f)
{
	Plan *p = f->p;
	Marks others = mark_others(f);
	TouchVec v = {0}, before = {0};
	touch_block(p, &before, (PlanBlock){f->code->body.at, f->code->body.n - 1});
	for (uint32_t i = 0; i < before.n; i++)
		if (!f->kept[before.at[i].buf])
			return arena_printf(p->arena, "what it needs, %s, changes in each step", p->bufs.at[before.at[i].buf].name);
	touch_block(p, &v, (PlanBlock){f->loop->body.at, f->cut});
	for (uint32_t i = 0; i < v.n; i++) {
		uint32_t buf = v.at[i].buf;
		if (buf == f->flags ? !v.at[i].store : others.writes[buf] && buf != plan_find_buf(p, "step"))
			return arena_printf(p->arena, "what it needs, %s, follows from the rest of the step", p->bufs.at[buf].name);
		if (buf != f->flags && v.at[i].store && others.reads[buf])
			return looked_at(f, buf);
		if (!f->kept[buf] && !is_own_touch(f, &v.at[i]) && buf != plan_find_buf(p, "step"))
			return "it looks at other neurons";
	}
	bool others_write = others.writes[f->flags] || others.writes[f->list] || others.writes[f->count];
	return others_write ? "others change who spikes" : NULL;
}

/* All that no step stores to, but for the early statements. */
static void
mark_kept(Foresee *f)
{
	Plan *p = f->p;
	Marks all = marks_open(p);
	mark_block(p, &all, p->codes.at[f->step]->body);
	f->kept = ARENA_ARRAY(p->arena, bool, p->bufs.n);
	for (uint32_t i = 0; i < p->bufs.n; i++)
		f->kept[i] = !all.writes[i];
}

bool
foresee_find(Foresee *f, const char **why)
{
	if (!runs_once(f->p, f->kernel) || !find_loop(f))
		return false;
	mark_kept(f);
	if (!foresee_counts(f))
		return false;
	*why = what_holds(f);
	if (!*why && !parts(f))
		*why = "what follows from a spike in its own step needs more than the spike";
	if (!*why && !find_list(f))
		*why = "nobody lists who spikes";
	return !*why;
}
