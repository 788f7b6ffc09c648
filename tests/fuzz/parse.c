/* parse: any bytes as a program: read, laid out, read again, checked for names and units. What it says is printed, too. */
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
	Compilation whole;
	compilation_open(&whole, &o, arena);
	pipeline_run(&whole, "sema");
	StrBuf text = strbuf_init(arena), json = strbuf_init(arena);
	diag_flush(c.diag, &text, true);
	diag_flush_json(whole.diag, &json);
	arena_close(arena);
	return 0;
}
