/* lower: entry, shared helpers. */
#include "lower/lower.h"

#include "base/panic.h"
#include "lower/lower_inner.h"

#include <stdarg.h>
#include <string.h>

/* ---- helpers ------------------------------------------------------------------------------------------- */

PlanAxis
low_axis(PlanAxisKind k, uint64_t n)
{
	return (PlanAxis){k, n};
}

static const char *
unique(Lower *l, const char *name, bool code)
{
	const char *base = name;
	for (int k = 2; (code ? plan_find_code(l->p, name) : plan_find_buf(l->p, name)) != UINT32_MAX; k++)
		name = arena_printf(l->a, "%s%d", base, k);
	return name;
}

uint32_t
low_add_buf(Lower *l, PlanType t, PlanRole role, uint32_t naxes, const PlanAxis *axes, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	char *name = arena_vprintf(l->a, fmt, ap);
	va_end(ap);
	for (char *c = name; *c; c++)
		if (*c == '/')
			*c = '.';
	return plan_add_buf(l->p, unique(l, name, false), t, role, naxes, axes);
}

uint32_t
low_add_kernel(Lower *l, uint64_t range, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	char *name = arena_vprintf(l->a, fmt, ap);
	va_end(ap);
	for (char *c = name; *c; c++)
		if (*c == '/')
			*c = '.';
	uint32_t id = plan_add_code(l->p, CODE_KERNEL, unique(l, name, true));
	l->p->codes.at[id]->range = range;
	return id;
}

void
low_not_yet(Lower *l, Span at, const char *what)
{
	diag_begin(l->env->diag, E0902, at, "this version does not compile %s", what);
	diag_help(l->env->diag, "`docs/language.md` lists what it compiles");
	diag_end(l->env->diag);
	l->failed = true;
}

Scope
low_scope(Lower *l, PlanEmit *b)
{
	return (Scope){.l = l, .b = b, .layer = NET_NONE, .conn = NET_NONE, .data = NET_NONE, .trace_var = UINT32_MAX,
	               .value_var = UINT32_MAX, .input_var = UINT32_MAX, .spike_var = UINT32_MAX};
}

PlanExpr *
low_lo(PlanEmit *b)
{
	return plan_local(b->plan, b->code, 0);
}

PlanExpr *
low_hi(PlanEmit *b)
{
	return plan_local(b->plan, b->code, 1);
}

LowLoop
low_loop(PlanEmit *b, const char *name, PlanExpr *lo, PlanExpr *hi, bool simd)
{
	LowLoop loop = {.inner = plan_emit(b->plan, b->code), .outer = b, .lo = lo, .hi = hi, .simd = simd};
	loop.local = plan_new_loop_local(b, name);
	loop.index = plan_local(b->plan, b->code, loop.local);
	return loop;
}

LowLoop
low_items(Lower *l, PlanEmit *b)
{
	if (l->batch > 1)
		return low_loop(b, "b", low_i64(l, 0), low_i64(l, (int64_t)l->batch), false);
	return (LowLoop){.outer = b, .index = low_i64(l, 0), .unit = true};
}

PlanEmit *
low_body(LowLoop *loop)
{
	return loop->unit ? loop->outer : &loop->inner;
}

void
low_close(LowLoop *loop)
{
	if (!loop->unit)
		plan_emit_for(loop->outer, loop->local, loop->lo, loop->hi, loop->simd, &loop->inner);
}

/* ---- math.plan ------------------------------------------------------------------------------------------- */

uint32_t
low_func(Lower *l, const char *name)
{
	uint32_t id = plan_find_code(l->p, name);
	if (id == UINT32_MAX)
		PANIC("no function `%s` in math.plan", name);
	return id;
}

/* All functions go in before the first kernel, so that they stand before their users; opt drops the unused. */
static void
link_math(Lower *l)
{
	const char *why = NULL;
	if (!plan_read_funcs(l->p, l->env->math_plan, &why))
		PANIC("math.plan: %s", why);
}

/* ---- entry ----------------------------------------------------------------------------------------------- */

