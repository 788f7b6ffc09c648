/* gemm: what many items bring through a full matrix is one product of matrices where enough of it is asked for.
 *
 * reads    plan after clear; a kernel that for each item of a batch sets sums to zero and adds rows of a full matrix to them, those of the spikes of the item,
 *          maybe each times the value of the spike
 * writes   in each step the spikes of all items are counted; if they are enough of all that there could be, the host multiplies the matrices
 *          (OpenBLAS) and the kernel does what is left, else all goes as before. Spikes that are true or false are written as numbers first
 * keeps    values up to rounding: sums have another order, and products are added to them in one step where the processor can. Values must be
 *          finite: zero times infinity, which rows of silent neurons would bring, is no number
 * example  tests/opt/gemm
 */
#include "opt/clone.h"
#include "opt/kernel.h"
#include "opt/pass.h"
#include "opt/products.h"
#include "opt/query.h"

/* Rows are added at 13 to 20 * 10^9 values in a second, a product of 64 items makes 100 to 140 of dense ones. */
static const double DENSE = 0.25;

typedef struct {
	Plan *p;
	uint32_t kernel;
	const PlanStmt *items;                            /* for b in 0 ..< batch */
	uint32_t zero, add;                               /* where the two loops stand in its body */
	uint32_t list, count, sum, matrix;                /* buffers */
	uint32_t value;                                   /* of spikes, [batch, neuron]: numbers, or flags */
	uint32_t left, active, object;                    /* numbers of all spikes; how many there are */
	uint32_t counts, fill, rest;                      /* kernels; NO_ID: nothing is left to do */
} Gemm;

/* ---- what may be a product -------------------------------------------------------------------------------------------- */

static bool
is_row(const Plan *p, const PlanExpr *e, uint32_t b, uint32_t j, uint32_t buf)
{
	return e->kind == PEXPR_LOAD && e->id == buf && is_cell((const PlanExpr *const *)e->op, e->nops, b, j) && p->bufs.at[buf].naxes == 2;
}

/* for j in lo ..< hi simd { sum[b, j] = … }: the only statement of it; NULL */
static const PlanStmt *
store_along(const PlanStmt *s, uint32_t b)
{
	bool whole_range = s->kind == PSTMT_FOR && s->simd && s->step == 1 && is_local(s->e, 0) && is_local(s->hi, 1) && s->body.n == 1;
	const PlanStmt *store = whole_range ? s->body.at[0] : NULL;
	return store && store->kind == PSTMT_STORE && is_cell((const PlanExpr *const *)store->op, store->nops, b, s->id) ? store : NULL;
}

/* i64(buf[b, k]) or i64(buf[b]): the buffer; NO_ID */
static uint32_t
entry_of(const PlanExpr *e, uint32_t b, uint32_t k)
{
	const PlanExpr *load = e->kind == PEXPR_CAST ? e->op[0] : NULL;
	if (!load || load->kind != PEXPR_LOAD || !load->nops || !is_local(load->op[0], b))
		return NO_ID;
	bool ok = k == NO_ID ? load->nops == 1 : load->nops == 2 && is_local(load->op[1], k);
	return ok ? load->id : NO_ID;
}

/* for k in 0 ..< count[b] { let i = list[b, k] ; let s = value[b, i] ; for j { sum[b, j] = sum[b, j] + s * matrix[i, j] } } */
static bool
is_product(Gemm *g, const PlanStmt *s, uint32_t b)
{
	const Plan *p = g->p;
	if (s->kind != PSTMT_FOR || s->simd || s->step != 1 || !is_zero_index(s->e) || s->body.n < 2 || s->body.n > 3)
		return false;
	const PlanStmt *let = s->body.at[0], *times = s->body.n == 3 ? s->body.at[1] : NULL, *along = s->body.at[s->body.n - 1];
	const PlanStmt *store = store_along(along, b);
	g->count = entry_of(s->hi, b, NO_ID);
	g->list = let->kind == PSTMT_LET ? entry_of(let->e, b, s->id) : NO_ID;
	if (g->count == NO_ID || g->list == NO_ID || !store || store->id != g->sum || store->e->kind != PEXPR_ADD ||
	    !is_row(p, store->e->op[0], b, along->id, g->sum))
		return false;
	const PlanExpr *w = store->e->op[1];
	g->value = NO_ID;
	if (times) {
		bool scales = times->kind == PSTMT_LET && times->e->kind == PEXPR_LOAD && is_row(p, times->e, b, let->id, times->e->id) &&
			      w->kind == PEXPR_MUL && is_local(w->op[0], times->id);
		if (!scales)
			return false;
		g->value = times->e->id;
		w = w->op[1];
	}
	g->matrix = w->kind == PEXPR_LOAD ? w->id : NO_ID;
	return g->matrix != NO_ID && is_row(p, w, let->id, along->id, g->matrix);
}

