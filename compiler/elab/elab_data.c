/* elab_data: data sources, as the world says they are, and the paths of files. */
#include "elab/elab_inner.h"

#include <math.h>
#include <inttypes.h>
#include <string.h>

enum { FILE_LIMIT = 1 << 27 }; /* numbers that a value may have */

/* ---- paths ----------------------------------------------------------------------------------- */

/* Nothing of a path may lead out of the folder that it starts in. */
static bool
leads_out(const char *path)
{
	if (path[0] == '/' || path[0] == '\0')
		return true;
	for (const char *p = path; *p;) {
		size_t n = strcspn(p, "/");
		if (n == 2 && p[0] == '.' && p[1] == '.')
			return true;
		p += n;
		p += *p == '/';
	}
	return false;
}

const char *
elab_path(Elab *el, const AstExpr *e)
{
	if (e->kind != AEXPR_STRING) {
		elab_error(el, E0305, e->span, "the name of a file is a text in quotes");
		diag_help(el->diag, "write `\"images.gz\"`");
		diag_end(el->diag);
		return NULL;
	}
	if (leads_out(e->string)) {
		elab_error(el, E0704, e->span,
			   "a file lies below the program's folder, `--data` or `--out`");
		diag_help(el->diag, "write its path from there, without `..` and a leading `/`");
		diag_end(el->diag);
		return NULL;
	}
	return e->string;
}

const char *
elab_read_path(Elab *el, const AstExpr *e)
{
	const ElabWorld *w = &el->env->world;
	const char *path = elab_path(el, e), *folder = path && w->folder ? w->folder(w->env, e->span) : "";
	return *folder ? arena_printf(el->arena, "%s%s", folder, path) : path;
}

const char *
elab_file(Elab *el, const AstExpr *e)
{
	return elab_read_path(el, e->kind == AEXPR_CALL && e->args.n == 1 ? e->args.at[0].value : e);
}

/* ---- arrays ---------------------------------------------------------------------------------- */

static void report_world(Elab *el, Span at, ElabDataStatus status, const char *why, const char *fallback);

static bool
calls(const AstExpr *e, const char *function)
{
	return e->kind == AEXPR_CALL && e->op[0] && e->op[0]->kind == AEXPR_NAME && !strcmp(e->op[0]->name, function);
}

bool
elab_is_file(const AstExpr *e)
{
	return calls(e, "file");
}

bool
elab_is_events(const AstExpr *e)
{
	return calls(e, "events");
}

bool
elab_file_shape(Elab *el, const AstExpr *e, const char *path, uint32_t *rank, uint64_t extent[6])
{
	const ElabWorld *w = &el->env->world;
	const char *why = NULL;
	ElabDataStatus status = ELAB_DATA_BAD;
	if (!w->array)
		elab_not_yet(el, e->span, "a file, where nothing can be read,");
	else if (!w->array(w->env, path, rank, extent, 0, 0, NULL, &why, &status))
		report_world(el, e->span, status, why, "");
	else
		return true;
	return false;
}

double *
elab_file_numbers(Elab *el, const AstExpr *e, const char *path, uint64_t n)
{
	const ElabWorld *w = &el->env->world;
	const char *why = NULL;
	ElabDataStatus status = ELAB_DATA_BAD;
	uint32_t rank;
	uint64_t extent[6];
	double *v = ARENA_ARRAY(el->arena, double, n);
	if (!w->array(w->env, path, &rank, extent, 0, n, v, &why, &status))
		return NULL;
	for (uint64_t k = 0; k < n; k++) {
		if (isfinite(v[k]))
			continue;
		el->env->world_errors++;
		elab_error(el, E0702, e->span, "element %" PRIu64 " of `%s` is not a finite number", k, path);
		diag_help(el->diag, "write it anew without NaN and infinity");
		diag_end(el->diag);
		return NULL;
	}
	return v;
}

bool
elab_file_is_finite(Elab *el, const AstExpr *e, const char *path, uint32_t rank, const uint64_t *extent)
{
	uint32_t told = el->env->world_errors;
	uint64_t n = 1;
	for (uint32_t d = 0; d < rank; d++)
		n *= n < ELAB_LOOKED_AT ? extent[d] : 1;
	return n >= ELAB_LOOKED_AT || elab_file_numbers(el, e, path, n) || el->env->world_errors == told;
}

NetExpr *
elab_file_values(Scope *s, const AstExpr *e)
{
	Elab *el = s->el;
	const ElabWorld *w = &el->env->world;
	const char *path = elab_file(el, e), *why = NULL;
	ElabDataStatus status = ELAB_DATA_BAD;
	uint32_t rank;
	uint64_t extent[6], n = 1;
	if (!path || !elab_file_shape(el, e, path, &rank, extent))
		return NULL;
	for (uint32_t i = 0; i < rank; i++)
		n *= extent[i] && n > FILE_LIMIT / extent[i] ? FILE_LIMIT : extent[i];
	if (n < 1 || n >= FILE_LIMIT) {
		elab_error(el, E0407, e->span, "`%s` has %s numbers for a value here", path,
			   n ? "too many" : "no");
		diag_help(el->diag, "give one number, or one for each neuron");
		diag_end(el->diag);
		return NULL;
	}
	double *v = ARENA_ARRAY(el->arena, double, n);
	if (!w->array(w->env, path, &rank, extent, 0, n, v, &why, &status)) {
		report_world(el, e->span, status, why, "");
		return NULL;
	}
	for (uint64_t i = 0; i < n; i++) {
		v[i] = elab_round(s, v[i]);
		if (isfinite(v[i]))
			continue;
		elab_error(el, E0702, e->span, "element %llu of `%s` is not a finite number",
			   (unsigned long long)i, path);
		diag_help(el->diag, "write it anew without NaN and infinity");
		diag_end(el->diag);
		return NULL;
	}
	if (n == 1)
		return elab_const(s, NT_REAL, v[0], e->span);
	NetExpr *l = net_expr(el->net, NEXPR_ARRAY, NT_REAL, e->span);
	l->index = elab_list_of(el, v, rank, extent);
	return elab_fits(s, l) ? l : NULL;
}

