/* source: stand-in neurons: they spike when the test says so, and their states are what it says.
 *
 *     neuron …() {
 *         state clock = -1
 *         state v
 *         step {
 *             clock += 1                              # steps since the start
 *             let phase = clock - period * floor(clock / period)
 *             if phase == floor(10 ms / dt + 0.5) - 1 or … { spike }
 *             let t = (clock + 1) * dt
 *             v = …                                   # an expression of t
 *         }
 *     }
 */
#include "testing/inner.h"

#include <string.h>

#define CLOCK "the clock"
#define PHASE "the phase"
#define PERIOD "the period"

/* The steps that end until time e: floor(e / dt + 0.5). */
static AstExpr *
steps_of(Test *t, AstExpr *e)
{
	AstExpr *n = test_op(t, AOP_DIV, e, test_ref(t, e->span, "dt"));
	return test_call(t, e->span, "floor", test_op(t, AOP_ADD, n, test_number(t, e->span, 0.5)), NULL);
}

/* In copies for a source in lanes the swept name is an expression of i. */
static AstExpr *
time_of(Test *t, const AstExpr *e)
{
	AstExpr *c = test_plain(t, test_copy(t, e));
	if (!t->swept)
		return c;
	if (c->kind == AEXPR_NAME && c->name == t->sweep->target->name)
		return test_copy(t, t->swept);
	for (int i = 0; i < 3; i++) {
		if (c->op[i])
			c->op[i] = time_of(t, c->op[i]);
	}
	return c;
}

static AstExpr *
either(Test *t, AstExpr *a, AstExpr *b)
{
	return a ? test_op(t, AOP_OR, a, b) : b;
}

static AstExpr *happens(Test *t, const AstExpr *at, const char *clock);

/* A balanced tree: lists may be long. */
static AstExpr *
any_of(Test *t, const AstArgVec *times, uint32_t lo, uint32_t hi, const char *clock)
{
	if (hi - lo == 1)
		return happens(t, times->at[lo].value, clock);
	uint32_t mid = lo + (hi - lo) / 2;
	return either(t, any_of(t, times, lo, mid, clock), any_of(t, times, mid, hi, clock));
}

/* Whether something happens in this step. */
static AstExpr *
happens(Test *t, const AstExpr *at, const char *clock)
{
	Span s = at->span;
	if (at->kind == AEXPR_RANGE) {
		AstExpr *after = test_op(t, AOP_GE, test_ref(t, s, clock), steps_of(t, time_of(t, at->op[0])));
		AstExpr *before = test_op(t, AOP_LT, test_ref(t, s, clock), steps_of(t, time_of(t, at->op[1])));
		return test_op(t, AOP_AND, after, before);
	}
	if (at->kind == AEXPR_LIST)
		return at->args.n ? any_of(t, &at->args, 0, at->args.n, clock) : ast_bool(&t->b, s, false);
	AstExpr *step = test_op(t, AOP_SUB, steps_of(t, time_of(t, at)), test_number(t, s, 1));
	return test_op(t, AOP_EQ, test_ref(t, s, clock), step);
}

/* Which neuron: `pre[3] at …`. */
static AstExpr *
of_neuron(Test *t, const AstStmt *ev, AstExpr *cond)
{
	if (ev->target->kind != AEXPR_INDEX)
		return cond;
	AstExpr *index = test_plain(t, test_copy(t, ev->target->args.at[0].value));
	return test_op(t, AOP_AND, test_op(t, AOP_EQ, test_ref(t, index->span, "i"), index), cond);
}

/* phase, and the end of the repetitions. */
static AstExpr *
repeat(Test *t, AstStmtVec *body, AstExpr *cond)
{
	const AstStmt *r = t->repeat;
	Span s = r->span;
	VEC_PUSH(t->env->arena, body, test_let(t, s, PERIOD, steps_of(t, test_plain(t, test_copy(t, r->from)))));
	AstExpr *turns = test_call(t, s, "floor", test_op(t, AOP_DIV, test_ref(t, s, CLOCK), test_ref(t, s, PERIOD)), NULL);
	AstExpr *phase = test_op(t, AOP_SUB, test_ref(t, s, CLOCK), test_op(t, AOP_MUL, test_ref(t, s, PERIOD), turns));
	VEC_PUSH(t->env->arena, body, test_let(t, s, PHASE, phase));
	AstExpr *end = test_op(t, AOP_MUL, test_ref(t, s, PERIOD), test_plain(t, test_copy(t, r->e)));
	return test_op(t, AOP_AND, test_op(t, AOP_LT, test_ref(t, s, CLOCK), end), cond);
}

