/* ast_build_inner.h: what the makers of declarations share; for ast_build_*.c only. */
#ifndef SNNC_AST_BUILD_INNER_H
#define SNNC_AST_BUILD_INNER_H

#include "ast/ast_build.h"

/* Vectors of one element type have many types in C; this hands over the elements. */
#define TAKE(dst, src) ((dst)->at = (src)->at, (dst)->n = (src)->n, (dst)->cap = (src)->cap)

bool is_set(Span at);
/* Fails with a message: a part that stands there twice, or not at all. */
void report_twice(AstBuild *b, Span first, Span again, const char *what);
void report_missing(AstBuild *b, Span at, const char *owner, Name name, const char *what, const char *help);
AstDecl *new_decl(AstBuild *b, Span at, AstDeclKind kind);
void set_name(AstDecl *d, AstId id);

#endif
