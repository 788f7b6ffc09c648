/* net_verify_code: expressions and statements of a network: indices, types, what may stand where. */
#include "net/net_inner.h"

#include "base/panic.h"

#include <math.h>

bool
net_fail(NetCheck *c, const char *what)
{
	if (!c->wrong)
		c->wrong = arena_printf(c->arena, "%s: %s", c->place, what);
	return false;
}

bool
net_need(NetCheck *c, bool cond, const char *what)
{
	return cond || net_fail(c, what);
}

/* ---- expressions ----------------------------------------------------------------------------- */

static uint64_t
layer_size(const Net *n, uint32_t i)
{
	return i < n->layers.n ? n->layers.at[i].n : 0;
}

uint64_t
net_array_size(const Net *n, const NetArray *a)
{
	if (a->layer != NET_NONE)
		return layer_size(n, a->layer);
	return a->conn < n->conns.n ? net_value_count(n, &n->conns.at[a->conn], a->of_post) : 0;
}

static const NetLayer *
side_layer(const NetCheck *c, NetSide side)
{
	if (side == NSIDE_OWN)
		return c->layer;
	if (!c->conn)
		return NULL;
	uint32_t i = side == NSIDE_PRE ? c->conn->pre : c->conn->post;
	return i < c->net->layers.n ? &c->net->layers.at[i] : NULL;
}

static bool
check_array(NetCheck *c, const NetExpr *e)
{
	if (!net_need(c, e->index < c->net->arrays.n, "there is no such array"))
		return false;
	const NetArray *a = &c->net->arrays.at[e->index];
	if (c->protocol || c->signal)
		return net_need(c, e->side == NSIDE_OWN && a->n == c->neurons, "an array of other neurons");
	if (e->side == NSIDE_VALUE)
		return net_need(c, c->conn && a->layer == NET_NONE && &c->net->conns.at[a->conn] == c->conn,
			    "an array of another connection");
	const NetLayer *l = side_layer(c, e->side);
	return net_need(c,
		    l && a->layer < c->net->layers.n && l == &c->net->layers.at[a->layer] &&
			    a->n == l->n,
		    "an array of another layer");
}

static bool
is_compare(NetOp op)
{
	return op >= NOP_EQ && op <= NOP_GE;
}

static bool
check_operator(NetCheck *c, const NetExpr *e)
{
	NetType a = e->op[0]->type, b = e->kind == NEXPR_BINARY ? e->op[1]->type : NT_UNSET;
	NetOp op = e->op_kind;
	if (e->kind == NEXPR_UNARY) {
		if (!net_need(c, op >= NOP_NEG && op <= NOP_TANH, "a binary operator with one operand"))
			return false;
		return net_need(c, a == (op == NOP_NOT ? NT_BOOL : NT_REAL) && e->type == a,
			    "operand of a wrong type");
	}
	if (!net_need(c, op >= NOP_ADD && op < NOP_COUNT, "a unary operator with two operands") ||
	    !net_need(c, a == b, "operands of different types"))
		return false;
	if (op == NOP_AND || op == NOP_OR)
		return net_need(c, a == NT_BOOL && e->type == NT_BOOL, "logic of reals");
	if (is_compare(op))
		return net_need(c, e->type == NT_BOOL && (a == NT_REAL || op == NOP_EQ || op == NOP_NE),
			    "comparison of a wrong type");
	return net_need(c, a == NT_REAL && e->type == NT_REAL, "arithmetic of truth values");
}


static bool
check_operands(NetCheck *c, const NetExpr *e, int n)
{
	for (int i = 0; i < 3; i++) {
		if (!net_need(c, (e->op[i] != NULL) == (i < n), "wrong number of operands") ||
		    (i < n && !net_check_expr(c, e->op[i])))
			return false;
	}
	return true;
}

