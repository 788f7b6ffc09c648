/* doc: reads the comment above a model. The lines of a comment are one of
 *
 *	     tau v' = rest - v        an equation: indented by four spaces or more behind the #
 *	 rest, reset: text            an item, when all names are names of the model
 *	 Reference: text              or BindsNET:
 *	   text                       two or three spaces: the item or key goes on
 *	 text                         prose
 */
#include "info/doc.h"

#include "base/panic.h"

#include <ctype.h>
#include <string.h>

typedef struct {
	const char *at;
	size_t n;
} Line;

typedef VEC(Line) LineVec;

/* ---- text ------------------------------------------------------------------------------------ */

static const SourceFile *
file_of(const InfoEnv *env, Span at)
{
	SourcePlace p;
	return source_find(env->sources, at.lo, &p) ? p.file : NULL;
}

const char *
doc_span(const InfoEnv *env, Span at)
{
	const SourceFile *f = file_of(env, at);
	return f ? arena_strndup(env->arena, f->text + (at.lo - f->base), at.hi - at.lo) : "";
}

const char *
doc_source(const InfoEnv *env, const AstDecl *model)
{
	return doc_span(env, model->span);
}

static size_t
indent_of(const char *line)
{
	size_t n = strspn(line, " ");
	return line[n] == '\n' || line[n] == 0 ? SIZE_MAX : n;
}

/* The text of a model, and of the lines of its tests nothing. */
static const char *
without_tests(const InfoEnv *env, const AstDecl *model)
{
	const char *text = doc_source(env, model);
	StrBuf b = strbuf_init(env->arena);
	uint32_t at = model->span.lo;
	for (uint32_t i = 0; i < model->model.tests.n; i++) {
		Span test = model->model.tests.at[i].span;
		uint32_t end = test.lo;
		while (end > at && strchr(" \n", text[end - model->span.lo - 1]))
			end--;
		strbuf_putn(&b, text + (at - model->span.lo), end - at);
		at = test.hi;
	}
	strbuf_puts(&b, text + (at - model->span.lo));
	return strbuf_text(&b);
}

const char *
doc_body(const InfoEnv *env, const AstDecl *model)
{
	const char *text = without_tests(env, model), *lo = strchr(text, '{'),
		   *hi = strrchr(text, '}');
	if (!lo || !hi || hi < lo)
		return "";
	lo++;
	while (lo < hi && (*lo == ' ' || *lo == '\n'))
		lo++;
	while (lo > text && lo[-1] == ' ')
		lo--;
	while (hi > lo && (hi[-1] == ' ' || hi[-1] == '\n'))
		hi--;
	const char *all = arena_strndup(env->arena, lo, (size_t)(hi - lo));
	size_t least = SIZE_MAX;
	for (const char *p = all; p; p = strchr(p, '\n') ? strchr(p, '\n') + 1 : NULL) {
		if (indent_of(p) < least)
			least = indent_of(p);
	}
	StrBuf b = strbuf_init(env->arena);
	for (const char *p = all; *p;) {
		size_t n = strcspn(p, "\n"), cut = strspn(p, " ");
		cut = cut < least ? cut : least;
		strbuf_putn(&b, p + cut, n - cut);
		strbuf_putc(&b, '\n');
		p += n + (p[n] == '\n');
	}
	return strbuf_text(&b);
}

/* Without the # and one space; `from` is the start of a line. */
static Line
comment_line(const char *from)
{
	const char *p = from + strspn(from, " \t") + 1;
	size_t n = strcspn(p, "\n");
	if (n && *p == ' ') {
		p++;
		n--;
	}
	while (n && isspace((unsigned char)p[n - 1]))
		n--;
	return (Line){p, n};
}

static bool
is_comment(const char *line)
{
	return line[strspn(line, " \t")] == '#';
}

/* The lines straight above a place. */
static LineVec
comment_above(const InfoEnv *env, Span at)
{
	LineVec lines = {0};
	const SourceFile *f = file_of(env, at);
	if (!f)
		return lines;
	const char *end = f->text + (at.lo - f->base), *begin;
	while (end > f->text && end[-1] != '\n')
		end--;
	for (begin = end; begin > f->text;) {
		const char *line = begin - 1;
		while (line > f->text && line[-1] != '\n')
			line--;
		if (!is_comment(line))
			break;
		begin = line;
	}
	while (begin < end) {
		VEC_PUSH(env->arena, &lines, comment_line(begin));
		begin += strcspn(begin, "\n") + 1;
	}
	return lines;
}

