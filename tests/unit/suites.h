/* suites.h: declares every suite of the list in CMakeLists.txt; each test_NAME.c includes it, so that
 * the definition is checked against the declaration. */
#ifndef SNNC_TESTS_SUITES_H
#define SNNC_TESTS_SUITES_H

#include <CUnit/Basic.h>

#define S(name) extern CU_TestInfo test_##name[];
#include "suites.def"
#undef S

#endif
