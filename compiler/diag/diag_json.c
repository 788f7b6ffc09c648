/* diag_json: a message as one JSON object in one line, for editors and other tools; docs/diagnostics.md says what is in it.
 *
 * Places count lines and characters from 1, as the text does; `end_line`, `end_column` is behind the last character;
 * `offset` and `length` are bytes of the file.
 */
#include "diag/message.h"

#include <string.h>

static void
put_string(StrBuf *out, const char *s)
{
	strbuf_putc(out, '"');
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			strbuf_printf(out, "\\%c", *s);
		else if ((unsigned char)*s < 0x20 || *s == 0x7F)
			strbuf_printf(out, "\\u%04x", (unsigned char)*s);
		else
			strbuf_putc(out, *s);
	}
	strbuf_putc(out, '"');
}

static void
put_field(StrBuf *out, const char *name, const char *value)
{
	strbuf_printf(out, "\"%s\":", name);
	put_string(out, value);
}

/* True where the place is one: then its fields are written, without braces. */
static bool
put_place(const SourceMap *sources, Span at, StrBuf *out)
{
	SourcePlace from, to;
	if (!source_find(sources, at.lo, &from) || !source_find(sources, at.hi > at.lo ? at.hi : at.lo, &to))
		return false;
	put_field(out, "file", from.file->name);
	strbuf_printf(out, ",\"line\":%u,\"column\":%u,\"end_line\":%u,\"end_column\":%u,\"offset\":%u,\"length\":%u", from.line,
		      diag_char_column(&from), to.line, diag_char_column(&to), at.lo - from.file->base,
		      at.hi > at.lo ? at.hi - at.lo : 0);
	return true;
}

static void
put_notes(const DiagMessage *msg, bool help, StrBuf *out)
{
	bool first = true;
	for (uint32_t i = 0; i < msg->notes.n; i++) {
		if (msg->notes.at[i].help != help)
			continue;
		strbuf_puts(out, first ? "" : ",");
		put_string(out, msg->notes.at[i].text);
		first = false;
	}
}

/* Labels and fixes: places with a text. */
static void
put_placed(const SourceMap *sources, Span at, const char *name, const char *text, bool *first, StrBuf *out)
{
	StrBuf one = strbuf_init(out->arena);
	if (!put_place(sources, at, &one))
		return;
	strbuf_printf(out, "%s{%s,", *first ? "" : ",", strbuf_text(&one));
	put_field(out, name, text);
	strbuf_putc(out, '}');
	*first = false;
}

void
diag_print_json(const SourceMap *sources, const DiagMessage *msg, StrBuf *out)
{
	bool first = true;
	strbuf_putc(out, '{');
	put_field(out, "severity", diag_severity_text(diag_severity(msg->code)));
	strbuf_putc(out, ',');
	put_field(out, "code", diag_code_text(msg->code));
	strbuf_putc(out, ',');
	put_field(out, "slug", diag_slug(msg->code));
	strbuf_putc(out, ',');
	put_field(out, "message", msg->text);
	StrBuf place = strbuf_init(out->arena);
	if ((msg->at.lo || msg->at.hi) && put_place(sources, msg->at, &place))
		strbuf_printf(out, ",%s", strbuf_text(&place));
	if (msg->mark) {
		strbuf_putc(out, ',');
		put_field(out, "label", msg->mark);
	}
	strbuf_puts(out, ",\"labels\":[");
	for (uint32_t i = 0; i < msg->labels.n; i++)
		put_placed(sources, msg->labels.at[i].at, "message", msg->labels.at[i].text, &first, out);
	strbuf_puts(out, "],\"notes\":[");
	put_notes(msg, false, out);
	strbuf_puts(out, "],\"helps\":[");
	put_notes(msg, true, out);
	strbuf_puts(out, "],\"fixes\":[");
	first = true;
	for (uint32_t i = 0; i < msg->fixes.n; i++)
		put_placed(sources, msg->fixes.at[i].at, "replacement", msg->fixes.at[i].text, &first, out);
	strbuf_puts(out, "]}\n");
}
