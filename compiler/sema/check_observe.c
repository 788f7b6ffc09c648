/* check_observe: what is seen of a network: states, traces and spikes of layers, features of
 * connections, and the draws that a file may feed. */
#include "sema/check.h"

#include "base/panic.h"

#include <string.h>

static Sym *
new_member(Sema *s, AstExpr *e, AstSymKind kind, AstDecl *d, uint32_t index, Val v)
{
	Sym *sym = sema_new_sym(s, kind, e->name, (Span){0, 0});
	sym->sym.decl = d;
	sym->sym.index = index;
	sym->sym.type = v.type;
	sym->val = v;
	e->sema.sym = &sym->sym;
	sema_set_type(s, e, v);
	return sym;
}

/* ---- members of layers and connections ---------------------------------------------------- */

static Sym *
find_in_layer(Sema *s, AstExpr *e, const Sym *layer, WordVec *known)
{
	AstDecl *d = layer->sym.decl;
	const AstModel *m = &layer->model->sym.decl->model;
	const Face *f = layer->face;
	sema_add_word(s, known, s->words.spikes);
	if (e->name == s->words.spikes)
		return new_member(s, e, ASYM_SPIKES_OF, d, 0, sema_real(infer_none()));
	for (uint32_t i = 0; i < f->n_states; i++) {
		sema_add_word(s, known, m->states.at[i].name);
		if (m->states.at[i].name == e->name)
			return new_member(s, e, ASYM_STATE_OF, d, i, f->states[i]);
	}
	for (uint32_t i = 0; i < f->n_traces; i++) {
		const AstTrace *t =
			i < m->traces.n ? &m->traces.at[i] : &d->layer.traces.at[i - m->traces.n];
		sema_add_word(s, known, t->name);
		if (t->name == e->name)
			return new_member(s, e, ASYM_TRACE_OF, d, i, f->traces[i]);
	}
	for (uint32_t i = 0; i < f->n_params; i++) {
		sema_add_word(s, known, m->params.at[i].name);
		if (m->params.at[i].name == e->name)
			return new_member(s, e, ASYM_PARAM_OF, d, i, f->params[i]);
	}
	uint32_t axis;
	DimTerm dim;
	if (sema_place_of(s, d, e->name, &axis, &dim))
		return new_member(s, e, ASYM_STATE_OF, d, m->states.n + axis, sema_real(dim));
	const Words *w = &s->words;
	const Name votes[] = {w->votes, w->labels, w->label_rates, w->label_proportions};
	for (uint32_t i = 0; i < sizeof votes / sizeof *votes; i++) {
		if (e->name == votes[i])
			return new_member(s, e, ASYM_VOTES_OF, d, i, sema_real(infer_none()));
	}
	return NULL;
}

static bool
is_truth(const AstFeature *f)
{
	return f->sema_model && f->sema_model->model.params.n && f->sema_model->model.params.at[0].is_bool;
}

static Sym *
find_in_connection(Sema *s, AstExpr *e, const Sym *c, WordVec *known)
{
	AstDecl *d = c->sym.decl;
	const AstExpr *by = d->connect.pattern;
	if (by && by->kind == AEXPR_CALL && by->op[0]->kind == AEXPR_NAME && !strcmp(by->op[0]->name, "max_pool")) {
		sema_add_word(s, known, "rate");
		if (!strcmp(e->name, "rate"))
			return new_member(s, e, ASYM_RATE_OF, d, 0, sema_real(infer_none()));
	}
	for (uint32_t i = 0; i < d->connect.features.n; i++) {
		const AstFeature *f = &d->connect.features.at[i];
		sema_add_word(s, known, f->name);
		if (f->name == e->name)
			return new_member(s, e, ASYM_FEATURE_OF, d, i,
					  is_truth(f) ? sema_bool() : sema_real(infer_fresh(&s->infer)));
	}
	return NULL;
}

