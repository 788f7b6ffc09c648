/* lower_update: C of a step for rules in general: any statements, states that vary over pre neurons, post neurons,
 * synapses or the connection alone, averages of changes, any reduction over the batch.
 *
 * A rule means: its statements in order, each for all its instances and items before the next. Statements inside an `if`,
 * `on pre` or `on post` become statements with a condition; what a `let` or a condition holds is kept in memory. A
 * statement loops over what its target varies over; statements in a row that a range of post neurons can do on its own
 * share a kernel. A change of the value is reduced over the items in order, then applied once.
 */
#include "base/panic.h"
#include "lower/lower_inner.h"

#include <math.h>

/* A state of the rule that only this step sees: a `let`, or the condition of an `if`. */
typedef struct { NetType type; NetVaries place; uint32_t buf; } Hidden;

typedef struct {
	const NetExpr *target;                            /* STATE or VALUE; NULL: hidden */
	uint32_t hidden;
	NetAssignOp op;
	const NetExpr *e, *mask;                          /* mask NULL: always */
	NetVaries place;
	Span span;
} Flat;

typedef struct {
	Lower *l;
	uint32_t conn, feature;
	const NetConn *c;
	const NetFeature *f;
	const NetRule *r;
	LowFeature *low;
	uint64_t npre, npost;
	VEC(Hidden) hidden;
	VEC(NetVaries) over;                                /* of hidden */
	VEC(Flat) flat;
	uint32_t first;                                   /* hidden of the first local of the code that is read */
	uint32_t ring_at;                                 /* i64 []: where the next change goes */
	PlanEmit *b;                                      /* in the kernel, while learning */
	PlanExpr *lo, *hi;
	const LowIndex *at;                               /* patterns: of the value at work; NULL: [pre, post] */
} Update;

/* ---- statements in a row ------------------------------------------------------------------------- */

static NetExpr *
new_expr(Update *u, NetExprKind kind, NetType type, Span at)
{
	NetExpr *e = ARENA_NEW(u->l->a, NetExpr);
	e->kind = kind;
	e->type = type;
	e->span = at;
	return e;
}

static const NetExpr *
read_hidden(Update *u, uint32_t hidden, Span at)
{
	NetExpr *e = new_expr(u, NEXPR_LOCAL, u->hidden.at[hidden].type, at);
	e->index = hidden;
	return e;
}

/* A copy whose locals are hidden ones. */
static NetExpr *
moved(Update *u, const NetExpr *e)
{
	if (!e)
		return NULL;
	NetExpr *copy = arena_copy(u->l->a, e, sizeof *e);
	if (e->kind == NEXPR_LOCAL)
		copy->index += u->first;
	for (int i = 0; i < 3; i++)
		copy->op[i] = moved(u, e->op[i]);
	return copy;
}

static NetVaries
over(Update *u, const NetExpr *e)
{
	return net_varies(u->r, u->over.at, e);
}

static uint32_t
add_hidden(Update *u, NetType type, NetVaries place)
{
	VEC_PUSH(u->l->a, &u->hidden, (Hidden){type, place, NO_BUF});
	VEC_PUSH(u->l->a, &u->over, place);
	return u->hidden.n - 1;
}

static void
set_hidden(Update *u, uint32_t hidden, const NetExpr *e, NetVaries place, Span at)
{
	u->hidden.at[hidden].place = u->over.at[hidden] = place;
	VEC_PUSH(u->l->a, &u->flat, (Flat){.hidden = hidden, .e = e, .place = place, .span = at});
}

