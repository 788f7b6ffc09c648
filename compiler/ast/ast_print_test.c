/* ast_print_test: tests as s-expressions; see ast_print.c. */
#include "ast/ast_print.h"

#include "base/panic.h"

static const char *
head_of(AstStmtKind kind)
{
	switch ((int)kind) {
	case ASTMT_EXPECT:
		return "expect";
	case ASTMT_EVENT:
		return "event";
	case ASTMT_WITH:
		return "with";
	case ASTMT_SET:
		return "set";
	case ASTMT_REPEAT:
		return "repeat";
	case ASTMT_SWEEP:
		return "sweep";
	case ASTMT_GOLDEN:
		return "golden";
	}
	UNREACHABLE();
}

void
ast_print_test_line(StrBuf *out, const AstStmt *s)
{
	strbuf_printf(out, "(%s", head_of(s->kind));
	if (s->name)
		strbuf_printf(out, " %s", s->name);
	ast_print_more(out, s->target);
	ast_print_args(out, &s->args);
	if (s->kind == ASTMT_EXPECT && s->e)
		strbuf_puts(out, " (near");
	ast_print_more(out, s->e);
	ast_print_more(out, s->within);
	strbuf_puts(out, s->percent ? " percent" : "");
	if (s->kind == ASTMT_EXPECT && s->e)
		strbuf_putc(out, ')');
	ast_print_more(out, s->from);
	if (s->at) {
		strbuf_puts(out, " (at");
		ast_print_more(out, s->at);
		strbuf_putc(out, ')');
	}
	strbuf_putc(out, ')');
}

void
ast_print_test(StrBuf *out, const AstTest *t, int depth)
{
	strbuf_puts(out, "(test ");
	ast_print_text(out, t->name);
	ast_print_body(out, &t->body, depth + 1);
	strbuf_putc(out, ')');
}