/* The layer or connection before the dot; NULL: an error was reported, here or where it stands. */
static Sym *
check_owner(Sema *s, AstExpr *e, const char *what, uint32_t kinds, const char *owner)
{
	e->sema.type = ATYPE_ERROR;
	if (e->kind == AEXPR_ERROR)
		return NULL;
	if (e->kind != AEXPR_MEMBER || e->op[0]->kind != AEXPR_NAME) {
		diag_begin(s->diag, E0232, e->span, "this names no %s", what);
		diag_help(s->diag, "name its owner too: `exc.v`, `input.weight`");
		diag_end(s->diag);
		return NULL;
	}
	AstExpr *base = e->op[0];
	base->sema.type = ATYPE_ERROR;
	Sym *sym = sema_need_top(s, base->name, base->span, kinds, owner);
	if (!sym)
		return NULL;
	base->sema.sym = &sym->sym;
	base->sema.type = sym->val.type;
	return sym->sym.kind == ASYM_LAYER && (sym->broken || !sym->face) ? NULL : sym;
}

/* connection.feature.state: of the feature, else of its rule */
static Sym *
find_in_feature(Sema *s, AstExpr *e)
{
	e->sema.type = ATYPE_ERROR;
	Sym *owner = sema_check_variable(s, e->op[0], "feature");
	if (!owner || owner->sym.kind != ASYM_FEATURE_OF)
		return NULL;
	const AstFeature *f = &owner->sym.decl->connect.features.at[owner->sym.index];
	if (!f->sema_model)
		return NULL;
	WordVec known = {0};
	const AstModel *m = &f->sema_model->model;
	for (uint32_t i = 0; i < m->states.n; i++) {
		sema_add_word(s, &known, m->states.at[i].name);
		if (m->states.at[i].name != e->name)
			continue;
		Sym *sym = new_member(s, e, ASYM_KEPT_OF, owner->sym.decl, owner->sym.index,
				      sema_real(infer_fresh(&s->infer)));
		sym->sym.state = i;
		return sym;
	}
	const AstModel *rule = f->sema_rule ? &f->sema_rule->model : NULL;
	for (uint32_t i = 0; rule && i < rule->states.n; i++) {
		sema_add_word(s, &known, rule->states.at[i].name);
		if (rule->states.at[i].name != e->name)
			continue;
		Sym *sym = new_member(s, e, ASYM_RULE_STATE_OF, owner->sym.decl, owner->sym.index,
				      sema_real(infer_fresh(&s->infer)));
		sym->sym.state = i;
		return sym;
	}
	for (uint32_t i = 0; rule && i < rule->traces.n; i++) {
		sema_add_word(s, &known, rule->traces.at[i].name);
		if (rule->traces.at[i].name != e->name)
			continue;
		Sym *sym = new_member(s, e, ASYM_RULE_STATE_OF, owner->sym.decl, owner->sym.index,
				      sema_real(infer_fresh(&s->infer)));
		sym->sym.state = rule->states.n + i;
		return sym;
	}
	diag_begin(s->diag, E0203, e->name_span, "feature `%s` has no state `%s`", f->name,
		   e->name);
	sema_help_names(s, e->name, &known, "it has", "it has no states");
	diag_end(s->diag);
	return NULL;
}

/* reward, dopamine.d: a signal, or a state of it; *is_one: false if it is none of these, and nothing was reported. */
static Sym *
find_signal(Sema *s, AstExpr *e, bool *is_one)
{
	AstExpr *base = e->kind == AEXPR_MEMBER ? e->op[0] : e;
	Sym *sym = base->kind == AEXPR_NAME ? sema_find_top(s, base->name, KIND(TOP_SIGNAL)) : NULL;
	*is_one = sym != NULL;
	if (!sym)
		return NULL;
	base->sema.sym = &sym->sym;
	sema_set_type(s, base, sym->val);
	const AstModel *m = sym->sym.decl->value.block;
	if (base == e)
		return sym;
	e->sema.type = ATYPE_ERROR;
	WordVec known = {0};
	for (uint32_t i = 0; m && i < m->states.n; i++) {
		sema_add_word(s, &known, m->states.at[i].name);
		if (m->states.at[i].name == e->name)
			return new_member(s, e, ASYM_SIGNAL_STATE_OF, sym->sym.decl, i, ((Sym *)m->states.at[i].sym)->val);
	}
	diag_begin(s->diag, E0203, e->name_span, "signal `%s` has no state `%s`", sym->sym.name, e->name);
	sema_help_names(s, e->name, &known, "it has", "it has none: name the signal alone");
	diag_end(s->diag);
	return NULL;
}

