/* elab_fold: operators on constants and lists of constants are done here; all others become nodes.
 * What is simplified besides is exact for every value, also for NaN (except that max(x, -inf) and
 * min(x, inf), which mean "no bound", give x itself). */
#include "elab/elab_inner.h"

#include "base/panic.h"

#include <math.h>
#include <string.h>

double
elab_round(const Scope *s, double v)
{
	return s->exact || s->el->net->f64 ? v : (double)(float)v;
}

NetExpr *
elab_const(Scope *s, NetType t, double v, Span at)
{
	return net_const(s->el->net, t, t == NT_REAL ? elab_round(s, v) : v, at);
}

NetExpr *
elab_list(Scope *s, NetType t, double *value, uint32_t n, Span at)
{
	NetExpr *e = net_expr(s->el->net, NEXPR_ARRAY, t, at);
	e->index = elab_list_of(s->el, value, 1, &(uint64_t){n});
	return e;
}

static bool
same_shape(const ElabList *l, uint32_t rank, const uint64_t *extent)
{
	return l->rank == rank && !memcmp(l->extent, extent, rank * sizeof *extent);
}

uint32_t
elab_list_of(Elab *el, double *value, uint32_t rank, const uint64_t *extent)
{
	ElabList list = {.value = value, .n = 1, .rank = rank};
	for (uint32_t d = 0; d < rank; d++)
		list.n *= (uint32_t)(list.extent[d] = extent[d]);
	for (uint32_t i = 0; i < el->lists.n; i++) {
		const ElabList *l = &el->lists.at[i];
		if (same_shape(l, rank, extent) && !memcmp(l->value, value, list.n * sizeof *value))
			return i;
	}
	VEC_PUSH(el->arena, &el->lists, list);
	return el->lists.n - 1;
}

/* Parameters made of parameters that the protocol sets are copied where they are used; this bounds
 * what a chain of doublings can cost. */
enum { COPY_LIMIT = 1000000 };

NetExpr *
elab_copy(Elab *el, const NetExpr *e, Span at)
{
	if (el->copied++ == COPY_LIMIT) {
		elab_error(el, E0903, at,
			   "the expressions of this program's parameters grow too large");
		diag_help(el->diag, "give the common part a name by `let` in the step");
		diag_end(el->diag);
	}
	if (el->copied > COPY_LIMIT)
		return net_const(el->net, e->type, 0, at);
	NetExpr *c = arena_copy(el->arena, e, sizeof *e);
	c->span = at;
	for (int i = 0; i < 3; i++) {
		if (c->op[i])
			c->op[i] = elab_copy(el, c->op[i], at);
	}
	return c;
}

bool
elab_is_const(const NetExpr *e, double v)
{
	return e->kind == NEXPR_CONST && e->value == v;
}

bool
elab_is_fixed(const NetExpr *e)
{
	return e->kind == NEXPR_CONST || e->kind == NEXPR_ARRAY;
}

/* ---- values ---------------------------------------------------------------------------------- */

static double
unary_value(const Scope *s, NetOp op, double a)
{
	switch (op) {
	case NOP_NEG:
		return -a;
	case NOP_NOT:
		return a == 0;
	case NOP_ABS:
		return fabs(a);
	case NOP_SQRT:
		return elab_round(s, sqrt(a));
	case NOP_FLOOR:
		return floor(a);
	case NOP_CEIL:
		return ceil(a);
	case NOP_EXP:
		return elab_round(s, exp(a));
	case NOP_LOG:
		return elab_round(s, log(a));
	case NOP_EXPREL:
		return a == 0 ? 1 : elab_round(s, expm1(a) / a);
	case NOP_EXPM1:
		return elab_round(s, expm1(a));
	case NOP_LOG1P:
		return elab_round(s, log1p(a));
	case NOP_SIN:
		return elab_round(s, sin(a));
	case NOP_COS:
		return elab_round(s, cos(a));
	case NOP_TANH:
		return elab_round(s, tanh(a));
	case NOP_UNSET:
	case NOP_ADD:
	case NOP_SUB:
	case NOP_MUL:
	case NOP_DIV:
	case NOP_MIN:
	case NOP_MAX:
	case NOP_POW:
	case NOP_EQ:
	case NOP_NE:
	case NOP_LT:
	case NOP_LE:
	case NOP_GT:
	case NOP_GE:
	case NOP_AND:
	case NOP_OR:
	case NOP_COUNT:
		break;
	}
	UNREACHABLE();
}

