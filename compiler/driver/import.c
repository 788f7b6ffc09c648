/* import: the files that a program imports, each once, in the place of its `import`.
 *
 * A path begins in the folder of the file that says it, and stays below the folder of the program. Paths of data that an imported
 * file names begin in its folder too.
 */
#define _GNU_SOURCE
#include "driver/pipeline.h"

#include "parse/parse.h"
#include "snnrt.h"

#include <string.h>

enum { MOST_IMPORTS = 1000 };

static const struct Import *
find_import(const Compilation *c, Span at)
{
	SourcePlace p;
	if (!source_find(c->sources, at.lo, &p))
		return NULL;
	for (uint32_t i = 0; i < c->imports.n; i++) {
		if (c->imports.at[i].file == p.file)
			return &c->imports.at[i];
	}
	return NULL;
}

const char *
import_folder(Compilation *c, Span at)
{
	const struct Import *i = find_import(c, at);
	return i ? i->folder : "";
}

static bool
refuse(Compilation *c, DiagCode code, Span at, const char *why, const char *help)
{
	diag_begin(c->diag, code, at, "%s", why);
	diag_help(c->diag, "%s", help);
	diag_end(c->diag);
	return false;
}

/* "models/" of "models/a.snn" */
static const char *
folder_of(Arena *a, const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? arena_strndup(a, path, (size_t)(slash - path) + 1) : "";
}

/* The file itself, once it is found below the program's folder; NULL after a message. */
static const SourceFile *
open_file(Compilation *c, const AstDecl *d, const char *path)
{
	char shown[4096], why[512] = "";
	snnrt_data_status status = snnrt_path_find(NULL, c->program_dir, path, shown, sizeof shown, why);
	const char *text = why;
	const SourceFile *f = status == SNNRT_DATA_OK ? source_read(c->sources, shown, &text) : NULL;
	if (f)
		return f;
	if (status == SNNRT_DATA_OK)
		text = arena_printf(c->arena, "`%s` cannot be read: %s", shown, text);
	c->world_errors++;
	refuse(c, status == SNNRT_DATA_OUTSIDE ? E0704 : status == SNNRT_DATA_MISSING ? E0701 : E0001, d->import.path->span,
	       arena_strdup(c->arena, text), "an imported file lies beside the file that imports it, or below");
	return NULL;
}

static bool import_decls(Compilation *c, AstProgram *p, const char *folder);

/* Imported before? Then nothing is read again. `*again`: by this file already, or it is one of those that import this one. */
static bool
was_read(Compilation *c, const AstDecl *d, const char *name, bool *wrong)
{
	for (uint32_t i = 0; i < c->imports.n; i++) {
		const struct Import *other = &c->imports.at[i];
		if (strcmp(other->file->name, name) != 0)
			continue;
		if (other->reading) {
			*wrong = true;
			refuse(c, E0706, d->import.path->span,
			       arena_printf(c->arena, "`%s` imports itself%s", name,
					    find_import(c, d->span) == other ? "" : ", by way of this file"),
			       "let a third file hold what both need");
		}
		return true;
	}
	return false;
}

static bool
read_one(Compilation *c, const AstDecl *d, const char *folder, AstProgram *into)
{
	ParseEnv env = {c->arena, c->names, c->sources, c->diag};
	const char *path = arena_printf(c->arena, "%s%s", folder, d->import.path->string);
	const char *name = strcmp(c->program_dir, ".") == 0 ? path : arena_printf(c->arena, "%s/%s", c->program_dir, path);
	AstProgram p = {0};
	bool wrong = false;
	if (was_read(c, d, name, &wrong))
		return !wrong;
	if (c->imports.n >= MOST_IMPORTS)
		return refuse(c, E0903, d->span, "the program imports more than 1000 files", "put some of them together");
	const SourceFile *f = open_file(c, d, path);
	if (!f)
		return false;
	uint32_t index = c->imports.n;
	struct Import import = {f, folder_of(c->arena, path), true};
	VEC_PUSH(c->arena, &c->imports, import);
	bool ok = parse_file(&env, f, &p);
	for (uint32_t i = 0; i < p.decls.n; i++)
		p.decls.at[i]->imported = true;
	ok = import_decls(c, &p, import.folder) && ok;
	c->imports.at[index].reading = false;
	for (uint32_t i = 0; i < p.decls.n; i++)
		VEC_PUSH(c->arena, &into->decls, p.decls.at[i]);
	return ok;
}

static bool
said_twice(Compilation *c, const AstProgram *p, uint32_t k)
{
	for (uint32_t i = 0; i < k; i++) {
		const AstDecl *d = p->decls.at[k], *other = p->decls.at[i];
		if (other->kind != ADECL_IMPORT || strcmp(other->import.path->string, d->import.path->string) != 0)
			continue;
		diag_begin(c->diag, E0202, d->span, "`%s` is imported twice", d->import.path->string);
		diag_label(c->diag, other->span, "first here");
		diag_help(c->diag, "keep one of them");
		diag_end(c->diag);
		return true;
	}
	return false;
}

/* Puts what they import in the place of the imports of p. */
static bool
import_decls(Compilation *c, AstProgram *p, const char *folder)
{
	AstProgram out = {0};
	bool ok = true;
	for (uint32_t i = 0; i < p->decls.n; i++) {
		const AstDecl *d = p->decls.at[i];
		if (d->kind != ADECL_IMPORT)
			VEC_PUSH(c->arena, &out.decls, p->decls.at[i]);
		else if (said_twice(c, p, i))
			ok = false;
		else
			ok = read_one(c, d, folder, &out) && ok;
	}
	*p = out;
	return ok;
}

bool
import_read(Compilation *c, const SourceFile *of)
{
	struct Import program = {of, "", true};
	VEC_PUSH(c->arena, &c->imports, program);
	return import_decls(c, &c->ast, "");
}
