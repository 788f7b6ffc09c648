/* lazy_units: the loops of the kernels that learn, as what they do to a synapse at a pre spike and at a post spike.
 *
 *     for k in 0 ..< i64(count[0]) {                                  for k in 0 ..< i64(count[0]) {
 *             let i = i64(list[0, k])                                         let j = i64(list[0, k])
 *             for j in lo ..< hi simd { w[i, j] = … }                         for i in 0 ..< n simd { w[i, j] = … }
 *     }                                                               }
 *
 * maybe under a condition on the count of the other side. With lists of synapses the inner loops go from row[i] to row[i + 1] and from
 * column[j] to column[j + 1], of which each names its synapse and its source.
 */
#include "opt/lazy.h"

typedef struct { Waiting *m; LazyUnit *u; PlanExpr **value; const char *why; } Read;

static PlanExpr *
stand_in(Plan *p, PlanType t, uint32_t id)
{
	PlanExpr *e = ARENA_NEW(p->arena, PlanExpr);
	*e = (PlanExpr){.kind = PEXPR_LOCAL, .type = t, .id = id};
	return e;
}

/* ---- one turn -------------------------------------------------------------------------------------------------- */

static PlanExpr *
with_values(Read *r, const PlanExpr *e)
{
	if (e->kind == PEXPR_LOCAL && r->value[e->id])
		return r->value[e->id];
	PlanExpr *copy = arena_copy(r->m->z.p->arena, e, sizeof *e);
	for (uint32_t k = 0; k < e->nops; k++)
		copy->op[k] = with_values(r, e->op[k]);
	return copy;
}

/* w[i, j], or w[e], of this turn. */
static bool
is_value(const Read *r, PlanExpr *const *index, uint32_t n)
{
	if (r->u->at != NO_ID)
		return n == 1 && is_local(index[0], r->u->at);
	return is_cell((const PlanExpr *const *)index, n, r->u->i, r->u->j);
}

/* select(old or new): w + select(c, e, 0) from select(c, w + e, w), so that what is added shows. */
static PlanExpr *
added(Read *r, PlanExpr *e)
{
	Plan *p = r->m->z.p;
	if (e->kind != PEXPR_SELECT || (e->op[1]->kind != PEXPR_ADD && e->op[1]->kind != PEXPR_SUB) || e->op[1]->op[0] != e->op[2])
		return e;
	PlanExpr *none = plan_float(p, e->type, 0);
	return plan_binary(p, e->op[1]->kind, e->op[2], plan_ternary(p, PEXPR_SELECT, e->op[0], e->op[1]->op[1], none));
}

/* Bounds around what is stored, the last one first. */
static PlanExpr *
without_bounds(Read *r, PlanExpr *e, LazyBoundVec *out)
{
	if (e->kind != PEXPR_SELECT || e->op[1]->kind != PEXPR_CONST)
		return e;
	const PlanExpr *test = e->op[0];
	bool is = (test->kind == PEXPR_LT || test->kind == PEXPR_GT) && test->op[0] == e->op[2] && same_expr(test->op[1], e->op[1]);
	if (!is)
		return e;
	PlanExpr *in = without_bounds(r, e->op[2], out);
	VEC_PUSH(r->m->z.p->arena, out, (LazyBound){test->kind, e->op[1]->value});
	return in;
}

static bool
are_bounds(Waiting *m, const LazyBoundVec *b)
{
	if (!m->bounds.n)
		m->bounds = *b;
	bool same = m->bounds.n == b->n;
	for (uint32_t k = 0; k < b->n && same; k++)
		same = m->bounds.at[k].test == b->at[k].test && m->bounds.at[k].value.i == b->at[k].value.i;
	return same;
}

static bool
read_store(Read *r, const PlanStmt *s)
{
	LazyBoundVec bounds = {0};
	if (s->id != r->m->z.w || !is_value(r, s->op, s->nops)) {
		r->why = "a state of the synapses changes with them";
		return false;
	}
	r->u->value = without_bounds(r, with_values(r, s->e), &bounds);
	r->u->clips = bounds.n;
	r->u->changes = r->u->value->kind != PEXPR_LOCAL || r->u->value->id != LAZY_W;
	if (bounds.n && !are_bounds(r->m, &bounds))
		r->why = "its bounds differ";
	return !r->why;
}

