/* check.c: is what the compiler (or whoever wrote the program) gave us whole? What is checked here is not
 * checked again where it is used. */
#include "rt.h"

#include <string.h>

/* What each kind of object has (plan_object.def): at least so many texts, buffers and numbers; and so many buffers more at most. */
static const struct { const char *name; uint32_t texts, bufs, nums, more; } shape[] = {
	[SNNRT_OBJ_DATA] = {"data", 2, 0, 3, 0}, [SNNRT_OBJ_FILL] = {"fill", 1, 1, 0, 0},
	[SNNRT_OBJ_STREAM] = {"stream", 1, 1, 0, 0}, [SNNRT_OBJ_PHASE] = {"phase", 0, 0, 2, 0},
	[SNNRT_OBJ_RECORD] = {"record", 1, 1, 1, 1}, [SNNRT_OBJ_VOTE] = {"vote", 1, 5, 2, 1},
	[SNNRT_OBJ_REPORT] = {"report", 1, 0, 2, 0}, [SNNRT_OBJ_SAVE] = {"save", 1, 0, 0, 1},
	[SNNRT_OBJ_PLOT] = {"plot", 1, 1, 2, 0}, [SNNRT_OBJ_RASTER] = {"raster", 0, 1, 0, 0},
	[SNNRT_OBJ_VALUE] = {"value", 0, 1, 0, 0}, [SNNRT_OBJ_WATCH] = {"watch", 2, 1, 0, UINT32_MAX}, [SNNRT_OBJ_WARN] = {"warn", 5, 0, 0, 0},
	[SNNRT_OBJ_SYNAPSES] = {"synapses", 1, 2, 4, UINT32_MAX}, [SNNRT_OBJ_TUNE] = {"tune", 1, 1, 1, 0}, [SNNRT_OBJ_LOAD] = {"load", 1, 0, 1, UINT32_MAX},
	[SNNRT_OBJ_PRODUCT] = {"product", 0, 3, 0, 0},
};

static bool
check_buffer(const snnrt_program *p, uint32_t i, char *why)
{
	const snnrt_buffer *b = &p->buffers[i];
	uint64_t bytes = rt_type_is_valid(b->type) ? rt_type_size(b->type) : 0;
	if (!b->name || !bytes)
		return rt_say(why, "buffer %u has no name or type", i);
	if (b->naxes > 6 || b->role < SNNRT_STATE || b->role > SNNRT_WORK)
		return rt_say(why, "buffer `%s` has %u axes, role %u", b->name, b->naxes, b->role);
	for (uint32_t a = 0; a < b->naxes; a++)
		if (!rt_mul(bytes, b->axis[a].extent, &bytes))
			return rt_say(why, "buffer `%s` has more bytes than there can be", b->name);
	if (bytes != b->bytes)
		return rt_say(why, "buffer `%s` has %llu bytes, its shape has %llu", b->name,
		              (unsigned long long)b->bytes, (unsigned long long)bytes);
	uint64_t row = b->naxes ? b->axis[b->naxes - 1].extent : 1;
	if (b->pitch && (b->naxes < 2 || !b->bytes || b->pitch < row || b->pitch > p->arena_bytes / (b->bytes / row) || b->role == SNNRT_CONST))
		return rt_say(why, "buffer `%s` has a pitch of %llu", b->name, (unsigned long long)b->pitch);
	if (b->offset < sizeof(void *) || b->offset > p->arena_bytes || rt_room(b) > p->arena_bytes - b->offset)
		return rt_say(why, "buffer `%s` lies outside the arena", b->name);
	return true;
}

static bool
check_data(const snnrt_object *o, char *why)
{
	uint64_t columns = (uint64_t)o->nums[2], at = 3;
	bool only_fallback = o->ntexts == 2 && *o->texts[1];
	if ((!only_fallback && columns != o->ntexts - 2) || columns < 1 || columns > RT_MAX_COLUMNS)
		return rt_say(why, "data `%s` has %llu columns and %u texts", o->name, (unsigned long long)columns,
		              o->ntexts);
	for (uint64_t c = 0; c < columns; c++) {
		if (at + 2 > o->nnums || o->nums[at + 1] < 0 || o->nums[at + 1] > 6)
			return rt_say(why, "data `%s` has too few numbers", o->name);
		at += 2 + (uint64_t)o->nums[at + 1];
	}
	return at <= o->nnums || rt_say(why, "data `%s` has too few numbers", o->name);
}

static bool
is_kind(const snnrt_program *p, int64_t object, snnrt_object_kind kind)
{
	return object >= 0 && object < p->nobjects && p->objects[object].kind == kind;
}

