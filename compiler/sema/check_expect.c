/* check_expect: what a test sees of a network, and what it expects of that: units, times, names. The lines that set a test
 * up are gone by now (testing/ has made layers, connections and an experiment of them). */
#include "sema/check.h"

static const AstExpr *
owner_of(const AstExpr *e)
{
	while (e->kind == AEXPR_MEMBER)
		e = e->op[0];
	return e->kind == AEXPR_NAME ? e : NULL;
}

static bool
is_variable(Sema *s, const AstExpr *e)
{
	const AstExpr *owner = e->kind == AEXPR_MEMBER ? owner_of(e) : NULL;
	return owner && !sema_find_value(s, owner->name);
}

static bool
is_call_of(const AstExpr *e, Name name)
{
	return e->kind == AEXPR_CALL && e->op[0]->kind == AEXPR_NAME && e->op[0]->name == name;
}

bool
sema_is_seen(Sema *s, const AstExpr *e)
{
	if (e->kind == AEXPR_INDEX)
		return is_variable(s, e->op[0]);
	return is_variable(s, e) || is_call_of(e, s->words.rate) || is_call_of(e, s->words.start);
}

/* A feature or a state of it that is true or false. */
static bool
is_truth(const AstSym *sym)
{
	if (sym->kind != ASYM_FEATURE_OF && sym->kind != ASYM_RULE_STATE_OF && sym->kind != ASYM_KEPT_OF)
		return false;
	const AstFeature *f = &sym->decl->connect.features.at[sym->index];
	const AstDecl *d = sym->kind == ASYM_RULE_STATE_OF ? f->sema_rule : f->sema_model;
	if (!d)
		return false;
	if (sym->kind == ASYM_FEATURE_OF)
		return d->model.params.n && d->model.params.at[0].is_bool;
	const AstSym *state = sym->state < d->model.states.n ? d->model.states.at[sym->state].sym : NULL;
	return state && state->type == ATYPE_BOOL;
}

static Val
check_variable(Sema *s, AstExpr *e)
{
	Sym *sym = sema_check_variable(s, e, "variable");
	if (!sym)
		return sema_poison();
	if (is_truth(&sym->sym))
		return sema_bool();
	if (sym->sym.kind != ASYM_PARAM_OF)
		return sym->val;
	diag_begin(s->diag, E1001, e->span, "the parameter `%s` is no variable of the network", e->name);
	diag_help(s->diag, "states, traces, spikes and values of features can be seen");
	diag_end(s->diag);
	return sema_poison();
}

static Val
check_index(Sema *s, AstExpr *e)
{
	for (uint32_t i = 0; i < e->args.n; i++) {
		AstExpr *x = e->args.at[i].value;
		if (x->kind == AEXPR_RANGE) {
			diag_begin(s->diag, E1004, x->span, "one value is picked at a time");
			diag_help(s->diag, "leave `[ ]` away to see them all");
			diag_end(s->diag);
			return sema_poison();
		}
		s->where = IN_CONST;
		sema_check_dim(s, x, infer_none(),
			       (Say){"a place is a number, not @", "count in whole numbers from 0", NULL});
		s->where = IN_EXPECT;
	}
	Val v = check_variable(s, e->op[0]);
	sema_set_type(s, e->op[0], v);
	return v;
}

/* Spikes of a layer per neuron and time. */
static Val
check_rate(Sema *s, AstExpr *e)
{
	AstExpr *of = e->args.n == 1 ? e->args.at[0].value : NULL;
	e->op[0]->sema.type = ATYPE_OTHER;
	if (!of || of->kind != AEXPR_NAME) {
		diag_begin(s->diag, E1001, e->span, "a rate is that of a layer");
		diag_help(s->diag, "write `rate of exc`");
		diag_end(s->diag);
		return sema_poison();
	}
	Sym *layer = sema_need_top(s, of->name, of->span, KIND(LAYER), "layer");
	of->sema.sym = layer ? &layer->sym : NULL;
	of->sema.type = layer ? ATYPE_LAYER : ATYPE_ERROR;
	return layer ? sema_real(infer_stated((Dim){{[DIM_TIME] = -2}}, e->span)) : sema_poison();
}

