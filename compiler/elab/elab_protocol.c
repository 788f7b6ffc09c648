/* elab_protocol: the experiment: loops over data with known bounds, runs of known length. */
#include "elab/elab_inner.h"

#include "base/panic.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

typedef VEC(NetProto *) ProtoVec;

static const double step_limit = 9007199254740992.0; /* 2^53 */


/* ---- what the protocol sets ------------------------------------------------------------------ */

static void
find_assigned_in(Elab *el, const AstStmtVec *v)
{
	for (uint32_t i = 0; i < v->n; i++) {
		const AstStmt *s = v->at[i];
		find_assigned_in(el, &s->body);
		find_assigned_in(el, &s->other);
		const AstSym *sym =
			s->kind == ASTMT_ASSIGN && s->target ? s->target->sema.sym : NULL;
		if (!sym || sym->kind != ASYM_PARAM_OF)
			continue;
		uint32_t l = elab_find_layer(el, sym->decl);
		if (l != NET_NONE && el->layers.at[l].model &&
		    sym->index < el->layers.at[l].model->params.n)
			el->layers.at[l].assigned[sym->index] = true;
	}
}

void
elab_find_assigned(Elab *el)
{
	for (uint32_t i = 0; i < el->ast->decls.n; i++) {
		if (el->ast->decls.at[i]->kind == ADECL_EXPERIMENT)
			find_assigned_in(el, &el->ast->decls.at[i]->experiment.body);
	}
}

static uint32_t
readouts_in(const AstStmtVec *v, const AstDecl *layer)
{
	uint32_t most = 0;
	for (uint32_t i = 0; i < v->n; i++) {
		const AstStmt *s = v->at[i];
		const AstSym *sym = s->kind == ASTMT_VOTE && s->target ? s->target->sema.sym : NULL;
		const uint32_t found[] = {sym && sym->decl == layer ? s->names.n : 0, readouts_in(&s->body, layer),
					  readouts_in(&s->other, layer)};
		for (int k = 0; k < 3; k++)
			most = found[k] > most ? found[k] : most;
	}
	return most;
}

uint32_t
elab_readouts(Elab *el, const AstDecl *layer)
{
	for (uint32_t i = 0; i < el->ast->decls.n; i++) {
		const AstDecl *d = el->ast->decls.at[i];
		uint32_t n = d->kind == ADECL_EXPERIMENT ? readouts_in(&d->experiment.body, layer) : 0;
		if (n)
			return n;
	}
	return 0;
}

bool
elab_votes(Elab *el, const AstDecl *layer)
{
	return elab_readouts(el, layer) > 0;
}

/* ---- loops ----------------------------------------------------------------------------------- */

static uint32_t
find_data(Elab *el, const AstExpr *e)
{
	const AstSym *sym = e->sema.sym;
	for (uint32_t i = 0; sym && i < el->data.n; i++) {
		if (el->data.at[i] == sym->decl)
			return i;
	}
	return NET_NONE;
}

static bool
bounds(Elab *el, const AstExpr *range, const NetData *d, uint64_t *lo, uint64_t *hi)
{
	*lo = 0;
	*hi = d->samples;
	if (!range)
		return true;
	if (range->kind != AEXPR_RANGE) {
		elab_not_yet(el, range->span, "a single sample in place of a range");
		return false;
	}
	if (!elab_count(el, range->op[0], "the first sample", 0, lo) ||
	    !elab_count(el, range->op[1], "the end of the samples", 0, hi))
		return false;
	*hi += !range->exclusive;
	if (*lo > *hi) {
		elab_error(el, E0805, range->span,
			   "this range goes backwards, from %" PRIu64 " to %" PRIu64, *lo, *hi);
		diag_help(el->diag, "write the smaller number first: `[%" PRIu64 " ..< %" PRIu64 "]`", *hi, *lo);
		diag_end(el->diag);
		return false;
	}
	if (*hi <= d->samples)
		return true;
	elab_error(el, E0802, range->span,
		   "sample %" PRIu64 " is asked for, and `%s` has %" PRIu64 " samples", *hi - 1,
		   d->name, d->samples);
	diag_label(el->diag, d->span, "declared here");
	if (d->samples)
		diag_help(el->diag, "they are counted from 0 to %" PRIu64 ": take `[%" PRIu64 " ..< %" PRIu64 "]`, or fewer",
			  d->samples - 1, *lo < d->samples ? *lo : 0, d->samples);
	diag_end(el->diag);
	return false;
}

