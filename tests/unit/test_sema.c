#define _POSIX_C_SOURCE 200809L
#include "suites.h"

#include "parse/parse.h"
#include "sema/sema.h"
#include "source/embedded.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* ---- a program in memory --------------------------------------------------------------------- */

typedef struct {
	Arena *arena;
	SourceMap *sources;
	Interner *names;
	Diag *diag;
	AstProgram program;
	bool parsed, sound;
	uint32_t errors;
	const char *said; /* all messages */
} World;

static void
world_parse(World *w, const char *name, const char *text, size_t size, bool library)
{
	ParseEnv env = {w->arena, w->names, w->sources, w->diag};
	w->parsed &=
		parse_file(&env, source_add(w->sources, name, text, size, library), &w->program);
}

static World
world_open(void)
{
	World w = {.arena = arena_open(), .parsed = true};
	w.sources = source_open(w.arena);
	w.names = intern_open(w.arena);
	w.diag = diag_open(w.arena, w.sources);
	for (const EmbeddedText *t = snnc_embedded_lib; t->name; t++) {
		if (strstr(t->name, ".snn"))
			world_parse(&w, t->name, t->text, t->size, true);
	}
	return w;
}

/* The library and one program, checked. */
static World
check(const char *text)
{
	World w = world_open();
	world_parse(&w, "t.snn", text, strlen(text), false);
	SemaEnv env = {w.arena, w.names, w.diag};
	w.sound = sema_check(&env, &w.program);
	w.errors = diag_errors(w.diag);
	StrBuf out = strbuf_init(w.arena);
	diag_flush(w.diag, &out, false);
	w.said = strbuf_text(&out);
	return w;
}

/* A neuron whose step is `body`; its parameters and states have one of each common dimension. */
static World
check_step(const char *body)
{
	char text[2000];
	snprintf(text, sizeof text,
		 "neuron N(rest = -65 mV, tau = 10 ms, rate = 5 Hz, bare = 3, one = true, g = 2 "
		 "nS, c = 9 pF) {\n"
		 "    state v = rest\n    state t = 0 ms\n    state n = 0\n    state yes = false\n"
		 "    step { %s }\n}\n",
		 body);
	return check(text);
}

static void
expect(const char *body, const char *code, World w)
{
	bool right = code ? w.errors == 1 && strstr(w.said, code) : w.errors == 0;
	if (!right)
		printf("\n    %s\n    expected %s, heard:\n%s", body, code ? code : "nothing",
		       w.said);
	CU_ASSERT_TRUE(right);
	CU_ASSERT_EQUAL(w.sound, w.errors == 0);
	CU_ASSERT_TRUE(!w.sound || !ast_verify(&w.program, true, w.arena));
	arena_close(w.arena);
}

typedef struct {
	const char *text, *code;
} Row;

static void
expect_steps(const Row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		expect(rows[i].text, rows[i].code, check_step(rows[i].text));
}

static void
expect_programs(const Row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		expect(rows[i].text, rows[i].code, check(rows[i].text));
}

#define ROWS(rows) rows, sizeof(rows) / sizeof *(rows)

/* ---- dimensions ------------------------------------------------------------------------------ */

static void
dimensions_accepted(void)
{
	static const Row rows[] = {
		{"v = rest + (v - rest) * exp(-dt / tau)", NULL},
		{"if t <= 0 ms { v += input }", NULL},
		{"if t <= 0 { t -= dt }", NULL},
		{"v = rest + 5", NULL},
		{"v = rest + 2 * v", NULL},
		{"v = max(v, -inf)", NULL},
		{"if bernoulli(rate * dt) { spike }", NULL},
		{"let k = poisson(1 / (rate * dt)) ; n = max(k, 1)", NULL},
		{"v += dt / tau * (rest - v)", NULL},
		{"v += dt * (g * (rest - v)) / c", NULL},
		{"v += dt / c * 3 pA", NULL},
		{"v = sqrt(v * v)", NULL},
		{"v *= sqrt(dt / tau)", NULL},
		{"let s = sqrt(rate) ; n = s * sqrt(dt)", NULL},
		{"v = v * bare", NULL},
		{"v = bare", NULL},
		{"n = exp(v / 1 mV) + log(bare)", NULL},
		{"v = abs(v) + floor(v) + ceil(v)", NULL},
		{"v = 0.04 * v * v + 5 * v + 140 - n + input", NULL},
		{"v = rest if t > dt else 0", NULL},
		{"t = 1 / rate", NULL},
		{"n = i", NULL},
		{"v = 5 mV/ms * dt", NULL},
		{"v = 1000 * v - 3 V", NULL},
	};
	expect_steps(ROWS(rows));
}

