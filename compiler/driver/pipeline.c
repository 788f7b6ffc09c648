/* pipeline: the table of stages. A line here gives a stage its name, its place in --dump, --stop-after
 * and --time, its printer and its verifier. */
#define _GNU_SOURCE
#include "driver/pipeline.h"

#include "base/panic.h"
#include "driver/output.h"
#include "lint/lint.h"
#include "lower/lower.h"
#include "opt/opt.h"
#include "parse/parse.h"
#include "sema/sema.h"
#include "solve/solve.h"
#include "snnc_config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- a compilation ---------------------------------------------------------------------------- */

/* "mnist" of "examples/mnist.snn"; "examples", or ".". */
static void
split_path(Compilation *c, const char *path)
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path,
		   *dot = strrchr(base, '.');
	size_t n =
		dot && dot > base && strcmp(dot, ".snn") == 0 ? (size_t)(dot - base) : strlen(base);
	c->name = n ? arena_strndup(c->arena, base, n) : "program";
	c->program_dir = !slash          ? "."
			 : slash == path ? "/"
					 : arena_strndup(c->arena, path, (size_t)(slash - path));
}

void
compilation_open(Compilation *c, const Options *o, Arena *a)
{
	*c = (Compilation){.arena = a, .name = "program", .program_dir = "."};
	c->names = intern_open(a);
	c->sources = source_open(a);
	c->diag = diag_open(a, c->sources);
	compilation_begin(c, o);
}

void
compilation_begin(Compilation *c, const Options *o)
{
	c->o = o;
	if (o->file)
		split_path(c, o->file);
	timing_begin(&c->timing, c->arena);
}

/* ---- parse: the library, the program, the values of --set ------------------------------------ */

/* FNV-1a. */
static uint64_t
hash(uint64_t h, const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		h = (h ^ (unsigned char)text[i]) * 0x100000001b3;
	return h;
}

/* What is built begins with the values of --set. */
static bool
settles(const Compilation *c)
{
	return c->o->command == COMMAND_BUILD || c->o->command == COMMAND_EMIT;
}

/* Of a run, and not of what is compiled. */
static bool
is_tunable(const Compilation *c, const char *set)
{
	size_t n = strcspn(set, "=");
	for (uint32_t i = 0; i < c->ast.decls.n; i++) {
		const AstDecl *d = c->ast.decls.at[i];
		if (d->kind == ADECL_PARAM && d->value.tunable && strlen(d->name) == n && strncmp(d->name, set, n) == 0)
			return !settles(c);
	}
	return false;
}

static void
set_source_hash(Compilation *c)
{
	uint64_t h = 0xcbf29ce484222325;
	for (uint32_t i = 0; i < source_count(c->sources); i++) {
		const SourceFile *f = source_get(c->sources, i);
		if (!f->library)
			h = hash(h, f->text, f->size + 1);
	}
	for (uint32_t i = 0; i < c->o->sets.n; i++)
		h = is_tunable(c, c->o->sets.at[i]) ? h : hash(h, c->o->sets.at[i], strlen(c->o->sets.at[i]) + 1);
	h = hash(h, c->o->f64 ? "f64" : "f32", 4);
	h = hash(h, SNNC_VERSION, sizeof SNNC_VERSION);
	c->source_hash = arena_printf(c->arena, "%016" PRIx64, h);
}

static bool
parse_sets(Compilation *c)
{
	ParseEnv env = {c->arena, c->names, c->sources, c->diag};
	bool ok = true;
	for (uint32_t i = 0; i < c->o->sets.n; i++) {
		const char *text = c->o->sets.at[i], *eq = strchr(text, '=');
		size_t n = (size_t)(eq - text);
		const char *what = arena_printf(c->arena, "--set %.*s", (int)n, text);
		AstArg arg = {.name = intern_n(c->names, text, n)};
		arg.value = parse_expr_text(&env, what, eq + 1);
		ok = arg.value && ok;
		if (arg.value)
			VEC_PUSH(c->arena, &c->sets, arg);
	}
	return ok;
}

/* Tests and pages are about any model; what was dumped cannot be taken back. */
static bool
reads_part(const Compilation *c)
{
	const Options *o = c->o;
	bool compiles = o->command == COMMAND_RUN || o->command == COMMAND_BUILD || o->command == COMMAND_EMIT;
	return compiles && o->file && !o->lib && !o->dump_dir && !o->dumps.n && !c->whole_library;
}

