/* elab_sparse: the synapses that a file lists: the non-zero entries of a matrix [pre, post], or pairs (pre, post), which may have a
 * value each. */
#include "elab/elab_inner.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

typedef struct {
	Elab *el;
	Span at;
	const char *path;
	uint64_t npre, npost;
	NetPattern *out;
} Work;

static bool
wrong(Work *w, DiagCode code, const char *why)
{
	elab_error(w->el, code, w->at, "%s", why);
	diag_help(w->el->diag, "`sparse` takes a matrix [sources, targets], `edges` pairs (source, target)");
	diag_end(w->el->diag);
	return false;
}

static void
make_room(Work *w, uint64_t n)
{
	Arena *a = w->el->arena;
	w->out->nsynapses = n;
	w->out->row = ARENA_ARRAY(a, uint64_t, w->npre + 1);
	w->out->target = ARENA_ARRAY(a, uint32_t, n + 1);
}

static bool
from_matrix(Work *w, const NetColumn *shape, const double *v)
{
	Arena *a = w->el->arena;
	if (shape->rank != 2 || shape->extent[0] != w->npre || shape->extent[1] != w->npost)
		return wrong(w, E0407, arena_printf(a, "`%s` is no matrix of [%" PRIu64 ", %" PRIu64 "] (sources, targets)", w->path,
		                                    w->npre, w->npost));
	uint64_t n = 0;
	for (uint64_t k = 0; k < w->npre * w->npost; k++)
		n += v[k] != 0;
	make_room(w, n);
	w->out->weight = ARENA_ARRAY(a, double, n + 1);
	n = 0;
	for (uint64_t i = 0; i < w->npre; i++) {
		w->out->row[i] = n;
		for (uint64_t j = 0; j < w->npost; j++) {
			double x = v[i * w->npost + j];
			if (x == 0)
				continue;
			if (!isfinite(x))
				return wrong(w, E0702, arena_printf(a, "`%s` holds a value that is no number", w->path));
			w->out->target[n] = (uint32_t)j;
			w->out->weight[n++] = x;
		}
	}
	w->out->row[w->npre] = n;
	return true;
}

static bool
from_pairs(Work *w, const NetColumn *shape, const double *v)
{
	Arena *a = w->el->arena;
	uint64_t cells = shape->extent[1];
	if (shape->rank != 2 || (cells != 2 && cells != 3))
		return wrong(w, E0407, arena_printf(a, "`%s` is no list of pairs [n, 2] (source, target), nor of [n, 3] with a value", w->path));
	uint64_t n = shape->extent[0];
	make_room(w, n);
	if (cells == 3)
		w->out->weight = ARENA_ARRAY(a, double, n + 1);
	uint64_t *row = w->out->row;
	for (uint64_t k = 0; k < n; k++) {
		double i = v[cells * k], j = v[cells * k + 1];
		if (!(i >= 0 && i < (double)w->npre && j >= 0 && j < (double)w->npost && i == floor(i) && j == floor(j)))
			return wrong(w, E0408, arena_printf(a, "pair %" PRIu64 " of `%s` names no neurons of both layers", k, w->path));
		if (cells == 3 && !isfinite(v[3 * k + 2]))
			return wrong(w, E0702, arena_printf(a, "the value of pair %" PRIu64 " of `%s` is no number", k, w->path));
		row[(uint64_t)i + 1]++;
	}
	for (uint64_t i = 0; i < w->npre; i++)
		row[i + 1] += row[i];
	uint64_t *next = ARENA_ARRAY(a, uint64_t, w->npre + 1);
	memcpy(next, row, w->npre * sizeof *next);
	/* Each row by insertion: pairs mostly come in order. */
	for (uint64_t k = 0; k < n; k++) {
		uint64_t i = (uint64_t)v[cells * k], at = next[i]++;
		uint32_t j = (uint32_t)v[cells * k + 1];
		for (; at > row[i] && w->out->target[at - 1] > j; at--) {
			w->out->target[at] = w->out->target[at - 1];
			if (cells == 3)
				w->out->weight[at] = w->out->weight[at - 1];
		}
		if (at > row[i] && w->out->target[at - 1] == j)
			return wrong(w, E0414, arena_printf(a, "`%s` lists the pair (%" PRIu64 ", %u) twice", w->path, i, j));
		w->out->target[at] = j;
		if (cells == 3)
			w->out->weight[at] = v[3 * k + 2];
	}
	return true;
}

bool
elab_synapses(Elab *el, Span at, const char *path, bool edges, const NetLayer *pre, const NetLayer *post, NetPattern *out)
{
	Work w = {el, at, path, pre->n, post->n, out};
	const ElabWorld *world = &el->env->world;
	NetColumn shape = {0};
	uint64_t extent[6] = {0};
	double *values = NULL;
	const char *why = NULL;
	ElabDataStatus status = ELAB_DATA_BAD;
	size_t length = strlen(path);
	bool csv = edges && length > 4 && !strcmp(path + length - 4, ".csv");
	if (!world->array || !world->csv) {
		elab_not_yet(el, at, "synapses from a file, where nothing can be read,");
		return false;
	}
	bool ok = (csv ? world->csv : world->array)(world->env, path, &shape.rank, extent, 0, 0, NULL, &why, &status);
	if (ok && (shape.rank != 2 || extent[0] > (uint64_t)1 << 31 || extent[1] > (uint64_t)1 << 31))
		return wrong(&w, E0407, arena_printf(el->arena, "`%s` has %u axes, and two are needed", path, shape.rank));
	if (ok) {
		memcpy(shape.extent, extent, sizeof shape.extent);
		shape.count = extent[0] * extent[1];
		values = ARENA_ARRAY(el->arena, double, shape.count + 1);
		ok = (csv ? world->csv : world->array)(world->env, path, &shape.rank, extent, 0, shape.count, values, &why, &status);
	}
	if (!ok) {
		el->env->world_errors++;
		return wrong(&w, status == ELAB_DATA_MISSING ? E0701 : status == ELAB_DATA_OUTSIDE ? E0704 : E0702,
		             why ? why : "the file cannot be read");
	}
	if (edges ? !from_pairs(&w, &shape, values) : !from_matrix(&w, &shape, values))
		return false;
	if (out->nsynapses)
		return true;
	return wrong(&w, E0414, arena_printf(el->arena, "`%s` lists no synapse", path));
}
