/* net_print_code: expressions and statements of models, as a person would write them, with what was
 * folded in its place and the random numbers by the names of their sites. */
#include "net/net_inner.h"

#include "base/num.h"
#include "base/panic.h"

/* How strongly a node holds its operands together. */
enum {
	HOLD_IF,
	HOLD_OR,
	HOLD_AND,
	HOLD_NOT,
	HOLD_COMPARE,
	HOLD_SUM,
	HOLD_PRODUCT,
	HOLD_SIGN,
	HOLD_ATOM
};

void
net_print_number(StrBuf *out, const Net *n, double v)
{
	char text[NUM_TEXT];
	if (n->f64 || (double)(float)v != v)
		strbuf_puts(out, num_write_f64(text, v));
	else
		strbuf_puts(out, num_write_f32(text, (float)v));
}

static int
hold_of(const NetExpr *e)
{
	if (e->kind == NEXPR_IF)
		return HOLD_IF;
	if (e->kind == NEXPR_CONST && e->type == NT_REAL && e->value < 0)
		return HOLD_SIGN;
	if (e->kind != NEXPR_UNARY && e->kind != NEXPR_BINARY)
		return HOLD_ATOM;
	switch (e->op_kind) {
	case NOP_NEG:
		return HOLD_SIGN;
	case NOP_NOT:
		return HOLD_NOT;
	case NOP_ADD:
	case NOP_SUB:
		return HOLD_SUM;
	case NOP_MUL:
	case NOP_DIV:
		return HOLD_PRODUCT;
	case NOP_EQ:
	case NOP_NE:
	case NOP_LT:
	case NOP_LE:
	case NOP_GT:
	case NOP_GE:
		return HOLD_COMPARE;
	case NOP_AND:
		return HOLD_AND;
	case NOP_OR:
		return HOLD_OR;
	case NOP_UNSET:
	case NOP_ABS:
	case NOP_SQRT:
	case NOP_FLOOR:
	case NOP_CEIL:
	case NOP_EXP:
	case NOP_LOG:
	case NOP_EXPREL:
	case NOP_EXPM1:
	case NOP_LOG1P:
	case NOP_SIN:
	case NOP_COS:
	case NOP_POW:
	case NOP_TANH:
	case NOP_MIN:
	case NOP_MAX:
	case NOP_COUNT:
		break;
	}
	return HOLD_ATOM;
}

static void
put_held(const NetPlace *at, const NetExpr *e, int hold)
{
	bool paren = hold_of(e) < hold;
	if (paren)
		strbuf_putc(at->out, '(');
	net_print_expr(at, e);
	if (paren)
		strbuf_putc(at->out, ')');
}

static void
put_name_or_index(const NetPlace *at, const char *name, const char *noun, uint32_t index)
{
	if (name)
		strbuf_puts(at->out, name);
	else
		strbuf_printf(at->out, "%s%u", noun, index);
}

static void
put_state(const NetPlace *at, uint32_t i)
{
	const char *name = NULL;
	if (at->layer && i < at->layer->states.n)
		name = at->layer->states.at[i].name;
	else if (at->signal && i < at->signal->states.n)
		name = at->signal->states.at[i].name;
	else if (at->rule && i < at->rule->states.n)
		name = at->rule->states.at[i].name;
	else if (!at->rule && at->feature && i < at->feature->states.n)
		name = at->feature->states.at[i].name;
	put_name_or_index(at, name, "state", i);
}

static void
put_trace(const NetPlace *at, NetSide side, uint32_t i)
{
	const NetLayer *l = at->layer;
	if (side != NSIDE_OWN) {
		strbuf_puts(at->out, side == NSIDE_PRE ? "pre." : "post.");
		uint32_t layer = !at->conn           ? NET_NONE
				 : side == NSIDE_PRE ? at->conn->pre
						     : at->conn->post;
		l = layer < at->net->layers.n ? &at->net->layers.at[layer] : NULL;
	}
	put_name_or_index(at, l && i < l->traces.n ? l->traces.at[i].name : NULL, "trace", i);
}

static void
put_site(const NetPlace *at, uint32_t site)
{
	strbuf_putc(at->out, '[');
	put_name_or_index(at, site < at->net->sites.n ? at->net->sites.at[site].name : NULL, "site",
			  site);
	strbuf_putc(at->out, ']');
}