static bool
parse(Compilation *c)
{
	const char *why = NULL;
	bool part = reads_part(c), ok = part || library_read(c);
	if (!c->o->file) {
		c->source_hash = "library";
		return ok;
	}
	const SourceFile *f = source_read(c->sources, c->o->file, &why);
	if (!f) {
		c->world_errors++;
		diag_begin(c->diag, E0001, (Span){0, 0}, "`%s` cannot be read: %s", c->o->file,
			   why);
		diag_help(c->diag, "name a program: a text file that ends in .snn");
		diag_end(c->diag);
		return false;
	}
	ParseEnv env = {c->arena, c->names, c->sources, c->diag};
	ok = parse_file(&env, f, &c->ast) && ok;
	ok = import_read(c, f) && ok;
	set_source_hash(c);
	ok = parse_sets(c) && ok;
	return (!part || library_read_part(c)) && ok;
}

static bool
expand(Compilation *c)
{
	ExpandEnv env = {.arena = c->arena,
			 .names = c->names,
			 .diag = c->diag,
			 .world = world_of_tables(c),
			 .nsets = c->sets.n,
			 .sets = c->sets.at};
	bool ok = expand_program(&env, &c->ast);
	c->lanes = env.lanes;
	c->world_errors += env.world_errors;
	return ok;
}

/* ---- the others ------------------------------------------------------------------------------ */

static bool
sema(Compilation *c)
{
	SemaEnv env = {c->arena, c->names, c->diag};
	if (!sema_check(&env, &c->ast))
		return false;
	LintEnv lint = {c->arena, c->diag};
	lint_program(&lint, &c->ast);
	return true;
}

static bool
elab(Compilation *c)
{
	ElabEnv env = {.arena = c->arena,
		       .names = c->names,
		       .diag = c->diag,
		       .world = world_of(c),
		       .f64 = c->o->f64,
		       .settles = settles(c)};
	env.sets = c->sets.at;
	env.nsets = c->sets.n;
	c->net = elab_program(&env, &c->ast, c->name);
	c->world_errors += env.world_errors;
	return c->net != NULL;
}

static bool
solve(Compilation *c)
{
	SolveEnv env = {c->diag};
	if (!solve_net(&env, c->net))
		return false;
	LintEnv lint = {c->arena, c->diag};
	if (c->o->command != COMMAND_TEST)                /* a test is a part of a network */
		lint_net(&lint, c->net);
	return true;
}

static bool
lower(Compilation *c)
{
	LowerEnv env = {c->diag, c->math_plan, c->sources, c->o->diagnose};
	c->plan = lower_net(&env, c->net);
	return c->plan != NULL;
}

static bool
is_checked(const Compilation *c)
{
#ifdef NDEBUG
	return c->o->check_stages;
#else
	(void)c;
	return true;
#endif
}

static void
after_pass(void *env, const char *pass, const Plan *p)
{
	Compilation *c = env;
	if (!c->o->dump_dir)
		return;
	StrBuf text = strbuf_init(c->arena);
	plan_print(&text, p);
	output_dump(c, arena_printf(c->arena, "opt.%s", pass), "plan", &text);
}

bool
compilation_has_lane(const Compilation *c, uint32_t i)
{
	return !(c->o->seed_given && strcmp(c->lanes.at[i].name, "seed") == 0);
}

bool
compilation_has_lanes(const Compilation *c)
{
	for (uint32_t i = 0; i < c->lanes.n; i++) {
		if (compilation_has_lane(c, i))
			return true;
	}
	return false;
}

/* Lanes of a sweep are shared out, not what each of them does. What is built is told its threads when it runs. */
static TeamMode
team_mode(const Compilation *c)
{
	if (compilation_has_lanes(c))
		return TEAM_NEVER;
	if (c->o->command == COMMAND_BUILD || c->o->threads_auto)
		return TEAM_AUTO;
	return c->o->threads > 1 ? TEAM_ALWAYS : TEAM_NEVER;
}

static bool
opt(Compilation *c)
{
	OptOptions o = {.exact_only = c->o->exact,
			.verify = is_checked(c),
			.without = c->o->without,
			.after = after_pass,
			.env = c,
			.team = team_mode(c),
			.threads = c->o->threads};
	const char *why = NULL;
	if (!opt_run(c->plan, &o, &why))
		PANIC("%s", why);
	return true;
}

static void
print_ast(const Compilation *c, StrBuf *out)
{
	ast_print(out, &c->ast, false);
}

