/* scipy.c: sparse matrices as scipy.sparse.save_npz writes them: an archive of `format` and `shape`, `data` (the values), and where they
 * are: csr and csc `indptr` and `indices`, coo `row` and `col`. */
#define _GNU_SOURCE
#include "rt.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
	const char *dir_data, *dir_program, *path;
	uint64_t rows, columns;                           /* as many as there should be */
	RtPairs *out;
	snnrt_data_status status;
	char *why;
} Reader;

bool
rt_is_sparse(const char *path)
{
	size_t n = strlen(path);
	return n > 4 && strcmp(path + n - 4, ".npz") == 0;
}

double *
rt_array_numbers(const char *dir_data, const char *dir_program, const char *path, uint32_t rank, bool indices, uint64_t extent[2],
                 snnrt_data_status *status, char *why)
{
	enum { PIECE = 1 << 10 };
	RtFile f = {0};
	RtArray a;
	char piece[PIECE * 8];
	double *out = NULL;
	uint64_t n = 1, bad;
	*status = rt_array_open(dir_data, dir_program, path, &f, &a, why);
	bool ok = *status == SNNRT_DATA_OK;
	if (ok && (indices ? !rt_type_is_int(a.type) : !rt_can_convert(a.type, SNNRT_F64)))
		ok = rt_say(why, "`%s` holds %s, and %s are needed", path, rt_type_name(a.type), indices ? "whole numbers" : "numbers");
	if (ok && a.rank != rank) {
		ok = rt_say(why, "`%s` has %u axes, and %u %s needed", path, a.rank, rank, rank == 1 ? "is" : "are");
		*status = SNNRT_DATA_SHAPE;
	}
	for (uint32_t d = 0; ok && d < rank; d++) {
		extent[d] = a.extent[d];
		n *= a.extent[d];                         /* rt_array_bytes has seen that it fits */
	}
	if (ok && (n > SIZE_MAX / sizeof *out - 1 || !(out = malloc(((size_t)n + 1) * sizeof *out))))
		ok = rt_say(why, "no memory to read `%s`", path);
	for (uint64_t done = 0; ok && done < n;) {
		uint64_t now = n - done < PIECE ? n - done : PIECE;
		ok = rt_array_read(&f, &a, done, now, piece, why);
		if (ok && !rt_convert(SNNRT_F64, out + done, a.type, piece, now, &bad))
			ok = rt_say(why, "element %llu of `%s` is no number", (unsigned long long)(done + bad), path);
		done += now;
	}
	rt_file_close(&f);
	if (ok)
		return out;
	free(out);
	*status = *status == SNNRT_DATA_OK ? SNNRT_DATA_BAD : *status;
	return NULL;
}

static bool
fail(Reader *r, snnrt_data_status status)
{
	r->status = status;
	return false;
}

static double *
member(Reader *r, const char *name, bool indices, uint64_t *n)
{
	char *whole = NULL;
	uint64_t extent[2];
	if (asprintf(&whole, "%s:%s", r->path, name) < 0) {
		rt_say(r->why, "no memory");
		fail(r, SNNRT_DATA_BAD);
		return NULL;
	}
	double *v = rt_array_numbers(r->dir_data, r->dir_program, whole, 1, indices, extent, &r->status, r->why);
	free(whole);
	*n = v ? extent[0] : 0;
	return v;
}

/* Its bytes at the end of a small entry: a text of one-byte or four-byte characters. */
static bool
read_format(Reader *r, char out[8])
{
	RtFile f;
	char *shown = NULL, bytes[512], why[RT_WHY];
	int fd = -1;
	uint64_t n = 0;
	out[0] = '\0';
	r->status = rt_path_open(r->dir_data, r->dir_program, r->path, &fd, &shown, r->why);
	if (r->status != SNNRT_DATA_OK)
		return false;
	bool ok = rt_file_open(&f, fd, shown, r->why);
	RtZip found = ok ? rt_zip_enter(&f, "format.npy", r->why) : RT_ZIP_FAILED;
	ok = found == RT_ZIP_FOUND && rt_file_length(&f, sizeof bytes, &n, why) && n <= sizeof bytes && n > 12 && rt_file_read(&f, 0, n, bytes, why);
	uint64_t from = ok ? 10 + (uint64_t)(uint8_t)bytes[8] + ((uint64_t)(uint8_t)bytes[9] << 8) : n, length = 0;
	for (uint64_t i = from; i < n && length < 7; i++)
		if (bytes[i])
			out[length++] = bytes[i];
	out[length] = '\0';
	if (f.name)
		rt_file_close(&f);
	if (found == RT_ZIP_FAILED)
		return fail(r, SNNRT_DATA_BAD);
	if (ok && length)
		return true;
	rt_say(r->why, "`%s` is no sparse matrix as scipy.sparse.save_npz writes it: it tells no format", r->path);
	return fail(r, SNNRT_DATA_BAD);
}

