/* put: what loop variables, rows of tables and elements of lists stand for, put in their place. */
#include "expand/inner.h"

#include <math.h>
#include <string.h>

/* ---- copies at another place ------------------------------------------------------------------ */

typedef struct { AstClone clone; Span at; } Moved;

AstExpr *
expand_number(Expand *x, Span at, double v)
{
	bool whole = v == floor(v) && fabs(v) < 1e15;
	AstExpr *e = ast_number(&x->b, at, fabs(v), whole);
	return v < 0 ? ast_unary(&x->b, at, AOP_NEG, e) : e;
}

static AstExpr *
move(AstClone *c, const AstExpr *e)
{
	Span at = ((Moved *)c)->at;
	AstExpr *r = arena_copy(c->arena, e, sizeof *e);
	r->span = at;
	if (e->kind == AEXPR_MEMBER)
		r->name_span = at;
	if (e->kind == AEXPR_NUMBER)
		r->num.unit_span = at;
	for (int i = 0; i < 3; i++)
		r->op[i] = ast_clone_expr(c, e->op[i]);
	r->args = ast_clone_args(c, &e->args);
	for (uint32_t i = 0; i < r->args.n; i++)
		r->args.at[i].name_span = at;
	return r;
}

AstExpr *
expand_here(Expand *x, const AstExpr *e, Span at)
{
	Moved m = {{.arena = x->arena, .expr = move}, at};
	return ast_clone_expr(&m.clone, e);
}

/* ---- lists of layers, connections, signals ----------------------------------------------------- */

List *
expand_find_list(Expand *x, Name base)
{
	for (uint32_t i = 0; i < x->lists.n; i++) {
		if (x->lists.at[i].base == base)
			return &x->lists.at[i];
	}
	return NULL;
}

bool
expand_flat(Expand *x, const AstExpr *e, Name *base, Name *flat, const char **shown)
{
	const AstExpr *of = e->op[0];
	StrBuf name = strbuf_init(x->arena), text = strbuf_init(x->arena);
	*base = of->name;
	strbuf_puts(&name, *base);
	strbuf_printf(&text, "%s[", *base);
	for (uint32_t i = 0; i < e->args.n; i++) {
		int64_t k;
		if (!expand_whole(x, ast_clone_expr(&x->clone, e->args.at[i].value), "the index of a list", &k))
			return false;
		if (k < 0) {
			expand_error(x, E0408, e->args.at[i].value->span, "the index of a list is not negative, and this is %lld",
				     (long long)k);
			diag_help(x->diag, "count from 0");
			diag_end(x->diag);
			return false;
		}
		strbuf_printf(&name, "_%lld", (long long)k);
		strbuf_printf(&text, "%s%lld", i ? ", " : "", (long long)k);
	}
	strbuf_putc(&text, ']');
	*flat = intern(x->env->names, strbuf_text(&name));
	*shown = strbuf_text(&text);
	return true;
}

static AstExpr *
element(Expand *x, const AstExpr *e)
{
	Use use = {.span = e->span, .turn = x->turn};
	if (!expand_flat(x, e, &use.base, &use.flat, &use.shown))
		return ast_error(&x->b, e->span);
	VEC_PUSH(x->arena, &x->uses, use);
	return ast_name(&x->b, e->span, use.flat);
}

/* ---- names -------------------------------------------------------------------------------------- */

static const Bind *
find_bind(const Expand *x, const AstExpr *e)
{
	if (e->kind != AEXPR_NAME || ast_clone_hides(&x->clone, e->name))
		return NULL;
	for (uint32_t i = x->binds.n; i-- > 0;) {
		if (x->binds.at[i].name == e->name)
			return &x->binds.at[i];
	}
	return NULL;
}

static bool
is_table(const Expand *x, const AstExpr *e)
{
	return e->kind == AEXPR_NAME && !find_bind(x, e) && !ast_clone_hides(&x->clone, e->name) && expand_is_table(x, e->name);
}

static AstExpr *
bare_table(Expand *x, const AstExpr *e)
{
	const Table *t = expand_find_table(x, e->name);
	if (!t)
		return ast_error(&x->b, e->span);
	expand_error(x, E0241, e->span, "`%s` is a table, and one of its entries is needed here", e->name);
	diag_label(x->diag, t->d->name_span, "declared here");
	if (t->d->table.columns.n)
		diag_help(x->diag, "go over its rows by `for p in %s { … p.%s … }`", e->name, t->d->table.columns.at[0].name);
	else
		diag_help(x->diag, "write its indices: `%s[…]`", e->name);
	diag_end(x->diag);
	return ast_error(&x->b, e->span);
}

/* Row k of a table of rows, written t[k]: its number; false after a message. */
static bool
row_of(Expand *x, Table *t, const AstExpr *e, uint64_t *row)
{
	int64_t k;
	if (e->args.n != 1 || !expand_whole(x, ast_clone_expr(&x->clone, e->args.at[0].value), "the row of a table", &k))
		return false;
	if (k >= 0 && (uint64_t)k < t->extent[0]) {
		*row = (uint64_t)k;
		return true;
	}
	expand_error(x, E0408, e->span, "`%s` has rows 0 to %llu, and not %lld", t->d->name,
		     (unsigned long long)t->extent[0] - 1, (long long)k);
	diag_label(x->diag, t->d->name_span, "declared here");
	diag_help(x->diag, "count rows from 0");
	diag_end(x->diag);
	return false;
}

