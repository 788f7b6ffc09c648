/* lower_gather: reductions in rules: sum, mean, max, min over pre neurons, post neurons or items.
 *
 * Sums over pre, and over items, are taken in ascending order, items outermost. What goes over post neurons has 64 partial
 * results, of every 64th neuron each, which are joined in a fixed tree; over pre and post: over pre first, for each post
 * neuron. On patterns what belongs to synapses is gathered over the pairs that there are, in the order of their values: on
 * lists of synapses that of the list.
 */
#include "lower/lower_update.h"

#include "base/panic.h"

#include <math.h>

enum { PARTS = 64 };

typedef struct {
	Update *u;
	const Flat *f;
	const Hidden *h;
	const NetExpr *x;                                 /* what is gathered */
	NetOver how;
	NetVaries inner, over;                            /* over what x varies; over which neurons it is gathered */
	bool items;                                       /* over items too */
} Gather;

static Gather
gather_of(Update *u, const Flat *f)
{
	const NetExpr *g = f->gather;
	Gather w = {.u = u, .f = f, .h = &u->hidden.at[f->hidden], .x = g->op[0], .how = (NetOver)g->index};
	w.inner = f->of_pairs ? NPLACE_SYNAPSE : upd_varies(u, w.x);
	w.over = (NetVaries)(g->over & NPLACE_SYNAPSE);
	w.items = g->over & NOVER_BATCH;
	return w;
}

/* Over the pairs of a pattern; of lists: else they are gathered line by line. */
static bool
is_of_pattern(const Gather *w, bool lists)
{
	const Update *u = w->u;
	bool lines = low_is_listed(u->l, u->c, u->f) && w->over != NPLACE_CONNECTION;
	return w->inner == NPLACE_SYNAPSE && u->c->pattern.kind != NPAT_ALL && lines == lists;
}

NetVaries
upd_gather_kernel(Update *u, const Flat *f)
{
	Gather w = gather_of(u, f);
	if (is_of_pattern(&w, false))
		return w.over == NPLACE_CONNECTION ? NPLACE_SYNAPSE : NPLACE_CONNECTION;
	if (w.over == NPLACE_CONNECTION && f->place == NPLACE_SYNAPSE)
		return NPLACE_POST;
	return f->place;
}

static PlanExpr *
first(const Gather *w)
{
	return low_real(w->u->l, w->how == NOVER_MIN ? INFINITY : w->how == NOVER_MAX ? -INFINITY : 0);
}

static PlanExpr *
joined(const Gather *w, PlanEmit *b, PlanExpr *old, PlanExpr *x)
{
	Plan *p = w->u->l->p;
	if (w->how == NOVER_SUM || w->how == NOVER_MEAN)
		return plan_binary(p, PEXPR_ADD, old, x);
	x = low_keep(b, "x", x);
	return plan_ternary(p, PEXPR_SELECT, plan_binary(p, w->how == NOVER_MAX ? PEXPR_GT : PEXPR_LT, x, old), x, old);
}

static PlanExpr *
finished(const Gather *w, PlanExpr *e)
{
	const Update *u = w->u;
	if (w->how != NOVER_MEAN)
		return e;
	double n = w->items ? (double)u->l->batch : 1;
	n *= w->over & NPLACE_PRE ? (double)u->npre : 1;
	n *= w->over & NPLACE_POST ? (double)u->npost : 1;
	return plan_binary(u->l->p, PEXPR_DIV, e, low_real(u->l, n));
}

static PlanExpr *
value_at(const Gather *w, PlanEmit *b, PlanExpr *item, PlanExpr *i, PlanExpr *j)
{
	Scope s = upd_instance(w->u, b, item, i, j);
	return low_expr(&s, w->x);
}

static Scope
result_at(const Gather *w, PlanEmit *b, PlanExpr *item, PlanExpr *i, PlanExpr *j)
{
	Scope s = {.l = w->u->l, .b = b, .conn = w->u->conn, .item = item, .pre = i, .post = j, .at = w->u->at};
	if (s.at && w->f->place == NPLACE_SYNAPSE)
		low_find_pair(&s, false);
	return s;
}

