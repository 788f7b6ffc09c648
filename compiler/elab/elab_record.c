/* elab_record: what is seen and fed: records, plots, draws from files. */
#include "elab/elab_inner.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* ---- variables ------------------------------------------------------------------------------- */

static bool
param_var(Elab *el, const AstExpr *e, const ElabLayer *l, uint32_t index, NetVar *out)
{
	if (index < l->model->params.n && l->param_state[index] != NET_NONE) {
		out->kind = NVAR_STATE;
		out->index = l->param_state[index];
		return true;
	}
	elab_error(el, E0232, e->span, "the parameter `%s` never changes", e->name);
	diag_help(el->diag, "states, traces, spikes and features can be seen");
	diag_end(el->diag);
	return false;
}

static bool
layer_var(Elab *el, const AstExpr *e, const AstSym *sym, NetVar *out)
{
	out->of = elab_find_layer(el, sym->decl);
	if (out->of == NET_NONE || !el->layers.at[out->of].model)
		return false;
	const ElabLayer *l = &el->layers.at[out->of];
	uint32_t ntraces = l->model->traces.n + l->decl->layer.traces.n;
	out->index = sym->index;
	if (sym->kind == ASYM_PARAM_OF)
		return param_var(el, e, l, sym->index, out);
	if (sym->kind == ASYM_TRACE_OF) {
		out->kind = NVAR_TRACE;
		out->index = sym->index < ntraces && l->traces ? l->traces[sym->index] : NET_NONE;
		return out->index != NET_NONE;
	}
	out->kind = sym->kind == ASYM_SPIKES_OF ? NVAR_SPIKES : NVAR_STATE;
	if (out->kind == NVAR_SPIKES)
		out->index = 0;
	else if (sym->index >= l->model->states.n)
		out->index = l->place[sym->index - l->model->states.n];
	return out->index != NET_NONE;
}

static bool
votes_var(Elab *el, const AstExpr *e, const AstSym *sym, NetVar *out)
{
	static const NetVarKind kinds[] = {NVAR_VOTES, NVAR_LABELS, NVAR_RATES, NVAR_PROPORTIONS};
	*out = (NetVar){kinds[sym->index], elab_find_layer(el, sym->decl), 0, 0};
	if (out->of != NET_NONE && elab_votes(el, sym->decl))
		return true;
	elab_error(el, E0232, e->span, "layer `%s` never votes, so it has no `%s`", sym->decl->name,
		   e->name);
	diag_help(el->diag, "let it: `vote %s for label by all_activity every 250`",
		  sym->decl->name);
	diag_end(el->diag);
	return false;
}

/* A trace of a rule is one of the layer. */
static bool
rule_trace_var(Elab *el, const AstSym *sym, NetVar *out)
{
	uint32_t conn = elab_find_conn(el, sym->decl);
	for (uint32_t i = 0; i < el->rule_traces.n; i++) {
		const ElabRuleTraces *r = &el->rule_traces.at[i];
		if (r->conn != conn || r->feature != sym->index || sym->state < r->model->states.n)
			continue;
		uint32_t k = sym->state - r->model->states.n;
		const NetConn *c = &el->net->conns.at[conn];
		bool pre = k < r->model->traces.n && strcmp(r->model->traces.at[k].of, "pre") == 0;
		*out = (NetVar){NVAR_TRACE, pre ? c->pre : c->post, k < r->model->traces.n ? r->index[k] : NET_NONE, 0};
		return out->index != NET_NONE;
	}
	return false;
}