static bool
check_state(NetCheck *c, const NetExpr *e)
{
	if ((c->rule || c->feature || c->feature_init) && e->side != NSIDE_OWN) {
		const NetLayer *l = side_layer(c, e->side);
		return net_need(c, l && e->index < l->states.n && e->type == l->states.at[e->index].type,
			    "no such state of the neuron, or of another type");
	}
	if (c->layer)
		return net_need(c,
			    e->index < c->layer->states.n &&
				    e->type == c->layer->states.at[e->index].type,
			    "no such state of the layer, or of another type");
	if (c->signal)
		return net_need(c, e->index < c->signal->states.n && e->type == c->signal->states.at[e->index].type,
			    "no such state of the signal, or of another type");
	if (c->rule)
		return net_need(c,
			    e->index < c->rule->states.n &&
				    e->type == c->rule->states.at[e->index].type,
			    "no such state of the rule, or of another type");
	return net_need(c,
		    c->feature && e->index < c->feature->states.n &&
			    e->type == c->feature->states.at[e->index].type &&
			    !c->feature->states.at[e->index].rank,
		    "no such state of the feature, or of another type");
}

static bool
check_trace(NetCheck *c, const NetExpr *e)
{
	const NetLayer *l = side_layer(c, e->side);
	return net_need(c,
		    (e->side == NSIDE_OWN || c->rule || c->feature) && l && e->index < l->traces.n &&
			    e->type == NT_REAL,
		    "no such trace");
}

static bool
check_draw(NetCheck *c, const NetExpr *e)
{
	bool bare = e->draw == NDRAW_UNIFORM || e->draw == NDRAW_NORMAL || e->draw == NDRAW_NOISE;
	net_need(c, e->draw != NDRAW_NOISE || c->in_system, "white noise outside of equations");
	if (!net_need(c, e->draw != NDRAW_UNSET, "a draw of no kind") ||
	    !net_need(c, e->site < c->net->sites.n, "there is no such draw site") ||
	    !net_need(c, e->type == (e->draw == NDRAW_BERNOULLI ? NT_BOOL : NT_REAL),
		  "a draw of a wrong type") ||
	    !check_operands(c, e, bare ? 0 : 1))
		return false;
	return bare || net_need(c, e->op[0]->type == NT_REAL, "the parameter of a draw is no real");
}

/* Does it read layers from outside? */
static bool
sees(const NetExpr *e)
{
	return e->kind == NEXPR_SEEN || e->kind == NEXPR_NEURONS || e->kind == NEXPR_PICK;
}

/* Kinds that depend on the place. */
static bool
check_place(NetCheck *c, const NetExpr *e)
{
	bool fixed = e->kind == NEXPR_CONST || e->kind == NEXPR_ARRAY ||
		     (e->kind == NEXPR_VALUE && c->feature && !c->rule) ||
		     (e->kind == NEXPR_SIGNAL && e->index < c->net->signals.n && c->net->signals.at[e->index].tunable);
	if (c->init && c->layer_init)
		return net_need(c,
			    fixed || e->kind == NEXPR_INDEX || e->kind == NEXPR_DRAW || e->kind == NEXPR_UNARY ||
				    e->kind == NEXPR_BINARY || e->kind == NEXPR_IF,
			    "an initial value that reads what is not there yet");
	if (c->init)
		return net_need(c, fixed, "an initial value that is no constant");
	if (c->feature_init)
		return net_need(c,
			    fixed || (e->kind == NEXPR_STATE && e->side != NSIDE_OWN) || e->kind == NEXPR_INDEX || e->kind == NEXPR_DRAW || e->kind == NEXPR_UNARY ||
				    e->kind == NEXPR_BINARY || e->kind == NEXPR_IF || e->kind == NEXPR_SUM || e->kind == NEXPR_EACH,
			    "an initial value that reads what is not there yet");
	if (c->protocol)
		return net_need(c,
			    e->kind == NEXPR_CONST || e->kind == NEXPR_COLUMN ||
				    e->kind == NEXPR_OVER || e->kind == NEXPR_SIGNAL || sees(e) ||
				    e->kind == NEXPR_VAR || e->kind == NEXPR_DRAW || e->kind == NEXPR_INDEX ||
				    e->kind == NEXPR_ARRAY ||
				    e->kind == NEXPR_UNARY || e->kind == NEXPR_BINARY ||
				    e->kind == NEXPR_IF,
			    "a protocol expression that reads the network");
	return net_need(c, e->kind != NEXPR_COLUMN && e->kind != NEXPR_OVER && e->kind != NEXPR_VAR,
		    "a data column in a model") &&
	       net_need(c, c->signal || !sees(e), "a model that reads another layer");
}


