/* explain_inner.h: what the files of explain share. */
#ifndef SNNC_EXPLAIN_EXPLAIN_INNER_H
#define SNNC_EXPLAIN_EXPLAIN_INNER_H

#include "explain/explain.h"

typedef struct { StrBuf *out; const ExplainEnv *env; Arena *a; } Explain;

void explain_states(const Explain *x);                    /* explain_states.c */
void explain_loops(const Explain *x, const PlanCode *step);   /* explain_loops.c; step: NULL if there is none */

#endif
