/* reach: layers that can spike, by abstract interpretation of their steps over intervals (Cousot, Cousot 1977).
 *
 * The states of a layer begin with their first values. Steps widen them; a step is a map of bounds that is mostly affine, so
 * where bounds go on growing their limit is that of a geometric series, a little enlarged. Only if a whole step from there
 * stays inside has the limit been proven, and if no spike was met on the way there is none in any run.
 */
#include "lint/reach.h"

#include <math.h>

enum { ROUNDS = 60, STEPS = 8 };

typedef struct {
	const Net *net;
	const NetLayer *layer;
	IntervalEnv env;
	Interval *states, *locals;
	Interval *free_states;                            /* what the protocol may set them to; NULL entries: lo > hi */
	Reach *out;
	bool spiked;
} Walk;

/* ---- code ------------------------------------------------------------------------------------- */

static void walk_block(Walk *w, const NetBlock *b);

static void
assign(Walk *w, const NetStmt *st)
{
	Interval v = interval_of(&w->env, st->e), *to;
	if (st->target->kind != NEXPR_STATE)
		return;
	to = &w->states[st->target->index];
	NetExpr was = *st->target, sum = {.kind = NEXPR_BINARY, .type = was.type, .op = {&was, st->e, NULL}};
	static const NetOp ops[] = {[NADD] = NOP_ADD, [NSUB] = NOP_SUB, [NMUL] = NOP_MUL, [NDIV] = NOP_DIV};
	if (st->op != NSET) {
		sum.op_kind = ops[st->op];
		v = interval_of(&w->env, &sum);
	}
	*to = v;
}

static void
note_condition(Walk *w, const NetExpr *cond)
{
	if (!cond)
		return;
	if (cond->kind == NEXPR_LOCAL) {
		w->out->cond = w->out->cond ? w->out->cond : cond;
		return;
	}
	bool compares = cond->kind == NEXPR_BINARY && (cond->op_kind == NOP_GE || cond->op_kind == NOP_GT);
	if (!compares)
		return;
	Interval l = interval_of(&w->env, cond->op[0]), r = interval_of(&w->env, cond->op[1]);
	bool first = w->out->cond != cond;
	w->out->left = first ? l : interval_join(w->out->left, l);
	w->out->right = first ? r : interval_join(w->out->right, r);
	w->out->cond = cond;
}

static bool
has_spike(const NetBlock *b)
{
	for (uint32_t i = 0; i < b->n; i++) {
		const NetStmt *st = b->at[i];
		if (st->kind == NSTMT_SPIKE || (st->kind == NSTMT_IF && (has_spike(&st->body) || has_spike(&st->other))))
			return true;
	}
	return false;
}

static void
walk_if(Walk *w, const NetStmt *st)
{
	enum { MOST = 256 };
	Interval c = interval_of(&w->env, st->e), kept[MOST], then[MOST];
	uint32_t n = w->layer->states.n, m = n + w->layer->step.locals.n;
	if (has_spike(&st->body))
		note_condition(w, st->e);
	if (c.lo >= 1 || c.hi <= 0) {
		walk_block(w, c.lo >= 1 ? &st->body : &st->other);
		return;
	}
	if (m > MOST) {
		w->spiked = true;                         /* too much to follow */
		return;
	}
	for (uint32_t i = 0; i < m; i++)
		kept[i] = i < n ? w->states[i] : w->locals[i - n];
	walk_block(w, &st->body);
	for (uint32_t i = 0; i < m; i++) {
		Interval *at = i < n ? &w->states[i] : &w->locals[i - n];
		then[i] = *at;
		*at = kept[i];
	}
	walk_block(w, &st->other);
	for (uint32_t i = 0; i < m; i++) {
		Interval *at = i < n ? &w->states[i] : &w->locals[i - n];
		*at = interval_join(*at, then[i]);
	}
}

