/* lower_record: D of a step, and what else the host is told to keep: records, plots. */
#include "base/panic.h"
#include "lower/lower_inner.h"

#include <math.h>
#include <string.h>

uint32_t
low_var_buf(Lower *l, NetVar v)
{
	switch (v.kind) {
	case NVAR_SPIKES: return l->layers[v.of].spikes;
	case NVAR_STATE: return l->layers[v.of].states[v.index];
	case NVAR_TRACE: return l->layers[v.of].traces[v.index];
	case NVAR_RATE: return l->conns[v.of].rate;
	case NVAR_RULE_STATE: return l->conns[v.of].features[v.index].states[v.state];
	case NVAR_VALUE: return l->conns[v.of].features[v.index].buf;
	case NVAR_VOTES: return l->layers[v.of].votes;
	case NVAR_LABELS: return l->layers[v.of].assignment;
	case NVAR_RATES: return l->layers[v.of].rates;
	case NVAR_PROPORTIONS: return l->layers[v.of].proportions;
	case NVAR_KEPT: return l->conns[v.of].features[v.index].kept[v.state];
	case NVAR_COUNT: return l->layers[v.of].seen_count;
	case NVAR_SIGNAL: return l->signals[v.of].buf;
	case NVAR_SIGNAL_STATE: return l->signals[v.of].states[v.index];
	case NVAR_UNSET: break;
	}
	UNREACHABLE();
}

/* ---- what a record makes of its variable --------------------------------------------------------------- */

typedef struct {
	Lower *l;
	const NetRecord *r;
	uint32_t from, to, kernel;                        /* to, kernel: what is kept, what makes it */
	uint32_t count, seen;                             /* of RATE: spikes of each item, steps */
	PlanBuf of;                                       /* from, by value: buffers move */
	bool items;                                       /* has it an axis for the batch? */
} Make;

static uint32_t
open_kernel(Make *m, uint64_t range, const char *what, PlanEmit *b)
{
	uint32_t id = low_add_kernel(m->l, range, "%s.%s", m->r->name, what);
	*b = plan_emit(m->l->p, m->l->p->codes.at[id]);
	return id;
}

static void
close_kernel(Make *m, uint32_t id, PlanEmit *b)
{
	m->l->p->codes.at[id]->body = plan_freeze(b);
}

static LowLoop
items_of(Make *m, PlanEmit *b)
{
	return m->items ? low_items(m->l, b) : (LowLoop){.outer = b, .index = low_i64(m->l, 0), .unit = true};
}

static PlanExpr *
load_out(Make *m, uint32_t buf, PlanExpr *item)
{
	return m->items ? low_load(m->l, buf, 1, item) : low_load(m->l, buf, 0);
}

static void
store_out(Make *m, PlanEmit *b, uint32_t buf, PlanExpr *item, PlanExpr *e)
{
	low_store(b, buf, e, m->items ? 1 : 0, item);
}

static uint32_t
out_buf(Make *m, PlanType t, PlanRole role, uint64_t n, const char *what)
{
	PlanAxis axes[2];
	uint32_t naxes = 0;
	if (m->items)
		axes[naxes++] = m->of.axis[0];
	if (n)
		axes[naxes++] = low_axis(AXIS_ITEM, n);
	return low_add_buf(m->l, t, role, naxes, axes, "%s.%s", m->r->name, what);
}

/* A loop over each axis behind the batch; the first of them only as far as the record's part. */
typedef void Each(Make *m, PlanEmit *b, PlanExpr *item, PlanExpr *value, void *env);

static void
each_value(Make *m, PlanEmit *b, PlanExpr *item, PlanExpr **index, uint32_t axis, Each *each, void *env)
{
	Lower *l = m->l;
	if (axis == m->of.naxes) {
		PlanExpr *v = plan_load(l->p, m->from, axis, index);
		each(m, b, item, m->of.type == PT_BOOL ? plan_ternary(l->p, PEXPR_SELECT, v, plan_float(l->p, PT_F64, 1), plan_float(l->p, PT_F64, 0))
		                                       : plan_cast(l->p, PT_F64, v), env);
		return;
	}
	bool part = m->r->n && axis == m->items;
	int64_t lo = part ? (int64_t)m->r->first : 0, hi = part ? lo + (int64_t)m->r->n : (int64_t)m->of.axis[axis].extent;
	LowLoop loop = low_loop(b, "k", low_i64(l, lo), low_i64(l, hi), false);
	index[axis] = loop.index;
	each_value(m, low_body(&loop), item, index, axis + 1, each, env);
	low_close(&loop);
}

