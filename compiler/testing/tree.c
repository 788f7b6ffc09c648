/* tree: small trees for the declarations that a test is made of. */
#include "testing/inner.h"

#include "ast/ast_clone.h"
#include "base/panic.h"

#include <math.h>
#include <string.h>

void
test_error(Test *t, Span at, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	const char *text = arena_vprintf(t->env->arena, fmt, ap);
	va_end(ap);
	t->failed = true;
	diag_begin(t->env->diag, E1001, at, "%s", text);
}

Name
test_name(Test *t, const char *text)
{
	return intern(t->env->names, text);
}

AstExpr *
test_ref(Test *t, Span at, const char *name)
{
	return ast_name(&t->b, at, test_name(t, name));
}

AstExpr *
test_member(Test *t, Span at, const char *base, const char *name)
{
	return ast_member(&t->b, at, test_ref(t, at, base), (AstId){.name = test_name(t, name), .span = at});
}

AstExpr *
test_number(Test *t, Span at, double v)
{
	AstExpr *e = ast_number(&t->b, at, fabs(v), v == floor(v) && fabs(v) < 1e15);
	return v < 0 ? ast_unary(&t->b, at, AOP_NEG, e) : e;
}

AstExpr *
test_time(Test *t, Span at, double ms)
{
	AstExpr *e = ast_number_unit(&t->b, at, ast_number(&t->b, at, fabs(ms), false), unit_find("ms", 2), at);
	return ms < 0 ? ast_unary(&t->b, at, AOP_NEG, e) : e;
}

AstExpr *
test_copy(Test *t, const AstExpr *e)
{
	AstClone c = {.arena = t->env->arena};
	return ast_clone_expr(&c, e);
}

AstExpr *
test_call(Test *t, Span at, const char *f, AstExpr *x, AstExpr *y)
{
	AstArgVec *args = x ? ast_args(&t->b, NULL, (AstId){0}, x) : NULL;
	return ast_call(&t->b, at, test_ref(t, at, f), y ? ast_args(&t->b, args, (AstId){0}, y) : args);
}

AstExpr *
test_op(Test *t, AstOp op, AstExpr *x, AstExpr *y)
{
	return ast_binary(&t->b, x->span, op, x, y);
}

AstStmt *
test_let(Test *t, Span at, const char *name, AstExpr *e)
{
	return ast_let(&t->b, at, (AstId){.name = test_name(t, name), .span = at}, e);
}

AstStmt *
test_assign(Test *t, Span at, const char *name, AstOp op, AstExpr *e)
{
	return ast_assign(&t->b, at, test_ref(t, at, name), op, e);
}

void
test_add(Test *t, AstDecl *d)
{
	d->span = t->in;
	ast_program_add(&t->b, t->p, d);
}

/* ---- what is known without a run ------------------------------------------------------------- */

static const AstExpr *
value_of(Test *t, Name name)
{
	for (uint32_t i = t->p->decls.n; i-- > 0;) {
		const AstDecl *d = t->p->decls.at[i];
		if ((d->kind == ADECL_PARAM || d->kind == ADECL_CONST || d->kind == ADECL_SETTING) && d->name == name)
			return d->value.value;
	}
	return NULL;
}

static bool
fold_binary(AstOp op, double a, double b, double *out)
{
	switch ((int)op) {
	case AOP_ADD:
		*out = a + b;
		return true;
	case AOP_SUB:
		*out = a - b;
		return true;
	case AOP_MUL:
		*out = a * b;
		return true;
	case AOP_DIV:
		*out = a / b;
		return true;
	}
	return false;
}

static bool fold(Test *t, const AstExpr *e, int depth, double *out);

static bool
fold_call(Test *t, const AstExpr *e, int depth, double *out)
{
	const char *f = e->op[0]->kind == AEXPR_NAME ? e->op[0]->name : "";
	double a, b = 0;
	if (e->args.n < 1 || e->args.n > 2 || !fold(t, e->args.at[0].value, depth, &a) ||
	    (e->args.n == 2 && !fold(t, e->args.at[1].value, depth, &b)))
		return false;
	if (e->args.n == 2 && (strcmp(f, "max") == 0 || strcmp(f, "min") == 0))
		*out = (a > b) == (f[1] == 'a') ? a : b;
	else if (e->args.n == 1 && strcmp(f, "exp") == 0)
		*out = exp(a);
	else if (e->args.n == 1 && strcmp(f, "floor") == 0)
		*out = floor(a);
	else
		return false;
	return true;
}

static bool
fold(Test *t, const AstExpr *e, int depth, double *out)
{
	double a, b;
	if (depth > AST_DEEPEST)
		return false;
	switch ((int)e->kind) {
	case AEXPR_NUMBER:
		*out = e->num.value * (e->num.unit ? e->num.unit->scale : 1);
		return true;
	case AEXPR_UNARY:
		if (e->op_kind != AOP_NEG || !fold(t, e->op[0], depth + 1, &a))
			return false;
		*out = -a;
		return true;
	case AEXPR_BINARY:
		return fold(t, e->op[0], depth + 1, &a) && fold(t, e->op[1], depth + 1, &b) && fold_binary(e->op_kind, a, b, out);
	case AEXPR_NAME: {
		const AstExpr *v = value_of(t, e->name);
		if (!v && strcmp(e->name, "dt") == 0) {
			*out = 1;
			return true;
		}
		return v && fold(t, v, depth + 1, out);
	}
	case AEXPR_CALL:
		return fold_call(t, e, depth + 1, out);
	}
	return false;
}

bool
test_fold(Test *t, const AstExpr *e, double *out)
{
	return e && fold(t, e, 0, out) && isfinite(*out);
}
