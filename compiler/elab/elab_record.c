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
	return true;
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

static void
record(Elab *el, const AstDecl *d)
{
	NetRecord r = {.span = d->span, .phase = NET_NONE};
	bool ok = elab_var(el, d->record.what, &r.var);
	ok = interval(el, d, &r) && ok;
	if (d->record.during)
		r.phase = elab_find_phase(el, d->record.during, d->record.during_span);
	if (ok && r.var.kind == NVAR_VOTES && d->record.every) {
		elab_not_yet(el, d->record.every->span, "a record of only some of the votes");
		return;
	}
	if (!ok || (d->record.during && r.phase == NET_NONE))
		return;
	r.name = elab_unique(el, member_path(el, d->record.what, '.'), record_taken, el->net);
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
