/* zip.c: entries of an archive as NumPy and scipy write them (PKWARE's APPNOTE 6.3): stored or deflated, with sizes of 64 bits
 * where a file is that large. */
#define _GNU_SOURCE
#include "rt.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { END_BYTES = 22, END64_BYTES = 56, LOCATOR_BYTES = 20, ENTRY_BYTES = 46, LOCAL_BYTES = 30, MOST_COMMENT = 1 << 16, IN_BYTES = 1 << 16,
       MOST_RATIO = 1032 /* of deflate: 258 bytes by two bits */ };

typedef struct { uint64_t at, bytes, packed; uint32_t method, crc; } Entry;

static uint64_t
number(const uint8_t *p, int bytes)
{
	uint64_t v = 0;
	for (int i = bytes; i-- > 0;)
		v = v << 8 | p[i];
	return v;
}

/* ---- the list of entries ------------------------------------------------------------------------------- */

/* What does not fit into 32 bits is told by a record before the end (zip64). */
static bool
find_list64(RtFile *f, uint64_t end, uint64_t *at, uint64_t *bytes, uint64_t *n, char *why)
{
	uint8_t b[END64_BYTES];
	if (end < LOCATOR_BYTES || !rt_file_read(f, end - LOCATOR_BYTES, LOCATOR_BYTES, b, why) || memcmp(b, "PK\6\7", 4) != 0)
		return false;
	uint64_t from = number(b + 8, 8);
	if (from > end || end - from < END64_BYTES || !rt_file_read(f, from, END64_BYTES, b, why) || memcmp(b, "PK\6\6", 4) != 0)
		return false;
	*n = number(b + 32, 8);
	*bytes = number(b + 40, 8);
	*at = number(b + 48, 8);
	return true;
}

/* Where the list is is told at the end of the file, before a comment. */
static bool
find_list(RtFile *f, uint64_t *at, uint64_t *bytes, uint64_t *n, char *why)
{
	uint64_t size = f->stored < END_BYTES + MOST_COMMENT ? f->stored : END_BYTES + MOST_COMMENT, first = f->stored - size;
	uint8_t *tail = malloc((size_t)size + 1);
	bool found = false;
	if (!tail || !rt_file_read(f, first, size, tail, why)) {
		free(tail);
		return rt_say(why, "cannot read `%s`", f->name);
	}
	for (uint64_t i = size < END_BYTES ? 0 : size - END_BYTES + 1; i-- > 0 && !found;) {
		if (memcmp(tail + i, "PK\5\6", 4) != 0)
			continue;
		*n = number(tail + i + 10, 2);
		*bytes = number(tail + i + 12, 4);
		*at = number(tail + i + 16, 4);
		bool large = *n == UINT16_MAX || *bytes == UINT32_MAX || *at == UINT32_MAX;
		found = (!large || find_list64(f, first + i, at, bytes, n, why)) && *at <= f->stored && *bytes <= f->stored - *at;
	}
	free(tail);
	return found || rt_say(why, "`%s` is no .npz file, or truncated", f->name);
}

/* Sizes that do not fit stand in the extra field, in the order of the head. */
static bool
read_large(Entry *e, const uint8_t *extra, uint32_t n)
{
	uint64_t *const wanted[] = {&e->bytes, &e->packed, &e->at};
	uint32_t part = 0;
	for (; n - part >= 4; part += 4 + (uint32_t)number(extra + part + 2, 2)) {
		uint32_t length = (uint32_t)number(extra + part + 2, 2), at = part + 4;
		if (part + 4 + length > n)
			break;
		if (number(extra + part, 2) != 1)
			continue;
		for (int k = 0; k < 3; k++) {
			if (*wanted[k] != UINT32_MAX)
				continue;
			if (at + 8 > part + 4 + length)
				return false;
			*wanted[k] = number(extra + at, 8);
			at += 8;
		}
		return true;
	}
	return e->at != UINT32_MAX && e->bytes != UINT32_MAX && e->packed != UINT32_MAX;
}

static RtZip
find_entry(const uint8_t *list, uint64_t bytes, uint64_t n, const char *name, Entry *e)
{
	size_t length = strlen(name);
	uint64_t i = 0;
	for (uint64_t k = 0; k < n && i + ENTRY_BYTES <= bytes; k++) {
		const uint8_t *head = list + i;
		uint32_t text = (uint32_t)number(head + 28, 2), extra = (uint32_t)number(head + 30, 2);
		i += ENTRY_BYTES + text + extra + number(head + 32, 2);
		if (memcmp(head, "PK\1\2", 4) != 0 || i > bytes)
			return RT_ZIP_FAILED;
		if (text != length || memcmp(head + ENTRY_BYTES, name, length) != 0)
			continue;
		*e = (Entry){.method = (uint32_t)number(head + 10, 2), .crc = (uint32_t)number(head + 16, 4), .packed = number(head + 20, 4),
		             .bytes = number(head + 24, 4), .at = number(head + 42, 4)};
		return read_large(e, head + ENTRY_BYTES + text, extra) ? RT_ZIP_FOUND : RT_ZIP_FAILED;
	}
	return RT_ZIP_ABSENT;
}