static bool
read_body(Read *r)
{
	PlanBlock b = r->u->loop->body;
	for (uint32_t k = 0; k < b.n; k++) {
		const PlanStmt *s = b.at[k];
		bool sets = s->kind == PSTMT_LET || s->kind == PSTMT_VAR || s->kind == PSTMT_SET;
		if (sets && s->e->kind == PEXPR_LOAD && s->e->id == r->m->z.w && is_value(r, s->e->op, s->e->nops))
			r->value[s->id] = stand_in(r->m->z.p, s->e->type, LAZY_W);
		else if (sets && r->value[s->id] && s->kind != PSTMT_SET)
			continue;                         /* which synapse and which neurons they are */
		else if (sets && !expr_reads(s->e, r->m->z.w))
			r->value[s->id] = added(r, with_values(r, s->e));
		else if (s->kind == PSTMT_STORE && k + 1 == b.n)
			return read_store(r, s);
		else if (s->kind != PSTMT_NOTE)
			break;
	}
	r->why = "its loops do more than to change the values";
	return false;
}

/* ---- which turns -------------------------------------------------------------------------------------------- */

/* i64(buf[index]) */
static uint32_t
place_of(const PlanExpr *e, const PlanExpr **index)
{
	if (e->kind != PEXPR_CAST || e->op[0]->kind != PEXPR_LOAD || e->op[0]->nops != 1)
		return NO_ID;
	*index = e->op[0]->op[0];
	return e->op[0]->id;
}

/* let x = i64(buf[by]): x */
static uint32_t
placed(const PlanStmt *loop, uint32_t k, uint32_t by, uint32_t *buf)
{
	const PlanExpr *index;
	const PlanStmt *s = k < loop->body.n ? loop->body.at[k] : NULL;
	if (!s || s->kind != PSTMT_LET || (*buf = place_of(s->e, &index)) == NO_ID || !is_local(index, by))
		return NO_ID;
	return s->id;
}

/* The targets of the synapses that `row` lists, if they are those of the values. */
static uint32_t
targets_of(const Waiting *m, uint32_t row)
{
	const Plan *p = m->z.p;
	for (uint32_t i = 0; i < p->objects.n; i++) {
		const PlanObject *o = &p->objects.at[i];
		if (o->kind == POBJ_SYNAPSES && o->nbufs > 1 && o->bufs[0] == row &&
		    p->bufs.at[o->bufs[1]].axis[0].extent == p->bufs.at[m->z.w].axis[0].extent)
			return o->bufs[1];
	}
	return NO_ID;
}

/* Which its target is may not be asked. */
static bool
of_row(Waiting *m, LazyUnit *u, uint32_t row, uint32_t neuron)
{
	uint32_t target, j = placed(u->loop, 0, u->loop->id, &target);
	*u = (LazyUnit){.i = neuron, .j = j, .at = u->loop->id, .loop = u->loop};
	m->z.target = targets_of(m, row);
	if (m->z.target == NO_ID || (m->z.row != NO_ID && m->z.row != row) || (j != NO_ID && target != m->z.target))
		return false;
	m->z.row = row;
	return true;
}

static bool
of_column(Waiting *m, LazyUnit *u, uint32_t neuron)
{
	uint32_t incoming, source, at = placed(u->loop, 0, u->loop->id, &incoming), i = placed(u->loop, 1, u->loop->id, &source);
	*u = (LazyUnit){.columns = true, .i = i, .j = neuron, .at = at, .loop = u->loop};
	if (at == NO_ID)
		return false;
	const PlanBuf *in = &m->z.p->bufs.at[incoming];
	return in->axis[0].kind == AXIS_SYNAPSE && in->axis[0].extent == m->z.p->bufs.at[m->z.w].axis[0].extent;
}

/* Which synapses the inner loop goes over, from the neuron that spiked. */
static bool
find_turns(Waiting *m, LazyUnit *u, uint32_t neuron)
{
	const PlanBuf *w = &m->z.p->bufs.at[m->z.w];
	const PlanStmt *loop = u->loop;
	if (w->naxes == 2) {
		const PlanStmt *store = loop->body.n ? loop->body.at[loop->body.n - 1] : NULL;
		if (!loop->simd || loop->step != 1 || !store || store->kind != PSTMT_STORE || store->nops != 2)
			return false;
		bool columns = is_local(store->op[1], neuron);
		*u = (LazyUnit){.columns = columns, .i = columns ? loop->id : neuron, .j = columns ? neuron : loop->id, .at = NO_ID, .loop = loop};
		return true;
	}
	const PlanExpr *index, *next;
	uint32_t bounds = place_of(loop->e, &index);
	if (bounds == NO_ID || place_of(loop->hi, &next) != bounds || !is_local(index, neuron) || next->kind != PEXPR_ADD ||
	    !is_local(next->op[0], neuron) || next->op[1]->kind != PEXPR_CONST || next->op[1]->value.i != 1)
		return false;
	return m->z.p->bufs.at[bounds].axis[0].kind == AXIS_PRE ? of_row(m, u, bounds, neuron) : of_column(m, u, neuron);
}

