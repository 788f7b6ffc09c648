/* net_print: the whole network as text, for people and goldens. */
#include "net/net_inner.h"

#include "base/panic.h"

#include <inttypes.h>
#include <math.h>

enum { ARRAY_SHOWN = 16 }; /* values of an array that are printed */

static const char *
layer_name(const Net *n, uint32_t i)
{
	return i < n->layers.n ? n->layers.at[i].name : "?";
}

static const char *
phase_name(const Net *n, uint32_t i)
{
	return i < n->phases.n ? n->phases.at[i].name : "?";
}

static void
put_quoted(StrBuf *out, const char *s)
{
	strbuf_putc(out, '"');
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			strbuf_putc(out, '\\');
		strbuf_putc(out, *s);
	}
	strbuf_putc(out, '"');
}

static void
put_shape(StrBuf *out, uint32_t rank, const uint64_t *extent)
{
	strbuf_putc(out, '[');
	for (uint32_t i = 0; i < rank && i < 4; i++)
		strbuf_printf(out, "%s%" PRIu64, i ? ", " : "", extent[i]);
	strbuf_putc(out, ']');
}

/* ---- data and arrays ------------------------------------------------------------------------- */

static void
put_data(StrBuf *out, const NetData *d)
{
	strbuf_printf(out, "data %s = %s(", d->name, d->kind);
	for (uint32_t i = 0; i < d->paths.n; i++) {
		strbuf_puts(out, i ? ", " : "");
		put_quoted(out, d->paths.at[i]);
	}
	strbuf_putc(out, ')');
	if (d->fallback && *d->fallback)
		strbuf_printf(out, " or %s()", d->fallback);
	strbuf_printf(out, ": %" PRIu64 " samples, %" PRIu64 " classes\n", d->samples, d->classes);
	for (uint32_t i = 0; i < d->columns.n; i++) {
		const NetColumn *c = &d->columns.at[i];
		strbuf_printf(out, "\tcolumn type %u ", c->type);
		put_shape(out, c->rank, c->extent);
		strbuf_printf(out, " = %" PRIu64 "\n", c->count);
	}
}

static void
put_array(StrBuf *out, const Net *n, uint32_t index)
{
	const NetArray *a = &n->arrays.at[index];
	const char *of = a->layer != NET_NONE ? layer_name(n, a->layer) : a->conn < n->conns.n ? n->conns.at[a->conn].name : "?";
	strbuf_printf(out, "array%u of %s%s: [", index, a->layer != NET_NONE ? "" : a->of_post ? "targets of " : "values of ", of);
	for (uint64_t i = 0; i < a->n && i < ARRAY_SHOWN; i++) {
		strbuf_puts(out, i ? ", " : "");
		net_print_number(out, n, a->value[i]);
	}
	if (a->n > ARRAY_SHOWN)
		strbuf_printf(out, ", ... %" PRIu64 " in all", a->n);
	strbuf_puts(out, "]\n");
}

/* ---- layers and connections ------------------------------------------------------------------ */

static void
put_propagator(NetPlace *at, const NetPropagator *p)
{
	const NetLayer *l = at->layer;
	strbuf_printf(at->out, "\tfollows %" PRIu32 " x %" PRIu32 "\n", p->n, p->n);
	for (uint32_t i = 0; i < p->n * p->n; i++) {
		if (!p->a[i] && p->to[i] == NET_NONE)
			continue;
		strbuf_printf(at->out, "\t\t[%" PRIu32 ", %" PRIu32 "] ", i / p->n, i % p->n);
		if (p->a[i])
			net_print_expr(at, p->a[i]);
		else
			strbuf_puts(at->out, "0.0");
		if (p->to[i] != NET_NONE)
			strbuf_printf(at->out, " -> %s%s", p->to[i] < l->states.n ? l->states.at[p->to[i]].name : "?", p->whole[i] ? " whole" : "");
		strbuf_putc(at->out, '\n');
	}
}

static void
put_state(const NetPlace *at, const NetState *s, int depth)
{
	strbuf_indent(at->out, depth);
	strbuf_printf(at->out, "state %s%s", s->name, s->type == NT_BOOL ? " : bool" : "");
	if (s->init) {
		strbuf_puts(at->out, " = ");
		net_print_expr(at, s->init);
	}
	static const char *const place[] = {" of connection", " of pre", " of post", ""};
	strbuf_puts(at->out, s->of_network ? " of network" : at->rule ? place[s->place] : "");
	strbuf_puts(at->out, s->shared_over_batch ? ", shared over batch" : "");
	if (s->counts)
		strbuf_printf(at->out, ", counts to %" PRIu32, s->counts);
	strbuf_puts(at->out, s->kept_on_reset ? ", kept on reset\n" : "\n");
}

