/* parse: any bytes as a text: read, laid out, read again. What is said of it is printed, as text and as JSON. */
#include "fuzz.h"

#include "driver/pipeline.h"
#include "parse/format.h"

#include <stdlib.h>
#include <string.h>

static const char *
tree(Compilation *c, const SourceFile *f)
{
	ParseEnv env = {c->arena, c->names, c->sources, c->diag};
	AstProgram program = {0};
	StrBuf text = strbuf_init(c->arena);
	if (!parse_file(&env, f, &program))
		return NULL;
	ast_print(&text, &program, true);
	return strbuf_text(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Arena *arena = arena_open();
	Options o = {.command = COMMAND_CHECK, .file = fuzz_file("x.snn", data, size)};
	Compilation c;
	compilation_open(&c, &o, arena);
	const char *why;
	const SourceFile *f = source_read(c.sources, o.file, &why);
	const char *before = f ? tree(&c, f) : NULL;
	if (before) {
		ParseEnv env = {c.arena, c.names, c.sources, c.diag};
		StrBuf out = strbuf_init(arena);
		format_file(&env, f, &out);
		const char *after = tree(&c, source_add(c.sources, "laid out", strbuf_text(&out), out.n, false));
		if (!after || strcmp(before, after) != 0)
			abort();                          /* the layout made another program of it */
	}
	StrBuf text = strbuf_init(arena);
	if (size % 2)
		diag_flush(c.diag, &text, true);
	else
		diag_flush_json(c.diag, &text);
	arena_close(arena);
	return 0;
}