static void
put_draw(const NetPlace *at, const NetExpr *e)
{
	switch (e->draw) {
	case NDRAW_UNSET:
		strbuf_puts(at->out, "unset");
		break;
	case NDRAW_UNIFORM:
		strbuf_puts(at->out, "random");
		break;
	case NDRAW_BERNOULLI:
		strbuf_puts(at->out, "bernoulli");
		break;
	case NDRAW_NORMAL:
		strbuf_puts(at->out, "normal");
		break;
	case NDRAW_NOISE:
		strbuf_puts(at->out, "xi");
		break;
	case NDRAW_POISSON:
		strbuf_puts(at->out, "poisson");
		break;
	}
	put_site(at, e->site);
	strbuf_putc(at->out, '(');
	if (e->op[0])
		net_print_expr(at, e->op[0]);
	strbuf_putc(at->out, ')');
}

static void
put_binary(const NetPlace *at, const NetExpr *e)
{
	int hold = hold_of(e);
	if (hold == HOLD_ATOM) {
		strbuf_printf(at->out, "%s(", net_op_name(e->op_kind));
		net_print_expr(at, e->op[0]);
		strbuf_puts(at->out, ", ");
		net_print_expr(at, e->op[1]);
		strbuf_putc(at->out, ')');
		return;
	}
	put_held(at, e->op[0], hold == HOLD_COMPARE ? hold + 1 : hold);
	strbuf_printf(at->out, " %s ", net_op_name(e->op_kind));
	put_held(at, e->op[1], hold + 1);
}

static void
put_unary(const NetPlace *at, const NetExpr *e)
{
	if (e->op_kind == NOP_NEG || e->op_kind == NOP_NOT) {
		strbuf_puts(at->out, e->op_kind == NOP_NEG ? "-" : "not ");
		put_held(at, e->op[0], hold_of(e) + (e->op_kind == NOP_NEG));
		return;
	}
	strbuf_printf(at->out, "%s(", net_op_name(e->op_kind));
	net_print_expr(at, e->op[0]);
	strbuf_putc(at->out, ')');
}

static void
put_places(const NetPlace *at, const NetExpr *e)
{
	for (int i = 0; i < 2 && e->op[i]; i++) {
		strbuf_puts(at->out, i ? ", " : "[");
		net_print_expr(at, e->op[i]);
	}
	strbuf_putc(at->out, ']');
}

