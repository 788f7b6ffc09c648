/* test_emit_c.c: the emitted C compiles without a warning, gives the bits of eval, and reads as
 * the goldens do.
 *
 * Goldens: tests/emit_c/NAME.plan and NAME.c. SNNC_UPDATE_GOLDEN=1 writes them anew; read the
 * diff.
 */
#define _POSIX_C_SOURCE 200809L
#include "emit_c/emit_c.h"
#include "eval/eval.h"
#include "snnrt.h"
#include "suites.h"

#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STRICT "-std=c11 -Wall -Wextra -Werror -ffp-contract=off -fwrapv -fno-math-errno -fno-trapping-math"

/* ---- a plan, emitted, compiled and loaded ---------------------------------------------------- */

typedef struct {
	Arena *a;
	Plan *plan;
	char *by_eval, *by_c;                             /* arenas */
	char dir[32];
	void *lib;
} Pair;

static Plan *
read_plan(Arena *a, const char *text)
{
	const char *why = NULL;
	Plan *p = plan_read(a, intern_open(a), text, &why);
	if (!p)
		printf("\n  %s\n%s", why, text);
	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	plan_layout(p);
	why = plan_verify(p, a);
	if (why)
		printf("\n  %s\n%s", why, text);
	CU_ASSERT_PTR_NULL_FATAL(why);
	return p;
}

static const char *
emit(Arena *a, const Plan *p, const EmitCOptions *o)
{
	StrBuf b = strbuf_init(a);
	emit_c(&b, p, o);
	return strbuf_text(&b);
}

static Pair
pair_open(const char *text)
{
	Pair t = {.a = arena_open(), .dir = "/tmp/snnc-emit_c-XXXXXX"};
	t.plan = read_plan(t.a, text);
	t.by_eval = aligned_alloc(64, t.plan->arena_bytes);
	t.by_c = aligned_alloc(64, t.plan->arena_bytes);
	memset(t.by_eval, 0, t.plan->arena_bytes);
	memset(t.by_c, 0, t.plan->arena_bytes);
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(t.dir));
	return t;
}

static void
unload(Pair *t)
{
	if (t->lib)
		dlclose(t->lib);
	t->lib = NULL;
}

static void
pair_close(Pair *t)
{
	unload(t);
	CU_ASSERT_EQUAL(system(arena_printf(t->a, "rm -r %s", t->dir)), 0);
	free(t->by_eval);
	free(t->by_c);
	arena_close(t->a);
}

static void
write_text(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	fputs(text, f);
	fclose(f);
}

/* Compiles the emitted text (and a stub of the host, or NULL) to a shared object and loads it. */
static void
load(Pair *t, const char *cc, const char *flags, const char *stub)
{
	const char *text = emit(t->a, t->plan, NULL);
	unload(t);
	write_text(arena_printf(t->a, "%s/net.c", t->dir), text);
	write_text(arena_printf(t->a, "%s/stub.c", t->dir), stub ? stub : "extern int nothing;\n");
	const char *lib = arena_printf(t->a, "%s/net.so", t->dir);
	const char *command = arena_printf(
		t->a, "%s %s %s -I%s/runtime/include -shared -fPIC -o %s %s/net.c %s/stub.c -lm",
		cc, STRICT, flags, SNNC_SOURCE_DIR, lib, t->dir, t->dir);
	if (system(command) != 0) {
		printf("\n  %s\n%s", command, text);
		CU_FAIL_FATAL("the emitted C does not compile");
	}
	t->lib = dlopen(lib, RTLD_NOW | RTLD_LOCAL);
	if (!t->lib)
		printf("\n  %s\n", dlerror());
	CU_ASSERT_PTR_NOT_NULL_FATAL(t->lib);
}

typedef int64_t (*Proc)(void *);

static Proc
find_proc(const Pair *t, const char *name)
{
	Proc p;
	void *at = dlsym(t->lib, name);
	memcpy(&p, &at, sizeof p);
	CU_ASSERT_PTR_NOT_NULL_FATAL(at);
	return p;
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
	case PT_F16:  return (h & 0x7c00) == 0x7c00 && (h & 0x3ff);
	case PT_BF16: return (h & 0x7f80) == 0x7f80 && (h & 0x7f);
	case PT_F32:  return memcpy(&f, c, sizeof f), isnan(f);
	case PT_F64:  return memcpy(&d, c, sizeof d), isnan(d);
	default:      return false;
	}
}

/* The same bits in every buffer, where all NaN are the same. */
static bool
is_equal(const Pair *t, const char *what)
{
	for (uint32_t i = 0; i < t->plan->bufs.n; i++) {
		const PlanBuf *b = &t->plan->bufs.at[i];
		uint32_t size = plan_type_size(b->type);
		for (uint64_t k = 0; k < plan_buf_count(b); k++) {
			uint64_t at = b->offset + plan_buf_place(b, k) * size;
			const char *e = t->by_eval + at, *c = t->by_c + at;
			if (memcmp(e, c, size) == 0 ||
			    (is_nan_cell(b->type, e) && is_nan_cell(b->type, c)))
				continue;
			uint64_t eb = 0, cb = 0;
			memcpy(&eb, e, size);
			memcpy(&cb, c, size);
			printf("\n  %s: %s[%llu] is %llx by eval, %llx by C", what, b->name,
			       (unsigned long long)k, (unsigned long long)eb,
			       (unsigned long long)cb);
			return false;
		}
	}
	return true;
}

