/* check_expr: types and dimensions of expressions. */
#include "sema/check.h"

#include "base/panic.h"

void
sema_set_type(Sema *s, AstExpr *e, Val v)
{
	e->sema.type = v.type;
	if (v.type == ATYPE_REAL || v.type == ATYPE_LIST)
		VEC_PUSH(s->arena, &s->late, (Late){e, v.dim});
}

/* ---- names -------------------------------------------------------------------------------- */

Val
sema_copy_val(Sema *s, Val v)
{
	v.dim = infer_copy(&s->infer, v.dim);
	if (v.tuple) {
		Tuple *t = ARENA_NEW(s->arena, Tuple);
		*t = *v.tuple;
		t->dims = ARENA_ARRAY(s->arena, DimTerm, t->n);
		for (uint32_t i = 0; i < t->n; i++)
			t->dims[i] = infer_copy(&s->infer, v.tuple->dims[i]);
		v.tuple = t;
	}
	return v;
}

static bool
is_known_yet(Sema *s, const AstExpr *e, const Sym *sym)
{
	AstSymKind k = sym->sym.kind;
	if (k == ASYM_PARAM && sym->order >= s->order) {
		bool itself = sym->order == s->order;
		diag_begin(s->diag, E0527, e->span,
			   itself ? "`%s` is defined by itself" : "`%s` is not known yet", e->name);
		diag_label(s->diag, sym->sym.span, "declared here");
		diag_help(s->diag,
			  itself ? "give `%s` a value of its own"
				 : "declare `%s` before the constants that use it",
			  e->name);
		diag_end(s->diag);
		return false;
	}
	bool is_constant_place = s->where == IN_CONST || s->where == IN_NEURONS || s->where == IN_ARG || s->where == IN_INIT;
	if (!is_constant_place || (k == ASYM_LOCAL && (s->in_function || sym->of_sum)) || k == ASYM_PARAM || k == ASYM_MODEL_PARAM ||
	    k == ASYM_TOP_SIGNAL || k == ASYM_FELLOW || k == ASYM_INF || k == ASYM_DT || k == ASYM_INDEX)
		return true;
	diag_begin(s->diag, E0502, e->span,
		   "`%s` is %s, and a value known before the run is needed here", e->name,
		   sema_kind_noun(k));
	if (sym->sym.span.lo)
		diag_label(s->diag, sym->sym.span, "declared here");
	diag_help(s->diag, "use parameters and constants");
	diag_end(s->diag);
	return false;
}

/* What a rule is given may be another feature of the connection. */
static Sym *
find_fellow(Sema *s, const AstExpr *e)
{
	for (uint32_t i = 0; s->attached && i < s->attached->connect.features.n; i++) {
		const AstFeature *f = &s->attached->connect.features.at[i];
		if (f->name != e->name)
			continue;
		const Sym *model = sema_find_top(s, f->model, KIND(FEATURE));
		Sym *sym = sema_new_sym(s, ASYM_FELLOW, f->name, f->name_span);
		sym->sym.decl = s->attached;
		sym->sym.index = i;
		sym->val = sema_real(s->fellows[i]);
		if (model && model->sym.decl->model.params.n && model->sym.decl->model.params.at[0].is_bool)
			sym->val = sema_bool();
		sym->sym.type = sym->val.type;
		return sym;
	}
	return NULL;
}

