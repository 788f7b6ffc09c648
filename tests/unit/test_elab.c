/* test_elab: small programs become networks: the text of the network, or the messages. */
#include "elab/elab.h"
#include "parse/parse.h"
#include "sema/sema.h"
#include "suites.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct {
	Arena *arena;
	Diag *diag;
	Net *net;
	uint32_t world_errors;
} Result;

/* A source "d" of 100 images of 2 x 3 and labels of 10 classes; any other path is missing. */
static bool
fake_data(void *env, const char *kind, uint32_t npaths, const char *const *paths,
	  const char *fallback, NetData *out, const char **why, ElabDataStatus *status)
{
	Arena *a = env;
	(void)kind, (void)fallback;
	if (npaths != 2 || strcmp(paths[0], "images") != 0) {
		*why = "there is no such file";
		*status = ELAB_DATA_MISSING;
		return false;
	}
	NetColumn image = {.type = 6, .rank = 2, .extent = {2, 3}, .count = 6},
		  label = {.type = 6, .count = 1};
	VEC_PUSH(a, &out->columns, image);
	VEC_PUSH(a, &out->columns, label);
	out->samples = 100;
	out->classes = 10;
	return true;
}

/* set: "n=20", or "" for none. */
static Result
elab(const char *text, const char *set, bool f64)
{
	Result r = {.arena = arena_open()};
	Interner *names = intern_open(r.arena);
	SourceMap *sources = source_open(r.arena);
	r.diag = diag_open(r.arena, sources);
	AstProgram program = {0};
	ParseEnv parse = {r.arena, names, sources, r.diag};
	SemaEnv sema = {r.arena, names, r.diag};
	ElabEnv env = {.arena = r.arena,
		       .names = names,
		       .diag = r.diag,
		       .world = {.env = r.arena, .data = fake_data},
		       .f64 = f64};
	AstArg arg = {0};
	const char *eq = strchr(set, '=');
	if (eq) {
		arg.name = intern_n(names, set, (size_t)(eq - set));
		arg.value = parse_expr_text(&parse, "--set", eq + 1);
		env.sets = &arg;
		env.nsets = 1;
	}
	const SourceFile *f = source_add(sources, "a.snn", text, strlen(text), false);
	if (parse_file(&parse, f, &program) && sema_check(&sema, &program))
		r.net = elab_program(&env, &program, "a");
	r.world_errors = env.world_errors;
	if (r.net) {
		const char *wrong = net_verify(r.net, r.arena);
		if (wrong)
			fprintf(stderr, "\nnet_verify: %s\n", wrong);
		CU_ASSERT_PTR_NULL(wrong);
	}
	return r;
}

static const char *
net_text(Result *r)
{
	StrBuf out = strbuf_init(r->arena);
	if (r->net)
		net_print(&out, r->net);
	else
		diag_flush(r->diag, &out, false);
	return strbuf_text(&out);
}

static void
expect_same(const char *got, const char *expected)
{
	if (strcmp(got, expected) != 0)
		fprintf(stderr, "\n--- expected\n%s--- got\n%s---\n", expected, got);
	CU_ASSERT_STRING_EQUAL(got, expected);
}

/* The network of the program is `expected`, whole. */
static void
expect_net(const char *text, const char *expected)
{
	Result r = elab(text, "", false);
	expect_same(net_text(&r), expected);
	arena_close(r.arena);
}

/* The network's text has the piece. */
static void
expect_piece(const char *text, const char *piece)
{
	Result r = elab(text, "", false);
	const char *got = net_text(&r);
	if (!r.net || !strstr(got, piece))
		fprintf(stderr, "\n--- expected somewhere\n%s\n--- got\n%s---\n", piece, got);
	CU_ASSERT_TRUE(r.net && strstr(got, piece));
	arena_close(r.arena);
}

/* The program is refused, and the messages have the piece. */
static void
expect_error_of(const char *text, const char *set, const char *piece)
{
	Result r = elab(text, set, false);
	StrBuf out = strbuf_init(r.arena);
	CU_ASSERT_PTR_NULL(r.net);
	diag_flush(r.diag, &out, false);
	if (!strstr(strbuf_text(&out), piece))
		fprintf(stderr, "\n--- expected somewhere\n%s\n--- got\n%s---\n", piece,
			strbuf_text(&out));
	CU_ASSERT_PTR_NOT_NULL(strstr(strbuf_text(&out), piece));
	arena_close(r.arena);
}

