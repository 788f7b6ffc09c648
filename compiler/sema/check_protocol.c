/* check_protocol: settings, data sources and the experiment. */
#include "sema/check.h"

#include "base/panic.h"

static Sym *
sym_of(AstSym *sym)
{
	return (Sym *)sym;
}

static DimTerm
a_time(void)
{
	return infer_stated((Dim){{2}}, (Span){0, 0});
}

void
sema_check_setting(Sema *s, AstDecl *d)
{
	s->where = IN_CONST;
	if (d->name == s->words.dt)
		sema_check_dim(
			s, d->value.value, a_time(),
			(Say){"the time step is &, not @", "write a time: `dt = 1 ms`", NULL});
	else
		sema_check_dim(s, d->value.value, infer_none(),
			       (Say){"`$` is &, not @", "write a number without a unit", d->name});
}

/* ---- data --------------------------------------------------------------------------------- */

static void
report_bad_source(Sema *s, const AstExpr *e)
{
	diag_begin(s->diag, E0205, e->span, "this is no data source");
	diag_help(s->diag, "write `idx(\"images.gz\", \"labels.gz\")` or `drawn_digits()`, or both "
			   "with `or` between them");
	diag_end(s->diag);
}

static uint32_t
columns_of_call(Sema *s, AstExpr *e)
{
	Name name = e->op[0]->kind == AEXPR_NAME ? e->op[0]->name : NULL;
	e->sema.type = ATYPE_DATA;
	e->op[0]->sema.type = ATYPE_OTHER;
	if (name == s->words.drawn_digits) {
		if (e->args.n) {
			diag_begin(s->diag, E0515, e->span, "`drawn_digits` takes no arguments");
			diag_help(s->diag, "write `drawn_digits()`");
			diag_end(s->diag);
		}
		return 2;
	}
	if (name != s->words.idx && name != s->words.npy && name != s->words.npz && name != s->words.csv && name != s->words.events) {
		WordVec known = {0};
		sema_add_word(s, &known, s->words.idx);
		sema_add_word(s, &known, s->words.npy);
		sema_add_word(s, &known, s->words.npz);
		sema_add_word(s, &known, s->words.csv);
		sema_add_word(s, &known, s->words.events);
		sema_add_word(s, &known, s->words.drawn_digits);
		if (!name) {
			report_bad_source(s, e);
			return 0;
		}
		diag_begin(s->diag, E0206, e->op[0]->span, "no data source is called `%s`", name);
		sema_help_names(s, name, &known, "there are", "");
		diag_end(s->diag);
		return 0;
	}
	for (uint32_t i = 0; i < e->args.n; i++)
		sema_need_string(s, e->args.at[i].value, sema_check_expr(s, e->args.at[i].value));
	if (e->args.n)
		return e->args.n;
	diag_begin(s->diag, E0515, e->span, "`%s` needs at least one file", name);
	diag_help(s->diag, "write `idx(\"images.gz\", \"labels.gz\")`");
	diag_end(s->diag);
	return 0;
}

/* Number of columns; 0: an error was reported. */
static uint32_t
columns_of(Sema *s, AstExpr *e)
{
	if (e->kind == AEXPR_CALL)
		return columns_of_call(s, e);
	e->sema.type = ATYPE_ERROR;
	if (e->kind != AEXPR_BINARY || e->op_kind != AOP_OR) {
		if (e->kind != AEXPR_ERROR)
			report_bad_source(s, e);
		return 0;
	}
	e->sema.type = ATYPE_DATA;
	uint32_t a = columns_of(s, e->op[0]), b = columns_of(s, e->op[1]);
	if (a && b && a != b) {
		diag_begin(s->diag, E0705, e->op[1]->span,
			   "this source has %u column%s, the first one has %u", b,
			   b == 1 ? "" : "s", a);
		diag_label(s->diag, e->op[0]->span, "%u column%s", a, a == 1 ? "" : "s");
		diag_help(s->diag, "sources joined by `or` stand for each other, so they need the "
				   "same columns");
		diag_end(s->diag);
		return 0;
	}
	return a && b ? a : 0;
}

