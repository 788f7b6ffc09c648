/* pages: docs/errors as people read it in a terminal: fences become indents. */
#include "driver/pages.h"

#include "diag/diag.h"
#include "driver/output.h"
#include "source/embedded.h"

#include <string.h>

static const EmbeddedText *
find_page(Arena *a, const char *code)
{
	const char *name = arena_printf(a, "%s.md", code);
	for (const EmbeddedText *t = snnc_embedded_pages; t->name; t++) {
		if (strcmp(t->name, name) == 0)
			return t;
	}
	return NULL;
}

/* Headings lose their marks, programs stand four blanks in. */
static void
put_page(StrBuf *out, const char *text)
{
	bool fenced = false;
	for (const char *line = text, *end; *line; line = end) {
		end = strchr(line, '\n');
		end = end ? end + 1 : line + strlen(line);
		if (strncmp(line, "```", 3) == 0) {
			fenced = !fenced;
			continue;
		}
		if (fenced && *line != '\n')
			strbuf_puts(out, "    ");
		else if (!fenced)
			line += strspn(line, "#") + (*line == '#');
		strbuf_putn(out, line, (size_t)(end - line));
	}
}

int
pages_print(Arena *a, const char *text)
{
	DiagCode code;
	StrBuf out = strbuf_init(a);
	const EmbeddedText *page = diag_code_find(text, &code) ? find_page(a, diag_code_text(code)) : NULL;
	if (page)
		put_page(&out, page->text);
	else
		strbuf_printf(&out, "%s: %s\n", diag_code_text(code), diag_code_meaning(code));
	return output_write(a, NULL, &out) ? EXIT_FINE : EXIT_WORLD;
}
