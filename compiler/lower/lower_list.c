/* lower_list: synapses that are listed: by source, targets ascending, and by target, sources ascending.
 *
 * Synapses row[i] ..< row[i + 1] leave source i. The runtime reads or draws them when the run begins; for drawn ones there is room
 * up to the most that chance may give. What lies by target follows from them.
 */
#include "lower/lower_inner.h"

#include <string.h>

/* The smallest type that counts n things. */
static PlanType
index_type(uint64_t n)
{
	return n <= 65536 ? PT_U16 : n <= (uint64_t)1 << 32 ? PT_U32 : PT_U64;
}

static uint32_t
list(Lower *l, PlanType t, PlanRole role, PlanAxisKind axis, uint64_t n, const char *conn, const char *what)
{
	PlanAxis a = low_axis(axis, n);
	return low_add_buf(l, t, role, 1, &a, "%s.%s", conn, what);
}

/* One for all connections that are sorted by delay, as large as the largest of them. */
static uint32_t
synapse_delays(Lower *l)
{
	uint64_t most = 0, slots = 0;
	for (uint32_t c = 0; l->synapse_delays == NO_BUF && c < l->net->conns.n; c++) {
		const NetConn *n = &l->net->conns.at[c];
		if (!low_is_arranged(l, c) || low_keeps_steps(l, c))
			continue;
		most = n->pattern.nsynapses > most ? n->pattern.nsynapses : most;
		slots = n->features.at[n->features.n - 1].slots > slots ? n->features.at[n->features.n - 1].slots : slots;
	}
	if (most)
		l->synapse_delays = list(l, slots <= 256 ? PT_U8 : PT_U16, ROLE_SCRATCH, AXIS_SYNAPSE, most, "synapse", "delay");
	return l->synapse_delays;
}

/* The values that files say of listed pairs come with them. */
static void
listed(Lower *l, uint32_t conn)
{
	const NetConn *c = &l->net->conns.at[conn];
	const NetPattern *n = &c->pattern;
	LowConn *low = &l->conns[conn];
	low->draw = plan_add_object(l->p, POBJ_SYNAPSES, c->name);
	PlanObject *o = &l->p->objects.at[low->draw];
	o->span = n->span;
	o->texts = ARENA_ARRAY(l->a, const char *, 2 + c->features.n);
	o->texts[o->ntexts++] = n->pairs ? "pairs" : "matrix";
	o->texts[o->ntexts++] = n->path;
	o->bufs = ARENA_ARRAY(l->a, uint32_t, 2 + c->features.n);
	o->bufs[o->nbufs++] = low->row;
	o->bufs[o->nbufs++] = low->target;
	o->nums = ARENA_ARRAY(l->a, int64_t, 4);
	o->nums[o->nnums++] = (int64_t)l->net->layers.at[c->post].n;
	o->nums[o->nnums++] = 0;
	o->nums[o->nnums++] = (int64_t)n->nsynapses;
	o->nums[o->nnums++] = n->multapses ? 2 : 0;
}

void
low_said(Lower *l, uint32_t conn, const char *path, uint32_t buf)
{
	PlanObject *o = &l->p->objects.at[l->conns[conn].draw];
	o->texts[o->ntexts++] = path;
	o->bufs[o->nbufs++] = buf;
}

