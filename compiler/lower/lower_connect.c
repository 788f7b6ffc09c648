/* lower_connect: what a connection keeps: the values of its features, how they begin. */
#include "base/panic.h"
#include "lower/lower_inner.h"

#include <math.h>

static bool
stored_var(const Lower *l, uint32_t conn, uint32_t feature)
{
	const Net *n = l->net;
	for (uint32_t i = 0; i < n->records.n; i++) {
		NetVar v = n->records.at[i].var;
		if (v.kind == NVAR_VALUE && v.of == conn && v.index == feature)
			return true;
	}
	for (uint32_t i = 0; i < n->plots.n; i++) {
		NetVar v = n->plots.at[i].var;
		if (v.kind == NVAR_VALUE && v.of == conn && v.index == feature)
			return true;
	}
	return false;
}

static bool
saved_var(const NetProtocol *p, uint32_t conn, uint32_t feature)
{
	for (uint32_t i = 0; i < p->n; i++) {
		const NetProto *s = p->at[i];
		if ((s->kind == NPROTO_SAVE || s->kind == NPROTO_LOAD) && s->var.kind == NVAR_VALUE && s->var.of == conn && s->var.index == feature)
			return true;
		if (saved_var(&s->body, conn, feature) || saved_var(&s->other, conn, feature))
			return true;
	}
	return false;
}

/* Does a rule of another feature read it? */
static bool
fellow_reads(const NetExpr *e, uint32_t feature)
{
	if (!e)
		return false;
	return (e->kind == NEXPR_FELLOW && e->index == feature) || fellow_reads(e->op[0], feature)
	       || fellow_reads(e->op[1], feature) || fellow_reads(e->op[2], feature);
}

static bool
fellow_reads_in(NetBlock b, uint32_t feature)
{
	for (uint32_t i = 0; i < b.n; i++)
		if (fellow_reads(b.at[i]->e, feature) || fellow_reads_in(b.at[i]->body, feature) || fellow_reads_in(b.at[i]->other, feature))
			return true;
	return false;
}

static bool
is_fellow(const NetConn *c, uint32_t feature)
{
	for (uint32_t k = 0; k < c->features.n; k++) {
		const NetRule *r = &c->features.at[k].rule;
		for (uint32_t h = 0; c->features.at[k].has_rule && h < r->handlers.n; h++)
			if (fellow_reads_in(r->handlers.at[h].code.body, feature))
				return true;
	}
	return false;
}

/* Does the experiment load it, by itself or with everything? */
static bool
is_loaded(const NetProtocol *p, uint32_t conn, uint32_t feature)
{
	for (uint32_t i = 0; i < p->n; i++) {
		const NetProto *s = p->at[i];
		bool all = s->var.kind == NVAR_UNSET, own = s->var.kind == NVAR_VALUE && s->var.of == conn && s->var.index == feature;
		if ((s->kind == NPROTO_LOAD && (all || own)) || is_loaded(&s->body, conn, feature) || is_loaded(&s->other, conn, feature))
			return true;
	}
	return false;
}

/* Can values leave their bounds by anything but the rule? By a norm, from a file, or held at a zero that is not between them. */
static bool
gets_out(const Lower *l, uint32_t conn, uint32_t feature)
{
	const NetFeature *f = &l->net->conns.at[conn].features.at[feature];
	if (f->has_norm || is_loaded(&l->net->protocol, conn, feature))
		return f->has_range || f->keep_sign;
	bool zero = f->has_range && f->lo->kind == NEXPR_CONST && f->hi->kind == NEXPR_CONST && f->lo->value <= 0 && f->hi->value >= 0;
	return f->has_range && !zero && low_is_controlled(&l->net->protocol, (NetVar){NVAR_VALUE, conn, feature, 0});
}

static bool needs_store(const Lower *l, uint32_t conn, uint32_t feature);