static Val
check_name(Sema *s, AstExpr *e)
{
	Sym *sym = sema_find_value(s, e->name);
	if (!sym)
		sym = find_fellow(s, e);
	if (!sym) {
		sema_report_unknown_value(s, e);
		return sema_poison();
	}
	e->sema.sym = &sym->sym;
	if (!is_known_yet(s, e, sym))
		return sema_poison();
	switch (sym->sym.kind) {
	case ASYM_PARAM:
		/* It may be used at several dimensions if no unit was stated for it. */
		infer_copy_begin(&s->infer);
		return sema_copy_val(s, sym->val);
	case ASYM_DT:
		return sema_real(infer_stated((Dim){{2}}, e->span));
	case ASYM_INF:
	case ASYM_INDEX:
	case ASYM_SPIKE:
	case ASYM_COLUMN:
		return sema_real(infer_fresh(&s->infer));
	case ASYM_TURN:
		return sema_real(infer_none());
	case ASYM_NOISE:
		return sema_real(infer_stated((Dim){{-1}}, e->span));
	case ASYM_DISTANCE:
		return sema_check_distance(s, e);
	case ASYM_LEARNING:
		return sema_bool();
	case ASYM_MODEL_PARAM:
	case ASYM_STATE:
	case ASYM_TRACE:
	case ASYM_LOCAL:
	case ASYM_INPUT:
	case ASYM_LEARNED:
	case ASYM_SIGNAL:
	case ASYM_TOP_SIGNAL:
	case ASYM_FELLOW:
		return sym->val;
	case ASYM_UNSET:
	case ASYM_DATA:
	case ASYM_LAYER:
	case ASYM_CONNECTION:
	case ASYM_NEURON:
	case ASYM_FEATURE:
	case ASYM_RULE:
	case ASYM_PHASE:
	case ASYM_OWN_FUNCTION:
	case ASYM_FUNCTION:
	case ASYM_SIDE_STATE:
	case ASYM_BOUND:
	case ASYM_RULE_STATE_OF:
	case ASYM_FEATURE_OF:
	case ASYM_KEPT_OF:
	case ASYM_RATE_OF:
	case ASYM_SIGNAL_STATE_OF:
	case ASYM_STATE_OF:
	case ASYM_TRACE_OF:
	case ASYM_PARAM_OF:
	case ASYM_SPIKES_OF:
	case ASYM_VOTES_OF:
	case ASYM_PART:
		break;
	}
	UNREACHABLE();
}

/* ---- members ------------------------------------------------------------------------------ */

bool
sema_is_pre_spike(const Sema *s, const AstExpr *e)
{
	return e->kind == AEXPR_MEMBER && e->name == s->words.spike && e->op[0]->kind == AEXPR_NAME && e->op[0]->name == s->words.pre;
}

/* pre.spike, post.spike */
static Val
check_side(Sema *s, AstExpr *e)
{
	AstExpr *base = e->op[0];
	if (s->where != IN_RULE && s->where != IN_FEATURE) {
		sema_report_unknown_value(s, base);
		return sema_poison();
	}
	/* Which states there are is known where the rule is attached. */
	AstSymKind kind = e->name == s->words.spike ? ASYM_SPIKE : ASYM_SIDE_STATE;
	Sym *sym = sema_new_sym(s, kind, e->name, e->span);
	sym->sym.index = base->name == s->words.post;
	sym->sym.type = ATYPE_REAL;
	base->sema.type = ATYPE_OTHER;
	base->sema.sym = e->sema.sym = &sym->sym;
	if (kind == ASYM_SPIKE)
		return sema_real(infer_fresh(&s->infer));
	for (uint32_t i = 0; i < s->sides.n; i++) {
		const SideUse *u = &s->sides.at[i];
		if (u->name == e->name && u->post == (sym->sym.index != 0))
			return sema_real(u->dim);
	}
	SideUse use = {e->name, sym->sym.index != 0, e->span, infer_fresh(&s->infer)};
	VEC_PUSH(s->arena, &s->sides, use);
	return sema_real(use.dim);
}

