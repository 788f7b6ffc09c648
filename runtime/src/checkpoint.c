/* checkpoint.c: all buffers of a run and the state of the host to one file, and back; or one buffer as a .npy. The format is in
 * snnrt_checkpoint.h. */
#define _GNU_SOURCE
#include "snnrt_checkpoint.h"

#include "rt.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { HEAD = 64, TAIL = 16, ALIGN = 64 };
static const char head_magic[8] = "SNNCKPT1", tail_magic[8] = "SNNCKEND";

static uint32_t
checksum(const void *p, uint64_t n)
{
	return (uint32_t)crc32_z(crc32_z(0, NULL, 0), p, (z_size_t)n);
}

static uint64_t
align(uint64_t n)
{
	return (n + ALIGN - 1) / ALIGN * ALIGN;
}

/* ---- write ------------------------------------------------------------------------------------------ */

static void
put(RtText *t, const void *p, size_t n)
{
	rt_text_add(t, p, n);
}

static void
put_u32(RtText *t, uint32_t v)
{
	put(t, &v, 4);
}

static void
put_u64(RtText *t, uint64_t v)
{
	put(t, &v, 8);
}

static void
put_text(RtText *t, const char *s)
{
	s = s ? s : "";
	put_u32(t, (uint32_t)strlen(s) + 1);
	put(t, s, strlen(s) + 1);
}

static uint32_t
checksum_of(const snnrt *rt, const snnrt_buffer *b)
{
	uLong sum = crc32_z(0, NULL, 0);
	for (uint64_t r = 0; r < rt_rows(b); r++)
		sum = crc32_z(sum, rt->arena + b->offset + r * rt_row_pitch(b), (z_size_t)rt_row_bytes(b));
	return (uint32_t)sum;
}

/* The table with payloads from `first` on; *end: behind the last. */
static void
make_table(const snnrt *rt, uint64_t first, const RtText *host, RtText *t, uint64_t *end)
{
	put_text(t, rt->p->source_hash);
	put_text(t, rt->p->plan_hash);
	put_text(t, rt->p->name);
	put_u64(t, first);
	put_u64(t, host->n);
	put_u32(t, first ? checksum(host->s, host->n) : 0);
	first = align(first + host->n);
	for (uint32_t i = 0; i < rt->p->nbuffers; i++) {
		const snnrt_buffer *b = &rt->p->buffers[i];
		if (!rt_is_kept(b))
			continue;
		put_text(t, b->name);
		put_u32(t, b->type);
		put_u32(t, b->role);
		put_u32(t, b->naxes);
		for (uint32_t a = 0; a < b->naxes; a++) {
			put_u32(t, b->axis[a].kind);
			put_u64(t, b->axis[a].extent);
		}
		put_u64(t, first);
		put_u64(t, b->bytes);
		put_u32(t, first ? checksum_of(rt, b) : 0);
		first = align(first + b->bytes);
	}
	for (uint32_t i = 0; i < rt->p->nobjects; i++)
		if (rt->p->objects[i].kind == SNNRT_OBJ_RECORD) {
			put_text(t, rt->p->objects[i].name);
			put_u64(t, ((const RtRecord *)rt->object[i])->rows);
		}
	*end = first;
}

static void
make_head(const snnrt *rt, uint64_t table, uint64_t file, RtText *t)
{
	uint32_t nbuffers = 0, nrecords = 0;
	for (uint32_t i = 0; i < rt->p->nbuffers; i++)
		nbuffers += rt_is_kept(&rt->p->buffers[i]);
	for (uint32_t i = 0; i < rt->p->nobjects; i++)
		nrecords += rt->p->objects[i].kind == SNNRT_OBJ_RECORD;
	put(t, head_magic, 8);
	put_u32(t, SNNRT_CHECKPOINT_VERSION);
	put_u32(t, rt->p->real);
	put_u64(t, rt->seed);
	put_u64(t, rt_step(rt));
	put(t, &rt->p->dt, 8);
	put_u64(t, table);
	put_u32(t, nbuffers);
	put_u32(t, nrecords);
	put_u64(t, file);
}

