/* plan_reader.h: what plan_read.c and plan_read_expr.c share. Every function steps over what it reads, or fails. */
#ifndef SNNC_PLAN_PLAN_READER_H
#define SNNC_PLAN_PLAN_READER_H

#include "plan/plan_lex.h"

typedef struct {
	PlanLex x;
	Plan *plan;
	PlanCode *code;                                   /* being read */
	uint32_t nest;                                    /* of blocks and parentheses */
} PlanReader;

#define FAIL(r, ...) plan_lex_fail(&(r)->x, __VA_ARGS__)

void plan_reader_enter(PlanReader *r, uint32_t limit);    /* one level deeper */
Name plan_reader_name(PlanReader *r);
const char *plan_reader_string(PlanReader *r);
PlanType plan_reader_type(PlanReader *r);
uint64_t plan_reader_u64(PlanReader *r);
int64_t plan_reader_i64(PlanReader *r);
/* A number token as a value of *t; *t is PT_UNSET where the text must tell. */
PlanValue plan_reader_number(PlanReader *r, PlanType *t, bool minus);
/* true, false, inf, nan and their f64 forms; false if it is no such word. */
bool plan_reader_word_value(PlanReader *r, PlanType *t, bool minus, PlanValue *v);
uint32_t plan_reader_find_local(PlanReader *r, Name name);        /* UINT32_MAX: none */
uint32_t plan_reader_local(PlanReader *r);
PlanExpr *plan_reader_expr(PlanReader *r);
PlanExpr *plan_reader_load(PlanReader *r);                /* buf[i, j] */

#endif
