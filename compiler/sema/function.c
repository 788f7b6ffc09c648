/* function: the built-in functions: what they take, what they give, where they may stand. */
#include "sema/check.h"

#include "base/panic.h"

#include <string.h>

typedef enum { GIVES_SAME, GIVES_NUMBER, GIVES_ROOT, GIVES_POWER, GIVES_ANY, GIVES_BOOL } Gives;
typedef enum { EVERYWHERE, DRAW, INITIAL, INITIAL_FILE, EXPERIMENT, DELAY, COUNT, EVENTS } Place;

typedef struct {
	const char *name;
	uint32_t n_args;
	Gives gives;
	bool numbers; /* takes numbers without dimension */
	Place place;
	const char *form;
} Function;

static const Function functions[] = {
	{"exp", 1, GIVES_NUMBER, true, EVERYWHERE, "exp(x)"},
	{"log", 1, GIVES_NUMBER, true, EVERYWHERE, "log(x)"},
	{"sqrt", 1, GIVES_ROOT, false, EVERYWHERE, "sqrt(x)"},
	{"abs", 1, GIVES_SAME, false, EVERYWHERE, "abs(x)"},
	{"floor", 1, GIVES_SAME, false, EVERYWHERE, "floor(x)"},
	{"ceil", 1, GIVES_SAME, false, EVERYWHERE, "ceil(x)"},
	{"min", 2, GIVES_SAME, false, EVERYWHERE, "min(a, b)"},
	{"max", 2, GIVES_SAME, false, EVERYWHERE, "max(a, b)"},
	{"sum", 1, GIVES_SAME, false, EXPERIMENT, "sum(x)"},
	{"mean", 1, GIVES_SAME, false, EXPERIMENT, "mean(x)"},
	{"argmax", 1, GIVES_NUMBER, false, EXPERIMENT, "argmax(x)"},
	{"argmin", 1, GIVES_NUMBER, false, EXPERIMENT, "argmin(x)"},
	{"count", 1, GIVES_NUMBER, false, COUNT, "count(out.spikes)"},
	{"after", 2, GIVES_SAME, false, DELAY, "signal after time"},
	{"quantile", 2, GIVES_SAME, false, EXPERIMENT, "quantile(x, 0.5)"},
	{"tanh", 1, GIVES_NUMBER, true, EVERYWHERE, "tanh(x)"},
	{"random", 0, GIVES_ANY, false, DRAW, "random()"},
	{"bernoulli", 1, GIVES_BOOL, true, DRAW, "bernoulli(p)"},
	{"poisson", 1, GIVES_ANY, true, DRAW, "poisson(mean)"},
	{"uniform", 2, GIVES_SAME, false, INITIAL, "uniform(a, b)"},
	{"normal", 2, GIVES_SAME, false, DRAW, "normal(mean, deviation)"},
	{"exprel", 1, GIVES_NUMBER, true, EVERYWHERE, "exprel(x)"},
	{"expm1", 1, GIVES_NUMBER, true, EVERYWHERE, "expm1(x)"},
	{"log1p", 1, GIVES_NUMBER, true, EVERYWHERE, "log1p(x)"},
	{"sin", 1, GIVES_NUMBER, true, EVERYWHERE, "sin(x)"},
	{"cos", 1, GIVES_NUMBER, true, EVERYWHERE, "cos(x)"},
	{"pow", 2, GIVES_POWER, false, EVERYWHERE, "pow(x, y)"},
	{"sigmoid", 1, GIVES_NUMBER, true, EVERYWHERE, "sigmoid(x)"},
	{"sign", 1, GIVES_ANY, false, EVERYWHERE, "sign(x)"},
	{"clip", 3, GIVES_SAME, false, EVERYWHERE, "clip(x, low, high)"},
	{"file", 1, GIVES_ANY, false, INITIAL_FILE, "file(\"x.npy\")"},
	{"events", 1, GIVES_ANY, false, EVENTS, "events(\"spikes.csv\")"},
};

enum { FUNCTION_COUNT = sizeof functions / sizeof *functions };

void
sema_make_functions(Sema *s)
{
	for (uint32_t i = 0; i < FUNCTION_COUNT; i++) {
		Sym *sym = sema_new_sym(s, ASYM_FUNCTION, intern(s->names, functions[i].name),
					(Span){0, 0});
		sym->sym.index = i;
		sym->sym.type = ATYPE_OTHER;
		VEC_PUSH(s->arena, &s->functions, sym);
	}
}

static const Function *
find_function(Sema *s, AstExpr *base)
{
	for (uint32_t i = 0; i < FUNCTION_COUNT; i++) {
		if (s->functions.at[i]->sym.name == base->name) {
			base->sema.sym = &s->functions.at[i]->sym;
			base->sema.type = ATYPE_OTHER;
			return &functions[i];
		}
	}
	return NULL;
}