bool
rt_checkpoint_write(snnrt *rt, int dir, const char *name, bool in_run, char *why)
{
	static const char zeros[ALIGN];
	RtText head = {0}, table = {0}, host = {0};
	RtState state = {.out = &host};
	RtSink s;
	uint64_t end;
	rt_state_of_host(rt, &state);
	make_table(rt, 0, &host, &table, &end);               /* its length does not depend on what is in it */
	uint64_t table_bytes = table.n, first = align(HEAD + table_bytes);
	rt_text_fini(&table);
	make_table(rt, first, &host, &table, &end);
	make_head(rt, table_bytes, end + TAIL, &head);
	bool ok = !head.failed && !table.failed && !host.failed && head.n == HEAD;
	if (!ok)
		rt_say(why, "no memory for `%s`", name);
	else
		ok = rt_sink_open(&s, dir, name, why);
	if (ok) {
		rt_sink_sum(&s);
		rt_sink_write(&s, head.s, HEAD);
		rt_sink_write(&s, table.s, table_bytes);
		rt_sink_write(&s, zeros, first - HEAD - table_bytes);
		rt_sink_write(&s, host.s, host.n);
		rt_sink_write(&s, zeros, align(host.n) - host.n);
		for (uint32_t i = 0; i < rt->p->nbuffers; i++) {
			const snnrt_buffer *b = &rt->p->buffers[i];
			if (!rt_is_kept(b))
				continue;
			rt_sink_rows(&s, b, rt->arena + b->offset);
			rt_sink_write(&s, zeros, align(b->bytes) - b->bytes);
		}
		rt_sink_sum(&s);
		uint32_t tail[2] = {s.crc, in_run};
		rt_sink_write(&s, tail_magic, 8);
		rt_sink_write(&s, tail, 8);
		ok = rt_sink_commit(&s, true, why);
	}
	rt_text_fini(&head);
	rt_text_fini(&table);
	rt_text_fini(&host);
	return ok;
}

/* One buffer as a .npy of its shape. */
static bool
write_array(snnrt *rt, const snnrt_buffer *b, const char *name, char *why)
{
	RtSink s;
	char header[RT_NPY_HEADER];
	uint64_t extent[6];
	for (uint32_t i = 0; i < b->naxes; i++)
		extent[i] = b->axis[i].extent;
	size_t size = rt_npy_print_header(header, 0, rt_type_numpy(b->type), b->naxes, extent);
	if (!size)
		return rt_say(why, "no memory");
	if (!rt_sink_open(&s, rt->folder.fd, name, why))
		return false;
	rt_sink_write(&s, header, size);
	rt_sink_values(&s, b, rt->arena + b->offset);
	return rt_sink_commit(&s, false, why);
}

int64_t
snnrt_save(void *host, int64_t object)
{
	snnrt *rt = host;
	char why[RT_WHY];
	const snnrt_object *o = rt_object(rt, object, SNNRT_OBJ_SAVE);
	if (!o)
		return SNNRT_FAILED;
	if (rt->folder.fd < 0)
		return 0;
	rt_names_file(&rt->written, o->texts[0]);             /* the checkpoint says so, too */
	bool ok = true;
	if (o->nbufs)
		ok = write_array(rt, &rt->p->buffers[o->bufs[0]], o->texts[0], why);
	else
		ok = rt_records_sync(rt, why) && rt_checkpoint_write(rt, rt->folder.fd, o->texts[0], false, why);
	return ok ? 0 : rt_fail(rt, "save: %s", why);
}

/* The path of --dump-state is the user's own: it may be anywhere. */
bool
rt_dump_state(snnrt *rt)
{
	char why[RT_WHY];
	const char *path = rt->o.dump_state, *slash = strrchr(path, '/');
	char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	int dir = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	bool ok = false;
	if (dir < 0)
		rt_fail(rt, "cannot write `%s`: %s", path, strerror(errno));
	else if (!rt_checkpoint_write(rt, dir, slash ? slash + 1 : path, rt->status == SNNRT_INTERRUPTED, why))
		rt_fail(rt, "%s", why);
	else
		ok = true;
	if (dir >= 0)
		close(dir);
	free(folder);
	return ok;
}

