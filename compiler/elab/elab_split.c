/* elab_split: where all neurons, or all items, must have come so far before one goes on, an `if` of a step becomes several, one for
 * each of its statements: what stands at the top of a step is done by all before the next (lower_layer). That is so where one spike is
 * kept, and where an `if` changes a state that the items share and then reads it, or does other than add to it. */
#include "elab/elab_inner.h"

typedef VEC(NetStmt *) StmtVec;

typedef struct {
	Scope *s;
	NetCode *code;
	const NetLayer *layer;
	bool several;                                     /* items */
} Split;

static bool
reads(const NetExpr *e, uint32_t state)
{
	return e && ((e->kind == NEXPR_STATE && e->index == state) || reads(e->op[0], state) || reads(e->op[1], state) || reads(e->op[2], state));
}

/* Is a state read behind its change, or changed by other than += and -=? */
static bool
waits(NetBlock b, uint32_t state, bool *changed)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const NetStmt *s = b.at[i];
		if (*changed && reads(s->e, state))
			return true;
		if (s->kind == NSTMT_ASSIGN && s->target->kind == NEXPR_STATE && s->target->index == state) {
			if (s->op != NADD && s->op != NSUB)
				return true;
			*changed = true;
		}
		if (waits(s->body, state, changed) || waits(s->other, state, changed))
			return true;
	}
	return false;
}

static bool
keeps_one(NetBlock b)
{
	for (uint32_t i = 0; i < b.n; i++)
		if (b.at[i]->kind == NSTMT_KEEP_ONE || keeps_one(b.at[i]->body) || keeps_one(b.at[i]->other))
			return true;
	return false;
}

static bool
must_split(const Split *w, NetStmt *s)
{
	NetBlock one = {&s, 1};
	if (s->kind != NSTMT_IF || keeps_one(one))
		return s->kind == NSTMT_IF;
	if (!w->several || net_shared_only(w->layer, w->code->body, one))
		return false;
	for (uint32_t k = 0; k < w->layer->states.n; k++) {
		bool changed = false;
		if (w->layer->states.at[k].shared_over_batch && waits(one, k, &changed))
			return true;
	}
	return false;
}

static NetExpr *
local(Split *w, uint32_t index, Span at)
{
	NetExpr *l = net_expr(w->s->el->net, NEXPR_LOCAL, NT_BOOL, at);
	l->index = index;
	return l;
}

static NetStmt *
push(Split *w, StmtVec *out, NetStmtKind kind, Span at)
{
	NetStmt *n = ARENA_NEW(w->s->el->arena, NetStmt);
	n->kind = kind;
	n->span = at;
	VEC_PUSH(w->s->el->arena, out, n);
	return n;
}

/* A name for a condition: what it is now holds for all of the `if`. */
static uint32_t
name_it(Split *w, StmtVec *out, NetExpr *e, const char *name)
{
	NetStmt *let = push(w, out, NSTMT_LET, e->span);
	let->e = e;
	let->index = w->code->locals.n;
	VEC_PUSH(w->s->el->arena, &w->code->locals, (NetLocal){intern_printf(w->s->el->names, "%s%u", name, let->index), NT_BOOL});
	return let->index;
}

static NetExpr *
both(Split *w, uint32_t cond, NetExpr *e)
{
	return cond == NET_NONE ? e : elab_binary(w->s, NOP_AND, local(w, cond, e->span), e, e->span);
}

/* cond: the local that must be true, or NET_NONE. */
static void
split(Split *w, NetBlock b, uint32_t cond, StmtVec *out)
{
	for (uint32_t i = 0; i < b.n; i++) {
		NetStmt *s = b.at[i];
		if (must_split(w, s)) {
			uint32_t then = name_it(w, out, both(w, cond, s->e), "holds"), other = NET_NONE;
			NetExpr *no = elab_unary(w->s, NOP_NOT, local(w, then, s->span), s->span);
			if (s->other.n)
				other = name_it(w, out, both(w, cond, no), "holds_not");
			split(w, s->body, then, out);
			split(w, s->other, other, out);
		} else if (s->kind == NSTMT_KEEP_ONE) {
			NetExpr *e = s->e ? both(w, cond, s->e) : cond == NET_NONE ? NULL : local(w, cond, s->span);
			if (e && e->kind != NEXPR_LOCAL)
				e = local(w, name_it(w, out, e, "competes"), s->span);
			s->e = e;
			VEC_PUSH(w->s->el->arena, out, s);
		} else if (cond == NET_NONE || s->kind == NSTMT_LET) {
			VEC_PUSH(w->s->el->arena, out, s);        /* a name means the same, wherever it is given */
		} else {
			NetStmt *only = push(w, out, NSTMT_IF, s->span);
			only->e = local(w, cond, s->span);
			only->body = (NetBlock){ARENA_ARRAY(w->s->el->arena, NetStmt *, 1), 1};
			only->body.at[0] = s;
		}
	}
}

void
elab_split(Scope *s, NetCode *code)
{
	Split w = {.s = s, .code = code, .layer = &s->el->net->layers.at[s->layer], .several = s->el->net->batch > 1};
	bool any = keeps_one(code->body);
	for (uint32_t i = 0; i < code->body.n; i++)
		any = any || must_split(&w, code->body.at[i]);
	if (!any)
		return;
	StmtVec out = {0};
	split(&w, code->body, NET_NONE, &out);
	code->body = (NetBlock){out.at, out.n};
}
