/* vectors.c: how many vectors the vectoriser is to do in a turn of a loop. */
#include "emit_llvm/ll.h"

enum {
	FEW_TURNS = 256,                        /* of a loop that is worth more code */
	DIVISION = 8,                           /* a division or a root, in operations */
	MOST_VECTORS = 16,                      /* in a turn, that the vectoriser takes */
	LONG = 10                               /* operations that wait for each other */
};

typedef struct { const LlGen *g; uint32_t *ready; } Chain;   /* by local: behind how many operations */

static uint32_t
larger(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

static uint32_t
chain_of(const Chain *c, const PlanExpr *e)
{
	uint32_t n = 0;
	if (e->kind == PEXPR_LOCAL)
		return c->ready[e->id];
	if (e->kind == PEXPR_CONST || e->kind == PEXPR_LOAD || e->kind == PEXPR_MASK)
		return 0;
	for (uint32_t k = 0; k < e->nops; k++)
		n = larger(n, chain_of(c, e->op[k]));
	return n + ((e->kind == PEXPR_DIV && plan_type_is_float(e->type)) || e->kind == PEXPR_SQRT ? DIVISION : 1);
}

static uint32_t block_chain(Chain *c, PlanBlock b);

static uint32_t
call_chain(const Chain *c, const PlanStmt *s)
{
	const PlanCode *func = c->g->plan->codes.at[s->id];
	Chain in = {c->g, ARENA_ARRAY(c->g->a, uint32_t, func->nlocals + 1)};
	for (uint32_t k = 0; k < s->nops; k++)
		in.ready[k] = chain_of(c, s->op[k]);
	return block_chain(&in, func->body);
}

/* The longest chain of operations of a block in which each waits for the one before. */
static uint32_t
block_chain(Chain *c, PlanBlock b)
{
	uint32_t longest = 0;
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *s = b.at[i];
		uint32_t n = s->e ? chain_of(c, s->e) : 0;
		if (s->kind == PSTMT_RETURN)
			for (uint32_t k = 0; k < s->nops; k++)
				n = larger(n, chain_of(c, s->op[k]));
		if (s->kind == PSTMT_CALL)
			n = call_chain(c, s);
		for (uint32_t k = 0; k < s->nlocals; k++)
			c->ready[s->locals[k]] = n;
		if (s->kind == PSTMT_LET || s->kind == PSTMT_VAR || s->kind == PSTMT_SET)
			c->ready[s->id] = n;
		n = larger(n, larger(block_chain(c, s->body), block_chain(c, s->other)));
		longest = larger(longest, n);
	}
	return longest;
}

/* Whether a local counts blocks of FEW_TURNS and more. */
static bool
counts_blocks(PlanBlock b, uint32_t local)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *s = b.at[i];
		if (s->kind == PSTMT_FOR && s->id == local)
			return s->step >= FEW_TURNS;
		if (counts_blocks(s->body, local) || counts_blocks(s->other, local))
			return true;
	}
	return false;
}

/* The vectoriser leaves a long loop at one vector per turn. Where operations wait for each other, few such turns fit side by side in what
 * a core looks ahead; and two vectors share constants, for which the registers of narrow ones are too few. Loops over blocks are taken for
 * the whole of the kernel's range. */
static bool
wants_two(const LlGen *g, const PlanStmt *loop, int64_t turns, int64_t lanes)
{
	bool block = !turns && loop->e->kind == PEXPR_LOCAL && counts_blocks(g->code->body, loop->e->id);
	int64_t n = block ? (int64_t)g->code->range : turns;
	if (n < FEW_TURNS || n % (2 * lanes) != n % lanes)
		return false;
	Chain c = {g, ARENA_ARRAY(g->a, uint32_t, g->code->nlocals + 1)};
	return block_chain(&c, loop->body) >= LONG;
}

/* The vectoriser does several vectors per turn if it may, up to four, and the rest one by one: of
 * 400 elements 384 and 16. Where one vector per turn leaves less, it is both shorter and faster. */
static bool
wants_one(int64_t turns, int64_t lanes)
{
	return turns > 0 && turns % (4 * lanes) != turns % lanes;
}

/* Few vectors that are kept in a frame, with little to do: all of them in one turn, so that each is in a register (sroa). */
static bool
keeps_in_frame(const LlGen *g, PlanBlock b)
{
	const PlanStmt *s = b.n ? b.at[b.n - 1] : NULL;
	if (!s || s->kind != PSTMT_STORE)
		return false;
	Chain c = {g, ARENA_ARRAY(g->a, uint32_t, g->code->nlocals + 1)};
	if (block_chain(&c, b) >= LONG)
		return false;
	return plan_buf_in_frame(&g->plan->bufs.at[s->id]) || (s->e->kind == PEXPR_LOAD && plan_buf_in_frame(&g->plan->bufs.at[s->e->id]));
}

unsigned
ll_vectors(const LlGen *g, const PlanStmt *loop, int64_t turns)
{
	int64_t lanes = g->machine->wide ? 16 : 8;
	if (turns > 0 && turns % lanes == 0 && turns / lanes <= MOST_VECTORS && keeps_in_frame(g, loop->body))
		return (unsigned)(turns / lanes);
	return wants_two(g, loop, turns, lanes) ? 2 : wants_one(turns, lanes) ? 1 : 0;
}
