/* foresee_count: whether a loop does nothing to a neuron in most steps but count down to its next spike. */
#include "opt/foresee.h"
#include "opt/query.h"

#include <math.h>

/* ---- expressions that a run leaves as they are ---------------------------------------------------------------------- */

/* table[j]: a value that the program gives each neuron. */
static bool
is_given(const Foresee *f, const PlanExpr *e)
{
	return e->nops == 1 && is_local(e->op[0], f->loop->id) && f->p->bufs.at[e->id].role == ROLE_CONST;
}

/* The same in all steps of a run for the same neuron; loads are of own elements or scalars, so that they may be done at any time. */
static bool
is_still(const Foresee *f, const PlanExpr *e)
{
	e = meaning(f->defs, e);
	if (e->kind == PEXPR_LOCAL)
		return e->id == f->loop->id;
	if (e->kind == PEXPR_MASK || (e->kind == PEXPR_LOAD && (!f->kept[e->id] || !(e->nops == 0 || is_own(f->p, e, f->loop->id) || is_given(f, e)))))
		return false;
	for (uint32_t k = 0; k < e->nops; k++)
		if (!is_still(f, e->op[k]))
			return false;
	return true;
}

/* With what locals stand for in their place. */
static PlanExpr *
expand(const Foresee *f, const PlanExpr *e)
{
	PlanExpr *copy = arena_copy(f->p->arena, meaning(f->defs, e), sizeof *e);
	for (uint32_t k = 0; k < copy->nops; k++)
		copy->op[k] = expand(f, copy->op[k]);
	return copy;
}

/* ---- the countdown --------------------------------------------------------------------------------------------------- */

typedef struct {
	Foresee *f;
	bool *late;                                       /* per local: a LET that read `left` behind its decrement */
	bool counted;                                     /* the decrement was met */
	uint32_t depth, guards;                           /* branches that a run leaves as they are: around here, met */
	uint32_t around[2], inside;                       /* decrements and events by depth; events */
	bool draws;
} Count;

/* left < K, left <= K, or K on the other side: a turn in which it holds is one in which something happens. */
static bool
is_event(Count *c, const PlanExpr *cond)
{
	Foresee *f = c->f;
	bool late = cond->kind == PEXPR_LOCAL && f->defs[cond->id] ? c->late[cond->id] : c->counted;
	const PlanExpr *e = meaning(f->defs, cond);
	bool below = e->kind == PEXPR_LT || e->kind == PEXPR_LE, above = e->kind == PEXPR_GT || e->kind == PEXPR_GE;
	if (!below && !above)
		return false;
	const PlanExpr *left = e->op[below ? 0 : 1], *k = meaning(f->defs, e->op[below ? 1 : 0]);
	if (!is_local(left, f->left) || k->kind != PEXPR_CONST || !(fabs(k->value.f) <= 1 << 20) || floor(k->value.f) != k->value.f)
		return false;
	f->bound = fmax(f->bound, k->value.f + late);
	return true;
}

/* left = left - 1 */
bool
foresee_is_decrement(const PlanStmt *s, uint32_t left)
{
	return s->kind == PSTMT_SET && s->id == left && s->e->kind == PEXPR_SUB && is_local(s->e->op[0], left) && s->e->op[1]->kind == PEXPR_CONST &&
	       s->e->op[1]->value.f == 1;
}

static bool counts_down(Count *c, PlanBlock b);

static bool
counts_in_branch(Count *c, const PlanStmt *s)
{
	Foresee *f = c->f;
	if (s->other.n)
		return false;
	if (is_event(c, s->e)) {
		c->inside++;
		c->around[c->depth]++;
		c->draws |= block_calls(s->body);
		return !block_stores(s->body, ANY_BUFFER);
	}
	if (!is_still(f, s->e) || c->depth)
		return false;
	f->guard = expand(f, s->e);
	c->guards++;
	c->depth++;
	bool ok = counts_down(c, s->body);
	c->depth--;
	return ok;
}

/* All that is done outside of events, which themselves may do anything but store. */
static bool
counts_down(Count *c, PlanBlock b)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *s = b.at[i];
		switch (s->kind) {
		case PSTMT_LET:
			c->late[s->id] = c->counted;
			break;
		case PSTMT_VAR: case PSTMT_NOTE:
			break;
		case PSTMT_SET:
			if (c->counted || !foresee_is_decrement(s, c->f->left))
				return false;
			c->counted = true;
			c->around[c->depth]++;
			break;
		case PSTMT_IF:
			if (!counts_in_branch(c, s))
				return false;
			break;
		case PSTMT_STORE:
			if (c->depth)
				return false;
			break;
		default:
			return false;
		}
	}
	return true;
}

bool
foresee_counts(Foresee *f)
{
	f->bound = 1;                                     /* what is less, 1 is not taken off exactly */
	Count c = {.f = f, .late = ARENA_ARRAY(f->p->arena, bool, f->code->nlocals)};
	if (!counts_down(&c, (PlanBlock){f->loop->body.at, f->cut}) || !c.counted || !c.inside || !c.draws)
		return false;
	return c.guards <= 1 && !c.around[!c.guards];    /* all happens in the one branch that there is, or there is none */
}
