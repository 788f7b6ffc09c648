/* plot.c: pictures of buffers. `fields`: weights [pre, post] as a mosaic, one tile of height x width for each
 * post neuron, scaled from the smallest (or 0) to the largest value. */
#define _GNU_SOURCE
#include "rt.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* From dark violet over blue and green to yellow: of even steps to the eye, readable in grey. */
static void
colour(double v, uint8_t rgb[3])
{
	static const uint8_t stop[9][3] = {{20, 4, 36}, {54, 26, 94}, {62, 58, 130}, {48, 98, 140}, {36, 132, 140},
	                                   {42, 166, 126}, {104, 196, 88}, {186, 216, 48}, {252, 236, 110}};
	double at = v <= 0 || v != v ? 0 : v >= 1 ? 8 : v * 8;
	int i = at >= 8 ? 7 : (int)at;
	for (int c = 0; c < 3; c++)
		rgb[c] = (uint8_t)(stop[i][c] + (stop[i + 1][c] - stop[i][c]) * (at - i) + .5);
}

/* Tiles in a row: a picture as near to a square as it gets. */
static uint64_t
choose_columns(uint64_t tiles, uint64_t height, uint64_t width)
{
	uint64_t n = (uint64_t)(sqrt((double)tiles * (double)(height + 1) / (double)(width + 1)) + .999);
	return n < 1 ? 1 : n > tiles ? tiles : n;
}

/* Small fields are drawn with larger dots: a picture of some 800 dots can be looked at as it is. */
static uint64_t
choose_dot(uint64_t columns, uint64_t rows, uint64_t height, uint64_t width)
{
	uint64_t dot = 1;
	while (dot < 16 && (dot + 1) * columns * width <= 800 && (dot + 1) * rows * height <= 800)
		dot++;
	return dot;
}

static void
fill_square(RtImage *m, uint64_t x, uint64_t y, uint64_t side, const uint8_t rgb[3])
{
	for (uint64_t i = 0; i < side * side; i++)
		rt_image_dot(m, (int64_t)(x + i % side), (int64_t)(y + i / side), rgb);
}

static bool
draw_fields(snnrt *rt, const snnrt_object *o, const char *file, char *why)
{
	static const uint8_t gap[3] = {255, 255, 255};
	const snnrt_buffer *b = &rt->p->buffers[o->bufs[0]];
	const unsigned char *at = rt->arena + b->offset;
	if (o->nums[0] < 1 || o->nums[1] < 1 || b->naxes < 1)
		return rt_say(why, "fields of %lld x %lld cannot be drawn", (long long)o->nums[0], (long long)o->nums[1]);
	uint64_t height = (uint64_t)o->nums[0], width = (uint64_t)o->nums[1], pixels, columns, rows;
	uint64_t post = b->axis[b->naxes - 1].extent, n = b->bytes / rt_type_size(b->type);
	if (!rt_mul(height, width, &pixels) || post == 0 || n / post != pixels)
		return rt_say(why, "`%s` has %llu inputs per neuron, fields of %llu x %llu have %llu", b->name,
		              (unsigned long long)(post ? n / post : 0), (unsigned long long)height,
		              (unsigned long long)width, (unsigned long long)pixels);
	columns = choose_columns(post, height, width);
	rows = (post + columns - 1) / columns;
	uint64_t dot = choose_dot(columns, rows, height, width), line = dot > 2 ? 2 : 1;
	uint64_t tile_w = width * dot + line, tile_h = height * dot + line;
	if (columns * tile_w + line > 30000 || rows * tile_h + line > 30000)
		return rt_say(why, "a picture of %llu fields is too large", (unsigned long long)post);
	RtImage m;
	if (!rt_image_open(&m, (uint32_t)(columns * tile_w + line), (uint32_t)(rows * tile_h + line), gap))
		return rt_say(why, "no memory for `%s`", file);
	double lo = 0, hi = 0;
	for (uint64_t i = 0; i < n; i++) {
		double v = rt_load_float(b->type, at, rt_place(b, i));
		lo = v < lo && v - v == 0 ? v : lo;
		hi = v > hi && v - v == 0 ? v : hi;
	}
	double scale = hi > lo ? 1 / (hi - lo) : 0;
	for (uint64_t pre = 0; pre < pixels; pre++)
		for (uint64_t j = 0; j < post; j++) {
			uint8_t rgb[3];
			colour((rt_load_float(b->type, at, rt_place(b, pre * post + j)) - lo) * scale, rgb);
			fill_square(&m, j % columns * tile_w + line + pre % width * dot,
			            j / columns * tile_h + line + pre / width * dot, dot, rgb);
		}
	bool ok = rt_png_write(&m, rt->folder.fd, file, why);
	rt_image_close(&m);
	return ok;
}

int64_t
snnrt_plot(void *host, int64_t object)
{
	snnrt *rt = host;
	char why[RT_WHY] = "", *file;
	const snnrt_object *o = rt_object(rt, object, SNNRT_OBJ_PLOT);
	if (!o)
		return SNNRT_FAILED;
	if (strcmp(o->texts[0], "fields") != 0)
		return rt_fail(rt, "plot `%s`: there is no form `%s`", o->name, o->texts[0]);
	if (rt->folder.fd < 0)
		return 0;
	if (asprintf(&file, "%s.png", o->name) < 0)
		return rt_fail(rt, "no memory");
	for (char *c = file; *c; c++)
		if (*c == '/' || (unsigned char)*c < 0x20)
			*c = '_';
	bool ok = draw_fields(rt, o, file, why);
	if (ok)
		rt_names_file(&rt->written, file);
	else
		rt_fail(rt, "plot `%s`: %s", o->name, why);
	free(file);
	return ok ? 0 : SNNRT_FAILED;
}
