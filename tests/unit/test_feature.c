/* test_feature: what features do to a signal, from text to numbers that are worked out by hand. */
#include "plan_help.h"
#include "suites.h"

#include <stdio.h>
#include <string.h>

/* Shows its input. */
#define SHOW "neuron Show() { state v = 0 ; step { v = input } }\n"

static void
expect_rows(const Ran *r, const char *record, const float *want, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		float got = ran_row(r, record, i);
		if (got != want[i])
			printf("\n    %s[%u] is %.9g, not %.9g", record, i, (double)got,
			       (double)want[i]);
		CU_ASSERT_EQUAL(got, want[i]);
	}
}
#define EXPECT(r, record, ...)                                                                     \
	expect_rows((r), (record), (const float[]){__VA_ARGS__},                                   \
		    sizeof((float[]){__VA_ARGS__}) / sizeof(float))

static Made
made(const char *text)
{
	Made m = make_plan(text, NULL);
	if (!m.plan)
		printf("\n%s", m.said);
	CU_ASSERT_PTR_NOT_NULL_FATAL(m.plan);
	return m;
}

/* Three sources: 0 spikes in steps 0 and 3, 1 in step 2, 2 in step 3. */
static const float spikes[] = {1, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0,
			       0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
static const float delays[] = {1, 2, 3, 4, 5, 6.4f};
static const FedFile delay_files[] = {{"s", spikes, 36}, {"d", delays, 6}, {NULL, NULL, 0}};

/* ---- delays ------------------------------------------------------------------------------------ */

static void
delays_count_steps(void)
{
	static const char *const features[] = {
		"weight = 1 + i + 10 * j ; delay = 3 ms",
		"weight = 1 + i + 10 * j ; delay = 1 ms",
		"weight = 1 + i + 10 * j ; delay = file(\"d\") { range [1 ms, 6 ms] }",
		"delay = file(\"d\") { range [1 ms, 6 ms] } ; weight = 1 + i + 10 * j",
	};
	static const float want[][20] = {
		{0, 0, 0, 0, 0, 0, 1, 11, 0, 0, 2, 12, 4, 24},
		{0, 0, 1, 11, 0, 0, 2, 12, 4, 24},
		{0, 0, 1, 0, 0, 11, 0, 0, 1, 0, 2, 11, 0, 12, 0, 0, 3, 0, 0, 13},
		{0, 0, 1, 0, 0, 11, 0, 0, 1, 0, 2, 11, 0, 12, 0, 0, 3, 0, 0, 13},
	};
	for (size_t k = 0; k < sizeof features / sizeof *features; k++) {
		char text[512];
		snprintf(text, sizeof text,
			 SHOW "layer s : Input[3] { input file(\"s\") }\nlayer t : Show[2]\n"
			      "connect s -> t as c { %s }\nexperiment { run 10 ms }\nrecord t.v\n",
			 features[k]);
		Made m = made(text);
		Ran r = run_plan(&m, m.plan, delay_files);
		expect_rows(&r, "t.v", want[k], 20);
		arena_close(m.arena);
	}
}

/* What left before a reset never arrives, and what is on its way does not stay. */
static void
resets_empty_delays(void)
{
	static const char *const features[] = {"weight = 2 ; delay = 3 ms",
					       "delay = 3 ms ; weight = 2"};
	for (int k = 0; k < 2; k++) {
		char text[512];
		snprintf(text, sizeof text,
			 SHOW "layer s : Input[3] { input file(\"s\") }\nlayer t : Show[1]\n"
			      "connect s -> t as c { %s }\n"
			      "experiment { run 2 ms ; reset ; run 6 ms }\nrecord t.v\n",
			 features[k]);
		Made m = made(text);
		Ran r = run_plan(&m, m.plan, delay_files);
		EXPECT(&r, "t.v", 0, 0, 0, 0, 0, 2, 4, 0);
		arena_close(m.arena);
	}
}

/* Signals that meet in a slot add up; a delay that learns moves what leaves from then on. */
static void
delays_learn(void)
{
	Made m = made(SHOW "rule Later() { learns w ; on pre { w += 2 } }\n"
			   "layer s : Input[1] { input file(\"s\") }\nlayer t : Show[1]\n"
			   "connect s -> t as c { delay = 3 ms { range [1 ms, 5 ms] ; learn Later() } }\n"
			   "experiment { run 12 ms }\nrecord t.v\nrecord c.delay\n");
	const float s[] = {1, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0};
	const FedFile files[] = {{"s", s, 12}, {NULL, NULL, 0}};
	Ran r = run_plan(&m, m.plan, files);
	/* The rule acts in step 0, before the spike is delivered in step 1: 5 ms for all of them. */
	EXPECT(&r, "c.delay", 5, 5, 5);
	EXPECT(&r, "t.v", 0, 0, 0, 0, 0, 1, 0, 1, 1, 0, 0, 0);
	arena_close(m.arena);
}

static void
delays_must_be_known(void)
{
	static const struct {
		const char *feature, *said;
	} all[] = {
		{"delay = 0.5 ms", "0.5 ms is no delay"},
		{"delay = uniform(0 ms, 3 ms)", "0 ms is no delay"},
		{"delay = file(\"d\")", "is not known before the run"},
		{"delay = uniform(1 ms, inf)", "is not known before the run"},
		{"delay = 2 ms ; more : delay = 2 ms", "a connection has one delay"},
	};
	for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
		char text[512];
		snprintf(text, sizeof text,
			 SHOW "layer s : Input[3]\nlayer t : Show[1]\nconnect s -> t { %s }\n"
			      "experiment { run 1 ms }\n",
			 all[k].feature);
		Made m = make_plan(text, NULL);
		CU_ASSERT_PTR_NULL(m.plan);
		bool found = m.said && strstr(m.said, all[k].said);
		if (!found)
			printf("\n%s", m.said);
		CU_ASSERT_TRUE(found);
		arena_close(m.arena);
	}
}

