/* check_stmt: statements of models: what may be assigned, where a spike may be. */
#include "sema/check.h"

#include "base/panic.h"

static const char *
where_noun(const Sema *s)
{
	switch (s->where) {
	case IN_STEP:
		return "the step of a neuron";
	case IN_FEATURE:
		return "the body of a feature";
	case IN_RULE:
		return "a learning rule";
	case IN_TRACE:
		return "a trace";
	case IN_SIGNAL:
		return "a signal";
	case IN_CONST:
	case IN_ARG:
	case IN_INIT:
	case IN_VALUE:
	case IN_DRIVE:
	case IN_NEURONS:
	case IN_PROTOCOL:
	case IN_EXPECT:
		break;
	}
	UNREACHABLE();
}

/* ---- assignment --------------------------------------------------------------------------- */

static void
report_not_assignable(Sema *s, const AstExpr *target, const Sym *sym, const char *why,
		      const char *help)
{
	diag_begin(s->diag, E0618, target->span, "`%s` is %s, and %s", target->name,
		   sema_kind_noun(sym->sym.kind), why);
	if (sym->sym.span.lo && sym->sym.kind != ASYM_INPUT)
		diag_label(s->diag, sym->sym.span, "declared here");
	diag_help(s->diag, "%s", help);
	diag_end(s->diag);
}

static bool
may_assign(Sema *s, const AstExpr *target, const Sym *sym)
{
	const char *help;
	switch (sym->sym.kind) {
	case ASYM_STATE:
	case ASYM_LEARNED:
		if (s->where != IN_TRACE)
			return true;
		report_not_assignable(s, target, sym, "a trace changes only itself",
				      "assign it in a handler of the model");
		return false;
	case ASYM_TRACE:
		if (s->where == IN_TRACE ? sym->sym.name == s->own_trace : s->where == IN_STEP)
			return true;
		report_not_assignable(s, target, sym, "only its own block changes it",
				      "equal traces are kept once for all rules; for values of its "
				      "own a rule has states: `state e = 0`");
		return false;
	case ASYM_INPUT:
		if (s->where == IN_FEATURE)
			return true;
		report_not_assignable(s, target, sym, "it cannot be changed",
				      "give a changed input a name: `let drive = …`");
		return false;
	case ASYM_LOCAL:
		report_not_assignable(
			s, target, sym, "it keeps its value",
			"use another `let`, or a `state`, which lasts from step to step");
		return false;
	case ASYM_MODEL_PARAM:
	case ASYM_PARAM:
		help = s->decl && s->decl->kind == ADECL_FEATURE
			       ? "a feature changes `signal`"
			       : arena_printf(s->arena, "make a state of it: `state x = %s`",
					      target->name);
		report_not_assignable(s, target, sym, "a model cannot change it", help);
		return false;
	case ASYM_UNSET:
	case ASYM_DATA:
	case ASYM_LAYER:
	case ASYM_CONNECTION:
	case ASYM_NEURON:
	case ASYM_FEATURE:
	case ASYM_RULE:
	case ASYM_PHASE:
	case ASYM_COLUMN:
	case ASYM_SIGNAL:
	case ASYM_TOP_SIGNAL:
	case ASYM_FELLOW:
	case ASYM_BOUND:
	case ASYM_TURN:
	case ASYM_SIGNAL_STATE_OF:
	case ASYM_SIDE_STATE:
	case ASYM_RULE_STATE_OF:
	case ASYM_SPIKE:
	case ASYM_INDEX:
	case ASYM_DISTANCE:
	case ASYM_DT:
	case ASYM_LEARNING:
	case ASYM_NOISE:
	case ASYM_INF:
	case ASYM_OWN_FUNCTION:
	case ASYM_FUNCTION:
	case ASYM_FEATURE_OF:
	case ASYM_KEPT_OF:
	case ASYM_RATE_OF:
	case ASYM_STATE_OF:
	case ASYM_TRACE_OF:
	case ASYM_PARAM_OF:
	case ASYM_SPIKES_OF:
	case ASYM_VOTES_OF:
	case ASYM_PART:
		break;
	}
	report_not_assignable(s, target, sym, "a model cannot change it",
			      "models change their states: `state x = 0`");
	return false;
}

