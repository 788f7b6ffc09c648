/* manifest.c: manifest.json: what the results folder holds and how it came to be. No times, no paths of this
 * machine, no thread count: equal runs give equal files. */
#include "rt.h"

#include <string.h>

static void
add_text(RtText *t, const char *key, const char *value)
{
	rt_text_printf(t, ",\n\t\"%s\": ", key);
	rt_text_json(t, value);
}

/* An array of objects or names under its key, one per line. */
static void
open_list(RtText *t, const char *key)
{
	rt_text_printf(t, ",\n\t\"%s\": [", key);
}

static void
close_list(RtText *t, bool any)
{
	rt_text_printf(t, any ? "\n\t]" : "]");
}

static void
add_data(const snnrt *rt, RtText *t)
{
	bool any = false;
	open_list(t, "data");
	for (uint32_t i = 0; i < rt->p->nobjects; i++) {
		const snnrt_object *o = &rt->p->objects[i];
		bool data = o->kind == SNNRT_OBJ_DATA;
		if (!data && o->kind != SNNRT_OBJ_FILL && o->kind != SNNRT_OBJ_STREAM)
			continue;
		rt_text_printf(t, "%s\n\t\t{\"name\": ", any ? "," : "");
		any = true;
		rt_text_json(t, o->name);
		rt_text_printf(t, ", \"kind\": ");
		rt_text_json(t, data ? o->texts[0] : o->kind == SNNRT_OBJ_FILL ? "fill" : "stream");
		if (data && ((const RtData *)rt->object[i])->drawn) {
			rt_text_printf(t, ", \"files\": [], \"fallback\": ");
			rt_text_json(t, o->texts[o->ntexts - 1]);
		} else {
			rt_text_printf(t, ", \"files\": [");
			uint32_t first = data ? 1 : 0, end = data ? o->ntexts - 1 : 1;
			for (uint32_t k = first; k < end; k++) {
				rt_text_printf(t, k > first ? ", " : "");
				rt_text_json(t, o->texts[k]);
			}
			rt_text_printf(t, "]");
		}
		if (data)
			rt_text_printf(t, ", \"samples\": %llu",
			               (unsigned long long)((const RtData *)rt->object[i])->samples);
		rt_text_printf(t, "}");
	}
	close_list(t, any);
}

static void
add_record(const snnrt *rt, uint32_t i, RtText *t)
{
	static const char *const axis[] = {"", "lane", "batch", "neuron", "pre", "post", "synapse", "slot", "class",
	                                   "item"};
	const snnrt_object *o = &rt->p->objects[i];
	const snnrt_buffer *b = &rt->p->buffers[o->bufs[0]];
	const RtRecord *r = rt->object[i];
	uint64_t extent[7] = {r->rows};
	rt_text_printf(t, "{\"name\": ");
	rt_text_json(t, o->name);
	rt_text_printf(t, ", \"file\": ");
	if (rt_is_format(rt, "npz")) {
		RtText key = {0};
		rt_text_add(&key, r->file, strlen(r->file) - strlen(".npy"));
		rt_text_printf(t, "\"%s\", \"key\": ", RT_NPZ);
		rt_text_json(t, key.s);
		rt_text_fini(&key);
	} else {
		rt_text_json(t, r->file);
	}
	rt_text_printf(t, ", \"form\": ");
	rt_text_json(t, o->texts[0]);
	rt_text_printf(t, ", \"source\": ");
	rt_text_json(t, b->name);
	if (r->events) {
		rt_text_printf(t, ", \"dtype\": [[\"t\", \"<i8\"], [\"b\", \"<u4\"], [\"i\", \"<u4\"]], \"shape\": [%llu]",
		               (unsigned long long)r->rows);
	} else {
		rt_text_printf(t, ", \"dtype\": \"%s\", \"shape\": ", rt_type_numpy(b->type));
		for (uint32_t a = 0; a < b->naxes; a++)
			extent[a + 1] = b->axis[a].extent;
		rt_text_shape(t, b->naxes + 1, extent);
		rt_text_printf(t, ", \"axes\": [\"record\"");
		for (uint32_t a = 0; a < b->naxes; a++)
			rt_text_printf(t, ", \"%s\"", b->axis[a].kind <= SNNRT_ITEM ? axis[b->axis[a].kind] : "");
		rt_text_printf(t, "]");
	}
	if (o->nnums > 3) {
		double end[2];
		memcpy(end, &o->nums[2], sizeof end);
		rt_text_printf(t, ", \"low\": ");
		rt_text_number(t, end[0]);
		rt_text_printf(t, ", \"high\": ");
		rt_text_number(t, end[1]);
	} else if (o->nnums > 2 && o->nums[2]) {
		rt_text_printf(t, ", \"neurons\": [%lld, %lld]", (long long)o->nums[1], (long long)(o->nums[1] + o->nums[2]));
	}
	if (o->ntexts > 1) {
		rt_text_printf(t, ", \"part\": ");
		rt_text_json(t, o->texts[1]);
	}
	if (strcmp(o->texts[0], "rate") == 0)
		rt_text_printf(t, ", \"unit\": \"Hz\"");
	if (o->nums[0] > 1)
		rt_text_printf(t, ", \"every\": %lld", (long long)o->nums[0]);
	rt_text_printf(t, "}");
}

