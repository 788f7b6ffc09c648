/* lower_protocol: the protocol as a proc: `program` is the whole: initial values, then the experiment with its loops,
 * runs, votes and records.
 */
#include "base/panic.h"
#include "lower/lower_inner.h"

#include <string.h>

/* ---- statements ------------------------------------------------------------------------------------------ */

/* Where the protocol stands. */
typedef struct {
	PlanExpr *sample, *done;                          /* done: with this turn; NULL: in no loop that counts */
	int64_t width;                                    /* samples of a turn */
	uint32_t phase, data;
	const NetProto *loop; uint32_t order;              /* over data: where its samples come from */
} Turn;

/* Kernels of statements: made before the proc, so that codes stand before their users. */
typedef struct { const NetProto *stmt; uint32_t data, kernel, buf; } ProtoKernel;   /* buf: the order of a shuffled loop */
typedef VEC(ProtoKernel) ProtoKernelVec;

static void protocol(Lower *l, PlanEmit *b, const NetProtocol *p, const Turn *turn, const ProtoKernelVec *kernels);

/* The place of a turn in a shuffled loop becomes what is there. */
static PlanExpr *
in_order(Lower *l, const NetProto *s, uint32_t order, PlanExpr *turn)
{
	if (order == NO_BUF)
		return turn;
	PlanExpr *place = plan_binary(l->p, PEXPR_SUB, turn, low_i64(l, (int64_t)s->lo));
	return plan_binary(l->p, PEXPR_ADD, plan_cast(l->p, PT_I64, low_load(l, order, 1, place)), low_i64(l, (int64_t)s->lo));
}

static void
fetch_columns(Lower *l, PlanEmit *b, const NetProto *s, uint32_t order, PlanExpr *sample)
{
	uint32_t d = s->data;
	for (uint32_t c = 0; c < l->net->data.at[d].columns.n; c++) {
		if (l->columns[d][c] == NO_BUF)
			continue;
		LowLoop items = low_items(l, b);
		PlanExpr *one = l->batch == 1 ? sample : plan_binary(l->p, PEXPR_ADD, sample, items.index);
		PlanArg args[4] = {low_number(l, l->data_objects[d]), low_number(l, c), low_given(in_order(l, s, order, one)),
		                   low_address(l, l->columns[d][c], items.index)};
		low_host(l, low_body(&items), "fetch", 4, args);
		low_close(&items);
	}
}

static void
recording(Lower *l, PlanEmit *b, uint32_t phase, bool on)
{
	for (uint32_t k = 0; k < l->net->records.n; k++)
		if (l->net->records.at[k].phase == phase && l->record_on[k] != NO_BUF)
			low_store(b, l->record_on[k], plan_int(l->p, PT_BOOL, on), 0);
}

static void
sample_records(Lower *l, PlanEmit *b, const Turn *turn)
{
	Plan *p = l->p;
	for (uint32_t k = 0; k < l->net->records.n; k++) {
		const NetRecord *r = &l->net->records.at[k];
		if (!r->samples || (r->phase != NET_NONE && r->phase != turn->phase))
			continue;
		int64_t every = (int64_t)(r->every ? r->every : 1);
		PlanEmit in = plan_emit(p, b->code);
		low_emit_record(l, &in, k);
		PlanExpr *rest = plan_binary(p, PEXPR_REM, turn->done, low_i64(l, every));
		plan_emit_if(b, low_record_window(l, r, plan_binary(p, PEXPR_LT, rest, low_i64(l, turn->width))), &in, NULL);
	}
}

/* Do its turns count as samples? */
static bool
counts_samples(const NetProto *s)
{
	return s->kind == NPROTO_FOR || (s->kind == NPROTO_COUNT_TO && s->phase != NET_NONE);
}

static bool
has_inner_loop(const NetProtocol *p)
{
	for (uint32_t k = 0; k < p->n; k++)
		if (counts_samples(p->at[k]) || has_inner_loop(&p->at[k]->body) || has_inner_loop(&p->at[k]->other))
			return true;
	return false;
}

/* Sets what nobody reads, and what is therefore not stored. */
static bool
is_idle(const Lower *l, const NetProto *s)
{
	return s->kind == NPROTO_ASSIGN && l->layers[s->layer].states[s->state] == NO_BUF;
}

