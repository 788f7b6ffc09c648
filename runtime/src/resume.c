/* resume.c: checkpoints on the way, and runs that go on from one.
 *
 * A checkpoint is taken at the end of a step: what records have so far is on the disk before the checkpoint that counts it takes its
 * name, so whatever happens, the last one and the files beside it belong together. A run that goes on takes over the unfinished files
 * of records, cut to what the checkpoint saw; nothing before that is touched, so it can be begun again. */
#define _GNU_SOURCE
#include "snnrt_checkpoint.h"

#include "rt.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct RtResume { snnrt_checkpoint *k; char *path, *folder; int dir; };

/* ---- when ------------------------------------------------------------------------------------------- */

bool
rt_every_read(const char *text, RtEvery *out)
{
	static const struct { const char *word; double seconds; bool steps, samples; } units[] = {
		{"s", 1, false, false}, {"min", 60, false, false}, {"h", 3600, false, false},
		{"steps", 0, true, false}, {"samples", 0, false, true},
	};
	char *end;
	*out = (RtEvery){0};
	double n = *text >= '0' && *text <= '9' ? strtod(text, &end) : 0;
	if (!(n > 0) || n > 1e15)
		return false;
	end += strspn(end, " ");
	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		if (strcmp(end, units[i].word) != 0)
			continue;
		if (units[i].seconds > 0)
			out->seconds = n * units[i].seconds;
		else if (n != (double)(uint64_t)n)
			return false;
		else if (units[i].steps)
			out->steps = (uint64_t)n;
		else
			out->samples = (uint64_t)n;
		return true;
	}
	return false;
}

bool
snnrt_is_interval(const char *text)
{
	RtEvery e;
	return rt_every_read(text, &e);
}

static double
now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void
rt_every_begin(snnrt *rt)
{
	rt->every.last = rt->pause.last = now();
	rt->every.steps_began = rt->pause.steps_began = rt_step(rt);
}

static void
count_sample(RtEvery *e)
{
	if (e->samples && ++e->samples_done % e->samples == 0)
		e->due = true;
}

void
rt_every_sample(snnrt *rt)
{
	count_sample(&rt->every);
	count_sample(&rt->pause);
}

/* One look may come after several steps. */
static bool
passes_steps(const snnrt *rt, RtEvery *e)
{
	uint64_t before = e->steps_done;
	e->steps_done = rt_step(rt) - e->steps_began;
	return e->steps_done / e->steps > before / e->steps;
}

static bool
is_due(const snnrt *rt, RtEvery *e)
{
	bool due = e->due;
	if (e->steps && passes_steps(rt, e))
		due = true;
	if (e->seconds > 0 && now() - e->last >= e->seconds)
		due = true;
	e->due = false;
	return due;
}

bool
rt_every_step(snnrt *rt)
{
	char why[RT_WHY];
	if (is_due(rt, &rt->every)) {
		if (!rt_checkpoint_take(rt, why))
			rt_progress_note(rt, "no checkpoint: %s", why);
		rt->every.last = now();
	}
	return !is_due(rt, &rt->pause);
}

bool
rt_checkpoint_take(snnrt *rt, char *why)
{
	return rt_records_sync(rt, why) && rt_checkpoint_write(rt, rt->folder.fd, RT_CHECKPOINT, true, why);
}

void
rt_checkpoint_remove(snnrt *rt)
{
	if (rt->folder.fd >= 0 && rt_names_file(&rt->written, RT_CHECKPOINT))
		unlinkat(rt->folder.fd, RT_CHECKPOINT, 0);
}

/* ---- is it one of this program? ----------------------------------------------------------------------- */

static void
add_shape(RtText *t, uint32_t type, uint32_t naxes, const snnrt_axis *axis)
{
	uint64_t extent[6] = {0};
	for (uint32_t i = 0; i < naxes && i < 6; i++)
		extent[i] = axis[i].extent;
	rt_text_printf(t, "%s ", rt_type_name(type));
	rt_text_shape(t, naxes, extent);
}

