/* lower_propagate: e^(A dt) - 1 for each neuron whose parameters are drawn, or set by the experiment.
 *
 * In double, whatever the precision: A dt is halved until its largest row sums to at most 1/2, there the Taylor series has
 * TERMS terms (0.5^20 / 20! is far below a double's last bit), then X := 2 X + X X undoes one halving, for X = e^M - 1
 * (expm.c does the same where parameters are known). Nothing is asked of a C library, so all engines give the same bits.
 * It is done once for each neuron, when the run begins and when the experiment sets, loads or resets what it follows from; the elements are
 * states, so that a run that goes on from a checkpoint has them.
 */
#include "lower/lower_inner.h"

enum { TERMS = 20, HALVINGS = 1100 };

typedef struct {
	Lower *l;
	PlanEmit *b;
	uint32_t n;
	uint32_t m, term, next, x;                        /* scratch: f64 [n, n] */
} Matrix;

static PlanExpr *
f64(Lower *l, double v)
{
	return plan_float(l->p, PT_F64, v);
}

/* to[i, j] = e for all i and j. */
typedef PlanExpr *Element(const Matrix *m, PlanEmit *b, PlanExpr *i, PlanExpr *j);

static void
each(const Matrix *m, PlanEmit *b, uint32_t to, Element *e)
{
	LowLoop rows = low_loop(b, "i", low_i64(m->l, 0), low_i64(m->l, m->n), false);
	LowLoop columns = low_loop(low_body(&rows), "j", low_i64(m->l, 0), low_i64(m->l, m->n), false);
	PlanExpr *v = e(m, low_body(&columns), rows.index, columns.index);
	low_store(low_body(&columns), to, v, 2, rows.index, columns.index);
	low_close(&columns);
	low_close(&rows);
}

static PlanExpr *
product(const Matrix *m, PlanEmit *b, uint32_t left, uint32_t right, PlanExpr *i, PlanExpr *j)
{
	Lower *l = m->l;
	uint32_t sum = plan_emit_var(b, "sum", f64(l, 0));
	LowLoop k = low_loop(b, "k", low_i64(l, 0), low_i64(l, m->n), false);
	PlanExpr *part = plan_binary(l->p, PEXPR_MUL, low_load(l, left, 2, i, k.index), low_load(l, right, 2, k.index, j));
	plan_emit_set(low_body(&k), sum, plan_binary(l->p, PEXPR_ADD, plan_local(l->p, b->code, sum), part));
	low_close(&k);
	return plan_local(l->p, b->code, sum);
}

static PlanExpr *
term_times_m(const Matrix *m, PlanEmit *b, PlanExpr *i, PlanExpr *j)
{
	return product(m, b, m->term, m->m, i, j);
}

static PlanExpr *
squared(const Matrix *m, PlanEmit *b, PlanExpr *i, PlanExpr *j)
{
	PlanExpr *x = low_load(m->l, m->x, 2, i, j);
	PlanExpr *square = product(m, b, m->x, m->x, i, j);
	return plan_binary(m->l->p, PEXPR_ADD, plan_binary(m->l->p, PEXPR_MUL, f64(m->l, 2), x), square);
}

static PlanExpr *
copy_of_next(const Matrix *m, PlanEmit *b, PlanExpr *i, PlanExpr *j)
{
	(void)b;
	return low_load(m->l, m->next, 2, i, j);
}