static Val
check_part(Sema *s, AstExpr *e, const Tuple *tuple)
{
	WordVec known = {0};
	for (uint32_t i = 0; i < tuple->n; i++) {
		if (tuple->names->at[i].name != e->name) {
			sema_add_word(s, &known, tuple->names->at[i].name);
			continue;
		}
		Sym *sym = sema_new_sym(s, ASYM_PART, e->name, tuple->names->at[i].name_span);
		sym->sym.index = i;
		sym->sym.type = ATYPE_REAL;
		e->sema.sym = &sym->sym;
		return sema_real(tuple->dims[i]);
	}
	diag_begin(s->diag, E0218, e->name_span, "`%s` has no part `%s`", e->op[0]->name, e->name);
	sema_help_names(s, e->name, &known, "it has", "it has no parts");
	diag_end(s->diag);
	return sema_poison();
}

/* w.low, w.high: an end of the range where the rule is attached. */
static bool
is_bound(Sema *s, const AstExpr *e)
{
	const AstExpr *base = e->op[0];
	const Sym *sym = base->kind == AEXPR_NAME ? sema_find_value(s, base->name) : NULL;
	return sym && sym->sym.kind == ASYM_LEARNED && sym->val.type == ATYPE_REAL &&
	       (e->name == s->words.low || e->name == s->words.high);
}

static Val
check_bound(Sema *s, AstExpr *e)
{
	Val v = sema_check_expr(s, e->op[0]);
	Sym *sym = sema_new_sym(s, ASYM_BOUND, e->name, e->span);
	sym->sym.index = e->name == s->words.high;
	sym->sym.type = ATYPE_REAL;
	e->sema.sym = &sym->sym;
	return v;
}

static Val
check_member(Sema *s, AstExpr *e)
{
	AstExpr *base = e->op[0];
	bool is_name = base->kind == AEXPR_NAME;
	if (is_name && (base->name == s->words.pre || base->name == s->words.post) &&
	    !sema_find_value(s, base->name))
		return s->where == IN_VALUE && s->ends[0] && s->ends[1] ? sema_check_position(s, e) : check_side(s, e);
	if (is_bound(s, e))
		return check_bound(s, e);
	bool sees = s->where == IN_PROTOCOL || s->where == IN_SIGNAL;
	if (is_name && sees && !sema_find_value(s, base->name) && sema_find_top(s, base->name, KIND(LAYER))) {
		Sym *seen = sema_check_variable(s, e, "state");
		return seen ? seen->val : sema_poison();
	}
	if (is_name && !sema_find_value(s, base->name) &&
	    sema_find_top(s, base->name, KIND(LAYER) | KIND(CONNECTION))) {
		diag_begin(s->diag, E0205, e->span, "`%s.%s` is no number that is known here",
			   base->name, e->name);
		if (sema_find_top(s, base->name, KIND(LAYER)))
			diag_help(s->diag, "what a layer does is brought by a signal: `signal s of %s = %s.%s`",
				  base->name, base->name, e->name);
		else
			diag_help(s->diag, "states are read by `record` and `plot`, and by the models themselves");
		diag_end(s->diag);
		base->sema.type = ATYPE_ERROR;
		return sema_poison();
	}
	Val v = sema_check_expr(s, base);
	if (v.type == ATYPE_TUPLE)
		return check_part(s, e, v.tuple);
	if (v.type == ATYPE_ERROR)
		return v;
	diag_begin(s->diag, E0218, e->name_span, "%s has no part `%s`", sema_type_noun(v.type),
		   e->name);
	diag_help(s->diag, "parts are named where a value is written: `(pre: 1e-4, post: 1e-2)`");
	diag_end(s->diag);
	return sema_poison();
}

/* ---- operators ---------------------------------------------------------------------------- */

bool
sema_check_real(Sema *s, AstExpr *e, DimTerm *dim)
{
	Val v = sema_check_expr(s, e);
	*dim = v.dim;
	return sema_need_real(s, e, v);
}

void
sema_check_condition(Sema *s, AstExpr *e)
{
	sema_need_condition(s, e, sema_check_expr(s, e));
}

void
sema_check_dim(Sema *s, AstExpr *e, DimTerm want, Say say)
{
	DimTerm dim;
	if (sema_check_real(s, e, &dim))
		sema_fit(s, say, (Side){e->span, dim}, (Side){{0, 0}, want});
}

