/* test_runtime_files.c: what the runtime reads: paths, IDX, gzip, .npy, types, drawn digits. */
#define _GNU_SOURCE
#include "suites.h"

#include "runtime_help.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static snnrt_data_status
probe(const char *data, const char *kind, const char *a, const char *b, const char *fallback, snnrt_data_info *out,
      char *why)
{
	const char *paths[2] = {a, b};
	return snnrt_data_probe(data, help_folder(), kind, b ? 2 : 1, paths, fallback, out, why);
}

static void
write_set(uint32_t images, uint32_t labels)
{
	uint8_t bytes[4096];
	uint32_t extent[3] = {images, 4, 5};
	help_write_gz("images.gz", bytes, help_idx(bytes, 3, extent));
	extent[0] = labels;
	help_write("labels", bytes, help_idx(bytes, 1, extent));
}

static void
idx_good(void)
{
	snnrt_data_info info;
	char why[512];
	write_set(6, 6);
	CU_ASSERT_EQUAL(probe(NULL, "idx", "images.gz", "labels", NULL, &info, why), SNNRT_DATA_OK);
	CU_ASSERT_EQUAL(info.samples, 6);
	CU_ASSERT_EQUAL(info.classes, 6);
	CU_ASSERT_EQUAL(info.ncolumns, 2);
	CU_ASSERT_EQUAL(info.column[0].type, SNNRT_U8);
	CU_ASSERT_EQUAL(info.column[0].rank, 2);
	CU_ASSERT_EQUAL(info.column[0].extent[0], 4);
	CU_ASSERT_EQUAL(info.column[0].extent[1], 5);
	CU_ASSERT_EQUAL(info.column[1].rank, 0);
	CU_ASSERT_FALSE(info.fallback);

	RtData d;
	const char *paths[2] = {"images.gz", "labels"};
	uint8_t item[20];
	CU_ASSERT_EQUAL_FATAL(rt_data_open(&d, NULL, help_folder(), "idx", 2, paths, "", why), SNNRT_DATA_OK);
	CU_ASSERT_TRUE(rt_data_fetch(&d, 0, 5, item, why));
	CU_ASSERT_EQUAL(item[0], 100);
	CU_ASSERT_EQUAL(item[19], 119);
	CU_ASSERT_TRUE(rt_data_fetch(&d, 0, 0, item, why));
	CU_ASSERT_EQUAL(item[19], 19);
	CU_ASSERT_FALSE(rt_data_fetch(&d, 0, 6, item, why));
	rt_data_close(&d);
}

static void
idx_types(void)
{
	static const uint8_t shorts[] = {0, 0, 0x0B, 1, 0, 0, 0, 2, 0x01, 0x02, 0xFF, 0xFE};
	RtData d;
	const char *path = "shorts";
	int16_t v;
	char why[512];
	help_write("shorts", shorts, sizeof shorts);
	CU_ASSERT_EQUAL_FATAL(rt_data_open(&d, NULL, help_folder(), "idx", 1, &path, NULL, why), SNNRT_DATA_OK);
	CU_ASSERT_TRUE(rt_data_fetch(&d, 0, 0, &v, why));
	CU_ASSERT_EQUAL(v, 0x0102);
	CU_ASSERT_TRUE(rt_data_fetch(&d, 0, 1, &v, why));
	CU_ASSERT_EQUAL(v, -2);
	CU_ASSERT_EQUAL(d.classes, 0x0103);
	rt_data_close(&d);
}

