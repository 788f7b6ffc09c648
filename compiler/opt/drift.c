/* drift: synapses that move in each step are moved when their rows are looked at.
 *
 * reads    plan after dead; kernels that learn in the form of drift_match.c, with more values than stay in a cache
 * writes   between two spikes of pre neuron i, with s, t steps since an age began and T the last step of i's spike,
 *              a(t) = decay a(t-1) + trace_decay^t (post spiked)         per post neuron, kept for every step
 *              b(t) = b(t-1) + strength(t) a                             a as x is when w follows it
 *              reach(T, t) = sum of strength(s) decay^(s - T)            per step T
 *              x(t) = decay^(t - T) x(T) + f (a(t) - decay^(t - T) a(T)),     f = height trace(T) trace_decay^-T
 *              w(t) = w(T) + reach x(T) + f (b(t) - b(T) - reach a(T))
 *          so that the matrix is touched in the rows of pre spikes alone; they then do what the rule says for this step.
 *          Before trace_decay^t becomes too small beside 1 a new age begins: sums that start there, for the rows that spike in it. Those of
 *          earlier ages go on for as long as rows wait that need them. The steps lie in a ring of AGES ages; rows that have waited since the
 *          age that is to be overwritten are brought up to date, at the end of a run all are
 *          Bounds: as long as the strength keeps its sign, w goes one way while x keeps its own; which it does if it has the same
 *          at the end, since it decays but for jumps of one sign (unless it decays so fast that this cannot be told). So one
 *          clip at the end is as good as one in each step there, and also where none of the two parts of what w moves by,
 *          each of which goes one way, alone reaches a bound. Where the strength turned, it is as good if no bound lies within
 *          the most and the least that reach and b came to. Other synapses go from one spike of their post neuron, and one turn of the
 *          strength, to the next, with a clip at each; sixty-four beside each other step by step where many must and the strength turned
 *          A run of few steps, and the first step of each, run as the plan was
 * keeps    values up to rounding: sums have another order
 * example  tests/opt/drift
 */
#include "opt/clone.h"
#include "opt/drift_make.h"
#include "opt/pass.h"

#include <math.h>

enum {
	WORTH = 1 << 18,  /* values: fewer stay in a cache of the second level */
	AGES = 4,         /* a power of two */
	MOST = 64,        /* steps of an age: a power of two … */
	LEAST = 16        /* … and what is not worth it */
};
static const double least_term = 1e-2;

enum { PLAIN, FIRST, WAITING };                           /* mode: as it was; in the next step still; rows wait */

/* ---- buffers ------------------------------------------------------------------------------------------- */

const char *
drift_part(Make *m, const char *part)
{
	Plan *p = m->d.z.p;
	return arena_printf(p->arena, "%s.%s", p->codes.at[m->d.z.kernel]->name, part);
}

static uint32_t
buffer(Make *m, const char *part, PlanType t, PlanRole role, uint32_t naxes, const PlanAxis *axes)
{
	return plan_add_buf(m->d.z.p, drift_part(m, part), t, role, naxes, axes);
}

static uint32_t
powers(Make *m, const char *part, uint64_t n, double scale, double base, int from)
{
	return add_powers(m->d.z.p, drift_part(m, part), m->real, n, scale, base, from);
}

static void
add_bounds(Make *m, const PlanAxis *sums, const PlanAxis *ages)
{
	m->most_now = buffer(m, "most_now", m->real, ROLE_STATE, 2, ages);
	m->least_now = buffer(m, "least_now", m->real, ROLE_STATE, 2, ages);
	m->history = buffer(m, "history", PT_U64, ROLE_STATE, 2, ages);
	m->most = buffer(m, "most", m->real, ROLE_STATE, 1, sums);
	m->least = buffer(m, "least", m->real, ROLE_STATE, 1, sums);
	m->turned = buffer(m, "turned", PT_U64, ROLE_STATE, 1, ages);
	m->bends = buffer(m, "bends", PT_U32, ROLE_STATE, 1, sums);
	m->sense = buffer(m, "sense", m->real, ROLE_STATE, 0, NULL);
	m->off = buffer(m, "off", PT_BOOL, ROLE_SCRATCH, 1, sums + 1);
}