static bool
check_raster(const snnrt_program *p, const snnrt_object *o, const snnrt_buffer *counts, char *why)
{
	const snnrt_buffer *b = o->nbufs == 1 && o->bufs[0] < p->nbuffers ? &p->buffers[o->bufs[0]] : NULL;
	if (b && b->naxes == counts->naxes &&
	    b->bytes / rt_type_size(b->type) == counts->bytes / rt_type_size(counts->type) &&
	    b->axis[b->naxes - 1].extent == counts->axis[counts->naxes - 1].extent &&
	    b->axis[b->naxes - 1].extent <= UINT32_MAX)
		return true;
	return rt_say(why, "raster `%s` has another shape than the counts", o->name);
}

static bool
check_vote(const snnrt_program *p, const snnrt_object *o, char *why)
{
	const snnrt_buffer *counts = &p->buffers[o->bufs[0]], *labels = &p->buffers[o->bufs[1]];
	const snnrt_buffer *assignment = &p->buffers[o->bufs[4]];
	uint64_t classes = (uint64_t)o->nums[0], neurons, n;
	if (o->nums[0] < 1 || o->nums[1] < 0 || o->ntexts > RT_MAX_READOUTS)
		return rt_say(why, "vote `%s` has %lld classes, every %lld", o->name, (long long)o->nums[0],
		              (long long)o->nums[1]);
	if (counts->naxes < 1 || !rt_type_is_int(counts->type) || !rt_type_is_int(labels->type) ||
	    !rt_type_is_int(assignment->type))
		return rt_say(why, "vote `%s` needs whole numbers as counts, labels and assignment", o->name);
	neurons = counts->axis[counts->naxes - 1].extent;
	for (int i = 2; i < 4; i++) {
		const snnrt_buffer *b = &p->buffers[o->bufs[i]];
		if (!rt_mul(neurons, classes, &n) || !rt_type_is_float(b->type) || b->bytes / rt_type_size(b->type) != n)
			return rt_say(why, "vote `%s`: `%s` has another shape than [neuron, class]", o->name, b->name);
	}
	if (assignment->bytes / rt_type_size(assignment->type) != neurons)
		return rt_say(why, "vote `%s`: `%s` has another shape than [neuron]", o->name, assignment->name);
	const snnrt_buffer *votes = o->nbufs > 5 ? &p->buffers[o->bufs[5]] : NULL;
	if (votes && (votes->naxes < 1 || !rt_type_is_int(votes->type) || !votes->bytes || !neurons ||
	              votes->axis[votes->naxes - 1].extent <= o->ntexts ||
	              votes->bytes / rt_type_size(votes->type) / votes->axis[votes->naxes - 1].extent !=
	                  counts->bytes / rt_type_size(counts->type) / neurons))
		return rt_say(why, "vote `%s`: `%s` has another shape than [batch, 1 + readouts]", o->name, votes->name);
	bool has_raster = o->nnums > 3 && o->nums[3] >= 0;
	if (has_raster && !is_kind(p, o->nums[3], SNNRT_OBJ_RASTER))
		return rt_say(why, "vote `%s` names no raster", o->name);
	return !has_raster || check_raster(p, &p->objects[o->nums[3]], counts, why);
}

static bool
check_watch(const snnrt_program *p, const snnrt_object *o, char *why)
{
	const snnrt_buffer *b = &p->buffers[o->bufs[0]];
	bool values = strcmp(o->texts[0], "values") == 0, layer = strcmp(o->texts[0], "layer") == 0;
	bool ok = layer ? b->naxes == 2 : rt_type_is_float(b->type);
	if (values)
		ok = ok && o->nbufs >= 3 && o->nnums >= 5;
	for (int k = 1; ok && values && k < 3; k++)
		ok = o->nums[k] < 0 || (o->nums[k] < o->nbufs && p->buffers[o->bufs[o->nums[k]]].bytes == b->bytes);
	return ok || rt_say(why, "watch `%s` has other buffers or numbers than it needs", o->name);
}

/* As plan_object_takes_pitch of the compiler says. */
static bool
goes_by_rows(uint32_t kind)
{
	return kind == SNNRT_OBJ_FILL || kind == SNNRT_OBJ_RECORD || kind == SNNRT_OBJ_SAVE || kind == SNNRT_OBJ_PLOT || kind == SNNRT_OBJ_WATCH ||
	       kind == SNNRT_OBJ_LOAD || kind == SNNRT_OBJ_PRODUCT;
}

