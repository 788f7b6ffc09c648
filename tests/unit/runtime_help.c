/* runtime_help.c: see runtime_help.h. */
#define _GNU_SOURCE
#include "runtime_help.h"

#include <dirent.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

static char folder[64];

const char *
help_folder(void)
{
	if (!*folder) {
		strcpy(folder, "/tmp/snnrt-test-XXXXXX");
		if (!mkdtemp(folder))
			abort();
	}
	return folder;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void
help_fini(void)
{
	if (*folder)
		nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	*folder = 0;
}

const char *
help_path(const char *name)
{
	static char paths[8][512];
	static int next;
	char *out = paths[next++ % 8];
	snprintf(out, 512, "%s/%s", help_folder(), name);
	return out;
}

void
help_write(const char *name, const void *p, size_t n)
{
	FILE *f = fopen(help_path(name), "wb");
	if (!f || fwrite(p, 1, n, f) != n || fclose(f))
		abort();
}

void
help_write_gz(const char *name, const void *p, size_t n)
{
	gzFile f = gzopen(help_path(name), "wb6");
	if (!f || gzwrite(f, p, (unsigned)n) != (int)n || gzclose(f) != Z_OK)
		abort();
}

char *
help_read(const char *name, size_t *n)
{
	FILE *f = fopen(help_path(name), "rb");
	if (!f)
		return NULL;
	fseek(f, 0, SEEK_END);
	long size = ftell(f);
	rewind(f);
	char *out = malloc((size_t)size + 1);
	if (!out || fread(out, 1, (size_t)size, f) != (size_t)size)
		abort();
	out[size] = 0;
	fclose(f);
	if (n)
		*n = (size_t)size;
	return out;
}

bool
help_exists(const char *name)
{
	return access(help_path(name), F_OK) == 0;
}

bool
help_folder_is_clean(const char *name)
{
	DIR *d = opendir(help_path(name));
	bool clean = d != NULL;
	for (struct dirent *e; d && (e = readdir(d));)
		if (strstr(e->d_name, ".part"))
			clean = false;
	if (d)
		closedir(d);
	return clean;
}

size_t
help_idx(uint8_t *out, uint32_t rank, const uint32_t *extent)
{
	size_t n = 0, items = 1;
	out[n++] = 0;
	out[n++] = 0;
	out[n++] = 8;
	out[n++] = (uint8_t)rank;
	for (uint32_t i = 0; i < rank; i++) {
		items *= extent[i];
		for (int shift = 24; shift >= 0; shift -= 8)
			out[n++] = (uint8_t)(extent[i] >> shift);
	}
	for (size_t i = 0; i < items; i++)
		out[n++] = (uint8_t)i;
	return n;
}

size_t
help_npy(uint8_t *out, const char *descr, uint32_t rank, const uint64_t *extent, const void *p, size_t n)
{
	size_t header = rt_npy_print_header((char *)out, 0, descr, rank, extent);
	memcpy(out + header, p, n);
	return header + n;
}

void
fake_init(Fake *f, const char *name, snnrt_entry *entry)
{
	*f = (Fake){.p = {.version = SNNRT_VERSION, .name = name, .source_hash = "0123abcd", .real = SNNRT_F32,
	                  .dt = 0.5, .seed = 7, .arena_bytes = 64, .entry = entry}};
	f->p.buffers = f->buffers;
	f->p.objects = f->objects;
	f->p.closure = f;
	fake_buffer(f, "seed", SNNRT_U64, SNNRT_STATE, 0, NULL);
	fake_buffer(f, "step", SNNRT_U64, SNNRT_STATE, 0, NULL);
}

uint32_t
fake_buffer(Fake *f, const char *name, uint32_t type, uint32_t role, uint32_t naxes, const uint64_t *extent)
{
	snnrt_buffer *b = &f->buffers[f->p.nbuffers];
	*b = (snnrt_buffer){.name = name, .type = type, .role = role, .naxes = naxes, .offset = f->p.arena_bytes,
	                    .bytes = rt_type_size(type)};
	for (uint32_t i = 0; i < naxes; i++) {
		b->axis[i] = (snnrt_axis){SNNRT_NEURON, extent[i]};
		b->bytes *= extent[i];
	}
	f->p.arena_bytes += (b->bytes + 63) / 64 * 64;
	return f->p.nbuffers++;
}

uint32_t
fake_object(Fake *f, const char *name, uint32_t kind)
{
	uint32_t i = f->p.nobjects++;
	f->objects[i] = (snnrt_object){.kind = kind, .name = name, .texts = f->texts[i], .bufs = f->bufs[i],
	                               .nums = f->nums[i]};
	return i;
}

void
fake_text(Fake *f, const char *text)
{
	uint32_t i = f->p.nobjects - 1;
	f->texts[i][f->objects[i].ntexts++] = text;
}

void
fake_buf(Fake *f, uint32_t buffer)
{
	uint32_t i = f->p.nobjects - 1;
	f->bufs[i][f->objects[i].nbufs++] = buffer;
}

void
fake_num(Fake *f, int64_t number)
{
	uint32_t i = f->p.nobjects - 1;
	f->nums[i][f->objects[i].nnums++] = number;
}

void *
fake_at(const Fake *f, void *arena, uint32_t buffer)
{
	return (char *)arena + f->buffers[buffer].offset;
}
