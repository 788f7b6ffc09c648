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

/* The names of files of many arrays end in what they are. */
static const char *const names[] = {"x.dat", "x.dat", "x.dat", "x.dat", "x.npz", "x.snnw", "x.dat", "x.dat"};
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
	default:
		read_golden(path);
	}
	return 0;
}