/* Does anything but its first value ask for it? */
static bool
is_asked_for(const Lower *l, uint32_t conn, uint32_t feature)
{
	const NetConn *c = &l->net->conns.at[conn];
	const NetFeature *f = &c->features.at[feature];
	for (uint32_t k = feature + 1; k < c->features.n; k++)
		if (c->features.at[k].shared == feature && needs_store(l, conn, k))
			return true;
	bool bounds = f->has_range && (f->lo->kind != NEXPR_CONST || f->hi->kind != NEXPR_CONST);
	return is_fellow(c, feature) || low_sets_sign(f) || f->has_rule || bounds || f->has_norm || f->decay != 0 || f->init.file
	       || f->stored != NSTORED_REAL || stored_var(l, conn, feature) || saved_var(&l->net->protocol, conn, feature)
	       || low_is_controlled(&l->net->protocol, (NetVar){NVAR_VALUE, conn, feature, 0});
}

/* Programs in f64 keep all of it. */
static PlanType
type_of_values(const Lower *l, const NetFeature *f)
{
	static const PlanType type[] = {[NSTORED_F16] = PT_F16, [NSTORED_BF16] = PT_BF16};
	return f->type == NT_BOOL ? PT_BOOL : f->stored == NSTORED_REAL || l->real == PT_F64 ? l->real : type[f->stored];
}

/* Delays that nobody asks for are kept in steps. */
bool
low_is_arranged(const Lower *l, uint32_t conn)
{
	const NetConn *c = &l->net->conns.at[conn];
	uint32_t last = c->features.n - 1;
	if (!c->pattern.drawn || !low_delays_sums(c) || l->net->layers.at[c->post].ports.at[c->port].window || c->features.at[last].slots > UINT16_MAX || c->features.at[last].shared != NET_NONE)
		return false;
	for (uint32_t k = 0; k < c->features.n; k++)
		if (low_feature_is_staged(l, conn, k))
			return false;
	const NetFeature *f = &c->features.at[last];
	return f->delay->kind == NEXPR_VALUE && !is_asked_for(l, conn, last) && !low_is_fixed(f->init.e);
}

/* A number for each synapse takes less than one for each source and delay. */
bool
low_keeps_steps(const Lower *l, uint32_t conn)
{
	const NetConn *c = &l->net->conns.at[conn];
	if (!low_is_arranged(l, conn))
		return false;
	uint64_t slots = c->features.at[c->features.n - 1].slots, each = slots <= 256 ? 1 : 2;
	return c->pattern.nsynapses * each <= l->net->layers.at[c->pre].n * (slots + 1) * sizeof(uint32_t);
}

/* A value that is a number, or one number where i == j and another elsewhere, is never stored. */
static bool
needs_store(const Lower *l, uint32_t conn, uint32_t feature)
{
	const NetConn *c = &l->net->conns.at[conn];
	if (is_asked_for(l, conn, feature))
		return true;
	return !low_is_fixed(c->features.at[feature].init.e) && !(feature + 1 == c->features.n && low_is_arranged(l, conn));
}

/* A state that is one for the network: what an earlier connection with the same rule has; NO_BUF: none. */
static uint32_t
network_state(const Lower *l, uint32_t conn, uint32_t feature, const NetState *st)
{
	const NetRule *mine = &l->net->conns.at[conn].features.at[feature].rule;
	for (uint32_t c = 0; c <= conn; c++) {
		for (uint32_t k = 0; k < l->net->conns.at[c].features.n && (c < conn || k < feature); k++) {
			const NetRule *r = &l->net->conns.at[c].features.at[k].rule;
			for (uint32_t s = 0; s < r->states.n && r->name == mine->name; s++)
				if (r->states.at[s].of_network && r->states.at[s].name == st->name)
					return l->conns[c].features[k].states[s];
		}
	}
	return NO_BUF;
}

