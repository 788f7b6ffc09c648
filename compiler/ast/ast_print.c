/* ast_print: expressions and statements as s-expressions.
 *
 * One line for each declaration, part and statement; parentheses say what holds
 * what. After sema each expression with a dimension carries it: (+ v:mV 1:mV):mV;
 * a number with a unit says so itself.
 */
#include "ast/ast_print.h"

#include "base/num.h"
#include "base/panic.h"

static void
put_number(StrBuf *out, double v)
{
	char text[NUM_TEXT];
	strbuf_puts(out, num_write_f64(text, v));
}

void
ast_print_text(StrBuf *out, const char *s)
{
	strbuf_putc(out, '"');
	for (; *s; s++) {
		if (*s == '\n')
			strbuf_puts(out, "\\n");
		else if (*s == '\t')
			strbuf_puts(out, "\\t");
		else if (*s == '"' || *s == '\\')
			strbuf_printf(out, "\\%c", *s);
		else
			strbuf_putc(out, *s);
	}
	strbuf_putc(out, '"');
}

void
ast_print_args(StrBuf *out, const AstArgVec *args)
{
	for (uint32_t i = 0; i < args->n; i++) {
		strbuf_putc(out, ' ');
		if (args->at[i].name)
			strbuf_printf(out, "(= %s ", args->at[i].name);
		ast_print_expr(out, args->at[i].value);
		if (args->at[i].name)
			strbuf_putc(out, ')');
	}
}

static void
print_ops(StrBuf *out, const char *head, const AstExpr *e)
{
	strbuf_printf(out, "(%s", head);
	for (int i = 0; i < 3 && e->op[i]; i++) {
		strbuf_putc(out, ' ');
		ast_print_expr(out, e->op[i]);
	}
	if (e->kind == AEXPR_MEMBER || e->kind == AEXPR_SUM || e->kind == AEXPR_OVER || e->kind == AEXPR_LET)
		strbuf_printf(out, " %s", e->name);
	ast_print_args(out, &e->args);
	strbuf_putc(out, ')');
}

static void
print_bare(StrBuf *out, const AstExpr *e)
{
	switch (e->kind) {
	case AEXPR_NUMBER:
		put_number(out, e->num.value);
		if (e->num.unit)
			strbuf_printf(out, " %s", e->num.unit->name);
		return;
	case AEXPR_BOOL:
		strbuf_puts(out, e->truth ? "true" : "false");
		return;
	case AEXPR_STRING:
		ast_print_text(out, e->string);
		return;
	case AEXPR_NAME:
		strbuf_puts(out, e->name);
		return;
	case AEXPR_MEMBER:
		print_ops(out, ".", e);
		return;
	case AEXPR_CALL:
		print_ops(out, "call", e);
		return;
	case AEXPR_INDEX:
		print_ops(out, "index", e);
		return;
	case AEXPR_LIST:
		print_ops(out, "list", e);
		return;
	case AEXPR_TUPLE:
		print_ops(out, "tuple", e);
		return;
	case AEXPR_RANGE:
		print_ops(out, e->exclusive ? "..<" : "..", e);
		return;
	case AEXPR_UNARY:
	case AEXPR_BINARY:
		print_ops(out, ast_op_text(e->op_kind), e);
		return;
	case AEXPR_IF:
		print_ops(out, "if", e);
		return;
	case AEXPR_SUM:
		print_ops(out, "sum", e);
		return;
	case AEXPR_OVER:
		print_ops(out, "over", e);
		return;
	case AEXPR_LET:
		print_ops(out, "let", e);
		return;
	case AEXPR_OR_ELSE:
		print_ops(out, "or-else", e);
		return;
	case AEXPR_ERROR:
		strbuf_puts(out, "(error)");
		return;
	case AEXPR_UNSET:
	case AEXPR_COUNT:
		break;
	}
	UNREACHABLE();
}

void
ast_print_expr(StrBuf *out, const AstExpr *e)
{
	print_bare(out, e);
	bool says_it = e->kind == AEXPR_NUMBER && e->num.unit;
	if (e->sema.type != ATYPE_UNSET && !says_it && !dim_is_none(e->sema.dim)) {
		char unit[64];
		strbuf_printf(out, ":%s", dim_unit(e->sema.dim, unit));
	}
}

/* ---- statements ------------------------------------------------------------------------------ */

void
ast_print_more(StrBuf *out, const AstExpr *e)
{
	if (!e)
		return;
	strbuf_putc(out, ' ');
	ast_print_expr(out, e);
}

static void
print_names(StrBuf *out, const AstStmt *s)
{
	strbuf_putc(out, '(');
	for (uint32_t i = 0; i < s->names.n; i++) {
		const AstExpr *arg = s->names.at[i].arg;
		strbuf_printf(out, "%s%s%s", i ? " " : "", arg ? "(" : "", s->names.at[i].name);
		ast_print_more(out, arg);
		if (arg)
			strbuf_putc(out, ')');
	}
	strbuf_putc(out, ')');
}

