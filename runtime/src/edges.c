/* edges.c: synapses that a file lists, sorted by source, then by target; and values of them. For the compiler, which counts them, and
 * for the run, which reads them when it begins. */
#define _GNU_SOURCE
#include "rt.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
	const char *dir_data, *dir_program, *path;
	snnrt_edges *e;
	RtPairs p;
	char *why;
} Reader;

static void
free_pairs(RtPairs *p)
{
	free(p->source);
	free(p->target);
	free(p->value);
}

static snnrt_data_status
no_memory(const Reader *r)
{
	rt_say(r->why, "no memory to read `%s`", r->path);
	return SNNRT_DATA_BAD;
}

/* ---- the pairs of a file ------------------------------------------------------------------------------- */

static bool
make_room(Reader *r, uint64_t n, bool values)
{
	if (n > SIZE_MAX / sizeof(double) - 1)
		return false;
	r->p = (RtPairs){.n = n, .source = malloc((size_t)(n + 1) * sizeof(uint32_t)), .target = malloc((size_t)(n + 1) * sizeof(uint32_t)),
	                 .value = values ? malloc((size_t)(n + 1) * sizeof(double)) : NULL};
	return r->p.source && r->p.target && (r->p.value || !values);
}

static snnrt_data_status
from_matrix(Reader *r)
{
	uint64_t extent[2], n = 0;
	snnrt_data_status status;
	double *v = rt_array_numbers(r->dir_data, r->dir_program, r->path, 2, false, extent, &status, r->why);
	if (!v && status != SNNRT_DATA_SHAPE)
		return status;
	if (!v || extent[0] != r->e->npre || extent[1] != r->e->npost) {
		free(v);
		rt_say(r->why, "`%s` is no matrix of [%llu, %llu] (sources, targets)", r->path, (unsigned long long)r->e->npre,
		       (unsigned long long)r->e->npost);
		return SNNRT_DATA_SHAPE;
	}
	for (uint64_t k = 0; k < extent[0] * extent[1]; k++)
		n += v[k] != 0;
	bool room = make_room(r, n, true);
	n = 0;
	for (uint64_t k = 0; room && k < extent[0] * extent[1]; k++) {
		if (v[k] == 0)
			continue;
		r->p.source[n] = (uint32_t)(k / extent[1]);
		r->p.target[n] = (uint32_t)(k % extent[1]);
		r->p.value[n++] = v[k];
	}
	free(v);
	return room ? SNNRT_DATA_OK : no_memory(r);
}

/* Rows (source, target) or (source, target, value). */
static snnrt_data_status
take_rows(Reader *r, const double *v, uint64_t n, uint64_t cells)
{
	if (cells != 2 && cells != 3) {
		rt_say(r->why, "`%s` is no list of pairs [n, 2] (source, target), nor of [n, 3] with a value", r->path);
		return SNNRT_DATA_SHAPE;
	}
	if (!make_room(r, n, cells == 3))
		return no_memory(r);
	for (uint64_t k = 0; k < n; k++) {
		double i = v[cells * k], j = v[cells * k + 1];
		if (!(i >= 0 && i < (double)r->e->npre && j >= 0 && j < (double)r->e->npost && i == floor(i) && j == floor(j))) {
			rt_say(r->why, "pair %llu of `%s` names no neurons of both layers", (unsigned long long)k, r->path);
			return SNNRT_DATA_RANGE;
		}
		r->p.source[k] = (uint32_t)i;
		r->p.target[k] = (uint32_t)j;
		if (cells == 3)
			r->p.value[k] = v[3 * k + 2];
	}
	return SNNRT_DATA_OK;
}

static snnrt_data_status
from_array(Reader *r)
{
	uint64_t extent[2];
	snnrt_data_status status;
	double *v = rt_array_numbers(r->dir_data, r->dir_program, r->path, 2, false, extent, &status, r->why);
	if (v)
		status = take_rows(r, v, extent[0], extent[1]);
	free(v);
	return status;
}

static bool
is_number(const char *cell, double *out)
{
	char *end;
	*out = strtod(cell, &end);
	return end != cell && !*end;
}

