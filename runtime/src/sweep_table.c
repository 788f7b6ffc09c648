/* sweep_table.c: what the lanes of a sweep reported, as a table: to stdout, as sweep.csv, and as sweep.npy, a field for each column. */
#define _GNU_SOURCE
#include "rt_sweep.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A measure of one lane: "accuracy testing all_activity". */
typedef struct { char *name; double value; bool none; } Measure;
typedef struct { Measure *at; size_t n; bool failed; } Measures;

/* ---- the reports, which the runtime wrote ----------------------------------------------------------- */

/* A JSON text at *at, without its escapes. */
static char *
text(const char **at)
{
	RtText t = {0};
	for ((*at)++; **at && **at != '"'; (*at)++) {
		if (**at == '\\' && (*at)[1])
			(*at)++;
		rt_text_add(&t, *at, 1);
	}
	*at += **at == '"';
	return t.s ? t.s : strdup("");
}

static void
skip(const char **at, const char *chars)
{
	*at += strspn(*at, chars);
}

/* Told several times: the last one counts. Takes the name. */
static void
put(Measures *all, char *name, double value, bool none)
{
	Measure m = {name, value, none};
	for (size_t i = 0; name && i < all->n; i++) {
		if (strcmp(all->at[i].name, name) != 0)
			continue;
		free(all->at[i].name);
		all->at[i] = m;
		return;
	}
	Measure *more = name ? realloc(all->at, (all->n + 1) * sizeof *more) : NULL;
	if (!more) {
		all->failed = true;
		free(name);
		return;
	}
	all->at = more;
	all->at[all->n++] = m;
}

static char *
join(const char *what, const char *phase, const char *key)
{
	RtText t = {0};
	rt_text_printf(&t, *phase ? "%s %s %s" : "%s", what, phase, key);
	return t.s;
}

/* {"what": "accuracy", "phase": "testing", "samples": 20, "proportion": 0.5} or {"what": "score", "value": 3} */
static void
report(const char **at, Measures *all)
{
	char *what = strdup(""), *phase = strdup("");
	for (skip(at, "{ \t\n,"); **at == '"' && what && phase; skip(at, " \t\n,")) {
		char *key = text(at), *end;
		skip(at, ": ");
		if (!key)
			break;
		if (**at == '"') {
			char **to = strcmp(key, "what") == 0 ? &what : &phase;
			free(*to);
			*to = text(at);
			free(key);
			continue;
		}
		bool none = strncmp(*at, "null", 4) == 0;
		double v = none ? 0 : strtod(*at, &end);
		*at = none ? *at + 4 : end;
		if (strcmp(key, "value") == 0)
			put(all, strdup(what), v, none);
		else if (strcmp(key, "samples") != 0)
			put(all, join(what, phase, key), v, none);
		free(key);
		if (!none && !**at)
			break;
	}
	free(what);
	free(phase);
	skip(at, "} \t\n,");
}

static Measures
measures(const char *reports)
{
	Measures all = {0};
	const char *at = reports ? reports : "";
	for (skip(&at, " \t\n,"); *at == '{';)
		report(&at, &all);
	return all;
}

/* ---- the table ---------------------------------------------------------------------------------------- */

typedef struct { uint32_t rows, columns, names; char **cell; bool failed; } Grid;

static char **
at(const Grid *g, uint32_t row, uint32_t column)
{
	return &g->cell[(size_t)row * g->columns + column];
}

static char *
number(double v)
{
	char s[64];
	for (int digits = 6; digits <= 17; digits++) {
		snprintf(s, sizeof s, "%.*g", digits, v);
		if (strtod(s, NULL) == v)
			break;
	}
	return strdup(s);
}

static void
set(Grid *g, uint32_t row, uint32_t column, char *s)
{
	*at(g, row, column) = s;
	g->failed |= !s;
}

static void
fill_row(Grid *g, const snnrt_sweep *s, uint32_t row, const Measures *of, char *const *heads)
{
	char k[16];
	snprintf(k, sizeof k, "%u", row);
	set(g, row + 1, 0, strdup(k));
	for (uint32_t i = 0; i < s->nnames; i++)
		set(g, row + 1, 1 + i, strdup(s->lanes[row].value[i]));
	for (uint32_t i = 1 + s->nnames; i < g->columns; i++) {
		char *cell = NULL;
		for (size_t m = 0; m < of->n && !cell; m++)
			if (strcmp(of->at[m].name, heads[i - 1 - s->nnames]) == 0 && !of->at[m].none)
				cell = number(of->at[m].value);
		set(g, row + 1, i, cell ? cell : strdup(""));
	}
}

