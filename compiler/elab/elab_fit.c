/* elab_fit: a list of numbers in its place: one for each neuron of a layer, of the sources or of the targets of a
 * connection, or one for each value of a feature. */
#include "elab/elab_inner.h"

#include "base/panic.h"

#include <inttypes.h>
#include <math.h>

static const NetLayer *
layer_at(const Scope *s, uint32_t i)
{
	return &s->el->net->layers.at[i];
}

const char *
elab_shape_text(Elab *el, uint32_t n, const uint64_t *at)
{
	const char *text = "[";
	for (uint32_t i = 0; i < n; i++)
		text = arena_printf(el->arena, "%s%s%" PRIu64, text, i ? ", " : "", at[i]);
	return arena_printf(el->arena, "%s]", text);
}

/* A list written in the text, or a file: what messages call it. */
static const char *
list_text(Elab *el, const ElabList *l)
{
	return l->rank == 1 ? arena_printf(el->arena, "a list of %u values", l->n)
			    : arena_printf(el->arena, "an array %s", elab_shape_text(el, l->rank, l->extent));
}

/* ---- layers ---------------------------------------------------------------------------------- */

static bool
fits_layer(Scope *s, NetExpr *e, const NetLayer *l)
{
	uint32_t n = s->el->lists.at[e->index].n;
	e->side = NSIDE_OWN;
	if (l->n == n)
		return true;
	elab_error(s->el, E0403, e->span,
		   "layer `%s` has %" PRIu64 " neurons, this list has %u values", l->name, l->n, n);
	diag_label(s->el->diag, l->span, "declared here");
	diag_help(s->el->diag, "give %" PRIu64 " values, or one number for all", l->n);
	diag_end(s->el->diag);
	return false;
}

/* As many numbers as the layer has neurons: in a row, or in the layer's own shape. */
static bool
is_of_layer(const ElabList *l, const NetLayer *n)
{
	uint32_t wide = 0;
	bool same = l->rank == n->rank;
	for (uint32_t d = 0; d < l->rank; d++) {
		wide += l->extent[d] > 1;
		same = same && l->extent[d] == n->shape[d];
	}
	return l->n == n->n && (wide <= 1 || same);
}

/* ---- values of a feature --------------------------------------------------------------------- */

/* Of the feature whose value, range or rule this is. */
static bool
is_of_post(const Scope *s)
{
	const NetFeature *f = s->feature ? s->feature : s->learned;
	return f && f->of_post;
}

/* Can an array be stretched to this shape, along axes where it has one number? */
static bool
stretches(const ElabList *l, uint32_t rank, const uint64_t *shape)
{
	bool fits = l->rank == rank;
	for (uint32_t d = 0; d < rank && fits; d++)
		fits = l->extent[d] == shape[d] || l->extent[d] == 1;
	return fits;
}

static double
stretched(const ElabList *l, uint32_t rank, const uint64_t *shape, uint64_t k)
{
	uint64_t at = 0, step = 1;
	for (uint32_t d = rank; d-- > 0; k /= shape[d]) {
		at += l->extent[d] == 1 ? 0 : k % shape[d] * step;
		step *= l->extent[d];
	}
	return l->value[at];
}

static void
stretch(Scope *s, NetExpr *e, uint32_t rank, const uint64_t *shape)
{
	ElabList l = s->el->lists.at[e->index]; /* may move */
	uint64_t n = 1;
	bool whole = true;
	for (uint32_t d = 0; d < rank; d++) {
		whole = whole && l.extent[d] == shape[d];
		n *= shape[d];
	}
	e->side = NSIDE_VALUE;
	if (whole)
		return;
	double *v = ARENA_ARRAY(s->el->arena, double, n);
	for (uint64_t k = 0; k < n; k++)
		v[k] = stretched(&l, rank, shape, k);
	e->index = elab_list_of(s->el, v, rank, shape);
}

