/* test_runtime_vote.c: labels from counts: by hand, and against the numbers of a reference. */
#define _GNU_SOURCE
#include "suites.h"

#include "runtime_help.h"

#include "data/evaluate_labels.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static Fake fake;
static uint32_t counts, labels, rates, proportions, assignment, phase, test_phase, learn, ask, ask_other, report, share, tell;
static snnrt *running;

static void
make(const char *name, snnrt_entry *entry, uint64_t batch, uint64_t neurons, uint64_t classes, int64_t every,
     int64_t samples, int64_t test_samples)
{
	uint64_t cn[2] = {batch, neurons}, b[1] = {batch}, nc[2] = {neurons, classes}, n[1] = {neurons};
	fake_init(&fake, name, entry);
	counts = fake_buffer(&fake, "exc.count", SNNRT_I32, SNNRT_STATE, 2, cn);
	labels = fake_buffer(&fake, "label", SNNRT_U8, SNNRT_SCRATCH, 1, b);
	rates = fake_buffer(&fake, "exc.rates", SNNRT_F32, SNNRT_STATE, 2, nc);
	proportions = fake_buffer(&fake, "exc.proportions", SNNRT_F32, SNNRT_STATE, 2, nc);
	assignment = fake_buffer(&fake, "exc.assignment", SNNRT_I32, SNNRT_STATE, 1, n);
	share = fake_buffer(&fake, "share", SNNRT_F32, SNNRT_STATE, 0, NULL);
	phase = fake_object(&fake, "training", SNNRT_OBJ_PHASE);
	fake_num(&fake, samples);
	fake_num(&fake, samples + test_samples);
	test_phase = fake_object(&fake, "testing", SNNRT_OBJ_PHASE);
	fake_num(&fake, test_samples);
	fake_num(&fake, samples + test_samples);
	uint32_t *objects[3] = {&learn, &ask, &ask_other};
	for (int i = 0; i < 3; i++) {
		*objects[i] = fake_object(&fake, "exc", SNNRT_OBJ_VOTE);
		fake_text(&fake, i == 2 ? "proportion" : "all_activity");
		if (i == 0)
			fake_text(&fake, "proportion");
		uint32_t bufs[5] = {counts, labels, rates, proportions, assignment};
		for (int k = 0; k < 5; k++)
			fake_buf(&fake, bufs[k]);
		fake_num(&fake, (int64_t)classes);
		fake_num(&fake, i == 0 ? every : 0);
	}
	tell = fake_object(&fake, "share", SNNRT_OBJ_VALUE);
	fake_buf(&fake, share);
	report = fake_object(&fake, "report", SNNRT_OBJ_REPORT);
	fake_text(&fake, "accuracy");
	fake_num(&fake, test_phase);
	fake_num(&fake, ask);
}

static void
run(const char *out)
{
	snnrt_options o = {.out = out, .quiet = true, .no_results = !out};
	CU_ASSERT_EQUAL(snnrt_open(&fake.p, &o, &running), SNNRT_OK);
	CU_ASSERT_EQUAL(snnrt_run(running), SNNRT_OK);
	CU_ASSERT_STRING_EQUAL(snnrt_error(running), "");
}

static void
set(void *arena, const int *c, int n, int label)
{
	memcpy(fake_at(&fake, arena, counts), c, (size_t)n * sizeof *c);
	*(uint8_t *)fake_at(&fake, arena, labels) = (uint8_t)label;
}

static int64_t
reference_entry(void *arena, void *closure)
{
	(void)closure;
	void *host = running;
	snnrt_phase(host, phase, 1);
	for (int s = 0; s < 20; s++) {
		set(arena, evaluate_counts[s], 12, evaluate_labels[s]);
		if (snnrt_vote(host, learn, phase, s))
			return -2;
	}
	snnrt_phase(host, phase, 0);
	snnrt_phase(host, test_phase, 1);
	for (int s = 0; s < 20; s++) {                        /* the label is what the reference predicted */
		set(arena, evaluate_counts[s], 12, evaluate_all_activity[s]);
		if (snnrt_vote(host, ask, test_phase, s))
			return -2;
		set(arena, evaluate_counts[s], 12, evaluate_proportion_weighting[s]);
		if (snnrt_vote(host, ask_other, test_phase, s))
			return -2;
	}
	snnrt_phase(host, test_phase, 0);
	return 0;
}

