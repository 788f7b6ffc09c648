/* intern: an open hash table of strings, at most two thirds full. */
#include "base/intern.h"

#include <string.h>

typedef struct {
	Name name;                                        /* NULL: free */
	size_t n;
	uint64_t hash;
} Slot;

struct Interner {
	Arena *arena;
	Slot *slots;
	size_t n, cap;                                    /* cap is a power of two */
};

enum { FIRST_CAP = 256 };

Interner *
intern_open(Arena *a)
{
	Interner *in = ARENA_NEW(a, Interner);
	in->arena = a;
	in->cap = FIRST_CAP;
	in->slots = ARENA_ARRAY(a, Slot, in->cap);
	return in;
}

/* FNV-1a. */
static uint64_t
hash_text(const char *s, size_t n)
{
	uint64_t h = 0xcbf29ce484222325u;
	for (size_t i = 0; i < n; i++)
		h = (h ^ (unsigned char)s[i]) * 0x100000001b3u;
	return h;
}

/* The slot that holds the text, or the free one where it belongs. */
static Slot *
find_slot(const Interner *in, const char *s, size_t n, uint64_t hash)
{
	size_t i = (size_t)hash & (in->cap - 1);
	for (;; i = (i + 1) & (in->cap - 1)) {
		Slot *slot = &in->slots[i];
		if (!slot->name)
			return slot;
		if (slot->hash == hash && slot->n == n && memcmp(slot->name, s, n) == 0)
			return slot;
	}
}

static void
grow(Interner *in)
{
	Slot *old = in->slots;
	size_t old_cap = in->cap;
	in->cap *= 2;
	in->slots = ARENA_ARRAY(in->arena, Slot, in->cap);
	for (size_t i = 0; i < old_cap; i++) {
		if (old[i].name)
			*find_slot(in, old[i].name, old[i].n, old[i].hash) = old[i];
	}
}

Name
intern(Interner *in, const char *s)
{
	return intern_n(in, s, strlen(s));
}

Name
intern_n(Interner *in, const char *s, size_t n)
{
	uint64_t hash = hash_text(s, n);
	Slot *slot = find_slot(in, s, n, hash);
	if (slot->name)
		return slot->name;
	if ((in->n + 1) * 3 > in->cap * 2) {
		grow(in);
		slot = find_slot(in, s, n, hash);
	}
	*slot = (Slot){arena_strndup(in->arena, s, n), n, hash};
	in->n++;
	return slot->name;
}

bool
intern_has(const Interner *in, const char *s, size_t n)
{
	return find_slot(in, s, n, hash_text(s, n))->name != NULL;
}

Name
intern_printf(Interner *in, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	const char *s = arena_vprintf(in->arena, fmt, ap);
	va_end(ap);
	return intern(in, s);
}
