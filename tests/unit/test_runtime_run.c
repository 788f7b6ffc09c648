/* test_runtime_run.c: the life of a run: opening, memory, folders, loading, records, interrupts, manifest. */
#define _GNU_SOURCE
#include "suites.h"

#include "runtime_help.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static Fake fake;
static int64_t steps;
static uint32_t spikes, volts, target, constant, events, dense, fill, stream, list;

static void *
host_of(void *arena)
{
	void *host;
	memcpy(&host, arena, sizeof host);
	return host;
}

static int64_t
nothing(void *arena, void *closure)
{
	(void)arena;
	(void)closure;
	return 0;
}

/* Opens and gives the text of the failure; the run must not have left anything. */
static void
expect_failure(const snnrt_options *o, const char *text)
{
	snnrt *rt;
	CU_ASSERT_EQUAL(snnrt_open(&fake.p, o, &rt), SNNRT_FAILED);
	CU_ASSERT_PTR_NOT_NULL(strstr(snnrt_error(rt), text));
	if (!strstr(snnrt_error(rt), text))
		fprintf(stderr, "\nexpected `%s`, got `%s`\n", text, snnrt_error(rt));
	CU_ASSERT_EQUAL(snnrt_close(rt), 3);
}

static void
version(void)
{
	snnrt_options o = {.quiet = true, .out = help_path("never")};
	fake_init(&fake, "version", nothing);
	fake.p.version = 99;
	expect_failure(&o, "version 99");
	fake.p.version = SNNRT_VERSION;
	fake.buffers[0].offset = 1 << 20;
	expect_failure(&o, "outside the arena");
	CU_ASSERT_FALSE(help_exists("never"));
	CU_ASSERT_EQUAL(snnrt_close(NULL), 3);
}

static int64_t
look(void *arena, void *closure)
{
	Fake *f = closure;
	CU_ASSERT_EQUAL((uintptr_t)arena % 64, 0);
	CU_ASSERT_EQUAL(*(uint64_t *)fake_at(f, arena, FAKE_SEED), 11);
	CU_ASSERT_EQUAL(((float *)fake_at(f, arena, constant))[1], 2);
	unsigned char *zero = fake_at(f, arena, target);
	for (uint64_t i = 0; i < f->buffers[target].bytes; i++)
		if (zero[i]) {
			CU_FAIL("the arena is not zeroed");
			break;
		}
	return snnrt_poll(host_of(arena));
}

static void
arena(void)
{
	static const float values[2] = {1, 2};
	uint64_t two[1] = {2}, many[1] = {3 << 20};
	snnrt *rt;
	for (int large = 0; large < 2; large++) {
		fake_init(&fake, "arena", look);
		constant = fake_buffer(&fake, "k", SNNRT_F32, SNNRT_CONST, 1, two);
		fake.buffers[constant].data = values;
		target = fake_buffer(&fake, "x", SNNRT_U8, SNNRT_STATE, 1, large ? many : two);
		snnrt_options o = {.quiet = true, .no_results = true, .seed = 11, .seed_given = true};
		CU_ASSERT_EQUAL(snnrt_open(&fake.p, &o, &rt), SNNRT_OK);
		CU_ASSERT_EQUAL(snnrt_run(rt), SNNRT_OK);
		CU_ASSERT_EQUAL(snnrt_run(rt), SNNRT_FAILED);   /* once */
		CU_ASSERT_EQUAL(snnrt_close(rt), 3);
	}
}

static void
memory(void)
{
	uint64_t big[2] = {1 << 10, 1 << 10}, huge[2] = {1ull << 30, 1ull << 30}, small[1] = {10};
	snnrt_options o = {.quiet = true, .out = help_path("never"), .memory = 1 << 20};
	fake_init(&fake, "memory", nothing);
	fake_buffer(&fake, "small", SNNRT_U8, SNNRT_STATE, 1, small);
	fake_buffer(&fake, "input.weight", SNNRT_F32, SNNRT_STATE, 2, big);
	expect_failure(&o, "needs 4.0 MiB, --memory is 1.0 MiB; the largest buffers are `input.weight` f32 [1024, 1024] "
	                   "4.0 MiB, `small` u8 [10] 10 bytes, `seed`");
	CU_ASSERT_FALSE(help_exists("never"));
	fake_buffer(&fake, "huge", SNNRT_F32, SNNRT_STATE, 2, huge);
	o.memory = 0;
	expect_failure(&o, "needs 4.0 EiB, free is ");
	CU_ASSERT_TRUE(rt_memory_free() > 0);
}

