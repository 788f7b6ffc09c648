/* drift_match: whether synapses that move in each step may wait.
 *
 * In the kernels that learn, in their order, one behind the other:
 *     x[i, j] = decay * x[i, j] + height * trace[i] * (post neuron j spiked) + anything * (pre neuron i spiked)
 *     w[i, j] = clip(w[i, j] + strength * x[i, j])
 * or the brackets stand for loops over the neurons that spiked; or what spikes bring is a state of its own, which x, or w itself,
 * gets one step later. trace decays by one factor but for its neuron's own spikes, strength is the same for all.
 */
#include "opt/drift_find.h"
#include "opt/sign.h"

static bool
reads_what(const PlanExpr *e, PlanBlock stored)
{
	if (e->kind == PEXPR_LOAD && block_stores(stored, e->id))
		return true;
	for (uint32_t k = 0; k < e->nops; k++)
		if (reads_what(e->op[k], stored))
			return true;
	return false;
}

static bool
unit_reads(const Unit *u, PlanBlock stored)
{
	for (uint32_t a = 0; a < u->assigns.n; a++)
		if (reads_what(u->assigns.at[a].e, stored))
			return true;
	return false;
}

/* All pairs are looked at where the last of their loops stands, but for clips. */
static const char *
match_order(Drift *d)
{
	for (uint32_t k = 0; k < d->units.n; k++) {
		const Unit *u = &d->units.at[k];
		bool clip = u->kind == UNIT_PAIRS && u->assigns.n == 1 && u->assigns.at[0].buf == d->z.w &&
			    is_load_of(without_clip(d, u->assigns.at[0].e), d->z.w);
		if (u->kind != UNIT_KEPT && !clip)
			d->at = k;
	}
	for (uint32_t k = 0; k < d->units.n; k++) {
		PlanBlock kept = {&d->units.at[k].loop, 1};
		if (d->units.at[k].kind != UNIT_KEPT)
			continue;
		if (block_stores(kept, d->z.w) || block_stores(kept, d->x) || reads_what(d->strength, kept) ||
		    block_reads(kept, d->z.w) || block_reads(kept, d->x) || (d->brings && k > d->at && reads_what(d->brings, kept)))
			return "something else is done with the states of the synapses";
		if (d->offer != NO_ID && (block_stores(kept, d->offer) || block_reads(kept, d->offer)))
			return "something else is done with the states of the synapses";
		for (uint32_t b = 0; b < k && k < d->at; b++)
			if (d->units.at[b].kind != UNIT_KEPT && unit_reads(&d->units.at[b], kept))
				return "what the synapses read changes between their loops";
	}
	return NULL;
}

/* Nobody but the kernels that learn looks at a state in a step. */
static bool
is_private(const Drift *d, uint32_t buf)
{
	const Plan *p = d->z.p;
	RunOrder all = {0};
	list_runs(p, p->codes.at[d->z.step]->body, &all);
	for (uint32_t k = 0; k < all.n; k++)
		if (!d->learns[all.at[k]] && (block_reads(p->codes.at[all.at[k]]->body, buf) || block_stores(p->codes.at[all.at[k]]->body, buf)))
			return false;
	Lazy other = d->z;
	other.w = buf;
	other.alone = true;
	return lazy_place(&other);
}

/* Spikes are those of the lists: nobody changes them behind those. */
static bool
lists_are_final(const Drift *d)
{
	const Plan *p = d->z.p;
	RunOrder all = {0};
	uint32_t lists = 0;
	list_runs(p, p->codes.at[d->z.step]->body, &all);
	for (uint32_t k = 0; k < all.n; k++) {
		PlanBlock b = p->codes.at[all.at[k]]->body;
		if (block_stores(b, d->z.pre_count))
			lists++;
		else if (lists && (block_stores(b, d->z.pre_flags)))
			return false;
		if (d->learns[all.at[k]])
			return lists == 1;
	}
	return false;
}

