/* elab_connect: connections and their features: initial values, ranges, norms, what a spike meets. */
#include "elab/elab_inner.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

uint32_t
elab_find_conn(Elab *el, const AstDecl *d)
{
	for (uint32_t i = 0; i < el->conns.n; i++) {
		if (el->conns.at[i] == d)
			return i;
	}
	return NET_NONE;
}

static void
decay(Elab *el, NetFeature *f, const AstFeature *a)
{
	if (a->decay && elab_real(el, a->decay, false, "a decay", &f->decay) &&
	    !(f->decay >= 0 && f->decay < 1)) {
		elab_error(el, E0511, a->decay->span,
			   "a decay lies from 0 to below 1, and this is %s",
			   elab_number_text(el, f->decay));
		diag_help(el->diag, "in each step the value is multiplied by 1 - decay: "
				    "give a small number, or leave it away");
		diag_end(el->diag);
	}
}

/* ---- features -------------------------------------------------------------------------------- */

/* The sizes of an array; false after a message. */
static bool
extents(Scope *s, const AstArgVec *shape, uint32_t *rank, uint64_t *extent, Span at)
{
	if (shape->n > 2) {
		elab_error(s->el, E0658, at, "arrays have at most two dimensions, and this has %u", (unsigned)shape->n);
		diag_help(s->el->diag, "make one of two of them: `h[a * 4 + b]`");
		diag_end(s->el->diag);
		return false;
	}
	for (uint32_t i = 0; i < shape->n; i++) {
		const AstExpr *e = shape->at[i].value;
		Scope in = *s;
		in.place = IN_PARAM;
		NetExpr *v = elab_expr(&in, e);
		if (!v)
			return false;
		if (v->kind != NEXPR_CONST || v->value != floor(v->value) || v->value < 1 ||
		    v->value > 65536) {
			elab_error(s->el, E0514, e->span,
				   "a size of an array is a whole number from 1 to 65536");
			diag_help(s->el->diag, "write it, or a parameter whose value is known before the run: `w[3]`");
			diag_end(s->el->diag);
			return false;
		}
		extent[i] = (uint64_t)v->value;
	}
	*rank = shape->n;
	return true;
}

static void
states(Scope *outer, NetFeature *f)
{
	Elab *el = outer->el;
	for (uint32_t i = 0; i < outer->model->states.n; i++) {
		const AstState *a = &outer->model->states.at[i];
		NetState st = {.name = a->name, .span = a->span, .type = NT_REAL};
		Scope s = *outer;
		s.place = IN_STATE;
		st.kept_on_reset = a->kept_on_reset;
		if (a->shared_over_batch)
			elab_shared_state(el, a, "a feature", "let a rule change the value of the feature: that one the items share");
		extents(&s, &a->shape, &st.rank, st.extent, a->span);
		st.init = a->init ? elab_expr(&s, a->init) : elab_const(&s, NT_REAL, 0, a->span);
		if (st.init && st.init->kind != NEXPR_CONST && st.init->kind != NEXPR_VALUE) {
			elab_first_state(el, a, "a feature", "a number, or the value of the feature");
			st.init = NULL;
		}
		if (st.init)
			st.type = st.init->type;
		VEC_PUSH(el->arena, &f->states, st);
	}
}

static const AstArg *
find_arg(const AstFeature *a, Name name)
{
	for (uint32_t i = 0; i < a->args.n; i++) {
		if (a->args.at[i].name == name)
			return &a->args.at[i];
	}
	return NULL;
}

/* The first parameter is the value itself; others are lines of the block, or keep their defaults. */
static void
parameters(Scope *s, NetFeature *f, const AstFeature *a)
{
	Elab *el = s->el;
	const AstModel *m = s->model;
	s->params = ARENA_ARRAY(el->arena, Bind, m->params.n + 1);
	for (uint32_t i = 1; i < m->params.n; i++) {
		const AstParam *p = &m->params.at[i];
		const AstArg *arg = find_arg(a, p->name);
		s->nparams = i;
		if (p->shape.n) {
			NetTable t = {.name = p->name, .span = p->span};
			if (!arg || !(t.file = elab_file(el, arg->value)) ||
			    !extents(s, &p->shape, &t.rank, t.extent, p->span)) {
				el->failed = true;
				continue;
			}
			t.span = arg->value->span;
			s->params[i] = (Bind){.is_table = true, .table = f->tables.n};
			VEC_PUSH(el->arena, &f->tables, t);
			continue;
		}
		Scope in = arg ? elab_scope(el, IN_PROGRAM) : *s;
		in.conn = s->conn;
		in.signals = arg != NULL;
		if (!arg)
			in.place = IN_PARAM;
		const AstExpr *value = arg ? arg->value : p->value;
		if (!value)
			el->failed = true; /* was told by sema */
		else
			elab_bind(&in, value, &s->params[i]);
	}
	s->nparams = m->params.n;
}

