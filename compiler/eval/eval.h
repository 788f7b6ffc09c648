/* eval.h: the interpreter of plans: the meaning of a plan, written to be obviously right.
 *
 * It is the oracle for every pass and for both emitters. The plan must have passed plan_verify; what that cannot
 * see (an index computed while running) is checked here, at every access.
 */
#ifndef SNNC_EVAL_EVAL_H
#define SNNC_EVAL_EVAL_H

#include "plan/plan.h"

/* Host functions: `fn` indexes plan_host_fns; an address comes as its bits. */
typedef int64_t (*EvalHostFn)(void *env, uint32_t fn, uint32_t nargs, const int64_t *args);
/* call NULL: every host call gives 0. threads above 1: teams are of so many, which the interpreter plays one after the
 * other, in an order that nobody may rely on; it fails where two of them touch what one of them writes and did not meet. */
typedef struct { EvalHostFn call; void *env; int threads; } EvalHost;

/* Runs a proc, or a kernel over its whole range, over an arena that plan_layout laid out (plan->arena_bytes,
 * aligned to 8 at least). The values of const buffers are written there first; everything else is the caller's.
 * Gives the status: 0, or the negative result of a host call. -2 with *why (in the plan's arena) if an index is
 * outside its axis, a local is not set or there is no such code; otherwise *why is NULL. host may be NULL. */
int64_t eval_run(const Plan *p, const char *name, void *arena, const EvalHost *host, const char **why);

/* Calls one func: args and results are its values, floats as bits. False and *why as above. For tests. */
typedef union { float f; double d; int64_t i; } EvalValue;
bool eval_call(const Plan *p, const char *func, const EvalValue *args, EvalValue *results, const char **why);

#endif