/* One value per neuron is read at a neuron: in rules of the side where its layer stands, elsewhere at the own one. */
static bool
check_signal_side(NetCheck *c, const NetExpr *e)
{
	const NetSignal *g = &c->net->signals.at[e->index];
	if (g->layer == NET_NONE)
		return net_need(c, e->side == NSIDE_OWN, "a signal of no neuron on a side");
	if (!c->rule && !c->feature)
		return net_need(c, e->side == NSIDE_OWN && c->neurons == c->net->layers.at[g->layer].n, "a signal per neuron of no neuron");
	return net_need(c, e->side != NSIDE_OWN && side_layer(c, e->side) == &c->net->layers.at[g->layer],
	            "a signal of another layer's neurons");
}

bool
net_check_expr(NetCheck *c, const NetExpr *e)
{
	if (!net_need(c, e->type == NT_REAL || e->type == NT_BOOL, "an expression without a type") ||
	    !check_place(c, e))
		return false;
	switch (e->kind) {
	case NEXPR_UNSET:
	case NEXPR_COUNT:
		return net_fail(c, "an expression of no kind");
	case NEXPR_CONST:
		return net_need(c,
			    e->type == NT_REAL ? c->net->f64 || isnan(e->value) ||
							 (double)(float)e->value == e->value
					       : e->value == 0 || e->value == 1,
			    "a constant that is not rounded");
	case NEXPR_ARRAY:
		return check_array(c, e);
	case NEXPR_STATE:
		return check_state(c, e);
	case NEXPR_LOCAL:
		return net_need(c,
			    c->code && e->index < c->code->locals.n &&
				    e->type == c->code->locals.at[e->index].type,
			    "no such local, or of another type");
	case NEXPR_INPUT:
		return net_need(c, e->type == NT_REAL && !c->rule, "input in a wrong place") &&
		       net_need(c, e->port == 0 || (c->layer && e->port < c->layer->ports.n), "input of no port") &&
		       net_need(c, e->index == 0 || (c->layer && e->index < c->layer->ports.at[e->port].window),
			    "an input beyond the window");
	case NEXPR_TRACE:
		return check_trace(c, e);
	case NEXPR_VALUE:
		return net_need(c, c->conn != NULL, "a value outside of connections");
	case NEXPR_SPIKE:
		if (c->signal)
			return net_need(c, e->side == NSIDE_OWN && e->index == 0 && c->neurons && e->type == NT_REAL, "spike of no neuron");
		return net_need(c, (c->rule || c->layer || c->feature) && (e->side == NSIDE_OWN) == (c->layer != NULL) && e->type == NT_REAL,
			    "spike in a wrong place") &&
		       net_need(c, e->side != NSIDE_OWN || e->index <= c->layer->memory,
			    "a spike beyond the memory");
	case NEXPR_INDEX:
		if (c->signal || c->protocol)
			return net_need(c, e->side == NSIDE_OWN && e->type == NT_REAL && c->neurons, "index of no neuron");
		return net_need(c, (e->side == NSIDE_OWN) == (c->layer != NULL) && e->type == NT_REAL,
			    "index of a wrong side");
	case NEXPR_SIGNAL:
	case NEXPR_EVENT:
		return net_need(c, (c->rule || c->feature || c->signal || c->protocol || c->feature_init || (e->index < c->net->signals.n && c->net->signals.at[e->index].tunable)) && e->index < c->net->signals.n &&
		            e->type == (e->kind == NEXPR_EVENT ? NT_BOOL : NT_REAL), "no such signal, or in a wrong place") &&
		       check_signal_side(c, e);
	case NEXPR_SEEN:
		if (e->var.kind == NVAR_VOTES)
			return net_need(c, c->protocol && e->type == NT_REAL, "votes outside of the protocol") && net_check_var(c, &e->var);
		return net_need(c, e->type == NT_REAL && (e->var.kind == NVAR_SPIKES || e->var.kind == NVAR_STATE ||
		            e->var.kind == NVAR_TRACE || (e->var.kind == NVAR_COUNT && c->protocol)), "what cannot be seen") &&
		       net_check_var(c, &e->var) && net_need(c, c->neurons == c->net->layers.at[e->var.of].n, "seen at no neuron");
	case NEXPR_NEURONS: {
		uint32_t outer = c->neurons;
		if (!net_need(c, e->var.of < c->net->layers.n && e->index < NOVER_COUNT && e->index != NOVER_QUANTILE &&
		          e->type == NT_REAL, "over no neurons"))
			return false;
		c->neurons = (uint32_t)c->net->layers.at[e->var.of].n;
		bool ok = check_operands(c, e, 1) && net_need(c, e->op[0]->type == NT_REAL, "truth values go over neurons");
		c->neurons = outer;
		return ok;
	}
	case NEXPR_PICK: {
		uint32_t outer = c->neurons;
		if (!net_need(c, e->var.of < c->net->layers.n && e->op[0] && e->op[1] && !e->op[2], "a pick of nothing") ||
		    !net_check_typed(c, e->op[1], NT_REAL))
			return false;
		c->neurons = (uint32_t)c->net->layers.at[e->var.of].n;
		bool ok = net_check_typed(c, e->op[0], e->type);
		c->neurons = outer;
		return ok;
	}
	case NEXPR_VAR:
		return net_need(c, e->index < c->net->vars.n && e->type == c->net->vars.at[e->index].type, "there is no such name");
	case NEXPR_LEARNING:
		return net_need(c, e->type == NT_BOOL, "learning is a truth value");
	case NEXPR_DRAW:
		return check_draw(c, e);
	case NEXPR_COLUMN:
		return net_need(c, e->type == NT_REAL, "a column is a real");
	case NEXPR_OVER: {
		bool quantile = e->index == NOVER_QUANTILE;
		return net_need(c, e->type == NT_REAL && e->index < NOVER_COUNT,
			    "over a sample goes nothing of this kind") &&
		       check_operands(c, e, quantile ? 2 : 1) &&
		       net_need(c, e->op[0]->type == NT_REAL, "truth values go over a sample") &&
		       net_need(c, !quantile || e->op[1]->kind == NEXPR_CONST,
			    "a quantile that is not fixed");
	}
	case NEXPR_ELEMENT:
		return net_need(c,
			    c->feature && !c->rule && e->index < c->feature->states.n &&
				    e->type == NT_REAL,
			    "an element of no array") &&
		       check_operands(c, e, (int)c->feature->states.at[e->index].rank);
	case NEXPR_TABLE:
		return net_need(c,
			    c->feature && !c->rule && e->index < c->feature->tables.n &&
				    e->type == NT_REAL,
			    "an element of no table") &&
		       check_operands(c, e, (int)c->feature->tables.at[e->index].rank);
	case NEXPR_EACH:
		return net_need(c, e->type == NT_REAL, "a variable of a sum is a real");
	case NEXPR_SUM:
		return check_operands(c, e, 3) &&
		       net_need(c,
			    e->op[1]->kind == NEXPR_CONST && e->op[2]->kind == NEXPR_CONST &&
				    e->op[0]->type == NT_REAL && e->type == NT_REAL,
			    "a sum over no range");
	case NEXPR_FELLOW:
		return net_need(c, c->rule && e->index < c->conn->features.n && e->type == c->conn->features.at[e->index].type &&
			    (e->side == NSIDE_POST) == c->conn->features.at[e->index].of_post,
			    "the value of no feature");
	case NEXPR_REDUCE:
		return net_need(c, c->rule && e->type == NT_REAL && e->index < NOVER_QUANTILE && e->over > 0 && e->over < 8,
			    "a reduction of no kind, or in a wrong place") &&
		       check_operands(c, e, 1) && net_need(c, e->op[0]->type == NT_REAL, "a reduction of truth values");
	case NEXPR_OBSERVED:
		return net_fail(c, "what a test sees, outside of what it expects");
	case NEXPR_TOTAL:
		return net_need(c, c->feature && !c->rule && e->type == NT_REAL,
			    "a sum of no signal");
	case NEXPR_UNARY:
		return check_operands(c, e, 1) && check_operator(c, e);
	case NEXPR_BINARY:
		return check_operands(c, e, 2) && check_operator(c, e);
	case NEXPR_IF:
		return check_operands(c, e, 3) &&
		       net_need(c,
			    e->op[1]->type == NT_BOOL && e->op[0]->type == e->op[2]->type &&
				    e->type == e->op[0]->type,
			    "branches of different types");
	}
	UNREACHABLE();
}