/* A condition that statements behind it may read although what it reads has changed. */
static const NetExpr *
keep_condition(Update *u, const NetExpr *mask, const NetExpr *c, bool negated, Span at)
{
	NetExpr *e = arena_copy(u->l->a, c, sizeof *c);
	if (negated) {
		NetExpr *not = new_expr(u, NEXPR_UNARY, NT_BOOL, at);
		not->op_kind = NOP_NOT;
		not->op[0] = e;
		e = not;
	}
	if (mask) {
		NetExpr *both = new_expr(u, NEXPR_BINARY, NT_BOOL, at);
		both->op_kind = NOP_AND;
		both->op[0] = arena_copy(u->l->a, mask, sizeof *mask);
		both->op[1] = e;
		e = both;
	}
	uint32_t h = add_hidden(u, NT_BOOL, NPLACE_CONNECTION);
	set_hidden(u, h, e, over(u, e), at);
	return read_hidden(u, h, at);
}

static void
flatten(Update *u, const NetBlock *b, const NetExpr *mask)
{
	for (uint32_t i = 0; i < b->n; i++) {
		const NetStmt *s = b->at[i];
		const NetExpr *e = moved(u, s->e);
		switch (s->kind) {
		case NSTMT_ASSIGN: {
			bool value = s->target->kind == NEXPR_VALUE;
			NetVaries place = value ? NPLACE_SYNAPSE : u->r->states.at[s->target->index].place;
			VEC_PUSH(u->l->a, &u->flat, (Flat){s->target, 0, s->op, e, mask, place, s->span});
			continue;
		}
		case NSTMT_LET:
			set_hidden(u, u->first + s->index, e, over(u, e), s->span);
			continue;
		case NSTMT_IF: {
			const NetExpr *yes = keep_condition(u, mask, e, false, s->span);
			const NetExpr *no = s->other.n ? keep_condition(u, mask, e, true, s->span) : NULL;
			flatten(u, &s->body, yes);
			flatten(u, &s->other, no);
			continue;
		}
		case NSTMT_UNSET: case NSTMT_SPIKE: case NSTMT_KEEP_ONE: case NSTMT_SYSTEM: case NSTMT_COUNT:
			break;
		}
		UNREACHABLE();
	}
}

static void
flatten_code(Update *u, const NetCode *code, NetSide event)
{
	if (!code->body.n)
		return;
	u->first = u->hidden.n;
	for (uint32_t k = 0; k < code->locals.n; k++)
		add_hidden(u, code->locals.at[k].type, NPLACE_CONNECTION);
	const NetExpr *mask = NULL;
	if (event != NSIDE_OWN) {
		Span at = code->body.at[0]->span;
		NetExpr *spike = new_expr(u, NEXPR_SPIKE, NT_REAL, at), *fired = new_expr(u, NEXPR_BINARY, NT_BOOL, at);
		spike->side = event;
		fired->op_kind = NOP_NE;
		fired->op[0] = spike;
		fired->op[1] = new_expr(u, NEXPR_CONST, NT_REAL, at);
		mask = fired;
	}
	flatten(u, &code->body, mask);
}

/* ---- memory ------------------------------------------------------------------------------------------ */

uint32_t
low_place_buf(Lower *l, uint32_t conn, PlanType type, PlanRole role, NetVaries place, const char *name)
{
	const NetConn *c = &l->net->conns.at[conn];
	PlanAxis axes[3];
	uint32_t n = 0;
	if (l->batch > 1)
		axes[n++] = low_axis(AXIS_BATCH, l->batch);
	if (place == NPLACE_SYNAPSE && c->pattern.kind != NPAT_ALL) {
		axes[n++] = low_axis(AXIS_SYNAPSE, low_values(l, conn));
		axes[n++] = low_axis(AXIS_SLOT, c->pattern.kind == NPAT_CONV ? low_positions(&c->pattern) : 1);
		return low_add_buf(l, type, role, n, axes, "%s", name);
	}
	if (place & NPLACE_PRE)
		axes[n++] = low_axis(AXIS_PRE, l->net->layers.at[c->pre].n);
	if (place & NPLACE_POST)
		axes[n++] = low_axis(AXIS_POST, l->net->layers.at[c->post].n);
	return low_add_buf(l, type, role, n, axes, "%s", name);
}

