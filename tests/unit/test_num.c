/* test_num: numbers to text and back, to the last bit. */
#include "base/num.h"
#include "suites.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *
f64(double v)
{
	static char out[NUM_TEXT];
	return num_write_f64(out, v);
}

static const char *
f32(float v)
{
	static char out[NUM_TEXT];
	return num_write_f32(out, v);
}

static bool
reads_f64(const char *s, double expected)
{
	double v;
	return num_read_f64(s, strlen(s), &v) && memcmp(&v, &expected, sizeof v) == 0;
}

static bool
is_no_f64(const char *s)
{
	double v;
	return !num_read_f64(s, strlen(s), &v);
}

static void
numbers_are_written_as_a_person_would(void)
{
	CU_ASSERT_STRING_EQUAL(f64(0), "0");
	CU_ASSERT_STRING_EQUAL(f64(-0.0), "-0");
	CU_ASSERT_STRING_EQUAL(f64(100), "100");
	CU_ASSERT_STRING_EQUAL(f64(-65), "-65");
	CU_ASSERT_STRING_EQUAL(f64(0.1), "0.1");
	CU_ASSERT_STRING_EQUAL(f64(0.1 + 0.2), "0.30000000000000004");
	CU_ASSERT_STRING_EQUAL(f64(1e-4), "0.0001");
	CU_ASSERT_STRING_EQUAL(f64(1.25e-7), "1.25e-7");
	CU_ASSERT_STRING_EQUAL(f64(1e15), "1000000000000000");
	CU_ASSERT_STRING_EQUAL(f64(1e16), "1e16");
	CU_ASSERT_STRING_EQUAL(f64(12345.678), "12345.678");
	CU_ASSERT_STRING_EQUAL(f64(DBL_MAX), "1.7976931348623157e308");
	CU_ASSERT_STRING_EQUAL(f64(5e-324), "5e-324");
	CU_ASSERT_STRING_EQUAL(f64(INFINITY), "inf");
	CU_ASSERT_STRING_EQUAL(f64(-INFINITY), "-inf");
	CU_ASSERT_STRING_EQUAL(f64(NAN), "nan");
	CU_ASSERT_STRING_EQUAL(f32(0.1f), "0.1");
	CU_ASSERT_STRING_EQUAL(f32(16777216.0f), "16777216");
	CU_ASSERT_STRING_EQUAL(f32(FLT_MAX), "3.4028235e38");
}

/* xorshift64: any bits will do. */
static uint64_t
next_bits(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void
written_doubles_read_back_to_the_same_bits(void)
{
	uint64_t state = 88172645463325252u;
	char text[NUM_TEXT];
	int bad = 0;
	for (int i = 0; i < 20000; i++) {
		uint64_t bits = next_bits(&state);
		double v;
		memcpy(&v, &bits, sizeof v);
		if (!isfinite(v))
			continue;
		bad += !reads_f64(num_write_f64(text, v), v);
		bad += !reads_f64(num_write_hex(text, v), v);
	}
	CU_ASSERT_EQUAL(bad, 0);
}

static void
written_floats_read_back_by_way_of_double(void)
{
	uint64_t state = 42;
	char text[NUM_TEXT];
	int bad = 0;
	for (int i = 0; i < 20000; i++) {
		uint32_t bits = (uint32_t)(next_bits(&state) >> 16);
		float v;
		double back = 0;
		memcpy(&v, &bits, sizeof v);
		if (!isfinite(v))
			continue;
		num_write_f32(text, v);
		bad += !num_read_f64(text, strlen(text), &back) || (float)back != v;
		bad += strtof(text, NULL) != v;
	}
	CU_ASSERT_EQUAL(bad, 0);
}

static void
readers_take_decimal_hex_and_the_written_words(void)
{
	CU_ASSERT_TRUE(reads_f64("20", 20));
	CU_ASSERT_TRUE(reads_f64("-1.5e-3", -1.5e-3));
	CU_ASSERT_TRUE(reads_f64(".5", .5));
	CU_ASSERT_TRUE(reads_f64("5.", 5));
	CU_ASSERT_TRUE(reads_f64("0x1.8p1", 3));
	CU_ASSERT_TRUE(reads_f64("inf", (double)INFINITY));
	CU_ASSERT_TRUE(reads_f64("-inf", -(double)INFINITY));
	CU_ASSERT_TRUE(reads_f64("1e-400", 0));
	char longer[200];
	memset(longer, '0', sizeof longer);
	memcpy(longer, "0.", 2);
	longer[sizeof longer - 2] = '1';
	longer[sizeof longer - 1] = '\0';
	CU_ASSERT_TRUE(reads_f64(longer, 1e-197));
}

static void
readers_refuse_what_is_not_wholly_a_number(void)
{
	static const char *const bad[] = {"", " 1", "1 ", "1ms", "infinity", "INF", "nan(1)",
	                                  "e5", ".", "-", "+", "1e", "0x", "1..2", "--1",
	                                  "1e999", "-1e999", "abc", "1,5"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		CU_ASSERT_TRUE(is_no_f64(bad[i]));
	double v;
	CU_ASSERT_TRUE(num_read_f64("12345", 2, &v) && v == 12);
}

static void
integers_are_read_up_to_their_bounds(void)
{
	int64_t i;
	uint64_t u;
	CU_ASSERT_TRUE(num_read_i64("-9223372036854775808", 20, &i) && i == INT64_MIN);
	CU_ASSERT_TRUE(num_read_i64("9223372036854775807", 19, &i) && i == INT64_MAX);
	CU_ASSERT_FALSE(num_read_i64("9223372036854775808", 19, &i));
	CU_ASSERT_TRUE(num_read_u64("18446744073709551615", 20, &u) && u == UINT64_MAX);
	CU_ASSERT_FALSE(num_read_u64("18446744073709551616", 20, &u));
	CU_ASSERT_TRUE(num_read_u64("0xFf", 4, &u) && u == 255);
	CU_ASSERT_TRUE(num_read_i64("+7", 2, &i) && i == 7);
	CU_ASSERT_FALSE(num_read_u64("-1", 2, &u));
	CU_ASSERT_FALSE(num_read_u64("", 0, &u));
	CU_ASSERT_FALSE(num_read_u64("12a", 3, &u));
	CU_ASSERT_FALSE(num_read_i64("1.5", 3, &i));
	CU_ASSERT_FALSE(num_read_i64("--1", 3, &i));
}

CU_TestInfo test_num[] = {
	{"numbers are written as a person would", numbers_are_written_as_a_person_would},
	{"written doubles read back to the same bits", written_doubles_read_back_to_the_same_bits},
	{"written floats read back by way of double", written_floats_read_back_by_way_of_double},
	{"readers take decimal, hex and the written words",
		readers_take_decimal_hex_and_the_written_words},
	{"readers refuse what is not wholly a number",
		readers_refuse_what_is_not_wholly_a_number},
	{"integers are read up to their bounds", integers_are_read_up_to_their_bounds},
	CU_TEST_INFO_NULL,
};
