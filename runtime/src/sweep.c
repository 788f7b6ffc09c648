/* sweep.c: the lanes of a sweep: each is a run of its own, in an arena and a folder of its own.
 *
 * Lanes of one structure share a program; what is a lane's own are the contents of some const buffers, the seed, and its tunables. A sweep that
 * goes on passes over the lanes that are complete, takes up those that left a checkpoint, and begins the others. */
#define _GNU_SOURCE
#include "rt_sweep.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_THREADS = 256, FINE = 0, WORLD = 3, INTERRUPTED = 130 };

typedef struct {
	const snnrt_sweep *s;
	const snnrt_options *o;
	const char *out;
	char **reports;                                   /* NULL: it has not ended */
	int threads, beside;                              /* of a lane; lanes at a time */
	uint32_t next, ended;
	int code;
	pthread_mutex_t lock;
} Sweep;

static void
say(Sweep *w, uint32_t k, const char *what)
{
	pthread_mutex_lock(&w->lock);
	fprintf(stderr, "%s: lane %u, %s: %s\n", w->s->who, k, w->s->lanes[k].text, what);
	pthread_mutex_unlock(&w->lock);
}

/* ---- what earlier runs left --------------------------------------------------------------------------- */

static char *
read_text(const char *path)
{
	FILE *f = fopen(path, "rb");
	RtText t = {0};
	char piece[4096];
	size_t n;
	while (f && (n = fread(piece, 1, sizeof piece, f)) > 0)
		rt_text_add(&t, piece, n);
	if (f)
		fclose(f);
	return t.s;
}

static bool
holds(const char *manifest, const char *key, const char *value)
{
	RtText t = {0};
	rt_text_printf(&t, "\"%s\": %s", key, value);
	bool found = t.s && strstr(manifest, t.s) != NULL;
	rt_text_fini(&t);
	return found;
}

/* Is it the manifest of this lane? Tunables are no part of the hash of its source. */
static bool
is_lane(const Sweep *w, const snnrt_lane *l, const char *manifest)
{
	RtText hash = {0}, seed = {0};
	rt_text_json(&hash, l->source_hash ? l->source_hash : "");
	rt_text_printf(&seed, "%llu,", (unsigned long long)(w->o->seed_given ? w->o->seed : l->seed));
	bool ok = hash.s && seed.s && holds(manifest, "source_hash", hash.s) && holds(manifest, "seed", seed.s);
	for (uint32_t i = 0; ok && i < l->nsets; i++) {
		char name[256];
		RtText value = {0};
		size_t n = strcspn(l->sets[i], "=");
		snprintf(name, sizeof name, "%.*s", (int)n, l->sets[i]);
		rt_text_number(&value, strtod(l->sets[i] + n + 1, NULL));
		ok = value.s && holds(manifest, name, value.s);
		rt_text_fini(&value);
	}
	rt_text_fini(&hash);
	rt_text_fini(&seed);
	return ok;
}

static char *
reports_of(const char *manifest)
{
	const char *from = strstr(manifest, "\"reports\": ["), *to = from ? strstr(from, "\n\t]") : NULL;
	if (!from)
		return NULL;
	from += strlen("\"reports\": [");
	return strndup(from, to && to > from ? (size_t)(to - from) : 0);
}

/* True: nothing is left to do, or it failed. */
static bool
is_done(Sweep *w, uint32_t k, const char *folder, int *code)
{
	char *path = NULL, *manifest = NULL;
	bool done = false;
	if (asprintf(&path, "%s/manifest.json", folder) < 0)
		path = NULL;
	manifest = path ? read_text(path) : NULL;
	if (manifest && strstr(manifest, "\"status\": \"complete\"")) {
		done = true;
		if (is_lane(w, &w->s->lanes[k], manifest)) {
			w->reports[k] = reports_of(manifest);
		} else {
			*code = WORLD;
			say(w, k, "its folder holds the results of another program, or of other values; name another folder by --out");
		}
	}
	free(path);
	free(manifest);
	return done;
}

static bool
has_checkpoint(const char *folder)
{
	char *path = NULL;
	bool found = asprintf(&path, "%s/%s", folder, RT_CHECKPOINT) >= 0 && access(path, F_OK) == 0;
	free(path);
	return found;
}

/* A lane that was killed before its first checkpoint begins again: what it had written goes. */
static void
sweep_parts(const char *folder)
{
	int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir >= 0) {
		rt_sink_sweep(dir);
		close(dir);
	}
}

/* ---- one lane --------------------------------------------------------------------------------------------- */

static bool
own_program(const snnrt_lane *l, snnrt_program *p, snnrt_buffer **buffers)
{
	*p = *l->program;
	p->source_hash = l->source_hash;
	p->plan_hash = l->plan_hash;
	p->seed = l->seed;
	*buffers = l->ndata ? malloc(p->nbuffers * sizeof **buffers) : NULL;
	if (l->ndata && !*buffers)
		return false;
	if (*buffers) {
		memcpy(*buffers, p->buffers, p->nbuffers * sizeof **buffers);
		p->buffers = *buffers;
	}
	for (uint32_t i = 0; i < l->ndata; i++)
		(*buffers)[l->data[i].buffer].data = l->data[i].data;
	return true;
}