static void
walk_block(Walk *w, const NetBlock *b)
{
	for (uint32_t i = 0; i < b->n && !w->spiked; i++) {
		const NetStmt *st = b->at[i];
		switch (st->kind) {
		case NSTMT_ASSIGN:
			assign(w, st);
			break;
		case NSTMT_LET:
			w->locals[st->index] = interval_of(&w->env, st->e);
			break;
		case NSTMT_IF:
			walk_if(w, st);
			break;
		case NSTMT_SPIKE:
			w->spiked = true;
			break;
		case NSTMT_KEEP_ONE:
			break;
		case NSTMT_SYSTEM:
		case NSTMT_UNSET:
		case NSTMT_COUNT:
			w->spiked = true;                 /* not solved: nothing is known */
			break;
		}
	}
}

/* ---- a layer ---------------------------------------------------------------------------------- */

static void
first_states(Walk *w)
{
	for (uint32_t i = 0; i < w->layer->states.n; i++) {
		const NetState *s = &w->layer->states.at[i];
		IntervalEnv env = {.net = w->net, .layer = w->env.layer, .pre = NET_NONE, .post = NET_NONE};
		w->states[i] = s->rank ? interval_all : s->init ? interval_of(&env, s->init) : (Interval){0, 0};
		if (w->free_states[i].lo <= w->free_states[i].hi)
			w->states[i] = interval_all;
	}
}

/* The limit of bounds that moved by d, then by e: a geometric series, or no limit. */
static double
limit(double at, double d, double e)
{
	if (e == 0)
		return at;
	double q = d != 0 ? e / d : 1;
	if (!(q > 0 && q < 1))
		return copysign(INFINITY, e);
	double to = at + e * q / (1 - q);
	return to + copysign(1e-5 * (fabs(to) + fabs(e)), e);
}

static void
step(Walk *w)
{
	uint32_t n = w->layer->states.n;
	for (uint32_t i = 0; i < w->layer->step.locals.n; i++)
		w->locals[i] = interval_all;
	walk_block(w, &w->layer->step.body);
	for (uint32_t i = 0; i < n; i++) {
		if (w->free_states[i].lo <= w->free_states[i].hi)
			w->states[i] = interval_all;
	}
}

/* True if some run can spike. */
static bool
can_spike(Walk *w, Arena *a)
{
	uint32_t n = w->layer->states.n;
	Interval *was = ARENA_ARRAY(a, Interval, n + 1), *before = ARENA_ARRAY(a, Interval, n + 1);
	first_states(w);
	for (int round = 0; round < ROUNDS; round++) {
		bool stays = true;
		for (int k = 0; k < STEPS; k++) {
			for (uint32_t i = 0; i < n; i++) {
				before[i] = was[i];
				was[i] = w->states[i];
			}
			step(w);
			if (w->spiked)
				return true;
			stays = true;
			for (uint32_t i = 0; i < n; i++) {
				stays = stays && w->states[i].lo >= was[i].lo && w->states[i].hi <= was[i].hi;
				w->states[i] = interval_join(w->states[i], was[i]);
			}
			if (stays)
				return false;
		}
		for (uint32_t i = 0; i < n; i++) {
			Interval *x = &w->states[i];
			x->lo = limit(x->lo, was[i].lo - before[i].lo, x->lo - was[i].lo);
			x->hi = limit(x->hi, was[i].hi - before[i].hi, x->hi - was[i].hi);
		}
	}
	return true;                                      /* not decided */
}

/* ---- connections ------------------------------------------------------------------------------ */

static Interval
first_value(const Net *net, const NetConn *c, uint32_t k)
{
	const NetFeature *f = &c->features.at[k];
	IntervalEnv env = {.net = net, .layer = NET_NONE, .pre = c->pre, .post = c->post};
	if (f->type == NT_BOOL)
		return (Interval){0, 1};
	return f->init.e && !f->init.file ? interval_of(&env, f->init.e) : interval_all;
}

