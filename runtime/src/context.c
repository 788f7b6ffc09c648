/* context.c: the life of a run: open, run, close.
 *
 * snnrt_open looks at everything that can fail before anything is written: the program, the files, memory,
 * the results folder, in that order. snnrt_run also finishes the results, so that a full disk is told while
 * there is still somebody to tell; snnrt_close only gives things back. */
#define _GNU_SOURCE
#include "rt.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { HUGE_PAGE = 2 << 20, MAPPED_FROM = 1 << 20 };

int64_t
rt_fail(snnrt *rt, const char *fmt, ...)
{
	rt->status = SNNRT_FAILED;
	if (!rt->error[0]) {
		va_list args;
		va_start(args, fmt);
		vsnprintf(rt->error, sizeof rt->error, fmt, args);
		va_end(args);
	}
	return SNNRT_FAILED;
}

const char *
snnrt_error(const snnrt *rt)
{
	return rt ? rt->error : "no memory";
}

const char *
snnrt_reports(const snnrt *rt)
{
	return rt && rt->reports.s ? rt->reports.s : "";
}

void *
snnrt_arena(snnrt *rt)
{
	return rt->arena;
}

const snnrt_buffer *
rt_find_buffer(const snnrt *rt, const char *name)
{
	for (uint32_t i = 0; i < rt->p->nbuffers; i++)
		if (strcmp(rt->p->buffers[i].name, name) == 0)
			return &rt->p->buffers[i];
	return NULL;
}

const snnrt_object *
rt_object(snnrt *rt, int64_t index, snnrt_object_kind kind)
{
	if (index >= 0 && index < rt->p->nobjects && rt->p->objects[index].kind == (uint32_t)kind)
		return &rt->p->objects[index];
	rt_fail(rt, "the program calls for object %lld, which is not of that kind (this is a bug of the compiler)",
	        (long long)index);
	return NULL;
}

bool
rt_in_arena(snnrt *rt, const void *p, uint64_t bytes)
{
	uintptr_t first = (uintptr_t)rt->arena, at = (uintptr_t)p;
	if (at >= first && bytes <= rt->p->arena_bytes && at - first <= rt->p->arena_bytes - bytes)
		return true;
	rt_fail(rt, "the program gave an address outside its arena (this is a bug of the compiler)");
	return false;
}

uint64_t
rt_step(const snnrt *rt)
{
	const snnrt_buffer *b = rt_find_buffer(rt, "step");
	return b && b->bytes == 8 ? (uint64_t)rt_load_int(b->type, rt->arena + b->offset, 0) : 0;
}

/* ---- open ------------------------------------------------------------------------------------------ */

static bool
copy_options(snnrt *rt, const snnrt_options *o)
{
	if (!o)
		return true;
	rt->o = *o;
	rt->o.program_dir = rt_copy(o->program_dir);
	rt->o.data = rt_copy(o->data);
	rt->o.out = rt_copy(o->out);
	rt->o.dump_state = rt_copy(o->dump_state);
	rt->o.format = rt_copy(o->format);
	rt->o.checkpoint_every = rt_copy(o->checkpoint_every);
	rt->o.pause_after = rt_copy(o->pause_after);
	rt->o.resume = rt_copy(o->resume);
	rt->o.tool_version = rt_copy(o->tool_version);
	rt->o.engine = rt_copy(o->engine);
	return true;
}

/* The files of this run against what the program was compiled for. */
static bool
check_data(snnrt *rt, const snnrt_object *o, const RtData *d)
{
	const int64_t *n = o->nums;
	if (d->samples < (uint64_t)n[0])
		return rt_fail(rt, "data `%s`: the program was compiled for %lld samples, there are %llu here", o->name,
		               (long long)n[0], (unsigned long long)d->samples) == 0;
	if (n[1] > 0 && d->classes > n[1])
		return rt_fail(rt, "data `%s`: the program was compiled for labels below %lld, there is %lld here",
		               o->name, (long long)n[1], (long long)d->classes - 1) == 0;
	n += 3;
	for (uint32_t c = 0; c < d->ncolumns; c++) {
		const RtArray *a = &d->column[c].array;
		bool same = n[0] == a->type && n[1] == a->rank - 1;
		for (uint32_t i = 1; same && i < a->rank; i++)
			same = n[1 + i] == (int64_t)a->extent[i];
		if (!same) {
			RtText t = {0};
			uint64_t extent[6] = {0};
			for (int64_t i = 0; i < n[1]; i++)
				extent[i] = (uint64_t)n[2 + i];
			rt_text_printf(&t, "data `%s`: `%s` has %s ", o->name,
			               d->drawn ? "drawn digits" : d->column[c].file.name, rt_type_name(a->type));
			rt_text_shape(&t, a->rank - 1, a->extent + 1);
			rt_text_printf(&t, " per sample, the program was compiled for %s ", rt_type_name((uint32_t)n[0]));
			rt_text_shape(&t, (uint32_t)n[1], extent);
			rt_fail(rt, "%s", t.s ? t.s : "data differ");
			rt_text_fini(&t);
			return false;
		}
		n += 2 + n[1];
	}
	return true;
}

