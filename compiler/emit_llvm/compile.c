/* compile.c: a plan to objects, on as many threads as it is worth.
 *
 * Code generation is most of the time of a cold start, and kernels know nothing of each other.
 * So the kernels are dealt out to parts; each part is a module in a context of its own. What a
 * kernel becomes does not depend on the part that it is in. The procs and whatever else is
 * hardly ever run are a part for themselves, which LLVM translates as fast as it can.
 */
#define _GNU_SOURCE
#include "emit_llvm/ll.h"

#include "base/panic.h"

#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <time.h>

enum {
	WORTH = 250,  /* expressions and statements that are worth a thread */
	PER_CODE = 25 /* as many take as long as there is to do for a code of any size */
};

typedef struct {
	Arena *a; /* arenas are not for several threads */
	const Plan *plan;
	LlvmOptions options;
	LlMachine machine;
	LlPart part;
	LLVMMemoryBufferRef object; /* NULL: `why` */
	const char *why;
	JitTimes times;
	pthread_t thread;
	bool started;
} Job;

static double
seconds(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- one part -------------------------------------------------------------------------------- */

static void *
run_job(void *at)
{
	Job *j = at;
	LlGen g;
	double t0 = seconds(), t1, t2;
	ll_gen_open(&g, j->plan, j->a, &j->machine, false);
	bool ok = ll_build(&g, &j->part, &j->why);
	t1 = seconds();
	ok = ok && ll_run_passes(j->a, g.module, &j->machine, &j->options, &j->why);
	t2 = seconds();
	if (ok)
		j->object = ll_codegen(&g, LLVMObjectFile, &j->why);
	ll_gen_close(&g);
	j->times = (JitTimes){.build = t1 - t0, .passes = t2 - t1, .codegen = seconds() - t2};
	return NULL;
}

/* ---- dealing out ----------------------------------------------------------------------------- */

static uint32_t
weight_of_expr(const PlanExpr *e)
{
	uint32_t n = e != NULL;
	for (uint32_t i = 0; e && i < e->nops; i++)
		n += weight_of_expr(e->op[i]);
	return n;
}

/* About as much as its code will take to compile: loops count twice for what the vectoriser
 * makes of them. Marks the codes that are called. */
static uint32_t
weight_of_block(PlanBlock b, bool *calls)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *s = b.at[i];
		uint32_t inner = weight_of_block(s->body, calls) + weight_of_block(s->other, calls);
		n += 1 + weight_of_expr(s->e) + weight_of_expr(s->hi);
		n += s->kind == PSTMT_FOR ? 2 * inner : inner;
		for (uint32_t k = 0; k < s->nops; k++)
			n += weight_of_expr(s->op[k]);
		if (s->kind == PSTMT_CALL)
			calls[s->id] = true;
	}
	return n;
}

typedef struct {
	const Plan *plan;
	uint32_t *weight;       /* per code, without what it calls */
	bool **calls;           /* per code: which it calls itself */
	LlCold *cold;
	bool *has[LL_PARTS];    /* per part and code: it is there already */
	uint32_t load[LL_PARTS];
} Deal;

static void
open_deal(Deal *d, Arena *a, const Plan *p)
{
	uint32_t n = p->codes.n;
	*d = (Deal){.plan = p};
	d->weight = ARENA_ARRAY(a, uint32_t, n);
	d->calls = ARENA_ARRAY(a, bool *, n);
	d->cold = ARENA_ARRAY(a, LlCold, n);
	for (uint32_t i = 0; i < LL_PARTS; i++)
		d->has[i] = ARENA_ARRAY(a, bool, n);
	for (uint32_t i = 0; i < n; i++) {
		d->calls[i] = ARENA_ARRAY(a, bool, n);
		d->weight[i] = PER_CODE + weight_of_block(p->codes.at[i]->body, d->calls[i]);
	}
}

/* What code i would add to a part: itself, and the funcs that the part has not yet. They are
 * added if `add`. */
static uint32_t
weight_in(Deal *d, uint32_t part, uint32_t i, bool add, bool *seen)
{
	if (d->has[part][i] || seen[i])
		return 0;
	uint32_t n = d->weight[i];
	seen[i] = true;
	d->has[part][i] = add;
	for (uint32_t k = 0; k < d->plan->codes.n; k++)
		n += d->calls[i][k] ? weight_in(d, part, k, add, seen) : 0;
	return n;
}

static uint32_t
weight_alone(Deal *d, Arena *a, uint32_t part, uint32_t i, bool add)
{
	return weight_in(d, part, i, add, ARENA_ARRAY(a, bool, d->plan->codes.n));
}

static uint32_t
count_processors(void)
{
	cpu_set_t set;
	return sched_getaffinity(0, sizeof set, &set) == 0 ? (uint32_t)CPU_COUNT(&set) : 1;
}

/* The number of parts that are worth it, if all were one. */
static uint32_t
count_parts(const Deal *d, const LlvmOptions *o)
{
	uint32_t most = count_processors(), total = 0;
	for (uint32_t i = 0; i < d->plan->codes.n; i++)
		total += d->cold[i] == LL_FROZEN ? 0 : d->weight[i];
	uint32_t worth = total / WORTH + 1;
	uint32_t n = o->threads > 0 ? (uint32_t)o->threads : worth < most ? worth : most;
	return n < LL_PARTS ? n : LL_PARTS - 1;
}

