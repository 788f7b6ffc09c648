/* lower_protocol: the schedule of a step and the protocol, as procs.
 *
 * `step` does one step (see lower.h for its order), `reset` sets back what is not kept, `program` is the whole: initial
 * values, then the experiment with its loops over data, runs, votes and records.
 */
#include "base/panic.h"
#include "lower/lower_inner.h"

#include <string.h>

static PlanArg
number(Lower *l, int64_t v)
{
	return (PlanArg){false, low_i64(l, v)};
}

static PlanArg
given(PlanExpr *e)
{
	return (PlanArg){false, e};
}

/* The address of the first element of a buffer, or of item `item` where the first axis is the batch. */
static PlanArg
address(Lower *l, uint32_t buf, PlanExpr *item)
{
	PlanExpr *index[PLAN_MAX_AXES];
	const PlanBuf *b = &l->p->bufs.at[buf];
	for (uint32_t k = 0; k < b->naxes; k++)
		index[k] = k == 0 && item ? item : low_i64(l, 0);
	return (PlanArg){true, plan_load(l->p, buf, b->naxes, index)};
}

static void
host(Lower *l, PlanEmit *b, const char *fn, uint32_t n, const PlanArg *args)
{
	(void)l;
	plan_emit_host(b, fn, NULL, n, args);
}

static void
run_if(PlanEmit *b, uint32_t kernel)
{
	if (kernel != UINT32_MAX)
		plan_emit_run(b, kernel);
}

/* ---- a step ----------------------------------------------------------------------------------------- */

static void
emit_record(Lower *l, PlanEmit *b, uint32_t k)
{
	PlanArg args[3] = {number(l, l->record_objects[k]), given(plan_cast(l->p, PT_I64, low_load(l, l->step, 0))),
	                   address(l, low_var_buf(l, l->net->records.at[k].var), NULL)};
	host(l, b, "record", 3, args);
}

static void
step_records(Lower *l, PlanEmit *b)
{
	Plan *p = l->p;
	for (uint32_t k = 0; k < l->net->records.n; k++) {
		const NetRecord *r = &l->net->records.at[k];
		if (r->samples || r->var.kind == NVAR_VOTES)
			continue;
		PlanExpr *when = l->record_on[k] == NO_BUF ? NULL : low_load(l, l->record_on[k], 0);
		if (r->every > 1) {
			PlanExpr *next = plan_binary(p, PEXPR_ADD, low_load(l, l->step, 0), plan_int(p, PT_U64, 1));
			PlanExpr *due = plan_binary(p, PEXPR_EQ, plan_binary(p, PEXPR_REM, next, plan_int(p, PT_U64, (int64_t)r->every)),
			                            plan_int(p, PT_U64, 0));
			when = when ? plan_binary(p, PEXPR_AND, when, due) : due;
		}
		PlanEmit in = plan_emit(p, b->code);
		emit_record(l, when ? &in : b, k);
		if (when)
			plan_emit_if(b, when, &in, NULL);
	}
}

static void
step_inputs(Lower *l, PlanEmit *b)
{
	for (uint32_t i = 0; i < l->inputs_end; i++) {
		const PlanObject *o = &l->p->objects.at[i];
		if (o->kind != POBJ_STREAM)
			continue;
		PlanArg args[2] = {number(l, i), address(l, o->bufs[0], NULL)};
		host(l, b, "stream", 2, args);
	}
	for (uint32_t s = 0; s < l->net->sites.n; s++)
		run_if(b, l->drawers[s]);
}

