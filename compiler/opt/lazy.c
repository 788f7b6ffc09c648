/* lazy: what a post spike adds to the synapses of its column waits until their rows are looked at.
 *
 * reads    plan after dead; a kernel that learns in the form of lazy_match.c, with more values than stay in a cache
 * writes   between two spikes of pre neuron i its trace is x * d^t. So all that column j gets in between is
 *              growth(x) * d^-t0 * (S(now) - S(t0)),   S(t) = sum of d^s over the post spikes of j at s <= t,
 *          and is added when i spikes next, or at the end of a run. S is kept for every step since it was last begun, and
 *          begun anew before d^s becomes too small beside it: then all rows are brought up to date. The columns of
 *          the matrix, whose walk costs a cache line per synapse, are never walked
 *          All that is worth it where enough post neurons spike. Each time S begins anew it is counted how many did since,
 *          and the kernel runs as it was until the next time if they were too few.
 * keeps    values up to rounding: sums have another order, S is rounded in each step (relative 1e-7 of a sum whose terms
 *          are at least 2e-3 of its first), and x by d^t instead of by repeated multiplication. Clips are exact, since all
 *          that waits has one sign
 * example  tests/opt/lazy
 */
#include "opt/clone.h"
#include "opt/kernel.h"
#include "opt/lazy.h"
#include "opt/pass.h"
#include "opt/query.h"

#include <math.h>

enum {
	WORTH = 1 << 18,  /* values: fewer stay in a cache of the second level, where columns cost little */
	MOST = 128,       /* steps until all begins anew … */
	LEAST = 16        /* … and what is not worth it */
};
static const double least_term = 2e-3;
/* Post spikes per neuron and step that pay: a column costs 2 to 4 ns per value, bringing all rows up to date 0.15 ns each
 * time, what a row has waited for 0.05 ns per pre spike. */
static const double least_rate = 7e-4;

typedef struct {
	Lazy z;
	PlanType real;
	uint64_t pre, post, steps;
	uint32_t sum, last, factor, slot, power, inverse, fired, at_once; /* buffers */
	uint32_t rows, mark, gather, begin_rows, begin_sum, flush; /* kernels */
} Make;

/* ---- buffers ------------------------------------------------------------------------------------------- */

static const char *
part_name(Make *m, const char *part)
{
	Plan *p = m->z.p;
	return arena_printf(p->arena, "%s.%s", p->codes.at[m->z.kernel]->name, part);
}

static uint32_t
buffer(Make *m, const char *part, PlanType t, PlanRole role, uint32_t naxes, const PlanAxis *axes)
{
	return plan_add_buf(m->z.p, part_name(m, part), t, role, naxes, axes);
}

static void
add_buffers(Make *m)
{
	PlanAxis sum[] = {{AXIS_SLOT, m->steps + 1}, {AXIS_POST, m->post}}, pre = {AXIS_PRE, m->pre};
	m->sum = buffer(m, "sum", m->real, ROLE_STATE, 2, sum);
	m->last = buffer(m, "last", PT_U32, ROLE_STATE, 1, &pre);
	m->factor = buffer(m, "factor", m->real, ROLE_STATE, 1, &pre);
	m->slot = buffer(m, "slot", PT_U32, ROLE_STATE, 0, NULL);
	m->fired = buffer(m, "fired", PT_U32, ROLE_STATE, 0, NULL);
	m->at_once = buffer(m, "at_once", PT_BOOL, ROLE_STATE, 0, NULL);
	m->power = add_powers(m->z.p, part_name(m, "power"), m->real, m->steps + 1, 1, m->z.decay, 0);
	m->inverse = add_powers(m->z.p, part_name(m, "inverse"), m->real, m->steps + 1, 1, 1 / m->z.decay, 0);
}

/* ---- expressions ---------------------------------------------------------------------------------------- */

static PlanExpr *
now(Make *m)
{
	return plan_cast(m->z.p, PT_I64, load0(m->z.p, m->slot));
}

static PlanExpr *
binary(Make *m, PlanExprKind k, PlanExpr *a, PlanExpr *b)
{
	return plan_binary(m->z.p, k, a, b);
}