static uint32_t
place_index(const Scope *s, NetVaries place, PlanExpr *index[3])
{
	uint32_t n = 0;
	if (s->l->batch > 1)
		index[n++] = s->item;
	if (place == NPLACE_SYNAPSE && s->pair[0]) {
		index[n++] = s->pair[0];
		index[n++] = s->pair[1];
		return n;
	}
	if (place & NPLACE_PRE)
		index[n++] = s->pre;
	if (place & NPLACE_POST)
		index[n++] = s->post;
	return n;
}

PlanExpr *
low_place_load(const Scope *s, uint32_t buf, NetVaries place)
{
	PlanExpr *index[3];
	uint32_t n = place_index(s, place, index);
	return plan_load(s->l->p, buf, n, index);
}

void
low_place_store(const Scope *s, uint32_t buf, NetVaries place, PlanExpr *e)
{
	PlanExpr *index[3];
	uint32_t n = place_index(s, place, index);
	plan_emit_store(s->b, buf, n, index, e);
}

static void
add_buffers(Update *u)
{
	Lower *l = u->l;
	for (uint32_t k = 0; k < u->hidden.n; k++) {
		Hidden *h = &u->hidden.at[k];
		const char *name = arena_printf(l->a, "%s.%s_kept", u->c->name, u->f->name);
		h->buf = low_place_buf(l, u->conn, h->type == NT_BOOL ? PT_BOOL : l->real, ROLE_SCRATCH, h->place, name);
	}
}

/* ---- one statement --------------------------------------------------------------------------------------- */

/* Where the states of a pair of a pattern lie: its value, and its window of those that share it. */
static void
find_pair(Update *u, Scope *s)
{
	Lower *l = u->l;
	const NetPattern *p = &u->c->pattern;
	PlanAxis axes[PLAN_MAX_AXES];
	uint32_t n = low_value_axes(l, u->conn, u->f, axes);
	PlanExpr *value = u->at->at[0];
	for (uint32_t d = 1; d < n; d++)
		value = low_affine(l, value, (int64_t)axes[d].extent, u->at->at[d]);
	s->pair[0] = low_keep(s->b, "value", value);
	s->pair[1] = low_i64(l, 0);
	if (p->kind == NPAT_CONV)
		s->pair[1] = plan_emit_let(s->b, "window", plan_binary(l->p, PEXPR_REM, s->post, low_i64(l, (int64_t)low_positions(p))));
}

static Scope
instance(Update *u, PlanEmit *b, PlanExpr *item, PlanExpr *i, PlanExpr *j)
{
	Lower *l = u->l;
	Scope s = low_scope(l, b);
	s.conn = u->conn;
	s.feature = u->feature;
	s.item = item;
	s.pre = i;
	s.post = j;
	s.learning = plan_int(l->p, PT_BOOL, 1);
	if (i && j && u->at) {
		s.value = low_value_load(l, u->low->buf, u->at);
		s.at = u->at;
		find_pair(u, &s);
	} else if (i && j) {
		s.value = low_load(l, u->low->buf, 2, i, j);
	}
	s.locals = ARENA_ARRAY(l->a, PlanExpr *, u->hidden.n + 1);
	for (uint32_t k = 0; k < u->hidden.n; k++) {
		const Hidden *h = &u->hidden.at[k];
		if ((i || !(h->place & NPLACE_PRE)) && (j || !(h->place & NPLACE_POST)))
			s.locals[k] = low_place_load(&s, h->buf, h->place);
	}
	return s;
}

static PlanExpr *
updated(Lower *l, NetAssignOp op, PlanExpr *old, PlanExpr *e)
{
	static const PlanExprKind kinds[] = {[NADD] = PEXPR_ADD, [NSUB] = PEXPR_SUB, [NMUL] = PEXPR_MUL, [NDIV] = PEXPR_DIV};
	return op == NSET ? e : plan_binary(l->p, kinds[op], old, e);
}