void
sema_check_data(Sema *s, AstDecl *d)
{
	s->where = IN_CONST;
	sym_of(d->sym)->columns = columns_of(s, d->value.value);
}

/* ---- loops -------------------------------------------------------------------------------- */

static void
check_range(Sema *s, AstExpr *e)
{
	Say say = {"samples are counted by numbers, not by @", "write a number without a unit",
		   NULL};
	const AstArgVec *args = &e->args;
	AstExpr *range = args->n == 1 ? args->at[0].value : NULL;
	if (range && range->kind == AEXPR_ERROR)
		return;
	if (!range || range->kind != AEXPR_RANGE) {
		diag_begin(s->diag, E0810, e->span, "a loop goes over a range of samples");
		diag_help(s->diag, "write `%s[0 ..< 100]`",
			  e->op[0]->kind == AEXPR_NAME ? e->op[0]->name : "digits");
		diag_end(s->diag);
		return;
	}
	range->sema.type = ATYPE_OTHER;
	s->where = IN_CONST;
	sema_check_dim(s, range->op[0], infer_none(), say);
	sema_check_dim(s, range->op[1], infer_none(), say);
}

/* for k in 0 ..< n { }: one name, a number that counts. */
static void
check_count(Sema *s, AstStmt *loop)
{
	Say say = {"turns are counted by numbers, not by @", "write a number without a unit", NULL};
	AstExpr *range = loop->target;
	range->sema.type = ATYPE_OTHER;
	Where outer = s->where;
	s->where = IN_CONST;
	sema_check_dim(s, range->op[0], infer_none(), say);
	sema_check_dim(s, range->op[1], infer_none(), say);
	s->where = outer;
	if (loop->names.n != 1) {
		diag_begin(s->diag, E0810, loop->names.at[1].span, "a range gives one number for each turn");
		diag_help(s->diag, "name it: `for k in 0 ..< 100`");
		diag_end(s->diag);
	}
	Sym *sym = sema_new_sym(s, ASYM_TURN, loop->names.at[0].name, loop->names.at[0].span);
	sym->sym.stmt = loop;
	sym->sym.type = ATYPE_REAL;
	sym->val = sema_real(infer_none());
	loop->count_sym = &sym->sym;
	VEC_PUSH(s->arena, &s->locals, sym);
}

static Sym *
check_loop_data(Sema *s, AstExpr *e)
{
	AstExpr *name = e->kind == AEXPR_INDEX ? e->op[0] : e;
	e->sema.type = ATYPE_DATA;
	if (e->kind == AEXPR_INDEX)
		check_range(s, e);
	if (name->kind == AEXPR_ERROR)
		return NULL;
	if (name->kind != AEXPR_NAME) {
		diag_begin(s->diag, E0810, name->span, "a loop goes over data");
		diag_help(s->diag, "declare it, `data digits = …`, and write `for image, label in "
				   "digits[0 ..< 100]`");
		diag_end(s->diag);
		return NULL;
	}
	Sym *data = sema_need_top(s, name->name, name->span, KIND(DATA), "data source");
	name->sema.sym = data ? &data->sym : NULL;
	name->sema.type = data ? ATYPE_DATA : ATYPE_ERROR;
	return data;
}

static void
declare_columns(Sema *s, AstStmt *loop, const Sym *data)
{
	for (uint32_t i = 0; i < loop->names.n; i++) {
		Sym *sym = sema_new_sym(s, ASYM_COLUMN, loop->names.at[i].name,
					loop->names.at[i].span);
		sym->sym.stmt = loop;
		sym->sym.index = i;
		sym->sym.type = ATYPE_REAL;
		sym->val.type = ATYPE_REAL;
		for (uint32_t k = 0; k < i; k++) {
			if (loop->names.at[k].name == sym->sym.name)
				sema_report_twice(s, sym->sym.name, sym->sym.span,
						  loop->names.at[k].span, "declared");
		}
		VEC_PUSH(s->arena, &s->locals, sym);
	}
	if (!data || !data->columns || data->columns == loop->names.n || loop->names.n == 0)
		return;
	Span at = span_join(loop->names.at[0].span, loop->names.at[loop->names.n - 1].span);
	diag_begin(s->diag, E0808, at, "`%s` has %u column%s, and %u %s named here", data->sym.name,
		   data->columns, data->columns == 1 ? "" : "s", loop->names.n,
		   loop->names.n == 1 ? "is" : "are");
	diag_label(s->diag, data->sym.span, "declared here");
	diag_help(s->diag, "name each column, as in `for image, label in %s`", data->sym.name);
	diag_end(s->diag);
}