/* ---- read ------------------------------------------------------------------------------------------- */

typedef struct { const unsigned char *at, *end; bool bad; } Cursor;

static void
get(Cursor *c, void *out, size_t n)
{
	if ((size_t)(c->end - c->at) < n) {
		c->bad = true;
		memset(out, 0, n);
		return;
	}
	memcpy(out, c->at, n);
	c->at += n;
}

static uint32_t
get_u32(Cursor *c)
{
	uint32_t v;
	get(c, &v, 4);
	return v;
}

static uint64_t
get_u64(Cursor *c)
{
	uint64_t v;
	get(c, &v, 8);
	return v;
}

static const char *
get_text(Cursor *c)
{
	uint32_t n = get_u32(c);
	const char *s = (const char *)c->at;
	if (c->bad || n == 0 || (size_t)(c->end - c->at) < n || memchr(s, 0, n) != s + n - 1) {
		c->bad = true;
		return "";
	}
	c->at += n;
	return s;
}

static bool
get_buffer(Cursor *c, const unsigned char *image, uint64_t size, uint64_t *end, snnrt_checkpoint_buffer *b, const char *path,
           char *why)
{
	b->name = get_text(c);
	b->type = get_u32(c);
	b->role = get_u32(c);
	b->naxes = get_u32(c);
	if (c->bad || b->naxes > 6 || !rt_type_is_valid(b->type))
		return rt_say(why, "`%s` is damaged: its table cannot be read", path);
	uint64_t n = rt_type_size(b->type);
	bool fits = true;
	for (uint32_t a = 0; a < b->naxes; a++) {
		b->axis[a].kind = get_u32(c);
		b->axis[a].extent = get_u64(c);
		fits = rt_mul(n, b->axis[a].extent, &n) && fits;
	}
	uint64_t offset = get_u64(c);
	b->bytes = get_u64(c);
	uint32_t crc = get_u32(c);
	if (c->bad || !fits || n != b->bytes || offset % ALIGN || offset < *end || offset > size - TAIL ||
	    b->bytes > size - TAIL - offset)
		return rt_say(why, "`%s` is damaged: buffer `%s` has no place in it", path, b->name);
	*end = offset + b->bytes;                             /* one behind the other: each byte is summed once */
	b->data = image + offset;
	if (checksum(b->data, b->bytes) != crc)
		return rt_say(why, "`%s` is damaged: the checksum of buffer `%s` differs", path, b->name);
	return true;
}

static bool
check_ends(const unsigned char *image, uint64_t size, const char *path, char *why)
{
	uint32_t version, crc, in_run;
	uint64_t file;
	if (size < 8 || memcmp(image, head_magic, 8) != 0)
		return rt_say(why, "`%s` is not a checkpoint", path);
	if (size < HEAD + TAIL)
		return rt_say(why, "`%s` is truncated", path);
	memcpy(&version, image + 8, 4);
	memcpy(&file, image + 56, 8);
	if (version != SNNRT_CHECKPOINT_VERSION)
		return rt_say(why, "`%s` has version %u of the checkpoint format, %d is known", path, version,
		              SNNRT_CHECKPOINT_VERSION);
	if (file != size)
		return rt_say(why, "`%s` is truncated: %llu of %llu bytes", path, (unsigned long long)size,
		              (unsigned long long)file);
	memcpy(&crc, image + size - 8, 4);
	memcpy(&in_run, image + size - 4, 4);
	if (memcmp(image + size - TAIL, tail_magic, 8) != 0 || in_run > 1 || checksum(image, size - TAIL) != crc)
		return rt_say(why, "`%s` is damaged: its checksum differs", path);
	return true;
}

