/* lint.h: warnings about what is allowed and surely not meant: neurons that never spike, rules that never act, bounds that exclude
 * each other. Each is a proof over intervals of numbers, never a guess, so that a warning is never a false alarm.
 */
#ifndef SNNC_LINT_LINT_H
#define SNNC_LINT_LINT_H

#include "ast/ast.h"
#include "diag/diag.h"
#include "net/net.h"

typedef struct {
	Arena *arena;
	Diag *diag;
} LintEnv;

void lint_program(LintEnv *env, const AstProgram *p);     /* after sema: rules and signals of the program, as written */
void lint_net(LintEnv *env, const Net *net);              /* after solve */

#endif
