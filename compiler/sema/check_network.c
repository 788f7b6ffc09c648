/* check_network: layers and connections: instances of models with dimensions of their own. */
#include "sema/check.h"

#include "base/panic.h"

#include <string.h>

static Sym *
sym_of(AstSym *sym)
{
	return (Sym *)sym;
}

/* ---- instances ---------------------------------------------------------------------------- */

static Val *
copy_vals(Sema *s, const Val *from, uint32_t n, uint32_t room)
{
	Val *to = ARENA_ARRAY(s->arena, Val, n + room);
	for (uint32_t i = 0; i < n; i++)
		to[i] = sema_copy_val(s, from[i]);
	return to;
}

static Face *
instantiate(Sema *s, const Face *of, uint32_t more_traces)
{
	Face *f = ARENA_NEW(s->arena, Face);
	*f = *of;
	infer_copy_begin(&s->infer);
	f->params = copy_vals(s, of->params, of->n_params, 0);
	f->states = copy_vals(s, of->states, of->n_states, 0);
	f->traces = copy_vals(s, of->traces, of->n_traces, more_traces);
	f->needs = copy_vals(s, of->needs, of->n_needs, 0);
	f->input = infer_copy(&s->infer, of->input);
	f->ports = ARENA_ARRAY(s->arena, Port, of->n_ports);
	for (uint32_t i = 0; i < of->n_ports; i++) {
		f->ports[i] = of->ports[i];
		f->ports[i].dim = infer_copy(&s->infer, of->ports[i].dim);
	}
	f->signal_in = infer_copy(&s->infer, of->signal_in);
	f->signal_out = infer_copy(&s->infer, of->signal_out);
	f->learned = infer_copy(&s->infer, of->learned);
	f->sides = ARENA_ARRAY(s->arena, SideUse, f->n_sides);
	for (uint32_t i = 0; i < f->n_sides; i++) {
		f->sides[i] = of->sides[i];
		f->sides[i].dim = infer_copy(&s->infer, of->sides[i].dim);
	}
	return f;
}

/* ---- arguments ---------------------------------------------------------------------------- */

/* What an argument is for: a parameter, or a signal that a rule needs. */
typedef struct {
	Name name;
	Span span;
	Val val;
	bool lists;
} Slot;

static bool
is_file(const Sema *s, const AstExpr *e)
{
	return e->kind == AEXPR_CALL && e->op[0]->kind == AEXPR_NAME &&
	       e->op[0]->name == s->words.file;
}

static const char *
dim_help(Sema *s, const char *name, DimTerm dim)
{
	Dim d;
	char unit[64];
	infer_dim(&s->infer, dim, &d);
	if (dim_is_none(d))
		return "write a number without a unit";
	return arena_printf(s->arena, "write it in %s, or as a bare number: `%s = …`",
			    dim_usual(d, unit), name);
}

static void
fit_value(Sema *s, const Slot *slot, Span at, DimTerm have, DimTerm want)
{
	if (infer_unify(&s->infer, have, want))
		return;
	Side is = {at, have}, should = {slot->span, want};
	sema_fit(s, (Say){"`$` is &, not @", dim_help(s, slot->name, want), slot->name}, is,
		 should);
}

static bool
has_part(const Tuple *t, const char *name)
{
	for (uint32_t k = 0; k < t->n; k++)
		if (t->names->at[k].name == name)
			return true;
	return false;
}

/* Parts that are not there; a misspelt part is one error, so as many that are missing are not told as have a name that is none. */
static void
check_missing_parts(Sema *s, const Slot *slot, const AstExpr *e, const Tuple *have, uint32_t misspelt)
{
	const Tuple *want = slot->val.tuple;
	uint32_t missing = 0;
	for (uint32_t i = 0; i < want->n; i++)
		missing += !has_part(have, want->names->at[i].name);
	for (uint32_t i = 0; i < want->n && missing > misspelt; i++) {
		const char *name = want->names->at[i].name;
		if (has_part(have, name))
			continue;
		diag_begin(s->diag, E0224, e->span, "`%s` needs its part `%s`", slot->name, name);
		diag_label(s->diag, slot->span, "declared here");
		diag_help(s->diag, "add `%s: …`", name);
		diag_end(s->diag);
	}
}

