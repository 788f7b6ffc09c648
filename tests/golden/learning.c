/* learning.c: the network `learning`, made by snnc from learning.snn.
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
#include "snnrt.h"

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

/* What the host keeps for the protocol; see `objects`. */
enum { TARGET_SPIKES, RECORD_INPUT_WEIGHT, WARN_INPUT_WEIGHT, W_NPY };

/* All that the network is: one block of memory, zeroed by the host. */
struct learning {
	void *host;
	_Alignas(64) uint64_t seed;             /* state */
	_Alignas(64) uint64_t step;             /* state */
	_Alignas(64) uint8_t learning;          /* state; 0 or 1 */
	_Alignas(64) uint8_t resuming;          /* derived; 0 or 1 */
	_Alignas(64) int64_t place;             /* derived */
	_Alignas(64) uint64_t began;            /* derived */
	_Alignas(64) uint8_t source_spikes[2][6]; /* state by batch, neuron; 0 or 1 */
	_Alignas(64) float source_x[2][6];      /* state by batch, neuron */
	_Alignas(64) uint16_t source_spiking[2][6]; /* derived by batch, neuron */
	_Alignas(64) uint32_t source_spiking_count[2]; /* derived by batch */
	_Alignas(64) uint16_t source_spiking_any[6]; /* derived by neuron */
	_Alignas(64) uint32_t source_spiking_any_count; /* derived */
	_Alignas(64) float target_v[2][4];      /* state by batch, neuron */
	_Alignas(64) float target_wait[2][4];   /* state by batch, neuron */
	_Alignas(64) uint8_t target_spikes[2][4]; /* state by batch, neuron; 0 or 1 */
	_Alignas(64) float target_y[2][4];      /* state by batch, neuron */
	_Alignas(64) uint16_t target_spiking[2][4]; /* derived by batch, neuron */
	_Alignas(64) uint32_t target_spiking_count[2]; /* derived by batch */
	_Alignas(64) uint16_t target_spiking_any[4]; /* derived by neuron */
	_Alignas(64) uint32_t target_spiking_any_count; /* derived */
	_Alignas(64) float target_input[2][4];  /* scratch by batch, neuron */
	_Alignas(64) float input_weight[6][4];  /* state by pre, post */
	_Alignas(64) uint8_t input_weight_unclipped; /* state; 0 or 1 */
	_Alignas(64) uint8_t source_spiking_flag[6]; /* scratch by neuron; 0 or 1 */
	_Alignas(64) uint8_t target_spiking_flag[4]; /* scratch by neuron; 0 or 1 */
	_Alignas(64) uint8_t input_weight_zero[4]; /* scratch by post; 0 or 1 */
	_Alignas(64) int64_t input_weight_zeros[2]; /* scratch by slot */
	_Alignas(64) float input_weight_least[4]; /* scratch by post */
	_Alignas(64) float input_weight_most[4]; /* scratch by post */
	_Alignas(64) float input_weight_sum[4]; /* scratch by post */
	_Alignas(64) float input_weight_change[4]; /* scratch by post */
};