Interval
reach_value(const Net *net, const NetConn *c, uint32_t k)
{
	const NetFeature *f = &c->features.at[k];
	if (f->shared != NET_NONE)
		return reach_value(net, c, f->shared);
	Interval v = first_value(net, c, k);
	IntervalEnv env = {.net = net, .layer = NET_NONE, .pre = c->pre, .post = c->post};
	if (f->has_rule && f->type != NT_BOOL)
		v = f->has_range ? interval_join(v, (Interval){interval_of(&env, f->lo).lo, interval_of(&env, f->hi).hi}) : interval_all;
	for (uint64_t i = 0; f->has_norm && i < f->nnorms; i++)
		v = f->norm_signed ? interval_all : interval_join(v, (Interval){-f->norm[i], f->norm[i]});
	if (f->decay != 0 || f->has_norm)
		v = interval_join(v, (Interval){0, 0});
	return v;
}

/* How many sources one target can hear at once. */
static double
most_sources(const Net *net, const NetConn *c)
{
	const NetPattern *p = &c->pattern;
	double n = (double)net->layers.at[c->pre].n;
	if (p->kind == NPAT_ONE_TO_ONE || p->kind == NPAT_POOL || p->kind == NPAT_MEAN)
		return 1;
	if (p->kind == NPAT_CONV || p->kind == NPAT_LOCAL) {
		double taps = (double)p->in;
		for (uint32_t x = 0; x < p->axes; x++)
			taps *= (double)p->kernel[x];
		return fmin(n, taps);
	}
	return n;
}

/* What a connection can bring to one target in one step. */
static Interval
arriving(Arena *a, const Net *net, const NetConn *c, const Reach *reach)
{
	Interval signal = reach[c->pre].can_spike ? (Interval){0, 1} : (Interval){0, 0};
	double n = most_sources(net, c);
	bool summed = false;
	if (net->layers.at[c->pre].values && reach[c->pre].can_spike)
		signal = interval_all;
	for (uint32_t k = 0; k < c->features.n; k++) {
		const NetFeature *f = &c->features.at[k];
		Interval value = reach_value(net, c, k);
		if (f->of_post && !summed) {
			signal = (Interval){fmin(0, n * signal.lo), fmax(0, n * signal.hi)};
			summed = true;
		}
		if (f->delay) {
			signal = f->has_rule ? interval_all : interval_join(signal, (Interval){0, 0});
			continue;
		}
		NetLayer code = {.step = f->compute};
		Reach ignored = {0};
		Walk w = {.net = net, .layer = &code, .out = &ignored};
		w.locals = ARENA_ARRAY(a, Interval, f->compute.locals.n + 1);
		w.env = (IntervalEnv){net, NET_NONE, c->pre, c->post, NULL, w.locals, NULL, &signal, &value};
		for (uint32_t i = 0; i < f->compute.body.n; i++) {
			const NetStmt *st = f->compute.body.at[i];
			if (st->kind == NSTMT_LET) {
				w.locals[st->index] = interval_of(&w.env, st->e);
			} else if (st->kind == NSTMT_ASSIGN && st->target->kind == NEXPR_INPUT) {
				NetExpr in = *st->target, e = {.kind = NEXPR_BINARY, .type = in.type, .op = {&in, st->e, NULL}};
				static const NetOp ops[] = {[NADD] = NOP_ADD, [NSUB] = NOP_SUB, [NMUL] = NOP_MUL, [NDIV] = NOP_DIV};
				if (st->op != NSET)
					e.op_kind = ops[st->op];
				signal = interval_of(&w.env, st->op == NSET ? st->e : &e);
			} else if (st->kind != NSTMT_ASSIGN) {
				signal = interval_all;
			}
		}
	}
	return summed ? signal : (Interval){fmin(0, n * signal.lo), fmax(0, n * signal.hi)};
}

/* ---- the experiment --------------------------------------------------------------------------- */