static void *
open_data(snnrt *rt, const snnrt_object *o)
{
	char why[RT_WHY] = "";
	RtData *d = calloc(1, sizeof *d);
	if (!d) {
		rt_fail(rt, "no memory");
		return NULL;
	}
	snnrt_data_status status = rt_data_open(d, rt->o.data, rt->o.program_dir, o->texts[0], o->ntexts - 2,
	                                        o->texts + 1, o->texts[o->ntexts - 1], why);
	if (status != SNNRT_DATA_OK) {
		rt_fail(rt, "data `%s`: %s%s", o->name, why,
		        status == SNNRT_DATA_MISSING ? "; name the folder that has it by --data" : "");
		free(d);
		return NULL;
	}
	if (!check_data(rt, o, d)) {
		rt_data_close(d);
		free(d);
		return NULL;
	}
	return d;
}

/* Everything that is read; nothing large is allocated yet. */
static bool
open_inputs(snnrt *rt)
{
	for (uint32_t i = 0; i < rt->p->nobjects; i++) {
		const snnrt_object *o = &rt->p->objects[i];
		if (o->kind == SNNRT_OBJ_DATA)
			rt->object[i] = open_data(rt, o);
		else if (o->kind == SNNRT_OBJ_FILL || o->kind == SNNRT_OBJ_STREAM)
			rt->object[i] = rt_load_open(rt, o);
		else if (o->kind == SNNRT_OBJ_LOAD)
			rt->object[i] = rt_take_open(rt, o);
		else if (o->kind == SNNRT_OBJ_TUNE)
			rt->object[i] = rt_tune_open(rt, o);
		if (rt->status != SNNRT_OK)
			return false;
	}
	for (uint32_t i = 0; i < rt->p->nobjects; i++)
		if (rt->p->objects[i].kind == SNNRT_OBJ_STREAM && rt->p->objects[i].nnums && !rt_load_link(rt, i))
			return false;
	return true;
}

static uint64_t
own_memory(const snnrt *rt)
{
	uint64_t n = rt_watch_memory(rt->p);
	for (uint32_t i = 0; i < rt->p->nobjects; i++) {
		const snnrt_object *o = &rt->p->objects[i];
		if (o->kind == SNNRT_OBJ_DATA)
			n += rt_data_memory(rt->object[i]);
		else if (o->kind == SNNRT_OBJ_RECORD)
			n += 1 << 16;
		else if (o->kind == SNNRT_OBJ_VOTE)
			n += rt_vote_memory(rt->p, o);
		else if (o->kind == SNNRT_OBJ_SYNAPSES && o->ntexts > 1)
			n += 48 * (uint64_t)o->nums[2];   /* while they are read and sorted (edges.c) */
	}
	return n;
}

static bool
open_folder(snnrt *rt)
{
	char why[RT_WHY], *path = NULL;
	if (rt->o.no_results)
		return true;
	if (!rt->o.out && asprintf(&path, "results/%s", rt->p->name) < 0)
		return rt_fail(rt, "no memory") == 0;
	bool ok = rt_folder_open(&rt->folder, rt->o.out ? rt->o.out : path, why) || rt_fail(rt, "%s", why) == 0;
	free(path);
	return ok;
}

static bool
open_outputs(snnrt *rt)
{
	for (uint32_t i = 0; i < rt->p->nobjects; i++) {
		const snnrt_object *o = &rt->p->objects[i];
		if (o->kind == SNNRT_OBJ_RECORD)
			rt->object[i] = rt_record_open(rt, i);
		else if (o->kind == SNNRT_OBJ_VOTE)
			rt->object[i] = rt_vote_open(rt, o);
		else if (o->kind == SNNRT_OBJ_RASTER)
			rt->object[i] = rt_raster_open(rt, o);
		else if (o->kind == SNNRT_OBJ_WARN)
			rt->object[i] = rt_warn_open(rt);
		if (rt->status != SNNRT_OK)
			return false;
	}
	return true;
}