static void
each_of_item(Make *m, PlanEmit *b, PlanExpr *item, Each *each, void *env)
{
	PlanExpr *index[PLAN_MAX_AXES] = {item};
	each_value(m, b, item, index, m->items, each, env);
}

static uint64_t
count_values(const Make *m)
{
	uint64_t n = 1;
	for (uint32_t a = m->items; a < m->of.naxes; a++)
		n *= m->r->n && a == m->items ? m->r->n : m->of.axis[a].extent;
	return n;
}

static void
gather_one(Make *m, PlanEmit *b, PlanExpr *item, PlanExpr *v, void *env)
{
	(void)item;
	Plan *p = m->l->p;
	uint32_t acc = *(uint32_t *)env;
	PlanExpr *so_far = plan_local(p, b->code, acc);
	if (m->r->form == NREC_SUM || m->r->form == NREC_MEAN) {
		plan_emit_set(b, acc, plan_binary(p, PEXPR_ADD, so_far, v));
		return;
	}
	PlanExpr *x = plan_emit_let(b, "x", v);
	PlanExpr *better = plan_binary(p, m->r->form == NREC_MAX ? PEXPR_GT : PEXPR_LT, x, so_far);
	plan_emit_set(b, acc, plan_ternary(p, PEXPR_SELECT, better, x, so_far));
}

/* Sums in double, in the order of memory. */
static void
make_gather(Make *m)
{
	Lower *l = m->l;
	PlanEmit b;
	NetRecordForm f = m->r->form;
	m->to = out_buf(m, l->real, ROLE_SCRATCH, 0, "out");
	m->kernel = open_kernel(m, 1, "make", &b);
	LowLoop items = items_of(m, &b);
	uint32_t acc = plan_emit_var(low_body(&items), "acc", plan_float(l->p, PT_F64, f == NREC_MIN ? INFINITY : f == NREC_MAX ? -INFINITY : 0));
	each_of_item(m, low_body(&items), items.index, gather_one, &acc);
	PlanExpr *all = plan_local(l->p, b.code, acc);
	if (f == NREC_MEAN)
		all = plan_binary(l->p, PEXPR_DIV, all, plan_float(l->p, PT_F64, (double)count_values(m)));
	store_out(m, low_body(&items), m->to, items.index, plan_cast(l->p, l->real, all));
	low_close(&items);
	close_kernel(m, m->kernel, &b);
}

static void
count_one(Make *m, PlanEmit *b, PlanExpr *item, PlanExpr *v, void *env)
{
	Plan *p = m->l->p;
	PlanExpr *bins = plan_float(p, PT_F64, (double)m->r->bins / (m->r->high - m->r->low)), *low = plan_float(p, PT_F64, m->r->low);
	(void)env;
	PlanExpr *x = plan_emit_let(b, "x", v);
	PlanExpr *inside = plan_binary(p, PEXPR_AND, plan_binary(p, PEXPR_GE, x, low),
	                               plan_binary(p, PEXPR_LE, x, plan_float(p, PT_F64, m->r->high)));
	PlanEmit in = plan_emit(p, b->code);
	PlanExpr *at = plan_emit_let(&in, "at", plan_cast(p, PT_I64, plan_binary(p, PEXPR_MUL, plan_binary(p, PEXPR_SUB, x, low), bins)));
	PlanExpr *last = low_i64(m->l, (int64_t)m->r->bins - 1);
	PlanExpr *bin = plan_emit_let(&in, "bin", plan_ternary(p, PEXPR_SELECT, plan_binary(p, PEXPR_GT, at, last), last, at));
	PlanExpr *index[2] = {item, bin}, **from = m->items ? index : index + 1;
	plan_emit_store(&in, m->to, m->items + 1, from,
	                plan_binary(p, PEXPR_ADD, plan_load(p, m->to, m->items + 1, from), plan_int(p, PT_U64, 1)));
	plan_emit_if(b, inside, &in, NULL);
}

