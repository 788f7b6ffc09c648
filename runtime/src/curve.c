/* curve.c: learning curves: as text on stdout, as accuracy.npy and accuracy.png in the results.
 *
 * A curve has one point per interval of assignment: the accuracy of that interval's samples, predicted by the
 * labels that were assigned before them. */
#define _GNU_SOURCE
#include "rt.h"

#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 66, ROWS = 10, PICTURE_WIDTH = 640, PICTURE_HEIGHT = 400, LEFT = 48, RIGHT = 16, TOP = 30, BOTTOM = 36 };

static const char marks[RT_MAX_READOUTS] = {'*', 'o', '+', 'x', '#', '@', '%', '='};

/* Phase in whose turn the curve grew, for its title. */
static const char *
phase_name(const snnrt *rt, const RtVote *v)
{
	return v->last_phase < rt->p->nobjects ? rt->p->objects[v->last_phase].name : "?";
}

/* Mean over the points that fall into column c of `columns`. */
static double
column_mean(const RtVote *v, uint32_t readout, size_t c, size_t columns)
{
	size_t lo = c * v->npoints / columns, hi = (c + 1) * v->npoints / columns;
	double sum = 0;
	if (hi <= lo)
		hi = lo + 1;
	for (size_t i = lo; i < hi; i++)
		sum += (double)v->point[i].accuracy[readout];
	return sum / (double)(hi - lo);
}

static void
print_table(const RtVote *v, const snnrt_object *o)
{
	printf("  %9s", "samples");
	for (uint32_t r = 0; r < v->nreadouts; r++)
		printf("  %14s", o->texts[r]);
	printf("\n");
	for (size_t i = 0; i < v->npoints; i++) {
		printf("  %9llu", (unsigned long long)v->point[i].samples);
		for (uint32_t r = 0; r < v->nreadouts; r++)
			printf("  %12.1f %%", 100 * (double)v->point[i].accuracy[r]);
		printf("\n");
	}
}

/* Whole tens of percent around all points, at least twenty apart. */
static void
choose_range(const RtVote *v, int *lo, int *hi)
{
	float least = 1, most = 0;
	for (size_t i = 0; i < v->npoints; i++)
		for (uint32_t r = 0; r < v->nreadouts; r++) {
			least = v->point[i].accuracy[r] < least ? v->point[i].accuracy[r] : least;
			most = v->point[i].accuracy[r] > most ? v->point[i].accuracy[r] : most;
		}
	*lo = (int)(least * 10) * 10;
	*hi = (int)(most * 10 + .999f) * 10;
	if (*hi > 100)
		*hi = 100;
	if (*hi - *lo < 20)
		*lo = *hi >= 20 ? *hi - 20 : 0;
	if (*hi - *lo < 20)
		*hi = *lo + 20;
}

static void
print_chart(const RtVote *v)
{
	size_t columns = v->npoints < COLUMNS ? v->npoints : COLUMNS, wide = COLUMNS / columns;
	char cell[ROWS + 1][COLUMNS + 1];
	int lo, hi;
	choose_range(v, &lo, &hi);
	for (int y = 0; y <= ROWS; y++) {
		memset(cell[y], ' ', COLUMNS);
		cell[y][COLUMNS] = 0;
	}
	for (uint32_t r = v->nreadouts; r-- > 0;)             /* the first lies on top */
		for (size_t c = 0; c < columns; c++) {
			int y = (int)((100 * column_mean(v, r, c, columns) - lo) / (hi - lo) * ROWS + .5);
			cell[y < 0 ? 0 : y > ROWS ? ROWS : y][c * wide + wide / 2] = marks[r];
		}
	for (int y = ROWS; y >= 0; y--) {
		size_t n = COLUMNS;
		while (n && cell[y][n - 1] == ' ')
			n--;
		if (y % 2 == 0)
			printf("  %4d %% |%.*s\n", lo + y * (hi - lo) / ROWS, (int)n, cell[y]);
		else
			printf("         |%.*s\n", (int)n, cell[y]);
	}
	char first[24], last[32];
	int nfirst = snprintf(first, sizeof first, "%llu", (unsigned long long)v->point[0].samples);
	int nlast = snprintf(last, sizeof last, "%llu samples", (unsigned long long)v->point[v->npoints - 1].samples);
	int width = (int)(columns * wide), gap = width - nfirst - nlast;
	printf("         +");
	for (int i = 0; i < width; i++)
		putchar('-');
	printf("\n          %s%*s%s\n", first, gap > 1 ? gap : 1, "", last);
}

void
rt_curve_print(snnrt *rt)
{
	if (rt->o.silent)
		return;
	for (uint32_t i = 0; i < rt->p->nobjects; i++) {
		const snnrt_object *o = &rt->p->objects[i];
		if (o->kind != SNNRT_OBJ_VOTE)
			continue;
		RtVote *v = rt->object[i];
		if (v->curve_shown || v->npoints == 0)
			continue;
		v->curve_shown = true;
		printf("accuracy of %s, every %llu samples", phase_name(rt, v), (unsigned long long)v->every);
		if (v->npoints > 6)
			for (uint32_t r = 0; r < v->nreadouts; r++)
				printf("%s %c %s", r ? "," : ":", marks[r], o->texts[r]);
		printf("\n");
		if (v->npoints > 6)
			print_chart(v);
		else
			print_table(v, o);
		fflush(stdout);
	}
}