/* Zeroed. Large arenas are mapped, on huge pages where the system has them; small ones come from malloc,
 * where the sanitizers see what is written past their end. */
static bool
open_arena(snnrt *rt)
{
	size_t n = (size_t)((rt->p->arena_bytes + 63) / 64 * 64);
	if (n < MAPPED_FROM) {
		rt->arena = aligned_alloc(64, n);
		if (rt->arena)
			memset(rt->arena, 0, n);
	} else {
		size_t whole = n + HUGE_PAGE;
		unsigned char *at = mmap(NULL, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (at != MAP_FAILED) {
			size_t skip = (HUGE_PAGE - (uintptr_t)at % HUGE_PAGE) % HUGE_PAGE;
			if (skip)
				munmap(at, skip);
			rt->arena = at + skip;
			rt->arena_mapped = whole - skip;
			madvise(rt->arena, rt->arena_mapped, MADV_HUGEPAGE);
		}
	}
	if (!rt->arena) {
		RtText t = {0};
		rt_text_bytes(&t, n);
		rt_fail(rt, "the system gives no %s of memory for the network", t.s ? t.s : "");
		rt_text_fini(&t);
		return false;
	}
	return true;
}

static void
fill_arena(snnrt *rt)
{
	const snnrt_buffer *seed = rt_find_buffer(rt, "seed");
	for (uint32_t i = 0; i < rt->p->nbuffers; i++) {
		const snnrt_buffer *b = &rt->p->buffers[i];
		if (b->role == SNNRT_CONST && b->data)
			memcpy(rt->arena + b->offset, b->data, (size_t)b->bytes);
	}
	rt->seed = rt->o.seed_given ? rt->o.seed : rt->p->seed;
	if (seed && seed->bytes >= sizeof rt->seed)
		memcpy(rt->arena + seed->offset, &rt->seed, sizeof rt->seed);
	memcpy(rt->arena, &rt, sizeof rt);                    /* host */
}

static bool
read_every(snnrt *rt, const char *text, RtEvery *out)
{
	return !text || rt_every_read(text, out) ||
	       rt_fail(rt, "`%s` says no time between checkpoints: write `10 min`, `30 s`, `5000 steps` or `100 samples`", text) == 0;
}

static bool
check_checkpoints(snnrt *rt)
{
	if ((rt->o.checkpoint_every || rt->o.pause_after) && rt->o.no_results)
		return rt_fail(rt, "checkpoints go to the results folder, and there is none (--no-results)") == 0;
	return read_every(rt, rt->o.checkpoint_every, &rt->every) && read_every(rt, rt->o.pause_after, &rt->pause);
}

static bool
open_all(snnrt *rt, const snnrt_options *o)
{
	char why[RT_WHY];
	if (!rt_program_check(rt->p, why))
		return rt_fail(rt, "%s", why) == 0;
	rt->object = calloc(rt->p->nobjects + 1, sizeof *rt->object);
	rt->assigned = calloc(rt->p->nbuffers + 1, sizeof *rt->assigned);
	if (!rt->object || !rt->assigned || !copy_options(rt, o))
		return rt_fail(rt, "no memory") == 0;
	if (!rt_tunes_check(rt))
		return false;
	if (!check_checkpoints(rt) || (rt->o.resume && !rt_resume_open(rt)))
		return false;
	if (!open_inputs(rt) || !rt_memory_check(rt, own_memory(rt)) || !open_arena(rt))
		return false;
	if (!open_folder(rt) || !open_outputs(rt))
		return false;
	if (!rt_watch_open(rt))
		return false;
	fill_arena(rt);
	rt_progress_open(rt);
	return !rt->resume || rt_resume_load(rt);
}

snnrt_status
snnrt_open(const snnrt_program *p, const snnrt_options *o, snnrt **out)
{
	snnrt *rt = calloc(1, sizeof *rt);
	*out = rt;
	if (!rt)
		return SNNRT_FAILED;
	rt->p = p;
	rt->folder.fd = -1;
	open_all(rt, o);
	return rt->status;
}

/* ---- run ------------------------------------------------------------------------------------------- */

static void
finish_results(snnrt *rt)
{
	if (rt->folder.fd < 0)
		return;
	for (uint32_t i = 0; i < rt->p->nobjects; i++)
		if (rt->p->objects[i].kind == SNNRT_OBJ_RECORD)
			rt_record_finish(rt, i);
	if (rt_is_format(rt, "npz"))
		rt_npz_write(rt);
	rt_curve_write(rt);
	rt_manifest_write(rt);
}

snnrt_status
snnrt_run(snnrt *rt)
{
	char why[RT_WHY];
	if (rt->status != SNNRT_OK || rt->ran) {
		rt_fail(rt, "a run can be made once, after snnrt_open went well");
		return SNNRT_FAILED;
	}
	rt->ran = true;
	rt_every_begin(rt);
	if (!rt_interrupt_begin())
		rt_fail(rt, "cannot take the signals of Ctrl-C");
	int64_t r = rt->status == SNNRT_OK ? rt->p->entry(rt->arena, rt->p->closure) : SNNRT_FAILED;
	rt_interrupt_end();
	if (r == SNNRT_INTERRUPTED && rt->status == SNNRT_OK)
		rt->status = SNNRT_INTERRUPTED;
	else if (r < 0)
		rt_fail(rt, "the program stopped with %lld and gave no reason", (long long)r);
	rt_progress_end(rt);
	rt_watch_report(rt);
	if (rt->status == SNNRT_OK)
		rt_curve_print(rt);
	if (rt->status != SNNRT_FAILED && rt->o.dump_state)
		rt_dump_state(rt);
	if (rt->status == SNNRT_INTERRUPTED && rt->folder.fd >= 0 && !rt_checkpoint_take(rt, why))
		rt_progress_note(rt, "the run cannot be resumed: %s", why);
	finish_results(rt);
	if (rt->status == SNNRT_OK)
		rt_checkpoint_remove(rt);
	rt_progress_results(rt);
	return rt->status;
}

/* ---- close ----------------------------------------------------------------------------------------- */

static void
close_object(snnrt *rt, uint32_t i)
{
	void *state = rt->object[i];
	if (!state)
		return;
	switch ((snnrt_object_kind)rt->p->objects[i].kind) {
	case SNNRT_OBJ_DATA:
		rt_data_close(state);
		free(state);
		return;
	case SNNRT_OBJ_FILL:
	case SNNRT_OBJ_STREAM:
		rt_load_close(state);
		return;
	case SNNRT_OBJ_RECORD:
		rt_record_close(state);
		return;
	case SNNRT_OBJ_VOTE:
		rt_vote_close(state);
		return;
	case SNNRT_OBJ_RASTER:
		rt_raster_close(state);
		return;
	case SNNRT_OBJ_LOAD:
		rt_take_close(state);
		return;
	case SNNRT_OBJ_TUNE:
	case SNNRT_OBJ_WARN:
		free(state);
		return;
	case SNNRT_OBJ_PHASE:
	case SNNRT_OBJ_REPORT:
	case SNNRT_OBJ_SAVE:
	case SNNRT_OBJ_PLOT:
	case SNNRT_OBJ_VALUE:
	case SNNRT_OBJ_WATCH:                                 /* watch.c keeps what belongs to them */
	case SNNRT_OBJ_SYNAPSES:
	case SNNRT_OBJ_PRODUCT:
		return;
	}
}

int
snnrt_close(snnrt *rt)
{
	if (!rt)
		return 3;
	int code = rt->status == SNNRT_OK ? 0 : rt->status == SNNRT_INTERRUPTED ? 130 : 3;
	for (uint32_t i = 0; rt->object && i < rt->p->nobjects; i++)
		close_object(rt, i);
	rt_watch_close(rt);
	rt_team_close(rt);
	rt_folder_close(&rt->folder, true);                   /* removes only what we made and left empty */
	if (rt->arena_mapped)
		munmap(rt->arena, rt->arena_mapped);
	else
		free(rt->arena);
	free(rt->object);
	free(rt->assigned);
	rt_text_fini(&rt->reports);
	rt_text_fini(&rt->written);
	free((char *)rt->o.program_dir);
	free((char *)rt->o.data);
	free((char *)rt->o.out);
	free((char *)rt->o.dump_state);
	free((char *)rt->o.format);
	free((char *)rt->o.checkpoint_every);
	free((char *)rt->o.pause_after);
	free((char *)rt->o.resume);
	rt_resume_close(rt->resume);
	free((char *)rt->o.tool_version);
	free((char *)rt->o.engine);
	free(rt);
	return code;
}
