/* left.h: how many steps the run has left, for passes that look ahead. */
#ifndef SNNC_OPT_LEFT_H
#define SNNC_OPT_LEFT_H

#include "plan/plan.h"

/* The buffer of how many there are, with the one that is being done: set before each step. 1 where statements of the experiment come between. */
uint32_t steps_left(Plan *p, uint32_t step);

#endif
