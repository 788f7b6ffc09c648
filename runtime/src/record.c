/* record.c: records, streamed to .npy files in bounded memory.
 *
 * dense: every call appends the whole source: [records, axes of the source ...]. events: every call appends
 * (t, b, i) for each flag of [batch, neuron] that is set, or that a list of them names. The number of rows is
 * patched into the header when the run ends. */
#define _GNU_SOURCE
#include "rt.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

static const char events_descr[] = "[('t', '<i8'), ('b', '<u4'), ('i', '<u4')]";
enum { EVENT_BYTES = 16 };

bool
rt_is_format(const snnrt *rt, const char *format)
{
	return rt->o.format && strcmp(rt->o.format, format) == 0;
}

static const char *
shape_rows(const snnrt_buffer *b, const RtRecord *r, uint32_t *rank, uint64_t extent[7])
{
	extent[0] = r->rows;
	*rank = 1;
	if (r->events)
		return events_descr;
	for (uint32_t i = 0; i < b->naxes; i++)
		extent[(*rank)++] = b->axis[i].extent;
	return rt_type_numpy(b->type);
}

static bool
is_taken(const snnrt *rt, uint32_t index, const char *file)
{
	for (uint32_t i = 0; i < index; i++)
		if (rt->p->objects[i].kind == SNNRT_OBJ_RECORD && rt->object[i] &&
		    strcmp(((RtRecord *)rt->object[i])->file, file) == 0)
			return true;
	return false;
}

/* NAME.npy, or NAME-2.npy if the name is taken; folders in names become part of the name. */
static char *
choose_file(const snnrt *rt, uint32_t index)
{
	char *name = NULL;
	for (int i = 1; i < 10000; i++) {
		char number[16] = "";
		if (i > 1)
			snprintf(number, sizeof number, "-%d", i);
		free(name);
		if (asprintf(&name, "%s%s.%s", rt->p->objects[index].name, number, rt_is_format(rt, "csv") ? "csv" : "npy") < 0)
			return NULL;
		for (char *c = name; *c; c++)
			if (*c == '/' || (unsigned char)*c < 0x20)
				*c = '_';
		if (*name == '.')
			*name = '_';
		if (!is_taken(rt, index, name))
			break;
	}
	return name;
}

/* t,b,i of events; else the place of each column within the source, as 0/3. */
static bool
write_titles(const snnrt *rt, uint32_t index, RtRecord *r, char *why)
{
	const snnrt_buffer *b = &rt->p->buffers[rt->p->objects[index].bufs[0]];
	uint64_t n = b->bytes / rt_type_size(b->type);
	RtText t = {0};
	if (r->events)
		rt_text_printf(&t, "t,b,i");
	for (uint64_t i = 0; !r->events && i < n; i++) {
		uint64_t at[6] = {0}, rest = i;
		for (uint32_t a = b->naxes; a-- > 0; rest /= b->axis[a].extent)
			at[a] = rest % b->axis[a].extent;
		rt_text_printf(&t, "%s", i ? "," : "");
		for (uint32_t a = 0; a < b->naxes; a++)
			rt_text_printf(&t, "%s%llu", a ? "/" : "", (unsigned long long)at[a]);
		if (!b->naxes)
			rt_text_printf(&t, "value");
	}
	rt_text_printf(&t, "\n");
	bool ok = !t.failed || rt_say(why, "no memory");
	r->header = (uint32_t)t.n;
	rt_sink_write(&r->sink, t.s, t.n);
	rt_sink_sum(&r->sink);
	rt_text_fini(&t);
	return ok;
}

static void
write_row(RtRecord *r, const snnrt_buffer *b, const void *source)
{
	uint64_t n = b->bytes / rt_type_size(b->type);
	for (uint64_t i = 0; i < n; i++) {
		char number[48];
		uint64_t at = rt_place(b, i);
		int size;
		if (rt_type_is_float(b->type))
			size = snprintf(number, sizeof number, b->type == SNNRT_F64 ? "%.17g" : "%.9g", rt_load_float(b->type, source, at));
		else
			size = snprintf(number, sizeof number, "%lld", (long long)rt_load_int(b->type, source, at));
		number[size] = i + 1 < n ? ',' : '\n';
		rt_sink_write(&r->sink, number, (uint64_t)size + 1);
	}
}

/* Rows are summed, so that a run that goes on knows them again; the header changes at the end. */
static bool
write_header(const snnrt *rt, uint32_t index, RtRecord *r, char *why)
{
	char header[RT_NPY_HEADER];
	uint32_t rank;
	uint64_t extent[7];
	const char *descr = shape_rows(&rt->p->buffers[rt->p->objects[index].bufs[0]], r, &rank, extent);
	if (r->csv)
		return write_titles(rt, index, r, why);
	r->header = (uint32_t)rt_npy_print_header(header, 0, descr, rank, extent);
	if (!r->header)
		return rt_say(why, "it has too many axes");
	rt_sink_write(&r->sink, header, r->header);
	rt_sink_sum(&r->sink);
	return true;
}