/* The first variable of a layer or connection that has another size there; NULL: none. */
static char *
other_sizes(const snnrt *rt, const snnrt_checkpoint *k)
{
	for (uint32_t i = 0; i < rt->p->nbuffers; i++) {
		const snnrt_buffer *b = &rt->p->buffers[i];
		const snnrt_checkpoint_buffer *there = rt_is_kept(b) ? snnrt_checkpoint_find(k, b->name) : NULL;
		if (!there || !rt_shape_differs(b, there))
			continue;
		RtText t = {0};
		rt_text_printf(&t, "`%s` is ", b->name);
		add_shape(&t, there->type, there->naxes, there->axis);
		rt_text_printf(&t, " there and ");
		add_shape(&t, b->type, b->naxes, b->axis);
		rt_text_printf(&t, " here (another batch, or other sizes)");
		return t.s;
	}
	return NULL;
}

static bool
has_all(const snnrt *rt, const snnrt_checkpoint *k)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < rt->p->nbuffers; i++) {
		const snnrt_buffer *b = &rt->p->buffers[i];
		if (!rt_is_kept(b))
			continue;
		const snnrt_checkpoint_buffer *there = snnrt_checkpoint_find(k, b->name);
		if (!there || rt_shape_differs(b, there))
			return false;
		n++;
	}
	return n == k->nbuffers;
}

static bool
is_ours(snnrt *rt, const snnrt_checkpoint *k, const char *path)
{
	const snnrt_program *p = rt->p;
	const char *source = p->source_hash ? p->source_hash : "", *plan = p->plan_hash ? p->plan_hash : "";
	char *sizes = NULL;
	if (k->real != p->real)
		rt_fail(rt, "`%s` is of a run in %s, this one is in %s (--precision)", path, rt_type_name(k->real), rt_type_name(p->real));
	else if (k->dt != p->dt)
		rt_fail(rt, "`%s` is of a run with dt = %g ms, this one has %g ms", path, k->dt, p->dt);
	else if (strcmp(k->plan_hash, plan) == 0 && has_all(rt, k) && rt->o.seed_given && rt->o.seed != k->seed)
		rt_fail(rt, "`%s` is of a run with seed %llu; leave --seed away, or start anew", path, (unsigned long long)k->seed);
	else if (strcmp(k->plan_hash, plan) == 0 && has_all(rt, k))
		return true;
	else if ((sizes = other_sizes(rt, k)))
		rt_fail(rt, "`%s` is of another network: %s", path, sizes);
	else if (strcmp(k->program, p->name) != 0 || strcmp(k->source_hash, source) != 0)
		rt_fail(rt, "`%s` is of another program (`%s` %s, this is `%s` %s): the text, or a value of --set, is not the same", path,
		        k->program, k->source_hash, p->name, source);
	else
		rt_fail(rt, "`%s` is of this text compiled otherwise: by another version of snnc, with other passes, or with other files", path);
	free(sizes);
	return false;
}

/* ---- going on ------------------------------------------------------------------------------------------ */

