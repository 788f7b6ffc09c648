/* own_function: functions of the program, `function f(x, y = e) = e`, or with a block of lines that give one value.
 *
 * A call is the body with the arguments in place of the parameters: the body is copied for each call, so that its units are
 * those of this use. A body sees its parameters, constants and dt, and nothing of where it is called; so does a default,
 * which is copied as well, and reads parameters before its own.
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

/* What a body sees, in place of what the caller does. */
typedef struct {
	SymVec members, locals;
	Where where;
	Sym *input;
	AstDecl *decl;
	bool in_equation, in_function;
} Around;

static Around
enter(Sema *s)
{
	Around a = {s->members, s->locals, s->where, s->input, s->decl, s->in_equation, s->in_function};
	s->members = s->locals = (SymVec){0};
	s->where = IN_ARG;
	s->input = NULL;
	s->decl = NULL;
	s->in_equation = false;
	s->in_function = true;
	return a;
}

static void
leave(Sema *s, const Around *a)
{
	s->members = a->members;
	s->locals = a->locals;
	s->where = a->where;
	s->input = a->input;
	s->decl = a->decl;
	s->in_equation = a->in_equation;
	s->in_function = a->in_function;
}

static AstSym *
add_param(Sema *s, const AstDecl *f, uint32_t i, Val v)
{
	Sym *sym = sema_new_sym(s, ASYM_LOCAL, f->function.params.at[i].name, f->function.params.at[i].span);
	sym->val = v;
	sym->sym.type = v.type;
	VEC_PUSH(s->arena, &s->locals, sym);
	return &sym->sym;
}

static bool
is_value(Sema *s, const AstExpr *e, Val v)
{
	return v.type != ATYPE_ERROR && (v.type == ATYPE_BOOL || sema_need_real(s, e, v));
}

/* The declaration by itself: with arguments of any unit. Bodies and defaults of uses are copies. */
void
sema_check_function(Sema *s, AstDecl *d)
{
	if (sema_is_function(s, d->name)) {
		diag_begin(s->diag, E0214, d->name_span, "`%s` is a function of the language already", d->name);
		diag_help(s->diag, "take another name");
		diag_end(s->diag);
	}
	Sym *sym = (Sym *)d->sym;
	if (sym)
		sym->busy = true;
	Around around = enter(s);
	for (uint32_t i = 0; i < d->function.params.n; i++) {
		const struct AstFunctionParam *p = &d->function.params.at[i];
		for (uint32_t k = 0; k < i; k++) {
			if (d->function.params.at[k].name == p->name)
				sema_report_twice(s, p->name, p->span, d->function.params.at[k].span, "declared");
		}
		Val v = sema_real(infer_fresh(&s->infer));
		if (p->value) {
			Val given = sema_check_expr(s, p->value);
			if (is_value(s, p->value, given) && given.type == ATYPE_BOOL)
				v = given; /* numbers may have other units where they are given */
		}
		add_param(s, d, i, v);
	}
	sema_check_expr(s, d->function.body);
	leave(s, &around);
	if (sym)
		sym->busy = false;
}

/* ---- calls ---------------------------------------------------------------------------------- */

/* Which parameter each argument is: by its name, else by its place; false after a message. */
static bool
find_param(Sema *s, const AstExpr *e, const AstDecl *f, uint32_t arg, uint32_t *out)
{
	const AstArg *a = &e->args.at[arg];
	uint32_t n = f->function.params.n;
	*out = arg;
	for (uint32_t k = 0; a->name && k < n; k++) {
		if (f->function.params.at[k].name == a->name) {
			*out = k;
			return true;
		}
	}
	if (!a->name && arg < n)
		return true;
	if (a->name) {
		WordVec known = {0};
		for (uint32_t k = 0; k < n; k++)
			sema_add_word(s, &known, f->function.params.at[k].name);
		diag_begin(s->diag, E0204, a->name_span, "`%s` has no parameter `%s`", f->name, a->name);
		diag_label(s->diag, f->name_span, "declared here");
		sema_help_names(s, a->name, &known, "it has", "it takes no arguments");
	} else {
		diag_begin(s->diag, E0515, e->span, "`%s` takes %u argument%s, not %u", f->name, n, n == 1 ? "" : "s", e->args.n);
		diag_label(s->diag, f->name_span, "declared here");
		diag_help(s->diag, "give one value for each of its parameters");
	}
	diag_end(s->diag);
	return false;
}

