#include "suites.h"

CU_TestInfo test_intern[] = {
	CU_TEST_INFO_NULL,
};
