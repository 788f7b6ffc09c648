/* elab_call: functions, and random numbers with their sites. */
#include "elab/elab_inner.h"

#include <math.h>
#include <string.h>

/* ---- sites ----------------------------------------------------------------------------------- */

static bool
site_taken(const void *env, Name site)
{
	const Net *net = env;
	for (uint32_t i = 0; i < net->sites.n; i++) {
		if (net->sites.at[i].name == site)
			return true;
	}
	return false;
}

uint32_t
elab_site(Scope *s, const char *hint, Span at)
{
	Net *net = s->el->net;
	const char *path =
		hint ? arena_printf(s->el->arena, "%s/%s", s->site_prefix, hint) : s->site_prefix;
	NetSite site = {.name = elab_unique(s->el, path, site_taken, net), .span = at};
	VEC_PUSH(net->arena, &net->sites, site);
	return net->sites.n - 1;
}

static NetExpr *
draw(Scope *s, NetDraw kind, NetExpr *parameter, Span at, const char *function)
{
	bool of_neurons = s->of_layer != NET_NONE;
	if (!of_neurons && (s->place == IN_STATE || s->place == IN_TRACE)) {
		elab_not_yet(s->el, at,
			     s->place == IN_STATE ? "a random initial value of a state"
						  : "a random number in a trace");
		return NULL;
	}
	if ((!of_neurons && (s->place == IN_PROGRAM || s->place == IN_PARAM)) || s->place == IN_EXPECT ||
	    ((s->place == IN_PROTOCOL || s->place == IN_SIGNAL) && s->over)) {
		elab_error(s->el, E0505, at, "a random number cannot be drawn here");
		diag_help(s->el->diag, s->place == IN_PROTOCOL ? "draw it by a `let` of the experiment"
			: s->place == IN_SIGNAL ? "draw it by a `let` before" : "draw it in the step of a model, or as the initial value of a feature");
		diag_end(s->el->diag);
		return NULL;
	}
	NetExpr *e =
		net_expr(s->el->net, NEXPR_DRAW, kind == NDRAW_BERNOULLI ? NT_BOOL : NT_REAL, at);
	e->draw = kind;
	e->op[0] = parameter;
	const char *hint = s->site_hint ? s->site_hint : function;
	e->site = elab_site(s, s->place == IN_INIT ? NULL : hint, at);
	return e;
}

/* ---- functions ------------------------------------------------------------------------------- */

typedef struct {
	const char *name;
	uint32_t nargs;
	NetOp op;
	NetDraw draw;
} Function;

static const Function functions[] = {
	{"exp", 1, NOP_EXP, NDRAW_UNSET},         {"log", 1, NOP_LOG, NDRAW_UNSET},
	{"sqrt", 1, NOP_SQRT, NDRAW_UNSET},       {"abs", 1, NOP_ABS, NDRAW_UNSET},
	{"tanh", 1, NOP_TANH, NDRAW_UNSET},       {"sum", 1, NOP_UNSET, NDRAW_UNSET},
	{"mean", 1, NOP_UNSET, NDRAW_UNSET},      {"floor", 1, NOP_FLOOR, NDRAW_UNSET},
	{"ceil", 1, NOP_CEIL, NDRAW_UNSET},       {"exprel", 1, NOP_EXPREL, NDRAW_UNSET},
	{"expm1", 1, NOP_EXPM1, NDRAW_UNSET},     {"log1p", 1, NOP_LOG1P, NDRAW_UNSET},
	{"sin", 1, NOP_SIN, NDRAW_UNSET},         {"cos", 1, NOP_COS, NDRAW_UNSET},
	{"pow", 2, NOP_POW, NDRAW_UNSET},         {"normal", 2, NOP_UNSET, NDRAW_NORMAL},
	{"sigmoid", 1, NOP_UNSET, NDRAW_UNSET},   {"sign", 1, NOP_UNSET, NDRAW_UNSET},
	{"clip", 3, NOP_UNSET, NDRAW_UNSET},
	{"min", 2, NOP_MIN, NDRAW_UNSET},         {"max", 2, NOP_MAX, NDRAW_UNSET},
	{"random", 0, NOP_UNSET, NDRAW_UNIFORM},  {"bernoulli", 1, NOP_UNSET, NDRAW_BERNOULLI},
	{"poisson", 1, NOP_UNSET, NDRAW_POISSON}, {"uniform", 2, NOP_UNSET, NDRAW_UNIFORM},
};

