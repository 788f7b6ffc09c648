/* lower_layer: B of a step: what a layer's neurons do.
 *
 * The statements of a `step` fall into groups. Each statement runs for all neurons and items before the next begins;
 * since neurons read only their own states, a run of statements is one loop. A new group begins where that is not so:
 * at `keep one spike at random` (reads the whole layer), and, with several items, around states shared over the batch:
 * statements on those alone run once, not once per item, and what items add to them is reduced in order of items and
 * applied once.
 */
#include "base/panic.h"
#include "lower/lower_inner.h"

typedef enum { GROUP_ITEM, GROUP_SHARED, GROUP_KEEP } GroupKind;
typedef struct { GroupKind kind; uint32_t first, end; } Group;
typedef VEC(Group) GroupVec;

typedef struct {
	Lower *l;
	uint32_t layer;
	const NetLayer *net;
	LowLayer *low;
	uint32_t *spill;                                  /* buffers of locals that outlive their group; NO_BUF */
	uint32_t *defined;                                /* group that defines a local */
	uint32_t spiked;                                  /* spikes of the step before, for groups behind the first; NO_BUF */
} LayerWork;

/* ---- groups -------------------------------------------------------------------------------------- */

static NetBlock
part_of(const LayerWork *w, const Group *g)
{
	return (NetBlock){w->net->step.body.at + g->first, g->end - g->first};
}

static bool
group_blocks(LayerWork *w, const Group *g, const NetStmt *next)
{
	for (uint32_t s = 0; s < w->net->states.n; s++) {
		if (!w->net->states.at[s].shared_over_batch)
			continue;
		NetBlock part = part_of(w, g), one = {(NetStmt **)&next, 1};
		if (low_assigns_state(part, s) && (low_reads_state(one, s) || low_assigns_state(one, s)))
			return true;
	}
	return false;
}

/* Does a trace read a shared state that the items of the last group change? Traces come behind them all. */
static bool
traces_wait(LayerWork *w, const Group *last)
{
	for (uint32_t s = 0; s < w->net->states.n; s++) {
		if (!w->net->states.at[s].shared_over_batch || !low_assigns_state(part_of(w, last), s))
			continue;
		for (uint32_t k = 0; k < w->net->traces.n; k++)
			if (low_reads_state(w->net->traces.at[k].on_spike.body, s))
				return true;
	}
	return false;
}

static GroupVec
groups_of(LayerWork *w)
{
	Lower *l = w->l;
	NetBlock body = w->net->step.body;
	GroupVec v = {0};
	for (uint32_t i = 0; i < body.n; i++) {
		NetBlock one = {body.at + i, 1};
		GroupKind k = body.at[i]->kind == NSTMT_KEEP_ONE ? GROUP_KEEP
		              : l->batch > 1 && net_shared_only(w->net, body, one) ? GROUP_SHARED : GROUP_ITEM;
		if (k == GROUP_KEEP && !low_has_stmt((NetBlock){body.at, i}, NSTMT_SPIKE))
			continue;                         /* nothing has spiked yet */
		Group *last = v.n ? &v.at[v.n - 1] : NULL;
		bool joins = last && last->kind == k && k != GROUP_KEEP;
		if (joins && k == GROUP_ITEM && l->batch > 1)
			joins = !group_blocks(w, last, body.at[i]);
		if (joins)
			last->end = i + 1;
		else
			VEC_PUSH(l->a, &v, (Group){k, i, i + 1});
	}
	if (!v.n || v.at[v.n - 1].kind != GROUP_ITEM || (l->batch > 1 && traces_wait(w, &v.at[v.n - 1])))
		VEC_PUSH(l->a, &v, (Group){GROUP_ITEM, body.n, body.n});
	return v;
}

/* Also those inside an `if`, which nothing behind it reads. */
static void
find_defined(LayerWork *w, NetBlock b, uint32_t group)
{
	for (uint32_t i = 0; i < b.n; i++) {
		if (b.at[i]->kind == NSTMT_LET)
			w->defined[b.at[i]->index] = group;
		find_defined(w, b.at[i]->body, group);
		find_defined(w, b.at[i]->other, group);
	}
}

