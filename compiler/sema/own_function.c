/* own_function: functions of the program, `function f(x, y) = e`.
 *
 * A call is the body with the arguments in place of the parameters: the body is copied for each call, so that its units are
 * those of this use. A body sees its parameters, constants and dt, and nothing of where it is called.
 */
#include "sema/check.h"

#include "ast/ast_clone.h"

enum { MOST_COPIED = 1000000 }; /* nodes of all bodies */

typedef struct {
	AstClone clone;
	Sema *s;
} Counted;

static AstExpr *
count_node(AstClone *c, const AstExpr *e)
{
	(void)e;
	((Counted *)c)->s->copied++;
	return NULL;
}

static AstExpr *
copy(Sema *s, const AstExpr *e)
{
	Counted c = {{.arena = s->arena, .expr = count_node}, s};
	return ast_clone_expr(&c.clone, e);
}

/* Checks a body with these values of its parameters, whose symbols come back. */
static Val
check_body(Sema *s, const AstDecl *f, AstExpr *body, const Val *args, AstSym **params)
{
	SymVec members = s->members, locals = s->locals;
	Where where = s->where;
	Sym *input = s->input;
	AstDecl *decl = s->decl;
	bool in_equation = s->in_equation, in_function = s->in_function;
	s->members = s->locals = (SymVec){0};
	s->where = IN_ARG;
	s->input = NULL;
	s->decl = NULL;
	s->in_equation = false;
	s->in_function = true;
	for (uint32_t i = 0; i < f->function.params.n; i++) {
		Sym *sym = sema_new_sym(s, ASYM_LOCAL, f->function.params.at[i].name, f->function.params.at[i].span);
		sym->val = args[i];
		sym->sym.type = args[i].type;
		params[i] = &sym->sym;
		VEC_PUSH(s->arena, &s->locals, sym);
	}
	Val v = sema_check_expr(s, body);
	s->members = members;
	s->locals = locals;
	s->where = where;
	s->input = input;
	s->decl = decl;
	s->in_equation = in_equation;
	s->in_function = in_function;
	return v;
}

void
sema_check_function(Sema *s, AstDecl *d)
{
	uint32_t n = d->function.params.n;
	Val *args = ARENA_ARRAY(s->arena, Val, n + 1);
	for (uint32_t i = 0; i < n; i++) {
		args[i] = sema_real(infer_fresh(&s->infer));
		for (uint32_t k = 0; k < i; k++) {
			if (d->function.params.at[k].name == d->function.params.at[i].name)
				sema_report_twice(s, d->function.params.at[i].name, d->function.params.at[i].span,
						  d->function.params.at[k].span, "declared");
		}
	}
	if (sema_is_function(s, d->name)) {
		diag_begin(s->diag, E0214, d->name_span, "`%s` is a function of the language already", d->name);
		diag_help(s->diag, "take another name");
		diag_end(s->diag);
	}
	Sym *sym = (Sym *)d->sym;
	if (sym)
		sym->busy = true;
	check_body(s, d, d->function.body, args, ARENA_ARRAY(s->arena, AstSym *, n + 1));
	if (sym)
		sym->busy = false;
}

static bool
check_count(Sema *s, const AstExpr *e, const AstDecl *f)
{
	uint32_t n = f->function.params.n;
	for (uint32_t i = 0; i < e->args.n; i++) {
		if (!e->args.at[i].name)
			continue;
		diag_begin(s->diag, E0225, e->args.at[i].name_span, "`%s` takes its arguments without names", f->name);
		diag_label(s->diag, f->name_span, "declared here");
		diag_help(s->diag, "give them in the order of its parameters");
		diag_end(s->diag);
		return false;
	}
	if (e->args.n == n)
		return true;
	diag_begin(s->diag, E0515, e->span, "`%s` takes %u argument%s, not %u", f->name, n, n == 1 ? "" : "s", e->args.n);
	diag_label(s->diag, f->name_span, "declared here");
	diag_help(s->diag, "give one value for each of its parameters");
	diag_end(s->diag);
	return false;
}

Val
sema_check_own_call(Sema *s, AstExpr *e, Sym *function)
{
	const AstDecl *f = function->sym.decl;
	e->op[0]->sema.sym = &function->sym;
	e->op[0]->sema.type = ATYPE_OTHER;
	Val *args = ARENA_ARRAY(s->arena, Val, e->args.n + 1);
	bool sound = true;
	for (uint32_t i = 0; i < e->args.n; i++) {
		args[i] = sema_check_expr(s, e->args.at[i].value);
		sound &= args[i].type != ATYPE_ERROR &&
			 (args[i].type == ATYPE_BOOL || sema_need_real(s, e->args.at[i].value, args[i]));
	}
	if (!check_count(s, e, f) || !sound)
		return sema_poison();
	if (function->busy) {
		diag_begin(s->diag, E0605, e->span, "`%s` is defined by itself", f->name);
		diag_label(s->diag, f->name_span, "declared here");
		diag_help(s->diag, "a function cannot call itself, nor one that calls it: write the steps out");
		diag_end(s->diag);
		return sema_poison();
	}
	if (s->copied > MOST_COPIED) {
		diag_begin(s->diag, E0903, e->span, "the functions of this program grow too large");
		diag_help(s->diag, "a call stands for the whole of its function: give what is common a name by `let`");
		diag_end(s->diag);
		return sema_poison();
	}
	e->sema.body = copy(s, f->function.body);
	e->sema.params = ARENA_ARRAY(s->arena, AstSym *, e->args.n + 1);
	function->busy = true;
	Val v = check_body(s, f, e->sema.body, args, e->sema.params);
	function->busy = false;
	return v;
}