static const Function *
find_function(const char *name)
{
	for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
		if (strcmp(functions[i].name, name) == 0)
			return &functions[i];
	}
	return NULL;
}

/* a + (b - a) * random() */
static NetExpr *
uniform(Scope *s, NetExpr *a, NetExpr *b, Span at)
{
	if (s->place != IN_INIT && s->place != IN_PROTOCOL && s->of_layer == NET_NONE) {
		elab_not_yet(s->el, at, "uniform(a, b) outside the initial value of a feature");
		return NULL;
	}
	NetExpr *width = elab_binary(s, NOP_SUB, b, elab_copy(s->el, a, a->span), at);
	NetExpr *u = draw(s, NDRAW_UNIFORM, NULL, at, "uniform");
	NetExpr *e = elab_binary(s, NOP_ADD, a, elab_binary(s, NOP_MUL, width, u, at), at);
	ElabUniform known = {e, elab_copy(s->el, a, a->span), elab_copy(s->el, b, b->span)};
	VEC_PUSH(s->el->arena, &s->el->uniforms, known);
	return e;
}

static bool
is_probability(Scope *s, const NetExpr *p)
{
	if (p->kind != NEXPR_CONST || (p->value >= 0 && p->value <= 1))
		return true;
	elab_error(s->el, E0506, p->span, "a probability lies between 0 and 1, and this is %s",
		   elab_number_text(s->el, p->value));
	diag_help(s->el->diag, "of a rate it is `rate * dt`, which must not exceed 1");
	diag_end(s->el->diag);
	return false;
}

/* sum(signal), mean(signal): over all synapses of the connection, and over the batch. */
static NetExpr *
total(Scope *s, const char *name, Span at)
{
	NetExpr *t = net_expr(s->el->net, NEXPR_TOTAL, NT_REAL, at);
	if (strcmp(name, "sum") == 0)
		return t;
	const Net *net = s->el->net;
	const NetConn *c = &net->conns.at[s->conn];
	double n = (double)net_pair_count(net, c) * (double)net->batch;
	return elab_binary(s, NOP_DIV, t, elab_const(s, NT_REAL, elab_round(s, n), at), at);
}

/* mean + deviation * a number of the standard normal distribution */
static NetExpr *
normal(Scope *s, NetExpr *mean, NetExpr *deviation, Span at)
{
	if (deviation->kind == NEXPR_CONST && !(deviation->value >= 0)) {
		elab_error(s->el, E0508, deviation->span, "a deviation is not below zero, and this is %s",
			   elab_number_text(s->el, deviation->value));
		diag_help(s->el->diag, "write `normal(mean, deviation)`");
		diag_end(s->el->diag);
		return NULL;
	}
	NetExpr *z = draw(s, NDRAW_NORMAL, NULL, at, "normal");
	return elab_binary(s, NOP_ADD, mean, elab_binary(s, NOP_MUL, deviation, z, at), at);
}

/* x^n as products, for a whole n: its sign and its unit are those of the products. */
static NetExpr *
power(Scope *s, NetExpr *x, NetExpr *y, Span at)
{
	enum { MOST = 16 };
	double n = y->kind == NEXPR_CONST ? fabs(y->value) : 0;
	if (elab_is_const(y, 0.5))
		return elab_unary(s, NOP_SQRT, x, at);
	if (y->kind != NEXPR_CONST || n > MOST || n != floor(n))
		return elab_binary(s, NOP_POW, x, y, at);
	NetExpr *all = NULL;
	for (double k = 0; k < n && x; k++)
		all = all ? elab_binary(s, NOP_MUL, all, elab_copy(s->el, x, at), at) : x;
	NetExpr *one = elab_const(s, NT_REAL, 1, at);
	return !all ? one : y->value < 0 ? elab_binary(s, NOP_DIV, one, all, at) : all;
}

