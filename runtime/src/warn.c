/* warn.c: what a program finds out about itself while it runs. Each warning is said once, on stderr and also if the run is
 * quiet; how often it came is in the manifest. */
#define _GNU_SOURCE
#include "rt.h"

#include <stdlib.h>

RtWarn *
rt_warn_open(snnrt *rt)
{
	RtWarn *w = calloc(1, sizeof *w);
	if (!w)
		rt_fail(rt, "no memory");
	return w;
}

/* net.snn:5: warning[W0501]: the values of target 3 and of 2 more of `c.weight` sum up to zero … (after 200 steps) */
static void
say(snnrt *rt, const snnrt_object *o, const RtWarn *w)
{
	RtText t = {0};
	rt_text_printf(&t, "%s: warning[%s]: %s ", o->texts[0], o->texts[1], o->texts[2]);
	if (*o->texts[3])
		rt_text_printf(&t, "%s %llu ", o->texts[3], (unsigned long long)w->first);
	if (w->n > 1)
		rt_text_printf(&t, "and of %llu more ", (unsigned long long)(w->n - 1));
	rt_text_printf(&t, "%s (after %llu steps)\n", o->texts[4], (unsigned long long)w->first_step);
	rt_progress_clear(rt);
	fflush(stdout);
	fwrite(t.s ? t.s : "", 1, t.n, stderr);
	rt_text_fini(&t);
}

int64_t
snnrt_warn(void *host, int64_t object, int64_t n, int64_t first)
{
	snnrt *rt = host;
	const snnrt_object *o = rt_object(rt, object, SNNRT_OBJ_WARN);
	if (!o)
		return SNNRT_FAILED;
	RtWarn *w = rt->object[object];
	w->most = (uint64_t)n > w->most ? (uint64_t)n : w->most;
	if (w->times++ == 0) {
		w->first_step = rt_step(rt);
		w->n = (uint64_t)n;
		w->first = (uint64_t)first;
		say(rt, o, w);
	}
	return 0;
}

void
rt_warn_list(const snnrt *rt, RtText *t)
{
	for (uint32_t i = 0; i < rt->p->nobjects; i++) {
		const snnrt_object *o = &rt->p->objects[i];
		const RtWarn *w = o->kind == SNNRT_OBJ_WARN ? rt->object[i] : NULL;
		if (!w || !w->times)
			continue;
		rt_text_printf(t, "%s\n\t\t{\"code\": ", t->n ? "," : "");
		rt_text_json(t, o->texts[1]);
		rt_text_printf(t, ", \"what\": ");
		rt_text_json(t, o->name);
		rt_text_printf(t, ", \"first_step\": %llu, \"first\": %llu, \"most\": %llu, \"times\": %llu}", (unsigned long long)w->first_step,
		               (unsigned long long)w->first, (unsigned long long)w->most, (unsigned long long)w->times);
	}
}
