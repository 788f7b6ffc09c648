/* pad: rows of matrices begin at cache lines, an odd number of lines apart.
 *
 * A vector that lies in two lines takes two loads, and where a row begins in the middle of a line each of its vectors does. If rows are a power
 * of two apart, a column that is walked down falls into a few sets of the cache and drives itself out.
 *
 * reads    the whole plan, as the last pass before `team`: how kernels walk over buffers, what the host is given
 * writes   the pitch of buffers with at least two rows that some vector loop goes along, where rows are no whole lines, or a multiple of eight;
 *          not of those whose elements events pick: rings of delays
 * keeps    every bit, and every file: nothing is stored behind the end of a row, and the host leaves it out. So plans have the same
 *          hash, and a run goes on from a checkpoint of either
 * example  tests/opt/pad
 */
#include "opt/pass.h"
#include "opt/query.h"

enum {
	LINE = 64, LEAST = 256,                           /* bytes: of a line, of a row at least */
	FEW_SETS = 8,                                     /* lines: rows a multiple of them apart share few sets of a cache */
	SHARE = 8                                         /* of a row may be left free: one part in so many */
};

typedef struct {
	Plan *p;
	const PlanCode **walker;                          /* by buffer: a kernel that goes along its rows; NULL: none */
	bool *anywhere;                                   /* by buffer: places of it are found in lists; rows are not what counts */
	const char **whole;                               /* by buffer: who takes it as a whole */
	const PlanCode *code;
	const PlanExpr **let;                             /* by local of the code */
	bool *turns;                                      /* by local: whether it is the variable of a loop */
} Pad;

/* ---- who walks over it ------------------------------------------------------------------------------------------- */

static bool
is_listed(const Pad *d, const PlanExpr *e)
{
	const PlanExpr *v = e->kind == PEXPR_LOCAL ? d->let[e->id] : e;
	return v && v->kind == PEXPR_CAST && v->op[0]->kind == PEXPR_LOAD;
}

/* A column of a list is walked down where a loop goes over the rows. */
static bool
is_walked_down(const Pad *d, uint32_t buf, uint32_t n, PlanExpr *const *index)
{
	const PlanExpr *row = index[n - 2];
	return row->kind == PEXPR_LOCAL && d->turns[row->id] && d->p->bufs.at[buf].axis[n - 2].kind != AXIS_BATCH;
}

/* along: the variable of the vector loop around; NO_ID: none. */
static void
mark_place(Pad *d, uint32_t buf, uint32_t n, PlanExpr *const *index, uint32_t along)
{
	if (n < 2)
		return;
	if (is_local(index[n - 1], along))
		d->walker[buf] = d->code;
	else if (is_listed(d, index[n - 1]) && !is_walked_down(d, buf, n, index))
		d->anywhere[buf] = true;
}

static void
mark_expr(Pad *d, const PlanExpr *e, uint32_t along)
{
	if (!e)
		return;
	if (e->kind == PEXPR_LOAD)
		mark_place(d, e->id, e->nops, e->op, along);
	for (uint32_t k = 0; k < e->nops; k++)
		mark_expr(d, e->op[k], along);
}

static void
mark_walks(Pad *d, PlanBlock b, uint32_t along)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *s = b.at[i];
		mark_expr(d, s->e, along);
		for (uint32_t k = 0; k < s->nops; k++)
			mark_expr(d, s->op[k], along);
		if (s->kind == PSTMT_STORE)
			mark_place(d, s->id, s->nops, s->op, along);
		if (s->kind == PSTMT_LET)
			d->let[s->id] = s->e;
		if (s->kind == PSTMT_FOR)
			d->turns[s->id] = true;
		mark_walks(d, s->body, s->kind == PSTMT_FOR && s->simd ? s->id : along);
		mark_walks(d, s->other, along);
	}
}

/* ---- what the host does with it ----------------------------------------------------------------------------------- */

static bool
has_buffer(const PlanObject *o, uint32_t buf)
{
	for (uint32_t k = 0; k < o->nbufs; k++)
		if (o->bufs[k] == buf)
			return true;
	return false;
}

