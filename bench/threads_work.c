/* threads_work.c: linked into a compiled network by `bench/threads --work`: the processor time that each thread spends between two
 * meetings. Per step and phase the slowest thread counts; with what is done by one thread alone that is the least time that a step can
 * take, whoever else uses the machine. Waiting and the meetings themselves are not in it. */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { STEPS = 1 << 16, PHASES = 16, THREADS = 8 };
typedef void Share(void *arena, int64_t me, int64_t of);
int64_t __real_snnrt_team(void *host, Share *share);
void __real_snnrt_meet(void *host);
int64_t __real_snnrt_poll(void *host);
void *snnrt_arena(void *host);
int64_t __wrap_snnrt_team(void *host, Share *share);
void __wrap_snnrt_meet(void *host);
int64_t __wrap_snnrt_poll(void *host);

static double *spent, alone, since, clock_ns;           /* by step, phase and thread; outside of teams; from when on; of a look at the clock */
static Share *share_of_all;
static int looks;                                        /* one behind each step, or block of them */
static uint64_t first, last;                             /* steps */
static _Thread_local int me, phase;
static _Thread_local double begun;

static double
now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void
add(void)
{
	if (spent && phase < PHASES && me < THREADS)
		spent[((size_t)looks * PHASES + (size_t)phase) * THREADS + (size_t)me] += now() - begun - clock_ns;
}

static void
share(void *arena, int64_t i, int64_t of)
{
	me = (int)i;
	phase = 0;
	begun = now();
	share_of_all(arena, i, of);
	add();
}

int64_t
__wrap_snnrt_team(void *host, Share *f)
{
	share_of_all = f;
	if (spent)
		alone += now() - since - clock_ns;
	int64_t n = __real_snnrt_team(host, share);
	since = now();
	return n;
}

void
__wrap_snnrt_meet(void *host)
{
	add();
	__real_snnrt_meet(host);
	phase++;
	begun = now();
}

static void
tell(void)
{
	double sum = alone;
	for (size_t i = 0; i < (size_t)looks * PHASES; i++) {
		double most = 0;
		for (size_t k = 0; k < THREADS; k++)
			most = spent[i * THREADS + k] > most ? spent[i * THREADS + k] : most;
		sum += most;
	}
	fprintf(stderr, "work %.9g\n", sum / 1e9 / (double)(last > first ? last - first : 1));
}

int64_t
__wrap_snnrt_poll(void *host)
{
	last = *(uint64_t *)((char *)snnrt_arena(host) + STEP_AT);
	if (!spent) {
		first = last;
		double a = now();
		for (int i = 0; i < 1000; i++)
			now();
		clock_ns = (now() - a) / 1000;
		spent = calloc((size_t)STEPS * PHASES * THREADS, sizeof *spent);
		atexit(tell);
		since = now();
	} else if (looks < STEPS - 1) {
		looks++;
	}
	return __real_snnrt_poll(host);
}
