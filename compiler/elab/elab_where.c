/* elab_where: patterns that a condition of each pair makes: `where(abs(i - j) < 5)`, `distance(exp(-d / (100 um)), within = 300 um)`. Which pairs
 * these are is found when the run begins; here it is counted, or estimated, how many there may be. */
#include "elab/elab_inner.h"

#include <inttypes.h>
#include <math.h>

typedef struct {
	Scope *s;
	uint64_t npost, pre, post, own;                   /* own: the neuron of a place that is looked at */
	uint32_t turn;                                    /* other numbers each time */
	bool drawn, drawn_places;                         /* something of it is left to chance */
	bool unknown;                                     /* it reads what cannot be worked out here */
} Count;

/* ---- numbers for counting, which are not those of the run ----------------------------------------------- */

static double
uniform(const Count *c, uint32_t site, uint64_t object)
{
	uint64_t z = (object * 2654435761u + site) * 0x9e3779b97f4a7c15u + c->turn;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return (double)((z ^ z >> 31) >> 11) * 0x1p-53;
}

static double number(Count *c, const NetExpr *e);

static double
chance(Count *c, const NetExpr *e)
{
	bool place = c->own != ELAB_MANY;
	uint64_t object = place ? c->own : c->pre * c->npost + c->post;
	double u = uniform(c, e->site, object);
	*(place ? &c->drawn_places : &c->drawn) = true;
	switch (e->draw) {
	case NDRAW_BERNOULLI: return u < number(c, e->op[0]);
	case NDRAW_POISSON: return floor(number(c, e->op[0]) + u);
	case NDRAW_NORMAL: return sqrt(-2 * log(1 - u)) * cos(6.283185307179586 * uniform(c, e->site + 7919, object));
	case NDRAW_UNIFORM: case NDRAW_UNSET: case NDRAW_NOISE: break;
	}
	return u;
}

static double
number(Count *c, const NetExpr *e)
{
	uint64_t k = e->side == NSIDE_PRE ? c->pre : e->side == NSIDE_POST ? c->post : c->own;
	const Elab *el = c->s->el;
	switch (e->kind) {
	case NEXPR_CONST:
		return e->value;
	case NEXPR_INDEX:
		return (double)k;
	case NEXPR_ARRAY:
		c->unknown |= k == ELAB_MANY;
		return k == ELAB_MANY ? 0 : el->lists.at[e->index].value[k];
	case NEXPR_STATE: {
		const NetConn *conn = &el->net->conns.at[c->s->conn];
		const NetLayer *l = &el->net->layers.at[e->side == NSIDE_PRE ? conn->pre : conn->post];
		Count in = *c;
		in.own = k;
		double v = number(&in, l->states.at[e->index].init);
		c->drawn_places |= in.drawn_places;
		c->unknown |= in.unknown;
		return v;
	}
	case NEXPR_DRAW:
		return chance(c, e);
	case NEXPR_IF:
		return number(c, e->op[number(c, e->op[1]) != 0 ? 0 : 2]);
	case NEXPR_UNARY:
	case NEXPR_BINARY:
		if (e->op_kind == NOP_AND && number(c, e->op[0]) == 0)
			return 0;
		return elab_compute(c->s, e->op_kind, number(c, e->op[0]), e->op[1] ? number(c, e->op[1]) : 0);
	default:
		c->unknown = true;
		return 0;
	}
}

static bool
is_chosen(Count *c, const NetPattern *p)
{
	return (!p->near || number(c, p->near) != 0) && (!p->cond || number(c, p->cond) != 0);
}

/* ---- how many ------------------------------------------------------------------------------------------------ */

enum { ALL = 1 << 17, SOME = 1 << 16 };            /* pairs that are looked at: all, or so many of them by chance */

