/* test_plan: the text of plans goes there and back, and whatever is wrong with a plan is told in words. */
#include "base/panic.h"
#include "plan/plan.h"
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

static const char *
printed(Arena *a, const Plan *p)
{
	StrBuf b = strbuf_init(a);
	plan_print(&b, p);
	return strbuf_text(&b);
}

static Plan *
read_sound(Arena *a, Interner *names, const char *text)
{
	const char *why = NULL;
	Plan *p = plan_read(a, names, text, &why);
	if (!p)
		printf("\n    read: %s\n", why);
	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	why = plan_verify(p, a);
	if (why)
		printf("\n    verify: %s\n", why);
	CU_ASSERT_PTR_NULL(why);
	return p;
}

static void
check_golden(const char *path)
{
	Arena *a = arena_open();
	Interner *names = intern_open(a);
	char *text = read_text(path);
	Plan *p = read_sound(a, names, text);
	CU_ASSERT_STRING_EQUAL(printed(a, p), text);
	free(text);
	arena_close(a);
}

/* ---- there and back ----------------------------------------------------------------------------------- */

static void
every_kind_of_thing_is_read_back_as_printed(void)
{
	check_golden("tests/plan/every.plan");
	check_golden("tests/plan/digits.plan");
	check_golden("tests/plan/masks.plan");
	check_golden("tests/plan/pitch.plan");
}

static void
a_pitch_takes_room_and_changes_nothing_else(void)
{
	Arena *a = arena_open();
	Interner *names = intern_open(a);
	Plan *dense = read_sound(a, names, "plan \"t\" real f32 dt 1 seed 0 buffer w: f32 [slot 2, pre 3, post 5] state buffer v: f32 [] state");
	Plan *apart = read_sound(a, names, "plan \"t\" real f32 dt 1 seed 0 buffer w: f32 [slot 2, pre 3, post 5] state pitch 16 buffer v: f32 [] state");
	const PlanBuf *w = &apart->bufs.at[0];
	plan_layout(dense);
	plan_layout(apart);
	CU_ASSERT_EQUAL(plan_buf_count(w), 30);
	CU_ASSERT_EQUAL(plan_buf_pitch(w), 16);
	CU_ASSERT_EQUAL(plan_buf_pitch(&dense->bufs.at[0]), 5);
	CU_ASSERT_EQUAL(plan_buf_pitch(&dense->bufs.at[1]), 1);
	CU_ASSERT_EQUAL(plan_buf_bytes(w), 6 * 16 * 4);
	CU_ASSERT_EQUAL(plan_buf_place(w, 4), 4);
	CU_ASSERT_EQUAL(plan_buf_place(w, 5), 16);
	CU_ASSERT_EQUAL(plan_buf_place(w, 29), 5 * 16 + 4);
	CU_ASSERT_EQUAL(plan_buf_place(&dense->bufs.at[0], 29), 29);
	CU_ASSERT_EQUAL(apart->arena_bytes - dense->arena_bytes, 6 * 64 - 128);
	CU_ASSERT_STRING_EQUAL(plan_hash(dense), plan_hash(apart));
	arena_close(a);
}

static void
the_plan_in_the_manual_is_the_tested_one(void)
{
	char *doc = read_text("docs/plan-ir.md"), *text = read_text("tests/plan/digits.plan");
	CU_ASSERT_PTR_NOT_NULL(strstr(doc, text));
	free(doc);
	free(text);
}

static void
the_library_of_functions_is_sound(void)
{
	Arena *a = arena_open();
	Interner *names = intern_open(a);
	char *text = read_text("lib/math.plan");
	const char *why = NULL;
	Plan *lib = plan_new(a, names, "lib", PT_F32);
	CU_ASSERT_TRUE_FATAL(plan_read_funcs(lib, text, &why));
	CU_ASSERT_PTR_NULL(plan_verify(lib, a));
	uint32_t n = lib->codes.n;
	CU_ASSERT_TRUE(plan_read_funcs(lib, text, &why));
	CU_ASSERT_EQUAL(lib->codes.n, n);
	Plan *again = read_sound(a, names, printed(a, lib));
	CU_ASSERT_STRING_EQUAL(printed(a, again), printed(a, lib));
	/* One func brings those that it calls, and nothing else, once. */
	Plan *p = plan_new(a, names, "p", PT_F32);
	uint32_t id = plan_link_func(p, lib, "draw_u32");
	CU_ASSERT_EQUAL(id, 1);
	CU_ASSERT_EQUAL(plan_link_func(p, lib, "draw_u32"), 1);
	CU_ASSERT_EQUAL(plan_link_func(p, lib, "philox4x32"), 0);
	CU_ASSERT_EQUAL(plan_link_func(p, lib, "nothing"), UINT32_MAX);
	CU_ASSERT_EQUAL(p->codes.n, 2);
	CU_ASSERT_PTR_NULL(plan_verify(p, a));
	free(text);
	arena_close(a);
}