/* Locals that are read in a later group than their own get a buffer. */
static void
find_spills(LayerWork *w, const GroupVec *groups)
{
	Lower *l = w->l;
	uint32_t nlocals = w->net->step.locals.n;
	w->spill = ARENA_ARRAY(l->a, uint32_t, nlocals);
	w->defined = ARENA_ARRAY(l->a, uint32_t, nlocals);
	for (uint32_t k = 0; k < nlocals; k++)
		w->spill[k] = NO_BUF;
	for (uint32_t g = 0; g < groups->n; g++)
		find_defined(w, part_of(w, &groups->at[g]), g);
	for (uint32_t k = 0; k < nlocals; k++)
		for (uint32_t g = w->defined[k] + 1; g < groups->n; g++) {
			if (!low_reads_local(part_of(w, &groups->at[g]), k) || w->spill[k] != NO_BUF)
				continue;
			const NetLocal *local = &w->net->step.locals.at[k];
			PlanAxis axes[2] = {low_axis(AXIS_BATCH, l->batch), low_axis(AXIS_NEURON, w->net->n)};
			w->spill[k] = low_add_buf(l, local->type == NT_BOOL ? PT_BOOL : l->real, ROLE_SCRATCH, 2, axes,
			                          "%s.%s", w->net->name, local->name);
		}
}

/* ---- kernels ---------------------------------------------------------------------------------------- */

static void
load_states(LayerWork *w, Scope *s, NetBlock part, uint32_t *change_bufs)
{
	Lower *l = w->l;
	for (uint32_t k = 0; k < w->net->states.n; k++) {
		const NetState *st = &w->net->states.at[k];
		s->state_vars[k] = s->change_vars[k] = UINT32_MAX;
		const NetStmt *set = low_assigns_state(part, k);
		if (w->low->states[k] == NO_BUF)
			continue;
		if (st->shared_over_batch && l->batch > 1 && set) {
			PlanExpr *sum = low_load(l, change_bufs[k], 1, s->own);
			s->change_vars[k] = plan_emit_var(s->b, arena_printf(l->a, "%s_change", st->name), sum);
		} else if (set || low_reads_state(part, k)) {
			PlanExpr *v = st->shared_over_batch ? low_load(l, w->low->states[k], 1, s->own)
			                                    : low_load(l, w->low->states[k], 2, s->item, s->own);
			if (plan_type_is_int(v->type))        /* a count */
				v = plan_cast(l->p, PT_I32, v);
			s->state_vars[k] = set ? plan_emit_var(s->b, st->name, v) : plan_emit_let(s->b, st->name, v)->id;
		}
	}
}

static void
store_states(LayerWork *w, Scope *s, NetBlock part, const uint32_t *change_bufs)
{
	Lower *l = w->l;
	for (uint32_t k = 0; k < w->net->states.n; k++) {
		const NetState *st = &w->net->states.at[k];
		if (w->low->states[k] == NO_BUF || !low_assigns_state(part, k))
			continue;
		if (s->change_vars[k] != UINT32_MAX)
			low_store(s->b, change_bufs[k], plan_local(l->p, s->b->code, s->change_vars[k]), 1, s->own);
		else if (st->shared_over_batch)
			low_store(s->b, w->low->states[k], plan_local(l->p, s->b->code, s->state_vars[k]), 1, s->own);
		else
			low_store_as(s->b, w->low->states[k], plan_local(l->p, s->b->code, s->state_vars[k]), s->item, s->own);
	}
}

static void
update_traces(LayerWork *w, Scope *s)
{
	Lower *l = w->l;
	PlanExpr *spike = plan_local(l->p, s->b->code, s->spike_var);
	PlanExpr *fired = spike->type == PT_BOOL ? spike : plan_binary(l->p, PEXPR_NE, spike, low_real(l, 0));
	for (uint32_t k = 0; k < w->net->traces.n; k++) {
		const NetTrace *t = &w->net->traces.at[k];
		PlanExpr *old = low_load(l, w->low->traces[k], 2, s->item, s->own);
		Scope in = *s;
		in.trace_var = plan_emit_var(s->b, t->name, plan_binary(l->p, PEXPR_MUL, old, low_expr(s, t->decay)));
		in.locals = ARENA_ARRAY(l->a, PlanExpr *, t->on_spike.locals.n);
		in.spike[NSIDE_OWN] = spike->type == PT_BOOL ? low_real(l, 1) : spike;
		low_block(&in, t->on_spike.body, fired);
		low_store(s->b, w->low->traces[k], plan_local(l->p, s->b->code, in.trace_var), 2, s->item, s->own);
	}
	if (w->low->run_count != NO_BUF) {
		PlanExpr *old = low_load(l, w->low->run_count, 2, s->item, s->own);
		low_store(s->b, w->low->run_count, plan_binary(l->p, PEXPR_ADD, old, plan_cast(l->p, PT_I32, fired)), 2,
		          s->item, s->own);
	}
}

