/* lower_update: C of a step for rules in general: any statements, states that vary over pre neurons, post neurons,
 * synapses or the connection alone, averages of changes, any reduction over the batch.
 *
 * A statement loops over what its target varies over; what is done at a spike to pairs of neurons loops over the rows and
 * columns of the spikes. Statements in a row that a range of post neurons can do on its own share a kernel. A change of the
 * value is reduced over the items in order, then applied once.
 */
#include "lower/lower_update.h"

#include "base/panic.h"

#include <math.h>

/* ---- memory ------------------------------------------------------------------------------------------ */

uint32_t
low_place_buf(Lower *l, uint32_t conn, PlanType type, PlanRole role, NetVaries place, bool alike, const char *name)
{
	const NetConn *c = &l->net->conns.at[conn];
	PlanAxis axes[3];
	uint32_t n = 0;
	if (l->batch > 1 && !alike)
		axes[n++] = low_axis(AXIS_BATCH, l->batch);
	if (place == NPLACE_SYNAPSE) {
		low_pair_axes(l, conn, false, axes + n);
		return low_add_buf(l, type, role, n + 2, axes, "%s", name);
	}
	if (place & NPLACE_PRE)
		axes[n++] = low_axis(AXIS_PRE, l->net->layers.at[c->pre].n);
	if (place & NPLACE_POST)
		axes[n++] = low_axis(AXIS_POST, l->net->layers.at[c->post].n);
	return low_add_buf(l, type, role, n, axes, "%s", name);
}