void
net_print_expr(const NetPlace *at, const NetExpr *e)
{
	static const char *const side_index[] = {"i", "i", "j", "?"};
	static const char *const side_array[] = {"", "pre.", "post.", "value."};
	switch (e->kind) {
	case NEXPR_UNSET:
	case NEXPR_COUNT:
		strbuf_puts(at->out, "unset");
		return;
	case NEXPR_CONST:
		if (e->type == NT_BOOL)
			strbuf_puts(at->out, e->value != 0 ? "true" : "false");
		else
			net_print_number(at->out, at->net, e->value);
		return;
	case NEXPR_ARRAY:
		strbuf_printf(at->out, "%sarray%u", side_array[e->side], e->index);
		return;
	case NEXPR_STATE:
		if (at->conn && e->side != NSIDE_OWN) {
			uint32_t side = e->side == NSIDE_PRE ? at->conn->pre : at->conn->post;
			NetPlace of = {.out = at->out, .net = at->net, .layer = &at->net->layers.at[side]};
			strbuf_puts(at->out, e->side == NSIDE_PRE ? "pre." : "post.");
			put_state(&of, e->index);
			return;
		}
		put_state(at, e->index);
		return;
	case NEXPR_LOCAL: {
		bool known = at->code && e->index < at->code->locals.n;
		put_name_or_index(at, known ? at->code->locals.at[e->index].name : NULL, "local",
				  e->index);
		return;
	}
	case NEXPR_INPUT:
		strbuf_puts(at->out, at->conn ? "signal" : "input");
		if (!at->conn && e->port) {
			strbuf_putc(at->out, '.');
			put_name_or_index(at, at->layer && e->port < at->layer->ports.n ? at->layer->ports.at[e->port].name : NULL,
					  "port", e->port);
		}
		if (!at->conn && e->index)
			strbuf_printf(at->out, "[%u]", e->index);
		return;
	case NEXPR_TRACE:
		put_trace(at, e->side, e->index);
		return;
	case NEXPR_VALUE:
		strbuf_puts(at->out, at->rule ? "w" : "value");
		return;
	case NEXPR_SPIKE:
		strbuf_puts(at->out, e->side == NSIDE_PRE ? "pre." : e->side == NSIDE_POST ? "post." : "");
		strbuf_puts(at->out, "spike");
		if (e->side == NSIDE_OWN && e->index)
			strbuf_printf(at->out, "[%u]", e->index - 1);
		return;
	case NEXPR_INDEX:
		strbuf_puts(at->out, side_index[e->side]);
		return;
	case NEXPR_EVENT:
	case NEXPR_SIGNAL:
		strbuf_puts(at->out, e->kind == NEXPR_EVENT ? "event " : "");
		strbuf_puts(at->out, e->side == NSIDE_PRE ? "pre." : e->side == NSIDE_POST ? "post." : "");
		put_name_or_index(at, e->index < at->net->signals.n ? at->net->signals.at[e->index].name : NULL, "signal",
				  e->index);
		return;
	case NEXPR_SEEN:
		net_print_var(at->out, at->net, &e->var);
		if (e->var.kind == NVAR_VOTES)
			strbuf_printf(at->out, "[%u]", e->var.index);
		return;
	case NEXPR_NEURONS:
		strbuf_printf(at->out, "%s over %s(", net_over_name((NetOver)e->index),
			      e->var.of < at->net->layers.n ? at->net->layers.at[e->var.of].name : "?");
		net_print_expr(at, e->op[0]);
		strbuf_putc(at->out, ')');
		return;
	case NEXPR_PICK:
		put_held(at, e->op[0], HOLD_ATOM);
		strbuf_putc(at->out, '[');
		net_print_expr(at, e->op[1]);
		strbuf_putc(at->out, ']');
		return;
	case NEXPR_VAR:
		put_name_or_index(at, e->index < at->net->vars.n ? at->net->vars.at[e->index].name : NULL, "var", e->index);
		return;
	case NEXPR_LEARNING:
		strbuf_puts(at->out, "learning");
		return;
	case NEXPR_DRAW:
		put_draw(at, e);
		return;
	case NEXPR_COLUMN:
		strbuf_printf(at->out, "column%u", e->index);
		return;
	case NEXPR_OVER:
		strbuf_printf(at->out, "%s(", net_over_name((NetOver)e->index));
		net_print_expr(at, e->op[0]);
		if (e->op[1]) {
			strbuf_puts(at->out, ", ");
			net_print_expr(at, e->op[1]);
		}
		strbuf_putc(at->out, ')');
		return;
	case NEXPR_ELEMENT:
		put_state(at, e->index);
		put_places(at, e);
		return;
	case NEXPR_TABLE:
		put_name_or_index(at, at->feature && e->index < at->feature->tables.n
					      ? at->feature->tables.at[e->index].name : NULL,
				  "table", e->index);
		put_places(at, e);
		return;
	case NEXPR_EACH:
		strbuf_printf(at->out, "k%u", e->index);
		return;
	case NEXPR_SUM:
		strbuf_printf(at->out, "(sum k%u in ", e->index);
		net_print_expr(at, e->op[1]);
		strbuf_puts(at->out, " ..< ");
		net_print_expr(at, e->op[2]);
		strbuf_puts(at->out, " of ");
		net_print_expr(at, e->op[0]);
		strbuf_putc(at->out, ')');
		return;
	case NEXPR_FELLOW: {
		bool known = at->conn && e->index < at->conn->features.n;
		put_name_or_index(at, known ? at->conn->features.at[e->index].name : NULL, "feature", e->index);
		return;
	}
	case NEXPR_REDUCE: {
		static const char *const over[] = {"pre", "post", "batch"};
		strbuf_printf(at->out, "%s(", net_over_name((NetOver)e->index));
		net_print_expr(at, e->op[0]);
		strbuf_puts(at->out, " over");
		for (int i = 0; i < 3; i++) {
			if (e->over >> i & 1)
				strbuf_printf(at->out, "%s %s", e->over & ((1u << i) - 1) ? "," : "", over[i]);
		}
		strbuf_putc(at->out, ')');
		return;
	}
	case NEXPR_OBSERVED:
		net_print_seen(at->out, at->net, e->index);
		return;
	case NEXPR_TOTAL:
		strbuf_puts(at->out, "sum(signal)");
		return;
	case NEXPR_UNARY:
		put_unary(at, e);
		return;
	case NEXPR_BINARY:
		put_binary(at, e);
		return;
	case NEXPR_IF:
		put_held(at, e->op[0], HOLD_OR);
		strbuf_puts(at->out, " if ");
		put_held(at, e->op[1], HOLD_OR);
		strbuf_puts(at->out, " else ");
		put_held(at, e->op[2], HOLD_IF);
		return;
	}
	UNREACHABLE();
}

static void put_block(const NetPlace *at, const NetBlock *b, int depth);

