/* page: see page.h. */
#include "explain/page.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void
page_title(StrBuf *out, bool markdown, const char *text)
{
	strbuf_printf(out, markdown ? "\n## %s\n\n" : "\n%s\n\n", text);
}

void
page_code(StrBuf *out, bool markdown, const char *text)
{
	strbuf_puts(out, markdown ? "```text\n" : "");
	for (const char *line = text, *end; *line; line = end) {
		end = strchr(line, '\n');
		end = end ? end + 1 : line + strlen(line);
		strbuf_puts(out, markdown ? "" : "    ");
		for (; *line == '\t'; line++)
			strbuf_puts(out, "    ");
		strbuf_putn(out, line, (size_t)(end - line));
	}
	strbuf_puts(out, markdown ? "```\n" : "");
}

/* Characters, not bytes. */
static uint32_t
width(const char *s)
{
	uint32_t n = 0;
	for (; *s; s++)
		n += ((unsigned char)*s & 0xC0) != 0x80;
	return n;
}

/* In Markdown a bar within a cell would end it. */
static void
put_cell(StrBuf *out, bool markdown, const char *cell)
{
	for (const char *c = cell; *c; c++)
		strbuf_printf(out, markdown && *c == '|' ? "\\%c" : "%c", *c);
}

void
page_table(StrBuf *out, bool markdown, const PageTable *t)
{
	uint32_t widest[PAGE_MOST_COLUMNS] = {0};
	for (uint32_t i = 0; i < t->rows.n; i++)
		for (uint32_t k = 0; k < t->columns; k++)
			if (width(t->rows.at[i].cell[k]) > widest[k])
				widest[k] = width(t->rows.at[i].cell[k]);
	for (uint32_t i = 0; i < t->rows.n; i++) {
		strbuf_puts(out, markdown ? "|" : "   ");
		for (uint32_t k = 0; k < t->columns; k++) {
			const char *cell = t->rows.at[i].cell[k];
			strbuf_putc(out, ' ');
			put_cell(out, markdown, cell);
			bool last = k + 1 == t->columns && !markdown;
			for (uint32_t w = width(cell); w < widest[k] && !last; w++)
				strbuf_putc(out, ' ');
			strbuf_puts(out, markdown ? " |" : last ? "" : " ");
		}
		strbuf_putc(out, '\n');
		if (i == 0 && markdown) {
			strbuf_putc(out, '|');
			for (uint32_t k = 0; k < t->columns; k++)
				strbuf_puts(out, "---|");
			strbuf_putc(out, '\n');
		}
	}
}

const char *
page_count(Arena *a, double n)
{
	char digits[40];
	StrBuf out = strbuf_init(a);
	int len = snprintf(digits, sizeof digits, "%.0f", n);
	for (int i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			strbuf_putc(&out, ' ');
		strbuf_putc(&out, digits[i]);
	}
	return strbuf_text(&out);
}

const char *
page_bytes(Arena *a, double n)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
	int k = 0;
	for (; n >= 1024 && k < 4; k++)
		n /= 1024;
	return k ? arena_printf(a, "%.*f %s", n < 100 ? 1 : 0, n, units[k]) : arena_printf(a, "%.0f B", n);
}
