/* solve: which method, and the statements that take the place of a system. */
#include "solve/solve_inner.h"

#include "base/panic.h"

/* ---- what takes the place of a system -------------------------------------------------------- */

static NetStmt *
new_stmt(System *y, NetStmtKind kind)
{
	NetStmt *st = ARENA_NEW(y->s->a, NetStmt);
	st->kind = kind;
	st->span = y->stmt->span;
	return st;
}

/* x = next, written as x *= k or x += d where it is one; what is held moves under its condition. */
static NetStmt *
assignment(System *y, uint32_t i, NetExpr *next)
{
	const NetExpr *x = y->x[i];
	if (next->kind == NEXPR_IF && net_expr_equal(next->op[2], x)) {
		NetStmt *st = new_stmt(y, NSTMT_IF), *inner = assignment(y, i, next->op[0]);
		st->e = next->op[1];
		st->body.at = ARENA_NEW(y->s->a, NetStmt *);
		st->body.at[0] = inner;
		st->body.n = 1;
		return st;
	}
	NetStmt *st = new_stmt(y, NSTMT_ASSIGN);
	st->span = y->stmt->body.at[i]->span;
	st->target = sol_copy(y->s, x);
	st->e = next;
	if (next->kind != NEXPR_BINARY || !net_expr_equal(next->op[0], x))
		return st;
	if (next->op_kind == NOP_MUL || next->op_kind == NOP_ADD || next->op_kind == NOP_SUB) {
		st->op = next->op_kind == NOP_MUL ? NMUL : next->op_kind == NOP_ADD ? NADD : NSUB;
		st->e = next->op[1];
	}
	return st;
}

static bool
is_free(const System *y, NetExpr *const *next, const bool *done, uint32_t i)
{
	for (uint32_t j = 0; j < y->n; j++) {
		if (j != i && !done[j] && sol_reads(next[j], y->state[i]))
			return false;
	}
	return true;
}

/* All states move at once: one whose old value is still asked for waits; if all wait for each other, their new values are
 * worked out first. */
static void
assign_all(System *y, NetExpr **next)
{
	bool *done = ARENA_ARRAY(y->s->a, bool, y->n);
	for (uint32_t left = y->n; left > 0;) {
		bool any = false;
		for (uint32_t i = 0; i < y->n; i++) {
			if (done[i] || !is_free(y, next, done, i))
				continue;
			NetStmt *st = assignment(y, i, next[i]);
			VEC_PUSH(y->s->a, &y->out, st);
			done[i] = any = true;
			left--;
		}
		for (uint32_t i = 0; i < y->n && !any; i++) {
			if (!done[i])
				next[i] = sol_let(y, arena_printf(y->s->a, "%s_next", y->name[i]), next[i]);
		}
	}
}

/* ---- choosing -------------------------------------------------------------------------------- */

static const char *
names_of(const System *y)
{
	const char *all = y->name[0];
	for (uint32_t i = 1; i < y->n; i++)
		all = arena_printf(y->s->a, "%s, %s", all, y->name[i]);
	return all;
}

static void
report(System *y, uint32_t equation, const NetExpr *bad, const char *what, const char *help)
{
	Diag *d = y->s->env->diag;
	y->s->failed = true;
	diag_begin(d, E0604, y->stmt->body.at[equation]->span, "%s", what);
	if (bad)
		diag_label(d, bad->span, "this is not linear");
	diag_help(d, "%s", help);
	diag_end(d);
}

static void
note(System *y, NetMethod method, const char *why)
{
	NetSolved n = {names_of(y), why, method, y->stmt->span, y->said};
	VEC_PUSH(y->s->a, &y->s->code->solved, n);
}

static void
forget_states_from(NetPropagator *p, uint32_t first)
{
	for (uint32_t i = 0; i < p->n * p->n; i++) {
		if (p->to[i] != NET_NONE && p->to[i] >= first)
			p->to[i] = NET_NONE;
	}
}

/* What was made on the way is given up where it fails. */
static bool
try_exponential(System *y, NetExpr **next, uint32_t *bad)
{
	NetLayer *owner = y->s->owner;
	uint32_t states = owner ? owner->states.n : 0, propagators = owner ? owner->propagators.n : 0;
	if (sol_exponential(y, next, bad))
		return true;
	if (owner) {
		owner->states.n = states;
		owner->propagators.n = propagators;
		for (uint32_t k = 0; k < propagators; k++)   /* of other systems, which were asked for more */
			forget_states_from(&owner->propagators.at[k], states);
	}
	return false;
}

