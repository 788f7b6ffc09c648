/* prefetch: rows of synapses are asked for as soon as it is known who spikes.
 *
 * A spike goes along a row of each connection, in arrays of its own for targets, delays and weights: many short walks, each of which begins
 * where no prefetcher expects it. Between the list of spikes and these walks a step draws, updates and records; that long the beginnings
 * of the rows are on their way.
 *
 * reads    the finished plan, behind `team`, if it has no teams (another core's cache is no use); kernels that go through a list of spikes and
 *          along rows, `for e in i64(row[i]) ..< i64(row[i + 1])`, in arrays which together are too large for the first cache
 * writes   behind each run of a kernel that makes such a list, a kernel that prefetches the first SYNAPSES of the rows of the first SPIKES
 * keeps    every bit: a prefetch means nothing
 * example  tests/opt/prefetch
 */
#include "opt/clone.h"
#include "opt/kernel.h"
#include "opt/pass.h"
#include "opt/query.h"

enum {
	NEAR = 1 << 17,                                   /* bytes: more than a first cache has, with all else that a step needs */
	SPIKES = 32, SYNAPSES = 64, LINE = 64             /* of a step; of a row; bytes */
};

typedef struct { uint32_t list, count, row; VEC(uint32_t) arrays; } Walk;
typedef struct { Plan *p; VEC(Walk *) walks; uint32_t *kernel; } Prefetch;   /* kernel: by list, what prefetches for it */

/* ---- who walks ------------------------------------------------------------------------------------------------- */

static void
add_array(Prefetch *f, Walk *w, uint32_t buf)
{
	for (uint32_t i = 0; i < w->arrays.n; i++)
		if (w->arrays.at[i] == buf)
			return;
	VEC_PUSH(f->p->arena, &w->arrays, buf);
}

static void
add_loads(Prefetch *f, Walk *w, const PlanExpr *e, uint32_t at)
{
	if (!e)
		return;
	if (e->kind == PEXPR_LOAD && e->nops == 1 && is_local(e->op[0], at))
		add_array(f, w, e->id);
	for (uint32_t k = 0; k < e->nops; k++)
		add_loads(f, w, e->op[k], at);
}

/* Arrays by synapse that a walk reads or writes. */
static void
add_arrays(Prefetch *f, Walk *w, PlanBlock b, uint32_t at)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *s = b.at[i];
		if (s->kind == PSTMT_STORE && s->nops == 1 && is_local(s->op[0], at))
			add_array(f, w, s->id);
		add_loads(f, w, s->e, at);
		for (uint32_t k = 0; k < s->nops; k++)
			add_loads(f, w, s->op[k], at);
		add_arrays(f, w, s->body, at);
		add_arrays(f, w, s->other, at);
	}
}

static Walk *
walk_of(Prefetch *f, uint32_t list, uint32_t count, uint32_t row)
{
	for (uint32_t i = 0; i < f->walks.n; i++)
		if (f->walks.at[i]->list == list && f->walks.at[i]->row == row)
			return f->walks.at[i];
	Walk *w = ARENA_NEW(f->p->arena, Walk);
	*w = (Walk){.list = list, .count = count, .row = row};
	VEC_PUSH(f->p->arena, &f->walks, w);
	return w;
}

/* Rows of neuron i of a list. */
static void
find_rows(Prefetch *f, PlanBlock b, uint32_t i, uint32_t list, uint32_t count)
{
	for (uint32_t k = 0; k < b.n; k++) {
		PlanStmt *s = b.at[k];
		uint32_t of, row = row_walked(s, &of);
		if (row != NO_ID && of == i)
			add_arrays(f, walk_of(f, list, count, row), s->body, s->id);
		find_rows(f, s->body, i, list, count);
		find_rows(f, s->other, i, list, count);
	}
}

static void
find_walks(Prefetch *f, PlanBlock b)
{
	for (uint32_t k = 0; k < b.n; k++) {
		PlanStmt *s = b.at[k];
		uint32_t list = list_along(f->p, s);
		if (list != NO_ID)
			find_rows(f, s->body, s->body.at[0]->id, list, count_of(s->hi));
		find_walks(f, s->body);
		find_walks(f, s->other);
	}
}

static uint64_t
bytes_of(const Prefetch *f)
{
	uint64_t n = 0;
	for (uint32_t i = 0; i < f->walks.n; i++)
		for (uint32_t k = 0; k < f->walks.at[i]->arrays.n; k++)
			n += plan_buf_bytes(&f->p->bufs.at[f->walks.at[i]->arrays.at[k]]);
	return n;
}

static bool
has_team(PlanBlock b)
{
	for (uint32_t i = 0; i < b.n; i++)
		if (b.at[i]->kind == PSTMT_TEAM || has_team(b.at[i]->body) || has_team(b.at[i]->other))
			return true;
	return false;
}