/* ---- draws, states, tables, sums --------------------------------------------------------------- */

/* One number for each synapse and step, the same for both items. */
static void
draws_are_shared_by_the_batch(void)
{
	Made m = made(SHOW "batch = 2\nlayer s : Input[2] { input file(\"s\") }\nlayer t : Show[1]\n"
			   "connect s -> t as c { probability = 0.5 ; weight = 1 + i }\n"
			   "draws c.probability.pass from \"u\"\n"
			   "experiment { run 3 ms }\nrecord t.v\n");
	const float s[] = {1, 1, 0, 1, 1, 0, 1, 1, 0, 0, 0, 0};
	const float u[] = {0, 0, 0.4f, 0.6f, 0.5f, 0.1f};
	const FedFile files[] = {{"s", s, 12}, {"u", u, 6}, {NULL, NULL, 0}};
	Ran r = run_plan(&m, m.plan, files);
	EXPECT(&r, "t.v", 0, 0, 1, 0, 0, 2);
	arena_close(m.arena);
}

static void
features_keep_states(void)
{
	Made m = made(SHOW "feature f(value, n = 2, w[n, n]) {\n"
			   "state last[n] ; state at = 0 ; state all = value, kept on reset\n"
			   "all += signal ; last[at] = signal ; at += 1\n"
			   "signal = all + sum k in 0 ..< n of w[1, k] * last[k] }\n"
			   "layer s : Input[1] { input file(\"s\") }\nlayer t : Show[1]\n"
			   "connect s -> t as c { f = 10 { w = file(\"w\") } }\n"
			   "experiment { run 4 ms ; reset ; run 2 ms }\nrecord t.v\nrecord c.f.last\n");
	const float s[] = {1, 1, 0, 0, 1, 0}, w[] = {1000, 1000, 100, 200};
	const FedFile files[] = {{"s", s, 6}, {"w", w, 4}, {NULL, NULL, 0}};
	Ran r = run_plan(&m, m.plan, files);
	/* signals 0 1 1 0 | 0 1; places 0 1 0 1 | 0 1 */
	EXPECT(&r, "t.v", 10, 211, 312, 112, 12, 213);
	EXPECT(&r, "c.f.last", 0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0, 1);
	arena_close(m.arena);
}

