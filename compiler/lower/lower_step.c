/* lower_step: the schedule of a step, and of a reset, as procs. Runs that do something to the network have steps of their own.
 */
#include "lower/lower_inner.h"

PlanArg
low_number(Lower *l, int64_t v)
{
	return (PlanArg){false, low_i64(l, v)};
}

PlanArg
low_given(PlanExpr *e)
{
	return (PlanArg){false, e};
}

/* The address of the first element of a buffer, or of item `item` where the first axis is the batch. */
PlanArg
low_address(Lower *l, uint32_t buf, PlanExpr *item)
{
	PlanExpr *index[PLAN_MAX_AXES];
	const PlanBuf *b = &l->p->bufs.at[buf];
	for (uint32_t k = 0; k < b->naxes; k++)
		index[k] = k == 0 && item ? item : low_i64(l, 0);
	return (PlanArg){true, plan_load(l->p, buf, b->naxes, index)};
}

void
low_host(Lower *l, PlanEmit *b, const char *fn, uint32_t n, const PlanArg *args)
{
	(void)l;
	plan_emit_host(b, fn, NULL, n, args);
}

void
low_run_if(PlanEmit *b, uint32_t kernel)
{
	if (kernel != UINT32_MAX)
		plan_emit_run(b, kernel);
}

/* ---- a step ----------------------------------------------------------------------------------------- */

void
low_emit_record(Lower *l, PlanEmit *b, uint32_t k)
{
	PlanArg args[3] = {low_number(l, l->record_objects[k]), low_given(plan_cast(l->p, PT_I64, low_load(l, l->step, 0))),
	                   low_address(l, l->record_from[k], NULL)};
	low_run_if(b, l->record_makes[k]);
	low_host(l, b, "record", 3, args);
}