void
net_print_layer(StrBuf *out, const Net *n, const NetLayer *l)
{
	NetPlace at = {.out = out, .net = n, .layer = l};
	strbuf_printf(out, "layer %s ", l->name);
	put_shape(out, l->rank, l->shape);
	strbuf_printf(out, " = %" PRIu64 "%s\n", l->n, l->values ? ", spikes are values" : "");
	for (uint32_t i = 0; i < l->ports.n; i++) {
		const NetPort *p = &l->ports.at[i];
		if (p->name)
			strbuf_printf(out, "\tport %s\n", p->name);
		if (p->stream == NET_NONE)
			continue;
		strbuf_puts(out, "\tinput file ");
		const NetStream *st = p->stream < n->streams.n ? &n->streams.at[p->stream] : NULL;
		put_quoted(out, st && st->path ? st->path : st && st->data < n->data.n ? n->data.at[st->data].name : "?");
		if (p->stream < n->streams.n && n->streams.at[p->stream].events)
			strbuf_puts(out, " events");
		strbuf_printf(out, p->name ? " into %s\n" : "\n", p->name);
	}
	for (uint32_t i = 0; i < l->states.n; i++)
		put_state(&at, &l->states.at[i], 1);
	for (uint32_t i = 0; i < l->propagators.n; i++)
		put_propagator(&at, &l->propagators.at[i]);
	for (uint32_t i = 0; i < l->traces.n; i++) {
		const NetTrace *t = &l->traces.at[i];
		strbuf_printf(out, "\ttrace %s decay ", t->name);
		net_print_expr(&at, t->decay);
		strbuf_putc(out, '\n');
		net_print_code(&at, "on spike", &t->on_spike, 2);
	}
	net_print_code(&at, "step", &l->step, 1);
}

static void
put_rule(StrBuf *out, const Net *n, const NetConn *c, const NetRule *r)
{
	static const char *const reduce[] = {"mean", "sum", "max"};
	NetPlace at = {.out = out, .net = n, .conn = c, .rule = r};
	strbuf_printf(out, "\t\trule %s, %s over batch\n", r->name, reduce[r->reduce]);
	for (uint32_t i = 0; i < r->states.n; i++)
		put_state(&at, &r->states.at[i], 3);
	if (r->average)
		strbuf_printf(out, "\t\t\taverage over %" PRIu64 " steps%s\n", r->average, r->average_each ? " each step" : "");
	static const char *const events[] = {"each step", "on pre", "on post"};
	for (uint32_t i = 0; i < r->handlers.n; i++)
		net_print_code(&at, events[r->handlers.at[i].event], &r->handlers.at[i].code, 3);
}

static void
put_bound(const NetPlace *at, const NetExpr *e)
{
	if (e->kind == NEXPR_CONST && isinf(e->value))
		strbuf_puts(at->out, e->value < 0 ? "-inf" : "inf");
	else
		net_print_expr(at, e);
}

static void
put_extents(StrBuf *out, uint32_t rank, const uint64_t *extent)
{
	for (uint32_t i = 0; i < rank; i++)
		strbuf_printf(out, "%s%" PRIu64, i ? ", " : "[", extent[i]);
	if (rank)
		strbuf_putc(out, ']');
}

