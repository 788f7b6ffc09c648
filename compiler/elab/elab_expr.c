/* elab_expr: expressions of the program become expressions of the network: operators, lists, sums. */
#include "elab/elab_inner.h"

#include "base/panic.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* ---- operators and the rest ------------------------------------------------------------------ */

static NetOp
net_op(AstOp op)
{
	switch (op) {
	case AOP_NEG:
		return NOP_NEG;
	case AOP_NOT:
		return NOP_NOT;
	case AOP_ADD:
		return NOP_ADD;
	case AOP_SUB:
		return NOP_SUB;
	case AOP_MUL:
		return NOP_MUL;
	case AOP_DIV:
		return NOP_DIV;
	case AOP_EQ:
		return NOP_EQ;
	case AOP_NE:
		return NOP_NE;
	case AOP_LT:
		return NOP_LT;
	case AOP_LE:
		return NOP_LE;
	case AOP_GT:
		return NOP_GT;
	case AOP_GE:
		return NOP_GE;
	case AOP_AND:
		return NOP_AND;
	case AOP_OR:
		return NOP_OR;
	case AOP_UNSET:
	case AOP_COUNT:
		break;
	}
	UNREACHABLE();
}

/* `pre.spike` counts as a number and as a truth value: 1 or 0, or whether there was one. */
NetExpr *
elab_as(Scope *s, NetExpr *a, NetType t, const AstExpr *at)
{
	if (!a || a->type == t)
		return a;
	bool is_spike = a->kind == NEXPR_SPIKE || (at->sema.sym && at->sema.sym->kind == ASYM_SPIKE);
	if (t == NT_BOOL && is_spike)
		return elab_binary(s, NOP_NE, a, elab_const(s, NT_REAL, 0, at->span), at->span);
	if (t == NT_REAL) {
		elab_error(s->el, E0302, at->span,
			   "a number is needed here, and this is true or false");
		diag_help(s->el->diag, "write `1 if … else 0`");
	} else {
		elab_error(s->el, E0304, at->span,
			   "true or false is needed here, and this is a number");
		diag_help(s->el->diag, "compare it: `… > 0`");
	}
	diag_end(s->el->diag);
	return NULL;
}

static NetExpr *
binary(Scope *s, const AstExpr *e)
{
	NetExpr *a = elab_expr(s, e->op[0]);
	if (!a)
		return NULL;
	NetOp op = net_op(e->op_kind);
	bool logic = op == NOP_AND || op == NOP_OR;
	if (logic && !(a = elab_as(s, a, NT_BOOL, e->op[0])))
		return NULL;
	/* What a constant decides is never looked at: it may ask for draws that nobody needs. */
	if (logic && elab_is_const(a, op == NOP_OR))
		return a;
	NetExpr *b = elab_expr(s, e->op[1]);
	if (!b)
		return NULL;
	bool same = op == NOP_EQ || op == NOP_NE;
	NetType t = logic || (same && (a->type == NT_BOOL || b->type == NT_BOOL)) ? NT_BOOL : NT_REAL;
	a = elab_as(s, a, t, e->op[0]);
	b = elab_as(s, b, t, e->op[1]);
	return a && b ? elab_binary(s, op, a, b, e->span) : NULL;
}

static NetExpr *
choice(Scope *s, const AstExpr *e)
{
	NetExpr *cond = elab_as(s, elab_expr(s, e->op[1]), NT_BOOL, e->op[1]);
	if (!cond)
		return NULL;
	if (cond->kind == NEXPR_CONST)
		return elab_expr(s, e->op[cond->value != 0 ? 0 : 2]);
	NetExpr *then = elab_expr(s, e->op[0]), *other = elab_expr(s, e->op[2]);
	if (!then || !other)
		return NULL;
	NetType t = then->type == NT_BOOL || other->type == NT_BOOL ? NT_BOOL : NT_REAL;
	then = elab_as(s, then, t, e->op[0]);
	other = elab_as(s, other, t, e->op[2]);
	return then && other ? elab_select(s, then, cond, other, e->span) : NULL;
}