static void
expect_error(const char *text, const char *piece)
{
	expect_error_of(text, "", piece);
}

#define LEAKY                                                                                      \
	"neuron Leaky(rest = -65 mV, threshold = -52 mV, tau = 100 ms, floor = -inf, chance = "    \
	"false) {\n"                                                                               \
	"    state v = rest\n"                                                                     \
	"    step {\n"                                                                             \
	"        v = (v - rest) * exp(-dt / tau) + rest\n"                                         \
	"        v += input\n"                                                                     \
	"        if v >= threshold { spike ; v = rest }\n"                                         \
	"        keep one spike at random if chance\n"                                             \
	"        v = max(v, floor)\n"                                                              \
	"    }\n"                                                                                  \
	"}\n"
#define FEATURE "feature weight(value) { signal *= value }\n"
#define RUN "experiment { run 5 ms }\n"

/* ---- values -------------------------------------------------------------------------------------- */

static void
parameters_are_folded_into_the_step(void)
{
	expect_net(LEAKY "layer a : Leaky[3]\n" RUN, "network a f32, dt 1 ms, seed 0, batch 1\n"
						     "layer a [3] = 3\n"
						     "\tstate v = -65\n"
						     "\tstep {\n"
						     "\t\tv = (v - -65) * 0.99004984 + -65\n"
						     "\t\tv += input\n"
						     "\t\tif v >= -52 {\n"
						     "\t\t\tspike\n"
						     "\t\t\tv = -65\n"
						     "\t\t}\n"
						     "\t}\n"
						     "experiment {\n"
						     "\trun 5 steps\n"
						     "}\n");
}

static void
constants_are_rounded_to_the_real_type(void)
{
	static const char program[] =
		"param k = exp(-0.1 ms / 3 ms)\n"
		"neuron A(first = 0) {\n state v = first\n step { if v > 1 { spike } }\n}\n"
		"layer a : A[1](first = k)\n" RUN;
	Result r = elab(program, "", false);
	CU_ASSERT_PTR_NOT_NULL_FATAL(r.net);
	float q = -0.1f / 3.0f;
	CU_ASSERT_EQUAL(r.net->layers.at[0].states.at[0].init->value,
			(double)(float)exp((double)q));
	arena_close(r.arena);
	r = elab(program, "", true);
	CU_ASSERT_PTR_NOT_NULL_FATAL(r.net);
	CU_ASSERT_EQUAL(r.net->layers.at[0].states.at[0].init->value, exp(-0.1 / 3.0));
	arena_close(r.arena);
}

static void
only_exact_things_are_simplified(void)
{
	static const char head[] =
		"neuron A(one = 1, zero = 0, yes = true) {\n state v = 0\n step {\n";
	static const char tail[] = "\n }\n}\nlayer a : A[1]\n" RUN;
	static const struct {
		const char *code, *net;
	} all[] = {
		{"v = v * one", ""},
		{"v = one * v / one", ""},
		{"v *= one", ""},
		{"v = v + zero", "\t\tv = v + 0\n"},
		{"v = v - zero", "\t\tv = v - 0\n"},
		{"v = v * zero", "\t\tv = v * 0\n"},
		{"v = min(v, inf)", ""},
		{"v = 2 if yes else v", "\t\tv = 2\n"},
		{"v = 2 if v > 1 and yes else v", "\t\tv = 2 if v > 1 else v\n"},
		{"v = 2 if not yes and v > 1 else v", ""},
		{"if not yes { v = 1 } else { v = 2 }", "\t\tv = 2\n"},
		{"let c = one + one\n v = v + c", "\t\tv = v + 2\n"},
	};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		char text[512];
		snprintf(text, sizeof text, "%s%s%s", head, all[i].code, tail);
		bool nothing = !*all[i].net;
		expect_piece(text, nothing ? "\tstate v = 0\nexperiment" : all[i].net);
	}
}