static Sym *
check_target(Sema *s, AstExpr *target)
{
	target->sema.type = ATYPE_ERROR;
	if (target->kind == AEXPR_ERROR)
		return NULL;
	if (target->kind == AEXPR_INDEX) {
		Val v = sema_check_expr(s, target);
		Sym *sym = (Sym *)target->op[0]->sema.sym;
		return v.type != ATYPE_ERROR && may_assign(s, target->op[0], sym) ? sym : NULL;
	}
	if (target->kind != AEXPR_NAME) {
		diag_begin(s->diag, E0618, target->span, "only a state can be assigned");
		diag_help(s->diag, "write its name alone: `v = …`");
		diag_end(s->diag);
		return NULL;
	}
	Sym *sym = sema_find_value(s, target->name);
	if (!sym) {
		sema_report_unknown_value(s, target);
		return NULL;
	}
	target->sema.sym = &sym->sym;
	if (!may_assign(s, target, sym))
		return NULL;
	if (sym->val.type == ATYPE_LIST) {
		diag_begin(s->diag, E0618, target->span, "`%s` holds many numbers", target->name);
		diag_label(s->diag, sym->sym.span, "declared here");
		diag_help(s->diag, "assign one of them: `%s[0] = …`", target->name);
		diag_end(s->diag);
		return NULL;
	}
	sema_set_type(s, target, sym->val);
	return sym;
}

/* `signal` takes the dimension of what it is given: a weight turns spikes into voltages. */
static void
assign_signal(Sema *s, const AstStmt *a, Sym *signal, Val v)
{
	DimTerm now = signal->val.dim;
	if (a->op_kind == AOP_MUL)
		signal->val.dim = infer_mul(&s->infer, now, v.dim);
	else if (a->op_kind == AOP_DIV)
		signal->val.dim = infer_div(&s->infer, now, v.dim);
	else if (a->op_kind == AOP_UNSET)
		signal->val.dim = v.dim;
	else
		sema_fit(s,
			 (Say){"@ cannot be added to &",
			       "the signal and what is added to it need the same dimension", NULL},
			 (Side){a->e->span, v.dim}, (Side){a->target->span, now});
}

static void
assign_real(Sema *s, const AstStmt *a, const Sym *sym, Val v)
{
	Side have = {a->e->span, v.dim}, want = {a->target->span, sym->val.dim};
	const char *like =
		"both sides need the same dimension; a bare number takes the unit of its place";
	switch (a->op_kind) {
	case AOP_UNSET:
		sema_fit(s, (Say){"`$` is &, and @ is assigned to it", like, sym->sym.name}, have,
			 want);
		return;
	case AOP_ADD:
		sema_fit(s, (Say){"@ cannot be added to &", like, NULL}, have, want);
		return;
	case AOP_SUB:
		sema_fit(s, (Say){"@ cannot be subtracted from &", like, NULL}, have, want);
		return;
	case AOP_MUL:
	case AOP_DIV:
		want = (Side){{0, 0}, infer_none()};
		sema_fit(s,
			 (Say){"scaling by @ would change the dimension of `$`",
			       "scale by a number: divide by something of the same dimension",
			       sym->sym.name},
			 have, want);
		return;
	case AOP_NEG:
	case AOP_NOT:
	case AOP_EQ:
	case AOP_NE:
	case AOP_LT:
	case AOP_LE:
	case AOP_GT:
	case AOP_GE:
	case AOP_AND:
	case AOP_OR:
	case AOP_COUNT:
		break;
	}
	UNREACHABLE();
}

static void
check_assign(Sema *s, AstStmt *a)
{
	Val v = sema_check_expr(s, a->e);
	if (s->where == IN_FEATURE && a->op_kind == AOP_UNSET && sema_is_pre_spike(s, a->target) && a->e->kind == AEXPR_CALL &&
	    a->e->args.n == 2 && sema_is_pre_spike(s, a->e->args.at[0].value)) {
		sema_check_expr(s, a->target);               /* pre.spike = pre.spike after value */
		return;
	}
	Sym *sym = check_target(s, a->target);
	if (!sym || v.type == ATYPE_ERROR || sym->val.type == ATYPE_ERROR)
		return;
	if (sym->val.type == ATYPE_BOOL) {
		if (a->op_kind != AOP_UNSET)
			sema_need_real(s, a->target, sym->val);
		else
			sema_need_condition(s, a->e, v);
		return;
	}
	if (!sema_need_real(s, a->e, v))
		return;
	if (sym->sym.kind == ASYM_INPUT)
		assign_signal(s, a, sym, v);
	else
		assign_real(s, a, sym, v);
}

/* ---- other statements --------------------------------------------------------------------- */

