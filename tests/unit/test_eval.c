/* test_eval: the interpreter does what the plan says, and the functions of lib/math.plan are what they claim. */
#include "base/panic.h"
#include "eval/eval.h"
#include "suites.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- help ------------------------------------------------------------------------------------------ */

static char *
read_text(const char *path)
{
	char full[1024];
	snprintf(full, sizeof full, "%s/%s", SNNC_SOURCE_DIR, path);
	FILE *f = fopen(full, "rb");
	ASSERT(f);
	fseek(f, 0, SEEK_END);
	long n = ftell(f);
	rewind(f);
	char *text = calloc(1, (size_t)n + 1);
	ASSERT(text && fread(text, 1, (size_t)n, f) == (size_t)n);
	fclose(f);
	return text;
}

static Plan *
open_plan(Arena *a, const char *text)
{
	const char *why = NULL;
	Plan *p = plan_read(a, intern_open(a), text, &why);
	why = p ? plan_verify(p, a) : why;
	if (why)
		printf("\n    %s\n", why);
	CU_ASSERT_PTR_NULL_FATAL(why);
	plan_layout(p);
	return p;
}

static Plan *
open_math(Arena *a)
{
	const char *why = NULL;
	char *text = read_text("lib/math.plan");
	Plan *p = plan_new(a, intern_open(a), "math", PT_F32);
	CU_ASSERT_TRUE_FATAL(plan_read_funcs(p, text, &why));
	free(text);
	return p;
}

static uint64_t
next_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

/* ---- operators ---------------------------------------------------------------------------------------- */

/* Each row is an expression and its value, written as a constant; bits are compared, so -0.0 is not 0.0. */
static const struct { const char *type, *e, *value; } operator_rows[] = {
	{"i8", "100i8 + 100i8", "-56i8"}, {"u8", "3u8 - 5u8", "254u8"}, {"i32", "-7i32 / 2i32", "-3i32"},
	{"i32", "-7i32 % 2i32", "-1i32"}, {"u32", "4294967295u32 / 2u32", "2147483647u32"},
	{"u64", "18446744073709551615u64 / 2u64", "9223372036854775807u64"},
	{"u64", "18446744073709551615u64 % 10u64", "5u64"}, {"i64", "-9223372036854775808 - 1", "9223372036854775807"},
	{"i16", "-(-32768i16)", "-32768i16"}, {"u16", "!0u16", "65535u16"}, {"i32", "!5i32", "-6i32"},
	{"bool", "!true", "false"}, {"i8", "1i8 << 7i8", "-128i8"}, {"u32", "1u32 << 33u32", "2u32"},
	{"i32", "-8i32 >> 1i32", "-4i32"}, {"u32", "4294967288u32 >> 1u32", "2147483644u32"},
	{"u8", "200u8 >> 9u8", "100u8"}, {"i64", "-1 >> 63", "-1"}, {"u64", "18446744073709551615u64 >> 63u64", "1u64"},
	{"u32", "12u32 & 10u32 | 1u32 ^ 3u32", "10u32"}, {"bool", "true ^ true", "false"},
	{"bool", "nan == nan", "false"}, {"bool", "nan != nan", "true"}, {"bool", "nan < 1.0", "false"},
	{"bool", "18446744073709551615u64 > 1u64", "true"}, {"bool", "-1 > 1", "false"}, {"bool", "-0.0 == 0.0", "true"},
	{"f32", "0.1 + 0.2", "0.3"}, {"f64", "0.1f64 + 0.2f64", "0.30000000000000004f64"}, {"f32", "-(0.0)", "-0.0"},
	{"f32", "1.0 / -0.0", "-inf"}, {"f32", "16777216.0 + 1.0", "16777216.0"}, {"f32", "sqrt(2.0)", "1.4142135"},
	{"f32", "abs(-0.0)", "0.0"}, {"f32", "floor(-0.5)", "-1.0"}, {"f64", "ceil(-0.5f64)", "-0.0f64"},
	{"f32", "fma(1.0000001, 1.0000001, -1.0000002)", "1.4210855e-14"}, {"f32", "1.0000001 * 1.0000001 - 1.0000002", "0.0"},
	{"f32", "select(nan > 1.0, nan, 1.0)", "1.0"}, {"i64", "i64(1e30)", "9223372036854775807"},
	{"i64", "i64(-1e30f64)", "-9223372036854775808"}, {"u64", "u64(1e30)", "18446744073709551615u64"},
	{"u64", "u64(-1.5)", "0u64"}, {"u64", "u64(1e19)", "9999999980506447872u64"}, {"i32", "i32(nan)", "0i32"},
	{"i32", "i32(-2.9)", "-2i32"}, {"i8", "i8(127.9)", "127i8"}, {"i8", "i8(128.0)", "127i8"}, {"u8", "u8(-inf)", "0u8"},
	{"u8", "u8(300i32)", "44u8"}, {"i8", "i8(200u8)", "-56i8"}, {"i64", "i64(true)", "1"}, {"f32", "f32(true)", "1.0"},
	{"f32", "f32(16777217)", "16777216.0"}, {"f32", "f32(18446744073709551615u64)", "1.8446744e19"},
	{"f64", "f64(18446744073709551615u64)", "1.8446744073709552e19f64"}, {"f32", "f32(0.1f64)", "0.1"},
	{"f64", "f64(0.1)", "0.10000000149011612f64"}, {"f32", "f32(1e300f64)", "inf"},
	{"u32", "bits_u32(-1.0)", "3212836864u32"}, {"i32", "bits_i32(-1.0)", "-1082130432i32"},
	{"f32", "bits_f32(1065353216i32)", "1.0"}, {"u64", "bits_u64(1.0f64)", "4607182418800017408u64"},
	{"f64", "bits_f64(-4616189618054758400)", "-1.0f64"}, {"u8", "bits_u8(-1i8)", "255u8"},
};

