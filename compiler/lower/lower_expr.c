/* lower_expr: expressions of the network become expressions of the plan. */
#include "base/panic.h"
#include "lower/lower_inner.h"

#include <math.h>
#include <stdarg.h>

PlanExpr *
low_real(Lower *l, double v)
{
	return plan_float(l->p, l->real, v);
}

PlanExpr *
low_i64(Lower *l, int64_t v)
{
	return plan_int(l->p, PT_I64, v);
}

PlanExpr *
low_load(Lower *l, uint32_t buf, uint32_t n, ...)
{
	PlanExpr *index[PLAN_MAX_AXES];
	va_list ap;
	va_start(ap, n);
	for (uint32_t i = 0; i < n; i++)
		index[i] = va_arg(ap, PlanExpr *);
	va_end(ap);
	return plan_load(l->p, buf, n, index);
}

void
low_store(PlanEmit *b, uint32_t buf, PlanExpr *e, uint32_t n, ...)
{
	PlanExpr *index[PLAN_MAX_AXES];
	va_list ap;
	va_start(ap, n);
	for (uint32_t i = 0; i < n; i++)
		index[i] = va_arg(ap, PlanExpr *);
	va_end(ap);
	plan_emit_store(b, buf, n, index, e);
}

/* As the type of the buffer: counts are i32 until they are stored. */
void
low_store_as(PlanEmit *b, uint32_t buf, PlanExpr *e, PlanExpr *item, PlanExpr *i)
{
	PlanType t = b->plan->bufs.at[buf].type;
	low_store(b, buf, plan_type_is_int(t) ? plan_cast(b->plan, t, e) : e, 2, item, i);
}

PlanExpr *
low_keep(PlanEmit *b, const char *name, PlanExpr *e)
{
	if (e->kind == PEXPR_CONST || e->kind == PEXPR_LOCAL)
		return e;
	return plan_emit_let(b, name, e);
}

static PlanExpr *
call1(Scope *s, const char *f32_name, const char *f64_name, PlanExpr *arg)
{
	PlanExpr *result;
	const char *name = "e";
	plan_emit_call(s->b, low_func(s->l, s->l->real == PT_F64 ? f64_name : f32_name), 1, &arg, &name, &result);
	return result;
}

static PlanExpr *
unary(Scope *s, const NetExpr *e)
{
	Plan *p = s->l->p;
	PlanExpr *a = low_expr(s, e->op[0]);
	switch (e->op_kind) {
	case NOP_NEG: return plan_unary(p, PEXPR_NEG, a);
	case NOP_NOT: return plan_unary(p, PEXPR_NOT, a);
	case NOP_ABS: return plan_unary(p, PEXPR_ABS, a);
	case NOP_SQRT: return plan_unary(p, PEXPR_SQRT, a);
	case NOP_FLOOR: return plan_unary(p, PEXPR_FLOOR, a);
	case NOP_CEIL: return plan_unary(p, PEXPR_CEIL, a);
	case NOP_EXP: return call1(s, "exp_f32", "exp_f64", a);
	case NOP_LOG: return call1(s, "log_f32", "log_f64", a);
	case NOP_EXPREL: return call1(s, "exprel_f32", "exprel_f64", a);
	case NOP_EXPM1: return call1(s, "expm1_f32", "expm1_f64", a);
	case NOP_LOG1P: return call1(s, "log1p_f32", "log1p_f64", a);
	case NOP_SIN: return call1(s, "sin_f32", "sin_f64", a);
	case NOP_COS: return call1(s, "cos_f32", "cos_f64", a);
	case NOP_TANH: return call1(s, "tanh_f32", "tanh_f64", a);
	default: UNREACHABLE();
	}
}

static PlanExprKind
binary_kind(NetOp op)
{
	switch (op) {
	case NOP_ADD: return PEXPR_ADD;
	case NOP_SUB: return PEXPR_SUB;
	case NOP_MUL: return PEXPR_MUL;
	case NOP_DIV: return PEXPR_DIV;
	case NOP_EQ: return PEXPR_EQ;
	case NOP_NE: return PEXPR_NE;
	case NOP_LT: return PEXPR_LT;
	case NOP_LE: return PEXPR_LE;
	case NOP_GT: return PEXPR_GT;
	case NOP_GE: return PEXPR_GE;
	case NOP_AND: return PEXPR_AND;
	case NOP_OR: return PEXPR_OR;
	default: UNREACHABLE();
	}
}