bool
elab_var(Elab *el, const AstExpr *e, NetVar *out)
{
	const AstSym *sym = e->sema.sym;
	*out = (NetVar){0};
	if (!sym) {
		el->failed = true;
		return false;
	}
	switch (sym->kind) {
	case ASYM_STATE_OF:
	case ASYM_TRACE_OF:
	case ASYM_PARAM_OF:
	case ASYM_SPIKES_OF:
		if (layer_var(el, e, sym, out))
			return true;
		el->failed = true;
		return false;
	case ASYM_VOTES_OF:
		return votes_var(el, e, sym, out);
	case ASYM_RULE_STATE_OF: {
		if (rule_trace_var(el, sym, out))
			return true;
		*out = (NetVar){NVAR_RULE_STATE, elab_find_conn(el, sym->decl), sym->index, sym->state};
		const NetConn *c = out->of != NET_NONE ? &el->net->conns.at[out->of] : NULL;
		if (c && out->index < c->features.n && out->state < c->features.at[out->index].rule.states.n)
			return true;
		el->failed = true;
		return false;
	}
	case ASYM_FEATURE_OF:
	case ASYM_KEPT_OF:
		*out = (NetVar){sym->kind == ASYM_KEPT_OF ? NVAR_KEPT : NVAR_VALUE,
				elab_find_conn(el, sym->decl), sym->index, sym->state};
		if (out->of != NET_NONE && out->index < el->net->conns.at[out->of].features.n)
			return true;
		el->failed = true;
		return false;
	case ASYM_TOP_SIGNAL:
	case ASYM_SIGNAL_STATE_OF: {
		bool state = sym->kind == ASYM_SIGNAL_STATE_OF;
		*out = (NetVar){state ? NVAR_SIGNAL_STATE : NVAR_SIGNAL, elab_find_signal(el, sym->decl), state ? sym->index : 0, 0};
		if (out->of != NET_NONE && (!state || out->index < el->net->signals.at[out->of].states.n))
			return true;
		el->failed = true;
		return false;
	}
	case ASYM_RATE_OF:
		*out = (NetVar){NVAR_RATE, elab_find_conn(el, sym->decl), 0, 0};
		if (out->of != NET_NONE)
			return true;
		el->failed = true;
		return false;
	case ASYM_UNSET:
	case ASYM_PARAM:
	case ASYM_DATA:
	case ASYM_LAYER:
	case ASYM_CONNECTION:
	case ASYM_NEURON:
	case ASYM_FEATURE:
	case ASYM_RULE:
	case ASYM_PHASE:
	case ASYM_COLUMN:
	case ASYM_MODEL_PARAM:
	case ASYM_STATE:
	case ASYM_TRACE:
	case ASYM_LOCAL:
	case ASYM_INPUT:
	case ASYM_LEARNED:
	case ASYM_SIGNAL: case ASYM_FELLOW: case ASYM_BOUND: case ASYM_SIDE_STATE: case ASYM_TURN:
	case ASYM_SPIKE:
	case ASYM_INDEX:
	case ASYM_DISTANCE:
	case ASYM_DT:
	case ASYM_LEARNING:
	case ASYM_NOISE:
	case ASYM_INF:
	case ASYM_OWN_FUNCTION:
	case ASYM_FUNCTION:
	case ASYM_PART:
		break;
	}
	elab_error(el, E0232, e->span, "`%s` is nothing that a network holds",
		   e->name ? e->name : "this");
	diag_help(el->diag, "name a state, a trace, spikes or a feature: `exc.v`, `exc.spikes`, "
			    "`input.weight`");
	diag_end(el->diag);
	return false;
}

static const char *
member_path(Elab *el, const AstExpr *e, char between)
{
	if (e->kind != AEXPR_MEMBER)
		return e->name;
	return arena_printf(el->arena, "%s%c%s", member_path(el, e->op[0], between), between,
			    e->name);
}

/* ---- records --------------------------------------------------------------------------------- */

static bool
record_taken(const void *env, Name name)
{
	const Net *net = env;
	for (uint32_t i = 0; i < net->records.n; i++) {
		if (net->records.at[i].name == name)
			return true;
	}
	return false;
}

uint32_t
elab_find_phase(Elab *el, Name name, Span at)
{
	VEC(const char *) names = {0};
	for (uint32_t i = 0; i < el->net->phases.n; i++) {
		if (el->net->phases.at[i].name == name)
			return i;
		VEC_PUSH(el->arena, &names, el->net->phases.at[i].name);
	}
	const char *near = suggest(name, names.at, names.n);
	elab_error(el, E0210, at, "no phase is called `%s`", name);
	if (near)
		diag_suggest(el->diag, name, near);
	else
		diag_help(el->diag, "name a loop: `for image, label in digits as %s { }`", name);
	diag_end(el->diag);
	return NET_NONE;
}

/* Every how many steps or samples. A time counts in steps. */
static bool
interval(Elab *el, const AstDecl *d, NetRecord *r)
{
	const AstExpr *e = d->record.every;
	r->every = 1;
	r->samples = d->record.samples;
	if (!e)
		return true;
	if (r->samples || dim_is_none(e->sema.dim))
		return elab_count(el, e, "how often something is recorded", 1, &r->every);
	double t;
	if (!elab_real(el, e, true, "how often something is recorded", &t))
		return false;
	double steps = floor(t / el->dt);
	if (!(steps >= 1) || steps > 9007199254740992.0) {
		elab_error(el, E0521, e->span,
			   "%s ms is no time between records: a step takes %s ms",
			   elab_number_text(el, t), elab_number_text(el, el->dt));
		diag_help(el->diag, "record every %s ms or less often", elab_number_text(el, el->dt));
		diag_end(el->diag);
		return false;
	}
	r->every = (uint64_t)steps;
	return true;
}