/* What goes over the whole sample and reads nothing else, for the statements of this loop. */
static void
run_overs(Lower *l, PlanEmit *b, const NetProtocol *body, uint32_t data, bool *done)
{
	for (uint32_t k = 0; k < body->n; k++) {
		if (body->at[k]->kind == NPROTO_FOR)
			continue;
		if (!is_idle(l, body->at[k]))
			low_run_overs(l, b, body->at[k]->e, data, done);
		run_overs(l, b, &body->at[k]->body, data, done);
		run_overs(l, b, &body->at[k]->other, data, done);
	}
}

static uint32_t order_of(const ProtoKernelVec *kernels, const NetProto *s, uint32_t *buf);

static void
phase_begins(Lower *l, PlanEmit *b, const NetProto *s, bool begins)
{
	if (!counts_samples(s))
		return;
	PlanArg args[2] = {low_number(l, (int64_t)l->phase_objects[s->phase]), low_number(l, begins)};
	if (!begins)
		recording(l, b, s->phase, false);
	low_host(l, b, "phase", 2, args);
	if (begins)
		recording(l, b, s->phase, true);
}

/* The columns of a turn, what goes over them, the variable of a range. */
static void
turn_begins(Lower *l, PlanEmit *b, const NetProto *s, uint32_t order, PlanExpr *at)
{
	if (s->kind == NPROTO_FOR) {
		fetch_columns(l, b, s, order, at);
		run_overs(l, b, &s->body, s->data, ARENA_ARRAY(l->a, bool, l->overs.n));
	} else {
		low_store(b, l->vars[s->state], plan_cast(l->p, l->real, in_order(l, s, order, at)), 0);
	}
}

/* A loop over samples, or over the numbers of a range. Where it may be resumed, the turn it is at is kept. */
static void
loop_over(Lower *l, PlanEmit *b, const NetProto *s, const Turn *around, const ProtoKernelVec *kernels)
{
	Plan *p = l->p;
	bool samples = s->kind == NPROTO_FOR, counts = counts_samples(s), resumes = low_places(s) > 0;
	uint32_t order = NO_BUF, fill = order_of(kernels, s, &order), kept = NO_BUF;
	PlanEmit head = plan_emit(p, b->code), body = head, start = head, *in = &body;
	PlanExpr *lo = low_i64(l, (int64_t)s->lo);
	phase_begins(l, &head, s, true);
	low_run_if(&head, fill);
	low_unless_resuming(l, b, resumes, &head);
	if (resumes) {
		kept = low_add_buf(l, PT_I64, ROLE_DERIVED, 0, NULL, "experiment.turn");
		lo = plan_ternary(p, PEXPR_SELECT, low_load(l, l->resuming, 0), low_load(l, kept, 0), lo);
	}
	uint32_t local = plan_new_loop_local(b, samples ? "sample" : "turn");
	PlanExpr *at = plan_local(p, b->code, local);
	Turn turn = {.sample = at, .phase = s->phase, .data = s->data, .width = samples ? (int64_t)l->batch : 1, .loop = s, .order = order};
	if (resumes)
		low_store(in, kept, at, 0);
	turn_begins(l, &start, s, order, at);
	low_unless_resuming(l, in, resumes, &start);
	if (!samples) {
		if (!counts)
			turn = *around;
		turn.data = around->data;
		turn.loop = around->loop;
		turn.order = around->order;
		turn.sample = around->sample ? around->sample : at;
	}
	if (counts)
		turn.done = plan_emit_let(in, "done", plan_binary(p, PEXPR_SUB, at, low_i64(l, (int64_t)s->lo - turn.width)));
	protocol(l, in, &s->body, &turn, kernels);
	if (counts && !has_inner_loop(&s->body))
		sample_records(l, in, &turn);
	if (counts) {
		PlanArg args[2] = {low_number(l, (int64_t)l->phase_objects[s->phase]), low_given(turn.done)};
		low_host(l, in, "sample", 2, args);
	}
	PlanStmt *loop = plan_emit_for(b, local, lo, low_i64(l, (int64_t)s->hi), false, in);
	loop->step = turn.width;
	if (!counts)
		loop->step = 1;
	phase_begins(l, b, s, false);
}

