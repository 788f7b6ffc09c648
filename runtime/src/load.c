/* load.c: .npy files into buffers: a whole one (fill), or one row per step (stream), which may be made of a list of events. */
#include "rt.h"

#include <stdlib.h>
#include <string.h>

/* Same elements in the same order? Axes of extent 1 do not count, and neighbouring axes of the file may be
 * one axis of the buffer: a layer of [28, 28] neurons is a buffer of [784]. */
static bool
shapes_agree(uint32_t nfile, const uint64_t *file, const snnrt_buffer *b)
{
	uint32_t f = 0;
	uint64_t file_items = 1, buf_items = 1;
	for (uint32_t i = 0; i < nfile; i++)
		file_items *= file[i];
	for (uint32_t i = 0; i < b->naxes; i++)
		buf_items *= b->axis[i].extent;
	if (file_items != buf_items)
		return false;
	if (file_items == 0)
		return true;
	for (uint32_t i = 0; i < b->naxes; i++) {
		uint64_t n = 1;
		while (n < b->axis[i].extent && f < nfile)
			n *= file[f++];
		if (n != b->axis[i].extent)
			return false;
	}
	return true;
}

static const char *
purpose(const snnrt_object *o)
{
	return o->kind == SNNRT_OBJ_STREAM ? "input from a file for" : "initial value of";
}

static void
complain(snnrt *rt, const snnrt_object *o, const RtLoad *l, const snnrt_buffer *b, bool stream)
{
	RtText t = {0};
	uint64_t extent[6];
	for (uint32_t i = 0; i < b->naxes; i++)
		extent[i] = b->axis[i].extent;
	rt_text_printf(&t, "%s `%s`: `%s` has %s ", purpose(o), o->name, l->file.name,
	               rt_type_name(l->array.type));
	rt_text_shape(&t, l->array.rank, l->array.extent);
	rt_text_printf(&t, stream ? ", `%s` needs %s [steps" : ", `%s` needs %s ", b->name, rt_type_name(b->type));
	if (stream && b->naxes)
		rt_text_printf(&t, "], then per step ");
	else if (stream)
		rt_text_printf(&t, "]");
	if (!stream || b->naxes)
		rt_text_shape(&t, b->naxes, extent);
	rt_fail(rt, "%s", t.s ? t.s : "no memory");
	rt_text_fini(&t);
}

static bool
open_file(snnrt *rt, const snnrt_object *o, RtLoad *l, char *why)
{
	bool events = o->kind == SNNRT_OBJ_STREAM && o->ntexts > 1;
	if (o->kind == SNNRT_OBJ_STREAM && o->nnums) {    /* its data are an object of their own */
		const snnrt_buffer *b = &rt->p->buffers[o->bufs[0]];
		uint64_t neurons = b->naxes ? b->axis[b->naxes - 1].extent : 0;
		l->items = neurons ? b->bytes / rt_type_size(b->type) / neurons : 0;
		l->shown = calloc((size_t)l->items + 1, sizeof *l->shown);
		for (uint64_t i = 0; l->shown && i < l->items; i++)
			l->shown[i].sample = -1;
		return l->shown || rt_say(why, "no memory");
	}
	char *shown = NULL;
	int fd = -1;
	snnrt_data_status status = events ? rt_path_open(rt->o.data, rt->o.program_dir, o->texts[0], &fd, &shown, why)
	                                  : rt_array_open(rt->o.data, rt->o.program_dir, o->texts[0], &l->file, &l->array, why);
	if (status == SNNRT_DATA_MISSING)
		snprintf(why + strlen(why), RT_WHY - strlen(why), "; name the folder that has it by --data");
	if (status != SNNRT_DATA_OK)
		return false;
	if (events) {
		if (!rt_file_open(&l->file, fd, shown, why))
			return false;
		l->events = rt_events_open(rt, &rt->p->buffers[o->bufs[0]], &l->file, why);
		return l->events != NULL;
	}
	return true;
}

void *
rt_load_open(snnrt *rt, const snnrt_object *o)
{
	char why[RT_WHY] = "";
	bool stream = o->kind == SNNRT_OBJ_STREAM;
	const snnrt_buffer *b = &rt->p->buffers[o->bufs[0]];
	RtLoad *l = calloc(1, sizeof *l);
	if (!l) {
		rt_fail(rt, "no memory");
		return NULL;
	}
	if (!open_file(rt, o, l, why)) {
		rt_fail(rt, "%s `%s`: %s", purpose(o), o->name, why);
		rt_load_close(l);
		return NULL;
	}
	uint32_t skip = stream ? 1 : 0;
	if (l->events || l->shown)
		return l;
	if (l->array.rank < skip || !rt_can_convert(l->array.type, b->type) ||
	    !shapes_agree(l->array.rank - skip, l->array.extent + skip, b)) {
		complain(rt, o, l, b, stream);
		rt_load_close(l);
		return NULL;
	}
	l->row_items = b->bytes / rt_type_size(b->type);
	return l;
}

void
rt_load_close(RtLoad *l)
{
	rt_file_close(&l->file);
	rt_events_close(l->events);
	free(l->row);
	free(l->shown);
	free(l);
}

static int64_t
check_finite(snnrt *rt, const snnrt_object *o, const RtLoad *l, uint64_t first, uint64_t n, const void *target)
{
	uint64_t bad = rt_find_not_finite(rt->p->buffers[o->bufs[0]].type, target, n);
	if (bad == n)
		return 0;
	return rt_fail(rt, "%s `%s`: element %llu of `%s` is not a finite number", purpose(o), o->name,
	               (unsigned long long)(first + bad), l->file.name);
}