static double
binary_value(const Scope *s, NetOp op, double a, double b)
{
	switch (op) {
	case NOP_ADD:
		return elab_round(s, a + b);
	case NOP_SUB:
		return elab_round(s, a - b);
	case NOP_MUL:
		return elab_round(s, a * b);
	case NOP_DIV:
		return elab_round(s, a / b);
	case NOP_MIN:
		return a < b ? a : b;
	case NOP_MAX:
		return a > b ? a : b;
	case NOP_POW: /* as in the plan: a negative base has no power */
		return b == 0 || a == 1 ? 1 : a < 0 ? NAN : elab_round(s, pow(a, b));
	case NOP_EQ:
		return a == b;
	case NOP_NE:
		return a != b;
	case NOP_LT:
		return a < b;
	case NOP_LE:
		return a <= b;
	case NOP_GT:
		return a > b;
	case NOP_GE:
		return a >= b;
	case NOP_AND:
		return a != 0 && b != 0;
	case NOP_OR:
		return a != 0 || b != 0;
	case NOP_UNSET:
	case NOP_NEG:
	case NOP_NOT:
	case NOP_ABS:
	case NOP_SQRT:
	case NOP_FLOOR:
	case NOP_CEIL:
	case NOP_EXP:
	case NOP_LOG:
	case NOP_EXPREL:
	case NOP_EXPM1:
	case NOP_LOG1P:
	case NOP_SIN:
	case NOP_COS:
	case NOP_TANH:
	case NOP_COUNT:
		break;
	}
	UNREACHABLE();
}

double
elab_compute(const Scope *s, NetOp op, double a, double b)
{
	return op <= NOP_TANH ? unary_value(s, op, a) : binary_value(s, op, a, b);
}

static NetType
binary_type(NetOp op)
{
	return op >= NOP_EQ ? NT_BOOL : NT_REAL;
}

/* Element i of a constant or a list. */
static double
element(const Scope *s, const NetExpr *e, uint32_t i)
{
	return e->kind == NEXPR_CONST ? e->value : s->el->lists.at[e->index].value[i];
}

/* Are there lists of different neurons among the operands? They meet in each pair, not element by element. */
static bool
differ(const NetExpr *const *op, int nops)
{
	NetSide side = NSIDE_OWN;
	for (int i = 0; i < nops; i++) {
		if (op[i]->kind != NEXPR_ARRAY || op[i]->side == NSIDE_OWN)
			continue;
		if (side != NSIDE_OWN && op[i]->side != side)
			return true;
		side = op[i]->side;
	}
	return false;
}

/* How many elements the fixed operands have together: 1 for constants; 0 after a message. */
static uint32_t
common_length(Scope *s, const NetExpr *const *op, int nops)
{
	const NetExpr *first = NULL;
	uint32_t n = 1;
	for (int i = 0; i < nops; i++) {
		if (op[i]->kind != NEXPR_ARRAY)
			continue;
		const ElabList *l = &s->el->lists.at[op[i]->index];
		uint32_t m = l->n;
		if (first && m == n && !same_shape(&s->el->lists.at[first->index], l->rank, l->extent)) {
			elab_error(s->el, E0404, op[i]->span, "two lists of %u values have different shapes", m);
			diag_label(s->el->diag, first->span, "the other one");
			diag_help(s->el->diag, "save both arrays with one shape");
			diag_end(s->el->diag);
			return 0;
		}
		if (first && m != n) {
			elab_error(s->el, E0404, op[i]->span, "a list of %u values meets one of %u",
				   m, n);
			diag_label(s->el->diag, first->span, "this list has %u", n);
			diag_help(s->el->diag, "lists of one layer have one value per neuron");
			diag_end(s->el->diag);
			return 0;
		}
		first = op[i];
		n = m;
	}
	return n;
}

/* The side of the lists among the operands stays with the result. */
static NetExpr *
list_like(Scope *s, NetType t, double *value, const NetExpr *const *op, int nops, Span at)
{
	NetExpr *e = net_expr(s->el->net, NEXPR_ARRAY, t, at);
	for (int i = 0; i < nops; i++) {
		if (op[i]->kind != NEXPR_ARRAY)
			continue;
		ElabList l = s->el->lists.at[op[i]->index];
		e->index = elab_list_of(s->el, value, l.rank, l.extent);
		if (op[i]->side != NSIDE_OWN)
			e->side = op[i]->side;
	}
	return e;
}