/* The time of `signal = signal after time`, when that is all that a feature does. */
static const AstExpr *
delayed_by(const AstStmt *st)
{
	if (st->kind != ASTMT_ASSIGN)
		return NULL;
	const AstExpr *e = st->e;
	bool is_after = e->kind == AEXPR_CALL && e->op[0]->kind == AEXPR_NAME &&
			strcmp(e->op[0]->name, "after") == 0;
	return is_after && st->op_kind == AOP_UNSET && st->target->sema.sym &&
			       st->target->sema.sym->kind == ASYM_INPUT
		       ? e->args.at[1].value
		       : NULL;
}

/* The least and the most that the value of a feature can be; infinite: unknown. */
static void
limits(Elab *el, const NetConn *c, const NetFeature *f, double *lo, double *hi)
{
	const NetExpr *e = f->init.e;
	const ElabUniform *u = e ? elab_find_uniform(el, e) : NULL;
	*lo = -INFINITY;
	*hi = INFINITY;
	if (!f->has_rule && e && elab_is_fixed(e)) {
		*lo = elab_extreme(el, e, false);
		*hi = elab_extreme(el, e, true);
	} else if (!f->has_rule && u && elab_is_fixed(u->a) && elab_is_fixed(u->b)) {
		*lo = elab_extreme(el, u->a, false);
		*hi = elab_extreme(el, u->b, true);
	} else if (!f->has_rule && f->init.given) {
		*lo = INFINITY;
		*hi = -INFINITY;
		for (uint64_t k = 0; k < c->pattern.nsynapses; k++) {
			*lo = fmin(*lo, f->init.given[k]);
			*hi = fmax(*hi, f->init.given[k]);
		}
	}
	if (f->positive || (f->sign_of_pre && *lo < 0)) { /* what begins on the other side becomes zero */
		*lo = fmin(*lo, 0);
		*hi = fmax(*hi, 0);
	}
	if (f->has_range) {
		*lo = fmax(*lo, elab_extreme(el, f->lo, false));
		*hi = fmin(*hi, elab_extreme(el, f->hi, true));
	}
}

/* How many steps a delay can take: known from its value, or from its range. */
static void
check_delay(Elab *el, const NetConn *c, NetFeature *f, Span at)
{
	double lo, hi, dt = el->net->dt;
	limits(el, c, f, &lo, &hi);
	if (f->delay->kind == NEXPR_CONST)
		lo = hi = f->delay->value;
	else if (f->delay->kind != NEXPR_VALUE)
		elab_not_yet(el, f->delay->span, "a delay that is neither a number nor the value");
	for (uint32_t i = 0; i < c->features.n; i++) {
		if (!c->features.at[i].delay)
			continue;
		elab_error(el, E0606, f->span, "a connection has one delay, and `%s` is a second",
			   f->name);
		diag_label(el->diag, c->features.at[i].span, "the first");
		diag_help(el->diag, "add both times into one delay");
		diag_end(el->diag);
		return;
	}
	if (isinf(lo) || isinf(hi)) {
		elab_error(el, E0512, at, "how long `%s` can be is not known before the run",
			   f->name);
		diag_help(el->diag, "say it: `range [1 ms, 20 ms]`");
		diag_end(el->diag);
	} else if (lo < dt * (1 - 1e-6)) {
		elab_error(el, E0513, at, "%s ms is no delay: a signal takes at least one step, "
			   "%s ms", elab_number_text(el, lo), elab_number_text(el, el->dt));
		diag_help(el->diag, "begin at `dt`, or leave the delay away: it is one step then");
		diag_end(el->diag);
	} else if (hi / dt > 1e6) {
		elab_error(el, E0513, at, "a delay of %s ms is longer than 10^6 steps",
			   elab_number_text(el, hi));
		diag_help(el->diag, "delays are kept in memory, step by step: take a shorter one");
		diag_end(el->diag);
	} else {
		f->slots = (uint64_t)floor(hi / dt + 0.5);
	}
}

static const AstExpr *
delay_of(const AstHandler *h)
{
	return h->body.n == 1 ? delayed_by(h->body.at[0]) : NULL;
}