static void
idx_bad(void)
{
	snnrt_data_info info;
	char why[512];
	uint8_t bytes[4096];
	uint32_t extent[3] = {6, 4, 5};
	size_t n = help_idx(bytes, 3, extent);
	write_set(6, 7);
	CU_ASSERT_EQUAL(probe(NULL, "idx", "images.gz", "labels", NULL, &info, why), SNNRT_DATA_LENGTH);
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "has 6"));
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "has 7 samples") ? why : strstr(why, "has 7"));

	help_write("short", bytes, n - 1);
	CU_ASSERT_EQUAL(probe(NULL, "idx", "short", NULL, NULL, &info, why), SNNRT_DATA_BAD);
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "truncated"));
	help_write("long", bytes, n + 1);
	CU_ASSERT_EQUAL(probe(NULL, "idx", "long", NULL, NULL, &info, why), SNNRT_DATA_BAD);
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "longer"));
	help_write_gz("short.gz", bytes, n - 1);
	CU_ASSERT_EQUAL(probe(NULL, "idx", "short.gz", NULL, NULL, &info, why), SNNRT_DATA_BAD);
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "truncated"));

	size_t size;
	char *whole = help_read("images.gz", &size);
	help_write("cut.gz", whole, size - 20);
	CU_ASSERT_EQUAL(probe(NULL, "idx", "cut.gz", NULL, NULL, &info, why), SNNRT_DATA_BAD);
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "cut.gz"));
	free(whole);

	bytes[2] = 7;
	help_write("type", bytes, n);
	CU_ASSERT_EQUAL(probe(NULL, "idx", "type", NULL, NULL, &info, why), SNNRT_DATA_BAD);
	bytes[0] = 1;
	help_write("magic", bytes, n);
	CU_ASSERT_EQUAL(probe(NULL, "idx", "magic", NULL, NULL, &info, why), SNNRT_DATA_BAD);
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "not an IDX file"));
	CU_ASSERT_EQUAL(probe(NULL, "idx", "nowhere", NULL, NULL, &info, why), SNNRT_DATA_MISSING);
	CU_ASSERT_EQUAL(probe(NULL, "csv", "magic", NULL, NULL, &info, why), SNNRT_DATA_BAD);
}

/* A byte of the compressed stream is wrong: seen when the data are read, by its checksum at the latest. */
static void
gz_damaged(void)
{
	enum { N = 200000 };
	uint8_t *bytes = malloc(N + 16);
	uint32_t extent[2] = {1000, 200};
	char why[512] = "";
	size_t size, n = help_idx(bytes, 2, extent);
	for (size_t i = 12; i < n; i++)
		bytes[i] = (uint8_t)(i * 2654435761u >> 13);
	help_write_gz("big.gz", bytes, n);
	char *whole = help_read("big.gz", &size);
	RtData d;
	const char *path = "big.gz";
	uint8_t row[200];
	CU_ASSERT_EQUAL_FATAL(rt_data_open(&d, NULL, help_folder(), "idx", 1, &path, NULL, why), SNNRT_DATA_OK);
	CU_ASSERT_TRUE(rt_data_fetch(&d, 0, 3, row, why));
	CU_ASSERT_EQUAL(memcmp(row, bytes + 12 + 600, 200), 0);
	CU_ASSERT_TRUE(d.column[0].file.have < 40000);        /* only as far as it was asked */
	CU_ASSERT_TRUE(rt_data_fetch(&d, 0, 999, row, why));
	CU_ASSERT_EQUAL(memcmp(row, bytes + n - 200, 200), 0);
	rt_data_close(&d);

	whole[size - 8] ^= 1;                                 /* the checksum */
	help_write("big.gz", whole, size);
	CU_ASSERT_EQUAL_FATAL(rt_data_open(&d, NULL, help_folder(), "idx", 1, &path, NULL, why), SNNRT_DATA_OK);
	CU_ASSERT_TRUE(rt_data_fetch(&d, 0, 3, row, why));
	CU_ASSERT_FALSE(rt_data_fetch(&d, 0, 999, row, why));
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "big.gz"));
	rt_data_close(&d);

	/* Two members are one file. */
	help_write_gz("first.gz", bytes, 1000);
	help_write_gz("second.gz", bytes + 1000, n - 1000);
	size_t n1, n2;
	char *a = help_read("first.gz", &n1), *b = help_read("second.gz", &n2);
	a = realloc(a, n1 + n2);
	memcpy(a + n1, b, n2);
	help_write("big.gz", a, n1 + n2);
	CU_ASSERT_EQUAL_FATAL(rt_data_open(&d, NULL, help_folder(), "idx", 1, &path, NULL, why), SNNRT_DATA_OK);
	CU_ASSERT_TRUE(rt_data_fetch(&d, 0, 999, row, why));
	CU_ASSERT_EQUAL(memcmp(row, bytes + n - 200, 200), 0);
	rt_data_close(&d);
	free(a);
	free(b);
	free(whole);
	free(bytes);
}

