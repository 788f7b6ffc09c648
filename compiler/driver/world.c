/* world: answers elab's questions about data by the runtime's probe. */
#include "driver/pipeline.h"

#include "snnrt.h"

#include <stdlib.h>

static ElabDataStatus
status_of(snnrt_data_status s)
{
	switch (s) {
	case SNNRT_DATA_OK:
		return ELAB_DATA_OK;
	case SNNRT_DATA_MISSING:
		return ELAB_DATA_MISSING;
	case SNNRT_DATA_BAD:
		return ELAB_DATA_BAD;
	case SNNRT_DATA_LENGTH:
		return ELAB_DATA_LENGTH;
	case SNNRT_DATA_OUTSIDE:
		return ELAB_DATA_OUTSIDE;
	case SNNRT_DATA_SHAPE:
		return ELAB_DATA_SHAPE;
	case SNNRT_DATA_RANGE:
		return ELAB_DATA_RANGE;
	case SNNRT_DATA_TWICE:
		return ELAB_DATA_TWICE;
	}
	return ELAB_DATA_BAD;
}

static bool
add_column(Compilation *c, const snnrt_data_info *info, uint32_t i, NetData *out)
{
	NetColumn col = {.type = info->column[i].type, .rank = info->column[i].rank, .count = 1, .events = info->column[i].events};
	if (col.rank > sizeof col.extent / sizeof *col.extent)
		return false;
	for (uint32_t k = 0; k < col.rank; k++) {
		col.extent[k] = (uint64_t)info->column[i].extent[k];
		col.count *= col.extent[k];
	}
	VEC_PUSH(c->arena, &out->columns, col);
	return col.count > 0 || col.events;
}

static bool
probe(void *env, const char *kind, uint32_t npaths, const char *const *paths, const char *fallback,
      NetData *out, const char **why, ElabDataStatus *status)
{
	Compilation *c = env;
	snnrt_data_info info = {0};
	char text[512] = "";
	*status = status_of(snnrt_data_probe(c->o->data, c->program_dir, kind, npaths, paths,
					     fallback, &info, text));
	if (*status != ELAB_DATA_OK) {
		*why = arena_strdup(c->arena, text);
		return false;
	}
	out->samples = (uint64_t)info.samples;
	out->classes = (uint64_t)info.classes;
	for (uint32_t i = 0; i < info.ncolumns; i++) {
		if (add_column(c, &info, i, out))
			continue;
		*status = ELAB_DATA_BAD;
		*why = "a sample has 1 to 4 axes, and none of them is empty";
		return false;
	}
	return true;
}

static bool
read_array(void *env, const char *path, uint32_t *rank, uint64_t extent[6], uint64_t first, uint64_t n, double *out,
	   const char **why, ElabDataStatus *status)
{
	Compilation *c = env;
	char text[512] = "";
	uint32_t type;
	int64_t shape[6];
	*status = status_of(snnrt_npy_probe(c->o->data, c->program_dir, path, &type, rank, shape, text));
	for (uint32_t i = 0; *status == ELAB_DATA_OK && i < *rank; i++)
		extent[i] = (uint64_t)shape[i];
	if (*status == ELAB_DATA_OK && out)
		*status = status_of(snnrt_npy_values(c->o->data, c->program_dir, path, first, n, out, text));
	*why = arena_strdup(c->arena, text);
	return *status == ELAB_DATA_OK;
}

