/* lower_count: Poisson numbers of a small mean that is known.
 *
 * Drawn now and then, a number inverts the distribution by one word, as `poisson` of math.plan does. Drawn for every neuron in every step, it takes
 * half a word, a *level* of 65536: count k has floor(65536 p_k) of them, one behind the other, but for counts so high that all of them together are
 * rare. On the levels that are left, at the top, which one neuron in some thousand meets, another word of the object (draw 1) decides by what the
 * others were short of. So probabilities are right to about 2^-43. Sixteen blocks of Philox serve 128 objects, in the order in which vectors hold them:
 * object 128 g + 32 k + 16 h + b has half h (0: the lower) of word k of block 16 g + b.
 */
#include "lower/lower_inner.h"

#include <math.h>

enum { MOST = 64, LEVELS = 1 << 16, BLOCKS = 16, GROUP = 128 /* objects of so many blocks */ };
#define RARE (1.0 / 2048)                                 /* counts that all together come so seldom have no levels */
#define NEVER 0x1p-50

/* Counts 0 .. n - 1; those before `own` have levels. */
typedef struct {
	uint32_t n, own;
	double p[MOST];
	uint32_t end[MOST];                               /* of a count's levels, ascending */
} Counts;

bool
low_is_counted(const NetExpr *e)
{
	return e->draw == NDRAW_POISSON && e->op[0]->kind == NEXPR_CONST && e->op[0]->value > 0 && (float)e->op[0]->value < 10;
}

/* The first word that is above a cumulative probability: (word + 0.5) / 2^32 > sum. 2^32: none is. */
static uint64_t
first_above(double sum)
{
	uint64_t word = sum * 0x1p32 > 1 ? (uint64_t)(sum * 0x1p32) - 1 : 0;
	while (word < (uint64_t)1 << 32 && !(((double)word + 0.5) * 0x1p-32 > sum))
		word++;
	return word;
}

static void
find_counts(Counts *c, const NetExpr *e)
{
	double m = (double)(float)e->op[0]->value, term = exp(-m), rest = 1;
	uint32_t sum = 0;
	*c = (Counts){0};
	while (c->n < MOST && (c->n <= m || term > NEVER)) {
		c->p[c->n++] = term;
		term = term * (m / c->n);
	}
	for (; c->own < c->n && rest > RARE; c->own++) {
		rest -= c->p[c->own];
		sum += (uint32_t)floor(c->p[c->own] * LEVELS);
		c->end[c->own] = sum < LEVELS ? sum : LEVELS - 1;     /* a bound of 16 bits */
	}
}

/* ---- counts -------------------------------------------------------------------------------------------------- */

/* How many bounds a word reaches. They are added up, not chosen: gcc 12 makes branches of a chain of choices, and no vectors. */
static PlanExpr *
reached(Plan *p, PlanExpr *word, const uint64_t *bound, uint32_t n, PlanType type)
{
	PlanExpr *sum = NULL;
	for (uint32_t k = 0; k < n && bound[k] <= UINT32_MAX; k++) {
		PlanExpr *above = plan_cast(p, type, plan_binary(p, PEXPR_GE, word, plan_int(p, word->type, (int64_t)bound[k])));
		sum = sum ? plan_binary(p, PEXPR_ADD, sum, above) : above;
	}
	return sum;
}

PlanExpr *
low_count_of_word(Scope *s, const NetExpr *e, PlanExpr *word)
{
	Counts c;
	uint64_t bound[MOST];
	double sum = 0;
	find_counts(&c, e);
	for (uint32_t k = 0; k + 1 < c.n; k++)
		bound[k] = first_above(sum += c.p[k]);
	PlanExpr *count = reached(s->l->p, low_keep(s->b, "word", word), bound, c.n - 1, PT_I32);
	return plan_emit_let(s->b, "drawn", count ? plan_cast(s->l->p, s->l->real, count) : low_real(s->l, 0));
}

/* ---- levels -------------------------------------------------------------------------------------------------- */

static PlanExpr *
counted(Lower *l, PlanExpr *word, const uint64_t *bound, uint32_t n, PlanType type)
{
	PlanExpr *sum = reached(l->p, word, bound, n, type);
	return plan_cast(l->p, PT_U8, sum ? sum : plan_int(l->p, type, 0));
}

/* What the levels say; of those at the top, anything. */
static PlanExpr *
count_of_level(Lower *l, const Counts *c, PlanExpr *level)
{
	uint64_t bound[MOST];
	for (uint32_t k = 0; k < c->own; k++)
		bound[k] = c->end[k];
	return counted(l, level, bound, c->own - 1, PT_U16);
}

/* What a second word decides: counts by what they are short of. */
static PlanExpr *
count_of_rest(Lower *l, const Counts *c, PlanExpr *word)
{
	double left = LEVELS - (double)c->end[c->own - 1], sum = 0;
	uint64_t bound[MOST];
	for (uint32_t k = 0; k + 1 < c->n; k++) {
		double has = k < c->own ? c->end[k] - (k ? c->end[k - 1] : 0.0) : 0;
		bound[k] = first_above((sum += c->p[k] * LEVELS - has) / left);
	}
	return counted(l, word, bound, c->n - 1, PT_I32);
}

typedef struct { uint32_t levels, rest, counts; uint64_t groups; PlanExpr *key[2], *item; } Site;

