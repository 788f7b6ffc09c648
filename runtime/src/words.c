/* words.c: the words that synapses are drawn from: those of Philox4x32-10 under the key of (seed, site), a function of nothing else. */
#include "synapses.h"

#include <string.h>

static uint64_t
splitmix64(uint64_t z)
{
	z += 0x9e3779b97f4a7c15u;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

void
rt_words_key(uint64_t seed, uint64_t site, uint32_t key[2])
{
	uint64_t k = splitmix64(splitmix64(splitmix64(seed) ^ site));
	key[0] = (uint32_t)k;
	key[1] = (uint32_t)(k >> 32);
}

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__)
__attribute__((target_clones("avx2", "default"), optimize("O3")))
#endif
static void
make_words(uint64_t *out, uint32_t n, uint64_t block, uint64_t object, const uint32_t *key)
{
	uint32_t k0 = key[0], k1 = key[1], c[4][RT_BLOCKS];
	for (uint32_t b = 0; b < RT_BLOCKS; b++) {
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

RtWords
rt_words_of(const RtJob *k, uint64_t object)
{
	RtWords w;
	w.key = k->key;
	w.object = object;
	w.block = 0;
	w.at = w.have = 0;
	w.more = 4;
	return w;
}

void
rt_words_more(RtWords *w)
{
	make_words(w->word, w->more, w->block, w->object, w->key);
	w->block += w->more;
	w->have = 2 * w->more;
	w->at = 0;
	w->more = w->more < RT_BLOCKS ? 2 * w->more : RT_BLOCKS;
}

/* log(x) = e log 2 + 2 atanh((m - 1) / (m + 1)), m between sqrt(1/2) and sqrt(2): the same on every machine. */
double
rt_log(double x)
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
