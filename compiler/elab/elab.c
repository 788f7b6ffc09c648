/* elab: the order of the work. Values first, then layers (which must know what the protocol sets),
 * connections, data, the protocol, and last what is seen of all that. */
#include "elab/elab_inner.h"

#include "base/panic.h"

#include <stdarg.h>

void
elab_not_yet(Elab *el, Span at, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	const char *what = arena_vprintf(el->arena, fmt, ap);
	va_end(ap);
	elab_error(el, E0902, at, "%s is not compiled by this version", what);
	diag_help(el->diag, "`docs/language.md` lists what is");
	diag_end(el->diag);
}

void
elab_error(Elab *el, DiagCode code, Span at, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	diag_vbegin(el->diag, code, at, fmt, ap);
	va_end(ap);
	el->failed = true;
}

Name
elab_unique(Elab *el, const char *name, bool (*taken)(const void *env, Name name), const void *env)
{
	Name n = intern(el->names, name);
	for (int i = 2; taken(env, n); i++)
		n = intern_printf(el->names, "%s%d", name, i);
	return n;
}

Net *
elab_program(ElabEnv *env, const AstProgram *p, const char *name)
{
	Elab el = {.env = env,
		   .arena = env->arena,
		   .names = env->names,
		   .diag = env->diag,
		   .ast = p,
		   .dt = 1};
	el.net = net_new(env->arena, env->names, name);
	el.net->f64 = env->f64;
	elab_check_sets(&el);
	if (el.failed)
		return NULL; /* everything may follow from what --set gives */
	elab_values(&el);
	elab_settings(&el);
	elab_data(&el);
	elab_layers(&el);
	elab_signals(&el);
	elab_connections(&el);
	bool sound = !el.failed; /* then all that follows can be looked at */
	if (sound || el.env->world_errors)
		elab_protocol(&el);
	if (sound) {
		elab_draws(&el);
		elab_records(&el);
	}
	if (el.failed) {
		ASSERT(diag_errors(env->diag) > 0);
		return NULL;
	}
	elab_settle_arrays(&el);
	return el.net;
}