/* What runs and assignments do to a layer. */
static void
find_changes(const NetProtocol *p, uint32_t layer, Walk *w)
{
	for (uint32_t i = 0; i < p->n; i++) {
		const NetProto *s = p->at[i];
		if (s->kind == NPROTO_ASSIGN && s->layer == layer) {
			w->free_states[s->state] = interval_all;
			w->out->driven = true;
		}
		for (uint32_t k = 0; k < s->controls.n; k++) {
			const NetControl *c = &s->controls.at[k];
			if (c->var.of != layer || c->kind == NCONTROL_ZERO || c->kind == NCONTROL_SILENCE)
				continue;
			w->out->driven = true;
			if (c->kind == NCONTROL_CLAMP)
				w->spiked = true;
			else
				w->free_states[c->var.index] = interval_all;
		}
		find_changes(&s->body, layer, w);
		find_changes(&s->other, layer, w);
	}
}

static bool
reads_input(const NetExpr *e)
{
	if (!e)
		return false;
	return e->kind == NEXPR_INPUT || reads_input(e->op[0]) || reads_input(e->op[1]) || reads_input(e->op[2]);
}

static bool
code_reads_input(const NetBlock *b)
{
	for (uint32_t i = 0; i < b->n; i++) {
		const NetStmt *st = b->at[i];
		if (reads_input(st->e) || code_reads_input(&st->body) || code_reads_input(&st->other))
			return true;
	}
	return false;
}

static void
look_at(Arena *a, const Net *net, uint32_t i, Reach *reach)
{
	const NetLayer *l = &net->layers.at[i];
	Reach *r = &reach[i];
	Walk w = {.net = net, .layer = l, .out = r};
	Interval *inputs = ARENA_ARRAY(a, Interval, l->ports.n + 1);
	w.states = ARENA_ARRAY(a, Interval, l->states.n + 1);
	w.locals = ARENA_ARRAY(a, Interval, l->step.locals.n + 1);
	w.free_states = ARENA_ARRAY(a, Interval, l->states.n + 1);
	w.env = (IntervalEnv){net, i, NET_NONE, NET_NONE, w.states, w.locals, inputs, NULL, NULL};
	for (uint32_t k = 0; k < l->states.n; k++)
		w.free_states[k] = (Interval){1, 0};
	for (uint32_t k = 0; k < l->propagators.n; k++) {
		const NetPropagator *p = &l->propagators.at[k];
		for (uint32_t m = 0; m < p->n * p->n; m++) {
			if (p->to[m] != NET_NONE)
				w.free_states[p->to[m]] = interval_all;
		}
	}
	*r = (Reach){.reads_input = code_reads_input(&l->step.body), .spikes = has_spike(&l->step.body), .waits = true};
	for (uint32_t p = 0; p < l->ports.n; p++) {
		if (l->ports.at[p].stream == NET_NONE)
			continue;
		inputs[p] = interval_all;
		r->driven = true;
		r->waits = false;
	}
	bool heard = false;
	for (uint32_t k = 0; k < net->conns.n; k++) {
		const NetConn *c = &net->conns.at[k];
		if (c->post != i)
			continue;
		Interval x = arriving(a, net, c, reach);
		inputs[c->port].lo += x.lo;
		inputs[c->port].hi += x.hi;
		r->driven = heard = true;
		r->waits = r->waits && !reach[c->pre].can_spike;
	}
	r->waits = r->waits && heard;
	find_changes(&net->protocol, i, &w);
	r->can_spike = w.spiked || (r->spikes && can_spike(&w, a));
}

Reach *
reach_layers(Arena *a, const Net *net)
{
	Reach *reach = ARENA_ARRAY(a, Reach, net->layers.n + 1);
	for (bool grows = true; grows;) {
		grows = false;
		for (uint32_t i = 0; i < net->layers.n; i++) {
			if (reach[i].can_spike)
				continue;
			look_at(a, net, i, reach);
			grows |= reach[i].can_spike;
		}
	}
	return reach;
}
