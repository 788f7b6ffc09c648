/* lower: the network becomes a loop plan.
 *
 * reads    Net (verified)
 * writes   Plan: buffers, kernels, the schedule of a step, the protocol
 * decides  which arrays exist and where, the order of events within a step, which loops are event-driven
 *
 * The schedule of a step (the only one now; BindsNET's):
 *   A  every connection delivers the spikes of the previous step, summed in ascending pre index from +0; then
 *      connections add in order, then the layer's own drive
 *   B  layers update in order: step code, spikes, traces
 *   C  rules run in order of connections, then decay, then bounds
 *   D  records
 * At the end of each `run`, also while frozen: normalisation.
 */
#ifndef SNNC_LOWER_LOWER_H
#define SNNC_LOWER_LOWER_H

#include "diag/diag.h"
#include "net/net.h"
#include "plan/plan.h"

typedef struct {
	Diag *diag;
	const char *math_plan;                            /* text of lib/math.plan */
	const SourceMap *sources;                         /* for places that the program tells at run time */
	bool diagnose;                                    /* with objects for what --diagnose looks at */
} LowerEnv;

/* NULL after diagnostics (parts of the language that are not compiled yet). */
Plan *lower_net(LowerEnv *env, const Net *net);

#endif
