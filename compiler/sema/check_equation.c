/* check_equation: v' = e: what may change by an equation, what its dimension is, where it may stand.
 *
 * An equation declares its state where no `state` line does. Lines of equations that follow each other are one
 * system: all of them speak of the same moment, so their order means nothing.
 */
#include "sema/check.h"

#include <string.h>

/* ---- states that only an equation names ------------------------------------------------------ */

static bool
is_declared(const AstModel *m, Name name)
{
	for (uint32_t i = 0; i < m->params.n; i++) {
		if (m->params.at[i].name == name)
			return true;
	}
	for (uint32_t i = 0; i < m->states.n; i++) {
		if (m->states.at[i].name == name)
			return true;
	}
	for (uint32_t i = 0; i < m->traces.n; i++) {
		if (m->traces.at[i].name == name)
			return true;
	}
	for (uint32_t i = 0; i < m->needs.n; i++) {
		if (m->needs.at[i].name == name)
			return true;
	}
	return m->learns == name;
}

static bool
is_word(const Sema *s, Name name)
{
	return name == s->words.dt || name == s->words.learning || name == s->words.i ||
	       name == s->words.inf || name == s->words.spike || name == s->words.xi ||
	       (s->input && name == s->input->sym.name);
}

static void
imply_in(Sema *s, AstModel *m, const AstStmtVec *block)
{
	for (uint32_t i = 0; i < block->n; i++) {
		const AstStmt *a = block->at[i];
		imply_in(s, m, &a->body);
		imply_in(s, m, &a->other);
		if (a->kind != ASTMT_EQUATION || is_declared(m, a->target->name) ||
		    is_word(s, a->target->name))
			continue;
		AstState st = {.name = a->target->name,
			       .span = a->target->span,
			       .name_span = a->target->span,
			       .implied = true};
		VEC_PUSH(s->arena, &m->states, st);
	}
}

void
sema_imply_states(Sema *s, AstModel *m)
{
	for (uint32_t i = 0; i < m->handlers.n; i++)
		imply_in(s, m, &m->handlers.at[i].body);
}

/* ---- one equation ---------------------------------------------------------------------------- */

static void
report_no_state(Sema *s, const AstExpr *target, const Sym *sym)
{
	AstSymKind kind = sym->sym.kind;
	diag_begin(s->diag, E0603, target->span, "`%s` is %s, and only a state changes by an equation",
		   target->name, sema_kind_noun(kind));
	if (sym->sym.span.lo && kind != ASYM_INPUT)
		diag_label(s->diag, sym->sym.span, "declared here");
	if (kind == ASYM_MODEL_PARAM)
		diag_help(s->diag, "take it from the parameters: the equation declares the state, "
				   "and `state %s = …` gives its first value", target->name);
	else if (kind == ASYM_TRACE)
		diag_help(s->diag, "a trace decays by its `tau`; for anything else make it a state");
	else
		diag_help(s->diag, "give the state a name of its own");
	diag_end(s->diag);
}

static Sym *
check_state(Sema *s, AstExpr *target)
{
	target->sema.type = ATYPE_ERROR;
	Sym *sym = sema_find_value(s, target->name);
	if (!sym) {
		sema_report_unknown_value(s, target);
		return NULL;
	}
	target->sema.sym = &sym->sym;
	if (sym->sym.kind != ASYM_STATE) {
		report_no_state(s, target, sym);
		return NULL;
	}
	if (sym->val.type == ATYPE_BOOL || sym->val.type == ATYPE_LIST) {
		diag_begin(s->diag, E0603, target->span, "`%s` %s, and an equation changes one number",
			   target->name,
			   sym->val.type == ATYPE_BOOL ? "is true or false" : "holds many numbers");
		diag_label(s->diag, sym->sym.span, "declared here");
		diag_help(s->diag, "assign it in the step instead");
		diag_end(s->diag);
		return NULL;
	}
	sema_set_type(s, target, sym->val);
	return sym->val.type == ATYPE_ERROR ? NULL : sym;
}