/* ---- who prefetches ------------------------------------------------------------------------------------------------ */

static void
emit_prefetch(PlanEmit *b, uint32_t buf, PlanExpr *e)
{
	PlanStmt *s = ARENA_NEW(b->plan->arena, PlanStmt);
	*s = (PlanStmt){.kind = PSTMT_PREFETCH, .id = buf, .nops = 1, .op = arena_copy(b->plan->arena, &e, sizeof(PlanExpr *))};
	VEC_PUSH(b->plan->arena, &b->v, s);
}

static void
emit_row(Prefetch *f, PlanEmit *b, const Walk *w, PlanExpr *i)
{
	Plan *p = f->p;
	PlanExpr *begin = plan_emit_let(b, "begin", plan_cast(p, PT_I64, load1(p, w->row, i)));
	PlanExpr *behind = plan_emit_let(b, "behind", plan_cast(p, PT_I64, load1(p, w->row, plan_binary(p, PEXPR_ADD, i, whole(p, 1)))));
	PlanExpr *far = plan_emit_let(b, "far", plan_binary(p, PEXPR_ADD, begin, whole(p, SYNAPSES)));
	Loop e = open_loop(b, "e");
	uint32_t widest = 1;                              /* bytes: the others are asked for more than once a line */
	for (uint32_t k = 0; k < w->arrays.n; k++) {
		uint32_t bytes = (uint32_t)plan_type_size(p->bufs.at[w->arrays.at[k]].type);
		widest = bytes > widest ? bytes : widest;
		emit_prefetch(&e.body, w->arrays.at[k], e.i);
	}
	close_loop(b, &e, begin, smaller(p, behind, far), false)->step = LINE / widest;
}

static uint32_t
kernel_of(Prefetch *f, const Walk *first)
{
	Plan *p = f->p;
	uint32_t id;
	PlanEmit b = open_kernel(p, arena_printf(p->arena, "%s.prefetch", p->bufs.at[first->list].name), 1, &id);
	PlanExpr *found = plan_emit_let(&b, "found", plan_cast(p, PT_I64, load1(p, first->count, whole(p, 0))));
	Loop spikes = open_loop(&b, "k");
	PlanExpr *i = plan_emit_let(&spikes.body, "i", plan_cast(p, PT_I64, load2(p, first->list, whole(p, 0), spikes.i)));
	for (uint32_t k = 0; k < f->walks.n; k++)
		if (f->walks.at[k]->list == first->list)
			emit_row(f, &spikes.body, f->walks.at[k], i);
	close_loop(&b, &spikes, whole(p, 0), smaller(p, found, whole(p, SPIKES)), false);
	close_kernel(&b);
	plan_remark(p, "prefetch", true, p->codes.at[id], "beginnings of rows are asked for as soon as it is known who spikes");
	return id;
}

/* Whether it is the first of its list. */
static bool
leads(const Prefetch *f, uint32_t walk)
{
	for (uint32_t k = 0; k < walk; k++)
		if (f->walks.at[k]->list == f->walks.at[walk]->list)
			return false;
	return true;
}

static void
weave(Prefetch *f, PlanCode *proc, PlanBlock *b)
{
	PlanEmit out = plan_emit(f->p, proc);
	for (uint32_t i = 0; i < b->n; i++) {
		PlanStmt *s = b->at[i];
		weave(f, proc, &s->body);
		weave(f, proc, &s->other);
		VEC_PUSH(f->p->arena, &out.v, s);
		for (uint32_t k = 0; s->kind == PSTMT_RUN && k < f->walks.n; k++) {
			uint32_t list = f->walks.at[k]->list;
			if (leads(f, k) && block_stores(f->p->codes.at[s->id]->body, list))
				plan_emit_run(&out, f->kernel[list]);
		}
	}
	*b = plan_freeze(&out);
}

void
pass_prefetch(Plan *p)
{
	Prefetch f = {.p = p};
	uint32_t n = p->codes.n;
	for (uint32_t i = 0; i < n; i++) {
		if (has_team(p->codes.at[i]->body))
			return;
		if (p->codes.at[i]->kind == CODE_KERNEL)
			find_walks(&f, p->codes.at[i]->body);
	}
	if (bytes_of(&f) <= NEAR)
		return;
	f.kernel = ARENA_ARRAY(p->arena, uint32_t, p->bufs.n + 1);
	for (uint32_t k = 0; k < f.walks.n; k++)
		if (leads(&f, k))
			f.kernel[f.walks.at[k]->list] = kernel_of(&f, f.walks.at[k]);
	for (uint32_t i = 0; i < n; i++)
		if (p->codes.at[i]->kind == CODE_PROC)
			weave(&f, p->codes.at[i], &p->codes.at[i]->body);
	procs_last(p);
}
