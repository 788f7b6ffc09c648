/* watch.c: what `--diagnose` tells of a run: who spikes, where values stay, and the first number that is none.
 *
 * The watched things are objects of the plan (plan_object.def). They are looked at behind each step; nothing
 * that the network computes depends on it. */
#include "rt.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A neuron is saturated if it spikes more than half as often as the shortest interval of its layer allows, and
 * at more than 100 Hz. */
static const double SATURATED_PART = 0.5, SATURATED_HZ = 100;

typedef struct {
	uint64_t items, neurons;
	uint64_t *count;                                                 /* [neuron], over items */
	uint64_t *last;                                                  /* [item, neuron]: 1 + step of its last spike; 0: none */
	uint64_t shortest;                                               /* interval in steps; 0: none yet */
	uint64_t spikes_now;                                             /* in this step */
} Layer;

typedef struct { unsigned char *first; uint64_t pre, post, steps; } Values;    /* values at the beginning; while learning: spikes, steps */

struct RtWatch {
	Layer *layer;                                                    /* by object; those of other kinds are empty */
	Values *values;
	bool *infinite;                                                  /* states: it began with infinities, which it may keep */
	uint32_t *layer_of;                                              /* by buffer: object of the layer with these spikes */
	uint64_t steps;
};

typedef enum { WATCH_LAYER, WATCH_VALUES, WATCH_STATE } WatchKind;

static WatchKind
kind_of(const snnrt_object *o)
{
	return strcmp(o->texts[0], "layer") == 0 ? WATCH_LAYER : strcmp(o->texts[0], "values") == 0 ? WATCH_VALUES : WATCH_STATE;
}

static const snnrt_buffer *
buffer_of(const snnrt *rt, const snnrt_object *o, uint32_t k)
{
	return &rt->p->buffers[o->bufs[k]];
}

static uint64_t
count_of(const snnrt_buffer *b)
{
	return b->bytes / rt_type_size(b->type);
}

/* ---- open, close ------------------------------------------------------------------------------------ */

uint64_t
rt_watch_memory(const snnrt_program *p)
{
	uint64_t n = 0;
	for (uint32_t i = 0; i < p->nobjects; i++) {
		const snnrt_object *o = &p->objects[i];
		if (o->kind != SNNRT_OBJ_WATCH)
			continue;
		const snnrt_buffer *b = &p->buffers[o->bufs[0]];
		if (kind_of(o) == WATCH_LAYER)
			n += (count_of(b) + b->axis[1].extent) * sizeof(uint64_t);
		else if (kind_of(o) == WATCH_VALUES)
			n += b->bytes;
	}
	return n;
}

static bool
open_one(snnrt *rt, uint32_t i)
{
	RtWatch *w = rt->watch;
	const snnrt_object *o = &rt->p->objects[i];
	const snnrt_buffer *b = buffer_of(rt, o, 0);
	if (kind_of(o) == WATCH_LAYER) {
		Layer *l = &w->layer[i];
		l->items = b->axis[0].extent;
		l->neurons = b->axis[1].extent;
		l->count = calloc(l->neurons + 1, sizeof *l->count);
		l->last = calloc(count_of(b) + 1, sizeof *l->last);
		w->layer_of[o->bufs[0]] = i;
		return l->count && l->last;
	}
	if (kind_of(o) == WATCH_VALUES)
		return (w->values[i].first = malloc(b->bytes + 1)) != NULL;
	return true;
}

bool
rt_watch_open(snnrt *rt)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < rt->p->nobjects; i++)
		n += rt->p->objects[i].kind == SNNRT_OBJ_WATCH;
	if (!n)
		return true;
	RtWatch *w = rt->watch = calloc(1, sizeof *w);
	if (!w)
		return rt_fail(rt, "no memory") == 0;
	w->layer = calloc(rt->p->nobjects, sizeof *w->layer);
	w->values = calloc(rt->p->nobjects, sizeof *w->values);
	w->infinite = calloc(rt->p->nobjects, sizeof *w->infinite);
	w->layer_of = calloc(rt->p->nbuffers + 1, sizeof *w->layer_of);
	bool ok = w->layer && w->values && w->infinite && w->layer_of;
	for (uint32_t i = 0; ok && i < rt->p->nobjects; i++)
		if (rt->p->objects[i].kind == SNNRT_OBJ_WATCH)
			ok = open_one(rt, i);
	return ok || rt_fail(rt, "no memory for what --diagnose keeps") == 0;
}

void
rt_watch_close(snnrt *rt)
{
	RtWatch *w = rt->watch;
	if (!w)
		return;
	for (uint32_t i = 0; w->layer && i < rt->p->nobjects; i++)
		free(w->layer[i].count), free(w->layer[i].last);
	for (uint32_t i = 0; w->values && i < rt->p->nobjects; i++)
		free(w->values[i].first);
	free(w->layer);
	free(w->values);
	free(w->infinite);
	free(w->layer_of);
	free(w);
	rt->watch = NULL;
}

