/* algebra: expressions taken apart and put together.
 *
 * What is folded is folded as elab does it: operands rounded to the real type, + - * / in double and rounded once (which
 * for operands of half the width is the operation of the real type), functions in double and rounded once. Coefficients of
 * a solution are longer computations: they stay in double (Fixed) until they become a number of the program.
 */
#include "solve/solve_inner.h"

#include "base/panic.h"

#include <math.h>
#include <string.h>

double
sol_mul(double a, double b)
{
	return a * b;
}

double
sol_div(double a, double b)
{
	return a / b;
}

double
sol_add(double a, double b)
{
	return a + b;
}

double
sol_sub(double a, double b)
{
	return a - b;
}

/* ---- numbers that are known now -------------------------------------------------------------- */

bool
sol_fixed(Solve *s, const NetExpr *e, Fixed *out)
{
	if (e->type != NT_REAL)
		return false;
	if (e->kind == NEXPR_CONST) {
		*out = sol_number(s, e->value);
		return true;
	}
	if (e->kind != NEXPR_ARRAY)
		return false;
	const NetArray *a = &s->net->arrays.at[e->index];
	*out = (Fixed){(uint32_t)a->n, a->value, e->side};
	return true;
}

Fixed
sol_number(Solve *s, double v)
{
	double *at = ARENA_NEW(s->a, double);
	*at = v;
	return (Fixed){1, at, NSIDE_OWN};
}

Fixed
sol_map(Solve *s, double (*f)(double a, double b), Fixed a, Fixed b)
{
	uint32_t n = a.n > b.n ? a.n : b.n;
	ASSERT((a.n == n || a.n == 1) && (b.n == n || b.n == 1));
	double *at = ARENA_ARRAY(s->a, double, n);
	for (uint32_t i = 0; i < n; i++)
		at[i] = f(a.at[a.n == 1 ? 0 : i], b.at[b.n == 1 ? 0 : i]);
	return (Fixed){n, at, a.n > 1 ? a.side : b.side};
}

static double
rounded(const Solve *s, double v)
{
	return s->net->f64 ? v : (double)(float)v;
}

NetExpr *
sol_const(Solve *s, double v, Span at)
{
	return net_const(s->net, NT_REAL, rounded(s, v), at);
}

/* Whose numbers they are: of the neurons on a side, or of the values of the connection. */
static NetArray
array_on(const Solve *s, NetSide side)
{
	if (side == NSIDE_VALUE)
		return (NetArray){.layer = NET_NONE, .conn = (uint32_t)(s->conn - s->net->conns.at)};
	uint32_t layer = !s->conn ? s->layer : side == NSIDE_PRE ? s->conn->pre : s->conn->post;
	return (NetArray){.layer = layer, .conn = NET_NONE};
}

static uint32_t
find_array(Solve *s, NetArray of, const double *v, uint32_t n)
{
	Net *net = s->net;
	for (uint32_t i = 0; i < net->arrays.n; i++) {
		const NetArray *a = &net->arrays.at[i];
		if (a->layer == of.layer && a->conn == of.conn && a->n == n && !memcmp(a->value, v, n * sizeof *v))
			return i;
	}
	of.value = arena_copy(net->arena, v, n * sizeof *v);
	of.n = n;
	VEC_PUSH(net->arena, &net->arrays, of);
	return net->arrays.n - 1;
}

NetExpr *
sol_from_fixed(Solve *s, Fixed v, Span at)
{
	double *all = ARENA_ARRAY(s->a, double, v.n);
	bool same = true;
	for (uint32_t i = 0; i < v.n; i++) {
		all[i] = rounded(s, v.at[i]);
		same = same && !memcmp(&all[i], &all[0], sizeof all[0]);
	}
	if (same)
		return net_const(s->net, NT_REAL, all[0], at);
	NetExpr *e = net_expr(s->net, NEXPR_ARRAY, NT_REAL, at);
	e->side = v.side;
	e->index = find_array(s, array_on(s, v.side), all, v.n);
	return e;
}