static bool
is_last_spike(const NetExpr *e)
{
	return e && ((e->kind == NEXPR_SPIKE && e->index == 0) || is_last_spike(e->op[0]) || is_last_spike(e->op[1])
	             || is_last_spike(e->op[2]));
}

/* Does code read `spike`, which stands where the spikes of this step will be? */
static bool
reads_last_spike(NetBlock b)
{
	for (uint32_t i = 0; i < b.n; i++)
		if (is_last_spike(b.at[i]->e) || reads_last_spike(b.at[i]->body) || reads_last_spike(b.at[i]->other))
			return true;
	return false;
}

/* What was sent in the step before is kept aside where a group reads it behind the first, which clears the spikes. */
static void
find_spiked(LayerWork *w, const GroupVec *groups)
{
	PlanAxis axes[2] = {low_axis(AXIS_BATCH, w->l->batch), low_axis(AXIS_NEURON, w->net->n)};
	bool first = true;
	w->spiked = NO_BUF;
	for (uint32_t g = 0; g < groups->n; g++) {
		bool items = groups->at[g].kind == GROUP_ITEM;
		if (items && !first && w->spiked == NO_BUF && reads_last_spike(part_of(w, &groups->at[g])))
			w->spiked = low_add_buf(w->l, w->net->values ? w->l->real : PT_BOOL, ROLE_SCRATCH, 2, axes, "%s.spiked", w->net->name);
		first = first && !items;
	}
}

static void
item_loop(LayerWork *w, PlanEmit *b, NetBlock part, uint32_t group, bool first, bool last, uint32_t *change_bufs)
{
	Lower *l = w->l;
	Plan *p = l->p;
	PlanExpr *learning = low_has_expr(part, NEXPR_LEARNING) ? plan_emit_let(b, "learning", low_load(l, l->learning, 0)) : NULL;
	PlanExpr *now = w->low->memory == NO_BUF ? NULL : low_slot(l, b, w->net->memory);
	LowLoop items = low_items(l, b);
	LowLoop neurons = low_loop(low_body(&items), "j", low_lo(b), low_hi(b), true);
	Scope s = low_scope(l, low_body(&neurons));
	s.layer = w->layer;
	s.item = items.index;
	s.own = neurons.index;
	s.now = now;
	s.learning = learning;
	s.state_vars = ARENA_ARRAY(l->a, uint32_t, w->net->states.n);
	s.change_vars = ARENA_ARRAY(l->a, uint32_t, w->net->states.n);
	s.locals = ARENA_ARRAY(l->a, PlanExpr *, w->net->step.locals.n);
	load_states(w, &s, part, change_bufs);
	for (uint32_t k = 0; k < w->net->step.locals.n; k++)
		if (w->spill[k] != NO_BUF && w->defined[k] < group && low_reads_local(part, k))
			s.locals[k] = plan_emit_let(s.b, w->net->step.locals.at[k].name,
			                            low_load(l, w->spill[k], 2, s.item, s.own));
	s.port_input = ARENA_ARRAY(l->a, PlanExpr *, w->net->ports.n);
	for (uint32_t k = 0; k < w->net->ports.n; k++) {
		uint32_t buf = w->low->ports[k].input;
		const char *name = w->net->ports.at[k].name ? w->net->ports.at[k].name : "input";
		s.port_input[k] = buf == NO_BUF ? low_real(l, 0) : NULL;
		if (buf != NO_BUF && low_reads_port(part, k))
			s.port_input[k] = plan_emit_let(s.b, name, low_load(l, buf, 2, s.item, s.own));
	}
	if (reads_last_spike(part) || (first && w->spiked != NO_BUF)) {
		PlanExpr *old = low_load(l, first ? w->low->spikes : w->spiked, 2, s.item, s.own);
		if (first && w->spiked != NO_BUF)
			low_store(s.b, w->spiked, old, 2, s.item, s.own);
		s.spike[NSIDE_OWN] = plan_emit_let(s.b, "spiked", plan_cast(p, l->real, old));
	}
	bool spikes = low_has_stmt(part, NSTMT_SPIKE);
	if (first || spikes || last) {
		PlanExpr *none = w->net->values ? low_real(l, 0) : plan_int(p, PT_BOOL, 0);
		s.spike_var = plan_emit_var(s.b, "spike", first ? none : low_load(l, w->low->spikes, 2, s.item, s.own));
	}
	low_block(&s, part, NULL);
	store_states(w, &s, part, change_bufs);
	for (uint32_t k = 0; k < w->net->step.locals.n; k++)
		if (w->spill[k] != NO_BUF && w->defined[k] == group)
			low_store(s.b, w->spill[k], s.locals[k], 2, s.item, s.own);
	if (first || spikes)
		low_store(s.b, w->low->spikes, plan_local(p, s.b->code, s.spike_var), 2, s.item, s.own);
	if (last)
		update_traces(w, &s);
	if (last && w->low->memory != NO_BUF)
		low_store(s.b, w->low->memory, plan_local(p, s.b->code, s.spike_var), 3, s.now, s.item, s.own);
	low_close(&neurons);
	low_close(&items);
}

