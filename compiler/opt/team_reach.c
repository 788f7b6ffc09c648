/* team_reach: which elements of which buffers the parts of a kernel touch.
 *
 * A turn's own are: elements at the variable of a loop over lo ..< hi, or over a piece of it, or over c * lo ..< c * hi; or at a value that
 * a condition keeps between lo and hi;
 * or from + k with k below the step of a loop from lo to lo + (hi - lo & -step);
 * `scale` elements from scale * i on, at a constant or a variable below one, which is how draws by blocks are stored; and the
 * synapses of row i. Parts with the same cuts that touch only their own do not meet each other there. All else is touched by anybody.
 */
#include "opt/query.h"
#include "opt/team.h"

enum { NO_ROW = UINT32_MAX };

/* What becomes of a local: nothing; some of its bits; anything. */
typedef enum { STAYS, NARROWS, MOVES } Becomes;

typedef struct {
	Plan *p;
	const PlanCode *c;
	TeamReach *out;
	TeamOwn *own;                                     /* by local */
	const PlanExpr **value;                           /* by local: what a LET is, or a VAR begins with */
	Becomes *becomes;                                 /* by local */
	uint32_t *edge[2];                                /* by local: c, if it is c * lo or more; if it is c * hi or less; 0: neither */
	uint32_t count;                                   /* of the list that the loop around goes along */
	int64_t *piece, *below;                           /* by local: begins as many turns that are all the part's own; is from 0 to below this */
	bool dense;                                       /* some loop goes over the whole range */
} Reach;

static void
mark_becomes(PlanBlock b, Becomes *becomes)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *s = b.at[i];
		bool narrows = s->kind == PSTMT_SET && s->e->kind == PEXPR_AND && (is_local(s->e->op[0], s->id) || is_local(s->e->op[1], s->id));
		if (s->kind == PSTMT_SET && (!narrows || becomes[s->id] == STAYS))
			becomes[s->id] = narrows ? NARROWS : MOVES;
		mark_becomes(s->body, becomes);
		mark_becomes(s->other, becomes);
	}
}

static bool
is_own_local(const Reach *r, const PlanExpr *e)
{
	return e->kind == PEXPR_LOCAL && r->own[e->id].scale;
}

/* scale * hi */
static bool
is_end(const PlanExpr *e, uint32_t scale)
{
	if (scale == 1)
		return is_local(e, 1);
	return e->kind == PEXPR_MUL && is_local(e->op[0], 1) && e->op[1]->kind == PEXPR_CONST && e->op[1]->value.i == scale;
}

/* The bits of flags from q on, where q and all behind it up to the end belong to the part. */
static bool
is_own_mask(const Reach *r, const PlanExpr *e)
{
	if (e->kind != PEXPR_MASK || e->nops < 2)
		return false;
	const PlanExpr *from = e->op[e->nops - 2], *n = e->op[e->nops - 1];
	return is_own_local(r, from) && n->kind == PEXPR_SUB && is_end(n->op[0], r->own[from->id].scale) && is_local(n->op[1], from->id);
}

/* q + i64(ctz(bits)), of such bits */
static bool
is_bit(const Reach *r, const PlanExpr *e)
{
	if (e->kind != PEXPR_ADD || !is_own_local(r, e->op[0]) || e->op[1]->kind != PEXPR_CAST || e->op[1]->op[0]->kind != PEXPR_CTZ)
		return false;
	const PlanExpr *bits = e->op[1]->op[0]->op[0];
	const PlanExpr *v = bits->kind == PEXPR_LOCAL && r->becomes[bits->id] != MOVES ? r->value[bits->id] : NULL;
	return v && is_own_mask(r, v) && is_local(v->op[v->nops - 2], e->op[0]->id);
}