static void
lists_give_each_neuron_its_value(void)
{
	expect_net(LEAKY "layer a : Leaky[2](threshold = [-52 mV, -50 mV], tau = [10 ms, 20 ms], "
			 "rest = [-60 mV, -60 mV])\n"
			 "layer b : Leaky[2](threshold = [-52 mV, -50 mV])\n" RUN,
		   "network a f32, dt 1 ms, seed 0, batch 1\n"
		   "array0 of a: [-60, -60]\n"
		   "array1 of a: [0.9048374, 0.95122945]\n"
		   "array2 of a: [-52, -50]\n"
		   "array3 of b: [-52, -50]\n"
		   "layer a [2] = 2\n"
		   "\tstate v = array0\n"
		   "\tstep {\n"
		   "\t\tv = (v - array0) * array1 + array0\n"
		   "\t\tv += input\n"
		   "\t\tif v >= array2 {\n"
		   "\t\t\tspike\n"
		   "\t\t\tv = array0\n"
		   "\t\t}\n"
		   "\t}\n"
		   "layer b [2] = 2\n"
		   "\tstate v = -65\n"
		   "\tstep {\n"
		   "\t\tv = (v - -65) * 0.99004984 + -65\n"
		   "\t\tv += input\n"
		   "\t\tif v >= array3 {\n"
		   "\t\t\tspike\n"
		   "\t\t\tv = -65\n"
		   "\t\t}\n"
		   "\t}\n"
		   "experiment {\n"
		   "\trun 5 steps\n"
		   "}\n");
	expect_error(LEAKY "layer a : Leaky[3](threshold = [-52 mV, -50 mV])\n" RUN,
		     "error[E0403]: layer `a` has 3 neurons, this list has 2 values\n");
}

static void
values_of_the_command_line_count(void)
{
	static const char text[] =
		"param n = 3\nparam tau = 10 ms\n" LEAKY "layer a : Leaky[n](tau = tau)\n" RUN;
	Result r = elab(text, "n=7", false);
	CU_ASSERT_PTR_NOT_NULL_FATAL(r.net);
	CU_ASSERT_EQUAL(r.net->layers.at[0].n, 7);
	arena_close(r.arena);
	r = elab(text, "tau=0.02 s", false);
	CU_ASSERT_PTR_NOT_NULL_FATAL(r.net);
	CU_ASSERT_PTR_NOT_NULL(strstr(net_text(&r), "0.95122945"));
	arena_close(r.arena);
	r = elab(text, "dt=0.5 ms", false);
	CU_ASSERT_PTR_NOT_NULL_FATAL(r.net);
	CU_ASSERT_EQUAL(r.net->dt, 0.5);
	arena_close(r.arena);
	expect_error_of(text, "m=7",
			"error[E0522]: --set m: the program has no `param` or `tunable` of this name\n      = help: there are `n`, `tau`, "
			"`dt`, `seed`, `batch`\n");
	expect_error_of(text, "n=7 mV", "error[E0504]: `n` is a number, and this is a voltage\n");
	expect_error_of(text, "tau=true",
			"error[E0504]: `tau` is a number, and this is true or false\n");
	expect_error_of(text, "n=x", "error[E0504]: --set n takes numbers");
	expect_error_of(text, "n=2.5", "error[E0402]: layer `a` cannot have 2.5 neurons\n");
}

static void
sizes_and_steps_that_cannot_be_are_refused(void)
{
	expect_error(LEAKY "layer a : Leaky[0]\n" RUN,
		     "error[E0402]: layer `a` cannot have 0 neurons\n");
	expect_error(LEAKY "layer a : Leaky[65536, 65536]\n" RUN,
		     "error[E0402]: layer `a` cannot have 4294967296 neurons");
	expect_error(LEAKY "layer a : Leaky[1, 1, 1, 1, 1]\n" RUN,
		     "error[E0402]: a layer has 1 to 4 dimensions");
	expect_error("dt = 0 ms\n" LEAKY "layer a : Leaky[1]\n" RUN,
		     "error[E0528]: the time step must be above 0 ms");
	expect_error(LEAKY "layer a : Leaky[1]\nexperiment { run 0.9 ms }\n",
		     "error[E0519]: a run of 0.9 ms has no step");
	expect_error(LEAKY "layer a : Leaky[1] { trace x { tau = 0 ms ; on spike set 1 } }\n" RUN,
		     "error[E0526]: the time constant of trace `x` must be above 0 ms");
	/* As in BindsNET, and whatever the real type is: 0.3 / 0.1 is below 3. */
	expect_piece("dt = 0.1 ms\n" LEAKY "layer a : Leaky[1]\nexperiment { run 0.3 ms }\n",
		     "run 2 steps\n");
	expect_piece("dt = 0.5 ms\n" LEAKY "layer a : Leaky[1]\nexperiment { run 1 s }\n",
		     "run 2000 steps\n");
}

