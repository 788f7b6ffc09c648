/* elab_pattern: who is connected with whom: the sizes of a pattern, and that they fit the layers. */
#include "elab/elab_inner.h"

#include "base/panic.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

typedef struct {
	Elab *el;
	const AstExpr *by;
	const char *word, *args;
	const NetLayer *pre, *post;
	NetPattern *p;
	bool sound;
} Pattern;

/* ---- arguments ----------------------------------------------------------------------------------- */

/* The argument called `name`, by name or by place; NULL: not given. */
static const AstExpr *
argument(const Pattern *w, const char *name)
{
	if (w->by->kind != AEXPR_CALL)
		return NULL;
	uint32_t place = 0;
	for (const char *at = w->args; *at; place++) {
		size_t n = strcspn(at, " ");
		if (n == strlen(name) && memcmp(at, name, n) == 0)
			break;
		at += n;
		at += *at == ' ';
	}
	for (uint32_t i = 0; i < w->by->args.n; i++) {
		const AstArg *a = &w->by->args.at[i];
		if (a->name ? strcmp(a->name, name) == 0 : i == place)
			return a->value;
	}
	return NULL;
}

/* One number for all axes, or one for each. */
static void
sizes(Pattern *w, const char *name, double least, uint64_t unless, uint64_t *out)
{
	Elab *el = w->el;
	const AstExpr *e = argument(w, name);
	const char *what = arena_printf(el->arena, "`%s` of a pattern", name);
	for (uint32_t d = 0; d < w->p->axes; d++)
		out[d] = unless;
	if (!e)
		return;
	if (e->kind != AEXPR_LIST) {
		uint64_t all = unless;
		w->sound = elab_count(el, e, what, least, &all) && w->sound;
		for (uint32_t d = 0; d < w->p->axes; d++)
			out[d] = all;
		return;
	}
	if (e->args.n != w->p->axes) {
		elab_error(el, E0410, e->span, "`%s` has %u sizes, and layer `%s` has %u axes besides its channels", name,
		           e->args.n, w->pre->name, w->p->axes);
		diag_help(el->diag, "write one size for each of them, or one number for all");
		diag_end(el->diag);
		w->sound = false;
		return;
	}
	for (uint32_t d = 0; d < e->args.n; d++)
		w->sound = elab_count(el, e->args.at[d].value, what, least, &out[d]) && w->sound;
}

static void
need_argument(Pattern *w, const char *name, const char *example)
{
	if (argument(w, name))
		return;
	elab_error(w->el, E0626, w->by->span, "`%s` needs its `%s`", w->word, name);
	diag_help(w->el->diag, "write `by %s(%s = %s)`", w->word, name, example);
	diag_end(w->el->diag);
	w->sound = false;
}

/* ---- windows ------------------------------------------------------------------------------------- */

/* `input = [28, 28]` says how a flat source is to be seen; else its shape is [channels, extents ...]. */
static bool
source(Pattern *w)
{
	NetPattern *p = w->p;
	const AstExpr *input = argument(w, "input");
	if (input && input->kind == AEXPR_LIST && input->args.n >= 1 && input->args.n <= NET_KERNEL_AXES) {
		p->axes = input->args.n;
		sizes(w, "input", 1, 1, p->extent);
		uint64_t all = 1;
		for (uint32_t d = 0; d < p->axes; d++)
			all *= p->extent[d];
		if (w->sound && w->pre->n % all == 0) {
			p->in = w->pre->n / all;
			return true;
		}
		if (w->sound) {
			elab_error(w->el, E0410, input->span, "an input of %s has %" PRIu64 " places, and layer `%s` has %" PRIu64
			           " neurons", elab_shape_text(w->el, p->axes, p->extent), all, w->pre->name, w->pre->n);
			diag_help(w->el->diag, "write its extents, or make the layer a multiple of that size");
			diag_end(w->el->diag);
		}
		return false;
	}
	if (input) {
		elab_error(w->el, E0410, input->span, "`input` is a list of one to three sizes");
		diag_help(w->el->diag, "write `input = [28, 28]`");
		diag_end(w->el->diag);
		return false;
	}
	if (w->pre->rank < 2) {
		elab_error(w->el, E0410, w->by->span, "`%s` needs a source of the shape [channels, extents …], and layer `%s` has %s",
		           w->word, w->pre->name, elab_shape_text(w->el, w->pre->rank, w->pre->shape));
		diag_help(w->el->diag, "give the layer its channels and extents: `layer %s : …[1, 28, 28]`", w->pre->name);
		diag_end(w->el->diag);
		return false;
	}
	p->axes = w->pre->rank - 1;
	p->in = w->pre->shape[0];
	for (uint32_t d = 0; d < p->axes; d++)
		p->extent[d] = w->pre->shape[d + 1];
	return true;
}