static void
compute(Scope *s, NetFeature *f)
{
	for (uint32_t i = 0; i < s->model->handlers.n; i++) {
		const AstHandler *h = &s->model->handlers.at[i];
		const AstExpr *time = delay_of(h);
		const AstStmt *choice = h->body.n == 1 && h->body.at[0]->kind == ASTMT_IF ? h->body.at[0] : NULL;
		if (choice && choice->body.n == 1 && elab_delays_spike(choice->body.at[0])) {
			const NetExpr *axonal = elab_expr(s, choice->e);
			if (axonal && !axonal->value && choice->other.n == 1)
				f->delay = delayed_by(choice->other.at[0]) ? elab_expr(s, delayed_by(choice->other.at[0])) : NULL;
		} else if (h->body.n == 1 && elab_delays_spike(h->body.at[0])) {
			continue;                         /* elab_axon.c */
		} else if (time)
			f->delay = elab_expr(s, time);
		else if (h->kind == AHANDLER_COMPUTE)
			elab_code(s, &h->body, &f->compute);
		else
			elab_not_yet(s->el, h->span, "this part of a feature");
	}
}

/* Takes the value of an earlier feature, and what is known of it. */
static void
share(Elab *el, uint32_t conn, NetFeature *f, Name of)
{
	const NetConn *c = &el->net->conns.at[conn];
	for (uint32_t i = 0; i < c->features.n; i++) {
		const NetFeature *parent = &c->features.at[i];
		if (parent->name != of)
			continue;
		f->shared = parent->shared == NET_NONE ? i : parent->shared;
		f->init = parent->init;
		if (f->init.e)
			f->init.e = elab_copy(el, f->init.e, f->init.e->span);
		f->has_range = parent->has_range;
		if (f->has_range) {
			f->lo = elab_copy(el, parent->lo, parent->lo->span);
			f->hi = elab_copy(el, parent->hi, parent->hi->span);
		}
		f->range_span = parent->range_span;
		return;
	}
	el->failed = true;
}

/* What a feature is may not go with where it stands. */
static void
check_place(Elab *el, const NetConn *c, const NetFeature *f, const AstFeature *a)
{
	NetPatternKind k = c->pattern.kind;
	elab_pattern_value(el, c, f);
	if (!f->of_post && c->features.n && c->features.at[c->features.n - 1].of_post) {
		elab_error(el, E0607, a->name_span,
			   "`%s` acts on each synapse, and `%s` before it on their sum", f->name,
			   c->features.at[c->features.n - 1].name);
		diag_help(el->diag, "list `%s` first", f->name);
		diag_end(el->diag);
	}
	if (a->learn && (k == NPAT_POOL || k == NPAT_MEAN)) {
		elab_error(el, E0608, a->learn->span,
			   "`%s` cannot learn here: its values belong to no pair of neurons", f->name);
		diag_note(el->diag, "`max_pool` and `mean_field` have no synapses");
		diag_help(el->diag, "let a feature of synapses learn");
		diag_end(el->diag);
	}
}

static const NetExpr *
find_in(const NetExpr *e, bool total)
{
	const NetExpr *found = NULL;
	if (!e)
		return NULL;
	if (total ? e->kind == NEXPR_TOTAL : e->side == NSIDE_PRE)        /* its number, spike, states, signals */
		return e;
	for (int i = 0; i < 3 && !found; i++)
		found = find_in(e->op[i], total);
	return found;
}

static const NetExpr *
find_in_block(const NetBlock *b, bool total)
{
	const NetExpr *found = NULL;
	for (uint32_t i = 0; i < b->n && !found; i++) {
		found = find_in(b->at[i]->e, total);
		if (!found)
			found = find_in_block(&b->at[i]->body, total);
		if (!found)
			found = find_in_block(&b->at[i]->other, total);
	}
	return found;
}

/* Its code may read what there is none of here: one source, or the signals of all synapses. */
static void
check_code(Elab *el, const NetConn *c, const NetFeature *f, const AstFeature *a)
{
	bool many = f->of_post || c->pattern.kind == NPAT_POOL || c->pattern.kind == NPAT_MEAN;
	const NetExpr *source = many ? find_in_block(&f->compute.body, false) : NULL;
	const NetExpr *total = f->of_post ? find_in_block(&f->compute.body, true) : NULL;
	if (!source && !total)
		return;
	elab_error(el, E0637, a->name_span, source ? "`%s` reads which source a signal comes from, and here it comes from many"
						   : "`%s` acts on the sum of each target, and reads the signals of all synapses",
		   f->name);
	diag_label(el->diag, (source ? source : total)->span, "here");
	diag_help(el->diag, source ? "use it where each pair of neurons has a synapse of its own"
				   : "take the sum in a feature of synapses before it");
	diag_end(el->diag);
}