static void
print_net(const Compilation *c, StrBuf *out)
{
	net_print(out, c->net);
}

static void
print_plan(const Compilation *c, StrBuf *out)
{
	plan_print(out, c->plan);
}

static const char *
verify_parsed(const Compilation *c)
{
	return ast_verify(&c->ast, false, c->arena);
}

static const char *
verify_checked(const Compilation *c)
{
	return ast_verify(&c->ast, true, c->arena);
}

static const char *
verify_net(const Compilation *c)
{
	return net_verify(c->net, c->arena);
}

static const char *
verify_plan(const Compilation *c)
{
	return plan_verify(c->plan, c->arena);
}

/* ---- the table ------------------------------------------------------------------------------- */

typedef struct {
	const char *name, *noun;
	bool (*run)(Compilation *c);
	void (*print)(const Compilation *c, StrBuf *out);
	const char *(*verify)(const Compilation *c);
} Stage;

static const Stage stages[] = {
	{"parse", "ast", parse, print_ast, verify_parsed},
	{"expand", "ast", expand, print_ast, verify_parsed},
	{"sema", "ast", sema, print_ast, verify_checked},
	{"elab", "net", elab, print_net, verify_net},
	{"solve", "net", solve, print_net, verify_net},
	{"lower", "plan", lower, print_plan, verify_plan},
	{"opt", "plan", opt, print_plan, verify_plan},
};
enum { STAGES = sizeof stages / sizeof *stages };

static int
find_stage(const char *name)
{
	for (int i = 0; name && i < STAGES; i++) {
		if (strcmp(stages[i].name, name) == 0)
			return i;
	}
	return -1;
}

bool
pipeline_is_stage(const char *name)
{
	return find_stage(name) >= 0;
}

const char *
pipeline_stage_names(Arena *a)
{
	const char *all = "";
	for (int i = 0; i < STAGES; i++)
		all = arena_printf(a, "%s%s%s", all,
				   i == 0           ? ""
				   : i + 1 < STAGES ? ", "
						    : " and ",
				   stages[i].name);
	return all;
}

static void
show(Compilation *c, const Stage *s)
{
	bool wanted = c->o->dump_dir != NULL;
	for (uint32_t i = 0; i < c->o->dumps.n; i++)
		wanted = wanted || strcmp(c->o->dumps.at[i], s->name) == 0;
	if (!wanted)
		return;
	StrBuf text = strbuf_init(c->arena);
	s->print(c, &text);
	output_dump(c, s->name, s->noun, &text);
	for (uint32_t i = 0; i < c->o->dumps.n; i++) {
		if (strcmp(c->o->dumps.at[i], s->name) == 0)
			fwrite(text.at, 1, text.n, stdout);
	}
}

static bool
run_stage(Compilation *c, const Stage *s)
{
	panic_set_stage(s->name);
	bool ok = s->run(c) && diag_errors(c->diag) == 0;
	timing_mark(&c->timing, s->name);
	if (ok && is_checked(c)) {
		const char *wrong = s->verify(c);
		if (wrong)
			PANIC("%s", wrong);
		timing_mark(&c->timing, "verify");
	}
	if (ok)
		show(c, s);
	panic_set_stage(NULL);
	return ok;
}

static bool
run_stages(Compilation *c, int first, int end)
{
	for (int i = first; i <= end; i++) {
		if (!run_stage(c, &stages[i]))
			return false;
	}
	return true;
}

/* Names are found by the end of sema; where there are errors, the whole library is looked at for what may have been meant. */
bool
pipeline_run(Compilation *c, const char *last)
{
	int end = last ? find_stage(last) : STAGES - 1, stop = find_stage(c->o->stop_after), names = find_stage("sema");
	if (stop >= 0 && stop < end)
		end = stop;
	names = end < names ? end : names;
	if (!run_stages(c, 0, names)) {
		if (!reads_part(c))
			return false;
		compilation_open(c, c->o, c->arena);
		c->whole_library = true;
		if (!run_stages(c, 0, names))
			return false;
	}
	return run_stages(c, names + 1, end);
}

bool
pipeline_read_models(Compilation *c)
{
	if (c->o->file)
		return pipeline_run(c, "sema");
	return library_read(c) && sema(c) && diag_errors(c->diag) == 0;
}

bool
pipeline_resume(Compilation *c, const char *first)
{
	return run_stages(c, find_stage(first), STAGES - 1);
}

bool
pipeline_stopped(const Compilation *c)
{
	return c->o->stop_after != NULL;
}
