/* rt_sweep.h: what sweep.c and sweep_table.c share. */
#ifndef SNNC_RUNTIME_RT_SWEEP_H
#define SNNC_RUNTIME_RT_SWEEP_H

#include "rt.h"

/* Prints a line for each lane, and writes sweep.csv and sweep.npy into the folder (NULL: neither). reports: of each lane, or NULL. */
bool rt_sweep_table(const snnrt_sweep *s, char *const *reports, const char *folder, char *why);

#endif
