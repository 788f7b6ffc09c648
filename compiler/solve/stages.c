/* stages: methods that walk along the rates.
 *
 * euler              x + dt f(x)
 * heun               x + dt/2 (f(x) + f(x + dt f(x)))
 * rk2 (midpoint)     x + dt f(x + dt/2 f(x))
 * rk4 (Kutta 1901)   x + dt/6 (k1 + 2 k2 + 2 k3 + k4)
 * exponential_euler  x + dt (e^z - 1) / z f(x), z = dt df/dx: exact for a state while what else its rate reads stands
 *                    still (Rosenbrock; MacGregor 1987); needs rates that are linear in their own state. Equations that
 *                    read no others and are linear by themselves, such as synapses, are exact.
 *
 * A state that is held has the rate 0 in all of them.
 */
#include "solve/solve_inner.h"

NetExpr *
sol_let(System *y, const char *name, NetExpr *e)
{
	Solve *s = y->s;
	if (e->kind == NEXPR_CONST || e->kind == NEXPR_ARRAY || e->kind == NEXPR_LOCAL)
		return e;
	NetStmt *let = ARENA_NEW(s->a, NetStmt);
	let->kind = NSTMT_LET;
	let->span = y->stmt->span;
	let->index = s->code->locals.n;
	let->e = e;
	VEC_PUSH(s->a, &s->code->locals, (NetLocal){intern(s->net->names, name), e->type});
	VEC_PUSH(s->a, &y->out, let);
	NetExpr *local = net_expr(s->net, NEXPR_LOCAL, e->type, e->span);
	local->index = let->index;
	return local;
}

NetExpr *
sol_held(const System *y, uint32_t i, NetExpr *moved_, NetExpr *still)
{
	return y->held[i] ? sol_select(y->s, moved_, y->free, still) : moved_;
}

static NetExpr *
plus(System *y, NetExpr *x, NetExpr *k, double h)
{
	return sol_binary(y->s, NOP_ADD, x, sol_scaled(y->s, k, sol_number(y->s, h)));
}

/* The rates where the states are `at` (NULL: where they are now), as locals. */
static void
rates(System *y, NetExpr *const *at, const char *stage, NetExpr **k)
{
	Solve *s = y->s;
	for (uint32_t i = 0; i < y->n; i++) {
		NetExpr *rate = at ? sol_replaced(y, y->rate[i], at) : y->rate[i];
		rate = sol_held(y, i, rate, sol_const(s, 0, rate->span));
		k[i] = sol_let(y, arena_printf(s->a, "%s_%s", stage, y->name[i]), rate);
	}
}

/* x + h k, as locals that are read once for every rate. */
static void
ahead(System *y, NetExpr *const *k, double h, const char *stage, NetExpr **at)
{
	for (uint32_t i = 0; i < y->n; i++)
		at[i] = sol_let(y, arena_printf(y->s->a, "%s_%s", y->name[i], stage), plus(y, y->x[i], k[i], h));
}

void
sol_euler(System *y, NetExpr **next)
{
	for (uint32_t i = 0; i < y->n; i++)
		next[i] = sol_held(y, i, plus(y, y->x[i], y->rate[i], y->s->net->dt), y->x[i]);
}

static NetExpr **
row_of(System *y)
{
	return ARENA_ARRAY(y->s->a, NetExpr *, y->n);
}

void
sol_heun(System *y, NetExpr **next)
{
	NetExpr **k1 = row_of(y), **k2 = row_of(y), **at = row_of(y);
	double dt = y->s->net->dt;
	rates(y, NULL, "k1", k1);
	ahead(y, k1, dt, "at1", at);
	rates(y, at, "k2", k2);
	for (uint32_t i = 0; i < y->n; i++)
		next[i] = plus(y, y->x[i], sol_binary(y->s, NOP_ADD, k1[i], k2[i]), dt / 2);
}

void
sol_midpoint(System *y, NetExpr **next)
{
	NetExpr **k1 = row_of(y), **k2 = row_of(y), **at = row_of(y);
	double dt = y->s->net->dt;
	rates(y, NULL, "k1", k1);
	ahead(y, k1, dt / 2, "at1", at);
	rates(y, at, "k2", k2);
	for (uint32_t i = 0; i < y->n; i++)
		next[i] = plus(y, y->x[i], k2[i], dt);
}

void
sol_rk4(System *y, NetExpr **next)
{
	Solve *s = y->s;
	NetExpr **k[4], **at = row_of(y);
	static const char *const stage[] = {"k1", "k2", "k3", "k4"}, *const place[] = {"at1", "at2", "at3"};
	double dt = s->net->dt;
	for (int r = 0; r < 4; r++) {
		k[r] = row_of(y);
		rates(y, r ? at : NULL, stage[r], k[r]);
		if (r < 3)
			ahead(y, k[r], r < 2 ? dt / 2 : dt, place[r], at);
	}
	Fixed two = sol_number(s, 2);
	for (uint32_t i = 0; i < y->n; i++) {
		NetExpr *middle = sol_scaled(s, sol_binary(s, NOP_ADD, k[1][i], k[2][i]), two);
		NetExpr *ends = sol_binary(s, NOP_ADD, k[0][i], k[3][i]);
		next[i] = plus(y, y->x[i], sol_binary(s, NOP_ADD, ends, middle), dt / 6);
	}
}