/* Runs proc `step` both ways `times` times from what by_eval holds, and compares. */
static void
expect_equal(Pair *t, const char *cc, const char *flags, int times)
{
	const char *why = NULL;
	char *start = malloc(t->plan->arena_bytes);
	memcpy(start, t->by_eval, t->plan->arena_bytes);
	load(t, cc, flags, NULL);
	Proc step = find_proc(t, "step");
	for (int i = 0; i < times; i++) {
		CU_ASSERT_EQUAL(eval_run(t->plan, "step", t->by_eval, NULL, &why), 0);
		if (why)
			printf("\n  eval: %s\n", why);
		if (i == 0) {
			memcpy(t->by_c, start, t->plan->arena_bytes);
			for (uint32_t b = 0; b < t->plan->bufs.n; b++)  /* eval writes these */
				if (t->plan->bufs.at[b].role == ROLE_CONST)
					memcpy(t->by_c + t->plan->bufs.at[b].offset,
					       t->by_eval + t->plan->bufs.at[b].offset,
					       plan_buf_bytes(&t->plan->bufs.at[b]));
		}
		CU_ASSERT_EQUAL(step(t->by_c), 0);
	}
	CU_ASSERT_TRUE(is_equal(t, arena_printf(t->a, "%s %s", cc, flags)));
	memcpy(t->by_eval, start, t->plan->arena_bytes);
	free(start);
}

static bool
has_clang(void)
{
	static int has = -1;
	if (has < 0)
		has = system("command -v clang-19 >/dev/null 2>&1") == 0;
	return has;
}

/* Whether code for x86-64-v3 runs here. */
static bool
has_fma(void)
{
#ifdef __x86_64__
	__builtin_cpu_init();
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
	       __builtin_cpu_supports("bmi2");
#else
	return false;
#endif
}

static void
expect_equal_everywhere(Pair *t, int times)
{
	expect_equal(t, "cc", "-O3", times);
	if (has_fma())
		expect_equal(t, "cc", "-O3 -march=x86-64-v3", times);
	if (has_clang())
		expect_equal(t, "clang-19", "-O2", times);
}

/* ---- operators on edge values ---------------------------------------------------------------- */

enum { EDGES = 24 };

static const double float_edges[EDGES] = {
	0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 1.5, 2.5, -2.5, 1e-45, -1e-45, 1.17549435e-38, 3.40282347e38, -3.40282347e38,
	0x1p31, -0x1p31, 0x1p63, 0x1p64, 127.5, -128.5, 65535.9, 4294967295.0, 0.1, 3.0e-39,
};
static const int64_t int_edges[EDGES] = {
	0, 1, -1, 2, -2, 3, 7, 8, 15, 16, 31, 32, 33, 63, 64, 127, 128, 255, INT16_MAX, INT32_MAX, INT32_MIN, INT64_MAX,
	INT64_MIN, 0x123456789abcdefll,
};
static const uint16_t half_edges[EDGES] = {
	0, 0x8000, 0x3c00, 1, 0x3ff, 0x400, 0x7bff, 0x7c00, 0xfc00, 0x7e00, 0x8001, 0x3555, 0x7f80, 0xff80, 0x7fc0, 0x0080,
	0x3f80, 0x3f81, 0x4049, 0x7f7f, 0x0001, 0xbc00, 0x5bff, 0xdbff,
};

/* Value k of the edges of a type; the last few of the floats are inf and nan. */
static void
put_edge(PlanType t, char *at, int k)
{
	double d = float_edges[k];
	if (plan_type_is_float(t) && k >= EDGES - 3)
		d = k == EDGES - 3 ? (double)INFINITY : k == EDGES - 2 ? -(double)INFINITY : (double)NAN;
	float f = (float)d;
	uint8_t b = k & 1;
	if (t == PT_F64)
		memcpy(at, &d, sizeof d);
	else if (t == PT_F32)
		memcpy(at, &f, sizeof f);
	else if (t == PT_F16 || t == PT_BF16)
		memcpy(at, &half_edges[k], sizeof half_edges[k]);
	else if (t == PT_BOOL)
		memcpy(at, &b, sizeof b);
	else
		memcpy(at, &int_edges[k], plan_type_size(t));
}

/* One buffer and one statement per expression of a, b and c: all pairs of edge values, c a third
 * one. */
typedef struct { StrBuf bufs, body; int n; } Sheet;

static void
sheet_add(Sheet *s, PlanType out, const char *format, PlanType t)
{
	const char *n = plan_type_name(t);
	strbuf_printf(&s->bufs, "buffer o%d: %s [item %d] state\n", s->n, plan_type_name(out), EDGES * EDGES);
	strbuf_printf(&s->body, "\t\to%d[i] = ", s->n++);
	/* In a format, T stands for the type. */
	for (; *format; format++) {
		if (*format == 'T')
			strbuf_puts(&s->body, n);
		else
			strbuf_putc(&s->body, *format);
	}
	strbuf_putc(&s->body, '\n');
}

