/* ast_clone.h: copies of trees as they come from the parser, with some expressions replaced on the way.
 *
 * `expr` looks at each expression before its parts are copied: what it gives stands in its place, NULL lets it be copied.
 * `hidden` holds the names that stand for something else there.
 */
#ifndef SNNC_AST_AST_CLONE_H
#define SNNC_AST_AST_CLONE_H

#include "ast/ast.h"

typedef struct AstClone AstClone;
struct AstClone {
	Arena *arena;
	AstExpr *(*expr)(AstClone *c, const AstExpr *e);          /* NULL: everything is copied */
	bool (*stmt)(AstClone *c, const AstStmt *s, AstStmtVec *out);  /* true: `out` has what stands in its place; may be NULL */
	VEC(Name) hidden;                                         /* names that a `let`, a loop or a sum declares around here */
};

AstExpr *ast_clone_expr(AstClone *c, const AstExpr *e);           /* NULL stays NULL */
AstArgVec ast_clone_args(AstClone *c, const AstArgVec *args);
AstStmtVec ast_clone_stmts(AstClone *c, const AstStmtVec *body);
/* Not of models, tests, functions, tables, loops and choices. */
AstDecl *ast_clone_decl(AstClone *c, const AstDecl *d);
bool ast_clone_hides(const AstClone *c, Name name);

#endif
