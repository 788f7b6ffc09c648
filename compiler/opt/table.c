/* table: draws of a count look up what they worked out for the last one.
 *
 * reads    plan after rare; `poisson(mean, …)` of a neuron whose mean follows from what no step stores to: rates that the experiment sets
 * writes   where 0 < mean < 16, how many of 64 words of the neuron's row are below the random one; the row is worked out again where it
 *          is of another mean: last[k] is the last word whose uniform is not above the sum of the first k + 1 terms
 * keeps    every bit: the sums are those of `poisson` (lib/math.plan), (word + 0.5) / 2^32 > sum is word > sum 2^32 - 0.5, and sums only
 *          grow. 63 terms of a mean below 16 leave less than half of 2^-32
 * example  tests/opt/table
 */
#include "opt/kernel.h"
#include "opt/pass.h"
#include "opt/query.h"

#include <string.h>

enum { WORDS = 64, MANY = 1 << 14 /* rows that no longer lie in a cache */ };

typedef struct { PlanExpr *index[2]; PlanAxis axis[2]; } Object;     /* item and neuron */
typedef struct { const PlanExpr *mean; uint64_t items, neurons; uint32_t of, last; } Rows;   /* buffers: the mean that a row is of, the rows */

typedef struct {
	Plan *p;
	PlanCode *code;
	const PlanStmt **defs, **loops;                   /* per local: the LET, or the FOR, that declares it */
	bool *stored;                                     /* per buffer: in a step, or by this kernel */
	uint32_t poisson, draw, exp;                      /* funcs */
	VEC(Rows) rows;
} Table;

/* ---- what stays ---------------------------------------------------------------------------------- */

static void
note_locals(Table *t, PlanBlock b)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *s = b.at[i];
		if (s->kind == PSTMT_LET)
			t->defs[s->id] = s;
		if (s->kind == PSTMT_FOR)
			t->loops[s->id] = s;
		note_locals(t, s->body);
		note_locals(t, s->other);
	}
}

/* i64(list[k]): a neuron, whichever it is now. */
static bool
is_entry(const Table *t, const PlanExpr *e)
{
	const PlanStmt *let = e->kind == PEXPR_LOCAL ? t->defs[e->id] : NULL;
	return let && e->type == PT_I64 && cast_load(let->e);
}

/* The same from step to step, for the same turn of the loops or the same neuron. */
static bool
stays(const Table *t, const PlanExpr *e)
{
	if (e->kind == PEXPR_LOCAL)
		return t->loops[e->id] || is_entry(t, e) || (t->defs[e->id] && stays(t, t->defs[e->id]->e));
	if (e->kind == PEXPR_MASK || (e->kind == PEXPR_LOAD && t->stored[e->id]))
		return false;
	for (uint32_t k = 0; k < e->nops; k++)
		if (!stays(t, e->op[k]))
			return false;
	return true;
}

static bool
is_same(const Table *t, const PlanExpr *a, const PlanExpr *b)
{
	a = meaning(t->defs, a);
	b = meaning(t->defs, b);
	if (a->kind != b->kind || a->type != b->type || a->nops != b->nops || a->id != b->id || memcmp(&a->value, &b->value, sizeof a->value) != 0)
		return false;
	for (uint32_t k = 0; k < a->nops; k++)
		if (!is_same(t, a->op[k], b->op[k]))
			return false;
	return true;
}

/* ---- who draws ------------------------------------------------------------------------------------ */

/* How many there are of what an entry numbers: so many the buffer has that the mean loads with it. */
static uint64_t
count_entries(const Table *t, const PlanExpr *entry, const PlanExpr *mean)
{
	uint64_t n = 0;
	mean = meaning(t->defs, mean);
	if (mean->kind == PEXPR_LOAD && mean->nops && is_local(mean->op[mean->nops - 1], entry->id))
		return t->p->bufs.at[mean->id].axis[mean->nops - 1].extent;
	for (uint32_t k = 0; k < mean->nops && !n; k++)
		n = count_entries(t, entry, mean->op[k]);
	return n;
}

