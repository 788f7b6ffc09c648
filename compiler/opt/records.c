/* records: spikes are recorded from the list of who spikes.
 *
 * A record of spikes looks at the flags of all neurons, and few are set. Where the step has listed them for its deliveries, the list is all
 * that the host needs.
 *
 * reads    the finished plan, behind `team`; kernels that list the flags of a layer (batch of one); records of these flags behind them, as
 *          long as nobody has written to flags, list or count in between
 * writes   host record_list(…) in place of host record(…), and the list into the object
 * keeps    every bit: the same events in the same order
 * example  tests/opt/records
 */
#include "opt/marks.h"
#include "opt/pass.h"
#include "opt/query.h"
#include "opt/spiking.h"

#include <string.h>

typedef struct { Plan *p; Spiking *known; Marks marks; } Records;   /* known: by flags; none where list and count are the same */

static bool
is_known(const Spiking *k)
{
	return k->list != k->count;
}

static bool
is_record(const PlanStmt *s)
{
	return s->kind == PSTMT_HOST && (s->id == plan_host_find("record") || s->id == plan_host_find("record_list"));
}

static void forget(Records *r, const PlanStmt *s);

static void
forget_block(Records *r, PlanBlock b)
{
	for (uint32_t i = 0; i < b.n; i++)
		forget(r, b.at[i]);
}

/* Lists that a statement writes to, or whose flags. */
static void
forget(Records *r, const PlanStmt *s)
{
	Marks *m = &r->marks;
	forget_block(r, s->body);
	forget_block(r, s->other);
	if (s->body.n || s->other.n || is_record(s))      /* it reads only */
		return;
	marks_clear(r->p, m);
	mark_stmt(r->p, m, s);
	for (uint32_t buf = 0; buf < r->p->bufs.n; buf++) {
		Spiking *k = &r->known[buf];
		if (is_known(k) && (m->writes[buf] || m->writes[k->list] || m->writes[k->count]))
			*k = (Spiking){0};
	}
}

/* host record(object, step, &flags[0, 0]) of events of all neurons, where it is known who spikes: takes the list, as its object does. */
static bool
take_list(Records *r, PlanStmt *s)
{
	if (s->kind != PSTMT_HOST || s->id != plan_host_find("record"))
		return false;
	Plan *p = r->p;
	PlanObject *o = &p->objects.at[s->args[0].e->value.i];
	const PlanExpr *at = s->args[2].e;
	const Spiking *k = &r->known[at->id];
	bool all = !strcmp(o->texts[0], "events") && o->nnums == 1 && o->bufs[0] == at->id && at->nops == 2 && is_zero_index(at->op[0]) &&
		   is_zero_index(at->op[1]);
	if (!all || !is_known(k) || p->bufs.at[k->list].pitch || (o->nbufs == 2 && o->bufs[1] != k->list))
		return false;
	uint32_t bufs[] = {at->id, k->list};
	o->bufs = arena_copy(p->arena, bufs, sizeof bufs);
	o->nbufs = 2;
	PlanExpr *zero[] = {plan_int(p, PT_I64, 0), plan_int(p, PT_I64, 0)};
	PlanArg args[] = {s->args[0], s->args[1], {false, plan_cast(p, PT_I64, plan_load(p, k->count, 1, zero))}, {true, plan_load(p, k->list, 2, zero)}};
	s->id = plan_host_find("record_list");
	s->nargs = sizeof args / sizeof *args;
	s->args = arena_copy(p->arena, args, sizeof args);
	return true;
}

static bool
has_record(const PlanStmt *s)
{
	for (uint32_t i = 0; i < s->body.n; i++)
		if (is_record(s->body.at[i]) || has_record(s->body.at[i]))
			return true;
	for (uint32_t i = 0; i < s->other.n; i++)
		if (is_record(s->other.at[i]) || has_record(s->other.at[i]))
			return true;
	return false;
}

static void
walk(Records *r, const PlanCode *code, PlanBlock b)
{
	size_t bytes = r->p->bufs.n * sizeof *r->known;
	for (uint32_t i = 0; i < b.n; i++) {
		PlanStmt *s = b.at[i];
		Spiking lists;
		if (take_list(r, s)) {
			plan_remark(r->p, "records", true, code, "spikes are recorded from the list of who spikes: nobody looks at the flags of all");
			continue;
		}
		if (s->kind != PSTMT_TEAM && s->kind != PSTMT_IF)
			forget(r, s);
		if (s->kind == PSTMT_RUN && (s->share == SHARE_NONE || s->share == SHARE_ONE) && spiking_list(r->p, r->p->codes.at[s->id], &lists))
			r->known[lists.flags] = lists;
		Spiking *before = s->kind == PSTMT_IF && has_record(s) ? arena_copy(r->p->arena, r->known, bytes) : NULL;
		if (before || s->kind != PSTMT_IF)
			walk(r, code, s->body);
		if (before) {
			memcpy(r->known, before, bytes);
			walk(r, code, s->other);
			memcpy(r->known, before, bytes);
		}
		if (s->kind != PSTMT_TEAM && (s->body.n || s->other.n))
			forget(r, s);
	}
}

void
pass_records(Plan *p)
{
	Records r = {p, ARENA_ARRAY(p->arena, Spiking, p->bufs.n + 1), marks_open(p)};
	for (uint32_t i = 0; i < p->codes.n; i++) {
		memset(r.known, 0, p->bufs.n * sizeof *r.known);
		if (p->codes.at[i]->kind == CODE_PROC)
			walk(&r, p->codes.at[i], p->codes.at[i]->body);
	}
}