/* ---- files ------------------------------------------------------------------------------------------ */

static bool
write_npy(snnrt *rt, const snnrt_object *o, const RtVote *v, const char *name, char *why)
{
	RtText descr = {0};
	RtSink s;
	char header[RT_NPY_HEADER];
	rt_text_printf(&descr, "[('samples', '<i8')");
	for (uint32_t r = 0; r < v->nreadouts; r++)
		rt_text_printf(&descr, ", ('%s', '<f4')", o->texts[r]);
	rt_text_printf(&descr, "]");
	uint64_t n = v->npoints;
	size_t size = descr.failed ? 0 : rt_npy_print_header(header, 0, descr.s, 1, &n);
	rt_text_fini(&descr);
	if (!size)
		return rt_say(why, "no memory");
	if (!rt_sink_open(&s, rt->folder.fd, name, why))
		return false;
	rt_sink_write(&s, header, size);
	for (size_t i = 0; i < v->npoints; i++) {
		rt_sink_write(&s, &v->point[i].samples, 8);
		rt_sink_write(&s, v->point[i].accuracy, 4 * v->nreadouts);
	}
	return rt_sink_commit(&s, false, why);
}

static const uint8_t white[3] = {255, 255, 255}, grey[3] = {214, 214, 214}, ink[3] = {60, 60, 60};
static const uint8_t colours[RT_MAX_READOUTS][3] = {{31, 119, 180}, {214, 96, 20}, {44, 140, 60}, {190, 40, 60},
                                                    {120, 90, 180}, {120, 80, 60}, {200, 100, 180}, {110, 110, 110}};

static double
x_of(const RtVote *v, size_t i)
{
	double last = (double)v->point[v->npoints - 1].samples;
	return LEFT + (PICTURE_WIDTH - LEFT - RIGHT) * ((double)v->point[i].samples / last);
}

static double
y_of(double accuracy)
{
	return PICTURE_HEIGHT - BOTTOM - (PICTURE_HEIGHT - TOP - BOTTOM) * accuracy;
}

static bool
draw(snnrt *rt, const snnrt_object *o, const RtVote *v, const char *name, char *why)
{
	RtImage m;
	char text[64];
	if (!rt_image_open(&m, PICTURE_WIDTH, PICTURE_HEIGHT, white))
		return rt_say(why, "no memory for `%s`", name);
	for (int i = 0; i <= 10; i++) {
		double y = y_of(i / 10.);
		rt_image_line(&m, LEFT, y, PICTURE_WIDTH - RIGHT, y, i ? grey : ink);
		if (i % 2 == 0) {
			snprintf(text, sizeof text, "%d %%", i * 10);
			rt_image_text(&m, LEFT - 8 - 6 * (int64_t)strlen(text), (int64_t)y - 3, text, ink);
		}
	}
	rt_image_line(&m, LEFT, y_of(0), LEFT, y_of(1), ink);
	snprintf(text, sizeof text, "%llu samples", (unsigned long long)v->point[v->npoints - 1].samples);
	rt_image_text(&m, PICTURE_WIDTH - RIGHT - 6 * (int64_t)strlen(text), PICTURE_HEIGHT - BOTTOM + 10, text, ink);
	rt_image_text(&m, LEFT, PICTURE_HEIGHT - BOTTOM + 10, "0", ink);
	int64_t x = LEFT;
	snprintf(text, sizeof text, "accuracy of %.40s", phase_name(rt, v));
	rt_image_text(&m, x, 12, text, ink);
	x += 6 * (int64_t)strlen(text) + 24;
	for (uint32_t r = 0; r < v->nreadouts; r++) {
		rt_image_text(&m, x, 12, o->texts[r], colours[r]);
		x += 6 * (int64_t)strlen(o->texts[r]) + 18;
		for (size_t i = 0; i < v->npoints; i++) {
			size_t j = i ? i - 1 : 0;
			for (int thick = 0; thick < 2; thick++)
				rt_image_line(&m, x_of(v, j), y_of((double)v->point[j].accuracy[r]) + thick, x_of(v, i),
				              y_of((double)v->point[i].accuracy[r]) + thick, colours[r]);
		}
	}
	bool ok = rt_png_write(&m, rt->folder.fd, name, why);
	rt_image_close(&m);
	return ok;
}

bool
rt_curve_write(snnrt *rt)
{
	char why[RT_WHY], npy[64], png[64];
	uint32_t n = 0;
	for (uint32_t i = 0; i < rt->p->nobjects; i++) {
		const snnrt_object *o = &rt->p->objects[i];
		const RtVote *v = rt->object[i];
		if (o->kind != SNNRT_OBJ_VOTE || v->npoints == 0)
			continue;
		char number[16] = "";
		if (++n > 1)
			snprintf(number, sizeof number, "-%u", n);
		snprintf(npy, sizeof npy, "accuracy%s.npy", number);
		snprintf(png, sizeof png, "accuracy%s.png", number);
		if (!write_npy(rt, o, v, npy, why) || !draw(rt, o, v, png, why))
			return rt_fail(rt, "%s", why) == 0;
		rt_names_file(&rt->written, npy);
		rt_names_file(&rt->written, png);
	}
	return true;
}