/* What the model asks for, or the best that there is; UNSET after a message. */
static NetMethod
choose(System *y, const Linear *lin, bool linear, const Noise *noise, NetExpr **next, const char **why)
{
	NetMethod m = y->stmt->method;
	uint32_t bad;
	*why = "as the model says";
	if (m != NMETHOD_UNSET && m != NMETHOD_EXACT && m != NMETHOD_EXPONENTIAL_EULER)
		return m;
	Settled settled;
	if (!linear && !noise->n && m != NMETHOD_EXPONENTIAL_EULER && sol_settled(y, &settled)) {
		sol_propagate(y, &settled, next);
		*why = "linear; what follows from parameters that are drawn, tunable or set by the experiment is worked out when they are known";
		return NMETHOD_EXACT;
	}
	if (m == NMETHOD_EXACT && !linear) {
		report(y, lin->bad_equation, lin->bad,
		       arena_printf(y->s->a, "`%s'` has no exact solution here: it is not linear in %s with coefficients known before the run",
				    y->name[lin->bad_equation], names_of(y)),
		       "leave the method away, or take `exponential_euler` or `rk4`");
		return NMETHOD_UNSET;
	}
	if (m == NMETHOD_EXPONENTIAL_EULER && noise->of_states) {
		report(y, 0, NULL, "noise whose strength depends on a state has no exponential Euler step",
		       "take `heun` (Stratonovich) or `euler` (Ito)");
		return NMETHOD_UNSET;
	}
	if (m == NMETHOD_EXACT || (m == NMETHOD_UNSET && linear)) {
		*why = m == NMETHOD_EXACT ? *why : "linear, with coefficients known before the run";
		return NMETHOD_EXACT;
	}
	bool exponential = !noise->of_states && try_exponential(y, next, &bad);
	if (m == NMETHOD_EXPONENTIAL_EULER && !exponential) {
		report(y, bad, NULL,
		       arena_printf(y->s->a, "`%s'` is not linear in `%s`, so there is no exponential Euler step", y->name[bad],
				    y->name[bad]),
		       "leave the method away, or take `rk4`");
		return NMETHOD_UNSET;
	}
	if (exponential) {
		if (m == NMETHOD_UNSET)
			*why = y->n == 1 ? "linear, with a coefficient that only the run knows"
					 : "each rate is linear in its own state, but not in all together";
		return NMETHOD_EXPONENTIAL_EULER;
	}
	if (noise->n)
		*why = noise->of_states ? "noise whose strength depends on a state, after Stratonovich" : "noise in rates that are not linear";
	else
		*why = arena_printf(y->s->a, "the rate of %s is not linear in it", y->name[bad]);
	return noise->n ? NMETHOD_HEUN : NMETHOD_RK4;
}

/* The new states, in terms of the old ones; false after a message. */
static bool
integrate(System *y, NetExpr **next)
{
	const char *why;
	Linear lin;
	Noise noise;
	uint32_t bad;
	if (!sol_find_noise(y, &noise, &bad)) {
		report(y, bad, NULL, arena_printf(y->s->a, "the noise in `%s'` is no plain summand", y->name[bad]),
		       "write `… + sigma * xi`, with a factor that has no noise itself");
		return false;
	}
	if (noise.n && sol_joint_noise(y, &noise, &lin)) {
		if (y->s->failed)
			return false;
		note(y, NMETHOD_EXACT, "linear, with coefficients known before the run; its noise, too");
		sol_exact(y, &lin, next);
		return true;
	}
	if (noise.n)
		sol_draw_noise(y, &noise);
	bool linear = sol_linear(y, &lin);
	if (linear && !sol_is_finite(y, &lin))
		return false;
	NetMethod m = choose(y, &lin, linear, &noise, next, &why);
	if (m == NMETHOD_UNSET || y->s->failed)
		return false;
	note(y, m, why);
	switch (m) {
	case NMETHOD_EXACT:
		if (linear)                               /* else by choose */
			sol_exact(y, &lin, next);
		return true;
	case NMETHOD_EXPONENTIAL_EULER:
		return true;                              /* by choose */
	case NMETHOD_EULER:
		sol_euler(y, next);
		return true;
	case NMETHOD_HEUN:
		sol_heun(y, next);
		return true;
	case NMETHOD_RK2:
		sol_midpoint(y, next);
		return true;
	case NMETHOD_RK4:
		sol_rk4(y, next);
		return true;
	case NMETHOD_UNSET:
	case NMETHOD_COUNT:
		break;
	}
	UNREACHABLE();
}

/* ---- systems --------------------------------------------------------------------------------- */

