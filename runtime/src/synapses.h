/* synapses.h: what the files that draw synapses share: the job, its random words, and where targets go. */
#ifndef SNNC_RUNTIME_SYNAPSES_H
#define SNNC_RUNTIME_SYNAPSES_H

#include "rt.h"

typedef struct {
	snnrt *rt;
	const snnrt_object *o;
	uint64_t npre, npost, room;                       /* room: for synapses */
	uint64_t *row;
	void *target;
	bool wide;                                        /* targets are u32, else u16 */
	uint32_t key[2];
	bool places;                                      /* the second time */
	uint64_t count;                                   /* in all, or of each neuron */
	double p;
	bool self, twice;                                 /* are autapses, are multapses allowed? */
	uint64_t *bits;                                   /* one for each neuron that may be chosen */
	uint32_t *line, *other;                           /* targets of one source */
	uint64_t line_room;
} RtJob;

typedef enum { RT_RANDOM, RT_INDEGREE, RT_OUTDEGREE, RT_TOTAL, RT_COUNTED, RT_PAIRS, RT_MATRIX, RT_UNKNOWN } RtSynapses;

bool rt_draw(RtJob *k, RtSynapses kind);                              /* draw.c; false: no memory, or rt_fail */
bool rt_need_line(RtJob *k, uint64_t n);                              /* room for the targets of a source; false: no memory */

static inline void
rt_store_target(const RtJob *k, uint64_t at, uint64_t target)
{
	if (k->wide)
		((uint32_t *)k->target)[at] = (uint32_t)target;
	else
		((uint16_t *)k->target)[at] = (uint16_t)target;
}

/* ---- random words (words.c) ------------------------------------------------------------------------------- */

/* Words of one object, in order: the counter is (block, object). They are made many at a time, the more the more are wanted. */
enum { RT_BLOCKS = 64 };
typedef struct { const uint32_t *key; uint64_t object, block; uint32_t at, have, more; uint64_t word[2 * RT_BLOCKS]; } RtWords;

void rt_words_key(uint64_t seed, uint64_t site, uint32_t key[2]);
RtWords rt_words_of(const RtJob *k, uint64_t object);
void rt_words_more(RtWords *w);
double rt_log(double x);                                             /* the same on every machine */

static inline uint64_t
rt_next_word(RtWords *w)
{
	if (w->at == w->have)
		rt_words_more(w);
	return w->word[w->at++];
}

/* From 0 to n - 1; uneven by n / 2^64 at most. */
static inline uint64_t
rt_below(RtWords *w, uint64_t n)
{
	return (uint64_t)((__extension__ (unsigned __int128)rt_next_word(w) * n) >> 64);
}

#endif
