/* kept: compilations that begin from a library that was read once: what the arena held then is put back. */
#include "fuzz.h"

#include "driver/pipeline.h"

#include <stdlib.h>

void
fuzz_compilation(Compilation *c, const Options *o)
{
	static const Options none = {.command = COMMAND_CHECK};
	static Arena *arena;
	static ArenaCopy *copy;
	static Compilation kept;
	if (!arena) {
		arena = arena_open();
		compilation_open(&kept, &none, arena);
		if (!library_read(&kept))
			abort();
		copy = arena_save(arena);
	}
	arena_restore(arena, copy);
	*c = kept;
	compilation_begin(c, o);
	c->whole_library = true;                          /* not once more, for this program */
}
