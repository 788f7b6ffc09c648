/* explain.h: what the compiler made of a program: the code of each model and how its equations are integrated, the order of a step,
 * where each state lives, and for each loop of a step what it costs, what form it has and why.
 */
#ifndef SNNC_EXPLAIN_EXPLAIN_H
#define SNNC_EXPLAIN_EXPLAIN_H

#include "net/net.h"
#include "plan/plan.h"

typedef struct {
	const Net *net;                                   /* solved */
	const Plan *plan;                                 /* finished, with remarks */
	bool markdown;
} ExplainEnv;

void explain_print(StrBuf *out, const ExplainEnv *env);

#endif
