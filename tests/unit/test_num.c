#include "suites.h"

CU_TestInfo test_num[] = {
	CU_TEST_INFO_NULL,
};