static bool
check_shape(Reader *r)
{
	uint64_t n;
	double *shape = member(r, "shape", true, &n);
	if (!shape)
		return false;
	bool ok = n == 2 && shape[0] == (double)r->rows && shape[1] == (double)r->columns;
	if (!ok && n == 2)
		rt_say(r->why, "`%s` is a matrix of [%.0f, %.0f], and [%llu, %llu] (sources, targets) is needed", r->path, shape[0], shape[1],
		       (unsigned long long)r->rows, (unsigned long long)r->columns);
	else if (!ok)
		rt_say(r->why, "`%s` is a matrix of %llu axes, and two are needed", r->path, (unsigned long long)n);
	free(shape);
	return ok || fail(r, SNNRT_DATA_SHAPE);
}

/* Indices below `most`, as they are stored. */
static uint32_t *
take_indices(Reader *r, const char *name, uint64_t most)
{
	uint64_t n;
	double *v = member(r, name, true, &n);
	uint32_t *out = v ? malloc((size_t)(n + 1) * sizeof *out) : NULL;
	bool ok = out;
	if (v && !out)
		ok = rt_say(r->why, "no memory to read `%s`", r->path) || fail(r, SNNRT_DATA_BAD);
	if (ok && n != r->out->n)
		ok = rt_say(r->why, "`%s` has %llu values and %llu `%s`", r->path, (unsigned long long)r->out->n, (unsigned long long)n, name) ||
		     fail(r, SNNRT_DATA_SHAPE);
	for (uint64_t k = 0; ok && k < n; k++) {
		if (!(v[k] >= 0 && v[k] < (double)most))
			ok = rt_say(r->why, "entry %llu of `%s` of `%s` is %.0f, and lies from 0 to %llu", (unsigned long long)k, name, r->path, v[k],
			            (unsigned long long)most - 1) || fail(r, SNNRT_DATA_RANGE);
		else
			out[k] = (uint32_t)v[k];
	}
	free(v);
	if (ok)
		return out;
	free(out);
	return NULL;
}

/* indptr[i] ..< indptr[i + 1] are those of row (or column) i. */
static uint32_t *
take_pointers(Reader *r, uint64_t lines)
{
	uint64_t n, want = r->out->n;
	double *v = member(r, "indptr", true, &n);
	uint32_t *out = v ? malloc((size_t)(want + 1) * sizeof *out) : NULL;
	bool ok = out && n == lines + 1 && v[0] == 0 && v[lines] == (double)want;
	for (uint64_t i = 0; ok && i < lines; i++)
		ok = v[i] <= v[i + 1];
	if (out && !ok) {
		rt_say(r->why, "`indptr` of `%s` does not ascend from 0 to its %llu values in %llu steps", r->path, (unsigned long long)want,
		       (unsigned long long)lines);
		fail(r, SNNRT_DATA_SHAPE);
	} else if (v && !out) {
		rt_say(r->why, "no memory to read `%s`", r->path);
		fail(r, SNNRT_DATA_BAD);
	}
	for (uint64_t i = 0; ok && i < lines; i++)
		for (uint64_t k = (uint64_t)v[i]; k < (uint64_t)v[i + 1]; k++)
			out[k] = (uint32_t)i;
	free(v);
	if (ok)
		return out;
	free(out);
	return NULL;
}

static bool
take_all(Reader *r)
{
	char format[8];
	if (!read_format(r, format) || !check_shape(r))
		return false;
	bool csr = strcmp(format, "csr") == 0, csc = strcmp(format, "csc") == 0;
	if (!csr && !csc && strcmp(format, "coo") != 0) {
		rt_say(r->why, "`%s` is stored as `%s`, and csr, csc and coo are known: write it by `scipy.sparse.save_npz(path, w.tocsr())`", r->path,
		       format);
		return fail(r, SNNRT_DATA_BAD);
	}
	RtPairs *p = r->out;
	p->value = member(r, "data", false, &p->n);
	if (!p->value)
		return false;
	p->source = csr ? take_pointers(r, r->rows) : take_indices(r, csc ? "indices" : "row", r->rows);
	if (p->source)
		p->target = csc ? take_pointers(r, r->columns) : take_indices(r, csr ? "indices" : "col", r->columns);
	return p->source && p->target;
}

snnrt_data_status
rt_sparse_read(const char *dir_data, const char *dir_program, const char *path, uint64_t rows, uint64_t columns, RtPairs *out, char *why)
{
	Reader r = {dir_data, dir_program, path, rows, columns, out, SNNRT_DATA_OK, why};
	return take_all(&r) ? SNNRT_DATA_OK : r.status == SNNRT_DATA_OK ? SNNRT_DATA_BAD : r.status;
}