static void
add_buffers(Make *m)
{
	const Drift *d = &m->d;
	PlanAxis sums[] = {{AXIS_SLOT, m->slots}, {AXIS_POST, m->post}}, ages[] = {{AXIS_SLOT, AGES}, {AXIS_POST, m->post}};
	PlanAxis pre = {AXIS_PRE, m->pre};
	m->sum = buffer(m, "sum", m->real, ROLE_STATE, 2, sums);
	m->pull = buffer(m, "pull", m->real, ROLE_STATE, 2, sums);
	m->sum_now = buffer(m, "sum_now", m->real, ROLE_STATE, 2, ages);
	m->pull_now = buffer(m, "pull_now", m->real, ROLE_STATE, 2, ages);
	m->reach = buffer(m, "reach", m->real, ROLE_STATE, 1, sums);
	m->strength = buffer(m, "strength", m->real, ROLE_STATE, 1, sums);
	m->last = buffer(m, "last", PT_U32, ROLE_STATE, 1, &pre);
	m->factor = buffer(m, "factor", m->real, ROLE_STATE, 1, &pre);
	m->slot = buffer(m, "slot", PT_U32, ROLE_STATE, 0, NULL);
	m->limit = buffer(m, "limit", PT_U32, ROLE_STATE, 0, NULL);
	m->mode = buffer(m, "mode", PT_U32, ROLE_STATE, 0, NULL);
	if (d->clipped)
		add_bounds(m, sums, ages);
	m->term = powers(m, "term", m->slots, d->trace_now, d->z.decay, -1);
	m->inverse = powers(m, "inverse", m->span, d->height, 1 / d->z.decay, 0);
	m->power = powers(m, "power", m->slots, 1, d->decay, 0);
	m->share = powers(m, "share", m->slots, d->behind ? 1 : d->share, d->decay, d->behind);
}

/* ---- the schedule ------------------------------------------------------------------------------------------ */

/* The loops of a kernel that touch no synapse: those before the rows, or those behind. */
static void
run_kept(Make *m, PlanEmit *out, uint32_t kernel, bool behind)
{
	Plan *p = m->d.z.p;
	const PlanCode *from = p->codes.at[kernel];
	uint32_t kept = 0, id;
	for (uint32_t k = 0; k < m->d.units.n; k++)
		kept += m->d.units.at[k].kernel == kernel && m->d.units.at[k].kind == UNIT_KEPT && (k > m->d.at) == behind;
	if (!kept)
		return;
	id = plan_add_code(p, CODE_KERNEL, arena_printf(p->arena, "%s.%s", from->name, behind ? "behind" : "before"));
	p->codes.at[id]->range = from->range;
	PlanEmit b = plan_emit(p, p->codes.at[id]);
	Clone c = {.p = p, .code = b.code, .n = from->nlocals, .from = from};
	c.map = ARENA_ARRAY(p->arena, PlanExpr *, from->nlocals);
	c.map[0] = lo(&b);
	c.map[1] = hi(&b);
	for (uint32_t k = 0; k < m->d.units.n; k++)
		if (m->d.units.at[k].kernel == kernel && m->d.units.at[k].kind == UNIT_KEPT && (k > m->d.at) == behind)
			VEC_PUSH(p->arena, &b.v, clone_stmt(&c, m->d.units.at[k].loop));
	close_kernel(&b);
	plan_emit_run(out, id);
}

static void
set(Make *m, PlanEmit *b, uint32_t buf, int64_t v)
{
	plan_emit_store(b, buf, 0, NULL, plan_int(m->d.z.p, PT_U32, v));
}

static PlanExpr *
is_mode(Make *m, int64_t mode)
{
	return compare(m, PEXPR_EQ, load0(m->d.z.p, m->mode), plan_int(m->d.z.p, PT_U32, mode));
}

static void
emit_begin(Make *m, PlanEmit *b)
{
	PlanExpr *first = whole(m->d.z.p, 0);
	set(m, b, m->slot, 0);
	set(m, b, m->limit, 0);
	plan_emit_run(b, m->renew);
	plan_emit_run(b, m->begin_sum);
	plan_emit_store(b, m->reach, 1, &first, real(m, 0));
	if (m->d.clipped) {
		plan_emit_store(b, m->most, 1, &first, real(m, 0));
		plan_emit_store(b, m->least, 1, &first, real(m, 0));
		plan_emit_store(b, m->turned, 1, &first, plan_int(m->d.z.p, PT_U64, 0));
		plan_emit_store(b, m->bends, 1, &first, plan_int(m->d.z.p, PT_U32, 0));
		plan_emit_store(b, m->sense, 0, NULL, real(m, 0));
	}
}