/* ---- names of a model ------------------------------------------------------------------------- */

static bool
names_draw(const AstStmtVec *body, const char *s, size_t n)
{
	for (uint32_t i = 0; i < body->n; i++) {
		const AstStmt *a = body->at[i];
		if (a->kind == ASTMT_LET && strlen(a->name) == n && !strncmp(a->name, s, n))
			return true;
		if (names_draw(&a->body, s, n) || names_draw(&a->other, s, n))
			return true;
	}
	return false;
}

static bool
is_named(const AstModel *m, const char *s, size_t n)
{
#define SAME(name) (strlen(name) == n && !strncmp((name), s, n))
	for (uint32_t i = 0; i < m->params.n; i++) {
		if (SAME(m->params.at[i].name))
			return true;
	}
	for (uint32_t i = 0; i < m->states.n; i++) {
		if (SAME(m->states.at[i].name))
			return true;
	}
	for (uint32_t i = 0; i < m->traces.n; i++) {
		if (SAME(m->traces.at[i].name))
			return true;
	}
	for (uint32_t i = 0; i < m->needs.n; i++) {
		if (SAME(m->needs.at[i].name))
			return true;
	}
	for (uint32_t i = 0; i < m->handlers.n; i++) {
		if (names_draw(&m->handlers.at[i].body, s, n))
			return true;
	}
	return m->learns && SAME(m->learns);
#undef SAME
}

static size_t
word_length(const char *s, size_t n)
{
	size_t k = 0;
	while (k < n && (isalnum((unsigned char)s[k]) || s[k] == '_' || (unsigned char)s[k] > 127))
		k++;
	return k;
}

/* The length of `a, b: ` at the start of a line, when all are names of the model; else 0. */
static size_t
item_length(const AstModel *m, Line l)
{
	for (size_t k = 0; k < l.n;) {
		size_t n = word_length(l.at + k, l.n - k);
		if (!n || !is_named(m, l.at + k, n))
			return 0;
		k += n;
		if (k + 1 < l.n && l.at[k] == ':' && l.at[k + 1] == ' ')
			return k + 2;
		if (k + 1 >= l.n || l.at[k] != ',' || l.at[k + 1] != ' ')
			return 0;
		k += 2;
	}
	return 0;
}

/* ---- reading ---------------------------------------------------------------------------------- */

/* Items with one text: from `first` on. */
typedef struct {
	size_t first;
	StrBuf text;
} Group;

typedef struct {
	const InfoEnv *env;
	const AstModel *model;
	StrBuf prose, equations;
	StrBuf *open; /* of the item or key that may go on; NULL: prose */
	Doc *doc;
	bool parted; /* an empty line stood before */
	VEC(Group) groups;
	StrBuf reference, bindsnet;
} Reader;

static void
add(StrBuf *b, const char *s, size_t n)
{
	if (b->n && b->at[b->n - 1] != '\n')
		strbuf_putc(b, ' ');
	strbuf_putn(b, s, n);
}

static void
begin_item(Reader *r, Line l, size_t head)
{
	size_t first = r->doc->items.n;
	for (size_t k = 0; k + 1 < head; k += 2) {
		size_t n = word_length(l.at + k, head - k);
		VEC_PUSH(r->env->arena, &r->doc->items,
			 (DocItem){arena_strndup(r->env->arena, l.at + k, n), NULL});
		k += n;
	}
	VEC_PUSH(r->env->arena, &r->groups, (Group){first, strbuf_init(r->env->arena)});
	r->open = &r->groups.at[r->groups.n - 1].text;
	add(r->open, l.at + head, l.n - head);
}

static bool
begin_key(Reader *r, Line l, const char *key, StrBuf *b)
{
	size_t n = strlen(key);
	if (l.n < n || strncmp(l.at, key, n) != 0)
		return false;
	r->open = b;
	add(b, l.at + n, l.n - n);
	return true;
}