static void
put_feature(StrBuf *out, const Net *n, const NetConn *c, const NetFeature *f)
{
	NetPlace at = {.out = out, .net = n, .conn = c, .feature = f};
	strbuf_printf(out, "\tfeature %s%s%s = ", f->name, f->type == NT_BOOL ? " : bool" : "",
	              f->of_post ? " of post" : "");
	if (f->shared != NET_NONE) {
		strbuf_printf(out, "shared %s", f->shared < c->features.n ? c->features.at[f->shared].name : "?");
	} else if (f->init.file) {
		strbuf_puts(out, "file ");
		put_quoted(out, f->init.file);
	} else if (f->init.e) {
		net_print_expr(&at, f->init.e);
	}
	strbuf_putc(out, '\n');
	if (f->has_range) {
		strbuf_puts(out, "\t\trange [");
		put_bound(&at, f->lo);
		strbuf_puts(out, ", ");
		put_bound(&at, f->hi);
		strbuf_puts(out, "]\n");
	}
	if (f->has_norm) {
		strbuf_puts(out, "\t\tnorm ");
		for (uint64_t k = 0; k < f->nnorms; k++) {
			strbuf_puts(out, k ? ", " : f->nnorms > 1 ? "[" : "");
			net_print_number(out, n, f->norm[k]);
		}
		strbuf_puts(out, f->nnorms > 1 ? "]" : "");
		static const char *const per[] = {"post", "kernel", "connection"};
		strbuf_printf(out, " per %s each %s%s\n", per[f->norm_per], f->norm_each_step ? "step" : "run",
			      f->norm_signed ? " of signed sum" : "");
	}
	if (f->decay != 0) {
		strbuf_puts(out, "\t\tdecay ");
		net_print_number(out, n, f->decay);
		strbuf_putc(out, '\n');
	}
	if (f->stored != NSTORED_REAL)
		strbuf_printf(out, "\t\tstored %s\n", f->stored == NSTORED_F16 ? "f16" : "bf16");
	if (f->keep_sign) {
		strbuf_printf(out, "\t\tkeep sign%s", f->sign_of_pre ? " per pre" : f->positive ? " positive where " : "");
		if (f->positive)
			net_print_expr(&at, f->positive);
		strbuf_putc(out, '\n');
	}
	for (uint32_t i = 0; i < f->tables.n; i++) {
		const NetTable *t = &f->tables.at[i];
		strbuf_printf(out, "\t\ttable %s", t->name);
		put_extents(out, t->rank, t->extent);
		strbuf_puts(out, " = file ");
		put_quoted(out, t->file);
		strbuf_putc(out, '\n');
	}
	for (uint32_t i = 0; i < f->states.n; i++) {
		const NetState *st = &f->states.at[i];
		strbuf_printf(out, "\t\tstate %s", st->name);
		put_extents(out, st->rank, st->extent);
		strbuf_puts(out, " = ");
		net_print_expr(&at, st->init);
		static const char *const places[] = {" of connection", " of pre", " of post", ""};
		strbuf_puts(out, places[st->place]);
		strbuf_puts(out, st->kept_on_reset ? ", kept on reset\n" : "\n");
	}
	if (f->delay) {
		strbuf_puts(out, "\t\tdelay ");
		net_print_expr(&at, f->delay);
		strbuf_printf(out, ", at most %" PRIu64 " steps\n", f->slots);
	}
	net_print_code(&at, "compute", &f->compute, 2);
	if (f->has_rule)
		put_rule(out, n, c, &f->rule);
}

static void
put_sizes(StrBuf *out, const char *what, uint32_t n, const uint64_t *at)
{
	strbuf_printf(out, "%s ", what);
	put_shape(out, n, at);
}

static void
put_drawn(StrBuf *out, const Net *n, const NetPattern *p)
{
	strbuf_printf(out, " %s ", p->drawn);
	if (p->count)
		strbuf_printf(out, "%" PRIu64, p->count);
	else if (!p->near && !p->cond)
		net_print_number(out, n, p->p);
	strbuf_printf(out, ", room for %" PRIu64 "%s%s", p->nsynapses, p->autapses ? "" : ", no autapses",
	              p->multapses ? "" : ", no multapses");
}

static void
put_condition(StrBuf *out, const Net *n, const NetConn *c)
{
	NetPlace at = {.out = out, .net = n, .conn = c};
	const NetExpr *e[2] = {c->pattern.near, c->pattern.cond};
	for (int k = 0; k < 2; k++) {
		if (!e[k])
			continue;
		strbuf_puts(out, "\tpairs where ");
		net_print_expr(&at, e[k]);
		strbuf_putc(out, '\n');
	}
}