static void
emit_plain(Make *m, PlanEmit *b)
{
	PlanEmit first = plan_emit(m->d.z.p, b->code);
	for (uint32_t k = 0; k < m->d.kernels.n; k++)
		plan_emit_run(b, m->d.kernels.at[k]);
	if (m->d.takes)
		plan_emit_run(&first, m->take);
	emit_begin(m, &first);
	set(m, &first, m->mode, WAITING);
	plan_emit_if(b, is_mode(m, FIRST), &first, NULL);
}

static void
emit_waiting(Make *m, PlanEmit *b)
{
	Plan *p = m->d.z.p;
	uint32_t at = m->d.units.at[m->d.at].kernel;
	bool behind = false;
	PlanEmit last = plan_emit(p, b->code);            /* of an age */
	for (uint32_t k = 0; k < m->d.kernels.n; k++) {
		if (!behind)
			run_kept(m, b, m->d.kernels.at[k], false);
		if (m->d.kernels.at[k] == at) {
			plan_emit_run(b, m->rows);
			behind = true;
		}
		if (behind)
			run_kept(m, b, m->d.kernels.at[k], true);
	}
	plan_emit_run(b, m->tally);
	plan_emit_run(b, m->gather);
	plan_emit_run(b, m->mark);
	PlanExpr *one = plan_int(p, PT_U32, 1), *next = add(m, load0(p, m->slot), one);
	plan_emit_store(b, m->slot, 0, NULL, plan_binary(p, PEXPR_AND, next, plan_int(p, PT_U32, (int64_t)m->slots - 1)));
	set(m, &last, m->limit, (int64_t)(m->slots - m->span));
	plan_emit_run(&last, m->catch_up);
	plan_emit_run(&last, m->renew);
	PlanExpr *within = plan_binary(p, PEXPR_AND, add(m, load0(p, m->slot), one), plan_int(p, PT_U32, (int64_t)m->span - 1));
	plan_emit_if(b, compare(m, PEXPR_EQ, within, plan_int(p, PT_U32, 0)), &last, NULL);
}

/* In place of the kernels. */
static void
emit_step(Make *m, PlanEmit *b)
{
	Plan *p = m->d.z.p;
	PlanEmit on = plan_emit(p, b->code), plain = on, waiting = on;
	emit_waiting(m, &waiting);
	emit_plain(m, &plain);
	plan_emit_if(&on, is_mode(m, WAITING), &waiting, &plain);
	plan_emit_if(b, clone_expr(&(Clone){.p = p}, p->codes.at[m->d.z.kernel]->body.at[0]->e), &on, NULL);
}

/* All rows are made up to date, and wait from here on. */
static void
emit_look(Make *m, PlanEmit *b)
{
	PlanEmit waiting = plan_emit(m->d.z.p, b->code);
	set(m, &waiting, m->limit, 1);
	plan_emit_run(&waiting, m->catch_up);
	plan_emit_run(&waiting, m->renew);
	plan_emit_if(b, is_mode(m, WAITING), &waiting, NULL);
}

/* Before a loop over steps, and behind it. */
static void
emit_run(Make *m, PlanEmit *b, PlanStmt *loop)
{
	Plan *p = m->d.z.p;
	Clone same = {.p = p};
	PlanEmit flush = plan_emit(p, b->code);
	PlanExpr *steps = sub(m, clone_expr(&same, loop->hi), clone_expr(&same, loop->e));
	PlanExpr *many = compare(m, PEXPR_GE, steps, whole(m->d.z.p, LEAST));
	/* A run that goes on from a checkpoint is in the mode that it was in. */
	uint32_t resuming = plan_find_buf(p, "resuming");
	PlanEmit anew = plan_emit(p, b->code), *begins = resuming == UINT32_MAX ? b : &anew;
	plan_emit_store(begins, m->mode, 0, NULL, choose(m, many, plan_int(p, PT_U32, FIRST), plan_int(p, PT_U32, PLAIN)));
	if (resuming != UINT32_MAX)
		plan_emit_if(b, plan_unary(p, PEXPR_NOT, load0(m->d.z.p, resuming)), &anew, NULL);
	VEC_PUSH(p->arena, &b->v, loop);
	set(m, &flush, m->limit, 1);
	plan_emit_run(&flush, m->catch_up);
	if (m->d.takes)
		plan_emit_run(&flush, m->settle);
	plan_emit_if(b, is_mode(m, WAITING), &flush, NULL);
	set(m, b, m->mode, PLAIN);
}

