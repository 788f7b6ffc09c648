/* team_home: kernels that belong together, because they look at the same arrays and one of them writes these: a population with what
 * arrives there. What one thread does for all of a home stays in its caches, and homes tell each other nothing but who spiked.
 *
 * A list of spikes, which is what goes from home to home, makes no home of those that read it and who wrote it.
 */
#include "opt/query.h"
#include "opt/team.h"

/* var: locals that count what was found. list[0, found] = …, and behind it count[0] = u32(found): whoever reads them, in whatever form */
static void
mark_lists(const Plan *p, PlanBlock b, bool *var, bool *list)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *s = b.at[i];
		if (s->kind == PSTMT_VAR)
			var[s->id] = true;
		if (s->kind == PSTMT_STORE && s->nops == 2)
			list[s->id] = list[s->id] || (s->op[1]->kind == PEXPR_LOCAL && var[s->op[1]->id]);
		else if (s->kind == PSTMT_STORE && s->nops == 1 && p->bufs.at[s->id].axis[0].kind == AXIS_BATCH)
			list[s->id] = list[s->id] || (s->e->kind == PEXPR_CAST && s->e->op[0]->kind == PEXPR_LOCAL && var[s->e->op[0]->id]);
		mark_lists(p, s->body, var, list);
		mark_lists(p, s->other, var, list);
	}
}

static uint32_t
root_of(uint32_t *home, uint32_t i)
{
	while (home[i] != i)
		i = home[i] = home[home[i]];
	return i;
}

void
team_homes(const Plan *p, const TeamReach *const *reach, uint32_t n, uint32_t *home)
{
	bool *list = ARENA_ARRAY(p->arena, bool, p->bufs.n + 1);
	for (uint32_t c = 0; c < p->codes.n; c++)
		mark_lists(p, p->codes.at[c]->body, ARENA_ARRAY(p->arena, bool, p->codes.at[c]->nlocals + 1), list);
	for (uint32_t i = 0; i < n; i++)
		home[i] = i;
	for (uint32_t b = 0; b < p->bufs.n; b++) {
		uint32_t first = NO_ID;
		bool written = false;
		for (uint32_t i = 0; i < n; i++)
			written = written || reach[i]->touch[b].writes;
		for (uint32_t i = 0; i < n && written && !list[b]; i++) {
			if (!reach[i]->touch[b].reads && !reach[i]->touch[b].writes)
				continue;
			first = first == NO_ID ? i : first;
			home[root_of(home, i)] = root_of(home, first);
		}
	}
	for (uint32_t i = 0; i < n; i++)
		home[i] = root_of(home, i);
}