static bool
extent_of(const Table *t, const PlanExpr *local, uint64_t *n)
{
	const PlanStmt *s = local->kind == PEXPR_LOCAL ? t->loops[local->id] : NULL;
	if (!s || s->step != 1)
		return false;
	bool whole_range = is_local(s->e, 0) && is_local(s->hi, 1);
	*n = whole_range ? t->code->range : s->hi->kind == PEXPR_CONST && is_zero_index(s->e) ? (uint64_t)s->hi->value.i : 0;
	return *n > 0;
}

/* u64(neuron), or u64(item * neurons + neuron) */
static bool
find_object(const Table *t, const PlanExpr *e, const PlanExpr *mean, Object *o)
{
	uint64_t items = 1, neurons;
	e = meaning(t->defs, e);
	const PlanExpr *entry = e->kind == PEXPR_CAST ? e->op[0] : e;
	e = e->kind == PEXPR_CAST ? meaning(t->defs, e->op[0]) : e;
	PlanExpr *item = NULL, *neuron = (PlanExpr *)e;
	if (is_entry(t, entry)) {
		neuron = (PlanExpr *)entry;
		neurons = count_entries(t, entry, mean);
		if (!neurons)
			return false;
	} else if (e->kind == PEXPR_ADD && e->op[0]->kind == PEXPR_MUL) {
		item = e->op[0]->op[0];
		neuron = e->op[1];
		const PlanExpr *n = e->op[0]->op[1];
		if (!extent_of(t, item, &items) || !extent_of(t, neuron, &neurons) || n->kind != PEXPR_CONST || (uint64_t)n->value.i != neurons)
			return false;
	} else if (!extent_of(t, neuron, &neurons)) {
		return false;
	}
	*o = (Object){{item ? item : whole(t->p, 0), neuron}, {{AXIS_BATCH, items}, {AXIS_NEURON, neurons}}};
	return true;
}

/* ---- rows ------------------------------------------------------------------------------------------ */

static uint32_t
add_buf(Table *t, const char *what, PlanType type, uint32_t naxes, const PlanAxis *axes)
{
	const char *name = arena_printf(t->p->arena, "%s.%s", t->code->name, what);
	for (int k = 2; plan_find_buf(t->p, name) != UINT32_MAX; k++)
		name = arena_printf(t->p->arena, "%s.%s%d", t->code->name, what, k);
	return plan_add_buf(t->p, name, type, ROLE_DERIVED, naxes, axes);
}

/* Draws of the same mean share their rows. */
static Rows
rows_of(Table *t, const PlanExpr *mean, const Object *o)
{
	uint64_t items = o->axis[0].extent, neurons = o->axis[1].extent;
	for (uint32_t i = 0; i < t->rows.n; i++)
		if (t->rows.at[i].items == items && t->rows.at[i].neurons == neurons && is_same(t, t->rows.at[i].mean, mean))
			return t->rows.at[i];
	PlanAxis axes[3] = {o->axis[0], o->axis[1], {AXIS_SLOT, WORDS}};
	Rows rows = {mean, items, neurons, add_buf(t, "mean", PT_F32, 2, axes), add_buf(t, "last_word", PT_U32, 3, axes)};
	VEC_PUSH(t->p->arena, &t->rows, rows);
	return rows;
}

