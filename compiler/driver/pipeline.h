/* pipeline.h: a compilation, and the stages that carry it from text to plan. */
#ifndef SNNC_DRIVER_PIPELINE_H
#define SNNC_DRIVER_PIPELINE_H

#include "ast/ast.h"
#include "base/intern.h"
#include "diag/diag.h"
#include "driver/options.h"
#include "driver/timing.h"
#include "elab/elab.h"
#include "expand/expand.h"
#include "net/net.h"
#include "plan/plan.h"
#include "source/source.h"

typedef struct {
	const Options *o;
	Arena *arena;
	Interner *names;
	SourceMap *sources;
	Diag *diag;
	const char *name; /* of the program: the file's name without .snn */
	const char *program_dir;
	const char *source_hash; /* set by parse */
	AstProgram ast;
	VEC(AstArg) sets;
	ExpandLanes lanes; /* set by expand: what the program sweeps over */
	VEC(struct Import { const SourceFile *file; const char *folder; bool reading; }) imports; /* the program first */
	bool whole_library; /* read it all: a message may be about any of it */
	const char *math_plan; /* text of the library's plans */
	Net *net;
	Plan *plan;
	uint32_t world_errors; /* of the errors in diag: those that are no fault of the text */
	Timing timing;
	int dumped; /* files in --dump-dir so far */
	bool dump_failed;
} Compilation;

bool pipeline_is_stage(const char *name);
const char *pipeline_stage_names(Arena *a); /* "parse, sema, elab" */

/* Runs the stages until `last` is done (NULL: all), or --stop-after. False: errors are in c->diag. */
bool pipeline_run(Compilation *c, const char *last);
/* The library and, where one is named, the program, as far as sema. False: errors are in c->diag. */
bool pipeline_read_models(Compilation *c);
bool pipeline_resume(Compilation *c, const char *first); /* from there to the end */
/* True if --stop-after named a stage that was reached, so that nothing follows. */
bool pipeline_stopped(const Compilation *c);

void compilation_open(Compilation *c, const Options *o, Arena *a); /* for o->file; NULL: the library alone */
/* As compilation_open, of a compilation that has read the library and nothing else: it is not read again. */
void compilation_begin(Compilation *c, const Options *o);

/* Is something left to sweep over, that neither --set nor --seed gives? */
bool compilation_has_lanes(const Compilation *c);
bool compilation_has_lane(const Compilation *c, uint32_t i);

/* ---- parts ----------------------------------------------------------------------------------- */
bool library_read(Compilation *c);  /* library.c: models into c->ast, plans into c->math_plan; once */
bool library_read_part(Compilation *c); /* library_part.c: of what is built in, the models that c->ast can name */
bool library_is_models(const char *name); /* of a text of the library */
bool library_is_plan(const char *name);
bool import_read(Compilation *c, const SourceFile *of); /* import.c: the files that the program's declarations import */
const char *import_folder(Compilation *c, Span at);     /* "models/" of text in models/a.snn, below the program's folder; or "" */
ElabWorld world_of(Compilation *c);          /* world.c: the runtime's probes */
ExpandWorld world_of_tables(Compilation *c); /* likewise */

#endif