/* pixels.rate = image / 255 * 128 Hz: a kernel over neurons. */
static uint32_t
assign_kernel(Lower *l, const NetProto *s, uint32_t data)
{
	const NetLayer *n = &l->net->layers.at[s->layer];
	const NetState *st = &n->states.at[s->state];
	uint32_t id = low_add_kernel(l, n->n, "%s.set_%s", n->name, st->name);
	PlanEmit b = plan_emit(l->p, l->p->codes.at[id]);
	LowLoop items = low_items(l, &b);
	Scope in = low_scope(l, low_body(&items));
	in.item = items.index;
	in.data = data;
	low_hoist(&in, s->e);
	LowLoop neurons = low_loop(in.b, "j", low_lo(&b), low_hi(&b), true);
	in.b = low_body(&neurons);
	in.layer = s->layer;
	in.own = neurons.index;
	low_store(in.b, l->layers[s->layer].states[s->state], low_expr(&in, s->e), 2, in.item, in.own);
	low_close(&neurons);
	low_close(&items);
	l->p->codes.at[id]->body = plan_freeze(&b);
	return id;
}

/* Counts of spikes begin anew behind each vote. */
static uint32_t
clear_kernel(Lower *l, const NetProto *s)
{
	const NetLayer *n = &l->net->layers.at[s->layer];
	uint32_t clear = low_add_kernel(l, n->n, "%s.clear_count", n->name);
	PlanEmit k = plan_emit(l->p, l->p->codes.at[clear]);
	LowLoop items = low_items(l, &k);
	LowLoop neurons = low_loop(low_body(&items), "j", low_lo(&k), low_hi(&k), true);
	low_store(low_body(&neurons), l->layers[s->layer].run_count, plan_int(l->p, PT_I32, 0), 2, items.index, neurons.index);
	low_close(&neurons);
	low_close(&items);
	l->p->codes.at[clear]->body = plan_freeze(&k);
	return clear;
}

/* A kernel that does the same for an earlier statement, or UINT32_MAX. */
static uint32_t
same_kernel(const ProtoKernelVec *v, const NetProto *s, uint32_t data)
{
	for (uint32_t k = 0; k < v->n; k++) {
		const NetProto *t = v->at[k].stmt;
		if (t->kind != s->kind || t->layer != s->layer)
			continue;
		if (s->kind == NPROTO_VOTE || (v->at[k].data == data && t->state == s->state && net_expr_equal(t->e, s->e)))
			return v->at[k].kernel;
	}
	return UINT32_MAX;
}

/* The step of a run that does something to the network; runs that are only layer by layer share one. */
static uint32_t
own_step(Lower *l, const NetProto *s)
{
	low_controls(l, s);
	if (s->controls.n) {
		const char *name = "step_controlled";
		for (int k = 2; plan_find_code(l->p, name) != UINT32_MAX; k++)
			name = arena_printf(l->a, "step_controlled%d", k);
		return low_step_of(l, name, s);
	}
	if (l->by_layer_proc == UINT32_MAX)
		l->by_layer_proc = low_step_of(l, "step_by_layer", s);
	return l->by_layer_proc;
}

static void
prepare(Lower *l, const NetProtocol *p, uint32_t data, ProtoKernelVec *out)
{
	for (uint32_t k = 0; k < p->n; k++) {
		const NetProto *s = p->at[k];
		prepare(l, &s->body, s->kind == NPROTO_FOR ? s->data : data, out);
		prepare(l, &s->other, data, out);
		if (s->shuffled) {
			uint32_t order;
			uint32_t fill = low_order_kernel(l, s, &order);
			VEC_PUSH(l->a, out, (ProtoKernel){s, data, fill, order});
		}
		if (s->kind == NPROTO_RUN && (s->by_layer || s->controls.n))
			VEC_PUSH(l->a, out, (ProtoKernel){s, data, own_step(l, s), NO_BUF});
		if (is_idle(l, s))
			continue;
		low_overs(l, s->e, data);
		if (s->kind != NPROTO_ASSIGN && s->kind != NPROTO_VOTE)
			continue;
		uint32_t kernel = same_kernel(out, s, data);
		if (kernel == UINT32_MAX)
			kernel = s->kind == NPROTO_VOTE ? clear_kernel(l, s) : assign_kernel(l, s, data);
		VEC_PUSH(l->a, out, (ProtoKernel){s, data, kernel, NO_BUF});
	}
}