/* Sums only grow, so behind the first that reaches the last word all do. */
static void
emit_row(Table *t, PlanEmit *b, Rows rows, const Object *o, PlanExpr *mean)
{
	static const char *const name = "term";
	Plan *p = t->p;
	plan_emit_store(b, rows.of, 2, o->index, mean);
	PlanExpr *m = plan_emit_let(b, "m", plan_cast(p, PT_F64, mean)), *less = plan_unary(p, PEXPR_NEG, m), *first;
	plan_emit_call(b, t->exp, 1, &less, &name, &first);
	uint32_t term = plan_emit_var(b, "p", first), sum = plan_emit_var(b, "sum", first);
	uint32_t count = plan_emit_var(b, "k", whole(p, 0)), last = plan_emit_var(b, "last", plan_int(p, PT_U32, 0));
	PlanExpr *of_sum = plan_local(p, t->code, sum), *of_term = plan_local(p, t->code, term);
	PlanExpr *k = plan_local(p, t->code, count), *word = plan_local(p, t->code, last), *most = plan_int(p, PT_U32, UINT32_MAX);
	PlanEmit turn = plan_emit(p, t->code);
	PlanExpr *above = plan_binary(p, PEXPR_SUB, plan_binary(p, PEXPR_MUL, of_sum, plan_float(p, PT_F64, 0x1p32)), plan_float(p, PT_F64, 0.5));
	plan_emit_set(&turn, last, plan_cast(p, PT_U32, plan_unary(p, PEXPR_FLOOR, above)));
	PlanExpr *at[3] = {o->index[0], o->index[1], k};
	plan_emit_store(&turn, rows.last, 3, at, word);
	plan_emit_set(&turn, count, plan_binary(p, PEXPR_ADD, k, whole(p, 1)));
	plan_emit_set(&turn, term, plan_binary(p, PEXPR_MUL, of_term, plan_binary(p, PEXPR_DIV, m, plan_cast(p, PT_F64, k))));
	plan_emit_set(&turn, sum, plan_binary(p, PEXPR_ADD, of_sum, of_term));
	PlanExpr *more = plan_binary(p, PEXPR_LT, k, whole(p, WORDS - 1));
	plan_emit_while(b, plan_binary(p, PEXPR_AND, more, plan_binary(p, PEXPR_NE, word, most)), &turn);
	Loop rest = open_loop(b, "k");
	PlanExpr *end[3] = {o->index[0], o->index[1], rest.i};
	plan_emit_store(&rest.body, rows.last, 3, end, most);
	close_loop(b, &rest, k, whole(p, WORDS), true);
}

/* count = count + how many of row[from ..< to] are below the word */
static void
emit_count(Table *t, PlanEmit *b, Rows rows, const Object *o, PlanExpr *word, uint32_t count, int64_t from, int64_t to)
{
	Plan *p = t->p;
	Loop l = open_loop(b, "k");
	PlanExpr *at[3] = {o->index[0], o->index[1], l.i};
	PlanExpr *above = plan_cast(p, PT_I32, plan_binary(p, PEXPR_GT, word, plan_load(p, rows.last, 3, at)));
	plan_emit_set(&l.body, count, plan_binary(p, PEXPR_ADD, plan_local(p, t->code, count), above));
	close_loop(b, &l, whole(p, from), whole(p, to), false);
}

/* How many of the row are below the word: all are compared, since halving it would wait for each load in turn; but for those that only a count
 * of 32 and more has, which is rare. */
static PlanExpr *
emit_search(Table *t, PlanEmit *b, Rows rows, const Object *o, PlanExpr *word)
{
	Plan *p = t->p;
	uint32_t count = plan_emit_var(b, "count", plan_int(p, PT_I32, 0));
	PlanEmit more = plan_emit(p, t->code);
	emit_count(t, b, rows, o, word, count, 0, WORDS / 2);
	emit_count(t, &more, rows, o, word, count, WORDS / 2, WORDS);
	plan_emit_if(b, plan_binary(p, PEXPR_EQ, plan_local(p, t->code, count), plan_int(p, PT_I32, WORDS / 2)), &more, NULL);
	return plan_local(p, t->code, count);
}