/* Truth values have no sum, no range and no sign. */
static void
check_truth(Elab *el, const NetFeature *f, const AstFeature *a)
{
	const char *what = a->norm ? "norm" : a->decay ? "decay" : a->lo ? "range" : a->keep_sign ? "sign to keep" : a->stored ? "precision" : NULL;
	Span at = a->norm ? a->norm_span : a->decay ? a->decay_span : a->lo ? a->range_span : a->keep_sign ? a->keep_sign_span : a->stored_span;
	if (f->type != NT_BOOL || !what)
		return;
	elab_error(el, E0609, at, "the values of `%s` are true or false: they have no %s", f->name, what);
	diag_help(el->diag, "give such a line to a feature of numbers");
	diag_end(el->diag);
}

static void
feature(Elab *el, uint32_t conn, const AstFeature *a)
{
	const NetConn *c = &el->net->conns.at[conn];
	if (!a->sema_model) {
		el->failed = true;
		return;
	}
	const AstModel *m = &a->sema_model->model;
	NetFeature f = {.name = a->name, .span = a->name_span, .type = NT_REAL, .shared = NET_NONE};
	if (m->params.n && m->params.at[0].is_bool)
		f.type = NT_BOOL;
	Scope s = elab_scope(el, IN_FEATURE);
	s.conn = conn;
	s.model = m;
	s.value_type = f.type;
	s.site_prefix = arena_printf(el->arena, "%s/%s", c->name, a->name);
	s.feature = &f;
	f.of_post = m->params.n && m->params.at[0].of_post;
	parameters(&s, &f, a);
	elab_range(&s, &f, a);
	elab_norm(&s, &f, a);
	decay(el, &f, a);
	check_truth(el, &f, a);
	elab_sign(&s, &f, a);
	if (a->stored && f.type == NT_REAL)
		f.stored = strcmp(a->stored, "f16") == 0 ? NSTORED_F16 : NSTORED_BF16;
	if (a->shared)
		share(el, conn, &f, a->shared);
	else
		elab_begin(&s, &f, a);
	states(&s, &f);
	check_place(el, c, &f, a);
	compute(&s, &f);
	check_code(el, c, &f, a);
	if (a->learn)
		elab_rule(el, conn, &f, a);
	if (a->value)
		elab_check_values(&s, &f, a);
	if (f.delay && f.stored != NSTORED_REAL) {
		elab_error(el, E0609, a->stored_span, "delays are kept in steps, and have no precision");
		diag_help(el->diag, "leave this line away");
		diag_end(el->diag);
	}
	if (f.delay)
		check_delay(el, c, &f, a->value ? a->value->span : a->shared_span);
	VEC_PUSH(el->arena, &el->net->conns.at[conn].features, f);
}

/* ---- connections ----------------------------------------------------------------------------- */

static uint32_t
end(Elab *el, const AstExpr *e)
{
	uint32_t i = e->sema.sym ? elab_find_layer(el, e->sema.sym->decl) : NET_NONE;
	if (i == NET_NONE)
		el->failed = true;
	return i;
}

static void
connection(Elab *el, const AstDecl *d)
{
	uint32_t pre = end(el, d->connect.from), post = end(el, d->connect.to);
	if (pre == NET_NONE || post == NET_NONE)
		return;
	Net *net = el->net;
	Name name = d->sym ? d->sym->name : d->name;
	if (!name)
		name = intern_printf(el->names, "%s_%s", net->layers.at[pre].name,
				     net->layers.at[post].name);
	NetConn c = {.name = name,
		     .span = d->name_span.hi ? d->name_span : d->span,
		     .pre = pre,
		     .post = post};
	c.pre = elab_axons(el, pre, d);
	const AstExpr *to = d->connect.to;
	if (to->kind == AEXPR_MEMBER)
		c.port = elab_port(el, post, to->name);
	VEC_PUSH(el->arena, &net->conns, c);
	VEC_PUSH(el->arena, &el->conns, d);
	if (!elab_pattern(el, d->connect.pattern, net->conns.n - 1)) {
		el->failed = true;
		if (net->conns.at[net->conns.n - 1].pattern.kind == NPAT_SPARSE)
			return;                           /* how many values there are is not known */
	}
	for (uint32_t i = 0; i < d->connect.features.n; i++)
		feature(el, net->conns.n - 1, &d->connect.features.at[i]);
	if (net->conns.at[net->conns.n - 1].features.n == d->connect.features.n)
		elab_feature_places(el, net->conns.n - 1, d);
}

void
elab_connections(Elab *el)
{
	for (uint32_t i = 0; i < el->ast->decls.n; i++) {
		if (el->ast->decls.at[i]->kind != ADECL_CONNECT)
			continue;
		diag_turn(el->diag, el->ast->decls.at[i]->turn);
		connection(el, el->ast->decls.at[i]);
	}
	diag_turn(el->diag, NULL);
}
