/* lint_net: what a network cannot do, whatever its samples and random numbers are. */
#include "lint/lint.h"

#include "lint/lint_inner.h"
#include "lint/reach.h"

#include <math.h>
#include <string.h>

/* ---- layers ----------------------------------------------------------------------------------- */

static const char *
number(Arena *a, double v)
{
	return arena_printf(a, "%.6g", v);
}

static void
warn_unreached(LintEnv *env, const NetLayer *l, const Reach *r)
{
	bool compares = r->cond && r->cond->kind == NEXPR_BINARY && isfinite(r->left.hi) && isfinite(r->right.lo);
	diag_begin(env->diag, W0603, l->span, "no neuron of `%s` can ever spike", l->name);
	if (compares)
		diag_label(env->diag, r->cond->span, "at most %s meets at least %s", number(env->arena, r->left.hi),
			   number(env->arena, r->right.lo));
	else if (r->cond)
		diag_label(env->diag, r->cond->span, "this is never true");
	diag_note(env->diag, "this follows from the first values, the parameters, and the most that its connections can bring");
	diag_help(env->diag, "drive it more, by weights, their range or `input`, or give it other parameters: a lower threshold, a rate");
	diag_end(env->diag);
}

static void
check_layer(LintEnv *env, const NetLayer *l, const Reach *r)
{
	if (r->can_spike || r->waits)
		return;
	if (r->reads_input && !r->driven) {
		diag_begin(env->diag, W0604, l->span, "nothing drives layer `%s`%s", l->name, r->spikes ? ", so it never spikes" : "");
		diag_help(env->diag, "connect a layer to it, or give it an `input`");
		diag_end(env->diag);
	} else if (r->spikes) {
		warn_unreached(env, l, r);
	}
}

/* ---- values of features ----------------------------------------------------------------------- */

static void
check_norm(LintEnv *env, const Net *net, const NetConn *c, const NetFeature *f, Interval range)
{
	if (c->pattern.kind == NPAT_SPARSE || f->norm_signed || f->of_post)
		return;                                   /* groups have different numbers of values */
	uint64_t n = net_value_count(net, c, f->of_post) / net_group_count(net, c, f);
	double most = (double)n * fmax(fabs(range.lo), fabs(range.hi));
	double least = (double)n * (range.lo > 0 ? range.lo : range.hi < 0 ? -range.hi : 0);
	for (uint64_t i = 0; i < f->nnorms; i++) {
		bool low = f->norm[i] < least * (1 - 1e-5), high = f->norm[i] > most * (1 + 1e-5);
		if (!low && !high)
			continue;
		diag_begin(env->diag, W0503, f->norm_span, "no values within the range of `%s` sum up to %s", f->name,
			   number(env->arena, f->norm[i]));
		diag_label(env->diag, f->range_span, "%" PRIu64 " of them sum up to %s %s", n, high ? "at most" : "at least",
			   number(env->arena, high ? most : least));
		if (!f->has_rule)
			diag_note(env->diag, "without a rule nothing brings them back: the norm takes them out of their range");
		diag_help(env->diag, "take a norm between %s and %s, or another range", number(env->arena, least), number(env->arena, most));
		diag_end(env->diag);
		return;
	}
}

static void
check_feature(LintEnv *env, const Net *net, const NetConn *c, const NetFeature *f)
{
	IntervalEnv at = {.net = net, .layer = NET_NONE, .pre = c->pre, .post = c->post};
	if (!f->has_range || f->type == NT_BOOL || f->shared != NET_NONE)
		return;
	Interval lo = interval_of(&at, f->lo), hi = interval_of(&at, f->hi);
	if (f->has_norm && isfinite(lo.lo) && isfinite(hi.hi))
		check_norm(env, net, c, f, (Interval){lo.lo, hi.hi});
}

/* ---- the whole -------------------------------------------------------------------------------- */

/* What comes from a file may be anything. */
static bool
loads(const NetProtocol *p)
{
	for (uint32_t i = 0; i < p->n; i++)
		if (p->at[i]->kind == NPROTO_LOAD || loads(&p->at[i]->body) || loads(&p->at[i]->other))
			return true;
	return false;
}

void
lint_net(LintEnv *env, const Net *net)
{
	if (!lint_runs(&net->protocol))
		return;
	if (loads(&net->protocol)) {
		lint_signals(env, net);
		return;
	}
	Reach *reach = reach_layers(env->arena, net);
	for (uint32_t i = 0; i < net->layers.n; i++)
		check_layer(env, &net->layers.at[i], &reach[i]);
	for (uint32_t i = 0; i < net->conns.n; i++) {
		const NetConn *c = &net->conns.at[i];
		for (uint32_t k = 0; k < c->features.n; k++) {
			check_feature(env, net, c, &c->features.at[k]);
			if (c->features.at[k].has_rule)
				lint_rule(env, net, c, &c->features.at[k], reach);
		}
	}
	lint_signals(env, net);
}
