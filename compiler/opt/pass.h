/* pass.h: the passes, for opt.c only. */
#ifndef SNNC_OPT_PASS_H
#define SNNC_OPT_PASS_H

#include "plan/plan.h"

#define PASS(name, kind, help) void pass_##name(Plan *p);
#define LAST PASS
#include "opt/passes.def"
#undef LAST
#undef PASS

#endif