/* What a post spike adds in row i, with the trace as it is now. */
static PlanExpr *
growth(Make *m, PlanCode *c, const PlanExpr *e, PlanExpr *i)
{
	if (e->kind == PEXPR_LOAD)
		return load2(m->z.p, e->id, whole(m->z.p, 0), i);
	PlanExpr *copy = arena_copy(m->z.p->arena, e, sizeof *e);
	for (uint32_t k = 0; k < e->nops; k++)
		copy->op[k] = growth(m, c, e->op[k], i);
	return copy;
}

/* ---- one value ------------------------------------------------------------------------------------------- */

/* A clone that knows a local of the kernel that learns, of which it copies statements, under another name here. */
static Clone
clone_from(Make *m, PlanCode *to)
{
	const PlanCode *from = m->z.p->codes.at[m->z.kernel];
	Clone c = {.p = m->z.p, .code = to, .n = from->nlocals, .from = from};
	c.map = ARENA_ARRAY(m->z.p->arena, PlanExpr *, from->nlocals);
	return c;
}

/* The clip behind a column: what it makes of `w`. */
static PlanExpr *
clip(Make *m, PlanEmit *b, PlanExpr *w)
{
	const PlanStmt *down = m->z.down, *store = down->body.at[down->body.n - 1];
	Clone c = clone_from(m, b->code);
	c.map[down->body.at[0]->id] = w;
	for (uint32_t k = 2; k + 1 < down->body.n; k++)
		VEC_PUSH(m->z.p->arena, &b->v, clone_stmt(&c, down->body.at[k]));
	return clone_expr(&c, store->e);
}

/* w[i, j] with what has waited since `from`, up to `to`. */
static PlanExpr *
caught_up(Make *m, PlanEmit *b, PlanExpr *i, PlanExpr *j, PlanExpr *factor, PlanExpr *from, PlanExpr *to)
{
	PlanExpr *waited = binary(m, PEXPR_SUB, load2(m->z.p, m->sum, to, j), load2(m->z.p, m->sum, from, j));
	PlanExpr *more = binary(m, PEXPR_MUL, factor, waited);
	PlanExpr *w = plan_emit_let(b, "w", binary(m, PEXPR_ADD, load2(m->z.p, m->z.w, i, j), more));
	return clip(m, b, w);
}

/* ---- kernels ----------------------------------------------------------------------------------------------- */

/* Rows of pre spikes: what waits, then what the rule does there, then the post spikes of this very step. */
static void
rows_kernel(Make *m)
{
	Plan *p = m->z.p;
	uint32_t j;
	Loop spikes;
	PlanEmit b = open_kernel(p, part_name(m, "rows"), m->post, &m->rows), *in = &spikes.body;
	PlanExpr *to = plan_emit_let(&b, "now", now(m)), *i = open_list(&b, &spikes, m->z.pre_list);
	PlanExpr *from = plan_emit_let(in, "from", plan_cast(p, PT_I64, load1(m->z.p, m->last, i)));
	PlanExpr *factor = plan_emit_let(in, "factor", load1(m->z.p, m->factor, i));
	PlanExpr *more = plan_emit_let(in, "more", growth(m, b.code, m->z.growth, i));
	j = plan_new_loop_local(in, "j");
	PlanEmit turn = plan_emit(p, b.code);
	PlanExpr *post = plan_local(p, b.code, j);
	uint32_t w = plan_emit_var(&turn, "value", caught_up(m, &turn, i, post, factor, from, to));
	PlanExpr *value = plan_local(p, b.code, w);
	Clone c = clone_from(m, b.code);
	const PlanStmt *along = m->z.along;
	c.map[along->body.at[0]->id] = value;
	c.map[along->id] = post;
	c.map[m->z.row] = i;
	for (uint32_t s = 1; s + 1 < along->body.n; s++)
		VEC_PUSH(p->arena, &turn.v, clone_stmt(&c, along->body.at[s]));
	PlanExpr *fired = load2(m->z.p, m->z.post_flags, whole(m->z.p, 0), post);
	plan_emit_set(&turn, w, plan_ternary(p, PEXPR_SELECT, fired, binary(m, PEXPR_ADD, value, more), value));
	store2(&turn, m->z.w, i, post, clip(m, &turn, value));
	plan_emit_for(in, j, lo(&b), hi(&b), true, &turn);
	close_list(&b, &spikes, m->z.pre_count);
	close_kernel(&b);
}

