/* digits.c: digits drawn by the program itself, for a first run without any file: 10000 images of 28 x 28,
 * balanced, in mixed order, the same on every machine.
 *
 * A digit is a few strokes through control points (smooth by Catmull-Rom, or straight). Each sample
 * displaces the points, bends, slants, turns and stretches the whole, fits it into 20 x 20 pixels, centres
 * its mass and draws with a round pen, like the usual set of handwritten digits. Only + - * / and sqrt are
 * used, which round the same everywhere, and jitter is a hash of the sample's number. */
#include "rt.h"

#include <math.h>
#include <string.h>

enum { MAX_POINTS = 12, MAX_STROKES = 3, MAX_SEGMENTS = 160, SPAN_PARTS = 5 };

typedef struct { bool smooth; uint8_t n; float at[MAX_POINTS][2]; } Stroke;
typedef struct { uint8_t digit, n; Stroke stroke[MAX_STROKES]; } Glyph;

static const Glyph glyphs[] = {
	{0, 1, {{true, 9, {{.55f, 0}, {.2f, .15f}, {.08f, .5f}, {.2f, .86f}, {.5f, 1}, {.82f, .84f}, {.92f, .48f},
	                   {.8f, .13f}, {.52f, .0f}}}}},
	{0, 1, {{true, 9, {{.62f, .05f}, {.3f, .12f}, {.12f, .45f}, {.2f, .85f}, {.48f, 1}, {.78f, .85f},
	                   {.88f, .5f}, {.78f, .16f}, {.45f, .02f}}}}},
	{1, 1, {{false, 2, {{.5f, 0}, {.5f, 1}}}}},
	{1, 1, {{false, 3, {{.3f, .22f}, {.52f, 0}, {.5f, 1}}}}},
	{1, 2, {{false, 3, {{.3f, .2f}, {.5f, 0}, {.5f, 1}}}, {false, 2, {{.25f, 1}, {.75f, 1}}}}},
	{2, 2, {{true, 7, {{.12f, .25f}, {.3f, .04f}, {.6f, 0}, {.82f, .2f}, {.72f, .5f}, {.42f, .76f}, {.1f, 1}}},
	        {false, 2, {{.1f, 1}, {.9f, .98f}}}}},
	{2, 1, {{true, 10, {{.15f, .2f}, {.45f, 0}, {.8f, .18f}, {.7f, .5f}, {.35f, .85f}, {.14f, .97f},
	                    {.12f, .82f}, {.32f, .8f}, {.6f, .93f}, {.95f, .95f}}}}},
	{3, 2, {{true, 5, {{.15f, .1f}, {.5f, 0}, {.8f, .2f}, {.65f, .42f}, {.38f, .48f}}},
	        {true, 5, {{.38f, .48f}, {.74f, .54f}, {.85f, .77f}, {.52f, 1}, {.1f, .9f}}}}},
	{3, 2, {{true, 5, {{.2f, .02f}, {.6f, .02f}, {.78f, .18f}, {.6f, .38f}, {.35f, .44f}}},
	        {true, 5, {{.35f, .44f}, {.72f, .5f}, {.8f, .78f}, {.45f, 1}, {.14f, .84f}}}}},
	{4, 2, {{false, 3, {{.2f, .02f}, {.14f, .55f}, {.85f, .52f}}}, {false, 2, {{.76f, .05f}, {.7f, 1}}}}},
	{4, 2, {{false, 3, {{.6f, 0}, {.1f, .64f}, {.92f, .64f}}}, {false, 2, {{.6f, 0}, {.62f, 1}}}}},
	{4, 2, {{true, 5, {{.22f, 0}, {.12f, .35f}, {.25f, .55f}, {.6f, .52f}, {.8f, .38f}}},
	        {false, 2, {{.85f, 0}, {.7f, 1}}}}},
	{5, 2, {{false, 3, {{.85f, 0}, {.25f, .02f}, {.2f, .42f}}},
	        {true, 6, {{.2f, .42f}, {.5f, .36f}, {.82f, .55f}, {.78f, .85f}, {.45f, 1}, {.1f, .9f}}}}},
	{5, 2, {{true, 6, {{.3f, .1f}, {.25f, .42f}, {.6f, .45f}, {.8f, .7f}, {.55f, .98f}, {.15f, .94f}}},
	        {false, 2, {{.28f, .08f}, {.85f, .0f}}}}},
	{6, 1, {{true, 9, {{.7f, 0}, {.35f, .25f}, {.15f, .62f}, {.28f, .94f}, {.6f, .98f}, {.8f, .78f},
	                   {.66f, .56f}, {.4f, .57f}, {.2f, .76f}}}}},
	{6, 1, {{true, 8, {{.5f, 0}, {.25f, .35f}, {.2f, .72f}, {.4f, 1}, {.72f, .92f}, {.74f, .66f},
	                   {.5f, .6f}, {.26f, .8f}}}}},
	{7, 1, {{true, 5, {{.1f, .12f}, {.3f, .03f}, {.85f, .03f}, {.62f, .45f}, {.42f, 1}}}}},
	{7, 2, {{false, 2, {{.1f, .05f}, {.88f, .02f}}}, {true, 3, {{.88f, .02f}, {.6f, .42f}, {.42f, 1}}}}},
	{7, 3, {{false, 2, {{.1f, .05f}, {.85f, .02f}}}, {true, 3, {{.85f, .02f}, {.58f, .42f}, {.4f, 1}}},
	        {false, 2, {{.32f, .52f}, {.8f, .48f}}}}},
	{8, 1, {{true, 9, {{.8f, .16f}, {.5f, 0}, {.2f, .2f}, {.5f, .46f}, {.84f, .76f}, {.5f, 1}, {.16f, .78f},
	                   {.5f, .48f}, {.82f, .14f}}}}},
	{8, 2, {{true, 6, {{.5f, .45f}, {.78f, .25f}, {.52f, 0}, {.22f, .2f}, {.45f, .44f}, {.55f, .46f}}},
	        {true, 6, {{.5f, .45f}, {.16f, .72f}, {.46f, 1}, {.84f, .76f}, {.55f, .46f}, {.45f, .44f}}}}},
	{9, 2, {{true, 7, {{.8f, .2f}, {.5f, 0}, {.2f, .2f}, {.3f, .47f}, {.6f, .46f}, {.8f, .24f}, {.8f, .2f}}},
	        {true, 3, {{.8f, .18f}, {.74f, .6f}, {.6f, 1}}}}},
	{9, 2, {{true, 7, {{.78f, .24f}, {.55f, .02f}, {.22f, .18f}, {.28f, .46f}, {.58f, .48f}, {.78f, .26f},
	                   {.8f, .2f}}},
	        {true, 4, {{.8f, .2f}, {.84f, .62f}, {.62f, .96f}, {.22f, .92f}}}}},
};
enum { NGLYPHS = sizeof glyphs / sizeof glyphs[0] };

