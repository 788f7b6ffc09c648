/* snnrt.h: the runtime of snnc: what stands around a compiled network.
 *
 * A compiled program is described by a snnrt_program: its buffers (one arena,
 * constant offsets), the objects that its protocol names (data, records …), and
 * one entry that runs everything. The runtime opens the files, gives the arena,
 * answers the calls of snnrt_abi.def, and writes the results. It computes no
 * neuron, trace, delivery or plasticity.
 *
 *   snnrt_options o = { .out = "results", .seed = 1, .seed_given = true };
 *   snnrt *rt;
 *   if (snnrt_open(&program, &o, &rt) == SNNRT_OK)     checks data, memory, folder; nothing is written yet
 *       status = snnrt_run(rt);                         calls program->entry
 *   snnrt_close(rt);                                    finishes the results folder
 *
 * One thread uses a snnrt at a time; several may live in one process. Functions
 * that may fail give a status; snnrt_error has the text.
 */
#ifndef SNNRT_H
#define SNNRT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SNNRT_VERSION 2                                   /* of these structures; 2: buffers have a pitch */

typedef enum { SNNRT_OK = 0, SNNRT_INTERRUPTED = -1, SNNRT_FAILED = -2 } snnrt_status;

/* Same order as PlanType, PlanRole, PlanAxisKind and PlanObjectKind of the compiler (SAME-ORDER: abi). */
typedef enum { SNNRT_BOOL = 1, SNNRT_I8, SNNRT_I16, SNNRT_I32, SNNRT_I64, SNNRT_U8, SNNRT_U16, SNNRT_U32, SNNRT_U64,
	       SNNRT_F16, SNNRT_BF16, SNNRT_F32, SNNRT_F64 } snnrt_type;
typedef enum { SNNRT_STATE = 1, SNNRT_DERIVED, SNNRT_SCRATCH, SNNRT_CONST, SNNRT_WORK } snnrt_role;
typedef enum { SNNRT_LANE = 1, SNNRT_BATCH, SNNRT_NEURON, SNNRT_PRE, SNNRT_POST, SNNRT_SYNAPSE, SNNRT_SLOT, SNNRT_CLASS,
	       SNNRT_ITEM } snnrt_axis_kind;
typedef enum { SNNRT_OBJ_DATA = 1, SNNRT_OBJ_FILL, SNNRT_OBJ_STREAM, SNNRT_OBJ_PHASE, SNNRT_OBJ_RECORD, SNNRT_OBJ_VOTE,
	       SNNRT_OBJ_REPORT, SNNRT_OBJ_SAVE, SNNRT_OBJ_PLOT, SNNRT_OBJ_RASTER, SNNRT_OBJ_VALUE,
	       SNNRT_OBJ_WATCH, SNNRT_OBJ_WARN, SNNRT_OBJ_SYNAPSES, SNNRT_OBJ_TUNE, SNNRT_OBJ_LOAD, SNNRT_OBJ_PRODUCT } snnrt_object_kind;

typedef struct { uint32_t kind; uint64_t extent; } snnrt_axis;
typedef struct {
	const char *name;
	uint32_t type, role, naxes;
	snnrt_axis axis[6];
	uint64_t offset, bytes;                           /* in the arena; of all values */
	uint64_t pitch;                                   /* elements from a row of the last axis to the next; 0: as many as it has */
	const void *data;                                 /* SNNRT_CONST: the bytes to copy in, or NULL */
} snnrt_buffer;

/* texts, buffers and numbers as compiler/plan/plan_object.def says for each kind */
typedef struct {
	uint32_t kind;
	const char *name;
	uint32_t ntexts, nbufs, nnums;
	const char *const *texts;
	const uint32_t *bufs;
	const int64_t *nums;
} snnrt_object;

/* Runs the whole program. The arena is zeroed, 64-byte aligned; constants are copied in, its first word is `host`,
 * the buffer `seed` is set. */
typedef int64_t snnrt_entry(void *arena, void *closure);

typedef struct {
	uint32_t version;                                 /* SNNRT_VERSION */
	const char *name;                                 /* "mnist" */
	const char *source_hash;                          /* hex; goes into the manifest and checkpoints */
	const char *plan_hash;                            /* hex, of all that is computed; a run goes on from checkpoints of the same */
	uint32_t real;                                    /* SNNRT_F32 or SNNRT_F64 */
	double dt;                                        /* ms */
	uint64_t seed;                                    /* if none is given */
	uint64_t arena_bytes;
	uint32_t nbuffers, nobjects;
	const snnrt_buffer *buffers;
	const snnrt_object *objects;
	snnrt_entry *entry;
	void *closure;
} snnrt_program;

