/* num: numbers to text and back.
 *
 * snprintf and strtod are right to the last bit in glibc and in the C locale;
 * snnc never calls setlocale, so that is the locale they run in.
 */
#include "base/num.h"

#include "base/panic.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Powers of ten outside of 10^PLAIN_LO .. 10^PLAIN_HI are written with an exponent. */
enum { PLAIN_LO = -5, PLAIN_HI = 15 };

static const char *
write_special(char out[NUM_TEXT], double v)
{
	strcpy(out, isnan(v) ? "nan" : v < 0 ? "-inf" : "inf");
	return out;
}

/* Lays out d.ddde+xx, as snprintf wrote it, the way a person would. */
static const char *
write_laid_out(char out[NUM_TEXT], const char *sci)
{
	char digits[20];
	int n = 0;
	char *o = out;
	if (*sci == '-')
		*o++ = *sci++;
	for (; *sci != 'e'; sci++) {
		if (*sci != '.')
			digits[n++] = *sci;
	}
	int exp10 = atoi(sci + 1);
	while (n > 1 && digits[n - 1] == '0')
		n--;
	if (exp10 < PLAIN_LO || exp10 > PLAIN_HI) {
		*o++ = digits[0];
		if (n > 1)
			*o++ = '.';
		for (int i = 1; i < n; i++)
			*o++ = digits[i];
		sprintf(o, "e%d", exp10);
		return out;
	}
	if (exp10 < 0) {
		*o++ = '0';
		*o++ = '.';
		for (int i = exp10 + 1; i < 0; i++)
			*o++ = '0';
	}
	for (int i = 0; i < n || i <= exp10; i++) {
		if (exp10 >= 0 && i == exp10 + 1)
			*o++ = '.';
		*o++ = i < n ? digits[i] : '0';
	}
	*o = '\0';
	return out;
}

/* Digits to begin the search of the shortest text with, behind the first one. Where a text of 15 digits (f32: 6) or fewer reads back, it is
 * what so many digits give, with zeros that are left out: normal numbers need not begin at one. */
static int
least_digits(double v, double normal, int safe)
{
	return fabs(v) >= normal ? safe - 1 : 0;
}

const char *
num_write_f64(char out[NUM_TEXT], double v)
{
	char sci[NUM_TEXT];
	if (!isfinite(v))
		return write_special(out, v);
	for (int digits = least_digits(v, DBL_MIN, DBL_DIG); digits < 17; digits++) {
		snprintf(sci, sizeof sci, "%.*e", digits, v);
		if (strtod(sci, NULL) == v)
			break;
	}
	return write_laid_out(out, sci);
}

const char *
num_write_f32(char out[NUM_TEXT], float v)
{
	char sci[NUM_TEXT];
	if (!isfinite(v))
		return write_special(out, (double)v);
	for (int digits = least_digits((double)v, (double)FLT_MIN, FLT_DIG); digits < 9; digits++) {
		snprintf(sci, sizeof sci, "%.*e", digits, (double)v);
		/* Also by way of double, which is how num_read_f64 and a cast read it. */
		if (strtof(sci, NULL) == v && (float)strtod(sci, NULL) == v)
			break;
	}
	return write_laid_out(out, sci);
}

const char *
num_write_hex(char out[NUM_TEXT], double v)
{
	if (!isfinite(v))
		return write_special(out, v);
	snprintf(out, NUM_TEXT, "%a", v);
	return out;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Whether the text is made of what a number is made of; strtod takes more ("infinity", blanks). */
static bool
looks_like_number(const char *s, size_t n)
{
	size_t i = n > 0 && (s[0] == '-' || s[0] == '+');
	if (i == n || !(is_digit(s[i]) || (s[i] == '.' && i + 1 < n)))
		return false;
	for (; i < n; i++) {
		char c = s[i];
		bool ok = is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == '.' ||
		          c == 'x' || c == 'X' || c == 'p' || c == 'P' || c == '+' || c == '-';
		if (!ok)
			return false;
	}
	return true;
}

static bool
is_text(const char *s, size_t n, const char *word)
{
	return n == strlen(word) && memcmp(s, word, n) == 0;
}

bool
num_read_f64(const char *s, size_t n, double *out)
{
	if (is_text(s, n, "inf") || is_text(s, n, "-inf") || is_text(s, n, "nan")) {
		*out = s[0] == 'n' ? (double)NAN : s[0] == '-' ? -(double)INFINITY : (double)INFINITY;
		return true;
	}
	if (!looks_like_number(s, n))
		return false;
	char small[64], *text = small, *end;
	if (n >= sizeof small && !(text = malloc(n + 1)))
		fatal("out of memory");
	memcpy(text, s, n);
	text[n] = '\0';
	double v = strtod(text, &end);
	bool ok = end == text + n && isfinite(v);
	if (text != small)
		free(text);
	if (ok)
		*out = v;
	return ok;
}

bool
num_read_u64(const char *s, size_t n, uint64_t *out)
{
	unsigned base = 10;
	uint64_t v = 0;
	if (n > 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
		base = 16;
		s += 2;
		n -= 2;
	}
	if (n == 0)
		return false;
	for (size_t i = 0; i < n; i++) {
		char c = s[i];
		unsigned d;
		if (is_digit(c))
			d = (unsigned)(c - '0');
		else if (c >= 'a' && c <= 'f')
			d = (unsigned)(c - 'a') + 10;
		else if (c >= 'A' && c <= 'F')
			d = (unsigned)(c - 'A') + 10;
		else
			return false;
		if (d >= base || v > (UINT64_MAX - d) / base)
			return false;
		v = v * base + d;
	}
	*out = v;
	return true;
}

bool
num_read_i64(const char *s, size_t n, int64_t *out)
{
	bool negative = n > 0 && s[0] == '-';
	uint64_t v;
	if (n > 0 && (s[0] == '-' || s[0] == '+')) {
		s++;
		n--;
	}
	if (!num_read_u64(s, n, &v) || v > (uint64_t)INT64_MAX + negative)
		return false;
	*out = negative ? (int64_t)(0 - v) : (int64_t)v;
	return true;
}
