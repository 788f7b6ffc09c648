/* scope: which name means what, and what to say when it means nothing. */
#include "sema/check.h"

#include "base/panic.h"

#include <string.h>

Sym *
sema_new_sym(Sema *s, AstSymKind kind, Name name, Span at)
{
	Sym *sym = ARENA_NEW(s->arena, Sym);
	sym->sym.kind = kind;
	sym->sym.name = name;
	sym->sym.span = at;
	sym->sym.decl = s->decl;
	return sym;
}

const char *
sema_kind_noun(AstSymKind k)
{
	switch (k) {
	case ASYM_PARAM:
		return "a constant";
	case ASYM_DATA:
		return "a data source";
	case ASYM_LAYER:
		return "a layer";
	case ASYM_CONNECTION:
		return "a connection";
	case ASYM_NEURON:
		return "a neuron model";
	case ASYM_FEATURE:
		return "a feature model";
	case ASYM_RULE:
		return "a learning rule";
	case ASYM_PHASE:
		return "a phase";
	case ASYM_COLUMN:
	case ASYM_TURN:
		return "a loop variable";
	case ASYM_MODEL_PARAM:
	case ASYM_PARAM_OF:
		return "a parameter";
	case ASYM_STATE:
	case ASYM_STATE_OF:
	case ASYM_SIDE_STATE:
	case ASYM_SIGNAL_STATE_OF:
	case ASYM_RULE_STATE_OF:
		return "a state";
	case ASYM_TRACE:
	case ASYM_TRACE_OF:
		return "a trace";
	case ASYM_LOCAL:
		return "a `let`";
	case ASYM_INPUT:
		return "what comes in";
	case ASYM_LEARNED:
		return "the learned value";
	case ASYM_FELLOW:
		return "a feature";
	case ASYM_BOUND:
		return "an end of a range";
	case ASYM_SIGNAL:
	case ASYM_TOP_SIGNAL:
		return "a signal";
	case ASYM_SPIKE:
	case ASYM_SPIKES_OF:
	case ASYM_VOTES_OF:
		return "a spike";
	case ASYM_INDEX:
		return "an index of a neuron";
	case ASYM_DISTANCE:
		return "a distance";
	case ASYM_DT:
		return "the time step";
	case ASYM_NOISE:
		return "white noise";
	case ASYM_LEARNING:
		return "the learning switch";
	case ASYM_INF:
		return "infinity";
	case ASYM_OWN_FUNCTION:
	case ASYM_FUNCTION:
		return "a function";
	case ASYM_FEATURE_OF:
	case ASYM_KEPT_OF:
	case ASYM_RATE_OF:
		return "a feature";
	case ASYM_PART:
		return "a part";
	case ASYM_UNSET:
		break;
	}
	UNREACHABLE();
}

/* ---- declaring ---------------------------------------------------------------------------- */

void
sema_report_twice(Sema *s, Name name, Span again, Span first, const char *done)
{
	diag_begin(s->diag, E0202, again, "`%s` is %s twice", name, done);
	diag_label(s->diag, first, "first here");
	diag_help(s->diag, *done == 'd' ? "give one of them another name" : "keep one of them");
	diag_end(s->diag);
}

bool
sema_declare(Sema *s, SymVec *scope, Sym *sym)
{
	for (uint32_t i = 0; i < scope->n; i++) {
		if (scope->at[i]->sym.name == sym->sym.name) {
			sema_report_twice(s, sym->sym.name, sym->sym.span, scope->at[i]->sym.span,
					  "declared");
			return false;
		}
	}
	VEC_PUSH(s->arena, scope, sym);
	return true;
}

static AstSymKind
sym_kind_of(AstDeclKind k)
{
	switch (k) {
	case ADECL_PARAM:
	case ADECL_CONST:
		return ASYM_PARAM;
	case ADECL_DATA:
		return ASYM_DATA;
	case ADECL_SIGNAL:
		return ASYM_TOP_SIGNAL;
	case ADECL_LAYER:
		return ASYM_LAYER;
	case ADECL_CONNECT:
		return ASYM_CONNECTION;
	case ADECL_FUNCTION:
		return ASYM_OWN_FUNCTION;
	case ADECL_NEURON:
		return ASYM_NEURON;
	case ADECL_FEATURE:
		return ASYM_FEATURE;
	case ADECL_RULE:
		return ASYM_RULE;
	case ADECL_SETTING:
	case ADECL_EXPERIMENT:
	case ADECL_RECORD:
	case ADECL_PLOT:
	case ADECL_DRAWS:
	case ADECL_TEST:
	case ADECL_ERROR:
	case ADECL_TABLE:
	case ADECL_LOOP:
	case ADECL_CHOICE:
	case ADECL_IMPORT:
	case ADECL_SWEEP:
		return ASYM_UNSET;
	case ADECL_UNSET:
	case ADECL_COUNT:
		break;
	}
	UNREACHABLE();
}

