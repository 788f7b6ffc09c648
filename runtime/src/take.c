/* take.c: the state of a network from what another run saved: `load "net.snnw"`. All of the file is verified, and compared with what the
 * program needs, before the run begins; so it is taken as a whole or not at all. */
#include "rt.h"
#include "snnrt_checkpoint.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Counts may be longer there, and take other room. */
static bool
fits(const snnrt_buffer *b, const snnrt_checkpoint_buffer *there)
{
	snnrt_buffer like = *b;
	like.type = there->type;
	bool counts = b->type >= SNNRT_U8 && b->type <= SNNRT_U64 && there->type >= SNNRT_U8 && there->type <= SNNRT_U64;
	return !rt_shape_differs(&like, there) && (b->type == there->type || counts);
}

static bool
check(snnrt *rt, const snnrt_object *o, const snnrt_checkpoint *k)
{
	if (k->in_run)
		return rt_fail(rt, "load: `%s` was taken in the middle of a run; `load` takes what `save` wrote, or --dump-state", o->texts[0]) == 0;
	for (uint32_t i = 0; i < o->nbufs; i++) {
		const snnrt_buffer *b = &rt->p->buffers[o->bufs[i]];
		const snnrt_checkpoint_buffer *there = snnrt_checkpoint_find(k, b->name);
		if (!there && i < (uint64_t)o->nums[0])
			return rt_fail(rt, "load: `%s` is of another network: it holds no `%s`; it is a checkpoint of `%s`", o->texts[0], b->name,
			               k->program) == 0;
		if (!there || fits(b, there))
			continue;
		RtText t = {0};
		uint64_t extent[2][6] = {{0}};
		for (uint32_t a = 0; a < 6; a++) {
			extent[0][a] = a < there->naxes ? there->axis[a].extent : 0;
			extent[1][a] = a < b->naxes ? b->axis[a].extent : 0;
		}
		rt_text_printf(&t, "load: `%s` is of another network: `%s` is %s ", o->texts[0], b->name, rt_type_name(there->type));
		rt_text_shape(&t, there->naxes, extent[0]);
		rt_text_printf(&t, " there and %s ", rt_type_name(b->type));
		rt_text_shape(&t, b->naxes, extent[1]);
		rt_fail(rt, "%s here", t.s ? t.s : "");
		rt_text_fini(&t);
		return false;
	}
	return true;
}

void *
rt_take_open(snnrt *rt, const snnrt_object *o)
{
	char why[RT_WHY] = "", *shown = NULL;
	int fd = -1;
	snnrt_checkpoint *k = NULL;
	snnrt_data_status status = rt_path_open(rt->o.data, rt->o.program_dir, o->texts[0], &fd, &shown, why);
	if (fd >= 0)
		close(fd);
	if (status != SNNRT_DATA_OK)
		rt_fail(rt, "load: %s%s", why, status == SNNRT_DATA_MISSING ? "; name the folder that has it by --data" : "");
	else if (!snnrt_checkpoint_open(shown, &k, why))
		rt_fail(rt, "load: %s", why);
	else
		check(rt, o, k);
	free(shown);
	if (rt->status == SNNRT_OK)
		return k;
	rt_take_close(k);
	return NULL;
}

void
rt_take_close(void *checkpoint)
{
	snnrt_checkpoint_close(checkpoint);
}

int64_t
snnrt_take(void *host, int64_t object, int64_t index, void *target)
{
	snnrt *rt = host;
	const snnrt_object *o = rt_object(rt, object, SNNRT_OBJ_LOAD);
	if (!o || index < 0 || index >= o->nbufs)
		return o ? rt_fail(rt, "load `%s` has no part %lld", o->name, (long long)index) : SNNRT_FAILED;
	const snnrt_buffer *b = &rt->p->buffers[o->bufs[index]];
	if (!rt_in_arena(rt, target, rt_room(b)))
		return SNNRT_FAILED;
	const snnrt_checkpoint_buffer *there = snnrt_checkpoint_find(rt->object[object], b->name);
	if (there && there->type == b->type) {
		rt_take_rows(b, target, there->data);
		return 0;
	}
	uint64_t bad, n = rt_row_bytes(b) / rt_type_size(b->type);
	for (uint64_t r = 0; there && r < rt_rows(b); r++) {
		const char *from = (const char *)there->data + r * n * rt_type_size(there->type);
		if (!rt_convert(b->type, (char *)target + r * rt_row_pitch(b), there->type, from, n, &bad))
			return rt_fail(rt, "load: `%s` holds a number in `%s` that does not fit here", o->texts[0], b->name);
	}
	return 0;
}
