/* elab_value: params and consts of the program, and constants in general. Each value exists twice:
 * rounded to the real type, for the network, and in double from the decimal text, for counts and
 * times (0.3 ms / 0.1 ms must not depend on the real type). */
#include "elab/elab_inner.h"

#include "base/num.h"

#include <math.h>

Scope
elab_scope(Elab *el, ElabPlace place)
{
	return (Scope){.el = el,
		       .place = place,
		       .layer = NET_NONE,
		       .conn = NET_NONE,
		       .of_layer = NET_NONE,
		       .noise = NET_NONE,
		       .own_side = NSIDE_OWN};
}

const char *
elab_number_text(Elab *el, double v)
{
	char text[NUM_TEXT];
	bool is_f32 = !el->net->f64 && (double)(float)v == v && v != floor(v);
	return arena_strdup(el->arena,
			    is_f32 ? num_write_f32(text, (float)v) : num_write_f64(text, v));
}

/* One number that is known when the program is run. */
static void
declare_tunable(Elab *el, const AstDecl *d)
{
	NetSignal g = {.name = d->name, .span = d->name_span, .layer = NET_NONE, .tunable = true};
	Dim dim = d->sym ? d->sym->dim : d->value.value->sema.dim;
	for (uint32_t i = 0; i < unit_count(); i++) {
		NetUnit u = {unit_at(i)->name, unit_at(i)->scale};
		if (dim_equal(unit_at(i)->dim, dim))
			VEC_PUSH(el->arena, &g.units, u);
	}
	VEC_PUSH(el->arena, &el->signals, d);
	VEC_PUSH(el->arena, &el->net->signals, g);
}

static void
settle_tunable(Elab *el, const AstDecl *d, NetSignal *g)
{
	const AstExpr *set = elab_set(el, d->name);
	if (d->value.value->sema.type != ATYPE_REAL && d->value.value->sema.type != ATYPE_ERROR) {
		elab_error(el, E0503, d->value.value->span, "a tunable is one number");
		diag_help(el->diag, "declare `%s` by `param`; `--set` then compiles anew", d->name);
		diag_end(el->diag);
		return;
	}
	elab_real(el, d->value.value, true, "the value of a tunable", &g->init);
	g->is_given = set && elab_real(el, set, true, "the value of a tunable", &g->given);
	if (g->is_given && el->env->settles)
		g->init = g->given;
}

void
elab_values(Elab *el)
{
	for (uint32_t i = 0; i < el->ast->decls.n; i++) {
		const AstDecl *d = el->ast->decls.at[i];
		if (d->kind != ADECL_PARAM && d->kind != ADECL_CONST)
			continue;
		const AstExpr *set = d->kind == ADECL_PARAM ? elab_set(el, d->name) : NULL;
		ElabValue v = {.decl = d, .value = set ? set : d->value.value};
		VEC_PUSH(el->arena, &el->values, v);
		if (d->value.tunable)
			declare_tunable(el, d);
	}
	for (uint32_t i = 0; i < el->signals.n; i++)
		settle_tunable(el, el->signals.at[i], &el->net->signals.at[i]);
}

static ElabValue *
find_value(Elab *el, const AstDecl *d)
{
	for (uint32_t i = 0; i < el->values.n; i++) {
		if (el->values.at[i].decl == d)
			return &el->values.at[i];
	}
	return NULL;
}

const Bind *
elab_value_of(Elab *el, const AstDecl *d, bool exact, Span use)
{
	ElabValue *v = find_value(el, d);
	if (!v)
		return NULL;
	if (v->at[exact] == VALUE_BUSY) {
		elab_error(el, E0527, d->name_span, "`%s` is defined by itself", d->name);
		diag_label(el->diag, use, "used here");
		diag_help(el->diag, "give one of the names a number");
		diag_end(el->diag);
		return NULL;
	}
	if (v->at[exact] == VALUE_NEW && d->value.tunable) {
		NetExpr *e = net_expr(el->net, NEXPR_SIGNAL, NT_REAL, use);
		e->index = elab_find_signal(el, d);
		v->bind[exact].e = e;
		v->at[exact] = VALUE_DONE;
	}
	if (v->at[exact] == VALUE_NEW) {
		v->at[exact] = VALUE_BUSY;
		Scope s = elab_scope(el, IN_PROGRAM);
		s.exact = exact;
		elab_bind(&s, v->value, &v->bind[exact]);
		v->at[exact] = VALUE_DONE;
	}
	return v->bind[exact].e || v->bind[exact].nparts ? &v->bind[exact] : NULL;
}