static bool
fills_batches(Elab *el, const AstStmt *s, const NetProto *p)
{
	uint64_t n = p->hi - p->lo, batch = el->net->batch;
	if (n % batch == 0)
		return true;
	elab_error(el, E0802, s->target->span,
		   "%" PRIu64 " samples do not fill batches of %" PRIu64, n, batch);
	diag_help(el->diag, "take %" PRIu64 " or %" PRIu64 " of them", n - n % batch,
		  n - n % batch + batch);
	diag_end(el->diag);
	return false;
}

static bool
phase_taken(const void *env, Name name)
{
	const Net *net = env;
	for (uint32_t i = 0; i < net->phases.n; i++) {
		if (net->phases.at[i].name == name)
			return true;
	}
	return false;
}

uint32_t
elab_new_phase(Elab *el, const AstStmt *s)
{
	NetPhase ph = {.name = s->name, .span = s->name ? s->name_span : s->span};
	if (!s->name)
		ph.name = elab_unique(el, "samples", phase_taken, el->net);
	else if (phase_taken(el->net, s->name))
		elab_not_yet(el, s->name_span, "a phase that is entered in two places");
	VEC_PUSH(el->arena, &el->net->phases, ph);
	return el->net->phases.n - 1;
}

static bool
loop_over(Elab *el, const AstStmt *s, const AstStmt *outer, NetProto *p)
{
	const AstExpr *source = s->target, *range = NULL;
	if (source->kind == AEXPR_INDEX) {
		range = source->args.n ? source->args.at[0].value : NULL;
		source = source->op[0];
	}
	p->phase = elab_new_phase(el, s); /* also of loops with errors: others may name it */
	p->data = find_data(el, source);
	elab_order(el, s, p);
	if (outer)
		elab_not_yet(el, s->span, "a loop over data in another");
	if (p->data == NET_NONE || outer) {
		el->failed = true;
		return false;
	}
	const NetData *d = &el->net->data.at[p->data];
	if (!d->columns.n)
		return false; /* not found, which was told */
	if (s->names.n > d->columns.n) {
		elab_error(el, E0808, s->names.at[d->columns.n].span,
			   "`%s` gives %u column%s, and here are %u names", d->name, d->columns.n,
			   d->columns.n == 1 ? "" : "s", s->names.n);
		diag_label(el->diag, d->span, "declared here");
		diag_help(el->diag, d->columns.n == 1 ? "write `for image in …`" : "write `for image, label in …`");
		diag_end(el->diag);
		return false;
	}
	if (!bounds(el, range, d, &p->lo, &p->hi) || !fills_batches(el, s, p))
		return false;
	el->net->phases.at[p->phase].samples = p->hi - p->lo;
	elab_body(el, &s->body, s, &p->body);
	return true;
}

/* ---- setting parameters and states ----------------------------------------------------------- */

/* Columns that are gone over together have as many values each, or one. */
static bool
columns_agree(Elab *el, const NetExpr *e, const NetData *d, uint64_t *n)
{
	if (e->kind == NEXPR_OVER) {
		uint64_t inner = 1;
		return columns_agree(el, e->op[0], d, &inner);
	}
	if (e->kind == NEXPR_COLUMN && e->index < d->columns.n) {
		uint64_t count = d->columns.at[e->index].count;
		if (*n != 1 && count != 1 && *n != count) {
			elab_error(el, E0405, e->span,
				   "this has %" PRIu64 " values in a sample of `%s`, what stands "
				   "beside it has %" PRIu64,
				   count, d->name, *n);
			diag_label(el->diag, d->span, "declared here");
			diag_end(el->diag);
			return false;
		}
		*n = count == 1 ? *n : count;
	}
	for (int i = 0; i < 3; i++) {
		if (e->op[i] && !columns_agree(el, e->op[i], d, n))
			return false;
	}
	return true;
}

