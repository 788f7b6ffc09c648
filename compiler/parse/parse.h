/* parse.h: text to AST.
 *
 * The scanner (grammar/snn.l) reads tokens, the layout filter (layout.c) ends
 * lines and closes what was left open, the parser (in grammar/) calls one
 * builder of ast/ast_build.h for each rule. All errors of a text are reported
 * in one run; a line that does not parse is left out of the tree (an error node
 * stands for it) and the next one is read.
 */
#ifndef SNNC_PARSE_PARSE_H
#define SNNC_PARSE_PARSE_H

#include "ast/ast.h"
#include "diag/diag.h"

typedef struct { Arena *arena; Interner *names; SourceMap *sources; Diag *diag; } ParseEnv;

/* Appends the file's declarations; false if errors were reported (the tree is sound all the same). */
bool parse_file(ParseEnv *env, const SourceFile *f, AstProgram *into);

/* One expression, of an option such as --set n=20; `what` names it in messages ("--set n").
 * NULL after a diagnostic. */
AstExpr *parse_expr_text(ParseEnv *env, const char *what, const char *text);

#endif