static void
what_the_builders_make_reads_like_this(void)
{
	Arena *a = arena_open();
	Plan *p = plan_new(a, intern_open(a), "built", PT_F32);
	PlanAxis axes[] = {{AXIS_BATCH, 1}, {AXIS_NEURON, 10}};
	uint32_t v = plan_add_buf(p, "exc.v", PT_F32, ROLE_STATE, 2, axes);
	uint32_t kernel = plan_add_code(p, CODE_KERNEL, "exc.update");
	PlanCode *c = p->codes.at[kernel];
	c->range = 10;
	PlanEmit top = plan_emit(p, c), body = plan_emit(p, c), then = plan_emit(p, c);
	uint32_t j = plan_new_loop_local(&body, "j");
	PlanExpr *at[] = {plan_int(p, PT_I64, 0), plan_local(p, c, j)};
	PlanExpr *x = plan_emit_let(&body, "x", plan_load(p, v, 2, at));
	PlanExpr *y = plan_emit_let(&body, "x", plan_binary(p, PEXPR_SUB, x, plan_float(p, PT_F32, -0.1)));
	PlanExpr *z = plan_emit_let(&body, "exc.x", plan_binary(p, PEXPR_SUB, x, plan_binary(p, PEXPR_SUB, y, x)));
	plan_emit_store(&then, v, 2, at, plan_unary(p, PEXPR_NEG, z));
	plan_emit_if(&body, plan_binary(p, PEXPR_GT, y, plan_float(p, PT_F32, 1)), &then, NULL);
	plan_emit_for(&top, j, plan_local(p, c, 0), plan_local(p, c, 1), true, &body)->step = 2;
	c->body = plan_freeze(&top);
	uint32_t proc = plan_add_code(p, CODE_PROC, "step");
	PlanEmit steps = plan_emit(p, p->codes.at[proc]);
	plan_emit_note(&steps, "step %d", 1);
	plan_emit_run(&steps, kernel);
	plan_emit_host(&steps, "poll", "r", 0, NULL);
	p->codes.at[proc]->body = plan_freeze(&steps);
	CU_ASSERT_PTR_NULL(plan_verify(p, a));
	CU_ASSERT_STRING_EQUAL(printed(a, p),
		"plan \"built\" real f32 dt 1 seed 0\n\n"
		"buffer exc.v: f32 [batch 1, neuron 10] state\n\n"
		"kernel exc.update range 10 {\n"
		"\tfor j in lo ..< hi step 2 simd {\n"
		"\t\tlet x: f32 = exc.v[0, j]\n"
		"\t\tlet x2: f32 = x - -0.1\n"
		"\t\tlet exc_x: f32 = x - (x2 - x)\n"
		"\t\tif x2 > 1.0 {\n"
		"\t\t\texc.v[0, j] = -exc_x\n"
		"\t\t}\n\t}\n}\n\n"
		"proc step {\n\tnote \"step 1\"\n\trun exc.update\n\tlet r = host poll()\n}\n");
	plan_layout(p);
	CU_ASSERT_EQUAL(p->bufs.at[0].offset, 64);
	CU_ASSERT_EQUAL(p->arena_bytes, 128);
	arena_close(a);
}