/* What items may do to a state that they share: add and subtract; then nothing hangs on their order. */
static void
check_shared(LayerWork *w, NetBlock b, uint32_t state)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const NetStmt *s = b.at[i];
		check_shared(w, s->body, state);
		check_shared(w, s->other, state);
		if (s->kind != NSTMT_ASSIGN || s->target->kind != NEXPR_STATE || s->target->index != state || s->op == NADD || s->op == NSUB)
			continue;
		diag_begin(w->l->env->diag, E0657, s->span, "the items of the batch share `%s`, and this differs between them", w->net->states.at[state].name);
		diag_note(w->l->env->diag, "what each of them adds or subtracts is summed; of anything else the last item would have the say");
		diag_help(w->l->env->diag, "write `+=` or `-=`, leave `shared over batch` away, or set `batch = 1`");
		diag_end(w->l->env->diag);
		w->l->failed = true;
	}
}

/* With several items: zero the changes, let the items add, then apply once. */
static void
item_group(LayerWork *w, PlanEmit *b, NetBlock part, uint32_t group, bool first, bool last)
{
	Lower *l = w->l;
	uint32_t *change = ARENA_ARRAY(l->a, uint32_t, w->net->states.n);
	for (uint32_t k = 0; k < w->net->states.n; k++) {
		const NetState *st = &w->net->states.at[k];
		change[k] = NO_BUF;
		if (w->low->states[k] == NO_BUF || !st->shared_over_batch || l->batch == 1 || !low_assigns_state(part, k))
			continue;
		check_shared(w, part, k);
		PlanAxis axis = low_axis(AXIS_NEURON, w->net->n);
		change[k] = low_add_buf(l, l->real, ROLE_SCRATCH, 1, &axis, "%s.%s_change", w->net->name, st->name);
		LowLoop zero = low_loop(b, "j", low_lo(b), low_hi(b), true);
		low_store(low_body(&zero), change[k], low_real(l, 0), 1, zero.index);
		low_close(&zero);
	}
	item_loop(w, b, part, group, first, last, change);
	for (uint32_t k = 0; k < w->net->states.n; k++) {
		if (change[k] == NO_BUF)
			continue;
		LowLoop apply = low_loop(b, "j", low_lo(b), low_hi(b), true);
		PlanExpr *old = low_load(l, w->low->states[k], 1, apply.index);
		PlanExpr *now = plan_binary(l->p, PEXPR_ADD, old, low_load(l, change[k], 1, apply.index));
		low_store(low_body(&apply), w->low->states[k], now, 1, apply.index);
		low_close(&apply);
	}
}

