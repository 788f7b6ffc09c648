/* plan_verify_host: objects have what plan_object.def says, and host calls name objects that exist, of the
 * right kind, with room behind every address that is handed out. */
#include "plan/plan_inner.h"

#include <inttypes.h>
#include <string.h>

/* ---- objects -------------------------------------------------------------------------------------- */

/* How many texts, buffers and numbers; -1: any (at least one text; one buffer at most). A vote may have more. */
static const struct { int texts, bufs, nums; } shape_rows[POBJ_COUNT] = {
	[POBJ_DATA] = {-1, 0, -1}, [POBJ_FILL] = {1, 1, 0}, [POBJ_STREAM] = {-1, 1, 0}, [POBJ_PHASE] = {0, 0, 2},
	[POBJ_RECORD] = {1, 1, 1}, [POBJ_VOTE] = {-1, 5, 2}, [POBJ_REPORT] = {1, 0, 2}, [POBJ_SAVE] = {1, -1, 0},
	[POBJ_PLOT] = {1, 1, 2}, [POBJ_RASTER] = {0, 1, 0}, [POBJ_VALUE] = {0, 1, 0},
	[POBJ_WATCH] = {-1, 1, 0},
	[POBJ_WARN] = {5, 0, 0},
	[POBJ_SYNAPSES] = {-1, 2, 4}, [POBJ_TUNE] = {-1, 1, 1}, [POBJ_LOAD] = {1, 0, 1}, [POBJ_PRODUCT] = {0, 3, 0},
};

/* Calls on with (element type, rank, extents) of a column of a DATA object; false if the numbers end too soon. */
static bool
find_column(const PlanObject *o, int64_t column, PlanType *t, uint64_t *count)
{
	uint32_t at = 3;
	for (int64_t i = 0; i <= column; i++) {
		if (at + 2 > o->nnums || o->nums[at] <= PT_UNSET || o->nums[at] >= PT_COUNT)
			return false;
		*t = (PlanType)o->nums[at];
		int64_t rank = o->nums[at + 1];
		at += 2;
		if (rank < 0 || rank > PLAN_MAX_AXES || at + (uint32_t)rank > o->nnums)
			return false;
		PlanBuf item = {.naxes = (uint32_t)rank};
		for (uint32_t k = 0; k < (uint32_t)rank; k++) {
			if (o->nums[at + k] < 0)
				return false;
			item.axis[k].extent = (uint64_t)o->nums[at + k];
		}
		*count = plan_buf_count(&item);
		at += (uint32_t)rank;
	}
	return true;
}

static const char *
verify_data(Arena *a, const PlanObject *o)
{
	if (o->nnums < 3 || o->nums[0] < 0 || o->nums[1] < 0 || o->nums[2] < 1 || o->nums[2] > 64)
		return "data needs samples, classes and columns";
	bool only_fallback = o->ntexts == 2 && *o->texts[1];
	if (!only_fallback && o->ntexts != (uint64_t)o->nums[2] + 2)
		return arena_printf(a, "data of %" PRId64 " columns has %" PRIu32 " texts, not %" PRId64, o->nums[2], o->ntexts,
			o->nums[2] + 2);
	PlanType t;
	uint64_t count;
	if (!find_column(o, o->nums[2] - 1, &t, &count))
		return "data has columns without a type or shape";
	return NULL;
}

static const char *
verify_axes(const Plan *p, Arena *a, uint32_t buf, const PlanAxisKind *kinds, uint32_t n)
{
	const PlanBuf *b = &p->bufs.at[buf];
	bool ok = b->naxes == n;
	for (uint32_t i = 0; i < n && ok; i++)
		ok = b->axis[i].kind == kinds[i];
	return ok ? NULL : arena_printf(a, "vote cannot use `%s`: its axes", b->name);
}

static bool
is_object(const Plan *p, int64_t i, PlanObjectKind k)
{
	return i >= 0 && i < (int64_t)p->objects.n && p->objects.at[i].kind == k;
}

