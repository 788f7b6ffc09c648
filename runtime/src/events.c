/* events.c: lists of spikes (time [ms], neuron, maybe a value, maybe an item), from .npy [events, 2 to 4] or from text, a line for
 * each; and what records of spikes hold, (t, b, i) with steps for times, as .npy or as text under those names.
 *
 * An event at time t falls into the step that contains t: floor(t / dt), steps counted from 0 and a time that is a step's
 * beginning but for rounding taken as it. Events of a neuron in one step add up; without an item every item of the batch gets them. */
#include "rt.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 4 };

typedef struct { uint64_t step, row; uint32_t neuron, item; double value; } Event;

struct RtEvents {
	Event *at;
	uint64_t n, cap, next, step;
	double dt;                                        /* ms */
};

/* Where a list is read: for which buffer, and from which file. */
typedef struct {
	struct RtEvents *e;
	const snnrt_buffer *b;
	const char *file;
	bool recorded;                                        /* text: t,b,i */
	char *why;
} Reader;

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

static uint64_t
items_of(const snnrt_buffer *b)
{
	return b->bytes / rt_type_size(b->type) / b->axis[b->naxes - 1].extent;
}

static bool
is_place(double v, uint64_t n)
{
	return v >= 0 && v < (double)n && v == floor(v);
}

/* item < 0: every one */
static bool
add(Reader *r, double step, double neuron, double value, double item)
{
	struct RtEvents *e = r->e;
	uint64_t neurons = r->b->axis[r->b->naxes - 1].extent, items = items_of(r->b), number = e->n + 1;
	if (!is_place(neuron, neurons))
		return rt_say(r->why, "event %llu of `%s` is of neuron %g, and there are 0 to %llu", (unsigned long long)number, r->file, neuron,
		              (unsigned long long)(neurons - 1));
	if (item != -1 && !is_place(item, items))
		return rt_say(r->why, "event %llu of `%s` is of item %g of the batch, and there are 0 to %llu", (unsigned long long)number, r->file,
		              item, (unsigned long long)(items - 1));
	if (!isfinite(value))
		return rt_say(r->why, "event %llu of `%s` has a value that is not a finite number", (unsigned long long)number, r->file);
	if (e->n == e->cap) {
		uint64_t cap = e->cap ? 2 * e->cap : 1024;
		Event *more = realloc(e->at, cap * sizeof *more);
		if (!more)
			return rt_say(r->why, "no memory");
		e->at = more;
		e->cap = cap;
	}
	e->at[e->n] = (Event){(uint64_t)step, e->n, (uint32_t)neuron, item < 0 ? UINT32_MAX : (uint32_t)item, value};
	e->n++;
	return true;
}

/* A row of numbers: time [ms], neuron, value, item; or t, b, i. */
static bool
add_row(Reader *r, const double *row, uint32_t columns)
{
	double step = r->recorded ? row[0] : floor(row[0] / r->e->dt + CLOSE);
	if (!isfinite(row[0]) || row[0] < 0 || step > 1e15 || step != floor(step))
		return rt_say(r->why, "event %llu of `%s` is at %g%s", (unsigned long long)r->e->n + 1, r->file, row[0], r->recorded ? " steps" : " ms");
	if (r->recorded)
		return add(r, step, row[2], 1, row[1]);
	return add(r, step, row[1], columns > 2 ? row[2] : 1, columns > 3 ? row[3] : -1);
}

/* ---- .npy ------------------------------------------------------------------------------------------------ */

static uint64_t
little_endian(const uint8_t *b, uint32_t n)
{
	uint64_t v = 0;
	while (n-- > 0)
		v = v << 8 | b[n];
	return v;
}

static bool
read_array(Reader *r, RtFile *f)
{
	RtArray a;
	uint8_t raw[COLUMNS * 8];
	double row[COLUMNS];
	uint64_t bad;
	if (!rt_npy_header_of_events(f, &a, r->why))
		return false;
	r->recorded = a.spikes;
	if (!a.spikes && (a.rank != 2 || a.extent[1] < 2 || a.extent[1] > COLUMNS))
		return rt_say(r->why, "`%s` is no list of events: [events, 2] of time [ms] and neuron, [events, 3] with a value, or [events, 4] "
		              "with an item of the batch", f->name);
	for (uint64_t k = 0; k < a.extent[0]; k++) {
		if (!rt_array_read(f, &a, k * a.extent[1], a.extent[1], raw, r->why))
			return false;
		for (uint32_t c = 0; a.spikes && c < 3; c++)
			row[c] = (double)little_endian(raw + (c ? 4 + 4 * c : 0), c ? 4 : 8);
		if (!a.spikes && !rt_convert(SNNRT_F64, row, a.type, raw, a.extent[1], &bad))
			return rt_say(r->why, "event %llu of `%s` is no number", (unsigned long long)k + 1, f->name);
		if (!add_row(r, row, (uint32_t)a.extent[1]))
			return false;
	}
	return true;
}

/* ---- text ------------------------------------------------------------------------------------------------- */

static bool
read_line(Reader *r, const char *s, uint64_t line)
{
	double row[COLUMNS] = {0};
	uint32_t n = 0;
	if (line == 1 && strcmp(s, "t,b,i") == 0) {
		r->recorded = true;
		return true;
	}
	while (n < COLUMNS) {
		char *end;
		s += strspn(s, " \t\r");
		if (!*s || *s == '#')
			break;
		row[n] = strtod(s, &end);
		if (end == s)
			return (line == 1 && n == 0) || rt_say(r->why, "line %llu of `%s` has no number where one is due", (unsigned long long)line, r->file);
		n++;
		s = end + strspn(end, " \t\r");
		s += *s == ',' || *s == ';';
	}
	if (n == 1 || (n == COLUMNS && *s && *s != '#') || (n && r->recorded && n != 3))
		return rt_say(r->why, "line %llu of `%s` is no event: time [ms], neuron, maybe a value, maybe an item of the batch", (unsigned long long)line,
		              r->file);
	return n == 0 || add_row(r, row, n);
}

static bool
read_text(Reader *r, RtFile *f)
{
	if (f->gz)
		return rt_say(r->why, "`%s` is packed; unpack it, or use .npy", f->name);
	char *text = malloc(f->stored + 1);
	bool ok = text != NULL || rt_say(r->why, "no memory");
	ok = ok && rt_file_read(f, 0, f->stored, text, r->why);
	if (ok)
		text[f->stored] = '\0';
	uint64_t line = 0;
	for (char *s = text; ok && *s;) {
		size_t n = strcspn(s, "\n");
		bool last = s[n] == '\0';
		s[n] = '\0';
		ok = read_line(r, s, ++line);
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
	Reader r = {.e = e, .b = b, .file = f->name, .why = why};
	if (!(is_array ? read_array : read_text)(&r, f)) {
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
	uint64_t neurons = b->axis[b->naxes - 1].extent, items = items_of(b);
	memset(target, 0, b->bytes);
	for (; e->next < e->n && e->at[e->next].step == e->step; e->next++) {
		const Event *event = &e->at[e->next];
		bool all = event->item == UINT32_MAX;
		for (uint64_t i = all ? 0 : event->item; i < (all ? items : event->item + 1ull); i++) {
			uint64_t at = i * neurons + event->neuron;
			rt_store_float(b->type, target, at, rt_load_float(b->type, target, at) + event->value);
		}
	}
	e->step++;
}
