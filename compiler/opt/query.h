/* query.h: what passes ask of expressions and blocks; for the passes only. */
#ifndef SNNC_OPT_QUERY_H
#define SNNC_OPT_QUERY_H

#include "plan/plan.h"

#define ANY_BUFFER UINT32_MAX
#define NO_ID UINT32_MAX

/* Whether a value stays the same in a loop: constants, and locals that are never set and not declared in it. */
bool is_invariant(const PlanExpr *e, const bool *changes);
/* changes[local]: set or declared somewhere in the block. */
void mark_changes(PlanBlock b, bool *changes);
bool expr_reads(const PlanExpr *e, uint32_t buf);         /* e may be NULL */
bool block_reads(PlanBlock b, uint32_t buf);
bool block_stores(PlanBlock b, uint32_t buf);             /* ANY_BUFFER: to any */
bool same_expr(const PlanExpr *a, const PlanExpr *b);
bool block_calls(PlanBlock b);                            /* a func */
/* Expressions of a block and of all that it calls; each loop, and each branch, counts for so many more. */
uint32_t count_work(const Plan *p, PlanBlock b, uint32_t loop, uint32_t branch);
bool block_touches(PlanBlock b, uint32_t buf);            /* reads, stores, or hands it to the host */
bool host_knows(const Plan *p, uint32_t buf);             /* whether an object has it */
bool host_writes(const Plan *p, uint32_t buf);            /* whether an object may: all that are not known to read */
bool is_local(const PlanExpr *e, uint32_t id);
/* What a local stands for, through the LETs that declare locals: defs[local], NULL for others. */
const PlanExpr *meaning(const PlanStmt *const *defs, const PlanExpr *e);
bool is_zero_index(const PlanExpr *e);
bool is_scalar_load(const PlanExpr *e);
bool is_own(const Plan *p, const PlanExpr *e, uint32_t local);   /* buf[0, local], of a batch of one */
/* Whether a block loads and stores a buffer at buf[0, local] alone, if at all. */
bool block_own_only(const Plan *p, PlanBlock b, uint32_t buf, uint32_t local);
bool is_cell(const PlanExpr *const *index, uint32_t n, uint32_t i, uint32_t j);   /* [i, j] */
bool is_whole(const PlanStmt *s);                         /* of a kernel: for j in lo ..< hi simd { … } */
uint32_t zeroed_by(const Plan *p, const PlanStmt *s);     /* for j in lo ..< hi simd { buf[0, j] = 0.0 }, scratch: the buffer; else NO_ID */
uint32_t count_of(const PlanExpr *e);                     /* i64(count[0]): the buffer count; else NO_ID */
/* for k in 0 ..< i64(count[0]) { let i = i64(list[0, k]) ; one statement }: the buffer list; else NO_ID */
uint32_t list_of(const Plan *p, const PlanStmt *loop);
uint32_t list_along(const Plan *p, const PlanStmt *loop); /* the same, with any number of statements behind the let */
const PlanExpr *cast_load(const PlanExpr *e);             /* i64(buf[…]), with one index: the load; else NULL */
uint32_t row_walked(const PlanStmt *loop, uint32_t *i);   /* for e in i64(row[i]) ..< i64(row[i + 1]): the buffer row, and the local i; else NO_ID */
bool ascends(const Plan *p, uint32_t list);             /* for j { if flags[0, j] { list[0, found] = j ; … } }, and nobody else writes it */
bool runs(PlanBlock b, uint32_t kernel);                  /* whether a proc runs it, itself */
bool runs_once(const Plan *p, uint32_t kernel);           /* in the text of the whole plan */
typedef VEC(uint32_t) RunOrder;
void list_runs(const Plan *p, PlanBlock b, RunOrder *out);   /* kernels in the order in which a proc runs them */
/* Puts to(env, e) in the place of each expression e that statements of a block have; e may be NULL. */
void map_exprs(PlanBlock b, PlanExpr *(*to)(void *env, PlanExpr *e), void *env);
void each_kernel(Plan *p, void (*pass)(Plan *p, PlanCode *kernel));

#endif