static void
fixed_points(Lower *l)
{
	l->seed = plan_add_buf(l->p, "seed", PT_U64, ROLE_STATE, 0, NULL);
	l->step = plan_add_buf(l->p, "step", PT_U64, ROLE_STATE, 0, NULL);
	l->learning = plan_add_buf(l->p, "learning", PT_BOOL, ROLE_STATE, 0, NULL);
	low_resume_buffers(l);
	low_signal_buffers(l);
}

static void
constants(Lower *l)
{
	const Net *n = l->net;
	l->arrays = ARENA_ARRAY(l->a, uint32_t, n->arrays.n);
	for (uint32_t k = 0; k < n->arrays.n; k++) {
		const NetArray *a = &n->arrays.at[k];
		NetFeature of = {.of_post = a->of_post};
		PlanAxis axes[PLAN_MAX_AXES] = {low_axis(AXIS_NEURON, a->n)};
		uint32_t naxes = a->layer == NET_NONE ? low_value_axes(l, a->conn, &of, axes) : 1;
		const char *name = a->layer == NET_NONE ? n->conns.at[a->conn].name : n->layers.at[a->layer].name;
		l->arrays[k] = low_add_buf(l, l->real, ROLE_CONST, naxes, axes, "%s.constant", name);
		PlanValue *v = ARENA_ARRAY(l->a, PlanValue, a->n);
		for (uint64_t i = 0; i < a->n; i++)
			v[i].f = a->value[i];
		l->p->bufs.at[l->arrays[k]].data = v;
	}
}

/* Who must know which neurons spike? */
static void
wants(Lower *l)
{
	for (uint32_t k = 0; k < l->net->signals.n; k++)
		for (uint32_t h = 0; h < l->net->signals.at[k].handlers.n; h++)
			if (l->net->signals.at[k].handlers.at[h].layer != NET_NONE)
				l->layers[l->net->signals.at[k].handlers.at[h].layer].wants_list = true;
	for (uint32_t c = 0; c < l->net->conns.n; c++) {
		const NetConn *n = &l->net->conns.at[c];
		l->layers[n->pre].wants_list = true;
		for (uint32_t f = 0; f < n->features.n; f++)
			if (n->features.at[f].has_rule) {
				l->layers[n->pre].wants_any = l->layers[n->post].wants_any = true;
				l->layers[n->post].wants_list = true;
			}
	}
}

static void
parts(Lower *l)
{
	for (uint32_t i = 0; i < l->net->layers.n; i++)
		low_layer_buffers(l, i);
	for (uint32_t c = 0; c < l->net->conns.n; c++)
		low_conn_buffers(l, c);
	l->parts[0] = l->p->bufs.n;
	low_data(l);
	low_sites(l);
	low_variables(l);
	low_records(l);
	l->parts[1] = l->p->bufs.n;
	for (uint32_t i = 0; i < l->net->layers.n; i++)
		low_layer_kernels(l, i);
	for (uint32_t c = 0; c < l->net->conns.n; c++)
		low_send_rows(l, c), low_stages(l, c);
	for (uint32_t i = 0; i < l->net->layers.n; i++)
		low_collect(l, i);
	for (uint32_t c = 0; c < l->net->conns.n; c++)
		low_conn_kernels(l, c);
	low_signal_kernels(l);
	low_count_kernels(l);
	low_follow_kernels(l);
	l->parts[2] = l->p->bufs.n;
	low_step(l);
	low_reset(l);
	low_program(l);
}

/* Where a variable was declared, for messages that name it. */
static void
span_of(Lower *l, uint32_t buf, Span at)
{
	if (buf != NO_BUF)
		l->p->bufs.at[buf].span = at;
}

