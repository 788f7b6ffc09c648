/* info.h: what there is to know of a model, for people: in a terminal, and as a document.
 *
 * Read from the program after sema and from the comments above its models, which are written as
 * docs/style.md says. Nothing here knows a model.
 */
#ifndef SNNC_INFO_INFO_H
#define SNNC_INFO_INFO_H

#include "ast/ast.h"
#include "base/strbuf.h"
#include "source/source.h"

typedef struct {
	Arena *arena;
	const AstProgram *program;
	const SourceMap *sources;
	bool library; /* models of the library, or those of the user's files */
} InfoEnv;

/* All models in one line each, by kind and file. */
void info_list(StrBuf *out, const InfoEnv *env);
/* One model, of the user's files or else of the library. False: there is none of that name; *near is the
 * nearest name or NULL. */
bool info_model(StrBuf *out, const InfoEnv *env, const char *name, const char **near);
/* Its text, as it stands in its file. */
bool info_source(StrBuf *out, const InfoEnv *env, const char *name, const char **near);
/* All models as a document in Markdown; what a comment fails to say shows as INFO_MISSING. */
void info_markdown(StrBuf *out, const InfoEnv *env);

#define INFO_MISSING "(not described)"

#endif
