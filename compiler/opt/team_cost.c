/* team_cost: how long a kernel may take, alone and shared out to two.
 *
 * Rough figures of a core of 2023 (DRAM of one core and of two is the same): what matters is whether a step is worth the
 * meetings of its threads, and what they fetch from each other's caches then. Nobody knows how many neurons will spike: 10 Hz are taken for all of them.
 */
#include "opt/query.h"
#include "opt/team.h"

#include <string.h>

#define OP 0.15                                           /* ns: an operation, or a load from a near cache */
#define VECTOR 16.0                                       /* turns of a vector at once, where that is widest */
#define RATE 10.0                                         /* Hz */
#define MISS 5.0                                          /* ns: a branch that was not foreseen */
#define CUT 40.0                                          /* ns: to find the ends of a piece */
#define SHORT 16                                          /* turns */
#define UNKNOWN 4.0                                       /* turns of a loop whose bounds say nothing */
#define NEAR (1 << 20)                                    /* bytes: L2 of one core, L3 of all */
#define FAR (32 << 20)
#define NARROW 6144                                       /* bytes of a row: its halves are too near to each other (bench/halves.c) */

typedef struct {
	Plan *p;
	const PlanCode *c;
	const PlanExpr **value;                           /* by local: what a LET is */
	bool vector;
	double turns;                                     /* of the loop around */
} Cost;

static TeamCost cost_block(Cost *k, PlanBlock b);

static TeamCost
both(double ns)
{
	return (TeamCost){ns, ns};
}

static TeamCost
sum(TeamCost a, TeamCost b)
{
	return (TeamCost){a.whole + b.whole, a.half + b.half};
}

/* ---- expressions ------------------------------------------------------------------------------------ */

/* An index that was itself loaded: the place is anywhere. */
static bool
is_anywhere(const Cost *k, const PlanExpr *last)
{
	const PlanExpr *v = last->kind == PEXPR_LOCAL ? k->value[last->id] : last;
	return v && v->kind == PEXPR_CAST && v->op[0]->kind == PEXPR_LOAD;
}

/* One access: `shared` is what two threads need for it, each, if they do half of them: DRAM is no faster for two that
 * stream, but it is for two that wait for single lines. */
static TeamCost
cost_access(const Cost *k, uint32_t buf, PlanExpr *const *index, uint32_t n)
{
	const PlanBuf *b = &k->p->bufs.at[buf];
	double bytes = (double)plan_buf_bytes(b), size = plan_type_size(b->type);
	bool anywhere = n && is_anywhere(k, index[n - 1]);
	if (anywhere)
		return both(bytes > FAR ? 6 : bytes > NEAR ? 1.5 : OP);
	double near = k->vector ? size / 100 : OP, far = size / 25;
	if (bytes <= FAR)
		return both(bytes > NEAR ? near * 1.5 : near);
	return (TeamCost){near > far ? near : far, 2 * (near > far ? near : far)};
}

static TeamCost
cost_expr(Cost *k, const PlanExpr *e)
{
	TeamCost c = {0};
	if (!e || e->kind == PEXPR_CONST || e->kind == PEXPR_LOCAL)
		return c;
	for (uint32_t i = 0; i < e->nops; i++)
		c = sum(c, cost_expr(k, e->op[i]));
	if (e->kind == PEXPR_LOAD)
		return sum(c, cost_access(k, e->id, e->op, e->nops));
	double op = e->kind == PEXPR_DIV || e->kind == PEXPR_SQRT || e->kind == PEXPR_REM ? 8 * OP : OP;
	return sum(c, both(k->vector ? op / VECTOR : op));
}

/* ---- loops ------------------------------------------------------------------------------------------ */

static double
probability(const Cost *k)
{
	double p = RATE * k->p->dt / 1000;
	return p > 0.1 ? 0.1 : p;
}

static double
extent_at(const Cost *k, uint32_t buf, PlanExpr *const *index, uint32_t local)
{
	const PlanBuf *b = &k->p->bufs.at[buf];
	double most = 0;
	for (uint32_t i = 0; i < b->naxes; i++)
		if (is_local(index[i], local) && (double)b->axis[i].extent > most)
			most = (double)b->axis[i].extent;
	return most;
}

/* The largest axis that a variable indexes. */
static double
extent_of(const Cost *k, const PlanExpr *e, uint32_t local)
{
	if (!e)
		return 0;
	double most = e->kind == PEXPR_LOAD || e->kind == PEXPR_MASK ? extent_at(k, e->id, e->op, local) : 0;
	for (uint32_t i = 0; i < e->nops; i++) {
		double x = extent_of(k, e->op[i], local);
		most = x > most ? x : most;
	}
	return most;
}

/* let next = local + 1: the same axis */
static bool
is_beside(const PlanStmt *s, uint32_t local)
{
	return s->kind == PSTMT_LET && (s->e->kind == PEXPR_ADD || s->e->kind == PEXPR_SUB) && is_local(s->e->op[0], local) &&
	       s->e->op[1]->kind == PEXPR_CONST;
}

