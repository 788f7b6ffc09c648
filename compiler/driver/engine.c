/* engine: see engine.h. Both kinds reach the runtime by the lines of snnrt_abi.def. */
#define _POSIX_C_SOURCE 200809L
#include "driver/engine.h"

#include "base/panic.h"
#include "eval/eval.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- the calls of the runtime ---------------------------------------------------------------- */

typedef void AnyFn(void);
typedef struct {
	const char *name, *args;
	AnyFn *fn;
} HostFn;

static const HostFn host_fns[] = {
#define SNNRT_CALL(name, args) {"snnrt_" #name, args, (AnyFn *)snnrt_##name},
#include "snnrt_abi.def"
#undef SNNRT_CALL
};
enum { HOST_FNS = sizeof host_fns / sizeof *host_fns };

static int64_t (*poll_instead)(void *host);

void
engine_set_poll(int64_t (*poll)(void *host))
{
	poll_instead = poll;
}

static AnyFn *
fn_of(int i)
{
	return poll_instead && host_fns[i].fn == (AnyFn *)snnrt_poll ? (AnyFn *)poll_instead : host_fns[i].fn;
}

static void *
address(int64_t bits)
{
	return (void *)(uintptr_t)bits;
}

/* env is the arena, whose first word is the host. */
static int64_t
call_host(void *env, uint32_t fn, uint32_t nargs, const int64_t *a)
{
	void *host = *(void **)env;
	ASSERT(fn < HOST_FNS && strlen(host_fns[fn].args) == nargs);
	const char *args = host_fns[fn].args;
	AnyFn *f = fn_of((int)fn);
	if (strcmp(args, "") == 0)
		return ((int64_t(*)(SNNRT_ARGS_))f)(host);
	if (strcmp(args, "l") == 0)
		return ((int64_t(*)(SNNRT_ARGS_l))f)(host, a[0]);
	if (strcmp(args, "ll") == 0)
		return ((int64_t(*)(SNNRT_ARGS_ll))f)(host, a[0], a[1]);
	if (strcmp(args, "lll") == 0)
		return ((int64_t(*)(SNNRT_ARGS_lll))f)(host, a[0], a[1], a[2]);
	if (strcmp(args, "lp") == 0)
		return ((int64_t(*)(SNNRT_ARGS_lp))f)(host, a[0], address(a[1]));
	if (strcmp(args, "llp") == 0)
		return ((int64_t(*)(SNNRT_ARGS_llp))f)(host, a[0], a[1], address(a[2]));
	if (strcmp(args, "lllp") == 0)
		return ((int64_t(*)(SNNRT_ARGS_lllp))f)(host, a[0], a[1], a[2], address(a[3]));
	UNREACHABLE();
}

/* ---- eval ------------------------------------------------------------------------------------ */

static int64_t
run_eval(void *arena, void *closure)
{
	Engine *e = closure;
	EvalHost host = {call_host, arena, e->threads};
	return eval_run(e->plan, "program", arena, &host, &e->why);
}

/* ---- jit ------------------------------------------------------------------------------------- */

static int64_t
run_jit(void *arena, void *closure)
{
	Engine *e = closure;
	return e->proc(arena);
}

/* Makes the folder and those above it; what fails is seen by whoever writes there. */
static void
make_folders(char *path)
{
	for (char *p = path + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		mkdir(path, 0700);
		*p = '/';
	}
	mkdir(path, 0700);
}

const char *
engine_cache_dir(Arena *a)
{
	const char *base = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	char *dir = NULL;
	if (base && base[0] == '/')
		dir = arena_printf(a, "%s/snnc", base);
	else if (home && home[0] == '/')
		dir = arena_printf(a, "%s/.cache/snnc", home);
	if (dir)
		make_folders(dir);
	return dir;
}

static void
tell_times(Compilation *c, const JitTimes *t)
{
	timing_mark(&c->timing, t && t->cached ? "jit (cached)" : "jit");
	if (!t)
		return;
	timing_add(&c->timing, "build", t->build);
	timing_add(&c->timing, "passes", t->passes);
	timing_add(&c->timing, "codegen", t->codegen);
	timing_add(&c->timing, "load", t->load);
}

static bool
open_jit(Engine *e, Compilation *c, const char **why)
{
	JitSymbol symbols[HOST_FNS + 2];
	for (int i = 0; i < HOST_FNS; i++)
		symbols[i] = (JitSymbol){host_fns[i].name, (void *)fn_of(i)};
	symbols[HOST_FNS] = (JitSymbol){"snnrt_team", (void *)snnrt_team};
	symbols[HOST_FNS + 1] = (JitSymbol){"snnrt_meet", (void *)snnrt_meet};
	LlvmOptions o = {.opt = 2, .verify = c->o->check_stages};
	o.cache_dir = c->o->no_cache ? NULL : engine_cache_dir(c->arena);
	o.hash = plan_text_hash(c->plan);                 /* of what is compiled; the plan's own may be that before the teams */
	c->plan->hash = c->plan->hash ? c->plan->hash : o.hash;
	panic_set_stage("jit");
	e->jit = jit_open(c->arena, c->plan, &o, symbols, HOST_FNS + 2, why);
	panic_set_stage(NULL);
	if (!e->jit)
		return false;
	e->proc = (JitProc *)jit_find(e->jit, "program");
	if (!e->proc)
		*why = jit_why(e->jit);
	tell_times(c, jit_times(e->jit));
	return e->proc != NULL;
}

bool
engine_open(Engine *e, Compilation *c, EngineKind kind, const char **why)
{
	*e = (Engine){.plan = c->plan, .threads = c->o->threads};
	switch (kind) {
	case ENGINE_EVAL:
		e->name = "eval";
		e->entry = run_eval;
		return true;
	case ENGINE_JIT:
		e->name = "jit";
		e->entry = run_jit;
		return open_jit(e, c, why);
	case ENGINE_DEFAULT:
	case ENGINE_C:
		break;
	}
	UNREACHABLE();
}

void
engine_close(Engine *e)
{
	jit_close(e->jit);
	e->jit = NULL;
}