static void
check_tuple_arg(Sema *s, const Slot *slot, const AstExpr *e, Val v)
{
	const Tuple *want = slot->val.tuple, *have = v.tuple;
	uint32_t misspelt = 0;
	for (uint32_t i = 0; i < have->n; i++) {
		const AstArg *part = &have->names->at[i];
		WordVec known = {0};
		uint32_t k = 0;
		while (k < want->n && want->names->at[k].name != part->name)
			sema_add_word(s, &known, want->names->at[k++].name);
		if (k < want->n) {
			Span at = e->kind == AEXPR_TUPLE ? part->value->span : e->span;
			fit_value(s, slot, at, have->dims[i], want->dims[k]);
			continue;
		}
		misspelt++;
		diag_begin(s->diag, E0218, part->name_span, "`%s` has no part `%s`", slot->name,
			   part->name);
		sema_help_names(s, part->name, &known, "it has", "it has no parts");
		diag_end(s->diag);
	}
	check_missing_parts(s, slot, e, have, misspelt);
}

static void
check_arg_value(Sema *s, const Slot *slot, AstExpr *e, bool of_neurons)
{
	s->where = of_neurons ? IN_NEURONS : IN_ARG;
	if (slot->val.type == ATYPE_LIST && is_file(s, e))
		s->where = IN_VALUE;
	Val v = sema_check_expr(s, e);
	if (v.type == ATYPE_ERROR || slot->val.type == ATYPE_ERROR)
		return;
	if (slot->val.type == ATYPE_LIST && !is_file(s, e)) {
		diag_begin(s->diag, E0302, e->span, "`%s` is a table, and is read from a file",
			   slot->name);
		diag_help(s->diag, "write `%s = file(\"x.npy\")`", slot->name);
		diag_end(s->diag);
		return;
	}
	if (slot->val.type == ATYPE_BOOL) {
		sema_need_condition(s, e, v);
	} else if (slot->val.type == ATYPE_TUPLE && v.type == ATYPE_TUPLE) {
		check_tuple_arg(s, slot, e, v);
	} else if (slot->val.type == ATYPE_TUPLE) {
		bool sound = (v.type == ATYPE_LIST && slot->lists) || sema_need_real(s, e, v);
		for (uint32_t i = 0; sound && i < slot->val.tuple->n; i++)
			fit_value(s, slot, e->span, v.dim, slot->val.tuple->dims[i]);
	} else if ((v.type == ATYPE_LIST && slot->lists) || sema_need_real(s, e, v)) {
		fit_value(s, slot, e->span, v.dim, slot->val.dim);
	}
}

static bool
find_slot(const AstModel *m, const Face *f, Name name, bool of_neurons, Slot *out)
{
	for (uint32_t i = 0; i < f->n_params; i++) {
		const AstParam *p = &m->params.at[i];
		if (p->name == name) {
			*out = (Slot){name, p->span, f->params[i], true};
			return true;
		}
	}
	for (uint32_t i = 0; of_neurons && i < f->n_states; i++) {
		const AstState *st = &m->states.at[i];
		if (st->name == name) {
			*out = (Slot){name, st->name_span, f->states[i], true};
			return true;
		}
	}
	for (uint32_t i = 0; i < f->n_needs; i++) {
		if (m->needs.at[i].name == name) {
			*out = (Slot){name, m->needs.at[i].span, f->needs[i], false};
			return true;
		}
	}
	return false;
}

static void
report_unknown_param(Sema *s, const AstArg *a, const AstDecl *model)
{
	WordVec known = {0};
	for (uint32_t i = 0; i < model->model.params.n; i++)
		sema_add_word(s, &known, model->model.params.at[i].name);
	for (uint32_t i = 0; i < model->model.needs.n; i++)
		sema_add_word(s, &known, model->model.needs.at[i].name);
	for (uint32_t i = 0; model->kind == ADECL_NEURON && i < model->model.states.n; i++)
		sema_add_word(s, &known, model->model.states.at[i].name);
	diag_begin(s->diag, E0204, a->name_span, "`%s` has no parameter `%s`", model->name,
		   a->name);
	sema_help_names(s, a->name, &known, "it has", "it takes no parameters");
	diag_end(s->diag);
}

