/* layout: from the scanner's tokens to those that the parser sees.
 *
 * Ends of lines. A line end becomes an EOL token unless inside ( ) or [ ], behind an operator or comma,
 * or if the next token is one of { else ) ] ,  A `;` is an EOL too, and one is put before `}` and
 * behind a block, so that in the grammar everything ends by exactly one.
 *
 * Brackets. The filter keeps the stack of what is open. Braces that the parser sees always match: one
 * that closes nothing is reported and dropped, missing ones are reported (E0103, with the place of
 * the opening one) and supplied. A word that starts a declaration at the start of a line shows that a
 * block was not closed; further right than the line that opened the block it is what stands at the wrong
 * place, told (E0118) and skipped. Two words in a row in a new line show that a parenthesis was not closed.
 *
 * After an error the rest of the line is skipped; blocks in it are skipped as a whole, so that their
 * lines are not taken for lines of the block outside.
 */
#include "parse/parser.h"

#include "base/panic.h"
#include "snn.tab.h"

/* ---- look-ahead ------------------------------------------------------------------------------ */

static const Token *
peek(Parse *p, uint32_t i)
{
	while (p->n_ahead <= i) {
		bool at_end =
			p->stopped || (p->n_ahead && p->ahead[p->n_ahead - 1].kind == TOK_END);
		if (at_end) {
			uint32_t end = p->file->base + p->file->size;
			p->raw = (Token){.kind = TOK_END, .span = {end, end}};
		} else {
			scan_token(p);
		}
		p->ahead[p->n_ahead++] = p->raw;
	}
	return &p->ahead[i];
}

const Token *
layout_peek(Parse *p)
{
	return peek(p, 0);
}

const Token *
layout_peek_behind(Parse *p)
{
	return peek(p, 1);
}

/* The end of the file stays. */
static Token
take(Parse *p)
{
	Token t = *peek(p, 0);
	if (t.kind != TOK_END) {
		p->ahead[0] = p->ahead[1];
		p->n_ahead--;
	}
	return t;
}

/* ---- brackets -------------------------------------------------------------------------------- */

static const Opener *
top(const Parse *p)
{
	return p->open.n ? &p->open.at[p->open.n - 1] : NULL;
}

const Opener *
layout_innermost(const Parse *p)
{
	return top(p);
}

static const Opener *
innermost_brace(const Parse *p)
{
	uint32_t i = p->open.n;
	while (i > 0 && p->open.at[i - 1].kind != TOK_LBRACE)
		i--;
	return i > 0 ? &p->open.at[i - 1] : NULL;
}

static bool
in_brackets(const Parse *p)
{
	return p->open.n && top(p)->kind != TOK_LBRACE;
}

static void
leave_brackets(Parse *p)
{
	while (in_brackets(p))
		p->left = p->open.at[--p->open.n];
}

/* Columns before the first character of the line. */
static uint32_t
indent_of(const Parse *p, Span at)
{
	SourcePlace place; /* by the table of lines: a line may be as long as the file */
	uint32_t n = 0;
	if (!source_find(p->env->sources, at.lo, &place))
		return 0;
	while (n < place.line_len && (place.line_text[n] == ' ' || place.line_text[n] == '\t'))
		n++;
	return n;
}

/* Are we in a block of declarations, or in none? */
static bool
in_decls(const Parse *p)
{
	const Opener *o = innermost_brace(p);
	return !o || o->decls;
}

static void
open_bracket(Parse *p, const Token *t)
{
	if (p->open.n == AST_DEEPEST) {
		syntax_too_deep(p, t->span);
		return;
	}
	Opener o = {.kind = t->kind, .span = t->span, .indent = indent_of(p, t->span)};
	o.is_call =
		t->kind == TOK_LPAREN && (word_may_be_name(p->last.kind) || p->last.kind == TOK_RBRACKET);
	o.decls = t->kind == TOK_LBRACE && in_decls(p) &&
		  (p->first.kind == TOK_FOR || p->first.kind == TOK_IF || p->first.kind == TOK_ELSE);
	VEC_PUSH(p->env->arena, &p->open, o);
	p->open_braces += t->kind == TOK_LBRACE;
}

/* The caller has seen that there is an open brace. A `}` further left than the line of its `{` most likely
 * belongs to an outer one. */
static void
close_brace(Parse *p, const Token *t)
{
	leave_brackets(p);
	const Opener *o = top(p);
	if (t->new_line && indent_of(p, t->span) < o->indent && !p->suspect.kind)
		p->suspect = *o;
	p->open.n--;
	p->open_braces--;
}