/* ---- counts ---------------------------------------------------------------------------------------------- */

/* A state that is held as a whole number, or what follows from such. */
static bool
counts(const Scope *s, const NetExpr *e)
{
	if (e->kind == NEXPR_STATE)
		return e->side == NSIDE_OWN && s->layer != NET_NONE && s->state_vars && s->state_vars[e->index] != UINT32_MAX &&
		       s->b->code->locals[s->state_vars[e->index]].type == PT_I32;
	return e->kind == NEXPR_BINARY && (e->op_kind == NOP_SUB || e->op_kind == NOP_MAX) && (counts(s, e->op[0]) || counts(s, e->op[1]));
}

static bool
is_whole(const Scope *s, const NetExpr *e)
{
	if (e->kind == NEXPR_CONST)
		return e->type == NT_REAL && e->value == (int32_t)e->value;
	return e->kind == NEXPR_STATE ? counts(s, e) : counts(s, e) && is_whole(s, e->op[0]) && is_whole(s, e->op[1]);
}

/* max(x - c, b): x is 0 to 65535, so x >= c + b says the same as x - c >= b, and compilers see a subtraction of bytes that saturates. */
static PlanExpr *
less_at_least(Scope *s, const NetExpr *e)
{
	enum { MOST = 1 << 24 };
	Plan *p = s->l->p;
	const NetExpr *less = e->op[0], *least = e->op[1];
	if (e->op_kind != NOP_MAX || least->kind != NEXPR_CONST || less->kind != NEXPR_BINARY || less->op_kind != NOP_SUB ||
	    less->op[0]->kind != NEXPR_STATE || less->op[1]->kind != NEXPR_CONST || fabs(less->op[1]->value) > MOST || fabs(least->value) > MOST)
		return NULL;
	PlanExpr *x = low_whole(s, less->op[0]), *c = low_whole(s, less->op[1]), *b = low_whole(s, least);
	PlanExpr *most = plan_int(p, PT_I32, (int64_t)(less->op[1]->value + least->value));
	return plan_ternary(p, PEXPR_SELECT, plan_binary(p, PEXPR_GE, x, most), plan_binary(p, PEXPR_SUB, x, c), b);
}

PlanExpr *
low_whole(Scope *s, const NetExpr *e)
{
	Plan *p = s->l->p;
	ASSERT(is_whole(s, e));
	if (e->kind == NEXPR_CONST)
		return plan_int(p, PT_I32, (int64_t)e->value);
	if (e->kind == NEXPR_STATE)
		return plan_local(p, s->b->code, s->state_vars[e->index]);
	PlanExpr *bounded = less_at_least(s, e);
	if (bounded)
		return bounded;
	PlanExpr *a = low_whole(s, e->op[0]), *b = low_whole(s, e->op[1]);
	if (e->op_kind == NOP_SUB)
		return plan_binary(p, PEXPR_SUB, a, b);
	a = low_keep(s->b, "a", a);
	return plan_ternary(p, PEXPR_SELECT, plan_binary(p, PEXPR_GT, a, b), a, b);
}

/* A comparison of counts. */
static bool
compares_counts(const Scope *s, const NetExpr *e)
{
	return e->op_kind >= NOP_EQ && e->op_kind <= NOP_GE && (counts(s, e->op[0]) || counts(s, e->op[1])) && is_whole(s, e->op[0]) &&
	       is_whole(s, e->op[1]);
}

static PlanExpr *
binary(Scope *s, const NetExpr *e)
{
	Plan *p = s->l->p;
	if (compares_counts(s, e))
		return plan_binary(p, binary_kind(e->op_kind), low_whole(s, e->op[0]), low_whole(s, e->op[1]));
	PlanExpr *a = low_expr(s, e->op[0]), *b = low_expr(s, e->op[1]);
	if (e->op_kind == NOP_POW) {
		PlanExpr *args[2] = {a, b}, *result;
		static const char *const name = "e";
		plan_emit_call(s->b, low_func(s->l, s->l->real == PT_F64 ? "pow_f64" : "pow_f32"), 2, args, &name, &result);
		return result;
	}
	if (e->op_kind == NOP_MIN || e->op_kind == NOP_MAX) {
		/* max(a, b) is a > b ? a : b: the second operand wins when one is NaN */
		a = low_keep(s->b, "a", a);
		b = low_keep(s->b, "b", b);
		PlanExpr *c = plan_binary(p, e->op_kind == NOP_MAX ? PEXPR_GT : PEXPR_LT, a, b);
		return plan_ternary(p, PEXPR_SELECT, c, a, b);
	}
	return plan_binary(p, binary_kind(e->op_kind), a, b);
}