/* A tunable that is read here; NULL: none. */
static const NetSignal *
tunable_in(const Elab *el, const NetExpr *e)
{
	if (!e)
		return NULL;
	if (e->kind == NEXPR_SIGNAL && el->net->signals.at[e->index].tunable)
		return &el->net->signals.at[e->index];
	const NetSignal *g = NULL;
	for (int i = 0; i < 3 && !g; i++)
		g = tunable_in(el, e->op[i]);
	return g;
}

/* Where `what` makes up the structure: true after a message. */
bool
elab_refuse_tunable(Elab *el, const NetExpr *v, Span at, const char *what)
{
	const NetSignal *g = tunable_in(el, v);
	if (!g)
		return false;
	elab_error(el, E0502, at, "%s must be known when the program is compiled, and `%s` is tunable", what, g->name);
	diag_label(el->diag, g->span, "declared here");
	diag_help(el->diag, "declare it by `param`; `--set` then compiles anew");
	diag_end(el->diag);
	return true;
}

bool
elab_real(Elab *el, const AstExpr *e, bool exact, const char *what, double *out)
{
	Scope s = elab_scope(el, IN_PROGRAM);
	s.exact = exact;
	NetExpr *v = elab_expr(&s, e);
	if (!v)
		return false;
	if (elab_refuse_tunable(el, v, e->span, what))
		return false;
	if (v->kind != NEXPR_CONST || v->type != NT_REAL || isnan(v->value)) {
		elab_error(el, E0503, e->span, "%s must be one number", what);
		diag_help(el->diag, "use numbers, params and functions of them");
		diag_end(el->diag);
		return false;
	}
	*out = v->value;
	return true;
}

bool
elab_count(Elab *el, const AstExpr *e, const char *what, double least, uint64_t *out)
{
	const double most = 9007199254740992.0; /* 2^53: every integer up to it is a double */
	double v;
	if (!elab_real(el, e, true, what, &v))
		return false;
	if (v != floor(v) || v < least || v > most) {
		elab_error(el, E0514, e->span, "%s must be a whole number%s, and this is %s", what,
			   v == floor(v) && v < least
				   ? arena_printf(el->arena, " of at least %.0f", least)
			   : v > most ? " of at most 2^53"
				      : "",
			   elab_number_text(el, v));
		if (v < least)
			diag_help(el->diag, "take %.0f or more", least);
		else
			diag_help(el->diag, v > most ? "take less"
						     : "take a whole number, or `floor(…)`");
		diag_end(el->diag);
		return false;
	}
	*out = (uint64_t)v;
	return true;
}

/* ---- dt, seed, batch ------------------------------------------------------------------------- */

static void
set_dt(Elab *el, const AstExpr *e)
{
	double v;
	if (!elab_real(el, e, true, "the time step", &v))
		return;
	Scope s = elab_scope(el, IN_PROGRAM);
	if (!(elab_round(&s, v) > 0) || isinf(elab_round(&s, v))) {
		elab_error(el, E0528, e->span,
			   "the time step must be above 0 ms, and this is %s ms",
			   elab_number_text(el, v));
		diag_help(el->diag, "write `dt = 1 ms`");
		diag_end(el->diag);
		return;
	}
	el->dt = v;
	el->net->dt = elab_round(&s, v);
}

static const AstExpr *
setting(Elab *el, const char *word)
{
	Name name = intern(el->names, word);
	const AstExpr *e = elab_set(el, name);
	for (uint32_t i = 0; i < el->ast->decls.n && !e; i++) {
		const AstDecl *d = el->ast->decls.at[i];
		if (d->kind == ADECL_SETTING && d->name == name)
			e = d->value.value;
	}
	return e;
}

void
elab_settings(Elab *el)
{
	const AstExpr *dt = setting(el, "dt"), *seed = setting(el, "seed"),
		      *batch = setting(el, "batch");
	if (dt)
		set_dt(el, dt);
	if (seed)
		elab_count(el, seed, "the seed", 0, &el->net->seed);
	if (batch)
		elab_count(el, batch, "the batch", 1, &el->net->batch);
}
