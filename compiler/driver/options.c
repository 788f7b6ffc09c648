/* options: reads the command line by the table of options.def, and prints the help from it. */
#define _GNU_SOURCE
#include "driver/options.h"

#include "base/num.h"
#include "base/panic.h"
#include "diag/diag.h"
#include "driver/pipeline.h"
#include "driver/table.h"
#include "emit_llvm/emit_llvm.h"
#include "opt/opt.h"
#include "snnc_config.h"
#include "snnrt.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- help ------------------------------------------------------------------------------------ */

static void
print_row(const OptionRow *r)
{
	char left[64];
	int n = snprintf(left, sizeof left, "%s--%s",
			 r->letter == 'o'   ? "-o, "
			 : r->letter == 'h' ? "-h, "
					    : "    ",
			 r->name);
	if (r->arg)
		snprintf(left + n, sizeof left - (size_t)n, r->maybe ? "[=%s]" : " %s", r->arg);
	printf("  %-28s %s\n", left, r->help);
}

static void
print_help(Arena *a)
{
	printf("snnc compiles spiking neural networks.\n\n");
	for (int i = 0; i < command_count; i++)
		printf("  %s\n      %s\n", command_rows[i].usage, command_rows[i].help);
	printf("  snnc FILE -o OUT\n      the same as build\n");
	for (int i = 0; i < OPTION_COUNT; i++) {
		if (!table_is_first(i))
			continue;
		printf("\n%s\n", table_title(a, option_rows[i].commands));
		for (int k = i; k < OPTION_COUNT; k++) {
			if (option_rows[k].commands == option_rows[i].commands)
				print_row(&option_rows[k]);
		}
	}
	printf("\nExit codes: 0 fine, 1 the program has errors, 2 wrong usage, 3 a file, the "
	       "system or snnc itself, "
	       "130 interrupted.\n");
}

/* Help of one command: its own rows only. */
static void
print_command_help(int c)
{
	printf("%s\n\n%s.\n\n", command_rows[c].usage, command_rows[c].help);
	for (int i = 0; i < OPTION_COUNT; i++) {
		if (option_rows[i].commands & (int)command_rows[c].command)
			print_row(&option_rows[i]);
	}
}

static bool
show_help(Arena *a, int command, int *code)
{
	if (command >= 0)
		print_command_help(command);
	else
		print_help(a);
	*code = fflush(stdout) ? EXIT_WORLD : EXIT_FINE;
	return false;
}

static void
print_version(void)
{
	printf("snnc %s (%s)\n", SNNC_VERSION,
	       llvm_available() ? "with LLVM 19" : "without LLVM: no JIT");
}

/* ---- values ---------------------------------------------------------------------------------- */