/* ---- building -------------------------------------------------------------------------------- */

static bool
is_number(const NetExpr *e, double v)
{
	return e->kind == NEXPR_CONST && e->type == NT_REAL && e->value == v;
}

static NetExpr *
node(Solve *s, NetExprKind kind, NetOp op, NetType t, NetExpr *a, NetExpr *b)
{
	NetExpr *e = net_expr(s->net, kind, t, a->span);
	e->op_kind = op;
	e->op[0] = a;
	e->op[1] = b;
	return e;
}

static double
negative(double a, double b)
{
	(void)b;
	return -a;
}

NetExpr *
sol_unary(Solve *s, NetOp op, NetExpr *a)
{
	Fixed v;
	if (op == NOP_NEG && sol_fixed(s, a, &v))
		return sol_from_fixed(s, sol_map(s, negative, v, v), a->span);
	if (op == NOP_NEG && a->kind == NEXPR_UNARY && a->op_kind == NOP_NEG)
		return a->op[0];
	return node(s, NEXPR_UNARY, op, a->type, a, NULL);
}

static bool
fits(Fixed a, Fixed b)
{
	return a.n == 1 || b.n == 1 || a.side == b.side;
}

NetExpr *
sol_binary(Solve *s, NetOp op, NetExpr *a, NetExpr *b)
{
	static double (*const how[])(double, double) = {
		[NOP_ADD] = sol_add, [NOP_SUB] = sol_sub, [NOP_MUL] = sol_mul, [NOP_DIV] = sol_div};
	Fixed x, y;
	ASSERT(op >= NOP_ADD && op <= NOP_DIV);
	if (sol_fixed(s, a, &x) && sol_fixed(s, b, &y) && fits(x, y))
		return sol_from_fixed(s, sol_map(s, how[op], x, y), a->span);
	if ((op == NOP_ADD || op == NOP_SUB) && is_number(b, 0))
		return a;
	if (op == NOP_ADD && is_number(a, 0))
		return b;
	if (op == NOP_SUB && is_number(a, 0))
		return sol_unary(s, NOP_NEG, b);
	if (op == NOP_MUL && (is_number(a, 0) || is_number(b, 1)))
		return a;
	if (op == NOP_MUL && (is_number(b, 0) || is_number(a, 1)))
		return b;
	if (op == NOP_MUL && (is_number(a, -1) || is_number(b, -1)))
		return sol_unary(s, NOP_NEG, is_number(a, -1) ? b : a);
	if (op == NOP_DIV && (is_number(a, 0) || is_number(b, 1)))
		return a;
	if (op == NOP_ADD && b->kind == NEXPR_UNARY && b->op_kind == NOP_NEG)
		return sol_binary(s, NOP_SUB, a, b->op[0]);
	return node(s, NEXPR_BINARY, op, NT_REAL, a, b);
}

NetExpr *
sol_select(Solve *s, NetExpr *then, NetExpr *cond, NetExpr *other)
{
	if (net_expr_equal(then, other))
		return then;
	NetExpr *e = net_expr(s->net, NEXPR_IF, then->type, then->span);
	e->op[0] = then;
	e->op[1] = cond;
	e->op[2] = other;
	return e;
}

NetExpr *
sol_scaled(Solve *s, NetExpr *e, Fixed k)
{
	Fixed f;
	if (sol_fixed(s, e, &f) && fits(f, k))
		return sol_from_fixed(s, sol_map(s, sol_mul, f, k), e->span);
	if (e->kind == NEXPR_UNARY && e->op_kind == NOP_NEG)
		return sol_scaled(s, e->op[0], sol_map(s, negative, k, k));
	if (e->kind == NEXPR_BINARY && (e->op_kind == NOP_MUL || e->op_kind == NOP_DIV)) {
		double (*how)(double, double) = e->op_kind == NOP_MUL ? sol_mul : sol_div;
		if (sol_fixed(s, e->op[1], &f) && fits(f, k))
			return sol_scaled(s, e->op[0], sol_map(s, how, k, f));
		if (e->op_kind == NOP_MUL && sol_fixed(s, e->op[0], &f) && fits(f, k))
			return sol_scaled(s, e->op[1], sol_map(s, how, k, f));
	}
	return sol_binary(s, NOP_MUL, e, sol_from_fixed(s, k, e->span));
}

