/* lint_rule: rules that never change anything, signals that nothing reads. */
#include "lint/lint_inner.h"

/* ---- the experiment --------------------------------------------------------------------------- */

bool
lint_runs(const NetProtocol *p)
{
	for (uint32_t i = 0; i < p->n; i++) {
		const NetProto *s = p->at[i];
		if (s->kind == NPROTO_RUN || lint_runs(&s->body) || lint_runs(&s->other))
			return true;
	}
	return false;
}

/* True if some run may come while learning is on; *on: whether it may be on before and behind. */
static bool
learns_in(const NetProtocol *p, bool *on, const NetProto **frozen)
{
	bool learns = false;
	for (uint32_t i = 0; i < p->n; i++) {
		const NetProto *s = p->at[i];
		if (s->kind == NPROTO_FREEZE) {
			*on = false;
			*frozen = s;
		} else if (s->kind == NPROTO_THAW) {
			*on = true;
		} else if (s->kind == NPROTO_RUN) {
			learns |= *on;
		}
		bool before = *on, other = *on;
		for (int turn = 0; turn < 2; turn++)      /* a loop comes back to its beginning */
			learns |= learns_in(&s->body, on, frozen);
		learns |= learns_in(&s->other, &other, frozen);
		*on |= other | (s->body.n ? before : false);
	}
	return learns;
}

static bool
is_set(const NetProtocol *p, uint32_t signal)
{
	for (uint32_t i = 0; i < p->n; i++) {
		const NetProto *s = p->at[i];
		if ((s->kind == NPROTO_SIGNAL && s->state == signal) || is_set(&s->body, signal) || is_set(&s->other, signal))
			return true;
	}
	return false;
}

/* ---- rules ------------------------------------------------------------------------------------ */

/* Of the changes of the learned value: whether there are some, and whether one may be other than nothing. */
typedef struct { uint32_t n; bool changes; } Changes;

static void
find_changes(const IntervalEnv *env, Interval *locals, const NetBlock *b, Changes *out)
{
	for (uint32_t i = 0; i < b->n; i++) {
		const NetStmt *st = b->at[i];
		if (st->kind == NSTMT_LET) {
			locals[st->index] = interval_of(env, st->e);
		} else if (st->kind == NSTMT_ASSIGN && st->target->kind == NEXPR_VALUE) {
			Interval x = interval_of(env, st->e);
			double still = st->op == NMUL || st->op == NDIV ? 1 : 0;
			out->n++;
			out->changes |= st->op == NSET || x.lo != still || x.hi != still;
		}
		find_changes(env, locals, &st->body, out);
		find_changes(env, locals, &st->other, out);
	}
}

/* A handler of an event that never is: everything stands under it. */
static const NetSignal *
waits_for(const Net *net, const NetHandler *h)
{
	const NetSignal *g = NULL;
	for (uint32_t i = 0; i < h->code.body.n; i++) {
		const NetStmt *st = h->code.body.at[i];
		if (st->kind != NSTMT_IF || st->e->kind != NEXPR_EVENT || st->other.n)
			return NULL;
		g = &net->signals.at[st->e->index];
		if (g->file || g->value || is_set(&net->protocol, st->e->index))
			return NULL;
	}
	return g;
}

static void
warn_idle(LintEnv *env, const NetRule *r, const char *why, const char *help)
{
	diag_begin(env->diag, W0605, r->span, "the rule `%s` never acts here: %s", r->name, why);
	diag_help(env->diag, "%s", help);
	diag_end(env->diag);
}

static bool
check_events(LintEnv *env, const Net *net, const NetConn *c, const NetRule *r, const Reach *reach)
{
	const char *why = NULL, *help = NULL;
	for (uint32_t i = 0; i < r->handlers.n; i++) {
		const NetHandler *h = &r->handlers.at[i];
		uint32_t l = h->event == NEVENT_PRE ? c->pre : c->post;
		const NetSignal *g = waits_for(net, h);
		if (h->event != NEVENT_STEP && !reach[l].spikes) {
			why = arena_printf(env->arena, "neurons of `%s` send no spikes", net->layers.at[l].name);
			help = "take a rule with `each step`, or neurons that spike";
		} else if (g) {
			why = arena_printf(env->arena, "nothing sets the signal `%s`", g->name);
			help = arena_printf(env->arena, "set it in the experiment: `%s = 1` or `pulse %s = 1`", g->name, g->name);
		} else {
			return true;
		}
	}
	if (why)
		warn_idle(env, r, why, help);
	return !why;
}