static bool
give_arguments(Sema *s, const AstExpr *e, const AstDecl *f, AstOwnCall *call)
{
	const AstArg **by = ARENA_ARRAY(s->arena, const AstArg *, call->n + 1);
	for (uint32_t i = 0; i < e->args.n; i++) {
		const AstArg *a = &e->args.at[i];
		uint32_t k;
		if (!find_param(s, e, f, i, &k))
			return false;
		if (by[k]) {
			sema_report_twice(s, f->function.params.at[k].name, a->name ? a->name_span : a->value->span,
					  by[k]->name ? by[k]->name_span : by[k]->value->span, "given");
			return false;
		}
		by[k] = a;
		call->param[k].value = a->value;
	}
	for (uint32_t k = 0; k < call->n; k++) {
		if (by[k] || f->function.params.at[k].value)
			continue;
		diag_begin(s->diag, E0224, e->span, "`%s` needs a value for `%s`", f->name, f->function.params.at[k].name);
		diag_label(s->diag, f->function.params.at[k].span, "declared here");
		diag_help(s->diag, "give it in its place, or by name: `%s = …`", f->function.params.at[k].name);
		diag_end(s->diag);
		return false;
	}
	return true;
}

static bool
may_call(Sema *s, const AstExpr *e, const Sym *function)
{
	if (function->busy) {
		diag_begin(s->diag, E0605, e->span, "`%s` is defined by itself", function->sym.name);
		diag_label(s->diag, function->sym.decl->name_span, "declared here");
		diag_help(s->diag, "a function cannot call itself, nor one that calls it: write the steps out");
		diag_end(s->diag);
		return false;
	}
	if (s->copied > MOST_COPIED) {
		diag_begin(s->diag, E0903, e->span, "the functions of this program grow too large");
		diag_help(s->diag, "a call stands for the whole of its function: give what is common a name by `let`");
		diag_end(s->diag);
		return false;
	}
	return true;
}

Val
sema_check_own_call(Sema *s, AstExpr *e, Sym *function)
{
	const AstDecl *f = function->sym.decl;
	e->op[0]->sema.sym = &function->sym;
	e->op[0]->sema.type = ATYPE_OTHER;
	AstOwnCall *call = ARENA_NEW(s->arena, AstOwnCall);
	call->n = f->function.params.n;
	call->param = arena_alloc(s->arena, (call->n + 1) * sizeof *call->param);
	Val *args = ARENA_ARRAY(s->arena, Val, e->args.n + 1);
	bool sound = true;
	for (uint32_t i = 0; i < e->args.n; i++) {
		args[i] = sema_check_expr(s, e->args.at[i].value);
		sound &= is_value(s, e->args.at[i].value, args[i]);
	}
	if (!give_arguments(s, e, f, call) || !sound || !may_call(s, e, function))
		return sema_poison();
	e->sema.own = call;
	function->busy = true;
	Around around = enter(s);
	for (uint32_t k = 0; k < call->n; k++) {
		Val v = sema_poison();
		for (uint32_t i = 0; i < e->args.n; i++)
			v = e->args.at[i].value == call->param[k].value ? args[i] : v;
		if (!call->param[k].value) {
			call->param[k].value = copy(s, f->function.params.at[k].value);
			v = sema_check_expr(s, call->param[k].value);
		}
		call->param[k].sym = add_param(s, f, k, v);
	}
	call->body = copy(s, f->function.body);
	Val v = sema_check_expr(s, call->body);
	leave(s, &around);
	function->busy = false;
	return v;
}