static bool
has_signal(const Sema *s, Name name)
{
	for (uint32_t i = 0; i < s->top.n; i++)
		if (s->top.at[i]->sym.kind == ASYM_TOP_SIGNAL && s->top.at[i]->sym.name == name)
			return true;
	return false;
}

static void
check_missing(Sema *s, const AstArgVec *args, const AstDecl *model, Span use)
{
	const AstModel *m = &model->model;
	bool is_feature = model->kind == ADECL_FEATURE; /* its first parameter is the value */
	for (uint32_t i = is_feature; i < m->params.n + m->needs.n; i++) {
		bool is_signal = i >= m->params.n;
		Name name = is_signal ? m->needs.at[i - m->params.n].name : m->params.at[i].name;
		if (!is_signal && m->params.at[i].value)
			continue;
		uint32_t k = 0;
		while (k < args->n && args->at[k].name != name)
			k++;
		if (k < args->n)
			continue;
		diag_begin(s->diag, E0224, use,
			   is_signal ? "`%s` needs the signal `%s`" : "`%s` needs a value for `%s`",
			   model->name, name);
		diag_label(s->diag,
			   is_signal ? m->needs.at[i - m->params.n].span : m->params.at[i].span,
			   "declared here");
		if (is_feature)
			diag_help(s->diag, "add a line `%s = …` in its braces", name);
		else if (is_signal && has_signal(s, name))
			diag_help(s->diag, "write `%s(%s = %s)`", model->name, name, name);
		else if (is_signal)
			diag_help(s->diag, "write `%s(%s = …)` with a signal's name; one is declared by `signal %s = 0`", model->name, name, name);
		else
			diag_help(s->diag, "write `%s(%s = …)`", model->name, name);
		diag_end(s->diag);
	}
}

static void
check_args(Sema *s, const AstArgVec *args, const AstDecl *model, const Face *f, Span use)
{
	s->arg_of = model->kind == ADECL_NEURON ? ARG_OF_NEURON : ARG_OF_SYNAPSE;
	for (uint32_t i = 0; i < args->n; i++) {
		const AstArg *a = &args->at[i];
		Slot slot;
		for (uint32_t k = 0; k < i; k++) {
			if (a->name && args->at[k].name == a->name) {
				sema_report_twice(s, a->name, a->name_span, args->at[k].name_span,
						  "given");
				break;
			}
		}
		if (a->name && find_slot(&model->model, f, a->name, model->kind == ADECL_NEURON, &slot)) {
			check_arg_value(s, &slot, a->value, model->kind == ADECL_NEURON);
			continue;
		}
		if (a->name) {
			report_unknown_param(s, a, model);
		} else {
			diag_begin(s->diag, E0204, a->value->span,
				   "this value does not say which parameter of `%s` it is for",
				   model->name);
			if (i < model->model.params.n)
				diag_help(s->diag, "name it: `%s = …`",
					  model->model.params.at[i].name);
			else
				diag_help(s->diag, "name it, or leave it away");
			diag_end(s->diag);
		}
		s->where = IN_ARG;
		sema_check_expr(s, a->value);
	}
	s->arg_of = ARG_OF_NONE;
	check_missing(s, args, model, use);
}

/* ---- layers ------------------------------------------------------------------------------- */

static void
check_shape(Sema *s, const AstDecl *d)
{
	s->where = IN_CONST;
	for (uint32_t i = 0; i < d->layer.shape.n; i++)
		sema_check_dim(s, d->layer.shape.at[i].value, infer_none(),
			       (Say){"the size of a layer is a number, not @",
				     "write how many neurons, without a unit", NULL});
}

static void
check_own_traces(Sema *s, AstDecl *d, Face *f)
{
	AstModel *m = &sym_of(d->sym)->model->sym.decl->model;
	for (uint32_t i = 0; i < d->layer.traces.n; i++) {
		AstTrace *t = &d->layer.traces.at[i];
		Sym *sym = sema_new_sym(s, ASYM_TRACE, t->name, t->name_span);
		sym->sym.decl = d;
		sym->sym.index = f->n_traces;
		sym->sym.type = ATYPE_REAL;
		sym->val = sema_real(infer_fresh(&s->infer));
		t->sym = &sym->sym;
		f->traces[f->n_traces++] = sym->val;
		for (uint32_t k = 0; k < m->traces.n + i; k++) {
			const AstTrace *old = k < m->traces.n
						      ? &m->traces.at[k]
						      : &d->layer.traces.at[k - m->traces.n];
			if (old->name == t->name)
				sema_report_twice(s, t->name, t->name_span, old->name_span,
						  "declared");
		}
		if (t->of) {
			diag_begin(s->diag, E0632, t->name_span,
				   "the trace of a layer cannot be `of %s`", t->of);
			diag_help(s->diag, "leave `of` away: it follows the layer's own spikes");
			diag_end(s->diag);
		}
		s->members.n = 0;
		VEC_PUSH(s->arena, &s->members, sym);
		s->per_neuron = true;
		sema_check_trace(s, t, sym);
		s->per_neuron = false;
		s->members.n = 0;
	}
}

