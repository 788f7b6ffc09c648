/* origin: which statement of the text made a value: that of the plan that stores to its buffer, or sets the local that is
 * stored. Of several buffers the first in the order of a step is taken, since what follows may only have read it. */
#include "driver/verify.h"

typedef struct {
	Arena *arena;
	const Plan *p;
	const bool *differs; /* by buffer */
	Origin *out;
} Find;

static bool find_in_code(Find *f, const PlanCode *code);

/* ---- the first of a step --------------------------------------------------------------------- */

static bool
find_in(Find *f, const PlanCode *code, PlanBlock b)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *s = b.at[i];
		if (s->kind == PSTMT_STORE && f->differs[s->id]) {
			f->out->buf = s->id;
			f->out->code = code;
			return true;
		}
		if ((s->kind == PSTMT_RUN || s->kind == PSTMT_DO) && find_in_code(f, f->p->codes.at[s->id]))
			return true;
		if (find_in(f, code, s->body) || find_in(f, code, s->other))
			return true;
	}
	return false;
}

static bool
find_in_code(Find *f, const PlanCode *code)
{
	return find_in(f, code, code->body);
}

/* ---- its statements -------------------------------------------------------------------------- */

static void
add(Find *f, Span at)
{
	for (uint32_t i = 0; i < f->out->at.n; i++)
		if (f->out->at.at[i].lo == at.lo)
			return;
	if (at.lo)
		VEC_PUSH(f->arena, &f->out->at, at);
}

/* Assignments of a local; what it began with, if none has a place. */
static void
add_local(Find *f, PlanBlock b, uint32_t local, PlanStmtKind kind)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *s = b.at[i];
		if (s->kind == kind && s->id == local)
			add(f, s->span);
		add_local(f, s->body, local, kind);
		add_local(f, s->other, local, kind);
	}
}

static void
add_locals_of(Find *f, const PlanExpr *e)
{
	if (e->kind == PEXPR_LOCAL)
		add_local(f, f->out->code->body, e->id, PSTMT_SET);
	if (e->kind == PEXPR_LOCAL && !f->out->at.n)
		add_local(f, f->out->code->body, e->id, PSTMT_LET);
	for (uint32_t i = 0; i < e->nops && !f->out->at.n; i++)
		add_locals_of(f, e->op[i]);
}

static void
add_stores(Find *f, PlanBlock b)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *s = b.at[i];
		if (s->kind == PSTMT_STORE && s->id == f->out->buf) {
			add(f, s->span);
			if (!s->span.lo)
				add_locals_of(f, s->e);
		}
		add_stores(f, s->body);
		add_stores(f, s->other);
	}
}

bool
verify_origin(Arena *a, const Plan *p, const bool *differs, Origin *out)
{
	Find f = {a, p, differs, out};
	*out = (Origin){.buf = UINT32_MAX};
	uint32_t step = plan_find_code(p, "step");
	bool found = step != UINT32_MAX && find_in_code(&f, p->codes.at[step]);
	for (uint32_t i = 0; i < p->codes.n && !found; i++)
		found = p->codes.at[i]->kind == CODE_KERNEL && find_in_code(&f, p->codes.at[i]);
	if (found)
		add_stores(&f, out->code->body);
	return found;
}