static void
check_equation(Sema *s, AstStmt *a)
{
	s->in_equation = true;
	Val v = sema_check_expr(s, a->e);
	s->in_equation = false;
	Sym *sym = check_state(s, a->target);
	if (!sym || !sema_need_real(s, a->e, v))
		return;
	DimTerm rate = infer_div(&s->infer, sym->val.dim, infer_stated((Dim){{2}}, (Span){0, 0}));
	Say say = {"`$'` is &, and @ is given for it",
		   "the rate of a state has its dimension per time: most often something is divided by a time constant",
		   sym->sym.name};
	sema_fit(s, say, (Side){a->e->span, v.dim}, (Side){{a->target->span.lo, a->target->span.hi + 1}, rate});
}

static void
check_twice(Sema *s, const AstStmtVec *block, uint32_t first, uint32_t at)
{
	const AstStmt *a = block->at[at];
	for (uint32_t i = first; i < at; i++) {
		const AstStmt *b = block->at[i];
		if (b->kind != ASTMT_EQUATION || b->target->name != a->target->name)
			continue;
		diag_begin(s->diag, E0643, a->target->span, "`%s` has two equations", a->target->name);
		diag_label(s->diag, b->target->span, "first here");
		diag_help(s->diag, "equations that follow each other are one system: write one, with the sum of both");
		diag_end(s->diag);
		return;
	}
}

uint32_t
sema_check_system(Sema *s, const AstStmtVec *block, uint32_t first)
{
	uint32_t end = first;
	for (; end < block->n && block->at[end]->kind == ASTMT_EQUATION; end++) {
		check_twice(s, block, first, end);
		check_equation(s, block->at[end]);
	}
	if (s->inside) {
		diag_begin(s->diag, E0644, block->at[first]->span, "an equation cannot stand inside an `if`");
		diag_help(s->diag, "equations hold at every moment: put the condition into the equation, as in "
				   "`v' = (… if c else 0) / tau`");
		diag_end(s->diag);
	}
	return end;
}

/* The equations among the parts of a model: one system, with names for its parts. */
void
sema_check_equations(Sema *s, const AstStmtVec *block)
{
	uint32_t outer = s->locals.n;
	bool any = false;
	for (uint32_t i = 0; i < block->n; i++) {
		AstStmt *a = block->at[i];
		if (a->kind == ASTMT_LET) {
			s->in_equation = true;
			sema_check_let(s, a);
			s->in_equation = false;
			VEC_PUSH(s->arena, &s->parts, s->locals.at[s->locals.n - 1]);
			continue;
		}
		any = true;
		check_twice(s, block, 0, i);
		check_equation(s, a);
	}
	s->locals.n = outer;
	if (any)
		return;
	diag_begin(s->diag, E0645, block->at[0]->span, "this `let` names a part of equations, and there are none");
	diag_help(s->diag, "write it into the handler that uses it");
	diag_end(s->diag);
}

/* ---- method = … ------------------------------------------------------------------------------ */

void
sema_check_method(Sema *s, Name method, Span at, bool has_equations)
{
	static const char *const all[] = {"exact", "exponential_euler", "euler", "heun", "rk2", "rk4"};
	enum { METHODS = sizeof all / sizeof *all };
	WordVec known = {0};
	bool found = false;
	for (int i = 0; i < METHODS; i++) {
		sema_add_word(s, &known, all[i]);
		found = found || strcmp(method, all[i]) == 0;
	}
	if (!found) {
		diag_begin(s->diag, E0647, at, "no method of integration is called `%s`", method);
		sema_help_names(s, method, &known, "there are", "");
		diag_end(s->diag);
	} else if (!has_equations) {
		diag_begin(s->diag, E0648, at, "there is no equation that `%s` could integrate", method);
		diag_help(s->diag, "write one: `v' = (rest - v) / tau`; or leave the method away");
		diag_end(s->diag);
	}
}

static bool
block_has_equation(const AstStmtVec *block)
{
	for (uint32_t i = 0; i < block->n; i++) {
		if (block->at[i]->kind == ASTMT_EQUATION || block_has_equation(&block->at[i]->body) ||
		    block_has_equation(&block->at[i]->other))
			return true;
	}
	return false;
}

bool
sema_has_equations(const AstModel *m)
{
	for (uint32_t i = 0; i < m->handlers.n; i++) {
		if (block_has_equation(&m->handlers.at[i].body))
			return true;
	}
	return false;
}
