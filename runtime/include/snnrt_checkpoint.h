/* snnrt_checkpoint.h: reads what `save`, --checkpoint-every, Ctrl-C and options.dump_state write, and compares two of them.
 *
 * A checkpoint holds every buffer that is not constant by name, and what the host keeps: positions in files, votes, reports. The
 * file, little endian:
 *
 *   head, 64 bytes   "SNNCKPT1", u32 version (2), u32 real, u64 seed, u64 step, f64 dt, u64 bytes of the table,
 *                    u32 buffers, u32 records, u64 bytes of the file
 *   table            text source hash, text plan hash, text program, u64 offset of the host's state, u64 bytes, u32 CRC-32;
 *                    per buffer: text name, u32 type, u32 role, u32 axes,
 *                    axes x (u32 kind, u64 extent), u64 offset in the file, u64 bytes, u32 CRC-32;
 *                    per record: text name, u64 rows written. A text is u32 length (with its final 0), bytes.
 *   payloads         each at a multiple of 64, zeros between
 *   end, 16 bytes    "SNNCKEND", u32 CRC-32 of all before, u32 1 if it was taken within a run, else 0
 *
 * It is written beside its name and renamed when it is on the disk, so a crash leaves the old one.
 */
#ifndef SNNRT_CHECKPOINT_H
#define SNNRT_CHECKPOINT_H

#include "snnrt.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SNNRT_CHECKPOINT_VERSION 2

typedef struct snnrt_checkpoint_buffer {
	const char *name;
	uint32_t type, role, naxes;
	snnrt_axis axis[6];
	uint64_t bytes;
	const void *data;                                 /* 64-byte aligned */
} snnrt_checkpoint_buffer;

typedef struct {
	const char *source_hash, *plan_hash, *program;
	uint32_t real, nbuffers, nrecords;
	bool in_run;                                      /* between two steps of a `run`, where passes may put work off */
	double dt;
	uint64_t seed, step;
	snnrt_checkpoint_buffer *buffers;
	struct { const char *name; uint64_t rows; } *records;
	const void *host;                                 /* the runtime's own; state.c says what */
	uint64_t host_bytes;
	void *image;                                      /* the file, mapped; owns the rest */
	uint64_t image_bytes;
} snnrt_checkpoint;

/* Reads and verifies everything. false: why has a sentence. */
bool snnrt_checkpoint_open(const char *path, snnrt_checkpoint **out, char why[512]);
void snnrt_checkpoint_close(snnrt_checkpoint *c);
/* The buffer of this name; NULL: none. */
const snnrt_checkpoint_buffer *snnrt_checkpoint_find(const snnrt_checkpoint *c, const char *name);

/* Do both hold the same in buffers of role state, bit for bit? All NaN are equal; hash and name do not count. false: why names the
 * first difference (or the file that cannot be read). */
bool snnrt_checkpoint_same(const char *a, const char *b, char why[512]);

#ifdef __cplusplus
}
#endif
#endif