/* The halvings: how often, with m scaled by them. */
static uint32_t
scale(const Matrix *m)
{
	Lower *l = m->l;
	Plan *p = l->p;
	PlanEmit *b = m->b;
	uint32_t size = plan_emit_var(b, "size", f64(l, 0));
	LowLoop rows = low_loop(b, "i", low_i64(l, 0), low_i64(l, m->n), false);
	uint32_t sum = plan_emit_var(low_body(&rows), "row", f64(l, 0));
	LowLoop columns = low_loop(low_body(&rows), "j", low_i64(l, 0), low_i64(l, m->n), false);
	PlanExpr *v = plan_unary(p, PEXPR_ABS, low_load(l, m->m, 2, rows.index, columns.index));
	plan_emit_set(low_body(&columns), sum, plan_binary(p, PEXPR_ADD, plan_local(p, b->code, sum), v));
	low_close(&columns);
	PlanExpr *row = plan_local(p, b->code, sum), *most = plan_local(p, b->code, size);
	plan_emit_set(low_body(&rows), size, plan_ternary(p, PEXPR_SELECT, plan_binary(p, PEXPR_GT, row, most), row, most));
	low_close(&rows);
	uint32_t halvings = plan_emit_var(b, "halvings", low_i64(l, 0)), by = plan_emit_var(b, "scale", f64(l, 1));
	PlanEmit in = plan_emit(p, b->code);
	PlanExpr *h = plan_local(p, b->code, halvings), *f = plan_local(p, b->code, by), *s = plan_local(p, b->code, size);
	PlanExpr *more = plan_binary(p, PEXPR_AND, plan_binary(p, PEXPR_GT, s, f64(l, 0.5)), plan_binary(p, PEXPR_LT, h, low_i64(l, HALVINGS)));
	plan_emit_set(&in, size, plan_binary(p, PEXPR_MUL, s, f64(l, 0.5)));
	plan_emit_set(&in, by, plan_binary(p, PEXPR_MUL, f, f64(l, 0.5)));
	plan_emit_set(&in, halvings, plan_binary(p, PEXPR_ADD, h, low_i64(l, 1)));
	plan_emit_while(b, more, &in);
	LowLoop i = low_loop(b, "i", low_i64(l, 0), low_i64(l, m->n), false);
	LowLoop j = low_loop(low_body(&i), "j", low_i64(l, 0), low_i64(l, m->n), false);
	PlanExpr *scaled = plan_emit_let(low_body(&j), "scaled", plan_binary(p, PEXPR_MUL, low_load(l, m->m, 2, i.index, j.index), f));
	low_store(low_body(&j), m->m, scaled, 2, i.index, j.index);
	low_store(low_body(&j), m->term, scaled, 2, i.index, j.index);
	low_store(low_body(&j), m->x, scaled, 2, i.index, j.index);
	low_close(&j);
	low_close(&i);
	return halvings;
}

/* x = e^m - 1, with m in place. */
static void
exponential(const Matrix *m)
{
	Lower *l = m->l;
	Plan *p = l->p;
	uint32_t halvings = scale(m);
	LowLoop terms = low_loop(m->b, "t", low_i64(l, 2), low_i64(l, TERMS + 1), false);
	PlanEmit *b = low_body(&terms);
	each(m, b, m->next, term_times_m);
	LowLoop i = low_loop(b, "i", low_i64(l, 0), low_i64(l, m->n), false);
	LowLoop j = low_loop(low_body(&i), "j", low_i64(l, 0), low_i64(l, m->n), false);
	PlanExpr *term = plan_binary(p, PEXPR_DIV, low_load(l, m->next, 2, i.index, j.index), plan_cast(p, PT_F64, terms.index));
	term = plan_emit_let(low_body(&j), "term", term);
	low_store(low_body(&j), m->term, term, 2, i.index, j.index);
	low_store(low_body(&j), m->x, plan_binary(p, PEXPR_ADD, low_load(l, m->x, 2, i.index, j.index), term), 2, i.index, j.index);
	low_close(&j);
	low_close(&i);
	low_close(&terms);
	LowLoop back = low_loop(m->b, "h", low_i64(l, 0), plan_local(p, m->b->code, halvings), false);
	each(m, low_body(&back), m->next, squared);
	each(m, low_body(&back), m->x, copy_of_next);
	low_close(&back);
}

/* ---- a layer ------------------------------------------------------------------------------------ */

static bool
is_asked_for(const LowLayer *low, const NetPropagator *f)
{
	for (uint32_t i = 0; i < f->n * f->n; i++) {
		if (f->to[i] != NET_NONE && low->states[f->to[i]] != NO_BUF)
			return true;
	}
	return false;
}

bool
low_is_propagator(const Lower *l, uint32_t layer, uint32_t buf)
{
	const NetLayer *n = &l->net->layers.at[layer];
	for (uint32_t k = 0; k < n->propagators.n; k++) {
		const NetPropagator *f = &n->propagators.at[k];
		for (uint32_t i = 0; i < f->n * f->n; i++) {
			if (f->to[i] != NET_NONE && l->layers[layer].states[f->to[i]] == buf)
				return true;
		}
	}
	return false;
}