static void
add_operators(Sheet *s, PlanType t)
{
	static const char *const shared[] = {"a[i] + b[i]", "a[i] - b[i]", "a[i] * b[i]", "(a[i] + b[i]) * c[i] - a[i]",
		"a[i] - (b[i] - c[i])", "select(a[i] > b[i], a[i] + c[i], b[i] - c[i])"};
	static const char *const compares[] = {"a[i] == b[i]", "a[i] != b[i]"};
	static const char *const orders[] = {"a[i] < b[i]", "a[i] <= b[i]", "a[i] > b[i]", "a[i] >= b[i]",
		"(a[i] < b[i]) & !(b[i] < c[i])", "(a[i] < b[i]) == (b[i] < c[i])", "a[i] + c[i] < b[i]"};
	static const char *const floats[] = {"a[i] / b[i]", "-a[i]", "abs(a[i])", "sqrt(a[i])", "floor(a[i])", "ceil(a[i])",
		"fma(a[i], b[i], c[i])", "a[i] * b[i] + c[i]", "(a[i] - b[i]) / c[i]", "-(-a[i])", "a[i] + -1.5T", "a[i] - -0.0T",
		"T(i32(a[i]))", "T(i64(a[i] * 0.5T))",
		"-fma(a[i], b[i], c[i])", "fma(a[i], b[i], c[i]) * -1.0T", "-0.0T - select(a[i] > c[i], fma(a[i], b[i], c[i]), a[i])"};
	static const char *const bits[] = {"a[i] & b[i]", "a[i] | b[i]", "a[i] ^ b[i]", "!a[i]", "a[i] & b[i] | c[i]",
		"a[i] ^ b[i] ^ c[i]"};
	static const char *const ints[] = {"a[i] << b[i]", "a[i] >> b[i]", "a[i] / 3T", "a[i] % 3T", "a[i] / 1T",
		"a[i] % 64T", "(a[i] + b[i]) >> 1T", "(a[i] << 3T) + 1T", "3T << b[i]", "64T >> b[i]", "select(a[i] > b[i], 1T, 2T) << c[i]",
		"(a[i] * b[i]) / 5T", "!(a[i] + 1T)", "a[i] - 1T"};
	static const char *const signeds[] = {"-a[i]", "a[i] / -7T", "a[i] % -7T", "a[i] + -3T", "-(a[i] - b[i])", "-(-a[i])"};
	static const char *const unsigneds[] = {"a[i] >= 0T", "0T <= a[i]"};
#define ADD_ALL(list, out)                                                                        \
	for (size_t i = 0; i < sizeof list / sizeof *list; i++)                                    \
		sheet_add(s, out, list[i], t)
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
	if (plan_type_is_int(t) && !plan_type_is_signed(t))
		ADD_ALL(unsigneds, PT_BOOL);
#undef ADD_ALL
}

static void
add_casts(Sheet *s, PlanType t)
{
	for (PlanType to = PT_I8; to < PT_COUNT; to++) {
		if (to == t || to == PT_F16 || to == PT_BF16)
			continue;
		const char *name = plan_type_name(to);
		sheet_add(s, to, arena_printf(s->bufs.arena, "%s(a[i])", name), t);
		if (plan_type_size(to) == plan_type_size(t) && t != PT_BOOL)
			sheet_add(s, to, arena_printf(s->bufs.arena, "bits_%s(a[i])", name), t);
	}
}

static const char *
sheet_text(Sheet *s, PlanType t)
{
	StrBuf all = strbuf_init(s->bufs.arena);
	const char *name = plan_type_name(t);
	int n = EDGES * EDGES;
	strbuf_puts(&all, "plan \"edges\" real f32 dt 1 seed 1\n");
	for (const char *buf = "abc"; *buf; buf++)
		strbuf_printf(&all, "buffer %c: %s [item %d] state\n", *buf, name, n);
	strbuf_puts(&all, strbuf_text(&s->bufs));
	strbuf_printf(&all, "kernel all range %d {\n\tfor i in lo ..< hi simd {\n%s\t}\n}\nproc step {\n\trun all\n}\n", n,
	              strbuf_text(&s->body));
	return strbuf_text(&all);
}

