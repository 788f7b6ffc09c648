/* layers.c: the network `layers`, made by snnc from layers.snn.
 *
 * The file is yours, to use as you like. The runtime that it calls (libsnnrt)
 * is under Apache-2.0 WITH LLVM-exception, which asks nothing of the programs
 * made with it.
 *
 * Build with
 *   cc -std=c11 -O3 -march=native -ffp-contract=off -fwrapv
 *      -fno-math-errno -fno-trapping-math
 * and link with -lsnnrt -lz -lpng -lpthread -lm. The first two -f are part of
 * the meaning: with them every compiler and CPU gives the same bits. The last
 * two let loops become vectors.
 */
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __FAST_MATH__
#error "-ffast-math changes results"
#endif
#ifdef __clang__
#pragma STDC FP_CONTRACT OFF
#endif

/* The turns of the loop that follows do not depend on each other. */
#if defined(__GNUC__) && !defined(__clang__)
#define INDEPENDENT _Pragma("GCC ivdep")
#elif defined(__clang__)
#define INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#pragma clang diagnostic ignored "-Wpass-failed"
#else
#define INDEPENDENT
#endif

/* gcc 12 can lose sight of what a loop stores, take its function for one without effects, and leave
 * out the calls: ivopts folds addresses of two element sizes into one that points nowhere. */
#if defined(__GNUC__) && !defined(__clang__)
#define STORED __asm__ volatile("" : : : "memory")
#define APART __asm__ volatile("")        /* the turns of the loop around are not run together */
#else
#define STORED ((void)0)
#define APART ((void)0)
#endif

/* A loop becomes vectors only if what it calls is part of it. */
#define ALWAYS_INLINE inline __attribute__((always_inline))

/* All that the network is: one block of memory, zeroed by the host. */
struct layers {
	void *host;
	_Alignas(64) float exc_v[2][37];        /* state by batch, neuron */
	_Alignas(64) float exc_x[2][37];        /* state by batch, neuron */
	_Alignas(64) uint8_t exc_refractory[2][37]; /* state by batch, neuron */
	_Alignas(64) float exc_input[2][37];    /* scratch by batch, neuron */
	_Alignas(64) float in_weight[50][37];   /* state by pre, post */
	_Alignas(64) uint8_t exc_spikes[2][37]; /* state by batch, neuron; 0 or 1 */
	_Alignas(64) float in_x[2][50];         /* state by batch, pre */
	_Alignas(64) uint16_t in_list[2][50];   /* derived by batch, pre */
	_Alignas(64) int64_t in_count[2];       /* derived by batch */
	_Alignas(64) float sums[64];            /* scratch by item */
	_Alignas(64) float total;               /* state */
	_Alignas(64) uint64_t seed;             /* state */
	_Alignas(64) uint64_t step;             /* state */
	_Alignas(64) uint8_t learning;          /* state; 0 or 1 */
	_Alignas(64) float table[4];            /* constant by item */
};