static void
shared_group(LayerWork *w, PlanEmit *b, NetBlock part)
{
	Lower *l = w->l;
	PlanExpr *learning = low_has_expr(part, NEXPR_LEARNING) ? plan_emit_let(b, "learning", low_load(l, l->learning, 0)) : NULL;
	LowLoop neurons = low_loop(b, "j", low_lo(b), low_hi(b), true);
	Scope s = low_scope(l, low_body(&neurons));
	s.layer = w->layer;
	s.own = neurons.index;
	s.learning = learning;
	s.state_vars = ARENA_ARRAY(l->a, uint32_t, w->net->states.n);
	s.locals = ARENA_ARRAY(l->a, PlanExpr *, w->net->step.locals.n);
	for (uint32_t k = 0; k < w->net->step.locals.n; k++)
		if (w->spill[k] != NO_BUF && low_reads_local(part, k))       /* the same for all items */
			s.locals[k] = plan_emit_let(s.b, w->net->step.locals.at[k].name, low_load(l, w->spill[k], 2, low_i64(l, 0), s.own));
	for (uint32_t k = 0; k < w->net->states.n; k++) {
		s.state_vars[k] = UINT32_MAX;
		if (w->low->states[k] != NO_BUF && low_assigns_state(part, k))
			s.state_vars[k] = plan_emit_var(s.b, w->net->states.at[k].name,
			                                low_load(l, w->low->states[k], 1, s.own));
	}
	low_block(&s, part, NULL);
	for (uint32_t k = 0; k < w->net->states.n; k++)
		if (s.state_vars[k] != UINT32_MAX)
			low_store(s.b, w->low->states[k], plan_local(l->p, s.b->code, s.state_vars[k]), 1, s.own);
	low_close(&neurons);
}

/* Of the neurons that spike, and for which the condition holds, the one at a random rank stays; per item. */
static PlanExpr *
candidate(LayerWork *w, PlanEmit *b, const NetStmt *st, PlanExpr *item, PlanExpr *j)
{
	PlanExpr *fired = low_fired(w->l, w->low, item, j);
	if (st->e)
		fired = plan_binary(w->l->p, PEXPR_AND, fired, low_load(w->l, w->spill[st->e->index], 2, item, j));
	return plan_emit_let(b, "candidate", fired);
}

static void
keep_kernel(LayerWork *w, const NetStmt *st)
{
	Lower *l = w->l;
	Plan *p = l->p;
	uint32_t id = low_add_kernel(l, 1, "%s.keep_one", w->net->name);
	PlanEmit body = plan_emit(p, p->codes.at[id]), *b = &body;
	VEC_PUSH(l->a, &w->low->update, id);
	LowLoop items = low_items(l, b);
	PlanEmit *in = low_body(&items);
	uint32_t count = plan_emit_var(in, "candidates", low_i64(l, 0));
	LowLoop sum = low_loop(in, "j", low_i64(l, 0), low_i64(l, (int64_t)w->net->n), false);
	PlanExpr *flag = plan_cast(p, PT_I64, candidate(w, low_body(&sum), st, items.index, sum.index));
	plan_emit_set(low_body(&sum), count, plan_binary(p, PEXPR_ADD, plan_local(p, in->code, count), flag));
	low_close(&sum);

	PlanEmit several = plan_emit(p, in->code);
	NetExpr draw = {.kind = NEXPR_DRAW, .type = NT_REAL, .draw = NDRAW_UNIFORM, .site = st->site, .span = st->span};
	Scope s = low_scope(l, &several);
	s.item = s.own = items.index;
	PlanExpr *n = plan_local(p, in->code, count);
	PlanExpr *at = plan_binary(p, PEXPR_MUL, low_site_value(&s, &draw), plan_cast(p, l->real, n));
	PlanExpr *rank = plan_emit_let(&several, "rank", plan_cast(p, PT_I64, at));
	PlanExpr *top = plan_binary(p, PEXPR_SUB, n, low_i64(l, 1));
	PlanExpr *kept = plan_emit_let(&several, "kept", plan_ternary(p, PEXPR_SELECT,
	                               plan_binary(p, PEXPR_LT, rank, top), rank, top));
	uint32_t seen = plan_emit_var(&several, "seen", low_i64(l, 0));
	LowLoop scan = low_loop(&several, "j", low_i64(l, 0), low_i64(l, (int64_t)w->net->n), false);
	PlanEmit *each = low_body(&scan);
	PlanExpr *here = candidate(w, each, st, items.index, scan.index), *passed = plan_local(p, in->code, seen);
	PlanExpr *stays = plan_binary(p, PEXPR_AND, here, plan_binary(p, PEXPR_EQ, passed, kept));
	if (st->e)                                        /* others are out of the competition */
		stays = plan_binary(p, PEXPR_OR, stays, plan_binary(p, PEXPR_AND, low_fired(l, w->low, items.index, scan.index),
		                                                    plan_unary(p, PEXPR_NOT, here)));
	if (w->net->values)
		stays = plan_ternary(p, PEXPR_SELECT, stays, low_load(l, w->low->spikes, 2, items.index, scan.index), low_real(l, 0));
	low_store(each, w->low->spikes, stays, 2, items.index, scan.index);
	plan_emit_set(each, seen, plan_binary(p, PEXPR_ADD, passed, plan_cast(p, PT_I64, here)));
	low_close(&scan);
	plan_emit_if(in, plan_binary(p, PEXPR_GT, n, low_i64(l, 1)), &several, NULL);
	low_close(&items);
	p->codes.at[id]->body = plan_freeze(b);
}