/* Bins are open above, but the last; what is outside is not counted. */
static void
make_histogram(Make *m)
{
	Lower *l = m->l;
	PlanEmit b;
	m->to = out_buf(m, PT_U64, ROLE_SCRATCH, m->r->bins, "out");
	m->kernel = open_kernel(m, 1, "make", &b);
	LowLoop items = items_of(m, &b);
	LowLoop bins = low_loop(low_body(&items), "k", low_i64(l, 0), low_i64(l, (int64_t)m->r->bins), false);
	PlanExpr *index[2] = {items.index, bins.index};
	plan_emit_store(low_body(&bins), m->to, m->items + 1, m->items ? index : index + 1, plan_int(l->p, PT_U64, 0));
	low_close(&bins);
	each_of_item(m, low_body(&items), items.index, count_one, NULL);
	low_close(&items);
	close_kernel(m, m->kernel, &b);
}

/* Spikes and steps are counted in each step, and begin anew behind each record. */
static uint32_t
make_rate(Make *m)
{
	Lower *l = m->l;
	Plan *p = l->p;
	PlanEmit b;
	m->to = out_buf(m, l->real, ROLE_SCRATCH, 0, "out");
	m->count = out_buf(m, PT_F64, ROLE_STATE, 0, "count");
	m->seen = low_add_buf(l, PT_U64, ROLE_STATE, 0, NULL, "%s.steps", m->r->name);
	uint32_t counts = open_kernel(m, 1, "count", &b);
	LowLoop items = items_of(m, &b);
	uint32_t acc = plan_emit_var(low_body(&items), "acc", load_out(m, m->count, items.index));
	Make sum = *m;
	NetRecord as = *m->r;
	as.form = NREC_SUM;
	sum.r = &as;
	each_of_item(&sum, low_body(&items), items.index, gather_one, &acc);
	store_out(m, low_body(&items), m->count, items.index, plan_local(p, b.code, acc));
	low_close(&items);
	low_store(&b, m->seen, plan_binary(p, PEXPR_ADD, low_load(l, m->seen, 0), plan_int(p, PT_U64, 1)), 0);
	close_kernel(m, counts, &b);
	m->kernel = open_kernel(m, 1, "make", &b);
	items = items_of(m, &b);
	PlanExpr *seconds = plan_binary(p, PEXPR_MUL, plan_cast(p, PT_F64, low_load(l, m->seen, 0)),
	                                plan_float(p, PT_F64, (double)count_values(m) * l->net->dt / 1000));
	store_out(m, low_body(&items), m->to, items.index,
	          plan_cast(p, l->real, plan_binary(p, PEXPR_DIV, load_out(m, m->count, items.index), seconds)));
	store_out(m, low_body(&items), m->count, items.index, plan_float(p, PT_F64, 0));
	low_close(&items);
	low_store(&b, m->seen, plan_int(p, PT_U64, 0), 0);
	close_kernel(m, m->kernel, &b);
	return counts;
}

static uint64_t
part_of(const Make *m)
{
	return m->r->n ? m->r->n : m->of.axis[m->of.naxes - 1].extent;
}

/* Some neurons of a layer. */
static void
make_part(Make *m)
{
	Lower *l = m->l;
	PlanEmit b;
	PlanAxis axes[2] = {m->of.axis[0], low_axis(m->of.axis[1].kind, m->r->n)};
	m->to = low_add_buf(l, m->of.type, ROLE_SCRATCH, 2, axes, "%s.out", m->r->name);
	m->kernel = open_kernel(m, m->r->n, "make", &b);
	LowLoop items = items_of(m, &b);
	LowLoop neurons = low_loop(low_body(&items), "j", low_lo(&b), low_hi(&b), true);
	PlanExpr *from = plan_binary(l->p, PEXPR_ADD, neurons.index, low_i64(l, (int64_t)m->r->first));
	low_store(low_body(&neurons), m->to, low_load(l, m->from, 2, items.index, from), 2, items.index, neurons.index);
	low_close(&neurons);
	low_close(&items);
	close_kernel(m, m->kernel, &b);
}

