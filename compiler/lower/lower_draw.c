/* lower_draw: random numbers.
 *
 * A number is a function of seed, site, object (item * neurons + neuron, or the synapse), step and draw (DESIGN 4):
 * Philox4x32-10 with key = mix(seed, site, replica). Sites drawn for every neuron in every step (uniform, bernoulli,
 * poisson of a small known mean) are filled by a kernel of their own, four objects to a block, Poisson numbers eight (lower_count);
 * others are drawn where they stand. A site that is fed from a file reads the row of this step: a uniform in [0, 1) for uniform, bernoulli and `keep one`, the number itself for poisson.
 */
#include "base/panic.h"
#include "lower/lower_inner.h"

#include <string.h>

enum { VECTOR = 16, MANY = 6 };                   /* blocks of Philox: at once in the widest vectors; too many to be made one by one */

/* Stable identity of a site: FNV-1a of its path. */
uint64_t
low_site_hash(const char *path)
{
	uint64_t h = 14695981039346656037u;
	for (; *path; path++)
		h = (h ^ (uint8_t)*path) * 1099511628211u;
	return h;
}

void
low_site_key(Lower *l, PlanEmit *b, uint32_t site, PlanExpr *key[2])
{
	Plan *p = l->p;
	PlanExpr *args[3] = {low_load(l, l->seed, 0),
	                     plan_int(p, PT_U64, (int64_t)low_site_hash(l->net->sites.at[site].name)),
	                     plan_int(p, PT_U64, 0)};
	static const char *const names[2] = {"key0", "key1"};
	plan_emit_call(b, low_func(l, "mix64"), 3, args, names, key);
}

PlanExpr *
low_uniform(Lower *l, PlanEmit *b, PlanExpr *raw)
{
	Plan *p = l->p;
	if (l->real == PT_F64)
		return plan_emit_let(b, "u", plan_binary(p, PEXPR_MUL, plan_cast(p, PT_F64, raw), low_real(l, 0x1p-32)));
	PlanExpr *high = plan_binary(p, PEXPR_SHR, raw, plan_int(p, PT_U32, 8));
	return plan_emit_let(b, "u", plan_binary(p, PEXPR_MUL, plan_cast(p, PT_F32, high), low_real(l, 0x1p-24)));
}

/* Who draws: a neuron of an item, a synapse, or (a layer as a whole) an item. */
static PlanExpr *
object(Scope *s)
{
	Lower *l = s->l;
	Plan *p = l->p;
	if (s->object)
		return plan_cast(p, PT_U64, s->object);
	if (s->conn != NET_NONE && !s->pre)
		return plan_cast(p, PT_U64, s->post);
	if (s->conn != NET_NONE) {
		PlanExpr *n = low_i64(l, (int64_t)l->net->layers.at[l->net->conns.at[s->conn].post].n);
		return plan_cast(p, PT_U64, plan_binary(p, PEXPR_ADD, plan_binary(p, PEXPR_MUL, s->pre, n), s->post));
	}
	if (s->layer == NET_NONE)
		return plan_cast(p, PT_U64, s->item);
	PlanExpr *n = low_i64(l, (int64_t)l->net->layers.at[s->layer].n);
	PlanExpr *o = l->batch == 1 ? s->own : plan_binary(p, PEXPR_ADD, plan_binary(p, PEXPR_MUL, s->item, n), s->own);
	return plan_cast(p, PT_U64, o);
}

/* When it is drawn: the step; in the experiment, how often it was before. */
static PlanExpr *
moment(Lower *l, uint32_t site)
{
	return low_load(l, l->site_counts[site] == NO_BUF ? l->step : l->site_counts[site], 0);
}

/* Initial values are the same whenever a reset brings them back. */
static PlanExpr *
moment_of(Scope *s, uint32_t site)
{
	return s->at_start ? plan_int(s->l->p, PT_U64, 0) : moment(s->l, site);
}

