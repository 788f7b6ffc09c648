/* checkpoint: checkpoints that are not as they were written, with checksums that are right all the same.
 *
 * An even first byte: the rest is a file, as it is. An odd one: the rest are changes of a checkpoint that this process took, so that
 * inputs are of use however plans change; each is a place (two bytes), how many bytes (one), the bytes. Runs go on from these. */
#define _GNU_SOURCE
#include "fuzz.h"

#include "driver/engine.h"
#include "driver/program.h"
#include "snnrt.h"
#include "snnrt_checkpoint.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* Everything that the host keeps: files read and written, votes of all kinds, reports, warnings. */
static const char program_text[] =
	"data digits = csv(\"d.csv\", \"l.csv\")\n"
	"layer pixels : Poisson[4]\n"
	"layer exc : LIF[4]\n"
	"layer list : Input[3] { input events(\"e.csv\") }\n"
	"connect pixels -> exc as input { weight = uniform(0, 30) { range [0, 30] ; learn PostPre() } ; delay = 3 ms }\n"
	"signal seen = s { state s = 0, kept on reset ; on exc.spikes { s += 0.01 } }\n"
	"experiment {\n"
	"    for image, label in digits[0 ..< 4] shuffled as training {\n"
	"        pixels.rate = image * 1 Hz\n"
	"        run 5 ms\n"
	"        vote exc for label by all_activity, proportion, ngram(2) every 2\n"
	"        report seen\n"
	"        reset\n"
	"    }\n"
	"    report accuracy of training\n"
	"}\n"
	"record exc.spikes\n"
	"record exc.v every 3 steps\n"
	"record exc.labels every 2 samples\n";

typedef struct {
	const snnrt_program *program;
	Engine engine;
	const char *out, *file, *beside;                  /* a folder of results, the checkpoint, its copy that is changed */
	uint8_t *data;
	size_t n, host, host_bytes;                       /* where the host's state is */
	bool run;
} Seed;

static Seed seed;

static int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *place)
{
	(void)st;
	(void)kind;
	(void)place;
	return remove(path);
}

