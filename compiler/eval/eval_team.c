/* eval_team: the threads of a team, played by one.
 *
 * Between two meetings each thread does its share, one after the other: the last one first in every second phase, so that
 * whoever leans on an order gives other bits with another number of threads. Who touches an element is noted by its first
 * byte; what one thread writes and another one touches in the same phase is a mistake of the plan. Of what lies in frames each has its own.
 */
#include "eval/eval_inner.h"

#include <stdlib.h>

typedef struct EvalCell { uint32_t phase; uint8_t writer, reader; } EvalCell;   /* thread + 1; several readers: MANY */
enum { MANY = 255 };

void
eval_touch(Eval *ev, uint32_t buf, const char *at, uint64_t bytes, bool write)
{
	uint8_t me = (uint8_t)(ev->me + 1);
	uint64_t each = plan_type_size(ev->p->bufs.at[buf].type);
	if (plan_buf_in_frame(&ev->p->bufs.at[buf]))
		return;
	for (uint64_t k = 0; ev->touched && k < bytes; k += each) {
		EvalCell *c = &ev->touched[at - ev->arena + (ptrdiff_t)k];
		if (c->phase != ev->phase)
			*c = (EvalCell){.phase = ev->phase};
		bool others = (c->writer && c->writer != me) || (write && c->reader && c->reader != me);
		if (others)
			eval_fail(ev, "thread %d %s an element of `%s` that another one %s, and they did not meet", ev->me,
				write ? "writes" : "reads", ev->p->bufs.at[buf].name, c->writer ? "writes" : "reads");
		if (write)
			c->writer = me;
		else
			c->reader = c->reader && c->reader != me ? MANY : me;
	}
}

static int64_t
read_int(Eval *ev, uint32_t buf, int64_t at)
{
	PlanExpr zero = {.kind = PEXPR_CONST, .type = PT_I64}, k = zero, e = {.kind = PEXPR_LOAD, .id = buf};
	k.value.i = at;
	e.nops = ev->p->bufs.at[buf].naxes;
	e.type = ev->p->bufs.at[buf].type;
	e.op[0] = e.nops == 1 ? &k : &zero;
	e.op[1] = &k;
	return eval_expr(ev, &e).i;
}

/* Where the share of thread t begins. */
static int64_t
cut(Eval *ev, const PlanStmt *s, int64_t t)
{
	int64_t range = (int64_t)ev->p->codes.at[s->id]->range, of = ev->threads, unit = s->step;
	if (t <= 0 || t >= of)
		return t <= 0 ? 0 : range;
	int64_t n = s->share == SHARE_EVENTS ? read_int(ev, s->count, 0) : 0;
	if (n)
		return read_int(ev, s->list, n * t / of);
	unit = unit ? unit : 1;
	int64_t at = (range + unit - 1) / unit * t / of * unit;
	return at < range ? at : range;
}

static int64_t
run_share(Eval *ev, const PlanStmt *s)
{
	int64_t range = (int64_t)ev->p->codes.at[s->id]->range;
	if (s->share != SHARE_ONE)
		return eval_kernel(ev, s->id, cut(ev, s, ev->me), cut(ev, s, ev->me + 1));
	return s->step % ev->threads == ev->me ? eval_kernel(ev, s->id, 0, range) : 0;
}

static void
do_phase(Eval *ev, PlanBlock b)
{
	ev->phase++;
	for (int k = 0; k < ev->threads; k++) {
		ev->me = ev->phase % 2 ? ev->threads - 1 - k : k;
		for (uint32_t i = 0; i < b.n; i++)
			if (b.at[i]->kind == PSTMT_RUN)
				run_share(ev, b.at[i]);
	}
}

int64_t
eval_team(Eval *ev, PlanBlock b)
{
	if (!ev->touched && ev->threads > 1)
		ev->touched = calloc(ev->p->arena_bytes, sizeof *ev->touched);
	ev->in_team = ev->threads > 1;
	for (uint32_t from = 0, to; from < b.n; from = to + 1) {
		for (to = from; to < b.n && b.at[to]->kind != PSTMT_MEET; to++)
			;
		do_phase(ev, (PlanBlock){b.at + from, to - from});
	}
	ev->in_team = false;
	return 0;
}