static void
step_records(Lower *l, PlanEmit *b)
{
	Plan *p = l->p;
	for (uint32_t k = 0; k < l->net->records.n; k++) {
		const NetRecord *r = &l->net->records.at[k];
		PlanExpr *when = low_record_window(l, r, l->record_on[k] == NO_BUF ? NULL : low_load(l, l->record_on[k], 0));
		PlanEmit count = plan_emit(p, b->code);
		low_run_if(when ? &count : b, l->record_counts[k]);
		if (count.v.n)
			plan_emit_if(b, when, &count, NULL);
		if (r->samples || r->var.kind == NVAR_VOTES)
			continue;
		if (r->every > 1) {
			PlanExpr *next = plan_binary(p, PEXPR_ADD, low_load(l, l->step, 0), plan_int(p, PT_U64, 1));
			PlanExpr *due = plan_binary(p, PEXPR_EQ, plan_binary(p, PEXPR_REM, next, plan_int(p, PT_U64, (int64_t)r->every)),
			                            plan_int(p, PT_U64, 0));
			when = when ? plan_binary(p, PEXPR_AND, when, due) : due;
		}
		PlanEmit in = plan_emit(p, b->code);
		low_emit_record(l, when ? &in : b, k);
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
		PlanArg args[2] = {low_number(l, i), low_address(l, o->bufs[0], NULL)};
		low_host(l, b, "stream", 2, args);
	}
	for (uint32_t s = 0; s < l->net->sites.n; s++)
		low_run_if(b, l->drawers[s]);
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
void
low_norms(Lower *l, PlanEmit *b, bool each_step, uint32_t post)
{
	for (uint32_t c = 0; c < l->net->conns.n; c++)
		for (uint32_t f = 0; f < l->net->conns.at[c].features.n; f++) {
			const LowFeature *lf = &l->conns[c].features[f];
			if (lf->norm == UINT32_MAX || l->net->conns.at[c].features.at[f].norm_each_step != each_step)
				continue;
			if (post != NET_NONE && l->net->conns.at[c].post != post)
				continue;
			low_run_norm(l, b, lf);
		}
}

/* The controls of a run that are of a kind and stand at a layer or connection. */
static void
control(Lower *l, PlanEmit *b, const NetProto *run, NetControlKind kind, uint32_t of)
{
	for (uint32_t k = 0; run && k < run->controls.n; k++)
		if (run->controls.at[k].kind == kind && run->controls.at[k].var.of == of)
			low_run_if(b, low_control(l, &run->controls.at[k])->kernel);
}

/* Values that are held at zero may be outside of their range when they are let go. */
static void
held_values(Lower *l, PlanEmit *b, const NetProto *run, uint32_t conn)
{
	control(l, b, run, NCONTROL_ZERO, conn);
	for (uint32_t k = 0; run && k < run->controls.n; k++) {
		const NetControl *c = &run->controls.at[k];
		uint32_t flag = c->kind == NCONTROL_ZERO && c->var.of == conn ? l->conns[conn].features[c->var.index].unclipped : NO_BUF;
		if (flag != NO_BUF)
			low_store(b, flag, plan_int(l->p, PT_BOOL, 1), 0);
	}
}

static void
control_inputs(Lower *l, PlanEmit *b, const NetProto *run)
{
	for (uint32_t k = 0; run && k < run->controls.n; k++) {
		const LowControl *c = low_control(l, &run->controls.at[k]);
		if (c->object == UINT32_MAX || c->of->kind == NCONTROL_ZERO)
			continue;
		PlanArg args[2] = {low_number(l, c->object), low_address(l, c->buf, NULL)};
		low_host(l, b, "stream", 2, args);
	}
	for (uint32_t i = 0; run && run->by_layer && i < l->net->layers.n; i++)
		low_run_if(b, l->layers[i].no_drive);
}

/* What a layer receives in this step. */
static void
collect(Lower *l, PlanEmit *b, uint32_t layer)
{
	for (uint32_t c = 0; c < l->net->conns.n; c++) {
		if (l->net->conns.at[c].post != layer)
			continue;
		low_run_if(b, l->conns[c].send);
		for (uint32_t k = 0; k < l->conns[c].stages.n; k++)
			plan_emit_run(b, l->conns[c].stages.at[k]);
		low_run_if(b, l->conns[c].remember);
	}
	low_run_if(b, l->layers[layer].collect);
}

static void
update_layer(Lower *l, PlanEmit *b, const NetProto *run, uint32_t i)
{
	control(l, b, run, NCONTROL_INJECT, i);
	for (uint32_t k = 0; k < l->layers[i].update.n; k++)
		plan_emit_run(b, l->layers[i].update.at[k]);
	control(l, b, run, NCONTROL_CLAMP, i);
	control(l, b, run, NCONTROL_SILENCE, i);
	low_run_if(b, l->layers[i].find);
}

static void
raster(Lower *l, PlanEmit *b, uint32_t layer, PlanArg step)
{
	const LowLayer *low = &l->layers[layer];
	if (low->raster == UINT32_MAX)
		return;
	PlanArg args[3] = {low_number(l, low->raster), step, low_address(l, low->spikes, NULL)};
	low_host(l, b, "raster", 3, args);
}

/* What connections to a layer (NET_NONE: to all) keep of the spikes that they deliver. */
static void
advance(Lower *l, PlanEmit *b, uint32_t post)
{
	for (uint32_t c = 0; c < l->net->conns.n; c++)
		if (post == NET_NONE || l->net->conns.at[c].post == post)
			low_run_if(b, l->conns[c].advance);
}

/* run NULL: the plain step. */
uint32_t
low_step_of(Lower *l, const char *name, const NetProto *run)
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
			low_norms(l, b, true, i);
			update_layer(l, b, run, i);
		}
	} else {
		plan_emit_note(b, "A: deliver the spikes of the previous step");
		advance(l, b, NET_NONE);
		for (uint32_t i = 0; i < l->net->layers.n; i++)
			collect(l, b, i);
		low_norms(l, b, true, NET_NONE);
		plan_emit_note(b, "B: update the layers");
		for (uint32_t i = 0; i < l->net->layers.n; i++)
			update_layer(l, b, run, i);
	}
	low_update_signals(l, b);
	plan_emit_note(b, "C: learn");
	step_rules(l, b);
	for (uint32_t c = 0; c < l->net->conns.n; c++)
		held_values(l, b, run, c);
	plan_emit_note(b, "D: record");
	for (uint32_t i = 0; i < l->net->layers.n; i++)
		raster(l, b, i, low_given(plan_cast(p, PT_I64, low_load(l, l->step, 0))));
	step_records(l, b);
	for (uint32_t i = 0; i < l->net->layers.n; i++)
		low_run_if(b, l->layers[i].add_count);
	low_end_signals(l, b);
	low_store(b, l->step, plan_binary(p, PEXPR_ADD, low_load(l, l->step, 0), plan_int(p, PT_U64, 1)), 0);
	low_host(l, b, "poll", 0, NULL);
	p->codes.at[id]->body = plan_freeze(b);
	return id;
}

void
low_step(Lower *l)
{
	l->inputs_end = l->p->objects.n;
	l->step_proc = low_step_of(l, "step", NULL);
}

void
low_reset(Lower *l)
{
	Plan *p = l->p;
	l->reset_proc = plan_add_code(p, CODE_PROC, "reset");
	PlanEmit b = plan_emit(p, p->codes.at[l->reset_proc]);
	for (uint32_t i = 0; i < l->net->layers.n; i++) {
		plan_emit_run(&b, l->layers[i].reset);
		if (low_follows_reset(&l->net->layers.at[i]))
			low_run_if(&b, l->layers[i].propagate);
		low_run_if(&b, l->layers[i].find);
		raster(l, &b, i, low_number(l, -1));
	}
	for (uint32_t c = 0; c < l->net->conns.n; c++)
		for (uint32_t f = 0; f < l->net->conns.at[c].features.n; f++) {
			low_run_if(&b, l->conns[c].features[f].reset_kept);
			low_run_if(&b, l->conns[c].features[f].reset_ring);
		}
	for (uint32_t c = 0; c < l->net->conns.n; c++)
		low_run_if(&b, l->conns[c].forget);
	low_reset_signals(l, &b);
	p->codes.at[l->reset_proc]->body = plan_freeze(&b);
}