static uint32_t
place_index(const Scope *s, NetVaries place, bool alike, PlanExpr *index[3])
{
	uint32_t n = 0;
	if (s->l->batch > 1 && !alike)
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
low_place_load(const Scope *s, uint32_t buf, NetVaries place, bool alike)
{
	PlanExpr *index[3];
	uint32_t n = place_index(s, place, alike, index);
	return plan_load(s->l->p, buf, n, index);
}

void
low_place_store(const Scope *s, uint32_t buf, NetVaries place, bool alike, PlanExpr *e)
{
	PlanExpr *index[3];
	uint32_t n = place_index(s, place, alike, index);
	plan_emit_store(s->b, buf, n, index, e);
}

static void
add_buffers(Update *u)
{
	Lower *l = u->l;
	for (uint32_t k = 0; k < u->hidden.n; k++) {
		Hidden *h = &u->hidden.at[k];
		if (h->inside)
			continue;
		const char *name = arena_printf(l->a, "%s.%s_kept", u->c->name, u->f->name);
		h->buf = low_place_buf(l, u->conn, h->type == NT_BOOL ? PT_BOOL : l->real, ROLE_SCRATCH, h->place, h->alike, name);
	}
}

/* ---- one statement --------------------------------------------------------------------------------------- */

bool
upd_is_value(const Flat *f)
{
	return f->target && f->target->kind == NEXPR_VALUE;
}

/* Is there one value for all targets of a channel? */
bool
upd_of_channel(const Update *u)
{
	return u->f->of_post && u->c->pattern.kind == NPAT_CONV;
}

bool
upd_adds(const Flat *f)
{
	return f->op == NADD || f->op == NSUB;
}

bool
upd_alike(Update *u, const Flat *f)
{
	if (u->c->pattern.kind == NPAT_CONV)              /* pairs share values */
		return false;
	if (u->l->batch > 1 && u->r->reduce == NREDUCE_SUM && upd_is_value(f) && upd_adds(f))
		return false;                                 /* each item adds it */
	return u->l->batch == 1 || (f->event == NSIDE_OWN && !upd_reads_item(u, f->e) && !upd_reads_item(u, f->mask));
}

/* A value of a target; where pairs are at work `at` is of their synapse. */
static void
target_value(Update *u, Scope *s)
{
	bool pair = s->pre && s->post && s->at;
	if (pair) {
		low_find_pair(s, false);
		s->synapse = s->at;
	}
	if (pair || (!s->at && s->post)) {
		LowIndex *own = ARENA_NEW(u->l->a, LowIndex);
		*own = (LowIndex){1, {low_channel(u->l, s->b, u->conn, s->post)}};
		s->at = own;
	}
	s->value = s->at ? low_value_load(u->l, u->low->buf, s->at) : NULL;
}

Scope
upd_instance(Update *u, PlanEmit *b, PlanExpr *item, PlanExpr *i, PlanExpr *j)
{
	Lower *l = u->l;
	Scope s = low_scope(l, b);
	s.conn = u->conn;
	s.feature = u->feature;
	s.item = item;
	s.pre = i;
	s.post = j;
	s.keys = u->keys;
	s.learning = plan_int(l->p, PT_BOOL, 1);
	s.at = u->at;
	if (u->f->of_post) {
		target_value(u, &s);
	} else if (i && j && u->at) {
		s.value = low_value_load(l, u->low->buf, u->at);
		low_find_pair(&s, false);
	} else if (i && j) {
		s.value = low_load(l, u->low->buf, 2, i, j);
	}
	s.locals = ARENA_ARRAY(l->a, PlanExpr *, u->hidden.n + 1);
	for (uint32_t k = 0; k < u->hidden.n; k++) {
		const Hidden *h = &u->hidden.at[k];
		if (h->buf != NO_BUF && (i || !(h->place & NPLACE_PRE)) && (j || !(h->place & NPLACE_POST)))
			s.locals[k] = low_place_load(&s, h->buf, h->place, h->alike);
	}
	return s;
}

PlanExpr *
upd_condition(Update *u, Scope *s, const Flat *f)
{
	PlanExpr *mask = f->mask ? low_expr(s, f->mask) : NULL;
	if (f->event == NSIDE_OWN)
		return mask;
	bool pre = f->event == NSIDE_PRE;
	PlanExpr *fired = low_fired(u->l, &u->l->layers[pre ? u->c->pre : u->c->post], s->item, pre ? s->pre : s->post);
	return mask ? plan_binary(u->l->p, PEXPR_AND, fired, mask) : fired;
}

PlanExpr *
upd_updated(Lower *l, NetAssignOp op, PlanExpr *old, PlanExpr *e)
{
	static const PlanExprKind kinds[] = {[NADD] = PEXPR_ADD, [NSUB] = PEXPR_SUB, [NMUL] = PEXPR_MUL, [NDIV] = PEXPR_DIV};
	return op == NSET ? e : plan_binary(l->p, kinds[op], old, e);
}

void
upd_store(Update *u, PlanEmit *b, const Flat *f, PlanExpr *item, PlanExpr *i, PlanExpr *j)
{
	Lower *l = u->l;
	Scope s = upd_instance(u, b, item, i, j);
	const Hidden *h = f->target ? NULL : &u->hidden.at[f->hidden];
	uint32_t buf = h ? h->buf : u->low->states[f->target->index];
	bool alike = h && h->alike;
	PlanExpr *old = low_place_load(&s, buf, f->place, alike);
	PlanExpr *e = upd_updated(l, f->op, old, low_expr(&s, f->e));
	PlanExpr *c = h ? NULL : upd_condition(u, &s, f);
	low_place_store(&s, buf, f->place, alike, c ? plan_ternary(l->p, PEXPR_SELECT, c, e, old) : e);
}

typedef struct { Update *u; const Flat *f; PlanExpr *item; } StatePair;

static void
state_of_pair(void *env, PlanEmit *b, const LowIndex *at, PlanExpr *i, PlanExpr *j)
{
	StatePair *w = env;
	w->u->at = at;
	upd_store(w->u, b, w->f, w->item, i, j);
	w->u->at = NULL;
}

static void
state_statement(Update *u, const Flat *f)
{
	Lower *l = u->l;
	bool alike = !f->target && u->hidden.at[f->hidden].alike;
	LowLoop items = {.unit = true, .outer = u->b, .index = low_i64(l, 0)};
	if (!alike)
		items = low_items(l, u->b);
	PlanEmit *b = low_body(&items);
	LowLoop inner;
	switch (f->place) {
	case NPLACE_CONNECTION:
		upd_store(u, b, f, items.index, NULL, NULL);
		break;
	case NPLACE_PRE:
	case NPLACE_POST:
		inner = low_loop(b, f->place == NPLACE_PRE ? "i" : "j", u->lo, u->hi, true);
		upd_store(u, low_body(&inner), f, items.index, f->place == NPLACE_PRE ? inner.index : NULL,
		          f->place == NPLACE_PRE ? NULL : inner.index);
		low_close(&inner);
		break;
	case NPLACE_SYNAPSE: {
		StatePair w = {u, f, items.index};
		low_each_place(l, b, u->conn, false, u->lo, u->hi, state_of_pair, &w);
		break;
	}
	}
	low_close(&items);
}

/* ---- groups ---------------------------------------------------------------------------------------------- */

static bool
is_of_pairs(const Update *u, const Flat *f)
{
	bool averaged = upd_is_value(f) && u->r->average;
	bool pairs = u->c->pattern.kind == NPAT_ALL || low_is_listed(u->l, u->c, u->f);
	return f->place == NPLACE_SYNAPSE && pairs && !f->gather && !averaged;
}

static void
make_groups(Update *u)
{
	for (uint32_t i = 0; i < u->flat.n;) {
		const Flat *f = &u->flat.at[i];
		Group g = {.lo = i, .pairs = is_of_pairs(u, f), .event = f->event, .guard = f->guard};
		do {
			g.changes |= upd_is_value(&u->flat.at[i]);
			i++;
		} while (i < u->flat.n && g.pairs && is_of_pairs(u, &u->flat.at[i]) && u->flat.at[i].event == g.event
		         && u->flat.at[i].guard == g.guard);
		g.hi = i;
		VEC_PUSH(u->l->a, &u->groups, g);
	}
}

static bool
reads_hidden(const NetExpr *e, uint32_t hidden)
{
	if (!e)
		return false;
	if (e->kind == NEXPR_LOCAL && e->index == hidden)
		return true;
	return reads_hidden(e->op[0], hidden) || reads_hidden(e->op[1], hidden) || reads_hidden(e->op[2], hidden);
}

static bool
group_reads(const Update *u, const Group *g, uint32_t hidden)
{
	for (uint32_t i = g->lo; i < g->hi; i++) {
		const Flat *f = &u->flat.at[i];
		if (reads_hidden(f->e, hidden) || reads_hidden(f->mask, hidden) || reads_hidden(f->gather, hidden)
		    || reads_hidden(f->guard, hidden))
			return true;
	}
	return false;
}

/* With one item, what is made and read in one group of pairs needs no memory. */
static void
find_inside(Update *u)
{
	for (uint32_t k = 0; k < u->groups.n; k++) {
		const Group *g = &u->groups.at[k];
		for (uint32_t i = g->lo; i < g->hi && g->pairs && u->l->batch == 1; i++) {
			const Flat *f = &u->flat.at[i];
			bool elsewhere = f->target != NULL;
			for (uint32_t m = 0; m < u->groups.n && !elsewhere; m++)
				elsewhere = m != k && group_reads(u, &u->groups.at[m], f->hidden);
			if (!elsewhere)
				u->hidden.at[f->hidden].inside = true;
		}
	}
}

bool
upd_is_at_spikes(const Group *g)
{
	return g->changes && g->pairs && g->event != NSIDE_OWN;
}

/* Where must values be brought within their bounds? Changes at spikes touch rows and columns alone; others touch all, but
 * those with a guard only where it holds. */
static void
find_clips(Update *u)
{
	const NetFeature *f = u->f;
	u->clips = f->has_rule && (low_is_bounded(f) || u->low->negative != NO_BUF);
	u->clips_at_once = u->clips_late = u->clips && f->decay == 0 && (low_is_plain(u->c, f) || low_is_listed(u->l, u->c, f));
	const Group *first = NULL;
	for (uint32_t k = 0; k < u->groups.n; k++) {
		const Group *g = &u->groups.at[k];
		if (!g->changes)
			continue;
		first = first ? first : g;
		u->clips_at_once &= upd_is_at_spikes(g) && g->guard == first->guard;
		u->clips_late &= upd_is_at_spikes(g) || g->guard;
	}
	u->clips_late &= !u->clips_at_once;
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
kernel_of(Update *u, const Group *g)
{
	const Flat *f = &u->flat.at[g->lo];
	if (f->gather)
		return upd_gather_kernel(u, f);
	if (g->pairs && low_is_listed(u->l, u->c, u->f))     /* rows of sources; columns of targets */
		return g->event == NSIDE_POST ? NPLACE_POST : NPLACE_SYNAPSE;
	if (upd_is_value(f) && upd_of_channel(u))
		return NPLACE_CONNECTION;
	return f->place == NPLACE_SYNAPSE && u->c->pattern.kind == NPAT_ALL ? NPLACE_POST : f->place;
}

static uint64_t
range_of(Update *u, NetVaries kind)
{
	switch (kind) {
	case NPLACE_CONNECTION: return 1;
	case NPLACE_PRE: return u->npre;
	case NPLACE_POST: return u->npost;
	case NPLACE_SYNAPSE: return low_pair_range(u->l, u->conn, false);
	}
	UNREACHABLE();
}

/* A reduction that only handlers of spikes read is left away where there are none. */
static void
gather_statement(Update *u, const Flat *f)
{
	if (f->event == NSIDE_OWN) {
		upd_gather(u, f);
		return;
	}
	Plan *p = u->l->p;
	PlanEmit *outer = u->b, busy = plan_emit(p, outer->code);
	u->b = &busy;
	upd_gather(u, f);
	u->b = outer;
	PlanExpr *count = low_spike_count(u->l, &u->l->layers[f->event == NSIDE_PRE ? u->c->pre : u->c->post]);
	plan_emit_if(outer, plan_binary(p, PEXPR_NE, count, plan_int(p, PT_U32, 0)), &busy, NULL);
}

static void
emit_statements(Update *u, const Group *g)
{
	const Flat *f = &u->flat.at[g->lo];
	u->l->p->at = f->span;
	if (g->pairs)
		upd_pairs(u, g);
	else if (f->gather)
		gather_statement(u, f);
	else if (upd_is_value(f))
		upd_change_values(u, f);
	else
		state_statement(u, f);
	u->l->p->at = (Span){0, 0};
}

static PlanExpr *
holds(Update *u, const NetExpr *guard)
{
	return low_place_load(&(Scope){.l = u->l}, u->hidden.at[guard->index].buf, NPLACE_CONNECTION, true);
}

static void
emit_group(Update *u, const Group *g)
{
	if (!g->guard) {
		emit_statements(u, g);
		return;
	}
	PlanEmit *outer = u->b, inner = plan_emit(u->l->p, outer->code);
	u->b = &inner;
	emit_statements(u, g);
	u->b = outer;
	plan_emit_if(outer, holds(u, g->guard), &inner, NULL);
}

/* The last kernel stays open if it is one of post neurons: bounds may follow in it. */
static bool
statements(Update *u, Kernel *open)
{
	for (uint32_t i = 0; i < u->groups.n;) {
		NetVaries kind = kernel_of(u, &u->groups.at[i]);
		Kernel k = open_kernel(u, range_of(u, kind));
		LowLoop once = {.unit = true, .outer = &k.on};
		if (kind == NPLACE_CONNECTION)
			once = low_loop(&k.on, "x", u->lo, u->hi, false);
		u->b = low_body(&once);
		for (; i < u->groups.n && kernel_of(u, &u->groups.at[i]) == kind; i++)
			emit_group(u, &u->groups.at[i]);
		low_close(&once);
		if (i == u->groups.n && kind == NPLACE_POST) {
			*open = k;
			return true;
		}
		close_kernel(u, &k);
	}
	return false;
}

static void
limit_value(void *env, PlanEmit *b, const LowIndex *at, PlanExpr *i, PlanExpr *j)
{
	Update *u = env;
	Lower *l = u->l;
	Scope s = low_scope(l, b);
	s.conn = u->conn;
	s.feature = u->feature;
	s.pre = i;
	s.post = j;
	s.at = at;
	PlanExpr *v = low_value_load(l, u->low->buf, at);
	if (u->f->decay != 0)
		v = plan_binary(l->p, PEXPR_MUL, v, low_real(l, 1 - u->f->decay));
	low_value_store(b, u->low->buf, at, u->f->has_rule ? low_bounded(&s, u->f, u->low, v) : v);
}

PlanExpr *
upd_bounded(Update *u, PlanEmit *b, PlanExpr *i, PlanExpr *j, PlanExpr *v)
{
	Scope s = low_scope(u->l, b);
	s.conn = u->conn;
	s.feature = u->feature;
	s.pre = i;
	s.post = j;
	s.at = u->at;
	return low_bounded(&s, u->f, u->low, v);
}

static void
limit_all(Update *u, PlanEmit *to)
{
	Lower *l = u->l;
	LowLoop rows = low_loop(to, "i", low_i64(l, 0), low_i64(l, (int64_t)u->npre), false);
	LowLoop cols = low_loop(low_body(&rows), "j", u->lo, u->hi, true);
	PlanEmit *b = low_body(&cols);
	PlanExpr *v = low_load(l, u->low->buf, 2, rows.index, cols.index);
	if (u->f->decay != 0)
		v = plan_binary(l->p, PEXPR_MUL, v, low_real(l, 1 - u->f->decay));
	if (u->f->has_rule)
		v = upd_bounded(u, b, rows.index, cols.index, v);
	low_store(b, u->low->buf, v, 2, rows.index, cols.index);
	low_close(&cols);
	low_close(&rows);
}

static void
limit_shared(Update *u)
{
	Kernel all = open_kernel(u, low_value_range(u->l, u->conn, u->f));
	low_each_value(u->l, &all.on, u->conn, u->f, limit_value, u);
	close_kernel(u, &all);
}

/* Have statements with a guard touched everything in this step? NULL: there are none. */
static PlanExpr *
touched_all(Update *u)
{
	PlanExpr *any = NULL;
	for (uint32_t k = 0; k < u->groups.n; k++) {
		const Group *g = &u->groups.at[k];
		if (!g->changes || upd_is_at_spikes(g))
			continue;
		PlanExpr *this = holds(u, g->guard);
		any = any ? plan_binary(u->l->p, PEXPR_OR, any, this) : this;
	}
	return any;
}

/* Behind what is learned: decay, then the bounds. */
static void
limits(Update *u)
{
	Lower *l = u->l;
	if (!u->clips_at_once && !u->clips_late) {
		limit_all(u, u->b);
		return;
	}
	PlanExpr *all = touched_all(u);
	PlanEmit dense = plan_emit(l->p, u->b->code), touched = plan_emit(l->p, u->b->code), *outer = u->b;
	u->b = all ? &touched : outer;
	upd_clip_events(u, NSIDE_PRE, NSIDE_POST);
	u->b = outer;
	if (all) {
		limit_all(u, &dense);
		plan_emit_if(u->b, all, &dense, touched.v.n ? &touched : NULL);
	}
	if (u->low->unclipped == NO_BUF)
		return;
	PlanEmit rest = plan_emit(l->p, u->b->code);
	limit_all(u, &rest);
	plan_emit_if(u->b, low_load(l, u->low->unclipped, 0), &rest, NULL);
}

/* Lists: rows and columns have kernels of their own. What is clipped twice stays. */
static void
limit_listed(Update *u)
{
	Lower *l = u->l;
	if (!u->clips_at_once && !u->clips_late) {
		limit_shared(u);
		return;
	}
	for (NetSide side = NSIDE_PRE; side <= NSIDE_POST; side++) {
		if (!upd_needs_late_clip(u, side))
			continue;
		Kernel k = open_kernel(u, side == NSIDE_PRE ? u->npre : u->npost);
		u->b = &k.on;
		upd_clip_events(u, side, side);
		close_kernel(u, &k);
	}
	PlanExpr *all = touched_all(u);
	if (u->low->unclipped != NO_BUF) {
		PlanExpr *flag = low_load(l, u->low->unclipped, 0);
		all = all ? plan_binary(l->p, PEXPR_OR, all, flag) : flag;
	}
	if (!all)
		return;
	Kernel k = open_kernel(u, low_value_range(l, u->conn, u->f));
	PlanEmit dense = plan_emit(l->p, k.on.code);
	low_each_value_of(l, &dense, u->conn, u->f, u->lo, u->hi, limit_value, u);
	plan_emit_if(&k.on, all, &dense, NULL);
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
	Update work = {.l = l, .conn = conn, .feature = feature, .c = c, .f = f, .r = &f->rule, .change = NO_BUF}, *u = &work;
	u->low = &l->conns[conn].features[feature];
	u->npre = l->net->layers.at[c->pre].n;
	u->npost = l->net->layers.at[c->post].n;
	upd_flatten(u);
	make_groups(u);
	find_inside(u);
	find_clips(u);
	add_buffers(u);
	if (f->rule.average)
		u->ring_at = low_add_buf(l, PT_I64, ROLE_STATE, 0, NULL, "%s.%s_changes_at", c->name, f->name);
	Kernel k;
	bool open = statements(u, &k), limited = u->clips || f->decay != 0, plain = low_is_plain(c, f);
	if (limited && plain) {
		if (!open)
			k = open_kernel(u, u->npost);
		open = true;
		u->b = &k.on;
		limits(u);
	}
	if (open)
		close_kernel(u, &k);
	if (limited && !plain && low_is_listed(l, c, f))
		limit_listed(u);
	else if (limited && !plain)
		limit_shared(u);
	if (f->rule.average)
		turn_ring(u);
}
