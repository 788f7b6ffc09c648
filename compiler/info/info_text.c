/* info_text: models for a terminal, in lines of 100 columns. */
#include "info/page.h"

#include <string.h>

enum { WIDE = 100 };

static size_t
columns(const char *s, size_t n)
{
	size_t k = 0;
	for (size_t i = 0; i < n; i++)
		k += ((unsigned char)s[i] & 0xc0) != 0x80;
	return k;
}

static void
pad(StrBuf *out, size_t n)
{
	while (n-- > 0)
		strbuf_putc(out, ' ');
}

/* Words from column `at` on, further lines at column `left`; ends the line. */
static void
put_words(StrBuf *out, const char *text, size_t at, size_t left)
{
	bool first = true;
	while (*(text += strspn(text, " "))) {
		size_t n = strcspn(text, " "), wide = columns(text, n);
		if (!first && at + 1 + wide > WIDE) {
			strbuf_putc(out, '\n');
			pad(out, left);
			at = left;
		} else if (!first) {
			strbuf_putc(out, ' ');
			at++;
		}
		strbuf_putn(out, text, n);
		at += wide;
		first = false;
		text += n;
	}
	strbuf_putc(out, '\n');
}

static void
put_lines(StrBuf *out, const char *text, size_t left)
{
	while (*text) {
		size_t n = strcspn(text, "\n");
		if (n) {
			pad(out, left);
			strbuf_putn(out, text, n);
		}
		strbuf_putc(out, '\n');
		text += n + (text[n] == '\n');
	}
}

static void
put_paragraphs(const InfoEnv *env, StrBuf *out, const char *text)
{
	while (*text) {
		const char *end = strstr(text, "\n\n");
		size_t n = end ? (size_t)(end - text) : strlen(text);
		put_words(out, arena_strndup(env->arena, text, n), 0, 0);
		text += n + (end ? 2 : 0);
		if (*text)
			strbuf_putc(out, '\n');
	}
}

/* ---- a table ---------------------------------------------------------------------------------- */

static size_t
widest(const PageRows *rows, bool values, size_t least)
{
	size_t w = least;
	for (uint32_t i = 0; i < rows->n; i++) {
		const PageRow *r = &rows->at[i];
		size_t n = values ? columns(r->value, strlen(r->value)) + (*r->unit && *r->value) +
					    columns(r->unit, strlen(r->unit))
				  : columns(r->name, strlen(r->name));
		w = n > w ? n : w;
	}
	return w;
}

static void
put_rows(StrBuf *out, const char *title, const PageRows *rows)
{
	size_t names = widest(rows, false, 8) + 2, values = widest(rows, true, 0);
	if (!rows->n)
		return;
	strbuf_printf(out, "\n%s\n", title);
	for (uint32_t i = 0; i < rows->n; i++) {
		const PageRow *r = &rows->at[i];
		size_t at = out->n;
		strbuf_printf(out, "    %s", r->name);
		size_t have = columns(out->at + at, out->n - at);
		pad(out, 4 + names - have);
		at = out->n;
		strbuf_printf(out, "%s%s%s", r->value, *r->value && *r->unit ? " " : "", r->unit);
		have = columns(out->at + at, out->n - at);
		if (r->text) {
			pad(out, values - have + (values ? 2 : 0));
			size_t left = 4 + names + values + (values ? 2 : 0);
			put_words(out, r->text, left, left);
		} else {
			while (out->n && out->at[out->n - 1] == ' ')
				out->n--;
			strbuf_putc(out, '\n');
		}
	}
}

/* ---- a model ---------------------------------------------------------------------------------- */

static void
put_key(StrBuf *out, const char *key, const char *text)
{
	if (!text)
		return;
	strbuf_printf(out, "%-11s ", key);
	put_words(out, text, 12, 12);
}

void
info_text_model(StrBuf *out, const InfoEnv *env, const AstDecl *model)
{
	Doc d = doc_read(env, model);
	strbuf_printf(out, "%s %s\n\n", page_kind(model->kind), model->name);
	if (d.summary) {
		const char *between = d.rest[0] ? " " : "";
		put_paragraphs(env, out,
			       arena_printf(env->arena, "%s%s%s", d.summary, between, d.rest));
		strbuf_putc(out, '\n');
	}
	put_lines(out, page_equations(env, model, &d), 4);
	PageRows params = page_params(env, model, &d), states = page_states(env, model, &d),
		 draws = page_draws(env, model, &d), signals = page_signals(env, model, &d);
	put_rows(out, "Parameters", &params);
	put_rows(out, "States", &states);
	put_rows(out, "Signals", &signals);
	put_rows(out, "Draws", &draws);
	strbuf_putc(out, '\n');
	put_key(out, "Reference", d.reference);
	put_key(out, "BindsNET", d.bindsnet);
	put_key(out, "Use", page_use(env, model));
	put_key(out, "Text", page_place(env, model));
	put_key(out, "Tests", page_tests(env, model));
}

/* ---- the list --------------------------------------------------------------------------------- */

static void
put_kind(StrBuf *out, const InfoEnv *env, AstDeclKind kind)
{
	DeclVec models = page_models(env, kind);
	const SourceFile *file = NULL;
	size_t wide = 0;
	for (uint32_t i = 0; i < models.n; i++) {
		size_t n = strlen(models.at[i]->name);
		wide = n > wide ? n : wide;
	}
	for (uint32_t i = 0; i < models.n; i++) {
		const AstDecl *m = models.at[i];
		Doc d = doc_read(env, m);
		if (i == 0)
			strbuf_printf(out, "%s%s\n", out->n ? "\n" : "", page_kinds(kind));
		if (page_file(env, m) != file) {
			const char *rest, *about;
			file = page_file(env, m);
			about = file ? doc_of_file(env, file, &rest) : "";
			if (env->library && *about) {
				strbuf_puts(out, "  ");
				put_words(out, about, 2, 2);
			}
		}
		strbuf_printf(out, "    %s", m->name);
		if (d.summary) {
			pad(out, wide + 2 - strlen(m->name));
			put_words(out, d.summary, wide + 6, wide + 6);
		} else {
			strbuf_putc(out, '\n');
		}
	}
}

void
info_list(StrBuf *out, const InfoEnv *env)
{
	put_kind(out, env, ADECL_NEURON);
	put_kind(out, env, ADECL_FEATURE);
	put_kind(out, env, ADECL_RULE);
}