/* A normal number of its object's own two words. */
static PlanExpr *
normal(Scope *s, const NetExpr *e)
{
	Lower *l = s->l;
	PlanExpr *key[2], *args[4], *word[2], *drawn;
	static const char *const names[] = {"word0", "word1"}, *const name = "drawn";
	if (s->keys)
		memcpy(key, s->keys[e->site], sizeof key);
	else
		low_site_key(l, s->b, e->site, key);
	args[0] = key[0];
	args[1] = key[1];
	args[2] = object(s);
	args[3] = moment_of(s, e->site);
	plan_emit_call(s->b, low_func(l, "draw_pair_u32"), 4, args, names, word);
	plan_emit_call(s->b, low_func(l, "normal_f32"), 2, word, &name, &drawn);
	return plan_cast(l->p, l->real, drawn);
}

static PlanExpr *
poisson(Scope *s, const NetExpr *e)
{
	Lower *l = s->l;
	PlanExpr *key[2], *args[5], *drawn;
	PlanExpr *mean = plan_emit_let(s->b, "mean", plan_cast(l->p, PT_F32, low_expr(s, e->op[0])));
	low_site_key(l, s->b, e->site, key);
	args[0] = mean;
	args[1] = key[0];
	args[2] = key[1];
	args[3] = object(s);
	args[4] = moment_of(s, e->site);
	static const char *const name = "drawn";
	plan_emit_call(s->b, low_func(l, "poisson"), 5, args, &name, &drawn);
	return plan_cast(l->p, l->real, drawn);
}

PlanExpr *
low_site_value(Scope *s, const NetExpr *e)
{
	Lower *l = s->l;
	Plan *p = l->p;
	uint32_t buf = l->sites[e->site];
	bool fed = l->net->sites.at[e->site].file != NULL;
	PlanExpr *value;
	if (s->drawn && s->drawn[e->site]) {
		value = s->drawn[e->site];
	} else if (buf != NO_BUF) {
		bool per_item = p->bufs.at[buf].naxes == 1;
		bool of_target = s->conn != NET_NONE && per_item;
		value = of_target ? low_load(l, buf, 1, s->post)
		        : s->conn != NET_NONE ? low_load(l, buf, 2, s->pre, s->post)
		        : per_item ? low_load(l, buf, 1, s->item) : low_load(l, buf, 2, s->item, s->own);
		if (!fed)
			value = low_is_counted(e) ? plan_emit_let(s->b, "drawn", plan_cast(p, l->real, plan_cast(p, PT_I32, value)))
			                          : low_uniform(l, s->b, value);
	} else if (e->draw == NDRAW_NORMAL) {
		return normal(s, e);
	} else if (e->draw == NDRAW_POISSON && !low_is_counted(e)) {
		return poisson(s, e);
	} else {
		PlanExpr *key[2], *args[5], *drawn;
		if (s->keys)
			memcpy(key, s->keys[e->site], sizeof key);
		else
			low_site_key(l, s->b, e->site, key);
		args[0] = key[0];
		args[1] = key[1];
		args[2] = object(s);
		args[3] = moment_of(s, e->site);
		args[4] = plan_int(p, PT_U32, 0);
		static const char *const name = "drawn";
		plan_emit_call(s->b, low_func(l, "draw_u32"), 5, args, &name, &drawn);
		value = low_is_counted(e) ? low_count_of_word(s, e, drawn) : low_uniform(l, s->b, drawn);
	}
	return e->draw == NDRAW_BERNOULLI ? plan_binary(p, PEXPR_LT, value, low_expr(s, e->op[0])) : value;
}

/* ---- sites of layers -------------------------------------------------------------------------- */

static void
fed_site_of(Lower *l, uint32_t site, uint32_t naxes, const PlanAxis *axes)
{
	uint32_t buf = low_add_buf(l, l->real, ROLE_SCRATCH, naxes, axes, "%s", l->net->sites.at[site].name);
	uint32_t o = plan_add_object(l->p, POBJ_STREAM, l->net->sites.at[site].name);
	PlanObject *po = &l->p->objects.at[o];
	po->texts = ARENA_ARRAY(l->a, const char *, 1);
	po->texts[0] = l->net->sites.at[site].file;
	po->bufs = ARENA_ARRAY(l->a, uint32_t, 1);
	po->bufs[0] = buf;
	po->ntexts = po->nbufs = 1;
	po->span = l->net->sites.at[site].span;
	l->sites[site] = buf;
	l->streams_of_sites[site] = o;
}

