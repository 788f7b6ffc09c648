/* synapses.c: draws which neurons are connected (object SYNAPSES): row[i] ..< row[i + 1] are the synapses of source i, their
 * targets ascending.
 *
 * The words are those of Philox4x32-10 under the key of (seed, site): a function of nothing else. What counts sources (by
 * target, in all) goes twice through the same words: first it counts, then it places. */
#include "rt.h"

#include <stdlib.h>
#include <string.h>

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
} Job;

/* ---- random words ------------------------------------------------------------------------------------- */

static uint64_t
splitmix64(uint64_t z)
{
	z += 0x9e3779b97f4a7c15u;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

/* Words of one object, in order: the counter is (block, object). They are made many at a time, the more the more are wanted. */
enum { BLOCKS = 64 };
typedef struct { const uint32_t *key; uint64_t object, block; uint32_t at, have, more; uint64_t word[2 * BLOCKS]; } Words;

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__)
__attribute__((target_clones("avx2", "default"), optimize("O3")))
#endif
static void
make_words(uint64_t *out, uint32_t n, uint64_t block, uint64_t object, const uint32_t *key)
{
	uint32_t k0 = key[0], k1 = key[1], c[4][BLOCKS];
	for (uint32_t b = 0; b < BLOCKS; b++) {
		c[0][b] = (uint32_t)(block + b);
		c[1][b] = (uint32_t)((block + b) >> 32);
		c[2][b] = (uint32_t)object;
		c[3][b] = (uint32_t)(object >> 32);
	}
	for (int round = 0; round < 10; round++) {
		for (uint32_t b = 0; b < n; b++) {
			uint64_t x = (uint64_t)c[0][b] * 0xd2511f53u, y = (uint64_t)c[2][b] * 0xcd9e8d57u;
			c[0][b] = (uint32_t)(y >> 32) ^ c[1][b] ^ k0;
			c[2][b] = (uint32_t)(x >> 32) ^ c[3][b] ^ k1;
			c[1][b] = (uint32_t)y;
			c[3][b] = (uint32_t)x;
		}
		k0 += 0x9e3779b9u;
		k1 += 0xbb67ae85u;
	}
	for (uint32_t b = 0; b < n; b++) {
		out[2 * b] = (uint64_t)c[1][b] << 32 | c[0][b];
		out[2 * b + 1] = (uint64_t)c[3][b] << 32 | c[2][b];
	}
}

static Words
words_of(const Job *k, uint64_t object)
{
	Words w;
	w.key = k->key;
	w.object = object;
	w.block = 0;
	w.at = w.have = 0;
	w.more = 4;
	return w;
}

static uint64_t
next_word(Words *w)
{
	if (w->at == w->have) {
		make_words(w->word, w->more, w->block, w->object, w->key);
		w->block += w->more;
		w->have = 2 * w->more;
		w->at = 0;
		w->more = w->more < BLOCKS ? 2 * w->more : BLOCKS;
	}
	return w->word[w->at++];
}

/* From 0 to n - 1; uneven by n / 2^64 at most. */
static uint64_t
below(Words *w, uint64_t n)
{
	return (uint64_t)((__extension__ (unsigned __int128)next_word(w) * n) >> 64);
}

/* log(x) = e log 2 + 2 atanh((m - 1) / (m + 1)), m between sqrt(1/2) and sqrt(2): the same on every machine. */
static double
log_of(double x)
{
	uint64_t bits;
	memcpy(&bits, &x, sizeof bits);
	int e = (int)(bits >> 52 & 0x7ff) - 1023;
	bits = (bits & 0xfffffffffffffu) | 0x3ff0000000000000u;
	double m;
	memcpy(&m, &bits, sizeof m);
	if (m > 1.4142135623730951) {
		m *= 0.5;
		e++;
	}
	double f = (m - 1) / (m + 1), z = f * f, sum = 0;
	for (int n = 23; n > 0; n -= 2)
		sum = sum * z + 1.0 / n;
	return e * 0.6931471805599453 + 2 * f * sum;
}

/* ---- putting them down ----------------------------------------------------------------------------------- */

static void
store_target(const Job *k, uint64_t at, uint64_t target)
{
	if (k->wide)
		((uint32_t *)k->target)[at] = (uint32_t)target;
	else
		((uint16_t *)k->target)[at] = (uint16_t)target;
}

static void
put(const Job *k, uint64_t i, uint64_t j)
{
	if (k->places)
		store_target(k, k->row[i]++, j);
	else
		k->row[i + 1]++;
}

static void
count_up(const Job *k)
{
	for (uint64_t i = 0; i < k->npre; i++)
		k->row[i + 1] += k->row[i];
}