static void
halves_are_rounded_to_nearest_even(void)
{
	static const struct { PlanType t; double v; uint16_t bits; } rows[] = {
		{PT_F16, 0, 0}, {PT_F16, -0.0, 0x8000}, {PT_F16, 1, 0x3c00}, {PT_F16, 65504, 0x7bff}, {PT_F16, 65520, 0x7c00},
		{PT_F16, 65519.99, 0x7bff}, {PT_F16, 0x1p-24, 1}, {PT_F16, 0x1p-25, 0}, {PT_F16, 0x1.8p-24, 2},
		{PT_F16, 2049, 0x6800}, {PT_F16, 2051, 0x6802}, {PT_F16, -2, 0xc000}, {PT_F16, 1e300, 0x7c00},
		{PT_F16, 0x1.ff8p-15, 0x03ff}, {PT_F16, 0x1.ffcp-15, 0x0400},
		{PT_BF16, 1, 0x3f80}, {PT_BF16, 1.00390625, 0x3f80}, {PT_BF16, 1.01171875, 0x3f82}, {PT_BF16, 1e39, 0x7f80},
		{PT_BF16, 0x1p-133, 1}};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		CU_ASSERT_EQUAL(plan_half_bits(rows[i].t, rows[i].v), rows[i].bits);
	for (uint32_t bits = 0; bits < 0x10000; bits++) {
		for (int t = PT_F16; t <= PT_BF16; t++) {
			double v = plan_half_value((PlanType)t, (uint16_t)bits);
			if (!isnan(v) && plan_half_bits((PlanType)t, v) != bits)
				CU_FAIL("a half does not come back");
		}
	}
}

/* ---- what is wrong is told ------------------------------------------------------------------------------ */

#define HEAD "plan \"t\" real f32 dt 1 seed 0\n"
#define BUFS HEAD "buffer x: f32 [neuron 8] state buffer n: i64 [] state buffer k: f32 [neuron 2] const = {1.0, 2.0}" \
	" buffer t: u8 [item 4] state buffer w: f32 [pre 4, post 3] state\n"
#define KERNEL(body) BUFS "kernel q range 8 { " body " }"
#define PROC(body) BUFS "object 0 phase \"p\" texts [] bufs [] nums [1, 1] object 1 record \"r\" texts [\"dense\"] bufs [x] nums [1]" \
	" object 2 data \"d\" texts [\"idx\", \"a\", \"\"] bufs [] nums [9, 0, 1, 6, 1, 4]\n" \
	"kernel q range 8 { } proc q2 { } proc q3 { " body " }"
#define FUNC(body) BUFS "func f(a: f32, i: i64, u: u32, b: bool) -> (f32) { " body " }"

#define LISTED(type) "buffer s: bool [batch 1, neuron 8] state buffer l: " type " [batch 1, neuron 8] derived" \
	" object 0 record \"r\" texts [\"events\"] bufs [s, l] nums [1]\n"

