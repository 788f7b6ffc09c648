/* npz.c: all records as one .npz: a zip of .npy members, stored, with 64-bit sizes (PKWARE's APPNOTE 6.3, zip64). Rows were
 * streamed to the parts of the records, which are packed at the end; those of a run that may go on stay. */
#define _GNU_SOURCE
#include "rt.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

enum { LOCAL = 0x04034b50, CENTRAL = 0x02014b50, END64 = 0x06064b50, LOCATOR = 0x07064b50, END = 0x06054b50, VERSION = 45,
       DATE = 0x21, PIECE = 1 << 16 };                /* the first of January 1980: equal runs give equal files */

typedef struct { const char *name; uint64_t offset, bytes; uint32_t crc; } Member;

static void
put(RtText *t, uint64_t v, int bytes)
{
	rt_text_add(t, (const char *)&v, (size_t)bytes);
}

/* What local and central headers have in common, from the version needed on. */
static void
put_member(RtText *t, const Member *m, uint32_t extra)
{
	put(t, VERSION, 2);
	put(t, 0, 4);                                         /* flags, stored */
	put(t, 0, 2);
	put(t, DATE, 2);
	put(t, m->crc, 4);
	put(t, 0xffffffffffffffff, 8);                        /* both sizes: in the extra field */
	put(t, strlen(m->name), 2);
	put(t, extra, 2);
}

static void
put_local(RtText *t, const Member *m)
{
	put(t, LOCAL, 4);
	put_member(t, m, 20);
	rt_text_add(t, m->name, strlen(m->name));
	put(t, 1, 2);
	put(t, 16, 2);
	put(t, m->bytes, 8);
	put(t, m->bytes, 8);
}

static void
put_central(RtText *t, const Member *m)
{
	put(t, CENTRAL, 4);
	put(t, VERSION, 2);
	put_member(t, m, 28);
	put(t, 0, 8);                                         /* comment, disk, attributes */
	put(t, 0, 2);
	put(t, 0xffffffff, 4);
	rt_text_add(t, m->name, strlen(m->name));
	put(t, 1, 2);
	put(t, 24, 2);
	put(t, m->bytes, 8);
	put(t, m->bytes, 8);
	put(t, m->offset, 8);
}

static void
put_end(RtText *t, uint64_t n, uint64_t from, uint64_t bytes)
{
	put(t, END64, 4);
	put(t, 44, 8);
	put(t, VERSION, 2);
	put(t, VERSION, 2);
	put(t, 0, 8);
	put(t, n, 8);
	put(t, n, 8);
	put(t, bytes, 8);
	put(t, from, 8);
	put(t, LOCATOR, 4);
	put(t, 0, 4);
	put(t, from + bytes, 8);
	put(t, 1, 4);
	put(t, END, 4);
	put(t, 0, 4);
	put(t, 0xffffffff, 4);                                /* how many: above */
	put(t, 0xffffffffffffffff, 8);
	put(t, 0, 2);
}

static bool
each_piece(int fd, RtSink *to, uint32_t *crc, uint64_t *bytes)
{
	char piece[PIECE];
	ssize_t n;
	*bytes = 0;
	*crc = (uint32_t)crc32(0, NULL, 0);
	while ((n = pread(fd, piece, PIECE, (off_t)*bytes)) > 0) {
		*crc = (uint32_t)crc32(*crc, (const unsigned char *)piece, (uInt)n);
		*bytes += (uint64_t)n;
		if (to)
			rt_sink_write(to, piece, (uint64_t)n);
	}
	return n == 0;
}

static bool
add_member(RtSink *z, RtText *central, const RtRecord *r, char *why)
{
	Member m = {.name = r->file, .offset = z->written};
	RtText local = {0};
	uint64_t bytes;
	uint32_t crc;
	if (!each_piece(r->sink.fd, NULL, &m.crc, &m.bytes))
		return rt_say(why, "cannot read `%s`", r->sink.part);
	put_local(&local, &m);
	rt_sink_write(z, local.s, local.n);
	bool ok = !local.failed && each_piece(r->sink.fd, z, &crc, &bytes) && crc == m.crc;
	rt_text_fini(&local);
	put_central(central, &m);
	return ok || rt_say(why, "cannot read `%s`", r->sink.part);
}

bool
rt_npz_write(snnrt *rt)
{
	RtSink z;
	RtText central = {0};
	char why[RT_WHY] = "";
	uint64_t n = 0;
	bool ok = rt_sink_open(&z, rt->folder.fd, RT_NPZ, why);
	for (uint32_t i = 0; ok && i < rt->p->nobjects; i++) {
		RtRecord *r = rt->p->objects[i].kind == SNNRT_OBJ_RECORD ? rt->object[i] : NULL;
		if (r && r->sink.fd >= 0) {
			ok = add_member(&z, &central, r, why);
			n++;
		}
	}
	if (ok) {
		uint64_t from = z.written, bytes = central.n;
		put_end(&central, n, from, bytes);
		rt_sink_write(&z, central.s, central.n);
		ok = !central.failed && rt_sink_commit(&z, false, why);
	} else {
		rt_sink_discard(&z);
	}
	rt_text_fini(&central);
	for (uint32_t i = 0; i < rt->p->nobjects; i++) {
		RtRecord *r = rt->p->objects[i].kind == SNNRT_OBJ_RECORD ? rt->object[i] : NULL;
		if (r)
			r->sink.taken = !ok || rt->status == SNNRT_INTERRUPTED;      /* left for a run that goes on */
	}
	return ok || rt_fail(rt, "%s: %s", RT_NPZ, why) == 0;
}