static void
track(Parse *p, const Token *t)
{
	switch (t->kind) {
	case TOK_LBRACE:
		leave_brackets(p);
		open_bracket(p, t);
		return;
	case TOK_LPAREN:
	case TOK_LBRACKET:
		open_bracket(p, t);
		return;
	case TOK_RBRACE:
		if (p->open_braces)
			close_brace(p, t);
		return;
	case TOK_RPAREN:
	case TOK_RBRACKET:
		if (in_brackets(p))
			p->left = p->open.at[--p->open.n];
		return;
	case TOK_EOL:
		leave_brackets(p);
		return;
	}
}

/* ---- what is missing ------------------------------------------------------------------------- */

/* `layer x`, `experiment {`: no line of a block looks like that. A test may stand in a model. */
static bool
starts_declaration(Parse *p)
{
	const Word *w = word_of(peek(p, 0)->kind);
	return w && w->kind != TOK_TEST && w->flags & WORD_DECL && word_fits(w, peek(p, 1), NULL);
}

/* In brackets, at a new line: `run 250`, `layer x`, `let y`. No expression goes on like that. */
static bool
starts_line(Parse *p)
{
	const Word *w = word_of(peek(p, 0)->kind);
	if (!w || !(w->flags & (WORD_DECL | WORD_LINE)))
		return false;
	const Token *next = peek(p, 1);
	return !next->new_line &&
	       (word_may_be_name(next->kind) || next->kind == TOK_NUMBER || next->kind == TOK_STRING);
}

static void
report_unclosed(Parse *p, const Token *t, bool in_loop)
{
	if (p->stopped)
		return;
	const Opener *o = p->suspect.kind ? &p->suspect : top(p);
	Diag *d = p->env->diag;
	syntax_failed(p);
	diag_begin(d, E0103, t->span, "a `}` is missing before %s", syntax_token_text(p, t));
	diag_label(d, o->span, "this block is never closed");
	const Word *w = word_of(t->kind);
	if (w && w->flags & WORD_DECL)
		diag_help(d, "close the block where it ends: `%s` stands outside of %s", w->text,
			  in_loop ? "it" : "every block");
	else
		diag_help(d, "every `{` needs its `}`: close the block where it ends");
	diag_end(d);
}

/* Blocks of declarations, counted from the outermost, that a declaration may stand in: it is further right than they are. */
static uint32_t
still_open(const Parse *p, const Token *t, uint32_t most)
{
	uint32_t n = 0;
	if (t->kind == TOK_END)
		return 0;
	while (n < p->open.n && n < most && p->open.at[n].decls && p->open.at[n].indent < indent_of(p, t->span))
		n++;
	return n;
}

/* All open blocks that this token cannot stand in must have ended before it. Those that the parser has not seen need no `}`. */
static void
close_all(Parse *p, const Token *t, uint32_t unseen)
{
	leave_brackets(p);
	uint32_t keep = still_open(p, t, p->open_braces - unseen);
	report_unclosed(p, t, keep > 0);
	p->to_close = p->open_braces - unseen - keep;
	p->open.n = keep;
	p->open_braces = keep;
	p->suspect = (Opener){0};
}

/* `record exc.v` among the lines of an experiment: the block goes on behind it, since it is closed further down and the declaration
 * stands in its line, or further right than that. */
static bool
is_misplaced(Parse *p)
{
	const Token *t = peek(p, 0);
	const Opener *o = innermost_brace(p);
	return o && t->kind != TOK_END && brace_is_closed(p, o->span) && (!t->new_line || indent_of(p, t->span) > o->indent);
}

/* Skips a block whose `{` was just tracked. */
static void
skip_block(Parse *p)
{
	uint32_t outside = p->open_braces - 1;
	Token t = {0};
	while (p->open_braces > outside) {
		const Token *next = peek(p, 0);
		if (next->kind == TOK_END || (next->new_line && !in_decls(p) && starts_declaration(p) && !is_misplaced(p))) {
			close_all(p, peek(p, 0), p->open_braces - outside);
			return;
		}
		t = take(p);
		track(p, &t);
	}
}

/* ---- ends of lines --------------------------------------------------------------------------- */

/* Nothing can end behind one of these. */
static bool
goes_on(int kind)
{
	switch (kind) {
	case TOK_PLUS:
	case TOK_MINUS:
	case TOK_STAR:
	case TOK_SLASH:
	case TOK_EQ:
	case TOK_NE:
	case TOK_LT:
	case TOK_LE:
	case TOK_GT:
	case TOK_GE:
	case TOK_AND:
	case TOK_OR:
	case TOK_NOT:
	case TOK_IF:
	case TOK_ELSE:
	case TOK_IN:
	case TOK_ASSIGN:
	case TOK_PLUS_ASSIGN:
	case TOK_MINUS_ASSIGN:
	case TOK_STAR_ASSIGN:
	case TOK_SLASH_ASSIGN:
	case TOK_COMMA:
	case TOK_COLON:
	case TOK_ARROW:
	case TOK_RANGE_TO:
	case TOK_RANGE_BELOW:
		return true;
	}
	return false;
}