static const struct { const char *text, *told; } bad_rows[] = {
	/* the reader */
	{"", "line 1: `plan` expected before the end"},
	{"plan x", "a string expected before `x`"},
	{"plan \"x", "the closing \" is missing"},
	{"plan \"\\q\"", "unknown escape"},
	{"\n\nplan \"x\" real f33", "line 3: a type expected before `f33`"},
	{"plan \"x\" real f32 dt 1 seed 99999999999999999999999", "a whole number expected"},
	{HEAD "\x01", "line 2: a byte that belongs to no token: 0x01"},
	{HEAD "buffer let: f32 [] state", "`let` is a word of the language"},
	{HEAD "buffer x: f32 [] stat", "a role expected before `stat`"},
	{HEAD "buffer x: f32 [neuron 2, neuron 2] state pitch x", "a whole number expected before `x`"},
	{HEAD "buffer x: f32 [neuro 2] state", "an axis expected before `neuro`"},
	{HEAD "buffer x: f32 [neuron -2] state", "a whole number expected before `-`"},
	{HEAD "buffer x: f32 [item 1, item 1, item 1, item 1, item 1, item 1, item 1] state", "more than 6 axes"},
	{HEAD "buffer x: f32 [] state buffer x: f32 [] state", "two buffers are named `x`"},
	{HEAD "buffer x: f32 [neuron 2] const = {1.0}", "`x` has 2 elements and 1 values"},
	{HEAD "buffer x: u8 [neuron 1] const = {256}", "`256` is no number of type u8"},
	{HEAD "buffer x: u8 [neuron 1] const = {-1}", "`1` is no number of type u8"},
	{HEAD "buffer x: i8 [neuron 1] const = {true}", "`true` where i8 is expected"},
	{HEAD "buffer x: i64 [neuron 1] const = {9223372036854775808}", "is no number of type i64"},
	{HEAD "object 1 save \"s\" texts [] bufs [] nums []", "this is object 0"},
	{HEAD "object 0 sav \"s\" texts [] bufs [] nums []", "a kind of object expected"},
	{HEAD "object 0 fill \"s\" texts [\"a\"] bufs [y] nums []", "no buffer is named `y`"},
	{HEAD "kernel q range 8 {", "a name expected before the end"},
	{HEAD "kernel q range 8 { } kernel q range 8 { }", "`q` is defined twice"},
	{HEAD "frob", "buffer, object, func, kernel or proc expected before `frob`"},
	{KERNEL("y[0] = 1.0"), "no statement begins with `y`"},
	{KERNEL("x = 1.0"), "`[` expected before `=`"},
	{KERNEL("let a: f32 = x"), "no local is named `x` here (a buffer has brackets)"},
	{KERNEL("let a: f32 = frob(1.0)"), "no operator is named `frob`"},
	{KERNEL("let a: f32 = fma(1.0, 2.0)"), "`fma` takes 3 operands"},
	{KERNEL("let a: f32 = 1.0 + 2.0f64"), "the operands of `+` are f32 and f64"},
	{KERNEL("let a: f32 = 1"), "`a` is f32 and its value i64"},
	{KERNEL("let a: f16 = 1.0f16"), "no expression has the type f16"},
	{KERNEL("let a: f32 = f16(1.0)"), "f32 cannot become f16"},
	{KERNEL("let a: bool = bool(1)"), "i64 cannot become bool"},
	{KERNEL("let a: u32 = bits_u32(1)"), "i64 cannot become the bits of u32"},
	{KERNEL("let a: u32 = -3u32"), "`3u32` is no number of type u32"},
	{KERNEL("let a: u32 = 3u33"), "has no such type behind it"},
	{KERNEL("let a: f32 = 1.0.5"), "is no number of type f32"},
	{KERNEL("let a: f32 = 1.0 % 2.0"), "`%` has no meaning for f32"},
	{KERNEL("let a: i64 = lo / hi"), "`/` of integers needs a constant on its right"},
	{KERNEL("let a: i64 = lo / 0"), "`/` by 0"},
	{KERNEL("let a: i64 = lo % -1"), "`%` by -1"},
	{KERNEL("let a: bool = true < false"), "`<` has no meaning for bool"},
	{KERNEL("let a: f32 = select(1, 1.0, 2.0)"), "`select` needs a bool first"},
	{KERNEL("let a: u8 = -t[0]"), "`-` has no meaning for u8"},
	{KERNEL("let a: i64 = 1 let a: i64 = 2"), "`a` is declared twice"},
	{KERNEL("let a.b: i64 = 1"), "it has a dot"},
	{KERNEL("let (a) = call q(1)"), "no func above is named `q`"},
	{KERNEL("let a = 1"), "`host` expected before `1`"},
	{PROC("host frob()"), "no host call is named `frob`"},
	/* the verifier */
	{KERNEL("x[8] = 1.0"), "kernel `q`, `x[8] = 1.0`: `x` is indexed by 8, its axis neuron has 8"},
	{KERNEL("x[-1] = 1.0"), "`x` is indexed by -1"},
	{KERNEL("x[0, 0] = 1.0"), "`x` has 1 axes and gets 2 indices"},
	{KERNEL("x[] = 1.0"), "`x` has 1 axes and gets 0 indices"},
	{KERNEL("x[0u32] = 1.0"), "an index of `x` is u32, not i64"},
	{KERNEL("x[0] = 1.0f64"), "the value is f64, not f32"},
	{KERNEL("k[0] = 1.0"), "`k` is const"},
	{KERNEL("for j in lo ..< hi { x[j + 1] = 1.0 }"), "`x` is indexed by 8"},
	{KERNEL("for j in lo ..< hi { x[j - 1] = 1.0 }"), "`x` is indexed by -1"},
	{KERNEL("for j in 0 ..< 9 { x[j] = 1.0 }"), "`x` is indexed by 8"},
	{KERNEL("for j in 0 ..< 10 step 9 { let i: i64 = j x[i] = 1.0 }"), "`x` is indexed by 9"},
	{KERNEL("for i in 0 ..< 3 { for j in 0 ..< 3 { x[i * 3 + j] = 1.0 } }"), "`x` is indexed by 8"},
	{KERNEL("for j in 0 ..< 8 step 0 { }"), "the step is not positive"},
	{KERNEL("for j in 0 ..< 8u32 { }"), "the upper bound is u32, not i64"},
	{KERNEL("for j in 0 ..< 8 { set j = 1 }"), "`j` is no variable"},
	{KERNEL("let a: i64 = 1 set a = 2"), "`a` is no variable"},
	{KERNEL("var a: i64 = 1 set a = 2.0"), "`a` is i64 and its value f32"},
	{KERNEL("var a: f32 = 1.0 for j in 0 ..< 8 simd { set a = a + x[j] }"), "`a` is shared by the turns of a simd loop"},
	{KERNEL("if true { let a: i64 = 1 } x[a] = 1.0"), "`a` is used outside its block"},
	{KERNEL("if 1 { }"), "the condition is i64, not bool"},
	{KERNEL("while 1.0 { }"), "the condition is f32, not bool"},
	{KERNEL("return 1.0"), "only a func returns values"},
	{KERNEL("run q"), "no kernel above is named `q`"},
	{KERNEL("host poll()"), "only a proc may do that"},
	{FUNC("return x[0]"), "a func may not touch the buffer `x`"},
	{FUNC("x[0] = 1.0 return a"), "a func may not store"},
	{FUNC("prefetch x[0] return a"), "only a kernel prefetches"},
	{KERNEL("prefetch x[0u32]"), "an index of `x` is u32, not i64"},
	{KERNEL("prefetch k[9]"), "is indexed by 9"},
	{FUNC(""), "it does not end with `return`"},
	{FUNC("return a return a"), "`return` stands last"},
	{FUNC("return a, a"), "2 values for 1 results"},
	{FUNC("return i"), "a result is i64, not f32"},
	{HEAD "func f() -> () { note \"\" }", "it has 0 results"},
	{HEAD "func f(a: f16) -> (f32) { return 1.0 }", "func `f`: `a` is f16"},
	{FUNC("return a } kernel r range 1 { let (y) = call f(1.0, 2, 3u32)"), "`f` takes 4 values and gives 1"},
	{FUNC("return a } kernel r range 1 { let (y) = call f(1.0, 2, 3, true)"), "an argument is i64, not u32"},
	{FUNC("return a } kernel r range 1 { let (y, z) = call f(1.0, 2, 3u32, true)"), "is no func with 2 results"},
	{PROC("run q2"), "`q2` is not a kernel"},
	{PROC("do q"), "`q` is not a proc"},
	{PROC("for i in 0 ..< 2 simd { run q }"), "a simd loop may not do that"},
	{PROC("team { run q }"), "a team does not know who runs this"},
	{PROC("run q (parts 64)"), "only a team shares a run out"},
	{PROC("team { run q (parts 0) }"), "parts of 0"},
	{PROC("team { run q (on 64) }"), "there is no thread 64"},
	{PROC("team { run q (events x of n) }"), "`x` is no list of events"},
	{PROC("team { run q (events z of n) }"), "no buffer is named `z`"},
	{PROC("team { host poll() }"), "a team may not do that"},
	{PROC("team { team { } }"), "a team in a team"},
	{PROC("meet"), "only a team meets"},
	{KERNEL("team { }"), "only a proc may do that"},
	{PROC("host poll(1)"), "host poll takes 0 arguments"},
	{PROC("host report(1.0)"), "argument 0 is f32, not i64"},
	{PROC("host report(0)"), "object 0 is no report"},
	{PROC("host report(7)"), "object 7 is no report"},
	{PROC("host phase(n[], 1)"), "the phase is no constant"},
	{PROC("host record(1, 0, 0)"), "argument 2 is no address"},
	{PROC("host record(1, &n[], &x[0])"), "argument 1 is an address"},
	{PROC("host record(1, 0, &w[0, 0])"), "the object is for `x`"},
	{PROC("host record(1, 0, &x[1])"), "`x` has no room for 8 elements there"},
	{PROC("host record_list(1, 0, 0, &x[0])"), "the record has no list"},
	{HEAD LISTED("u16") "proc q { host record_list(0, 0, 0, &s[0, 0]) }", "the object is for `l`"},
	{HEAD LISTED("i32"), "object 0: record has a list that does not fit"},
	{PROC("host fetch(2, 0, 0, &x[0])"), "`x` is f32 and gets u8"},
	{PROC("host fetch(2, 0, 0, &t[1])"), "`t` has no room for 4 elements there"},
	{PROC("host fetch(2, 1, 0, &t[0])"), "data has no column 1"},
	{PROC("let r = host poll() let s: f32 = r"), "`s` is f32 and its value i64"},
	{HEAD "buffer seed: u32 [] state", "buffer `seed` is not u64 []"},
	{HEAD "kernel step range 1 { }", "`step` is not a proc"},
	{HEAD "buffer x: f32 [pre 4294967296, post 4294967296] state", "buffer `x` is too large"},
	{HEAD "buffer x: f32 [pre 4, post 4] state pitch 4", "buffer `x` cannot have a pitch of 4"},
	{HEAD "buffer x: f32 [pre 4, post 4] state pitch 3", "buffer `x` cannot have a pitch of 3"},
	{HEAD "buffer x: f32 [neuron 4] state pitch 8", "buffer `x` cannot have a pitch of 8"},
	{HEAD "buffer x: f32 [pre 4, post 1] state pitch 8", "buffer `x` cannot have a pitch of 8"},
	{HEAD "buffer x: f32 [pre 1, post 2] const pitch 8 = {1.0, 2.0}", "buffer `x` cannot have a pitch of 8"},
	{HEAD "buffer x: f32 [pre 4294967296, post 4] state pitch 4294967296", "buffer `x` is too large"},
	{HEAD "buffer x: bool [batch 2, neuron 4] state pitch 8 object 0 raster \"r\" texts [] bufs [x] nums []", "raster takes `x` as a whole, and it has a pitch"},
	{HEAD "buffer x: u8 [item 2, item 4] state pitch 8 object 0 data \"d\" texts [\"idx\", \"a\", \"\"] bufs [] nums [9, 0, 1, 6, 1, 4]"
	      " proc q { host fetch(0, 0, 0, &x[0, 0]) }", "`x` has a pitch"},
	{HEAD "object 0 phase \"p\" texts [] bufs [] nums []", "object 0: phase has 0 numbers, not 2"},
	{HEAD "object 0 report \"p\" texts [\"x\"] bufs [] nums [0, -1]", "object 0: report names no phase"},
	{HEAD "object 0 data \"p\" texts [\"x\"] bufs [] nums [1, 2, 3]", "object 0: data of 3 columns has 1 texts"},
	{HEAD "object 0 data \"p\" texts [\"x\", \"y\", \"\"] bufs [] nums [1, 2, 1, 6, 3]", "without a type or shape"},
	{BUFS "object 0 fill \"p\" texts [\"x\"] bufs [k] nums []", "`k`, which is const"},
	{"plan \"x\" real i8 dt 1 seed 0", "the plan's `real` is i8"},
	{"plan \"x\" real f32 dt 0 seed 0", "the plan's dt is not positive"},
};

