/* lower_feature: what a signal meets on its way: the code of features, their states, tables and draws.
 *
 * Where features only compute, they stand in the loop that adds up the input of a layer (lower_deliver). A feature with
 * states, or one that reads the sum of all signals, needs every synapse in every step: such a connection is staged. Its
 * signals are kept in a buffer [batch, pair], and its features pass over it before the sums are taken; a feature that
 * reads sum(signal) begins a new pass. States of a feature of targets are kept for each of them, and it acts on the sums.
 *
 * Features in front that vary with the pre neuron alone are worked out once per neuron, by a kernel of its own; what leaves
 * them takes the place of the spike.
 */
#include "base/panic.h"
#include "lower/lower_inner.h"

/* ---- what a feature needs -------------------------------------------------------------------------- */

static bool
expr_has(const NetExpr *e, NetExprKind kind)
{
	if (!e)
		return false;
	return e->kind == kind || expr_has(e->op[0], kind) || expr_has(e->op[1], kind) || expr_has(e->op[2], kind);
}

static bool
block_has(NetBlock b, NetExprKind kind)
{
	for (uint32_t i = 0; i < b.n; i++)
		if (expr_has(b.at[i]->e, kind) || block_has(b.at[i]->body, kind) || block_has(b.at[i]->other, kind))
			return true;
	return false;
}

static bool
reads_total(const NetFeature *f)
{
	return block_has(f->compute.body, NEXPR_TOTAL);
}

bool
low_feature_is_staged(const Lower *l, uint32_t conn, uint32_t feature)
{
	const NetConn *c = &l->net->conns.at[conn];
	const NetFeature *f = &c->features.at[feature];
	if (feature < l->conns[conn].rows)
		return false;
	return !f->of_post && (f->states.n || reads_total(f) || low_delays_signals(c, feature));
}

/* ---- draws --------------------------------------------------------------------------------------------- */

static void
keys_of_expr(Lower *l, PlanEmit *b, const NetExpr *e, LowKeys *keys)
{
	if (!e)
		return;
	if (e->kind == NEXPR_DRAW && l->sites[e->site] == NO_BUF && !keys[e->site][0])
		low_site_key(l, b, e->site, keys[e->site]);
	for (int k = 0; k < 3; k++)
		keys_of_expr(l, b, e->op[k], keys);
}

static void
keys_of_block(Lower *l, PlanEmit *b, NetBlock code, LowKeys *keys)
{
	for (uint32_t i = 0; i < code.n; i++) {
		keys_of_expr(l, b, code.at[i]->e, keys);
		keys_of_block(l, b, code.at[i]->body, keys);
		keys_of_block(l, b, code.at[i]->other, keys);
	}
}

LowKeys *
low_feature_keys(Lower *l, PlanEmit *b, uint32_t conn)
{
	const NetConn *c = &l->net->conns.at[conn];
	LowKeys *keys = ARENA_ARRAY(l->a, LowKeys, l->net->sites.n + 1);
	for (uint32_t k = 0; k < c->features.n; k++) {
		/* Without a stored value the initial value stands in the code; it draws nothing then. */
		keys_of_block(l, b, c->features.at[k].compute.body, keys);
	}
	return keys;
}

/* ---- one synapse ----------------------------------------------------------------------------------------- */

PlanExpr *
low_value(Scope *s)
{
	Lower *l = s->l;
	const NetFeature *f = &l->net->conns.at[s->conn].features.at[s->feature];
	uint32_t buf = l->conns[s->conn].features[s->feature].buf;
	if (buf == NO_BUF || s->feature < l->conns[s->conn].rows)        /* there it is as it began */
		return low_clipped(s, f, low_expr(s, f->init.e));
	return s->at ? low_value_load(l, buf, s->at) : low_load(l, buf, 2, s->pre, s->post);
}