static uint32_t
kernel_of(const ProtoKernelVec *kernels, const NetProto *s)
{
	for (uint32_t k = 0; k < kernels->n; k++)
		if (kernels->at[k].stmt == s)
			return kernels->at[k].kernel;
	UNREACHABLE();
}

/* The step of a run: its own, or the plain one. */
static uint32_t
proc_of(const ProtoKernelVec *kernels, const NetProto *s, uint32_t plain)
{
	for (uint32_t k = 0; k < kernels->n; k++)
		if (kernels->at[k].stmt == s)
			return kernels->at[k].kernel;
	return plain;
}

static uint32_t
order_of(const ProtoKernelVec *kernels, const NetProto *s, uint32_t *buf)
{
	for (uint32_t k = 0; k < kernels->n; k++)
		if (kernels->at[k].stmt == s) {
			*buf = kernels->at[k].buf;
			return kernels->at[k].kernel;
		}
	return UINT32_MAX;
}

/* The steps of a time that is known only now, rounded; none below 0. */
static PlanExpr *
steps_of(Lower *l, PlanEmit *b, const NetExpr *e, uint32_t data)
{
	Plan *p = l->p;
	PlanExpr *exact = plan_binary(p, PEXPR_DIV, low_single(l, b, e, data), low_real(l, l->net->dt));
	return plan_emit_let(b, "steps", plan_cast(p, PT_I64, plan_unary(p, PEXPR_FLOOR, plan_binary(p, PEXPR_ADD, exact, low_real(l, 0.5)))));
}

static void
run(Lower *l, PlanEmit *b, const NetProto *s, const Turn *turn, const ProtoKernelVec *kernels)
{
	PlanExpr *steps = low_i64(l, (int64_t)s->steps);
	PlanEmit begins = plan_emit(l->p, b->code), in = begins;
	low_run_open_overs(l, &begins, s->e, turn->data);
	if (!s->steps) {
		if (l->steps == NO_BUF)
			l->steps = low_add_buf(l, PT_I64, ROLE_DERIVED, 0, NULL, "experiment.steps");
		low_store(&begins, l->steps, steps_of(l, &begins, s->e, turn->data), 0);
		steps = low_load(l, l->steps, 0);
	}
	for (uint32_t i = 0; i < l->net->layers.n; i++)
		low_run_if(&begins, l->layers[i].clear_count);
	PlanExpr *from = low_run_begins(l, b, &begins);
	uint32_t local = plan_new_loop_local(b, "t");
	plan_emit_do(&in, proc_of(kernels, s, l->step_proc));
	plan_emit_for(b, local, from, steps, false, &in);
	low_store(b, l->resuming, plan_int(l->p, PT_BOOL, 0), 0);
	low_norms(l, b, false, NET_NONE);
	low_drawn(l, b, s->e);
}

static void
vote(Lower *l, PlanEmit *b, const NetProto *s, const Turn *turn)
{
	LowLayer *low = &l->layers[s->layer];
	const NetLayer *n = &l->net->layers.at[s->layer];
	uint32_t id = plan_add_object(l->p, POBJ_VOTE, n->name);
	PlanObject *o = &l->p->objects.at[id];
	o->span = s->span;
	o->texts = ARENA_ARRAY(l->a, const char *, s->readouts.n);
	for (uint32_t k = 0; k < s->readouts.n; k++)
		o->texts[o->ntexts++] = s->readouts.at[k];
	o->bufs = ARENA_ARRAY(l->a, uint32_t, 6);
	uint32_t bufs[5] = {low->run_count, l->columns[turn->data][s->column], low->rates, low->proportions, low->assignment};
	for (uint32_t k = 0; k < 5; k++)
		o->bufs[o->nbufs++] = bufs[k];
	if (low->votes != NO_BUF)
		o->bufs[o->nbufs++] = low->votes;
	int64_t keep;
	memcpy(&keep, &s->keep, sizeof keep);
	o->nums = ARENA_ARRAY(l->a, int64_t, 4);
	o->nums[o->nnums++] = (int64_t)l->net->data.at[turn->data].classes;
	o->nums[o->nnums++] = (int64_t)s->every;
	if (s->keep != 1 || s->ngram) {
		o->nums[o->nnums++] = keep;
		o->nums[o->nnums++] = s->ngram ? (int64_t)low->raster : -1;
	}
	l->phase_votes[turn->phase] = id;
	PlanArg args[3] = {low_number(l, id), low_number(l, l->phase_objects[turn->phase]), low_given(turn->sample)};
	low_host(l, b, "vote", 3, args);
	for (uint32_t k = 0; k < l->net->records.n; k++) {
		const NetRecord *r = &l->net->records.at[k];
		if (r->var.kind == NVAR_VOTES && r->var.of == s->layer && (r->phase == NET_NONE || r->phase == turn->phase))
			low_emit_record(l, b, k);
	}
}