static const char *
verify_vote(const Plan *p, Arena *a, const PlanObject *o)
{
	static const PlanAxisKind counts[] = {AXIS_BATCH, AXIS_NEURON}, labels[] = {AXIS_BATCH},
		rates[] = {AXIS_NEURON, AXIS_CLASS};
	const char *why = verify_axes(p, a, o->bufs[0], counts, 2);
	why = why ? why : verify_axes(p, a, o->bufs[1], labels, 1);
	why = why ? why : verify_axes(p, a, o->bufs[2], rates, 2);
	if (!why && (o->nums[0] < 1 || o->nums[1] < 0))
		why = "vote needs a number of classes and an interval";
	static const PlanAxisKind votes[] = {AXIS_BATCH, AXIS_ITEM};
	if (!why && o->nbufs > 5)
		why = verify_axes(p, a, o->bufs[5], votes, 2);
	if (!why && o->nnums > 3 && o->nums[3] != -1 && !is_object(p, o->nums[3], POBJ_RASTER))
		why = "vote names no raster";
	return why;
}

/* Values have their spikes before and behind, and bounds of each where they lie in buffers. */
static const char *
verify_watch(const Plan *p, const PlanObject *o)
{
	if (o->ntexts < 2 || (o->nnums != 0) != (o->nbufs > 1) || (o->nnums && o->nbufs < 3))
		return "watch has too few texts or buffers";
	uint64_t n = plan_buf_count(&p->bufs.at[o->bufs[0]]);
	for (uint32_t k = 1; o->nnums && k < 3; k++)
		if (o->nums[k] != -1 && (o->nums[k] < 3 || o->nums[k] >= o->nbufs || plan_buf_count(&p->bufs.at[o->bufs[o->nums[k]]]) != n))
			return "watch has bounds of another shape";
	return NULL;
}

static const char *
verify_synapses(const Plan *p, Arena *a, const PlanObject *o)
{
	const PlanBuf *row = &p->bufs.at[o->bufs[0]], *target = &p->bufs.at[o->bufs[1]];
	bool fits = row->type == PT_U64 && row->naxes == 1 && row->axis[0].extent > 1 && target->naxes == 1 &&
	            (target->type == PT_U16 || target->type == PT_U32) && target->role != ROLE_CONST;
	if (fits && o->ntexts > 1) {                      /* a file lists them, others may say values of them */
		fits = o->ntexts == o->nbufs;
		for (uint32_t k = 2; fits && k < o->nbufs; k++)
			fits = p->bufs.at[o->bufs[k]].role != ROLE_CONST && plan_buf_count(&p->bufs.at[o->bufs[k]]) == target->axis[0].extent;
	} else if (fits && o->nbufs != 2) {
		fits = o->nbufs == 4;
	}
	if (fits && o->ntexts == 1 && o->nbufs == 4) {
		const PlanBuf *begin = &p->bufs.at[o->bufs[2]], *delay = &p->bufs.at[o->bufs[3]];
		fits = begin->type == PT_U32 && begin->naxes == 2 && begin->axis[0].extent + 1 == row->axis[0].extent && begin->axis[1].extent > 1 &&
		       (delay->type == PT_U8 || delay->type == PT_U16) && plan_buf_count(delay) >= target->axis[0].extent;
	}
	return fits ? NULL : arena_printf(a, "`%s` and `%s` are no rows and targets of synapses", row->name, target->name);
}

static const char *
verify_product(const Plan *p, const PlanObject *o)
{
	const PlanBuf *c = &p->bufs.at[o->bufs[0]], *a = &p->bufs.at[o->bufs[1]], *b = &p->bufs.at[o->bufs[2]];
	bool ok = (c->type == PT_F32 || c->type == PT_F64) && a->type == c->type && b->type == c->type && c->role != ROLE_CONST && a->naxes == 2 &&
		  b->naxes == 2 && c->naxes == 2 && a->axis[0].extent == c->axis[0].extent && a->axis[1].extent == b->axis[0].extent &&
		  b->axis[1].extent == c->axis[1].extent;
	return ok ? NULL : "product of matrices that do not fit";
}