void
sema_check_layer(Sema *s, AstDecl *d)
{
	Sym *layer = sym_of(d->sym);
	AstExpr *name = d->layer.model;
	check_shape(s, d);
	Sym *model = sema_need_top(s, name->name, name->span, KIND(NEURON), "neuron model");
	if (!model || !model->face) {
		name->sema.type = ATYPE_ERROR;
		layer->broken = true;
		return;
	}
	name->sema.type = ATYPE_MODEL;
	name->sema.sym = &model->sym;
	layer->model = model;
	layer->face = instantiate(s, model->face, d->layer.traces.n);
	check_args(s, &d->layer.args, model->sym.decl, layer->face, name->span);
	check_own_traces(s, d, layer->face);
	sema_check_positions(s, d);
	sema_check_inputs(s, d);
	if (d->layer.method)
		sema_check_method(s, d->layer.method, d->layer.method_span,
				  sema_has_equations(&model->sym.decl->model));
}

/* ---- connections -------------------------------------------------------------------------- */

/* Where a connection starts; its layer. */
static Sym *
check_start(Sema *s, AstExpr *e)
{
	if (e->kind == AEXPR_MEMBER) {
		diag_begin(s->diag, E0205, e->span, "a connection starts at a layer, not at a part of one");
		diag_help(s->diag, "write the layer alone; only the target may have a port: `a -> b.exc`");
		diag_end(s->diag);
		e->sema.type = ATYPE_ERROR;
		return NULL;
	}
	Sym *sym = e->kind == AEXPR_NAME ? sema_need_top(s, e->name, e->span, KIND(LAYER), "layer")
					 : NULL;
	e->sema.sym = sym ? &sym->sym : NULL;
	e->sema.type = sym ? ATYPE_LAYER : ATYPE_ERROR;
	return sym;
}

/* A number or a list of them. */
static void
check_several(Sema *s, AstExpr *e, DimTerm value, Say say)
{
	Val v = sema_check_expr(s, e);
	if (v.type == ATYPE_LIST || sema_need_real(s, e, v))
		sema_fit(s, say, (Side){e->span, v.dim}, (Side){{0, 0}, value});
}

/* `pre`, or `positive` and `negative` with a truth value, or numbers that are not 0 where it holds. */
static void
check_sign(Sema *s, AstFeature *f)
{
	Name per = f->keep_sign_per, side = f->keep_sign_side;
	if (per && strcmp(per, "pre") != 0) {
		diag_begin(s->diag, E0649, f->keep_sign_per_span, "a sign cannot be kept `per %s`", per);
		diag_help(s->diag, "write `keep sign` for each value, or `keep sign per pre` for all that leave one neuron");
		diag_end(s->diag);
	}
	if (side && strcmp(side, "positive") != 0 && strcmp(side, "negative") != 0) {
		diag_begin(s->diag, E0649, f->keep_sign_side_span, "a sign is `positive` or `negative`, not `%s`", side);
		diag_help(s->diag, "write `keep sign positive where i < 80`: all others are negative");
		diag_end(s->diag);
	}
	if (!f->keep_sign_where)
		return;
	s->where = IN_VALUE;
	Val v = sema_check_expr(s, f->keep_sign_where);
	if (v.type != ATYPE_BOOL && v.type != ATYPE_LIST && v.type != ATYPE_ERROR)
		sema_need_real(s, f->keep_sign_where, v);
}

