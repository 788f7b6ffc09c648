/* ast_build: makes expressions and statements. See ast_build.h. */
#include "ast/ast_build.h"

#include "base/panic.h"

const char *
ast_op_text(AstOp op)
{
	switch (op) {
	case AOP_UNSET:
		return "";
	case AOP_NEG:
	case AOP_SUB:
		return "-";
	case AOP_NOT:
		return "not";
	case AOP_ADD:
		return "+";
	case AOP_MUL:
		return "*";
	case AOP_DIV:
		return "/";
	case AOP_EQ:
		return "==";
	case AOP_NE:
		return "!=";
	case AOP_LT:
		return "<";
	case AOP_LE:
		return "<=";
	case AOP_GT:
		return ">";
	case AOP_GE:
		return ">=";
	case AOP_AND:
		return "and";
	case AOP_OR:
		return "or";
	case AOP_COUNT:
		break;
	}
	UNREACHABLE();
}

AstIdVec *
ast_ids(AstBuild *b, AstIdVec *ids, AstId id)
{
	if (!ids)
		ids = ARENA_NEW(b->arena, AstIdVec);
	VEC_PUSH(b->arena, ids, id);
	return ids;
}

/* ---- expressions ----------------------------------------------------------------------------- */

static AstExpr *
new_expr(AstBuild *b, Span at, AstExprKind kind)
{
	AstExpr *e = ARENA_NEW(b->arena, AstExpr);
	e->kind = kind;
	e->span = at;
	e->depth = 1;
	return e;
}

/* Sets the depth of a node whose children are in place. A tree that is too deep is dropped here, so
 * that whoever walks trees later may recurse. */
static AstExpr *
finish(AstBuild *b, AstExpr *e)
{
	uint32_t below = 0;
	for (int i = 0; i < 3; i++) {
		if (e->op[i] && e->op[i]->depth > below)
			below = e->op[i]->depth;
	}
	for (uint32_t i = 0; i < e->args.n; i++) {
		if (e->args.at[i].value->depth > below)
			below = e->args.at[i].value->depth;
	}
	if (below < AST_DEEPEST) {
		e->depth = (uint16_t)(below + 1);
		return e;
	}
	if (!b->too_deep) {
		b->too_deep = true;
		diag_begin(b->diag, E0107, e->span, "this expression has more than %d levels",
			   AST_DEEPEST);
		diag_note(b->diag, "each operator of a long sum or product counts one level");
		diag_help(b->diag, "give parts of it names of their own, by `let` or `const`");
		diag_end(b->diag);
	}
	b->failed = true;
	return ast_error(b, e->span);
}

AstExpr *
ast_number(AstBuild *b, Span at, double value, bool is_int)
{
	AstExpr *e = new_expr(b, at, AEXPR_NUMBER);
	e->num.value = value;
	e->num.is_int = is_int;
	return e;
}

AstExpr *
ast_number_unit(AstBuild *b, Span at, AstExpr *number, const Unit *unit, Span unit_span)
{
	(void)b;
	number->span = at;
	number->num.unit = unit;
	number->num.unit_span = unit_span;
	return number;
}

AstExpr *
ast_bool(AstBuild *b, Span at, bool truth)
{
	AstExpr *e = new_expr(b, at, AEXPR_BOOL);
	e->truth = truth;
	return e;
}

AstExpr *
ast_string(AstBuild *b, Span at, const char *text)
{
	AstExpr *e = new_expr(b, at, AEXPR_STRING);
	e->string = text;
	return e;
}

AstExpr *
ast_name(AstBuild *b, Span at, Name name)
{
	AstExpr *e = new_expr(b, at, AEXPR_NAME);
	e->name = name;
	e->name_span = at;
	return e;
}

AstExpr *
ast_member(AstBuild *b, Span at, AstExpr *base, AstId name)
{
	AstExpr *e = new_expr(b, at, AEXPR_MEMBER);
	e->name = name.name;
	e->name_span = name.span;
	e->op[0] = base;
	return finish(b, e);
}

static AstExpr *
with_args(AstBuild *b, Span at, AstExprKind kind, AstExpr *base, AstArgVec *args)
{
	AstExpr *e = new_expr(b, at, kind);
	e->op[0] = base;
	if (args)
		e->args = *args;
	return finish(b, e);
}

AstExpr *
ast_call(AstBuild *b, Span at, AstExpr *base, AstArgVec *args)
{
	return with_args(b, at, AEXPR_CALL, base, args);
}

AstExpr *
ast_index(AstBuild *b, Span at, AstExpr *base, AstArgVec *args)
{
	return with_args(b, at, AEXPR_INDEX, base, args);
}

AstExpr *
ast_list(AstBuild *b, Span at, AstArgVec *items)
{
	return with_args(b, at, AEXPR_LIST, NULL, items);
}

AstExpr *
ast_tuple(AstBuild *b, Span at, AstArgVec *parts)
{
	return with_args(b, at, AEXPR_TUPLE, NULL, parts);
}