static void
rule_buffers(Lower *l, uint32_t conn, uint32_t feature)
{
	const NetConn *c = &l->net->conns.at[conn];
	const NetFeature *f = &c->features.at[feature];
	LowFeature *lf = &l->conns[conn].features[feature];
	lf->states = ARENA_ARRAY(l->a, uint32_t, f->rule.states.n + 1);
	lf->follows = ARENA_ARRAY(l->a, uint32_t, f->rule.states.n + 1);
	for (uint32_t s = 0; s < f->rule.states.n; s++) {
		const NetState *st = &f->rule.states.at[s];
		lf->follows[s] = low_find_follow(l, conn, feature, s);
		lf->states[s] = st->of_network ? network_state(l, conn, feature, st) : NO_BUF;
		if (lf->follows[s] != UINT32_MAX)
			lf->states[s] = l->follows.at[lf->follows[s]].buf;
		if (lf->states[s] == NO_BUF)
			lf->states[s] = low_place_buf(l, conn, st->type == NT_BOOL ? PT_BOOL : l->real, ROLE_STATE, st->place, false,
			                              arena_printf(l->a, "%s.%s.%s", c->name, f->name, st->name));
	}
}

void
low_conn_buffers(Lower *l, uint32_t conn)
{
	const NetConn *c = &l->net->conns.at[conn];
	LowConn *low = &l->conns[conn];
	low->past = NO_BUF;
	low->remember = UINT32_MAX;
	low->features = ARENA_ARRAY(l->a, LowFeature, c->features.n);
	low_find_rows(l, conn);
	low_find_behind(l, conn);
	low_pattern_buffers(l, conn);
	for (uint32_t k = 0; k < c->features.n; k++) {
		PlanAxis axes[PLAN_MAX_AXES];
		uint32_t naxes = low_value_axes(l, conn, &c->features.at[k], axes);
		const NetFeature *f = &c->features.at[k];
		LowFeature *lf = &low->features[k];
		lf->buf = lf->unclipped = NO_BUF;
		lf->init_kept = lf->reset_kept = lf->reset_ring = lf->signs = UINT32_MAX;
		lf->ring = NO_BUF;
		lf->total = lf->negative = NO_BUF;
		lf->init = lf->init_states = lf->norm = lf->find_zeros = lf->find_unclipped = lf->fill = UINT32_MAX;
		if (f->shared != NET_NONE)
			lf->buf = low->features[f->shared].buf;
		else if (needs_store(l, conn, k))
			lf->buf = low_add_buf(l, type_of_values(l, f), ROLE_STATE, naxes, axes, "%s.%s", c->name, f->name);
		if (f->has_rule && gets_out(l, conn, k) && (low_is_plain(c, f) || low_is_listed(l, c, f)))
			lf->unclipped = low_add_buf(l, PT_BOOL, ROLE_STATE, 0, NULL, "%s.%s_unclipped", c->name, f->name);
		if (f->keep_sign && (f->has_rule || low_sets_sign(f)))
			lf->negative = low_add_buf(l, PT_BOOL, ROLE_STATE, naxes, axes, "%s.%s_negative", c->name, f->name);
		low_feature_buffers(l, conn, k);
		if (f->has_rule)
			rule_buffers(l, conn, k);
	}
}

static bool
is_bound(const NetExpr *e)
{
	return e->kind != NEXPR_CONST || !isinf(e->value);
}

bool
low_is_bounded(const NetFeature *f)
{
	return f->has_range && f->type == NT_REAL && (is_bound(f->lo) || is_bound(f->hi));
}

PlanExpr *
low_clipped(Scope *s, const NetFeature *f, PlanExpr *v)
{
	Plan *p = s->l->p;
	if (!low_is_bounded(f))
		return v;
	for (int upper = 0; upper < 2; upper++) {
		const NetExpr *bound = upper ? f->hi : f->lo;
		if (!is_bound(bound))
			continue;
		v = low_keep(s->b, "w", v);
		PlanExpr *to = low_keep(s->b, upper ? "high" : "low", low_expr(s, bound));
		v = plan_ternary(p, PEXPR_SELECT, plan_binary(p, upper ? PEXPR_GT : PEXPR_LT, v, to), to, v);
	}
	return v;
}