static void
report_no_function(Sema *s, const AstExpr *base)
{
	const Sym *other = base->kind == AEXPR_NAME ? sema_find_value(s, base->name) : NULL;
	if (!other && base->kind == AEXPR_NAME)
		other = sema_find_top(s, base->name, ~0u);
	WordVec known = {0};
	for (uint32_t i = 0; i < FUNCTION_COUNT; i++)
		sema_add_word(s, &known, functions[i].name);
	if (base->kind != AEXPR_NAME) {
		diag_begin(s->diag, E0229, base->span, "only a function can be called");
		diag_help(s->diag, "call one by its name: `exp(x)`");
	} else if (other) {
		diag_begin(s->diag, E0229, base->span, "`%s` is %s, not a function", base->name,
			   sema_kind_noun(other->sym.kind));
		diag_help(s->diag, "only functions are called; to multiply, write `*`");
	} else {
		diag_begin(s->diag, E0207, base->span, "no function is called `%s`", base->name);
		if (elsewhere_help(base->name))
			diag_help(s->diag, "%s", elsewhere_help(base->name));
		else
			sema_help_names(s, base->name, &known, "there are", "");
	}
	diag_end(s->diag);
}

/* ---- where it stands ---------------------------------------------------------------------- */

static const char *
where_text(Where w)
{
	switch (w) {
	case IN_CONST:
		return "in a constant";
	case IN_ARG:
		return "here";
	case IN_INIT:
	case IN_VALUE:
		return "in an initial value";
	case IN_NEURONS:
		return "in a value of a layer";
	case IN_DRIVE:
		return "in what drives a layer";
	case IN_STEP:
		return "in the step of a neuron";
	case IN_FEATURE:
		return "in the body of a feature";
	case IN_RULE:
		return "in a learning rule";
	case IN_TRACE:
		return "in a trace";
	case IN_SIGNAL:
		return "in a signal";
	case IN_PROTOCOL:
		return "in the experiment";
	case IN_EXPECT:
		return "in what a test expects";
	}
	UNREACHABLE();
}

static bool
may_stand(Sema *s, const AstExpr *e, const Function *f)
{
	Where w = s->where;
	bool is_initial = w == IN_INIT || w == IN_VALUE ||
			  (w == IN_NEURONS && (f->place == DRAW || f->place == INITIAL || f->place == INITIAL_FILE));
	bool is_file = f->place == INITIAL_FILE && (w == IN_ARG || w == IN_DRIVE || w == IN_PROTOCOL || w == IN_SIGNAL);
	if (f->place == EVERYWHERE || is_initial || is_file ||
	    (f->place == INITIAL && w == IN_PROTOCOL) || (f->place == DRAW && (w == IN_STEP || w == IN_DRIVE || w == IN_FEATURE || w == IN_RULE || w == IN_SIGNAL ||
					 w == IN_PROTOCOL)))
		return true;
	if (f->place == EXPERIMENT) {
		const AstExpr *a = e->args.n == 1 ? e->args.at[0].value : NULL;
		bool of_signal = w == IN_FEATURE && a && a->kind == AEXPR_NAME &&
				 a->name == s->words.signal;
		if (w == IN_PROTOCOL || w == IN_SIGNAL || w == IN_EXPECT || of_signal)
			return true;
		diag_begin(s->diag, E0612, e->span,
			   "`%s` goes over all values of a sample; there is none %s", f->name,
			   where_text(w));
		diag_help(s->diag, "use it in the experiment, as in `pixels.rate = image / "
				   "max(image) * 128 Hz`");
		diag_end(s->diag);
		return false;
	}
	if (f->place == EVENTS) {
		if (w == IN_DRIVE)
			return true;
		diag_begin(s->diag, E0636, e->span, "a list of spikes drives a layer, and cannot be read %s", where_text(w));
		diag_help(s->diag, "write `layer s : Input[n] { input events(\"spikes.csv\") }`");
		diag_end(s->diag);
		return false;
	}
	if (f->place == COUNT) {
		if (w == IN_PROTOCOL)
			return true;
		diag_begin(s->diag, E0634, e->span, "spikes of a run are counted in the experiment");
		diag_help(s->diag, "a signal counts spikes by `on out.spikes { n += 1 }`, or reads `sum(out.spikes)` of a step");
		diag_end(s->diag);
		return false;
	}
	if (f->place == DELAY) {
		const AstExpr *a = e->args.n == 2 ? e->args.at[0].value : NULL;
		if (w == IN_FEATURE && a && ((a->kind == AEXPR_NAME && a->name == s->words.signal) || sema_is_pre_spike(s, a)))
			return true;
		diag_begin(s->diag, E0635, e->span, "only the signal or the spike of a feature can come later");
		diag_help(s->diag, "write `signal = signal after value`, or `pre.spike = pre.spike after value`, in a feature");
		diag_end(s->diag);
		return false;
	}
	const char *what = f->place == INITIAL_FILE ? "a file cannot be read"
						    : "no random number can be drawn";
	if (w == IN_STEP || (w == IN_RULE && f->place == INITIAL)) {
		diag_begin(s->diag, E0636, e->span, "`%s` gives initial values; %s %s", f->name,
			   what, where_text(w));
		diag_help(s->diag, f->place == INITIAL
					   ? "write `a + (b - a) * random()` here"
					   : "feed the layer by `input file(\"x.npy\")`");
	} else {
		diag_begin(s->diag, f->place == INITIAL_FILE ? E0636 : E0505, e->span, "%s %s", what, where_text(w));
		if (f->place == DRAW)
			diag_help(s->diag, "draw in the step of a neuron, or in the initial value "
					   "of a feature");
		else
			diag_help(s->diag,
				  "`%s` stands in the initial value of a state or a feature",
				  f->form);
	}
	diag_end(s->diag);
	return false;
}