static void
step_rules(Lower *l, PlanEmit *b)
{
	Plan *p = l->p;
	for (uint32_t k = 0; k < l->follows.n; k++)
		plan_emit_run(b, l->follows.at[k].kernel);
	for (uint32_t c = 0; c < l->net->conns.n; c++)
		for (uint32_t f = 0; f < l->net->conns.at[c].features.n; f++) {
			const LowFeature *lf = &l->conns[c].features[f];
			for (uint32_t k = 0; k < lf->learns.n; k++)
				plan_emit_run(b, lf->learns.at[k]);
			if (lf->unclipped == NO_BUF || !lf->learns.n)
				continue;
			PlanEmit in = plan_emit(p, b->code);
			low_store(&in, lf->unclipped, plan_int(p, PT_BOOL, 0), 0);
			plan_emit_if(b, low_load(l, l->learning, 0), &in, NULL);
		}
}

/* post: only of connections to that layer; NET_NONE: of all. */
static void
norms(Lower *l, PlanEmit *b, bool each_step, uint32_t post)
{
	for (uint32_t c = 0; c < l->net->conns.n; c++)
		for (uint32_t f = 0; f < l->net->conns.at[c].features.n; f++) {
			const LowFeature *lf = &l->conns[c].features[f];
			if (lf->norm == UINT32_MAX || l->net->conns.at[c].features.at[f].norm_each_step != each_step)
				continue;
			if (post != NET_NONE && l->net->conns.at[c].post != post)
				continue;
			plan_emit_run(b, lf->norm);
			if (lf->unclipped != NO_BUF)
				low_store(b, lf->unclipped, plan_int(l->p, PT_BOOL, 1), 0);
		}
}

/* The controls of a run that are of a kind and stand at a layer or connection. */
static void
control(Lower *l, PlanEmit *b, const NetProto *run, NetControlKind kind, uint32_t of)
{
	for (uint32_t k = 0; run && k < run->controls.n; k++)
		if (run->controls.at[k].kind == kind && run->controls.at[k].var.of == of)
			run_if(b, low_control(l, &run->controls.at[k])->kernel);
}

static void
control_inputs(Lower *l, PlanEmit *b, const NetProto *run)
{
	for (uint32_t k = 0; run && k < run->controls.n; k++) {
		const LowControl *c = low_control(l, &run->controls.at[k]);
		if (c->object == UINT32_MAX || c->of->kind == NCONTROL_ZERO)
			continue;
		PlanArg args[2] = {number(l, c->object), address(l, c->buf, NULL)};
		host(l, b, "stream", 2, args);
	}
	for (uint32_t i = 0; run && run->by_layer && i < l->net->layers.n; i++)
		run_if(b, l->layers[i].no_drive);
}

/* What a layer receives in this step. */
static void
collect(Lower *l, PlanEmit *b, uint32_t layer)
{
	for (uint32_t c = 0; c < l->net->conns.n; c++) {
		if (l->net->conns.at[c].post != layer)
			continue;
		run_if(b, l->conns[c].remember);
		run_if(b, l->conns[c].send);
		for (uint32_t k = 0; k < l->conns[c].stages.n; k++)
			plan_emit_run(b, l->conns[c].stages.at[k]);
	}
	run_if(b, l->layers[layer].collect);
}

static void
update_layer(Lower *l, PlanEmit *b, const NetProto *run, uint32_t i)
{
	control(l, b, run, NCONTROL_INJECT, i);
	for (uint32_t k = 0; k < l->layers[i].update.n; k++)
		plan_emit_run(b, l->layers[i].update.at[k]);
	control(l, b, run, NCONTROL_CLAMP, i);
	control(l, b, run, NCONTROL_SILENCE, i);
	run_if(b, l->layers[i].find);
}

static void
raster(Lower *l, PlanEmit *b, uint32_t layer, PlanArg step)
{
	const LowLayer *low = &l->layers[layer];
	if (low->raster == UINT32_MAX)
		return;
	PlanArg args[3] = {number(l, low->raster), step, address(l, low->spikes, NULL)};
	host(l, b, "raster", 3, args);
}