/* Every column that is read must have one value, or one for each neuron. */
static bool
columns_fit(Elab *el, const NetExpr *e, const NetData *d, const NetLayer *l)
{
	uint64_t any = 1;
	if (e->kind == NEXPR_OVER)
		return columns_agree(el, e, d, &any);
	if (e->kind == NEXPR_COLUMN && e->index < d->columns.n) {
		uint64_t n = d->columns.at[e->index].count;
		if (n != 1 && n != l->n) {
			elab_error(el, E0405, e->span,
				   "a sample of `%s` has %" PRIu64
				   " values here, and layer `%s` has %" PRIu64 " neurons",
				   d->name, n, l->name, l->n);
			diag_label(el->diag, l->span, "declared here");
			diag_help(el->diag, "give the layer %" PRIu64 " neurons: each takes one value", n);
			diag_end(el->diag);
			return false;
		}
	}
	for (int i = 0; i < 3; i++) {
		if (e->op[i] && !columns_fit(el, e->op[i], d, l))
			return false;
	}
	return true;
}

static bool
assign(Elab *el, const AstStmt *s, const AstStmt *loop, NetProto *p)
{
	NetVar v;
	if (s->target->sema.sym && s->target->sema.sym->kind == ASYM_TOP_SIGNAL)
		return elab_set_signal(el, s, loop, p);
	if (s->op_kind != AOP_UNSET) {
		elab_not_yet(el, s->span, "an assignment other than `=` in the experiment");
		return false;
	}
	if (!elab_var(el, s->target, &v))
		return false;
	if (v.kind != NVAR_STATE) {
		elab_not_yet(el, s->target->span,
			     "setting what is no parameter or state of a layer");
		return false;
	}
	if (el->net->layers.at[v.of].states.at[v.index].shared_over_batch) {
		elab_not_yet(el, s->target->span, "setting a state that is shared over the batch");
		return false;
	}
	Scope sc = elab_in_experiment(el, loop);
	sc.layer = v.of;
	sc.site_hint = s->target->name;
	p->layer = v.of;
	p->state = v.index;
	p->e = elab_expr(&sc, s->e);
	const NetLayer *l = &el->net->layers.at[v.of];
	ElabExtent x = {.layer = v.of, .values = 1};
	if (!p->e || !elab_extent(el, p->e, elab_loop_data(el, loop), &x))
		return false;
	if (p->e->type != l->states.at[v.index].type) {
		elab_error(el, E0302, s->e->span, "`%s` is %s", s->target->name,
			   l->states.at[v.index].type == NT_BOOL ? "true or false" : "a number");
		diag_help(el->diag, l->states.at[v.index].type == NT_BOOL ? "compare: `… > 0`"
									  : "write `1 if … else 0`");
		diag_end(el->diag);
		return false;
	}
	uint32_t data = NET_NONE;
	if (loop)
		data = find_data(el, loop->target->kind == AEXPR_INDEX ? loop->target->op[0]
								       : loop->target);
	return data == NET_NONE || columns_fit(el, p->e, &el->net->data.at[data], l);
}

/* ---- the other statements -------------------------------------------------------------------- */