static void
operators_round_wrap_and_saturate(void)
{
	for (size_t i = 0; i < sizeof operator_rows / sizeof operator_rows[0]; i++) {
		Arena *a = arena_open();
		const char *why = NULL;
		const char *text = arena_printf(a, "plan \"t\" real f32 dt 1 seed 0\n"
			"func got(one: i64) -> (%s) { return %s }\nfunc want(one: i64) -> (%s) { return %s }\n",
			operator_rows[i].type, operator_rows[i].e, operator_rows[i].type, operator_rows[i].value);
		Plan *p = open_plan(a, text);
		EvalValue arg = {.i = 1}, got = {.i = 0}, want = {.i = 0};
		CU_ASSERT_TRUE(eval_call(p, "got", &arg, &got, &why));
		CU_ASSERT_TRUE(eval_call(p, "want", &arg, &want, &why));
		if (got.i != want.i)
			printf("\n    %s is not %s\n", operator_rows[i].e, operator_rows[i].value);
		CU_ASSERT_EQUAL(got.i, want.i);
		arena_close(a);
	}
}

/* ---- statements ----------------------------------------------------------------------------------------- */

static const char statements[] =
	"plan \"t\" real f32 dt 1 seed 0\n"
	"buffer out: i64 [item 8] state\n"
	"buffer h: f16 [item 2] state\n"
	"buffer c: f64 [item 2] const = {1.5, -2.5}\n"
	"buffer b: bool [item 2] state\n"
	"func divide(x: i64, y: i64) -> (i64, i64) {\n"
	"	var q: i64 = 0\n"
	"	var r: i64 = x\n"
	"	while r >= y {\n set r = r - y\n set q = q + 1\n }\n"
	"	return q, r\n"
	"}\n"
	"kernel fill range 3 { for i in lo ..< hi { out[i] = i * 10 } }\n"
	"kernel steps range 1 {\n"
	"	for i in 0 ..< 10 step 4 { out[3] = out[3] * 100 + i }\n"
	"	for i2 in 5 ..< 5 { out[4] = 1 }\n"
	"	if out[3] > 1000 { out[5] = 1 } else { out[5] = 2 }\n"
	"	let (q, r) = call divide(47, 10)\n"
	"	let (q2, r2) = call divide(q * 10 + r, q)\n"
	"	out[6] = q2\n out[7] = r2\n"
	"	h[0] = 0.1\n h[1] = f32(c[1])\n"
	"	b[0] = h[0] < 0.1\n b[1] = b[0] & c[0] == 1.5f64\n"
	"}\n"
	"proc inner { run fill\n let r = host poll()\n out[0] = r }\n"
	"proc program { do inner\n run steps\n host begin()\n out[1] = 99 }\n";

typedef struct { int calls; int64_t poll, begin; } FakeHost;

static int64_t
fake_call(void *env, uint32_t fn, uint32_t nargs, const int64_t *args)
{
	FakeHost *h = env;
	(void)nargs, (void)args;
	h->calls++;
	return strcmp(plan_host_fns[fn].name, "poll") == 0 ? h->poll : h->begin;
}

static void
statements_do_what_they_say(void)
{
	Arena *a = arena_open();
	const char *why;
	Plan *p = open_plan(a, statements);
	char *memory = arena_alloc(a, p->arena_bytes);
	const int64_t *out = (const int64_t *)(void *)(memory + p->bufs.at[0].offset);
	FakeHost h = {0, 7, 0};
	EvalHost host = {fake_call, &h, 1};
	CU_ASSERT_EQUAL(eval_run(p, "program", memory, &host, &why), 0);
	CU_ASSERT_PTR_NULL(why);
	CU_ASSERT_EQUAL(h.calls, 2);
	static const int64_t want[] = {7, 99, 20, 408, 0, 2, 11, 3};
	CU_ASSERT_EQUAL(memcmp(out, want, sizeof want), 0);
	uint16_t half[2];
	memcpy(half, memory + p->bufs.at[1].offset, sizeof half);
	CU_ASSERT_EQUAL(half[0], 0x2e66);
	CU_ASSERT_EQUAL(half[1], 0xc100);
	double c[2];
	memcpy(c, memory + p->bufs.at[2].offset, sizeof c);
	CU_ASSERT_EQUAL(c[1], -2.5);
	CU_ASSERT_EQUAL(memory[p->bufs.at[3].offset], 1);
	CU_ASSERT_EQUAL(memory[p->bufs.at[3].offset + 1], 1);
	/* A negative result of a host call ends the proc that called and those above it. */
	memset(memory, 0, p->arena_bytes);
	h = (FakeHost){0, -1, 0};
	CU_ASSERT_EQUAL(eval_run(p, "program", memory, &host, &why), -1);
	CU_ASSERT_PTR_NULL(why);
	CU_ASSERT_EQUAL(h.calls, 1);
	CU_ASSERT_EQUAL(out[3], 0);
	/* A kernel alone, and no host at all. */
	memset(memory, 0, p->arena_bytes);
	CU_ASSERT_EQUAL(eval_run(p, "fill", memory, NULL, &why), 0);
	CU_ASSERT_EQUAL(out[2], 20);
	CU_ASSERT_EQUAL(eval_run(p, "program", memory, NULL, &why), 0);
	arena_close(a);
}

