/* survey.c: looks over the plan before code is made: what is used, what is inlined, what is cold.
 *
 * Compiling is what one waits for at a cold start, so code that gains nothing by it is not blown
 * up: funcs are inlined where a loop may be vectorised then, and called elsewhere; kernels that
 * are not part of a step and have little to do stay scalar, and those that have next to nothing
 * to do are, like the procs, translated without a care.
 */
#include "emit_llvm/ll.h"

#include <string.h>

enum {
	LONG_NODES = 600,    /* expressions in a func that is not inlined anywhere */
	SHORT_NODES = 60,    /* in one that is inlined everywhere */
	COLD_ONCE = 3000000, /* statements in a run of a kernel that need not be fast: once … */
	COLD_OFTEN = 50000,  /* … and once in a while */
	FROZEN_ONCE = 200000, /* the same for those that may be three times slower still */
	FROZEN_OFTEN = 2000,
};

typedef struct {
	LlGen *g;
	uint32_t nodes;
	bool loops;
	bool hot;      /* a kernel whose simd loops become vectors */
	uint32_t simd; /* such loops around */
} Survey;

static void visit_code(LlGen *g, uint32_t i);

static void
survey_expr(Survey *s, const PlanExpr *e)
{
	if (!e)
		return;
	s->nodes++;
	for (uint32_t i = 0; i < e->nops; i++)
		survey_expr(s, e->op[i]);
}

static void mark_vector(LlGen *g, PlanBlock b);

/* A func, and those that it calls, are part of a loop that is to become vectors. */
static void
mark_vector_func(LlGen *g, uint32_t func)
{
	if (g->vector[func])
		return;
	g->vector[func] = true;
	mark_vector(g, g->plan->codes.at[func]->body);
}

static void
mark_vector(LlGen *g, PlanBlock b)
{
	for (uint32_t i = 0; i < b.n; i++) {
		if (b.at[i]->kind == PSTMT_CALL)
			mark_vector_func(g, b.at[i]->id);
		mark_vector(g, b.at[i]->body);
		mark_vector(g, b.at[i]->other);
	}
}

static void
survey_block(Survey *s, PlanBlock b)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *t = b.at[i];
		bool simd = s->hot && t->kind == PSTMT_FOR && t->simd;
		if (t->kind == PSTMT_CALL && s->simd > 0)
			mark_vector_func(s->g, t->id);
		s->loops |= t->kind == PSTMT_FOR || t->kind == PSTMT_WHILE;
		if (t->kind == PSTMT_CALL || t->kind == PSTMT_RUN || t->kind == PSTMT_DO)
			visit_code(s->g, t->id);
		if (t->kind == PSTMT_CALL) {
			s->nodes += s->g->nodes[t->id];
			s->loops |= s->g->loops[t->id];
		}
		survey_expr(s, t->e);
		survey_expr(s, t->hi);
		for (uint32_t k = 0; k < t->nops; k++)
			survey_expr(s, t->op[k]);
		s->simd += simd;
		survey_block(s, t->body);
		survey_block(s, t->other);
		s->simd -= simd;
	}
}

bool
ll_is_here(const LlGen *g, uint32_t i)
{
	const LlPart *part = g->part;
	return g->plan->codes.at[i]->kind == CODE_FUNC || !part->part_of ||
	       part->part_of[i] == part->part;
}

/* Marks a code and what it reaches; there is no recursion in a plan. */
static void
visit_code(LlGen *g, uint32_t i)
{
	if (g->used[i])
		return;
	Survey s = {.g = g, .hot = g->plan->codes.at[i]->kind == CODE_KERNEL && g->cold[i] == LL_HOT};
	g->used[i] = true;
	if (!ll_is_here(g, i))
		return;
	survey_block(&s, g->plan->codes.at[i]->body);
	g->nodes[i] = s.nodes;
	g->loops[i] = s.loops;
}

/* What must be in the module by itself. */
static bool
is_root(const LlGen *g, uint32_t i)
{
	const LlPart *part = g->part;
	const PlanCode *c = g->plan->codes.at[i];
	if (part->kernel)
		return c == part->kernel;
	if (c->kind == CODE_FUNC)
		return false;
	return part->part_of ? part->part_of[i] == part->part : c->kind == CODE_PROC;
}

/* ---- cold code ------------------------------------------------------------------------------- */

typedef enum { RUNS_ONCE = 1, RUNS_OFTEN, RUNS_EACH_STEP } Heat;

static void
mark_heat(const Plan *p, uint8_t *heat, PlanBlock b, Heat h)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *s = b.at[i];
		bool loop = s->kind == PSTMT_FOR || s->kind == PSTMT_WHILE;
		mark_heat(p, heat, s->body, loop && h == RUNS_ONCE ? RUNS_OFTEN : h);
		mark_heat(p, heat, s->other, h);
		if ((s->kind != PSTMT_RUN && s->kind != PSTMT_DO) || heat[s->id] >= (uint8_t)h)
			continue;
		heat[s->id] = (uint8_t)h;
		mark_heat(p, heat, p->codes.at[s->id]->body, h);
	}
}