/* Maybe with the list of the flags that are set, of a batch of one: u16 or u32, as many as there are flags. */
static const char *
verify_record(const Plan *p, const PlanObject *o)
{
	if (o->nums[0] < 1)
		return "record is taken every 0 steps";
	if (o->nbufs == 1)
		return NULL;
	const PlanBuf *flags = &p->bufs.at[o->bufs[0]], *list = &p->bufs.at[o->bufs[1]];
	bool ok = !strcmp(o->texts[0], "events") && o->nnums == 1 && flags->type == PT_BOOL && (list->type == PT_U16 || list->type == PT_U32) &&
		  !list->pitch && list->naxes && list->axis[list->naxes - 1].extent == plan_buf_count(flags) && plan_buf_count(list) == plan_buf_count(flags);
	return ok ? NULL : "record has a list that does not fit";
}

/* The others walk over buffers as a whole. */
bool
plan_object_takes_pitch(PlanObjectKind k)
{
	return k == POBJ_FILL || k == POBJ_RECORD || k == POBJ_SAVE || k == POBJ_PLOT || k == POBJ_WATCH || k == POBJ_LOAD || k == POBJ_PRODUCT;
}

const char *
plan_verify_object(const Plan *p, Arena *a, const PlanObject *o)
{
	if (o->kind <= POBJ_UNSET || o->kind >= POBJ_COUNT || !o->name)
		return "an object of no kind or name";
	const char *kind = plan_object_mnemonic(o->kind);
	int texts = shape_rows[o->kind].texts, bufs = shape_rows[o->kind].bufs, nums = shape_rows[o->kind].nums;
	bool has_part = o->kind == POBJ_RECORD && o->ntexts == 2;
	if (texts < 0 ? o->ntexts == 0 : o->ntexts != (uint32_t)texts && !has_part)
		return arena_printf(a, "%s has %" PRIu32 " texts", kind, o->ntexts);
	bool more = o->kind == POBJ_SYNAPSES || o->kind == POBJ_TUNE || o->kind == POBJ_LOAD || (o->kind == POBJ_STREAM && o->nbufs == 1 && o->nnums == 1) || (o->kind == POBJ_VOTE && o->nbufs <= 6 && o->nnums <= 4)
		|| (o->kind == POBJ_RECORD && o->nbufs <= 2 && o->nnums <= 4)
		|| (o->kind == POBJ_WATCH && o->nbufs <= 5 && (o->nnums == 0 || o->nnums == 5));
	if (bufs < 0 ? o->nbufs > 1 : o->nbufs < (uint32_t)bufs || (o->nbufs > (uint32_t)bufs && !more))
		return arena_printf(a, "%s has %" PRIu32 " buffers, not %d", kind, o->nbufs, bufs);
	if (nums >= 0 && (o->nnums < (uint32_t)nums || (o->nnums > (uint32_t)nums && !more)))
		return arena_printf(a, "%s has %" PRIu32 " numbers, not %d", kind, o->nnums, nums);
	for (uint32_t i = 0; i < o->ntexts; i++) {
		if (!o->texts[i])
			return arena_printf(a, "%s lacks text %" PRIu32, kind, i);
	}
	for (uint32_t i = 0; i < o->nbufs; i++) {
		if (o->bufs[i] >= p->bufs.n)
			return arena_printf(a, "%s names buffer %" PRIu32 ", which does not exist", kind, o->bufs[i]);
	}
	bool target = o->kind == POBJ_FILL || o->kind == POBJ_STREAM || o->kind == POBJ_SYNAPSES;
	if (target && p->bufs.at[o->bufs[0]].role == ROLE_CONST)
		return arena_printf(a, "%s would write to `%s`, which is const", kind, p->bufs.at[o->bufs[0]].name);
	for (uint32_t i = 0; i < o->nbufs && !plan_object_takes_pitch(o->kind); i++) {
		if (p->bufs.at[o->bufs[i]].pitch)
			return arena_printf(a, "%s takes `%s` as a whole, and it has a pitch", kind, p->bufs.at[o->bufs[i]].name);
	}
	switch (o->kind) {
	case POBJ_DATA: return verify_data(a, o);
	case POBJ_VOTE: return verify_vote(p, a, o);
	case POBJ_PHASE: return o->nums[0] < 0 || o->nums[1] < o->nums[0] ? "phase has more samples than all" : NULL;
	case POBJ_RECORD: return verify_record(p, o);
	case POBJ_PLOT: return o->nums[0] < 0 || o->nums[1] < 0 ? "plot of negative size" : NULL;
	case POBJ_REPORT:
		/* -1: a report without a phase, or without a vote */
		if (o->nums[0] != -1 && !is_object(p, o->nums[0], POBJ_PHASE))
			return "report names no phase";
		return o->nums[1] != -1 && !is_object(p, o->nums[1], POBJ_VOTE) ? "report names no vote" : NULL;
	case POBJ_VALUE:
		return plan_buf_count(&p->bufs.at[o->bufs[0]]) != 1 ? "value is not one number" : NULL;
	case POBJ_WATCH: return verify_watch(p, o);
	case POBJ_SYNAPSES:
		return verify_synapses(p, a, o);
	case POBJ_TUNE:
		return plan_buf_count(&p->bufs.at[o->bufs[0]]) != 1 || o->nnums != o->ntexts ? "tune is not one number, or has units without scales" : NULL;
	case POBJ_LOAD:
		return o->nums[0] < 0 || o->nums[0] > o->nbufs ? "load needs more buffers than it has" : NULL;
	case POBJ_PRODUCT: return verify_product(p, o);
	case POBJ_STREAM:
		return o->nnums && !is_object(p, o->nums[0], POBJ_DATA) ? "stream names no data" : NULL;
	case POBJ_FILL: case POBJ_SAVE: case POBJ_RASTER: case POBJ_WARN:
	case POBJ_UNSET: case POBJ_COUNT: break;
	}
	return NULL;
}