static AstTypeKind
type_of_kind(AstSymKind k)
{
	if (1u << k & MODEL_KINDS)
		return ATYPE_MODEL;
	return k == ASYM_DATA         ? ATYPE_DATA
	       : k == ASYM_LAYER      ? ATYPE_LAYER
	       : k == ASYM_CONNECTION ? ATYPE_CONNECTION
				      : ATYPE_ERROR; /* constants: once they are checked */
}

static Name
name_of(Sema *s, const AstDecl *d)
{
	if (d->kind != ADECL_CONNECT || d->name)
		return d->name;
	const AstExpr *from = d->connect.from, *to = d->connect.to;
	if (from->kind == AEXPR_NAME && to->kind == AEXPR_MEMBER && to->op[0]->kind == AEXPR_NAME)
		return intern_printf(s->names, "%s_%s_%s", from->name, to->op[0]->name, to->name);
	if (from->kind != AEXPR_NAME || to->kind != AEXPR_NAME)
		return NULL;
	return intern_printf(s->names, "%s_%s", from->name, to->name);
}

/* A word of the language that a constant may not take: it would hide it, or be hidden by it. */
static const char *
taken_by_language(const Sema *s, Name name)
{
	if (name == s->words.dt || name == s->words.seed || name == s->words.batch)
		return "is a setting";
	if (name == s->words.i || name == s->words.j)
		return "is the index of a neuron";
	return name == s->words.learning ? "says whether the network learns" : NULL;
}

static void
declare_top(Sema *s, Sym *sym)
{
	const AstDecl *d = sym->sym.decl;
	for (uint32_t i = s->top.n; i-- > 0;) {
		const Sym *other = s->top.at[i];
		if (other->sym.name != sym->sym.name || other->sym.decl->library != d->library)
			continue;
		diag_begin(s->diag, E0202, sym->sym.span, "`%s` is declared twice", sym->sym.name);
		diag_label(s->diag, other->sym.span, "first here, as %s",
			   sema_kind_noun(other->sym.kind));
		if (d->kind == ADECL_CONNECT && !d->name)
			diag_help(s->diag, "give this connection a name of its own: `connect … -> "
					   "… as other`");
		else
			diag_help(s->diag, "give one of them another name");
		diag_end(s->diag);
		break;
	}
	const char *taken = d->kind == ADECL_PARAM || d->kind == ADECL_CONST
				    ? taken_by_language(s, d->name)
				    : NULL;
	if (taken) {
		diag_begin(s->diag, E0214, sym->sym.span, "`%s` %s already", d->name, taken);
		if (d->name == s->words.dt || d->name == s->words.seed || d->name == s->words.batch)
			diag_help(s->diag, "set it without `%s`: `%s = …`",
				  d->kind == ADECL_PARAM ? "param" : "const", d->name);
		else
			diag_help(s->diag, "take another name");
		diag_end(s->diag);
	}
	VEC_PUSH(s->arena, &s->top, sym);
}

void
sema_collect(Sema *s)
{
	for (uint32_t i = 0; i < s->program->decls.n; i++) {
		AstDecl *d = s->program->decls.at[i];
		AstSymKind kind = sym_kind_of(d->kind);
		if (d->kind == ADECL_ERROR)
			s->torn = true;
		Name name = kind == ASYM_UNSET ? NULL : name_of(s, d);
		if (!name)
			continue;
		Span at = d->name_span;
		if (!at.hi)
			at = span_join(d->connect.from->span, d->connect.to->span);
		Sym *sym = sema_new_sym(s, kind, name, at);
		sym->sym.decl = d;
		sym->order = i;
		sym->val.type = type_of_kind(kind);
		d->sym = &sym->sym;
		declare_top(s, sym);
	}
}

/* ---- finding ------------------------------------------------------------------------------ */