static TeamOwn
own_of(const Reach *r, const PlanExpr *e)
{
	TeamOwn none = {0};
	if (e->kind == PEXPR_LOCAL)
		return r->own[e->id];
	if (is_bit(r, e))
		return r->own[e->op[0]->id];
	if (e->kind == PEXPR_MUL && e->op[1]->kind == PEXPR_CONST && is_own_local(r, e->op[0])) {
		TeamOwn o = r->own[e->op[0]->id];
		bool ok = o.scale == 1 && o.row == NO_ROW && e->op[1]->value.i > 0 && e->op[1]->value.i <= TEAM_WIDEST;
		return ok ? (TeamOwn){.scale = (uint32_t)e->op[1]->value.i, .row = NO_ROW} : none;
	}
	if (e->kind == PEXPR_ADD && e->op[0]->kind == PEXPR_LOCAL && e->op[1]->kind == PEXPR_LOCAL && r->below[e->op[1]->id] > 0 &&
	    r->below[e->op[1]->id] <= r->piece[e->op[0]->id])
		return (TeamOwn){.scale = 1, .row = NO_ROW};
	bool some = e->kind == PEXPR_ADD && e->op[1]->kind == PEXPR_LOCAL && r->below[e->op[1]->id] > 0;   /* any of the next few */
	if (some || (e->kind == PEXPR_ADD && e->op[1]->kind == PEXPR_CONST)) {
		TeamOwn o = own_of(r, e->op[0]);
		int64_t more = some ? r->below[e->op[1]->id] - 1 : e->op[1]->value.i;
		if (!o.scale || o.row != NO_ROW || more < 0 || more + o.offset >= o.scale)
			return none;
		o.offset += (uint32_t)more;
		return o;
	}
	return none;
}

static void
note_touch(Reach *r, uint32_t buf, PlanExpr *const *index, uint32_t n, bool write)
{
	if (plan_buf_in_frame(&r->p->bufs.at[buf]))
		return;
	TeamTouch *t = &r->out->touch[buf];
	TeamOwn by = {0};
	for (uint32_t k = 0; k < n && !by.scale; k++) {
		by = own_of(r, index[k]);
		by.axis = k;
	}
	by.offset = 0;
	bool first = !t->reads && !t->writes;
	bool same = first || (t->by.scale == by.scale && t->by.axis == by.axis && t->by.row == by.row);
	t->own = (first || t->own) && by.scale && same;
	t->by = by;
	t->reads |= !write;
	t->writes |= write;
	if (t->own && by.scale > r->out->scale)
		r->out->scale = by.scale;
}

static void
reach_expr(Reach *r, const PlanExpr *e)
{
	if (!e)
		return;
	for (uint32_t k = 0; k < e->nops; k++)
		reach_expr(r, e->op[k]);
	if (e->kind == PEXPR_LOCAL && e->id < 2)
		r->out->uses_range = true;
	if (e->kind == PEXPR_LOAD)
		note_touch(r, e->id, e->op, e->nops, false);
	if (e->kind == PEXPR_MASK)
		note_touch(r, e->id, e->op, is_own_mask(r, e) ? e->nops - 1 : 0, false);
}

/* x >= lo & x < hi: x; else NO_ID */
static uint32_t
guarded(const Reach *r, const PlanExpr *e)
{
	if (e->kind != PEXPR_AND || e->op[0]->kind != PEXPR_GE || e->op[1]->kind != PEXPR_LT)
		return NO_ID;
	const PlanExpr *x = e->op[0]->op[0];
	bool ok = x->kind == PEXPR_LOCAL && is_local(e->op[0]->op[1], 0) && is_local(e->op[1]->op[1], 1) && is_local(e->op[1]->op[0], x->id);
	return ok && r->becomes[x->id] == STAYS ? x->id : NO_ID;
}

