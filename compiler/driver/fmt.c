/* fmt: files are replaced whole or not at all, and only by a text that is the same program. */
#define _POSIX_C_SOURCE 200809L
#include "driver/fmt.h"

#include "driver/output.h"
#include "driver/run.h"
#include "parse/format.h"

#include <stdio.h>
#include <string.h>

/* The program of a text, without its places; NULL after messages. */
static const char *
program_of(Compilation *c, const SourceFile *f)
{
	ParseEnv env = {c->arena, c->names, c->sources, c->diag};
	AstProgram program = {0};
	StrBuf text = strbuf_init(c->arena);
	if (!parse_file(&env, f, &program))
		return NULL;
	ast_print(&text, &program, true);
	return strbuf_text(&text);
}

/* The text laid out; NULL after messages. */
static const char *
formatted(Compilation *c, const SourceFile *f, const char *name)
{
	ParseEnv env = {c->arena, c->names, c->sources, c->diag};
	StrBuf out = strbuf_init(c->arena);
	const char *before = program_of(c, f), *after;
	run_tell(c);
	if (!before)
		return NULL;
	format_file(&env, f, &out);
	after = program_of(c, source_add(c->sources, name, strbuf_text(&out), out.n, false));
	if (!after || strcmp(before, after) != 0) {
		output_say("`%s` is left as it is: laid out anew it would be another program; this is a bug in snnc", name);
		return NULL;
	}
	return strbuf_text(&out);
}

static const SourceFile *
read_source(Compilation *c, const char *path, const char *name)
{
	const char *why = NULL;
	const SourceFile *f = source_read(c->sources, path, &why);
	if (!f)
		output_say("`%s` cannot be read: %s", name, why);
	return f;
}

static int
format_one(Compilation *c, const char *path)
{
	bool piped = strcmp(path, "-") == 0;
	const SourceFile *f = read_source(c, piped ? "/dev/stdin" : path, path);
	uint32_t errors = diag_errors(c->diag);
	if (!f)
		return EXIT_WORLD;
	const char *text = formatted(c, f, path);
	if (!text)
		return diag_errors(c->diag) > errors ? EXIT_TEXT : EXIT_WORLD;
	bool same = strcmp(text, f->text) == 0;
	if (c->o->check) {
		if (!same)
			printf("%s\n", path);
		return same ? EXIT_FINE : EXIT_TEXT;
	}
	if (same && !piped)
		return EXIT_FINE;
	StrBuf out = strbuf_init(c->arena);
	strbuf_puts(&out, text);
	return output_write(c->arena, piped ? NULL : path, &out) ? EXIT_FINE : EXIT_WORLD;
}

int
command_fmt(Compilation *c)
{
	int code = EXIT_FINE;
	if (!c->o->files.n)
		return format_one(c, "-");
	for (uint32_t i = 0; i < c->o->files.n; i++) {
		int one = format_one(c, c->o->files.at[i]);
		code = one > code ? one : code;
	}
	return code;
}