static snnrt_data_status
from_text(Reader *r)
{
	snnrt_csv csv;
	double first;
	snnrt_data_status status = snnrt_csv_read(r->dir_data, r->dir_program, r->path, &csv, r->why);
	if (status != SNNRT_DATA_OK)
		return status;
	uint64_t head = csv.rows && csv.columns && !is_number(csv.cell[0], &first) ? csv.columns : 0, n = csv.rows * csv.columns - head;
	double *v = malloc((size_t)(n + 1) * sizeof *v);
	if (!v)
		status = no_memory(r);
	for (uint64_t k = 0; status == SNNRT_DATA_OK && k < n; k++) {
		if (is_number(csv.cell[head + k], &v[k]))
			continue;
		rt_say(r->why, "`%s` holds `%.40s` in row %llu, which is no number", r->path, csv.cell[head + k], (unsigned long long)(k / csv.columns));
		status = SNNRT_DATA_BAD;
	}
	if (status == SNNRT_DATA_OK)
		status = take_rows(r, v, n / csv.columns, csv.columns);
	free(v);
	snnrt_csv_free(&csv);
	return status;
}

/* ---- in order ------------------------------------------------------------------------------------------------ */

/* Where the keys from 0 to n - 1 begin when they are sorted: first[key]. */
static void
count_keys(const uint32_t *key, uint64_t many, uint64_t n, uint64_t *first)
{
	memset(first, 0, (size_t)(n + 1) * sizeof *first);
	for (uint64_t k = 0; k < many; k++)
		first[key[k] + 1]++;
	for (uint64_t k = 0; k < n; k++)
		first[k + 1] += first[k];
}

/* By target, then, stable, by source. */
static bool
sort(Reader *r)
{
	const RtPairs *p = &r->p;
	snnrt_edges *e = r->e;
	size_t n = (size_t)p->n + 1;
	e->n = p->n;
	uint64_t *first = malloc((size_t)((e->npre > e->npost ? e->npre : e->npost) + 2) * sizeof *first), *by_target = malloc(n * sizeof *by_target);
	e->row = malloc((size_t)(e->npre + 1) * sizeof *e->row);
	e->order = malloc(n * sizeof *e->order);
	e->target = malloc(n * sizeof *e->target);
	e->value = p->value ? malloc(n * sizeof *e->value) : NULL;
	bool ok = first && by_target && e->row && e->order && e->target && (e->value || !p->value);
	if (ok) {
		count_keys(p->target, p->n, e->npost, first);
		for (uint64_t k = 0; k < p->n; k++)
			by_target[first[p->target[k]]++] = k;
		count_keys(p->source, p->n, e->npre, first);
		memcpy(e->row, first, (size_t)(e->npre + 1) * sizeof *first);
		for (uint64_t k = 0; k < p->n; k++) {
			uint64_t from = by_target[k], at = first[p->source[from]]++;
			e->order[at] = from;
			e->target[at] = p->target[from];
			if (e->value)
				e->value[at] = p->value[from];
		}
	}
	free(first);
	free(by_target);
	return ok;
}

static snnrt_data_status
check(Reader *r, bool twice)
{
	const snnrt_edges *e = r->e;
	for (uint64_t k = 0; e->value && k < e->n; k++) {
		if (isfinite(e->value[k]))
			continue;
		rt_say(r->why, "the value of pair %llu of `%s` is no number", (unsigned long long)e->order[k], r->path);
		return SNNRT_DATA_BAD;
	}
	for (uint64_t i = 0; !twice && i < e->npre; i++) {
		for (uint64_t k = e->row[i] + 1; k < e->row[i + 1]; k++) {
			if (e->target[k] != e->target[k - 1])
				continue;
			rt_say(r->why, "`%s` lists the pair (%llu, %u) twice", r->path, (unsigned long long)i, e->target[k]);
			return SNNRT_DATA_TWICE;
		}
	}
	return SNNRT_DATA_OK;
}

void
snnrt_edges_free(snnrt_edges *e)
{
	free(e->row);
	free(e->order);
	free(e->target);
	free(e->value);
	*e = (snnrt_edges){0};
}