static void
print_if(StrBuf *out, const AstStmt *s, int depth)
{
	strbuf_puts(out, "(if");
	ast_print_more(out, s->e);
	ast_print_body(out, &s->body, depth + 1);
	if (s->other.n) {
		strbuf_putc(out, '\n');
		strbuf_indent(out, depth);
		strbuf_puts(out, "else");
		ast_print_body(out, &s->other, depth + 1);
	}
	strbuf_putc(out, ')');
}

static void
print_for(StrBuf *out, const AstStmt *s, int depth)
{
	strbuf_puts(out, "(for ");
	print_names(out, s);
	ast_print_more(out, s->target);
	if (s->shuffled)
		strbuf_puts(out, " shuffled");
	if (s->name)
		strbuf_printf(out, " (as %s)", s->name);
	ast_print_body(out, &s->body, depth + 1);
	strbuf_putc(out, ')');
}

static void
print_vote(StrBuf *out, const AstStmt *s)
{
	strbuf_puts(out, "(vote");
	ast_print_more(out, s->target);
	strbuf_printf(out, " %s ", s->name);
	print_names(out, s);
	ast_print_more(out, s->e);
	if (s->keep) {
		strbuf_puts(out, " (keep");
		ast_print_more(out, s->keep);
		strbuf_putc(out, ')');
	}
	if (s->from) {
		strbuf_puts(out, " (from");
		ast_print_more(out, s->from);
		strbuf_putc(out, ')');
	}
	strbuf_putc(out, ')');
}

static void
print_report(StrBuf *out, const AstStmt *s)
{
	strbuf_printf(out, "(report %s", s->name);
	if (s->of)
		strbuf_printf(out, " (of %s)", s->of);
	strbuf_putc(out, ')');
}

static void
print_simple(StrBuf *out, const char *head, const AstStmt *s)
{
	strbuf_printf(out, "(%s", head);
	if (s->name)
		strbuf_printf(out, " %s", s->name);
	ast_print_more(out, s->target);
	ast_print_more(out, s->e);
	strbuf_putc(out, ')');
}

static const char *const control_text[] = {
	[ACONTROL_CLAMP] = "clamp",
	[ACONTROL_SILENCE] = "silence",
	[ACONTROL_INJECT] = "inject",
	[ACONTROL_ZERO] = "zero",
};

static void
print_run(StrBuf *out, const AstStmt *s, int depth)
{
	strbuf_puts(out, "(run");
	ast_print_more(out, s->e);
	if (s->by_layer)
		strbuf_puts(out, " (layer by layer)");
	ast_print_body(out, &s->body, depth + 1);
	strbuf_putc(out, ')');
}

static void
print_stmt(StrBuf *out, const AstStmt *s, int depth)
{
	switch (s->kind) {
	case ASTMT_ASSIGN:
		strbuf_printf(out, "(%s=", ast_op_text(s->op_kind));
		ast_print_more(out, s->target);
		ast_print_more(out, s->e);
		strbuf_putc(out, ')');
		return;
	case ASTMT_LET:
		print_simple(out, "let", s);
		return;
	case ASTMT_IF:
		print_if(out, s, depth);
		return;
	case ASTMT_SPIKE:
		print_simple(out, "spike", s);
		return;
	case ASTMT_KEEP_ONE:
		print_simple(out, "keep-one", s);
		return;
	case ASTMT_EQUATION:
		print_simple(out, "equation", s);
		return;
	case ASTMT_FOR:
		print_for(out, s, depth);
		return;
	case ASTMT_RUN:
		print_run(out, s, depth);
		return;
	case ASTMT_CONTROL:
		print_simple(out, control_text[s->control], s);
		return;
	case ASTMT_PULSE:
		print_simple(out, "pulse", s);
		return;
	case ASTMT_RESET:
		print_simple(out, "reset", s);
		return;
	case ASTMT_FREEZE:
		print_simple(out, "freeze", s);
		return;
	case ASTMT_THAW:
		print_simple(out, "thaw", s);
		return;
	case ASTMT_VOTE:
		print_vote(out, s);
		return;
	case ASTMT_REPORT:
		print_report(out, s);
		return;
	case ASTMT_SAVE:
		print_simple(out, "save", s);
		return;
	case ASTMT_LOAD:
		print_simple(out, "load", s);
		return;
	case ASTMT_PRESENT:
		print_simple(out, "present", s);
		return;
	case ASTMT_EXPECT:
	case ASTMT_EVENT:
	case ASTMT_WITH:
	case ASTMT_SET:
	case ASTMT_REPEAT:
	case ASTMT_SWEEP:
	case ASTMT_GOLDEN:
		ast_print_test_line(out, s);
		return;
	case ASTMT_ERROR:
		print_simple(out, "error", s);
		return;
	case ASTMT_UNSET:
	case ASTMT_COUNT:
		break;
	}
	UNREACHABLE();
}

void
ast_print_body(StrBuf *out, const AstStmtVec *body, int depth)
{
	for (uint32_t i = 0; i < body->n; i++) {
		strbuf_putc(out, '\n');
		strbuf_indent(out, depth);
		print_stmt(out, body->at[i], depth);
	}
}