static uint32_t
report_object(Lower *l, const NetProto *s)
{
	uint32_t id = plan_add_object(l->p, POBJ_REPORT, s->what);
	PlanObject *o = &l->p->objects.at[id];
	o->span = s->span;
	o->texts = ARENA_ARRAY(l->a, const char *, 1);
	o->texts[o->ntexts++] = s->what;
	o->nums = ARENA_ARRAY(l->a, int64_t, 2);
	o->nums[o->nnums++] = s->phase == NET_NONE ? -1 : (int64_t)l->phase_objects[s->phase];
	uint32_t v = s->phase == NET_NONE ? UINT32_MAX : l->phase_votes[s->phase];
	o->nums[o->nnums++] = v == UINT32_MAX ? -1 : (int64_t)v;
	return id;
}

static void
report(Lower *l, PlanEmit *b, const NetProto *s)
{
	if (s->var.kind == NVAR_UNSET) {
		PlanArg one = low_number(l, report_object(l, s));
		low_host(l, b, "report", 1, &one);
		return;
	}
	uint32_t id = plan_add_object(l->p, POBJ_VALUE, s->what), buf = low_var_buf(l, s->var);
	PlanObject *o = &l->p->objects.at[id];
	o->span = s->span;
	o->bufs = ARENA_ARRAY(l->a, uint32_t, 1);
	o->bufs[o->nbufs++] = buf;
	PlanArg args[2] = {low_number(l, id), low_address(l, buf, NULL)};
	low_host(l, b, "tell", 2, args);
}

static uint32_t
save_object(Lower *l, const NetProto *s)
{
	uint32_t id = plan_add_object(l->p, POBJ_SAVE, s->path);
	PlanObject *o = &l->p->objects.at[id];
	o->span = s->span;
	o->texts = ARENA_ARRAY(l->a, const char *, 1);
	o->texts[o->ntexts++] = s->path;
	if (s->var.kind != NVAR_UNSET) {
		o->bufs = ARENA_ARRAY(l->a, uint32_t, 1);
		o->bufs[o->nbufs++] = low_var_buf(l, s->var);
	}
	return id;
}

/* The sample of each item, or none, to the layer's own input. */
static void
present(Lower *l, PlanEmit *b, const NetProto *s, const Turn *turn)
{
	uint32_t object = l->layers[s->layer].ports[0].object;
	LowLoop items = low_items(l, b);
	PlanExpr *sample = low_i64(l, -1);
	if (s->column != NET_NONE) {
		PlanExpr *one = l->batch == 1 ? turn->sample : plan_binary(l->p, PEXPR_ADD, turn->sample, items.index);
		sample = in_order(l, turn->loop, turn->order, one);
	}
	PlanArg args[3] = {low_number(l, object), low_given(items.index), low_given(sample)};
	low_host(l, low_body(&items), "cue", 3, args);
	low_close(&items);
}