static Val
checked_power(Sema *s, const AstExpr *e, DimTerm dim)
{
	return sema_power_fits(s, e->span, dim) ? sema_real(dim) : sema_poison();
}

static Val
check_arithmetic(Sema *s, AstExpr *e)
{
	DimTerm a, b;
	bool left = sema_check_real(s, e->op[0], &a), right = sema_check_real(s, e->op[1], &b);
	if (!left || !right)
		return sema_poison();
	if (e->op_kind == AOP_MUL || e->op_kind == AOP_DIV)
		return checked_power(s, e,
				     e->op_kind == AOP_MUL ? infer_mul(&s->infer, a, b)
							   : infer_div(&s->infer, a, b));
	bool adds = e->op_kind == AOP_ADD;
	Say say = {adds ? "@ cannot be added to &" : "@ cannot be subtracted from &",
		   "both sides need the same dimension; a bare number takes the unit of the other "
		   "side",
		   NULL};
	Side have = {e->op[1]->span, b}, want = {e->op[0]->span, a};
	return sema_fit(s, say, have, want) ? sema_real(a) : sema_poison();
}

static void
check_comparison(Sema *s, AstExpr *e)
{
	Val a = sema_check_expr(s, e->op[0]), b = sema_check_expr(s, e->op[1]);
	bool equality = e->op_kind == AOP_EQ || e->op_kind == AOP_NE;
	if (equality && a.type == ATYPE_BOOL && b.type == ATYPE_BOOL)
		return;
	bool left = sema_need_real(s, e->op[0], a), right = sema_need_real(s, e->op[1], b);
	if (left && right)
		sema_fit(s,
			 (Say){"@ cannot be compared with &",
			       "both sides need the same dimension; a bare number takes the unit "
			       "of the other side",
			       NULL},
			 (Side){e->op[1]->span, b.dim}, (Side){e->op[0]->span, a.dim});
}

static Val
check_binary(Sema *s, AstExpr *e)
{
	switch (e->op_kind) {
	case AOP_ADD:
	case AOP_SUB:
	case AOP_MUL:
	case AOP_DIV:
		return check_arithmetic(s, e);
	case AOP_EQ:
	case AOP_NE:
	case AOP_LT:
	case AOP_LE:
	case AOP_GT:
	case AOP_GE:
		check_comparison(s, e);
		return sema_bool();
	case AOP_AND:
	case AOP_OR:
		sema_check_condition(s, e->op[0]);
		sema_check_condition(s, e->op[1]);
		return sema_bool();
	case AOP_UNSET:
	case AOP_NEG:
	case AOP_NOT:
	case AOP_COUNT:
		break;
	}
	UNREACHABLE();
}

static Val
check_unary(Sema *s, AstExpr *e)
{
	if (e->op_kind == AOP_NOT) {
		sema_check_condition(s, e->op[0]);
		return sema_bool();
	}
	DimTerm dim;
	return sema_check_real(s, e->op[0], &dim) ? sema_real(dim) : sema_poison();
}

static Val
check_if(Sema *s, AstExpr *e)
{
	Val a = sema_check_expr(s, e->op[0]);
	sema_check_condition(s, e->op[1]);
	Val b = sema_check_expr(s, e->op[2]);
	if (a.type == ATYPE_ERROR || b.type == ATYPE_ERROR)
		return sema_poison();
	if (a.type == b.type && (a.type == ATYPE_BOOL || a.type == ATYPE_STRING))
		return a;
	if (a.type == ATYPE_BOOL && b.type == ATYPE_REAL) {
		sema_need_real(s, e->op[0], a);
		return sema_poison();
	}
	if (!sema_need_real(s, e->op[0], a) || !sema_need_real(s, e->op[2], b))
		return sema_poison();
	bool fits = sema_fit(s,
			     (Say){"one branch gives &, the other @",
				   "both branches need the same dimension", NULL},
			     (Side){e->op[2]->span, b.dim}, (Side){e->op[0]->span, a.dim});
	return fits ? a : sema_poison();
}