/* i64(row[i]), i64(row[i + 1]): the buffer of rows, if i is a turn's own; i64(row[lo]), i64(row[hi]): all of them */
static uint32_t
row_of(const Reach *r, const PlanStmt *s)
{
	const PlanExpr *a = s->e, *b = s->hi;
	if (a->kind != PEXPR_CAST || b->kind != PEXPR_CAST || a->op[0]->kind != PEXPR_LOAD || b->op[0]->kind != PEXPR_LOAD)
		return NO_ID;
	a = a->op[0];
	b = b->op[0];
	if (a->id == b->id && a->nops == 1 && is_local(a->op[0], 0) && is_local(b->op[0], 1))
		return a->id;
	if (a->id != b->id || a->nops != 1 || b->nops != 1 || !is_own_local(r, a->op[0]) || r->own[a->op[0]->id].scale != 1 ||
	    r->own[a->op[0]->id].row != NO_ROW)
		return NO_ID;
	const PlanExpr *next = b->op[0];
	bool ok = next->kind == PEXPR_ADD && is_local(next->op[0], a->op[0]->id) && next->op[1]->kind == PEXPR_CONST && next->op[1]->value.i == 1;
	return ok ? a->id : NO_ID;
}

/* ---- pieces of the range ---------------------------------------------------------------------------- */

enum { BEGIN, END };

static bool
is_smaller_of(const PlanExpr *e)
{
	return e->kind == PEXPR_SELECT && e->op[0]->kind == PEXPR_LT && same_expr(e->op[0]->op[0], e->op[1]) && same_expr(e->op[0]->op[1], e->op[2]);
}

int64_t
team_whole_steps(const PlanExpr *e)
{
	if (e->kind != PEXPR_ADD || !is_local(e->op[0], 0) || e->op[1]->kind != PEXPR_AND || e->op[1]->op[1]->kind != PEXPR_CONST)
		return 0;
	const PlanExpr *n = e->op[1]->op[0];
	int64_t step = -e->op[1]->op[1]->value.i;
	bool power = step > 0 && (step & (step - 1)) == 0;
	return power && n->kind == PEXPR_SUB && is_local(n->op[0], 1) && is_local(n->op[1], 0) ? step : 0;
}

static int64_t
whole_steps(const Reach *r, const PlanExpr *e)
{
	bool named = e->kind == PEXPR_LOCAL && e->id >= 2 && r->becomes[e->id] == STAYS && r->value[e->id];
	return team_whole_steps(named ? r->value[e->id] : e);
}

static uint32_t
edge_of(const Reach *r, const PlanExpr *e, int which)
{
	if (whole_steps(r, e))
		return 1;
	if (e->kind == PEXPR_LOCAL)
		return e->id < 2 ? e->id == (uint32_t)which : r->becomes[e->id] == STAYS ? r->edge[which][e->id] : 0;
	if (e->kind == PEXPR_MUL && e->op[1]->kind == PEXPR_CONST) {
		uint32_t c = edge_of(r, e->op[0], which);
		int64_t by = e->op[1]->value.i;
		return c && by > 0 && by <= TEAM_WIDEST / c ? c * (uint32_t)by : 0;
	}
	if (which == END && is_smaller_of(e)) {
		uint32_t c = edge_of(r, e->op[1], which);
		return c ? c : edge_of(r, e->op[2], which);
	}
	return 0;
}

static void
note_edges(Reach *r, const PlanStmt *let)
{
	for (int which = BEGIN; which <= END; which++)
		r->edge[which][let->id] = edge_of(r, let->e, which);
}

static void reach_block(Reach *r, PlanBlock b);