/* To where a resumed program stood, or by the condition. */
static void
branch(Lower *l, PlanEmit *b, const NetProto *s, const Turn *turn, const ProtoKernelVec *kernels)
{
	bool resumes = low_places(s) > 0;
	PlanEmit overs = plan_emit(l->p, b->code), draws = overs, then = overs, other = overs;
	low_run_open_overs(l, &overs, s->e, turn->data);
	low_unless_resuming(l, b, resumes, &overs);
	PlanExpr *c = low_single(l, b, s->e, turn->data);
	low_drawn(l, &draws, s->e);
	if (resumes) {
		c = plan_emit_let(b, "then", low_stood_before(l, c, l->places + low_places_in(&s->body)));
		low_unless_resuming(l, b, true, &draws);
	} else {
		low_unless_resuming(l, b, false, &draws);
	}
	protocol(l, &then, &s->body, turn, kernels);
	protocol(l, &other, &s->other, turn, kernels);
	plan_emit_if(b, c, &then, s->other.n ? &other : NULL);
}

static void
statement(Lower *l, PlanEmit *b, const NetProto *s, const Turn *turn, const ProtoKernelVec *kernels)
{
	PlanArg one[1];
	if (s->kind != NPROTO_IF && s->kind != NPROTO_RUN)
		low_run_open_overs(l, b, s->e, turn->data);
	switch (s->kind) {
	case NPROTO_FOR:
	case NPROTO_COUNT_TO:
		loop_over(l, b, s, turn, kernels);
		return;
	case NPROTO_IF:
		branch(l, b, s, turn, kernels);
		return;
	case NPROTO_LET:
		low_let(l, b, s, turn->data);
		low_drawn(l, b, s->e);
		return;
	case NPROTO_ASSIGN:
		if (is_idle(l, s))
			return;
		plan_emit_run(b, kernel_of(kernels, s));
		if (low_is_followed(&l->net->layers.at[s->layer], s->state))
			plan_emit_run(b, l->layers[s->layer].propagate);
		low_drawn(l, b, s->e);
		return;
	case NPROTO_SIGNAL:
		low_set_signal(l, b, s, turn->data);
		low_drawn(l, b, s->e);
		return;
	case NPROTO_RUN:
		run(l, b, s, turn, kernels);
		return;
	case NPROTO_RESET:
		plan_emit_do(b, l->reset_proc);
		return;
	case NPROTO_FREEZE:
	case NPROTO_THAW:
		low_store(b, l->learning, plan_int(l->p, PT_BOOL, s->kind == NPROTO_THAW), 0);
		return;
	case NPROTO_VOTE:
		vote(l, b, s, turn);
		plan_emit_run(b, kernel_of(kernels, s));
		return;
	case NPROTO_REPORT:
		report(l, b, s);
		return;
	case NPROTO_PRESENT:
		present(l, b, s, turn);
		return;
	case NPROTO_LOAD:
		low_load_state(l, b, s);
		return;
	case NPROTO_SAVE:
		one[0] = low_number(l, save_object(l, s));
		if (s->var.kind == NVAR_UNSET)
			low_save_here(l, b, one[0]);
		else
			low_host(l, b, "save", 1, one);
		return;
	case NPROTO_UNSET:
	case NPROTO_COUNT:
		break;
	}
	UNREACHABLE();
}

/* What stands before a place at which a program is resumed was done before. */
static void
protocol(Lower *l, PlanEmit *b, const NetProtocol *p, const Turn *turn, const ProtoKernelVec *kernels)
{
	uint32_t resumable = 0;
	for (uint32_t k = 0; k < p->n; k++)
		resumable += low_places(p->at[k]) > 0;
	bool several = resumable > 1;
	PlanEmit done = plan_emit(l->p, b->code);
	for (uint32_t k = 0; k < p->n; k++) {
		uint32_t places = low_places(p->at[k]);
		if (!places) {
			statement(l, resumable ? &done : b, p->at[k], turn, kernels);
			continue;
		}
		low_unless_resuming(l, b, true, &done);
		done = plan_emit(l->p, b->code);
		PlanEmit in = done;
		PlanExpr *entered = several ? low_stood_in(l, l->places, places) : NULL;
		statement(l, several ? &in : b, p->at[k], turn, kernels);
		if (several)
			plan_emit_if(b, entered, &in, NULL);
		resumable--;
	}
}

