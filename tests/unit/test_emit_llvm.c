/* test_emit_llvm.c: code from LLVM gives the bits of eval; host calls, the cache and failures
 * behave. */
#define _POSIX_C_SOURCE 200809L
#include "emit_llvm/emit_llvm.h"
#include "eval/eval.h"
#include "suites.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- a plan, run twice ----------------------------------------------------------------------- */

typedef struct {
	Arena *a;
	Plan *plan;
	char *by_eval, *by_jit; /* arenas */
} Pair;

static Pair
pair_open(const char *text)
{
	Pair t = {.a = arena_open()};
	const char *why = NULL;
	t.plan = plan_read(t.a, intern_open(t.a), text, &why);
	if (!t.plan)
		printf("\n  %s\n%s", why, text);
	CU_ASSERT_PTR_NOT_NULL_FATAL(t.plan);
	plan_layout(t.plan);
	why = plan_verify(t.plan, t.a);
	if (why)
		printf("\n  %s\n%s", why, text);
	CU_ASSERT_PTR_NULL_FATAL(why);
	size_t n = (t.plan->arena_bytes + 63) / 64 * 64;
	t.by_eval = aligned_alloc(64, n);
	t.by_jit = aligned_alloc(64, n);
	memset(t.by_eval, 0, n);
	memset(t.by_jit, 0, n);
	return t;
}

static void
pair_close(Pair *t)
{
	free(t->by_eval);
	free(t->by_jit);
	arena_close(t->a);
}

static void *
cell_of(const Pair *t, char *memory, const char *buf)
{
	uint32_t b = plan_find_buf(t->plan, buf);
	CU_ASSERT_NOT_EQUAL_FATAL(b, UINT32_MAX);
	return memory + t->plan->bufs.at[b].offset;
}

static bool
is_nan_cell(PlanType t, const char *c)
{
	float f;
	double d;
	uint16_t h;
	memcpy(&h, c, sizeof h);
	switch (t) {
	case PT_F16:
		return (h & 0x7c00) == 0x7c00 && (h & 0x3ff);
	case PT_BF16:
		return (h & 0x7f80) == 0x7f80 && (h & 0x7f);
	case PT_F32:
		return memcpy(&f, c, sizeof f), isnan(f);
	case PT_F64:
		return memcpy(&d, c, sizeof d), isnan(d);
	default:
		return false;
	}
}

/* The same bits in every buffer, where all NaN are the same. */
static bool
pair_is_equal(const Pair *t, const char *what)
{
	for (uint32_t i = 0; i < t->plan->bufs.n; i++) {
		const PlanBuf *b = &t->plan->bufs.at[i];
		uint32_t size = plan_type_size(b->type);
		for (uint64_t k = 0; k < plan_buf_count(b); k++) {
			uint64_t at = b->offset + plan_buf_place(b, k) * size;
			const char *e = t->by_eval + at, *j = t->by_jit + at;
			if (memcmp(e, j, size) == 0 ||
			    (is_nan_cell(b->type, e) && is_nan_cell(b->type, j)))
				continue;
			uint64_t eb = 0, jb = 0;
			memcpy(&eb, e, size);
			memcpy(&jb, j, size);
			printf("\n  %s: %s[%llu] is %llx by eval, %llx by LLVM", what, b->name,
			       (unsigned long long)k, (unsigned long long)eb,
			       (unsigned long long)jb);
			return false;
		}
	}
	return true;
}

static Jit *
jit_or_say(const Pair *t, const LlvmOptions *o)
{
	const char *why = NULL;
	Jit *j = jit_open(t->a, t->plan, o, NULL, 0, &why);
	if (!j)
		printf("\n  %s\n", why);
	CU_ASSERT_PTR_NOT_NULL_FATAL(j);
	return j;
}

/* Runs `step` both ways `times` times from what by_eval holds, and compares. */
static void
expect_equal(Pair *t, const LlvmOptions *o, int times, const char *what)
{
	const char *why = NULL;
	char *start = malloc(t->plan->arena_bytes);
	memcpy(start, t->by_eval, t->plan->arena_bytes);
	memcpy(t->by_jit, t->by_eval, t->plan->arena_bytes);
	Jit *j = jit_or_say(t, o);
	JitProc *step = (JitProc *)jit_find(j, "step");
	CU_ASSERT_PTR_NOT_NULL_FATAL(step);
	for (int i = 0; i < times; i++) {
		CU_ASSERT_EQUAL(eval_run(t->plan, "step", t->by_eval, NULL, &why), 0);
		if (why)
			printf("\n  eval: %s\n", why);
		if (i == 0) /* eval writes the const buffers */
			for (uint32_t b = 0; b < t->plan->bufs.n; b++)
				if (t->plan->bufs.at[b].role == ROLE_CONST)
					memcpy(t->by_jit + t->plan->bufs.at[b].offset,
					       t->by_eval + t->plan->bufs.at[b].offset,
					       plan_buf_bytes(&t->plan->bufs.at[b]));
		CU_ASSERT_EQUAL(step(t->by_jit), 0);
	}
	CU_ASSERT_TRUE(pair_is_equal(t, what));
	jit_close(j);
	memcpy(t->by_eval, start, t->plan->arena_bytes);
	free(start);
}

