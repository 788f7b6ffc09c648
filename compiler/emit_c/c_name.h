/* c_name.h: names of the plan as names of C, unique in their scope and away from names that C,
 * its library or the emitted file itself already use. */
#ifndef SNNC_EMIT_C_C_NAME_H
#define SNNC_EMIT_C_C_NAME_H

#include "base/arena.h"
#include "base/vec.h"

#include <stdbool.h>

typedef struct {
	Arena *arena;
	bool file_scope;                  /* names of functions and variables of the file */
	VEC(const char *) taken;
} CNames;

CNames c_names_init(Arena *a, bool file_scope);
void c_names_take(CNames *s, const char *name); /* nobody else gets it */
/* "exc.v" as exc_v; if that is taken or reserved: exc_v2, exc_v3 … or exp_ */
const char *c_names_add(CNames *s, const char *name);
const char *c_names_upper(CNames *s, const char *name); /* the same in capitals, for enumerators */

#endif
