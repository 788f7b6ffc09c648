/* elab: the typed program becomes a network of instances, sizes and numbers.
 *
 * reads    AstProgram (checked by sema)
 * writes   Net
 * decides  the values of parameters and of everything that follows from them alone, the code of each
 *          instance, which traces are one, the sites of random numbers, the ranges of the protocol
 *
 * Constants are computed in the program's real type: + - * / are rounded each, exp, log and sqrt are
 * taken in double from the rounded operands and rounded once. Sizes, counts and the lengths of runs
 * are computed in double from the decimal text instead. Beyond constants only x * 1, x / 1, branches
 * on constants, max(x, -inf) and min(x, inf) are simplified.
 */
#ifndef SNNC_ELAB_ELAB_H
#define SNNC_ELAB_ELAB_H

#include "ast/ast.h"
#include "diag/diag.h"
#include "net/net.h"

/* What a data source turned out to be. */
typedef enum {
	ELAB_DATA_OK,
	ELAB_DATA_MISSING,
	ELAB_DATA_BAD,
	ELAB_DATA_LENGTH,
	ELAB_DATA_OUTSIDE,
	ELAB_DATA_SHAPE,
	ELAB_DATA_RANGE,
	ELAB_DATA_TWICE
} ElabDataStatus;

/* What elab must know of the world; the driver fills it from the runtime's probes. */
typedef struct {
	void *env;
	/* Paths written at `at` begin in this folder below the program's: "models/", or "". */
	const char *(*folder)(void *env, Span at);
	/* Shape of a .npy file, and its elements first .. first + n as numbers (out NULL: only the shape). */
	bool (*array)(void *env, const char *path, uint32_t *rank, uint64_t extent[6], uint64_t first, uint64_t n,
		      double *out, const char **why, ElabDataStatus *status);
	/* Fills nsynapses, row and target of `out`, whose path and form are given, and the values that `value` says of each (NULL:
	 * none; out->weight: those of the file itself). */
	bool (*edges)(void *env, uint64_t npre, uint64_t npost, const char *value, NetPattern *out, double **values, const char **why,
		      ElabDataStatus *status);
	/* Does a file say a value of each pair that the file `edges` lists? */
	bool (*says)(const char *edges, const char *path);
	/* Fills samples, classes and columns of `out`; false: *why is a sentence. */
	bool (*data)(void *env, const char *kind, uint32_t npaths, const char *const *paths,
		     const char *fallback, NetData *out, const char **why, ElabDataStatus *status);
} ElabWorld;

typedef struct {
	Arena *arena;
	Interner *names;
	Diag *diag;
	ElabWorld world;
	bool f64;
	bool settles;          /* --set of a tunable is its value in what is made, not of one run */
	uint32_t nsets;
	const AstArg *sets;    /* --set name = expression */
	uint32_t world_errors; /* out: errors that are the world's, not the text's */
} ElabEnv;

Net *elab_program(ElabEnv *env, const AstProgram *p, const char *name); /* NULL after diagnostics */

#endif