static bool
run(Elab *el, const AstStmt *s, const AstStmt *loop, NetProto *p)
{
	double t;
	Scope sc = elab_in_experiment(el, loop);
	NetExpr *e = elab_as(&sc, elab_expr(&sc, s->e), NT_REAL, s->e);
	if (!e)
		return false;
	if (e->kind != NEXPR_CONST) {                     /* how long is known when it is run */
		p->e = e;
		return elab_is_single(el, e, loop, "a run", "make it one for all items: let it read signals that are") &&
		       elab_controls(el, s, p);
	}
	if (!elab_real(el, s->e, true, "the length of a run", &t))
		return false;
	double steps = trunc(t / el->dt);
	if (steps >= 1 && steps <= step_limit) {
		p->steps = (uint64_t)steps;
		return elab_controls(el, s, p);
	}
	elab_error(el, E0519, s->e->span, "a run of %s ms has %s: a step takes %s ms",
		   elab_number_text(el, t), steps >= 1 ? "more than 2^53 steps" : "no step",
		   elab_number_text(el, el->dt));
	diag_help(el->diag, "run at least one step: `run %s ms`", elab_number_text(el, el->dt));
	diag_end(el->diag);
	return false;
}

static bool
label_column(Elab *el, const AstStmt *s, const AstStmt *loop, NetProto *p)
{
	if (!loop) {
		elab_error(el, E0807, s->span, "`vote` stands in a loop over data");
		diag_help(el->diag, "put it into `for image, label in digits { }`");
		diag_end(el->diag);
		return false;
	}
	const AstExpr *source =
		loop->target->kind == AEXPR_INDEX ? loop->target->op[0] : loop->target;
	const NetData *d = &el->net->data.at[find_data(el, source)];
	for (uint32_t i = 0; i < loop->names.n; i++) {
		if (loop->names.at[i].name != s->name)
			continue;
		p->column = i;
		if (d->columns.at[i].count == 1 && d->classes > 0)
			return true;
		elab_error(el, E0807, s->name_span, "`%s` is no label: a label is one whole number",
			   s->name);
		diag_label(el->diag, d->span, "the data are declared here");
		diag_help(el->diag, "the files come in the order of the loop's names: "
				    "`idx(\"images\", \"labels\")`, `for image, label`");
		diag_end(el->diag);
		return false;
	}
	elab_error(el, E0211, s->name_span, "the loop has no variable `%s`", s->name);
	diag_help(el->diag, "write `for image, %s in …`", s->name);
	diag_end(el->diag);
	return false;
}

static bool
readouts(Elab *el, const AstStmt *s, NetProto *p)
{
	const uint64_t most = 8;
	for (uint32_t i = 0; i < s->names.n; i++) {
		Name name = s->names.at[i].name;
		uint64_t n;
		if (s->names.at[i].arg) {
			if (!elab_count(el, s->names.at[i].arg, "the length of an n-gram", 1, &n))
				return false;
			if (n > most) {
				elab_error(el, E0503, s->names.at[i].arg->span,
					   "an n-gram has %" PRIu64 " spikes at most", most);
				diag_end(el->diag);
				return false;
			}
			p->ngram = n > p->ngram ? (uint32_t)n : p->ngram;
			name = intern(el->names, arena_printf(el->arena, "%s(%" PRIu64 ")", name, n));
		}
		VEC_PUSH(el->arena, &p->readouts, name);
	}
	if (p->readouts.n <= most)
		return true;
	elab_error(el, E0503, s->span, "a vote has %" PRIu64 " readouts at most", most);
	diag_end(el->diag);
	return false;
}

static bool
old_rates(Elab *el, const AstStmt *s, NetProto *p)
{
	p->keep = 1;
	if (s->from && !(p->path = elab_read_path(el, s->from)))
		return false;
	if (!s->keep || !elab_real(el, s->keep, true, "what is kept of old rates", &p->keep))
		return !s->keep;
	if (p->keep >= 0 && p->keep <= 1)
		return true;
	elab_error(el, E0503, s->keep->span, "a part between 0 and 1 is kept of old rates");
	diag_end(el->diag);
	return false;
}

