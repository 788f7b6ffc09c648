/* elab_expect: what a test sees of the network becomes saves and records of the run, what it expects of that an expression
 * over them, with constants in double from the decimal text. */
#include "elab/elab_inner.h"

#include "base/panic.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static bool
is_variable(const AstSym *sym)
{
	if (!sym)
		return false;
	switch ((int)sym->kind) {
	case ASYM_STATE_OF:
	case ASYM_TRACE_OF:
	case ASYM_PARAM_OF:
	case ASYM_SPIKES_OF:
	case ASYM_VOTES_OF:
	case ASYM_FEATURE_OF:
	case ASYM_KEPT_OF:
	case ASYM_RATE_OF:
	case ASYM_RULE_STATE_OF:
		return true;
	}
	return false;
}

bool
elab_is_observed(const AstExpr *e)
{
	if (e->kind == AEXPR_INDEX)
		return is_variable(e->op[0]->sema.sym);
	if (e->kind == AEXPR_MEMBER)
		return is_variable(e->sema.sym);
	return e->kind == AEXPR_CALL && e->op[0]->kind == AEXPR_NAME &&
	       (strcmp(e->op[0]->name, "rate") == 0 || strcmp(e->op[0]->name, "start") == 0);
}

/* ---- what is seen ---------------------------------------------------------------------------- */

/* The axes of a variable behind that of the batch. */
static uint32_t
axes_of(const Net *n, const NetVar *v, uint64_t out[4])
{
	bool of_layer = v->kind == NVAR_SPIKES || v->kind == NVAR_STATE || v->kind == NVAR_TRACE;
	if (of_layer) {
		out[0] = n->layers.at[v->of].n;
		return 1;
	}
	if (v->kind != NVAR_VALUE && v->kind != NVAR_KEPT && v->kind != NVAR_RULE_STATE)
		return 0;
	const NetConn *c = &n->conns.at[v->of];
	if (c->pattern.kind != NPAT_ALL && c->pattern.kind != NPAT_ONE_TO_ONE)
		return 0;
	uint64_t pre = n->layers.at[c->pre].n, post = n->layers.at[c->post].n;
	NetVaries over = NPLACE_SYNAPSE;
	if (v->kind == NVAR_RULE_STATE)
		over = c->features.at[v->index].rule.states.at[v->state].place;
	else if (c->features.at[v->index].of_post)
		over = NPLACE_POST;
	if (over == NPLACE_CONNECTION)
		return 0;
	out[0] = over == NPLACE_POST ? post : pre;
	out[1] = post;
	return over == NPLACE_SYNAPSE && c->pattern.kind == NPAT_ALL ? 2 : 1;
}

static bool
picks(Elab *el, const AstExpr *e, NetSeen *out)
{
	uint64_t extent[4] = {0};
	uint32_t axes = axes_of(el->net, &out->var, extent);
	out->npicks = e->args.n;
	if (e->args.n != axes) {
		elab_error(el, E1004, e->span, "%" PRIu32 " %s %s no value of this variable", e->args.n,
			   e->args.n == 1 ? "place" : "places", e->args.n == 1 ? "picks" : "pick");
		if (axes)
			diag_help(el->diag, axes == 1 ? "write one place: `[0]`" : "write one place for each of its %u axes: `[0, 0]`", axes);
		else
			diag_help(el->diag, "take `mean(…)`, `min(…)` or `max(…)` of all its values");
		diag_end(el->diag);
		return false;
	}
	for (uint32_t i = 0; i < axes; i++) {
		if (!elab_count(el, e->args.at[i].value, "a place", 0, &out->pick[i]))
			return false;
		if (out->pick[i] < extent[i])
			continue;
		elab_error(el, E1004, e->args.at[i].value->span, "there are %" PRIu64 " values here, counted from 0", extent[i]);
		diag_help(el->diag, "the last one is `%" PRIu64 "`", extent[i] - 1);
		diag_end(el->diag);
		return false;
	}
	return true;
}

static uint32_t
record(Elab *el, const NetVar *v, Span at)
{
	Net *n = el->net;
	for (uint32_t i = 0; i < n->records.n; i++) {
		const NetRecord *r = &n->records.at[i];
		if (!memcmp(&r->var, v, sizeof *v) && r->every == 1 && r->phase == NET_NONE)
			return i;
	}
	NetRecord r = {.name = intern_printf(el->names, "seen%" PRIu32, n->records.n), .span = at, .var = *v, .every = 1, .phase = NET_NONE};
	VEC_PUSH(el->arena, &n->records, r);
	return n->records.n - 1;
}

