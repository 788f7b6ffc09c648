/* test_files: which programs `snnc test` looks into. */
#define _GNU_SOURCE
#include "driver/output.h"
#include "driver/test.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { DEEPEST = 16 };

static int
by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static bool
is_program(const char *name)
{
	size_t n = strlen(name);
	return n > 4 && name[0] != '.' && strcmp(name + n - 4, ".snn") == 0;
}

static bool
folder(Arena *a, const char *dir, int depth, PathVec *out)
{
	struct dirent **entry;
	int n = scandir(dir, &entry, NULL, by_name);
	bool ok = n >= 0;
	if (!ok)
		output_say("`%s` cannot be read: %s", dir, strerror(errno));
	for (int i = 0; i < n; i++) {
		const char *name = entry[i]->d_name;
		size_t end = strlen(dir);
		const char *path = arena_printf(a, "%s%s%s", dir, end && dir[end - 1] == '/' ? "" : "/", name);
		struct stat st;
		if (ok && name[0] != '.' && stat(path, &st) == 0) {
			if (S_ISDIR(st.st_mode) && depth < DEEPEST)
				ok = folder(a, path, depth + 1, out);
			else if (S_ISREG(st.st_mode) && is_program(name))
				VEC_PUSH(a, out, arena_strdup(a, path));
		}
		free(entry[i]);
	}
	if (n >= 0)
		free(entry);
	return ok;
}

bool
test_files(Arena *a, const Options *o, PathVec *out)
{
	for (uint32_t i = 0; i < o->files.n; i++) {
		struct stat st;
		const char *path = o->files.at[i];
		if (stat(path, &st) != 0) {
			output_say("`%s` cannot be read: %s", path, strerror(errno));
			return false;
		}
		if (!S_ISDIR(st.st_mode))
			VEC_PUSH(a, out, path);
		else if (!folder(a, path, 0, out))
			return false;
	}
	return true;
}