static bool
find_paths(snnrt *rt, RtResume *r)
{
	struct stat st;
	bool folder = stat(rt->o.resume, &st) == 0 && S_ISDIR(st.st_mode);
	if (folder) {
		r->folder = strdup(rt->o.resume);
		if (asprintf(&r->path, "%s/%s", rt->o.resume, RT_CHECKPOINT) < 0)
			r->path = NULL;
	} else {
		const char *slash = strrchr(rt->o.resume, '/');
		r->path = strdup(rt->o.resume);
		r->folder = slash ? strndup(rt->o.resume, (size_t)(slash - rt->o.resume) + 1) : strdup(".");
	}
	if (!r->path || !r->folder)
		return rt_fail(rt, "no memory") == 0;
	if (folder && access(r->path, F_OK) != 0)
		return rt_fail(rt, "there is no checkpoint in `%s`: none was taken, or the run was completed", rt->o.resume) == 0;
	r->dir = open(r->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return r->dir >= 0 || rt_fail(rt, "cannot open `%s`: %s", r->folder, strerror(errno)) == 0;
}

bool
rt_resume_open(snnrt *rt)
{
	char why[RT_WHY];
	RtResume *r = rt->resume = calloc(1, sizeof *r);
	if (!r)
		return rt_fail(rt, "no memory") == 0;
	r->dir = -1;
	if (!find_paths(rt, r))
		return false;
	if (!snnrt_checkpoint_open(r->path, &r->k, why))
		return rt_fail(rt, "%s", why) == 0;
	if (!is_ours(rt, r->k, r->path))
		return false;
	if (!rt->o.out)
		rt->o.out = strdup(r->folder);
	return rt->o.out || rt_fail(rt, "no memory") == 0;
}

int
rt_resume_folder(const RtResume *r)
{
	return r->dir;
}

bool
rt_resume_in_place(const snnrt *rt)
{
	struct stat a, b;
	return fstat(rt->resume->dir, &a) == 0 && fstat(rt->folder.fd, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* A file that the run wrote before: what it is called is as rt_text_json has it. */
static bool
copy_file(snnrt *rt, const char *name)
{
	enum { PIECE = 1 << 16 };
	RtSink s;
	char piece[PIECE], why[RT_WHY];
	int fd = openat(rt->resume->dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return rt_fail(rt, "`%s` was written before the checkpoint and is not beside it: %s", name, strerror(errno)) == 0;
	bool ok = rt_sink_open(&s, rt->folder.fd, name, why);
	ssize_t n = 0;
	while (ok && (n = read(fd, piece, PIECE)) > 0)
		rt_sink_write(&s, piece, (uint64_t)n);
	close(fd);
	ok = ok && rt_sink_commit(&s, false, why);
	return ok || rt_fail(rt, "%s", why) == 0;
}

static bool
copy_files(snnrt *rt)
{
	RtText name = {0};
	bool ok = true, inside = false;
	for (const char *c = rt->written.s ? rt->written.s : ""; ok && *c; c++) {
		unsigned code;
		if (*c == '"') {
			inside = !inside;
			ok = inside || copy_file(rt, name.s ? name.s : "");
			name.n = 0;
		} else if (inside && *c == '\\' && c[1] == 'u' && sscanf(c + 2, "%4x", &code) == 1) {
			char byte = (char)code;               /* those below a blank alone are written so */
			rt_text_add(&name, &byte, 1);
			c += 5;
		} else if (inside) {
			c += *c == '\\';
			rt_text_add(&name, c, 1);
		}
	}
	rt_text_fini(&name);
	return ok;
}

bool
rt_resume_load(snnrt *rt)
{
	const snnrt_checkpoint *k = rt->resume->k;
	RtState s = {.at = k->host, .end = (const unsigned char *)k->host + k->host_bytes};
	for (uint32_t i = 0; i < rt->p->nbuffers; i++) {
		const snnrt_buffer *b = &rt->p->buffers[i];
		if (rt_is_kept(b))
			rt_take_rows(b, rt->arena + b->offset, snnrt_checkpoint_find(k, b->name)->data);
	}
	const snnrt_buffer *resuming = rt_find_buffer(rt, "resuming");
	if (!resuming || resuming->type != SNNRT_BOOL || resuming->bytes != 1)
		return rt_fail(rt, "this program has no place from which it could go on") == 0;
	rt->arena[resuming->offset] = 1;
	rt->seed = k->seed;
	if (!rt_state_of_host(rt, &s))
		return rt->status == SNNRT_FAILED ? false : rt_fail(rt, "`%s` is damaged: the state of the host cannot be read", rt->resume->path) == 0;
	if (rt->folder.fd >= 0 && rt_resume_in_place(rt))
		rt_sink_sweep(rt->folder.fd);
	else if (rt->folder.fd >= 0 && !copy_files(rt))
		return false;
	rt_progress_resume(rt);
	rt_resume_close(rt->resume);
	rt->resume = NULL;
	return true;
}

void
rt_resume_close(RtResume *r)
{
	if (!r)
		return;
	snnrt_checkpoint_close(r->k);
	if (r->dir >= 0)
		close(r->dir);
	free(r->path);
	free(r->folder);
	free(r);
}