static bool
is_side(uint32_t *list, uint32_t *count, uint32_t its_list, uint32_t its_count)
{
	if (*list == NO_ID) {
		*list = its_list;
		*count = its_count;
	}
	return *list == its_list && *count == its_count;
}

static const char *
read_unit(Waiting *m, const PlanCode *code, const PlanStmt *s, uint32_t guard, bool some)
{
	Plan *p = m->z.p;
	uint32_t list = list_of(p, s);
	const PlanStmt *in = list == NO_ID ? NULL : s->body.at[1];
	if (in && in->kind == PSTMT_IF && in->body.n == 1 && !in->other.n)
		in = in->body.at[0];
	if (!in || in->kind != PSTMT_FOR)
		return "its kernels do more than to walk along rows and columns of spikes";
	LazyUnit u = {.loop = in};
	Read r = {m, &u, ARENA_ARRAY(p->arena, PlanExpr *, code->nlocals), NULL};
	if (!find_turns(m, &u, s->body.at[0]->id))
		return "its kernels do more than to walk along rows and columns of spikes";
	u.code = code;
	u.guard = guard;
	u.some = some;
	if (u.i != NO_ID)
		r.value[u.i] = stand_in(p, PT_I64, LAZY_I);
	if (u.j != NO_ID)
		r.value[u.j] = stand_in(p, PT_I64, LAZY_J);
	if (u.at != NO_ID)
		r.value[u.at] = stand_in(p, PT_I64, LAZY_AT);
	if (!read_body(&r))
		return r.why;
	bool same = u.columns ? is_side(&m->z.post_list, &m->z.post_count, list, count_of(s->hi))
			      : is_side(&m->z.pre_list, &m->z.pre_count, list, count_of(s->hi));
	VEC_PUSH(p->arena, &m->seen, u);
	return same ? NULL : "its spikes are of several layers";
}

/* ---- kernels ---------------------------------------------------------------------------------------------------- */

/* count[0] == 0, or != */
static uint32_t
asks_count(const Plan *p, const PlanExpr *e)
{
	bool is = (e->kind == PEXPR_EQ || e->kind == PEXPR_NE) && e->op[0]->kind == PEXPR_LOAD && e->op[0]->nops == 1 &&
		  p->bufs.at[e->op[0]->id].axis[0].kind == AXIS_BATCH && is_zero_index(e->op[1]);
	return is ? e->op[0]->id : NO_ID;
}

/* for n in lo ..< hi simd, which touches no value */
static bool
is_kept(const Waiting *m, const PlanStmt *s)
{
	return s->kind == PSTMT_FOR && s->simd && is_local(s->e, 0) && is_local(s->hi, 1) && !block_stores(s->body, m->z.w) &&
	       !block_reads(s->body, m->z.w);
}

static const char *
read_block(Waiting *m, uint32_t kernel, PlanBlock b, uint32_t guard, bool some)
{
	const PlanCode *code = m->z.p->codes.at[kernel];
	const char *why = NULL;
	for (uint32_t k = 0; k < b.n && !why; k++) {
		const PlanStmt *s = b.at[k];
		uint32_t count = s->kind == PSTMT_IF ? asks_count(m->z.p, s->e) : NO_ID;
		if (s->kind == PSTMT_NOTE)
			continue;
		if (count != NO_ID && guard == NO_ID) {
			bool yes = s->e->kind == PEXPR_NE;
			why = read_block(m, kernel, s->body, count, yes);
			why = why ? why : read_block(m, kernel, s->other, count, !yes);
		} else if (s->kind == PSTMT_IF && is_scalar_load(s->e) && !s->other.n && guard == NO_ID && m->unclipped == NO_ID) {
			m->unclipped = s->e->id;
		} else if (guard == NO_ID && is_kept(m, s)) {
			VEC_PUSH(m->z.p->arena, &m->kept, ((LazyKept){kernel, m->seen.n, false, b.at[k]}));
		} else {
			why = read_unit(m, code, s, guard, some);
		}
	}
	return why;
}

const char *
lazy_units(Waiting *m)
{
	const char *why = NULL;
	for (uint32_t k = 0; k < m->kernels.n && !why; k++)
		why = read_block(m, m->kernels.at[k], m->z.p->codes.at[m->kernels.at[k]]->body.at[0]->body, NO_ID, false);
	return why;
}