/* ---- steps ------------------------------------------------------------------------------------------- */

/* x * 0 is 0 for every number but infinities and NaN: one pass that a compiler makes vectors of. */
static bool
all_finite(uint32_t type, const void *p, uint64_t n)
{
	double sum = 0;
	if (type == SNNRT_F32) {
		float part[16] = {0};
		const float *x = p;
		uint64_t k = 0;
		for (; k + 16 <= n; k += 16)
			for (int j = 0; j < 16; j++)
				part[j] += x[k + j] * 0;
		for (; k < n; k++)
			part[0] += x[k] * 0;
		for (int j = 0; j < 16; j++)
			sum += part[j];
		return sum == 0;
	}
	for (uint64_t k = 0; k < n; k++)
		sum += rt_load_float(type, p, k) * 0;
	return sum == 0;
}

static bool
is_finite(const snnrt_buffer *b, const unsigned char *at)
{
	bool finite = true;
	for (uint64_t r = 0; finite && r < rt_rows(b); r++)
		finite = all_finite(b->type, at + r * rt_row_pitch(b), rt_row_bytes(b) / rt_type_size(b->type));
	return finite;
}

/* Side by side. */
static void
keep_rows(const snnrt_buffer *b, unsigned char *to, const unsigned char *at)
{
	for (uint64_t r = 0; r < rt_rows(b); r++)
		memcpy(to + r * rt_row_bytes(b), at + r * rt_row_pitch(b), (size_t)rt_row_bytes(b));
}

void
rt_watch_begin(snnrt *rt)
{
	RtWatch *w = rt->watch;
	for (uint32_t i = 0; w && i < rt->p->nobjects; i++) {
		const snnrt_object *o = &rt->p->objects[i];
		if (o->kind != SNNRT_OBJ_WATCH)
			continue;
		const snnrt_buffer *b = buffer_of(rt, o, 0);
		const unsigned char *at = rt->arena + b->offset;
		if (kind_of(o) == WATCH_VALUES)
			keep_rows(b, w->values[i].first, at);
		else if (kind_of(o) == WATCH_STATE)
			w->infinite[i] = !is_finite(b, at);
	}
}

static void
watch_layer(snnrt *rt, uint32_t i)
{
	Layer *l = &rt->watch->layer[i];
	const snnrt_buffer *b = buffer_of(rt, &rt->p->objects[i], 0);
	const unsigned char *at = rt->arena + b->offset;
	l->spikes_now = 0;
	for (uint64_t k = 0; k < l->items * l->neurons; k++) {
		uint64_t place = b->pitch ? rt_place(b, k) : k;
		bool spike = b->type == SNNRT_BOOL ? at[place] != 0 : rt_load_float(b->type, at, place) != 0;
		if (!spike)
			continue;
		uint64_t interval = l->last[k] ? rt->watch->steps + 1 - l->last[k] : 0;
		if (interval && (!l->shortest || interval < l->shortest))
			l->shortest = interval;
		l->last[k] = rt->watch->steps + 1;
		l->count[k % l->neurons]++;
		l->spikes_now++;
	}
}

/* [item 0, neuron 17], in words that follow the axes. */
static void
print_index(RtText *t, const snnrt_buffer *b, uint64_t flat)
{
	static const char *const names[] = {"", "lane", "item", "neuron", "pre", "post", "synapse", "slot", "class", "item"};
	uint64_t index[6] = {0};
	for (uint32_t a = b->naxes; a-- > 0; flat /= b->axis[a].extent)
		index[a] = flat % b->axis[a].extent;
	const char *sep = "";
	for (uint32_t a = 0; a < b->naxes; a++) {
		if (b->axis[a].extent == 1 && b->axis[a].kind != SNNRT_NEURON)
			continue;
		rt_text_printf(t, "%s%s %" PRIu64, sep, b->axis[a].kind < 10 ? names[b->axis[a].kind] : "", index[a]);
		sep = ", ";
	}
	if (!*sep)
		rt_text_printf(t, "its value");
}

static int64_t
tell_bad(snnrt *rt, const snnrt_object *o, const snnrt_buffer *b, uint64_t k)
{
	double v = rt_load_float(b->type, rt->arena + b->offset, rt_place(b, k));
	RtText t = {0};
	if (*o->texts[1])
		rt_text_printf(&t, "%s: ", o->texts[1]);
	rt_text_printf(&t, "`%s` became %s (", o->name, isnan(v) ? "NaN" : v > 0 ? "infinite" : "minus infinite");
	print_index(&t, b, k);
	rt_text_printf(&t, ") in step %" PRIu64 ", %g ms after the start; it is the first value that is no number",
	               rt->watch->steps, (double)rt->watch->steps * rt->p->dt);
	rt_fail(rt, "%s", t.s ? t.s : "a value is no number");
	rt_text_fini(&t);
	return SNNRT_FAILED;
}

