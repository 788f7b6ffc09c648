/* halves.c: two threads each change a half of some rows of one matrix, while the halves of a row lie beside each other in memory, or
 * in two matrices. What a thread's prefetcher fetches behind its own half is what the other one is about to write.
 *
 * cc -O3 -march=native -pthread bench/halves.c -o halves && ./halves
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { STEPS = 4000, SPIKES = 30, ROWS = 1000, HALF = 512 };

static atomic_int arrived;
static float *matrix;
static size_t pitch, apart;                              /* floats from row to row, and from half to half */
static uint16_t list[STEPS][SPIKES];
static double took[2][STEPS];                            /* us */

static double
now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return 1e6 * (double)t.tv_sec + 1e-3 * (double)t.tv_nsec;
}

static void
change_rows(size_t me, int step)
{
	for (int k = 0; k < SPIKES; k += 2) {
		float *a = matrix + me * apart + list[step][k] * pitch, *b = matrix + me * apart + list[step][k + 1] * pitch;
		for (int j = 0; j < HALF; j++) {
			a[j] = a[j] * 1.0001f + 1e-9f;
			b[j] = b[j] * 1.0001f + 1e-9f;
		}
	}
}

static void *
work(void *env)
{
	size_t me = (size_t)(uintptr_t)env;
	for (int step = 0; step < STEPS; step++) {
		atomic_fetch_add(&arrived, 1);
		while (atomic_load(&arrived) < 2 * (step + 1))
			;
		double begin = now();
		change_rows(me, step);
		took[me][step] = now() - begin;
	}
	return NULL;
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static void
measure(const char *what, size_t from_row_to_row, size_t from_half_to_half)
{
	pthread_t other;
	pitch = from_row_to_row;
	apart = from_half_to_half;
	atomic_store(&arrived, 0);
	if (pthread_create(&other, NULL, work, (void *)(uintptr_t)1) != 0)
		exit(1);
	work(NULL);
	pthread_join(other, NULL);
	for (int i = 0; i < 2; i++)
		qsort(took[i], STEPS, sizeof **took, compare);
	printf("%s: %.1f and %.1f us for %d halves of rows (medians)\n", what, took[0][STEPS / 2], took[1][STEPS / 2], SPIKES);
}

int
main(void)
{
	size_t n = (size_t)ROWS * 2080 + 2 * HALF;
	matrix = calloc(n, sizeof *matrix);
	if (!matrix)
		return 1;
	uint32_t r = 1;
	for (int s = 0; s < STEPS; s++)
		for (int k = 0; k < SPIKES; k++) {
			r = r * 1664525 + 1013904223;
			list[s][k] = (uint16_t)((uint32_t)(k * 33) + (r >> 16) % 33);
		}
	measure("rows of 1040 floats", 1040, HALF);
	measure("rows of 2080 floats", 2080, HALF);
	measure("halves apart", HALF, (size_t)ROWS * HALF);
	free(matrix);
	return 0;
}
