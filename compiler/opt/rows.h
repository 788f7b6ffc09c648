/* rows.h: what the files of the pass `rows` share. */
#ifndef SNNC_OPT_ROWS_H
#define SNNC_OPT_ROWS_H

#include "opt/clone.h"

enum { ROWS_ADDED = 8, ROWS_CHANGED = 4 };               /* at a time */

/* A buffer that the loop along a row stores to; joint: in the same place for every row, so that its value is handed on from row to row. */
typedef struct { uint32_t buf, nops; PlanExpr *const *op; bool joint; PlanExpr *place[PLAN_MAX_AXES], *value; } RowsSum;
typedef VEC(RowsSum) RowsSumVec;

/* What every row reads of a buffer that none of them stores to. */
typedef struct { const PlanExpr *load; PlanExpr *local; } RowsShared;

typedef struct {
	Plan *p;
	PlanCode *code;
	bool *changes;                                    /* locals that differ from row to row */
	const PlanStmt *along;
	RowsSumVec sums;
	VEC(RowsShared) shared;
	uint32_t rows, nodes;
	Clone clone;
} Rows;

RowsSum *rows_sum_of(const Rows *f, uint32_t buf);        /* NULL: not stored to */
void rows_emit(Rows *f, PlanEmit *b, PlanStmt *loop);

#endif