static void
check_type(PlanType t)
{
	Arena *a = arena_open();
	Sheet s = {strbuf_init(a), strbuf_init(a), 0};
	if (t == PT_F16 || t == PT_BF16) {
		sheet_add(&s, PT_F32, "a[i]", t);
		sheet_add(&s, t, "a[i] * b[i] + c[i]", t);
		sheet_add(&s, t, "a[i] + b[i]", t);
		sheet_add(&s, t, "a[i]", t);
	} else {
		add_operators(&s, t);
		add_casts(&s, t);
	}
	Pair p = pair_open(sheet_text(&s, t));
	uint32_t size = plan_type_size(t);
	for (int i = 0; i < EDGES * EDGES; i++) {
		put_edge(t, (char *)cell_of(&p, p.by_eval, "a") + (uint32_t)i * size, i / EDGES);
		put_edge(t, (char *)cell_of(&p, p.by_eval, "b") + (uint32_t)i * size, i % EDGES);
		put_edge(t, (char *)cell_of(&p, p.by_eval, "c") + (uint32_t)i * size,
			 (i * 7 + 3) % EDGES);
	}
	expect_equal(&p, "cc", has_fma() ? "-O2 -march=x86-64-v3" : "-O1", 1);
	if (has_clang())
		expect_equal(&p, "clang-19", "-O1", 1);
	pair_close(&p);
	arena_close(a);
}

static void
test_operators(void)
{
	for (PlanType t = PT_BOOL; t < PT_COUNT; t++)
		check_type(t);
}

/* f32 to f16 and bf16 and back: ties, overflow and denormals. */
static void
test_halves(void)
{
	Pair p = pair_open(
		"plan \"narrow\" real f32 dt 1 seed 1\n"
		"buffer f: f32 [item 65536] state\nbuffer g: f32 [item 65536] state\n"
		"buffer h: f16 [item 65536] state\nbuffer b: bf16 [item 65536] state\n"
		"buffer i: f16 [item 65536] state\n"
		"kernel k range 65536 {\n\tfor i in lo ..< hi simd {\n\t\th[i] = f[i]\n\t\tb[i] = f[i]\n\t\tg[i] = i[i]\n\t}\n}\n"
		"proc step {\n\trun k\n}\n");
	uint32_t *f = cell_of(&p, p.by_eval, "f"), x = 1;
	uint16_t *all = cell_of(&p, p.by_eval, "i");
	for (int i = 0; i < 65536; i++) {
		x = x * 1664525u + 1013904223u;
		f[i] = i % 3 ? x : x & 0xfffff000u;
		if (i % 5 == 0)
			f[i] = (x & 0x807fffffu) | (uint32_t)(100 + i % 50) << 23;
		all[i] = (uint16_t)i;
	}
	expect_equal_everywhere(&p, 1);
	pair_close(&p);
}

/* ---- a small network ------------------------------------------------------------------------- */

static char *
read_file(Arena *a, const char *path)
{
	FILE *f = fopen(path, "r");
	if (!f)
		return NULL;
	StrBuf b = strbuf_init(a);
	for (int ch; (ch = fgetc(f)) != EOF;)
		strbuf_putc(&b, (char)ch);
	fclose(f);
	return arena_strdup(a, strbuf_text(&b));
}

static void
test_network(void)
{
	Arena *a = arena_open();
	const char *text = read_file(a, SNNC_SOURCE_DIR "/tests/emit_c/layers.plan");
	CU_ASSERT_PTR_NOT_NULL_FATAL(text);
	Pair p = pair_open(text);
	float *w = cell_of(&p, p.by_eval, "in.weight");
	for (int i = 0; i < 50 * 37; i++)
		w[i] = (float)(i * 7919 % 1000) / 1700.0f;
	*(uint64_t *)cell_of(&p, p.by_eval, "seed") = 42;
	*(uint8_t *)cell_of(&p, p.by_eval, "learning") = 1;
	expect_equal_everywhere(&p, 30);
	pair_close(&p);
	arena_close(a);
}

/* The functions of the library, in loops that should become vectors. */
static const char library_bufs[] =
	"plan \"lib\" real f32 dt 1 seed 1\n"
	"buffer x: f32 [neuron 512] state\nbuffer e: f32 [neuron 512] state\nbuffer l: f32 [neuron 512] state\n"
	"buffer n: f32 [neuron 512] state\nbuffer p: f32 [neuron 512] state\nbuffer u: u32 [neuron 512] state\n"
	"buffer d: f64 [neuron 512] state\nbuffer de: f64 [neuron 512] state\nbuffer dl: f64 [neuron 512] state\n"
	"buffer seed: u64 [] state\nbuffer step: u64 [] state\n";
static const char library_codes[] =
	"kernel all range 512 {\n"
	"\tlet (k0, k1) = call mix64(seed[], 7u64, 0u64)\n\tlet t: u64 = step[]\n"
	"\tfor i in lo ..< hi simd {\n"
	"\t\tlet (a) = call exp_f32(x[i])\n\t\te[i] = a\n\t\tlet (b) = call log_f32(x[i])\n\t\tl[i] = b\n"
	"\t\tlet (c) = call draw_u32(k0, k1, u64(i), t, 0u32)\n\t\tu[i] = c\n"
	"\t\tlet (g) = call normal_f32(c, c * 7u32)\n\t\tn[i] = g\n"
	"\t\tlet (f) = call exp_f64(d[i])\n\t\tde[i] = f\n\t\tlet (h) = call log_f64(d[i])\n\t\tdl[i] = h\n\t}\n"
	"\tfor o in lo ..< hi {\n\t\tlet (q) = call poisson(abs(x[o]), k0, k1, u64(o), t)\n\t\tp[o] = q\n\t}\n}\n"
	"proc step {\n\trun all\n\tstep[] = step[] + 1u64\n}\n";

