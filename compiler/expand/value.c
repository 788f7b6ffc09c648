/* value: numbers, truths and texts that make up the structure of a program, worked out in double. */
#include "expand/inner.h"

#include <math.h>
#include <string.h>

enum { DEEPEST = 100 };

const AstDecl *
expand_constant(const Expand *x, Name name)
{
	for (uint32_t i = x->in->decls.n; i-- > 0;) {
		const AstDecl *d = x->in->decls.at[i];
		if ((d->kind == ADECL_PARAM || d->kind == ADECL_CONST) && d->name == name)
			return d;
	}
	return NULL;
}

static const AstExpr *
value_of(const Expand *x, const AstDecl *d)
{
	for (uint32_t i = x->env->nsets; d->kind == ADECL_PARAM && i-- > 0;) {
		if (x->env->sets[i].name == d->name)
			return x->env->sets[i].value;
	}
	return d->value.value;
}

static bool
unknown(Expand *x, const AstExpr *e, const char *what)
{
	expand_error(x, E0502, e->span, "%s must be known before anything is made, and this is not", what);
	diag_help(x->diag, "use numbers, params, constants, tables and variables of loops among the declarations");
	diag_end(x->diag);
	return false;
}

static bool
number(double v, Value *out)
{
	*out = (Value){.kind = VALUE_NUMBER, .number = v};
	return true;
}

static bool
truth(bool v, Value *out)
{
	*out = (Value){.kind = VALUE_TRUTH, .truth = v};
	return true;
}

static bool
of_name(Expand *x, const AstExpr *e, const char *what, Value *out)
{
	const AstDecl *d = expand_constant(x, e->name);
	if (strcmp(e->name, "inf") == 0)
		return number(INFINITY, out);
	if (!d) {
		*out = (Value){.kind = VALUE_TEXT, .text = e->name};
		return true;
	}
	if (d->kind == ADECL_PARAM && d->value.tunable) {
		expand_error(x, E0502, e->span, "%s must be known when the program is compiled, and `%s` is tunable", what, d->name);
		diag_label(x->diag, d->name_span, "declared here");
		diag_help(x->diag, "declare it by `param`; `--set` then compiles anew");
		diag_end(x->diag);
		return false;
	}
	if (x->evals >= DEEPEST) {
		expand_error(x, E0527, d->name_span, "`%s` is defined by itself", d->name);
		diag_help(x->diag, "give one of the names a number");
		diag_end(x->diag);
		return false;
	}
	x->evals++;
	bool ok = expand_value(x, ast_clone_expr(&x->clone, value_of(x, d)), what, out);
	x->evals--;
	return ok;
}

static bool
of_two(AstOp op, const Value *a, const Value *b, Value *out)
{
	if (op == AOP_AND || op == AOP_OR)
		return a->kind == VALUE_TRUTH && b->kind == VALUE_TRUTH &&
		       truth(op == AOP_AND ? a->truth && b->truth : a->truth || b->truth, out);
	if (op == AOP_EQ || op == AOP_NE) {
		bool same = a->kind == VALUE_NUMBER  ? a->number == b->number
			    : a->kind == VALUE_TRUTH ? a->truth == b->truth
						     : b->text && strcmp(a->text, b->text) == 0;
		return a->kind == b->kind && truth(same == (op == AOP_EQ), out);
	}
	double u = a->number, v = b->number;
	if (a->kind != VALUE_NUMBER || b->kind != VALUE_NUMBER)
		return false;
	switch ((int)op) {
	case AOP_ADD:
		return number(u + v, out);
	case AOP_SUB:
		return number(u - v, out);
	case AOP_MUL:
		return number(u * v, out);
	case AOP_DIV:
		return number(u / v, out);
	case AOP_LT:
		return truth(u < v, out);
	case AOP_LE:
		return truth(u <= v, out);
	case AOP_GT:
		return truth(u > v, out);
	case AOP_GE:
		return truth(u >= v, out);
	}
	return false;
}

static bool
of_call(Expand *x, const AstExpr *e, const char *what, Value *out)
{
	const char *f = e->op[0]->kind == AEXPR_NAME ? e->op[0]->name : "";
	Value v[2] = {{0}};
	if (e->args.n < 1 || e->args.n > 2)
		return unknown(x, e, what);
	for (uint32_t i = 0; i < e->args.n; i++) {
		if (e->args.at[i].name || !expand_value(x, e->args.at[i].value, what, &v[i]) || v[i].kind != VALUE_NUMBER)
			return unknown(x, e, what);
	}
	double a = v[0].number, b = v[1].number;
	if (e->args.n == 2 && strcmp(f, "max") == 0)
		return number(a > b ? a : b, out);
	if (e->args.n == 2 && strcmp(f, "min") == 0)
		return number(a < b ? a : b, out);
	if (e->args.n == 1 && strcmp(f, "floor") == 0)
		return number(floor(a), out);
	if (e->args.n == 1 && strcmp(f, "ceil") == 0)
		return number(ceil(a), out);
	if (e->args.n == 1 && strcmp(f, "abs") == 0)
		return number(fabs(a), out);
	return unknown(x, e, what);
}

bool
expand_value(Expand *x, const AstExpr *e, const char *what, Value *out)
{
	Value a, b;
	switch ((int)e->kind) {
	case AEXPR_NUMBER:
		return number(e->num.value * (e->num.unit ? e->num.unit->scale : 1), out);
	case AEXPR_BOOL:
		return truth(e->truth, out);
	case AEXPR_STRING:
		*out = (Value){.kind = VALUE_TEXT, .text = e->string};
		return true;
	case AEXPR_NAME:
		return of_name(x, e, what, out);
	case AEXPR_CALL:
		return of_call(x, e, what, out);
	case AEXPR_UNARY:
		if (!expand_value(x, e->op[0], what, &a))
			return false;
		if (e->op_kind == AOP_NEG && a.kind == VALUE_NUMBER)
			return number(-a.number, out);
		if (e->op_kind == AOP_NOT && a.kind == VALUE_TRUTH)
			return truth(!a.truth, out);
		return unknown(x, e, what);
	case AEXPR_BINARY:
		if (!expand_value(x, e->op[0], what, &a) || !expand_value(x, e->op[1], what, &b))
			return false;
		return of_two(e->op_kind, &a, &b, out) || unknown(x, e, what);
	case AEXPR_IF:
		if (!expand_value(x, e->op[1], what, &a))
			return false;
		if (a.kind != VALUE_TRUTH)
			return unknown(x, e->op[1], what);
		return expand_value(x, e->op[a.truth ? 0 : 2], what, out);
	case AEXPR_ERROR:
		return false;
	}
	return unknown(x, e, what);
}

bool
expand_whole(Expand *x, const AstExpr *e, const char *what, int64_t *out)
{
	Value v;
	if (!expand_value(x, e, what, &v))
		return false;
	if (v.kind == VALUE_TEXT)
		return unknown(x, e, what);
	if (v.kind == VALUE_TRUTH || v.number != floor(v.number) || fabs(v.number) > 9007199254740992.0) {
		expand_error(x, E0514, e->span, "%s is a whole number", what);
		diag_help(x->diag, "round it: `floor(x + 0.5)`");
		diag_end(x->diag);
		return false;
	}
	*out = (int64_t)v.number;
	return true;
}