/* ---- arguments ---------------------------------------------------------------------------- */

/* min(x), max(x): over all values of a sample. */
static bool
is_over_sample(const Sema *s, const AstExpr *e, const Function *f)
{
	bool either = strcmp(f->name, "min") == 0 || strcmp(f->name, "max") == 0;
	return either && e->args.n == 1 && (s->where == IN_PROTOCOL || s->where == IN_SIGNAL || s->where == IN_EXPECT);
}

static bool
check_arg_count(Sema *s, const AstExpr *e, const Function *f)
{
	for (uint32_t i = 0; i < e->args.n; i++) {
		const AstArg *a = &e->args.at[i];
		if (!a->name)
			continue;
		diag_begin(s->diag, E0225, a->name_span, "`%s` takes its arguments without names",
			   f->name);
		diag_help(s->diag, "write `%s`", f->form);
		diag_end(s->diag);
		return false;
	}
	if (e->args.n == f->n_args || is_over_sample(s, e, f))
		return true;
	diag_begin(s->diag, E0515, e->span, "`%s` takes %u argument%s, not %u", f->name, f->n_args,
		   f->n_args == 1 ? "" : "s", e->args.n);
	diag_help(s->diag, "write `%s`", f->form);
	diag_end(s->diag);
	return false;
}

/* count(out.spikes), count(out): how often each neuron spiked in the last run. */
static Val
check_count(Sema *s, AstExpr *e)
{
	AstExpr *a = e->args.at[0].value;
	Sym *layer = a->kind == AEXPR_NAME ? sema_find_top(s, a->name, KIND(LAYER)) : NULL;
	if (layer) {
		a->sema.sym = &layer->sym;
		a->sema.type = ATYPE_LAYER;
		return sema_real(infer_none());
	}
	Sym *seen = a->kind == AEXPR_MEMBER ? sema_check_variable(s, a, "layer") : NULL;
	if (seen && seen->sym.kind == ASYM_SPIKES_OF)
		return sema_real(infer_none());
	if (a->kind == AEXPR_MEMBER && !seen)
		return sema_poison();
	a->sema.type = ATYPE_ERROR;
	diag_begin(s->diag, E0634, a->span, "only spikes of a layer are counted");
	diag_help(s->diag, "write `count(out.spikes)`");
	diag_end(s->diag);
	return sema_poison();
}

static bool
is_rate(Sema *s, DimTerm dim)
{
	Dim d;
	return !infer_is_open(&s->infer, dim) && infer_dim(&s->infer, dim, &d) && dim_equal(d, (Dim){{-2}});
}

/* A whole number as it is written, also with a minus. */
static bool
is_whole(const AstExpr *e, int *out)
{
	int sign = 1;
	if (e->kind == AEXPR_UNARY && e->op_kind == AOP_NEG) {
		sign = -1;
		e = e->op[0];
	}
	if (e->kind != AEXPR_NUMBER || e->num.unit || e->num.value > 16 || e->num.value != (int)e->num.value)
		return false;
	*out = sign * (int)e->num.value;
	return true;
}