typedef struct {
	const char *program_dir;                          /* relative data paths are looked for in `data`, then here; NULL: "." */
	const char *data;                                 /* --data, or NULL */
	const char *out;                                  /* --out: results folder; NULL: "results/<name>" below the working folder */
	uint64_t seed; bool seed_given;
	uint64_t memory;                                  /* bytes allowed; 0: what is free */
	int threads;
	bool quiet;                                       /* no progress line */
	bool silent;                                      /* nothing on stdout: no reports, no curves */
	bool no_results;                                  /* write nothing (timing, tests) */
	const char *format;                               /* of records: "npy" (or NULL), "npz", "csv" */
	const char *checkpoint_every;                     /* "10 min", "30 s", "5000 steps", "100 samples", or NULL */
	const char *pause_after;                          /* likewise: stop there as by Ctrl-C, with a checkpoint */
	const char *resume;                               /* a checkpoint, or the results folder that holds it; or NULL. out NULL: there */
	const char *const *sets; uint32_t nsets;          /* "tau=30 ms" of tunables */
	const char *dump_state;                           /* path: write all state buffers at the end in checkpoint format, or NULL */
	const char *tool_version;                         /* for the manifest */
	const char *engine;                               /* "jit", "eval", "c": for messages only, never in results */
} snnrt_options;

bool snnrt_is_interval(const char *text);                /* of checkpoint_every, pause_after */

typedef struct snnrt snnrt;

snnrt_status snnrt_open(const snnrt_program *p, const snnrt_options *o, snnrt **out);   /* *out is set also on failure (for the text) */
snnrt_status snnrt_run(snnrt *rt);
int snnrt_close(snnrt *rt);                               /* finishes the results; gives the exit code 0, 3 or 130; NULL is fine */
const char *snnrt_reports(const snnrt *rt);               /* what `report` told: JSON objects with commas between, as in the manifest */
const char *snnrt_error(const snnrt *rt);                 /* "" if nothing failed */
void *snnrt_arena(snnrt *rt);

/* main() of a built executable: reads --seed --threads --data --out --memory --quiet --help --version, runs, prints. */
int snnrt_main(int argc, char **argv, const snnrt_program *p);

/* ---- sweeps: lanes of compiled programs ------------------------------------------------------------ */

typedef struct { uint32_t buffer; const void *data; } snnrt_lane_data;                 /* what a const buffer holds in this lane */
typedef struct {
	const snnrt_program *program;                     /* may be that of other lanes, too; of this one alone: */
	const char *source_hash, *plan_hash;
	uint64_t seed;
	uint32_t ndata, nsets;
	const snnrt_lane_data *data;
	const char *const *sets;                          /* of tunables: "tau=15" */
	const char *text;                                 /* "tau = 15 ms, seed = 1" */
	const char *const *value;                         /* of each name of the sweep, as its table shows it */
} snnrt_lane;
typedef struct {
	const char *name, *who;                           /* of the program; who speaks in messages */
	uint32_t nnames, nlanes;
	const char *const *names;                         /* heads of columns: "tau [ms]" */
	const snnrt_lane *lanes;
	bool one_by_one;                                  /* never two lanes at a time */
	void (*select)(void *env, uint32_t lane);         /* called before a lane is run; or NULL */
	void *env;
} snnrt_sweep;

/* Runs all lanes, as many at a time as there are threads, each into lane_0, lane_1 … of the results folder; prints what they reported as a
 * table, and writes it as sweep.csv and sweep.npy. lane: only that one, unless -1. Gives the exit code. */
int snnrt_sweep_run(const snnrt_sweep *s, const snnrt_options *o, int64_t lane);
int snnrt_sweep_main(int argc, char **argv, const snnrt_sweep *s);

/* ---- used by the compiler too ------------------------------------------------------------------- */

/* What a data source has, without reading all of it. dir_data, dir_program as in the options; either may be NULL. */
typedef struct {
	int64_t samples;
	int64_t classes;                                  /* largest label + 1; 0 if there are no labels */
	uint32_t ncolumns;
	struct { uint32_t type, rank; int64_t extent[6]; bool events; } column[8];  /* without the sample axis */
	bool fallback;                                    /* the files are absent and the fallback is used */
} snnrt_data_info;
typedef enum { SNNRT_DATA_OK, SNNRT_DATA_MISSING, SNNRT_DATA_BAD, SNNRT_DATA_LENGTH, SNNRT_DATA_OUTSIDE,
               SNNRT_DATA_SHAPE, SNNRT_DATA_RANGE, SNNRT_DATA_TWICE } snnrt_data_status;
/* kind "idx": paths are IDX files (gzipped or not) with the same first extent, one per column. kind "npy": likewise.
 * fallback "drawn_digits": the digits that the runtime draws itself, "" or NULL for none. why: a sentence on failure. */
snnrt_data_status snnrt_data_probe(const char *dir_data, const char *dir_program, const char *kind, uint32_t npaths,
                                   const char *const *paths, const char *fallback, snnrt_data_info *out,
                                   char why[512]);
/* Header of a .npy below the program's or the data folder. */
snnrt_data_status snnrt_npy_probe(const char *dir_data, const char *dir_program, const char *path, uint32_t *type,
                                  uint32_t *rank, int64_t extent[6], char why[512]);

