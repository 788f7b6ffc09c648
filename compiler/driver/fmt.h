/* fmt.h: lays out programs anew. */
#ifndef SNNC_DRIVER_FMT_H
#define SNNC_DRIVER_FMT_H

#include "driver/pipeline.h"

int command_fmt(Compilation *c);

#endif