static double
extent_in(const Cost *k, PlanBlock b, uint32_t local)
{
	double most = 0;
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *s = b.at[i];
		double x[] = {extent_of(k, s->e, local), extent_in(k, s->body, local), extent_in(k, s->other, local), extent_of(k, s->hi, local),
			      is_beside(s, local) ? extent_in(k, b, s->id) : 0, s->kind == PSTMT_STORE ? extent_at(k, s->id, s->op, local) : 0};
		for (int j = 0; j < 6; j++)
			most = x[j] > most ? x[j] : most;
	}
	return most;
}

static uint32_t
bound_buf(const Cost *k, const PlanExpr *e, int depth)
{
	if (!e || depth > 8)
		return NO_ID;
	if (e->kind == PEXPR_LOAD)
		return e->id;
	if (e->kind == PEXPR_LOCAL)
		return bound_buf(k, k->value[e->id], depth + 1);
	for (uint32_t i = 0; i < e->nops; i++) {
		uint32_t b = bound_buf(k, e->op[i], depth + 1);
		if (b != NO_ID)
			return b;
	}
	return NO_ID;
}

static bool
mentions(const PlanExpr *e, uint32_t local)
{
	bool found = is_local(e, local);
	for (uint32_t i = 0; i < e->nops && !found; i++)
		found = mentions(e->op[i], local);
	return found;
}

static bool
is_range(const PlanStmt *s)
{
	return mentions(s->e, 0) || mentions(s->hi, 1);
}

/* from + 256, or less where the range ends: 256. 0: not of this form */
static double
piece_of(const Cost *k, const PlanExpr *e, int depth)
{
	if (!e || depth > 8)
		return 0;
	if (e->kind == PEXPR_LOCAL)
		return piece_of(k, k->value[e->id], depth + 1);
	if (e->kind == PEXPR_SELECT) {
		double n = piece_of(k, e->op[1], depth + 1);
		return n > 0 ? n : piece_of(k, e->op[2], depth + 1);
	}
	if (e->nops != 2 || e->op[1]->kind != PEXPR_CONST || !plan_type_is_int(e->type))
		return 0;
	return e->kind == PEXPR_MUL ? (double)e->op[1]->value.i * piece_of(k, e->op[0], depth + 1) : e->kind == PEXPR_ADD ? (double)e->op[1]->value.i : 0;
}

/* A number of events: the last axis of a count, of which there may be one for each of some steps. */
static bool
counts_events(const PlanBuf *of)
{
	return of->naxes && of->naxes <= 2 && of->axis[of->naxes - 1].kind == AXIS_BATCH && (of->naxes == 1 || of->axis[0].kind == AXIS_SLOT);
}

/* What is left over of rows that went by eight, from `rows & -8` on: any number below that. */
static double
left_over(const Cost *k, const PlanStmt *s)
{
	const PlanExpr *from = s->e->kind == PEXPR_LOCAL ? k->value[s->e->id] : NULL;
	bool groups = from && from->kind == PEXPR_AND && from->op[1]->kind == PEXPR_CONST && from->op[1]->value.i < 0;
	return groups ? ((double)-from->op[1]->value.i / (double)s->step - 1) / 2 : 0;
}

/* Turns from lo as far as whole steps of the part go, or from there to hi; -1: neither. */
static double
in_steps(const Cost *k, const PlanStmt *s)
{
	const PlanExpr *from = s->e->kind == PEXPR_LOCAL ? k->value[s->e->id] : NULL, *to = s->hi->kind == PEXPR_LOCAL ? k->value[s->hi->id] : NULL;
	int64_t n = from ? team_whole_steps(from) : 0, range = (int64_t)k->c->range;
	if (n && is_local(s->hi, 1))
		return (double)(range % n) / (double)s->step;
	n = to ? team_whole_steps(to) : 0;
	return n ? (double)(range - range % n) / (double)s->step : -1;
}