static bool
any_list(const NetExpr *const *op, int nops)
{
	for (int i = 0; i < nops; i++) {
		if (op[i]->kind == NEXPR_ARRAY)
			return true;
	}
	return false;
}

/* ---- operators ------------------------------------------------------------------------------- */

NetExpr *
elab_unary(Scope *s, NetOp op, NetExpr *a, Span at)
{
	if (!a)
		return NULL;
	if (a->kind == NEXPR_CONST)
		return elab_const(s, a->type, unary_value(s, op, a->value), at);
	if (a->kind == NEXPR_ARRAY) {
		uint32_t n = s->el->lists.at[a->index].n;
		double *v = ARENA_ARRAY(s->el->arena, double, n);
		for (uint32_t i = 0; i < n; i++)
			v[i] = unary_value(s, op, element(s, a, i));
		return list_like(s, a->type, v, (const NetExpr *const[]){a}, 1, at);
	}
	NetExpr *e = net_expr(s->el->net, NEXPR_UNARY, a->type, at);
	e->op_kind = op;
	e->op[0] = a;
	return e;
}

/* The operand that the whole is, exactly; NULL: it is neither. */
static NetExpr *
same_as_operand(NetOp op, NetExpr *a, NetExpr *b)
{
	if (op == NOP_MUL && elab_is_const(a, 1))
		return b;
	if ((op == NOP_MUL || op == NOP_DIV) && elab_is_const(b, 1))
		return a;
	if (op == NOP_MAX || op == NOP_MIN) {
		double none = op == NOP_MAX ? -INFINITY : INFINITY;
		return elab_is_const(a, none) ? b : elab_is_const(b, none) ? a : NULL;
	}
	if (op == NOP_AND || op == NOP_OR) {
		double neutral = op == NOP_AND;
		if (a->kind == NEXPR_CONST)
			return a->value == neutral ? b : a;
		if (b->kind == NEXPR_CONST)
			return b->value == neutral ? a : b;
	}
	return NULL;
}

NetExpr *
elab_binary(Scope *s, NetOp op, NetExpr *a, NetExpr *b, Span at)
{
	if (!a || !b)
		return NULL;
	const NetExpr *const ops[] = {a, b};
	NetType t = binary_type(op);
	if (elab_is_fixed(a) && elab_is_fixed(b) && !differ(ops, 2)) {
		uint32_t n = common_length(s, ops, 2);
		if (!n)
			return NULL;
		if (!any_list(ops, 2))
			return elab_const(s, t, binary_value(s, op, a->value, b->value), at);
		double *v = ARENA_ARRAY(s->el->arena, double, n);
		for (uint32_t i = 0; i < n; i++)
			v[i] = binary_value(s, op, element(s, a, i), element(s, b, i));
		return list_like(s, t, v, ops, 2, at);
	}
	NetExpr *same = same_as_operand(op, a, b);
	if (same)
		return same;
	NetExpr *e = net_expr(s->el->net, NEXPR_BINARY, t, at);
	e->op_kind = op;
	e->op[0] = a;
	e->op[1] = b;
	return e;
}

NetExpr *
elab_select(Scope *s, NetExpr *then, NetExpr *cond, NetExpr *other, Span at)
{
	if (!then || !cond || !other)
		return NULL;
	if (cond->kind == NEXPR_CONST)
		return cond->value != 0 ? then : other;
	const NetExpr *const ops[] = {then, cond, other};
	if (elab_is_fixed(then) && cond->kind == NEXPR_ARRAY && elab_is_fixed(other) && !differ(ops, 3)) {
		uint32_t n = common_length(s, ops, 3);
		if (!n)
			return NULL;
		double *v = ARENA_ARRAY(s->el->arena, double, n);
		for (uint32_t i = 0; i < n; i++)
			v[i] = element(s, cond, i) != 0 ? element(s, then, i)
							: element(s, other, i);
		return list_like(s, then->type, v, ops, 3, at);
	}
	NetExpr *e = net_expr(s->el->net, NEXPR_IF, then->type, at);
	e->op[0] = then;
	e->op[1] = cond;
	e->op[2] = other;
	return e;
}