AstExpr *
ast_row(AstBuild *b, Span at, AstExpr *first, AstArgVec *others)
{
	AstArgVec *all = ast_args(b, NULL, (AstId){0}, first);
	for (uint32_t i = 0; i < others->n; i++)
		VEC_PUSH(b->arena, all, others->at[i]);
	return ast_tuple(b, at, all);
}

AstExpr *
ast_range(AstBuild *b, Span at, AstExpr *first, AstExpr *last, bool exclusive)
{
	AstExpr *e = new_expr(b, at, AEXPR_RANGE);
	e->op[0] = first;
	e->op[1] = last;
	e->exclusive = exclusive;
	return finish(b, e);
}

AstExpr *
ast_unary(AstBuild *b, Span at, AstOp op, AstExpr *x)
{
	AstExpr *e = new_expr(b, at, AEXPR_UNARY);
	e->op_kind = op;
	e->op[0] = x;
	return finish(b, e);
}

AstExpr *
ast_binary(AstBuild *b, Span at, AstOp op, AstExpr *x, AstExpr *y)
{
	AstExpr *e = new_expr(b, at, AEXPR_BINARY);
	e->op_kind = op;
	e->op[0] = x;
	e->op[1] = y;
	return finish(b, e);
}

AstExpr *
ast_if(AstBuild *b, Span at, AstExpr *then, AstExpr *cond, AstExpr *other)
{
	AstExpr *e = new_expr(b, at, AEXPR_IF);
	e->op[0] = then;
	e->op[1] = cond;
	e->op[2] = other;
	return finish(b, e);
}

AstExpr *
ast_sum(AstBuild *b, Span at, AstId name, AstExpr *range, AstExpr *of)
{
	AstExpr *e = new_expr(b, at, AEXPR_SUM);
	e->name = name.name;
	e->name_span = name.span;
	e->op[0] = range;
	e->op[1] = of;
	return finish(b, e);
}

AstExpr *
ast_let_in(AstBuild *b, Span at, AstId name, AstExpr *value, AstExpr *of)
{
	AstExpr *e = new_expr(b, at, AEXPR_LET);
	e->name = name.name;
	e->name_span = name.span;
	e->op[0] = value;
	e->op[1] = of;
	return finish(b, e);
}

AstExpr *
ast_over(AstBuild *b, Span at, AstExpr *name, AstExpr *of, AstIdVec *over)
{
	if (name->kind != AEXPR_NAME)
		return name->kind == AEXPR_ERROR ? name : ast_call(b, at, name, ast_args(b, NULL, (AstId){0}, of));
	AstExpr *e = new_expr(b, at, AEXPR_OVER);
	e->name = name->name;
	e->name_span = name->span;
	e->op[0] = of;
	for (uint32_t i = 0; i < over->n; i++) {
		AstArg arg = {.value = ast_name(b, over->at[i].span, over->at[i].name)};
		VEC_PUSH(b->arena, &e->args, arg);
	}
	return finish(b, e);
}

AstExpr *
ast_error(AstBuild *b, Span at)
{
	return new_expr(b, at, AEXPR_ERROR);
}

AstArgVec *
ast_args(AstBuild *b, AstArgVec *args, AstId name, AstExpr *value)
{
	if (!args)
		args = ARENA_NEW(b->arena, AstArgVec);
	AstArg arg = {name.name, name.span, value};
	VEC_PUSH(b->arena, args, arg);
	return args;
}

/* ---- statements ------------------------------------------------------------------------------ */

AstStmtVec *
ast_stmts(AstBuild *b, AstStmtVec *stmts, AstStmt *s)
{
	if (!stmts)
		stmts = ARENA_NEW(b->arena, AstStmtVec);
	if (s)
		VEC_PUSH(b->arena, stmts, s);
	return stmts;
}

AstStmt *
ast_plain_stmt(AstBuild *b, Span at, AstStmtKind kind)
{
	AstStmt *s = ARENA_NEW(b->arena, AstStmt);
	s->kind = kind;
	s->span = at;
	return s;
}

static void
set_name(AstStmt *s, AstId id)
{
	s->name = id.name;
	s->name_span = id.span;
}

static void
set_names(AstBuild *b, AstStmt *s, const AstIdVec *ids)
{
	s->names.at = arena_alloc(b->arena, sizeof *s->names.at * ids->n);
	s->names.n = s->names.cap = ids->n;
	for (uint32_t i = 0; i < ids->n; i++) {
		s->names.at[i].name = ids->at[i].name;
		s->names.at[i].span = ids->at[i].span;
		s->names.at[i].arg = ids->at[i].arg;
	}
}

static AstStmt *
target_stmt(AstBuild *b, Span at, AstStmtKind kind, AstExpr *target, AstExpr *e)
{
	AstStmt *s = ast_plain_stmt(b, at, kind);
	s->target = target;
	s->e = e;
	return s;
}

AstStmt *
ast_assign(AstBuild *b, Span at, AstExpr *target, AstOp op, AstExpr *value)
{
	AstStmt *s = target_stmt(b, at, ASTMT_ASSIGN, target, value);
	s->op_kind = op;
	return s;
}