static void
check_stored(Sema *s, const AstFeature *f)
{
	if (!f->stored || !strcmp(f->stored, "f16") || !strcmp(f->stored, "bf16"))
		return;
	diag_begin(s->diag, E0655, f->stored_span, "values are stored as `f16` or `bf16`, not as `%s`", f->stored);
	diag_help(s->diag, "write `stored bf16` (8 bits of precision, the range of f32) or `stored f16` (11 bits, up to 65504)");
	diag_end(s->diag);
}

static void
check_limits(Sema *s, AstFeature *f, DimTerm value)
{
	check_sign(s, f);
	check_stored(s, f);
	s->where = IN_ARG;
	s->arg_of = ARG_OF_SYNAPSE;
	for (int upper = 0; upper < 2 && f->lo; upper++)
		check_several(s, upper ? f->hi : f->lo, value,
			      (Say){"the values are &, and this end of their range is @", "give both the same dimension", NULL});
	if (f->norm)
		check_several(s, f->norm, value,
			      (Say){"the values are &, and their sum cannot be @", "give the norm the dimension of the values", NULL});
	s->arg_of = ARG_OF_NONE;
	if (f->decay)
		sema_check_dim(s, f->decay, infer_none(),
			       (Say){"`decay` is the part lost in each step, a number, not @",
				     "write a number such as 0.001", NULL});
	if (f->average)
		sema_check_dim(s, f->average, infer_none(),
			       (Say){"changes are averaged over a number of steps, not @",
				     "write `average over 5 steps`", NULL});
	const Words *w = &s->words;
	if (f->reduce && f->reduce != w->sum && f->reduce != w->mean && f->reduce != w->max) {
		WordVec known = {0};
		sema_add_word(s, &known, w->sum);
		sema_add_word(s, &known, w->mean);
		sema_add_word(s, &known, w->max);
		diag_begin(s->diag, E0601, f->reduce_span, "changes cannot be reduced by `%s`",
			   f->reduce);
		sema_help_names(s, f->reduce, &known, "there are", "");
		diag_end(s->diag);
	}
}

/* What a neuron shows under a name; false: nothing, or no number. */
static bool
find_shown(const Sym *layer, Name name, Val *out)
{
	const AstDecl *d = layer->sym.decl;
	const AstModel *m = &layer->model->sym.decl->model;
	const Face *f = layer->face;
	for (uint32_t i = 0; i < f->n_states; i++) {
		if (i < m->states.n && m->states.at[i].name == name)
			*out = f->states[i];
	}
	for (uint32_t i = 0; i < f->n_traces; i++) {
		if ((i < m->traces.n ? m->traces.at[i].name : d->layer.traces.at[i - m->traces.n].name) == name)
			*out = f->traces[i];
	}
	for (uint32_t i = 0; i < f->n_params; i++) {
		if (m->params.at[i].name == name)
			*out = f->params[i];
	}
	return out->type == ATYPE_REAL;
}

/* pre.v and post.v of a model have the units that the neurons here give them. */
static void
check_sides(Sema *s, const Face *face, const char *model, Span use)
{
	for (uint32_t i = 0; i < face->n_sides; i++) {
		const SideUse *u = &face->sides[i];
		const Sym *layer = s->ends[u->post];
		Val v = {.type = ATYPE_ERROR};
		if (!layer || !layer->face || layer->broken || !layer->model || !find_shown(layer, u->name, &v))
			continue;
		Say say = {arena_printf(s->arena, "`$` takes `%s.%s` for &, and in layer `%s` it is @", u->post ? "post" : "pre",
					u->name, layer->sym.name),
			   "use the rule with other neurons, or let it divide by a unit", model};
		sema_fit(s, say, (Side){use, v.dim}, (Side){u->span, u->dim});
	}
}