static void
a_wrong_index_is_told(void)
{
	Arena *a = arena_open();
	const char *why = NULL;
	Plan *p = open_plan(a, "plan \"t\" real f32 dt 1 seed 0\n"
		"buffer n: i64 [] state\nbuffer x: f32 [batch 2, neuron 3] state\n"
		"kernel low range 1 { x[1, n[] - 1] = 1.0 }\nkernel high range 1 { let v: f32 = x[n[] + 2, 0] }\n");
	char *memory = arena_alloc(a, p->arena_bytes);
	CU_ASSERT_EQUAL(eval_run(p, "low", memory, NULL, &why), -2);
	CU_ASSERT_STRING_EQUAL(why, "in `low`: `x` is indexed by -1, its axis neuron has 3");
	CU_ASSERT_EQUAL(eval_run(p, "high", memory, NULL, &why), -2);
	CU_ASSERT_STRING_EQUAL(why, "in `high`: `x` is indexed by 2, its axis batch has 2");
	CU_ASSERT_EQUAL(eval_run(p, "none", memory, NULL, &why), -2);
	CU_ASSERT_STRING_EQUAL(why, "the plan has no proc or kernel `none`");
	arena_close(a);
}

/* Work means nothing between two kernels, nor between parts of one. */
static void
what_a_part_has_not_written_is_not_read(void)
{
	static const char text[] =
		"plan \"t\" real f32 dt 1 seed 0\nbuffer w: f32 [neuron 4] work\nbuffer f: bool [neuron 4] work\nbuffer x: f32 [neuron 4] state\n"
		"kernel keep range 4 { for j in lo ..< hi { w[j] = f32(j) f[j] = j > 1 } for k in lo ..< hi { x[k] = w[k] } "
		"x[lo] = x[lo] + f32(mask(f[lo], hi - lo)) }\n"
		"kernel take range 4 { for j in lo ..< hi { x[j] = w[j] } }\n"
		"kernel ask range 4 { let bits: u64 = mask(f[lo], hi - lo) x[lo] = f32(bits) }\n"
		"kernel across range 4 { for j in lo ..< hi { w[j] = 1.0 } for k in lo ..< hi { x[k] = w[3 - k] } }\n"
		"proc good { run keep team { run keep (parts 2) } }\nproc later { run keep run take }\nproc flags { run keep run ask }\n"
		"proc alone { run across }\nproc apart { run keep team { run across (parts 2) } }\n";
	static const char *const bad[][2] = {{"later", "an element of `w` is read that this part of the kernel `take` has not written"},
		{"flags", "an element of `f` is read that this part of the kernel `ask` has not written"}, {"apart", "`w`"}};
	Arena *a = arena_open();
	Plan *p = open_plan(a, text);
	char *memory = arena_alloc(a, p->arena_bytes);
	EvalHost host = {NULL, NULL, 2};
	const char *why = NULL;
	CU_ASSERT_EQUAL(eval_run(p, "good", memory, &host, &why), 0);
	CU_ASSERT_EQUAL(eval_run(p, "alone", memory, &host, &why), 0);
	CU_ASSERT_PTR_NULL(why);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		CU_ASSERT_EQUAL(eval_run(p, bad[i][0], memory, &host, &why), -2);
		CU_ASSERT_PTR_NOT_NULL_FATAL(why);
		CU_ASSERT_PTR_NOT_NULL(strstr(why, bad[i][1]));
	}
	arena_close(a);
}

/* ---- a team ---------------------------------------------------------------------------------------------- */

#define TEAM_HEAD                                                                                                                 \
	"plan \"t\" real f32 dt 1 seed 0\nbuffer x: i64 [neuron 10] state\nbuffer y: i64 [neuron 10] state\n"                       \
	"buffer list: u16 [batch 1, neuron 10] state\nbuffer count: u32 [batch 1] state\nbuffer sum: i64 [] state\n"                 \
	"kernel lists range 10 { for j in lo ..< hi { list[0, j] = u16(j) if j < 5 { count[0] = 5u32 } } }\n"                          \
	"kernel fill range 10 { for j in lo ..< hi { x[j] = x[j] + j } }\nkernel turn range 10 { for j in lo ..< hi { y[j] = x[9 - j] } }\n" \
	"kernel seen range 10 { for k in 0 ..< i64(count[0]) { let j: i64 = i64(list[0, k]) if j >= lo & j < hi { x[j] = x[j] + 100 } } }\n" \
	"kernel all range 1 { for j in 0 ..< 10 { sum[] = sum[] * 3 + x[j] + y[j] } }\n"