static void
drawn(Lower *l, uint32_t conn)
{
	const NetConn *c = &l->net->conns.at[conn];
	const NetPattern *n = &c->pattern;
	LowConn *low = &l->conns[conn];
	const char *site = arena_printf(l->a, "%s/synapses", c->name);
	low->draw = plan_add_object(l->p, POBJ_SYNAPSES, c->name);
	PlanObject *o = &l->p->objects.at[low->draw];
	o->span = n->span;
	o->texts = ARENA_ARRAY(l->a, const char *, 1);
	o->texts[o->ntexts++] = n->drawn;
	o->bufs = ARENA_ARRAY(l->a, uint32_t, 4);
	o->bufs[o->nbufs++] = low->row;
	o->bufs[o->nbufs++] = low->target;
	if (low_keeps_steps(l, conn)) {
		bool narrow = c->features.at[c->features.n - 1].slots <= 256;
		low->delay_steps = list(l, narrow ? PT_U8 : PT_U16, ROLE_STATE, AXIS_SYNAPSE, n->nsynapses, c->name, "delay_steps");
	} else if (low_is_arranged(l, conn)) {
		uint64_t slots = c->features.at[c->features.n - 1].slots;
		PlanAxis axes[2] = {low_axis(AXIS_PRE, l->net->layers.at[c->pre].n), low_axis(AXIS_SLOT, slots + 1)};
		low->delay_begin = low_add_buf(l, PT_U32, ROLE_STATE, 2, axes, "%s.delay_begin", c->name);
		l->p->objects.at[low->draw].bufs[2] = low->delay_begin;
		l->p->objects.at[low->draw].bufs[3] = synapse_delays(l);
		l->p->objects.at[low->draw].nbufs = 4;
	}
	o = &l->p->objects.at[low->draw];
	o->nums = ARENA_ARRAY(l->a, int64_t, 4);
	o->nums[o->nnums++] = (int64_t)l->net->layers.at[c->post].n;
	o->nums[o->nnums++] = (int64_t)low_site_hash(site);
	bool counted = n->near || n->cond;
	int64_t many = (int64_t)n->count;
	if (!many && !counted)
		memcpy(&many, &n->p, sizeof many);
	o->nums[o->nnums++] = many;
	o->nums[o->nnums++] = (n->autapses || counted ? 1 : 0) + (n->multapses ? 2 : 0);
}

void
low_list_buffers(Lower *l, uint32_t conn)
{
	const NetConn *c = &l->net->conns.at[conn];
	const NetPattern *p = &c->pattern;
	LowConn *low = &l->conns[conn];
	uint64_t npre = l->net->layers.at[c->pre].n, n = p->nsynapses;
	low->row = list(l, PT_U64, ROLE_STATE, AXIS_PRE, npre + 1, c->name, "row");
	low->target = list(l, index_type(l->net->layers.at[c->post].n), ROLE_STATE, AXIS_SYNAPSE, n, c->name, "target");
	if (p->drawn)
		drawn(l, conn);
	else
		listed(l, conn);
}

/* ---- by source ---------------------------------------------------------------------------------------------- */

static PlanExpr *
place(Lower *l, uint32_t buf, PlanExpr *at)
{
	return plan_cast(l->p, PT_I64, low_load(l, buf, 1, at));
}

static LowLoop
between(Lower *l, PlanEmit *b, const char *name, uint32_t bounds, PlanExpr *at)
{
	PlanExpr *next = plan_binary(l->p, PEXPR_ADD, at, low_i64(l, 1));
	return low_loop(b, name, place(l, bounds, at), place(l, bounds, next), false);
}

LowLoop
low_arranged_row(Lower *l, PlanEmit *b, uint32_t conn, PlanExpr *i, PlanExpr *now, LowLoop *slots, PlanExpr **slot)
{
	Plan *p = l->p;
	const NetConn *c = &l->net->conns.at[conn];
	uint32_t last = c->features.n - 1, begin = l->conns[conn].delay_begin;
	PlanExpr *row = plan_emit_let(b, "row", place(l, l->conns[conn].row, i));
	*slots = low_loop(b, "later", low_i64(l, 0), low_i64(l, (int64_t)c->features.at[last].slots), false);
	PlanEmit *in = low_body(slots);
	PlanExpr *next = plan_binary(p, PEXPR_ADD, slots->index, low_i64(l, 1));
	*slot = plan_emit_let(in, "slot", low_slot_after(l, in, conn, last, now, slots->index));
	PlanExpr *lo = plan_binary(p, PEXPR_ADD, row, plan_cast(p, PT_I64, low_load(l, begin, 2, i, slots->index)));
	PlanExpr *hi = plan_binary(p, PEXPR_ADD, row, plan_cast(p, PT_I64, low_load(l, begin, 2, i, next)));
	return low_loop(in, "e", lo, hi, false);
}