static void
store_state(Update *u, PlanEmit *b, const Flat *f, PlanExpr *item, PlanExpr *i, PlanExpr *j)
{
	Lower *l = u->l;
	Scope s = instance(u, b, item, i, j);
	uint32_t buf = f->target ? u->low->states[f->target->index] : u->hidden.at[f->hidden].buf;
	PlanExpr *old = low_place_load(&s, buf, f->place);
	PlanExpr *e = updated(l, f->op, old, low_expr(&s, f->e));
	if (f->mask)
		e = plan_ternary(l->p, PEXPR_SELECT, low_expr(&s, f->mask), e, old);
	low_place_store(&s, buf, f->place, e);
}

typedef struct { Update *u; const Flat *f; PlanExpr *item; } StatePair;

static void
state_of_pair(void *env, PlanEmit *b, const LowIndex *at, PlanExpr *i, PlanExpr *j)
{
	StatePair *w = env;
	w->u->at = at;
	store_state(w->u, b, w->f, w->item, i, j);
	w->u->at = NULL;
}

static void
state_of_value(void *env, PlanEmit *b, const LowIndex *at, PlanExpr *i, PlanExpr *j)
{
	StatePair *w = env;
	low_each_pair(w->u->l, b, w->u->conn, at, i, j, state_of_pair, w);
}

static void
state_statement(Update *u, const Flat *f)
{
	Lower *l = u->l;
	LowLoop items = low_items(l, u->b);
	PlanEmit *b = low_body(&items);
	LowLoop outer, inner;
	switch (f->place) {
	case NPLACE_CONNECTION:
		store_state(u, b, f, items.index, NULL, NULL);
		break;
	case NPLACE_PRE:
	case NPLACE_POST:
		inner = low_loop(b, f->place == NPLACE_PRE ? "i" : "j", u->lo, u->hi, true);
		store_state(u, low_body(&inner), f, items.index, f->place == NPLACE_PRE ? inner.index : NULL,
		            f->place == NPLACE_PRE ? NULL : inner.index);
		low_close(&inner);
		break;
	case NPLACE_SYNAPSE:
		if (u->c->pattern.kind != NPAT_ALL) {
			StatePair w = {u, f, items.index};
			low_each_value(l, b, u->conn, u->f, state_of_value, &w);
			break;
		}
		outer = low_loop(b, "i", low_i64(l, 0), low_i64(l, (int64_t)u->npre), false);
		inner = low_loop(low_body(&outer), "j", u->lo, u->hi, true);
		store_state(u, low_body(&inner), f, items.index, outer.index, inner.index);
		low_close(&inner);
		low_close(&outer);
		break;
	}
	low_close(&items);
}

/* ---- changes of the value ------------------------------------------------------------------------------- */

/* Does it differ between the items of a batch? */
static bool
reads_item(Update *u, const NetExpr *e)
{
	if (!e)
		return false;
	switch (e->kind) {
	case NEXPR_TRACE: case NEXPR_SPIKE: case NEXPR_STATE: case NEXPR_LOCAL:
		return true;
	case NEXPR_SIGNAL: case NEXPR_EVENT:
		return u->l->net->signals.at[e->index].per_item;
	default:
		return reads_item(u, e->op[0]) || reads_item(u, e->op[1]) || reads_item(u, e->op[2]);
	}
}

static PlanExpr *
change_of_item(Scope *s, const Flat *f)
{
	PlanExpr *e = low_expr(s, f->e);
	return f->mask ? plan_ternary(s->l->p, PEXPR_SELECT, low_expr(s, f->mask), e, low_real(s->l, 0)) : e;
}