static void
test_library(void)
{
	Arena *a = arena_open();
	const char *math = read_file(a, SNNC_SOURCE_DIR "/lib/math.plan");
	CU_ASSERT_PTR_NOT_NULL_FATAL(math);
	Pair p = pair_open(arena_printf(a, "%s%s%s", library_bufs, math, library_codes));
	float *x = cell_of(&p, p.by_eval, "x");
	double *d = cell_of(&p, p.by_eval, "d");
	for (int i = 0; i < 512; i++) {
		x[i] = (float)(i - 256) * (i % 3 ? 0.431f : 1e-3f);
		d[i] = (double)x[i] * (i % 5 ? 1.0 : 1e150);
	}
	x[0] = INFINITY;
	x[1] = -INFINITY;
	x[2] = NAN;
	x[3] = -0.0f;
	x[4] = 1e-40f;
	*(uint64_t *)cell_of(&p, p.by_eval, "seed") = 11;
	expect_equal_everywhere(&p, 3);
	pair_close(&p);
	arena_close(a);
}

/* ---- the whole program: tables, host calls, statuses ----------------------------------------- */

/* What the library would do, written into the same shared object: main() leaves the program
 * here. */
static const char stub[] =
	"#include \"snnrt.h\"\n"
	"const snnrt_program *stub_program;\n"
	"int stub_polls, stub_stop_at;\n"
	"int snnrt_main(int argc, char **argv, const snnrt_program *p)\n"
	"{\n\t(void)argc;\n\t(void)argv;\n\tstub_program = p;\n\treturn 7;\n}\n"
	"int64_t snnrt_begin(void *host) { return host ? 0 : -2; }\n"
	"int64_t snnrt_poll(void *host) { (void)host; return ++stub_polls == stub_stop_at ? -1 : 0; }\n"
	"int64_t snnrt_fetch(void *host, int64_t a, int64_t b, int64_t c, void *to)\n"
	"{\n\t(void)host;\n\t*(float *)to = (float)(a + b + c) + 0.5f;\n\treturn 5;\n}\n"
	"int64_t snnrt_phase(void *host, int64_t a, int64_t b) { (void)host; return a == 1 && b >= 0 ? 0 : -2; }\n"
	"int64_t snnrt_sample(void *host, int64_t a, int64_t b) { (void)host; return a == 1 && b >= 0 ? 0 : -2; }\n"
	"int64_t snnrt_record(void *host, int64_t a, int64_t b, void *from)\n"
	"{\n\t(void)host;\n\t(void)a;\n\t(void)b;\n\t(void)from;\n\treturn 0;\n}\n";

static void
check_table(const Plan *p, const snnrt_program *s)
{
	CU_ASSERT_EQUAL(s->version, SNNRT_VERSION);
	CU_ASSERT_STRING_EQUAL(s->name, p->name);
	CU_ASSERT_EQUAL(s->arena_bytes, p->arena_bytes);
	CU_ASSERT_EQUAL(s->seed, p->seed);
	CU_ASSERT_EQUAL(s->dt, p->dt);
	CU_ASSERT_EQUAL(s->real, (uint32_t)p->real);
	CU_ASSERT_EQUAL_FATAL(s->nbuffers, p->bufs.n);
	CU_ASSERT_EQUAL_FATAL(s->nobjects, p->objects.n);
	for (uint32_t i = 0; i < p->bufs.n; i++) {
		const PlanBuf *b = &p->bufs.at[i];
		const snnrt_buffer *t = &s->buffers[i];
		CU_ASSERT_STRING_EQUAL(t->name, b->name);
		CU_ASSERT_EQUAL(t->type, (uint32_t)b->type);
		CU_ASSERT_EQUAL(t->role, (uint32_t)b->role);
		CU_ASSERT_EQUAL(t->naxes, b->naxes);
		CU_ASSERT_EQUAL(t->offset, b->offset);
		CU_ASSERT_EQUAL(t->bytes, plan_buf_count(b) * plan_type_size(b->type));
		CU_ASSERT_EQUAL(t->pitch, b->pitch);
		for (uint32_t k = 0; k < b->naxes; k++) {
			CU_ASSERT_EQUAL(t->axis[k].kind, (uint32_t)b->axis[k].kind);
			CU_ASSERT_EQUAL(t->axis[k].extent, b->axis[k].extent);
		}
	}
	for (uint32_t i = 0; i < p->objects.n; i++) {
		const PlanObject *o = &p->objects.at[i];
		const snnrt_object *t = &s->objects[i];
		CU_ASSERT_EQUAL(t->kind, (uint32_t)o->kind);
		CU_ASSERT_STRING_EQUAL(t->name, o->name);
		CU_ASSERT_EQUAL(t->ntexts, o->ntexts);
		for (uint32_t k = 0; k < o->ntexts; k++)
			CU_ASSERT_STRING_EQUAL(t->texts[k], o->texts[k]);
		for (uint32_t k = 0; k < o->nbufs; k++)
			CU_ASSERT_EQUAL(t->bufs[k], o->bufs[k]);
		for (uint32_t k = 0; k < o->nnums; k++)
			CU_ASSERT_EQUAL(t->nums[k], o->nums[k]);
	}
}

