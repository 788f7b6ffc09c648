/* elab_set: values from the command line. Their text was parsed but not checked by sema, so names and
 * dimensions are looked at here: such a value is made of numbers, units and truth values alone. */
#include "elab/elab_inner.h"

#include <string.h>

static bool
is_settable(const AstDecl *d)
{
	return d->kind == ADECL_PARAM && d->name && !d->library;
}

/* dt, seed and batch can be set whether the program mentions them or not. */
static bool
is_setting(const char *name)
{
	return !strcmp(name, "dt") || !strcmp(name, "seed") || !strcmp(name, "batch");
}

const AstExpr *
elab_set(Elab *el, Name name)
{
	const AstExpr *found = NULL;
	for (uint32_t i = 0; i < el->env->nsets; i++) {
		if (el->env->sets[i].name == name)
			found = el->env->sets[i].value; /* the last one counts */
	}
	return found;
}

/* What a value of the command line is: its dimension, unless it is all bare numbers. */
typedef struct {
	bool ok, bare;
	AstTypeKind type;
	Dim dim;
} Shape;

static Shape shape_of(Elab *el, const AstExpr *e, const char *name);

static Shape
refuse(Elab *el, const AstExpr *e, const char *name)
{
	elab_error(el, E0504, e->span,
		   "--set %s takes numbers with units, lists of them, `true` or `false`", name);
	diag_help(el->diag, "write it like `--set %s=20` or `--set %s='10 ms'`", name, name);
	diag_end(el->diag);
	return (Shape){0};
}

static Shape
shape_of_binary(Elab *el, const AstExpr *e, const char *name)
{
	Shape a = shape_of(el, e->op[0], name), b = shape_of(el, e->op[1], name);
	if (!a.ok || !b.ok)
		return (Shape){0};
	Shape r = {true, a.bare && b.bare, ATYPE_REAL, a.dim};
	if (a.type != ATYPE_REAL || b.type != ATYPE_REAL)
		return refuse(el, e, name);
	switch (e->op_kind) {
	case AOP_MUL:
		r.dim = dim_mul(a.dim, b.dim);
		return r;
	case AOP_DIV:
		r.dim = dim_div(a.dim, b.dim);
		return r;
	case AOP_ADD:
	case AOP_SUB:
		r.dim = a.bare ? b.dim : a.dim;
		if (a.bare || b.bare || dim_equal(a.dim, b.dim))
			return r;
		return refuse(el, e, name);
	case AOP_UNSET:
	case AOP_NEG:
	case AOP_NOT:
	case AOP_EQ:
	case AOP_NE:
	case AOP_LT:
	case AOP_LE:
	case AOP_GT:
	case AOP_GE:
	case AOP_AND:
	case AOP_OR:
	case AOP_COUNT:
		break;
	}
	return refuse(el, e, name);
}

/* Of the items of a list or the parts of a tuple: those of the first that states a dimension. */
static Shape
shape_of_items(Elab *el, const AstExpr *e, const char *name, AstTypeKind type)
{
	Shape r = {true, true, type, {{0}}};
	for (uint32_t i = 0; i < e->args.n; i++) {
		Shape a = shape_of(el, e->args.at[i].value, name);
		if (!a.ok)
			return a;
		if (!a.bare && r.bare) {
			r.bare = false;
			r.dim = a.dim;
		}
	}
	return r;
}

static Shape
shape_of(Elab *el, const AstExpr *e, const char *name)
{
	switch (e->kind) {
	case AEXPR_NUMBER:
		if (e->num.unit)
			return (Shape){true, false, ATYPE_REAL, e->num.unit->dim};
		return (Shape){true, true, ATYPE_REAL, {{0}}};
	case AEXPR_BOOL:
		return (Shape){true, true, ATYPE_BOOL, {{0}}};
	case AEXPR_NAME:
		if (strcmp(e->name, "inf") == 0)
			return (Shape){true, true, ATYPE_REAL, {{0}}};
		return refuse(el, e, name);
	case AEXPR_LIST:
		return shape_of_items(el, e, name, ATYPE_LIST);
	case AEXPR_TUPLE:
		return shape_of_items(el, e, name, ATYPE_TUPLE);
	case AEXPR_UNARY:
		return e->op_kind == AOP_NEG ? shape_of(el, e->op[0], name) : refuse(el, e, name);
	case AEXPR_BINARY:
		return shape_of_binary(el, e, name);
	case AEXPR_ERROR:
		return (Shape){0};
	case AEXPR_UNSET:
	case AEXPR_STRING:
	case AEXPR_MEMBER:
	case AEXPR_CALL:
	case AEXPR_INDEX:
	case AEXPR_RANGE:
	case AEXPR_IF:
	case AEXPR_SUM:
	case AEXPR_OVER:
	case AEXPR_LET:
	case AEXPR_OR_ELSE:
	case AEXPR_COUNT:
		break;
	}
	return refuse(el, e, name);
}