static bool
read_image(snnrt_checkpoint *k, uint64_t size, const char *path, char *why)
{
	const unsigned char *image = k->image;
	if (!check_ends(image, size, path, why))
		return false;
	k->in_run = image[size - 4] == 1;
	Cursor c = {image + 12, image + size - TAIL, false};
	k->real = get_u32(&c);
	k->seed = get_u64(&c);
	k->step = get_u64(&c);
	get(&c, &k->dt, 8);
	uint64_t table = get_u64(&c);
	k->nbuffers = get_u32(&c);
	k->nrecords = get_u32(&c);
	c.at = image + HEAD;
	if (table > (uint64_t)(c.end - c.at) || k->nbuffers > table || k->nrecords > table)
		return rt_say(why, "`%s` is damaged: its table cannot be read", path);
	c.end = c.at + table;
	k->source_hash = get_text(&c);
	k->plan_hash = get_text(&c);
	k->program = get_text(&c);
	uint64_t host = get_u64(&c);
	k->host_bytes = get_u64(&c);
	uint32_t crc = get_u32(&c);
	bool inside = !c.bad && host <= size && k->host_bytes <= size - host;
	k->host = image + (inside ? host : 0);
	if (!inside || checksum(k->host, k->host_bytes) != crc)
		return rt_say(why, "`%s` is damaged: its table cannot be read", path);
	k->buffers = calloc((size_t)k->nbuffers + 1, sizeof *k->buffers);
	k->records = calloc((size_t)k->nrecords + 1, sizeof *k->records);
	if (!k->buffers || !k->records)
		return rt_say(why, "no memory to read `%s`", path);
	uint64_t end = host + k->host_bytes;
	for (uint32_t i = 0; i < k->nbuffers; i++)
		if (!get_buffer(&c, image, size, &end, &k->buffers[i], path, why))
			return false;
	for (uint32_t i = 0; i < k->nrecords; i++) {
		k->records[i].name = get_text(&c);
		k->records[i].rows = get_u64(&c);
	}
	return !c.bad || rt_say(why, "`%s` is damaged: its table cannot be read", path);
}

bool
snnrt_checkpoint_open(const char *path, snnrt_checkpoint **out, char why[512])
{
	struct stat st;
	*out = NULL;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st)) {
		rt_say(why, "cannot open `%s`: %s", path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return false;
	}
	uint64_t size = S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
	snnrt_checkpoint *k = calloc(1, sizeof *k);
	bool ok = k || rt_say(why, "no memory to read `%s`", path);
	if (ok && size) {
		k->image = mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, fd, 0);
		k->image_bytes = size;
		ok = k->image != MAP_FAILED || rt_say(why, "cannot read `%s`: %s", path, strerror(errno));
		k->image = ok ? k->image : NULL;
	}
	close(fd);
	if (!ok || !read_image(k, size, path, why)) {
		snnrt_checkpoint_close(k);
		return false;
	}
	*out = k;
	return true;
}

void
snnrt_checkpoint_close(snnrt_checkpoint *c)
{
	if (!c)
		return;
	free(c->buffers);
	free(c->records);
	if (c->image)
		munmap(c->image, (size_t)c->image_bytes);
	free(c);
}

/* ---- compare ---------------------------------------------------------------------------------------- */

static bool
same_shape(const snnrt_checkpoint_buffer *a, const snnrt_checkpoint_buffer *b)
{
	if (a->type != b->type || a->naxes != b->naxes)
		return false;
	for (uint32_t i = 0; i < a->naxes; i++)
		if (a->axis[i].extent != b->axis[i].extent)
			return false;
	return true;
}

static void
name_element(const snnrt_checkpoint_buffer *a, const snnrt_checkpoint_buffer *b, uint64_t i, char *why)
{
	RtText t = {0};
	uint64_t at[6] = {0}, rest = i;
	for (uint32_t x = a->naxes; x-- > 0;) {
		at[x] = rest % a->axis[x].extent;
		rest /= a->axis[x].extent;
	}
	rt_text_printf(&t, "`%s` ", a->name);
	rt_text_shape(&t, a->naxes, at);
	if (rt_type_is_float(a->type))
		rt_text_printf(&t, ": %.17g (%a) against %.17g (%a)", rt_load_float(a->type, a->data, i),
		               rt_load_float(a->type, a->data, i), rt_load_float(b->type, b->data, i),
		               rt_load_float(b->type, b->data, i));
	else
		rt_text_printf(&t, ": %lld against %lld", (long long)rt_load_int(a->type, a->data, i),
		               (long long)rt_load_int(b->type, b->data, i));
	rt_say(why, "%s", t.s ? t.s : "they differ");
	rt_text_fini(&t);
}

