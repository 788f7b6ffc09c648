/* hash.c: SipHash-2-4-128, with the key 0. */
#include "emit_llvm/hash.h"

#include <string.h>

typedef struct {
	uint64_t a, b, c, d;
} State;

static uint64_t
rotate(uint64_t x, int by)
{
	return x << by | x >> (64 - by);
}

static void
mix(State *s, int rounds)
{
	for (int i = 0; i < rounds; i++) {
		s->a += s->b;
		s->b = rotate(s->b, 13) ^ s->a;
		s->a = rotate(s->a, 32);
		s->c += s->d;
		s->d = rotate(s->d, 16) ^ s->c;
		s->a += s->d;
		s->d = rotate(s->d, 21) ^ s->a;
		s->c += s->b;
		s->b = rotate(s->b, 17) ^ s->c;
		s->c = rotate(s->c, 32);
	}
}

static void
take(State *s, uint64_t word)
{
	s->d ^= word;
	mix(s, 2);
	s->a ^= word;
}

Hash
hash_bytes(const void *p, size_t n)
{
	const char *at = p;
	State s = {0x736f6d6570736575u, 0x646f72616e646f6du ^ 0xee, 0x6c7967656e657261u,
		   0x7465646279746573u};
	uint64_t word;
	Hash h;
	for (size_t left = n; left >= 8; left -= 8, at += 8) {
		memcpy(&word, at, 8);
		take(&s, word);
	}
	word = 0;
	memcpy(&word, at, n % 8);
	take(&s, word | (uint64_t)n << 56);
	s.c ^= 0xee;
	mix(&s, 4);
	h.at[0] = s.a ^ s.b ^ s.c ^ s.d;
	s.b ^= 0xdd;
	mix(&s, 4);
	h.at[1] = s.a ^ s.b ^ s.c ^ s.d;
	return h;
}