/* A file with the values that the variable has here, or before the first run. */
static const char *
save(Elab *el, const NetVar *v, bool start, Span at)
{
	NetProto *p = ARENA_NEW(el->arena, NetProto);
	p->kind = NPROTO_SAVE;
	p->span = at;
	p->data = p->phase = p->layer = NET_NONE;
	p->var = *v;
	p->path = arena_printf(el->arena, "%s%" PRIu32 ".npy", start ? "start" : "now", el->net->seen.n);
	if (start)
		VEC_PUSH(el->arena, &el->starts, p);
	else
		VEC_PUSH(el->arena, &el->saves, p);
	return p->path;
}

static NetType
type_of(const Net *n, const NetVar *v)
{
	if (v->kind == NVAR_STATE)
		return n->layers.at[v->of].states.at[v->index].type;
	if (v->kind == NVAR_VALUE)
		return n->conns.at[v->of].features.at[v->index].type;
	if (v->kind == NVAR_KEPT)
		return n->conns.at[v->of].features.at[v->index].states.at[v->state].type;
	if (v->kind == NVAR_RULE_STATE)
		return n->conns.at[v->of].features.at[v->index].rule.states.at[v->state].type;
	return NT_REAL;
}

static NetExpr *
leaf(Elab *el, const NetSeen *s, const AstExpr *at)
{
	NetExpr *e = net_expr(el->net, NEXPR_OBSERVED, s->kind == NSEEN_NOW || s->kind == NSEEN_EVERY ? type_of(el->net, &s->var) : NT_REAL, at->span);
	e->index = el->net->seen.n;
	VEC_PUSH(el->arena, &el->net->seen, *s);
	return e;
}

static NetExpr *
rate(Scope *s, const AstExpr *e)
{
	Elab *el = s->el;
	const AstSym *sym = e->args.at[0].value->sema.sym;
	NetSeen seen = {.kind = NSEEN_RATE, .span = e->span, .var = {.kind = NVAR_SPIKES}};
	seen.var.of = sym ? elab_find_layer(el, sym->decl) : NET_NONE;
	if (seen.var.of == NET_NONE)
		return NULL;
	if (el->elapsed == 0) {
		elab_error(el, E1001, e->span, "there is no rate before the first run");
		diag_help(el->diag, "write `run 1 s` before it");
		diag_end(el->diag);
		return NULL;
	}
	seen.record = record(el, &seen.var, e->span);
	return leaf(el, &seen, e);
}

NetExpr *
elab_observed(Scope *s, const AstExpr *e)
{
	Elab *el = s->el;
	bool start = e->kind == AEXPR_CALL && strcmp(e->op[0]->name, "start") == 0;
	if (e->kind == AEXPR_CALL && !start)
		return rate(s, e);
	const AstExpr *x = start ? e->args.at[0].value : e;
	NetSeen seen = {.span = e->span, .record = NET_NONE};
	if (!elab_var(el, x->kind == AEXPR_INDEX ? x->op[0] : x, &seen.var) || (x->kind == AEXPR_INDEX && !picks(el, x, &seen)))
		return NULL;
	if (seen.var.kind == NVAR_SPIKES && !start) {
		seen.kind = NSEEN_SPIKES;
		seen.record = record(el, &seen.var, e->span);
	} else if (s->every && !start) {
		seen.kind = NSEEN_EVERY;
		seen.record = record(el, &seen.var, e->span);
	} else {
		seen.kind = NSEEN_NOW;
		seen.path = save(el, &seen.var, start, e->span);
	}
	return leaf(el, &seen, e);
}

/* ---- times ------------------------------------------------------------------------------------- */

/* The step that ends at time t (ms). */
static bool
step_at(Elab *el, double t, Span at, uint64_t least, uint64_t *out)
{
	double k = t / el->dt, r = floor(k + 0.5);
	if (!(fabs(k - r) < 1e-6)) {
		elab_error(el, E1006, at, "no step ends at %s ms: a step takes %s ms", elab_number_text(el, t), elab_number_text(el, el->dt));
		diag_help(el->diag, "take a multiple of it, or a shorter step: `dt = 0.1 ms`");
	} else if (r < (double)least) {
		elab_error(el, E1006, at, "nothing happens at %s ms: the first step ends at %s ms", elab_number_text(el, t), elab_number_text(el, el->dt));
		diag_help(el->diag, "take a later time");
	} else if (r > (double)el->elapsed) {
		elab_error(el, E1006, at, "%s ms lies beyond the run, which ends at %s ms", elab_number_text(el, t),
			   elab_number_text(el, (double)el->elapsed * el->dt));
		diag_help(el->diag, "run longer, or take an earlier time");
	} else {
		*out = (uint64_t)r;
		return true;
	}
	diag_end(el->diag);
	return false;
}

typedef VEC(uint64_t) StepVec;

