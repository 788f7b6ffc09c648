/* settled: linear systems whose coefficients are not known now, but stand still while the network runs.
 *
 * Parameters that are drawn, or that the experiment sets, are states which no step changes. Where rates are linear in the
 * states of the system with coefficients made of those (and of numbers), e^(A dt) is worked out by the program itself: when
 * the run begins, and when the experiment sets one of them. Here rates are only taken apart, and the elements of the
 * exponential that are asked for become states of the layer (NetPropagator); lower_propagate makes the code.
 */
#include "solve/solve_inner.h"

/* ---- what stands still ------------------------------------------------------------------------- */

static bool
is_changed(NetBlock b, uint32_t state)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const NetStmt *st = b.at[i];
		if (st->kind == NSTMT_ASSIGN && st->target->kind == NEXPR_STATE && st->target->index == state)
			return true;
		if (is_changed(st->body, state) || is_changed(st->other, state))
			return true;
	}
	return false;
}

static bool
is_injected(const NetProtocol *p, uint32_t layer, uint32_t state)
{
	for (uint32_t i = 0; i < p->n; i++) {
		const NetProto *s = p->at[i];
		for (uint32_t k = 0; k < s->controls.n; k++) {
			const NetControl *c = &s->controls.at[k];
			if (c->kind == NCONTROL_INJECT && c->var.of == layer && c->var.index == state)
				return true;
		}
		if (is_injected(&s->body, layer, state) || is_injected(&s->other, layer, state))
			return true;
	}
	return false;
}

static bool
is_settled(const Solve *s, const NetExpr *e)
{
	switch (e->kind) {
	case NEXPR_CONST:
		return true;
	case NEXPR_ARRAY:
		return e->side == NSIDE_OWN;
	case NEXPR_STATE:
		return e->side == NSIDE_OWN && !is_changed(s->owner->step.body, e->index) && !is_injected(&s->net->protocol, s->layer, e->index);
	case NEXPR_UNARY:
	case NEXPR_BINARY:
	case NEXPR_IF:
		for (int i = 0; i < 3; i++) {
			if (e->op[i] && !is_settled(s, e->op[i]))
				return false;
		}
		return true;
	default:
		return false;
	}
}

/* ---- taking rates apart ------------------------------------------------------------------------- */

typedef struct {
	const System *y;
	Settled *out;
	uint32_t i; /* the equation */
} Walk;

static void
add_to(Walk *w, NetExpr **to, NetExpr *v)
{
	*to = *to ? sol_binary(w->y->s, NOP_ADD, *to, v) : v;
}

static void
add_term(Walk *w, const NetExpr *e, NetExpr *k)
{
	Settled *out = w->out;
	uint32_t t = 0, n = w->y->n;
	while (t < out->term.n && !net_expr_equal(out->term.at[t], e))
		t++;
	if (t == out->term.n) {
		VEC_PUSH(w->y->s->a, &out->term, sol_copy(w->y->s, e));
		for (uint32_t i = 0; i < n; i++)
			VEC_PUSH(w->y->s->a, &out->g, NULL);
	}
	add_to(w, &out->g.at[t * n + w->i], k);
}

/* e * k; false: it is not linear. */
static bool
walk(Walk *w, const NetExpr *e, NetExpr *k)
{
	Solve *s = w->y->s;
	if (e->type == NT_REAL && is_settled(s, e)) {
		add_to(w, &w->out->f[w->i], sol_binary(s, NOP_MUL, sol_copy(s, e), k));
		return true;
	}
	for (uint32_t j = 0; e->kind == NEXPR_STATE && e->side == NSIDE_OWN && j < w->y->n; j++) {
		if (w->y->state[j] != e->index)
			continue;
		add_to(w, &w->out->a[w->i * w->y->n + j], k);
		return true;
	}
	if (e->kind == NEXPR_UNARY && e->op_kind == NOP_NEG)
		return walk(w, e->op[0], sol_unary(s, NOP_NEG, k));
	if (e->kind == NEXPR_BINARY && (e->op_kind == NOP_ADD || e->op_kind == NOP_SUB))
		return walk(w, e->op[0], k) && walk(w, e->op[1], e->op_kind == NOP_ADD ? k : sol_unary(s, NOP_NEG, k));
	for (int side = 0; e->kind == NEXPR_BINARY && side < 2; side++) {
		bool divides = e->op_kind == NOP_DIV;
		if ((!divides && e->op_kind != NOP_MUL) || (divides && side == 0) || !is_settled(s, e->op[side]))
			continue;
		return walk(w, e->op[1 - side], sol_binary(s, e->op_kind, k, sol_copy(s, e->op[side])));
	}
	if (!sol_reads_system(w->y, e)) {
		add_term(w, e, k);
		return true;
	}
	w->out->bad_equation = w->i;
	return false;
}

