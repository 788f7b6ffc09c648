/* sink.c: files that appear under their name only when they are complete.
 *
 * A sink writes `.NAME.PID.part` beside the name and renames it at the end, so that a reader never sees half
 * a file and a crash leaves the old one. Names are resolved folder by folder without following links: a
 * program cannot be led out of its results folder. */
#define _GNU_SOURCE
#include "rt.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { SINK_BYTES = 1 << 16 };

/* The folder of `name` below dir, made if need be; *base points into name. -1 after why. */
static int
open_parent(int dir, const char *name, const char **base, char *why)
{
	int at = fcntl(dir, F_DUPFD_CLOEXEC, 0);
	const char *c = name;
	if (!rt_path_is_inside(name)) {
		rt_say(why, "`%s`: results are named below the results folder, without `..` or a leading `/`", name);
		if (at >= 0)
			close(at);
		return -1;
	}
	for (const char *slash; at >= 0 && (slash = strchr(c, '/')); c = slash + 1) {
		char part[256];
		size_t n = (size_t)(slash - c);
		if (n == 0 || n >= sizeof part)
			continue;
		memcpy(part, c, n);
		part[n] = 0;
		int next = -1;
		if (mkdirat(at, part, 0777) == 0 || errno == EEXIST)
			next = openat(at, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		int error = errno;
		close(at);
		errno = error;
		at = next;
	}
	*base = c;
	if (at < 0)
		rt_say(why, "cannot make the folder of `%s`: %s", name, strerror(errno));
	return at;
}

/* All but the file. */
static bool
prepare(RtSink *s, int dir, const char *name, const char **base, char *why)
{
	*s = (RtSink){.dir = -1, .fd = -1, .crc = (uint32_t)crc32(0, NULL, 0)};
	s->dir = open_parent(dir, name, base, why);
	if (s->dir < 0)
		return false;
	s->name = strdup(*base);
	s->buf = malloc(SINK_BYTES);
	return true;
}

bool
rt_sink_open(RtSink *s, int dir, const char *name, char *why)
{
	const char *base = name;
	if (!prepare(s, dir, name, &base, why))
		return false;
	for (int i = 0; i < 100 && s->name && s->buf && s->fd < 0; i++) {
		free(s->part);
		if (asprintf(&s->part, ".%s.%ld-%d.part", base, (long)getpid(), i) < 0) {
			s->part = NULL;
			break;
		}
		s->fd = openat(s->dir, s->part, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
		if (s->fd < 0 && errno != EEXIST)
			break;
	}
	if (s->fd < 0 || !*base) {
		rt_say(why, "cannot write `%s`: %s", name, *base ? strerror(errno) : "it names a folder");
		rt_sink_discard(s);
		return false;
	}
	(void)!flock(s->fd, LOCK_EX | LOCK_NB);               /* somebody writes it: rt_sink_sweep leaves it alone */
	return true;
}

bool
rt_sink_take(RtSink *s, int dir, const char *name, const char *part, uint64_t bytes, char *why)
{
	const char *base = name;
	struct stat st;
	if (!prepare(s, dir, name, &base, why))
		return false;
	s->part = strdup(part);
	if (s->name && s->buf && s->part)
		s->fd = openat(s->dir, part, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	bool ok = s->fd >= 0 || rt_say(why, "cannot open `%s`: %s", part, strerror(errno));
	if (ok && flock(s->fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK)
		ok = rt_say(why, "`%s` is being written by another run", part);
	if (ok && (fstat(s->fd, &st) || (uint64_t)st.st_size < bytes))
		ok = rt_say(why, "`%s` has %llu bytes, there were %llu", part, (unsigned long long)st.st_size,
		            (unsigned long long)bytes);
	if (ok && (ftruncate(s->fd, (off_t)bytes) || lseek(s->fd, 0, SEEK_END) < 0))
		ok = rt_say(why, "cannot write `%s`: %s", part, strerror(errno));
	s->written = bytes;
	s->taken = true;
	if (!ok)
		rt_sink_leave(s);
	return ok;
}

void
rt_sink_sweep(int dir)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	for (struct dirent *e; d && (e = readdir(d));) {
		size_t n = strlen(e->d_name);
		if (e->d_name[0] != '.' || n < 7 || strcmp(e->d_name + n - 5, ".part") != 0)
			continue;
		int part = openat(dir, e->d_name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
		if (part >= 0 && flock(part, LOCK_EX | LOCK_NB) == 0)
			unlinkat(dir, e->d_name, 0);
		if (part >= 0)
			close(part);
	}
	if (d)
		closedir(d);
	else if (fd >= 0)
		close(fd);
}

static void
write_all(RtSink *s, const uint8_t *p, size_t n)
{
	while (n && !s->error) {
		ssize_t r = write(s->fd, p, n);
		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0) {
			s->error = r < 0 ? errno : EIO;
			return;
		}
		p += r;
		n -= (size_t)r;
	}
}

/* What was written since it was asked before. Events are small: their bytes are summed many at a time. */
static void
sum(RtSink *s)
{
	if (s->summed)
		s->crc = (uint32_t)crc32_z(s->crc, s->buf + s->sum_from, s->n - s->sum_from);
	s->sum_from = s->n;
}

void
rt_sink_sum(RtSink *s)
{
	sum(s);
	s->summed = true;
}

static void
empty(RtSink *s)
{
	sum(s);
	write_all(s, s->buf, s->n);
	s->n = s->sum_from = 0;
}

void
rt_sink_write(RtSink *s, const void *p, uint64_t n)
{
	const uint8_t *at = p;
	s->written += n;
	while (n) {
		size_t room = SINK_BYTES - s->n, part = n < room ? (size_t)n : room;
		if (part == SINK_BYTES && s->n == 0) {        /* large: past the buffer */
			part = n > (1u << 30) ? (1u << 30) : (size_t)n;
			write_all(s, at, part);
			if (s->summed)
				s->crc = (uint32_t)crc32_z(s->crc, at, part);
		} else {
			memcpy(s->buf + s->n, at, part);
			s->n += part;
			if (s->n == SINK_BYTES)
				empty(s);
		}
		at += part;
		n -= part;
	}
}

void
rt_sink_rows(RtSink *s, const snnrt_buffer *b, const void *values)
{
	for (uint64_t r = 0; r < rt_rows(b); r++)
		rt_sink_write(s, (const char *)values + r * rt_row_pitch(b), rt_row_bytes(b));
}

void
rt_sink_values(RtSink *s, const snnrt_buffer *b, const void *values)
{
	float part[1024];
	uint64_t n = b->bytes / rt_type_size(b->type);
	if (b->type != SNNRT_BF16) {
		rt_sink_rows(s, b, values);
		return;
	}
	for (uint64_t i = 0; i < n; i++) {
		part[i % 1024] = (float)rt_load_float(b->type, values, rt_place(b, i));
		if (i % 1024 == 1023 || i + 1 == n)
			rt_sink_write(s, part, (i % 1024 + 1) * sizeof *part);
	}
}

void
rt_sink_patch(RtSink *s, uint64_t offset, const void *p, size_t n)
{
	empty(s);
	while (n && !s->error) {
		ssize_t r = pwrite(s->fd, p, n, (off_t)offset);
		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0) {
			s->error = r < 0 ? errno : EIO;
			return;
		}
		p = (const char *)p + r;
		offset += (uint64_t)r;
		n -= (size_t)r;
	}
}

bool
rt_sink_flush(RtSink *s, char *why)
{
	empty(s);
	return !s->error || rt_say(why, "cannot write `%s`: %s", s->name, strerror(s->error));
}

bool
rt_sink_sync(RtSink *s, char *why)
{
	return rt_sink_flush(s, why) &&
	       (fdatasync(s->fd) == 0 || errno == EINVAL || rt_say(why, "cannot write `%s`: %s", s->name, strerror(errno)));
}

void
rt_sink_discard(RtSink *s)
{
	if (s->fd >= 0 && !s->taken)
		unlinkat(s->dir, s->part, 0);
	rt_sink_leave(s);
}

void
rt_sink_leave(RtSink *s)
{
	if (s->fd >= 0)
		close(s->fd);
	if (s->dir >= 0)
		close(s->dir);
	free(s->name);
	free(s->part);
	free(s->buf);
	*s = (RtSink){.dir = -1, .fd = -1};
}

bool
rt_sink_commit(RtSink *s, bool sync, char *why)
{
	bool ok = rt_sink_flush(s, why);
	if (ok && sync && fsync(s->fd) && errno != EINVAL)
		ok = rt_say(why, "cannot write `%s`: %s", s->name, strerror(errno));
	int fd = s->fd;
	s->fd = -1;
	if (close(fd) && ok)
		ok = rt_say(why, "cannot write `%s`: %s", s->name, strerror(errno));
	if (ok && renameat(s->dir, s->part, s->dir, s->name))
		ok = rt_say(why, "cannot write `%s`: %s", s->name, strerror(errno));
	if (!ok)
		unlinkat(s->dir, s->part, 0);
	else if (sync)
		(void)!fsync(s->dir);                         /* so that the new name lasts; not all file systems can */
	rt_sink_discard(s);
	return ok;
}

bool
rt_write_file(int dir, const char *name, const void *p, size_t n, char *why)
{
	RtSink s;
	if (!rt_sink_open(&s, dir, name, why))
		return false;
	rt_sink_write(&s, p, n);
	return rt_sink_commit(&s, false, why);
}
