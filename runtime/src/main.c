/* main.c: the command line of a built executable. */
#define _GNU_SOURCE
#include "rt.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

enum { USAGE = 2, WORLD = 3 };

static const struct { struct option o; const char *arg, *text; } table[] = {
	{{"seed", required_argument, NULL, 's'}, "N", "seed of all random numbers (default: the program's)"},
	{{"set", required_argument, NULL, 'S'}, "NAME=VALUE", "value of a tunable"},
	{{"threads", required_argument, NULL, 't'}, "N|auto", "threads to use (default: 1); the results do not depend on it"},
	{{"data", required_argument, NULL, 'd'}, "DIR", "folder of the data files (then the working folder)"},
	{{"out", required_argument, NULL, 'o'}, "DIR", "results folder (default: results/NAME)"},
	{{"memory", required_argument, NULL, 'm'}, "SIZE", "refuse to use more, such as 4G (default: what is free)"},
	{{"quiet", no_argument, NULL, 'q'}, "", "no progress line"},
	{{"format", required_argument, NULL, 'f'}, "npy|npz|csv", "of records: a .npy each (default), one .npz, a .csv each"},
	{{"checkpoint-every", required_argument, NULL, 'c'}, "TIME", "keep a checkpoint: `10 min`, `30 s`, `5000 steps`, `100 samples`"},
	{{"pause-after", required_argument, NULL, 'p'}, "TIME", "stop with a checkpoint, as Ctrl-C does"},
	{{"resume", required_argument, NULL, 'r'}, "PATH", "go on from a checkpoint, or from the one in a results folder"},
	{{"dump-state", required_argument, NULL, 'D'}, "FILE", "write all state at the end, to compare runs"},
	{{"no-results", no_argument, NULL, 'n'}, "", "write no results folder"},
	{{"lane", required_argument, NULL, 'l'}, "K", "of a sweep: run this lane alone, into lane_K of the results folder"},
	{{"help", no_argument, NULL, 'h'}, "", "this page"},
	{{"version", no_argument, NULL, 'v'}, "", "name, source hash, version of the runtime"},
};
enum { NOPTIONS = sizeof table / sizeof table[0] };

typedef struct { const snnrt_program *p; const snnrt_sweep *s; snnrt_options o; const char **sets; int64_t lane; } Main;

static void
print_help(const snnrt_program *p, const snnrt_sweep *s)
{
	printf("usage: %s [options]\n\nRuns the spiking network `%s`.\n\n", p->name, p->name);
	for (int i = 0; i < NOPTIONS; i++) {
		char left[40];
		if (table[i].o.val == 'l' && !s)
			continue;
		snprintf(left, sizeof left, "--%s %s", table[i].o.name, table[i].arg);
		printf("  %-24s %s\n", left, table[i].text);
	}
	bool any = false;
	for (uint32_t i = 0; i < p->nobjects; i++) {
		const snnrt_object *o = &p->objects[i];
		if (o->kind != SNNRT_OBJ_TUNE)
			continue;
		double scale = 1;
		if (o->ntexts > 1)
			memcpy(&scale, &o->nums[1], sizeof scale);
		printf("%s%s=%.9g%s%s", any ? ", " : "\nTunables: ", o->texts[0], rt_tune_default(o) / scale, o->ntexts > 1 ? " " : "",
		       o->ntexts > 1 ? o->texts[1] : "");
		any = true;
	}
	printf("%s", any ? "\n" : "");
	if (s)
		printf("\nLanes: %u, from 0: %s%s%s\n", s->nlanes, s->lanes[0].text, s->nlanes > 1 ? " … " : "", s->nlanes > 1 ? s->lanes[s->nlanes - 1].text : "");
	printf("\nResults go to a folder with manifest.json and one .npy per record.\n"
	       "Exit codes: 0 fine, 2 wrong usage, 3 failed, 130 interrupted.\n");
}

static bool
read_count(const char *s, uint64_t *out)
{
	char *end;
	errno = 0;
	*out = strtoull(s, &end, 0);
	return *s >= '0' && *s <= '9' && end != s && !*end && !errno;
}

/* 4G, 512M, 1.5GiB: powers of 1024. */
static bool
read_size(const char *s, uint64_t *out)
{
	static const char units[] = "KMGT";
	char *end;
	double v = strtod(s, &end);
	if (!(*s >= '0' && *s <= '9') || !(v >= 0))
		return false;
	const char *unit = *end ? strchr(units, *end >= 'a' ? *end - 32 : *end) : NULL;
	if (unit) {
		for (const char *u = units; u <= unit; u++)
			v *= 1024;
		end++;
		end += strcmp(end, "iB") == 0 ? 2 : strcmp(end, "B") == 0 ? 1 : 0;
	}
	if (*end || v < 1 || v > 0x1p62)
		return false;
	*out = (uint64_t)v;
	return true;
}