static void
take(Reader *r, Line l)
{
	size_t blanks = 0;
	while (blanks < l.n && l.at[blanks] == ' ')
		blanks++;
	Line bare = {l.at + blanks, l.n - blanks};
	if (!bare.n) {
		r->open = NULL;
		r->parted = true;
		return;
	}
	if (blanks >= 4) {
		if (r->equations.n && r->parted)
			strbuf_putc(&r->equations, '\n');
		strbuf_putn(&r->equations, l.at + 4, l.n - 4);
		strbuf_putc(&r->equations, '\n');
		r->open = NULL;
	} else if (blanks >= 2 && r->open) {
		add(r->open, bare.at, bare.n);
	} else if (item_length(r->model, bare)) {
		begin_item(r, bare, item_length(r->model, bare));
	} else if (!begin_key(r, bare, "Reference: ", &r->reference) &&
		   !begin_key(r, bare, "BindsNET: ", &r->bindsnet)) {
		if (r->prose.n && (r->parted || r->open))
			strbuf_puts(&r->prose, "\n\n");
		r->open = NULL;
		add(&r->prose, bare.at, bare.n);
	}
	r->parted = false;
}

/* The end of the first sentence: a full stop before a blank, or the end of the paragraph. */
static size_t
sentence(const char *s)
{
	static const char *const not_ends[] = {"e.g.", "i.e.", "al.", "cf."};
	for (size_t i = 0; s[i]; i++) {
		if (s[i] == '\n')
			return i;
		bool ends = s[i] == '.' && (s[i + 1] == ' ' || s[i + 1] == '\n');
		for (size_t k = 0; ends && k < sizeof not_ends / sizeof *not_ends; k++) {
			size_t n = strlen(not_ends[k]);
			ends = i + 1 < n || strncmp(s + i + 1 - n, not_ends[k], n) != 0;
		}
		if (ends)
			return i + 1;
	}
	return strlen(s);
}

static void
split_prose(Reader *r)
{
	const char *all = strbuf_text(&r->prose);
	size_t n = sentence(all);
	r->doc->summary = n ? arena_strndup(r->env->arena, all, n) : NULL;
	r->doc->rest = arena_strdup(r->env->arena, all + n + strspn(all + n, " \n"));
}

/* `a, b: one; two`: as many parts as names, so each name gets its own; else each gets all. */
static void
share_out(const InfoEnv *env, Doc *d, size_t first, size_t end, const char *text)
{
	size_t parts = 1;
	for (const char *p = text; (p = strstr(p, "; ")); p += 2)
		parts++;
	for (size_t k = first; k < end; k++) {
		const char *stop = parts == end - first ? strstr(text, "; ") : NULL;
		d->items.at[k].text =
			stop ? arena_strndup(env->arena, text, (size_t)(stop - text)) : text;
		text = stop ? stop + 2 : text;
	}
}

Doc
doc_read(const InfoEnv *env, const AstDecl *model)
{
	Doc d = {.rest = ""};
	Reader r = {.env = env, .model = &model->model, .doc = &d};
	r.prose = strbuf_init(env->arena);
	r.equations = strbuf_init(env->arena);
	r.reference = strbuf_init(env->arena);
	r.bindsnet = strbuf_init(env->arena);
	LineVec lines = comment_above(env, model->span);
	for (uint32_t i = 0; i < lines.n; i++)
		take(&r, lines.at[i]);
	split_prose(&r);
	for (uint32_t g = 0; g < r.groups.n; g++) {
		size_t end = g + 1 < r.groups.n ? r.groups.at[g + 1].first : d.items.n;
		share_out(env, &d, r.groups.at[g].first, end, strbuf_text(&r.groups.at[g].text));
	}
	d.equations = r.equations.n ? strbuf_text(&r.equations) : NULL;
	d.reference = r.reference.n ? strbuf_text(&r.reference) : NULL;
	d.bindsnet = r.bindsnet.n ? strbuf_text(&r.bindsnet) : NULL;
	return d;
}

const char *
doc_item(const Doc *d, Name name)
{
	for (uint32_t i = 0; i < d->items.n; i++) {
		if (strcmp(d->items.at[i].name, name) == 0)
			return d->items.at[i].text;
	}
	return NULL;
}

const char *
doc_of_file(const InfoEnv *env, const SourceFile *f, const char **rest)
{
	static const AstModel nothing;
	Doc d = {.rest = ""};
	Reader r = {.env = env, .model = &nothing, .doc = &d};
	r.prose = strbuf_init(env->arena);
	r.equations = strbuf_init(env->arena);
	r.reference = strbuf_init(env->arena);
	r.bindsnet = strbuf_init(env->arena);
	const char *p = f->text;
	while (is_comment(p)) {
		take(&r, comment_line(p));
		p += strcspn(p, "\n");
		p += *p == '\n';
	}
	split_prose(&r);
	*rest = d.rest;
	return d.summary && *p == '\n' ? d.summary : "";
}
