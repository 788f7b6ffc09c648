/* diag_text: a message as an excerpt of the user's text.
 *
 *   lif.snn:7:18: error[E0301]: a voltage cannot be added to a time
 *       7 |     v = rest + tau
 *         |                ^^^ this is a time (ms)
 *         |         ---- this is a voltage (mV)
 *         = help: ...
 *
 * Behind the helps stands each line that is to be written otherwise as it would be, with `~` under what is new.
 * Lines come in the order of the file. Columns in the first line count
 * characters; under the excerpt they are what a terminal shows: a tab goes to
 * the next stop of four, wide characters take two cells, combining ones none.
 * Control characters are replaced, so that a text cannot drive the terminal.
 * Of a very long line only the part around the first mark is shown.
 */
#include "base/panic.h"
#include "diag/message.h"

#include <string.h>

enum { GUTTER = 5, TAB_STOP = 4, WINDOW = 120, WINDOW_BEFORE = 40 };

#define BOLD "\033[1m"
#define RED "\033[1;31m"
#define MAGENTA "\033[1;35m"
#define CYAN "\033[1;36m"
#define BLUE "\033[1;34m"
#define GREEN "\033[1;32m"
#define PLAIN "\033[0m"

typedef struct { const SourceMap *sources; StrBuf *out; bool colour; } Printer;

/* A place to be underlined. */
enum { MAIN = '^', OTHER = '-', NEW = '~' };

typedef struct {
	SourcePlace place;
	uint32_t len;                                     /* bytes, within the line */
	const char *text;                                 /* NULL for none */
	char sign;                                        /* MAIN, OTHER, NEW */
} Mark;

typedef VEC(Mark) MarkVec;

static void
style(const Printer *p, const char *escape)
{
	if (p->colour)
		strbuf_puts(p->out, escape);
}

static void
put_times(StrBuf *out, char c, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		strbuf_putc(out, c);
}

/* The character at s (of n > 0 bytes), and how many bytes it takes. Source texts were checked to be
 * UTF-8; anything else is taken byte by byte. */
static uint32_t
read_char(const char *s, size_t n, uint32_t *bytes)
{
	unsigned char first = (unsigned char)s[0];
	uint32_t len = first < 0xC0 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
	*bytes = 1;
	if (len == 1 || len > n)
		return first < 0x80 ? first : 0xFFFD;
	uint32_t c = first & (0xFFu >> (len + 1));
	for (uint32_t i = 1; i < len; i++)
		c = c << 6 | ((unsigned char)s[i] & 0x3Fu);
	*bytes = len;
	return c;
}

