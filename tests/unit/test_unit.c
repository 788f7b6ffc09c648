#include "suites.h"

#include "ast/unit.h"

#include <math.h>
#include <string.h>

static Dim
dim_of(const char *name)
{
	const Unit *u = unit_find(name, strlen(name));
	CU_ASSERT_PTR_NOT_NULL_FATAL(u);
	return u->dim;
}

static void
coherent_set(void)
{
	static const char *const coherent[] = {"ms", "mV", "pA", "nS", "pF", "GΩ", "Gohm", "kHz",
		"mV/ms", "um"};
	for (size_t i = 0; i < sizeof coherent / sizeof *coherent; i++)
		CU_ASSERT_EQUAL(unit_find(coherent[i], strlen(coherent[i]))->scale, 1);
}

/* A product of two units must carry the product of their scales, or the set is not coherent. */
static void
scales_agree(void)
{
	static const struct { const char *product, *a, *b; } rows[] = {
		{"V", "A", "ohm"}, {"mV", "nA", "MΩ"}, {"A", "S", "V"}, {"nA", "uS", "mV"},
		{"nC", "nA", "s"},
		{"pC", "pF", "V"}, {"s", "MΩ", "uF"}, {"ms", "Mohm", "nF"}, {"mV", "mV/s", "s"},
		{"V", "V/s", "s"},
		{"Hz", "Hz/s", "s"}, {"kHz", "kHz/mV", "mV"}, {"nA", "nA/mV", "mV"},
		{"m", "m/s", "s"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const Unit *p = unit_find(rows[i].product, strlen(rows[i].product));
		const Unit *a = unit_find(rows[i].a, strlen(rows[i].a));
		const Unit *b = unit_find(rows[i].b, strlen(rows[i].b));
		CU_ASSERT_TRUE(dim_equal(p->dim, dim_mul(a->dim, b->dim)));
		CU_ASSERT_TRUE(fabs(a->scale * b->scale / p->scale - 1) < 1e-12);
	}
}

static void
find_by_length(void)
{
	CU_ASSERT_STRING_EQUAL(unit_find("msec", 2)->name, "ms");
	CU_ASSERT_STRING_EQUAL(unit_find("mV/ms;", 5)->name, "mV/ms");
	CU_ASSERT_PTR_NULL(unit_find("mV/", 3));
	CU_ASSERT_PTR_NULL(unit_find("", 0));
	CU_ASSERT_PTR_NULL(unit_find("sec", 3));
}

static void
nearest(void)
{
	CU_ASSERT_STRING_EQUAL(unit_nearest("mv"), "mV");
	CU_ASSERT_STRING_EQUAL(unit_nearest("khz"), "kHz");
	CU_ASSERT_STRING_EQUAL(unit_nearest("mV/mss"), "mV/ms");
	CU_ASSERT_PTR_NULL(unit_nearest("furlong"));
}

static void
nouns(void)
{
	char out[64];
	CU_ASSERT_STRING_EQUAL(dim_noun(dim_of("mV"), out), "a voltage");
	CU_ASSERT_STRING_EQUAL(dim_noun(dim_of("Hz"), out), "a rate");
	CU_ASSERT_STRING_EQUAL(dim_noun((Dim){{0}}, out), "a number");
	CU_ASSERT_STRING_EQUAL(dim_noun(dim_of("mV/ms"), out), "a voltage per time");
	CU_ASSERT_STRING_EQUAL(dim_unit(dim_of("MΩ"), out), "GΩ");
	CU_ASSERT_STRING_EQUAL(dim_unit((Dim){{0}}, out), "");
	CU_ASSERT_STRING_EQUAL(dim_unit(dim_mul(dim_of("mV"), dim_of("mV")), out), "mV^2");
	CU_ASSERT_STRING_EQUAL(dim_unit(dim_div(dim_of("Hz"), dim_of("mV")), out), "1/mV/ms");
	Dim root;
	CU_ASSERT_TRUE(dim_sqrt(dim_of("ms"), &root));
	CU_ASSERT_STRING_EQUAL(dim_unit(root, out), "ms^0.5");
	CU_ASSERT_FALSE(dim_sqrt(root, &root));
}

static void
extremes(void)
{
	char out[64];
	Dim all = {{127, 127, -127, -127}};
	Dim most = dim_mul(all, all);
	CU_ASSERT_EQUAL(most.twice[0], 127);
	CU_ASSERT_EQUAL(most.twice[2], -127);
	CU_ASSERT_STRING_EQUAL(dim_unit(all, out), "mV^63.5*ms^63.5/um^63.5/pA^63.5");
}

CU_TestInfo test_unit[] = {
	{"the coherent units have scale one", coherent_set},
	{"a product of units has the product of their scales", scales_agree},
	{"a unit is found by name and length", find_by_length},
	{"the nearest unit is suggested", nearest},
	{"a dimension has a noun and a coherent unit", nouns},
	{"exponents at the end of their range stay there", extremes},
	CU_TEST_INFO_NULL,
};