static int64_t
watch_state(snnrt *rt, uint32_t i)
{
	const snnrt_object *o = &rt->p->objects[i];
	const snnrt_buffer *b = buffer_of(rt, o, 0);
	const unsigned char *at = rt->arena + b->offset;
	uint64_t n = count_of(b);
	if (is_finite(b, at))
		return 0;
	for (uint64_t k = 0; k < n; k++) {
		double v = rt_load_float(b->type, at, rt_place(b, k));
		if (isnan(v) || (isinf(v) && !rt->watch->infinite[i]))
			return tell_bad(rt, o, b, k);
	}
	return 0;
}

static bool
is_learning(const snnrt *rt)
{
	const snnrt_buffer *b = rt_find_buffer(rt, "learning");
	return b && rt->arena[b->offset];
}

int64_t
rt_watch_step(snnrt *rt)
{
	RtWatch *w = rt->watch;
	if (!w)
		return 0;
	bool learning = is_learning(rt);
	int64_t status = 0;
	for (uint32_t i = 0; i < rt->p->nobjects; i++) {
		const snnrt_object *o = &rt->p->objects[i];
		if (o->kind != SNNRT_OBJ_WATCH)
			continue;
		if (kind_of(o) == WATCH_LAYER) {
			watch_layer(rt, i);
		} else if (kind_of(o) == WATCH_VALUES && learning) {
			w->values[i].pre += w->layer[w->layer_of[o->bufs[1]]].spikes_now;
			w->values[i].post += w->layer[w->layer_of[o->bufs[2]]].spikes_now;
			w->values[i].steps++;
		} else if (kind_of(o) == WATCH_STATE && status == 0) {
			status = watch_state(rt, i);
		}
	}
	w->steps++;
	return status;
}

/* ---- report ------------------------------------------------------------------------------------------ */

static void
report_layer(const snnrt *rt, RtText *t, RtText *notes, uint32_t i)
{
	const snnrt_object *o = &rt->p->objects[i];
	const Layer *l = &rt->watch->layer[i];
	double seconds = (double)rt->watch->steps * rt->p->dt / 1000 * (double)l->items;
	double most = l->shortest ? 1000 / ((double)l->shortest * rt->p->dt) : 0, sum = 0, highest = 0;
	uint64_t silent = 0, saturated = 0;
	for (uint64_t k = 0; k < l->neurons; k++) {
		double rate = seconds > 0 ? (double)l->count[k] / seconds : 0;
		sum += rate;
		highest = rate > highest ? rate : highest;
		silent += l->count[k] == 0;
		saturated += rate > SATURATED_HZ && rate > SATURATED_PART * most;
	}
	double n = l->neurons ? (double)l->neurons : 1;
	rt_text_printf(t, "  %-20s %9" PRIu64 " %10.4g %10.4g %8.1f %% %8.1f %%\n", o->name, l->neurons, sum / n, highest,
	               100 * (double)silent / n, 100 * (double)saturated / n);
	const char *at = o->texts[1], *colon = *at ? ": " : "";
	if (silent == l->neurons)
		rt_text_printf(notes, "  %s%slayer `%s` never spiked: too little comes in, or its threshold is out of reach\n", at, colon,
		               o->name);
	else if (2 * saturated > l->neurons)
		rt_text_printf(notes, "  %s%smost neurons of layer `%s` spike as fast as they can: too much comes in\n", at, colon, o->name);
}

typedef struct { double low, mean, high; uint64_t at_low, at_high, changed; } Spread;

static double
value_at(const snnrt *rt, const snnrt_buffer *b, uint32_t type, uint64_t k)
{
	return rt_load_float(type, rt->arena + b->offset, rt_place(b, k));
}

