/* clone.h: copies of blocks with locals of their own, for the passes only.
 *
 * A local is declared once in a code. Whoever needs a block a second time copies it: locals that the block declares
 * get new ones; others are read through the map, so that the caller can put an expression in the place of a local.
 */
#ifndef SNNC_OPT_CLONE_H
#define SNNC_OPT_CLONE_H

#include "plan/plan.h"

typedef struct {
	Plan *p;
	PlanCode *code;                                   /* where the copies go */
	const PlanCode *from;                             /* where the statements stand; NULL: in `code` */
	PlanExpr **map;                                   /* per local of the code: what stands for it; NULL: itself */
	uint32_t n;                                       /* locals in the map; those made later stand for themselves */
} Clone;

Clone clone_open(Plan *p, PlanCode *code);
PlanExpr *clone_expr(Clone *c, const PlanExpr *e);
PlanStmt *clone_stmt(Clone *c, const PlanStmt *s);
PlanBlock clone_block(Clone *c, PlanBlock b);
/* A new local like `local`, which it stands for from here on. */
uint32_t clone_local(Clone *c, uint32_t local);
/* Funcs and kernels, then procs: so that new kernels come before whoever runs them. Changes what numbers codes have. */
void procs_last(Plan *p);
/* Takes out codes that are not used. */
void keep_codes(Plan *p, const bool *used);

#endif
