/* test.h: snnc test. */
#ifndef SNNC_DRIVER_TEST_H
#define SNNC_DRIVER_TEST_H

#include "driver/pipeline.h"
#include "testing/testing.h"

int command_test(const Options *o, Arena *a);             /* gives the exit code */
int tests_check(const Options *o, Arena *a);              /* compiles the tests of o->file; gives the exit code */

/* ---- results.c: what a run left in its folder ---- */
typedef struct {
	Arena *arena;
	const Net *net;
	const char *dir;
	struct { bool read; TestValues values; uint64_t *pairs, n; } *seen;
} Results;
void results_open(Results *r, Arena *a, const Net *net, const char *dir);
TestReader results_reader(Results *r);
/* NULL, or the variable of which two runs saw different values. */
const char *results_differ(Results *a, Results *b);
void results_remove(const char *dir);                     /* a folder and what is in it */

/* ---- golden.c: files of two columns ---- */
typedef struct { double *x, *y; uint64_t n; } Table;
/* A file, or what is built in for a model of the library: then `built_in`, and the path begins in lib/. */
bool golden_read(Arena *a, const char *path, bool built_in, Table *out, const char **why);
bool golden_write(Arena *a, const char *path, const char *x_label, const char *y_label, const Table *t);

/* ---- test_files.c ---- */
typedef VEC(const char *) PathVec;
/* Programs: files as they are, folders with all that ends in .snn below them. False after a message: exit code 3. */
bool test_files(Arena *a, const Options *o, PathVec *out);

#endif
