/* opt: runs the list of passes. */
#include "opt/opt.h"

#include "base/panic.h"
#include "opt/pass.h"

#include <string.h>

typedef enum { EXACT, ROUNDING } PassKind;
typedef struct { const char *name, *help; PassKind kind; void (*run)(Plan *p); bool last; } Pass;

static const Pass passes[] = {
#define PASS(name, kind, help) {#name, help, kind, pass_##name, false},
#define LAST(name, kind, help) {#name, help, kind, pass_##name, true},
#include "opt/passes.def"
#undef LAST
#undef PASS
};

uint32_t
opt_pass_count(void)
{
	return sizeof passes / sizeof *passes;
}

const char *
opt_pass_name(uint32_t i)
{
	return passes[i].name;
}

const char *
opt_pass_help(uint32_t i)
{
	return passes[i].help;
}

bool
opt_pass(Plan *p, const char *name)
{
	if (!strcmp(name, "team")) {
		opt_team(p, TEAM_ALWAYS, 2);
		return true;
	}
	for (uint32_t i = 0; i < opt_pass_count(); i++)
		if (!strcmp(passes[i].name, name)) {
			passes[i].run(p);
			plan_layout(p);
			return true;
		}
	return false;
}

static bool
is_left_out(const OptOptions *o, const Pass *pass)
{
	return (o->exact_only && pass->kind == ROUNDING) ||
	       (o->without && (!strcmp(o->without, pass->name) || !strcmp(o->without, OPT_ALL)));
}

static bool
pass_done(Plan *p, const OptOptions *o, const char *name, const char **why)
{
	const char *wrong = o->verify ? plan_verify(p, p->arena) : NULL;
	if (wrong)
		*why = arena_printf(p->arena, "after pass %s: %s", name, wrong);
	else if (o->after)
		o->after(o->env, name, p);
	return !wrong;
}

/* Those behind the sharing out among threads, or those before it. */
static bool
run_passes(Plan *p, const OptOptions *o, bool last, const char **why)
{
	for (uint32_t i = 0; i < opt_pass_count(); i++) {
		if (passes[i].last != last || is_left_out(o, &passes[i]))
			continue;
		panic_set_stage(arena_printf(p->arena, "opt %s", passes[i].name));
		passes[i].run(p);
		plan_layout(p);
		if (!pass_done(p, o, passes[i].name, why))
			return false;
	}
	return true;
}

bool
opt_run(Plan *p, const OptOptions *o, const char **why)
{
	if (!run_passes(p, o, false, why))
		return false;
	p->hash = plan_hash(p);                           /* a checkpoint goes on with any number of threads, and with or without what follows from it */
	if (o->team != TEAM_NEVER) {
		panic_set_stage("opt team");
		opt_team(p, o->team, o->threads);
		if (!pass_done(p, o, "team", why))
			return false;
	}
	return run_passes(p, o, true, why);
}
