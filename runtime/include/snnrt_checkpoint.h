/* snnrt_checkpoint.h: reads what `save` and options.dump_state write, and compares two of them.
 *
 * A checkpoint holds every buffer of role state by name. The file, little endian:
 *
 *   head, 64 bytes   "SNNCKPT1", u32 version (1), u32 real, u64 seed, u64 step, f64 dt, u64 bytes of the table,
 *                    u32 buffers, u32 records, u64 bytes of the file
 *   table            text source hash, text program; per buffer: text name, u32 type, u32 axes,
 *                    axes x (u32 kind, u64 extent), u64 offset in the file, u64 bytes, u32 CRC-32;
 *                    per record: text name, u64 rows written. A text is u32 length (with its final 0), bytes.
 *   payloads         each at a multiple of 64, zeros between
 *   end, 16 bytes    "SNNCKEND", u32 CRC-32 of all before, u32 0
 *
 * It is written beside its name and renamed when it is on the disk, so a crash leaves the old one.
 */
#ifndef SNNRT_CHECKPOINT_H
#define SNNRT_CHECKPOINT_H

#include "snnrt.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SNNRT_CHECKPOINT_VERSION 1

typedef struct {
	const char *name;
	uint32_t type, naxes;
	snnrt_axis axis[6];
	uint64_t bytes;
	const void *data;                                 /* 64-byte aligned */
} snnrt_checkpoint_buffer;

typedef struct {
	const char *source_hash, *program;
	uint32_t real, nbuffers, nrecords;
	double dt;
	uint64_t seed, step;
	snnrt_checkpoint_buffer *buffers;
	struct { const char *name; uint64_t rows; } *records;
	void *image;                                      /* the file; owns the rest */
} snnrt_checkpoint;

/* Reads and verifies everything. false: why has a sentence. */
bool snnrt_checkpoint_open(const char *path, snnrt_checkpoint **out, char why[512]);
void snnrt_checkpoint_close(snnrt_checkpoint *c);

/* Do both hold the same state, bit for bit? All NaN are equal; hash and name do not count. false: why names the
 * first difference (or the file that cannot be read). */
bool snnrt_checkpoint_same(const char *a, const char *b, char why[512]);

#ifdef __cplusplus
}
#endif
#endif