static void
folders(void)
{
	snnrt *rt;
	help_write("file", "x", 1);
	fake_init(&fake, "folders", nothing);
	snnrt_options o = {.quiet = true, .out = help_path("file")};
	expect_failure(&o, "part of that path is a file");
	o.out = help_path("file/below");
	expect_failure(&o, "cannot write results to");
	o.out = "/proc/nowhere";                              /* not even root can */
	expect_failure(&o, "cannot write results to `/proc/nowhere`");

	/* Opened and closed without a run: as if nothing had been. */
	o.out = help_path("deep/er/folder");
	CU_ASSERT_EQUAL(snnrt_open(&fake.p, &o, &rt), SNNRT_OK);
	CU_ASSERT_TRUE(help_exists("deep/er/folder"));
	CU_ASSERT_EQUAL(snnrt_close(rt), 0);
	CU_ASSERT_FALSE(help_exists("deep"));

	/* A failing data file leaves no folder. */
	fake_object(&fake, "w", SNNRT_OBJ_FILL);
	fake_text(&fake, "nowhere.npy");
	fake_buf(&fake, FAKE_SEED);
	o.program_dir = help_folder();
	expect_failure(&o, "there is no `nowhere.npy`");
	CU_ASSERT_FALSE(help_exists("deep"));
}

static int64_t
record_all(void *arena, void *closure)
{
	Fake *f = closure;
	void *host = host_of(arena);
	unsigned char *s = fake_at(f, arena, spikes);
	float *v = fake_at(f, arena, volts);
	snnrt_begin(host);
	for (int64_t t = 0; t < steps; t++) {
		memset(s, 0, 22);
		if (t % 3 == 0)
			s[11 + t % 11] = 1;
		if (t == 4)
			s[0] = s[10] = 1;
		v[0] = (float)t;
		v[2] = -1;
		if (snnrt_record(host, events, t, s) || snnrt_record(host, dense, t, v))
			return -2;
		*(uint64_t *)fake_at(f, arena, FAKE_STEP) += 1;
		if (t == 50)
			raise(SIGINT);
		if (snnrt_poll(host))
			return -1;
	}
	return 0;
}

static uint32_t
make_record(const char *name, const char *form, uint32_t source)
{
	uint32_t object = fake_object(&fake, name, SNNRT_OBJ_RECORD);
	fake_text(&fake, form);
	fake_buf(&fake, source);
	fake_num(&fake, 1);
	return object;
}

static void
make_records(int64_t n)
{
	uint64_t flags[2] = {2, 11}, three[1] = {3};
	steps = n;
	fake_init(&fake, "records", record_all);
	spikes = fake_buffer(&fake, "exc.spike", SNNRT_BOOL, SNNRT_STATE, 2, flags);
	volts = fake_buffer(&fake, "exc.v", SNNRT_F32, SNNRT_STATE, 1, three);
	fake.buffers[spikes].axis[0].kind = SNNRT_BATCH;
	events = make_record("exc.spikes", "events", spikes);
	dense = make_record("exc.v", "dense", volts);
}

