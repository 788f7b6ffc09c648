/* arena.h: memory that is given back all at once.
 *
 * A compilation holds two arenas: one for what lives until the end, one that a
 * verb may fill and that is reset when the verb returns. Nothing taken from an
 * arena is freed on its own. Running out of memory ends the program, so no
 * caller tests for NULL. Memory is zeroed.
 */
#ifndef SNNC_BASE_ARENA_H
#define SNNC_BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Arena Arena;
typedef struct { void *chunk; size_t used; } ArenaMark;

Arena *arena_open(void);
void arena_close(Arena *a);
void *arena_alloc(Arena *a, size_t size);                 /* zeroed, aligned to 16 */
void *arena_copy(Arena *a, const void *p, size_t size);
char *arena_strdup(Arena *a, const char *s);
char *arena_strndup(Arena *a, const char *s, size_t n);
char *arena_printf(Arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
char *arena_vprintf(Arena *a, const char *fmt, va_list ap);
ArenaMark arena_mark(const Arena *a);
void arena_reset(Arena *a, ArenaMark m);                  /* later memory is poisoned in debug builds */
size_t arena_bytes(const Arena *a);

/* What an arena holds, copied byte by byte, and put back as often as wanted: what came later is given back, and what changed since
 * is as it was. For whoever begins many times from the same state; nothing outside of the arena is part of it. */
typedef struct ArenaCopy ArenaCopy;
ArenaCopy *arena_save(const Arena *a);
void arena_restore(Arena *a, const ArenaCopy *c);
void arena_copy_free(ArenaCopy *c);

#define ARENA_NEW(a, T) ((T *)arena_alloc((a), sizeof(T)))
#define ARENA_ARRAY(a, T, n) ((T *)arena_alloc((a), sizeof(T) * (size_t)(n)))

#endif