static NetExpr *
sign(Scope *s, NetExpr *x, Span at)
{
	NetExpr *zero = elab_const(s, NT_REAL, 0, at), *down = elab_const(s, NT_REAL, -1, at), *up = elab_const(s, NT_REAL, 1, at);
	NetExpr *below = elab_binary(s, NOP_LT, elab_copy(s->el, x, at), zero, at);
	return elab_select(s, up, elab_binary(s, NOP_GT, x, zero, at), elab_select(s, down, below, zero, at), at);
}

static NetExpr *
sigmoid(Scope *s, NetExpr *x, Span at)
{
	NetExpr *one = elab_const(s, NT_REAL, 1, at), *e = elab_unary(s, NOP_EXP, elab_unary(s, NOP_NEG, x, at), at);
	return elab_binary(s, NOP_DIV, one, elab_binary(s, NOP_ADD, one, e, at), at);
}

static NetExpr *
apply(Scope *s, const Function *f, const AstExpr *e, NetExpr **arg)
{
	if (strcmp(f->name, "uniform") == 0)
		return uniform(s, arg[0], arg[1], e->span);
	if (f->draw == NDRAW_NORMAL)
		return normal(s, arg[0], arg[1], e->span);
	if (f->op == NOP_POW)
		return power(s, arg[0], arg[1], e->span);
	if (strcmp(f->name, "sign") == 0)
		return sign(s, arg[0], e->span);
	if (strcmp(f->name, "sigmoid") == 0)
		return sigmoid(s, arg[0], e->span);
	if (strcmp(f->name, "clip") == 0)
		return elab_binary(s, NOP_MIN, elab_binary(s, NOP_MAX, arg[0], arg[1], e->span), arg[2], e->span);
	if (f->draw == NDRAW_POISSON && dim_equal(e->args.at[0].value->sema.dim, (Dim){{-2}}))
		arg[0] = elab_binary(s, NOP_MUL, arg[0], elab_const(s, NT_REAL, s->el->net->dt, e->span), e->span);
	if (f->draw == NDRAW_BERNOULLI && !is_probability(s, arg[0]))
		return NULL;
	if (f->op == NOP_UNSET && f->draw == NDRAW_UNSET)
		return total(s, f->name, e->span);
	if (f->draw != NDRAW_UNSET)
		return draw(s, f->draw, arg[0], e->span, f->name);
	if (f->nargs == 1)
		return elab_unary(s, f->op, arg[0], e->span);
	NetExpr *v = elab_binary(s, f->op, arg[0], arg[1], e->span);
	for (uint32_t i = 2; i < e->args.n && v; i++) /* min(a, b, c) */
		v = elab_binary(s, f->op, v, elab_expr(s, e->args.at[i].value), e->span);
	return v;
}

/* ---- over all values of a sample ------------------------------------------------------------- */

/* What the call goes over a sample with; NOVER_COUNT: it is another function. */
static NetOver
find_over(const Scope *s, const AstExpr *e)
{
	const AstExpr *base = e->op[0];
	if ((s->place != IN_PROTOCOL && s->place != IN_SIGNAL && s->place != IN_EXPECT) || !base || base->kind != AEXPR_NAME)
		return NOVER_COUNT;
	for (uint32_t i = 0; i < NOVER_COUNT; i++) {
		if (strcmp(base->name, net_over_name((NetOver)i)) == 0 &&
		    e->args.n == (i == NOVER_QUANTILE ? 2 : 1))
			return (NetOver)i;
	}
	return NOVER_COUNT;
}