static void
declare_phase(Sema *s, AstStmt *loop)
{
	if (!loop->name)
		return;
	Sym *phase = sema_new_sym(s, ASYM_PHASE, loop->name, loop->name_span);
	phase->sym.stmt = loop;
	phase->sym.index = s->phases.n;
	loop->sema.sym = &phase->sym;
	sema_declare(s, &s->phases, phase);
}

/* Phases are known everywhere, also before their loop. */
static void
declare_phases(Sema *s, const AstStmtVec *block)
{
	for (uint32_t i = 0; i < block->n; i++) {
		if (block->at[i]->kind == ASTMT_FOR)
			declare_phase(s, block->at[i]);
		if (block->at[i]->kind != ASTMT_FOR && block->at[i]->kind != ASTMT_IF)
			continue;
		declare_phases(s, &block->at[i]->body);
		declare_phases(s, &block->at[i]->other);
	}
}

/* ---- statements --------------------------------------------------------------------------- */

static void check_block(Sema *s, const AstStmtVec *block);

static void
check_for(Sema *s, AstStmt *loop)
{
	uint32_t outer = s->locals.n;
	if (loop->target->kind == AEXPR_RANGE)
		check_count(s, loop);
	else
		declare_columns(s, loop, check_loop_data(s, loop->target));
	check_block(s, &loop->body);
	s->locals.n = outer;
}

static void
report_cannot_set(Sema *s, const AstExpr *target, const char *what, const char *help)
{
	diag_begin(s->diag, E0801, target->span, "%s", what);
	diag_help(s->diag, "%s", help);
	diag_end(s->diag);
}

static void
fit_param(Sema *s, AstStmt *a, const Sym *param, Val v)
{
	Val want = param->val;
	if (v.type == ATYPE_ERROR || want.type == ATYPE_ERROR)
		return;
	if (want.type == ATYPE_BOOL) {
		sema_need_condition(s, a->e, v);
	} else if (want.type == ATYPE_TUPLE) {
		report_cannot_set(s, a->target,
				  arena_printf(s->arena, "`%s` has parts and keeps its value",
					       a->target->name),
				  "give it its value where the layer is declared");
	} else if (v.type == ATYPE_LIST || sema_need_real(s, a->e, v)) {
		sema_fit(s,
			 (Say){"`$` is &, not @",
			       "bring the value into that unit, as in `image / 255 * 128 Hz`",
			       a->target->name},
			 (Side){a->e->span, v.dim}, (Side){a->target->span, want.dim});
	}
}

static void
set_signal(Sema *s, AstStmt *a, const Sym *signal, Val v)
{
	if (v.type == ATYPE_ERROR || signal->val.type != ATYPE_REAL ||
	    (v.type != ATYPE_LIST && !sema_need_real(s, a->e, v)))
		return;
	Say say = {"`$` is &, and @ is assigned to it", "bring the value into that unit", signal->sym.name};
	if (a->op_kind == AOP_MUL || a->op_kind == AOP_DIV)
		sema_fit(s, say, (Side){a->e->span, v.dim}, (Side){{0, 0}, infer_none()});
	else
		sema_fit(s, say, (Side){a->e->span, v.dim}, (Side){a->target->span, signal->val.dim});
}

/* pulse reward = 1 */
static void
check_pulse(Sema *s, AstStmt *a)
{
	Val v = sema_check_expr(s, a->e);
	Sym *signal = sema_check_signal_name(s, a->target, "only signals are pulsed");
	if (signal)
		set_signal(s, a, signal, v);
}

