/* c_wrap: lines that are not too long.
 *
 * Statements come as one line of text. One that does not fit is broken at the outermost place that
 * fits: behind a comma or before an operator, with as few open parentheses as possible.
 */
#include "emit_c/emit_c_inner.h"

#include <string.h>

enum { LINE = 100, TAB = 8 };

/* Before text[i]: a blank that separates an operator or follows a comma. */
static bool
is_break(const char *text, size_t i)
{
	if (text[i] != ' ' || i == 0)
		return false;
	if (text[i - 1] == ',' || text[i - 1] == ';')
		return true;
	const char *op = text + i + 1;
	size_t n = strcspn(op, " ");
	return op[n] == ' ' && n <= 2 && strspn(op, "+-*/%&|^?:<>=!") == n &&
	       !(n == 1 && *op == '=');
}

/* Where to break text so that the first part has at most `room` columns; 0: nowhere. */
static size_t
find_break(const char *text, size_t room)
{
	size_t best = 0;
	int depth = 0, best_depth = 1000;
	bool quoted = false;
	for (size_t i = 0; text[i] && i <= room; i++) {
		char ch = text[i];
		if (ch == '"' && (i == 0 || text[i - 1] != '\\'))
			quoted = !quoted;
		if (quoted)
			continue;
		if (ch == '(' || ch == '[' || ch == '{')
			depth++;
		if (ch == ')' || ch == ']' || ch == '}')
			depth--;
		if (depth <= best_depth && is_break(text, i)) {
			best = i;
			best_depth = depth;
		}
	}
	return best;
}

void
c_wrap(StrBuf *out, int depth, const char *text)
{
	size_t indent = (size_t)depth * TAB;
	size_t room = indent + 40 < LINE ? LINE - indent : 40;
	strbuf_indent(out, depth);
	while (strlen(text) > room) {
		size_t at = find_break(text, room);
		if (at == 0)
			break;
		strbuf_putn(out, text, at);
		strbuf_putc(out, '\n');
		strbuf_indent(out, depth);
		strbuf_puts(out, "    ");
		text += at + 1;
		if (room == LINE - indent)
			room -= 4;
	}
	strbuf_puts(out, text);
	strbuf_putc(out, '\n');
}

/* The next word of a comment; what would end the comment is written as a blank. */
static size_t
word_length(const char *s)
{
	return strcspn(s, " \n\t\r");
}

static void
put_word(StrBuf *out, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		bool mark = (s[i] == '*' && i + 1 < n && s[i + 1] == '/') ||
			    (s[i] == '/' && i + 1 < n && s[i + 1] == '*');
		strbuf_putc(out, s[i]);
		if (mark)
			strbuf_putc(out, ' ');
	}
}

void
c_wrap_comment(StrBuf *out, int depth, const char *text)
{
	size_t column = (size_t)depth * TAB + 2;
	strbuf_indent(out, depth);
	strbuf_puts(out, "/*");
	for (const char *s = text + strspn(text, " \n\t\r"); *s; s += strspn(s, " \n\t\r")) {
		size_t n = word_length(s);
		if (column + 1 + n > LINE - 3 && column > (size_t)depth * TAB + 2) {
			strbuf_putc(out, '\n');
			strbuf_indent(out, depth);
			strbuf_puts(out, " *");
			column = (size_t)depth * TAB + 2;
		}
		strbuf_putc(out, ' ');
		put_word(out, s, n);
		column += 1 + n;
		s += n;
	}
	strbuf_puts(out, " */\n");
}
