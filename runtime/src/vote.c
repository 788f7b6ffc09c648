/* vote.c: from spike counts to labels: assigning a label to each neuron, predicting by the assigned neurons,
 * and keeping score.
 *
 * Every `every` samples labels are assigned anew from the samples since the last time: for each label present
 * rates[:, l] += mean count over its samples; proportions = rates / row sum; assignment = largest proportion,
 * lowest label on ties; rates that go on
 * may be multiplied with a factor first. Counts are summed as whole numbers, so that their order does not matter; the rest is
 * float, in index order: equal on every machine.
 *
 * Scores begin with the first assignment: before it there is nothing to predict by. A phase that ends before
 * that first assignment was due makes it from what it has. */
#include "rt.h"

#include <stdlib.h>
#include <string.h>

enum { ALL_ACTIVITY, PROPORTION, NGRAM, NREADOUTS };
static const char *const readout_names[NREADOUTS] = {[ALL_ACTIVITY] = "all_activity",
                                                     [PROPORTION] = "proportion", [NGRAM] = "ngram"};

static const snnrt_buffer *
buffer_of(const snnrt *rt, const snnrt_object *o, int i)
{
	return &rt->p->buffers[o->bufs[i]];
}

static void *
address_of(const snnrt *rt, const snnrt_buffer *b)
{
	return rt->arena + b->offset;
}

uint64_t
rt_vote_memory(const snnrt_program *p, const snnrt_object *o)
{
	const snnrt_buffer *counts = &p->buffers[o->bufs[0]];
	uint64_t neurons = counts->axis[counts->naxes - 1].extent;
	return neurons * 8 + (o->nums[1] ? neurons * 8 * (uint64_t)o->nums[0] : 0);
}

static bool
find_readouts(snnrt *rt, const snnrt_object *o, RtVote *v)
{
	for (uint32_t i = 0; i < o->ntexts; i++) {
		uint32_t r = 0;
		size_t length = strcspn(o->texts[i], "(");
		while (r < NREADOUTS && (strncmp(o->texts[i], readout_names[r], length) != 0 || readout_names[r][length]))
			r++;
		if (r == NREADOUTS)
			return rt_fail(rt, "vote `%s`: there is no readout `%s`", o->name, o->texts[i]) == 0;
		if (r == NGRAM) {
			unsigned long n = strtoul(o->texts[i] + length + (o->texts[i][length] == '('), NULL, 10);
			if (n < 1 || n > RT_MAX_NGRAM || v->raster == UINT32_MAX)
				return rt_fail(rt, "vote `%s`: `%s` cannot be taken", o->name, o->texts[i]) == 0;
			v->ngram[v->nreadouts] = (uint32_t)n;
		}
		v->readout[v->nreadouts++] = r;
	}
	return true;
}

RtVote *
rt_vote_open(snnrt *rt, const snnrt_object *o)
{
	const snnrt_buffer *counts = buffer_of(rt, o, 0), *labels = buffer_of(rt, o, 1);
	RtVote *v = calloc(1, sizeof *v);
	if (!v) {
		rt_fail(rt, "no memory");
		return NULL;
	}
	v->neurons = counts->axis[counts->naxes - 1].extent;
	v->batch = v->neurons ? counts->bytes / rt_type_size(counts->type) / v->neurons : 0;
	v->classes = (uint64_t)o->nums[0];
	v->every = (uint64_t)o->nums[1];
	v->last_phase = UINT32_MAX;
	v->keep = 1;
	if (o->nnums > 2)
		memcpy(&v->keep, &o->nums[2], sizeof v->keep);
	v->raster = o->nnums > 3 && o->nums[3] >= 0 ? (uint32_t)o->nums[3] : UINT32_MAX;
	if (find_readouts(rt, o, v) && labels->bytes / rt_type_size(labels->type) != v->batch)
		rt_fail(rt, "vote `%s`: `%s` has another batch than `%s`", o->name, labels->name, counts->name);
	v->phase = calloc(rt->p->nobjects, sizeof *v->phase);
	v->label_samples = calloc(v->classes, sizeof *v->label_samples);
	v->assigned = calloc(v->classes, sizeof *v->assigned);
	v->value = calloc(v->classes, sizeof *v->value);
	v->score = calloc(v->classes, sizeof *v->score);
	v->counts = calloc(v->neurons + 1, sizeof *v->counts);
	if (v->every)
		v->sum = calloc(v->neurons * v->classes + 1, sizeof *v->sum);
	if (!v->phase || !v->label_samples || !v->assigned || !v->value || !v->score || !v->counts || (v->every && !v->sum))
		rt_fail(rt, "no memory");
	if (rt->status != SNNRT_OK) {
		rt_vote_close(v);
		return NULL;
	}
	return v;
}

