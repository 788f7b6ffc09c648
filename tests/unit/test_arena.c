#include "suites.h"

CU_TestInfo test_arena[] = {
	CU_TEST_INFO_NULL,
};