static PlanExpr *
side_index(Scope *s, NetSide side)
{
	return side == NSIDE_PRE ? s->pre : side == NSIDE_POST ? s->post : s->own;
}

static PlanExpr *
state(Scope *s, const NetExpr *e)
{
	Lower *l = s->l;
	if (e->side != NSIDE_OWN) {                       /* of the neuron at that end */
		const NetConn *c = &l->net->conns.at[s->conn];
		uint32_t layer = e->side == NSIDE_PRE ? c->pre : c->post, buf = l->layers[layer].states[e->index];
		PlanExpr *n = side_index(s, e->side);
		bool shared = l->net->layers.at[layer].states.at[e->index].shared_over_batch;
		return shared ? low_load(l, buf, 1, n) : low_load(l, buf, 2, s->item, n);
	}
	if (s->state_vars && s->state_vars[e->index] != UINT32_MAX)
		return plan_local(l->p, s->b->code, s->state_vars[e->index]);
	if (s->layer == NET_NONE) {
		uint32_t buf = e->over ? e->over - 1 : l->conns[s->conn].features[s->feature].states[e->index];
		return low_place_load(s, buf, l->net->conns.at[s->conn].features.at[s->feature].rule.states.at[e->index].place, false);
	}
	const NetState *st = &l->net->layers.at[s->layer].states.at[e->index];
	uint32_t buf = l->layers[s->layer].states[e->index];
	return st->shared_over_batch ? low_load(l, buf, 1, s->own) : low_load(l, buf, 2, s->item, s->own);
}

static PlanExpr *
trace(Scope *s, const NetExpr *e)
{
	Lower *l = s->l;
	if (e->side == NSIDE_OWN && s->trace_var != UINT32_MAX)
		return plan_local(l->p, s->b->code, s->trace_var);
	uint32_t layer = s->layer;
	if (e->side != NSIDE_OWN) {
		const NetConn *c = &l->net->conns.at[s->conn];
		layer = e->side == NSIDE_PRE ? c->pre : c->post;
	}
	return low_load(l, l->layers[layer].traces[e->index], 2, s->item, side_index(s, e->side));
}

PlanExpr *
low_fired(Lower *l, const LowLayer *layer, PlanExpr *item, PlanExpr *neuron)
{
	PlanExpr *s = low_load(l, layer->spikes, 2, item, neuron);
	return s->type == PT_BOOL ? s : plan_binary(l->p, PEXPR_NE, s, low_real(l, 0));
}

static PlanExpr *
spike(Scope *s, const NetExpr *e)
{
	Lower *l = s->l;
	if (e->side == NSIDE_OWN && e->index)
		return low_past_spike(s, e->index);
	if (s->spike[e->side])
		return s->spike[e->side];
	const NetConn *c = &l->net->conns.at[s->conn];
	const LowLayer *layer = &l->layers[e->side == NSIDE_PRE ? c->pre : c->post];
	return plan_cast(l->p, l->real, low_load(l, layer->spikes, 2, s->item, side_index(s, e->side)));
}

/* What a layer shows of its neuron `own`. */
static PlanExpr *
seen(Scope *s, const NetExpr *e)
{
	Lower *l = s->l;
	uint32_t buf = low_var_buf(l, e->var);
	if (e->var.kind == NVAR_VOTES)
		return plan_cast(l->p, l->real, low_load(l, buf, 2, s->item, low_i64(l, e->var.index)));
	PlanExpr *v = l->p->bufs.at[buf].naxes == 1 ? low_load(l, buf, 1, s->own) : low_load(l, buf, 2, s->item, s->own);
	return plan_cast(l->p, l->real, v);
}

