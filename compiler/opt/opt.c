/* opt: runs the list of passes. */
#include "opt/opt.h"

#include "base/panic.h"
#include "opt/pass.h"

#include <string.h>

typedef enum { EXACT, ROUNDING } PassKind;
typedef struct { const char *name, *help; PassKind kind; void (*run)(Plan *p); } Pass;

static const Pass passes[] = {
#define PASS(name, kind, help) {#name, help, kind, pass_##name},
#include "opt/passes.def"
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

bool
opt_run(Plan *p, const OptOptions *o, const char **why)
{
	for (uint32_t i = 0; i < opt_pass_count(); i++) {
		if (is_left_out(o, &passes[i]))
			continue;
		panic_set_stage(arena_printf(p->arena, "opt %s", passes[i].name));
		passes[i].run(p);
		plan_layout(p);
		const char *wrong = o->verify ? plan_verify(p, p->arena) : NULL;
		if (wrong) {
			*why = arena_printf(p->arena, "after pass %s: %s", passes[i].name, wrong);
			return false;
		}
		if (o->after)
			o->after(o->env, passes[i].name, p);
	}
	return true;
}
