/* late_group: the kernels that take their steps together, and how many of their elements at once. */
#include "opt/late.h"

/* Bytes of the elements that take all steps of a block before the next ones do: they stay in the first cache. Each turn to others costs some ns. */
enum { NEAR = 16 << 10, ALL_NEAR = 32 << 10 /* as many are not worth a second piece */, LINE = 64 /* elements: pieces are multiples */ };

bool
late_is_in(const LatePart *m, uint32_t group)
{
	return m->core.n && !m->finds && m->group == group;
}

/* What one element has in a buffer, of one slot. */
static uint64_t
bytes_of(const PlanBuf *b, uint32_t axis)
{
	uint64_t n = plan_type_size(b->type);
	for (uint32_t k = 0; k < b->naxes; k++)
		n *= k == axis || b->axis[k].kind == AXIS_SLOT ? 1 : b->axis[k].extent;
	return n;
}

static uint64_t
bytes_of_group(const Late *l, uint32_t group)
{
	uint64_t bytes = 0;
	for (uint32_t buf = 0; buf < l->nbufs; buf++)
		for (uint32_t i = 0; i < l->parts.n; i++) {
			const TeamTouch *t = late_is_in(&l->parts.at[i], group) ? &l->parts.at[i].reach.touch[buf] : NULL;
			if (!t || !(t->reads || t->writes) || !t->own || t->by.row != NO_ID)
				continue;
			bytes += bytes_of(&l->p->bufs.at[buf], t->by.axis);
			break;
		}
	return bytes;
}

LateGroup
late_group(const Late *l, uint32_t group)
{
	LateGroup g = {.scale = 1};
	for (uint32_t i = 0; i < l->parts.n; i++) {
		const LatePart *m = &l->parts.at[i];
		if (!late_is_in(m, group))
			continue;
		g.scale = m->scale > g.scale ? m->scale : g.scale;
		if (m->scale == 1) {
			g.elements = l->p->codes.at[m->kernel]->range;
			g.name = m;
		}
	}
	g.bytes = g.elements * bytes_of_group(l, group);
	uint64_t tiles = (g.bytes + NEAR - 1) / NEAR, tile = tiles ? (g.elements + tiles - 1) / tiles : g.elements;
	uint64_t of = g.scale > LINE ? g.scale : LINE;
	g.tile = g.bytes <= ALL_NEAR ? 0 : (tile + of - 1) / of * of / g.scale;
	return g;
}

/* Whether what all cores of a step touch is too much for the first cache: else nothing is gained. */
bool
late_is_worth(const Late *l)
{
	uint64_t bytes = 0;
	for (uint32_t i = 0; i < l->parts.n; i++)
		bytes += late_group(l, i).bytes;
	return bytes > ALL_NEAR;
}