NetExpr *
sol_copy(Solve *s, const NetExpr *e)
{
	NetExpr *c = arena_copy(s->a, e, sizeof *e);
	for (int i = 0; i < 3; i++) {
		if (c->op[i])
			c->op[i] = sol_copy(s, c->op[i]);
	}
	return c;
}

/* ---- states in expressions ------------------------------------------------------------------- */

bool
sol_reads(const NetExpr *e, uint32_t state)
{
	if (!e)
		return false;
	if (e->kind == NEXPR_STATE && e->side == NSIDE_OWN && e->index == state)
		return true;
	return sol_reads(e->op[0], state) || sol_reads(e->op[1], state) || sol_reads(e->op[2], state);
}

bool
sol_reads_system(const System *y, const NetExpr *e)
{
	for (uint32_t i = 0; i < y->n; i++) {
		if (sol_reads(e, y->state[i]))
			return true;
	}
	return false;
}

NetExpr *
sol_replaced(const System *y, const NetExpr *e, NetExpr *const *by)
{
	Solve *s = y->s;
	if (!e)
		return NULL;
	if (e->kind == NEXPR_STATE && e->side == NSIDE_OWN) {
		for (uint32_t i = 0; i < y->n; i++) {
			if (e->index == y->state[i] && by[i])
				return sol_copy(s, by[i]);
		}
	}
	NetExpr *c = arena_copy(s->a, e, sizeof *e);
	for (int i = 0; i < 3; i++)
		c->op[i] = sol_replaced(y, e->op[i], by);
	return c;
}

static NetExpr *
slope_of_product(const System *y, const NetExpr *e, uint32_t i)
{
	Solve *s = y->s;
	bool left = sol_reads(e->op[0], y->state[i]), right = sol_reads(e->op[1], y->state[i]);
	if (left && right)
		return NULL;
	NetExpr *d = sol_slope(y, e->op[left ? 0 : 1], i);
	return d ? sol_binary(s, NOP_MUL, d, e->op[left ? 1 : 0]) : NULL;
}

NetExpr *
sol_slope(const System *y, const NetExpr *e, uint32_t i)
{
	Solve *s = y->s;
	if (!sol_reads(e, y->state[i]))
		return sol_const(s, 0, e->span);
	if (e->kind == NEXPR_STATE)
		return sol_const(s, 1, e->span);
	if (e->kind == NEXPR_UNARY && e->op_kind == NOP_NEG) {
		NetExpr *d = sol_slope(y, e->op[0], i);
		return d ? sol_unary(s, NOP_NEG, d) : NULL;
	}
	if (e->kind == NEXPR_IF && !sol_reads(e->op[1], y->state[i])) {
		NetExpr *d = sol_slope(y, e->op[0], i), *o = sol_slope(y, e->op[2], i);
		return d && o ? sol_select(s, d, e->op[1], o) : NULL;
	}
	if (e->kind != NEXPR_BINARY)
		return NULL;
	if (e->op_kind == NOP_ADD || e->op_kind == NOP_SUB) {
		NetExpr *a = sol_slope(y, e->op[0], i), *b = sol_slope(y, e->op[1], i);
		return a && b ? sol_binary(s, e->op_kind, a, b) : NULL;
	}
	if (e->op_kind == NOP_MUL)
		return slope_of_product(y, e, i);
	if (e->op_kind != NOP_DIV || sol_reads(e->op[1], y->state[i]))
		return NULL;
	NetExpr *d = sol_slope(y, e->op[0], i);
	return d ? sol_binary(s, NOP_DIV, d, e->op[1]) : NULL;
}