/* What connections to a layer (NET_NONE: to all) keep of the spikes that they deliver. */
static void
advance(Lower *l, PlanEmit *b, uint32_t post)
{
	for (uint32_t c = 0; c < l->net->conns.n; c++)
		if (post == NET_NONE || l->net->conns.at[c].post == post)
			run_if(b, l->conns[c].advance);
}

/* run NULL: the plain step. */
static uint32_t
step_proc(Lower *l, const char *name, const NetProto *run)
{
	Plan *p = l->p;
	uint32_t id = plan_add_code(p, CODE_PROC, name);
	PlanEmit body = plan_emit(p, p->codes.at[id]), *b = &body;
	step_inputs(l, b);
	control_inputs(l, b, run);
	if (run && run->by_layer) {
		plan_emit_note(b, "A and B: each layer from the spikes that there are by then");
		for (uint32_t i = 0; i < l->net->layers.n; i++) {
			advance(l, b, i);
			collect(l, b, i);
			norms(l, b, true, i);
			update_layer(l, b, run, i);
		}
	} else {
		plan_emit_note(b, "A: deliver the spikes of the previous step");
		advance(l, b, NET_NONE);
		for (uint32_t i = 0; i < l->net->layers.n; i++)
			collect(l, b, i);
		norms(l, b, true, NET_NONE);
		plan_emit_note(b, "B: update the layers");
		for (uint32_t i = 0; i < l->net->layers.n; i++)
			update_layer(l, b, run, i);
	}
	low_update_signals(l, b);
	plan_emit_note(b, "C: learn");
	step_rules(l, b);
	for (uint32_t c = 0; c < l->net->conns.n; c++)
		control(l, b, run, NCONTROL_ZERO, c);
	plan_emit_note(b, "D: record");
	for (uint32_t i = 0; i < l->net->layers.n; i++)
		raster(l, b, i, given(plan_cast(p, PT_I64, low_load(l, l->step, 0))));
	step_records(l, b);
	for (uint32_t i = 0; i < l->net->layers.n; i++)
		run_if(b, l->layers[i].add_count);
	low_end_signals(l, b);
	low_store(b, l->step, plan_binary(p, PEXPR_ADD, low_load(l, l->step, 0), plan_int(p, PT_U64, 1)), 0);
	host(l, b, "poll", 0, NULL);
	p->codes.at[id]->body = plan_freeze(b);
	return id;
}

void
low_step(Lower *l)
{
	l->inputs_end = l->p->objects.n;
	l->step_proc = step_proc(l, "step", NULL);
}

void
low_reset(Lower *l)
{
	Plan *p = l->p;
	l->reset_proc = plan_add_code(p, CODE_PROC, "reset");
	PlanEmit b = plan_emit(p, p->codes.at[l->reset_proc]);
	for (uint32_t i = 0; i < l->net->layers.n; i++) {
		plan_emit_run(&b, l->layers[i].reset);
		run_if(&b, l->layers[i].find);
		raster(l, &b, i, number(l, -1));
	}
	for (uint32_t c = 0; c < l->net->conns.n; c++)
		for (uint32_t f = 0; f < l->net->conns.at[c].features.n; f++) {
			run_if(&b, l->conns[c].features[f].reset_kept);
			run_if(&b, l->conns[c].features[f].reset_ring);
		}
	for (uint32_t c = 0; c < l->net->conns.n; c++)
		run_if(&b, l->conns[c].forget);
	low_reset_signals(l, &b);
	p->codes.at[l->reset_proc]->body = plan_freeze(&b);
}

/* ---- data and phases ---------------------------------------------------------------------------------- */

