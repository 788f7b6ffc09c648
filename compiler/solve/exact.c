/* exact: the solution of a linear system over one step, its inputs constant over the step.
 *
 *   x' = A x + G e + f,   (x, e, 1)(t + dt) = exp(dt (A G f ; 0 0 0 ; 0 0 0)) (x, e, 1)(t)    (Van Loan 1978)
 *
 * A state that moves by itself alone is written x += K * rate, with K = dt (exp(a dt) - 1) / (a dt): at its resting value
 * it stays there to the last bit. One that only decays is x *= exp(a dt). Where states are coupled, rows with an input are
 * written as a change of x, rows without one as a sum of products.
 */
#include "solve/solve_inner.h"

#include <math.h>

static bool
is_used(const Fixed *v)
{
	return v->n > 0;
}

static double
element(Fixed v, uint32_t i)
{
	return v.n == 0 ? 0 : v.at[v.n == 1 ? 0 : i];
}

/* ---- a state by itself ----------------------------------------------------------------------- */

static double
decay_over(double a, double dt)
{
	return exp(a * dt);
}

static double
gain_over(double a, double dt)
{
	return dt * sol_exprel(a * dt);
}

/* Of white noise that was forgotten with the rate -a: see noise.c. */
static double
deviation_over(double a, double dt)
{
	return sqrt(dt * sol_exprel(2 * a * dt));
}

NetExpr *
sol_alone(System *y, uint32_t i, Fixed a, bool only_decays)
{
	Solve *s = y->s;
	Fixed dt = sol_number(s, s->net->dt);
	if (y->kick[i]) {
		NetExpr *moves = sol_scaled(s, y->drift[i], sol_map(s, gain_over, a, dt));
		NetExpr *jumps = sol_scaled(s, y->kick[i], sol_map(s, deviation_over, a, dt));
		return sol_binary(s, NOP_ADD, y->x[i], sol_binary(s, NOP_ADD, moves, jumps));
	}
	if (only_decays)
		return sol_binary(s, NOP_MUL, y->x[i], sol_from_fixed(s, sol_map(s, decay_over, a, dt), y->rate[i]->span));
	return sol_binary(s, NOP_ADD, y->x[i], sol_scaled(s, y->rate[i], sol_map(s, gain_over, a, dt)));
}

/* ---- states together ------------------------------------------------------------------------- */

/* e^M - 1 for every neuron: [n][n + terms + 1] values of each. */
typedef struct {
	double **at;
	uint32_t rows, cols;
} Moved;

static Moved
moved(System *y, const Linear *lin, bool held)
{
	Solve *s = y->s;
	uint32_t n = y->n, k = lin->term.n, all = n + k + 1;
	Moved m = {ARENA_ARRAY(s->a, double *, n * all), n, all};
	for (uint32_t i = 0; i < n * all; i++)
		m.at[i] = ARENA_ARRAY(s->a, double, lin->neurons);
	double *a = ARENA_ARRAY(s->a, double, all * all), *x = ARENA_ARRAY(s->a, double, all * all), dt = s->net->dt;
	for (uint32_t neuron = 0; neuron < lin->neurons; neuron++) {
		for (uint32_t i = 0; i < n; i++) {
			bool still = held && y->held[i];
			for (uint32_t j = 0; j < n; j++)
				a[i * all + j] = still ? 0 : dt * element(lin->a[i * n + j], neuron);
			for (uint32_t t = 0; t < k; t++)
				a[i * all + n + t] = still ? 0 : dt * element(lin->g.at[t * n + i], neuron);
			a[i * all + n + k] = still ? 0 : dt * element(lin->f[i], neuron);
		}
		sol_expm_minus_one(s->a, all, a, x);
		for (uint32_t i = 0; i < n * all; i++)
			m.at[i][neuron] = x[i];
	}
	return m;
}

/* Element (i, j) as a number of the program; NULL: it is zero for every neuron. */
static NetExpr *
coefficient(System *y, const Linear *lin, const Moved *m, uint32_t i, uint32_t j, double plus)
{
	Solve *s = y->s;
	double *v = ARENA_ARRAY(s->a, double, lin->neurons);
	bool any = false;
	for (uint32_t k = 0; k < lin->neurons; k++) {
		v[k] = m->at[i * m->cols + j][k] + plus;
		any = any || v[k] != 0;
	}
	Fixed all = {lin->neurons, v, lin->side};
	return any ? sol_from_fixed(s, all, y->rate[i]->span) : NULL;
}

static void
add(System *y, NetExpr **sum, NetExpr *k, NetExpr *x)
{
	if (!k)
		return;
	NetExpr *product = x ? sol_binary(y->s, NOP_MUL, k, x) : k;
	*sum = *sum ? sol_binary(y->s, NOP_ADD, *sum, product) : product;
}

static NetExpr *
row(System *y, const Linear *lin, const Moved *m, uint32_t i)
{
	uint32_t n = y->n;
	bool driven = false;
	for (uint32_t j = n; j < m->cols; j++)
		driven = driven || coefficient(y, lin, m, i, j, 0);
	NetExpr *sum = NULL;
	for (uint32_t j = 0; j < n; j++)
		add(y, &sum, coefficient(y, lin, m, i, j, !driven && i == j), y->x[j]);
	for (uint32_t t = 0; t < lin->term.n; t++)
		add(y, &sum, coefficient(y, lin, m, i, n + t, 0), sol_copy(y->s, lin->term.at[t]));
	add(y, &sum, coefficient(y, lin, m, i, n + lin->term.n, 0), NULL);
	if (!sum)
		return driven ? y->x[i] : sol_const(y->s, 0, y->rate[i]->span);
	return driven ? sol_binary(y->s, NOP_ADD, y->x[i], sum) : sum;
}

bool
sol_is_alone(const System *y, const Linear *lin, uint32_t i)
{
	for (uint32_t j = 0; j < y->n; j++) {
		if (j != i && is_used(&lin->a[i * y->n + j]))
			return false;
	}
	return true;
}

bool
sol_only_decays(const System *y, const Linear *lin, uint32_t i)
{
	for (uint32_t t = 0; t < lin->term.n; t++) {
		if (is_used(&lin->g.at[t * y->n + i]))
			return false;
	}
	return !is_used(&lin->f[i]);
}

void
sol_exact(System *y, const Linear *lin, NetExpr **next)
{
	bool coupled = false, holds = false;
	for (uint32_t i = 0; i < y->n; i++) {
		coupled = coupled || !sol_is_alone(y, lin, i);
		holds = holds || y->held[i];
	}
	Moved m = {0}, still = {0};
	if (coupled)
		m = moved(y, lin, false);
	if (coupled && holds)
		still = moved(y, lin, true);
	for (uint32_t i = 0; i < y->n; i++) {
		bool alone = sol_is_alone(y, lin, i);
		if (alone) {
			Fixed a = lin->a[i * y->n + i];
			next[i] = sol_alone(y, i, is_used(&a) ? a : sol_number(y->s, 0), sol_only_decays(y, lin, i));
		} else {
			next[i] = row(y, lin, &m, i);
		}
		NetExpr *other = y->held[i] ? y->x[i] : !holds ? NULL : alone ? next[i] : row(y, lin, &still, i);
		if (y->joint[0])
			next[i] = sol_binary(y->s, NOP_ADD, next[i], y->joint[0][i]);
		if (y->joint[1])
			other = sol_binary(y->s, NOP_ADD, sol_copy(y->s, other), y->joint[1][i]);
		if (other)
			next[i] = sol_select(y->s, next[i], y->free, other);
	}
}
