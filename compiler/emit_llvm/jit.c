/* jit.c: a plan to code in memory, through the cache.
 *
 * Objects, of the cache or compiled now, are put into memory by elf.c, without LLVM, where that
 * is able to; else by LLVM's ORC.
 */
#define _POSIX_C_SOURCE 200809L
#include "emit_llvm/backend.h"

#include <math.h>
#include <string.h>
#include <time.h>

/* Linked in memory, one way or the other; all zero: not yet. */
typedef struct {
	LlImage *image;
	LlOrc *orc;
} Code;

struct Jit {
	Arena *a;
	const Plan *plan;
	LlvmOptions options;
	JitSymbol *symbols; /* those given, and the helpers */
	uint32_t nsymbols;
	const LlBackend *backend; /* NULL: not loaded so far */
	Code procs, *kernels;     /* per code: a kernel with open bounds */
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

/* ---- into memory ----------------------------------------------------------------------------- */

static bool
load_backend(Jit *j)
{
	if (!j->backend)
		j->backend = ll_backend(j->a, &j->why);
	return j->backend != NULL;
}

static void *
find_in(Jit *j, const Code *c, const char *name)
{
	return c->image ? ll_image_find(c->image, name) : j->backend->find(c->orc, name, &j->why);
}

static void
close_code(Jit *j, Code *c)
{
	ll_image_close(c->image);
	if (c->orc)
		j->backend->unlink(c->orc);
	*c = (Code){NULL, NULL};
}

/* Any symbol of the code: all of it is linked when the first is found. */
static const char *
first_symbol(const Jit *j, const PlanCode *kernel)
{
	if (kernel)
		return arena_printf(j->a, LL_KERNEL_SYMBOL, kernel->name);
	for (uint32_t i = 0; i < j->plan->codes.n; i++) {
		if (j->plan->codes.at[i]->kind == CODE_PROC)
			return j->plan->codes.at[i]->name;
	}
	return NULL;
}

static bool
link_by_orc(Jit *j, const LlObjects *objects, const PlanCode *kernel, Code *out)
{
	const char *first = first_symbol(j, kernel);
	if (!load_backend(j))
		return false;
	out->orc = j->backend->link(j->a, objects, j->symbols, j->nsymbols, &j->why);
	if (out->orc && (!first || j->backend->find(out->orc, first, &j->why)))
		return true;
	close_code(j, out);
	return false;
}

static bool
link_here(Jit *j, const LlObjects *objects, const PlanCode *kernel, Code *out)
{
	if (!j->options.orc)
		out->image = ll_image_open(j->a, objects, j->symbols, j->nsymbols, &j->why);
	return out->image || link_by_orc(j, objects, kernel, out);
}

/* All procs (kernel NULL) or one kernel, from the cache or made now. */
static bool
open_code(Jit *j, const PlanCode *kernel, Code *out, JitTimes *times)
{
	const char *key = NULL, *dir = j->options.cache_dir;
	LlObjects objects = {.n = 0};
	if (dir) {
		key = ll_cache_key(j->a, j->plan, &j->options, kernel ? kernel->name : "");
		times->cached = ll_cache_read(j->a, dir, key, &objects) &&
				link_here(j, &objects, kernel, out);
	}
	if (times->cached)
		return true;
	if (!load_backend(j) ||
	    !j->backend->compile(j->a, j->plan, &j->options, kernel, &objects, times, &j->why) ||
	    !link_here(j, &objects, kernel, out))
		return false;
	if (dir)
		ll_cache_write(j->a, dir, key, &objects);
	return true;
}

/* ---- what others call ------------------------------------------------------------------------ */

Jit *
jit_open(Arena *a, const Plan *p, const LlvmOptions *o, const JitSymbol *symbols, uint32_t nsymbols,
	 const char **why)
{
	double start = seconds();
	Jit *j = ARENA_NEW(a, Jit);
	j->a = a;
	j->plan = p;
	j->options = *o;
	j->kernels = ARENA_ARRAY(a, Code, p->codes.n);
	j->nsymbols = nsymbols + NHELPERS;
	j->symbols = ARENA_ARRAY(a, JitSymbol, j->nsymbols);
	if (nsymbols)
		memcpy(j->symbols, symbols, nsymbols * sizeof *symbols);
	memcpy(j->symbols + nsymbols, helpers, sizeof helpers);
	bool ok = open_code(j, NULL, &j->procs, &j->times);
	j->times.load = seconds() - start - j->times.build - j->times.passes - j->times.codegen;
	if (!ok)
		*why = j->why;
	return ok ? j : NULL;
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
		return find_in(j, &j->procs, c->name);
	JitTimes times = {0};
	Code *k = &j->kernels[i];
	if (!k->image && !k->orc && !open_code(j, c, k, &times))
		return NULL;
	return find_in(j, k, arena_printf(j->a, LL_KERNEL_SYMBOL, c->name));
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
	close_code(j, &j->procs);
	for (uint32_t i = 0; i < j->plan->codes.n; i++)
		close_code(j, &j->kernels[i]);
}
