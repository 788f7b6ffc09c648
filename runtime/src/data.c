/* data.c: data sources: some files with one first extent, a column each; or the digits that we draw.
 *
 * Serves the running program and the compiler's probe, which has to be quick: headers, and the labels. */
#define _GNU_SOURCE
#include "rt.h"

#include <stdlib.h>
#include <string.h>

static void
shape_column(RtColumn *c)
{
	c->item = 1;
	for (uint32_t i = 1; i < c->array.rank; i++)
		c->item *= c->array.extent[i];                /* rt_array_bytes has seen that it fits */
	c->item_bytes = c->item * rt_type_size(c->array.type);
}

static bool
open_drawn(RtData *d, uint32_t npaths, char *why)
{
	if (npaths > 2)
		return rt_say(why, "drawn digits have two columns (image, label), not %u", npaths);
	d->drawn = true;
	d->samples = RT_DIGITS;
	d->classes = npaths == 2 ? 10 : 0;
	d->ncolumns = npaths;
	d->labels = malloc(RT_DIGITS);
	if (!d->labels)
		return rt_say(why, "no memory");
	rt_digits_label(d->labels);
	d->column[0].array = (RtArray){SNNRT_U8, 3, {RT_DIGITS, RT_DIGIT_SIDE, RT_DIGIT_SIDE}, 0, false, false};
	d->column[1].array = (RtArray){SNNRT_U8, 1, {RT_DIGITS}, 0, false, false};
	shape_column(&d->column[0]);
	shape_column(&d->column[1]);
	return true;
}

/* Largest label + 1 of the first column that has one whole number per sample. */
static bool
count_classes(RtData *d, char *why)
{
	for (uint32_t i = 0; i < d->ncolumns; i++) {
		RtColumn *c = &d->column[i];
		if (c->trials || c->item != 1 || c->array.rank != 1 || !rt_type_is_int(c->array.type))
			continue;
		uint8_t part[4096];
		uint32_t size = rt_type_size(c->array.type);
		uint64_t step = sizeof part / size;
		for (uint64_t first = 0; first < d->samples; first += step) {
			uint64_t n = d->samples - first < step ? d->samples - first : step;
			if (!rt_array_read(&c->file, &c->array, first, n, part, why))
				return false;
			for (uint64_t j = 0; j < n; j++) {
				int64_t label = rt_load_int(c->array.type, part, j);
				if (label >= d->classes && label < INT64_MAX)
					d->classes = label + 1;
			}
		}
		return true;
	}
	return true;
}

static snnrt_data_status
open_idx(const char *dir_data, const char *dir_program, const char *path, RtColumn *c, char *why)
{
	char *shown = NULL;
	int fd = -1;
	snnrt_data_status status = rt_path_open(dir_data, dir_program, path, &fd, &shown, why);
	if (status != SNNRT_DATA_OK)
		return status;
	return rt_file_open(&c->file, fd, shown, why) && rt_idx_header(&c->file, &c->array, why) ? SNNRT_DATA_OK : SNNRT_DATA_BAD;
}

static snnrt_data_status
open_column(RtData *d, const char *kind, const char *dir_data, const char *dir_program, const char *path, char *why)
{
	RtColumn *c = &d->column[d->ncolumns];
	bool spikes = strcmp(kind, "events") == 0 && d->ncolumns == 0;
	size_t n = strlen(path);
	bool csv = strcmp(kind, "csv") == 0 || (strcmp(kind, "events") == 0 && n > 4 && strcmp(path + n - 4, ".csv") == 0), idx = strcmp(kind, "idx") == 0;
	if (spikes) {
		snnrt_data_status status = rt_trials_open(dir_data, dir_program, path, &c->file, &c->trials, why);
		d->ncolumns += c->file.name != NULL;
		if (status != SNNRT_DATA_OK)
			return status;
		d->samples = rt_trials_samples(c->trials);
		c->array = (RtArray){.type = SNNRT_U8, .rank = 2, .extent = {d->samples, 0}};
		return SNNRT_DATA_OK;
	}
	snnrt_data_status status = csv   ? rt_csv_open(dir_data, dir_program, path, &c->file, &c->array, why)
	                           : idx ? open_idx(dir_data, dir_program, path, c, why)
	                                 : rt_array_open(dir_data, dir_program, path, &c->file, &c->array, why);
	d->ncolumns += c->file.name != NULL;              /* then it is closed with the others */
	if (status != SNNRT_DATA_OK)
		return status;
	const char *shown = c->file.name;
	if (c->array.rank < 1 || c->array.rank > 7) {
		rt_say(why, "`%s` has %u axes; a column has a sample axis and at most 6 more", shown, c->array.rank);
		return SNNRT_DATA_BAD;
	}
	shape_column(c);
	bool after = strcmp(kind, "events") == 0;         /* the last samples may be without spikes */
	if (after && d->ncolumns == 2 && c->array.extent[0] >= d->samples)
		d->samples = d->column[0].array.extent[0] = c->array.extent[0];
	if (d->ncolumns == 1) {
		d->samples = c->array.extent[0];
	} else if (c->array.extent[0] != d->samples) {
		rt_say(why, "`%s` has %llu samples, `%s` has %llu: each sample needs one row in every file",
		       d->column[0].file.name, (unsigned long long)d->samples, shown,
		       (unsigned long long)c->array.extent[0]);
		return SNNRT_DATA_LENGTH;
	}
	return SNNRT_DATA_OK;
}