void
rt_vote_close(RtVote *v)
{
	free(v->phase);
	free(v->sum);
	free(v->label_samples);
	free(v->assigned);
	free(v->value);
	free(v->score);
	free(v->counts);
	free(v->point);
	free(v);
}

void
rt_vote_state(const snnrt *rt, RtState *s, RtVote *v)
{
	uint64_t n = v->npoints;
	rt_state(s, v->phase, rt->p->nobjects * sizeof *v->phase);
	rt_state(s, &v->interval, sizeof v->interval);
	rt_state(s, &v->interval_seen, sizeof v->interval_seen);
	if (v->every)
		rt_state(s, v->sum, v->neurons * v->classes * sizeof *v->sum);
	rt_state(s, v->label_samples, v->classes * sizeof *v->label_samples);
	rt_state(s, &v->last_phase, sizeof v->last_phase);
	rt_state(s, &v->total, sizeof v->total);
	rt_state_flags(s, &v->curve_shown, 1);
	if (!rt_state_room(s, &n, sizeof *v->point))
		return;
	if (!s->out && n) {
		v->point = calloc(n, sizeof *v->point);
		v->npoints = v->points_cap = v->point ? n : 0;
		s->bad |= !v->point;
	}
	rt_state(s, v->point, v->npoints * sizeof *v->point);
}

/* ---- assigning ------------------------------------------------------------------------------------ */

/* Proportions and assignment of one neuron from its rates. */
static void
label_neuron(const snnrt *rt, const snnrt_object *o, const RtVote *v, uint64_t j)
{
	const snnrt_buffer *rb = buffer_of(rt, o, 2), *pb = buffer_of(rt, o, 3), *ab = buffer_of(rt, o, 4);
	const void *rates = address_of(rt, rb);
	void *proportions = address_of(rt, pb);
	float row = 0, best = -1;
	int64_t label = 0;
	for (uint64_t l = 0; l < v->classes; l++)
		row += (float)rt_load_float(rb->type, rates, j * v->classes + l);
	for (uint64_t l = 0; l < v->classes; l++) {
		float rate = (float)rt_load_float(rb->type, rates, j * v->classes + l);
		float share = row != 0 ? rate / row : 0;
		rt_store_float(pb->type, proportions, j * v->classes + l, share);
		if (share > best) {
			best = share;
			label = (int64_t)l;
		}
	}
	rt_store_int(ab->type, address_of(rt, ab), j, label);
}

/* Rates of one neuron from this interval's sums, and what follows from them. */
static void
assign_neuron(const snnrt *rt, const snnrt_object *o, const RtVote *v, uint64_t j)
{
	const snnrt_buffer *rb = buffer_of(rt, o, 2);
	void *rates = address_of(rt, rb);
	for (uint64_t l = 0; l < v->classes; l++) {
		float rate = (float)rt_load_float(rb->type, rates, j * v->classes + l);
		if (v->label_samples[l]) {
			rate = (float)v->keep * rate + (float)v->sum[l * v->neurons + j] / (float)v->label_samples[l];
			rt_store_float(rb->type, rates, j * v->classes + l, rate);
		}
	}
	label_neuron(rt, o, v, j);
}