/* An address is that of a buffer of the object; or of one into which a sample goes; or of one that keeps several steps of one: these lie alike. */
static void
mark_call(Pad *d, const PlanStmt *s)
{
	const PlanExpr *first = s->nargs && !s->args[0].address ? s->args[0].e : NULL;
	bool names = first && first->kind == PEXPR_CONST && first->value.i >= 0 && first->value.i < d->p->objects.n;
	const PlanObject *o = names ? &d->p->objects.at[first->value.i] : NULL;
	for (uint32_t k = 0; k < s->nargs; k++) {
		uint32_t buf = s->args[k].e->id;
		if (!s->args[k].address || (o && has_buffer(o, buf)))
			continue;
		d->whole[buf] = plan_host_fns[s->id].name;
		for (uint32_t i = 0; o && i < o->nbufs; i++)
			d->whole[o->bufs[i]] = d->whole[buf];
	}
}

static void
mark_calls(Pad *d, PlanBlock b)
{
	for (uint32_t i = 0; i < b.n; i++) {
		if (b.at[i]->kind == PSTMT_HOST)
			mark_call(d, b.at[i]);
		mark_calls(d, b.at[i]->body);
		mark_calls(d, b.at[i]->other);
	}
}

static void
mark_objects(Pad *d)
{
	for (uint32_t i = 0; i < d->p->objects.n; i++) {
		const PlanObject *o = &d->p->objects.at[i];
		for (uint32_t k = 0; k < o->nbufs && !plan_object_takes_pitch(o->kind); k++)
			d->whole[o->bufs[k]] = o->name;
	}
}

/* ---- how far apart -------------------------------------------------------------------------------------------------- */

/* Bytes from a row to the next: an odd number of lines; if that is too much room, any. Whole lines stay, unless columns would share few sets. */
static uint64_t
room_of(uint64_t row)
{
	if (row % LINE == 0 && row / LINE % FEW_SETS)
		return row;
	uint64_t lines = (row + LINE - 1) / LINE, odd = lines | 1, most = row + row / SHARE;
	return odd * LINE <= most ? odd * LINE : lines * LINE <= most ? lines * LINE : row;
}

static void
pad_buffer(Pad *d, uint32_t i)
{
	PlanBuf *b = &d->p->bufs.at[i];
	uint64_t extent = b->naxes ? b->axis[b->naxes - 1].extent : 0, size = plan_type_size(b->type);
	uint64_t row = extent * size, room = room_of(row);
	if (!d->walker[i] || d->anywhere[i] || b->role == ROLE_CONST || row < LEAST || plan_buf_count(b) == extent || room == row)
		return;
	if (d->whole[i]) {
		plan_remark(d->p, "pad", false, d->walker[i], "rows of %s begin anywhere: `%s` takes it as a whole", b->name, d->whole[i]);
		return;
	}
	b->pitch = room / size;
	plan_remark(d->p, "pad", true, d->walker[i], "rows of %s begin at lines of the cache, %llu apart", b->name,
		    (unsigned long long)(room / LINE));
}

void
pass_pad(Plan *p)
{
	Pad d = {.p = p, .walker = ARENA_ARRAY(p->arena, const PlanCode *, p->bufs.n + 1)};
	d.anywhere = ARENA_ARRAY(p->arena, bool, p->bufs.n + 1);
	d.whole = ARENA_ARRAY(p->arena, const char *, p->bufs.n + 1);
	for (uint32_t c = 0; c < p->codes.n; c++) {
		d.code = p->codes.at[c];
		d.let = ARENA_ARRAY(p->arena, const PlanExpr *, d.code->nlocals + 1);
		d.turns = ARENA_ARRAY(p->arena, bool, d.code->nlocals + 1);
		if (d.code->kind == CODE_KERNEL)
			mark_walks(&d, d.code->body, NO_ID);
		else if (d.code->kind == CODE_PROC)
			mark_calls(&d, d.code->body);
	}
	mark_objects(&d);
	for (uint32_t i = 0; i < p->bufs.n; i++)
		pad_buffer(&d, i);
}
