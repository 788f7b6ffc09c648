/* elab_experiment: what the experiment works out for itself: signals that it sets, names (`let`), conditions, loops over
 * ranges, orders that are drawn. */
#include "elab/elab_inner.h"

#include <inttypes.h>

Scope
elab_in_experiment(Elab *el, const AstStmt *loop)
{
	Scope s = elab_scope(el, IN_PROTOCOL);
	s.loop = loop;
	s.site_prefix = "experiment";
	return s;
}

const NetData *
elab_loop_data(Elab *el, const AstStmt *loop)
{
	if (!loop)
		return NULL;
	const AstExpr *e = loop->target->kind == AEXPR_INDEX ? loop->target->op[0] : loop->target;
	for (uint32_t i = 0; e->sema.sym && i < el->data.n; i++) {
		if (el->data.at[i] == e->sema.sym->decl)
			return &el->net->data.at[i];
	}
	return NULL;
}

uint32_t
elab_find_var(Elab *el, const AstStmt *s)
{
	for (uint32_t i = el->vars.n; i-- > 0;) {
		if (el->vars.at[i] == s)
			return i;
	}
	return NET_NONE;
}

static uint32_t
new_var(Elab *el, const AstStmt *s, Name name, Span at, NetType type, bool per_item)
{
	NetVariable v = {name, at, type, per_item};
	VEC_PUSH(el->arena, &el->net->vars, v);
	VEC_PUSH(el->arena, &el->vars, s);
	return el->net->vars.n - 1;
}

/* ---- signals --------------------------------------------------------------------------------------------- */

static void
report_fed(Elab *el, const AstStmt *s, const NetSignal *g)
{
	if (g->file)
		elab_error(el, E0804, s->target->span, "`%s` comes from a file, so the experiment cannot set it", g->name);
	else
		elab_error(el, E0804, s->target->span, "`%s` is worked out in each step, so the experiment cannot set it", g->name);
	diag_label(el->diag, g->span, "declared here");
	diag_help(el->diag, "set a signal of its own, `signal cue = 0`, that `%s` reads: `on cue { … }`", g->name);
	diag_end(el->diag);
}

/* One number for all, or one per item or neuron, as the signal is. */
static bool
signal_fits(Elab *el, const NetExpr *e, const NetSignal *g, const NetData *d)
{
	ElabExtent x = {.layer = g->layer, .values = 1};
	uint64_t n = g->layer == NET_NONE ? 1 : el->net->layers.at[g->layer].n;
	if (!elab_extent(el, e, d, &x))
		return false;
	if (x.values != 1 && x.values != n) {
		elab_error(el, E0405, x.where ? x.where->span : e->span, "a sample of `%s` has %" PRIu64 " values here, and `%s` is %s",
			   d->name, x.values, g->name, n == 1 ? "one number" : "one per neuron of its layer");
		diag_label(el->diag, d->span, "declared here");
		diag_help(el->diag, "give the signal a column with one number per sample, or go over the values: `mean(…)`");
		diag_end(el->diag);
		return false;
	}
	if (x.layer != NET_NONE && g->layer == NET_NONE) {
		elab_error(el, E0406, x.where->span, "this is one number per neuron of `%s`, and `%s` is one for all",
			   el->net->layers.at[x.layer].name, g->name);
		diag_label(el->diag, g->span, "declared here");
		diag_help(el->diag, "go over the neurons, as in `sum(…)` or `argmax(…)`, or declare `signal %s of %s = …`", g->name,
			  el->net->layers.at[x.layer].name);
		diag_end(el->diag);
		return false;
	}
	if (!x.item || g->per_item || el->net->batch == 1)
		return true;
	elab_error(el, E0406, e->span, "this differs between the items of a batch, and `%s` is one number for all", g->name);
	diag_label(el->diag, g->span, "declared here");
	diag_help(el->diag, "declare `signal %s of item%s%s = …`", g->name, g->layer == NET_NONE ? "" : ", ",
		  g->layer == NET_NONE ? "" : el->net->layers.at[g->layer].name);
	diag_end(el->diag);
	return false;
}

/* reward = 0.5, expected += 0.1 * (reward - expected), pulse reward = 1 */
bool
elab_set_signal(Elab *el, const AstStmt *s, const AstStmt *loop, NetProto *p)
{
	static const NetOp ops[] = {[AOP_ADD] = NOP_ADD, [AOP_SUB] = NOP_SUB, [AOP_MUL] = NOP_MUL, [AOP_DIV] = NOP_DIV};
	const AstSym *sym = s->target->sema.sym;
	p->kind = NPROTO_SIGNAL;
	p->pulse = s->kind == ASTMT_PULSE;
	p->state = sym ? elab_find_signal(el, sym->decl) : NET_NONE;
	if (p->state == NET_NONE)
		return false;
	const NetSignal *g = &el->net->signals.at[p->state];
	if (g->value || g->file) {
		report_fed(el, s, g);
		return false;
	}
	Scope sc = elab_in_experiment(el, loop);
	sc.layer = g->layer;
	sc.site_hint = g->name;
	p->e = elab_as(&sc, elab_expr(&sc, s->e), NT_REAL, s->e);
	if (p->e && s->op_kind != AOP_UNSET)
		p->e = elab_binary(&sc, ops[s->op_kind], elab_expr(&sc, s->target), p->e, s->span);
	return p->e && signal_fits(el, p->e, g, elab_loop_data(el, loop));
}

