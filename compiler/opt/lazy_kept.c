/* lazy_kept: loops over neurons that stand between those over synapses, such as conditions of post neurons, and stay. */
#include "opt/clone.h"
#include "opt/kernel.h"
#include "opt/lazy.h"

static bool
reads_any(PlanBlock reader, PlanBlock stored)
{
	for (uint32_t k = 0; k < stored.n; k++)
		if (stored.at[k]->kind == PSTMT_STORE && block_reads(reader, stored.at[k]->id))
			return true;
	return false;
}

/* Whether loops over synapses, of those from `from` on and before `to`, read what a loop stores. */
static bool
is_read(const Waiting *m, const LazyKept *k, uint32_t from, uint32_t to)
{
	for (uint32_t u = from; u < to; u++)
		if (reads_any(m->seen.at[u].loop->body, k->loop->body))
			return true;
	return false;
}

bool
lazy_keep(Waiting *m)
{
	bool behind = false;
	for (uint32_t k = 0; k < m->kept.n; k++) {
		LazyKept *s = &m->kept.at[k];
		behind = behind || is_read(m, s, 0, s->at);
		if (behind && is_read(m, s, s->at, m->seen.n))
			return false;
		s->behind = behind;
	}
	return true;
}

static void
keep_loops(Waiting *m, PlanEmit *out, uint32_t kernel, bool behind)
{
	Plan *p = m->z.p;
	const PlanCode *from = p->codes.at[kernel];
	uint32_t n = 0, id;
	for (uint32_t k = 0; k < m->kept.n; k++)
		n += m->kept.at[k].kernel == kernel && m->kept.at[k].behind == behind;
	if (!n)
		return;
	PlanEmit b = open_kernel(p, arena_printf(p->arena, "%s.%s", from->name, behind ? "behind" : "before"), from->range, &id);
	Clone c = {.p = p, .code = b.code, .n = from->nlocals, .from = from};
	c.map = ARENA_ARRAY(p->arena, PlanExpr *, from->nlocals);
	c.map[0] = lo(&b);
	c.map[1] = hi(&b);
	for (uint32_t k = 0; k < m->kept.n; k++)
		if (m->kept.at[k].kernel == kernel && m->kept.at[k].behind == behind)
			VEC_PUSH(p->arena, &b.v, clone_stmt(&c, m->kept.at[k].loop));
	close_kernel(&b);
	plan_emit_run(out, id);
}

void
lazy_run_kept(Waiting *m, PlanEmit *out, bool behind)
{
	for (uint32_t k = 0; k < m->kernels.n; k++)
		keep_loops(m, out, m->kernels.at[k], behind);
}