PlanExpr *
low_slot_of(Lower *l, PlanEmit *b, uint32_t conn, PlanExpr *synapse, PlanExpr *now)
{
	PlanExpr *later = place(l, l->conns[conn].delay_steps, synapse);
	return plan_emit_let(b, "slot", low_slot_after(l, b, conn, l->net->conns.at[conn].features.n - 1, now, later));
}

LowLoop
low_row(Lower *l, PlanEmit *b, uint32_t conn, PlanExpr *i)
{
	return between(l, b, "e", l->conns[conn].row, i);
}

/* Those of sources lo ..< hi, one after the other. */
LowLoop
low_synapses(Lower *l, PlanEmit *b, uint32_t conn, PlanExpr *lo, PlanExpr *hi)
{
	uint32_t row = l->conns[conn].row;
	return low_loop(b, "e", place(l, row, lo), place(l, row, hi), true);
}

PlanExpr *
low_target(Lower *l, PlanEmit *b, uint32_t conn, PlanExpr *synapse)
{
	return plan_emit_let(b, "j", place(l, l->conns[conn].target, synapse));
}

PlanExpr *
low_synapse_count(Lower *l, uint32_t conn)
{
	const NetConn *c = &l->net->conns.at[conn];
	return place(l, l->conns[conn].row, low_i64(l, (int64_t)l->net->layers.at[c->pre].n));
}

bool
low_is_listed(const Lower *l, const NetConn *c, const NetFeature *f)
{
	return c->pattern.kind == NPAT_SPARSE && !f->of_post && l->batch == 1;
}

/* ---- by target ---------------------------------------------------------------------------------------------- */

static void
set_column(Lower *l, PlanEmit *b, uint32_t column, PlanExpr *at, PlanExpr *e)
{
	low_store(b, column, plan_cast(l->p, PT_U64, e), 1, at);
}

/* Calls `each` in two loops over all synapses. */
typedef void EachSynapse(Lower *l, PlanEmit *b, uint32_t conn, PlanExpr *i, PlanExpr *e, PlanExpr *j);

static void
each_synapse(Lower *l, PlanEmit *b, uint32_t conn, EachSynapse *each)
{
	uint64_t npre = l->net->layers.at[l->net->conns.at[conn].pre].n;
	LowLoop rows = low_loop(b, "i", low_i64(l, 0), low_i64(l, (int64_t)npre), false);
	LowLoop row = low_row(l, low_body(&rows), conn, rows.index);
	each(l, low_body(&row), conn, rows.index, row.index, low_target(l, low_body(&row), conn, row.index));
	low_close(&row);
	low_close(&rows);
}

static void
count_synapse(Lower *l, PlanEmit *b, uint32_t conn, PlanExpr *i, PlanExpr *e, PlanExpr *j)
{
	uint32_t column = l->conns[conn].column;
	PlanExpr *next = plan_emit_let(b, "next", plan_binary(l->p, PEXPR_ADD, j, low_i64(l, 1)));
	(void)i, (void)e;
	set_column(l, b, column, next, plan_binary(l->p, PEXPR_ADD, place(l, column, next), low_i64(l, 1)));
}

/* The beginning of a column moves on to its end. */
static void
place_synapse(Lower *l, PlanEmit *b, uint32_t conn, PlanExpr *i, PlanExpr *e, PlanExpr *j)
{
	const LowConn *low = &l->conns[conn];
	PlanExpr *at = plan_emit_let(b, "at", place(l, low->column, j));
	low_store(b, low->incoming, plan_cast(l->p, l->p->bufs.at[low->incoming].type, e), 1, at);
	low_store(b, low->source, plan_cast(l->p, l->p->bufs.at[low->source].type, i), 1, at);
	set_column(l, b, low->column, j, plan_binary(l->p, PEXPR_ADD, at, low_i64(l, 1)));
}

