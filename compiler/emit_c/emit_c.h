/* emit_c.h: a plan as one C11 file, written the way a person would write this one network.
 *
 * The file needs snnrt.h and libsnnrt, and these flags for the bits of the plan: -ffp-contract=off
 * -fwrapv, and nothing of -ffast-math. A plan with a proc `program` becomes a whole program with
 * main(); a plan without one becomes a translation unit whose uncalled codes have external linkage.
 * The plan must be sound (plan_verify) and laid out (plan_layout).
 */
#ifndef SNNC_EMIT_C_EMIT_C_H
#define SNNC_EMIT_C_EMIT_C_H

#include "base/strbuf.h"
#include "plan/plan.h"
#include "source/source.h"

#include <stdbool.h>

typedef struct {
	const char *source_hash;                  /* hex; NULL: none */
	bool line_comments; /* source text lines as comments; needs `sources` */
	const SourceMap *sources;                 /* may be NULL */
	const char *exported; /* the program's table under this name for another file, and no main; or NULL */
} EmitCOptions;

/* The whole program: struct of all buffers, functions, kernels, procs, tables, main. `o` may be
 * NULL. */
void emit_c(StrBuf *out, const Plan *p, const EmitCOptions *o);

/* A lane of a sweep: the plan that it shares with others, and what its const buffers hold. */
typedef struct {
	uint32_t group;
	const Plan *plan;
	const PlanValue *const *data;             /* [buffer] */
	uint64_t seed;
	const char *source_hash, *plan_hash, *text;
	const char *const *value, *const *sets;   /* of each name of the sweep; of tunables */
	uint32_t nsets;
} EmitCLane;
typedef struct {
	const char *name;
	uint32_t nnames, nlanes;
	const char *const *names;
	const EmitCLane *lanes;
	const char *const *exported;              /* [group]: names of the programs' tables */
} EmitCSweep;

/* The file with main() beside those of the groups. */
void emit_c_sweep(StrBuf *out, const EmitCSweep *s);

#endif