/* Nothing can start with one of these. */
static bool
belongs_to_line_before(int kind)
{
	return kind == TOK_LBRACE || kind == TOK_ELSE || kind == TOK_RPAREN ||
	       kind == TOK_RBRACKET || kind == TOK_COMMA;
}

static bool
nothing_to_end(int kind)
{
	return kind == TOK_EOL || kind == TOK_LBRACE || kind == TOK_START_PROGRAM ||
	       kind == TOK_START_EXPR;
}

/* `spike when c { … } refractory 5 ms hold v`: the words are names too, of something that is assigned. */
static bool
goes_on_behind_block(Parse *p)
{
	int next = peek(p, 0)->kind, then = peek(p, 1)->kind;
	return (next == TOK_REFRACTORY || next == TOK_HOLD) &&
	       (word_may_be_name(then) || then == TOK_NUMBER || then == TOK_LPAREN);
}

/* Whether a line ends between the last token and the next one, which is no `;`. */
static bool
line_ends(Parse *p, int last)
{
	int next = peek(p, 0)->kind;
	if (nothing_to_end(last))
		return false;
	if (next == TOK_END || next == TOK_RBRACE)
		return true;
	if (last == TOK_RBRACE)
		return next != TOK_ELSE && !goes_on_behind_block(p);
	if (!peek(p, 0)->new_line)
		return false;
	if (starts_declaration(p))
		return true;
	if (in_brackets(p))
		return starts_line(p);
	return !goes_on(last) && !belongs_to_line_before(next);
}

static void
skip_misplaced(Parse *p)
{
	Diag *d = p->env->diag;
	const Token *t = peek(p, 0);
	syntax_failed(p);
	diag_begin(d, E0118, t->span, "`%s` cannot stand in this block", word_of(t->kind)->text);
	diag_label(d, innermost_brace(p)->span, "the block");
	diag_help(d, "declarations stand outside of blocks: write it before this one, or behind its `}`");
	diag_end(d);
	Token skipped;
	do {
		skipped = take(p);
		track(p, &skipped);
		if (skipped.kind == TOK_LBRACE) {
			skip_block(p);
			skipped.kind = TOK_RBRACE;
		}
	} while (peek(p, 0)->kind != TOK_EOL && !p->to_close && !line_ends(p, skipped.kind));
	leave_brackets(p);
}

/* ---- delivery -------------------------------------------------------------------------------- */

static Token
deliver(Parse *p, Token t)
{
	if (nothing_to_end(p->last.kind) || p->last.kind == TOK_RBRACE)
		p->first = t;
	p->before = p->last;
	p->last = t;
	return t;
}

static Token
insert(int kind, Span behind)
{
	return (Token){.kind = kind, .span = {behind.hi, behind.hi}, .inserted = true};
}

static void
report_stray_brace(Parse *p, const Token *t)
{
	if (p->stopped)
		return;
	syntax_failed(p);
	diag_begin(p->env->diag, E0110, t->span, "this `}` closes nothing");
	diag_help(p->env->diag, "delete it, or open its block by `{`");
	diag_fix(p->env->diag, t->span, "%s", "");
	diag_end(p->env->diag);
}

Token
layout_next(Parse *p)
{
	p->left = (Opener){0};
	if (p->start) {
		int start = p->start;
		p->start = 0;
		return deliver(p, insert(start, (Span){p->file->base, p->file->base}));
	}
	if (p->recovering && p->last.kind == TOK_LBRACE) {
		skip_block(p);
		p->last = (Token){.kind = TOK_RBRACE, .span = p->last.span, .inserted = true};
	}
	for (;;) {
		if (p->to_close && nothing_to_end(p->last.kind)) {
			p->to_close--;
			return deliver(p, insert(TOK_RBRACE, p->last.span));
		}
		if (p->to_close || line_ends(p, p->last.kind)) {
			leave_brackets(p);
			return deliver(p, insert(TOK_EOL, p->last.span));
		}
		if (p->open_braces && (peek(p, 0)->kind == TOK_END ||
				       (nothing_to_end(p->last.kind) && !in_decls(p) && starts_declaration(p)))) {
			if (is_misplaced(p))
				skip_misplaced(p);
			else
				close_all(p, peek(p, 0), 0);
			continue;
		}
		Token t = take(p);
		if (t.kind == TOK_EOL && nothing_to_end(p->last.kind))
			continue;
		if (t.kind == TOK_RBRACE && !p->open_braces) {
			report_stray_brace(p, &t);
			continue;
		}
		track(p, &t);
		if (t.kind == TOK_SNN_YYerror)
			p->recovering = true;
		if (p->recovering && t.kind == TOK_LBRACE) {
			skip_block(p);
			p->last = (Token){.kind = TOK_RBRACE, .span = t.span, .inserted = true};
			continue;
		}
		return deliver(p, t);
	}
}