static void
data_object(Lower *l, uint32_t d)
{
	const NetData *data = &l->net->data.at[d];
	uint32_t id = l->data_objects[d] = plan_add_object(l->p, POBJ_DATA, data->name);
	PlanObject *o = &l->p->objects.at[id];
	o->span = data->span;
	o->texts = ARENA_ARRAY(l->a, const char *, data->paths.n + 2);
	o->texts[o->ntexts++] = data->kind;
	for (uint32_t k = 0; k < data->paths.n; k++)
		o->texts[o->ntexts++] = data->paths.at[k];
	o->texts[o->ntexts++] = data->fallback ? data->fallback : "";
	uint32_t nnums = 3;
	for (uint32_t k = 0; k < data->columns.n; k++)
		nnums += 2 + data->columns.at[k].rank;
	o->nums = ARENA_ARRAY(l->a, int64_t, nnums);
	o->nums[o->nnums++] = (int64_t)data->samples;
	o->nums[o->nnums++] = (int64_t)data->classes;
	o->nums[o->nnums++] = data->columns.n;
	for (uint32_t k = 0; k < data->columns.n; k++) {
		const NetColumn *c = &data->columns.at[k];
		o->nums[o->nnums++] = c->type;
		o->nums[o->nnums++] = c->rank;
		for (uint32_t x = 0; x < c->rank; x++)
			o->nums[o->nnums++] = (int64_t)c->extent[x];
	}
}

static void
want_column(Lower *l, uint32_t d, uint32_t column)
{
	const NetData *data = &l->net->data.at[d];
	if (l->columns[d][column] != NO_BUF)
		return;
	const NetColumn *c = &data->columns.at[column];
	bool one = c->count == 1;                         /* also an image of one pixel: it goes to all neurons */
	PlanAxis axes[2] = {low_axis(AXIS_BATCH, l->batch), low_axis(AXIS_ITEM, c->count)};
	l->columns[d][column] = low_add_buf(l, (PlanType)c->type, ROLE_SCRATCH, one ? 1 : 2, axes, "%s.column%u", data->name, column);
}

static void
columns_of_expr(Lower *l, uint32_t d, const NetExpr *e)
{
	if (!e)
		return;
	if (e->kind == NEXPR_COLUMN)
		want_column(l, d, e->index);
	for (int k = 0; k < 3; k++)
		columns_of_expr(l, d, e->op[k]);
}

static void vote_buffers(Lower *l, const NetProto *s, uint64_t classes);

static void
scan(Lower *l, const NetProtocol *p, uint32_t d)
{
	for (uint32_t k = 0; k < p->n; k++) {
		const NetProto *s = p->at[k];
		scan(l, &s->body, s->kind == NPROTO_FOR ? s->data : d);
		scan(l, &s->other, d);
		columns_of_expr(l, d, s->e);
		if (s->kind == NPROTO_VOTE) {
			want_column(l, d, s->column);
			vote_buffers(l, s, l->net->data.at[d].classes);
		}
	}
}

/* What only some votes need: who spiked when, and a place for what is said. */
static void
vote_extras(Lower *l, const NetProto *s)
{
	LowLayer *low = &l->layers[s->layer];
	const Net *n = l->net;
	if (s->ngram && low->raster == UINT32_MAX) {
		low->raster = plan_add_object(l->p, POBJ_RASTER, n->layers.at[s->layer].name);
		PlanObject *o = &l->p->objects.at[low->raster];
		o->bufs = ARENA_ARRAY(l->a, uint32_t, 1);
		o->bufs[o->nbufs++] = low->spikes;
		o->span = s->span;
	}
	bool wanted = false;
	for (uint32_t k = 0; k < n->records.n; k++)
		wanted |= n->records.at[k].var.kind == NVAR_VOTES && n->records.at[k].var.of == s->layer;
	if (!wanted)
		return;
	PlanAxis axes[2] = {low_axis(AXIS_BATCH, l->batch), low_axis(AXIS_ITEM, 1 + s->readouts.n)};
	if (low->votes == NO_BUF)
		low->votes = low_add_buf(l, PT_I32, ROLE_SCRATCH, 2, axes, "%s.votes", n->layers.at[s->layer].name);
	PlanAxis *columns = &l->p->bufs.at[low->votes].axis[1];
	if (columns->extent < axes[1].extent)
		*columns = axes[1];                       /* for the vote with most readouts */
}