static void
check_assign(Sema *s, AstStmt *a)
{
	Val v = sema_check_expr(s, a->e);
	AstExpr *target = a->target;
	target->sema.type = ATYPE_ERROR;
	if (target->kind == AEXPR_ERROR)
		return;
	Sym *signal = target->kind == AEXPR_NAME
			      ? sema_find_top(s, target->name, KIND(TOP_SIGNAL))
			      : NULL;
	if (signal) {
		target->sema.sym = &signal->sym;
		sema_set_type(s, target, signal->val);
		set_signal(s, a, signal, v);
		return;
	}
	if (target->kind != AEXPR_MEMBER) {
		report_cannot_set(s, target, "the experiment sets parameters of layers, and signals",
				  "name layer and parameter, `pixels.rate = …`, or declare `signal reward = 0`");
		return;
	}
	Sym *sym = sema_check_variable(s, target, "parameter");
	if (!sym)
		return;
	if (sym->sym.kind != ASYM_PARAM_OF)
		report_cannot_set(
			s, target,
			arena_printf(s->arena,
				     "`%s` is %s, and the experiment sets parameters only",
				     target->name, sema_kind_noun(sym->sym.kind)),
			"drive the layer by `input file(\"…\")`, or give its model a parameter");
	else if (a->op_kind != AOP_UNSET)
		report_cannot_set(s, target, "the experiment sets parameters by `=` only",
				  "write the whole value: `pixels.rate = …`");
	else
		fit_param(s, a, sym, v);
}

/* False: there is no readout of that name. */
static bool
check_readout(Sema *s, Name name, Span at, AstExpr *arg)
{
	bool counts = name == s->words.ngram;
	if (!counts && name != s->words.all_activity && name != s->words.proportion)
		return false;
	s->where = IN_ARG;
	if (arg)
		sema_check_dim(s, arg, infer_none(),
			       (Say){"an n-gram has a number of spikes, not @", "write `ngram(2)`",
				     NULL});
	if (counts == (arg != NULL))
		return true;
	diag_begin(s->diag, E0812, at,
		   counts ? "`%s` needs to know of how many spikes" : "`%s` takes no number", name);
	diag_help(s->diag, counts ? "write `%s(2)`" : "write `%s` alone", name);
	diag_end(s->diag);
	return true;
}

static void
check_vote(Sema *s, AstStmt *a)
{
	const Words *w = &s->words;
	AstExpr *e = a->target;
	e->sema.type = ATYPE_ERROR;
	Sym *layer = e->kind == AEXPR_NAME
			     ? sema_need_top(s, e->name, e->span, KIND(LAYER), "layer")
			     : NULL;
	if (e->kind == AEXPR_MEMBER)
		report_cannot_set(s, e, "layers vote, not parts of them",
				  "write the name of the layer alone");
	e->sema.sym = layer ? &layer->sym : NULL;
	e->sema.type = layer ? ATYPE_LAYER : ATYPE_ERROR;
	WordVec columns = {0}, readouts = {0};
	bool found = false;
	for (uint32_t i = s->locals.n; i-- > 0;) {
		found |= s->locals.at[i]->sym.name == a->name;
		sema_add_word(s, &columns, s->locals.at[i]->sym.name);
	}
	if (!found) {
		diag_begin(s->diag, E0211, a->name_span,
			   "`%s` is no variable of a loop around this vote", a->name);
		sema_help_names(s, a->name, &columns, "there are",
				"vote inside of `for image, label in digits { }`");
		diag_end(s->diag);
	}
	sema_add_word(s, &readouts, w->all_activity);
	sema_add_word(s, &readouts, w->proportion);
	sema_add_word(s, &readouts, w->ngram);
	for (uint32_t i = 0; i < a->names.n; i++) {
		Name name = a->names.at[i].name;
		if (check_readout(s, name, a->names.at[i].span, a->names.at[i].arg))
			continue;
		diag_begin(s->diag, E0812, a->names.at[i].span, "there is no readout `%s`", name);
		sema_help_names(s, name, &readouts, "there are", "");
		diag_end(s->diag);
	}
	s->where = IN_ARG;
	if (a->e)
		sema_check_dim(s, a->e, infer_none(),
			       (Say){"votes are counted every so many samples, a number, not @",
				     "write a number without a unit", NULL});
	if (a->keep)
		sema_check_dim(s, a->keep, infer_none(),
			       (Say){"a part of the old rates is kept, a number, not @",
				     "write a number without a unit", NULL});
	if (a->from)
		sema_need_string(s, a->from, sema_check_expr(s, a->from));
}