static bool
vote(Elab *el, const AstStmt *s, const AstStmt *loop, NetProto *p)
{
	p->layer = s->target->sema.sym ? elab_find_layer(el, s->target->sema.sym->decl) : NET_NONE;
	if (p->layer == NET_NONE) {
		elab_not_yet(el, s->target->span, "a vote of what is no layer");
		return false;
	}
	if (!label_column(el, s, loop, p))
		return false;
	if (!readouts(el, s, p) || !old_rates(el, s, p))
		return false;
	if (!s->e)
		return true;
	if (!elab_count(el, s->e, "how often labels are assigned", 1, &p->every))
		return false;
	if (p->every % el->net->batch == 0)
		return true;
	elab_error(el, E0802, s->e->span,
		   "labels cannot be assigned every %" PRIu64 " samples in batches of %" PRIu64,
		   p->every, el->net->batch);
	diag_help(el->diag, "take a multiple of %" PRIu64, el->net->batch);
	diag_end(el->diag);
	return false;
}

static bool
report_signal(Elab *el, const AstStmt *s, NetProto *p)
{
	p->var = (NetVar){NVAR_SIGNAL, elab_find_signal(el, s->sema.sym->decl), 0, 0};
	if (p->var.of == NET_NONE) {
		el->failed = true;
		return false;
	}
	const NetSignal *g = &el->net->signals.at[p->var.of];
	if ((!g->per_item || el->net->batch == 1) && g->layer == NET_NONE)
		return true;
	diag_begin(el->diag, E0806, s->name_span, "only one number is reported, and `%s` has one for each %s", s->name,
		   g->layer == NET_NONE ? "item of the batch" : "neuron of a layer");
	diag_label(el->diag, g->span, "declared here");
	diag_help(el->diag, "set a signal that is one number, and report that; or `record %s`", s->name);
	diag_end(el->diag);
	el->failed = true;
	return false;
}

static bool
report(Elab *el, const AstStmt *s, NetProto *p)
{
	p->what = s->name;
	p->phase = NET_NONE;
	if (s->sema.sym)
		return report_signal(el, s, p);
	if (s->of)
		p->phase = elab_find_phase(el, s->of, s->of_span);
	return !s->of || p->phase != NET_NONE;
}

static bool
save(Elab *el, const AstStmt *s, NetProto *p)
{
	p->path = elab_path(el, s->e);
	return p->path && (!s->target || elab_var(el, s->target, &p->var));
}

/* "x.npy", "net.snnw:input.weight"; of a checkpoint alone the variable of this name. */
static bool
load(Elab *el, const AstStmt *s, NetProto *p)
{
	p->path = elab_read_path(el, s->e);
	if (!p->path || !s->target)
		return p->path != NULL;
	if (!elab_var(el, s->target, &p->var))
		return false;
	bool state = p->var.kind == NVAR_STATE || p->var.kind == NVAR_VALUE || p->var.kind == NVAR_TRACE || p->var.kind == NVAR_RULE_STATE ||
		     p->var.kind == NVAR_SIGNAL_STATE || p->var.kind == NVAR_KEPT;
	if (state)
		return true;
	elab_error(el, E0801, s->target->span, "`%s` is nothing that can be loaded", s->target->name);
	diag_help(el->diag, "load states, traces, values of connections and states of rules; or everything: `load \"net.snnw\"`");
	diag_end(el->diag);
	return false;
}

/* The layer's own input becomes that of the samples that are shown to it. */
static bool
shows(Elab *el, const AstStmt *s, NetProto *p)
{
	NetPort *port = &el->net->layers.at[p->layer].ports.at[0];
	if (port->stream != NET_NONE && el->net->streams.at[port->stream].data == p->data && !el->net->streams.at[port->stream].path)
		return true;
	if (port->stream != NET_NONE) {
		elab_error(el, E0217, s->target->span, "layer `%s` has two inputs", el->net->layers.at[p->layer].name);
		diag_label(el->diag, el->net->streams.at[port->stream].span, "first here");
		diag_help(el->diag, "let a layer of `Input` take one of them, and connect it");
		diag_end(el->diag);
		return false;
	}
	NetStream st = {.name = el->net->layers.at[p->layer].name, .span = s->span, .layer = p->layer, .events = true, .data = p->data};
	port->stream = el->net->streams.n;
	VEC_PUSH(el->arena, &el->net->streams, st);
	return true;
}