static void
reach_for(Reach *r, const PlanStmt *s)
{
	uint32_t count = r->count, row, begin = edge_of(r, s->e, BEGIN);
	r->edge[BEGIN][s->id] = begin;
	r->piece[s->id] = is_local(s->e, 0) && s->step > 1 && whole_steps(r, s->hi) == s->step ? s->step : 0;
	r->below[s->id] = s->e->kind == PEXPR_CONST && s->e->value.i >= 0 && s->hi->kind == PEXPR_CONST ? s->hi->value.i : 0;
	if (begin && begin == edge_of(r, s->hi, END)) {
		r->own[s->id] = (TeamOwn){.scale = begin, .offset = begin - 1, .row = NO_ROW};   /* each of them: what comes behind may be another's */
		r->dense = true;
	} else if ((row = row_of(r, s)) != NO_ID)
		r->own[s->id] = (TeamOwn){.scale = 1, .row = row};
	if (count_of(s->hi) != NO_ID)
		r->count = count_of(s->hi);
	reach_block(r, s->body);
	r->count = count;
}

/* Inside of the condition x is the part's own; if x is the next of a list, the range may be cut at the events of that. */
static void
reach_if(Reach *r, const PlanStmt *s)
{
	uint32_t x = guarded(r, s->e);
	TeamOwn before = {0};
	if (x != NO_ID) {
		const PlanExpr *v = r->value[x];
		before = r->own[x];
		r->own[x] = (TeamOwn){.scale = 1, .row = NO_ROW};
		bool event = v && v->kind == PEXPR_CAST && v->op[0]->kind == PEXPR_LOAD && v->op[0]->nops == 2 && r->count != NO_ID &&
			     r->p->bufs.at[v->op[0]->id].axis[0].extent == 1 && r->p->bufs.at[v->op[0]->id].role == ROLE_DERIVED;
		if (event && r->out->list == NO_ID) {
			r->out->list = v->op[0]->id;
			r->out->count = r->count;
		}
	}
	reach_block(r, s->body);
	if (x != NO_ID)
		r->own[x] = before;
	reach_block(r, s->other);
}

static void
reach_stmt(Reach *r, const PlanStmt *s)
{
	reach_expr(r, s->e);
	reach_expr(r, s->hi);
	for (uint32_t k = 0; k < s->nops; k++)
		reach_expr(r, s->op[k]);
	switch (s->kind) {
	case PSTMT_STORE:
		note_touch(r, s->id, s->op, s->nops, true);
		return;
	case PSTMT_LET:
		note_edges(r, s);
		r->own[s->id] = own_of(r, s->e);
		r->value[s->id] = s->e;
		return;
	case PSTMT_VAR:
		r->value[s->id] = s->e;
		return;
	case PSTMT_FOR:
		reach_for(r, s);
		return;
	case PSTMT_IF:
		reach_if(r, s);
		return;
	default:
		reach_block(r, s->body);
		reach_block(r, s->other);
		return;
	}
}

static void
reach_block(Reach *r, PlanBlock b)
{
	for (uint32_t i = 0; i < b.n; i++)
		reach_stmt(r, b.at[i]);
}

TeamReach
team_reach(Plan *p, const PlanCode *kernel)
{
	TeamReach out = {.list = NO_ID, .count = NO_ID, .scale = 1};
	out.touch = ARENA_ARRAY(p->arena, TeamTouch, p->bufs.n + 1);
	Reach r = {.p = p, .c = kernel, .out = &out, .count = NO_ID};
	r.own = ARENA_ARRAY(p->arena, TeamOwn, kernel->nlocals + 1);
	r.value = ARENA_ARRAY(p->arena, const PlanExpr *, kernel->nlocals + 1);
	r.piece = ARENA_ARRAY(p->arena, int64_t, kernel->nlocals + 1);
	r.below = ARENA_ARRAY(p->arena, int64_t, kernel->nlocals + 1);
	r.becomes = ARENA_ARRAY(p->arena, Becomes, kernel->nlocals + 1);
	for (int which = BEGIN; which <= END; which++)
		r.edge[which] = ARENA_ARRAY(p->arena, uint32_t, kernel->nlocals + 1);
	mark_becomes(kernel->body, r.becomes);
	reach_block(&r, kernel->body);
	if (r.dense)
		out.list = out.count = NO_ID;
	return out;
}