/* Characters that move the cursor or turn the direction of writing. */
static bool
is_control(uint32_t c)
{
	return c < 0x20 || (c >= 0x7F && c < 0xA0) || (c >= 0x200E && c <= 0x200F) ||
	       (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

typedef struct { uint32_t lo, hi; } Range;

static bool
is_in(uint32_t c, const Range *ranges, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (c >= ranges[i].lo && c <= ranges[i].hi)
			return true;
	}
	return false;
}

/* Cells of a character that is no tab. The ranges are coarse: whole blocks of Unicode. */
static uint32_t
char_width(uint32_t c)
{
	static const Range none[] = {
		{0x0300, 0x036F}, {0x0483, 0x0489}, {0x0591, 0x05BD}, {0x064B, 0x065F}, {0x1AB0, 0x1AFF},
		{0x1DC0, 0x1DFF}, {0x200B, 0x200D}, {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F},
		{0xFEFF, 0xFEFF}, {0xE0100, 0xE01EF},
	};
	static const Range two[] = {
		{0x1100, 0x115F}, {0x2E80, 0x303E}, {0x3041, 0xA4CF}, {0xA960, 0xA97F}, {0xAC00, 0xD7A3},
		{0xF900, 0xFAFF}, {0xFE30, 0xFE6F}, {0xFF00, 0xFF60}, {0xFFE0, 0xFFE6}, {0x1F300, 0x1F64F},
		{0x1F680, 0x1F6FF}, {0x1F900, 0x1F9FF}, {0x20000, 0x3FFFD},
	};
	if (c < 0x300)
		return 1;
	if (is_in(c, none, sizeof none / sizeof *none))
		return 0;
	return is_in(c, two, sizeof two / sizeof *two) ? 2 : 1;
}

/* The cell after a character that stands in `cell`. */
static uint32_t
next_cell(uint32_t cell, uint32_t c)
{
	return c == '\t' ? (cell / TAB_STOP + 1) * TAB_STOP : cell + char_width(c);
}

/* The cell (from 0) where byte `at` of the line stands. */
static uint32_t
cell_of(const char *line, uint32_t len, uint32_t at)
{
	uint32_t cell = 0, bytes;
	for (uint32_t i = 0; i < at && i < len; i += bytes)
		cell = next_cell(cell, read_char(line + i, len - i, &bytes));
	return cell;
}

/* A text of ours that may quote the user's. Line ends start a new line behind `indent` cells. */
static void
put_text(StrBuf *out, const char *s, uint32_t indent)
{
	size_t n = strlen(s);
	uint32_t bytes;
	for (size_t i = 0; i < n; i += bytes) {
		uint32_t c = read_char(s + i, n - i, &bytes);
		if (c == '\n') {
			strbuf_putc(out, '\n');
			put_times(out, ' ', indent);
		} else if (c == 0xFFFD || is_control(c)) {
			strbuf_puts(out, "\xEF\xBF\xBD");
		} else {
			strbuf_putn(out, s + i, bytes);
		}
	}
}

/* ---- the excerpt ----------------------------------------------------------------------------- */

static void
put_gutter(const Printer *p, uint32_t line)
{
	style(p, BLUE);
	if (line)
		strbuf_printf(p->out, "%*u |", GUTTER, line);
	else
		strbuf_printf(p->out, "%*s |", GUTTER, "");
	style(p, PLAIN);
}

/* Cells lo .. hi of a line, tabs as blanks. A character that is cut by a bound shows as blanks. */
static void
put_line(const Printer *p, const SourcePlace *at, uint32_t lo, uint32_t hi)
{
	uint32_t cell = 0, bytes;
	for (uint32_t i = 0; i < at->line_len && cell < hi; i += bytes) {
		uint32_t c = read_char(at->line_text + i, at->line_len - i, &bytes);
		uint32_t next = next_cell(cell, c);
		if (c == '\t' || (cell < lo && next > lo) || next > hi) {
			uint32_t from = cell > lo ? cell : lo, to = next < hi ? next : hi;
			put_times(p->out, ' ', to > from ? to - from : 0);
		} else if (cell >= lo) {
			if (is_control(c) || c == 0xFFFD)
				strbuf_puts(p->out, "\xEF\xBF\xBD");
			else
				strbuf_putn(p->out, at->line_text + i, bytes);
		}
		cell = next;
	}
}

static void
put_underline(const Printer *p, const Mark *m, uint32_t lo, uint32_t hi, uint32_t shift,
              const char *escape)
{
	const SourcePlace *at = &m->place;
	uint32_t from = cell_of(at->line_text, at->line_len, at->col - 1);
	uint32_t to = cell_of(at->line_text, at->line_len, at->col - 1 + m->len);
	if (to <= from)
		to = from + 1;
	put_gutter(p, 0);
	/* A mark outside the window is shown at its edge. */
	from = from < lo ? lo : from >= hi ? hi - 1 : from;
	to = to > hi ? hi : to;
	if (to <= from)
		to = from + 1;
	put_times(p->out, ' ', 1 + shift + from - lo);
	style(p, escape);
	put_times(p->out, m->sign, to - from);
	if (m->text && *m->text) {
		strbuf_putc(p->out, ' ');
		put_text(p->out, m->text, GUTTER + 3 + shift + to - lo + 1);
	}
	style(p, PLAIN);
	strbuf_putc(p->out, '\n');
}

/* One line of the source with the n marks that lie in it. */
static void
put_excerpt(const Printer *p, const Mark *marks, uint32_t n, const char *escape)
{
	const SourcePlace *at = &marks[0].place;
	uint32_t cells = cell_of(at->line_text, at->line_len, at->line_len), lo = 0, hi = cells + 1;
	if (cells > WINDOW) {
		uint32_t first = cell_of(at->line_text, at->line_len, at->col - 1);
		lo = first > WINDOW_BEFORE ? first - WINDOW_BEFORE : 0;
		hi = lo + WINDOW < cells + 1 ? lo + WINDOW : cells + 1;
	}
	uint32_t shift = lo ? 3 : 0;
	put_gutter(p, at->line);
	if (at->line_len)
		strbuf_putc(p->out, ' ');
	strbuf_puts(p->out, lo ? "..." : "");
	put_line(p, at, lo, hi);
	strbuf_puts(p->out, hi < cells ? "...\n" : "\n");
	for (uint32_t i = 0; i < n; i++)
		put_underline(p, &marks[i], lo, hi, shift, marks[i].sign == OTHER ? BLUE : escape);
}

uint32_t
diag_char_column(const SourcePlace *at)
{
	uint32_t col = 1, bytes;
	for (uint32_t i = 0; i < at->col - 1 && i < at->line_len; i += bytes, col++)
		read_char(at->line_text + i, at->line_len - i, &bytes);
	return col;
}

static void
put_place(const Printer *p, const SourcePlace *at)
{
	put_text(p->out, at->file->name, 0);
	strbuf_printf(p->out, ":%u:%u", at->line, diag_char_column(at));
}

static bool
find_mark(const Printer *p, Span at, const char *text, char sign, Mark *out)
{
	*out = (Mark){.text = text, .sign = sign};
	if ((at.lo == 0 && at.hi == 0) || !source_find(p->sources, at.lo, &out->place))
		return false;
	uint32_t before = out->place.col - 1;
	uint32_t left = out->place.line_len > before ? out->place.line_len - before : 0;
	uint32_t len = at.hi > at.lo ? at.hi - at.lo : 0;
	out->len = len < left ? len : left;
	return true;
}

/* The marks of one message, the main one and its labels: those in its file first, in order of lines,
 * within a line as they were given. */
static MarkVec
collect_marks(const Printer *p, const DiagMessage *msg)
{
	MarkVec marks = {0};
	Mark mark;
	const SourceFile *file = NULL;
	if (find_mark(p, msg->at, msg->mark, MAIN, &mark)) {
		VEC_PUSH(p->out->arena, &marks, mark);
		file = mark.place.file;
	}
	for (uint32_t i = 0; i < msg->labels.n; i++) {
		if (find_mark(p, msg->labels.at[i].at, msg->labels.at[i].text, OTHER, &mark))
			VEC_PUSH(p->out->arena, &marks, mark);
	}
	for (uint32_t i = 1; i < marks.n; i++) {
		Mark m = marks.at[i];
		uint32_t j = i;
		for (; j > 0; j--) {
			const SourcePlace *a = &marks.at[j - 1].place, *b = &m.place;
			bool sooner = a->file == b->file ? b->line < a->line : b->file == file;
			if (!sooner)
				break;
			marks.at[j] = marks.at[j - 1];
		}
		marks.at[j] = m;
	}
	return marks;
}

static void
put_marks(const Printer *p, const MarkVec *marks, const SourceFile *file, const char *escape)
{
	uint32_t last_line = 0;
	for (uint32_t i = 0, n; i < marks->n; i += n) {
		const SourcePlace *at = &marks->at[i].place;
		for (n = 1; i + n < marks->n; n++) {
			const SourcePlace *next = &marks->at[i + n].place;
			if (next->file != at->file || next->line != at->line)
				break;
		}
		if (at->file != file) {
			style(p, BLUE);
			strbuf_printf(p->out, "%*s> ", GUTTER + 1, "--");
			style(p, PLAIN);
			put_place(p, at);
			strbuf_putc(p->out, '\n');
			file = at->file;
		} else if (last_line && at->line > last_line + 1) {
			style(p, BLUE);
			strbuf_printf(p->out, "%*s\n", GUTTER + 2, "...");
			style(p, PLAIN);
		}
		last_line = at->line;
		put_excerpt(p, &marks->at[i], n, escape);
	}
}

/* The line of a fix as it would be; of what is only left away the help says enough. */
static void
put_fix(const Printer *p, const DiagLabel *fix)
{
	Mark m;
	if (!*fix->text || !find_mark(p, fix->at, NULL, NEW, &m))
		return;
	SourcePlace *at = &m.place;
	StrBuf line = strbuf_init(p->out->arena);
	uint32_t before = at->col - 1, behind = before + m.len;
	strbuf_putn(&line, at->line_text, before);
	strbuf_puts(&line, fix->text);
	strbuf_putn(&line, at->line_text + behind, at->line_len - behind);
	at->line_text = strbuf_text(&line);
	at->line_len = (uint32_t)line.n;
	m.len = (uint32_t)strlen(fix->text);
	put_excerpt(p, &m, 1, GREEN);
}

/* ---- the message ----------------------------------------------------------------------------- */

static const char *
severity_escape(Severity s)
{
	return s == SEV_ERROR ? RED : s == SEV_WARNING ? MAGENTA : CYAN;
}

void
diag_print_text(const SourceMap *sources, const DiagMessage *msg, StrBuf *out, bool colour)
{
	Printer p = {sources, out, colour};
	SourcePlace place;
	const char *escape = severity_escape(diag_severity(msg->code));
	bool placed = (msg->at.lo || msg->at.hi) && source_find(sources, msg->at.lo, &place);

	style(&p, BOLD);
	if (placed)
		put_place(&p, &place);
	else
		strbuf_puts(out, "snnc");
	strbuf_puts(out, ": ");
	style(&p, PLAIN);
	style(&p, escape);
	strbuf_printf(out, "%s[%s]: ", diag_severity_text(diag_severity(msg->code)), diag_code_text(msg->code));
	style(&p, PLAIN);
	style(&p, BOLD);
	put_text(out, msg->text, 4);
	style(&p, PLAIN);
	strbuf_putc(out, '\n');

	MarkVec marks = collect_marks(&p, msg);
	put_marks(&p, &marks, placed ? place.file : NULL, escape);
	for (uint32_t i = 0; i < msg->notes.n; i++) {
		const char *word = msg->notes.at[i].help ? "help" : "note";
		strbuf_printf(out, "%*s= ", GUTTER + 1, "");
		style(&p, BOLD);
		strbuf_puts(out, word);
		style(&p, PLAIN);
		strbuf_puts(out, ": ");
		put_text(out, msg->notes.at[i].text, GUTTER + 3 + 6);
		strbuf_putc(out, '\n');
	}
	for (uint32_t i = 0; i < msg->fixes.n; i++)
		put_fix(&p, &msg->fixes.at[i]);
}