/* A matrix [pre, post] where only some pairs are connected. */
static void
pick_synapses(Scope *s, NetExpr *e, const NetPattern *p, const uint64_t *matrix)
{
	ElabList l = s->el->lists.at[e->index];
	double *v = ARENA_ARRAY(s->el->arena, double, p->nsynapses);
	for (uint64_t i = 0; i < matrix[0]; i++)
		for (uint64_t k = p->row[i]; k < p->row[i + 1]; k++)
			v[k] = stretched(&l, 2, matrix, i * matrix[1] + p->target[k]);
	e->side = NSIDE_VALUE;
	e->index = elab_list_of(s->el, v, 1, &p->nsynapses);
}

static bool
report(Scope *s, const NetExpr *e, const NetConn *c, uint32_t rank, const uint64_t *shape)
{
	Elab *el = s->el;
	const NetLayer *pre = layer_at(s, c->pre), *post = layer_at(s, c->post);
	bool code = s->place == IN_RULE || s->place == IN_FEATURE;
	bool of_pre = code || c->pattern.kind == NPAT_ALL || c->pattern.kind == NPAT_SPARSE;
	bool of_post = code || c->pattern.kind != NPAT_CONV;
	elab_error(el, E0403, e->span, "%s does not fit the connection `%s`",
		   list_text(el, &el->lists.at[e->index]), c->name);
	diag_note(el->diag, "its values have the shape %s", elab_shape_text(el, rank, shape));
	if (of_pre && of_post)
		diag_note(el->diag, "`%s` has %" PRIu64 " neurons, `%s` %" PRIu64, pre->name, pre->n, post->name, post->n);
	else if (of_post && !is_of_post(s))
		diag_note(el->diag, "`%s` has %" PRIu64 " neurons", post->name, post->n);
	diag_help(el->diag, "give one number, or one for each %s", of_pre && of_post ? "source, target or value"
								       : of_post ? "target or value" : "value");
	diag_end(el->diag);
	return false;
}

static bool
report_drawn(Scope *s, const NetExpr *e, const NetConn *c)
{
	elab_error(s->el, E0422, e->span, "which pairs `%s` connects is drawn when the run begins: a matrix cannot say their values",
	           c->name);
	diag_help(s->el->diag, "write an expression of `i` and `j`, or list the synapses: `by sparse(\"w.npy\")`");
	diag_end(s->el->diag);
	return false;
}

/* The shape of the values comes first, then the targets, then the sources. */
static bool
fits_connection(Scope *s, NetExpr *e)
{
	Net *net = s->el->net;
	const NetConn *c = &net->conns.at[s->conn];
	const NetLayer *pre = layer_at(s, c->pre), *post = layer_at(s, c->post);
	const ElabList *l = &s->el->lists.at[e->index];
	const NetPattern *p = &c->pattern;
	bool code = s->place == IN_RULE || s->place == IN_FEATURE; /* of each pair; else of the value alone */
	bool of_post = is_of_post(s);
	uint64_t shape[6], matrix[2] = {pre->n, post->n};
	uint32_t rank = net_value_shape(net, c, of_post, shape);
	bool pairs = p->kind == NPAT_ALL || p->kind == NPAT_SPARSE;
	if (rank > 1 && stretches(l, rank, shape)) {
		if (pairs && l->extent[0] == 1)
			e->side = NSIDE_POST;
		else if (pairs && l->extent[1] == 1)
			e->side = NSIDE_PRE;
		else
			stretch(s, e, rank, shape);
		return true;
	}
	if (p->kind == NPAT_SPARSE && !of_post && stretches(l, 2, matrix)) {
		if (p->drawn)
			return report_drawn(s, e, c);
		if (!p->row)
			return false;
		pick_synapses(s, e, p, matrix);
		return true;
	}
	bool has_pre = !of_post && (code || pairs) && p->kind != NPAT_POOL && p->kind != NPAT_MEAN;
	bool has_post = of_post ? p->kind != NPAT_CONV : code || p->kind != NPAT_CONV;
	if (p->kind == NPAT_SPARSE && !p->drawn && rank == 1 && l->rank == 1 && l->n == shape[0])
		e->side = NSIDE_VALUE;
	else if (has_post && is_of_layer(l, post))
		e->side = NSIDE_POST;
	else if (has_pre && is_of_layer(l, pre))
		e->side = NSIDE_PRE;
	else if (rank == 1 && l->n == shape[0])
		e->side = NSIDE_VALUE;
	else
		return report(s, e, c, rank, shape);
	return true;
}