Sym *
sema_check_variable(Sema *s, AstExpr *e, const char *what)
{
	bool is_signal;
	Sym *signal = find_signal(s, e, &is_signal);
	if (is_signal)
		return signal;
	if (e->kind == AEXPR_MEMBER && e->op[0]->kind == AEXPR_MEMBER)
		return find_in_feature(s, e);
	Sym *owner = check_owner(s, e, what, KIND(LAYER) | KIND(CONNECTION), "layer or connection");
	if (!owner)
		return NULL;
	WordVec known = {0};
	bool is_layer = owner->sym.kind == ASYM_LAYER;
	Sym *sym = is_layer ? find_in_layer(s, e, owner, &known)
			    : find_in_connection(s, e, owner, &known);
	if (sym)
		return sym;
	diag_begin(s->diag, E0203, e->name_span, "%s `%s` has no %s `%s`",
		   is_layer ? "layer" : "connection", owner->sym.name,
		   is_layer ? "state, trace or parameter" : "feature", e->name);
	sema_help_names(s, e->name, &known, "it has", "give it one: `{ weight = uniform(0, 1) }`");
	diag_end(s->diag);
	return NULL;
}

/* ---- records, plots ----------------------------------------------------------------------- */

Sym *
sema_find_phase(Sema *s, Name name, Span at)
{
	WordVec known = {0};
	for (uint32_t i = 0; i < s->phases.n; i++) {
		sema_add_word(s, &known, s->phases.at[i]->sym.name);
		if (s->phases.at[i]->sym.name == name)
			return s->phases.at[i];
	}
	if (s->torn)
		return NULL;
	diag_begin(s->diag, E0210, at, "the experiment has no phase `%s`", name);
	sema_help_names(s, name, &known, "it has",
			"name a loop: `for image, label in digits as training { }`");
	diag_end(s->diag);
	return NULL;
}

/* every 10 steps, every 1000 samples, every 5 ms */
static void
check_every(Sema *s, AstExpr *e, bool samples)
{
	s->where = IN_ARG;
	DimTerm dim;
	Dim is;
	if (!sema_check_real(s, e, &dim))
		return;
	bool is_time = infer_dim(&s->infer, dim, &is) && is.twice[DIM_TIME] == 2;
	is.twice[DIM_TIME] = 0;
	if (is_time && !samples && dim_is_none(is) && !infer_is_open(&s->infer, dim))
		return;
	sema_fit(s,
		 (Say){samples ? "samples are counted by &, not by @"
			       : "steps are counted by &, not by @",
		       "write a number, as in `every 10 steps` or `every 1000 samples`", NULL},
		 (Side){e->span, dim}, (Side){{0, 0}, infer_none()});
}

static void
check_time(Sema *s, AstExpr *e)
{
	Dim time = {0};
	time.twice[DIM_TIME] = 2;
	s->where = IN_ARG;
	sema_check_dim(s, e, infer_stated(time, e->span), (Say){"when something is recorded is &, not @", "write a time, as in `from 1 s to 2 s`", NULL});
}

static void
check_one_of(Sema *s, Name name, Span at, const char *const *known, uint32_t n, const char *what)
{
	WordVec words = {0};
	for (uint32_t i = 0; i < n; i++) {
		sema_add_word(s, &words, known[i]);
		if (strcmp(name, known[i]) == 0)
			return;
	}
	diag_begin(s->diag, E0835, at, "%s `%s`", what, name);
	sema_help_names(s, name, &words, "there is", "leave it away");
	diag_end(s->diag);
}

/* histogram(x, bins = 50, low = 0, high = 1): the ends are of the kind of x. */
static void
check_gather(Sema *s, AstDecl *d, const Sym *of)
{
	static const char *const gathers[] = {"mean", "sum", "min", "max", "rate", "histogram", "average"}, *const args[] = {"bins", "low", "high"};
	check_one_of(s, d->record.gather, d->record.gather_span, gathers, 7, "nothing can be recorded as");
	for (uint32_t i = 0; i < d->record.args.n; i++) {
		AstArg *a = &d->record.args.at[i];
		bool histogram = strcmp(d->record.gather, "histogram") == 0, bins = strcmp(a->name, "bins") == 0;
		s->where = IN_ARG;
		check_one_of(s, a->name, a->name_span, args, histogram ? 3 : 0, "this record takes no argument");
		if (of)
			sema_check_dim(s, a->value, bins ? infer_none() : of->val.dim,
			               (Say){"this is &, not @", "`bins` is a number; `low` and `high` are of the kind of what is counted", NULL});
	}
}