static void
put(const Gather *w, PlanEmit *b, PlanExpr *item, PlanExpr *i, PlanExpr *j, PlanExpr *e)
{
	Scope s = result_at(w, b, item, i, j);
	low_place_store(&s, w->h->buf, w->f->place, w->h->alike, e);
}

static PlanExpr *
got(const Gather *w, PlanEmit *b, PlanExpr *item, PlanExpr *i, PlanExpr *j)
{
	Scope s = result_at(w, b, item, i, j);
	return low_place_load(&s, w->h->buf, w->f->place, w->h->alike);
}

/* Items that are gathered, or each of which has its own result; no loop where all are alike. */
static LowLoop
items_of(const Gather *w, PlanEmit *b)
{
	if (w->h->alike && !w->items)
		return (LowLoop){.unit = true, .outer = b, .index = low_i64(w->u->l, 0)};
	return low_items(w->u->l, b);
}

static PlanExpr *
count_of(const Gather *w, NetVaries side)
{
	return low_i64(w->u->l, (int64_t)(side == NPLACE_PRE ? w->u->npre : w->u->npost));
}

/* ---- over pre neurons, in ascending order ------------------------------------------------------------------------- */

/* For each post neuron of the kernel: the result itself gathers. */
static void
over_pre_of_post(const Gather *w)
{
	Update *u = w->u;
	Lower *l = u->l;
	LowLoop items = w->items ? (LowLoop){.unit = true, .outer = u->b, .index = low_i64(l, 0)} : items_of(w, u->b);
	PlanEmit *b = low_body(&items);
	LowLoop zero = low_loop(b, "j", u->lo, u->hi, true);
	put(w, low_body(&zero), items.index, NULL, zero.index, first(w));
	low_close(&zero);
	LowLoop inner = w->items ? items_of(w, b) : (LowLoop){.unit = true, .outer = b, .index = items.index};
	LowLoop rows = low_loop(low_body(&inner), "i", low_i64(l, 0), count_of(w, NPLACE_PRE), false);
	LowLoop cols = low_loop(low_body(&rows), "j", u->lo, u->hi, true);
	PlanEmit *in = low_body(&cols);
	PlanExpr *x = value_at(w, in, inner.index, rows.index, cols.index);
	put(w, in, inner.index, NULL, cols.index, joined(w, in, got(w, in, inner.index, NULL, cols.index), x));
	low_close(&cols);
	low_close(&rows);
	low_close(&inner);
	if (w->how == NOVER_MEAN) {
		LowLoop last = low_loop(b, "j", u->lo, u->hi, true);
		put(w, low_body(&last), items.index, NULL, last.index, finished(w, got(w, b, items.index, NULL, last.index)));
		low_close(&last);
	}
	low_close(&items);
}

/* One result: over pre neurons alone. */
static void
over_pre(const Gather *w)
{
	Update *u = w->u;
	Lower *l = u->l;
	LowLoop outer = w->items ? (LowLoop){.unit = true, .outer = u->b, .index = low_i64(l, 0)} : items_of(w, u->b);
	PlanEmit *b = low_body(&outer);
	uint32_t acc = plan_emit_var(b, "sum", first(w));
	LowLoop inner = w->items ? items_of(w, b) : (LowLoop){.unit = true, .outer = b, .index = outer.index};
	LowLoop each = low_loop(low_body(&inner), "i", low_i64(l, 0), count_of(w, NPLACE_PRE), false);
	PlanEmit *in = low_body(&each);
	PlanExpr *x = value_at(w, in, inner.index, each.index, NULL);
	plan_emit_set(in, acc, joined(w, in, plan_local(l->p, b->code, acc), x));
	low_close(&each);
	low_close(&inner);
	put(w, b, outer.index, NULL, NULL, finished(w, plan_local(l->p, b->code, acc)));
	low_close(&outer);
}

/* ---- over post neurons: 64 partial results and a tree ---------------------------------------------------------------- */

typedef struct { const Gather *w; uint32_t parts; PlanExpr *row; /* NULL: one set of parts */ uint32_t sums; /* over pre, or NO_BUF */ } Tree;

static PlanExpr *
part(const Tree *t, PlanExpr *k)
{
	Lower *l = t->w->u->l;
	return t->row ? low_load(l, t->parts, 2, t->row, k) : low_load(l, t->parts, 1, k);
}