/* "trunc((28 - 3 + 2*1)/2 + 1) = 14" */
static const char *
arithmetic(Pattern *w, uint32_t d)
{
	const NetPattern *p = w->p;
	const char *k = p->dilation[d] == 1 ? arena_printf(w->el->arena, "%" PRIu64, p->kernel[d])
	                : arena_printf(w->el->arena, "(%" PRIu64 "*(%" PRIu64 " - 1) + 1)", p->dilation[d], p->kernel[d]);
	return arena_printf(w->el->arena, "trunc((%" PRIu64 " - %s + 2*%" PRIu64 ")/%" PRIu64 " + 1)", p->extent[d], k,
	                    p->padding[d], p->stride[d]);
}

static bool
outputs(Pattern *w)
{
	NetPattern *p = w->p;
	for (uint32_t d = 0; d < p->axes; d++) {
		uint64_t span = (p->kernel[d] - 1) * p->dilation[d] + 1, room = p->extent[d] + 2 * p->padding[d];
		if (span > room) {
			elab_error(w->el, E0410, w->by->span, "a window of %" PRIu64 " does not fit into %" PRIu64
			           " places along axis %u of layer `%s`", span, room, d + 1, w->pre->name);
			diag_note(w->el->diag, "a window spans dilation*(kernel - 1) + 1 = %" PRIu64 ", and there is room for "
			          "extent + 2*padding = %" PRIu64, span, room);
			diag_help(w->el->diag, "make the kernel smaller or the padding larger");
			diag_end(w->el->diag);
			return false;
		}
		p->out_extent[d] = (room - span) / p->stride[d] + 1;
	}
	return true;
}

static void
report_target(Pattern *w, uint64_t channels)
{
	const NetPattern *p = w->p;
	uint64_t want[1 + NET_KERNEL_AXES] = {channels};
	for (uint32_t d = 0; d < p->axes; d++)
		want[d + 1] = p->out_extent[d];
	elab_error(w->el, E0410, w->by->span, "this gives %s, and layer `%s` has the shape %s",
	           channels ? elab_shape_text(w->el, p->axes + 1, want)
	                    : arena_printf(w->el->arena, "[channels, %s", elab_shape_text(w->el, p->axes, p->out_extent) + 1),
	           w->post->name, elab_shape_text(w->el, w->post->rank, w->post->shape));
	for (uint32_t d = 0; d < p->axes; d++)
		diag_note(w->el->diag, "axis %u: %s = %" PRIu64, d + 1, arithmetic(w, d), p->out_extent[d]);
	diag_help(w->el->diag, "change the shape of `%s`, or kernel, stride and padding", w->post->name);
	diag_end(w->el->diag);
	w->sound = false;
}

/* Channels come first. Targets may be flat (`flat`: channels times positions in this order), else the extents count. */
static void
target(Pattern *w, bool flat, uint64_t channels)
{
	NetPattern *p = w->p;
	uint64_t positions = 1;
	for (uint32_t d = 0; d < p->axes; d++)
		positions *= p->out_extent[d];
	bool fits = w->post->n % positions == 0;
	uint64_t out = fits ? w->post->n / positions : 0;
	if (!flat || w->post->rank == p->axes + 1) {
		fits = fits && w->post->rank == p->axes + 1 && w->post->shape[0] == out;
		for (uint32_t d = 0; fits && d < p->axes; d++)
			fits = w->post->shape[d + 1] == p->out_extent[d];
	} else if (w->post->rank > 1) {
		fits = fits && w->post->shape[0] == out;
	}
	if (!fits || (channels && out != channels)) {
		report_target(w, channels);
		return;
	}
	p->out = out;
}