/* Counts, adds up, places, and moves the ends back to where they begin. */
static void
columns(Lower *l, uint32_t conn)
{
	Plan *p = l->p;
	const NetConn *c = &l->net->conns.at[conn];
	LowConn *low = &l->conns[conn];
	uint64_t npre = l->net->layers.at[c->pre].n, npost = l->net->layers.at[c->post].n, n = c->pattern.nsynapses;
	low->column = list(l, PT_U64, ROLE_DERIVED, AXIS_POST, npost + 1, c->name, "column");
	low->incoming = list(l, n <= UINT32_MAX ? PT_U32 : PT_U64, ROLE_DERIVED, AXIS_SYNAPSE, n, c->name, "incoming");
	low->source = list(l, index_type(npre), ROLE_DERIVED, AXIS_SYNAPSE, n, c->name, "source");
	low->find_columns = low_add_kernel(l, 1, "%s.find_columns", c->name);
	PlanEmit b = plan_emit(p, p->codes.at[low->find_columns]);
	PlanExpr *end = low_i64(l, (int64_t)npost), *one = low_i64(l, 1);
	LowLoop once = low_loop(&b, "x", low_lo(&b), low_hi(&b), false);
	PlanEmit *in = low_body(&once);

	LowLoop zero = low_loop(in, "j", low_i64(l, 0), low_i64(l, (int64_t)npost + 1), true);
	set_column(l, low_body(&zero), low->column, zero.index, low_i64(l, 0));
	low_close(&zero);
	each_synapse(l, in, conn, count_synapse);
	LowLoop sum = low_loop(in, "j", low_i64(l, 0), end, false);
	PlanExpr *next = plan_emit_let(low_body(&sum), "next", plan_binary(p, PEXPR_ADD, sum.index, one));
	PlanExpr *all = plan_binary(p, PEXPR_ADD, place(l, low->column, sum.index), place(l, low->column, next));
	set_column(l, low_body(&sum), low->column, next, all);
	low_close(&sum);
	each_synapse(l, in, conn, place_synapse);
	LowLoop back = low_loop(in, "k", low_i64(l, 0), end, false);
	PlanExpr *j = plan_emit_let(low_body(&back), "j", plan_binary(p, PEXPR_SUB, end, back.index));
	set_column(l, low_body(&back), low->column, j, place(l, low->column, plan_binary(p, PEXPR_SUB, j, one)));
	low_close(&back);
	set_column(l, in, low->column, low_i64(l, 0), low_i64(l, 0));

	low_close(&once);
	p->codes.at[low->find_columns]->body = plan_freeze(&b);
}

PlanExpr *
low_list_length(Lower *l, uint32_t conn, NetVaries side, PlanExpr *neuron)
{
	LowConn *low = &l->conns[conn];
	if (side == NPLACE_POST && low->column == NO_BUF)
		columns(l, conn);
	uint32_t bounds = side == NPLACE_POST ? low->column : low->row;
	PlanExpr *next = plan_binary(l->p, PEXPR_ADD, neuron, low_i64(l, 1));
	return plan_binary(l->p, PEXPR_SUB, place(l, bounds, next), place(l, bounds, neuron));
}

LowLoop
low_column(Lower *l, PlanEmit *b, uint32_t conn, PlanExpr *j, PlanExpr **synapse, PlanExpr **source)
{
	LowConn *low = &l->conns[conn];
	if (low->column == NO_BUF)
		columns(l, conn);
	LowLoop loop = between(l, b, "n", low->column, j);
	PlanEmit *in = low_body(&loop);
	*synapse = plan_emit_let(in, "e", place(l, low->incoming, loop.index));
	*source = plan_emit_let(in, "i", place(l, low->source, loop.index));
	return loop;
}

/* ---- when the run begins --------------------------------------------------------------------------------------- */

void
low_connect(Lower *l, PlanEmit *b, uint32_t conn)
{
	const LowConn *low = &l->conns[conn];
	if (low->draw != UINT32_MAX) {
		PlanArg args[2] = {low_number(l, low->draw), low_address(l, low->row, NULL)};
		low_run_if(b, low->count);
		low_host(l, b, "connect", 2, args);
		low_run_if(b, low->place);
		low_run_if(b, low->find_delays);
		if (low->delay_begin != NO_BUF)
			low_host(l, b, "arrange", 2, args);
	}
	low_run_if(b, low->find_columns);
}