/* ---- layers ---------------------------------------------------------------------------------------- */

static void
draws_are_sites_named_after_their_variable(void)
{
	expect_piece("neuron A() {\n state v = 0\n step {\n let r = random()\n v = random() + r\n "
		     "v += poisson(2)\n"
		     " if bernoulli(0.5) { spike }\n keep one spike at random\n }\n}\nlayer a : "
		     "A[1]\n" RUN,
		     "\t\tlet r = random[a/r]()\n"
		     "\t\tv = random[a/v]() + r\n"
		     "\t\tv += poisson[a/v2](2)\n"
		     "\t\tif bernoulli[a/bernoulli](0.5) {\n"
		     "\t\t\tspike\n"
		     "\t\t}\n"
		     "\t\tkeep one spike at random[a/keep]\n");
	expect_piece(LEAKY "layer a : Leaky[1](chance = true)\n" RUN,
		     "\t\tkeep one spike at random[a/keep]\n");
	expect_error(
		"neuron A(p = 2) {\n step { if bernoulli(p) { spike } }\n}\nlayer a : A[1]\n" RUN,
		"error[E0506]: a probability lies between 0 and 1, and this is 2\n");
}

static void
equal_traces_of_a_layer_are_one(void)
{
	expect_piece(
		LEAKY FEATURE
		"rule R(tau = 20 ms, add = false) {\n learns w\n trace x of pre { tau = tau ; on "
		"spike set x + 1 if add else 1 }\n"
		" on post { w += x }\n}\n"
		"layer a : Leaky[2] { trace recent { tau = 20 ms ; on spike set 1 } }\n"
		"layer b : Leaky[2]\n"
		"connect a -> b as c { weight = 0 { learn R() } }\n"
		"connect a -> b as d { weight = 0 { learn R(tau = 10 ms) } }\n"
		"connect a -> b as e { weight = 0 { learn R(tau = 10 ms, add = true) } }\n" RUN,
		"\ttrace recent decay 0.95122945\n\t\ton spike {\n\t\t\trecent = 1\n\t\t}\n"
		"\ttrace x decay 0.9048374\n\t\ton spike {\n\t\t\tx = 1\n\t\t}\n"
		"\ttrace x2 decay 0.9048374\n\t\ton spike {\n\t\t\tx2 = x2 + 1\n\t\t}\n"
		"\tstep {\n");
}

static void
parameters_that_the_protocol_sets_are_states(void)
{
	expect_net("data d = idx(\"images\", \"labels\")\n"
		   "neuron P(rate = 3 Hz, gain = rate * 2) {\n step { if bernoulli(gain * dt) { "
		   "spike } }\n}\n"
		   "layer p : P[2, 3]\n"
		   "experiment {\n for image, label in d[10 ..< 20] as train {\n p.rate = image / "
		   "255 * 128 Hz\n run 2 ms\n reset\n }\n}\n"
		   "record p.rate every 2 samples\n",
		   "network a f32, dt 1 ms, seed 0, batch 1\n"
		   "data d = idx(\"images\", \"labels\"): 100 samples, 10 classes\n"
		   "\tcolumn type 6 [2, 3] = 6\n"
		   "\tcolumn type 6 [] = 1\n"
		   "layer p [2, 3] = 6\n"
		   "\tstate rate = 0.003, kept on reset\n"
		   "\tstep {\n"
		   "\t\tif bernoulli[p/bernoulli](rate * 2) {\n"
		   "\t\t\tspike\n"
		   "\t\t}\n"
		   "\t}\n"
		   "phase train: 10 samples\n"
		   "record p.rate = p.rate every 2 samples\n"
		   "experiment {\n"
		   "\tfor d[10 ..< 20] as train {\n"
		   "\t\tp.rate = column0 / 255 * 0.128\n"
		   "\t\trun 2 steps\n"
		   "\t\treset\n"
		   "\t}\n"
		   "}\n");
}

/* ---- connections ------------------------------------------------------------------------------------- */

