/* syntax_error: what is said when a token does not fit.
 *
 *   lif.snn:4:9: error[E0102]: expected `=`, found `:`
 *
 * The parser gives the exact list of tokens that would fit. It is put into the
 * user's words: all that can start an expression is "a value", operators are
 * left out when something else would do, a list of everything a line can start
 * with is "a statement". Then one piece of advice, for mistakes that have a
 * common cause; else how such a line is written.
 */
#include "parse/parser.h"

#include "snn.tab.h"

#include <string.h>

enum { MOST = 8 }; /* names of tokens in one message */

/* ---- words for tokens ------------------------------------------------------------------------ */

const char *
syntax_token_text(Parse *p, const Token *t)
{
	Arena *a = p->env->arena;
	const char *end = p->program ? "the end of the file" : "the end of the text";
	if (t->kind == TOK_END)
		return end;
	if (t->kind == TOK_EOL && t->inserted) {
		const Token *next = layout_peek(p);
		if (next->kind == TOK_END)
			return end;
		return next->kind == TOK_RBRACE && !next->new_line ? "`}`" : "the end of the line";
	}
	if (t->kind == TOK_STRING)
		return "a string";
	const char *text = p->file->text + (t->span.lo - p->file->base);
	int n = (int)(t->span.hi - t->span.lo);
	return arena_printf(a, "%s`%.*s`", t->kind == TOK_NUMBER ? "the number " : "", n, text);
}

/* ---- what was expected ----------------------------------------------------------------------- */

typedef struct {
	const char *at[128];
	int n;
} Texts;

static bool
has(const Texts *ts, const char *text)
{
	for (int i = 0; i < ts->n; i++) {
		if (strcmp(ts->at[i], text) == 0)
			return true;
	}
	return false;
}

static void
put(Texts *ts, const char *text)
{
	if (ts->n < (int)(sizeof ts->at / sizeof *ts->at))
		ts->at[ts->n++] = text;
}

static bool
is_one_of(const char *text, const char *const *list)
{
	for (; *list; list++) {
		if (strcmp(text, *list) == 0)
			return true;
	}
	return false;
}

static const char *const starts_value[] = {"a number", "a string", "a name", "(",   "[", "-",
					   "not",      "true",     "false",  "inf", NULL};
static const char *const continues_value[] = {
	"+",  "-",   "*",  "/",  "==", "!=", "<", "<=",     ">",
	">=", "and", "or", "if", ".",  "(",  "[", "a unit", "after", "over", NULL};
static const char *const instead_of_assign[] = {"+=", "-=", "*=", "/=", ".", NULL};

/* Words that could only be names here. */
static bool
is_mere_name(const Texts *all, const char *text)
{
	const Word *w = word_find(text, strlen(text));
	return has(all, "a name") && w && !(w->flags & WORD_RESERVED);
}

static Texts
in_user_words(Parse *p, const Texts *all)
{
	Texts out = {.n = 0};
	bool at_line_start = p->first.span.lo == p->last.span.lo;
	if (has(all, "a number")) {
		put(&out, "a value");
	} else if (at_line_start && has(all, "the end of the file")) {
		put(&out, "a declaration");
		return out;
	} else if (at_line_start && has(all, "a name")) {
		put(&out, has(all, "let") || has(all, "for") ? "a statement" : "a feature");
		put(&out, "}");
		return out;
	}
	for (int i = 0; i < all->n; i++) {
		if (is_mere_name(all, all->at[i]) ||
		    (has(all, "a number") && is_one_of(all->at[i], starts_value)))
			continue;
		if (has(all, "+") && is_one_of(all->at[i], continues_value))
			continue;
		if (has(all, "=") && is_one_of(all->at[i], instead_of_assign))
			continue;
		if (strcmp(all->at[i], "[") == 0 && p->before.kind == TOK_NAME && (has(all, "=") || has(all, ":")))
			continue; /* the name in front would be a list */
		if (has(all, "a number") && strcmp(all->at[i], "=") == 0)
			continue; /* the word in front would be a name */
		if (strcmp(all->at[i], "}") != 0 && strcmp(all->at[i], ".") != 0)
			put(&out, all->at[i]);
	}
	if (has(all, "}"))
		put(&out, "}");
	if (out.n == 0)
		put(&out, "an operator");
	return out;
}