/* The host and checkpoints know these places. */
#define AT(member, place) \
	_Static_assert(offsetof(struct learning, member) == (place), #member)
AT(seed, 64);
AT(step, 128);
AT(learning, 192);
AT(resuming, 256);
AT(place, 320);
AT(began, 384);
AT(source_spikes, 448);
AT(source_x, 512);
AT(source_spiking, 576);
AT(source_spiking_count, 640);
AT(source_spiking_any, 704);
AT(source_spiking_any_count, 768);
AT(target_v, 832);
AT(target_wait, 896);
AT(target_spikes, 960);
AT(target_y, 1024);
AT(target_spiking, 1088);
AT(target_spiking_count, 1152);
AT(target_spiking_any, 1216);
AT(target_spiking_any_count, 1280);
AT(target_input, 1344);
AT(input_weight, 1408);
AT(input_weight_unclipped, 1536);
AT(source_spiking_flag, 1600);
AT(target_spiking_flag, 1664);
AT(input_weight_zero, 1728);
AT(input_weight_zeros, 1792);
AT(input_weight_least, 1856);
AT(input_weight_most, 1920);
AT(input_weight_sum, 1984);
AT(input_weight_change, 2048);
_Static_assert(sizeof(struct learning) == 2112, "size");

static ALWAYS_INLINE void
philox4x32(uint32_t k0, uint32_t k1, uint32_t c0, uint32_t c1, uint32_t c2, uint32_t c3,
    uint32_t *out, uint32_t *out2, uint32_t *out3, uint32_t *out4)
{
	const uint64_t p0 = (uint64_t)c0 * 0xd2511f53u;
	const uint64_t q0 = (uint64_t)c2 * 0xcd9e8d57u;
	const uint64_t x0 = (q0 >> 32) ^ (uint64_t)c1 ^ (uint64_t)k0;
	const uint64_t z0 = (p0 >> 32) ^ (uint64_t)c3 ^ (uint64_t)k1;
	const uint64_t p1 = (x0 & 0xffffffffu) * 0xd2511f53u;
	const uint64_t q1 = (z0 & 0xffffffffu) * 0xcd9e8d57u;
	const uint64_t x1 = (q1 >> 32) ^ q0 ^ (uint64_t)(k0 + 0x9e3779b9u);
	const uint64_t z1 = (p1 >> 32) ^ p0 ^ (uint64_t)(k1 + 0xbb67ae85u);
	const uint64_t p2 = (x1 & 0xffffffffu) * 0xd2511f53u;
	const uint64_t q2 = (z1 & 0xffffffffu) * 0xcd9e8d57u;
	const uint64_t x2 = (q2 >> 32) ^ q1 ^ (uint64_t)(k0 + 0x3c6ef372u);
	const uint64_t z2 = (p2 >> 32) ^ p1 ^ (uint64_t)(k1 + 0x76cf5d0au);
	const uint64_t p3 = (x2 & 0xffffffffu) * 0xd2511f53u;
	const uint64_t q3 = (z2 & 0xffffffffu) * 0xcd9e8d57u;
	const uint64_t x3 = (q3 >> 32) ^ q2 ^ (uint64_t)(k0 + 0xdaa66d2bu);
	const uint64_t z3 = (p3 >> 32) ^ p2 ^ (uint64_t)(k1 + 0x32370b8fu);
	const uint64_t p4 = (x3 & 0xffffffffu) * 0xd2511f53u;
	const uint64_t q4 = (z3 & 0xffffffffu) * 0xcd9e8d57u;
	const uint64_t x4 = (q4 >> 32) ^ q3 ^ (uint64_t)(k0 + 0x78dde6e4u);
	const uint64_t z4 = (p4 >> 32) ^ p3 ^ (uint64_t)(k1 + 0xed9eba14u);
	const uint64_t p5 = (x4 & 0xffffffffu) * 0xd2511f53u;
	const uint64_t q5 = (z4 & 0xffffffffu) * 0xcd9e8d57u;
	const uint64_t x5 = (q5 >> 32) ^ q4 ^ (uint64_t)(k0 + 0x1715609du);
	const uint64_t z5 = (p5 >> 32) ^ p4 ^ (uint64_t)(k1 + 0xa9066899u);
	const uint64_t p6 = (x5 & 0xffffffffu) * 0xd2511f53u;
	const uint64_t q6 = (z5 & 0xffffffffu) * 0xcd9e8d57u;
	const uint64_t x6 = (q6 >> 32) ^ q5 ^ (uint64_t)(k0 + 0xb54cda56u);
	const uint64_t z6 = (p6 >> 32) ^ p5 ^ (uint64_t)(k1 + 0x646e171eu);
	const uint64_t p7 = (x6 & 0xffffffffu) * 0xd2511f53u;
	const uint64_t q7 = (z6 & 0xffffffffu) * 0xcd9e8d57u;
	const uint64_t x7 = (q7 >> 32) ^ q6 ^ (uint64_t)(k0 + 0x5384540fu);
	const uint64_t z7 = (p7 >> 32) ^ p6 ^ (uint64_t)(k1 + 0x1fd5c5a3u);
	const uint64_t p8 = (x7 & 0xffffffffu) * 0xd2511f53u;
	const uint64_t q8 = (z7 & 0xffffffffu) * 0xcd9e8d57u;
	const uint64_t x8 = (q8 >> 32) ^ q7 ^ (uint64_t)(k0 + 0xf1bbcdc8u);
	const uint64_t z8 = (p8 >> 32) ^ p7 ^ (uint64_t)(k1 + 0xdb3d7428u);
	const uint64_t p9 = (x8 & 0xffffffffu) * 0xd2511f53u;
	const uint64_t q9 = (z8 & 0xffffffffu) * 0xcd9e8d57u;
	const uint64_t x9 = (q9 >> 32) ^ q8 ^ (uint64_t)(k0 + 0x8ff34781u);
	const uint64_t z9 = (p9 >> 32) ^ p8 ^ (uint64_t)(k1 + 0x96a522adu);
	*out = (uint32_t)x9;
	*out2 = (uint32_t)q9;
	*out3 = (uint32_t)z9;
	*out4 = (uint32_t)p9;
}

static ALWAYS_INLINE uint64_t
splitmix64(uint64_t z)
{
	const uint64_t a = z + UINT64_C(0x9e3779b97f4a7c15);
	const uint64_t b = (a ^ (a >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	const uint64_t c = (b ^ (b >> 27)) * UINT64_C(0x94d049bb133111eb);
	return c ^ (c >> 31);
}

static ALWAYS_INLINE void
mix64(uint64_t seed, uint64_t site, uint64_t replica, uint32_t *out, uint32_t *out2)
{
	const uint64_t a = splitmix64(seed);
	const uint64_t b = splitmix64(a ^ site);
	const uint64_t c = splitmix64(b ^ replica);
	*out = (uint32_t)c;
	*out2 = (uint32_t)(c >> 32);
}

static ALWAYS_INLINE uint32_t
draw_u32(uint32_t k0, uint32_t k1, uint64_t obj, uint64_t step, uint32_t draw)
{
	const uint64_t block = obj >> 2;
	const uint32_t high = ((uint32_t)(step >> 32) << 16) | (draw & 65535u);
	uint32_t a, b, c, d;
	philox4x32(k0, k1, (uint32_t)block, (uint32_t)(block >> 32), (uint32_t)step, high, &a, &b,
	    &c, &d);
	const uint64_t lane = obj & 3u;
	return lane < 2u ? (lane == 0u ? a : b) : lane == 2u ? c : d;
}

static void
source_init(struct learning *restrict net)
{
	(void)net;
}

static void
source_update(struct learning *restrict net, int64_t lo, int64_t hi)
{
	/* <lib>/neurons/sources.snn:46: let fires = bernoulli(rate * dt) */
	uint32_t key0, key1;
	mix64(net->seed, UINT64_C(0x169693af71ee8d4e), 0u, &key0, &key1);
	for (int64_t b = 0; b < 2; b++) {
		INDEPENDENT
		for (int64_t j = lo; j < hi; j++) {
			bool spike = false;
			const uint32_t drawn = draw_u32(key0, key1, (uint64_t)(b * 6 + j),
			    net->step, 0u);
			const float u = (float)(drawn >> 8) * 5.9604645e-8f;
			const bool fires = u < 0.2f;
			/* <lib>/neurons/sources.snn:47: if fires { spike } */
			spike |= fires;
			net->source_spikes[b][j] = spike;
			float x = net->source_x[b][j] * 0.95122945f;
			/* <lib>/rules/two_factor.snn:23: trace x of pre { tau = tau_pre ; on
			 * spike set x + scale_pre * spike if additive_pre else scale_pre } */
			x = spike ? 1.0f : x;
			net->source_x[b][j] = x;
		}
	}
	STORED;
}

static void
source_find_spikes(struct learning *restrict net)
{
	for (int64_t b = 0; b < 2; b++) {
		int64_t found = 0;
		for (int64_t j = 0; j < 6; j++) {
			if (net->source_spikes[b][j]) {
				net->source_spiking[b][found] = (uint16_t)j;
				found++;
			}
		}
		net->source_spiking_count[b] = (uint32_t)found;
	}
	INDEPENDENT
	for (int64_t j = 0; j < 6; j++)
		net->source_spiking_flag[j] = false;
	for (int64_t b = 0; b < 2; b++) {
		INDEPENDENT
		for (int64_t j = 0; j < 6; j++)
			net->source_spiking_flag[j] |= net->source_spikes[b][j];
	}
	int64_t found = 0;
	for (int64_t j = 0; j < 6; j++) {
		if (net->source_spiking_flag[j]) {
			net->source_spiking_any[found] = (uint16_t)j;
			found++;
		}
	}
	net->source_spiking_any_count = (uint32_t)found;
	STORED;
}

static void
target_init(struct learning *restrict net, int64_t lo, int64_t hi)
{
	for (int64_t b = 0; b < 2; b++) {
		INDEPENDENT
		for (int64_t j = lo; j < hi; j++) {
			net->target_v[b][j] = -65.0f;
			net->target_wait[b][j] = 0.0f;
		}
	}
	STORED;
}

static void
target_update(struct learning *restrict net, int64_t lo, int64_t hi)
{
	for (int64_t b = 0; b < 2; b++) {
		INDEPENDENT
		for (int64_t j = lo; j < hi; j++) {
			float v = net->target_v[b][j];
			float wait = net->target_wait[b][j];
			const float input = net->target_input[b][j];
			bool spike = false;
			/* <lib>/neurons/integrate_and_fire.snn:26: v = (v - rest) * exp(-dt /
			 * tau) + rest */
			v = (v + 65.0f) * 0.99004984f - 65.0f;
			/* <lib>/neurons/integrate_and_fire.snn:27: let drive = 0 mV if wait > 0
			 * ms else input */
			const float drive = wait > 0.0f ? 0.0f : input;
			/* <lib>/neurons/integrate_and_fire.snn:28: wait -= dt */
			wait -= 1.0f;
			/* <lib>/neurons/integrate_and_fire.snn:29: v += drive */
			v += drive;
			/* <lib>/neurons/integrate_and_fire.snn:31: if v >= threshold { */
			const bool on = v >= -52.0f;
			/* <lib>/neurons/integrate_and_fire.snn:32: spike */
			spike |= on;
			/* <lib>/neurons/integrate_and_fire.snn:33: wait = refractory */
			wait = on ? 2.0f : wait;
			/* <lib>/neurons/integrate_and_fire.snn:34: v = reset */
			v = on ? -65.0f : v;
			net->target_v[b][j] = v;
			net->target_wait[b][j] = wait;
			net->target_spikes[b][j] = spike;
			float y = net->target_y[b][j] * 0.95122945f;
			/* <lib>/rules/two_factor.snn:24: trace y of post { tau = tau_post ; on
			 * spike set y + scale_post * spike if additive_post else scale_post } */
			y = spike ? 1.0f : y;
			net->target_y[b][j] = y;
		}
	}
	STORED;
}

static void
target_find_spikes(struct learning *restrict net)
{
	for (int64_t b = 0; b < 2; b++) {
		int64_t found = 0;
		for (int64_t j = 0; j < 4; j++) {
			if (net->target_spikes[b][j]) {
				net->target_spiking[b][found] = (uint16_t)j;
				found++;
			}
		}
		net->target_spiking_count[b] = (uint32_t)found;
	}
	INDEPENDENT
	for (int64_t j = 0; j < 4; j++)
		net->target_spiking_flag[j] = false;
	for (int64_t b = 0; b < 2; b++) {
		INDEPENDENT
		for (int64_t j = 0; j < 4; j++)
			net->target_spiking_flag[j] |= net->target_spikes[b][j];
	}
	int64_t found = 0;
	for (int64_t j = 0; j < 4; j++) {
		if (net->target_spiking_flag[j]) {
			net->target_spiking_any[found] = (uint16_t)j;
			found++;
		}
	}
	net->target_spiking_any_count = (uint32_t)found;
	STORED;
}

static void
target_collect(struct learning *restrict net, int64_t lo, int64_t hi)
{
	for (int64_t b = 0; b < 2; b++) {
		INDEPENDENT
		for (int64_t j = lo; j < hi; j++)
			net->target_input[b][j] = 0.0f;

		/* input */
		const int64_t rows = net->source_spiking_count[b];
		const int64_t whole = rows & -8;
		for (int64_t k = 0; k < whole; k += 8) {
			const int64_t i = net->source_spiking[b][k];
			const int64_t i2 = net->source_spiking[b][k + 1];
			const int64_t i3 = net->source_spiking[b][k + 2];
			const int64_t i4 = net->source_spiking[b][k + 3];
			const int64_t i5 = net->source_spiking[b][k + 4];
			const int64_t i6 = net->source_spiking[b][k + 5];
			const int64_t i7 = net->source_spiking[b][k + 6];
			const int64_t i8 = net->source_spiking[b][k + 7];
			INDEPENDENT
			for (int64_t j = lo; j < hi; j++) {
				const float sum = net->target_input[b][j] + net->input_weight[i][j];
				const float sum2 = sum + net->input_weight[i2][j];
				const float sum3 = sum2 + net->input_weight[i3][j];
				const float sum4 = sum3 + net->input_weight[i4][j];
				const float sum5 = sum4 + net->input_weight[i5][j];
				const float sum6 = sum5 + net->input_weight[i6][j];
				const float sum7 = sum6 + net->input_weight[i7][j];
				const float sum8 = sum7 + net->input_weight[i8][j];
				net->target_input[b][j] = sum8;
			}
		}
		const int64_t whole2 = rows & -4;
		for (int64_t k = whole; k < whole2; k += 4) {
			const int64_t i = net->source_spiking[b][k];
			const int64_t i2 = net->source_spiking[b][k + 1];
			const int64_t i3 = net->source_spiking[b][k + 2];
			const int64_t i4 = net->source_spiking[b][k + 3];
			INDEPENDENT
			for (int64_t j = lo; j < hi; j++) {
				const float sum = net->target_input[b][j] + net->input_weight[i][j];
				const float sum2 = sum + net->input_weight[i2][j];
				const float sum3 = sum2 + net->input_weight[i3][j];
				const float sum4 = sum3 + net->input_weight[i4][j];
				net->target_input[b][j] = sum4;
			}
		}
		const int64_t whole3 = rows & -2;
		for (int64_t k = whole2; k < whole3; k += 2) {
			const int64_t i = net->source_spiking[b][k];
			const int64_t i2 = net->source_spiking[b][k + 1];
			INDEPENDENT
			for (int64_t j = lo; j < hi; j++) {
				const float sum = net->target_input[b][j] + net->input_weight[i][j];
				const float sum2 = sum + net->input_weight[i2][j];
				net->target_input[b][j] = sum2;
			}
		}
		for (int64_t k = whole3; k < rows; k++) {
			const int64_t i = net->source_spiking[b][k];
			INDEPENDENT
			for (int64_t j = lo; j < hi; j++)
				net->target_input[b][j] += net->input_weight[i][j];
		}

		/* others */
		const int64_t count = net->target_spiking_count[b];
		if (count > 0) {
			INDEPENDENT
			for (int64_t j = lo; j < hi; j++) {
				const bool own = net->target_spikes[b][j];
				net->target_input[b][j] += (float)(count - (int64_t)own) * -3.0f;
			}
			STORED;
		}
	}
	STORED;
}

static void
input_weight_init(struct learning *restrict net, int64_t lo, int64_t hi)
{
	uint32_t key0, key1;
	mix64(net->seed, UINT64_C(0xf73cc28aefecbf4c), 0u, &key0, &key1);
	for (int64_t i = lo; i < hi; i++) {
		const uint64_t block = (uint64_t)i;
		uint32_t r0, r1, r2, r3;
		philox4x32(key0, key1, (uint32_t)block, (uint32_t)(block >> 32), 0u, 0u, &r0, &r1,
		    &r2, &r3);
		const float u = (float)(r0 >> 8) * 5.9604645e-8f;
		const float w = 0.0f + 10.0f * u;
		const float w2 = w < 0.0f ? 0.0f : w;
		net->input_weight[i][0] = w2 > 12.0f ? 12.0f : w2;
		const float u2 = (float)(r1 >> 8) * 5.9604645e-8f;
		const float w3 = 0.0f + 10.0f * u2;
		const float w4 = w3 < 0.0f ? 0.0f : w3;
		net->input_weight[i][1] = w4 > 12.0f ? 12.0f : w4;
		const float u3 = (float)(r2 >> 8) * 5.9604645e-8f;
		const float w5 = 0.0f + 10.0f * u3;
		const float w6 = w5 < 0.0f ? 0.0f : w5;
		net->input_weight[i][2] = w6 > 12.0f ? 12.0f : w6;
		const float u4 = (float)(r3 >> 8) * 5.9604645e-8f;
		const float w7 = 0.0f + 10.0f * u4;
		const float w8 = w7 < 0.0f ? 0.0f : w7;
		net->input_weight[i][3] = w8 > 12.0f ? 12.0f : w8;
	}
	STORED;
}

static void
input_weight_find_zeros(struct learning *restrict net)
{
	int64_t n = 0;
	int64_t first = 0;
	for (int64_t g = 0; g < 4; g++) {
		if (net->input_weight_zero[g]) {
			first = n == 0 ? g : first;
			n++;
		}
	}
	net->input_weight_zeros[0] = n;
	net->input_weight_zeros[1] = first;
	STORED;
}

static void
input_weight_find_unclipped(struct learning *restrict net)
{
	int32_t some = 0;
	for (int64_t g = 0; g < 4; g++)
		some = some | (net->input_weight_least[g] < 0.0f ? 1 : 0)
		    | (net->input_weight_most[g] > 12.0f ? 1 : 0);
	net->input_weight_unclipped = some != 0;
	STORED;
}

static void
input_weight_normalize(struct learning *restrict net, int64_t lo, int64_t hi)
{
	INDEPENDENT
	for (int64_t j = lo; j < hi; j++) {
		net->input_weight_sum[j] = 0.0f;
		net->input_weight_least[j] = INFINITY;
		net->input_weight_most[j] = -INFINITY;
	}
	for (int64_t i = 0; i < 6; i++) {
		INDEPENDENT
		for (int64_t j = lo; j < hi; j++)
			net->input_weight_sum[j] += fabsf(net->input_weight[i][j]);
	}
	INDEPENDENT
	for (int64_t j = lo; j < hi; j++) {
		const float total = net->input_weight_sum[j];
		const bool none = total == 0.0f;
		net->input_weight_zero[j] = none;
		net->input_weight_sum[j] = 40.0f / (none ? 40.0f : total);
	}
	const int64_t i = 0;
	INDEPENDENT
	for (int64_t j = lo; j < hi; j++) {
		const float own = net->input_weight_sum[j];
		const float w = net->input_weight[i][j] * own;
		net->input_weight[i][j] = w;
		const float weight_least = net->input_weight_least[j];
		const float sum = w < weight_least ? w : weight_least;
		const float weight_most = net->input_weight_most[j];
		const float sum2 = weight_most < w ? w : weight_most;
		const float w2 = net->input_weight[i + 1][j] * own;
		net->input_weight[i + 1][j] = w2;
		const float sum3 = w2 < sum ? w2 : sum;
		const float sum4 = sum2 < w2 ? w2 : sum2;
		const float w3 = net->input_weight[i + 2][j] * own;
		net->input_weight[i + 2][j] = w3;
		const float sum5 = w3 < sum3 ? w3 : sum3;
		const float sum6 = sum4 < w3 ? w3 : sum4;
		const float w4 = net->input_weight[i + 3][j] * own;
		net->input_weight[i + 3][j] = w4;
		const float sum7 = w4 < sum5 ? w4 : sum5;
		const float sum8 = sum6 < w4 ? w4 : sum6;
		net->input_weight_least[j] = sum7;
		net->input_weight_most[j] = sum8;
	}
	for (int64_t i2 = 4; i2 < 6; i2++) {
		INDEPENDENT
		for (int64_t j = lo; j < hi; j++) {
			const float w = net->input_weight[i2][j] * net->input_weight_sum[j];
			net->input_weight[i2][j] = w;
			const float weight_least2 = net->input_weight_least[j];
			net->input_weight_least[j] = w < weight_least2 ? w : weight_least2;
			const float weight_most2 = net->input_weight_most[j];
			net->input_weight_most[j] = weight_most2 < w ? w : weight_most2;
		}
	}
	STORED;
}

static void
input_weight_learn(struct learning *restrict net, int64_t lo, int64_t hi)
{
	if (net->learning) {
		/* <lib>/rules/two_factor.snn:25: on pre { w -= scale * (nu.pre * y * pre.spike)
		 * } */
		if (net->target_spiking_any_count == 0u) {
			for (int64_t k = 0, k_end = net->source_spiking_any_count; k < k_end; k++) {
				const int64_t i = net->source_spiking_any[k];
				INDEPENDENT
				for (int64_t j = lo; j < hi; j++) {
					net->input_weight_change[j] = 0.0f;
				}
				for (int64_t b = 0; b < 2; b++) {
					if (net->source_spikes[b][i]) {
						INDEPENDENT
						for (int64_t j = lo; j < hi; j++) {
							net->input_weight_change[j] += 0.01f
							    * net->target_y[b][j];
						}
						STORED;
					}
				}
				INDEPENDENT
				for (int64_t j = lo; j < hi; j++) {
					const float w = net->input_weight[i][j]
					    - net->input_weight_change[j];
					const float w2 = w < 0.0f ? 0.0f : w;
					net->input_weight[i][j] = w2 > 12.0f ? 12.0f : w2;
				}
			}
		} else {
			for (int64_t k = 0, k_end = net->source_spiking_any_count; k < k_end; k++) {
				const int64_t i = net->source_spiking_any[k];
				INDEPENDENT
				for (int64_t j = lo; j < hi; j++) {
					net->input_weight_change[j] = 0.0f;
				}
				for (int64_t b = 0; b < 2; b++) {
					if (net->source_spikes[b][i]) {
						INDEPENDENT
						for (int64_t j = lo; j < hi; j++) {
							net->input_weight_change[j] += 0.01f
							    * net->target_y[b][j];
						}
						STORED;
					}
				}
				INDEPENDENT
				for (int64_t j = lo; j < hi; j++) {
					net->input_weight[i][j] -= net->input_weight_change[j];
				}
			}
		}
		/* <lib>/rules/two_factor.snn:26: on post { w += scale * (nu.post * x *
		 * post.spike) } */
		for (int64_t k = 0, k_end = net->target_spiking_any_count; k < k_end; k++) {
			const int64_t j = net->target_spiking_any[k];
			if ((j >= lo) & (j < hi)) {
				INDEPENDENT
				for (int64_t i = 0; i < 6; i++) {
					float change = 0.0f;
					for (int64_t b = 0; b < 2; b++) {
						const float x = net->source_x[b][i];
						change += net->target_spikes[b][j] ? 0.1f * x
						    : 0.0f;
					}
					const float w = net->input_weight[i][j] + change;
					const float w2 = w < 0.0f ? 0.0f : w;
					net->input_weight[i][j] = w2 > 12.0f ? 12.0f : w2;
				}
				STORED;
			}
		}
		if (net->target_spiking_any_count != 0u) {
			const int64_t rows = net->source_spiking_any_count;
			const int64_t whole = rows & -4;
			for (int64_t k = 0; k < whole; k += 4) {
				const int64_t i = net->source_spiking_any[k];
				const int64_t i2 = net->source_spiking_any[k + 1];
				const int64_t i3 = net->source_spiking_any[k + 2];
				const int64_t i4 = net->source_spiking_any[k + 3];
				INDEPENDENT
				for (int64_t j = lo; j < hi; j++) {
					const float w = net->input_weight[i][j];
					const float w2 = w < 0.0f ? 0.0f : w;
					net->input_weight[i][j] = w2 > 12.0f ? 12.0f : w2;
					const float w3 = net->input_weight[i2][j];
					const float w4 = w3 < 0.0f ? 0.0f : w3;
					net->input_weight[i2][j] = w4 > 12.0f ? 12.0f : w4;
					const float w5 = net->input_weight[i3][j];
					const float w6 = w5 < 0.0f ? 0.0f : w5;
					net->input_weight[i3][j] = w6 > 12.0f ? 12.0f : w6;
					const float w7 = net->input_weight[i4][j];
					const float w8 = w7 < 0.0f ? 0.0f : w7;
					net->input_weight[i4][j] = w8 > 12.0f ? 12.0f : w8;
				}
			}
			for (int64_t k = whole; k < rows; k++) {
				const int64_t i = net->source_spiking_any[k];
				INDEPENDENT
				for (int64_t j = lo; j < hi; j++) {
					const float w = net->input_weight[i][j];
					const float w2 = w < 0.0f ? 0.0f : w;
					net->input_weight[i][j] = w2 > 12.0f ? 12.0f : w2;
				}
			}
			STORED;
		}
		if (net->input_weight_unclipped) {
			for (int64_t i = 0; i < 6; i++) {
				INDEPENDENT
				for (int64_t j = lo; j < hi; j++) {
					const float w = net->input_weight[i][j];
					const float w2 = w < 0.0f ? 0.0f : w;
					net->input_weight[i][j] = w2 > 12.0f ? 12.0f : w2;
				}
			}
			STORED;
		}
		STORED;
	}
	STORED;
}

/* A: deliver the spikes of the previous step */
static int64_t
step(struct learning *net)
{
	int64_t status;
	target_collect(net, 0, 4);

	/* B: update the layers */
	source_update(net, 0, 6);
	source_find_spikes(net);
	target_update(net, 0, 4);
	target_find_spikes(net);

	/* C: learn */
	input_weight_learn(net, 0, 4);
	if (net->learning)
		net->input_weight_unclipped = false;

	/* D: record */
	if ((status = snnrt_record(net->host, TARGET_SPIKES, (int64_t)net->step,
	    net->target_spikes)) < 0)
		return status;
	if ((net->step + 1u) % 5u == 0u) {
		if ((status = snnrt_record(net->host, RECORD_INPUT_WEIGHT, (int64_t)net->step,
		    net->input_weight)) < 0)
			return status;
	}
	net->step++;
	if ((status = snnrt_poll(net->host)) < 0)
		return status;
	return 0;
}

static int64_t
program(struct learning *net)
{
	int64_t status;
	if (!net->resuming) {
		source_init(net);
		target_init(net, 0, 4);
		input_weight_init(net, 0, 6);
		net->learning = true;
	}
	if ((status = snnrt_begin(net->host)) < 0)
		return status;
	if (!net->resuming | (net->place == 0)) {
		if (!net->resuming) {
			net->place = 0;
			net->began = net->step;
		}
		for (int64_t t = (int64_t)(net->step - net->began); t < 20; t++) {
			if ((status = step(net)) < 0)
				return status;
		}
		net->resuming = false;
		input_weight_normalize(net, 0, 4);
		input_weight_find_unclipped(net);
		input_weight_find_zeros(net);
		if (net->input_weight_zeros[0] > 0) {
			if ((status = snnrt_warn(net->host, WARN_INPUT_WEIGHT,
			    net->input_weight_zeros[0], net->input_weight_zeros[1])) < 0)
				return status;
		}
	}
	if (!net->resuming)
		net->learning = false;
	if (!net->resuming | (net->place == 1)) {
		if (!net->resuming) {
			net->place = 1;
			net->began = net->step;
		}
		for (int64_t t = (int64_t)(net->step - net->began); t < 5; t++) {
			if ((status = step(net)) < 0)
				return status;
		}
		net->resuming = false;
		input_weight_normalize(net, 0, 4);
		input_weight_find_unclipped(net);
		input_weight_find_zeros(net);
		if (net->input_weight_zeros[0] > 0) {
			if ((status = snnrt_warn(net->host, WARN_INPUT_WEIGHT,
			    net->input_weight_zeros[0], net->input_weight_zeros[1])) < 0)
				return status;
		}
	}
	if ((status = snnrt_save(net->host, W_NPY)) < 0)
		return status;
	return 0;
}

/* name, type, role, axes, place and bytes in the struct, values */
static const snnrt_buffer buffers[] = {
	{"seed", SNNRT_U64, SNNRT_STATE, 0, {{0, 0}}, 64, 8, 0, NULL},
	{"step", SNNRT_U64, SNNRT_STATE, 0, {{0, 0}}, 128, 8, 0, NULL},
	{"learning", SNNRT_BOOL, SNNRT_STATE, 0, {{0, 0}}, 192, 1, 0, NULL},
	{"resuming", SNNRT_BOOL, SNNRT_DERIVED, 0, {{0, 0}}, 256, 1, 0, NULL},
	{"place", SNNRT_I64, SNNRT_DERIVED, 0, {{0, 0}}, 320, 8, 0, NULL},
	{"began", SNNRT_U64, SNNRT_DERIVED, 0, {{0, 0}}, 384, 8, 0, NULL},
	{"source.spikes", SNNRT_BOOL, SNNRT_STATE, 2, {{SNNRT_BATCH, 2}, {SNNRT_NEURON, 6}}, 448,
	    12, 0, NULL},
	{"source.x", SNNRT_F32, SNNRT_STATE, 2, {{SNNRT_BATCH, 2}, {SNNRT_NEURON, 6}}, 512, 48, 0,
	    NULL},
	{"source.spiking", SNNRT_U16, SNNRT_DERIVED, 2, {{SNNRT_BATCH, 2}, {SNNRT_NEURON, 6}}, 576,
	    24, 0, NULL},
	{"source.spiking_count", SNNRT_U32, SNNRT_DERIVED, 1, {{SNNRT_BATCH, 2}}, 640, 8, 0, NULL},
	{"source.spiking_any", SNNRT_U16, SNNRT_DERIVED, 1, {{SNNRT_NEURON, 6}}, 704, 12, 0, NULL},
	{"source.spiking_any_count", SNNRT_U32, SNNRT_DERIVED, 0, {{0, 0}}, 768, 4, 0, NULL},
	{"target.v", SNNRT_F32, SNNRT_STATE, 2, {{SNNRT_BATCH, 2}, {SNNRT_NEURON, 4}}, 832, 32, 0,
	    NULL},
	{"target.wait", SNNRT_F32, SNNRT_STATE, 2, {{SNNRT_BATCH, 2}, {SNNRT_NEURON, 4}}, 896, 32,
	    0, NULL},
	{"target.spikes", SNNRT_BOOL, SNNRT_STATE, 2, {{SNNRT_BATCH, 2}, {SNNRT_NEURON, 4}}, 960, 8,
	    0, NULL},
	{"target.y", SNNRT_F32, SNNRT_STATE, 2, {{SNNRT_BATCH, 2}, {SNNRT_NEURON, 4}}, 1024, 32, 0,
	    NULL},
	{"target.spiking", SNNRT_U16, SNNRT_DERIVED, 2, {{SNNRT_BATCH, 2}, {SNNRT_NEURON, 4}}, 1088,
	    16, 0, NULL},
	{"target.spiking_count", SNNRT_U32, SNNRT_DERIVED, 1, {{SNNRT_BATCH, 2}}, 1152, 8, 0, NULL},
	{"target.spiking_any", SNNRT_U16, SNNRT_DERIVED, 1, {{SNNRT_NEURON, 4}}, 1216, 8, 0, NULL},
	{"target.spiking_any_count", SNNRT_U32, SNNRT_DERIVED, 0, {{0, 0}}, 1280, 4, 0, NULL},
	{"target.input", SNNRT_F32, SNNRT_SCRATCH, 2, {{SNNRT_BATCH, 2}, {SNNRT_NEURON, 4}}, 1344,
	    32, 0, NULL},
	{"input.weight", SNNRT_F32, SNNRT_STATE, 2, {{SNNRT_PRE, 6}, {SNNRT_POST, 4}}, 1408, 96, 0,
	    NULL},
	{"input.weight_unclipped", SNNRT_BOOL, SNNRT_STATE, 0, {{0, 0}}, 1536, 1, 0, NULL},
	{"source.spiking_flag", SNNRT_BOOL, SNNRT_SCRATCH, 1, {{SNNRT_NEURON, 6}}, 1600, 6, 0,
	    NULL},
	{"target.spiking_flag", SNNRT_BOOL, SNNRT_SCRATCH, 1, {{SNNRT_NEURON, 4}}, 1664, 4, 0,
	    NULL},
	{"input.weight_zero", SNNRT_BOOL, SNNRT_SCRATCH, 1, {{SNNRT_POST, 4}}, 1728, 4, 0, NULL},
	{"input.weight_zeros", SNNRT_I64, SNNRT_SCRATCH, 1, {{SNNRT_SLOT, 2}}, 1792, 16, 0, NULL},
	{"input.weight_least", SNNRT_F32, SNNRT_SCRATCH, 1, {{SNNRT_POST, 4}}, 1856, 16, 0, NULL},
	{"input.weight_most", SNNRT_F32, SNNRT_SCRATCH, 1, {{SNNRT_POST, 4}}, 1920, 16, 0, NULL},
	{"input.weight_sum", SNNRT_F32, SNNRT_SCRATCH, 1, {{SNNRT_POST, 4}}, 1984, 16, 0, NULL},
	{"input.weight_change", SNNRT_F32, SNNRT_SCRATCH, 1, {{SNNRT_POST, 4}}, 2048, 16, 0, NULL},
};

/* kind, name, how many texts, buffers and numbers, and which */
static const snnrt_object objects[] = {
	{SNNRT_OBJ_RECORD, "target.spikes", 1, 1, 1, (const char *const[]){"events"},
	    (const uint32_t[]){14}, (const int64_t[]){1}},
	{SNNRT_OBJ_RECORD, "input.weight", 1, 1, 1, (const char *const[]){"dense"},
	    (const uint32_t[]){21}, (const int64_t[]){5}},
	{SNNRT_OBJ_WARN, "input.weight", 5, 0, 0,
	    (const char *const[]){"learning.snn:8", "W0501", "the values of", "target",
	    "of `input.weight` sum up to zero: the norm leaves them as they are"}, NULL, NULL},
	{SNNRT_OBJ_SAVE, "w.npy", 1, 1, 0, (const char *const[]){"w.npy"}, (const uint32_t[]){21},
	    NULL},
};

static int64_t
entry(void *arena, void *closure)
{
	(void)closure;
	return program(arena);
}

static const snnrt_program learning = {
	.version = SNNRT_VERSION,
	.name = "learning",
	.source_hash = "(hash)",
	.plan_hash = "(hash)",
	.real = SNNRT_F32,
	.dt = 1.0,
	.seed = 0u,
	.arena_bytes = sizeof(struct learning),
	.nbuffers = 31,
	.buffers = buffers,
	.nobjects = 4,
	.objects = objects,
	.entry = entry,
};

int
main(int argc, char **argv)
{
	return snnrt_main(argc, argv, &learning);
}