/* ---- names, conditions -------------------------------------------------------------------------------------- */

static const NetExpr *
find_draw(const NetExpr *e)
{
	if (!e || e->kind == NEXPR_DRAW)
		return e;
	for (int i = 0; i < 3; i++) {
		const NetExpr *found = find_draw(e->op[i]);
		if (found)
			return found;
	}
	return NULL;
}

/* One number or truth value is worked out where the `let` stands; what has many values stands for its expression. */
NetProto *
elab_let(Elab *el, const AstStmt *s, const AstStmt *loop, bool *ok)
{
	*ok = false;
	Scope sc = elab_in_experiment(el, loop);
	sc.site_hint = s->name;
	sc.indexed = true;                                 /* `i` may stand here: it is known where the name is used */
	NetExpr *e = elab_expr(&sc, s->e);
	ElabExtent x = {.layer = NET_NONE, .values = 1};
	if (!e || !elab_extent(el, e, elab_loop_data(el, loop), &x))
		return NULL;
	bool many = x.layer != NET_NONE || x.values != 1 || x.index;
	if (many && find_draw(e)) {
		elab_error(el, E0505, find_draw(e)->span, "a random number cannot stand in a `let` of many values");
		diag_help(el->diag, "draw it in a `let` of its own: `let r = random()`");
		diag_end(el->diag);
		return NULL;
	}
	*ok = true;
	if (many || elab_is_fixed(e))
		return NULL;
	NetProto *p = ARENA_NEW(el->arena, NetProto);
	p->kind = NPROTO_LET;
	p->span = s->span;
	p->data = p->phase = p->layer = NET_NONE;
	p->e = e;
	p->state = new_var(el, s, s->name, s->name_span, e->type, x.item);
	return p;
}

bool
elab_is_single(Elab *el, const NetExpr *e, const AstStmt *loop, const char *what, const char *help)
{
	ElabExtent x = {.layer = NET_NONE, .values = 1};
	if (!elab_extent(el, e, elab_loop_data(el, loop), &x))
		return false;
	if (x.layer != NET_NONE || x.values != 1) {
		elab_error(el, E0406, x.where ? x.where->span : e->span, "%s needs one value, and this has many", what);
		diag_help(el->diag, "go over them, as in `sum(…)`, `max(…)` or `argmax(…)`");
		diag_end(el->diag);
		return false;
	}
	if (!x.item || el->net->batch == 1)
		return true;
	elab_error(el, E0406, e->span, "this differs between the items of a batch, and %s is one for all of them", what);
	diag_help(el->diag, "%s, or set `batch = 1`", help);
	diag_end(el->diag);
	return false;
}

bool
elab_if(Elab *el, const AstStmt *s, const AstStmt *loop, NetProto *p)
{
	p->kind = NPROTO_IF;
	Scope sc = elab_in_experiment(el, loop);
	p->e = elab_as(&sc, elab_expr(&sc, s->e), NT_BOOL, s->e);
	elab_body(el, &s->body, loop, &p->body);
	elab_body(el, &s->other, loop, &p->other);
	return p->e && elab_is_single(el, p->e, loop, "an `if` of the experiment", "choose a value instead: `reward = 1 if … else 0`");
}

/* ---- loops ---------------------------------------------------------------------------------------------------- */

void
elab_order(Elab *el, const AstStmt *loop, NetProto *p)
{
	Scope sc = elab_in_experiment(el, NULL);
	p->shuffled = loop->shuffled;
	if (p->shuffled)
		p->site = elab_site(&sc, "order", loop->span);
}

/* for k in 0 ..< n: the turns of a named loop count as samples. */
bool
elab_count_to(Elab *el, const AstStmt *s, const AstStmt *loop, NetProto *p)
{
	const AstExpr *range = s->target;
	p->phase = s->name ? elab_new_phase(el, s) : NET_NONE;
	p->state = new_var(el, s, s->names.at[0].name, s->names.at[0].span, NT_REAL, false);
	elab_order(el, s, p);
	bool ok = elab_count(el, range->op[0], "the first turn", 0, &p->lo) && elab_count(el, range->op[1], "the end of the turns", 0, &p->hi);
	if (ok)
		p->hi += !range->exclusive;
	if (ok && p->lo > p->hi) {
		elab_error(el, E0805, range->span, "this range goes backwards, from %" PRIu64 " to %" PRIu64, p->lo, p->hi);
		diag_help(el->diag, "write the smaller number first: `%" PRIu64 " ..< %" PRIu64 "`", p->hi, p->lo);
		diag_end(el->diag);
		ok = false;
	}
	if (ok && p->shuffled && p->hi - p->lo > UINT32_MAX) {
		elab_error(el, E0503, range->span, "at most 2^32 turns are shuffled");
		diag_help(el->diag, "draw an index in each turn: `let k = floor(n * random())`");
		diag_end(el->diag);
		ok = false;
	}
	if (ok && p->phase != NET_NONE)
		el->net->phases.at[p->phase].samples = p->hi - p->lo;
	elab_body(el, &s->body, loop, &p->body);
	return ok;
}