static Val
check_start(Sema *s, AstExpr *e)
{
	AstExpr *of = e->args.n == 1 ? e->args.at[0].value : NULL;
	e->op[0]->sema.type = ATYPE_OTHER;
	if (of && (is_variable(s, of) || of->kind == AEXPR_INDEX))
		return sema_check_expr(s, of);
	diag_begin(s->diag, E1001, e->span, "`start` gives the value that a variable has before the first run");
	diag_help(s->diag, "write `start(input.weight)`");
	diag_end(s->diag);
	return sema_poison();
}

Val
sema_check_seen(Sema *s, AstExpr *e)
{
	if (e->kind == AEXPR_CALL)
		return e->op[0]->name == s->words.rate ? check_rate(s, e) : check_start(s, e);
	return e->kind == AEXPR_INDEX ? check_index(s, e) : check_variable(s, e);
}

/* ---- lines ---------------------------------------------------------------------------------- */

static DimTerm
a_time(void)
{
	return infer_stated((Dim){{2}}, (Span){0, 0});
}

static void
check_times(Sema *s, AstExpr *at)
{
	Say say = {"an event has &, not @", "write a time: `at [10 ms, 20 ms]`", NULL};
	if (!at)
		return;
	s->where = IN_ARG;
	if (at->kind == AEXPR_RANGE) {
		at->sema.type = ATYPE_OTHER;
		sema_check_dim(s, at->op[0], a_time(), say);
		sema_check_dim(s, at->op[1], a_time(), say);
		return;
	}
	Val v = sema_check_expr(s, at);
	if (v.type == ATYPE_LIST || sema_need_real(s, at, v))
		sema_fit(s, say, (Side){at->span, v.dim}, (Side){{0, 0}, a_time()});
}

static void
check_near(Sema *s, AstStmt *a, Val seen)
{
	s->where = IN_EXPECT;
	Val want = sema_check_expr(s, a->e);
	s->where = IN_ARG;
	Val within = sema_check_expr(s, a->within);
	if (seen.type == ATYPE_ERROR || want.type == ATYPE_ERROR || within.type == ATYPE_ERROR)
		return;
	if (!sema_need_real(s, a->target, seen) || (want.type != ATYPE_LIST && !sema_need_real(s, a->e, want)) ||
	    !sema_need_real(s, a->within, within))
		return;
	Side is = {a->target->span, seen.dim};
	if (!sema_fit(s, (Say){"@ is expected of what is &", "give the expected value that unit", NULL},
		      (Side){a->e->span, want.dim}, is))
		return;
	DimTerm off = a->percent ? infer_none() : seen.dim;
	sema_fit(s, (Say){"@ is no distance between values that are &", "write a distance in that unit, or `within 1%`", NULL},
		 (Side){a->within->span, within.dim}, (Side){a->target->span, off});
}

void
sema_check_expect(Sema *s, AstStmt *a)
{
	check_times(s, a->at);
	if (a->kind == ASTMT_EVENT)
		return;
	s->where = IN_EXPECT;
	if (a->kind == ASTMT_GOLDEN) {
		a->e->sema.type = ATYPE_STRING;
		if (a->target)
			sema_need_real(s, a->target, sema_check_expr(s, a->target));
		return;
	}
	Val seen = sema_check_expr(s, a->target);
	if (a->e)
		check_near(s, a, seen);
	else if (seen.type != ATYPE_ERROR && seen.type != ATYPE_BOOL &&
		 !(a->at && a->target->sema.sym && a->target->sema.sym->kind == ASYM_SPIKES_OF)) {
		diag_begin(s->diag, E1001, a->span, "this does not say what is expected");
		diag_help(s->diag, "compare: `expect v > 3 mV`, or write `expect v near 3 mV within 1%%`");
		diag_end(s->diag);
	}
}