/* [[a, b], [c, d]]: rows of one shape. */
static NetExpr *
rows(Scope *s, const AstExpr *e)
{
	Scope in = *s;
	in.place = s->place == IN_PROGRAM ? IN_PROGRAM : IN_PARAM; /* only the whole has a place */
	double *value = NULL;
	ElabList first = {0};
	for (uint32_t i = 0; i < e->args.n; i++) {
		const AstExpr *at = e->args.at[i].value;
		NetExpr *x = elab_expr(&in, at);
		if (!x)
			return NULL;
		bool is_row = x->kind == NEXPR_ARRAY && x->side == NSIDE_OWN;
		ElabList row = is_row ? s->el->lists.at[x->index] : (ElabList){0};
		if (i == 0)
			first = row;
		if (!is_row || row.rank != first.rank || memcmp(row.extent, first.extent, sizeof row.extent) != 0 ||
		    row.rank == 6) {
			elab_error(s->el, E0404, at->span, "the rows of a table must have one length");
			diag_label(s->el->diag, e->args.at[0].value->span, "the first row");
			diag_help(s->el->diag, "write as many numbers in each row");
			diag_end(s->el->diag);
			return NULL;
		}
		if (!value)
			value = ARENA_ARRAY(s->el->arena, double, (size_t)row.n * e->args.n);
		memcpy(value + (size_t)i * row.n, row.value, row.n * sizeof *value);
	}
	uint64_t extent[6] = {e->args.n};
	memcpy(extent + 1, first.extent, 5 * sizeof *extent);
	NetExpr *l = net_expr(s->el->net, NEXPR_ARRAY, NT_REAL, e->span);
	l->index = elab_list_of(s->el, value, first.rank + 1, extent);
	return elab_fits(s, l) ? l : NULL;
}

static bool
has_rows(const AstExpr *e)
{
	for (uint32_t i = 0; i < e->args.n; i++) {
		if (e->args.at[i].value->kind == AEXPR_LIST)
			return true;
	}
	return false;
}

static NetExpr *
list(Scope *s, const AstExpr *e)
{
	if (has_rows(e))
		return rows(s, e);
	double *value = ARENA_ARRAY(s->el->arena, double, e->args.n ? e->args.n : 1);
	NetType t = NT_REAL;
	for (uint32_t i = 0; i < e->args.n; i++) {
		NetExpr *x = elab_expr(s, e->args.at[i].value);
		if (!x)
			return NULL;
		if (i == 0)
			t = x->type;
		if (x->kind != NEXPR_CONST)
			return elab_not_constant(s, e->args.at[i].value);
		if (!elab_as(s, x, t, e->args.at[i].value))
			return NULL;
		value[i] = x->value;
	}
	NetExpr *l = elab_list(s, t, value, e->args.n, e->span);
	return elab_fits(s, l) ? l : NULL;
}

enum { LONGEST_PAST = 1024 }; /* steps that a neuron looks back, and terms of a sum in its step */

static bool
steps_ago(Scope *s, const AstExpr *at, double *out)
{
	NetExpr *e = elab_expr(s, at);
	if (!e)
		return false;
	if (e->kind != NEXPR_CONST)
		return elab_not_constant(s, at) != NULL;
	*out = e->value;
	if (e->type == NT_REAL && e->value == floor(e->value) && e->value >= 0 && e->value <= LONGEST_PAST)
		return true;
	elab_error(s->el, E0514, at->span, "a whole number from 0 to %d is needed here, and this is %s",
		   LONGEST_PAST, elab_number_text(s->el, e->value));
	diag_help(s->el->diag, "count steps: `input[0]` is the input of this one");
	diag_end(s->el->diag);
	return false;
}

/* input[k]: what the spikes of k steps ago would bring now; spike[k]: the own spike of k + 1 steps ago. */
static NetExpr *
past(Scope *s, const AstExpr *e)
{
	double k = 0;
	const AstSym *sym = e->op[0]->sema.sym;
	if (!sym || e->args.n != 1 || !steps_ago(s, e->args.at[0].value, &k))
		return NULL;
	NetExpr *base = elab_expr(s, e->op[0]);
	if (!base || s->place != IN_NEURON)
		return NULL;
	if (base->kind != NEXPR_INPUT && base->kind != NEXPR_SPIKE) {
		elab_error(s->el, E0601, s->drives[base->op[0]->port]->span, "what this `input` line brings is not kept, and the neurons look back on their input");
		diag_label(s->el->diag, e->span, "here");
		diag_help(s->el->diag, "give the line to a layer of `InputValues`, and connect that layer `by one_to_one { weight = 1 }`; "
				       "`input file(…)` is kept");
		diag_end(s->el->diag);
		return NULL;
	}
	NetLayer *l = &s->el->net->layers.at[s->layer];
	uint32_t n = (uint32_t)k + 1;
	bool own = sym->kind == ASYM_SPIKE;
	base->index = own ? n : n - 1;
	base->span = e->span;
	uint32_t *most = own ? &l->memory : &l->ports.at[base->port].window;
	if (*most < n)
		*most = n;
	return base;
}