static int
run_lane(Sweep *w, uint32_t k, bool alone)
{
	const snnrt_lane *l = &w->s->lanes[k];
	snnrt_program p;
	snnrt_buffer *buffers;
	snnrt_options o = *w->o;
	snnrt *rt;
	char *folder = NULL;
	int code = FINE;
	const char **sets = calloc(l->nsets + o.nsets + 1, sizeof *sets);
	if (!sets || asprintf(&folder, "%s/lane_%u", w->out, k) < 0 || !own_program(l, &p, &buffers)) {
		say(w, k, "no memory");
		free(sets);
		return WORLD;
	}
	for (uint32_t i = 0; i < l->nsets; i++)
		sets[i] = l->sets[i];
	for (uint32_t i = 0; i < o.nsets; i++)
		sets[l->nsets + i] = o.sets[i];
	o.sets = sets;
	o.nsets += l->nsets;
	o.out = folder;
	o.threads = w->threads;
	o.silent = !alone;
	o.quiet |= !alone;
	if (!o.resume || !is_done(w, k, folder, &code)) {
		if (o.resume && !has_checkpoint(folder)) {
			sweep_parts(folder);
			o.resume = NULL;
		} else if (o.resume) {
			o.resume = folder;
		}
		if (snnrt_open(&p, &o, &rt) == SNNRT_OK && snnrt_run(rt) == SNNRT_OK)
			w->reports[k] = strdup(snnrt_reports(rt));
		if (*snnrt_error(rt))
			say(w, k, snnrt_error(rt));
		code = snnrt_close(rt);
	}
	free(sets);
	free(folder);
	free(buffers);
	return code;
}

/* ---- all ------------------------------------------------------------------------------------------------ */

static void
tell_progress(const Sweep *w)
{
	if (!w->o->quiet && isatty(STDERR_FILENO))
		fprintf(stderr, w->ended == w->s->nlanes ? "\r\033[K" : "\rlane %u of %u", w->ended, w->s->nlanes);
}

/* A thread takes one lane after the other. */
static void *
work(void *env)
{
	Sweep *w = env;
	for (;;) {
		pthread_mutex_lock(&w->lock);
		uint32_t k = w->code == FINE ? w->next++ : w->s->nlanes;
		pthread_mutex_unlock(&w->lock);
		if (k >= w->s->nlanes)
			return NULL;
		if (w->s->select)
			w->s->select(w->s->env, k);
		int code = run_lane(w, k, false);
		pthread_mutex_lock(&w->lock);
		if (code != FINE && w->code == FINE)
			w->code = code;
		w->ended++;
		tell_progress(w);
		pthread_mutex_unlock(&w->lock);
	}
}

static void
run_all(Sweep *w)
{
	pthread_t thread[MOST_THREADS];
	int started = 0, all = w->o->threads > 1 && !w->s->one_by_one ? w->o->threads : 1;
	w->beside = (uint32_t)all > w->s->nlanes ? (int)w->s->nlanes : all > MOST_THREADS ? MOST_THREADS : all;
	w->threads = w->beside ? all / w->beside : 1;
	while (started < w->beside - 1 && pthread_create(&thread[started], NULL, work, w) == 0)
		started++;
	work(w);
	for (int i = 0; i < started; i++)
		pthread_join(thread[i], NULL);
}

static int
tell(Sweep *w)
{
	char why[RT_WHY] = "";
	if (w->code == INTERRUPTED)
		fprintf(stderr, "%s: interrupted; the results so far are kept%s\n", w->s->who, w->o->no_results ? "" : "; --resume goes on from here");
	bool ok = rt_sweep_table(w->s, w->reports, w->o->no_results ? NULL : w->out, why);
	if (!ok)
		fprintf(stderr, "%s: %s\n", w->s->who, why);
	return w->code == FINE && !ok ? WORLD : w->code;
}

/* The folder that the sweep left, or the one to be written. */
static bool
choose_folder(Sweep *w, char **own)
{
	struct stat st;
	*own = NULL;
	if (w->o->resume && (stat(w->o->resume, &st) || !S_ISDIR(st.st_mode))) {
		fprintf(stderr, "%s: --resume: `%s` is no folder that a sweep left\n", w->s->who, w->o->resume);
		return false;
	}
	if (w->o->resume && w->o->out && strcmp(w->o->out, w->o->resume) != 0) {
		fprintf(stderr, "%s: a sweep goes on in its own folder; leave --out away\n", w->s->who);
		return false;
	}
	if (w->o->resume || w->o->out)
		w->out = w->o->resume ? w->o->resume : w->o->out;
	else if (asprintf(own, "results/%s", w->s->name) >= 0)
		w->out = *own;
	return w->out != NULL;
}

int
snnrt_sweep_run(const snnrt_sweep *s, const snnrt_options *o, int64_t lane)
{
	Sweep w = {.s = s, .o = o, .threads = o->threads};
	char *own;
	w.reports = calloc(s->nlanes + 1, sizeof *w.reports);
	if (!w.reports || !choose_folder(&w, &own)) {
		free(w.reports);
		return WORLD;
	}
	pthread_mutex_init(&w.lock, NULL);
	if (lane >= 0) {
		if (s->select)
			s->select(s->env, (uint32_t)lane);
		w.code = run_lane(&w, (uint32_t)lane, true);
		if (w.code == INTERRUPTED)
			fprintf(stderr, "%s: interrupted; the results so far are kept%s\n", s->who, o->no_results ? "" : "; --resume goes on from here");
	} else {
		run_all(&w);
		w.code = tell(&w);
	}
	pthread_mutex_destroy(&w.lock);
	for (uint32_t k = 0; k < s->nlanes; k++)
		free(w.reports[k]);
	free(w.reports);
	free(own);
	return w.code;
}
