/* text.c: strings that grow, JSON strings, numbers that do not depend on the locale. */
#define _GNU_SOURCE
#include "rt.h"

#include <stdlib.h>
#include <string.h>

bool
rt_say(char *why, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	if (why)
		vsnprintf(why, RT_WHY, fmt, args);
	va_end(args);
	return false;
}

char *
rt_copy(const char *s)
{
	return s ? strdup(s) : NULL;
}

void
rt_text_add(RtText *t, const char *s, size_t n)
{
	if (t->failed)
		return;
	if (t->n + n + 1 > t->cap) {
		size_t cap = (t->n + n + 1) * 2 + 64;
		char *grown = realloc(t->s, cap);
		if (!grown) {
			t->failed = true;
			return;
		}
		t->s = grown;
		t->cap = cap;
	}
	if (n)                                                /* an empty text may be NULL */
		memcpy(t->s + t->n, s, n);
	t->n += n;
	t->s[t->n] = 0;
}

void
rt_text_printf(RtText *t, const char *fmt, ...)
{
	char *s;
	va_list args;
	va_start(args, fmt);
	int n = vasprintf(&s, fmt, args);
	va_end(args);
	if (n < 0) {
		t->failed = true;
		return;
	}
	rt_text_add(t, s, (size_t)n);
	free(s);
}

/* Bytes of the UTF-8 character at s, 0 if it is none. */
static size_t
utf8_length(const unsigned char *s)
{
	size_t n = s[0] < 0x80 ? 1 : s[0] >= 0xC2 && s[0] < 0xE0 ? 2 : s[0] >= 0xE0 && s[0] < 0xF0 ? 3
	         : s[0] >= 0xF0 && s[0] < 0xF5 ? 4 : 0;
	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xC0) != 0x80)
			return 0;
	if ((s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xED && s[1] > 0x9F) ||
	    (s[0] == 0xF0 && s[1] < 0x90) || (s[0] == 0xF4 && s[1] > 0x8F))
		return 0;
	return n;
}

void
rt_text_json(RtText *t, const char *s)
{
	rt_text_add(t, "\"", 1);
	for (const char *c = s ? s : ""; *c;) {
		size_t n = utf8_length((const unsigned char *)c);
		if (n == 0)
			rt_text_add(t, "\xEF\xBF\xBD", 3);
		else if (*c == '"' || *c == '\\')
			rt_text_printf(t, "\\%c", *c);
		else if ((unsigned char)*c < 0x20 || *c == 0x7F)
			rt_text_printf(t, "\\u%04x", (unsigned char)*c);
		else
			rt_text_add(t, c, n);
		c += n ? n : 1;
	}
	rt_text_add(t, "\"", 1);
}

void
rt_text_number(RtText *t, double v)
{
	char s[40];
	if (v != v || v - v != 0) {                           /* JSON has neither NaN nor infinity */
		rt_text_add(t, "null", 4);
		return;
	}
	for (int digits = 1; digits <= 17; digits++) {
		snprintf(s, sizeof s, "%.*g", digits, v);
		if (strtod(s, NULL) == v)
			break;
	}
	for (char *c = s; *c; c++)
		if (*c == ',')
			*c = '.';
	rt_text_add(t, s, strlen(s));
}

void
rt_text_shape(RtText *t, uint32_t rank, const uint64_t *extent)
{
	rt_text_add(t, "[", 1);
	for (uint32_t i = 0; i < rank; i++)
		rt_text_printf(t, "%s%llu", i ? ", " : "", (unsigned long long)extent[i]);
	rt_text_add(t, "]", 1);
}

void
rt_text_bytes(RtText *t, uint64_t bytes)
{
	static const char *const unit[] = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	double v = (double)bytes;
	int u = 0;
	while (v >= 1024 && u < 6) {
		v /= 1024;
		u++;
	}
	rt_text_printf(t, u ? "%.1f %s" : "%.0f %s", v, unit[u]);
}

void
rt_text_fini(RtText *t)
{
	free(t->s);
	*t = (RtText){0};
}

bool
rt_names_file(RtText *list, const char *name)
{
	RtText item = {0};
	rt_text_json(&item, name);
	bool is_new = item.s && !(list->s && strstr(list->s, item.s));
	if (is_new) {
		if (list->n)
			rt_text_add(list, ", ", 2);
		rt_text_add(list, item.s, item.n);
	}
	rt_text_fini(&item);
	return is_new;
}
