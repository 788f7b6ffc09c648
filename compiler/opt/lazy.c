/* lazy: what a post spike adds to the synapses of its column waits until their rows are looked at.
 *
 * reads    plan after dead; kernels that learn in the form of lazy_match.c, with more values than stay in a cache
 * writes   between two spikes of pre neuron i a trace of it is x * d^t. So if a post spike of j at step s adds x(s) * f(s, j), all
 *          that w[i, j] gets in between is
 *              height(x) * d^-t0 * (S(now) - S(t0)),   S(t) = sum of d^s f(s, j) over the post spikes of j at s <= t,
 *          and is added when i spikes next, or at the end of a run. Sums of such terms wait side by side, each with its own S. S is
 *          kept for every step since it was last begun, and begun anew before d^s becomes too small beside it: then all rows are
 *          brought up to date. The columns of the matrix, whose walk costs a cache line per synapse, are never walked
 *          All that is worth it where enough post neurons spike. Each time S begins anew it is counted how many did since,
 *          and the kernel runs as it was until the next time if they were too few.
 * keeps    values up to rounding: sums have another order, S is rounded in each step (relative 1e-7 of a sum whose terms
 *          are at least 2e-3 of its first), and x by d^t instead of by repeated multiplication. Clips are exact, since all
 *          that waits has one sign
 * example  tests/opt/lazy
 */
#include "opt/clone.h"
#include "opt/lazy_make.h"
#include "opt/pass.h"

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

/* ---- buffers ------------------------------------------------------------------------------------------- */

const char *
lazy_part(Make *m, const char *part, uint32_t k)
{
	Plan *p = m->w.z.p;
	Name name = p->codes.at[m->w.z.kernel]->name;
	return k ? arena_printf(p->arena, "%s.%s%u", name, part, k + 1) : arena_printf(p->arena, "%s.%s", name, part);
}

static uint32_t
buffer(Make *m, const char *part, uint32_t k, PlanType t, uint32_t naxes, const PlanAxis *axes)
{
	return plan_add_buf(m->w.z.p, lazy_part(m, part, k), t, ROLE_STATE, naxes, axes);
}

static void
add_buffers(Make *m)
{
	Plan *p = m->w.z.p;
	PlanAxis sum[] = {{AXIS_SLOT, m->steps + 1}, {AXIS_POST, m->post}}, pre = {AXIS_PRE, m->pre};
	for (uint32_t k = 0; k < m->w.waits; k++)
		m->sum[k] = buffer(m, "sum", k, m->real, 2, sum);
	m->last = buffer(m, "last", 0, PT_U32, 1, &pre);
	for (uint32_t k = 0; k < m->w.waits; k++)
		m->factor[k] = buffer(m, "factor", k, m->real, 1, &pre);
	m->slot = buffer(m, "slot", 0, PT_U32, 0, NULL);
	m->fired = buffer(m, "fired", 0, PT_U32, 0, NULL);
	m->at_once = buffer(m, "at_once", 0, PT_BOOL, 0, NULL);
	for (uint32_t k = 0; k < m->w.waits; k++) {
		if (m->w.wait[k].decay == 1)
			continue;                         /* nothing of the pre neuron is in it: all powers are 1 */
		m->power[k] = add_powers(p, lazy_part(m, "power", k), m->real, m->steps + 1, 1, m->w.wait[k].decay, 0);
		m->inverse[k] = add_powers(p, lazy_part(m, "inverse", k), m->real, m->steps + 1, 1, 1 / m->w.wait[k].decay, 0);
	}
}

/* ---- the schedule ------------------------------------------------------------------------------------------ */

static void
emit_begin(Make *m, PlanEmit *b)
{
	plan_emit_run(b, m->begin_rows);
	plan_emit_run(b, m->begin_sum);
	plan_emit_store(b, m->slot, 0, NULL, plan_int(m->w.z.p, PT_U32, 0));
}

static void
add_to(Make *m, PlanEmit *b, uint32_t buf, PlanExpr *more)
{
	plan_emit_store(b, buf, 0, NULL, lazy_binary(m, PEXPR_ADD, load0(m->w.z.p, buf), more));
}

/* What waits, if anything does. */
static void
emit_flush(Make *m, PlanEmit *b)
{
	PlanEmit then = plan_emit(m->w.z.p, b->code);
	plan_emit_run(&then, m->flush);
	plan_emit_if(b, plan_unary(m->w.z.p, PEXPR_NOT, load0(m->w.z.p, m->at_once)), &then, NULL);
}

/* The step by the kernel as it was: nothing waits behind it. */
static void
emit_at_once(Make *m, PlanEmit *b)
{
	plan_emit_run(b, m->w.z.kernel);
	add_to(m, b, m->slot, plan_int(m->w.z.p, PT_U32, 1));
}

/* … or the other way; but in a step in which values may be out of bounds nothing has waited yet, nor may. */
static void
emit_lazily(Make *m, PlanEmit *b)
{
	Plan *p = m->w.z.p;
	PlanEmit lazily = plan_emit(p, b->code), clip = lazily;
	lazy_run_kept(&m->w, &lazily, false);
	plan_emit_run(&lazily, m->rows);
	plan_emit_run(&lazily, m->mark);
	plan_emit_run(&lazily, m->gather);
	lazy_run_kept(&m->w, &lazily, true);
	add_to(m, &lazily, m->slot, plan_int(p, PT_U32, 1));
	if (m->w.unclipped == NO_ID) {
		for (uint32_t i = 0; i < lazily.v.n; i++)
			VEC_PUSH(p->arena, &b->v, lazily.v.at[i]);
		return;
	}
	plan_emit_run(&clip, m->w.z.kernel);
	emit_begin(m, &clip);
	plan_emit_if(b, load0(m->w.z.p, m->w.unclipped), &clip, &lazily);
}