static void
dimensions_rejected(void)
{
	static const Row rows[] = {
		{"v = rest + tau", "E0301"},
		{"v = t", "E0301"},
		{"v += dt", "E0301"},
		{"v -= 5 ms", "E0301"},
		{"v *= tau", "E0301"},
		{"v /= 2 mV", "E0301"},
		{"if v > t { spike }", "E0301"},
		{"v = exp(-dt)", "E0301"},
		{"v = exp(-dt / rate)", "E0301"},
		{"n = sqrt(v) + t", "E0301"},
		{"v = max(v, dt)", "E0301"},
		{"v = rest if yes else tau", "E0301"},
		{"if bernoulli(rate) { spike }", "E0301"},
		{"n = poisson(dt)", "E0301"},
		{"t = rate", "E0301"},
		{"v = g * v", "E0301"},
		{"let k = v ; t = k", "E0301"},
		{"t = 5 mV/ms * dt", "E0301"},
		{"v = v * v", "E0301"},
		{"t = v + bare", "E0301"},
		{"n = v ; n = t", "E0301"},
	};
	expect_steps(ROWS(rows));
}

/* What is open in a model is settled by each instance on its own. */
static void
instances(void)
{
#define OPEN "neuron O(a = 1, b = 2) { state x = a ; step { x = a + b ; x += input } }\n"
	static const Row rows[] = {
		{OPEN "layer p : O[3](a = 5 mV)\nlayer q : O[3](a = 5 ms, b = 3 s)", NULL},
		{OPEN "layer p : O[3](a = 5 mV, b = 3 s)", "E0301"},
		{OPEN "layer p : O[3](a = 5 mV)\nconnect p -> p { weight = 1 mV }", NULL},
		{OPEN "layer p : O[3](a = 5 mV)\nconnect p -> p { weight = 1 ms }", "E0301"},
		{OPEN "layer p : O[3]\nconnect p -> p { weight = 1 ms }\nconnect p -> p as q { "
		      "weight = 1 mV }",
		 "E0301"},
		{OPEN "layer p : O[3]\nlayer q : O[3]\nconnect p -> p { weight = 1 ms }\n"
		      "connect q -> q { weight = 1 mV }",
		 NULL},
		{OPEN "layer p : O[2](a = [1 mV, 2 mV])", NULL},
		{OPEN "layer p : O[2](a = [1 mV, 2 ms])", "E0301"},
		{"layer p : LIF[4](tau = 20)", NULL},
		{"param k = 20\nlayer p : LIF[k](tau = k, rest = k)\nexperiment { run k }", NULL},
		{"param k = 20 ms\nlayer p : LIF[4](rest = k)", "E0301"},
		{"param k = 20 ms\nconst l = 2 * k\nlayer p : LIF[4](tau = l)", NULL},
	};
#undef OPEN
	expect_programs(ROWS(rows));
}