static void
initial_values(Lower *l, PlanEmit *b)
{
	low_tune(l, b);
	for (uint32_t i = 0; i < l->net->layers.n; i++) {
		plan_emit_run(b, l->layers[i].init);
		low_run_if(b, l->layers[i].propagate);
	}
	for (uint32_t c = 0; c < l->net->conns.n; c++) {
		low_connect(l, b, c);
		for (uint32_t f = 0; f < l->net->conns.at[c].features.n; f++) {
			const LowFeature *lf = &l->conns[c].features[f];
			if (lf->fill != UINT32_MAX) {
				PlanArg args[2] = {low_number(l, lf->fill), low_address(l, lf->buf, NULL)};
				low_host(l, b, "fill", 2, args);
			}
			low_run_if(b, lf->init);
			low_run_if(b, lf->init_states);
			low_run_if(b, lf->signs);
			for (uint32_t t = 0; t < l->net->conns.at[c].features.at[f].tables.n; t++) {
				PlanArg args[2] = {low_number(l, lf->table_fills[t]), low_address(l, lf->tables[t], NULL)};
				low_host(l, b, "fill", 2, args);
			}
			low_run_if(b, lf->init_kept);
		}
	}
	for (uint32_t k = 0; k < l->controls.n; k++) {
		const LowControl *c = &l->controls.at[k];
		if (c->object == UINT32_MAX || c->of->kind != NCONTROL_ZERO)
			continue;
		PlanArg args[2] = {low_number(l, c->object), low_address(l, c->buf, NULL)};
		low_host(l, b, "fill", 2, args);
	}
	low_begin_signals(l, b);
	low_store(b, l->learning, plan_int(l->p, PT_BOOL, 1), 0);
}

/* Rates that votes go on from. */
static void
first_rates(Lower *l, PlanEmit *b, const NetProtocol *p)
{
	for (uint32_t k = 0; k < p->n; k++) {
		const NetProto *s = p->at[k];
		first_rates(l, b, &s->body);
		first_rates(l, b, &s->other);
		if (s->kind != NPROTO_VOTE || !s->path)
			continue;
		uint32_t rates = l->layers[s->layer].rates;
		uint32_t id = plan_add_object(l->p, POBJ_FILL, l->p->bufs.at[rates].name);
		PlanObject *o = &l->p->objects.at[id];
		o->texts = ARENA_ARRAY(l->a, const char *, 1);
		o->bufs = ARENA_ARRAY(l->a, uint32_t, 1);
		o->texts[o->ntexts++] = s->path;
		o->bufs[o->nbufs++] = rates;
		o->span = s->span;
		PlanArg args[2] = {low_number(l, id), low_address(l, rates, NULL)};
		low_host(l, b, "fill", 2, args);
	}
}

static void
plots(Lower *l, PlanEmit *b)
{
	for (uint32_t k = 0; k < l->net->plots.n; k++) {
		const NetPlot *plot = &l->net->plots.at[k];
		uint32_t id = plan_add_object(l->p, POBJ_PLOT, plot->name);
		PlanObject *o = &l->p->objects.at[id];
		o->span = plot->span;
		o->texts = ARENA_ARRAY(l->a, const char *, 1);
		o->texts[o->ntexts++] = plot->form;
		o->bufs = ARENA_ARRAY(l->a, uint32_t, 1);
		o->bufs[o->nbufs++] = low_var_buf(l, plot->var);
		o->nums = ARENA_ARRAY(l->a, int64_t, 2);
		o->nums[o->nnums++] = (int64_t)plot->height;
		o->nums[o->nnums++] = (int64_t)plot->width;
		PlanArg one[1] = {low_number(l, id)};
		low_host(l, b, "plot", 1, one);
	}
}

void
low_program(Lower *l)
{
	Plan *p = l->p;
	ProtoKernelVec kernels = {0};
	prepare(l, &l->net->protocol, NET_NONE, &kernels);
	uint32_t id = plan_add_code(p, CODE_PROC, "program");
	PlanCode *code = p->codes.at[id];
	PlanEmit b = plan_emit(p, code);
	PlanEmit first = plan_emit(p, code);
	initial_values(l, &first);
	first_rates(l, &first, &l->net->protocol);
	low_unless_resuming(l, &b, low_places_in(&l->net->protocol) > 0, &first);
	low_host(l, &b, "begin", 0, NULL);
	Turn none = {.phase = NET_NONE, .data = NET_NONE};
	protocol(l, &b, &l->net->protocol, &none, &kernels);
	plots(l, &b);
	code->body = plan_freeze(&b);
}
