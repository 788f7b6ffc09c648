/* tune.c: numbers that are known when the program is run: `--set tau='30 ms'`. What a value may be written in stands in the object,
 * so the runtime knows no units. A run that goes on keeps the values that it began with. */
#include "rt.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

double
rt_tune_default(const snnrt_object *o)
{
	double v;
	memcpy(&v, &o->nums[0], sizeof v);
	return v;
}

/* "30 ms", "3e4us", "30" */
static bool
read_value(const snnrt_object *o, const char *text, double *out)
{
	char *end;
	double v = strtod(text, &end), scale = 1;
	if (end == text || isnan(v))
		return false;
	end += strspn(end, " ");
	for (uint32_t i = 1; *end && i <= o->ntexts; i++) {
		if (i == o->ntexts)
			return false;
		if (strcmp(end, o->texts[i]) != 0)
			continue;
		memcpy(&scale, &o->nums[i], sizeof scale);
		break;
	}
	*out = v * scale;
	return true;
}

RtTune *
rt_tune_open(snnrt *rt, const snnrt_object *o)
{
	RtTune *t = calloc(1, sizeof *t);
	if (!t) {
		rt_fail(rt, "no memory");
		return NULL;
	}
	t->value = rt_tune_default(o);
	size_t n = strlen(o->texts[0]);
	for (uint32_t i = 0; i < rt->o.nsets; i++) {
		const char *set = rt->o.sets[i];
		if (strncmp(set, o->texts[0], n) != 0 || set[n] != '=')
			continue;
		t->given = true;
		if (read_value(o, set + n + 1, &t->value))
			continue;
		rt_fail(rt, "--set %s: `%s` is no number%s%s", o->texts[0], set + n + 1, o->ntexts > 1 ? " with a unit such as " : " without a unit",
		        o->ntexts > 1 ? o->texts[1] : "");
		free(t);
		return NULL;
	}
	return t;
}

/* Does every --set name something that can be set? */
bool
rt_tunes_check(snnrt *rt)
{
	for (uint32_t k = 0; k < rt->o.nsets; k++) {
		size_t n = strcspn(rt->o.sets[k], "=");
		RtText names = {0};
		bool found = false;
		for (uint32_t i = 0; i < rt->p->nobjects && !found; i++) {
			const snnrt_object *o = &rt->p->objects[i];
			if (o->kind != SNNRT_OBJ_TUNE)
				continue;
			found = strlen(o->texts[0]) == n && strncmp(rt->o.sets[k], o->texts[0], n) == 0;
			rt_text_printf(&names, "%s`%s`", names.n ? ", " : "", o->texts[0]);
		}
		if (!found && names.n)
			rt_fail(rt, "--set %.*s: the program has no such tunable; there are %s (a `param` is set when the program is compiled)", (int)n, rt->o.sets[k],
			        names.s);
		else if (!found)
			rt_fail(rt, "--set %.*s: the program has no tunables (a `param` is set when the program is compiled)", (int)n, rt->o.sets[k]);
		rt_text_fini(&names);
		if (!found)
			return false;
	}
	return true;
}

bool
rt_tune_state(snnrt *rt, RtState *s, uint32_t index)
{
	const snnrt_object *o = &rt->p->objects[index];
	RtTune *t = rt->object[index];
	double v = t->value;
	rt_state(s, &v, sizeof v);
	if (s->out || s->bad)
		return true;
	if (t->given && memcmp(&v, &t->value, sizeof v) != 0)
		return rt_fail(rt, "the checkpoint is of a run with %s = %.9g, and --set says %.9g; leave it away, or start anew", o->texts[0], v, t->value) == 0;
	t->value = v;
	return true;
}

void
rt_tunes_list(const snnrt *rt, RtText *out)
{
	for (uint32_t i = 0; i < rt->p->nobjects; i++) {
		if (rt->p->objects[i].kind != SNNRT_OBJ_TUNE)
			continue;
		rt_text_printf(out, out->n ? ", " : "");
		rt_text_json(out, rt->p->objects[i].texts[0]);
		rt_text_printf(out, ": ");
		rt_text_number(out, ((const RtTune *)rt->object[i])->value);
	}
}

int64_t
snnrt_tune(void *host, int64_t object, void *target)
{
	snnrt *rt = host;
	const snnrt_object *o = rt_object(rt, object, SNNRT_OBJ_TUNE);
	if (!o)
		return SNNRT_FAILED;
	const snnrt_buffer *b = &rt->p->buffers[o->bufs[0]];
	if (!rt_in_arena(rt, target, b->bytes))
		return SNNRT_FAILED;
	rt_store_float(b->type, target, 0, ((const RtTune *)rt->object[object])->value);
	return 0;
}