static void
expect_equal_everywhere(Pair *t, int times, const char *what)
{
	static const LlvmOptions options[] = {
		{.opt = 2}, {.opt = 2, .threads = 4},    {.opt = 0, .verify = true},     {.opt = 1},
		{.opt = 3}, {.opt = 2, .cpu = "x86-64"}, {.opt = 2, .cpu = "x86-64-v3"},
	};
	for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
#ifndef __x86_64__
		if (options[i].cpu)
			continue;
#endif
		char *label = arena_printf(t->a, "%s, opt %d, %s", what, options[i].opt,
					   options[i].cpu ? options[i].cpu : "host");
		expect_equal(t, &options[i], times, label);
	}
}

/* ---- operators on edge values ---------------------------------------------------------------- */

enum { EDGES = 24 };

static const double float_edges[EDGES] = {
	0.0,    -0.0,   1.0,    -1.0,           0.5,           -0.5,           1.5,    2.5,
	-2.5,   1e-45,  -1e-45, 1.17549435e-38, 3.40282347e38, -3.40282347e38, 0x1p31, -0x1p31,
	0x1p63, 0x1p64, 127.5,  -128.5,         65535.9,       4294967295.0,   0.1,    3.0e-39,
};
static const int64_t int_edges[EDGES] = {
	0,   1,   -1,        2,         -2,        3,         7,         8,
	15,  16,  31,        32,        33,        63,        64,        127,
	128, 255, INT16_MAX, INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN, 0x123456789abcdefll,
};

/* Value k of the edges of a type; the last few of the floats are inf and nan. */
static void
put_edge(PlanType t, char *at, int k)
{
	double d = float_edges[k];
	if (plan_type_is_float(t) && k >= EDGES - 3)
		d = k == EDGES - 3   ? (double)INFINITY
		    : k == EDGES - 2 ? -(double)INFINITY
				     : (double)NAN;
	float f = (float)d;
	uint16_t half[EDGES] = {0,      0x8000, 0x3c00, 1,      0x3ff,  0x400,  0x7bff, 0x7c00,
				0xfc00, 0x7e00, 0x8001, 0x3555, 0x7f80, 0xff80, 0x7fc0, 0x0080,
				0x3f80, 0x3f81, 0x4049, 0x7f7f, 0x0001, 0xbc00, 0x5bff, 0xdbff};
	uint8_t b = k & 1;
	if (t == PT_F64)
		memcpy(at, &d, sizeof d);
	else if (t == PT_F32)
		memcpy(at, &f, sizeof f);
	else if (t == PT_F16 || t == PT_BF16)
		memcpy(at, &half[k], sizeof half[k]);
	else if (t == PT_BOOL)
		memcpy(at, &b, sizeof b);
	else
		memcpy(at, &int_edges[k], plan_type_size(t));
}

/* out = expression of a, b, c: all pairs of edge values, c a third one. */
typedef struct {
	StrBuf bufs, body;
	int n;
} Sheet;

static void
sheet_add(Sheet *s, PlanType out, const char *format, const char *t)
{
	strbuf_printf(&s->bufs, "buffer o%d: %s [item %d] state\n", s->n, plan_type_name(out),
		      EDGES * EDGES);
	strbuf_printf(&s->body, "\t\to%d[i] = ", s->n++);
	strbuf_printf(&s->body, format, t, t, t);
	strbuf_putc(&s->body, '\n');
}

static const char *
sheet_text(Sheet *s, PlanType t, const char *more)
{
	StrBuf all = strbuf_init(s->bufs.arena);
	const char *name = plan_type_name(t);
	int n = EDGES * EDGES;
	strbuf_puts(&all, "plan \"edges\" real f32 dt 1 seed 1\n");
	strbuf_printf(&all,
		      "buffer a: %s [item %d] state\nbuffer b: %s [item %d] state\nbuffer c: %s "
		      "[item %d] state\n",
		      name, n, name, n, name, n);
	strbuf_puts(&all, strbuf_text(&s->bufs));
	strbuf_printf(&all,
		      "%s\nkernel all range %d {\n\tfor i in lo ..< hi simd {\n%s\t}\n}\nproc step "
		      "{\n\trun all\n}\n",
		      more, n, strbuf_text(&s->body));
	return strbuf_text(&all);
}

