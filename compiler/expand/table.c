/* table: rows with named columns, and arrays over tables and ranges; their entries are expressions of the program, or numbers
 * of a file.
 *
 *     table pop(name, n) = [(exc, 800), (inh, 200)]      rows; also csv("pop.csv")
 *     table K[pop, pop]  = [[1, 2], [3, 4]]              an array; also csv("K.csv"), npy("K.npy")
 *     table D[p in pop, k in 1 .. 3] = k * 1 ms if p.name == "exc" else 2 ms
 */
#include "expand/inner.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* ---- files -------------------------------------------------------------------------------------- */

static bool
report_file(Expand *x, Span at, ExpandFile status, const char *why)
{
	DiagCode code = status == EXPAND_FILE_MISSING ? E0701 : status == EXPAND_FILE_OUTSIDE ? E0704 : E0702;
	x->env->world_errors++;
	expand_error(x, code, at, "%s", why ? why : "the file cannot be read");
	diag_help(x->diag, status == EXPAND_FILE_BAD ? "mend the file" : "name the folder that has it by `--data DIR`");
	diag_end(x->diag);
	return false;
}

/* csv("pop.csv"): which file; NULL: another kind of value. */
static const AstExpr *
file_of(const AstExpr *e, const char *kind)
{
	if (e->kind != AEXPR_CALL || e->op[0]->kind != AEXPR_NAME || strcmp(e->op[0]->name, kind) != 0)
		return NULL;
	return e->args.n == 1 && !e->args.at[0].name && e->args.at[0].value->kind == AEXPR_STRING ? e->args.at[0].value : NULL;
}

/* A number; else a name, or any text. */
static const AstExpr *
expr_of_text(Expand *x, Span at, const char *text)
{
	char *end;
	double v = strtod(text, &end);
	bool digits = isdigit((unsigned char)text[strspn(text, "+-.")]) != 0;
	if (digits && !*end)
		return expand_number(x, at, v);
	return expand_is_name(text) ? ast_name(&x->b, at, intern(x->env->names, text)) : ast_string(&x->b, at, text);
}

/* ---- shapes --------------------------------------------------------------------------------------- */

static bool
misfit(Expand *x, const Table *t, Span at, const char *text, const char *help)
{
	expand_error(x, E0440, at, "%s", text);
	diag_label(x->diag, t->d->name_span, "declared here");
	diag_help(x->diag, "%s", help);
	diag_end(x->diag);
	return false;
}

/* "8 x 8" */
static const char *
shape_text(Expand *x, uint32_t rank, const uint64_t *extent)
{
	StrBuf s = strbuf_init(x->arena);
	for (uint32_t i = 0; i < rank; i++)
		strbuf_printf(&s, "%s%llu", i ? " x " : "", (unsigned long long)extent[i]);
	return strbuf_text(&s);
}

static uint64_t
entries(const Table *t)
{
	uint64_t n = 1;
	for (uint32_t i = 0; i < t->rank; i++) {
		if (t->extent[i] && n > MOST_CELLS / t->extent[i])
			return MOST_CELLS + 1;
		n *= t->extent[i];
	}
	return n;
}

static bool
check_entries(Expand *x, Table *t, Span at)
{
	if (entries(t) >= 1 && entries(t) <= MOST_CELLS)
		return true;
	return misfit(x, t, at, arena_printf(x->arena, "`%s` has %s entries", t->d->name, entries(t) ? "too many" : "no"),
		      "a table has 1 to 16777216");
}

/* ---- rows ----------------------------------------------------------------------------------------- */

/* Names may be written as texts, as a file has them. */
static const AstExpr *
name_or_value(Expand *x, const AstExpr *e)
{
	return e->kind == AEXPR_STRING ? expr_of_text(x, e->span, e->string) : e;
}

static bool
rows_of_list(Expand *x, Table *t)
{
	const AstExpr *list = t->d->table.value;
	uint64_t n = t->d->table.columns.n;
	if (list->kind != AEXPR_LIST)
		return misfit(x, t, list->span, "the rows of a table are a list, or a file",
			      "write `[(exc, 800), (inh, 200)]` or `csv(\"rows.csv\")`");
	t->extent[0] = list->args.n;
	if (!check_entries(x, t, list->span))
		return false;
	t->cell = ARENA_ARRAY(x->arena, const AstExpr *, entries(t));
	for (uint64_t r = 0; r < t->extent[0]; r++) {
		const AstExpr *row = list->args.at[r].value;
		bool is_row = row->kind == AEXPR_TUPLE || (row->kind == AEXPR_LIST && n > 1);
		uint64_t has = is_row ? row->args.n : 1;
		if (has != n)
			return misfit(x, t, row->span,
				      arena_printf(x->arena, "this row has %llu entries, and `%s` has %llu columns",
						   (unsigned long long)has, t->d->name, (unsigned long long)n),
				      "give each row one entry for each column");
		for (uint64_t c = 0; c < n; c++)
			t->cell[r * n + c] = name_or_value(x, is_row ? row->args.at[c].value : row);
	}
	return true;
}