static void
put_part(const Tree *t, PlanEmit *b, PlanExpr *k, PlanExpr *e)
{
	if (t->row)
		low_store(b, t->parts, e, 2, t->row, k);
	else
		low_store(b, t->parts, e, 1, k);
}

static void
clear_parts(const Tree *t, PlanEmit *b)
{
	Lower *l = t->w->u->l;
	LowLoop k = low_loop(b, "k", low_i64(l, 0), low_i64(l, PARTS), true);
	put_part(t, low_body(&k), k.index, first(t->w));
	low_close(&k);
}

/* Part k takes neurons k, k + 64, k + 128 … */
static void
add_to_parts(const Tree *t, PlanEmit *b, PlanExpr *item)
{
	const Gather *w = t->w;
	Lower *l = w->u->l;
	Plan *p = l->p;
	uint64_t n = w->u->npost;
	for (int rest = 0; rest < 2; rest++) {
		uint64_t count = rest ? n % PARTS : PARTS;
		if (!count || (!rest && n < PARTS))
			continue;
		LowLoop q = low_loop(b, "q", low_i64(l, rest ? (int64_t)(n / PARTS) : 0), low_i64(l, (int64_t)(n / PARTS) + rest), false);
		LowLoop k = low_loop(low_body(&q), "k", low_i64(l, 0), low_i64(l, (int64_t)count), true);
		PlanEmit *in = low_body(&k);
		PlanExpr *j = plan_emit_let(in, "j", plan_binary(p, PEXPR_ADD, plan_binary(p, PEXPR_MUL, q.index, low_i64(l, PARTS)), k.index));
		PlanExpr *x = t->sums != NO_BUF ? low_load(l, t->sums, 1, j) : value_at(w, in, item, t->row, j);
		put_part(t, in, k.index, joined(w, in, part(t, k.index), x));
		low_close(&k);
		low_close(&q);
	}
}

static PlanExpr *
join_parts(const Tree *t, PlanEmit *b)
{
	const Gather *w = t->w;
	Lower *l = w->u->l;
	for (int64_t half = PARTS / 2; half > 0; half /= 2) {
		LowLoop k = low_loop(b, "k", low_i64(l, 0), low_i64(l, half), true);
		PlanEmit *in = low_body(&k);
		PlanExpr *far = plan_binary(l->p, PEXPR_ADD, k.index, low_i64(l, half));
		put_part(t, in, k.index, joined(w, in, part(t, k.index), part(t, far)));
		low_close(&k);
	}
	return finished(w, part(t, low_i64(l, 0)));
}

static uint32_t
parts_buf(const Gather *w)
{
	Update *u = w->u;
	PlanAxis axes[2] = {low_axis(AXIS_PRE, u->npre), low_axis(AXIS_SLOT, PARTS)};
	bool rows = w->f->place & NPLACE_PRE;
	return low_add_buf(u->l, u->l->real, ROLE_SCRATCH, rows ? 2 : 1, rows ? axes : axes + 1, "%s.%s_parts", u->c->name, u->f->name);
}

static void
over_post(const Gather *w)
{
	Update *u = w->u;
	Lower *l = u->l;
	Tree t = {.w = w, .parts = parts_buf(w), .sums = NO_BUF};
	LowLoop rows = {.unit = true, .outer = u->b};
	if (w->f->place & NPLACE_PRE) {
		rows = low_loop(u->b, "i", u->lo, u->hi, false);
		t.row = rows.index;
	}
	PlanEmit *b = low_body(&rows);
	LowLoop outer = w->items ? (LowLoop){.unit = true, .outer = b, .index = low_i64(l, 0)} : items_of(w, b);
	PlanEmit *in = low_body(&outer);
	clear_parts(&t, in);
	LowLoop inner = w->items ? items_of(w, in) : (LowLoop){.unit = true, .outer = in, .index = outer.index};
	add_to_parts(&t, low_body(&inner), inner.index);
	low_close(&inner);
	put(w, in, outer.index, t.row, NULL, join_parts(&t, in));
	low_close(&outer);
	low_close(&rows);
}

