/* scan: values of tokens, and what is said about text that is none. */
#include "parse/scan.h"

#include "base/num.h"
#include "snn.tab.h"

#include <math.h>
#include <string.h>

void
scan_advance(Parse *p, uint32_t n)
{
	p->raw.span.lo = p->file->base + p->pos;
	p->pos += n;
	p->raw.span.hi = p->file->base + p->pos;
}

void
scan_give_back(Parse *p, uint32_t n)
{
	p->pos -= n;
	p->raw.span.hi -= n;
}

static bool
begin(Parse *p, DiagCode code, Span at, const char *text)
{
	if (p->stopped)
		return false;
	syntax_failed(p);
	diag_begin(p->env->diag, code, at, "%s", text);
	return true;
}

static void
report(Parse *p, DiagCode code, Span at, const char *text, const char *help)
{
	if (!begin(p, code, at, text))
		return;
	if (help)
		diag_help(p->env->diag, "%s", help);
	diag_end(p->env->diag);
}

/* The way out is to write something else in its place. */
static void
report_write(Parse *p, DiagCode code, Span at, const char *text, const char *write)
{
	if (!begin(p, code, at, text))
		return;
	diag_help(p->env->diag, *write == '"' ? "write %s" : "write `%s`", write);
	diag_fix(p->env->diag, at, "%s", write);
	diag_end(p->env->diag);
}

/* ---- words and numbers ----------------------------------------------------------------------- */

int
scan_word(Parse *p, const char *s, uint32_t n)
{
	const Word *w = word_find(s, n);
	p->raw.name = intern_n(p->env->names, s, n);
	return w ? w->kind : TOK_NAME;
}

int
scan_prime(Parse *p, const char *s, uint32_t n)
{
	const Word *w = word_find(s, n - 1);
	p->raw.name = intern_n(p->env->names, s, n - 1);
	if (!w || !(w->flags & WORD_RESERVED))
		return TOK_PRIMED;
	report(p, E0101, p->raw.span,
	       arena_printf(p->env->arena, "`%s` is a word of the language and no state", p->raw.name),
	       "give the state another name: `v' = (rest - v) / tau`");
	return TOK_SNN_YYerror;
}

int
scan_number(Parse *p, const char *s, uint32_t n, bool is_int)
{
	double value = 0;
	if (!num_read_f64(s, n, &value) || isinf(value))
		report(p, E0115, p->raw.span, "this number is too large",
		       "the largest is about 1.8e308; infinity is written `inf`");
	p->raw.number = (Number){value, is_int};
	return TOK_NUMBER;
}

int
scan_bad_number(Parse *p, const char *s, uint32_t n)
{
	const char *help;
	if (s[0] == '.')
		help = arena_printf(p->env->arena, "write `0%.*s`", (int)n, s);
	else if (n > 1 && (s[1] == 'x' || s[1] == 'X'))
		help = "numbers are written in decimal: 255, 2.5, 1e-3";
	else if (s[n - 1] == '.')
		help = arena_printf(p->env->arena, "write `%.*s` or `%.*s0`", (int)(n - 1), s,
				    (int)n, s);
	else if (s[n - 1] == '+' || s[n - 1] == '-')
		help = "digits belong behind the exponent: 1e-3";
	else
		help = "a number has one point at most: 2.5";
	report(p, E0105, p->raw.span, "this is not how a number is written", help);
	p->raw.number = (Number){1, false};
	return TOK_NUMBER;
}

static uint32_t
up_to_slash(const char *s, uint32_t n)
{
	const char *slash = memchr(s, '/', n);
	return slash ? (uint32_t)(slash - s) : n;
}

static void
report_unit(Parse *p, Span at, const char *word)
{
	if (!begin(p, E0106, at, arena_printf(p->env->arena, "`%s` is not a unit", word)))
		return;
	Diag *d = p->env->diag;
	const char *near = unit_nearest(word);
	if (near) {
		diag_suggest(d, word, near);
	} else {
		diag_note(d, "a word straight behind a number is its unit: 20 ms, -65 mV, 128 Hz, "
			     "5 mV/ms");
		diag_help(d, "a product is written with `*`");
	}
	diag_end(d);
}