/* last[i] = slot ; factor[i] = growth * d^-slot */
static void
note_row(Make *m, PlanEmit *b, PlanExpr *i, PlanExpr *slot)
{
	PlanExpr *scale = load1(m->z.p, m->inverse, slot);
	plan_emit_store(b, m->last, 1, &i, plan_cast(m->z.p, PT_U32, slot));
	plan_emit_store(b, m->factor, 1, &i, binary(m, PEXPR_MUL, growth(m, b->code, m->z.growth, i), scale));
}

static void
mark_kernel(Make *m)
{
	Loop spikes;
	PlanEmit b = open_kernel(m->z.p, part_name(m, "mark"), 1, &m->mark);
	PlanExpr *next = plan_emit_let(&b, "next", binary(m, PEXPR_ADD, now(m), whole(m->z.p, 1)));
	PlanExpr *i = open_list(&b, &spikes, m->z.pre_list);
	note_row(m, &spikes.body, i, next);
	close_list(&b, &spikes, m->z.pre_count);
	close_kernel(&b);
}

static void
gather_kernel(Make *m)
{
	Plan *p = m->z.p;
	PlanEmit b = open_kernel(m->z.p, part_name(m, "gather"), m->post, &m->gather), turn = plan_emit(p, b.code);
	PlanExpr *at = plan_emit_let(&b, "now", now(m));
	PlanExpr *next = plan_emit_let(&b, "next", binary(m, PEXPR_ADD, at, whole(m->z.p, 1)));
	PlanExpr *term = plan_emit_let(&b, "term", load1(m->z.p, m->power, next));
	uint32_t loop = plan_new_loop_local(&b, "j");
	PlanExpr *j = plan_local(p, b.code, loop), *fired = load2(m->z.p, m->z.post_flags, whole(m->z.p, 0), j);
	PlanExpr *more = plan_ternary(p, PEXPR_SELECT, fired, term, plan_float(p, m->real, 0));
	store2(&turn, m->sum, next, j, binary(m, PEXPR_ADD, load2(m->z.p, m->sum, at, j), more));
	plan_emit_for(&b, loop, lo(&b), hi(&b), true, &turn);
	close_kernel(&b);
}

static void
begin_kernels(Make *m)
{
	Plan *p = m->z.p;
	PlanEmit b = open_kernel(m->z.p, part_name(m, "begin_rows"), m->pre, &m->begin_rows), turn = plan_emit(p, b.code);
	uint32_t i = plan_new_loop_local(&b, "i");
	note_row(m, &turn, plan_local(p, b.code, i), whole(m->z.p, 0));
	plan_emit_for(&b, i, lo(&b), hi(&b), true, &turn);
	close_kernel(&b);
	b = open_kernel(m->z.p, part_name(m, "begin_sum"), m->post, &m->begin_sum);
	turn = plan_emit(p, b.code);
	uint32_t j = plan_new_loop_local(&b, "j");
	store2(&turn, m->sum, whole(m->z.p, 0), plan_local(p, b.code, j), plan_float(p, m->real, 0));
	plan_emit_for(&b, j, lo(&b), hi(&b), true, &turn);
	close_kernel(&b);
}