/* -1 to go on, or the exit code. */
static int
read_options(int argc, char **argv, Main *m)
{
	const snnrt_program *p = m->p;
	const char **sets = m->sets;
	snnrt_options *o = &m->o;
	struct option longs[NOPTIONS + 1] = {0};
	for (int i = 0, n = 0; i < NOPTIONS; i++)
		if (m->s || table[i].o.val != 'l')
			longs[n++] = table[i].o;
	optind = 1;
	for (int c; (c = getopt_long(argc, argv, "", longs, NULL)) >= 0;) {
		uint64_t n = 0;
		bool ok = true;
		switch (c) {
		case 's': ok = o->seed_given = read_count(optarg, &o->seed); break;
		case 't':
			ok = strcmp(optarg, "auto") == 0 || (read_count(optarg, &n) && n >= 1 && n <= 4096);
			o->threads = n ? (int)n : snnrt_processors();
			break;
		case 'd': o->data = optarg; break;
		case 'o': o->out = optarg; break;
		case 'm': ok = read_size(optarg, &o->memory); break;
		case 'q': o->quiet = true; break;
		case 'f':
			ok = strcmp(optarg, "npy") == 0 || strcmp(optarg, "npz") == 0 || strcmp(optarg, "csv") == 0;
			o->format = optarg;
			break;
		case 'c':
			ok = snnrt_is_interval(optarg);
			o->checkpoint_every = optarg;
			break;
		case 'p':
			ok = snnrt_is_interval(optarg);
			o->pause_after = optarg;
			break;
		case 'r': o->resume = optarg; break;
		case 'S':
			ok = strchr(optarg, '=') && strchr(optarg, '=') != optarg;
			sets[o->nsets++] = optarg;
			o->sets = sets;
			break;
		case 'D': o->dump_state = optarg; break;
		case 'n': o->no_results = true; break;
		case 'l':
			ok = read_count(optarg, &n) && n < m->s->nlanes;
			m->lane = (int64_t)n;
			break;
		case 'h':
			print_help(p, m->s);
			return fflush(stdout) ? WORLD : 0;
		case 'v':
			printf("%s %s (snnrt %d)\n", p->name, p->source_hash ? p->source_hash : "", SNNRT_VERSION);
			return fflush(stdout) ? WORLD : 0;
		default:                                      /* getopt_long has said what is wrong */
			fprintf(stderr, "try `%s --help`\n", argv[0]);
			return USAGE;
		}
		if (!ok) {
			fprintf(stderr, "%s: `%s` is no value for this option; try `%s --help`\n", argv[0], optarg, argv[0]);
			return USAGE;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "%s: `%s` is no option; try `%s --help`\n", argv[0], argv[optind], argv[0]);
		return USAGE;
	}
	return -1;
}

/* What belongs to one run cannot be said of all lanes. */
static bool
fits_sweep(const Main *m)
{
	const char *swept = NULL;
	for (uint32_t i = 0; i < m->s->nnames && !swept; i++) {
		const char *name = m->s->names[i];
		size_t n = strcspn(name, " ");
		if (m->o.seed_given && strcmp(name, "seed") == 0)
			swept = name;
		for (uint32_t k = 0; k < m->o.nsets; k++)
			if (strncmp(m->o.sets[k], name, n) == 0 && m->o.sets[k][n] == '=')
				swept = name;
	}
	if (swept)
		fprintf(stderr, "%s: `%.*s` is swept; pick a lane by --lane\n", m->s->who, (int)strcspn(swept, " "), swept);
	if (m->o.dump_state && m->lane < 0)
		fprintf(stderr, "%s: --dump-state writes the state of one lane; pick it by --lane\n", m->s->who);
	return !swept && (!m->o.dump_state || m->lane >= 0);
}

static int
run_one(const Main *m)
{
	snnrt *rt;
	if (snnrt_open(m->p, &m->o, &rt) == SNNRT_OK)
		snnrt_run(rt);
	if (*snnrt_error(rt))
		fprintf(stderr, "%s: error: %s\n", m->p->name, snnrt_error(rt));
	int code = snnrt_close(rt);
	if (code == 130)
		fprintf(stderr, "%s: interrupted; the results so far are kept%s\n", m->p->name,
		        m->o.no_results ? "" : "; --resume goes on from here");
	return code;
}

static int
run_main(int argc, char **argv, Main *m)
{
	m->lane = -1;
	m->o = (snnrt_options){.program_dir = ".", .engine = "c"};
	m->sets = calloc((size_t)argc + 1, sizeof *m->sets);
	int code = m->sets ? read_options(argc, argv, m) : WORLD;
	if (code < 0 && m->s)
		code = fits_sweep(m) ? snnrt_sweep_run(m->s, &m->o, m->lane) : USAGE;
	else if (code < 0)
		code = run_one(m);
	free(m->sets);
	return fflush(stdout) && code == 0 ? WORLD : code;
}

int
snnrt_main(int argc, char **argv, const snnrt_program *p)
{
	Main m = {.p = p};
	return run_main(argc, argv, &m);
}

int
snnrt_sweep_main(int argc, char **argv, const snnrt_sweep *s)
{
	Main m = {.p = s->lanes[0].program, .s = s};
	return run_main(argc, argv, &m);
}