static void
window(Pattern *w)
{
	NetPattern *p = w->p;
	bool local = p->kind == NPAT_LOCAL;
	need_argument(w, "kernel", "[3, 3]");
	if (!w->sound || !source(w)) {
		w->sound = false;
		return;
	}
	sizes(w, "kernel", 1, 1, p->kernel);
	sizes(w, "stride", 1, 1, p->stride);
	sizes(w, "padding", 0, 0, p->padding);
	sizes(w, "dilation", 1, 1, p->dilation);
	uint64_t channels = p->kind == NPAT_POOL ? p->in : 0;
	const AstExpr *filters = argument(w, "filters");
	if (filters)
		w->sound = elab_count(w->el, filters, "the number of filters", 1, &channels) && w->sound;
	if (w->sound && outputs(w))
		target(w, local, channels);
	else
		w->sound = false;
}

static void
pool(Pattern *w)
{
	window(w);
	need_argument(w, "decay", "0.1");
	const AstExpr *decay = argument(w, "decay");
	if (!decay || !elab_real(w->el, decay, false, "the decay of a pool", &w->p->decay))
		return;
	if (!(w->p->decay >= 0 && w->p->decay <= 1)) {
		elab_error(w->el, E0511, decay->span, "a decay lies from 0 to 1, and this is %s",
		           elab_number_text(w->el, w->p->decay));
		diag_note(w->el->diag, "in each step a running rate is multiplied by 1 - decay");
		diag_help(w->el->diag, "write a number such as 0.1");
		diag_end(w->el->diag);
		w->sound = false;
	}
}

/* ---- the others ------------------------------------------------------------------------------------ */

static void
one_to_one(Pattern *w)
{
	if (w->pre->n == w->post->n)
		return;
	elab_error(w->el, E0413, w->by->span, "one to one takes layers of one size, and `%s` has %" PRIu64 " neurons, `%s` %" PRIu64,
	           w->pre->name, w->pre->n, w->post->name, w->post->n);
	diag_help(w->el->diag, "give both layers one size, or leave `by` away");
	diag_end(w->el->diag);
	w->sound = false;
}

static void
mean(Pattern *w)
{
	const AstExpr *e = argument(w, "per_item");
	if (!e)
		return;
	if (e->kind == AEXPR_BOOL) {
		w->p->per_item = e->truth;
		return;
	}
	elab_error(w->el, E0304, e->span, "`per_item` is true or false");
	diag_help(w->el->diag, "write `mean_field(per_item = true)` for the mean of each item alone");
	diag_end(w->el->diag);
	w->sound = false;
}

/* true or false; not given: true. */
static bool
allowed(Pattern *w, const char *name)
{
	const AstExpr *e = argument(w, name);
	if (!e || e->kind == AEXPR_BOOL)
		return !e || e->truth;
	elab_error(w->el, E0304, e->span, "`%s` is true or false", name);
	diag_help(w->el->diag, "write `%s = false` to have none", name);
	diag_end(w->el->diag);
	w->sound = false;
	return true;
}

static bool
no_self(Pattern *w)
{
	if (w->pre == w->post)
		return true;
	elab_error(w->el, E0420, w->by->span, "`%s` and `%s` are two layers: no neuron meets itself", w->pre->name, w->post->name);
	diag_help(w->el->diag, w->word[0] == 'a' ? "leave `by` away: every neuron meets every one of the other layer"
	                                         : "leave `autapses` away");
	diag_end(w->el->diag);
	w->sound = false;
	return false;
}

/* Room for all that chance may give: eight standard deviations above the mean. */
static uint64_t
room_for(double mean, double variance, uint64_t most)
{
	double room = ceil(mean + 8 * sqrt(variance) + 16);
	return room < (double)most ? (uint64_t)room : most ? most : 1;
}

static void
too_many(Pattern *w, const AstExpr *e, uint64_t there_are, const char *what)
{
	elab_error(w->el, E0421, e->span, "%" PRIu64 " different %s are wanted, and there %s %" PRIu64, w->p->count, what,
	           there_are == 1 ? "is" : "are", there_are);
	diag_help(w->el->diag, "take less, or allow several synapses of a pair: `multapses = true`");
	diag_end(w->el->diag);
	w->sound = false;
}

