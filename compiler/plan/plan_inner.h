/* plan_inner.h: what the files of this folder share with each other and with nobody else. */
#ifndef SNNC_PLAN_PLAN_INNER_H
#define SNNC_PLAN_PLAN_INNER_H

#include "plan/plan.h"

/* Names and shapes of the kinds, from the .def files. */
const char *plan_expr_mnemonic(PlanExprKind k);
int plan_expr_operands(PlanExprKind k);                   /* -1: any number */
char plan_expr_notation(PlanExprKind k);
const char *plan_object_mnemonic(PlanObjectKind k);
int plan_infix_level(PlanExprKind k);                     /* binding strength as in C; 0: not infix */

/* The type that an operator gives over the types of its operands (CAST and BITS: e->type, checked). False and
 * a sentence if they do not fit. `t` may be &e->type. Not for CONST, LOCAL, LOAD. */
bool plan_expr_rule(const PlanExpr *e, PlanType *t, Arena *a, const char **why);

/* Whether a name may stand in plan text as it is; others are written in backquotes. */
bool plan_name_is_plain(const char *name);
bool plan_word_is_reserved(const char *s, size_t n);
void plan_print_name(StrBuf *out, const char *name);
void plan_print_quoted(StrBuf *out, const char *s, char quote);
/* One line: the statement without its blocks. */
void plan_print_head(StrBuf *out, const Plan *p, const PlanCode *c, const PlanStmt *s);

/* Parts of plan_verify (plan_verify_host.c): a sentence, or NULL. */
const char *plan_verify_object(const Plan *p, Arena *a, const PlanObject *o);
const char *plan_verify_host(const Plan *p, Arena *a, const PlanStmt *s);

#endif
