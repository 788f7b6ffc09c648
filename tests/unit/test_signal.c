/* test_signal: third factors and what the experiment works out, from text to numbers that can be worked out by hand. */
#include "plan_help.h"
#include "suites.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Spikes where its input file says; and one that adds up its input. */
#define DRIVEN "layer s : Input[3] { input file(\"s\") }\n"

static void
expect_rows(const Ran *r, const char *record, const float *want, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		float got = ran_row(r, record, i);
		if (got != want[i])
			printf("\n    %s[%u] is %.9g, not %.9g", record, i, (double)got, (double)want[i]);
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

static void
refused(const char *text, const char *why)
{
	Made m = make_plan(text, NULL);
	CU_ASSERT_PTR_NULL(m.plan);
	if (!strstr(m.said, why))
		printf("\n    not said: %s\n%s", why, m.said);
	CU_ASSERT_PTR_NOT_NULL(strstr(m.said, why));
	arena_close(m.arena);
}

static const float three[] = {1, 0, 1, 0, 0, 0, 0, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 1};
static const FedFile spikes[] = {{"s", three, 18}, {NULL, NULL, 0}};

/* ---- signals ------------------------------------------------------------------------------------------- */

/* Set by the experiment a signal holds; `on` it happens in the first step of the next run, whatever it is set to. */
static void
setting_a_signal_is_an_event(void)
{
	Made m = made(DRIVEN "signal reward = 0\n"
			     "signal d = x { state x = 0 ; each step { x = 0.5 * x } on reward { x += 1 + reward } }\n"
			     "record reward ; record d\n"
			     "experiment { run 1 ms ; reward = 1 ; run 2 ms ; reward = 0 ; run 1 ms ; run 1 ms }");
	Ran r = run_plan(&m, m.plan, spikes);
	EXPECT(&r, "reward", 0, 1, 1, 0, 0);
	EXPECT(&r, "d", 0, 2, 1, 1.5f, 0.75f);
	arena_close(m.arena);
}

static void
a_pulse_lasts_one_step(void)
{
	Made m = made(DRIVEN "signal reward = 0.25\n"
			     "signal n = k { state k = 0 ; on reward { k += 1 } }\n"
			     "record reward ; record n\n"
			     "experiment { run 1 ms ; pulse reward = 1 ; run 2 ms ; pulse reward = 2 ; reward = 3 ; run 2 ms }");
	Ran r = run_plan(&m, m.plan, spikes);
	EXPECT(&r, "reward", 0.25f, 1, 0.25f, 3, 3);
	EXPECT(&r, "n", 0, 1, 1, 2, 2);
	arena_close(m.arena);
}

/* A row of a file is there from the beginning of its step, and what is not 0 in it is an event. */
static void
files_feed_signals(void)
{
	Made m = made(DRIVEN "signal reward = file(\"r\")\n"
			     "signal attention of s = file(\"a\")\n"
			     "signal n = k { state k = 0 ; on reward { k += 1 } }\n"
			     "record reward ; record n ; record attention\n"
			     "experiment { run 3 ms }");
	const float a[] = {1, 2, 3, 4, 5, 6, 7, 8, 9}, v[] = {0, 2, -1};
	const FedFile files[] = {{"s", three, 18}, {"r", v, 3}, {"a", a, 9}, {NULL, NULL, 0}};
	Ran r = run_plan(&m, m.plan, files);
	EXPECT(&r, "reward", 0, 2, -1);
	EXPECT(&r, "n", 0, 1, 2);
	expect_rows(&r, "attention", a, 9);
	arena_close(m.arena);
}

/* Spikes of this step, one after the other by index, or in sum; of the own neuron where there is one signal for each. */
static void
spikes_feed_signals(void)
{
	Made m = made(DRIVEN "signal last = x { state x = -1 ; on s.spikes { x = 10 * x + i } }\n"
			     "signal level of s = y { state y = 0 ; each step { y = 0.5 * y } on s.spikes { y += spike } }\n"
			     "signal share = mean(s.spikes)\n"
			     "signal first = argmax(s.spikes)\n"
			     "record last ; record level ; record share ; record first\n"
			     "experiment { run 3 ms }");
	Ran r = run_plan(&m, m.plan, spikes);
	EXPECT(&r, "last", -98, -98, -9788);
	EXPECT(&r, "level", 1, 0, 1, 0.5f, 0, 0.5f, 0.25f, 1, 1.25f);
	EXPECT(&r, "share", 2.f / 3, 0, 2.f / 3);
	EXPECT(&r, "first", 0, 0, 1);
	arena_close(m.arena);
}

/* Each is worked out behind those that it reads, in whatever order they are written; items and neurons are inferred. */
static void
signals_feed_signals(void)
{
	Made m = made("batch = 2\n" DRIVEN
		      "signal error = target - level\n"
		      "signal level = 2 * sum(s.spikes)\n"
		      "signal target of item = 0\n"
		      "signal each = s.spikes - level\n"
		      "record error ; record each\n"
		      "experiment { target = 5 ; run 2 ms }");
	Ran r = run_plan(&m, m.plan, spikes);
	EXPECT(&r, "error", 1, 5, 1, -1);
	EXPECT(&r, "each", -3, -4, -3, 0, 0, 0, -4, -3, -3, -5, -5, -5);
	arena_close(m.arena);
}

/* Equations come first, then what happens in the step; linear ones are exact. */
static void
equations_carry_signals(void)
{
	Made m = made(DRIVEN "signal reward = 0\n"
			     "signal d = x { x' = -x / 20 ms ; on reward { x += reward } }\n"
			     "signal slow = y { y' = (d - y) / 100 ms ; state y = 1 }\n"
			     "signal level of s, item = z { z' = (i - z) / (2 ms) }\n"
			     "record d ; record slow ; record level\n"
			     "experiment { reward = 1 ; run 3 ms }");
	Ran r = run_plan(&m, m.plan, spikes);
	float k = (float)exp(-1. / 20), y = 1;
	EXPECT(&r, "d", 1, k, k * k);
	for (uint32_t i = 0; i < 3; i++) {
		float d = i == 0 ? 1 : i == 1 ? k : k * k;
		y += (d - y) * (float)-expm1(-1. / 100);
		CU_ASSERT_DOUBLE_EQUAL(ran_row(&r, "slow", i), y, 1e-6);
		for (uint32_t n = 0; n < 3; n++)
			CU_ASSERT_DOUBLE_EQUAL(ran_row(&r, "level", 3 * i + n), n * -expm1(-(i + 1.) / 2), 1e-6);
	}
	arena_close(m.arena);
	refused(DRIVEN "signal r = 0\nsignal d = x { on r { x' = -x / 20 ms } }\nexperiment { run 1 ms }", "holds at every moment");
	refused(DRIVEN "signal d = x { x' = -x / 20 mV }\nexperiment { run 1 ms }", "per time");
}

static void
resets_clear_what_is_not_kept(void)
{
	Made m = made(DRIVEN "signal a = x + y { state x = 0 ; state y = 10, kept on reset ; each step { x += 1 ; y += 1 } }\n"
			     "signal b = 1\n"
			     "record a ; record b\n"
			     "experiment { run 2 ms ; b = 2 ; reset ; run 1 ms }");
	Ran r = run_plan(&m, m.plan, spikes);
	EXPECT(&r, "a", 12, 14, 14);
	EXPECT(&r, "b", 1, 1, 2);
	arena_close(m.arena);
}

/* A signal per neuron is that of the post neuron in a rule, of the pre neuron if its layer is the source. */
static void
rules_read_signals_of_their_neurons(void)
{
	static const char text[] = "neuron Sum() { state v = 0 ; step { v += input } }\n" DRIVEN
		"layer t : Sum[2]\n"
		"signal reward = 0\nsignal post_one of t = 1\nsignal pre_one of s = 1\n"
		"rule Add(much = 1) { learns w ; needs factor ; each step { w += factor * much } }\n"
		"connect s -> t as c { weight = 0 { learn Add(factor = reward * post_one, much = 1 + pre_one) } }\n"
		"record c.weight\n"
		"experiment { reward = 1 ; post_one = [1, 10] ; pre_one = i ; run 1 ms ; reward = -1 ; run 1 ms }";
	Made m = made(text);
	Ran r = run_plan(&m, m.plan, spikes);
	EXPECT(&r, "c.weight", 1, 10, 2, 20, 3, 30, 0, 0, 0, 0, 0, 0);
	arena_close(m.arena);
}

static void
wrong_signals_are_refused(void)
{
	refused(DRIVEN "signal a = b\nsignal b = 2 * c\nsignal c = a + 1\nexperiment { run 1 ms }", "wait for each other");
	refused(DRIVEN "signal a = a + 1\nexperiment { run 1 ms }", "`a` reads itself");
	refused(DRIVEN "signal a of item = s.spikes\nexperiment { run 1 ms }", "would differ between the neurons of `s`");
	refused(DRIVEN "signal a = 2 * sum(s.spikes)\nexperiment { a = 1 ; run 1 ms }", "worked out in each step");
	refused(DRIVEN "signal a = 0\nexperiment { a = count(s) ; run 1 ms }", "one number per neuron");
	refused(DRIVEN "layer t : Input[2]\nsignal a = s.spikes + t.spikes\nexperiment { run 1 ms }", "has 2 neurons, and `s`");
	refused(DRIVEN "signal a = 3 { state x = 0 ; each step { x = 1 } }\nexperiment { run 1 ms }", "is always 3");
}

/* ---- the experiment ------------------------------------------------------------------------------------- */

static void
counts_of_a_run_are_read(void)
{
	Made m = made(DRIVEN "signal a = 0 ; signal b = 0 ; signal c = 0 ; signal d = 0\n"
			     "record a every 1 samples ; record b every 1 samples\n"
			     "record c every 1 samples ; record d every 1 samples\n"
			     "experiment { for k in 0 ..< 2 as trials {\n"
			     "    run 3 ms\n"
			     "    let best = argmax(count(s.spikes))\n"
			     "    a = best ; b = count(s)[2] ; c = sum(count(s) if i > 0 else 0)\n"
			     "    d = 10 * k + (1 if best == 2 and not (k == 1) else 0)\n"
			     "} }");
	Ran r = run_plan(&m, m.plan, spikes);
	EXPECT(&r, "a", 2, 2); /* counts 1 1 2, in both */
	EXPECT(&r, "b", 2, 2);
	EXPECT(&r, "c", 3, 3);
	EXPECT(&r, "d", 1, 10);
	arena_close(m.arena);
}

/* Branches, names that are worked out where they stand, runs of a length known only then. */
static void
the_experiment_decides(void)
{
	Made m = made(DRIVEN "signal a = 0 ; signal n = 0\n"
			     "record a\n"
			     "experiment { for k in 1 .. 3 {\n"
			     "    let before = a\n"
			     "    if k == 2 { a = 7 } else if k == 3 { a += 0.5 } else { a = 1 }\n"
			     "    n += before\n"
			     "    run (1 ms if k < 3 else 2 ms)\n"
			     "} a = n ; run 1 ms }");
	Ran r = run_plan(&m, m.plan, spikes);
	EXPECT(&r, "a", 1, 7, 7.5f, 7.5f, 8);
	arena_close(m.arena);
}

/* An order holds every turn once; each pass has another. Draws differ although no step lies between them. */
static void
orders_and_draws_differ_between_turns(void)
{
	Made m = made(DRIVEN "signal seen = 0 ; signal u = 0\n"
			     "record seen every 1 samples ; record u every 1 samples\n"
			     "experiment { for epoch in 0 ..< 2 { for k in 5 ..< 15 shuffled as pass {\n"
			     "    let r = random()\n"
			     "    seen = k ; u = r\n"
			     "} } run 1 ms }");
	Ran r = run_plan(&m, m.plan, spikes);
	int differ = 0, moved = 0;
	for (uint32_t pass = 0; pass < 2; pass++) {
		int times[20] = {0};
		for (uint32_t i = 0; i < 10; i++) {
			float k = ran_row(&r, "seen", 10 * pass + i), u = ran_row(&r, "u", 10 * pass + i);
			CU_ASSERT_FATAL(k >= 5 && k < 15);
			times[(int)k]++;
			moved += k != (float)(5 + i);
			CU_ASSERT(u >= 0 && u < 1);
		}
		for (int k = 5; k < 15; k++)
			CU_ASSERT_EQUAL(times[k], 1);
	}
	for (uint32_t i = 0; i < 10; i++)
		differ += ran_row(&r, "seen", i) != ran_row(&r, "seen", 10 + i);
	CU_ASSERT(moved > 4 && differ > 4);
	for (uint32_t i = 0; i < 20; i++)
		for (uint32_t k = 0; k < i; k++)
			CU_ASSERT(ran_row(&r, "u", i) != ran_row(&r, "u", k));
	arena_close(m.arena);
}

static void
wrong_experiments_are_refused(void)
{
	refused("batch = 2\n" DRIVEN "experiment { run 1 ms ; if count(s)[0] > 1 { run 1 ms } }", "differs between the items");
	refused(DRIVEN "experiment { if count(s) > 1 { run 1 ms } }", "needs one value, and this has many");
	refused(DRIVEN "experiment { run 1 ms * count(s) }", "needs one value, and this has many");
	refused(DRIVEN "signal a = 0\nexperiment { a = i ; run 1 ms }", "`i` is the index of a neuron");
	refused(DRIVEN "signal a = 0\nexperiment { run 1 ms ; a = count(s)[3] }", "has 3 neurons, counted from 0");
	refused(DRIVEN "signal a = 0\nexperiment { a = argmax(3) ; run 1 ms }", "this names none");
	refused("data d = drawn_digits()\nlayer p : Input[784]\nlayer s : LIF[3]\nsignal a = 0\nconnect p -> s { weight = 1 }\n"
		"experiment { for im, la in d[0 ..< 4] { run 1 ms ; vote s for la by all_activity every 2 ; a = s.votes[2] } }",
		"votes by 1 readout");
	refused(DRIVEN "signal a = 0\nexperiment { run 1 ms ; a = s.votes[1] }", "never votes");
	refused(DRIVEN "experiment { for k in 5 ..< 2 { run 1 ms } }", "goes backwards");
}

CU_TestInfo test_signal[] = {
	{"setting a signal is an event", setting_a_signal_is_an_event},
	{"a pulse lasts one step", a_pulse_lasts_one_step},
	{"files feed signals", files_feed_signals},
	{"spikes feed signals", spikes_feed_signals},
	{"signals feed signals", signals_feed_signals},
	{"equations carry signals", equations_carry_signals},
	{"resets clear what is not kept", resets_clear_what_is_not_kept},
	{"rules read signals of their neurons", rules_read_signals_of_their_neurons},
	{"wrong signals are refused", wrong_signals_are_refused},
	{"counts of a run are read", counts_of_a_run_are_read},
	{"the experiment decides", the_experiment_decides},
	{"orders and draws differ between turns", orders_and_draws_differ_between_turns},
	{"wrong experiments are refused", wrong_experiments_are_refused},
	CU_TEST_INFO_NULL,
};