/* `weight = 1 delay = 2 ms`, `v = 1 w += 1`, `v' = 1 w' = 2`: a name that is given a value, and no unit. */
static bool
is_given(const char *behind)
{
	behind += strspn(behind, " \t\r\f\v");
	bool changed = *behind && strchr("+-*/", *behind) && behind[1] == '=';
	return changed || *behind == '\'' || (behind[0] == '=' && behind[1] != '=');
}

/* The longest unit wins: `5 mV/ms` is a slope, but in `5 ms/tau` the unit is `ms`. A word of the grammar that is no
 * unit (`1000 samples`, `22.5 if`), or a name that is given a value, is left to the parser. */
int
scan_unit(Parse *p, const char *s, uint32_t n, uint32_t *keep)
{
	uint32_t first = up_to_slash(s, n);
	for (uint32_t len = n; len > 0; len--) {
		if (len < n && s[len] != '/')
			continue;
		p->raw.unit = unit_find(s, len);
		if (p->raw.unit) {
			*keep = len;
			return TOK_UNIT;
		}
	}
	*keep = 0;
	bool is_word = (unsigned char)s[0] < 0x80;
	if (!is_word || word_find(s, first) || is_given(p->file->text + (p->raw.span.lo - p->file->base) + first))
		return 0;
	*keep = first;
	report_unit(p, (Span){p->raw.span.lo, p->raw.span.lo + first},
		    arena_strndup(p->env->arena, s, first));
	return 0;
}

/* ---- strings --------------------------------------------------------------------------------- */

/* The text between the quotes with \" \\ \n \t read. `at` is where it starts. */
static const char *
read_escapes(Parse *p, uint32_t at, const char *s, uint32_t n)
{
	char *out = arena_alloc(p->env->arena, n + 1), *o = out;
	for (uint32_t i = 0; i < n; i++) {
		if (s[i] == '\0') {
			report(p, E0111, (Span){at + i, at + i + 1},
			       "a string cannot hold a zero byte", "delete it");
			continue;
		}
		if (s[i] != '\\' || i + 1 == n) {
			*o++ = s[i];
			continue;
		}
		i++;
		if (s[i] == 'n')
			*o++ = '\n';
		else if (s[i] == 't')
			*o++ = '\t';
		else if (s[i] == '"' || s[i] == '\\')
			*o++ = s[i];
		else
			report(p, E0111, (Span){at + i - 1, at + i + 1},
			       "this has no meaning in a string",
			       "there are \\\" \\\\ \\n \\t; a backslash itself is written twice");
	}
	return out;
}

int
scan_string(Parse *p, const char *s, uint32_t n)
{
	p->raw.string = read_escapes(p, p->raw.span.lo + 1, s + 1, n - 2);
	return TOK_STRING;
}

/* Most often the quote alone was forgotten: what looks like the rest of the line is left to be read. */
uint32_t
scan_open_string(Parse *p, const char *s, uint32_t n)
{
	uint32_t len = 1;
	while (len < n && !strchr(")]},;#", s[len]))
		len++;
	while (len > 1 && (s[len - 1] == ' ' || s[len - 1] == '\t' || s[len - 1] == '\r'))
		len--;
	Span at = {p->raw.span.lo, p->raw.span.lo + len};
	p->raw.string = read_escapes(p, at.lo + 1, s + 1, len - 1);
	if (begin(p, E0104, at, "this string is never closed")) {
		diag_mark(p->env->diag, "opened here");
		diag_help(p->env->diag, "a string ends by `\"` in the line where it starts");
		diag_end(p->env->diag);
	}
	return len;
}

int
scan_quoted(Parse *p, const char *s, uint32_t n)
{
	report_write(p, E0112, p->raw.span, "strings stand between double quotes",
		     arena_printf(p->env->arena, "\"%.*s\"", (int)(n - 2), s + 1));
	p->raw.string = arena_strndup(p->env->arena, s + 1, n - 2);
	return TOK_STRING;
}

/* ---- characters without a meaning ------------------------------------------------------------ */