static void
put_system(const NetPlace *at, const NetStmt *s, int depth)
{
	strbuf_puts(at->out, "system");
	if (s->method != NMETHOD_UNSET)
		strbuf_printf(at->out, " by %s", net_method_name(s->method));
	if (s->e) {
		strbuf_puts(at->out, ", held but if ");
		net_print_expr(at, s->e);
	}
	strbuf_puts(at->out, " {\n");
	for (uint32_t i = 0; i < s->body.n; i++) {
		const NetStmt *eq = s->body.at[i];
		strbuf_indent(at->out, depth + 1);
		net_print_expr(at, eq->target);
		strbuf_puts(at->out, "' = ");
		net_print_expr(at, eq->e);
		strbuf_puts(at->out, eq->held ? " (held)\n" : "\n");
	}
	strbuf_indent(at->out, depth);
	strbuf_putc(at->out, '}');
}

static void
put_stmt(const NetPlace *at, const NetStmt *s, int depth)
{
	static const char *const assign[] = {"=", "+=", "-=", "*=", "/="};
	strbuf_indent(at->out, depth);
	switch (s->kind) {
	case NSTMT_UNSET:
	case NSTMT_COUNT:
		strbuf_puts(at->out, "unset");
		break;
	case NSTMT_ASSIGN:
		net_print_expr(at, s->target);
		strbuf_printf(at->out, " %s ", assign[s->op]);
		net_print_expr(at, s->e);
		break;
	case NSTMT_LET: {
		bool known = at->code && s->index < at->code->locals.n;
		strbuf_puts(at->out, "let ");
		put_name_or_index(at, known ? at->code->locals.at[s->index].name : NULL, "local",
				  s->index);
		strbuf_puts(at->out, " = ");
		net_print_expr(at, s->e);
		break;
	}
	case NSTMT_IF:
		strbuf_puts(at->out, "if ");
		net_print_expr(at, s->e);
		strbuf_puts(at->out, " {\n");
		put_block(at, &s->body, depth + 1);
		strbuf_indent(at->out, depth);
		if (s->other.n) {
			strbuf_puts(at->out, "} else {\n");
			put_block(at, &s->other, depth + 1);
			strbuf_indent(at->out, depth);
		}
		strbuf_putc(at->out, '}');
		break;
	case NSTMT_SPIKE:
		strbuf_puts(at->out, "spike");
		if (s->e) {
			strbuf_putc(at->out, ' ');
			net_print_expr(at, s->e);
		}
		break;
	case NSTMT_SYSTEM:
		put_system(at, s, depth);
		break;
	case NSTMT_KEEP_ONE:
		strbuf_puts(at->out, "keep one spike at random");
		put_site(at, s->site);
		if (s->e) {
			strbuf_puts(at->out, " if ");
			net_print_expr(at, s->e);
		}
		break;
	}
	strbuf_putc(at->out, '\n');
}

static void
put_block(const NetPlace *at, const NetBlock *b, int depth)
{
	for (uint32_t i = 0; i < b->n; i++)
		put_stmt(at, b->at[i], depth);
}

void
net_print_code(const NetPlace *at, const char *head, const NetCode *c, int depth)
{
	if (c->body.n == 0)
		return;
	NetPlace inner = *at;
	inner.code = c;
	strbuf_indent(at->out, depth);
	strbuf_printf(at->out, "%s {\n", head);
	for (uint32_t i = 0; i < c->solved.n; i++) {
		const NetSolved *s = &c->solved.at[i];
		strbuf_indent(at->out, depth + 1);
		strbuf_printf(at->out, "# %s: %s, %s\n", s->states, net_method_name(s->method), s->why);
	}
	put_block(&inner, &c->body, depth + 1);
	strbuf_indent(at->out, depth);
	strbuf_puts(at->out, "}\n");
}

void
net_print_equations(StrBuf *out, const Net *n, const NetOwner *of, const NetCode *code, const NetStmt *system)
{
	NetPlace at = {.out = out, .net = n, .layer = of->layer, .conn = of->conn, .feature = of->feature, .rule = of->rule, .signal = of->signal,
		       .code = code};
	for (uint32_t i = 0; i < system->body.n; i++) {
		const NetStmt *eq = system->body.at[i];
		net_print_expr(&at, eq->target);
		strbuf_puts(out, "' = ");
		net_print_expr(&at, eq->e);
		if (eq->held) {
			strbuf_puts(out, ", held unless ");
			net_print_expr(&at, system->e);
		}
		strbuf_putc(out, '\n');
	}
}