/* p.name, or t[k].name; NULL: something else. */
static AstExpr *
member(Expand *x, const AstExpr *e)
{
	const Bind *b = find_bind(x, e->op[0]);
	if (b && b->table)
		return expand_column(x, b->table, b->row, e);
	if (e->op[0]->kind != AEXPR_INDEX || !is_table(x, e->op[0]->op[0]))
		return NULL;
	Table *t = expand_find_table(x, e->op[0]->op[0]->name);
	uint64_t row;
	if (!t || !t->d->table.columns.n || !row_of(x, t, e->op[0], &row))
		return ast_error(&x->b, e->span);
	return expand_column(x, t, row, e);
}

static AstExpr *
indexed(Expand *x, const AstExpr *e)
{
	if (is_table(x, e->op[0])) {
		Table *t = expand_find_table(x, e->op[0]->name);
		return t ? expand_cell(x, t, e, &e->args) : ast_error(&x->b, e->span);
	}
	bool hidden = e->op[0]->kind != AEXPR_NAME || ast_clone_hides(&x->clone, e->op[0]->name) || find_bind(x, e->op[0]);
	return !hidden && expand_find_list(x, e->op[0]->name) ? element(x, e) : NULL;
}

/* ---- what is known then -------------------------------------------------------------------------- */

static const char *
text_of(const AstExpr *e)
{
	return e->kind == AEXPR_STRING ? e->string : e->kind == AEXPR_NAME ? e->name : NULL;
}

/* p.name == "exc", p.name == q.name: texts are compared here, since they are nothing in a run. */
static AstExpr *
compared(Expand *x, const AstExpr *e)
{
	const AstExpr *a = ast_clone_expr(&x->clone, e->op[0]), *b = ast_clone_expr(&x->clone, e->op[1]);
	const char *s = text_of(a), *t = text_of(b);
	bool is_text = a->kind == AEXPR_STRING || b->kind == AEXPR_STRING ||
		       (a->kind == AEXPR_NAME && e->op[0]->kind != AEXPR_NAME && !expand_constant(x, a->name)) ||
		       (b->kind == AEXPR_NAME && e->op[1]->kind != AEXPR_NAME && !expand_constant(x, b->name));
	if (!s || !t || !is_text)
		return ast_binary(&x->b, e->span, e->op_kind, (AstExpr *)a, (AstExpr *)b);
	return ast_bool(&x->b, e->span, (strcmp(s, t) == 0) == (e->op_kind == AOP_EQ));
}

static AstExpr *
logical(Expand *x, const AstExpr *e)
{
	AstExpr *a = ast_clone_expr(&x->clone, e->op[0]), *b = ast_clone_expr(&x->clone, e->op[1]);
	bool neutral = e->op_kind == AOP_AND;
	if (a->kind == AEXPR_BOOL)
		return a->truth == neutral ? b : a;
	if (b->kind == AEXPR_BOOL)
		return b->truth == neutral ? a : b;
	return ast_binary(&x->b, e->span, e->op_kind, a, b);
}

static AstExpr *
negated(Expand *x, const AstExpr *e)
{
	AstExpr *a = ast_clone_expr(&x->clone, e->op[0]);
	return a->kind == AEXPR_BOOL ? ast_bool(&x->b, e->span, !a->truth) : ast_unary(&x->b, e->span, AOP_NOT, a);
}

/* A branch that is known is taken, so that the other may speak of what is not there. */
static AstExpr *
branch(Expand *x, const AstExpr *e)
{
	AstExpr *cond = ast_clone_expr(&x->clone, e->op[1]);
	if (cond->kind == AEXPR_BOOL)
		return ast_clone_expr(&x->clone, e->op[cond->truth ? 0 : 2]);
	return ast_if(&x->b, e->span, ast_clone_expr(&x->clone, e->op[0]), cond, ast_clone_expr(&x->clone, e->op[2]));
}

static AstExpr *
unnamed(Expand *x, const AstExpr *e)
{
	expand_error(x, E0117, e->span, "the parts of a value have names; a row without them is one of a table");
	diag_help(x->diag, "write `(pre: a, post: b)`, or a list `[a, b]`");
	diag_end(x->diag);
	return ast_error(&x->b, e->span);
}

AstExpr *
expand_put(AstClone *c, const AstExpr *e)
{
	Expand *x = (Expand *)c;
	const Bind *b;
	switch ((int)e->kind) {
	case AEXPR_NAME:
		b = find_bind(x, e);
		if (b)
			return b->table ? expand_number(x, e->span, (double)b->row) : expand_here(x, b->e, e->span);
		return is_table(x, e) ? bare_table(x, e) : NULL;
	case AEXPR_MEMBER:
		return member(x, e);
	case AEXPR_INDEX:
		return indexed(x, e);
	case AEXPR_BINARY:
		if (e->op_kind == AOP_EQ || e->op_kind == AOP_NE)
			return compared(x, e);
		return e->op_kind == AOP_AND || e->op_kind == AOP_OR ? logical(x, e) : NULL;
	case AEXPR_UNARY:
		return e->op_kind == AOP_NOT ? negated(x, e) : NULL;
	case AEXPR_IF:
		return branch(x, e);
	case AEXPR_TUPLE:
		return e->args.n && !e->args.at[0].name ? unnamed(x, e) : NULL;
	}
	return NULL;
}