static void
connections(void)
{
#define A "layer a : LIF[4]\nconnect a -> a "
	static const Row rows[] = {
		{A "{ weight = uniform(0, 0.3) { range [0, 1] ; norm 78.4 per post each run ; "
		   "decay 0.001 ; "
		   "learn PostPre(nu = (pre: 1e-4, post: 1e-2)) reduce sum over batch } }",
		 NULL},
		{A "{ weight = 22.5 if i == j else 0 }", NULL},
		{A
		 "{ weight = uniform(0 mV, 1 mV) { range [0, 2 mV] ; learn PostPre } ; bias = 1 }",
		 NULL},
		{A "{ weight = 1 ; mask = i != j ; bias = 1 mV }", NULL},
		{A "{ weight = 1 ; mask = true ; bias = 1 ms }", "E0301"},
		{A "{ weight = 0.5 ms }", "E0301"},
		{A "{ weight = 1 mV { range [0, 1 ms] } }", "E0301"},
		{A "{ weight = 1 { learn PostPre(tau_pre = 5 mV) } }", "E0301"},
		{A "{ weight = 1 { learn PostPre(nu = 1e-3) } }", NULL},
		{A "{ weight = file(\"w.npy\") }", NULL},
		{"feature delay(value : time) { signal *= 1 }\n" A
		 "{ delay = uniform(1, 5 ms) ; weight = 1 mV }",
		 NULL},
		{"feature delay(value : time) { signal *= 1 }\n" A
		 "{ delay = 3 mV ; weight = 1 mV }",
		 "E0301"},
		{"feature gain(value) { if value > 0 { signal *= value } else { signal = value } "
		 "}\n" A "{ gain = 3 }",
		 NULL},
	};
	expect_programs(ROWS(rows));
}

/* Rules say nothing of the unit of what they learn. */
static void
rules(void)
{
#define R(body)                                                                                    \
	"rule R(nu = 1, tau = 20 ms) { learns w\nstate e = 0\ntrace x of pre { tau = tau ; on "    \
	"spike add 1 }\n" body                                                                     \
	"}\nlayer a : LIF[4]\nconnect a -> a { weight = 1 mV { learn R } }\n"
	static const Row rows[] = {
		{R("on pre { w += nu * x }"), NULL},
		{R("on post { w -= nu * dt * e * (w - 1 mV) }"), NULL},
		{R("each step { e = e * exp(-dt / tau) + pre.spike * x ; w += nu * e * post.spike "
		   "}"),
		 NULL},
		{R("on pre { w += 1 ms }"), "E0301"},
		{R("each step { if pre.spike and not post.spike { w = 0 } }"), NULL},
		{R("each step { e = 1 if pre.spike else 0 }"), NULL},
		{R("on pre { w += w * tau }"), "E0301"},
	};
#undef R
	expect_programs(ROWS(rows));
}

static void
powers(void)
{
	char text[8000] = "n = v";
	for (int i = 0; i < 200; i++)
		strcat(text, " * v");
	expect("a product of 201 voltages", "E0303", check_step(text));
	char roots[2000] = "let r0 = sqrt(v)";
	for (int i = 1; i < 40; i++) {
		char one[40];
		snprintf(one, sizeof one, " ; let r%d = sqrt(r%d)", i, i - 1);
		strcat(roots, one);
	}
	expect("forty square roots of a voltage", "E0303", check_step(roots));
	char bare[4000] = "let p0 = bare * bare";
	for (int i = 1; i < 60; i++) {
		char one[60];
		snprintf(one, sizeof one, " ; let p%d = p%d * p%d", i, i - 1, i - 1);
		strcat(bare, one);
	}
	World w = check_step(bare);
	CU_ASSERT_TRUE(w.errors <= 1); /* 2^60: too high, or still open; no crash */
	arena_close(w.arena);
}