static void
add_operators(Sheet *s, PlanType t)
{
	static const char *const shared[] = {"a[i] + b[i]", "a[i] - b[i]", "a[i] * b[i]"};
	static const char *const compares[] = {"a[i] == b[i]", "a[i] != b[i]"};
	static const char *const orders[] = {"a[i] < b[i]", "a[i] <= b[i]", "a[i] > b[i]",
					     "a[i] >= b[i]"};
	static const char *const floats[] = {"a[i] / b[i]",
					     "-a[i]",
					     "abs(a[i])",
					     "sqrt(a[i])",
					     "floor(a[i])",
					     "ceil(a[i])",
					     "fma(a[i], b[i], c[i])",
					     "select(a[i] > b[i], a[i], b[i])",
					     "a[i] * b[i] + c[i]",
					     "(a[i] - b[i]) / c[i]"};
	static const char *const bits[] = {"a[i] & b[i]", "a[i] | b[i]", "a[i] ^ b[i]", "!a[i]"};
	static const char *const ints[] = {"a[i] << b[i]",
					   "a[i] >> b[i]",
					   "a[i] / 3%s",
					   "a[i] %% 3%s",
					   "a[i] / 1%s",
					   "a[i] %% 64%s",
					   "select(a[i] > b[i], a[i], b[i])"};
	static const char *const signeds[] = {"-a[i]", "a[i] / -7%s", "a[i] %% -7%s"};
#define ADD_ALL(list, out)                                                                         \
	for (size_t i = 0; i < sizeof list / sizeof *list; i++)                                    \
	sheet_add(s, out, list[i], plan_type_name(t))
	if (t != PT_BOOL) {
		ADD_ALL(shared, t);
		ADD_ALL(orders, PT_BOOL);
	}
	ADD_ALL(compares, PT_BOOL);
	if (plan_type_is_float(t))
		ADD_ALL(floats, t);
	else
		ADD_ALL(bits, t);
	if (plan_type_is_int(t))
		ADD_ALL(ints, t);
	if (plan_type_is_int(t) && plan_type_is_signed(t))
		ADD_ALL(signeds, t);
#undef ADD_ALL
}

static void
add_casts(Sheet *s, PlanType t)
{
	for (PlanType to = PT_I8; to < PT_COUNT; to++) {
		if (to == t || to == PT_F16 || to == PT_BF16)
			continue;
		sheet_add(s, to, arena_printf(s->bufs.arena, "%s(a[i])", plan_type_name(to)), "");
		if (plan_type_size(to) == plan_type_size(t) && t != PT_BOOL)
			sheet_add(s, to,
				  arena_printf(s->bufs.arena, "bits_%s(a[i])", plan_type_name(to)),
				  "");
	}
}

static void
check_type(PlanType t)
{
	Arena *a = arena_open();
	Sheet s = {strbuf_init(a), strbuf_init(a), 0};
	if (t == PT_F16 || t == PT_BF16) {
		sheet_add(&s, PT_F32, "a[i]", "");
		sheet_add(&s, t, "a[i] * b[i] + c[i]", "");
		sheet_add(&s, t, "a[i] + b[i]", "");
		sheet_add(&s, t, "a[i]", "");
	} else {
		add_operators(&s, t);
		add_casts(&s, t);
	}
	Pair p = pair_open(sheet_text(&s, t, ""));
	uint32_t size = plan_type_size(t);
	for (int i = 0; i < EDGES * EDGES; i++) {
		put_edge(t, (char *)cell_of(&p, p.by_eval, "a") + (uint32_t)i * size, i / EDGES);
		put_edge(t, (char *)cell_of(&p, p.by_eval, "b") + (uint32_t)i * size, i % EDGES);
		put_edge(t, (char *)cell_of(&p, p.by_eval, "c") + (uint32_t)i * size,
			 (i * 7 + 3) % EDGES);
	}
	expect_equal_everywhere(&p, 1, plan_type_name(t));
	pair_close(&p);
	arena_close(a);
}

static void
test_operators(void)
{
	for (PlanType t = PT_BOOL; t < PT_COUNT && llvm_available(); t++)
		check_type(t);
}

/* f32 to f16 and bf16: ties, overflow and denormals. */
static void
test_narrow_stores(void)
{
	if (!llvm_available())
		return;
	Pair p = pair_open("plan \"narrow\" real f32 dt 1 seed 1\n"
			   "buffer f: f32 [item 4096] state\nbuffer h: f16 [item 4096] "
			   "state\nbuffer b: bf16 [item 4096] state\n"
			   "kernel k range 4096 {\n\tfor i in lo ..< hi simd {\n\t\th[i] = "
			   "f[i]\n\t\tb[i] = f[i]\n\t}\n}\n"
			   "proc step {\n\trun k\n}\n");
	uint32_t *f = cell_of(&p, p.by_eval, "f"), x = 1;
	for (int i = 0; i < 4096; i++) {
		x = x * 1664525u + 1013904223u;
		f[i] = i % 3 ? x : x & 0xfffff000u;
		if (i % 5 == 0)
			f[i] = (x & 0x807fffffu) | (uint32_t)(100 + i % 50) << 23;
	}
	expect_equal_everywhere(&p, 1, "narrow stores");
	pair_close(&p);
}

/* ---- a small network ------------------------------------------------------------------------- */