static void
put_pattern(StrBuf *out, const Net *n, const NetPattern *p)
{
	static const char *const names[] = {"", " by one_to_one", " by conv", " by local", " by max_pool", " by mean_field",
	                                    " by sparse"};
	strbuf_puts(out, p->kind < NPAT_COUNT ? names[p->kind] : " by ?");
	if (p->kind == NPAT_SPARSE && !p->drawn)
		strbuf_printf(out, " of %" PRIu64, p->nsynapses);
	if (p->drawn)
		put_drawn(out, n, p);
	if (p->kind == NPAT_MEAN)
		strbuf_puts(out, p->per_item ? " of each item" : " of all items");
	if (p->kind != NPAT_CONV && p->kind != NPAT_LOCAL && p->kind != NPAT_POOL)
		return;
	strbuf_printf(out, " %" PRIu64 " -> %" PRIu64, p->in, p->out);
	put_sizes(out, ", kernel", p->axes, p->kernel);
	put_sizes(out, ", stride", p->axes, p->stride);
	put_sizes(out, ", padding", p->axes, p->padding);
	put_sizes(out, ", dilation", p->axes, p->dilation);
	if (p->kind == NPAT_POOL) {
		strbuf_puts(out, ", decay ");
		net_print_number(out, n, p->decay);
	}
}

void
net_print_conn(StrBuf *out, const Net *n, const NetConn *c)
{
	strbuf_printf(out, "connection %s: %s -> %s", c->name, layer_name(n, c->pre),
		      layer_name(n, c->post));
	if (c->port)
		strbuf_printf(out, ".%s", n->layers.at[c->post].ports.at[c->port].name);
	put_pattern(out, n, &c->pattern);
	strbuf_putc(out, '\n');
	put_condition(out, n, c);
	for (uint32_t i = 0; i < c->features.n; i++)
		put_feature(out, n, c, &c->features.at[i]);
}

void
net_print_signal(StrBuf *out, const Net *n, const NetSignal *g)
{
	NetPlace at = {.out = out, .net = n, .signal = g};
	strbuf_printf(out, "%s %s%s", g->tunable ? "tunable" : "signal", g->name, g->per_item ? " of item" : "");
	if (g->layer != NET_NONE)
		strbuf_printf(out, " of %s", layer_name(n, g->layer));
	strbuf_puts(out, " = ");
	if (g->file)
		put_quoted(out, g->file);
	else if (g->value)
		net_print_expr(&at, g->value);
	else
		net_print_number(out, n, g->init);
	strbuf_putc(out, '\n');
	for (uint32_t i = 0; i < g->states.n; i++) {
		strbuf_printf(out, "\tstate %s = ", g->states.at[i].name);
		net_print_expr(&at, g->states.at[i].init);
		strbuf_puts(out, g->states.at[i].kept_on_reset ? ", kept on reset\n" : "\n");
	}
	for (uint32_t i = 0; i < g->handlers.n; i++) {
		const NetSignalHandler *h = &g->handlers.at[i];
		const char *head = h->layer == NET_NONE ? "each step" : arena_printf(n->arena, "on %s.spikes", layer_name(n, h->layer));
		net_print_code(&at, head, &h->code, 1);
	}
}

/* ---- records and protocol -------------------------------------------------------------------- */

void
net_print_var(StrBuf *out, const Net *n, const NetVar *v)
{
	const NetLayer *l = v->of < n->layers.n ? &n->layers.at[v->of] : NULL;
	const NetConn *c = v->of < n->conns.n ? &n->conns.at[v->of] : NULL;
	const NetSignal *g = v->of < n->signals.n ? &n->signals.at[v->of] : NULL;
	switch (v->kind) {
	case NVAR_UNSET:
		strbuf_puts(out, "everything");
		return;
	case NVAR_COUNT:
		strbuf_printf(out, "count(%s)", l ? l->name : "?");
		return;
	case NVAR_SIGNAL:
		strbuf_puts(out, g ? g->name : "?");
		return;
	case NVAR_SIGNAL_STATE:
		strbuf_printf(out, "%s.%s", g ? g->name : "?", g && v->index < g->states.n ? g->states.at[v->index].name : "?");
		return;
	case NVAR_SPIKES:
		strbuf_printf(out, "%s.spikes", l ? l->name : "?");
		return;
	case NVAR_STATE:
		strbuf_printf(out, "%s.%s", l ? l->name : "?",
			      l && v->index < l->states.n ? l->states.at[v->index].name : "?");
		return;
	case NVAR_RATE:
		strbuf_printf(out, "%s.rate", c ? c->name : "?");
		return;
	case NVAR_TRACE:
		strbuf_printf(out, "%s.%s", l ? l->name : "?",
			      l && v->index < l->traces.n ? l->traces.at[v->index].name : "?");
		return;
	case NVAR_RULE_STATE: {
		const NetFeature *f = c && v->index < c->features.n ? &c->features.at[v->index] : NULL;
		strbuf_printf(out, "%s.%s.%s", c ? c->name : "?", f ? f->name : "?",
		              f && v->state < f->rule.states.n ? f->rule.states.at[v->state].name : "?");
		return;
	}
	case NVAR_VALUE:
		strbuf_printf(out, "%s.%s", c ? c->name : "?",
			      c && v->index < c->features.n ? c->features.at[v->index].name : "?");
		return;
	case NVAR_VOTES:
		strbuf_printf(out, "%s.votes", l ? l->name : "?");
		return;
	case NVAR_LABELS:
		strbuf_printf(out, "%s.labels", l ? l->name : "?");
		return;
	case NVAR_RATES:
		strbuf_printf(out, "%s.label_rates", l ? l->name : "?");
		return;
	case NVAR_PROPORTIONS:
		strbuf_printf(out, "%s.label_proportions", l ? l->name : "?");
		return;
	case NVAR_KEPT: {
		const NetFeature *f = c && v->index < c->features.n ? &c->features.at[v->index] : NULL;
		strbuf_printf(out, "%s.%s.%s", c ? c->name : "?", f ? f->name : "?",
			      f && v->state < f->states.n ? f->states.at[v->state].name : "?");
		return;
	}
	}
	UNREACHABLE();
}