bool
net_check_typed(NetCheck *c, const NetExpr *e, NetType t)
{
	return net_need(c, e != NULL, "a missing expression") && net_check_expr(c, e) &&
	       net_need(c, e->type == t, "an expression of a wrong type");
}

/* ---- statements ------------------------------------------------------------------------------ */

static bool
check_assign(NetCheck *c, const NetStmt *s)
{
	if (!net_need(c, s->target != NULL, "no target"))
		return false;
	NetExprKind k = s->target->kind;
	bool ok = (k == NEXPR_STATE && s->target->side == NSIDE_OWN) ||
		  (k == NEXPR_TRACE && s->target->side == NSIDE_OWN) ||
		  (k == NEXPR_VALUE && c->rule) || (k == NEXPR_INPUT && c->conn) ||
		  k == NEXPR_ELEMENT;
	return net_need(c, ok, "what cannot be assigned") && net_check_expr(c, s->target) &&
	       net_check_typed(c, s->e, s->target->type) &&
	       net_need(c, s->op == NSET || s->target->type == NT_REAL, "arithmetic of truth values");
}

static void
check_system(NetCheck *c, const NetStmt *s)
{
	net_need(c, !c->net->solved, "a system that was not solved");
	net_need(c, s->method < NMETHOD_COUNT && s->body.n > 0, "a system without equations or of no method");
	if (s->e)
		net_check_typed(c, s->e, NT_BOOL);
	for (uint32_t i = 0; i < s->body.n && !c->wrong; i++) {
		const NetStmt *eq = s->body.at[i];
		c->in_system = true;
		(void)(net_need(c, eq->kind == NSTMT_ASSIGN && eq->op == NSET && eq->target && eq->target->kind == NEXPR_STATE &&
				       (!eq->held || s->e),
			    "a system of something but equations") &&
		       check_assign(c, eq));
		c->in_system = false;
		for (uint32_t k = 0; k < i && !c->wrong; k++)
			net_need(c, s->body.at[k]->target->index != eq->target->index, "two equations of one state");
	}
}