static void
flush_kernel(Make *m)
{
	Plan *p = m->z.p;
	PlanEmit b = open_kernel(m->z.p, part_name(m, "flush"), m->post, &m->flush), in = plan_emit(p, b.code), turn = in, pending = in;
	PlanExpr *to = plan_emit_let(&b, "now", now(m));
	uint32_t row = plan_new_loop_local(&b, "i");
	PlanExpr *i = plan_local(p, b.code, row);
	PlanExpr *from = plan_emit_let(&in, "from", plan_cast(p, PT_I64, load1(m->z.p, m->last, i)));
	PlanExpr *factor = plan_emit_let(&in, "factor", load1(m->z.p, m->factor, i));
	uint32_t loop = plan_new_loop_local(&in, "j");
	PlanExpr *j = plan_local(p, b.code, loop);
	store2(&turn, m->z.w, i, j, caught_up(m, &turn, i, j, factor, from, to));
	plan_emit_for(&pending, loop, lo(&b), hi(&b), true, &turn);
	PlanExpr *waits = binary(m, PEXPR_AND, binary(m, PEXPR_LT, from, to),
				 binary(m, PEXPR_NE, factor, plan_float(p, m->real, 0)));
	plan_emit_if(&in, waits, &pending, NULL);
	plan_emit_for(&b, row, whole(m->z.p, 0), whole(m->z.p, (int64_t)m->pre), false, &in);
	close_kernel(&b);
}

/* ---- the schedule ------------------------------------------------------------------------------------------ */

static void
emit_begin(Make *m, PlanEmit *b)
{
	plan_emit_run(b, m->begin_rows);
	plan_emit_run(b, m->begin_sum);
	plan_emit_store(b, m->slot, 0, NULL, plan_int(m->z.p, PT_U32, 0));
}

static void
add_to(Make *m, PlanEmit *b, uint32_t buf, PlanExpr *more)
{
	plan_emit_store(b, buf, 0, NULL, binary(m, PEXPR_ADD, load0(m->z.p, buf), more));
}

/* What waits, if anything does. */
static void
emit_flush(Make *m, PlanEmit *b)
{
	PlanEmit then = plan_emit(m->z.p, b->code);
	plan_emit_run(&then, m->flush);
	plan_emit_if(b, plan_unary(m->z.p, PEXPR_NOT, load0(m->z.p, m->at_once)), &then, NULL);
}

/* The step by the kernel as it was: nothing waits behind it. */
static void
emit_at_once(Make *m, PlanEmit *b)
{
	plan_emit_run(b, m->z.kernel);
	add_to(m, b, m->slot, plan_int(m->z.p, PT_U32, 1));
}

/* … or the other way; but in a step in which values may be out of bounds nothing has waited yet, nor may. */
static void
emit_lazily(Make *m, PlanEmit *b)
{
	Plan *p = m->z.p;
	PlanEmit lazily = plan_emit(p, b->code), clip = lazily;
	plan_emit_run(&lazily, m->rows);
	plan_emit_run(&lazily, m->mark);
	plan_emit_run(&lazily, m->gather);
	add_to(m, &lazily, m->slot, plan_int(p, PT_U32, 1));
	if (m->z.unclipped == NO_ID) {
		for (uint32_t i = 0; i < lazily.v.n; i++)
			VEC_PUSH(p->arena, &b->v, lazily.v.at[i]);
		return;
	}
	plan_emit_run(&clip, m->z.kernel);
	emit_begin(m, &clip);
	plan_emit_if(b, load0(m->z.p, m->z.unclipped), &clip, &lazily);
}

/* In place of the kernel. */
static void
emit_step(Make *m, PlanEmit *b)
{
	Plan *p = m->z.p;
	PlanExpr *learning = clone_expr(&(Clone){.p = p}, p->codes.at[m->z.kernel]->body.at[0]->e);
	PlanExpr *full = plan_int(p, PT_U32, (int64_t)m->steps);
	PlanExpr *few = plan_int(p, PT_U32, (int64_t)(least_rate * (double)(m->steps * m->post)));
	PlanEmit on = plan_emit(p, b->code), at_once = on, lazily = on, anew = on;
	add_to(m, &on, m->fired, load1(m->z.p, m->z.post_count, whole(m->z.p, 0)));
	emit_at_once(m, &at_once);
	emit_lazily(m, &lazily);
	plan_emit_if(&on, load0(m->z.p, m->at_once), &at_once, &lazily);
	emit_flush(m, &anew);
	plan_emit_store(&anew, m->at_once, 0, NULL, binary(m, PEXPR_LT, load0(m->z.p, m->fired), few));
	plan_emit_store(&anew, m->fired, 0, NULL, plan_int(p, PT_U32, 0));
	emit_begin(m, &anew);
	plan_emit_if(&on, binary(m, PEXPR_EQ, load0(m->z.p, m->slot), full), &anew, NULL);
	plan_emit_if(b, learning, &on, NULL);
}