static const char *
join(Parse *p, const Texts *ts)
{
	StrBuf out = strbuf_init(p->env->arena);
	int n = ts->n < MOST ? ts->n : MOST;
	for (int i = 0; i < n; i++) {
		const char *quote = strchr(ts->at[i], ' ') ? "" : "`";
		strbuf_puts(&out, i == 0 ? "" : i == n - 1 ? " or " : ", ");
		strbuf_printf(&out, "%s%s%s", quote, ts->at[i], quote);
	}
	return strbuf_text(&out);
}

/* ---- advice ---------------------------------------------------------------------------------- */

static bool
is_comparison(int kind)
{
	return kind == TOK_EQ || kind == TOK_NE || kind == TOK_LT || kind == TOK_LE ||
	       kind == TOK_GT || kind == TOK_GE;
}

/* What to write in place of a token, where the advice says just that. */
typedef struct { Span at; const char *text; } Fix;

static const char parted[] = "declarations, statements and features are parted by `;`, or stand in lines of their own";

static const char *
advise_on_sign(Parse *p, const Texts *all, Fix *fix)
{
	int found = p->last.kind;
	const Opener *o = layout_innermost(p);
	bool in_parens = o && o->kind == TOK_LPAREN;
	if (found == TOK_EQ && has(all, "=")) {
		*fix = (Fix){p->last.span, "="};
		return "a value is given by one `=`";
	}
	if (found == TOK_ASSIGN && in_parens && !o->is_call)
		return "parts are written `(name: value)`";
	if (found == TOK_ASSIGN && p->first.span.lo != p->last.span.lo && has(all, "+")) {
		*fix = (Fix){p->last.span, "=="};
		return "equality is written `==`";
	}
	if (found == TOK_COLON && in_parens && o->is_call) {
		*fix = (Fix){p->last.span, " ="};
		return "an argument is named by `=`: `f(x = 1)`";
	}
	bool in_brackets = o && o->kind == TOK_LBRACKET;
	if (found == TOK_COLON && in_brackets && has(all, "..<")) {
		*fix = (Fix){p->last.span, " ..< "};
		return "a part is written `0 ..< 10`, without its end, or `0 .. 9`, with it";
	}
	if (is_comparison(found) && has(all, "+"))
		return "comparisons are not chained: write `a < b and b < c`";
	if (found == TOK_COMMA && has(all, "the end of the line") && (!o || o->kind == TOK_LBRACE)) {
		*fix = (Fix){p->last.span, " ;"};
		return parted;
	}
	bool range = found == TOK_RANGE_TO || found == TOK_RANGE_BELOW;
	if ((range || found == TOK_COLON) && in_brackets && p->first.kind == TOK_RECORD)
		return "a part stands behind what is recorded: `record exc.v[0 ..< 5]`";
	if (range)
		return "a range stands in an index: `digits[0 ..< n]`; a number drawn from one is `uniform(1 ms, 5 ms)`";
	return NULL;
}

/* The word that was meant by a name: one of those that fit, or the word that starts the line. */
static const char *
nearest_word(Parse *p, const Texts *all, Fix *fix)
{
	const Word *w = word_of(p->last.kind);
	if (p->last.kind == TOK_NAME || (w && !(w->flags & WORD_RESERVED))) {
		const char *words[128];
		uint32_t n = 0;
		for (int i = 0; i < all->n; i++) {
			if (word_find(all->at[i], strlen(all->at[i])))
				words[n++] = all->at[i];
		}
		const char *near = suggest(p->last.name, words, n);
		/* `fo = 3` is a name with a value, and no loop */
		bool value = near && layout_peek(p)->kind == TOK_ASSIGN && word_find(near, strlen(near))->flags & WORD_RESERVED;
		if (near && !value) {
			*fix = (Fix){p->last.span, near};
			return near;
		}
	}
	bool second = p->before.span.lo == p->first.span.lo && p->before.kind == TOK_NAME;
	const char *near = second ? word_nearest(p->before.name, WORD_DECL | WORD_LINE) : NULL;
	if (near)
		*fix = (Fix){p->before.span, near};
	return near;
}

static bool
is_given(Parse *p)
{
	int next = layout_peek(p)->kind;
	bool changed = next == TOK_PLUS_ASSIGN || next == TOK_MINUS_ASSIGN || next == TOK_STAR_ASSIGN || next == TOK_SLASH_ASSIGN;
	return word_may_be_name(p->last.kind) && (changed || next == TOK_ASSIGN);
}

