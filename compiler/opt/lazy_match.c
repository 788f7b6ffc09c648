/* lazy_match: whether kernels that learn may put off what post spikes do.
 *
 *   if learning[] {
 *           rows: w changes in any way where the pre neuron has spiked
 *           columns: w += sum of c * x[i] * y[j] * …  where the post neuron has        in any order, any number of them
 *           the bounds of w, behind the last change, if it has some
 *           if unclipped[] { bounds of all }
 *   }
 *
 * in one kernel or in several behind each other; a loop may stand there twice, with bounds where no neuron of the other side has spiked, and
 * without. x is a trace of the pre neuron that decays. Between two of its spikes w then only grows (or only falls), so one clip at the
 * end of them is as good as one behind each.
 */
#include "opt/lazy.h"

/* ---- kernels ------------------------------------------------------------------------------------------------- */

static bool
is_when_learning(const Waiting *m, const PlanCode *c)
{
	if (c->kind != CODE_KERNEL || c->body.n != 1)
		return false;
	const PlanStmt *s = c->body.at[0];
	return s->kind == PSTMT_IF && !s->other.n && is_scalar_load(s->e) && s->e->id == plan_find_buf(m->z.p, "learning");
}

/* From the first of a step that stores to w to the last. */
static bool
find_kernels(Waiting *m)
{
	Plan *p = m->z.p;
	uint32_t step = plan_find_code(p, "step"), first = 0, n = 0;
	bool *learns = ARENA_ARRAY(p->arena, bool, p->codes.n);
	PlanBlock b = step == NO_ID ? (PlanBlock){NULL, 0} : p->codes.at[step]->body;
	for (uint32_t i = 0; i < b.n; i++)
		if (b.at[i]->kind == PSTMT_RUN && block_stores(p->codes.at[b.at[i]->id]->body, m->z.w)) {
			first = n ? first : i;
			n = i + 1 - first;
		}
	for (uint32_t i = first; i < first + n; i++) {
		if (b.at[i]->kind == PSTMT_NOTE)
			continue;
		if (b.at[i]->kind != PSTMT_RUN || learns[b.at[i]->id] || !is_when_learning(m, p->codes.at[b.at[i]->id]))
			return false;
		learns[b.at[i]->id] = true;
		VEC_PUSH(p->arena, &m->kernels, b.at[i]->id);
	}
	if (!n)
		return false;
	m->z.kernel = m->kernels.at[0];
	m->z.learns = learns;
	m->learning = p->codes.at[m->z.kernel]->body.at[0]->e;
	return true;
}

/* ---- the order of the loops -------------------------------------------------------------------------------------- */

/* Whether a loop is there when `quiet`, a count of spikes, is zero and other ones are not. */
static bool
is_there(const LazyUnit *u, uint32_t quiet)
{
	return u->guard == NO_ID || u->some == (u->guard != quiet);
}

/* What one side does: with the other one quiet the same as in company, and bounds behind all of it. */
static bool
is_same_alone(const Waiting *m, bool columns, uint32_t quiet)
{
	uint32_t k = 0;
	bool clips = true;
	for (uint32_t u = 0; u < m->seen.n; u++) {
		const LazyUnit *s = &m->seen.at[u];
		if (s->columns != columns || !is_there(s, quiet))
			continue;
		while (k < m->units.n && m->units.at[k].columns != columns)
			k++;
		if (s->changes && (k == m->units.n || !same_expr(s->value, m->units.at[k++].value)))
			return false;
		if (s->changes || s->clips)
			clips = s->clips;
	}
	while (k < m->units.n && m->units.at[k].columns != columns)
		k++;
	return k == m->units.n && (clips || !m->bounds.n);
}

static const char *
order(Waiting *m)
{
	bool clipped = false, ends[2] = {true, true};
	for (uint32_t u = 0; u < m->seen.n; u++) {
		const LazyUnit *s = &m->seen.at[u];
		if (!is_there(s, NO_ID))
			continue;
		if (s->changes && clipped)
			return "its bounds are kept between its changes";
		if (s->changes)
			VEC_PUSH(m->z.p->arena, &m->units, *s);
		ends[s->columns] = s->clips;
		clipped = clipped || s->clips;
	}
	if (m->bounds.n && !(ends[0] && ends[1]))
		return "its bounds are not kept in each step";
	if (!is_same_alone(m, false, m->z.post_count) || !is_same_alone(m, true, m->z.pre_count))
		return "what is done at spikes of one side depends on the other one";
	return NULL;
}

/* ---- the flag of values that may be out of bounds ----------------------------------------------------------------- */

/* It is set outside of steps alone. */
static bool
is_lowered_only(const Plan *p, PlanBlock b, uint32_t flag)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *s = b.at[i];
		if (s->kind == PSTMT_STORE && s->id == flag && (s->e->kind != PEXPR_CONST || s->e->value.i))
			return false;
		if ((s->kind == PSTMT_RUN || s->kind == PSTMT_DO) && !is_lowered_only(p, p->codes.at[s->id]->body, flag))
			return false;
		if (!is_lowered_only(p, s->body, flag) || !is_lowered_only(p, s->other, flag))
			return false;
	}
	return true;
}

/* ---- the match --------------------------------------------------------------------------------------------------- */

static bool
has_columns(const Waiting *m)
{
	for (uint32_t k = 0; k < m->seen.n; k++)
		if (m->seen.at[k].columns)
			return true;
	return false;
}

const char *
lazy_match(Waiting *m)
{
	Plan *p = m->z.p;
	m->z.row = m->z.target = m->z.pre_list = m->z.post_list = m->z.pre_count = m->z.post_count = m->unclipped = NO_ID;
	if (!find_kernels(m))
		return "";
	const char *why = lazy_units(m);
	if (!has_columns(m))
		return "";
	if (why)
		return why;
	if (m->z.pre_list == NO_ID && !lazy_readers(&m->z))
		return "nobody reads the rows of pre spikes";
	if ((why = order(m)))
		return why;
	if (!lazy_keep(m))
		return "what its loops read changes between them";
	if (!lazy_flags(&m->z))
		return "the spikes of a step are not those of its lists";
	if (!lazy_place(&m->z))
		return "something else looks at the values in each step, or more often than every 8 steps";
	if (m->unclipped != NO_ID && !is_lowered_only(p, p->codes.at[m->z.step]->body, m->unclipped))
		return "its bounds are not kept in each step";
	return lazy_growth(m);
}
