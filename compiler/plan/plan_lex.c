/* plan_lex: the tokens of plan text. Any bytes may come; what is no token is an error, never a crash. */
#include "plan/plan_lex.h"

#include <string.h>

void
plan_lex_fail(PlanLex *x, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	const char *what = arena_vprintf(x->arena, fmt, ap);
	va_end(ap);
	x->why = arena_printf(x->arena, "line %u: %s", x->line, what);
	longjmp(x->out, 1);
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_word(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static void
skip_blank(PlanLex *x)
{
	for (;; x->at++) {
		if (x->at[0] == '/' && x->at[1] == '/')
			x->at += strcspn(x->at, "\n");
		if (*x->at == '\n')
			x->line++;
		else if (*x->at != ' ' && *x->at != '\t' && *x->at != '\r' && *x->at != ';')
			return;
	}
}

static int
hex_digit(char c)
{
	if (is_digit(c))
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static char
read_escape(PlanLex *x)
{
	char c = *++x->at;
	if (c == 'n')
		return '\n';
	if (c == '\\' || c == '"' || c == '`')
		return c;
	if (c == 'x' && hex_digit(x->at[1]) >= 0 && hex_digit(x->at[2]) >= 0) {
		int v = 16 * hex_digit(x->at[1]) + hex_digit(x->at[2]);
		x->at += 2;
		if (v != 0)
			return (char)v;
	}
	plan_lex_fail(x, "unknown escape in quotes");
}

static void
read_quoted(PlanLex *x, char quote)
{
	StrBuf b = strbuf_init(x->arena);
	for (x->at++; *x->at != quote; x->at++) {
		if (*x->at == '\0' || *x->at == '\n')
			plan_lex_fail(x, "the closing %c is missing", quote);
		strbuf_putc(&b, *x->at == '\\' ? read_escape(x) : *x->at);
	}
	x->at++;
	x->kind = quote == '"' ? TOK_STRING : TOK_QUOTED;
	x->s = strbuf_text(&b);
	x->n = strlen(x->s);
}

/* Digits, at most one dot between digits, an exponent, a type behind: 3 -> 3, 1.5e-3f64, 0xffu32. */
static void
read_number(PlanLex *x)
{
	const char *c = x->at;
	bool hex = c[0] == '0' && (c[1] == 'x' || c[1] == 'X');
	while (is_word(*c) || (*c == '.' && is_digit(c[1]))) {
		bool exponent = !hex && (*c == 'e' || *c == 'E') && (c[1] == '-' || c[1] == '+');
		c += exponent ? 2 : 1;
	}
	x->kind = TOK_NUMBER;
	x->s = x->at;
	x->n = (size_t)(c - x->at);
	x->at = c;
}

static void
read_name(PlanLex *x)
{
	const char *c = x->at;
	while (is_word(*c) || (*c == '.' && is_word(c[1])))
		c++;
	x->kind = TOK_NAME;
	x->s = x->at;
	x->n = (size_t)(c - x->at);
	x->at = c;
}

static void
read_sign(PlanLex *x)
{
	static const char *const signs[] = {"..<", "->", "<<", ">>", "==", "!=", "<=", ">="};
	x->kind = TOK_SIGN;
	x->s = x->at;
	x->n = 0;
	for (size_t i = 0; i < sizeof signs / sizeof signs[0] && !x->n; i++) {
		if (strncmp(x->at, signs[i], strlen(signs[i])) == 0)
			x->n = strlen(signs[i]);
	}
	if (!x->n && strchr("()[]{},:=+-*/%&|^<>!", *x->at))
		x->n = 1;
	if (!x->n)
		plan_lex_fail(x, "a byte that belongs to no token: 0x%02x", (unsigned char)*x->at);
	x->at += x->n;
}

void
plan_lex_next(PlanLex *x)
{
	skip_blank(x);
	char c = *x->at;
	if (c == '\0') {
		x->kind = TOK_END;
		x->s = x->at;
		x->n = 0;
	} else if (c == '"' || c == '`') {
		read_quoted(x, c);
	} else if (is_digit(c)) {
		read_number(x);
	} else if (is_word(c)) {
		read_name(x);
	} else {
		read_sign(x);
	}
}

bool
plan_lex_is(const PlanLex *x, const char *text)
{
	return (x->kind == TOK_NAME || x->kind == TOK_SIGN) && strlen(text) == x->n && memcmp(x->s, text, x->n) == 0;
}

bool
plan_lex_take(PlanLex *x, const char *text)
{
	if (!plan_lex_is(x, text))
		return false;
	plan_lex_next(x);
	return true;
}

void
plan_lex_want(PlanLex *x, const char *text)
{
	if (!plan_lex_take(x, text))
		plan_lex_fail(x, "`%s` expected before %s", text, plan_lex_shown(x));
}

const char *
plan_lex_shown(PlanLex *x)
{
	int n = x->n > 40 ? 40 : (int)x->n;
	if (x->kind == TOK_END)
		return "the end";
	return arena_printf(x->arena, x->kind == TOK_STRING ? "\"%.*s\"" : "`%.*s`", n, x->s);
}
