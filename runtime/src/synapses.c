/* synapses.c: rows and targets of a connection, when the run begins (object SYNAPSES): drawn (draw.c), read from a file (edges.c), or found by
 * the program, which counted them; and sorted by delay. */
#include "synapses.h"

#include <stdlib.h>
#include <string.h>

/* ---- by delay ---------------------------------------------------------------------------------------------------- */

/* Stable: targets ascend within each delay. begin[i, s] ..< begin[i, s + 1] of row i come s + 1 steps later. */
static bool
arrange(RtJob *k, uint32_t *begin, uint64_t slots, const void *delay, bool wide)
{
	for (uint64_t i = 0; i < k->npre; i++, begin += slots + 1) {
		uint64_t from = k->row[i], n = k->row[i + 1] - from;
		if (!rt_need_line(k, n))
			return false;
		memset(begin, 0, (slots + 1) * sizeof *begin);
		for (uint64_t e = from; e < from + n; e++) {
			uint64_t s = wide ? ((const uint16_t *)delay)[e] : ((const uint8_t *)delay)[e];
			if (s >= slots)
				return rt_fail(k->rt, "`%s`: a delay is longer than all (this is a bug of the compiler)", k->o->name) == 0;
			begin[s + 1]++;
		}
		for (uint64_t s = 0; s < slots; s++)
			begin[s + 1] += begin[s];
		for (uint64_t e = from; e < from + n; e++) {
			uint64_t s = wide ? ((const uint16_t *)delay)[e] : ((const uint8_t *)delay)[e];
			k->line[begin[s]++] = k->wide ? ((uint32_t *)k->target)[e] : ((uint16_t *)k->target)[e];
		}
		memmove(begin + 1, begin, slots * sizeof *begin);
		begin[0] = 0;
		for (uint64_t e = 0; e < n; e++)
			rt_store_target(k, from + e, k->line[e]);
	}
	return true;
}

/* ---- what an object says ----------------------------------------------------------------------------------------- */

static RtSynapses
kind_of(const snnrt_object *o)
{
	static const char *const names[] = {"random", "fixed_indegree", "fixed_outdegree", "fixed_total", "counted", "pairs", "matrix"};
	int k = 0;
	while (k < RT_UNKNOWN && strcmp(o->texts[0], names[k]) != 0)
		k++;
	return (RtSynapses)k;
}

static RtJob
job_of(const snnrt_program *p, const snnrt_object *o)
{
	const snnrt_buffer *row = &p->buffers[o->bufs[0]], *target = &p->buffers[o->bufs[1]];
	RtJob k = {.o = o, .npost = (uint64_t)o->nums[0], .count = (uint64_t)o->nums[2]};
	k.npre = row->bytes / 8 - 1;
	k.wide = target->type == SNNRT_U32;
	k.room = target->bytes / (k.wide ? 4 : 2);
	k.self = o->nums[3] & 1;
	k.twice = o->nums[3] & 2;
	memcpy(&k.p, &o->nums[2], sizeof k.p);
	return k;
}

static bool
is_listed(RtSynapses kind)
{
	return kind == RT_PAIRS || kind == RT_MATRIX;
}

/* How many synapses there will be; UINT64_MAX: they cannot be drawn. */
static uint64_t
number_of(const RtJob *k, RtSynapses kind)
{
	uint64_t m = kind == RT_INDEGREE ? k->npre : k->npost, all = 0;
	bool short_of_self = !k->self && m > 0 && k->npre == k->npost;
	switch (kind) {
	case RT_RANDOM:
		return k->p >= 0 && k->p <= 1 ? 0 : UINT64_MAX;
	case RT_INDEGREE:
	case RT_OUTDEGREE:
		m -= short_of_self;
		if (k->count && (!m || (!k->twice && k->count > m)))
			return UINT64_MAX;
		return rt_mul(k->count, kind == RT_INDEGREE ? k->npost : k->npre, &all) ? all : UINT64_MAX;
	case RT_TOTAL:
		m -= short_of_self;
		if (!rt_mul(m, k->npre, &all) || (k->count && !all) || (!k->twice && k->count > all))
			return UINT64_MAX;
		return k->count;
	case RT_COUNTED:
		return 0;
	case RT_PAIRS:
	case RT_MATRIX:
		return k->count;
	case RT_UNKNOWN:
		break;
	}
	return UINT64_MAX;
}