static void
test_program(void)
{
	Arena *a = arena_open();
	const char *text = read_file(a, SNNC_SOURCE_DIR "/tests/emit_c/protocol.plan");
	CU_ASSERT_PTR_NOT_NULL_FATAL(text);
	Pair p = pair_open(text);
	load(&p, "cc", "-O2", stub);
	int (*main_)(int, char **);
	void *at = dlsym(p.lib, "main");
	memcpy(&main_, &at, sizeof main_);
	CU_ASSERT_EQUAL(main_(0, NULL), 7);
	const snnrt_program *s = *(const snnrt_program **)dlsym(p.lib, "stub_program");
	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	check_table(p.plan, s);
	int *polls = dlsym(p.lib, "stub_polls"), *stop_at = dlsym(p.lib, "stub_stop_at");
	uint64_t *step = cell_of(&p, p.by_c, "step");

	CU_ASSERT_EQUAL(s->entry(p.by_c, s->closure), -2);         /* no host: begin fails */
	*(void **)p.by_c = polls;
	CU_ASSERT_EQUAL(s->entry(p.by_c, s->closure), 0);
	CU_ASSERT_EQUAL(*polls, 12);
	CU_ASSERT_EQUAL(*step, 12);
	CU_ASSERT_EQUAL(*(float *)cell_of(&p, p.by_c, "image"), 2.5f);
	CU_ASSERT_EQUAL(*(int64_t *)cell_of(&p, p.by_c, "got"), 15);
	*polls = 0;
	*stop_at = 5;
	*step = 0;
	CU_ASSERT_EQUAL(s->entry(p.by_c, s->closure), -1);
	CU_ASSERT_EQUAL(*step, 5);
	for (uint32_t i = 0; i < p.plan->bufs.n; i++) {
		const PlanBuf *b = &p.plan->bufs.at[i];
		if (b->role != ROLE_CONST)
			continue;
		const char *why;
		eval_run(p.plan, "nothing", p.by_eval, NULL, &why);    /* writes the constants */
		if (!s->buffers[i].data)                          /* the arena is zeroed */
			CU_ASSERT_STRING_EQUAL_FATAL(b->name, "out.zero");
		if (s->buffers[i].data)
			CU_ASSERT_EQUAL(memcmp(s->buffers[i].data, p.by_eval + b->offset,
					       plan_buf_bytes(b)),
					0);
	}
	pair_close(&p);
	arena_close(a);
}

/* ---- names and warnings ---------------------------------------------------------------------- */

static void
test_names(void)
{
	Pair p = pair_open(
		"plan \"01-static\" real f32 dt 1 seed 1\n"
		"buffer exc.v: f32 [neuron 4] state\nbuffer exc_v: f32 [neuron 4] state\n"
		"buffer int: i64 [] state\nbuffer I: f32 [] state\nbuffer exp: f32 [] state\nbuffer `host`: f32 [] state\n"
		"buffer seed: u64 [] state\nbuffer snnrt_x: f32 [] state\nbuffer AT: f32 [] state\n"
		"func exp(x: f32) -> (f32) {\n\tlet y0: f32 = x * 0.5\n\treturn y0 + 1.0\n}\n"
		"func unused(unread: f32) -> (f32) {\n\treturn 1.0\n}\n"
		"func pair(unread: f32, double: f32) -> (f32, f32) {\n\treturn double, 2.0\n}\n"
		"kernel restrict range 4 {\n\tfor `while` in lo ..< hi simd {\n"
		"\t\tlet (e) = call exp(exc.v[`while`])\n\t\tlet (u) = call unused(e)\n\t\tlet (dead) = call exp(e)\n"
		"\t\tlet (p, q) = call pair(e, u)\n\t\tlet fmaf: f32 = fma(e, q, u)\n\t\tlet never: f32 = fmaf * 2.0\n"
		"\t\tvar also: f32 = never\n\t\tset also = also + never\n"
		"\t\texc_v[`while`] = fmaf\n\t}\n}\n"
		"kernel index range 1 {\n\tI[] = 2.0\n\texp[] = I[] + 1.0\n\tint[] = 9223372036854775807\n\tAT[] = 3.5\n\tsnnrt_x[] = inf\n\t`host`[] = -inf\n}\n"
		"proc n {\n\trun index\n}\n"
		"proc read {\n\tvar index: i64 = 0\n\twhile index < 3 {\n\t\tset index = index + 1\n\t\trun restrict\n\t}\n\tdo n\n\tint[] = index\n}\n"
		"proc step {\n\tfor status in 0 ..< 2 {\n\t\tfor index in 0 ..< status {\n\t\t\tdo read\n\t\t}\n\t}\n}\n");
	expect_equal(&p, "cc", "-O2", 2);
	if (has_clang())
		expect_equal(&p, "clang-19", "-O2", 2);
	pair_close(&p);
}