/* In place of the kernel. */
static void
emit_step(Make *m, PlanEmit *b)
{
	Plan *p = m->w.z.p;
	PlanExpr *learning = clone_expr(&(Clone){.p = p}, m->w.learning);
	PlanExpr *full = plan_int(p, PT_U32, (int64_t)m->steps);
	PlanExpr *few = plan_int(p, PT_U32, (int64_t)(least_rate * (double)(m->steps * m->post)));
	PlanEmit on = plan_emit(p, b->code), at_once = on, lazily = on, anew = on;
	add_to(m, &on, m->fired, load1(m->w.z.p, m->w.z.post_count, whole(m->w.z.p, 0)));
	emit_at_once(m, &at_once);
	emit_lazily(m, &lazily);
	plan_emit_if(&on, load0(m->w.z.p, m->at_once), &at_once, &lazily);
	emit_flush(m, &anew);
	plan_emit_store(&anew, m->at_once, 0, NULL, lazy_binary(m, PEXPR_LT, load0(m->w.z.p, m->fired), few));
	plan_emit_store(&anew, m->fired, 0, NULL, plan_int(p, PT_U32, 0));
	emit_begin(m, &anew);
	plan_emit_if(&on, lazy_binary(m, PEXPR_EQ, load0(m->w.z.p, m->slot), full), &anew, NULL);
	plan_emit_if(b, learning, &on, NULL);
}

/* A run that is resumed finds what waited. */
static void
emit_run_begins(Make *m, PlanEmit *b)
{
	uint32_t resuming = plan_find_buf(m->w.z.p, "resuming");
	PlanEmit anew = plan_emit(m->w.z.p, b->code);
	emit_begin(m, resuming == UINT32_MAX ? b : &anew);
	if (resuming != UINT32_MAX)
		plan_emit_if(b, plan_unary(m->w.z.p, PEXPR_NOT, load0(m->w.z.p, resuming)), &anew, NULL);
}

static void
weave(Make *m, PlanCode *c, PlanBlock *b)
{
	PlanEmit out = plan_emit(m->w.z.p, c);
	for (uint32_t i = 0; i < b->n; i++) {
		PlanStmt *s = b->at[i];
		bool run = s->kind == PSTMT_FOR && takes_steps(s->body, m->w.z.step);
		weave(m, c, &s->body);
		weave(m, c, &s->other);
		if (s->kind == PSTMT_RUN && s->id == m->w.z.kernel) {
			emit_step(m, &out);
			continue;
		}
		if (run)
			emit_run_begins(m, &out);
		VEC_PUSH(m->w.z.p->arena, &out.v, s);
		if (run)
			emit_flush(m, &out);
	}
	*b = plan_freeze(&out);
}

/* ---- the pass ------------------------------------------------------------------------------------------------ */

/* Slots until terms are too small beside the first. */
static uint64_t
steps_of(const Make *m, uint64_t most)
{
	double decay = 1;
	for (uint32_t k = 0; k < m->w.waits; k++)
		decay = m->w.wait[k].decay < decay ? m->w.wait[k].decay : decay;
	double steps = decay < 1 ? floor(log(least_term) / log(decay)) : (double)most;
	return steps > (double)most ? most : (uint64_t)steps;
}

static bool
is_values(const Plan *p, uint32_t w)
{
	const PlanBuf *b = &p->bufs.at[w];
	bool is_matrix = b->naxes == 2 && b->axis[0].kind == AXIS_PRE && b->axis[1].kind == AXIS_POST;
	return is_matrix && b->role == ROLE_STATE && plan_type_is_float(b->type) && plan_type_value(b->type) == b->type;
}

static bool
is_worth_it(Make *m)
{
	const PlanBuf *w = &m->w.z.p->bufs.at[m->w.z.w];
	m->real = w->type;
	m->pre = w->axis[0].extent;
	m->post = w->axis[1].extent;
	m->steps = steps_of(m, MOST);
	const PlanCode *c = m->w.z.p->codes.at[m->w.z.kernel];
	return m->pre * m->post >= WORTH && m->steps >= LEAST && c->range == m->post && m->w.kernels.n == 1;
}

static void
make_lazy(Make *m)
{
	Plan *p = m->w.z.p;
	uint32_t codes = p->codes.n;
	add_buffers(m);
	lazy_matrix_kernels(m);
	for (uint32_t c = 0; c < codes; c++)
		if (p->codes.at[c]->kind == CODE_PROC)
			weave(m, p->codes.at[c], &p->codes.at[c]->body);
	procs_last(p);
}

static bool
decide(Make *m)
{
	Plan *p = m->w.z.p;
	const char *why = lazy_match(&m->w);
	if (why && !*why)
		return false;
	const PlanCode *c = p->codes.at[m->w.z.kernel];
	if (why) {
		plan_remark(p, "lazy", false, c, "post spikes cannot wait for their rows: %s", why);
	} else if (!is_worth_it(m)) {
		plan_remark(p, "lazy", false, c,
			    "post spikes could wait for their rows, but the values stay in a cache, or the trace decays too fast: columns are "
			    "walked at once");
	} else {
		plan_remark(p, "lazy", true, c,
			    "what post spikes do to rows waits until the rows are read, at most %llu steps: a column costs a cache line "
			    "for each synapse", (unsigned long long)m->steps);
		plan_remark_form(p, "lazy", c, "lazy");
		return true;
	}
	return false;
}

void
pass_lazy(Plan *p)
{
	for (uint32_t w = 0, n = p->bufs.n; w < n; w++) {
		Make m = {.w = {.z = {.p = p, .w = w}}};
		if (is_values(p, w) && decide(&m))
			make_lazy(&m);
	}
}
