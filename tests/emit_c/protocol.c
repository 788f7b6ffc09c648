/* protocol.c: the network `protocol`, made by snnc from protocol.snn.
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

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __FAST_MATH__
#error "-ffast-math changes results"
#endif
#ifdef __clang__
#pragma STDC FP_CONTRACT OFF
#pragma clang diagnostic ignored "-Wbitwise-instead-of-logical"
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

static inline float
f32_of_bits(uint32_t bits)
{
	float x;
	memcpy(&x, &bits, sizeof x);
	return x;
}

static inline uint32_t
bits_of_f32(float x)
{
	uint32_t bits;
	memcpy(&bits, &x, sizeof bits);
	return bits;
}

/* Half precision by its bits. A multiplication moves the exponent, which also gets
 * subnormals right. */
static inline float
f32_of_f16(uint16_t h)
{
	const uint32_t size = (uint32_t)(h & 0x7fff) << 13;
	const uint32_t special = -(uint32_t)(size >= 0x0f800000) & 0x7f800000;
	const uint32_t bits = bits_of_f32(f32_of_bits(size) * 0x1p112f) | special;
	return f32_of_bits(bits | (uint32_t)(h & 0x8000) << 16);
}

/* The upper half of a float. */
static inline float
f32_of_bf16(uint16_t h)
{
	return f32_of_bits((uint32_t)h << 16);
}

/* What the host keeps for the protocol; see `objects`. */
enum { DIGITS, TRAIN, OUT_SPIKES };

/* All that the network is: one block of memory, zeroed by the host. */
struct protocol {
	void *host;
	_Alignas(64) uint64_t seed;             /* state */
	_Alignas(64) uint64_t step;             /* state */
	_Alignas(64) uint8_t learning;          /* state; 0 or 1 */
	_Alignas(64) float image[4];            /* scratch by neuron */
	_Alignas(64) int64_t got;               /* state */
	_Alignas(64) float out_v[3];            /* state by neuron */
	_Alignas(64) uint8_t out_spikes[3];     /* state by neuron; 0 or 1 */
	_Alignas(64) uint16_t out_weight[4][3]; /* constant by pre, post; half precision */
	_Alignas(64) uint16_t out_bias[3];      /* constant by post; bfloat16 */
	_Alignas(64) uint8_t out_mask[3];       /* constant by post; 0 or 1 */
	_Alignas(64) float out_zero[3];         /* constant by post */
	_Alignas(64) int64_t out_delay[2];      /* constant by post */
};

