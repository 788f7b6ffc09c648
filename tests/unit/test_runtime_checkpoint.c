/* test_runtime_checkpoint.c: state to a file and back, and every byte of it matters. */
#define _GNU_SOURCE
#include "suites.h"

#include "runtime_help.h"
#include "snnrt_checkpoint.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

static Fake fake;
static uint32_t weight, flags, scratch, save, save_one, rec;
static int64_t save_calls;
static float change;
static uint64_t pitch;                                   /* of the weights */

static int64_t
entry(void *arena, void *closure)
{
	Fake *f = closure;
	void *host;
	memcpy(&host, arena, sizeof host);
	float *w = fake_at(f, arena, weight);
	uint64_t row = pitch ? pitch : 3;
	for (uint64_t i = 0; i < 15; i++)
		w[i / 3 * row + i % 3] = (float)i / 7;
	w[row] = __builtin_nanf("");
	w[3 * row + 2] += change;
	if (pitch)
		w[3] = -1;                                    /* behind the end of a row: nobody looks there */
	((uint8_t *)fake_at(f, arena, flags))[2] = 1;
	((float *)fake_at(f, arena, scratch))[0] = change;
	*(uint64_t *)fake_at(f, arena, FAKE_STEP) = 42;
	int64_t r = snnrt_record(host, rec, 42, fake_at(f, arena, weight));
	save_calls++;
	r = r ? r : snnrt_save(host, save_one);
	return r ? r : snnrt_save(host, save);
}

static int
run(const char *out, const char *dump, bool no_results)
{
	uint64_t shape[2] = {5, 3}, odd[1] = {7};
	fake_init(&fake, "saver", entry);
	weight = fake_buffer(&fake, "input.weight", SNNRT_F32, SNNRT_STATE, 2, shape);
	fake.buffers[weight].pitch = pitch;
	fake.p.arena_bytes += pitch ? 5 * pitch * sizeof(float) - 64 : 0;
	flags = fake_buffer(&fake, "exc.spike", SNNRT_BOOL, SNNRT_STATE, 1, odd);
	scratch = fake_buffer(&fake, "tmp", SNNRT_F32, SNNRT_SCRATCH, 1, odd);
	fake_buffer(&fake, "powers", SNNRT_F32, SNNRT_CONST, 1, odd);
	fake_buffer(&fake, "given", SNNRT_F32, SNNRT_WORK, 1, odd);
	save = fake_object(&fake, "save", SNNRT_OBJ_SAVE);
	fake_text(&fake, "deep/state.snnw");
	save_one = fake_object(&fake, "save one", SNNRT_OBJ_SAVE);
	fake_text(&fake, "weight.npy");
	fake_buf(&fake, weight);
	rec = fake_object(&fake, "weights", SNNRT_OBJ_RECORD);
	fake_text(&fake, "dense");
	fake_buf(&fake, weight);
	fake_num(&fake, 1);
	snnrt_options o = {.out = out, .quiet = true, .dump_state = dump, .no_results = no_results};
	snnrt *rt;
	snnrt_open(&fake.p, &o, &rt);
	CU_ASSERT_STRING_EQUAL(snnrt_error(rt), "");
	snnrt_run(rt);
	CU_ASSERT_STRING_EQUAL(snnrt_error(rt), "");
	return snnrt_close(rt);
}

static void
round_trip(void)
{
	char why[512] = "";
	snnrt_checkpoint *k;
	change = 0;
	CU_ASSERT_EQUAL(run(help_path("a"), NULL, false), 0);
	CU_ASSERT_TRUE(snnrt_checkpoint_open(help_path("a/deep/state.snnw"), &k, why));
	CU_ASSERT_STRING_EQUAL(why, "");
	CU_ASSERT_PTR_NOT_NULL_FATAL(k);
	CU_ASSERT_STRING_EQUAL(k->program, "saver");
	CU_ASSERT_STRING_EQUAL(k->source_hash, "0123abcd");
	CU_ASSERT_EQUAL(k->seed, 7);
	CU_ASSERT_EQUAL(k->step, 42);
	CU_ASSERT_EQUAL(k->dt, 0.5);
	CU_ASSERT_EQUAL_FATAL(k->nbuffers, 5);                /* all but constants and work */
	CU_ASSERT_PTR_NULL(snnrt_checkpoint_find(k, "powers"));
	CU_ASSERT_PTR_NULL(snnrt_checkpoint_find(k, "given"));
	CU_ASSERT_EQUAL(k->buffers[4].role, SNNRT_SCRATCH);
	CU_ASSERT_STRING_EQUAL(k->buffers[2].name, "input.weight");
	CU_ASSERT_EQUAL(k->buffers[2].naxes, 2);
	CU_ASSERT_EQUAL(k->buffers[2].axis[1].extent, 3);
	CU_ASSERT_EQUAL(((const float *)k->buffers[2].data)[14], 2);
	CU_ASSERT_EQUAL(k->buffers[3].bytes, 7);
	CU_ASSERT_EQUAL(((const uint8_t *)k->buffers[3].data)[2], 1);
	CU_ASSERT_EQUAL(k->nrecords, 1);
	CU_ASSERT_EQUAL(k->records[0].rows, 1);
	snnrt_checkpoint_close(k);
	CU_ASSERT_TRUE(help_folder_is_clean("a/deep"));

	uint32_t type, rank;
	int64_t extent[6];
	CU_ASSERT_EQUAL(snnrt_npy_probe(NULL, help_folder(), "a/weight.npy", &type, &rank, extent, why), SNNRT_DATA_OK);
	CU_ASSERT_EQUAL(rank, 2);
	CU_ASSERT_EQUAL(extent[0], 5);

	/* The dump at the end is the same; NaN is equal to itself. */
	CU_ASSERT_EQUAL(run(NULL, help_path("dump"), true), 0);
	char *manifest = help_read("results/saver/manifest.json", NULL);
	CU_ASSERT_PTR_NULL(manifest);
	CU_ASSERT_TRUE(snnrt_checkpoint_same(help_path("a/deep/state.snnw"), help_path("dump"), why));
}