/* ---- its content ------------------------------------------------------------------------------------------ */

/* All of it, to memory: then f is as a file that was unpacked to its end. */
static bool
unpack(RtFile *f, const char *name, uint64_t at, const Entry *e, char *why)
{
	if (e->bytes / MOST_RATIO > e->packed)
		return rt_say(why, "`%s` is damaged: entry `%s` promises %llu bytes from %llu", f->name, name, (unsigned long long)e->bytes,
		              (unsigned long long)e->packed);
	z_stream z = {0};
	uint8_t *in = malloc(IN_BYTES), *out = malloc((size_t)e->bytes + 1);
	bool ok = in && out && inflateInit2(&z, -15) == Z_OK, begun = ok;
	uint64_t taken = 0, made = 0;
	int r = Z_OK;
	if (!ok)
		rt_say(why, "no memory to unpack `%s`", f->name);
	while (ok && r == Z_OK) {
		uint64_t n = e->packed - taken < IN_BYTES ? e->packed - taken : IN_BYTES;
		uint64_t room = e->bytes + 1 - made < 1u << 30 ? e->bytes + 1 - made : 1u << 30;
		if (z.avail_in == 0) {
			ok = rt_file_read(f, at + taken, n, in, why);
			z.next_in = in;
			z.avail_in = (uInt)n;
			taken += n;
		}
		z.next_out = out + made;
		z.avail_out = (uInt)room;
		r = ok ? inflate(&z, Z_NO_FLUSH) : Z_ERRNO;
		made += room - z.avail_out;
	}
	if (begun)
		inflateEnd(&z);
	free(in);
	bool whole = ok && r == Z_STREAM_END && made == e->bytes;
	uint32_t crc = (uint32_t)crc32(0, NULL, 0);
	for (uint64_t i = 0; whole && i < made; i += 1u << 30)
		crc = (uint32_t)crc32(crc, out + i, (uInt)(made - i < 1u << 30 ? made - i : 1u << 30));
	if (ok && (!whole || crc != e->crc))
		ok = rt_say(why, "`%s` is damaged: entry `%s` cannot be unpacked", f->name, name);
	if (!ok) {
		free(out);
		return false;
	}
	f->kept = out;
	f->gz = f->ended = true;
	f->have = f->cap = f->want = e->bytes;
	return true;
}

/* What stands before the content is told by its own head. */
static bool
enter(RtFile *f, const char *name, const Entry *e, char *why)
{
	uint8_t head[LOCAL_BYTES];
	if (e->method != 0 && e->method != Z_DEFLATED)
		return rt_say(why, "`%s` is packed in a way that is not known here: write it by numpy.savez", f->name);
	if (e->at > f->stored || f->stored - e->at < LOCAL_BYTES || !rt_file_read(f, e->at, LOCAL_BYTES, head, why) || memcmp(head, "PK\3\4", 4) != 0)
		return rt_say(why, "`%s` is damaged: entry `%s` is not where it should be", f->name, name);
	uint64_t at = e->at + LOCAL_BYTES + number(head + 26, 2) + number(head + 28, 2);
	if (at > f->stored || e->packed > f->stored - at)
		return rt_say(why, "`%s` is truncated: entry `%s` has %llu bytes", f->name, name, (unsigned long long)e->packed);
	if (e->method)
		return unpack(f, name, at, e, why);
	f->base = at;
	f->stored = e->bytes;
	return e->bytes == e->packed || rt_say(why, "`%s` is damaged: entry `%s` has two sizes", f->name, name);
}

RtZip
rt_zip_enter(RtFile *f, const char *entry, char *why)
{
	uint64_t at = 0, bytes = 0, n = 0;
	Entry e;
	if (!find_list(f, &at, &bytes, &n, why))
		return RT_ZIP_FAILED;
	uint8_t *list = malloc((size_t)bytes + 1);
	bool ok = list && rt_file_read(f, at, bytes, list, why);
	RtZip found = ok ? find_entry(list, bytes, n, entry, &e) : RT_ZIP_FAILED;
	free(list);
	if (ok && found == RT_ZIP_FAILED)
		rt_say(why, "`%s` is damaged: its list of entries cannot be read", f->name);
	else if (!ok)
		rt_say(why, "cannot read `%s`", f->name);
	return found == RT_ZIP_FOUND && !enter(f, entry, &e, why) ? RT_ZIP_FAILED : found;
}