static bool
check_block(NetCheck *c, const NetBlock *b)
{
	for (uint32_t i = 0; i < b->n && !c->wrong; i++) {
		const NetStmt *s = b->at[i];
		switch (s->kind) {
		case NSTMT_UNSET:
		case NSTMT_COUNT:
			net_fail(c, "a statement of no kind");
			break;
		case NSTMT_ASSIGN:
			check_assign(c, s);
			break;
		case NSTMT_LET:
			if (net_need(c, s->index < c->code->locals.n, "let of no local"))
				net_check_typed(c, s->e, c->code->locals.at[s->index].type);
			break;
		case NSTMT_IF:
			(void)(net_check_typed(c, s->e, NT_BOOL) && check_block(c, &s->body) &&
			       check_block(c, &s->other));
			break;
		case NSTMT_SPIKE:
			net_need(c, c->layer && (s->e != NULL) == c->layer->values,
			     "a spike in a wrong place or of a wrong kind");
			if (s->e)
				net_check_typed(c, s->e, NT_REAL);
			break;
		case NSTMT_SYSTEM:
			check_system(c, s);
			break;
		case NSTMT_KEEP_ONE:
			net_need(c, c->layer && s->site < c->net->sites.n,
			     "keep one without a site, or outside of neurons");
			if (s->e)
				net_check_typed(c, s->e, NT_BOOL);
			break;
		}
	}
	return !c->wrong;
}

bool
net_check_code(NetCheck *c, const char *place, const NetCode *code)
{
	c->place = place;
	c->code = code;
	bool ok = check_block(c, &code->body);
	c->code = NULL;
	return ok;
}