/* ---- entry ----------------------------------------------------------------------------------- */

bool
elab_fits(Scope *s, NetExpr *e)
{
	if (!e || e->kind != NEXPR_ARRAY)
		return e != NULL;
	switch (s->place) {
	case IN_PROGRAM:
	case IN_PARAM:
	case IN_EXPECT:
		return true; /* is looked at again where it is used */
	case IN_STATE:
	case IN_NEURON:
	case IN_TRACE:
		if (s->layer != NET_NONE) {
			if (e->side == NSIDE_OWN || e->side == s->own_side)
				return fits_layer(s, e, layer_at(s, s->layer));
			elab_error(s->el, E0632, e->span, "a trace of one side cannot vary over the neurons of the other");
			diag_help(s->el->diag, "write one number, or one for each neuron that has the trace");
			diag_end(s->el->diag);
			return false;
		}
		/* fall through */
	case IN_RULE:
	case IN_FEATURE:
	case IN_INIT:
		return e->side != NSIDE_OWN || fits_connection(s, e);
	case IN_SIGNAL:
	case IN_PROTOCOL:
		if (s->layer != NET_NONE && !s->over && !s->spiked)
			return fits_layer(s, e, layer_at(s, s->layer));
		elab_not_yet(s->el, e->span, "a list here");
		return false;
	}
	UNREACHABLE();
}

NetExpr *
elab_placed(Scope *s, NetExpr *e)
{
	if (!e || (e->kind == NEXPR_ARRAY && !elab_fits(s, e)))
		return NULL;
	for (int i = 0; i < 3; i++)
		if (e->op[i] && !elab_placed(s, e->op[i]))
			return NULL;
	return e;
}

/* ---- numbers of each value ------------------------------------------------------------------- */

/* The source of tap `tap` of the window of target `post`. */
static uint64_t
local_source(const NetPattern *p, uint64_t channel, uint64_t post, uint64_t tap)
{
	uint64_t place = 0, step = 1, x[NET_KERNEL_AXES];
	for (uint32_t d = p->axes; d-- > 0; tap /= p->kernel[d], post /= p->out_extent[d])
		x[d] = post % p->out_extent[d] * p->stride[d] + tap % p->kernel[d] * p->dilation[d];
	for (uint32_t d = p->axes; d-- > 0; step *= p->extent[d])
		place += x[d] * step;
	return channel * step + place;
}

/* The pair of neurons that value k of a feature joins; ELAB_MANY: several. */
static ElabPair
pair_of(const Net *n, const NetConn *c, bool of_post, uint64_t k)
{
	const NetPattern *p = &c->pattern;
	uint64_t shape[6];
	net_value_shape(n, c, of_post, shape);
	if (of_post)
		return (ElabPair){k, ELAB_MANY, p->kind == NPAT_CONV ? ELAB_MANY : k};
	switch (p->kind) {
	case NPAT_ALL:
		return (ElabPair){k, k / shape[1], k % shape[1]};
	case NPAT_ONE_TO_ONE:
		return (ElabPair){k, k, k};
	case NPAT_POOL:
	case NPAT_MEAN:
		return (ElabPair){k, ELAB_MANY, k};
	case NPAT_LOCAL: {
		uint64_t post = k / shape[2] % shape[1];
		return (ElabPair){k, local_source(p, k / shape[2] / shape[1], post, k % shape[2]), post};
	}
	case NPAT_SPARSE: {
		if (p->drawn || !p->row)                  /* or its file cannot be read */
			return (ElabPair){k, ELAB_MANY, ELAB_MANY};
		uint64_t i = 0, end = n->layers.at[c->pre].n;
		while (end - i > 1) { /* row[i] <= k < row[end] */
			uint64_t middle = (i + end) / 2;
			*(p->row[middle] <= k ? &i : &end) = middle;
		}
		return (ElabPair){k, i, p->target[k]};
	}
	case NPAT_CONV:
		return (ElabPair){k, ELAB_MANY, ELAB_MANY};
	case NPAT_COUNT:
		break;
	}
	UNREACHABLE();
}

