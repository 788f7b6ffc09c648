/* infer.h: dimensions that are not known yet.
 *
 * A term is a dimension with unknowns: a product of powers of time, voltage,
 * current, length and of variables (Kennedy 1996). To unify two terms is to
 * solve one linear equation over the rationals; variables are eliminated one
 * at a time, the newest first that needs no root, so a bare literal gives way before a parameter.
 * Each term remembers one stated unit that had a part in it, for messages.
 */
#ifndef SNNC_SEMA_INFER_H
#define SNNC_SEMA_INFER_H

#include "ast/unit.h"
#include "base/arena.h"
#include "base/vec.h"
#include "source/source.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct {
	int16_t num, den_less_one;
} Rat; /* zeroed memory is 0/1 */

typedef struct {
	uint32_t var;
	Rat power;
} DimPart;

typedef struct {
	Rat known[DIM_COUNT];
	uint32_t n;
	const DimPart *parts; /* ascending in var, no power zero */
	Span why;             /* a literal's unit; {0,0}: nothing was stated */
} DimTerm;

typedef struct {
	bool solved;
	DimTerm is;               /* solved: what it stands for */
	uint32_t copied_in, copy; /* infer_copy: in which round, to which variable */
} DimVar;

typedef struct {
	Arena *arena;
	VEC(DimVar) vars;
	uint32_t round;
	bool overflow; /* an exponent left its range; the reader clears it */
} Infer;

DimTerm infer_none(void);
DimTerm infer_fresh(Infer *in);
DimTerm infer_stated(Dim d, Span why);
DimTerm infer_mul(Infer *in, DimTerm a, DimTerm b);
DimTerm infer_div(Infer *in, DimTerm a, DimTerm b);
DimTerm infer_sqrt(Infer *in, DimTerm a);
DimTerm infer_reduce(Infer *in, DimTerm t);        /* with the solved variables put in */
bool infer_unify(Infer *in, DimTerm a, DimTerm b); /* false: they clash, nothing was changed */
bool infer_is_open(Infer *in, DimTerm t);          /* some variable is still free */
/* The dimension, free variables taken as numbers. False (*out is cut off) if no Dim can hold it. */
bool infer_dim(Infer *in, DimTerm t, Dim *out);
/* Copies terms with new variables for their free ones, the same ones until the next begin. */
void infer_copy_begin(Infer *in);
DimTerm infer_copy(Infer *in, DimTerm t);

#endif