static double
turns_of(const Cost *k, const PlanStmt *s)
{
	if (in_steps(k, s) >= 0)
		return in_steps(k, s);
	if (left_over(k, s) > 0)
		return left_over(k, s);
	if (s->e->kind == PEXPR_CONST && s->hi->kind == PEXPR_CONST)
		return s->hi->value.i > s->e->value.i ? (double)(s->hi->value.i - s->e->value.i) / (double)s->step : 0;
	if (is_local(s->hi, 1))
		return (double)k->c->range / (double)s->step;
	uint32_t b = s->hi->kind == PEXPR_ADD ? bound_buf(k, s->hi->op[1], 0) : NO_ID;
	b = b == NO_ID ? bound_buf(k, s->hi, 0) : b;
	if (b == NO_ID && piece_of(k, s->hi, 0) > 0)
		return piece_of(k, s->hi, 0) / (double)s->step;
	if (b == NO_ID)
		return UNKNOWN;
	const PlanBuf *of = &k->p->bufs.at[b];
	double n = extent_in(k, s->body, s->id);
	if (counts_events(of))
		return probability(k) * (n > 0 ? n : 1000) / (double)s->step;
	if (is_range(s) || (!of->naxes && n > 0))                     /* all rows of the part; as many as there are */
		return n / (double)s->step;
	if (of->naxes == 2 && of->axis[1].extent > 1 && n > 0)        /* pieces of rows */
		return n / (double)of->axis[0].extent / (double)(of->axis[1].extent - 1) / (double)s->step;
	if (of->naxes == 1 && of->axis[0].extent > 1 && n > 0)        /* rows */
		return n / (double)(of->axis[0].extent - 1) / (double)s->step;
	return UNKNOWN;
}

/* Two who change the halves of such rows take as long as one: each fetches ahead what the other is about to write. */
static bool
changes_narrow_rows(const Cost *k, const PlanStmt *loop)
{
	for (uint32_t i = 0; i < loop->body.n; i++) {
		const PlanStmt *s = loop->body.at[i];
		const PlanBuf *b = s->kind == PSTMT_STORE && s->nops >= 2 ? &k->p->bufs.at[s->id] : NULL;
		if (b && is_local(s->op[s->nops - 1], loop->id) && s->op[s->nops - 2]->kind != PEXPR_CONST &&
		    b->axis[s->nops - 1].extent * plan_type_size(b->type) <= NARROW)
			return true;
	}
	return false;
}

static TeamCost
cost_for(Cost *k, const PlanStmt *s)
{
	Cost outside = *k;
	double turns = turns_of(k, s);
	k->vector = k->vector || s->simd;
	k->turns = turns;
	TeamCost c = cost_block(k, s->body), again = both(k->vector ? OP / VECTOR : OP);
	c = sum(c, again);
	*k = outside;
	if (is_range(s))
		return (TeamCost){turns * c.whole, turns * c.half / (changes_narrow_rows(k, s) ? 1 : 2)};
	if (team_is_cut(k->p, s))
		return (TeamCost){turns * c.whole, turns * c.whole / 2 + CUT};
	return (TeamCost){turns * c.whole, turns * c.half};
}

/* x >= lo & …: half of the events are one's own. */
static bool
is_guard(const PlanExpr *e)
{
	return e->kind == PEXPR_AND && e->op[0]->kind == PEXPR_GE && is_local(e->op[0]->op[1], 0);
}

static TeamCost
cost_if(Cost *k, const PlanStmt *s)
{
	TeamCost a = cost_block(k, s->body), b = cost_block(k, s->other), c = cost_expr(k, s->e);
	a = a.whole > b.whole ? a : b;
	if (!is_guard(s->e))
		return sum(c, a);
	a.half /= 2;
	/* In a long row the first half is taken and the second one not; in short ones nobody can foresee it. */
	c.half += k->turns < SHORT ? MISS / 2 : 0;
	return sum(c, a);
}

static TeamCost
cost_stmt(Cost *k, const PlanStmt *s)
{
	TeamCost c = {0};
	switch (s->kind) {
	case PSTMT_FOR:
		return cost_for(k, s);
	case PSTMT_IF:
		return cost_if(k, s);
	case PSTMT_WHILE:                                 /* bits of a word */
		c = cost_block(k, s->body);
		return (TeamCost){OP + 64 * probability(k) * c.whole, OP + 64 * probability(k) * c.half};
	case PSTMT_CALL: {
		Cost inner = {.p = k->p, .c = k->p->codes.at[s->id], .vector = k->vector};
		inner.value = ARENA_ARRAY(k->p->arena, const PlanExpr *, inner.c->nlocals + 1);
		return cost_block(&inner, inner.c->body);
	}
	default:
		break;
	}
	for (uint32_t i = 0; i < s->nops; i++)
		c = sum(c, cost_expr(k, s->op[i]));
	if (s->kind == PSTMT_STORE)
		c = sum(c, cost_access(k, s->id, s->op, s->nops));
	return sum(c, cost_expr(k, s->e));
}

static TeamCost
cost_block(Cost *k, PlanBlock b)
{
	TeamCost c = {0};
	for (uint32_t i = 0; i < b.n; i++) {
		if (b.at[i]->kind == PSTMT_LET)
			k->value[b.at[i]->id] = b.at[i]->e;
		c = sum(c, cost_stmt(k, b.at[i]));
	}
	return c;
}

TeamCost
team_cost(Plan *p, const PlanCode *kernel)
{
	Cost k = {.p = p, .c = kernel};
	k.value = ARENA_ARRAY(p->arena, const PlanExpr *, kernel->nlocals + 1);
	TeamCost c = cost_block(&k, kernel->body);
	return sum(c, both(10));                          /* the call */
}