static void
weave(Make *m, PlanCode *c, PlanBlock *b)
{
	PlanEmit out = plan_emit(m->d.z.p, c);
	for (uint32_t i = 0; i < b->n; i++) {
		PlanStmt *s = b->at[i];
		weave(m, c, &s->body);
		weave(m, c, &s->other);
		if (s->kind == PSTMT_FOR && takes_steps(s->body, m->d.z.step)) {
			emit_run(m, &out, s);
			continue;
		}
		if (s->kind == PSTMT_RUN && s->id == m->d.z.kernel)
			emit_step(m, &out);
		if (c == m->d.z.p->codes.at[m->d.z.step] && lazy_looks(&m->d.z, s))
			emit_look(m, &out);
		if (s->kind != PSTMT_RUN || !m->d.learns[s->id])
			VEC_PUSH(m->d.z.p->arena, &out.v, s);
	}
	*b = plan_freeze(&out);
}

/* ---- the pass ------------------------------------------------------------------------------------------------ */

static bool
is_matrix(Make *m)
{
	const Plan *p = m->d.z.p;
	const PlanBuf *w = &p->bufs.at[m->d.z.w];
	if (w->naxes != 2 || w->axis[0].kind != AXIS_PRE || w->axis[1].kind != AXIS_POST || w->role != ROLE_STATE ||
	    (w->type != PT_F32 && w->type != PT_F64))
		return false;
	m->real = w->type;
	m->pre = w->axis[0].extent;
	m->post = w->axis[1].extent;
	return true;
}

static bool
lasts(Make *m)
{
	double steps = log(least_term) / log(m->d.z.decay);
	for (m->span = MOST; (double)m->span > steps && m->span >= LEAST; )
		m->span /= 2;
	m->slots = AGES * m->span;
	return m->span >= LEAST && m->d.z.p->bufs.at[m->d.x].type == m->real;
}

static void
make_waiting(Make *m)
{
	Plan *p = m->d.z.p;
	uint32_t procs = p->codes.n;
	add_buffers(m);
	drift_kernels(m);
	for (uint32_t c = 0; c < procs; c++)
		if (p->codes.at[c]->kind == CODE_PROC)
			weave(m, p->codes.at[c], &p->codes.at[c]->body);
	procs_last(p);
}

static bool
decide(Make *m)
{
	Plan *p = m->d.z.p;
	const char *why = drift_match(&m->d);
	if (why && !*why)
		return false;
	const PlanCode *c = p->codes.at[m->d.z.kernel];
	if (!why && m->pre * m->post < WORTH)
		why = "its values stay in a cache, where a step of all of them costs little";
	else if (!why && !lasts(m))
		why = "the trace of the pre neuron decays too fast: too few steps could wait";
	if (why) {
		plan_remark(p, "drift", false, c, "`%s` moves in each step: %s", p->bufs.at[m->d.z.w].name, why);
		return false;
	}
	plan_remark(p, "drift", true, c,
		    "`%s` moves in each step by what is known without its synapses: a row waits until its neuron spikes, at most %llu steps, and then "
		    "makes them at once", p->bufs.at[m->d.z.w].name, (unsigned long long)m->slots - 1);
	plan_remark_form(p, "drift", c, "lazy");
	return true;
}

void
pass_drift(Plan *p)
{
	for (uint32_t w = 0, n = p->bufs.n; w < n; w++) {
		Make m = {.d = {.z = {.p = p, .w = w, .row = NO_ID}}};
		if (is_matrix(&m) && decide(&m))
			make_waiting(&m);
	}
}