static void
what_is_wrong_is_told(void)
{
	for (size_t i = 0; i < sizeof bad_rows / sizeof bad_rows[0]; i++) {
		Arena *a = arena_open();
		const char *why = NULL;
		Plan *p = plan_read(a, intern_open(a), bad_rows[i].text, &why);
		if (p)
			why = plan_verify(p, a);
		bool ok = why && strstr(why, bad_rows[i].told);
		if (!ok)
			printf("\n    row %zu: got  %s\n             want %s\n", i, why ? why : "nothing", bad_rows[i].told);
		CU_ASSERT_TRUE(ok);
		arena_close(a);
	}
}

static void
what_is_only_guarded_is_not_refused(void)
{
	static const char *const rows[] = {
		KERNEL("for j in 0 ..< 9 { if j < 8 { x[j] = 1.0 } }"),
		KERNEL("for j in 8 ..< 8 { x[j] = 1.0 }"),
		KERNEL("for j in lo ..< hi { let i: i64 = j * 3 % 8 x[i] = 1.0 }"),
		KERNEL("for i in 0 ..< 4 { for j in 0 ..< 3 simd { var s: f32 = 0.0 set s = s + w[i, j] } }"),
		KERNEL("for j in 0 ..< 10 step 7 { x[j] = 1.0 }"),
		KERNEL("for j in lo * 2 ..< hi * 2 step 2 { x[j / 2] = 1.0 }"),
		KERNEL("for j in lo ..< hi { x[j - j] = 1.0 }"),
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		Arena *a = arena_open();
		read_sound(a, intern_open(a), rows[i]);
		arena_close(a);
	}
}

