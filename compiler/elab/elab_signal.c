/* elab_signal: which signal is which. */
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

