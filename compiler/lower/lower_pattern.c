/* lower_pattern: where the values of a connection's pattern lie, and which neurons each of them joins.
 *
 * Values keep the shape that net.h gives them: a convolution its kernel, a local connection its rows, a sparse one a list.
 * Loops over values and pairs have affine indices; nothing is unrolled.
 */
#include "base/panic.h"
#include "lower/lower_inner.h"

/* ---- shapes ---------------------------------------------------------------------------------------- */

static uint64_t
product(uint32_t n, const uint64_t *at)
{
	uint64_t all = 1;
	for (uint32_t d = 0; d < n; d++)
		all *= at[d];
	return all;
}

uint64_t
low_positions(const NetPattern *p)
{
	return product(p->axes, p->out_extent);
}

/* Of the targets of a convolution those of a channel share a value. */
PlanExpr *
low_channel(Lower *l, PlanEmit *b, uint32_t conn, PlanExpr *post)
{
	const NetPattern *p = &l->net->conns.at[conn].pattern;
	if (p->kind != NPAT_CONV)
		return post;
	return plan_emit_let(b, "o", plan_binary(l->p, PEXPR_DIV, post, low_i64(l, (int64_t)low_positions(p))));
}

uint32_t
low_value_axes(const Lower *l, uint32_t conn, const NetFeature *f, PlanAxis *axes)
{
	const NetConn *c = &l->net->conns.at[conn];
	const NetPattern *p = &c->pattern;
	uint64_t npre = l->net->layers.at[c->pre].n, npost = l->net->layers.at[c->post].n;
	if (f->of_post) {
		axes[0] = low_axis(AXIS_POST, p->kind == NPAT_CONV ? p->out : npost);
		return 1;
	}
	switch (p->kind) {
	case NPAT_ALL:
		axes[0] = low_axis(AXIS_PRE, npre);
		axes[1] = low_axis(AXIS_POST, npost);
		return 2;
	case NPAT_ONE_TO_ONE:
	case NPAT_POOL:
	case NPAT_MEAN:
		axes[0] = low_axis(AXIS_POST, npost);
		return 1;
	case NPAT_CONV:
		axes[0] = low_axis(AXIS_POST, p->out);
		axes[1] = low_axis(AXIS_PRE, p->in);
		for (uint32_t d = 0; d < p->axes; d++)
			axes[2 + d] = low_axis(AXIS_SLOT, p->kernel[d]);
		return 2 + p->axes;
	case NPAT_LOCAL:
		axes[0] = low_axis(AXIS_PRE, p->in);
		axes[1] = low_axis(AXIS_POST, npost);
		axes[2] = low_axis(AXIS_SLOT, product(p->axes, p->kernel));
		return 3;
	case NPAT_SPARSE:
		axes[0] = low_axis(AXIS_SYNAPSE, p->nsynapses);
		return 1;
	case NPAT_COUNT:
		break;
	}
	UNREACHABLE();
}

uint64_t
low_values(const Lower *l, uint32_t conn)
{
	static const NetFeature plain;                    /* one of synapses */
	PlanAxis axes[PLAN_MAX_AXES];
	uint64_t all = 1;
	uint32_t n = low_value_axes(l, conn, &plain, axes);
	for (uint32_t d = 0; d < n; d++)
		all *= axes[d].extent;
	return all;
}

/* The axis whose parts may be worked on at the same time. */
static uint32_t
part_axis(const NetPattern *p, const NetFeature *f)
{
	return p->kind == NPAT_LOCAL && !f->of_post ? 1 : 0;
}

uint64_t
low_value_range(const Lower *l, uint32_t conn, const NetFeature *f)
{
	PlanAxis axes[PLAN_MAX_AXES];
	const NetConn *c = &l->net->conns.at[conn];
	if (c->pattern.kind == NPAT_SPARSE && !f->of_post)
		return l->net->layers.at[c->pre].n;
	low_value_axes(l, conn, f, axes);
	return axes[part_axis(&c->pattern, f)].extent;
}

bool
low_is_plain(const NetConn *c, const NetFeature *f)
{
	return c->pattern.kind == NPAT_ALL && !f->of_post;
}

PlanExpr *
low_value_load(Lower *l, uint32_t buf, const LowIndex *at)
{
	return plan_load(l->p, buf, at->n, at->at);
}

