/* lower_control: what a run does to the network in each of its steps.
 *
 * A run with controls, or layer by layer, has a step of its own. Around the update of a layer stand its controls:
 * injected values before it, clamped and silenced neurons behind it (so that traces and states do not notice, but
 * deliveries, rules and records do); values held at zero come behind the rules.
 */
#include "base/panic.h"
#include "lower/lower_inner.h"

/* The buffer of the values that are held at zero; NO_BUF: they are not stored. */
static uint32_t
values_of(const Lower *l, const NetControl *c)
{
	return l->conns[c->var.of].features[c->var.index].buf;
}

/* Numbers from a file: a row in each step for a layer; one for each value of a feature, before the first step. */
static void
add_file(Lower *l, const NetControl *c, LowControl *out)
{
	const Net *n = l->net;
	bool zero = c->kind == NCONTROL_ZERO;
	const char *name = zero ? n->conns.at[c->var.of].name : n->layers.at[c->var.of].name;
	PlanAxis axes[PLAN_MAX_AXES] = {low_axis(AXIS_BATCH, l->batch)};
	uint32_t naxes = 0;
	if (zero) {
		const PlanBuf *values = &l->p->bufs.at[values_of(l, c)];
		naxes = values->naxes;
		for (uint32_t d = 0; d < naxes; d++)
			axes[d] = values->axis[d];
	} else {
		axes[c->per_item] = low_axis(AXIS_NEURON, n->layers.at[c->var.of].n);
		naxes = 1 + c->per_item;
	}
	out->buf = low_add_buf(l, l->real, ROLE_SCRATCH, naxes, axes, "%s.control", name);
	out->object = plan_add_object(l->p, zero ? POBJ_FILL : POBJ_STREAM, l->p->bufs.at[out->buf].name);
	PlanObject *o = &l->p->objects.at[out->object];
	o->texts = ARENA_ARRAY(l->a, const char *, 1);
	o->bufs = ARENA_ARRAY(l->a, uint32_t, 1);
	o->texts[o->ntexts++] = c->file;
	o->bufs[o->nbufs++] = out->buf;
	o->span = c->span;
}

static PlanExpr *
value(Scope *s, const NetControl *c, const LowControl *low)
{
	Lower *l = s->l;
	if (c->e)
		return low_expr(s, c->e);
	if (c->kind == NCONTROL_ZERO)
		return low_value_load(l, low->buf, s->at);
	return c->per_item ? low_load(l, low->buf, 2, s->item, s->own) : low_load(l, low->buf, 1, s->own);
}

static PlanExpr *
holds(Scope *s, PlanExpr *e)
{
	return e->type == PT_BOOL ? e : plan_binary(s->l->p, PEXPR_NE, e, low_real(s->l, 0));
}

/* Votes count the spikes that are seen. */
static void
count_change(Scope *s, PlanExpr *before, PlanExpr *now)
{
	Lower *l = s->l;
	uint32_t count = l->layers[s->layer].run_count;
	if (count == NO_BUF)
		return;
	if (before->type != PT_BOOL) {
		before = plan_binary(l->p, PEXPR_NE, before, low_real(l, 0));
		now = plan_binary(l->p, PEXPR_NE, now, low_real(l, 0));
	}
	PlanExpr *up = plan_binary(l->p, PEXPR_SUB, plan_cast(l->p, PT_I32, now), plan_cast(l->p, PT_I32, before));
	low_store(s->b, count, plan_binary(l->p, PEXPR_ADD, low_load(l, count, 2, s->item, s->own), up), 2, s->item, s->own);
}

static void
layer_code(Scope *s, const NetControl *c, const LowControl *low)
{
	Lower *l = s->l;
	Plan *p = l->p;
	if (c->kind == NCONTROL_INJECT) {
		uint32_t buf = l->layers[s->layer].states[c->var.index];
		PlanExpr *old = low_load(l, buf, 2, s->item, s->own);
		low_store(s->b, buf, plan_binary(p, PEXPR_ADD, old, value(s, c, low)), 2, s->item, s->own);
		return;
	}
	uint32_t buf = l->layers[s->layer].spikes;
	bool spike = c->kind == NCONTROL_CLAMP;
	PlanExpr *to = p->bufs.at[buf].type == PT_BOOL ? plan_int(p, PT_BOOL, spike) : low_real(l, spike ? 1 : 0);
	PlanExpr *before = plan_emit_let(s->b, "before", low_load(l, buf, 2, s->item, s->own));
	PlanExpr *now = plan_ternary(p, PEXPR_SELECT, holds(s, value(s, c, low)), to, before);
	now = plan_emit_let(s->b, "now", now);
	low_store(s->b, buf, now, 2, s->item, s->own);
	count_change(s, before, now);
}

