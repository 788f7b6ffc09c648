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
