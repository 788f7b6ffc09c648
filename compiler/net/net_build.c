/* net_build: makes networks and compares pieces of them. */
#include "net/net.h"

#include "base/panic.h"

#include <string.h>

const char *
net_op_name(NetOp op)
{
	switch (op) {
	case NOP_UNSET:
		return "unset";
	case NOP_NEG:
		return "-";
	case NOP_NOT:
		return "not";
	case NOP_ABS:
		return "abs";
	case NOP_SQRT:
		return "sqrt";
	case NOP_FLOOR:
		return "floor";
	case NOP_CEIL:
		return "ceil";
	case NOP_EXP:
		return "exp";
	case NOP_LOG:
		return "log";
	case NOP_EXPREL:
		return "exprel";
	case NOP_EXPM1:
		return "expm1";
	case NOP_LOG1P:
		return "log1p";
	case NOP_SIN:
		return "sin";
	case NOP_COS:
		return "cos";
	case NOP_POW:
		return "pow";
	case NOP_TANH:
		return "tanh";
	case NOP_ADD:
		return "+";
	case NOP_SUB:
		return "-";
	case NOP_MUL:
		return "*";
	case NOP_DIV:
		return "/";
	case NOP_MIN:
		return "min";
	case NOP_MAX:
		return "max";
	case NOP_EQ:
		return "==";
	case NOP_NE:
		return "!=";
	case NOP_LT:
		return "<";
	case NOP_LE:
		return "<=";
	case NOP_GT:
		return ">";
	case NOP_GE:
		return ">=";
	case NOP_AND:
		return "and";
	case NOP_OR:
		return "or";
	case NOP_COUNT:
		break;
	}
	UNREACHABLE();
}

const char *
net_method_name(NetMethod m)
{
	switch (m) {
	case NMETHOD_UNSET:
		return "unset";
	case NMETHOD_EXACT:
		return "exact";
	case NMETHOD_EXPONENTIAL_EULER:
		return "exponential_euler";
	case NMETHOD_EULER:
		return "euler";
	case NMETHOD_HEUN:
		return "heun";
	case NMETHOD_RK2:
		return "rk2";
	case NMETHOD_RK4:
		return "rk4";
	case NMETHOD_COUNT:
		break;
	}
	UNREACHABLE();
}

const char *
net_over_name(NetOver over)
{
	switch (over) {
	case NOVER_MIN:
		return "min";
	case NOVER_MAX:
		return "max";
	case NOVER_SUM:
		return "sum";
	case NOVER_MEAN:
		return "mean";
	case NOVER_QUANTILE:
		return "quantile";
	case NOVER_ARGMAX:
		return "argmax";
	case NOVER_ARGMIN:
		return "argmin";
	case NOVER_COUNT:
		break;
	}
	UNREACHABLE();
}

Net *
net_new(Arena *a, Interner *names, const char *name)
{
	Net *n = ARENA_NEW(a, Net);
	n->arena = a;
	n->names = names;
	n->name = intern(names, name);
	n->dt = 1;
	n->batch = 1;
	return n;
}

NetExpr *
net_expr(Net *n, NetExprKind k, NetType t, Span at)
{
	NetExpr *e = ARENA_NEW(n->arena, NetExpr);
	e->kind = k;
	e->type = t;
	e->span = at;
	return e;
}

NetExpr *
net_const(Net *n, NetType t, double v, Span at)
{
	NetExpr *e = net_expr(n, NEXPR_CONST, t, at);
	e->value = v;
	return e;
}

uint32_t
net_value_shape(const Net *n, const NetConn *c, bool of_post, uint64_t extent[6])
{
	const NetPattern *p = &c->pattern;
	uint64_t npost = n->layers.at[c->post].n, taps = 1;
	if (of_post) {
		extent[0] = p->kind == NPAT_CONV ? p->out : npost;
		return 1;
	}
	switch (p->kind) {
	case NPAT_ALL:
		extent[0] = n->layers.at[c->pre].n;
		extent[1] = npost;
		return 2;
	case NPAT_ONE_TO_ONE:
	case NPAT_POOL:
	case NPAT_MEAN:
		extent[0] = npost;
		return 1;
	case NPAT_CONV:
		extent[0] = p->out;
		extent[1] = p->in;
		for (uint32_t d = 0; d < p->axes; d++)
			extent[2 + d] = p->kernel[d];
		return 2 + p->axes;
	case NPAT_LOCAL:
		for (uint32_t d = 0; d < p->axes; d++)
			taps *= p->kernel[d];
		extent[0] = p->in;
		extent[1] = npost;
		extent[2] = taps;
		return 3;
	case NPAT_SPARSE:
		extent[0] = p->nsynapses;
		return 1;
	case NPAT_COUNT:
		break;
	}
	UNREACHABLE();
}

uint64_t
net_value_count(const Net *n, const NetConn *c, bool of_post)
{
	uint64_t extent[6], all = 1;
	uint32_t rank = net_value_shape(n, c, of_post, extent);
	for (uint32_t d = 0; d < rank; d++)
		all *= extent[d];
	return all;
}

uint64_t
net_group_count(const Net *n, const NetConn *c, const NetFeature *f)
{
	uint64_t shape[6];
	net_value_shape(n, c, f->of_post, shape);
	if (f->norm_per == NNORM_CONNECTION)
		return 1;
	if (f->norm_per == NNORM_KERNEL && !f->of_post)
		return shape[0] * shape[1];
	return f->of_post || c->pattern.kind == NPAT_CONV ? shape[0] : n->layers.at[c->post].n;
}

