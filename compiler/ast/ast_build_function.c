/* ast_build_function: the lines of a function become one expression: names of parts, and conditions, around its value. */
#include "ast/ast_build.h"

AstExpr *
ast_if_line(AstBuild *b, Span at, AstExpr *cond, AstExpr *then, AstExpr *other)
{
	return ast_if(b, at, then, cond, other);
}

AstExpr *
ast_no_assignment(AstBuild *b, Span at, AstId name)
{
	diag_begin(b->diag, E0618, at, "a function changes nothing, so `%s` cannot be assigned", name.name);
	diag_help(b->diag, "give what is chosen a name: `let %s = … if … else …`", name.name);
	diag_end(b->diag);
	b->failed = true;
	return ast_error(b, at);
}

/* Where an `if` without `else` leaves the rest to the lines below; NULL: every way has its value. */
static AstExpr *
open_end(AstExpr *e)
{
	while (e && e->kind == AEXPR_IF && e->op[2])
		e = e->op[2];
	return e && e->kind == AEXPR_IF ? e : NULL;
}

static AstExpr *
close(AstBuild *b, AstExpr *e, AstExpr *rest)
{
	AstExpr *other = e->op[2] ? close(b, e->op[2], rest) : rest;
	return ast_if(b, e->span, e->op[0], e->op[1], other);
}

static AstExpr *
fail(AstBuild *b, Span at)
{
	diag_end(b->diag);
	b->failed = true;
	return ast_error(b, at);
}

static AstExpr *
last_value(AstBuild *b, Span at, const AstArgVec *lines)
{
	const AstArg *last = lines && lines->n ? &lines->at[lines->n - 1] : NULL;
	if (last && last->value->kind == AEXPR_ERROR)
		return last->value;
	if (!last || last->name) {
		diag_begin(b->diag, E0654, last ? last->name_span : at, "this block gives no value");
		diag_help(b->diag, "its last line is the value: `{ let y = x * x ; y + 1 }`");
		return fail(b, at);
	}
	const AstExpr *open = open_end(last->value);
	if (!open)
		return last->value;
	diag_begin(b->diag, E0654, open->op[1]->span, "there is no value where this does not hold");
	diag_help(b->diag, "add `else { … }`, or a line below it for all other cases");
	return fail(b, at);
}

static bool
is_broken(const AstExpr *e)
{
	return e && (e->kind == AEXPR_ERROR || (e->kind == AEXPR_IF && (is_broken(e->op[0]) || is_broken(e->op[2]))));
}

static AstExpr *
report_unreached(AstBuild *b, const AstArg *line, const AstArg *next)
{
	if (is_broken(line->value) || is_broken(next->value))
		return ast_error(b, line->value->span);
	diag_begin(b->diag, E0654, line->value->span, "this is the value already, and lines stand behind it");
	diag_label(b->diag, next->name ? next->name_span : next->value->span, "this would count for nothing");
	diag_help(b->diag, "the last line is the value; parts before it have names: `let y = …`");
	return fail(b, line->value->span);
}

AstExpr *
ast_lines(AstBuild *b, Span at, AstArgVec *lines)
{
	AstExpr *e = last_value(b, at, lines);
	for (uint32_t i = lines && lines->n ? lines->n - 1 : 0; i-- > 0;) {
		const AstArg *line = &lines->at[i];
		if (line->name)
			e = ast_let_in(b, at, (AstId){.name = line->name, .span = line->name_span}, line->value, e);
		else if (open_end(line->value))
			e = close(b, line->value, e);
		else
			e = report_unreached(b, line, &lines->at[i + 1]);
	}
	return e;
}
