/* lower_record: D of a step, and what else the host is told to keep: records, plots. */
#include "base/panic.h"
#include "lower/lower_inner.h"

uint32_t
low_var_buf(Lower *l, NetVar v)
{
	switch (v.kind) {
	case NVAR_SPIKES: return l->layers[v.of].spikes;
	case NVAR_STATE: return l->layers[v.of].states[v.index];
	case NVAR_TRACE: return l->layers[v.of].traces[v.index];
	case NVAR_RATE: return l->conns[v.of].rate;
	case NVAR_RULE_STATE: return l->conns[v.of].features[v.index].states[v.state];
	case NVAR_VALUE: return l->conns[v.of].features[v.index].buf;
	case NVAR_VOTES: return l->layers[v.of].votes;
	case NVAR_LABELS: return l->layers[v.of].assignment;
	case NVAR_RATES: return l->layers[v.of].rates;
	case NVAR_PROPORTIONS: return l->layers[v.of].proportions;
	case NVAR_KEPT: return l->conns[v.of].features[v.index].kept[v.state];
	case NVAR_COUNT: return l->layers[v.of].seen_count;
	case NVAR_SIGNAL: return l->signals[v.of].buf;
	case NVAR_SIGNAL_STATE: return l->signals[v.of].states[v.index];
	case NVAR_UNSET: break;
	}
	UNREACHABLE();
}

void
low_records(Lower *l)
{
	const Net *n = l->net;
	l->record_objects = ARENA_ARRAY(l->a, uint32_t, n->records.n);
	l->record_on = ARENA_ARRAY(l->a, uint32_t, n->records.n);
	for (uint32_t k = 0; k < n->records.n; k++) {
		const NetRecord *r = &n->records.at[k];
		uint32_t buf = low_var_buf(l, r->var);
		bool events = r->var.kind == NVAR_SPIKES && !n->layers.at[r->var.of].values;
		uint32_t o = l->record_objects[k] = plan_add_object(l->p, POBJ_RECORD, r->name);
		PlanObject *po = &l->p->objects.at[o];
		po->texts = ARENA_ARRAY(l->a, const char *, 1);
		po->texts[0] = events ? "events" : "dense";
		po->bufs = ARENA_ARRAY(l->a, uint32_t, 1);
		po->bufs[0] = buf;
		po->nums = ARENA_ARRAY(l->a, int64_t, 1);
		po->nums[0] = (int64_t)r->every;
		po->ntexts = po->nbufs = po->nnums = 1;
		po->span = r->span;
		l->record_on[k] = NO_BUF;
		if (r->phase != NET_NONE)
			l->record_on[k] = low_add_buf(l, PT_BOOL, ROLE_STATE, 0, NULL, "%s.recording", r->name);
	}
}