uint64_t
net_group_of(const Net *n, const NetConn *c, const NetFeature *f, uint64_t value, uint64_t post)
{
	uint64_t shape[6], inner = 1;
	uint32_t rank = net_value_shape(n, c, f->of_post, shape);
	if (f->norm_per == NNORM_CONNECTION)
		return 0;
	if (f->of_post)
		return value;
	if (f->norm_per == NNORM_POST && c->pattern.kind != NPAT_CONV)
		return post;
	for (uint32_t d = f->norm_per == NNORM_KERNEL ? 2 : 1; d < rank; d++)
		inner *= shape[d];
	return value / inner;
}

/* Windows and taps that meet along one axis, not in the padding. */
static uint64_t
meetings(const NetPattern *p, uint32_t d)
{
	uint64_t n = 0;
	for (uint64_t at = 0; at < p->out_extent[d]; at++) {
		for (uint64_t tap = 0; tap < p->kernel[d]; tap++) {
			uint64_t x = at * p->stride[d] + tap * p->dilation[d];
			n += x >= p->padding[d] && x - p->padding[d] < p->extent[d];
		}
	}
	return n;
}

uint64_t
net_pair_count(const Net *n, const NetConn *c)
{
	const NetPattern *p = &c->pattern;
	uint64_t pairs = p->in * p->out;
	if (p->kind != NPAT_CONV)
		return net_value_count(n, c, false);
	for (uint32_t d = 0; d < p->axes; d++)
		pairs *= meetings(p, d);
	return pairs;
}

/* By bits, so that NaN equals itself and the zeros differ. */
static bool
same_number(double a, double b)
{
	return memcmp(&a, &b, sizeof a) == 0;
}

bool
net_expr_equal(const NetExpr *a, const NetExpr *b)
{
	if (!a || !b)
		return a == b;
	if (a->kind != b->kind || a->type != b->type || a->index != b->index ||
	    a->side != b->side || a->op_kind != b->op_kind || a->draw != b->draw ||
	    a->site != b->site || a->over != b->over || a->port != b->port || !same_number(a->value, b->value) || a->var.kind != b->var.kind ||
	    a->var.of != b->var.of || a->var.index != b->var.index)
		return false;
	for (int i = 0; i < 3; i++) {
		if (!net_expr_equal(a->op[i], b->op[i]))
			return false;
	}
	return true;
}

NetVaries
net_varies(const NetRule *r, const NetVaries *locals, const NetExpr *e)
{
	NetVaries over = NPLACE_CONNECTION;
	if (!e)
		return over;
	switch (e->kind) {
	case NEXPR_SIGNAL: case NEXPR_EVENT:
		return e->side == NSIDE_PRE ? NPLACE_PRE : e->side == NSIDE_POST ? NPLACE_POST : over;
	case NEXPR_ARRAY: case NEXPR_TRACE: case NEXPR_SPIKE: case NEXPR_INDEX:
		return e->side == NSIDE_VALUE ? (r->of_post ? NPLACE_POST : NPLACE_SYNAPSE) : e->side == NSIDE_PRE ? NPLACE_PRE : NPLACE_POST;
	case NEXPR_STATE:
		return e->side == NSIDE_PRE ? NPLACE_PRE : e->side == NSIDE_POST ? NPLACE_POST : r->states.at[e->index].place;
	case NEXPR_LOCAL:
		return locals[e->index];
	case NEXPR_VALUE:
		return r->of_post ? NPLACE_POST : NPLACE_SYNAPSE;
	case NEXPR_DRAW:
		return NPLACE_SYNAPSE;
	case NEXPR_FELLOW:
		return e->side == NSIDE_POST ? NPLACE_POST : NPLACE_SYNAPSE;
	case NEXPR_REDUCE:
		return net_varies(r, locals, e->op[0]) & ~e->over;
	case NEXPR_UNARY: case NEXPR_BINARY: case NEXPR_IF: case NEXPR_SUM:
		for (int i = 0; i < 3; i++)
			over |= net_varies(r, locals, e->op[i]);
		return over;
	case NEXPR_SEEN: case NEXPR_NEURONS: case NEXPR_PICK: case NEXPR_VAR:
	case NEXPR_UNSET: case NEXPR_CONST: case NEXPR_INPUT: case NEXPR_LEARNING: case NEXPR_COLUMN:
	case NEXPR_OVER: case NEXPR_ELEMENT: case NEXPR_TABLE: case NEXPR_EACH: case NEXPR_TOTAL: case NEXPR_OBSERVED: case NEXPR_COUNT:
		return over;
	}
	UNREACHABLE();
}

static bool
block_equal(const NetBlock *a, const NetBlock *b)
{
	if (a->n != b->n)
		return false;
	for (uint32_t i = 0; i < a->n; i++) {
		const NetStmt *s = a->at[i], *t = b->at[i];
		if (s->kind != t->kind || s->op != t->op || s->index != t->index ||
		    s->site != t->site || s->method != t->method || s->held != t->held ||
		    !net_expr_equal(s->target, t->target) ||
		    !net_expr_equal(s->e, t->e) || !block_equal(&s->body, &t->body) ||
		    !block_equal(&s->other, &t->other))
			return false;
	}
	return true;
}

bool
net_code_equal(const NetCode *a, const NetCode *b)
{
	if (a->locals.n != b->locals.n)
		return false;
	for (uint32_t i = 0; i < a->locals.n; i++) {
		if (a->locals.at[i].type != b->locals.at[i].type)
			return false;
	}
	return block_equal(&a->body, &b->body);
}