/* As many turns as a buffer has room for that each turn stores to at its own place: of the synapses of a drawn connection. */
static uint64_t
count_places(const Plan *p, const PlanStmt *s)
{
	for (uint32_t i = 0; i < s->body.n; i++) {
		const PlanStmt *t = s->body.at[i];
		const PlanExpr *last = t->kind == PSTMT_STORE && t->nops ? t->op[t->nops - 1] : NULL;
		if (last && last->kind == PEXPR_LOCAL && last->id == s->id)
			return p->bufs.at[t->id].axis[t->nops - 1].extent;
	}
	return COLD_ONCE;
}

/* Turns of a loop; what is not known from the plan is not small. */
static uint64_t
count_turns(const Plan *p, const PlanCode *c, const PlanStmt *s)
{
	if (s->kind != PSTMT_FOR)
		return s->kind == PSTMT_WHILE ? COLD_ONCE : 1;
	if (s->e->kind == PEXPR_LOCAL && s->e->id == 0 && s->hi->kind == PEXPR_LOCAL && s->hi->id == 1)
		return c->range;
	if (s->e->kind != PEXPR_CONST || s->hi->kind != PEXPR_CONST)
		return count_places(p, s);
	return s->hi->value.i > s->e->value.i ? (uint64_t)(s->hi->value.i - s->e->value.i) : 0;
}

/* Statements done in a run of the block, as far as COLD_ONCE. */
static uint64_t
count_work(const Plan *p, const PlanCode *c, PlanBlock b)
{
	uint64_t sum = 0;
	for (uint32_t i = 0; i < b.n && sum < COLD_ONCE; i++) {
		const PlanStmt *s = b.at[i];
		uint64_t turns = count_turns(p, c, s);
		uint64_t inner = count_work(p, c, s->body) + count_work(p, c, s->other);
		sum += 1 + (turns < COLD_ONCE && inner < COLD_ONCE ? turns * inner : COLD_ONCE);
	}
	return sum;
}

static LlCold
cold_of(const Plan *p, const PlanCode *c, uint8_t heat)
{
	if (c->kind != CODE_KERNEL || heat == RUNS_EACH_STEP)
		return c->kind == CODE_PROC ? LL_FROZEN : LL_HOT;
	uint64_t work = count_work(p, c, c->body);
	if (work < (heat == RUNS_ONCE ? FROZEN_ONCE : FROZEN_OFTEN))
		return LL_FROZEN;
	return work < (heat == RUNS_ONCE ? COLD_ONCE : COLD_OFTEN) ? LL_COLD : LL_HOT;
}

bool
ll_mark_cold(Arena *a, const Plan *p, LlCold *cold)
{
	uint32_t program = plan_find_code(p, "program"), step = plan_find_code(p, "step");
	uint8_t *heat = ARENA_ARRAY(a, uint8_t, p->codes.n);
	if (program == UINT32_MAX || step == UINT32_MAX)
		return false;
	mark_heat(p, heat, p->codes.at[program]->body, RUNS_ONCE);
	mark_heat(p, heat, p->codes.at[step]->body, RUNS_EACH_STEP);
	for (uint32_t i = 0; i < p->codes.n; i++)
		cold[i] = cold_of(p, p->codes.at[i], heat[i]);
	return true;
}

/* ---- the whole ------------------------------------------------------------------------------- */

void
ll_survey(LlGen *g)
{
	uint32_t n = g->plan->codes.n;
	g->used = ARENA_ARRAY(g->a, bool, n);
	g->loops = ARENA_ARRAY(g->a, bool, n);
	g->cold = ARENA_ARRAY(g->a, LlCold, n);
	g->nodes = ARENA_ARRAY(g->a, uint32_t, n);
	g->vector = ARENA_ARRAY(g->a, bool, n);
	if (!g->part->kernel && g->machine->opt < 3)
		ll_mark_cold(g->a, g->plan, g->cold);
	for (uint32_t i = 0; i < n; i++) {
		if (is_root(g, i))
			visit_code(g, i);
	}
}

/* Inside a func the call is inlined if the func is straight itself, and part of a loop that becomes vectors. */
bool
ll_inlines(const LlGen *g, uint32_t func)
{
	if (g->loops[func] || g->nodes[func] > LONG_NODES)
		return false;
	if (g->nodes[func] <= SHORT_NODES)
		return true;
	return g->code->kind == CODE_FUNC ? !g->loops[g->self] && g->vector[g->self] : g->naround > 0;
}
