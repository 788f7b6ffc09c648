/* sweep: what the lanes of a program are: `sweep tau in [10 ms, 20 ms], seed in 1 .. 8` has 16. */
#include "expand/inner.h"

#include <string.h>

enum { MOST_VALUES = 100000 };

static bool
is_setting(Name name)
{
	return strcmp(name, "dt") == 0 || strcmp(name, "seed") == 0 || strcmp(name, "batch") == 0;
}

static bool
refuse(Expand *x, Span at, const char *text, const char *help)
{
	expand_error(x, E0530, at, "%s", text);
	diag_help(x->diag, "%s", help);
	diag_end(x->diag);
	return false;
}

/* As --set takes it. */
static bool
is_literal(const AstExpr *e)
{
	if (e->kind == AEXPR_NUMBER || e->kind == AEXPR_BOOL || (e->kind == AEXPR_NAME && strcmp(e->name, "inf") == 0))
		return true;
	if (e->kind == AEXPR_UNARY)
		return e->op_kind == AOP_NEG && is_literal(e->op[0]);
	if (e->kind == AEXPR_BINARY)
		return e->op_kind >= AOP_ADD && e->op_kind <= AOP_DIV && is_literal(e->op[0]) && is_literal(e->op[1]);
	if (e->kind != AEXPR_LIST && e->kind != AEXPR_TUPLE)
		return false;
	for (uint32_t i = 0; i < e->args.n; i++) {
		if (!is_literal(e->args.at[i].value))
			return false;
	}
	return true;
}

static bool
check_name(Expand *x, const AstArg *turn, const ExpandLanes *out)
{
	const AstDecl *d = expand_constant(x, turn->name);
	for (uint32_t i = 0; i < out->n; i++) {
		if (out->at[i].name != turn->name)
			continue;
		expand_error(x, E0202, turn->name_span, "`%s` is swept twice", turn->name);
		diag_label(x->diag, out->at[i].span, "first here");
		diag_help(x->diag, "keep one of them");
		diag_end(x->diag);
		return false;
	}
	if (is_setting(turn->name) || (d && d->kind == ADECL_PARAM && !d->library))
		return true;
	return refuse(x, turn->name_span, arena_printf(x->arena, "the program has no `param %s`", turn->name),
		      arena_printf(x->arena, "a sweep gives values to a parameter: declare `param %s = …`, or sweep over `seed`", turn->name));
}

static bool
add_values(Expand *x, const AstExpr *over, struct ExpandLane *lane)
{
	Turns turns;
	if (over->kind != AEXPR_RANGE && over->kind != AEXPR_LIST)
		return refuse(x, over->span, "a sweep goes over a list or a range", "write `[10 ms, 20 ms]` or `1 .. 8`");
	if (over->kind == AEXPR_LIST) {
		for (uint32_t i = 0; i < over->args.n; i++) {
			const AstExpr *e = over->args.at[i].value;
			if (!is_literal(e))
				return refuse(x, e->span, "values of a sweep are numbers with units, or true or false",
					      "write the number out");
			VEC_PUSH(x->arena, &lane->value, e);
		}
		return true;
	}
	if (!expand_turns(x, over, &turns))
		return false;
	if (expand_count(&turns) < 1 || expand_count(&turns) > MOST_VALUES)
		return refuse(x, over->span, expand_count(&turns) ? "this range is too long for a sweep" : "this range is empty",
			      "a sweep has 1 to 100000 values");
	for (uint64_t k = 0; k < expand_count(&turns); k++)
		VEC_PUSH(x->arena, &lane->value, expand_number(x, over->span, (double)(turns.lo + (int64_t)k)));
	return true;
}

static bool
is_set(const Expand *x, Name name)
{
	for (uint32_t i = 0; i < x->env->nsets; i++) {
		if (x->env->sets[i].name == name)
			return true;
	}
	return false;
}

bool
expand_find_lanes(Expand *x, ExpandLanes *out)
{
	ExpandLanes all = {0};
	bool ok = true;
	for (uint32_t i = 0; i < x->in->decls.n; i++) {
		const AstDecl *d = x->in->decls.at[i];
		for (uint32_t k = 0; d->kind == ADECL_SWEEP && k < d->loop.turns.n; k++) {
			const AstArg *turn = &d->loop.turns.at[k];
			struct ExpandLane lane = {.name = turn->name, .span = turn->name_span};
			ok = check_name(x, turn, &all) && add_values(x, turn->value, &lane) && ok;
			VEC_PUSH(x->arena, &all, lane);
			if (!is_set(x, turn->name))
				VEC_PUSH(x->arena, out, lane);
		}
	}
	return ok;
}