static void
reference(void)
{
	make("reference", reference_entry, 1, 12, 5, 20, 20, 20);
	run(NULL);
	void *arena = snnrt_arena(running);
	const float *r = fake_at(&fake, arena, rates), *p = fake_at(&fake, arena, proportions);
	const int32_t *a = fake_at(&fake, arena, assignment);
	for (int j = 0; j < 12; j++) {
		CU_ASSERT_EQUAL(a[j], evaluate_assignments[j]);
		for (int l = 0; l < 5; l++) {
			CU_ASSERT_DOUBLE_EQUAL(r[5 * j + l], evaluate_rates[j][l], 1e-6);
			CU_ASSERT_DOUBLE_EQUAL(p[5 * j + l], evaluate_proportions[j][l], 1e-6);
		}
	}
	const RtVote *v = running->object[ask], *w = running->object[ask_other];
	CU_ASSERT_EQUAL(v->phase[test_phase].samples, 20);
	CU_ASSERT_EQUAL(v->phase[test_phase].correct[0], 20);
	CU_ASSERT_EQUAL(w->phase[test_phase].correct[0], 20);
	CU_ASSERT_EQUAL(((RtVote *)running->object[learn])->phase[phase].samples, 0);   /* nothing was assigned */
	CU_ASSERT_EQUAL(snnrt_close(running), 0);
}

/* Two neurons, two labels, every 2 samples, by hand:
 *   (4, 0) is 0, (2, 2) is 1  ->  rates 4 2 / 0 2, proportions 2/3 1/3 / 0 1, neuron 0 is 0, neuron 1 is 1
 *   (3, 1) is 0: right by both
 *   (4, 3) is 1: all_activity 4 > 3 says 0; proportion 4 * 2/3 = 2.67 < 3 says 1
 *                         ->  rates 4+3 2+4 / 0+1 2+3
 *   (0, 0) is 0: nothing fires: a tie, the lowest label */
static const struct { int c[2], label; } by_hand[5] = {{{4, 0}, 0}, {{2, 2}, 1}, {{3, 1}, 0}, {{4, 3}, 1}, {{0, 0}, 0}};

static int64_t
hand_entry(void *arena, void *closure)
{
	(void)closure;
	void *host = running;
	snnrt_phase(host, phase, 1);
	for (int s = 0; s < 5; s++) {
		set(arena, by_hand[s].c, 2, by_hand[s].label);
		if (snnrt_vote(host, learn, phase, s))
			return -2;
		snnrt_sample(host, phase, s + 1);
	}
	snnrt_phase(host, phase, 0);
	return 0;
}

static void
hand(void)
{
	char *text;
	size_t n;
	make("hand", hand_entry, 1, 2, 2, 2, 5, 1);
	fflush(stdout);
	int keep = dup(1);
	CU_ASSERT_PTR_NOT_NULL(freopen(help_path("stdout"), "w", stdout));
	run(help_path("hand"));
	fflush(stdout);
	dup2(keep, 1);
	close(keep);
	const RtVote *v = running->object[learn];
	void *arena = snnrt_arena(running);
	const float *r = fake_at(&fake, arena, rates);
	CU_ASSERT_EQUAL(v->phase[phase].samples, 3);
	CU_ASSERT_EQUAL(v->phase[phase].correct[0], 2);
	CU_ASSERT_EQUAL(v->phase[phase].correct[1], 3);
	CU_ASSERT_EQUAL_FATAL(v->npoints, 1);
	CU_ASSERT_EQUAL(v->point[0].samples, 4);
	CU_ASSERT_EQUAL(v->point[0].accuracy[0], 0.5f);
	CU_ASSERT_EQUAL(v->point[0].accuracy[1], 1);
	CU_ASSERT_EQUAL(r[0], 7);
	CU_ASSERT_EQUAL(r[1], 6);
	CU_ASSERT_EQUAL(r[2], 1);
	CU_ASSERT_EQUAL(r[3], 5);
	CU_ASSERT_EQUAL(snnrt_close(running), 0);
	text = help_read("stdout", NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(text);
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "accuracy of training, every 2 samples"));
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "100.0 %"));
	free(text);
	text = help_read("hand/accuracy.npy", &n);
	CU_ASSERT_PTR_NOT_NULL_FATAL(text);
	CU_ASSERT_PTR_NOT_NULL(strstr(text + 10, "[('samples', '<i8'), ('all_activity', '<f4'), ('proportion', '<f4')]"));
	CU_ASSERT_PTR_NOT_NULL(strstr(text + 10, "'shape': (1,)"));
	float last;
	memcpy(&last, text + n - 4, 4);
	CU_ASSERT_EQUAL(last, 1);
	free(text);
	CU_ASSERT_TRUE(help_exists("hand/accuracy.png"));
}