static bool refuse(int *code, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static bool
refuse(int *code, const char *fmt, ...)
{
	va_list ap;
	fputs("snnc: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputs("\n", stderr);
	*code = EXIT_USAGE;
	return false;
}

static bool
read_count(const char *text, uint64_t *out)
{
	return *text >= '0' && *text <= '9' && num_read_u64(text, strlen(text), out);
}

/* 4G, 512M, 1.5GiB: powers of 1024. */
static bool
read_size(const char *text, uint64_t *out)
{
	size_t n = strspn(text, "0123456789.");
	double v;
	if (!n || !num_read_f64(text, n, &v))
		return false;
	const char *unit = text + n;
	if (*unit) {
		static const char letters[] = "KMGT";
		const char *at = strchr(letters, *unit >= 'a' ? *unit - 32 : *unit);
		if (!at)
			return false;
		for (const char *p = letters; p <= at; p++)
			v *= 1024;
		unit++;
	}
	if (*unit && strcmp(unit, "B") != 0 && strcmp(unit, "iB") != 0)
		return false;
	if (!(v >= 1) || v > 0x1p62)
		return false;
	*out = (uint64_t)v;
	return true;
}

static bool
read_engine(const char *text, EngineKind *out)
{
	static const char *const names[] = {"", "jit", "eval", "c"};
	for (int i = ENGINE_JIT; i <= ENGINE_C; i++) {
		if (strcmp(text, names[i]) == 0) {
			*out = (EngineKind)i;
			return true;
		}
	}
	return false;
}

static bool
set_emit(Options *o, EmitKind kind, int *code)
{
	if (o->emit != EMIT_NONE && o->emit != kind)
		return refuse(code, "emit prints one thing at a time");
	o->emit = kind;
	return true;
}

static bool
need_stage(Arena *a, const char *name, int *code)
{
	if (pipeline_is_stage(name))
		return true;
	return refuse(code, "there is no stage `%s`; there are %s", name, pipeline_stage_names(a));
}

static bool
need_pass(Arena *a, const char *name, int *code)
{
	StrBuf names = strbuf_init(a);
	for (uint32_t i = 0; i < opt_pass_count(); i++) {
		if (strcmp(opt_pass_name(i), name) == 0)
			return true;
		strbuf_printf(&names, "`%s`, ", opt_pass_name(i));
	}
	return strcmp(name, OPT_ALL) == 0 ||
	       refuse(code, "the optimiser has no pass `%s`; there are %sand `" OPT_ALL "` for every one", name, strbuf_text(&names));
}

static bool
need_code(const char *text, int *code)
{
	DiagCode c;
	return diag_code_find(text, &c) || refuse(code, "there is no message `%s`; codes look like E0214", text);
}

static bool
looks_like_code(const char *text)
{
	return *text && strchr("EWew", *text) && strspn(text + 1, "0123456789") == 4 && !text[5];
}

/* What an option takes, in words where the placeholder of --help says too little. */
static const char *
value_text(OptionId id)
{
	if (id == OPTION_THREADS)
		return "`auto`, or a whole number from 1 to 4096";
	if (id == OPTION_VERIFY)
		return "a whole number of steps, 1 or more";
	if (id == OPTION_SEED)
		return "a whole number";
	return id == OPTION_MEMORY ? "a size such as 512M or 4G" : option_rows[id].arg;
}

static bool
take(Arena *a, Options *o, OptionId id, const char *v, int *code)
{
	uint64_t n = 0;
	bool ok = true;
	switch (id) {
	case OPTION_SET:
		ok = strchr(v, '=') && v[0] != '=';
		VEC_PUSH(a, &o->sets, v);
		break;
	case OPTION_SEED:
		ok = o->seed_given = read_count(v, &o->seed);
		break;
	case OPTION_THREADS:
		o->threads_auto = strcmp(v, "auto") == 0;
		ok = o->threads_auto || (read_count(v, &n) && n >= 1 && n <= 4096);
		o->threads = o->threads_auto ? snnrt_processors() : (int)n;
		break;
	case OPTION_DATA:
		o->data = v;
		break;
	case OPTION_OUT:
		o->out = v;
		break;
	case OPTION_MEMORY:
		ok = read_size(v, &o->memory);
		break;
	case OPTION_ENGINE:
		ok = read_engine(v, &o->engine);
		break;
	case OPTION_OUTPUT:
		o->output = v;
		break;
	case OPTION_CPU:
		o->cpu = v;
		break;
	case OPTION_C:
		return set_emit(o, EMIT_C, code);
	case OPTION_LLVM:
		return set_emit(o, EMIT_LLVM, code);
	case OPTION_ASM:
		return set_emit(o, EMIT_ASM, code);
	case OPTION_PLAN:
		ok = !v || strcmp(v, "before-opt") == 0;
		if (ok)
			return set_emit(o, v ? EMIT_PLAN_BEFORE : EMIT_PLAN, code);
		break;
	case OPTION_NET:
		return set_emit(o, EMIT_NET, code);
	case OPTION_AST:
		return set_emit(o, EMIT_AST, code);
	case OPTION_FILTER:
		o->filter = v;
		break;
	case OPTION_UPDATE:
		o->update = true;
		break;
	case OPTION_EXACT:
		o->exact = true;
		break;
	case OPTION_PRECISION:
		o->f64 = strcmp(v, "f64") == 0;
		ok = o->f64 || strcmp(v, "f32") == 0;
		break;
	case OPTION_NO_CACHE:
		o->no_cache = true;
		break;
	case OPTION_QUIET:
		o->quiet = true;
		break;
	case OPTION_VERIFY:
		o->verify = true;
		ok = !v || (read_count(v, &o->verify_every) && o->verify_every > 0);
		break;
	case OPTION_DIAGNOSE:
		o->diagnose = true;
		break;
	case OPTION_FORMAT:
		o->format = v;
		ok = strcmp(v, "npy") == 0 || strcmp(v, "npz") == 0 || strcmp(v, "csv") == 0;
		break;
	case OPTION_CHECKPOINT_EVERY:
		o->checkpoint_every = v;
		ok = snnrt_is_interval(v);
		break;
	case OPTION_PAUSE_AFTER:
		o->pause_after = v;
		ok = snnrt_is_interval(v);
		break;
	case OPTION_RESUME:
		o->resume = v;
		break;
	case OPTION_DUMP_STATE:
		o->dump_state = v;
		break;
	case OPTION_NO_RESULTS:
		o->no_results = true;
		break;
	case OPTION_DIAGNOSTICS:
		o->json = strcmp(v, "json") == 0;
		ok = o->json || strcmp(v, "text") == 0;
		break;
	case OPTION_EXPLAIN:
		o->explain = v;
		return need_code(v, code);
	case OPTION_LIB:
		o->lib = v;
		break;
	case OPTION_TIME:
		o->time = true;
		break;
	case OPTION_DUMP:
		VEC_PUSH(a, &o->dumps, v);
		return need_stage(a, v, code);
	case OPTION_DUMP_DIR:
		o->dump_dir = v;
		break;
	case OPTION_STOP_AFTER:
		o->stop_after = v;
		return need_stage(a, v, code);
	case OPTION_WITHOUT:
		o->without = v;
		return need_pass(a, v, code);
	case OPTION_CHECK_STAGES:
		o->check_stages = true;
		break;
	case OPTION_MARKDOWN:
		o->markdown = true;
		break;
	case OPTION_SOURCE:
		o->source = true;
		break;
	case OPTION_CHECK:
		o->check = true;
		break;
	case OPTION_HELP:
	case OPTION_VERSION:
	case OPTION_COUNT:
		UNREACHABLE();
	}
	if (!ok)
		return refuse(code, "--%s takes %s, not `%s`", option_rows[id].name, value_text(id),
			      v);
	return true;
}

/* ---- the command line ------------------------------------------------------------------------ */

static int
find_command(const char *word)
{
	for (int i = 0; i < command_count; i++) {
		if (strcmp(command_rows[i].name, word) == 0)
			return i;
	}
	return -1;
}

static bool
refuse_option(const char *word, int *code)
{
	const char *names[OPTION_COUNT];
	char bare[64];
	for (int i = 0; i < OPTION_COUNT; i++)
		names[i] = option_rows[i].name;
	word += strspn(word, "-");
	snprintf(bare, sizeof bare, "%.*s", (int)strcspn(word, "="), word);
	const char *near = strlen(bare) > 1 ? suggest(bare, names, OPTION_COUNT) : NULL;
	if (near)
		return refuse(code, "there is no option `--%s`; did you mean `--%s`?", bare, near);
	return refuse(code, "there is no option `%s%s`; see `snnc --help`",
		      strlen(bare) == 1 ? "-" : "--", bare);
}

/* A first word that names no file was meant as a command. */
static bool
is_misspelt_command(const char *word)
{
	size_t n = strlen(word);
	return word[0] != '-' && !(n > 4 && strcmp(word + n - 4, ".snn") == 0) &&
	       !strchr(word, '/') && access(word, F_OK) != 0;
}

static bool
refuse_command(const char *word, int *code)
{
	const char *names[32];
	for (int i = 0; i < command_count; i++)
		names[i] = command_rows[i].name;
	const char *near = suggest(word, names, command_count);
	if (near)
		return refuse(code, "there is no command `%s`; did you mean `%s`?", word, near);
	return refuse(code, "there is no command `%s`; `snnc --help` lists them", word);
}

/* Makes getopt's table; the option's identifier is kept from letters by an offset. */
enum { FIRST_LONG = 256 };

static void
make_long_options(struct option out[OPTION_COUNT + 1])
{
	for (int i = 0; i < OPTION_COUNT; i++) {
		int has = !option_rows[i].arg    ? no_argument
			  : option_rows[i].maybe ? optional_argument
					  : required_argument;
		out[i] = (struct option){option_rows[i].name, has, NULL, FIRST_LONG + i};
	}
	out[OPTION_COUNT] = (struct option){0};
}

static OptionId
find_option(int c)
{
	if (c >= FIRST_LONG)
		return (OptionId)(c - FIRST_LONG);
	for (int i = 0; i < OPTION_COUNT; i++) {
		if (option_rows[i].letter == c)
			return (OptionId)i;
	}
	return OPTION_COUNT;
}

/* What info is asked about: a program, by its ending or its place, and models. */
static bool
take_models(Arena *a, Options *o, int n, char **words, int *code)
{
	for (int i = 0; i < n; i++) {
		size_t len = strlen(words[i]);
		bool is_file = strchr(words[i], '/') || (len > 4 && strcmp(words[i] + len - 4, ".snn") == 0);
		if (!is_file)
			VEC_PUSH(a, &o->models, words[i]);
		else if (o->file)
			return refuse(code, "one program at a time: `%s` is too much", words[i]);
		else
			o->file = words[i];
	}
	if (o->source && !o->models.n)
		return refuse(code, "the text of which model? `snnc info` lists them");
	if (o->markdown && (o->source || o->models.n))
		return refuse(code, "--markdown is of all models together");
	return true;
}

static bool
check_whole(Options *o, bool shorthand, int *code)
{
	bool alone = o->command == COMMAND_TEST || o->command == COMMAND_FMT || o->command == COMMAND_DOCTOR || o->command == COMMAND_MAN;
	if (o->command == COMMAND_COMPLETIONS && !o->file)
		return refuse(code, "for which shell? There are bash, zsh and fish");
	if (!o->file && !alone)
		return refuse(code, "which program? Name a .snn file; see `snnc --help`");
	if (o->command == COMMAND_EXPLAIN && looks_like_code(o->file) && !need_code(o->file, code))
		return false;
	if (o->command == COMMAND_EMIT && o->emit == EMIT_NONE)
		return refuse(code, "emit what? Say --c, --llvm, --asm, --plan, --net or --ast");
	if (o->command == COMMAND_BUILD && !o->output && !o->stop_after)
		return refuse(code,
			      shorthand ? "say what to do: `snnc run %s`, or `snnc %s -o OUT` to "
					  "build an executable"
					: "say what to build: `snnc build %s -o OUT`",
			      o->file, o->file);
	return true;
}

bool
options_read(Arena *a, int argc, char **argv, Options *o, int *code)
{
	struct option longs[OPTION_COUNT + 1];
	int command = argc > 1 ? find_command(argv[1]) : -1;
	*o = (Options){.command = command >= 0 ? command_rows[command].command : COMMAND_BUILD};
	if (argc > 1 && strcmp(argv[1], "help") == 0)
		return show_help(a, argc > 2 ? find_command(argv[2]) : -1, code);
	if (argc > 1 && command < 0 && is_misspelt_command(argv[1]))
		return refuse_command(argv[1], code);
	make_long_options(longs);
	opterr = 0;
	optind = command >= 0 ? 2 : 1;
	for (int c; (c = getopt_long(argc, argv, ":o:h", longs, NULL)) >= 0;) {
		const char *word = argv[optind - 1];
		if (c == ':')
			return refuse(code, "`%s` needs a value", word);
		OptionId id = c == '?' ? OPTION_COUNT : find_option(c);
		if (id == OPTION_COUNT)
			return refuse_option(word, code);
		if (id == OPTION_HELP || id == OPTION_VERSION) {
			if (id == OPTION_HELP)
				return show_help(a, command, code);
			print_version();
			*code = fflush(stdout) ? EXIT_WORLD : EXIT_FINE;
			return false;
		}
		if (!(option_rows[id].commands & (int)o->command))
			return refuse(code, "`--%s` has no meaning for `snnc %s`", option_rows[id].name,
				      command >= 0 ? command_rows[command].name : "FILE");
		if (!take(a, o, id, optarg, code))
			return false;
	}
	if (o->explain)
		return true;
	if (o->command == COMMAND_INFO)
		return take_models(a, o, argc - optind, argv + optind, code);
	if (o->command == COMMAND_TEST || o->command == COMMAND_FMT) {
		while (optind < argc)
			VEC_PUSH(a, &o->files, argv[optind++]);
	} else if (optind < argc)
		o->file = argv[optind++];
	if (optind < argc)
		return refuse(code, "one program at a time: `%s` is too much", argv[optind]);
	if (!o->file && argc < 2) {
		print_help(a);
		*code = EXIT_USAGE;
		return false;
	}
	return check_whole(o, command < 0, code);
}