static void
check_learn(Sema *s, AstFeature *f, DimTerm value)
{
	AstExpr *call = f->learn, *name = call->kind == AEXPR_CALL ? call->op[0] : call;
	if (name->kind != AEXPR_NAME)
		return;
	Sym *rule = sema_need_top(s, name->name, name->span, KIND(RULE), "learning rule");
	name->sema.type = call->sema.type = rule ? ATYPE_MODEL : ATYPE_ERROR;
	if (!rule || !rule->face)
		return;
	name->sema.sym = &rule->sym;
	f->sema_rule = rule->sym.decl;
	const AstDecl *model = f->sema_model;
	bool is_bool = model && model->model.params.n && model->model.params.at[0].is_bool;
	if (is_bool != f->sema_rule->model.learns_bool) {
		diag_begin(s->diag, E0306, name->span, "`%s` learns %s, and `%s` is %s", name->name,
			   is_bool ? "a number" : "true or false", f->name,
			   is_bool ? "true or false" : "a number");
		diag_label(s->diag, f->sema_rule->model.learns_span, "declared here");
		diag_help(s->diag, is_bool ? "a rule for it says `learns m : bool`"
					   : "attach it to a feature whose value is true or false, such as `mask`");
		diag_end(s->diag);
		f->sema_rule = NULL;
		return;
	}
	Face *face = instantiate(s, rule->face, 0);
	Say say = {"`$` learns &, and this value is @",
		   "the rule states a unit for what it learns; use a rule without one",
		   rule->sym.name};
	Span value_span = f->value ? f->value->span : f->shared_span;
	if (!is_bool)
		sema_fit(s, say, (Side){value_span, value}, (Side){name->span, face->learned});
	check_sides(s, face, rule->sym.name, name->span);
	static const AstArgVec none = {0};
	check_args(s, call->kind == AEXPR_CALL ? &call->args : &none, rule->sym.decl, face,
		   name->span);
}

/* The value of a feature becomes the first parameter of its model. */
static bool
check_value(Sema *s, AstFeature *f, const Face *face, const AstModel *m)
{
	s->where = IN_VALUE;
	Val v = sema_check_expr(s, f->value), want = face->params[0];
	if (v.type == ATYPE_ERROR || want.type == ATYPE_ERROR)
		return false;
	if (want.type == ATYPE_BOOL &&
	    is_file(s,
		    f->value)) { /* a file may hold either; what it holds is seen when it is read */
		f->value->sema.type = ATYPE_BOOL;
		return true;
	}
	if (want.type == ATYPE_BOOL)
		return sema_need_condition(s, f->value, v);
	if (v.type != ATYPE_LIST && !sema_need_real(s, f->value, v))
		return false;
	Say say = {"`$` takes &, not @", dim_help(s, f->name, want.dim), f->name};
	return sema_fit(s, say, (Side){f->value->span, v.dim},
			(Side){m->params.at[0].span, want.dim});
}

/* The value of an earlier feature of the connection; it stays that feature's own to learn. */
static bool
check_shared(Sema *s, const AstDecl *c, uint32_t at, const Face *face)
{
	const AstFeature *f = &c->connect.features.at[at], *of = NULL;
	WordVec known = {0};
	for (uint32_t i = 0; i < at; i++) {
		sema_add_word(s, &known, c->connect.features.at[i].name);
		if (c->connect.features.at[i].name == f->shared)
			of = &c->connect.features.at[i];
	}
	if (!of) {
		diag_begin(s->diag, E0203, f->shared_span,
			   "no feature before this one is called `%s`", f->shared);
		sema_help_names(s, f->shared, &known, "there are",
				"share the value of a feature that stands before this one");
		diag_end(s->diag);
		return false;
	}
	if (f->learn || f->norm || f->decay || f->lo || f->keep_sign || f->stored) {
		diag_begin(s->diag, E0624, f->span, "`%s` shares the value of `%s`, and only `%s` "
			   "can change it", f->name, of->name, of->name);
		diag_label(s->diag, of->name_span, "the value is declared here");
		diag_help(s->diag, "move these lines into the braces of `%s`", of->name);
		diag_end(s->diag);
		return false;
	}
	const AstDecl *model = of->sema_model;
	bool is_bool = model && model->model.params.n && model->model.params.at[0].is_bool;
	if (!model || (face->params[0].type == ATYPE_BOOL) == is_bool)
		return model != NULL;
	diag_begin(s->diag, E0306, f->shared_span, "`%s` is %s, and `%s` takes %s", of->name,
		   is_bool ? "true or false" : "a number", f->name,
		   is_bool ? "a number" : "true or false");
	diag_help(s->diag, "share a value of the same kind");
	diag_end(s->diag);
	return false;
}

/* Puts one feature behind the others; *signal: what comes out of them, and the last value. False if
 * that is not known any more. */