static const char network[] =
	"plan \"net\" real f32 dt 1 seed 1\n"
	"buffer v: f32 [batch 2, neuron 37] state\n"
	"buffer x: f32 [batch 2, neuron 37] state\n"
	"buffer refractory: u8 [batch 2, neuron 37] state\n"
	"buffer current: f32 [batch 2, neuron 37] scratch\n"
	"buffer w: f32 [pre 50, post 37] state\n"
	"buffer spikes: bool [batch 2, neuron 37] state\n"
	"buffer xpre: f32 [batch 2, pre 50] state\n"
	"buffer list: u16 [batch 2, pre 50] derived\n"
	"buffer nlist: i64 [batch 2] derived\n"
	"buffer sums: f32 [item 64] scratch\n"
	"buffer total: f32 [] state\n"
	"buffer seed: u64 [] state\n"
	"buffer step: u64 [] state\n"
	"buffer learning: bool [] state\n"
	"buffer table: f32 [item 4] const = { 0.5, 0.25, 0.125, 0.0625 }\n"
	"func mix(a: u64, b: u64) -> (u64, u64) {\n"
	"\tlet p: u64 = (a ^ (a >> 33u64)) * 18397679294719823053u64\n"
	"\tlet q: u64 = (b ^ (p << 7u64)) + 11400714819323198485u64\n"
	"\treturn p ^ (q >> 29u64), q\n}\n"
	"func weight(t: f32) -> (f32) {\n\treturn t * 2.0\n}\n"
	"func below(limit: u64, from: u64) -> (u64) {\n"
	"\tvar n: u64 = from\n\tvar turns: i64 = 0\n"
	"\twhile n > limit & turns < 40 {\n\t\tset n = n >> 1u64\n\t\tset turns = turns + 1\n\t}\n"
	"\treturn n\n}\n"
	"kernel draw range 2 {\n"
	"\tfor b in lo ..< hi {\n"
	"\t\tvar n: i64 = 0\n"
	"\t\tfor i in 0 ..< 50 {\n"
	"\t\t\tlet (p, q) = call mix(seed[] + u64(b * 50 + i), step[])\n"
	"\t\t\tlet (low) = call below(1000u64, p)\n"
	"\t\t\tif (q & 7u64) == 0u64 {\n"
	"\t\t\t\tlist[b, n] = u16(i)\n\t\t\t\tset n = n + 1\n\t\t\t\txpre[b, i] = 1.0\n"
	"\t\t\t} else {\n"
	"\t\t\t\txpre[b, i] = xpre[b, i] * 0.9 + f32(low) * 1e-6\n\t\t\t}\n"
	"\t\t}\n\t\tnlist[b] = n\n\t}\n}\n"
	"kernel deliver range 2 {\n"
	"\tfor b in lo ..< hi {\n"
	"\t\tfor j in 0 ..< 37 simd {\n\t\t\tcurrent[b, j] = 0.0\n\t\t}\n"
	"\t\tfor k in 0 ..< nlist[b] {\n"
	"\t\t\tlet i: i64 = i64(list[b, k])\n"
	"\t\t\tfor j2 in 0 ..< 37 simd {\n\t\t\t\tcurrent[b, j2] = current[b, j2] + w[i, "
	"j2]\n\t\t\t}\n"
	"\t\t}\n\t}\n}\n"
	"kernel update range 37 {\n"
	"\tfor b in 0 ..< 2 {\n\t\tfor j in lo ..< hi simd {\n"
	"\t\t\tlet (g) = call weight(table[j & 3])\n"
	"\t\t\tlet rests: bool = refractory[b, j] > 0u8\n"
	"\t\t\tlet u: f32 = v[b, j] * 0.97 + select(rests, 0.0, current[b, j] * g)\n"
	"\t\t\tlet s: bool = u > 1.0\n"
	"\t\t\tspikes[b, j] = s\n"
	"\t\t\tif s {\n\t\t\t\trefractory[b, j] = 3u8\n\t\t\t} else {\n"
	"\t\t\t\trefractory[b, j] = select(rests, refractory[b, j] - 1u8, 0u8)\n\t\t\t}\n"
	"\t\t\tv[b, j] = select(s, 0.0, u)\n"
	"\t\t\tx[b, j] = select(s, 1.0, x[b, j] * 0.95)\n"
	"\t\t}\n\t}\n}\n"
	"kernel learn range 50 {\n"
	"\tif learning[] {\n\t\tfor i in lo ..< hi {\n\t\t\tfor j in 0 ..< 37 simd {\n"
	"\t\t\t\tvar d: f32 = 0.0\n"
	"\t\t\t\tfor b in 0 ..< 2 {\n"
	"\t\t\t\t\tif spikes[b, j] {\n\t\t\t\t\t\tset d = d + 0.05 * xpre[b, i]\n\t\t\t\t\t}\n"
	"\t\t\t\t\tif xpre[b, i] == 1.0 {\n\t\t\t\t\t\tset d = fma(-0.01, x[b, j], "
	"d)\n\t\t\t\t\t}\n"
	"\t\t\t\t}\n"
	"\t\t\t\tlet n: f32 = w[i, j] + d * 0.5\n"
	"\t\t\t\tw[i, j] = select(n > 1.0, 1.0, select(n < 0.0, 0.0, n))\n"
	"\t\t\t}\n\t\t}\n\t}\n}\n"
	"kernel sum range 1 {\n"
	"\tvar t: f32 = 0.0\n"
	"\tfor i in 0 ..< 50 {\n\t\tfor j in 0 ..< 37 step 3 {\n\t\t\tset t = t + w[i, "
	"j]\n\t\t}\n\t}\n"
	"\tfor l in 0 ..< 64 simd {\n\t\tsums[l] = 0.0\n\t}\n"
	"\tfor i2 in 0 ..< 25 {\n\t\tfor l2 in 0 ..< 37 simd {\n\t\t\tsums[l2] = sums[l2] + w[i2 * "
	"2, l2]\n\t\t}\n\t}\n"
	"\ttotal[] = t\n}\n"
	"proc count {\n\tstep[] = step[] + 1u64\n}\n"
	"proc step {\n\tnote \"one step\"\n\trun draw\n\trun deliver\n\trun update\n\trun "
	"learn\n\trun sum\n\tdo count\n}\n";