/* pow(x, y): of a number; or of anything, if y is a whole number that stands there. */
static Val
check_power(Sema *s, const AstExpr *e, DimTerm x, DimTerm y)
{
	Side exponent = {e->args.at[1].value->span, y}, base = {e->args.at[0].value->span, x}, none = {{0, 0}, infer_none()};
	int n;
	if (!sema_fit(s, (Say){"an exponent is a number, not @", "write a number without a unit", NULL}, exponent, none))
		return sema_poison();
	if (is_whole(e->args.at[1].value, &n)) {
		DimTerm all = infer_none();
		for (int i = 0; i < (n < 0 ? -n : n); i++)
			all = n < 0 ? infer_div(&s->infer, all, x) : infer_mul(&s->infer, all, x);
		return sema_power_fits(s, e->span, all) ? sema_real(all) : sema_poison();
	}
	Say say = {"@ has powers of whole numbers only, which stand in the text", "make it a number first: divide by something of its dimension", NULL};
	return sema_fit(s, say, base, none) ? sema_real(infer_none()) : sema_poison();
}

static Val
check_args(Sema *s, AstExpr *e, const Function *f)
{
	if (f->place == COUNT)
		return check_count(s, e);
	DimTerm dim[3] = {{.n = 0}, {.n = 0}, {.n = 0}};
	bool sound = true;
	for (uint32_t i = 0; i < e->args.n; i++) {
		AstExpr *a = e->args.at[i].value;
		if (f->place == INITIAL_FILE || f->place == EVENTS)
			sound &= sema_need_string(s, a, sema_check_expr(s, a));
		else
			sound &= sema_check_real(s, a, &dim[i]);
	}
	if (!sound)
		return sema_poison();
	if (f->place == DELAY) {
		Side is = {e->args.at[1].value->span, dim[1]},
		     want = {{0, 0}, infer_stated((Dim){{2}}, (Span){0, 0})};
		Say say = {"a signal comes after &, not after @",
			   "write a time: `signal after 3 ms`", f->name};
		return sema_fit(s, say, is, want) ? sema_real(dim[0]) : sema_poison();
	}
	if (f->place == EXPERIMENT && e->args.n == 2) {
		Side q = {e->args.at[1].value->span, dim[1]}, want = {{0, 0}, infer_none()};
		Say say = {"`$` takes a part of all values, not @",
			   "write a number between 0 and 1", f->name};
		if (!sema_fit(s, say, q, want))
			return sema_poison();
	} else if (f->gives == GIVES_POWER) {
		return check_power(s, e, dim[0], dim[1]);
	} else {
		for (uint32_t i = 1; i < e->args.n; i++) {
			Side a = {e->args.at[i].value->span, dim[i]}, b = {e->args.at[0].value->span, dim[0]};
			Say say = {"`$` is given & and @",
				   "both need the same dimension; a bare number takes the unit of the other", f->name};
			if (!sema_fit(s, say, a, b))
				return sema_poison();
		}
	}
	if (strcmp(f->name, "poisson") == 0 && is_rate(s, dim[0]))
		return sema_real(infer_fresh(&s->infer)); /* times dt is the mean */
	if (f->numbers) {
		Side a = {e->args.at[0].value->span, dim[0]}, want = {{0, 0}, infer_none()};
		Say say = {"`$` takes a number, not @",
			   "make it a number first, as in `-dt / tau` or `rate * dt`", f->name};
		if (!sema_fit(s, say, a, want))
			return sema_poison();
	}
	switch (f->gives) {
	case GIVES_SAME:
		return sema_real(dim[0]);
	case GIVES_NUMBER:
	case GIVES_POWER:
		return sema_real(infer_none());
	case GIVES_ROOT:
		return sema_real(infer_sqrt(&s->infer, dim[0]));
	case GIVES_ANY:
		return sema_real(infer_fresh(&s->infer));
	case GIVES_BOOL:
		return sema_bool();
	}
	UNREACHABLE();
}

Val
sema_check_call(Sema *s, AstExpr *e)
{
	AstExpr *base = e->op[0];
	const Function *f = base->kind == AEXPR_NAME ? find_function(s, base) : NULL;
	Sym *own = !f && base->kind == AEXPR_NAME ? sema_find_top(s, base->name, KIND(OWN_FUNCTION)) : NULL;
	if (own)
		return sema_check_own_call(s, e, own);
	if (!f) {
		base->sema.type = ATYPE_ERROR;
		if (base->kind != AEXPR_ERROR)
			report_no_function(s, base);
	}
	if (!f || !may_stand(s, e, f) || !check_arg_count(s, e, f)) {
		for (uint32_t i = 0; i < e->args.n; i++)
			sema_check_expr(s, e->args.at[i].value); /* for errors of their own */
		return sema_poison();
	}
	return check_args(s, e, f);
}

bool
sema_is_function(const Sema *s, Name name)
{
	for (uint32_t i = 0; i < FUNCTION_COUNT; i++) {
		if (s->functions.at[i]->sym.name == name)
			return true;
	}
	return false;
}

bool
sema_is_draw(uint32_t function)
{
	return functions[function].place == DRAW;
}
