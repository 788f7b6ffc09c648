/* readers: any bytes as a file of data; the first says of which kind. */
#include "fuzz.h"

#include "snnrt.h"

static void
read_array(const char *folder)
{
	char why[512];
	uint32_t type, rank;
	int64_t extent[6];
	double values[64];
	if (snnrt_npy_probe(NULL, folder, "x.dat", &type, &rank, extent, why) == SNNRT_DATA_OK)
		snnrt_npy_values(NULL, folder, "x.dat", 0, 64, values, why);
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

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char why[512];
	snnrt_csv csv;
	if (size < 1)
		return 0;
	fuzz_file("x.dat", data + 1, size - 1);
	const char *folder = fuzz_folder();
	switch (data[0] % 4) {
	case 0:
		read_array(folder);
		break;
	case 1:
		read_columns(folder, "npy");
		break;
	case 2:
		read_columns(folder, "idx");
		break;
	default:
		if (snnrt_csv_read(NULL, folder, "x.dat", &csv, why) == SNNRT_DATA_OK)
			snnrt_csv_free(&csv);
	}
	return 0;
}
