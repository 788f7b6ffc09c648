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
} EmitCOptions;

/* The whole program: struct of all buffers, functions, kernels, procs, tables, main. `o` may be
 * NULL. */
void emit_c(StrBuf *out, const Plan *p, const EmitCOptions *o);

#endif