static void
check_report(Sema *s, AstStmt *a)
{
	Sym *signal = a->name == s->words.accuracy ? NULL : sema_find_top(s, a->name, KIND(TOP_SIGNAL));
	if (signal && !a->of) {
		a->sema.sym = &signal->sym;
		return;
	}
	if (signal) {
		diag_begin(s->diag, E0806, a->of_span, "a signal is reported as it is now, not of a phase");
		diag_help(s->diag, "write `report %s`; or sum up in the experiment, `%s += …`, what is to be reported", a->name, a->name);
		diag_end(s->diag);
		return;
	}
	if (a->name != s->words.accuracy) {
		diag_begin(s->diag, E0806, a->name_span, "`%s` cannot be reported", a->name);
		diag_help(s->diag, "write `report accuracy of testing`, or the name of a signal that is one number");
		diag_end(s->diag);
	}
	if (a->of)
		sema_find_phase(s, a->of, a->of_span);
}

static void
check_save(Sema *s, AstStmt *a)
{
	sema_need_string(s, a->e, sema_check_expr(s, a->e));
	if (a->target)
		sema_check_variable(s, a->target, "variable");
}

/* A list of spikes to a layer; present e to layer.parameter is an assignment. */
static void
check_present(Sema *s, AstStmt *a)
{
	AstExpr *e = a->target;
	if (a->e) {
		Val v = sema_check_expr(s, a->e);
		bool column = a->e->kind == AEXPR_NAME && a->e->sema.sym && a->e->sema.sym->kind == ASYM_COLUMN;
		if (!column && v.type != ATYPE_ERROR) {
			diag_begin(s->diag, E0801, a->e->span, "only a list of spikes is presented to a layer, and this is %s",
				   v.type == ATYPE_REAL || v.type == ATYPE_LIST ? "a number" : "something else");
			diag_help(s->diag, "numbers go to a parameter: `present image * 128 Hz to pixels.rate for 250 ms`");
			diag_end(s->diag);
		}
	}
	e->sema.type = ATYPE_ERROR;
	Sym *layer = e->kind == AEXPR_NAME ? sema_need_top(s, e->name, e->span, KIND(LAYER), "layer") : NULL;
	e->sema.sym = layer ? &layer->sym : NULL;
	e->sema.type = layer ? ATYPE_LAYER : ATYPE_ERROR;
}

/* ---- what a run does to the network ------------------------------------------------------- */

/* A truth value, or numbers that are not 0 where it holds. */
static void
check_where(Sema *s, AstStmt *a)
{
	s->where = IN_VALUE;
	Val v = sema_check_expr(s, a->e);
	if (v.type != ATYPE_BOOL && v.type != ATYPE_LIST && v.type != ATYPE_ERROR)
		sema_need_real(s, a->e, v);
}

static void
check_control_layer(Sema *s, AstStmt *a)
{
	AstExpr *e = a->target;
	if (e->kind == AEXPR_MEMBER)
		report_cannot_set(s, e, "spikes are those of a layer",
				  "write the name of the layer alone: `clamp exc where …`");
	Sym *layer = e->kind == AEXPR_NAME
			     ? sema_need_top(s, e->name, e->span, KIND(LAYER), "layer")
			     : NULL;
	e->sema.sym = layer ? &layer->sym : NULL;
	e->sema.type = layer ? ATYPE_LAYER : ATYPE_ERROR;
}

