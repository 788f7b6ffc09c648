/* elab_signal: the signals of the program. */
#include "elab/elab_inner.h"

uint32_t
elab_find_signal(Elab *el, const AstDecl *d)
{
	for (uint32_t i = 0; i < el->signals.n; i++) {
		if (el->signals.at[i] == d)
			return i;
	}
	return NET_NONE;
}

void
elab_signals(Elab *el)
{
	for (uint32_t i = 0; i < el->ast->decls.n; i++) {
		const AstDecl *d = el->ast->decls.at[i];
		if (d->kind != ADECL_SIGNAL)
			continue;
		NetSignal s = {.name = d->name, .span = d->name_span, .per_item = d->value.of != NULL};
		elab_real(el, d->value.value, false, "the first value of a signal", &s.init);
		VEC_PUSH(el->arena, &el->signals, d);
		VEC_PUSH(el->arena, &el->net->signals, s);
	}
}