static void
vote_buffers(Lower *l, const NetProto *s, uint64_t classes)
{
	LowLayer *low = &l->layers[s->layer];
	const NetLayer *n = &l->net->layers.at[s->layer];
	vote_extras(l, s);
	if (low->run_count != NO_BUF) {
		if (l->p->bufs.at[low->rates].axis[1].extent != classes)
			low_not_yet(l, s->span, "votes of one layer for labels of different numbers");
		return;
	}
	PlanAxis count[2] = {low_axis(AXIS_BATCH, l->batch), low_axis(AXIS_NEURON, n->n)};
	PlanAxis rates[2] = {low_axis(AXIS_NEURON, n->n), low_axis(AXIS_CLASS, classes)};
	low->run_count = low_add_buf(l, PT_I32, ROLE_STATE, 2, count, "%s.run_count", n->name);
	low->rates = low_add_buf(l, PT_F32, ROLE_STATE, 2, rates, "%s.label_rates", n->name);
	low->proportions = low_add_buf(l, PT_F32, ROLE_STATE, 2, rates, "%s.label_proportions", n->name);
	low->assignment = low_add_buf(l, PT_I32, ROLE_STATE, 1, rates, "%s.labels", n->name);
}

void
low_data(Lower *l)
{
	const Net *n = l->net;
	l->columns = ARENA_ARRAY(l->a, uint32_t *, n->data.n);
	l->data_objects = ARENA_ARRAY(l->a, uint32_t, n->data.n);
	for (uint32_t d = 0; d < n->data.n; d++) {
		l->columns[d] = ARENA_ARRAY(l->a, uint32_t, n->data.at[d].columns.n);
		for (uint32_t c = 0; c < n->data.at[d].columns.n; c++)
			l->columns[d][c] = NO_BUF;
		data_object(l, d);
	}
	l->phase_objects = ARENA_ARRAY(l->a, uint32_t, n->phases.n);
	l->phase_votes = ARENA_ARRAY(l->a, uint32_t, n->phases.n);
	uint64_t all = 0;
	for (uint32_t k = 0; k < n->phases.n; k++)
		all += n->phases.at[k].samples;
	for (uint32_t k = 0; k < n->phases.n; k++) {
		l->phase_objects[k] = plan_add_object(l->p, POBJ_PHASE, n->phases.at[k].name);
		PlanObject *o = &l->p->objects.at[l->phase_objects[k]];
		o->nums = ARENA_ARRAY(l->a, int64_t, 2);
		o->nums[0] = (int64_t)n->phases.at[k].samples;
		o->nums[1] = (int64_t)all;
		o->nnums = 2;
		o->span = n->phases.at[k].span;
		l->phase_votes[k] = UINT32_MAX;
	}
	scan(l, &n->protocol, NET_NONE);
}

/* ---- statements ------------------------------------------------------------------------------------------ */

/* Where the protocol stands. */
typedef struct {
	PlanExpr *sample, *done;                          /* done: with this turn; NULL: in no loop that counts */
	int64_t width;                                    /* samples of a turn */
	uint32_t phase, data;
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
		PlanArg args[4] = {number(l, l->data_objects[d]), number(l, c), given(in_order(l, s, order, one)),
		                   address(l, l->columns[d][c], items.index)};
		host(l, low_body(&items), "fetch", 4, args);
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
		emit_record(l, &in, k);
		PlanExpr *rest = plan_binary(p, PEXPR_REM, turn->done, low_i64(l, every));
		plan_emit_if(b, plan_binary(p, PEXPR_LT, rest, low_i64(l, turn->width)), &in, NULL);
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
	PlanArg args[2] = {number(l, (int64_t)l->phase_objects[s->phase]), number(l, begins)};
	if (!begins)
		recording(l, b, s->phase, false);
	host(l, b, "phase", 2, args);
	if (begins)
		recording(l, b, s->phase, true);
}