/* ---- the rest ----------------------------------------------------------------------------- */

static Val
check_list(Sema *s, AstExpr *e)
{
	DimTerm all = infer_fresh(&s->infer), dim;
	bool sound = true, per_neuron = s->per_neuron;
	s->per_neuron = false;
	for (uint32_t i = 0; i < e->args.n; i++) {
		AstExpr *x = e->args.at[i].value;
		Val v = sema_check_expr(s, x);
		if (v.type != ATYPE_LIST && !sema_need_real(s, x, v)) {
			sound = false;
			continue;
		}
		dim = v.dim;
		Side first = {i ? e->args.at[0].value->span : (Span){0, 0}, all};
		sound &= sema_fit(s,
				  (Say){"a list cannot hold & and @",
					"all elements of a list have one dimension", NULL},
				  (Side){x->span, dim}, first);
	}
	s->per_neuron = per_neuron;
	return sound ? (Val){.type = per_neuron ? ATYPE_REAL : ATYPE_LIST, .dim = all} : sema_poison();
}

static Val
check_tuple(Sema *s, AstExpr *e)
{
	Tuple *t = ARENA_NEW(s->arena, Tuple);
	t->n = e->args.n;
	t->names = &e->args;
	t->dims = ARENA_ARRAY(s->arena, DimTerm, t->n);
	bool sound = true;
	for (uint32_t i = 0; i < t->n; i++) {
		const AstArg *a = &e->args.at[i];
		for (uint32_t j = 0; j < i; j++) {
			if (a->name && a->name == e->args.at[j].name) {
				sema_report_twice(s, a->name, a->name_span, e->args.at[j].name_span,
						  "given");
				sound = false;
			}
		}
		Val v = sema_check_expr(s, a->value);
		t->dims[i] = v.dim;
		sound &= (v.type == ATYPE_LIST && s->where == IN_ARG) || sema_need_real(s, a->value, v);
	}
	return sound ? (Val){.type = ATYPE_TUPLE, .tuple = t} : sema_poison();
}

static Val
report_range(Sema *s, const AstExpr *e)
{
	bool is_index = e->kind == AEXPR_INDEX;
	diag_begin(s->diag, E0230, e->span,
		   is_index ? "`[ ]` picks nothing here" : "a range is no value");
	diag_help(s->diag,
		  "samples are picked in the experiment: `for image, label in digits[0 ..< 100]`");
	diag_end(s->diag);
	return sema_poison();
}

/* input[k], spike[k]: of k steps ago. */
static Val
check_past(Sema *s, AstExpr *e)
{
	Val v = sema_check_expr(s, e->op[0]);
	sema_check_dim(s, e->args.at[0].value, infer_none(),
		       (Say){"steps are counted, so @ does not fit", "write a number without a unit", NULL});
	return v;
}

static bool
is_past(const Sema *s, const AstExpr *e)
{
	const AstExpr *base = e->op[0];
	return base->kind == AEXPR_NAME && s->where == IN_STEP && e->args.n == 1 &&
	       e->args.at[0].value->kind != AEXPR_RANGE &&
	       (base->name == s->words.input || base->name == s->words.spike);
}

/* count(out.spikes)[k], out.v[k]: that of one neuron. */
static Val
check_pick(Sema *s, AstExpr *e)
{
	DimTerm dim;
	bool sound = sema_check_real(s, e->op[0], &dim);
	sema_check_dim(s, e->args.at[0].value, infer_none(),
		       (Say){"neurons are counted, so @ does not fit", "write a number without a unit", NULL});
	return sound ? sema_real(dim) : sema_poison();
}