static void
add_point(snnrt *rt, const snnrt_object *o, RtVote *v)
{
	if (v->npoints == v->points_cap) {
		size_t cap = v->points_cap * 2 + 64;
		void *grown = realloc(v->point, cap * sizeof *v->point);
		if (!grown) {
			rt_fail(rt, "vote `%s`: no memory for the learning curve", o->name);
			return;
		}
		v->point = grown;
		v->points_cap = cap;
	}
	memset(&v->point[v->npoints], 0, sizeof *v->point);
	v->point[v->npoints].samples = v->total;
	for (uint32_t r = 0; r < v->nreadouts; r++)
		v->point[v->npoints].accuracy[r] = (float)v->interval.correct[r] / (float)v->interval.samples;
	v->npoints++;
}

static void
assign_labels(snnrt *rt, const snnrt_object *o, RtVote *v)
{
	for (uint64_t j = 0; j < v->neurons; j++)
		assign_neuron(rt, o, v, j);
	if (v->interval.samples)
		add_point(rt, o, v);
	if (v->raster != UINT32_MAX)
		rt_ngram_publish(rt->object[v->raster]);
	rt->assigned[o->bufs[4]] = true;
	memset(v->sum, 0, v->neurons * v->classes * sizeof *v->sum);
	memset(v->label_samples, 0, v->classes * sizeof *v->label_samples);
	v->interval = (RtTally){0};
	v->interval_seen = 0;
}

/* ---- predicting ----------------------------------------------------------------------------------- */

/* Per label the mean over its neurons of the count, by `proportion` weighted with the neuron's share of that
 * label; the largest, lowest label on ties. */
static uint64_t
predict(const snnrt *rt, const snnrt_object *o, RtVote *v, uint32_t r, uint64_t item)
{
	uint32_t readout = v->readout[r];
	if (readout == NGRAM)
		return rt_ngram_predict(rt->object[v->raster], v->ngram[r], v->classes, item, v->score);
	const snnrt_buffer *pb = buffer_of(rt, o, 3), *ab = buffer_of(rt, o, 4);
	const void *proportions = address_of(rt, pb), *assignment = address_of(rt, ab);
	memset(v->value, 0, v->classes * sizeof *v->value);
	memset(v->assigned, 0, v->classes * sizeof *v->assigned);
	for (uint64_t j = 0; j < v->neurons; j++) {
		int64_t l = rt_load_int(ab->type, assignment, j);
		if (l < 0 || (uint64_t)l >= v->classes)
			continue;
		v->assigned[l]++;
		float count = (float)v->counts[j];
		if (readout == PROPORTION)
			count *= (float)rt_load_float(pb->type, proportions, j * v->classes + (uint64_t)l);
		v->value[l] += count;
	}
	uint64_t best = 0;
	for (uint64_t l = 0; l < v->classes; l++) {
		if (v->assigned[l])
			v->value[l] /= (float)v->assigned[l];
		if (v->value[l] > v->value[best])
			best = l;
	}
	return best;
}

/* What is said of an item, for those who record it. */
static void
tell(const snnrt *rt, const snnrt_object *o, uint64_t item, uint64_t at, int64_t v)
{
	const snnrt_buffer *b = o->nbufs > 5 ? buffer_of(rt, o, 5) : NULL;
	if (b)
		rt_store_int(b->type, address_of(rt, b), item * b->axis[b->naxes - 1].extent + at, v);
}

