/* readers: any bytes as a file of data; the first says of which kind. */
#include "fuzz.h"

#include "driver/test.h"
#include "snnrt.h"

static void
read_array(const char *folder, const char *path)
{
	char why[512];
	uint32_t type, rank;
	int64_t extent[6];
	double values[64];
	if (snnrt_npy_probe(NULL, folder, path, &type, &rank, extent, why) == SNNRT_DATA_OK)
		snnrt_npy_values(NULL, folder, path, 0, 64, values, why);
}

static void
read_columns(const char *folder, const char *kind)
{
	char why[512];
	snnrt_data_info info;
	const char *paths[] = {"x.dat", "x.dat"};
	snnrt_data_probe(NULL, folder, kind, 1, paths, "", &info, why);
	snnrt_data_probe(NULL, folder, kind, 2, paths, "", &info, why);
}

static void
read_cells(const char *folder)
{
	char why[512];
	snnrt_csv csv;
	if (snnrt_csv_read(NULL, folder, "x.dat", &csv, why) == SNNRT_DATA_OK)
		snnrt_csv_free(&csv);
}

static void
read_golden(const char *path)
{
	Arena *arena = arena_open();
	const char *why;
	Table t;
	golden_read(arena, path, false, &t, &why);
	arena_close(arena);
}

/* As a matrix of scipy, by its name, and as pairs of an array. */
static void
read_edges(const char *folder)
{
	char why[512];
	double values[64];
	static const char *const paths[] = {"x.npz", "x.npz:data"};
	for (int k = 0; k < 2; k++) {
		snnrt_edges e = {.npre = 5, .npost = 7};
		if (snnrt_edges_read(NULL, folder, paths[k], SNNRT_EDGES_PAIRS, k, &e, why) == SNNRT_DATA_OK && e.n <= 64)
			snnrt_edges_values(NULL, folder, "x.npz", paths[1], k, &e, values, why);
		snnrt_edges_free(&e);
	}
}

/* The names of files of many arrays end in what they are. */
static const char *const names[] = {"x.dat", "x.dat", "x.dat", "x.dat", "x.npz", "x.snnw", "x.dat", "x.dat", "x.npz"};
enum { KINDS = sizeof names / sizeof *names };

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	unsigned kind = data[0] % KINDS;
	const char *path = fuzz_file(names[kind], data + 1, size - 1), *folder = fuzz_folder();
	switch (kind) {
	case 0:
		read_array(folder, "x.dat");
		break;
	case 1:
		read_columns(folder, "npy");
		break;
	case 2:
		read_columns(folder, "idx");
		break;
	case 3:
		read_cells(folder);
		break;
	case 4:
		read_array(folder, "x.npz:w");
		break;
	case 5:
		read_array(folder, "x.snnw:w");
		break;
	case 6:
		read_columns(folder, "csv");
		break;
	case 8:
		read_edges(folder);
		break;
	default:
		read_golden(path);
	}
	return 0;
}