static void
layer_kernel(Lower *l, const NetControl *c, LowControl *out)
{
	static const char *const verb[] = {[NCONTROL_CLAMP] = "clamp", [NCONTROL_SILENCE] = "silence", [NCONTROL_INJECT] = "inject"};
	const NetLayer *n = &l->net->layers.at[c->var.of];
	out->kernel = low_add_kernel(l, n->n, "%s.%s", n->name, verb[c->kind]);
	PlanEmit b = plan_emit(l->p, l->p->codes.at[out->kernel]);
	LowLoop items = low_items(l, &b);
	LowLoop neurons = low_loop(low_body(&items), "j", low_lo(&b), low_hi(&b), true);
	Scope s = low_scope(l, low_body(&neurons));
	s.layer = c->var.of;
	s.item = items.index;
	s.own = neurons.index;
	layer_code(&s, c, out);
	low_close(&neurons);
	low_close(&items);
	l->p->codes.at[out->kernel]->body = plan_freeze(&b);
}

typedef struct { Lower *l; const NetControl *c; const LowControl *low; uint32_t buf; } Zero;

static void
zero_value(void *env, PlanEmit *b, const LowIndex *at, PlanExpr *i, PlanExpr *j)
{
	Zero *w = env;
	Plan *p = w->l->p;
	Scope s = low_scope(w->l, b);
	s.conn = w->c->var.of;
	s.pre = i;
	s.post = j;
	s.at = at;
	PlanExpr *zero = p->bufs.at[w->buf].type == PT_BOOL ? plan_int(p, PT_BOOL, 0) : low_real(w->l, 0);
	PlanExpr *now = plan_ternary(p, PEXPR_SELECT, holds(&s, value(&s, w->c, w->low)), zero, low_value_load(w->l, w->buf, at));
	low_value_store(b, w->buf, at, now);
}

static void
zero_kernel(Lower *l, const NetControl *c, LowControl *out)
{
	Plan *p = l->p;
	const NetConn *n = &l->net->conns.at[c->var.of];
	const NetFeature *feature = &n->features.at[c->var.index];
	out->kernel = low_add_kernel(l, low_value_range(l, c->var.of, feature), "%s.%s_zero", n->name, feature->name);
	PlanEmit b = plan_emit(p, p->codes.at[out->kernel]);
	Zero w = {l, c, out, values_of(l, c)};
	low_each_value(l, &b, c->var.of, feature, zero_value, &w);
	p->codes.at[out->kernel]->body = plan_freeze(&b);
}

/* Layer by layer the input of a driven layer is what its connections bring, and nothing else: its file is read and
 * forgotten. */
static void
no_drive_kernel(Lower *l, uint32_t layer)
{
	LowLayer *low = &l->layers[layer];
	uint32_t nports = l->net->layers.at[layer].ports.n;
	bool *lost = ARENA_ARRAY(l->a, bool, nports), any = false;
	for (uint32_t c = 0; c < l->net->conns.n; c++) {
		uint32_t port = l->net->conns.at[c].port;
		if (l->net->conns.at[c].post == layer && low->ports[port].drive != NO_BUF)
			any = lost[port] = true;
	}
	if (!any || low->no_drive != UINT32_MAX)
		return;
	low->no_drive = low_add_kernel(l, l->net->layers.at[layer].n, "%s.no_drive", l->net->layers.at[layer].name);
	PlanEmit b = plan_emit(l->p, l->p->codes.at[low->no_drive]);
	LowLoop items = low_items(l, &b);
	LowLoop neurons = low_loop(low_body(&items), "j", low_lo(&b), low_hi(&b), true);
	for (uint32_t k = 0; k < nports; k++)
		if (lost[k])
			low_store(low_body(&neurons), low->ports[k].drive, low_real(l, 0), 2, items.index, neurons.index);
	low_close(&neurons);
	low_close(&items);
	l->p->codes.at[low->no_drive]->body = plan_freeze(&b);
}

void
low_controls(Lower *l, const NetProto *run)
{
	for (uint32_t i = 0; run->by_layer && i < l->net->layers.n; i++)
		no_drive_kernel(l, i);
	for (uint32_t k = 0; k < run->controls.n; k++) {
		const NetControl *c = &run->controls.at[k];
		LowControl low = {.of = c, .kernel = UINT32_MAX, .buf = NO_BUF, .object = UINT32_MAX};
		if (c->file)
			add_file(l, c, &low);
		if (c->kind == NCONTROL_ZERO)
			zero_kernel(l, c, &low);
		else
			layer_kernel(l, c, &low);
		VEC_PUSH(l->a, &l->controls, low);
	}
}

const LowControl *
low_control(const Lower *l, const NetControl *c)
{
	for (uint32_t k = 0; k < l->controls.n; k++)
		if (l->controls.at[k].of == c)
			return &l->controls.at[k];
	UNREACHABLE();
}

bool
low_is_controlled(const NetProtocol *p, NetVar v)
{
	for (uint32_t i = 0; i < p->n; i++) {
		for (uint32_t k = 0; k < p->at[i]->controls.n; k++) {
			NetVar c = p->at[i]->controls.at[k].var;
			if (c.kind == v.kind && c.of == v.of && c.index == v.index)
				return true;
		}
		if (low_is_controlled(&p->at[i]->body, v) || low_is_controlled(&p->at[i]->other, v))
			return true;
	}
	return false;
}