/* A batch of 3 and a phase of 4 samples: two items of the last batch do not count. And a phase that is shorter
 * than an interval assigns at its end, so that there is something to test with. */
static int64_t
batch_entry(void *arena, void *closure)
{
	(void)closure;
	void *host = running;
	static const int c[2][6] = {{5, 0, 0, 5, 5, 0}, {0, 5, 9, 9, 9, 9}};
	static const uint8_t l[2][3] = {{0, 1, 0}, {1, 0, 0}};
	for (int turn = 0; turn < 2; turn++) {
		uint32_t ph = turn ? test_phase : phase;
		snnrt_phase(host, ph, 1);
		for (int s = 0; s < 2; s++) {
			memcpy(fake_at(&fake, arena, counts), c[s], sizeof c[s]);
			memcpy(fake_at(&fake, arena, labels), l[s], sizeof l[s]);
			if (snnrt_vote(host, turn ? ask : learn, ph, 3 * s))
				return -2;
		}
		snnrt_phase(host, ph, 0);
	}
	float third = 1 / 3.0f;
	memcpy(fake_at(&fake, arena, share), &third, sizeof third);
	if (snnrt_tell(host, tell, fake_at(&fake, arena, share)))
		return -2;
	return snnrt_report(host, report);
}

static void
batches(void)
{
	make("batches", batch_entry, 3, 2, 2, 250, 4, 4);
	fflush(stdout);
	int keep = dup(1);
	CU_ASSERT_PTR_NOT_NULL(freopen(help_path("stdout"), "w", stdout));
	run(help_path("batches"));
	fflush(stdout);
	dup2(keep, 1);
	close(keep);
	const RtVote *v = running->object[ask];
	CU_ASSERT_EQUAL(v->phase[test_phase].samples, 4);
	CU_ASSERT_EQUAL(v->phase[test_phase].correct[0], 4);
	CU_ASSERT_EQUAL(snnrt_close(running), 0);
	char *text = help_read("stdout", NULL);
	CU_ASSERT_STRING_EQUAL(text, "share: 0.333333\naccuracy of testing: 100.0 % all_activity (4 samples)\n");
	free(text);
	text = help_read("batches/manifest.json", NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(text);
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "{\"what\": \"share\", \"value\": 0.3333333432674408}"));
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "{\"what\": \"accuracy\", \"phase\": \"testing\", \"samples\": 4, "
	                                    "\"all_activity\": 1}"));
	free(text);
}

static int64_t
wrong_entry(void *arena, void *closure)
{
	(void)closure;
	static const int c[2] = {1, 1};
	set(arena, c, 2, 2);
	return snnrt_vote(running, learn, phase, 0);
}

static void
wrong_label(void)
{
	make("wrong", wrong_entry, 1, 2, 2, 2, 5, 1);
	snnrt_options o = {.quiet = true, .no_results = true};
	CU_ASSERT_EQUAL(snnrt_open(&fake.p, &o, &running), SNNRT_OK);
	CU_ASSERT_EQUAL(snnrt_run(running), SNNRT_FAILED);
	CU_ASSERT_PTR_NOT_NULL(strstr(snnrt_error(running), "has label 2"));
	CU_ASSERT_EQUAL(snnrt_close(running), 3);
	help_fini();
}

CU_TestInfo test_runtime_vote[] = {
	{"rates, assignments and predictions are those of the reference", reference},
	{"intervals, scores and the learning curve are as by hand", hand},
	{"a last batch may be part empty, a short phase assigns at its end", batches},
	{"a label that the program does not know fails", wrong_label},
	CU_TEST_INFO_NULL,
};