/* A loop over samples, or over the numbers of a range. */
static void
loop_over(Lower *l, PlanEmit *b, const NetProto *s, const Turn *around, const ProtoKernelVec *kernels)
{
	Plan *p = l->p;
	bool samples = s->kind == NPROTO_FOR, counts = counts_samples(s);
	uint32_t order = NO_BUF, fill = order_of(kernels, s, &order);
	phase_begins(l, b, s, true);
	run_if(b, fill);
	uint32_t local = plan_new_loop_local(b, samples ? "sample" : "turn");
	PlanEmit body = plan_emit(p, b->code), *in = &body;
	PlanExpr *at = plan_local(p, b->code, local);
	Turn turn = {.sample = at, .phase = s->phase, .data = s->data, .width = samples ? (int64_t)l->batch : 1};
	if (samples) {
		fetch_columns(l, in, s, order, at);
		run_overs(l, in, &s->body, s->data, ARENA_ARRAY(l->a, bool, l->overs.n));
	} else {
		low_store(in, l->vars[s->state], plan_cast(p, l->real, in_order(l, s, order, at)), 0);
		if (!counts)
			turn = *around;
		turn.data = around->data;
		turn.sample = around->sample ? around->sample : at;
	}
	if (counts)
		turn.done = plan_emit_let(in, "done", plan_binary(p, PEXPR_SUB, at, low_i64(l, (int64_t)s->lo - turn.width)));
	protocol(l, in, &s->body, &turn, kernels);
	if (counts && !has_inner_loop(&s->body))
		sample_records(l, in, &turn);
	if (counts) {
		PlanArg args[2] = {number(l, (int64_t)l->phase_objects[s->phase]), given(turn.done)};
		host(l, in, "sample", 2, args);
	}
	PlanStmt *loop = plan_emit_for(b, local, low_i64(l, (int64_t)s->lo), low_i64(l, (int64_t)s->hi), false, in);
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
		return step_proc(l, name, s);
	}
	if (l->by_layer_proc == UINT32_MAX)
		l->by_layer_proc = step_proc(l, "step_by_layer", s);
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
	PlanExpr *steps = s->steps ? low_i64(l, (int64_t)s->steps) : steps_of(l, b, s->e, turn->data);
	for (uint32_t i = 0; i < l->net->layers.n; i++)
		run_if(b, l->layers[i].clear_count);
	PlanEmit in = plan_emit(l->p, b->code);
	uint32_t local = plan_new_loop_local(b, "t");
	plan_emit_do(&in, proc_of(kernels, s, l->step_proc));
	plan_emit_for(b, local, low_i64(l, 0), steps, false, &in);
	norms(l, b, false, NET_NONE);
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
	PlanArg args[3] = {number(l, id), number(l, l->phase_objects[turn->phase]), given(turn->sample)};
	host(l, b, "vote", 3, args);
	for (uint32_t k = 0; k < l->net->records.n; k++) {
		const NetRecord *r = &l->net->records.at[k];
		if (r->var.kind == NVAR_VOTES && r->var.of == s->layer && (r->phase == NET_NONE || r->phase == turn->phase))
			emit_record(l, b, k);
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

static void
branch(Lower *l, PlanEmit *b, const NetProto *s, const Turn *turn, const ProtoKernelVec *kernels)
{
	PlanExpr *c = low_single(l, b, s->e, turn->data);
	low_drawn(l, b, s->e);
	PlanEmit then = plan_emit(l->p, b->code), other = plan_emit(l->p, b->code);
	protocol(l, &then, &s->body, turn, kernels);
	protocol(l, &other, &s->other, turn, kernels);
	plan_emit_if(b, c, &then, s->other.n ? &other : NULL);
}

static void
protocol(Lower *l, PlanEmit *b, const NetProtocol *p, const Turn *turn, const ProtoKernelVec *kernels)
{
	for (uint32_t k = 0; k < p->n; k++) {
		const NetProto *s = p->at[k];
		PlanArg one[1];
		low_run_open_overs(l, b, s->e, turn->data);
		switch (s->kind) {
		case NPROTO_FOR:
		case NPROTO_COUNT_TO:
			loop_over(l, b, s, turn, kernels);
			continue;
		case NPROTO_IF:
			branch(l, b, s, turn, kernels);
			continue;
		case NPROTO_LET:
			low_let(l, b, s, turn->data);
			low_drawn(l, b, s->e);
			continue;
		case NPROTO_ASSIGN:
			if (is_idle(l, s))
				continue;
			plan_emit_run(b, kernel_of(kernels, s));
			low_drawn(l, b, s->e);
			continue;
		case NPROTO_SIGNAL:
			low_set_signal(l, b, s, turn->data);
			low_drawn(l, b, s->e);
			continue;
		case NPROTO_RUN:
			run(l, b, s, turn, kernels);
			low_drawn(l, b, s->e);
			continue;
		case NPROTO_RESET:
			plan_emit_do(b, l->reset_proc);
			continue;
		case NPROTO_FREEZE:
		case NPROTO_THAW:
			low_store(b, l->learning, plan_int(l->p, PT_BOOL, s->kind == NPROTO_THAW), 0);
			continue;
		case NPROTO_VOTE:
			vote(l, b, s, turn);
			plan_emit_run(b, kernel_of(kernels, s));
			continue;
		case NPROTO_REPORT:
			one[0] = number(l, report_object(l, s));
			host(l, b, "report", 1, one);
			continue;
		case NPROTO_SAVE:
			one[0] = number(l, save_object(l, s));
			host(l, b, "save", 1, one);
			continue;
		case NPROTO_UNSET:
		case NPROTO_COUNT:
			break;
		}
		UNREACHABLE();
	}
}

static void
initial_values(Lower *l, PlanEmit *b)
{
	for (uint32_t i = 0; i < l->net->layers.n; i++)
		plan_emit_run(b, l->layers[i].init);
	for (uint32_t c = 0; c < l->net->conns.n; c++)
		for (uint32_t f = 0; f < l->net->conns.at[c].features.n; f++) {
			const LowFeature *lf = &l->conns[c].features[f];
			if (lf->fill != UINT32_MAX) {
				PlanArg args[2] = {number(l, lf->fill), address(l, lf->buf, NULL)};
				host(l, b, "fill", 2, args);
			}
			run_if(b, lf->init);
			run_if(b, lf->init_states);
			run_if(b, lf->signs);
			for (uint32_t t = 0; t < l->net->conns.at[c].features.at[f].tables.n; t++) {
				PlanArg args[2] = {number(l, lf->table_fills[t]), address(l, lf->tables[t], NULL)};
				host(l, b, "fill", 2, args);
			}
			run_if(b, lf->init_kept);
		}
	for (uint32_t k = 0; k < l->controls.n; k++) {
		const LowControl *c = &l->controls.at[k];
		if (c->object == UINT32_MAX || c->of->kind != NCONTROL_ZERO)
			continue;
		PlanArg args[2] = {number(l, c->object), address(l, c->buf, NULL)};
		host(l, b, "fill", 2, args);
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
		PlanArg args[2] = {number(l, id), address(l, rates, NULL)};
		host(l, b, "fill", 2, args);
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
		PlanArg one[1] = {number(l, id)};
		host(l, b, "plot", 1, one);
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
	initial_values(l, &b);
	first_rates(l, &b, &l->net->protocol);
	host(l, &b, "begin", 0, NULL);
	Turn none = {.phase = NET_NONE, .data = NET_NONE};
	protocol(l, &b, &l->net->protocol, &none, &kernels);
	plots(l, &b);
	code->body = plan_freeze(&b);
}
