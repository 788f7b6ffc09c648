/* plan_lex.h: the tokens of plan text, for plan_read. */
#ifndef SNNC_PLAN_PLAN_LEX_H
#define SNNC_PLAN_PLAN_LEX_H

#include "plan/plan_inner.h"

#include <setjmp.h>

typedef enum { TOK_END, TOK_NAME, TOK_QUOTED, TOK_STRING, TOK_NUMBER, TOK_SIGN } PlanTokKind;

/* One token of text being read. The first thing that is wrong ends the reading: plan_lex_fail jumps to `out`. */
typedef struct {
	Arena *arena;
	const char *at;                                   /* behind the token */
	uint32_t line;
	PlanTokKind kind;
	const char *s;                                    /* the token as it stands; QUOTED and STRING: what they mean */
	size_t n;
	const char *why;
	jmp_buf out;
} PlanLex;

_Noreturn void plan_lex_fail(PlanLex *x, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void plan_lex_next(PlanLex *x);
bool plan_lex_is(const PlanLex *x, const char *text);     /* a bare word or a sign */
bool plan_lex_take(PlanLex *x, const char *text);         /* steps over it if it is there */
void plan_lex_want(PlanLex *x, const char *text);
const char *plan_lex_shown(PlanLex *x);                   /* the token for a message */

#endif