static void
solved_dimensions(void)
{
	World w = check("param k = 20\nparam m = 3 mV\nlayer a : LIF[4](tau = k)\n"
			"neuron N(a = 1, b = 2 mV) { state x = a ; step { x = a * exp(-dt / a) + b "
			"* dt / 1 mV } }\n");
	CU_ASSERT_EQUAL(w.errors, 0);
	const AstDecl *neuron = w.program.decls.at[w.program.decls.n - 1];
	char out[64];
	CU_ASSERT_STRING_EQUAL(dim_unit(neuron->model.params.at[0].sym->dim, out), "ms");
	CU_ASSERT_STRING_EQUAL(dim_unit(neuron->model.states.at[0].sym->dim, out), "ms");
	CU_ASSERT_STRING_EQUAL(dim_unit(neuron->model.params.at[1].sym->dim, out), "mV");
	const AstDecl *layer = w.program.decls.at[w.program.decls.n - 2];
	CU_ASSERT_STRING_EQUAL(dim_unit(layer->layer.args.at[0].value->sema.dim, out), "ms");
	const AstDecl *k = w.program.decls.at[w.program.decls.n - 4];
	CU_ASSERT_STRING_EQUAL(dim_unit(k->sym->dim, out), "ms");
	CU_ASSERT_EQUAL(k->sym->type, ATYPE_REAL);
	arena_close(w.arena);
}

/* ---- types ----------------------------------------------------------------------------------- */

static void
types(void)
{
	static const Row rows[] = {
		{"yes = v > rest", NULL},
		{"yes = v > rest and not yes or one", NULL},
		{"yes = yes == one", NULL},
		{"v = rest if one else 0", NULL},
		{"v += one", "E0302"},
		{"yes = v", "E0304"},
		{"if v { spike }", "E0304"},
		{"yes = yes + 1", "E0302"},
		{"let q = yes ; v += q", "E0302"},
		{"v = true if one else 0", "E0302"},
		{"v = [1, 2]", "E0302"},
		{"v = \"text\"", "E0302"},
		{"if one < 2 { spike }", "E0302"},
		{"keep one spike at random if v", "E0304"},
	};
	expect_steps(ROWS(rows));
}

/* ---- names ----------------------------------------------------------------------------------- */