#define CONNECT(feature)                                                                           \
	LEAKY FEATURE "layer a : Leaky[2]\nlayer b : Leaky[3]\nconnect a -> b { " feature " }"     \
											  "\n" RUN

static void
features_begin_with_expressions_or_files(void)
{
	expect_piece(CONNECT("weight = uniform(0.1, 0.4) { range [0, 1] ; norm 2 per post each "
			     "step of signed sum ; decay 0.5 }"),
		     "connection a_b: a -> b\n"
		     "\tfeature weight = 0.1 + 0.3 * random[a_b/weight]()\n"
		     "\t\trange [0, 1]\n"
		     "\t\tnorm 2 per post each step of signed sum\n"
		     "\t\tdecay 0.5\n"
		     "\t\tcompute {\n"
		     "\t\t\tsignal *= value\n"
		     "\t\t}\n");
	expect_piece(CONNECT("weight = 2 if i == j else 0"),
		     "\tfeature weight = 2 if i == j else 0\n");
	expect_piece(CONNECT("weight = file(\"w.npy\")"), "\tfeature weight = file \"w.npy\"\n");
	expect_error(CONNECT("weight = file(\"../w.npy\")"), "error[E0704]");
}

static void
values_must_lie_in_their_range(void)
{
	expect_error(CONNECT("weight = 1.5 { range [0, 1] }"),
		     "error[E0501]: 1.5 lies outside the range of `weight`\n");
	expect_error(
		CONNECT("weight = uniform(0, 1.5) { range [0, 1] }"),
		"error[E0501]: numbers from 0 to 1.5 lie partly outside the range of `weight`\n");
	expect_error(CONNECT("weight = 0.5 if i == j else -1 { range [0, 1] }"),
		     "error[E0501]: -1 lies outside");
	expect_piece(CONNECT("weight = uniform(0.1, 0.3) { range [0.1, 0.3] }"),
		     "range [0.1, 0.3]\n");
	expect_piece(CONNECT("weight = -7 { range [-inf, 0] }"), "range [-inf, 0]\n");
	expect_error(CONNECT("weight = 0 { range [1, 0] }"), "error[E0507]: this range is empty");
	expect_error(CONNECT("weight = 0 { norm 0 per post each run }"),
		     "error[E0510]: a norm must be above 0");
	expect_error(CONNECT("weight = 0 { decay 1 }"),
		     "error[E0511]: a decay lies from 0 to below 1");
}

static void
rules_know_their_sides(void)
{
	expect_piece("neuron S() { step { if input != 0 { spike } } }\n" FEATURE
		     "rule R(nu = (pre: 1, post: 2), tau = 20 ms) {\n learns w\n state e = 0.5\n"
		     " trace x of pre { tau = tau ; on spike add 1 }\n trace y of post { tau = tau "
		     "; on spike add 1 }\n"
		     " on pre { w -= nu.pre * y }\n on post { w += nu.post * x * pre.spike }\n "
		     "each step { e = e + i - j }\n}\n"
		     "layer a : S[2]\nlayer b : S[3]\nconnect a -> b { weight = 0 { learn R(nu = "
		     "3) reduce sum over batch } }\n" RUN,
		     "\t\trule R, sum over batch\n"
		     "\t\t\tstate e = 0.5\n"
		     "\t\t\ton pre {\n"
		     "\t\t\t\tw -= 3 * post.y\n"
		     "\t\t\t}\n"
		     "\t\t\ton post {\n"
		     "\t\t\t\tw += 3 * pre.x * pre.spike\n"
		     "\t\t\t}\n"
		     "\t\t\teach step {\n"
		     "\t\t\t\te = e + i - j\n"
		     "\t\t\t}\n");
}

/* ---- the protocol -------------------------------------------------------------------------------------- */

#define DATA "data d = idx(\"images\", \"labels\")\n"
#define LOOP(range, body)                                                                          \
	DATA LEAKY "layer a : Leaky[4]\nexperiment { for x, y in d" range                          \
		   " as t { run 1 ms ; " body " } }\n"