/* A run that is resumed finds what waited. */
static void
emit_run_begins(Make *m, PlanEmit *b)
{
	uint32_t resuming = plan_find_buf(m->z.p, "resuming");
	PlanEmit anew = plan_emit(m->z.p, b->code);
	emit_begin(m, resuming == UINT32_MAX ? b : &anew);
	if (resuming != UINT32_MAX)
		plan_emit_if(b, plan_unary(m->z.p, PEXPR_NOT, load0(m->z.p, resuming)), &anew, NULL);
}

static void
weave(Make *m, PlanCode *c, PlanBlock *b)
{
	PlanEmit out = plan_emit(m->z.p, c);
	for (uint32_t i = 0; i < b->n; i++) {
		PlanStmt *s = b->at[i];
		bool run = s->kind == PSTMT_FOR && takes_steps(s->body, m->z.step);
		weave(m, c, &s->body);
		weave(m, c, &s->other);
		if (s->kind == PSTMT_RUN && s->id == m->z.kernel) {
			emit_step(m, &out);
			continue;
		}
		if (run)
			emit_run_begins(m, &out);
		VEC_PUSH(m->z.p->arena, &out.v, s);
		if (run)
			emit_flush(m, &out);
	}
	*b = plan_freeze(&out);
}

/* ---- the pass ------------------------------------------------------------------------------------------------ */

static bool
is_worth_it(Make *m)
{
	const PlanBuf *w = &m->z.p->bufs.at[m->z.w];
	if (w->naxes != 2 || !plan_type_is_float(w->type) || plan_type_value(w->type) != w->type)
		return false;
	m->real = w->type;
	m->pre = w->axis[0].extent;
	m->post = w->axis[1].extent;
	double steps = floor(log(least_term) / log(m->z.decay));
	m->steps = steps > MOST ? MOST : (uint64_t)steps;
	const PlanCode *c = m->z.p->codes.at[m->z.kernel];
	return m->pre * m->post >= WORTH && m->steps >= LEAST && c->range == m->post;
}

static void
make_lazy(Make *m)
{
	Plan *p = m->z.p;
	add_buffers(m);
	rows_kernel(m);
	mark_kernel(m);
	gather_kernel(m);
	begin_kernels(m);
	flush_kernel(m);
	for (uint32_t c = 0; c < p->codes.n; c++)
		if (p->codes.at[c]->kind == CODE_PROC)
			weave(m, p->codes.at[c], &p->codes.at[c]->body);
	procs_last(p);
}

void
pass_lazy(Plan *p)
{
	for (uint32_t c = 0; c < p->codes.n; c++) {
		Make m = {.z = {.p = p, .kernel = c}};
		if (p->codes.at[c]->kind != CODE_KERNEL)
			continue;
		const char *why = lazy_match(&m.z);
		if (why && *why)
			plan_remark(p, "lazy", false, p->codes.at[c], "post spikes cannot wait for their rows: %s", why);
		if (why)
			continue;
		if (!is_worth_it(&m)) {
			plan_remark(p, "lazy", false, p->codes.at[c],
				    "post spikes could wait for their rows, but the values stay in a cache, or the trace decays too fast: columns are "
				    "walked at once");
		} else {
			Name name = p->codes.at[c]->name;
			plan_remark(p, "lazy", true, p->codes.at[c],
				    "what post spikes do to rows waits until the rows are read, at most %llu steps: a column costs a cache line "
				    "for each synapse", (unsigned long long)m.steps);
			plan_remark_form(p, "lazy", p->codes.at[c], "lazy");
			make_lazy(&m);
			c = plan_find_code(p, name);
		}
	}
}
