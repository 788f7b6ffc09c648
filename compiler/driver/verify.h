/* verify.h: snnc run --verify: the plain interpreter beside the compiled code, in step. */
#ifndef SNNC_DRIVER_VERIFY_H
#define SNNC_DRIVER_VERIFY_H

#include "driver/pipeline.h"

typedef struct {
	uint64_t every;                                   /* steps between comparisons; 0: 1 */
	/* For tests: called with the arena of the compiled code after each step. */
	void (*after_step)(void *env, const Plan *p, void *arena, uint64_t step);
	const Plan *code;                                 /* for tests: what is compiled in place of the plan; the same buffers */
	void *env;
} VerifyOptions;

typedef struct {
	bool differs;
	uint64_t steps;                                   /* done, or until the difference was seen */
	uint32_t variables;
	const char *variable;                             /* "exc.v[batch 0, neuron 3]" */
	const char *expected, *got;                       /* of the interpreter, of the code: "-64.3 (0xc28099…)" */
} VerifyResult;

/* ---- origin.c ---- */
typedef struct {
	uint32_t buf;
	const PlanCode *code;
	VEC(Span) at;                                     /* statements of the program that it is made by, in their order */
} Origin;
/* Of the buffers that differ the one that a step stores to first; false: no step does. */
bool verify_origin(Arena *a, const Plan *p, const bool *differs, Origin *out);

/* Runs both; a difference is told as a message (E1003) in c->diag. Gives the exit code of the run: EXIT_WORLD if they differ. */
int verify_plan(Compilation *c, const VerifyOptions *o, VerifyResult *out);

#endif
