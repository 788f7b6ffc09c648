/* limits.c: what this machine can do: one thread, the best of several turns. Prints JSON.
 *
 * Per size of the working set, from 24 KiB to 256 MiB, on huge pages where the system has them: GB/s of reading, of updating in place (bytes read
 * and written both count), of copying and of the triad a = b + s * c (STREAM; McCalpin 1995); millions of read-modify-writes of a float at
 * random places per second, in each line of the set. And GFLOP/s of fused multiply-adds, and of divisions, on registers; and thousand millions
 * of products of integers per second, as a generator of random words mixes by them (Salmon et al. 2011): both halves of a product, each with
 * two others by exclusive or (without AVX2 one by one, which is not what a vector unit could do). cc -O3 -march=native -ffp-contract=off
 */
#define _DEFAULT_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#ifdef __AVX2__
#include <immintrin.h>
#endif

/* A vector is one register: of two halves, gcc 12 keeps the chains in memory. */
#if defined __AVX512F__
enum { LANES = 16 };
#elif defined __AVX__
enum { LANES = 8 };
#else
enum { LANES = 4 };
#endif
enum { TURNS = 7, CHAINS = 12, PLACES = 1 << 16, LINE = 16 };          /* PLACES at least; floats of a line */

typedef float Vec __attribute__((vector_size(4 * LANES)));

static volatile float sink;

static double
now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);        /* whoever else is on this core does not count */
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void
read_all(const float *a, size_t n)
{
	Vec s[8] = {0};
	for (size_t i = 0; i + 8 * LANES <= n; i += 8 * LANES)
		for (int k = 0; k < 8; k++)
			s[k] += *(const Vec *)(a + i + k * LANES);
	Vec all = s[0] + s[1] + s[2] + s[3] + s[4] + s[5] + s[6] + s[7];
	sink = all[0] + all[LANES - 1];
}

static void
update_all(float *a, size_t n)
{
	for (size_t i = 0; i < n; i++)
		a[i] = a[i] * 0.999f + 0.001f;
}

static void
copy_all(float *restrict a, const float *restrict b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		a[i] = b[i] + 0.5f;
}

static void
triad(float *restrict a, const float *restrict b, const float *restrict c, size_t n)
{
	for (size_t i = 0; i < n; i++)
		a[i] = b[i] + 1.5f * c[i];
}

static void
add_at(float *a, const uint32_t *place, size_t n)
{
	for (size_t i = 0; i < n; i++)
		a[place[i]] += 0.5f;
}

static void
multiply_add(size_t n)
{
	Vec x[CHAINS];
	for (int k = 0; k < CHAINS; k++)
		x[k] = (Vec){0} + (float)k;
	Vec a = (Vec){0} + 0.999f, b = (Vec){0} + sink;
	for (size_t i = 0; i < n; i++)
		for (int k = 0; k < CHAINS; k++)
			for (int l = 0; l < LANES; l++)
				x[k][l] = __builtin_fmaf(x[k][l], a[l], b[l]);
	Vec s = {0};
	for (int k = 0; k < CHAINS; k++)
		s += x[k];
	sink = s[0] + s[LANES - 1];
}

static void
divide(size_t n)
{
	Vec x[CHAINS];
	for (int k = 0; k < CHAINS; k++)
		x[k] = (Vec){0} + (float)(k + 1);
	Vec a = (Vec){0} + 1.5f + sink;
	for (size_t i = 0; i < n; i++)
		for (int k = 0; k < CHAINS; k++)
			x[k] = a / x[k];
	Vec s = {0};
	for (int k = 0; k < CHAINS; k++)
		s += x[k];
	sink = s[0] + s[LANES - 1];
}

/* Products of the lower halves of 64-bit numbers, whole; the higher halves of numbers. */
#ifdef __AVX512F__
typedef __m512i Mix;
#define MIX_OF(x) _mm512_set1_epi64(x)
#define MIX_TIMES(a, b) _mm512_mul_epu32(a, b)
#define MIX_HIGH(a) _mm512_srli_epi64(a, 32)
#elif defined __AVX2__
typedef __m256i Mix;
#define MIX_OF(x) _mm256_set1_epi64x(x)
#define MIX_TIMES(a, b) _mm256_mul_epu32(a, b)
#define MIX_HIGH(a) _mm256_srli_epi64(a, 32)
#else
typedef uint64_t Mix;
#define MIX_OF(x) ((uint64_t)(x))
#define MIX_TIMES(a, b) ((uint64_t)(uint32_t)(a) * (uint32_t)(b))
#define MIX_HIGH(a) ((a) >> 32)
#endif
enum { MIX_LANES = sizeof(Mix) / 8, MIXES = MIX_LANES == 8 ? 6 : 3 };         /* as many as there are registers for */