/* n elements of the file, from `first` on, into the target, as the target's type; in pieces, so that memory is bounded. */
static int64_t
load_row(snnrt *rt, const snnrt_object *o, RtLoad *l, uint64_t first, uint64_t count, void *target)
{
	enum { PIECE = 1 << 14 };
	const snnrt_buffer *b = &rt->p->buffers[o->bufs[0]];
	uint32_t from = l->array.type, size = rt_type_size(b->type);
	char why[RT_WHY];
	if (from == b->type && from != SNNRT_BOOL) {
		if (!rt_array_read(&l->file, &l->array, first, count, target, why))
			return rt_fail(rt, "`%s`: %s", o->name, why);
		return check_finite(rt, o, l, first, count, target);
	}
	if (!l->row && !(l->row = malloc((size_t)PIECE * 8)))
		return rt_fail(rt, "no memory");
	for (uint64_t done = 0; done < count;) {
		uint64_t bad, n = count - done < PIECE ? count - done : PIECE;
		if (!rt_array_read(&l->file, &l->array, first + done, n, l->row, why))
			return rt_fail(rt, "`%s`: %s", o->name, why);
		if (!rt_convert(b->type, (char *)target + done * size, from, l->row, n, &bad))
			return rt_fail(rt, "`%s`: element %llu of `%s` does not fit into %s", o->name,
			               (unsigned long long)(first + done + bad), l->file.name, rt_type_name(b->type));
		done += n;
	}
	return check_finite(rt, o, l, first, count, target);
}

/* As many elements as the buffer has. */
static int64_t
load(snnrt *rt, const snnrt_object *o, RtLoad *l, uint64_t first, void *target)
{
	const snnrt_buffer *b = &rt->p->buffers[o->bufs[0]];
	uint64_t n = rt_row_bytes(b) / rt_type_size(b->type);
	if (!rt_in_arena(rt, target, rt_room(b)))
		return SNNRT_FAILED;
	for (uint64_t r = 0; r < rt_rows(b); r++)
		if (load_row(rt, o, l, first + r * n, n, (char *)target + r * rt_row_pitch(b)) < 0)
			return SNNRT_FAILED;
	return 0;
}

int64_t
snnrt_fill(void *host, int64_t object, void *target)
{
	snnrt *rt = host;
	const snnrt_object *o = rt_object(rt, object, SNNRT_OBJ_FILL);
	return o ? load(rt, o, rt->object[object], 0, target) : SNNRT_FAILED;
}

bool
rt_load_link(snnrt *rt, uint32_t index)
{
	const snnrt_object *o = &rt->p->objects[index];
	RtLoad *l = rt->object[index];
	const RtData *d = rt->object[o->nums[0]];
	const snnrt_buffer *b = &rt->p->buffers[o->bufs[0]];
	uint64_t neurons = b->axis[b->naxes - 1].extent;
	for (uint32_t c = 0; d && !l->trials && c < d->ncolumns; c++)
		l->trials = d->column[c].trials;
	if (!l->trials)
		return rt_fail(rt, "stream `%s`: its data hold no lists of spikes", o->name) == 0;
	if (rt_trials_neurons(l->trials) <= neurons)
		return true;
	return rt_fail(rt, "data `%s`: there is a spike of neuron %u, and the layer it is presented to has 0 to %llu", rt->p->objects[o->nums[0]].name,
	               rt_trials_neurons(l->trials) - 1, (unsigned long long)(neurons - 1)) == 0;
}

void
rt_load_state(RtState *s, RtLoad *l)
{
	rt_state(s, &l->next, sizeof l->next);
	if (l->shown)
		rt_state(s, l->shown, l->items * sizeof *l->shown);
}

int64_t
snnrt_cue(void *host, int64_t object, int64_t item, int64_t sample)
{
	snnrt *rt = host;
	const snnrt_object *o = rt_object(rt, object, SNNRT_OBJ_STREAM);
	RtLoad *l = o ? rt->object[object] : NULL;
	if (!l || !l->shown || item < 0 || (uint64_t)item >= l->items)
		return rt_fail(rt, "a sample is shown to no item of a stream (this is a bug of the compiler)");
	l->shown[item] = (RtShown){sample, l->next};
	return 0;
}

/* The spikes of what is shown to each item. */
static void
show(const snnrt *rt, RtLoad *l, const snnrt_buffer *b, void *target)
{
	uint64_t row = b->bytes / l->items;
	memset(target, 0, (size_t)b->bytes);
	for (uint64_t i = 0; i < l->items; i++)
		if (l->shown[i].sample >= 0)
			rt_trials_at(l->trials, (uint64_t)l->shown[i].sample, rt->p->dt, l->next - l->shown[i].began, b->type,
			             (char *)target + i * row);
	l->next++;
}

int64_t
snnrt_stream(void *host, int64_t object, void *target)
{
	snnrt *rt = host;
	const snnrt_object *o = rt_object(rt, object, SNNRT_OBJ_STREAM);
	if (!o)
		return SNNRT_FAILED;
	RtLoad *l = rt->object[object];
	const snnrt_buffer *b = &rt->p->buffers[o->bufs[0]];
	if (l->events || l->shown) {
		if (!rt_in_arena(rt, target, b->bytes))
			return SNNRT_FAILED;
		if (l->shown) {
			show(rt, l, b, target);
			return 0;
		}
		rt_events_at(l->events, l->next++, b, target);
		return 0;
	}
	if (l->next >= l->array.extent[0])
		return rt_fail(rt, "%s `%s`: the program runs for more steps than the %llu rows of `%s`", purpose(o), o->name,
		               (unsigned long long)l->array.extent[0], l->file.name);
	return load(rt, o, l, l->next++ * l->row_items, target);
}