/* The flags that a list is made of: for j in 0 ..< n { if flags[b, j] { list[b, found] = j … */
static uint32_t
flags_of(const Plan *p, PlanBlock b, uint32_t list)
{
	for (uint32_t k = 0; k < b.n; k++) {
		const PlanStmt *s = b.at[k], *test = s->kind == PSTMT_FOR && s->body.n == 1 ? s->body.at[0] : NULL;
		bool makes = test && test->kind == PSTMT_IF && !test->other.n && block_stores(test->body, list) && is_zero_index(s->e) &&
			     s->hi->kind == PEXPR_CONST;
		if (makes && test->e->kind == PEXPR_LOAD && test->e->nops == 2 && is_local(test->e->op[1], s->id))
			return test->e->id;
		uint32_t in = flags_of(p, s->body, list);
		if (in != NO_ID)
			return in;
	}
	return NO_ID;
}

static bool
find_spikes(Gemm *g)
{
	const Plan *p = g->p;
	for (uint32_t c = 0; c < p->codes.n && g->value == NO_ID; c++)
		g->value = flags_of(p, p->codes.at[c]->body, g->list);
	return g->value != NO_ID && p->bufs.at[g->value].type == PT_BOOL;
}

static bool
fits(const Gemm *g)
{
	const PlanBuf *sum = &g->p->bufs.at[g->sum], *w = &g->p->bufs.at[g->matrix], *v = &g->p->bufs.at[g->value];
	bool shapes = sum->naxes == 2 && w->naxes == 2 && v->naxes == 2 && v->axis[0].extent == sum->axis[0].extent &&
		      v->axis[1].extent == w->axis[0].extent && w->axis[1].extent == sum->axis[1].extent;
	bool types = (sum->type == PT_F32 || sum->type == PT_F64) && w->type == sum->type && (v->type == sum->type || v->type == PT_BOOL);
	return shapes && types && sum->axis[0].extent >= PRODUCT_ITEMS && plan_buf_count(w) >= PRODUCT_VALUES && g->p->codes.at[g->kernel]->range == sum->axis[1].extent;
}

/* The kernel is one loop over items, which begins with the zeros and the rows. */
static bool
find(Gemm *g)
{
	PlanBlock k = g->p->codes.at[g->kernel]->body;
	g->items = k.n == 1 && k.at[0]->kind == PSTMT_FOR ? k.at[0] : NULL;
	if (!g->items || g->items->simd || !is_zero_index(g->items->e) || g->items->hi->kind != PEXPR_CONST)
		return false;
	PlanBlock b = g->items->body;
	g->zero = g->sum = NO_ID;
	for (uint32_t i = 0; i < b.n; i++) {
		if (b.at[i]->kind == PSTMT_NOTE)
			continue;
		if (g->zero != NO_ID) {
			g->add = i;
			return is_product(g, b.at[i], g->items->id) && (g->value != NO_ID || find_spikes(g)) && fits(g);
		}
		const PlanStmt *store = store_along(b.at[i], g->items->id);
		if (!store || store->e->kind != PEXPR_CONST || store->e->value.f != 0)
			return false;
		g->zero = i;
		g->sum = store->id;
	}
	return false;
}

/* ---- kernels ----------------------------------------------------------------------------------------------------------- */

static const char *
part_name(const Gemm *g, const char *part)
{
	return arena_printf(g->p->arena, "%s.%s", g->p->codes.at[g->kernel]->name, part);
}

static PlanExpr *
items(const Gemm *g)
{
	return whole(g->p, (int64_t)g->p->bufs.at[g->sum].axis[0].extent);
}

static void
counts_kernel(Gemm *g)
{
	Plan *p = g->p;
	PlanEmit b = open_kernel(p, part_name(g, "count"), 1, &g->counts);
	uint32_t n = plan_emit_var(&b, "n", plan_int(p, PT_U64, 0));
	Loop item = open_loop(&b, "b");
	plan_emit_set(&item.body, n, plan_binary(p, PEXPR_ADD, plan_local(p, b.code, n), plan_cast(p, PT_U64, load1(p, g->count, item.i))));
	close_loop(&b, &item, whole(p, 0), items(g), false);
	plan_emit_store(&b, g->active, 0, NULL, plan_local(p, b.code, n));
	close_kernel(&b);
}

/* left[b, i] = 1 where there is a spike. */
static void
fill_kernel(Gemm *g)
{
	Plan *p = g->p;
	PlanType real = p->bufs.at[g->sum].type;
	PlanBuf flags = p->bufs.at[g->value];
	g->left = plan_add_buf(p, part_name(g, "left"), real, ROLE_SCRATCH, 2, flags.axis);
	PlanEmit b = open_kernel(p, part_name(g, "fill"), flags.axis[1].extent, &g->fill);
	Loop item = open_loop(&b, "b"), each = open_loop(&item.body, "i");
	PlanExpr *fires = load2(p, g->value, item.i, each.i);
	store2(&each.body, g->left, item.i, each.i, plan_ternary(p, PEXPR_SELECT, fires, plan_float(p, real, 1), plan_float(p, real, 0)));
	close_loop(&item.body, &each, lo(&b), hi(&b), true);
	close_loop(&b, &item, whole(p, 0), items(g), false);
	close_kernel(&b);
}

