/* file.c: a file by offset, gzipped or not (seen by its first bytes, not its name).
 *
 * The first image of a gzipped set must not wait for all of it: a gzipped file is inflated in order, only
 * as far as was asked, and what was inflated is kept. Its length is checked at once against the trailer;
 * its checksum when the end is reached. */
#define _GNU_SOURCE
#include "rt.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { IN_BYTES = 1 << 16, STEP_BYTES = 1 << 14, GZ_WINDOW = 15 + 16 };

static bool
read_at(int fd, uint64_t offset, void *dst, uint64_t n, uint64_t *got)
{
	*got = 0;
	while (*got < n) {
		size_t part = n - *got > (1u << 30) ? (1u << 30) : (size_t)(n - *got);
		ssize_t r = pread(fd, (char *)dst + *got, part, (off_t)(offset + *got));
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return false;
		if (r == 0)
			break;
		*got += (uint64_t)r;
	}
	return true;
}

bool
rt_file_open(RtFile *f, int fd, char *name, char *why)
{
	struct stat st;
	unsigned char magic[2];
	uint64_t got;
	*f = (RtFile){.fd = fd, .name = name};
	if (fstat(fd, &st) || !read_at(fd, 0, magic, 2, &got)) {
		rt_say(why, "cannot read `%s`: %s", name, strerror(errno));
		rt_file_close(f);
		return false;
	}
	f->stored = (uint64_t)st.st_size;
	f->gz = got == 2 && magic[0] == 0x1F && magic[1] == 0x8B;
	if (!f->gz)
		return true;
	f->z = calloc(1, sizeof *f->z);
	f->in = malloc(IN_BYTES);
	if (!f->z || !f->in || inflateInit2(f->z, GZ_WINDOW) != Z_OK) {
		free(f->z);
		f->z = NULL;
		rt_say(why, "no memory to read `%s`", name);
		rt_file_close(f);
		return false;
	}
	return true;
}

void
rt_file_close(RtFile *f)
{
	if (f->z)
		inflateEnd(f->z);
	free(f->z);
	free(f->in);
	free(f->kept);
	if (f->name)
		close(f->fd);
	free(f->name);
	*f = (RtFile){.fd = -1};
}

/* Inflates at most n bytes to dst; *got < n only at the end. */
static bool
inflate_some(RtFile *f, uint8_t *dst, uint64_t n, uint64_t *got, char *why)
{
	z_stream *z = f->z;
	uint64_t left = n;
	while (left && !f->ended) {
		if (z->avail_in == 0) {
			uint64_t r;
			if (!read_at(f->fd, f->at, f->in, IN_BYTES, &r))
				return rt_say(why, "cannot read `%s`: %s", f->name, strerror(errno));
			if (r == 0)
				return rt_say(why, "`%s` is truncated: the gzip stream ends in the middle", f->name);
			f->at += r;
			z->next_in = f->in;
			z->avail_in = (uInt)r;
		}
		uInt room = left > (1u << 30) ? (1u << 30) : (uInt)left;
		z->next_out = dst + (n - left);
		z->avail_out = room;
		int r = inflate(z, Z_NO_FLUSH);
		left -= room - z->avail_out;
		if (r == Z_STREAM_END) {
			/* A second member may follow; anything else is padding. */
			if (z->avail_in == 0) {
				uint64_t more;
				if (read_at(f->fd, f->at, f->in, IN_BYTES, &more)) {
					f->at += more;
					z->next_in = f->in;
					z->avail_in = (uInt)more;
				}
			}
			if (z->avail_in > 0 && z->next_in[0] == 0x1F)
				inflateReset2(z, GZ_WINDOW);
			else
				f->ended = true;
		} else if (r != Z_OK && r != Z_BUF_ERROR) {
			return rt_say(why, "`%s` is damaged: %s", f->name, z->msg ? z->msg : "gzip stream");
		}
	}
	*got = n - left;
	return true;
}

static bool
grow(RtFile *f, uint64_t upto, char *why)
{
	if (upto <= f->cap)
		return true;
	uint64_t cap = f->want >= upto ? f->want : upto + f->cap;
	uint8_t *kept = cap <= SIZE_MAX ? realloc(f->kept, (size_t)cap) : NULL;
	if (!kept)
		return rt_say(why, "no memory to inflate `%s`", f->name);
	f->kept = kept;
	f->cap = cap;
	return true;
}