/* The change at (i, j), reduced over the items. */
static PlanExpr *
reduced(Update *u, PlanEmit *b, const Flat *f, PlanExpr *i, PlanExpr *j)
{
	Lower *l = u->l;
	Plan *p = l->p;
	if (l->batch == 1) {
		Scope s = instance(u, b, low_i64(l, 0), i, j);
		return change_of_item(&s, f);
	}
	bool max = u->r->reduce == NREDUCE_MAX;
	uint32_t sum = plan_emit_var(b, "change", low_real(l, max ? -INFINITY : 0));
	LowLoop items = low_items(l, b);
	Scope s = instance(u, low_body(&items), items.index, i, j);
	PlanExpr *old = plan_local(p, b->code, sum), *e = change_of_item(&s, f);
	if (max) {
		e = low_keep(s.b, "e", e);
		e = plan_ternary(p, PEXPR_SELECT, plan_binary(p, PEXPR_GT, e, old), e, old);
	} else {
		e = plan_binary(p, PEXPR_ADD, old, e);
	}
	plan_emit_set(s.b, sum, e);
	low_close(&items);
	return u->r->reduce == NREDUCE_MEAN ? plan_binary(p, PEXPR_DIV, old, low_real(l, (double)l->batch)) : old;
}

typedef enum { VALUE_DIRECT, VALUE_REDUCED, VALUE_KEPT, VALUE_AVERAGE } ValueKind;

/* ---- values that many pairs share: the change is the sum over them, for each item -------------------------- */

typedef struct {
	Update *u;
	const Flat *f;
	ValueKind kind;
	uint32_t ring, sum;
	PlanExpr *item;
} Shared;

static void
change_of_pair(void *env, PlanEmit *b, const LowIndex *at, PlanExpr *i, PlanExpr *j)
{
	Shared *w = env;
	w->u->at = at;
	Scope s = instance(w->u, b, w->item, i, j);
	PlanExpr *now = plan_local(w->u->l->p, b->code, w->sum);
	plan_emit_set(b, w->sum, plan_binary(w->u->l->p, PEXPR_ADD, now, change_of_item(&s, w->f)));
	w->u->at = NULL;
}

static PlanExpr *
shared_change(Shared *w, PlanEmit *b, const LowIndex *at, PlanExpr *i, PlanExpr *j)
{
	Update *u = w->u;
	Lower *l = u->l;
	Plan *p = l->p;
	bool max = u->r->reduce == NREDUCE_MAX && l->batch > 1;
	uint32_t most = max ? plan_emit_var(b, "most", low_real(l, -INFINITY)) : UINT32_MAX;
	if (!max)
		w->sum = plan_emit_var(b, "change", low_real(l, 0));
	LowLoop items = low_items(l, b);
	PlanEmit *in = low_body(&items);
	if (max)
		w->sum = plan_emit_var(in, "change", low_real(l, 0));
	w->item = items.index;
	low_each_pair(l, in, u->conn, at, i, j, change_of_pair, w);
	PlanExpr *sum = plan_local(p, b->code, w->sum);
	if (max) {
		PlanExpr *old = plan_local(p, b->code, most);
		plan_emit_set(in, most, plan_ternary(p, PEXPR_SELECT, plan_binary(p, PEXPR_GT, sum, old), sum, old));
		sum = old;
	}
	low_close(&items);
	bool mean = u->r->reduce == NREDUCE_MEAN && l->batch > 1;
	return mean ? plan_binary(p, PEXPR_DIV, sum, low_real(l, (double)l->batch)) : sum;
}