/* ---- calls ------------------------------------------------------------------------------------------ */

/* Which arguments are objects, and of what kind. */
static const struct { const char *call; PlanObjectKind first, second; } call_rows[] = {
	{"fill", POBJ_FILL, POBJ_UNSET}, {"stream", POBJ_STREAM, POBJ_UNSET}, {"fetch", POBJ_DATA, POBJ_UNSET},
	{"phase", POBJ_PHASE, POBJ_UNSET}, {"sample", POBJ_PHASE, POBJ_UNSET}, {"record", POBJ_RECORD, POBJ_UNSET},
	{"record_list", POBJ_RECORD, POBJ_UNSET},
	{"vote", POBJ_VOTE, POBJ_PHASE}, {"report", POBJ_REPORT, POBJ_UNSET}, {"save", POBJ_SAVE, POBJ_UNSET},
	{"plot", POBJ_PLOT, POBJ_UNSET}, {"raster", POBJ_RASTER, POBJ_UNSET}, {"tell", POBJ_VALUE, POBJ_UNSET},
	{"warn", POBJ_WARN, POBJ_UNSET},
	{"tune", POBJ_TUNE, POBJ_UNSET}, {"take", POBJ_LOAD, POBJ_UNSET}, {"cue", POBJ_STREAM, POBJ_UNSET},
	{"connect", POBJ_SYNAPSES, POBJ_UNSET}, {"multiply", POBJ_PRODUCT, POBJ_UNSET}, {"arrange", POBJ_SYNAPSES, POBJ_UNSET},
};

static const char *
verify_object_arg(const Plan *p, Arena *a, const PlanArg *arg, PlanObjectKind k)
{
	const char *kind = plan_object_mnemonic(k);
	if (arg->e->kind != PEXPR_CONST)
		return arena_printf(a, "the %s is no constant", kind);
	if (!is_object(p, arg->e->value.i, k))
		return arena_printf(a, "object %" PRId64 " is no %s", arg->e->value.i, kind);
	return NULL;
}