/* ---- exponential Euler ----------------------------------------------------------------------- */

/* One equation as a system of its own; the other states are terms. */
static System
alone(System *y, uint32_t i)
{
	System one = *y;
	one.n = 1;
	one.state = &y->state[i];
	one.name = &y->name[i];
	one.place = &y->place[i];
	one.x = &y->x[i];
	one.rate = &y->rate[i];
	one.held = &y->held[i];
	one.drift = &y->drift[i];
	one.kick = &y->kick[i];
	return one;
}

/* The equations of `in`, as a system of their own. */
static System
part_of(System *y, const bool *in)
{
	Solve *s = y->s;
	System part = *y;
	part.n = 0;
	part.state = ARENA_ARRAY(s->a, uint32_t, y->n);
	part.name = ARENA_ARRAY(s->a, const char *, y->n);
	part.place = ARENA_ARRAY(s->a, Span, y->n);
	part.x = row_of(y);
	part.rate = row_of(y);
	part.drift = row_of(y);
	part.kick = row_of(y);
	part.held = ARENA_ARRAY(s->a, bool, y->n);
	for (uint32_t i = 0; i < y->n; i++) {
		if (!in[i])
			continue;
		uint32_t k = part.n++;
		part.state[k] = y->state[i];
		part.name[k] = y->name[i];
		part.place[k] = y->place[i];
		part.x[k] = y->x[i];
		part.rate[k] = y->rate[i];
		part.drift[k] = y->drift[i];
		part.kick[k] = y->kick[i];
		part.held[k] = y->held[i];
	}
	return part;
}

static bool
reads_outside(const System *y, uint32_t i, const bool *in)
{
	for (uint32_t j = 0; j < y->n; j++) {
		if (!in[j] && sol_reads(y->rate[i], y->state[j]))
			return true;
	}
	return false;
}

/* The largest part of the equations that reads no other state and is linear with known coefficients, such as synapses. */
static System
linear_part(System *y, bool settled, bool *in, Linear *lin, Settled *set)
{
	for (uint32_t i = 0; i < y->n; i++)
		in[i] = true;
	for (bool again = true; again;) {
		again = false;
		for (uint32_t i = 0; i < y->n; i++) {
			if (in[i] && reads_outside(y, i, in)) {
				in[i] = false;
				again = true;
			}
		}
		System part = part_of(y, in);
		if (again || !part.n || (settled ? sol_settled(&part, set) : sol_linear(&part, lin)))
			continue;
		uint32_t bad = settled ? set->bad_equation : lin->bad_equation;
		for (uint32_t i = 0; i < y->n; i++) {
			if (in[i] && y->state[i] == part.state[bad])
				in[i] = false;
		}
		again = true;
	}
	return part_of(y, in);
}

bool
sol_exponential(System *y, NetExpr **next, uint32_t *bad)
{
	Solve *s = y->s;
	Fixed dt = sol_number(s, s->net->dt);
	bool *in = ARENA_ARRAY(s->a, bool, y->n);
	Linear all;
	Settled set;
	bool *more = ARENA_ARRAY(s->a, bool, y->n), noisy = false;
	System part = linear_part(y, false, in, &all, &set);
	NetExpr **moved_part = row_of(y);
	for (uint32_t i = 0; i < y->n; i++)
		noisy |= y->kick[i] != NULL;
	System wider = s->owner && !noisy ? linear_part(y, true, more, &all, &set) : part;
	if (wider.n > part.n) {
		part = wider;
		in = more;
		sol_propagate(&part, &set, moved_part);
	} else if (part.n) {
		part = linear_part(y, false, in, &all, &set);
		if (!sol_is_finite(&part, &all))
			return true;                      /* told */
		sol_exact(&part, &all, moved_part);
	}
	for (uint32_t i = 0, k = 0; i < y->n; i++) {
		if (in[i]) {
			next[i] = moved_part[k++];
			continue;
		}
		System one = alone(y, i);
		Linear lin;
		NetExpr *moved_;
		NetExpr *slope = sol_slope(y, y->rate[i], i);
		if (!slope) {
			*bad = i;
			return false;
		}
		if (sol_linear(&one, &lin)) {
			if (!sol_is_finite(&one, &lin))
				return true;
			Fixed a = lin.a[0].n ? lin.a[0] : sol_number(s, 0);
			moved_ = sol_alone(&one, 0, a, sol_only_decays(&one, &lin, 0));
		} else {
			NetExpr *gain = y->kick[i] ? NULL : sol_settled_gain(y, i, slope);
			NetExpr *z = gain ? NULL : sol_unary(s, NOP_EXPREL, sol_scaled(s, slope, dt));
			NetExpr *change = gain ? sol_binary(s, NOP_MUL, y->rate[i], gain) : sol_binary(s, NOP_MUL, sol_scaled(s, y->rate[i], dt), z);
			moved_ = sol_binary(s, NOP_ADD, y->x[i], change);
		}
		next[i] = sol_held(y, i, moved_, y->x[i]);
	}
	return true;
}
