/* vec: the one function behind VEC_PUSH. */
#include "base/vec.h"

#include "base/panic.h"

#include <string.h>

void *
vec_grow(Arena *a, void *at, size_t size, uint32_t n, uint32_t *cap)
{
	ASSERT(*cap <= UINT32_MAX / 2);
	*cap = *cap ? *cap * 2 : 8;
	void *out = arena_alloc(a, size * *cap);
	if (n)
		memcpy(out, at, size * n);
	return out;
}