typedef struct { uint64_t s; } Jitter;

/* splitmix64 (Steele, Lea, Flood 2014) */
static uint64_t
next_bits(Jitter *j)
{
	uint64_t z = j->s += 0x9E3779B97F4A7C15u;
	z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
	z = (z ^ z >> 27) * 0x94D049BB133111EBu;
	return z ^ z >> 31;
}

/* Bell-shaped, mean 0, standard deviation 1, within 3.5: the sum of four 16-bit numbers. */
static float
bell(Jitter *j)
{
	uint64_t b = next_bits(j);
	int64_t sum = (int64_t)((b & 0xFFFF) + (b >> 16 & 0xFFFF) + (b >> 32 & 0xFFFF) + (b >> 48)) - 2 * 65535;
	return (float)sum * (1.7320508f / 65536);
}

static float
clamp(float v, float lo, float hi)
{
	return v < lo ? lo : v > hi ? hi : v;
}

typedef struct { float x, y; } Point;
typedef struct { uint32_t n; Point a[MAX_SEGMENTS], b[MAX_SEGMENTS]; } Ink;

static void
add_segment(Ink *ink, Point a, Point b)
{
	if (ink->n < MAX_SEGMENTS) {
		ink->a[ink->n] = a;
		ink->b[ink->n++] = b;
	}
}