/* first + step * k */
static PlanExpr *
place_in(Make *m, uint32_t axis, PlanExpr *k)
{
	Plan *p = m->l->p;
	PlanExpr *at = m->r->part[axis].step == 1 ? k : plan_binary(p, PEXPR_MUL, k, low_i64(m->l, (int64_t)m->r->part[axis].step));
	return plan_binary(p, PEXPR_ADD, at, low_i64(m->l, (int64_t)m->r->part[axis].first));
}

/* A part of each axis behind the batch. */
static void
make_parts(Make *m)
{
	Lower *l = m->l;
	PlanEmit b;
	PlanAxis axes[PLAN_MAX_AXES];
	uint32_t naxes = m->items + m->r->nparts;
	for (uint32_t a = 0; a < naxes; a++)
		axes[a] = a < m->items ? m->of.axis[a] : low_axis(m->of.axis[a].kind, m->r->part[a - m->items].n);
	m->to = low_add_buf(l, m->of.type, ROLE_SCRATCH, naxes, axes, "%s.out", m->r->name);
	m->kernel = open_kernel(m, m->r->part[0].n, "make", &b);
	LowLoop items = items_of(m, &b), loop[2];
	PlanEmit *in = low_body(&items);
	PlanExpr *from[PLAN_MAX_AXES] = {items.index}, *to[PLAN_MAX_AXES] = {items.index};
	for (uint32_t k = 0; k < m->r->nparts; k++) {
		bool last = k + 1 == m->r->nparts;
		loop[k] = low_loop(in, "k", k ? low_i64(l, 0) : low_lo(&b), k ? low_i64(l, (int64_t)m->r->part[k].n) : low_hi(&b), last && m->r->part[k].step == 1);
		in = low_body(&loop[k]);
		from[m->items + k] = place_in(m, k, loop[k].index);
		to[m->items + k] = loop[k].index;
	}
	plan_emit_store(in, m->to, naxes, to, plan_load(l->p, m->from, naxes, from));
	for (uint32_t k = m->r->nparts; k-- > 0;)
		low_close(&loop[k]);
	low_close(&items);
	close_kernel(m, m->kernel, &b);
}

/* Loops over all values, and what is done with each. */
typedef struct { LowLoop loop[PLAN_MAX_AXES]; PlanExpr *index[PLAN_MAX_AXES]; PlanEmit *in; } All;

static void
open_all(Make *m, PlanEmit *b, All *a)
{
	a->in = b;
	for (uint32_t k = 0; k < m->of.naxes; k++) {
		a->loop[k] = low_loop(a->in, "k", low_i64(m->l, 0), low_i64(m->l, (int64_t)m->of.axis[k].extent), k + 1 == m->of.naxes);
		a->in = low_body(&a->loop[k]);
		a->index[k] = a->loop[k].index;
	}
}

static void
close_all(Make *m, All *a)
{
	for (uint32_t k = m->of.naxes; k-- > 0;)
		low_close(&a->loop[k]);
}