static void
update_kernels(LayerWork *w)
{
	Lower *l = w->l;
	GroupVec groups = groups_of(w);
	find_spills(w, &groups);
	find_spiked(w, &groups);
	PlanEmit body = {0};
	uint32_t open = UINT32_MAX;
	bool first = true;
	for (uint32_t g = 0; g < groups.n; g++) {
		NetBlock part = part_of(w, &groups.at[g]);
		if (groups.at[g].kind == GROUP_KEEP) {
			if (open != UINT32_MAX)
				l->p->codes.at[open]->body = plan_freeze(&body);
			open = UINT32_MAX;
			keep_kernel(w, part.at[0]);
			continue;
		}
		if (open == UINT32_MAX) {
			open = low_add_kernel(l, w->net->n, w->low->update.n ? "%s.settle" : "%s.update", w->net->name);
			body = plan_emit(l->p, l->p->codes.at[open]);
			VEC_PUSH(l->a, &w->low->update, open);
		}
		if (groups.at[g].kind == GROUP_SHARED) {
			shared_group(w, &body, part);
			continue;
		}
		item_group(w, &body, part, g, first, g + 1 == groups.n);
		first = false;
	}
	l->p->codes.at[open]->body = plan_freeze(&body);
}

/* init: all states; reset: those that are not kept, and everything that spikes left behind. */
static void
start_kernel(LayerWork *w, bool reset)
{
	Lower *l = w->l;
	Plan *p = l->p;
	uint32_t id = low_add_kernel(l, w->net->n, reset ? "%s.reset" : "%s.init", w->net->name);
	*(reset ? &w->low->reset : &w->low->init) = id;
	PlanEmit b = plan_emit(p, p->codes.at[id]);
	LowLoop items = low_items(l, &b);
	LowLoop neurons = low_loop(low_body(&items), "j", low_lo(&b), low_hi(&b), true);
	Scope s = low_scope(l, low_body(&neurons));
	s.layer = w->layer;
	s.item = items.index;
	s.own = neurons.index;
	s.object = neurons.index;                         /* all items begin alike */
	s.at_start = true;
	for (uint32_t k = 0; k < w->net->states.n; k++) {
		const NetState *st = &w->net->states.at[k];
		if (w->low->states[k] == NO_BUF || (reset && st->kept_on_reset))
			continue;
		bool count = plan_type_is_int(p->bufs.at[w->low->states[k]].type);
		PlanExpr *v = count ? low_whole(&s, st->init) : low_expr(&s, st->init);
		if (st->shared_over_batch)
			low_store(s.b, w->low->states[k], v, 1, s.own);
		else
			low_store_as(s.b, w->low->states[k], v, s.item, s.own);
	}
	if (reset) {
		PlanExpr *none = w->net->values ? low_real(l, 0) : plan_int(p, PT_BOOL, 0);
		low_store(s.b, w->low->spikes, none, 2, s.item, s.own);
		for (uint32_t k = 0; k < w->net->traces.n; k++)
			low_store(s.b, w->low->traces[k], low_real(l, 0), 2, s.item, s.own);
		if (w->low->run_count != NO_BUF)
			low_store(s.b, w->low->run_count, plan_int(p, PT_I32, 0), 2, s.item, s.own);
	}
	low_close(&neurons);
	low_close(&items);
	p->codes.at[id]->body = plan_freeze(&b);
}

void
low_layer_kernels(Lower *l, uint32_t layer)
{
	LayerWork w = {.l = l, .layer = layer, .net = &l->net->layers.at[layer], .low = &l->layers[layer]};
	start_kernel(&w, false);
	start_kernel(&w, true);
	low_propagate(l, layer);
	update_kernels(&w);
	low_find_kernel(l, layer);
}