static Point
catmull_rom(const Point *p, uint32_t n, uint32_t i, float t)
{
	Point p0 = p[i ? i - 1 : 0], p1 = p[i], p2 = p[i + 1], p3 = p[i + 2 < n ? i + 2 : n - 1];
	float t2 = t * t, t3 = t2 * t;
	float w0 = (2 * t2 - t3 - t) / 2, w1 = (3 * t3 - 5 * t2 + 2) / 2;
	float w2 = (4 * t2 - 3 * t3 + t) / 2, w3 = (t3 - t2) / 2;
	return (Point){w0 * p0.x + w1 * p1.x + w2 * p2.x + w3 * p3.x, w0 * p0.y + w1 * p1.y + w2 * p2.y + w3 * p3.y};
}

/* Strokes of a glyph with displaced control points; strokes that share a point keep sharing it. */
static void
trace_glyph(const Glyph *g, Jitter *j, Ink *ink)
{
	Point last = {0, 0};
	ink->n = 0;
	for (uint32_t s = 0; s < g->n; s++) {
		const Stroke *k = &g->stroke[s];
		Point p[MAX_POINTS];
		for (uint32_t i = 0; i < k->n; i++) {
			p[i].x = k->at[i][0] * .76f + .055f * bell(j);
			p[i].y = k->at[i][1] + .055f * bell(j);
		}
		if (s && memcmp(k->at[0], g->stroke[s - 1].at[g->stroke[s - 1].n - 1], sizeof k->at[0]) == 0)
			p[0] = last;
		last = p[k->n - 1];
		for (uint32_t i = 0; i + 1 < k->n; i++) {
			Point from = p[i];
			for (uint32_t part = 1; part <= (k->smooth ? SPAN_PARTS : 1); part++) {
				Point to = k->smooth ? catmull_rom(p, k->n, i, (float)part / SPAN_PARTS) : p[i + 1];
				add_segment(ink, from, to);
				from = to;
			}
		}
	}
}

/* Bends, slants, turns and stretches. */
static void
distort(Ink *ink, Jitter *j)
{
	float slant = clamp(.16f + .22f * bell(j), -.4f, .65f), half = clamp(.055f * bell(j), -.15f, .15f);
	float cosine = (1 - half * half) / (1 + half * half), sine = 2 * half / (1 + half * half);
	float wide = clamp(1 + .19f * bell(j), .55f, 1.5f), bend = .18f * bell(j), curl = .14f * bell(j);
	float swell = .22f * bell(j);
	for (uint32_t i = 0; i < 2 * ink->n; i++) {
		Point *p = i < ink->n ? &ink->a[i] : &ink->b[i - ink->n];
		float x = p->x - .38f, y = p->y - .5f;
		float bx = x * (1 + swell * y) + bend * (y * y - .1f), by = y + curl * x * y * 2;
		x = bx * wide - slant * by;
		p->x = cosine * x - sine * by;
		p->y = sine * x + cosine * by;
	}
}

/* Into a box of 20 pixels with the pen, mass at the centre of the picture. */
static void
fit(Ink *ink, float pen, Jitter *j)
{
	Point lo = ink->a[0], hi = lo;
	for (uint32_t i = 0; i < 2 * ink->n; i++) {
		Point p = i < ink->n ? ink->a[i] : ink->b[i - ink->n];
		lo.x = p.x < lo.x ? p.x : lo.x;
		lo.y = p.y < lo.y ? p.y : lo.y;
		hi.x = p.x > hi.x ? p.x : hi.x;
		hi.y = p.y > hi.y ? p.y : hi.y;
	}
	float width = hi.x - lo.x, height = hi.y - lo.y, larger = width > height ? width : height;
	float scale = (19.5f - 2 * pen) / (larger > .1f ? larger : .1f);
	float mass = 0, mx = 0, my = 0;
	for (uint32_t i = 0; i < ink->n; i++) {
		float dx = ink->b[i].x - ink->a[i].x, dy = ink->b[i].y - ink->a[i].y, m = sqrtf(dx * dx + dy * dy);
		mass += m;
		mx += m * (ink->a[i].x + ink->b[i].x) / 2;
		my += m * (ink->a[i].y + ink->b[i].y) / 2;
	}
	mx /= mass > 0 ? mass : 1;
	my /= mass > 0 ? mass : 1;
	float cx = 13.5f + clamp(.5f * bell(j), -1.1f, 1.1f), cy = 13.5f + clamp(.5f * bell(j), -1.1f, 1.1f);
	for (uint32_t i = 0; i < ink->n; i++) {
		ink->a[i] = (Point){(ink->a[i].x - mx) * scale + cx, (ink->a[i].y - my) * scale + cy};
		ink->b[i] = (Point){(ink->b[i].x - mx) * scale + cx, (ink->b[i].y - my) * scale + cy};
	}
}