static void
expect_same_file(const char *a, const char *b)
{
	size_t n = 0, m = 1;
	char *x = help_read(a, &n), *y = help_read(b, &m);
	CU_ASSERT_PTR_NOT_NULL_FATAL(x);
	CU_ASSERT_PTR_NOT_NULL_FATAL(y);
	CU_ASSERT_TRUE(n == m && memcmp(x, y, n) == 0);
	free(x);
	free(y);
}

static void
rows_apart(void)
{
	change = 0;
	CU_ASSERT_EQUAL(run(help_path("dense"), help_path("dense.state"), false), 0);
	pitch = 16;
	CU_ASSERT_EQUAL(run(help_path("apart"), help_path("apart.state"), false), 0);
	pitch = 0;
	expect_same_file("dense.state", "apart.state");
	expect_same_file("dense/deep/state.snnw", "apart/deep/state.snnw");
	expect_same_file("dense/weight.npy", "apart/weight.npy");
	expect_same_file("dense/weights.npy", "apart/weights.npy");
}

static void
differences(void)
{
	char why[512];
	change = 0;
	CU_ASSERT_EQUAL(run(help_path("a"), help_path("one"), false), 0);
	change = 1e-6f;
	CU_ASSERT_EQUAL(run(help_path("a"), help_path("two"), false), 0);
	CU_ASSERT_FALSE(snnrt_checkpoint_same(help_path("one"), help_path("two"), why));
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "`input.weight` [3, 2]: 1.57"));
	CU_ASSERT_FALSE(snnrt_checkpoint_same(help_path("one"), help_path("three"), why));
}

static void
corruption(void)
{
	char why[512], *whole;
	size_t n;
	change = 0;
	CU_ASSERT_EQUAL(run(help_path("a"), help_path("whole"), false), 0);
	whole = help_read("whole", &n);
	snnrt_checkpoint *k;
	for (size_t i = 0; i < n; i++) {
		whole[i] ^= 0x10;
		help_write("bad", whole, n);
		if (snnrt_checkpoint_open(help_path("bad"), &k, why)) {
			CU_FAIL("a changed byte was not seen");
			snnrt_checkpoint_close(k);
		} else {
			snnrt_checkpoint_close(k);
		}
		whole[i] ^= 0x10;
	}
	for (size_t cut = 0; cut < n; cut += 7) {
		help_write("bad", whole, cut);
		CU_ASSERT_FALSE(snnrt_checkpoint_open(help_path("bad"), &k, why));
	}
	/* With the checksum of the whole made right, the table is still not trusted. */
	for (size_t i = 8; i < 64 + 300 && i < n - 16; i++)
		for (int bit = 0; bit < 8; bit += 3) {
			whole[i] ^= (char)(1 << bit);
			uint32_t crc = (uint32_t)crc32(crc32(0, NULL, 0), (void *)whole, (uInt)(n - 16)), old;
			memcpy(&old, whole + n - 8, 4);
			memcpy(whole + n - 8, &crc, 4);
			help_write("bad", whole, n);
			snnrt_checkpoint_open(help_path("bad"), &k, why);
			snnrt_checkpoint_close(k);
			memcpy(whole + n - 8, &old, 4);
			whole[i] ^= (char)(1 << bit);
		}
	free(whole);
	help_fini();
}

CU_TestInfo test_runtime_checkpoint[] = {
	{"a checkpoint gives back names, shapes and bytes", round_trip},
	{"files are the same where rows lie apart", rows_apart},
	{"two states are compared to the element", differences},
	{"a damaged or truncated checkpoint is refused", corruption},
	CU_TEST_INFO_NULL,
};
