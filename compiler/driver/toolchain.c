/* toolchain: calls cc and runs what it made. The parent outlives its children, also when
 * Ctrl-C ends them, so that nothing temporary stays behind. */
#define _GNU_SOURCE
#include "driver/toolchain.h"

#include "driver/output.h"
#include "driver/run.h"
#include "snnc_config.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

typedef VEC(const char *) WordVec;

/* ---- children -------------------------------------------------------------------------------- */

/* Waits for the child. What a terminal sends reaches the child by itself; what somebody sends to us
 * alone is passed on. All of `set` is blocked, so nothing is missed and no handler is needed. */
static int
wait_for(pid_t pid, const sigset_t *set)
{
	int status = 0;
	while (waitpid(pid, &status, WNOHANG) == 0) {
		siginfo_t info;
		int sig = sigwaitinfo(set, &info);
		if (sig > 0 && sig != SIGCHLD && info.si_code <= 0)
			kill(pid, sig);
	}
	return status;
}

static void
block_signals(sigset_t *set, sigset_t *before)
{
	static const int stop[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP};
	sigemptyset(set);
	sigaddset(set, SIGCHLD);
	for (size_t i = 0; i < sizeof stop / sizeof *stop; i++) {
		struct sigaction now;
		if (sigaction(stop[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
			sigaddset(set, stop[i]);
	}
	sigprocmask(SIG_BLOCK, set, before);
}

/* Starts words[0] (looked for in PATH) and waits. Its exit code, 128 and the signal that ended it; -1
 * and errno if it cannot start. */
static int
spawn_and_wait(Arena *a, WordVec *words, const char *dir)
{
	posix_spawnattr_t attr;
	posix_spawn_file_actions_t actions;
	sigset_t set, before;
	pid_t pid;
	VEC_PUSH(a, words, NULL);
	words->n--;
	fflush(NULL);
	block_signals(&set, &before);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	posix_spawnattr_setsigmask(&attr, &before);
	posix_spawn_file_actions_init(&actions);
	if (dir)
		posix_spawn_file_actions_addchdir_np(&actions, dir);
	char *const *argv = (char *const *)(void *)words->at;
	int error = posix_spawnp(&pid, argv[0], &actions, &attr, argv, environ);
	int status = error ? 0 : wait_for(pid, &set);
	sigprocmask(SIG_SETMASK, &before, NULL);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attr);
	if (error) {
		errno = error;
		return -1;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* ---- where things are ------------------------------------------------------------------------ */

/* PREFIX of PREFIX/bin/snnc; NULL if that cannot be known. */
static const char *
own_prefix(Arena *a)
{
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
	if (n <= 0)
		return NULL;
	path[n] = '\0';
	for (int up = 0; up < 2; up++) {
		char *slash = strrchr(path, '/');
		if (!slash)
			return NULL;
		*slash = '\0';
	}
	return arena_strdup(a, path);
}

/* The file in a folder of our own prefix, else in the place that the build knows. */
static const char *
find_part(Arena *a, const char *folder, const char *file, const char *built)
{
	const char *prefix = own_prefix(a);
	if (prefix) {
		const char *dir = arena_printf(a, "%s/%s", prefix, folder);
		if (access(arena_printf(a, "%s/%s", dir, file), R_OK) == 0)
			return dir;
	}
	if (access(arena_printf(a, "%s/%s", built, file), R_OK) == 0)
		return built;
	output_say("`%s` of the runtime is missing; it belongs into `%s` beside `bin`", file,
		   folder);
	return NULL;
}

static void
add_words(Arena *a, WordVec *out, const char *text)
{
	while (*text) {
		text += strspn(text, " \t");
		size_t n = strcspn(text, " \t");
		if (n)
			VEC_PUSH(a, out, arena_strndup(a, text, n));
		text += n;
	}
}

/* ---- building -------------------------------------------------------------------------------- */

static void
add_flags(Arena *a, WordVec *w, const char *cpu)
{
	add_words(a, w, "-std=c11 -ffp-contract=off -fwrapv -fno-math-errno -fno-trapping-math");
	VEC_PUSH(a, w, *SNNC_SANITIZE_FLAGS ? "-O1" : "-O3");     /* with sanitizers -O3 takes twice as long to compile */
#ifdef __x86_64__
	if (!cpu)
		cpu = "x86-64-v3";
#endif
	if (cpu)
		VEC_PUSH(a, w, arena_printf(a, "-march=%s", cpu));
	add_words(a, w, SNNC_SANITIZE_FLAGS);
}

static const char *
compiler_words(void)
{
	const char *cc = getenv("CC");
	return cc && *cc ? cc : "cc";
}

const char *
toolchain_compiler(Arena *a, const char **why)
{
	WordVec w = {0};
	const char *path = getenv("PATH");
	add_words(a, &w, compiler_words());
	const char *cc = w.n ? w.at[0] : "cc";
	*why = arena_printf(a, "there is no `%s`: install one, or name it in CC; `snnc run` needs none where the JIT is built in", cc);
	if (strchr(cc, '/'))
		return access(cc, X_OK) == 0 ? cc : NULL;
	while (path && *path) {
		size_t n = strcspn(path, ":");
		const char *file = arena_printf(a, "%.*s/%s", (int)n, path, cc);
		if (n && access(file, X_OK) == 0)
			return file;
		path += n + (path[n] == ':');
	}
	return NULL;
}

bool
toolchain_has_runtime(Arena *a)
{
	return find_part(a, "lib", "libsnnrt.a", SNNC_BUILD_LIB_DIR) && find_part(a, "include", "snnrt.h", SNNC_BUILD_INCLUDE_DIR);
}

static bool
make_command(Compilation *c, WordVec *w, const char *cpu, const WordVec *sources, const char *out)
{
	Arena *a = c->arena;
	const char *lib = find_part(a, "lib", "libsnnrt.a", SNNC_BUILD_LIB_DIR);
	const char *include = find_part(a, "include", "snnrt.h", SNNC_BUILD_INCLUDE_DIR);
	if (!lib || !include)
		return false;
	add_words(a, w, compiler_words());
	add_flags(a, w, cpu);
	VEC_PUSH(a, w, arena_printf(a, "-I%s", include));
	VEC_PUSH(a, w, "-o");
	VEC_PUSH(a, w, out);
	for (uint32_t i = 0; i < sources->n; i++)
		VEC_PUSH(a, w, sources->at[i]);
	VEC_PUSH(a, w, arena_printf(a, "%s/libsnnrt.a", lib));
	add_words(a, w, "-lz -lpng -lpthread -lm");
	return true;
}

static int
compile(Compilation *c, const WordVec *source, const char *cpu, const char *out)
{
	WordVec words = {0};
	if (!make_command(c, &words, cpu, source, out))
		return EXIT_WORLD;
	int code = spawn_and_wait(c->arena, &words, NULL);
	timing_mark(&c->timing, "cc");
	if (code == 0 || code == EXIT_INTERRUPTED)
		return code;                      /* 128 + SIGINT is what we give ourselves */
	if (code < 0 && errno == ENOENT) {
		output_say("there is no C compiler `%s`; install one, or name it in CC",
			   words.at[0]);
		fprintf(stderr, "      `snnc run` needs none where the JIT is built in\n");
	} else if (code < 0) {
		output_say("the C compiler `%s` cannot start: %s", words.at[0], strerror(errno));
	} else {
		output_say("the C compiler `%s` failed (exit status %d)", words.at[0], code);
	}
	return EXIT_WORLD;
}

/* A folder of our own below TMPDIR; NULL after a message. */
static char *
make_folder(Arena *a)
{
	const char *tmp = getenv("TMPDIR");
	char *dir = arena_printf(a, "%s/snnc-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	if (mkdtemp(dir))
		return dir;
	output_say("no temporary folder can be made as `%s`: %s", dir, strerror(errno));
	return NULL;
}

int
toolchain_build_all(Compilation *c, const StrBuf *text, uint32_t n, const char *cpu, const char *out)
{
	Arena *a = c->arena;
	char *dir = make_folder(a), *beside = NULL;
	if (!dir)
		return EXIT_WORLD;
	WordVec sources = {0};
	bool written = true;
	for (uint32_t i = 0; i < n && written; i++) {
		VEC_PUSH(a, &sources, i ? arena_printf(a, "%s/%s_%u.c", dir, c->name, i) : arena_printf(a, "%s/%s.c", dir, c->name));
		written = output_write(a, sources.at[i], &text[i]);
	}
	int code = EXIT_WORLD;
	if (written) {
		beside = output_beside(a, out);
		if (!beside)
			output_say_failed(a, out);
		else
			code = compile(c, &sources, cpu, beside);
	}
	if (code == EXIT_FINE && rename(beside, out) < 0) {
		output_say_failed(a, out);
		code = EXIT_WORLD;
	}
	if (code != EXIT_FINE && beside)
		unlink(beside);
	for (uint32_t i = 0; i < sources.n; i++)
		unlink(sources.at[i]);
	rmdir(dir);
	return code;
}

int
toolchain_build(Compilation *c, const StrBuf *text, const char *cpu, const char *out)
{
	return toolchain_build_all(c, text, 1, cpu, out);
}

/* ---- running --------------------------------------------------------------------------------- */

/* The child runs in the program's folder, so paths of the command line are made whole. */
static const char *
whole_path(Arena *a, const char *path)
{
	char *here = path[0] == '/' ? NULL : getcwd(NULL, 0);
	const char *whole = here ? arena_printf(a, "%s/%s", here, path) : path;
	free(here);
	return whole;
}

static void
add_option(Arena *a, WordVec *w, const char *name, const char *value)
{
	VEC_PUSH(a, w, arena_printf(a, "--%s=%s", name, value));
}

static void
add_run_options(Compilation *c, WordVec *w)
{
	Arena *a = c->arena;
	const Options *o = c->o;
	const char *out = o->out ? o->out : arena_printf(a, "results/%s", c->name);
	if (o->out || !o->resume)
		add_option(a, w, "out", whole_path(a, out));
	if (o->resume)
		add_option(a, w, "resume", whole_path(a, o->resume));
	if (o->format)
		add_option(a, w, "format", o->format);
	if (o->pause_after)
		add_option(a, w, "pause-after", o->pause_after);
	if (o->checkpoint_every)
		add_option(a, w, "checkpoint-every", o->checkpoint_every);
	if (o->data)
		add_option(a, w, "data", whole_path(a, o->data));
	if (o->dump_state)
		add_option(a, w, "dump-state", whole_path(a, o->dump_state));
	if (o->seed_given)
		add_option(a, w, "seed", arena_printf(a, "%llu", (unsigned long long)o->seed));
	if (o->threads)
		add_option(a, w, "threads", arena_printf(a, "%d", o->threads));
	if (o->memory)
		add_option(a, w, "memory", arena_printf(a, "%llu", (unsigned long long)o->memory));
	const char **sets;
	uint32_t nsets = run_sets(c, &sets);
	for (uint32_t i = 0; i < nsets; i++)
		add_option(a, w, "set", sets[i]);
	if (o->quiet)
		VEC_PUSH(a, w, "--quiet");
	if (o->no_results)
		VEC_PUSH(a, w, "--no-results");
}

int
toolchain_run_all(Compilation *c, const StrBuf *text, uint32_t n)
{
	Arena *a = c->arena;
	char *dir = make_folder(a);
	if (!dir)
		return EXIT_WORLD;
	const char *program = arena_printf(a, "%s/%s", dir, c->name);
	int code = toolchain_build_all(c, text, n, "native", program);
	if (code == EXIT_FINE) {
		WordVec words = {0};
		VEC_PUSH(a, &words, program);
		add_run_options(c, &words);
		code = spawn_and_wait(a, &words, c->program_dir);
		timing_mark(&c->timing, "run");
		if (code < 0) {
			output_say("the compiled program cannot start: %s", strerror(errno));
			code = EXIT_WORLD;
		} else if (code > EXIT_INTERRUPTED) {
			output_say("the compiled program died of signal %d: this is a bug in snnc",
				   code - 128);
			code = EXIT_WORLD;
		}
	}
	unlink(program);
	rmdir(dir);
	return code;
}

int
toolchain_run(Compilation *c, const StrBuf *text)
{
	return toolchain_run_all(c, text, 1);
}
