/* plan_help.h: for tests of what becomes of a program: from .snn text to a plan, and its run by eval. */
#ifndef SNNC_TESTS_PLAN_HELP_H
#define SNNC_TESTS_PLAN_HELP_H

#include "base/arena.h"
#include "plan/plan.h"

typedef struct {
	Arena *arena;
	Interner *names;
	Plan *raw, *plan; /* as lowered, printed and read back; after the passes */
	const char *said; /* all messages; plan is NULL if there were errors */
} Made;

/* The library (or `models` in its place, unless NULL) and a program. Every stage must verify. */
Made make_plan(const char *text, const char *models);
const char *plan_text(Made *m, const Plan *p);

/* What stands in the files of a program: `fill` takes all of it, `stream` the next row in each step. */
typedef struct {
	const char *path;
	const float *at;
	uint32_t n;
} FedFile;

/* Runs proc `program` from zeroed memory; gives the memory. Steps recorded by `record` are kept: rows of object
 * `name`, one behind the other. Ends the test if the run fails. */
typedef struct {
	Arena *arena;
	const Plan *plan;
	uint8_t *memory;
	const FedFile *files;
	uint32_t *row;
	VEC(float) * rows;
} Ran;
Ran run_plan(Made *m, const Plan *p, const FedFile *files);

float ran_f32(const Ran *r, const char *buf,
	      uint64_t i); /* element i of a buffer, also a bool one, at the end */
float ran_row(const Ran *r, const char *record,
	      uint64_t i); /* element i of all rows of a record, floats or bools */

#endif