void
lint_rule(LintEnv *env, const Net *net, const NetConn *c, const NetFeature *f, const Reach *reach)
{
	const NetRule *r = &f->rule;
	bool on = true;
	const NetProto *frozen = NULL;
	Changes changes = {0};
	if (!learns_in(&net->protocol, &on, &frozen)) {
		diag_begin(env->diag, W0605, r->span, "the rule `%s` never acts: learning is off in every run", r->name);
		if (frozen)
			diag_label(env->diag, frozen->span, "from here on");
		diag_help(env->diag, "run before `freeze`, or say `thaw`");
		diag_end(env->diag);
		return;
	}
	if (!check_events(env, net, c, r, reach))
		return;
	for (uint32_t i = 0; i < r->handlers.n; i++) {
		const NetCode *code = &r->handlers.at[i].code;
		Interval *locals = ARENA_ARRAY(env->arena, Interval, code->locals.n + 1);
		for (uint32_t k = 0; k < code->locals.n; k++)
			locals[k] = interval_all;
		IntervalEnv at = {.net = net, .layer = NET_NONE, .pre = c->pre, .post = c->post, .locals = locals};
		find_changes(&at, locals, &code->body, &changes);
	}
	if (!changes.n || changes.changes)
		return;
	diag_begin(env->diag, W0504, r->span, "the rule `%s` learns nothing: every change it makes is zero", r->name);
	diag_help(env->diag, "give it a learning rate above zero, or leave `learn` away");
	diag_end(env->diag);
}

/* ---- signals ---------------------------------------------------------------------------------- */

typedef struct { bool *read; uint32_t self; } Readers;

static void
see_expr(Readers *r, const NetExpr *e)
{
	if (!e)
		return;
	if ((e->kind == NEXPR_SIGNAL || e->kind == NEXPR_EVENT) && e->index != r->self)
		r->read[e->index] = true;
	for (int i = 0; i < 3; i++)
		see_expr(r, e->op[i]);
}

static void
see_var(Readers *r, const NetVar *v)
{
	if (v->kind == NVAR_SIGNAL || v->kind == NVAR_SIGNAL_STATE)
		r->read[v->of] = true;
}

static void
see_block(Readers *r, const NetBlock *b)
{
	for (uint32_t i = 0; i < b->n; i++) {
		const NetStmt *st = b->at[i];
		see_expr(r, st->e);
		see_expr(r, st->target);
		see_block(r, &st->body);
		see_block(r, &st->other);
	}
}

static void
see_protocol(Readers *r, const NetProtocol *p)
{
	for (uint32_t i = 0; i < p->n; i++) {
		const NetProto *s = p->at[i];
		see_expr(r, s->e);
		if (s->kind == NPROTO_SAVE || s->kind == NPROTO_REPORT)
			see_var(r, &s->var);
		for (uint32_t k = 0; k < s->controls.n; k++)
			see_expr(r, s->controls.at[k].e);
		see_protocol(r, &s->body);
		see_protocol(r, &s->other);
	}
}

static void
see_conn(Readers *r, const NetConn *c)
{
	for (uint32_t k = 0; k < c->features.n; k++) {
		const NetFeature *f = &c->features.at[k];
		see_block(r, &f->compute.body);
		see_expr(r, f->delay);
		for (uint32_t h = 0; f->has_rule && h < f->rule.handlers.n; h++)
			see_block(r, &f->rule.handlers.at[h].code.body);
	}
}

void
lint_signals(LintEnv *env, const Net *net)
{
	Readers r = {ARENA_ARRAY(env->arena, bool, net->signals.n + 1), NET_NONE};
	for (uint32_t i = 0; i < net->layers.n; i++)
		see_block(&r, &net->layers.at[i].step.body);
	for (uint32_t i = 0; i < net->conns.n; i++)
		see_conn(&r, &net->conns.at[i]);
	for (uint32_t i = 0; i < net->records.n; i++)
		see_var(&r, &net->records.at[i].var);
	for (uint32_t i = 0; i < net->plots.n; i++)
		see_var(&r, &net->plots.at[i].var);
	see_protocol(&r, &net->protocol);
	for (uint32_t i = 0; i < net->signals.n; i++) {
		const NetSignal *g = &net->signals.at[i];
		r.self = i;
		see_expr(&r, g->value);
		for (uint32_t h = 0; h < g->handlers.n; h++)
			see_block(&r, &g->handlers.at[h].code.body);
	}
	for (uint32_t i = 0; i < net->signals.n; i++) {
		const NetSignal *g = &net->signals.at[i];
		if (r.read[i] || g->tunable)
			continue;
		diag_begin(env->diag, W0606, g->span, "nothing reads the signal `%s`", g->name);
		diag_help(env->diag, "give it to a rule, `learn R(%s = %s)`, record it, or leave it away", g->name, g->name);
		diag_end(env->diag);
	}
}
