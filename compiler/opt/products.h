/* products.h: expressions as sums of products; for the passes only. */
#ifndef SNNC_OPT_PRODUCTS_H
#define SNNC_OPT_PRODUCTS_H

#include "plan/plan.h"

/* c * f[0] * f[1] …; a factor of bool is 1 or 0. */
enum { MOST_FACTORS = 8 };
typedef struct { double c; uint32_t n; const PlanExpr *f[MOST_FACTORS]; } Term;
typedef VEC(Term) TermVec;

/* A batch that is worth a product of matrices, of a matrix of so many values. */
enum { PRODUCT_ITEMS = 8, PRODUCT_VALUES = 1 << 14 };

/* Appends the products of a sum; false where that would be too many. */
bool sum_of_products(Plan *p, const PlanExpr *e, TermVec *out);

#endif