static snnrt_data_status
open_columns(RtData *d, const char *dir_data, const char *dir_program, const char *kind, uint32_t npaths,
             const char *const *paths, const char *fallback, char *why)
{
	bool may_draw = fallback && strcmp(fallback, "drawn_digits") == 0;
	if (strcmp(kind, "idx") != 0 && strcmp(kind, "npy") != 0 && strcmp(kind, "npz") != 0 && strcmp(kind, "csv") != 0 && strcmp(kind, "events") != 0) {
		rt_say(why, "there is no kind of data `%s`", kind);
		return SNNRT_DATA_BAD;
	}
	if (fallback && *fallback && !may_draw) {
		rt_say(why, "there is no fallback `%s`", fallback);
		return SNNRT_DATA_BAD;
	}
	if (npaths == 0 && may_draw)                      /* the drawn digits themselves are asked for */
		return open_drawn(d, 2, why) ? SNNRT_DATA_OK : SNNRT_DATA_BAD;
	if (npaths < 1 || npaths > RT_MAX_COLUMNS) {
		rt_say(why, "data needs 1 to %d files, not %u", RT_MAX_COLUMNS, npaths);
		return SNNRT_DATA_BAD;
	}
	for (uint32_t i = 0; i < npaths; i++) {
		snnrt_data_status status = open_column(d, kind, dir_data, dir_program, paths[i], why);
		/* Who names a folder wants the files of that folder; and half a set is a mistake, not absence. */
		if (status == SNNRT_DATA_MISSING && i == 0 && may_draw && !dir_data) {
			for (uint32_t j = 1; j < npaths; j++) {
				char *shown, dump[RT_WHY];
				int fd;
				RtFile f;
				snnrt_data_status other = rt_path_open(NULL, dir_program, paths[j], &fd, &shown, dump);
				if (other == SNNRT_DATA_OK && rt_file_open(&f, fd, shown, dump))
					rt_file_close(&f);
				if (other != SNNRT_DATA_MISSING)
					return SNNRT_DATA_MISSING;
			}
			return open_drawn(d, npaths, why) ? SNNRT_DATA_OK : SNNRT_DATA_BAD;
		}
		if (status != SNNRT_DATA_OK)
			return status;
	}
	return count_classes(d, why) ? SNNRT_DATA_OK : SNNRT_DATA_BAD;
}

snnrt_data_status
rt_data_open(RtData *d, const char *dir_data, const char *dir_program, const char *kind, uint32_t npaths,
             const char *const *paths, const char *fallback, char *why)
{
	*d = (RtData){0};
	snnrt_data_status status = open_columns(d, dir_data, dir_program, kind, npaths, paths, fallback, why);
	if (status != SNNRT_DATA_OK)
		rt_data_close(d);
	return status;
}

void
rt_data_close(RtData *d)
{
	for (uint32_t i = 0; i < d->ncolumns; i++)
		rt_file_close(&d->column[i].file);
	for (uint32_t i = 0; i < RT_MAX_COLUMNS; i++)
		rt_trials_close(d->column[i].trials);
	free(d->labels);
	*d = (RtData){0};
}

bool
rt_data_fetch(RtData *d, uint32_t column, uint64_t sample, void *dst, char *why)
{
	RtColumn *c = &d->column[column];
	if (sample >= d->samples)
		return rt_say(why, "sample %llu is asked for, there are %llu", (unsigned long long)sample,
		              (unsigned long long)d->samples);
	if (!d->drawn) {
		if (!rt_array_read(&c->file, &c->array, sample * c->item, c->item, dst, why))
			return false;
		uint64_t bad = rt_find_not_finite(c->array.type, dst, c->item);
		return bad == c->item || rt_say(why, "sample %llu of `%s` holds a number that is not finite, its element %llu",
		                                (unsigned long long)sample, c->file.name, (unsigned long long)bad);
	}
	if (column == 0)
		rt_digits_draw((uint32_t)sample, d->labels[sample], dst);
	else
		*(uint8_t *)dst = d->labels[sample];
	return true;
}

