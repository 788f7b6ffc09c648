/* info_markdown: all models as one document. */
#include "info/page.h"

#include <ctype.h>
#include <string.h>

static void
put_cell(StrBuf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '|')
			strbuf_putc(out, '\\');
		strbuf_putc(out, *text);
	}
}

static const char *
described(const char *text)
{
	return text ? text : INFO_MISSING;
}

/* How headings become anchors. */
static const char *
anchor(const InfoEnv *env, const char *name)
{
	char *s = arena_strdup(env->arena, name);
	for (char *p = s; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	return s;
}

static void
put_index(StrBuf *out, const InfoEnv *env, AstDeclKind kind)
{
	DeclVec models = page_models(env, kind);
	if (!models.n)
		return;
	strbuf_printf(out, "\n| %s | |\n|---|---|\n", page_kind(kind));
	for (uint32_t i = 0; i < models.n; i++) {
		Doc d = doc_read(env, models.at[i]);
		strbuf_printf(out, "| [%s](#%s) | ", models.at[i]->name,
			      anchor(env, models.at[i]->name));
		put_cell(out, described(d.summary));
		strbuf_puts(out, " |\n");
	}
}

static void
put_params(StrBuf *out, const PageRows *rows)
{
	if (rows->n)
		strbuf_puts(out, "\n| parameter | default | |\n|---|---|---|\n");
	for (uint32_t i = 0; i < rows->n; i++) {
		const PageRow *r = &rows->at[i];
		strbuf_printf(out, "| `%s` | ", r->name);
		if (*r->value)
			strbuf_printf(out, "`%s`%s", r->value, *r->unit ? " " : "");
		else
			strbuf_puts(out, *r->unit ? "must be given " : "must be given");
		put_cell(out, r->unit);
		strbuf_puts(out, " | ");
		put_cell(out, described(r->text));
		strbuf_puts(out, " |\n");
	}
}

static void
put_states(StrBuf *out, const PageRows *rows, const char *title)
{
	if (rows->n)
		strbuf_printf(out, "\n%s:\n\n", title);
	for (uint32_t i = 0; i < rows->n; i++) {
		const PageRow *r = &rows->at[i];
		strbuf_printf(out, "* `%s`%s%s%s%s%s%s\n", r->name, *r->unit ? " " : "", r->unit,
			      *r->value ? ", " : "", r->value, r->text ? ": " : "",
			      r->text ? r->text : "");
	}
}

static void
put_model(StrBuf *out, const InfoEnv *env, const AstDecl *m)
{
	Doc d = doc_read(env, m);
	strbuf_printf(out, "\n### %s\n\n%s", m->name, described(d.summary));
	strbuf_printf(out, "%s%s\n\n```text\n%s```\n", *d.rest ? " " : "", d.rest,
		      page_equations(env, m, &d));
	PageRows params = page_params(env, m, &d), states = page_states(env, m, &d),
		 draws = page_draws(env, m, &d), signals = page_signals(env, m, &d);
	put_params(out, &params);
	put_states(out, &states, "States");
	put_states(out, &signals, "Signals");
	put_states(out, &draws, "Draws");
	const char *place = page_place(env, m);
	size_t n = strcspn(place, ":");
	if (d.reference)
		strbuf_printf(out, "\n**Reference.** %s\n", d.reference);
	if (d.bindsnet)
		strbuf_printf(out, "\n**BindsNET.** %s\n", d.bindsnet);
	if (!d.reference && !d.bindsnet && m->kind != ADECL_FEATURE)
		strbuf_puts(out, "\n**Reference.** " INFO_MISSING "\n");
	if (env->library)
		strbuf_printf(out, "\nIn [%.*s](../%.*s)\n", (int)n, place, (int)n, place);
}

static void
put_kind(StrBuf *out, const InfoEnv *env, AstDeclKind kind)
{
	DeclVec models = page_models(env, kind);
	const SourceFile *file = NULL;
	if (models.n)
		strbuf_printf(out, "\n## %s\n", page_kinds(kind));
	for (uint32_t i = 0; i < models.n; i++) {
		if (page_file(env, models.at[i]) != file) {
			const char *rest = "", *about;
			file = page_file(env, models.at[i]);
			about = file ? doc_of_file(env, file, &rest) : "";
			if (*about && env->library)
				strbuf_printf(out, "\n*%s%s%s*\n", about, *rest ? " " : "", rest);
		}
		put_model(out, env, models.at[i]);
	}
}

void
info_markdown(StrBuf *out, const InfoEnv *env)
{
	static const AstDeclKind kinds[] = {ADECL_NEURON, ADECL_FEATURE, ADECL_RULE};
	if (!env->library)
		strbuf_puts(out, "# Models\n");
	else
		strbuf_puts(out, "# Models of the library\n\nPrinted by `snnc info --markdown` "
				 "from the comments in `lib/`; `snnc info NAME` shows "
				 "one in the terminal, `snnc info NAME --source`\nits text, to "
				 "begin a model of one's own with.\n");
	for (size_t k = 0; k < 3; k++)
		put_index(out, env, kinds[k]);
	for (size_t k = 0; k < 3; k++)
		put_kind(out, env, kinds[k]);
}
