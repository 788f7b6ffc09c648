/* lower_flat: the code of a rule as a row of statements, each with its condition. */
#include "lower/lower_update.h"

#include "base/panic.h"

static NetExpr *
new_expr(Update *u, NetExprKind kind, NetType type, Span at)
{
	NetExpr *e = ARENA_NEW(u->l->a, NetExpr);
	e->kind = kind;
	e->type = type;
	e->span = at;
	return e;
}

static NetExpr *
read_hidden(Update *u, uint32_t hidden, Span at)
{
	NetExpr *e = new_expr(u, NEXPR_LOCAL, u->hidden.at[hidden].type, at);
	e->index = hidden;
	return e;
}

NetVaries
upd_varies(Update *u, const NetExpr *e)
{
	return net_varies(u->r, u->over.at, e);
}

bool
upd_reads_item(Update *u, const NetExpr *e)
{
	if (!e || u->l->batch == 1)
		return false;
	switch (e->kind) {
	case NEXPR_TRACE: case NEXPR_SPIKE:
		return true;
	case NEXPR_STATE: {
		if (e->side == NSIDE_OWN)
			return true;
		const NetLayer *l = &u->l->net->layers.at[e->side == NSIDE_PRE ? u->c->pre : u->c->post];
		return !l->states.at[e->index].shared_over_batch;
	}
	case NEXPR_LOCAL:
		return !u->hidden.at[e->index].alike;
	case NEXPR_SIGNAL: case NEXPR_EVENT:
		return u->l->net->signals.at[e->index].per_item;
	default:
		return upd_reads_item(u, e->op[0]) || upd_reads_item(u, e->op[1]) || upd_reads_item(u, e->op[2]);
	}
}

static uint32_t
add_hidden(Update *u, NetType type)
{
	VEC_PUSH(u->l->a, &u->hidden, (Hidden){.type = type, .buf = NO_BUF, .alike = true});
	VEC_PUSH(u->l->a, &u->over, NPLACE_CONNECTION);
	return u->hidden.n - 1;
}

static Flat *
push(Update *u, NetSide event, NetVaries place, Span at)
{
	VEC_PUSH(u->l->a, &u->flat, ((Flat){.event = event, .place = place, .span = at, .guard = u->now}));
	return &u->flat.at[u->flat.n - 1];
}

static void
set_hidden(Update *u, uint32_t hidden, const NetExpr *e, NetSide event, Span at)
{
	NetVaries place = upd_varies(u, e);
	u->hidden.at[hidden].place = u->over.at[hidden] = place;
	u->hidden.at[hidden].alike = !upd_reads_item(u, e);
	Flat *f = push(u, place == NPLACE_SYNAPSE && !u->gathers ? event : NSIDE_OWN, place, at);
	f->hidden = hidden;
	f->e = e;
}

/* A reduction is worked out before the statement that reads it. */
static NetExpr *
gathered(Update *u, const NetExpr *reduce, NetSide event, bool of_pairs)
{
	uint32_t h = add_hidden(u, NT_REAL);
	NetVaries place = of_pairs ? (NetVaries)(NPLACE_SYNAPSE & ~reduce->over) : upd_varies(u, reduce);
	u->hidden.at[h].place = u->over.at[h] = place;
	u->hidden.at[h].alike = (reduce->over & NOVER_BATCH) || !upd_reads_item(u, reduce->op[0]);
	Flat *f = push(u, event, place, reduce->span);
	f->hidden = h;
	f->gather = reduce;
	f->of_pairs = of_pairs;
	return read_hidden(u, h, reduce->span);
}

/* A copy whose locals are hidden ones, without reductions. */
static NetExpr *
moved(Update *u, const NetExpr *e, NetSide event)
{
	if (!e)
		return NULL;
	NetExpr *copy = arena_copy(u->l->a, e, sizeof *e);
	if (e->kind == NEXPR_LOCAL)
		copy->index += u->first;
	if (e->kind == NEXPR_STATE && e->side == NSIDE_OWN && low_follows(u->low, e->index) && !u->jumped[e->index])
		copy->over = low_read_before(u->l, u->low, e->index);
	for (int i = 0; i < 3; i++)
		copy->op[i] = moved(u, e->op[i], event);
	return e->kind == NEXPR_REDUCE ? gathered(u, copy, event, false) : copy;
}

static NetExpr *
both(Update *u, const NetExpr *mask, NetExpr *e, Span at)
{
	if (!mask)
		return e;
	NetExpr *and = new_expr(u, NEXPR_BINARY, NT_BOOL, at);
	and->op_kind = NOP_AND;
	and->op[0] = arena_copy(u->l->a, mask, sizeof *mask);
	and->op[1] = e;
	return and;
}

/* A condition that statements behind it may read although what it reads has changed. */
static const NetExpr *
keep_condition(Update *u, const NetExpr *mask, const NetExpr *c, bool negated, NetSide event, Span at)
{
	NetExpr *e = arena_copy(u->l->a, c, sizeof *c);
	if (negated) {
		NetExpr *not = new_expr(u, NEXPR_UNARY, NT_BOOL, at);
		not->op_kind = NOP_NOT;
		not->op[0] = e;
		e = not;
	}
	uint32_t h = add_hidden(u, NT_BOOL);
	set_hidden(u, h, both(u, mask, e, at), event, at);
	return read_hidden(u, h, at);
}

