/* team.c: the threads of one run, and where they meet.
 *
 * They are started when a step first has work for them, and wait spinning for the next one: a step takes microseconds, and to
 * wake a thread takes as long as many of them. Whoever waited long sleeps, and spins less from then on, so that a machine with more to
 * do than processors is not kept busy by waiting: who is waited for may have been put aside. Whoever is woken at once spins more the
 * next time. What each thread does is in the compiled code; no result depends on who comes first.
 */
#define _GNU_SOURCE
#include "rt.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

enum {
	MOST = 64,
	SPINS = 8000,                                     /* at most, 100 to 400 us: more than it takes to be woken */
	FEWEST = 32,
	SHORT = 500000,                                   /* ns: who slept no longer had better not slept */
	LINE = 64                                         /* bytes of a cache line */
};

/* What is waited for, and how many turns of waiting are worth it at present. */
typedef struct { alignas(LINE) atomic_uint value; atomic_int spins; } Word;

typedef struct { RtTeam *team; int64_t me; pthread_t thread; } Member;

struct RtTeam {
	int64_t n;
	int most;                                         /* turns of waiting, at most: 0 where processors are fewer than threads */
	snnrt_share *share;
	void *arena;
	bool over;                                        /* these three change before `turn` does */
	Member member[MOST];
	pthread_mutex_t lock;
	pthread_cond_t changed;
	Word turn, met;                                   /* count pieces of work, and meetings */
	alignas(LINE) atomic_uint arrived;
	alignas(LINE) atomic_uint asleep;
};

/* ---- waiting ----------------------------------------------------------------------------------------- */

static void
relax(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#endif
}

static int64_t
now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* A wait that ends soon after one fell asleep asks for more turns, a long one for fewer: who is waited for was put aside. */
static void
sleep_while(RtTeam *t, Word *w, unsigned old, int spins)
{
	int64_t since = now_ns();
	pthread_mutex_lock(&t->lock);
	atomic_fetch_add(&t->asleep, 1);                  /* who changes the word sees this, or we see the change */
	while (atomic_load(&w->value) == old)
		pthread_cond_wait(&t->changed, &t->lock);
	atomic_fetch_sub(&t->asleep, 1);
	pthread_mutex_unlock(&t->lock);
	spins = now_ns() - since < SHORT ? 2 * spins : spins / 2 > FEWEST ? spins / 2 : FEWEST;
	atomic_store_explicit(&w->spins, spins < t->most ? spins : t->most, memory_order_relaxed);
}

/* Until the word is no longer `old`. */
static void
wait_while(RtTeam *t, Word *w, unsigned old)
{
	int spins = atomic_load_explicit(&w->spins, memory_order_relaxed);
	for (int i = 0; i <= spins; i++) {
		if (atomic_load_explicit(&w->value, memory_order_acquire) != old)
			return;
		relax();
	}
	sleep_while(t, w, old, spins);
}

static void
change(RtTeam *t, Word *w, unsigned to)
{
	atomic_store(&w->value, to);
	if (!atomic_load(&t->asleep))
		return;
	pthread_mutex_lock(&t->lock);
	pthread_cond_broadcast(&t->changed);
	pthread_mutex_unlock(&t->lock);
}

static void
meet(RtTeam *t)
{
	unsigned before = atomic_load_explicit(&t->met.value, memory_order_relaxed);
	if (atomic_fetch_add_explicit(&t->arrived, 1, memory_order_acq_rel) + 1 < (unsigned)t->n) {
		wait_while(t, &t->met, before);
		return;
	}
	atomic_store_explicit(&t->arrived, 0, memory_order_relaxed);
	change(t, &t->met, before + 1);
}

/* ---- members ----------------------------------------------------------------------------------------- */

static void *
work(void *env)
{
	Member *m = env;
	RtTeam *t = m->team;
	for (unsigned seen = 0;; seen++) {
		wait_while(t, &t->turn, seen);
		if (t->over)
			return NULL;
		t->share(t->arena, m->me, t->n);
		meet(t);
	}
}

int
snnrt_processors(void)
{
	cpu_set_t set;
	return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

/* Signals are for the thread that was there before. */
static void
start(RtTeam *t, int64_t wanted)
{
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	for (t->n = 1; t->n < wanted; t->n++) {
		Member *m = &t->member[t->n];
		*m = (Member){.team = t, .me = t->n};
		if (pthread_create(&m->thread, NULL, work, m) != 0)
			break;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void
end(RtTeam *t)
{
	t->over = true;
	change(t, &t->turn, atomic_load(&t->turn.value) + 1);
	for (int64_t i = 1; i < t->n; i++)
		pthread_join(t->member[i].thread, NULL);
	pthread_cond_destroy(&t->changed);
	pthread_mutex_destroy(&t->lock);
	free(t);
}

/* NULL: there is one thread, or the system gives no more. */
static RtTeam *
open_team(int64_t wanted)
{
	RtTeam *t = wanted > 1 ? aligned_alloc(LINE, (sizeof *t + LINE - 1) / LINE * LINE) : NULL;
	if (!t)
		return NULL;
	*t = (RtTeam){.most = wanted <= snnrt_processors() ? SPINS : 0};
	t->turn.spins = t->met.spins = t->most;
	pthread_mutex_init(&t->lock, NULL);
	pthread_cond_init(&t->changed, NULL);
	start(t, wanted < MOST ? wanted : MOST);
	if (t->n > 1)
		return t;
	end(t);
	return NULL;
}

void
rt_team_close(snnrt *rt)
{
	if (rt->team)
		end(rt->team);
	rt->team = NULL;
}

/* ---- called by compiled code --------------------------------------------------------------------------- */

int64_t
snnrt_team(void *host, snnrt_share *share)
{
	snnrt *rt = host;
	if (!rt->team && !rt->teamed)
		rt->team = open_team(rt->o.threads);
	rt->teamed = true;
	RtTeam *t = rt->team;
	if (!t)
		return 0;
	t->share = share;
	t->arena = rt->arena;
	change(t, &t->turn, atomic_load_explicit(&t->turn.value, memory_order_relaxed) + 1);
	share(rt->arena, 0, t->n);
	meet(t);
	return t->n;
}

void
snnrt_meet(void *host)
{
	const snnrt *rt = host;
	meet(rt->team);
}