static bool
check_feature(Sema *s, AstDecl *c, uint32_t at, Side *signal)
{
	AstFeature *f = &c->connect.features.at[at];
	Sym *model = sema_need_top(s, f->model, f->model_span, KIND(FEATURE), "feature");
	if (!model || !model->face) {
		s->where = IN_VALUE;
		if (f->value)
			sema_check_expr(s, f->value);
		for (uint32_t i = 0; i < f->args.n; i++)
			sema_check_expr(s, f->args.at[i].value);
		return false;
	}
	AstDecl *d = model->sym.decl;
	f->sema_model = d;
	if (d->model.params.n == 0) {
		diag_begin(s->diag, E0625, f->name_span, "the feature `%s` takes no value",
			   f->model);
		diag_label(s->diag, d->name_span, "declared here");
		diag_help(s->diag, "give it a parameter: `feature %s(value) { … }`", f->model);
		diag_end(s->diag);
		return false;
	}
	Face *face = instantiate(s, model->face, 0);
	bool sound = f->value ? check_value(s, f, face, &d->model) : check_shared(s, c, at, face);
	check_args(s, &f->args, d, face, f->name_span);
	check_sides(s, face, f->model, f->name_span);
	DimTerm value = face->params[0].type == ATYPE_REAL ? face->params[0].dim : infer_none();
	check_limits(s, f, value);
	if (face->params[0].type == ATYPE_REAL)
		infer_unify(&s->infer, s->fellows[at], value);
	s->attached = c;
	if (f->learn)
		check_learn(s, f, value);
	s->attached = NULL;
	if (!sound)
		return false;
	Say say = {"`$` takes a signal that is @, and what comes in is &",
		   "bring this value into the unit of the values before it", f->name};
	Span value_span = f->value ? f->value->span : f->shared_span;
	if (!sema_fit(s, say, (Side){value_span, face->signal_in}, *signal))
		return false;
	*signal = (Side){value_span, face->signal_out};
	return true;
}

/* Does its rule know in which unit the values are? */
static bool
rule_has_unit(Sema *s, const AstFeature *f)
{
	const Sym *rule = f->sema_rule ? (const Sym *)f->sema_rule->sym : NULL;
	return rule && rule->face && !infer_is_open(&s->infer, rule->face->learned);
}

static void
check_connect(Sema *s, AstDecl *d)
{
	Sym *to = NULL, *from = check_start(s, d->connect.from);
	const DimTerm *arrives = sema_check_target(s, d->connect.to, &to);
	s->ends[0] = from;
	s->ends[1] = to;
	if (d->connect.pattern)
		sema_check_pattern(s, d->connect.pattern);
	Side signal = {{0, 0}, infer_none()};
	bool sound = from && arrives;
	s->fellows = ARENA_ARRAY(s->arena, DimTerm, d->connect.features.n + 1);
	for (uint32_t i = 0; i < d->connect.features.n; i++)
		s->fellows[i] = infer_fresh(&s->infer);
	for (uint32_t i = 0; i < d->connect.features.n; i++) {
		AstFeature *f = &d->connect.features.at[i];
		for (uint32_t k = 0; k < i; k++) {
			if (d->connect.features.at[k].name == f->name) {
				sema_report_twice(s, f->name, f->name_span,
						  d->connect.features.at[k].name_span, "declared");
				sound = false;
				break;
			}
		}
		sound &= check_feature(s, d, i, &signal);
	}
	if (!sound || d->connect.features.n == 0)
		return;
	const AstFeature *last = &d->connect.features.at[0];
	Span why = infer_reduce(&s->infer, signal.dim).why;
	for (uint32_t i = 1; i < d->connect.features.n; i++) {
		if (d->connect.features.at[i].span.lo <= why.lo)
			last = &d->connect.features.at[i];
	}
	Say say = {"`$` takes &, and this connection brings @",
		   rule_has_unit(s, last) ? arena_printf(s->arena, "`%s` fixes the unit of what it learns; bring that of the target by another feature: `efficacy : "
								   "weight = … { learn %s() }` beside `weight = 1 mV`", last->sema_rule->name, last->sema_rule->name)
					  : "give the weights the unit of the target's input, or none", to->sym.name};
	sema_fit(s, say, (Side){last->value ? last->value->span : last->shared_span, signal.dim},
		 (Side){d->connect.to->span, *arrives});
}

void
sema_check_connect(Sema *s, AstDecl *d)
{
	check_connect(s, d);
	s->ends[0] = s->ends[1] = NULL;
}