/* Over pre for each post neuron, then over post. */
static void
over_both(const Gather *w)
{
	Update *u = w->u;
	Lower *l = u->l;
	PlanAxis axis = low_axis(AXIS_POST, u->npost);
	Tree t = {.w = w, .parts = parts_buf(w)};
	t.sums = low_add_buf(l, l->real, ROLE_SCRATCH, 1, &axis, "%s.%s_sums", u->c->name, u->f->name);
	LowLoop outer = w->items ? (LowLoop){.unit = true, .outer = u->b, .index = low_i64(l, 0)} : items_of(w, u->b);
	PlanEmit *b = low_body(&outer);
	LowLoop zero = low_loop(b, "j", low_i64(l, 0), count_of(w, NPLACE_POST), true);
	low_store(low_body(&zero), t.sums, first(w), 1, zero.index);
	low_close(&zero);
	LowLoop inner = w->items ? items_of(w, b) : (LowLoop){.unit = true, .outer = b, .index = outer.index};
	LowLoop rows = low_loop(low_body(&inner), "i", low_i64(l, 0), count_of(w, NPLACE_PRE), false);
	LowLoop cols = low_loop(low_body(&rows), "j", low_i64(l, 0), count_of(w, NPLACE_POST), true);
	PlanEmit *in = low_body(&cols);
	PlanExpr *x = value_at(w, in, inner.index, rows.index, cols.index);
	low_store(in, t.sums, joined(w, in, low_load(l, t.sums, 1, cols.index), x), 1, cols.index);
	low_close(&cols);
	low_close(&rows);
	low_close(&inner);
	clear_parts(&t, b);
	add_to_parts(&t, b, outer.index);
	put(w, b, outer.index, NULL, NULL, join_parts(&t, b));
	low_close(&outer);
}

/* ---- over items alone --------------------------------------------------------------------------------------------------- */

static void
over_items(const Gather *w)
{
	Update *u = w->u;
	Lower *l = u->l;
	LowLoop rows = {.unit = true, .outer = u->b}, cols = {.unit = true};
	PlanExpr *i = NULL, *j = NULL;
	if (w->f->place & NPLACE_PRE) {
		bool own = w->f->place == NPLACE_PRE;
		rows = low_loop(u->b, "i", own ? u->lo : low_i64(l, 0), own ? u->hi : count_of(w, NPLACE_PRE), false);
		i = rows.index;
	}
	cols.outer = low_body(&rows);
	if (w->f->place & NPLACE_POST) {
		cols = low_loop(low_body(&rows), "j", u->lo, u->hi, true);
		j = cols.index;
	}
	PlanEmit *b = low_body(&cols);
	uint32_t acc = plan_emit_var(b, "sum", first(w));
	LowLoop items = low_items(l, b);
	PlanEmit *in = low_body(&items);
	PlanExpr *x = value_at(w, in, items.index, i, j);
	plan_emit_set(in, acc, joined(w, in, plan_local(l->p, b->code, acc), x));
	low_close(&items);
	put(w, b, low_i64(l, 0), i, j, finished(w, plan_local(l->p, b->code, acc)));
	low_close(&cols);
	low_close(&rows);
}

/* ---- lists of synapses, one item ---------------------------------------------------------------------------------------- */

static void
add_listed(const Gather *w, PlanEmit *b, uint32_t acc, PlanExpr *synapse, PlanExpr *i, PlanExpr *j)
{
	LowIndex at = {1, {synapse}};
	w->u->at = &at;
	PlanExpr *x = value_at(w, b, low_i64(w->u->l, 0), i, j);
	w->u->at = NULL;
	plan_emit_set(b, acc, joined(w, b, plan_local(w->u->l->p, b->code, acc), x));
}

/* The mean over n partners; over none it is 0. */
static PlanExpr *
mean_of(const Gather *w, PlanExpr *sum, PlanExpr *n)
{
	Lower *l = w->u->l;
	Plan *p = l->p;
	if (w->how != NOVER_MEAN)
		return sum;
	PlanExpr *mean = plan_binary(p, PEXPR_DIV, sum, plan_cast(p, l->real, n));
	return plan_ternary(p, PEXPR_SELECT, plan_binary(p, PEXPR_EQ, n, low_i64(l, 0)), low_real(l, 0), mean);
}