bool
sol_settled(const System *y, Settled *out)
{
	Solve *s = y->s;
	*out = (Settled){0};
	if (!s->owner)
		return false;
	out->a = ARENA_ARRAY(s->a, NetExpr *, y->n * y->n);
	out->f = ARENA_ARRAY(s->a, NetExpr *, y->n);
	for (uint32_t i = 0; i < y->n; i++) {
		Walk w = {y, out, i};
		if (!walk(&w, y->rate[i], sol_const(s, 1, y->rate[i]->span)))
			return false;
	}
	return true;
}

/* ---- elements of the exponential ---------------------------------------------------------------- */

/* Element (i, j) of e^(A dt) - 1, or (whole) of e^(A dt), as a state that the program fills. */
static NetExpr *
element(System *y, uint32_t propagator, uint32_t i, uint32_t j, bool whole, const char *name)
{
	Solve *s = y->s;
	NetPropagator *p = &s->owner->propagators.at[propagator];
	uint32_t at = i * p->n + j;
	if (p->to[at] == NET_NONE) {
		NetState st = {.name = intern(s->net->names, name), .span = p->span, .type = NT_REAL, .init = sol_const(s, 0, p->span),
			       .kept_on_reset = true};
		p->to[at] = s->owner->states.n;
		p->whole[at] = whole;
		VEC_PUSH(s->net->arena, &s->owner->states, st);
	}
	NetExpr *e = net_expr(s->net, NEXPR_STATE, NT_REAL, p->span);
	e->index = p->to[at];
	return e;
}

static uint32_t
new_propagator(Solve *s, Span at, uint32_t n, NetExpr **a)
{
	NetPropagator p = {.span = at, .n = n, .a = a};
	p.to = ARENA_ARRAY(s->net->arena, uint32_t, n * n);
	p.whole = ARENA_ARRAY(s->net->arena, bool, n * n);
	for (uint32_t i = 0; i < n * n; i++)
		p.to[i] = NET_NONE;
	VEC_PUSH(s->net->arena, &s->owner->propagators, p);
	return s->owner->propagators.n - 1;
}

/* A state with the coefficient a by itself: e^(a dt), and what its rate brings over a step, are elements of the exponential of
 * (a 1 ; 0 0). */
static uint32_t
of_one(System *y, NetExpr *a)
{
	Solve *s = y->s;
	for (uint32_t k = 0; k < s->owner->propagators.n; k++) {
		const NetPropagator *p = &s->owner->propagators.at[k];
		if (p->n == 2 && !p->a[2] && !p->a[3] && p->a[1] && p->a[1]->kind == NEXPR_CONST && p->a[0] && net_expr_equal(p->a[0], a))
			return k;
	}
	NetExpr **m = ARENA_ARRAY(s->net->arena, NetExpr *, 4);
	m[0] = a;
	m[1] = sol_const(s, 1, a->span);
	return new_propagator(s, y->stmt->span, 2, m);
}

NetExpr *
sol_settled_gain(System *y, uint32_t i, NetExpr *a)
{
	if (!y->s->owner || !is_settled(y->s, a))
		return NULL;
	return element(y, of_one(y, a), 0, 1, false, arena_printf(y->s->a, "%s_gain", y->name[i]));
}