/* ---- does it fit the declaration? ------------------------------------------------------------ */

static const AstDecl *
find_settable(Elab *el, Name name)
{
	for (uint32_t i = 0; i < el->ast->decls.n; i++) {
		const AstDecl *d = el->ast->decls.at[i];
		if (is_settable(d) && d->name == name)
			return d;
	}
	return NULL;
}

/* "`n`, `train`, `dt`" */
static const char *
name_list(Elab *el, const char *const *names, uint32_t n)
{
	StrBuf out = strbuf_init(el->arena);
	for (uint32_t i = 0; i < n; i++)
		strbuf_printf(&out, "%s`%s`", i ? ", " : "", names[i]);
	return strbuf_text(&out);
}

static void
report_unknown(Elab *el, const AstArg *set)
{
	VEC(const char *) names = {0};
	for (uint32_t i = 0; i < el->ast->decls.n; i++) {
		if (is_settable(el->ast->decls.at[i]))
			VEC_PUSH(el->arena, &names, el->ast->decls.at[i]->name);
	}
	static const char *const settings[] = {"dt", "seed", "batch"};
	for (int i = 0; i < 3; i++)
		VEC_PUSH(el->arena, &names, settings[i]);
	const char *near = suggest(set->name, names.at, names.n);
	elab_error(el, E0522, (Span){0, 0}, "--set %s: the program has no `param` or `tunable` of this name", set->name);
	if (near)
		diag_help(el->diag, "did you mean `%s`?", near);
	else
		diag_help(el->diag, "there are %s", name_list(el, names.at, names.n));
	diag_end(el->diag);
}

static bool
is_number_kind(AstTypeKind t)
{
	return t == ATYPE_REAL || t == ATYPE_LIST || t == ATYPE_TUPLE;
}

/* What `name` wants: false if it is nothing that can be set. */
static bool
wanted(Elab *el, Name name, Shape *want, Span *declared)
{
	const AstDecl *d = find_settable(el, name);
	*want = (Shape){.ok = true, .type = ATYPE_REAL};
	*declared = (Span){0, 0};
	if (d) {
		want->type = d->value.value->sema.type;
		want->dim = d->sym ? d->sym->dim : d->value.value->sema.dim;
		*declared = d->name_span;
	} else if (strcmp(name, "dt") == 0) {
		want->dim.twice[DIM_TIME] = 2;
	}
	return d || is_setting(name);
}

static void
check_set(Elab *el, const AstArg *set)
{
	Shape want;
	Span declared;
	if (!wanted(el, set->name, &want, &declared)) {
		report_unknown(el, set);
		return;
	}
	Shape given = shape_of(el, set->value, set->name);
	char noun[64], other[64];
	if (!given.ok) {
		el->failed = true;
		return;
	}
	if (is_number_kind(want.type) != is_number_kind(given.type)) {
		bool truth = given.type == ATYPE_BOOL;
		elab_error(el, E0504, set->value->span, "`%s` is %s, and this is %s", set->name,
			   truth ? "a number" : "true or false",
			   truth ? "true or false" : "a number");
	} else if (!given.bare && !dim_equal(given.dim, want.dim)) {
		elab_error(el, E0504, set->value->span, "`%s` is %s, and this is %s", set->name,
			   dim_noun(want.dim, noun), dim_noun(given.dim, other));
	} else {
		return;
	}
	if (declared.hi)
		diag_label(el->diag, declared, "declared here");
	diag_help(el->diag, "give %s the unit that the program gives it, or a bare number", set->name);
	diag_end(el->diag);
}

void
elab_check_sets(Elab *el)
{
	for (uint32_t i = 0; i < el->env->nsets; i++)
		check_set(el, &el->env->sets[i]);
}