static void
shared_value(void *env, PlanEmit *b, const LowIndex *at, PlanExpr *i, PlanExpr *j)
{
	Shared *w = env;
	Update *u = w->u;
	Lower *l = u->l;
	Plan *p = l->p;
	PlanExpr *old = low_value_load(l, u->low->buf, at);
	LowIndex slot = {at->n + 1, {NULL}};
	for (uint32_t d = 0; d < at->n; d++)
		slot.at[d + 1] = at->at[d];
	switch (w->kind) {
	case VALUE_DIRECT: {
		u->at = at;
		Scope s = instance(u, b, low_i64(l, 0), i, j);
		PlanExpr *e = updated(l, w->f->op, old, low_expr(&s, w->f->e));
		if (w->f->mask)
			e = plan_ternary(p, PEXPR_SELECT, low_expr(&s, w->f->mask), e, old);
		low_value_store(b, u->low->buf, at, e);
		u->at = NULL;
		return;
	}
	case VALUE_REDUCED:
		low_value_store(b, u->low->buf, at, updated(l, w->f->op, old, shared_change(w, b, at, i, j)));
		return;
	case VALUE_KEPT:
		slot.at[0] = low_load(l, u->ring_at, 0);
		low_value_store(b, w->ring, &slot, shared_change(w, b, at, i, j));
		return;
	case VALUE_AVERAGE: {
		uint32_t sum = plan_emit_var(b, "sum", low_real(l, 0));
		LowLoop slots = low_loop(b, "k", low_i64(l, 0), low_i64(l, (int64_t)u->r->average), false);
		PlanExpr *now = plan_local(p, b->code, sum);
		slot.at[0] = slots.index;
		plan_emit_set(low_body(&slots), sum, plan_binary(p, PEXPR_ADD, now, low_value_load(l, w->ring, &slot)));
		low_close(&slots);
		PlanExpr *mean = plan_binary(p, PEXPR_DIV, now, low_real(l, (double)u->r->average));
		low_value_store(b, u->low->buf, at, updated(l, w->f->op, old, mean));
		return;
	}
	}
	UNREACHABLE();
}

static void
value_loop(Update *u, PlanEmit *outer, const Flat *f, ValueKind kind, uint32_t ring)
{
	Lower *l = u->l;
	Plan *p = l->p;
	if (u->c->pattern.kind != NPAT_ALL) {
		Shared w = {.u = u, .f = f, .kind = kind, .ring = ring};
		low_each_value(l, outer, u->conn, u->f, shared_value, &w);
		return;
	}
	LowLoop rows = low_loop(outer, "i", low_i64(l, 0), low_i64(l, (int64_t)u->npre), false);
	LowLoop cols = low_loop(low_body(&rows), "j", u->lo, u->hi, true);
	PlanEmit *b = low_body(&cols);
	PlanExpr *i = rows.index, *j = cols.index, *old = low_load(l, u->low->buf, 2, i, j);
	switch (kind) {
	case VALUE_DIRECT: {
		Scope s = instance(u, b, low_i64(l, 0), i, j);
		PlanExpr *e = updated(l, f->op, old, low_expr(&s, f->e));
		if (f->mask)
			e = plan_ternary(p, PEXPR_SELECT, low_expr(&s, f->mask), e, old);
		low_store(b, u->low->buf, e, 2, i, j);
		break;
	}
	case VALUE_REDUCED: {
		PlanExpr *change = reduced(u, b, f, i, j);
		low_store(b, u->low->buf, updated(l, f->op, old, change), 2, i, j);
		break;
	}
	case VALUE_KEPT: {
		PlanExpr *change = reduced(u, b, f, i, j);
		low_store(b, ring, change, 3, low_load(l, u->ring_at, 0), i, j);
		break;
	}
	case VALUE_AVERAGE: {
		uint32_t sum = plan_emit_var(b, "sum", low_real(l, 0));
		LowLoop slots = low_loop(b, "k", low_i64(l, 0), low_i64(l, (int64_t)u->r->average), false);
		PlanExpr *now = plan_local(p, b->code, sum);
		plan_emit_set(low_body(&slots), sum, plan_binary(p, PEXPR_ADD, now, low_load(l, ring, 3, slots.index, i, j)));
		low_close(&slots);
		PlanExpr *mean = plan_binary(p, PEXPR_DIV, now, low_real(l, (double)u->r->average));
		low_store(b, u->low->buf, updated(l, f->op, old, mean), 2, i, j);
		break;
	}
	}
	low_close(&cols);
	low_close(&rows);
}

