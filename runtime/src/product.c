/* product.c: products of matrices: what a batch of items brings through a full matrix, in one call of OpenBLAS.
 *
 * OpenBLAS is looked for when the first product is asked for. On processors that are newer than it is it takes its slowest kernels (30 in place of
 * 120 GFLOP/s), so the kernels are named to it by what the processor can do, unless OPENBLAS_CORETYPE does; and some releases compute wrong sums:
 * one that fails a product of whole numbers, which any order of additions gives exactly, is not used. Without it the product is
 * added up here, row by row. One thread: runs and lanes have threads of their own.
 */
#define _GNU_SOURCE
#include "rt.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { ROW_MAJOR = 101, AS_IT_IS = 111 };
typedef int BlasInt;
typedef void Sgemm(int order, int ta, int tb, BlasInt m, BlasInt n, BlasInt k, float alpha, const float *a, BlasInt lda, const float *b, BlasInt ldb,
                   float beta, float *c, BlasInt ldc);
typedef void Dgemm(int order, int ta, int tb, BlasInt m, BlasInt n, BlasInt k, double alpha, const double *a, BlasInt lda, const double *b, BlasInt ldb,
                   double beta, double *c, BlasInt ldc);

static Sgemm *sgemm;
static Dgemm *dgemm;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* ---- here --------------------------------------------------------------------------------------------------- */

#define MULTIPLY(name, type) \
	static void \
	name(uint64_t m, uint64_t n, uint64_t k, const type *restrict a, uint64_t lda, const type *restrict b, uint64_t ldb, type *restrict c, uint64_t ldc) \
	{ \
		for (uint64_t i = 0; i < m; i++) { \
			memset(c + i * ldc, 0, n * sizeof *c); \
			for (uint64_t q = 0; q < k; q++) \
				for (uint64_t j = 0; j < n; j++) \
					c[i * ldc + j] += a[i * lda + q] * b[q * ldb + j]; \
		} \
	}
MULTIPLY(multiply_f32, float)
MULTIPLY(multiply_f64, double)

/* ---- OpenBLAS -------------------------------------------------------------------------------------------------- */

enum { TRY_M = 37, TRY_N = 67, TRY_K = 83 };              /* no multiples of any tile */

static bool
is_right(void)
{
	static float a[TRY_M * TRY_K], b[TRY_K * TRY_N], c[TRY_M * TRY_N], want[TRY_M * TRY_N];
	static double da[TRY_M * TRY_K], db[TRY_K * TRY_N], dc[TRY_M * TRY_N], dwant[TRY_M * TRY_N];
	for (int i = 0; i < TRY_M * TRY_K; i++)
		da[i] = a[i] = (float)(i * 7 % 23 - 11);
	for (int i = 0; i < TRY_K * TRY_N; i++)
		db[i] = b[i] = (float)(i * 5 % 19 - 9);
	multiply_f32(TRY_M, TRY_N, TRY_K, a, TRY_K, b, TRY_N, want, TRY_N);
	multiply_f64(TRY_M, TRY_N, TRY_K, da, TRY_K, db, TRY_N, dwant, TRY_N);
	sgemm(ROW_MAJOR, AS_IT_IS, AS_IT_IS, TRY_M, TRY_N, TRY_K, 1, a, TRY_K, b, TRY_N, 0, c, TRY_N);
	dgemm(ROW_MAJOR, AS_IT_IS, AS_IT_IS, TRY_M, TRY_N, TRY_K, 1, da, TRY_K, db, TRY_N, 0, dc, TRY_N);
	return memcmp(c, want, sizeof c) == 0 && memcmp(dc, dwant, sizeof dc) == 0;
}

static const char *
kernels(void)
{
#if defined(__x86_64__)
	if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
	    __builtin_cpu_supports("avx512vl"))
		return "SkylakeX";
	if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
		return "Haswell";
#endif
	return NULL;
}

