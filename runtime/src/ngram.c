/* ngram.c: the spikes of the samples that are going on, and how often which neurons spiked one after another under
 * which label.
 *
 * An n-gram is a neuron from each of n steps with spikes that follow each other, steps without spikes left out; every
 * combination counts. What is counted takes part in predictions from the next assignment of labels on. A prediction
 * goes over the sample's spikes as one sequence (by time, then by neuron) and adds up what is known of each window of
 * n spikes in a row; the last window is left out, as BindsNET does.
 */
#include "rt.h"

#include <stdlib.h>
#include <string.h>

enum { EMPTY = 0xffffffff };
static const uint64_t spikes_limit = 1u << 26, table_limit = 1u << 29;        /* spikes of a sample; bytes */

typedef struct { int64_t step; uint32_t neuron; } Spike;
typedef struct { Spike *at; uint64_t n, room; } Item;

/* Open addressing: key[n] and counts[2 * classes], what is in use and what is gathered for the next time. */
typedef struct {
	uint32_t n;
	uint64_t used, room, classes;
	uint32_t *key, *count;
} Table;

struct RtRaster {
	uint64_t batch, neurons;
	Item *item;
	uint32_t ntables;
	Table table[RT_MAX_READOUTS];
};

RtRaster *
rt_raster_open(snnrt *rt, const snnrt_object *o)
{
	const snnrt_buffer *b = &rt->p->buffers[o->bufs[0]];
	RtRaster *r = calloc(1, sizeof *r);
	if (!r) {
		rt_fail(rt, "no memory");
		return NULL;
	}
	r->neurons = b->axis[b->naxes - 1].extent;
	r->batch = r->neurons ? b->bytes / rt_type_size(b->type) / r->neurons : 0;
	r->item = calloc(r->batch + 1, sizeof *r->item);
	if (!r->item) {
		free(r);
		rt_fail(rt, "no memory");
		return NULL;
	}
	return r;
}

void
rt_raster_close(RtRaster *r)
{
	for (uint64_t b = 0; b < r->batch; b++)
		free(r->item[b].at);
	for (uint32_t t = 0; t < r->ntables; t++) {
		free(r->table[t].key);
		free(r->table[t].count);
	}
	free(r->item);
	free(r);
}

/* ---- spikes of the sample ------------------------------------------------------------------------- */

static bool
add_spike(Item *it, int64_t step, uint64_t neuron)
{
	if (it->n == it->room) {
		uint64_t room = it->room * 2 + 256;
		Spike *grown = room > spikes_limit ? NULL : realloc(it->at, room * sizeof *grown);
		if (!grown)
			return false;
		it->at = grown;
		it->room = room;
	}
	it->at[it->n++] = (Spike){step, (uint32_t)neuron};
	return true;
}

void
rt_raster_clear(RtRaster *r)
{
	for (uint64_t b = 0; b < r->batch; b++)
		r->item[b].n = 0;
}

static void
spikes_state(RtState *s, Item *it, uint64_t neurons)
{
	uint64_t n = it->n;
	if (!rt_state_room(s, &n, sizeof(int64_t) + sizeof(uint32_t)))
		return;
	for (uint64_t k = 0; k < n && !s->bad; k++) {
		Spike spike = s->out ? it->at[k] : (Spike){0};
		rt_state(s, &spike.step, sizeof spike.step);
		rt_state(s, &spike.neuron, sizeof spike.neuron);
		if (!s->out)
			s->bad |= spike.neuron >= neurons || !add_spike(it, spike.step, spike.neuron);
	}
}

/* Half of it is empty at least, or nothing that is not there would ever be found missing. */
static bool
is_table(const Table *t)
{
	uint64_t used = 0;
	for (uint64_t i = 0; i < t->room; i++)
		used += t->key[i * t->n] != EMPTY;
	return (t->room & (t->room - 1)) == 0 && used == t->used && used <= t->room / 2;
}