/* The first line may name the columns, in any order: then they are found by it. */
static bool
find_columns(Expand *x, const Table *t, uint64_t columns, const char *const *cells, uint64_t *place)
{
	uint64_t named = 0;
	for (uint32_t c = 0; c < t->d->table.columns.n; c++) {
		place[c] = c;
		for (uint64_t k = 0; k < columns; k++) {
			if (intern(x->env->names, cells[k]) != t->d->table.columns.at[c].name)
				continue;
			place[c] = k;
			named++;
			break;
		}
	}
	return named == t->d->table.columns.n;
}

static bool
rows_of_csv(Expand *x, Table *t, const AstExpr *path)
{
	uint64_t rows, columns, n = t->d->table.columns.n;
	const char **cells, *why = NULL;
	ExpandFile status = x->env->world.csv(x->env->world.env, path->span, path->string, &rows, &columns, &cells, &why);
	if (status != EXPAND_FILE_OK)
		return report_file(x, path->span, status, why);
	uint64_t *place = ARENA_ARRAY(x->arena, uint64_t, n + 1);
	uint64_t head = find_columns(x, t, columns, cells, place);
	if (!head && columns != n)
		return misfit(x, t, path->span,
			      arena_printf(x->arena, "`%s` has %llu columns, and `%s` has %llu", path->string,
					   (unsigned long long)columns, t->d->name, (unsigned long long)n),
			      "write the names of the columns into its first line, or name all that it has");
	t->extent[0] = rows - head;
	if (!check_entries(x, t, path->span))
		return false;
	t->cell = ARENA_ARRAY(x->arena, const AstExpr *, entries(t));
	for (uint64_t r = 0; r < t->extent[0]; r++) {
		for (uint64_t c = 0; c < n; c++)
			t->cell[r * n + c] = expr_of_text(x, path->span, cells[(r + head) * columns + place[c]]);
	}
	return true;
}

static bool
make_rows(Expand *x, Table *t)
{
	const AstExpr *path = file_of(t->d->table.value, "csv");
	t->rank = 2;
	t->extent[1] = t->d->table.columns.n;
	for (uint32_t i = 1; i < t->d->table.columns.n; i++) {
		for (uint32_t k = 0; k < i; k++) {
			if (t->d->table.columns.at[k].name != t->d->table.columns.at[i].name)
				continue;
			expand_error(x, E0202, t->d->table.columns.at[i].span, "column `%s` is declared twice",
				     t->d->table.columns.at[i].name);
			diag_label(x->diag, t->d->table.columns.at[k].span, "first here");
			diag_help(x->diag, "give one of them another name");
			diag_end(x->diag);
			return false;
		}
	}
	return path ? rows_of_csv(x, t, path) : rows_of_list(x, t);
}

/* ---- arrays ---------------------------------------------------------------------------------------- */

/* One axis: as many entries as a table has rows, a count, or a named range. */
static bool
make_axis(Expand *x, Table *t, const AstArg *dim)
{
	uint32_t k = t->rank++;
	Turns turns;
	if (dim->name) {
		if (!expand_may_bind(x, dim->name, dim->name_span) || !expand_turns(x, dim->value, &turns))
			return false;
		t->extent[k] = expand_count(&turns);
		t->first[k] = turns.table || turns.list || turns.items ? 0 : turns.lo;
		return true;
	}
	if (dim->value->kind == AEXPR_NAME && expand_is_table(x, dim->value->name)) {
		const Table *of = expand_find_table(x, dim->value->name);
		t->extent[k] = of ? of->extent[0] : 0;
		return of != NULL;
	}
	int64_t n;
	if (!expand_whole(x, ast_clone_expr(&x->clone, dim->value), "an extent of a table", &n))
		return false;
	t->extent[k] = n > 0 ? (uint64_t)n : 0;
	return true;
}

