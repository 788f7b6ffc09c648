/* lazy: what a post spike adds to the synapses of its column waits until their rows are looked at.
 *
 * reads    plan after dead; kernels that learn in the form of lazy_match.c, with more values than stay in a cache
 * writes   between two spikes of pre neuron i a trace of it is x * d^t. So if a post spike of j at step s adds x(s) * f(s, j), all
 *          that w[i, j] gets in between is
 *              height(x) * d^-t0 * (S(now) - S(t0)),   S(t) = sum of d^s f(s, j) over the post spikes of j at s <= t,
 *          and is added when i spikes next, or at the end of a run. Sums of such terms wait side by side, each with its own S. S is
 *          kept for every step since it was last begun, and begun anew before d^s becomes too small beside it: then rows that
 *          have waited for long are brought up to date. The columns of the matrix, whose walk costs a cache line per synapse, are never walked
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
#include "opt/unread.h"

#include <math.h>

enum {
	WORTH = 1 << 17,  /* values: columns of fewer are as cheap: they stay in the second cache */
	MOST = 128,       /* steps until all begins anew, where sums are kept for each of them … */
	MOST_LISTED = 2048, /* … and where they are not … */
	LEAST = 16        /* … and what is not worth it */
};
static const double least_term = 2e-3, least_listed = 1e-2;      /* of the first; the more steps wait, the larger the rounding */

/* ---- names ------------------------------------------------------------------------------------------------ */

const char *
lazy_part(Make *m, const char *part, uint32_t k)
{
	Plan *p = m->w.z.p;
	Name name = p->codes.at[m->w.z.kernel]->name;
	return k ? arena_printf(p->arena, "%s.%s%u", name, part, k + 1) : arena_printf(p->arena, "%s.%s", name, part);
}

uint32_t
lazy_buffer(Make *m, const char *part, uint32_t k, PlanType t, uint32_t naxes, const PlanAxis *axes)
{
	return plan_add_buf(m->w.z.p, lazy_part(m, part, k), t, ROLE_STATE, naxes, axes);
}

/* ---- the schedule ------------------------------------------------------------------------------------------ */

/* A run that is resumed finds what waited. */
static void
emit_run_begins(Make *m, PlanEmit *b)
{
	uint32_t resuming = plan_find_buf(m->w.z.p, "resuming");
	PlanEmit anew = plan_emit(m->w.z.p, b->code);
	(m->listed ? lazy_list_begin : lazy_matrix_begin)(m, resuming == UINT32_MAX ? b : &anew);
	if (resuming != UINT32_MAX)
		plan_emit_if(b, plan_unary(m->w.z.p, PEXPR_NOT, load0(m->w.z.p, resuming)), &anew, NULL);
}

/* All rows are made up to date, and all begins anew. */
static void
emit_look(Make *m, PlanEmit *b)
{
	PlanEmit on = plan_emit(m->w.z.p, b->code);
	(m->listed ? lazy_list_look : lazy_matrix_look)(m, &on);
	plan_emit_if(b, clone_expr(&(Clone){.p = m->w.z.p}, m->w.learning), &on, NULL);
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
		if (s->kind == PSTMT_RUN && s->id == m->w.z.kernel)
			(m->listed ? lazy_list_step : lazy_matrix_step)(m, &out);
		if (s->kind == PSTMT_RUN && s->id < m->codes && m->w.z.learns[s->id])
			continue;
		if (run)
			emit_run_begins(m, &out);
		if (c == m->w.z.p->codes.at[m->w.z.step] && lazy_looks(&m->w.z, s))
			emit_look(m, &out);
		VEC_PUSH(m->w.z.p->arena, &out.v, s);
		if (run)
			(m->listed ? lazy_list_end : lazy_matrix_end)(m, &out);
	}
	*b = plan_freeze(&out);
}

/* ---- the pass ------------------------------------------------------------------------------------------------ */

/* Slots until terms are too small beside the first. */
static uint64_t
steps_of(const Make *m, uint64_t most, double least)
{
	double decay = 1;
	for (uint32_t k = 0; k < m->w.waits; k++)
		decay = m->w.wait[k].decay < decay ? m->w.wait[k].decay : decay;
	double steps = decay < 1 ? floor(log(least) / log(decay)) : (double)most;
	return steps > (double)most ? most : (uint64_t)steps;
}

static bool
is_values(const Plan *p, uint32_t w)
{
	const PlanBuf *b = &p->bufs.at[w];
	bool is_matrix = b->naxes == 2 && b->axis[0].kind == AXIS_PRE && b->axis[1].kind == AXIS_POST;
	bool is_listed = b->naxes == 1 && b->axis[0].kind == AXIS_SYNAPSE;
	return (is_matrix || is_listed) && b->role == ROLE_STATE && plan_type_is_float(b->type);
}

static bool
is_worth_it(Make *m)
{
	const Plan *p = m->w.z.p;
	const PlanBuf *w = &p->bufs.at[m->w.z.w], *post = &p->bufs.at[m->w.z.post_flags];
	m->real = w->type;
	m->listed = w->naxes == 1;
	m->pre = m->listed ? p->bufs.at[m->w.z.row].axis[0].extent - 1 : w->axis[0].extent;
	m->post = post->axis[post->naxes - 1].extent;
	m->steps = m->listed ? steps_of(m, MOST_LISTED, least_listed) : steps_of(m, MOST, least_term) & ~(uint64_t)1;    /* two halves */
	bool cut = m->listed || (m->w.kernels.n == 1 && p->codes.at[m->w.z.kernel]->range == m->post && w->axis[1].extent == m->post);
	return plan_buf_count(w) >= WORTH && m->steps >= LEAST && cut;
}

static void
make_lazy(Make *m)
{
	Plan *p = m->w.z.p;
	m->codes = p->codes.n;
	(m->listed ? lazy_list : lazy_matrix)(m);
	for (uint32_t c = 0; c < m->codes; c++)
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
	PlanType stored = p->bufs.at[m->w.z.w].type;
	if (!why && plan_type_value(stored) != stored)
		why = "its values are stored in 16 bits, where many small changes are not the same as their sum";
	if (why)
		plan_remark(p, "lazy", false, c, "post spikes cannot wait for their rows: %s", why);
	else if (!is_worth_it(m))
		plan_remark(p, "lazy", false, c,
			    "post spikes could wait for their rows, but the values stay in a cache, or the trace decays too fast: columns are "
			    "walked at once");
	else if (m->listed)
		plan_remark(p, "lazy", true, c,
			    "what post spikes do to rows waits until the rows are read, at most %llu steps: a column costs a cache line for each "
			    "synapse, and a list of them", (unsigned long long)(LAZY_AGES * m->steps));
	else
		plan_remark(p, "lazy", true, c,
			    "what post spikes do to rows waits until the rows are read, at most %llu steps: a column costs a cache line "
			    "for each synapse", (unsigned long long)m->steps);
	bool done = !why && is_worth_it(m);
	if (done)
		plan_remark_form(p, "lazy", c, "lazy");
	return done;
}

void
pass_lazy(Plan *p)
{
	bool lists = false;
	for (uint32_t w = 0, n = p->bufs.n; w < n; w++) {
		Make m = {.w = {.z = {.p = p, .w = w}}};
		if (!is_values(p, w) || !decide(&m))
			continue;
		make_lazy(&m);
		lists = lists || m.listed;
	}
	if (lists) {
		pass_dead(p);                             /* kernels that walked down columns … */
		drop_unread(p);                           /* … and what told them where those are */
	}
}
