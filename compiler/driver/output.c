/* output: see output.h. A file is written beside its place and then moved there. */
#define _GNU_SOURCE
#include "driver/output.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void
output_say(const char *fmt, ...)
{
	va_list ap;
	fflush(stdout);
	fputs("snnc: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

char *
output_beside(Arena *a, const char *path)
{
	char *name = arena_printf(a, "%s.XXXXXX", path);
	int fd = mkstemp(name);
	if (fd < 0)
		return NULL;
	mode_t mask = umask(0);
	umask(mask);
	fchmod(fd, 0666 & ~mask);
	close(fd);
	return name;
}

static bool
write_all(FILE *f, const StrBuf *text)
{
	bool ok = fwrite(text->n ? text->at : "", 1, text->n, f) == text->n;
	return fflush(f) == 0 && ok;
}

static bool
is_special(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && !S_ISREG(st.st_mode);
}

void
output_say_failed(Arena *a, const char *path)
{
	int error = errno;
	const char *slash = strrchr(path, '/');
	const char *dir = slash ? arena_strndup(a, path, (size_t)(slash - path)) : "";
	if (error == ENOENT && *dir && access(dir, F_OK) != 0)
		output_say("`%s` cannot be written: there is no folder `%s`", path, dir);
	else
		output_say("`%s` cannot be written: %s", path, strerror(error));
}

static bool
write_file(const char *path, const StrBuf *text)
{
	FILE *f = fopen(path, "wb");
	if (!f)
		return false;
	bool ok = write_all(f, text);
	int error = errno;
	if (fclose(f) != 0)
		return false;
	errno = error;
	return ok;
}

bool
output_write(Arena *a, const char *path, const StrBuf *text)
{
	if (!path) {
		if (write_all(stdout, text))
			return true;
		output_say("stdout cannot be written: %s", strerror(errno));
		return false;
	}
	bool direct = is_special(path); /* /dev/stdout, a pipe: nothing to move */
	char *beside = direct ? NULL : output_beside(a, path);
	if (direct ? write_file(path, text)
		   : beside && write_file(beside, text) && rename(beside, path) == 0)
		return true;
	output_say_failed(a, path);
	if (beside)
		unlink(beside);
	return false;
}

void
output_dump(Compilation *c, const char *name, const char *noun, const StrBuf *text)
{
	const char *dir = c->o->dump_dir;
	if (!dir)
		return;
	if (mkdir(dir, 0777) < 0 && errno != EEXIST) {
		if (!c->dump_failed)
			output_say("`%s` cannot be made: %s", dir, strerror(errno));
		c->dump_failed = true;
	}
	if (c->dump_failed) /* it was told once */
		return;
	const char *path =
		arena_printf(c->arena, "%s/%02d.%s.%s", dir, ++c->dumped, name, noun);
	c->dump_failed = !output_write(c->arena, path, text);
}