static void
listed_line(const Gather *w, bool rows)
{
	Update *u = w->u;
	Lower *l = u->l;
	LowLoop outer = low_loop(u->b, rows ? "i" : "j", u->lo, u->hi, false);
	PlanEmit *b = low_body(&outer);
	uint32_t acc = plan_emit_var(b, "sum", first(w));
	PlanExpr *synapse, *other;
	LowLoop line = rows ? low_row(l, b, u->conn, outer.index) : low_column(l, b, u->conn, outer.index, &synapse, &other);
	PlanExpr *n = plan_binary(l->p, PEXPR_SUB, line.hi, line.lo);
	if (rows)
		add_listed(w, low_body(&line), acc, line.index, outer.index, low_target(l, low_body(&line), u->conn, line.index));
	else
		add_listed(w, low_body(&line), acc, synapse, other, outer.index);
	low_close(&line);
	PlanExpr *e = mean_of(w, plan_local(l->p, b->code, acc), n);
	put(w, b, low_i64(l, 0), rows ? outer.index : NULL, rows ? NULL : outer.index, e);
	low_close(&outer);
}

static void
listed_all(const Gather *w)
{
	Update *u = w->u;
	Lower *l = u->l;
	uint32_t acc = plan_emit_var(u->b, "sum", first(w));
	LowLoop rows = low_loop(u->b, "i", low_i64(l, 0), count_of(w, NPLACE_PRE), false);
	LowLoop line = low_row(l, low_body(&rows), u->conn, rows.index);
	PlanEmit *in = low_body(&line);
	add_listed(w, in, acc, line.index, rows.index, low_target(l, in, u->conn, line.index));
	low_close(&line);
	low_close(&rows);
	PlanExpr *n = low_synapse_count(l, u->conn);
	put(w, u->b, low_i64(l, 0), NULL, NULL, mean_of(w, plan_local(l->p, u->b->code, acc), n));
}

/* ---- patterns ------------------------------------------------------------------------------------------------------------- */

typedef struct { const Gather *w; PlanExpr *item; } Pair;

static void
items_of_pair(void *env, PlanEmit *b, const LowIndex *at, PlanExpr *i, PlanExpr *j)
{
	const Gather *w = ((Pair *)env)->w;
	Lower *l = w->u->l;
	w->u->at = at;
	uint32_t acc = plan_emit_var(b, "sum", first(w));
	LowLoop items = low_items(l, b);
	PlanEmit *in = low_body(&items);
	PlanExpr *x = value_at(w, in, items.index, i, j);
	plan_emit_set(in, acc, joined(w, in, plan_local(l->p, b->code, acc), x));
	low_close(&items);
	put(w, b, low_i64(l, 0), i, j, finished(w, plan_local(l->p, b->code, acc)));
	w->u->at = NULL;
}

static void
join_pair(void *env, PlanEmit *b, const LowIndex *at, PlanExpr *i, PlanExpr *j)
{
	const Pair *p = env;
	const Gather *w = p->w;
	w->u->at = at;
	PlanExpr *x = value_at(w, b, p->item, i, j);
	w->u->at = NULL;
	i = w->f->place & NPLACE_PRE ? i : NULL;
	j = w->f->place & NPLACE_POST ? j : NULL;
	put(w, b, p->item, i, j, joined(w, b, got(w, b, p->item, i, j), x));
}

/* Opens a loop over all results of an item. */
static LowLoop
results(const Gather *w, PlanEmit *b, PlanExpr **i, PlanExpr **j)
{
	*i = *j = NULL;
	if (w->f->place == NPLACE_CONNECTION)
		return (LowLoop){.unit = true, .outer = b, .index = low_i64(w->u->l, 0)};
	LowLoop loop = low_loop(b, "k", low_i64(w->u->l, 0), count_of(w, w->f->place), true);
	*(w->f->place == NPLACE_PRE ? i : j) = loop.index;
	return loop;
}