static bool
read_edges(void *env, uint64_t npre, uint64_t npost, const char *value, NetPattern *out, double **values, const char **why,
	   ElabDataStatus *status)
{
	Compilation *c = env;
	char text[512] = "";
	snnrt_edges e = {.npre = npre, .npost = npost};
	snnrt_edges_form form = out->pairs ? SNNRT_EDGES_PAIRS : SNNRT_EDGES_MATRIX;
	*status = status_of(snnrt_edges_read(c->o->data, c->program_dir, out->path, form, out->multapses, &e, text));
	if (*status == ELAB_DATA_OK && value) {
		*values = ARENA_ARRAY(c->arena, double, e.n + 1);
		*status = status_of(snnrt_edges_values(c->o->data, c->program_dir, out->path, value, out->multapses, &e, *values, text));
	}
	*why = arena_strdup(c->arena, text);
	if (*status == ELAB_DATA_OK && !value) {
		out->nsynapses = e.n;
		out->row = arena_copy(c->arena, e.row, (npre + 1) * sizeof *e.row);
		out->target = arena_copy(c->arena, e.target, (e.n + 1) * sizeof *e.target);
		out->weight = e.value ? arena_copy(c->arena, e.value, (e.n + 1) * sizeof *e.value) : NULL;
	}
	snnrt_edges_free(&e);
	return *status == ELAB_DATA_OK;
}

static const char *
folder(void *env, Span at)
{
	return import_folder(env, at);
}

ElabWorld
world_of(Compilation *c)
{
	return (ElabWorld){.env = c, .folder = folder, .array = read_array, .edges = read_edges, .says = snnrt_edges_says, .data = probe};
}

/* ---- tables ---------------------------------------------------------------------------------- */

static ExpandFile
file_status(snnrt_data_status s)
{
	return s == SNNRT_DATA_OK        ? EXPAND_FILE_OK
	       : s == SNNRT_DATA_MISSING ? EXPAND_FILE_MISSING
	       : s == SNNRT_DATA_OUTSIDE ? EXPAND_FILE_OUTSIDE
					 : EXPAND_FILE_BAD;
}

static ExpandFile
table_csv(void *env, Span at, const char *path, uint64_t *rows, uint64_t *columns, const char ***cells, const char **why)
{
	Compilation *c = env;
	char text[512] = "";
	snnrt_csv csv;
	path = arena_printf(c->arena, "%s%s", import_folder(c, at), path);
	snnrt_data_status status = snnrt_csv_read(c->o->data, c->program_dir, path, &csv, text);
	*why = arena_strdup(c->arena, text);
	if (status != SNNRT_DATA_OK)
		return file_status(status);
	*rows = csv.rows;
	*columns = csv.columns;
	*cells = ARENA_ARRAY(c->arena, const char *, csv.rows * csv.columns + 1);
	for (uint64_t i = 0; i < csv.rows * csv.columns; i++)
		(*cells)[i] = arena_strdup(c->arena, csv.cell[i]);
	snnrt_csv_free(&csv);
	return EXPAND_FILE_OK;
}

static ExpandFile
table_array(void *env, Span at, const char *path, uint32_t *rank, uint64_t extent[6], double **numbers, const char **why)
{
	enum { LIMIT = 1 << 24 };
	Compilation *c = env;
	char text[512] = "";
	uint32_t type;
	int64_t shape[6];
	uint64_t n = 1;
	path = arena_printf(c->arena, "%s%s", import_folder(c, at), path);
	snnrt_data_status status = snnrt_npy_probe(c->o->data, c->program_dir, path, &type, rank, shape, text);
	for (uint32_t i = 0; status == SNNRT_DATA_OK && i < *rank; i++) {
		extent[i] = (uint64_t)shape[i];
		n = extent[i] && n > LIMIT / extent[i] ? LIMIT + 1 : n * extent[i];
	}
	if (status == SNNRT_DATA_OK && n > LIMIT) {
		*why = arena_printf(c->arena, "`%s` has too many numbers for a table", path);
		return EXPAND_FILE_BAD;
	}
	if (status == SNNRT_DATA_OK) {
		*numbers = ARENA_ARRAY(c->arena, double, n + 1);
		status = snnrt_npy_values(c->o->data, c->program_dir, path, 0, n, *numbers, text);
	}
	*why = arena_strdup(c->arena, text);
	return file_status(status);
}

ExpandWorld
world_of_tables(Compilation *c)
{
	return (ExpandWorld){.env = c, .csv = table_csv, .array = table_array};
}