/* Placing moved the beginning of each row to its end. */
static void
move_back(const Job *k)
{
	memmove(k->row + 1, k->row, k->npre * sizeof *k->row);
	k->row[0] = 0;
}

/* Ascending, by bytes from the lowest up. */
static void
sort_line(Job *k, uint64_t n)
{
	uint32_t *a = k->line, *b = k->other;
	if (n < 32) {
		for (uint64_t i = 1; i < n; i++) {
			uint32_t v = a[i];
			uint64_t at = i;
			for (; at > 0 && a[at - 1] > v; at--)
				a[at] = a[at - 1];
			a[at] = v;
		}
		return;
	}
	for (unsigned shift = 0; shift < 32 && (k->npost - 1) >> shift; shift += 8) {
		uint32_t first[257] = {0};
		for (uint64_t i = 0; i < n; i++)
			first[(a[i] >> shift & 255) + 1]++;
		for (int v = 0; v < 256; v++)
			first[v + 1] += first[v];
		for (uint64_t i = 0; i < n; i++)
			b[first[a[i] >> shift & 255]++] = a[i];
		uint32_t *swap = a;
		a = b;
		b = swap;
	}
	k->line = a;
	k->other = b;
}

static bool
need_line(Job *k, uint64_t n)
{
	if (n <= k->line_room)
		return true;
	if (n > UINT32_MAX)
		return false;
	free(k->line);
	free(k->other);
	k->line_room = n + n / 2;
	k->line = malloc(k->line_room * sizeof *k->line);
	k->other = malloc(k->line_room * sizeof *k->other);
	return k->line && k->other;
}

static bool
sort_rows(Job *k)
{
	for (uint64_t i = 0; i < k->npre; i++) {
		uint64_t from = k->row[i], n = k->row[i + 1] - from;
		if (!need_line(k, n))
			return false;
		for (uint64_t e = 0; e < n; e++)
			k->line[e] = k->wide ? ((uint32_t *)k->target)[from + e] : ((uint16_t *)k->target)[from + e];
		sort_line(k, n);
		for (uint64_t e = 0; e < n; e++)
			store_target(k, from + e, k->line[e]);
	}
	return true;
}

/* ---- choosing ------------------------------------------------------------------------------------------------ */

/* Sets n of m bits, every choice as likely as any other. */
static void
choose(Job *k, Words *w, uint64_t m, uint64_t n)
{
	bool rather_not = n > m / 2;
	uint64_t left = rather_not ? m - n : n;
	memset(k->bits, rather_not ? 255 : 0, (m + 63) / 64 * 8);
	while (left) {
		uint64_t x = below(w, m), bit = (uint64_t)1 << x % 64;
		bool is_set = k->bits[x / 64] & bit;
		if (is_set != rather_not)
			continue;
		k->bits[x / 64] ^= bit;
		left--;
	}
}

/* A number among those without `self`. */
static uint64_t
but(uint64_t x, uint64_t self)
{
	return x + (x >= self);
}

/* Partners of neuron `of`, on the other side with m neurons; rows: it is the source. */
static bool
partners(Job *k, uint64_t of, uint64_t m, bool rows)
{
	Words w = words_of(k, of);
	uint64_t self = k->self ? UINT64_MAX : of;
	m -= !k->self && of < m;
	if (!k->twice) {
		choose(k, &w, m, k->count);
		for (uint64_t part = 0; part < (m + 63) / 64; part++)
			for (uint64_t bits = k->bits[part]; bits; bits &= bits - 1) {
				uint64_t x = part * 64 + (uint64_t)__builtin_ctzll(bits);
				if (x >= m)
					break;
				put(k, rows ? of : but(x, self), rows ? but(x, self) : of);
			}
		return true;
	}
	if (rows && !need_line(k, k->count))
		return false;
	for (uint64_t n = 0; n < k->count; n++) {
		uint64_t x = but(below(&w, m), self);
		if (rows)
			k->line[n] = (uint32_t)x;
		else
			put(k, x, of);
	}
	if (rows)
		sort_line(k, k->count);
	for (uint64_t n = 0; rows && n < k->count; n++)
		put(k, of, k->line[n]);
	return true;
}

static bool
fixed_degree(Job *k, bool rows)
{
	for (int pass = 0; pass < 2; pass++) {
		k->places = pass;
		for (uint64_t n = 0; n < (rows ? k->npre : k->npost); n++)
			if (rows && !pass)
				k->row[n + 1] = k->count;
			else if (!partners(k, n, rows ? k->npost : k->npre, rows))
				return false;
		if (!pass)
			count_up(k);
	}
	move_back(k);
	return true;
}

