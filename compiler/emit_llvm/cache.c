/* cache.c: objects kept in a folder, named by a hash of everything that they follow from.
 *
 * A file is the objects, then a tail: their sizes, and a hash of all before it. What is cut off
 * or damaged is as good as absent. Files are written beside and renamed, so that several runs
 * may share a folder.
 */
#define _POSIX_C_SOURCE 200809L
#include "emit_llvm/backend.h"
#include "emit_llvm/hash.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

typedef struct {
	char magic[8];
	uint64_t n, size[LL_PARTS];
	Hash hash; /* of the objects and of the tail up to here */
} Tail;

static const char magic[8] = "snncobj";

/* ---- the key --------------------------------------------------------------------------------- */

/* What tells processors apart as far as compiled code goes, asked without LLVM. */
static void
put_host(StrBuf *out)
{
#if defined(__x86_64__)
	static const unsigned leaves[][2] = {{0, 0}, {1, 0},   {7, 0},
					     {7, 1}, {0xd, 0}, {0x80000001u, 0}};
	for (size_t i = 0; i < sizeof leaves / sizeof *leaves; i++) {
		unsigned a = 0, b = 0, c = 0, d = 0;
		__get_cpuid_count(leaves[i][0], leaves[i][1], &a, &b, &c, &d);
		bool here = leaves[i][0] == 1 ||
			    leaves[i][0] == 0xd; /* b tells on which core one runs, or its state */
		strbuf_printf(out, "%x %x %x %x ", a, here ? 0 : b, c, d);
	}
#else
	strbuf_puts(out, "host ");
#endif
}

const char *
ll_cache_key(Arena *a, const Plan *p, const LlvmOptions *o, const char *part)
{
	StrBuf text = strbuf_init(a);
	strbuf_printf(&text, "%s %d %s ", SNNC_EMIT_LLVM_ID, o->opt, part);
	if (o->cpu)
		strbuf_printf(&text, "cpu %s ", o->cpu);
	else
		put_host(&text);
	if (o->hash)
		strbuf_printf(&text, "hash %s ", o->hash);
	else
		plan_print(&text, p);
	for (uint32_t i = 0; o->hash && i < p->bufs.n; i++)      /* the hash does not tell where values lie */
		if (p->bufs.at[i].pitch)
			strbuf_printf(&text, "%u %" PRIu64 " ", i, p->bufs.at[i].pitch);
	strbuf_text(&text);
	Hash h = hash_bytes(text.at, text.n);
	return arena_printf(a, "%016" PRIx64 "%016" PRIx64, h.at[0], h.at[1]);
}

/* ---- files ----------------------------------------------------------------------------------- */

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

bool
ll_cache_read(Arena *a, const char *dir, const char *key, LlObjects *out)
{
	size_t n, at = 0;
	Tail t;
	const char *bytes = read_whole(a, arena_printf(a, "%s/%s.o", dir, key), &n);
	if (!bytes)
		return false;
	memcpy(&t, bytes + n - sizeof t, sizeof t);
	Hash h = hash_bytes(bytes, n - sizeof t.hash);
	if (memcmp(t.magic, magic, sizeof magic) != 0 || memcmp(&t.hash, &h, sizeof h) != 0)
		return false;
	*out = (LlObjects){.n = (uint32_t)t.n};
	for (uint32_t i = 0; i < out->n; at += t.size[i++])
		out->at[i] = (LlObject){bytes + at, t.size[i]};
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
	size_t n = sizeof t;
	memcpy(t.magic, magic, sizeof magic);
	for (uint32_t i = 0; i < o->n; i++)
		n += t.size[i] = o->at[i].n;
	char *all = arena_alloc(a, n), *at = all;
	for (uint32_t i = 0; i < o->n; at += t.size[i++])
		memcpy(at, o->at[i].at, t.size[i]);
	memcpy(at, &t, sizeof t);
	t.hash = hash_bytes(all, n - sizeof t.hash);
	memcpy(at, &t, sizeof t);
	*size = n;
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
