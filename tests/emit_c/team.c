/* step.c: the network `step`, made by snnc from step.snn.
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
#ifdef __AVX2__
#include <immintrin.h>
#endif

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

/* The next n bytes, each 0 or 1, as bits; at most 64. The factor brings the low bits of eight
 * bytes together in the top one. */
static inline uint64_t
mask_of(const uint8_t *x, int64_t n)
{
	uint64_t bits = 0, eight;
	int64_t k = 0;
	if (n >= 64) {
#if defined(__AVX512BW__)
		const __m512i all = _mm512_loadu_si512(x);
		return _mm512_test_epi8_mask(all, all);
#elif defined(__AVX2__)
		const __m256i low = _mm256_loadu_si256((const __m256i *)x);
		const __m256i high = _mm256_loadu_si256((const __m256i *)(x + 32));
		const uint32_t a = (uint32_t)_mm256_movemask_epi8(_mm256_slli_epi16(low, 7));
		const uint32_t b = (uint32_t)_mm256_movemask_epi8(_mm256_slli_epi16(high, 7));
		return (uint64_t)b << 32 | a;
#endif
		n = 64;
	}
	for (; k + 8 <= n; k += 8) {
		memcpy(&eight, x + k, sizeof eight);
		bits |= (eight * 0x0102040810204080 >> 56) << k;
	}
	for (; k < n; k++)
		bits |= (uint64_t)x[k] << k;
	return bits;
}

static inline uint64_t
trailing_zeros(uint64_t x)
{
	return x ? (uint64_t)__builtin_ctzll(x) : 64;
}

/* Where the part of thread t begins: cuts are multiples of `unit`. */
static inline int64_t
part_begin(int64_t range, int64_t unit, int64_t t, int64_t of)
{
	const int64_t at = (range + unit - 1) / unit * t / of * unit;
	return at < range ? at : range;
}

/* The event that the share of thread t begins with, as its place in their list; and what it is. */
static inline int64_t
event_at(int64_t count, int64_t t, int64_t of)
{
	return t < of ? count * t / of : 0;
}

static inline int64_t
event_begin(int64_t range, int64_t count, int64_t event, int64_t t, int64_t of)
{
	if (t == 0 || t == of)
		return t ? range : 0;
	return count ? event : part_begin(range, 1, t, of);
}

/* What the host keeps for the protocol; see `objects`. */
enum { IN };

/* All that the network is: one block of memory, zeroed by the host. */
struct step {
	void *host;
	_Alignas(64) uint64_t seed;             /* state */
	_Alignas(64) uint64_t step;             /* state */
	_Alignas(64) uint32_t in_word[512];     /* scratch by neuron */
	_Alignas(64) uint8_t in_s[512];         /* state by neuron; 0 or 1 */
	_Alignas(64) uint16_t in_spiking[512];  /* derived by neuron */
	_Alignas(64) uint32_t in_count;         /* derived */
	_Alignas(64) float out_input[2048];     /* scratch by neuron */
	_Alignas(64) float out_v[2048];         /* state by neuron */
	_Alignas(64) uint8_t out_s[2048];       /* state by neuron; 0 or 1 */
	_Alignas(64) uint16_t out_spiking[2048]; /* derived by neuron */
	_Alignas(64) uint32_t out_count;        /* derived */
	_Alignas(64) float out_sum;             /* state */
	_Alignas(64) float w[512][2048];        /* state by pre, post */
	_Alignas(64) uint64_t row[513];         /* state by pre */
	_Alignas(64) uint16_t target[20480];    /* state by synapse */
	_Alignas(64) float u[20480];            /* state by synapse */
};

