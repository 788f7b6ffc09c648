/* plan_hash: what a run follows from, in 64 bits (Fowler, Noll, Vo: FNV-1a): the text of the plan, and the bits of its constants,
 * which may be too many for a text. */
#include "plan/plan_inner.h"

#include <inttypes.h>
#include <string.h>

static uint64_t
add(uint64_t h, const void *p, size_t n)
{
	const unsigned char *at = p;
	for (size_t i = 0; i < n; i++)
		h = (h ^ at[i]) * 0x100000001b3;
	return h;
}

const char *
plan_hash(const Plan *p)
{
	return p->hash ? p->hash : plan_text_hash(p);
}

const char *
plan_text_hash(const Plan *p)
{
	Plan bare = *p;
	StrBuf text = strbuf_init(p->arena);
	uint64_t h = 0xcbf29ce484222325;
	bare.bufs.at = ARENA_ARRAY(p->arena, PlanBuf, p->bufs.n + 1);
	for (uint32_t i = 0; i < p->bufs.n; i++) {
		const PlanBuf *b = &p->bufs.at[i];
		bare.bufs.at[i] = *b;
		bare.bufs.at[i].data = NULL;
		bare.bufs.at[i].pitch = 0;                /* where values lie changes none of them, and no file */
		if (b->data)
			h = add(h, b->data, plan_buf_count(b) * sizeof *b->data);
	}
	plan_print(&text, &bare);
	h = add(h, strbuf_text(&text), text.n);
	return arena_printf(p->arena, "%016" PRIx64, h);
}