const char *
net_record_form(NetRecordForm f)
{
	static const char *const names[NREC_COUNT] = {"all", "bits", "mean", "sum", "min", "max", "rate", "histogram", "average"};
	return names[f];
}

static void
put_record(StrBuf *out, const Net *n, const NetRecord *r)
{
	strbuf_printf(out, "record %s = ", r->name);
	net_print_var(out, n, &r->var);
	if (r->n)
		strbuf_printf(out, "[%" PRIu64 " ..< %" PRIu64 "]", r->first, r->first + r->n);
	for (uint32_t k = 0; k < r->nparts; k++)
		strbuf_printf(out, "%s%" PRIu64 " ..< %" PRIu64 " by %" PRIu64 "%s", k ? ", " : "[", r->part[k].first,
			      r->part[k].first + (r->part[k].n - 1) * r->part[k].step + 1, r->part[k].step, k + 1 == r->nparts ? "]" : "");
	if (r->form != NREC_ALL)
		strbuf_printf(out, " as %s", net_record_form(r->form));
	if (r->form == NREC_HISTOGRAM)
		strbuf_printf(out, "(%" PRIu64 ", %.17g, %.17g)", r->bins, r->low, r->high);
	strbuf_printf(out, " every %" PRIu64 " %s", r->every, r->samples ? "samples" : "steps");
	if (r->to)
		strbuf_printf(out, " in %" PRIu64 " ..< %" PRIu64, r->from, r->to);
	if (r->phase != NET_NONE)
		strbuf_printf(out, " during %s", phase_name(n, r->phase));
	strbuf_putc(out, '\n');
}

static void
put_plot(StrBuf *out, const Net *n, const NetPlot *p)
{
	strbuf_printf(out, "plot %s = ", p->name);
	net_print_var(out, n, &p->var);
	strbuf_printf(out, " as %s[%" PRIu64 ", %" PRIu64 "]\n", p->form, p->height, p->width);
}

static void put_protocol(StrBuf *out, const Net *n, const NetProtocol *p, int depth);

static const char *
variable_name(const Net *n, uint32_t i)
{
	return i < n->vars.n ? n->vars.at[i].name : "?";
}

static void
put_loop(StrBuf *out, const Net *n, const NetProto *s, int depth)
{
	if (s->kind == NPROTO_COUNT_TO)
		strbuf_printf(out, "for %s in %" PRIu64 " ..< %" PRIu64, variable_name(n, s->state), s->lo, s->hi);
	else
		strbuf_printf(out, "for %s[%" PRIu64 " ..< %" PRIu64 "]",
			      s->data < n->data.n ? n->data.at[s->data].name : "?", s->lo, s->hi);
	if (s->shuffled)
		strbuf_printf(out, " shuffled[%s]", s->site < n->sites.n ? n->sites.at[s->site].name : "?");
	if (s->phase != NET_NONE)
		strbuf_printf(out, " as %s", phase_name(n, s->phase));
	strbuf_puts(out, " {\n");
	put_protocol(out, n, &s->body, depth + 1);
	strbuf_indent(out, depth);
	strbuf_puts(out, "}\n");
}