/* Nothing but assignments to the signal. */
static bool
is_plain(const NetFeature *f)
{
	for (uint32_t n = 0; n < f->compute.body.n; n++)
		if (f->compute.body.at[n]->kind != NSTMT_ASSIGN || f->compute.body.at[n]->target->kind != NEXPR_INPUT)
			return false;
	return !f->states.n;
}

static PlanExpr *
plain(Scope *s, const NetFeature *f, PlanExpr *signal)
{
	for (uint32_t n = 0; n < f->compute.body.n; n++) {
		const NetStmt *st = f->compute.body.at[n];
		s->input = signal;
		PlanExpr *e = low_expr(s, st->e);
		bool one = signal->kind == PEXPR_CONST && signal->value.f == 1 && st->op == NMUL;
		static const PlanExprKind op[] = {[NADD] = PEXPR_ADD, [NSUB] = PEXPR_SUB, [NMUL] = PEXPR_MUL, [NDIV] = PEXPR_DIV};
		signal = st->op == NSET || one ? e : plan_binary(s->l->p, op[st->op], signal, e);
	}
	return signal;
}

static PlanExpr *
kept_state(const Scope *s, uint32_t buf)
{
	PlanExpr *at[3] = {s->item};
	uint32_t n = 1 + low_pair_index(s, at + 1);
	return plan_load(s->l->p, buf, n, at);
}

static void
keep_state(const Scope *s, uint32_t buf, PlanExpr *e)
{
	PlanExpr *at[3] = {s->item};
	uint32_t n = 1 + low_pair_index(s, at + 1);
	plan_emit_store(s->b, buf, n, at, e);
}

static PlanExpr *
with_states(Scope *s, const NetFeature *f, PlanExpr *signal)
{
	Lower *l = s->l;
	const LowFeature *lf = &l->conns[s->conn].features[s->feature];
	s->locals = ARENA_ARRAY(l->a, PlanExpr *, f->compute.locals.n + 1);
	s->state_vars = ARENA_ARRAY(l->a, uint32_t, f->states.n + 1);
	for (uint32_t k = 0; k < f->states.n; k++)
		s->state_vars[k] = f->states.at[k].rank ? UINT32_MAX
		                   : plan_emit_var(s->b, f->states.at[k].name, kept_state(s, lf->kept[k]));
	s->input_var = plan_emit_var(s->b, "signal", signal);
	low_block(s, f->compute.body, NULL);
	for (uint32_t k = 0; k < f->states.n; k++)
		if (!f->states.at[k].rank)
			keep_state(s, lf->kept[k], plan_local(l->p, s->b->code, s->state_vars[k]));
	return plan_local(l->p, s->b->code, s->input_var);
}

PlanExpr *
low_through(Lower *l, PlanEmit *b, uint32_t conn, uint32_t first, uint32_t last, LowKeys *keys, PlanExpr *item,
            PlanExpr *i, PlanExpr *j, const LowIndex *at, PlanExpr *signal)
{
	const NetConn *c = &l->net->conns.at[conn];
	Scope place = low_scope(l, b);
	place.conn = conn;
	place.item = item;
	place.pre = i;
	place.post = j;
	place.at = at;
	bool of_post = first < last && c->features.at[first].of_post;
	if (of_post || l->conns[conn].staged)
		low_find_pair(&place, of_post);
	for (uint32_t k = first; k < last; k++) {
		const NetFeature *f = &c->features.at[k];
		if (f->delay && k + 1 == c->features.n && low_is_arranged(l, conn))
			continue;                         /* in its place already */
		Scope s = place;
		s.feature = k;
		/* Once per pre neuron there may be no synapse to read it from, and then it is not asked for. */
		s.value = j || at || block_has(f->compute.body, NEXPR_VALUE) ? low_value(&s) : NULL;
		s.keys = keys;
		if (l->conns[conn].features[k].total != NO_BUF)
			s.total = low_load(l, l->conns[conn].features[k].total, 0);
		if (low_delays_signals(c, k))
			signal = low_delayed(&s, signal);
		signal = is_plain(f) ? plain(&s, f, signal) : with_states(&s, f, signal);
	}
	return signal;
}

