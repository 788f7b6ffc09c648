#include "suites.h"

CU_TestInfo test_diag[] = {
	CU_TEST_INFO_NULL,
};