/* Constants of 64 bits that C would take for int, loops of one turn, bounds that the loop
 * changes. */
static void
test_traps(void)
{
	Pair p = pair_open(
		"plan \"traps\" real f64 dt 1 seed 1\n"
		"buffer o: i64 [item 12] state\nbuffer u: u64 [item 8] state\nbuffer n: i64 [] state\n"
		"buffer d: f64 [batch 1, item 4] state\nbuffer s: u8 [batch 1] state\nbuffer c: f32 [item 4] state\n"
		"kernel one range 1 {\n\tfor b in lo ..< hi simd {\n\t\tfor i in 0 ..< 4 {\n\t\t\td[b, i] = d[b, i] * 1.1f64 + f64(i)\n\t\t}\n"
		"\t\ts[b] = s[b] + 200u8\n\t}\n}\n"
		"kernel bounds range 1 {\n\tn[] = 3\n\tfor i in 0 ..< n[] {\n\t\tn[] = n[] + 1\n\t\to[i] = n[]\n\t}\n"
		"\tvar k: i64 = 2\n\tfor j in k ..< k + 4 step 3 {\n\t\tset k = k + j\n\t}\n\to[4] = k\n}\n"
		"kernel wide range 1 {\n\tlet big: i64 = n[]\n"
		"\to[5] = select(big > 2, 1, 0) << 40\n\to[6] = 1 << 40\n\to[7] = (3 - 5) >> 1\n\to[8] = -(4) * 3\n"
		"\to[9] = 4294967295 * 4294967295 + big\n\tu[0] = !(0u64)\n\tu[1] = 0u64 - 1u64\n\tu[2] = 1u64 << 63u64\n"
		"\tu[3] = select(big > 2, 1u64, 2u64) - 3u64\n\tu[4] = 65536u64 * 65536u64\n\tu[5] = u64(i32(big) - 100i32)\n"
		"\tu[6] = u64(u32(big) - 100u32)\n\to[10] = i64(u8(big) - 100u8)\n\to[11] = -9223372036854775808\n"
		"\tc[0] = 16777217.0\n\tc[1] = 0.1 + f32(big)\n\tc[2] = 1e-45\n\tc[3] = -0.0\n}\n"
		"proc step {\n\trun one\n\trun bounds\n\trun wide\n}\n");
	expect_equal(&p, "cc", "-O2", 3);
	if (has_clang())
		expect_equal(&p, "clang-19", "-O2", 3);
	pair_close(&p);
}

/* Addresses of 4 and of 1 byte that gcc 12 folds into one, so that it no longer sees the stores: it then left out all calls of
 * a kernel that stands in two places. */
static void
test_stores_stay(void)
{
	Pair p = pair_open(
		"plan \"stores\" real f32 dt 1 seed 1\n"
		"buffer drawn: u32 [batch 3, item 12] state\nbuffer s: bool [batch 3, neuron 12] state\n"
		"kernel draw range 12 {\n\tfor b in 0 ..< 3 {\n\t\tfor i in lo ..< hi simd {\n"
		"\t\t\tdrawn[b, i] = drawn[b, i] * 1664525u32 + u32(b * 12 + i) * 2654435769u32 + 1013904223u32\n\t\t}\n\t}\n}\n"
		"kernel update range 12 {\n\tfor b in 0 ..< 3 {\n\t\tfor j in lo ..< hi simd {\n"
		"\t\t\tlet u: f32 = f32(drawn[b, j] >> 8u32) * 5.9604645e-8\n\t\t\ts[b, j] = u < 0.4\n\t\t}\n\t}\n}\n"
		"proc other {\n\trun draw\n\trun update\n}\n"
		"proc step {\n\trun draw\n\trun update\n\tdo other\n}\n");
	const char *levels[] = {"-O0", "-O1", "-O2", "-O3"};
	for (int i = 0; i < 4; i++)
		expect_equal(&p, "cc", levels[i], 2);
	pair_close(&p);
}

/* Sums over the batch under a condition: gcc 12 moved the stores out of the loop over the batch, and the condition with them. */
static void
test_stores_under_conditions(void)
{
	Pair p = pair_open(
		"plan \"conditions\" real f32 dt 1 seed 1\n"
		"buffer c: f32 [neuron 12] scratch\nbuffer y: f32 [batch 8, neuron 12] state\nbuffer s: f32 [batch 8, item 8] state\n"
		"buffer w: f32 [pre 8, post 12] state\nbuffer some: u16 [item 8] state\nbuffer count: u32 [] state\n"
		"kernel fill range 8 {\n\tfor b in lo ..< hi {\n\t\tsome[b] = u16(b)\n"
		"\t\tfor i in 0 ..< 8 {\n\t\t\ts[b, i] = select((b * 3 + i * b) % 4 == 0, 0.5 + f32(b), 0.0)\n\t\t}\n"
		"\t\tfor j in 0 ..< 12 {\n\t\t\ty[b, j] = f32(b * 12 + j)\n\t\t}\n\t}\n\tcount[] = 6u32\n}\n"
		"kernel learn range 12 {\n\tfor k in 0 ..< i64(count[]) {\n\t\tlet i: i64 = i64(some[k])\n"
		"\t\tfor j in lo ..< hi simd {\n\t\t\tc[j] = 0.0\n\t\t}\n"
		"\t\tfor b in 0 ..< 8 {\n\t\t\tif s[b, i] != 0.0 {\n\t\t\t\tfor j2 in lo ..< hi simd {\n"
		"\t\t\t\t\tc[j2] = c[j2] + 0.05579 * y[b, j2] * s[b, i]\n\t\t\t\t}\n\t\t\t}\n\t\t}\n"
		"\t\tfor j3 in lo ..< hi simd {\n\t\t\tw[i, j3] = w[i, j3] + c[j3] / 8.0\n\t\t}\n\t}\n}\n"
		"proc step {\n\trun fill\n\trun learn\n}\n");
	expect_equal_everywhere(&p, 2);
	pair_close(&p);
}

