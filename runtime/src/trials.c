/* trials.c: data whose samples are lists of spikes: rows (sample, time [ms], neuron), maybe a value behind; or (time, neuron) of one
 * sample. From .npy, an array of an .npz, or text with commas. Time 0 is the beginning of what a sample is presented for. */
#include "rt.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct { double time, value; uint64_t sample, row; uint32_t neuron; } Spike;
struct RtTrials { Spike *at; uint64_t n, cap, samples, *first; uint32_t neurons; };

static bool
add(struct RtTrials *t, const char *file, const double *row, uint64_t columns, char *why)
{
	uint64_t number = t->n + 1, at = columns > 2;
	double sample = at ? row[0] : 0, time = row[at], neuron = row[at + 1], value = columns > 3 ? row[3] : 1;
	if (!(sample >= 0 && sample < 9e15) || sample != floor(sample))
		return rt_say(why, "spike %llu of `%s` is of sample %g", (unsigned long long)number, file, sample);
	if (!(time >= 0 && time < 1e15))
		return rt_say(why, "spike %llu of `%s` is at %g ms", (unsigned long long)number, file, time);
	if (!(neuron >= 0 && neuron < 4294967295.0) || neuron != floor(neuron))
		return rt_say(why, "spike %llu of `%s` is of neuron %g", (unsigned long long)number, file, neuron);
	if (!isfinite(value))
		return rt_say(why, "spike %llu of `%s` has a value that is not a finite number", (unsigned long long)number, file);
	if (t->n == t->cap) {
		uint64_t cap = t->cap ? 2 * t->cap : 1024;
		Spike *more = realloc(t->at, (size_t)cap * sizeof *more);
		if (!more)
			return rt_say(why, "no memory to read `%s`", file);
		t->at = more;
		t->cap = cap;
	}
	t->at[t->n] = (Spike){time, value, (uint64_t)sample, t->n, (uint32_t)neuron};
	t->neurons = (uint32_t)neuron >= t->neurons ? (uint32_t)neuron + 1 : t->neurons;
	t->n++;
	return true;
}

static bool
wrong_columns(const char *file, char *why)
{
	return rt_say(why, "`%s` is no list of spikes: rows of sample, time [ms] and neuron, maybe a value behind; or of time and neuron", file);
}

static bool
read_array(struct RtTrials *t, RtFile *f, const RtArray *a, char *why)
{
	uint8_t raw[4 * 8];
	double row[4];
	uint64_t bad;
	if (a->rank != 2 || a->extent[1] < 2 || a->extent[1] > 4)
		return wrong_columns(f->name, why);
	for (uint64_t k = 0; k < a->extent[0]; k++) {
		if (!rt_array_read(f, a, k * a->extent[1], a->extent[1], raw, why))
			return false;
		if (!rt_convert(SNNRT_F64, row, a->type, raw, a->extent[1], &bad))
			return rt_say(why, "spike %llu of `%s` is no number", (unsigned long long)k + 1, f->name);
		if (!add(t, f->name, row, a->extent[1], why))
			return false;
	}
	return true;
}

static bool
is_number(const char *s, double *v)
{
	char *end;
	*v = strtod(s, &end);
	return end != s && !*end;
}

static bool
read_text(struct RtTrials *t, const char *path, const snnrt_csv *csv, char *why)
{
	double row[4];
	if (csv->columns < 2 || csv->columns > 4)
		return wrong_columns(path, why);
	for (uint64_t k = 0; k < csv->rows; k++) {
		for (uint64_t c = 0; c < csv->columns; c++) {
			if (is_number(csv->cell[k * csv->columns + c], &row[c]))
				continue;
			if (k == 0) {                         /* heads of columns */
				row[0] = -1;
				break;
			}
			return rt_say(why, "`%s`: `%.40s` is no number (spike %llu)", path, csv->cell[k * csv->columns + c], (unsigned long long)k);
		}
		if ((k > 0 || row[0] != -1) && !add(t, path, row, csv->columns, why))
			return false;
	}
	return true;
}

