/* format: the layout of a text.
 *
 * Lines stay lines: where to break one is the author's choice, and two or more blanks in a row are, which align columns. What changes
 * is the indent, four blanks for each line that opened something still open (inside parentheses it may be deeper); one blank
 * or none between tokens; at least three before a comment; one empty line at most. No token is added or taken away.
 */
#include "parse/format.h"

#include "parse/parser.h"
#include "snn.tab.h"

#include <string.h>

enum { INDENT = 4, BEFORE_COMMENT = 3 };

typedef struct {
	uint32_t indent;
	const char *code, *comment;                       /* NULL: none */
	uint32_t gap;                                     /* blanks before a comment behind code */
	bool blank;                                       /* an empty line before it */
} Line;

typedef struct {
	Parse p;
	StrBuf code;                                      /* of the line being made */
	VEC(Line) lines;
	VEC(uint32_t) open;                               /* the line of each open bracket … */
	VEC(int) kinds;                                   /* … and what it is */
	uint32_t indent;
	bool blank;
	int last;                                         /* kind of the token before; 0: none */
	int inner;                                        /* of the innermost open bracket */
	bool minus;                                       /* the last token is a sign of a number */
} Format;

/* ---- blanks ----------------------------------------------------------------------------------- */

static bool
is_operator(int kind)
{
	switch (kind) {
	case TOK_ASSIGN: case TOK_PLUS_ASSIGN: case TOK_MINUS_ASSIGN: case TOK_STAR_ASSIGN: case TOK_SLASH_ASSIGN:
	case TOK_PLUS: case TOK_MINUS: case TOK_STAR: case TOK_SLASH:
	case TOK_EQ: case TOK_NE: case TOK_LT: case TOK_LE: case TOK_GT: case TOK_GE:
	case TOK_ARROW: case TOK_RANGE_TO: case TOK_RANGE_BELOW:
		return true;
	default:
		return false;
	}
}

static bool
is_opener(int kind)
{
	return kind == TOK_LPAREN || kind == TOK_LBRACKET || kind == TOK_LBRACE;
}

static bool
is_closer(int kind)
{
	return kind == TOK_RPAREN || kind == TOK_RBRACKET || kind == TOK_RBRACE;
}

/* A minus that is a sign: behind what no value ends with; behind a word as it is written. */
static bool
is_sign(const Format *f, const Token *t, bool gap, bool gap_behind)
{
	const Word *w = word_of(f->last);
	if (t->kind != TOK_MINUS)
		return false;
	if (f->last == 0 || is_operator(f->last) || is_opener(f->last) || f->last == TOK_COMMA || f->last == TOK_COLON || f->last == TOK_EOL)
		return true;
	if (w && (w->flags & WORD_RESERVED) && f->last != TOK_TRUE && f->last != TOK_FALSE && f->last != TOK_INF)
		return true;
	return (w || f->last == TOK_NAME) && gap && !gap_behind;
}

/* Whether a blank stands between the last token and this one; gap: whether one did. */
static bool
wants_blank(const Format *f, const Token *t, uint32_t gap)
{
	int a = f->last, b = t->kind;
	if (a == TOK_NUMBER && b == TOK_DOT)
		return true;                              /* `5.m` is another number */
	if (a == 0 || f->minus || a == TOK_DOT || b == TOK_DOT || b == TOK_COMMA)
		return false;
	if (a == TOK_LPAREN || a == TOK_LBRACKET || b == TOK_RPAREN || b == TOK_RBRACKET)
		return false;
	if (a == TOK_COMMA || a == TOK_COLON || a == TOK_EOL || b == TOK_EOL || is_operator(a) || is_operator(b))
		return true;
	if (a == TOK_LBRACE || b == TOK_LBRACE || a == TOK_RBRACE || b == TOK_RBRACE || b == TOK_UNIT)
		return true;
	return gap > 0;                                   /* a call or an index, `a : b` or `a: b`, `1%` */
}

/* ---- lines ------------------------------------------------------------------------------------ */

/* Lines that opened something still open. */
static uint32_t
depth(const Format *f)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < f->open.n; i++)
		n += i == 0 || f->open.at[i] != f->open.at[i - 1];
	return n;
}

static bool
goes_on(int last)
{
	const Word *w = word_of(last);
	bool joins = last == TOK_AND || last == TOK_OR || last == TOK_NOT || last == TOK_IF || last == TOK_ELSE || last == TOK_IN;
	return is_operator(last) || last == TOK_COLON || last == TOK_COMMA || (w && joins);
}

static void
end_line(Format *f, const char *comment, uint32_t gap)
{
	if (!f->code.n && !comment)
		return;
	Line line = {f->indent, f->code.n ? arena_strdup(f->p.env->arena, strbuf_text(&f->code)) : NULL, comment, gap > BEFORE_COMMENT ? gap : BEFORE_COMMENT,
		     f->blank && f->lines.n};
	VEC_PUSH(f->p.env->arena, &f->lines, line);
	f->code = strbuf_init(f->p.env->arena);
	f->blank = false;
}

