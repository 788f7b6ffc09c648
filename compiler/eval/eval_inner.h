/* eval_inner.h: what eval.c and eval_expr.c share. */
#ifndef SNNC_EVAL_EVAL_INNER_H
#define SNNC_EVAL_EVAL_INNER_H

#include "eval/eval.h"

#include <setjmp.h>

/* Integers of every type are held widened to 64 bits by their sign, bool as 0 or 1, f32 as float. */
typedef EvalValue Val;

typedef struct {
	const Plan *p;
	char *arena;
	EvalHost host;
	Val **vals;                                       /* per code: its locals. No code calls itself, so one frame each is enough */
	uint8_t **set;                                    /* per code: which of them have a value */
	uint32_t code;                                    /* running now */
	Val *local;                                       /* vals[code], set[code] */
	uint8_t *is_set;
	int threads, me;                                  /* of a team */
	bool in_team;
	uint32_t phase;                                   /* between two meetings */
	struct EvalCell *touched;                         /* by byte of the arena; NULL: nobody looks */
	uint32_t part, *written;                          /* parts of kernels begun; by byte of the arena: in which; NULL: no work buffers */
	const char *why;
	jmp_buf out;
} Eval;

/* eval_team.c */
int64_t eval_team(Eval *ev, PlanBlock b);
void eval_touch(Eval *ev, uint32_t buf, const char *at, uint64_t bytes, bool write);

/* eval_work.c */
void eval_open_work(Eval *ev);
void eval_write_work(Eval *ev, uint32_t buf, const char *at);
void eval_read_work(Eval *ev, uint32_t buf, const char *at, int64_t n);

/* eval.c */
int64_t eval_kernel(Eval *ev, uint32_t code, int64_t lo, int64_t hi);
_Noreturn void eval_fail(Eval *ev, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
Val eval_expr(Eval *ev, const PlanExpr *e);
char *eval_address(Eval *ev, uint32_t buf, PlanExpr *const *index);
void eval_store(PlanType t, char *at, Val v);
Val eval_const(PlanType t, PlanValue v);

#endif
