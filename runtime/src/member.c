/* member.c: one array of a file of arrays: "a.npz:images" (numpy.savez), "net.snnw:input.weight" (a checkpoint). */
#define _GNU_SOURCE
#include "rt.h"
#include "snnrt_checkpoint.h"

#include <stdlib.h>
#include <string.h>

/* The part behind the colon; NULL: the path is that of one array. */
const char *
rt_member_of(const char *path)
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

/* ---- archives of NumPy (zip.c) --------------------------------------------------------------------------- */

static bool
of_archive(RtFile *f, const char *name, RtArray *a, char *why)
{
	char entry[256];
	if ((size_t)snprintf(entry, sizeof entry, "%s.npy", name) >= sizeof entry)
		return rt_say(why, "`%s` holds no `%s`", f->name, name);
	RtZip found = rt_zip_enter(f, entry, why);
	if (found == RT_ZIP_ABSENT)
		return rt_say(why, "`%s` holds no `%s`", f->name, name);
	return found == RT_ZIP_FOUND && rt_npy_header(f, a, why);
}

/* ---- both ------------------------------------------------------------------------------------------------- */

snnrt_data_status
rt_array_open(const char *dir_data, const char *dir_program, const char *path, RtFile *f, RtArray *a, char *why)
{
	const char *member = rt_member_of(path);
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
