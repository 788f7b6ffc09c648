/* lower_watch: what `--diagnose` looks at, for the runtime: objects of the plan, which change nothing that is computed. */
#include "lower/lower_inner.h"

#include <math.h>
#include <string.h>

const char *
low_place_text(Lower *l, Span at)
{
	SourcePlace p;
	if (!l->env->sources || !at.lo || !source_find(l->env->sources, at.lo, &p))
		return "";
	return arena_printf(l->a, "%s:%u", p.file->name, p.line);
}

static PlanObject *
watch(Lower *l, const char *name, const char *what, Span at, const char *rule)
{
	uint32_t id = plan_add_object(l->p, POBJ_WATCH, name);
	PlanObject *o = &l->p->objects.at[id];
	o->ntexts = rule ? 3 : 2;
	o->texts = ARENA_ARRAY(l->a, const char *, 3);
	o->texts[0] = what;
	o->texts[1] = low_place_text(l, at);
	o->texts[2] = rule;
	o->bufs = ARENA_ARRAY(l->a, uint32_t, 5);
	o->span = at;
	return o;
}

static int64_t
bits_of(double v)
{
	int64_t bits;
	memcpy(&bits, &v, sizeof bits);
	return bits;
}

/* Bounds that are one number go as such; one per value, as buffers of the values' shape. */
static void
add_bounds(Lower *l, PlanObject *o, const NetFeature *f)
{
	const NetExpr *bound[2] = {f->has_range ? f->lo : NULL, f->has_range ? f->hi : NULL};
	for (int k = 0; k < 2; k++) {
		bool each = bound[k] && bound[k]->kind == NEXPR_ARRAY;
		double one = bound[k] && bound[k]->kind == NEXPR_CONST ? bound[k]->value : k ? INFINITY : -INFINITY;
		o->nums[1 + k] = each ? (int64_t)o->nbufs : -1;
		o->nums[3 + k] = bits_of(one);
		if (each)
			o->bufs[o->nbufs++] = l->arrays[bound[k]->index];
	}
}

static void
watch_values(Lower *l, uint32_t conn, uint32_t feature)
{
	const NetConn *c = &l->net->conns.at[conn];
	const NetFeature *f = &c->features.at[feature];
	const LowFeature *low = &l->conns[conn].features[feature];
	if (low->buf == NO_BUF || f->shared != NET_NONE || f->type != NT_REAL)
		return;
	PlanObject *o = watch(l, arena_printf(l->a, "%s.%s", c->name, f->name), "values", f->span, f->has_rule ? f->rule.name : NULL);
	o->bufs[o->nbufs++] = low->buf;
	o->bufs[o->nbufs++] = l->layers[c->pre].spikes;
	o->bufs[o->nbufs++] = l->layers[c->post].spikes;
	o->nnums = 5;
	o->nums = ARENA_ARRAY(l->a, int64_t, 5);
	for (uint32_t h = 0; f->has_rule && h < f->rule.handlers.n; h++)
		o->nums[0] |= (int64_t)1 << f->rule.handlers.at[h].event;
	add_bounds(l, o, f);
}

void
low_watch(Lower *l)
{
	if (!l->env->diagnose)
		return;
	for (uint32_t i = 0; i < l->net->layers.n; i++) {
		PlanObject *o = watch(l, l->net->layers.at[i].name, "layer", l->net->layers.at[i].span, NULL);
		o->bufs[o->nbufs++] = l->layers[i].spikes;
	}
	for (uint32_t c = 0; c < l->net->conns.n; c++)
		for (uint32_t k = 0; k < l->net->conns.at[c].features.n; k++)
			watch_values(l, c, k);
	for (uint32_t b = 0; b < l->p->bufs.n; b++) {
		const PlanBuf *buf = &l->p->bufs.at[b];
		if (buf->role != ROLE_STATE || !plan_type_is_float(buf->type))
			continue;
		PlanObject *o = watch(l, buf->name, "state", buf->span, NULL);
		o->bufs[o->nbufs++] = b;
	}
}