/* The number that e is at one value; false: it draws, or depends on what has many answers. */
bool
elab_number_at(const Scope *s, const NetExpr *e, ElabPair at, double *out)
{
	double a[3] = {0};
	uint64_t k;
	switch (e->kind) {
	case NEXPR_CONST:
		*out = e->value;
		return true;
	case NEXPR_ARRAY:
	case NEXPR_INDEX:
		k = e->side == NSIDE_PRE ? at.pre : e->side == NSIDE_POST ? at.post : at.value;
		if (k == ELAB_MANY)
			return false;
		*out = e->kind == NEXPR_INDEX ? (double)k : s->el->lists.at[e->index].value[k];
		return true;
	case NEXPR_UNARY:
	case NEXPR_BINARY:
	case NEXPR_IF:
		for (int i = 0; i < 3; i++)
			if (e->op[i] && !elab_number_at(s, e->op[i], at, &a[i]))
				return false;
		*out = e->kind == NEXPR_IF ? a[a[1] != 0 ? 0 : 2] : elab_compute(s, e->op_kind, a[0], a[1]);
		return true;
	default:
		return false;
	}
}

ElabPair
elab_value_pair(const Scope *s, uint64_t k)
{
	const Net *n = s->el->net;
	return pair_of(n, &n->conns.at[s->conn], is_of_post(s), k);
}

uint64_t
elab_values_here(const Scope *s)
{
	const Net *n = s->el->net;
	return net_value_count(n, &n->conns.at[s->conn], is_of_post(s));
}

/* "source 3 and target 0", "value [0, 2, 1]" */
const char *
elab_pair_text(const Scope *s, ElabPair at)
{
	Elab *el = s->el;
	const NetConn *c = &el->net->conns.at[s->conn];
	uint64_t shape[6], index[6] = {0}, k = at.value;
	if (at.pre != ELAB_MANY && at.post != ELAB_MANY)
		return arena_printf(el->arena, "from neuron %" PRIu64 " to %" PRIu64, at.pre, at.post);
	if (at.post != ELAB_MANY)
		return arena_printf(el->arena, "to neuron %" PRIu64, at.post);
	uint32_t rank = net_value_shape(el->net, c, is_of_post(s), shape);
	for (uint32_t d = rank; d-- > 0; k /= shape[d])
		index[d] = k % shape[d];
	return arena_printf(el->arena, "at %s", elab_shape_text(el, rank, index));
}

/* An expression of i, j and lists that is known for each value becomes a list of them. */
NetExpr *
elab_spread(Scope *s, NetExpr *e)
{
	double first;
	if (!e || elab_is_fixed(e))
		return e && elab_number_at(s, e, elab_value_pair(s, 0), &first) ? e : NULL;
	uint64_t shape[6], n = elab_values_here(s);
	const NetConn *c = &s->el->net->conns.at[s->conn];
	uint32_t rank = net_value_shape(s->el->net, c, is_of_post(s), shape);
	double *v = ARENA_ARRAY(s->el->arena, double, n);
	for (uint64_t k = 0; k < n; k++)
		if (!elab_number_at(s, e, elab_value_pair(s, k), &v[k]))
			return NULL;
	NetExpr *out = net_expr(s->el->net, NEXPR_ARRAY, e->type, e->span);
	out->side = NSIDE_VALUE;
	out->index = elab_list_of(s->el, v, rank, shape);
	return out;
}