/* ---- sources --------------------------------------------------------------------------------- */

static bool
is_fallback(const char *name)
{
	return strcmp(name, "drawn_digits") == 0;
}

/* idx("a", "b"), drawn_digits(), or the first `or` the second. */
static bool
read_source(Elab *el, const AstExpr *e, NetData *d)
{
	if (e->kind == AEXPR_BINARY && e->op_kind == AOP_OR) {
		if (e->op[1]->kind != AEXPR_CALL || !is_fallback(e->op[1]->op[0]->name)) {
			elab_not_yet(el, e->op[1]->span, "this source behind `or`");
			return false;
		}
		return read_source(el, e->op[0], d) && read_source(el, e->op[1], d);
	}
	if (e->kind != AEXPR_CALL || e->op[0]->kind != AEXPR_NAME) {
		elab_not_yet(el, e->span, "this source of data");
		return false;
	}
	const char *kind = e->op[0]->name;
	if (is_fallback(kind)) {
		d->fallback = kind;
		return true;
	}
	if (strcmp(kind, "idx") != 0 && strcmp(kind, "npy") != 0 && strcmp(kind, "npz") != 0 && strcmp(kind, "csv") != 0 &&
	    strcmp(kind, "events") != 0) {
		elab_not_yet(el, e->span, "this source of data");
		return false;
	}
	d->kind = kind;
	for (uint32_t i = 0; i < e->args.n; i++) {
		const char *path = elab_read_path(el, e->args.at[i].value);
		if (!path)
			return false;
		VEC_PUSH(el->arena, &d->paths, path);
	}
	return true;
}

static void
report_world(Elab *el, Span at, ElabDataStatus status, const char *why, const char *fallback)
{
	DiagCode code = E0702;
	const char *help = "copy the file anew, or name the folder of a sound one by `--data DIR`";
	switch (status) {
	case ELAB_DATA_OK:
	case ELAB_DATA_BAD:
	case ELAB_DATA_SHAPE:
	case ELAB_DATA_RANGE:
	case ELAB_DATA_TWICE:
		break;
	case ELAB_DATA_MISSING:
		code = E0701;
		help = "name the folder that has it by `--data DIR`";
		if (*fallback)
			help = arena_printf(el->arena, "name the folder that has it by `--data DIR`; "
					    "with no file at all and no `--data`, `%s()` steps in", fallback);
		break;
	case ELAB_DATA_LENGTH:
		code = E0703;
		help = "take files that belong together, in the same order";
		break;
	case ELAB_DATA_OUTSIDE:
		code = E0704;
		help = "name the folder of the files by `--data DIR`";
		break;
	}
	el->env->world_errors++;
	elab_error(el, code, at, "%s", why ? why : "the data cannot be read");
	diag_help(el->diag, "%s", help);
	diag_end(el->diag);
}

static void
one_source(Elab *el, const AstDecl *decl)
{
	NetData d = {.name = decl->name, .span = decl->name_span, .kind = "idx", .fallback = ""};
	const ElabWorld *w = &el->env->world;
	if (read_source(el, decl->value.value, &d)) {
		const char *why = NULL;
		ElabDataStatus status = ELAB_DATA_BAD;
		if (!w->data)
			elab_not_yet(el, decl->span, "data, where nothing can be read,");
		else if (!w->data(w->env, d.kind, d.paths.n, d.paths.at, d.fallback, &d, &why,
				  &status))
			report_world(el, decl->value.value->span, status, why, d.fallback);
	}
	VEC_PUSH(el->arena, &el->net->data, d);
	VEC_PUSH(el->arena, &el->data, decl);
}

void
elab_data(Elab *el)
{
	for (uint32_t i = 0; i < el->ast->decls.n; i++) {
		if (el->ast->decls.at[i]->kind == ADECL_DATA)
			one_source(el, el->ast->decls.at[i]);
	}
}

bool
elab_column_is_events(const Elab *el, const AstStmt *loop, uint32_t column)
{
	const AstExpr *name = loop->target->kind == AEXPR_INDEX ? loop->target->op[0] : loop->target;
	for (uint32_t i = 0; name->sema.sym && i < el->data.n; i++) {
		if (el->data.at[i] == name->sema.sym->decl)
			return column < el->net->data.at[i].columns.n && el->net->data.at[i].columns.at[column].events;
	}
	return false;
}