PlanExpr *
low_bounded(Scope *s, const NetFeature *f, const LowFeature *low, PlanExpr *v)
{
	Lower *l = s->l;
	Plan *p = l->p;
	if (low->negative != NO_BUF) {                 /* what would cross zero stays there */
		v = low_keep(s->b, "w", v);
		PlanExpr *zero = low_real(l, 0), *above = plan_binary(p, PEXPR_GT, v, zero);
		PlanExpr *negative = s->at ? low_value_load(l, low->negative, s->at) : low_load(l, low->negative, 2, s->pre, s->post);
		PlanExpr *crossed = plan_ternary(p, PEXPR_SELECT, negative, above, plan_binary(p, PEXPR_LT, v, zero));
		v = plan_ternary(p, PEXPR_SELECT, crossed, zero, v);
	}
	return low_clipped(s, f, v);
}

/* The sites of an initial value that give uniform numbers; poisson numbers are drawn where they stand. */
void
low_find_uniforms(Lower *l, const NetExpr *e, LowSites *out)
{
	if (!e)
		return;
	if (e->kind == NEXPR_DRAW && e->draw != NDRAW_POISSON && e->draw != NDRAW_NORMAL)
		VEC_PUSH(l->a, out, e->site);
	for (int k = 0; k < 3; k++)
		low_find_uniforms(l, e->op[k], out);
}

/* One random word for synapse (i, j), or four for (i, 4 j) and its neighbours: object i * posts + j, drawn at step 0. */
static void
draw_words(Lower *l, PlanEmit *b, PlanExpr *const key[2], PlanExpr *i, PlanExpr *j, uint64_t posts, PlanExpr *r[4])
{
	Plan *p = l->p;
	if (posts % 4 != 0) {
		PlanExpr *at = plan_binary(p, PEXPR_ADD, plan_binary(p, PEXPR_MUL, i, low_i64(l, (int64_t)posts)), j);
		PlanExpr *args[5] = {key[0], key[1], plan_cast(p, PT_U64, at), plan_int(p, PT_U64, 0), plan_int(p, PT_U32, 0)};
		static const char *const name = "r";
		plan_emit_call(b, low_func(l, "draw_u32"), 5, args, &name, r);
		return;
	}
	PlanExpr *at = plan_binary(p, PEXPR_ADD, plan_binary(p, PEXPR_MUL, i, low_i64(l, (int64_t)(posts / 4))), j);
	at = plan_emit_let(b, "block", plan_cast(p, PT_U64, at));
	PlanExpr *hi = plan_cast(p, PT_U32, plan_binary(p, PEXPR_SHR, at, plan_int(p, PT_U64, 32)));
	PlanExpr *args[6] = {key[0], key[1], plan_cast(p, PT_U32, at), hi, plan_int(p, PT_U32, 0), plan_int(p, PT_U32, 0)};
	static const char *const names[4] = {"r0", "r1", "r2", "r3"};
	plan_emit_call(b, low_func(l, "philox4x32"), 6, args, names, r);
}

static void
init_random(Lower *l, PlanEmit *b, uint32_t conn, uint32_t feature, const LowSites *sites)
{
	Plan *p = l->p;
	const NetFeature *f = &l->net->conns.at[conn].features.at[feature];
	uint64_t n = l->net->layers.at[l->net->conns.at[conn].post].n;
	bool blocks = n % 4 == 0;
	typedef PlanExpr *Pair[2], *Four[4];
	Pair *key = ARENA_ARRAY(l->a, Pair, sites->n);
	Four *r = ARENA_ARRAY(l->a, Four, sites->n);
	for (uint32_t s = 0; s < sites->n; s++)
		low_site_key(l, b, sites->at[s], key[s]);
	LowLoop rows = low_loop(b, "i", low_lo(b), low_hi(b), false);
	LowLoop cols = low_loop(low_body(&rows), blocks ? "q" : "j", low_i64(l, 0), low_i64(l, (int64_t)(blocks ? n / 4 : n)), true);
	PlanEmit *in = low_body(&cols);
	for (uint32_t s = 0; s < sites->n; s++)
		draw_words(l, in, key[s], rows.index, cols.index, n, r[s]);
	for (int k = 0; k < (blocks ? 4 : 1); k++) {
		PlanExpr *j = cols.index;
		if (blocks)
			j = plan_binary(p, PEXPR_ADD, plan_binary(p, PEXPR_MUL, j, low_i64(l, 4)), low_i64(l, k));
		Scope s = low_scope(l, in);
		s.conn = conn;
		s.pre = rows.index;
		s.post = j;
		s.drawn = ARENA_ARRAY(l->a, PlanExpr *, l->net->sites.n);
		for (uint32_t m = 0; m < sites->n; m++)
			s.drawn[sites->at[m]] = low_uniform(l, in, r[m][k]);
		PlanExpr *v = low_clipped(&s, f, low_expr(&s, f->init.e));
		low_store(in, l->conns[conn].features[feature].buf, v, 2, rows.index, j);
	}
	low_close(&cols);
	low_close(&rows);
}