static int64_t
run_team(Arena *a, const char *body, int threads, const char **why)
{
	Plan *p = open_plan(a, arena_printf(a, TEAM_HEAD "proc p { run lists %s run all }\n", body));
	char *memory = arena_alloc(a, p->arena_bytes);
	EvalHost host = {NULL, NULL, threads};
	int64_t status = eval_run(p, "p", memory, &host, why), sum;
	memcpy(&sum, memory + p->bufs.at[4].offset, sizeof sum);
	return status ? status : sum;
}

/* Any number of threads, also more than there are parts, gives the same; who does not wait for what it needs is told. */
static void
a_team_gives_the_same_and_must_meet(void)
{
	static const char good[] = "team { run fill (parts 2) meet run turn (parts 4) run seen (events list of count) }",
			  late[] = "team { run fill (parts 2) run turn (parts 4) run seen (events list of count) }",
			  otherwise[] = "team { run fill (parts 2) meet run turn (parts 2) run fill (parts 4) }",
			  alone[] = "team { run fill (parts 3) meet run turn (on 5) }";
	Arena *a = arena_open();
	const char *why;
	int64_t want = run_team(a, "run fill run turn run seen", 1, &why), same = run_team(a, "run fill run turn", 1, &why);
	for (int threads = 1; threads < 14; threads++) {
		const char *apart = "team { run fill (parts 2) meet run turn (parts 4) meet run seen (events list of count) }";
		CU_ASSERT_EQUAL(run_team(a, apart, threads, &why), want);
		CU_ASSERT_EQUAL(run_team(a, alone, threads, &why), same);
	}
	CU_ASSERT_EQUAL(run_team(a, good, 2, &why), -2);
	CU_ASSERT_EQUAL(run_team(a, late, 3, &why), -2);
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "they did not meet"));
	CU_ASSERT_EQUAL(run_team(a, otherwise, 3, &why), -2);
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "`x`"));
	arena_close(a);
}

/* ---- a network ------------------------------------------------------------------------------------------- */

typedef struct { const Plan *p; int fetched, samples; long spikes; } Digits;

static int64_t
digits_call(void *env, uint32_t fn, uint32_t nargs, const int64_t *args)
{
	Digits *d = env;
	const char *name = plan_host_fns[fn].name;
	unsigned char *at = nargs ? (unsigned char *)(intptr_t)args[nargs - 1] : NULL;
	if (strcmp(name, "fetch") == 0) {
		uint64_t seed = (uint64_t)args[2];
		for (int i = 0; i < 784; i++)
			at[i] = next_random(&seed) % 5 == 0 ? 200 : 0;
		d->fetched++;
	} else if (strcmp(name, "record") == 0) {
		for (int i = 0; i < 100; i++)
			d->spikes += at[i];
	} else if (strcmp(name, "sample") == 0) {
		d->samples++;
	}
	return 0;
}

static uint64_t
run_digits(long *spikes)
{
	Arena *a = arena_open();
	const char *why = NULL;
	char *text = read_text("tests/plan/digits.plan");
	Plan *p = open_plan(a, text);
	Digits d = {p, 0, 0, 0};
	EvalHost host = {digits_call, &d, 1};
	unsigned char *memory = arena_alloc(a, p->arena_bytes);
	CU_ASSERT_EQUAL(eval_run(p, "program", memory, &host, &why), 0);
	CU_ASSERT_EQUAL(d.fetched, 10);
	CU_ASSERT_EQUAL(d.samples, 10);
	uint64_t hash = 0xcbf29ce484222325u;
	for (uint64_t i = 0; i < p->arena_bytes; i++)
		hash = (hash ^ memory[i]) * 0x100000001b3u;
	*spikes = d.spikes;
	free(text);
	arena_close(a);
	return hash;
}

/* What these ten pictures give, on any machine that has IEEE 754. */
#define DIGITS_HASH 0x92f1da9fd806f20du
#define DIGITS_SPIKES 30393

static void
a_network_learns_to_the_same_bits(void)
{
	long spikes = 0;
	uint64_t hash = run_digits(&spikes);
	if (hash != DIGITS_HASH || spikes != DIGITS_SPIKES)
		printf("\n    hash %#llx, %ld spikes\n", (unsigned long long)hash, spikes);
	CU_ASSERT_EQUAL(hash, DIGITS_HASH);
	CU_ASSERT_EQUAL(spikes, DIGITS_SPIKES);
}

/* ---- lib/math.plan: random words ------------------------------------------------------------------------- */