static void
path_rules(void)
{
	snnrt_data_info info;
	char why[512], data[600];
	write_set(6, 6);
	CU_ASSERT_EQUAL(probe(NULL, "idx", "../images.gz", NULL, NULL, &info, why), SNNRT_DATA_OUTSIDE);
	CU_ASSERT_EQUAL(probe(NULL, "idx", "sub/../../images.gz", NULL, NULL, &info, why), SNNRT_DATA_OUTSIDE);
	CU_ASSERT_EQUAL(probe(NULL, "idx", help_path("images.gz"), NULL, NULL, &info, why), SNNRT_DATA_OUTSIDE);
	CU_ASSERT_EQUAL(probe(NULL, "idx", "", NULL, NULL, &info, why), SNNRT_DATA_OUTSIDE);
	CU_ASSERT_EQUAL(probe(NULL, "idx", "a..b", NULL, NULL, &info, why), SNNRT_DATA_MISSING);

	mkdir(help_path("sub"), 0777);
	CU_ASSERT_EQUAL(symlink("/etc/passwd", help_path("out")), 0);
	CU_ASSERT_EQUAL(probe(NULL, "idx", "out", NULL, NULL, &info, why), SNNRT_DATA_OUTSIDE);
	CU_ASSERT_EQUAL(symlink("..", help_path("sub/up")), 0);
	CU_ASSERT_EQUAL(symlink("../images.gz", help_path("sub/inside.gz")), 0);
	CU_ASSERT_EQUAL(probe(NULL, "idx", "sub/inside.gz", NULL, NULL, &info, why), SNNRT_DATA_OK);
	CU_ASSERT_EQUAL(probe(NULL, "idx", "sub", NULL, NULL, &info, why), SNNRT_DATA_BAD);
	CU_ASSERT_EQUAL(mkfifo(help_path("pipe"), 0666), 0);
	CU_ASSERT_EQUAL(probe(NULL, "idx", "pipe", NULL, NULL, &info, why), SNNRT_DATA_BAD);

	/* --data first, then the program's folder; both are named if neither has it. */
	snprintf(data, sizeof data, "%s", help_path("sub"));
	CU_ASSERT_EQUAL(probe(data, "idx", "images.gz", NULL, NULL, &info, why), SNNRT_DATA_OK);
	CU_ASSERT_EQUAL(probe(data, "idx", "up/images.gz", NULL, NULL, &info, why), SNNRT_DATA_OUTSIDE);
	CU_ASSERT_EQUAL(probe(data, "idx", "none.gz", NULL, NULL, &info, why), SNNRT_DATA_MISSING);
	CU_ASSERT_PTR_NOT_NULL(strstr(why, data));
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "nor in"));
}

static void
fallback(void)
{
	snnrt_data_info info;
	char why[512];
	unlink(help_path("images.gz"));
	unlink(help_path("labels"));
	CU_ASSERT_EQUAL(probe(NULL, "idx", "images.gz", "labels", "drawn_digits", &info, why), SNNRT_DATA_OK);
	CU_ASSERT_TRUE(info.fallback);
	CU_ASSERT_EQUAL(info.samples, 10000);
	CU_ASSERT_EQUAL(info.classes, 10);
	CU_ASSERT_EQUAL(info.column[0].rank, 2);
	CU_ASSERT_EQUAL(info.column[0].extent[1], 28);
	/* Who names a folder wants its files. */
	CU_ASSERT_EQUAL(probe(help_folder(), "idx", "images.gz", "labels", "drawn_digits", &info, why),
	                SNNRT_DATA_MISSING);
	CU_ASSERT_EQUAL(probe(NULL, "idx", "images.gz", "labels", "", &info, why), SNNRT_DATA_MISSING);
	CU_ASSERT_EQUAL(probe(NULL, "idx", "images.gz", "labels", "stars", &info, why), SNNRT_DATA_BAD);
	/* Half a set is a mistake. */
	write_set(6, 6);
	unlink(help_path("images.gz"));
	CU_ASSERT_EQUAL(probe(NULL, "idx", "images.gz", "labels", "drawn_digits", &info, why), SNNRT_DATA_MISSING);
}