Sym *
sema_find_top(Sema *s, Name name, uint32_t kinds)
{
	for (uint32_t i = s->top.n; i-- > 0;) {
		Sym *sym = s->top.at[i];
		if (sym->sym.name == name && kinds & 1u << sym->sym.kind)
			return sym;
	}
	return NULL;
}

static bool
is_in_model(Where w)
{
	return w == IN_STEP || w == IN_FEATURE || w == IN_RULE || w == IN_TRACE || w == IN_SIGNAL;
}

static Sym *
find_word(const Sema *s, Name name)
{
	Where w = s->where;
	if (name == s->words.inf)
		return s->inf;
	if (name == s->words.dt)
		return w == IN_CONST ? NULL : s->dt;
	if (name == s->words.xi)
		return s->in_equation && is_in_model(w) ? s->noise : NULL;
	if (name == s->words.learning)
		return is_in_model(w) ? s->learning : NULL;
	bool i = w == IN_ARG && s->arg_of != ARG_OF_NONE, j = w == IN_ARG && s->arg_of == ARG_OF_SYNAPSE;
	if (name == s->words.i)
		return i || w == IN_VALUE || w == IN_NEURONS || w == IN_DRIVE || (w == IN_INIT && s->decl && s->decl->kind == ADECL_NEURON) || w == IN_PROTOCOL || is_in_model(w) ? s->index_i : NULL;
	if (name == s->words.j)
		return j || w == IN_VALUE || w == IN_FEATURE || w == IN_RULE ? s->index_j : NULL;
	if (name == s->words.spike)
		return w == IN_STEP || w == IN_TRACE || w == IN_SIGNAL ? s->own_spike : NULL;
	if (s->input && s->input->sym.name == name)
		return w == IN_STEP || w == IN_FEATURE ? s->input : NULL;
	return NULL;
}

Sym *
sema_find_value(Sema *s, Name name)
{
	for (uint32_t i = s->locals.n; i-- > 0;) {
		if (s->locals.at[i]->sym.name == name)
			return s->locals.at[i];
	}
	for (uint32_t i = 0; i < s->members.n; i++) {
		if (s->members.at[i]->sym.name == name)
			return s->members.at[i];
	}
	Sym *word = find_word(s, name);
	if (word)
		return word;
	/* Signals change during the run: arguments of rules and the experiment read them. */
	bool signals = !s->decl && !s->in_function && (s->where == IN_ARG || s->where == IN_PROTOCOL || s->where == IN_SIGNAL);
	Sym *top = sema_find_top(s, name, signals ? KIND(PARAM) | KIND(TOP_SIGNAL) : KIND(PARAM));
	bool joins = s->where == IN_VALUE && s->ends[0] && s->ends[1];
	return !top && joins && name == s->words.d ? s->distance : top;         /* a constant of this name goes first */
}

/* ---- what to say -------------------------------------------------------------------------- */

/* True the first time that `name` is found missing in this declaration. */
static bool
is_news(Sema *s, Name name)
{
	for (uint32_t i = 0; i < s->unknown.n; i++) {
		if (s->unknown.at[i].name == name && s->unknown.at[i].in == s->decl)
			return false;
	}
	VEC_PUSH(s->arena, &s->unknown, (Unknown){name, s->decl});
	return true;
}

void
sema_add_word(Sema *s, WordVec *words, const char *word)
{
	for (uint32_t i = 0; i < words->n; i++) {
		if (words->at[i] == word)
			return;
	}
	VEC_PUSH(s->arena, words, word);
}

static WordVec
names_with(Sema *s, const char *part, const WordVec *known)
{
	enum { LEAST = 3 };                               /* letters; fewer are in many names */
	WordVec out = {0};
	for (uint32_t i = 0; i < known->n && strlen(part) >= LEAST; i++)
		if (strstr(known->at[i], part))
			sema_add_word(s, &out, known->at[i]);
	return out;
}

static bool
begins_with(const char *name, const char *part)
{
	return strncmp(name, part, strlen(part)) == 0;
}

/* `LIF` for `LIFNodes`, `conv` for `convolution`: the longest that the name begins with; one of three letters only as a word of it. */
static const char *
name_begun(const char *name, const WordVec *known)
{
	const char *best = NULL;
	size_t least = 3;
	for (uint32_t i = 0; i < known->n; i++) {
		size_t n = strlen(known->at[i]);
		bool word = n < strlen(name) && !(name[n] >= 'a' && name[n] <= 'z');
		if (n >= least && n < strlen(name) && begins_with(name, known->at[i]) && (n > 3 || word)) {
			best = known->at[i];
			least = n + 1;
		}
	}
	return best;
}