AstStmt *
ast_equation(AstBuild *b, Span at, AstId state, AstExpr *e)
{
	return target_stmt(b, at, ASTMT_EQUATION, ast_name(b, state.span, state.name), e);
}

AstStmt *
ast_let(AstBuild *b, Span at, AstId name, AstExpr *value)
{
	AstStmt *s = ast_plain_stmt(b, at, ASTMT_LET);
	set_name(s, name);
	s->e = value;
	return s;
}

AstStmt *
ast_if_stmt(AstBuild *b, Span at, AstExpr *cond, AstStmtVec *body, AstStmtVec *other)
{
	AstStmt *s = ast_plain_stmt(b, at, ASTMT_IF);
	s->e = cond;
	s->body = *body;
	if (other)
		s->other = *other;
	return s;
}

AstStmt *
ast_keep_one(AstBuild *b, Span at, AstExpr *cond)
{
	AstStmt *s = ast_plain_stmt(b, at, ASTMT_KEEP_ONE);
	s->e = cond;
	return s;
}

AstStmt *
ast_for(AstBuild *b, Span at, AstIdVec *names, AstExpr *data, bool shuffled, AstId phase, AstStmtVec *body)
{
	AstStmt *s = ast_plain_stmt(b, at, ASTMT_FOR);
	s->shuffled = shuffled;
	set_names(b, s, names);
	s->target = data;
	set_name(s, phase);
	s->body = *body;
	return s;
}

AstStmt *
ast_pulse(AstBuild *b, Span at, AstExpr *target, AstExpr *value)
{
	return target_stmt(b, at, ASTMT_PULSE, target, value);
}

AstStmt *
ast_spike(AstBuild *b, Span at, AstExpr *value)
{
	AstStmt *s = ast_plain_stmt(b, at, ASTMT_SPIKE);
	s->e = value;
	return s;
}

AstStmt *
ast_run(AstBuild *b, Span at, AstExpr *time, bool by_layer, AstStmtVec *controls)
{
	AstStmt *s = ast_plain_stmt(b, at, ASTMT_RUN);
	s->e = time;
	s->by_layer = by_layer;
	if (controls)
		s->body = *controls;
	return s;
}

AstStmt *
ast_control(AstBuild *b, Span at, AstControl control, AstExpr *what, AstExpr *value)
{
	AstStmt *s = target_stmt(b, at, ASTMT_CONTROL, what, value);
	s->control = control;
	return s;
}

AstStmt *
ast_vote(AstBuild *b, Span at, AstExpr *layer, AstId label, AstIdVec *readouts, AstExpr *every,
	 AstExpr *keep, AstExpr *from)
{
	AstStmt *s = ast_plain_stmt(b, at, ASTMT_VOTE);
	s->target = layer;
	set_name(s, label);
	set_names(b, s, readouts);
	s->e = every;
	s->keep = keep;
	s->from = from;
	return s;
}

AstStmt *
ast_report(AstBuild *b, Span at, AstId what, AstId phase)
{
	AstStmt *s = ast_plain_stmt(b, at, ASTMT_REPORT);
	set_name(s, what);
	s->of = phase.name;
	s->of_span = phase.span;
	return s;
}

AstExpr *
ast_range_by(AstBuild *b, Span at, AstExpr *range, AstExpr *step)
{
	if (range->kind != AEXPR_RANGE) {
		diag_begin(b->diag, E0831, range->span, "only a range has steps");
		diag_help(b->diag, "write `0 ..< 100 by 10`");
		diag_end(b->diag);
		return ast_error(b, at);
	}
	range->op[2] = step;
	range->span = at;
	return range;
}

AstStmtVec *
ast_append(AstBuild *b, AstStmtVec *stmts, const AstStmtVec *more)
{
	for (uint32_t i = 0; i < more->n; i++)
		VEC_PUSH(b->arena, stmts, more->at[i]);
	return stmts;
}

AstStmt *
ast_present(AstBuild *b, Span at, AstExpr *to, AstExpr *what)
{
	if (to->kind == AEXPR_MEMBER)
		return ast_assign(b, at, to, AOP_UNSET, what);
	return target_stmt(b, at, ASTMT_PRESENT, to, what);
}

/* Events end with the run; a parameter keeps its value. */
AstStmtVec *
ast_present_run(AstBuild *b, Span at, AstStmtVec *what, AstStmt *run)
{
	uint32_t n = what->n;
	VEC_PUSH(b->arena, what, run);
	for (uint32_t i = 0; i < n; i++) {
		if (what->at[i]->kind != ASTMT_PRESENT)
			continue;
		AstStmt *end = ast_plain_stmt(b, at, ASTMT_PRESENT);
		end->target = what->at[i]->target;
		VEC_PUSH(b->arena, what, end);
	}
	return what;
}

AstStmt *
ast_load(AstBuild *b, Span at, AstExpr *what, AstExpr *path)
{
	return target_stmt(b, at, ASTMT_LOAD, what, path);
}

AstStmt *
ast_save(AstBuild *b, Span at, AstExpr *what, AstExpr *path)
{
	return target_stmt(b, at, ASTMT_SAVE, what, path);
}
