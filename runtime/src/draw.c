/* draw.c: which neurons are connected: row[i] ..< row[i + 1] are the synapses of source i, their targets ascending. What counts
 * sources (by target, in all) goes twice through the same words: first it counts, then it places. */
#include "synapses.h"

#include <stdlib.h>
#include <string.h>

bool
rt_need_line(RtJob *k, uint64_t n)
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

/* ---- putting them down ----------------------------------------------------------------------------------- */

static void
put(const RtJob *k, uint64_t i, uint64_t j)
{
	if (k->places)
		rt_store_target(k, k->row[i]++, j);
	else
		k->row[i + 1]++;
}

static void
count_up(const RtJob *k)
{
	for (uint64_t i = 0; i < k->npre; i++)
		k->row[i + 1] += k->row[i];
}

/* Placing moved the beginning of each row to its end. */
static void
move_back(const RtJob *k)
{
	memmove(k->row + 1, k->row, k->npre * sizeof *k->row);
	k->row[0] = 0;
}

/* Ascending, by bytes from the lowest up. */
static void
sort_line(RtJob *k, uint64_t n)
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
sort_rows(RtJob *k)
{
	for (uint64_t i = 0; i < k->npre; i++) {
		uint64_t from = k->row[i], n = k->row[i + 1] - from;
		if (!rt_need_line(k, n))
			return false;
		for (uint64_t e = 0; e < n; e++)
			k->line[e] = k->wide ? ((uint32_t *)k->target)[from + e] : ((uint16_t *)k->target)[from + e];
		sort_line(k, n);
		for (uint64_t e = 0; e < n; e++)
			rt_store_target(k, from + e, k->line[e]);
	}
	return true;
}

/* ---- choosing ------------------------------------------------------------------------------------------------ */

/* Sets n of m bits, every choice as likely as any other. */
static void
choose(RtJob *k, RtWords *w, uint64_t m, uint64_t n)
{
	bool rather_not = n > m / 2;
	uint64_t left = rather_not ? m - n : n;
	memset(k->bits, rather_not ? 255 : 0, (m + 63) / 64 * 8);
	while (left) {
		uint64_t x = rt_below(w, m), bit = (uint64_t)1 << x % 64;
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
partners(RtJob *k, uint64_t of, uint64_t m, bool rows)
{
	RtWords w = rt_words_of(k, of);
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
	if (rows && !rt_need_line(k, k->count))
		return false;
	for (uint64_t n = 0; n < k->count; n++) {
		uint64_t x = but(rt_below(&w, m), self);
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
fixed_degree(RtJob *k, bool rows)
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
fixed_total_with_multapses(RtJob *k)
{
	for (int pass = 0; pass < 2; pass++) {
		RtWords w = rt_words_of(k, 0);
		k->places = pass;
		for (uint64_t n = 0; n < k->count; n++) {
			uint64_t i = rt_below(&w, k->npre), j;
			j = k->self ? rt_below(&w, k->npost) : but(rt_below(&w, k->npost - 1), i);
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
fixed_total_of_pairs(RtJob *k)
{
	RtWords w = rt_words_of(k, 0);
	uint64_t wanted = k->count, at = 0, each = k->npost - !k->self, left = k->npre * each;
	for (uint64_t i = 0; i < k->npre; i++) {
		for (uint64_t x = 0; x < each; x++, left--) {
			if (rt_below(&w, left) >= wanted)
				continue;
			rt_store_target(k, at++, k->self ? x : but(x, i));
			wanted--;
		}
		k->row[i + 1] = at;
	}
	return true;
}

/* Each pair with probability p: what lies between two of them is geometric. */
static bool
random_pairs(RtJob *k)
{
	double scale = k->p < 1 ? 1 / rt_log(1 - k->p) : 0;
	uint64_t at = 0;
	for (uint64_t i = 0; i < k->npre; i++) {
		RtWords w = rt_words_of(k, i);
		uint64_t m = k->npost - (!k->self && i < k->npost), self = k->self ? UINT64_MAX : i;
		for (uint64_t x = 0; k->p > 0; x++) {
			double u = ((double)(rt_next_word(&w) >> 11) + 1) * 0x1p-53, skipped = k->p < 1 ? rt_log(u) * scale : 0;
			if (skipped >= (double)(m - x))
				break;
			x += (uint64_t)skipped;
			if (at == k->room) {
				rt_fail(k->rt, "`%s`: chance gave more than the %llu synapses that there is room for; take another seed",
				        k->o->name, (unsigned long long)k->room);
				return false;
			}
			rt_store_target(k, at++, but(x, self));
		}
		k->row[i + 1] = at;
	}
	return true;
}

bool
rt_draw(RtJob *k, RtSynapses kind)
{
	switch (kind) {
	case RT_RANDOM: return random_pairs(k);
	case RT_INDEGREE: return fixed_degree(k, false);
	case RT_OUTDEGREE: return fixed_degree(k, true);
	case RT_TOTAL: return k->twice ? fixed_total_with_multapses(k) : fixed_total_of_pairs(k);
	case RT_COUNTED: case RT_PAIRS: case RT_MATRIX: case RT_UNKNOWN: break;
	}
	return false;
}