static bool
present(Elab *el, const AstStmt *s, const AstStmt *loop, NetProto *p)
{
	p->layer = s->target->sema.sym ? elab_find_layer(el, s->target->sema.sym->decl) : NET_NONE;
	p->column = NET_NONE;
	if (p->layer == NET_NONE)
		el->failed = true;
	if (!s->e || p->layer == NET_NONE)
		return p->layer != NET_NONE;
	const AstSym *sym = s->e->sema.sym;
	if (!sym || sym->kind != ASYM_COLUMN || !loop || sym->stmt != loop) {
		elab_not_yet(el, s->e->span, "what is no column of the innermost loop over data");
		return false;
	}
	p->data = find_data(el, loop->target->kind == AEXPR_INDEX ? loop->target->op[0] : loop->target);
	const NetData *d = p->data == NET_NONE ? NULL : &el->net->data.at[p->data];
	if (!d || sym->index >= d->columns.n)
		return false;
	p->column = sym->index;
	if (d->columns.at[p->column].events)
		return shows(el, s, p);
	elab_error(el, E0801, s->e->span, "`%s` is an array, and only lists of spikes are presented to a layer", s->e->name);
	diag_label(el->diag, d->span, "declared here");
	diag_help(el->diag, "present it to a parameter: `present %s / 255 * 128 Hz to %s.rate for 250 ms`", s->e->name, s->target->name);
	diag_end(el->diag);
	return false;
}

static NetProto *
statement(Elab *el, const AstStmt *s, const AstStmt *loop)
{
	NetProto *p = ARENA_NEW(el->arena, NetProto);
	p->span = s->span;
	p->data = p->phase = p->layer = NET_NONE;
	bool ok = true;
	switch (s->kind) {
	case ASTMT_FOR:
		p->kind = s->target->kind == AEXPR_RANGE ? NPROTO_COUNT_TO : NPROTO_FOR;
		ok = p->kind == NPROTO_FOR ? loop_over(el, s, loop, p) : elab_count_to(el, s, loop, p);
		break;
	case ASTMT_PULSE:
		ok = elab_set_signal(el, s, loop, p);
		break;
	case ASTMT_IF:
		ok = elab_if(el, s, loop, p);
		break;
	case ASTMT_ASSIGN:
		p->kind = NPROTO_ASSIGN;
		ok = assign(el, s, loop, p);
		break;
	case ASTMT_RUN:
		p->kind = NPROTO_RUN;
		ok = run(el, s, loop, p);
		break;
	case ASTMT_RESET:
		p->kind = NPROTO_RESET;
		break;
	case ASTMT_FREEZE:
		p->kind = NPROTO_FREEZE;
		break;
	case ASTMT_THAW:
		p->kind = NPROTO_THAW;
		break;
	case ASTMT_VOTE:
		p->kind = NPROTO_VOTE;
		ok = vote(el, s, loop, p);
		break;
	case ASTMT_REPORT:
		p->kind = NPROTO_REPORT;
		ok = report(el, s, p);
		break;
	case ASTMT_SAVE:
		p->kind = NPROTO_SAVE;
		ok = save(el, s, p);
		break;
	case ASTMT_LOAD:
		p->kind = NPROTO_LOAD;
		ok = load(el, s, p);
		break;
	case ASTMT_PRESENT:
		p->kind = NPROTO_PRESENT;
		ok = present(el, s, loop, p);
		break;
	case ASTMT_SPIKE:
	case ASTMT_KEEP_ONE:
	case ASTMT_EQUATION:
	case ASTMT_CONTROL:
		elab_not_yet(el, s->span, "this statement in an experiment");
		return NULL;
	case ASTMT_ERROR:
		el->failed = true;
		return NULL;
	case ASTMT_EXPECT:
	case ASTMT_EVENT:
	case ASTMT_GOLDEN:
	case ASTMT_WITH:
	case ASTMT_SET:
	case ASTMT_REPEAT:
	case ASTMT_SWEEP:
	case ASTMT_LET:
	case ASTMT_UNSET:
	case ASTMT_COUNT:
		UNREACHABLE();
	}
	return ok ? p : NULL;
}

