/* png.c: pictures to PNG files. No time or program name is written: equal pictures give equal files. */
#include "rt.h"

#include <png.h>
#include <setjmp.h>

static void
put(png_structp png, png_bytep data, png_size_t n)
{
	rt_sink_write(png_get_io_ptr(png), data, n);
}

static void
put_nothing(png_structp png)
{
	(void)png;
}

static void
on_error(png_structp png, png_const_charp text)
{
	rt_say(png_get_error_ptr(png), "cannot draw: %s", text);
	png_longjmp(png, 1);
}

static void
on_warning(png_structp png, png_const_charp text)
{
	(void)png;
	(void)text;
}

/* Nothing here changes between setjmp and a jump but what libpng holds. */
static bool
encode(png_structp png, png_infop info, const RtImage *m)
{
	if (setjmp(png_jmpbuf(png)))
		return false;
	png_set_IHDR(png, info, m->width, m->height, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
	             PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
	png_set_compression_level(png, 6);
	png_write_info(png, info);
	for (uint32_t y = 0; y < m->height; y++)
		png_write_row(png, m->rgb + (size_t)3 * m->width * y);
	png_write_end(png, info);
	return true;
}

bool
rt_png_write(const RtImage *m, int dir, const char *name, char *why)
{
	RtSink s;
	if (!rt_sink_open(&s, dir, name, why))
		return false;
	png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, why, on_error, on_warning);
	png_infop info = png ? png_create_info_struct(png) : NULL;
	bool ok = false;
	if (info) {
		png_set_write_fn(png, &s, put, put_nothing);
		ok = encode(png, info, m);
	} else {
		rt_say(why, "no memory for `%s`", name);
	}
	png_destroy_write_struct(&png, &info);
	if (!ok) {
		rt_sink_discard(&s);
		return false;
	}
	return rt_sink_commit(&s, false, why);
}
