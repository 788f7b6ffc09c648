/* path.c: where a program's files are looked for, and what it may not reach.
 *
 * A name is relative and has no `..`; it is looked for below --data, then below the program's folder. The
 * folder itself may be anywhere; links below it may not lead out of it. */
#define _GNU_SOURCE
#include "rt.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool
rt_path_is_inside(const char *path)
{
	if (!*path || *path == '/')
		return false;
	for (const char *c = path; *c;) {
		size_t n = strcspn(c, "/");
		if (n == 2 && c[0] == '.' && c[1] == '.')
			return false;
		c += n;
		c += strspn(c, "/");
	}
	return true;
}

static bool
is_below(const char *whole, const char *folder)
{
	size_t n = strlen(folder);
	if (strcmp(folder, "/") == 0)
		return true;
	return strncmp(whole, folder, n) == 0 && whole[n] == '/';
}

/* SNNRT_DATA_MISSING only if there is no such file in this folder. */
static snnrt_data_status
open_below(const char *dir, const char *path, int *fd, char **shown, char *why)
{
	snnrt_data_status status = SNNRT_DATA_BAD;
	char *joined = NULL, *whole = NULL, *folder = realpath(dir, NULL);
	if (!folder)
		return SNNRT_DATA_MISSING;
	bool here = strcmp(dir, ".") == 0;                    /* `a.npy` says more than `./a.npy` */
	if (asprintf(&joined, "%s%s%s", here ? "" : dir, here || dir[strlen(dir) - 1] == '/' ? "" : "/", path) < 0) {
		free(folder);
		rt_say(why, "no memory");
		return SNNRT_DATA_BAD;
	}
	whole = realpath(joined, NULL);
	struct stat st;
	if (!whole) {
		status = errno == ENOENT || errno == ENOTDIR ? SNNRT_DATA_MISSING : SNNRT_DATA_BAD;
		if (lstat(joined, &st) == 0 && S_ISLNK(st.st_mode)) {
			status = SNNRT_DATA_BAD;
			rt_say(why, "`%s` is a link that leads nowhere", joined);
		} else {
			rt_say(why, "cannot open `%s`: %s", joined, strerror(errno));
		}
	} else if (!is_below(whole, folder)) {
		status = SNNRT_DATA_OUTSIDE;
		rt_say(why, "`%s` is a link to `%s`, out of `%s`: copy the file there, or name its folder by --data",
		       joined, whole, dir);
	} else {
		/* The links are resolved; O_NONBLOCK so that a pipe does not hold us up. */
		*fd = open(whole, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
		if (*fd < 0) {
			rt_say(why, "cannot open `%s`: %s", joined, strerror(errno));
		} else if (fstat(*fd, &st) || !S_ISREG(st.st_mode)) {
			rt_say(why, "`%s` is not a file", joined);
			close(*fd);
		} else {
			status = SNNRT_DATA_OK;
			*shown = joined;
			joined = NULL;
		}
	}
	free(joined);
	free(whole);
	free(folder);
	return status;
}

snnrt_data_status
snnrt_path_find(const char *dir_data, const char *dir_program, const char *path, char *shown, size_t room, char why[512])
{
	char *found = NULL;
	int fd = -1;
	why[0] = 0;
	snnrt_data_status status = rt_path_open(dir_data, dir_program, path, &fd, &found, why);
	if (status != SNNRT_DATA_OK)
		return status;
	close(fd);
	if ((size_t)snprintf(shown, room, "%s", found) >= room) {
		rt_say(why, "the path of `%s` is too long", path);
		status = SNNRT_DATA_BAD;
	}
	free(found);
	return status;
}

snnrt_data_status
rt_path_open(const char *dir_data, const char *dir_program, const char *path, int *fd, char **shown, char *why)
{
	if (!rt_path_is_inside(path)) {
		rt_say(why, "`%s`: files are named below the program's folder or --data, without `..` or a leading `/`; "
		       "name another folder by --data", path);
		return SNNRT_DATA_OUTSIDE;
	}
	const char *program = dir_program && *dir_program ? dir_program : ".";
	bool has_data = dir_data && *dir_data;
	if (has_data) {
		snnrt_data_status status = open_below(dir_data, path, fd, shown, why);
		if (status != SNNRT_DATA_MISSING)
			return status;
	}
	snnrt_data_status status = open_below(program, path, fd, shown, why);
	if (status == SNNRT_DATA_MISSING && has_data)
		rt_say(why, "there is no `%s` in `%s` (--data), nor in `%s`", path, dir_data, program);
	else if (status == SNNRT_DATA_MISSING)
		rt_say(why, "there is no `%s` in `%s`", path, program);
	return status;
}