/* The known answers of Random123 for philox4x32-10: counter, key, result. */
static const struct { uint32_t c[4], k[2], out[4]; } philox_rows[] = {
	{{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
	{{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff},
		{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
	{{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0},
		{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
};

static void
philox_gives_the_known_answers(void)
{
	Arena *a = arena_open();
	const char *why;
	Plan *p = open_math(a);
	for (size_t i = 0; i < sizeof philox_rows / sizeof philox_rows[0]; i++) {
		EvalValue args[6], out[4];
		for (int k = 0; k < 6; k++)
			args[k].i = k < 2 ? philox_rows[i].k[k] : philox_rows[i].c[k - 2];
		CU_ASSERT_TRUE(eval_call(p, "philox4x32", args, out, &why));
		for (int k = 0; k < 4; k++)
			CU_ASSERT_EQUAL(out[k].i, philox_rows[i].out[k]);
	}
	arena_close(a);
}

static void
a_draw_is_a_word_of_its_block(void)
{
	Arena *a = arena_open();
	const char *why;
	Plan *p = open_math(a);
	uint64_t step = 0xabcd12345678u;
	for (uint64_t lane = 0; lane < 4; lane++) {
		uint64_t obj = 0x123456789abcu * 4 + lane;
		EvalValue block[6] = {{.i = 11}, {.i = 22}, {.i = 0x56789abc}, {.i = 0x1234}, {.i = 0x12345678},
			{.i = 0xabcd0009}};
		EvalValue draw[5] = {{.i = 11}, {.i = 22}, {.i = (int64_t)obj}, {.i = (int64_t)step}, {.i = 9}}, words[4], one;
		CU_ASSERT_TRUE(eval_call(p, "philox4x32", block, words, &why));
		CU_ASSERT_TRUE(eval_call(p, "draw_u32", draw, &one, &why));
		CU_ASSERT_EQUAL(one.i, words[lane].i);
	}
	/* Seed, site and replica all matter, each in its own way. */
	EvalValue keys[4][2];
	for (int i = 0; i < 4; i++) {
		EvalValue args[3] = {{.i = i == 1}, {.i = i == 2}, {.i = i == 3}};
		CU_ASSERT_TRUE(eval_call(p, "mix64", args, keys[i], &why));
		for (int k = 0; k < i; k++)
			CU_ASSERT_FALSE(keys[i][0].i == keys[k][0].i && keys[i][1].i == keys[k][1].i);
	}
	arena_close(a);
}

/* ---- lib/math.plan: exp and log ---------------------------------------------------------------------------- */

static float
call_f32(const Plan *p, const char *f, float x)
{
	EvalValue arg = {.i = 0}, out;
	const char *why;
	arg.f = x;
	CU_ASSERT_TRUE(eval_call(p, f, &arg, &out, &why));
	return out.f;
}

static double
call_f64(const Plan *p, const char *f, double x)
{
	EvalValue arg = {.d = x}, out;
	const char *why;
	CU_ASSERT_TRUE(eval_call(p, f, &arg, &out, &why));
	return out.d;
}

/* The distance from the true value in units of the last place of f32 there; denormals have the smallest unit. */
static double
ulp_f32(float got, double want)
{
	int e;
	frexp(want, &e);
	return fabs((double)got - want) / ldexp(1, (e < -125 ? -125 : e) - 24);
}

static double
ulp_f64(double got, long double want)
{
	int e;
	frexpl(want, &e);
	return (double)(fabsl((long double)got - want) / ldexpl(1, (e < -1021 ? -1021 : e) - 53));
}

enum { SAMPLES = 20000 };

static double
uniform(uint64_t *seed, double lo, double hi)
{
	return lo + (hi - lo) * (double)(next_random(seed) >> 11) * 0x1p-53;
}

static void
exp_and_log_are_accurate(void)
{
	Arena *a = arena_open();
	Plan *p = open_math(a);
	uint64_t seed = 3;
	double worst[4] = {0};
	for (int i = 0; i < SAMPLES; i++) {
		float x = (float)uniform(&seed, i % 2 ? -103 : -1, i % 2 ? 88.7 : 1);
		float y = (float)exp(uniform(&seed, i % 2 ? -100 : -0.6, i % 2 ? 88 : 0.6));
		double u = uniform(&seed, i % 2 ? -744 : -1, i % 2 ? 709.7 : 1);
		double v = exp(uniform(&seed, i % 2 ? -740 : -0.6, i % 2 ? 709 : 0.6));
		double d[4] = {ulp_f32(call_f32(p, "exp_f32", x), exp(x)), ulp_f32(call_f32(p, "log_f32", y), log(y)),
			ulp_f64(call_f64(p, "exp_f64", u), expl(u)), ulp_f64(call_f64(p, "log_f64", v), logl(v))};
		for (int k = 0; k < 4; k++)
			worst[k] = d[k] > worst[k] ? d[k] : worst[k];
	}
	CU_ASSERT_TRUE(worst[0] <= 1.1);
	CU_ASSERT_TRUE(worst[1] <= 1.1);
	CU_ASSERT_TRUE(worst[2] <= 1.5);
	CU_ASSERT_TRUE(worst[3] <= 1.5);
	if (worst[0] > 1.1 || worst[1] > 1.1 || worst[2] > 1.5 || worst[3] > 1.5)
		printf("\n    ulp: exp_f32 %.3f, log_f32 %.3f, exp_f64 %.3f, log_f64 %.3f\n", worst[0], worst[1], worst[2],
			worst[3]);
	arena_close(a);
}

static long double
exprel_l(long double x)
{
	return x == 0 ? 1 : expm1l(x) / x;
}

/* The other functions of one number: where they are tried, also close to zero, and by how many ulp they may miss. */
static const struct {
	const char *f32, *f64;
	long double (*true_value)(long double);
	double lo, hi, near, most_f32, most_f64;
} functions_of_one[] = {
	{"expm1_f32", "expm1_f64", expm1l, -100, 88.6, 1e-3, 2.5, 3.5},
	{"exprel_f32", "exprel_f64", exprel_l, -100, 88.6, 1e-3, 2.5, 2.5},
	{"log1p_f32", "log1p_f64", log1pl, -0.999, 1e6, 1e-3, 3, 3},
	{"sin_f32", "sin_f64", sinl, -1e4, 1e4, 1, 0.51, 1.6},
	{"cos_f32", "cos_f64", cosl, -1e4, 1e4, 1, 0.51, 1.6},
};

static void
other_functions_are_accurate(void)
{
	Arena *a = arena_open();
	Plan *p = open_math(a);
	uint64_t seed = 5;
	for (size_t k = 0; k < sizeof functions_of_one / sizeof *functions_of_one; k++) {
		double single = 0, twice = 0;
		for (int i = 0; i < SAMPLES / 4; i++) {
			double near = functions_of_one[k].near;
			double x = i % 2 ? uniform(&seed, functions_of_one[k].lo, functions_of_one[k].hi) : uniform(&seed, -near, near);
			long double want_f32 = functions_of_one[k].true_value((float)x), want = functions_of_one[k].true_value(x);
			double e = ulp_f32(call_f32(p, functions_of_one[k].f32, (float)x), (double)want_f32);
			double d = ulp_f64(call_f64(p, functions_of_one[k].f64, x), want);
			bool crosses = functions_of_one[k].near == 1 && fabsl(want) < 0.01; /* sin, cos near a zero far out */
			single = e > single ? e : single;
			twice = d > twice && !crosses ? d : twice;
		}
		CU_ASSERT_TRUE(single <= functions_of_one[k].most_f32);
		CU_ASSERT_TRUE(twice <= functions_of_one[k].most_f64);
		if (single > functions_of_one[k].most_f32 || twice > functions_of_one[k].most_f64)
			printf("\n    ulp: %s %.3f, %s %.3f\n", functions_of_one[k].f32, single, functions_of_one[k].f64, twice);
		CU_ASSERT_TRUE(isnan(call_f32(p, functions_of_one[k].f32, (float)NAN)));
		CU_ASSERT_TRUE(isnan(call_f64(p, functions_of_one[k].f64, NAN)));
	}
	CU_ASSERT_EQUAL(call_f32(p, "exprel_f32", 0), 1.0f);
	CU_ASSERT_EQUAL(call_f32(p, "expm1_f32", -1e30f), -1.0f);
	CU_ASSERT_EQUAL(call_f64(p, "expm1_f64", -1e30), -1.0);
	CU_ASSERT_TRUE(isinf(call_f32(p, "expm1_f32", 1e30f)));
	CU_ASSERT_TRUE(isinf(call_f64(p, "exprel_f64", 1e30)));
	CU_ASSERT_TRUE(isinf(call_f32(p, "log1p_f32", -1)));
	CU_ASSERT_TRUE(isinf(call_f32(p, "log1p_f32", (float)INFINITY)));
	arena_close(a);
}

static void
powers_are_accurate(void)
{
	Arena *a = arena_open();
	Plan *p = open_math(a);
	uint64_t seed = 7;
	const char *why;
	double worst = 0;
	for (int i = 0; i < SAMPLES / 4; i++) {
		EvalValue arg[2] = {{.i = 0}, {.i = 0}}, out;
		arg[0].f = (float)exp(uniform(&seed, -5, 5));
		arg[1].f = (float)uniform(&seed, -8, 8);
		CU_ASSERT_TRUE(eval_call(p, "pow_f32", arg, &out, &why));
		double e = ulp_f32(out.f, pow(arg[0].f, arg[1].f));
		worst = e > worst ? e : worst;
	}
	CU_ASSERT_TRUE(worst <= 0.51);
	static const float cases[][3] = {{0, 2, 0}, {0, -1, (float)INFINITY}, {3, 0, 1}, {0, 0, 1}, {1, (float)INFINITY, 1}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		EvalValue arg[2] = {{.i = 0}, {.i = 0}}, out;
		arg[0].f = cases[i][0];
		arg[1].f = cases[i][1];
		CU_ASSERT_TRUE(eval_call(p, "pow_f32", arg, &out, &why));
		CU_ASSERT_EQUAL(out.f, cases[i][2]);
	}
	arena_close(a);
}

static void
exp_and_log_are_right_at_the_ends(void)
{
	Arena *a = arena_open();
	Plan *p = open_math(a);
	static const double xs[] = {0, -0.0, 88.72283, 88.72284, 89, 1e30, -87.4, -103.9, -104.5, -1e30, 709.78, 709.79, -745.1,
		-745.2, 1, 0x1p-126, 0x1p-149, 0x1p-1074, 0x1p-1022, 3.4e38};
	for (size_t i = 0; i < sizeof xs / sizeof xs[0]; i++) {
		float x = (float)xs[i], e = call_f32(p, "exp_f32", x);
		double d = call_f64(p, "exp_f64", xs[i]);
		CU_ASSERT_TRUE(isinf(expf(x)) ? isinf(e) : ulp_f32(e, exp((double)x)) <= 1.1);
		CU_ASSERT_TRUE(isinf(exp(xs[i])) ? isinf(d) : ulp_f64(d, expl(xs[i])) <= 1.5);
		if (x > 0)
			CU_ASSERT_TRUE(ulp_f32(call_f32(p, "log_f32", x), log((double)x)) <= 1.1);
		if (xs[i] > 0)
			CU_ASSERT_TRUE(ulp_f64(call_f64(p, "log_f64", xs[i]), logl(xs[i])) <= 1.5);
	}
	float inf = (float)INFINITY, none = (float)NAN;
	CU_ASSERT_EQUAL(call_f32(p, "exp_f32", 0), 1.0f);
	CU_ASSERT_EQUAL(call_f32(p, "exp_f32", inf), inf);
	CU_ASSERT_EQUAL(call_f32(p, "exp_f32", -inf), 0.0f);
	CU_ASSERT_TRUE(isnan(call_f32(p, "exp_f32", none)));
	CU_ASSERT_EQUAL(call_f32(p, "log_f32", 1), 0.0f);
	CU_ASSERT_EQUAL(call_f32(p, "log_f32", inf), inf);
	CU_ASSERT_EQUAL(call_f32(p, "log_f32", -0.0f), -inf);
	CU_ASSERT_TRUE(isnan(call_f32(p, "log_f32", -1)));
	CU_ASSERT_TRUE(isnan(call_f32(p, "log_f32", none)));
	CU_ASSERT_EQUAL(call_f64(p, "exp_f64", (double)inf), (double)inf);
	CU_ASSERT_EQUAL(call_f64(p, "exp_f64", (double)-inf), 0.0);
	CU_ASSERT_TRUE(isnan(call_f64(p, "exp_f64", (double)none)));
	CU_ASSERT_EQUAL(call_f64(p, "log_f64", 0), (double)-inf);
	CU_ASSERT_EQUAL(call_f64(p, "log_f64", (double)inf), (double)inf);
	CU_ASSERT_TRUE(isnan(call_f64(p, "log_f64", (double)-inf)));
	CU_ASSERT_TRUE(isnan(call_f64(p, "log_f64", (double)none)));
	arena_close(a);
}

static void
log_of_factorials(void)
{
	Arena *a = arena_open();
	Plan *p = open_math(a);
	for (int k = 0; k < 400; k++) {
		double want = lgamma(k + 1.0), got = call_f64(p, "lgamma1p_f64", k);
		CU_ASSERT_TRUE(fabs(got - want) <= 4e-15 * (1 + fabs(want)));
	}
	CU_ASSERT_TRUE(fabs(call_f64(p, "lgamma1p_f64", 1e7) / lgamma(1e7 + 1) - 1) < 1e-15);
	arena_close(a);
}

/* ---- lib/math.plan: distributions ----------------------------------------------------------------------------- */

static float
call_poisson(const Plan *p, float mean, uint64_t obj, uint64_t step)
{
	EvalValue args[5] = {{.i = 0}, {.i = 0x12345}, {.i = 0x6789}, {.i = (int64_t)obj}, {.i = (int64_t)step}}, out;
	const char *why;
	args[0].f = mean;
	CU_ASSERT_TRUE(eval_call(p, "poisson", args, &out, &why));
	return out.f;
}

/* How far the numbers are from the distribution: chi square over bins that expect at least 20. */
static double
chi_square(const int *counts, int n, int draws, double mean, int *bins)
{
	double chi = 0, expected = 0, left = draws;
	int seen = 0, seen_left = draws;
	*bins = 0;
	for (int k = 0; k < n; k++) {
		expected += draws * exp(k * log(mean) - mean - lgamma(k + 1.0));
		seen += counts[k];
		if (expected >= 20 && left - expected >= 20) {
			chi += (seen - expected) * (seen - expected) / expected;
			left -= expected;
			seen_left -= seen;
			expected = seen = 0;
			(*bins)++;
		}
	}
	return chi + (seen_left - left) * (seen_left - left) / left;
}

static void
poisson_numbers_have_their_distribution(void)
{
	enum { DRAWS = 20000, MOST = 1000 };
	static const double means[] = {0.5, 3, 7.8, 10, 50, 500};
	Arena *a = arena_open();
	Plan *p = open_math(a);
	for (size_t m = 0; m < sizeof means / sizeof means[0]; m++) {
		static int counts[MOST];
		double sum = 0, squares = 0;
		memset(counts, 0, sizeof counts);
		for (int i = 0; i < DRAWS; i++) {
			float k = call_poisson(p, (float)means[m], (uint64_t)i % 1000, (uint64_t)i / 1000);
			CU_ASSERT_TRUE_FATAL(k >= 0 && k < MOST && k == floorf(k));
			counts[(int)k]++;
			sum += (double)k;
			squares += ((double)k - means[m]) * ((double)k - means[m]);
		}
		double mean = (double)(float)means[m], spread = sqrt(mean / DRAWS);
		int bins;
		double chi = chi_square(counts, MOST, DRAWS, mean, &bins);
		CU_ASSERT_TRUE(fabs(sum / DRAWS - mean) < 4 * spread);
		CU_ASSERT_TRUE(fabs(squares / DRAWS / mean - 1) < 4 * sqrt((2 + 1 / mean) / DRAWS));
		CU_ASSERT_TRUE(chi < bins + 4 * sqrt(2.0 * bins) + 6);
		if (chi >= bins + 4 * sqrt(2.0 * bins) + 6)
			printf("\n    mean %g: chi square %.1f of %d\n", mean, chi, bins);
	}
	CU_ASSERT_EQUAL(call_poisson(p, 0, 1, 1), 0.0f);
	CU_ASSERT_EQUAL(call_poisson(p, -3, 1, 1), 0.0f);
	CU_ASSERT_EQUAL(call_poisson(p, (float)NAN, 1, 1), 0.0f);
	CU_ASSERT_TRUE(fabs((double)call_poisson(p, 1e30f, 1, 1) - 0x1p24) < 6 * 4096);
	arena_close(a);
}

static void
normal_numbers_are_normal(void)
{
	enum { PAIRS = 40000 };
	Arena *a = arena_open();
	Plan *p = open_math(a);
	uint64_t seed = 5;
	double sum[5] = {0};
	const char *why;
	for (int i = 0; i < PAIRS; i++) {
		uint64_t r = next_random(&seed);
		EvalValue args[2] = {{.i = (int64_t)(r & 0xffffffff)}, {.i = (int64_t)(r >> 32)}}, out;
		CU_ASSERT_TRUE(eval_call(p, "normal_f32", args, &out, &why));
		double z = (double)out.f, u = ((double)(r & 0xffffffff) + 0.5) * 0x1p-32;
		double want = sqrt(-2 * log(u)) * cos(3.14159265358979 * (double)(int32_t)(r >> 32) * 0x1p-31);
		CU_ASSERT_TRUE_FATAL(fabs(z - want) < 3e-6);
		for (int k = 1; k < 5; k++)
			sum[k] += pow(z, k);
	}
	CU_ASSERT_TRUE(fabs(sum[1] / PAIRS) < 4 / sqrt(PAIRS));
	CU_ASSERT_TRUE(fabs(sum[2] / PAIRS - 1) < 4 * sqrt(2.0 / PAIRS));
	CU_ASSERT_TRUE(fabs(sum[3] / PAIRS) < 4 * sqrt(15.0 / PAIRS));
	CU_ASSERT_TRUE(fabs(sum[4] / PAIRS - 3) < 4 * sqrt(96.0 / PAIRS));
	/* The ends: no word gives an infinity. */
	static const uint32_t words[] = {0, 1, 0x7fffffff, 0x80000000, 0xffffffff};
	for (int i = 0; i < 25; i++) {
		EvalValue args[2] = {{.i = words[i / 5]}, {.i = words[i % 5]}}, out;
		CU_ASSERT_TRUE(eval_call(p, "normal_f32", args, &out, &why));
		CU_ASSERT_TRUE(isfinite(out.f) && fabsf(out.f) < 7);
	}
	arena_close(a);
}

CU_TestInfo test_eval[] = {
	{"operators round once, wrap and saturate", operators_round_wrap_and_saturate},
	{"statements do what they say", statements_do_what_they_say},
	{"a wrong index is told", a_wrong_index_is_told},
	{"what a part of a kernel has not written is not read from work", what_a_part_has_not_written_is_not_read},
	{"a team gives the same, and must meet", a_team_gives_the_same_and_must_meet},
	{"a network learns to the same bits", a_network_learns_to_the_same_bits},
	{"philox gives the known answers", philox_gives_the_known_answers},
	{"a draw is a word of its block", a_draw_is_a_word_of_its_block},
	{"exp and log are accurate", exp_and_log_are_accurate},
	{"other functions are accurate", other_functions_are_accurate},
	{"powers are accurate", powers_are_accurate},
	{"exp and log are right at the ends", exp_and_log_are_right_at_the_ends},
	{"log of factorials", log_of_factorials},
	{"poisson numbers have their distribution", poisson_numbers_have_their_distribution},
	{"normal numbers are normal", normal_numbers_are_normal},
	CU_TEST_INFO_NULL,
};
