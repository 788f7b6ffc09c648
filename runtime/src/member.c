/* member.c: one array of a file of arrays: "a.npz:images" (numpy.savez), "net.snnw:input.weight" (a checkpoint). */
#define _GNU_SOURCE
#include "rt.h"
#include "snnrt_checkpoint.h"

#include <stdlib.h>
#include <string.h>

static uint32_t
u16(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}

static uint32_t
u32(const uint8_t *p)
{
	return u16(p) | u16(p + 2) << 16;
}

/* The part behind the colon; NULL: the path is that of one array. */
static const char *
member_of(const char *path)
{
	const char *colon = strrchr(path, ':');
	size_t n = colon ? (size_t)(colon - path) : 0;
	bool of_many = (n > 4 && strncmp(colon - 4, ".npz", 4) == 0) || (n > 5 && strncmp(colon - 5, ".snnw", 5) == 0);
	return of_many && colon[1] ? colon + 1 : NULL;
}

/* ---- checkpoints -------------------------------------------------------------------------------------- */

static bool
of_checkpoint(const RtFile *f, const char *name, RtArray *a, char *why)
{
	snnrt_checkpoint *k;
	if (!snnrt_checkpoint_open(f->name, &k, why))
		return false;
	const snnrt_checkpoint_buffer *b = NULL;
	for (uint32_t i = 0; i < k->nbuffers && !b; i++)
		b = strcmp(k->buffers[i].name, name) == 0 ? &k->buffers[i] : NULL;
	bool ok = b || rt_say(why, "`%s` holds no `%s`; it is a checkpoint of `%s`", f->name, name, k->program);
	if (b) {
		*a = (RtArray){.type = b->type, .rank = b->naxes};
		a->offset = (uint64_t)((const char *)b->data - (const char *)k->image);
		for (uint32_t i = 0; i < b->naxes; i++)
			a->extent[i] = b->axis[i].extent;
	}
	snnrt_checkpoint_close(k);
	return ok;
}

/* ---- archives of NumPy (PKWARE appnote 6.3.10, without ZIP64) ------------------------------------------- */

enum { END_BYTES = 22, ENTRY_BYTES = 46, LOCAL_BYTES = 30, MOST_COMMENT = 1 << 16 };

/* Where the list of entries is; it is told at the end of the file, before a comment. */
static bool
find_list(RtFile *f, uint64_t *at, uint64_t *bytes, uint32_t *n, char *why)
{
	uint64_t size = f->stored < END_BYTES + MOST_COMMENT ? f->stored : END_BYTES + MOST_COMMENT;
	uint8_t *tail = malloc((size_t)size + 1);
	bool found = false;
	if (!tail || !rt_file_read(f, f->stored - size, size, tail, why)) {
		free(tail);
		return rt_say(why, "cannot read `%s`", f->name);
	}
	for (uint64_t i = size < END_BYTES ? 0 : size - END_BYTES + 1; i-- > 0 && !found;) {
		if (memcmp(tail + i, "PK\5\6", 4) != 0)
			continue;
		*n = u16(tail + i + 10);
		*bytes = u32(tail + i + 12);
		*at = u32(tail + i + 16);
		found = *at <= f->stored && *bytes <= f->stored - *at;
	}
	free(tail);
	return found || rt_say(why, "`%s` is no .npz file, or truncated", f->name);
}

/* The contents of an entry: what stands before them is told by its own head. */
static bool
enter(RtFile *f, const uint8_t *entry, const char *name, char *why)
{
	uint8_t head[LOCAL_BYTES];
	uint64_t at = u32(entry + 42), bytes = u32(entry + 24);
	if (u16(entry + 10) != 0)
		return rt_say(why, "`%s` is compressed: write it by numpy.savez, not savez_compressed", f->name);
	if (at == UINT32_MAX || bytes == UINT32_MAX)
		return rt_say(why, "`%s` of `%s` is larger than 4 GiB: write it as .npy", name, f->name);
	if (!rt_file_read(f, at, LOCAL_BYTES, head, why))
		return false;
	if (memcmp(head, "PK\3\4", 4) != 0)
		return rt_say(why, "`%s` is damaged: entry `%s` is not where it should be", f->name, name);
	at += LOCAL_BYTES + u16(head + 26) + u16(head + 28);
	if (at > f->stored || bytes > f->stored - at)
		return rt_say(why, "`%s` is truncated: entry `%s` has %llu bytes", f->name, name, (unsigned long long)bytes);
	f->base = at;
	f->stored = bytes;
	return true;
}

static bool
of_archive(RtFile *f, const char *name, RtArray *a, char *why)
{
	uint64_t at = 0, bytes = 0, i = 0;
	uint32_t n = 0;
	size_t length = strlen(name);
	if (!find_list(f, &at, &bytes, &n, why))
		return false;
	uint8_t *list = malloc((size_t)bytes + 1);
	bool ok = list && rt_file_read(f, at, bytes, list, why), found = false;
	for (uint32_t k = 0; ok && !found && k < n && i + ENTRY_BYTES <= bytes; k++) {
		const uint8_t *e = list + i;
		uint32_t text = u16(e + 28);
		i += ENTRY_BYTES + text + u16(e + 30) + u16(e + 32);
		if (memcmp(e, "PK\1\2", 4) != 0 || i > bytes)
			break;
		found = text == length + 4 && memcmp(e + ENTRY_BYTES, name, length) == 0 &&
		        memcmp(e + ENTRY_BYTES + length, ".npy", 4) == 0;
		if (found)
			ok = enter(f, e, name, why);
	}
	free(list);
	if (ok && !found)
		return rt_say(why, "`%s` holds no `%s`", f->name, name);
	return ok && rt_npy_header(f, a, why);
}

/* ---- both ------------------------------------------------------------------------------------------------- */

snnrt_data_status
rt_array_open(const char *dir_data, const char *dir_program, const char *path, RtFile *f, RtArray *a, char *why)
{
	const char *member = member_of(path);
	char *shown = NULL, *whole = member ? strndup(path, (size_t)(member - 1 - path)) : strdup(path);
	int fd = -1;
	if (!whole) {
		rt_say(why, "no memory");
		return SNNRT_DATA_BAD;
	}
	snnrt_data_status status = rt_path_open(dir_data, dir_program, whole, &fd, &shown, why);
	free(whole);
	if (status != SNNRT_DATA_OK)
		return status;
	if (!rt_file_open(f, fd, shown, why))
		return SNNRT_DATA_BAD;
	bool checkpoint = member && member[-2] == 'w';
	bool ok = !member ? rt_npy_header(f, a, why) : checkpoint ? of_checkpoint(f, member, a, why) : of_archive(f, member, a, why);
	return ok ? SNNRT_DATA_OK : SNNRT_DATA_BAD;
}