static NetExpr *
element(Scope *s, const AstExpr *e)
{
	const AstSym *sym = e->op[0]->sema.sym;
	NetExpr *x = NULL;
	if (s->place == IN_FEATURE && sym && sym->kind == ASYM_STATE) {
		x = elab_leaf(s, NEXPR_ELEMENT, NT_REAL, sym->index, e);
	} else if (s->place == IN_FEATURE && sym && sym->kind == ASYM_MODEL_PARAM &&
		   sym->index < s->nparams && s->params[sym->index].is_table) {
		x = elab_leaf(s, NEXPR_TABLE, NT_REAL, s->params[sym->index].table, e);
	} else {
		return elab_not_constant(s, e);
	}
	for (uint32_t i = 0; i < e->args.n; i++) {
		const AstExpr *at = e->args.at[i].value;
		x->op[i] = elab_as(s, elab_expr(s, at), NT_REAL, at);
		if (!x->op[i])
			return NULL;
	}
	return x;
}

/* One end of a sum: a whole number that is known now. */
static bool
sum_end(Scope *s, const AstExpr *e, NetExpr **out)
{
	*out = elab_expr(s, e);
	if (!*out)
		return false;
	double v = (*out)->value;
	if ((*out)->kind == NEXPR_CONST && v == floor(v) && fabs(v) < 16777216)
		return true;
	elab_error(s->el, E0502, e->span, "a sum runs over whole numbers known before the run");
	diag_help(s->el->diag, "use parameters and numbers");
	diag_end(s->el->diag);
	return false;
}

/* What must be known before the run, and the step of a neuron, have no loops. */
static bool
has_loops(ElabPlace p)
{
	return p != IN_PROGRAM && p != IN_PARAM && p != IN_STATE && p != IN_NEURON && p != IN_EXPECT;
}

static NetExpr *
written_out(Scope *s, const AstExpr *e, double lo, double hi)
{
	NetExpr *all = NULL;
	if (hi - lo > LONGEST_PAST) {
		elab_error(s->el, E0503, e->span, "a sum has at most %d terms here, each of which is written out", LONGEST_PAST);
		diag_help(s->el->diag, "make the range shorter");
		diag_end(s->el->diag);
		return NULL;
	}
	for (double k = lo; k < hi; k++) {
		ElabLocal each = {NULL, NET_NONE, elab_const(s, NT_REAL, k, e->span), e->sema.sym};
		VEC_PUSH(s->el->arena, &s->locals, each);
		NetExpr *term = elab_as(s, elab_expr(s, e->op[1]), NT_REAL, e->op[1]);
		s->locals.n--;
		if (!term)
			return NULL;
		all = all ? elab_binary(s, NOP_ADD, all, term, e->span) : term;
	}
	return all ? all : elab_const(s, NT_REAL, 0, e->span);
}

static NetExpr *
sum(Scope *s, const AstExpr *e)
{
	const AstExpr *range = e->op[0];
	NetExpr *x = net_expr(s->el->net, NEXPR_SUM, NT_REAL, e->span);
	if (!sum_end(s, range->op[0], &x->op[1]) || !sum_end(s, range->op[1], &x->op[2]))
		return NULL;
	if (!range->exclusive)
		x->op[2] = elab_const(s, NT_REAL, x->op[2]->value + 1, range->span);
	if (!has_loops(s->place))
		return written_out(s, e, x->op[1]->value, x->op[2]->value);
	ElabLocal each = {NULL, 0, NULL, e->sema.sym};
	for (uint32_t i = 0; i < s->locals.n; i++)
		each.index += s->locals.at[i].each && !s->locals.at[i].value;
	x->index = each.index;
	VEC_PUSH(s->el->arena, &s->locals, each);
	x->op[0] = elab_as(s, elab_expr(s, e->op[1]), NT_REAL, e->op[1]);
	s->locals.n--;
	return x->op[0] ? x : NULL;
}