static void
value_statement(Update *u, const Flat *f)
{
	Lower *l = u->l;
	Plan *p = l->p;
	bool adds = f->op == NADD || f->op == NSUB;
	bool alike = u->c->pattern.kind == NPAT_CONV ? false : l->batch == 1 || (!reads_item(u, f->e) && !reads_item(u, f->mask));
	if (u->r->average && adds) {
		PlanAxis axes[PLAN_MAX_AXES + 1] = {low_axis(AXIS_SLOT, u->r->average)};
		uint32_t n = low_value_axes(l, u->conn, u->f, axes + 1);
		uint32_t ring = low_add_buf(l, l->real, ROLE_STATE, n + 1, axes, "%s.%s_changes", u->c->name, u->f->name);
		value_loop(u, u->b, f, VALUE_KEPT, ring);
		if (u->r->average_each) {
			value_loop(u, u->b, f, VALUE_AVERAGE, ring);
			return;
		}
		PlanEmit full = plan_emit(p, u->b->code);
		value_loop(u, &full, f, VALUE_AVERAGE, ring);
		PlanExpr *last = low_i64(l, (int64_t)u->r->average - 1);
		plan_emit_if(u->b, plan_binary(p, PEXPR_EQ, low_load(l, u->ring_at, 0), last), &full, NULL);
	} else if (alike && !u->r->average) {
		value_loop(u, u->b, f, VALUE_DIRECT, NO_BUF);
	} else if (adds) {
		value_loop(u, u->b, f, VALUE_REDUCED, NO_BUF);
	} else {
		diag_begin(l->env->diag, E0601, f->span, "%s",
		           u->r->average ? "an average needs changes that are added or subtracted"
		                         : "with a batch above one a change must be added or subtracted");
		diag_help(l->env->diag, "write `w += …`: changes of the items are reduced, then applied once");
		diag_end(l->env->diag);
		l->failed = true;
	}
}

/* ---- kernels --------------------------------------------------------------------------------------------- */

typedef struct { PlanEmit whole, on; uint32_t kernel; } Kernel;

static Kernel
open_kernel(Update *u, uint64_t range)
{
	Lower *l = u->l;
	Kernel k = {.kernel = low_add_kernel(l, range, "%s.%s.learn", u->c->name, u->f->name)};
	k.whole = plan_emit(l->p, l->p->codes.at[k.kernel]);
	k.on = plan_emit(l->p, k.whole.code);
	u->lo = low_lo(&k.whole);
	u->hi = low_hi(&k.whole);
	return k;
}

static void
close_kernel(Update *u, Kernel *k)
{
	Lower *l = u->l;
	plan_emit_if(&k->whole, low_load(l, l->learning, 0), &k->on, NULL);
	l->p->codes.at[k->kernel]->body = plan_freeze(&k->whole);
	VEC_PUSH(l->a, &u->low->learns, k->kernel);
}

/* Kernels of post neurons do what varies over them and over synapses. */
static NetVaries
kernel_of(const Update *u, const Flat *f)
{
	return f->place == NPLACE_SYNAPSE && u->c->pattern.kind == NPAT_ALL ? NPLACE_POST : f->place;
}

static uint64_t
range_of(Update *u, NetVaries kind)
{
	switch (kind) {
	case NPLACE_CONNECTION: return 1;
	case NPLACE_PRE: return u->npre;
	case NPLACE_POST: return u->npost;
	case NPLACE_SYNAPSE: return low_value_range(u->l, u->conn, u->f);
	}
	UNREACHABLE();
}

static void
statements(Update *u)
{
	Lower *l = u->l;
	for (uint32_t i = 0; i < u->flat.n;) {
		NetVaries kind = kernel_of(u, &u->flat.at[i]);
		Kernel k = open_kernel(u, range_of(u, kind));
		LowLoop once = {.unit = true, .outer = &k.on};
		if (kind == NPLACE_CONNECTION)
			once = low_loop(&k.on, "x", u->lo, u->hi, false);
		u->b = low_body(&once);
		for (; i < u->flat.n && kernel_of(u, &u->flat.at[i]) == kind; i++) {
			const Flat *f = &u->flat.at[i];
			if (f->target && f->target->kind == NEXPR_VALUE)
				value_statement(u, f);
			else
				state_statement(u, f);
		}
		low_close(&once);
		close_kernel(u, &k);
	}
	(void)l;
}

