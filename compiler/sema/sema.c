/* sema: the order of the checks, and the solved dimensions put into the tree. */
#include "sema/check.h"

#include "base/panic.h"

static Sym *
sym_of(AstSym *sym)
{
	return (Sym *)sym;
}

static Sym *
new_word(Sema *s, AstSymKind kind, Name name, AstTypeKind type, uint32_t index)
{
	Sym *sym = sema_new_sym(s, kind, name, (Span){0, 0});
	sym->sym.index = index;
	sym->sym.type = type;
	if (kind == ASYM_DT)
		sym->sym.dim.twice[DIM_TIME] = 2;
	return sym;
}

static void
make_words(Sema *s)
{
#define X(word) s->words.word = intern(s->names, #word);
	SEMA_WORDS(X)
#undef X
	s->dt = new_word(s, ASYM_DT, s->words.dt, ATYPE_REAL, 0);
	s->noise = new_word(s, ASYM_NOISE, s->words.xi, ATYPE_REAL, 0);
	s->learning = new_word(s, ASYM_LEARNING, s->words.learning, ATYPE_BOOL, 0);
	s->inf = new_word(s, ASYM_INF, s->words.inf, ATYPE_REAL, 0);
	s->index_i = new_word(s, ASYM_INDEX, s->words.i, ATYPE_REAL, 0);
	s->own_spike = new_word(s, ASYM_SPIKE, s->words.spike, ATYPE_REAL, 2);
	s->index_j = new_word(s, ASYM_INDEX, s->words.j, ATYPE_REAL, 1);
	s->distance = new_word(s, ASYM_DISTANCE, s->words.d, ATYPE_REAL, 0);
	sema_make_functions(s);
}

/* ---- the passes over the declarations ----------------------------------------------------- */

static void
check_constant(Sema *s, AstDecl *d)
{
	Sym *sym = sym_of(d->sym);
	s->where = IN_CONST;
	s->order = sym->order;
	Val v = sema_check_expr(s, d->value.value);
	s->order = UINT32_MAX;
	v.dim = infer_reduce(&s->infer, v.dim);
	sym->val = v;
	sym->sym.type = v.type;
}

/* Settings are written once; of several the library's own gives way. */
static void
check_settings_once(Sema *s)
{
	const AstDecl *seen[3] = {NULL, NULL, NULL}, *experiment = NULL;
	const Name names[3] = {s->words.dt, s->words.seed, s->words.batch};
	for (uint32_t i = 0; i < s->program->decls.n; i++) {
		const AstDecl *d = s->program->decls.at[i];
		if (d->kind == ADECL_EXPERIMENT && !d->library) {
			if (experiment) {
				diag_begin(s->diag, E0216, d->span, "a program has one experiment");
				diag_label(s->diag, experiment->span, "first here");
				diag_help(s->diag, "put the statements of both into one");
				diag_end(s->diag);
			}
			experiment = d;
		}
		for (int k = 0; k < 3; k++) {
			if (d->kind != ADECL_SETTING || d->library || d->name != names[k])
				continue;
			if (seen[k]) {
				diag_begin(s->diag, E0215, d->name_span, "`%s` is set twice",
					   d->name);
				diag_label(s->diag, seen[k]->name_span, "first here");
				diag_help(s->diag, "keep one of them");
				diag_end(s->diag);
			}
			seen[k] = d;
		}
	}
}

static void
check_model_or_constant(Sema *s, AstDecl *d, bool models)
{
	if ((d->kind == ADECL_PARAM || d->kind == ADECL_CONST) && !models)
		check_constant(s, d);
	else if (d->kind == ADECL_SIGNAL && !models)
		sym_of(d->sym)->val = sema_real(infer_fresh(&s->infer)); /* its value may read layers */
	else if (d->kind == ADECL_FUNCTION && models)
		sema_check_function(s, d);
	else if ((d->kind == ADECL_NEURON || d->kind == ADECL_FEATURE || d->kind == ADECL_RULE) &&
		 models)
		sema_check_model(s, d);
}

/* Layers need models, signals and connections need layers, the rest needs all. */
static int
stage_of(AstDeclKind k)
{
	switch (k) {
	case ADECL_SETTING:
	case ADECL_DATA:
	case ADECL_LAYER:
		return 1;
	case ADECL_SIGNAL:
		return 2;
	case ADECL_CONNECT:
		return 3;
	case ADECL_EXPERIMENT:
		return 4;
	case ADECL_RECORD:
	case ADECL_PLOT:
	case ADECL_DRAWS:
		return 5;
	case ADECL_PARAM:
	case ADECL_CONST:
	case ADECL_FUNCTION:
	case ADECL_NEURON:
	case ADECL_FEATURE:
	case ADECL_RULE:
	case ADECL_TEST:
	case ADECL_ERROR:
	case ADECL_TABLE:
	case ADECL_LOOP:
	case ADECL_CHOICE:
	case ADECL_IMPORT:
	case ADECL_SWEEP:
	case ADECL_UNSET:
	case ADECL_COUNT:
		return 0;
	}
	UNREACHABLE();
}