/* `weight = 1`, `v += 1`, `dt = 1 ms`: a line that another of its kind may follow. */
static bool
gives_value(int first)
{
	static const Token given = {.kind = TOK_ASSIGN};
	const Word *w = word_of(first);
	return first == TOK_NAME || first == TOK_PRIMED || (w && word_fits(w, &given, NULL));
}

/* `range [0, 1] learn R`, `weight = 1 delay = 2 ms`, `LIF[5](tau = 20 ms rest = 0)`: two things with nothing between. */
static const char *
advise_on_next(Parse *p, const Texts *all, Fix *fix)
{
	const Word *w = word_of(p->last.kind), *first = word_of(p->first.kind);
	const Opener *o = layout_innermost(p);
	Span behind = {p->before.span.hi, p->before.span.hi};
	bool at_line_start = p->first.span.lo == p->last.span.lo;
	if (is_given(p) && o && o->kind == TOK_LPAREN && o->is_call && has(all, ",") && p->before.kind != TOK_NAME) {
		*fix = (Fix){behind, ","};
		return "arguments are parted by `,`";
	}
	if (at_line_start || !has(all, "the end of the line") || (o && o->kind != TOK_LBRACE))
		return NULL;
	bool decl = first && first->flags & WORD_DECL;
	bool starts = w && !(w->flags & WORD_RESERVED) && w->flags & (decl ? WORD_DECL : WORD_LINE) &&
		      word_fits(w, layout_peek(p), layout_peek_behind(p));
	bool value = (is_given(p) || p->last.kind == TOK_PRIMED) && gives_value(p->first.kind);
	if (!starts && !value)
		return NULL;
	*fix = (Fix){behind, " ;"};
	return parted;
}

/* `2 tau`, where nothing else is known of it. */
static const char *
advise_on_product(Parse *p, const Texts *all)
{
	static const int ends[] = {TOK_EOL, TOK_RBRACE, TOK_RPAREN, TOK_COMMA, TOK_PLUS, TOK_MINUS, TOK_STAR, TOK_SLASH, TOK_END};
	const Token *next = layout_peek(p);
	bool factor = next->new_line;
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
		factor = factor || next->kind == ends[i];
	return factor && word_may_be_name(p->last.kind) && !p->last.new_line && has(all, "*") ? "a product is written with `*`" : NULL;
}

/* A line that stands one block too far out: `learn` beside features, `if` beside the step of a neuron. */
static const char *
advise_on_block(Parse *p, const Texts *all)
{
	const Word *w = word_of(p->first.kind);
	bool at_line_start = p->first.span.lo == p->last.span.lo;
	int first = p->first.kind;
	bool of_feature = first == TOK_RANGE || first == TOK_NORM || first == TOK_DECAY || first == TOK_LEARN;
	if (!at_line_start && has(all, ":") && has(all, "=") && of_feature)
		return arena_printf(p->env->arena, "`%s` stands in the block of a feature: `weight = 1 { %s }`",
				    w->text, w->form);
	bool starts_statement = p->last.kind == TOK_IF || p->last.kind == TOK_SPIKE || p->last.kind == TOK_NAME;
	if (at_line_start && p->last.kind == TOK_NAME && p->last.name[0] == 'd' && p->last.name[1] && has(all, "an equation") &&
	    layout_peek(p)->kind == TOK_SLASH)
		return arena_printf(p->env->arena, "write `%s' = …`: the rate by time", p->last.name + 1);
	if (at_line_start && starts_statement && has(all, "step"))
		return "statements stand in the step of a neuron: `step { … }`";
	if (at_line_start && starts_statement && has(all, "learns"))
		return "statements stand in `on pre { … }`, `on post { … }` or `each step { … }`";
	return NULL;
}

/* What another language calls it: the word that does not fit, or the one that starts the line. */
static const char *
advise_on_elsewhere(Parse *p)
{
	bool at_line_start = p->first.span.lo == p->last.span.lo;
	bool second = p->before.span.lo == p->first.span.lo;
	const Token *t = at_line_start ? &p->last : second ? &p->first : NULL;
	return t && t->name && (t->kind == TOK_NAME || word_of(t->kind)) ? elsewhere_help(t->name) : NULL;
}