static bool
same_buffer(const snnrt_checkpoint_buffer *a, const snnrt_checkpoint_buffer *b, char *why)
{
	uint32_t size = rt_type_size(a->type);
	if (!same_shape(a, b))
		return rt_say(why, "`%s` has another shape or type", a->name);
	if (memcmp(a->data, b->data, (size_t)a->bytes) == 0)
		return true;
	for (uint64_t i = 0; i < a->bytes / size; i++) {
		if (memcmp((const char *)a->data + i * size, (const char *)b->data + i * size, size) == 0)
			continue;
		double x = rt_load_float(a->type, a->data, i), y = rt_load_float(b->type, b->data, i);
		if (rt_type_is_float(a->type) && x != x && y != y)
			continue;
		name_element(a, b, i, why);
		return false;
	}
	return true;
}

static const snnrt_checkpoint_buffer *
find(const snnrt_checkpoint *k, const char *name, uint32_t hint)
{
	if (hint < k->nbuffers && strcmp(k->buffers[hint].name, name) == 0)
		return &k->buffers[hint];
	for (uint32_t i = 0; i < k->nbuffers; i++)
		if (strcmp(k->buffers[i].name, name) == 0)
			return &k->buffers[i];
	return NULL;
}

static bool
same_state(const snnrt_checkpoint *a, const snnrt_checkpoint *b, char *why)
{
	if (a->real != b->real || a->dt != b->dt || a->seed != b->seed)
		return rt_say(why, "they differ in real type, dt or seed");
	if (a->step != b->step)
		return rt_say(why, "step %llu against %llu", (unsigned long long)a->step, (unsigned long long)b->step);
	for (uint32_t i = 0; i < a->nbuffers; i++) {
		if (a->buffers[i].role != SNNRT_STATE)
			continue;
		const snnrt_checkpoint_buffer *other = find(b, a->buffers[i].name, i);
		if (!other)
			return rt_say(why, "`%s` is only in the first", a->buffers[i].name);
		if (!same_buffer(&a->buffers[i], other, why))
			return false;
	}
	for (uint32_t i = 0; i < b->nbuffers; i++)
		if (b->buffers[i].role == SNNRT_STATE && !find(a, b->buffers[i].name, i))
			return rt_say(why, "`%s` is only in the second", b->buffers[i].name);
	if (a->nrecords != b->nrecords)
		return rt_say(why, "%u records against %u", a->nrecords, b->nrecords);
	for (uint32_t i = 0; i < a->nrecords; i++)
		if (strcmp(a->records[i].name, b->records[i].name) != 0 || a->records[i].rows != b->records[i].rows)
			return rt_say(why, "record `%s` has %llu rows, `%s` %llu", a->records[i].name,
			              (unsigned long long)a->records[i].rows, b->records[i].name,
			              (unsigned long long)b->records[i].rows);
	return true;
}

bool
snnrt_checkpoint_same(const char *a, const char *b, char why[512])
{
	snnrt_checkpoint *ka, *kb = NULL;
	bool same = snnrt_checkpoint_open(a, &ka, why) && snnrt_checkpoint_open(b, &kb, why) && same_state(ka, kb, why);
	snnrt_checkpoint_close(ka);
	snnrt_checkpoint_close(kb);
	return same;
}

const snnrt_checkpoint_buffer *
snnrt_checkpoint_find(const snnrt_checkpoint *k, const char *name)
{
	for (uint32_t i = 0; i < k->nbuffers; i++)
		if (strcmp(k->buffers[i].name, name) == 0)
			return &k->buffers[i];
	return NULL;
}

bool
rt_shape_differs(const snnrt_buffer *b, const snnrt_checkpoint_buffer *k)
{
	bool differs = b->type != k->type || b->naxes != k->naxes;
	for (uint32_t i = 0; !differs && i < b->naxes; i++)
		differs = b->axis[i].extent != k->axis[i].extent;
	return differs;
}