static PlanExpr *
times(Lower *l, PlanExpr *e, int64_t by)
{
	return plan_binary(l->p, PEXPR_MUL, e, low_i64(l, by));
}

static PlanExpr *
plus(Lower *l, PlanExpr *a, PlanExpr *b)
{
	return plan_binary(l->p, PEXPR_ADD, a, b);
}

/* Both halves of all words: some blocks beside each other, whose halves of a kind are stored one behind the other. */
static void
draw_levels(Lower *l, PlanEmit *b, const Site *site)
{
	Plan *p = l->p;
	PlanExpr *step[2], *r[4];
	low_step_words(l, b, step);
	LowLoop groups = low_loop(b, "g", low_lo(b), low_hi(b), false);
	LowLoop blocks = low_loop(low_body(&groups), "b", low_i64(l, 0), low_i64(l, BLOCKS), true);
	PlanEmit *in = low_body(&blocks);
	PlanExpr *first = l->batch > 1 ? plus(l, times(l, site->item, (int64_t)site->groups), groups.index) : groups.index;
	PlanExpr *block = plan_cast(p, PT_U32, plus(l, times(l, first, BLOCKS), blocks.index));
	PlanExpr *args[6] = {site->key[0], site->key[1], block, plan_int(p, PT_U32, 0), step[0], step[1]};
	static const char *const names[4] = {"r0", "r1", "r2", "r3"};
	plan_emit_call(in, low_func(l, "philox4x32"), 6, args, names, r);
	for (int k = 0; k < 8; k++) {
		PlanExpr *half = k % 2 ? plan_binary(p, PEXPR_SHR, r[k / 2], plan_int(p, PT_U32, 16)) : r[k / 2];
		PlanExpr *at = plus(l, plus(l, times(l, groups.index, GROUP), low_i64(l, k * BLOCKS)), blocks.index);
		low_store(in, site->levels, plan_cast(p, PT_U16, half), 1, at);
	}
	low_close(&blocks);
	low_close(&groups);
}

static void
count_levels(Lower *l, PlanEmit *b, const Site *site, const Counts *c)
{
	Plan *p = l->p;
	LowLoop all = low_loop(b, "o", times(l, low_lo(b), GROUP), times(l, low_hi(b), GROUP), true);
	PlanEmit *in = low_body(&all);
	PlanExpr *level = plan_emit_let(in, "level", low_load(l, site->levels, 1, all.index));
	low_store(in, site->counts, count_of_level(l, c, level), 2, site->item, all.index);
	low_store(in, site->rest, plan_binary(p, PEXPR_GE, level, plan_int(p, PT_U16, c->end[c->own - 1])), 1, all.index);
	low_close(&all);
}

static void
count_rest(Lower *l, PlanEmit *b, const Site *site, const Counts *c)
{
	Plan *p = l->p;
	LowLoop all = low_loop(b, "o", times(l, low_lo(b), GROUP), times(l, low_hi(b), GROUP), false);
	PlanEmit some = plan_emit(p, b->code);
	PlanExpr *object = plus(l, times(l, site->item, (int64_t)site->groups * GROUP), all.index), *word;
	PlanExpr *args[5] = {site->key[0], site->key[1], plan_cast(p, PT_U64, object), low_load(l, l->step, 0), plan_int(p, PT_U32, 1)};
	static const char *const name = "word";
	plan_emit_call(&some, low_func(l, "draw_u32"), 5, args, &name, &word);
	low_store(&some, site->counts, count_of_rest(l, c, word), 2, site->item, all.index);
	plan_emit_if(low_body(&all), low_load(l, site->rest, 1, all.index), &some, NULL);
	low_close(&all);
}

/* Counts of all neurons of a layer, for each step. */
void
low_counted_site(Lower *l, const NetExpr *e, uint32_t layer)
{
	Plan *p = l->p;
	const char *name = l->net->sites.at[e->site].name;
	Site site = {.groups = (l->net->layers.at[layer].n + GROUP - 1) / GROUP};
	Counts c;
	if (site.groups * l->batch > UINT32_MAX / BLOCKS)
		return;                                   /* drawn in place */
	find_counts(&c, e);
	PlanAxis axes[2] = {low_axis(AXIS_BATCH, l->batch), low_axis(AXIS_NEURON, GROUP * site.groups)};
	site.counts = low_add_buf(l, PT_U8, ROLE_SCRATCH, 2, axes, "%s", name);
	site.levels = low_add_buf(l, PT_U16, ROLE_SCRATCH, 1, axes + 1, "%s.levels", name);
	site.rest = low_add_buf(l, PT_BOOL, ROLE_SCRATCH, 1, axes + 1, "%s.rest", name);
	uint32_t id = low_add_kernel(l, site.groups, "%s.draw", name);
	PlanEmit b = plan_emit(p, p->codes.at[id]);
	low_site_key(l, &b, e->site, site.key);
	LowLoop items = low_items(l, &b);
	site.item = items.index;
	draw_levels(l, low_body(&items), &site);
	count_levels(l, low_body(&items), &site, &c);
	count_rest(l, low_body(&items), &site, &c);
	low_close(&items);
	p->codes.at[id]->body = plan_freeze(&b);
	l->sites[e->site] = site.counts;
	l->drawers[e->site] = id;
}
