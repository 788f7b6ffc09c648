/* linear: is a system linear in its states, with coefficients that are known now? Then they are found here.
 *
 * An expression is walked through + - and through * and / by what is known; what is left over is a term of its own if it
 * is free of the states, and the end of linearity if not.
 */
#include "solve/solve_inner.h"

typedef struct {
	const System *y;
	Linear *lin;
	uint32_t i; /* the equation */
} Walk;

static void
note_length(Linear *lin, Fixed v)
{
	if (v.n == 1)
		return;
	if (lin->neurons > 1 && (lin->side != v.side || lin->neurons != v.n))
		lin->mixed = true;
	lin->neurons = v.n;
	lin->side = v.side;
}

static void
add_to(Walk *w, Fixed *to, Fixed v)
{
	note_length(w->lin, v);
	if (w->lin->mixed)
		return;
	*to = to->n ? sol_map(w->y->s, sol_add, *to, v) : v;
}

static void
add_term(Walk *w, const NetExpr *e, Fixed k)
{
	Linear *lin = w->lin;
	uint32_t t = 0, n = w->y->n;
	while (t < lin->term.n && !net_expr_equal(lin->term.at[t], e))
		t++;
	if (t == lin->term.n) {
		VEC_PUSH(w->y->s->a, &lin->term, sol_copy(w->y->s, e));
		for (uint32_t i = 0; i < n; i++)
			VEC_PUSH(w->y->s->a, &lin->g, (Fixed){0});
	}
	add_to(w, &lin->g.at[t * n + w->i], k);
}

static bool
is_state(const System *y, const NetExpr *e, uint32_t *i)
{
	for (*i = 0; e->kind == NEXPR_STATE && e->side == NSIDE_OWN && *i < y->n; (*i)++) {
		if (y->state[*i] == e->index)
			return true;
	}
	return false;
}

/* e * k; false: it is not linear. */
static bool
walk(Walk *w, const NetExpr *e, Fixed k)
{
	Solve *s = w->y->s;
	Fixed f;
	uint32_t i;
	if (sol_fixed(s, e, &f)) {
		note_length(w->lin, f);
		if (!w->lin->mixed)
			add_to(w, &w->lin->f[w->i], sol_map(s, sol_mul, f, k));
		return true;
	}
	if (is_state(w->y, e, &i)) {
		add_to(w, &w->lin->a[w->i * w->y->n + i], k);
		return true;
	}
	Fixed minus = sol_number(s, -1);
	if (e->kind == NEXPR_UNARY && e->op_kind == NOP_NEG)
		return walk(w, e->op[0], sol_map(s, sol_mul, k, minus));
	if (e->kind == NEXPR_BINARY && (e->op_kind == NOP_ADD || e->op_kind == NOP_SUB))
		return walk(w, e->op[0], k) &&
		       walk(w, e->op[1], e->op_kind == NOP_ADD ? k : sol_map(s, sol_mul, k, minus));
	for (int side = 0; e->kind == NEXPR_BINARY && side < 2; side++) {
		bool divides = e->op_kind == NOP_DIV;
		if ((!divides && e->op_kind != NOP_MUL) || (divides && side == 0) || !sol_fixed(s, e->op[side], &f))
			continue;
		note_length(w->lin, f);
		if (w->lin->mixed)
			return false;
		return walk(w, e->op[1 - side], sol_map(s, divides ? sol_div : sol_mul, k, f));
	}
	if (!sol_reads_system(w->y, e)) {
		add_term(w, e, k);
		return true;
	}
	w->lin->bad = e;
	w->lin->bad_equation = w->i;
	return false;
}

bool
sol_linear(const System *y, Linear *out)
{
	Solve *s = y->s;
	*out = (Linear){.neurons = 1};
	out->a = ARENA_ARRAY(s->a, Fixed, y->n * y->n);
	out->f = ARENA_ARRAY(s->a, Fixed, y->n);
	for (uint32_t i = 0; i < y->n; i++) {
		Walk w = {y, out, i};
		if (!walk(&w, y->rate[i], sol_number(s, 1)) || out->mixed) {
			out->bad = out->bad ? out->bad : y->rate[i];
			out->bad_equation = i;
			return false;
		}
	}
	return true;
}

static bool
all_finite(System *y, uint32_t equation, Fixed v)
{
	for (uint32_t k = 0; k < v.n; k++) {
		if (v.at[k] - v.at[k] == 0)
			continue;
		Diag *d = y->s->env->diag;
		y->s->failed = true;
		diag_begin(d, E0516, y->place[equation], "a coefficient of `%s'` is not finite", y->name[equation]);
		diag_help(d, "a time constant must not be 0, and what is divided must not be infinite");
		diag_end(d);
		return false;
	}
	return true;
}

bool
sol_is_finite(System *y, const Linear *lin)
{
	for (uint32_t i = 0; i < y->n; i++) {
		for (uint32_t j = 0; j < y->n; j++) {
			if (!all_finite(y, i, lin->a[i * y->n + j]))
				return false;
		}
		for (uint32_t t = 0; t < lin->term.n; t++) {
			if (!all_finite(y, i, lin->g.at[t * y->n + i]))
				return false;
		}
		if (!all_finite(y, i, lin->f[i]))
			return false;
	}
	return true;
}