static void
vote_sample(snnrt *rt, const snnrt_object *o, RtVote *v, uint32_t phase, uint64_t item, int64_t label)
{
	const snnrt_buffer *cb = buffer_of(rt, o, 0);
	const void *counts = address_of(rt, cb);
	for (uint64_t j = 0; j < v->neurons; j++)
		v->counts[j] = rt_load_int(cb->type, counts, item * v->neurons + j);
	if (rt->assigned[o->bufs[4]]) {
		RtTally *t = &v->phase[phase];
		t->samples++;
		v->interval.samples++;
		for (uint32_t r = 0; r < v->nreadouts; r++) {
			uint64_t said = predict(rt, o, v, r, item);
			bool right = said == (uint64_t)label;
			tell(rt, o, item, 1 + r, (int64_t)said);
			t->correct[r] += right;
			v->interval.correct[r] += right;
		}
	}
	if (!v->every)
		return;
	for (uint32_t r = 0; r < v->nreadouts; r++)
		if (v->readout[r] == NGRAM && !rt_ngram_learn(rt, o, rt->object[v->raster], v->ngram[r], v->classes, item,
		                                              (uint64_t)label))
			return;
	int64_t *sum = v->sum + (uint64_t)label * v->neurons;
	for (uint64_t j = 0; j < v->neurons; j++)
		sum[j] += v->counts[j];
	v->label_samples[label]++;
	v->total++;
	if (++v->interval_seen == v->every)
		assign_labels(rt, o, v);
}

/* A program that goes on from a checkpoint, or was given rates, finds some that are not zero. */
static bool
has_rates(const snnrt *rt, const snnrt_object *o)
{
	const snnrt_buffer *b = buffer_of(rt, o, 2);
	const unsigned char *at = address_of(rt, b);
	for (uint64_t i = 0; i < b->bytes; i++)
		if (at[i])
			return true;
	return false;
}

int64_t
snnrt_vote(void *host, int64_t object, int64_t phase, int64_t sample)
{
	snnrt *rt = host;
	const snnrt_object *o = rt_object(rt, object, SNNRT_OBJ_VOTE);
	const snnrt_object *ph = rt_object(rt, phase, SNNRT_OBJ_PHASE);
	if (!o || !ph)
		return SNNRT_FAILED;
	RtVote *v = rt->object[object];
	if (v->last_phase == UINT32_MAX && !rt->assigned[o->bufs[4]] && has_rates(rt, o)) {
		for (uint64_t j = 0; j < v->neurons; j++)
			label_neuron(rt, o, v, j);
		rt->assigned[o->bufs[4]] = true;
	}
	v->last_phase = (uint32_t)phase;
	const snnrt_buffer *told = o->nbufs > 5 ? buffer_of(rt, o, 5) : NULL;
	for (uint64_t k = 0; told && k < told->bytes / rt_type_size(told->type); k++)
		rt_store_int(told->type, address_of(rt, told), k, -1);

	/* The last batch of a phase may be partly empty. */
	RtTally *t = &v->phase[phase];
	uint64_t n = v->batch, all = ph->nums[0] > 0 ? (uint64_t)ph->nums[0] : 0;
	if (all && t->seen < all && all - t->seen < n)
		n = all - t->seen;
	t->seen += n;
	const snnrt_buffer *lb = buffer_of(rt, o, 1);
	for (uint64_t b = 0; b < n; b++) {
		int64_t label = rt_load_int(lb->type, address_of(rt, lb), b);
		if (label < 0 || (uint64_t)label >= v->classes)
			return rt_fail(rt, "vote `%s`: sample %lld has label %lld, there are %llu labels", o->name,
			               (long long)sample + (long long)b, (long long)label,
			               (unsigned long long)v->classes);
		tell(rt, o, b, 0, label);
		vote_sample(rt, o, v, (uint32_t)phase, b, label);
	}
	if (v->raster != UINT32_MAX)
		rt_raster_clear(rt->object[v->raster]);
	return rt->status == SNNRT_FAILED ? SNNRT_FAILED : 0;
}

