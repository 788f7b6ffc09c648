/* products: expressions as sums of products. */
#include "opt/products.h"

#include <math.h>

enum { MOST_TERMS = 16 };

static bool
push_product(Plan *p, const Term *a, const Term *b, TermVec *out)
{
	Term t = *a;
	if (a->n + b->n > MOST_FACTORS || out->n >= MOST_TERMS)
		return false;
	t.c *= b->c;
	for (uint32_t k = 0; k < b->n; k++)
		t.f[t.n++] = b->f[k];
	VEC_PUSH(p->arena, out, t);
	return true;
}

static bool
scaled(Plan *p, const PlanExpr *e, double by, TermVec *out)
{
	uint32_t first = out->n;
	if (!sum_of_products(p, e, out))
		return false;
	for (uint32_t k = first; k < out->n; k++)
		out->at[k].c *= by;
	return true;
}

bool
sum_of_products(Plan *p, const PlanExpr *e, TermVec *out)
{
	TermVec a = {0}, b = {0};
	if (out->n >= MOST_TERMS)
		return false;
	switch (e->kind) {
	case PEXPR_CONST:
		if (e->value.f != 0)
			VEC_PUSH(p->arena, out, (Term){.c = e->value.f});
		return isfinite(e->value.f);
	case PEXPR_NEG:
		return scaled(p, e->op[0], -1, out);
	case PEXPR_ADD:
		return sum_of_products(p, e->op[0], out) && sum_of_products(p, e->op[1], out);
	case PEXPR_SUB:
		return sum_of_products(p, e->op[0], out) && scaled(p, e->op[1], -1, out);
	case PEXPR_DIV:
		if (e->op[1]->kind == PEXPR_CONST && e->op[1]->value.f != 0)
			return scaled(p, e->op[0], 1 / e->op[1]->value.f, out);
		break;
	case PEXPR_MUL:
		if (!sum_of_products(p, e->op[0], &a) || !sum_of_products(p, e->op[1], &b))
			return false;
		for (uint32_t i = 0; i < a.n; i++)
			for (uint32_t j = 0; j < b.n; j++)
				if (!push_product(p, &a.at[i], &b.at[j], out))
					return false;
		return true;
	case PEXPR_SELECT:                                /* select(spiked, a, 0) */
		if (e->op[2]->kind != PEXPR_CONST || e->op[2]->value.f != 0)
			break;
		if (!sum_of_products(p, e->op[1], &a))
			return false;
		for (uint32_t i = 0; i < a.n; i++)
			if (!push_product(p, &a.at[i], &(Term){.c = 1, .n = 1, .f = {e->op[0]}}, out))
				return false;
		return true;
	default:
		break;
	}
	VEC_PUSH(p->arena, out, (Term){.c = 1, .n = 1, .f = {e}});
	return true;
}