static void
records(void)
{
	snnrt *rt;
	size_t n;
	snnrt_options o = {.quiet = true, .out = help_path("records"), .tool_version = "0.1"};
	make_records(10);
	CU_ASSERT_EQUAL_FATAL(snnrt_open(&fake.p, &o, &rt), SNNRT_OK);
	CU_ASSERT_FALSE(help_exists("records/exc.v.npy"));    /* not before it is whole */
	CU_ASSERT_EQUAL(snnrt_run(rt), SNNRT_OK);
	CU_ASSERT_EQUAL(snnrt_close(rt), 0);
	CU_ASSERT_TRUE(help_folder_is_clean("records"));

	char *b = help_read("records/exc.v.npy", &n);
	CU_ASSERT_PTR_NOT_NULL_FATAL(b);
	CU_ASSERT_PTR_NOT_NULL(strstr(b + 10, "{'descr': '<f4', 'fortran_order': False, 'shape': (10, 3), }"));
	CU_ASSERT_EQUAL(n % 64, 10 * 3 * 4 % 64);
	float last[3];
	memcpy(last, b + n - 12, 12);
	CU_ASSERT_EQUAL(last[0], 9);
	CU_ASSERT_EQUAL(last[2], -1);
	free(b);

	uint32_t type, rank;
	int64_t extent[6];
	char why[512];
	CU_ASSERT_EQUAL(snnrt_npy_probe(NULL, help_folder(), "records/exc.v.npy", &type, &rank, extent, why), 0);
	CU_ASSERT_EQUAL(extent[0], 10);

	b = help_read("records/exc.spikes.npy", &n);
	CU_ASSERT_PTR_NOT_NULL_FATAL(b);
	CU_ASSERT_PTR_NOT_NULL(strstr(b + 10, "[('t', '<i8'), ('b', '<u4'), ('i', '<u4')], "
	                                      "'fortran_order': False, 'shape': (6,), }"));
	struct { int64_t t; uint32_t b, i; } e[6];
	static const struct { int64_t t; uint32_t b, i; } want[6] = {{0, 1, 0}, {3, 1, 3}, {4, 0, 0}, {4, 0, 10},
	                                                             {6, 1, 6}, {9, 1, 9}};
	memcpy(e, b + n - sizeof e, sizeof e);
	for (int k = 0; k < 6; k++) {
		CU_ASSERT_EQUAL(e[k].t, want[k].t);
		CU_ASSERT_EQUAL(e[k].b, want[k].b);
		CU_ASSERT_EQUAL(e[k].i, want[k].i);
	}
	free(b);

	b = help_read("records/manifest.json", &n);
	CU_ASSERT_PTR_NOT_NULL_FATAL(b);
	CU_ASSERT_PTR_NOT_NULL(strstr(b, "\"status\": \"complete\""));
	CU_ASSERT_PTR_NOT_NULL(strstr(b, "\"dt_ms\": 0.5"));
	CU_ASSERT_PTR_NOT_NULL(strstr(b, "\"steps\": 10"));
	CU_ASSERT_PTR_NOT_NULL(strstr(b, "\"file\": \"exc.v.npy\", \"form\": \"dense\", \"source\": \"exc.v\", "
	                                 "\"dtype\": \"<f4\", \"shape\": [10, 3]"));
	free(b);
}

static int64_t
record_both(void *arena, void *closure)
{
	Fake *f = closure;
	void *host = host_of(arena);
	unsigned char *s = fake_at(f, arena, spikes);
	uint16_t *l = fake_at(f, arena, list);
	snnrt_begin(host);
	for (int64_t t = 0; t < steps; t++) {
		int64_t n = 0;
		for (uint16_t i = 0; i < 600; i++)            /* none, a third, all: more than the host takes at once */
			if ((s[i] = t > 0 && (t % 3 == 2 || i % 3 == 1)))
				l[n++] = i;
		if (snnrt_record(host, dense, t, s) || snnrt_record_list(host, events, t, n, l))
			return -2;
		*(uint64_t *)fake_at(f, arena, FAKE_STEP) += 1;
	}
	return snnrt_record_list(host, events, steps, steps > 4 ? 601 : 0, l);
}

static void
make_lists(int64_t n, uint32_t type)
{
	uint64_t flags[2] = {1, 600};
	steps = n;
	fake_init(&fake, "lists", record_both);
	spikes = fake_buffer(&fake, "exc.spike", SNNRT_BOOL, SNNRT_STATE, 2, flags);
	list = fake_buffer(&fake, "exc.spiking", type, SNNRT_DERIVED, 2, flags);
	fake.buffers[spikes].axis[0].kind = fake.buffers[list].axis[0].kind = SNNRT_BATCH;
	dense = make_record("flags", "events", spikes);
	events = make_record("list", "events", spikes);
	fake_buf(&fake, list);
}