/* The axes of a variable behind the batch, of which a part may be kept; 0: those are not one by one. */
static uint32_t
axes_of(const Elab *el, const NetVar *v, uint64_t extent[2])
{
	if (v->kind == NVAR_SPIKES || v->kind == NVAR_STATE || v->kind == NVAR_TRACE) {
		extent[0] = el->net->layers.at[v->of].n;
		return 1;
	}
	if (v->kind != NVAR_VALUE)
		return 0;
	const NetConn *c = &el->net->conns.at[v->of];
	const NetFeature *f = &c->features.at[v->index];
	if (c->pattern.kind == NPAT_CONV || c->pattern.kind == NPAT_LOCAL)
		return 0;
	if (c->pattern.kind == NPAT_ALL && !f->of_post) {
		extent[0] = el->net->layers.at[c->pre].n;
		extent[1] = el->net->layers.at[c->post].n;
		return 2;
	}
	extent[0] = net_value_count(el->net, c, f->of_post);
	return 1;
}

/* 3, 0 ..< 10, 0 ..< 100 by 10 */
static bool
part_of_axis(Elab *el, const AstExpr *e, const char *what, uint64_t extent, uint64_t out[3])
{
	uint64_t first, end, step = 1;
	bool range = e->kind == AEXPR_RANGE;
	if (!elab_count(el, range ? e->op[0] : e, "where a part of a record begins", 0, &first) ||
	    (range && !elab_count(el, e->op[1], "where a part of a record ends", 0, &end)) ||
	    (range && e->op[2] && !elab_count(el, e->op[2], "the step of a part", 1, &step)))
		return false;
	end = !range ? first + 1 : e->exclusive ? end : end + 1;
	out[0] = first;
	out[1] = first < end ? (end - 1 - first) / step + 1 : 0;
	out[2] = step;
	if (first < end && end <= extent)
		return true;
	elab_error(el, E0831, e->span, "%s are 0 ..< %" PRIu64, what, extent);
	diag_help(el->diag, "record some of them: `[0 ..< %" PRIu64 "]`", extent < 10 ? extent : 10);
	diag_end(el->diag);
	return false;
}

/* [3], [0 ..< 10], [0 ..< 10, 0 ..< 100 by 5] */
static bool
part(Elab *el, const AstDecl *d, NetRecord *r)
{
	const AstArgVec *p = &d->record.part;
	uint64_t extent[2], axis[2][3];
	if (!p->n)
		return true;
	uint32_t rank = axes_of(el, &r->var, extent);
	bool layer = r->var.kind != NVAR_VALUE;
	if (!rank) {
		elab_not_yet(el, p->at[0].value->span, "a record of a part of what is neither a state of a layer nor a value of pairs of neurons");
		return false;
	}
	if (p->n > rank) {
		elab_error(el, E0831, p->at[rank].value->span, "`%s` has %s, and more are named", d->record.what->name,
			   rank == 1 ? "one axis" : "an axis for sources and one for targets");
		diag_help(el->diag, "write `[0 ..< 10]`%s", rank == 1 ? "; neurons count row by row" : ", or `[0 ..< 10, 0 ..< 10]`");
		diag_end(el->diag);
		return false;
	}
	for (uint32_t k = 0; k < rank; k++) {
		const char *what = layer ? arena_printf(el->arena, "neurons of layer `%s`", el->net->layers.at[r->var.of].name)
				   : rank == 1 ? "values of this feature" : k ? "targets" : "sources";
		memcpy(axis[k], (uint64_t[3]){0, extent[k], 1}, sizeof axis[k]);
		if (k < p->n && !part_of_axis(el, p->at[k].value, what, extent[k], axis[k]))
			return false;
		r->part[k].first = axis[k][0];
		r->part[k].n = axis[k][1];
		r->part[k].step = axis[k][2];
	}
	if (!layer || axis[0][2] > 1) {
		r->nparts = rank;
		return true;
	}
	r->first = axis[0][0];
	r->n = axis[0][1];
	return true;
}