static NetExpr *
alone(System *y, const Settled *m, uint32_t i)
{
	Solve *s = y->s;
	NetExpr *a = m->a[i * y->n + i];
	bool decays = !m->f[i];
	for (uint32_t t = 0; t < m->term.n; t++)
		decays = decays && !m->g.at[t * y->n + i];
	Fixed known;
	if (!a || sol_fixed(s, a, &known))
		return sol_alone(y, i, a ? known : sol_number(s, 0), decays);
	if (decays)
		return sol_binary(s, NOP_MUL, y->x[i], element(y, of_one(y, a), 0, 0, true, arena_printf(s->a, "%s_decay", y->name[i])));
	return sol_binary(s, NOP_ADD, y->x[i], sol_binary(s, NOP_MUL, y->rate[i], sol_settled_gain(y, i, a)));
}

static bool
is_alone(const System *y, const Settled *m, uint32_t i)
{
	for (uint32_t j = 0; j < y->n; j++) {
		if (j != i && m->a[i * y->n + j])
			return false;
	}
	return true;
}

/* All states, terms and the 1 of what is constant; in rows of what stands still there is nothing. */
typedef struct {
	uint32_t propagator, n;
	bool *reach; /* [n * n]: element may be something other than 0 */
} Moved;

static Moved
moved(System *y, const Settled *m, bool held)
{
	Solve *s = y->s;
	uint32_t n = y->n, k = m->term.n, all = n + k + 1;
	NetExpr **a = ARENA_ARRAY(s->net->arena, NetExpr *, all * all);
	bool *reach = ARENA_ARRAY(s->a, bool, all * all);
	for (uint32_t i = 0; i < n; i++) {
		if (held && y->held[i])
			continue;
		for (uint32_t j = 0; j < n; j++)
			a[i * all + j] = m->a[i * n + j];
		for (uint32_t t = 0; t < k; t++)
			a[i * all + n + t] = m->g.at[t * n + i];
		a[i * all + n + k] = m->f[i];
	}
	for (uint32_t i = 0; i < all * all; i++)
		reach[i] = a[i] != NULL;
	for (uint32_t via = 0; via < all; via++)
		for (uint32_t i = 0; i < all; i++)
			for (uint32_t j = 0; j < all; j++)
				reach[i * all + j] |= reach[i * all + via] && reach[via * all + j];
	return (Moved){new_propagator(s, y->stmt->span, all, a), all, reach};
}

static NetExpr *
row(System *y, const Settled *m, const Moved *v, uint32_t i, const char *how)
{
	Solve *s = y->s;
	uint32_t n = y->n;
	bool driven = false;
	NetExpr *sum = NULL;
	for (uint32_t j = n; j < v->n; j++)
		driven = driven || v->reach[i * v->n + j];
	for (uint32_t j = 0; j < v->n; j++) {
		bool whole = !driven && i == j;
		if (!v->reach[i * v->n + j] && !whole)
			continue;
		const char *of = j < n ? y->name[j] : j + 1 == v->n ? "constant" : arena_printf(s->a, "input%u", j - n);
		NetExpr *k = element(y, v->propagator, i, j, whole, arena_printf(s->a, "%s_%s_%s", y->name[i], how, of));
		NetExpr *x = j < n ? y->x[j] : j + 1 == v->n ? NULL : sol_copy(s, m->term.at[j - n]);
		NetExpr *product = x ? sol_binary(s, NOP_MUL, k, x) : k;
		sum = sum ? sol_binary(s, NOP_ADD, sum, product) : product;
	}
	return driven ? sol_binary(s, NOP_ADD, y->x[i], sum) : sum;
}

void
sol_propagate(System *y, const Settled *m, NetExpr **next)
{
	bool coupled = false, holds = false;
	for (uint32_t i = 0; i < y->n; i++) {
		coupled = coupled || !is_alone(y, m, i);
		holds = holds || y->held[i];
	}
	Moved free = {0}, still = {0};
	if (coupled)
		free = moved(y, m, false);
	if (coupled && holds)
		still = moved(y, m, true);
	for (uint32_t i = 0; i < y->n; i++) {
		bool one = is_alone(y, m, i);
		next[i] = one ? alone(y, m, i) : row(y, m, &free, i, "by");
		NetExpr *other = y->held[i] ? y->x[i] : !holds || one ? NULL : row(y, m, &still, i, "still");
		if (other)
			next[i] = sol_select(y->s, next[i], y->free, other);
	}
}
