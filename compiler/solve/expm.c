/* expm: e^M - 1 of a small matrix, in double.
 *
 * Scaling and squaring (Moler & Van Loan 2003) on the difference to 1 itself: M is halved until its norm is below 1/2,
 * E = M + M^2/2! + ... is summed until nothing is added, and as often doubled by e^2x - 1 = 2 (e^x - 1) + (e^x - 1)^2. No
 * eigenvalues are looked for, so equal ones, zeros and defective matrices need no care; small steps lose no digits; a zero
 * that follows from the shape of M stays exactly zero.
 */
#include "solve/solve_inner.h"

#include <math.h>
#include <string.h>

void
sol_multiply(uint32_t n, const double *a, const double *b, bool turned, double *out)
{
	for (uint32_t i = 0; i < n; i++) {
		for (uint32_t j = 0; j < n; j++) {
			double sum = 0;
			for (uint32_t k = 0; k < n; k++)
				sum += a[i * n + k] * b[turned ? j * n + k : k * n + j];
			out[i * n + j] = sum;
		}
	}
}

double
sol_norm(uint32_t n, const double *m)
{
	double most = 0;
	for (uint32_t i = 0; i < n; i++) {
		double sum = 0;
		for (uint32_t j = 0; j < n; j++)
			sum += fabs(m[i * n + j]);
		most = sum > most ? sum : most;
	}
	return most;
}

enum { TERMS = 40, HALVINGS = 1100 };

void
sol_expm_minus_one(Arena *a, uint32_t n, const double *m, double *out)
{
	ArenaMark mark = arena_mark(a);
	uint32_t all = n * n;
	double *x = ARENA_ARRAY(a, double, all), *term = ARENA_ARRAY(a, double, all), *next = ARENA_ARRAY(a, double, all);
	int halvings = 0;
	double size = sol_norm(n, m);
	while (size > 0.5 && size < INFINITY && halvings < HALVINGS) {
		size /= 2;
		halvings++;
	}
	for (uint32_t i = 0; i < all; i++)
		x[i] = term[i] = out[i] = ldexp(m[i], -halvings);
	for (int k = 2; k < TERMS; k++) {
		sol_multiply(n, term, x, false, next);
		double biggest = 0;
		for (uint32_t i = 0; i < all; i++) {
			term[i] = next[i] / k;
			out[i] += term[i];
			biggest = fabs(term[i]) > biggest ? fabs(term[i]) : biggest;
		}
		if (biggest == 0)
			break;
	}
	for (; halvings > 0; halvings--) {
		sol_multiply(n, out, out, false, next);
		for (uint32_t i = 0; i < all; i++)
			out[i] = 2 * out[i] + next[i];
	}
	arena_reset(a, mark);
}

double
sol_exprel(double z)
{
	return z == 0 ? 1 : expm1(z) / z;
}