static void
limit_value(void *env, PlanEmit *b, const LowIndex *at, PlanExpr *i, PlanExpr *j)
{
	Update *u = env;
	Lower *l = u->l;
	(void)i, (void)j;
	PlanExpr *v = low_value_load(l, u->low->buf, at);
	if (u->f->decay != 0)
		v = plan_binary(l->p, PEXPR_MUL, v, low_real(l, 1 - u->f->decay));
	low_value_store(b, u->low->buf, at, u->f->has_rule ? low_clipped(l, b, u->f, v) : v);
}

/* Decay, then the bounds. */
static void
limits(Update *u)
{
	Lower *l = u->l;
	const NetFeature *f = u->f;
	bool clips = (f->has_range && !(isinf(f->lo) && isinf(f->hi))) || u->low->negative != NO_BUF;
	if (!clips && f->decay == 0)
		return;
	if (u->c->pattern.kind != NPAT_ALL) {
		Kernel all = open_kernel(u, low_value_range(l, u->conn, f));
		low_each_value(l, &all.on, u->conn, f, limit_value, u);
		close_kernel(u, &all);
		return;
	}
	Kernel k = open_kernel(u, u->npost);
	LowLoop rows = low_loop(&k.on, "i", low_i64(l, 0), low_i64(l, (int64_t)u->npre), false);
	LowLoop cols = low_loop(low_body(&rows), "j", u->lo, u->hi, true);
	PlanEmit *b = low_body(&cols);
	PlanExpr *v = low_load(l, u->low->buf, 2, rows.index, cols.index);
	if (f->decay != 0)
		v = plan_binary(l->p, PEXPR_MUL, v, low_real(l, 1 - f->decay));
	v = low_bounded(l, b, f, u->low, rows.index, cols.index, v);
	low_store(b, u->low->buf, v, 2, rows.index, cols.index);
	low_close(&cols);
	low_close(&rows);
	close_kernel(u, &k);
}

static void
turn_ring(Update *u)
{
	Lower *l = u->l;
	Plan *p = l->p;
	Kernel k = open_kernel(u, 1);
	LowLoop once = low_loop(&k.on, "x", u->lo, u->hi, false);
	PlanExpr *next = plan_binary(p, PEXPR_ADD, low_load(l, u->ring_at, 0), low_i64(l, 1));
	low_store(low_body(&once), u->ring_at, plan_binary(p, PEXPR_REM, next, low_i64(l, (int64_t)u->r->average)), 0);
	low_close(&once);
	close_kernel(u, &k);
}

void
low_update(Lower *l, uint32_t conn, uint32_t feature)
{
	const NetConn *c = &l->net->conns.at[conn];
	const NetFeature *f = &c->features.at[feature];
	Update work = {.l = l, .conn = conn, .feature = feature, .c = c, .f = f, .r = &f->rule}, *u = &work;
	u->low = &l->conns[conn].features[feature];
	u->npre = l->net->layers.at[c->pre].n;
	u->npost = l->net->layers.at[c->post].n;
	static const NetSide sides[] = {[NEVENT_STEP] = NSIDE_OWN, [NEVENT_PRE] = NSIDE_PRE, [NEVENT_POST] = NSIDE_POST};
	for (uint32_t k = 0; k < f->rule.handlers.n; k++)
		flatten_code(u, &f->rule.handlers.at[k].code, sides[f->rule.handlers.at[k].event]);
	add_buffers(u);
	if (f->rule.average)
		u->ring_at = low_add_buf(l, PT_I64, ROLE_STATE, 0, NULL, "%s.%s_changes_at", c->name, f->name);
	statements(u);
	limits(u);
	if (f->rule.average)
		turn_ring(u);
}