static int
in_order(const void *x, const void *y)
{
	const Spike *a = x, *b = y;
	if (a->sample != b->sample)
		return a->sample < b->sample ? -1 : 1;
	if (a->time < b->time || a->time > b->time)
		return a->time < b->time ? -1 : 1;
	return (a->row > b->row) - (a->row < b->row);
}

static bool
index_samples(struct RtTrials *t, const char *file, char *why)
{
	if (t->n)
		qsort(t->at, (size_t)t->n, sizeof *t->at, in_order);
	t->samples = t->n ? t->at[t->n - 1].sample + 1 : 0;
	if (t->samples > (1ull << 40) || !(t->first = calloc((size_t)t->samples + 1, sizeof *t->first)))
		return rt_say(why, "`%s` has %llu samples, and there is no memory for them", file, (unsigned long long)t->samples);
	for (uint64_t k = t->n; k-- > 0;)
		t->first[t->at[k].sample] = k;
	t->first[t->samples] = t->n;
	for (uint64_t s = t->samples; s-- > 0;)           /* samples without spikes end where they begin */
		if (t->first[s] == 0 && (t->n == 0 || t->at[0].sample != s))
			t->first[s] = t->first[s + 1];
	return t->n > 0 || rt_say(why, "`%s` has no spikes", file);
}

snnrt_data_status
rt_trials_open(const char *dir_data, const char *dir_program, const char *path, RtFile *f, struct RtTrials **out, char *why)
{
	size_t n = strlen(path);
	bool text = n > 4 && strcmp(path + n - 4, ".csv") == 0, ok;
	RtArray a;
	snnrt_csv csv;
	*f = (RtFile){.fd = -1};
	snnrt_data_status status = text ? snnrt_csv_read(dir_data, dir_program, path, &csv, why)
	                                : rt_array_open(dir_data, dir_program, path, f, &a, why);
	if (text)
		f->name = status == SNNRT_DATA_OK ? rt_copy(path) : NULL;
	if (status != SNNRT_DATA_OK)
		return status;
	struct RtTrials *t = *out = calloc(1, sizeof *t);
	ok = t != NULL || rt_say(why, "no memory to read `%s`", path);
	ok = ok && (text ? read_text(t, path, &csv, why) : read_array(t, f, &a, why)) && index_samples(t, path, why);
	if (text)
		snnrt_csv_free(&csv);
	return ok ? SNNRT_DATA_OK : SNNRT_DATA_BAD;
}

void
rt_trials_close(struct RtTrials *t)
{
	if (t) {
		free(t->at);
		free(t->first);
	}
	free(t);
}

uint64_t
rt_trials_samples(const struct RtTrials *t)
{
	return t->samples;
}

uint32_t
rt_trials_neurons(const struct RtTrials *t)
{
	return t->neurons;
}

uint64_t
rt_trials_memory(const struct RtTrials *t)
{
	return t->cap * sizeof *t->at + t->samples * sizeof *t->first;
}

/* Of the spikes of a sample the first that is due at a step or later; steps as in events.c. */
static uint64_t
find_step(const struct RtTrials *t, uint64_t sample, double dt, double step)
{
	uint64_t lo = t->first[sample], hi = t->first[sample + 1];
	while (lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;
		if (floor(t->at[mid].time / dt + 1e-6) < step)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

void
rt_trials_at(const struct RtTrials *t, uint64_t sample, double dt, uint64_t step, uint32_t type, void *row)
{
	if (sample >= t->samples)
		return;
	for (uint64_t k = find_step(t, sample, dt, (double)step); k < t->first[sample + 1] && floor(t->at[k].time / dt + 1e-6) == (double)step; k++)
		rt_store_float(type, row, t->at[k].neuron, rt_load_float(type, row, t->at[k].neuron) + t->at[k].value);
}