static void
emit_draw(Table *t, PlanEmit *out, const PlanStmt *s, const Object *o)
{
	static const char *const names[] = {"word"}, *const name = "other";
	Plan *p = t->p;
	PlanExpr *mean = s->op[0]->kind == PEXPR_LOCAL ? s->op[0] : plan_emit_let(out, "mean", s->op[0]);
	PlanExpr *args[5] = {s->op[1], s->op[2], s->op[3], s->op[4], plan_int(p, PT_U32, 0)}, *word, *other;
	Rows rows = rows_of(t, s->op[0], o);
	PlanExpr *other_args[5] = {mean, s->op[1], s->op[2], s->op[3], s->op[4]};
	PlanEmit small = plan_emit(p, t->code), large = plan_emit(p, t->code), fresh = plan_emit(p, t->code);
	emit_row(t, &fresh, rows, o, mean);
	plan_emit_if(&small, plan_binary(p, PEXPR_NE, plan_load(p, rows.of, 2, o->index), mean), &fresh, NULL);
	plan_emit_call(&small, t->draw, 5, args, names, &word);
	plan_emit_set(&small, s->locals[0], plan_cast(p, PT_F32, emit_search(t, &small, rows, o, word)));
	plan_emit_call(&large, t->poisson, 5, other_args, &name, &other);
	plan_emit_set(&large, s->locals[0], other);
	PlanStmt *var = ARENA_NEW(p->arena, PlanStmt);
	*var = (PlanStmt){.kind = PSTMT_VAR, .span = s->span, .id = s->locals[0], .e = plan_float(p, PT_F32, 0)};
	VEC_PUSH(p->arena, &out->v, var);
	PlanExpr *is_small = plan_binary(p, PEXPR_AND, plan_binary(p, PEXPR_GT, mean, plan_float(p, PT_F32, 0)),
					 plan_binary(p, PEXPR_LT, mean, plan_float(p, PT_F32, 16)));
	plan_emit_if(out, is_small, &small, &large);
}

/* ---- the kernel ------------------------------------------------------------------------------------- */

static bool
is_tabled(Table *t, const PlanStmt *s, Object *o)
{
	if (s->kind != PSTMT_CALL || s->id != t->poisson || !find_object(t, s->op[3], s->op[0], o))
		return false;
	bool few = o->axis[0].extent * o->axis[1].extent <= MANY, same = stays(t, s->op[0]);
	if (!same)
		plan_remark(t->p, "table", false, t->code, "the mean of a Poisson number may change in each step: it is worked out from the start");
	else if (!few)
		plan_remark(t->p, "table", false, t->code, "more than %d neurons: a table for each would not stay in a cache", MANY);
	return few && same;
}

static void
table_block(Table *t, PlanBlock *b)
{
	PlanEmit out = plan_emit(t->p, t->code);
	for (uint32_t i = 0; i < b->n; i++) {
		PlanStmt *s = b->at[i];
		Object o;
		table_block(t, &s->body);
		table_block(t, &s->other);
		if (is_tabled(t, s, &o)) {
			plan_remark(t->p, "table", true, t->code, "the mean of a Poisson number seldom changes: below 16 it is looked up in a table of the neuron");
			emit_draw(t, &out, s, &o);
		} else {
			VEC_PUSH(t->p->arena, &out.v, s);
		}
	}
	*b = plan_freeze(&out);
}

static void
table_kernel(Plan *p, PlanCode *kernel)
{
	uint32_t step = plan_find_code(p, "step");
	RunOrder order = {0};
	bool in_step = false;
	Table t = {.p = p, .code = kernel};
	t.poisson = plan_find_code(p, "poisson");
	t.draw = plan_find_code(p, "draw_u32");
	t.exp = plan_find_code(p, "exp_f64");
	if (step != UINT32_MAX)
		list_runs(p, p->codes.at[step]->body, &order);
	for (uint32_t i = 0; i < order.n; i++)
		in_step = in_step || p->codes.at[order.at[i]] == kernel;
	if (!in_step)
		return;
	t.defs = ARENA_ARRAY(p->arena, const PlanStmt *, kernel->nlocals);
	t.loops = ARENA_ARRAY(p->arena, const PlanStmt *, kernel->nlocals);
	t.stored = ARENA_ARRAY(p->arena, bool, p->bufs.n);
	plan_note_stores(t.stored, p->codes.at[step]->body);
	for (uint32_t i = 0; i < order.n; i++)
		plan_note_stores(t.stored, p->codes.at[order.at[i]]->body);
	note_locals(&t, kernel->body);
	table_block(&t, &kernel->body);
}

void
pass_table(Plan *p)
{
	if (plan_find_code(p, "poisson") != UINT32_MAX)
		each_kernel(p, table_kernel);
}