static void
check_decl(Sema *s, AstDecl *d)
{
	diag_turn(s->diag, d->turn);
	switch (d->kind) {
	case ADECL_SETTING:
		sema_check_setting(s, d);
		return;
	case ADECL_DATA:
		sema_check_data(s, d);
		return;
	case ADECL_LAYER:
		sema_check_layer(s, d);
		return;
	case ADECL_SIGNAL:
		sema_check_signal(s, d);
		return;
	case ADECL_CONNECT:
		sema_check_connect(s, d);
		return;
	case ADECL_EXPERIMENT:
		sema_check_experiment(s, d);
		return;
	case ADECL_RECORD:
		sema_check_record(s, d);
		return;
	case ADECL_PLOT:
		sema_check_plot(s, d);
		return;
	case ADECL_DRAWS:
		sema_check_draws(s, d);
		return;
	case ADECL_PARAM:
	case ADECL_CONST:
	case ADECL_FUNCTION:
	case ADECL_NEURON:
	case ADECL_FEATURE:
	case ADECL_RULE:
	case ADECL_TEST:
	case ADECL_ERROR:
		return;
	case ADECL_TABLE:
	case ADECL_LOOP:
	case ADECL_CHOICE:
	case ADECL_IMPORT:
	case ADECL_SWEEP:
	case ADECL_UNSET:
	case ADECL_COUNT:
		break;
	}
	UNREACHABLE();
}

/* ---- solved dimensions into the tree ------------------------------------------------------ */

static Dim
solved(Sema *s, Span at, DimTerm t)
{
	Dim d;
	if (!infer_dim(&s->infer, t, &d))
		sema_power_fits(s, at, t);
	return d;
}

static void
fill_sym(Sema *s, AstSym *sym)
{
	if (sym && (sym_of(sym)->val.type == ATYPE_REAL || sym_of(sym)->val.type == ATYPE_LIST))
		sym->dim = solved(s, sym->span, sym_of(sym)->val.dim);
}

static void
fill_model(Sema *s, const AstModel *m)
{
	for (uint32_t i = 0; i < m->params.n; i++)
		fill_sym(s, m->params.at[i].sym);
	for (uint32_t i = 0; i < m->states.n; i++)
		fill_sym(s, m->states.at[i].sym);
	for (uint32_t i = 0; i < m->traces.n; i++)
		fill_sym(s, m->traces.at[i].sym);
	for (uint32_t i = 0; i < m->needs.n; i++)
		fill_sym(s, m->needs.at[i].sym);
	fill_sym(s, m->learns_sym);
	fill_sym(s, m->input_sym);
}

/* A constant without unit has the dimension of its uses, if they agree. */
static void
fill_by_uses(Sema *s)
{
	for (uint32_t i = 0; i < s->late.n; i++) {
		AstExpr *e = s->late.at[i].e;
		AstSym *sym = e->kind == AEXPR_NAME ? e->sema.sym : NULL;
		if (!sym || sym->kind != ASYM_PARAM ||
		    !infer_is_open(&s->infer, sym_of(sym)->val.dim) || sym_of(sym)->mixed)
			continue;
		if (dim_is_none(sym->dim))
			sym->dim = e->sema.dim;
		else if (!dim_is_none(e->sema.dim) && !dim_equal(sym->dim, e->sema.dim))
			sym_of(sym)->mixed = true;
	}
	for (uint32_t i = 0; i < s->top.n; i++) {
		if (s->top.at[i]->mixed)
			s->top.at[i]->sym.dim = (Dim){{0}};
	}
}

static void
fill_dims(Sema *s)
{
	for (uint32_t i = 0; i < s->late.n; i++) {
		AstExpr *e = s->late.at[i].e;
		e->sema.dim = solved(s, e->span, s->late.at[i].dim);
	}
	for (uint32_t i = 0; i < s->program->decls.n; i++) {
		AstDecl *d = s->program->decls.at[i];
		if (d->kind == ADECL_NEURON || d->kind == ADECL_FEATURE || d->kind == ADECL_RULE)
			fill_model(s, &d->model);
		else if (d->kind == ADECL_PARAM || d->kind == ADECL_CONST || d->kind == ADECL_SIGNAL)
			fill_sym(s, d->sym);
		if (d->kind == ADECL_SIGNAL && d->value.block)
			fill_model(s, d->value.block);
		else if (d->kind == ADECL_LAYER)
			for (uint32_t k = 0; k < d->layer.traces.n; k++)
				fill_sym(s, d->layer.traces.at[k].sym);
	}
	fill_by_uses(s);
}

bool
sema_check(SemaEnv *env, AstProgram *p)
{
	uint32_t before = diag_errors(env->diag);
	Sema *s = ARENA_NEW(env->arena, Sema);
	s->arena = env->arena;
	s->names = env->names;
	s->diag = env->diag;
	s->program = p;
	s->infer.arena = env->arena;
	s->order = UINT32_MAX;
	make_words(s);
	sema_collect(s);
	check_settings_once(s);
	for (int models = 0; models < 2; models++) {
		for (uint32_t i = 0; i < p->decls.n; i++)
			check_model_or_constant(s, p->decls.at[i], models);
	}
	for (int stage = 1; stage <= 5; stage++) {
		for (uint32_t i = 0; i < p->decls.n; i++) {
			if (stage_of(p->decls.at[i]->kind) == stage)
				check_decl(s, p->decls.at[i]);
		}
	}
	diag_turn(s->diag, NULL);
	fill_dims(s);
	return diag_errors(env->diag) == before;
}