static void
digits(void)
{
	static uint8_t labels[RT_DIGITS];
	uint8_t image[784], again[784];
	int count[10] = {0};
	uint64_t sum = 0, hash = 0;
	rt_digits_label(labels);
	for (int i = 0; i < RT_DIGITS; i++)
		count[labels[i]]++;
	for (int i = 0; i < 10; i++)
		CU_ASSERT_EQUAL(count[i], 1000);
	for (uint32_t i = 0; i < 200; i++) {
		rt_digits_draw(i, labels[i], image);
		for (int k = 0; k < 784; k++) {
			sum += image[k];
			hash = hash * 1099511628211u + image[k];
		}
	}
	double mean = (double)sum / 784 / 200 / 255;
	CU_ASSERT_TRUE(mean > .11 && mean < .15);
	CU_ASSERT_EQUAL(hash, 0x18D9EC7061A0A39u);           /* the same picture on every machine */
	rt_digits_draw(3, labels[3], image);
	rt_digits_draw(3, labels[3], again);
	CU_ASSERT_EQUAL(memcmp(image, again, 784), 0);
}

static void
npy_headers(void)
{
	static uint8_t bytes[2048];
	static const float v[6] = {0, 1, 2, 3, 4, 5};
	uint32_t type, rank;
	int64_t extent[6];
	char why[512];
	uint64_t shape[2] = {2, 3};
	help_write("a.npy", bytes, help_npy(bytes, "<f4", 2, shape, v, sizeof v));
	CU_ASSERT_EQUAL(snnrt_npy_probe(NULL, help_folder(), "a.npy", &type, &rank, extent, why), SNNRT_DATA_OK);
	CU_ASSERT_EQUAL(type, SNNRT_F32);
	CU_ASSERT_EQUAL(rank, 2);
	CU_ASSERT_EQUAL(extent[0], 2);
	CU_ASSERT_EQUAL(extent[1], 3);
	CU_ASSERT_EQUAL(bytes[8] % 64, 64 - 10);              /* aligned as NumPy does it */
	help_write("b.npy", bytes, help_npy(bytes, "<f4", 2, shape, v, sizeof v) - 1);
	CU_ASSERT_EQUAL(snnrt_npy_probe(NULL, help_folder(), "b.npy", &type, &rank, extent, why), SNNRT_DATA_BAD);
	help_write("b.npy", bytes, help_npy(bytes, "<U3", 2, shape, v, sizeof v));
	CU_ASSERT_EQUAL(snnrt_npy_probe(NULL, help_folder(), "b.npy", &type, &rank, extent, why), SNNRT_DATA_BAD);
	help_write("b.npy", bytes, help_npy(bytes, "[('t', '<i8')]", 1, shape, v, 16));
	CU_ASSERT_EQUAL(snnrt_npy_probe(NULL, help_folder(), "b.npy", &type, &rank, extent, why), SNNRT_DATA_BAD);
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "structured"));
	size_t n = help_npy(bytes, "<f4", 2, shape, v, sizeof v);
	memcpy(strstr((char *)bytes + 10, "False"), "True ", 5);
	help_write("b.npy", bytes, n);
	CU_ASSERT_EQUAL(snnrt_npy_probe(NULL, help_folder(), "b.npy", &type, &rank, extent, why), SNNRT_DATA_BAD);
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "Fortran"));
	shape[0] = UINT64_MAX;
	help_write("b.npy", bytes, help_npy(bytes, "<f4", 2, shape, v, sizeof v));
	CU_ASSERT_EQUAL(snnrt_npy_probe(NULL, help_folder(), "b.npy", &type, &rank, extent, why), SNNRT_DATA_BAD);
}

