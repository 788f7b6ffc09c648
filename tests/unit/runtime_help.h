/* runtime_help.h: what the suites of the runtime share: a folder of their own, files in it, and programs that
 * are written by hand instead of compiled. */
#ifndef SNNC_TESTS_RUNTIME_HELP_H
#define SNNC_TESTS_RUNTIME_HELP_H

#include "rt.h"

/* A fresh folder under /tmp; the same one until help_fini, which removes it with all that is in it. */
const char *help_folder(void);
void help_fini(void);
const char *help_path(const char *name);                  /* in that folder; eight at a time stay valid */
void help_write(const char *name, const void *p, size_t n);
void help_write_gz(const char *name, const void *p, size_t n);
char *help_read(const char *name, size_t *n);             /* NULL if it is not there; with a final 0; free it */
bool help_exists(const char *name);
bool help_folder_is_clean(const char *name);              /* no temporary files below it */

/* An IDX file of unsigned bytes 0, 1, 2 ... with these extents; gives its size. */
size_t help_idx(uint8_t *out, uint32_t rank, const uint32_t *extent);
/* A .npy with this header and these bytes. */
size_t help_npy(uint8_t *out, const char *descr, uint32_t rank, const uint64_t *extent, const void *p, size_t n);

/* A program that is put together piece by piece. The first buffers are seed and step. */
typedef struct {
	snnrt_program p;
	snnrt_buffer buffers[16];
	snnrt_object objects[16];
	const char *texts[16][8];
	uint32_t bufs[16][8];
	int64_t nums[16][16];
} Fake;
enum { FAKE_SEED, FAKE_STEP };

void fake_init(Fake *f, const char *name, snnrt_entry *entry);
uint32_t fake_buffer(Fake *f, const char *name, uint32_t type, uint32_t role, uint32_t naxes, const uint64_t *extent);
uint32_t fake_object(Fake *f, const char *name, uint32_t kind);
void fake_text(Fake *f, const char *text);                /* of the last object; likewise the others */
void fake_buf(Fake *f, uint32_t buffer);
void fake_num(Fake *f, int64_t number);
void *fake_at(const Fake *f, void *arena, uint32_t buffer);

#endif
