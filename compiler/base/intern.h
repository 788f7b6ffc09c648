/* intern.h: equal strings become the same pointer.
 *
 * Names are compared by pointer everywhere after the scanner. A Name is a
 * NUL-terminated string that lives as long as the interner.
 */
#ifndef SNNC_BASE_INTERN_H
#define SNNC_BASE_INTERN_H

#include "base/arena.h"

#include <stdbool.h>

typedef const char *Name;
typedef struct Interner Interner;

Interner *intern_open(Arena *a);                          /* lives in the arena; nothing to close */
Name intern(Interner *in, const char *s);
Name intern_n(Interner *in, const char *s, size_t n);
bool intern_has(const Interner *in, const char *s, size_t n); /* was it interned before? */
Name intern_printf(Interner *in, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