/* ---- plans that no text says ----------------------------------------------------------------------------- */

static const PlanStmt *
first_of(PlanBlock b, PlanStmtKind k)
{
	const PlanStmt *found = NULL;
	for (uint32_t i = 0; i < b.n && !found; i++) {
		found = b.at[i]->kind == k ? b.at[i] : first_of(b.at[i]->body, k);
		found = found ? found : first_of(b.at[i]->other, k);
	}
	return found;
}

static PlanStmt *
any_of(const Plan *p, PlanStmtKind k)
{
	const PlanStmt *found = NULL;
	for (uint32_t i = 0; i < p->codes.n && !found; i++)
		found = first_of(p->codes.at[i]->body, k);
	return (PlanStmt *)found;
}

/* Breaks a sound plan in its memory, in the way of the given number; false if there is no such way. */
static bool
break_plan(Plan *p, int way)
{
	switch (way) {
	case 0: any_of(p, PSTMT_LET)->e = NULL; return true;
	case 1: any_of(p, PSTMT_LET)->id = 9999; return true;
	case 2: any_of(p, PSTMT_SET)->id = 9999; return true;
	case 3: any_of(p, PSTMT_STORE)->id = 9999; return true;
	case 4: any_of(p, PSTMT_CALL)->id = 9999; return true;
	case 5: any_of(p, PSTMT_RUN)->id = 9999; return true;
	case 6: any_of(p, PSTMT_HOST)->id = 9999; return true;
	case 7: any_of(p, PSTMT_LET)->kind = (PlanStmtKind)77; return true;
	case 8: any_of(p, PSTMT_LET)->e->kind = (PlanExprKind)77; return true;
	case 9: any_of(p, PSTMT_LET)->e->type = (PlanType)77; return true;
	case 10: any_of(p, PSTMT_LET)->e->type = PT_I8; return true;
	case 11: any_of(p, PSTMT_STORE)->op[0] = NULL; return true;
	case 12: any_of(p, PSTMT_STORE)->nops = 0; return true;
	case 13: any_of(p, PSTMT_NOTE)->text = NULL; return true;
	case 14: any_of(p, PSTMT_FOR)->hi = NULL; return true;
	case 15: any_of(p, PSTMT_FOR)->body.at[0] = NULL; return true;
	case 16: p->codes.at[0] = NULL; return true;
	case 17: p->bufs.at[3].type = (PlanType)77; return true;
	case 18: p->bufs.at[3].naxes = 77; return true;
	case 19: p->bufs.at[3].axis[0].kind = (PlanAxisKind)77; return true;
	case 20: p->bufs.at[3].role = ROLE_CONST; return true;
	case 21: p->bufs.at[3].name = NULL; return true;
	case 22: p->objects.at[1].bufs[0] = 9999; return true;
	case 23: p->objects.at[0].texts[0] = NULL; return true;
	case 24: any_of(p, PSTMT_RUN)->id = p->codes.n - 1; return true;
	case 25: any_of(p, PSTMT_STORE)->e->op[0] = any_of(p, PSTMT_STORE)->e; return true;
	case 26: any_of(p, PSTMT_CALL)->locals[0] = 9999; return true;
	case 27: p->codes.at[0]->nparams = 77; return true;
	case 28: p->codes.at[0]->kind = (PlanCodeKind)77; return true;
	case 29: p->codes.at[2]->locals[2].name = p->codes.at[2]->locals[0].name; return true;
	}
	return false;
}