static void
types(void)
{
	for (uint32_t h = 0; h < 65536; h++) {                /* every f16 and bf16 survives the way to double and back */
		uint16_t in = (uint16_t)h, out;
		double v = rt_load_float(SNNRT_F16, &in, 0);
		rt_store_float(SNNRT_F16, &out, 0, v);
		if (v == v && out != in)
			CU_FAIL("f16");
		v = rt_load_float(SNNRT_BF16, &in, 0);
		rt_store_float(SNNRT_BF16, &out, 0, v);
		if (v == v && out != in)
			CU_FAIL("bf16");
	}
	uint16_t half;
	rt_store_float(SNNRT_F16, &half, 0, 1 + 0x1p-11);     /* ties go to even */
	CU_ASSERT_EQUAL(half, 0x3C00);
	rt_store_float(SNNRT_F16, &half, 0, 1 + 3 * 0x1p-11);
	CU_ASSERT_EQUAL(half, 0x3C02);
	rt_store_float(SNNRT_F16, &half, 0, 65519);
	CU_ASSERT_EQUAL(half, 0x7BFF);
	rt_store_float(SNNRT_F16, &half, 0, 65520);
	CU_ASSERT_EQUAL(half, 0x7C00);
	CU_ASSERT_TRUE(rt_can_convert(SNNRT_F64, SNNRT_F32));
	CU_ASSERT_TRUE(rt_can_convert(SNNRT_U8, SNNRT_BOOL));
	CU_ASSERT_FALSE(rt_can_convert(SNNRT_F32, SNNRT_I32));
	int32_t wide[3] = {1, -128, 200};
	int8_t narrow[3];
	uint64_t bad;
	CU_ASSERT_FALSE(rt_convert(SNNRT_I8, narrow, SNNRT_I32, wide, 3, &bad));
	CU_ASSERT_EQUAL(bad, 2);
	bool flag[3];
	CU_ASSERT_TRUE(rt_convert(SNNRT_BOOL, flag, SNNRT_I32, wide, 3, &bad));
	CU_ASSERT_EQUAL(*(unsigned char *)&flag[2], 1);
}

/* Readers meet any bytes: they may refuse, they may not crash. */
static void
mutations(void)
{
	static uint8_t good[4096], bad[4096];
	uint64_t seed = 1, shape[2] = {2, 3};
	static const float v[6] = {0, 1, 2, 3, 4, 5};
	uint32_t extent[3] = {6, 4, 5};
	char why[512];
	for (int turn = 0; turn < 1500; turn++) {
		size_t n;
		bool npy = turn % 3 == 0;
		if (turn % 3 == 2) {
			help_write_gz("fuzz", good, help_idx(good, 3, extent));
			char *whole = help_read("fuzz", &n);
			memcpy(bad, whole, n);
			free(whole);
		} else {
			n = npy ? help_npy(bad, "<f4", 2, shape, v, sizeof v) : help_idx(bad, 3, extent);
		}
		for (int k = 0; k <= turn % 4; k++) {
			seed = seed * 6364136223846793005u + 1442695040888963407u;
			bad[(seed >> 33) % (turn % 2 ? n : n < 24 ? n : 24)] = (uint8_t)(seed >> 20);
		}
		if (turn % 5 == 0)
			n = (seed >> 40) % (n + 1);
		help_write("fuzz", bad, n);
		snnrt_data_info info;
		const char *path = "fuzz";
		RtData d;
		snnrt_data_probe(NULL, help_folder(), npy ? "npy" : "idx", 1, &path, NULL, &info, why);
		if (rt_data_open(&d, NULL, help_folder(), npy ? "npy" : "idx", 1, &path, NULL, why) == SNNRT_DATA_OK) {
			uint64_t bytes = d.column[0].item_bytes;
			void *item = malloc(bytes + 1);
			if (d.samples && item)
				rt_data_fetch(&d, 0, d.samples - 1, item, why);
			free(item);
			rt_data_close(&d);
		}
	}
	help_fini();
}

CU_TestInfo test_runtime_files[] = {
	{"IDX files, gzipped or not, become columns", idx_good},
	{"IDX of wider types is big endian", idx_types},
	{"broken IDX files are told from each other", idx_bad},
	{"gzip is read lazily, checked, and may have members", gz_damaged},
	{"a program reads only below its folder and --data", path_rules},
	{"digits are drawn only if nobody named a folder", fallback},
	{"drawn digits are balanced and the same everywhere", digits},
	{"headers of .npy files are read", npy_headers},
	{"element types convert where nothing is lost", types},
	{"readers survive any bytes", mutations},
	CU_TEST_INFO_NULL,
};