static bool
array_of_list(Expand *x, Table *t, const AstExpr *e, uint32_t axis, uint64_t *n)
{
	if (axis == t->rank) {
		t->cell[(*n)++] = e;
		return true;
	}
	if (e->kind != AEXPR_LIST || e->args.n != t->extent[axis]) {
		const char *has = e->kind != AEXPR_LIST ? "no list" : arena_printf(x->arena, "a list of %u", e->args.n);
		return misfit(x, t, e->span,
			      arena_printf(x->arena, "`%s` is %s, and this is %s where %llu entries belong", t->d->name,
					   shape_text(x, t->rank, t->extent), has, (unsigned long long)t->extent[axis]),
			      "write a list for each axis, the last innermost: `[[1, 2], [3, 4]]`");
	}
	for (uint32_t i = 0; i < e->args.n; i++) {
		if (!array_of_list(x, t, e->args.at[i].value, axis + 1, n))
			return false;
	}
	return true;
}

static bool
array_of_csv(Expand *x, Table *t, const AstExpr *path)
{
	uint64_t rows, columns, most = entries(t);
	const char **cells, *why = NULL;
	ExpandFile status = x->env->world.csv(x->env->world.env, path->span, path->string, &rows, &columns, &cells, &why);
	if (status != EXPAND_FILE_OK)
		return report_file(x, path->span, status, why);
	bool fits = t->rank == 1 ? rows * columns == most && (rows == 1 || columns == 1)
				 : t->rank == 2 && rows == t->extent[0] && columns == t->extent[1];
	if (!fits)
		return misfit(x, t, path->span,
			      arena_printf(x->arena, "`%s` has %llu lines of %llu, and `%s` is %s", path->string,
					   (unsigned long long)rows, (unsigned long long)columns, t->d->name,
					   shape_text(x, t->rank, t->extent)),
			      "a file of text has one line for each entry of the first axis");
	t->cell = ARENA_ARRAY(x->arena, const AstExpr *, most);
	for (uint64_t i = 0; i < most; i++)
		t->cell[i] = expr_of_text(x, path->span, cells[i]);
	return true;
}

static bool
array_of_npy(Expand *x, Table *t, const AstExpr *path)
{
	uint32_t rank;
	uint64_t extent[6];
	double *numbers;
	const char *why = NULL;
	ExpandFile status =
		x->env->world.array(x->env->world.env, path->span, path->string, &rank, extent, &numbers, &why);
	if (status != EXPAND_FILE_OK)
		return report_file(x, path->span, status, why);
	bool fits = rank == t->rank;
	for (uint32_t i = 0; fits && i < rank; i++)
		fits = extent[i] == t->extent[i];
	if (!fits)
		return misfit(x, t, path->span,
			      arena_printf(x->arena, "`%s` is %s, and `%s` is %s", path->string,
					   rank ? shape_text(x, rank, extent) : "one number", t->d->name,
					   shape_text(x, t->rank, t->extent)),
			      "write the file anew, or declare the table as it is");
	t->number = numbers;
	return true;
}

static bool
is_formula(const Table *t)
{
	for (uint32_t i = 0; i < t->d->table.dims.n; i++) {
		if (t->d->table.dims.at[i].name)
			return true;
	}
	return false;
}

static bool
make_array(Expand *x, Table *t)
{
	const AstExpr *value = t->d->table.value, *csv = file_of(value, "csv"), *npy = file_of(value, "npy");
	uint64_t n = 0;
	if (t->d->table.dims.n > 6)
		return misfit(x, t, t->d->name_span, "a table has at most 6 axes", "split it");
	for (uint32_t i = 0; i < t->d->table.dims.n; i++) {
		if (!make_axis(x, t, &t->d->table.dims.at[i]))
			return false;
	}
	if (!check_entries(x, t, t->d->name_span))
		return false;
	if (csv)
		return array_of_csv(x, t, csv);
	if (npy)
		return array_of_npy(x, t, npy);
	if (is_formula(t))
		return true;
	t->cell = ARENA_ARRAY(x->arena, const AstExpr *, entries(t));
	return array_of_list(x, t, value, 0, &n);
}

/* ---- finding --------------------------------------------------------------------------------------- */

bool
expand_is_table(const Expand *x, Name name)
{
	for (uint32_t i = 0; i < x->tables.n; i++) {
		if (x->tables.at[i].d->name == name)
			return true;
	}
	return false;
}

