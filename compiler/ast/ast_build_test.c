/* ast_build_test: tests, their events and what they expect. */
#include "ast/ast_build.h"

AstStmt *
ast_expect(AstBuild *b, Span at, AstExpr *what)
{
	AstStmt *s = ast_plain_stmt(b, at, ASTMT_EXPECT);
	s->target = what;
	return s;
}

static void
report_twice(AstBuild *b, Span first, Span again, const char *what)
{
	diag_begin(b->diag, E0108, again, "`%s` is written twice", what);
	diag_label(b->diag, first, "first here");
	diag_help(b->diag, "keep one of them");
	diag_end(b->diag);
	b->failed = true;
}

static bool
is_comparison(const AstExpr *e)
{
	return e->kind == AEXPR_BINARY && e->op_kind >= AOP_EQ && e->op_kind <= AOP_GE;
}

/* `expect v at 10 ms == 3 mV` compares v, not the time. */
AstStmt *
ast_expect_at(AstBuild *b, AstStmt *s, Span at, AstExpr *times)
{
	if (is_comparison(times) && !s->e) {
		s->target = ast_binary(b, span_join(s->target->span, times->span), times->op_kind, s->target, times->op[1]);
		times = times->op[0];
	}
	if (s->at)
		report_twice(b, s->at->span, at, "at");
	s->at = times;
	s->span = span_join(s->span, at);
	return s;
}

AstStmt *
ast_expect_near(AstBuild *b, AstStmt *s, Span at, AstExpr *value, AstExpr *within, bool percent)
{
	if (s->e)
		report_twice(b, s->e->span, at, "near");
	s->e = value;
	s->within = within;
	s->percent = percent;
	s->span = span_join(s->span, at);
	return s;
}

AstStmt *
ast_event(AstBuild *b, Span at, AstId name, AstExpr *target, AstExpr *value, AstExpr *times)
{
	AstStmt *s = ast_plain_stmt(b, at, ASTMT_EVENT);
	s->name = name.name;
	s->name_span = name.span;
	s->target = target;
	s->e = value;
	s->at = times;
	return s;
}

/* reward = 1 at [30 ms] */
AstStmt *
ast_event_assign(AstBuild *b, Span at, AstStmt *assign, AstExpr *times)
{
	if (assign->op_kind != AOP_UNSET) {
		diag_begin(b->diag, E0102, assign->span, "what holds at a time is given by `=`");
		diag_help(b->diag, "write `reward = 1 at [30 ms]`");
		diag_end(b->diag);
		b->failed = true;
	}
	return ast_event(b, at, (AstId){0}, assign->target, assign->e, times);
}

AstStmt *
ast_with(AstBuild *b, Span at, AstArgVec *args)
{
	AstStmt *s = ast_plain_stmt(b, at, ASTMT_WITH);
	if (args)
		s->args = *args;
	return s;
}

AstStmt *
ast_set(AstBuild *b, Span at, AstId name, AstExpr *value)
{
	AstStmt *s = ast_plain_stmt(b, at, ASTMT_SET);
	s->name = name.name;
	s->name_span = name.span;
	s->e = value;
	return s;
}

AstStmt *
ast_repeat(AstBuild *b, Span at, AstExpr *times, AstExpr *every)
{
	AstStmt *s = ast_plain_stmt(b, at, ASTMT_REPEAT);
	s->e = times;
	s->from = every;
	return s;
}

AstStmt *
ast_sweep(AstBuild *b, Span at, AstExpr *what, AstExpr *range, AstExpr *by)
{
	AstStmt *s = ast_plain_stmt(b, at, ASTMT_SWEEP);
	s->target = what;
	s->e = range;
	s->from = by;
	return s;
}

AstStmt *
ast_golden(AstBuild *b, Span at, AstExpr *path, AstExpr *of)
{
	AstStmt *s = ast_plain_stmt(b, at, ASTMT_GOLDEN);
	s->e = path;
	s->target = of;
	return s;
}

AstTest *
ast_test(AstBuild *b, Span at, const char *name, Span name_span, AstStmtVec *body)
{
	AstTest *t = ARENA_NEW(b->arena, AstTest);
	*t = (AstTest){.name = name, .span = at, .name_span = name_span, .body = *body};
	return t;
}

AstModel *
ast_model_test(AstBuild *b, AstModel *m, AstTest *t)
{
	VEC_PUSH(b->arena, &m->tests, *t);
	return m;
}

AstDecl *
ast_test_decl(AstBuild *b, Span at, AstTest *t)
{
	AstDecl *d = ARENA_NEW(b->arena, AstDecl);
	d->kind = ADECL_TEST;
	d->span = at;
	d->name_span = t->name_span;
	d->library = b->library;
	d->test = *t;
	return d;
}