/* Eight standard deviations above what was counted; drawn places make numbers vary together, so a quarter more. */
static bool
room(Scope *s, NetConn *conn, Span at)
{
	Elab *el = s->el;
	NetPattern *p = &conn->pattern;
	uint64_t npre = el->net->layers.at[conn->pre].n, npost = el->net->layers.at[conn->post].n, pairs = npre * npost, found = 0;
	bool all = pairs <= ALL;
	Count c = {.s = s, .npost = npost, .own = ELAB_MANY};
	for (uint64_t k = 0; k < (all ? pairs : SOME); k++) {
		c.turn = 0;
		double u = all ? 0 : uniform(&c, 0xfffffff1u, k);
		uint64_t pair = all ? k : (uint64_t)(u * (double)pairs);
		c.pre = pair / npost;
		c.post = pair % npost;
		c.turn = (uint32_t)(all ? 0 : k >> 13);       /* drawn places: eight networks */
		found += is_chosen(&c, p);
	}
	if (c.unknown) {
		elab_error(el, E0426, at, "how many pairs this connects cannot be worked out before the run");
		diag_help(el->diag, "say how many there may be at most: `room = 1000`");
		diag_end(el->diag);
		return false;
	}
	if (!found && all && !c.drawn && !c.drawn_places) {
		elab_error(el, E0414, at, "this connects no pair of neurons");
		diag_help(el->diag, "`i` counts the sources, `j` the targets, `d` is how far apart they are");
		diag_end(el->diag);
		return false;
	}
	double n = (double)found, most = n + (all && !c.drawn && !c.drawn_places ? 0 : 8 * sqrt((all ? 1 : 2) * n + 4) + 16);
	if (c.drawn_places)
		most *= 1.25;
	most = ceil(most * (all ? 1 : (double)pairs / SOME));
	p->nsynapses = most < (double)pairs ? (uint64_t)most : pairs;
	return true;
}

/* ---- conditions ------------------------------------------------------------------------------------------------ */

static NetExpr *
both(Scope *s, NetExpr *a, NetExpr *b)
{
	return !a ? b : !b ? a : elab_binary(s, NOP_AND, a, b, a->span);
}

static NetExpr *
index_on(Scope *s, NetSide side, Span at)
{
	NetExpr *e = net_expr(s->el->net, NEXPR_INDEX, NT_REAL, at);
	e->side = side;
	return e;
}

static bool
has_draw(const NetExpr *e)
{
	return e && (e->kind == NEXPR_DRAW || has_draw(e->op[0]) || has_draw(e->op[1]) || has_draw(e->op[2]));
}

static bool
where(Scope *s, const AstExpr *condition, NetPattern *p)
{
	NetExpr *e = elab_expr(s, condition);
	if (!e || !(e = elab_as(s, e, NT_BOOL, condition)))
		return false;
	if (has_draw(e))
		p->cond = e;
	else
		p->near = both(s, p->near, e);
	return true;
}

/* Within the distance, with a probability that may depend on it. */
static bool
distance(Scope *s, const AstExpr *probability, const AstExpr *within, NetPattern *p)
{
	Elab *el = s->el;
	double most = INFINITY;
	if (within && !elab_real(el, within, false, "the distance", &most))
		return false;
	if (isfinite(most)) {
		NetExpr *d = elab_distance(s, within->span);
		if (!d)
			return false;
		p->near = both(s, p->near, elab_binary(s, NOP_LE, d, elab_const(s, NT_REAL, most, within->span), within->span));
	}
	NetExpr *e = probability ? elab_expr(s, probability) : NULL;
	if (!probability)
		return true;
	if (!e || !(e = elab_as(s, e, NT_REAL, probability)))
		return false;
	if (e->kind == NEXPR_CONST && !(e->value >= 0 && e->value <= 1)) {
		elab_error(el, E0506, probability->span, "a probability lies from 0 to 1, and this is %s", elab_number_text(el, e->value));
		diag_help(el->diag, "write an expression such as `exp(-d / (100 um))`");
		diag_end(el->diag);
		return false;
	}
	if (elab_is_const(e, 1))
		return true;
	NetExpr *u = net_expr(el->net, NEXPR_DRAW, NT_REAL, probability->span);
	u->draw = NDRAW_UNIFORM;
	u->site = elab_site(s, "pair", probability->span);
	p->cond = elab_binary(s, NOP_LT, u, e, probability->span);
	return true;
}

bool
elab_pairs(Elab *el, uint32_t conn, const AstExpr *by, const AstExpr *condition, const AstExpr *probability, const AstExpr *within)
{
	NetConn *c = &el->net->conns.at[conn];
	NetPattern *p = &c->pattern;
	Scope s = elab_scope(el, IN_INIT);
	s.conn = conn;
	s.site_prefix = arena_printf(el->arena, "%s/synapses", c->name);
	p->drawn = "counted";
	p->p = 1;
	if (!p->autapses)
		p->near = elab_binary(&s, NOP_NE, index_on(&s, NSIDE_PRE, by->span), index_on(&s, NSIDE_POST, by->span), by->span);
	bool ok = condition ? where(&s, condition, p) : distance(&s, probability, within, p);
	return ok && (p->nsynapses || room(&s, c, by->span));
}