static void
check_inject(Sema *s, AstStmt *a)
{
	s->where = IN_VALUE;
	Val v = sema_check_expr(s, a->e);
	Sym *sym = sema_check_variable(s, a->target, "state");
	if (!sym || v.type == ATYPE_ERROR)
		return;
	if (sym->sym.kind != ASYM_STATE_OF) {
		report_cannot_set(s, a->target, "only into the states of a layer can be injected",
				  "write `inject 2 mV into exc.v`");
		return;
	}
	if (!sema_need_real(s, a->target, sym->val) ||
	    (v.type != ATYPE_LIST && !sema_need_real(s, a->e, v)))
		return;
	sema_fit(s, (Say){"`$` is &, and @ is injected", "write it in that unit", a->target->name},
		 (Side){a->e->span, v.dim}, (Side){a->target->span, sym->val.dim});
}

static void
check_control(Sema *s, AstStmt *a)
{
	a->target->sema.type = ATYPE_ERROR;
	switch (a->control) {
	case ACONTROL_CLAMP:
	case ACONTROL_SILENCE:
		check_control_layer(s, a);
		check_where(s, a);
		return;
	case ACONTROL_INJECT:
		check_inject(s, a);
		return;
	case ACONTROL_ZERO: {
		Sym *sym = sema_check_variable(s, a->target, "feature");
		if (sym && sym->sym.kind != ASYM_FEATURE_OF)
			report_cannot_set(s, a->target,
					  "only values of connections are held at zero",
					  "write `zero input.weight where …`");
		check_where(s, a);
		return;
	}
	}
	UNREACHABLE();
}

static void
check_stmt(Sema *s, AstStmt *a)
{
	s->where = IN_PROTOCOL;
	switch (a->kind) {
	case ASTMT_ASSIGN:
		check_assign(s, a);
		return;
	case ASTMT_FOR:
		check_for(s, a);
		return;
	case ASTMT_RUN:
		sema_check_dim(s, a->e, a_time(),
			       (Say){"`run` takes &, not @", "write how long: `run 250 ms`", NULL});
		check_block(s, &a->body);
		return;
	case ASTMT_CONTROL:
		check_control(s, a);
		return;
	case ASTMT_VOTE:
		check_vote(s, a);
		return;
	case ASTMT_REPORT:
		check_report(s, a);
		return;
	case ASTMT_SAVE:
	case ASTMT_LOAD:
		check_save(s, a);
		return;
	case ASTMT_PRESENT:
		check_present(s, a);
		return;
	case ASTMT_LET:
		sema_check_let(s, a);
		return;
	case ASTMT_PULSE:
		check_pulse(s, a);
		return;
	case ASTMT_IF: {
		uint32_t outer = s->locals.n;
		sema_check_condition(s, a->e);
		check_block(s, &a->body);
		s->locals.n = outer;
		check_block(s, &a->other);
		s->locals.n = outer;
		return;
	}
	case ASTMT_SPIKE:
	case ASTMT_KEEP_ONE:
	case ASTMT_EQUATION:
		diag_begin(s->diag, E0801, a->span,
			   "this belongs into a model, not into the experiment");
		diag_help(s->diag,
			  "the experiment sets parameters, runs, votes, reports, saves and loads");
		diag_end(s->diag);
		return;
	case ASTMT_EXPECT:
	case ASTMT_EVENT:
	case ASTMT_GOLDEN:
		sema_check_expect(s, a);
		return;
	case ASTMT_WITH:
	case ASTMT_SET:
	case ASTMT_REPEAT:
	case ASTMT_SWEEP:
	case ASTMT_RESET:
	case ASTMT_FREEZE:
	case ASTMT_THAW:
	case ASTMT_ERROR:
		return;
	case ASTMT_UNSET:
	case ASTMT_COUNT:
		break;
	}
	UNREACHABLE();
}

static void
check_block(Sema *s, const AstStmtVec *block)
{
	for (uint32_t i = 0; i < block->n; i++)
		check_stmt(s, block->at[i]);
}

void
sema_check_experiment(Sema *s, AstDecl *d)
{
	declare_phases(s, &d->experiment.body);
	check_block(s, &d->experiment.body);
}
