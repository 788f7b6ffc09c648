/* quotient: quotients of what follows from a byte are products, where that gives the same.
 *
 * reads    plan after outcome; let n = f32(i32(b[…])), b of bytes (a Poisson number, how long a neuron waits), and x / c, where x is sums and products
 *          of n and constants, and c a constant
 * writes   q = x * r, r the reciprocal of c; or that corrected by what is left over, fma(fma(q, -c, x), r, q) (Markstein 1990)
 * keeps    every bit: both are worked out for all 256 values of the byte
 * example  tests/opt/quotient
 */
#include "opt/pass.h"
#include "opt/query.h"

#include <math.h>
#include <string.h>

enum { BYTES = 256, SHORT = 8 /* expressions of what stands three times in a corrected product */ };

typedef struct { Plan *p; PlanCode *code; bool *byte; uint32_t n; } Quotient;   /* byte: by local, that it is one; n: of the quotient looked at */

/* ---- values -------------------------------------------------------------------------------------------------------- */

static double
rounded(const PlanExpr *e, double v)
{
	return e->type == PT_F32 ? (float)v : v;
}

/* Of an expression of n and constants. A sum, a product or a quotient of two floats is right if it is rounded twice (Figueroa 1995). */
static double
value_of(const PlanExpr *e, double n)
{
	if (e->kind == PEXPR_CONST)
		return e->value.f;
	if (e->kind == PEXPR_LOCAL)
		return n;
	double a = value_of(e->op[0], n), b = e->nops > 1 ? value_of(e->op[1], n) : 0, c = e->nops > 2 ? value_of(e->op[2], n) : 0;
	switch (e->kind) {
	case PEXPR_NEG: return -a;
	case PEXPR_ADD: return rounded(e, a + b);
	case PEXPR_SUB: return rounded(e, a - b);
	case PEXPR_MUL: return rounded(e, a * b);
	case PEXPR_FMA: return e->type == PT_F32 ? fmaf((float)a, (float)b, (float)c) : fma(a, b, c);
	default: return rounded(e, a / b);
	}
}

static bool
same_values(const PlanExpr *a, const PlanExpr *b)
{
	for (int n = 0; n < BYTES; n++) {
		double x = value_of(a, n), y = value_of(b, n);
		if (memcmp(&x, &y, sizeof x))
			return false;
	}
	return true;
}

/* ---- what is a quotient --------------------------------------------------------------------------------------------- */

/* Of one byte and constants; the byte's local goes to f->n. */
static bool
follows(Quotient *f, const PlanExpr *e)
{
	if (e->kind == PEXPR_LOCAL) {
		bool same = f->byte[e->id] && (f->n == NO_ID || f->n == e->id);
		f->n = e->id;
		return same;
	}
	if (e->kind == PEXPR_CONST)
		return plan_type_is_float(e->type);
	if (e->kind != PEXPR_NEG && e->kind != PEXPR_ADD && e->kind != PEXPR_SUB && e->kind != PEXPR_MUL && e->kind != PEXPR_DIV && e->kind != PEXPR_FMA)
		return false;
	bool all = e->type == PT_F32 || e->type == PT_F64;
	for (uint32_t k = 0; k < e->nops; k++)
		all = all && follows(f, e->op[k]);
	return all;
}

static bool
is_quotient(Quotient *f, const PlanExpr *e)
{
	f->n = NO_ID;
	if (e->kind != PEXPR_DIV || e->op[1]->kind != PEXPR_CONST || !follows(f, e) || f->n == NO_ID)
		return false;
	double r = rounded(e, 1 / e->op[1]->value.f);
	return e->type == PT_F32 ? isnormal((float)r) : isnormal(r);
}

static uint32_t
size_of(const PlanExpr *e)
{
	uint32_t n = 1;
	for (uint32_t k = 0; k < e->nops; k++)
		n += size_of(e->op[k]);
	return n;
}

/* A product that gives the same, or e. */
static PlanExpr *
product_for(Quotient *f, PlanExpr *e)
{
	Plan *p = f->p;
	PlanExpr *x = e->op[0], *c = e->op[1], *r = plan_float(p, e->type, 1 / c->value.f);
	PlanExpr *q = plan_binary(p, PEXPR_MUL, x, r);
	if (same_values(e, q))
		return q;
	if (size_of(x) > SHORT)
		return e;
	PlanExpr *left = plan_ternary(p, PEXPR_FMA, q, plan_float(p, e->type, -c->value.f), x);
	PlanExpr *corrected = plan_ternary(p, PEXPR_FMA, left, r, q);
	return same_values(e, corrected) ? corrected : e;
}

/* ---- the pass -------------------------------------------------------------------------------------------------------- */

static PlanExpr *
quotient_expr(void *env, PlanExpr *e)
{
	Quotient *f = env;
	if (!e)
		return e;
	for (uint32_t k = 0; k < e->nops; k++)
		e->op[k] = quotient_expr(f, e->op[k]);
	PlanExpr *product = is_quotient(f, e) ? product_for(f, e) : e;
	if (product != e)
		plan_remark(f->p, "quotient", true, f->code, "a quotient of %s is a product: of each value of a byte it is the same", f->code->locals[f->n].name);
	return product;
}

static bool
is_byte(const Plan *p, const PlanStmt *s)
{
	if (s->kind != PSTMT_LET || s->e->kind != PEXPR_CAST || !plan_type_is_float(s->e->type))
		return false;
	const PlanExpr *e = s->e->op[0];
	while (e->kind == PEXPR_CAST && plan_type_is_int(e->type) && e->type != PT_I8)
		e = e->op[0];
	return e->kind == PEXPR_LOAD && p->bufs.at[e->id].type == PT_U8;
}

static void
mark_bytes(Quotient *f, PlanBlock b)
{
	for (uint32_t i = 0; i < b.n; i++) {
		if (is_byte(f->p, b.at[i]))
			f->byte[b.at[i]->id] = true;
		mark_bytes(f, b.at[i]->body);
		mark_bytes(f, b.at[i]->other);
	}
}

static void
quotient_kernel(Plan *p, PlanCode *kernel)
{
	Quotient f = {.p = p, .code = kernel, .byte = ARENA_ARRAY(p->arena, bool, kernel->nlocals + 1)};
	mark_bytes(&f, kernel->body);
	map_exprs(kernel->body, quotient_expr, &f);
}

void
pass_quotient(Plan *p)
{
	each_kernel(p, quotient_kernel);
}