static int
pixel(float v)
{
	return v < 0 ? 0 : v > RT_DIGIT_SIDE - 1 ? RT_DIGIT_SIDE - 1 : (int)v;
}

/* Squared distance of pixels to the nearest segment, only near the segments. */
static void
measure(const Ink *ink, float reach, float near2[RT_DIGIT_SIDE][RT_DIGIT_SIDE])
{
	for (uint32_t i = 0; i < ink->n; i++) {
		Point a = ink->a[i], b = ink->b[i];
		float dx = b.x - a.x, dy = b.y - a.y, length2 = dx * dx + dy * dy;
		float inverse = length2 > 1e-8f ? 1 / length2 : 0;
		int x0 = pixel((a.x < b.x ? a.x : b.x) - reach), x1 = pixel((a.x > b.x ? a.x : b.x) + reach + 1);
		int y0 = pixel((a.y < b.y ? a.y : b.y) - reach), y1 = pixel((a.y > b.y ? a.y : b.y) + reach + 1);
		for (int y = y0; y <= y1; y++)
			for (int x = x0; x <= x1; x++) {
				float px = (float)x - a.x, py = (float)y - a.y;
				float t = clamp((px * dx + py * dy) * inverse, 0, 1);
				float ex = px - t * dx, ey = py - t * dy, d2 = ex * ex + ey * ey;
				if (d2 < near2[y][x])
					near2[y][x] = d2;
			}
	}
}

void
rt_digits_draw(uint32_t sample, uint8_t label, uint8_t out[RT_DIGIT_SIDE * RT_DIGIT_SIDE])
{
	Jitter j = {0x736E6E6364696769u ^ (uint64_t)sample * 0xD1B54A32D192ED03u};
	uint32_t first = 0, n = 0;
	for (uint32_t i = 0; i < NGLYPHS; i++)
		if (glyphs[i].digit == label && n++ == 0)
			first = i;
	Ink ink;
	trace_glyph(&glyphs[first + next_bits(&j) % n], &j, &ink);
	distort(&ink, &j);
	float pen = clamp(1.28f + .28f * bell(&j), .7f, 2.2f), soft = .65f;
	float peak = clamp(253 + 8 * bell(&j), 215, 255);
	fit(&ink, pen, &j);

	float near2[RT_DIGIT_SIDE][RT_DIGIT_SIDE];
	for (int y = 0; y < RT_DIGIT_SIDE; y++)
		for (int x = 0; x < RT_DIGIT_SIDE; x++)
			near2[y][x] = 100;
	measure(&ink, pen + soft, near2);
	for (int i = 0; i < RT_DIGIT_SIDE * RT_DIGIT_SIDE; i++) {
		float d2 = near2[i / RT_DIGIT_SIDE][i % RT_DIGIT_SIDE];
		if (d2 >= (pen + soft) * (pen + soft)) {
			out[i] = 0;
			continue;
		}
		float cover = clamp((pen + soft - sqrtf(d2)) / (2 * soft), 0, 1);
		out[i] = (uint8_t)(cover * peak + .5f);
	}
}

void
rt_digits_label(uint8_t out[RT_DIGITS])
{
	Jitter j = {0x6C6162656C73u};
	for (uint32_t i = 0; i < RT_DIGITS; i++)
		out[i] = (uint8_t)(i % 10);
	for (uint32_t i = RT_DIGITS - 1; i > 0; i--) {
		uint32_t k = (uint32_t)(next_bits(&j) % (i + 1));
		uint8_t t = out[i];
		out[i] = out[k];
		out[k] = t;
	}
}
