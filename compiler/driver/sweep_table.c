/* sweep_table: what the lanes of a sweep reported, as a table: to stdout, and as sweep.csv. */
#include "driver/sweep.h"

#include "driver/output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A measure of one lane: "accuracy testing all_activity". */
typedef struct {
	const char *name;
	double value;
	bool none;
} Measure;
typedef VEC(Measure) MeasureVec;

/* ---- the reports, which the runtime wrote ----------------------------------------------------------- */

typedef struct {
	Arena *arena;
	const char *at;
} Json;

static const char *
text(Json *j)
{
	StrBuf s = strbuf_init(j->arena);
	for (j->at++; *j->at && *j->at != '"'; j->at++) {
		if (*j->at == '\\' && j->at[1])
			j->at++;
		strbuf_putc(&s, *j->at);
	}
	j->at += *j->at == '"';
	return strbuf_text(&s);
}

static void
skip(Json *j, const char *chars)
{
	j->at += strspn(j->at, chars);
}

static void
put(Arena *a, MeasureVec *all, const char *name, double value, bool none)
{
	Measure m = {name, value, none};
	for (uint32_t i = 0; i < all->n; i++) {           /* told several times: the last one counts */
		if (strcmp(all->at[i].name, name) != 0)
			continue;
		all->at[i] = m;
		return;
	}
	VEC_PUSH(a, all, m);
}

/* {"what": "accuracy", "phase": "testing", "samples": 20, "proportion": 0.5} or {"what": "score", "value": 3} */
static void
report(Json *j, MeasureVec *all)
{
	const char *what = "", *phase = "";
	for (skip(j, "{ \t\n,"); *j->at == '"'; skip(j, " \t\n,")) {
		const char *key = text(j);
		skip(j, ": ");
		if (*j->at == '"') {
			const char *value = text(j);
			if (strcmp(key, "what") == 0)
				what = value;
			else
				phase = value;
			continue;
		}
		char *end;
		bool none = strncmp(j->at, "null", 4) == 0;
		double v = none ? 0 : strtod(j->at, &end);
		j->at += none ? 4 : end - j->at;
		if (strcmp(key, "value") == 0)
			put(j->arena, all, what, v, none);
		else if (strcmp(key, "samples") != 0)
			put(j->arena, all, arena_printf(j->arena, "%s %s %s", what, phase, key), v, none);
		if (!none && end == j->at && !*j->at)
			return;
	}
	skip(j, "} \t\n,");
}

static MeasureVec
measures(Arena *a, const char *reports)
{
	MeasureVec all = {0};
	Json j = {a, reports ? reports : ""};
	for (skip(&j, " \t\n,"); *j.at == '{';)
		report(&j, &all);
	return all;
}

/* ---- the table ---------------------------------------------------------------------------------------- */

typedef struct {
	Arena *arena;
	uint32_t rows, columns;
	const char **cell;                                /* first the heads */
} Grid;

static const char *
number(Arena *a, double v)
{
	char s[64];
	for (int digits = 6; digits <= 17; digits++) {
		snprintf(s, sizeof s, "%.*g", digits, v);
		if (strtod(s, NULL) == v)
			break;
	}
	return arena_strdup(a, s);
}

static Grid
fill(Arena *a, const char *const *names, uint32_t nnames, const SweepRow *rows, uint32_t nrows)
{
	VEC(const char *) heads = {0};
	MeasureVec *of = ARENA_ARRAY(a, MeasureVec, nrows + 1);
	for (uint32_t r = 0; r < nrows; r++) {
		of[r] = measures(a, rows[r].reports);
		for (uint32_t m = 0; m < of[r].n; m++) {
			uint32_t k = 0;
			while (k < heads.n && strcmp(heads.at[k], of[r].at[m].name) != 0)
				k++;
			if (k == heads.n)
				VEC_PUSH(a, &heads, of[r].at[m].name);
		}
	}
	Grid g = {a, nrows + 1, 1 + nnames + heads.n, NULL};
	g.cell = ARENA_ARRAY(a, const char *, g.rows * g.columns);
	for (uint32_t i = 0; i < g.rows * g.columns; i++)
		g.cell[i] = "";
	g.cell[0] = "lane";
	for (uint32_t i = 0; i < nnames; i++)
		g.cell[1 + i] = names[i];
	for (uint32_t i = 0; i < heads.n; i++)
		g.cell[1 + nnames + i] = heads.at[i];
	for (uint32_t r = 0; r < nrows; r++) {
		const char **row = g.cell + (r + 1) * g.columns;
		row[0] = arena_printf(a, "%u", r);
		for (uint32_t i = 0; i < nnames; i++)
			row[1 + i] = rows[r].value[i];
		for (uint32_t i = 0; i < heads.n; i++) {
			for (uint32_t m = 0; m < of[r].n; m++) {
				if (strcmp(of[r].at[m].name, heads.at[i]) == 0 && !of[r].at[m].none)
					row[1 + nnames + i] = number(a, of[r].at[m].value);
			}
		}
	}
	return g;
}

static void
print(const Grid *g)
{
	for (uint32_t r = 0; r < g->rows; r++) {
		for (uint32_t c = 0; c < g->columns; c++) {
			size_t width = 0;
			for (uint32_t k = 0; k < g->rows; k++) {
				size_t n = strlen(g->cell[k * g->columns + c]);
				width = n > width ? n : width;
			}
			const char *s = g->cell[r * g->columns + c];
			printf("%s%*s", c ? "  " : "", (int)width, *s ? s : "-");
		}
		putchar('\n');
	}
	fflush(stdout);
}

static void
put_cell(StrBuf *out, const char *s)
{
	if (!strpbrk(s, ",\"\n")) {
		strbuf_puts(out, s);
		return;
	}
	strbuf_putc(out, '"');
	for (; *s; s++)
		strbuf_printf(out, *s == '"' ? "\"\"" : "%c", *s);
	strbuf_putc(out, '"');
}

bool
sweep_table(Compilation *c, const char *const *names, uint32_t nnames, const SweepRow *rows, uint32_t nrows, const char *path)
{
	Grid g = fill(c->arena, names, nnames, rows, nrows);
	print(&g);
	StrBuf out = strbuf_init(c->arena);
	for (uint32_t r = 0; r < g.rows; r++) {
		for (uint32_t k = 0; k < g.columns; k++) {
			strbuf_puts(&out, k ? "," : "");
			put_cell(&out, g.cell[r * g.columns + k]);
		}
		strbuf_putc(&out, '\n');
	}
	return !path || output_write(c->arena, path, &out);
}