/* One of the numbers of a table or of an array of states. */
static Val
check_element(Sema *s, AstExpr *e)
{
	AstExpr *base = e->op[0];
	const Sym *named = base->kind == AEXPR_NAME ? sema_find_value(s, base->name) : NULL;
	bool many = base->kind != AEXPR_NAME || (named && (named->sym.kind == ASYM_LOCAL || named->sym.kind == ASYM_TOP_SIGNAL));
	if ((s->where == IN_PROTOCOL || s->where == IN_SIGNAL) && many && e->args.n == 1 &&
	    e->args.at[0].value->kind != AEXPR_RANGE)
		return check_pick(s, e);
	Sym *sym = base->kind == AEXPR_NAME && s->decl ? sema_find_value(s, base->name) : NULL;
	const AstModel *m = s->decl ? &s->decl->model : NULL;
	const AstArgVec *shape = NULL;
	if (sym && sym->sym.kind == ASYM_MODEL_PARAM)
		shape = &m->params.at[sym->sym.index].shape;
	else if (sym && sym->sym.kind == ASYM_STATE)
		shape = &m->states.at[sym->sym.index].shape;
	if (!shape || !shape->n)
		return report_range(s, e);
	base->sema.sym = &sym->sym;
	sema_set_type(s, base, sym->val);
	if (e->args.n != shape->n) {
		diag_begin(s->diag, E0416, e->span, "`%s` has %u dimension%s, and this gives %u",
			   base->name, shape->n, shape->n == 1 ? "" : "s", e->args.n);
		diag_label(s->diag, sym->sym.span, "declared here");
		diag_end(s->diag);
		return sema_poison();
	}
	for (uint32_t i = 0; i < e->args.n; i++)
		sema_check_dim(s, e->args.at[i].value, infer_none(),
			       (Say){"a place in `$` is a number, not @",
				     "count in whole numbers from 0", base->name});
	return sema_real(sym->val.dim);
}

/* sum k in 0 ..< n of e */
static Val
check_sum(Sema *s, AstExpr *e)
{
	Where outer = s->where;
	AstExpr *range = e->op[0];
	s->where = IN_ARG;
	for (int i = 0; i < 2; i++)
		sema_check_dim(s, range->op[i], infer_none(),
			       (Say){"a sum runs over numbers, not over @",
				     "count in whole numbers: `sum k in 0 ..< 10 of …`", NULL});
	s->where = outer;
	range->sema.type = ATYPE_OTHER;
	Sym *sym = sema_new_sym(s, ASYM_LOCAL, e->name, e->name_span);
	sym->val = sema_real(infer_none());
	sym->sym.type = ATYPE_REAL;
	e->sema.sym = &sym->sym;
	const Sym *old = sema_find_value(s, e->name);
	sym->of_sum = true;
	if (old && old->of_sum) {
		diag_begin(s->diag, E0202, e->name_span, "this sum stands within the other one, whose variable is `%s`, too", e->name);
		diag_label(s->diag, old->sym.span, "the other one goes to the end of its expression");
		diag_help(s->diag, "put the first one into brackets, `(sum %s in … of …) + …`, or take another name", e->name);
		diag_end(s->diag);
	} else if (old && old->sym.span.lo && old->sym.kind != ASYM_PARAM) {
		sema_report_twice(s, e->name, e->name_span, old->sym.span, "declared");
	}
	VEC_PUSH(s->arena, &s->locals, sym);
	DimTerm dim;
	bool sound = sema_check_real(s, e->op[1], &dim);
	s->locals.n--;
	return sound ? sema_real(dim) : sema_poison();
}