static void
put_assign(StrBuf *out, const Net *n, const NetProto *s)
{
	NetPlace at = {.out = out, .net = n, .protocol = true};
	NetVar v = {NVAR_STATE, s->layer, s->state, 0};
	net_print_var(out, n, &v);
	strbuf_puts(out, " = ");
	net_print_expr(&at, s->e);
	strbuf_putc(out, '\n');
}

static void
put_vote(StrBuf *out, const Net *n, const NetProto *s)
{
	strbuf_printf(out, "vote %s for column%u by ", layer_name(n, s->layer), s->column);
	for (uint32_t i = 0; i < s->readouts.n; i++)
		strbuf_printf(out, "%s%s", i ? ", " : "", s->readouts.at[i]);
	if (s->every)
		strbuf_printf(out, " every %" PRIu64, s->every);
	if (s->keep != 1) {
		strbuf_puts(out, " keep ");
		net_print_number(out, n, s->keep);
	}
	if (s->path) {
		strbuf_puts(out, " from ");
		put_quoted(out, s->path);
	}
	strbuf_putc(out, '\n');
}

static void
put_control(StrBuf *out, const Net *n, const NetControl *c)
{
	static const char *const verb[] = {[NCONTROL_UNSET] = "?", [NCONTROL_CLAMP] = "clamp",
					   [NCONTROL_SILENCE] = "silence", [NCONTROL_INJECT] = "inject",
					   [NCONTROL_ZERO] = "zero"};
	NetPlace at = {.out = out, .net = n};
	bool of_conn = c->var.kind == NVAR_VALUE;
	at.layer = !of_conn && c->var.of < n->layers.n ? &n->layers.at[c->var.of] : NULL;
	at.conn = of_conn && c->var.of < n->conns.n ? &n->conns.at[c->var.of] : NULL;
	strbuf_printf(out, "%s ", verb[c->kind]);
	net_print_var(out, n, &c->var);
	strbuf_puts(out, c->kind == NCONTROL_INJECT ? " by " : " where ");
	if (c->e)
		net_print_expr(&at, c->e);
	else
		put_quoted(out, c->file);
	if (c->per_item)
		strbuf_puts(out, " per item");
	strbuf_putc(out, '\n');
}

static void
put_run(StrBuf *out, const Net *n, const NetProto *s, int depth)
{
	NetPlace at = {.out = out, .net = n, .protocol = true};
	strbuf_puts(out, "run ");
	if (s->steps)
		strbuf_printf(out, "%" PRIu64 " steps", s->steps);
	else
		net_print_expr(&at, s->e);
	if (!s->steps)
		strbuf_puts(out, " ms");
	if (s->by_layer)
		strbuf_puts(out, " layer by layer");
	strbuf_puts(out, s->controls.n ? " {\n" : "\n");
	for (uint32_t i = 0; i < s->controls.n; i++) {
		strbuf_indent(out, depth + 1);
		put_control(out, n, &s->controls.at[i]);
	}
	if (!s->controls.n)
		return;
	strbuf_indent(out, depth);
	strbuf_puts(out, "}\n");
}

static void
put_if(StrBuf *out, const Net *n, const NetProto *s, int depth)
{
	NetPlace at = {.out = out, .net = n, .protocol = true};
	strbuf_puts(out, "if ");
	net_print_expr(&at, s->e);
	strbuf_puts(out, " {\n");
	put_protocol(out, n, &s->body, depth + 1);
	strbuf_indent(out, depth);
	if (s->other.n) {
		strbuf_puts(out, "} else {\n");
		put_protocol(out, n, &s->other, depth + 1);
		strbuf_indent(out, depth);
	}
	strbuf_puts(out, "}\n");
}