/* As for the scanner. */
static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

static const char *
comment_text(Format *f, const char *s, size_t n)
{
	while (n && is_blank(s[n - 1]))
		n--;
	return arena_strndup(f->p.env->arena, s, n);
}

/* What stands between two tokens: ends of lines and comments. True: the next token begins a line. */
static bool
take_gap(Format *f, const char *s, const char *end)
{
	const char *begin = s;
	uint32_t breaks = 0;
	for (; s < end; s++) {
		if (*s == '\n') {
			end_line(f, NULL, 0);
			f->blank |= ++breaks > 1;
		} else if (*s == '#') {
			const char *stop = memchr(s, '\n', (size_t)(end - s));
			stop = stop ? stop : end;
			if (!f->code.n)
				f->indent = depth(f) * INDENT;
			end_line(f, comment_text(f, s, (size_t)(stop - s)), (uint32_t)(s - begin));
			s = stop - 1;
			breaks = 0;
		}
	}
	return f->code.n == 0;
}

static void
set_indent(Format *f, const Token *t, uint32_t column)
{
	uint32_t n = depth(f);
	bool inside = f->open.n && f->inner != TOK_LBRACE;
	if (is_closer(t->kind) && f->open.n) {
		uint32_t last = f->open.at[f->open.n - 1], same = 0;
		for (uint32_t i = 0; i < f->open.n; i++)
			same += f->open.at[i] == last;
		n -= same == 1;                           /* the only one of its line */
	} else if (goes_on(f->last) && !inside && t->kind != TOK_LBRACE) {
		inside = true;
		n++;
	}
	f->indent = inside && column > n * INDENT && !is_closer(t->kind) ? column : n * INDENT;
}

static void
put_token(Format *f, const Token *t, const char *text, uint32_t gap, bool gap_behind)
{
	bool first = f->code.n == 0, sign = is_sign(f, t, gap > 0, gap_behind);
	if (first)
		set_indent(f, t, gap);
	else
		for (uint32_t k = wants_blank(f, t, gap) ? gap > 1 ? gap : 1 : 0; k > 0; k--)
			strbuf_putc(&f->code, ' ');
	strbuf_putn(&f->code, text, t->span.hi - t->span.lo);
	if (is_opener(t->kind)) {
		VEC_PUSH(f->p.env->arena, &f->open, f->lines.n);
		VEC_PUSH(f->p.env->arena, &f->kinds, t->kind);
	} else if (is_closer(t->kind) && f->open.n) {
		f->open.n--;
		f->kinds.n--;
	}
	f->inner = f->kinds.n ? f->kinds.at[f->kinds.n - 1] : 0;
	f->last = t->kind;
	f->minus = sign;
}

/* ---- the whole -------------------------------------------------------------------------------- */

static void
put_lines(const Format *f, StrBuf *out)
{
	for (uint32_t i = 0; i < f->lines.n; i++) {
		const Line *l = &f->lines.at[i];
		strbuf_puts(out, l->blank ? "\n" : "");
		for (uint32_t k = 0; k < l->indent; k++)
			strbuf_putc(out, ' ');
		strbuf_puts(out, l->code ? l->code : "");
		for (uint32_t k = 0; l->code && l->comment && k < l->gap; k++)
			strbuf_putc(out, ' ');
		strbuf_puts(out, l->comment ? l->comment : "");
		strbuf_putc(out, '\n');
	}
}

/* Behind the last token, or from the beginning of the line; a tab is one indent. */
static uint32_t
blanks_before(const char *text, uint32_t from, uint32_t to)
{
	uint32_t n = 0;
	for (uint32_t i = to; i > from && text[i - 1] != '\n'; i--)
		n += text[i - 1] == '\t' ? INDENT : is_blank(text[i - 1]);
	return n;
}

void
format_file(ParseEnv *env, const SourceFile *file, StrBuf *out)
{
	Format f = {.p = {.env = env, .file = file}, .code = strbuf_init(env->arena)};
	const char *text = file->text;
	uint32_t at = 0;
	scanner_open(&f.p);
	for (;;) {
		scan_token(&f.p);
		Token t = f.p.raw;
		uint32_t lo = t.span.lo - file->base, hi = t.span.hi - file->base;
		if (take_gap(&f, text + at, text + lo) && t.kind == TOK_END)
			break;
		if (t.kind == TOK_END)
			break;
		bool gap_behind = is_blank(text[hi]) || text[hi] == '\n';
		put_token(&f, &t, text + lo, blanks_before(text, at, lo), gap_behind);
		at = hi;
	}
	end_line(&f, NULL, 0);
	scanner_close(&f.p);
	put_lines(&f, out);
}
