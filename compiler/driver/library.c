/* library: the language's own models (.snn) and mathematics (.plan), built in or from --lib DIR. */
#define _GNU_SOURCE
#include "driver/pipeline.h"

#include "parse/parse.h"
#include "source/embedded.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

typedef struct {
	Compilation *c;
	StrBuf plans;
	bool ok;
} Library;

static bool
ends_in(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);
	return n >= m && strcmp(s + n - m, end) == 0;
}

bool
library_is_models(const char *name)
{
	return ends_in(name, ".snn");
}

bool
library_is_plan(const char *name)
{
	return ends_in(name, ".plan");
}

static void
add_text(Library *l, const char *name, const char *text, size_t size)
{
	Compilation *c = l->c;
	if (library_is_plan(name)) {
		strbuf_putn(&l->plans, text, size);
		strbuf_putc(&l->plans, '\n');
	} else if (library_is_models(name)) {
		const char *shown = arena_printf(c->arena, "<lib>/%s", name);
		ParseEnv env = {c->arena, c->names, c->sources, c->diag};
		l->ok = parse_file(&env, source_add(c->sources, shown, text, size, true),
				   &c->ast) &&
			l->ok;
	}
}

static void
report_unreadable(Library *l, const char *path, const char *why)
{
	l->ok = false;
	l->c->world_errors++;
	diag_begin(l->c->diag, E0001, (Span){0, 0}, "`%s` cannot be read: %s", path, why);
	diag_help(l->c->diag, "`--lib` names a folder like `lib/`; without it the models built in are used");
	diag_end(l->c->diag);
}

static int
by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

enum { DEEPEST = 8 };

/* All files below dir, in order of their names; `shown` is the part of the path that stands in messages. */
static void
read_folder(Library *l, const char *dir, const char *shown, int depth)
{
	Compilation *c = l->c;
	struct dirent **entry;
	int n = scandir(dir, &entry, NULL, by_name);
	if (n < 0) {
		report_unreadable(l, dir, strerror(errno));
		return;
	}
	for (int i = 0; i < n; i++) {
		const char *name = entry[i]->d_name;
		const char *path = arena_printf(c->arena, "%s/%s", dir, name);
		const char *inner = *shown ? arena_printf(c->arena, "%s/%s", shown, name)
					   : arena_strdup(c->arena, name);
		struct stat st;
		if (name[0] != '.' && stat(path, &st) == 0) {
			if (S_ISDIR(st.st_mode) && depth < DEEPEST) {
				read_folder(l, path, inner, depth + 1);
			} else if (library_is_models(name) || library_is_plan(name)) {
				const char *why = NULL;
				SourceMap *other = source_open(c->arena);
				const SourceFile *f = source_read(other, path, &why);
				if (f)
					add_text(l, inner, f->text, f->size);
				else
					report_unreadable(l, path, why);
			}
		}
		free(entry[i]);
	}
	free(entry);
}

bool
library_read(Compilation *c)
{
	Library l = {c, strbuf_init(c->arena), true};
	if (c->math_plan)
		return true;
	if (c->o->lib) {
		read_folder(&l, c->o->lib, "", 0);
	} else {
		for (const EmbeddedText *t = snnc_embedded_lib; t->name; t++)
			add_text(&l, t->name, t->text, t->size);
	}
	c->math_plan = strbuf_text(&l.plans);
	return l.ok;
}
