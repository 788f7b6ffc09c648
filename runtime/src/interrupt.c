/* interrupt.c: Ctrl-C ends the run after the step, a second one at once.
 *
 * Signals belong to the process, so these variables do, too: the one place with state outside a snnrt. Runs
 * in other threads at the same time are counted, and all of them stop. */
#define _GNU_SOURCE
#include "rt.h"

#include <pthread.h>
#include <signal.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static volatile sig_atomic_t pressed;
static int running;
static const int numbers[2] = {SIGINT, SIGTERM};
static struct sigaction before[2];

static void
on_signal(int number)
{
	(void)number;
	pressed = 1;
	for (int i = 0; i < 2; i++)                           /* the second one kills */
		signal(numbers[i], SIG_DFL);
}

bool
rt_interrupt_begin(void)
{
	pthread_mutex_lock(&lock);
	bool ok = true;
	if (running++ == 0) {
		struct sigaction ours = {.sa_handler = on_signal};
		sigemptyset(&ours.sa_mask);
		pressed = 0;
		for (int i = 0; i < 2; i++) {
			ok = sigaction(numbers[i], NULL, &before[i]) == 0 && ok;
			if (before[i].sa_handler != SIG_IGN)  /* nohup, or a shell's background job */
				ok = sigaction(numbers[i], &ours, NULL) == 0 && ok;
		}
	}
	pthread_mutex_unlock(&lock);
	return ok;
}

void
rt_interrupt_end(void)
{
	pthread_mutex_lock(&lock);
	if (--running == 0)
		for (int i = 0; i < 2; i++)
			sigaction(numbers[i], &before[i], NULL);
	pthread_mutex_unlock(&lock);
}

bool
rt_interrupted(void)
{
	return pressed;
}

int64_t
snnrt_poll(void *host)
{
	rt_progress_step(host);
	if (rt_watch_step(host) < 0)
		return SNNRT_FAILED;
	bool pauses = !rt_every_step(host);
	return pressed || pauses ? SNNRT_INTERRUPTED : SNNRT_OK;
}
