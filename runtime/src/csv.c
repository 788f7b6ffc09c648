/* csv.c: lines of cells with commas between, after RFC 4180, cut in place: each cell ends in 0 within the text.
 *
 * Blanks around a cell that has no quotes do not count, nor do empty lines and lines that begin with #. */
#include "rt.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_BYTES = 1 << 30 };

typedef struct {
	snnrt_csv *csv;
	const char *name;
	char *at;
	uint64_t cap, line, in_line;                      /* cells of this line */
	char *why;
} Reader;

static bool
push(Reader *r, char *cell)
{
	snnrt_csv *c = r->csv;
	uint64_t n = c->rows * c->columns + r->in_line;
	if (n >= r->cap) {
		uint64_t cap = r->cap ? 2 * r->cap : 64;
		char **grown = realloc(c->cell, (size_t)cap * sizeof *grown);
		if (!grown)
			return rt_say(r->why, "no memory to read `%s`", r->name);
		c->cell = grown;
		r->cap = cap;
	}
	c->cell[n] = cell;
	r->in_line++;
	return true;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Behind a cell: its end, what ended it, and the place behind that. */
static bool
ends_cell(char c)
{
	return c == ',' || c == '\n' || c == '\r' || c == '\0';
}

/* "a ""b"", c": doubled quotes are one. */
static bool
quoted(Reader *r, char **cell, char **end)
{
	char *from = ++r->at, *to = from;
	uint64_t line = r->line;
	for (;; r->at++) {
		if (!*r->at)
			return rt_say(r->why, "`%s`, line %llu: quotes that never end", r->name, (unsigned long long)line);
		if (*r->at == '"' && r->at[1] != '"')
			break;
		r->at += *r->at == '"';
		r->line += *r->at == '\n';
		*to++ = *r->at;
	}
	for (r->at++; is_blank(*r->at); r->at++)
		;
	*cell = from;
	*end = to;
	return ends_cell(*r->at) || rt_say(r->why, "`%s`, line %llu: something stands behind closing quotes", r->name,
	                                   (unsigned long long)r->line);
}

static bool
one_cell(Reader *r, char *ended)
{
	char *cell = r->at, *end = r->at;
	while (is_blank(*r->at))
		r->at++;
	if (*r->at == '"') {
		if (!quoted(r, &cell, &end))
			return false;
	} else {
		for (cell = r->at; !ends_cell(*r->at); r->at++)
			;
		for (end = r->at; end > cell && is_blank(end[-1]); end--)
			;
	}
	*ended = *r->at;
	r->at += *ended != '\0';
	if (*ended == '\r' && *r->at == '\n')
		r->at++;
	*end = '\0';
	return push(r, cell);
}

static bool
one_line(Reader *r)
{
	char ended;
	r->in_line = 0;
	do {
		if (!one_cell(r, &ended))
			return false;
	} while (ended == ',');
	snnrt_csv *c = r->csv;
	if (c->rows == 0)
		c->columns = r->in_line;
	if (r->in_line != c->columns)
		return rt_say(r->why, "`%s`, line %llu: cells %llu, in the lines before %llu", r->name,
		              (unsigned long long)r->line, (unsigned long long)r->in_line, (unsigned long long)c->columns);
	c->rows++;
	return true;
}

static bool
cut(Reader *r)
{
	for (r->line = 1; *r->at; r->line++) {
		char *line = r->at;
		while (is_blank(*line))
			line++;
		if (*line == '#' || *line == '\n' || *line == '\r' || !*line) {
			line += strcspn(line, "\n");
			r->at = line + (*line != '\0');
			continue;
		}
		if (!one_line(r))
			return false;
	}
	return r->csv->rows > 0 || rt_say(r->why, "`%s` has no lines with numbers", r->name);
}

static bool
read_all(Reader *r, RtFile *f)
{
	uint64_t n;
	if (!rt_file_length(f, MOST_BYTES, &n, r->why))
		return false;
	if (n > MOST_BYTES)
		return rt_say(r->why, "`%s` is longer than 1 GiB; write it as .npy", r->name);
	r->csv->text = malloc((size_t)n + 1);
	if (!r->csv->text)
		return rt_say(r->why, "no memory to read `%s`", r->name);
	if (n && !rt_file_read(f, 0, n, r->csv->text, r->why))
		return false;
	r->csv->text[n] = '\0';
	if (memchr(r->csv->text, 0, (size_t)n))
		return rt_say(r->why, "`%s` is no text", r->name);
	r->at = r->csv->text;
	if (strncmp(r->at, "\xEF\xBB\xBF", 3) == 0)       /* the mark that some spreadsheets write */
		r->at += 3;
	return true;
}

void
snnrt_csv_free(snnrt_csv *csv)
{
	free(csv->cell);
	free(csv->text);
	*csv = (snnrt_csv){0};
}

snnrt_data_status
snnrt_csv_read(const char *dir_data, const char *dir_program, const char *path, snnrt_csv *out, char why[512])
{
	RtFile f;
	char *shown = NULL;
	int fd = -1;
	why[0] = 0;
	*out = (snnrt_csv){0};
	snnrt_data_status status = rt_path_open(dir_data, dir_program, path, &fd, &shown, why);
	if (status != SNNRT_DATA_OK)
		return status;
	if (!rt_file_open(&f, fd, shown, why))
		return SNNRT_DATA_BAD;
	Reader r = {.csv = out, .name = f.name, .why = why};
	bool ok = read_all(&r, &f) && cut(&r);
	rt_file_close(&f);
	if (!ok)
		snnrt_csv_free(out);
	return ok ? SNNRT_DATA_OK : SNNRT_DATA_BAD;
}

/* ---- numbers -------------------------------------------------------------------------------------- */

static bool
is_number(const char *s, double *v)
{
	char *end;
	*v = strtod(s, &end);
	return end != s && !*end;
}

/* Heads of columns do not count. */
static uint64_t
first_row(const snnrt_csv *csv)
{
	double v;
	for (uint64_t i = 0; csv->rows > 1 && i < csv->columns; i++) {
		if (!is_number(csv->cell[i], &v))
			return 1;
	}
	return 0;
}

static bool
take_numbers(const snnrt_csv *csv, const char *path, uint64_t first, void *out, bool whole, bool *is_whole, char *why)
{
	uint64_t from = first * csv->columns, n = csv->rows * csv->columns - from;
	*is_whole = csv->columns == 1;
	for (uint64_t i = 0; i < n; i++) {
		double v;
		if (!is_number(csv->cell[from + i], &v))
			return rt_say(why, "`%s`: `%.40s` is no number (cell %llu of the row %llu)", path, csv->cell[from + i],
			              (unsigned long long)(i % csv->columns + 1), (unsigned long long)(i / csv->columns + 1));
		*is_whole = *is_whole && v > -9e15 && v < 9e15 && v == (double)(int64_t)v;
		if (whole)
			((int64_t *)out)[i] = (int64_t)v;
		else if (out)
			((float *)out)[i] = (float)v;
	}
	return true;
}

snnrt_data_status
rt_csv_open(const char *dir_data, const char *dir_program, const char *path, RtFile *f, RtArray *a, char *why)
{
	snnrt_csv csv;
	bool whole = false, again;
	*f = (RtFile){.fd = -1};
	snnrt_data_status status = snnrt_csv_read(dir_data, dir_program, path, &csv, why);
	if (status != SNNRT_DATA_OK)
		return status;
	uint64_t first = first_row(&csv), rows = csv.rows - first;
	bool ok = take_numbers(&csv, path, first, NULL, false, &whole, why);
	uint64_t bytes = rows * csv.columns * (whole ? sizeof(int64_t) : sizeof(float));
	if (ok) {
		f->kept = malloc((size_t)bytes + 1);
		f->name = rt_copy(path);
		ok = (f->kept && f->name) || rt_say(why, "no memory to read `%s`", path);
	}
	ok = ok && take_numbers(&csv, path, first, f->kept, whole, &again, why);
	f->gz = f->ended = true;                          /* as a file that is unpacked already */
	f->have = f->cap = f->want = bytes;
	*a = (RtArray){.type = whole ? SNNRT_I64 : SNNRT_F32, .rank = csv.columns == 1 ? 1 : 2, .extent = {rows, csv.columns}};
	snnrt_csv_free(&csv);
	return ok ? SNNRT_DATA_OK : SNNRT_DATA_BAD;
}