static void
a_plan_broken_in_memory_is_told_too(void)
{
	char *text = read_text("tests/plan/every.plan");
	for (int way = 0;; way++) {
		Arena *a = arena_open();
		Plan *p = read_sound(a, intern_open(a), text);
		bool broken = break_plan(p, way);
		const char *why = plan_verify(p, a);
		if (broken && !why)
			printf("\n    way %d is not found\n", way);
		CU_ASSERT_EQUAL(broken, why != NULL);
		arena_close(a);
		if (!broken)
			break;
	}
	free(text);
}

/* ---- any bytes ------------------------------------------------------------------------------------------- */

static uint64_t
next_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

/* Whatever the text: read tells or reads, verify tells or passes, and what is read prints to a fixed point. */
static bool
survives(const char *text)
{
	Arena *a = arena_open();
	Interner *names = intern_open(a);
	const char *why = NULL;
	Plan *p = plan_read(a, names, text, &why);
	bool ok = p || why;
	if (p) {
		const char *once = printed(a, p);
		Plan *q = plan_read(a, names, once, &why);
		ok = q && strcmp(printed(a, q), once) == 0;
		if (!q)
			printf("\n    %s\n", why);
		ok = ok && !plan_verify(p, a) == !plan_verify(q, a);
	}
	arena_close(a);
	return ok;
}

