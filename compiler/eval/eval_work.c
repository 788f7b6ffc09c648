/* eval_work: buffers that mean something only within one part of a kernel.
 *
 * Compiled code finds there whatever the part before has left, which may be what it should have written itself: a mistake that gives
 * the same bits most of the time. So each element notes in which part it was written, and one that was not in this part is not read.
 */
#include "eval/eval_inner.h"

#include <stdlib.h>

void
eval_open_work(Eval *ev)
{
	bool some = false;
	for (uint32_t i = 0; i < ev->p->bufs.n; i++)
		some = some || ev->p->bufs.at[i].role == ROLE_WORK;
	ev->part = 1;                                     /* none was written in */
	ev->written = some ? calloc(ev->p->arena_bytes, sizeof *ev->written) : NULL;
}

void
eval_write_work(Eval *ev, uint32_t buf, const char *at)
{
	if (ev->written && ev->p->bufs.at[buf].role == ROLE_WORK)
		ev->written[at - ev->arena] = ev->part;
}

void
eval_read_work(Eval *ev, uint32_t buf, const char *at, int64_t n)
{
	const PlanBuf *b = &ev->p->bufs.at[buf];
	int64_t each = (int64_t)plan_type_size(b->type);
	if (!ev->written || b->role != ROLE_WORK)
		return;
	for (int64_t k = 0; k < n; k++)
		if (ev->written[at - ev->arena + k * each] != ev->part)
			eval_fail(ev, "an element of `%s` is read that this part of the kernel `%s` has not written", b->name,
				ev->p->codes.at[ev->code]->name);
}