/* The kernel without the two loops. */
static void
rest_kernel(Gemm *g)
{
	Plan *p = g->p;
	const PlanCode *old = p->codes.at[g->kernel];
	g->rest = NO_ID;
	uint32_t left = 0;
	for (uint32_t i = g->add + 1; i < g->items->body.n; i++)
		left += g->items->body.at[i]->kind != PSTMT_NOTE;
	if (!left)
		return;
	PlanEmit b = open_kernel(p, part_name(g, "rest"), old->range, &g->rest);
	Clone c = {.p = p, .code = b.code, .from = old, .map = ARENA_ARRAY(p->arena, PlanExpr *, old->nlocals), .n = old->nlocals};
	c.map[0] = lo(&b);
	c.map[1] = hi(&b);
	Loop item = open_loop(&b, "b");
	c.map[g->items->id] = item.i;
	for (uint32_t i = g->add + 1; i < g->items->body.n; i++)
		VEC_PUSH(p->arena, &item.body.v, clone_stmt(&c, g->items->body.at[i]));
	close_loop(&b, &item, whole(p, 0), items(g), false);
	close_kernel(&b);
}

/* ---- the schedule ------------------------------------------------------------------------------------------------------- */

static void
emit_choice(Gemm *g, PlanEmit *b)
{
	Plan *p = g->p;
	PlanEmit product = plan_emit(p, b->code), rows = product;
	uint64_t all = plan_buf_count(&p->bufs.at[g->value]);
	PlanExpr *first[] = {whole(p, 0), whole(p, 0)};
	PlanArg args[] = {{false, whole(p, g->object)}, {true, plan_load(p, g->sum, 2, first)}};
	plan_emit_run(b, g->counts);
	if (g->left != g->value)
		plan_emit_run(&product, g->fill);
	plan_emit_host(&product, "multiply", NULL, 2, args);
	if (g->rest != NO_ID)
		plan_emit_run(&product, g->rest);
	plan_emit_run(&rows, g->kernel);
	plan_emit_if(b, plan_binary(p, PEXPR_GE, load0(p, g->active), plan_int(p, PT_U64, (int64_t)(DENSE * (double)all))), &product, &rows);
}

static void
weave(Gemm *g, PlanCode *c, PlanBlock *b)
{
	PlanEmit out = plan_emit(g->p, c);
	for (uint32_t i = 0; i < b->n; i++) {
		PlanStmt *s = b->at[i];
		weave(g, c, &s->body);
		weave(g, c, &s->other);
		if (s->kind == PSTMT_RUN && s->id == g->kernel)
			emit_choice(g, &out);
		else
			VEC_PUSH(g->p->arena, &out.v, s);
	}
	*b = plan_freeze(&out);
}

static void
make(Gemm *g)
{
	Plan *p = g->p;
	g->active = plan_add_buf(p, part_name(g, "active"), PT_U64, ROLE_SCRATCH, 0, NULL);
	g->left = g->value;
	counts_kernel(g);
	if (p->bufs.at[g->value].type == PT_BOOL)
		fill_kernel(g);
	rest_kernel(g);
	g->object = plan_add_object(p, POBJ_PRODUCT, part_name(g, "product"));
	uint32_t *bufs = ARENA_ARRAY(p->arena, uint32_t, 3);
	bufs[0] = g->sum;
	bufs[1] = g->left;
	bufs[2] = g->matrix;
	p->objects.at[g->object].nbufs = 3;
	p->objects.at[g->object].bufs = bufs;
	for (uint32_t c = 0; c < p->codes.n; c++)
		if (p->codes.at[c]->kind == CODE_PROC)
			weave(g, p->codes.at[c], &p->codes.at[c]->body);
	plan_remark(p, "gemm", true, p->codes.at[g->kernel],
		    "where a quarter of %s or more is not zero in a step, all items are one product with %s; else rows are added", p->bufs.at[g->value].name,
		    p->bufs.at[g->matrix].name);
	procs_last(p);
}

void
pass_gemm(Plan *p)
{
	for (uint32_t c = 0; c < p->codes.n; c++) {
		Gemm g = {.p = p, .kernel = c};
		if (p->codes.at[c]->kind != CODE_KERNEL || !find(&g))
			continue;
		Name name = p->codes.at[c]->name;
		make(&g);
		c = plan_find_code(p, name);
	}
}
