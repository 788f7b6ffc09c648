/* pages.h: what messages mean, from docs/errors. */
#ifndef SNNC_DRIVER_PAGES_H
#define SNNC_DRIVER_PAGES_H

#include "base/arena.h"

int pages_print(Arena *a, const char *code);              /* of "E0214", to stdout; gives the exit code */

#endif