static void
spans(Lower *l)
{
	for (uint32_t i = 0; i < l->net->layers.n; i++) {
		const NetLayer *n = &l->net->layers.at[i];
		const LowLayer *low = &l->layers[i];
		const uint32_t own[] = {low->spikes, low->memory, low->run_count, low->list, low->count};
		for (size_t k = 0; k < sizeof own / sizeof *own; k++)
			span_of(l, own[k], n->span);
		for (uint32_t k = 0; k < n->ports.n; k++)
			span_of(l, low->ports[k].input, n->ports.at[k].span), span_of(l, low->ports[k].window, n->ports.at[k].span);
		for (uint32_t k = 0; k < n->states.n; k++)
			span_of(l, low->states[k], n->states.at[k].span);
		for (uint32_t k = 0; k < n->traces.n; k++)
			span_of(l, low->traces[k], n->traces.at[k].span);
	}
	for (uint32_t i = 0; i < l->net->signals.n; i++) {
		const NetSignal *n = &l->net->signals.at[i];
		span_of(l, l->signals[i].buf, n->span);
		for (uint32_t k = 0; k < n->states.n; k++)
			span_of(l, l->signals[i].states[k], n->states.at[k].span);
	}
	for (uint32_t i = 0; i < l->net->conns.n; i++) {
		const NetConn *c = &l->net->conns.at[i];
		for (uint32_t k = 0; k < c->features.n; k++) {
			const NetFeature *f = &c->features.at[k];
			const LowFeature *low = &l->conns[i].features[k];
			span_of(l, low->buf, f->span);
			span_of(l, low->ring, f->span);
			for (uint32_t s = 0; s < f->states.n; s++)
				span_of(l, low->kept[s], f->states.at[s].span);
			for (uint32_t s = 0; f->has_rule && s < f->rule.states.n; s++)
				span_of(l, low->states[s], f->rule.states.at[s].span);
		}
	}
}

/* Far above what a machine has, far below where bytes cannot be counted. */
static const uint64_t most_bytes = (uint64_t)1 << 56;

static bool
can_be_laid_out(Lower *l)
{
	uint64_t all = 0;
	for (uint32_t i = 0; i < l->p->bufs.n; i++) {
		const PlanBuf *b = &l->p->bufs.at[i];
		uint64_t bytes = plan_buf_bytes(b);
		all = bytes > most_bytes ? most_bytes + 1 : all + bytes;
		if (all <= most_bytes)
			continue;
		StrBuf shape = strbuf_init(l->a);
		for (uint32_t a = 0; a < b->naxes; a++)
			strbuf_printf(&shape, "%s%llu", a ? " x " : "", (unsigned long long)b->axis[a].extent);
		diag_begin(l->env->diag, E0903, b->span, "`%s` has %s numbers, more than any machine holds", b->name, strbuf_text(&shape));
		diag_help(l->env->diag, "connect fewer pairs of neurons, `by random(p = …)` or `by fixed_indegree(k)`, or make the layers smaller");
		diag_end(l->env->diag);
		return false;
	}
	return true;
}

Plan *
lower_net(LowerEnv *env, const Net *net)
{
	Arena *a = net->arena;
	Lower lower = {.env = env, .net = net, .a = a, .batch = net->batch}, *l = &lower;
	l->real = net->f64 ? PT_F64 : PT_F32;
	l->p = plan_new(a, net->names, net->name, l->real);
	l->p->dt = net->dt;
	l->p->seed = net->seed;
	l->layers = ARENA_ARRAY(a, LowLayer, net->layers.n);
	l->conns = ARENA_ARRAY(a, LowConn, net->conns.n);
	for (uint32_t i = 0; i < net->layers.n; i++) {
		LowLayer *low = &l->layers[i];
		low->list = low->count = low->any_list = low->any_count = low->memory = NO_BUF;
		low->seen_count = NO_BUF;
		low->add_count = low->clear_count = UINT32_MAX;
		low->run_count = low->rates = low->proportions = low->assignment = low->votes = NO_BUF;
		low->ports = ARENA_ARRAY(a, LowPort, net->layers.at[i].ports.n);
		for (uint32_t k = 0; k < net->layers.at[i].ports.n; k++)
			low->ports[k].input = low->ports[k].drive = low->ports[k].window = low->ports[k].past_drive = NO_BUF;
		low->collect = low->find = low->no_drive = low->raster = UINT32_MAX;
	}
	l->by_layer_proc = UINT32_MAX;
	l->synapse_delays = NO_BUF;
	link_math(l);
	fixed_points(l);
	constants(l);
	wants(l);
	parts(l);
	if (l->failed)
		return NULL;
	spans(l);
	low_watch(l);
	if (!can_be_laid_out(l))
		return NULL;
	plan_layout(l->p);
	return l->p;
}