/* A record of a list is that of the flags that it names. */
static void
lists(void)
{
	snnrt *rt;
	size_t n, m;
	snnrt_options o = {.quiet = true, .out = help_path("lists")};
	make_lists(4, SNNRT_U16);
	CU_ASSERT_EQUAL_FATAL(snnrt_open(&fake.p, &o, &rt), SNNRT_OK);
	CU_ASSERT_EQUAL(snnrt_run(rt), SNNRT_OK);
	CU_ASSERT_EQUAL(snnrt_close(rt), 0);
	char *a = help_read("lists/flags.npy", &n), *b = help_read("lists/list.npy", &m);
	CU_ASSERT_PTR_NOT_NULL_FATAL(a);
	CU_ASSERT_PTR_NOT_NULL_FATAL(b);
	CU_ASSERT_PTR_NOT_NULL(strstr(b + 10, "'shape': (1000,), }"));
	CU_ASSERT_EQUAL(n, m);
	CU_ASSERT_EQUAL(memcmp(a, b, n), 0);
	free(a);
	free(b);

	o.out = help_path("lists-broken");
	make_lists(5, SNNRT_U16);                             /* more than there are */
	CU_ASSERT_EQUAL(snnrt_open(&fake.p, &o, &rt), SNNRT_OK);
	CU_ASSERT_EQUAL(snnrt_run(rt), SNNRT_FAILED);
	CU_ASSERT_PTR_NOT_NULL(strstr(snnrt_error(rt), "bug of the compiler"));
	CU_ASSERT_EQUAL(snnrt_close(rt), 3);
	o.out = help_path("lists-never");
	make_lists(4, SNNRT_F32);
	expect_failure(&o, "record `list` has a list, `exc.spiking`, that does not fit");
}

