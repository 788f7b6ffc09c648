/* cache.c: objects kept in a folder, named by a hash of everything that they follow from.
 *
 * A file is the objects, then a tail: their sizes, and a hash of all before it. What is cut off or damaged is as good
 * as absent. Files are written beside and renamed, so that several runs may share a folder.
 */
#define _POSIX_C_SOURCE 200809L
#include "emit_llvm/ll.h"

#include <llvm-c/blake3.h>

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef SNNC_EMIT_LLVM_ID
#define SNNC_EMIT_LLVM_ID "unknown"                       /* CMake gives a hash of the sources of this folder */
#endif

typedef struct {
	char magic[8];
	uint64_t n, size[LL_PARTS];
	uint8_t hash[LLVM_BLAKE3_OUT_LEN];                /* of the objects and of the tail up to here */
} Tail;

static const char magic[8] = "snncobj";

/* With its length first, so that no two lists of texts are the same bytes. */
static void
hash_text(llvm_blake3_hasher *h, const char *s)
{
	uint64_t n = strlen(s);
	llvm_blake3_hasher_update(h, &n, sizeof n);
	llvm_blake3_hasher_update(h, s, n);
}

const char *
ll_cache_key(Arena *a, const Plan *p, const LlMachine *m, const LlvmOptions *o, const char *part)
{
	llvm_blake3_hasher h;
	uint8_t sum[LLVM_BLAKE3_OUT_LEN];
	unsigned v[3];
	LLVMGetVersion(&v[0], &v[1], &v[2]);
	llvm_blake3_hasher_init(&h);
	hash_text(&h, SNNC_EMIT_LLVM_ID);
	llvm_blake3_hasher_update(&h, v, sizeof v);
	llvm_blake3_hasher_update(&h, &m->opt, sizeof m->opt);
	hash_text(&h, m->triple);
	hash_text(&h, m->cpu);
	hash_text(&h, m->features);
	hash_text(&h, part);
	if (o->hash) {
		hash_text(&h, o->hash);
	} else {
		StrBuf text = strbuf_init(a);
		plan_print(&text, p);
		hash_text(&h, strbuf_text(&text));
	}
	llvm_blake3_hasher_finalize(&h, sum, sizeof sum);
	char *key = arena_alloc(a, 2 * 20 + 1);
	for (int i = 0; i < 20; i++)
		snprintf(key + 2 * i, 3, "%02x", sum[i]);
	return key;
}

static char *
read_whole(Arena *a, const char *path, size_t *n)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size < (off_t)sizeof(Tail)) {
		close(fd);
		return NULL;
	}
	char *at = arena_alloc(a, (size_t)st.st_size);
	*n = 0;
	while (*n < (size_t)st.st_size) {
		ssize_t r = read(fd, at + *n, (size_t)st.st_size - *n);
		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			break;
		*n += (size_t)r;
	}
	close(fd);
	return *n == (size_t)st.st_size ? at : NULL;
}

static void
hash_file(const char *objects, size_t n, const Tail *t, uint8_t hash[LLVM_BLAKE3_OUT_LEN])
{
	llvm_blake3_hasher h;
	llvm_blake3_hasher_init(&h);
	llvm_blake3_hasher_update(&h, objects, n);
	llvm_blake3_hasher_update(&h, t, offsetof(Tail, hash));
	llvm_blake3_hasher_finalize(&h, hash, LLVM_BLAKE3_OUT_LEN);
}

bool
ll_cache_read(Arena *a, const char *dir, const char *key, LlObjects *out)
{
	size_t n, at = 0;
	Tail t;
	uint8_t hash[sizeof t.hash];
	const char *bytes = read_whole(a, arena_printf(a, "%s/%s.o", dir, key), &n);
	if (!bytes)
		return false;
	memcpy(&t, bytes + n - sizeof t, sizeof t);
	hash_file(bytes, n - sizeof t, &t, hash);
	if (memcmp(t.magic, magic, sizeof magic) != 0 || memcmp(t.hash, hash, sizeof hash) != 0)
		return false;
	*out = (LlObjects){.n = (uint32_t)t.n};
	for (uint32_t i = 0; i < out->n; at += t.size[i++])
		out->at[i] = LLVMCreateMemoryBufferWithMemoryRangeCopy(bytes + at, t.size[i], key);
	return true;
}

static void
make_folders(Arena *a, const char *dir)
{
	char *path = arena_strdup(a, dir);
	for (char *c = path + 1; *c; c++) {
		if (*c != '/')
			continue;
		*c = 0;
		mkdir(path, 0777);
		*c = '/';
	}
	mkdir(path, 0777);
}

static bool
write_all(int fd, const char *at, size_t n)
{
	while (n > 0) {
		ssize_t r = write(fd, at, n);
		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return false;
		at += r;
		n -= (size_t)r;
	}
	return true;
}

/* All objects and the tail in one piece. */
static char *
pack(Arena *a, const LlObjects *o, size_t *size)
{
	Tail t = {.n = o->n};
	size_t n = 0;
	memcpy(t.magic, magic, sizeof magic);
	for (uint32_t i = 0; i < o->n; i++)
		n += t.size[i] = LLVMGetBufferSize(o->at[i]);
	char *all = arena_alloc(a, n + sizeof t), *at = all;
	for (uint32_t i = 0; i < o->n; at += t.size[i++])
		memcpy(at, LLVMGetBufferStart(o->at[i]), t.size[i]);
	hash_file(all, n, &t, t.hash);
	memcpy(at, &t, sizeof t);
	*size = n + sizeof t;
	return all;
}

void
ll_cache_write(Arena *a, const char *dir, const char *key, const LlObjects *objects)
{
	size_t n;
	const char *all = pack(a, objects, &n);
	char *temp = arena_printf(a, "%s/%s.XXXXXX", dir, key);
	int fd = mkstemp(temp);
	if (fd < 0) {
		make_folders(a, dir);
		temp = arena_printf(a, "%s/%s.XXXXXX", dir, key);
		fd = mkstemp(temp);
	}
	if (fd < 0)
		return;
	bool ok = write_all(fd, all, n);
	ok = close(fd) == 0 && ok;
	if (!ok || rename(temp, arena_printf(a, "%s/%s.o", dir, key)) != 0)
		unlink(temp);
}