static void
help_list(Sema *s, const char *all, const WordVec *names)
{
	enum { SHOWN = 8 };
	StrBuf list = strbuf_init(s->arena);
	for (uint32_t i = 0; i < names->n && i < SHOWN; i++)
		strbuf_printf(&list, "%s`%s`", i ? ", " : "", names->at[i]);
	if (names->n > SHOWN)
		strbuf_puts(&list, " …");
	diag_help(s->diag, "%s %s", all, strbuf_text(&list));
}

void
sema_help_names(Sema *s, const char *name, const WordVec *known, const char *all,
		const char *if_none)
{
	WordVec with = names_with(s, name, known);
	const char *near = suggest(name, known->at, known->n), *longer = NULL;
	uint32_t nlonger = 0;                             /* names that begin with this one */
	for (uint32_t i = 0; i < with.n; i++) {
		nlonger += begins_with(with.at[i], name);
		longer = begins_with(with.at[i], name) ? with.at[i] : longer;
	}
	if (nlonger == 1 && (!near || near == longer))
		diag_suggest(s->diag, name, longer);
	else if (with.n > 1 || (with.n == 1 && !near))
		help_list(s, arena_printf(s->arena, "with `%s` in the name there is", name), &with);
	else if (near || name_begun(name, known))
		diag_suggest(s->diag, name, near ? near : name_begun(name, known));
	else if (known->n == 0)
		diag_help(s->diag, "%s", if_none);
	else
		help_list(s, all, known);
}

static void
add_top_words(Sema *s, WordVec *words, uint32_t kinds)
{
	for (int library = 0; library < 2; library++) {
		for (uint32_t i = 0; i < s->top.n; i++) {
			const Sym *sym = s->top.at[i];
			if (sym->sym.decl->library == library && kinds & 1u << sym->sym.kind)
				sema_add_word(s, words, sym->sym.name);
		}
	}
}

static void
report_wrong_kind(Sema *s, Span at, const Sym *is, const char *what)
{
	diag_begin(s->diag, E0205, at, "`%s` is %s, and %s is needed here", is->sym.name,
		   sema_kind_noun(is->sym.kind), what);
	if (is->sym.decl && !is->sym.decl->library)
		diag_label(s->diag, is->sym.span, "declared here");
}

Sym *
sema_need_top(Sema *s, Name name, Span at, uint32_t kinds, const char *what)
{
	Sym *sym = sema_find_top(s, name, kinds);
	if (sym || s->torn)
		return sym;
	Sym *other = sema_find_top(s, name, ~0u);
	WordVec known = {0};
	add_top_words(s, &known, kinds);
	if (!other && !is_news(s, name))
		return NULL;
	if (other) {
		report_wrong_kind(s, at, other, arena_printf(s->arena, "a %s", what));
		if (known.n)
			diag_help(s->diag, "name a %s, such as `%s`", what, known.at[0]);
		else
			diag_help(s->diag, "no %s is declared: declare one", what);
	} else {
		diag_begin(s->diag, E0206, at, "no %s is called `%s`", what, name);
		bool of_library = kinds & (KIND(NEURON) | KIND(FEATURE) | KIND(RULE));
		sema_help_names(s, name, &known, of_library ? "`snnc info` lists all; there is" : "there is",
				arena_printf(s->arena, "no %s is declared: declare one", what));
	}
	diag_end(s->diag);
	return NULL;
}

/* Where a word of the language is known, if not here. */
static const char *
where_known(const Sema *s, Name name)
{
	const Words *w = &s->words;
	if (name == w->input)
		return "`input` is known in the `step` of a neuron";
	if (name == w->signal)
		return "`signal` is known in the body of a feature";
	if (name == w->i || name == w->j)
		return "`i` and `j` number the neurons of a connection, in values of features, ranges and arguments of "
		       "rules; a neuron's step and parameters know `i`";
	if (name == w->xi)
		return "`xi`, white noise, is known in equations; elsewhere draw `normal(mean, deviation)`";
	if (name == w->learning)
		return "`learning` is known in models; the experiment says `freeze` and `thaw`";
	if (name == w->dt)
		return "constants are known before `dt`; write the time out";
	if (name == w->pre || name == w->post)
		return "`pre.spike` and `post.spike` are known in the handlers of a rule";
	return NULL;
}

