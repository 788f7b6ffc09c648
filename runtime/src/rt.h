/* rt.h: what the files of the runtime share with each other; nobody else includes it but tests.
 *
 * Two kinds of functions: those that work for one running program take `snnrt *rt` and keep the text of a
 * failure there (rt_fail); those that also serve the compiler's probes take `char *why`, room for RT_WHY
 * bytes, and give false or a status.
 */
#ifndef SNNC_RUNTIME_RT_H
#define SNNC_RUNTIME_RT_H

#include "snnrt.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "results and checkpoints are written as they lie in memory, which has to be little endian"
#endif

enum { RT_WHY = 512, RT_MAX_RANK = 8, RT_MAX_COLUMNS = 8, RT_DIGITS = 10000, RT_DIGIT_SIDE = 28, RT_MAX_READOUTS = 8, RT_MAX_NGRAM = 8 };

/* ---- text (text.c) --------------------------------------------------------------------------------- */

typedef struct { char *s; size_t n, cap; bool failed; } RtText;      /* grows; failed: there was no memory */

void rt_text_add(RtText *t, const char *s, size_t n);
void rt_text_printf(RtText *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void rt_text_json(RtText *t, const char *s);                         /* quoted; anything but UTF-8 becomes U+FFFD */
void rt_text_number(RtText *t, double v);                            /* shortest that reads back the same, with a dot */
void rt_text_shape(RtText *t, uint32_t rank, const uint64_t *extent); /* [28, 28] */
void rt_text_bytes(RtText *t, uint64_t bytes);                       /* 1.5 GiB */
void rt_text_fini(RtText *t);
bool rt_say(char *why, const char *fmt, ...) __attribute__((format(printf, 2, 3)));      /* always false */
char *rt_copy(const char *s);                                        /* NULL stays NULL */

/* ---- element types (type.c) ------------------------------------------------------------------------ */

bool rt_type_is_valid(uint32_t type);
bool rt_type_is_float(uint32_t type);
bool rt_type_is_int(uint32_t type);
uint32_t rt_type_size(uint32_t type);
const char *rt_type_name(uint32_t type);                             /* "f32" */
const char *rt_type_numpy(uint32_t type);                            /* "<f4" */
double rt_load_float(uint32_t type, const void *base, uint64_t i);
int64_t rt_load_int(uint32_t type, const void *base, uint64_t i);    /* floats are truncated */
void rt_store_float(uint32_t type, void *base, uint64_t i, double v);
bool rt_store_int(uint32_t type, void *base, uint64_t i, int64_t v); /* false: does not fit */
bool rt_can_convert(uint32_t from, uint32_t to);
bool rt_convert(uint32_t to, void *dst, uint32_t from, const void *src, uint64_t n, uint64_t *bad);
void rt_swap_bytes(void *p, uint64_t n, uint32_t size);
bool rt_mul(uint64_t a, uint64_t b, uint64_t *out);                  /* false: overflow */

/* ---- buffers (buffer.c) ----------------------------------------------------------------------------- */

uint64_t rt_rows(const snnrt_buffer *b);                             /* of elements side by side; without a pitch all are one */
uint64_t rt_row_bytes(const snnrt_buffer *b);                        /* of the elements of each */
uint64_t rt_row_pitch(const snnrt_buffer *b);                        /* bytes from one to the next */
uint64_t rt_room(const snnrt_buffer *b);                             /* bytes in the arena */
void rt_take_rows(const snnrt_buffer *b, void *to, const void *values);   /* from where they lie side by side */
bool rt_is_kept(const snnrt_buffer *b);                              /* whether checkpoints hold it */
uint64_t rt_place(const snnrt_buffer *b, uint64_t i);                /* where element i lies, counted in elements */

/* ---- files to read (path.c, file.c) ------------------------------------------------------------------ */

bool rt_path_is_inside(const char *path);                            /* relative, without .. */
/* Finds `path` below dir_data, then below dir_program (NULL: "."), and opens it. shown: the way it was found. */
snnrt_data_status rt_path_open(const char *dir_data, const char *dir_program, const char *path, int *fd,
                               char **shown, char *why);

/* A file, gzipped or not, that is read by offset. A gzipped one is inflated only as far as somebody asked,
 * and what was inflated is kept. */
typedef struct {
	int fd;
	char *name;                                                      /* for messages */
	bool gz, ended;
	uint64_t stored;                                                 /* bytes of the file, or of its part that is read */
	uint64_t base;                                                   /* where that part begins */
	uint64_t want;                                                   /* bytes of the content, once known, or 0 */
	struct z_stream_s *z;
	uint8_t *in, *kept;
	uint64_t have, cap, at;                                          /* inflated; room; read from fd */
} RtFile;

bool rt_file_open(RtFile *f, int fd, char *name, char *why);         /* takes fd and name, also on failure */
bool rt_file_read(RtFile *f, uint64_t offset, uint64_t n, void *dst, char *why);
bool rt_file_expect(RtFile *f, uint64_t bytes, char *why);           /* is the content as long as its header says? */
bool rt_file_length(RtFile *f, uint64_t most, uint64_t *out, char *why);  /* of the content; more than `most` is not counted to its end */
void rt_file_close(RtFile *f);

typedef struct {
	uint32_t type, rank;
	uint64_t extent[RT_MAX_RANK];
	uint64_t offset;                                                 /* of the first element */
	bool swap;                                                       /* stored big endian */
	bool spikes;                                                     /* rows of (t, b, i) as records have them, here as bytes [n, 16] */
} RtArray;

bool rt_array_bytes(const RtArray *a, uint64_t *out);                /* false: overflow */
/* The numbers of a file of text, a sample in each line; whole numbers if each line is one. */
snnrt_data_status rt_csv_open(const char *dir_data, const char *dir_program, const char *path, RtFile *f, RtArray *a, char *why);
bool rt_idx_header(RtFile *f, RtArray *out, char *why);              /* idx.c */
bool rt_npy_header(RtFile *f, RtArray *out, char *why);              /* npy.c */
bool rt_npy_header_of_events(RtFile *f, RtArray *out, char *why);    /* numbers, or recorded spikes */
/* A .npy file, or one array of many: "a.npz:images", "net.snnw:input.weight". f is to be closed unless its name is NULL. */
snnrt_data_status rt_array_open(const char *dir_data, const char *dir_program, const char *path, RtFile *f, RtArray *a, char *why);
const char *rt_member_of(const char *path);                          /* "images" of "a.npz:images"; NULL: the path is that of one array */
/* From here on f is that entry of an archive (zip.c): its content, unpacked if it is packed. FAILED: why is said. */
typedef enum { RT_ZIP_FAILED, RT_ZIP_FOUND, RT_ZIP_ABSENT } RtZip;
RtZip rt_zip_enter(RtFile *f, const char *entry, char *why);
/* Pairs in the order of their file, from malloc. value: NULL if it has none. */
typedef struct { uint64_t n; uint32_t *source, *target; double *value; } RtPairs;
bool rt_is_sparse(const char *path);                                 /* by its name: a matrix of scipy */
snnrt_data_status rt_sparse_read(const char *dir_data, const char *dir_program, const char *path, uint64_t rows, uint64_t columns,
                                 RtPairs *out, char *why);           /* scipy.c */
/* All numbers of an array of `rank` axes, from malloc; indices: whole ones that are not negative. NULL and status after a failure. */
double *rt_array_numbers(const char *dir_data, const char *dir_program, const char *path, uint32_t rank, bool indices, uint64_t extent[2],
                         snnrt_data_status *status, char *why);
/* The first number that is not finite; n: there is none. Integers and half floats are taken as they are. */
uint64_t rt_find_not_finite(uint32_t type, const void *numbers, uint64_t n);
bool rt_array_read(RtFile *f, const RtArray *a, uint64_t first, uint64_t n, void *dst, char *why);

/* The header of a .npy to be written, padded to `size` bytes (0: as short as can be, room for any first
 * extent). descr: rt_type_numpy, or a list for structured types. Gives the bytes, 0 if it does not fit. */
size_t rt_npy_print_header(char *out, size_t size, const char *descr, uint32_t rank, const uint64_t *extent);
enum { RT_NPY_HEADER = 512 };                                        /* longer ones are not written */

/* ---- data (data.c, digits.c) --------------------------------------------------------------------------- */

typedef struct {
	RtFile file;
	RtArray array;
	uint64_t item, item_bytes;                                       /* elements and bytes of one sample */
	struct RtTrials *trials;                                         /* lists of spikes instead; or NULL */
} RtColumn;

typedef struct {
	uint32_t ncolumns;
	RtColumn column[RT_MAX_COLUMNS];
	uint64_t samples;
	int64_t classes;
	bool drawn;                                                      /* no files: the digits that we draw */
	uint8_t *labels;                                                 /* of the drawn digits */
} RtData;

snnrt_data_status rt_data_open(RtData *d, const char *dir_data, const char *dir_program, const char *kind,
                               uint32_t npaths, const char *const *paths, const char *fallback, char *why);
void rt_data_close(RtData *d);
bool rt_data_fetch(RtData *d, uint32_t column, uint64_t sample, void *dst, char *why);
uint64_t rt_data_memory(const RtData *d);                            /* bytes that it may come to hold */

/* Lists of spikes (trials.c). f gets the name; the trials are to be closed also on failure. */
struct RtTrials;
snnrt_data_status rt_trials_open(const char *dir_data, const char *dir_program, const char *path, RtFile *f, struct RtTrials **out, char *why);
void rt_trials_close(struct RtTrials *t);
uint64_t rt_trials_samples(const struct RtTrials *t);
uint32_t rt_trials_neurons(const struct RtTrials *t);
uint64_t rt_trials_memory(const struct RtTrials *t);
/* Adds the spikes of a step to a row of neurons. */
void rt_trials_at(const struct RtTrials *t, uint64_t sample, double dt, uint64_t step, uint32_t type, void *row);

void rt_digits_label(uint8_t out[RT_DIGITS]);
void rt_digits_draw(uint32_t sample, uint8_t label, uint8_t out[RT_DIGIT_SIDE * RT_DIGIT_SIDE]);

/* ---- files to write (sink.c, folder.c) ------------------------------------------------------------------- */

/* A file that appears under its name only when it is complete. An error of writing is kept and told at
 * rt_sink_commit. */
typedef struct {
	int dir, fd;
	char *name, *part;
	uint8_t *buf;
	size_t n;
	uint64_t written;
	bool taken;                                                      /* over from an earlier run: never thrown away */
	bool summed;
	uint32_t crc;                                                    /* see rt_sink_sum */
	size_t sum_from;                                                 /* in buf */
	int error;
} RtSink;

bool rt_sink_open(RtSink *s, int dir, const char *name, char *why);  /* name may have folders: they are made */
void rt_sink_write(RtSink *s, const void *p, uint64_t n);
void rt_sink_values(RtSink *s, const snnrt_buffer *b, const void *values);   /* as rt_type_numpy tells */
void rt_sink_rows(RtSink *s, const snnrt_buffer *b, const void *values);     /* as they are */
/* Begins to keep crc, of all bytes from here on, without patches; called again it brings crc up to date. */
void rt_sink_sum(RtSink *s);
void rt_sink_patch(RtSink *s, uint64_t offset, const void *p, size_t n);
bool rt_sink_flush(RtSink *s, char *why);
bool rt_sink_sync(RtSink *s, char *why);                             /* what was written is on the disk */
/* Goes on with what an earlier run left as `part`, of which the first bytes count. */
bool rt_sink_take(RtSink *s, int dir, const char *name, const char *part, uint64_t bytes, char *why);
void rt_sink_leave(RtSink *s);                                       /* closes it, and leaves the part where it is */
void rt_sink_sweep(int dir);                                         /* parts that nobody writes any more go */
bool rt_sink_commit(RtSink *s, bool sync, char *why);                /* closes s in any case */
void rt_sink_discard(RtSink *s);
bool rt_write_file(int dir, const char *name, const void *p, size_t n, char *why);

typedef struct {
	int fd;                                                          /* -1: no results */
	char *path;
	char **made;                                                     /* folders that we made, outer first */
	uint32_t nmade;
} RtFolder;

bool rt_folder_open(RtFolder *f, const char *path, char *why);
void rt_folder_close(RtFolder *f, bool remove_if_empty);

/* ---- state of the host (state.c): one function for each thing, which writes it or reads it back ----------- */

typedef struct { RtText *out; const unsigned char *at, *end; bool bad; } RtState;    /* out NULL: reads */

void rt_state(RtState *s, void *p, uint64_t bytes);
void rt_state_flags(RtState *s, bool *p, uint64_t n);                /* reading: bad, unless each is 0 or 1 */
void rt_state_text(RtState *s, RtText *t);                           /* reading: appended */
bool rt_state_room(RtState *s, uint64_t *n, uint64_t each);          /* a number of things that follow; reading: can there be so many? */
bool rt_state_of_host(snnrt *rt, RtState *s);                        /* everything; false: it cannot be read */

/* ---- state of host objects -------------------------------------------------------------------------------- */

struct RtEvents;
struct RtTrials;
typedef struct { int64_t sample; uint64_t began; } RtShown;         /* to an item of the batch, from a step on; -1: nothing */
typedef struct { RtFile file; RtArray array; void *row; uint64_t next, row_items; struct RtEvents *events;
	         const struct RtTrials *trials; RtShown *shown; uint64_t items; } RtLoad; /* load.c; events, trials or NULL */

typedef struct {                                                     /* record.c */
	RtSink sink;
	char *file;
	uint64_t rows;
	uint32_t header;                                                 /* bytes in front of the rows */
	bool events, csv;
} RtRecord;

typedef struct { double value; bool given; } RtTune;                 /* tune.c */

typedef struct { uint64_t samples, correct[RT_MAX_READOUTS]; uint64_t seen; } RtTally;

typedef struct {                                                     /* vote.c */
	uint64_t batch, neurons, classes, every;
	double keep;                                                     /* of the old rates, at an assignment */
	uint32_t nreadouts, readout[RT_MAX_READOUTS];
	uint32_t ngram[RT_MAX_READOUTS];                                 /* n, of that readout */
	uint32_t raster;                                                 /* object; UINT32_MAX: none */
	uint64_t *score;                                                 /* [class] */
	RtTally *phase;                                                  /* by object index */
	RtTally interval;
	uint64_t interval_seen;
	int64_t *sum;                                                    /* [class, neuron] counts of this interval */
	uint64_t *label_samples;                                         /* [class] of this interval */
	uint64_t *assigned;                                              /* [class] neurons */
	float *value;                                                    /* [class] */
	int64_t *counts;                                                 /* [neuron] of one sample */
	uint32_t last_phase;
	struct { uint64_t samples; float accuracy[RT_MAX_READOUTS]; } *point;
	size_t npoints, points_cap;
	uint64_t total;                                                  /* samples seen while learning */
	bool curve_shown;
} RtVote;


/* ---- progress (progress.c) ---------------------------------------------------------------------------------- */

typedef struct {
	bool on, terminal, colour, utf8, drawn;
	uint32_t phase;                                                  /* object, UINT32_MAX: none */
	double started, shown;                                           /* seconds; of the phase, of the last line */
	uint64_t first, done, steps;
	uint64_t resumed;                                                /* of done: by an earlier run */
	int width;
} RtProgress;

void rt_progress_open(snnrt *rt);
void rt_progress_resume(snnrt *rt);                                  /* in the middle of a phase */
void rt_progress_note(snnrt *rt, const char *fmt, ...) __attribute__((format(printf, 2, 3)));    /* a line on stderr */
void rt_progress_step(snnrt *rt);                                    /* in every step; cheap */
void rt_progress_end(snnrt *rt);                                     /* the run is over, perhaps in the middle of a phase */
void rt_progress_results(const snnrt *rt);                           /* where the results are */
void rt_progress_clear(snnrt *rt);                                   /* before something else is printed */

/* ---- checkpoints on the way (resume.c) ------------------------------------------------------------------------ */

#define RT_CHECKPOINT "checkpoint.snnw"

typedef struct RtResume RtResume;
typedef struct {                                                     /* between checkpoints; 0: not by these */
	uint64_t steps, samples, steps_done, samples_done, steps_began;
	double seconds, last;
	bool due;
} RtEvery;

bool rt_every_read(const char *text, RtEvery *out);
void rt_every_begin(snnrt *rt);
void rt_every_sample(snnrt *rt);
bool rt_every_step(snnrt *rt);                                       /* takes one if it is due; a failure is told and the run goes on. false: pause */
bool rt_checkpoint_take(snnrt *rt, char *why);
void rt_checkpoint_remove(snnrt *rt);                                /* the run is complete */
bool rt_resume_open(snnrt *rt);                                      /* reads and judges; false after rt_fail */
bool rt_resume_load(snnrt *rt);                                      /* buffers, host, files; false after rt_fail */
void rt_resume_close(RtResume *r);
int rt_resume_folder(const RtResume *r);                             /* of the checkpoint */
bool rt_resume_in_place(const snnrt *rt);                            /* is it the results folder? */

/* ---- the whole (context.c) ------------------------------------------------------------------------------------ */

struct snnrt {
	const snnrt_program *p;                                          /* kept */
	snnrt_options o;                                                 /* strings are copies */
	snnrt_status status;
	bool ran;
	char error[2048];
	unsigned char *arena;
	size_t arena_mapped;                                             /* 0: malloc */
	RtFolder folder;
	void **object;                                                   /* RtData, RtLoad, RtRecord, RtVote */
	bool *assigned;                                                  /* by buffer of assignments: labels were assigned */
	RtProgress progress;
	RtText reports;                                                  /* JSON of reports, for the manifest */
	RtText written;                                                  /* JSON of plots and checkpoints */
	uint64_t seed;
	struct RtWatch *watch;                                           /* NULL: nobody diagnoses */
	RtResume *resume;                                                /* what the run goes on from, until it does; or NULL */
	RtEvery every, pause;
	struct RtTeam *team;                                             /* NULL: one thread, or none was wanted so far */
	bool teamed;                                                     /* it was asked for */
};

typedef struct RtTeam RtTeam;                                        /* team.c */
void rt_team_close(snnrt *rt);

int64_t rt_fail(snnrt *rt, const char *fmt, ...) __attribute__((format(printf, 2, 3)));  /* gives -2; the first text stays */
const snnrt_buffer *rt_find_buffer(const snnrt *rt, const char *name);
/* Object of that kind, or NULL after rt_fail. */
const snnrt_object *rt_object(snnrt *rt, int64_t index, snnrt_object_kind kind);
bool rt_in_arena(snnrt *rt, const void *p, uint64_t bytes);          /* false after rt_fail */
uint64_t rt_step(const snnrt *rt);
bool rt_names_file(RtText *list, const char *name);                  /* adds to a JSON list once; false: was there */

bool rt_program_check(const snnrt_program *p, char *why);            /* check.c */

bool rt_product_check(const snnrt_program *p, const snnrt_object *o, char *why);    /* product.c: do its matrices fit? */
typedef struct { const void *at; uint64_t pitch; } RtMatrix;         /* elements from a row to the next */
/* c [m, n] = a [m, k] * b [k, n], of f32 or f64 */
void rt_multiply(uint32_t type, uint64_t m, uint64_t n, uint64_t k, RtMatrix a, RtMatrix b, void *c, uint64_t c_pitch);
bool rt_synapses_check(const snnrt_program *p, const snnrt_object *o, char *why);   /* synapses.c: can they be drawn? */
uint64_t rt_memory_free(void);                                       /* memory.c */
bool rt_memory_check(snnrt *rt, uint64_t own);                       /* false after rt_fail */

void *rt_load_open(snnrt *rt, const snnrt_object *o);                /* NULL after rt_fail */
void rt_load_close(RtLoad *l);
bool rt_load_link(snnrt *rt, uint32_t index);                        /* a stream of samples with its data; false after rt_fail */
void rt_load_state(RtState *s, RtLoad *l);
void *rt_take_open(snnrt *rt, const snnrt_object *o);                /* take.c; NULL after rt_fail */
void rt_take_close(void *checkpoint);
double rt_tune_default(const snnrt_object *o);
RtTune *rt_tune_open(snnrt *rt, const snnrt_object *o);              /* NULL after rt_fail */
bool rt_tunes_check(snnrt *rt);                                      /* false after rt_fail */
bool rt_tune_state(snnrt *rt, RtState *s, uint32_t index);           /* false after rt_fail */
void rt_tunes_list(const snnrt *rt, RtText *out);                    /* JSON: names and values */
struct RtEvents *rt_events_open(const snnrt *rt, const snnrt_buffer *b, RtFile *f, char *why);   /* events.c: NULL and why */
void rt_events_close(struct RtEvents *e);
void rt_events_at(struct RtEvents *e, uint64_t step, const snnrt_buffer *b, void *target);        /* those of a step, mostly the next */
RtRecord *rt_record_open(snnrt *rt, uint32_t index);
bool rt_record_finish(snnrt *rt, uint32_t index);
bool rt_is_format(const snnrt *rt, const char *format);
bool rt_npz_write(snnrt *rt);                                        /* npz.c: all records as members of one file */
#define RT_NPZ "results.npz"
void rt_record_close(RtRecord *r);
bool rt_records_sync(snnrt *rt, char *why);                          /* what they have so far is on the disk */
bool rt_record_state(snnrt *rt, RtState *s, uint32_t index);         /* reading: also goes on with its file; false after rt_fail */
typedef struct RtRaster RtRaster;                                    /* ngram.c */
RtRaster *rt_raster_open(snnrt *rt, const snnrt_object *o);
void rt_raster_close(RtRaster *r);
void rt_raster_state(RtState *s, RtRaster *r);
bool rt_raster_is_of(const RtRaster *r, uint64_t classes);           /* everything counted is of labels below that */
void rt_raster_clear(RtRaster *r);                                   /* the next sample begins */
bool rt_ngram_learn(snnrt *rt, const snnrt_object *vote, RtRaster *r, uint32_t n, uint64_t classes, uint64_t item,
                    uint64_t label);                                 /* false after rt_fail */
void rt_ngram_publish(RtRaster *r);                                  /* what was learned counts from here on */
uint64_t rt_ngram_predict(RtRaster *r, uint32_t n, uint64_t classes, uint64_t item, uint64_t *score);
typedef struct { uint64_t times, first_step, n, first, most; } RtWarn;/* warn.c: n, first: of the first time; most at once */
RtWarn *rt_warn_open(snnrt *rt);
void rt_warn_list(const snnrt *rt, RtText *t);                       /* JSON of what was warned of; nothing: "" */
RtVote *rt_vote_open(snnrt *rt, const snnrt_object *o);
void rt_vote_close(RtVote *v);
void rt_vote_state(const snnrt *rt, RtState *s, RtVote *v);
void rt_vote_phase_ends(snnrt *rt, uint32_t phase);
void rt_vote_phase_begins(snnrt *rt, uint32_t phase);
uint64_t rt_vote_memory(const snnrt_program *p, const snnrt_object *o);
void rt_curve_print(snnrt *rt);                                      /* curve.c: those not shown yet, to stdout */
bool rt_curve_write(snnrt *rt);                                      /* accuracy.npy, accuracy.png */
bool rt_manifest_write(snnrt *rt);
struct snnrt_checkpoint_buffer;
/* Whether a buffer of the program and one of a checkpoint differ in type or axes. */
bool rt_shape_differs(const snnrt_buffer *b, const struct snnrt_checkpoint_buffer *k);
bool rt_checkpoint_write(snnrt *rt, int dir, const char *name, bool in_run, char *why);
bool rt_dump_state(snnrt *rt);

/* What --diagnose looks at (watch.c); all but open do nothing without. */
typedef struct RtWatch RtWatch;
bool rt_watch_open(snnrt *rt);                                       /* false after rt_fail */
uint64_t rt_watch_memory(const snnrt_program *p);                    /* bytes that it holds */
void rt_watch_begin(snnrt *rt);                                      /* the first values are there */
int64_t rt_watch_step(snnrt *rt);                                    /* -2 after rt_fail: a value is no number */
void rt_watch_report(snnrt *rt);                                     /* to stderr */
void rt_watch_close(snnrt *rt);

bool rt_interrupt_begin(void);                                       /* interrupt.c */
void rt_interrupt_end(void);
bool rt_interrupted(void);

/* Pictures: rgb, three bytes a pixel. */
typedef struct { uint32_t width, height; uint8_t *rgb; } RtImage;    /* image.c */
bool rt_image_open(RtImage *m, uint32_t width, uint32_t height, const uint8_t rgb[3]);
void rt_image_close(RtImage *m);
void rt_image_dot(RtImage *m, int64_t x, int64_t y, const uint8_t rgb[3]);
void rt_image_line(RtImage *m, double x0, double y0, double x1, double y1, const uint8_t rgb[3]);
void rt_image_text(RtImage *m, int64_t x, int64_t y, const char *s, const uint8_t rgb[3]);
bool rt_png_write(const RtImage *m, int dir, const char *name, char *why);       /* png.c */

#endif
