/* joint: the noise of states that move together, exactly.
 *
 *   x' = A x + ... + B xi:   over a step x gets L z, z normal numbers that know nothing of each other, with
 *   L L^T = Q = integral over the step of e^(A s) B B^T e^(A^T s) ds
 *
 * for a system that is linear with numbers for A and B (Gillespie 1996 for one state). Q over a short time h is summed as the
 * solution of Q' = A Q + Q A^T + B B^T, and doubled: Q(2h) = Q(h) + e^(A h) Q(h) e^(A^T h); so nothing grows that should decay
 * (unlike Van Loan 1978). Q may be of lower rank than it has rows: then numbers that nobody needs are not drawn.
 */
#include "solve/solve_inner.h"

#include <math.h>
#include <string.h>

enum { TERMS = 60, HALVINGS = 1100 };

typedef struct {
	uint32_t n, m; /* states, noises */
	double *a, *b; /* n x n, n x m: dt A, and B */
} Numbers;

static double
element(Fixed v, uint32_t i)
{
	return v.n == 0 ? 0 : v.at[v.n == 1 ? 0 : i];
}

/* Over a time h, in which a is small: Q = sum of Q_k, Q_1 = h B B^T, Q_(k+1) = (h A Q_k + Q_k h A^T) / (k + 1). */
static void
short_time(Arena *arena, const Numbers *v, const double *a, double h, double *q)
{
	uint32_t n = v->n, all = n * n;
	double *term = ARENA_ARRAY(arena, double, all), *left = ARENA_ARRAY(arena, double, all);
	for (uint32_t i = 0; i < n; i++)
		for (uint32_t j = 0; j < n; j++) {
			double sum = 0;
			for (uint32_t k = 0; k < v->m; k++)
				sum += v->b[i * v->m + k] * v->b[j * v->m + k];
			q[i * n + j] = term[i * n + j] = h * sum;
		}
	for (int k = 2; k < TERMS; k++) {
		sol_multiply(n, a, term, false, left);
		for (uint32_t i = 0; i < n; i++)
			for (uint32_t j = 0; j < n; j++)
				term[i * n + j] = (left[i * n + j] + left[j * n + i]) / k;
		for (uint32_t i = 0; i < all; i++)
			q[i] += term[i];
	}
}

static void
covariance(Arena *arena, const Numbers *v, double dt, double *q)
{
	uint32_t n = v->n, all = n * n;
	double *a = arena_copy(arena, v->a, all * sizeof *a), *e = ARENA_ARRAY(arena, double, all), *x = ARENA_ARRAY(arena, double, all),
	       *y = ARENA_ARRAY(arena, double, all), size = sol_norm(n, a);
	int halvings = 0;
	for (; size > 0.5 && halvings < HALVINGS; halvings++)
		size /= 2;
	for (uint32_t i = 0; i < all; i++)
		a[i] = ldexp(a[i], -halvings);
	short_time(arena, v, a, ldexp(dt, -halvings), q);
	sol_expm_minus_one(arena, n, a, e);
	for (uint32_t i = 0; i < n; i++)
		e[i * n + i] += 1;
	for (; halvings > 0; halvings--) {
		sol_multiply(n, e, q, false, x);
		sol_multiply(n, x, e, true, y);
		for (uint32_t i = 0; i < all; i++)
			q[i] += y[i];
		sol_multiply(n, e, e, false, x);
		memcpy(e, x, all * sizeof *e);
	}
}

/* Cholesky: the lower triangle l with l l^T = q. What is left of a row after those before it may be nothing but rounding. */
static void
root(uint32_t n, const double *q, double *l)
{
	memset(l, 0, n * n * sizeof *l);
	for (uint32_t j = 0; j < n; j++) {
		double left = q[j * n + j];
		for (uint32_t k = 0; k < j; k++)
			left -= l[j * n + k] * l[j * n + k];
		if (!(left > 1e-13 * q[j * n + j]))
			continue;
		l[j * n + j] = sqrt(left);
		for (uint32_t i = j + 1; i < n; i++) {
			double sum = q[i * n + j];
			for (uint32_t k = 0; k < j; k++)
				sum -= l[i * n + k] * l[j * n + k];
			l[i * n + j] = sum / l[j * n + j];
		}
	}
}

/* ---- the system ------------------------------------------------------------------------------ */

typedef struct {
	Linear *lin;
	const Noise *noise;
	Fixed *b; /* by state * noise->n + k */
	uint32_t neurons;
	NetSide side;
} Joint;

static bool
fits(Joint *j, Fixed v)
{
	if (v.n == 1)
		return true;
	bool fine = j->neurons == 1 || (j->neurons == v.n && j->side == v.side);
	j->neurons = v.n;
	j->side = v.side;
	return fine;
}

/* The strengths of the noises, if they are numbers; do states share them, or each other? */
static bool
strengths(System *y, Joint *j, bool *together)
{
	uint32_t m = j->noise->n;
	j->b = ARENA_ARRAY(y->s->a, Fixed, y->n * m);
	for (uint32_t i = 0; i < y->n; i++)
		*together |= !sol_is_alone(y, j->lin, i);
	for (uint32_t k = 0; k < m; k++) {
		uint32_t users = 0;
		for (uint32_t i = 0; i < y->n; i++) {
			Fixed *b = &j->b[i * m + k];
			if (!sol_fixed(y->s, sol_noise_factor(y->s, y->rate[i], j->noise->site[k]), b) || !fits(j, *b))
				return false;
			users += b->n > 1 || b->at[0] != 0;
		}
		*together |= users > 1;
	}
	return true;
}

