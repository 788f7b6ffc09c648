/* lower_count: Poisson numbers of a small mean that is known.
 *
 * Drawn now and then, a number inverts the distribution by one word, as `poisson` of math.plan does. Drawn for every neuron in every step, it takes
 * half a word, a *level* of 65536: count k has floor(65536 p_k) of them, one behind the other. On the few levels that are left, at the top, which one
 * in some thousand meets, another word of the object (draw 1) decides what count it is, by what the others were short of; the object then gets the first
 * level of that count. Counts with a probability below 2^-16 have levels of their own there. So probabilities are right to about 2^-44, but counts
 * that all together come with less than 2^-33 never do, as with one word. A block of Philox serves eight objects: object o has the lower (o even) or
 * upper half of word o / 2.
 */
#include "base/panic.h"
#include "lower/lower_inner.h"

#include <math.h>

enum { MOST = 64, LEVELS = 1 << 16, BLOCK = 8 /* objects of four words */ };

/* Counts 0 .. n - 1. */
typedef struct {
	uint32_t n;
	double p[MOST];
	uint32_t level[MOST];                             /* the first that means this count, ascending */
	uint32_t top;                                     /* levels from here on are not decided by themselves */
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

/* Counts up to the last one that a word of 32 bits can mean. */
static void
find_counts(Counts *c, const NetExpr *e)
{
	double m = (double)(float)e->op[0]->value, term = exp(-m), sum = 0;
	*c = (Counts){0};
	do {
		c->p[c->n++] = term;
		sum += term;
		term = term * (m / c->n);
	} while (c->n < MOST && first_above(sum) <= UINT32_MAX);
}

/* How many levels a count has of its own; the likeliest one leaves as many as those without any need at the top. */
static uint32_t
levels_of(const Counts *c, uint32_t k)
{
	uint32_t sum = 0, without = 0, likeliest = 0;
	for (uint32_t i = 0; i < c->n; i++) {
		uint32_t levels = (uint32_t)floor(c->p[i] * LEVELS);
		sum += levels;
		without += levels == 0;
		likeliest = c->p[i] > c->p[likeliest] ? i : likeliest;
	}
	uint32_t left = LEVELS - sum, own = (uint32_t)floor(c->p[k] * LEVELS);
	return k == likeliest && without > left ? own - (without - left) : own;
}

static void
find_levels(Counts *c)
{
	uint32_t at = 0;
	for (uint32_t k = 0; k < c->n; k++) {
		uint32_t levels = levels_of(c, k);
		ASSERT(at < LEVELS && (levels || c->level[k - 1] < at));
		c->level[k] = at;
		c->top = levels ? at + levels : c->top;
		at += levels ? levels : 1;
	}
}

/* ---- counts -------------------------------------------------------------------------------------------------- */

/* How many bounds a word reaches. They are added up, not chosen: gcc 12 makes branches of a chain of choices, and no vectors. */
static PlanExpr *
reached(Plan *p, PlanExpr *word, const uint64_t *bound, uint32_t n, PlanType type)
{
	PlanExpr *sum = NULL;
	for (uint32_t k = 0; k < n && bound[k] <= UINT32_MAX; k++) {
		PlanExpr *above = plan_cast(p, type, plan_binary(p, PEXPR_GE, word, plan_int(p, PT_U32, (int64_t)bound[k])));
		sum = sum ? plan_binary(p, PEXPR_ADD, sum, above) : above;
	}
	return sum;
}

static PlanExpr *
count_of(Scope *s, PlanExpr *word, const uint64_t *bound, uint32_t n)
{
	PlanExpr *count = reached(s->l->p, low_keep(s->b, "word", word), bound, n, PT_I32);
	return plan_emit_let(s->b, "drawn", count ? plan_cast(s->l->p, s->l->real, count) : low_real(s->l, 0));
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
	return count_of(s, word, bound, c.n - 1);
}

PlanExpr *
low_count_of_level(Scope *s, const NetExpr *e, PlanExpr *level)
{
	Counts c;
	uint64_t bound[MOST];
	find_counts(&c, e);
	find_levels(&c);
	for (uint32_t k = 0; k + 1 < c.n; k++)
		bound[k] = c.level[k + 1];
	return count_of(s, plan_cast(s->l->p, PT_U32, level), bound, c.n - 1);
}

/* ---- levels -------------------------------------------------------------------------------------------------- */

/* The first level of the count that a word decides on: the sum of what each bound that it reaches adds. */
static PlanExpr *
decided(Lower *l, const Counts *c, PlanExpr *word)
{
	Plan *p = l->p;
	PlanExpr *level = plan_int(p, PT_U32, 0);
	double short_of = 0, left = LEVELS, sum = 0;
	for (uint32_t k = 0; k < c->n; k++)
		left -= levels_of(c, k);
	for (uint32_t k = 0; k + 1 < c->n; k++) {
		short_of = c->p[k] * LEVELS - levels_of(c, k);
		uint64_t bound = first_above((sum += short_of) / left);
		PlanExpr *above = reached(p, word, &bound, 1, PT_U32);
		if (!above)
			break;
		PlanExpr *more = plan_int(p, PT_U32, c->level[k + 1] - c->level[k]);
		level = plan_binary(p, PEXPR_ADD, level, plan_binary(p, PEXPR_MUL, above, more));
	}
	return plan_cast(p, PT_U16, level);
}

typedef struct { uint32_t words, levels, rest; uint64_t blocks; PlanExpr *key[2], *item; } Site;

static PlanExpr *
times(Lower *l, PlanExpr *e, int64_t by)
{
	return plan_binary(l->p, PEXPR_MUL, e, low_i64(l, by));
}

/* Both halves of each word, and which of them decide nothing. */
static void
take_halves(Lower *l, PlanEmit *b, const Site *site, const Counts *c)
{
	Plan *p = l->p;
	LowLoop words = low_loop(b, "w", times(l, low_lo(b), 4), times(l, low_hi(b), 4), true);
	PlanEmit *in = low_body(&words);
	PlanExpr *word = plan_emit_let(in, "word", low_load(l, site->words, 2, low_i64(l, 0), words.index)), *at = times(l, words.index, 2);
	low_store(in, site->levels, plan_cast(p, PT_U16, word), 2, site->item, at);
	PlanExpr *upper = plan_binary(p, PEXPR_SHR, word, plan_int(p, PT_U32, 16));
	low_store(in, site->levels, plan_cast(p, PT_U16, upper), 2, site->item, plan_binary(p, PEXPR_ADD, at, low_i64(l, 1)));
	low_close(&words);
	LowLoop all = low_loop(b, "o", times(l, low_lo(b), BLOCK), times(l, low_hi(b), BLOCK), true);
	PlanExpr *level = plan_cast(p, PT_U32, low_load(l, site->levels, 2, site->item, all.index));
	low_store(low_body(&all), site->rest, plan_binary(p, PEXPR_GE, level, plan_int(p, PT_U32, c->top)), 1, all.index);
	low_close(&all);
}

static void
decide_rest(Lower *l, PlanEmit *b, const Site *site, const Counts *c)
{
	Plan *p = l->p;
	LowLoop all = low_loop(b, "o", times(l, low_lo(b), BLOCK), times(l, low_hi(b), BLOCK), false);
	PlanEmit some = plan_emit(p, b->code);
	PlanExpr *object = plan_binary(p, PEXPR_ADD, times(l, site->item, (int64_t)site->blocks * BLOCK), all.index), *word;
	PlanExpr *args[5] = {site->key[0], site->key[1], plan_cast(p, PT_U64, object), low_load(l, l->step, 0), plan_int(p, PT_U32, 1)};
	static const char *const name = "word";
	plan_emit_call(&some, low_func(l, "draw_u32"), 5, args, &name, &word);
	low_store(&some, site->levels, decided(l, c, word), 2, site->item, all.index);
	plan_emit_if(low_body(&all), low_load(l, site->rest, 1, all.index), &some, NULL);
	low_close(&all);
}

/* Levels of all neurons of a layer, for each step; blocks of an item begin where those of the one before end. */
void
low_counted_site(Lower *l, const NetExpr *e, uint32_t layer)
{
	Plan *p = l->p;
	const char *name = l->net->sites.at[e->site].name;
	Site site = {.blocks = low_whole_vectors((l->net->layers.at[layer].n + BLOCK - 1) / BLOCK)};
	Counts c;
	if (site.blocks * l->batch > UINT32_MAX)
		return;                                   /* drawn in place */
	find_counts(&c, e);
	find_levels(&c);
	PlanAxis of_item[2] = {low_axis(AXIS_BATCH, l->batch), low_axis(AXIS_NEURON, BLOCK * site.blocks)};
	PlanAxis halves[2] = {low_axis(AXIS_BATCH, 1), low_axis(AXIS_NEURON, BLOCK / 2 * site.blocks)};
	site.levels = low_add_buf(l, PT_U16, ROLE_SCRATCH, 2, of_item, "%s", name);
	site.words = low_add_buf(l, PT_U32, ROLE_SCRATCH, 2, halves, "%s.words", name);
	site.rest = low_add_buf(l, PT_BOOL, ROLE_SCRATCH, 1, of_item + 1, "%s.rest", name);
	uint32_t id = low_add_kernel(l, site.blocks, "%s.draw", name);
	PlanEmit b = plan_emit(p, p->codes.at[id]);
	low_site_key(l, &b, e->site, site.key);
	LowLoop items = low_items(l, &b);
	site.item = items.index;
	low_draw_words(l, low_body(&items), site.key, site.words, low_i64(l, 0), l->batch > 1 ? times(l, items.index, (int64_t)site.blocks) : NULL);
	take_halves(l, low_body(&items), &site, &c);
	decide_rest(l, low_body(&items), &site, &c);
	low_close(&items);
	p->codes.at[id]->body = plan_freeze(&b);
	l->sites[e->site] = site.levels;
	l->drawers[e->site] = id;
}