/* A name for a part of a function. */
static Val
check_let(Sema *s, AstExpr *e)
{
	Val part = sema_check_expr(s, e->op[0]);
	if (part.type != ATYPE_BOOL && part.type != ATYPE_ERROR && !sema_need_real(s, e->op[0], part))
		part = sema_poison();
	Sym *sym = sema_new_sym(s, ASYM_LOCAL, e->name, e->name_span);
	sym->val = part;
	sym->sym.type = part.type;
	e->sema.sym = &sym->sym;
	sema_check_new_local(s, e->name, e->name_span);
	VEC_PUSH(s->arena, &s->locals, sym);
	Val v = sema_check_expr(s, e->op[1]);
	s->locals.n--;
	return v;
}

/* sum(e over pre): what differs between neurons or items of the batch becomes one number. */
static Val
check_over(Sema *s, AstExpr *e)
{
	const Words *w = &s->words;
	DimTerm dim;
	bool sound = sema_check_real(s, e->op[0], &dim);
	for (uint32_t i = 0; i < e->args.n; i++) {
		AstExpr *over = e->args.at[i].value;
		over->sema.type = ATYPE_ERROR; /* a word, no value */
		for (uint32_t k = 0; k < i; k++) {
			if (e->args.at[k].value->name == over->name) {
				sema_report_twice(s, over->name, over->span, e->args.at[k].value->span, "named");
				return sema_poison();
			}
		}
		if (over->name == w->pre || over->name == w->post || over->name == w->batch)
			continue;
		diag_begin(s->diag, E0641, over->span, "nothing goes over `%s`", over->name);
		diag_help(s->diag, "write `over pre`, `over post`, `over batch`, or several of them: `over pre, post`");
		diag_end(s->diag);
		return sema_poison();
	}
	if (e->name != w->sum && e->name != w->mean && e->name != w->max && e->name != w->min) {
		diag_begin(s->diag, E0641, e->name_span, "`%s` does not go over neurons", e->name);
		diag_help(s->diag, "there are `sum`, `mean`, `max` and `min`");
		diag_end(s->diag);
		return sema_poison();
	}
	if (s->where != IN_RULE) {
		diag_begin(s->diag, E0630, e->span, "only a learning rule goes over neurons or items of the batch");
		diag_help(s->diag, "put it into a handler of a rule: `each step { … }`");
		diag_end(s->diag);
		return sema_poison();
	}
	return sound ? sema_real(dim) : sema_poison();
}

static Val
check_kind(Sema *s, AstExpr *e)
{
	if (s->where == IN_EXPECT && sema_is_seen(s, e))
		return sema_check_seen(s, e);
	switch (e->kind) {
	case AEXPR_NUMBER:
		return sema_real(e->num.unit ? infer_stated(e->num.unit->dim, e->span)
					     : infer_fresh(&s->infer));
	case AEXPR_BOOL:
		return sema_bool();
	case AEXPR_STRING:
		return (Val){.type = ATYPE_STRING};
	case AEXPR_NAME:
		return check_name(s, e);
	case AEXPR_MEMBER:
		return check_member(s, e);
	case AEXPR_CALL:
		return sema_check_call(s, e);
	case AEXPR_INDEX:
		return is_past(s, e) ? check_past(s, e) : check_element(s, e);
	case AEXPR_RANGE:
		return report_range(s, e);
	case AEXPR_SUM:
		return check_sum(s, e);
	case AEXPR_OVER:
		return check_over(s, e);
	case AEXPR_LET:
		return check_let(s, e);
	case AEXPR_LIST:
		return check_list(s, e);
	case AEXPR_TUPLE:
		return check_tuple(s, e);
	case AEXPR_UNARY:
		return check_unary(s, e);
	case AEXPR_BINARY:
	case AEXPR_OR_ELSE:
		return check_binary(s, e);
	case AEXPR_IF:
		return check_if(s, e);
	case AEXPR_ERROR:
		return sema_poison();
	case AEXPR_UNSET:
	case AEXPR_COUNT:
		break;
	}
	UNREACHABLE();
}

Val
sema_check_expr(Sema *s, AstExpr *e)
{
	Val v = check_kind(s, e);
	sema_set_type(s, e, v);
	return v;
}
