/* replay: where libFuzzer is not linked: every file of the corpora, and so many mutations of each, always the same ones.
 *
 *   fuzz_parse MUTATIONS FOLDER|FILE ...
 */
#define _GNU_SOURCE
#include "fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 1 << 16 };

static uint64_t state = 1;
static unsigned long done;

static uint32_t
draw(uint32_t below)                                      /* splitmix64 */
{
	uint64_t z = state += 0x9E3779B97F4A7C15u;
	z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
	z = (z ^ z >> 27) * 0x94D049BB133111EBu;
	return below ? (uint32_t)((z ^ z >> 31) % below) : 0;
}

/* One byte set, taken out or put in, or a piece copied to elsewhere. */
static size_t
mutate(uint8_t *data, size_t n)
{
	static const char likely[] = "{}()[]=;,.:+-*/'\"0123456789 \n";
	uint32_t at = draw((uint32_t)n + 1), len = draw(16) + 1, from = draw((uint32_t)n + 1);
	uint8_t byte = draw(2) ? (uint8_t)likely[draw(sizeof likely - 1)] : (uint8_t)draw(256);
	switch (draw(4)) {
	case 0:
		if (at < n)
			data[at] = byte;
		return n;
	case 1:
		len = len < n - at ? len : (uint32_t)(n - at);
		memmove(data + at, data + at + len, n - at - len);
		return n - len;
	case 2:
		if (n == MOST)
			return n;
		memmove(data + at + 1, data + at, n - at);
		data[at] = byte;
		return n + 1;
	default:
		len = len < n - from ? len : (uint32_t)(n - from);
		len = len < n - at ? len : (uint32_t)(n - at);
		memmove(data + at, data + from, len);
		return n;
	}
}

static void
run_file(const char *path, unsigned long mutations)
{
	static uint8_t data[MOST + 16], copy[MOST + 16];
	FILE *f = fopen(path, "rb");
	if (!f)
		return;
	size_t n = fread(data, 1, MOST, f);
	fclose(f);
	for (unsigned long k = 0; k <= mutations; k++, done++) {
		size_t m = n;
		memcpy(copy, data, n);
		for (uint32_t i = k ? draw(4) + 1 : 0; i > 0; i--)
			m = mutate(copy, m);
		LLVMFuzzerTestOneInput(copy, m);
	}
}

static void
run(const char *path, unsigned long mutations)
{
	struct dirent **entry;
	int n = scandir(path, &entry, NULL, alphasort);
	if (n < 0) {
		run_file(path, mutations);
		return;
	}
	for (int i = 0; i < n; i++) {
		char inner[1024];
		snprintf(inner, sizeof inner, "%s/%s", path, entry[i]->d_name);
		if (entry[i]->d_name[0] != '.')
			run(inner, mutations);
		free(entry[i]);
	}
	free(entry);
}

int
main(int argc, char **argv)
{
	unsigned long mutations = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
	for (int i = 2; i < argc; i++)
		run(argv[i], mutations);
	printf("%lu inputs\n", done);
	return done ? 0 : 1;
}
