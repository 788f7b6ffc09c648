/* main: runs the unit suites, all or those named on the command line. Exits with 1 if an assertion
 * failed, with 2 if there is no such suite. */
#include "suites.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static CU_SuiteInfo suites[] = {
#define S(name) {.pName = #name, .pTests = test_##name},
#include "suites.def"
#undef S
	CU_SUITE_INFO_NULL,
};

/* Registers the suites called `name`, or all for NULL; false if none is. */
static bool
register_suite(const char *name)
{
	bool found = false;
	for (CU_SuiteInfo *s = suites; s->pName; s++) {
		if (name && strcmp(name, s->pName) != 0)
			continue;
		CU_SuiteInfo one[] = {*s, CU_SUITE_INFO_NULL};
		if (CU_register_suites(one) != CUE_SUCCESS)
			return false;
		found = true;
	}
	return found;
}

int
main(int argc, char **argv)
{
	if (CU_initialize_registry() != CUE_SUCCESS)
		return 2;
	bool ok = argc > 1 || register_suite(NULL);
	for (int i = 1; i < argc && ok; i++)
		ok = register_suite(argv[i]);
	if (!ok) {
		fprintf(stderr, "no such suite; there are:");
		for (CU_SuiteInfo *s = suites; s->pName; s++)
			fprintf(stderr, " %s", s->pName);
		fprintf(stderr, "\n");
		CU_cleanup_registry();
		return 2;
	}
	CU_basic_set_mode(CU_BRM_VERBOSE);
	CU_basic_run_tests();
	unsigned failed = CU_get_number_of_failures();
	CU_cleanup_registry();
	return failed ? 1 : 0;
}
