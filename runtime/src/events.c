/* events.c: lists of spikes (time [ms], neuron, maybe a value), from .npy [events, 2 or 3] or from text, a line for each.
 *
 * An event at time t falls into the step that contains t: floor(t / dt), steps counted from 0 and a time that is a step's
 * beginning but for rounding taken as it. Events of a neuron in one step add up; every item of the batch gets them. */
#include "rt.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct { uint64_t step, row; uint32_t neuron; double value; } Event;

struct RtEvents {
	Event *at;
	uint64_t n, cap, next, step;
	double dt;                                        /* ms */
};

/* Rounding of t / dt: far above that of double, far below a step. */
static const double CLOSE = 1e-6;

/* dt as it was written: the shortest number that becomes it. As it is kept in f32, 0.1 ms is off by more than CLOSE after some steps. */
static double
step_length(const snnrt_program *p)
{
	char text[32];
	for (int digits = 1; p->real == SNNRT_F32 && digits < 9; digits++) {
		snprintf(text, sizeof text, "%.*g", digits, p->dt);
		double dt = strtod(text, NULL);
		if ((float)dt == (float)p->dt)
			return dt;
	}
	return p->dt;
}

static bool
add(struct RtEvents *e, const snnrt_buffer *b, const char *file, const double *row, uint32_t columns, char *why)
{
	uint64_t neurons = b->axis[b->naxes - 1].extent, number = e->n + 1;
	double step = floor(row[0] / e->dt + CLOSE), value = columns > 2 ? row[2] : 1;
	if (!isfinite(row[0]) || row[0] < 0 || step > 1e15)
		return rt_say(why, "event %llu of `%s` is at %g ms", (unsigned long long)number, file, row[0]);
	if (!(row[1] >= 0 && row[1] < (double)neurons) || row[1] != floor(row[1]))
		return rt_say(why, "event %llu of `%s` is of neuron %g, and there are 0 to %llu", (unsigned long long)number, file, row[1],
		              (unsigned long long)(neurons - 1));
	if (!isfinite(value))
		return rt_say(why, "event %llu of `%s` has a value that is not a finite number", (unsigned long long)number, file);
	if (e->n == e->cap) {
		uint64_t cap = e->cap ? 2 * e->cap : 1024;
		Event *more = realloc(e->at, cap * sizeof *more);
		if (!more)
			return rt_say(why, "no memory");
		e->at = more;
		e->cap = cap;
	}
	e->at[e->n] = (Event){(uint64_t)step, e->n, (uint32_t)row[1], value};
	e->n++;
	return true;
}

/* ---- .npy ------------------------------------------------------------------------------------------------ */

static bool
read_array(struct RtEvents *e, const snnrt_buffer *b, RtFile *f, char *why)
{
	RtArray a;
	uint8_t raw[3 * 8];
	double row[3];
	uint64_t bad;
	if (!rt_npy_header(f, &a, why))
		return false;
	if (a.rank != 2 || a.extent[1] < 2 || a.extent[1] > 3)
		return rt_say(why, "`%s` is no list of events: [events, 2] of time [ms] and neuron, or [events, 3] with a value", f->name);
	for (uint64_t k = 0; k < a.extent[0]; k++) {
		if (!rt_array_read(f, &a, k * a.extent[1], a.extent[1], raw, why))
			return false;
		if (!rt_convert(SNNRT_F64, row, a.type, raw, a.extent[1], &bad))
			return rt_say(why, "event %llu of `%s` is no number", (unsigned long long)k + 1, f->name);
		if (!add(e, b, f->name, row, (uint32_t)a.extent[1], why))
			return false;
	}
	return true;
}

/* ---- text ------------------------------------------------------------------------------------------------- */

static bool
read_line(struct RtEvents *e, const snnrt_buffer *b, const char *file, const char *s, uint64_t line, char *why)
{
	double row[3] = {0};
	uint32_t n = 0;
	while (n < 3) {
		char *end;
		s += strspn(s, " \t\r");
		if (!*s || *s == '#')
			break;
		row[n] = strtod(s, &end);
		if (end == s)
			return (line == 1 && n == 0) || rt_say(why, "line %llu of `%s` has no number where one is due", (unsigned long long)line, file);
		n++;
		s = end + strspn(end, " \t\r");
		s += *s == ',' || *s == ';';
	}
	if (n == 1 || (n == 3 && *s && *s != '#'))
		return rt_say(why, "line %llu of `%s` is no event: time [ms], neuron, maybe a value", (unsigned long long)line, file);
	return n == 0 || add(e, b, file, row, n, why);
}

static bool
read_text(struct RtEvents *e, const snnrt_buffer *b, RtFile *f, char *why)
{
	if (f->gz)
		return rt_say(why, "`%s` is packed; unpack it, or use .npy", f->name);
	char *text = malloc(f->stored + 1);
	bool ok = text != NULL || rt_say(why, "no memory");
	ok = ok && rt_file_read(f, 0, f->stored, text, why);
	if (ok)
		text[f->stored] = '\0';
	uint64_t line = 0;
	for (char *s = text; ok && *s;) {
		size_t n = strcspn(s, "\n");
		bool last = s[n] == '\0';
		s[n] = '\0';
		ok = read_line(e, b, f->name, s, ++line, why);
		s += n + !last;
	}
	free(text);
	return ok;
}

/* ---- the whole --------------------------------------------------------------------------------------------- */

static int
by_step(const void *x, const void *y)
{
	const Event *a = x, *b = y;
	if (a->step != b->step)
		return a->step < b->step ? -1 : 1;
	return (a->row > b->row) - (a->row < b->row);
}

struct RtEvents *
rt_events_open(const snnrt *rt, const snnrt_buffer *b, RtFile *f, char *why)
{
	char magic[6] = "";
	struct RtEvents *e = calloc(1, sizeof *e);
	if (!e) {
		rt_say(why, "no memory");
		return NULL;
	}
	e->dt = step_length(rt->p);
	bool is_array = f->stored >= sizeof magic && rt_file_read(f, 0, sizeof magic, magic, why) && memcmp(magic, "\x93NUMPY", 6) == 0;
	if (!(is_array ? read_array : read_text)(e, b, f, why)) {
		rt_events_close(e);
		return NULL;
	}
	if (e->n)
		qsort(e->at, e->n, sizeof *e->at, by_step);
	return e;
}

void
rt_events_close(struct RtEvents *e)
{
	if (e)
		free(e->at);
	free(e);
}

void
rt_events_at(struct RtEvents *e, uint64_t step, const snnrt_buffer *b, void *target)
{
	if (step != e->step) {                                /* a run goes on from a checkpoint */
		for (e->next = 0; e->next < e->n && e->at[e->next].step < step;)
			e->next++;
		e->step = step;
	}
	uint64_t neurons = b->axis[b->naxes - 1].extent, items = b->bytes / rt_type_size(b->type) / neurons;
	memset(target, 0, b->bytes);
	for (; e->next < e->n && e->at[e->next].step == e->step; e->next++) {
		const Event *event = &e->at[e->next];
		for (uint64_t i = 0; i < items; i++) {
			uint64_t at = i * neurons + event->neuron;
			rt_store_float(b->type, target, at, rt_load_float(b->type, target, at) + event->value);
		}
	}
	e->step++;
}
