/* parser.h: the state that scanner, layout filter, grammar and messages share. */
#ifndef SNNC_PARSE_PARSER_H
#define SNNC_PARSE_PARSER_H

#include "ast/ast_build.h"
#include "base/vec.h"
#include "parse/parse.h"
#include "parse/token.h"

/* An open bracket or brace. */
typedef struct {
	int kind;                                         /* TOK_LBRACE, TOK_LPAREN or TOK_LBRACKET */
	Span span;
	uint32_t indent;                                  /* of its line, for blaming the right brace */
	bool is_call;                                     /* ( straight behind a name */
	bool decls;                                       /* a block of declarations: of a loop or choice among them */
	bool unseen;                                      /* the parser did not get it: skipped after an error */
} Opener;

struct Parse {
	ParseEnv *env;
	const SourceFile *file;
	AstBuild build;                                   /* build.failed: an error was reported */
	AstProgram *program;                              /* in: where declarations go */
	AstExpr *expr;                                    /* out, of parse_expr_text */

	/* scanner */
	void *scanner;
	uint32_t pos;                                     /* next byte of the file */
	Token raw;                                        /* being read */
	bool new_line;                                    /* a line ended since the last token */

	/* layout filter */
	int start;                                        /* TOK_START_…, until delivered */
	Token ahead[2];
	uint32_t n_ahead;
	Token last;                                       /* the parser's look-ahead token, delivered last */
	Token before;                                     /* delivered before that */
	Token first;                                      /* of the line or block part that is being parsed */
	VEC(Opener) open;
	uint32_t open_braces;
	uint32_t to_close;                                /* missing `}` still to be delivered */
	Opener left;                                      /* bracket that the last token closed or left open; kind 0: none */
	bool braces_read;
	VEC(uint32_t) unclosed;                           /* braces.c: places of `{` that no `}` closes, in order */
	Opener suspect;                                   /* closed by a } that stood further left than its line */
	bool recovering;                                  /* the rest of the line is being skipped */
	bool stopped;                                     /* E0107: nothing more is read or reported */
};
typedef struct Parse Parse;

/* snn.l: reads the next token into p->raw; no line ends, no comments. */
void scanner_open(Parse *p);
void scanner_close(Parse *p);
void scan_token(Parse *p);

/* layout.c */
Token layout_next(Parse *p);
const Token *layout_peek(Parse *p);                       /* what layout_next will read from */
const Token *layout_peek_behind(Parse *p);                /* and the token behind it */
const Opener *layout_innermost(const Parse *p);           /* NULL: nothing is open */

/* braces.c: whether a `}` for this `{` stands anywhere further down. */
bool brace_is_closed(Parse *p, Span brace);

/* syntax_error.c: `found` did not fit; `expected` are the names of tokens in the grammar. */
void syntax_error(Parse *p, const char *const *expected, int n);
void syntax_too_deep(Parse *p, Span at);
void syntax_recovered(Parse *p);
void syntax_failed(Parse *p);                             /* notes that an error was reported */
const char *syntax_token_text(Parse *p, const Token *t);  /* as the user wrote it */

#endif