static void
fed_site(Lower *l, uint32_t site, uint32_t layer, bool per_item)
{
	PlanAxis axes[2] = {low_axis(AXIS_BATCH, l->batch), low_axis(AXIS_NEURON, l->net->layers.at[layer].n)};
	fed_site_of(l, site, per_item ? 1 : 2, axes);
}

/* One more vector takes less than many single turns behind the others. */
static uint64_t
whole_vectors(uint64_t blocks)
{
	return blocks % VECTOR >= MANY ? (blocks + VECTOR - 1) / VECTOR * VECTOR : blocks;
}

/* The words of a counter that are the step's. */
void
low_step_words(Lower *l, PlanEmit *b, PlanExpr *words[2])
{
	Plan *p = l->p;
	PlanExpr *step = plan_emit_let(b, "now", low_load(l, l->step, 0));
	words[0] = plan_emit_let(b, "now_lo", plan_cast(p, PT_U32, step));
	PlanExpr *high = plan_binary(p, PEXPR_AND, plan_binary(p, PEXPR_SHR, step, plan_int(p, PT_U64, 32)), plan_int(p, PT_U64, 0xffff));
	words[1] = plan_emit_let(b, "now_hi", plan_binary(p, PEXPR_SHL, plan_cast(p, PT_U32, high), plan_int(p, PT_U32, 16)));
}

/* Blocks of four objects; the buffer is padded to whole blocks. In a batch an item's objects begin where a block does, or not so. */
static void
drawn_site(Lower *l, uint32_t site, uint32_t layer)
{
	Plan *p = l->p;
	uint64_t n = l->net->layers.at[layer].n * l->batch, blocks = (n + 3) / 4;
	if (n > UINT32_MAX || (l->batch > 1 && l->net->layers.at[layer].n % 4 != 0))
		return;                                   /* drawn in place */
	if (l->batch == 1)
		blocks = whole_vectors(blocks);
	PlanAxis axes[2] = {low_axis(AXIS_BATCH, l->batch), low_axis(AXIS_NEURON, 4 * blocks / l->batch)};
	uint32_t buf = low_add_buf(l, PT_U32, ROLE_SCRATCH, 2, axes, "%s", l->net->sites.at[site].name);
	uint32_t id = low_add_kernel(l, blocks / l->batch, "%s.draw", l->net->sites.at[site].name);
	PlanEmit b = plan_emit(p, p->codes.at[id]);
	PlanExpr *key[2];
	low_site_key(l, &b, site, key);
	PlanExpr *step[2];
	low_step_words(l, &b, step);
	LowLoop items = low_items(l, &b);
	LowLoop loop = low_loop(low_body(&items), "q", low_lo(&b), low_hi(&b), true);
	PlanEmit *in = low_body(&loop);
	PlanExpr *block = loop.index;
	if (l->batch > 1)
		block = plan_binary(p, PEXPR_ADD, plan_binary(p, PEXPR_MUL, items.index, low_i64(l, (int64_t)(blocks / l->batch))), block);
	PlanExpr *args[6] = {key[0], key[1], plan_cast(p, PT_U32, block), plan_int(p, PT_U32, 0), step[0], step[1]}, *r[4];
	static const char *const names[4] = {"r0", "r1", "r2", "r3"};
	plan_emit_call(in, low_func(l, "philox4x32"), 6, args, names, r);
	for (int k = 0; k < 4; k++) {
		PlanExpr *at = plan_binary(p, PEXPR_ADD, plan_binary(p, PEXPR_MUL, loop.index, low_i64(l, 4)), low_i64(l, k));
		low_store(in, buf, r[k], 2, items.index, at);
	}
	low_close(&loop);
	low_close(&items);
	p->codes.at[id]->body = plan_freeze(&b);
	l->sites[site] = buf;
	l->drawers[site] = id;
}

