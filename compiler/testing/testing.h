/* testing: a test of the language becomes an ordinary program.
 *
 * reads    AstProgram (parsed, not checked), one AstTest of it
 * writes   the same program without what the test does not need, with layers, connections and an experiment made of its lines
 * decides  which stand-in neurons spike when, what names in expectations mean, how runs are cut at the times of signals
 *
 * A rule is tested on a connection `synapse` from a layer `pre` to a layer `post` of neurons that spike when they are told, a
 * neuron as a layer `cell`, a feature as a `synapse` whose target `post` keeps what it gets. An event at time t falls into the
 * step that ends at t; a value at time t is that after this step.
 *
 * After the run, testing_judge works out what was expected from what the driver reads back.
 */
#ifndef SNNC_TESTING_TESTING_H
#define SNNC_TESTING_TESTING_H

#include "ast/ast.h"
#include "base/intern.h"
#include "diag/diag.h"
#include "net/net.h"

typedef struct {
	Arena *arena;
	Interner *names;
	Diag *diag;
} TestEnv;

/* A test, and what it is of: a model, or the whole program (an ADECL_TEST). */
typedef struct { AstDecl *decl; const AstTest *test; } TestPlace;
typedef VEC(TestPlace) TestPlaceVec;

void testing_find(Arena *a, const AstProgram *p, bool library, TestPlaceVec *out);   /* in order of the text */

/* What a test goes through: one run (n = 0), or one for each value of a sweep. Lanes: all in one, as neurons side by side. */
typedef struct {
	uint32_t n;
	double *value;                                    /* in the unit of the label */
	bool lanes;
	const char *label;                                /* "post - pre [ms]", "rate [Hz]" */
} TestSweep;

/* Rewrites p. point: of a sweep that is not in lanes. False after messages. */
bool testing_make(TestEnv *env, AstProgram *p, TestPlace place, uint32_t point, TestSweep *sweep);

/* ---- after the run (judge.c) ---- */

/* What was seen: `rows` moments of values of this shape, n in each. */
typedef struct { double *at; uint64_t n, rows; uint32_t rank; uint64_t extent[6]; } TestValues;
typedef struct {
	void *env;
	/* NOW: one row; EVERY: a row for each step; false: *why. */
	bool (*values)(void *env, const NetSeen *s, TestValues *out, const char **why);
	/* Spikes of the record, as pairs (step from 0, neuron of all items), in order; false: *why. */
	bool (*spikes)(void *env, const NetSeen *s, uint64_t **pairs, uint64_t *n, const char **why);
} TestReader;

typedef struct {
	bool met;
	const char *got, *wanted, *off;                   /* texts with units; off: "0.3 mV too high, 1 % is allowed", or "" */
	const char *where;                                /* " of value 3 at 10 ms", or "" */
	double *value; uint64_t n;                        /* GOLDEN: what came out */
	const char *why;                                  /* what was seen cannot be read */
} TestVerdict;

TestVerdict testing_judge(Arena *a, const Net *net, const NetExpect *x, const TestReader *r);

/* A golden: rows of two columns. NULL, or what differs first, in words. */
const char *testing_compare(Arena *a, const double *x, const double *want, const double *got, uint64_t n);

#endif