/* ---- once per pre neuron ------------------------------------------------------------------------------------ */

/* Only if some of them has states: else the loops over synapses do it as well. */
void
low_find_rows(Lower *l, uint32_t conn)
{
	const NetConn *c = &l->net->conns.at[conn];
	LowConn *low = &l->conns[conn];
	NetVaries signal = NPLACE_PRE;
	low->sent = NO_BUF;
	low->send = UINT32_MAX;
	bool plain = c->pattern.kind == NPAT_ALL && !low_looks_back(l, conn);
	for (uint32_t k = 0; plain && k < low_synaptic(c); k++) {
		const NetFeature *f = &c->features.at[k];
		signal = net_feature_varies(l->net, c, k, signal);
		NetVaries all = signal;
		for (uint32_t i = 0; i < f->states.n; i++)
			all |= f->states.at[i].place;
		bool draws = block_has(f->compute.body, NEXPR_DRAW);
		if (all & NPLACE_POST || draws || reads_total(f) || low_is_controlled(&l->net->protocol, (NetVar){NVAR_VALUE, conn, k, 0}))
			break;
		if (f->states.n)
			low->rows = k + 1;
	}
	PlanAxis axes[2] = {low_axis(AXIS_BATCH, l->batch), low_axis(AXIS_PRE, l->net->layers.at[c->pre].n)};
	if (low->rows)
		low->sent = low_add_buf(l, l->real, ROLE_SCRATCH, 2, axes, "%s.sent", c->name);
}

void
low_send_rows(Lower *l, uint32_t conn)
{
	const NetConn *c = &l->net->conns.at[conn];
	LowConn *low = &l->conns[conn];
	if (!low->rows)
		return;
	low->send = low_add_kernel(l, l->net->layers.at[c->pre].n, "%s.send", c->name);
	PlanEmit b = plan_emit(l->p, l->p->codes.at[low->send]);
	LowLoop items = low_items(l, &b);
	LowLoop rows = low_loop(low_body(&items), "i", low_lo(&b), low_hi(&b), true);
	PlanEmit *in = low_body(&rows);
	PlanExpr *signal = plan_cast(l->p, l->real, low_load(l, l->layers[c->pre].spikes, 2, items.index, rows.index));
	signal = low_through(l, in, conn, 0, low->rows, NULL, items.index, rows.index, NULL, NULL, plan_emit_let(in, "s", signal));
	low_store(in, low->sent, signal, 2, items.index, rows.index);
	low_close(&rows);
	low_close(&items);
	l->p->codes.at[low->send]->body = plan_freeze(&b);
}

/* What comes into the features that synapses have of their own. */
static PlanExpr *
sent(Lower *l, uint32_t conn, PlanExpr *item, PlanExpr *i)
{
	const LowConn *low = &l->conns[conn];
	if (low->rows)
		return low_load(l, low->sent, 2, item, i);
	return plan_cast(l->p, l->real, low_load(l, l->layers[l->net->conns.at[conn].pre].spikes, 2, item, i));
}

/* ---- stages ------------------------------------------------------------------------------------------------ */

typedef struct {
	Lower *l;
	uint32_t conn, first, last;
	LowKeys *keys;
	PlanExpr *item;
	uint32_t total;                                   /* local: of the sum */
} Stage;

/* The signal of a pair as it is kept. */
static Scope
kept_signal(Lower *l, PlanEmit *b, uint32_t conn, PlanExpr *item, const LowIndex *at, PlanExpr *i, PlanExpr *j)
{
	Scope s = low_scope(l, b);
	s.conn = conn;
	s.item = item;
	s.pre = i;
	s.post = j;
	s.at = at;
	low_find_pair(&s, false);
	return s;
}