/* The host and checkpoints know these places. */
#define AT(member, place) \
	_Static_assert(offsetof(struct protocol, member) == (place), #member)
AT(seed, 64);
AT(step, 128);
AT(learning, 192);
AT(image, 256);
AT(got, 320);
AT(out_v, 384);
AT(out_spikes, 448);
AT(out_weight, 512);
AT(out_bias, 576);
AT(out_mask, 640);
AT(out_zero, 704);
AT(out_delay, 768);
_Static_assert(sizeof(struct protocol) == 832, "size");

/* The only batch item: its loop is gone. */
static void
out_update(struct protocol *restrict net)
{
	INDEPENDENT
	for (int64_t j = 0; j < 3; j++) {
		float sum = f32_of_bf16(net->out_bias[j]);
		for (int64_t i = 0; i < 4; i++)
			sum += f32_of_f16(net->out_weight[i][j]) * net->image[i];
		const float v2 = net->out_v[j];
		const float zero = net->out_zero[j];
		const float v = net->out_mask[j] ? v2 * 0.95f + sum : zero;
		const bool spike = v >= 1.0f;
		net->out_spikes[j] = spike;
		net->out_v[j] = spike ? 0.0f : v;
	}
	STORED;
}

static int64_t
step(struct protocol *net)
{
	int64_t status;
	out_update(net);
	net->step++;
	if ((status = snnrt_record(net->host, OUT_SPIKES, (int64_t)net->step, net->out_spikes)) < 0)
		return status;
	if ((status = snnrt_poll(net->host)) < 0)
		return status;
	return 0;
}

/* The protocol: three samples of four steps. */
static int64_t
program(struct protocol *net)
{
	int64_t status;
	if ((status = snnrt_begin(net->host)) < 0)
		return status;
	net->got = 0;
	net->learning = true;
	if ((status = snnrt_phase(net->host, TRAIN, 1)) < 0)
		return status;
	for (int64_t sample = 0; sample < 3; sample++) {
		const int64_t n = snnrt_fetch(net->host, DIGITS, 0, sample, net->image);
		if (n < 0)
			return n;
		net->got += n;
		for (int64_t t = 0; t < 4; t++) {
			if ((status = step(net)) < 0)
				return status;
		}
		if ((status = snnrt_sample(net->host, TRAIN, sample + 1)) < 0)
			return status;
	}
	if ((status = snnrt_phase(net->host, TRAIN, 0)) < 0)
		return status;
	return 0;
}

static const uint16_t out_weight_data[12] = {
	0x3800, 0x3400, 0xbe00, 0x3c00, 0x4000, 0x4200, 0x2e66, 0x3266, 0x0001, 0x7bff, 0x8000,
	0x00a8,
};

static const uint16_t out_bias_data[3] = {
	0x3dcd, 0xc040, 0x714a,
};

static const uint8_t out_mask_data[3] = {
	1, 0, 1,
};

static const int64_t out_delay_data[2] = {
	0, INT64_MIN,
};

/* name, type, role, axes, place and bytes in the struct, values */
static const snnrt_buffer buffers[] = {
	{"seed", SNNRT_U64, SNNRT_STATE, 0, {{0, 0}}, 64, 8, 0, NULL},
	{"step", SNNRT_U64, SNNRT_STATE, 0, {{0, 0}}, 128, 8, 0, NULL},
	{"learning", SNNRT_BOOL, SNNRT_STATE, 0, {{0, 0}}, 192, 1, 0, NULL},
	{"image", SNNRT_F32, SNNRT_SCRATCH, 2, {{SNNRT_BATCH, 1}, {SNNRT_NEURON, 4}}, 256, 16, 0,
	    NULL},
	{"got", SNNRT_I64, SNNRT_STATE, 0, {{0, 0}}, 320, 8, 0, NULL},
	{"out.v", SNNRT_F32, SNNRT_STATE, 2, {{SNNRT_BATCH, 1}, {SNNRT_NEURON, 3}}, 384, 12, 0,
	    NULL},
	{"out.spikes", SNNRT_BOOL, SNNRT_STATE, 2, {{SNNRT_BATCH, 1}, {SNNRT_NEURON, 3}}, 448, 3, 0,
	    NULL},
	{"out.weight", SNNRT_F16, SNNRT_CONST, 2, {{SNNRT_PRE, 4}, {SNNRT_POST, 3}}, 512, 24, 0,
	    out_weight_data},
	{"out.bias", SNNRT_BF16, SNNRT_CONST, 1, {{SNNRT_POST, 3}}, 576, 6, 0, out_bias_data},
	{"out.mask", SNNRT_BOOL, SNNRT_CONST, 1, {{SNNRT_POST, 3}}, 640, 3, 0, out_mask_data},
	{"out.zero", SNNRT_F32, SNNRT_CONST, 1, {{SNNRT_POST, 3}}, 704, 12, 0, NULL},
	{"out.delay", SNNRT_I64, SNNRT_CONST, 1, {{SNNRT_POST, 2}}, 768, 16, 0, out_delay_data},
};

/* kind, name, how many texts, buffers and numbers, and which */
static const snnrt_object objects[] = {
	{SNNRT_OBJ_DATA, "digits", 4, 0, 8,
	    (const char *const[]){"idx", "images \"one\".gz", "labels\077\077.gz", ""}, NULL,
	    (const int64_t[]){10, 10, 2, 12, 1, 4, 6, 0}},
	{SNNRT_OBJ_PHASE, "train", 0, 0, 2, NULL, NULL, (const int64_t[]){3, 3}},
	{SNNRT_OBJ_RECORD, "out.spikes", 1, 1, 1, (const char *const[]){"events"},
	    (const uint32_t[]){6}, (const int64_t[]){1}},
};

static int64_t
entry(void *arena, void *closure)
{
	(void)closure;
	return program(arena);
}

static const snnrt_program protocol = {
	.version = SNNRT_VERSION,
	.name = "protocol",
	.source_hash = "0123456789abcdef",
	.plan_hash = "3ed3b66379ca7346",
	.real = SNNRT_F32,
	.dt = 0.5,
	.seed = 7u,
	.arena_bytes = sizeof(struct protocol),
	.nbuffers = 12,
	.buffers = buffers,
	.nobjects = 3,
	.objects = objects,
	.entry = entry,
};

int
main(int argc, char **argv)
{
	return snnrt_main(argc, argv, &protocol);
}