static bool
window(Elab *el, const AstDecl *d, NetRecord *r)
{
	double from, to;
	if (!d->record.from)
		return true;
	if (!elab_real(el, d->record.from, true, "when a record begins", &from) || !elab_real(el, d->record.to, true, "when a record ends", &to))
		return false;
	if (from >= 0 && floor(to / el->dt + 0.5) > floor(from / el->dt + 0.5) && to / el->dt < 9007199254740992.0) {
		r->from = (uint64_t)floor(from / el->dt + 0.5);
		r->to = (uint64_t)floor(to / el->dt + 0.5);
		return true;
	}
	elab_error(el, E0832, span_join(d->record.from->span, d->record.to->span), "no step ends between %s ms and %s ms", elab_number_text(el, from),
		   elab_number_text(el, to));
	diag_help(el->diag, "times count from the beginning of the run: `from 1 s to 2 s`");
	diag_end(el->diag);
	return false;
}

static const AstExpr *
argument(const AstDecl *d, const char *name)
{
	for (uint32_t i = 0; i < d->record.args.n; i++)
		if (strcmp(d->record.args.at[i].name, name) == 0)
			return d->record.args.at[i].value;
	return NULL;
}

static bool
histogram(Elab *el, const AstDecl *d, NetRecord *r)
{
	const AstExpr *bins = argument(d, "bins"), *low = argument(d, "low"), *high = argument(d, "high");
	const NetFeature *f = r->var.kind == NVAR_VALUE ? &el->net->conns.at[r->var.of].features.at[r->var.index] : NULL;
	bool known = f && f->lo && f->hi && f->lo->kind == NEXPR_CONST && f->hi->kind == NEXPR_CONST;
	r->bins = 50;
	r->low = known ? f->lo->value : -INFINITY;
	r->high = known ? f->hi->value : INFINITY;
	if ((bins && !elab_count(el, bins, "the number of bins", 1, &r->bins)) || (low && !elab_real(el, low, true, "the low end", &r->low)) ||
	    (high && !elab_real(el, high, true, "the high end", &r->high)))
		return false;
	if (r->low < r->high && r->high - r->low < INFINITY && r->bins <= 1 << 20)
		return true;
	elab_error(el, E0833, d->record.gather_span, "this histogram has no ends, or they are crossed");
	diag_help(el->diag, "give it `low = …, high = …`; of a feature with a `range` they are its ends; and at most 2^20 bins");
	diag_end(el->diag);
	return false;
}

/* What a record makes of its variable. */
static bool
form(Elab *el, const AstDecl *d, NetRecord *r)
{
	bool flags = r->var.kind == NVAR_SPIKES && !el->net->layers.at[r->var.of].values;
	const char *name = d->record.form ? d->record.form : d->record.gather;
	for (uint32_t f = 0; name && f < NREC_COUNT; f++)
		if (strcmp(net_record_form(f), name) == 0)
			r->form = (NetRecordForm)f;
	if (d->record.form && d->record.gather) {
		elab_not_yet(el, d->record.form_span, "bits of what was worked out");
		return false;
	}
	if (!flags && (r->form == NREC_BITS || r->form == NREC_RATE)) {
		elab_error(el, E0834, d->record.what->span, "only spikes that are yes or no are recorded as %s", r->form == NREC_BITS ? "bits" : "a rate");
		diag_help(el->diag, "name those of a layer: `record %s`", r->form == NREC_BITS ? "exc.spikes as bits" : "rate(exc) every 10 ms");
		diag_end(el->diag);
		return false;
	}
	if (r->nparts && (r->form != NREC_ALL || flags)) {
		elab_not_yet(el, d->record.part.at[0].value->span, flags ? "every so many of the spikes of a layer" : "a part of what is worked out");
		return false;
	}
	if (r->form != NREC_ALL && r->var.kind == NVAR_VOTES) {
		elab_not_yet(el, d->record.what->span, "anything but votes as they are");
		return false;
	}
	return r->form != NREC_HISTOGRAM || histogram(el, d, r);
}

static void
record(Elab *el, const AstDecl *d)
{
	NetRecord r = {.span = d->span, .phase = NET_NONE};
	bool ok = elab_var(el, d->record.what, &r.var);
	ok = interval(el, d, &r) && ok;
	if (d->record.during)
		r.phase = elab_find_phase(el, d->record.during, d->record.during_span);
	if (ok && r.var.kind == NVAR_VOTES && (d->record.every || d->record.from)) {
		elab_not_yet(el, d->record.every ? d->record.every->span : d->record.from->span, "a record of only some of the votes");
		return;
	}
	ok = ok && part(el, d, &r) && window(el, d, &r) && form(el, d, &r);
	if (!ok || (d->record.during && r.phase == NET_NONE))
		return;
	const char *name = member_path(el, d->record.what, '.');
	if (r.form == NREC_RATE)
		name = el->net->layers.at[r.var.of].name;
	if (r.form > NREC_BITS)
		name = arena_printf(el->arena, "%s.%s", name, net_record_form(r.form));
	r.name = elab_unique(el, name, record_taken, el->net);
	VEC_PUSH(el->arena, &el->net->records, r);
}