void
low_value_store(PlanEmit *b, uint32_t buf, const LowIndex *at, PlanExpr *e)
{
	plan_emit_store(b, buf, at->n, at->at, e);
}

/* ---- indices ---------------------------------------------------------------------------------------- */

PlanExpr *
low_affine(Lower *l, PlanExpr *e, int64_t factor, PlanExpr *add)
{
	Plan *p = l->p;
	if (factor != 1)
		e = plan_binary(p, PEXPR_MUL, e, low_i64(l, factor));
	return add ? plan_binary(p, PEXPR_ADD, e, add) : e;
}

/* Row-major: (first * extent[0] + at[0]) * extent[1] + … */
PlanExpr *
low_flatten(Lower *l, PlanExpr *first, uint32_t n, const uint64_t *extent, PlanExpr *const *at)
{
	PlanExpr *e = first;
	for (uint32_t d = 0; d < n; d++)
		e = e ? low_affine(l, e, (int64_t)extent[d], at[d]) : at[d];
	return e;
}

/* The other way; what is left in front of the axes comes back. */
PlanExpr *
low_spread(Lower *l, PlanEmit *b, PlanExpr *flat, uint32_t n, const uint64_t *extent, PlanExpr **at)
{
	Plan *p = l->p;
	flat = low_keep(b, "rest", flat);
	for (uint32_t d = n; d-- > 0;) {
		if (extent[d] == 1) {
			at[d] = low_i64(l, 0);
			continue;
		}
		PlanExpr *size = low_i64(l, (int64_t)extent[d]);
		at[d] = plan_emit_let(b, "x", plan_binary(p, PEXPR_REM, flat, size));
		flat = plan_emit_let(b, "rest", plan_binary(p, PEXPR_DIV, flat, size));
	}
	return flat;
}

/* ---- all values --------------------------------------------------------------------------------------- */

static PlanExpr *
tap_source(Lower *l, const NetPattern *p, uint32_t d, PlanExpr *position, PlanExpr *tap)
{
	PlanExpr *x = low_affine(l, position, (int64_t)p->stride[d], low_affine(l, tap, (int64_t)p->dilation[d], NULL));
	return p->padding[d] ? plan_binary(l->p, PEXPR_SUB, x, low_i64(l, (int64_t)p->padding[d])) : x;
}

/* Source and target of the value [channel, target, tap] of a local pattern. */
static void
local_pair(Lower *l, PlanEmit *b, const NetPattern *p, const LowIndex *at, PlanExpr **i, PlanExpr **j)
{
	PlanExpr *position[NET_KERNEL_AXES], *tap[NET_KERNEL_AXES], *x[NET_KERNEL_AXES];
	low_spread(l, b, at->at[1], p->axes, p->out_extent, position);
	low_spread(l, b, at->at[2], p->axes, p->kernel, tap);
	for (uint32_t d = 0; d < p->axes; d++)
		x[d] = tap_source(l, p, d, position[d], tap[d]);
	*i = low_keep(b, "i", low_flatten(l, at->at[0], p->axes, p->extent, x));
	*j = at->at[1];
}

static void
sparse_values(Lower *l, PlanEmit *b, uint32_t conn, PlanExpr *lo, PlanExpr *hi, LowEach *each, void *env)
{
	LowLoop rows = low_loop(b, "i", lo, hi, false);
	LowLoop loop = low_row(l, low_body(&rows), conn, rows.index);
	PlanEmit *in = low_body(&loop);
	PlanExpr *j = low_target(l, in, conn, loop.index);
	LowIndex at = {1, {loop.index}};
	each(env, in, &at, rows.index, j);
	low_close(&loop);
	low_close(&rows);
}

void
low_each_value(Lower *l, PlanEmit *b, uint32_t conn, const NetFeature *f, LowEach *each, void *env)
{
	low_each_value_of(l, b, conn, f, low_lo(b), low_hi(b), each, env);
}