/* Values of listed pairs: a file and a buffer for each. */
static bool
check_listed(const snnrt_program *p, const snnrt_object *o, const RtJob *k, char *why)
{
	bool fits = o->ntexts == o->nbufs && k->count == k->room;
	for (uint32_t b = 2; fits && b < o->nbufs; b++) {
		const snnrt_buffer *v = &p->buffers[o->bufs[b]];
		fits = (rt_type_is_float(v->type) || v->type == SNNRT_BOOL) && v->bytes / rt_type_size(v->type) == k->room && v->role != SNNRT_CONST;
	}
	return fits || rt_say(why, "synapses `%s` have no file or no room for their values", o->name);
}

bool
rt_synapses_check(const snnrt_program *p, const snnrt_object *o, char *why)
{
	const snnrt_buffer *row = &p->buffers[o->bufs[0]], *target = &p->buffers[o->bufs[1]];
	RtSynapses kind = kind_of(o);
	bool fits = row->type == SNNRT_U64 && row->bytes >= 16 && (target->type == SNNRT_U16 || target->type == SNNRT_U32) &&
	            o->nums[0] > 0 && o->nums[2] >= 0 && (uint64_t)o->nums[0] - 1 <= (target->type == SNNRT_U16 ? UINT16_MAX : UINT32_MAX);
	if (!fits)
		return rt_say(why, "synapses `%s`: `%s` and `%s` are no rows and targets", o->name, row->name, target->name);
	RtJob k = job_of(p, o);
	if (number_of(&k, kind) > k.room)
		return rt_say(why, "synapses `%s` cannot be drawn, or have no room", o->name);
	if (is_listed(kind))
		return check_listed(p, o, &k, why);
	if (o->nbufs != 2 && o->nbufs != 4)
		return rt_say(why, "synapses `%s` have %u buffers", o->name, o->nbufs);
	const snnrt_buffer *begin = o->nbufs == 4 ? &p->buffers[o->bufs[2]] : NULL, *delay = begin ? &p->buffers[o->bufs[3]] : NULL;
	if (begin && (begin->type != SNNRT_U32 || begin->naxes != 2 || begin->axis[0].extent != k.npre || begin->axis[1].extent < 2 ||
	              (delay->type != SNNRT_U8 && delay->type != SNNRT_U16) || delay->bytes / rt_type_size(delay->type) < k.room))
		return rt_say(why, "synapses `%s`: `%s` and `%s` are no delays of them", o->name, begin->name, delay->name);
	return k.self || k.npre == k.npost || rt_say(why, "synapses `%s` are of two layers, which have no autapses", o->name);
}

/* ---- when the run begins --------------------------------------------------------------------------------------- */

/* The object of a call, and a job on it. */
static const snnrt_object *
begin_call(snnrt *rt, int64_t object, void *row, RtJob *k)
{
	const snnrt_object *o = rt_object(rt, object, SNNRT_OBJ_SYNAPSES);
	if (!o || !rt_in_arena(rt, row, rt->p->buffers[o->bufs[0]].bytes))
		return NULL;
	*k = job_of(rt->p, o);
	k->rt = rt;
	k->row = row;
	k->target = rt->arena + rt->p->buffers[o->bufs[1]].offset;
	return o;
}

static int64_t
end_call(RtJob *k, bool ok)
{
	free(k->bits);
	free(k->line);
	free(k->other);
	return ok ? 0 : rt_fail(k->rt, "`%s`: no memory to draw synapses", k->o->name);
}

/* The values that a file says, into a buffer of the network. */
static bool
take_values(RtJob *k, const snnrt_edges *e, uint32_t part, double *v, char *why)
{
	const snnrt_options *o = &k->rt->o;
	const snnrt_buffer *b = &k->rt->p->buffers[k->o->bufs[part]];
	unsigned char *to = k->rt->arena + b->offset;
	if (snnrt_edges_values(o->data, o->program_dir, k->o->texts[1], k->o->texts[part], k->twice, e, v, why) != SNNRT_DATA_OK)
		return false;
	for (uint64_t n = 0; n < e->n; n++) {
		if (b->type == SNNRT_BOOL)
			to[n] = v[n] != 0;
		else
			rt_store_float(b->type, to, n, v[n]);
	}
	return true;
}

