/* token.h: what the scanner hands to the layout filter, and the filter to the parser. */
#ifndef SNNC_PARSE_TOKEN_H
#define SNNC_PARSE_TOKEN_H

#include "ast/unit.h"
#include "base/intern.h"
#include "source/source.h"

typedef struct { double value; bool is_int; } Number;

typedef struct {
	int kind;                                         /* TOK_… of the grammar */
	Span span;
	bool new_line;                                    /* first of its line */
	bool inserted;                                    /* made by the filter: ends of lines, missing `}` */
	union {
		Name name;                                /* names and words */
		const char *string;
		Number number;
		const Unit *unit;
	};
} Token;

enum { WORD_RESERVED = 1, WORD_DECL = 2, WORD_LINE = 4, WORD_PROTOCOL = 8 };

typedef struct {
	int kind;                                         /* TOK_… */
	const char *text;
	int flags;
	const char *form;                                 /* how its line is written, or NULL */
} Word;

const Word *word_find(const char *text, size_t n);        /* NULL: an ordinary name */
const Word *word_of(int kind);                            /* NULL: no word */
bool word_may_be_name(int kind);                          /* a name, or a word that is none of the reserved */
/* Whether what stands behind the word is as in one of its forms, as far as the next two tokens tell; `then` may be NULL. */
bool word_fits(const Word *w, const Token *next, const Token *then);
const char *word_nearest(const char *text, int flags);    /* nearest word with one of these flags, or NULL */

#endif