static void
suggestions(void)
{
	static const struct {
		const char *text, *near;
	} rows[] = {
		{"layer exc : LIFF[4]", "did you mean `LIF`?"},
		{"layer exc : LIF[4](tua = 5)", "did you mean `tau`?"},
		{"layer exc : LIF[4]\nrecord exc.spike", "did you mean `spikes`?"},
		{"layer exc : LIF[4]\nconnect exc -> exk { weight = 1 }", "did you mean `exc`?"},
		{"layer exc : LIF[4]\nconnect exc -> exc { wieght = 1 }", "did you mean `weight`?"},
		{"layer exc : LIF[4]\nconnect exc -> exc { weight = unifrom(0, 1) }",
		 "did you mean `uniform`?"},
		{"param size = 4\nlayer exc : LIF[sise]", "did you mean `size`?"},
		{"neuron N(alpha = 1) { state v = 0 ; step { v = alhpa } }",
		 "did you mean `alpha`?"},
		{"neuron N(alpha = 1) { state v = 0 ; step { v = inptu } }",
		 "did you mean `input`?"},
		{"data digits = drawn_digits()\nexperiment { for a, b in digts[0 ..< 5] { run 1 ms "
		 "} }",
		 "`digits`?"},
		{"rule R(nu = (pre: 1, post: 1)) { learns w ; on pre { w += nu.prea } }",
		 "did you mean `pre`?"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		World w = check(rows[i].text);
		bool right = w.errors == 1 && strstr(w.said, rows[i].near);
		if (!right)
			printf("\n    %s\n%s", rows[i].text, w.said);
		CU_ASSERT_TRUE(right);
		arena_close(w.arena);
	}
}

static void
shadowing(void)
{
	static const Row rows[] = {
		{"neuron LIF() { state u = 0 ; step { u += input } }\nlayer a : LIF[3]\nrecord a.u",
		 NULL},
		{"neuron LIF() { state u = 0 ; step { u += input } }\nlayer a : LIF[3]\nrecord a.v",
		 "E0203"},
		{"layer weight : LIF[3]\nconnect weight -> weight { weight = 1 }", NULL},
		{"neuron N(exp = 2) { state floor = 0 ; step { floor = exp * exp(-floor) } }",
		 NULL},
		{"const a = 1\nconst a = 2", "E0202"},
		{"const a = 1\nlayer a : LIF[3]", "E0202"},
		{"neuron N(a = 1) { step { let b = a ; if b > 0 { let c = b } else { let c = a } } "
		 "}",
		 NULL},
		{"neuron N(a = 1) { step { if a > 0 { let c = a } ; let d = c } }", "E0201"},
		{"neuron N(a = 1) { step { let a = 2 } }", "E0202"},
		{"neuron N() { state i = 0 ; state w = 0 ; step { i = w + input } }", NULL},
	};
	expect_programs(ROWS(rows));
}

/* ---- the whole ------------------------------------------------------------------------------- */

static uint32_t
count(const char *text, const char *what)
{
	uint32_t n = 0;
	for (const char *at = strstr(text, what); at; at = strstr(at + 1, what))
		n++;
	return n;
}

static void
one_mistake_one_message(void)
{
	World w = check("layer a : LIFF[4](tau = 3)\nrecord a.v\nrecord a.w\nconnect a -> a { "
			"weight = 1 mV }\n"
			"experiment { a.rate = 5 ; run 1 ms ; save a.v to \"x.npy\" }\n");
	CU_ASSERT_EQUAL(w.errors, 1);
	arena_close(w.arena);
	w = check_step(
		"let a = nothing + 1 ; v = a ; v = a * 2 + nothing ; t = a ; if a > v { spike }");
	CU_ASSERT_EQUAL(w.errors, 1);
	arena_close(w.arena);
	w = check_step("let a = v + t ; v = a ; t = a");
	CU_ASSERT_EQUAL(w.errors, 1);
	arena_close(w.arena);
}

static void
all_at_once(void)
{
	World w = check(
		"layer a : LIFF[4]\nlayer b : LIF[4](tua = 1)\nconnect b -> b { weight = what }\n"
		"neuron N(k = 5 ms) { state v = 0 mV ; step { v += k ; v = other ; k = 1 } }\n"
		"experiment { run 5 mV ; report accuracy of never }\nrecord b.q\n");
	CU_ASSERT_EQUAL(w.errors, 9);
	CU_ASSERT_EQUAL(count(w.said, "E0301"), 2);
	CU_ASSERT_EQUAL(count(w.said, "E0201") + count(w.said, "E0206"), 3);
	CU_ASSERT_EQUAL(count(w.said, "= help: "), 9);
	arena_close(w.arena);
}

static void
the_library(void)
{
	World w = check("");
	if (w.errors)
		printf("\n%s", w.said);
	CU_ASSERT_EQUAL(w.errors, 0);
	CU_ASSERT_TRUE(w.parsed);
	CU_ASSERT_PTR_NULL(ast_verify(&w.program, true, w.arena));
	arena_close(w.arena);
}

static void
takes_little_time(void)
{
	World w = world_open();
	struct timespec a, b;
	SemaEnv env = {w.arena, w.names, w.diag};
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
	sema_check(&env, &w.program);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
	double ms = (double)(b.tv_sec - a.tv_sec) * 1e3 + (double)(b.tv_nsec - a.tv_nsec) / 1e6;
	CU_ASSERT_TRUE(ms < 50); /* 0.1 ms; the rest is for sanitizers and busy machines */
	arena_close(w.arena);
}

CU_TestInfo test_sema[] = {
	{"the library is sound", the_library},
	{"sums, products, roots and bare numbers that agree are accepted", dimensions_accepted},
	{"stated dimensions that clash are rejected", dimensions_rejected},
	{"each instance settles what its model leaves open", instances},
	{"a signal takes its dimension from the features", connections},
	{"a rule takes the dimension of what it learns", rules},
	{"powers beyond all units are an error", powers},
	{"solved dimensions stand in the tree", solved_dimensions},
	{"numbers and truth values are kept apart", types},
	{"the nearest fitting name is suggested", suggestions},
	{"names shadow the library's, and no others", shadowing},
	{"one mistake gives one message", one_mistake_one_message},
	{"independent mistakes are all reported", all_at_once},
	{"the check takes little time", takes_little_time},
	CU_TEST_INFO_NULL,
};
