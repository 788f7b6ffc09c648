/* jit.c: a plan to code in memory, through the cache. LLVM is loaded only if the cache does not
 * serve. */
#define _POSIX_C_SOURCE 200809L
#include "emit_llvm/backend.h"

#include <math.h>
#include <string.h>
#include <time.h>

struct Jit {
	Arena *a;
	const Plan *plan;
	LlvmOptions options;
	JitSymbol *symbols; /* those given, and the helpers */
	uint32_t nsymbols;
	LlImage *procs, **kernels; /* per code: a kernel with open bounds */
	const char *why;
	JitTimes times;
};

static double
seconds(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

#ifdef __FLT16_MANT_DIG__
static float
half_to_float(_Float16 h)
{
	return (float)h;
}

static _Float16
float_to_half(float f)
{
	return (_Float16)f;
}
#endif

/* What compiled code may call by itself where the processor lacks the instruction, or for many
 * zeros. */
static const JitSymbol helpers[] = {
	{"memcpy", (void *)memcpy},
	{"memset", (void *)memset},
	{"memmove", (void *)memmove},
	{"fma", (void *)fma},
	{"fmaf", (void *)fmaf},
	{"floor", (void *)floor},
	{"floorf", (void *)floorf},
	{"ceil", (void *)ceil},
	{"ceilf", (void *)ceilf},
	{"sqrt", (void *)sqrt},
	{"sqrtf", (void *)sqrtf},
#ifdef __FLT16_MANT_DIG__
	{"__extendhfsf2", (void *)half_to_float},
	{"__truncsfhf2", (void *)float_to_half},
#endif
};
enum { NHELPERS = sizeof helpers / sizeof *helpers };

/* All procs (kernel NULL) or one kernel, from the cache or made now. */
static LlImage *
open_image(Jit *j, const PlanCode *kernel, JitTimes *times)
{
	const char *key = NULL, *dir = j->options.cache_dir;
	LlObjects objects = {.n = 0};
	if (dir) {
		key = ll_cache_key(j->a, j->plan, &j->options, kernel ? kernel->name : "");
		times->cached = ll_cache_read(j->a, dir, key, &objects);
	}
	if (!times->cached) {
		const LlBackend *b = ll_backend(j->a, &j->why);
		if (!b || !b->compile(j->a, j->plan, &j->options, kernel, &objects, times, &j->why))
			return NULL;
	}
	LlImage *image = ll_image_open(j->a, &objects, j->symbols, j->nsymbols, &j->why);
	if (image && dir && !times->cached)
		ll_cache_write(j->a, dir, key, &objects);
	return image;
}

Jit *
jit_open(Arena *a, const Plan *p, const LlvmOptions *o, const JitSymbol *symbols, uint32_t nsymbols,
	 const char **why)
{
	double start = seconds();
	Jit *j = ARENA_NEW(a, Jit);
	j->a = a;
	j->plan = p;
	j->options = *o;
	j->kernels = ARENA_ARRAY(a, LlImage *, p->codes.n);
	j->nsymbols = nsymbols + NHELPERS;
	j->symbols = ARENA_ARRAY(a, JitSymbol, j->nsymbols);
	if (nsymbols)
		memcpy(j->symbols, symbols, nsymbols * sizeof *symbols);
	memcpy(j->symbols + nsymbols, helpers, sizeof helpers);
	j->procs = open_image(j, NULL, &j->times);
	j->times.load = seconds() - start - j->times.build - j->times.passes - j->times.codegen;
	if (!j->procs)
		*why = j->why;
	return j->procs ? j : NULL;
}

void *
jit_find(Jit *j, const char *code_name)
{
	uint32_t i = plan_find_code(j->plan, code_name);
	if (i == UINT32_MAX || j->plan->codes.at[i]->kind == CODE_FUNC)
		return NULL;
	const PlanCode *c = j->plan->codes.at[i];
	j->why = NULL;
	if (c->kind == CODE_PROC)
		return ll_image_find(j->procs, c->name);
	JitTimes times = {0};
	if (!j->kernels[i])
		j->kernels[i] = open_image(j, c, &times);
	if (!j->kernels[i])
		return NULL;
	return ll_image_find(j->kernels[i], arena_printf(j->a, LL_KERNEL_SYMBOL, c->name));
}

const char *
jit_why(const Jit *j)
{
	return j->why;
}

const JitTimes *
jit_times(const Jit *j)
{
	return &j->times;
}

void
jit_close(Jit *j)
{
	if (!j)
		return;
	ll_image_close(j->procs);
	for (uint32_t i = 0; i < j->plan->codes.n; i++)
		ll_image_close(j->kernels[i]);
}