static Pair
network_open(void)
{
	Pair p = pair_open(network);
	float *w = cell_of(&p, p.by_eval, "w");
	for (int i = 0; i < 50 * 37; i++)
		w[i] = (float)(i * 7919 % 1000) / 1700.0f;
	*(uint64_t *)cell_of(&p, p.by_eval, "seed") = 42;
	*(uint8_t *)cell_of(&p, p.by_eval, "learning") = 1;
	return p;
}

static void
test_network(void)
{
	if (!llvm_available())
		return;
	Pair p = network_open();
	expect_equal_everywhere(&p, 30, "network");
	pair_close(&p);
}

/* The funcs of lib/math.plan, inlined into loops that are vectorised. */
static void
test_library(void)
{
	static const char kernels[] =
		"kernel values range 600 {\n\tfor i in lo ..< hi simd {\n"
		"\t\tlet (e) = call exp_f32(x[i])\n\t\tlet (l) = call log_f32(x[i])\n"
		"\t\tlet (d) = call exp_f64(f64(x[i]))\n\t\texps[i] = e\n\t\tlogs[i] = "
		"l\n\t\tdoubles[i] = d\n\t}\n}\n"
		"kernel draws range 600 {\n\tfor i in lo ..< hi simd {\n"
		"\t\tlet (w) = call draw_u32(7u32, 9u32, u64(i), 3u64, 1u32)\n\t\twords[i] = w\n"
		"\t\tbits[i] = w < 1000000000u32\n\t}\n"
		"\tfor j in lo ..< hi {\n\t\tlet (n) = call poisson(abs(x[j]), 7u32, 9u32, u64(j), "
		"5u64)\n\t\tcounts[j] = n\n"
		"\t}\n}\n"
		"proc step {\n\trun values\n\trun draws\n}\n";
	static const char buffers[] = "plan \"library\" real f32 dt 1 seed 1\n"
				      "buffer x: f32 [item 600] state\nbuffer exps: f32 [item 600] "
				      "state\nbuffer logs: f32 [item 600] state\n"
				      "buffer doubles: f64 [item 600] state\nbuffer words: u32 "
				      "[item 600] state\nbuffer bits: bool [item 600] state\n"
				      "buffer counts: f32 [item 600] state\n";
	static char text[1 << 17];
	if (!llvm_available())
		return;
	FILE *f = fopen(SNNC_SOURCE_DIR "/lib/math.plan", "r");
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	size_t n = (size_t)snprintf(text, sizeof text, "%s", buffers);
	n += fread(text + n, 1, sizeof text - n - sizeof kernels, f);
	fclose(f);
	strcpy(text + n, kernels);
	Pair p = pair_open(text);
	float *x = cell_of(&p, p.by_eval, "x");
	for (int i = 0; i < 600; i++)
		x[i] = (float)((i - 300) * (i % 7 + 1)) * 0.11f;
	x[5] = (float)NAN;
	x[6] = -INFINITY;
	expect_equal_everywhere(&p, 1, "library");
	pair_close(&p);
}

static void
run_four_steps(const char *path, const char *what)
{
	static char text[1 << 12];
	if (!llvm_available())
		return;
	FILE *f = fopen(path, "r");
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	text[fread(text, 1, sizeof text - 1, f)] = '\0';
	fclose(f);
	Pair p = pair_open(text);
	expect_equal_everywhere(&p, 4, what);
	pair_close(&p);
}

/* Whole words, and what is left at the end of a row. */
static void
test_masks(void)
{
	run_four_steps(SNNC_SOURCE_DIR "/tests/plan/masks.plan", "masks");
}

