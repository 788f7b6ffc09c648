/* braces: which `{` of a file are never closed.
 *
 * The layout filter sees two tokens ahead. Where a declaration stands in a block it must know more: if the block is closed further
 * down, the declaration is what is at the wrong place; if not, a `}` is missing before it. So the text is read once, when that is first asked.
 */
#include "parse/parser.h"

#include <string.h>

/* Behind the string that begins at s; one that is never closed ends with its line. */
static const char *
behind_string(const char *s)
{
	for (s++; *s && *s != '"' && *s != '\n'; s++)
		if (*s == '\\' && s[1] && s[1] != '\n')
			s++;
	return *s == '"' ? s + 1 : s;
}

static void
read_braces(Parse *p)
{
	const char *text = p->file->text, *s = text;
	p->braces_read = true;
	while (*s) {
		if (*s == '"') {
			s = behind_string(s);
			continue;
		}
		if (*s == '#') {
			s += strcspn(s, "\n");
			continue;
		}
		if (*s == '{')
			VEC_PUSH(p->env->arena, &p->unclosed, p->file->base + (uint32_t)(s - text));
		else if (*s == '}' && p->unclosed.n)
			p->unclosed.n--;
		s++;
	}
}

bool
brace_is_closed(Parse *p, Span brace)
{
	if (!p->braces_read)
		read_braces(p);
	uint32_t lo = 0, hi = p->unclosed.n;
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		if (p->unclosed.at[mid] < brace.lo)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo == p->unclosed.n || p->unclosed.at[lo] != brace.lo;
}