static void
sites_of_expr(Lower *l, uint32_t layer, const NetExpr *e, bool always)
{
	if (!e)
		return;
	if (e->kind == NEXPR_DRAW && l->sites[e->site] == NO_BUF) {
		if (l->net->sites.at[e->site].file)
			fed_site(l, e->site, layer, false);
		else if (low_is_counted(e) && always)
			low_counted_site(l, e, layer);
		else if (e->draw != NDRAW_POISSON && e->draw != NDRAW_NORMAL && always)
			drawn_site(l, e->site, layer);
	}
	for (int k = 0; k < 3; k++)
		sites_of_expr(l, layer, e->op[k], always);
}

static void
sites_of_block(Lower *l, uint32_t layer, NetBlock b, bool always)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const NetStmt *s = b.at[i];
		sites_of_expr(l, layer, s->e, always);
		if (s->kind == NSTMT_KEEP_ONE && l->net->sites.at[s->site].file)
			fed_site(l, s->site, layer, true);
		sites_of_block(l, layer, s->body, false);
		sites_of_block(l, layer, s->other, false);
	}
}

/* A feature draws once for each synapse and step (of targets, pools and means: for each target), for all items of the batch. */
static void
fed_sites_of_expr(Lower *l, const NetConn *c, const NetExpr *e, bool of_target)
{
	if (!e)
		return;
	if (e->kind == NEXPR_DRAW && l->sites[e->site] == NO_BUF && l->net->sites.at[e->site].file) {
		PlanAxis axes[2] = {low_axis(AXIS_PRE, l->net->layers.at[c->pre].n),
		                    low_axis(AXIS_POST, l->net->layers.at[c->post].n)};
		fed_site_of(l, e->site, of_target ? 1 : 2, axes + of_target);
	}
	for (int k = 0; k < 3; k++)
		fed_sites_of_expr(l, c, e->op[k], of_target);
}

static void
fed_sites_of_block(Lower *l, const NetConn *c, NetBlock b, bool of_target)
{
	for (uint32_t i = 0; i < b.n; i++) {
		fed_sites_of_expr(l, c, b.at[i]->e, of_target);
		fed_sites_of_block(l, c, b.at[i]->body, of_target);
		fed_sites_of_block(l, c, b.at[i]->other, of_target);
	}
}

static void
fed_sites_of_feature(Lower *l, const NetConn *c, const NetFeature *f)
{
	bool of_target = f->of_post || c->pattern.kind == NPAT_POOL || c->pattern.kind == NPAT_MEAN;
	fed_sites_of_block(l, c, f->compute.body, of_target);
	for (uint32_t h = 0; h < f->rule.handlers.n; h++)
		fed_sites_of_block(l, c, f->rule.handlers.at[h].code.body, f->of_post);
}

void
low_sites(Lower *l)
{
	uint32_t n = l->net->sites.n;
	l->sites = ARENA_ARRAY(l->a, uint32_t, n);
	l->streams_of_sites = ARENA_ARRAY(l->a, uint32_t, n);
	l->drawers = ARENA_ARRAY(l->a, uint32_t, n);
	l->site_counts = ARENA_ARRAY(l->a, uint32_t, n);
	for (uint32_t i = 0; i < n; i++)
		l->site_counts[i] = NO_BUF;
	for (uint32_t i = 0; i < n; i++)
		l->sites[i] = l->streams_of_sites[i] = l->drawers[i] = UINT32_MAX;
	for (uint32_t i = 0; i < l->net->layers.n; i++)
		sites_of_block(l, i, l->net->layers.at[i].step.body, true);
	for (uint32_t c = 0; c < l->net->conns.n; c++)
		for (uint32_t k = 0; k < l->net->conns.at[c].features.n; k++)
			fed_sites_of_feature(l, &l->net->conns.at[c], &l->net->conns.at[c].features.at[k]);
}