static void
test_pitches(void)
{
	run_four_steps(SNNC_SOURCE_DIR "/tests/plan/pitch.plan", "pitches");
}

/* A kernel by its name takes any part of its range. */
static void
test_open_kernel(void)
{
	if (!llvm_available())
		return;
	Pair p = network_open();
	const char *why;
	for (int i = 0; i < 10; i++)
		eval_run(p.plan, "step", p.by_eval, NULL, &why);
	memcpy(p.by_jit, p.by_eval, p.plan->arena_bytes);
	LlvmOptions o = {.opt = 2};
	Jit *j = jit_or_say(&p, &o);
	JitKernel *learn = (JitKernel *)jit_find(j, "learn");
	CU_ASSERT_PTR_NOT_NULL_FATAL(learn);
	CU_ASSERT_PTR_EQUAL(jit_find(j, "learn"), (void *)learn);
	learn(p.by_jit, 0, 1);
	learn(p.by_jit, 17, 50);
	learn(p.by_jit, 1, 17);
	learn(p.by_jit, 5, 5);
	eval_run(p.plan, "learn", p.by_eval, NULL, &why);
	CU_ASSERT_TRUE(pair_is_equal(&p, "learn in parts"));
	CU_ASSERT_PTR_NULL(jit_find(j, "mix"));
	CU_ASSERT_PTR_NULL(jit_find(j, "nobody"));
	CU_ASSERT_PTR_NOT_NULL(jit_find(j, "count"));
	jit_close(j);
	pair_close(&p);
}

/* ---- host calls ------------------------------------------------------------------------------ */

static const char hosted[] =
	"plan \"hosted\" real f32 dt 1 seed 1\n"
	"buffer a: i64 [item 12] state\n"
	"buffer done: i64 [] state\n"
	"object 0 data \"d\" texts [\"npy\", \"x.npy\", \"\"] bufs [] nums [1, 0, 1, 5, 1, 8]\n"
	"proc inner {\n\tlet r = host fetch(0, 0, done[], &a[4])\n\tdone[] = done[] + r\n\thost "
	"poll()\n}\n"
	"proc step {\n\tfor i in 0 ..< 3 {\n\t\tdo inner\n\t\tdone[] = done[] + 100\n\t}\n}\n";

typedef struct {
	int polls, stop_at;
	int64_t stop_with;
} Host;

static int64_t
host_poll(void *host)
{
	Host *h = host;
	return ++h->polls == h->stop_at ? h->stop_with : 0;
}

static int64_t
host_fetch(void *host, int64_t object, int64_t column, int64_t sample, void *to)
{
	(void)host;
	*(int64_t *)to = object + column + sample + 7;
	return 5;
}

static void
test_host_calls(void)
{
	static const JitSymbol symbols[] = {{"snnrt_poll", (void *)host_poll},
					    {"snnrt_fetch", (void *)host_fetch}};
	const char *why = NULL;
	LlvmOptions o = {.opt = 2};
	if (!llvm_available())
		return;
	Pair p = pair_open(hosted);
	Jit *j = jit_open(p.a, p.plan, &o, symbols, 2, &why);
	CU_ASSERT_PTR_NOT_NULL_FATAL(j);
	JitProc *step = (JitProc *)jit_find(j, "step");
	CU_ASSERT_PTR_NOT_NULL_FATAL(step);
	int64_t *a = cell_of(&p, p.by_jit, "a"), *done = cell_of(&p, p.by_jit, "done");
	Host h = {0};
	*(void **)p.by_jit = &h;
	CU_ASSERT_EQUAL(step(p.by_jit), 0);
	CU_ASSERT_EQUAL(*done, 315);
	CU_ASSERT_EQUAL(a[4], 217);
	CU_ASSERT_EQUAL(h.polls, 3);
	h = (Host){.stop_at = 2, .stop_with = -1};
	*done = 0;
	CU_ASSERT_EQUAL(step(p.by_jit), -1);
	CU_ASSERT_EQUAL(*done, 110);
	CU_ASSERT_EQUAL(h.polls, 2);
	jit_close(j);
	pair_close(&p);
}

static void
test_missing_symbol(void)
{
	static const JitSymbol symbols[] = {{"snnrt_poll", (void *)host_poll}};
	const char *why = NULL;
	LlvmOptions o = {.opt = 2};
	if (!llvm_available())
		return;
	Pair p = pair_open(hosted);
	CU_ASSERT_PTR_NULL_FATAL(jit_open(p.a, p.plan, &o, symbols, 1, &why));
	CU_ASSERT_PTR_NOT_NULL_FATAL(why);
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "snnrt_fetch"));
	pair_close(&p);
}

/* ---- the cache ------------------------------------------------------------------------------- */

typedef struct {
	char dir[64];
	Pair p;
	LlvmOptions o;
} Cached;

static Cached
cached_open(void)
{
	Cached c = {.dir = "/tmp/snnc-test-XXXXXX", .o = {.opt = 2, .threads = 3}};
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(c.dir));
	strcat(c.dir, "/x/y");
	c.p = network_open();
	return c;
}