PlanExpr *
low_kept_signal(Lower *l, PlanEmit *b, uint32_t conn, PlanExpr *past, LowKeys *keys, PlanExpr *item, const LowIndex *at,
                PlanExpr *i, PlanExpr *j)
{
	const LowConn *low = &l->conns[conn];
	Scope s = kept_signal(l, b, conn, item, at, i, j);
	PlanExpr *at0 = low_pair_at(&s, 0), *at1 = low_pair_at(&s, 1);
	if (!past)
		return low_load(l, low->signal, 3, item, at0, at1);
	PlanExpr *signal = low_load(l, low->past, 4, past, item, at0, at1);
	return low_through(l, b, conn, low->behind, low_synaptic(&l->net->conns.at[conn]), keys, item, i, j, at, signal);
}

static void
stage_of_pair(void *env, PlanEmit *b, const LowIndex *at, PlanExpr *i, PlanExpr *j)
{
	Stage *w = env;
	Lower *l = w->l;
	PlanExpr *signal = w->first == l->conns[w->conn].rows && i
	                   ? sent(l, w->conn, w->item, i)
	                   : low_kept_signal(l, b, w->conn, NULL, NULL, w->item, at, i, j);
	signal = plan_emit_let(b, "s", signal);
	signal = low_through(l, b, w->conn, w->first, w->last, w->keys, w->item, i, j, at, signal);
	Scope s = kept_signal(l, b, w->conn, w->item, at, i, j);
	low_store(b, l->conns[w->conn].signal, signal, 3, w->item, low_pair_at(&s, 0), low_pair_at(&s, 1));
}

/* Features first ..< last of all synapses. */
static void
stage(Lower *l, uint32_t conn, uint32_t first, uint32_t last)
{
	uint32_t id = low_add_kernel(l, low_pair_range(l, conn, false), "%s.pass", l->net->conns.at[conn].name);
	PlanEmit b = plan_emit(l->p, l->p->codes.at[id]);
	Stage w = {l, conn, first, last, low_feature_keys(l, &b, conn), NULL, UINT32_MAX};
	LowLoop items = low_items(l, &b);
	w.item = items.index;
	low_each_place(l, low_body(&items), conn, false, low_lo(&b), low_hi(&b), stage_of_pair, &w);
	low_close(&items);
	l->p->codes.at[id]->body = plan_freeze(&b);
	VEC_PUSH(l->a, &l->conns[conn].stages, id);
}

static void
add_to_total(void *env, PlanEmit *b, const LowIndex *at, PlanExpr *i, PlanExpr *j)
{
	Stage *w = env;
	Plan *p = w->l->p;
	PlanExpr *one = low_kept_signal(w->l, b, w->conn, NULL, NULL, w->item, at, i, j);
	plan_emit_set(b, w->total, plan_binary(p, PEXPR_ADD, plan_local(p, b->code, w->total), one));
}

/* One kernel that is never cut: the sum is taken in the order of items and pairs. */
static void
sum_of_signals(Lower *l, uint32_t conn, uint32_t feature)
{
	Plan *p = l->p;
	const NetConn *c = &l->net->conns.at[conn];
	LowConn *low = &l->conns[conn];
	uint32_t id = low_add_kernel(l, 1, "%s.%s.sum", c->name, c->features.at[feature].name);
	PlanEmit b = plan_emit(p, p->codes.at[id]);
	Stage w = {.l = l, .conn = conn, .total = plan_emit_var(&b, "total", low_real(l, 0))};
	LowLoop items = low_items(l, &b);
	w.item = items.index;
	PlanExpr *all = low_i64(l, (int64_t)low_pair_range(l, conn, false));
	low_each_place(l, low_body(&items), conn, false, low_i64(l, 0), all, add_to_total, &w);
	low_close(&items);
	low_store(&b, low->features[feature].total, plan_local(p, b.code, w.total), 0);
	p->codes.at[id]->body = plan_freeze(&b);
	VEC_PUSH(l->a, &low->stages, id);
}

