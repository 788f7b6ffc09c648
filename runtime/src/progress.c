/* progress.c: the progress line on stderr. On a terminal one line that is drawn again at most ten times a
 * second; elsewhere a line every ten seconds and at the end of a phase.
 *
 *   training  [##########----------]  3200/8000, 312 samples/s, 0:15 left, all_activity 81.2 %
 *
 * What runs outside of a loop over data has no end that we know: there the line tells how far the network's
 * time has come. */
#define _GNU_SOURCE
#include "rt.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { MIN_BAR = 8, MAX_BAR = 30, WIDE = 110 };

static double
now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static bool
has_utf8(void)
{
	static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
	for (int i = 0; i < 3; i++) {
		const char *v = getenv(names[i]);
		if (v && *v)
			return strcasestr(v, "utf-8") || strcasestr(v, "utf8");
	}
	return false;
}

void
rt_progress_open(snnrt *rt)
{
	RtProgress *g = &rt->progress;
	const char *term = getenv("TERM"), *no_colour = getenv("NO_COLOR");
	struct winsize size;
	g->on = !rt->o.quiet;
	g->phase = UINT32_MAX;
	g->terminal = isatty(STDERR_FILENO) && !(term && strcmp(term, "dumb") == 0);
	g->colour = g->terminal && !(no_colour && *no_colour);
	g->utf8 = has_utf8();
	g->width = g->terminal && ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 80;
}

static void
put(const char *s, size_t n)
{
	while (n) {
		ssize_t r = write(STDERR_FILENO, s, n);
		if (r <= 0)
			return;                               /* nobody to tell; the run goes on */
		s += r;
		n -= (size_t)r;
	}
}

void
rt_progress_clear(snnrt *rt)
{
	if (rt->progress.drawn)
		put("\r\033[K", 4);
	rt->progress.drawn = false;
}

/* The last whole interval says more than the mean. false: nothing to say yet. */
static bool
find_accuracy(const RtVote *v, uint32_t phase, uint32_t readout, double *out)
{
	const RtTally *t = &v->phase[phase];
	if (v->npoints)
		*out = 100 * (double)v->point[v->npoints - 1].accuracy[readout];
	else if (t->samples)
		*out = 100 * (double)t->correct[readout] / (double)t->samples;
	else
		return false;
	return true;
}

/* ", all_activity 81.2 %, proportion 82.0 %", or in short ", 81.2 / 82.0 %"; nothing before the first labels. */
static void
add_accuracy(const snnrt *rt, RtText *t, bool brief)
{
	const uint32_t phase = rt->progress.phase;
	for (uint32_t i = 0; i < rt->p->nobjects; i++) {
		if (rt->p->objects[i].kind != SNNRT_OBJ_VOTE)
			continue;
		const RtVote *v = rt->object[i];
		if (v->last_phase != phase)
			continue;
		for (uint32_t r = 0; r < v->nreadouts; r++) {
			double accuracy;
			if (!find_accuracy(v, phase, r, &accuracy))
				continue;
			if (brief)
				rt_text_printf(t, r ? " / " : ", ");
			else
				rt_text_printf(t, ", %s ", rt->p->objects[i].texts[r]);
			rt_text_printf(t, "%.1f%s", accuracy, brief && r + 1 < v->nreadouts ? "" : " %");
		}
	}
}

static void
add_time(RtText *t, double seconds)
{
	uint64_t s = (uint64_t)(seconds + .5);
	if (s >= 3600)
		rt_text_printf(t, "%llu:%02llu:%02llu", (unsigned long long)(s / 3600),
		               (unsigned long long)(s / 60 % 60), (unsigned long long)(s % 60));
	else
		rt_text_printf(t, "%llu:%02llu", (unsigned long long)(s / 60), (unsigned long long)(s % 60));
}

static void
add_rate(RtText *t, double rate, bool brief)
{
	rt_text_printf(t, rate < 10 ? ", %.2f" : ", %.0f", rate);
	rt_text_printf(t, brief ? "/s" : " samples/s");
}

/* How much is said behind the bar. */
typedef enum { ALL, BRIEF, LEAST } Detail;

