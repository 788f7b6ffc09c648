/* test_intern: equal strings become the same pointer. */
#include "base/intern.h"
#include "suites.h"

#include <stdio.h>

static void
equal_texts_are_one_pointer(void)
{
	Arena *a = arena_open();
	Interner *in = intern_open(a);
	char here[] = "tau";
	Name tau = intern(in, "tau");
	CU_ASSERT_PTR_EQUAL(tau, intern(in, here));
	CU_ASSERT_PTR_EQUAL(tau, intern_n(in, "tau_m", 3));
	CU_ASSERT_PTR_EQUAL(tau, intern_printf(in, "t%s", "au"));
	CU_ASSERT_PTR_NOT_EQUAL(tau, intern(in, "ta"));
	CU_ASSERT_PTR_NOT_EQUAL(tau, intern(in, "Tau"));
	CU_ASSERT_STRING_EQUAL(tau, "tau");
	CU_ASSERT_STRING_EQUAL(intern(in, ""), "");
	arena_close(a);
}

static void
names_stay_where_they_are_while_the_table_grows(void)
{
	enum { N = 20000 };
	static Name names[N];
	Arena *a = arena_open();
	Interner *in = intern_open(a);
	for (int i = 0; i < N; i++)
		names[i] = intern_printf(in, "name_%d", i);
	for (int i = 0; i < N; i++) {
		char text[32];
		snprintf(text, sizeof text, "name_%d", i);
		CU_ASSERT_PTR_EQUAL(names[i], intern(in, text));
		CU_ASSERT_STRING_EQUAL(names[i], text);
	}
	arena_close(a);
}

CU_TestInfo test_intern[] = {
	{"equal texts are one pointer", equal_texts_are_one_pointer},
	{"names stay where they are while the table grows",
		names_stay_where_they_are_while_the_table_grows},
	CU_TEST_INFO_NULL,
};
