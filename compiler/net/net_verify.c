/* net_verify: finds our own mistakes in a network: indices, types, what may stand where. */
#include "net/net_inner.h"

#include "base/panic.h"

#include <math.h>

enum { RANK_LIMIT = 4 };

/* What code is checked against, and the first thing that is wrong. */
typedef struct {
	const Net *net;
	Arena *arena;
	const char *wrong;
	const char *place; /* "layer exc, step" */
	const NetLayer *layer;
	const NetConn *conn;
	const NetRule *rule;
	const NetFeature *feature;
	const NetSignal *signal;
	uint32_t neurons;  /* signals, protocol: how many `own` may be; 0: there is none */
	const NetCode *code;
	bool init;         /* constants and arrays only */
	bool layer_init;   /* indices and draws too */
	bool in_system;    /* the rate of an equation */
	bool feature_init; /* indices and draws too */
	bool protocol;
} Check;

static bool
fail(Check *c, const char *what)
{
	if (!c->wrong)
		c->wrong = arena_printf(c->arena, "%s: %s", c->place, what);
	return false;
}

static bool
need(Check *c, bool cond, const char *what)
{
	return cond || fail(c, what);
}

/* ---- expressions ----------------------------------------------------------------------------- */

static uint64_t
layer_size(const Net *n, uint32_t i)
{
	return i < n->layers.n ? n->layers.at[i].n : 0;
}

static uint64_t
array_size(const Net *n, const NetArray *a)
{
	if (a->layer != NET_NONE)
		return layer_size(n, a->layer);
	return a->conn < n->conns.n ? net_value_count(n, &n->conns.at[a->conn], a->of_post) : 0;
}

static const NetLayer *
side_layer(const Check *c, NetSide side)
{
	if (side == NSIDE_OWN)
		return c->layer;
	if (!c->conn)
		return NULL;
	uint32_t i = side == NSIDE_PRE ? c->conn->pre : c->conn->post;
	return i < c->net->layers.n ? &c->net->layers.at[i] : NULL;
}