/* The list of the spikes of a layer, from whoever delivers along it. */
static bool
find_list(Drift *d, PlanBlock b)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *s = b.at[i];
		uint32_t list = s->kind == PSTMT_FOR ? list_of(d->z.p, s) : NO_ID;
		if (list != NO_ID && block_reads(s->body, d->z.w) && s->body.at[1]->kind == PSTMT_FOR && s->body.at[1]->simd) {
			d->z.pre_list = list;
			d->z.pre_count = count_of(s->hi);
			return true;
		}
		if (find_list(d, s->body) || find_list(d, s->other))
			return true;
	}
	return false;
}

/* The flags of post neurons are read in the kernels that learn, by j, or their list is walked. */
static void
find_post_flags(const Drift *d, const PlanExpr *e, uint32_t j, uint32_t *flags)
{
	if (is_own(d->z.p, e, j) && e->type == PT_BOOL)
		*flags = e->id;
	for (uint32_t k = 0; k < e->nops; k++)
		find_post_flags(d, e->op[k], j, flags);
}

/* The count of a loop over columns, before its kind is known. */
static uint32_t
count_of_columns(const Drift *d)
{
	const Plan *p = d->z.p;
	for (uint32_t k = 0; k < d->kernels.n; k++) {
		PlanBlock b = p->codes.at[d->kernels.at[k]]->body.at[0]->body;
		for (uint32_t i = 0; i < b.n; i++)
			if (list_of(p, b.at[i]) != NO_ID && b.at[i]->body.at[1]->kind == PSTMT_IF)
				return count_of(b.at[i]->hi);
	}
	return NO_ID;
}

static bool
find_spikes(Drift *d)
{
	const Plan *p = d->z.p;
	d->z.pre_list = NO_ID;
	for (uint32_t c = 0; c < p->codes.n && d->z.pre_list == NO_ID; c++)
		if (p->codes.at[c]->kind == CODE_KERNEL && !d->learns[c])
			find_list(d, p->codes.at[c]->body);
	if (d->z.pre_list == NO_ID)
		return false;
	d->z.post_count = count_of_columns(d);
	return true;
}

static bool
find_flags(Drift *d)
{
	uint32_t post = NO_ID;
	bool walked = d->z.post_count != NO_ID;
	for (uint32_t k = 0; k < d->units.n; k++)
		for (uint32_t a = 0; a < d->units.at[k].assigns.n; a++)
			find_post_flags(d, d->units.at[k].assigns.at[a].e, d->units.at[k].j, &post);
	if (!walked)
		d->z.post_count = d->z.pre_count;         /* any that there is */
	bool found = lazy_flags(&d->z);
	if (post != NO_ID && walked && post != d->z.post_flags)
		return false;
	if (post != NO_ID)
		d->z.post_flags = post;
	return found && (walked || post != NO_ID);
}

/* A trace that the kernels that learn keep themselves. */
static bool
find_own_trace(Drift *d)
{
	const Plan *p = d->z.p;
	RunOrder all = {0};
	list_runs(p, p->codes.at[d->z.step]->body, &all);
	for (uint32_t k = 0; k < all.n; k++)
		if (!d->learns[all.at[k]] && block_stores(p->codes.at[all.at[k]]->body, d->z.trace))
			return false;
	return trace_factor(d, &d->z.decay, &d->trace_now);
}

const char *
drift_match(Drift *d)
{
	const Plan *p = d->z.p;
	if (!find_kernels(d) || !find_spikes(d) || !read_units(d))
		return "";
	const char *why = find_flags(d) ? find_move(d) : "";
	if (!why)
		why = match_states(d);
	if (!why)
		why = match_order(d);
	if (why)
		return why;
	if (!lazy_place(&d->z) || !are_together(d, p->codes.at[d->z.step]->body) || !lists_are_final(d))
		return "something else looks at the weights in each step, or more often than every 8 steps";
	if (!is_private(d, d->x) || (d->offer != NO_ID && !is_private(d, d->offer)))
		return "something else looks at the state in each step";
	d->height *= d->offer == NO_ID ? 1 : d->takes_share;
	bool own = p->bufs.at[d->z.trace].naxes == 1;
	if (own ? !find_own_trace(d) : !lazy_trace(&d->z) || d->z.carry != d->z.trace || !buffer_is_never_negative(d->z.p, d->z.trace))
		return "the trace of the pre neuron does not decay by one factor";
	if (!own)
		d->trace_now = d->z.decay;
	return NULL;
}