/* "`save "net.snnw"`, or `save input.weight to "w.npy"`" */
static const char *
quote_forms(Arena *a, const char *forms)
{
	static const char between[] = ", or: ";
	StrBuf out = strbuf_init(a);
	for (const char *next; (next = strstr(forms, between)); forms = next + sizeof between - 1)
		strbuf_printf(&out, "`%.*s`, or ", (int)(next - forms), forms);
	strbuf_printf(&out, "`%s`", forms);
	return strbuf_text(&out);
}

static const char *
advise(Parse *p, const Texts *all, Fix *fix)
{
	Arena *a = p->env->arena;
	const char *help = advise_on_sign(p, all, fix);
	if (!help)
		help = advise_on_elsewhere(p);
	if (help)
		return help;
	const Word *w = word_of(p->last.kind);
	bool at_line_start = p->first.span.lo == p->last.span.lo;
	if (w && (w->flags & WORD_RESERVED) && has(all, "a name") && !has(all, "a number") &&
	    !at_line_start)
		return arena_printf(a, "`%s` is a reserved word: choose another name", w->text);
	if (p->last.kind == TOK_ELSE)
		return "an `else` stands behind the `}` of its `if`, or in `a if c else b`";
	if (p->last.kind == TOK_IF && has(all, "a number"))
		return "one of two values is written `a if c else b`";
	if (p->last.kind == TOK_PERCENT && !has(all, "a number"))
		return "the remainder of a / b is `a - b * floor(a / b)`; `%` stands behind a number: `within 5%`";
	if (p->last.kind == TOK_COLON && p->first.kind == TOK_PRIMED)
		return "units follow from how a name is used, and methods are chosen by `method = …`: leave this away";
	const char *near = nearest_word(p, all, fix);
	if (near)
		return arena_printf(a, "did you mean `%s`?", near);
	help = advise_on_next(p, all, fix);
	if (!help)
		help = advise_on_block(p, all);
	if (help)
		return help;
	bool is_name = p->last.kind == TOK_NAME || (w && !(w->flags & WORD_RESERVED));
	if (at_line_start && is_name && has(all, "the end of the file") &&
	    layout_peek(p)->kind == TOK_ASSIGN)
		return arena_printf(
			a, "a value of one's own is declared by `param %s = …` or `const %s = …`",
			p->last.name, p->last.name);
	if (at_line_start && has(all, "the end of the file") && w && (w->flags & WORD_PROTOCOL))
		return "the protocol stands in `experiment { … }`";
	const Word *line = at_line_start ? NULL : word_of(p->first.kind);
	if (line && line->form)
		return arena_printf(a, "such a line is written like %s", quote_forms(a, line->form));
	return advise_on_product(p, all);
}

/* ---- reports --------------------------------------------------------------------------------- */

void
syntax_failed(Parse *p)
{
	p->build.failed = true;
}

void
syntax_recovered(Parse *p)
{
	p->recovering = false;
}

static void
report(Parse *p, const Texts *all)
{
	Diag *d = p->env->diag;
	layout_peek_behind(p);                                /* the scanner may report something of its own, and advice looks there */
	Texts expected = in_user_words(p, all);
	const Opener *o = p->left.kind ? &p->left : layout_innermost(p);
	bool names_closer = has(all, ")") || has(all, "]");
	diag_begin(d, E0102, p->last.span, "expected %s, found %s", join(p, &expected),
		   syntax_token_text(p, &p->last));
	if (names_closer && o && o->kind != TOK_LBRACE && o->span.lo < p->last.span.lo)
		diag_label(d, o->span, "opened here");
	Fix fix = {0};
	const char *help = advise(p, all, &fix);
	if (help)
		diag_help(d, "%s", help);
	if (fix.text)
		diag_fix(d, fix.at, "%s", fix.text);
	diag_end(d);
}

void
syntax_error(Parse *p, const char *const *expected, int n)
{
	p->recovering = true;
	if (p->stopped)
		return;
	syntax_failed(p);
	Texts all = {.n = 0};
	for (int i = 0; i < n; i++)
		put(&all, expected[i]);
	report(p, &all);
}

void
syntax_too_deep(Parse *p, Span at)
{
	if (!p->stopped && !p->build.too_deep) {
		diag_begin(p->env->diag, E0107, at, "nested more than %d levels deep", AST_DEEPEST);
		diag_help(p->env->diag,
			  "the rest of the file is not read; give parts names of their own");
		diag_end(p->env->diag);
	}
	syntax_failed(p);
	p->stopped = true;
}
