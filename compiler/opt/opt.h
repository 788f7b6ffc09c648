/* opt: the plan becomes a better plan; one pass per file, in the order of passes.def.
 *
 * The plan is verified after each pass when asked. `exact_only` leaves out the rounding passes.
 */
#ifndef SNNC_OPT_OPT_H
#define SNNC_OPT_OPT_H

#include "plan/plan.h"

#define OPT_ALL "all"

/* For several threads: not at all; where it is worth the meetings; always. */
typedef enum { TEAM_NEVER, TEAM_AUTO, TEAM_ALWAYS } TeamMode;

typedef struct {
	bool exact_only;
	bool verify;                                      /* after each pass */
	const char *without;                              /* name of a pass to leave out, OPT_ALL, or NULL */
	void (*after)(void *env, const char *pass, const Plan *p);   /* for dumps and timers; may be NULL */
	void *env;
	TeamMode team;
	int threads;                                      /* that there may be; only a guide */
} OptOptions;

/* False and *why if a pass broke the plan (our mistake). */
bool opt_run(Plan *p, const OptOptions *o, const char **why);

uint32_t opt_pass_count(void);
const char *opt_pass_name(uint32_t i);
const char *opt_pass_help(uint32_t i);
/* One pass alone, by name; false if there is none. */
bool opt_pass(Plan *p, const char *name);

/* Kernels are shared out among threads; opt_run does it, if asked, before the passes that are LAST. */
void opt_team(Plan *p, TeamMode mode, int threads);

#endif
