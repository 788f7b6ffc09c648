/* structure.h: matrices that are an expression of vectors; for the pass `structure` only. */
#ifndef SNNC_OPT_STRUCTURE_H
#define SNNC_OPT_STRUCTURE_H

#include "plan/plan.h"

/* What a value of cell (i, j) depends on: nothing, i alone, j alone, j - i alone, or (several bits) more than one of them. */
typedef enum { OF_NOTHING = 0, OF_PRE = 1, OF_POST = 2, OF_APART = 4, OF_MORE = 7 } Varies;

/* A largest part of the expression that depends on one of them; kept in a vector. */
typedef struct { const PlanExpr *e; Varies of; uint32_t buf; } Leaf;

/* A matrix that one kernel writes when the run begins. */
typedef struct {
	Plan *p;
	uint32_t buf, init;                               /* buffer, kernel */
	PlanCode *code;                                   /* of the kernel */
	uint32_t i, j;                                    /* locals: row and column */
	uint64_t rows, columns;
	const PlanStmt *store;                            /* matrix[i, j] = e */
	const PlanStmt **def;                             /* per local: the LET or CALL that declares it; NULL */
	Varies *of;                                       /* per local */
	uint32_t *uses;                                   /* per local: how often what stays above the vectors reads it */
	uint32_t cost;                                    /* operations that stay */
	VEC(Leaf) leaves;
	const char *why;                                  /* it cannot be cut */
} Matrix;

/* The only store of a nest over all cells; false if the kernel is another one. */
bool structure_find(Matrix *m);
/* Cuts what is stored into leaves; false and m->why if too much stays above them. */
bool structure_cut(Matrix *m);
bool structure_is_mixed(Varies of);
Varies structure_varies(const Matrix *m, const PlanExpr *e);

/* Buffers and kernels of the leaves; runs[]: the kernels, as many as are given back. */
uint32_t structure_make(Matrix *m, uint32_t runs[3]);
/* Every load of the matrix becomes the expression. */
void structure_replace(Matrix *m);

#endif