/* The host and checkpoints know these places. */
#define AT(member, place) \
	_Static_assert(offsetof(struct layers, member) == (place), #member)
AT(exc_v, 64);
AT(exc_x, 384);
AT(exc_refractory, 704);
AT(exc_input, 832);
AT(in_weight, 1152);
AT(exc_spikes, 8576);
AT(in_x, 8704);
AT(in_list, 9152);
AT(in_count, 9408);
AT(sums, 9472);
AT(total, 9728);
AT(seed, 9792);
AT(step, 9856);
AT(learning, 9920);
AT(table, 9984);
_Static_assert(sizeof(struct layers) == 10048, "size");

/* Two words of noise out of two numbers. */
static ALWAYS_INLINE void
mix(uint64_t a, uint64_t b, uint64_t *out, uint64_t *q_out)
{
	const uint64_t p = (a ^ (a >> 33)) * UINT64_C(0xff51afd7ed558ccd);
	const uint64_t q = (b ^ (p << 7)) + UINT64_C(0x9e3779b97f4a7c15);
	*out = p ^ (q >> 29);
	*q_out = q;
}

static ALWAYS_INLINE float
scaled(float t)
{
	return t * 2.0f;
}

static ALWAYS_INLINE uint64_t
below(uint64_t limit, uint64_t from)
{
	uint64_t n = from;
	int64_t turns = 0;
	while ((n > limit) & (turns < 40)) {
		n = n >> 1;
		turns++;
	}
	return n;
}

/* Which inputs spike now, and their traces. */
static void
in_draw(struct layers *restrict net, int64_t lo, int64_t hi)
{
	for (int64_t b = lo; b < hi; b++) {
		int64_t n = 0;
		for (int64_t i = 0; i < 50; i++) {
			uint64_t p, q;
			mix(net->seed + (uint64_t)(b * 50 + i), net->step, &p, &q);
			const uint64_t low = below(1000u, p);
			if ((q & 7u) == 0u) {
				net->in_list[b][n] = (uint16_t)i;
				n++;
				net->in_x[b][i] = 1.0f;
			} else {
				net->in_x[b][i] = net->in_x[b][i] * 0.9f + (float)low * 1e-6f;
			}
		}
		net->in_count[b] = n;
	}
	STORED;
}

static void
in_deliver(struct layers *restrict net, int64_t lo, int64_t hi)
{
	for (int64_t b = 0; b < 2; b++) {
		INDEPENDENT
		for (int64_t j = lo; j < hi; j++)
			net->exc_input[b][j] = 0.0f;

		/* One row per spike, in ascending order. */
		for (int64_t k = 0, k_end = net->in_count[b]; k < k_end; k++) {
			const int64_t i = net->in_list[b][k];
			INDEPENDENT
			for (int64_t j = lo; j < hi; j++)
				net->exc_input[b][j] += net->in_weight[i][j];
		}
	}
	STORED;
}

static void
exc_update(struct layers *restrict net, int64_t lo, int64_t hi)
{
	for (int64_t b = 0; b < 2; b++) {
		INDEPENDENT
		for (int64_t j = lo; j < hi; j++) {
			const float g = scaled(net->table[j & 3]);
			const bool rests = net->exc_refractory[b][j] > 0;
			const float input = net->exc_input[b][j];
			const float u = net->exc_v[b][j] * 0.97f + (rests ? 0.0f : input * g);
			const bool s = u > 1.0f;
			net->exc_spikes[b][j] = s;
			if (s) {
				net->exc_refractory[b][j] = 3;
			} else {
				const uint8_t refractory = net->exc_refractory[b][j];
				net->exc_refractory[b][j] = rests ? refractory - 1 : 0;
			}
			net->exc_v[b][j] = s ? 0.0f : u;
			const float x = net->exc_x[b][j];
			net->exc_x[b][j] = s ? 1.0f : x * 0.95f;
		}
	}
	STORED;
}

static void
in_learn(struct layers *restrict net, int64_t lo, int64_t hi)
{
	if (net->learning) {
		for (int64_t i = lo; i < hi; i++) {
			INDEPENDENT
			for (int64_t j = 0; j < 37; j++) {
				float d = 0.0f;
				for (int64_t b = 0; b < 2; b++) {
					if (net->exc_spikes[b][j]) {
						d += 0.05f * net->in_x[b][i];
					} else if (net->in_x[b][i] == 1.0f) {
						d = fmaf(-0.01f, net->exc_x[b][j], d);
					} else {
						d -= 1e-7f;
					}
				}
				const float n = net->in_weight[i][j] + d * 0.5f;
				net->in_weight[i][j] = n > 1.0f ? 1.0f : n < 0.0f ? 0.0f : n;
			}
		}
		STORED;
	}
	STORED;
}

static void
sum(struct layers *restrict net)
{
	float t = 0.0f;
	for (int64_t i = 0; i < 50; i++) {
		for (int64_t j = 0; j < 37; j += 3)
			t += net->in_weight[i][j];
	}
	INDEPENDENT
	for (int64_t l = 0; l < 64; l++)
		net->sums[l] = 0.0f;
	for (int64_t i = 0; i < 25; i++) {
		INDEPENDENT
		for (int64_t l = 0; l < 37; l++)
			net->sums[l] += net->in_weight[i * 2][l];
	}
	net->total = t;
	STORED;
}

static int64_t
count(struct layers *net)
{
	net->step++;
	return 0;
}

/* One step of the network. */
int64_t
step(struct layers *net)
{
	int64_t status;
	in_draw(net, 0, 2);
	in_deliver(net, 0, 37);
	exc_update(net, 0, 37);
	in_learn(net, 0, 50);
	sum(net);
	if ((status = count(net)) < 0)
		return status;
	return 0;
}