static bool
check_array(Check *c, const NetExpr *e)
{
	if (!need(c, e->index < c->net->arrays.n, "there is no such array"))
		return false;
	const NetArray *a = &c->net->arrays.at[e->index];
	if (c->protocol || c->signal)
		return need(c, e->side == NSIDE_OWN && a->n == c->neurons, "an array of other neurons");
	if (e->side == NSIDE_VALUE)
		return need(c, c->conn && a->layer == NET_NONE && &c->net->conns.at[a->conn] == c->conn,
			    "an array of another connection");
	const NetLayer *l = side_layer(c, e->side);
	return need(c,
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
check_operator(Check *c, const NetExpr *e)
{
	NetType a = e->op[0]->type, b = e->kind == NEXPR_BINARY ? e->op[1]->type : NT_UNSET;
	NetOp op = e->op_kind;
	if (e->kind == NEXPR_UNARY) {
		if (!need(c, op >= NOP_NEG && op <= NOP_TANH, "a binary operator with one operand"))
			return false;
		return need(c, a == (op == NOP_NOT ? NT_BOOL : NT_REAL) && e->type == a,
			    "operand of a wrong type");
	}
	if (!need(c, op >= NOP_ADD && op < NOP_COUNT, "a unary operator with two operands") ||
	    !need(c, a == b, "operands of different types"))
		return false;
	if (op == NOP_AND || op == NOP_OR)
		return need(c, a == NT_BOOL && e->type == NT_BOOL, "logic of reals");
	if (is_compare(op))
		return need(c, e->type == NT_BOOL && (a == NT_REAL || op == NOP_EQ || op == NOP_NE),
			    "comparison of a wrong type");
	return need(c, a == NT_REAL && e->type == NT_REAL, "arithmetic of truth values");
}

static bool check_expr(Check *c, const NetExpr *e);

static bool
check_operands(Check *c, const NetExpr *e, int n)
{
	for (int i = 0; i < 3; i++) {
		if (!need(c, (e->op[i] != NULL) == (i < n), "wrong number of operands") ||
		    (i < n && !check_expr(c, e->op[i])))
			return false;
	}
	return true;
}

static bool
check_state(Check *c, const NetExpr *e)
{
	if ((c->rule || c->feature) && e->side != NSIDE_OWN) {
		const NetLayer *l = side_layer(c, e->side);
		return need(c, l && e->index < l->states.n && e->type == l->states.at[e->index].type,
			    "no such state of the neuron, or of another type");
	}
	if (c->layer)
		return need(c,
			    e->index < c->layer->states.n &&
				    e->type == c->layer->states.at[e->index].type,
			    "no such state of the layer, or of another type");
	if (c->signal)
		return need(c, e->index < c->signal->states.n && e->type == c->signal->states.at[e->index].type,
			    "no such state of the signal, or of another type");
	if (c->rule)
		return need(c,
			    e->index < c->rule->states.n &&
				    e->type == c->rule->states.at[e->index].type,
			    "no such state of the rule, or of another type");
	return need(c,
		    c->feature && e->index < c->feature->states.n &&
			    e->type == c->feature->states.at[e->index].type &&
			    !c->feature->states.at[e->index].rank,
		    "no such state of the feature, or of another type");
}

static bool
check_trace(Check *c, const NetExpr *e)
{
	const NetLayer *l = side_layer(c, e->side);
	return need(c,
		    (e->side == NSIDE_OWN || c->rule || c->feature) && l && e->index < l->traces.n &&
			    e->type == NT_REAL,
		    "no such trace");
}

static bool
check_draw(Check *c, const NetExpr *e)
{
	bool bare = e->draw == NDRAW_UNIFORM || e->draw == NDRAW_NORMAL || e->draw == NDRAW_NOISE;
	need(c, e->draw != NDRAW_NOISE || c->in_system, "white noise outside of equations");
	if (!need(c, e->draw != NDRAW_UNSET, "a draw of no kind") ||
	    !need(c, e->site < c->net->sites.n, "there is no such draw site") ||
	    !need(c, e->type == (e->draw == NDRAW_BERNOULLI ? NT_BOOL : NT_REAL),
		  "a draw of a wrong type") ||
	    !check_operands(c, e, bare ? 0 : 1))
		return false;
	return bare || need(c, e->op[0]->type == NT_REAL, "the parameter of a draw is no real");
}

/* Does it read layers from outside? */
static bool
sees(const NetExpr *e)
{
	return e->kind == NEXPR_SEEN || e->kind == NEXPR_NEURONS || e->kind == NEXPR_PICK;
}

/* Kinds that depend on the place. */
static bool
check_place(Check *c, const NetExpr *e)
{
	bool fixed = e->kind == NEXPR_CONST || e->kind == NEXPR_ARRAY ||
		     (e->kind == NEXPR_VALUE && c->feature && !c->rule);
	if (c->init && c->layer_init)
		return need(c,
			    fixed || e->kind == NEXPR_INDEX || e->kind == NEXPR_DRAW || e->kind == NEXPR_UNARY ||
				    e->kind == NEXPR_BINARY || e->kind == NEXPR_IF,
			    "an initial value that reads what is not there yet");
	if (c->init)
		return need(c, fixed, "an initial value that is no constant");
	if (c->feature_init)
		return need(c,
			    fixed || e->kind == NEXPR_INDEX || e->kind == NEXPR_DRAW || e->kind == NEXPR_UNARY ||
				    e->kind == NEXPR_BINARY || e->kind == NEXPR_IF,
			    "an initial value that reads what is not there yet");
	if (c->protocol)
		return need(c,
			    e->kind == NEXPR_CONST || e->kind == NEXPR_COLUMN ||
				    e->kind == NEXPR_OVER || e->kind == NEXPR_SIGNAL || sees(e) ||
				    e->kind == NEXPR_VAR || e->kind == NEXPR_DRAW || e->kind == NEXPR_INDEX ||
				    e->kind == NEXPR_ARRAY ||
				    e->kind == NEXPR_UNARY || e->kind == NEXPR_BINARY ||
				    e->kind == NEXPR_IF,
			    "a protocol expression that reads the network");
	return need(c, e->kind != NEXPR_COLUMN && e->kind != NEXPR_OVER && e->kind != NEXPR_VAR,
		    "a data column in a model") &&
	       need(c, c->signal || !sees(e), "a model that reads another layer");
}

static bool check_typed(Check *c, const NetExpr *e, NetType t);
static bool check_var(Check *c, const NetVar *v);

/* One value per neuron is read at a neuron: in rules of the side where its layer stands, elsewhere at the own one. */
static bool
check_signal_side(Check *c, const NetExpr *e)
{
	const NetSignal *g = &c->net->signals.at[e->index];
	if (g->layer == NET_NONE)
		return need(c, e->side == NSIDE_OWN, "a signal of no neuron on a side");
	if (!c->rule && !c->feature)
		return need(c, e->side == NSIDE_OWN && c->neurons == c->net->layers.at[g->layer].n, "a signal per neuron of no neuron");
	return need(c, e->side != NSIDE_OWN && side_layer(c, e->side) == &c->net->layers.at[g->layer],
	            "a signal of another layer's neurons");
}

static bool
check_expr(Check *c, const NetExpr *e)
{
	if (!need(c, e->type == NT_REAL || e->type == NT_BOOL, "an expression without a type") ||
	    !check_place(c, e))
		return false;
	switch (e->kind) {
	case NEXPR_UNSET:
	case NEXPR_COUNT:
		return fail(c, "an expression of no kind");
	case NEXPR_CONST:
		return need(c,
			    e->type == NT_REAL ? c->net->f64 || isnan(e->value) ||
							 (double)(float)e->value == e->value
					       : e->value == 0 || e->value == 1,
			    "a constant that is not rounded");
	case NEXPR_ARRAY:
		return check_array(c, e);
	case NEXPR_STATE:
		return check_state(c, e);
	case NEXPR_LOCAL:
		return need(c,
			    c->code && e->index < c->code->locals.n &&
				    e->type == c->code->locals.at[e->index].type,
			    "no such local, or of another type");
	case NEXPR_INPUT:
		return need(c, e->type == NT_REAL && !c->rule, "input in a wrong place") &&
		       need(c, e->port == 0 || (c->layer && e->port < c->layer->ports.n), "input of no port") &&
		       need(c, e->index == 0 || (c->layer && e->index < c->layer->window),
			    "an input beyond the window");
	case NEXPR_TRACE:
		return check_trace(c, e);
	case NEXPR_VALUE:
		return need(c, c->conn != NULL, "a value outside of connections");
	case NEXPR_SPIKE:
		if (c->signal)
			return need(c, e->side == NSIDE_OWN && e->index == 0 && c->neurons && e->type == NT_REAL, "spike of no neuron");
		return need(c, (c->rule || c->layer || c->feature) && (e->side == NSIDE_OWN) == (c->layer != NULL) && e->type == NT_REAL,
			    "spike in a wrong place") &&
		       need(c, e->side != NSIDE_OWN || e->index <= c->layer->memory,
			    "a spike beyond the memory");
	case NEXPR_INDEX:
		if (c->signal || c->protocol)
			return need(c, e->side == NSIDE_OWN && e->type == NT_REAL && c->neurons, "index of no neuron");
		return need(c, (e->side == NSIDE_OWN) == (c->layer != NULL) && e->type == NT_REAL,
			    "index of a wrong side");
	case NEXPR_SIGNAL:
	case NEXPR_EVENT:
		return need(c, (c->rule || c->feature || c->signal || c->protocol) && e->index < c->net->signals.n &&
		            e->type == (e->kind == NEXPR_EVENT ? NT_BOOL : NT_REAL), "no such signal, or in a wrong place") &&
		       check_signal_side(c, e);
	case NEXPR_SEEN:
		if (e->var.kind == NVAR_VOTES)
			return need(c, c->protocol && e->type == NT_REAL, "votes outside of the protocol") && check_var(c, &e->var);
		return need(c, e->type == NT_REAL && (e->var.kind == NVAR_SPIKES || e->var.kind == NVAR_STATE ||
		            e->var.kind == NVAR_TRACE || (e->var.kind == NVAR_COUNT && c->protocol)), "what cannot be seen") &&
		       check_var(c, &e->var) && need(c, c->neurons == c->net->layers.at[e->var.of].n, "seen at no neuron");
	case NEXPR_NEURONS: {
		uint32_t outer = c->neurons;
		if (!need(c, e->var.of < c->net->layers.n && e->index < NOVER_COUNT && e->index != NOVER_QUANTILE &&
		          e->type == NT_REAL, "over no neurons"))
			return false;
		c->neurons = (uint32_t)c->net->layers.at[e->var.of].n;
		bool ok = check_operands(c, e, 1) && need(c, e->op[0]->type == NT_REAL, "truth values go over neurons");
		c->neurons = outer;
		return ok;
	}
	case NEXPR_PICK: {
		uint32_t outer = c->neurons;
		if (!need(c, e->var.of < c->net->layers.n && e->op[0] && e->op[1] && !e->op[2], "a pick of nothing") ||
		    !check_typed(c, e->op[1], NT_REAL))
			return false;
		c->neurons = (uint32_t)c->net->layers.at[e->var.of].n;
		bool ok = check_typed(c, e->op[0], e->type);
		c->neurons = outer;
		return ok;
	}
	case NEXPR_VAR:
		return need(c, e->index < c->net->vars.n && e->type == c->net->vars.at[e->index].type, "there is no such name");
	case NEXPR_LEARNING:
		return need(c, e->type == NT_BOOL, "learning is a truth value");
	case NEXPR_DRAW:
		return check_draw(c, e);
	case NEXPR_COLUMN:
		return need(c, e->type == NT_REAL, "a column is a real");
	case NEXPR_OVER: {
		bool quantile = e->index == NOVER_QUANTILE;
		return need(c, e->type == NT_REAL && e->index < NOVER_COUNT,
			    "over a sample goes nothing of this kind") &&
		       check_operands(c, e, quantile ? 2 : 1) &&
		       need(c, e->op[0]->type == NT_REAL, "truth values go over a sample") &&
		       need(c, !quantile || e->op[1]->kind == NEXPR_CONST,
			    "a quantile that is not fixed");
	}
	case NEXPR_ELEMENT:
		return need(c,
			    c->feature && !c->rule && e->index < c->feature->states.n &&
				    e->type == NT_REAL,
			    "an element of no array") &&
		       check_operands(c, e, (int)c->feature->states.at[e->index].rank);
	case NEXPR_TABLE:
		return need(c,
			    c->feature && !c->rule && e->index < c->feature->tables.n &&
				    e->type == NT_REAL,
			    "an element of no table") &&
		       check_operands(c, e, (int)c->feature->tables.at[e->index].rank);
	case NEXPR_EACH:
		return need(c, e->type == NT_REAL, "a variable of a sum is a real");
	case NEXPR_SUM:
		return check_operands(c, e, 3) &&
		       need(c,
			    e->op[1]->kind == NEXPR_CONST && e->op[2]->kind == NEXPR_CONST &&
				    e->op[0]->type == NT_REAL && e->type == NT_REAL,
			    "a sum over no range");
	case NEXPR_FELLOW:
		return need(c, c->rule && e->index < c->conn->features.n && e->type == c->conn->features.at[e->index].type &&
			    (e->side == NSIDE_POST) == c->conn->features.at[e->index].of_post,
			    "the value of no feature");
	case NEXPR_REDUCE:
		return need(c, c->rule && e->type == NT_REAL && e->index < NOVER_QUANTILE && e->over > 0 && e->over < 8,
			    "a reduction of no kind, or in a wrong place") &&
		       check_operands(c, e, 1) && need(c, e->op[0]->type == NT_REAL, "a reduction of truth values");
	case NEXPR_OBSERVED:
		return fail(c, "what a test sees, outside of what it expects");
	case NEXPR_TOTAL:
		return need(c, c->feature && !c->rule && e->type == NT_REAL,
			    "a sum of no signal");
	case NEXPR_UNARY:
		return check_operands(c, e, 1) && check_operator(c, e);
	case NEXPR_BINARY:
		return check_operands(c, e, 2) && check_operator(c, e);
	case NEXPR_IF:
		return check_operands(c, e, 3) &&
		       need(c,
			    e->op[1]->type == NT_BOOL && e->op[0]->type == e->op[2]->type &&
				    e->type == e->op[0]->type,
			    "branches of different types");
	}
	UNREACHABLE();
}

static bool
check_typed(Check *c, const NetExpr *e, NetType t)
{
	return need(c, e != NULL, "a missing expression") && check_expr(c, e) &&
	       need(c, e->type == t, "an expression of a wrong type");
}

/* ---- statements ------------------------------------------------------------------------------ */

static bool
check_assign(Check *c, const NetStmt *s)
{
	if (!need(c, s->target != NULL, "no target"))
		return false;
	NetExprKind k = s->target->kind;
	bool ok = (k == NEXPR_STATE && s->target->side == NSIDE_OWN) ||
		  (k == NEXPR_TRACE && s->target->side == NSIDE_OWN) ||
		  (k == NEXPR_VALUE && c->rule) || (k == NEXPR_INPUT && c->conn) ||
		  k == NEXPR_ELEMENT;
	return need(c, ok, "what cannot be assigned") && check_expr(c, s->target) &&
	       check_typed(c, s->e, s->target->type) &&
	       need(c, s->op == NSET || s->target->type == NT_REAL, "arithmetic of truth values");
}

static void
check_system(Check *c, const NetStmt *s)
{
	need(c, !c->net->solved, "a system that was not solved");
	need(c, s->method < NMETHOD_COUNT && s->body.n > 0, "a system without equations or of no method");
	if (s->e)
		check_typed(c, s->e, NT_BOOL);
	for (uint32_t i = 0; i < s->body.n && !c->wrong; i++) {
		const NetStmt *eq = s->body.at[i];
		c->in_system = true;
		(void)(need(c, eq->kind == NSTMT_ASSIGN && eq->op == NSET && eq->target && eq->target->kind == NEXPR_STATE &&
				       (!eq->held || s->e),
			    "a system of something but equations") &&
		       check_assign(c, eq));
		c->in_system = false;
		for (uint32_t k = 0; k < i && !c->wrong; k++)
			need(c, s->body.at[k]->target->index != eq->target->index, "two equations of one state");
	}
}

static bool
check_block(Check *c, const NetBlock *b)
{
	for (uint32_t i = 0; i < b->n && !c->wrong; i++) {
		const NetStmt *s = b->at[i];
		switch (s->kind) {
		case NSTMT_UNSET:
		case NSTMT_COUNT:
			fail(c, "a statement of no kind");
			break;
		case NSTMT_ASSIGN:
			check_assign(c, s);
			break;
		case NSTMT_LET:
			if (need(c, s->index < c->code->locals.n, "let of no local"))
				check_typed(c, s->e, c->code->locals.at[s->index].type);
			break;
		case NSTMT_IF:
			(void)(check_typed(c, s->e, NT_BOOL) && check_block(c, &s->body) &&
			       check_block(c, &s->other));
			break;
		case NSTMT_SPIKE:
			need(c, c->layer && (s->e != NULL) == c->layer->values,
			     "a spike in a wrong place or of a wrong kind");
			if (s->e)
				check_typed(c, s->e, NT_REAL);
			break;
		case NSTMT_SYSTEM:
			check_system(c, s);
			break;
		case NSTMT_KEEP_ONE:
			need(c, c->layer && s->site < c->net->sites.n,
			     "keep one without a site, or outside of neurons");
			if (s->e)
				check_typed(c, s->e, NT_BOOL);
			break;
		}
	}
	return !c->wrong;
}

static bool
check_code(Check *c, const char *place, const NetCode *code)
{
	c->place = place;
	c->code = code;
	bool ok = check_block(c, &code->body);
	c->code = NULL;
	return ok;
}

/* ---- layers and connections ------------------------------------------------------------------ */

static bool
check_states(Check *c, const char *place, const NetState *at, uint32_t n)
{
	c->place = place;
	c->init = true;
	for (uint32_t i = 0; i < n && !c->wrong; i++)
		check_typed(c, at[i].init, at[i].type);
	c->init = false;
	return !c->wrong;
}

static void
check_layer(Check *c, const NetLayer *l)
{
	c->layer = l;
	c->place = arena_printf(c->arena, "layer %s", l->name);
	uint64_t n = 1;
	need(c, l->rank >= 1 && l->rank <= RANK_LIMIT, "a rank that no layer has");
	for (uint32_t i = 0; i < l->rank && i < RANK_LIMIT; i++)
		n *= l->shape[i];
	need(c, n == l->n && n > 0, "a shape that is not the size");
	need(c, l->ports.n > 0 && !l->ports.at[0].name, "a layer without its first port");
	for (uint32_t i = 0; i < l->ports.n; i++)
		need(c, l->ports.at[i].stream == NET_NONE || l->ports.at[i].stream < c->net->streams.n,
		     "there is no such stream");
	c->layer_init = true;
	check_states(c, c->place, l->states.at, l->states.n);
	c->layer_init = false;
	for (uint32_t i = 0; i < l->traces.n && !c->wrong; i++) {
		const char *place =
			arena_printf(c->arena, "layer %s, trace %s", l->name, l->traces.at[i].name);
		c->place = place;
		c->init = true;
		check_typed(c, l->traces.at[i].decay, NT_REAL);
		c->init = false;
		check_code(c, place, &l->traces.at[i].on_spike);
	}
	check_code(c, arena_printf(c->arena, "layer %s, step", l->name), &l->step);
	c->layer = NULL;
}

static void
check_feature(Check *c, const NetConn *k, const NetFeature *f)
{
	const char *place = arena_printf(c->arena, "connection %s, feature %s", k->name, f->name);
	c->place = place;
	need(c, f->type == NT_REAL || f->type == NT_BOOL, "a feature without a type");
	need(c, (f->init.e != NULL) != (f->init.file != NULL),
	     "an initial value must be an expression or a file");
	c->feature_init = true;
	if (f->init.e)
		check_typed(c, f->init.e, f->type);
	c->feature_init = false;
	c->init = true;
	if (f->has_range)
		(void)(check_typed(c, f->lo, NT_REAL) && check_typed(c, f->hi, NT_REAL));
	c->init = false;
	need(c, !f->has_range || f->lo->kind != NEXPR_CONST || f->hi->kind != NEXPR_CONST || f->lo->value <= f->hi->value,
	     "an empty range");
	need(c, f->shared == NET_NONE || f->shared < k->features.n, "a value of no feature");
	c->feature = f;
	check_states(c, place, f->states.at, f->states.n);
	if (f->delay)
		(void)(check_typed(c, f->delay, NT_REAL) && need(c, f->slots > 0, "a delay of no step"));
	check_code(c, place, &f->compute);
	c->feature = NULL;
	if (!f->has_rule)
		return;
	c->rule = &f->rule;
	place = arena_printf(c->arena, "%s, rule %s", place, f->rule.name);
	check_states(c, place, f->rule.states.at, f->rule.states.n);
	for (uint32_t i = 0; i < f->rule.handlers.n && !c->wrong; i++)
		check_code(c, place, &f->rule.handlers.at[i].code);
	c->rule = NULL;
}

static uint64_t
product(uint32_t n, const uint64_t *at)
{
	uint64_t all = 1;
	for (uint32_t i = 0; i < n; i++)
		all *= at[i];
	return all;
}

static void
check_pattern(Check *c, const NetConn *k)
{
	const NetPattern *p = &k->pattern;
	uint64_t npre = c->net->layers.at[k->pre].n, npost = c->net->layers.at[k->post].n;
	switch (p->kind) {
	case NPAT_ALL:
	case NPAT_MEAN:
		return;
	case NPAT_ONE_TO_ONE:
		need(c, npre == npost, "one to one between layers of different sizes");
		return;
	case NPAT_SPARSE:
		need(c, p->row && p->row[npre] == p->nsynapses, "rows that do not end with the last synapse");
		return;
	case NPAT_CONV:
	case NPAT_LOCAL:
	case NPAT_POOL:
		if (!need(c, p->axes >= 1 && p->axes <= NET_KERNEL_AXES, "a window without axes"))
			return;
		need(c, p->in * product(p->axes, p->extent) == npre, "a window that is not over its source");
		need(c, p->out * product(p->axes, p->out_extent) == npost, "windows that are not its targets");
		for (uint32_t d = 0; d < p->axes; d++) {
			uint64_t span = (p->kernel[d] - 1) * p->dilation[d] + 1;
			need(c, p->kernel[d] && p->stride[d] && p->dilation[d], "a window of nothing");
			need(c, (p->out_extent[d] - 1) * p->stride[d] + span <= p->extent[d] + 2 * p->padding[d],
			     "a window that leaves its source");
		}
		return;
	case NPAT_COUNT:
		break;
	}
	need(c, false, "no such pattern");
}

static void
check_conn(Check *c, const NetConn *k)
{
	c->conn = k;
	c->place = arena_printf(c->arena, "connection %s", k->name);
	if (need(c, k->pre < c->net->layers.n && k->post < c->net->layers.n,
		 "there is no such layer") &&
	    need(c, k->port < c->net->layers.at[k->post].ports.n, "there is no such port")) {
		check_pattern(c, k);
		for (uint32_t i = 0; i < k->features.n && !c->wrong; i++)
			check_feature(c, k, &k->features.at[i]);
	}
	c->conn = NULL;
}

/* ---- protocol and records -------------------------------------------------------------------- */

static bool
check_var(Check *c, const NetVar *v)
{
	const Net *n = c->net;
	switch (v->kind) {
	case NVAR_UNSET:
		return true;
	case NVAR_SPIKES:
		return need(c, v->of < n->layers.n, "spikes of no layer");
	case NVAR_STATE:
		return need(c, v->of < n->layers.n && v->index < n->layers.at[v->of].states.n,
			    "no such state");
	case NVAR_TRACE:
		return need(c, v->of < n->layers.n && v->index < n->layers.at[v->of].traces.n,
			    "no such trace");
	case NVAR_COUNT:
		return need(c, v->of < n->layers.n, "spikes of no layer");
	case NVAR_SIGNAL:
		return need(c, v->of < n->signals.n, "no such signal");
	case NVAR_SIGNAL_STATE:
		return need(c, v->of < n->signals.n && v->index < n->signals.at[v->of].states.n, "no such state of a signal");
	case NVAR_RATE:
		return need(c, v->of < n->conns.n && n->conns.at[v->of].pattern.kind == NPAT_POOL,
			    "rates of no pool");
	case NVAR_RULE_STATE:
		return need(c, v->of < n->conns.n && v->index < n->conns.at[v->of].features.n &&
		                   v->state < n->conns.at[v->of].features.at[v->index].rule.states.n, "no such state of a rule");
	case NVAR_VALUE:
		return need(c, v->of < n->conns.n && v->index < n->conns.at[v->of].features.n,
			    "no such feature");
	case NVAR_VOTES:
	case NVAR_LABELS:
	case NVAR_RATES:
	case NVAR_PROPORTIONS:
		return need(c, v->of < n->layers.n, "votes of no layer");
	case NVAR_KEPT:
		return need(c,
			    v->of < n->conns.n && v->index < n->conns.at[v->of].features.n &&
				    v->state < n->conns.at[v->of].features.at[v->index].states.n,
			    "no such state of a feature");
	}
	UNREACHABLE();
}

static bool
check_columns(Check *c, const NetExpr *e, const NetData *d)
{
	if (e->kind == NEXPR_COLUMN)
		return need(c, d && e->index < d->columns.n, "there is no such column");
	for (int i = 0; i < 3; i++) {
		if (e->op[i] && !check_columns(c, e->op[i], d))
			return false;
	}
	return true;
}

static void
check_control(Check *c, const NetControl *k)
{
	const Net *n = c->net;
	static const NetVarKind of[NCONTROL_COUNT] = {[NCONTROL_CLAMP] = NVAR_SPIKES,
						      [NCONTROL_SILENCE] = NVAR_SPIKES,
						      [NCONTROL_INJECT] = NVAR_STATE,
						      [NCONTROL_ZERO] = NVAR_VALUE};
	if (!need(c, k->kind > NCONTROL_UNSET && k->kind < NCONTROL_COUNT && k->var.kind == of[k->kind],
		  "a control of no kind, or of what it cannot change") ||
	    !check_var(c, &k->var) || !need(c, (k->e != NULL) != (k->file != NULL), "a control without a value"))
		return;
	Check in = *c;
	in.protocol = false;
	in.layer = k->var.kind == NVAR_VALUE ? NULL : &n->layers.at[k->var.of];
	in.conn = k->var.kind == NVAR_VALUE ? &n->conns.at[k->var.of] : NULL;
	if (k->e)
		check_expr(&in, k->e);
	c->wrong = in.wrong;
}

static void check_protocol(Check *c, const NetProtocol *p, const NetData *data);

static void
check_signal(Check *c, const NetSignal *g)
{
	c->signal = g;
	const char *place = arena_printf(c->arena, "signal %s", g->name);
	c->place = place;
	uint32_t own = 0;
	if (need(c, g->layer == NET_NONE || g->layer < c->net->layers.n, "there is no such layer"))
		own = g->layer == NET_NONE ? 0 : (uint32_t)c->net->layers.at[g->layer].n;
	need(c, !(g->file && g->value), "two values");
	need(c, g->value || !(g->handlers.n || g->states.n), "handlers without a value");
	check_states(c, place, g->states.at, g->states.n);
	for (uint32_t i = 0; i < g->handlers.n && !c->wrong; i++) {
		const NetSignalHandler *h = &g->handlers.at[i];
		if (need(c, h->layer == NET_NONE || h->layer < c->net->layers.n, "spikes of no layer"))
			c->neurons = h->layer == NET_NONE ? own : (uint32_t)c->net->layers.at[h->layer].n;
		check_code(c, place, &h->code);
	}
	c->neurons = own;
	if (g->value && !c->wrong)
		check_typed(c, g->value, NT_REAL);
	c->neurons = 0;
	c->signal = NULL;
}

static void
check_signals(Check *c)
{
	const Net *n = c->net;
	uint32_t follow = 0;
	for (uint32_t i = 0; i < n->signals.n && !c->wrong; i++) {
		check_signal(c, &n->signals.at[i]);
		follow += n->signals.at[i].value != NULL;
	}
	need(c, n->updates.n == follow, "signals that are never worked out");
	for (uint32_t i = 0; i < n->updates.n && !c->wrong; i++)
		need(c, n->updates.at[i] < n->signals.n && n->signals.at[n->updates.at[i]].value, "what does not follow anything");
}

/* Counts over samples or over turns. */
static void
check_loop(Check *c, const NetProto *s, const NetData *data)
{
	const Net *n = c->net;
	need(c, s->phase == NET_NONE || s->phase < n->phases.n, "a loop of no phase");
	need(c, !s->shuffled || s->site < n->sites.n, "an order that is not drawn");
	need(c, s->lo <= s->hi, "a range that goes backwards");
	if (s->kind == NPROTO_COUNT_TO)
		need(c, s->state < n->vars.n && n->vars.at[s->state].type == NT_REAL, "turns of no name");
	else if (need(c, s->data < n->data.n, "a loop over nothing"))
		need(c, s->hi <= n->data.at[s->data].samples && (s->hi - s->lo) % n->batch == 0,
		     "samples beyond the data, or that do not fill the batch");
	if (!c->wrong)
		check_protocol(c, &s->body, s->kind == NPROTO_FOR ? &n->data.at[s->data] : data);
}

static void
check_protocol(Check *c, const NetProtocol *p, const NetData *data)
{
	const Net *n = c->net;
	for (uint32_t i = 0; i < p->n && !c->wrong; i++) {
		const NetProto *s = p->at[i];
		switch (s->kind) {
		case NPROTO_UNSET:
		case NPROTO_COUNT:
			fail(c, "a statement of no kind");
			break;
		case NPROTO_FOR:
		case NPROTO_COUNT_TO:
			check_loop(c, s, data);
			break;
		case NPROTO_IF:
			if (check_typed(c, s->e, NT_BOOL) && check_columns(c, s->e, data)) {
				check_protocol(c, &s->body, data);
				check_protocol(c, &s->other, data);
			}
			break;
		case NPROTO_LET:
			if (need(c, s->state < n->vars.n, "there is no such name"))
				(void)(check_typed(c, s->e, n->vars.at[s->state].type) && check_columns(c, s->e, data));
			break;
		case NPROTO_ASSIGN: {
			NetVar v = {NVAR_STATE, s->layer, s->state, 0};
			if (!check_var(c, &v))
				break;
			c->neurons = (uint32_t)n->layers.at[s->layer].n;
			(void)(check_typed(c, s->e, n->layers.at[s->layer].states.at[s->state].type) &&
			       check_columns(c, s->e, data));
			c->neurons = 0;
			break;
		}
		case NPROTO_SIGNAL: {
			if (!need(c, s->state < n->signals.n, "there is no such signal"))
				break;
			const NetSignal *g = &n->signals.at[s->state];
			need(c, !g->value && !g->file, "a signal that is not the protocol's");
			c->neurons = g->layer == NET_NONE ? 0 : (uint32_t)n->layers.at[g->layer].n;
			(void)(check_typed(c, s->e, NT_REAL) && check_columns(c, s->e, data));
			c->neurons = 0;
			break;
		}
		case NPROTO_RUN:
			need(c, (s->steps > 0) != (s->e != NULL), "a run of no step");
			if (s->e)
				(void)(check_typed(c, s->e, NT_REAL) && check_columns(c, s->e, data));
			for (uint32_t k = 0; k < s->controls.n && !c->wrong; k++)
				check_control(c, &s->controls.at[k]);
			break;
		case NPROTO_RESET:
		case NPROTO_FREEZE:
		case NPROTO_THAW:
			break;
		case NPROTO_VOTE:
			need(c,
			     s->layer < n->layers.n && data && s->column < data->columns.n &&
				     s->readouts.n,
			     "a vote of nothing");
			break;
		case NPROTO_REPORT:
			need(c, s->what && (s->phase == NET_NONE || s->phase < n->phases.n),
			     "a report of nothing");
			if (s->var.kind != NVAR_UNSET && check_var(c, &s->var))
				need(c, s->var.kind == NVAR_SIGNAL && (!n->signals.at[s->var.of].per_item || n->batch == 1) &&
					     n->signals.at[s->var.of].layer == NET_NONE,
				     "a report of several numbers");
			break;
		case NPROTO_SAVE:
			(void)(need(c, s->path != NULL, "no path") && check_var(c, &s->var));
			break;
		}
	}
}

const char *
net_verify(const Net *n, Arena *a)
{
	Check c = {.net = n, .arena = a, .place = "network"};
	need(&c, n->dt > 0 && n->batch > 0, "dt and batch must be positive");
	for (uint32_t i = 0; i < n->arrays.n; i++)
		need(&c, n->arrays.at[i].n == array_size(n, &n->arrays.at[i]),
		     "an array of a wrong length");
	for (uint32_t i = 0; i < n->streams.n; i++)
		need(&c, n->streams.at[i].layer < n->layers.n &&
				 n->streams.at[i].port < n->layers.at[n->streams.at[i].layer].ports.n,
		     "a stream of no layer, or into no port");
	for (uint32_t i = 0; i < n->layers.n && !c.wrong; i++)
		check_layer(&c, &n->layers.at[i]);
	check_signals(&c);
	for (uint32_t i = 0; i < n->conns.n && !c.wrong; i++)
		check_conn(&c, &n->conns.at[i]);
	c.place = "records";
	for (uint32_t i = 0; i < n->records.n && !c.wrong; i++) {
		const NetRecord *r = &n->records.at[i];
		(void)(need(&c, r->every > 0 && (r->phase == NET_NONE || r->phase < n->phases.n),
			    "never recorded") &&
		       check_var(&c, &r->var));
	}
	for (uint32_t i = 0; i < n->plots.n && !c.wrong; i++)
		check_var(&c, &n->plots.at[i].var);
	c.place = "experiment";
	c.protocol = true;
	check_protocol(&c, &n->protocol, NULL);
	return c.wrong ? c.wrong : net_verify_expects(n);
}
