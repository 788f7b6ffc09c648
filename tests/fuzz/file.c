/* file: inputs as files, for what reads only files. */
#define _GNU_SOURCE
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char folder[64];

static void
remove_folder(void)
{
	static const char *const names[] = {"x.snn", "x.dat", "x.csv", "x.npy", "x.npz", "x.gz", "x.snnw", "e.csv"};
	char path[96];
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		snprintf(path, sizeof path, "%s/%s", folder, names[i]);
		unlink(path);
	}
	rmdir(folder);
}

const char *
fuzz_folder(void)
{
	if (!*folder) {
		snprintf(folder, sizeof folder, "%s/snnc-fuzz-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
		if (!mkdtemp(folder))
			abort();
		atexit(remove_folder);
	}
	return folder;
}

const char *
fuzz_file(const char *name, const uint8_t *data, size_t size)
{
	static char path[96];
	snprintf(path, sizeof path, "%s/%s", fuzz_folder(), name);
	FILE *f = fopen(path, "wb");
	if (!f || fwrite(data, 1, size, f) != size || fclose(f) != 0)
		abort();
	return path;
}
