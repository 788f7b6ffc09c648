/* left.h: how many steps the run has left, for passes that look ahead. */
#ifndef SNNC_OPT_LEFT_H
#define SNNC_OPT_LEFT_H

#include "plan/plan.h"

bool is_run_of_steps(const PlanStmt *s, uint32_t step);    /* for … { do step }, more than once */
bool has_run_of_steps(const Plan *p, uint32_t step);       /* in the experiment; not once `steps_left` is woven in */

bool may_have_left(const Plan *p, uint32_t step);          /* whether `steps_left` can be more than 1 */

/* The buffer of how many there are, with the one that is being done: set before each step. 1 where statements of the experiment come between. */
uint32_t steps_left(Plan *p, uint32_t step);

#endif
