/* npy.c: headers of NumPy's .npy files, read and written.
 *
 * The header is a Python dictionary of three keys in any order. Read: versions 1 to 3, plain types of
 * either byte order, C order. */
#define _GNU_SOURCE
#include "rt.h"

#include <stdlib.h>
#include <string.h>

typedef struct { const char *at, *end; } Scan;

static void
skip_space(Scan *s)
{
	while (s->at < s->end && (*s->at == ' ' || *s->at == '\t' || *s->at == '\n'))
		s->at++;
}

static bool
take(Scan *s, char c)
{
	skip_space(s);
	if (s->at >= s->end || *s->at != c)
		return false;
	s->at++;
	return true;
}

static bool
take_word(Scan *s, const char *word)
{
	skip_space(s);
	size_t n = strlen(word);
	if ((size_t)(s->end - s->at) < n || memcmp(s->at, word, n) != 0)
		return false;
	s->at += n;
	return true;
}

static bool
take_string(Scan *s, char *out, size_t room)
{
	skip_space(s);
	if (s->at >= s->end || (*s->at != '\'' && *s->at != '"'))
		return false;
	char quote = *s->at++;
	size_t n = 0;
	while (s->at < s->end && *s->at != quote) {
		if (n + 1 >= room)
			return false;
		out[n++] = *s->at++;
	}
	out[n] = 0;
	return take(s, quote);
}

static bool
take_number(Scan *s, uint64_t *out)
{
	skip_space(s);
	const char *first = s->at;
	uint64_t v = 0;
	while (s->at < s->end && *s->at >= '0' && *s->at <= '9')
		if (!rt_mul(v, 10, &v) || __builtin_add_overflow(v, (uint64_t)(*s->at++ - '0'), &v))
			return false;
	if (s->at > first && s->at < s->end && *s->at == 'L')
		s->at++;
	*out = v;
	return s->at > first;
}

static bool
take_shape(Scan *s, RtArray *out)
{
	if (!take(s, '('))
		return false;
	out->rank = 0;
	while (!take(s, ')')) {
		if (out->rank == RT_MAX_RANK || !take_number(s, &out->extent[out->rank++]))
			return false;
		if (!take(s, ',')) {
			if (!take(s, ')'))
				return false;
			break;
		}
	}
	return true;
}

static bool
find_type(const char *descr, RtArray *out)
{
	const char *d = descr;
	char order = '|';
	if (*d && strchr("<>|=", *d))
		order = *d++;
	if (strcmp(d, "?") == 0)
		d = "b1";
	for (uint32_t t = SNNRT_BOOL; t <= SNNRT_F64; t++)
		if (t != SNNRT_BF16 && strcmp(rt_type_numpy(t) + 1, d) == 0) {
			out->type = t;
			out->swap = order == '>' && rt_type_size(t) > 1;
			return true;
		}
	return false;
}

static bool
parse_dict(const char *name, const char *text, size_t n, RtArray *out, char *why)
{
	Scan s = {text, text + n};
	char key[32], descr[32];
	unsigned seen = 0;
	if (!take(&s, '{'))
		return rt_say(why, "`%s` has a header that is no .npy header", name);
	while (!take(&s, '}')) {
		if (!take_string(&s, key, sizeof key) || !take(&s, ':'))
			return rt_say(why, "`%s` has a header that is no .npy header", name);
		if (strcmp(key, "descr") == 0) {
			skip_space(&s);
			if (take_word(&s, "[('t', '<i8'), ('b', '<u4'), ('i', '<u4')]"))
				out->spikes = true;
			else if (s.at < s.end && *s.at == '[')
				return rt_say(why, "`%s` has a structured type; a plain one is needed", name);
			else if (!take_string(&s, descr, sizeof descr) || !find_type(descr, out))
				return rt_say(why, "`%s` has an element type that is not known here", name);
			seen |= 1;
		} else if (strcmp(key, "fortran_order") == 0) {
			bool fortran = take_word(&s, "True");
			if (!fortran && !take_word(&s, "False"))
				return rt_say(why, "`%s` has a header that is no .npy header", name);
			if (fortran)
				seen |= 8;
			seen |= 2;
		} else if (strcmp(key, "shape") == 0) {
			if (!take_shape(&s, out))
				return rt_say(why, "`%s` has a shape that cannot be read (at most %d axes)", name, RT_MAX_RANK);
			seen |= 4;
		} else {
			return rt_say(why, "`%s` has an unknown key in its header", name);
		}
		if (!take(&s, ',')) {
			if (!take(&s, '}'))
				return rt_say(why, "`%s` has a header that is no .npy header", name);
			break;
		}
	}
	if ((seen & 7) != 7)
		return rt_say(why, "`%s` has a header without type, order or shape", name);
	if ((seen & 8) && out->rank > 1)
		return rt_say(why, "`%s` is stored in Fortran order; save it by np.ascontiguousarray", name);
	return true;
}