bool
low_is_followed(const NetLayer *n, uint32_t state)
{
	for (uint32_t k = 0; k < n->propagators.n; k++) {
		const NetPropagator *f = &n->propagators.at[k];
		for (uint32_t i = 0; i < f->n * f->n; i++) {
			if (f->a[i] && low_expr_reads_state(f->a[i], state))
				return true;
		}
	}
	return false;
}

/* Does something follow from a state that a reset sets back? It may have been loaded. */
bool
low_follows_reset(const NetLayer *n)
{
	for (uint32_t k = 0; k < n->states.n; k++) {
		if (!n->states.at[k].kept_on_reset && low_is_followed(n, k))
			return true;
	}
	return false;
}

static Matrix
matrix(Lower *l, PlanEmit *b, const NetLayer *n, uint32_t size)
{
	PlanAxis axes[2] = {low_axis(AXIS_SLOT, size), low_axis(AXIS_SLOT, size)};
	Matrix m = {.l = l, .b = b, .n = size};
	m.m = low_add_buf(l, PT_F64, ROLE_SCRATCH, 2, axes, "%s.rates", n->name);
	m.term = low_add_buf(l, PT_F64, ROLE_SCRATCH, 2, axes, "%s.series", n->name);
	m.next = low_add_buf(l, PT_F64, ROLE_SCRATCH, 2, axes, "%s.product", n->name);
	m.x = low_add_buf(l, PT_F64, ROLE_SCRATCH, 2, axes, "%s.exponential", n->name);
	return m;
}

/* A dt, worked out in double: what is read of states and constants is widened, see low_expr. */
static void
put_rates(Scope *s, const Matrix *m, const NetPropagator *f)
{
	Lower *l = m->l;
	PlanType real = l->real;
	l->real = PT_F64;
	for (uint32_t i = 0; i < f->n * f->n; i++) {
		PlanExpr *rate = f->a[i] ? plan_binary(l->p, PEXPR_MUL, low_expr(s, f->a[i]), f64(l, l->net->dt)) : f64(l, 0);
		low_store(s->b, m->m, rate, 2, low_i64(l, i / f->n), low_i64(l, i % f->n));
	}
	l->real = real;
}

static void
take(Scope *s, const Matrix *m, const NetPropagator *f)
{
	Lower *l = m->l;
	const LowLayer *low = &l->layers[s->layer];
	for (uint32_t i = 0; i < f->n * f->n; i++) {
		if (f->to[i] == NET_NONE || low->states[f->to[i]] == NO_BUF)
			continue;
		PlanExpr *v = low_load(l, m->x, 2, low_i64(l, i / f->n), low_i64(l, i % f->n));
		if (f->whole[i])
			v = plan_binary(l->p, PEXPR_ADD, v, f64(l, 1));
		low_store(s->b, low->states[f->to[i]], plan_cast(l->p, l->real, v), 2, s->item, s->own);
	}
}

void
low_propagate(Lower *l, uint32_t layer)
{
	const NetLayer *n = &l->net->layers.at[layer];
	LowLayer *low = &l->layers[layer];
	low->propagate = UINT32_MAX;
	bool any = false;
	for (uint32_t k = 0; k < n->propagators.n; k++)
		any |= is_asked_for(low, &n->propagators.at[k]);
	if (!any)
		return;
	low->propagate = low_add_kernel(l, 1, "%s.propagate", n->name);
	PlanEmit b = plan_emit(l->p, l->p->codes.at[low->propagate]);
	plan_emit_note(&b, "what a step does to each neuron, from its parameters");
	LowLoop items = low_items(l, &b);
	LowLoop neurons = low_loop(low_body(&items), "neuron", low_i64(l, 0), low_i64(l, (int64_t)n->n), false);
	Scope s = low_scope(l, low_body(&neurons));
	s.layer = layer;
	s.item = items.index;
	s.own = neurons.index;
	for (uint32_t k = 0; k < n->propagators.n; k++) {
		const NetPropagator *f = &n->propagators.at[k];
		if (!is_asked_for(low, f))
			continue;
		Matrix m = matrix(l, s.b, n, f->n);
		put_rates(&s, &m, f);
		exponential(&m);
		take(&s, &m, f);
	}
	low_close(&neurons);
	low_close(&items);
	l->p->codes.at[low->propagate]->body = plan_freeze(&b);
}
