/* manual.h: the manual page, and completions of shells, from the table of options. */
#ifndef SNNC_DRIVER_MANUAL_H
#define SNNC_DRIVER_MANUAL_H

#include "base/arena.h"

int manual_page(Arena *a);                                /* to stdout; give exit codes */
int manual_completions(Arena *a, const char *shell);

#endif