/* Changes some bytes, or moves a piece of the text, or doubles a token. */
static void
mutate(char *s, size_t n, uint64_t *seed)
{
	static const char bytes[] = "()[]{}<>=+-*/%&|^!,:;.\"`\\ \n0123456789abefinux\x01\x80\xff";
	uint64_t times = 1 + next_random(seed) % 3;
	for (uint64_t i = 0; i < times; i++) {
		uint64_t r = next_random(seed);
		size_t at = (size_t)(next_random(seed) % n), from = (size_t)(next_random(seed) % n);
		size_t len = (size_t)(1 + r / 16 % 12);
		if (r % 4 == 0 && at + len < n && from + len < n)
			memmove(s + at, s + from, len);
		else if (r % 4 == 1)
			s[at] = bytes[r / 16 % (sizeof bytes - 1)];
		else if (s[at] >= '0' && s[at] <= '9')
			s[at] = (char)('0' + r / 16 % 10);
		else
			s[at] = s[from];
	}
}

static void
mutated_texts_never_crash(void)
{
	static const char *const paths[] = {"tests/plan/every.plan", "tests/plan/digits.plan", "tests/plan/masks.plan"};
	uint64_t seed = 1;
	for (int k = 0; k < 3; k++) {
		char *text = read_text(paths[k]);
		size_t n = strlen(text);
		char *copy = malloc(n + 1);
		ASSERT(copy);
		int bad = 0;
		for (int i = 0; i < 2000; i++) {
			memcpy(copy, text, n + 1);
			mutate(copy, n, &seed);
			if (i % 50 == 0)
				copy[next_random(&seed) % n] = '\0';
			bad += !survives(copy);
		}
		CU_ASSERT_EQUAL(bad, 0);
		free(copy);
		free(text);
	}
}

/* A text of `open`, n times, in the middle of a kernel. */
static void
check_deep(const char *before, const char *open, size_t n)
{
	Arena *a = arena_open();
	StrBuf b = strbuf_init(a);
	strbuf_puts(&b, before);
	for (size_t i = 0; i < n; i++)
		strbuf_puts(&b, open);
	CU_ASSERT_TRUE(survives(strbuf_text(&b)));
	arena_close(a);
}

static void
depth_has_a_limit(void)
{
	static const char let[] = BUFS "kernel q range 1 { let a: i64 = ";
	check_deep(let, "(", 100000);
	check_deep(let, "-", 100000);
	check_deep(let, "!", 100000);
	check_deep(let, "1 + ", 100000);
	check_deep(let, "1 | 1 ^ 1 & 1 + 1 * (", 100000);
	check_deep(let, "f32(", 100000);
	check_deep(let, "n[", 100000);
	check_deep(BUFS "kernel q range 1 { ", "if true { ", 100000);
	check_deep(BUFS "kernel q range 1 { if true { } ", "else if true { } ", 100000);
	check_deep(BUFS "kernel q range 1 { ", "for j in 0 ..< 1 { ", 100000);
}

CU_TestInfo test_plan[] = {
	{"every kind of thing is read back as it was printed", every_kind_of_thing_is_read_back_as_printed},
	{"a pitch takes room and changes nothing else", a_pitch_takes_room_and_changes_nothing_else},
	{"the plan in the manual is the tested one", the_plan_in_the_manual_is_the_tested_one},
	{"the library of functions is sound and linked by name", the_library_of_functions_is_sound},
	{"what the builders make reads as expected", what_the_builders_make_reads_like_this},
	{"f16 and bf16 are rounded to nearest even", halves_are_rounded_to_nearest_even},
	{"what is wrong with a text is told", what_is_wrong_is_told},
	{"what is only guarded is not refused", what_is_only_guarded_is_not_refused},
	{"a plan that is broken in memory is told too", a_plan_broken_in_memory_is_told_too},
	{"mutated texts never crash", mutated_texts_never_crash},
	{"depth has a limit", depth_has_a_limit},
	CU_TEST_INFO_NULL,
};
