#include "suites.h"

CU_TestInfo test_source[] = {
	CU_TEST_INFO_NULL,
};