/* Steps of these statements; false: that depends on the run. */
static bool
elapsed(NetProto *const *at, uint32_t n, uint64_t batch, uint64_t *out)
{
	for (uint32_t i = 0; i < n; i++) {
		const NetProto *p = at[i];
		uint64_t inner = 0, other = 0, turns = p->kind == NPROTO_FOR ? (p->hi - p->lo) / batch : p->kind == NPROTO_COUNT_TO ? p->hi - p->lo : 1;
		if (!elapsed(p->body.at, p->body.n, batch, &inner) || !elapsed(p->other.at, p->other.n, batch, &other))
			return false;
		if (p->kind == NPROTO_IF && inner != other)
			return false;
		*out += inner * turns + (p->kind == NPROTO_RUN ? p->steps : 0);
	}
	return true;
}

/* Nothing runs by itself; what the expectation sees is saved here. */
static bool
expect(Elab *el, const AstStmt *s, bool nested, ProtoVec *out)
{
	uint64_t steps = 0;
	if (nested || !elapsed(out->at, out->n, el->net->batch, &steps)) {
		elab_error(el, E1001, s->span, nested ? "an expectation stands behind a loop or an `if`, not in it"
						      : "how long it ran until here is not known before the run");
		diag_help(el->diag, nested ? "move it behind the `}`" : "let both branches of an `if` run equally long");
		diag_end(el->diag);
		return false;
	}
	el->elapsed = steps;
	bool ok = elab_expect(el, s);
	for (uint32_t i = 0; i < el->saves.n; i++)
		VEC_PUSH(el->arena, out, el->saves.at[i]);
	el->saves.n = 0;
	return ok;
}

void
elab_body(Elab *el, const AstStmtVec *from, const AstStmt *loop, NetProtocol *out)
{
	ProtoVec v = {0};
	bool nested = el->blocks++ > 0;
	for (uint32_t i = 0; i < from->n; i++) {
		bool ok = true;
		if (from->at[i]->kind == ASTMT_EXPECT || from->at[i]->kind == ASTMT_EVENT || from->at[i]->kind == ASTMT_GOLDEN) {
			el->failed |= !expect(el, from->at[i], nested, &v);
			continue;
		}
		NetProto *p = from->at[i]->kind == ASTMT_LET ? elab_let(el, from->at[i], loop, &ok)
							     : statement(el, from->at[i], loop);
		if (!p && from->at[i]->kind == ASTMT_LET && ok)
			continue; /* is put in where its name stands */
		if (p)
			VEC_PUSH(el->arena, &v, p);
		else
			el->failed = true;
	}
	el->blocks--;
	out->at = v.at;
	out->n = v.n;
}

void
elab_protocol(Elab *el)
{
	ProtoVec all = {0};
	for (uint32_t i = 0; i < el->ast->decls.n; i++) {
		const AstDecl *d = el->ast->decls.at[i];
		if (d->kind != ADECL_EXPERIMENT)
			continue;
		NetProtocol part;
		elab_body(el, &d->experiment.body, NULL, &part);
		for (uint32_t k = 0; k < el->starts.n; k++)
			VEC_PUSH(el->arena, &all, el->starts.at[k]);
		el->starts.n = 0;
		for (uint32_t k = 0; k < part.n; k++)
			VEC_PUSH(el->arena, &all, part.at[k]);
	}
	el->net->protocol = (NetProtocol){all.at, all.n};
	if (all.n || el->failed)
		return;
	diag_begin(el->diag, W0601, (Span){0, 0},
		   "nothing runs: the program has no `experiment`, or an empty one");
	diag_help(el->diag, "add `experiment { run 1 s }`");
	diag_end(el->diag);
}