void
sema_check_record(Sema *s, AstDecl *d)
{
	static const char *const forms[] = {"bits"};
	AstExpr *layer = d->record.what;
	if (d->record.gather && strcmp(d->record.gather, "rate") == 0 && layer->kind == AEXPR_NAME) {
		AstExpr *e = ARENA_NEW(s->arena, AstExpr);        /* rate(exc): of its spikes */
		*e = (AstExpr){.kind = AEXPR_MEMBER, .span = layer->span, .name = s->words.spikes, .name_span = layer->span,
			       .op = {layer}, .depth = 2};
		d->record.what = e;
	}
	Sym *of = sema_check_variable(s, d->record.what, "variable");
	if (d->record.gather)
		check_gather(s, d, of);
	if (d->record.form)
		check_one_of(s, d->record.form, d->record.form_span, forms, 1, "nothing is recorded as");
	for (uint32_t i = 0; i < d->record.part.n; i++) {
		AstExpr *e = d->record.part.at[i].value;
		bool range = e->kind == AEXPR_RANGE;
		if (e->kind == AEXPR_ERROR)
			continue;
		for (int k = 0; k < (!range ? 1 : e->op[2] ? 3 : 2); k++) {
			s->where = IN_ARG;
			sema_check_dim(s, range ? e->op[k] : e, infer_none(), (Say){"neurons are numbered by &, not by @", "write `[0 ..< 10]`", NULL});
		}
	}
	if (d->record.from) {
		check_time(s, d->record.from);
		check_time(s, d->record.to);
	}
	if (d->record.every)
		check_every(s, d->record.every, d->record.samples);
	if (d->record.during)
		sema_find_phase(s, d->record.during, d->record.during_span);
}

void
sema_check_plot(Sema *s, AstDecl *d)
{
	sema_check_variable(s, d->plot.what, "variable");
	s->where = IN_CONST;
	for (uint32_t i = 0; i < d->plot.dims.n; i++)
		sema_check_dim(s, d->plot.dims.at[i].value, infer_none(),
			       (Say){"the size of a plot is &, not @",
				     "write how many pixels, without a unit", NULL});
	if (d->plot.form == s->words.fields)
		return;
	diag_begin(s->diag, E0231, d->plot.form_span, "nothing can be plotted as `%s`",
		   d->plot.form);
	const char *fields = s->words.fields;
	if (suggest(d->plot.form, &fields, 1))
		diag_suggest(s->diag, d->plot.form, fields);
	else
		diag_help(s->diag, "there is `%s`, of weights: `plot input.weight as %s[28, 28]`; numbers for plots of your own are kept by `record exc.spikes`",
			  fields, fields);
	diag_end(s->diag);
}

/* ---- draws -------------------------------------------------------------------------------- */

static bool
draws_something(const AstExpr *e)
{
	if (!e)
		return false;
	if (e->kind == AEXPR_CALL && e->sema.type != ATYPE_ERROR && e->op[0]->kind == AEXPR_NAME &&
	    e->op[0]->sema.sym && e->op[0]->sema.sym->kind == ASYM_FUNCTION &&
	    sema_is_draw(e->op[0]->sema.sym->index))
		return true;
	bool any =
		draws_something(e->op[0]) || draws_something(e->op[1]) || draws_something(e->op[2]);
	for (uint32_t i = 0; i < e->args.n; i++)
		any |= draws_something(e->args.at[i].value);
	return any;
}

static bool
has_noise(const AstExpr *e)
{
	if (!e)
		return false;
	bool any = e->kind == AEXPR_NAME && e->sema.sym && e->sema.sym->kind == ASYM_NOISE;
	for (int k = 0; k < 3; k++)
		any |= has_noise(e->op[k]);
	for (uint32_t i = 0; i < e->args.n; i++)
		any |= has_noise(e->args.at[i].value);
	return any;
}

/* The noise of an equation, or of a `let` among them: `xi_v`; NULL: it has none. */
static Name
noise_site(Sema *s, const AstStmt *a)
{
	bool named = a->kind == ASTMT_LET || a->kind == ASTMT_EQUATION;
	if (!named || !has_noise(a->e))
		return NULL;
	return intern(s->names, arena_printf(s->arena, "xi_%s", a->kind == ASTMT_LET ? a->name : a->target->name));
}