/* Ctrl-C: the step is finished, the results are kept and marked. Equal runs give equal manifests. */
static void
interrupt(void)
{
	snnrt *rt;
	snnrt_options o = {.quiet = true, .out = help_path("stopped")};
	make_records(100);
	struct sigaction before, after;
	sigaction(SIGINT, NULL, &before);
	char *texts[2];
	for (int turn = 0; turn < 2; turn++) {
		CU_ASSERT_EQUAL_FATAL(snnrt_open(&fake.p, &o, &rt), SNNRT_OK);
		CU_ASSERT_EQUAL(snnrt_run(rt), SNNRT_INTERRUPTED);
		CU_ASSERT_STRING_EQUAL(snnrt_error(rt), "");
		CU_ASSERT_EQUAL(snnrt_close(rt), 130);
		texts[turn] = help_read("stopped/manifest.json", NULL);
		CU_ASSERT_PTR_NOT_NULL_FATAL(texts[turn]);
	}
	sigaction(SIGINT, NULL, &after);
	CU_ASSERT_EQUAL(before.sa_handler, after.sa_handler);
	CU_ASSERT_STRING_EQUAL(texts[0], texts[1]);
	CU_ASSERT_PTR_NOT_NULL(strstr(texts[0], "\"status\": \"interrupted\""));
	CU_ASSERT_PTR_NOT_NULL(strstr(texts[0], "\"steps\": 51"));
	char *b = help_read("stopped/exc.v.npy", NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(b);
	CU_ASSERT_PTR_NOT_NULL(strstr(b + 10, "(51, 3)"));
	free(b);
	free(texts[0]);
	free(texts[1]);
}

static int64_t
load_all(void *arena, void *closure)
{
	Fake *f = closure;
	void *host = host_of(arena);
	float *w = fake_at(f, arena, target);
	unsigned char *s = fake_at(f, arena, spikes);
	if (snnrt_fill(host, fill, w))
		return -2;
	CU_ASSERT_EQUAL(w[5], 2.5f);
	for (int64_t t = 0; t < steps; t++) {
		int64_t r = snnrt_stream(host, stream, s);
		if (r)
			return r;
		CU_ASSERT_EQUAL(s[1], t == 1);
		CU_ASSERT_EQUAL(s[3], 1);
	}
	return 0;
}

static void
make_loads(uint64_t a, uint64_t b)
{
	uint64_t shape[2] = {a, b}, four[2] = {1, 4};
	fake_init(&fake, "loads", load_all);
	target = fake_buffer(&fake, "w", SNNRT_F32, SNNRT_STATE, 2, shape);
	spikes = fake_buffer(&fake, "in", SNNRT_BOOL, SNNRT_STATE, 2, four);
	fill = fake_object(&fake, "w", SNNRT_OBJ_FILL);
	fake_text(&fake, "w.npy");
	fake_buf(&fake, target);
	stream = fake_object(&fake, "in", SNNRT_OBJ_STREAM);
	fake_text(&fake, "in.npy");
	fake_buf(&fake, spikes);
}

static void
loads(void)
{
	static uint8_t bytes[2048];
	static const double w[6] = {0, .5, 1, 1.5, 2, 2.5};
	static const uint8_t in[8] = {0, 0, 0, 255, 0, 9, 0, 1};
	uint64_t shape[4] = {2, 3, 1}, rows[4] = {2, 1, 2, 2};
	snnrt_options o = {.quiet = true, .no_results = true, .program_dir = help_folder()};
	snnrt *rt;
	help_write("w.npy", bytes, help_npy(bytes, "<f8", 3, shape, w, sizeof w));
	help_write("in.npy", bytes, help_npy(bytes, "|u1", 4, rows, in, sizeof in));

	/* [2, 3, 1] into [2, 3] and, a step at a time, [2, 1, 2, 2] into [1, 4]. */
	make_loads(2, 3);
	steps = 2;
	CU_ASSERT_EQUAL(snnrt_open(&fake.p, &o, &rt), SNNRT_OK);
	CU_ASSERT_EQUAL(snnrt_run(rt), SNNRT_OK);
	CU_ASSERT_STRING_EQUAL(snnrt_error(rt), "");
	CU_ASSERT_EQUAL(snnrt_close(rt), 0);

	steps = 3;
	CU_ASSERT_EQUAL(snnrt_open(&fake.p, &o, &rt), SNNRT_OK);
	CU_ASSERT_EQUAL(snnrt_run(rt), SNNRT_FAILED);
	CU_ASSERT_PTR_NOT_NULL(strstr(snnrt_error(rt), "more steps than the 2 rows"));
	CU_ASSERT_EQUAL(snnrt_close(rt), 3);

	make_loads(3, 2);
	expect_failure(&o, "w.npy` has f64 [2, 3, 1], `w` needs f32 [3, 2]");
	make_loads(2, 3);
	fake.buffers[spikes].type = SNNRT_I8;
	help_write("in.npy", bytes, help_npy(bytes, "<f8", 1, shape, w, 16));
	expect_failure(&o, "in.npy` has f64 [2], `in` needs i8 [steps], then per step [1, 4]");
}

static int64_t
outside(void *arena, void *closure)
{
	(void)closure;
	return snnrt_record(host_of(arena), dense, 0, (char *)arena + fake.p.arena_bytes - 4);
}

static void
own_mistakes(void)
{
	snnrt *rt;
	snnrt_options o = {.quiet = true, .out = help_path("broken")};
	make_records(1);
	fake.p.entry = outside;
	CU_ASSERT_EQUAL(snnrt_open(&fake.p, &o, &rt), SNNRT_OK);
	CU_ASSERT_EQUAL(snnrt_run(rt), SNNRT_FAILED);
	CU_ASSERT_PTR_NOT_NULL(strstr(snnrt_error(rt), "bug of the compiler"));
	CU_ASSERT_EQUAL(snnrt_close(rt), 3);
	char *b = help_read("broken/manifest.json", NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(b);
	CU_ASSERT_PTR_NOT_NULL(strstr(b, "\"status\": \"failed\""));
	free(b);
	CU_ASSERT_EQUAL(fake_object(&fake, "../x", SNNRT_OBJ_SAVE), 2);
	fake_text(&fake, "../x.snnw");
	expect_failure(&o, "without `..`");
}

static int64_t
plot_all(void *arena, void *closure)
{
	float *w = fake_at(closure, arena, target);
	for (int i = 0; i < 16 * 5; i++)
		w[i] = (float)(i % 7);
	return snnrt_plot(host_of(arena), 0);
}

static void
plots(void)
{
	uint64_t shape[2] = {16, 5};
	snnrt_options o = {.quiet = true, .out = help_path("plots")};
	snnrt *rt;
	size_t n;
	fake_init(&fake, "plots", plot_all);
	target = fake_buffer(&fake, "w", SNNRT_F32, SNNRT_STATE, 2, shape);
	fake_object(&fake, "input.weight", SNNRT_OBJ_PLOT);
	fake_text(&fake, "fields");
	fake_buf(&fake, target);
	fake_num(&fake, 4);
	fake_num(&fake, 4);
	CU_ASSERT_EQUAL(snnrt_open(&fake.p, &o, &rt), SNNRT_OK);
	CU_ASSERT_EQUAL(snnrt_run(rt), SNNRT_OK);
	CU_ASSERT_STRING_EQUAL(snnrt_error(rt), "");
	CU_ASSERT_EQUAL(snnrt_close(rt), 0);
	char *b = help_read("plots/input.weight.png", &n);
	CU_ASSERT_PTR_NOT_NULL_FATAL(b);
	CU_ASSERT_EQUAL(memcmp(b, "\x89PNG", 4), 0);
	CU_ASSERT_EQUAL((unsigned char)b[19], 200);           /* three fields of 4 x 16 dots with gaps of 2 */
	free(b);
	fake.nums[0][0] = 5;
	CU_ASSERT_EQUAL(snnrt_open(&fake.p, &o, &rt), SNNRT_OK);
	CU_ASSERT_EQUAL(snnrt_run(rt), SNNRT_FAILED);
	CU_ASSERT_PTR_NOT_NULL(strstr(snnrt_error(rt), "has 16 inputs per neuron"));
	CU_ASSERT_EQUAL(snnrt_close(rt), 3);
}

static void
main_function(void)
{
	char dir[600];
	fake_init(&fake, "tool", nothing);
	snprintf(dir, sizeof dir, "--out=%s", help_path("main"));
	char *good[] = {"tool", "--quiet", "--seed", "5", dir, NULL};
	CU_ASSERT_EQUAL(snnrt_main(5, good, &fake.p), 0);
	char *b = help_read("main/manifest.json", NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(b);
	CU_ASSERT_PTR_NOT_NULL(strstr(b, "\"seed\": 5"));
	free(b);
	fflush(stderr);
	int keep = dup(2);
	CU_ASSERT_PTR_NOT_NULL(freopen(help_path("stderr"), "w", stderr));
	char *option[] = {"tool", "--sed=1", NULL}, *value[] = {"tool", "--memory", "much", NULL};
	char *word[] = {"tool", "word", NULL}, *small[] = {"tool", "--quiet", dir, "--memory=1", NULL};
	CU_ASSERT_EQUAL(snnrt_main(2, option, &fake.p), 2);
	CU_ASSERT_EQUAL(snnrt_main(3, value, &fake.p), 2);
	CU_ASSERT_EQUAL(snnrt_main(2, word, &fake.p), 2);
	CU_ASSERT_EQUAL(snnrt_main(4, small, &fake.p), 3);
	fflush(stderr);
	dup2(keep, 2);
	close(keep);
	b = help_read("stderr", NULL);
	CU_ASSERT_PTR_NOT_NULL(strstr(b, "tool: error: the network needs"));
	free(b);
	help_fini();
}

CU_TestInfo test_runtime_run[] = {
	{"a program of another version or shape is refused", version},
	{"the arena is zeroed and aligned, has constants and seed", arena},
	{"too large a network is refused by name before it is allocated", memory},
	{"folders that cannot be written are told, none is left empty", folders},
	{"records and their manifest are whole", records},
	{"records take lists of who spikes", lists},
	{"Ctrl-C keeps and marks the results", interrupt},
	{"files fill and stream into buffers by shape", loads},
	{"addresses and names are checked", own_mistakes},
	{"fields are drawn", plots},
	{"main reads its options", main_function},
	CU_TEST_INFO_NULL,
};