static void
add_numbers(const snnrt *rt, RtText *t, double elapsed, Detail detail)
{
	bool brief = detail != ALL;
	const RtProgress *g = &rt->progress;
	const snnrt_object *phase = &rt->p->objects[g->phase];
	double rate = elapsed > 0 ? (double)(g->done - g->resumed) / elapsed : 0;
	int64_t all = phase->nums[1] > phase->nums[0] ? phase->nums[1] : phase->nums[0];
	uint64_t total_done = g->first + g->done;
	rt_text_printf(t, "%llu/%lld", (unsigned long long)g->done, (long long)phase->nums[0]);
	if (rate > 0 && elapsed > .3) {
		if (detail != LEAST)
			add_rate(t, rate, brief);
		if (all > 0 && total_done < (uint64_t)all) {
			rt_text_printf(t, ", ");
			add_time(t, (double)((uint64_t)all - total_done) / rate);
			rt_text_printf(t, " left");
		}
	}
	if (detail != LEAST)
		add_accuracy(rt, t, brief);
}

static void
add_bar(const RtProgress *g, RtText *t, double part, int width)
{
	static const char *const eighths[8] = {"", "\u258F", "\u258E", "\u258D", "\u258C", "\u258B", "\u258A", "\u2589"};
	int whole = (int)(part * width * 8);
	rt_text_printf(t, g->colour ? "\033[36m" : "");
	if (g->utf8) {
		int cells = whole / 8;
		for (int i = 0; i < cells; i++)
			rt_text_printf(t, "\u2588");
		if (cells < width) {
			rt_text_printf(t, "%s", whole % 8 ? eighths[whole % 8] : " ");
			rt_text_printf(t, "%*s", width - cells - 1, "");
		}
		rt_text_printf(t, g->colour ? "\033[0m|" : "|");
	} else {
		rt_text_printf(t, "[");
		for (int i = 0; i < width; i++)
			rt_text_printf(t, i < whole / 8 ? "#" : "-");
		rt_text_printf(t, g->colour ? "]\033[0m" : "]");
	}
}

/* One line that fits: the texts are short unless the terminal is wide; if that is not enough, the bar goes, and
 * at last rate and accuracy. */
static void
add_line(const snnrt *rt, RtText *line, double elapsed)
{
	const RtProgress *g = &rt->progress;
	const snnrt_object *phase = &rt->p->objects[g->phase];
	int room = g->width - 1 - (int)strlen(phase->name) - 2, bar = 0;
	RtText tail = {0};
	for (Detail detail = g->width < WIDE ? BRIEF : ALL;; detail++) {
		tail.n = 0;
		add_numbers(rt, &tail, elapsed, detail);
		bar = room - (int)tail.n - 4;
		if (bar >= MIN_BAR || detail == LEAST || (detail == BRIEF && (int)tail.n <= room))
			break;
	}
	rt_text_printf(line, "\r\033[K%s  ", phase->name);
	if (bar >= MIN_BAR && phase->nums[0] > 0) {
		double part = (double)g->done / (double)phase->nums[0];
		add_bar(g, line, part > 1 ? 1 : part, bar > MAX_BAR ? MAX_BAR : bar);
		rt_text_printf(line, "  ");
		room -= 4 + (bar > MAX_BAR ? MAX_BAR : bar);
	}
	rt_text_printf(line, "%.*s", room > 0 ? room : 0, tail.s ? tail.s : "");
	rt_text_fini(&tail);
}

static void
show(snnrt *rt, double time, bool ended)
{
	RtProgress *g = &rt->progress;
	const snnrt_object *phase = &rt->p->objects[g->phase];
	double elapsed = time - g->started;
	RtText line = {0};
	if (ended) {
		rt_text_printf(&line, "%s: %llu ", phase->name, (unsigned long long)g->done);
		if (phase->nums[0] > 0 && g->done < (uint64_t)phase->nums[0])
			rt_text_printf(&line, "of %lld ", (long long)phase->nums[0]);
		rt_text_printf(&line, "samples in ");
		if (elapsed < 60)
			rt_text_printf(&line, "%.1f s", elapsed);
		else
			add_time(&line, elapsed);
		double rate = (double)(g->done - g->resumed) / elapsed;
		if (elapsed > .3)
			rt_text_printf(&line, " (%.*f/s)", rate < 10 ? 2 : 0, rate);
		add_accuracy(rt, &line, false);
		rt_text_printf(&line, "\n");
		rt_progress_clear(rt);
	} else if (g->terminal) {
		add_line(rt, &line, elapsed);
	} else {
		rt_text_printf(&line, "%s: ", phase->name);
		add_numbers(rt, &line, elapsed, ALL);
		rt_text_printf(&line, "\n");
	}
	put(line.s ? line.s : "", line.n);
	g->drawn = g->terminal && !ended;
	g->shown = time;
	rt_text_fini(&line);
}

