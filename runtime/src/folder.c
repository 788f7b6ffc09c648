/* folder.c: the results folder: made with its parents when the run opens, taken away again if nothing came
 * of it. */
#define _GNU_SOURCE
#include "rt.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool
make_one(RtFolder *f, char *path)
{
	struct stat st;
	if (mkdir(path, 0777)) {                              /* also where a read-only system says so of what is there */
		int error = errno;
		if (stat(path, &st) == 0) {
			errno = ENOTDIR;
			return S_ISDIR(st.st_mode);
		}
		errno = error;
		return false;
	}
	char **made = realloc(f->made, (f->nmade + 1) * sizeof *made);
	if (made)
		f->made = made;
	char *copy = made ? strdup(path) : NULL;
	if (copy)
		f->made[f->nmade++] = copy;
	return true;
}

static bool
make_all(RtFolder *f, char *path)
{
	for (char *c = path; *c; c++) {
		if (*c != '/' || c == path)
			continue;
		*c = 0;
		bool ok = make_one(f, path);
		*c = '/';
		if (!ok)
			return false;
	}
	return make_one(f, path);
}

/* The only sure way to know whether files can be made is to make one. */
static bool
can_write(int dir)
{
	char name[40];
	snprintf(name, sizeof name, ".snnrt.%ld.part", (long)getpid());
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666);
	if (fd < 0)
		return false;
	close(fd);
	unlinkat(dir, name, 0);
	return true;
}

bool
rt_folder_open(RtFolder *f, const char *path, char *why)
{
	*f = (RtFolder){.fd = -1, .path = strdup(path)};
	if (!f->path)
		return rt_say(why, "no memory");
	bool ok = *path && make_all(f, f->path);
	int error = *path ? errno : ENOENT;
	if (ok) {
		f->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		ok = f->fd >= 0 && can_write(f->fd);
		error = errno;
	}
	if (!ok) {
		rt_say(why, "cannot write results to `%s`: %s; name another folder by --out", path,
		       error == ENOTDIR ? "part of that path is a file" : strerror(error));
		rt_folder_close(f, true);
	}
	return ok;
}

void
rt_folder_close(RtFolder *f, bool remove_if_empty)
{
	if (f->fd >= 0)
		close(f->fd);
	for (uint32_t i = f->nmade; i-- > 0;) {
		if (remove_if_empty && rmdir(f->made[i]))
			remove_if_empty = false;
		free(f->made[i]);
	}
	free(f->made);
	free(f->path);
	*f = (RtFolder){.fd = -1};
}