/* ---- plots ----------------------------------------------------------------------------------- */

static bool
check_plot(Elab *el, const AstDecl *d, const NetPlot *p)
{
	const Net *net = el->net;
	if (strcmp(p->form, "fields") != 0) {
		elab_not_yet(el, d->plot.form_span, "a plot as `%s`", p->form);
		return false;
	}
	if (p->var.kind != NVAR_VALUE) {
		elab_not_yet(el, d->plot.what->span, "a plot of what is no feature");
		return false;
	}
	const NetLayer *pre = &net->layers.at[net->conns.at[p->var.of].pre];
	if (p->height * p->width == pre->n)
		return true;
	elab_error(el, E0409, d->plot.form_span,
		   "fields of %" PRIu64 " x %" PRIu64 " do not fit layer `%s` of %" PRIu64
		   " neurons",
		   p->height, p->width, pre->name, pre->n);
	diag_label(el->diag, pre->span, "declared here");
	diag_help(el->diag, "a field has one dot per neuron: height x width = %" PRIu64, pre->n);
	diag_end(el->diag);
	return false;
}

static void
plot(Elab *el, const AstDecl *d)
{
	NetPlot p = {.span = d->span, .form = d->plot.form};
	const AstArgVec *dims = &d->plot.dims;
	if (!elab_var(el, d->plot.what, &p.var))
		return;
	if (dims->n != 2) {
		elab_error(el, E0409, d->plot.form_span,
			   "a plot as `%s` takes a height and a width", d->plot.form);
		diag_help(el->diag, "write `as %s[28, 28]`", d->plot.form);
		diag_end(el->diag);
		return;
	}
	const uint64_t most = 1 << 20;
	if (!elab_count(el, dims->at[0].value, "the height of a plot", 1, &p.height) ||
	    !elab_count(el, dims->at[1].value, "the width of a plot", 1, &p.width))
		return;
	if (p.height > most || p.width > most) {
		elab_error(el, E0409, d->plot.form_span,
			   "this plot is larger than 2^20 in a direction");
		diag_help(el->diag, "a field has one dot per neuron of the source");
		diag_end(el->diag);
		return;
	}
	if (!check_plot(el, d, &p))
		return;
	p.name = intern(el->names, member_path(el, d->plot.what, '.'));
	VEC_PUSH(el->arena, &el->net->plots, p);
}

void
elab_records(Elab *el)
{
	for (uint32_t i = 0; i < el->ast->decls.n; i++) {
		const AstDecl *d = el->ast->decls.at[i];
		diag_turn(el->diag, d->turn);
		if (d->kind == ADECL_RECORD)
			record(el, d);
		else if (d->kind == ADECL_PLOT)
			plot(el, d);
	}
	diag_turn(el->diag, NULL);
}

/* ---- draws from files ------------------------------------------------------------------------ */

static void
draws(Elab *el, const AstDecl *d)
{
	Net *net = el->net;
	const char *path = elab_read_path(el, d->draws.path),
		   *name = member_path(el, d->draws.site, '/');
	VEC(const char *) names = {0};
	if (!path)
		return;
	for (uint32_t i = 0; i < net->sites.n; i++) {
		NetSite *s = &net->sites.at[i];
		if (strcmp(s->name, name) == 0) {
			s->file = path;
			return;
		}
		VEC_PUSH(el->arena, &names, s->name);
	}
	const char *near = suggest(name, names.at, names.n);
	elab_error(el, E0221, d->draws.site->span, "no random number is drawn at `%s`",
		   member_path(el, d->draws.site, '.'));
	if (near)
		diag_help(el->diag, "did you mean `%s`?", near);
	else if (!names.n)
		diag_help(el->diag, "this program draws no random numbers");
	for (uint32_t i = 0; !near && i < names.n && i < 6; i++)
		diag_note(el->diag, "one is drawn at `%s`", names.at[i]);
	diag_end(el->diag);
}

void
elab_draws(Elab *el)
{
	for (uint32_t i = 0; i < el->ast->decls.n; i++) {
		if (el->ast->decls.at[i]->kind == ADECL_DRAWS)
			draws(el, el->ast->decls.at[i]);
	}
}