void
rt_progress_end(snnrt *rt)
{
	RtProgress *g = &rt->progress;
	if (g->on && rt->status == SNNRT_INTERRUPTED && g->phase != UINT32_MAX && g->done)
		show(rt, now(), true);
	rt_progress_clear(rt);
}

void
rt_progress_resume(snnrt *rt)
{
	RtProgress *g = &rt->progress;
	g->started = g->shown = now();
	g->resumed = g->done;
	if (!g->on)
		return;
	RtText t = {0};
	rt_text_printf(&t, "going on behind step %llu\n", (unsigned long long)rt_step(rt));
	put(t.s ? t.s : "", t.n);
	rt_text_fini(&t);
}

void
rt_progress_note(snnrt *rt, const char *fmt, ...)
{
	RtText t = {0};
	char *text;
	va_list args;
	va_start(args, fmt);
	int n = vasprintf(&text, fmt, args);
	va_end(args);
	if (n < 0)
		return;
	rt_progress_clear(rt);
	rt_text_printf(&t, "%s: %s\n", rt->p->name, text);
	put(t.s ? t.s : "", t.n);
	rt_text_fini(&t);
	free(text);
}

void
rt_progress_results(const snnrt *rt)
{
	RtText t = {0};
	if (!rt->progress.on || rt->folder.fd < 0 || rt->status == SNNRT_FAILED)
		return;
	rt_text_printf(&t, "results: %s\n", rt->folder.path);
	put(t.s ? t.s : "", t.n);
	rt_text_fini(&t);
}

void
rt_progress_step(snnrt *rt)
{
	enum { EVERY = 64 };                                  /* looking at the clock in each step would be felt */
	RtProgress *g = &rt->progress;
	if (!g->on || !g->terminal || g->phase != UINT32_MAX || ++g->steps % EVERY)
		return;
	double time = now(), elapsed = time - g->started;
	if (time - g->shown < .1 || elapsed < .3)
		return;
	RtText line = {0};
	double network = (double)rt_step(rt) * rt->p->dt / 1000;
	rt_text_printf(&line, "\r\033[Krunning  %.*f s of the network's time in ", network < 100 ? 2 : 0, network);
	add_time(&line, elapsed);
	put(line.s ? line.s : "", line.n);
	rt_text_fini(&line);
	g->drawn = true;
	g->shown = time;
}

int64_t
snnrt_begin(void *host)
{
	snnrt *rt = host;
	rt->progress.started = rt->progress.shown = now();
	for (uint32_t i = 0; rt->progress.on && i < rt->p->nobjects; i++) {
		const snnrt_object *o = &rt->p->objects[i];
		if (o->kind != SNNRT_OBJ_DATA || !((const RtData *)rt->object[i])->drawn || o->ntexts <= 2)
			continue;                             /* no file was looked for */
		RtText t = {0};
		rt_text_printf(&t, "%s: there is no `%s`; using digits drawn by the program\n", o->name, o->texts[1]);
		put(t.s ? t.s : "", t.n);
		rt_text_fini(&t);
	}
	rt_watch_begin(rt);
	return 0;
}

int64_t
snnrt_phase(void *host, int64_t object, int64_t begins)
{
	snnrt *rt = host;
	RtProgress *g = &rt->progress;
	if (!rt_object(rt, object, SNNRT_OBJ_PHASE))
		return SNNRT_FAILED;
	if (begins) {
		g->phase = (uint32_t)object;
		g->started = g->shown = now();
		g->done = g->resumed = 0;
		rt_vote_phase_begins(rt, (uint32_t)object);
	} else {
		rt_vote_phase_ends(rt, (uint32_t)object);
		if (g->on && g->phase == (uint32_t)object && g->done)
			show(rt, now(), true);
		g->first += g->done;
		g->done = 0;
		g->phase = UINT32_MAX;
	}
	return rt->status == SNNRT_FAILED ? SNNRT_FAILED : 0;
}

int64_t
snnrt_sample(void *host, int64_t object, int64_t done)
{
	snnrt *rt = host;
	RtProgress *g = &rt->progress;
	if (!rt_object(rt, object, SNNRT_OBJ_PHASE))
		return SNNRT_FAILED;
	rt_every_sample(rt);
	if (g->phase != (uint32_t)object)
		return 0;
	g->done = done > 0 ? (uint64_t)done : 0;
	if (g->on) {
		double time = now();
		if (time - g->shown >= (g->terminal ? .1 : 10))
			show(rt, time, false);
	}
	return 0;
}