/* ---- goldens --------------------------------------------------------------------------------- */

static void
check_golden(const char *name)
{
	Arena *a = arena_open();
	const char *base = arena_printf(a, "%s/tests/emit_c/%s", SNNC_SOURCE_DIR, name);
	const char *text = read_file(a, arena_printf(a, "%s.plan", base));
	CU_ASSERT_PTR_NOT_NULL_FATAL(text);
	const char *got =
		emit(a, read_plan(a, text), &(EmitCOptions){.source_hash = "0123456789abcdef"});
	const char *path = arena_printf(a, "%s.c", base);
	if (getenv("SNNC_UPDATE_GOLDEN"))
		write_text(path, got);
	const char *want = read_file(a, path);
	bool same = want && strcmp(want, got) == 0;
	if (!same) {
		int line = 1, at = 0;
		for (; want && want[at] && want[at] == got[at]; at++)
			line += got[at] == '\n';
		printf("\n  %s differs from line %d on (SNNC_UPDATE_GOLDEN=1 writes it anew)\n",
		       path, line);
	}
	CU_ASSERT_TRUE(same);
	arena_close(a);
}

static void
test_goldens(void)
{
	check_golden("layers");
	check_golden("protocol");
	check_golden("team");
}

/* The user's lines, each once, as comments. */
static void
test_source_lines(void)
{
	Arena *a = arena_open();
	SourceMap *m = source_open(a);
	const char *snn = "layer a : LIF[4]\nv = v * 2   # */ twice\nw = 1\n";
	const SourceFile *f = source_add(m, "folder/tiny.snn", snn, strlen(snn), false);
	Plan *p = read_plan(a, "plan \"tiny\" real f32 dt 1 seed 1\nbuffer v: f32 [neuron 4] state\n"
	                       "kernel k range 4 {\n\tfor i in lo ..< hi simd {\n\t\tv[i] = v[i] * 2.0\n\t\tv[i] = v[i] + 1.0\n\t}\n}\n");
	PlanStmt *loop = p->codes.at[0]->body.at[0];
	for (uint32_t i = 0; i < loop->body.n; i++)
		loop->body.at[i]->span = (Span){f->base + 17, f->base + 20};
	const char *text = emit(a, p, &(EmitCOptions){.line_comments = true, .sources = m});
	const char *comment = "/* folder/tiny.snn:2: v = v * 2 # * / twice */";
	const char *at = strstr(text, comment);
	CU_ASSERT_PTR_NOT_NULL_FATAL(at);
	CU_ASSERT_PTR_NULL(strstr(at + 1, comment));
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "made by snnc from tiny.snn."));
	arena_close(a);
}

static void
expect_plan_equal(const char *file)
{
	Arena *a = arena_open();
	const char *text = read_file(a, file);
	CU_ASSERT_PTR_NOT_NULL_FATAL(text);
	Pair p = pair_open(text);
	expect_equal_everywhere(&p, 4);
	pair_close(&p);
	arena_close(a);
}

static void
test_masks(void)
{
	expect_plan_equal(SNNC_SOURCE_DIR "/tests/plan/masks.plan");
}

static void
test_pitches(void)
{
	expect_plan_equal(SNNC_SOURCE_DIR "/tests/plan/pitch.plan");
}

CU_TestInfo test_emit_c[] = {
	{"every operator and cast on edge values gives the bits of eval", test_operators},
	{"half precision and bfloat16 round as eval does", test_halves},
	{"a network gives the bits of eval, by gcc and clang", test_network},
	{"masks of flags give the bits of eval, for every start and length", test_masks},
	{"rows that lie apart give the bits of eval", test_pitches},
	{"the functions of the library give the bits of eval", test_library},
	{"a whole program has its tables, passes statuses up and stops", test_program},
	{"names that C or the file uses are kept clear of", test_names},
	{"constants of 64 bits, single turns and moving bounds", test_traps},
	{"what a kernel stores stays at every level of gcc", test_stores_stay},
	{"what is stored under a condition is stored only there", test_stores_under_conditions},
	{"the text is the golden one", test_goldens},
	{"source lines stand as comments", test_source_lines},
	CU_TEST_INFO_NULL,
};