/* The host and checkpoints know these places. */
#define AT(member, place) \
	_Static_assert(offsetof(struct step, member) == (place), #member)
AT(seed, 64);
AT(step, 128);
AT(in_word, 192);
AT(in_s, 2240);
AT(in_spiking, 2752);
AT(in_count, 3776);
AT(out_input, 3840);
AT(out_v, 12032);
AT(out_s, 20224);
AT(out_spiking, 22272);
AT(out_count, 26368);
AT(out_sum, 26432);
AT(w, 26496);
AT(row, 4220800);
AT(target, 4224960);
AT(u, 4265920);
_Static_assert(sizeof(struct step) == 4347840, "size");

static void
in_draw(struct step *restrict n, int64_t lo, int64_t hi)
{
	INDEPENDENT
	for (int64_t q = lo; q < hi; q++) {
		n->in_word[q * 4] = (uint32_t)q;
		n->in_word[q * 4 + 1] = (uint32_t)q * 3u;
		n->in_word[q * 4 + 2] = (uint32_t)q * 5u;
		n->in_word[q * 4 + 3] = (uint32_t)q * 7u;
	}
	STORED;
}

static void
in_update(struct step *restrict n, int64_t lo, int64_t hi)
{
	INDEPENDENT
	for (int64_t j = lo; j < hi; j++)
		n->in_s[j] = n->in_word[j] < 100u;
	STORED;
}

static void
in_find(struct step *restrict n)
{
	int64_t found = 0;
	for (int64_t q = 0; q < 512; q += 64) {
		uint64_t bits = mask_of(&n->in_s[q], 512 - q);
		while (bits != 0u) {
			const int64_t j = q + (int64_t)trailing_zeros(bits);
			bits &= bits - 1u;
			n->in_spiking[found] = (uint16_t)j;
			found++;
		}
	}
	n->in_count = (uint32_t)found;
	STORED;
}

static void
out_deliver(struct step *restrict n, int64_t lo, int64_t hi)
{
	INDEPENDENT
	for (int64_t j = lo; j < hi; j++)
		n->out_input[j] = 0.0f;
	for (int64_t k = 0, k_end = n->in_count; k < k_end; k++) {
		const int64_t i = n->in_spiking[k];
		INDEPENDENT
		for (int64_t j = lo; j < hi; j++)
			n->out_input[j] += n->w[i][j];
	}
	STORED;
}

static void
out_update(struct step *restrict n, int64_t lo, int64_t hi)
{
	INDEPENDENT
	for (int64_t j = lo; j < hi; j++) {
		const float v = n->out_v[j] * 0.9f + n->out_input[j];
		n->out_s[j] = v > 1.0f;
		n->out_v[j] = v > 1.0f ? 0.0f : v;
	}
	STORED;
}

static void
out_find(struct step *restrict n)
{
	int64_t found = 0;
	for (int64_t q = 0; q < 2048; q += 64) {
		uint64_t bits = mask_of(&n->out_s[q], 2048 - q);
		while (bits != 0u) {
			const int64_t j = q + (int64_t)trailing_zeros(bits);
			bits &= bits - 1u;
			n->out_spiking[found] = (uint16_t)j;
			found++;
		}
	}
	n->out_count = (uint32_t)found;
	STORED;
}

static void
out_sum(struct step *restrict n)
{
	for (int64_t k = 0, k_end = n->out_count; k < k_end; k++)
		n->out_sum += n->out_v[n->out_spiking[k]];
	STORED;
}

static void
u_learn(struct step *restrict n, int64_t lo, int64_t hi)
{
	for (int64_t k = 0, k_end = n->in_count; k < k_end; k++) {
		const int64_t i = n->in_spiking[k];
		if ((i >= lo) & (i < hi)) {
			for (int64_t e = (int64_t)n->row[i], e_end = (int64_t)n->row[i + 1]; e
			    < e_end; e++)
				n->u[e] -= n->out_v[n->target[e]];
		}
	}
	STORED;
}

static void
u_clip(struct step *restrict n, int64_t lo, int64_t hi)
{
	for (int64_t k = 0, k_end = n->in_count; k < k_end; k++) {
		const int64_t i = n->in_spiking[k];
		if ((i >= lo) & (i < hi)) {
			for (int64_t e = (int64_t)n->row[i], e_end = (int64_t)n->row[i + 1]; e
			    < e_end; e++)
				n->u[e] = n->u[e] < 0.0f ? 0.0f : n->u[e];
		}
	}
	STORED;
}

static void
u_decay(struct step *restrict n, int64_t lo, int64_t hi)
{
	for (int64_t i = lo; i < hi; i++) {
		INDEPENDENT
		for (int64_t e = (int64_t)n->row[i], e_end = (int64_t)n->row[i + 1]; e < e_end; e++)
			n->u[e] *= 0.99f;
	}
	STORED;
}

/* What thread `me` of `of` does. */
static void
step_team(void *arena, int64_t me, int64_t of)
{
	struct step *n = arena;
	in_draw(n, part_begin(128, 16, me, of), part_begin(128, 16, me + 1, of));
	out_deliver(n, part_begin(2048, 64, me, of), part_begin(2048, 64, me + 1, of));
	in_update(n, part_begin(512, 64, me, of), part_begin(512, 64, me + 1, of));
	out_update(n, part_begin(2048, 64, me, of), part_begin(2048, 64, me + 1, of));
	snnrt_meet(n->host);
	if (me == 0 % of) {
		in_find(n);
	}
	if (me == 1 % of) {
		out_find(n);
	}
	if (me == 1 % of) {
		out_sum(n);
	}
	snnrt_meet(n->host);
	u_learn(n,
	    event_begin(512, n->in_count, n->in_spiking[event_at(n->in_count, me, of)], me, of),
	    event_begin(512, n->in_count, n->in_spiking[event_at(n->in_count, me + 1, of)], me + 1,
	    of));
	u_clip(n,
	    event_begin(512, n->in_count, n->in_spiking[event_at(n->in_count, me, of)], me, of),
	    event_begin(512, n->in_count, n->in_spiking[event_at(n->in_count, me + 1, of)], me + 1,
	    of));
	snnrt_meet(n->host);
	u_decay(n, part_begin(512, 64, me, of), part_begin(512, 64, me + 1, of));
}

/* draws come first; the update needs only what its own part drew */
static int64_t
step2(struct step *n)
{
	int64_t status;
	if (!snnrt_team(n->host, step_team)) {
		in_draw(n, 0, 128);
		out_deliver(n, 0, 2048);
		in_update(n, 0, 512);
		out_update(n, 0, 2048);
		in_find(n);
		out_find(n);
		out_sum(n);
		u_learn(n, 0, 512);
		u_clip(n, 0, 512);
		u_decay(n, 0, 512);
	}
	if ((status = snnrt_record(n->host, IN, (int64_t)n->step, n->in_s)) < 0)
		return status;
	n->step++;
	if ((status = snnrt_poll(n->host)) < 0)
		return status;
	return 0;
}

static int64_t
program(struct step *n)
{
	int64_t status;
	if ((status = snnrt_begin(n->host)) < 0)
		return status;
	for (int64_t t = 0; t < 20; t++) {
		if ((status = step2(n)) < 0)
			return status;
	}
	return 0;
}

/* name, type, role, axes, place and bytes in the struct, values */
static const snnrt_buffer buffers[] = {
	{"seed", SNNRT_U64, SNNRT_STATE, 0, {{0, 0}}, 64, 8, 0, NULL},
	{"step", SNNRT_U64, SNNRT_STATE, 0, {{0, 0}}, 128, 8, 0, NULL},
	{"in.word", SNNRT_U32, SNNRT_SCRATCH, 2, {{SNNRT_BATCH, 1}, {SNNRT_NEURON, 512}}, 192, 2048,
	    0, NULL},
	{"in.s", SNNRT_BOOL, SNNRT_STATE, 2, {{SNNRT_BATCH, 1}, {SNNRT_NEURON, 512}}, 2240, 512, 0,
	    NULL},
	{"in.spiking", SNNRT_U16, SNNRT_DERIVED, 2, {{SNNRT_BATCH, 1}, {SNNRT_NEURON, 512}}, 2752,
	    1024, 0, NULL},
	{"in.count", SNNRT_U32, SNNRT_DERIVED, 1, {{SNNRT_BATCH, 1}}, 3776, 4, 0, NULL},
	{"out.input", SNNRT_F32, SNNRT_SCRATCH, 2, {{SNNRT_BATCH, 1}, {SNNRT_NEURON, 2048}}, 3840,
	    8192, 0, NULL},
	{"out.v", SNNRT_F32, SNNRT_STATE, 2, {{SNNRT_BATCH, 1}, {SNNRT_NEURON, 2048}}, 12032, 8192,
	    0, NULL},
	{"out.s", SNNRT_BOOL, SNNRT_STATE, 2, {{SNNRT_BATCH, 1}, {SNNRT_NEURON, 2048}}, 20224, 2048,
	    0, NULL},
	{"out.spiking", SNNRT_U16, SNNRT_DERIVED, 2, {{SNNRT_BATCH, 1}, {SNNRT_NEURON, 2048}},
	    22272, 4096, 0, NULL},
	{"out.count", SNNRT_U32, SNNRT_DERIVED, 1, {{SNNRT_BATCH, 1}}, 26368, 4, 0, NULL},
	{"out.sum", SNNRT_F32, SNNRT_STATE, 0, {{0, 0}}, 26432, 4, 0, NULL},
	{"w", SNNRT_F32, SNNRT_STATE, 2, {{SNNRT_PRE, 512}, {SNNRT_POST, 2048}}, 26496, 4194304, 0,
	    NULL},
	{"row", SNNRT_U64, SNNRT_STATE, 1, {{SNNRT_PRE, 513}}, 4220800, 4104, 0, NULL},
	{"target", SNNRT_U16, SNNRT_STATE, 1, {{SNNRT_SYNAPSE, 20480}}, 4224960, 40960, 0, NULL},
	{"u", SNNRT_F32, SNNRT_STATE, 1, {{SNNRT_SYNAPSE, 20480}}, 4265920, 81920, 0, NULL},
};

/* kind, name, how many texts, buffers and numbers, and which */
static const snnrt_object objects[] = {
	{SNNRT_OBJ_RECORD, "in", 1, 1, 1, (const char *const[]){"events"}, (const uint32_t[]){3},
	    (const int64_t[]){1}},
};

static int64_t
entry(void *arena, void *closure)
{
	(void)closure;
	return program(arena);
}

static const snnrt_program step = {
	.version = SNNRT_VERSION,
	.name = "step",
	.source_hash = "0123456789abcdef",
	.plan_hash = "0f813cacc905f36f",
	.real = SNNRT_F32,
	.dt = 1.0,
	.seed = 0u,
	.arena_bytes = sizeof(struct step),
	.nbuffers = 16,
	.buffers = buffers,
	.nobjects = 1,
	.objects = objects,
	.entry = entry,
};

int
main(int argc, char **argv)
{
	return snnrt_main(argc, argv, &step);
}