/* Calls f for each file of the cache and gives their number. */
static int
cached_each(const char *dir, void (*f)(const char *path))
{
	DIR *d = opendir(dir);
	int n = 0;
	for (struct dirent *e; d && (e = readdir(d)) != NULL;) {
		char path[512];
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
		if (f)
			f(path);
		n++;
	}
	if (d)
		closedir(d);
	return n;
}

static void
remove_file(const char *path)
{
	CU_ASSERT_EQUAL(unlink(path), 0);
}

static void
cut_file(const char *path)
{
	CU_ASSERT_EQUAL(truncate(path, 1000), 0);
}

static void
spoil_file(const char *path)
{
	FILE *f = fopen(path, "r+b");
	fseek(f, 300, SEEK_SET);
	int c = fgetc(f);
	fseek(f, 300, SEEK_SET);
	fputc(c ^ 1, f);
	fclose(f);
}

static void
empty_file(const char *path)
{
	CU_ASSERT_EQUAL(truncate(path, 0), 0);
}

static void
cached_close(Cached *c)
{
	cached_each(c->dir, remove_file);
	for (int i = 0; i < 3; i++) {
		CU_ASSERT_EQUAL(rmdir(c->dir), 0);
		*strrchr(c->dir, '/') = 0;
	}
	pair_close(&c->p);
}

/* Opens with the cache, runs, compares; says whether the cache served. */
static bool
cached_serves(Cached *c)
{
	const char *why;
	c->o.cache_dir = c->dir;
	Jit *j = jit_or_say(&c->p, &c->o);
	bool served = jit_times(j)->cached;
	JitProc *step = (JitProc *)jit_find(j, "step");
	memcpy(c->p.by_jit, c->p.by_eval, c->p.plan->arena_bytes);
	CU_ASSERT_EQUAL(eval_run(c->p.plan, "step", c->p.by_eval, NULL, &why), 0);
	float *table = cell_of(&c->p, c->p.by_jit, "table");
	memcpy(table, cell_of(&c->p, c->p.by_eval, "table"), 4 * sizeof *table);
	CU_ASSERT_EQUAL(step(c->p.by_jit), 0);
	CU_ASSERT_TRUE(pair_is_equal(&c->p, "cached"));
	jit_close(j);
	return served;
}

static void
test_cache(void)
{
	static void (*const harm[])(const char *) = {cut_file, spoil_file, empty_file, remove_file};
	if (!llvm_available())
		return;
	Cached c = cached_open();
	CU_ASSERT_FALSE(cached_serves(&c));
	CU_ASSERT_TRUE(cached_serves(&c));
	CU_ASSERT_EQUAL(cached_each(c.dir, NULL), 1);
	for (size_t i = 0; i < 2 * (sizeof harm / sizeof *harm); i++) {
		c.o.orc = i % 2;
		cached_each(c.dir, harm[i / 2]);
		CU_ASSERT_FALSE(cached_serves(&c));
		CU_ASSERT_TRUE(cached_serves(&c));
		c.o.orc = !c.o.orc;
		CU_ASSERT_TRUE(cached_serves(&c));
	}
	c.o.opt = 1;
	CU_ASSERT_FALSE(cached_serves(&c));
	c.o.hash = "0123";
	CU_ASSERT_FALSE(cached_serves(&c));
	CU_ASSERT_TRUE(cached_serves(&c));
	CU_ASSERT_EQUAL(cached_each(c.dir, NULL), 3);
	cached_close(&c);
}

/* Code that is whole but wants what nobody gives, both ways into memory. */
static void
test_cache_missing_symbol(void)
{
	static const JitSymbol symbols[] = {{"snnrt_poll", (void *)host_poll},
					    {"snnrt_fetch", (void *)host_fetch}};
	if (!llvm_available())
		return;
	Cached c = cached_open();
	pair_close(&c.p);
	c.p = pair_open(hosted);
	c.o.cache_dir = c.dir;
	for (int i = 0; i < 3; i++) {
		const char *why = NULL;
		c.o.orc = i == 2;
		Jit *j = jit_open(c.p.a, c.p.plan, &c.o, symbols, 2, &why);
		CU_ASSERT_PTR_NOT_NULL_FATAL(j);
		CU_ASSERT_EQUAL(jit_times(j)->cached, i > 0);
		CU_ASSERT_PTR_NOT_NULL(jit_find(j, "step"));
		jit_close(j);
		CU_ASSERT_PTR_NULL(jit_open(c.p.a, c.p.plan, &c.o, symbols, 1, &why));
		CU_ASSERT_PTR_NOT_NULL_FATAL(why);
		CU_ASSERT_PTR_NOT_NULL(strstr(why, "snnrt_fetch"));
	}
	cached_close(&c);
}