static void
add_records(const snnrt *rt, RtText *t)
{
	bool any = false;
	open_list(t, "records");
	for (uint32_t i = 0; i < rt->p->nobjects; i++) {
		if (rt->p->objects[i].kind != SNNRT_OBJ_RECORD)
			continue;
		rt_text_printf(t, "%s\n\t\t", any ? "," : "");
		add_record(rt, i, t);
		any = true;
	}
	close_list(t, any);
}

bool
rt_manifest_write(snnrt *rt)
{
	RtText t = {0};
	char why[RT_WHY];
	rt_text_printf(&t, "{\n\t\"status\": \"%s\"", rt->status == SNNRT_OK ? "complete"
	               : rt->status == SNNRT_INTERRUPTED ? "interrupted" : "failed");
	if (rt->status == SNNRT_FAILED)
		add_text(&t, "error", rt->error);
	add_text(&t, "program", rt->p->name);
	add_text(&t, "source_hash", rt->p->source_hash);
	rt_text_printf(&t, ",\n\t\"versions\": {\"runtime\": %d", SNNRT_VERSION);
	if (rt->o.tool_version) {
		rt_text_printf(&t, ", \"snnc\": ");
		rt_text_json(&t, rt->o.tool_version);
	}
	rt_text_printf(&t, "},\n\t\"seed\": %llu,\n\t\"dt_ms\": ", (unsigned long long)rt->seed);
	rt_text_number(&t, rt->p->dt);
	add_text(&t, "real", rt_type_name(rt->p->real));
	RtText tunables = {0};
	rt_tunes_list(rt, &tunables);
	if (tunables.n)
		rt_text_printf(&t, ",\n\t\"tunables\": {%s}", tunables.s);
	t.failed |= tunables.failed;
	rt_text_fini(&tunables);
	rt_text_printf(&t, ",\n\t\"steps\": %llu", (unsigned long long)rt_step(rt));
	add_data(rt, &t);
	add_records(rt, &t);
	open_list(&t, "reports");
	rt_text_add(&t, rt->reports.s ? rt->reports.s : "", rt->reports.n);
	close_list(&t, rt->reports.n > 0);
	RtText warnings = {0};
	rt_warn_list(rt, &warnings);
	if (warnings.n) {
		open_list(&t, "warnings");
		rt_text_add(&t, warnings.s, warnings.n);
		close_list(&t, true);
	}
	t.failed |= warnings.failed;
	rt_text_fini(&warnings);
	rt_text_printf(&t, ",\n\t\"files\": [%s]\n}\n", rt->written.s ? rt->written.s : "");
	bool ok = !t.failed && !rt->reports.failed && !rt->written.failed;
	if (!ok)
		rt_fail(rt, "no memory for the manifest");
	else if (!rt_write_file(rt->folder.fd, "manifest.json", t.s, t.n, why))
		ok = rt_fail(rt, "%s", why) == 0;
	rt_text_fini(&t);
	return ok;
}