uint64_t
rt_data_memory(const RtData *d)
{
	uint64_t n = d->drawn ? RT_DIGITS : 0;
	for (uint32_t i = 0; i < d->ncolumns; i++)
		n += d->column[i].trials ? rt_trials_memory(d->column[i].trials) : d->column[i].file.gz ? d->column[i].file.want : 0;
	return n;
}

static void
describe(const RtData *d, snnrt_data_info *out)
{
	*out = (snnrt_data_info){.samples = (int64_t)d->samples, .classes = d->classes, .ncolumns = d->ncolumns,
	                         .fallback = d->drawn};
	for (uint32_t i = 0; i < d->ncolumns; i++) {
		const RtArray *a = &d->column[i].array;
		out->column[i].type = a->type;
		out->column[i].rank = a->rank - 1;
		out->column[i].events = d->column[i].trials != NULL;
		for (uint32_t j = 1; j < a->rank; j++)
			out->column[i].extent[j - 1] = (int64_t)a->extent[j];
	}
}

snnrt_data_status
snnrt_data_probe(const char *dir_data, const char *dir_program, const char *kind, uint32_t npaths,
                 const char *const *paths, const char *fallback, snnrt_data_info *out, char why[512])
{
	RtData d;
	why[0] = 0;
	*out = (snnrt_data_info){0};
	snnrt_data_status status = rt_data_open(&d, dir_data, dir_program, kind, npaths, paths, fallback, why);
	if (status == SNNRT_DATA_OK) {
		describe(&d, out);
		rt_data_close(&d);
	}
	return status;
}

snnrt_data_status
snnrt_npy_probe(const char *dir_data, const char *dir_program, const char *path, uint32_t *type, uint32_t *rank,
                int64_t extent[6], char why[512])
{
	RtFile f = {0};
	RtArray a;
	why[0] = 0;
	*type = *rank = 0;
	snnrt_data_status status = rt_array_open(dir_data, dir_program, path, &f, &a, why);
	bool ok = status == SNNRT_DATA_OK;
	if (ok && a.rank > 6)
		ok = rt_say(why, "`%s` has %u axes; at most 6 can be read", f.name, a.rank);
	if (ok) {
		*type = a.type;
		*rank = a.rank;
		for (uint32_t i = 0; i < a.rank; i++)
			extent[i] = (int64_t)a.extent[i];
	}
	rt_file_close(&f);
	return ok || status != SNNRT_DATA_OK ? status : SNNRT_DATA_BAD;
}

snnrt_data_status
snnrt_npy_values(const char *dir_data, const char *dir_program, const char *path, uint64_t first, uint64_t n, double *out,
                 char why[512])
{
	enum { PIECE = 1 << 10 };
	RtFile f = {0};
	RtArray a;
	char piece[PIECE * 8];
	why[0] = 0;
	snnrt_data_status status = rt_array_open(dir_data, dir_program, path, &f, &a, why);
	bool ok = status == SNNRT_DATA_OK;
	if (ok && !rt_can_convert(a.type, SNNRT_F64))
		ok = rt_say(why, "`%s` holds %s, which are no numbers", f.name, rt_type_name(a.type));
	for (uint64_t done = 0; ok && done < n;) {
		uint64_t bad, now = n - done < PIECE ? n - done : PIECE;
		ok = rt_array_read(&f, &a, first + done, now, piece, why);
		if (ok && !rt_convert(SNNRT_F64, out + done, a.type, piece, now, &bad))
			ok = rt_say(why, "`%s` has an element that is no number", f.name);
		done += now;
	}
	rt_file_close(&f);
	return ok || status != SNNRT_DATA_OK ? status : SNNRT_DATA_BAD;
}

int64_t
snnrt_fetch(void *host, int64_t object, int64_t column, int64_t sample, void *target)
{
	snnrt *rt = host;
	char why[RT_WHY];
	const snnrt_object *o = rt_object(rt, object, SNNRT_OBJ_DATA);
	if (!o)
		return SNNRT_FAILED;
	RtData *d = rt->object[object];
	if (column < 0 || column >= d->ncolumns || sample < 0)
		return rt_fail(rt, "data `%s` has no column %lld, sample %lld", o->name, (long long)column,
		               (long long)sample);
	if (!rt_in_arena(rt, target, d->column[column].item_bytes))
		return SNNRT_FAILED;
	if (!rt_data_fetch(d, (uint32_t)column, (uint64_t)sample, target, why))
		return rt_fail(rt, "data `%s`: %s", o->name, why);
	return 0;
}