/* Gives each kernel, the heavy ones first, to the part that has least then; what is frozen to
 * the one after the others, which is made by whoever makes part 0. Gives the number of the
 * others. */
static uint32_t
deal_out(Arena *a, const Plan *p, const LlvmOptions *o, uint8_t *part_of)
{
	Deal d;
	open_deal(&d, a, p);
	bool freezes = o->opt < 3 && ll_mark_cold(a, p, d.cold);
	uint32_t n = count_parts(&d, o), codes = p->codes.n, *weight = ARENA_ARRAY(a, uint32_t, codes);
	for (uint32_t i = 0; i < codes; i++) {
		bool apart = p->codes.at[i]->kind == CODE_PROC || d.cold[i] == LL_FROZEN;
		if (p->codes.at[i]->kind == CODE_FUNC)
			continue;
		weight[i] = apart ? 0 : weight_alone(&d, a, 0, i, false);
		part_of[i] = apart && freezes ? (uint8_t)n : 0;
		if (apart)
			d.load[0] += weight_alone(&d, a, 0, i, false) / (freezes ? 8 : 1);
	}
	for (;;) {
		uint32_t heavy = 0, best = 0, least = UINT32_MAX;
		for (uint32_t i = 0; i < codes; i++)
			heavy = weight[i] > weight[heavy] ? i : heavy;
		if (codes == 0 || weight[heavy] == 0)
			return n;
		for (uint32_t k = 0; k < n; k++) {
			uint32_t then = d.load[k] + weight_alone(&d, a, k, heavy, false);
			best = then < least ? k : best;
			least = then < least ? then : least;
		}
		part_of[heavy] = (uint8_t)best;
		d.load[best] += weight_alone(&d, a, best, heavy, true);
		weight[heavy] = 0;
	}
}

/* ---- all parts ------------------------------------------------------------------------------- */

static bool
open_job(Job *j, const Plan *p, const LlMachine *m, const LlvmOptions *o, LlPart part,
	 const char **why)
{
	*j = (Job){.a = arena_open(), .plan = p, .options = *o, .part = part};
	return ll_machine_copy(&j->machine, m, why);
}

static double
sum_times(const JitTimes *t)
{
	return t->build + t->passes + t->codegen;
}

/* Jobs 0 and those from `own` on are done by this thread; *times is what one waited for. */
static void
run_jobs(Job *jobs, uint32_t own, uint32_t n, JitTimes *times)
{
	for (uint32_t i = 1; i < own; i++)
		jobs[i].started = pthread_create(&jobs[i].thread, NULL, run_job, &jobs[i]) == 0;
	for (uint32_t i = 0; i < n; i++) {
		if (jobs[i].started)
			continue;
		run_job(&jobs[i]);
		times->build += jobs[i].times.build;
		times->passes += jobs[i].times.passes;
		times->codegen += jobs[i].times.codegen;
	}
	for (uint32_t i = 1; i < own; i++) {
		if (jobs[i].started)
			pthread_join(jobs[i].thread, NULL);
		if (jobs[i].started && sum_times(&jobs[i].times) > sum_times(times))
			*times = jobs[i].times;
	}
}

static void
close_job(Job *j)
{
	if (j->object)
		LLVMDisposeMemoryBuffer(j->object);
	ll_machine_close(&j->machine);
	arena_close(j->a);
}

static LlObject
keep_object(Arena *a, LLVMMemoryBufferRef object)
{
	size_t n = LLVMGetBufferSize(object);
	return (LlObject){arena_copy(a, LLVMGetBufferStart(object), n), n};
}

static bool
keep_objects(Arena *a, const Job *jobs, uint32_t n, LlObjects *out, const char **why)
{
	*out = (LlObjects){.n = n};
	for (uint32_t i = 0; i < n; i++) {
		if (!jobs[i].object) {
			*why = arena_strdup(a, jobs[i].why);
			return false;
		}
		out->at[i] = keep_object(a, jobs[i].object);
	}
	return true;
}

/* One part alone is one object, with all that is in the plan. */
bool
ll_compile(Arena *a, const Plan *p, const LlvmOptions *o, const PlanCode *kernel, LlObjects *out,
	   JitTimes *times, const char **why)
{
	Job jobs[LL_PARTS];
	LlMachine m;
	uint8_t *part_of = ARENA_ARRAY(a, uint8_t, p->codes.n);
	bool alone = kernel || o->threads == 1, ok = true;
	uint32_t own = alone ? 1 : deal_out(a, p, o, part_of), n = own, opened = 0;
	for (uint32_t i = 0; i < p->codes.n && !alone; i++)
		n = part_of[i] == own ? own + 1 : n;
	panic_set_stage("emit_llvm");
	if (!ll_machine_open(a, &m, o, why))
		return false;
	while (opened < n && ok) {
		LlPart part = {.kernel = kernel,
			       .part_of = n > 1 ? part_of : NULL,
			       .part = (uint8_t)opened};
		LlvmOptions with = *o;
		m.opt = with.opt = opened == own ? 0 : o->opt;
		ok = open_job(&jobs[opened++], p, &m, &with, part, why);
	}
	*times = (JitTimes){0};
	if (ok)
		run_jobs(jobs, own, n, times);
	ok = ok && keep_objects(a, jobs, n, out, why);
	for (uint32_t i = 0; i < opened; i++)
		close_job(&jobs[i]);
	ll_machine_close(&m);
	return ok;
}