/* What people type, or paste, for something that there is. Kind 0: no token of ours. */
static const struct {
	const char *text;
	int kind;
	const char *write, *help;                         /* what stands for it; else what to do */
} lookalikes[] = {
	{"&&", TOK_AND, "and", NULL},
	{"||", TOK_OR, "or", NULL},
	{"&", TOK_AND, "and", NULL},
	{"|", TOK_OR, "or", NULL},
	{"!", TOK_NOT, "not", NULL},
	{"**", TOK_SNN_YYerror, NULL, "there is no power operator: write `pow(x, 2)`"},
	{"^", TOK_SNN_YYerror, NULL, "there is no power operator: write `pow(x, 2)`"},
	{"%", TOK_SNN_YYerror, NULL, "there are + - * /; a comment starts with `#`"},
	{"'", TOK_SNN_YYerror, NULL, "strings stand between double quotes; an equation of second order is two: `v' = u` and `u' = …`"},
	{"\xC3\x97", TOK_STAR, "*", NULL},      /* multiplication sign */
	{"\xC2\xB7", TOK_STAR, "*", NULL},      /* middle dot */
	{"\xE2\x8B\x85", TOK_STAR, "*", NULL},  /* dot operator */
	{"\xC3\xB7", TOK_SLASH, "/", NULL},     /* division sign */
	{"\xE2\x88\x92", TOK_MINUS, "-", NULL}, /* minus sign */
	{"\xE2\x80\x93", TOK_MINUS, "-", NULL}, /* en dash */
	{"\xE2\x80\x94", TOK_MINUS, "-", NULL}, /* em dash */
	{"\xE2\x89\xA4", TOK_LE, "<=", NULL},
	{"\xE2\x89\xA5", TOK_GE, ">=", NULL},
	{"\xE2\x89\xA0", TOK_NE, "!=", NULL},
	{"\xE2\x86\x92", TOK_ARROW, "->", NULL},
	{"\xE2\x80\x9C", TOK_SNN_YYerror, "\"", NULL}, /* curly quotes */
	{"\xE2\x80\x9D", TOK_SNN_YYerror, "\"", NULL},
	{"\xE2\x88\x9E", TOK_SNN_YYerror, "inf", NULL},
	{"\xE2\x80\xA6", TOK_SNN_YYerror, NULL, "a range is written `a .. b`"},
	{"\xC2\xA0", 0, NULL, "write an ordinary space"}, /* no-break space */
	{"\xEF\xBB\xBF", 0, NULL, "delete it"},           /* byte order mark */
};

int
scan_bad(Parse *p, const char *s, uint32_t n)
{
	Arena *a = p->env->arena;
	if (n > 2 && s[0] == '/' && s[1] == '/') {
		report(p, E0113, (Span){p->raw.span.lo, p->raw.span.lo + 2},
		       "comments start with `#`", "division is one `/`, always of real numbers");
		return 0;
	}
	if (n == 3 && p->pos == 3 && memcmp(s, "\xEF\xBB\xBF", 3) == 0)
		return 0; /* some editors start every file with it */
	for (size_t i = 0; i < sizeof lookalikes / sizeof *lookalikes; i++) {
		if (strlen(lookalikes[i].text) == n && memcmp(lookalikes[i].text, s, n) == 0) {
			const char *text = arena_printf(a, "`%.*s` has no meaning here", (int)n, s);
			if (lookalikes[i].write)
				report_write(p, E0101, p->raw.span, text, lookalikes[i].write);
			else
				report(p, E0101, p->raw.span, text, lookalikes[i].help);
			return lookalikes[i].kind;
		}
	}
	unsigned char c = (unsigned char)s[0];
	if (n == 1 && (c < 0x20 || c >= 0x7F))
		report(p, E0101, p->raw.span,
		       arena_printf(a, "the byte 0x%02X has no meaning here", c), "delete it");
	else
		report(p, E0101, p->raw.span,
		       arena_printf(a, "`%.*s` has no meaning here", (int)n, s),
		       "delete it; what is only for people stands behind `#`");
	return TOK_SNN_YYerror;
}