static void
table_state(RtState *s, Table *t)
{
	rt_state(s, &t->n, sizeof t->n);
	rt_state(s, &t->used, sizeof t->used);
	rt_state(s, &t->classes, sizeof t->classes);
	if (t->n < 1 || t->n > RT_MAX_NGRAM || t->classes > table_limit)
		s->bad = true;
	rt_state_room(s, &t->room, s->bad ? 1 : (t->n + 2 * t->classes) * sizeof(uint32_t));
	if (s->bad)
		return;
	if (!s->out) {
		t->key = malloc(t->room * t->n * sizeof *t->key + 1);
		t->count = malloc(t->room * 2 * t->classes * sizeof *t->count + 1);
		s->bad = !t->key || !t->count;
	}
	rt_state(s, t->key, t->room * t->n * sizeof *t->key);
	rt_state(s, t->count, t->room * 2 * t->classes * sizeof *t->count);
	s->bad = s->bad || (!s->out && !is_table(t));
}

bool
rt_raster_is_of(const RtRaster *r, uint64_t classes)
{
	for (uint32_t k = 0; k < r->ntables; k++)
		if (r->table[k].classes != classes)
			return false;
	return true;
}

void
rt_raster_state(RtState *s, RtRaster *r)
{
	for (uint64_t b = 0; b < r->batch; b++)
		spikes_state(s, &r->item[b], r->neurons);
	rt_state(s, &r->ntables, sizeof r->ntables);
	if (r->ntables > RT_MAX_READOUTS) {
		r->ntables = 0;
		s->bad = true;
	}
	for (uint32_t k = 0; k < r->ntables && !s->bad; k++)
		table_state(s, &r->table[k]);
}

int64_t
snnrt_raster(void *host, int64_t object, int64_t step, void *source)
{
	snnrt *rt = host;
	const snnrt_object *o = rt_object(rt, object, SNNRT_OBJ_RASTER);
	if (!o)
		return SNNRT_FAILED;
	const snnrt_buffer *b = &rt->p->buffers[o->bufs[0]];
	RtRaster *r = rt->object[object];
	if (!rt_in_arena(rt, source, b->bytes))
		return SNNRT_FAILED;
	if (step < 0)
		rt_raster_clear(r);
	bool is_float = rt_type_is_float(b->type);
	uint64_t k = 0;
	for (uint64_t item = 0; step >= 0 && item < r->batch; item++)
		for (uint64_t j = 0; j < r->neurons; j++, k++) {
			bool fired = is_float ? rt_load_float(b->type, source, k) != 0 : rt_load_int(b->type, source, k) != 0;
			if (fired && !add_spike(&r->item[item], step, j))
				return rt_fail(rt, "n-grams of `%s`: a sample has more spikes than can be kept", o->name);
		}
	return 0;
}

/* ---- the table -------------------------------------------------------------------------------------- */

static Table *
find_table(RtRaster *r, uint32_t n, uint64_t classes)
{
	for (uint32_t t = 0; t < r->ntables; t++)
		if (r->table[t].n == n)
			return &r->table[t];
	if (r->ntables == RT_MAX_READOUTS)
		return NULL;
	Table *t = &r->table[r->ntables++];
	*t = (Table){.n = n, .classes = classes};
	return t;
}

/* Where the key is, or where it would be. */
static uint64_t
slot_of(const Table *t, const uint32_t *key)
{
	uint64_t h = 14695981039346656037u;
	for (uint32_t i = 0; i < t->n; i++)
		h = (h ^ key[i]) * 1099511628211u;
	uint64_t at = (h ^ h >> 32) & (t->room - 1);
	while (t->key[at * t->n] != EMPTY && memcmp(t->key + at * t->n, key, t->n * sizeof *key) != 0)
		at = (at + 1) & (t->room - 1);
	return at;
}