/* Whether `count` elements of type t lie behind the address, as far as constant indices tell. */
static const char *
verify_room(const Plan *p, Arena *a, const PlanExpr *at, PlanType t, uint64_t count)
{
	const PlanBuf *b = &p->bufs.at[at->id];
	uint64_t skipped = 0, inner = 1;
	for (uint32_t i = b->naxes; i-- > 0;) {
		const PlanExpr *e = at->op[i];
		skipped += e->kind == PEXPR_CONST ? (uint64_t)e->value.i * inner : 0;
		inner *= b->axis[i].extent;
	}
	if (b->type != t)
		return arena_printf(a, "`%s` is %s and gets %s", b->name, plan_type_name(b->type), plan_type_name(t));
	if (count > plan_buf_count(b) || skipped + count > plan_buf_count(b))
		return arena_printf(a, "`%s` has no room for %" PRIu64 " elements there", b->name, count);
	return NULL;
}

static const char *
verify_fetch(const Plan *p, Arena *a, const PlanStmt *s)
{
	const PlanObject *o = &p->objects.at[s->args[0].e->value.i];
	const PlanExpr *column = s->args[1].e, *at = s->args[3].e;
	PlanType t;
	uint64_t count;
	if (column->kind != PEXPR_CONST)
		return "the column is no constant";
	if (column->value.i < 0 || column->value.i >= o->nums[2] || !find_column(o, column->value.i, &t, &count))
		return arena_printf(a, "data has no column %" PRId64, column->value.i);
	if (p->bufs.at[at->id].role == ROLE_CONST || p->bufs.at[at->id].pitch)
		return arena_printf(a, "`%s` %s", p->bufs.at[at->id].name, p->bufs.at[at->id].pitch ? "has a pitch" : "is const");
	return verify_room(p, a, at, t, count);
}

/* A buffer of several steps, of each of which it has what the object is for. */
static bool
keeps_steps(const PlanBuf *kept, const PlanBuf *b)
{
	if (kept->type != b->type || kept->naxes != b->naxes + 1 || kept->axis[0].kind != AXIS_SLOT || kept->pitch != b->pitch)
		return false;
	for (uint32_t i = 0; i < b->naxes; i++)
		if (kept->axis[i + 1].extent != b->axis[i].extent)
			return false;
	return true;
}

/* The call is whole and typed (plan_verify looked); objects and addresses are checked here. */
const char *
plan_verify_host(const Plan *p, Arena *a, const PlanStmt *s)
{
	const char *name = plan_host_fns[s->id].name, *why = NULL;
	PlanObjectKind first = POBJ_UNSET, second = POBJ_UNSET;
	for (size_t i = 0; i < sizeof call_rows / sizeof call_rows[0]; i++) {
		if (strcmp(call_rows[i].call, name) == 0) {
			first = call_rows[i].first;
			second = call_rows[i].second;
		}
	}
	if (first != POBJ_UNSET)
		why = verify_object_arg(p, a, &s->args[0], first);
	if (!why && second != POBJ_UNSET)
		why = verify_object_arg(p, a, &s->args[1], second);
	if (why || first == POBJ_UNSET)
		return why;
	if (first == POBJ_DATA)
		return verify_fetch(p, a, s);
	const PlanArg *last = &s->args[s->nargs - 1];
	if (!last->address)
		return NULL;
	const PlanObject *object = &p->objects.at[s->args[0].e->value.i];
	const PlanExpr *which = first == POBJ_LOAD ? s->args[1].e : NULL;
	if (which && (which->kind != PEXPR_CONST || which->value.i < 0 || which->value.i >= object->nbufs))
		return "load has no such part";
	bool lists = s->id == plan_host_find("record_list");
	if (lists && object->nbufs < 2)
		return "the record has no list";
	uint32_t buf = object->bufs[which ? which->value.i : lists];
	bool one_of = first == POBJ_RECORD && !lists && keeps_steps(&p->bufs.at[last->e->id], &p->bufs.at[buf]);
	if (last->e->id != buf && !one_of)
		return arena_printf(a, "the object is for `%s`", p->bufs.at[buf].name);
	return verify_room(p, a, last->e, p->bufs.at[buf].type, plan_buf_count(&p->bufs.at[buf]));
}