static int64_t
read_listed(RtJob *k, RtSynapses kind)
{
	const snnrt_options *o = &k->rt->o;
	snnrt_edges e = {.npre = k->npre, .npost = k->npost};
	char why[RT_WHY];
	snnrt_edges_form form = kind == RT_PAIRS ? SNNRT_EDGES_PAIRS : SNNRT_EDGES_MATRIX;
	bool ok = snnrt_edges_read(o->data, o->program_dir, k->o->texts[1], form, k->twice, &e, why) == SNNRT_DATA_OK;
	double *v = ok ? malloc((size_t)(e.n + 1) * sizeof *v) : NULL;
	if (ok && e.n != k->room)
		ok = rt_say(why, "`%s` lists %llu synapses, and the program was compiled for %llu", k->o->texts[1], (unsigned long long)e.n,
		            (unsigned long long)k->room);
	else if (ok && !v)
		ok = rt_say(why, "no memory to read `%s`", k->o->texts[1]);
	if (ok)
		memcpy(k->row, e.row, (size_t)(k->npre + 1) * sizeof *k->row);
	for (uint64_t n = 0; ok && n < e.n; n++)
		rt_store_target(k, n, e.target[n]);
	for (uint32_t part = 2; ok && part < k->o->nbufs; part++)
		ok = take_values(k, &e, part, v, why);
	free(v);
	snnrt_edges_free(&e);
	return ok ? 0 : rt_fail(k->rt, "synapses of `%s`: %s", k->o->name, why);
}

/* The program left the number of synapses of source i in row[i + 1], and will place them behind row[i]. */
static int64_t
add_up(RtJob *k)
{
	k->row[0] = 0;
	for (uint64_t i = 0; i < k->npre; i++)
		k->row[i + 1] += k->row[i];
	uint64_t n = k->row[k->npre];
	if (n <= k->room)
		return 0;
	return rt_fail(k->rt, "`%s`: there are %llu synapses, and room for %llu; say how many there may be: `room = %llu`", k->o->name,
	               (unsigned long long)n, (unsigned long long)k->room, (unsigned long long)(n + n / 8));
}

int64_t
snnrt_connect(void *host, int64_t object, void *row)
{
	snnrt *rt = host;
	RtJob k;
	const snnrt_object *o = begin_call(rt, object, row, &k);
	if (!o)
		return SNNRT_FAILED;
	RtSynapses kind = kind_of(o);
	if (is_listed(kind))
		return read_listed(&k, kind);
	if (kind == RT_COUNTED)
		return add_up(&k);
	const snnrt_buffer *buf = rt_find_buffer(rt, "seed");
	uint64_t seed = rt->seed, most = k.npre > k.npost ? k.npre : k.npost;
	if (buf && buf->bytes == sizeof seed)
		memcpy(&seed, rt->arena + buf->offset, sizeof seed);
	rt_words_key(seed, (uint64_t)o->nums[1], k.key);
	k.bits = malloc((most + 63) / 64 * 8);
	memset(k.row, 0, (k.npre + 1) * sizeof *k.row);
	return end_call(&k, k.bits && rt_draw(&k, kind));
}

int64_t
snnrt_arrange(void *host, int64_t object, void *row)
{
	snnrt *rt = host;
	RtJob k;
	const snnrt_object *o = begin_call(rt, object, row, &k);
	if (!o || is_listed(kind_of(o)) || o->nbufs != 4)
		return SNNRT_FAILED;
	const snnrt_buffer *begin = &rt->p->buffers[o->bufs[2]], *delay = &rt->p->buffers[o->bufs[3]];
	bool ok = k.row[k.npre] <= k.room && arrange(&k, (uint32_t *)(rt->arena + begin->offset), begin->axis[1].extent - 1,
	                                             rt->arena + delay->offset, delay->type == SNNRT_U16);
	return end_call(&k, ok);
}