/* Elements first .. first + n of such a file, as numbers. */
snnrt_data_status snnrt_npy_values(const char *dir_data, const char *dir_program, const char *path, uint64_t first, uint64_t n,
                                   double *out, char why[512]);

/* Where a file of the program is: `shown` is the path to open. */
snnrt_data_status snnrt_path_find(const char *dir_data, const char *dir_program, const char *path, char *shown, size_t room,
                                  char why[512]);

/* A file of lines of cells with commas between (RFC 4180: quotes around cells that have commas, quotes or line ends in them). Empty
 * lines and lines that begin with # do not count; all others have as many cells. */
typedef struct { uint64_t rows, columns; char **cell; char *text; } snnrt_csv;
snnrt_data_status snnrt_csv_read(const char *dir_data, const char *dir_program, const char *path, snnrt_csv *out, char why[512]);
void snnrt_csv_free(snnrt_csv *csv);

/* Pairs of neurons that a file lists, by source, then by target: those of source i are row[i] ..< row[i + 1]. Forms: a matrix [npre, npost]
 * (.npy), whose entries other than 0 they are; pairs (source, target) or (source, target, value), an array or a .csv; for both a
 * sparse matrix as scipy.sparse.save_npz writes it, with all that it stores. */
typedef enum { SNNRT_EDGES_MATRIX, SNNRT_EDGES_PAIRS } snnrt_edges_form;
typedef struct {
	uint64_t npre, npost, n, *row, *order;            /* order: their places in the file */
	uint32_t *target;
	double *value;                                    /* NULL: the file has none */
} snnrt_edges;
/* twice: a pair may be listed several times. out: npre and npost are given; it is to be freed also on failure. */
snnrt_data_status snnrt_edges_read(const char *dir_data, const char *dir_program, const char *path, snnrt_edges_form form, bool twice,
                                   snnrt_edges *out, char why[512]);
void snnrt_edges_free(snnrt_edges *e);
/* Does `path` say a value of each pair of `edges`: the same file, an array of the same archive, or another sparse matrix? */
bool snnrt_edges_says(const char *edges, const char *path);
snnrt_data_status snnrt_edges_values(const char *dir_data, const char *dir_program, const char *edges, const char *path, bool twice,
                                     const snnrt_edges *e, double *out, char why[512]);

/* The calls of compiled code. */
#define SNNRT_ARGS_  void *host
#define SNNRT_ARGS_l void *host, int64_t a
#define SNNRT_ARGS_ll void *host, int64_t a, int64_t b
#define SNNRT_ARGS_lll void *host, int64_t a, int64_t b, int64_t c
#define SNNRT_ARGS_lp void *host, int64_t a, void *b
#define SNNRT_ARGS_llp void *host, int64_t a, int64_t b, void *c
#define SNNRT_ARGS_lllp void *host, int64_t a, int64_t b, int64_t c, void *d
int64_t snnrt_begin(SNNRT_ARGS_);
int64_t snnrt_poll(SNNRT_ARGS_);
int64_t snnrt_fill(SNNRT_ARGS_lp);
int64_t snnrt_connect(SNNRT_ARGS_lp);
int64_t snnrt_arrange(SNNRT_ARGS_lp);
int64_t snnrt_multiply(SNNRT_ARGS_lp);
int64_t snnrt_stream(SNNRT_ARGS_lp);
int64_t snnrt_fetch(SNNRT_ARGS_lllp);
int64_t snnrt_phase(SNNRT_ARGS_ll);
int64_t snnrt_sample(SNNRT_ARGS_ll);
int64_t snnrt_record(SNNRT_ARGS_llp);
int64_t snnrt_record_list(SNNRT_ARGS_lllp);
int64_t snnrt_raster(SNNRT_ARGS_llp);
int64_t snnrt_vote(SNNRT_ARGS_lll);
int64_t snnrt_report(SNNRT_ARGS_l);
int64_t snnrt_tell(SNNRT_ARGS_lp);
int64_t snnrt_warn(SNNRT_ARGS_lll);
int64_t snnrt_save(SNNRT_ARGS_l);
int64_t snnrt_plot(SNNRT_ARGS_l);
int64_t snnrt_tune(SNNRT_ARGS_lp);
int64_t snnrt_take(SNNRT_ARGS_llp);
int64_t snnrt_cue(SNNRT_ARGS_lll);

/* What each thread of a team does: `me` of `of`. snnrt_team calls it on all threads of the run and gives their number; 0: there
 * is one thread, and nothing was done. Within it snnrt_meet waits for all others. */
typedef void snnrt_share(void *arena, int64_t me, int64_t of);
int64_t snnrt_team(void *host, snnrt_share *share);
void snnrt_meet(void *host);
int snnrt_processors(void);                               /* that this process may use */
bool snnrt_has_blas(void);                                     /* an OpenBLAS that multiplies rightly is here: batches of values are fast */

#ifdef __cplusplus
}
#endif
#endif