/* A record of events, of a batch of one, with the list of those that are set. */
static bool
check_list(const snnrt_program *p, const snnrt_object *o, char *why)
{
	const snnrt_buffer *flags = &p->buffers[o->bufs[0]], *list = &p->buffers[o->bufs[1]];
	uint64_t n = flags->bytes / rt_type_size(flags->type);
	bool fits = strcmp(o->texts[0], "events") == 0 && o->nnums == 1 && (list->type == SNNRT_U16 || list->type == SNNRT_U32) && !list->pitch &&
	            list->naxes && list->axis[list->naxes - 1].extent == n && list->bytes / rt_type_size(list->type) == n;
	return fits || rt_say(why, "record `%s` has a list, `%s`, that does not fit", o->name, list->name);
}

static bool
check_object(const snnrt_program *p, uint32_t i, char *why)
{
	const snnrt_object *o = &p->objects[i];
	if (o->kind < SNNRT_OBJ_DATA || o->kind > SNNRT_OBJ_PRODUCT || !o->name)
		return rt_say(why, "object %u has no kind or name", i);
	bool bufs = o->nbufs >= shape[o->kind].bufs && o->nbufs - shape[o->kind].bufs <= shape[o->kind].more;
	if (o->ntexts < shape[o->kind].texts || !bufs || o->nnums < shape[o->kind].nums)
		return rt_say(why, "%s `%s` has %u texts, %u buffers, %u numbers", shape[o->kind].name, o->name,
		              o->ntexts, o->nbufs, o->nnums);
	for (uint32_t j = 0; j < o->nbufs; j++)
		if (o->bufs[j] >= p->nbuffers)
			return rt_say(why, "%s `%s` names a buffer that is not there", shape[o->kind].name, o->name);
	for (uint32_t j = 0; j < o->nbufs; j++)
		if (p->buffers[o->bufs[j]].pitch && !goes_by_rows(o->kind))
			return rt_say(why, "%s `%s` takes `%s` as a whole, and it has a pitch", shape[o->kind].name, o->name,
			              p->buffers[o->bufs[j]].name);
	if (o->kind == SNNRT_OBJ_DATA)
		return check_data(o, why);
	if (o->kind == SNNRT_OBJ_VOTE)
		return check_vote(p, o, why);
	if (o->kind == SNNRT_OBJ_REPORT) {
		if (strcmp(o->texts[0], "accuracy") != 0)
			return rt_say(why, "report `%s`: there is no report of `%s`", o->name, o->texts[0]);
		if (!is_kind(p, o->nums[0], SNNRT_OBJ_PHASE) || !is_kind(p, o->nums[1], SNNRT_OBJ_VOTE))
			return rt_say(why, "report `%s` names no phase or no vote", o->name);
	}
	if (o->kind == SNNRT_OBJ_RECORD && o->nbufs == 2)
		return check_list(p, o, why);
	if (o->kind == SNNRT_OBJ_WATCH)
		return check_watch(p, o, why);
	if (o->kind == SNNRT_OBJ_TUNE && o->nnums < o->ntexts)
		return rt_say(why, "tune `%s` has units without their scale", o->name);
	if (o->kind == SNNRT_OBJ_STREAM && o->nnums && !is_kind(p, o->nums[0], SNNRT_OBJ_DATA))
		return rt_say(why, "stream `%s` names no data", o->name);
	if (o->kind == SNNRT_OBJ_VALUE || o->kind == SNNRT_OBJ_TUNE) {
		const snnrt_buffer *b = &p->buffers[o->bufs[0]];
		if (!rt_type_is_float(b->type) || b->bytes != rt_type_size(b->type))
			return rt_say(why, "value `%s` is not one real number", o->name);
	}
	if (o->kind == SNNRT_OBJ_PRODUCT)
		return rt_product_check(p, o, why);
	if (o->kind == SNNRT_OBJ_SYNAPSES)
		return rt_synapses_check(p, o, why);
	if (o->kind == SNNRT_OBJ_SAVE && !rt_path_is_inside(o->texts[0]))
		return rt_say(why, "save `%s`: results are named below the results folder, without `..` or a leading `/`",
		              o->texts[0]);
	return true;
}

bool
rt_program_check(const snnrt_program *p, char *why)
{
	if (p->version != SNNRT_VERSION)
		return rt_say(why, "the program was made for version %u of the runtime, this is version %d", p->version,
		              SNNRT_VERSION);
	if (!p->entry || !p->name || p->arena_bytes < sizeof(void *))
		return rt_say(why, "the program has no entry, name or arena");
	for (uint32_t i = 0; i < p->nbuffers; i++)
		if (!check_buffer(p, i, why))
			return false;
	for (uint32_t i = 0; i < p->nobjects; i++)
		if (!check_object(p, i, why))
			return false;
	return true;
}