static bool
is_text(const char *path)
{
	size_t n = strlen(path);
	return n > 4 && strcmp(path + n - 4, ".csv") == 0;
}

snnrt_data_status
snnrt_edges_read(const char *dir_data, const char *dir_program, const char *path, snnrt_edges_form form, bool twice, snnrt_edges *out,
                 char why[512])
{
	Reader r = {.dir_data = dir_data, .dir_program = dir_program, .path = path, .e = out, .why = why};
	why[0] = 0;
	*out = (snnrt_edges){.npre = out->npre, .npost = out->npost};
	snnrt_data_status status = rt_is_sparse(path)           ? rt_sparse_read(dir_data, dir_program, path, out->npre, out->npost, &r.p, why)
	                           : form == SNNRT_EDGES_MATRIX ? from_matrix(&r)
	                           : is_text(path)              ? from_text(&r)
	                                                        : from_array(&r);
	if (status == SNNRT_DATA_OK && !sort(&r))
		status = no_memory(&r);
	free_pairs(&r.p);
	return status == SNNRT_DATA_OK ? check(&r, twice) : status;
}

/* ---- values of them -------------------------------------------------------------------------------------------- */

/* The part of `path` behind `edges` and a colon; NULL: it is another file. */
static const char *
part_of(const char *edges, const char *path)
{
	size_t n = strlen(edges);
	return strncmp(edges, path, n) == 0 && path[n] == ':' && rt_member_of(path) == path + n + 1 ? path + n + 1 : NULL;
}

bool
snnrt_edges_says(const char *edges, const char *path)
{
	return strcmp(edges, path) == 0 || rt_is_sparse(path) || part_of(edges, path);
}

/* Another matrix, which has to have the same entries. */
static snnrt_data_status
from_twin(const char *dir_data, const char *dir_program, const char *edges, const char *path, bool twice, const snnrt_edges *e, double *out,
          char *why)
{
	snnrt_edges twin = {.npre = e->npre, .npost = e->npost};
	snnrt_data_status status = snnrt_edges_read(dir_data, dir_program, path, SNNRT_EDGES_PAIRS, twice, &twin, why);
	if (status == SNNRT_DATA_OK && (twin.n != e->n || memcmp(twin.row, e->row, (size_t)(e->npre + 1) * sizeof *e->row) != 0 ||
	                                memcmp(twin.target, e->target, (size_t)e->n * sizeof *e->target) != 0)) {
		rt_say(why, "`%s` has other entries than `%s`", path, edges);
		status = SNNRT_DATA_SHAPE;
	}
	if (status == SNNRT_DATA_OK)
		memcpy(out, twin.value, (size_t)e->n * sizeof *out);
	snnrt_edges_free(&twin);
	return status;
}

snnrt_data_status
snnrt_edges_values(const char *dir_data, const char *dir_program, const char *edges, const char *path, bool twice, const snnrt_edges *e,
                   double *out, char why[512])
{
	uint64_t extent[2];
	snnrt_data_status status = SNNRT_DATA_OK;
	why[0] = 0;
	if (strcmp(edges, path) == 0) {
		if (e->value)
			memcpy(out, e->value, (size_t)e->n * sizeof *out);
		else
			rt_say(why, "`%s` lists pairs without values", path);
		return e->value ? SNNRT_DATA_OK : SNNRT_DATA_SHAPE;
	}
	if (!part_of(edges, path))
		return from_twin(dir_data, dir_program, edges, path, twice, e, out, why);
	double *v = rt_array_numbers(dir_data, dir_program, path, 1, false, extent, &status, why);
	if (v && extent[0] != e->n) {
		rt_say(why, "`%s` has %llu values for %llu pairs", path, (unsigned long long)extent[0], (unsigned long long)e->n);
		status = SNNRT_DATA_SHAPE;
	}
	for (uint64_t k = 0; v && status == SNNRT_DATA_OK && k < e->n; k++) {
		out[k] = v[e->order[k]];
		if (!isfinite(out[k])) {
			rt_say(why, "value %llu of `%s` is no number", (unsigned long long)e->order[k], path);
			status = SNNRT_DATA_BAD;
		}
	}
	free(v);
	return status;
}
