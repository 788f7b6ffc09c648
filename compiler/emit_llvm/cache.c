/* cache.c: objects kept in a folder, named by a hash of everything that they follow from.
 *
 * A file is the object, then a tail: a magic word and a hash of the object. What is cut off or damaged is as good as
 * absent. Files are written beside and renamed, so that several runs may share a folder.
 */
#define _POSIX_C_SOURCE 200809L
#include "emit_llvm/ll.h"

#include <llvm-c/blake3.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef SNNC_EMIT_LLVM_ID
#define SNNC_EMIT_LLVM_ID "unknown"                       /* CMake gives a hash of the sources of this folder */
#endif

typedef struct { char magic[8]; uint8_t hash[LLVM_BLAKE3_OUT_LEN]; } Tail;
static const char magic[8] = "snncobj";

static Tail
tail_of(const void *object, size_t n)
{
	llvm_blake3_hasher h;
	Tail t;
	memcpy(t.magic, magic, sizeof t.magic);
	llvm_blake3_hasher_init(&h);
	llvm_blake3_hasher_update(&h, object, n);
	llvm_blake3_hasher_finalize(&h, t.hash, sizeof t.hash);
	return t;
}

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

LLVMMemoryBufferRef
ll_cache_read(Arena *a, const char *dir, const char *key)
{
	size_t n;
	char *at = read_whole(a, arena_printf(a, "%s/%s.o", dir, key), &n);
	if (!at)
		return NULL;
	n -= sizeof(Tail);
	Tail t = tail_of(at, n);
	if (memcmp(&t, at + n, sizeof t) != 0)
		return NULL;
	return LLVMCreateMemoryBufferWithMemoryRangeCopy(at, n, key);
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

void
ll_cache_write(Arena *a, const char *dir, const char *key, LLVMMemoryBufferRef object)
{
	char *temp = arena_printf(a, "%s/%s.XXXXXX", dir, key);
	int fd = mkstemp(temp);
	if (fd < 0) {
		make_folders(a, dir);
		temp = arena_printf(a, "%s/%s.XXXXXX", dir, key);
		fd = mkstemp(temp);
	}
	if (fd < 0)
		return;
	const char *at = LLVMGetBufferStart(object);
	size_t n = LLVMGetBufferSize(object);
	Tail t = tail_of(at, n);
	bool ok = write_all(fd, at, n) && write_all(fd, (const char *)&t, sizeof t);
	ok = close(fd) == 0 && ok;
	if (!ok || rename(temp, arena_printf(a, "%s/%s.o", dir, key)) != 0)
		unlink(temp);
}