/* A value per target changes by the sum over the pairs, if what changes it differs between them. */
static const NetExpr *
summed_over_pairs(Update *u, const NetStmt *s, const NetExpr *e, const NetExpr **mask, NetSide event)
{
	NetVaries over = upd_varies(u, e) | upd_varies(u, *mask) | (event == NSIDE_PRE ? NPLACE_PRE : NPLACE_CONNECTION);
	if (!(over & NPLACE_PRE))
		return e;
	if (s->op != NADD && s->op != NSUB) {
		diag_begin(u->l->env->diag, E0611, s->span, "`%s` has one value per post neuron, and this differs with the pre neuron",
		           u->f->name);
		diag_help(u->l->env->diag, "add or subtract (then it changes by the sum over pre), or gather first: `mean(… over pre)`");
		diag_end(u->l->env->diag);
		u->l->failed = true;
		return e;
	}
	NetExpr *x = arena_copy(u->l->a, e, sizeof *e);
	const NetExpr *c = *mask;
	if (event == NSIDE_PRE) {
		NetExpr *spike = new_expr(u, NEXPR_SPIKE, NT_REAL, s->span), *fired = new_expr(u, NEXPR_BINARY, NT_BOOL, s->span);
		spike->side = NSIDE_PRE;
		fired->op_kind = NOP_NE;
		fired->op[0] = spike;
		fired->op[1] = new_expr(u, NEXPR_CONST, NT_REAL, s->span);
		c = both(u, c, fired, s->span);
	}
	if (c) {
		NetExpr *chosen = new_expr(u, NEXPR_IF, NT_REAL, s->span);
		chosen->op[0] = x;
		chosen->op[1] = arena_copy(u->l->a, c, sizeof *c);
		chosen->op[2] = new_expr(u, NEXPR_CONST, NT_REAL, s->span);
		x = chosen;
	}
	NetExpr *sum = new_expr(u, NEXPR_REDUCE, NT_REAL, s->span);
	sum->index = NOVER_SUM;
	sum->over = NOVER_PRE;
	sum->op[0] = x;
	*mask = NULL;
	return gathered(u, sum, NSIDE_OWN, u->c->pattern.kind != NPAT_ALL);
}

static void
assign(Update *u, const NetStmt *s, const NetExpr *e, const NetExpr *mask, NetSide event)
{
	if (s->target->kind == NEXPR_STATE) {
		uint32_t k = s->target->index;
		if (low_follows(u->low, k)) {             /* decays and jumps by itself */
			u->jumped[k] |= low_is_jump(s);
			return;
		}
		Flat *f = push(u, event, u->r->states.at[k].place, s->span);
		f->target = s->target;
		f->op = s->op;
		f->e = e;
		f->mask = mask;
		return;
	}
	if (u->f->of_post) {
		e = summed_over_pairs(u, s, e, &mask, event);
		event = event == NSIDE_PRE ? NSIDE_OWN : event;
	}
	Flat *f = push(u, event, u->f->of_post ? NPLACE_POST : NPLACE_SYNAPSE, s->span);
	f->target = s->target;
	f->op = s->op;
	f->e = e;
	f->mask = mask;
}

static void flatten(Update *u, const NetBlock *b, const NetExpr *mask, NetSide event);

/* A condition that is one for the connection: its statements are not done at all where it fails. */
static void
guarded(Update *u, const NetStmt *s, const NetExpr *e, const NetExpr *mask, NetSide event)
{
	const NetExpr *outer = u->now;
	u->now = NULL;                                 /* what guards is always known */
	const NetExpr *yes = keep_condition(u, outer, e, false, NSIDE_OWN, s->span);
	const NetExpr *no = s->other.n ? keep_condition(u, outer, e, true, NSIDE_OWN, s->span) : NULL;
	u->now = yes;
	flatten(u, &s->body, mask, event);
	u->now = no;
	flatten(u, &s->other, mask, event);
	u->now = outer;
}

static void
flatten(Update *u, const NetBlock *b, const NetExpr *mask, NetSide event)
{
	for (uint32_t i = 0; i < b->n; i++) {
		const NetStmt *s = b->at[i];
		const NetExpr *e = moved(u, s->e, event);
		switch (s->kind) {
		case NSTMT_ASSIGN:
			assign(u, s, e, mask, event);
			continue;
		case NSTMT_LET:
			set_hidden(u, u->first + s->index, e, event, s->span);
			continue;
		case NSTMT_IF: {
			bool guards = upd_varies(u, e) == NPLACE_CONNECTION && !upd_reads_item(u, e) && !u->r->average;
			if (guards) {
				guarded(u, s, e, mask, event);
				continue;
			}
			const NetExpr *yes = keep_condition(u, mask, e, false, event, s->span);
			const NetExpr *no = s->other.n ? keep_condition(u, mask, e, true, event, s->span) : NULL;
			flatten(u, &s->body, yes, event);
			flatten(u, &s->other, no, event);
			continue;
		}
		case NSTMT_UNSET: case NSTMT_SPIKE: case NSTMT_KEEP_ONE: case NSTMT_SYSTEM: case NSTMT_COUNT:
			break;
		}
		UNREACHABLE();
	}
}

void
upd_flatten(Update *u)
{
	static const NetSide sides[] = {[NEVENT_STEP] = NSIDE_OWN, [NEVENT_PRE] = NSIDE_PRE, [NEVENT_POST] = NSIDE_POST};
	u->jumped = ARENA_ARRAY(u->l->a, bool, u->r->states.n + 1);
	for (uint32_t h = 0; h < u->r->handlers.n; h++) {
		const NetCode *code = &u->r->handlers.at[h].code;
		u->first = u->hidden.n;
		u->gathers = low_has_expr(code->body, NEXPR_REDUCE);
		for (uint32_t k = 0; k < code->locals.n; k++)
			add_hidden(u, code->locals.at[k].type);
		flatten(u, &code->body, NULL, sides[u->r->handlers.at[h].event]);
	}
}