static void
signals_are_summed_over_a_connection(void)
{
	Made m = made(SHOW "batch = 2\nfeature share(value) { signal = value * signal / max(1, sum(signal)) }\n"
			   "layer s : Input[2] { input file(\"s\") }\nlayer t : Show[2]\n"
			   "layer q : Show[1]\n"
			   "connect s -> t as c { weight = 1 + j ; share = 6 }\n"
			   "connect s -> q { mean_field = 8 }\n"
			   "experiment { run 2 ms }\nrecord t.v\nrecord q.v\n");
	const float s[] = {1, 0, 1, 1, 0, 0, 0, 0};
	const FedFile files[] = {{"s", s, 8}, {NULL, NULL, 0}};
	Ran r = run_plan(&m, m.plan, files);
	/* signals: item 0: (1, 2), (0, 0); item 1: (1, 2), (1, 2): 9 in all; 3 of 4 sources spike */
	EXPECT(&r, "t.v", 0, 0, 0, 0, 6.0f / 9, 12.0f / 9, 2 * (6.0f / 9), 2 * (12.0f / 9));
	EXPECT(&r, "q.v", 0, 0, 12, 12);
	arena_close(m.arena);
}

/* ---- values -------------------------------------------------------------------------------------- */

/* Dale's rule as it is meant, and what enforce_polarity is meant to do: values stop at zero and go on learning. */
static void
values_keep_their_sign(void)
{
	Made m = made(SHOW "rule Move(much = 1) { learns w ; on pre { w += much } }\n"
			   "layer s : Input[1] { input file(\"s\") }\nlayer t : Show[3]\n"
			   "connect s -> t as up { weight = (j - 1) * 1.5 { keep sign ; learn Move() } }\n"
			   "connect s -> t as down { weight = (j - 1) * 1.5 { keep sign ; range [-3, 3] ; learn Move(much = -1) } }\n"
			   "experiment { run 3 ms }\nrecord up.weight\nrecord down.weight\n");
	const float s[] = {1, 1, 1};
	const FedFile files[] = {{"s", s, 3}, {NULL, NULL, 0}};
	Ran r = run_plan(&m, m.plan, files);
	EXPECT(&r, "up.weight", -0.5f, 1, 2.5f, 0, 2, 3.5f, 0, 3, 4.5f);
	EXPECT(&r, "down.weight", -2.5f, 0, 0.5f, -3, 0, 0, -3, 0, 0);
	arena_close(m.arena);
}

/* A shared value follows what its owner learns; several features of one kind have names of their own. */
static void
values_are_shared(void)
{
	Made m = made(SHOW "rule Move(much = 1) { learns w ; on pre { w += much } }\n"
			   "layer s : Input[1] { input file(\"s\") }\nlayer t : Show[1]\n"
			   "connect s -> t as c { weight = 2 { learn Move() } ; twice : weight = shared weight\n"
			   "bias = shared twice ; last : weight = 0.5 }\n"
			   "experiment { run 3 ms }\nrecord t.v\nrecord c.bias\n");
	const float s[] = {1, 1, 0};
	const FedFile files[] = {{"s", s, 3}, {NULL, NULL, 0}};
	Ran r = run_plan(&m, m.plan, files);
	EXPECT(&r, "t.v", 1, 6, 10);            /* 2 / 2, (3 * 3 + 3) / 2, (4 * 4 + 4) / 2 */
	EXPECT(&r, "c.bias", 3, 4, 4);
	arena_close(m.arena);
}

/* Any rule on any feature, its changes reduced over the batch as it says. */
static void
any_feature_learns(void)
{
	for (int mean = 0; mean < 2; mean++) {
		char text[512];
		snprintf(text, sizeof text,
			 SHOW "batch = 2\nrule Move(much = 1) { learns w ; on pre { w += much } }\n"
			      "layer s : Input[2] { input file(\"s\") }\nlayer t : Show[1]\n"
			      "connect s -> t as c { bias = 0 { decay 0.5 ; learn Move() reduce %s over batch } }\n"
			      "experiment { run 2 ms }\nrecord c.bias\nrecord t.v\n",
			 mean ? "mean" : "sum");
		Made m = made(text);
		const float s[] = {1, 0, 1, 1, 0, 0, 0, 0};
		const FedFile files[] = {{"s", s, 8}, {NULL, NULL, 0}};
		Ran r = run_plan(&m, m.plan, files);
		float by = mean ? 0.5f : 1;
		/* Source 0 spikes in both items, source 1 in one; then half of it decays. */
		const float want[] = {by, 0.5f * by, 0.5f * by, 0.25f * by},
			    v[] = {0, 0, 1 + 1.5f * by, 2 + 1.5f * by};
		expect_rows(&r, "c.bias", want, 4);
		expect_rows(&r, "t.v", v, 4);
		arena_close(m.arena);
	}
}