void
sema_check_new_local(Sema *s, Name name, Span at)
{
	const Sym *old = sema_find_value(s, name);
	bool taken = old && old->sym.kind != ASYM_PARAM && old->sym.kind != ASYM_INDEX;
	if (taken && old->sym.span.lo) {
		sema_report_twice(s, name, at, old->sym.span, "declared");
	} else if (taken) {
		diag_begin(s->diag, E0214, at, "`%s` is %s already", name, sema_kind_noun(old->sym.kind));
		diag_help(s->diag, "take another name");
		diag_end(s->diag);
	}
}

void
sema_check_let(Sema *s, AstStmt *let)
{
	Val v = sema_check_expr(s, let->e);
	if (v.type != ATYPE_BOOL && v.type != ATYPE_ERROR && !sema_need_real(s, let->e, v))
		v = sema_poison();
	Sym *sym = sema_new_sym(s, ASYM_LOCAL, let->name, let->name_span);
	sym->sym.stmt = let;
	sym->val = v;
	sym->sym.type = v.type;
	let->sema.sym = &sym->sym;
	sema_check_new_local(s, let->name, let->name_span);
	VEC_PUSH(s->arena, &s->locals, sym);
}

static void
check_if_stmt(Sema *s, const AstStmt *i)
{
	sema_check_condition(s, i->e);
	DimTerm before = s->input ? s->input->val.dim : infer_none();
	s->inside++;
	sema_check_block(s, &i->body);
	if (s->where != IN_FEATURE) {
		sema_check_block(s, &i->other);
		s->inside--;
		return;
	}
	DimTerm after = s->input->val.dim;
	s->input->val.dim = before;
	sema_check_block(s, &i->other);
	s->inside--;
	sema_fit(s,
		 (Say){"the signal is & on one way and @ on the other",
		       "both branches must leave a signal of the same dimension", NULL},
		 (Side){i->span, s->input->val.dim}, (Side){{0, 0}, after});
}

static void
check_spike(Sema *s, AstStmt *a)
{
	if (s->where != IN_STEP) {
		diag_begin(s->diag, E0620, a->span,
			   a->kind == ASTMT_SPIKE ? "%s cannot spike"
						  : "%s has no spikes to choose from",
			   where_noun(s));
		diag_help(s->diag, "`%s` stands in the step of a neuron",
			  a->kind == ASTMT_SPIKE ? "spike" : "keep one spike");
		diag_end(s->diag);
	}
	DimTerm dim;
	if (a->e && a->kind == ASTMT_SPIKE)
		sema_check_real(s, a->e, &dim);
	else if (a->e)
		sema_check_condition(s, a->e);
}

static void
check_stmt(Sema *s, AstStmt *a)
{
	switch (a->kind) {
	case ASTMT_ASSIGN:
		check_assign(s, a);
		return;
	case ASTMT_LET:
		sema_check_let(s, a);
		return;
	case ASTMT_IF:
		check_if_stmt(s, a);
		return;
	case ASTMT_SPIKE:
	case ASTMT_KEEP_ONE:
		check_spike(s, a);
		return;
	case ASTMT_EQUATION:
		UNREACHABLE();
	case ASTMT_FOR:
	case ASTMT_PULSE:
	case ASTMT_RUN:
	case ASTMT_CONTROL:
	case ASTMT_RESET:
	case ASTMT_FREEZE:
	case ASTMT_THAW:
	case ASTMT_VOTE:
	case ASTMT_REPORT:
	case ASTMT_SAVE:
	case ASTMT_LOAD:
	case ASTMT_PRESENT:
		diag_begin(s->diag, E0601, a->span, "%s cannot steer the experiment",
			   where_noun(s));
		diag_help(s->diag, "move this statement into `experiment { }`");
		diag_end(s->diag);
		return;
	case ASTMT_ERROR:
		return;
	case ASTMT_EXPECT:
	case ASTMT_EVENT:
	case ASTMT_WITH:
	case ASTMT_SET:
	case ASTMT_REPEAT:
	case ASTMT_SWEEP:
	case ASTMT_GOLDEN: /* stand in tests only */
	case ASTMT_UNSET:
	case ASTMT_COUNT:
		break;
	}
	UNREACHABLE();
}

void
sema_check_block(Sema *s, const AstStmtVec *block)
{
	uint32_t outer = s->locals.n;
	for (uint32_t i = 0; i < block->n;) {
		if (block->at[i]->kind == ASTMT_EQUATION)
			i = sema_check_system(s, block, i);
		else
			check_stmt(s, block->at[i++]);
	}
	s->locals.n = outer;
}