RtRecord *
rt_record_open(snnrt *rt, uint32_t index)
{
	const snnrt_object *o = &rt->p->objects[index];
	const snnrt_buffer *b = &rt->p->buffers[o->bufs[0]];
	char why[RT_WHY];
	RtRecord *r = calloc(1, sizeof *r);
	if (!r) {
		rt_fail(rt, "no memory");
		return NULL;
	}
	r->sink.fd = r->sink.dir = -1;
	r->events = strcmp(o->texts[0], "events") == 0;
	r->csv = rt_is_format(rt, "csv");
	r->file = choose_file(rt, index);
	if (!r->file)
		rt_fail(rt, "no memory");
	else if (r->events && (rt_type_size(b->type) != 1 || b->naxes < 1))
		rt_fail(rt, "record `%s`: events need flags, `%s` is %s", o->name, b->name, rt_type_name(b->type));
	else if (rt->folder.fd >= 0 && !rt->resume && (!rt_sink_open(&r->sink, rt->folder.fd, r->file, why) ||
	                                               !write_header(rt, index, r, why)))
		rt_fail(rt, "record `%s`: %s", o->name, why);
	if (rt->status != SNNRT_OK) {
		rt_record_close(r);
		return NULL;
	}
	return r;
}

void
rt_record_close(RtRecord *r)
{
	rt_sink_discard(&r->sink);
	free(r->file);
	free(r);
}

bool
rt_record_finish(snnrt *rt, uint32_t index)
{
	RtRecord *r = rt->object[index];
	const snnrt_object *o = &rt->p->objects[index];
	char why[RT_WHY], header[RT_NPY_HEADER];
	uint32_t rank;
	uint64_t extent[7];
	if (!r || r->sink.fd < 0)
		return true;
	const char *descr = shape_rows(&rt->p->buffers[o->bufs[0]], r, &rank, extent);
	if (!r->csv && rt_npy_print_header(header, r->header, descr, rank, extent))
		rt_sink_patch(&r->sink, 0, header, r->header);
	if (rt_is_format(rt, "npz"))                          /* rt_npz_write takes it from there */
		return rt_sink_flush(&r->sink, why) || rt_fail(rt, "record `%s`: %s", o->name, why) == 0;
	return rt_sink_commit(&r->sink, false, why) || rt_fail(rt, "record `%s`: %s", o->name, why) == 0;
}

/* ---- going on ---------------------------------------------------------------------------------------- */

bool
rt_records_sync(snnrt *rt, char *why)
{
	for (uint32_t i = 0; i < rt->p->nobjects; i++) {
		RtRecord *r = rt->p->objects[i].kind == SNNRT_OBJ_RECORD ? rt->object[i] : NULL;
		if (r && r->sink.fd >= 0 && !rt_sink_sync(&r->sink, why))
			return false;
	}
	return true;
}

/* The rows of the file, `bytes` of them with the header, summed; and (to not NULL) copied behind another header. */
static bool
sum_rows(int fd, const char *name, uint64_t from, uint64_t bytes, RtSink *to, uint32_t *crc, char *why)
{
	enum { PIECE = 1 << 20 };
	void *piece = malloc(PIECE);
	bool ok = piece || rt_say(why, "no memory");
	*crc = (uint32_t)crc32(0, NULL, 0);
	while (ok && from < bytes) {
		uint64_t n = bytes - from < PIECE ? bytes - from : PIECE;
		ssize_t got = pread(fd, piece, (size_t)n, (off_t)from);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			ok = rt_say(why, "`%s` is shorter than it was at the checkpoint", name);
			break;
		}
		*crc = (uint32_t)crc32(*crc, piece, (uInt)got);
		if (to)
			rt_sink_write(to, piece, (uint64_t)got);
		from += (uint64_t)got;
	}
	free(piece);
	return ok;
}

/* What an earlier run of this record left unfinished has the name of the record within its own. The first that holds the rows of
 * the checkpoint, opened, and its name; -1: none. */
static int
find_part(int dir, const RtRecord *r, uint64_t bytes, uint32_t crc, char **name)
{
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), found = -1;
	DIR *d = copy >= 0 ? fdopendir(copy) : NULL;
	size_t n = strlen(r->file);
	for (struct dirent *e; d && found < 0 && (e = readdir(d));) {
		uint32_t sum;
		if (e->d_name[0] != '.' || strncmp(e->d_name + 1, r->file, n) != 0 || !strstr(e->d_name + 1 + n, ".part"))
			continue;
		int fd = openat(dir, e->d_name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0 && sum_rows(fd, e->d_name, r->header, bytes, NULL, &sum, NULL) && sum == crc && (*name = strdup(e->d_name)))
			found = fd;
		else if (fd >= 0)
			close(fd);
	}
	if (d)
		closedir(d);
	else if (copy >= 0)
		close(copy);
	return found;
}