/* What varies with the pre neuron alone is kept and worked out once for it; behind a weight it is one per synapse. */
static void
states_live_where_they_vary(void)
{
	static const char *const features[] = {"tire = 0.5 ; weight = 1 + j", "weight = 1 + j ; tire = 0.5"};
	for (int k = 0; k < 2; k++) {
		char text[1024];
		snprintf(text, sizeof text,
			 SHOW "feature tire(value) { state r = 1 ; r += 0.25 * (1 - r) ; if signal != 0 { signal *= r ; r -= value * r } }\n"
			      "layer s : Input[2] { input file(\"s\") }\nlayer t : Show[2]\n"
			      "connect s -> t as c { %s }\nexperiment { run 4 ms }\nrecord t.v\nrecord c.tire.r\n", features[k]);
		Made m = made(text);
		const float s[] = {1, 1, 1, 0, 0, 1, 0, 0};
		const FedFile files[] = {{"s", s, 8}, {NULL, NULL, 0}};
		Ran r = run_plan(&m, m.plan, files);
		/* Spikes of step n arrive in step n + 1. First source: r 1, then 0.5 -> 0.625; second: 1, -> 0.625, 0.71875. */
		const float v[] = {0, 0, 2, 4, 0.625f, 1.25f, 0.71875f, 1.4375f};
		expect_rows(&r, "t.v", v, 8);
		const float once[] = {1, 1, 0.5f, 0.5f, 0.3125f, 0.625f, 0.484375f, 0.359375f};
		for (uint32_t i = 0; i < 8; i++) {
			CU_ASSERT_EQUAL(ran_row(&r, "c.tire.r", k ? 2 * i : i), once[i]);
			if (k)
				CU_ASSERT_EQUAL(ran_row(&r, "c.tire.r", 2 * i + 1), once[i]);
		}
		arena_close(m.arena);
	}
}

/* A feature reads its neurons as they were after the step before: spikes that arrive, states; and signals. */
static void
features_read_their_neurons(void)
{
	Made m = made(SHOW "feature seen(value, gain = 1) { signal = gain * (value * pre.spike + post.v) }\n"
			   "neuron Step() { state v = 0 ; step { v += 1 ; let drive = input } }\n"
			   "signal mood = 1\n"
			   "layer s : Input[2] { input file(\"s\") }\nlayer t : Sum2[1]\n"
			   "neuron Sum2() { state v = 0 ; state got = 0 ; step { got = input ; v += 1 } }\n"
			   "connect s -> t as c { seen = 10 { gain = mood } }\n"
			   "experiment { run 2 ms ; mood = 2 ; run 1 ms }\nrecord t.got\n");
	const float s[] = {1, 0, 1, 1, 0, 0};
	const FedFile files[] = {{"s", s, 6}, {NULL, NULL, 0}};
	Ran r = run_plan(&m, m.plan, files);
	const float got[] = {0, 10 + 1 + 1, 2 * (10 + 2 + 10 + 2)};
	expect_rows(&r, "t.got", got, 3);
	arena_close(m.arena);
}

CU_TestInfo test_feature[] = {
	{"delays count steps", delays_count_steps},
	{"resets empty delays", resets_empty_delays},
	{"delays learn", delays_learn},
	{"delays must be known", delays_must_be_known},
	{"draws are shared by the batch", draws_are_shared_by_the_batch},
	{"features keep states", features_keep_states},
	{"signals are summed over a connection", signals_are_summed_over_a_connection},
	{"values keep their sign", values_keep_their_sign},
	{"values are shared", values_are_shared},
	{"any feature learns", any_feature_learns},
	{"states live where they vary", states_live_where_they_vary},
	{"features read their neurons", features_read_their_neurons},
	CU_TEST_INFO_NULL,
};
