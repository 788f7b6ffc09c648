/* compile.c: a plan to objects, on as many threads as it is worth.
 *
 * Code generation is most of the time of a cold start, and kernels know nothing of each other.
 * So the kernels are dealt out to parts; each part is a module in a context of its own, with the
 * procs in the first. What a kernel becomes does not depend on the part that it is in.
 */
#define _GNU_SOURCE
#include "emit_llvm/ll.h"

#include "base/panic.h"

#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <time.h>

enum { WORTH = 250 }; /* expressions and statements that are worth a thread */

typedef struct {
	Arena *a; /* arenas are not for several threads */
	const Plan *plan;
	const LlvmOptions *options;
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
	ok = ok && ll_run_passes(j->a, g.module, &j->machine, j->options, &j->why);
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
 * makes of them. */
static uint32_t
weight_of_block(const Plan *p, PlanBlock b)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *s = b.at[i];
		uint32_t inner = weight_of_block(p, s->body) + weight_of_block(p, s->other);
		n += 1 + weight_of_expr(s->e) + weight_of_expr(s->hi);
		n += s->kind == PSTMT_FOR ? 2 * inner : inner;
		for (uint32_t k = 0; k < s->nops; k++)
			n += weight_of_expr(s->op[k]);
		if (s->kind == PSTMT_CALL)
			n += weight_of_block(p, p->codes.at[s->id]->body);
	}
	return n;
}

static uint32_t
count_processors(void)
{
	cpu_set_t set;
	return sched_getaffinity(0, sizeof set, &set) == 0 ? (uint32_t)CPU_COUNT(&set) : 1;
}

/* Gives each kernel, the heavy ones first, to the part that has least so far; gives the number
 * of parts. */
static uint32_t
deal_out(Arena *a, const Plan *p, const LlvmOptions *o, uint8_t *part_of)
{
	uint32_t *weight = ARENA_ARRAY(a, uint32_t, p->codes.n), load[LL_PARTS] = {0}, total = 0;
	for (uint32_t i = 0; i < p->codes.n; i++) {
		const PlanCode *c = p->codes.at[i];
		weight[i] = c->kind == CODE_FUNC ? 0 : weight_of_block(p, c->body);
		total += weight[i];
		if (c->kind != CODE_PROC)
			continue;
		load[0] += weight[i];
		weight[i] = 0;
	}
	uint32_t most = count_processors(), n = total / WORTH + 1;
	n = o->threads > 0 ? (uint32_t)o->threads : n < most ? n : most;
	n = n < LL_PARTS ? n : LL_PARTS;
	for (;;) {
		uint32_t heavy = 0, light = 0;
		for (uint32_t i = 0; i < p->codes.n; i++)
			heavy = weight[i] > weight[heavy] ? i : heavy;
		for (uint32_t k = 0; k < n; k++)
			light = load[k] < load[light] ? k : light;
		if (p->codes.n == 0 || weight[heavy] == 0)
			return n;
		part_of[heavy] = (uint8_t)light;
		load[light] += weight[heavy];
		weight[heavy] = 0;
	}
}

/* ---- all parts ------------------------------------------------------------------------------- */

static bool
open_job(Job *j, const Plan *p, const LlMachine *m, const LlvmOptions *o, LlPart part,
	 const char **why)
{
	*j = (Job){.a = arena_open(), .plan = p, .options = o, .part = part};
	return ll_machine_copy(&j->machine, m, why);
}

static void
run_jobs(Job *jobs, uint32_t n)
{
	for (uint32_t i = 1; i < n; i++)
		jobs[i].started = pthread_create(&jobs[i].thread, NULL, run_job, &jobs[i]) == 0;
	run_job(&jobs[0]);
	for (uint32_t i = 1; i < n; i++) {
		if (jobs[i].started)
			pthread_join(jobs[i].thread, NULL);
		else
			run_job(&jobs[i]);
	}
}

/* The slowest part is what one waits for. */
static void
add_times(JitTimes *sum, const JitTimes *t)
{
	if (t->build + t->passes + t->codegen <= sum->build + sum->passes + sum->codegen)
		return;
	sum->build = t->build;
	sum->passes = t->passes;
	sum->codegen = t->codegen;
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
compile_parts(Arena *a, Job *jobs, uint32_t n, LlObjects *out, JitTimes *times, const char **why)
{
	run_jobs(jobs, n);
	*out = (LlObjects){.n = n};
	*times = (JitTimes){0};
	for (uint32_t i = 0; i < n; i++) {
		add_times(times, &jobs[i].times);
		if (!jobs[i].object) {
			*why = arena_strdup(a, jobs[i].why);
			return false;
		}
		out->at[i] = keep_object(a, jobs[i].object);
	}
	return true;
}

bool
ll_compile(Arena *a, const Plan *p, const LlvmOptions *o, const PlanCode *kernel, LlObjects *out,
	   JitTimes *times, const char **why)
{
	Job jobs[LL_PARTS];
	LlMachine m;
	uint8_t *part_of = ARENA_ARRAY(a, uint8_t, p->codes.n);
	uint32_t n = kernel ? 1 : deal_out(a, p, o, part_of), opened = 0;
	panic_set_stage("emit_llvm");
	if (!ll_machine_open(a, &m, o, why))
		return false;
	bool ok = true;
	while (opened < n && ok) {
		LlPart part = {.kernel = kernel,
			       .part_of = n > 1 ? part_of : NULL,
			       .part = (uint8_t)opened};
		ok = open_job(&jobs[opened++], p, &m, o, part, why);
	}
	ok = ok && compile_parts(a, jobs, n, out, times, why);
	for (uint32_t i = 0; i < opened; i++)
		close_job(&jobs[i]);
	ll_machine_close(&m);
	return ok;
}