/* Values are added up in each step, and begin anew behind each record. */
static uint32_t
make_average(Make *m)
{
	Lower *l = m->l;
	Plan *p = l->p;
	PlanEmit b;
	All a;
	m->to = low_add_buf(l, l->real, ROLE_SCRATCH, m->of.naxes, m->of.axis, "%s.out", m->r->name);
	m->count = low_add_buf(l, PT_F64, ROLE_STATE, m->of.naxes, m->of.axis, "%s.sum", m->r->name);
	m->seen = low_add_buf(l, PT_U64, ROLE_STATE, 0, NULL, "%s.steps", m->r->name);
	uint32_t counts = open_kernel(m, 1, "count", &b);
	open_all(m, &b, &a);
	PlanExpr *v = plan_load(p, m->from, m->of.naxes, a.index);
	v = m->of.type == PT_BOOL ? plan_ternary(p, PEXPR_SELECT, v, plan_float(p, PT_F64, 1), plan_float(p, PT_F64, 0)) : plan_cast(p, PT_F64, v);
	plan_emit_store(a.in, m->count, m->of.naxes, a.index, plan_binary(p, PEXPR_ADD, plan_load(p, m->count, m->of.naxes, a.index), v));
	close_all(m, &a);
	low_store(&b, m->seen, plan_binary(p, PEXPR_ADD, low_load(l, m->seen, 0), plan_int(p, PT_U64, 1)), 0);
	close_kernel(m, counts, &b);
	m->kernel = open_kernel(m, 1, "make", &b);
	PlanExpr *steps = plan_emit_let(&b, "steps", plan_cast(p, PT_F64, low_load(l, m->seen, 0)));
	open_all(m, &b, &a);
	plan_emit_store(a.in, m->to, m->of.naxes, a.index,
	                plan_cast(p, l->real, plan_binary(p, PEXPR_DIV, plan_load(p, m->count, m->of.naxes, a.index), steps)));
	plan_emit_store(a.in, m->count, m->of.naxes, a.index, plan_float(p, PT_F64, 0));
	close_all(m, &a);
	low_store(&b, m->seen, plan_int(p, PT_U64, 0), 0);
	close_kernel(m, m->kernel, &b);
	return counts;
}

static void
store_bits(Make *m, PlanEmit *b, PlanExpr *item, PlanExpr *byte, PlanExpr *first, uint64_t n)
{
	Plan *p = m->l->p;
	PlanExpr *index[2] = {item, first};
	PlanExpr *bits = plan_emit_let(b, "bits", plan_mask(p, m->from, 2, index, low_i64(m->l, (int64_t)n)));
	low_store(b, m->to, plan_cast(p, PT_U8, bits), 2, item, byte);
}

/* Bit k of byte j is neuron 8 j + k. */
static void
make_bits(Make *m)
{
	Lower *l = m->l;
	PlanEmit b;
	uint64_t n = part_of(m), whole = n / 8;
	PlanAxis axes[2] = {m->of.axis[0], low_axis(AXIS_ITEM, (n + 7) / 8)};
	m->to = low_add_buf(l, PT_U8, ROLE_SCRATCH, 2, axes, "%s.out", m->r->name);
	m->kernel = open_kernel(m, 1, "make", &b);
	LowLoop items = items_of(m, &b);
	PlanExpr *first = low_i64(l, (int64_t)m->r->first);
	if (whole) {
		LowLoop bytes = low_loop(low_body(&items), "j", low_i64(l, 0), low_i64(l, (int64_t)whole), false);
		PlanExpr *at = plan_binary(l->p, PEXPR_ADD, plan_binary(l->p, PEXPR_MUL, bytes.index, low_i64(l, 8)), first);
		store_bits(m, low_body(&bytes), items.index, bytes.index, at, 8);
		low_close(&bytes);
	}
	if (n % 8)
		store_bits(m, low_body(&items), items.index, low_i64(l, (int64_t)whole), low_i64(l, (int64_t)(m->r->first + whole * 8)), n % 8);
	low_close(&items);
	close_kernel(m, m->kernel, &b);
}

static void
make(Lower *l, uint32_t k)
{
	const NetRecord *r = &l->net->records.at[k];
	Make m = {.l = l, .r = r, .from = low_var_buf(l, r->var), .kernel = UINT32_MAX};
	m.to = m.from;
	m.of = l->p->bufs.at[m.from];
	m.items = m.of.naxes && m.of.axis[0].kind == AXIS_BATCH;
	l->record_counts[k] = UINT32_MAX;
	switch (r->form) {
	case NREC_ALL:
		if (r->nparts)
			make_parts(&m);
		else if (r->n)
			make_part(&m);
		break;
	case NREC_AVERAGE:
		l->record_counts[k] = make_average(&m);
		break;
	case NREC_BITS:
		make_bits(&m);
		break;
	case NREC_MEAN: case NREC_SUM: case NREC_MIN: case NREC_MAX:
		make_gather(&m);
		break;
	case NREC_RATE:
		l->record_counts[k] = make_rate(&m);
		break;
	case NREC_HISTOGRAM:
		make_histogram(&m);
		break;
	case NREC_COUNT:
		UNREACHABLE();
	}
	l->record_from[k] = m.to;
	l->record_makes[k] = m.kernel;
}