/* Pairs that are drawn when the run begins: how many there may be, and how many there are. */
static void
drawn(Pattern *w, const char *how)
{
	NetPattern *p = w->p;
	bool random = !strcmp(how, "random"), in = !strcmp(how, "fixed_indegree"), total = !strcmp(how, "fixed_total");
	bool all = w->word[0] == 'a';                     /* all_but_self */
	const char *name = random ? "p" : total ? "n" : "k";
	const AstExpr *e = argument(w, name);
	uint64_t npre = w->pre->n, npost = w->post->n, pairs;
	p->drawn = how;
	p->p = 1;
	p->autapses = !all && allowed(w, "autapses");
	p->multapses = !random && allowed(w, "multapses");
	if (!p->autapses && !no_self(w))
		return;
	if (!all)
		need_argument(w, name, random ? "0.1" : "100");
	if (!w->sound)
		return;
	uint64_t targets = npost - !p->autapses, sources = npre - !p->autapses;
	if (npost > UINT32_MAX || __builtin_mul_overflow(npre, targets, &pairs)) {
		elab_error(w->el, E0402, w->by->span, "more pairs of neurons than can be counted");
		diag_help(w->el->diag, "make the layers smaller");
		diag_end(w->el->diag);
		w->sound = false;
		return;
	}
	if (random && e) {
		w->sound = elab_real(w->el, e, true, "the probability of a synapse", &p->p);
		if (w->sound && !(p->p >= 0 && p->p <= 1)) {
			elab_error(w->el, E0506, e->span, "a probability lies from 0 to 1, and this is %s", elab_number_text(w->el, p->p));
			diag_help(w->el->diag, "write `by random(p = 0.1)`");
			diag_end(w->el->diag);
			w->sound = false;
		}
	}
	if (random) {
		p->nsynapses = room_for((double)pairs * p->p, (double)pairs * p->p * (1 - p->p), pairs);
		return;
	}
	w->sound = elab_count(w->el, e, total ? "the number of synapses" : "the number of partners", 1, &p->count) && w->sound;
	uint64_t most = total ? pairs : in ? sources : targets;
	if (w->sound && (most == 0 || (!p->multapses && p->count > most)))
		too_many(w, e, most, total ? "pairs" : in ? "sources" : "targets");
	uint64_t rows = total ? 1 : in ? npost : npre;
	if (w->sound && (__builtin_mul_overflow(p->count, rows, &p->nsynapses) || p->nsynapses > (uint64_t)1 << 48)) {
		elab_error(w->el, E0402, w->by->span, "more synapses than can be stored");
		diag_help(w->el->diag, "take less");
		diag_end(w->el->diag);
		w->sound = false;
	}
}

/* Pairs that a condition or their distance makes. */
static void
pairs(Pattern *w, uint32_t conn)
{
	const AstExpr *condition = argument(w, "condition"), *p = argument(w, "p"), *within = argument(w, "within"), *most = argument(w, "room");
	uint64_t n;
	w->p->autapses = allowed(w, "autapses");
	if (!w->p->autapses && !no_self(w))
		return;
	if (w->word[0] == 'w')
		need_argument(w, "condition", "abs(i - j) < 5");
	else if (!within)
		need_argument(w, "p", "exp(-d / (100 um))");
	if (w->sound && most)
		w->sound = elab_count(w->el, most, "the room for synapses", 1, &w->p->nsynapses);
	if (w->post->n > UINT32_MAX || __builtin_mul_overflow(w->pre->n, w->post->n, &n)) {
		elab_error(w->el, E0402, w->by->span, "more pairs of neurons than can be counted");
		diag_help(w->el->diag, "make the layers smaller");
		diag_end(w->el->diag);
		w->sound = false;
	}
	w->sound = w->sound && elab_pairs(w->el, conn, w->by, condition, p, within);
}

static void
sparse(Pattern *w, bool edges)
{
	need_argument(w, "path", "\"w.npy\"");
	const AstExpr *e = argument(w, "path");
	const char *path = e ? elab_file(w->el, e) : NULL;
	w->p->path = path;
	w->p->pairs = edges;
	w->p->multapses = argument(w, "multapses") && allowed(w, "multapses");
	w->sound = path && w->sound && elab_synapses(w->el, e->span, w->pre, w->post, w->p);
}

typedef enum {
#define PATTERN(kind, word, args) WORD_##kind,
#include "ast/pattern.def"
#undef PATTERN
} Word;

