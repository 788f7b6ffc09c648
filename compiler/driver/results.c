/* results: what a run of a test left in its folder: values as .npy, spikes as events (t, b, i). */
#define _XOPEN_SOURCE 700
#include "driver/test.h"
#include "snnrt.h"

#include "base/panic.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
results_open(Results *r, Arena *a, const Net *net, const char *dir)
{
	*r = (Results){.arena = a, .net = net, .dir = dir};
	r->seen = arena_alloc(a, sizeof *r->seen * (net->seen.n + 1));
	memset(r->seen, 0, sizeof *r->seen * (net->seen.n + 1));
}

static const char *
file_of(const Results *r, const NetSeen *s)
{
	return s->kind == NSEEN_NOW ? s->path : arena_printf(r->arena, "%s.npy", r->net->records.at[s->record].name);
}

static bool
read_values(void *env, const NetSeen *s, TestValues *out, const char **why)
{
	Results *r = env;
	uint32_t index = (uint32_t)(s - r->net->seen.at), type, rank;
	int64_t extent[6];
	char text[512] = "";
	if (r->seen[index].read) {
		*out = r->seen[index].values;
		return true;
	}
	const char *file = file_of(r, s);
	TestValues v = {.n = 1, .rows = 1};
	bool ok = snnrt_npy_probe(NULL, r->dir, file, &type, &rank, extent, text) == SNNRT_DATA_OK;
	uint32_t first = s->kind == NSEEN_EVERY || s->kind == NSEEN_SPIKES || s->kind == NSEEN_RATE;
	for (uint32_t i = 0; ok && i < rank; i++) {
		if (i < first) {
			v.rows = (uint64_t)extent[i];
			continue;
		}
		v.extent[v.rank++] = (uint64_t)extent[i];
		v.n *= (uint64_t)extent[i];
	}
	v.at = ARENA_ARRAY(r->arena, double, v.n * v.rows + 1);
	ok = ok && snnrt_npy_values(NULL, r->dir, file, 0, v.n * v.rows, v.at, text) == SNNRT_DATA_OK;
	*why = arena_strdup(r->arena, text);
	if (!ok)
		return false;
	r->seen[index].read = true;
	r->seen[index].values = *out = v;
	return true;
}

/* ---- spikes ------------------------------------------------------------------------------------ */

static bool
read_events(Results *r, const char *path, uint64_t neurons, uint64_t **pairs, uint64_t *n)
{
	unsigned char head[10], row[16];
	VEC(uint64_t) v = {0};
	FILE *f = fopen(path, "rb");
	bool ok = f && fread(head, 1, sizeof head, f) == sizeof head && memcmp(head, "\x93NUMPY\x01", 7) == 0;
	ok = ok && fseek(f, head[8] + 256 * head[9], SEEK_CUR) == 0;
	while (ok && fread(row, 1, sizeof row, f) == sizeof row) {
		int64_t t;
		uint32_t b, i;
		memcpy(&t, row, 8);
		memcpy(&b, row + 8, 4);
		memcpy(&i, row + 12, 4);
		VEC_PUSH(r->arena, &v, (uint64_t)t);
		VEC_PUSH(r->arena, &v, b * neurons + i);
	}
	if (f)
		fclose(f);
	*pairs = v.at;
	*n = v.n / 2;
	return ok;
}

/* Spikes with values: those that are not 0. */
static bool
read_dense(Results *r, const NetSeen *s, uint64_t **pairs, uint64_t *n, const char **why)
{
	TestValues t;
	VEC(uint64_t) v = {0};
	if (!read_values(r, s, &t, why))
		return false;
	for (uint64_t row = 0; row < t.rows; row++) {
		for (uint64_t k = 0; k < t.n; k++) {
			if (t.at[row * t.n + k] == 0)
				continue;
			VEC_PUSH(r->arena, &v, row);
			VEC_PUSH(r->arena, &v, k);
		}
	}
	*pairs = v.at;
	*n = v.n / 2;
	return true;
}

static bool
read_spikes(void *env, const NetSeen *s, uint64_t **pairs, uint64_t *n, const char **why)
{
	Results *r = env;
	uint32_t index = (uint32_t)(s - r->net->seen.at);
	const NetLayer *l = &r->net->layers.at[s->var.of];
	if (r->seen[index].pairs) {
		*pairs = r->seen[index].pairs;
		*n = r->seen[index].n;
		return true;
	}
	const char *path = arena_printf(r->arena, "%s/%s", r->dir, file_of(r, s));
	bool ok = l->values ? read_dense(r, s, pairs, n, why) : read_events(r, path, l->n, pairs, n);
	if (!ok && !*why)
		*why = arena_printf(r->arena, "`%s` cannot be read", path);
	r->seen[index].pairs = *pairs;
	r->seen[index].n = *n;
	return ok;
}

TestReader
results_reader(Results *r)
{
	return (TestReader){r, read_values, read_spikes};
}

/* ---- two runs ---------------------------------------------------------------------------------- */

const char *
results_differ(Results *a, Results *b)
{
	for (uint32_t i = 0; i < a->net->seen.n && i < b->net->seen.n; i++) {
		const NetSeen *s = &a->net->seen.at[i], *t = &b->net->seen.at[i];
		const char *why = NULL, *file = file_of(a, s);
		bool same;
		if (s->kind == NSEEN_SPIKES || s->kind == NSEEN_RATE) {
			uint64_t *p, *q, n, m;
			if (!read_spikes(a, s, &p, &n, &why) || !read_spikes(b, t, &q, &m, &why))
				continue;
			same = n == m && (n == 0 || memcmp(p, q, n * 2 * sizeof *p) == 0);
		} else {
			TestValues v, w;
			if (!read_values(a, s, &v, &why) || !read_values(b, t, &w, &why))
				continue;
			same = v.n == w.n && v.rows == w.rows && memcmp(v.at, w.at, v.n * v.rows * sizeof *v.at) == 0;
		}
		if (!same)
			return file;
	}
	return NULL;
}

static int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *place)
{
	(void)st;
	(void)kind;
	(void)place;
	return remove(path);
}

void
results_remove(const char *dir)
{
	nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
