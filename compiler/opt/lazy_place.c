/* lazy_place: who else looks at the values of a connection, and when; from which flags its lists of spikes are made. */
#include "opt/lazy.h"

#include "opt/query.h"

/* for j { if flags[0, j] { list[0, …] = … } } */
static bool
find_flags(const Plan *p, PlanBlock b, uint32_t count, uint32_t *flags)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *s = b.at[i];
		if (s->kind == PSTMT_FOR && s->body.n == 1 && s->body.at[0]->kind == PSTMT_IF && i + 1 < b.n &&
		    b.at[i + 1]->kind == PSTMT_STORE && b.at[i + 1]->id == count && is_own(p, s->body.at[0]->e, s->id) &&
		    p->bufs.at[s->body.at[0]->e->id].type == PT_BOOL) {
			*flags = s->body.at[0]->e->id;
			return true;
		}
		if (find_flags(p, s->body, count, flags) || find_flags(p, s->other, count, flags))
			return true;
	}
	return false;
}

bool
lazy_flags(Lazy *z)
{
	z->pre_flags = z->post_flags = NO_ID;
	for (uint32_t c = 0; c < z->p->codes.n; c++) {
		find_flags(z->p, z->p->codes.at[c]->body, z->pre_count, &z->pre_flags);
		find_flags(z->p, z->p->codes.at[c]->body, z->post_count, &z->post_flags);
	}
	return z->pre_flags != NO_ID && z->post_flags != NO_ID;
}

/* Every read of the values stands at w[row, …]. */
static bool
reads_row(const Lazy *z, const PlanExpr *e, uint32_t row)
{
	if (!e || !expr_reads(e, z->w))
		return true;
	if (e->id == z->w && (e->kind == PEXPR_MASK || (e->kind == PEXPR_LOAD && !is_local(e->op[0], row))))
		return false;
	for (uint32_t k = 0; k < e->nops; k++)
		if (!reads_row(z, e->op[k], row))
			return false;
	return true;
}

/* Rows of the list of pre spikes, and nothing else, are read. */
static bool
reads_rows(const Lazy *z, PlanBlock b, uint32_t row)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *s = b.at[i];
		bool spiking = s->kind == PSTMT_FOR && list_of(z->p, s) == z->pre_list && count_of(s->hi) == z->pre_count;
		uint32_t inner = spiking ? s->body.at[0]->id : row;
		if (!reads_row(z, s->e, row) || !reads_row(z, s->hi, row))
			return false;
		for (uint32_t k = 0; k < s->nops; k++)
			if (!reads_row(z, s->op[k], row))
				return false;
		if (!reads_rows(z, s->body, inner) || !reads_rows(z, s->other, inner))
			return false;
	}
	return true;
}

typedef struct { uint32_t learns, moves; bool ok; } Seen;   /* how often it learns, how often pre spikes are found anew */

static void visit(const Lazy *z, PlanBlock b, Seen *seen);

static bool
learns(const Lazy *z, uint32_t kernel)
{
	return z->learns ? z->learns[kernel] : kernel == z->kernel;
}

static uint32_t
learn_count(const Lazy *z)
{
	uint32_t n = 0;
	for (uint32_t c = 0; c < z->p->codes.n; c++)
		n += learns(z, c);
	return n;
}

static void
visit_kernel(const Lazy *z, uint32_t id, Seen *seen)
{
	const PlanCode *c = z->p->codes.at[id];
	if (learns(z, id)) {
		seen->learns++;
		return;
	}
	if (block_stores(c->body, z->w))
		seen->ok = false;
	if (block_reads(c->body, z->w) && (seen->moves || seen->learns || !reads_rows(z, c->body, NO_ID)))
		seen->ok = false;
	if (block_stores(c->body, z->pre_list))
		seen->moves++;
	if (seen->learns && (block_stores(c->body, z->trace) || block_stores(c->body, z->pre_list)))
		seen->ok = false;
}

/* All that a step does, in its order. */
static void
visit(const Lazy *z, PlanBlock b, Seen *seen)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *s = b.at[i];
		if (s->kind == PSTMT_RUN)
			visit_kernel(z, s->id, seen);
		if (s->kind == PSTMT_DO)
			visit(z, z->p->codes.at[s->id]->body, seen);
		if (s->kind == PSTMT_STORE && z->p->bufs.at[s->id].name == intern(z->p->names, "learning"))
			seen->ok = false;
		for (uint32_t k = 0; k < s->nargs; k++)
			if (expr_reads(s->args[k].e, z->w))
				seen->ok = false;
		visit(z, s->body, seen);
		visit(z, s->other, seen);
	}
}

/* Steps are taken by loops that do nothing else with the values. */
static bool
loops_are_plain(const Lazy *z, PlanBlock b, bool in_loop, uint32_t *found)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *s = b.at[i];
		if (s->kind == PSTMT_DO && s->id == z->step) {
			(*found)++;
			if (!in_loop)
				return false;
			for (uint32_t k = 0; k < b.n; k++) {
				if (b.at[k]->kind == PSTMT_RUN || b.at[k]->body.n || (k != i && b.at[k]->kind == PSTMT_DO))
					return false;
				for (uint32_t a = 0; a < b.at[k]->nargs; a++)
					if (expr_reads(b.at[k]->args[a].e, z->w))
						return false;
			}
		}
		if (!loops_are_plain(z, s->body, s->kind == PSTMT_FOR, found) || !loops_are_plain(z, s->other, false, found))
			return false;
	}
	return true;
}

bool
lazy_place(Lazy *z)
{
	uint32_t found = 0;
	z->step = NO_ID;
	for (uint32_t c = 0; c < z->p->codes.n; c++) {
		if (z->p->codes.at[c]->kind != CODE_PROC || !runs(z->p->codes.at[c]->body, z->kernel))
			continue;
		if (z->step != NO_ID)
			return false;
		z->step = c;
	}
	if (z->step == NO_ID)
		return false;
	for (uint32_t c = 0; c < z->p->codes.n; c++)
		if (z->p->codes.at[c]->kind == CODE_PROC && !loops_are_plain(z, z->p->codes.at[c]->body, false, &found))
			return false;
	Seen seen = {.ok = true};
	visit(z, z->p->codes.at[z->step]->body, &seen);
	return found > 0 && seen.ok && seen.learns == learn_count(z);
}
