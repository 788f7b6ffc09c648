/* state.c: what the host keeps of a run, for checkpoints: how far files were read and written, votes, reports, progress. The
 * same functions write and read, so that both agree. Objects come in the order of the program, each behind its kind. */
#include "rt.h"

#include <string.h>

void
rt_state(RtState *s, void *p, uint64_t bytes)
{
	if (s->out) {
		rt_text_add(s->out, p, (size_t)bytes);
	} else if (s->bad || (uint64_t)(s->end - s->at) < bytes) {
		s->bad = true;
	} else if (bytes) {
		memcpy(p, s->at, (size_t)bytes);
		s->at += bytes;
	}
}

void
rt_state_flags(RtState *s, bool *p, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++) {
		unsigned char byte = s->out ? p[i] : 0;
		rt_state(s, &byte, 1);
		s->bad |= byte > 1;
		p[i] = byte == 1;
	}
}

bool
rt_state_room(RtState *s, uint64_t *n, uint64_t each)
{
	rt_state(s, n, sizeof *n);
	if (!s->out && !s->bad && *n > (uint64_t)(s->end - s->at) / each)
		s->bad = true;
	if (s->bad)
		*n = 0;
	return !s->bad;
}

void
rt_state_text(RtState *s, RtText *t)
{
	uint64_t n = t->n;
	if (!rt_state_room(s, &n, 1))
		return;
	if (s->out) {
		rt_text_add(s->out, t->s ? t->s : "", (size_t)n);
		return;
	}
	rt_text_add(t, (const char *)s->at, (size_t)n);
	s->at += n;
}

static bool
object_state(snnrt *rt, RtState *s, uint32_t i)
{
	uint32_t kind = rt->p->objects[i].kind, found = kind;
	rt_state(s, &found, sizeof found);
	if (found != kind)
		s->bad = true;
	if (s->bad)
		return true;
	switch ((snnrt_object_kind)kind) {
	case SNNRT_OBJ_RECORD:
		return rt_record_state(rt, s, i);
	case SNNRT_OBJ_VOTE:
		rt_vote_state(rt, s, rt->object[i]);
		return true;
	case SNNRT_OBJ_RASTER:
		rt_raster_state(s, rt->object[i]);
		return true;
	case SNNRT_OBJ_STREAM:
		rt_load_state(s, rt->object[i]);
		return true;
	case SNNRT_OBJ_TUNE:
		return rt_tune_state(rt, s, i);
	case SNNRT_OBJ_WARN:
		rt_state(s, rt->object[i], sizeof(RtWarn));
		return true;
	case SNNRT_OBJ_DATA:
	case SNNRT_OBJ_FILL:
	case SNNRT_OBJ_LOAD:
	case SNNRT_OBJ_PHASE:
	case SNNRT_OBJ_PRODUCT:
	case SNNRT_OBJ_SYNAPSES:
	case SNNRT_OBJ_REPORT:
	case SNNRT_OBJ_SAVE:
	case SNNRT_OBJ_PLOT:
	case SNNRT_OBJ_VALUE:
	case SNNRT_OBJ_WATCH:                                 /* a diagnosis is of this process */
		break;
	}
	return true;
}

/* Does what was read name phases and labels that there are? */
static bool
fits(const snnrt *rt)
{
	uint32_t phase = rt->progress.phase;
	bool ok = phase == UINT32_MAX || (phase < rt->p->nobjects && rt->p->objects[phase].kind == SNNRT_OBJ_PHASE);
	for (uint32_t i = 0; i < rt->p->nobjects && ok; i++) {
		const RtVote *v = rt->p->objects[i].kind == SNNRT_OBJ_VOTE ? rt->object[i] : NULL;
		ok = !v || ((v->last_phase == UINT32_MAX || v->last_phase < rt->p->nobjects) &&
		            (v->raster == UINT32_MAX || rt_raster_is_of(rt->object[v->raster], v->classes)));
	}
	return ok;
}

bool
rt_state_of_host(snnrt *rt, RtState *s)
{
	RtProgress *g = &rt->progress;
	for (uint32_t i = 0; i < rt->p->nobjects; i++)
		if (!object_state(rt, s, i))
			return false;
	for (uint32_t i = 0; i < rt->p->nbuffers; i++)
		if (rt->p->buffers[i].role != SNNRT_WORK)                   /* which another form of the program may not have */
			rt_state_flags(s, &rt->assigned[i], 1);
	rt_state_text(s, &rt->reports);
	rt_state_text(s, &rt->written);
	rt_state(s, &g->phase, sizeof g->phase);
	rt_state(s, &g->first, sizeof g->first);
	rt_state(s, &g->done, sizeof g->done);
	return !s->bad && (s->out || (s->at == s->end && fits(rt)));
}