/* The statement that draws for `name`; all names that draw go to `known`. */
static AstStmt *
find_site(Sema *s, const AstStmtVec *block, Name name, WordVec *known)
{
	AstStmt *found = NULL;
	for (uint32_t i = 0; i < block->n; i++) {
		AstStmt *a = block->at[i], *inner = NULL;
		Name site = NULL, noise = noise_site(s, a);
		if (noise)
			sema_add_word(s, known, noise);
		if (!found && noise && noise == name)
			found = a;
		if (a->kind == ASTMT_KEEP_ONE) {
			site = s->words.keep;
		} else if (a->kind == ASTMT_LET && draws_something(a->e)) {
			site = a->name;
		} else if ((a->kind == ASTMT_ASSIGN || a->kind == ASTMT_EQUATION) && a->target->kind == AEXPR_NAME &&
			   draws_something(a->e)) {
			site = a->target->name;
		} else if (a->kind == ASTMT_IF) {
			inner = find_site(s, &a->body, name, known);
			AstStmt *other = find_site(s, &a->other, name, known);
			inner = inner ? inner : other;
		}
		if (site)
			sema_add_word(s, known, site);
		if (!found)
			found = site && site == name ? a : inner;
	}
	return found;
}

/* connection.feature.site */
static void
check_feature_draws(Sema *s, AstExpr *e)
{
	Sym *owner = sema_check_variable(s, e->op[0], "feature");
	e->sema.type = ATYPE_ERROR;
	if (!owner || owner->sym.kind != ASYM_FEATURE_OF)
		return;
	const AstFeature *f = &owner->sym.decl->connect.features.at[owner->sym.index];
	if (!f->sema_model)
		return;
	WordVec known = {0};
	AstStmt *site = NULL;
	const AstModel *m = &f->sema_model->model;
	for (uint32_t i = 0; i < m->handlers.n && !site; i++)
		site = find_site(s, &m->handlers.at[i].body, e->name, &known);
	if (site) {
		Sym *sym = new_member(s, e, ASYM_LOCAL, owner->sym.decl, 0,
				      (Val){.type = ATYPE_OTHER});
		sym->sym.stmt = site;
		return;
	}
	diag_begin(s->diag, E0221, e->name_span, "feature `%s` draws nothing called `%s`", f->name,
		   e->name);
	sema_help_names(s, e->name, &known, "it draws",
			"it draws no random numbers: leave this line away");
	diag_end(s->diag);
}

void
sema_check_draws(Sema *s, AstDecl *d)
{
	AstExpr *e = d->draws.site;
	s->where = IN_CONST;
	sema_need_string(s, d->draws.path, sema_check_expr(s, d->draws.path));
	if (e->kind == AEXPR_MEMBER && e->op[0]->kind == AEXPR_MEMBER) {
		check_feature_draws(s, e);
		return;
	}
	const Sym *signal = e->kind == AEXPR_MEMBER && e->op[0]->kind == AEXPR_NAME ? sema_find_top(s, e->op[0]->name, KIND(TOP_SIGNAL)) : NULL;
	if (signal) {
		e->sema.type = ATYPE_ERROR;
		diag_begin(s->diag, E0205, e->span, "what a signal draws cannot be read from a file");
		diag_label(s->diag, signal->sym.span, "declared here");
		diag_help(s->diag, "make a signal of the file, and read that: `signal drawn = file(\"x.npy\")`");
		diag_end(s->diag);
		return;
	}
	Sym *layer = check_owner(s, e, "draw site", KIND(LAYER), "layer");
	if (!layer)
		return;
	const AstModel *m = &layer->model->sym.decl->model;
	WordVec known = {0};
	AstStmt *site = NULL;
	for (uint32_t i = 0; i < m->handlers.n; i++) {
		AstStmt *found = find_site(s, &m->handlers.at[i].body, e->name, &known);
		site = site ? site : found;
	}
	if (!site) {
		diag_begin(s->diag, E0221, e->name_span, "layer `%s` draws nothing called `%s`",
			   layer->sym.name, e->name);
		sema_help_names(s, e->name, &known, "it draws",
				"its model draws no random numbers: leave this line away");
		diag_end(s->diag);
		return;
	}
	Sym *sym = new_member(s, e, ASYM_LOCAL, layer->sym.decl, 0, (Val){.type = ATYPE_OTHER});
	sym->sym.stmt = site;
}