static bool
is_port(const Sema *s, Name name)
{
	for (uint32_t i = 0; s->decl && i < s->decl->model.handlers.n; i++)
		if (s->decl->model.handlers.at[i].kind == AHANDLER_RECEIVE && s->decl->model.handlers.at[i].port == name)
			return true;
	return false;
}

/* What is declared is listed if nothing is near; the words of the language are only suggested. */
static void
report_nothing_called(Sema *s, const AstExpr *e)
{
	const Words *w = &s->words;
	const Name words[] = {w->dt, w->learning, w->input, w->signal, w->i, w->j};
	WordVec known = {0};
	for (uint32_t i = s->locals.n; i-- > 0;)
		sema_add_word(s, &known, s->locals.at[i]->sym.name);
	for (uint32_t i = 0; i < s->members.n; i++)
		sema_add_word(s, &known, s->members.at[i]->sym.name);
	add_top_words(s, &known, KIND(PARAM));
	if (s->where == IN_SIGNAL || s->where == IN_PROTOCOL || s->attached)
		add_top_words(s, &known, KIND(TOP_SIGNAL));
	WordVec near = known;
	near.cap = near.n; /* growing copies */
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (find_word(s, words[i]))
			sema_add_word(s, &near, words[i]);
	}
	diag_begin(s->diag, E0201, e->span, "nothing is called `%s` here", e->name);
	if (unit_find(e->name, strlen(e->name))) {
		diag_help(s->diag, "a unit stands straight behind its number: `10 %s`", e->name);
		return;
	}
	if (elsewhere_help(e->name)) {
		diag_help(s->diag, "%s", elsewhere_help(e->name));
		return;
	}
	if (is_port(s, e->name)) {
		diag_help(s->diag, "what arrives at the port is `input`: `receive %s { g += input }`", e->name);
		return;
	}
	sema_help_names(s, e->name, suggest(e->name, near.at, near.n) ? &near : &known,
			"known here:", s->decl && s->decl->kind != ADECL_FEATURE && s->where != IN_ARG
				? arena_printf(s->arena, "declare it: a state, `state %s = 0`, or its equation `%s' = …`", e->name, e->name)
				: "declare it: `const c = …` gives a number a name");
}

/* A `let` of equations, used where they are not. */
static bool
report_part(Sema *s, const AstExpr *e)
{
	for (uint32_t i = 0; s->decl && i < s->parts.n; i++) {
		const Sym *part = s->parts.at[i];
		if (part->sym.name != e->name)
			continue;
		diag_begin(s->diag, E0201, e->span, "`%s` names a part of the equations, and is known in them only", e->name);
		diag_label(s->diag, part->sym.span, "declared here");
		diag_help(s->diag, "write it out here, or make it a `function` of the states");
		diag_end(s->diag);
		return true;
	}
	return false;
}

void
sema_report_unknown_value(Sema *s, const AstExpr *e)
{
	if (report_part(s, e))
		return;
	const Sym *other = sema_find_top(s, e->name, ~0u);
	if ((!other && s->torn) || !is_news(s, e->name))
		return;
	for (uint32_t i = 0; !other && i < s->functions.n; i++) {
		if (s->functions.at[i]->sym.name == e->name)
			other = s->functions.at[i];
	}
	const char *elsewhere = where_known(s, e->name);
	if (elsewhere) {
		diag_begin(s->diag, E0209, e->span, "`%s` is not known here", e->name);
		diag_help(s->diag, "%s", elsewhere);
	} else if (other && other->sym.kind == ASYM_FUNCTION) {
		diag_begin(s->diag, E0229, e->span,
			   "`%s` is a function, and a value is needed here", e->name);
		diag_help(s->diag, "call it: `%s(…)`", e->name);
	} else if (other) {
		report_wrong_kind(s, e->span, other, "a number");
		Name learns = s->decl && s->decl->kind == ADECL_RULE ? s->decl->model.learns : NULL;
		if (other->sym.kind == ASYM_FEATURE && learns)
			diag_help(s->diag, "a rule learns the value of any feature, which it calls `%s`", learns);
		else
			diag_help(s->diag, "use a constant (`const c = …`), or a number");
	} else {
		report_nothing_called(s, e);
	}
	diag_end(s->diag);
}
