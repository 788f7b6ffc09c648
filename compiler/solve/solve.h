/* solve.h: systems of equations become statements that carry their states over one step.
 *
 * Reads and writes the network: every SYSTEM in the code of a layer, a signal, a rule or a feature is replaced, in its place, by
 * plain assignments; what it was solved by, and why so, is left in `solved` of the code. Numbers that follow from
 * parameters and dt are computed here, in double, and rounded once; for each neuron where a parameter has a value for
 * each.
 */
#ifndef SNNC_SOLVE_SOLVE_H
#define SNNC_SOLVE_SOLVE_H

#include "diag/diag.h"
#include "net/net.h"

typedef struct {
	Diag *diag;
} SolveEnv;

bool solve_net(SolveEnv *env, Net *net); /* false: messages tell why */

#endif