Table *
expand_find_table(Expand *x, Name name)
{
	Table *t = NULL;
	for (uint32_t i = 0; i < x->tables.n && !t; i++) {
		if (x->tables.at[i].d->name == name)
			t = &x->tables.at[i];
	}
	if (!t || t->ready || t->failed)
		return t && t->ready ? t : NULL;
	if (t->busy) {
		expand_error(x, E0527, t->d->name_span, "the shape of `%s` is defined by itself", name);
		diag_help(x->diag, "give its axes numbers, or other tables");
		diag_end(x->diag);
		t->failed = true;
		return NULL;
	}
	t->busy = true;
	bool ok = t->d->table.columns.n ? make_rows(x, t) : make_array(x, t);
	t->busy = false;
	t->ready = ok && !t->failed;
	t->failed = !t->ready;
	return t->ready ? t : NULL;
}

/* ---- entries ---------------------------------------------------------------------------------------- */

AstExpr *
expand_column(Expand *x, Table *t, uint64_t row, const AstExpr *member)
{
	VEC(const char *) names = {0};
	uint64_t n = t->d->table.columns.n;
	for (uint32_t c = 0; c < n; c++) {
		if (t->d->table.columns.at[c].name == member->name)
			return expand_here(x, t->cell[row * n + c], member->span);
		VEC_PUSH(x->arena, &names, t->d->table.columns.at[c].name);
	}
	const char *near = suggest(member->name, names.at, names.n);
	expand_error(x, E0240, member->name_span, "table `%s` has no column `%s`", t->d->name, member->name);
	diag_label(x->diag, t->d->name_span, "declared here");
	if (near)
		diag_help(x->diag, "did you mean `%s`?", near);
	else if (n)
		diag_help(x->diag, "its columns begin with `%s`", names.at[0]);
	else
		diag_help(x->diag, "`%s` is an array: write its indices", t->d->name);
	diag_end(x->diag);
	return ast_error(&x->b, member->span);
}

/* The entry by expression, with the variables of the axes put in. */
static AstExpr *
by_formula(Expand *x, Table *t, const AstExpr *use, const uint64_t *at)
{
	if (t->busy) {
		expand_error(x, E0527, use->span, "`%s` is defined by itself", t->d->name);
		diag_help(x->diag, "an entry cannot follow from others of its own table");
		diag_end(x->diag);
		return ast_error(&x->b, use->span);
	}
	uint32_t binds = x->binds.n;
	t->busy = true;
	for (uint32_t i = 0; i < t->rank; i++) {
		const AstArg *dim = &t->d->table.dims.at[i];
		Turns turns;
		if (dim->name && expand_turns(x, dim->value, &turns))
			expand_bind(x, dim->name, dim->name_span, &turns, at[i]);
	}
	AstExpr *e = expand_here(x, ast_clone_expr(&x->clone, t->d->table.value), use->span);
	x->binds.n = binds;
	t->busy = false;
	return e;
}

AstExpr *
expand_cell(Expand *x, Table *t, const AstExpr *use, const AstArgVec *index)
{
	uint64_t at[6], n = 0;
	uint32_t rank = t->d->table.columns.n ? 0 : t->rank;
	if (index->n != rank) {
		if (rank)
			expand_error(x, E0416, use->span, "`%s` has %u ind%s, and this has %u", t->d->name, rank,
				     rank == 1 ? "ex" : "ices", index->n);
		else
			expand_error(x, E0241, use->span, "this is a row of `%s`, and an entry is needed here", t->d->name);
		diag_label(x->diag, t->d->name_span, "declared here");
		if (rank)
			diag_help(x->diag, "write one index for each axis");
		else
			diag_help(x->diag, "write `%s[0].%s`", t->d->name, t->d->table.columns.at[0].name);
		diag_end(x->diag);
		return ast_error(&x->b, use->span);
	}
	for (uint32_t i = 0; i < rank; i++) {
		int64_t k;
		const AstExpr *e = index->at[i].value;
		if (!expand_whole(x, ast_clone_expr(&x->clone, e), "the index of a table", &k))
			return ast_error(&x->b, use->span);
		at[i] = (uint64_t)(k - t->first[i]);
		if (k < t->first[i] || at[i] >= t->extent[i]) {
			expand_error(x, E0408, e->span, "`%s` goes from %lld to %lld here, and this is %lld", t->d->name,
				     (long long)t->first[i], (long long)t->first[i] + (long long)t->extent[i] - 1, (long long)k);
			diag_label(x->diag, t->d->name_span, "declared here");
			diag_help(x->diag, "the first index belongs to the first axis, and so on");
			diag_end(x->diag);
			return ast_error(&x->b, use->span);
		}
		n = n * t->extent[i] + at[i];
	}
	if (t->number)
		return expand_number(x, use->span, t->number[n]);
	return t->cell ? ast_clone_expr(&x->clone, expand_here(x, t->cell[n], use->span)) : by_formula(x, t, use, at);
}