static void
find_blas(void)
{
	const char *named = getenv("OPENBLAS_CORETYPE") ? NULL : kernels();
	if (named)
		setenv("OPENBLAS_CORETYPE", named, 1);
	void *lib = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
	if (named)
		unsetenv("OPENBLAS_CORETYPE");
	void (*threads)(int) = lib ? (void (*)(int))(uintptr_t)dlsym(lib, "openblas_set_num_threads") : NULL;
	sgemm = lib ? (Sgemm *)(uintptr_t)dlsym(lib, "cblas_sgemm") : NULL;
	dgemm = lib ? (Dgemm *)(uintptr_t)dlsym(lib, "cblas_dgemm") : NULL;
	if (threads)
		threads(1);
	if (!threads || !sgemm || !dgemm || !is_right())
		sgemm = NULL, dgemm = NULL;
}

bool
snnrt_has_blas(void)
{
	pthread_once(&once, find_blas);
	return sgemm != NULL;
}

void
rt_multiply(uint32_t type, uint64_t m, uint64_t n, uint64_t k, RtMatrix a, RtMatrix b, void *c, uint64_t c_pitch)
{
	pthread_once(&once, find_blas);
	bool small = m <= INT32_MAX && a.pitch <= INT32_MAX && b.pitch <= INT32_MAX && c_pitch <= INT32_MAX;
	BlasInt lda = (BlasInt)a.pitch, ldb = (BlasInt)b.pitch, ldc = (BlasInt)c_pitch;
	if (type == SNNRT_F32 && sgemm && small)
		sgemm(ROW_MAJOR, AS_IT_IS, AS_IT_IS, (BlasInt)m, (BlasInt)n, (BlasInt)k, 1, a.at, lda, b.at, ldb, 0, c, ldc);
	else if (type == SNNRT_F64 && dgemm && small)
		dgemm(ROW_MAJOR, AS_IT_IS, AS_IT_IS, (BlasInt)m, (BlasInt)n, (BlasInt)k, 1, a.at, lda, b.at, ldb, 0, c, ldc);
	else if (type == SNNRT_F32)
		multiply_f32(m, n, k, a.at, a.pitch, b.at, b.pitch, c, c_pitch);
	else
		multiply_f64(m, n, k, a.at, a.pitch, b.at, b.pitch, c, c_pitch);
}

/* ---- objects ------------------------------------------------------------------------------------------------------ */

bool
rt_product_check(const snnrt_program *p, const snnrt_object *o, char *why)
{
	const snnrt_buffer *c = &p->buffers[o->bufs[0]], *a = &p->buffers[o->bufs[1]], *b = &p->buffers[o->bufs[2]];
	bool ok = (c->type == SNNRT_F32 || c->type == SNNRT_F64) && a->type == c->type && b->type == c->type && c->role != SNNRT_CONST &&
	          a->naxes == 2 && b->naxes == 2 && c->naxes == 2 && a->axis[0].extent == c->axis[0].extent &&
	          a->axis[1].extent == b->axis[0].extent && b->axis[1].extent == c->axis[1].extent;
	return ok || rt_say(why, "product `%s` has matrices that do not fit", o->name);
}

static uint64_t
pitch_of(const snnrt_buffer *b)
{
	return b->pitch ? b->pitch : b->axis[1].extent;
}

static RtMatrix
matrix_of(const snnrt *rt, const snnrt_buffer *b)
{
	return (RtMatrix){rt->arena + b->offset, pitch_of(b)};
}

int64_t
snnrt_multiply(void *host, int64_t object, void *target)
{
	snnrt *rt = host;
	const snnrt_object *o = rt_object(rt, object, SNNRT_OBJ_PRODUCT);
	if (!o)
		return SNNRT_FAILED;
	const snnrt_buffer *c = &rt->p->buffers[o->bufs[0]], *a = &rt->p->buffers[o->bufs[1]], *b = &rt->p->buffers[o->bufs[2]];
	if (!rt_in_arena(rt, target, rt_room(c)))
		return SNNRT_FAILED;
	rt_multiply(c->type, c->axis[0].extent, c->axis[1].extent, a->axis[1].extent, matrix_of(rt, a), matrix_of(rt, b), target, pitch_of(c));
	return 0;
}
