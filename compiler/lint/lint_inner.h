/* lint_inner.h: what the files of this folder share. */
#ifndef SNNC_LINT_LINT_INNER_H
#define SNNC_LINT_LINT_INNER_H

#include "lint/lint.h"
#include "lint/reach.h"

#include <inttypes.h>

bool lint_runs(const NetProtocol *p);                     /* something runs */
void lint_rule(LintEnv *env, const Net *net, const NetConn *c, const NetFeature *f, const Reach *reach);
void lint_signals(LintEnv *env, const Net *net);

#endif