static bool
read_header(RtFile *f, RtArray *out, bool events, char *why)
{
	uint8_t b[12];
	uint64_t first = 10, n;
	*out = (RtArray){0};
	if (!rt_file_read(f, 0, 10, b, why))
		return false;
	if (memcmp(b, "\x93NUMPY", 6) != 0)
		return rt_say(why, "`%s` is not a .npy file", f->name);
	if (b[6] < 1 || b[6] > 3)
		return rt_say(why, "`%s` has version %u of .npy; 1 to 3 are known", f->name, b[6]);
	n = (uint64_t)b[8] | (uint64_t)b[9] << 8;
	if (b[6] > 1) {
		first = 12;
		if (!rt_file_read(f, 8, 4, b, why))
			return false;
		n = (uint64_t)b[0] | (uint64_t)b[1] << 8 | (uint64_t)b[2] << 16 | (uint64_t)b[3] << 24;
	}
	if (n > 1 << 16)
		return rt_say(why, "`%s` has a header of %llu bytes", f->name, (unsigned long long)n);
	char *text = malloc(n + 1);
	if (!text)
		return rt_say(why, "no memory to read `%s`", f->name);
	bool ok = rt_file_read(f, first, n, text, why) && parse_dict(f->name, text, n, out, why);
	free(text);
	if (!ok)
		return false;
	if (out->spikes && !events)
		return rt_say(why, "`%s` has spikes (t, b, i), and numbers are needed here; `events(…)` reads them", f->name);
	if (out->spikes && out->rank != 1)
		return rt_say(why, "`%s` has spikes in %u axes; a list has one", f->name, out->rank);
	if (out->spikes) {
		out->type = SNNRT_U8;
		out->rank = 2;
		out->extent[1] = 16;
	}
	out->offset = first + n;
	uint64_t bytes;
	if (!rt_array_bytes(out, &bytes))
		return rt_say(why, "`%s`: its header promises more bytes than there can be", f->name);
	return rt_file_expect(f, out->offset + bytes, why);
}

bool
rt_npy_header(RtFile *f, RtArray *out, char *why)
{
	return read_header(f, out, false, why);
}

bool
rt_npy_header_of_events(RtFile *f, RtArray *out, char *why)
{
	return read_header(f, out, true, why);
}

size_t
rt_npy_print_header(char *out, size_t size, const char *descr, uint32_t rank, const uint64_t *extent)
{
	RtText t = {0};
	rt_text_printf(&t, descr[0] == '[' ? "{'descr': %s" : "{'descr': '%s'", descr);
	rt_text_printf(&t, ", 'fortran_order': False, 'shape': (");
	for (uint32_t i = 0; i < rank; i++)
		rt_text_printf(&t, "%s%llu", i ? ", " : "", (unsigned long long)extent[i]);
	rt_text_printf(&t, rank == 1 ? ",), }" : "), }");
	if (size == 0) {
		/* The first extent may grow to 20 digits. */
		char digits[24];
		size_t grows = rank == 0 ? 0 : 20 - (size_t)snprintf(digits, sizeof digits, "%llu",
		                                                     (unsigned long long)extent[0]);
		size = (10 + t.n + grows + 1 + 63) / 64 * 64;
	}
	if (t.failed || size > RT_NPY_HEADER || 10 + t.n + 1 > size) {
		rt_text_fini(&t);
		return 0;
	}
	memcpy(out, "\x93NUMPY\x01\x00", 8);
	out[8] = (char)((size - 10) & 0xFF);
	out[9] = (char)((size - 10) >> 8);
	memset(out + 10, ' ', size - 11);
	memcpy(out + 10, t.s, t.n);
	out[size - 1] = '\n';
	rt_text_fini(&t);
	return size;
}
