/* loop: what loops go over, turn by turn; loops of an experiment over tables and lists. */
#include "expand/inner.h"

#include <string.h>

static bool
misused(Expand *x, const AstExpr *e)
{
	expand_error(x, E0810, e->span, "a loop of declarations goes over a table, a range or a list");
	diag_help(x->diag, "write `for p in pop { … }`, `for k in 0 ..< 4 { … }` or `for x in [a, b] { … }`");
	diag_end(x->diag);
	return false;
}

/* An array over one axis is a list. */
static const Table *
over_table(Expand *x, const AstExpr *e)
{
	const Table *t = expand_find_table(x, e->name);
	if (!t || t->d->table.columns.n || t->rank == 1)
		return t;
	expand_error(x, E0810, e->span, "a loop goes over rows or one axis, and `%s` has %u axes", e->name, t->rank);
	diag_label(x->diag, t->d->name_span, "declared here");
	diag_help(x->diag, "go over what its axes count: `for s in …, t in …`");
	diag_end(x->diag);
	return NULL;
}

bool
expand_turns(Expand *x, const AstExpr *over, Turns *out)
{
	*out = (Turns){.at = over->span};
	if (over->kind == AEXPR_RANGE) {
		int64_t hi;
		if (!expand_whole(x, ast_clone_expr(&x->clone, over->op[0]), "the first number of a loop", &out->lo) ||
		    !expand_whole(x, ast_clone_expr(&x->clone, over->op[1]), "the last number of a loop", &hi))
			return false;
		out->hi = over->exclusive ? hi : hi + 1;
		return true;
	}
	if (over->kind == AEXPR_NAME && expand_is_table(x, over->name)) {
		out->table = over_table(x, over);
		return out->table != NULL;
	}
	if (over->kind == AEXPR_NAME)
		out->list = expand_find_list(x, over->name);
	if (out->list)
		return true;
	if (over->kind != AEXPR_LIST)
		return misused(x, over);
	out->items = ast_clone_expr(&x->clone, over);
	return true;
}

uint64_t
expand_count(const Turns *t)
{
	return t->table   ? t->table->extent[0]
	       : t->list  ? t->list->made.n
	       : t->items ? t->items->args.n
	       : t->hi > t->lo ? (uint64_t)(t->hi - t->lo)
			       : 0;
}

bool
expand_may_bind(Expand *x, Name name, Span at)
{
	const AstDecl *d = NULL;
	for (uint32_t i = 0; i < x->in->decls.n && !d; i++) {
		const AstDecl *other = x->in->decls.at[i];
		if (!other->library && other->name == name && other->kind != ADECL_TEST && other->kind != ADECL_SETTING)
			d = other;
	}
	const Bind *b = NULL;
	for (uint32_t i = 0; i < x->binds.n && !b; i++) {
		if (x->binds.at[i].name == name)
			b = &x->binds.at[i];
	}
	bool index = strcmp(name, "i") == 0 || strcmp(name, "j") == 0;
	if (!d && !b && !index)
		return true;
	if (index)
		expand_error(x, E0214, at, "`%s` is the index of a neuron already", name);
	else
		expand_error(x, E0202, at, "`%s` is declared twice", name);
	if (!index)
		diag_label(x->diag, d ? d->name_span : b->span, "first here");
	diag_help(x->diag, "give the variable of the loop another name");
	diag_end(x->diag);
	return false;
}

void
expand_bind(Expand *x, Name name, Span at, const Turns *t, uint64_t k)
{
	Bind b = {.name = name, .span = at};
	if (t->table && t->table->d->table.columns.n) {
		b.table = (Table *)t->table;
		b.row = k;
	} else if (t->table) {
		int64_t index = t->table->first[0] + (int64_t)k;
		AstExpr *use = ast_index(&x->b, t->at, ast_name(&x->b, t->at, t->table->d->name),
					 ast_args(&x->b, NULL, (AstId){0}, expand_number(x, t->at, (double)index)));
		b.e = expand_cell(x, (Table *)t->table, use, &use->args);
	} else if (t->list) {
		b.e = ast_name(&x->b, t->at, t->list->made.at[k]);
	} else if (t->items) {
		b.e = t->items->args.at[k].value;
	} else {
		b.e = expand_number(x, t->at, (double)(t->lo + (int64_t)k));
	}
	VEC_PUSH(x->arena, &x->binds, b);
}

/* ---- in an experiment --------------------------------------------------------------------------- */

static bool
has_let(const AstStmtVec *body)
{
	for (uint32_t i = 0; i < body->n; i++) {
		if (body->at[i]->kind == ASTMT_LET)
			return true;
	}
	return false;
}

/* Loops over data and numbers run; those over tables, layers and lists are written out, turn by turn. */
static bool
is_written_out(Expand *x, const AstStmt *s)
{
	const AstExpr *over = s->target;
	if (s->kind != ASTMT_FOR || !over || (over->kind != AEXPR_NAME && over->kind != AEXPR_LIST))
		return false;
	return over->kind == AEXPR_LIST || (!ast_clone_hides(&x->clone, over->name) &&
					    (expand_is_table(x, over->name) || expand_find_list(x, over->name)));
}

bool
expand_loop_stmt(AstClone *c, const AstStmt *s, AstStmtVec *out)
{
	Expand *x = (Expand *)c;
	Turns turns;
	if (!is_written_out(x, s))
		return false;
	if (s->names.n != 1 || s->shuffled || s->name) {
		expand_error(x, E0820, s->span, "a loop over a table or a list has one variable, and is no phase");
		diag_help(x->diag, "write `for p in pop { … }`; loops over numbers and data are shuffled and named");
		diag_end(x->diag);
		return true;
	}
	if (!expand_may_bind(x, s->names.at[0].name, s->names.at[0].span) || !expand_turns(x, s->target, &turns))
		return true;
	for (uint64_t k = 0; k < expand_count(&turns) && x->made < MOST_MADE; k++, x->made++) {
		expand_bind(x, s->names.at[0].name, s->names.at[0].span, &turns, k);
		AstStmtVec body = ast_clone_stmts(c, &s->body);
		x->binds.n--;
		if (has_let(&s->body)) {          /* a block of its own, so that the name ends with the turn */
			VEC_PUSH(x->arena, out, ast_if_stmt(&x->b, s->span, ast_bool(&x->b, s->span, true), &body, NULL));
			continue;
		}
		for (uint32_t i = 0; i < body.n; i++)
			VEC_PUSH(x->arena, out, body.at[i]);
	}
	return true;
}