static PlanExpr *
column(Scope *s, const NetExpr *e)
{
	Lower *l = s->l;
	uint32_t buf = l->columns[s->data][e->index];
	const PlanBuf *pb = &l->p->bufs.at[buf];
	PlanExpr *v = pb->naxes == 1 ? low_load(l, buf, 1, s->item) : low_load(l, buf, 2, s->item, s->own);
	return plan_cast(l->p, l->real, v);
}

/* A place in an array: whole, and counted around beyond its ends, so that it is always inside. */
static PlanExpr *
place(Scope *s, const NetExpr *e, uint64_t extent)
{
	Lower *l = s->l;
	Plan *p = l->p;
	if (e->kind == NEXPR_EACH && s->each_lo[e->index] >= 0 && s->each_hi[e->index] <= (double)extent)
		return s->each[e->index];
	PlanExpr *i = plan_cast(p, PT_I64, plan_unary(p, PEXPR_FLOOR, low_expr(s, e)));
	i = plan_emit_let(s->b, "place", plan_binary(p, PEXPR_REM, i, low_i64(l, (int64_t)extent)));
	PlanExpr *around = plan_binary(p, PEXPR_ADD, i, low_i64(l, (int64_t)extent));
	return plan_ternary(p, PEXPR_SELECT, plan_binary(p, PEXPR_LT, i, low_i64(l, 0)), around, i);
}

static PlanExpr *
element(Scope *s, const NetExpr *e)
{
	Lower *l = s->l;
	const NetFeature *f = &l->net->conns.at[s->conn].features.at[s->feature];
	const LowFeature *lf = &l->conns[s->conn].features[s->feature];
	bool table = e->kind == NEXPR_TABLE;
	const uint64_t *extent = table ? f->tables.at[e->index].extent : f->states.at[e->index].extent;
	PlanExpr *at[5];
	uint32_t n = 0;
	if (!table) {
		at[n++] = s->item;
		n += low_pair_index(s, at + n);
	}
	for (int k = 0; k < 2 && e->op[k]; k++)
		at[n++] = place(s, e->op[k], extent[k]);
	return plan_load(l->p, table ? lf->tables[e->index] : lf->kept[e->index], n, at);
}

static PlanExpr *
sum(Scope *s, const NetExpr *e)
{
	Lower *l = s->l;
	PlanEmit *outer = s->b;
	if (e->index >= LOW_SUMS) {
		low_not_yet(l, e->span, "sums nested this deeply");
		return low_real(l, 0);
	}
	uint32_t total = plan_emit_var(outer, "total", low_real(l, 0));
	LowLoop loop = low_loop(outer, "k", low_i64(l, (int64_t)e->op[1]->value), low_i64(l, (int64_t)e->op[2]->value), false);
	s->each[e->index] = loop.index;
	s->each_lo[e->index] = e->op[1]->value;
	s->each_hi[e->index] = e->op[2]->value;
	s->b = low_body(&loop);
	PlanExpr *x = low_expr(s, e->op[0]), *so_far = plan_local(l->p, outer->code, total);
	plan_emit_set(s->b, total, plan_binary(l->p, PEXPR_ADD, so_far, x));
	s->b = outer;
	low_close(&loop);
	return plan_local(l->p, outer->code, total);
}

/* The value of another feature at this pair. */
static PlanExpr *
fellow(Scope *s, const NetExpr *e)
{
	uint32_t buf = s->l->conns[s->conn].features[e->index].buf;
	const LowIndex *at = s->synapse ? s->synapse : s->at;
	if (e->side == NSIDE_POST)
		return low_load(s->l, buf, 1, low_channel(s->l, s->b, s->conn, s->post));
	return at ? low_value_load(s->l, buf, at) : low_load(s->l, buf, 2, s->pre, s->post);
}

/* A constant of this neuron or value; truth values are kept as numbers. */
static PlanExpr *
array(Scope *s, const NetExpr *e)
{
	uint32_t buf = s->l->arrays[e->index];
	if (e->side != NSIDE_VALUE)
		return low_load(s->l, buf, 1, side_index(s, e->side));
	return s->at ? low_value_load(s->l, buf, s->at) : low_load(s->l, buf, 2, s->pre, s->post);
}