static void
put_proto(StrBuf *out, const Net *n, const NetProto *s, int depth)
{
	strbuf_indent(out, depth);
	switch (s->kind) {
	case NPROTO_UNSET:
	case NPROTO_COUNT:
		strbuf_puts(out, "unset\n");
		return;
	case NPROTO_FOR:
	case NPROTO_COUNT_TO:
		put_loop(out, n, s, depth);
		return;
	case NPROTO_IF:
		put_if(out, n, s, depth);
		return;
	case NPROTO_LET: {
		NetPlace at = {.out = out, .net = n, .protocol = true};
		strbuf_printf(out, "let %s%s = ", variable_name(n, s->state),
			      s->state < n->vars.n && n->vars.at[s->state].per_item ? " of item" : "");
		net_print_expr(&at, s->e);
		strbuf_putc(out, '\n');
		return;
	}
	case NPROTO_ASSIGN:
		put_assign(out, n, s);
		return;
	case NPROTO_SIGNAL: {
		NetPlace at = {.out = out, .net = n, .protocol = true};
		strbuf_printf(out, "%s%s = ", s->pulse ? "pulse " : "", s->state < n->signals.n ? n->signals.at[s->state].name : "?");
		net_print_expr(&at, s->e);
		strbuf_putc(out, '\n');
		return;
	}
	case NPROTO_RUN:
		put_run(out, n, s, depth);
		return;
	case NPROTO_RESET:
		strbuf_puts(out, "reset\n");
		return;
	case NPROTO_FREEZE:
		strbuf_puts(out, "freeze\n");
		return;
	case NPROTO_THAW:
		strbuf_puts(out, "thaw\n");
		return;
	case NPROTO_VOTE:
		put_vote(out, n, s);
		return;
	case NPROTO_REPORT:
		strbuf_printf(out, "report %s", s->what);
		if (s->phase != NET_NONE)
			strbuf_printf(out, " of %s", phase_name(n, s->phase));
		strbuf_putc(out, '\n');
		return;
	case NPROTO_PRESENT:
		strbuf_printf(out, "present column %" PRIu32 " to %s\n", s->column, layer_name(n, s->layer));
		return;
	case NPROTO_LOAD:
		strbuf_puts(out, "load ");
		net_print_var(out, n, &s->var);
		strbuf_puts(out, " from ");
		put_quoted(out, s->path);
		strbuf_putc(out, '\n');
		return;
	case NPROTO_SAVE:
		strbuf_puts(out, "save ");
		net_print_var(out, n, &s->var);
		strbuf_puts(out, " to ");
		put_quoted(out, s->path);
		strbuf_putc(out, '\n');
		return;
	}
	UNREACHABLE();
}

static void
put_protocol(StrBuf *out, const Net *n, const NetProtocol *p, int depth)
{
	for (uint32_t i = 0; i < p->n; i++)
		put_proto(out, n, p->at[i], depth);
}

void
net_print(StrBuf *out, const Net *n)
{
	strbuf_printf(out, "network %s %s, dt ", n->name, n->f64 ? "f64" : "f32");
	net_print_number(out, n, n->dt);
	strbuf_printf(out, " ms, seed %" PRIu64 ", batch %" PRIu64 "\n", n->seed, n->batch);
	for (uint32_t i = 0; i < n->data.n; i++)
		put_data(out, &n->data.at[i]);
	for (uint32_t i = 0; i < n->arrays.n; i++)
		put_array(out, n, i);
	for (uint32_t i = 0; i < n->layers.n; i++)
		net_print_layer(out, n, &n->layers.at[i]);
	for (uint32_t i = 0; i < n->signals.n; i++)
		net_print_signal(out, n, &n->signals.at[i]);
	for (uint32_t i = 0; i < n->updates.n; i++)
		strbuf_printf(out, "%s%s%s", i ? ", " : "signals in the order ", n->updates.at[i] < n->signals.n ?
			      n->signals.at[n->updates.at[i]].name : "?", i + 1 < n->updates.n ? "" : "\n");
	for (uint32_t i = 0; i < n->conns.n; i++)
		net_print_conn(out, n, &n->conns.at[i]);
	for (uint32_t i = 0; i < n->sites.n; i++) {
		if (n->sites.at[i].file) {
			strbuf_printf(out, "draws %s from ", n->sites.at[i].name);
			put_quoted(out, n->sites.at[i].file);
			strbuf_putc(out, '\n');
		}
	}
	for (uint32_t i = 0; i < n->phases.n; i++)
		strbuf_printf(out, "phase %s: %" PRIu64 " samples\n", n->phases.at[i].name,
			      n->phases.at[i].samples);
	for (uint32_t i = 0; i < n->records.n; i++)
		put_record(out, n, &n->records.at[i]);
	for (uint32_t i = 0; i < n->plots.n; i++)
		put_plot(out, n, &n->plots.at[i]);
	if (n->protocol.n) {
		strbuf_puts(out, "experiment {\n");
		put_protocol(out, n, &n->protocol, 1);
		strbuf_puts(out, "}\n");
	}
	net_print_expects(out, n);
}
