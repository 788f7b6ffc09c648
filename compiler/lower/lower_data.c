/* lower_data: what the protocol goes over: data and their columns, phases, and what votes keep. */
#include "lower/lower_inner.h"

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
	for (uint32_t k = 0; k <= s->readouts.n; k++)
		wanted |= low_sees(n, (NetVar){NVAR_VOTES, s->layer, k, 0});
	for (uint32_t k = 0; k < n->records.n; k++)
		wanted |= n->records.at[k].var.kind == NVAR_VOTES && n->records.at[k].var.of == s->layer;
	if (!wanted)
		return;
	PlanAxis axes[2] = {low_axis(AXIS_BATCH, l->batch), low_axis(AXIS_ITEM, 1 + s->readouts.n)};
	if (low->votes == NO_BUF)
		low->votes = low_add_buf(l, PT_I32, ROLE_STATE, 2, axes, "%s.votes", n->layers.at[s->layer].name);
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
	for (uint32_t k = 0; k < n->streams.n; k++) {
		if (n->streams.at[k].path)
			continue;
		PlanObject *o = &l->p->objects.at[l->layers[n->streams.at[k].layer].ports[n->streams.at[k].port].object];
		o->nums = ARENA_ARRAY(l->a, int64_t, 1);
		o->nums[o->nnums++] = l->data_objects[n->streams.at[k].data];
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