void
low_each_value_of(Lower *l, PlanEmit *b, uint32_t conn, const NetFeature *f, PlanExpr *first, PlanExpr *last, LowEach *each,
                  void *env)
{
	const NetPattern *p = &l->net->conns.at[conn].pattern;
	if (p->kind == NPAT_SPARSE && !f->of_post) {
		sparse_values(l, b, conn, first, last, each, env);
		return;
	}
	static const char *const names[PLAN_MAX_AXES] = {"x0", "x1", "x2", "x3", "x4", "x5"};
	PlanAxis axes[PLAN_MAX_AXES];
	LowLoop loops[PLAN_MAX_AXES];
	LowIndex at = {.n = low_value_axes(l, conn, f, axes)};
	uint32_t part = part_axis(p, f);
	PlanEmit *in = b;
	for (uint32_t d = 0; d < at.n; d++) {
		PlanExpr *lo = d == part ? first : low_i64(l, 0);
		PlanExpr *hi = d == part ? last : low_i64(l, (int64_t)axes[d].extent);
		loops[d] = low_loop(in, names[d], lo, hi, false);
		in = low_body(&loops[d]);
		at.at[d] = loops[d].index;
	}
	PlanExpr *i = NULL, *j = at.at[0];
	if (f->of_post || p->kind == NPAT_CONV)
		j = p->kind == NPAT_CONV ? NULL : j;
	else if (p->kind == NPAT_LOCAL)
		local_pair(l, in, p, &at, &i, &j);
	else if (p->kind == NPAT_ALL)
		i = at.at[0], j = at.at[1];
	else if (p->kind == NPAT_ONE_TO_ONE)
		i = j;
	each(env, in, &at, i, j);
	for (uint32_t d = at.n; d-- > 0;)
		low_close(&loops[d]);
}

/* ---- all pairs that share a value ------------------------------------------------------------------------ */

typedef struct {
	Lower *l;
	const NetPattern *p;
	const LowIndex *at;
	LowEach *each;
	void *env;
	PlanExpr *position[NET_KERNEL_AXES], *x[NET_KERNEL_AXES];
} Pairs;

static void
conv_pairs(Pairs *w, PlanEmit *b, uint32_t d)
{
	Lower *l = w->l;
	Plan *p = l->p;
	const NetPattern *n = w->p;
	if (d == n->axes) {
		PlanExpr *i = plan_emit_let(b, "i", low_flatten(l, w->at->at[1], n->axes, n->extent, w->x));
		PlanExpr *j = plan_emit_let(b, "j", low_flatten(l, w->at->at[0], n->axes, n->out_extent, w->position));
		w->each(w->env, b, w->at, i, j);
		return;
	}
	static const char *const names[] = {"p0", "p1", "p2"};
	LowLoop loop = low_loop(b, names[d], low_i64(l, 0), low_i64(l, (int64_t)n->out_extent[d]), false);
	PlanEmit *in = low_body(&loop);
	w->position[d] = loop.index;
	w->x[d] = plan_emit_let(in, "x", tap_source(l, n, d, loop.index, w->at->at[2 + d]));
	if (n->padding[d] == 0) {
		conv_pairs(w, in, d + 1);
	} else {
		PlanExpr *inside = plan_binary(p, PEXPR_AND, plan_binary(p, PEXPR_GE, w->x[d], low_i64(l, 0)),
		                               plan_binary(p, PEXPR_LT, w->x[d], low_i64(l, (int64_t)n->extent[d])));
		PlanEmit then = plan_emit(p, b->code);
		conv_pairs(w, &then, d + 1);
		plan_emit_if(in, inside, &then, NULL);
	}
	low_close(&loop);
}

/* All targets of a channel. */
static void
positions(Lower *l, PlanEmit *b, const NetPattern *n, const LowIndex *at, LowEach *each, void *env)
{
	int64_t count = (int64_t)low_positions(n);
	LowLoop loop = low_loop(b, "position", low_i64(l, 0), low_i64(l, count), false);
	PlanEmit *in = low_body(&loop);
	each(env, in, at, NULL, plan_emit_let(in, "j", low_affine(l, at->at[0], count, loop.index)));
	low_close(&loop);
}

void
low_each_pair(Lower *l, PlanEmit *b, uint32_t conn, const LowIndex *at, PlanExpr *i, PlanExpr *j, LowEach *each, void *env)
{
	const NetPattern *p = &l->net->conns.at[conn].pattern;
	if (p->kind != NPAT_CONV) {
		each(env, b, at, i, j);
		return;
	}
	if (at->n == 1) {
		positions(l, b, p, at, each, env);
		return;
	}
	Pairs w = {.l = l, .p = p, .at = at, .each = each, .env = env};
	conv_pairs(&w, b, 0);
}