PlanExpr *
low_record_window(Lower *l, const NetRecord *r, PlanExpr *when)
{
	Plan *p = l->p;
	PlanExpr *step = low_load(l, l->step, 0);
	if (!r->to)
		return when;
	PlanExpr *in = plan_binary(p, PEXPR_LT, step, plan_int(p, PT_U64, (int64_t)r->to));
	if (r->from)
		in = plan_binary(p, PEXPR_AND, plan_binary(p, PEXPR_GE, step, plan_int(p, PT_U64, (int64_t)r->from)), in);
	return when ? plan_binary(p, PEXPR_AND, when, in) : in;
}

/* ---- records --------------------------------------------------------------------------------------------- */

static int64_t
bits_of(double v)
{
	int64_t bits;
	memcpy(&bits, &v, sizeof bits);
	return bits;
}

/* "[0 ..< 10, 0 ..< 100 by 5]" */
static const char *
part_text(Lower *l, const NetRecord *r)
{
	const char *s = "[";
	for (uint32_t k = 0; k < r->nparts; k++) {
		s = arena_printf(l->a, "%s%s%llu ..< %llu", s, k ? ", " : "", (unsigned long long)r->part[k].first,
		                 (unsigned long long)(r->part[k].first + (r->part[k].n - 1) * r->part[k].step + 1));
		if (r->part[k].step > 1)
			s = arena_printf(l->a, "%s by %llu", s, (unsigned long long)r->part[k].step);
	}
	return arena_printf(l->a, "%s]", s);
}

void
low_records(Lower *l)
{
	const Net *n = l->net;
	l->record_objects = ARENA_ARRAY(l->a, uint32_t, n->records.n);
	l->record_on = ARENA_ARRAY(l->a, uint32_t, n->records.n);
	l->record_from = ARENA_ARRAY(l->a, uint32_t, n->records.n);
	l->record_makes = ARENA_ARRAY(l->a, uint32_t, n->records.n);
	l->record_counts = ARENA_ARRAY(l->a, uint32_t, n->records.n);
	for (uint32_t k = 0; k < n->records.n; k++) {
		const NetRecord *r = &n->records.at[k];
		bool events = r->form == NREC_ALL && r->var.kind == NVAR_SPIKES && !n->layers.at[r->var.of].values;
		make(l, k);
		uint32_t o = l->record_objects[k] = plan_add_object(l->p, POBJ_RECORD, r->name);
		PlanObject *po = &l->p->objects.at[o];
		po->texts = ARENA_ARRAY(l->a, const char *, 2);
		po->texts[0] = events ? "events" : r->form == NREC_ALL ? "dense" : net_record_form(r->form);
		po->bufs = ARENA_ARRAY(l->a, uint32_t, 1);
		po->bufs[0] = l->record_from[k];
		po->nums = ARENA_ARRAY(l->a, int64_t, 4);
		po->nums[po->nnums++] = (int64_t)r->every;
		po->ntexts = po->nbufs = 1;
		if (r->nparts)
			po->texts[po->ntexts++] = part_text(l, r);
		if (r->n || r->form > NREC_ALL) {
			po->nums[po->nnums++] = (int64_t)r->first;
			po->nums[po->nnums++] = r->form == NREC_HISTOGRAM ? bits_of(r->low) : (int64_t)r->n;
		}
		if (r->form == NREC_HISTOGRAM)
			po->nums[po->nnums++] = bits_of(r->high);
		if (r->form == NREC_BITS && !r->n)
			po->nums[2] = (int64_t)n->layers.at[r->var.of].n;
		po->span = r->span;
		l->record_on[k] = NO_BUF;
		if (r->phase != NET_NONE)
			l->record_on[k] = low_add_buf(l, PT_BOOL, ROLE_STATE, 0, NULL, "%s.recording", r->name);
	}
}
