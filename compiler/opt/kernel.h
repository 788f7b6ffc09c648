/* kernel.h: kernels, loops and loads that passes write; for the passes only. */
#ifndef SNNC_OPT_KERNEL_H
#define SNNC_OPT_KERNEL_H

#include "plan/plan.h"

/* A kernel of this name over [0, range); gives its number too. */
PlanEmit open_kernel(Plan *p, const char *name, uint64_t range, uint32_t *id);
void close_kernel(PlanEmit *b);
/* The part of the range that it is called with. */
PlanExpr *lo(PlanEmit *b);
PlanExpr *hi(PlanEmit *b);

typedef struct { PlanEmit body; PlanExpr *i; uint32_t local; } Loop;
Loop open_loop(PlanEmit *b, const char *name);
PlanStmt *close_loop(PlanEmit *b, Loop *l, PlanExpr *from, PlanExpr *to, bool simd);
/* for k in 0 ..< i64(count[0]) { let i = i64(list[0, k]) ; … }: opened, it gives i. */
PlanExpr *open_list(PlanEmit *b, Loop *l, uint32_t list);
void close_list(PlanEmit *b, Loop *l, uint32_t count);

PlanExpr *load0(Plan *p, uint32_t buf);
PlanExpr *load1(Plan *p, uint32_t buf, PlanExpr *i);
PlanExpr *load2(Plan *p, uint32_t buf, PlanExpr *i, PlanExpr *j);
void store2(PlanEmit *b, uint32_t buf, PlanExpr *i, PlanExpr *j, PlanExpr *v);
PlanExpr *whole(Plan *p, int64_t v);                      /* i64 */
PlanExpr *smaller(Plan *p, PlanExpr *a, PlanExpr *b);
PlanExpr *larger(Plan *p, PlanExpr *a, PlanExpr *b);
/* A buffer of constants scale * base^(k + from), k = 0 ..< n. */
uint32_t add_powers(Plan *p, const char *name, PlanType real, uint64_t n, double scale, double base, int from);

/* Whether a block itself takes the steps of a proc. */
bool takes_steps(PlanBlock b, uint32_t step);

#endif