/* A folder that cannot be written is no failure. */
static void
test_cache_refused(void)
{
	if (!llvm_available())
		return;
	Pair p = network_open();
	LlvmOptions o = {.opt = 1, .cache_dir = "/dev/null/cache"};
	jit_close(jit_or_say(&p, &o));
	pair_close(&p);
}

/* ---- text, objects, failures ----------------------------------------------------------------- */

static void
test_text(void)
{
	const char *why = NULL;
	LlvmOptions o = {.opt = 2};
	if (!llvm_available())
		return;
	Pair p = network_open();
	for (int optimised = 0; optimised < 2; optimised++) {
		StrBuf ir = strbuf_init(p.a);
		CU_ASSERT_TRUE(llvm_emit_ir(&ir, p.plan, &o, optimised, &why));
		CU_ASSERT_PTR_NOT_NULL(strstr(strbuf_text(&ir), "define i64 @step(ptr"));
		CU_ASSERT_EQUAL(strstr(strbuf_text(&ir), " x float>") != NULL, optimised == 1);
		CU_ASSERT_PTR_NULL(strstr(strbuf_text(&ir), " fast "));
	}
	StrBuf text = strbuf_init(p.a);
	CU_ASSERT_TRUE(llvm_emit_asm(&text, p.plan, &o, &why));
	CU_ASSERT_PTR_NOT_NULL(strstr(strbuf_text(&text), "step:"));
	pair_close(&p);
}

static void
test_object(void)
{
	const char *why = NULL;
	char path[] = "/tmp/snnc-test-XXXXXX", head[4] = {0};
	LlvmOptions o = {.opt = 2};
	if (!llvm_available())
		return;
	Pair p = network_open();
	int fd = mkstemp(path);
	CU_ASSERT_TRUE_FATAL(fd >= 0);
	CU_ASSERT_TRUE(llvm_emit_object(p.plan, &o, path, &why));
	CU_ASSERT_EQUAL(read(fd, head, 4), 4);
	CU_ASSERT_EQUAL(memcmp(head, "\177ELF", 4), 0);
	close(fd);
	unlink(path);
	CU_ASSERT_FALSE(llvm_emit_object(p.plan, &o, "/nowhere/at/all.o", &why));
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "/nowhere/at/all.o"));
	pair_close(&p);
}

/* The whole way through without procs, and two at once. */
static void
test_small_and_twice(void)
{
	LlvmOptions o = {.opt = 2};
	if (!llvm_available())
		return;
	Pair p = pair_open("plan \"k\" real f64 dt 1 seed 1\nbuffer a: f64 [] state\n"
			   "kernel k range 9 {\n\ta[] = a[] + f64(hi - lo)\n}\n");
	Jit *one = jit_or_say(&p, &o), *two = jit_or_say(&p, &o);
	JitKernel *k1 = (JitKernel *)jit_find(one, "k"), *k2 = (JitKernel *)jit_find(two, "k");
	CU_ASSERT_PTR_NOT_NULL_FATAL(k1);
	CU_ASSERT_PTR_NOT_NULL_FATAL(k2);
	k1(p.by_jit, 2, 5);
	jit_close(one);
	k2(p.by_jit, 0, 4);
	jit_close(two);
	jit_close(NULL);
	CU_ASSERT_EQUAL(*(double *)cell_of(&p, p.by_jit, "a"), 7.0);
	pair_close(&p);
}

static void
test_without_llvm(void)
{
	const char *why = NULL;
	LlvmOptions o = {.opt = 2};
	if (llvm_available())
		return;
	Pair p = network_open();
	CU_ASSERT_PTR_NULL(jit_open(p.a, p.plan, &o, NULL, 0, &why));
	CU_ASSERT_PTR_NOT_NULL(why);
	why = NULL;
	CU_ASSERT_FALSE(llvm_emit_object(p.plan, &o, "/nowhere/at/all.o", &why));
	CU_ASSERT_PTR_NOT_NULL(why);
	pair_close(&p);
}

CU_TestInfo test_emit_llvm[] = {
	{"operators give the bits of eval on edge values", test_operators},
	{"stores to f16 and bf16 round as eval does", test_narrow_stores},
	{"a network with delivery and learning gives the bits of eval", test_network},
	{"the library of funcs gives the bits of eval", test_library},
	{"masks of flags give the bits of eval, for every start and length", test_masks},
	{"rows that lie apart give the bits of eval", test_pitches},
	{"a kernel takes any part of its range", test_open_kernel},
	{"host calls see the host, and a negative result goes up at once", test_host_calls},
	{"a missing symbol is told", test_missing_symbol},
	{"the cache serves what is whole, and nothing else", test_cache},
	{"a missing symbol is told when the code is from the cache", test_cache_missing_symbol},
	{"a cache folder that cannot be made does not matter", test_cache_refused},
	{"IR and assembler can be read", test_text},
	{"objects are written, or it is told why not", test_object},
	{"a plan without procs, and two at once", test_small_and_twice},
	{"without LLVM everything says so", test_without_llvm},
	CU_TEST_INFO_NULL,
};