/* After the last byte: reads the trailer, by which zlib checks the checksum. */
static bool
check_end(RtFile *f, char *why)
{
	uint8_t more;
	uint64_t got = 0;
	if (!f->ended && !inflate_some(f, &more, 1, &got, why))
		return false;
	return got == 0 || rt_say(why, "`%s` is longer than its header says", f->name);
}

static bool
inflate_upto(RtFile *f, uint64_t upto, char *why)
{
	if (f->ended)
		return rt_say(why, "`%s` is truncated: it ends after %llu bytes", f->name, (unsigned long long)f->have);
	if (!grow(f, upto, why))
		return false;
	while (f->have < upto) {
		uint64_t got, n = upto - f->have;
		if (n < STEP_BYTES && f->cap - f->have >= STEP_BYTES)
			n = STEP_BYTES;
		else if (n < STEP_BYTES)
			n = f->cap - f->have;
		if (!inflate_some(f, f->kept + f->have, n, &got, why))
			return false;
		f->have += got;
		if (got < n && f->have < upto)
			return rt_say(why, "`%s` is truncated: it ends after %llu bytes", f->name,
			              (unsigned long long)f->have);
		if (got < n)
			break;
		if (f->want && f->have == f->want && !check_end(f, why))
			return false;
	}
	return true;
}

bool
rt_file_read(RtFile *f, uint64_t offset, uint64_t n, void *dst, char *why)
{
	uint64_t got;
	if (offset > UINT64_MAX - n)
		return rt_say(why, "`%s` is too short", f->name);
	if (f->gz) {
		if (offset + n > f->have && !inflate_upto(f, offset + n, why))
			return false;
		memcpy(dst, f->kept + offset, (size_t)n);
		return true;
	}
	if (!read_at(f->fd, f->base + offset, dst, n, &got))
		return rt_say(why, "cannot read `%s`: %s", f->name, strerror(errno));
	return got == n || rt_say(why, "`%s` is truncated: it ends after %llu bytes", f->name,
	                          (unsigned long long)(offset + got));
}

/* Counts the content, at most `bytes` + 1, without keeping it. */
static bool
count_content(RtFile *f, uint64_t bytes, uint64_t *out, char *why)
{
	RtFile copy;
	uint64_t got = 1;
	uint8_t *dump = malloc(IN_BYTES);
	char *name = strdup(f->name);
	int fd = dup(f->fd);
	bool ok = false;
	*out = 0;
	if (!dump || !name || fd < 0) {
		free(name);
		if (fd >= 0)
			close(fd);
		rt_say(why, "no memory to read `%s`", f->name);
	} else if (rt_file_open(&copy, fd, name, why)) {
		ok = true;
		while (ok && got && *out <= bytes) {
			ok = inflate_some(&copy, dump, IN_BYTES, &got, why);
			*out += ok ? got : 0;
		}
		rt_file_close(&copy);
	}
	free(dump);
	return ok;
}

bool
rt_file_length(RtFile *f, uint64_t most, uint64_t *out, char *why)
{
	*out = f->gz && f->ended ? f->have : f->stored;
	return !f->gz || f->ended || count_content(f, most, out, why);
}

bool
rt_file_expect(RtFile *f, uint64_t bytes, char *why)
{
	uint64_t content = f->stored, got;
	if (f->gz && f->ended) {
		content = f->have;
	} else if (f->gz) {
		uint8_t b[4] = {0};
		if (f->stored < 18 || !read_at(f->fd, f->stored - 4, b, 4, &got))
			return rt_say(why, "`%s` is truncated: it is too short for a gzip file", f->name);
		/* The trailer tells the length of the last member; if it disagrees, the file is truncated, or it
		 * has several members, which only counting can tell. */
		uint32_t size = (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
		content = bytes;
		if (size != (uint32_t)bytes && !count_content(f, bytes, &content, why))
			return false;
	}
	if (content < bytes)
		return rt_say(why, "`%s` is truncated: its header promises %llu bytes, it has %llu", f->name,
		              (unsigned long long)bytes, (unsigned long long)content);
	if (content > bytes)
		return rt_say(why, "`%s` is longer than the %llu bytes that its header promises", f->name,
		              (unsigned long long)bytes);
	f->want = bytes;
	return true;
}