/* A part that an earlier run of this folder left is taken over; else the rows are copied from it, or from the finished file. */
static bool
go_on(snnrt *rt, uint32_t index, RtRecord *r, uint64_t bytes, uint32_t crc, char *why)
{
	int dir = rt_resume_folder(rt->resume);
	char *part = NULL;
	uint32_t sum = crc;
	int fd = find_part(dir, r, bytes, crc, &part);
	bool ok;
	if (part && rt_resume_in_place(rt)) {
		ok = rt_sink_take(&r->sink, rt->folder.fd, r->file, part, bytes, why);
	} else {
		uint64_t header = r->header;
		if (fd < 0)
			fd = openat(dir, r->file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
		ok = fd >= 0 || rt_say(why, "`%s`, which it goes on from, is not beside the checkpoint", r->file);
		ok = ok && rt_sink_open(&r->sink, rt->folder.fd, r->file, why) && write_header(rt, index, r, why) &&
		     sum_rows(fd, r->file, header, bytes, &r->sink, &sum, why);
		if (ok && sum != crc)
			ok = rt_say(why, "`%s`, which it goes on from, is not what it was at the checkpoint", r->file);
	}
	if (fd >= 0)
		close(fd);
	free(part);
	rt_sink_sum(&r->sink);
	r->sink.crc = crc;
	return ok;
}

bool
rt_record_state(snnrt *rt, RtState *s, uint32_t index)
{
	RtRecord *r = rt->object[index];
	char why[RT_WHY] = "";
	bool has_file = r->sink.fd >= 0;
	if (has_file && s->out)
		rt_sink_sum(&r->sink);
	uint64_t bytes = r->sink.written;
	uint32_t crc = r->sink.crc;
	rt_state(s, &r->rows, sizeof r->rows);
	rt_state_flags(s, &has_file, 1);
	rt_state(s, &bytes, sizeof bytes);
	rt_state(s, &crc, sizeof crc);
	rt_state(s, &r->header, sizeof r->header);
	if (s->out || s->bad || rt->folder.fd < 0)
		return true;
	if (!has_file)
		rt_say(why, "the run of the checkpoint wrote no results (--no-results), so there is nothing to go on with");
	else if (go_on(rt, index, r, bytes, crc, why))
		return true;
	return rt_fail(rt, "record `%s`: %s", rt->p->objects[index].name, why) == 0;
}

/* ---- rows --------------------------------------------------------------------------------------------- */

enum { BLOCK = 64, NUMBERS = 4 * BLOCK };

/* Bit k: whether flag[k], which is 0 or 1, of as many as `n`, 64 at most. */
static uint64_t
set_flags(const unsigned char *flag, uint64_t n)
{
	uint64_t bits = 0, k = 0;
	for (; k + 8 <= n; k += 8) {
		uint64_t eight;
		memcpy(&eight, flag + k, 8);
		bits |= (eight * 0x0102040810204080 >> 56) << k;
	}
	for (; k < n; k++)
		bits |= (uint64_t)flag[k] << k;
	return bits;
}

#if defined(__SSE2__)
static inline uint64_t
top_bits(__m128i flags)
{
	return (uint64_t)_mm_movemask_epi8(_mm_slli_epi16(flags, 7));
}
#endif

/* The same of a whole block; most are silent. */
static uint64_t
set_flags_of_block(const unsigned char *flag)
{
#if defined(__SSE2__)
	const __m128i *part = (const __m128i *)(const void *)flag;
	__m128i a = _mm_loadu_si128(part), b = _mm_loadu_si128(part + 1), c = _mm_loadu_si128(part + 2), d = _mm_loadu_si128(part + 3);
	if (!top_bits(_mm_or_si128(_mm_or_si128(a, b), _mm_or_si128(c, d))))
		return 0;
	return top_bits(a) | top_bits(b) << 16 | top_bits(c) << 32 | top_bits(d) << 48;
#else
	return set_flags(flag, BLOCK);
#endif
}

/* The numbers of the bits that are set, from `first` on; how many. The first four without a look at how many there are: that
 * cannot be foreseen, and what stands behind them is written over. */
static uint32_t
list_bits(uint64_t bits, uint32_t first, uint32_t *number)
{
	uint32_t n = 0;
	for (uint32_t k = 0; k < 4; k++, bits &= bits - 1) {
		number[k] = first + (uint32_t)__builtin_ctzll(bits | (uint64_t)1 << 63);
		n += bits != 0;
	}
	for (; bits; bits &= bits - 1)
		number[n++] = first + (uint32_t)__builtin_ctzll(bits);
	return n;
}

static void
write_lines(RtRecord *r, int64_t step, uint32_t item, const uint32_t *number, uint32_t n)
{
	char line[64];
	for (uint32_t k = 0; k < n; k++) {
		int size = snprintf(line, sizeof line, "%lld,%u,%u\n", (long long)step, item, number[k]);
		rt_sink_write(&r->sink, line, (uint64_t)size);
	}
}

static void
write_numbers(RtRecord *r, int64_t step, uint32_t item, const uint32_t *number, uint32_t n)
{
	struct { int64_t t; uint32_t b, i; } event[NUMBERS];
	_Static_assert(sizeof *event == EVENT_BYTES, "as events_descr says");
	r->rows += n;
	if (r->sink.fd >= 0 && r->csv) {
		write_lines(r, step, item, number, n);
	} else if (r->sink.fd >= 0) {
		for (uint32_t k = 0; k < n; k++) {
			event[k].t = step;
			event[k].b = item;
			event[k].i = number[k];
		}
		rt_sink_write(&r->sink, event, n * sizeof *event);
	}
}

static void
write_events(RtRecord *r, const snnrt_buffer *b, uint32_t first, int64_t step, const unsigned char *flag)
{
	uint64_t neurons = b->axis[b->naxes - 1].extent, items = b->bytes / neurons;
	uint32_t number[NUMBERS], n = 0;
	for (uint64_t item = 0; item < items; item++, flag += b->pitch ? b->pitch : neurons) {
		for (uint64_t k = 0; k < neurons; k += BLOCK) {
			uint64_t bits = neurons - k < BLOCK ? set_flags(flag + k, neurons - k) : set_flags_of_block(flag + k);
			if (bits)
				n += list_bits(bits, first + (uint32_t)k, number + n);
			if (n > NUMBERS - BLOCK) {
				write_numbers(r, step, (uint32_t)item, number, n);
				n = 0;
			}
		}
		write_numbers(r, step, (uint32_t)item, number, n);
		n = 0;
	}
}

static int64_t
end_record(snnrt *rt, const snnrt_object *o, RtRecord *r)
{
	char why[RT_WHY];
	if (!r->sink.error)
		return 0;
	rt_sink_flush(&r->sink, why);
	return rt_fail(rt, "record `%s`: %s", o->name, why);
}

int64_t
snnrt_record_list(void *host, int64_t object, int64_t step, int64_t n, void *list)
{
	snnrt *rt = host;
	const snnrt_object *o = rt_object(rt, object, SNNRT_OBJ_RECORD);
	if (!o)
		return SNNRT_FAILED;
	const snnrt_buffer *b = o->nbufs == 2 ? &rt->p->buffers[o->bufs[1]] : NULL;
	if (!b || n < 0 || (uint64_t)n > b->axis[b->naxes - 1].extent)
		return rt_fail(rt, "record `%s` gets a list that it has not, or one that is too long (this is a bug of the compiler)", o->name);
	if (!rt_in_arena(rt, list, rt_room(b)))
		return SNNRT_FAILED;
	RtRecord *r = rt->object[object];
	uint32_t number[NUMBERS];
	for (uint32_t done = 0, k = 0; done < n; done += k) {
		for (k = 0; k < NUMBERS && done + k < n; k++)
			number[k] = b->type == SNNRT_U16 ? ((uint16_t *)list)[done + k] : ((uint32_t *)list)[done + k];
		write_numbers(r, step, 0, number, k);
	}
	return end_record(rt, o, r);
}

int64_t
snnrt_record(void *host, int64_t object, int64_t step, void *source)
{
	snnrt *rt = host;
	const snnrt_object *o = rt_object(rt, object, SNNRT_OBJ_RECORD);
	if (!o)
		return SNNRT_FAILED;
	const snnrt_buffer *b = &rt->p->buffers[o->bufs[0]];
	RtRecord *r = rt->object[object];
	if (!rt_in_arena(rt, source, rt_room(b)))
		return SNNRT_FAILED;
	/* Rows are counted without results, too: a dump of the state is the same. */
	if (r->events) {
		write_events(r, b, o->nnums > 1 ? (uint32_t)o->nums[1] : 0, step, source);
	} else {
		if (r->sink.fd >= 0 && r->csv)
			write_row(r, b, source);
		else if (r->sink.fd >= 0)
			rt_sink_values(&r->sink, b, source);
		r->rows++;
	}
	return end_record(rt, o, r);
}