/* sum(e over pre) */
static NetExpr *
over(Scope *s, const AstExpr *e)
{
	static const struct { const char *name; NetOver over; } all[] = {
		{"sum", NOVER_SUM}, {"mean", NOVER_MEAN}, {"max", NOVER_MAX}, {"min", NOVER_MIN}};
	if (s->place != IN_RULE)
		return elab_not_constant(s, e);
	NetExpr *x = net_expr(s->el->net, NEXPR_REDUCE, NT_REAL, e->span);
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		x->index = strcmp(e->name, all[i].name) == 0 ? all[i].over : x->index;
	for (uint32_t i = 0; i < e->args.n; i++) {
		const char *place = e->args.at[i].value->name;
		x->over |= strcmp(place, "pre") == 0 ? NOVER_PRE : strcmp(place, "post") == 0 ? NOVER_POST : NOVER_BATCH;
	}
	NetSide event = s->event;
	s->event = NSIDE_OWN; /* it goes over all neurons, not over those that spiked */
	x->op[0] = elab_as(s, elab_expr(s, e->op[0]), NT_REAL, e->op[0]);
	s->event = event;
	return x->op[0] ? x : NULL;
}

/* A name for a part of a function. */
static NetExpr *
let(Scope *s, const AstExpr *e)
{
	NetExpr *part = elab_expr(s, e->op[0]);
	if (!part)
		return NULL;
	ElabLocal local = {NULL, NET_NONE, elab_named(s, e->name, part), e->sema.sym};
	VEC_PUSH(s->el->arena, &s->locals, local);
	NetExpr *value = elab_expr(s, e->op[1]);
	s->locals.n--;
	return value;
}

NetExpr *
elab_expr(Scope *s, const AstExpr *e)
{
	if (s->place == IN_EXPECT && elab_is_observed(e))
		return elab_observed(s, e);
	switch (e->kind) {
	case AEXPR_NUMBER:
		return elab_const(s, NT_REAL, e->num.value * (e->num.unit ? e->num.unit->scale : 1),
				  e->span);
	case AEXPR_BOOL:
		return elab_const(s, NT_BOOL, e->truth, e->span);
	case AEXPR_NAME:
	case AEXPR_MEMBER:
		return elab_name(s, e);
	case AEXPR_CALL:
		return elab_call(s, e);
	case AEXPR_LIST:
		return list(s, e);
	case AEXPR_UNARY: {
		NetType t = e->op_kind == AOP_NOT ? NT_BOOL : NT_REAL;
		NetExpr *a = elab_as(s, elab_expr(s, e->op[0]), t, e->op[0]);
		return a ? elab_unary(s, net_op(e->op_kind), a, e->span) : NULL;
	}
	case AEXPR_BINARY:
		return binary(s, e);
	case AEXPR_IF:
		return choice(s, e);
	case AEXPR_INDEX:
		if (s->place == IN_PROTOCOL || s->place == IN_SIGNAL)
			return elab_pick(s, e);
		return e->op[0]->sema.sym && (e->op[0]->sema.sym->kind == ASYM_INPUT || e->op[0]->sema.sym->kind == ASYM_SPIKE)
			       ? past(s, e) : element(s, e);
	case AEXPR_SUM:
		return sum(s, e);
	case AEXPR_OVER:
		return over(s, e);
	case AEXPR_LET:
		return let(s, e);
	case AEXPR_STRING:
	case AEXPR_TUPLE:
	case AEXPR_RANGE:
	case AEXPR_OR_ELSE:
		elab_error(s->el, E0302, e->span, "a number or a truth value is needed here");
		diag_help(s->el->diag, "use numbers, params and functions of them");
		diag_end(s->el->diag);
		return NULL;
	case AEXPR_ERROR:
		s->el->failed = true;
		return NULL;
	case AEXPR_UNSET:
	case AEXPR_COUNT:
		break;
	}
	UNREACHABLE();
}
