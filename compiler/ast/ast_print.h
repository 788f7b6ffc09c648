/* ast_print.h: what the two halves of the printer share; users see ast.h. */
#ifndef SNNC_AST_AST_PRINT_H
#define SNNC_AST_AST_PRINT_H

#include "ast/ast.h"

void ast_print_text(StrBuf *out, const char *s);          /* quoted, with escapes */
void ast_print_more(StrBuf *out, const AstExpr *e);        /* a space and the expression, if there is one */
void ast_print_args(StrBuf *out, const AstArgVec *args);  /* each behind a space; named ones as (= name value) */
void ast_print_body(StrBuf *out, const AstStmtVec *body, int depth);  /* a line for each statement */

void ast_print_test_line(StrBuf *out, const AstStmt *s); /* expect, event, sweep … */
void ast_print_test(StrBuf *out, const AstTest *t, int depth);

#endif
