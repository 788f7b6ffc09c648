/* sema.h: names, types and dimensions of a program.
 *
 * Fills the `sema` slots of the tree and reports what does not fit; it adds no
 * node and moves none. After it has said yes, elab meets only names that are
 * declared, numbers where numbers belong, and units that agree.
 */
#ifndef SNNC_SEMA_SEMA_H
#define SNNC_SEMA_SEMA_H

#include "ast/ast.h"
#include "base/arena.h"
#include "base/intern.h"
#include "diag/diag.h"

#include <stdbool.h>

typedef struct {
	Arena *arena;
	Interner *names;
	Diag *diag;
} SemaEnv;

/* Fills the sema slots of the whole program (library and user). False if errors were reported. */
bool sema_check(SemaEnv *env, AstProgram *p);

#endif
