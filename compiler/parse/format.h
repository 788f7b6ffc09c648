/* format.h: a text laid out anew: the same tokens and comments in the same lines, with blanks as they are meant to be. */
#ifndef SNNC_PARSE_FORMAT_H
#define SNNC_PARSE_FORMAT_H

#include "parse/parse.h"

/* The text must have been parsed without errors. */
void format_file(ParseEnv *env, const SourceFile *f, StrBuf *out);

#endif