static NetExpr *
over_sample(Scope *s, NetOver over, const AstExpr *e)
{
	bool outer = s->over;
	s->over = true;
	NetExpr *x = elab_expr(s, e->args.at[0].value);
	s->over = outer;
	NetExpr *q = over == NOVER_QUANTILE ? elab_expr(s, e->args.at[1].value) : NULL;
	if (!x || (over == NOVER_QUANTILE && !q))
		return NULL;
	if (x->type != NT_REAL) {
		elab_error(s->el, E0302, e->args.at[0].value->span, "`%s` takes numbers",
			   e->op[0]->name);
		diag_help(s->el->diag, "write `1 if … else 0`");
		diag_end(s->el->diag);
		return NULL;
	}
	if (q && (q->kind != NEXPR_CONST || !(q->value >= 0 && q->value <= 1))) {
		elab_error(s->el, q->kind == NEXPR_CONST ? E0503 : E0502, q->span,
			   "a quantile is asked for by a number between 0 and 1");
		diag_help(s->el->diag, "the median is `quantile(x, 0.5)`");
		diag_end(s->el->diag);
		return NULL;
	}
	if (x->kind == NEXPR_CONST && over < NOVER_ARGMAX)
		return x;
	ElabExtent over_what = {.layer = NET_NONE, .values = 1};
	if (!elab_extent(s->el, x, NULL, &over_what))
		return NULL;
	if (over_what.layer != NET_NONE || over_what.index || s->place == IN_SIGNAL || over >= NOVER_ARGMAX)
		return elab_over_neurons(s, over, x, e);
	NetExpr *o = net_expr(s->el->net, NEXPR_OVER, NT_REAL, e->span);
	o->index = over;
	o->op[0] = x;
	o->op[1] = q;
	return o;
}

/* A function of the program: its body, with the arguments in place of its parameters. */
static NetExpr *
own_call(Scope *s, const AstExpr *e)
{
	const AstOwnCall *call = e->sema.own;
	uint32_t outer = s->locals.n;
	for (uint32_t i = 0; i < call->n; i++) {
		NetExpr *arg = elab_expr(s, call->param[i].value);
		if (!arg) {
			s->locals.n = outer;
			return NULL;
		}
		ElabLocal local = {NULL, NET_NONE, elab_named(s, call->param[i].sym->name, arg), call->param[i].sym};
		VEC_PUSH(s->el->arena, &s->locals, local);
	}
	NetExpr *v = elab_expr(s, call->body);
	s->locals.n = outer;
	return v;
}

NetExpr *
elab_call(Scope *s, const AstExpr *e)
{
	const AstExpr *base = e->op[0];
	if (e->sema.own)
		return own_call(s, e);
	NetOver over = find_over(s, e);
	if (over != NOVER_COUNT)
		return over_sample(s, over, e);
	if (base && base->kind == AEXPR_NAME && strcmp(base->name, "count") == 0)
		return elab_seen(s, e);
	if (base && base->kind == AEXPR_NAME && strcmp(base->name, "after") == 0) {
		elab_not_yet(s->el, e->span, "a delay beside other statements of a feature");
		return NULL;
	}
	const Function *f = base && base->kind == AEXPR_NAME ? find_function(base->name) : NULL;
	if (!f && elab_is_file(e) && s->place != IN_INIT)
		return elab_file_values(s, e);
	if (!f && elab_is_events(e)) {
		elab_error(s->el, E0636, e->span, "a list of spikes drives a layer, and nothing can be worked out from it");
		diag_help(s->el->diag, "let it stand alone: `layer s : Input[n] { input events(\"spikes.csv\") }`");
		diag_end(s->el->diag);
		return NULL;
	}
	if (!f) {
		elab_not_yet(s->el, e->span, elab_is_file(e) ? "a file here" : "this function");
		return NULL;
	}
	bool many = f->op == NOP_MIN || f->op == NOP_MAX;
	if (e->args.n < f->nargs || (e->args.n > f->nargs && !many)) {
		elab_error(s->el, E0515, e->span, "`%s` takes %u argument%s, and this has %u",
			   f->name, f->nargs, f->nargs == 1 ? "" : "s", e->args.n);
		diag_help(s->el->diag, "write `%s(%s)`", f->name,
			  f->nargs == 0 ? "" : f->nargs == 1 ? "x" : "a, b");
		diag_end(s->el->diag);
		return NULL;
	}
	NetExpr *arg[3] = {NULL, NULL, NULL};
	for (uint32_t i = 0; i < f->nargs; i++) {
		arg[i] = elab_expr(s, e->args.at[i].value);
		if (!arg[i])
			return NULL;
		if (arg[i]->type != NT_REAL) {
			elab_error(s->el, E0302, e->args.at[i].value->span, "`%s` takes numbers",
				   f->name);
			diag_help(s->el->diag, "write `1 if … else 0`");
			diag_end(s->el->diag);
			return NULL;
		}
	}
	return apply(s, f, e, arg);
}