static const char *
state_name(const Solve *s, const NetState *states, uint32_t n, uint32_t i)
{
	return states && i < n ? states[i].name : arena_printf(s->a, "state%u", i);
}

/* A random number is drawn once in a step, whatever the method. */
static NetExpr *
without_draws(System *y, NetExpr *e)
{
	if (!e)
		return NULL;
	for (int i = 0; i < 3; i++)
		e->op[i] = without_draws(y, e->op[i]);
	bool draws = e->kind == NEXPR_DRAW && e->draw != NDRAW_NOISE && !(e->op[0] && sol_reads_system(y, e->op[0]));
	return draws ? sol_let(y, "drawn", e) : e;
}

/* What is solved is changed on the way. */
static const NetStmt *
copy_of(Solve *s, const NetStmt *system)
{
	NetStmt *out = arena_copy(s->a, system, sizeof *system);
	NetStmt **body = ARENA_ARRAY(s->a, NetStmt *, system->body.n + 1);
	for (uint32_t i = 0; i < system->body.n; i++) {
		body[i] = arena_copy(s->a, system->body.at[i], sizeof **body);
		body[i]->e = sol_copy(s, body[i]->e);
	}
	out->body = (NetBlock){body, system->body.n};
	return out;
}

static void
solve_system(Solve *s, const NetStmt *st, const NetState *states, uint32_t nstates, StmtVec *out)
{
	uint32_t n = st->body.n;
	System y = {.s = s, .stmt = st, .said = copy_of(s, st), .n = n, .free = st->e};
	y.state = ARENA_ARRAY(s->a, uint32_t, n);
	y.name = ARENA_ARRAY(s->a, const char *, n);
	y.place = ARENA_ARRAY(s->a, Span, n);
	y.x = ARENA_ARRAY(s->a, NetExpr *, n);
	y.rate = ARENA_ARRAY(s->a, NetExpr *, n);
	y.held = ARENA_ARRAY(s->a, bool, n);
	y.drift = ARENA_ARRAY(s->a, NetExpr *, n);
	y.kick = ARENA_ARRAY(s->a, NetExpr *, n);
	for (uint32_t i = 0; i < n; i++) {
		const NetStmt *eq = st->body.at[i];
		y.state[i] = eq->target->index;
		y.place[i] = eq->span;
		y.name[i] = state_name(s, states, nstates, eq->target->index);
		y.x[i] = eq->target;
		y.held[i] = eq->held;
	}
	for (uint32_t i = 0; i < n; i++)
		y.rate[i] = without_draws(&y, st->body.at[i]->e);
	NetExpr **next = ARENA_ARRAY(s->a, NetExpr *, n);
	if (!integrate(&y, next))
		return;
	assign_all(&y, next);
	for (uint32_t i = 0; i < y.out.n; i++)
		VEC_PUSH(s->a, out, y.out.at[i]);
}

static void
solve_code(Solve *s, NetCode *code, const NetState *states, uint32_t nstates)
{
	StmtVec out = {0};
	s->code = code;
	for (uint32_t i = 0; i < code->body.n; i++) {
		if (code->body.at[i]->kind == NSTMT_SYSTEM)
			solve_system(s, code->body.at[i], states, nstates, &out);
		else
			VEC_PUSH(s->a, &out, code->body.at[i]);
	}
	code->body = (NetBlock){out.at, out.n};
}

bool
solve_net(SolveEnv *env, Net *net)
{
	Solve s = {.env = env, .net = net, .a = net->arena};
	for (uint32_t i = 0; i < net->layers.n; i++) {
		NetLayer *l = &net->layers.at[i];
		s.layer = i;
		s.owner = l;
		solve_code(&s, &l->step, l->states.at, l->states.n);
		s.owner = NULL;
	}
	for (uint32_t i = 0; i < net->signals.n; i++) {
		NetSignal *g = &net->signals.at[i];
		s.layer = g->layer;
		for (uint32_t k = 0; k < g->handlers.n; k++)
			solve_code(&s, &g->handlers.at[k].code, g->states.at, g->states.n);
	}
	s.layer = NET_NONE;
	for (uint32_t c = 0; c < net->conns.n; c++) {
		s.conn = &net->conns.at[c];
		for (uint32_t k = 0; k < s.conn->features.n; k++) {
			NetFeature *f = &net->conns.at[c].features.at[k];
			solve_code(&s, &f->compute, f->states.at, f->states.n);
			for (uint32_t h = 0; h < f->rule.handlers.n; h++)
				solve_code(&s, &f->rule.handlers.at[h].code, f->rule.states.at, f->rule.states.n);
		}
	}
	net->solved = true;
	return !s.failed;
}