/* l for each neuron: by (row * n + column), one number per neuron. */
static double **
roots(System *y, const Joint *j, bool held)
{
	Arena *arena = y->s->a;
	uint32_t n = y->n, m = j->noise->n;
	double dt = y->s->net->dt, **out = ARENA_ARRAY(arena, double *, n * n);
	for (uint32_t i = 0; i < n * n; i++)
		out[i] = ARENA_ARRAY(arena, double, j->neurons);
	Numbers v = {n, m, ARENA_ARRAY(arena, double, n * n), ARENA_ARRAY(arena, double, n * m)};
	double *q = ARENA_ARRAY(arena, double, n * n), *l = ARENA_ARRAY(arena, double, n * n);
	for (uint32_t neuron = 0; neuron < j->neurons; neuron++) {
		for (uint32_t i = 0; i < n; i++) {
			bool still = held && y->held[i];
			for (uint32_t k = 0; k < n; k++)
				v.a[i * n + k] = still ? 0 : dt * element(j->lin->a[i * n + k], neuron);
			for (uint32_t k = 0; k < m; k++)
				v.b[i * m + k] = still ? 0 : element(j->b[i * m + k], neuron);
		}
		ArenaMark mark = arena_mark(arena);
		covariance(arena, &v, dt, q);
		arena_reset(arena, mark);
		root(n, q, l);
		for (uint32_t i = 0; i < n * n; i++)
			out[i][neuron] = l[i];
	}
	return out;
}

static bool
any(const double *v, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (v[i] != 0)
			return true;
	return false;
}

/* A normal number for state i: that of its own noise, where it has one, or another. */
static NetExpr *
number_of(System *y, const Joint *j, uint32_t i, bool *used)
{
	Net *net = y->s->net;
	uint32_t site = NET_NONE, m = j->noise->n;
	for (uint32_t k = 0; k < m && site == NET_NONE; k++) {
		Fixed b = j->b[i * m + k];
		if (used[k] || (b.n == 1 && b.at[0] == 0))
			continue;
		used[k] = true;
		site = j->noise->site[k];
	}
	if (site == NET_NONE) {
		const char *first = net->sites.at[j->noise->site[0]].name, *slash = strrchr(first, '/');
		int folder = slash ? (int)(slash + 1 - first) : 0;
		NetSite more = {.name = intern(net->names, arena_printf(net->arena, "%.*sjoint_%s", folder, first, y->name[i])), .span = y->place[i]};
		site = net->sites.n;
		VEC_PUSH(net->arena, &net->sites, more);
	}
	NetExpr *z = net_expr(net, NEXPR_DRAW, NT_REAL, y->stmt->span);
	z->draw = NDRAW_NORMAL;
	z->site = site;
	return sol_let(y, arena_printf(y->s->a, "z_%s", y->name[i]), z);
}

static NetExpr **
kicks(System *y, const Joint *j, double *const *l, NetExpr *const *z)
{
	Solve *s = y->s;
	NetExpr **out = ARENA_ARRAY(s->a, NetExpr *, y->n);
	for (uint32_t i = 0; i < y->n; i++) {
		out[i] = sol_const(s, 0, y->place[i]);
		for (uint32_t k = 0; k <= i; k++) {
			const double *v = l[i * y->n + k];
			if (!any(v, j->neurons))
				continue;
			Fixed f = {j->neurons, v, j->side};
			NetExpr *part = sol_binary(s, NOP_MUL, sol_from_fixed(s, f, y->place[i]), sol_copy(s, z[k]));
			out[i] = sol_binary(s, NOP_ADD, out[i], part);
		}
	}
	return out;
}

bool
sol_joint_noise(System *y, const Noise *noise, Linear *lin)
{
	System still = *y;
	Joint j = {.lin = lin, .noise = noise};
	bool holds = false, together = false, *used = ARENA_ARRAY(y->s->a, bool, noise->n);
	if (noise->of_states || (y->stmt->method != NMETHOD_UNSET && y->stmt->method != NMETHOD_EXACT))
		return false;
	still.rate = ARENA_ARRAY(y->s->a, NetExpr *, y->n);
	for (uint32_t i = 0; i < y->n; i++)
		still.rate[i] = sol_without_noise(y->s, y->rate[i], noise);
	if (!sol_linear(&still, lin))
		return false;
	j.neurons = lin->neurons;
	j.side = lin->side;
	if (!strengths(y, &j, &together) || !together)
		return false;
	y->rate = still.rate;
	if (!sol_is_finite(y, lin))
		return true;
	for (uint32_t i = 0; i < y->n; i++)
		holds |= y->held[i];
	double **l[2] = {roots(y, &j, false), holds ? roots(y, &j, true) : NULL};
	NetExpr **z = ARENA_ARRAY(y->s->a, NetExpr *, y->n);
	for (uint32_t k = 0; k < y->n; k++) {
		bool needed = false;
		for (uint32_t i = k; i < y->n; i++)
			needed |= any(l[0][i * y->n + k], j.neurons) || (holds && any(l[1][i * y->n + k], j.neurons));
		if (needed)
			z[k] = number_of(y, &j, k, used);
	}
	y->joint[0] = kicks(y, &j, l[0], z);
	y->joint[1] = holds ? kicks(y, &j, l[1], z) : NULL;
	return true;
}