/* Pairs one by one, each of all as likely. */
static bool
fixed_total_with_multapses(Job *k)
{
	for (int pass = 0; pass < 2; pass++) {
		Words w = words_of(k, 0);
		k->places = pass;
		for (uint64_t n = 0; n < k->count; n++) {
			uint64_t i = below(&w, k->npre), j;
			j = k->self ? below(&w, k->npost) : but(below(&w, k->npost - 1), i);
			put(k, i, j);
		}
		if (!pass)
			count_up(k);
	}
	move_back(k);
	return sort_rows(k);
}

/* A pair is taken with the probability of those still wanted among those still to come (Fan and others 1962; Knuth,
 * algorithm S). */
static bool
fixed_total_of_pairs(Job *k)
{
	Words w = words_of(k, 0);
	uint64_t wanted = k->count, at = 0, each = k->npost - !k->self, left = k->npre * each;
	for (uint64_t i = 0; i < k->npre; i++) {
		for (uint64_t x = 0; x < each; x++, left--) {
			if (below(&w, left) >= wanted)
				continue;
			store_target(k, at++, k->self ? x : but(x, i));
			wanted--;
		}
		k->row[i + 1] = at;
	}
	return true;
}

/* Each pair with probability p: what lies between two of them is geometric. */
static bool
random_pairs(Job *k)
{
	double scale = k->p < 1 ? 1 / log_of(1 - k->p) : 0;
	uint64_t at = 0;
	for (uint64_t i = 0; i < k->npre; i++) {
		Words w = words_of(k, i);
		uint64_t m = k->npost - (!k->self && i < k->npost), self = k->self ? UINT64_MAX : i;
		for (uint64_t x = 0; k->p > 0; x++) {
			double u = ((double)(next_word(&w) >> 11) + 1) * 0x1p-53, skipped = k->p < 1 ? log_of(u) * scale : 0;
			if (skipped >= (double)(m - x))
				break;
			x += (uint64_t)skipped;
			if (at == k->room) {
				rt_fail(k->rt, "`%s`: chance gave more than the %llu synapses that there is room for; take another seed",
				        k->o->name, (unsigned long long)k->room);
				return false;
			}
			store_target(k, at++, but(x, self));
		}
		k->row[i + 1] = at;
	}
	return true;
}

/* ---- by delay ---------------------------------------------------------------------------------------------------- */

/* Stable: targets ascend within each delay. begin[i, s] ..< begin[i, s + 1] of row i come s + 1 steps later. */
static bool
arrange(Job *k, uint32_t *begin, uint64_t slots, const void *delay, bool wide)
{
	for (uint64_t i = 0; i < k->npre; i++, begin += slots + 1) {
		uint64_t from = k->row[i], n = k->row[i + 1] - from;
		if (!need_line(k, n))
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
			store_target(k, from + e, k->line[e]);
	}
	return true;
}

/* ---- entry ------------------------------------------------------------------------------------------------------ */

typedef enum { RANDOM, INDEGREE, OUTDEGREE, TOTAL, UNKNOWN } Kind;

static Kind
kind_of(const snnrt_object *o)
{
	static const char *const names[] = {"random", "fixed_indegree", "fixed_outdegree", "fixed_total"};
	int k = 0;
	while (k < UNKNOWN && strcmp(o->texts[0], names[k]) != 0)
		k++;
	return (Kind)k;
}

static Job
job_of(const snnrt_program *p, const snnrt_object *o)
{
	const snnrt_buffer *row = &p->buffers[o->bufs[0]], *target = &p->buffers[o->bufs[1]];
	Job k = {.o = o, .npost = (uint64_t)o->nums[0], .count = (uint64_t)o->nums[2]};
	k.npre = row->bytes / 8 - 1;
	k.wide = target->type == SNNRT_U32;
	k.room = target->bytes / (k.wide ? 4 : 2);
	k.self = o->nums[3] & 1;
	k.twice = o->nums[3] & 2;
	memcpy(&k.p, &o->nums[2], sizeof k.p);
	return k;
}

/* How many synapses there will be; UINT64_MAX: they cannot be drawn. */
static uint64_t
number_of(const Job *k, Kind kind)
{
	uint64_t m = kind == INDEGREE ? k->npre : k->npost, all = 0;
	bool short_of_self = !k->self && m > 0 && k->npre == k->npost;
	switch (kind) {
	case RANDOM:
		return k->p >= 0 && k->p <= 1 ? 0 : UINT64_MAX;
	case INDEGREE:
	case OUTDEGREE:
		m -= short_of_self;
		if (k->count && (!m || (!k->twice && k->count > m)))
			return UINT64_MAX;
		return rt_mul(k->count, kind == INDEGREE ? k->npost : k->npre, &all) ? all : UINT64_MAX;
	case TOTAL:
		m -= short_of_self;
		if (!rt_mul(m, k->npre, &all) || (k->count && !all) || (!k->twice && k->count > all))
			return UINT64_MAX;
		return k->count;
	case UNKNOWN:
		break;
	}
	return UINT64_MAX;
}