bool
elab_pattern(Elab *el, const AstExpr *by, uint32_t conn)
{
	static const struct { const char *word, *args; } words[] = {
#define PATTERN(kind, word, args) {word, args},
#include "ast/pattern.def"
#undef PATTERN
	};
	NetConn *c = &el->net->conns.at[conn];
	c->pattern = (NetPattern){.kind = NPAT_ALL};
	if (!by)
		return true;
	const AstExpr *name = by->kind == AEXPR_CALL ? by->op[0] : by;
	Pattern work = {.el = el, .by = by, .p = &c->pattern, .sound = true}, *w = &work;
	w->pre = &el->net->layers.at[c->pre];
	w->post = &el->net->layers.at[c->post];
	c->pattern.span = by->span;
	for (uint32_t k = 0; name->kind == AEXPR_NAME && k < sizeof words / sizeof *words; k++) {
		if (strcmp(name->name, words[k].word) != 0)
			continue;
		w->word = words[k].word;
		w->args = words[k].args;
		switch ((Word)k) {
		case WORD_ONE_TO_ONE: c->pattern.kind = NPAT_ONE_TO_ONE; one_to_one(w); break;
		case WORD_CONV: c->pattern.kind = NPAT_CONV; window(w); break;
		case WORD_LOCAL: c->pattern.kind = NPAT_LOCAL; window(w); break;
		case WORD_POOL: c->pattern.kind = NPAT_POOL; pool(w); break;
		case WORD_MEAN: c->pattern.kind = NPAT_MEAN; mean(w); break;
		case WORD_RANDOM: c->pattern.kind = NPAT_SPARSE; drawn(w, "random"); break;
		case WORD_INDEGREE: c->pattern.kind = NPAT_SPARSE; drawn(w, "fixed_indegree"); break;
		case WORD_OUTDEGREE: c->pattern.kind = NPAT_SPARSE; drawn(w, "fixed_outdegree"); break;
		case WORD_TOTAL: c->pattern.kind = NPAT_SPARSE; drawn(w, "fixed_total"); break;
		case WORD_ALL_BUT_SELF: c->pattern.kind = NPAT_SPARSE; drawn(w, "random"); break;
		case WORD_WHERE: c->pattern.kind = NPAT_SPARSE; pairs(w, conn); break;
		case WORD_DISTANCE: c->pattern.kind = NPAT_SPARSE; pairs(w, conn); break;
		case WORD_SPARSE: c->pattern.kind = NPAT_SPARSE; sparse(w, false); break;
		case WORD_EDGES: c->pattern.kind = NPAT_SPARSE; sparse(w, true); break;
		}
		return w->sound;
	}
	el->failed = true;
	return false;
}

/* ---- values of features ------------------------------------------------------------------------------ */

static bool
reads(const NetExpr *e, NetSide side)
{
	if (!e)
		return false;
	if ((e->kind == NEXPR_INDEX || e->kind == NEXPR_ARRAY || e->kind == NEXPR_STATE) && e->side == side)
		return true;
	return reads(e->op[0], side) || reads(e->op[1], side) || reads(e->op[2], side);
}

/* Values that many pairs share cannot depend on which pair it is. */
bool
elab_pattern_value(Elab *el, const NetConn *c, const NetFeature *f)
{
	bool pre = true, post = true;
	switch (c->pattern.kind) {
	case NPAT_ALL:
	case NPAT_ONE_TO_ONE:
	case NPAT_LOCAL:
	case NPAT_SPARSE:
		break;
	case NPAT_CONV:
		post = false;
		/* fall through */
	case NPAT_POOL:
	case NPAT_MEAN:
		pre = false;
		break;
	case NPAT_COUNT:
		UNREACHABLE();
	}
	if (f->of_post)
		pre = false;
	bool wrong = (!pre && reads(f->init.e, NSIDE_PRE)) || (!post && reads(f->init.e, NSIDE_POST));
	if (wrong) {
		elab_error(el, E0611, f->init.span, "a value of `%s` belongs to many pairs of neurons, so it cannot depend on `%s`",
		           f->name, reads(f->init.e, NSIDE_PRE) ? "i" : "j");
		diag_help(el->diag, "take the values from a file");
		diag_end(el->diag);
	}
	return !wrong;
}