static bool
grow(Table *t)
{
	Table old = *t;
	t->room = old.room ? old.room * 2 : 1024;
	if (t->room > table_limit / (4 * (t->n + 2 * t->classes))) {
		t->room = old.room;
		return false;
	}
	t->key = malloc(t->room * t->n * sizeof *t->key);
	t->count = calloc(t->room * 2 * t->classes, sizeof *t->count);
	if (!t->key || !t->count) {
		free(t->key);
		free(t->count);
		*t = old;
		return false;
	}
	memset(t->key, 0xff, t->room * t->n * sizeof *t->key);
	for (uint64_t i = 0; i < old.room; i++) {
		if (old.key[i * t->n] == EMPTY)
			continue;
		uint64_t at = slot_of(t, old.key + i * t->n);
		memcpy(t->key + at * t->n, old.key + i * t->n, t->n * sizeof *t->key);
		memcpy(t->count + at * 2 * t->classes, old.count + i * 2 * t->classes, 2 * t->classes * sizeof *t->count);
	}
	free(old.key);
	free(old.count);
	return true;
}

static bool
count_one(Table *t, const uint32_t *key, uint64_t label)
{
	if (t->used * 2 >= t->room && !grow(t))
		return false;
	uint64_t at = slot_of(t, key);
	if (t->key[at * t->n] == EMPTY) {
		memcpy(t->key + at * t->n, key, t->n * sizeof *key);
		t->used++;
	}
	t->count[(at * 2 + 1) * t->classes + label]++;
	return true;
}

/* Every combination of one spike from each of n groups; begin[i] .. begin[i + 1] is group i. */
static bool
count_window(Table *t, const Spike *spike, const uint64_t *begin, uint64_t label)
{
	uint64_t at[RT_MAX_NGRAM];
	uint32_t key[RT_MAX_NGRAM];
	memcpy(at, begin, t->n * sizeof *at);
	for (;;) {
		for (uint32_t i = 0; i < t->n; i++)
			key[i] = spike[at[i]].neuron;
		if (!count_one(t, key, label))
			return false;
		uint32_t turn = t->n;
		while (turn > 0 && ++at[turn - 1] == begin[turn]) {
			at[turn - 1] = begin[turn - 1];
			turn--;
		}
		if (turn == 0)
			return true;
	}
}

bool
rt_ngram_learn(snnrt *rt, const snnrt_object *vote, RtRaster *r, uint32_t n, uint64_t classes, uint64_t item,
               uint64_t label)
{
	Table *t = find_table(r, n, classes);
	const Item *it = &r->item[item];
	uint64_t begin[RT_MAX_NGRAM + 1];                 /* of the last n groups, and the end */
	uint32_t groups = 0;
	for (uint64_t k = 0; t && k < it->n;) {
		uint64_t end = k + 1;
		while (end < it->n && it->at[end].step == it->at[k].step)
			end++;
		if (groups == n)
			memmove(begin, begin + 1, (n - 1) * sizeof *begin);
		else
			groups++;
		begin[groups - 1] = k;
		begin[groups] = end;
		if (groups == n && !count_window(t, it->at, begin, label))
			t = NULL;
		k = end;
	}
	return t || rt_fail(rt, "vote `%s`: there are more %u-grams than can be kept; take fewer neurons, or a smaller n",
	                    vote->name, n) == 0;
}

void
rt_ngram_publish(RtRaster *r)
{
	for (uint32_t k = 0; k < r->ntables; k++) {
		Table *t = &r->table[k];
		for (uint64_t at = 0; at < t->room; at++)
			memcpy(t->count + at * 2 * t->classes, t->count + (at * 2 + 1) * t->classes,
			       t->classes * sizeof *t->count);
	}
}

uint64_t
rt_ngram_predict(RtRaster *r, uint32_t n, uint64_t classes, uint64_t item, uint64_t *score)
{
	Table *t = find_table(r, n, classes);
	const Item *it = &r->item[item];
	uint32_t key[RT_MAX_NGRAM];
	memset(score, 0, classes * sizeof *score);
	for (uint64_t j = 0; t && t->room && j + n < it->n; j++) {
		for (uint32_t i = 0; i < n; i++)
			key[i] = it->at[j + i].neuron;
		uint64_t at = slot_of(t, key);
		for (uint64_t l = 0; l < classes && t->key[at * n] != EMPTY; l++)
			score[l] += t->count[at * 2 * classes + l];
	}
	uint64_t best = 0;
	for (uint64_t l = 1; l < classes; l++)
		if (score[l] > score[best])
			best = l;
	return best;
}
