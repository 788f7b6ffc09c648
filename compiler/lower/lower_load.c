/* lower_load: what `load` takes from a file: a variable, or the state of the whole network.
 *
 * `load input.weight from "w.npy"` fills the variable anew. `load "net.snnw"` takes every state of the network by its name; the votes'
 * labels and rates only if the file has them. Random numbers, time, learning and where the experiment stands are the program's own, and so
 * is what follows from parameters (lower_propagate): it is worked out from those that were loaded. Values come back to their range in the next step
 * that learns.
 */
#include "lower/lower_inner.h"

#include <string.h>

/* What the experiment alone speaks of. */
static bool
is_own(const Lower *l, uint32_t buf)
{
	if (buf == l->seed || buf == l->step || buf == l->learning || buf == l->resuming || buf == l->place || buf == l->began)
		return true;
	for (uint32_t k = 0; k < l->net->signals.n; k++) {
		const NetSignal *g = &l->net->signals.at[k];
		if (l->signals[k].buf == buf && (g->tunable || (!g->value && !g->file)))
			return true;
		if (l->signals[k].held == buf || l->signals[k].event == buf)
			return true;
	}
	for (uint32_t i = 0; i < l->net->layers.n; i++)
		if (l->layers[i].seen_count == buf)
			return true;
	return false;
}

/* What a file says may be outside of the range that it has here: what the file thinks of its own is not asked. */
static bool
tells_unclipped(const Lower *l, uint32_t buf)
{
	for (uint32_t c = 0; c < l->net->conns.n; c++)
		for (uint32_t f = 0; f < l->net->conns.at[c].features.n; f++)
			if (l->conns[c].features[f].unclipped == buf)
				return true;
	return false;
}

static void
may_be_out(Lower *l, PlanEmit *b, uint32_t conn, uint32_t feature)
{
	uint32_t unclipped = l->conns[conn].features[feature].unclipped;
	if (unclipped != NO_BUF)
		low_store(b, unclipped, plan_int(l->p, PT_BOOL, 1), 0);
}

/* What votes count and leave. */
static bool
is_of_votes(const Lower *l, uint32_t buf)
{
	for (uint32_t i = 0; i < l->net->layers.n; i++) {
		const LowLayer *low = &l->layers[i];
		if (buf == low->rates || buf == low->proportions || buf == low->assignment)
			return true;
	}
	return false;
}

static bool
is_of_network(const Lower *l, uint32_t buf)
{
	const PlanBuf *b = &l->p->bufs.at[buf];
	bool lies = buf < l->parts[0] || (buf >= l->parts[1] && buf < l->parts[2]);
	bool listed = false;                              /* of spikes: derived, and read by the next step */
	for (uint32_t i = 0; i < l->net->layers.n; i++) {
		const LowLayer *low = &l->layers[i];
		if (low_is_propagator(l, i, buf))
			return false;
		listed |= buf == low->list || buf == low->count || buf == low->any_list || buf == low->any_count;
		for (uint32_t k = 0; k < l->net->layers.at[i].ports.n; k++)
			listed |= buf == low->ports[k].window || buf == low->ports[k].past_drive;
	}
	return lies && (b->role == ROLE_STATE || listed) && !is_own(l, buf) && !tells_unclipped(l, buf);
}

static void
everything(Lower *l, PlanEmit *b, const NetProto *s)
{
	uint32_t id = plan_add_object(l->p, POBJ_LOAD, s->path);
	PlanObject *o = &l->p->objects.at[id];
	o->span = s->span;
	o->texts = ARENA_ARRAY(l->a, const char *, 1);
	o->texts[o->ntexts++] = s->path;
	o->bufs = ARENA_ARRAY(l->a, uint32_t, l->p->bufs.n + 1);
	for (uint32_t k = 0; k < l->p->bufs.n; k++)
		if (is_of_network(l, k))
			o->bufs[o->nbufs++] = k;
	o->nums = ARENA_ARRAY(l->a, int64_t, 1);
	o->nums[o->nnums++] = o->nbufs;
	for (uint32_t k = 0; k < l->p->bufs.n; k++)
		if (is_of_votes(l, k))
			o->bufs[o->nbufs++] = k;
	for (uint32_t k = 0; k < o->nbufs; k++) {
		PlanArg args[3] = {low_number(l, id), low_number(l, k), low_address(l, o->bufs[k], NULL)};
		low_host(l, b, "take", 3, args);
	}
	for (uint32_t i = 0; i < l->net->layers.n; i++)
		low_run_if(b, l->layers[i].propagate);
	for (uint32_t c = 0; c < l->net->conns.n; c++) {
		low_run_if(b, l->conns[c].find_columns);
		for (uint32_t f = 0; f < l->net->conns.at[c].features.n; f++)
			may_be_out(l, b, c, f);
	}
}

/* A checkpoint has the variable under its own name. */
static const char *
member_path(Lower *l, const char *path, uint32_t buf)
{
	size_t n = strlen(path);
	return n > 5 && strcmp(path + n - 5, ".snnw") == 0 ? arena_printf(l->a, "%s:%s", path, l->p->bufs.at[buf].name) : path;
}

void
low_load_state(Lower *l, PlanEmit *b, const NetProto *s)
{
	if (s->var.kind == NVAR_UNSET) {
		everything(l, b, s);
		return;
	}
	uint32_t buf = low_var_buf(l, s->var), id = plan_add_object(l->p, POBJ_FILL, l->p->bufs.at[buf].name);
	PlanObject *o = &l->p->objects.at[id];
	o->span = s->span;
	o->texts = ARENA_ARRAY(l->a, const char *, 1);
	o->texts[o->ntexts++] = member_path(l, s->path, buf);
	o->bufs = ARENA_ARRAY(l->a, uint32_t, 1);
	o->bufs[o->nbufs++] = buf;
	PlanArg args[2] = {low_number(l, id), low_address(l, buf, NULL)};
	low_host(l, b, "fill", 2, args);
	if (s->var.kind == NVAR_STATE && low_is_followed(&l->net->layers.at[s->var.of], s->var.index))
		low_run_if(b, l->layers[s->var.of].propagate);
	if (s->var.kind == NVAR_VALUE)
		may_be_out(l, b, s->var.of, s->var.index);
}