/* ---- partners --------------------------------------------------------------------------------------------- */

/* Along axis d: how many taps of window x lie on sources; or how many taps of all windows lie on source x. */
static uint64_t
meets(const NetPattern *p, uint32_t d, uint64_t x, bool of_post)
{
	uint64_t n = 0;
	for (uint64_t at = of_post ? x : 0; at < (of_post ? x + 1 : p->out_extent[d]); at++) {
		for (uint64_t t = 0; t < p->kernel[d]; t++) {
			uint64_t source = at * p->stride[d] + t * p->dilation[d] - p->padding[d];     /* wraps below 0 */
			n += of_post ? source < p->extent[d] : source == x;
		}
	}
	return n;
}

uint64_t *
low_partners(const Lower *l, uint32_t conn, NetVaries side)
{
	const NetConn *c = &l->net->conns.at[conn];
	const NetPattern *p = &c->pattern;
	bool of_post = side == NPLACE_POST, windows = p->kind == NPAT_CONV || p->kind == NPAT_LOCAL;
	uint64_t count = l->net->layers.at[of_post ? c->post : c->pre].n, *n = ARENA_ARRAY(l->a, uint64_t, count);
	for (uint64_t k = 0; k < count; k++) {
		const uint64_t *extent = of_post ? p->out_extent : p->extent;
		uint64_t rest = k;
		n[k] = !windows ? 1 : of_post ? p->in : p->out;
		for (uint32_t d = p->axes; windows && d-- > 0; rest /= extent[d])
			n[k] *= meets(p, d, rest % extent[d], of_post);
	}
	return n;
}

/* ---- what a pattern keeps ---------------------------------------------------------------------------------- */

void
low_pattern_buffers(Lower *l, uint32_t conn)
{
	const NetConn *c = &l->net->conns.at[conn];
	LowConn *low = &l->conns[conn];
	low->row = low->target = low->column = low->incoming = low->source = low->rate = NO_BUF;
	low->advance = low->forget = low->draw = low->find_columns = low->find_delays = low->count = low->place = UINT32_MAX;
	low->delay_begin = low->delay_steps = NO_BUF;
	if (c->pattern.kind == NPAT_SPARSE)
		low_list_buffers(l, conn);
	if (c->pattern.kind != NPAT_POOL)
		return;
	PlanAxis axes[2] = {low_axis(AXIS_BATCH, l->batch), low_axis(AXIS_NEURON, l->net->layers.at[c->pre].n)};
	low->rate = low_add_buf(l, l->real, ROLE_STATE, 2, axes, "%s.rate", c->name);
}

/* rate := rate - decay * rate, then rate + spike; and the kernel that sets all rates to zero. */
void
low_pattern_kernels(Lower *l, uint32_t conn)
{
	Plan *p = l->p;
	const NetConn *c = &l->net->conns.at[conn];
	LowConn *low = &l->conns[conn];
	if (low->rate == NO_BUF)
		return;
	for (int reset = 0; reset < 2; reset++) {
		uint32_t id = low_add_kernel(l, l->net->layers.at[c->pre].n, reset ? "%s.forget" : "%s.advance", c->name);
		*(reset ? &low->forget : &low->advance) = id;
		PlanEmit b = plan_emit(p, p->codes.at[id]);
		LowLoop items = low_items(l, &b);
		LowLoop loop = low_loop(low_body(&items), "i", low_lo(&b), low_hi(&b), true);
		PlanEmit *in = low_body(&loop);
		PlanExpr *rate = low_load(l, low->rate, 2, items.index, loop.index);
		if (reset) {
			rate = low_real(l, 0);
		} else {
			rate = plan_emit_let(in, "r", rate);
			PlanExpr *lost = plan_binary(p, PEXPR_MUL, low_real(l, c->pattern.decay), rate);
			PlanExpr *spike = low_load(l, l->layers[c->pre].spikes, 2, items.index, loop.index);
			rate = plan_binary(p, PEXPR_ADD, plan_binary(p, PEXPR_SUB, rate, lost), plan_cast(p, l->real, spike));
		}
		low_store(in, low->rate, rate, 2, items.index, loop.index);
		low_close(&loop);
		low_close(&items);
		p->codes.at[id]->body = plan_freeze(&b);
	}
}