/* How many are joined in a result, as a number. */
static PlanExpr *
partners(const Gather *w, uint32_t buf, PlanExpr *at)
{
	const Update *u = w->u;
	double n = 0;
	if (buf != NO_BUF)
		return low_load(u->l, buf, 1, at);
	if (u->c->pattern.kind == NPAT_SPARSE) {
		PlanExpr *all = w->f->place == NPLACE_CONNECTION ? low_synapse_count(u->l, u->conn)
		                                                 : low_list_length(u->l, u->conn, w->f->place, at);
		PlanExpr *items = low_real(u->l, w->items ? (double)u->l->batch : 1);
		return plan_binary(u->l->p, PEXPR_MUL, plan_cast(u->l->p, u->l->real, all), items);
	}
	const uint64_t *each = low_partners(u->l, u->conn, NPLACE_PRE);
	for (uint64_t k = 0; k < u->npre; k++)
		n += (double)each[k];
	return low_real(u->l, w->items ? n * (double)u->l->batch : n);
}

static uint32_t
partners_buf(const Gather *w)
{
	const Update *u = w->u;
	if (w->f->place == NPLACE_CONNECTION || u->c->pattern.kind == NPAT_SPARSE)
		return NO_BUF;
	bool pre = w->f->place == NPLACE_PRE;
	PlanAxis axis = low_axis(pre ? AXIS_PRE : AXIS_POST, pre ? u->npre : u->npost);
	uint32_t buf = low_add_buf(u->l, u->l->real, ROLE_CONST, 1, &axis, "%s.%s_partners", u->c->name, u->f->name);
	PlanValue *v = ARENA_ARRAY(u->l->a, PlanValue, axis.extent);
	const uint64_t *n = low_partners(u->l, u->conn, w->f->place);
	for (uint64_t k = 0; k < axis.extent; k++)
		v[k].f = plan_round_float(u->l->real, (double)n[k] * (w->items ? (double)u->l->batch : 1));
	u->l->p->bufs.at[buf].data = v;
	return buf;
}

static void
over_pairs(const Gather *w)
{
	Update *u = w->u;
	Lower *l = u->l;
	Plan *p = l->p;
	if (w->over == NPLACE_CONNECTION) {
		low_each_place(l, u->b, u->conn, false, u->lo, u->hi, items_of_pair, &(Pair){w, NULL});
		return;
	}
	PlanExpr *i, *j, *all = low_i64(l, (int64_t)low_pair_range(l, u->conn, false));
	LowLoop outer = w->items ? (LowLoop){.unit = true, .outer = u->b, .index = low_i64(l, 0)} : items_of(w, u->b);
	PlanEmit *b = low_body(&outer);
	LowLoop zero = results(w, b, &i, &j);
	put(w, low_body(&zero), outer.index, i, j, first(w));
	low_close(&zero);
	LowLoop inner = w->items ? items_of(w, b) : (LowLoop){.unit = true, .outer = b, .index = outer.index};
	low_each_place(l, low_body(&inner), u->conn, false, low_i64(l, 0), all, join_pair, &(Pair){w, inner.index});
	low_close(&inner);
	if (w->how == NOVER_MEAN) {
		uint32_t counts = partners_buf(w);
		LowLoop last = results(w, b, &i, &j);
		PlanEmit *in = low_body(&last);
		PlanExpr *n = low_keep(in, "n", partners(w, counts, last.index));
		PlanExpr *mean = plan_binary(p, PEXPR_DIV, got(w, in, outer.index, i, j), n);
		mean = plan_ternary(p, PEXPR_SELECT, plan_binary(p, PEXPR_EQ, n, low_real(l, 0)), low_real(l, 0), mean);
		put(w, in, outer.index, i, j, mean);
		low_close(&last);
	}
	low_close(&outer);
}

void
upd_gather(Update *u, const Flat *f)
{
	Gather w = gather_of(u, f);
	if (is_of_pattern(&w, true)) {
		if (w.over == NPLACE_SYNAPSE)
			listed_all(&w);
		else
			listed_line(&w, w.over == NPLACE_POST);
		return;
	}
	if (is_of_pattern(&w, false)) {
		over_pairs(&w);
		return;
	}
	switch (w.over) {
	case NPLACE_CONNECTION:
		over_items(&w);
		return;
	case NPLACE_PRE:
		if (f->place & NPLACE_POST)
			over_pre_of_post(&w);
		else
			over_pre(&w);
		return;
	case NPLACE_POST:
		over_post(&w);
		return;
	case NPLACE_SYNAPSE:
		over_both(&w);
		return;
	}
	UNREACHABLE();
}