void
low_stages(Lower *l, uint32_t conn)
{
	const NetConn *c = &l->net->conns.at[conn];
	LowConn *low = &l->conns[conn];
	bool passes = c->pattern.kind == NPAT_POOL || c->pattern.kind == NPAT_MEAN, back = low_looks_back(l, conn);
	low->staged = passes && back;
	for (uint32_t k = 0; k < c->features.n; k++)
		low->staged |= low_feature_is_staged(l, conn, k);
	if (!low->staged)
		return;
	PlanAxis axes[3] = {low_axis(AXIS_BATCH, l->batch)};
	low_pair_axes(l, conn, false, axes + 1);
	low->signal = low_add_buf(l, l->real, ROLE_SCRATCH, 3, axes, "%s.signal", c->name);
	if (passes)
		VEC_PUSH(l->a, &low->stages, low_let_pass(l, conn));
	uint32_t first = low->rows;
	for (uint32_t k = 0; k < c->features.n; k++) {
		if (low->features[k].total == NO_BUF)
			continue;
		if (k == low->rows || k > first)
			stage(l, conn, first, k);
		sum_of_signals(l, conn, k);
		first = k;
	}
	uint32_t last = back && low->behind < low_synaptic(c) ? low->behind : low_synaptic(c);
	if (first < last || !passes)
		stage(l, conn, first, last);
}

/* ---- states and tables ----------------------------------------------------------------------------------------- */

void
low_feature_buffers(Lower *l, uint32_t conn, uint32_t feature)
{
	const NetConn *c = &l->net->conns.at[conn];
	const NetFeature *f = &c->features.at[feature];
	LowFeature *lf = &l->conns[conn].features[feature];
	lf->kept = ARENA_ARRAY(l->a, uint32_t, f->states.n + 1);
	lf->tables = ARENA_ARRAY(l->a, uint32_t, f->tables.n + 1);
	lf->table_fills = ARENA_ARRAY(l->a, uint32_t, f->tables.n + 1);
	PlanAxis axes[5] = {low_axis(AXIS_BATCH, l->batch)};
	low_pair_axes(l, conn, f->of_post, axes + 1);
	for (uint32_t k = 0; k < f->states.n; k++) {
		const NetState *st = &f->states.at[k];
		bool row = feature < l->conns[conn].rows;
		PlanAxis own[5] = {axes[0], axes[1], axes[2]};
		for (uint32_t x = 0; x < st->rank; x++)
			own[(row ? 2 : 3) + x] = low_axis(AXIS_SLOT, st->extent[x]);
		lf->kept[k] = low_add_buf(l, st->type == NT_BOOL ? PT_BOOL : l->real, ROLE_STATE, (row ? 2 : 3) + st->rank, own, "%s.%s.%s",
		                          c->name, f->name, st->name);
	}
	for (uint32_t k = 0; k < f->tables.n; k++) {
		const NetTable *t = &f->tables.at[k];
		PlanAxis table[2] = {low_axis(AXIS_SLOT, t->extent[0]), low_axis(AXIS_SLOT, t->extent[1])};
		lf->tables[k] = low_add_buf(l, l->real, ROLE_STATE, t->rank, table, "%s.%s.%s", c->name, f->name, t->name);
		uint32_t id = lf->table_fills[k] = plan_add_object(l->p, POBJ_FILL,
		                                                   arena_printf(l->a, "%s.%s.%s", c->name, f->name, t->name));
		PlanObject *o = &l->p->objects.at[id];
		o->texts = ARENA_ARRAY(l->a, const char *, 1);
		o->texts[0] = t->file;
		o->bufs = ARENA_ARRAY(l->a, uint32_t, 1);
		o->bufs[0] = lf->tables[k];
		o->ntexts = o->nbufs = 1;
		o->span = t->span;
	}
	if (f->delay && f->slots > 1 && low_delays_signals(c, feature)) {
		PlanAxis ring[4] = {low_axis(AXIS_SLOT, f->slots), axes[0], axes[1], axes[2]};
		lf->ring = low_add_buf(l, l->real, ROLE_STATE, 4, ring, "%s.%s_on_the_way", c->name, f->name);
	} else if (f->delay && f->slots > 1) {
		low_ring_of_sums(l, conn);
	}
	if (reads_total(f))
		lf->total = low_add_buf(l, l->real, ROLE_SCRATCH, 0, NULL, "%s.%s.sum", c->name, f->name);
}