static Spread
spread_of(const snnrt *rt, uint32_t i)
{
	const snnrt_object *o = &rt->p->objects[i];
	const snnrt_buffer *b = buffer_of(rt, o, 0);
	const snnrt_buffer *bound[2] = {NULL, NULL};
	const unsigned char *now = rt->arena + b->offset;
	double one[2];
	for (int k = 0; k < 2; k++) {
		memcpy(&one[k], &o->nums[3 + k], sizeof one[k]);
		if (o->nums[1 + k] >= 0)
			bound[k] = buffer_of(rt, o, (uint32_t)o->nums[1 + k]);
	}
	Spread s = {.low = INFINITY, .high = -INFINITY};
	uint64_t n = count_of(b);
	for (uint64_t k = 0; k < n; k++) {
		double v = rt_load_float(b->type, now, rt_place(b, k));
		s.low = v < s.low ? v : s.low;
		s.high = v > s.high ? v : s.high;
		s.mean += v;
		s.at_low += v == (bound[0] ? value_at(rt, bound[0], b->type, k) : one[0]);
		s.at_high += v == (bound[1] ? value_at(rt, bound[1], b->type, k) : one[1]);
		s.changed += v != rt_load_float(b->type, rt->watch->values[i].first, k);
	}
	s.mean /= n ? (double)n : 1;
	return s;
}

static void
note_values(RtText *notes, const snnrt_object *o, const Spread *s, uint64_t n)
{
	const char *at = o->texts[1], *colon = *at ? ": " : "";
	if (n && 10 * s->at_low > 9 * n)
		rt_text_printf(notes, "  %s%s`%s`: more than nine of ten values are at their lower bound\n", at, colon, o->name);
	if (n && 10 * s->at_high > 9 * n)
		rt_text_printf(notes, "  %s%s`%s`: more than nine of ten values are at their upper bound\n", at, colon, o->name);
	if (o->ntexts > 2 && !s->changed)
		rt_text_printf(notes, "  %s%srule `%s` changed nothing in `%s`\n", at, colon, o->texts[2], o->name);
}

static void
report_values(const snnrt *rt, RtText *t, RtText *notes, uint32_t i)
{
	const snnrt_object *o = &rt->p->objects[i];
	uint64_t n = count_of(buffer_of(rt, o, 0));
	Spread s = spread_of(rt, i);
	double part = n ? 100 / (double)n : 0;
	rt_text_printf(t, "  %-20s %9" PRIu64 " %10.4g %10.4g %10.4g %8.1f %% %8.1f %% %8.1f %%\n", o->name, n, s.low, s.mean, s.high,
	               part * (double)s.at_low, part * (double)s.at_high, part * (double)s.changed);
	note_values(notes, o, &s, n);
}

static void
report_rule(const snnrt *rt, RtText *t, uint32_t i)
{
	const snnrt_object *o = &rt->p->objects[i];
	const Values *v = &rt->watch->values[i];
	rt_text_printf(t, "  %-20s %-20s", o->texts[2], o->name);
	const char *sep = " ";
	if (o->nums[0] & 2)
		rt_text_printf(t, "%s%" PRIu64 " pre spikes", sep, v->pre), sep = ", ";
	if (o->nums[0] & 4)
		rt_text_printf(t, "%s%" PRIu64 " post spikes", sep, v->post), sep = ", ";
	if (o->nums[0] & 1)
		rt_text_printf(t, "%s%" PRIu64 " steps", sep, v->steps);
	rt_text_printf(t, "\n");
}

static bool
is_watched(const snnrt *rt, uint32_t i, WatchKind kind)
{
	return rt->p->objects[i].kind == SNNRT_OBJ_WATCH && kind_of(&rt->p->objects[i]) == kind;
}

void
rt_watch_report(snnrt *rt)
{
	RtWatch *w = rt->watch;
	if (!w || rt->o.silent)
		return;
	RtText t = {0}, values = {0}, rules = {0}, notes = {0};
	rt_text_printf(&t, "diagnosis of %" PRIu64 " steps (%g ms)\n  %-20s %9s %10s %10s %10s %10s\n", w->steps,
	               (double)w->steps * rt->p->dt, "layer", "neurons", "mean Hz", "max Hz", "silent", "saturated");
	for (uint32_t i = 0; i < rt->p->nobjects; i++) {
		if (is_watched(rt, i, WATCH_LAYER))
			report_layer(rt, &t, &notes, i);
		if (!is_watched(rt, i, WATCH_VALUES))
			continue;
		report_values(rt, &values, &notes, i);
		if (rt->p->objects[i].ntexts > 2)
			report_rule(rt, &rules, i);
	}
	if (values.n)
		rt_text_printf(&t, "  %-20s %9s %10s %10s %10s %10s %10s %10s\n%s", "values", "", "least", "mean", "most", "at lower",
		               "at upper", "changed", values.s);
	if (rules.n)
		rt_text_printf(&t, "  %-20s %-20s updates\n%s", "rule", "of", rules.s);
	if (notes.n)
		rt_text_printf(&t, "notes\n%s", notes.s);
	rt_progress_clear(rt);
	if (t.s && !t.failed)
		fwrite(t.s, 1, t.n, stderr);
	rt_text_fini(&t);
	rt_text_fini(&values);
	rt_text_fini(&rules);
	rt_text_fini(&notes);
}