void
rt_vote_phase_begins(snnrt *rt, uint32_t phase)
{
	for (uint32_t i = 0; i < rt->p->nobjects; i++)
		if (rt->p->objects[i].kind == SNNRT_OBJ_VOTE)
			((RtVote *)rt->object[i])->phase[phase].seen = 0;
}

void
rt_vote_phase_ends(snnrt *rt, uint32_t phase)
{
	for (uint32_t i = 0; i < rt->p->nobjects; i++) {
		const snnrt_object *o = &rt->p->objects[i];
		if (o->kind != SNNRT_OBJ_VOTE)
			continue;
		RtVote *v = rt->object[i];
		if (v->last_phase == phase && v->interval_seen && !rt->assigned[o->bufs[4]])
			assign_labels(rt, o, v);
	}
}

/* ---- telling -------------------------------------------------------------------------------------- */

static bool
print_report(snnrt *rt, const snnrt_object *o, const snnrt_object *phase, const snnrt_object *vote, const RtVote *v,
             const RtTally *t)
{
	rt_progress_clear(rt);
	rt_curve_print(rt);
	printf("%s of %s: ", o->texts[0], phase->name);
	for (uint32_t r = 0; r < v->nreadouts; r++) {
		if (t->samples)
			printf("%s%.1f %% %s", r ? ", " : "", 100 * (double)t->correct[r] / (double)t->samples, vote->texts[r]);
		else
			printf("%s- %s", r ? ", " : "", vote->texts[r]);
	}
	printf(" (%llu samples)\n", (unsigned long long)t->samples);
	return fflush(stdout) == 0;
}

int64_t
snnrt_report(void *host, int64_t object)
{
	snnrt *rt = host;
	const snnrt_object *o = rt_object(rt, object, SNNRT_OBJ_REPORT);
	if (!o)
		return SNNRT_FAILED;
	const snnrt_object *phase = &rt->p->objects[o->nums[0]], *vote = &rt->p->objects[o->nums[1]];
	const RtVote *v = rt->object[o->nums[1]];
	const RtTally *t = &v->phase[o->nums[0]];
	if (!rt->o.silent && !print_report(rt, o, phase, vote, v, t))
		return rt_fail(rt, "cannot write to the standard output");
	RtText *j = &rt->reports;
	rt_text_printf(j, "%s\n\t\t{\"what\": ", j->n ? "," : "");
	rt_text_json(j, o->texts[0]);
	rt_text_printf(j, ", \"phase\": ");
	rt_text_json(j, phase->name);
	rt_text_printf(j, ", \"samples\": %llu", (unsigned long long)t->samples);
	for (uint32_t r = 0; r < v->nreadouts; r++) {
		rt_text_printf(j, ", ");
		rt_text_json(j, vote->texts[r]);
		rt_text_printf(j, ": ");
		rt_text_number(j, (double)t->correct[r] / (double)t->samples);   /* none: null */
	}
	rt_text_printf(j, "}");
	return 0;
}

int64_t
snnrt_tell(void *host, int64_t object, void *source)
{
	snnrt *rt = host;
	const snnrt_object *o = rt_object(rt, object, SNNRT_OBJ_VALUE);
	if (!o)
		return SNNRT_FAILED;
	const snnrt_buffer *b = &rt->p->buffers[o->bufs[0]];
	if (!rt_in_arena(rt, source, b->bytes))
		return SNNRT_FAILED;
	double x = b->type == SNNRT_F64 ? *(double *)source : (double)*(float *)source;
	rt_progress_clear(rt);
	if (!rt->o.silent)
		printf("%s: %.6g\n", o->name, x);
	if (fflush(stdout))
		return rt_fail(rt, "cannot write to the standard output");
	RtText *j = &rt->reports;
	rt_text_printf(j, "%s\n\t\t{\"what\": ", j->n ? "," : "");
	rt_text_json(j, o->name);
	rt_text_printf(j, ", \"value\": ");
	rt_text_number(j, x);
	rt_text_printf(j, "}");
	return 0;
}