void
low_fill(Lower *l, uint32_t conn, uint32_t feature)
{
	const NetConn *c = &l->net->conns.at[conn];
	const NetFeature *f = &c->features.at[feature];
	LowFeature *lf = &l->conns[conn].features[feature];
	lf->fill = plan_add_object(l->p, POBJ_FILL, arena_printf(l->a, "%s.%s", c->name, f->name));
	PlanObject *o = &l->p->objects.at[lf->fill];
	o->texts = ARENA_ARRAY(l->a, const char *, 1);
	o->texts[0] = f->init.file;
	o->bufs = ARENA_ARRAY(l->a, uint32_t, 1);
	o->bufs[0] = lf->buf;
	o->ntexts = o->nbufs = 1;
	o->span = f->init.span;
}

static void
init_kernel(Lower *l, uint32_t conn, uint32_t feature)
{
	const NetConn *c = &l->net->conns.at[conn];
	const NetFeature *f = &c->features.at[feature];
	LowFeature *lf = &l->conns[conn].features[feature];
	if (f->init.file) {
		low_fill(l, conn, feature);
		if (!low_is_bounded(f))
			return;
	}
	lf->init = low_add_kernel(l, l->net->layers.at[c->pre].n, "%s.%s.init", c->name, f->name);
	PlanEmit b = plan_emit(l->p, l->p->codes.at[lf->init]);
	LowSites sites = {0};
	low_find_uniforms(l, f->init.e, &sites);
	if (sites.n) {
		init_random(l, &b, conn, feature, &sites);
	} else {
		LowLoop rows = low_loop(&b, "i", low_lo(&b), low_hi(&b), false);
		LowLoop cols = low_loop(low_body(&rows), "j", low_i64(l, 0), low_i64(l, (int64_t)l->net->layers.at[c->post].n), true);
		Scope s = low_scope(l, low_body(&cols));
		s.conn = conn;
		s.pre = rows.index;
		s.post = cols.index;
		PlanExpr *v = f->init.file ? low_load(l, lf->buf, 2, s.pre, s.post) : low_expr(&s, f->init.e);
		low_store(s.b, lf->buf, low_clipped(&s, f, v), 2, s.pre, s.post);
		low_close(&cols);
		low_close(&rows);
	}
	l->p->codes.at[lf->init]->body = plan_freeze(&b);
}

static void
pair_states(Lower *l, PlanEmit *b, uint32_t conn, uint32_t feature, uint32_t state, PlanExpr *item)
{
	const NetConn *c = &l->net->conns.at[conn];
	uint64_t shared = c->pattern.kind == NPAT_CONV ? low_positions(&c->pattern) : 1;
	LowLoop values = low_loop(b, "i", low_i64(l, 0), low_i64(l, (int64_t)low_values(l, conn)), false);
	LowLoop windows = low_loop(low_body(&values), "j", low_i64(l, 0), low_i64(l, (int64_t)shared), false);
	Scope s = low_scope(l, low_body(&windows));
	s.item = item;
	s.pair[0] = values.index;
	s.pair[1] = windows.index;
	const NetState *st = &c->features.at[feature].rule.states.at[state];
	low_place_store(&s, l->conns[conn].features[feature].states[state], st->place, false, low_expr(&s, st->init));
	low_close(&windows);
	low_close(&values);
}