static void
set_state(Scope *s, const NetFeature *f, uint32_t state, uint32_t buf)
{
	Lower *l = s->l;
	const NetState *st = &f->states.at[state];
	PlanEmit *outer = s->b, *b = outer;
	s->value = st->init->kind == NEXPR_VALUE ? low_value(s) : NULL;
	PlanExpr *v = low_expr(s, st->init), *at[5] = {s->item};
	uint32_t places = 1 + low_pair_index(s, at + 1);
	LowLoop loop[2];
	for (uint32_t x = 0; x < st->rank; x++) {
		loop[x] = low_loop(b, "k", low_i64(l, 0), low_i64(l, (int64_t)st->extent[x]), false);
		at[places + x] = loop[x].index;
		b = low_body(&loop[x]);
	}
	plan_emit_store(b, buf, places + st->rank, at, v);
	for (uint32_t x = st->rank; x-- > 0;)
		low_close(&loop[x]);
}

typedef struct { Lower *l; uint32_t conn, feature; bool reset; PlanExpr *item; } Begin;

static void
begin_of_pair(void *env, PlanEmit *b, const LowIndex *at, PlanExpr *i, PlanExpr *j)
{
	Begin *w = env;
	Lower *l = w->l;
	const NetFeature *f = &l->net->conns.at[w->conn].features.at[w->feature];
	Scope s = low_scope(l, b);
	s.conn = w->conn;
	s.feature = w->feature;
	s.item = w->item;
	s.pre = i;
	s.post = j;
	s.at = at;
	low_find_pair(&s, f->of_post);
	for (uint32_t k = 0; k < f->states.n; k++)
		if (!w->reset || !f->states.at[k].kept_on_reset)
			set_state(&s, f, k, l->conns[w->conn].features[w->feature].kept[k]);
}

/* Sets the states to their first values; on reset all that are not kept. */
static uint32_t
states_kernel(Lower *l, uint32_t conn, uint32_t feature, bool reset)
{
	const NetConn *c = &l->net->conns.at[conn];
	const NetFeature *f = &c->features.at[feature];
	bool any = false;
	for (uint32_t k = 0; k < f->states.n; k++)
		any |= reset ? !f->states.at[k].kept_on_reset
		             : f->states.at[k].init->kind != NEXPR_CONST || f->states.at[k].init->value != 0;
	if (!any)
		return UINT32_MAX;
	bool row = feature < l->conns[conn].rows;
	uint64_t range = row ? l->net->layers.at[c->pre].n : low_pair_range(l, conn, f->of_post);
	uint32_t id = low_add_kernel(l, range, "%s.%s.%s", c->name, f->name, reset ? "reset" : "begin");
	PlanEmit b = plan_emit(l->p, l->p->codes.at[id]);
	LowLoop items = low_items(l, &b);
	Begin w = {l, conn, feature, reset, items.index};
	if (row) {
		LowLoop rows = low_loop(low_body(&items), "i", low_lo(&b), low_hi(&b), false);
		begin_of_pair(&w, low_body(&rows), NULL, rows.index, NULL);
		low_close(&rows);
	} else {
		low_each_place(l, low_body(&items), conn, f->of_post, low_lo(&b), low_hi(&b), begin_of_pair, &w);
	}
	low_close(&items);
	l->p->codes.at[id]->body = plan_freeze(&b);
	return id;
}

void
low_feature_kernels(Lower *l, uint32_t conn, uint32_t feature)
{
	LowFeature *lf = &l->conns[conn].features[feature];
	lf->init_kept = states_kernel(l, conn, feature, false);
	lf->reset_kept = states_kernel(l, conn, feature, true);
	low_ring(l, conn, feature);
	if (lf->negative != NO_BUF)
		lf->signs = low_signs(l, conn, feature);
}
