/* library_part: of the models built in, those that a program can name.
 *
 * The program is read first, so that its interner holds every word of it; a declaration of the library whose name is none of them
 * cannot matter to it. What is read may name others: its words are in the interner then, too. A program with errors is
 * read again with the whole library (pipeline.c), which messages suggest names from.
 */
#include "driver/pipeline.h"

#include "parse/parse.h"
#include "source/embedded.h"

#include <string.h>

/* From the line `WORD NAME …` on to the next one; comments between count with what stands above them. */
typedef struct {
	const EmbeddedText *of;
	uint32_t lo, hi;
	const char *name;                                 /* in the text; NULL: it counts for every program */
	size_t n;
	bool read;
	AstProgram program;
} Part;

typedef struct {
	Compilation *c;
	VEC(Part) parts;
	bool ok;
} Parts;

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static size_t
word_length(const char *s)
{
	size_t n = 0;
	while (is_letter(s[n]) || (s[n] >= '0' && s[n] <= '9'))
		n++;
	return n;
}

static void
add_part(Parts *l, const EmbeddedText *t, const char *line)
{
	const char *name = line + word_length(line);
	while (*name == ' ')
		name++;
	Part p = {.of = t, .lo = (uint32_t)(line - t->text), .hi = t->size, .name = is_letter(*name) ? name : NULL, .n = word_length(name)};
	VEC_PUSH(l->c->arena, &l->parts, p);
}

static void
find_parts(Parts *l, const EmbeddedText *t)
{
	uint32_t first = l->parts.n;
	for (const char *line = t->text; line; line = strchr(line, '\n')) {
		line += line > t->text;
		if (!is_letter(*line))
			continue;
		if (l->parts.n > first)
			l->parts.at[l->parts.n - 1].hi = (uint32_t)(line - t->text);
		add_part(l, t, line);
	}
}

/* The text that the part is of; added when it is asked for the first time. */
static const SourceFile *
file_of(Parts *l, const Part *p)
{
	const char *shown = arena_printf(l->c->arena, "<lib>/%s", p->of->name);
	for (uint32_t i = 0; i < source_count(l->c->sources); i++) {
		const SourceFile *f = source_get(l->c->sources, i);
		if (f->library && strcmp(f->name, shown) == 0)
			return f;
	}
	return source_add(l->c->sources, shown, p->of->text, p->of->size, true);
}

static void
read_part(Parts *l, Part *p)
{
	ParseEnv env = {l->c->arena, l->c->names, l->c->sources, l->c->diag};
	const SourceFile *f = file_of(l, p);
	SourceFile *only = ARENA_NEW(l->c->arena, SourceFile);
	*only = (SourceFile){f->name, f->text + p->lo, f->base + p->lo, p->hi - p->lo, true};
	p->read = true;
	l->ok = parse_file(&env, only, &p->program) && l->ok;
}

static bool
is_named(const Parts *l, const Part *p)
{
	return !p->name || intern_has(l->c->names, p->name, p->n);
}

/* As in the whole library: its declarations first, in the order of their texts. */
static void
put_first(Parts *l, AstProgram *into)
{
	AstProgram all = {0};
	for (uint32_t i = 0; i < l->parts.n; i++)
		for (uint32_t k = 0; k < l->parts.at[i].program.decls.n; k++)
			VEC_PUSH(l->c->arena, &all.decls, l->parts.at[i].program.decls.at[k]);
	for (uint32_t i = 0; i < into->decls.n; i++)
		VEC_PUSH(l->c->arena, &all.decls, into->decls.at[i]);
	*into = all;
}

bool
library_read_part(Compilation *c)
{
	Parts l = {.c = c, .ok = true};
	for (const EmbeddedText *t = snnc_embedded_lib; t->name; t++) {
		if (library_is_models(t->name))
			find_parts(&l, t);
		else if (library_is_plan(t->name))
			c->math_plan = c->math_plan ? arena_printf(c->arena, "%s%s\n", c->math_plan, t->text) : t->text;
	}
	for (bool more = true; more;) {
		more = false;
		for (uint32_t i = 0; i < l.parts.n; i++) {
			Part *p = &l.parts.at[i];
			if (p->read || !is_named(&l, p))
				continue;
			read_part(&l, p);
			more = true;
		}
	}
	put_first(&l, &c->ast);
	return l.ok;
}
