/* words: the table of words.def. */
#include "parse/token.h"

#include "diag/diag.h"
#include "snn.tab.h"

#include <string.h>

#define RESERVED WORD_RESERVED
#define DECL WORD_DECL
#define LINE WORD_LINE
#define PROTOCOL WORD_PROTOCOL
static const Word words[] = {
#define W(token, text, flags, form) {TOK_##token, text, flags, form},
#include "parse/words.def"
#undef W
};
#undef RESERVED
#undef DECL
#undef LINE
#undef PROTOCOL

enum {
#define W(token, text, flags, form) AT_##token,
#include "parse/words.def"
#undef W
	WORD_COUNT
};

const Word *
word_find(const char *text, size_t n)
{
	for (int i = 0; i < WORD_COUNT; i++) {
		if (words[i].text[0] == text[0] && strlen(words[i].text) == n &&
		    memcmp(words[i].text, text, n) == 0)
			return &words[i];
	}
	return NULL;
}

const Word *
word_of(int kind)
{
	switch (kind) {
#define W(token, text, flags, form)                                                                \
	case TOK_##token:                                                                          \
		return &words[AT_##token];
#include "parse/words.def"
#undef W
	}
	return NULL;
}

bool
word_may_be_name(int kind)
{
	const Word *w = word_of(kind);
	return kind == TOK_NAME || (w && !(w->flags & WORD_RESERVED));
}

static bool
ends_here(const Token *t)
{
	return t->new_line || t->kind == TOK_EOL || t->kind == TOK_RBRACE || t->kind == TOK_END;
}

/* Names and numbers of a form are examples; a word in it is the word, or an example too. */
static bool
form_fits(const char *form, const Token *t, const Token *then)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
	form += strspn(form, " ");
	size_t n = strspn(form, letters);
	const Word *w = n ? word_find(form, n) : NULL;
	if (w && t->kind == w->kind)
		return !then || form_fits(form + n, then, NULL);
	if (n)
		return word_may_be_name(t->kind);
	switch (*form) {
	case '\0':
	case ',': return ends_here(t);
	case '=': return t->kind == TOK_ASSIGN;
	case '{': return t->kind == TOK_LBRACE;
	case '[': return t->kind == TOK_LBRACKET;
	case '"': return t->kind == TOK_STRING;
	case '.': return t->kind == TOK_DOT;
	}
	return t->kind == TOK_NUMBER || word_may_be_name(t->kind);
}

bool
word_fits(const Word *w, const Token *next, const Token *then)
{
	static const char between[] = ", or: ";
	for (const char *form = w->form; form; form = strstr(form, between)) {
		form += form == w->form ? 0 : sizeof between - 1;
		if (form_fits(form + strlen(w->text), next, then))
			return true;
	}
	return false;
}

const char *
word_nearest(const char *text, int flags)
{
	const char *texts[WORD_COUNT];
	uint32_t n = 0;
	for (int i = 0; i < WORD_COUNT; i++) {
		if (words[i].flags & flags)
			texts[n++] = words[i].text;
	}
	return suggest(text, texts, n);
}