/* MIXES counters of four words side by side: two products of each in a turn. */
static void
multiply_words(size_t n)
{
	Mix a[MIXES], b[MIXES], c[MIXES], d[MIXES], by = MIX_OF(0xD2511F53), other = MIX_OF(0xCD9E8D57);
	for (int k = 0; k < MIXES; k++) {
		a[k] = b[k] = MIX_OF(k);
		c[k] = d[k] = MIX_OF(k + 100);
	}
	for (size_t i = 0; i < n; i++) {
		Mix key = MIX_OF((int64_t)i);
		for (int k = 0; k < MIXES; k++) {
			Mix p = MIX_TIMES(a[k], by), q = MIX_TIMES(c[k], other);
			a[k] = MIX_HIGH(q) ^ b[k] ^ key;
			b[k] = q;
			c[k] = MIX_HIGH(p) ^ d[k] ^ key;
			d[k] = p;
		}
	}
	Mix all = MIX_OF(0);
	for (int k = 0; k < MIXES; k++)
		all ^= a[k] ^ b[k] ^ c[k] ^ d[k];
	uint64_t word;
	memcpy(&word, &all, sizeof word);
	sink = (float)word;
}

typedef struct { float *a; uint32_t *place; size_t n, places, repeat; int kind; } Work;

static void
turn(const Work *w)
{
	size_t half = w->n / 2, third = w->n / 3 / LANES * LANES;
	for (size_t r = 0; r < w->repeat; r++) {
		switch (w->kind) {
		case 0: read_all(w->a, w->n); break;
		case 1: update_all(w->a, w->n); break;
		case 2: copy_all(w->a, w->a + half, half); break;
		case 3: triad(w->a, w->a + third, w->a + 2 * third, third); break;
		case 4: add_at(w->a, w->place, w->places); break;
		case 5: multiply_add(1000); break;
		case 6: divide(1000); break;
		default: multiply_words(1000); break;
		}
		__asm__ volatile("" ::: "memory");
	}
}

static double
best(Work *w)
{
	double least = 1e9;
	turn(w);
	for (int t = 0; t < TURNS; t++) {
		double start = now();
		turn(w);
		double took = (now() - start) / (double)w->repeat;
		least = took < least ? took : least;
	}
	return least;
}

static void
measure_size(Work *w, size_t kib)
{
	static const char *const kinds[] = {"read", "update", "copy", "triad"};
	w->n = kib * 1024 / 4;
	w->repeat = 1 + 4000000 / w->n;
	printf("{\"kib\": %zu", kib);
	for (w->kind = 0; w->kind < 4; w->kind++) {
		double bytes = (double)w->n * 4 * (w->kind == 1 ? 2 : 1);
		printf(", \"%s\": %.2f", kinds[w->kind], 1e-9 * bytes / best(w));
	}
	uint64_t r = 1;
	w->places = w->n / LINE > PLACES ? w->n / LINE : PLACES;
	for (size_t i = 0; i < w->places; i++) {
		r = r * 6364136223846793005u + 1442695040888963407u;
		w->place[i] = (uint32_t)((r >> 33) % w->n);
	}
	w->repeat = 1 + 16 * PLACES / w->places;
	printf(", \"scatter\": %.1f}", 1e-6 * (double)w->places / best(w));
}

int
main(void)
{
	static const size_t kib[] = {24, 64, 256, 1024, 2048, 4096, 8192, 16384, 24576, 32768, 65536, 262144};
	size_t most = kib[sizeof kib / sizeof *kib - 1] * 1024 / 4;
	Work w = {.a = aligned_alloc(1 << 21, most * 4), .place = malloc(most / LINE * sizeof(uint32_t))};
	if (!w.a || !w.place)
		return 1;
#ifdef MADV_HUGEPAGE
	madvise(w.a, most * 4, MADV_HUGEPAGE);
#endif
	for (size_t i = 0; i < most; i++)
		w.a[i] = 1;
	printf("{\"sizes\": [");
	for (size_t s = 0; s < sizeof kib / sizeof *kib; s++) {
		printf("%s", s ? ", " : "");
		measure_size(&w, kib[s]);
	}
	printf("], ");
	w.kind = 5;
	w.repeat = 100;
	printf("\"fma\": %.1f, ", 1e-9 * 2 * LANES * CHAINS * 1000 / best(&w));
	w.kind = 6;
	printf("\"divide\": %.2f, ", 1e-9 * LANES * CHAINS * 1000 / best(&w));
	w.kind = 7;
	printf("\"product\": %.2f}\n", 1e-9 * 2 * MIX_LANES * MIXES * 1000 / best(&w));
	free(w.a);
	free(w.place);
	return 0;
}