static bool
add_times(Elab *el, const AstExpr *at, uint64_t least, StepVec *out)
{
	Scope s = elab_scope(el, IN_PROGRAM);
	s.exact = true;
	if (at->kind == AEXPR_RANGE)
		return add_times(el, at->op[0], 0, out) && add_times(el, at->op[1], 0, out);
	if (at->kind == AEXPR_LIST) {
		for (uint32_t i = 0; i < at->args.n; i++) {
			if (!add_times(el, at->args.at[i].value, least, out))
				return false;
		}
		return true;
	}
	NetExpr *e = elab_expr(&s, at);
	if (!e)
		return false;
	uint32_t n = e->kind == NEXPR_ARRAY ? el->lists.at[e->index].n : 1;
	for (uint32_t i = 0; i < n; i++) {
		uint64_t step;
		double t = e->kind == NEXPR_ARRAY ? el->lists.at[e->index].value[i] : e->value;
		if (!step_at(el, t, at->span, least, &step))
			return false;
		VEC_PUSH(el->arena, out, step);
	}
	return true;
}

/* ---- lines --------------------------------------------------------------------------------------- */

/* Lists of constants that are still read are kept by the network. */
static void
keep_lists(Elab *el, NetExpr *e)
{
	if (!e)
		return;
	if (e->kind == NEXPR_ARRAY) {
		const ElabList *l = &el->lists.at[e->index];
		NetArray a = {.layer = NET_NONE, .conn = NET_NONE, .value = l->value, .n = l->n};
		e->index = el->net->lists.n;
		VEC_PUSH(el->arena, &el->net->lists, a);
	}
	for (int i = 0; i < 3; i++)
		keep_lists(el, e->op[i]);
}

static NetExpr *
constant(Elab *el, const AstExpr *e)
{
	Scope s = elab_scope(el, IN_EXPECT);
	s.exact = true;
	NetExpr *v = elab_as(&s, elab_expr(&s, e), NT_REAL, e);
	if (v && v->kind == NEXPR_CONST)
		return v;
	if (v) {
		elab_error(el, E1007, e->span, "how far off a value may be is one number");
		diag_help(el->diag, "write `within 1%%` or `within 0.1 mV`");
		diag_end(el->diag);
	}
	return NULL;
}

static bool
near(Elab *el, Scope *sc, const AstStmt *s, NetExpect *x)
{
	x->kind = NEXPECT_NEAR;
	x->near = elab_as(sc, elab_expr(sc, s->e), NT_REAL, s->e);
	x->within = constant(el, s->within);
	x->e = elab_as(sc, x->e, NT_REAL, s->target);
	if (!x->near || !x->within || !x->e)
		return false;
	if (!(x->within->value >= 0)) {
		elab_error(el, E1007, s->within->span, "no value is that far from another");
		diag_help(el->diag, "a distance is 0 or more");
		diag_end(el->diag);
		return false;
	}
	x->relative = s->percent;
	if (s->percent)
		x->within->value /= 100;
	return true;
}

static bool
golden(Elab *el, Scope *sc, const AstStmt *s, NetExpect *x)
{
	x->kind = NEXPECT_GOLDEN;
	x->path = elab_read_path(el, s->e);
	for (uint64_t k = 1; s->each_step && k <= el->elapsed; k++)
		VEC_PUSH(el->arena, &x->at, k);
	x->e = elab_as(sc, x->e, NT_REAL, s->target);
	return x->path && x->e;
}

bool
elab_expect(Elab *el, const AstStmt *s)
{
	NetExpect x = {.kind = NEXPECT_TRUE, .span = s->span, .steps = el->elapsed, .unit = ""};
	Scope sc = elab_scope(el, IN_EXPECT);
	StepVec at = {0};
	sc.exact = true;
	sc.every = s->at != NULL || s->each_step;
	if (s->at && !add_times(el, s->at, 1, &at))
		return false;
	if (s->kind == ASTMT_EVENT)
		return true;
	x.at.at = at.at;
	x.at.n = at.n;
	x.at.cap = at.cap;
	x.e = elab_expr(&sc, s->target);
	if (!x.e)
		return false;
	char unit[64];
	if (s->target->sema.type == ATYPE_REAL)
		x.unit = arena_strdup(el->arena, dim_unit(s->target->sema.dim, unit));
	bool ok = true;
	if (s->kind == ASTMT_GOLDEN)
		ok = golden(el, &sc, s, &x);
	else if (s->e)
		ok = near(el, &sc, s, &x);
	else if (s->at && x.e->kind == NEXPR_OBSERVED && x.e->type == NT_REAL)
		x.kind = NEXPECT_SPIKE_TIMES;
	else
		ok = (x.e = elab_as(&sc, x.e, NT_BOOL, s->target)) != NULL;
	if (!ok)
		return false;
	keep_lists(el, x.e);
	keep_lists(el, x.near);
	VEC_PUSH(el->arena, &el->net->expects, x);
	return true;
}