bool
net_has_sum(const NetExpr *e)
{
	if (!e)
		return false;
	return e->kind == NEXPR_SUM || net_has_sum(e->op[0]) || net_has_sum(e->op[1]) || net_has_sum(e->op[2]);
}

PlanExpr *
low_expr(Scope *s, const NetExpr *e)
{
	Lower *l = s->l;
	Plan *p = l->p;
	switch (e->kind) {
	case NEXPR_CONST:
		return e->type == NT_BOOL ? plan_int(p, PT_BOOL, e->value != 0) : low_real(l, e->value);
	case NEXPR_ARRAY: {
		PlanExpr *v = plan_cast(p, l->real, array(s, e));
		return e->type == NT_BOOL ? plan_binary(p, PEXPR_NE, v, low_real(l, 0)) : v;
	}
	case NEXPR_STATE: {
		PlanExpr *v = state(s, e);
		return v->type == PT_F32 || plan_type_is_int(v->type) ? plan_cast(p, l->real, v) : v;      /* see lower_propagate; counts */
	}
	case NEXPR_LOCAL:
		return s->locals[e->index];
	case NEXPR_INPUT:
		if (s->layer != NET_NONE && l->layers[s->layer].ports[e->port].window != NO_BUF)
			return low_past_input(s, e);
		if (s->port_input)
			return s->port_input[e->port];
		return s->input_var != UINT32_MAX ? plan_local(p, s->b->code, s->input_var) : s->input;
	case NEXPR_TRACE:
		return trace(s, e);
	case NEXPR_VALUE:
		if (s->value_var == UINT32_MAX && !s->value)
			s->value = low_value(s);
		return s->value_var != UINT32_MAX ? plan_local(p, s->b->code, s->value_var) : s->value;
	case NEXPR_SPIKE:
		return spike(s, e);
	case NEXPR_INDEX:
		return plan_cast(p, l->real, side_index(s, e->side));
	case NEXPR_SIGNAL:
		return low_signal_at(s, l->signals[e->index].buf, e->index, side_index(s, e->side));
	case NEXPR_EVENT:
		return low_signal_at(s, l->signals[e->index].event, e->index, side_index(s, e->side));
	case NEXPR_SEEN:
		return seen(s, e);
	case NEXPR_NEURONS:
		return low_over_neurons(s, e);
	case NEXPR_PICK: {
		Scope in = *s;
		in.own = place(s, e->op[1], l->net->layers.at[e->var.of].n);
		return low_expr(&in, e->op[0]);
	}
	case NEXPR_VAR:
		return l->net->vars.at[e->index].per_item ? low_load(l, l->vars[e->index], 1, s->item)
		                                          : low_load(l, l->vars[e->index], 0);
	case NEXPR_LEARNING:
		return s->learning ? s->learning : low_load(l, l->learning, 0);
	case NEXPR_DRAW:
		return low_site_value(s, e);
	case NEXPR_COLUMN:
		return column(s, e);
	case NEXPR_OVER:
		return low_over(s, e);
	case NEXPR_ELEMENT:
	case NEXPR_TABLE:
		return element(s, e);
	case NEXPR_EACH:
		return plan_cast(p, l->real, s->each[e->index]);
	case NEXPR_SUM:
		return sum(s, e);
	case NEXPR_FELLOW:
		return fellow(s, e);
	case NEXPR_REDUCE:
		break;                                    /* lower_flat has put it into memory */
	case NEXPR_TOTAL:
		return s->total;
	case NEXPR_UNARY:
		return unary(s, e);
	case NEXPR_BINARY:
		return binary(s, e);
	case NEXPR_IF: {
		PlanExpr *c = low_expr(s, e->op[1]);
		PlanExpr *a = low_expr(s, e->op[0]), *b = low_expr(s, e->op[2]);
		return plan_ternary(p, PEXPR_SELECT, c, a, b);
	}
	case NEXPR_OBSERVED:
	case NEXPR_UNSET:
	case NEXPR_COUNT:
		break;
	}
	UNREACHABLE();
}

bool
net_has_draw(const NetExpr *e)
{
	if (!e)
		return false;
	if (e->kind == NEXPR_DRAW)
		return true;
	return net_has_draw(e->op[0]) || net_has_draw(e->op[1]) || net_has_draw(e->op[2]);
}