/* States of the rule begin with a number each; zero is what memory holds. */
static void
init_states(Lower *l, uint32_t conn, uint32_t feature)
{
	const NetConn *c = &l->net->conns.at[conn];
	const NetFeature *f = &c->features.at[feature];
	LowFeature *lf = &l->conns[conn].features[feature];
	bool any = false;
	for (uint32_t k = 0; k < f->rule.states.n; k++)
		any |= f->rule.states.at[k].init->value != 0;
	if (!any)
		return;
	lf->init_states = low_add_kernel(l, 1, "%s.%s.init_states", c->name, f->name);
	PlanEmit b = plan_emit(l->p, l->p->codes.at[lf->init_states]);
	LowLoop once = low_loop(&b, "x", low_lo(&b), low_hi(&b), false);
	for (uint32_t k = 0; k < f->rule.states.n; k++) {
		NetVaries place = f->rule.states.at[k].place;
		LowLoop items = low_items(l, low_body(&once));
		if (place == NPLACE_SYNAPSE && c->pattern.kind != NPAT_ALL) {
			pair_states(l, low_body(&items), conn, feature, k, items.index);
			low_close(&items);
			continue;
		}
		LowLoop rows = {.outer = low_body(&items), .unit = true};
		if (place & NPLACE_PRE)
			rows = low_loop(low_body(&items), "i", low_i64(l, 0), low_i64(l, (int64_t)l->net->layers.at[c->pre].n), false);
		LowLoop cols = {.outer = low_body(&rows), .unit = true};
		if (place & NPLACE_POST)
			cols = low_loop(low_body(&rows), "j", low_i64(l, 0), low_i64(l, (int64_t)l->net->layers.at[c->post].n), true);
		Scope s = low_scope(l, low_body(&cols));
		s.item = items.index;
		s.pre = rows.index;
		s.post = cols.index;
		low_place_store(&s, lf->states[k], place, false, low_expr(&s, f->rule.states.at[k].init));
		low_close(&cols);
		low_close(&rows);
		low_close(&items);
	}
	low_close(&once);
	l->p->codes.at[lf->init_states]->body = plan_freeze(&b);
}

static void
pattern_kernels(Lower *l, uint32_t conn, uint32_t feature)
{
	const NetFeature *f = &l->net->conns.at[conn].features.at[feature];
	if (l->conns[conn].features[feature].buf != NO_BUF && f->shared == NET_NONE)
		low_pattern_init(l, conn, feature);
	low_feature_kernels(l, conn, feature);
	if (f->has_rule)
		init_states(l, conn, feature);
	if (f->has_norm)
		low_norm(l, conn, feature);
	if (f->has_rule || f->decay != 0)
		low_update(l, conn, feature);
}

void
low_conn_kernels(Lower *l, uint32_t conn)
{
	const NetConn *c = &l->net->conns.at[conn];
	low_pattern_kernels(l, conn);
	low_where(l, conn);
	if (l->conns[conn].delay_begin != NO_BUF || l->conns[conn].delay_steps != NO_BUF)
		low_delays_kernel(l, conn);
	for (uint32_t k = 0; k < c->features.n; k++) {
		const NetFeature *f = &c->features.at[k];
		if (!low_is_plain(c, f)) {
			pattern_kernels(l, conn, k);
			continue;
		}
		if (l->conns[conn].features[k].buf != NO_BUF && f->shared == NET_NONE)
			init_kernel(l, conn, k);
		low_feature_kernels(l, conn, k);
		if (f->has_rule)
			init_states(l, conn, k);
		if (f->has_norm)
			low_norm(l, conn, k);
		if (f->has_rule || f->decay != 0)
			low_update(l, conn, k);
	}
}