static Grid
fill(const snnrt_sweep *s, char *const *reports)
{
	Grid g = {.rows = s->nlanes + 1, .names = s->nnames};
	Measures *of = calloc(s->nlanes + 1, sizeof *of);
	char **heads = NULL;
	uint32_t n = 0;
	for (uint32_t r = 0; of && r < s->nlanes; r++) {
		of[r] = measures(reports[r]);
		g.failed |= of[r].failed;
		for (size_t m = 0; m < of[r].n; m++) {
			uint32_t k = 0;
			while (k < n && strcmp(heads[k], of[r].at[m].name) != 0)
				k++;
			char **more = k == n ? realloc(heads, (n + 1) * sizeof *heads) : heads;
			g.failed |= !more;
			heads = more ? more : heads;
			if (more && k == n)
				heads[n++] = of[r].at[m].name;
		}
	}
	g.columns = 1 + s->nnames + n;
	g.cell = calloc((size_t)g.rows * g.columns, sizeof *g.cell);
	g.failed |= !of || !g.cell;
	if (g.cell && of) {
		set(&g, 0, 0, strdup("lane"));
		for (uint32_t i = 0; i < s->nnames; i++)
			set(&g, 0, 1 + i, strdup(s->names[i]));
		for (uint32_t i = 0; i < n; i++)
			set(&g, 0, 1 + s->nnames + i, strdup(heads[i]));
		for (uint32_t r = 0; r < s->nlanes; r++)
			fill_row(&g, s, r, &of[r], heads);
	}
	free(heads);
	for (uint32_t r = 0; of && r < s->nlanes; r++) {
		for (size_t m = 0; m < of[r].n; m++)
			free(of[r].at[m].name);
		free(of[r].at);
	}
	free(of);
	return g;
}

static void
print(const Grid *g)
{
	for (uint32_t r = 0; r < g->rows; r++) {
		for (uint32_t c = 0; c < g->columns; c++) {
			size_t width = 0;
			for (uint32_t k = 0; k < g->rows; k++) {
				size_t n = strlen(*at(g, k, c));
				width = n > width ? n : width;
			}
			const char *s = *at(g, r, c);
			printf("%s%*s", c ? "  " : "", (int)width, *s ? s : "-");
		}
		putchar('\n');
	}
	fflush(stdout);
}

static void
put_cell(RtText *out, const char *s)
{
	if (!strpbrk(s, ",\"\n")) {
		rt_text_printf(out, "%s", s);
		return;
	}
	rt_text_printf(out, "\"");
	for (; *s; s++)
		rt_text_printf(out, *s == '"' ? "\"\"" : "%c", *s);
	rt_text_printf(out, "\"");
}

static RtText
as_csv(const Grid *g)
{
	RtText out = {0};
	for (uint32_t r = 0; r < g->rows; r++)
		for (uint32_t c = 0; c < g->columns; c++) {
			put_cell(&out, *at(g, r, c));
			rt_text_printf(&out, c + 1 < g->columns ? "," : "\n");
		}
	return out;
}

/* A number in f64; truth values are 1 and 0, what is no number or was not reported is NaN. */
static double
value_of(const char *cell)
{
	char *end;
	double v = strtod(cell, &end);
	if (strcmp(cell, "true") == 0 || strcmp(cell, "false") == 0)
		return *cell == 't';
	return *cell && !*end ? v : (double)NAN;
}

/* NumPy's format 2: an array of rows with a field for each column. */
static RtText
as_npy(const Grid *g)
{
	RtText head = {0}, out = {0};
	rt_text_printf(&head, "{'descr': [");
	for (uint32_t c = 0; c < g->columns; c++) {
		rt_text_printf(&head, "%s('", c ? ", " : "");
		for (const char *s = *at(g, 0, c); *s; s++)
			rt_text_printf(&head, *s == '\'' || *s == '\\' ? "\\%c" : "%c", *s);
		rt_text_printf(&head, "', '%s')", c ? "<f8" : "<i8");
	}
	rt_text_printf(&head, "], 'fortran_order': False, 'shape': (%u,), }", g->rows - 1);
	while ((12 + head.n + 1) % 64)
		rt_text_add(&head, " ", 1);
	rt_text_add(&head, "\n", 1);
	uint32_t n = (uint32_t)head.n;
	rt_text_add(&out, "\x93NUMPY\x02\x00", 8);
	rt_text_add(&out, (const char *)&n, 4);
	rt_text_add(&out, head.s ? head.s : "", head.n);
	for (uint32_t r = 1; r < g->rows; r++)
		for (uint32_t c = 0; c < g->columns; c++) {
			int64_t lane = r - 1;
			double v = value_of(*at(g, r, c));
			rt_text_add(&out, c ? (const char *)&v : (const char *)&lane, 8);
		}
	out.failed |= head.failed;
	rt_text_fini(&head);
	return out;
}

bool
rt_sweep_table(const snnrt_sweep *s, char *const *reports, const char *folder, char *why)
{
	Grid g = fill(s, reports);
	RtFolder f = {.fd = -1};
	bool ok = !g.failed || rt_say(why, "no memory for the table of the sweep");
	if (ok)
		print(&g);
	if (ok && folder && (ok = rt_folder_open(&f, folder, why))) {
		RtText csv = as_csv(&g), array = as_npy(&g);
		ok = (!csv.failed && !array.failed) || rt_say(why, "no memory for the table of the sweep");
		ok = ok && rt_write_file(f.fd, "sweep.csv", csv.s, csv.n, why) && rt_write_file(f.fd, "sweep.npy", array.s, array.n, why);
		rt_text_fini(&csv);
		rt_text_fini(&array);
	}
	rt_folder_close(&f, false);
	for (size_t i = 0; g.cell && i < (size_t)g.rows * g.columns; i++)
		free(g.cell[i]);
	free(g.cell);
	return ok;
}
