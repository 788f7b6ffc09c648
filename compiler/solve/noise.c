/* noise: white noise in equations, x' = f(x) + g(x) xi.
 *
 * Over a step xi is a normal number n over sqrt(dt). With that in its place Euler's step is that of Euler and Maruyama (Ito),
 * Heun's that of Stratonovich (Ruemelin 1982). A state that moves by itself with a known coefficient gets the exact deviation
 * of an Ornstein-Uhlenbeck process (Gillespie 1996): g sqrt((exp(2 a dt) - 1) / (2 a)) n. Linear systems of states that share
 * noise or read each other: joint.c.
 */
#include "solve/solve_inner.h"

#include <math.h>
#include <string.h>

static bool
is_noise(const NetExpr *e, uint32_t site)
{
	return e->kind == NEXPR_DRAW && e->draw == NDRAW_NOISE && (site == NET_NONE || e->site == site);
}

static bool
has_noise(const NetExpr *e, uint32_t site)
{
	return e && (is_noise(e, site) || has_noise(e->op[0], site) || has_noise(e->op[1], site) || has_noise(e->op[2], site));
}

/* e with the noises in by[] for those in sites[]; NULL in by: 0. */
static NetExpr *
replaced(Solve *s, NetExpr *e, const Noise *noise, NetExpr *const *by)
{
	if (!e || !has_noise(e, NET_NONE))
		return e;
	for (uint32_t k = 0; k < noise->n; k++) {
		if (is_noise(e, noise->site[k]))
			return by ? sol_copy(s, by[k]) : sol_const(s, 0, e->span);
	}
	NetExpr *op[3] = {replaced(s, e->op[0], noise, by), replaced(s, e->op[1], noise, by), replaced(s, e->op[2], noise, by)};
	if (e->kind == NEXPR_BINARY && e->op_kind >= NOP_ADD && e->op_kind <= NOP_DIV)
		return sol_binary(s, e->op_kind, op[0], op[1]);
	if (e->kind == NEXPR_UNARY && e->op_kind == NOP_NEG)
		return sol_unary(s, NOP_NEG, op[0]);
	NetExpr *c = arena_copy(s->a, e, sizeof *e);
	for (int i = 0; i < 3; i++)
		c->op[i] = op[i];
	return c;
}

/* The factor of a noise; NULL: it has none, because it stands inside a function or is multiplied with noise. */
NetExpr *
sol_noise_factor(Solve *s, NetExpr *e, uint32_t site)
{
	if (!has_noise(e, site))
		return sol_const(s, 0, e->span);
	if (is_noise(e, site))
		return sol_const(s, 1, e->span);
	if (e->kind == NEXPR_UNARY && e->op_kind == NOP_NEG) {
		NetExpr *g = sol_noise_factor(s, e->op[0], site);
		return g ? sol_unary(s, NOP_NEG, g) : NULL;
	}
	if (e->kind == NEXPR_IF && !has_noise(e->op[1], NET_NONE)) {
		NetExpr *g = sol_noise_factor(s, e->op[0], site), *h = sol_noise_factor(s, e->op[2], site);
		return g && h ? sol_select(s, g, e->op[1], h) : NULL;
	}
	if (e->kind != NEXPR_BINARY)
		return NULL;
	if (e->op_kind == NOP_ADD || e->op_kind == NOP_SUB) {
		NetExpr *g = sol_noise_factor(s, e->op[0], site), *h = sol_noise_factor(s, e->op[1], site);
		return g && h ? sol_binary(s, e->op_kind, g, h) : NULL;
	}
	int with = has_noise(e->op[0], site) ? 0 : 1;
	bool divides = e->op_kind == NOP_DIV;
	if ((e->op_kind != NOP_MUL && !divides) || (divides && with == 1) || has_noise(e->op[1 - with], NET_NONE))
		return NULL;
	NetExpr *g = sol_noise_factor(s, e->op[with], site);
	return g ? sol_binary(s, e->op_kind, g, e->op[1 - with]) : NULL;
}

static void
collect(Solve *s, const NetExpr *e, Noise *noise)
{
	if (!e)
		return;
	if (is_noise(e, NET_NONE)) {
		for (uint32_t k = 0; k < noise->n; k++) {
			if (noise->site[k] == e->site)
				return;
		}
		uint32_t *site = ARENA_ARRAY(s->a, uint32_t, noise->n + 1);
		for (uint32_t k = 0; k < noise->n; k++)
			site[k] = noise->site[k];
		site[noise->n++] = e->site;
		noise->site = site;
	}
	for (int i = 0; i < 3; i++)
		collect(s, e->op[i], noise);
}

bool
sol_find_noise(System *y, Noise *out, uint32_t *bad)
{
	Solve *s = y->s;
	*out = (Noise){0};
	for (uint32_t i = 0; i < y->n; i++)
		collect(s, y->rate[i], out);
	for (uint32_t i = 0; i < y->n; i++) {
		for (uint32_t k = 0; k < out->n; k++) {
			NetExpr *g = sol_noise_factor(s, y->rate[i], out->site[k]);
			*bad = i;
			if (!g)
				return false;
			out->of_states |= sol_reads_system(y, g);
		}
	}
	return true;
}

NetExpr *
sol_without_noise(Solve *s, NetExpr *e, const Noise *noise)
{
	return replaced(s, e, noise, NULL);
}

void
sol_draw_noise(System *y, const Noise *noise)
{
	Solve *s = y->s;
	NetExpr **n = ARENA_ARRAY(s->a, NetExpr *, noise->n), **by = ARENA_ARRAY(s->a, NetExpr *, noise->n);
	for (uint32_t k = 0; k < noise->n; k++) {
		NetExpr *z = net_expr(s->net, NEXPR_DRAW, NT_REAL, y->stmt->span);
		z->draw = NDRAW_NORMAL;
		z->site = noise->site[k];
		const char *name = s->net->sites.at[z->site].name, *slash = strrchr(name, '/');
		n[k] = sol_let(y, slash ? slash + 1 : name, z);
		by[k] = sol_scaled(s, n[k], sol_number(s, 1 / sqrt(s->net->dt)));
	}
	for (uint32_t i = 0; i < y->n; i++) {
		NetExpr *kick = NULL;
		for (uint32_t k = 0; k < noise->n; k++) {
			NetExpr *g = sol_noise_factor(s, y->rate[i], noise->site[k]);
			if (g->kind == NEXPR_CONST && g->value == 0)
				continue;
			NetExpr *part = sol_binary(s, NOP_MUL, g, n[k]);
			kick = kick ? sol_binary(s, NOP_ADD, kick, part) : part;
		}
		if (!kick)
			continue;
		y->kick[i] = kick;
		y->drift[i] = sol_without_noise(s, y->rate[i], noise);
		y->rate[i] = replaced(s, y->rate[i], noise, by);
	}
}