static void
remove_all(void)
{
	nftw(fuzz_folder(), remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* ---- the checkpoint ------------------------------------------------------------------------------- */

static int64_t
enter(void *arena, void *closure)
{
	return seed.run ? seed.engine.entry(arena, closure) : 0;
}

static void
run(const char *resume, const char *out, const char *pause)
{
	snnrt *rt;
	snnrt_options o = {.program_dir = fuzz_folder(), .out = out, .resume = resume, .pause_after = pause, .quiet = true, .silent = true, .engine = "eval"};
	if (snnrt_open(seed.program, &o, &rt) == SNNRT_OK)
		snnrt_run(rt);
	if (seed.engine.why)
		abort();                                  /* the interpreter ran into a mistake of ours */
	snnrt_close(rt);
}

static uint8_t *
read_whole(const char *path, size_t *n)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data = malloc(1 << 20);
	if (!f || !data)
		abort();
	*n = fread(data, 1, 1 << 20, f);
	fclose(f);
	return data;
}

static void
make_seed(void)
{
	static Options o = {.command = COMMAND_RUN, .quiet = true};
	Compilation c;
	const char *why = NULL;
	atexit(remove_all);
	fuzz_file("e.csv", (const uint8_t *)"0,0\n3,1\n9,2\n", 12);
	fuzz_file("d.csv", (const uint8_t *)"200,900,0,0\n0,0,900,900\n900,0,0,5\n5,5,5,5\n", 41);
	fuzz_file("l.csv", (const uint8_t *)"0\n1\n1\n0\n", 8);
	o.file = fuzz_file("x.snn", (const uint8_t *)program_text, sizeof program_text - 1);
	Arena *arena = arena_open();                      /* lives as long as the process */
	o.file = arena_strdup(arena, o.file);
	compilation_open(&c, &o, arena);
	if (!pipeline_run(&c, NULL) || !engine_open(&seed.engine, &c, ENGINE_EVAL, &why))
		abort();
	snnrt_program *p = program_of_plan(arena, c.plan, c.source_hash);
	p->entry = enter;
	p->closure = &seed.engine;
	seed.program = p;
	seed.out = arena_printf(arena, "%s/seed", fuzz_folder());
	seed.file = arena_printf(arena, "%s/seed/checkpoint.snnw", fuzz_folder());
	seed.beside = arena_printf(arena, "%s/seed/x.dat", fuzz_folder());
	seed.run = true;
	run(NULL, seed.out, "13 steps");
	seed.data = read_whole(seed.file, &seed.n);
	snnrt_checkpoint *k;
	char text[512];
	if (!snnrt_checkpoint_open(seed.file, &k, text))
		abort();
	seed.host = (size_t)((const char *)k->host - (const char *)k->image);
	seed.host_bytes = k->host_bytes;
	snnrt_checkpoint_close(k);
}

/* ---- checksums: as snnrt_checkpoint.h says where they are ------------------------------------------- */

typedef struct { uint8_t *data; size_t n, at; bool bad; } File;

static uint64_t
number(File *f, size_t bytes)
{
	uint64_t v = 0;
	if (f->bad || f->n - f->at < bytes) {
		f->bad = true;
		return 0;
	}
	memcpy(&v, f->data + f->at, bytes);
	f->at += bytes;
	return v;
}

static void
skip(File *f, uint64_t bytes)
{
	if (f->bad || f->n - f->at < bytes)
		f->bad = true;
	else
		f->at += bytes;
}

/* offset, bytes, checksum */
static void
sum_part(File *f)
{
	uint64_t offset = number(f, 8), bytes = number(f, 8);
	if (f->bad || offset > f->n || bytes > f->n - offset || f->n - f->at < 4)
		return;
	uint32_t crc = (uint32_t)crc32_z(0, f->data + offset, bytes);
	memcpy(f->data + f->at, &crc, 4);
	f->at += 4;
}

static void
mend(uint8_t *data, size_t n)
{
	if (n < 80)
		return;
	File f = {.data = data, .n = n, .at = 48};
	uint64_t whole = n, buffers = number(&f, 4);
	memcpy(data + 56, &whole, 8);
	f.at = 64;
	for (int i = 0; i < 3; i++)
		skip(&f, number(&f, 4));
	sum_part(&f);
	for (uint64_t i = 0; i < buffers && !f.bad; i++) {
		skip(&f, number(&f, 4));
		skip(&f, 8);
		skip(&f, 12 * number(&f, 4));
		sum_part(&f);
	}
	memcpy(data + n - 16, "SNNCKEND", 8);
	uint32_t tail[2] = {(uint32_t)crc32_z(0, data, n - 16), 0};
	memcpy(data + n - 8, tail, 8);
}

/* ---- inputs ----------------------------------------------------------------------------------------- */

/* Where code runs on, only what the host keeps is changed: the numbers of neurons with right checksums are believed. */
static void
change(uint8_t *to, const uint8_t *data, size_t size)
{
	size_t first = seed.run ? seed.host : 0, n = seed.run ? seed.host + seed.host_bytes : seed.n;
	while (size > 3) {
		size_t at = first + (size_t)(data[0] | data[1] << 8), k = data[2];
		data += 3;
		size -= 3;
		k = k < size ? k : size;
		at = at < n ? at : n - 1;
		k = k < n - at ? k : n - at;
		memcpy(to + at, data, k);
		data += k;
		size -= k;
	}
}

static void
put(const char *path, const uint8_t *data, size_t n)
{
	FILE *f = fopen(path, "wb");
	if (!f || fwrite(data, 1, n, f) != n || fclose(f))
		abort();
}

static void
go_on(const uint8_t *data, size_t size)
{
	static uint8_t copy[1 << 20];
	char out[96], why[512];
	snnrt_checkpoint *k;
	memcpy(copy, seed.data, seed.n);
	change(copy, data, size);
	mend(copy, seed.n);
	put(seed.beside, copy, seed.n);
	snprintf(out, sizeof out, "%s/out", fuzz_folder());
	run(seed.beside, out, NULL);
	nftw(out, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	if (snnrt_checkpoint_open(seed.beside, &k, why))
		snnrt_checkpoint_close(k);
	snnrt_checkpoint_same(seed.file, seed.beside, why);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t copy[1 << 20];
	char why[512];
	snnrt_checkpoint *k;
	if (!seed.data)
		make_seed();
	if (size < 1 || size > sizeof copy)
		return 0;
	seed.run = data[0] % 4 == 1;                      /* 3: it is looked at, and not run */
	if (data[0] % 2) {
		go_on(data + 1, size - 1);
		return 0;
	}
	memcpy(copy, data + 1, size - 1);
	mend(copy, size - 1);
	const char *path = fuzz_file("x.snnw", copy, size - 1);
	if (snnrt_checkpoint_open(path, &k, why))
		snnrt_checkpoint_close(k);
	snnrt_checkpoint_same(path, path, why);
	uint32_t type, rank;
	int64_t extent[6];
	double values[64];
	if (snnrt_npy_probe(NULL, fuzz_folder(), "x.snnw:exc.v", &type, &rank, extent, why) == SNNRT_DATA_OK)
		snnrt_npy_values(NULL, fuzz_folder(), "x.snnw:exc.v", 0, 64, values, why);
	return 0;
}