static void
loops_stay_within_the_data(void)
{
	expect_piece(LOOP("", "reset"), "for d[0 ..< 100] as t {\n");
	expect_piece(LOOP("[1 .. 3]", "reset"), "for d[1 ..< 4] as t {\n");
	expect_error(LOOP("[0 ..< 101]", "reset"),
		     "error[E0802]: sample 100 is asked for, and `d` has 100 samples\n");
	expect_error(LOOP("[5 ..< 4]", "reset"),
		     "error[E0805]: this range goes backwards, from 5 to 4\n");
	expect_error("batch = 3\n" LOOP("", "reset"),
		     "error[E0802]: 100 samples do not fill batches of 3\n");
	expect_error(
		LOOP("", "a.threshold = x * 1 mV"),
		"error[E0405]: a sample of `d` has 6 values here, and layer `a` has 4 neurons\n");
	expect_piece(LOOP("", "a.threshold = y * 1 mV"), "\t\ta.threshold = column1\n");
	expect_piece(LOOP("", "vote a for y by all_activity every 10"),
		     "vote a for column1 by all_activity every 10\n");
	expect_error(LOOP("", "vote a for x by all_activity"), "error[E0807]: `x` is no label");
}

static void
errors_of_the_world_are_told_at_the_data_and_counted(void)
{
	static const char text[] =
		"data d = idx(\"other\", \"labels\")\n" LEAKY "layer a : Leaky[4]\n"
		"experiment { for x, y in d as t { run 1 ms } ; report accuracy of t }\n";
	Result r = elab(text, "", false);
	CU_ASSERT_PTR_NULL(r.net);
	CU_ASSERT_EQUAL(r.world_errors, 1);
	CU_ASSERT_EQUAL(diag_errors(r.diag), 1);
	CU_ASSERT_PTR_NOT_NULL(
		strstr(net_text(&r), "a.snn:1:10: error[E0701]: there is no such file\n"));
	arena_close(r.arena);
}

static void
records_and_plots_name_what_there_is(void)
{
	static const char head[] =
		LEAKY FEATURE "layer a : Leaky[2, 3] { trace x { tau = 5 ms ; on spike set 1 } }\n"
			      "layer b : Leaky[3]\nconnect a -> b as c { weight = 0.5 }\n" RUN;
	char text[2000];
	snprintf(text, sizeof text, "%s%s", head,
		 "record a.spikes\nrecord a.v every 10 ms\nrecord a.x every 3 steps\n"
		 "record a.v\nrecord c.weight every 2 samples\nplot c.weight as fields[2, 3]\n");
	expect_piece(text, "record a.spikes = a.spikes every 1 steps\n"
			   "record a.v = a.v every 10 steps\n"
			   "record a.x = a.x every 3 steps\n"
			   "record a.v2 = a.v every 1 steps\n"
			   "record c.weight = c.weight every 2 samples\n"
			   "plot c.weight = c.weight as fields[2, 3]\n");
	snprintf(text, sizeof text, "%s%s", head, "plot c.weight as fields[3, 3]\n");
	expect_error(text, "error[E0409]: fields of 3 x 3 do not fit layer `a` of 6 neurons\n");
	snprintf(text, sizeof text, "%s%s", head, "record a.tau\n");
	expect_error(text, "error[E0232]: the parameter `tau` never changes\n");
}

CU_TestInfo test_elab[] = {
	{"parameters are folded into the step", parameters_are_folded_into_the_step},
	{"constants are rounded to the real type", constants_are_rounded_to_the_real_type},
	{"only exact things are simplified", only_exact_things_are_simplified},
	{"lists give each neuron its value", lists_give_each_neuron_its_value},
	{"values of the command line count", values_of_the_command_line_count},
	{"sizes and steps that cannot be are refused", sizes_and_steps_that_cannot_be_are_refused},
	{"draws are sites named after their variable", draws_are_sites_named_after_their_variable},
	{"equal traces of a layer are one", equal_traces_of_a_layer_are_one},
	{"parameters that the protocol sets are states",
	 parameters_that_the_protocol_sets_are_states},
	{"features begin with expressions or files", features_begin_with_expressions_or_files},
	{"values must lie in their range", values_must_lie_in_their_range},
	{"rules know their sides", rules_know_their_sides},
	{"loops stay within the data", loops_stay_within_the_data},
	{"errors of the world are told at the data and counted",
	 errors_of_the_world_are_told_at_the_data_and_counted},
	{"records and plots name what there is", records_and_plots_name_what_there_is},
	CU_TEST_INFO_NULL,
};