/* A list over time: the element of this step, the last one from then on. */
static AstExpr *
element(Test *t, const AstArgVec *list, uint32_t lo, uint32_t hi)
{
	if (hi - lo == 1)
		return test_plain(t, test_copy(t, list->at[lo].value));
	uint32_t mid = lo + (hi - lo) / 2;
	Span s = list->at[mid].value->span;
	AstExpr *before = test_op(t, AOP_LT, test_ref(t, s, CLOCK), test_number(t, s, mid));
	return ast_if(&t->b, s, element(t, list, lo, mid), before, element(t, list, mid, hi));
}

static void
add_states(Test *t, AstModel *m, AstStmtVec *body, const AstStmtVec *states)
{
	if (!states->n)
		return;
	Span s = states->at[0]->span;
	AstExpr *n = test_op(t, AOP_ADD, test_ref(t, s, CLOCK), test_number(t, s, 1));
	VEC_PUSH(t->env->arena, body, test_let(t, s, "t", test_op(t, AOP_MUL, n, test_ref(t, s, "dt"))));
	for (uint32_t i = 0; i < states->n; i++) {
		const AstStmt *a = states->at[i];
		AstId id = {.name = a->target->name, .span = a->target->span};
		ast_model_state(&t->b, m, ast_state(&t->b, a->span, id, (AstId){0}, test_number(t, a->span, 0)));
		AstExpr *v = a->e->kind == AEXPR_LIST && a->e->args.n ? element(t, &a->e->args, 0, a->e->args.n)
								      : test_plain(t, a->e);
		VEC_PUSH(t->env->arena, body, ast_assign(&t->b, a->span, ast_name(&t->b, a->span, id.name), AOP_UNSET, v));
	}
}

void
test_source(Test *t, const char *layer, uint32_t n, const AstStmtVec *events, const AstStmtVec *states)
{
	Span s = t->test->name_span;
	Name model = intern_printf(t->env->names, "%s of a test", layer);
	AstModel *m = ast_model_parts(&t->b);
	AstStmtVec body = {0};
	AstId clock = {.name = test_name(t, CLOCK), .span = s};
	ast_model_state(&t->b, m, ast_state(&t->b, s, clock, (AstId){0}, test_number(t, s, -1)));
	VEC_PUSH(t->env->arena, &body, test_assign(t, s, CLOCK, AOP_ADD, test_number(t, s, 1)));
	AstExpr *cond = NULL;
	for (uint32_t i = 0; i < events->n; i++) {
		const AstStmt *ev = events->at[i];
		AstExpr *c = ev->at ? happens(t, ev->at, t->repeat ? PHASE : CLOCK) : ast_bool(&t->b, ev->span, true);
		cond = either(t, cond, of_neuron(t, ev, c));
	}
	if (cond) {
		if (t->repeat)
			cond = repeat(t, &body, cond);
		AstStmtVec *spikes = ast_stmts(&t->b, NULL, ast_plain_stmt(&t->b, s, ASTMT_SPIKE));
		VEC_PUSH(t->env->arena, &body, ast_if_stmt(&t->b, s, cond, spikes, NULL));
	}
	VEC_PUSH(t->env->arena, &body, test_let(t, s, "what comes in", test_ref(t, s, "input")));
	add_states(t, m, &body, states);
	ast_model_handler(&t->b, m, AHANDLER_STEP, s, &body);
	test_add(t, ast_model(&t->b, t->in, ADECL_NEURON, (AstId){.name = model, .span = s}, NULL, m));
	AstArgVec *shape = ast_args(&t->b, NULL, (AstId){0}, test_number(t, s, n));
	test_add(t, ast_layer(&t->b, t->in, NULL, (AstId){.name = test_name(t, layer), .span = s}, (AstId){.name = model, .span = s}, shape, NULL));
}