bool
rt_synapses_check(const snnrt_program *p, const snnrt_object *o, char *why)
{
	const snnrt_buffer *row = &p->buffers[o->bufs[0]], *target = &p->buffers[o->bufs[1]];
	bool fits = row->type == SNNRT_U64 && row->bytes >= 16 && (target->type == SNNRT_U16 || target->type == SNNRT_U32) &&
	            o->nums[0] > 0 && o->nums[2] >= 0 && (uint64_t)o->nums[0] - 1 <= (target->type == SNNRT_U16 ? UINT16_MAX : UINT32_MAX);
	if (!fits)
		return rt_say(why, "synapses `%s`: `%s` and `%s` are no rows and targets", o->name, row->name, target->name);
	const snnrt_buffer *begin = o->nbufs == 4 ? &p->buffers[o->bufs[2]] : NULL, *delay = begin ? &p->buffers[o->bufs[3]] : NULL;
	Job k = job_of(p, o);
	if (begin && (begin->type != SNNRT_U32 || begin->naxes != 2 || begin->axis[0].extent != k.npre || begin->axis[1].extent < 2 ||
	              (delay->type != SNNRT_U8 && delay->type != SNNRT_U16) || delay->bytes / rt_type_size(delay->type) < k.room))
		return rt_say(why, "synapses `%s`: `%s` and `%s` are no delays of them", o->name, begin->name, delay->name);
	if (!k.self && k.npre != k.npost)
		return rt_say(why, "synapses `%s` are of two layers, which have no autapses", o->name);
	if (number_of(&k, kind_of(o)) > k.room)
		return rt_say(why, "synapses `%s` cannot be drawn, or have no room", o->name);
	return true;
}

static bool
draw(Job *k, Kind kind)
{
	switch (kind) {
	case RANDOM: return random_pairs(k);
	case INDEGREE: return fixed_degree(k, false);
	case OUTDEGREE: return fixed_degree(k, true);
	case TOTAL: return k->twice ? fixed_total_with_multapses(k) : fixed_total_of_pairs(k);
	case UNKNOWN: break;
	}
	return false;
}

/* The object of a call, and a job on it. */
static const snnrt_object *
begin_call(snnrt *rt, int64_t object, void *row, Job *k)
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
end_call(Job *k, bool ok)
{
	free(k->bits);
	free(k->line);
	free(k->other);
	return ok ? 0 : rt_fail(k->rt, "`%s`: no memory to draw synapses", k->o->name);
}

int64_t
snnrt_connect(void *host, int64_t object, void *row)
{
	snnrt *rt = host;
	Job k;
	const snnrt_object *o = begin_call(rt, object, row, &k);
	if (!o)
		return SNNRT_FAILED;
	const snnrt_buffer *buf = rt_find_buffer(rt, "seed");
	uint64_t seed = rt->seed, most = k.npre > k.npost ? k.npre : k.npost;
	if (buf && buf->bytes == sizeof seed)
		memcpy(&seed, rt->arena + buf->offset, sizeof seed);
	uint64_t key = splitmix64(splitmix64(splitmix64(seed) ^ (uint64_t)o->nums[1]));
	k.key[0] = (uint32_t)key;
	k.key[1] = (uint32_t)(key >> 32);
	k.bits = malloc((most + 63) / 64 * 8);
	memset(k.row, 0, (k.npre + 1) * sizeof *k.row);
	return end_call(&k, k.bits && draw(&k, kind_of(o)));
}

int64_t
snnrt_arrange(void *host, int64_t object, void *row)
{
	snnrt *rt = host;
	Job k;
	const snnrt_object *o = begin_call(rt, object, row, &k);
	if (!o || o->nbufs != 4)
		return SNNRT_FAILED;
	const snnrt_buffer *begin = &rt->p->buffers[o->bufs[2]], *delay = &rt->p->buffers[o->bufs[3]];
	bool ok = k.row[k.npre] <= k.room && arrange(&k, (uint32_t *)(rt->arena + begin->offset), begin->axis[1].extent - 1,
	                                             rt->arena + delay->offset, delay->type == SNNRT_U16);
	return end_call(&k, ok);
}
