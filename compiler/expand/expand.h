/* expand: tables, loops and choices among the declarations become plain declarations.
 *
 * reads    AstProgram as parsed, the values of --set
 * writes   AstProgram without tables, loops, choices, and names to work out
 * decides  what a loop variable, a row of a table and an element of a list stand for: expressions, put in their place;
 *          the names of layers, connections and signals that are made in loops
 *
 * Everything stays an expression of the program, so units and types are those of each use. Only what makes up the structure,
 * ranges, indices, conditions and names, is worked out here, in double. What stands in for something else has the span of its
 * use; declarations made by a loop know their turn.
 */
#ifndef SNNC_EXPAND_EXPAND_H
#define SNNC_EXPAND_EXPAND_H

#include "ast/ast.h"
#include "diag/diag.h"

typedef enum { EXPAND_FILE_OK, EXPAND_FILE_MISSING, EXPAND_FILE_BAD, EXPAND_FILE_OUTSIDE } ExpandFile;

/* Files, from the world; `at` is where the path is written. why: a sentence on failure. */
typedef struct {
	void *env;
	/* Cells as texts, row by row. */
	ExpandFile (*csv)(void *env, Span at, const char *path, uint64_t *rows, uint64_t *columns, const char ***cells,
			  const char **why);
	ExpandFile (*array)(void *env, Span at, const char *path, uint32_t *rank, uint64_t extent[6], double **numbers,
			    const char **why);
} ExpandWorld;

/* What the program sweeps over: the last one changes fastest. `value` is numbers with units, lists of them, or truth values. */
typedef VEC(struct ExpandLane { Name name; Span span; VEC(const AstExpr *) value; }) ExpandLanes;

typedef struct {
	Arena *arena;
	Interner *names;
	Diag *diag;
	ExpandWorld world;
	uint32_t nsets;
	const AstArg *sets;    /* --set name = expression */
	uint32_t world_errors; /* out: errors that are the world's, not the text's */
	ExpandLanes lanes;     /* out: without those that --set gives a value */
} ExpandEnv;

/* False if errors were reported. */
bool expand_program(ExpandEnv *env, AstProgram *p);

#endif
