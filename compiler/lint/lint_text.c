/* lint_text: rules and signals as they are written: changes that depend on dt without saying so, handlers that undo each other. */
#include "lint/lint.h"

#include <string.h>

static bool
is_called(const AstExpr *e, const char *name)
{
	return e->name && strcmp(e->name, name) == 0;
}

/* ---- each step { x += … } ----------------------------------------------------------------------- */

typedef struct { Name target; bool reads_target, varies, excused; } Reads;

/* By its own value, or by the same in each step: `w += nu`. What counts steps (`n += 1`) means it. What reads dt, spikes, draws or a name from a `let` may be right; so is what another state brings. */
static void
read_expr(Reads *r, const AstExpr *e)
{
	if (!e)
		return;
	if (e->kind == AEXPR_NAME) {
		r->reads_target |= e->name == r->target;
		r->varies |= e->sema.sym && e->sema.sym->kind != ASYM_PARAM && e->sema.sym->kind != ASYM_MODEL_PARAM;
		r->excused |= is_called(e, "dt") || !e->sema.sym || e->sema.sym->kind == ASYM_LOCAL;
	}
	r->varies |= e->kind == AEXPR_MEMBER;
	if (e->kind == AEXPR_MEMBER)
		r->excused |= is_called(e, "spike");
	r->excused |= e->kind == AEXPR_CALL && e->op[0] && e->op[0]->kind == AEXPR_NAME &&
		      (is_called(e->op[0], "random") || is_called(e->op[0], "bernoulli") || is_called(e->op[0], "poisson") ||
		       is_called(e->op[0], "normal"));
	for (int i = 0; i < 3; i++)
		if (e->kind != AEXPR_CALL || i > 0)
			read_expr(r, e->op[i]);
	for (uint32_t i = 0; i < e->args.n; i++)
		read_expr(r, e->args.at[i].value);
}

static void
check_each_step(LintEnv *env, const AstHandler *h)
{
	for (uint32_t i = 0; i < h->body.n; i++) {
		const AstStmt *st = h->body.at[i];
		AstSymKind kind = st->kind == ASTMT_ASSIGN && st->target->sema.sym ? st->target->sema.sym->kind : ASYM_UNSET;
		bool adds = st->kind == ASTMT_ASSIGN && (st->op_kind == AOP_ADD || st->op_kind == AOP_SUB);
		if (!adds || st->target->kind != AEXPR_NAME || (kind != ASYM_STATE && kind != ASYM_LEARNED))
			continue;
		Reads r = {.target = st->target->name};
		read_expr(&r, st->e);
		bool counts = st->e->kind == AEXPR_NUMBER && st->e->num.value == 1;
		if ((!r.reads_target && (r.varies || counts)) || r.excused)
			continue;
		diag_begin(env->diag, W0607, st->span, "`%s` moves by this in each step, however long a step is", st->target->name);
		diag_note(env->diag, "with another `dt` it moves at another speed");
		diag_help(env->diag, "write an equation, `%s' = … / tau`, or multiply by `dt`", st->target->name);
		diag_end(env->diag);
	}
}

/* ---- handlers ----------------------------------------------------------------------------------- */

/* Finds the first assignment to `name` (NULL: any) behind *skip others. */
static const AstStmt *
find_assign(const AstStmtVec *b, Name name, uint32_t *skip)
{
	for (uint32_t i = 0; i < b->n; i++) {
		const AstStmt *st = b->at[i];
		if (st->kind == ASTMT_ASSIGN && st->target->kind == AEXPR_NAME && (!name || st->target->name == name) && (*skip)-- == 0)
			return st;
		const AstStmt *in = st->kind == ASTMT_IF ? find_assign(&st->body, name, skip) : NULL;
		if (!in && st->kind == ASTMT_IF)
			in = find_assign(&st->other, name, skip);
		if (in)
			return in;
	}
	return NULL;
}

static bool
is_sum(const AstStmt *st)
{
	return st->op_kind == AOP_ADD || st->op_kind == AOP_SUB;
}

static bool
commute(const AstStmt *a, const AstStmt *b)
{
	if (a->op_kind == AOP_UNSET && b->op_kind == AOP_UNSET)
		return a->e->kind == AEXPR_NUMBER && b->e->kind == AEXPR_NUMBER && a->e->num.value == b->e->num.value &&
		       a->e->num.unit == b->e->num.unit;
	return (is_sum(a) && is_sum(b)) || (a->op_kind != AOP_UNSET && b->op_kind != AOP_UNSET && !is_sum(a) && !is_sum(b));
}

static const char *
handler_text(Arena *a, const AstHandler *h)
{
	return h->kind == AHANDLER_ON_PRE ? "on pre" : h->kind == AHANDLER_ON_POST ? "on post" : arena_printf(a, "on %s", h->signal);
}

static bool
is_event(const AstHandler *h)
{
	return h->kind == AHANDLER_ON_PRE || h->kind == AHANDLER_ON_POST || h->kind == AHANDLER_ON_SIGNAL;
}

static bool
check_pair(LintEnv *env, const AstHandler *a, const AstHandler *b)
{
	const AstStmt *x, *y;
	for (uint32_t i = 0, n = 0; (x = find_assign(&a->body, NULL, &n)) != NULL; n = ++i) {
		for (uint32_t k = 0, m = 0; (y = find_assign(&b->body, x->target->name, &m)) != NULL; m = ++k) {
			if (commute(x, y))
				continue;
			diag_begin(env->diag, W0608, y->span, "where `%s` and `%s` happen in one step, their order decides what `%s` is",
				   handler_text(env->arena, a), handler_text(env->arena, b), x->target->name);
			diag_label(env->diag, x->span, "done first, because it stands first");
			diag_help(env->diag, "change it by `+=` in both, or in one handler alone; else let them stand in the order you mean, "
					     "under a condition: `if not %s.spike { … }`",
				  a->kind == AHANDLER_ON_POST ? "post" : "pre");
			diag_end(env->diag);
			return false;
		}
	}
	return true;
}

static void
check_handlers(LintEnv *env, const AstModel *m)
{
	for (uint32_t i = 0; i < m->handlers.n; i++) {
		const AstHandler *a = &m->handlers.at[i];
		if (a->kind == AHANDLER_EACH_STEP)
			check_each_step(env, a);
		for (uint32_t k = i + 1; is_event(a) && k < m->handlers.n; k++) {
			const AstHandler *b = &m->handlers.at[k];
			if (is_event(b) && (a->kind != b->kind || a->signal != b->signal) && !check_pair(env, a, b))
				break;
		}
	}
}

void
lint_program(LintEnv *env, const AstProgram *p)
{
	for (uint32_t i = 0; i < p->decls.n; i++) {
		const AstDecl *d = p->decls.at[i];
		if (d->library)
			continue;
		if (d->kind == ADECL_RULE)
			check_handlers(env, &d->model);
		else if (d->kind == ADECL_SIGNAL && d->value.block)
			check_handlers(env, d->value.block);
	}
}
